//! Logs that are no longer served and still take up their disk (`LogManager.asyncDelete`, `deleteLogs`).
//!
//! A log goes as its segments do: its directory gets another name at once, so that nobody finds it and its partition may
//! be made anew, and the files go `file.delete.delay.ms` later. What a starting broker finds and is no replica of (its
//! partition was moved or deleted meanwhile) is called stray, and stays for ever: Kafka leaves it to the operator.

use std::sync::Arc;

use super::log_dirs::LogDir;
use super::log_manager::LogManager;
use super::unified_log::UnifiedLog;
use crate::engine::common::{Span, Time, TopicPartition};

/// What a file system takes as a name.
const NAME_MAX: usize = 255;

/// Why a log's directory has another name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DirSuffix {
    Delete,
    Stray,
}

impl DirSuffix {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delete => "-delete",
            Self::Stray => "-stray",
        }
    }
}

/// A renamed directory with what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeletedLog {
    /// `orders-0.7a61…-delete`
    pub name: Arc<str>,
    pub suffix: DirSuffix,
    pub bytes: u64,
    /// When its files go; `None`: not in the life of this process.
    pub removed_at: Option<Time>,
    pub(super) dir: usize,
}

/// `LocalLog.logDirNameWithSuffix`: the number makes it unique, and a long topic name makes room for it.
fn renamed(topic: &str, partition: TopicPartition, unique: u128, suffix: DirSuffix) -> Arc<str> {
    let suffix = format!("-{}.{unique:032x}{}", partition.partition, suffix.as_str());
    let fits = topic.len().min(NAME_MAX - suffix.len());
    format!("{}{suffix}", &topic[..fits]).into()
}

impl LogManager {
    /// The replica is no longer this broker's: its directory is renamed, and the files go after `delay`. Returns the
    /// new name; `None` if there is no such log.
    pub fn rename_log(
        &mut self,
        partition: TopicPartition,
        suffix: DirSuffix,
        unique: u128,
        removed_at: Option<Time>,
    ) -> Option<Arc<str>> {
        let (log, home) = self.remove(partition)?;
        let name = renamed(&home.topic, partition, unique, suffix);
        self.deleted.push(DeletedLog {
            name: Arc::clone(&name),
            suffix,
            bytes: log.bytes_on_disk(),
            removed_at,
            dir: home.dir,
        });
        Some(name)
    }

    /// Renamed directories, with the log directory each lies in.
    pub fn deleted_logs(&self) -> impl Iterator<Item = (&LogDir, &DeletedLog)> {
        self.deleted.iter().map(|deleted| (&self.dirs()[deleted.dir], deleted))
    }

    /// A starting broker finds what was to be deleted, and waits once more. Tells whether there is anything.
    pub fn requeue_deleted_logs(&mut self, now: Time, delay: Span) -> bool {
        let offline: Vec<bool> = self.dirs().iter().map(|dir| dir.is_offline).collect();
        let mut any = false;
        for deleted in &mut self.deleted {
            let is_due = deleted.suffix == DirSuffix::Delete && !offline[deleted.dir];
            deleted.removed_at = is_due.then(|| now + delay);
            any |= is_due;
        }
        any
    }

    /// Removes the directories whose delay is over. On a disk that fails nothing can be removed.
    pub fn remove_deleted_logs(&mut self, now: Time) -> Vec<DeletedLog> {
        let fails: Vec<bool> = self.dirs().iter().map(|dir| dir.is_offline || dir.is_broken).collect();
        let is_over = |deleted: &mut DeletedLog| deleted.removed_at.is_some_and(|at| at <= now) && !fails[deleted.dir];
        self.deleted.extract_if(.., is_over).collect()
    }
}

impl UnifiedLog {
    /// Bytes that its files take, those of deleted segments included.
    #[must_use]
    pub fn bytes_on_disk(&self) -> u64 {
        let deleted: u64 = self.deleted_segments().iter().map(|one| one.segment.size_in_bytes()).sum();
        self.size_in_bytes() + deleted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::common::{LeaderEpoch, TopicId};
    use crate::engine::config::TopicConfig;
    use crate::engine::record::{Record, RecordBatch};

    fn id() -> TopicPartition {
        TopicPartition::new(TopicId(0), 7)
    }

    fn with_a_log() -> (LogManager, u64) {
        let mut logs = LogManager::default();
        logs.set_dirs(&["/a".into(), "/b".into()]);
        let batch = RecordBatch::new([Record::new(None, None, Time::ZERO)], None);
        let log = logs.get_or_create(id(), "orders", Time::ZERO);
        log.append_as_leader(&batch, LeaderEpoch(0), Time::ZERO, &TopicConfig::default()).unwrap();
        (logs, u64::from(batch.size_in_bytes()))
    }

    #[test]
    fn a_renamed_directory_takes_its_space_until_its_time_is_over() {
        let (mut logs, size) = with_a_log();
        assert_eq!(
            logs.rename_log(id(), DirSuffix::Delete, 0xab, Some(Time(60))).as_deref(),
            Some("orders-7.000000000000000000000000000000ab-delete")
        );
        assert!(logs.get(id()).is_none() && logs.rename_log(id(), DirSuffix::Delete, 1, None).is_none());
        assert_eq!((logs.used_bytes("/a"), logs.used_bytes("/b")), (size, 0));
        // The partition may be made anew meanwhile: beside it, not in it.
        assert_eq!(logs.get_or_create(id(), "orders", Time(1)).size_in_bytes(), 0);
        assert!(logs.remove_deleted_logs(Time(59)).is_empty());
        assert_eq!(logs.remove_deleted_logs(Time(60)).iter().map(|one| one.bytes).collect::<Vec<_>>(), [size]);
        assert_eq!((logs.used_bytes("/a"), logs.deleted_logs().count()), (0, 0));
    }

    #[test]
    fn a_restart_waits_once_more_and_leaves_strays_alone() {
        let (mut logs, _) = with_a_log();
        logs.rename_log(id(), DirSuffix::Stray, 2, None);
        assert!(!logs.requeue_deleted_logs(Time(100), Span(60)));
        logs.get_or_create(id(), "orders", Time(1));
        logs.rename_log(id(), DirSuffix::Delete, 3, Some(Time(60)));
        assert!(logs.requeue_deleted_logs(Time(100), Span(60)));
        assert!(logs.remove_deleted_logs(Time(159)).is_empty());
        assert_eq!(logs.remove_deleted_logs(Time(160)).len(), 1);
        let left: Vec<&str> = logs.deleted_logs().map(|(_, deleted)| deleted.name.as_ref()).collect();
        assert_eq!(left, ["orders-7.00000000000000000000000000000002-stray"]);
    }

    #[test]
    fn nothing_is_removed_from_a_broken_disk() {
        let (mut logs, _) = with_a_log();
        logs.rename_log(id(), DirSuffix::Delete, 4, Some(Time(60)));
        logs.disturb_dir(Some("/a"), |dir, _| dir.is_broken = true);
        assert!(logs.remove_deleted_logs(Time(60)).is_empty());
    }

    /// `LocalLog.logDirNameWithSuffix` keeps within what file systems take.
    #[test]
    fn a_long_name_makes_room_for_the_number() {
        let name = renamed(&"x".repeat(249), id(), 5, DirSuffix::Delete);
        assert_eq!(name.len(), 255);
        assert!(name.starts_with("xxx") && name.ends_with("x-7.00000000000000000000000000000005-delete"));
    }
}
