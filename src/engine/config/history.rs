//! What configuration keys were in older versions: since when they exist, and the defaults and ranges they once had.
//!
//! The tables of this directory stand for Kafka 4.3. A row here says what held before the release it names; it was read
//! from the `ConfigDef`s (and, for 0.8.2, from `KafkaConfig.scala`) of the tags 0.8.2.2, 0.9.0.1, 2.3.1 and 3.9.0, and
//! from the upgrade notes in between.

use super::key::{Key, Rule, Scope};
use super::version::{KafkaVersion, Release};

/// Keys that older versions do not have, and the release that brought them.
const ARRIVED: &[(Scope, Release, &str)] = &[
    (
        Scope::Broker,
        Release(0, 9, 0),
        "replica.fetch.backoff.ms group.min.session.timeout.ms group.max.session.timeout.ms",
    ),
    (Scope::Broker, Release(0, 10, 0), "broker.rack log.message.timestamp.type"),
    (Scope::Broker, Release(0, 10, 1), "replica.fetch.response.max.bytes log.cleaner.min.compaction.lag.ms"),
    (
        Scope::Broker,
        Release(0, 11, 0),
        "group.initial.rebalance.delay.ms log.flush.start.offset.checkpoint.interval.ms",
    ),
    (Scope::Broker, Release(1, 1, 0), "max.incremental.fetch.session.cache.slots"),
    (Scope::Broker, Release(2, 2, 0), "group.max.size"),
    (Scope::Broker, Release(2, 3, 0), "log.cleaner.max.compaction.lag.ms"),
    (Scope::Broker, Release(2, 5, 0), "fetch.max.bytes"),
    (
        Scope::Broker,
        Release(2, 8, 0),
        "node.id process.roles controller.quorum.voters controller.quorum.election.timeout.ms \
         controller.quorum.fetch.timeout.ms controller.quorum.election.backoff.max.ms \
         controller.quorum.append.linger.ms controller.quorum.request.timeout.ms controller.quorum.retry.backoff.ms \
         broker.heartbeat.interval.ms broker.session.timeout.ms initial.broker.registration.timeout.ms",
    ),
    (Scope::Broker, Release(3, 3, 0), "metadata.max.idle.interval.ms"),
    (Scope::Broker, Release(3, 4, 0), "producer.id.expiration.ms producer.id.expiration.check.interval.ms"),
    (Scope::Broker, Release(3, 6, 0), "log.message.timestamp.before.max.ms log.message.timestamp.after.max.ms"),
    (Scope::Broker, Release(3, 8, 0), "log.initial.task.delay.ms"),
    (Scope::Broker, Release(3, 9, 0), "controller.quorum.bootstrap.servers unclean.leader.election.interval.ms"),
    (Scope::Topic, Release(0, 10, 0), "message.timestamp.type"),
    (Scope::Topic, Release(0, 10, 1), "min.compaction.lag.ms"),
    (Scope::Topic, Release(2, 3, 0), "max.compaction.lag.ms"),
    (Scope::Topic, Release(3, 6, 0), "message.timestamp.before.max.ms message.timestamp.after.max.ms"),
    (Scope::Producer, Release(0, 9, 0), "request.timeout.ms max.block.ms partitioner.class"),
    (
        Scope::Producer,
        Release(0, 11, 0),
        "enable.idempotence transactional.id transaction.timeout.ms reconnect.backoff.max.ms",
    ),
    (Scope::Producer, Release(2, 1, 0), "delivery.timeout.ms"),
    (Scope::Producer, Release(2, 5, 0), "metadata.max.idle.ms"),
    (
        Scope::Producer,
        Release(3, 3, 0),
        "partitioner.ignore.keys partitioner.adaptive.partitioning.enable partitioner.availability.timeout.ms",
    ),
    (Scope::Producer, Release(3, 7, 0), "retry.backoff.max.ms"),
    (
        Scope::Consumer,
        Release(0, 9, 0),
        "heartbeat.interval.ms max.partition.fetch.bytes metadata.max.age.ms request.timeout.ms retry.backoff.ms",
    ),
    (Scope::Consumer, Release(0, 10, 0), "max.poll.records"),
    (Scope::Consumer, Release(0, 10, 1), "max.poll.interval.ms fetch.max.bytes"),
    (Scope::Consumer, Release(0, 11, 0), "isolation.level reconnect.backoff.max.ms"),
    (Scope::Consumer, Release(2, 0, 0), "default.api.timeout.ms"),
    (Scope::Consumer, Release(2, 3, 0), "group.instance.id client.rack allow.auto.create.topics"),
    (Scope::Consumer, Release(3, 7, 0), "group.protocol retry.backoff.max.ms"),
];

