//! A batch as the bytes a broker would store (`DefaultRecordBatch`, `DefaultRecord`).
//!
//! One writer puts the bytes down and notes which field each of them belongs to, so the hex view of the inspector
//! can never disagree with the encoding. Numbers are big-endian; the checksum is CRC-32C (Castagnoli) over everything
//! from the attributes on. Base offset and leader epoch lie before it, so the leader sets both without hashing again.

use std::fmt;
use std::ops::Range;

use super::record::wire_timestamp_ms;
use super::record_batch::{RecordBatch, TimestampType};
use super::varint;

pub(super) const CRC_32C: crc::Crc<u32> = crc::Crc::<u32>::new(&crc::CRC_32_ISCSI);

pub(super) const MAGIC: u8 = 2;
/// Base offset and length, which the length does not count (`Records.LOG_OVERHEAD`).
pub(super) const LOG_OVERHEAD_BYTES: u32 = 12;
pub(super) const CRC_AT: usize = 17;
pub(super) const ATTRIBUTES_AT: usize = 21;

pub(super) const COMPRESSION_MASK: i16 = 0x07;
pub(super) const LOG_APPEND_TIME_BIT: i16 = 0x08;
pub(super) const TRANSACTIONAL_BIT: i16 = 0x10;
pub(super) const CONTROL_BIT: i16 = 0x20;
pub(super) const DELETE_HORIZON_BIT: i16 = 0x40;

/// Where one field of a batch lies among its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Field {
    /// Index of the record that the field belongs to, or `None` for the batch header.
    pub record: Option<usize>,
    /// Index of the record's header that the field belongs to.
    pub header: Option<usize>,
    /// The name that Kafka's protocol documentation gives it.
    pub name: &'static str,
    pub range: Range<usize>,
}

/// `crc`, `records[2].key`, `records[0].headers[1].headerKey`.
impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(record) = self.record {
            write!(f, "records[{record}].")?;
        }
        if let Some(header) = self.header {
            write!(f, "headers[{header}].")?;
        }
        f.write_str(self.name)
    }
}

/// The bytes of `batch`. As many as `size_in_bytes` says.
#[must_use]
pub fn encode(batch: &RecordBatch) -> Vec<u8> {
    Writer::of(batch).bytes
}

/// Every field of the encoded batch, in the order of the bytes, without gap or overlap. A null or empty key, value
/// or header value has a length field and no field of its own.
#[must_use]
pub fn fields(batch: &RecordBatch) -> Vec<Field> {
    Writer::of(batch).fields
}

/// Writes a batch and keeps note of where each field went.
struct Writer {
    bytes: Vec<u8>,
    fields: Vec<Field>,
    record: Option<usize>,
    header: Option<usize>,
}

impl Writer {
    fn of(batch: &RecordBatch) -> Self {
        let mut writer = Self { bytes: Vec::new(), fields: Vec::new(), record: None, header: None };
        writer.batch_header(batch);
        for index in 0..batch.len() {
            writer.record(batch, index);
        }
        let crc = CRC_32C.checksum(&writer.bytes[ATTRIBUTES_AT..]);
        writer.bytes[CRC_AT..ATTRIBUTES_AT].copy_from_slice(&crc.to_be_bytes());
        assert_eq!(writer.bytes.len(), batch.size_in_bytes() as usize, "a batch is as long as it says it is");
        writer
    }

    fn batch_header(&mut self, batch: &RecordBatch) {
        let length = batch.size_in_bytes() - LOG_OVERHEAD_BYTES;
        let leader_epoch = if batch.is_stamped { int32(batch.partition_leader_epoch.0) } else { -1 };
        let (producer_id, producer_epoch) = batch.producer_id_and_epoch().map_or((-1, -1), |(id, epoch)| {
            let id = i64::try_from(id.0).expect("producer ids are handed out from zero up");
            (id, i16::try_from(epoch.0).expect("an exhausted epoch makes room for a new producer id"))
        });
        let base_sequence = batch.producer.map_or(-1, |stamp| int32(stamp.base_sequence.0));
        let count = u32::try_from(batch.len()).expect("a batch holds no more records than offsets");

        self.number("baseOffset", &batch.base_offset.0.to_be_bytes());
        self.number("batchLength", &length.to_be_bytes());
        self.number("partitionLeaderEpoch", &leader_epoch.to_be_bytes());
        self.number("magic", &[MAGIC]);
        // Filled in when the rest is there to be hashed.
        self.number("crc", &[0; 4]);
        self.number("attributes", &attributes(batch).to_be_bytes());
        self.number("lastOffsetDelta", &int32(batch.last_offset_delta()).to_be_bytes());
        self.number("baseTimestamp", &batch.base_timestamp_ms().to_be_bytes());
        self.number("maxTimestamp", &wire_timestamp_ms(batch.max_timestamp).to_be_bytes());
        self.number("producerId", &producer_id.to_be_bytes());
        self.number("producerEpoch", &producer_epoch.to_be_bytes());
        self.number("baseSequence", &base_sequence.to_be_bytes());
        self.number("recordsCount", &count.to_be_bytes());
    }

