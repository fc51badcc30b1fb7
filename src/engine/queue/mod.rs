//! The classic point-to-point broker that stands beside Kafka.
mod fact;
pub use fact::{QueueFact, RequeuedBecause};
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum QueueTimer {}
