//! The consumer: a program that reads topics as one of a group, with Kafka's own client inside (`ClassicKafkaConsumer`).
//!
//! ```text
//! application   poll() ───▶ records ───▶ process one after the other ───▶ (commitSync) ───▶ poll() …
//! inside poll() find the coordinator · join · auto-commit · find positions · take what is buffered · fetch
//! heartbeats    go on while the application processes; they tell of rebalances, the next poll() acts on it
//! ```

mod application;
pub mod assignor;
mod commit;
#[allow(clippy::module_inception, reason = "the node itself, beside its parts")]
mod consumer;
mod fetcher;
mod membership;
mod poll;
mod process;
mod program;
mod rebalance;
mod subscription;
#[cfg(test)]
mod tests;
mod validation;

pub use application::{
    Activity, ConsumerApplication, ConsumerLedger, Failure, InHand, PolledRecord, ProcessedRecord, SyncCommit,
};
pub use consumer::{Consumer, ConsumerTimer};
pub use membership::{MemberState, Membership};
pub use process::{CommitReason, ConsumerRequest};
pub(super) use program::{Next, Program};
pub(super) use subscription::Subscriptions;
pub use subscription::{Buffered, FetchInFlight, PartitionPhase, PartitionState};
