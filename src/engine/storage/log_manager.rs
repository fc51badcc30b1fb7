//! All logs of one broker, and the checkpoint file of their high watermarks (`LogManager`,
//! `replication-offset-checkpoint`). This is what a broker finds again after a crash.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::unified_log::UnifiedLog;
use crate::engine::common::{Offset, Time, TopicPartition};
use crate::engine::runtime::Crash;

/// Logs are shared by `Arc`: a clone of the world copies only those that change afterwards.
#[derive(Clone, Debug, Default)]
pub struct LogManager {
    logs: BTreeMap<TopicPartition, Arc<UnifiedLog>>,
    high_watermarks: BTreeMap<TopicPartition, Offset>,
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

    /// The high watermark as it would be read after a crash.
    #[must_use]
    pub fn checkpointed_high_watermark(&self, partition: TopicPartition) -> Offset {
        self.high_watermarks.get(&partition).copied().unwrap_or_default()
    }

    /// Saves every log's high watermark (`replica.high.watermark.checkpoint.interval.ms`). The file is forced to disk
    /// and replaced as a whole, so it survives a power loss.
    pub fn checkpoint_high_watermarks(&mut self) {
        self.high_watermarks = self.logs.iter().map(|(partition, log)| (*partition, log.high_watermark())).collect();
    }

    /// The process, or the whole machine, died.
    pub fn crash(&mut self, how: Crash) {
        for (partition, log) in &mut self.logs {
            let checkpoint = self.high_watermarks.get(partition).copied().unwrap_or_default();
            let log = Arc::make_mut(log);
            let last_write = log.active_segment().largest_timestamp();
            log.crash(how, checkpoint, last_write);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::common::{LeaderEpoch, TopicId};
    use crate::engine::config::TopicConfig;
    use crate::engine::record::{Record, RecordBatch};

    #[test]
    fn after_a_crash_the_high_watermark_is_the_last_one_saved() {
        let partition = TopicPartition::new(TopicId(0), 0);
        let mut logs = LogManager::default();
        let log = logs.get_or_create(partition, Time::ZERO);
        for _ in 0..4 {
            let batch = RecordBatch::new([Record::new(None, None, Time::ZERO)], None);
            log.append_as_leader(&batch, LeaderEpoch(0), Time::ZERO, &TopicConfig::default()).unwrap();
        }
        log.maybe_increment_high_watermark(Offset(2));
        logs.checkpoint_high_watermarks();
        let log = logs.get_mut(partition).unwrap();
        log.maybe_increment_high_watermark(Offset(4));

        let mut killed = logs.clone();
        killed.crash(Crash::Process);
        let log = killed.get(partition).unwrap();
        assert_eq!((log.high_watermark(), log.log_end_offset()), (Offset(2), Offset(4)));

        // Nothing was ever flushed: all is lost, and the high watermark with it.
        logs.crash(Crash::Power);
        let log = logs.get(partition).unwrap();
        assert_eq!((log.high_watermark(), log.log_end_offset()), (Offset(0), Offset(0)));
        assert_eq!(logs.checkpointed_high_watermark(partition), Offset(2));
    }
}
