//! The batches of one segment, in offset order, in chunks shared by `Arc`.
//!
//! A world is cloned for every checkpoint, and an active segment may hold thousands of batches. With chunks, the first
//! append after a clone copies at most one chunk; all full ones stay shared for ever.

use std::sync::Arc;

use crate::engine::common::Offset;
use crate::engine::record::RecordBatch;

/// Batches per chunk: small enough to copy without a thought, large enough to keep the list of chunks short.
const CHUNK: usize = 64;

/// Holds: no chunk is empty, all but the last are full or were cut by truncation, offsets rise throughout.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct BatchList {
    chunks: Vec<Arc<Vec<RecordBatch>>>,
}

impl BatchList {
    pub(super) fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.len()).sum()
    }

    pub(super) fn push(&mut self, batch: RecordBatch) {
        match self.chunks.last_mut() {
            Some(chunk) if chunk.len() < CHUNK => Arc::make_mut(chunk).push(batch),
            _ => self.chunks.push(Arc::new(vec![batch])),
        }
    }

    pub(super) fn first(&self) -> Option<&RecordBatch> {
        self.chunks.first()?.first()
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &RecordBatch> {
        self.chunks.iter().flat_map(|chunk| chunk.iter())
    }

    /// Batches from the first whose last offset is not before `offset`: the one that holds it, if any does.
    pub(super) fn iter_from(&self, offset: Offset) -> impl Iterator<Item = &RecordBatch> {
        let ends_before = |batch: &RecordBatch| batch.last_offset() < offset;
        let first = self.chunks.partition_point(|chunk| chunk.last().is_none_or(ends_before));
        let skip = self.chunks.get(first).map_or(0, |chunk| chunk.partition_point(ends_before));
        self.chunks[first..].iter().flat_map(|chunk| chunk.iter()).skip(skip)
    }

    /// Drops every batch that reaches `offset` or beyond (`LogSegment.truncateTo` cuts whole batches).
    pub(super) fn truncate_to(&mut self, offset: Offset) {
        while let Some(chunk) = self.chunks.last_mut() {
            if chunk.last().is_some_and(|batch| batch.last_offset() < offset) {
                return;
            }
            let keep = chunk.partition_point(|batch| batch.last_offset() < offset);
            if keep > 0 {
                Arc::make_mut(chunk).truncate(keep);
                return;
            }
            self.chunks.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::common::{LeaderEpoch, Time};
    use crate::engine::record::Record;

    /// `count` batches of two records each, from offset 0.
    fn list(count: u64) -> BatchList {
        let mut list = BatchList::default();
        for index in 0..count {
            let records = [Record::new(None, Some(b"a"), Time::ZERO), Record::new(None, Some(b"b"), Time::ZERO)];
            list.push(RecordBatch::new(records, None).stamped(Offset(index * 2), LeaderEpoch(0)));
        }
        list
    }

    #[test]
    fn reading_begins_with_the_batch_that_holds_the_offset() {
        let list = list(200);
        assert_eq!(list.len(), 200);
        for offset in [0, 1, 2, 127, 128, 129, 255, 256, 398, 399] {
            let found = list.iter_from(Offset(offset)).next().map(|batch| batch.base_offset);
            assert_eq!(found, Some(Offset(offset / 2 * 2)), "{offset}");
        }
        assert_eq!(list.iter_from(Offset(400)).next(), None);
        assert_eq!(list.iter_from(Offset(130)).count(), 135);
    }

    #[test]
    fn truncation_cuts_whole_batches_and_leaves_clones_alone() {
        let whole = list(200);
        for (offset, left) in [(400, 200), (399, 199), (398, 199), (128, 64), (127, 63), (1, 0), (0, 0)] {
            let mut cut = whole.clone();
            cut.truncate_to(Offset(offset));
            assert_eq!(cut.len(), left, "{offset}");
            assert_eq!(whole.len(), 200);
        }
    }

    #[test]
    fn appending_to_a_clone_shares_the_full_chunks() {
        let whole = list(100);
        let mut copy = whole.clone();
        copy.push(list(1).first().unwrap().stamped(Offset(200), LeaderEpoch(0)));
        assert!(Arc::ptr_eq(&whole.chunks[0], &copy.chunks[0]));
        assert_eq!((whole.len(), copy.len()), (100, 101));
    }
}
