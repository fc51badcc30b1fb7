//! The controller of ZooKeeper mode: a role that one broker plays beside its own work (`kafka.controller`).
//!
//! `controller` is its single thread: events in order, each a short program of steps, most of which read or write
//! znodes and go on when the answer is there. `context` is what it knows; `elections` what it decides for partitions
//! and replicas; `channel` how it tells the brokers. `topics` creates topics, which a request thread does without it.
//! `zk_data` says where in ZooKeeper everything stands, for the broker as well.
//!
//! Left out: reassignment, controlled shutdown, dynamic broker configuration, log directory failures.

mod alter_partition;
mod channel;
mod context;
#[allow(clippy::module_inception, reason = "the thread among the parts of the controller")]
mod controller;
mod elections;
mod fact;
mod failover;
mod placement;
mod topics;
pub mod zk_data;

pub use channel::ControllerChannel;
pub use context::{ControllerContext, PartitionState, ReplicaState};
pub use controller::{ControllerTask, Env, KafkaController, KafkaControllerTimer, NextCorrelation};
pub use fact::KafkaControllerFact;
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
    ReadConfigChanges,
    /// A leader writes in-sync sets itself (before 2.7).
    WriteIsr,
    NotifyIsrChange,
    /// The step that the controller's thread stands at.
    Controller,
    /// A topic is being created, under this number.
    CreateTopic(u64),
    /// Nobody waits for the answer.
    Forgotten,
}
