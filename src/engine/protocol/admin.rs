//! Topics: CreateTopics (API 19), DeleteTopics (20) and CreatePartitions (37), which the controller answers, directly or
//! through the broker that forwards them; DeleteRecords (21), which goes to the leaders.

use std::collections::BTreeMap;

use super::TopicName;
use crate::engine::common::{BrokerId, ErrorCode, Offset, Span, TopicId, TopicPartition};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NewTopic {
    pub name: TopicName,
    /// `None`: the broker's `num.partitions`.
    pub partitions: Option<u32>,
    /// `None`: the broker's `default.replication.factor`.
    pub replication_factor: Option<u32>,
    /// By hand, partition by partition, preferred leader first.
    pub assignment: Option<Vec<Vec<BrokerId>>>,
    pub configs: BTreeMap<String, String>,
}

#[derive(Clone, Debug)]
pub struct CreateTopicsRequest {
    pub topics: Vec<NewTopic>,
}

#[derive(Clone, Debug)]
pub struct CreateTopicsResponse {
    pub topics: Vec<(TopicName, CreatedTopic)>,
}

/// An error with Kafka's own sentence.
pub type Refusal = (ErrorCode, String);

pub type CreatedTopic = Result<TopicId, Refusal>;

/// What became of one topic.
pub type TopicOutcome = (TopicName, Result<(), Refusal>);

#[derive(Clone, Debug)]
pub struct DeleteTopicsRequest {
    pub topics: Vec<TopicName>,
}

#[derive(Clone, Debug)]
pub struct DeleteTopicsResponse {
    pub topics: Vec<TopicOutcome>,
}

/// How many partitions a topic shall have in all (KIP-195).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NewPartitions {
    pub topic: TopicName,
    pub count: u32,
    /// By hand, for the new ones only.
    pub assignments: Option<Vec<Vec<BrokerId>>>,
}

#[derive(Clone, Debug)]
pub struct CreatePartitionsRequest {
    pub topics: Vec<NewPartitions>,
}

#[derive(Clone, Debug)]
pub struct CreatePartitionsResponse {
    pub topics: Vec<TopicOutcome>,
}

/// KIP-107.
#[derive(Clone, Debug)]
pub struct DeleteRecordsRequest {
    /// Everything before the offset goes; `None` (−1 on the wire): everything before the high watermark.
    pub partitions: Vec<(TopicPartition, Option<Offset>)>,
    pub timeout: Span,
}

#[derive(Clone, Debug)]
pub struct DeleteRecordsResponse {
    /// The low watermark: the smallest log start offset of all live replicas.
    pub partitions: Vec<(TopicPartition, Result<Offset, ErrorCode>)>,
}
