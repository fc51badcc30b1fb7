//! What a replica remembers of the producers that write to its log (`ProducerStateManager`, `ProducerStateEntry`,
//! `ProducerAppendInfo`): by that a leader tells a batch that was sent again from one that is new.
//!
//! Nothing of it travels by itself: a follower reads it off the headers of the batches it copies, and a broker that
//! starts reads it off a snapshot file and the batches behind it. Leader and follower thus know the same, as far as
//! their logs are the same.
//!
//! Holds always: what is known is the sum of the batches before `map_end`, less what has expired; a snapshot holds of
//! each producer its last batch only. So a replica that had to read its snapshot again recognises fewer duplicates than
//! one that has run all along.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::log_segment::LogSegment;
use crate::engine::common::{ErrorCode, Offset, ProducerEpoch, ProducerId, Sequence, Span, Time};
use crate::engine::config::KafkaVersion;
use crate::engine::record::RecordBatch;

/// `ProducerStateEntry.NUM_BATCHES_TO_RETAIN`: as many as a producer may have in flight.
pub const BATCHES_TO_RETAIN: usize = 5;

/// A batch of a producer in the log, as far as it must be recognised (`BatchMetadata`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BatchMetadata {
    pub last_sequence: Sequence,
    pub last_offset: Offset,
    /// From its first offset to its last, and from its first sequence to its last.
    pub offset_delta: u32,
    pub timestamp: Time,
}

impl BatchMetadata {
    #[must_use]
    pub fn first_sequence(&self) -> Sequence {
        self.last_sequence.minus(self.offset_delta)
    }

    #[must_use]
    pub fn first_offset(&self) -> Offset {
        Offset(self.last_offset.0 - u64::from(self.offset_delta))
    }
}

/// One producer in one partition (`ProducerStateEntry`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProducerStateEntry {
    epoch: ProducerEpoch,
    /// Newest timestamp of its last batch: it expires by this clock.
    last_timestamp: Time,
    /// Of this epoch, oldest first; at least one, at most [`BATCHES_TO_RETAIN`].
    batches: VecDeque<BatchMetadata>,
}

impl ProducerStateEntry {
    #[must_use]
    pub fn epoch(&self) -> ProducerEpoch {
        self.epoch
    }

    #[must_use]
    pub fn last_timestamp(&self) -> Time {
        self.last_timestamp
    }

    /// The batches that would be recognised, oldest first.
    pub fn batches(&self) -> impl DoubleEndedIterator<Item = &BatchMetadata> + ExactSizeIterator {
        self.batches.iter()
    }

    #[must_use]
    pub fn last_batch(&self) -> &BatchMetadata {
        self.batches.back().expect("a producer is known by a batch of its")
    }

    fn add(&mut self, epoch: ProducerEpoch, batch: BatchMetadata) {
        if self.epoch != epoch {
            self.batches.clear();
            self.epoch = epoch;
        }
        if self.batches.len() == BATCHES_TO_RETAIN {
            self.batches.pop_front();
        }
        self.batches.push_back(batch);
        self.last_timestamp = batch.timestamp;
    }

    /// As a snapshot keeps it.
    fn last_only(&self) -> Self {
        Self { batches: VecDeque::from([*self.last_batch()]), ..*self }
    }

    fn has_expired(&self, now: Time, expiration: Span) -> bool {
        now.since(self.last_timestamp) >= expiration
    }
}

/// The broker's settings that concern producer state (`ProducerStateManagerConfig`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProducerStateManagerConfig {
    /// `producer.id.expiration.ms`
    pub expiration: Span,
    pub version: KafkaVersion,
}

impl Default for ProducerStateManagerConfig {
    fn default() -> Self {
        Self { expiration: Span::secs(86_400), version: KafkaVersion::default() }
    }
}

/// The content of a `.snapshot` file.
pub type ProducerSnapshot = Arc<[(ProducerId, ProducerStateEntry)]>;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProducerStateManager {
    config: ProducerStateManagerConfig,
    producers: BTreeMap<ProducerId, ProducerStateEntry>,
    /// The `.snapshot` files by the offset in their names: what the batches before it add up to.
    snapshots: BTreeMap<Offset, ProducerSnapshot>,
    /// Batches before this are in `producers`.
    map_end: Offset,
    /// Of the newest snapshot; nothing is written twice.
    last_snapshot: Offset,
    /// The snapshot that was read last, if any was since this process began.
    loaded_from: Option<Offset>,
}

impl ProducerStateManager {
    // ---- looking in ----------------------------------------------------------------------------------------------

