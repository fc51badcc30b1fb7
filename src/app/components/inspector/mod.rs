//! What is known of the thing that is selected, and what can be done to it.

pub mod broker;
pub mod client;
mod controller;
pub mod disks;
pub mod files;
pub mod group;
#[allow(clippy::module_inception, reason = "the folder is named after its main component")]
pub mod inspector;
pub mod link;
pub mod message;
pub mod nothing;
pub mod partition;
pub mod parts;
pub mod queue;
pub mod record;
pub mod why;
pub mod zookeeper;
