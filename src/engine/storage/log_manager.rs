//! All logs of one broker and the checkpoint files beside them (`LogManager`). This is what a broker finds again when it
//! starts.
//!
//! Checkpoint files are written aside, forced to disk and renamed, so each survives a power loss as a whole; but each is
//! only as fresh as its interval.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::deleted_logs::DeletedLog;
use super::log_dirs::{DiskError, LogDir};
use super::producer_state::ProducerStateManagerConfig;
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
    /// In the order of `log.dirs`; never empty once the broker is made.
    dirs: Vec<LogDir>,
    /// Where each log lies.
    homes: BTreeMap<TopicPartition, Home>,
    pub(super) deleted: Vec<DeletedLog>,
}

/// Where a log lies: in which of the directories, and by whose name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Home {
    pub(super) dir: usize,
    pub(super) topic: Arc<str>,
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

    /// The log, made empty if there is none yet; its directory is named after the topic.
    pub fn get_or_create(&mut self, partition: TopicPartition, topic: &str, now: Time) -> &mut UnifiedLog {
        if !self.logs.contains_key(&partition) {
            let home = Home { dir: self.next_dir(), topic: topic.into() };
            self.homes.insert(partition, home);
        }
        Arc::make_mut(self.logs.entry(partition).or_insert_with(|| Arc::new(UnifiedLog::new(now))))
    }

    /// The replica is no longer this broker's: checkpoints forget it. What becomes of its files is up to the caller.
    pub(super) fn remove(&mut self, partition: TopicPartition) -> Option<(Arc<UnifiedLog>, Home)> {
        let Checkpoints { high_watermarks, recovery_points, log_start_offsets, first_dirty_offsets } =
            &mut self.checkpoints;
        for file in [high_watermarks, recovery_points, log_start_offsets, first_dirty_offsets] {
            file.remove(&partition);
        }
        self.logs.remove(&partition).zip(self.homes.remove(&partition))
    }

    /// The log and its files go at once.
    pub fn delete_log(&mut self, partition: TopicPartition) {
        self.remove(partition);
    }

    pub fn iter(&self) -> impl Iterator<Item = (TopicPartition, &UnifiedLog)> {
        self.logs.iter().map(|(partition, log)| (*partition, log.as_ref()))
    }

    // ---- directories -------------------------------------------------------------------------------------------

    /// Takes over `log.dirs`. Disks keep what is wrong with them, and logs their place.
    ///
    /// A directory that is no longer listed keeps its logs: taking one out of the configuration does not move files,
    /// and a broker would not find them; here the list only grows.
    pub fn set_dirs(&mut self, paths: &[Arc<str>]) {
        for path in paths {
            if !self.dirs.iter().any(|dir| dir.path == *path) {
                self.dirs.push(LogDir::new(Arc::clone(path)));
            }
        }
    }

    #[must_use]
    pub fn dirs(&self) -> &[LogDir] {
        &self.dirs
    }

    /// The directory in which a log lies.
    #[must_use]
    pub fn directory_of(&self, partition: TopicPartition) -> Option<&LogDir> {
        self.dirs.get(self.homes.get(&partition)?.dir)
    }

    /// What the log's own directory is called: `orders-0`.
    #[must_use]
    pub fn name_of(&self, partition: TopicPartition) -> Option<String> {
        self.homes.get(&partition).map(|home| format!("{}-{}", home.topic, partition.partition))
    }

    /// Has the broker given up the directory in which the log lies?
    #[must_use]
    pub fn is_offline(&self, partition: TopicPartition) -> bool {
        self.directory_of(partition).is_some_and(|dir| dir.is_offline)
    }

    /// Has every directory failed? Then the broker halts.
    #[must_use]
    pub fn has_no_live_dir(&self) -> bool {
        !self.dirs.is_empty() && self.dirs.iter().all(|dir| dir.is_offline)
    }

    /// Bytes that the logs of a directory take, files and logs on their way out included.
    #[must_use]
    pub fn used_bytes(&self, path: &str) -> u64 {
        let here = self.iter().filter(|(id, _)| self.directory_of(*id).is_some_and(|dir| *dir.path == *path));
        let renamed = self.deleted_logs().filter(|(dir, _)| *dir.path == *path).map(|(_, deleted)| deleted.bytes);
        here.map(|(_, log)| log.bytes_on_disk()).chain(renamed).sum()
    }

    /// What writing `bytes` more to the log would meet.
    #[must_use]
    pub fn write_error(&self, partition: TopicPartition, bytes: u64) -> Option<DiskError> {
        let dir = self.directory_of(partition)?;
        if !dir.is_broken && dir.capacity.is_none() {
            return None;
        }
        dir.error(self.used_bytes(&dir.path), bytes)
    }

    /// Directories in use to which not even a checkpoint can be written.
    #[must_use]
    pub fn failing_dirs(&self) -> Vec<(Arc<str>, DiskError)> {
        let in_use = self.dirs.iter().filter(|dir| !dir.is_offline);
        in_use.filter_map(|dir| Some((Arc::clone(&dir.path), dir.error(self.used_bytes(&dir.path), 0)?))).collect()
    }

    /// The broker gives a directory up; tells which logs lie in it.
    pub fn take_offline(&mut self, path: &str) -> Vec<TopicPartition> {
        for dir in self.dirs.iter_mut().filter(|dir| *dir.path == *path) {
            dir.is_offline = true;
        }
        let here = |id: &TopicPartition| self.directory_of(*id).is_some_and(|dir| *dir.path == *path);
        self.logs.keys().copied().filter(here).collect()
    }

    /// A starting broker tries every directory again.
    pub fn try_dirs_again(&mut self) {
        for dir in &mut self.dirs {
            dir.is_offline = dir.is_broken;
        }
    }

    /// What befalls the disk under a directory; the first if none is named. False if there is no such directory.
    pub fn disturb_dir(&mut self, path: Option<&str>, act: impl FnOnce(&mut LogDir, u64)) -> bool {
        let Some(index) = self.dirs.iter().position(|dir| path.is_none_or(|path| *dir.path == *path)) else {
            return false;
        };
        let used = self.used_bytes(&Arc::clone(&self.dirs[index].path));
        act(&mut self.dirs[index], used);
        true
    }

    /// The live directory with the fewest logs (`LogManager.nextLogDirs`).
    fn next_dir(&self) -> usize {
        let logs_in = |index: usize| self.homes.values().filter(|home| home.dir == index).count();
        let live = (0..self.dirs.len()).filter(|index| !self.dirs[*index].is_offline);
        live.min_by_key(|index| logs_in(*index)).unwrap_or(0)
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

    /// `LogManager.reconfigureDefaultLogConfig`, as far as producers are concerned.
    pub fn configure_producer_state(&mut self, config: ProducerStateManagerConfig) {
        for log in self.logs.values_mut() {
            Arc::make_mut(log).configure_producer_state(config);
        }
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
    pub fn load(
        &mut self,
        now: Time,
        producers: ProducerStateManagerConfig,
        config: impl Fn(TopicPartition) -> Arc<TopicConfig>,
    ) -> Vec<(TopicPartition, Recovered)> {
        let mut all = Vec::new();
        let (dirs, homes) = (&self.dirs, &self.homes);
        let is_offline =
            |id: &TopicPartition| homes.get(id).and_then(|home| dirs.get(home.dir)).is_some_and(|dir| dir.is_offline);
        for (partition, log) in self.logs.iter_mut().filter(|(id, _)| !is_offline(id)) {
            let log = Arc::make_mut(log);
            log.remove_leftover_files();
            log.configure_producer_state(producers);
            if !self.was_shut_down_cleanly {
                all.push((*partition, log.recover(&config(*partition), now)));
            }
            log.load_producer_state(now);
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
        let log = logs.get_or_create(partition(), "orders", Time::ZERO);
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
        assert_eq!(killed.load(Time::ZERO, ProducerStateManagerConfig::default(), |_| Arc::default()).len(), 1);

        logs.shut_down();
        logs.crash(Crash::Power);
        assert_eq!(logs.bytes_to_recover(), 0);
        assert_eq!(logs.load(Time::ZERO, ProducerStateManagerConfig::default(), |_| Arc::default()), []);
        let log = logs.get(partition()).unwrap();
        assert_eq!(
            (log.log_end_offset(), log.high_watermark(), log.recovery_point()),
            (Offset(4), Offset(4), Offset(4))
        );
        // The file is gone: a crash now is a crash.
        assert!(!logs.was_shut_down_cleanly() && logs.is_loaded());
    }

    #[test]
    fn logs_are_spread_and_a_failed_directory_takes_its_own_with_it() {
        let mut logs = LogManager::default();
        logs.set_dirs(&["/a".into(), "/b".into()]);
        let id = |partition| TopicPartition::new(TopicId(0), partition);
        for partition in 0..4 {
            logs.get_or_create(id(partition), "orders", Time::ZERO);
        }
        let home = |logs: &LogManager, partition| logs.directory_of(id(partition)).unwrap().path.to_string();
        assert_eq!((0..4).map(|partition| home(&logs, partition)).collect::<Vec<_>>(), ["/a", "/b", "/a", "/b"]);
        assert!(logs.disturb_dir(Some("/b"), |dir, _| dir.is_broken = true));
        assert!(!logs.disturb_dir(Some("/c"), |_, _| unreachable!("there is no such directory")));
        assert_eq!((logs.write_error(id(1), 1), logs.write_error(id(0), 1)), (Some(DiskError::Broken), None));
        assert_eq!(logs.take_offline("/b"), [id(1), id(3)]);
        assert!(logs.is_offline(id(3)) && !logs.is_offline(id(2)) && !logs.has_no_live_dir());
        // New logs go to what is left.
        logs.get_or_create(id(4), "orders", Time::ZERO);
        assert_eq!(home(&logs, 4), "/a");
        assert_eq!(logs.take_offline("/a").len(), 3);
        assert!(logs.has_no_live_dir());
        // A restart finds the broken one broken.
        logs.try_dirs_again();
        assert!(!logs.is_offline(id(0)) && logs.is_offline(id(1)));
    }

    #[test]
    fn a_full_disk_takes_what_still_fits() {
        let mut logs = LogManager::default();
        logs.set_dirs(&["/a".into()]);
        let log = logs.get_or_create(partition(), "orders", Time::ZERO);
        let batch = RecordBatch::new([Record::new(None, None, Time::ZERO)], None);
        log.append_as_leader(&batch, LeaderEpoch(0), Time::ZERO, &TopicConfig::default()).unwrap();
        assert_eq!(logs.used_bytes("/a"), u64::from(batch.size_in_bytes()));
        logs.disturb_dir(None, |dir, used| dir.capacity = Some(used + 100));
        assert_eq!(
            (logs.write_error(partition(), 100), logs.write_error(partition(), 101)),
            (None, Some(DiskError::Full))
        );
        assert_eq!(logs.failing_dirs(), []);
    }
}
