//! One producer's configuration.
//!
//! Kafka derives two values from others unless they were set by hand: `delivery.timeout.ms` is raised to
//! `linger.ms + request.timeout.ms`, and `enable.idempotence` is switched off by `acks` other than all or by
//! `retries=0`. The struct always holds the values in effect; `check` tells what was changed, and what Kafka refuses.

use std::sync::Arc;

use super::key::Rule::{Any, AtLeast, Between, NotEmpty, NotNegative, OneOf};
use super::table::Rules;
use super::value::{Acks, Compression, Partitioner};
use super::{Problem, ProblemKind};
use crate::engine::common::Span;

config! {
    /// The configuration in effect for one producer.
    ProducerConfig of Producer {
        live client_id: Option<Arc<str>> = "client.id", String, Plain, Any, "", AtStart, "producer, every request",
            "The producer's name in logs and metrics; without one it is producer-<n> or producer-<transactional.id>.";
        live acks: Acks = "acks", String, Plain, OneOf(&["all", "-1", "0", "1"]), "all", AtStart, "leader, produce",
            "Success is told when nobody (0), the leader (1), or all in-sync replicas (all) have the batch.";
        live retries: u32 = "retries", Int, Plain, Between(0, 2_147_483_647), "2147483647", AtStart, "producer, sender",
            "How often a batch is sent again after an error that may pass; delivery.timeout.ms limits it as well.";
        live max_in_flight_requests: u32 = "max.in.flight.requests.per.connection", Int, Plain, AtLeast(1), "5", AtStart, "producer, sender",
            "How many requests may be under way to one broker without an answer.";
        live delivery_timeout: Span = "delivery.timeout.ms", Int, Millis, AtLeast(0), "120000", AtStart, "producer, record accumulator",
            "A record that is not acknowledged this long after send() has failed.";
        live request_timeout: Span = "request.timeout.ms", Int, Millis, AtLeast(0), "30000", AtStart, "producer, network client",
            "How long the producer waits for an answer before it takes the request for lost.";
        live retry_backoff: Span = "retry.backoff.ms", Long, Millis, AtLeast(0), "100", AtStart, "producer, sender",
            "The pause before the first retry; it doubles with every further one.";
        live retry_backoff_max: Span = "retry.backoff.max.ms", Long, Millis, AtLeast(0), "1000", AtStart, "producer, sender",
            "The longest pause before a retry.";
        live linger: Span = "linger.ms", Long, Millis, AtLeast(0), "5", AtStart, "producer, record accumulator",
            "How long a batch that is not full waits for more records.";
        live batch_size_bytes: u32 = "batch.size", Int, Bytes, AtLeast(0), "16384", AtStart, "producer, record accumulator",
            "The size up to which records for one partition are gathered in a batch; 0 sends every record alone.";
        live buffer_memory_bytes: u64 = "buffer.memory", Long, Bytes, AtLeast(0), "33554432", AtStart, "producer, buffer pool",
            "How much the producer holds of what is not sent yet; when it is full, send() blocks.";
        live max_block: Span = "max.block.ms", Long, Millis, AtLeast(0), "60000", AtStart, "producer, send()",
            "How long send() may block for metadata or for room in the buffer.";
        live max_request_size_bytes: u32 = "max.request.size", Int, Bytes, AtLeast(0), "1048576", AtStart, "producer, send()",
            "The largest request, and with it the largest record, that the producer sends.";
        live metadata_max_age: Span = "metadata.max.age.ms", Long, Millis, AtLeast(0), "300000", AtStart, "producer, metadata",
            "Metadata older than this is fetched afresh even if nothing seems wrong.";
        live metadata_max_idle: Span = "metadata.max.idle.ms", Long, Millis, AtLeast(5_000), "300000", AtStart, "producer, metadata",
            "A topic that was not written to for this long is forgotten.";
        live reconnect_backoff: Span = "reconnect.backoff.ms", Long, Millis, AtLeast(0), "50", AtStart, "producer, network client",
            "The pause before the first new attempt to reach a broker; it doubles with every further one.";
        live reconnect_backoff_max: Span = "reconnect.backoff.max.ms", Long, Millis, AtLeast(0), "1000", AtStart, "producer, network client",
            "The longest pause before another attempt to reach a broker.";
        live partitioner_class: Option<Partitioner> = "partitioner.class", String, Plain,
            OneOf(&["org.apache.kafka.clients.producer.RoundRobinPartitioner"]), null, AtStart, "producer, partitioner",
            "Who chooses the partition of a record; without it keys are hashed and keyless records stick to a partition per batch.";
        live partitioner_ignore_keys: bool = "partitioner.ignore.keys", Boolean, Plain, Any, "false", AtStart, "producer, partitioner",
            "Records with a key are spread like records without one.";
        live partitioner_adaptive: bool = "partitioner.adaptive.partitioning.enable", Boolean, Plain, Any, "true", AtStart, "producer, partitioner",
            "Partitions of faster brokers get more of the keyless records.";
        live partitioner_availability_timeout: Span = "partitioner.availability.timeout.ms", Long, Millis, AtLeast(0), "0", AtStart, "producer, partitioner",
            "Partitions of a broker that took nothing for this long are avoided; 0 switches this off.";
        idle compression_type: Compression = "compression.type", String, Plain, OneOf(&["none", "gzip", "snappy", "lz4", "zstd"]), "none", AtStart, "producer, record accumulator",
            "How the records of a batch are packed.";
        live enable_idempotence: bool = "enable.idempotence", Boolean, Plain, Any, "true", AtStart, "producer and leader",
            "The leader recognises a batch that is sent twice, so that a retry writes no duplicate.";
        idle transactional_id: Option<Arc<str>> = "transactional.id", String, Plain, NotEmpty, null, AtStart, "producer and transaction coordinator",
            "The name under which a producer's transactions survive its restart.";
        idle transaction_timeout: Span = "transaction.timeout.ms", Int, Millis, NotNegative, "60000", AtStart, "transaction coordinator",
            "A transaction that is open for longer than this is aborted.";
    }
}

