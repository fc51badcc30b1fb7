//! Bytes read back into a batch, with nothing taken on trust (`DefaultRecordBatch.ensureValid`, `DefaultRecord.readFrom`).
//!
//! Length, version and checksum are verified before anything else is looked at; what then still makes no sense was
//! written that way, and is refused by the name of its field.

use std::fmt;
use std::sync::Arc;

use super::encode::{
    ATTRIBUTES_AT, COMPRESSION_MASK, CONTROL_BIT, CRC_32C, CRC_AT, DELETE_HORIZON_BIT, LOG_APPEND_TIME_BIT,
    LOG_OVERHEAD_BYTES, MAGIC, TRANSACTIONAL_BIT,
};
use super::record::{Bytes, Header, Record, time_of_wire_timestamp};
use super::record_batch::{BATCH_OVERHEAD_BYTES, Control, ProducerStamp, RecordBatch, TimestampType};
use super::varint;
use crate::engine::common::{ErrorCode, LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence, Time};

/// Why bytes are not a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DecodeError {
    /// The bytes end before the batch does, or its length leaves no room for a header.
    Truncated { needed_bytes: u64, available_bytes: u64 },
    /// Not format version 2.
    Magic(u8),
    /// Some byte from the attributes on is not the one that was written.
    Crc { stored: u32, computed: u32 },
    /// The simulator keeps batches uncompressed.
    Compressed { codec: u8 },
    /// The checksum holds, but the named field makes no sense.
    Malformed(&'static str),
}

impl DecodeError {
    /// What a broker answers to such bytes.
    #[must_use]
    pub fn error_code(self) -> ErrorCode {
        ErrorCode::CorruptMessage
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated { needed_bytes, available_bytes } => {
                write!(f, "the batch needs {needed_bytes} bytes and {available_bytes} are there")
            }
            Self::Magic(magic) => write!(f, "magic {magic} is not format version {MAGIC}"),
            Self::Crc { stored, computed } => {
                write!(f, "Record is corrupt (stored crc = {stored}, computed crc = {computed})")
            }
            Self::Compressed { codec } => write!(f, "compression codec {codec} cannot be read"),
            Self::Malformed(field) => write!(f, "{field} makes no sense"),
        }
    }
}

impl std::error::Error for DecodeError {}

