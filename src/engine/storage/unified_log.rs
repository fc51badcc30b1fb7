//! One replica's log of one partition (`UnifiedLog`).
//!
//! Holds always: log start ≤ high watermark ≤ log end; recovery point ≤ what is on the platter ≤ log end; segments rise
//! in offset without overlap, the last one takes appends, and there is at least one. The high watermark lives in memory
//! only: after a restart it is what the checkpoint says.

use std::collections::VecDeque;
use std::sync::Arc;

use super::leader_epoch_cache::LeaderEpochFileCache;
use super::log_segment::{LogSegment, RollParams};
use super::log_validator;
use super::producer_state::{ProducerStateManager, ProducerStateManagerConfig};
use crate::engine::common::{ErrorCode, LeaderEpoch, Mutation, Offset, ProducerId, Span, Time};
use crate::engine::config::{TimestampType, TopicConfig};
use crate::engine::protocol::EpochEnd;
use crate::engine::record::RecordBatch;

/// Segments are shared by `Arc`: a clone of the log copies only the one that is appended to afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnifiedLog {
    pub(super) segments: VecDeque<Arc<LogSegment>>,
    pub(super) deleted: Vec<DeletedSegment>,
    pub(super) log_start_offset: Offset,
    pub(super) log_end_offset: Offset,
    pub(super) high_watermark: Offset,
    pub(super) recovery_point: Offset,
    /// What a power loss would leave. The broker forgets it when it dies; the disk does not.
    pub(super) on_platter: Offset,
    pub(super) last_flushed: Time,
    /// How often the log was cut: a flush that was asked for before says nothing about what was written since.
    pub(super) cuts: u32,
    pub(super) leader_epochs: LeaderEpochFileCache,
    pub(super) producers: ProducerStateManager,
}

/// A segment that is no longer part of the log; its files have the suffix `.deleted` until they are removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeletedSegment {
    pub segment: Arc<LogSegment>,
    /// `file.delete.delay.ms` after it was renamed.
    pub removed_at: Time,
}

/// What an append did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppendInfo {
    pub first_offset: Offset,
    pub last_offset: Offset,
    /// Base of the segment that was begun for it.
    pub rolled: Option<Offset>,
    /// `flush.messages` is reached: the append is not done before the disk says so.
    pub flush_due: bool,
    /// The batch stood in the log already, at these offsets, and nothing was written.
    pub is_duplicate: bool,
}

/// A flush to be asked of the disk: everything before `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Flush {
    pub end: Offset,
    /// Bytes that are not on the platter yet.
    pub bytes: u64,
    pub cuts: u32,
}

/// The offset lies before the log's start or beyond its end (`OffsetOutOfRangeException`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfRange;

impl UnifiedLog {
    /// An empty log, made at `now`.
    #[must_use]
    pub fn new(now: Time) -> Self {
        Self {
            segments: VecDeque::from([Arc::new(LogSegment::new(Offset(0), now, Span::ZERO))]),
            deleted: Vec::new(),
            log_start_offset: Offset(0),
            log_end_offset: Offset(0),
            high_watermark: Offset(0),
            recovery_point: Offset(0),
            on_platter: Offset(0),
            last_flushed: now,
            cuts: 0,
            leader_epochs: LeaderEpochFileCache::default(),
            producers: ProducerStateManager::default(),
        }
    }

    /// The earliest offset a client may read.
    #[must_use]
    pub fn log_start_offset(&self) -> Offset {
        self.log_start_offset
    }

    /// LEO: the offset the next record will get.
    #[must_use]
    pub fn log_end_offset(&self) -> Offset {
        self.log_end_offset
    }

    /// Consumers read below it.
    #[must_use]
    pub fn high_watermark(&self) -> Offset {
        self.high_watermark
    }

    /// All before it is known to be flushed: after an unclean stop the rest must be looked through.
    #[must_use]
    pub fn recovery_point(&self) -> Offset {
        self.recovery_point
    }

    /// A power loss cuts what lies beyond.
    #[must_use]
    pub fn on_platter(&self) -> Offset {
        self.on_platter
    }

