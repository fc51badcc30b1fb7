//! Where one replica stands in the current epoch (`QuorumState`, `EpochState`).
//!
//! ```text
//! Unattached ──▶ Prospective ──▶ Candidate ──▶ Leader ──▶ Resigned ──▶ Unattached (next epoch)
//!     ▲  no leader, or election timeout │ votes        │ no majority fetches
//!     │                                 ▼              ▼
//! Follower ◀───────── hears of a leader of its epoch or a later one ── from every state
//!     └──▶ Prospective: no successful fetch for controller.quorum.fetch.timeout.ms
//! ```
//! Without pre-vote (before 4.0) Candidate takes Prospective's place. Observers are only ever Unattached or Follower.

use std::collections::BTreeSet;

use super::fact::VoteRefusedBecause;
use super::leader::LeaderState;
use crate::engine::common::{BrokerId, LeaderEpoch, Offset, Span, Time};
use crate::engine::metadata::{MetadataRecord, OffsetAndEpoch};

/// The `quorum-state` file: on disk before anyone may hear of what it says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ElectionState {
    pub epoch: LeaderEpoch,
    pub leader: Option<BrokerId>,
    pub voted: Option<BrokerId>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuorumState {
    pub epoch: LeaderEpoch,
    pub state: EpochState,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EpochState {
    /// Looks for a leader. With a vote given this is what was the state Voted before 4.0.
    Unattached {
        leader: Option<BrokerId>,
        voted: Option<BrokerId>,
        /// It seeks to be elected then; observers never do.
        election_at: Option<Time>,
    },
    /// Asks for pre-votes. The epoch has not changed, nor any vote.
    Prospective {
        leader: Option<BrokerId>,
        voted: Option<BrokerId>,
        votes: Votes,
        election_at: Time,
    },
    /// Has voted for itself and asks for votes.
    Candidate {
        votes: Votes,
        election_at: Time,
        /// Elections in a row (before 4.0).
        attempts: u32,
        /// Lost, and waits until then before it begins the next epoch (before 4.0).
        backing_off_until: Option<Time>,
    },
    Leader(LeaderState),
    /// Was leader; tells the others, and waits for one of them to take over.
    Resigned {
        unacknowledged: BTreeSet<BrokerId>,
        preferred_successors: Vec<BrokerId>,
        election_at: Time,
    },
    Follower {
        leader: BrokerId,
        voted: Option<BrokerId>,
        /// How long it bears to hear nothing: the fetch timeout, and what its thread is late.
        patience: Span,
        /// By then it must have fetched again.
        fetch_by: Time,
        has_fetched: bool,
        download: Option<Download>,
    },
}

/// A snapshot that is being fetched piece by piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Download {
    pub snapshot: OffsetAndEpoch,
    pub bytes: u64,
    pub records: Vec<MetadataRecord>,
}

/// The count of votes in one election (`EpochElection`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Votes {
    pub granted: BTreeSet<BrokerId>,
    pub refused: BTreeSet<BrokerId>,
    voters: usize,
}

impl Votes {
    /// A candidate begins with its own.
    pub(super) fn of(me: BrokerId, voters: usize) -> Self {
        Self { granted: BTreeSet::from([me]), refused: BTreeSet::new(), voters }
    }

    pub(super) fn record(&mut self, voter: BrokerId, granted: bool) {
        let (to, from) =
            if granted { (&mut self.granted, &mut self.refused) } else { (&mut self.refused, &mut self.granted) };
        from.remove(&voter);
        to.insert(voter);
    }

    fn majority(&self) -> usize {
        self.voters / 2 + 1
    }

    #[must_use]
    pub fn is_won(&self) -> bool {
        self.granted.len() >= self.majority()
    }

    /// Even with all votes still out it would not be enough.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.voters - self.refused.len() < self.majority()
    }

    pub(super) fn is_unrecorded(&self, voter: BrokerId) -> bool {
        !self.granted.contains(&voter) && !self.refused.contains(&voter)
    }
}

impl QuorumState {
    /// The leader of the epoch, if known: itself, another, or (resigned) the one it was.
    #[must_use]
    pub fn leader(&self, me: Option<BrokerId>) -> Option<BrokerId> {
        match &self.state {
            EpochState::Unattached { leader, .. } | EpochState::Prospective { leader, .. } => *leader,
            EpochState::Candidate { .. } => None,
            EpochState::Leader(_) | EpochState::Resigned { .. } => me,
            EpochState::Follower { leader, .. } => Some(*leader),
        }
    }