/// Reads the batch at the front of `bytes`; what follows it (the next batch of a segment) is left alone.
///
/// Timestamps come back whole milliseconds, as the wire has them.
///
/// # Errors
/// If the bytes are cut short, were altered, or spell something that no producer writes.
pub fn decode(bytes: &[u8]) -> Result<RecordBatch, DecodeError> {
    let bytes = checked_frame(bytes)?;
    let mut reader = Reader { bytes, at: 0 };
    let base_offset = reader.i64()?;
    let _length = reader.i32()?;
    let leader_epoch = reader.i32()?;
    reader.at = ATTRIBUTES_AT;
    let attributes = reader.i16()?;
    let last_offset_delta = non_negative(reader.i32()?, "lastOffsetDelta")?;
    let base_timestamp_ms = reader.i64()?;
    let max_timestamp_ms = reader.i64()?;
    let producer_id = reader.i64()?;
    let producer_epoch = reader.i16()?;
    let base_sequence = reader.i32()?;
    let count = non_negative(reader.i32()?, "recordsCount")?;

    let codec = attributes & COMPRESSION_MASK;
    if codec != 0 {
        return Err(DecodeError::Compressed { codec: codec.to_be_bytes()[1] });
    }
    let is_transactional = attributes & TRANSACTIONAL_BIT != 0;
    let is_control = attributes & CONTROL_BIT != 0;
    let (producer, control) = origin(is_transactional, is_control, producer_id, producer_epoch, base_sequence)?;
    let has_delete_horizon = attributes & DELETE_HORIZON_BIT != 0;
    let delete_horizon = has_delete_horizon.then(|| time(base_timestamp_ms, "baseTimestamp")).transpose()?;
    let is_log_append_time = attributes & LOG_APPEND_TIME_BIT != 0;

    let mut records = Vec::new();
    let mut offset_deltas = Vec::new();
    for _ in 0..count {
        let (offset_delta, record) = reader.record(base_timestamp_ms)?;
        let is_ascending = offset_deltas.last().is_none_or(|previous| *previous < offset_delta);
        if !is_ascending || offset_delta > last_offset_delta {
            return Err(DecodeError::Malformed("offsetDelta"));
        }
        offset_deltas.push(offset_delta);
        records.push(record);
    }
    if reader.at != bytes.len() {
        return Err(DecodeError::Malformed("recordsCount"));
    }

    let is_dense = u64::from(count) == u64::from(last_offset_delta) + 1;
    let batch = RecordBatch {
        base_offset: Offset(u64::try_from(base_offset).map_err(|_| DecodeError::Malformed("baseOffset"))?),
        partition_leader_epoch: LeaderEpoch(u32::try_from(leader_epoch).unwrap_or_default()),
        max_timestamp: time(max_timestamp_ms, "maxTimestamp")?,
        timestamp_type: if is_log_append_time { TimestampType::LogAppendTime } else { TimestampType::CreateTime },
        producer,
        is_transactional,
        control,
        delete_horizon,
        records: records.into(),
        is_stamped: leader_epoch >= 0,
        last_offset_delta,
        offset_deltas: (!is_dense).then(|| offset_deltas.into()),
        size_in_bytes: 0,
    };
    let batch = batch.measured();
    // Holds unless some writer spelled a varint longer than it need be or a base timestamp of its own choosing.
    if batch.size_in_bytes() as usize != bytes.len() {
        return Err(DecodeError::Malformed("batchLength"));
    }
    Ok(batch)
}

/// Cuts the first batch out of `bytes` once its length, version and checksum hold (`DefaultRecordBatch.ensureValid`).
fn checked_frame(bytes: &[u8]) -> Result<&[u8], DecodeError> {
    let available_bytes = bytes.len() as u64;
    let truncated = |needed_bytes| DecodeError::Truncated { needed_bytes, available_bytes };
    let overhead = u64::from(BATCH_OVERHEAD_BYTES);
    if available_bytes < overhead {
        return Err(truncated(overhead));
    }
    let length = non_negative(Reader { bytes, at: 8 }.i32()?, "batchLength")?;
    let needed_bytes = u64::from(length) + u64::from(LOG_OVERHEAD_BYTES);
    if needed_bytes < overhead {
        return Err(DecodeError::Malformed("batchLength"));
    }
    if needed_bytes > available_bytes {
        return Err(truncated(needed_bytes));
    }
    let bytes = &bytes[..usize::try_from(needed_bytes).expect("no longer than a slice in memory")];
    let magic = bytes[CRC_AT - 1];
    if magic != MAGIC {
        return Err(DecodeError::Magic(magic));
    }
    let stored = Reader { bytes, at: CRC_AT }.i32()?.cast_unsigned();
    let computed = CRC_32C.checksum(&bytes[ATTRIBUTES_AT..]);
    if stored != computed {
        return Err(DecodeError::Crc { stored, computed });
    }
    Ok(bytes)
}

