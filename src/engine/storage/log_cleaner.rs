//! Compaction: of every key the newest record stays (`LogCleanerManager`, `Cleaner`).
//!
//! A log has a clean head and a dirty tail, and the checkpoint lies between them. A pass reads the dirty segments for
//! the last offset of each key, then writes all segments up to there anew without the records that something later
//! overrides. Offsets and their order never change: what is taken out leaves a gap. The active segment is never
//! touched.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::log_segment::LogSegment;
use super::unified_log::UnifiedLog;
use crate::engine::common::{Offset, ProducerId, Time};
use crate::engine::config::TopicConfig;
use crate::engine::record::{Bytes, Record, RecordBatch};

/// How much of a log could be cleaned now (`LogToClean`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogToClean {
    /// The dirty tail begins here.
    pub first_dirty: Offset,
    /// From here on nothing may be cleaned: the active segment, records that are not committed, or too young ones.
    pub first_uncleanable: Offset,
    pub clean_bytes: u64,
    pub cleanable_bytes: u64,
    /// The dirty tail has records older than `max.compaction.lag.ms`.
    pub is_overdue: bool,
}

/// What a pass did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cleaned {
    pub first_dirty: Offset,
    /// The dirty tail begins here now.
    pub end: Offset,
    pub bytes_before: u64,
    pub bytes_after: u64,
    pub records_before: u64,
    pub records_after: u64,
    pub segments_before: u32,
    pub segments_after: u32,
}

impl LogToClean {
    /// `min.cleanable.dirty.ratio` is compared with this share, in millionths.
    #[must_use]
    pub fn dirty_ratio_millionths(&self) -> u64 {
        let total = self.clean_bytes + self.cleanable_bytes;
        let share = u128::from(self.cleanable_bytes) * 1_000_000;
        u64::try_from(share.checked_div(u128::from(total)).unwrap_or(0))
            .expect("a share is at most a million millionths")
    }

    /// Is the log dirty enough, or dirty for too long?
    #[must_use]
    pub fn is_due(&self, config: &TopicConfig) -> bool {
        let is_overdue = self.is_overdue && self.cleanable_bytes > 0;
        is_overdue || self.dirty_ratio_millionths() > u64::from(config.min_cleanable_dirty_ratio.millionths())
    }
}

/// The last offset of every key in the dirty tail, up to `latest` (`SkimpyOffsetMap`, without its collisions).
struct OffsetMap {
    offsets: BTreeMap<Bytes, Offset>,
    /// All before this has been looked at.
    end: Offset,
}

impl UnifiedLog {
    /// What is clean, what could be cleaned, what may not be. `checkpoint` is where the last pass ended.
    #[must_use]
    pub fn to_clean(&self, checkpoint: Option<Offset>, now: Time, config: &TopicConfig) -> LogToClean {
        let in_log = self.log_start_offset()..=self.log_end_offset();
        let first_dirty = checkpoint.filter(|at| in_log.contains(at)).unwrap_or(self.log_start_offset());
        let active = self.active_segment().base_offset();
        let dirty = || self.segments().skip(self.segment_index(first_dirty)).take_while(|s| s.base_offset() < active);
        let lag = config.min_compaction_lag;
        // The very condition is "largest timestamp > now - lag".
        let is_young = |segment: &&LogSegment| now.since(segment.largest_timestamp()) < lag;
        let young = (lag.0 > 0).then(|| dirty().find(is_young)).flatten().map(LogSegment::base_offset);
        let limit = self.high_watermark().min(active).min(young.unwrap_or(active)).max(first_dirty);
        // Whole segments only: down to the base of the one in which the limit lies.
        let first_uncleanable = self.segments[self.segment_index(limit)].base_offset();
        let oldest = dirty().filter_map(LogSegment::first_batch_timestamp).min();
        let before = |end: Offset| self.segments().take_while(move |segment| segment.base_offset() < end);
        LogToClean {
            first_dirty,
            first_uncleanable,
            clean_bytes: before(first_dirty).map(LogSegment::size_in_bytes).sum(),
            cleanable_bytes: before(first_uncleanable)
                .skip(self.segment_index(first_dirty))
                .map(LogSegment::size_in_bytes)
                .sum(),
            is_overdue: oldest.is_some_and(|oldest| now.since(oldest) > config.max_compaction_lag),
        }
    }

