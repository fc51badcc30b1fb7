//! One replica's log of one partition (`UnifiedLog`).
//!
//! Holds always: log start ≤ high watermark ≤ log end; recovery point ≤ log end; segments lie end to end, the last one
//! takes appends, and there is at least one. The high watermark lives in memory only: after a restart it is what the
//! checkpoint says.

use std::collections::VecDeque;

use super::leader_epoch_cache::LeaderEpochFileCache;
use super::log_segment::LogSegment;
use crate::engine::common::{ErrorCode, LeaderEpoch, Offset, Time};
use crate::engine::config::{TimestampType, TopicConfig};
use crate::engine::protocol::EpochEnd;
use crate::engine::record::RecordBatch;
use crate::engine::runtime::Crash;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnifiedLog {
    pub(super) segments: VecDeque<LogSegment>,
    log_start_offset: Offset,
    log_end_offset: Offset,
    high_watermark: Offset,
    recovery_point: Offset,
    leader_epochs: LeaderEpochFileCache,
}

/// What an append did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppendInfo {
    pub first_offset: Offset,
    pub last_offset: Offset,
    /// Base of the segment that was begun for it.
    pub rolled: Option<Offset>,
}

/// The offset lies before the log's start or beyond its end (`OffsetOutOfRangeException`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfRange;

