//! Records on their way to one partition, gathered to travel together (`ProducerBatch`).
//!
//! A batch is filled, then sealed when it is drained, then sent as often as it takes. It keeps the ordinal of each of
//! its records, so that whatever becomes of the batch can be told of the records.

use std::sync::Arc;

use super::transaction_manager::Numbers;
use crate::engine::common::{LeaderEpoch, Span, Time, TopicPartition};
use crate::engine::record::{BATCH_OVERHEAD_BYTES, ProducerStamp, Record, RecordBatch, wire_timestamp_ms};

/// One record in the accumulator, with its number among all that the producer was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbered {
    pub ordinal: u64,
    pub record: Record,
}

/// A batch in the accumulator or on its way.
#[derive(Clone, Debug)]
pub struct ProducerBatch {
    partition: TopicPartition,
    records: Vec<Numbered>,
    /// The records as they travel, made when the batch is first drained.
    sealed: Option<RecordBatch>,
    /// Of an idempotent producer, from when it is first drained.
    stamp: Option<ProducerStamp>,
    /// Its numbers were changed since it was sent last.
    reopened: bool,
    created_at: Time,
    last_append_at: Time,
    last_attempt_at: Time,
    /// Not to be sent again before, unless the partition gets another leader.
    retry_at: Option<Time>,
    attempts: u32,
    size_in_bytes: u32,
    write_limit_bytes: u32,
    reserved_bytes: u64,
    closed: bool,
    is_split: bool,
    leader_epoch: Option<LeaderEpoch>,
    attempts_when_leader_changed: u32,
}

impl ProducerBatch {
    /// An empty batch that may be filled up to `write_limit_bytes` and takes `reserved_bytes` from the buffer pool.
    pub(super) fn new(partition: TopicPartition, now: Time, write_limit_bytes: u32, reserved_bytes: u64) -> Self {
        Self {
            partition,
            records: Vec::new(),
            sealed: None,
            stamp: None,
            reopened: false,
            created_at: now,
            last_append_at: now,
            last_attempt_at: now,
            retry_at: None,
            attempts: 0,
            size_in_bytes: BATCH_OVERHEAD_BYTES,
            write_limit_bytes,
            reserved_bytes,
            closed: false,
            is_split: false,
            leader_epoch: None,
            attempts_when_leader_changed: 0,
        }
    }

    // ---- filling ---------------------------------------------------------------------------------------------

    /// Adds a record if there is room; a batch that had to refuse one is closed for good
    /// (`RecordAccumulator.tryAppend`). Answers by how many bytes the batch grew.
    pub(super) fn try_append(&mut self, now: Time, record: Numbered) -> Result<u32, Numbered> {
        // The first record always fits: a batch is never empty, however small batch.size is.
        let added = self.size_of_next(&record.record);
        if self.is_full() || (!self.records.is_empty() && self.size_in_bytes + added > self.write_limit_bytes) {
            self.closed = true;
            return Err(record);
        }
        self.records.push(record);
        self.size_in_bytes += added;
        self.last_append_at = now;
        Ok(added)
    }

    /// The exact bytes `record` would take here: its deltas depend on the place.
    fn size_of_next(&self, record: &Record) -> u32 {
        let base = self.records.first().map_or(record.timestamp, |first| first.record.timestamp);
        let offset_delta = u32::try_from(self.records.len()).expect("a batch holds far fewer than 2^32 records");
        record.size_in_bytes(offset_delta, wire_timestamp_ms(record.timestamp) - wire_timestamp_ms(base))
    }