    /// One pass (`Cleaner.doClean`). `max_keys` is how many keys the offset map holds; a full map ends the pass early.
    pub fn clean(&mut self, what: LogToClean, max_keys: u64, now: Time, config: &TopicConfig) -> Cleaned {
        let map = self.build_offset_map(what, max_keys);
        let last_of_producers = self.last_batches_of_producers();
        let count = self.segments().take_while(|segment| segment.base_offset() < map.end).count();
        let sources: Vec<Arc<LogSegment>> = self.segments.drain(..count).collect();
        let records = |segments: &[Arc<LogSegment>]| -> u64 {
            segments.iter().flat_map(|segment| segment.batches()).map(|batch| batch.len() as u64).sum()
        };
        let bytes = |segments: &[Arc<LogSegment>]| segments.iter().map(|segment| segment.size_in_bytes()).sum();
        let cleaned: Vec<Arc<LogSegment>> = group_by_size(&sources, config)
            .into_iter()
            .map(|group| {
                let last = group.last().expect("a group is not empty");
                let mut cleaned = LogSegment::new(group[0].base_offset(), now, group[0].roll_jitter());
                for batch in group.iter().flat_map(|segment| segment.batches()) {
                    let is_last_of_producer = batch
                        .producer_id_and_epoch()
                        .is_some_and(|(id, _)| last_of_producers.get(&id) == Some(&batch.last_offset()));
                    let is_last_of_round = batch.next_offset() == what.first_uncleanable;
                    if let Some(kept) = filter(batch, &map, is_last_of_producer || is_last_of_round, now, config) {
                        cleaned.append(kept, last.last_modified(), config);
                    }
                }
                cleaned.seal();
                cleaned.set_last_modified(last.last_modified());
                Arc::new(cleaned)
            })
            .collect();
        let outcome = Cleaned {
            first_dirty: what.first_dirty,
            end: map.end,
            bytes_before: bytes(&sources),
            bytes_after: bytes(&cleaned),
            records_before: records(&sources),
            records_after: records(&cleaned),
            segments_before: count_of(sources.len()),
            segments_after: count_of(cleaned.len()),
        };
        // A segment that went into its neighbour takes its snapshot along.
        for source in &sources {
            if !cleaned.iter().any(|segment| segment.base_offset() == source.base_offset()) {
                self.producers.segment_deleted(source.base_offset());
            }
        }
        // `.swap`: the cleaned files take the names, the old ones wait to be removed.
        for segment in cleaned.into_iter().rev() {
            self.segments.push_front(segment);
        }
        self.rename_deleted(sources, now, config);
        outcome
    }

    fn build_offset_map(&self, what: LogToClean, max_keys: u64) -> OffsetMap {
        let mut map = OffsetMap { offsets: BTreeMap::new(), end: what.first_dirty };
        let dirty = self
            .segments()
            .skip(self.segment_index(what.first_dirty))
            .take_while(|segment| segment.base_offset() < what.first_uncleanable);
        for batch in dirty.flat_map(|segment| segment.batches_from(what.first_dirty)) {
            if batch.control.is_none() {
                for (offset, record) in batch.iter().filter(|(offset, _)| *offset >= what.first_dirty) {
                    let Some(key) = &record.key else { continue };
                    if map.offsets.len() as u64 >= max_keys {
                        return map;
                    }
                    map.offsets.insert(Arc::clone(key), offset);
                }
            }
            map.end = batch.next_offset();
        }
        map.end = map.end.max(what.first_uncleanable);
        map
    }

    /// Where each producer wrote last: its sequence must not be forgotten.
    fn last_batches_of_producers(&self) -> BTreeMap<ProducerId, Offset> {
        let data = self.batches().filter(|batch| batch.control.is_none());
        data.filter_map(|batch| Some((batch.producer?.producer_id, batch.last_offset()))).collect()
    }
}

/// Neighbours that fit together into one segment (`groupSegmentsBySize`).
fn group_by_size<'a>(segments: &'a [Arc<LogSegment>], config: &TopicConfig) -> Vec<&'a [Arc<LogSegment>]> {
    let limit = u64::from(config.segment_size_bytes());
    let index_limit = u64::from(config.segment_index_bytes);
    let mut groups = Vec::new();
    let mut rest = segments;
    while let Some(first) = rest.first() {
        let (mut size, mut index, mut times) =
            (first.size_in_bytes(), first.offset_index().size_in_bytes(), first.time_index().size_in_bytes());
        let mut fits = |segment: &Arc<LogSegment>| {
            size += segment.size_in_bytes();
            index += segment.offset_index().size_in_bytes();
            times += segment.time_index().size_in_bytes();
            let last_offset = Offset(segment.next_offset().0.saturating_sub(1));
            size <= limit && index <= index_limit && times <= index_limit && first.can_hold(last_offset)
        };
        let len = 1 + rest[1..].iter().take_while(|segment| fits(segment)).count();
        let (group, others) = rest.split_at(len);
        groups.push(group);
        rest = others;
    }
    groups
}

/// What is left of a batch (`MemoryRecords.filterTo`); `None` if nothing is. A batch that must be remembered stays as an
/// empty husk.
fn filter(
    batch: &RecordBatch,
    map: &OffsetMap,
    stays_empty: bool,
    now: Time,
    config: &TopicConfig,
) -> Option<RecordBatch> {
    // Markers go only when all records of their transaction have gone, which nothing here can tell.
    if batch.control.is_some() {
        return Some(batch.clone());
    }
    let is_kept = |offset: Offset, record: &Record| is_retained(batch, offset, record, map, now);
    let has_tombstones = batch.iter().any(|(offset, record)| is_kept(offset, record) && record.value.is_none());
    // The first pass that sees a tombstone says until when it stays (KIP-534).
    let horizon = match batch.delete_horizon {
        Some(at) => Some(at),
        None => has_tombstones.then(|| now + config.delete_retention),
    };
    let kept = batch.retain(horizon, is_kept);
    (!kept.is_empty() || stays_empty).then_some(kept)
}

/// `Cleaner.shouldRetainRecord`
fn is_retained(batch: &RecordBatch, offset: Offset, record: &Record, map: &OffsetMap, now: Time) -> bool {
    if offset >= map.end {
        return true;
    }
    let Some(key) = &record.key else { return false };
    let is_latest = map.offsets.get(key).is_none_or(|latest| offset >= *latest);
    let is_value = record.value.is_some() || batch.delete_horizon.is_none_or(|horizon| now < horizon);
    is_latest && is_value
}

fn count_of(len: usize) -> u32 {
    u32::try_from(len).expect("fewer than 2^32 segments")
}

#[cfg(test)]
mod tests;
