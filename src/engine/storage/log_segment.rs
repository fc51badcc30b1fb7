//! One segment: a file of batches named after the offset it begins at, and its two indexes (`LogSegment`).

use std::fmt;

use super::index::{OffsetIndex, TimeIndex, TimeIndexEntry};
use super::shared_list::SharedList;
use crate::engine::common::{Offset, Span, Time};
use crate::engine::config::TopicConfig;
use crate::engine::record::RecordBatch;

/// The last segment of a log is the active one; the others are sealed and never change again, except by truncation.
///
/// Holds: batches lie end to end and rise in offset; an index never names a batch that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSegment {
    base_offset: Offset,
    created: Time,
    /// When the file was last written (its mtime).
    last_modified: Time,
    /// Taken off `segment.ms`, so that not all segments of a broker roll at once.
    roll_jitter: Span,
    batches: SharedList<PlacedBatch>,
    size_in_bytes: u32,
    /// Half a batch that a power loss left at the end; recovery cuts it off.
    pub(super) torn_bytes: u32,
    offset_index: OffsetIndex,
    time_index: TimeIndex,
    bytes_since_last_index_entry: u32,
    /// The newest timestamp so far, with the last offset of the batch that brought it.
    max_timestamp_so_far: Option<TimeIndexEntry>,
}

/// A batch and the byte of the `.log` file at which it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PlacedBatch {
    pub(super) position: u32,
    pub(super) batch: RecordBatch,
}

/// What is about to be appended, as far as rolling is concerned (`RollParams`).
#[derive(Clone, Copy, Debug)]
pub(super) struct RollParams {
    pub(super) size: u64,
    pub(super) max_timestamp: Time,
    pub(super) last_offset: Offset,
    pub(super) now: Time,
}

impl LogSegment {
    #[must_use]
    pub(super) fn new(base_offset: Offset, created: Time, roll_jitter: Span) -> Self {
        Self {
            base_offset,
            created,
            last_modified: created,
            roll_jitter,
            batches: SharedList::default(),
            size_in_bytes: 0,
            torn_bytes: 0,
            offset_index: OffsetIndex::default(),
            time_index: TimeIndex::default(),
            bytes_since_last_index_entry: 0,
            max_timestamp_so_far: None,
        }
    }

    /// The offset in its file names; no record before it is in here.
    #[must_use]
    pub fn base_offset(&self) -> Offset {
        self.base_offset
    }

    /// Bytes of the `.log` file.
    #[must_use]
    pub fn size_in_bytes(&self) -> u64 {
        u64::from(self.size_in_bytes)
    }

    /// Bytes at the end of the file that are no whole batch; a running broker has none.
    #[must_use]
    pub fn torn_bytes(&self) -> u32 {
        self.torn_bytes
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    /// How many batches it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.batches.len()
    }

    /// All batches, by offset.
    pub fn batches(&self) -> impl DoubleEndedIterator<Item = &RecordBatch> {
        self.batches.iter().map(|placed| &placed.batch)
    }

    /// Every batch with the byte at which it begins.
    pub fn placed_batches(&self) -> impl DoubleEndedIterator<Item = (u32, &RecordBatch)> {
        self.batches.iter().map(|placed| (placed.position, &placed.batch))
    }

    /// Batches from the one that holds `offset`, or the next after it.
    pub fn batches_from(&self, offset: Offset) -> impl Iterator<Item = &RecordBatch> {
        self.placed_from(offset).map(|placed| &placed.batch)
    }

    /// The offset after its last batch; its base while it is empty.
    #[must_use]
    pub fn next_offset(&self) -> Offset {
        self.batches.last().map_or(self.base_offset, |placed| placed.batch.next_offset())
    }

    #[must_use]
    pub fn offset_index(&self) -> &OffsetIndex {
        &self.offset_index
    }

    #[must_use]
    pub fn time_index(&self) -> &TimeIndex {
        &self.time_index
    }

    /// When the file was made.
    #[must_use]
    pub fn created(&self) -> Time {
        self.created
    }

    /// The newest record's timestamp, or when the file was last written if it has none.
    #[must_use]
    pub fn largest_timestamp(&self) -> Time {
        self.max_timestamp_so_far.map_or(self.last_modified, |newest| newest.timestamp)
    }