    fn record(&mut self, batch: &RecordBatch, index: usize) {
        let record = &batch.records[index];
        let offset_delta = batch.offset_delta_of(index);
        let timestamp_delta_ms = batch.timestamp_delta_ms_of(index);
        self.record = Some(index);
        self.varint("length", i64::from(record.body_size_in_bytes(offset_delta, timestamp_delta_ms)));
        self.number("attributes", &[0]);
        self.varint("timestampDelta", timestamp_delta_ms);
        self.varint("offsetDelta", i64::from(offset_delta));
        self.nullable("keyLength", "key", record.key.as_deref());
        self.nullable("valueLength", "value", record.value.as_deref());
        self.varint("headersCount", length(record.headers.len()));
        for (index, header) in record.headers.iter().enumerate() {
            self.header = Some(index);
            self.nullable("headerKeyLength", "headerKey", Some(header.key.as_bytes()));
            self.nullable("headerValueLength", "headerValue", header.value.as_deref());
        }
        self.header = None;
        self.record = None;
    }

    fn number(&mut self, name: &'static str, big_endian: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(big_endian);
        self.note(name, start);
    }

    fn varint(&mut self, name: &'static str, value: i64) {
        let start = self.bytes.len();
        varint::write(&mut self.bytes, value);
        self.note(name, start);
    }

    fn nullable(&mut self, length_name: &'static str, name: &'static str, payload: Option<&[u8]>) {
        self.varint(length_name, payload.map_or(-1, |payload| length(payload.len())));
        if let Some(payload) = payload.filter(|payload| !payload.is_empty()) {
            self.number(name, payload);
        }
    }

    fn note(&mut self, name: &'static str, start: usize) {
        self.fields.push(Field { record: self.record, header: self.header, name, range: start..self.bytes.len() });
    }
}

fn attributes(batch: &RecordBatch) -> i16 {
    let bit = |condition, bit| if condition { bit } else { 0 };
    bit(batch.timestamp_type == TimestampType::LogAppendTime, LOG_APPEND_TIME_BIT)
        | bit(batch.is_transactional, TRANSACTIONAL_BIT)
        | bit(batch.control.is_some(), CONTROL_BIT)
        | bit(batch.delete_horizon.is_some(), DELETE_HORIZON_BIT)
}

/// The int32 of an id or a delta, which Kafka counts from zero up to 2147483647.
fn int32(value: u32) -> i32 {
    i32::try_from(value).expect("Kafka's int32 counters wrap or stop before they turn negative")
}

fn length(count: usize) -> i64 {
    i64::try_from(count).expect("lengths in memory fit 63 bits")
}

#[cfg(test)]
mod tests {
    use super::super::samples::*;
    use super::*;