/// (scope, key, gone since, what to do instead)
const DEPARTED: &[(Scope, &str, Release, &str)] = &[
    (Scope::Broker, "replica.lag.max.messages", Release(0, 9, 0), "Only replica.lag.time.max.ms decides now."),
    (
        Scope::Broker,
        "leader.imbalance.per.broker.percentage",
        Release(4, 0, 0),
        "Take it out: a KRaft controller moves every leadership back.",
    ),
];

/// (scope, key, changed in, what it was before)
const ONCE: &[(Scope, &str, Release, &str)] = &[
    (Scope::Broker, "unclean.leader.election.enable", Release(0, 11, 0), "true"),
    (Scope::Broker, "delete.topic.enable", Release(1, 0, 0), "false"),
    (Scope::Broker, "offsets.retention.minutes", Release(2, 0, 0), "1440"),
    (Scope::Broker, "group.max.session.timeout.ms", Release(0, 10, 0), "30000"),
    (Scope::Broker, "group.max.session.timeout.ms", Release(2, 3, 0), "300000"),
    (Scope::Broker, "replica.lag.time.max.ms", Release(2, 5, 0), "10000"),
    (Scope::Broker, "zookeeper.session.timeout.ms", Release(2, 5, 0), "6000"),
    (Scope::Broker, "message.max.bytes", Release(2, 5, 0), "1000012"),
    (Scope::Broker, "log.message.timestamp.after.max.ms", Release(4, 0, 0), "9223372036854775807"),
    (Scope::Broker, "num.recovery.threads.per.data.dir", Release(4, 0, 0), "1"),
    // There was no such pause before there was the key.
    (Scope::Broker, "group.initial.rebalance.delay.ms", Release(0, 11, 0), "0"),
    // transactional.id.expiration.ms counted for all producers before there was the key.
    (Scope::Broker, "producer.id.expiration.ms", Release(3, 4, 0), "604800000"),
    (Scope::Topic, "unclean.leader.election.enable", Release(0, 11, 0), "true"),
    (Scope::Topic, "max.message.bytes", Release(2, 5, 0), "1000012"),
    (Scope::Topic, "message.timestamp.after.max.ms", Release(4, 0, 0), "9223372036854775807"),
    (Scope::Producer, "acks", Release(3, 0, 0), "1"),
    (Scope::Producer, "enable.idempotence", Release(3, 0, 0), "false"),
    (Scope::Producer, "retries", Release(2, 1, 0), "0"),
    (Scope::Producer, "linger.ms", Release(4, 0, 0), "0"),
    (Scope::Consumer, "request.timeout.ms", Release(0, 10, 1), "40000"),
    (Scope::Consumer, "request.timeout.ms", Release(2, 0, 0), "305000"),
    (Scope::Consumer, "session.timeout.ms", Release(0, 10, 1), "30000"),
    (Scope::Consumer, "session.timeout.ms", Release(3, 0, 0), "10000"),
    (Scope::Consumer, "max.poll.records", Release(0, 10, 1), "2147483647"),
    (
        Scope::Consumer,
        "partition.assignment.strategy",
        Release(3, 0, 0),
        "org.apache.kafka.clients.consumer.RangeAssignor",
    ),
];