    #[must_use]
    pub fn leader_epochs(&self) -> &LeaderEpochFileCache {
        &self.leader_epochs
    }

    /// What this replica knows of the producers that write to it.
    #[must_use]
    pub fn producers(&self) -> &ProducerStateManager {
        &self.producers
    }

    /// By base offset; the last one is active.
    pub fn segments(&self) -> impl DoubleEndedIterator<Item = &LogSegment> + ExactSizeIterator {
        self.segments.iter().map(Arc::as_ref)
    }

    /// Segments whose files wait to be removed.
    #[must_use]
    pub fn deleted_segments(&self) -> &[DeletedSegment] {
        &self.deleted
    }

    #[must_use]
    pub fn active_segment(&self) -> &LogSegment {
        self.segments.back().expect("a log has at least one segment")
    }

    pub(super) fn active_mut(&mut self) -> &mut LogSegment {
        Arc::make_mut(self.segments.back_mut().expect("a log has at least one segment"))
    }

    /// All batches on disk, by offset. The first may begin before the log start.
    pub fn batches(&self) -> impl DoubleEndedIterator<Item = &RecordBatch> {
        self.segments().flat_map(LogSegment::batches)
    }

    /// Bytes of all segments.
    #[must_use]
    pub fn size_in_bytes(&self) -> u64 {
        self.segments().map(LogSegment::size_in_bytes).sum()
    }

    // ---- appending -------------------------------------------------------------------------------------------

    /// The leader places `batch` at the log's end under its epoch.
    ///
    /// A batch that a producer sent before, and that is still remembered, is not written again.
    ///
    /// # Errors
    /// MESSAGE_TOO_LARGE beyond `max.message.bytes`, RECORD_LIST_TOO_LARGE beyond the segment size, what `LogValidator`
    /// refuses (INVALID_TIMESTAMP, INVALID_RECORD), and what does not fit the producer's earlier batches
    /// (OUT_OF_ORDER_SEQUENCE_NUMBER, INVALID_PRODUCER_EPOCH, UNKNOWN_PRODUCER_ID).
    pub fn append_as_leader(
        &mut self,
        batch: &RecordBatch,
        epoch: LeaderEpoch,
        now: Time,
        config: &TopicConfig,
    ) -> Result<AppendInfo, ErrorCode> {
        if batch.size_in_bytes() > config.max_message_bytes {
            return Err(ErrorCode::MessageTooLarge);
        }
        log_validator::validate(batch, now, config)?;
        if batch.size_in_bytes() > config.segment_size_bytes() {
            return Err(ErrorCode::RecordListTooLarge);
        }
        // Kafka rolls before it looks at sequences, so there even a batch that is not written may begin a segment.
        let known = self.producers.analyze(batch)?;
        if let Some(known) = known.filter(|_| !config.sabotage.breaks(Mutation::ForgetsDuplicates)) {
            let (first_offset, last_offset) = (known.first_offset(), known.last_offset);
            return Ok(AppendInfo { first_offset, last_offset, rolled: None, flush_due: false, is_duplicate: true });
        }
        let placed = batch.stamped(self.log_end_offset, epoch);
        let placed = match config.message_timestamp_type {
            TimestampType::CreateTime => placed,
            TimestampType::LogAppendTime => placed.with_log_append_time(now),
        };
        Ok(self.append(&[placed], now, config).expect("one batch was appended"))
    }

    /// A follower takes the leader's batches as they are, offsets and epochs included. `None` if there are none.
    ///
    /// # Panics
    /// If the batches do not continue the log: the fetcher asked for its log end offset and checked the answer.
    pub fn append_as_follower(
        &mut self,
        batches: &[RecordBatch],
        now: Time,
        config: &TopicConfig,
    ) -> Option<AppendInfo> {
        let first = batches.first()?;
        // The leader's log may begin in the middle of a batch (DeleteRecords); an empty follower begins with all of it
        // (`Partition.appendRecordsToFollowerOrFutureReplica`).
        let is_empty = self.log_end_offset == self.log_start_offset;
        if is_empty && first.base_offset < self.log_end_offset && first.next_offset() > self.log_end_offset {
            self.truncate_fully_and_start_at(first.base_offset, now);
        }
        self.append(batches, now, config)
    }

