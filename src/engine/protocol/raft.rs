//! What the replicas of `__cluster_metadata` say to each other: Vote (52), BeginQuorumEpoch (53), EndQuorumEpoch (54),
//! Fetch on the metadata log, and FetchSnapshot (59). Every answer tells the sender's epoch and the leader it knows.

use std::sync::Arc;

use crate::engine::common::{BrokerId, ErrorCode, LeaderEpoch, Offset};
use crate::engine::metadata::{MetadataBatch, MetadataRecord, OffsetAndEpoch};

/// Asks for a vote in `epoch`, or, as a pre-vote (KIP-996), whether such a request would have a chance.
#[derive(Clone, Debug)]
pub struct VoteRequest {
    pub candidate: BrokerId,
    /// `ReplicaEpoch`: the candidate's; in a pre-vote the one it is in, not the one it would begin.
    pub epoch: LeaderEpoch,
    /// Where the candidate's log ends (`LastOffset`, `LastOffsetEpoch`).
    pub log_end: OffsetAndEpoch,
    pub pre_vote: bool,
}

#[derive(Clone, Debug)]
pub struct VoteResponse {
    pub error: Option<ErrorCode>,
    pub current: CurrentLeader,
    pub vote_granted: bool,
}

/// `LeaderIdAndEpoch`: what the one who answers knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct CurrentLeader {
    pub leader: Option<BrokerId>,
    pub epoch: LeaderEpoch,
}

/// The new leader says so to voters that have not fetched from it yet.
#[derive(Clone, Debug)]
pub struct BeginQuorumEpochRequest {
    pub leader: BrokerId,
    pub epoch: LeaderEpoch,
}

#[derive(Clone, Debug)]
pub struct BeginQuorumEpochResponse {
    pub error: Option<ErrorCode>,
    pub current: CurrentLeader,
}

/// A leader steps down and says who should stand for election first.
#[derive(Clone, Debug)]
pub struct EndQuorumEpochRequest {
    pub leader: BrokerId,
    pub epoch: LeaderEpoch,
    /// Who has most of the log first.
    pub preferred_candidates: Vec<BrokerId>,
}

#[derive(Clone, Debug)]
pub struct EndQuorumEpochResponse {
    pub error: Option<ErrorCode>,
    pub current: CurrentLeader,
}

/// A voter's or observer's fetch of the metadata log. It may wait at the leader for `replica.fetch` 500 ms.
#[derive(Clone, Debug)]
pub struct MetadataLogRequest {
    pub current_leader_epoch: LeaderEpoch,
    /// Where the sender's log ends: what it asks for, and what it has.
    pub log_end: OffsetAndEpoch,
    /// As the sender knows it; news of a higher one is not held back (KAFKA-15489).
    pub high_watermark: Option<Offset>,
}

#[derive(Clone, Debug)]
pub struct MetadataLogResponse {
    pub error: Option<ErrorCode>,
    pub current: CurrentLeader,
    pub high_watermark: Option<Offset>,
    pub content: FetchedLog,
}

#[derive(Clone, Debug)]
pub enum FetchedLog {
    /// What comes next, committed or not; may be nothing.
    Batches(Vec<Arc<MetadataBatch>>),
    /// The sender's log departs from the leader's here.
    Diverging(OffsetAndEpoch),
    /// What the sender needs is only in this snapshot.
    Snapshot(OffsetAndEpoch),
}

impl MetadataLogResponse {
    /// More than a sign of life: records that say something, or a change of plan.
    #[must_use]
    pub fn carries_news(&self) -> bool {
        match &self.content {
            FetchedLog::Batches(batches) => batches.iter().any(|batch| batch.carries_news()),
            FetchedLog::Diverging(_) | FetchedLog::Snapshot(_) => true,
        }
    }
}

#[derive(Clone, Debug)]
pub struct FetchSnapshotRequest {
    pub current_leader_epoch: LeaderEpoch,
    pub snapshot: OffsetAndEpoch,
    /// Bytes that the sender has already.
    pub position: u64,
}

#[derive(Clone, Debug)]
pub struct FetchSnapshotResponse {
    pub current: CurrentLeader,
    pub outcome: Result<SnapshotPiece, ErrorCode>,
}

/// A stretch of a snapshot file.
#[derive(Clone, Debug)]
pub struct SnapshotPiece {
    pub snapshot: OffsetAndEpoch,
    /// Of the whole file.
    pub size: u64,
    pub position: u64,
    /// In this piece.
    pub bytes: u64,
    pub records: Vec<MetadataRecord>,
}
