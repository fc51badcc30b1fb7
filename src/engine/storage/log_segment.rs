//! One segment: a file of batches named after the offset it begins at (`LogSegment`).

use std::fmt;

use super::batch_list::BatchList;
use crate::engine::common::{Offset, Time};
use crate::engine::config::TopicConfig;
use crate::engine::record::RecordBatch;

/// The last segment of a log is the active one; the others are sealed and never change again, except by truncation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSegment {
    base_offset: Offset,
    created: Time,
    batches: BatchList,
    size_in_bytes: u64,
    max_timestamp: Time,
}

impl LogSegment {
    #[must_use]
    pub(super) fn new(base_offset: Offset, created: Time) -> Self {
        Self { base_offset, created, batches: BatchList::default(), size_in_bytes: 0, max_timestamp: Time::ZERO }
    }

    /// The offset in its file names; no record before it is in here.
    #[must_use]
    pub fn base_offset(&self) -> Offset {
        self.base_offset
    }

    /// Bytes of the `.log` file.
    #[must_use]
    pub fn size_in_bytes(&self) -> u64 {
        self.size_in_bytes
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
        self.batches.iter()
    }

    /// Batches from the one that holds `offset`, or the next after it.
    pub fn batches_from(&self, offset: Offset) -> impl Iterator<Item = &RecordBatch> {
        self.batches.iter_from(offset)
    }

    /// The newest record's timestamp, or when the file was made if it has none.
    #[must_use]
    pub fn largest_timestamp(&self) -> Time {
        if self.is_empty() { self.created } else { self.max_timestamp }
    }

    pub(super) fn append(&mut self, batch: RecordBatch) {
        self.size_in_bytes += u64::from(batch.size_in_bytes());
        self.max_timestamp = self.max_timestamp.max(batch.max_timestamp);
        self.batches.push(batch);
    }

    pub(super) fn truncate_to(&mut self, offset: Offset) {
        self.batches.truncate_to(offset);
        self.size_in_bytes = self.batches.iter().map(|batch| u64::from(batch.size_in_bytes())).sum();
        self.max_timestamp = self.batches.iter().map(|batch| batch.max_timestamp).max().unwrap_or_default();
    }

    /// Must a new segment begin before `size` more bytes go in (`LogSegment.shouldRoll`)?
    ///
    /// Age is told by the records' own timestamps if there are any, so with CreateTime it is event time that rolls
    /// a segment, and an idle partition never rolls.
    pub(super) fn should_roll(
        &self,
        size: u64,
        newest: Time,
        last_offset: Offset,
        now: Time,
        config: &TopicConfig,
    ) -> bool {
        let waited = match self.batches.first() {
            Some(first) => newest.since(first.max_timestamp),
            None => now.since(self.created),
        };
        let is_full = self.size_in_bytes + size > u64::from(config.segment_size_bytes());
        let is_old = !self.is_empty() && waited > config.segment_time;
        // Offsets are stored relative to the base, as an int32.
        let is_too_far = last_offset.since(self.base_offset) > u64::from(i32::MAX.cast_unsigned());
        is_full || is_old || is_too_far
    }
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
    use crate::engine::record::Record;

    fn batch(base: u64, millis: u64) -> RecordBatch {
        let record = Record::new(None, Some(b"hello"), Time(millis * 1_000));
        RecordBatch::new([record], None).stamped(Offset(base), LeaderEpoch(0))
    }

    #[test]
    fn files_are_named_by_twenty_digits() {
        assert_eq!(LogSegment::new(Offset(0), Time::ZERO).to_string(), "00000000000000000000.log");
        assert_eq!(LogSegment::new(Offset(368_769), Time::ZERO).to_string(), "00000000000000368769.log");
    }

    #[test]
    fn a_segment_rolls_when_full_old_or_out_of_relative_offsets() {
        let mut config = TopicConfig::default();
        config.set("internal.segment.bytes", "200").unwrap();
        config.set("segment.ms", "1000").unwrap();
        let mut segment = LogSegment::new(Offset(0), Time::ZERO);
        let rolls = |segment: &LogSegment, size, millis: u64, last| {
            segment.should_roll(size, Time(millis * 1_000), Offset(last), Time(9_000_000), &config)
        };
        // An empty segment is not rolled for its age, however long it has waited.
        assert!(!rolls(&segment, 200, 5_000, 0));
        segment.append(batch(0, 2_000));
        let free = 200 - segment.size_in_bytes();
        assert!(!rolls(&segment, free, 2_000, 1));
        assert!(rolls(&segment, free + 1, 2_000, 1));
        // Event time: the wall clock does not matter once there is a record.
        assert!(!rolls(&segment, 1, 3_000, 1));
        assert!(rolls(&segment, 1, 3_001, 1));
        assert!(!rolls(&segment, 1, 2_000, 2_147_483_647));
        assert!(rolls(&segment, 1, 2_000, 2_147_483_648));
    }
}