    /// `segment.ms` is shortened by this for this segment.
    #[must_use]
    pub fn roll_jitter(&self) -> Span {
        self.roll_jitter
    }

    /// The newest timestamp, with the last offset of the batch that brought it.
    #[must_use]
    pub fn max_timestamp_so_far(&self) -> Option<TimeIndexEntry> {
        self.max_timestamp_so_far
    }

    pub(super) fn set_roll_jitter(&mut self, jitter: Span) {
        self.roll_jitter = jitter;
    }

    pub(super) fn set_last_modified(&mut self, at: Time) {
        self.last_modified = at;
    }

    /// The time by which the segment is as old as it looks.
    pub(super) fn first_batch_timestamp(&self) -> Option<Time> {
        self.batches.first().map(|first| to_millis(first.batch.max_timestamp))
    }

    pub(super) fn last_modified(&self) -> Time {
        self.last_modified
    }

    /// All batches of one append. Up to 3.9 the question whether an index entry is due was asked once for all of them:
    /// the entry then names the last offset and the place where the first batch begins.
    pub(super) fn append_all(&mut self, batches: &[RecordBatch], now: Time, config: &TopicConfig) {
        let Some(last) = batches.last().filter(|_| !config.version.indexes_every_batch()) else {
            return batches.iter().for_each(|batch| self.append(batch.clone(), now, config));
        };
        let is_due = self.bytes_since_last_index_entry > config.index_interval_bytes;
        let (position, since) = (self.size_in_bytes, self.bytes_since_last_index_entry);
        for batch in batches {
            self.note_timestamp(batch);
            self.push(batch.clone(), now);
        }
        if is_due {
            self.offset_index.append(last.last_offset(), position);
            self.index_max_timestamp();
        }
        let written = self.size_in_bytes - position;
        self.bytes_since_last_index_entry = if is_due { written } else { since + written };
    }

    /// Kafka 4's rule, batch by batch: if more than `index.interval.bytes` were written since the last entry, this batch
    /// gets one. The first batch never has one.
    pub(super) fn append(&mut self, batch: RecordBatch, now: Time, config: &TopicConfig) {
        let size = batch.size_in_bytes();
        let position = self.size_in_bytes;
        self.note_timestamp(&batch);
        if self.bytes_since_last_index_entry > config.index_interval_bytes {
            self.offset_index.append(batch.last_offset(), position);
            self.index_max_timestamp();
            self.bytes_since_last_index_entry = 0;
        }
        self.bytes_since_last_index_entry += size;
        self.push(batch, now);
    }

    fn note_timestamp(&mut self, batch: &RecordBatch) {
        let newest = TimeIndexEntry { timestamp: to_millis(batch.max_timestamp), offset: batch.last_offset() };
        if self.max_timestamp_so_far.is_none_or(|so_far| newest.timestamp > so_far.timestamp) {
            self.max_timestamp_so_far = Some(newest);
        }
    }

    fn push(&mut self, batch: RecordBatch, now: Time) {
        let position = self.size_in_bytes;
        self.size_in_bytes += batch.size_in_bytes();
        self.last_modified = now;
        self.batches.push(PlacedBatch { position, batch });
    }

    /// No more appends: the newest timestamp is noted, so that the time index covers the whole segment.
    pub(super) fn seal(&mut self) {
        self.index_max_timestamp();
    }

    fn index_max_timestamp(&mut self) {
        if let Some(newest) = self.max_timestamp_so_far {
            self.time_index.maybe_append(newest.timestamp, newest.offset);
        }
    }

    /// Cuts off every batch that reaches `offset` or beyond.
    pub(super) fn truncate_to(&mut self, offset: Offset, now: Time) {
        let keep = self.batches.partition_point(|placed| placed.batch.last_offset() < offset);
        if let Some(cut) = self.batches.get(keep) {
            self.size_in_bytes = cut.position;
            self.last_modified = now;
        }
        self.batches.truncate(keep);
        self.offset_index.truncate_to(offset);
        self.time_index.truncate_to(offset);
        self.bytes_since_last_index_entry = 0;
        self.torn_bytes = 0;
        if self.batches.is_empty() {
            self.created = now;
        }
        self.max_timestamp_so_far = self.read_largest_timestamp();
    }