impl ProducerConfig {
    fn is_explicit(&self, key: &str) -> bool {
        self.explicit.contains(key)
    }

    /// The least delivery timeout that leaves room for one attempt (`KafkaProducer.configureDeliveryTimeout`).
    fn one_attempt(&self) -> Span {
        let longest = Span::millis(u64::from(i32::MAX.unsigned_abs()));
        Span(self.linger.0.saturating_add(self.request_timeout.0)).min(longest)
    }

    /// Before `delivery.timeout.ms` (KIP-91) nothing bounded a record's time but the number of its attempts.
    fn all_attempts(&self) -> Span {
        let longest = Span::millis(u64::from(i32::MAX.unsigned_abs()));
        let retry = self.request_timeout.0.saturating_add(self.retry_backoff.0);
        Span(self.one_attempt().0.saturating_add(retry.saturating_mul(u64::from(self.retries)))).min(longest)
    }

    /// Is the producer of this version idempotent if nobody says otherwise?
    fn wants_idempotence(&self) -> bool {
        Self::key("enable.idempotence").is_some_and(|key| key.at(self.version).default == Some("true"))
    }
}

impl ProducerConfig {
    /// `ProducerConfig.postProcessAndValidateIdempotenceConfigs`.
    fn check_idempotence(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut tell = |kind, key: &str, what: String, mend: &str| {
            problems.push(Problem::new(kind, key, what, mend));
        };
        let by_hand = self.is_explicit("enable.idempotence");
        // Since 4.0 this stops even a producer whose idempotence is about to be switched off by acks or retries.
        let wanted = if by_hand { self.enable_idempotence } else { self.wants_idempotence() };
        if !wanted {
            return problems;
        }
        if by_hand && self.retries == 0 {
            let what = "Must set retries to non-zero when using the idempotent producer.";
            tell(ProblemKind::Conflict, "retries", what.to_owned(), "Leave retries out.");
        } else if by_hand && self.acks != Acks::All {
            let what = "Must set acks to all in order to use the idempotent producer. Otherwise we cannot guarantee \
                        idempotence.";
            tell(ProblemKind::Conflict, "acks", what.to_owned(), "Set acks=all.");
        } else if self.retries == 0 {
            let what = "Idempotence will be disabled because retries is set to 0.";
            tell(ProblemKind::Adjusted, "retries", what.to_owned(), "Leave retries out to keep it.");
        } else if self.acks != Acks::All {
            let acks = self.acks.name();
            let what = format!("Idempotence will be disabled because acks is set to {acks}, not set to 'all'.");
            tell(ProblemKind::Adjusted, "acks", what, "Set acks=all to keep it.");
        }
        let key = "max.in.flight.requests.per.connection";
        let now = self.max_in_flight_requests;
        if now <= 5 {
            return problems;
        }
        let mend = "Lower it, or set enable.idempotence=false.";
        if self.version.refuses_too_many_in_flight() {
            let what =
                format!("To use the idempotent producer, {key} must be set to at most 5. Current value is {now}.");
            tell(ProblemKind::Conflict, key, what, mend);
        } else if by_hand {
            let what = format!("Must set {key} to at most 5 to use the idempotent producer.");
            tell(ProblemKind::Conflict, key, what, mend);
        } else {
            let what = format!(
                "Idempotence will be disabled because {key} is set to {now}, which is greater than 5. Please note that \
                 in v4.0.0 and onward, this will become an error."
            );
            tell(ProblemKind::Adjusted, key, what, mend);
        }
        problems
    }
}