/// Sorts out who wrote the batch from two attribute bits and three numbers that may each be −1.
fn origin(
    is_transactional: bool,
    is_control: bool,
    producer_id: i64,
    producer_epoch: i16,
    base_sequence: i32,
) -> Result<(Option<ProducerStamp>, Option<Control>), DecodeError> {
    let producer = match (u64::try_from(producer_id), u16::try_from(producer_epoch)) {
        (Ok(id), Ok(epoch)) => Some((ProducerId(id), ProducerEpoch(epoch))),
        (Err(_), Err(_)) => None,
        (Ok(_), Err(_)) | (Err(_), Ok(_)) => return Err(DecodeError::Malformed("producerEpoch")),
    };
    let base_sequence = u32::try_from(base_sequence).ok().map(Sequence);
    match (is_control, is_transactional, producer, base_sequence) {
        (true, true, Some((producer_id, producer_epoch)), None) => {
            Ok((None, Some(Control::TransactionMarker { producer_id, producer_epoch })))
        }
        (true, false, None, None) => Ok((None, Some(Control::Quorum))),
        (false, _, Some((producer_id, producer_epoch)), Some(base_sequence)) => {
            Ok((Some(ProducerStamp { producer_id, producer_epoch, base_sequence }), None))
        }
        (false, false, None, None) => Ok((None, None)),
        _ => Err(DecodeError::Malformed("attributes")),
    }
}

fn time(timestamp_ms: i64, field: &'static str) -> Result<Time, DecodeError> {
    time_of_wire_timestamp(timestamp_ms).ok_or(DecodeError::Malformed(field))
}

fn non_negative(value: i32, field: &'static str) -> Result<u32, DecodeError> {
    u32::try_from(value).map_err(|_| DecodeError::Malformed(field))
}