    /// Whom it voted for in this epoch.
    #[must_use]
    pub fn voted(&self, me: Option<BrokerId>) -> Option<BrokerId> {
        match &self.state {
            EpochState::Unattached { voted, .. }
            | EpochState::Prospective { voted, .. }
            | EpochState::Follower { voted, .. } => *voted,
            EpochState::Candidate { .. } | EpochState::Leader(_) => me,
            EpochState::Resigned { .. } => None,
        }
    }

    /// What is to be written to the `quorum-state` file. A leader's own vote is implied.
    #[must_use]
    pub fn election(&self, me: Option<BrokerId>) -> ElectionState {
        let voted = match self.state {
            EpochState::Leader(_) => None,
            _ => self.voted(me),
        };
        ElectionState { epoch: self.epoch, leader: self.leader(me), voted }
    }

    #[must_use]
    pub fn is_leader(&self) -> bool {
        matches!(self.state, EpochState::Leader(_))
    }

    #[must_use]
    pub fn leading(&self) -> Option<&LeaderState> {
        match &self.state {
            EpochState::Leader(leader) => Some(leader),
            _ => None,
        }
    }

    pub(super) fn leading_mut(&mut self) -> Option<&mut LeaderState> {
        match &mut self.state {
            EpochState::Leader(leader) => Some(leader),
            _ => None,
        }
    }

    /// Kafka's word for the state.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self.state {
            EpochState::Unattached { .. } => "Unattached",
            EpochState::Prospective { .. } => "Prospective",
            EpochState::Candidate { .. } => "Candidate",
            EpochState::Leader(_) => "Leader",
            EpochState::Resigned { .. } => "Resigned",
            EpochState::Follower { .. } => "Follower",
        }
    }

    /// When it will act of its own accord if nothing comes: hold an election, or give up its office.
    #[must_use]
    pub fn deadline(&self) -> Option<Time> {
        match &self.state {
            EpochState::Unattached { election_at, .. } => *election_at,
            EpochState::Prospective { election_at, .. } | EpochState::Resigned { election_at, .. } => {
                Some(*election_at)
            }
            EpochState::Candidate { election_at, backing_off_until, .. } => {
                Some(backing_off_until.unwrap_or(*election_at))
            }
            EpochState::Leader(leader) => (!leader.is_only_voter()).then_some(leader.check_quorum_by),
            EpochState::Follower { fetch_by, .. } => Some(*fetch_by),
        }
    }

    /// `EpochState.canGrantVote`: at most one vote an epoch, and only to a log not behind one's own.
    ///
    /// # Errors
    /// Why not.
    pub fn can_grant_vote(
        &self,
        candidate: BrokerId,
        candidates_end: OffsetAndEpoch,
        own_end: OffsetAndEpoch,
        pre_vote: bool,
    ) -> Result<(), VoteRefusedBecause> {
        let up_to_date =
            if candidates_end >= own_end { Ok(()) } else { Err(VoteRefusedBecause::LogBehind { own: own_end }) };
        match &self.state {
            EpochState::Unattached { .. } | EpochState::Prospective { .. } if pre_vote => up_to_date,
            EpochState::Unattached { leader, voted, .. } | EpochState::Prospective { leader, voted, .. } => {
                match (voted, leader) {
                    (Some(voted), _) if *voted == candidate => Ok(()),
                    (Some(voted), _) => Err(VoteRefusedBecause::AlreadyVoted { candidate: *voted }),
                    (None, Some(leader)) => Err(VoteRefusedBecause::KnowsLeader { leader: *leader }),
                    (None, None) => up_to_date,
                }
            }
            EpochState::Candidate { .. } | EpochState::Resigned { .. } if pre_vote => up_to_date,
            EpochState::Candidate { .. } | EpochState::Resigned { .. } => Err(VoteRefusedBecause::Stands),
            // A follower that has not fetched in this epoch yet cannot say that the leader lives.
            EpochState::Follower { has_fetched: false, .. } if pre_vote => up_to_date,
            EpochState::Follower { leader, .. } => Err(VoteRefusedBecause::KnowsLeader { leader: *leader }),
            EpochState::Leader(_) => Err(VoteRefusedBecause::Stands),
        }
    }
}

