//! Which old segments go (`UnifiedLog.deleteOldSegments`).
//!
//! Only whole segments are deleted, oldest first, and none that reaches the high watermark: so the log start can never
//! pass it. When all segments are too old the active one goes too, after an empty one has taken its place.

use std::sync::Arc;

use super::log_segment::LogSegment;
use super::unified_log::{DeletedSegment, UnifiedLog};
use crate::engine::common::{Offset, Time};
use crate::engine::config::TopicConfig;

/// Why a segment went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeletionReason {
    /// The log start offset had passed it.
    StartOffset,
    /// `retention.bytes`.
    Size,
    /// `retention.ms`.
    Time,
}

impl UnifiedLog {
    /// Deletes what retention no longer covers; tells the base offsets of the deleted segments, oldest first.
    pub fn delete_old_segments(&mut self, now: Time, config: &TopicConfig) -> Vec<(Offset, DeletionReason)> {
        let start = self.log_start_offset();
        let mut deleted = self
            .delete_while(DeletionReason::StartOffset, now, config, |_, next| next.is_some_and(|next| next <= start));
        if !config.cleanup_policy.delete {
            return deleted;
        }
        if let Some(mut excess) =
            config.retention_bytes.limit().and_then(|limit| self.size_in_bytes().checked_sub(limit))
        {
            deleted.extend(self.delete_while(DeletionReason::Size, now, config, |segment, _| {
                let rest = excess.checked_sub(segment.size_in_bytes());
                excess = rest.unwrap_or(excess);
                rest.is_some()
            }));
        }
        if let Some(retention) = config.retention.limit() {
            deleted.extend(self.delete_while(DeletionReason::Time, now, config, |segment, _| {
                now.since(segment.largest_timestamp()) > retention
            }));
        }
        deleted
    }

    /// `goes` is asked about one segment after the other, with the base of the next, until it says no.
    fn delete_while(
        &mut self,
        reason: DeletionReason,
        now: Time,
        config: &TopicConfig,
        mut goes: impl FnMut(&LogSegment, Option<Offset>) -> bool,
    ) -> Vec<(Offset, DeletionReason)> {
        let mut count = 0;
        while let Some(segment) = self.segments.get(count) {
            let next = self.segments.get(count + 1).map(|next| next.base_offset());
            let is_committed = self.high_watermark() >= next.unwrap_or(self.log_end_offset());
            let is_empty_active = next.is_none() && segment.is_empty();
            if !is_committed || is_empty_active || !goes(segment, next) {
                break;
            }
            count += 1;
        }
        if count == 0 {
            return Vec::new();
        }
        if count == self.segments.len() {
            self.roll(self.log_end_offset(), now);
        }
        let gone: Vec<Arc<LogSegment>> = self.segments.drain(..count).collect();
        gone.iter().for_each(|segment| self.producers.segment_deleted(segment.base_offset()));
        let deleted = gone.iter().map(|segment| (segment.base_offset(), reason)).collect();
        self.rename_deleted(gone, now, config);
        self.raise_log_start_to_first_segment();
        deleted
    }

    /// The files get the suffix `.deleted` and stay for `file.delete.delay.ms`: somebody may be reading them.
    pub(super) fn rename_deleted(
        &mut self,
        gone: impl IntoIterator<Item = Arc<LogSegment>>,
        now: Time,
        config: &TopicConfig,
    ) {
        let removed_at = now + config.file_delete_delay;
        self.deleted.extend(gone.into_iter().map(|segment| DeletedSegment { segment, removed_at }));
    }

