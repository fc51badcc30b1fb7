//! One consumer's configuration.

use std::sync::Arc;

use super::key::Rule::{Any, AtLeast, NoneTwice, NotEmpty, NotNegative, OneOf};
use super::table::Rules;
use super::value::{Assignor, AutoOffsetReset, GroupProtocol, IsolationLevel};
use super::{Problem, ProblemKind};
use crate::engine::common::Span;

config! {
    /// The configuration of one consumer.
    ConsumerConfig of Consumer {
        live group_id: Option<Arc<str>> = "group.id", String, Plain, Any, null, AtStart, "group coordinator",
            "The group whose members share the partitions and the committed offsets.";
        live group_instance_id: Option<Arc<str>> = "group.instance.id", String, Plain, NotEmpty, null, AtStart, "group coordinator",
            "Makes the consumer a static member, which may come back within its session without a rebalance.";
        live client_id: Option<Arc<str>> = "client.id", String, Plain, Any, "", AtStart, "consumer, every request",
            "The consumer's name in logs; without one it is consumer-<group.id>-<n or group.instance.id>.";
        live client_rack: Option<Arc<str>> = "client.rack", String, Plain, Any, "", AtStart, "consumer, fetch",
            "The rack the consumer stands in; it may fetch from a replica in the same rack (KIP-392).";
        live session_timeout: Span = "session.timeout.ms", Int, Millis, NotNegative, "45000", AtStart, "group coordinator",
            "A member that sends no heartbeat for this long is removed from the group.";
        live heartbeat_interval: Span = "heartbeat.interval.ms", Int, Millis, NotNegative, "3000", AtStart, "consumer, heartbeats",
            "How often the consumer tells the coordinator that it is alive.";
        live max_poll_interval: Span = "max.poll.interval.ms", Int, Millis, AtLeast(1), "300000", AtStart, "consumer, heartbeats",
            "A consumer that does not call poll() for this long leaves its group.";
        live max_poll_records: u32 = "max.poll.records", Int, Plain, AtLeast(1), "500", AtStart, "consumer, poll()",
            "The most records that one poll() returns; what was fetched beyond it waits for the next.";
        live enable_auto_commit: bool = "enable.auto.commit", Boolean, Plain, Any, "true", AtStart, "consumer, poll()",
            "Positions are committed in the background, whether the records have been processed or not.";
        live auto_commit_interval: Span = "auto.commit.interval.ms", Int, Millis, AtLeast(0), "5000", AtStart, "consumer, poll()",
            "How often positions are committed in the background.";
        live auto_offset_reset: AutoOffsetReset = "auto.offset.reset", String, Plain, Any, "latest", AtStart, "consumer, position",
            "Where reading starts when there is no committed offset, or when it is no longer in the log.";
        live partition_assignment_strategy: Vec<Assignor> = "partition.assignment.strategy", List, Plain, NoneTwice,
            "org.apache.kafka.clients.consumer.RangeAssignor,org.apache.kafka.clients.consumer.CooperativeStickyAssignor",
            AtStart, "group leader, rebalance",
            "The ways of sharing partitions that the member offers, the one it likes best first.";
        idle group_protocol: GroupProtocol = "group.protocol", String, Plain, OneOf(&["classic", "CLASSIC", "consumer", "CONSUMER"]), "classic", AtStart, "consumer and group coordinator",
            "Who shares the partitions out: a member (classic), or the coordinator (consumer, KIP-848).";
        live fetch_min_bytes: u32 = "fetch.min.bytes", Int, Bytes, AtLeast(0), "1", AtStart, "leader, fetch",
            "The broker answers a fetch once it has at least this much.";
        live fetch_max_wait: Span = "fetch.max.wait.ms", Int, Millis, AtLeast(0), "500", AtStart, "leader, fetch",
            "How long the broker may hold a fetch open while it has less than fetch.min.bytes.";
        live fetch_max_bytes: u32 = "fetch.max.bytes", Int, Bytes, AtLeast(0), "52428800", AtStart, "leader, fetch",
            "How much one fetch asks for over all partitions; a single larger batch still comes whole.";
        live max_partition_fetch_bytes: u32 = "max.partition.fetch.bytes", Int, Bytes, AtLeast(0), "1048576", AtStart, "leader, fetch",
            "How much one fetch asks for per partition; a single larger batch still comes whole.";
        idle isolation_level: IsolationLevel = "isolation.level", String, Plain, OneOf(&["read_committed", "read_uncommitted"]), "read_uncommitted", AtStart, "leader and consumer, fetch",
            "Whether records of open and aborted transactions are seen.";
        live allow_auto_create_topics: bool = "allow.auto.create.topics", Boolean, Plain, Any, "true", AtStart, "consumer, metadata",
            "Subscribing to a topic may create it, if the broker's auto.create.topics.enable agrees.";
        live metadata_max_age: Span = "metadata.max.age.ms", Long, Millis, AtLeast(0), "300000", AtStart, "consumer, metadata",
            "Metadata older than this is fetched afresh even if nothing seems wrong.";
        live request_timeout: Span = "request.timeout.ms", Int, Millis, AtLeast(0), "30000", AtStart, "consumer, network client",
            "How long the consumer waits for an answer before it takes the request for lost.";
        live default_api_timeout: Span = "default.api.timeout.ms", Int, Millis, AtLeast(0), "60000", AtStart, "consumer, every blocking call",
            "How long calls such as commitSync() try before they give up.";
        live retry_backoff: Span = "retry.backoff.ms", Long, Millis, AtLeast(0), "100", AtStart, "consumer, every request",
            "The pause before the first retry; it doubles with every further one.";
        live retry_backoff_max: Span = "retry.backoff.max.ms", Long, Millis, AtLeast(0), "1000", AtStart, "consumer, every request",
            "The longest pause before a retry.";
        live reconnect_backoff: Span = "reconnect.backoff.ms", Long, Millis, AtLeast(0), "50", AtStart, "consumer, network client",
            "The pause before the first new attempt to reach a broker; it doubles with every further one.";
        live reconnect_backoff_max: Span = "reconnect.backoff.max.ms", Long, Millis, AtLeast(0), "1000", AtStart, "consumer, network client",
            "The longest pause before another attempt to reach a broker.";
    }
}

