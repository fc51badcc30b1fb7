//! What a log is after its broker died, and how it is put right (`LogLoader`).
//!
//! The page cache outlives a process, not the machine: after `kill -9` every byte is still there, after a power loss
//! only what was flushed, and perhaps half a batch. A broker cannot know which it was. So unless it stopped in good
//! order it reads every segment from the recovery point on, cuts the log at the first batch that is not whole, and
//! writes the indexes anew.

use std::sync::Arc;

use super::unified_log::UnifiedLog;
use crate::engine::common::{Offset, Time};
use crate::engine::config::TopicConfig;
use crate::engine::runtime::Crash;

/// What the last checkpoint files said of a log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Checkpointed {
    pub(super) high_watermark: Offset,
    pub(super) recovery_point: Offset,
    pub(super) log_start_offset: Offset,
}

/// How one log was recovered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Recovered {
    /// Where reading began.
    pub recovery_point: Offset,
    pub segments: u32,
    pub bytes: u64,
    /// Bytes at the end that were no whole batch.
    pub truncated_bytes: u32,
    pub log_end: Offset,
}

impl UnifiedLog {
    /// The broker is gone. What it held in memory falls back to what it had saved; what the machine held in memory is
    /// lost if the machine went too.
    pub(super) fn crash(&mut self, how: Crash, saved: Checkpointed, now: Time) {
        if how == Crash::Power {
            self.lose_page_cache(now);
        }
        let first = self.segments[0].base_offset();
        self.log_start_offset = saved.log_start_offset.clamp(first, self.log_end_offset.max(first));
        self.leader_epochs.truncate_from_start(self.log_start_offset);
        self.high_watermark = saved.high_watermark.clamp(self.log_start_offset, self.log_end_offset);
        self.recovery_point = saved.recovery_point.min(self.log_end_offset);
        self.producers.crash(self.log_end_offset);
        // Flushes under way died with the process.
        self.cuts += 1;
    }

    /// Everything beyond the platter goes. The first batch that was lost may have left its first half: the platter takes
    /// pages, not batches.
    fn lose_page_cache(&mut self, now: Time) {
        let end = self.on_platter;
        let in_segment = self.segments.get(self.segment_index(end));
        let lost = in_segment.and_then(|segment| segment.batches_from(end).next().map(|batch| batch.size_in_bytes()));
        if self.cut_to(end, now) {
            self.active_mut().torn_bytes = lost.unwrap_or(0) / 2;
        }
    }

    /// Segments that a recovery has to read: from the one in which the recovery point lies.
    fn segments_to_recover(&self) -> std::ops::Range<usize> {
        self.segment_index(self.recovery_point)..self.segments.len()
    }

    /// Bytes that a recovery has to read.
    #[must_use]
    pub fn bytes_to_recover(&self) -> u64 {
        let read = self.segments.range(self.segments_to_recover());
        read.map(|segment| segment.size_in_bytes() + u64::from(segment.torn_bytes())).sum()
    }

    /// Reads the unflushed segments batch by batch and leaves the log without anything that is not whole. The recovery
    /// point stays: reading a log does not force it to disk.
    pub(super) fn recover(&mut self, config: &TopicConfig, now: Time) -> Recovered {
        let bytes = self.bytes_to_recover();
        let range = self.segments_to_recover();
        let segments = u32::try_from(range.len()).expect("fewer than 2^32 segments");
        let mut truncated_bytes = 0;
        for index in range {
            let segment = Arc::make_mut(&mut self.segments[index]);
            truncated_bytes += std::mem::take(&mut segment.torn_bytes);
            segment.rebuild_indexes(config);
            self.recover_producer_state(index, now);
        }
        let recovery_point = self.recovery_point;
        Recovered { recovery_point, segments, bytes, truncated_bytes, log_end: self.log_end_offset }
    }

    /// Reading the segment anew also tells what its producers wrote; a snapshot behind it says so
    /// (`LogLoader.recoverSegment`).
    fn recover_producer_state(&mut self, index: usize, now: Time) {
        let Self { segments, producers, log_start_offset, .. } = self;
        let segment = Arc::clone(&segments[index]);
        producers.forget();
        producers.rebuild(segments, *log_start_offset, segment.base_offset(), now);
        producers.replay(&segment, segment.base_offset(), segment.next_offset());
        producers.take_snapshot();
    }

    /// What a log that is in order says of its producers (`LogLoader.load`).
    pub(super) fn load_producer_state(&mut self, now: Time) {
        let Self { segments, producers, log_start_offset, log_end_offset, .. } = self;
        let bases: Vec<Offset> = segments.iter().map(|segment| segment.base_offset()).collect();
        producers.remove_stray_snapshots(&bases);
        producers.forget();
        producers.rebuild(segments, *log_start_offset, *log_end_offset, now);
    }

