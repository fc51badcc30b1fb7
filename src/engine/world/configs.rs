//! Properties as someone typed them, turned into the configuration a node starts with, or into a refusal.

use super::Refusal;
use crate::engine::command::Properties;
use crate::engine::config::{
    self, BrokerConfig, ConsumerConfig, KafkaVersion, OldConsumerConfig, Problem, ProblemKind, ProducerConfig,
};

/// Settings that Kafka would not start with are refused, and so are keys that nobody knows: a typing error would
/// otherwise pass for a setting. What is merely not simulated is let through; whoever wrote it is told elsewhere.
pub(super) fn accept<T>(built: (T, Vec<Problem>)) -> Result<T, Refusal> {
    let fatal = |problem: &&Problem| problem.kind.stops_kafka() || problem.kind == ProblemKind::Unknown;
    match built.1.iter().find(fatal) {
        None => Ok(built.0),
        Some(problem) => Err(Refusal(problem.to_string())),
    }
}

pub(super) fn pairs(configs: &Properties) -> config::Properties {
    config::Properties::from_pairs(configs.iter().map(|(key, value)| (key.as_str(), value.as_str())))
}

pub(super) fn broker_config(version: KafkaVersion, configs: &Properties) -> Result<BrokerConfig, Refusal> {
    accept(BrokerConfig::from_properties(version, &pairs(configs)))
}

pub(super) fn producer_config(version: KafkaVersion, configs: &Properties) -> Result<ProducerConfig, Refusal> {
    accept(ProducerConfig::from_properties(version, &pairs(configs)))
}

/// `group.id` and `client.id` come from the command itself.
pub(super) fn consumer_config(
    version: KafkaVersion,
    configs: &Properties,
    group: &str,
    name: &str,
) -> Result<ConsumerConfig, Refusal> {
    let mut configs = configs.clone();
    configs.insert("group.id".to_owned(), group.to_owned());
    configs.entry("client.id".to_owned()).or_insert_with(|| name.to_owned());
    accept(ConsumerConfig::from_properties(version, &pairs(&configs)))
}

/// The same for a consumer of 0.8.
pub(super) fn old_consumer_config(
    version: KafkaVersion,
    configs: &Properties,
    group: &str,
    name: &str,
) -> Result<OldConsumerConfig, Refusal> {
    let mut configs = configs.clone();
    configs.insert("group.id".to_owned(), group.to_owned());
    configs.entry("client.id".to_owned()).or_insert_with(|| name.to_owned());
    // What `--from-beginning` says, and what that tool of 0.8 makes of it.
    if let Some(reset) = configs.get_mut("auto.offset.reset").filter(|reset| *reset == "earliest") {
        "smallest".clone_into(reset);
    }
    accept(OldConsumerConfig::from_properties(version, &pairs(&configs)))
}
