//! Produce (API 0).

use std::fmt;

use serde::{Deserialize, Serialize};

use super::LeaderHint;
use crate::engine::common::{ErrorCode, Offset, Span, TopicPartition};
use crate::engine::record::RecordBatch;

/// `acks`: when the leader answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Acks {
    /// `acks=0`: never; the producer does not even wait for an answer.
    Zero,
    /// `acks=1`: when the leader has it.
    Leader,
    /// `acks=all` (−1): when the high watermark has passed it, hence when every replica in the in-sync set has it.
    #[default]
    All,
}

impl fmt::Display for Acks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Zero => "0",
            Self::Leader => "1",
            Self::All => "all",
        })
    }
}

/// One batch per partition, all led by the receiver as far as the producer knows.
#[derive(Clone, Debug)]
pub struct ProduceRequest {
    pub acks: Acks,
    /// How long the leader may wait for the in-sync set (`request.timeout.ms` of the producer).
    pub timeout: Span,
    pub batches: Vec<(TopicPartition, RecordBatch)>,
}

#[derive(Clone, Debug)]
pub struct ProduceResponse {
    pub partitions: Vec<ProducedPartition>,
}

#[derive(Clone, Debug)]
pub struct ProducedPartition {
    pub partition: TopicPartition,
    pub outcome: Result<Appended, ErrorCode>,
    /// With UNKNOWN_PRODUCER_ID: where the log begins, so that the producer sees whether its records were deleted.
    pub log_start_offset: Option<Offset>,
    /// With NOT_LEADER_OR_FOLLOWER and FENCED_LEADER_EPOCH: who leads instead (KIP-951).
    pub current_leader: Option<LeaderHint>,
}

/// Where the batch now stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Appended {
    pub base_offset: Offset,
    pub log_start_offset: Offset,
}
