//! A record batch, format version 2 (`DefaultRecordBatch`): the unit that is produced, stored, replicated, fetched.
//!
//! A batch is sealed when it is made. The leader's append changes three header fields and nothing else, so the
//! records of one batch are shared by every buffer, message and replica that holds them. Offsets are dense when the
//! batch is written and may have holes once the log cleaner has been through it; its last offset stays either way.

use std::sync::Arc;

use super::record::{Record, wire_timestamp_ms};
use crate::engine::common::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, ProducerIdAndEpoch, Sequence, Time};

/// Bytes of a batch before its first record (`DefaultRecordBatch.RECORD_BATCH_OVERHEAD`).
pub const BATCH_OVERHEAD_BYTES: u32 = 61;

/// Kafka's −1 for a batch that has no record left to take its base timestamp from.
const NO_TIMESTAMP_MS: i64 = -1;

/// Whose clock `max_timestamp` shows (`message.timestamp.type`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TimestampType {
    /// The producing program's.
    #[default]
    CreateTime,
    /// The leader's at append; it stands for every record of the batch.
    LogAppendTime,
}

/// What an idempotent producer writes into the header so that the leader can tell a retry from news (KIP-98).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ProducerStamp {
    pub producer_id: ProducerId,
    pub producer_epoch: ProducerEpoch,
    /// Sequence of the first record; each further offset counts one up.
    pub base_sequence: Sequence,
}

impl ProducerStamp {
    /// The sequence of the record `offset_delta` places after the first.
    #[must_use]
    pub fn sequence_at(self, offset_delta: u32) -> Sequence {
        self.base_sequence.plus(offset_delta)
    }

    /// Who stamped the batch.
    #[must_use]
    pub fn producer(self) -> ProducerIdAndEpoch {
        ProducerIdAndEpoch { id: self.producer_id, epoch: self.producer_epoch }
    }
}

/// Who wrote a control batch. Its record takes an offset and is never handed to an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Control {
    /// COMMIT or ABORT, written for a producer by the transaction coordinator. It has no sequence.
    TransactionMarker { producer_id: ProducerId, producer_epoch: ProducerEpoch },
    /// LEADER_CHANGE, snapshot header and footer: the metadata quorum's own.
    Quorum,
}

/// One batch. Cloning and stamping share the records.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RecordBatch {
    /// Offset of the first record as written; zero until the leader has appended the batch.
    pub base_offset: Offset,
    /// The leader's epoch at append; zero, and −1 on the wire, before that.
    pub partition_leader_epoch: LeaderEpoch,
    /// The latest record's timestamp, or the leader's clock at append: see `timestamp_type`.
    pub max_timestamp: Time,
    pub timestamp_type: TimestampType,
    /// Present if an idempotent producer wrote the batch.
    pub producer: Option<ProducerStamp>,
    /// Written inside a transaction, markers included.
    pub is_transactional: bool,
    /// Present on control batches only.
    pub control: Option<Control>,
    /// When the cleaner may drop the batch's tombstones or marker (KIP-534).
    pub delete_horizon: Option<Time>,
    pub records: Arc<[Record]>,
    /// Has a leader placed this batch in a log?
    pub(super) is_stamped: bool,
    pub(super) last_offset_delta: u32,
    /// Each record's distance from the base, or `None` while that is simply its index.
    pub(super) offset_deltas: Option<Arc<[u32]>>,
    pub(super) size_in_bytes: u32,
}

impl RecordBatch {
    /// A batch as a producer sends it; `producer` is there if the producer is idempotent.
    ///
    /// # Panics
    /// If there are no records: only compaction leaves a batch empty.
    #[must_use]
    pub fn new(records: impl Into<Arc<[Record]>>, producer: Option<ProducerStamp>) -> Self {
        let records = records.into();
        let max_timestamp = latest(&records).expect("a batch is made of at least one record");
        let last_offset_delta = delta_of(records.len() - 1);
        let batch = Self {
            base_offset: Offset(0),
            partition_leader_epoch: LeaderEpoch(0),
            max_timestamp,
            timestamp_type: TimestampType::CreateTime,
            producer,
            is_transactional: false,
            control: None,
            delete_horizon: None,
            records,
            is_stamped: false,
            last_offset_delta,
            offset_deltas: None,
            size_in_bytes: 0,
        };
        batch.measured()
    }

    /// A batch written inside a transaction.
    #[must_use]
    pub fn transactional(records: impl Into<Arc<[Record]>>, producer: ProducerStamp) -> Self {
        Self { is_transactional: true, ..Self::new(records, Some(producer)) }
    }

    /// A control batch of one record, whose key tells its type.
    #[must_use]
    pub fn control(record: Record, control: Control) -> Self {
        let is_transactional = matches!(control, Control::TransactionMarker { .. });
        Self { is_transactional, control: Some(control), ..Self::new([record], None) }
    }

