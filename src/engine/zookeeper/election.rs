//! Fast leader election, as a server that is LOOKING goes through it (`FastLeaderElection`).
//!
//! Everybody votes for himself, tells the others, and changes over to any better vote he hears of: the later epoch,
//! then the longer log, then the higher id. Who sees a majority behind his own vote waits a moment longer for a better
//! one, and then takes it as decided.

use std::collections::BTreeMap;

use crate::engine::common::{ServerId, Span};
use crate::engine::protocol::{PeerState, Vote};

/// How long a majority must stand before it counts (`finalizeWait`). Also the first pause before votes are repeated.
pub(super) const FINALIZE_WAIT: Span = Span::millis(200);

/// The longest pause before votes are repeated (`maxNotificationInterval`).
pub(super) const MAX_NOTIFICATION_INTERVAL: Span = Span::secs(60);

/// `totalOrderPredicate`: is `new` better than `current`?
fn beats(new: &Vote, current: &Vote) -> bool {
    (new.peer_epoch, new.zxid, new.leader) > (current.peer_epoch, current.zxid, current.leader)
}

/// One server's part in one election.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Election {
    me: ServerId,
    voters: usize,
    /// Whom this server would be if it voted for itself.
    own: Vote,
    /// `logicalclock`: which election this is.
    round: u64,
    vote: Vote,
    /// Votes of this round, this server's own among them.
    received: BTreeMap<ServerId, Vote>,
    /// What servers say that follow or lead already.
    settled: BTreeMap<ServerId, (Vote, u64, PeerState)>,
}

/// What to do after a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reaction {
    Nothing,
    /// The own vote has changed: tell everybody.
    Broadcast,
    /// The sender is behind: tell him.
    Answer,
    /// There is a leader already.
    Join(ServerId),
}

impl Election {
    /// A new round, with a vote for oneself.
    pub(super) fn begin(me: ServerId, voters: usize, own: Vote, round: u64) -> Self {
        let received = [(me, own)].into();
        Self { me, voters, own, round, vote: own, received, settled: BTreeMap::new() }
    }

    #[must_use]
    pub fn vote(&self) -> Vote {
        self.vote
    }

    #[must_use]
    pub fn round(&self) -> u64 {
        self.round
    }

    /// Votes heard of in this round, own included.
    pub fn received(&self) -> impl Iterator<Item = (ServerId, Vote)> {
        self.received.iter().map(|(server, vote)| (*server, *vote))
    }

    /// Does a majority stand behind this server's vote?
    pub(super) fn has_majority(&self) -> bool {
        self.received.values().filter(|vote| **vote == self.vote).count() * 2 > self.voters
    }

    pub(super) fn notified(&mut self, from: ServerId, vote: Vote, round: u64, state: PeerState) -> Reaction {
        if state != PeerState::Looking {
            return self.notified_by_settled(from, vote, round, state);
        }
        if round < self.round {
            return Reaction::Answer;
        }
        let before = (self.round, self.vote);
        if round > self.round {
            // A later election: what was heard before does not count.
            self.round = round;
            self.received.clear();
            self.vote = if beats(&vote, &self.own) { vote } else { self.own };
        } else if beats(&vote, &self.vote) {
            self.vote = vote;
        }
        self.received.insert(from, vote);
        self.received.insert(self.me, self.vote);
        if before == (self.round, self.vote) { Reaction::Nothing } else { Reaction::Broadcast }
    }

    /// A server that follows or leads: enough of them, and the one they name among them, are proof of a leader.
    fn notified_by_settled(&mut self, from: ServerId, vote: Vote, round: u64, state: PeerState) -> Reaction {
        self.settled.insert(from, (vote, round, state));
        let leader = vote.leader;
        let behind = self.settled.values().filter(|(vote, ..)| vote.leader == leader).count();
        let leads = self.settled.get(&leader).is_some_and(|(.., state)| *state == PeerState::Leading);
        // The joiner makes the majority full: he would be one of its followers.
        if behind * 2 > self.voters && (leads || leader == self.me) {
            self.round = round;
            return Reaction::Join(leader);
        }
        Reaction::Nothing
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::protocol::Zxid;

    fn vote(leader: u32, zxid: u64, peer_epoch: u32) -> Vote {
        Vote { leader: ServerId(leader), zxid: Zxid(zxid), peer_epoch }
    }

    fn looking(me: u32, own: Vote) -> Election {
        Election::begin(ServerId(me), 3, own, 1)
    }

    #[test]
    fn epoch_then_log_then_id_decide() {
        assert!(beats(&vote(1, 5, 2), &vote(3, 9, 1)));
        assert!(beats(&vote(1, 6, 1), &vote(3, 5, 1)));
        assert!(beats(&vote(3, 5, 1), &vote(1, 5, 1)));
        assert!(!beats(&vote(3, 5, 1), &vote(3, 5, 1)));
    }

    #[test]
    fn one_goes_over_to_the_better_vote_and_a_majority_settles_it() {
        let mut two = looking(2, vote(2, 5, 1));
        assert!(!two.has_majority());
        assert_eq!(two.notified(ServerId(1), vote(1, 4, 1), 1, PeerState::Looking), Reaction::Nothing);
        assert!(!two.has_majority(), "server 1 still votes for itself");
        assert_eq!(two.notified(ServerId(3), vote(3, 5, 1), 1, PeerState::Looking), Reaction::Broadcast);
        assert_eq!(two.vote(), vote(3, 5, 1));
        assert!(two.has_majority());
    }

    #[test]
    fn a_later_round_starts_the_count_anew_and_an_earlier_one_is_answered() {
        let mut two = looking(2, vote(2, 5, 1));
        two.notified(ServerId(1), vote(2, 5, 1), 1, PeerState::Looking);
        assert!(two.has_majority());
        assert_eq!(two.notified(ServerId(3), vote(3, 1, 0), 7, PeerState::Looking), Reaction::Broadcast);
        assert_eq!((two.round(), two.vote(), two.has_majority()), (7, vote(2, 5, 1), false));
        assert_eq!(two.notified(ServerId(1), vote(2, 5, 1), 1, PeerState::Looking), Reaction::Answer);
    }

    #[test]
    fn a_latecomer_joins_the_leader_that_others_follow() {
        let mut three = looking(3, vote(3, 9, 0));
        let settled = vote(2, 5, 1);
        assert_eq!(three.notified(ServerId(1), settled, 4, PeerState::Following), Reaction::Nothing);
        assert_eq!(three.notified(ServerId(2), settled, 4, PeerState::Leading), Reaction::Join(ServerId(2)));
        assert_eq!(three.round(), 4);
    }
}
