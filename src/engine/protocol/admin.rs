//! CreateTopics (API 19), as the admin client sends it and a broker forwards it to the controller; DeleteRecords
//! (API 21), which goes to the leaders.

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

/// Errors carry Kafka's own sentence.
pub type CreatedTopic = Result<TopicId, (ErrorCode, String)>;

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
