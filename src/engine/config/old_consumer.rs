//! The configuration of a consumer of Kafka 0.8, which keeps its group and its offsets in ZooKeeper.
//!
//! Kafka's documentation called it the old consumer from 0.9 on and had it until 1.1; its keys, defaults and checks are
//! those of `kafka.consumer.ConsumerConfig` at 0.8.2.2.

use std::sync::Arc;

use super::key::Rule::{Any, AtLeast, NotNegative};
use super::table::Rules;
use super::value::OldOffsetReset;
use super::{Problem, ProblemKind};
use crate::engine::common::Span;

config! {
    /// The configuration of one consumer of the old kind.
    OldConsumerConfig of OldConsumer {
        live group_id: Option<Arc<str>> = "group.id", String, Plain, Any, null, AtStart, "consumer, /consumers/<group.id>",
            "The group whose members share the partitions and the committed offsets.";
        live consumer_id: Option<Arc<str>> = "consumer.id", String, Plain, Any, null, AtStart, "consumer, registration",
            "The member's name in ZooKeeper; without one it is <host>-<milliseconds>-<eight random digits>.";
        live client_id: Option<Arc<str>> = "client.id", String, Plain, Any, null, AtStart, "consumer, every request",
            "The consumer's name in the brokers' logs; without one it is group.id.";
        idle zookeeper_connect: Option<Arc<str>> = "zookeeper.connect", String, Plain, Any, null, AtStart, "consumer, ZooKeeper session",
            "Where ZooKeeper is; the simulated program is given the cluster's own ensemble.";
        live zookeeper_session_timeout: Span = "zookeeper.session.timeout.ms", Int, Millis, NotNegative, "6000", AtStart, "ZooKeeper",
            "A consumer of which ZooKeeper hears nothing for this long loses its registration and what it owns.";
        live zookeeper_connection_timeout: Span = "zookeeper.connection.timeout.ms", Int, Millis, NotNegative, "6000", AtStart, "consumer, start",
            "How long the consumer waits for ZooKeeper before it fails; by default as long as the session timeout.";
        live zookeeper_sync_time: Span = "zookeeper.sync.time.ms", Int, Millis, NotNegative, "2000", AtStart, "consumer, rebalance",
            "How far a ZooKeeper follower may lag behind its leader; the default of rebalance.backoff.ms.";
        live rebalance_max_retries: u32 = "rebalance.max.retries", Int, Plain, NotNegative, "4", AtStart, "consumer, rebalance",
            "How often the consumer tries to claim its partitions before it gives the rebalance up.";
        live rebalance_backoff: Span = "rebalance.backoff.ms", Int, Millis, NotNegative, "2000", AtStart, "consumer, rebalance",
            "The pause after a failed try; retries times pause should outlast a dead member's session.";
        live partition_assignment_strategy: Arc<str> = "partition.assignment.strategy", String, Plain, Any, "range", AtStart, "consumer, rebalance",
            "range or roundrobin, and the same for every member; any other word means range.";
        live auto_commit_enable: bool = "auto.commit.enable", Boolean, Plain, Any, "true", AtStart, "consumer, commits",
            "A thread of its own writes to ZooKeeper how far the program was given records, processed or not.";
        live auto_commit_interval: Span = "auto.commit.interval.ms", Int, Millis, NotNegative, "60000", AtStart, "consumer, commits",
            "How often that thread commits.";
        live auto_offset_reset: OldOffsetReset = "auto.offset.reset", String, Plain, Any, "largest", AtStart, "consumer, fetcher",
            "Where reading starts when nothing is committed, or when the offset is not in the log: smallest or largest.";
        idle offsets_storage: Arc<str> = "offsets.storage", String, Plain, Any, "zookeeper", AtStart, "consumer, commits",
            "Where offsets are kept: zookeeper, or kafka (since 0.8.2, in __consumer_offsets).";
        idle dual_commit_enabled: Option<bool> = "dual.commit.enabled", Boolean, Plain, Any, null, AtStart, "consumer, commits",
            "With offsets.storage=kafka, commits to both places while a group moves.";
        idle offsets_channel_backoff: Span = "offsets.channel.backoff.ms", Int, Millis, NotNegative, "1000", AtStart, "consumer, commits",
            "The pause before the consumer looks for the offset manager again.";
        idle offsets_channel_socket_timeout: Span = "offsets.channel.socket.timeout.ms", Int, Millis, NotNegative, "10000", AtStart, "consumer, commits",
            "How long the consumer waits for the offset manager's answer.";
        idle offsets_commit_max_retries: u32 = "offsets.commit.max.retries", Int, Plain, NotNegative, "5", AtStart, "consumer, shutdown",
            "How often a commit to the offset manager is tried while the consumer shuts down.";
        live fetch_message_max_bytes: u32 = "fetch.message.max.bytes", Int, Bytes, NotNegative, "1048576", AtStart, "leader, fetch",
            "How much one fetch asks for per partition.";
        live fetch_min_bytes: u32 = "fetch.min.bytes", Int, Bytes, NotNegative, "1", AtStart, "leader, fetch",
            "The broker answers a fetch once it has at least this much.";
        live fetch_wait_max: Span = "fetch.wait.max.ms", Int, Millis, NotNegative, "100", AtStart, "leader, fetch",
            "How long the broker may hold a fetch open while it has less than fetch.min.bytes.";
        idle num_consumer_fetchers: u32 = "num.consumer.fetchers", Int, Plain, AtLeast(1), "1", AtStart, "consumer, fetcher",
            "How many threads fetch from one broker.";
        live queued_max_message_chunks: u32 = "queued.max.message.chunks", Int, Plain, AtLeast(1), "2", AtStart, "consumer, fetcher",
            "How many fetches' worth of a topic may wait for the program; the fetcher then stands still.";
        live refresh_leader_backoff: Span = "refresh.leader.backoff.ms", Int, Millis, NotNegative, "200", AtStart, "consumer, leader finder",
            "The pause between two questions for the leaders of partitions that have none, or lost theirs.";
        live socket_timeout: Span = "socket.timeout.ms", Int, Millis, NotNegative, "30000", AtStart, "consumer, network",
            "How long the consumer waits for an answer before it takes the connection for broken.";
        idle socket_receive_buffer_bytes: u32 = "socket.receive.buffer.bytes", Int, Bytes, NotNegative, "65536", AtStart, "consumer, network",
            "The receive buffer of the consumer's connections.";
        idle consumer_timeout: Option<Span> = "consumer.timeout.ms", Int, Millis, Any, "-1", AtStart, "consumer, stream",
            "After so long without a record the program gets an exception; -1: it waits for ever.";
        idle exclude_internal_topics: bool = "exclude.internal.topics", Boolean, Plain, Any, "true", AtStart, "consumer, subscription",
            "Subscriptions by pattern leave Kafka's own topics out.";
    }
}

