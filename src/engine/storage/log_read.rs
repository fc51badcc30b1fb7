//! Reading a log: by offset, by time, and how the answer was found (`LogSegment.translateOffset`, `LocalLog.read`).
//!
//! Kafka reads through the sparse index: to the last entry that is not beyond, then on from batch to batch.
//! [`OffsetLookup`] and [`TimeLookup`] are those very steps, written down for a spectator; a read takes a shorter way to
//! the same batch.

use super::index::{OffsetIndexEntry, TimeIndexEntry};
use super::log_segment::{LogSegment, PlacedBatch, to_millis};
use super::unified_log::{OutOfRange, UnifiedLog};
use crate::engine::common::{Offset, Time};
use crate::engine::record::RecordBatch;

/// A batch that was looked at on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Scanned {
    pub base_offset: Offset,
    pub last_offset: Offset,
    pub position: u32,
    pub max_timestamp: Time,
}

/// How an offset is found: the segment by its name, the entry of its index, the batches read from there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OffsetLookup {
    pub segment: Offset,
    /// `None`: the index has no entry that early, so the file is read from its beginning.
    pub entry: Option<OffsetIndexEntry>,
    /// The last one is the answer, if `is_found`.
    pub scanned: Vec<Scanned>,
    pub is_found: bool,
}

/// How a time is found: segments by their newest timestamp, then both indexes, then batches, then records.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TimeLookup {
    /// `None`: no segment has a record that late.
    pub segment: Option<Offset>,
    pub time_entry: Option<TimeIndexEntry>,
    pub offset_entry: Option<OffsetIndexEntry>,
    pub scanned: Vec<Scanned>,
    pub found: Option<TimestampAndOffset>,
}

/// A record's place in time and in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TimestampAndOffset {
    pub timestamp: Time,
    pub offset: Offset,
}

impl LogSegment {
    /// Bytes of the batches from the one that holds `from` to before the one that holds `to`.
    pub(super) fn bytes_between(&self, from: Offset, to: Offset) -> u64 {
        self.position_of(to).saturating_sub(self.position_of(from))
    }

    fn lookup_offset(&self, offset: Offset) -> OffsetLookup {
        let entry = self.offset_index().lookup(offset);
        let mut scanned = Vec::new();
        let mut is_found = false;
        for placed in self.placed_from_position(entry.map_or(0, |entry| entry.position)) {
            scanned.push(Scanned::of(placed));
            is_found = placed.batch.last_offset() >= offset;
            if is_found {
                break;
            }
        }
        OffsetLookup { segment: self.base_offset(), entry, scanned, is_found }
    }

    /// `LogSegment.findOffsetByTimestamp`.
    fn lookup_time(&self, time: Time, starting_offset: Offset) -> TimeLookup {
        let time_entry = self.time_index().lookup(time);
        let from = time_entry.map_or(self.base_offset(), |entry| entry.offset).max(starting_offset);
        let offset_entry = self.offset_index().lookup(from);
        let mut lookup = TimeLookup {
            segment: Some(self.base_offset()),
            time_entry,
            offset_entry,
            scanned: Vec::new(),
            found: None,
        };
        for placed in self.placed_from_position(offset_entry.map_or(0, |entry| entry.position)) {
            lookup.scanned.push(Scanned::of(placed));
            if to_millis(placed.batch.max_timestamp) < time {
                continue;
            }
            lookup.found = records(&placed.batch)
                .find(|record| to_millis(record.timestamp) >= time && record.offset >= starting_offset);
            if lookup.found.is_some() {
                break;
            }
        }
        lookup
    }
}

impl Scanned {
    fn of(placed: &PlacedBatch) -> Self {
        let PlacedBatch { position, batch } = placed;
        Self {
            base_offset: batch.base_offset,
            last_offset: batch.last_offset(),
            position: *position,
            max_timestamp: batch.max_timestamp,
        }
    }
}

fn records(batch: &RecordBatch) -> impl Iterator<Item = TimestampAndOffset> {
    (0..batch.len())
        .map(|index| TimestampAndOffset { timestamp: batch.timestamp_of(index), offset: batch.offset_of(index) })
}

impl UnifiedLog {
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
        if from >= max_offset {
            return Ok(batches);
        }
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

    /// The batch in which `offset` lies, which compaction may have emptied of it; `None` if no batch spans it.
    #[must_use]
    pub fn batch_at(&self, offset: Offset) -> Option<&RecordBatch> {
        let found = self.segments.get(self.segment_index(offset))?.batches_from(offset).next()?;
        (found.base_offset <= offset).then_some(found)
    }

    /// Bytes that a read from `from` to `to` would find if they are in one segment; `None` if `to` lies in a later one.
    #[must_use]
    pub fn bytes_between(&self, from: Offset, to: Offset) -> Option<u64> {
        if from == to {
            return Some(0);
        }
        let index = self.segment_index(from);
        (index == self.segment_index(to)).then(|| self.segments[index].bytes_between(from, to))
    }

    /// The steps by which the batch that holds `offset` is found; `None` if the log does not reach so far.
    #[must_use]
    pub fn lookup_offset(&self, offset: Offset) -> Option<OffsetLookup> {
        let is_inside = offset >= self.log_start_offset && offset < self.log_end_offset;
        is_inside.then(|| self.segments[self.segment_index(offset)].lookup_offset(offset))
    }

    /// The steps by which the first record is found whose timestamp is not before `time`.
    #[must_use]
    pub fn lookup_time(&self, time: Time) -> TimeLookup {
        let time = to_millis(time);
        let is_late_enough =
            |segment: &&LogSegment| segment.max_timestamp_so_far().is_some_and(|newest| newest.timestamp >= time);
        match self.segments().find(is_late_enough) {
            Some(segment) => segment.lookup_time(time, self.log_start_offset),
            None => {
                TimeLookup { segment: None, time_entry: None, offset_entry: None, scanned: Vec::new(), found: None }
            }
        }
    }

