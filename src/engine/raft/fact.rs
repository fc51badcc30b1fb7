//! What happens in the quorum, on a voter or on a broker that listens.

use crate::engine::common::{BrokerId, LeaderEpoch, Offset};
use crate::engine::metadata::OffsetAndEpoch;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RaftFact {
    /// Knows an epoch and no leader of it.
    BecameUnattached {
        epoch: LeaderEpoch,
    },
    /// Asks the others whether an election would have a chance (KIP-996).
    BecameProspective {
        epoch: LeaderEpoch,
    },
    /// Began an epoch of its own, voted for itself and asks for votes.
    BecameCandidate {
        epoch: LeaderEpoch,
    },
    /// Before 4.0: lost an election, or got no answer, and waits before the next.
    BackedOff {
        epoch: LeaderEpoch,
        millis: u64,
    },
    /// A majority voted for it.
    BecameLeader {
        epoch: LeaderEpoch,
        votes: Vec<BrokerId>,
        epoch_start: Offset,
    },
    BecameFollower {
        epoch: LeaderEpoch,
        leader: BrokerId,
    },
    /// A leader gave up its epoch.
    Resigned {
        epoch: LeaderEpoch,
        why: ResignedBecause,
    },
    VoteGranted {
        epoch: LeaderEpoch,
        candidate: BrokerId,
        pre_vote: bool,
    },
    VoteRefused {
        epoch: LeaderEpoch,
        candidate: BrokerId,
        pre_vote: bool,
        why: VoteRefusedBecause,
    },
    /// Records that never were committed and are not in the leader's log.
    Truncated {
        from: Offset,
        to: Offset,
    },
    SnapshotTaken {
        id: OffsetAndEpoch,
        records: u64,
        bytes: u64,
    },
    /// The log was too far behind what the leader still has.
    SnapshotFetched {
        id: OffsetAndEpoch,
        from: BrokerId,
    },
    /// What a snapshot stands for was dropped from the log.
    LogCleaned {
        start: Offset,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResignedBecause {
    /// No majority fetched for one and a half times `controller.quorum.fetch.timeout.ms`.
    NoMajority,
    /// It led when its process died, and does not know what became of its epoch.
    Restarted,
    /// Its controller asked to.
    Asked,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VoteRefusedBecause {
    /// One vote an epoch.
    AlreadyVoted {
        candidate: BrokerId,
    },
    KnowsLeader {
        leader: BrokerId,
    },
    /// The candidate's log is behind one's own.
    LogBehind {
        own: OffsetAndEpoch,
    },
    /// It stands for election itself, or has just resigned.
    Stands,
}
