//! What happens on the controller.

use std::sync::Arc;

use crate::engine::common::{
    BrokerEpoch, BrokerId, ErrorCode, LeaderEpoch, Offset, PartitionEpoch, ProducerId, TopicId, TopicPartition,
};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ControllerFact {
    /// Leads the quorum and has applied everything before its epoch: it decides from now on.
    Activated {
        epoch: LeaderEpoch,
    },
    /// Is not the active controller any more: records it had decided and that were not committed are undone, and the
    /// requests that wait for them are refused.
    Renounced {
        epoch: LeaderEpoch,
        undone: u64,
        refused: u64,
    },
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
    TopicDeleted {
        topic: TopicId,
        name: Arc<str>,
    },
    PartitionsAdded {
        topic: TopicId,
        name: Arc<str>,
        /// So many there are now.
        count: u32,
        added: u32,
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
    /// Who could still lead although out of sync, and who led last (KIP-966).
    EligibleChanged {
        partition: TopicPartition,
        elr: Vec<BrokerId>,
        last_known: Vec<BrokerId>,
    },
    /// The uncleanly elected leader has come to terms with its log (KIP-704).
    LeaderRecovered {
        partition: TopicPartition,
    },
    ReassignmentBegan {
        partition: TopicPartition,
        adding: Vec<BrokerId>,
        removing: Vec<BrokerId>,
    },
    /// Or was called off: then the replicas are those of before.
    ReassignmentEnded {
        partition: TopicPartition,
        replicas: Vec<BrokerId>,
        cancelled: bool,
    },
    /// The broker asked to leave.
    ControlledShutdownBegan {
        broker: BrokerId,
    },
    FeatureFinalized {
        feature: Arc<str>,
        level: u16,
    },
    /// A broker leased these ids for idempotent producers.
    ProducerIdsAllocated {
        broker: BrokerId,
        first: ProducerId,
        last: ProducerId,
    },
    IsrRefused {
        partition: TopicPartition,
        broker: BrokerId,
        error: ErrorCode,
    },
    /// A topic's own configuration; `None` took a value back.
    TopicReconfigured {
        topic: TopicId,
        changes: Vec<(Arc<str>, Option<Arc<str>>)>,
    },
    /// Dynamic configuration of one broker, or of all; `None` took a value back.
    BrokersReconfigured {
        broker: Option<BrokerId>,
        changes: Vec<(Arc<str>, Option<Arc<str>>)>,
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
    /// An operator asked for it.
    Asked,
    /// The leader is no replica any more.
    Reassigned,
    /// None was in sync; an eligible replica had every committed record (KIP-966).
    Eligible,
    /// None was in sync or eligible; the last leader is the best guess, but it may lack what it had not flushed.
    LastKnown,
}