/// (scope, key, changed in, the range before)
const WIDER: &[(Scope, &str, Release, Rule)] = &[
    // Records.MINIMUM_LENGTH: KIP-1030 raised it.
    (Scope::Broker, "log.segment.bytes", Release(4, 0, 0), Rule::AtLeast(14)),
    (Scope::Topic, "segment.bytes", Release(4, 0, 0), Rule::AtLeast(14)),
];

impl Key {
    /// The table's line as it stood in `version`.
    #[must_use]
    pub fn at(&self, version: KafkaVersion) -> Self {
        let release = version.release();
        let mut key = *self;
        let is_mine =
            |scope: Scope, name: &str, changed: Release| scope == key.scope && name == key.name && release < changed;
        let default = ONCE.iter().filter(|row| is_mine(row.0, row.1, row.2)).min_by_key(|row| row.2);
        let rule = WIDER.iter().filter(|row| is_mine(row.0, row.1, row.2)).min_by_key(|row| row.2);
        key.default = default.map_or(key.default, |row| Some(row.3));
        key.rule = rule.map_or(key.rule, |row| row.3);
        key
    }

    /// The release that brought the key, if it was not always there.
    #[must_use]
    pub fn since(&self) -> Option<Release> {
        let row = ARRIVED
            .iter()
            .find(|(scope, _, names)| *scope == self.scope && names.split_whitespace().any(|name| name == self.name));
        row.map(|row| row.1)
    }

    /// The release that took the key away, if any did, and what to do instead.
    #[must_use]
    pub fn departed(&self) -> Option<(Release, &'static str)> {
        let row = DEPARTED.iter().find(|(scope, name, ..)| *scope == self.scope && *name == self.name);
        row.map(|row| (row.2, row.3))
    }

    #[must_use]
    pub fn is_of(&self, version: KafkaVersion) -> bool {
        self.since().is_none_or(|since| since <= version.release()) && !self.is_gone(version)
    }

