//! The two sparse indexes of a segment (`OffsetIndex`, `TimeIndex`).
//!
//! Neither knows every batch: an entry is written about every `index.interval.bytes`, so a lookup finds the last entry
//! before what is sought, and the log is read on from there.

use super::shared_list::SharedList;
use crate::engine::common::{Offset, Time};

/// `00000000000000000000.index`: the batch that ends with `offset` begins at byte `position` of the `.log` file (before
/// Kafka 4: the append that ends with it).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OffsetIndexEntry {
    pub offset: Offset,
    pub position: u32,
}

impl OffsetIndexEntry {
    /// An int32 offset, relative to the segment's base, and an int32 position.
    pub const SIZE_IN_BYTES: u32 = 8;
}

/// `00000000000000000000.timeindex`: no record up to `offset` is newer than `timestamp`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TimeIndexEntry {
    pub timestamp: Time,
    pub offset: Offset,
}

impl TimeIndexEntry {
    /// An int64 timestamp and an int32 relative offset.
    pub const SIZE_IN_BYTES: u32 = 12;
}

/// Entries rise in offset and in position.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OffsetIndex {
    entries: SharedList<OffsetIndexEntry>,
}

/// Entries rise in timestamp and do not fall in offset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TimeIndex {
    entries: SharedList<TimeIndexEntry>,
}

impl OffsetIndex {
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &OffsetIndexEntry> {
        self.entries.iter()
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Bytes of its entries: the size of the file once the segment is sealed; before, it is laid out at its largest.
    #[must_use]
    pub fn size_in_bytes(&self) -> u64 {
        bytes(self.len(), OffsetIndexEntry::SIZE_IN_BYTES)
    }

    /// The last entry at or before `offset`.
    #[must_use]
    pub fn lookup(&self, offset: Offset) -> Option<OffsetIndexEntry> {
        let after = self.entries.partition_point(|entry| entry.offset <= offset);
        self.entries.get(after.checked_sub(1)?).copied()
    }

    /// No room for another entry within `segment.index.bytes`.
    #[must_use]
    pub fn is_full(&self, max_bytes: u32) -> bool {
        self.len() >= room(max_bytes, OffsetIndexEntry::SIZE_IN_BYTES)
    }

    pub(super) fn append(&mut self, offset: Offset, position: u32) {
        let rises = self.entries.last().is_none_or(|last| last.offset < offset && last.position < position);
        assert!(rises, "an index is written in the order of the log");
        self.entries.push(OffsetIndexEntry { offset, position });
    }

    /// Entries at `offset` or beyond go.
    pub(super) fn truncate_to(&mut self, offset: Offset) {
        self.entries.truncate(self.entries.partition_point(|entry| entry.offset < offset));
    }
}

impl TimeIndex {
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &TimeIndexEntry> {
        self.entries.iter()
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    #[must_use]
    pub fn size_in_bytes(&self) -> u64 {
        bytes(self.len(), TimeIndexEntry::SIZE_IN_BYTES)
    }

    #[must_use]
    pub fn last(&self) -> Option<TimeIndexEntry> {
        self.entries.last().copied()
    }

    /// The last entry whose timestamp is not after `timestamp`.
    #[must_use]
    pub fn lookup(&self, timestamp: Time) -> Option<TimeIndexEntry> {
        let after = self.entries.partition_point(|entry| entry.timestamp <= timestamp);
        self.entries.get(after.checked_sub(1)?).copied()
    }

    /// One place is kept free for the entry that seals the segment.
    #[must_use]
    pub fn is_full(&self, max_bytes: u32) -> bool {
        self.len() + 1 >= room(max_bytes, TimeIndexEntry::SIZE_IN_BYTES)
    }

    /// Only news is written: a timestamp after the last entry's.
    pub(super) fn maybe_append(&mut self, timestamp: Time, offset: Offset) {
        if self.entries.last().is_none_or(|last| timestamp > last.timestamp) {
            self.entries.push(TimeIndexEntry { timestamp, offset });
        }
    }

    pub(super) fn truncate_to(&mut self, offset: Offset) {
        self.entries.truncate(self.entries.partition_point(|entry| entry.offset < offset));
    }
}

/// How many entries fit.
fn room(max_bytes: u32, entry: u32) -> usize {
    (max_bytes / entry) as usize
}

fn bytes(entries: usize, entry: u32) -> u64 {
    entries as u64 * u64::from(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lookup_finds_the_last_entry_that_is_not_beyond() {
        let mut index = OffsetIndex::default();
        assert_eq!(index.lookup(Offset(9)), None);
        for (offset, position) in [(4, 100), (9, 200), (20, 300)] {
            index.append(Offset(offset), position);
        }
        let found = |offset| index.lookup(Offset(offset)).map(|entry| entry.position);
        assert_eq!(
            [found(3), found(4), found(8), found(9), found(19), found(99)],
            [None, Some(100), Some(100), Some(200), Some(200), Some(300)]
        );
        assert_eq!(index.size_in_bytes(), 24);
        index.truncate_to(Offset(9));
        assert_eq!(index.len(), 1);
    }

    #[test]
    fn the_time_index_takes_news_only_and_keeps_a_place_free() {
        let mut index = TimeIndex::default();
        for (millis, offset) in [(10, 1), (10, 2), (9, 3), (11, 4)] {
            index.maybe_append(Time(millis * 1_000), Offset(offset));
        }
        assert_eq!(index.entries().map(|entry| entry.offset.0).collect::<Vec<_>>(), [1, 4]);
        assert_eq!(index.lookup(Time(10_500)).unwrap().offset, Offset(1));
        assert_eq!(index.lookup(Time(9_999)), None);
        assert_eq!(index.size_in_bytes(), 24);
        // 47 bytes hold three entries of 12; the third place is kept.
        assert!(index.is_full(47) && !index.is_full(48));
    }

    #[test]
    fn an_offset_index_is_full_to_the_last_place() {
        let mut index = OffsetIndex::default();
        index.append(Offset(1), 10);
        assert!(!index.is_full(16) && !index.is_full(23));
        index.append(Offset(2), 20);
        assert!(index.is_full(16) && index.is_full(23) && !index.is_full(24));
    }
}