impl ConsumerConfig {
    /// Does the consumer commit in the background? Never without a group (`maybeOverrideEnableAutoCommit`).
    #[must_use]
    pub fn auto_commits(&self) -> bool {
        self.enable_auto_commit && self.group_id.is_some()
    }
}

impl Rules for ConsumerConfig {
    fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut conflict = |key: &str, what: &str, mend: &str| {
            problems.push(Problem::new(ProblemKind::Conflict, key, what, mend));
        };
        if self.group_protocol == GroupProtocol::Consumer {
            for key in ["partition.assignment.strategy", "heartbeat.interval.ms", "session.timeout.ms"] {
                if self.explicit.contains(key) {
                    let what = format!("{key} cannot be set when group.protocol=CONSUMER.");
                    conflict(key, &what, "Take it out: with this protocol the broker decides.");
                }
            }
        } else if self.heartbeat_interval >= self.session_timeout {
            let key = if self.explicit.contains("heartbeat.interval.ms") {
                "heartbeat.interval.ms"
            } else {
                "session.timeout.ms"
            };
            let what = "Heartbeat must be set lower than the session timeout.";
            conflict(key, what, "Keep heartbeat.interval.ms at a third of session.timeout.ms or less.");
        }
        if self.group_id.is_none() && self.enable_auto_commit && self.explicit.contains("enable.auto.commit") {
            let what = "enable.auto.commit cannot be set to true when default group id (null) is used.";
            conflict("enable.auto.commit", what, "Set group.id, or take enable.auto.commit out.");
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(pairs: &[(&str, &str)]) -> ConsumerConfig {
        let mut config = ConsumerConfig::default();
        for (key, value) in pairs {
            config.set(key, value).unwrap();
        }
        config
    }

    #[test]
    fn defaults_are_those_of_kafka_4_3() {
        let config = ConsumerConfig::default();
        assert_eq!((config.session_timeout, config.heartbeat_interval), (Span::secs(45), Span::secs(3)));
        assert_eq!((config.max_poll_interval, config.max_poll_records), (Span::secs(300), 500));
        assert_eq!((config.fetch_min_bytes, config.fetch_max_wait), (1, Span::millis(500)));
        assert_eq!((config.fetch_max_bytes, config.max_partition_fetch_bytes), (50 * 1024 * 1024, 1024 * 1024));
        assert_eq!(config.auto_offset_reset, AutoOffsetReset::Latest);
        assert_eq!(config.partition_assignment_strategy, [Assignor::Range, Assignor::CooperativeSticky]);
        assert_eq!((config.request_timeout, config.default_api_timeout), (Span::secs(30), Span::secs(60)));
        assert!(!config.auto_commits(), "there is no group to commit for");
        assert!(with(&[("group.id", "g")]).auto_commits());
        assert!(config.check().is_empty());
    }

    #[test]
    fn assignors_go_by_class_or_by_short_name() {
        let config =
            with(&[("partition.assignment.strategy", "org.apache.kafka.clients.consumer.StickyAssignor, range")]);
        assert_eq!(config.partition_assignment_strategy, [Assignor::Sticky, Assignor::Range]);
        assert_eq!(
            config.get("partition.assignment.strategy").as_deref(),
            Some("org.apache.kafka.clients.consumer.StickyAssignor,org.apache.kafka.clients.consumer.RangeAssignor")
        );
        let mut config = config;
        assert!(config.set("partition.assignment.strategy", "range,range").is_err());
        assert!(config.set("partition.assignment.strategy", "com.example.Mine").is_err());
    }

    #[test]
    fn a_reset_may_go_back_in_time() {
        let config = with(&[("auto.offset.reset", "by_duration:P1DT2H")]);
        assert_eq!(config.auto_offset_reset, AutoOffsetReset::ByDuration(Span::secs(26 * 3_600)));
        assert_eq!(config.get("auto.offset.reset").as_deref(), Some("by_duration:PT26H"));
        let mut config = config;
        for wrong in ["by_duration", "by_duration:", "by_duration:-PT1H", "smallest", "Latest"] {
            let problem = config.set("auto.offset.reset", wrong).unwrap_err();
            assert!(problem.what.contains("must be either 'earliest', 'latest', 'none'"), "{wrong}");
        }
    }

    #[test]
    fn combinations_that_kafka_refuses_are_told() {
        let keys = |pairs: &[(&str, &str)]| -> Vec<String> {
            with(pairs).check().into_iter().map(|problem| problem.key).collect()
        };
        assert_eq!(keys(&[("session.timeout.ms", "3000")]), ["session.timeout.ms"]);
        assert!(keys(&[("session.timeout.ms", "3001")]).is_empty());
        assert_eq!(keys(&[("heartbeat.interval.ms", "45000")]), ["heartbeat.interval.ms"]);
        assert_eq!(keys(&[("enable.auto.commit", "true")]), ["enable.auto.commit"]);
        assert!(keys(&[("enable.auto.commit", "true"), ("group.id", "g")]).is_empty());
        let new = ("group.protocol", "consumer");
        assert!(keys(&[new]).is_empty());
        assert_eq!(keys(&[new, ("session.timeout.ms", "3000")]), ["session.timeout.ms"]);
    }
}
