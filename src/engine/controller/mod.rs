//! The KRaft controller: the one place where the cluster's metadata change.
//!
//! `controller` is the node, on top of its replica of the quorum's log (`raft`); `requests` and `configs` are what it
//! decides when asked. The rest are its organs, each pure: who is alive (`broker_heartbeat_manager`) and what follows for
//! partitions (`replication_control`, `elections`, `reassignment`), what becomes of topics (`create_topics`,
//! `topic_changes`), of one partition (`partition_change`) and of new ones (`placement`, `assignment`), and what of it is
//! told (`telling`).

mod assignment;
mod broker_heartbeat_manager;
mod configs;
#[allow(clippy::module_inception, reason = "the node among the parts of the controller")]
mod controller;
mod create_topics;
mod elections;
mod fact;
mod partition_change;
mod placement;
mod reassignment;
mod replication_control;
mod requests;
mod telling;
#[cfg(test)]
mod tests;
mod topic_changes;

pub use broker_heartbeat_manager::{BrokerControlState, BrokerHeartbeatManager, Session};
pub use controller::{Controller, ControllerTimer, PendingAnswer};
pub use create_topics::invalid_name;
pub use fact::{ControllerFact, ElectedBecause, FencedBecause};
pub use placement::{UsableBroker, place};
pub use reassignment::Reassignment;
