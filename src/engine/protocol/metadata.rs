//! Metadata (API 3): what clients know of the cluster, and how stale it can be.

use std::sync::Arc;

use crate::engine::common::{BrokerId, ErrorCode, LeaderEpoch, PartitionId, TopicId};

/// A topic's name. Shared: names travel in many messages.
pub type TopicName = Arc<str>;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TopicsAsked {
    All,
    Named(Vec<TopicName>),
}

#[derive(Clone, Debug)]
pub struct MetadataRequest {
    pub topics: TopicsAsked,
    pub allow_auto_topic_creation: bool,
}

#[derive(Clone, Debug)]
pub struct MetadataResponse {
    /// Brokers that are registered and not fenced.
    pub brokers: Vec<BrokerId>,
    /// Whom to ask what only the controller answers. In KRaft mode any broker passes such requests on.
    pub controller: Option<BrokerId>,
    pub topics: Vec<TopicMetadata>,
}

#[derive(Clone, Debug)]
pub struct TopicMetadata {
    pub name: TopicName,
    pub outcome: Result<(TopicId, Vec<PartitionMetadata>), ErrorCode>,
}

/// Partitions come in order, from 0.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PartitionMetadata {
    pub partition: PartitionId,
    pub leader: Option<BrokerId>,
    pub leader_epoch: LeaderEpoch,
    pub replicas: Vec<BrokerId>,
    pub isr: Vec<BrokerId>,
    pub offline: Vec<BrokerId>,
}

/// Who leads a partition, told in passing with an error so that the client need not ask (KIP-951).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LeaderHint {
    pub leader: BrokerId,
    pub leader_epoch: LeaderEpoch,
}