impl OldConsumerConfig {
    /// `PartitionAssignor.createInstance`: whatever is not known is range.
    #[must_use]
    pub fn deals_round_robin(&self) -> bool {
        &*self.partition_assignment_strategy == "roundrobin"
    }
}

impl Rules for OldConsumerConfig {
    fn adjust(&mut self) {
        if !self.explicit.contains("zookeeper.connection.timeout.ms") {
            self.zookeeper_connection_timeout = self.zookeeper_session_timeout;
        }
        if !self.explicit.contains("rebalance.backoff.ms") {
            self.rebalance_backoff = self.zookeeper_sync_time;
        }
    }

    fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.fetch_wait_max > self.socket_timeout {
            let what =
                "socket.timeout.ms should always be at least fetch.wait.max.ms to prevent unnecessary socket timeouts.";
            let mend = "Raise socket.timeout.ms, or lower fetch.wait.max.ms.";
            problems.push(Problem::new(ProblemKind::Conflict, "socket.timeout.ms", what, mend));
        }
        if !matches!(&*self.offsets_storage, "zookeeper" | "kafka") {
            let what = format!(
                "Wrong value {} of offsets.storage in consumer config; Valid values are 'zookeeper' and 'kafka'.",
                self.offsets_storage
            );
            problems.push(Problem::new(ProblemKind::BadValue, "offsets.storage", what, "Write zookeeper."));
        }
        // Config.validateChars: what becomes the name of a znode.
        for (key, value) in [("client.id", &self.client_id), ("group.id", &self.group_id)] {
            let is_legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
            if let Some(value) = value.as_deref().filter(|value| !value.chars().all(is_legal)) {
                let what = format!(
                    "{key} {value} is illegal, contains a character other than ASCII alphanumerics, '.', '_' and '-'."
                );
                problems.push(Problem::new(ProblemKind::BadValue, key, what, "Choose a name of these characters."));
            }
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::super::KafkaVersion::V0_8;
    use super::super::Properties;
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> (OldConsumerConfig, Vec<String>) {
        let (config, problems) = OldConsumerConfig::from_properties(V0_8, &Properties::from_pairs(pairs.to_vec()));
        (config, problems.into_iter().map(|problem| problem.what).collect())
    }

    /// `object ConsumerConfig` and `ZKConfig` at 0.8.2.2.
    #[test]
    fn defaults_are_those_of_kafka_0_8_2() {
        let (config, problems) = read(&[("group.id", "g")]);
        assert!(problems.is_empty());
        assert_eq!((config.zookeeper_session_timeout, config.zookeeper_sync_time), (Span::secs(6), Span::secs(2)));
        assert_eq!((config.rebalance_max_retries, config.rebalance_backoff), (4, Span::secs(2)));
        assert_eq!((config.auto_commit_enable, config.auto_commit_interval), (true, Span::secs(60)));
        assert_eq!(config.auto_offset_reset, OldOffsetReset::Largest);
        assert_eq!((config.fetch_message_max_bytes, config.fetch_wait_max), (1024 * 1024, Span::millis(100)));
        assert_eq!((config.refresh_leader_backoff, config.queued_max_message_chunks), (Span::millis(200), 2));
        assert_eq!(config.socket_timeout, Span::secs(30));
        assert!(!config.deals_round_robin());
    }

    #[test]
    fn two_defaults_follow_other_keys() {
        let (config, _) = read(&[("zookeeper.session.timeout.ms", "9000"), ("zookeeper.sync.time.ms", "500")]);
        assert_eq!(config.zookeeper_connection_timeout, Span::secs(9));
        assert_eq!(config.rebalance_backoff, Span::millis(500));
        let (config, _) = read(&[("zookeeper.sync.time.ms", "500"), ("rebalance.backoff.ms", "700")]);
        assert_eq!(config.rebalance_backoff, Span::millis(700));
    }

    #[test]
    fn what_kafka_refuses_is_refused_in_its_words() {
        let told = |pairs: &[(&str, &str)]| read(pairs).1.join(" ");
        assert_eq!(
            told(&[("auto.offset.reset", "earliest")]),
            "Wrong value earliest of auto.offset.reset in ConsumerConfig; Valid values are smallest and largest."
        );
        assert!(told(&[("offsets.storage", "disk")]).contains("Valid values are 'zookeeper' and 'kafka'"));
        assert!(told(&[("fetch.wait.max.ms", "40000")]).starts_with("socket.timeout.ms should always be at least"));
        assert!(told(&[("group.id", "a/b")]).starts_with("group.id a/b is illegal"));
        assert!(told(&[("enable.auto.commit", "false")]).contains("is a key of a consumer, not of a consumer of 0.8"));
    }
}