    /// This batch as the leader appends it: placed at `base_offset`, under its epoch.
    #[must_use]
    pub fn stamped(&self, base_offset: Offset, leader_epoch: LeaderEpoch) -> Self {
        Self { base_offset, partition_leader_epoch: leader_epoch, is_stamped: true, ..self.clone() }
    }

    /// This batch in a topic with `message.timestamp.type=LogAppendTime`: the leader's clock replaces the records'
    /// timestamps, by one header field and one attribute bit.
    #[must_use]
    pub fn with_log_append_time(self, now: Time) -> Self {
        Self { timestamp_type: TimestampType::LogAppendTime, max_timestamp: now, ..self }
    }

    /// This batch as the cleaner leaves it: records for which `keep` is false are gone, the rest keep their offsets,
    /// and the last offset stays, so that the producer's last sequence survives (`MemoryRecords.filterTo`).
    /// The result may be empty; whether such a husk stays in the log is the cleaner's decision.
    #[must_use]
    pub fn retain(&self, delete_horizon: Option<Time>, mut keep: impl FnMut(Offset, &Record) -> bool) -> Self {
        let mut records = Vec::new();
        let mut offset_deltas = Vec::new();
        for (index, record) in self.records.iter().enumerate() {
            if keep(self.offset_of(index), record) {
                records.push(record.clone());
                offset_deltas.push(self.offset_delta_of(index));
            }
        }
        if records.len() == self.records.len() && delete_horizon == self.delete_horizon {
            return self.clone();
        }
        let is_dense = records.len() == self.last_offset_delta as usize + 1;
        let max_timestamp = match self.timestamp_type {
            TimestampType::CreateTime => latest(&records).unwrap_or(self.max_timestamp),
            TimestampType::LogAppendTime => self.max_timestamp,
        };
        // A husk has no deltas to rest on the horizon; Kafka's `writeEmptyHeader` drops the attribute.
        let delete_horizon = delete_horizon.filter(|_| !records.is_empty());
        let batch = Self {
            max_timestamp,
            delete_horizon,
            records: records.into(),
            offset_deltas: (!is_dense).then(|| offset_deltas.into()),
            ..self.clone()
        };
        batch.measured()
    }

    /// Records in the batch: fewer than its offsets after compaction.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// True only of what compaction left behind.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Offset of the last record as written, even if compaction took that record away.
    #[must_use]
    pub fn last_offset(&self) -> Offset {
        self.base_offset.plus(u64::from(self.last_offset_delta))
    }

    /// The offset that follows the batch.
    #[must_use]
    pub fn next_offset(&self) -> Offset {
        self.last_offset().next()
    }

    /// How far the last offset lies from the base.
    #[must_use]
    pub fn last_offset_delta(&self) -> u32 {
        self.last_offset_delta
    }

    /// Sequence of the last record as written, if an idempotent producer wrote the batch.
    #[must_use]
    pub fn last_sequence(&self) -> Option<Sequence> {
        self.producer.map(|stamp| stamp.sequence_at(self.last_offset_delta))
    }

    /// Id and epoch of the producer that wrote the batch or that its marker is about.
    #[must_use]
    pub fn producer_id_and_epoch(&self) -> Option<(ProducerId, ProducerEpoch)> {
        match (self.producer, self.control) {
            (Some(stamp), _) => Some((stamp.producer_id, stamp.producer_epoch)),
            (None, Some(Control::TransactionMarker { producer_id, producer_epoch })) => {
                Some((producer_id, producer_epoch))
            }
            (None, Some(Control::Quorum) | None) => None,
        }
    }

    /// Bytes of the batch in a log, in a request, in a response: they are the same everywhere.
    #[must_use]
    pub fn size_in_bytes(&self) -> u32 {
        self.size_in_bytes
    }

    /// Offset of the record at `index`.
    ///
    /// # Panics
    /// If the batch has no such record.
    #[must_use]
    pub fn offset_of(&self, index: usize) -> Offset {
        assert!(index < self.records.len(), "record {index} of a batch of {}", self.records.len());
        self.base_offset.plus(u64::from(self.offset_delta_of(index)))
    }

    /// Timestamp that a consumer sees on the record at `index`.
    ///
    /// # Panics
    /// If the batch has no such record.
    #[must_use]
    pub fn timestamp_of(&self, index: usize) -> Time {
        match self.timestamp_type {
            TimestampType::CreateTime => self.records[index].timestamp,
            TimestampType::LogAppendTime => self.max_timestamp,
        }
    }

