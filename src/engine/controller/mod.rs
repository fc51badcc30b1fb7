//! The KRaft controller: the one place where the cluster's metadata change.
//!
//! `controller` is the node, on top of its replica of the quorum's log (`raft`); `requests` is what it decides when asked.
//! The rest are its organs, each pure: who is alive (`broker_heartbeat_manager`) and what follows for partitions
//! (`replication_control`, `create_topics`, with `partition_change` for one partition and `placement` for new ones).

mod broker_heartbeat_manager;
mod configs;
#[allow(clippy::module_inception, reason = "the node among the parts of the controller")]
mod controller;
mod create_topics;
mod fact;
mod partition_change;
mod placement;
mod replication_control;
mod requests;
#[cfg(test)]
mod tests;

pub use broker_heartbeat_manager::{BrokerControlState, BrokerHeartbeatManager, Session};
pub use controller::{Controller, ControllerTimer, PendingAnswer};
pub use create_topics::invalid_name;
pub use fact::{ControllerFact, ElectedBecause, FencedBecause};
