//! CreateTopics (API 19), as the admin client sends it and a broker forwards it to the controller.

use std::collections::BTreeMap;

use super::TopicName;
use crate::engine::common::{BrokerId, ErrorCode, TopicId};

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
