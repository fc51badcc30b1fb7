//! Records of the metadata log, named and told in Kafka's own words: nothing here needs translating.

use super::{broker_list, partition_name};
use crate::engine::common::BrokerId;
use crate::engine::metadata::{LogEntry, MetadataRecord};
use crate::engine::world::World;

/// The record's type, as `kafka-dump-log --cluster-metadata-decoder` prints it, and what it says.
#[must_use]
pub fn log_entry(world: &World, entry: LogEntry<'_>) -> (&'static str, String) {
    match entry {
        LogEntry::LeaderChange(change) => {
            let votes = broker_list(&change.granting_voters);
            ("LeaderChange", format!("leader {}, voters {}, votes {votes}", change.leader, broker_list(&change.voters)))
        }
        LogEntry::Record(record) => metadata_record(world, record),
    }
}

fn metadata_record(world: &World, record: &MetadataRecord) -> (&'static str, String) {
    let leader_name = |leader: Option<BrokerId>| leader.map_or_else(|| "none".to_owned(), |leader| leader.to_string());
    match record {
        MetadataRecord::RegisterBroker { broker, epoch, rack, .. } => {
            let rack = rack.as_ref().map_or_else(String::new, |rack| format!(", rack {rack}"));
            ("REGISTER_BROKER_RECORD", format!("broker {broker}, broker epoch {epoch}{rack}"))
        }
        MetadataRecord::FenceBroker { broker, epoch } => {
            ("FENCE_BROKER_RECORD", format!("broker {broker}, broker epoch {epoch}"))
        }
        MetadataRecord::UnfenceBroker { broker, epoch } => {
            ("UNFENCE_BROKER_RECORD", format!("broker {broker}, broker epoch {epoch}"))
        }
        MetadataRecord::Topic { name, .. } => ("TOPIC_RECORD", name.to_string()),
        MetadataRecord::Partition { partition, registration } => {
            let (name, leader) = (partition_name(world, *partition), leader_name(registration.leader));
            let (replicas, isr) = (broker_list(&registration.replicas), broker_list(&registration.isr));
            ("PARTITION_RECORD", format!("{name}: leader {leader}, replicas {replicas}, ISR {isr}"))
        }
        MetadataRecord::PartitionChange { partition, change } => {
            let mut parts = Vec::new();
            if let Some(leader) = change.leader {
                parts.push(format!("leader {}", leader_name(leader)));
            }
            if let Some(isr) = &change.isr {
                parts.push(format!("ISR {}", broker_list(isr)));
            }
            for (name, brokers) in [
                ("replicas", &change.replicas),
                ("adding", &change.adding),
                ("removing", &change.removing),
                ("ELR", &change.elr),
                ("last known ELR", &change.last_known_elr),
            ] {
                parts.extend(brokers.as_ref().map(|brokers| format!("{name} [{}]", broker_list(brokers))));
            }
            ("PARTITION_CHANGE_RECORD", format!("{}: {}", partition_name(world, *partition), parts.join(", ")))
        }
        MetadataRecord::TopicConfig { topic, key, value } => {
            let name = world.image().topic(*topic).map_or("?", |topic| topic.name.as_ref());
            ("CONFIG_RECORD", format!("{name}: {key}={}", value.as_deref().unwrap_or("null")))
        }
        MetadataRecord::BrokerConfig { broker, key, value } => {
            let name = broker.map_or_else(|| "all brokers".to_owned(), |broker| format!("broker {broker}"));
            ("CONFIG_RECORD", format!("{name}: {key}={}", value.as_deref().unwrap_or("null")))
        }
        MetadataRecord::BrokerInControlledShutdown { broker, epoch } => (
            "BROKER_REGISTRATION_CHANGE_RECORD",
            format!("broker {broker}, broker epoch {epoch}: in controlled shutdown"),
        ),
        MetadataRecord::FeatureLevel { feature, level } => ("FEATURE_LEVEL_RECORD", format!("{feature}={level}")),
        MetadataRecord::RemoveTopic { topic } => {
            let name = world.image().topic_name(*topic).map_or("?", AsRef::as_ref);
            ("REMOVE_TOPIC_RECORD", name.to_owned())
        }
        MetadataRecord::ClearElr { topic } => {
            let name = topic.and_then(|topic| world.image().topic(topic)).map_or("all topics", |topic| &topic.name);
            ("CLEAR_ELR_RECORD", name.to_owned())
        }
        MetadataRecord::ProducerIds { broker, epoch, next_producer_id } => (
            "PRODUCER_IDS_RECORD",
            format!("broker {broker}, broker epoch {epoch}, next producer id {next_producer_id}"),
        ),
        MetadataRecord::NoOp => ("NO_OP_RECORD", String::new()),
    }
}