    /// From the last entry of the time index on, every batch is looked at.
    fn read_largest_timestamp(&self) -> Option<TimeIndexEntry> {
        let indexed = self.time_index.last();
        let rest = self.batches_from(indexed.map_or(self.base_offset, |entry| entry.offset.next()));
        let of = |batch: &RecordBatch| TimeIndexEntry {
            timestamp: to_millis(batch.max_timestamp),
            offset: batch.last_offset(),
        };
        // The first of those that are equally new.
        indexed.into_iter().chain(rest.map(of)).reduce(
            |so_far, next| {
                if next.timestamp > so_far.timestamp { next } else { so_far }
            },
        )
    }

    /// Both indexes are written anew from the batches, as after an unclean shutdown (`LogSegment.recover`).
    pub(super) fn rebuild_indexes(&mut self, config: &TopicConfig) {
        let batches = std::mem::take(&mut self.batches);
        let mut rebuilt = Self::new(self.base_offset, self.created, self.roll_jitter);
        for placed in batches.iter() {
            rebuilt.append(placed.batch.clone(), self.last_modified, config);
        }
        rebuilt.index_max_timestamp();
        rebuilt.last_modified = self.last_modified;
        *self = rebuilt;
    }

    /// Must a new segment begin before this goes in (`LogSegment.shouldRoll`)?
    ///
    /// Age is told by the records' own timestamps if there are any, so with CreateTime it is event time that rolls
    /// a segment, and an idle partition never rolls.
    pub(super) fn should_roll(&self, params: RollParams, config: &TopicConfig) -> bool {
        let waited = match self.first_batch_timestamp() {
            Some(first) => to_millis(params.max_timestamp).since(first),
            None => params.now.since(self.created),
        };
        let is_full = self.size_in_bytes() + params.size > u64::from(config.segment_size_bytes());
        let is_old = !self.is_empty() && waited > config.max_segment_time().saturating_sub(self.roll_jitter);
        let index_bytes = config.segment_index_bytes;
        let is_indexed_out = self.offset_index.is_full(index_bytes) || self.time_index.is_full(index_bytes);
        is_full || is_old || (is_indexed_out && !self.is_empty()) || !self.can_hold(params.last_offset)
    }

    /// Offsets are stored relative to the base, as an int32.
    pub(super) fn can_hold(&self, last_offset: Offset) -> bool {
        last_offset.since(self.base_offset) <= u64::from(i32::MAX.cast_unsigned())
    }

    // ---- where a batch lies ------------------------------------------------------------------------------------

    /// The batches from the byte at `position` on, which must be the beginning of one, or 0.
    pub(super) fn placed_from_position(&self, position: u32) -> impl Iterator<Item = &PlacedBatch> {
        self.batches.iter_from(self.batches.partition_point(|placed| placed.position < position))
    }

    /// The batches from the first that reaches `offset` on.
    pub(super) fn placed_from(&self, offset: Offset) -> impl Iterator<Item = &PlacedBatch> {
        self.batches.iter_from(self.first_reaching(offset))
    }

    /// Where the first batch stands that reaches `offset`. Kafka comes to it through the sparse index, and those steps
    /// can be shown ([`super::OffsetLookup`]); halving the list comes to the same batch sooner, and most who read wait
    /// at its end.
    pub(super) fn first_reaching(&self, offset: Offset) -> usize {
        let is_before = |placed: &PlacedBatch| placed.batch.last_offset() < offset;
        if self.batches.last().is_none_or(is_before) {
            self.batches.len()
        } else {
            self.batches.partition_point(is_before)
        }
    }

    /// The byte at which the first batch begins that reaches `offset`; the file's size if none does.
    pub(super) fn position_of(&self, offset: Offset) -> u64 {
        let first = self.batches.get(self.first_reaching(offset));
        first.map_or(self.size_in_bytes(), |placed| u64::from(placed.position))
    }
}

/// Kafka's clocks tick in milliseconds, and so do its indexes.
pub(super) fn to_millis(time: Time) -> Time {
    Time(time.as_millis() * 1_000)
}

