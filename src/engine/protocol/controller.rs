//! What a controller tells brokers in ZooKeeper mode: LeaderAndIsr (API 4), StopReplica (5), UpdateMetadata (6); and
//! what a broker asks of it before it stops: ControlledShutdown (7).
//!
//! Each carries the controller's epoch, by which a broker knows a controller that has been replaced, and the epoch of
//! the broker it is meant for, so that a broker that came back does not obey what was meant for its former life.

use std::sync::Arc;

use super::TopicName;
use crate::engine::common::{BrokerEpoch, BrokerId, ErrorCode, TopicId, TopicPartition};
use crate::engine::metadata::PartitionRegistration;

/// Who speaks, in which epoch, and to which life of the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ControllerStamp {
    pub controller: BrokerId,
    pub controller_epoch: u32,
    pub broker_epoch: BrokerEpoch,
}

/// Lead these partitions, follow those.
#[derive(Clone, Debug)]
pub struct LeaderAndIsrRequest {
    pub stamp: ControllerStamp,
    pub topics: Vec<(TopicId, TopicName)>,
    pub partitions: Vec<(TopicPartition, PartitionRegistration)>,
}

#[derive(Clone, Debug)]
pub struct LeaderAndIsrResponse {
    /// STALE_CONTROLLER_EPOCH, STALE_BROKER_EPOCH.
    pub error: Option<ErrorCode>,
    pub partitions: Vec<(TopicPartition, Option<ErrorCode>)>,
}

/// Hold these replicas no longer.
#[derive(Clone, Debug)]
pub struct StopReplicaRequest {
    pub stamp: ControllerStamp,
    /// Whether the log is to be deleted as well.
    pub partitions: Vec<(TopicPartition, bool)>,
}

#[derive(Clone, Debug)]
pub struct StopReplicaResponse {
    pub error: Option<ErrorCode>,
    /// KAFKA_STORAGE_ERROR: the replica lies in a failed directory, where nothing can be deleted.
    pub partitions: Vec<(TopicPartition, Option<ErrorCode>)>,
}

impl StopReplicaResponse {
    pub fn failed(&self) -> impl Iterator<Item = TopicPartition> {
        self.partitions.iter().filter(|(_, error)| error.is_some()).map(|(id, _)| *id)
    }
}

/// What clients who ask may be told: who lives, who leads.
#[derive(Clone, Debug)]
pub struct UpdateMetadataRequest {
    pub stamp: ControllerStamp,
    /// All brokers alive; who is not listed is not.
    pub brokers: Vec<(BrokerId, Option<Arc<str>>)>,
    pub topics: Vec<(TopicId, TopicName)>,
    pub partitions: Vec<(TopicPartition, PartitionRegistration)>,
    /// Topics on their way out: on the wire, their partitions are led by -2 (`LeaderAndIsr.LEADER_DURING_DELETE`).
    pub deleted: Vec<TopicId>,
}

#[derive(Clone, Debug)]
pub struct UpdateMetadataResponse {
    pub error: Option<ErrorCode>,
}

/// A broker asks that what it leads be led by others.
#[derive(Clone, Copy, Debug)]
pub struct ControlledShutdownRequest {
    pub broker: BrokerId,
    pub broker_epoch: BrokerEpoch,
}

#[derive(Clone, Debug)]
pub struct ControlledShutdownResponse {
    pub error: Option<ErrorCode>,
    /// What it leads still.
    pub remaining: Vec<TopicPartition>,
}