/// Reads numbers and payloads from a frame whose checksum has been verified.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// One record and its offset delta.
    fn record(&mut self, base_timestamp_ms: i64) -> Result<(u32, Record), DecodeError> {
        let length = non_negative(self.varint("length")?, "length")?;
        let end = self.at + length as usize;
        let _attributes: [u8; 1] = self.array()?;
        let timestamp_delta_ms = self.varlong("timestampDelta")?;
        let offset_delta = non_negative(self.varint("offsetDelta")?, "offsetDelta")?;
        let key = self.nullable("keyLength")?;
        let value = self.nullable("valueLength")?;
        let header_count = non_negative(self.varint("headersCount")?, "headersCount")?;
        let mut headers = Vec::new();
        for _ in 0..header_count {
            headers.push(self.header()?);
        }
        if self.at != end {
            return Err(DecodeError::Malformed("length"));
        }
        let timestamp_ms = base_timestamp_ms.checked_add(timestamp_delta_ms);
        let timestamp = time(timestamp_ms.ok_or(DecodeError::Malformed("timestampDelta"))?, "timestampDelta")?;
        Ok((offset_delta, Record { key, value, timestamp, headers }))
    }

    fn header(&mut self) -> Result<Header, DecodeError> {
        let length = non_negative(self.varint("headerKeyLength")?, "headerKeyLength")?;
        let key = str::from_utf8(self.take(length as usize)?).map_err(|_| DecodeError::Malformed("headerKey"))?;
        Ok(Header { key: Arc::from(key), value: self.nullable("headerValueLength")? })
    }

    /// A payload after its length; any negative length is null, as in `Utils.readBytes`.
    fn nullable(&mut self, length_name: &'static str) -> Result<Option<Bytes>, DecodeError> {
        match u32::try_from(self.varint(length_name)?) {
            Ok(length) => Ok(Some(Bytes::from(self.take(length as usize)?))),
            Err(_) => Ok(None),
        }
    }

    fn varint(&mut self, name: &'static str) -> Result<i32, DecodeError> {
        let (value, length) = varint::read_varint(&self.bytes[self.at..]).ok_or(DecodeError::Malformed(name))?;
        self.at += length;
        Ok(value)
    }

    fn varlong(&mut self, name: &'static str) -> Result<i64, DecodeError> {
        let (value, length) = varint::read_varlong(&self.bytes[self.at..]).ok_or(DecodeError::Malformed(name))?;
        self.at += length;
        Ok(value)
    }

    fn i16(&mut self) -> Result<i16, DecodeError> {
        Ok(i16::from_be_bytes(self.array()?))
    }

    fn i32(&mut self) -> Result<i32, DecodeError> {
        Ok(i32::from_be_bytes(self.array()?))
    }

    fn i64(&mut self) -> Result<i64, DecodeError> {
        Ok(i64::from_be_bytes(self.array()?))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        Ok(self.take(N)?.try_into().expect("take answers exactly as many bytes as asked for"))
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let available_bytes = self.bytes.len() as u64;
        let truncated = DecodeError::Truncated { needed_bytes: (self.at + count) as u64, available_bytes };
        let taken = self.bytes.get(self.at..self.at + count).ok_or(truncated)?;
        self.at += count;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::super::encode::encode;
    use super::super::samples::*;
    use super::*;

    #[test]
    fn decoding_gives_back_what_was_encoded() {
        for batch in samples() {
            assert_eq!(decode(&encode(&batch)), Ok(batch));
        }
    }

    #[test]
    fn batches_lie_back_to_back_in_a_segment() {
        let segment = [encode(&three()), encode(&commit_marker())].concat();
        let first = decode(&segment).unwrap();
        let second = decode(&segment[first.size_in_bytes() as usize..]).unwrap();
        assert_eq!((first, second), (three(), commit_marker()));
    }

    #[test]
    fn a_tampered_byte_is_noticed_from_the_attributes_on() {
        for batch in samples() {
            let bytes = encode(&batch);
            for at in CRC_AT..bytes.len() {
                for flip in [0x01, 0x80, 0xff] {
                    let mut tampered = bytes.clone();
                    tampered[at] ^= flip;
                    let error = decode(&tampered).unwrap_err();
                    assert!(matches!(error, DecodeError::Crc { .. }), "byte {at}: {error}");
                    assert_eq!(error.error_code(), ErrorCode::CorruptMessage);
                }
            }
        }
    }

    #[test]
    fn what_the_leader_sets_lies_outside_the_checksum() {
        let mut bytes = encode(&hello());
        bytes[7] = 9;
        bytes[15] = 4;
        assert_eq!(decode(&bytes), Ok(hello().stamped(Offset(9), LeaderEpoch(4))));
    }

    #[test]
    fn cut_or_foreign_bytes_are_refused() {
        let bytes = encode(&hello());
        assert_eq!(decode(&bytes[..60]), Err(DecodeError::Truncated { needed_bytes: 61, available_bytes: 60 }));
        assert_eq!(decode(&bytes[..74]), Err(DecodeError::Truncated { needed_bytes: 75, available_bytes: 74 }));
        let mut old_format = bytes.clone();
        old_format[16] = 1;
        assert_eq!(decode(&old_format), Err(DecodeError::Magic(1)));
        let mut too_short = bytes;
        too_short[11] = 48;
        assert_eq!(decode(&too_short), Err(DecodeError::Malformed("batchLength")));
    }

    #[test]
    fn nonsense_under_a_valid_checksum_is_refused() {
        let check = |at: usize, byte: u8, expected: DecodeError| {
            let mut bytes = encode(&hello());
            bytes[at] = byte;
            let crc = CRC_32C.checksum(&bytes[ATTRIBUTES_AT..]);
            bytes[CRC_AT..ATTRIBUTES_AT].copy_from_slice(&crc.to_be_bytes());
            assert_eq!(decode(&bytes), Err(expected), "byte {at} = {byte}");
        };
        check(22, 0x04, DecodeError::Compressed { codec: 4 });
        check(22, 0x10, DecodeError::Malformed("attributes"));
        check(22, 0x30, DecodeError::Malformed("attributes"));
        check(60, 2, DecodeError::Malformed("length"));
        check(60, 0, DecodeError::Malformed("recordsCount"));
        check(61, 0x18, DecodeError::Malformed("length"));
        check(64, 0x02, DecodeError::Malformed("offsetDelta"));
        check(68, 0x7e, DecodeError::Truncated { needed_bytes: 132, available_bytes: 75 });
        check(74, 0x01, DecodeError::Malformed("headersCount"));
    }
}
