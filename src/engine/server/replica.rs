//! What a leader knows of one follower (`Replica`): how far it has come and when it was last abreast.
//!
//! A leader never asks; all it knows it reads off the follower's fetches. A fetch from offset X says "I have everything
//! before X".

use super::partition::{IsrRules, LagRule};
use crate::engine::common::{BrokerEpoch, Offset, Span, Time};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replica {
    log_end: Option<Offset>,
    log_start: Option<Offset>,
    last_fetch: Option<Time>,
    leader_log_end_at_last_fetch: Option<Offset>,
    last_caught_up: Option<Time>,
    broker_epoch: Option<BrokerEpoch>,
}

/// What one fetch of a follower tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FollowerFetch {
    pub fetch_offset: Offset,
    pub log_start_offset: Option<Offset>,
    pub broker_epoch: BrokerEpoch,
    pub at: Time,
    /// The leader's log end when it read for this fetch.
    pub leader_log_end: Offset,
}

impl Replica {
    /// Where the follower's log ended when it last fetched; `None` if it has not fetched from this leader.
    #[must_use]
    pub fn log_end(&self) -> Option<Offset> {
        self.log_end
    }

    /// Where its log begins.
    #[must_use]
    pub fn log_start(&self) -> Option<Offset> {
        self.log_start
    }

    /// When its last fetch came.
    #[must_use]
    pub fn last_fetch(&self) -> Option<Time> {
        self.last_fetch
    }

    /// When it last had all that the leader had; `None`: not under this leader.
    #[must_use]
    pub fn last_caught_up(&self) -> Option<Time> {
        self.last_caught_up
    }

    /// Which incarnation of the broker fetches.
    #[must_use]
    pub fn broker_epoch(&self) -> Option<BrokerEpoch> {
        self.broker_epoch
    }

    /// `Replica.updateFetchStateOrThrow`. The follower is abreast now if it asks for the leader's end; and it was at
    /// its previous fetch if it now asks for where the leader's end was then. So a follower under steady small appends
    /// counts as abreast although it is always one fetch behind.
    pub fn record_fetch(&mut self, fetch: FollowerFetch) {
        if fetch.fetch_offset >= fetch.leader_log_end {
            self.last_caught_up = self.last_caught_up.max(Some(fetch.at));
        } else if Some(fetch.fetch_offset) >= self.leader_log_end_at_last_fetch {
            self.last_caught_up = self.last_caught_up.max(self.last_fetch);
        }
        self.log_end = Some(fetch.fetch_offset);
        self.log_start = fetch.log_start_offset;
        self.leader_log_end_at_last_fetch = self.leader_log_end_at_last_fetch.max(Some(fetch.leader_log_end));
        self.last_fetch = Some(fetch.at);
        self.broker_epoch = Some(fetch.broker_epoch);
    }

    /// A new leader epoch begins (`Replica.resetReplicaState`). Followers in sync get the benefit of the doubt for
    /// `replica.lag.time.max.ms`; the others must not hold back the high watermark.
    pub fn reset(&mut self, now: Time, leader_log_end: Offset, is_new_leader: bool, is_in_sync: bool) {
        let benefit = is_in_sync.then_some(now);
        *self = if is_new_leader {
            Self { last_caught_up: benefit, ..Self::default() }
        } else {
            Self {
                last_caught_up: benefit,
                last_fetch: benefit,
                leader_log_end_at_last_fetch: Some(leader_log_end),
                ..self.clone()
            }
        };
    }

    /// Has it fallen out of sync?
    #[must_use]
    pub(super) fn lags(&self, leader_log_end: Offset, rules: &IsrRules<'_>) -> bool {
        let is_recent = |at: Option<Time>| at.is_some_and(|at| rules.now.since(at) <= rules.lag_time_max);
        match rules.lag_rule {
            LagRule::Time => !self.is_caught_up(leader_log_end, rules.now, rules.lag_time_max),
            LagRule::TimeAlone => !is_recent(self.last_caught_up),
            LagRule::Messages(most) => {
                // Whoever has not fetched yet has the benefit of the doubt, as of the election.
                let is_stuck = !is_recent(self.last_fetch.or(self.last_caught_up));
                is_stuck || self.log_end.is_some_and(|end| leader_log_end.0.saturating_sub(end.0) > most)
            }
        }
    }

    /// Abreast now, or not longer ago than `lag_time_max`.
    #[must_use]
    pub fn is_caught_up(&self, leader_log_end: Offset, now: Time, lag_time_max: Span) -> bool {
        self.log_end == Some(leader_log_end) || self.last_caught_up.is_some_and(|at| now.since(at) <= lag_time_max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fetch(offset: u64, leader_end: u64, second: u64) -> FollowerFetch {
        FollowerFetch {
            fetch_offset: Offset(offset),
            log_start_offset: Some(Offset(0)),
            broker_epoch: BrokerEpoch(1),
            at: Time(second * 1_000_000),
            leader_log_end: Offset(leader_end),
        }
    }

    #[test]
    fn a_follower_that_is_always_one_fetch_behind_counts_as_abreast() {
        let mut replica = Replica::default();
        // (fetch offset, leader's end, second, last caught up after it)
        let steps =
            [(0, 5, 1, None), (5, 8, 2, Some(1)), (8, 9, 3, Some(2)), (8, 12, 4, Some(2)), (12, 12, 5, Some(5))];
        for (offset, leader_end, second, caught_up) in steps {
            replica.record_fetch(fetch(offset, leader_end, second));
            assert_eq!(replica.last_caught_up(), caught_up.map(|s: u64| Time(s * 1_000_000)), "second {second}");
        }
    }

    #[test]
    fn a_follower_lags_only_after_the_whole_time() {
        let mut replica = Replica::default();
        replica.record_fetch(fetch(5, 5, 10));
        let lag = Span::secs(30);
        assert!(replica.is_caught_up(Offset(9), Time(40_000_000), lag));
        assert!(!replica.is_caught_up(Offset(9), Time(40_000_001), lag));
        // With the leader's very end it never lags, however long it has been silent.
        assert!(replica.is_caught_up(Offset(5), Time(400_000_000), lag));
    }

    #[test]
    fn a_new_leader_knows_nothing_yet_and_trusts_those_in_sync() {
        let mut replica = Replica::default();
        replica.record_fetch(fetch(5, 5, 10));
        let now = Time(20_000_000);
        let (mut in_sync, mut lagging) = (replica.clone(), replica.clone());
        in_sync.reset(now, Offset(7), true, true);
        assert_eq!((in_sync.log_end(), in_sync.last_caught_up()), (None, Some(now)));
        lagging.reset(now, Offset(7), true, false);
        assert!(!lagging.is_caught_up(Offset(7), now, Span::secs(30)));
        // Re-elected: what it knew of the log end stays.
        replica.reset(now, Offset(7), false, false);
        assert_eq!((replica.log_end(), replica.last_caught_up(), replica.last_fetch()), (Some(Offset(5)), None, None));
    }
}
