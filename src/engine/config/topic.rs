//! One topic's configuration: what its broker gives it, and what is set for the topic alone.
//!
//! A value set on the topic overrides the broker's; all others follow the broker even when that one changes later
//! (`LogConfig.fromProps`, `ServerTopicConfigSynonyms`).

use super::key::Rule::{Any, AtLeast, Between, ListOf, OneOf};
use super::table::Rules;
use super::value::{Bound, CleanupPolicy, Ratio, TimestampType};
use super::{BrokerConfig, Problem, ProblemKind};
use crate::engine::common::Span;

config! {
    /// The configuration in effect for one topic; `explicit` are its own overrides.
    TopicConfig of Topic {
        live cleanup_policy: CleanupPolicy = "cleanup.policy", List, Plain, ListOf(&["compact", "delete"]), "delete", PerTopic, "log, retention",
            "Old segments are deleted, or cleaned so that the newest record of every key stays (compact), or both.";
        live min_insync_replicas: u32 = "min.insync.replicas", Int, Plain, AtLeast(1), "1", PerTopic, "leader, produce with acks=all",
            "With acks=all, a partition takes writes only while at least this many replicas are in sync.";
        live unclean_leader_election_enable: bool = "unclean.leader.election.enable", Boolean, Plain, Any, "false", PerTopic, "controller, leader election",
            "A replica that is not in sync may become leader if no other is left; records can be lost then.";
        live max_message_bytes: u32 = "max.message.bytes", Int, Bytes, AtLeast(0), "1048588", PerTopic, "leader, produce",
            "The largest record batch that is taken.";
        live retention: Bound<Span> = "retention.ms", Long, Millis, AtLeast(-1), "604800000", PerTopic, "log, retention",
            "Segments whose newest record is older than this are deleted; -1 keeps them.";
        live retention_bytes: Bound<u64> = "retention.bytes", Long, Bytes, Any, "-1", PerTopic, "log, retention",
            "The oldest segments of a partition are deleted while the rest would still hold this much; -1 sets no limit.";
        live file_delete_delay: Span = "file.delete.delay.ms", Long, Millis, AtLeast(0), "60000", PerTopic, "log, retention",
            "How long a deleted segment's files stay on disk.";
        live segment_bytes: u32 = "segment.bytes", Int, Bytes, AtLeast(1_048_576), "1073741824", PerTopic, "log, rolling",
            "A segment that would grow beyond this is closed and a new one begun.";
        live internal_segment_bytes: Option<u32> = "internal.segment.bytes", Int, Bytes, AtLeast(1), null, PerTopic, "log, rolling",
            "Kafka's own back door for tests: a segment size below the megabyte that segment.bytes demands since 4.0.";
        live segment_time: Span = "segment.ms", Long, Millis, AtLeast(1), "604800000", PerTopic, "log, rolling",
            "A new segment is begun on the first append after the current one has become this old.";
        live segment_jitter: Span = "segment.jitter.ms", Long, Millis, AtLeast(0), "0", PerTopic, "log, rolling",
            "Up to this much is taken at random off the age at which a segment is closed.";
        live index_interval_bytes: u32 = "index.interval.bytes", Int, Bytes, AtLeast(0), "4096", PerTopic, "log, index",
            "After about this much log the offset index gets another entry.";
        live segment_index_bytes: u32 = "segment.index.bytes", Int, Bytes, AtLeast(4), "10485760", PerTopic, "log, index",
            "The largest index of a segment; a full one makes the log roll.";
        live flush_messages: u64 = "flush.messages", Long, Plain, AtLeast(1), "9223372036854775807", PerTopic, "log, flush",
            "After this many records a log is forced to disk.";
        live flush_time: Span = "flush.ms", Long, Millis, AtLeast(0), "9223372036854775807", PerTopic, "log, flush",
            "A record is forced to disk after at most this long.";
        live message_timestamp_type: TimestampType = "message.timestamp.type", String, Plain, OneOf(&["CreateTime", "LogAppendTime"]), "CreateTime", PerTopic, "leader, produce",
            "Records keep the producer's time, or get the time at which the broker appends them.";
        live message_timestamp_before_max: Span = "message.timestamp.before.max.ms", Long, Millis, AtLeast(0), "9223372036854775807", PerTopic, "leader, produce",
            "A record dated further back than this is refused.";
        live message_timestamp_after_max: Span = "message.timestamp.after.max.ms", Long, Millis, AtLeast(0), "3600000", PerTopic, "leader, produce",
            "A record dated further ahead than this is refused.";
        live min_cleanable_dirty_ratio: Ratio = "min.cleanable.dirty.ratio", Double, Plain, Between(0, 1), "0.5", PerTopic, "log cleaner",
            "A compacted log is cleaned when more than this share of it is dirty.";
        live delete_retention: Span = "delete.retention.ms", Long, Millis, AtLeast(0), "86400000", PerTopic, "log cleaner",
            "How long a compacted topic keeps the markers of deleted keys.";
        live min_compaction_lag: Span = "min.compaction.lag.ms", Long, Millis, AtLeast(0), "0", PerTopic, "log cleaner",
            "A record stays uncompacted for at least this long.";
        live max_compaction_lag: Span = "max.compaction.lag.ms", Long, Millis, AtLeast(1), "9223372036854775807", PerTopic, "log cleaner",
            "A record is compacted at the latest after this long.";
    }
}

impl TopicConfig {
    /// A topic without overrides on a broker configured so.
    #[must_use]
    pub fn of(broker: &BrokerConfig) -> Self {
        let mut config = Self::for_version(broker.version);
        config.inherit(broker);
        config
    }

