//! `kafka-dump-log`: the files of a log as `DumpLogSegments` prints them.
//!
//! The tool reads a disk, not a broker, so it works while the broker is down, and shows then what recovery will cut off.

use super::{DumpRecords, views};
use crate::engine::World;
use crate::engine::common::{BrokerId, Offset};
use crate::engine::record::{FieldValue, RecordBatch, TimestampType, describe, wire_timestamp_ms};
use crate::engine::storage::{LogSegment, UnifiedLog};

/// What the tool prints for one file: `…/orders-0/00000000000000000000.log`, `.index` or `.timeindex`. `on` is the
/// broker whose disk is read; the leader's if none is named.
pub(super) fn dump(world: &World, file: &str, records: DumpRecords, on: Option<BrokerId>) -> String {
    let dumping = format!("Dumping {file}\n");
    let mut parts = file.rsplit('/');
    let name = parts.next().unwrap_or_default();
    let Some(id) = parts.next().and_then(|directory| views::partition(world, directory)) else {
        return format!("{dumping}Exception in thread \"main\" java.nio.file.NoSuchFileException: {file}\n");
    };
    let log = match on {
        Some(broker) => world.broker(broker).and_then(|broker| broker.log(id)),
        None => views::leader_log(world, id).map(|(_, log)| log),
    };
    let (stem, suffix) = name.split_once('.').unwrap_or((name, ""));
    let Some(segment) = stem.parse().ok().and_then(|base| segment(log?, Offset(base), suffix)) else {
        return format!("{dumping}Exception in thread \"main\" java.nio.file.NoSuchFileException: {file}\n");
    };
    let body = match suffix.trim_end_matches(".deleted") {
        "log" => log_file(segment, name, records),
        "index" if segment.offset_index().is_empty() => format!("{file} is empty.\n"),
        "index" => {
            let line = |entry: &crate::engine::storage::OffsetIndexEntry| {
                format!("offset: {} position: {}\n", entry.offset, entry.position)
            };
            segment.offset_index().entries().map(line).collect()
        }
        "timeindex" => {
            let line = |entry: &crate::engine::storage::TimeIndexEntry| {
                format!("timestamp: {} offset: {}\n", wire_timestamp_ms(entry.timestamp), entry.offset)
            };
            segment.time_index().entries().map(line).collect()
        }
        _ => format!("Ignoring unknown file {file}\n"),
    };
    dumping + &body
}

/// Files that wait to be removed have a longer name.
fn segment<'a>(log: &'a UnifiedLog, base: Offset, suffix: &str) -> Option<&'a LogSegment> {
    if suffix.ends_with(".deleted") {
        let deleted = log.deleted_segments().iter().find(|deleted| deleted.segment.base_offset() == base);
        return deleted.map(|deleted| deleted.segment.as_ref());
    }
    log.segments().find(|segment| segment.base_offset() == base)
}

fn log_file(segment: &LogSegment, name: &str, records: DumpRecords) -> String {
    let mut text = format!("Log starting offset: {}\n", segment.base_offset());
    for (position, batch) in segment.placed_batches() {
        text.push_str(&batch_line(batch, position));
        if records != DumpRecords::None {
            (0..batch.len()).for_each(|index| text.push_str(&record_line(batch, index, records)));
        }
    }
    if segment.torn_bytes() > 0 {
        text.push_str(&format!("Found {} invalid bytes at the end of {name}\n", segment.torn_bytes()));
    }
    text
}

fn timestamp_type(batch: &RecordBatch) -> &'static str {
    match batch.timestamp_type {
        TimestampType::CreateTime => "CreateTime",
        TimestampType::LogAppendTime => "LogAppendTime",
    }
}

/// `printBatchLevel`. The numbers are those of the encoded header.
fn batch_line(batch: &RecordBatch, position: u32) -> String {
    let fields = describe(batch);
    let number = |name: &str| {
        let header = fields.iter().find(|one| one.field.record.is_none() && one.field.name == name);
        match header.map(|one| &one.value) {
            Some(FieldValue::Number(number)) => *number,
            _ => unreachable!("a batch has a {name}"),
        }
    };
    let last_sequence = batch.last_sequence().map_or(-1, |sequence| i64::from(sequence.0));
    let horizon = match batch.delete_horizon {
        Some(at) => format!("OptionalLong[{}]", wire_timestamp_ms(at)),
        None => "OptionalLong.empty".to_owned(),
    };
    format!(
        "baseOffset: {} lastOffset: {} count: {} baseSequence: {} lastSequence: {last_sequence} producerId: {} \
         producerEpoch: {} partitionLeaderEpoch: {} isTransactional: {} isControl: {} deleteHorizonMs: {horizon} \
         position: {position} {}: {} size: {} magic: {} compresscodec: none crc: {} isvalid: true\n",
        batch.base_offset,
        batch.last_offset(),
        batch.len(),
        number("baseSequence"),
        number("producerId"),
        number("producerEpoch"),
        number("partitionLeaderEpoch"),
        batch.is_transactional,
        batch.control.is_some(),
        timestamp_type(batch),
        number("maxTimestamp"),
        batch.size_in_bytes(),
        number("magic"),
        number("crc"),
    )
}