    /// Files that a start removes at once: those that were waiting to be removed (`LogLoader.removeTempFiles`).
    pub(super) fn remove_leftover_files(&mut self) {
        self.deleted.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::common::LeaderEpoch;
    use crate::engine::record::{Record, RecordBatch};

    const NOW: Time = Time(5_000_000);
    const SIZE: u32 = 73;

    /// Two batches of 73 bytes a segment: 0 1 | 2 3 | 4 5 | 6 7 | 8.
    fn log() -> (UnifiedLog, TopicConfig) {
        let mut config = TopicConfig::default();
        config.set("internal.segment.bytes", &(2 * SIZE).to_string()).unwrap();
        config.set("index.interval.bytes", "0").unwrap();
        let mut log = UnifiedLog::new(Time::ZERO);
        for _ in 0..9 {
            let batch = RecordBatch::new([Record::new(None, Some(b"hello"), Time::ZERO)], None);
            log.append_as_leader(&batch, LeaderEpoch(0), NOW, &config).unwrap();
        }
        log.maybe_increment_high_watermark(Offset(9));
        (log, config)
    }

    fn flush(log: &mut UnifiedLog, end: u64) {
        let flush = log.flush_before(Offset(end)).unwrap();
        assert_eq!(log.flushed(flush, NOW), Some(Offset(end)));
    }

    fn saved(high_watermark: u64, recovery_point: u64, log_start: u64) -> Checkpointed {
        Checkpointed {
            high_watermark: Offset(high_watermark),
            recovery_point: Offset(recovery_point),
            log_start_offset: Offset(log_start),
        }
    }

    #[test]
    fn a_killed_process_loses_nothing_but_what_it_had_not_saved() {
        let (mut log, config) = log();
        flush(&mut log, 8);
        log.maybe_increment_log_start_offset(Offset(3));
        log.crash(Crash::Process, saved(6, 4, 1), NOW);
        assert_eq!(
            (log.log_start_offset(), log.high_watermark(), log.log_end_offset()),
            (Offset(1), Offset(6), Offset(9))
        );
        // The broker remembers the checkpoint, the disk what was flushed.
        assert_eq!((log.recovery_point(), log.on_platter()), (Offset(4), Offset(8)));
        // Segments 4, 6 and 8 are read: the one in which the recovery point lies, and all later ones.
        let recovered = log.recover(&config, NOW);
        assert_eq!((recovered.segments, recovered.bytes, recovered.truncated_bytes), (3, u64::from(5 * SIZE), 0));
        assert_eq!((recovered.log_end, log.recovery_point()), (Offset(9), Offset(4)));
    }

    #[test]
    fn a_dark_machine_loses_the_unflushed_tail_and_tears_a_batch() {
        let (mut log, config) = log();
        flush(&mut log, 5);
        log.crash(Crash::Power, saved(9, 2, 0), NOW);
        assert_eq!((log.log_end_offset(), log.high_watermark()), (Offset(5), Offset(5)));
        assert_eq!(log.active_segment().torn_bytes(), SIZE / 2);
        let recovered = log.recover(&config, NOW);
        assert_eq!((recovered.segments, recovered.truncated_bytes), (2, SIZE / 2));
        assert_eq!(recovered.bytes, u64::from(3 * SIZE + SIZE / 2));
        assert_eq!(log.active_segment().torn_bytes(), 0);
        // And appends go on from there.
        let batch = RecordBatch::new([Record::new(None, Some(b"hello"), Time::ZERO)], None);
        let info = log.append_as_leader(&batch, LeaderEpoch(1), NOW, &config).unwrap();
        assert_eq!((info.first_offset, log.active_segment().size_in_bytes()), (Offset(5), u64::from(2 * SIZE)));
    }

    #[test]
    fn a_log_that_was_never_flushed_is_gone_with_the_power() {
        let (mut log, _) = log();
        log.crash(Crash::Power, saved(9, 0, 0), NOW);
        assert_eq!((log.log_end_offset(), log.high_watermark(), log.size_in_bytes()), (Offset(0), Offset(0), 0));
    }

    #[test]
    fn recovery_writes_the_same_indexes_as_appending_did() {
        let (mut log, config) = log();
        let before = log.clone();
        log.crash(Crash::Process, saved(9, 0, 0), NOW);
        log.recover(&config, NOW);
        let indexes = |log: &UnifiedLog| -> Vec<_> {
            log.segments().map(|segment| (segment.offset_index().clone(), segment.max_timestamp_so_far())).collect()
        };
        assert_eq!(indexes(&log), indexes(&before));
    }

    #[test]
    fn a_flush_that_was_asked_for_before_a_cut_counts_for_nothing() {
        let (mut log, _) = log();
        let asked = log.flush_before(Offset(9)).unwrap();
        assert_eq!(asked.bytes, u64::from(9 * SIZE));
        log.truncate_to(Offset(5), NOW);
        assert_eq!(log.flushed(asked, NOW), None);
        assert!(log.is_flushed(asked));
        assert_eq!(log.recovery_point(), Offset(0));
    }
}
