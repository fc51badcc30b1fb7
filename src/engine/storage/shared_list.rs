//! A list that only grows and is cut at its end, in pages shared by `Arc`.
//!
//! A world is cloned for every checkpoint, and a log may hold a million records. Pages of 64 entries lie in chapters of
//! 64 pages: a clone copies one pointer per 4096 entries, the first append after it at most one chapter's pointers and
//! one page. All that is full stays shared for ever.

use std::sync::Arc;

/// Entries of a page, and pages of a chapter: small enough to copy without a thought.
const FAN: usize = 64;

type Page<T> = Arc<Vec<T>>;

/// Holds: no page and no chapter is empty, all but the last are full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SharedList<T> {
    chapters: Vec<Arc<Vec<Page<T>>>>,
    len: usize,
}

impl<T> Default for SharedList<T> {
    fn default() -> Self {
        Self { chapters: Vec::new(), len: 0 }
    }
}

impl<T: Clone> SharedList<T> {
    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn get(&self, index: usize) -> Option<&T> {
        self.chapters.get(index / (FAN * FAN))?.get(index / FAN % FAN)?.get(index % FAN)
    }

    pub(super) fn first(&self) -> Option<&T> {
        self.get(0)
    }

    pub(super) fn last(&self) -> Option<&T> {
        self.get(self.len.checked_sub(1)?)
    }

    pub(super) fn push(&mut self, entry: T) {
        if self.len.is_multiple_of(FAN * FAN) {
            self.chapters.push(Arc::default());
        }
        let pages = Arc::make_mut(self.chapters.last_mut().expect("one was just pushed, or the last is not full"));
        if self.len.is_multiple_of(FAN) {
            pages.push(Arc::new(Vec::with_capacity(1)));
        }
        Arc::make_mut(pages.last_mut().expect("one was just pushed, or the last is not full")).push(entry);
        self.len += 1;
    }

    /// Keeps the first `len` entries.
    pub(super) fn truncate(&mut self, len: usize) {
        if len >= self.len {
            return;
        }
        self.len = len;
        self.chapters.truncate(len.div_ceil(FAN * FAN));
        let in_last_chapter = len % (FAN * FAN);
        if in_last_chapter == 0 {
            return;
        }
        let pages = Arc::make_mut(self.chapters.last_mut().expect("entries are left in it"));
        pages.truncate(in_last_chapter.div_ceil(FAN));
        if !in_last_chapter.is_multiple_of(FAN) {
            Arc::make_mut(pages.last_mut().expect("entries are left in it")).truncate(in_last_chapter % FAN);
        }
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.chapters.iter().flat_map(|pages| pages.iter()).flat_map(|page| page.iter())
    }

    pub(super) fn iter_from(&self, index: usize) -> impl Iterator<Item = &T> {
        (index..self.len).map(|index| self.get(index).expect("it is within the list"))
    }

    /// How many entries `is_before` holds for; they must come before all others.
    pub(super) fn partition_point(&self, is_before: impl Fn(&T) -> bool) -> usize {
        let (mut low, mut high) = (0, self.len);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.get(middle).is_some_and(&is_before) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One chapter, a page and a bit.
    const MANY: usize = FAN * FAN + FAN + 7;

    fn list(len: usize) -> SharedList<usize> {
        let mut list = SharedList::default();
        for entry in 0..len {
            list.push(entry);
        }
        list
    }

    #[test]
    fn every_entry_is_where_it_was_put() {
        for len in [0, 1, FAN, FAN + 1, FAN * FAN - 1, FAN * FAN, MANY] {
            let list = list(len);
            assert_eq!(list.len(), len);
            assert!(list.iter().copied().eq(0..len));
            assert!(list.iter().rev().copied().eq((0..len).rev()));
            assert_eq!((list.first().copied(), list.last().copied()), ((len > 0).then_some(0), len.checked_sub(1)));
            for index in [0, 1, FAN - 1, FAN, FAN * FAN - 1, FAN * FAN, MANY - 1, MANY, 9 * MANY] {
                assert_eq!(list.get(index).copied(), (index < len).then_some(index));
                assert!(list.iter_from(index).copied().eq(index.min(len)..len), "{len} from {index}");
                assert_eq!(list.partition_point(|entry| *entry < index), index.min(len));
            }
        }
    }

    #[test]
    fn a_cut_list_grows_again_and_leaves_its_clones_alone() {
        let whole = list(MANY);
        for len in [0, 1, FAN - 1, FAN, FAN + 1, FAN * FAN, FAN * FAN + 1, MANY - 1, MANY, MANY + 1] {
            let mut cut = whole.clone();
            cut.truncate(len);
            assert!(cut.iter().copied().eq(0..len.min(MANY)), "{len}");
            for entry in cut.len()..MANY {
                cut.push(entry);
            }
            assert_eq!(cut, whole);
        }
        assert_eq!(whole, list(MANY));
    }

    #[test]
    fn a_clone_shares_what_is_full() {
        let whole = list(MANY);
        let mut copy = whole.clone();
        copy.push(MANY);
        assert!(Arc::ptr_eq(&whole.chapters[0], &copy.chapters[0]));
        assert!(Arc::ptr_eq(&whole.chapters[1][0], &copy.chapters[1][0]));
        assert!(!Arc::ptr_eq(&whole.chapters[1][1], &copy.chapters[1][1]));
        assert_eq!((whole.len(), copy.len()), (MANY, MANY + 1));
    }
}