    #[must_use]
    pub fn is_gone(&self, version: KafkaVersion) -> bool {
        self.departed().is_some_and(|(gone, _)| gone <= version.release())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{
        BrokerConfig, ConsumerConfig, OldConsumerConfig, ProblemKind, ProducerConfig, Properties, TopicConfig, keys,
    };
    use super::KafkaVersion::{V0_8, V0_9, V2_3, V3_9, V4_3};
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn rows_name_real_keys_once() {
        let mut seen = BTreeSet::new();
        for (scope, _, names) in ARRIVED {
            for name in names.split_whitespace() {
                assert!(keys(*scope).iter().any(|key| key.name == name), "{scope} {name}");
                assert!(seen.insert((*scope, name)), "{scope} {name} stands twice");
            }
        }
    }

    #[test]
    fn defaults_change_where_the_fact_sheet_says() {
        let read = |scope, name: &str| -> Vec<String> {
            KafkaVersion::ALL
                .into_iter()
                .map(|version| match scope {
                    Scope::Broker => BrokerConfig::for_version(version).get(name),
                    Scope::Topic => TopicConfig::for_version(version).get(name),
                    Scope::Producer => ProducerConfig::for_version(version).get(name),
                    Scope::Consumer => ConsumerConfig::for_version(version).get(name),
                    Scope::OldConsumer => OldConsumerConfig::for_version(version).get(name),
                })
                .map(Option::unwrap_or_default)
                .collect()
        };
        // §13, second table; columns 0.8.2, 0.9.0, 2.3, 2.8, 3.9, 4.3.
        for (scope, name, values) in [
            (Scope::Broker, "unclean.leader.election.enable", ["true", "true", "false", "false", "false", "false"]),
            (Scope::Topic, "unclean.leader.election.enable", ["true", "true", "false", "false", "false", "false"]),
            (Scope::Broker, "offsets.retention.minutes", ["1440", "1440", "10080", "10080", "10080", "10080"]),
            (Scope::Broker, "replica.lag.time.max.ms", ["10000", "10000", "10000", "30000", "30000", "30000"]),
            (
                Scope::Broker,
                "group.max.session.timeout.ms",
                ["30000", "30000", "1800000", "1800000", "1800000", "1800000"],
            ),
            (Scope::Broker, "message.max.bytes", ["1000012", "1000012", "1000012", "1048588", "1048588", "1048588"]),
            (Scope::Producer, "acks", ["1", "1", "1", "1", "all", "all"]),
            (Scope::Producer, "enable.idempotence", ["false", "false", "false", "false", "true", "true"]),
            (Scope::Producer, "retries", ["0", "0", "2147483647", "2147483647", "2147483647", "2147483647"]),
            (Scope::Producer, "linger.ms", ["0", "0", "0", "0", "0", "5"]),
            (Scope::Consumer, "session.timeout.ms", ["30000", "30000", "10000", "10000", "45000", "45000"]),
            (Scope::Consumer, "request.timeout.ms", ["40000", "40000", "30000", "30000", "30000", "30000"]),
        ] {
            assert_eq!(read(scope, name), values, "{name}");
        }
        let strategies = read(Scope::Consumer, "partition.assignment.strategy");
        assert!(!strategies[3].contains("Cooperative") && strategies[4].contains("Cooperative"));
    }

    #[test]
    fn a_key_that_has_gone_is_told_and_changes_nothing() {
        let mut then = BrokerConfig::for_version(V0_8);
        then.set("replica.lag.max.messages", "10").unwrap();
        assert_eq!(then.replica_lag_max_messages, 10);
        for version in [V0_9, V4_3] {
            let problem = BrokerConfig::for_version(version).set("replica.lag.max.messages", "10").unwrap_err();
            assert_eq!(
                (problem.kind, problem.what.as_str()),
                (ProblemKind::Removed, "replica.lag.max.messages is gone since Kafka 0.9.")
            );
        }
        let percentage = BrokerConfig::key("leader.imbalance.per.broker.percentage").unwrap();
        assert!(percentage.is_of(V3_9) && !percentage.is_of(V4_3));
    }

    #[test]
    fn small_segments_were_allowed_before_4_0() {
        let mut old = BrokerConfig::for_version(V3_9);
        old.set("log.segment.bytes", "1000").unwrap();
        assert_eq!(TopicConfig::of(&old).segment_size_bytes(), 1_000);
        assert!(BrokerConfig::for_version(V4_3).set("log.segment.bytes", "1000").is_err());
        let problem = old.set("log.segment.bytes", "13").unwrap_err();
        assert!(problem.what.ends_with("Value must be at least 14."), "{problem}");
    }

    /// An older Kafka logs a warning about a key it does not know, and goes on without it.
    #[test]
    fn a_key_of_a_later_version_is_told_and_changes_nothing() {
        let properties = Properties::from_pairs([("delivery.timeout.ms", "40000"), ("acks", "all")]);
        let (config, problems) = ProducerConfig::from_properties(V0_9, &properties);
        assert_eq!(
            problems.iter().map(|p| (p.key.as_str(), p.kind)).collect::<Vec<_>>(),
            [("delivery.timeout.ms", ProblemKind::NotYet)]
        );
        assert!(problems[0].what.contains("2.1"), "{}", problems[0]);
        assert!(!problems[0].kind.stops_kafka());
        assert!(!config.explicit.contains("delivery.timeout.ms") && config.explicit.contains("acks"));
        assert!(ProducerConfig::from_properties(V2_3, &properties).1.is_empty());
        assert_eq!(BrokerConfig::key("broker.rack").unwrap().since(), Some(Release(0, 10, 0)));
        assert!(!BrokerConfig::key("broker.rack").unwrap().is_of(V0_8));
    }
}
