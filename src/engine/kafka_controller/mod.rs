//! The controller of ZooKeeper mode: a role that one broker plays beside its own work (`kafka.controller`).
//!
//! `controller` is its single thread: events in order, each a short program of steps, most of which read or write
//! znodes and go on when the answer is there. `context` is what it knows; `elections` what it decides for partitions
//! and replicas; `topic_deletion` and `reassignment` what takes many such decisions; `channel` how it tells the brokers.
//! `requests` is what only the controller answers. `topics` and `topic_changes` create, enlarge and mark for deletion,
//! which a request thread does without the controller.
//! `zk_data` says where in ZooKeeper everything stands, for the broker as well.
//!
//! `log_dirs` answers when a broker lives on without some of its replicas.

mod alter_partition;
mod channel;
mod config_change;
mod context;
#[allow(clippy::module_inception, reason = "the thread among the parts of the controller")]
mod controller;
mod elections;
mod fact;
mod failover;
mod log_dirs;
mod placement;
mod producer_ids;
mod reassignment;
mod requests;
mod task;
mod topic_changes;
mod topic_deletion;
mod topics;
pub mod zk_data;

pub use channel::ControllerChannel;
pub use config_change::ConfigChange;
pub use context::{ControllerContext, PartitionState, ReplicaState};
pub use controller::{ControllerTask, Env, KafkaController, KafkaControllerTimer, NextCorrelation};
pub use fact::{HaltedBecause, KafkaControllerFact};
pub use producer_ids::Lease;
pub use topics::TopicRequests;

/// Which request of a broker an answer of ZooKeeper belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ZkRequest {
    /// The broker's start, and its return with a new session.
    CreatePersistentPaths,
    ReadClusterId,
    CreateClusterId,
    Register,
    /// Somebody holds this broker's place: who?
    CheckRegistration,
    ReadConfigs,
    ListConfigChanges,
    /// What was set at run time for this broker and for all.
    ReadBrokerConfigs,
    /// A new configuration, and a notice of it.
    ChangeConfig(ConfigChange),
    ReadConfigChanges,
    /// A leader writes in-sync sets itself (before 2.7).
    WriteIsr,
    NotifyIsrChange,
    NotifyLogDirEvent,
    /// A broker takes a block of producer ids itself (before 3.0).
    ReadProducerIds,
    WriteProducerIds(Lease),
    /// The step that the controller's thread stands at.
    Controller,
    /// A topic is being created or changed, under this number.
    ChangeTopic(u64),
    /// Nobody waits for the answer.
    Forgotten,
}