    /// Removes the files whose delay is over; tells their base offsets.
    pub fn remove_deleted_files(&mut self, now: Time) -> Vec<Offset> {
        let mut removed = Vec::new();
        self.deleted.retain(|deleted| {
            let is_over = deleted.removed_at <= now;
            if is_over {
                removed.push(deleted.segment.base_offset());
            }
            !is_over
        });
        removed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::common::LeaderEpoch;
    use crate::engine::record::{Record, RecordBatch};

    fn batch(millis: u64) -> RecordBatch {
        RecordBatch::new([Record::new(None, Some(b"value"), Time(millis * 1_000))], None)
    }

    /// Segments of two records, one record a second: 0 1 | 2 3 | 4 5.
    fn log_with(configs: &[(&str, &str)]) -> (UnifiedLog, TopicConfig, u64) {
        let size = u64::from(batch(0).size_in_bytes());
        let mut config = TopicConfig::default();
        config.set("internal.segment.bytes", &(2 * size).to_string()).unwrap();
        for (key, value) in configs {
            config.set(key, value).unwrap();
        }
        let mut log = UnifiedLog::new(Time::ZERO);
        for second in 0..6 {
            log.append_as_leader(&batch(second * 1_000), LeaderEpoch(0), Time::ZERO, &config).unwrap();
        }
        log.maybe_increment_high_watermark(Offset(6));
        (log, config, size)
    }

    fn at(millis: u64) -> Time {
        Time(millis * 1_000)
    }

    fn deleted(log: &mut UnifiedLog, now: Time, config: &TopicConfig) -> Vec<u64> {
        log.delete_old_segments(now, config).into_iter().map(|(base, _)| base.0).collect()
    }

    #[test]
    fn time_deletes_segments_whose_newest_record_is_older() {
        let (mut log, config, _) = log_with(&[("retention.ms", "10000")]);
        assert_eq!(deleted(&mut log, at(11_000), &config), [0; 0]);
        assert_eq!(deleted(&mut log, at(11_001), &config), [0]);
        assert_eq!((log.log_start_offset(), log.leader_epochs().entries()[0].start_offset), (Offset(2), Offset(2)));
        // All of them: a new empty segment takes the active one's place, and it stays.
        assert_eq!(deleted(&mut log, at(60_000), &config), [2, 4]);
        assert_eq!((log.log_start_offset(), log.segments().len(), log.size_in_bytes()), (Offset(6), 1, 0));
        assert_eq!(deleted(&mut log, at(600_000), &config), [0; 0]);
    }

    #[test]
    fn files_stay_for_a_while_under_another_name() {
        let (mut log, config, size) = log_with(&[("retention.ms", "10000"), ("file.delete.delay.ms", "500")]);
        assert_eq!(deleted(&mut log, at(11_001), &config), [0]);
        let [gone] = log.deleted_segments() else { panic!("one segment waits") };
        assert_eq!((gone.segment.base_offset(), gone.segment.size_in_bytes()), (Offset(0), 2 * size));
        assert_eq!(log.remove_deleted_files(at(11_500)), [Offset(0); 0]);
        assert_eq!(log.remove_deleted_files(at(11_501)), [Offset(0)]);
        assert!(log.deleted_segments().is_empty());
    }

    #[test]
    fn nothing_beyond_the_high_watermark_goes() {
        let (mut log, config, _) = log_with(&[("retention.ms", "1")]);
        log.update_high_watermark(Offset(3));
        assert_eq!(deleted(&mut log, at(60_000), &config), [0]);
        assert_eq!(log.log_start_offset(), Offset(2));
    }

    #[test]
    fn size_keeps_at_least_what_retention_bytes_says() {
        let size = u64::from(batch(0).size_in_bytes());
        for (limit, gone) in [(7, 0), (5, 0), (4, 1), (3, 1), (2, 2)] {
            let (mut log, config, _) = log_with(&[("retention.bytes", &(limit * size).to_string())]);
            assert_eq!(log.delete_old_segments(at(6_000), &config).len(), gone, "{limit} batches");
            assert!(log.size_in_bytes() >= (limit * size).min(6 * size));
        }
    }

    #[test]
    fn without_the_delete_policy_only_the_log_start_counts() {
        let (mut log, config, _) = log_with(&[("retention.ms", "1"), ("cleanup.policy", "")]);
        assert_eq!(deleted(&mut log, at(60_000), &config), [0; 0]);
        log.maybe_increment_log_start_offset(Offset(5));
        assert_eq!(
            log.delete_old_segments(at(60_000), &config),
            [(Offset(0), DeletionReason::StartOffset), (Offset(2), DeletionReason::StartOffset)]
        );
        assert_eq!(log.log_start_offset(), Offset(5));
    }
}
