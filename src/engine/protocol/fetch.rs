//! Fetch (API 1) by followers and consumers, ListOffsets (2), and OffsetForLeaderEpoch (23).

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::LeaderHint;
use super::fetch_session::{FetchMetadata, FetchSessionId};
use crate::engine::common::{BrokerEpoch, BrokerId, ErrorCode, LeaderEpoch, Offset, Span, Time, TopicPartition};
use crate::engine::record::RecordBatch;

/// `isolation.level`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Isolation {
    #[default]
    ReadUncommitted,
    ReadCommitted,
}

/// Set when the fetcher is a replica: it reads to the log's end, and its offsets tell the leader how far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FollowerState {
    pub broker: BrokerId,
    pub broker_epoch: BrokerEpoch,
}

/// What holds for a fetch as a whole (`FetchParams`).
#[derive(Clone, Debug)]
pub struct FetchParams {
    pub follower: Option<FollowerState>,
    pub max_wait: Span,
    pub min_bytes: u64,
    pub max_bytes: u64,
    pub isolation: Isolation,
    /// Where the consumer stands (KIP-392).
    pub rack: Option<Arc<str>>,
}

#[derive(Clone, Debug)]
pub struct FetchRequest {
    pub params: FetchParams,
    /// Session id and session epoch (KIP-227).
    pub metadata: FetchMetadata,
    /// All that is asked for, or what is to be asked otherwise than before.
    pub partitions: Vec<FetchPartition>,
    /// `ForgottenTopicsData`: what the session shall hold no more.
    pub forgotten: Vec<TopicPartition>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FetchPartition {
    pub partition: TopicPartition,
    pub current_leader_epoch: Option<LeaderEpoch>,
    pub fetch_offset: Offset,
    /// Epoch of the last record before `fetch_offset`; lets the leader notice a diverging log (KIP-595).
    pub last_fetched_epoch: Option<LeaderEpoch>,
    /// A follower's own log start.
    pub log_start_offset: Option<Offset>,
    pub max_bytes: u64,
}

#[derive(Clone, Debug)]
pub struct FetchResponse {
    /// Mirrors the request, so that a spectator can tell replication from consumption.
    pub to_follower: bool,
    /// The session cannot be gone on with; nothing was read.
    pub error: Option<ErrorCode>,
    /// The session the next request may go on with; `None`: it must list everything again.
    pub session: Option<FetchSessionId>,
    /// Everything that was asked for, or, in a session, what has news.
    pub partitions: Vec<FetchedPartition>,
}

#[derive(Clone, Debug)]
pub struct FetchedPartition {
    pub partition: TopicPartition,
    pub outcome: Result<Fetched, ErrorCode>,
    pub current_leader: Option<LeaderHint>,
}

#[derive(Clone, Debug, Default)]
pub struct Fetched {
    pub high_watermark: Offset,
    pub log_start_offset: Offset,
    /// The follower's log departs from the leader's: it must cut back to this epoch's end and ask again.
    pub diverging: Option<EpochEnd>,
    /// Records are to be had from this replica, which stands in the consumer's rack; none come with the answer.
    pub preferred_read_replica: Option<BrokerId>,
    /// Whole batches: the first may begin before the offset asked for.
    pub batches: Vec<RecordBatch>,
}

/// A leader epoch and the offset at which it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EpochEnd {
    pub epoch: LeaderEpoch,
    pub end_offset: Offset,
}

/// Which offset is asked for (the wire's negative timestamps).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OffsetSpec {
    /// −2: log start.
    Earliest,
    /// −1: the high watermark for clients.
    Latest,
    /// −3: the newest record.
    MaxTimestamp,
    /// The first record whose timestamp is not before this.
    At(Time),
}

#[derive(Clone, Debug)]
pub struct ListOffsetsRequest {
    pub partitions: Vec<(TopicPartition, Option<LeaderEpoch>, OffsetSpec)>,
}

#[derive(Clone, Debug)]
pub struct ListOffsetsResponse {
    /// `Ok(None)`: no record that late.
    pub partitions: Vec<(TopicPartition, Result<Option<Offset>, ErrorCode>)>,
}

/// Where did these epochs end in the leader's log (KIP-101, KIP-320)?
#[derive(Clone, Debug)]
pub struct OffsetForLeaderEpochRequest {
    /// The partition, its leader's epoch as far as the asker knows, and the epoch asked about.
    pub partitions: Vec<(TopicPartition, Option<LeaderEpoch>, LeaderEpoch)>,
}

#[derive(Clone, Debug)]
pub struct OffsetForLeaderEpochResponse {
    /// `Ok(None)`: the leader knows no such epoch, and none below it.
    pub partitions: Vec<(TopicPartition, Result<Option<EpochEnd>, ErrorCode>)>,
}
