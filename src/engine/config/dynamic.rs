//! Which configuration a broker takes while it runs (`DynamicBrokerConfig`, KIP-226), and what wins over what: its own
//! dynamic value, then the one for all brokers, then `server.properties`, then the default.

use std::collections::BTreeMap;

use super::{BrokerConfig, KafkaVersion, Problem, ProblemKind, Properties, Update};

/// `DynamicBrokerConfig.validateConfigs`: may these be set or taken back while brokers run?
///
/// # Errors
/// The first thing that Kafka would refuse, in its own sentence.
pub fn check_dynamic(
    version: KafkaVersion,
    is_per_broker: bool,
    set: &BTreeMap<String, String>,
    delete: &[String],
) -> Result<(), Problem> {
    if !version.changes_broker_configs_at_run_time() {
        let what = format!("Kafka {version} cannot change the configuration of a broker that runs (KIP-226, 1.1).");
        let mend = "Write it into server.properties and restart the broker.";
        return Err(Problem::new(ProblemKind::BadValue, "", what, mend));
    }
    let names = || set.keys().chain(delete).map(String::as_str);
    let of_mode = |wrong: fn(Update) -> bool| -> Vec<&str> {
        names().filter(|name| BrokerConfig::key(name).is_some_and(|key| wrong(key.update))).collect()
    };
    let fixed = of_mode(|update| update == Update::ReadOnly);
    if let Some(first) = fixed.first() {
        let what = format!("Cannot update these configs dynamically: [{}].", fixed.join(", "));
        let mend = "Write them into server.properties and restart the broker.";
        return Err(Problem::new(ProblemKind::BadValue, *first, what, mend));
    }
    let single = of_mode(|update| update == Update::PerBroker);
    if let Some(first) = single.first().filter(|_| !is_per_broker) {
        let what = format!(
            "Cannot update these configs at default cluster level, broker id must be specified: [{}].",
            single.join(", ")
        );
        return Err(Problem::new(ProblemKind::BadValue, *first, what, "Name a broker with --entity-name."));
    }
    let pairs = Properties::from_pairs(set.iter().map(|(key, value)| (key.as_str(), value.as_str())));
    let (_, problems) = BrokerConfig::from_properties(version, &pairs);
    let is_fatal = |problem: &Problem| problem.kind.stops_kafka() || problem.kind == ProblemKind::Unknown;
    problems.into_iter().find(is_fatal).map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::super::{Scope, keys};
    use super::*;

    /// `DynamicBrokerConfig.ALL_DYNAMIC_CONFIGS` of 4.3 as far as the table has them: `DynamicLogConfig` (the first
    /// broker synonym of each topic key), `LogCleaner`, `DynamicThreadPool`,
    /// `DynamicProducerStateManagerConfig`. All are cluster-wide.
    const DYNAMIC: &str = "\
        log.segment.bytes log.roll.ms log.roll.jitter.ms log.index.size.max.bytes log.flush.interval.messages \
        log.flush.interval.ms log.retention.bytes log.retention.ms message.max.bytes log.index.interval.bytes \
        log.cleaner.delete.retention.ms log.cleaner.min.compaction.lag.ms log.cleaner.max.compaction.lag.ms \
        log.segment.delete.delay.ms log.cleaner.min.cleanable.ratio log.cleanup.policy \
        unclean.leader.election.enable min.insync.replicas compression.type compression.gzip.level \
        compression.lz4.level compression.zstd.level log.preallocate log.message.timestamp.type \
        log.message.timestamp.before.max.ms log.message.timestamp.after.max.ms log.local.retention.ms \
        log.local.retention.bytes log.cleaner.threads log.cleaner.dedupe.buffer.size \
        log.cleaner.io.buffer.load.factor log.cleaner.io.buffer.size log.cleaner.io.max.bytes.per.second \
        log.cleaner.backoff.ms num.io.threads num.network.threads num.replica.fetchers \
        num.recovery.threads.per.data.dir background.threads producer.id.expiration.ms";

    #[test]
    fn update_modes_are_those_of_kafkas_table() {
        for key in keys(Scope::Broker) {
            let is_dynamic = DYNAMIC.split_whitespace().any(|name| name == key.name);
            let expected = if is_dynamic { Update::ClusterWide } else { Update::ReadOnly };
            assert_eq!(key.update, expected, "{}", key.name);
        }
    }

    #[test]
    fn what_needs_a_restart_is_refused_in_kafkas_words() {
        let set = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        let check = |pairs: &[(&str, &str)]| check_dynamic(KafkaVersion::V4_3, false, &set(pairs), &[]);
        assert!(check(&[("log.retention.ms", "1000"), ("min.insync.replicas", "2")]).is_ok());
        let problem = check(&[("num.partitions", "3"), ("log.dirs", "/a"), ("log.retention.ms", "1")]).unwrap_err();
        assert_eq!(problem.what, "Cannot update these configs dynamically: [log.dirs, num.partitions].");
        let problem = check(&[("log.retention.ms", "soon")]).unwrap_err();
        assert_eq!(problem.what, "Invalid value soon for configuration log.retention.ms: Not a number of type LONG.");
        assert_eq!(check(&[("log.retntion.ms", "1")]).unwrap_err().kind, ProblemKind::Unknown);
        let delete = ["node.id".to_owned()];
        assert!(check_dynamic(KafkaVersion::V4_3, true, &set(&[]), &delete).is_err());
        assert!(check_dynamic(KafkaVersion::V0_9, true, &set(&[("log.retention.ms", "1000")]), &[]).is_err());
    }
}