    /// One append call: the log is rolled at most once, before all of it.
    fn append(&mut self, batches: &[RecordBatch], now: Time, config: &TopicConfig) -> Option<AppendInfo> {
        let first_offset = batches.first()?.base_offset;
        let last_offset = batches.last()?.last_offset();
        let size = batches.iter().map(|batch| u64::from(batch.size_in_bytes())).sum();
        let max_timestamp = batches.iter().map(|batch| batch.max_timestamp).max()?;
        let params = RollParams { size, max_timestamp, last_offset, now };
        let rolled = self.active_segment().should_roll(params, config).then(|| self.roll(first_offset, now));
        for batch in batches {
            assert!(batch.base_offset >= self.log_end_offset, "a log is appended to in order, without overlap");
            self.leader_epochs.assign(batch.partition_leader_epoch, batch.base_offset);
            self.log_end_offset = batch.next_offset();
            self.producers.update(batch);
        }
        self.active_mut().append_all(batches, now, config);
        let flush_due = self.log_end_offset.since(self.recovery_point) >= config.flush_messages;
        Some(AppendInfo { first_offset, last_offset, rolled, flush_due, is_duplicate: false })
    }

    /// Seals the active segment and begins a new one. The sealed one is to be flushed in the background
    /// ([`Self::flush_before`]).
    pub(super) fn roll(&mut self, base_offset: Offset, now: Time) -> Offset {
        self.active_mut().seal();
        self.segments.push_back(Arc::new(LogSegment::new(base_offset, now, Span::ZERO)));
        self.producers.rolled(base_offset);
        base_offset
    }

    /// The active segment may close that much younger than `segment.ms`. Drawn by the caller when a segment begins.
    pub fn set_roll_jitter(&mut self, jitter: Span) {
        self.active_mut().set_roll_jitter(jitter);
    }

    // ---- flushing --------------------------------------------------------------------------------------------

    /// What the disk has to do so that all before `end` is safe; `None` if it is already.
    #[must_use]
    pub fn flush_before(&self, end: Offset) -> Option<Flush> {
        let end = end.min(self.log_end_offset);
        (end > self.recovery_point).then(|| Flush {
            end,
            bytes: self.segments().map(|segment| segment.bytes_between(self.on_platter, end)).sum(),
            cuts: self.cuts,
        })
    }

    /// The disk is done. Returns the recovery point if it moved.
    pub fn flushed(&mut self, flush: Flush, now: Time) -> Option<Offset> {
        if flush.cuts != self.cuts || flush.end <= self.recovery_point {
            return None;
        }
        self.recovery_point = flush.end;
        self.last_flushed = now;
        self.on_platter = self.on_platter.max(flush.end);
        Some(flush.end)
    }

    /// When the disk last said so, or when the log was opened.
    #[must_use]
    pub fn last_flushed(&self) -> Time {
        self.last_flushed
    }

    /// Is nothing left to wait for? A cut log answers yes: what was to be flushed is gone.
    #[must_use]
    pub fn is_flushed(&self, flush: Flush) -> bool {
        flush.cuts != self.cuts || flush.end <= self.recovery_point
    }

    /// The whole log is flushed at once: only a broker that stops in good order waits for its disk like this.
    pub fn flush_all(&mut self) {
        self.producers.take_snapshot();
        self.recovery_point = self.log_end_offset;
        self.on_platter = self.log_end_offset;
    }

    // ---- producers -------------------------------------------------------------------------------------------

    /// The broker's settings for producer state have been read, or have changed.
    pub fn configure_producer_state(&mut self, config: ProducerStateManagerConfig) {
        self.producers.configure(config);
    }

    /// Forgets the producers that were silent for `producer.id.expiration.ms`; tells whom.
    pub fn remove_expired_producers(&mut self, now: Time) -> Vec<ProducerId> {
        self.producers.remove_expired_producers(now)
    }

