//! All logs of one broker and the checkpoint files beside them (`LogManager`). This is what a broker finds again when it
//! starts.
//!
//! Checkpoint files are written aside, forced to disk and renamed, so each survives a power loss as a whole; but each is
//! only as fresh as its interval.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::recovery::{Checkpointed, Recovered};
use super::unified_log::UnifiedLog;
use crate::engine::common::{Offset, Time, TopicPartition};
use crate::engine::config::TopicConfig;
use crate::engine::runtime::Crash;

/// Logs are shared by `Arc`: a clone of the world copies only those that change afterwards.
#[derive(Clone, Debug, Default)]
pub struct LogManager {
    logs: BTreeMap<TopicPartition, Arc<UnifiedLog>>,
    checkpoints: Checkpoints,
    /// `.kafka_cleanshutdown` lies in the directory: the broker stopped in good order.
    was_shut_down_cleanly: bool,
    /// The logs have been opened by the process that runs now.
    is_loaded: bool,
}

/// The checkpoint files of a log directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checkpoints {
    /// `replication-offset-checkpoint`
    pub high_watermarks: BTreeMap<TopicPartition, Offset>,
    /// `recovery-point-offset-checkpoint`
    pub recovery_points: BTreeMap<TopicPartition, Offset>,
    /// `log-start-offset-checkpoint`: only logs that begin later than their first segment.
    pub log_start_offsets: BTreeMap<TopicPartition, Offset>,
    /// `cleaner-offset-checkpoint`: where the dirty part of a compacted log begins.
    pub first_dirty_offsets: BTreeMap<TopicPartition, Offset>,
}

impl LogManager {
    #[must_use]
    pub fn get(&self, partition: TopicPartition) -> Option<&UnifiedLog> {
        self.logs.get(&partition).map(Arc::as_ref)
    }

    pub fn get_mut(&mut self, partition: TopicPartition) -> Option<&mut UnifiedLog> {
        self.logs.get_mut(&partition).map(Arc::make_mut)
    }

    /// The log, made empty if there is none yet.
    pub fn get_or_create(&mut self, partition: TopicPartition, now: Time) -> &mut UnifiedLog {
        Arc::make_mut(self.logs.entry(partition).or_insert_with(|| Arc::new(UnifiedLog::new(now))))
    }

    pub fn iter(&self) -> impl Iterator<Item = (TopicPartition, &UnifiedLog)> {
        self.logs.iter().map(|(partition, log)| (*partition, log.as_ref()))
    }

    // ---- checkpoints -------------------------------------------------------------------------------------------

    #[must_use]
    pub fn checkpoints(&self) -> &Checkpoints {
        &self.checkpoints
    }

    /// The high watermark as it would be read after a crash.
    #[must_use]
    pub fn checkpointed_high_watermark(&self, partition: TopicPartition) -> Offset {
        self.checkpoints.high_watermarks.get(&partition).copied().unwrap_or_default()
    }

    /// Saves every log's high watermark (`replica.high.watermark.checkpoint.interval.ms`).
    pub fn checkpoint_high_watermarks(&mut self) {
        self.checkpoints.high_watermarks = self.of_all(UnifiedLog::high_watermark);
    }

    /// Saves every log's recovery point (`log.flush.offset.checkpoint.interval.ms`).
    pub fn checkpoint_recovery_points(&mut self) {
        self.checkpoints.recovery_points = self.of_all(UnifiedLog::recovery_point);
    }

    /// Saves where logs begin (`log.flush.start.offset.checkpoint.interval.ms`). A log that begins with its first segment
    /// needs no entry: its file names say so.
    pub fn checkpoint_log_start_offsets(&mut self) {
        let begins_within =
            |log: &UnifiedLog| log.segments().next().is_some_and(|first| log.log_start_offset() > first.base_offset());
        let within = self.iter().filter(|(_, log)| begins_within(log));
        self.checkpoints.log_start_offsets =
            within.map(|(partition, log)| (partition, log.log_start_offset())).collect();
    }

    /// Where the dirty part of a log begins, as the last pass of the cleaner left it.
    #[must_use]
    pub fn first_dirty_offset(&self, partition: TopicPartition) -> Option<Offset> {
        self.checkpoints.first_dirty_offsets.get(&partition).copied()
    }

    /// `LogCleanerManager.updateCheckpoints`
    pub fn checkpoint_first_dirty_offset(&mut self, partition: TopicPartition, offset: Offset) {
        self.checkpoints.first_dirty_offsets.insert(partition, offset);
    }

    /// The log was cut: nothing beyond can be clean (`LogCleanerManager.maybeTruncateCheckpoint`).
    pub fn cut_first_dirty_offset(&mut self, partition: TopicPartition, to: Offset) {
        if let Some(offset) = self.checkpoints.first_dirty_offsets.get_mut(&partition) {
            *offset = (*offset).min(to);
        }
    }

    fn of_all(&self, offset: impl Fn(&UnifiedLog) -> Offset) -> BTreeMap<TopicPartition, Offset> {
        self.iter().map(|(partition, log)| (partition, offset(log))).collect()
    }

    // ---- stopping and starting ---------------------------------------------------------------------------------

    /// `LogManager.shutdown`: everything is flushed and saved, and a file says so.
    pub fn shut_down(&mut self) {
        for log in self.logs.values_mut() {
            Arc::make_mut(log).flush_all();
        }
        self.checkpoint_recovery_points();
        self.checkpoint_log_start_offsets();
        self.checkpoint_high_watermarks();
        self.was_shut_down_cleanly = true;
    }