    /// The expected bytes and checksums were written by Apache Kafka: `kafka-clients` 3.9.0 from Maven Central on
    /// Java 17, calling `MemoryRecords.withRecords`, `withEndTransactionMarker` and `filterTo`, and a
    /// `MemoryRecordsBuilder` with LOG_APPEND_TIME, then printing the buffer.
    #[test]
    fn bytes_are_those_kafka_writes() {
        let sevens = "07".repeat(200);
        let table: &[(RecordBatch, u32, &str)] = &[
            (
                hello(),
                1_344_854_673,
                "00000000000000000000003f00000000025028da910000000000000000018bcfe568000000018bcfe56800ffffffffffff\
                 ffffffffffffffff000000011a000000046b310a68656c6c6f00",
            ),
            (
                three(),
                743_115_961,
                "00000000000000050000004b00000003022c4b0cb90000000000020000018bcfe568000000018bcfe5681400000000000003\
                 e8000000000000000000031000000002610231001000140201043232000e00280402630100",
            ),
            (
                commit_marker(),
                4_055_710_363,
                "0000000000000008000000420000000302f1bd3a9b0030000000000000018bcfe5681e0000018bcfe5681e00000000000003\
                 e80000ffffffff000000012000000008000000010c00000000000000",
            ),
            (
                transactional(),
                579_133_204,
                &format!(
                    "000000000000000000000128ffffffff022284df140010000000020000018bcfe57b880000018bcfe57b88000000000000\
                     000700027ffffffe000000033a000000026b0276041074726163652d69640434320e6772c3b6c39f6501a00300d10f0200\
                     9003{sevens}000c000004010100"
                ),
            ),
            (
                log_append_time(),
                1_655_307_698,
                "0000001cbe991a1400000047000000090262a9fdb20008000000010000018bcfe568010000018bcfe56b09ffffffffffffff\
                 ffffffffffffff0000000214000000046b310476310014000202046b3204763200",
            ),
            (
                compacted(None),
                2_509_365_980,
                "00000000000000280000004300000004029591e2dc0000000000040000018bcfe568020000018bcfe56804ffffffffffffff\
                 ffffffffffffff00000002100000020262023100100004060262023200",
            ),
            (
                // Kafka set this horizon from current time 100 ms + delete.retention.ms 1000.
                compacted(Some(at(1_100))),
                80_636_403,
                "000000000000002800000045000000040204ce69f30040000000040000018bcfe56c4c0000018bcfe56804ffffffffffffff\
                 ffffffffffffff000000021200931102026202310012008f11060262023200",
            ),
            (
                husk(),
                3_339_294_729,
                "0000000000000028000000310000000402c7099809000000000004ffffffffffffffff0000018bcfe56809ffffffffffffff\
                 ffffffffffffff00000000",
            ),
        ];
        for (batch, crc, expected) in table {
            let bytes = encode(batch);
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(&hex, expected);
            assert_eq!(batch.size_in_bytes() as usize, expected.len() / 2);
            assert_eq!(bytes[CRC_AT..ATTRIBUTES_AT], crc.to_be_bytes());
        }
    }

    #[test]
    fn the_checksum_is_castagnolis() {
        assert_eq!(CRC_32C.checksum(b"123456789"), 0xe306_9283);
    }

    #[test]
    fn fields_cover_every_byte_once() {
        for batch in samples() {
            let mut next = 0;
            for field in fields(&batch) {
                assert_eq!(field.range.start, next, "{field}");
                assert!(field.range.end > field.range.start, "{field}");
                next = field.range.end;
            }
            assert_eq!(next, batch.size_in_bytes() as usize);
        }
    }

    #[test]
    fn fields_are_where_the_format_says() {
        let batch = transactional();
        let bytes = encode(&batch);
        let fields = fields(&batch);
        let bytes_of = |path: &str| {
            let field = fields.iter().find(|field| field.to_string() == path).unwrap();
            &bytes[field.range.clone()]
        };
        let header: Vec<_> = fields[..13].iter().map(|field| (field.name, field.range.start)).collect();
        let expected = [
            ("baseOffset", 0),
            ("batchLength", 8),
            ("partitionLeaderEpoch", 12),
            ("magic", 16),
            ("crc", 17),
            ("attributes", 21),
            ("lastOffsetDelta", 23),
            ("baseTimestamp", 27),
            ("maxTimestamp", 35),
            ("producerId", 43),
            ("producerEpoch", 51),
            ("baseSequence", 53),
            ("recordsCount", 57),
        ];
        assert_eq!(header, expected);
        assert_eq!(bytes_of("partitionLeaderEpoch"), [0xff; 4]);
        assert_eq!(bytes_of("records[0].key"), b"k");
        assert_eq!(bytes_of("records[0].headers[1].headerKey"), "größe".as_bytes());
        assert_eq!(bytes_of("records[0].headers[1].headerValueLength"), [0x01]);
        assert_eq!(bytes_of("records[1].value"), [7; 200]);
        assert_eq!(bytes_of("records[2].valueLength"), [0x01]);
        assert!(fields.iter().all(|field| field.to_string() != "records[1].key"));
    }
}
