//! Which leader epoch began at which offset (`LeaderEpochFileCache`; file `leader-epoch-checkpoint`).
//!
//! Comparing two replicas' lists tells where their histories part, which a high watermark alone cannot (KIP-101).
//! Holds: epochs and start offsets both rise from entry to entry.

use crate::engine::common::{LeaderEpoch, Offset};
use crate::engine::protocol::EpochEnd;

/// The leader of `epoch` wrote its first record at `start_offset`, or would have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EpochEntry {
    pub epoch: LeaderEpoch,
    pub start_offset: Offset,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeaderEpochFileCache {
    entries: Vec<EpochEntry>,
}

impl LeaderEpochFileCache {
    /// Oldest first, as the checkpoint file lists them.
    #[must_use]
    pub fn entries(&self) -> &[EpochEntry] {
        &self.entries
    }

    /// The epoch of the log's end.
    #[must_use]
    pub fn latest_epoch(&self) -> Option<LeaderEpoch> {
        self.entries.last().map(|entry| entry.epoch)
    }

    /// Notes that `epoch` begins at `start_offset`, unless it is known to have begun already. Entries that the new one
    /// contradicts, of this epoch or later or from this offset on, give way.
    pub fn assign(&mut self, epoch: LeaderEpoch, start_offset: Offset) {
        let is_known = self.entries.last().is_some_and(|last| last.epoch == epoch && last.start_offset <= start_offset);
        if is_known {
            return;
        }
        while self.entries.last().is_some_and(|last| last.epoch >= epoch || last.start_offset >= start_offset) {
            self.entries.pop();
        }
        self.entries.push(EpochEntry { epoch, start_offset });
    }

    /// Where the records of `epoch` end, or, if the epoch is unknown, of the largest known epoch below it; `None` if
    /// nothing can be said. `log_end_offset` ends the latest epoch.
    ///
    /// The answer's epoch is the one whose end it is. Below all known epochs it repeats the epoch asked for.
    #[must_use]
    pub fn end_offset_for(&self, epoch: LeaderEpoch, log_end_offset: Offset) -> Option<EpochEnd> {
        if self.latest_epoch() == Some(epoch) {
            return Some(EpochEnd { epoch, end_offset: log_end_offset });
        }
        let higher = self.entries.partition_point(|entry| entry.epoch <= epoch);
        let end_offset = self.entries.get(higher)?.start_offset;
        let floor = higher.checked_sub(1).map_or(epoch, |index| self.entries[index].epoch);
        Some(EpochEnd { epoch: floor, end_offset })
    }

    /// The log was cut: epochs that begin at `end_offset` or later are gone.
    pub fn truncate_from_end(&mut self, end_offset: Offset) {
        self.entries.retain(|entry| entry.start_offset < end_offset);
    }

    /// The log now begins at `start_offset`: of the epochs that began no later, the last one stays and begins here.
    pub fn truncate_from_start(&mut self, start_offset: Offset) {
        let passed = self.entries.partition_point(|entry| entry.start_offset <= start_offset);
        if passed > 0 {
            self.entries.drain(..passed - 1);
            self.entries[0].start_offset = start_offset;
        }
    }

    pub fn clear(&mut self) {
        self.entries.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(entries: &[(u32, u64)]) -> LeaderEpochFileCache {
        let mut cache = LeaderEpochFileCache::default();
        for (epoch, start) in entries {
            cache.assign(LeaderEpoch(*epoch), Offset(*start));
        }
        cache
    }

    fn listed(cache: &LeaderEpochFileCache) -> Vec<(u32, u64)> {
        cache.entries().iter().map(|entry| (entry.epoch.0, entry.start_offset.0)).collect()
    }

    #[test]
    fn assigning_removes_what_the_new_entry_contradicts() {
        // (before, assigned, after); the rules of `LeaderEpochFileCache.assign` and `maybeTruncateNonMonotonicEntries`.
        type Entries<'a> = &'a [(u32, u64)];
        let cases: &[(Entries, (u32, u64), Entries)] = &[
            (&[], (2, 10), &[(2, 10)]),
            // The same epoch again: its first start counts.
            (&[(2, 10)], (2, 11), &[(2, 10)]),
            (&[(2, 10)], (2, 9), &[(2, 9)]),
            // A later epoch at the same offset: the former wrote nothing.
            (&[(1, 0), (2, 10)], (3, 10), &[(1, 0), (3, 10)]),
            (&[(1, 0), (2, 10)], (3, 20), &[(1, 0), (2, 10), (3, 20)]),
            // A lower epoch than the latest: the later ones go, whatever their offset.
            (&[(1, 0), (3, 10), (4, 20)], (2, 30), &[(1, 0), (2, 30)]),
            // A later epoch that begins earlier.
            (&[(1, 5), (2, 10), (3, 20)], (4, 7), &[(1, 5), (4, 7)]),
            (&[(1, 5), (2, 10)], (3, 0), &[(3, 0)]),
        ];
        for (before, assigned, after) in cases {
            let mut cache = cache(before);
            cache.assign(LeaderEpoch(assigned.0), Offset(assigned.1));
            assert_eq!(listed(&cache), *after, "{before:?} + {assigned:?}");
        }
    }

    #[test]
    fn ends_of_epochs() {
        let end = |entries: &[(u32, u64)], epoch| {
            cache(entries).end_offset_for(LeaderEpoch(epoch), Offset(100)).map(|end| (end.epoch.0, end.end_offset.0))
        };
        // No entries; an epoch newer than any: undefined.
        assert_eq!(end(&[], 0), None);
        assert_eq!(end(&[(2, 10)], 3), None);
        // The latest epoch ends with the log.
        assert_eq!(end(&[(2, 10)], 2), Some((2, 100)));
        // An earlier one ends where the next begins.
        assert_eq!(end(&[(2, 10), (4, 30), (5, 40)], 4), Some((4, 40)));
        // An unknown one: the largest below it, which ends where the next higher begins.
        assert_eq!(end(&[(2, 10), (4, 30), (5, 40)], 3), Some((2, 30)));
        // Below all: the epoch asked for, ending where the first known begins.
        assert_eq!(end(&[(2, 10), (4, 30)], 1), Some((1, 10)));
    }

    #[test]
    fn truncating_from_the_end_forgets_epochs_that_begin_there_or_later() {
        for (to, left) in [(41, 3), (40, 2), (39, 2), (30, 1), (11, 1), (10, 0)] {
            let mut cache = cache(&[(2, 10), (4, 30), (5, 40)]);
            cache.truncate_from_end(Offset(to));
            assert_eq!(cache.entries().len(), left, "{to}");
        }
    }

    #[test]
    fn truncating_from_the_start_keeps_the_epoch_of_the_new_start() {
        let from = |start| {
            let mut cache = cache(&[(2, 10), (4, 30), (5, 40)]);
            cache.truncate_from_start(Offset(start));
            listed(&cache)
        };
        assert_eq!(from(5), [(2, 10), (4, 30), (5, 40)]);
        assert_eq!(from(10), [(2, 10), (4, 30), (5, 40)]);
        assert_eq!(from(29), [(2, 29), (4, 30), (5, 40)]);
        assert_eq!(from(30), [(4, 30), (5, 40)]);
        assert_eq!(from(99), [(5, 99)]);
    }
}