    /// No record will be added any more, or none fits (`MemoryRecordsBuilder.isFull`).
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.closed || (!self.records.is_empty() && self.size_in_bytes >= self.write_limit_bytes)
    }

    // ---- sending ---------------------------------------------------------------------------------------------

    /// Closes the batch and hands out what goes on the wire; the same bytes on every attempt, unless the producer's
    /// epoch was raised meanwhile.
    pub(super) fn seal(&mut self) -> RecordBatch {
        self.closed = true;
        self.reopened = false;
        let (records, stamp) = (&self.records, self.stamp);
        self.sealed
            .get_or_insert_with(|| {
                RecordBatch::new(records.iter().map(|one| one.record.clone()).collect::<Arc<[_]>>(), stamp)
            })
            .clone()
    }

    /// It is drained for the first time by an idempotent producer (`setProducerState`).
    pub(super) fn set_stamp(&mut self, stamp: ProducerStamp) {
        self.stamp = Some(stamp);
    }

    /// Its numbers have changed (`resetProducerState`).
    pub(super) fn reset_stamp(&mut self, stamp: ProducerStamp) {
        self.stamp = Some(stamp);
        self.reopened = true;
        if let Some(sealed) = &mut self.sealed {
            sealed.producer = Some(stamp);
        }
    }

    /// It goes back into the queue, to be sent again after `backoff`.
    pub(super) fn reenqueued(&mut self, now: Time, backoff: Span) {
        self.attempts += 1;
        self.last_attempt_at = now;
        self.retry_at = Some(now + backoff);
    }

    /// Notes who would get it now; see [`Self::backs_off_until`].
    pub(super) fn note_leader_epoch(&mut self, epoch: LeaderEpoch) {
        if self.leader_epoch.is_none_or(|known| known < epoch) {
            self.leader_epoch = Some(epoch);
            self.attempts_when_leader_changed = self.attempts;
        }
    }

    /// Until when a batch that failed is held back; `None` if it may go. A retry does not wait if the leader has
    /// changed meanwhile: the back-off was meant for the old one (KIP-951).
    #[must_use]
    pub fn backs_off_until(&self, now: Time) -> Option<Time> {
        let is_for_a_new_leader = self.attempts > 0 && self.attempts_when_leader_changed == self.attempts;
        self.retry_at.filter(|retry_at| *retry_at > now && !is_for_a_new_leader)
    }

    /// The records in smaller batches of up to `size_bytes`, as young as this one and not yet tried; their memory is
    /// not counted, as in Kafka (`ProducerBatch.split`).
    pub(super) fn split(self, size_bytes: u32) -> Vec<Self> {
        let mut parts: Vec<Self> = Vec::new();
        for record in self.records {
            let record = match parts.last_mut() {
                None => record,
                Some(part) => match part.try_append(self.created_at, record) {
                    Ok(_) => continue,
                    Err(record) => record,
                },
            };
            let limit = record.record.batch_size_upper_bound_in_bytes().max(size_bytes);
            let mut part = Self::new(self.partition, self.created_at, limit, 0);
            part.is_split = true;
            let before = parts.iter().map(Self::record_count).sum();
            let stamp = self.stamp;
            part.stamp = stamp.map(|stamp| ProducerStamp { base_sequence: stamp.sequence_at(before), ..stamp });
            part.try_append(self.created_at, record).expect("a new batch takes its first record");
            parts.push(part);
        }
        for part in &mut parts {
            part.closed = true;
        }
        parts
    }

    // ---- looking in ------------------------------------------------------------------------------------------

    #[must_use]
    pub fn partition(&self) -> TopicPartition {
        self.partition
    }

    #[must_use]
    pub fn records(&self) -> &[Numbered] {
        &self.records
    }

    /// Producer id, epoch and first sequence, once it has them.
    #[must_use]
    pub fn stamp(&self) -> Option<ProducerStamp> {
        self.stamp
    }

    /// What the transaction manager has to know of it; `None` without idempotence and before it was drained.
    pub(super) fn numbers(&self) -> Option<Numbers> {
        let (partition, records, is_reset) = (self.partition, self.record_count(), self.reopened);
        self.stamp.map(|stamp| Numbers { partition, stamp, records, is_reset })
    }

    /// How many records it holds.
    #[must_use]
    pub fn record_count(&self) -> u32 {
        u32::try_from(self.records.len()).expect("a batch holds far fewer than 2^32 records")
    }

    /// Number of its first record.
    #[must_use]
    pub fn first_ordinal(&self) -> u64 {
        self.records.first().expect("a batch in the accumulator has a record").ordinal
    }

    /// Numbers of its records, in order.
    #[must_use]
    pub fn ordinals(&self) -> Vec<u64> {
        self.records.iter().map(|one| one.ordinal).collect()
    }

    /// Bytes it takes in a request and in a log.
    #[must_use]
    pub fn size_in_bytes(&self) -> u32 {
        self.size_in_bytes
    }

    /// Up to where it may be filled: `batch.size`, or more for a single large record.
    #[must_use]
    pub fn write_limit_bytes(&self) -> u32 {
        self.write_limit_bytes
    }

    /// Bytes of `buffer.memory` it keeps until it is done.
    #[must_use]
    pub fn reserved_bytes(&self) -> u64 {
        self.reserved_bytes
    }

    /// `delivery.timeout.ms` counts from here.
    #[must_use]
    pub fn created_at(&self) -> Time {
        self.created_at
    }

    /// When it was put back last, or created: `linger.ms` counts from here.
    #[must_use]
    pub fn last_attempt_at(&self) -> Time {
        self.last_attempt_at
    }

    /// When a record was last added.
    #[must_use]
    pub fn last_append_at(&self) -> Time {
        self.last_append_at
    }

    /// How often it has failed so far.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Was it made by splitting one that a broker found too large?
    #[must_use]
    pub fn is_split(&self) -> bool {
        self.is_split
    }

    /// The largest record, as a batch of its own.
    #[must_use]
    pub fn max_record_size_bytes(&self) -> u32 {
        self.records.iter().map(|one| one.record.batch_size_upper_bound_in_bytes()).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::common::TopicId;

    const PARTITION: TopicPartition =
        TopicPartition { topic: TopicId(0), partition: crate::engine::common::PartitionId(0) };

    fn record(ordinal: u64, bytes: usize) -> Numbered {
        Numbered { ordinal, record: Record::new(None, Some(&vec![b'x'; bytes]), Time::ZERO) }
    }

    #[test]
    fn its_size_is_that_of_the_sealed_batch() {
        let mut batch = ProducerBatch::new(PARTITION, Time::ZERO, 16_384, 16_384);
        for ordinal in 0..100 {
            let mut late = record(ordinal, 20);
            late.record.timestamp = Time::ZERO + Span::millis(ordinal * 3);
            batch.try_append(Time::ZERO, late).unwrap();
        }
        assert_eq!(batch.seal().size_in_bytes(), batch.size_in_bytes());
        assert_eq!(batch.seal().len(), 100);
    }

    #[test]
    fn the_first_record_always_fits_and_a_refusal_closes() {
        let mut batch = ProducerBatch::new(PARTITION, Time::ZERO, 100, 100);
        assert!(batch.try_append(Time::ZERO, record(0, 500)).is_ok() && batch.is_full());
        let mut batch = ProducerBatch::new(PARTITION, Time::ZERO, 100, 100);
        batch.try_append(Time::ZERO, record(0, 10)).unwrap();
        assert!(!batch.is_full());
        // 61 bytes of header, 17 of this record, 89 of the next: too much. A smaller one would still fit, but no.
        assert_eq!(batch.size_in_bytes(), 61 + 17);
        assert!(batch.try_append(Time::ZERO, record(1, 80)).is_err() && batch.is_full());
        assert!(batch.try_append(Time::ZERO, record(2, 1)).is_err());
    }

    #[test]
    fn parts_of_a_split_keep_order_age_and_size_limit() {
        let mut batch = ProducerBatch::new(PARTITION, Time(5), 16_384, 16_384);
        for ordinal in 0..10 {
            batch.try_append(Time(6), record(ordinal, 100)).unwrap();
        }
        let parts = batch.split(350);
        // 61 + 2 × 109 = 279 fit, a third record does not.
        let ordinals: Vec<Vec<u64>> = parts.iter().map(ProducerBatch::ordinals).collect();
        assert_eq!(ordinals, [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9]]);
        for part in &parts {
            assert!(part.size_in_bytes() <= 350 && part.is_full() && part.is_split());
            assert_eq!((part.created_at(), part.attempts(), part.reserved_bytes()), (Time(5), 0, 0));
        }
    }

    #[test]
    fn a_retry_waits_unless_the_leader_has_changed() {
        let mut batch = ProducerBatch::new(PARTITION, Time::ZERO, 16_384, 16_384);
        batch.try_append(Time::ZERO, record(0, 1)).unwrap();
        batch.note_leader_epoch(LeaderEpoch(3));
        assert_eq!(batch.backs_off_until(Time::ZERO), None);
        let failed_at = Time::ZERO + Span::millis(10);
        batch.reenqueued(failed_at, Span::millis(100));
        batch.note_leader_epoch(LeaderEpoch(3));
        assert_eq!(batch.backs_off_until(failed_at), Some(failed_at + Span::millis(100)));
        assert_eq!(batch.backs_off_until(failed_at + Span::millis(100)), None);
        batch.note_leader_epoch(LeaderEpoch(4));
        assert_eq!(batch.backs_off_until(failed_at), None);
        // The next failure waits again.
        batch.reenqueued(failed_at, Span::millis(200));
        assert_eq!(batch.backs_off_until(failed_at), Some(failed_at + Span::millis(200)));
    }
}