    /// Every record with its offset, in offset order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (Offset, &Record)> {
        self.records.iter().enumerate().map(|(index, record)| (self.offset_of(index), record))
    }

    pub(super) fn offset_delta_of(&self, index: usize) -> u32 {
        self.offset_deltas.as_ref().map_or_else(|| delta_of(index), |deltas| deltas[index])
    }

    /// What every record's timestamp is counted from: the first record's, unless the cleaner has put its delete
    /// horizon in that place.
    pub(super) fn base_timestamp_ms(&self) -> i64 {
        self.delete_horizon
            .or_else(|| self.records.first().map(|record| record.timestamp))
            .map_or(NO_TIMESTAMP_MS, wire_timestamp_ms)
    }

    pub(super) fn timestamp_delta_ms_of(&self, index: usize) -> i64 {
        wire_timestamp_ms(self.records[index].timestamp) - self.base_timestamp_ms()
    }

    /// 61 bytes and the records (`DefaultRecordBatch.sizeInBytes`), computed once: brokers ask at every turn.
    pub(super) fn measured(self) -> Self {
        let records: u32 = (self.records.iter().enumerate())
            .map(|(index, record)| record.size_in_bytes(self.offset_delta_of(index), self.timestamp_delta_ms_of(index)))
            .sum();
        Self { size_in_bytes: BATCH_OVERHEAD_BYTES + records, ..self }
    }
}

fn latest(records: &[Record]) -> Option<Time> {
    records.iter().map(|record| record.timestamp).max()
}

/// Offset deltas are int32 on Kafka's wire.
fn delta_of(index: usize) -> u32 {
    i32::try_from(index).expect("a batch holds far fewer than 2^31 records").cast_unsigned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(key: &str, value: &str, millis: u64) -> Record {
        Record::new(Some(key.as_bytes()), Some(value.as_bytes()), Time(millis * 1_000))
    }

    fn stamp(base_sequence: u32) -> ProducerStamp {
        ProducerStamp {
            producer_id: ProducerId(7),
            producer_epoch: ProducerEpoch(0),
            base_sequence: Sequence(base_sequence),
        }
    }

    #[test]
    fn stamping_places_the_batch_and_shares_its_records() {
        let sent = RecordBatch::new([record("a", "1", 3), record("b", "2", 9), record("c", "3", 5)], Some(stamp(4)));
        let appended = sent.stamped(Offset(10), LeaderEpoch(2));
        assert!(Arc::ptr_eq(&sent.records, &appended.records));
        assert_eq!((appended.base_offset, appended.partition_leader_epoch), (Offset(10), LeaderEpoch(2)));
        assert_eq!((appended.last_offset(), appended.next_offset()), (Offset(12), Offset(13)));
        assert_eq!(appended.iter().map(|(offset, _)| offset.0).collect::<Vec<_>>(), [10, 11, 12]);
        assert_eq!((appended.max_timestamp, appended.len()), (Time(9_000), 3));
        assert_eq!(appended.last_sequence(), Some(Sequence(6)));
        assert_eq!(appended.size_in_bytes(), sent.size_in_bytes());
    }

    #[test]
    fn sequences_wrap_after_the_largest_int32() {
        assert_eq!(stamp(2_147_483_646).sequence_at(1), Sequence(2_147_483_647));
        assert_eq!(stamp(2_147_483_647).sequence_at(1), Sequence(0));
        assert_eq!(stamp(2_147_483_646).sequence_at(4), Sequence(2));
    }

    #[test]
    fn log_append_time_stands_for_every_record() {
        let batch = RecordBatch::new([record("a", "1", 1), record("b", "2", 2)], None).with_log_append_time(Time(777));
        assert_eq!((batch.timestamp_of(0), batch.timestamp_of(1)), (Time(777), Time(777)));
        assert_eq!(RecordBatch::new([record("a", "1", 1)], None).timestamp_of(0), Time(1_000));
    }

    #[test]
    fn compaction_leaves_holes_but_not_at_the_end_of_the_count() {
        let written = RecordBatch::new([record("a", "1", 1), record("b", "2", 2), record("a", "3", 9)], Some(stamp(0)));
        let batch = written.stamped(Offset(40), LeaderEpoch(1)).retain(None, |offset, _| offset == Offset(41));
        assert_eq!(batch.iter().map(|(offset, _)| offset.0).collect::<Vec<_>>(), [41]);
        assert_eq!((batch.base_offset, batch.last_offset(), batch.next_offset()), (Offset(40), Offset(42), Offset(43)));
        assert_eq!((batch.max_timestamp, batch.last_sequence()), (Time(2_000), Some(Sequence(2))));
        // A second pass goes on from the holes of the first.
        let again = batch.retain(None, |_, _| true);
        assert_eq!(again, batch);
        let husk = again.retain(None, |_, _| false);
        assert!(husk.is_empty());
        assert_eq!((husk.size_in_bytes(), husk.next_offset()), (61, Offset(43)));
        assert_eq!(husk.last_sequence(), Some(Sequence(2)));
    }

    #[test]
    #[should_panic(expected = "at least one record")]
    fn a_producer_sends_no_empty_batch() {
        let _ = RecordBatch::new(Vec::new(), None);
    }
}
