//! One replica's copy of `__cluster_metadata`: batches in order, snapshots, and how far all of it is safe on disk.
//!
//! After `KafkaRaftLog`. Batches sit in chunks shared by `Arc`, so cloning a log copies a few pointers. Holds:
//! start ≤ flushed ≤ end whenever something was cut or flushed; a start above zero has a snapshot to stand for what came
//! before it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::engine::common::{LeaderEpoch, Offset, Time};
use crate::engine::metadata::{BatchContent, LogEntry, MetadataBatch, OffsetAndEpoch, Snapshot};
use crate::engine::storage::LeaderEpochFileCache;

/// Batches per chunk: small enough to copy without a thought, large enough to keep the list of chunks short.
const CHUNK: usize = 64;

/// `KafkaRaftClient.MAX_BATCH_SIZE_BYTES`: the most that one fetch brings.
pub const MAX_FETCH_BYTES: u64 = 8 * 1024 * 1024;

#[derive(Clone, Debug, Default)]
pub struct MetadataLog {
    chunks: Vec<Arc<Vec<Arc<MetadataBatch>>>>,
    start: Offset,
    end: Offset,
    flushed: Offset,
    bytes: u64,
    epochs: LeaderEpochFileCache,
    snapshots: BTreeMap<OffsetAndEpoch, StoredSnapshot>,
}

#[derive(Clone, Debug)]
struct StoredSnapshot {
    snapshot: Arc<Snapshot>,
    taken_at: Time,
}

/// What a leader makes of a follower's place in the log (`ValidOffsetAndEpoch`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValidOffsetAndEpoch {
    Valid,
    /// Their histories part: the follower must cut its log to this.
    Diverging(OffsetAndEpoch),
    /// What it asks for is gone: it must fetch this snapshot.
    Snapshot(OffsetAndEpoch),
}

impl MetadataLog {
    /// What is before this is only in snapshots.
    #[must_use]
    pub fn start_offset(&self) -> Offset {
        self.start
    }

    /// The offset of the next record.
    #[must_use]
    pub fn end_offset(&self) -> Offset {
        self.end
    }

    /// Everything before this survives a loss of power.
    #[must_use]
    pub fn flushed_offset(&self) -> Offset {
        self.flushed
    }

    /// The epoch of the last record, or of the snapshot that the log begins with.
    #[must_use]
    pub fn last_epoch(&self) -> LeaderEpoch {
        let of_snapshot = || self.latest_snapshot().map(|snapshot| snapshot.id.epoch);
        self.epochs.latest_epoch().or_else(of_snapshot).unwrap_or_default()
    }

    /// Where the log ends, comparable with other logs.
    #[must_use]
    pub fn end(&self) -> OffsetAndEpoch {
        OffsetAndEpoch { offset: self.end, epoch: self.last_epoch() }
    }

    /// Of the batches alone.
    #[must_use]
    pub fn size_in_bytes(&self) -> u64 {
        self.bytes
    }

    #[must_use]
    pub fn latest_snapshot(&self) -> Option<&Arc<Snapshot>> {
        self.snapshots.last_key_value().map(|(_, stored)| &stored.snapshot)
    }

    #[must_use]
    pub fn snapshot(&self, id: OffsetAndEpoch) -> Option<&Arc<Snapshot>> {
        self.snapshots.get(&id).map(|stored| &stored.snapshot)
    }

    /// Oldest first, each with when it came to be here.
    pub fn snapshots(&self) -> impl Iterator<Item = (&Arc<Snapshot>, Time)> {
        self.snapshots.values().map(|stored| (&stored.snapshot, stored.taken_at))
    }

    // ---- reading -----------------------------------------------------------------------------------------------

    /// Batches from the one that holds `offset` on.
    pub fn batches_from(&self, offset: Offset) -> impl Iterator<Item = &Arc<MetadataBatch>> {
        let ends_before = |batch: &Arc<MetadataBatch>| batch.end_offset() <= offset;
        let first = self.chunks.partition_point(|chunk| chunk.last().is_none_or(ends_before));
        let skip = self.chunks.get(first).map_or(0, |chunk| chunk.partition_point(ends_before));
        self.chunks[first..].iter().flat_map(|chunk| chunk.iter()).skip(skip)
    }

    /// What one fetch from `offset` brings: whole batches, at least one if there is any.
    #[must_use]
    pub fn read(&self, offset: Offset) -> Vec<Arc<MetadataBatch>> {
        let mut bytes = 0;
        let fits = |batch: &&Arc<MetadataBatch>| {
            let first = bytes == 0;
            bytes += batch.size_in_bytes();
            first || bytes <= MAX_FETCH_BYTES
        };
        self.batches_from(offset).take_while(fits).cloned().collect()
    }