/// `printRecordMetadata` and `printRecordContents`.
fn record_line(batch: &RecordBatch, index: usize, records: DumpRecords) -> String {
    let record = &batch.records[index];
    let offset = batch.offset_of(index);
    let size = |bytes: Option<&[u8]>| bytes.map_or(-1, |bytes| i64::try_from(bytes.len()).unwrap_or(i64::MAX));
    let delta = u32::try_from(offset.since(batch.base_offset)).expect("an offset delta is an int32");
    let sequence = batch.producer.map_or(-1, |stamp| i64::from(stamp.sequence_at(delta).0));
    let headers: Vec<&str> = record.headers.iter().map(|header| header.key.as_ref()).collect();
    let mut line = format!(
        "| offset: {offset} {}: {} keySize: {} valueSize: {} sequence: {sequence} headerKeys: [{}]",
        timestamp_type(batch),
        wire_timestamp_ms(batch.timestamp_of(index)),
        size(record.key.as_deref()),
        size(record.value.as_deref()),
        headers.join(","),
    );
    if batch.control.is_some() {
        line.push_str(&marker(record));
    } else if records == DumpRecords::Contents {
        for (name, bytes) in [("key", &record.key), ("payload", &record.value)] {
            if let Some(bytes) = bytes {
                line.push_str(&format!(" {name}: {}", String::from_utf8_lossy(bytes)));
            }
        }
    }
    line.push('\n');
    line
}

/// The key of a control record is version and type, two bytes each; a transaction marker's value is a version and the
/// coordinator's epoch.
fn marker(record: &crate::engine::record::Record) -> String {
    let kind = record.key.as_deref().and_then(|key| key.get(2..4)).map(|kind| i16::from_be_bytes([kind[0], kind[1]]));
    let word = match kind {
        Some(0) => "ABORT",
        Some(1) => "COMMIT",
        other => return format!(" controlType: {}", other.unwrap_or(-1)),
    };
    let epoch = record
        .value
        .as_deref()
        .and_then(|value| value.get(2..6))
        .map_or(0, |epoch| i32::from_be_bytes([epoch[0], epoch[1], epoch[2], epoch[3]]));
    format!(" endTxnMarker: {word} coordinatorEpoch: {epoch}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::common::{LeaderEpoch, ProducerEpoch, ProducerId, Sequence, Time};
    use crate::engine::record::{Control, ProducerStamp, Record};

    /// The second vector of the fact sheet's §1.2 in the format of its §11.6.
    #[test]
    fn a_batch_is_one_line_and_its_records_follow() {
        let at = |millis: u64| Time(millis * 1_000);
        let stamp = ProducerStamp {
            producer_id: ProducerId(1_000),
            producer_epoch: ProducerEpoch(0),
            base_sequence: Sequence(0),
        };
        let records = [
            Record::new(Some(b"a"), Some(b"1"), at(0)),
            Record::new(None, Some(b"22"), at(10)),
            Record::new(Some(b"c"), None, at(20)),
        ];
        let batch = RecordBatch::new(records, Some(stamp)).stamped(Offset(5), LeaderEpoch(3));
        assert_eq!(
            batch_line(&batch, 0),
            "baseOffset: 5 lastOffset: 7 count: 3 baseSequence: 0 lastSequence: 2 producerId: 1000 producerEpoch: 0 \
             partitionLeaderEpoch: 3 isTransactional: false isControl: false deleteHorizonMs: OptionalLong.empty \
             position: 0 CreateTime: 1700000000020 size: 87 magic: 2 compresscodec: none crc: 743115961 isvalid: true\n"
        );
        let line = |index| record_line(&batch, index, DumpRecords::Contents);
        assert_eq!(
            line(0),
            "| offset: 5 CreateTime: 1700000000000 keySize: 1 valueSize: 1 sequence: 0 headerKeys: [] key: a payload: 1\n"
        );
        assert_eq!(
            line(1),
            "| offset: 6 CreateTime: 1700000000010 keySize: -1 valueSize: 2 sequence: 1 headerKeys: [] payload: 22\n"
        );
        assert_eq!(
            line(2),
            "| offset: 7 CreateTime: 1700000000020 keySize: 1 valueSize: -1 sequence: 2 headerKeys: [] key: c\n"
        );
    }

    #[test]
    fn markers_are_told_by_their_word() {
        let marker = Record::new(Some(&[0, 0, 0, 1]), Some(&[0, 0, 0, 0, 0, 7]), Time::ZERO);
        let control = Control::TransactionMarker { producer_id: ProducerId(1), producer_epoch: ProducerEpoch(0) };
        let batch = RecordBatch::control(marker, control).stamped(Offset(0), LeaderEpoch(0));
        let line = record_line(&batch, 0, DumpRecords::Contents);
        assert!(line.ends_with("headerKeys: [] endTxnMarker: COMMIT coordinatorEpoch: 7\n"), "{line}");
    }
}
