//! What a producer's program has been told of its records: the evidence against which the cluster is held.
//!
//! It is no part of the process: a crash of the program does not make an acknowledgement unsaid, and the numbers of
//! records go on, so that a record keeps its number for as long as the world lasts.

use std::collections::{BTreeMap, VecDeque};

use crate::engine::common::{Offset, TopicPartition};

/// How many acknowledgements are kept one by one, for showing.
const RECENT: usize = 256;

/// A record whose `send()` succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Acknowledged {
    pub ordinal: u64,
    pub partition: TopicPartition,
    /// With `acks=0` nobody knows.
    pub offset: Option<Offset>,
}

/// Offsets as ranges `first..end`, apart and ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OffsetRanges {
    ranges: BTreeMap<Offset, Offset>,
}

impl OffsetRanges {
    /// Adds `first..end`; ranges that touch become one.
    pub fn insert(&mut self, mut first: Offset, mut end: Offset) {
        while let Some((start, stop)) = self.ranges.range(..=end).next_back().map(|(start, stop)| (*start, *stop)) {
            if stop < first {
                break;
            }
            self.ranges.remove(&start);
            first = first.min(start);
            end = end.max(stop);
        }
        self.ranges.insert(first, end);
    }

    /// Takes out all from `at` on.
    #[must_use]
    pub fn split_off(&mut self, at: Offset) -> Self {
        let mut rest = Self { ranges: self.ranges.split_off(&at) };
        if let Some((_, end)) = self.ranges.iter_mut().next_back()
            && *end > at
        {
            rest.insert(at, std::mem::replace(end, at));
        }
        rest
    }

    #[must_use]
    pub fn contains(&self, offset: Offset) -> bool {
        self.ranges.range(..=offset).next_back().is_some_and(|(_, end)| offset < *end)
    }

    /// Each range as its first offset and the one after its last.
    pub fn iter(&self) -> impl Iterator<Item = (Offset, Offset)> {
        self.ranges.iter().map(|(first, end)| (*first, *end))
    }

    /// The offset after the last one; `None` if there are none.
    #[must_use]
    pub fn end(&self) -> Option<Offset> {
        self.ranges.last_key_value().map(|(_, end)| *end)
    }

    /// How many offsets there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.iter().map(|(first, end)| end.since(first)).sum()
    }
}

/// The fate of every record so far.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    next_ordinal: u64,
    queued: u64,
    acked: u64,
    failed: u64,
    lost_with_process: u64,
    acked_offsets: BTreeMap<TopicPartition, OffsetRanges>,
    recent: VecDeque<Acknowledged>,
}

impl Ledger {
    /// The number of the next record that is handed to `send()`.
    pub(super) fn take_ordinal(&mut self) -> u64 {
        let ordinal = self.next_ordinal;
        self.next_ordinal += 1;
        ordinal
    }

    pub(super) fn queued(&mut self) {
        self.queued += 1;
    }

    pub(super) fn acked(&mut self, partition: TopicPartition, base_offset: Option<Offset>, ordinals: &[u64]) {
        let count = ordinals.len() as u64;
        self.acked += count;
        if let Some(base) = base_offset {
            self.acked_offsets.entry(partition).or_default().insert(base, base.plus(count));
        }
        for (distance, ordinal) in (0..).zip(ordinals) {
            let offset = base_offset.map(|base| base.plus(distance));
            self.recent.push_back(Acknowledged { ordinal: *ordinal, partition, offset });
        }
        self.recent.drain(..self.recent.len().saturating_sub(RECENT));
    }

    pub(super) fn failed(&mut self, records: u64) {
        self.failed += records;
    }

    /// The process died: nobody will ever be told of what it still held.
    pub(super) fn process_died(&mut self) {
        self.lost_with_process = self.handed_over() - self.acked - self.failed;
    }

    /// Records handed to `send()` so far, those that failed there included.
    #[must_use]
    pub fn handed_over(&self) -> u64 {
        self.next_ordinal
    }

    /// Records that reached the accumulator.
    #[must_use]
    pub fn queued_records(&self) -> u64 {
        self.queued
    }

    /// Records acknowledged (or, with `acks=0`, taken for sent).
    #[must_use]
    pub fn acked_records(&self) -> u64 {
        self.acked
    }

    /// Records whose `send()` failed.
    #[must_use]
    pub fn failed_records(&self) -> u64 {
        self.failed
    }