/// The name of its `.log` file: the base offset in 20 digits.
impl fmt::Display for LogSegment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:020}.log", self.base_offset.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::common::LeaderEpoch;
    use crate::engine::config::KafkaVersion;
    use crate::engine::record::Record;

    const NOW: Time = Time(9_000_000);

    fn batch(base: u64, millis: u64) -> RecordBatch {
        let record = Record::new(None, Some(b"hello"), Time(millis * 1_000));
        RecordBatch::new([record], None).stamped(Offset(base), LeaderEpoch(0))
    }

    /// 73 bytes each: 61 for the header, 12 for the record.
    fn segment(millis: &[u64], config: &TopicConfig) -> LogSegment {
        let mut segment = LogSegment::new(Offset(0), Time::ZERO, Span::ZERO);
        for (offset, millis) in (0..).zip(millis) {
            segment.append(batch(offset, *millis), NOW, config);
        }
        segment
    }

    fn with(pairs: &[(&str, &str)]) -> TopicConfig {
        let mut config = TopicConfig::default();
        for (key, value) in pairs {
            config.set(key, value).unwrap();
        }
        config
    }

    #[test]
    fn files_are_named_by_twenty_digits() {
        let named = |base| LogSegment::new(Offset(base), Time::ZERO, Span::ZERO).to_string();
        assert_eq!(named(0), "00000000000000000000.log");
        assert_eq!(named(368_769), "00000000000000368769.log");
    }

    #[test]
    fn a_segment_rolls_when_full_old_or_out_of_relative_offsets() {
        let config = with(&[("internal.segment.bytes", "200"), ("segment.ms", "1000")]);
        let rolls = |segment: &LogSegment, size, millis: u64, last| {
            let params = RollParams { size, max_timestamp: Time(millis * 1_000), last_offset: Offset(last), now: NOW };
            segment.should_roll(params, &config)
        };
        let mut segment = LogSegment::new(Offset(0), Time::ZERO, Span::ZERO);
        // An empty segment is not rolled for its age, however long it has waited.
        assert!(!rolls(&segment, 200, 5_000, 0));
        segment.append(batch(0, 2_000), NOW, &config);
        let free = 200 - segment.size_in_bytes();
        assert!(!rolls(&segment, free, 2_000, 1));
        assert!(rolls(&segment, free + 1, 2_000, 1));
        // Event time: the wall clock does not matter once there is a record.
        assert!(!rolls(&segment, 1, 3_000, 1));
        assert!(rolls(&segment, 1, 3_001, 1));
        assert!(!rolls(&segment, 1, 2_000, 2_147_483_647));
        assert!(rolls(&segment, 1, 2_000, 2_147_483_648));
        // Jitter lets it grow less old.
        segment.roll_jitter = Span::millis(300);
        assert!(!rolls(&segment, 1, 2_700, 1));
        assert!(rolls(&segment, 1, 2_701, 1));
    }

    #[test]
    fn a_full_index_rolls_the_segment() {
        // One entry per batch from the second on; room for two of 8 bytes, and for two of 12 with one kept free.
        for (index_bytes, rolls_after) in [("16", 1), ("24", 2), ("36", 3), ("40", 3)] {
            let config = with(&[("index.interval.bytes", "0"), ("segment.index.bytes", index_bytes)]);
            let rolls = |count: u64| {
                let segment = segment(&(0..count).collect::<Vec<_>>(), &config);
                let params = RollParams { size: 1, max_timestamp: Time(0), last_offset: Offset(count), now: NOW };
                segment.should_roll(params, &config)
            };
            assert_eq!((1..9).find(|count| rolls(*count)), Some(rolls_after), "{index_bytes}");
        }
    }

    /// Fact sheet §1.6: the batch that finds more than `index.interval.bytes` since the last entry gets one; the first
    /// never does.
    #[test]
    fn index_entries_are_sparse() {
        let entries = |interval: &str, millis: &[u64]| {
            let segment = segment(millis, &with(&[("index.interval.bytes", interval)]));
            let offsets: Vec<_> = segment.offset_index().entries().map(|e| (e.offset.0, e.position)).collect();
            let times: Vec<_> = segment.time_index().entries().map(|e| (e.timestamp.as_millis(), e.offset.0)).collect();
            (offsets, times)
        };
        assert_eq!(batch(0, 0).size_in_bytes(), 73);
        // Two batches are exactly 146 bytes: not more than the interval.
        assert_eq!(entries("146", &[10, 20, 30, 40, 50, 60, 70]), (vec![(3, 219), (6, 438)], vec![(40, 3), (70, 6)]));
        assert_eq!(entries("145", &[10, 20, 30, 40, 50]), (vec![(2, 146), (4, 292)], vec![(30, 2), (50, 4)]));
        // The newest timestamp so far goes into the time index, with the offset of its batch, and only once.
        assert_eq!(entries("0", &[50, 10, 20, 60]), (vec![(1, 73), (2, 146), (3, 219)], vec![(50, 0), (60, 3)]));
    }

    /// Fact sheet §1.6: up to 3.9 once per append, with the append's last offset and first byte.
    #[test]
    fn before_kafka_4_an_append_has_at_most_one_index_entry() {
        let of = |version| {
            let mut config = TopicConfig::for_version(version);
            config.set("index.interval.bytes", "100").unwrap();
            let mut segment = LogSegment::new(Offset(0), Time::ZERO, Span::ZERO);
            for first in [0, 3, 6] {
                let batches: Vec<_> = (first..first + 3).map(|offset| batch(offset, 10 * (offset + 1))).collect();
                segment.append_all(&batches, NOW, &config);
            }
            let offsets: Vec<_> = segment.offset_index().entries().map(|e| (e.offset.0, e.position)).collect();
            let times: Vec<_> = segment.time_index().entries().map(|e| (e.timestamp.as_millis(), e.offset.0)).collect();
            (offsets, times, segment.size_in_bytes())
        };
        assert_eq!(of(KafkaVersion::V3_9), (vec![(5, 219), (8, 438)], vec![(60, 5), (90, 8)], 657));
        // Two batches of 73 bytes are more than 100.
        assert_eq!(
            of(KafkaVersion::V4_3),
            (vec![(2, 146), (4, 292), (6, 438), (8, 584)], vec![(30, 2), (50, 4), (70, 6), (90, 8)], 657)
        );
    }

    #[test]
    fn a_sealed_segment_knows_its_newest_timestamp() {
        let mut segment = segment(&[10, 90, 20], &TopicConfig::default());
        assert!(segment.time_index().is_empty());
        segment.seal();
        segment.seal();
        assert_eq!(segment.time_index().last(), Some(TimeIndexEntry { timestamp: Time(90_000), offset: Offset(1) }));
        assert_eq!(segment.time_index().len(), 1);
    }

    #[test]
    fn a_cut_takes_index_entries_and_timestamps_along() {
        let config = with(&[("index.interval.bytes", "0")]);
        let mut cut = segment(&[10, 90, 20, 95, 30], &config);
        cut.truncate_to(Offset(3), NOW);
        assert_eq!((cut.len(), cut.size_in_bytes(), cut.offset_index().len()), (3, 219, 2));
        assert_eq!(cut.max_timestamp_so_far(), Some(TimeIndexEntry { timestamp: Time(90_000), offset: Offset(1) }));
        cut.truncate_to(Offset(1), NOW);
        assert_eq!(cut.largest_timestamp(), Time(10_000));
        cut.truncate_to(Offset(0), NOW);
        assert_eq!((cut.created(), cut.largest_timestamp(), cut.size_in_bytes()), (NOW, NOW, 0));
        // What was cut and appended again has the same place and entries, but for the interval that begins anew.
        let mut again = segment(&[10, 90, 20, 95, 30], &config);
        again.truncate_to(Offset(3), NOW);
        again.append(batch(3, 95), NOW, &config);
        again.append(batch(4, 30), NOW, &config);
        let positions: Vec<_> = again.placed_batches().map(|(position, _)| position).collect();
        assert_eq!(positions, [0, 73, 146, 219, 292]);
        assert_eq!(again.offset_index().entries().map(|e| e.offset.0).collect::<Vec<_>>(), [1, 2, 4]);
    }
}