    /// Entry by entry from `offset` on, each with the epoch of the leader that wrote it.
    pub fn entries_from(&self, offset: Offset) -> impl Iterator<Item = (Offset, LeaderEpoch, LogEntry<'_>)> {
        let entries = self.batches_from(offset).flat_map(|batch| {
            let epoch = batch.epoch;
            batch.entries().map(move |(at, entry)| (at, epoch, entry))
        });
        entries.skip_while(move |(at, ..)| *at < offset)
    }

    /// The epoch in force at the record before `end`: half the name of a snapshot that ends there.
    #[must_use]
    pub fn epoch_before(&self, end: Offset) -> LeaderEpoch {
        let began = self.epochs.entries().iter().rev().find(|entry| entry.start_offset < end);
        let of_snapshot = || self.snapshots.keys().rev().find(|id| id.offset <= end).map(|id| id.epoch);
        began.map(|entry| entry.epoch).or_else(of_snapshot).unwrap_or_default()
    }

    /// `KafkaRaftLog.endOffsetForEpoch`: where the records of `epoch` end, or of the latest epoch before it.
    #[must_use]
    pub fn end_offset_for(&self, epoch: LeaderEpoch) -> OffsetAndEpoch {
        let Some(found) = self.epochs.end_offset_for(epoch, self.end) else { return self.end() };
        let found = OffsetAndEpoch { offset: found.end_offset, epoch: found.epoch };
        match self.snapshots.first_key_value() {
            Some((earliest, _)) if found.offset == earliest.offset && found.epoch == epoch => *earliest,
            _ => found,
        }
    }

    /// `RaftLog.validateOffsetAndEpoch`: may a follower whose log ends at `at` be sent what comes next here?
    #[must_use]
    pub fn validate(&self, at: OffsetAndEpoch) -> ValidOffsetAndEpoch {
        if self.start == Offset(0) && at.offset == Offset(0) {
            return ValidOffsetAndEpoch::Valid;
        }
        if let (Some((earliest, _)), Some(latest)) = (self.snapshots.first_key_value(), self.latest_snapshot()) {
            let is_gone = at.offset < self.start
                || (at.offset == self.start && at.epoch != earliest.epoch)
                || at.epoch < earliest.epoch;
            if is_gone {
                return ValidOffsetAndEpoch::Snapshot(latest.id);
            }
        }
        let end = self.end_offset_for(at.epoch);
        if end.epoch != at.epoch || end.offset < at.offset {
            ValidOffsetAndEpoch::Diverging(end)
        } else {
            ValidOffsetAndEpoch::Valid
        }
    }

    // ---- writing -----------------------------------------------------------------------------------------------

    /// Appends to the page cache. Returns how many bytes a flush has to carry.
    ///
    /// # Panics
    /// If the batch does not continue the log.
    pub fn append(&mut self, batch: Arc<MetadataBatch>) -> u64 {
        assert_eq!(batch.base_offset, self.end, "a log has no holes");
        assert!(batch.epoch >= self.last_epoch(), "epochs rise along a log");
        let bytes = batch.size_in_bytes();
        self.epochs.assign(batch.epoch, batch.base_offset);
        self.end = batch.end_offset();
        self.bytes += bytes;
        match self.chunks.last_mut() {
            Some(chunk) if chunk.len() < CHUNK => Arc::make_mut(chunk).push(batch),
            _ => self.chunks.push(Arc::new(vec![batch])),
        }
        bytes
    }

    /// The leader's: gives the records their place.
    pub fn append_as_leader(&mut self, epoch: LeaderEpoch, content: BatchContent) -> u64 {
        self.append(Arc::new(MetadataBatch { base_offset: self.end, epoch, content }))
    }

    /// The disk is done with everything before `end`, unless that has been cut since.
    pub fn mark_flushed(&mut self, end: Offset) {
        self.flushed = self.flushed.max(end.min(self.end));
    }