    /// The process, or the whole machine, died.
    pub fn crash(&mut self, how: Crash) {
        let Self { logs, checkpoints, .. } = self;
        for (partition, log) in logs {
            let at = |file: &BTreeMap<TopicPartition, Offset>| file.get(partition).copied().unwrap_or_default();
            let saved = Checkpointed {
                high_watermark: at(&checkpoints.high_watermarks),
                recovery_point: at(&checkpoints.recovery_points),
                log_start_offset: at(&checkpoints.log_start_offsets),
            };
            let log = Arc::make_mut(log);
            let last_write = log.active_segment().last_modified();
            log.crash(how, saved, last_write);
        }
        self.is_loaded = false;
    }

    /// Has the running process opened its logs?
    #[must_use]
    pub fn is_loaded(&self) -> bool {
        self.is_loaded
    }

    /// Did the last process stop in good order?
    #[must_use]
    pub fn was_shut_down_cleanly(&self) -> bool {
        self.was_shut_down_cleanly
    }

    /// Bytes that must be read before the logs can be used; none after a clean shutdown.
    #[must_use]
    pub fn bytes_to_recover(&self) -> u64 {
        if self.was_shut_down_cleanly { 0 } else { self.iter().map(|(_, log)| log.bytes_to_recover()).sum() }
    }

    /// Opens the logs (`LogManager.loadLogs`); tells how those were recovered that had to be.
    pub fn load(&mut self, config: impl Fn(TopicPartition) -> Arc<TopicConfig>) -> Vec<(TopicPartition, Recovered)> {
        let mut all = Vec::new();
        for (partition, log) in &mut self.logs {
            let log = Arc::make_mut(log);
            log.remove_leftover_files();
            if !self.was_shut_down_cleanly {
                all.push((*partition, log.recover(&config(*partition))));
            }
        }
        // From now on only another orderly stop makes the next start quick.
        self.was_shut_down_cleanly = false;
        self.is_loaded = true;
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::common::{LeaderEpoch, TopicId};
    use crate::engine::record::{Record, RecordBatch};

    fn partition() -> TopicPartition {
        TopicPartition::new(TopicId(0), 0)
    }

    fn with_records(count: u64) -> LogManager {
        let mut logs = LogManager::default();
        let log = logs.get_or_create(partition(), Time::ZERO);
        for _ in 0..count {
            let batch = RecordBatch::new([Record::new(None, None, Time::ZERO)], None);
            log.append_as_leader(&batch, LeaderEpoch(0), Time::ZERO, &TopicConfig::default()).unwrap();
        }
        logs
    }

    #[test]
    fn after_a_crash_the_high_watermark_is_the_last_one_saved() {
        let mut logs = with_records(4);
        logs.get_mut(partition()).unwrap().maybe_increment_high_watermark(Offset(2));
        logs.checkpoint_high_watermarks();
        logs.get_mut(partition()).unwrap().maybe_increment_high_watermark(Offset(4));

        let mut killed = logs.clone();
        killed.crash(Crash::Process);
        let log = killed.get(partition()).unwrap();
        assert_eq!((log.high_watermark(), log.log_end_offset()), (Offset(2), Offset(4)));

        // Nothing was ever flushed: all is lost, and the high watermark with it.
        logs.crash(Crash::Power);
        let log = logs.get(partition()).unwrap();
        assert_eq!((log.high_watermark(), log.log_end_offset()), (Offset(0), Offset(0)));
        assert_eq!(logs.checkpointed_high_watermark(partition()), Offset(2));
    }

    #[test]
    fn a_log_start_within_a_segment_survives_a_crash_only_if_it_was_saved() {
        let mut logs = with_records(4);
        let log = logs.get_mut(partition()).unwrap();
        log.maybe_increment_high_watermark(Offset(4));
        logs.checkpoint_log_start_offsets();
        assert!(logs.checkpoints().log_start_offsets.is_empty());
        logs.get_mut(partition()).unwrap().maybe_increment_log_start_offset(Offset(3));
        let mut unsaved = logs.clone();
        unsaved.crash(Crash::Process);
        assert_eq!(unsaved.get(partition()).unwrap().log_start_offset(), Offset(0));
        logs.checkpoint_log_start_offsets();
        logs.crash(Crash::Process);
        assert_eq!(logs.get(partition()).unwrap().log_start_offset(), Offset(3));
    }

    #[test]
    fn an_orderly_stop_saves_everything_and_the_next_start_reads_nothing() {
        let mut logs = with_records(4);
        logs.get_mut(partition()).unwrap().maybe_increment_high_watermark(Offset(4));
        let mut killed = logs.clone();
        killed.crash(Crash::Process);
        assert!(killed.bytes_to_recover() > 0);
        assert_eq!(killed.load(|_| Arc::default()).len(), 1);

        logs.shut_down();
        logs.crash(Crash::Power);
        assert_eq!(logs.bytes_to_recover(), 0);
        assert_eq!(logs.load(|_| Arc::default()), []);
        let log = logs.get(partition()).unwrap();
        assert_eq!(
            (log.log_end_offset(), log.high_watermark(), log.recovery_point()),
            (Offset(4), Offset(4), Offset(4))
        );
        // The file is gone: a crash now is a crash.
        assert!(!logs.was_shut_down_cleanly() && logs.is_loaded());
    }
}