/// The high watermark that a replica knows, whatever its state.
#[must_use]
pub(super) fn known_high_watermark(quorum: &QuorumState, of_follower: Option<Offset>) -> Option<Offset> {
    match &quorum.state {
        EpochState::Leader(leader) => leader.high_watermark(),
        _ => of_follower,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: BrokerId = BrokerId(1);
    const TWO: BrokerId = BrokerId(2);
    const THREE: BrokerId = BrokerId(3);

    fn at(offset: u64, epoch: u32) -> OffsetAndEpoch {
        OffsetAndEpoch { offset: Offset(offset), epoch: LeaderEpoch(epoch) }
    }

    fn quorum(state: EpochState) -> QuorumState {
        QuorumState { epoch: LeaderEpoch(5), state }
    }

    fn unattached(leader: Option<BrokerId>, voted: Option<BrokerId>) -> QuorumState {
        quorum(EpochState::Unattached { leader, voted, election_at: None })
    }

    fn follower(has_fetched: bool) -> QuorumState {
        quorum(EpochState::Follower {
            leader: THREE,
            voted: None,
            patience: Span::secs(2),
            fetch_by: Time::ZERO,
            has_fetched,
            download: None,
        })
    }

    /// Does `quorum` give candidate 2, whose log ends at `candidates`, a (vote, pre-vote)?
    fn grants(quorum: &QuorumState, candidates: OffsetAndEpoch) -> (bool, bool) {
        let asks = |pre_vote| quorum.can_grant_vote(TWO, candidates, at(10, 4), pre_vote).is_ok();
        (asks(false), asks(true))
    }

    // The expectations are those of UnattachedStateTest, ProspectiveStateTest, CandidateStateTest, FollowerStateTest,
    // LeaderStateTest and ResignedStateTest.
    #[test]
    fn who_gives_a_vote_to_whom() {
        let (same, behind, longer_but_older) = (at(10, 4), at(9, 4), at(99, 3));
        for behind in [behind, longer_but_older] {
            assert_eq!(grants(&unattached(None, None), behind), (false, false));
        }
        assert_eq!(grants(&unattached(None, None), same), (true, true));
        assert_eq!(grants(&unattached(None, Some(TWO)), same), (true, true), "asked again");
        assert_eq!(
            grants(&unattached(None, Some(THREE)), same),
            (false, true),
            "one vote an epoch; pre-votes are free"
        );
        assert_eq!(grants(&unattached(Some(THREE), None), same), (false, true), "the epoch has a leader");
        let prospective = quorum(EpochState::Prospective {
            leader: None,
            voted: None,
            votes: Votes::of(ONE, 3),
            election_at: Time::ZERO,
        });
        assert_eq!(grants(&prospective, same), (true, true));
        let candidate = quorum(EpochState::Candidate {
            votes: Votes::of(ONE, 3),
            election_at: Time::ZERO,
            attempts: 1,
            backing_off_until: None,
        });
        assert_eq!(grants(&candidate, same), (false, true));
        assert_eq!(grants(&follower(true), same), (false, false), "it hears the leader");
        assert_eq!(grants(&follower(false), same), (false, true));
        assert_eq!(grants(&follower(false), behind), (false, false));
        let leader = LeaderState::new(ONE, &[ONE, TWO, THREE], vec![ONE, TWO], Offset(0), Span::secs(2), Time::ZERO);
        assert_eq!(grants(&quorum(EpochState::Leader(leader)), at(99, 9)), (false, false));
        let resigned = quorum(EpochState::Resigned {
            unacknowledged: BTreeSet::new(),
            preferred_successors: Vec::new(),
            election_at: Time::ZERO,
        });
        assert_eq!(grants(&resigned, same), (false, true));
    }

    #[test]
    fn an_election_is_won_by_a_majority_and_lost_when_none_is_left() {
        let mut votes = Votes::of(ONE, 5);
        votes.record(TWO, true);
        assert!(!votes.is_won() && !votes.is_lost());
        votes.record(THREE, false);
        votes.record(BrokerId(4), false);
        assert!(!votes.is_won() && !votes.is_lost());
        let mut lost = votes.clone();
        lost.record(BrokerId(5), false);
        assert!(lost.is_lost());
        votes.record(BrokerId(5), true);
        assert!(votes.is_won());
        assert!(Votes::of(ONE, 1).is_won(), "alone");
    }
}
