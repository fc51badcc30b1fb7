//! One record: key, value, timestamp, headers. What an application writes and reads back.
//!
//! A record does not know its offset: inside a batch it carries only its distance from the batch's base
//! (`DefaultRecord`), which is why a leader can place a whole batch in the log by setting one number.

use std::sync::Arc;

use super::varint;
use crate::engine::common::Time;

/// Payload of keys, values and header values; shared, because the same record sits in buffers, messages and logs.
pub type Bytes = Arc<[u8]>;

/// What wall clocks would have read when virtual time began: 2023-11-14T22:13:20Z, in milliseconds since 1970.
///
/// The engine has no wall clock. This constant is added wherever a timestamp leaves virtual time (encoded batches,
/// console tools), so that the bytes on show look like those of a real cluster.
pub const EPOCH_MS: i64 = 1_700_000_000_000;

/// Kafka's ceiling for a record's bytes beside its payload: 5 for the length, 1 for the attributes, 10 for the
/// timestamp delta, 5 for the offset delta (`DefaultRecord.MAX_RECORD_OVERHEAD`).
const MAX_RECORD_OVERHEAD_BYTES: u32 = 21;

/// Null, for a key or a value, is the length −1: one byte as a varint.
const NULL_BYTES: u32 = 1;

/// A named extra beside key and value (KIP-82). The key may repeat; the value may be null.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Header {
    pub key: Arc<str>,
    pub value: Option<Bytes>,
}

/// One record. A key without a value is a tombstone in a compacted topic.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Record {
    pub key: Option<Bytes>,
    pub value: Option<Bytes>,
    /// When the producing program made it (CreateTime). Microseconds here, milliseconds on the wire.
    pub timestamp: Time,
    pub headers: Vec<Header>,
}

impl Record {
    /// A record without headers.
    #[must_use]
    pub fn new(key: Option<&[u8]>, value: Option<&[u8]>, timestamp: Time) -> Self {
        Self { key: key.map(Bytes::from), value: value.map(Bytes::from), timestamp, headers: Vec::new() }
    }

    /// Does compaction read this record as "forget the key"?
    #[must_use]
    pub fn is_tombstone(&self) -> bool {
        self.key.is_some() && self.value.is_none()
    }

    /// Bytes this record takes inside a batch, its own length prefix included (`DefaultRecord.sizeInBytes`).
    ///
    /// A producer asks this before appending: the deltas are part of the size, so the same record may fit
    /// one batch and not another.
    #[must_use]
    pub fn size_in_bytes(&self, offset_delta: u32, timestamp_delta_ms: i64) -> u32 {
        let body = self.body_size_in_bytes(offset_delta, timestamp_delta_ms);
        varint::size_of(i64::from(body)) + body
    }

    /// The most bytes a batch of this one record can take, whatever its deltas turn out to be
    /// (`DefaultRecordBatch.estimateBatchSizeUpperBound`).
    ///
    /// The accumulator reserves the larger of this and `batch.size`, and `max.request.size` is checked against it.
    #[must_use]
    pub fn batch_size_upper_bound_in_bytes(&self) -> u32 {
        super::record_batch::BATCH_OVERHEAD_BYTES + MAX_RECORD_OVERHEAD_BYTES + self.payload_size_in_bytes()
    }

    /// The record without its length prefix: the number which that prefix spells.
    pub(super) fn body_size_in_bytes(&self, offset_delta: u32, timestamp_delta_ms: i64) -> u32 {
        let attributes = 1;
        attributes
            + varint::size_of(timestamp_delta_ms)
            + varint::size_of(i64::from(offset_delta))
            + self.payload_size_in_bytes()
    }

    /// Key, value and headers with their lengths: the part that does not depend on the place in the batch.
    fn payload_size_in_bytes(&self) -> u32 {
        let headers: u32 = self.headers.iter().map(Header::size_in_bytes).sum();
        nullable_size(self.key.as_ref())
            + nullable_size(self.value.as_ref())
            + varint::size_of(i64::from(length(self.headers.len())))
            + headers
    }
}

impl Header {
    fn size_in_bytes(&self) -> u32 {
        sized(self.key.len()) + nullable_size(self.value.as_ref())
    }
}

/// Kafka's timestamp of a point in virtual time. Rounds down to the millisecond.
#[must_use]
pub fn wire_timestamp_ms(time: Time) -> i64 {
    EPOCH_MS + i64::try_from(time.as_millis()).expect("a simulated day is far from the end of 64-bit milliseconds")
}

/// The point in virtual time of a Kafka timestamp, or `None` if that lies before the simulated world.
#[must_use]
pub fn time_of_wire_timestamp(timestamp_ms: i64) -> Option<Time> {
    let elapsed_ms = u64::try_from(timestamp_ms.checked_sub(EPOCH_MS)?).ok()?;
    Some(Time(elapsed_ms.checked_mul(1_000)?))
}

fn nullable_size(bytes: Option<&Bytes>) -> u32 {
    bytes.map_or(NULL_BYTES, |bytes| sized(bytes.len()))
}

/// `count` bytes and the varint that says how many they are.
fn sized(count: usize) -> u32 {
    let count = length(count);
    varint::size_of(i64::from(count)) + count
}

/// Lengths are int32 on Kafka's wire.
fn length(count: usize) -> u32 {
    i32::try_from(count).expect("records stay far below max.message.bytes, let alone 2 GiB").cast_unsigned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_records_size_depends_on_its_place() {
        let record = Record::new(Some(b"k1"), Some(b"hello"), Time::ZERO);
        // Attributes, two deltas, key with length, value with length, header count; then the length prefix.
        assert_eq!(record.size_in_bytes(0, 0), 1 + (1 + 1 + 1 + 3 + 6 + 1));
        // 64 takes two bytes as a zig-zag varint, and so does a millisecond delta of 64.
        assert_eq!(record.size_in_bytes(64, 64), 1 + (1 + 2 + 2 + 3 + 6 + 1));
        assert_eq!(record.size_in_bytes(0, -65), 1 + (1 + 2 + 1 + 3 + 6 + 1));
    }

    #[test]
    fn the_upper_bound_covers_any_deltas() {
        let mut record = Record::new(None, Some(&[7; 1_000]), Time::ZERO);
        record.headers.push(Header { key: "trace-id".into(), value: None });
        // `kafka-clients` 3.9.0 answers the same to `AbstractRecords.estimateSizeInBytesUpperBound`:
        // 61 + 21 + 1 (null key) + 2 + 1000 + 1 + (1 + 8 + 1).
        assert_eq!(record.batch_size_upper_bound_in_bytes(), 1_096);
        let worst = record.size_in_bytes(i32::MAX as u32, i64::MIN);
        assert!(61 + worst <= record.batch_size_upper_bound_in_bytes());
    }

    #[test]
    fn timestamps_leave_and_enter_virtual_time() {
        assert_eq!(wire_timestamp_ms(Time(30_999)), 1_700_000_000_030);
        assert_eq!(time_of_wire_timestamp(1_700_000_000_030), Some(Time(30_000)));
        assert_eq!(time_of_wire_timestamp(1_699_999_999_999), None);
        assert_eq!(time_of_wire_timestamp(-1), None);
    }

    #[test]
    fn a_tombstone_is_a_key_without_a_value() {
        assert!(Record::new(Some(b"k"), None, Time::ZERO).is_tombstone());
        assert!(!Record::new(None, None, Time::ZERO).is_tombstone());
        assert!(!Record::new(Some(b"k"), Some(b""), Time::ZERO).is_tombstone());
    }
}
