//! The user's programs: producer, consumer (of two kinds), admin tool, and the client library they share.
//!
//! A client sees nothing of the cluster but what answers tell it; all it knows may be out of date.

mod admin;
mod backoff;
pub mod consumer;
mod fact;
mod metadata;
mod network_client;
pub mod producer;
pub mod zookeeper_consumer;

pub use admin::{Admin, AdminTimer, Operation, Reset, Task};
pub use backoff::ExponentialBackoff;
pub use consumer::{Consumer, ConsumerApplication, ConsumerTimer};
pub use fact::{AdminFact, BatchFailure, ConsumerFact, PositionFrom, ProducerFact, SendFailure};
pub use metadata::{ClientMetadata, KnownTopic, MetadataConfig};
pub use network_client::{Disconnection, InFlightRequest, NetworkClient, NetworkConfig};
pub use producer::{Producer, ProducerTimer};
pub use zookeeper_consumer::ZookeeperConsumerFact;