    /// Takes every value from the broker that is not set on the topic itself.
    ///
    /// Call it again after a change of the broker's configuration, or after [`Self::unset`].
    pub fn inherit(&mut self, broker: &BrokerConfig) {
        let own = std::mem::replace(
            self,
            Self {
                cleanup_policy: broker.log_cleanup_policy,
                min_insync_replicas: broker.min_insync_replicas,
                unclean_leader_election_enable: broker.unclean_leader_election_enable,
                max_message_bytes: broker.message_max_bytes,
                retention: broker.log_retention(),
                retention_bytes: broker.log_retention_bytes,
                file_delete_delay: broker.log_segment_delete_delay,
                segment_bytes: broker.log_segment_bytes,
                internal_segment_bytes: None,
                segment_time: broker.log_roll(),
                segment_jitter: broker.log_roll_jitter(),
                index_interval_bytes: broker.log_index_interval_bytes,
                segment_index_bytes: broker.log_index_size_max_bytes,
                flush_messages: broker.log_flush_interval_messages,
                flush_time: broker.log_flush(),
                message_timestamp_type: broker.log_message_timestamp_type,
                message_timestamp_before_max: broker.log_message_timestamp_before_max,
                message_timestamp_after_max: broker.log_message_timestamp_after_max,
                min_cleanable_dirty_ratio: broker.log_cleaner_min_cleanable_ratio,
                delete_retention: broker.log_cleaner_delete_retention,
                min_compaction_lag: broker.log_cleaner_min_compaction_lag,
                max_compaction_lag: broker.log_cleaner_max_compaction_lag,
                version: broker.version,
                explicit: std::collections::BTreeSet::new(),
                sabotage: broker.sabotage,
            },
        );
        for (key, value) in own.overrides() {
            self.set(key, &value).expect("a value that was taken once is taken again");
        }
    }

    /// A segment is closed at this age; with compact no later than its records must be compacted
    /// (`LogConfig.maxSegmentMs`).
    #[must_use]
    pub fn max_segment_time(&self) -> Span {
        if self.cleanup_policy.compact { self.segment_time.min(self.max_compaction_lag) } else { self.segment_time }
    }

    /// The segment size that counts (`LogConfig.segmentSize`).
    #[must_use]
    pub fn segment_size_bytes(&self) -> u32 {
        self.internal_segment_bytes.unwrap_or(self.segment_bytes)
    }
}

impl Rules for TopicConfig {
    /// `LogConfig.validateValues`.
    fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.min_compaction_lag > self.max_compaction_lag {
            let lag = |key| self.get(key).unwrap_or_default();
            let (least, most) = (lag("min.compaction.lag.ms"), lag("max.compaction.lag.ms"));
            let what = format!(
                "conflict topic config setting min.compaction.lag.ms ({least}) > max.compaction.lag.ms ({most})."
            );
            let mend = "Lower min.compaction.lag.ms.";
            problems.push(Problem::new(ProblemKind::Conflict, "min.compaction.lag.ms", what, mend));
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::config::value::CleanupPolicy;

    #[test]
    fn a_topic_follows_its_broker_except_where_it_has_its_own_value() {
        let mut broker = BrokerConfig::default();
        broker.set("log.retention.minutes", "10").unwrap();
        broker.set("message.max.bytes", "2000000").unwrap();
        broker.set("min.insync.replicas", "2").unwrap();
        let mut topic = TopicConfig::of(&broker);
        assert_eq!(topic.retention, Bound::At(Span::secs(600)));
        assert_eq!(topic.max_message_bytes, 2_000_000);
        assert_eq!(topic.overrides().count(), 0);

        topic.set("retention.ms", "-1").unwrap();
        broker.set("min.insync.replicas", "3").unwrap();
        broker.set("log.retention.ms", "5").unwrap();
        topic.inherit(&broker);
        assert_eq!(topic.min_insync_replicas, 3);
        assert_eq!(topic.retention, Bound::Unlimited);

        topic.unset("retention.ms").unwrap();
        topic.inherit(&broker);
        assert_eq!(topic.retention, Bound::At(Span::millis(5)));
    }

    #[test]
    fn brokers_and_topics_agree_on_defaults() {
        assert_eq!(TopicConfig::of(&BrokerConfig::default()), TopicConfig::default());
    }

    #[test]
    fn policies_are_a_set() {
        let mut topic = TopicConfig::default();
        topic.set("cleanup.policy", "delete, compact").unwrap();
        assert_eq!(topic.cleanup_policy, CleanupPolicy { compact: true, delete: true });
        assert!(topic.check().is_empty());
        // 4.2 and later take the empty list: keep everything.
        topic.set("cleanup.policy", "").unwrap();
        assert_eq!(topic.cleanup_policy, CleanupPolicy { compact: false, delete: false });
        assert_eq!(topic.get("cleanup.policy").as_deref(), Some(""));
        assert!(topic.set("cleanup.policy", "archive").is_err());
    }

    #[test]
    fn small_segments_need_kafkas_back_door() {
        let mut topic = TopicConfig::default();
        assert_eq!(topic.set("segment.bytes", "1048575").unwrap_err().kind, ProblemKind::BadValue);
        topic.set("segment.bytes", "1048576").unwrap();
        assert_eq!(topic.segment_size_bytes(), 1_048_576);
        topic.set("internal.segment.bytes", "500").unwrap();
        assert_eq!(topic.segment_size_bytes(), 500);
    }

    #[test]
    fn lags_of_compaction_must_agree() {
        let mut topic = TopicConfig::default();
        topic.set("min.compaction.lag.ms", "20").unwrap();
        topic.set("max.compaction.lag.ms", "10").unwrap();
        assert_eq!(
            topic.check()[0].what,
            "conflict topic config setting min.compaction.lag.ms (20) > max.compaction.lag.ms (10)."
        );
    }
}