impl Rules for ProducerConfig {
    fn adjust(&mut self) {
        if !self.version.bounds_delivery_time() {
            self.delivery_timeout = self.all_attempts();
        } else if !self.is_explicit("delivery.timeout.ms") {
            self.delivery_timeout = Span::millis(120_000).max(self.one_attempt());
        }
        if !self.is_explicit("enable.idempotence") {
            let fits = self.max_in_flight_requests <= 5 || self.version.refuses_too_many_in_flight();
            self.enable_idempotence = self.wants_idempotence() && self.acks == Acks::All && self.retries > 0 && fits;
        }
    }

    fn check(&self) -> Vec<Problem> {
        let mut problems = self.check_idempotence();
        let mut tell = |kind, key: &str, what: String, mend: &str| {
            problems.push(Problem::new(kind, key, what, mend));
        };
        if !self.version.bounds_delivery_time() {
            // The field holds what the attempts add up to; there is no key to disagree with.
        } else if self.delivery_timeout < self.one_attempt() {
            let what = "delivery.timeout.ms should be equal to or larger than linger.ms + request.timeout.ms.";
            let mend = "Raise delivery.timeout.ms, or lower request.timeout.ms.";
            tell(ProblemKind::Conflict, "delivery.timeout.ms", what.to_owned(), mend);
        } else if !self.is_explicit("delivery.timeout.ms") && self.delivery_timeout > Span::millis(120_000) {
            let raised = self.delivery_timeout.as_millis();
            let what = format!(
                "delivery.timeout.ms should be equal to or larger than linger.ms + request.timeout.ms. Setting it to \
                 {raised}."
            );
            let mend = "Set delivery.timeout.ms yourself to say how long a record may take.";
            tell(ProblemKind::Adjusted, "delivery.timeout.ms", what, mend);
        }

        if !self.enable_idempotence && self.transactional_id.is_some() {
            let what = "Cannot set a transactional.id without also enabling idempotence.";
            let mend = "Take transactional.id out, or set acks=all and leave retries and enable.idempotence alone.";
            tell(ProblemKind::Conflict, "transactional.id", what.to_owned(), mend);
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::super::KafkaVersion;
    use super::*;

    #[test]
    fn older_producers_take_more_than_five_requests_in_flight() {
        let config = |version, pairs: &[(&str, &str)]| {
            let mut config = ProducerConfig::for_version(version);
            for (key, value) in pairs {
                config.set(key, value).unwrap();
            }
            config
        };
        let many = ("max.in.flight.requests.per.connection", "6");
        let quiet = config(KafkaVersion::V3_9, &[many]);
        assert!(!quiet.enable_idempotence);
        assert_eq!(quiet.check()[0].kind, ProblemKind::Adjusted);
        let loud = config(KafkaVersion::V3_9, &[many, ("enable.idempotence", "true")]);
        assert_eq!(loud.check()[0].kind, ProblemKind::Conflict);
        assert!(config(KafkaVersion::V2_3, &[many]).check().is_empty(), "not idempotent unless asked to be");
        assert_eq!(config(KafkaVersion::V4_3, &[many]).check()[0].kind, ProblemKind::Conflict);
    }

    #[test]
    fn before_kip_91_the_attempts_bound_the_time() {
        let mut config = ProducerConfig::for_version(KafkaVersion::V0_9);
        assert_eq!(config.delivery_timeout, Span::secs(30), "no retries: one request");
        config.set("retries", "2").unwrap();
        assert_eq!(config.delivery_timeout, Span::millis(30_000 + 2 * 30_100));
        assert!(config.check().is_empty());
    }

    fn with(pairs: &[(&str, &str)]) -> ProducerConfig {
        let mut config = ProducerConfig::default();
        for (key, value) in pairs {
            config.set(key, value).unwrap();
        }
        config
    }

    fn told(pairs: &[(&str, &str)]) -> Vec<(ProblemKind, String)> {
        with(pairs).check().into_iter().map(|problem| (problem.kind, problem.key)).collect()
    }

    fn one(kind: ProblemKind, key: &str) -> Vec<(ProblemKind, String)> {
        vec![(kind, key.to_owned())]
    }

    #[test]
    fn defaults_are_those_of_kafka_4_3() {
        let config = ProducerConfig::default();
        assert_eq!((config.acks, config.retries, config.max_in_flight_requests), (Acks::All, 2_147_483_647, 5));
        assert_eq!((config.linger, config.batch_size_bytes), (Span::millis(5), 16_384));
        assert_eq!((config.delivery_timeout, config.request_timeout), (Span::secs(120), Span::secs(30)));
        assert_eq!((config.max_block, config.buffer_memory_bytes), (Span::secs(60), 32 * 1024 * 1024));
        assert_eq!((config.retry_backoff, config.retry_backoff_max), (Span::millis(100), Span::secs(1)));
        assert!(config.enable_idempotence && config.client_id.is_none() && config.partitioner_class.is_none());
        assert!(config.check().is_empty());
    }

    #[test]
    fn the_delivery_timeout_leaves_room_for_one_attempt() {
        let raised = with(&[("request.timeout.ms", "200000")]);
        assert_eq!(raised.delivery_timeout, Span::millis(200_005));
        assert_eq!(raised.check()[0].kind, ProblemKind::Adjusted);
        assert!(told(&[("delivery.timeout.ms", "30005")]).is_empty());
        let refused = one(ProblemKind::Conflict, "delivery.timeout.ms");
        assert_eq!(told(&[("delivery.timeout.ms", "30004")]), refused);
        assert_eq!(told(&[("delivery.timeout.ms", "30000"), ("linger.ms", "1")]), refused);
        // The default comes back when the reason goes.
        let mut config = raised;
        config.unset("request.timeout.ms").unwrap();
        assert_eq!(config, ProducerConfig::default());
    }

    #[test]
    fn idempotence_gives_way_unless_it_was_asked_for() {
        use ProblemKind::{Adjusted, Conflict};
        for acks in ["0", "1"] {
            assert!(!with(&[("acks", acks)]).enable_idempotence);
            assert_eq!(told(&[("acks", acks)]), one(Adjusted, "acks"));
            assert_eq!(told(&[("acks", acks), ("enable.idempotence", "true")]), one(Conflict, "acks"));
            assert!(told(&[("acks", acks), ("enable.idempotence", "false")]).is_empty());
        }
        assert!(with(&[("acks", "-1")]).enable_idempotence);
        assert!(!with(&[("retries", "0")]).enable_idempotence);
        assert_eq!(told(&[("retries", "0")]), one(Adjusted, "retries"));
        assert_eq!(told(&[("retries", "0"), ("enable.idempotence", "true")]), one(Conflict, "retries"));
        let in_flight = "max.in.flight.requests.per.connection";
        assert_eq!(told(&[(in_flight, "6")]), one(Conflict, in_flight));
        assert!(told(&[(in_flight, "6"), ("enable.idempotence", "false")]).is_empty());
        assert_eq!(told(&[(in_flight, "6"), ("acks", "1")]).len(), 2);
        let unwanted = told(&[("transactional.id", "t"), ("acks", "1")]);
        assert_eq!(unwanted.last().unwrap(), &(Conflict, "transactional.id".to_owned()));
    }

    #[test]
    fn texts_are_trimmed_and_written_as_kafka_does() {
        let config = with(&[("acks", " -1 "), ("linger.ms", "+7"), ("client.id", "till-1")]);
        assert_eq!(config.get("acks").as_deref(), Some("all"));
        assert_eq!(config.get("linger.ms").as_deref(), Some("7"));
        assert_eq!(config.client_id.as_deref(), Some("till-1"));
        assert_eq!(config.get("partitioner.class"), None);
        let mut config = config;
        assert_eq!(
            config.set("acks", "2").unwrap_err().what,
            "Invalid value 2 for configuration acks: String must be one of: all, -1, 0, 1."
        );
    }
}
