//! Records and record batches, format version 2: true sizes and true bytes.
//!
//! Everything that moves through the simulated cluster is counted in the bytes a real one would move, so that
//! `batch.size`, `segment.bytes` and `fetch.max.bytes` bite where they would bite in production.

mod decode;
mod describe;
mod encode;
#[allow(clippy::module_inception, reason = "Kafka's word for the thing, and the folder holds more than the thing")]
mod record;
mod record_batch;
#[cfg(test)]
mod samples;
mod varint;

pub use decode::{DecodeError, decode};
pub use describe::{DescribedField, FieldValue, describe};
pub use encode::{Field, encode, fields};
pub use record::{Bytes, EPOCH_MS, Header, Record, time_of_wire_timestamp, wire_timestamp_ms};
pub use record_batch::{BATCH_OVERHEAD_BYTES, Control, ProducerStamp, RecordBatch, TimestampType};