impl UnifiedLog {
    /// An empty log, made at `now`.
    #[must_use]
    pub fn new(now: Time) -> Self {
        Self {
            segments: VecDeque::from([LogSegment::new(Offset(0), now)]),
            log_start_offset: Offset(0),
            log_end_offset: Offset(0),
            high_watermark: Offset(0),
            recovery_point: Offset(0),
            leader_epochs: LeaderEpochFileCache::default(),
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

    /// All before it was flushed; a power loss cuts the rest.
    #[must_use]
    pub fn recovery_point(&self) -> Offset {
        self.recovery_point
    }

    #[must_use]
    pub fn leader_epochs(&self) -> &LeaderEpochFileCache {
        &self.leader_epochs
    }

    /// By base offset; the last one is active.
    pub fn segments(&self) -> impl DoubleEndedIterator<Item = &LogSegment> + ExactSizeIterator {
        self.segments.iter()
    }

    #[must_use]
    pub fn active_segment(&self) -> &LogSegment {
        self.segments.back().expect("a log has at least one segment")
    }

    /// All batches on disk, by offset. The first may begin before the log start.
    pub fn batches(&self) -> impl DoubleEndedIterator<Item = &RecordBatch> {
        self.segments.iter().flat_map(LogSegment::batches)
    }

    /// Bytes of all segments.
    #[must_use]
    pub fn size_in_bytes(&self) -> u64 {
        self.segments.iter().map(LogSegment::size_in_bytes).sum()
    }

    // ---- appending -------------------------------------------------------------------------------------------

    /// The leader places `batch` at the log's end under its epoch.
    ///
    /// # Errors
    /// MESSAGE_TOO_LARGE beyond `max.message.bytes`, RECORD_LIST_TOO_LARGE beyond the segment size.
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
        if batch.size_in_bytes() > config.segment_size_bytes() {
            return Err(ErrorCode::RecordListTooLarge);
        }
        let placed = batch.stamped(self.log_end_offset, epoch);
        let placed = match config.message_timestamp_type {
            TimestampType::CreateTime => placed,
            TimestampType::LogAppendTime => placed.with_log_append_time(now),
        };
        Ok(self.append(placed, now, config))
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
        let first_offset = batches.first()?.base_offset;
        let mut rolled = None;
        for batch in batches {
            assert!(batch.base_offset >= self.log_end_offset, "a follower appends in order, without overlap");
            // Rolled batch by batch, so that replicas with one configuration end up with the same segments.
            rolled = self.append(batch.clone(), now, config).rolled.or(rolled);
        }
        Some(AppendInfo { first_offset, last_offset: batches.last()?.last_offset(), rolled })
    }

    fn append(&mut self, batch: RecordBatch, now: Time, config: &TopicConfig) -> AppendInfo {
        let (first_offset, last_offset) = (batch.base_offset, batch.last_offset());
        let size = u64::from(batch.size_in_bytes());
        let full = self.active_segment().should_roll(size, batch.max_timestamp, last_offset, now, config);
        let rolled = full.then(|| self.roll(first_offset, now));
        self.leader_epochs.assign(batch.partition_leader_epoch, first_offset);
        self.log_end_offset = batch.next_offset();
        self.segments.back_mut().expect("a log has at least one segment").append(batch);
        if self.log_end_offset.since(self.recovery_point) >= config.flush_messages {
            self.flush();
        }
        AppendInfo { first_offset, last_offset, rolled }
    }

    /// Seals the active segment, which is flushed then, and begins a new one.
    pub(super) fn roll(&mut self, base_offset: Offset, now: Time) -> Offset {
        self.flush();
        self.segments.push_back(LogSegment::new(base_offset, now));
        base_offset
    }

    /// Everything up to the log's end is on the platter.
    pub fn flush(&mut self) {
        self.recovery_point = self.log_end_offset;
    }

    /// A new leader marks where its epoch begins, even before its first record, so that followers with records of
    /// later, lost epochs find out where to cut.
    pub fn assign_epoch_start_offset(&mut self, epoch: LeaderEpoch, start_offset: Offset) {
        self.leader_epochs.assign(epoch, start_offset);
    }

    // ---- reading ---------------------------------------------------------------------------------------------

    /// Whole batches from the one that holds `from`, all ending at or before `max_offset`, out of a single segment
    /// as in Kafka.
    ///
    /// With `min_one_message` the first batch comes even if it is larger than `max_bytes` (KIP-74).
    ///
    /// # Errors
    /// If `from` lies before the log's start or beyond its end.
    pub fn read(
        &self,
        from: Offset,
        max_offset: Offset,
        max_bytes: u64,
        min_one_message: bool,
    ) -> Result<Vec<RecordBatch>, OutOfRange> {
        if from < self.log_start_offset || from > self.log_end_offset {
            return Err(OutOfRange);
        }
        let mut batches = Vec::new();
        let mut bytes = 0;
        for segment in self.segments.range(self.segment_index(from)..) {
            for batch in segment.batches_from(from).take_while(|batch| batch.next_offset() <= max_offset) {
                let size = u64::from(batch.size_in_bytes());
                let is_first = batches.is_empty();
                if bytes + size > max_bytes && !(is_first && min_one_message) {
                    return Ok(batches);
                }
                bytes += size;
                batches.push(batch.clone());
            }
            if !batches.is_empty() {
                break;
            }
        }
        Ok(batches)
    }

    /// Bytes that a read from `from` to `to` would find if they are in one segment; `None` if `to` lies in a later one.
    #[must_use]
    pub fn bytes_between(&self, from: Offset, to: Offset) -> Option<u64> {
        let index = self.segment_index(from);
        if index != self.segment_index(to) {
            return None;
        }
        let in_range = self.segments[index].batches_from(from).take_while(|batch| batch.next_offset() <= to);
        Some(in_range.map(|batch| u64::from(batch.size_in_bytes())).sum())
    }

    /// The first record whose timestamp is not before `time`.
    #[must_use]
    pub fn fetch_offset_by_timestamp(&self, time: Time) -> Option<Offset> {
        let segment =
            self.segments.iter().find(|segment| !segment.is_empty() && segment.largest_timestamp() >= time)?;
        let candidates = segment.batches_from(self.log_start_offset).filter(|batch| batch.max_timestamp >= time);
        candidates
            .flat_map(|batch| (0..batch.len()).map(move |index| (batch.offset_of(index), batch.timestamp_of(index))))
            .find(|(offset, timestamp)| *timestamp >= time && *offset >= self.log_start_offset)
            .map(|(offset, _)| offset)
    }

    /// `LeaderEpochFileCache::end_offset_for` with this log's end.
    #[must_use]
    pub fn end_offset_for_epoch(&self, epoch: LeaderEpoch) -> Option<EpochEnd> {
        self.leader_epochs.end_offset_for(epoch, self.log_end_offset)
    }

    /// The segment in which `offset` lies or would lie.
    fn segment_index(&self, offset: Offset) -> usize {
        self.segments.partition_point(|segment| segment.base_offset() <= offset).saturating_sub(1)
    }

    // ---- marks -----------------------------------------------------------------------------------------------

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
        true
    }

    // ---- truncation ------------------------------------------------------------------------------------------