    /// The first record whose timestamp is not before `time`.
    #[must_use]
    pub fn fetch_offset_by_timestamp(&self, time: Time) -> Option<TimestampAndOffset> {
        self.lookup_time(time).found
    }

    /// The newest record: the first among equals of the first segment that has it (`MAX_TIMESTAMP`, −3).
    #[must_use]
    pub fn fetch_offset_of_max_timestamp(&self) -> Option<TimestampAndOffset> {
        let newest = self
            .segments()
            .filter_map(|segment| segment.max_timestamp_so_far().map(|entry| (segment, entry)))
            .reduce(|so_far, next| if next.1.timestamp > so_far.1.timestamp { next } else { so_far });
        let (segment, entry) = newest?;
        let position = segment.offset_index().lookup(entry.offset).map_or(0, |indexed| indexed.position);
        let mut batches = segment.placed_from_position(position).map(|placed| &placed.batch);
        let batch = batches.find(|batch| to_millis(batch.max_timestamp) == entry.timestamp)?;
        records(batch).find(|record| to_millis(record.timestamp) == entry.timestamp)
    }

    /// The segment in which `offset` lies or would lie.
    pub(super) fn segment_index(&self, offset: Offset) -> usize {
        self.segments.partition_point(|segment| segment.base_offset() <= offset).saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::common::LeaderEpoch;
    use crate::engine::config::TopicConfig;
    use crate::engine::record::Record;

    const SIZE: u32 = 73;

    /// One record per batch at these milliseconds, an index entry for every batch that follows one since the last
    /// entry, four batches a segment.
    fn log(millis: &[u64]) -> UnifiedLog {
        let mut config = TopicConfig::default();
        config.set("internal.segment.bytes", &(4 * SIZE).to_string()).unwrap();
        config.set("index.interval.bytes", &SIZE.to_string()).unwrap();
        let mut log = UnifiedLog::new(Time::ZERO);
        for millis in millis {
            let batch = RecordBatch::new([Record::new(None, Some(b"hello"), Time(millis * 1_000))], None);
            assert_eq!(batch.size_in_bytes(), SIZE);
            log.append_as_leader(&batch, LeaderEpoch(0), Time(99_000_000), &config).unwrap();
        }
        log
    }

    #[test]
    fn a_lookup_goes_by_segment_then_index_then_batch_by_batch() {
        // Segments 0-3 and 4-7; entries for the third batch of each: nothing since the last, then 73, then 146 bytes.
        let log = log(&[10, 20, 30, 40, 50, 60, 70, 80]);
        let steps = |offset| {
            let found = log.lookup_offset(Offset(offset)).unwrap();
            let entry = found.entry.map(|entry| (entry.offset.0, entry.position));
            let scanned: Vec<_> = found.scanned.iter().map(|one| (one.base_offset.0, one.position)).collect();
            (found.segment.0, entry, scanned)
        };
        assert_eq!(steps(1), (0, None, vec![(0, 0), (1, 73)]));
        assert_eq!(steps(2), (0, Some((2, 146)), vec![(2, 146)]));
        assert_eq!(steps(3), (0, Some((2, 146)), vec![(2, 146), (3, 219)]));
        assert_eq!(steps(5), (4, None, vec![(4, 0), (5, 73)]));
        assert_eq!(log.lookup_offset(Offset(8)), None);
        // And what is read is what was looked up.
        for offset in 0..8 {
            let read = log.read(Offset(offset), Offset(8), 1, true).unwrap();
            assert_eq!(read[0].base_offset, Offset(offset));
        }
    }

    #[test]
    fn a_time_goes_by_the_segments_newest_then_both_indexes() {
        let log = log(&[10, 20, 30, 40, 50, 60, 70, 80]);
        let steps = |millis: u64| {
            let found = log.lookup_time(Time(millis * 1_000));
            let scanned: Vec<_> = found.scanned.iter().map(|one| one.base_offset.0).collect();
            let entries = (found.time_entry.map(|e| e.offset.0), found.offset_entry.map(|e| e.offset.0));
            (found.segment.map(|base| base.0), entries, scanned, found.found.map(|found| found.offset.0))
        };
        assert_eq!(steps(15), (Some(0), (None, None), vec![0, 1], Some(1)));
        assert_eq!(steps(35), (Some(0), (Some(2), Some(2)), vec![2, 3], Some(3)));
        assert_eq!(steps(41), (Some(4), (None, None), vec![4], Some(4)));
        assert_eq!(steps(81), (None, (None, None), vec![], None));
    }

    #[test]
    fn the_newest_record_is_the_first_of_those_equally_new() {
        let newest = |millis: &[u64]| log(millis).fetch_offset_of_max_timestamp().map(|found| found.offset.0);
        assert_eq!(newest(&[]), None);
        assert_eq!(newest(&[10, 90, 20, 90, 30, 90]), Some(1));
        assert_eq!(newest(&[10, 20, 30, 40, 50, 5]), Some(4));
    }

    #[test]
    fn bytes_between_two_offsets_are_told_by_positions() {
        let log = log(&[10, 20, 30, 40, 50, 60]);
        let between = |from, to| log.bytes_between(Offset(from), Offset(to));
        assert_eq!(between(0, 0), Some(0));
        assert_eq!(between(1, 3), Some(146));
        assert_eq!(between(4, 6), Some(146));
        assert_eq!(between(3, 4), None);
    }
}
