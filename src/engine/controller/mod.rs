//! The KRaft controller: the one place where the cluster's metadata change.
//!
//! `controller` is the node; the rest are its organs, each pure: who is alive (`broker_heartbeat_manager`), what follows
//! for partitions (`replication_control`, `create_topics`, with `partition_change` for one partition and `placement`
//! for new ones), and the log that all of it ends up in (`metadata_log`).

mod broker_heartbeat_manager;
#[allow(clippy::module_inception, reason = "the node among the parts of the controller")]
mod configs;
mod controller;
mod create_topics;
mod fact;
mod metadata_log;
mod partition_change;
mod placement;
mod replication_control;
#[cfg(test)]
mod tests;

pub use broker_heartbeat_manager::{BrokerControlState, BrokerHeartbeatManager, Session};
pub use controller::{Controller, ControllerTimer, Observer, ParkedFetch, PendingAnswer};
pub use fact::{ControllerFact, ElectedBecause, FencedBecause};
pub use metadata_log::MetadataLog;
