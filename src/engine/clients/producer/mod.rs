//! The producer: a program that sends records, with Kafka's own client inside.
//!
//! ```text
//! application ── send() ──▶ partitioner ──▶ accumulator ── sender ──▶ brokers
//!                                           (batches wait)   (requests in flight)
//! ```

mod accumulator;
mod batch;
mod ledger;
mod murmur2;
mod partitioner;
#[allow(clippy::module_inception, reason = "the node itself, beside its parts")]
mod producer;
mod sender;
#[cfg(test)]
mod tests;
mod transaction_manager;

pub use accumulator::{AccumulatorConfig, AppendResult, BufferExhausted, Leader, Ready, RecordAccumulator};
pub use batch::{Numbered, ProducerBatch};
pub use ledger::{Acknowledged, Ledger, OffsetRanges};
pub use murmur2::{murmur2, partition_for_key};
pub use partitioner::{
    BuiltInPartitioner, KeylessPartitioner, KeylessStrategy, Partitions, RoundRobin, StickyPartitioner,
    cumulative_frequency_table,
};
pub use producer::{BlockedOn, PendingSend, Producer, ProducerTimer, WaitsFor};
pub use sender::{BatchId, InFlightBatch, ProducerRequest};
pub use transaction_manager::{Rewrite, TransactionManager, TxnPartitionEntry};