    /// Cuts the log to `end`; whole batches, as leaders hand out nothing less.
    pub fn truncate_to(&mut self, end: Offset) {
        while let Some(chunk) = self.chunks.last_mut() {
            let keep = chunk.partition_point(|batch| batch.end_offset() <= end);
            if keep == chunk.len() {
                break;
            }
            self.bytes -= chunk[keep..].iter().map(|batch| batch.size_in_bytes()).sum::<u64>();
            if keep > 0 {
                Arc::make_mut(chunk).truncate(keep);
                break;
            }
            self.chunks.pop();
        }
        let last = self.chunks.last().and_then(|chunk| chunk.last());
        self.end = last.map_or(self.start, |batch| batch.end_offset());
        self.flushed = self.flushed.min(self.end);
        self.epochs.truncate_from_end(self.end);
    }

    /// `RaftLog.truncateToEndOffset`: to where this log and the leader's say the diverging epoch ends, whichever is
    /// less. Returns the new end.
    pub fn truncate_to_divergence(&mut self, leaders: OffsetAndEpoch) -> Offset {
        let own = self.end_offset_for(leaders.epoch);
        let common = if own.epoch == leaders.epoch { own.offset.min(leaders.offset) } else { own.offset };
        self.truncate_to(common);
        self.end
    }

    /// Loss of power: what was never flushed is gone.
    pub fn cut_unflushed(&mut self) {
        self.truncate_to(self.flushed.max(self.start));
    }

    // ---- snapshots ---------------------------------------------------------------------------------------------

    pub fn store_snapshot(&mut self, snapshot: Arc<Snapshot>, now: Time) {
        self.snapshots.insert(snapshot.id, StoredSnapshot { snapshot, taken_at: now });
    }

    /// `truncateToLatestSnapshot`: a snapshot that was fetched because the log lags behind it replaces the log. Returns
    /// whether it did.
    pub fn restart_at_latest_snapshot(&mut self) -> bool {
        let Some(id) = self.latest_snapshot().map(|snapshot| snapshot.id) else { return false };
        let is_ahead = id.epoch > self.last_epoch_of_batches() || id.offset > self.end;
        if is_ahead {
            (self.chunks, self.bytes) = (Vec::new(), 0);
            (self.start, self.end, self.flushed) = (id.offset, id.offset, id.offset);
            self.epochs.clear();
            self.snapshots.retain(|other, _| *other >= id);
        }
        is_ahead
    }

    fn last_epoch_of_batches(&self) -> LeaderEpoch {
        self.epochs.latest_epoch().unwrap_or_default()
    }

    /// `maybeClean`: as long as the log and its snapshots are too large, or the oldest snapshot too old, what the
    /// second oldest snapshot stands for is dropped together with the oldest. The newest always stays.
    pub fn clean(&mut self, retention_bytes: u64, retention: crate::engine::common::Span, now: Time) -> bool {
        let mut has_cleaned = false;
        loop {
            let mut ids = self.snapshots.keys();
            let (Some(oldest), Some(next)) = (ids.next().copied(), ids.next().copied()) else { return has_cleaned };
            let snapshots: u64 = self.snapshots.values().map(|stored| stored.snapshot.size_in_bytes).sum();
            let is_old = now.since(self.snapshots[&oldest].taken_at) > retention;
            if self.bytes + snapshots <= retention_bytes && !is_old {
                return has_cleaned;
            }
            self.snapshots.remove(&oldest);
            self.drop_before(next.offset);
            has_cleaned = true;
        }
    }