    /// Records that were neither acknowledged nor refused when the program crashed.
    #[must_use]
    pub fn lost_with_process(&self) -> u64 {
        self.lost_with_process
    }

    /// Records still on their way: handed over, and not yet heard of again.
    #[must_use]
    pub fn pending_records(&self) -> u64 {
        self.handed_over() - self.acked - self.failed - self.lost_with_process
    }

    /// Every offset that was ever acknowledged, by partition.
    pub fn acked_offsets(&self) -> impl Iterator<Item = (TopicPartition, &OffsetRanges)> {
        self.acked_offsets.iter().map(|(partition, ranges)| (*partition, ranges))
    }

    /// The latest acknowledgements, oldest first; a bounded number of them.
    pub fn recently_acked(&self) -> impl DoubleEndedIterator<Item = &Acknowledged> {
        self.recent.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::common::TopicId;

    fn ranges(pairs: &[(u64, u64)]) -> OffsetRanges {
        let mut ranges = OffsetRanges::default();
        for (first, end) in pairs {
            ranges.insert(Offset(*first), Offset(*end));
        }
        ranges
    }

    fn listed(ranges: &OffsetRanges) -> Vec<(u64, u64)> {
        ranges.iter().map(|(first, end)| (first.0, end.0)).collect()
    }

    #[test]
    fn ranges_that_touch_or_overlap_become_one() {
        assert_eq!(listed(&ranges(&[(0, 3), (3, 5)])), [(0, 5)]);
        assert_eq!(listed(&ranges(&[(3, 5), (0, 3)])), [(0, 5)]);
        assert_eq!(listed(&ranges(&[(0, 2), (8, 9), (4, 5)])), [(0, 2), (4, 5), (8, 9)]);
        assert_eq!(listed(&ranges(&[(0, 2), (4, 5), (8, 9), (1, 8)])), [(0, 9)]);
        assert_eq!(listed(&ranges(&[(0, 9), (2, 3)])), [(0, 9)]);
    }

    #[test]
    fn ranges_know_what_they_hold() {
        let ranges = ranges(&[(2, 4), (7, 8)]);
        let held: Vec<u64> = (0..10).filter(|offset| ranges.contains(Offset(*offset))).collect();
        assert_eq!(held, [2, 3, 7]);
        assert_eq!((ranges.count(), ranges.end()), (3, Some(Offset(8))));
    }

    #[test]
    fn ranges_are_split_where_asked() {
        // (where, what stays, what goes)
        type Pairs<'a> = &'a [(u64, u64)];
        let cases: &[(u64, Pairs, Pairs)] = &[
            (0, &[], &[(2, 4), (7, 8)]),
            (3, &[(2, 3)], &[(3, 4), (7, 8)]),
            (4, &[(2, 4)], &[(7, 8)]),
            (7, &[(2, 4)], &[(7, 8)]),
            (8, &[(2, 4), (7, 8)], &[]),
        ];
        for (at, stay, go) in cases {
            let mut whole = ranges(&[(2, 4), (7, 8)]);
            let rest = whole.split_off(Offset(*at));
            assert_eq!((listed(&whole).as_slice(), listed(&rest).as_slice()), (*stay, *go), "at {at}");
        }
    }

    #[test]
    fn every_record_is_accounted_for() {
        let mut ledger = Ledger::default();
        let partition = TopicPartition::new(TopicId(0), 1);
        let ordinals: Vec<u64> = (0..10).map(|_| ledger.take_ordinal()).collect();
        ledger.acked(partition, Some(Offset(40)), &ordinals[2..5]);
        ledger.acked(partition, None, &ordinals[5..6]);
        ledger.failed(1);
        assert_eq!((ledger.acked_records(), ledger.pending_records()), (4, 5));
        let recent: Vec<_> =
            ledger.recently_acked().map(|one| (one.ordinal, one.offset.map(|offset| offset.0))).collect();
        assert_eq!(recent, [(2, Some(40)), (3, Some(41)), (4, Some(42)), (5, None)]);
        ledger.process_died();
        assert_eq!((ledger.lost_with_process(), ledger.pending_records()), (5, 0));
        assert_eq!(ledger.take_ordinal(), 10);
        ledger.process_died();
        assert_eq!((ledger.lost_with_process(), ledger.pending_records()), (6, 0));
        let all: Vec<_> = ledger.acked_offsets().map(|(id, ranges)| (id, listed(ranges))).collect();
        assert_eq!(all, [(partition, vec![(40, 43)])]);
    }
}
