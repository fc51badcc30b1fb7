//! Kafka's configuration: official keys, types, ranges and defaults, and which of them the engine honours.
//!
//! The tables stand for version 4.3; `history` knows what was otherwise before, `version` what a version can do.
//! Each scope (broker, topic, producer, consumer, old consumer) has one declarative table that becomes a typed struct. Values come in
//! as text, exactly as they stand in a `.properties` file or behind a tool's `--config`, and are held against the rules
//! that Kafka itself applies. A key is never dropped in silence: it is taken, refused with Kafka's own sentence, told to
//! be known but not simulated, told to be gone since some version, or told to be unknown with the nearest real name.

#[macro_use]
mod table;

mod broker;
mod consumer;
mod dynamic;
mod history;
mod key;
mod known;
mod old_consumer;
mod producer;
mod properties;
mod topic;
mod value;
mod version;

use std::fmt;

pub use broker::BrokerConfig;
pub use consumer::ConsumerConfig;
pub use dynamic::check_dynamic;
pub use key::{Key, Kind, Rule, Scope, Unit, Update};
pub use known::{Standing, broker_synonyms, server_synonym, standing};
pub use old_consumer::OldConsumerConfig;
pub use producer::ProducerConfig;
pub use properties::{Entry, Properties, ServerProperties, read_server_properties};
pub use topic::TopicConfig;
pub use value::{
    Acks, Assignor, AutoOffsetReset, Bound, CleanupPolicy, Compression, GroupProtocol, IsolationLevel, OldOffsetReset,
    Partitioner, ProcessRole, Ratio, TimestampType, Voter,
};
pub use version::{Capability, KafkaVersion, Release};

/// The table of a scope.
#[must_use]
pub fn keys(scope: Scope) -> &'static [Key] {
    match scope {
        Scope::Broker => BrokerConfig::KEYS,
        Scope::Topic => TopicConfig::KEYS,
        Scope::Producer => ProducerConfig::KEYS,
        Scope::Consumer => ConsumerConfig::KEYS,
        Scope::OldConsumer => OldConsumerConfig::KEYS,
    }
}

/// What is wrong with, or worth knowing about, one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProblemKind {
    /// No version of Kafka has this key in this scope.
    Unknown,
    /// A real key whose effect the simulator does not have; the run is not what this file would give on Kafka.
    NotSimulated,
    /// Kafka refuses the value.
    BadValue,
    /// The key stands twice; the last one wins.
    Duplicate,
    /// Kafka refuses the combination of values.
    Conflict,
    /// Kafka goes on, but something is not in effect as it is written.
    Adjusted,
    /// A key that Kafka 4.3 requires is not there.
    Missing,
    /// Only meaningful with ZooKeeper, which Kafka 4.0 removed.
    ZooKeeperEra,
    /// Once a key of Kafka, gone from 4.3.
    Removed,
    /// A key of a later version than the one that runs, which would log a warning and go on without it.
    NotYet,
    /// The line is not one that Java's `Properties` can read.
    Malformed,
}

impl ProblemKind {
    /// Would Kafka 4.3 refuse to start with this? (It merely logs keys it does not know.)
    #[must_use]
    pub fn stops_kafka(self) -> bool {
        matches!(self, Self::BadValue | Self::Conflict | Self::Missing | Self::Malformed)
    }
}

/// A remark about one key, in whole sentences.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Problem {
    /// Line of the file, counted from 1; `None` where there is no file or no single line.
    pub line: Option<u32>,
    /// The key as it was written.
    pub key: String,
    pub kind: ProblemKind,
    pub what: String,
    pub how_to_mend: String,
}

impl Problem {
    pub(super) fn new(
        kind: ProblemKind,
        key: impl Into<String>,
        what: impl Into<String>,
        how_to_mend: impl Into<String>,
    ) -> Self {
        Self { line: None, key: key.into(), kind, what: what.into(), how_to_mend: how_to_mend.into() }
    }

    fn at(self, line: Option<u32>) -> Self {
        Self { line, ..self }
    }
}

/// `line 12: <what> <how to mend>`
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        write!(f, "{} {}", self.what, self.how_to_mend)
    }
}

impl Key {
    /// The remark that a value was kept but changes nothing; `None` for a key that is honoured.
    #[must_use]
    pub fn idle_problem(&self) -> Option<Problem> {
        (!self.honoured).then(|| known::not_simulated(self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_default_reads_back_as_it_is_written() {
        let (broker, topic) = (BrokerConfig::default(), TopicConfig::default());
        let (producer, consumer) = (ProducerConfig::default(), ConsumerConfig::default());
        let old_consumer = OldConsumerConfig::default();
        for scope in Scope::ALL {
            for key in keys(scope) {
                let value = match scope {
                    Scope::Broker => broker.get(key.name),
                    Scope::Topic => topic.get(key.name),
                    Scope::Producer => producer.get(key.name),
                    Scope::Consumer => consumer.get(key.name),
                    Scope::OldConsumer => old_consumer.get(key.name),
                };
                assert_eq!(value.as_deref(), key.default, "{}", key.name);
                assert_eq!(key.scope, scope);
            }
        }
    }

    #[test]
    fn keys_are_spelled_once_and_explained() {
        for scope in Scope::ALL {
            let names: BTreeSet<_> = keys(scope).iter().map(|key| key.name).collect();
            assert_eq!(names.len(), keys(scope).len(), "{scope}: a key stands twice");
            for key in keys(scope) {
                assert!(key.doc.ends_with('.') && key.doc.len() > 20, "{}: one whole sentence, please", key.name);
                assert!(!key.acts.is_empty(), "{}: where does it act?", key.name);
                assert_eq!(
                    matches!(key.update, Update::AtStart),
                    matches!(scope, Scope::Producer | Scope::Consumer | Scope::OldConsumer),
                    "{}",
                    key.name
                );
                if let Some(problem) = key.idle_problem() {
                    assert_eq!(problem.kind, ProblemKind::NotSimulated);
                }
            }
        }
    }
}