    fn drop_before(&mut self, start: Offset) {
        if start <= self.start {
            return;
        }
        self.start = start;
        while let Some(chunk) = self.chunks.first_mut() {
            let gone = chunk.partition_point(|batch| batch.end_offset() <= start);
            if gone == 0 {
                break;
            }
            self.bytes -= chunk[..gone].iter().map(|batch| batch.size_in_bytes()).sum::<u64>();
            if gone < chunk.len() {
                Arc::make_mut(chunk).drain(..gone);
                break;
            }
            self.chunks.remove(0);
        }
        self.epochs.truncate_from_start(start);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::common::Span;
    use crate::engine::metadata::MetadataRecord;

    fn no_ops(count: usize) -> BatchContent {
        BatchContent::Records(vec![MetadataRecord::NoOp; count])
    }

    /// Batches of two records each, by epoch.
    fn log(batches: &[u32]) -> MetadataLog {
        let mut log = MetadataLog::default();
        for epoch in batches {
            log.append_as_leader(LeaderEpoch(*epoch), no_ops(2));
        }
        log
    }

    fn at(offset: u64, epoch: u32) -> OffsetAndEpoch {
        OffsetAndEpoch { offset: Offset(offset), epoch: LeaderEpoch(epoch) }
    }

    fn snapshot(log: &mut MetadataLog, offset: u64, epoch: u32) {
        log.store_snapshot(Arc::new(Snapshot::new(at(offset, epoch), Vec::new())), Time::ZERO);
    }

    #[test]
    fn offsets_run_on_across_chunks_and_clones_do_not_disturb_each_other() {
        let mut log = log(&[1; 150]);
        let clone = log.clone();
        log.append_as_leader(LeaderEpoch(2), no_ops(1));
        assert_eq!((log.end_offset(), clone.end_offset()), (Offset(301), Offset(300)));
        let found: Vec<_> =
            log.entries_from(Offset(255)).take(2).map(|(offset, epoch, _)| (offset.0, epoch.0)).collect();
        assert_eq!(found, [(255, 1), (256, 1)]);
        assert_eq!(log.entries_from(Offset(301)).count(), 0);
        assert_eq!(log.read(Offset(299)).len(), 2, "whole batches");
    }

    #[test]
    fn a_power_loss_keeps_what_was_flushed() {
        for flushed in [0, 2, 128, 130, 300] {
            let mut log = log(&[1; 150]);
            log.mark_flushed(Offset(flushed));
            log.cut_unflushed();
            assert_eq!(log.end_offset(), Offset(flushed));
            assert_eq!(log.entries_from(Offset(0)).count() as u64, flushed);
            assert_eq!(log.size_in_bytes(), flushed / 2 * (61 + 26));
        }
    }

    #[test]
    fn a_leader_judges_where_a_follower_stands() {
        use ValidOffsetAndEpoch::{Diverging, Snapshot, Valid};
        // Epoch 1: 0..4, epoch 3: 4..8.
        let mut leader = log(&[1, 1, 3, 3]);
        for (follower, verdict) in [
            (at(0, 0), Valid),
            (at(4, 1), Valid),
            (at(8, 3), Valid),
            (at(6, 1), Diverging(at(4, 1))),
            (at(6, 2), Diverging(at(4, 1))),
            (at(10, 3), Diverging(at(8, 3))),
        ] {
            assert_eq!(leader.validate(follower), verdict, "{follower:?}");
        }
        snapshot(&mut leader, 2, 1);
        snapshot(&mut leader, 6, 3);
        assert!(leader.clean(0, Span::secs(9), Time::ZERO));
        assert_eq!((leader.start_offset(), leader.snapshots().count()), (Offset(6), 1));
        for (follower, verdict) in
            [(at(0, 0), Snapshot(at(6, 3))), (at(4, 1), Snapshot(at(6, 3))), (at(6, 3), Valid), (at(8, 3), Valid)]
        {
            assert_eq!(leader.validate(follower), verdict, "{follower:?}");
        }
    }

    #[test]
    fn a_follower_cuts_back_to_the_common_history() {
        // Both have epoch 1 up to 4; then this one followed epoch 2, the leader is of epoch 3.
        let mut follower = log(&[1, 1, 2, 2]);
        assert_eq!(follower.truncate_to_divergence(at(4, 1)), Offset(4));
        assert_eq!(follower.end(), at(4, 1));
        // The leader's epoch 1 ended earlier than here.
        assert_eq!(log(&[1, 1, 1]).truncate_to_divergence(at(2, 1)), Offset(2));
    }

    #[test]
    fn one_snapshot_always_stays_and_nothing_goes_while_there_is_room() {
        let mut log = log(&[1; 10]);
        snapshot(&mut log, 4, 1);
        assert!(!log.clean(0, Span::ZERO, Time(1)), "with a single snapshot nothing may go");
        snapshot(&mut log, 8, 1);
        assert!(!log.clean(1_000_000, Span::secs(1), Time(1)));
        assert_eq!(log.start_offset(), Offset(0));
        assert!(log.clean(1_000_000, Span::secs(1), Time(2_000_000)), "too old");
        assert_eq!(log.start_offset(), Offset(8));
        assert_eq!(log.entries_from(Offset(8)).count(), 12);
    }

    #[test]
    fn a_fetched_snapshot_replaces_a_log_that_lags_behind_it() {
        let mut log = log(&[1, 1]);
        snapshot(&mut log, 2, 1);
        assert!(!log.restart_at_latest_snapshot(), "the log is ahead of it");
        snapshot(&mut log, 50, 4);
        assert!(log.restart_at_latest_snapshot());
        assert_eq!((log.start_offset(), log.end()), (Offset(50), at(50, 4)));
        assert_eq!(log.snapshots().count(), 1);
        log.append_as_leader(LeaderEpoch(4), no_ops(1));
        assert_eq!(log.end_offset(), Offset(51));
    }
}