    // ---- marks -----------------------------------------------------------------------------------------------

    /// A new leader marks where its epoch begins, even before its first record, so that followers with records of
    /// later, lost epochs find out where to cut.
    pub fn assign_epoch_start_offset(&mut self, epoch: LeaderEpoch, start_offset: Offset) {
        self.leader_epochs.assign(epoch, start_offset);
    }

    /// `LeaderEpochFileCache::end_offset_for` with this log's end.
    #[must_use]
    pub fn end_offset_for_epoch(&self, epoch: LeaderEpoch) -> Option<EpochEnd> {
        self.leader_epochs.end_offset_for(epoch, self.log_end_offset)
    }

    /// A leader's high watermark only rises; returns the old one if it did.
    pub fn maybe_increment_high_watermark(&mut self, to: Offset) -> Option<Offset> {
        assert!(to <= self.log_end_offset, "nothing is committed that the leader does not have");
        (to > self.high_watermark).then(|| std::mem::replace(&mut self.high_watermark, to))
    }

    /// A follower takes its leader's word, as far as its own log goes; returns the old one if it changed.
    pub fn update_high_watermark(&mut self, to: Offset) -> Option<Offset> {
        let to = to.clamp(self.log_start_offset, self.log_end_offset);
        (to != self.high_watermark).then(|| std::mem::replace(&mut self.high_watermark, to))
    }

    /// Records before `to` are no longer to be read; their segments go with the next retention check. Returns whether
    /// anything changed. A start beyond the high watermark is not taken.
    pub fn maybe_increment_log_start_offset(&mut self, to: Offset) -> bool {
        if to <= self.log_start_offset || to > self.high_watermark {
            return false;
        }
        self.log_start_offset = to;
        self.leader_epochs.truncate_from_start(to);
        self.producers.log_start_moved(to);
        true
    }

    pub(super) fn raise_log_start_to_first_segment(&mut self) {
        let base = self.segments[0].base_offset();
        self.maybe_increment_log_start_offset(base);
    }

    // ---- truncation ------------------------------------------------------------------------------------------

    /// Cuts the log so that it ends at `to`. Returns whether records went.
    pub fn truncate_to(&mut self, to: Offset, now: Time) -> bool {
        let is_cut = self.cut_to(to, now);
        if is_cut {
            self.producers.rebuild(&self.segments, self.log_start_offset, self.log_end_offset, now);
        }
        is_cut
    }

    /// The same without a look at what it means for producers.
    pub(super) fn cut_to(&mut self, to: Offset, now: Time) -> bool {
        if to >= self.log_end_offset {
            // A leader that wrote nothing has an epoch entry at its log end: another history may contradict it.
            self.leader_epochs.truncate_from_end(self.log_end_offset);
            return false;
        }
        if to < self.segments[0].base_offset() {
            self.truncate_fully_and_start_at(to, now);
            return true;
        }
        while self.active_segment().base_offset() > to {
            self.producers.segment_deleted(self.active_segment().base_offset());
            self.segments.pop_back();
        }
        self.active_mut().truncate_to(to, now);
        self.leader_epochs.truncate_from_end(to);
        self.log_end_offset = to;
        self.log_start_offset = self.log_start_offset.min(to);
        self.recovery_point = self.recovery_point.min(to);
        self.on_platter = self.on_platter.min(to);
        self.high_watermark = self.high_watermark.min(to);
        self.cuts += 1;
        true
    }

    /// Throws everything away: the next record will have offset `at`.
    pub fn truncate_fully_and_start_at(&mut self, at: Offset, now: Time) {
        self.segments = VecDeque::from([Arc::new(LogSegment::new(at, now, Span::ZERO))]);
        self.leader_epochs.clear();
        self.producers.start_at(at);
        self.log_start_offset = at;
        self.log_end_offset = at;
        self.high_watermark = at;
        self.recovery_point = at;
        self.on_platter = at;
        self.cuts += 1;
    }
}

#[cfg(test)]
mod tests;
