//! What the leader of an epoch knows of the other replicas (`LeaderState`): the high watermark, and whether a majority
//! still listens.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::common::{BrokerId, NodeId, Offset, Span, Time};

/// `LeaderState.OBSERVER_SESSION_TIMEOUT_MS`: an observer silent for so long is not listed any more.
const OBSERVER_SESSION_TIMEOUT: Span = Span::secs(300);

/// How far one replica has come, as the leader sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReplicaState {
    /// Where its log ends; unknown before its first fetch.
    pub end_offset: Option<Offset>,
    pub last_fetch: Option<Time>,
    last_fetch_leader_end: Option<Offset>,
    /// The last time it was known to have everything the leader had then.
    pub last_caught_up: Option<Time>,
}

impl ReplicaState {
    fn fetched(&mut self, now: Time, offset: Offset, leader_end: Option<Offset>) {
        if let Some(leader_end) = leader_end {
            if offset >= leader_end {
                self.last_caught_up = self.last_caught_up.max(Some(now));
            } else if self.last_fetch_leader_end.is_some_and(|end| end > Offset(0) && offset >= end) {
                self.last_caught_up = self.last_caught_up.max(self.last_fetch);
            }
            self.last_fetch_leader_end = Some(leader_end);
        }
        self.last_fetch = self.last_fetch.max(Some(now));
        self.end_offset = Some(offset);
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaderState {
    me: BrokerId,
    /// Where the epoch begins: the offset of its LeaderChange record.
    pub epoch_start: Offset,
    /// Who elected it.
    pub granting_voters: Vec<BrokerId>,
    high_watermark: Option<Offset>,
    voters: BTreeMap<BrokerId, ReplicaState>,
    observers: BTreeMap<NodeId, ReplicaState>,
    /// Voters that have fetched since a majority last had.
    fetched_voters: BTreeSet<BrokerId>,
    check_quorum_timeout: Span,
    /// It resigns then, unless a majority has fetched.
    pub check_quorum_by: Time,
    /// When voters that do not fetch are told again who leads.
    pub begin_quorum_epoch_at: Time,
    pub(super) has_begun_epoch: bool,
    pub(super) is_resign_requested: bool,
    /// For tests of the checker: its own disk is majority enough.
    pub(super) commits_alone: bool,
}

impl LeaderState {
    pub(super) fn new(
        me: BrokerId,
        voters: &[BrokerId],
        granting_voters: Vec<BrokerId>,
        epoch_start: Offset,
        fetch_timeout: Span,
        now: Time,
    ) -> Self {
        // CHECK_QUORUM_TIMEOUT_FACTOR
        let check_quorum_timeout = Span(fetch_timeout.0 / 2 * 3);
        Self {
            me,
            epoch_start,
            granting_voters,
            high_watermark: None,
            voters: voters.iter().map(|voter| (*voter, ReplicaState::default())).collect(),
            observers: BTreeMap::new(),
            fetched_voters: BTreeSet::new(),
            check_quorum_timeout,
            check_quorum_by: now + check_quorum_timeout,
            begin_quorum_epoch_at: now,
            has_begun_epoch: false,
            is_resign_requested: false,
            commits_alone: false,
        }
    }

    /// Unknown until the first record of this epoch is committed.
    #[must_use]
    pub fn high_watermark(&self) -> Option<Offset> {
        self.high_watermark
    }

    /// The leader among them; its own state has no times.
    pub fn voters(&self) -> impl Iterator<Item = (BrokerId, &ReplicaState)> {
        self.voters.iter().map(|(id, state)| (*id, state))
    }

    /// Replicas that copy the log and do not vote: brokers.
    pub fn observers(&self, now: Time) -> impl Iterator<Item = (NodeId, &ReplicaState)> {
        let is_listed = move |state: &ReplicaState| {
            state.last_fetch.is_some_and(|fetched| now.since(fetched) < OBSERVER_SESSION_TIMEOUT)
        };
        self.observers.iter().filter(move |(_, state)| is_listed(state)).map(|(id, state)| (*id, state))
    }

    /// Is the only voter its own majority?
    #[must_use]
    pub fn is_only_voter(&self) -> bool {
        self.voters.len() == 1
    }

    /// Own records up to `end` are on disk. Returns whether the high watermark rose.
    pub(super) fn update_local(&mut self, end: Offset) -> bool {
        self.voters.entry(self.me).or_default().end_offset = Some(end);
        self.maybe_update_high_watermark()
    }

    /// `updateReplicaState`: a fetch from `offset` says that the replica has everything before it. Returns whether the
    /// high watermark rose.
    pub(super) fn fetched(&mut self, replica: NodeId, offset: Offset, now: Time) -> bool {
        let leader_end = self.voters.get(&self.me).and_then(|state| state.end_offset);
        match self.voter_of(replica) {
            Some(voter) => {
                self.voters.entry(voter).or_default().fetched(now, offset, leader_end);
                self.hear_of(voter, now);
                self.maybe_update_high_watermark()
            }
            None => {
                self.observers.entry(replica).or_default().fetched(now, offset, leader_end);
                false
            }
        }
    }

    /// A fetch of a snapshot is a sign of life as well.
    pub(super) fn fetched_snapshot(&mut self, replica: NodeId, now: Time) {
        if let Some(voter) = self.voter_of(replica) {
            self.hear_of(voter, now);
        }
    }

    fn voter_of(&self, replica: NodeId) -> Option<BrokerId> {
        match replica {
            NodeId::Controller(id) if id != self.me && self.voters.contains_key(&id) => Some(id),
            _ => None,
        }
    }

    /// `updateCheckQuorumForFollowingVoter`: once a majority (itself included) has fetched, the timer starts afresh.
    fn hear_of(&mut self, voter: BrokerId, now: Time) {
        self.fetched_voters.insert(voter);
        if self.fetched_voters.len() >= self.voters.len() / 2 {
            self.fetched_voters.clear();
            self.check_quorum_by = now + self.check_quorum_timeout;
        }
    }

    /// The offset that a majority has reached counts once it is beyond the start of this epoch: what earlier leaders
    /// left is committed only together with something of one's own.
    fn maybe_update_high_watermark(&mut self) -> bool {
        let mut ends: Vec<Option<Offset>> = self.voters.values().map(|state| state.end_offset).collect();
        ends.sort_unstable_by(|a, b| b.cmp(a));
        let enough = if self.commits_alone { 0 } else { ends.len() / 2 };
        match ends[enough] {
            Some(reached) if reached > self.epoch_start && Some(reached) > self.high_watermark => {
                self.high_watermark = Some(reached);
                true
            }
            _ => false,
        }
    }

    /// Voters that have not fetched for a while, or never.
    pub(super) fn needs_begin_quorum_epoch(&self, period: Span, now: Time) -> Vec<BrokerId> {
        let is_silent = |state: &ReplicaState| state.last_fetch.is_none_or(|fetched| now.since(fetched) >= period);
        let others = self.voters.iter().filter(|(id, _)| **id != self.me);
        others.filter(|(_, state)| is_silent(state)).map(|(id, _)| *id).collect()
    }

    /// Who should lead next: the one with most of the log first.
    pub(super) fn preferred_successors(&self) -> Vec<BrokerId> {
        let mut others: Vec<_> = self.voters.iter().filter(|(id, _)| **id != self.me).collect();
        others.sort_by_key(|(id, state)| (std::cmp::Reverse(state.end_offset), **id));
        others.into_iter().map(|(id, _)| *id).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VOTERS: [BrokerId; 3] = [BrokerId(1), BrokerId(2), BrokerId(3)];

    fn leader(epoch_start: u64) -> LeaderState {
        LeaderState::new(VOTERS[0], &VOTERS, VOTERS[..2].to_vec(), Offset(epoch_start), Span::secs(2), Time::ZERO)
    }

    fn voter(id: u32) -> NodeId {
        NodeId::Controller(BrokerId(id))
    }

    #[test]
    fn a_majority_makes_the_high_watermark_and_observers_do_not() {
        let mut leader = leader(10);
        assert!(!leader.update_local(Offset(12)));
        assert!(!leader.fetched(NodeId::broker(1), Offset(12), Time(1)));
        assert!(leader.fetched(voter(2), Offset(11), Time(1)));
        assert_eq!(leader.high_watermark(), Some(Offset(11)));
        assert!(leader.fetched(voter(3), Offset(12), Time(2)));
        assert_eq!(leader.high_watermark(), Some(Offset(12)));
    }

    #[test]
    fn earlier_epochs_are_committed_by_a_record_of_this_one_only() {
        let mut leader = leader(10);
        leader.update_local(Offset(11));
        // Both others have everything of the earlier leaders.
        for id in [2, 3] {
            assert!(!leader.fetched(voter(id), Offset(10), Time(1)));
        }
        assert_eq!(leader.high_watermark(), None);
        assert!(leader.fetched(voter(3), Offset(11), Time(1)));
        assert_eq!(leader.high_watermark(), Some(Offset(11)));
    }

    #[test]
    fn a_majority_that_fetches_keeps_the_leader_in_office() {
        let mut leader = leader(0);
        assert_eq!(leader.check_quorum_by, Time::ZERO + Span::secs(3), "1.5 times the fetch timeout");
        leader.fetched(NodeId::broker(1), Offset(0), Time(1_000_000));
        assert_eq!(leader.check_quorum_by, Time::ZERO + Span::secs(3));
        leader.fetched(voter(3), Offset(0), Time(1_000_000));
        assert_eq!(leader.check_quorum_by, Time::ZERO + Span::secs(4));
    }

    #[test]
    fn a_replica_that_has_what_was_there_at_its_last_fetch_was_caught_up_then() {
        let mut leader = leader(0);
        leader.update_local(Offset(5));
        leader.fetched(voter(2), Offset(3), Time(10));
        assert_eq!(leader.voters[&BrokerId(2)].last_caught_up, None);
        leader.update_local(Offset(9));
        leader.fetched(voter(2), Offset(5), Time(20));
        assert_eq!(leader.voters[&BrokerId(2)].last_caught_up, Some(Time(10)));
        leader.fetched(voter(2), Offset(9), Time(30));
        assert_eq!(leader.voters[&BrokerId(2)].last_caught_up, Some(Time(30)));
    }

    #[test]
    fn successors_are_named_by_how_much_they_have() {
        let mut leader = leader(0);
        assert_eq!(leader.preferred_successors(), [BrokerId(2), BrokerId(3)]);
        leader.fetched(voter(3), Offset(4), Time(1));
        assert_eq!(leader.preferred_successors(), [BrokerId(3), BrokerId(2)]);
        assert_eq!(leader.needs_begin_quorum_epoch(Span::secs(1), Time(2)), [BrokerId(2)]);
    }
}
