//! What happens on the controller.

use std::sync::Arc;

use crate::engine::common::{
    BrokerEpoch, BrokerId, ErrorCode, LeaderEpoch, Offset, PartitionEpoch, TopicId, TopicPartition,
};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ControllerFact {
    BrokerRegistered {
        broker: BrokerId,
        epoch: BrokerEpoch,
    },
    RegistrationRefused {
        broker: BrokerId,
        error: ErrorCode,
    },
    BrokerUnfenced {
        broker: BrokerId,
    },
    BrokerFenced {
        broker: BrokerId,
        why: FencedBecause,
    },
    TopicCreated {
        topic: TopicId,
        name: Arc<str>,
        partitions: u32,
        replication_factor: u32,
    },
    TopicRefused {
        name: Arc<str>,
        error: ErrorCode,
        message: String,
    },
    LeaderElected {
        partition: TopicPartition,
        from: Option<BrokerId>,
        /// `None`: no replica may lead; the partition is offline.
        to: Option<BrokerId>,
        leader_epoch: LeaderEpoch,
        isr: Vec<BrokerId>,
        why: ElectedBecause,
    },
    IsrChanged {
        partition: TopicPartition,
        from: Vec<BrokerId>,
        to: Vec<BrokerId>,
        leader: Option<BrokerId>,
        partition_epoch: PartitionEpoch,
    },
    IsrRefused {
        partition: TopicPartition,
        broker: BrokerId,
        error: ErrorCode,
    },
    TopicReconfigured {
        topic: TopicId,
        key: Arc<str>,
        value: Arc<str>,
    },
    /// Records `first..=last` of the metadata log are durable and may be applied.
    MetadataCommitted {
        first: Offset,
        last: Offset,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FencedBecause {
    /// No heartbeat for `broker.session.timeout.ms`.
    SessionExpired,
    /// It asked to be.
    Asked,
    /// The same broker registered again as a new process.
    Reregistered,
    /// It asked to leave and may: it leads nothing any more.
    ShutDown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ElectedBecause {
    /// The leader was fenced.
    LeaderFenced,
    /// The leader asked to leave: a controlled shutdown.
    LeaderShutsDown,
    /// The leader's log directory has failed.
    LogDirFailed,
    /// A replica that may lead came back to a partition without a leader.
    ReplicaReturned,
    /// No in-sync replica lives and unclean election is allowed: what the new leader lacks is lost.
    Unclean,
    /// The preferred replica takes its place again.
    Preferred,
}
