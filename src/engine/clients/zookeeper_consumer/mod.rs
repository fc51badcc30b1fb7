//! The consumer of Kafka 0.8 (`ZookeeperConsumerConnector`): it meets its group in ZooKeeper, without any broker's help.
//!
//! ```text
//! /consumers/G/ids/G_host-ms-hex8   I am here, and read these topics          ephemeral
//! /consumers/G/owners/T/P           … and this partition is mine               ephemeral
//! /consumers/G/offsets/T/P          up to here the group was given records     persistent
//! ```
//!
//! Every member watches `ids` and its topics. When something changes, each works out by itself what everybody's share is,
//! lets go of what it has and claims what it thinks is its own; a partition that another still owns makes it wait and
//! try again. Nobody leads, nobody counts generations: who has lost its session without knowing reads on, and its commits
//! count. Brokers are asked for leaders and records only.

mod connector;
mod fact;
mod fetcher;
mod offsets;
mod rebalance;
pub mod zk_data;

pub use connector::Connector;
pub use fact::{AttemptFailure, ZookeeperConsumerFact};