    /// Cuts the log so that it ends at `to`. Returns whether records went.
    pub fn truncate_to(&mut self, to: Offset, now: Time) -> bool {
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
            self.segments.pop_back();
        }
        self.segments.back_mut().expect("the segment that holds the cut stays").truncate_to(to);
        self.leader_epochs.truncate_from_end(to);
        self.log_end_offset = to;
        self.log_start_offset = self.log_start_offset.min(to);
        self.recovery_point = self.recovery_point.min(to);
        self.high_watermark = self.high_watermark.min(to);
        true
    }

    /// Throws everything away: the next record will have offset `at`.
    pub fn truncate_fully_and_start_at(&mut self, at: Offset, now: Time) {
        self.segments = VecDeque::from([LogSegment::new(at, now)]);
        self.leader_epochs.clear();
        self.log_start_offset = at;
        self.log_end_offset = at;
        self.high_watermark = at;
        self.recovery_point = at;
    }

    /// What is left after the process died, once `LogLoader` has been through it. The page cache outlives a process,
    /// not the machine. `checkpoint` is the high watermark as it was last saved. The recovery point stays: reading a log
    /// again does not force it to disk.
    pub(super) fn crash(&mut self, how: Crash, checkpoint: Offset, now: Time) {
        if how == Crash::Power {
            self.truncate_to(self.recovery_point, now);
        }
        self.high_watermark = checkpoint.clamp(self.log_start_offset, self.log_end_offset);
    }

    pub(super) fn raise_log_start_to_first_segment(&mut self) {
        let base = self.segments[0].base_offset();
        self.maybe_increment_log_start_offset(base);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::record::Record;

    const NOW: Time = Time(5_000_000);

    fn batch(records: u64, millis: u64) -> RecordBatch {
        let record = |index: u64| Record::new(None, Some(b"value"), Time((millis + index) * 1_000));
        RecordBatch::new((0..records).map(record).collect::<Vec<_>>(), None)
    }

    fn append(log: &mut UnifiedLog, epoch: u32, records: u64) -> AppendInfo {
        log.append_as_leader(&batch(records, 0), LeaderEpoch(epoch), NOW, &TopicConfig::default()).unwrap()
    }

    fn small_segments() -> TopicConfig {
        let mut config = TopicConfig::default();
        // Room for two batches of one record.
        config.set("internal.segment.bytes", &(2 * batch(1, 0).size_in_bytes()).to_string()).unwrap();
        config
    }

    /// Five segments of two one-record batches: 0 1 | 2 3 | 4 5 | 6 7 | 8.
    fn segmented() -> UnifiedLog {
        let mut log = UnifiedLog::new(Time::ZERO);
        for millis in 0..9 {
            log.append_as_leader(&batch(1, millis * 10), LeaderEpoch(0), NOW, &small_segments()).unwrap();
        }
        log
    }

    fn bases(log: &UnifiedLog) -> Vec<u64> {
        log.segments().map(|segment| segment.base_offset().0).collect()
    }

    #[test]
    fn a_leader_numbers_records_densely_and_notes_its_epochs() {
        let mut log = UnifiedLog::new(Time::ZERO);
        assert_eq!(append(&mut log, 0, 3).first_offset, Offset(0));
        let info = append(&mut log, 2, 2);
        assert_eq!((info.first_offset, info.last_offset, log.log_end_offset()), (Offset(3), Offset(4), Offset(5)));
        assert_eq!(log.end_offset_for_epoch(LeaderEpoch(0)).unwrap().end_offset, Offset(3));
        assert_eq!(log.end_offset_for_epoch(LeaderEpoch(2)).unwrap().end_offset, Offset(5));
        assert!(
            log.batches().all(|batch| batch.partition_leader_epoch.0 == if batch.base_offset.0 < 3 { 0 } else { 2 })
        );
    }

    #[test]
    fn too_large_batches_are_refused() {
        let mut log = UnifiedLog::new(Time::ZERO);
        let mut config = TopicConfig::default();
        let size = batch(10, 0).size_in_bytes();
        config.set("max.message.bytes", &(size - 1).to_string()).unwrap();
        let refused = log.append_as_leader(&batch(10, 0), LeaderEpoch(0), NOW, &config);
        assert_eq!(refused, Err(ErrorCode::MessageTooLarge));
        config.set("max.message.bytes", &size.to_string()).unwrap();
        config.set("internal.segment.bytes", &(size - 1).to_string()).unwrap();
        let refused = log.append_as_leader(&batch(10, 0), LeaderEpoch(0), NOW, &config);
        assert_eq!(refused, Err(ErrorCode::RecordListTooLarge));
        assert_eq!(log.log_end_offset(), Offset(0));
    }

    #[test]
    fn log_append_time_is_the_leaders_clock() {
        let mut log = UnifiedLog::new(Time::ZERO);
        let mut config = TopicConfig::default();
        config.set("message.timestamp.type", "LogAppendTime").unwrap();
        log.append_as_leader(&batch(2, 1), LeaderEpoch(0), NOW, &config).unwrap();
        assert_eq!(log.batches().next().unwrap().timestamp_of(1), NOW);
    }

    #[test]
    fn rolling_flushes_what_is_sealed() {
        let log = segmented();
        assert_eq!(bases(&log), [0, 2, 4, 6, 8]);
        assert_eq!(log.recovery_point(), Offset(8));
        assert_eq!(log.active_segment().to_string(), "00000000000000000008.log");
        assert_eq!(log.size_in_bytes(), 9 * u64::from(batch(1, 0).size_in_bytes()));
    }

    #[test]
    fn flush_messages_flushes_by_count() {
        let mut log = UnifiedLog::new(Time::ZERO);
        let mut config = TopicConfig::default();
        config.set("flush.messages", "3").unwrap();
        let mut points = Vec::new();
        for _ in 0..4 {
            log.append_as_leader(&batch(1, 0), LeaderEpoch(0), NOW, &config).unwrap();
            points.push(log.recovery_point().0);
        }
        assert_eq!(points, [0, 0, 3, 3]);
    }

    #[test]
    fn reads_return_whole_batches_of_one_segment_below_the_bound() {
        let mut log = UnifiedLog::new(Time::ZERO);
        append(&mut log, 0, 3);
        append(&mut log, 0, 3);
        append(&mut log, 0, 3);
        let size = u64::from(batch(3, 0).size_in_bytes());
        let read = |from, max, bytes, one| {
            log.read(Offset(from), Offset(max), bytes, one)
                .map(|b| b.iter().map(|b| b.base_offset.0).collect::<Vec<_>>())
        };
        // From the middle of a batch: the whole batch.
        assert_eq!(read(4, 9, 10_000, false), Ok(vec![3, 6]));
        // The bound is exclusive: at the high watermark there is nothing to read, beyond it neither.
        assert_eq!(read(6, 6, 10_000, true), Ok(vec![]));
        assert_eq!(read(7, 6, 10_000, true), Ok(vec![]));
        assert_eq!(read(0, 6, 10_000, true), Ok(vec![0, 3]));
        assert_eq!(read(0, 9, 2 * size, false), Ok(vec![0, 3]));
        assert_eq!(read(0, 9, 2 * size - 1, false), Ok(vec![0]));
        assert_eq!(read(0, 9, 1, true), Ok(vec![0]));
        assert_eq!(read(0, 9, 1, false), Ok(vec![]));
        assert_eq!(read(9, 9, 1, true), Ok(vec![]));
        assert_eq!(read(10, 9, 1, true), Err(OutOfRange));
        let log = segmented();
        assert_eq!(log.read(Offset(1), Offset(9), 10_000, true).unwrap().len(), 1);
        assert_eq!(log.read(Offset(2), Offset(9), 10_000, true).unwrap().len(), 2);
        let one = u64::from(batch(1, 0).size_in_bytes());
        assert_eq!(log.bytes_between(Offset(6), Offset(7)), Some(one));
        assert_eq!(log.bytes_between(Offset(6), Offset(8)), None);
    }

    #[test]
    fn lookup_by_time_finds_the_first_record_that_is_late_enough() {
        let log = segmented();
        let find = |millis: u64| log.fetch_offset_by_timestamp(Time(millis * 1_000)).map(|offset| offset.0);
        assert_eq!(
            (find(0), find(1), find(40), find(41), find(80), find(81)),
            (Some(0), Some(1), Some(4), Some(5), Some(8), None)
        );
        let mut late_first = UnifiedLog::new(Time::ZERO);
        for millis in [50, 10, 60] {
            late_first.append_as_leader(&batch(1, millis), LeaderEpoch(0), NOW, &TopicConfig::default()).unwrap();
        }
        assert_eq!(late_first.fetch_offset_by_timestamp(Time(20_000)), Some(Offset(0)));
        assert_eq!(late_first.fetch_offset_by_timestamp(Time(55_000)), Some(Offset(2)));
    }

    #[test]
    fn truncation_takes_everything_along() {
        let mut log = segmented();
        log.assign_epoch_start_offset(LeaderEpoch(3), Offset(9));
        log.maybe_increment_high_watermark(Offset(7));
        assert!(log.truncate_to(Offset(3), NOW));
        assert_eq!(bases(&log), [0, 2]);
        assert_eq!(
            (log.log_end_offset(), log.high_watermark(), log.recovery_point()),
            (Offset(3), Offset(3), Offset(3))
        );
        assert_eq!(log.leader_epochs().latest_epoch(), Some(LeaderEpoch(0)));
        assert!(!log.truncate_to(Offset(3), NOW));
        // Appends go on from there.
        assert_eq!(append(&mut log, 4, 1).first_offset, Offset(3));
        log.truncate_fully_and_start_at(Offset(50), NOW);
        assert_eq!((bases(&log), log.log_start_offset(), log.high_watermark()), (vec![50], Offset(50), Offset(50)));
        assert!(log.leader_epochs().entries().is_empty());
    }

    #[test]
    fn an_epoch_without_records_is_forgotten_by_a_truncation_that_cuts_nothing() {
        let mut log = segmented();
        log.assign_epoch_start_offset(LeaderEpoch(5), Offset(9));
        assert!(!log.truncate_to(Offset(9), NOW));
        assert_eq!(log.leader_epochs().latest_epoch(), Some(LeaderEpoch(0)));
    }

    #[test]
    fn the_marks_keep_their_order() {
        let mut log = segmented();
        assert_eq!(log.maybe_increment_high_watermark(Offset(6)), Some(Offset(0)));
        assert_eq!(log.maybe_increment_high_watermark(Offset(5)), None);
        assert_eq!(log.update_high_watermark(Offset(5)), Some(Offset(6)));
        assert!(!log.maybe_increment_log_start_offset(Offset(6)));
        assert!(log.maybe_increment_log_start_offset(Offset(3)));
        assert_eq!(log.read(Offset(2), Offset(9), 1, true), Err(OutOfRange));
        assert_eq!(log.update_high_watermark(Offset(99)), Some(Offset(5)));
        assert_eq!((log.log_start_offset(), log.high_watermark()), (Offset(3), Offset(9)));
        assert_eq!(log.leader_epochs().entries()[0].start_offset, Offset(3));
    }

    #[test]
    fn a_killed_process_loses_nothing_and_a_dark_machine_the_unflushed_tail() {
        let mut log = segmented();
        log.maybe_increment_high_watermark(Offset(9));
        let mut killed = log.clone();
        killed.crash(Crash::Process, Offset(4), NOW);
        assert_eq!((killed.log_end_offset(), killed.high_watermark()), (Offset(9), Offset(4)));
        log.crash(Crash::Power, Offset(9), NOW);
        assert_eq!((log.log_end_offset(), log.high_watermark()), (Offset(8), Offset(8)));
    }

    /// Fact sheet §4.7: A led epoch 0 up to offset 5, B (3 records, HW 3) was elected for epoch 1 and wrote 3 and 4.
    #[test]
    fn a_former_leader_finds_out_where_the_histories_part() {
        let (mut a, mut b) = (UnifiedLog::new(Time::ZERO), UnifiedLog::new(Time::ZERO));
        for _ in 0..5 {
            append(&mut a, 0, 1);
        }
        let first_three = a.read(Offset(0), Offset(3), 10_000, true).unwrap();
        b.append_as_follower(&first_three, NOW, &TopicConfig::default());
        b.maybe_increment_high_watermark(Offset(3));
        b.assign_epoch_start_offset(LeaderEpoch(1), b.log_end_offset());
        append(&mut b, 1, 1);
        append(&mut b, 1, 1);

        // A asks from offset 5 with its last epoch, 0; B answers that epoch 0 ended at 3.
        let end = b.end_offset_for_epoch(a.leader_epochs().latest_epoch().unwrap()).unwrap();
        assert_eq!(end, EpochEnd { epoch: LeaderEpoch(0), end_offset: Offset(3) });
        assert!(end.end_offset < a.log_end_offset());
        let own = a.end_offset_for_epoch(end.epoch).unwrap();
        assert!(a.truncate_to(own.end_offset.min(end.end_offset), NOW));
        let rest = b.read(a.log_end_offset(), b.log_end_offset(), 10_000, true).unwrap();
        a.append_as_follower(&rest, NOW, &TopicConfig::default());
        assert!(a.batches().eq(b.batches()));
        assert_eq!(a.leader_epochs(), b.leader_epochs());
    }

    #[test]
    fn replicas_with_one_configuration_have_the_same_segments() {
        let leader = segmented();
        let mut follower = UnifiedLog::new(Time::ZERO);
        let all: Vec<RecordBatch> = leader.batches().cloned().collect();
        let info = follower.append_as_follower(&all, NOW, &small_segments()).unwrap();
        assert_eq!((info.first_offset, info.last_offset, info.rolled), (Offset(0), Offset(8), Some(Offset(8))));
        assert_eq!(bases(&follower), bases(&leader));
        assert_eq!(follower.append_as_follower(&[], NOW, &small_segments()), None);
    }
}