    /// Everybody who is known, by id.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (ProducerId, &ProducerStateEntry)> {
        self.producers.iter().map(|(id, entry)| (*id, entry))
    }

    #[must_use]
    pub fn get(&self, id: ProducerId) -> Option<&ProducerStateEntry> {
        self.producers.get(&id)
    }

    /// The `.snapshot` files, by offset.
    pub fn snapshots(&self) -> impl DoubleEndedIterator<Item = (Offset, &ProducerSnapshot)> + ExactSizeIterator {
        self.snapshots.iter().map(|(offset, snapshot)| (*offset, snapshot))
    }

    /// The snapshot from which what is known was read, if it was: of batches before it only the last of each producer is
    /// recognised.
    #[must_use]
    pub fn loaded_from(&self) -> Option<Offset> {
        self.loaded_from
    }

    pub(super) fn configure(&mut self, config: ProducerStateManagerConfig) {
        self.config = config;
    }

    // ---- appending -----------------------------------------------------------------------------------------------

    /// What a client's batch is to this log, asked before it is written: news (`None`), or one that stands there already
    /// (`UnifiedLog.analyzeAndValidateProducerState`, `ProducerAppendInfo.checkSequence`).
    ///
    /// # Errors
    /// INVALID_PRODUCER_EPOCH for an epoch that has been left behind, OUT_OF_ORDER_SEQUENCE_NUMBER for a gap; before 2.5
    /// UNKNOWN_PRODUCER_ID for a sequence that cannot be judged.
    pub(super) fn analyze(&self, batch: &RecordBatch) -> Result<Option<BatchMetadata>, ErrorCode> {
        let Some(stamp) = batch.producer else { return Ok(None) };
        let first = stamp.base_sequence;
        let Some(entry) = self.producers.get(&stamp.producer_id) else {
            let is_refused = first != Sequence(0) && self.config.version.refuses_unknown_producers();
            return if is_refused { Err(ErrorCode::UnknownProducerId) } else { Ok(None) };
        };
        if stamp.producer_epoch < entry.epoch {
            return Err(ErrorCode::InvalidProducerEpoch);
        }
        let follows = if stamp.producer_epoch == entry.epoch {
            let last = batch.last_sequence();
            let is_same = |known: &&BatchMetadata| known.first_sequence() == first && Some(known.last_sequence) == last;
            if let Some(duplicate) = entry.batches.iter().find(is_same) {
                return Ok(Some(*duplicate));
            }
            entry.last_batch().last_sequence.plus(1)
        } else {
            Sequence(0)
        };
        if first == follows { Ok(None) } else { Err(ErrorCode::OutOfOrderSequence) }
    }

    /// The batch is in the log now, whoever wrote it there.
    pub(super) fn update(&mut self, batch: &RecordBatch) {
        self.map_end = batch.next_offset();
        let (Some(stamp), Some(last_sequence)) = (batch.producer, batch.last_sequence()) else { return };
        let added = BatchMetadata {
            last_sequence,
            last_offset: batch.last_offset(),
            offset_delta: batch.last_offset_delta(),
            timestamp: batch.max_timestamp,
        };
        let new = || ProducerStateEntry {
            epoch: stamp.producer_epoch,
            last_timestamp: batch.max_timestamp,
            batches: VecDeque::new(),
        };
        self.producers.entry(stamp.producer_id).or_insert_with(new).add(stamp.producer_epoch, added);
    }

    /// Forgets who has been silent for `producer.id.expiration.ms`; tells whom.
    pub(super) fn remove_expired_producers(&mut self, now: Time) -> Vec<ProducerId> {
        let expiration = self.config.expiration;
        let expired: Vec<ProducerId> =
            self.iter().filter(|(_, entry)| entry.has_expired(now, expiration)).map(|(id, _)| id).collect();
        for id in &expired {
            self.producers.remove(id);
        }
        expired
    }

    // ---- snapshots -----------------------------------------------------------------------------------------------

    /// Writes `<map end>.snapshot`, unless nothing has come since the last one.
    pub(super) fn take_snapshot(&mut self) {
        if self.map_end > self.last_snapshot {
            let snapshot = self.producers.iter().map(|(id, entry)| (*id, entry.last_only())).collect();
            self.snapshots.insert(self.map_end, snapshot);
            self.last_snapshot = self.map_end;
        }
    }

    /// A new segment begins at `base_offset`: a recovery may have to begin there, too (`UnifiedLog.roll`).
    pub(super) fn rolled(&mut self, base_offset: Offset) {
        self.map_end = base_offset;
        self.take_snapshot();
    }

    /// A segment goes, and with it the snapshot of the same name.
    pub(super) fn segment_deleted(&mut self, base_offset: Offset) {
        self.snapshots.remove(&base_offset);
    }

    /// The log begins later now. Until 2.4 producers went with their last record.
    pub(super) fn log_start_moved(&mut self, log_start: Offset) {
        if self.config.version.forgets_producers_with_their_records() {
            for entry in self.producers.values_mut() {
                let stays = entry.batches.iter().skip_while(|batch| batch.last_offset < log_start).copied().collect();
                entry.batches = stays;
            }
            self.producers.retain(|_, entry| !entry.batches.is_empty());
            self.snapshots = self.snapshots.split_off(&log_start);
        }
        self.map_end = self.map_end.max(log_start);
        self.last_snapshot = self.snapshots.last_key_value().map_or(log_start, |(offset, _)| *offset);
    }

    /// The process is gone, and what it had in memory; of the files those stay that describe what `end` leaves.
    pub(super) fn crash(&mut self, end: Offset) {
        self.snapshots.retain(|offset, _| *offset <= end);
        self.forget();
    }

    /// As a new process begins: with the files alone.
    pub(super) fn forget(&mut self) {
        self.producers.clear();
        self.map_end = Offset(0);
        self.last_snapshot = Offset(0);
        self.loaded_from = None;
    }

    /// `truncateFullyAndStartAt`
    pub(super) fn start_at(&mut self, offset: Offset) {
        self.snapshots.clear();
        self.forget();
        self.map_end = offset;
    }

    /// Of the snapshots that belong to no segment only the newest can be of use, and only beyond the last segment's base.
    pub(super) fn remove_stray_snapshots(&mut self, bases: &[Offset]) {
        let newest = self.snapshots.keys().rev().find(|offset| !bases.contains(offset)).copied();
        let kept = newest.filter(|offset| bases.last().is_none_or(|base| offset > base));
        self.snapshots.retain(|offset, _| bases.contains(offset) || Some(*offset) == kept);
    }

    // ---- rebuilding ----------------------------------------------------------------------------------------------

    /// What the log before `end` adds up to: the newest snapshot that is not beyond it, and the batches behind that
    /// (`UnifiedLog.rebuildProducerState`).
    pub(super) fn rebuild(&mut self, segments: &VecDeque<Arc<LogSegment>>, log_start: Offset, end: Offset, now: Time) {
        let knew_nobody = self.producers.is_empty() && self.map_end >= end;
        self.truncate_and_reload(log_start, end, now);
        if end > self.map_end && !knew_nobody {
            let worth_a_snapshot: Vec<Offset> =
                segments.iter().rev().take(2).map(|segment| segment.base_offset()).collect();
            let from = self.map_end;
            let behind = segments.iter().filter(|segment| segment.base_offset() < end && segment.next_offset() > from);
            for segment in behind {
                self.map_end = segment.base_offset().max(self.map_end).max(log_start);
                if worth_a_snapshot.contains(&segment.base_offset()) {
                    self.take_snapshot();
                }
                self.replay(segment, self.map_end, end);
            }
        }
        self.map_end = end;
        self.take_snapshot();
    }

    /// Reads the batches of a segment from `from` up to `end`.
    pub(super) fn replay(&mut self, segment: &LogSegment, from: Offset, end: Offset) {
        for batch in segment.batches_from(from).take_while(|batch| batch.base_offset < end) {
            self.update(batch);
        }
    }

    fn truncate_and_reload(&mut self, log_start: Offset, end: Offset, now: Time) {
        self.snapshots.retain(|offset, _| *offset <= end && *offset > log_start);
        if end == self.map_end {
            return self.log_start_moved(log_start);
        }
        self.producers.clear();
        let newest = self.snapshots.last_key_value().map(|(offset, snapshot)| (*offset, Arc::clone(snapshot)));
        self.loaded_from = newest.as_ref().map(|(offset, _)| *offset);
        let (offset, snapshot) = newest.unwrap_or_else(|| (log_start, Arc::default()));
        let forgets = self.config.version.forgets_producers_with_their_records();
        let stays = |entry: &ProducerStateEntry| {
            !entry.has_expired(now, self.config.expiration) && (!forgets || entry.last_batch().last_offset >= log_start)
        };
        self.producers = snapshot.iter().filter(|(_, entry)| stays(entry)).cloned().collect();
        self.map_end = offset;
        self.last_snapshot = offset;
    }
}

#[cfg(test)]
mod tests;
