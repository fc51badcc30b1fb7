//! Sentences for what the controller decided.

use std::sync::Arc;

use super::{Sentence, range};
use crate::engine::common::TopicPartition;
use crate::engine::controller::{ControllerFact, ElectedBecause, FencedBecause};
use crate::engine::world::World;

pub(super) fn of_controller(world: &World, fact: &ControllerFact) -> Sentence {
    let about = |key, partition: &TopicPartition| Sentence::new(key).partition(world, *partition);
    match fact {
        ControllerFact::Activated { epoch } => Sentence::new("fact-controller-activated").number("epoch", epoch.0),
        ControllerFact::Renounced { epoch, undone, refused } => Sentence::new("fact-controller-renounced")
            .number("epoch", epoch.0)
            .number("undone", *undone)
            .number("refused", *refused),
        ControllerFact::BrokerRegistered { broker, epoch } => {
            Sentence::new("fact-broker-registered").number("broker", broker.0).number("epoch", epoch.0)
        }
        ControllerFact::RegistrationRefused { broker, error } => {
            Sentence::new("fact-broker-refused").number("broker", broker.0).text("error", error.name())
        }
        ControllerFact::ProducerIdsAllocated { broker, first, last } => Sentence::new("fact-ids-allocated")
            .number("broker", broker.0)
            .text("first", first.to_string())
            .text("last", last.to_string()),
        ControllerFact::BrokerUnfenced { broker } => Sentence::new("fact-broker-unfenced").number("broker", broker.0),
        ControllerFact::BrokerFenced { broker, why } => Sentence::new(match why {
            FencedBecause::SessionExpired => "fact-broker-fenced-session",
            FencedBecause::Asked => "fact-broker-fenced-asked",
            FencedBecause::Reregistered => "fact-broker-fenced-again",
            FencedBecause::ShutDown => "fact-broker-fenced-shutdown",
        })
        .number("broker", broker.0),
        ControllerFact::TopicCreated { name, partitions, replication_factor, .. } => {
            Sentence::new("fact-topic-created")
                .text("topic", name.as_ref())
                .number("partitions", *partitions)
                .number("factor", *replication_factor)
        }
        ControllerFact::TopicRefused { name, message, .. } => {
            Sentence::new("fact-topic-refused").text("topic", name.as_ref()).text("reason", message)
        }
        ControllerFact::TopicDeleted { name, .. } => Sentence::new("fact-topic-deleted").text("topic", name.as_ref()),
        ControllerFact::PartitionsAdded { name, count, added, .. } => Sentence::new("fact-partitions-added")
            .text("topic", name.as_ref())
            .number("count", *count)
            .number("added", *added),
        ControllerFact::LeaderElected { partition, to: Some(to), leader_epoch, isr, why, .. } => about(
            match why {
                ElectedBecause::LeaderFenced => "fact-leader-elected",
                ElectedBecause::ReplicaReturned => "fact-leader-returned",
                ElectedBecause::Unclean => "fact-leader-unclean",
                ElectedBecause::Preferred => "fact-leader-preferred",
                ElectedBecause::LeaderShutsDown => "fact-leader-moved",
                ElectedBecause::LogDirFailed => "fact-leader-dir-failed",
                ElectedBecause::Asked => "fact-leader-asked",
                ElectedBecause::Reassigned => "fact-leader-reassigned",
                ElectedBecause::Eligible => "fact-leader-eligible",
                ElectedBecause::LastKnown => "fact-leader-last-known",
            },
            partition,
        )
        .number("leader", to.0)
        .number("epoch", leader_epoch.0)
        .brokers("isr", isr),
        ControllerFact::LeaderElected { partition, to: None, isr, .. } => {
            about("fact-no-leader", partition).brokers("isr", isr)
        }
        ControllerFact::IsrChanged { partition, from, to, .. } => {
            let key = if to.len() < from.len() { "fact-isr-shrank" } else { "fact-isr-grew" };
            about(key, partition).brokers("before", from).brokers("isr", to)
        }
        ControllerFact::EligibleChanged { partition, elr, last_known } if elr.is_empty() && last_known.is_empty() => {
            about("fact-elr-none", partition)
        }
        ControllerFact::EligibleChanged { partition, elr, last_known } if elr.is_empty() => {
            about("fact-elr-last-known", partition).brokers("last", last_known)
        }
        ControllerFact::EligibleChanged { partition, elr, .. } => about("fact-elr", partition).brokers("elr", elr),
        ControllerFact::LeaderRecovered { partition } => about("fact-leader-recovered", partition),
        ControllerFact::ReassignmentBegan { partition, adding, removing } => about(
            match (adding.is_empty(), removing.is_empty()) {
                (false, false) => "fact-reassigning",
                (false, true) => "fact-reassigning-adds",
                _ => "fact-reassigning-removes",
            },
            partition,
        )
        .brokers("adding", adding)
        .brokers("removing", removing),
        ControllerFact::ReassignmentEnded { partition, replicas, cancelled } => {
            about(if *cancelled { "fact-reassignment-cancelled" } else { "fact-reassigned" }, partition)
                .brokers("replicas", replicas)
        }
        ControllerFact::ControlledShutdownBegan { broker } => {
            Sentence::new("fact-broker-leaving").number("broker", broker.0)
        }
        ControllerFact::FeatureFinalized { feature, level } => {
            Sentence::new("fact-feature").text("feature", feature.as_ref()).number("level", *level)
        }
        ControllerFact::IsrRefused { partition, broker, error } => {
            about("fact-isr-refused", partition).number("broker", broker.0).text("error", error.name())
        }
        ControllerFact::TopicReconfigured { topic, changes } => {
            let name = world.image().topic(*topic).map_or("?", |topic| topic.name.as_ref());
            Sentence::new("fact-topic-configured").text("topic", name).text("changes", configs(changes))
        }
        ControllerFact::BrokersReconfigured { broker: Some(broker), changes } => {
            Sentence::new("fact-broker-configured").number("broker", broker.0).text("changes", configs(changes))
        }
        ControllerFact::BrokersReconfigured { broker: None, changes } => {
            Sentence::new("fact-brokers-configured").text("changes", configs(changes))
        }
        ControllerFact::MetadataCommitted { first, last } => {
            Sentence::new("fact-metadata-committed").text("offsets", range(*first, *last))
        }
    }
}

/// `min.insync.replicas=2, retention.ms=default`.
fn configs(changes: &[(Arc<str>, Option<Arc<str>>)]) -> String {
    let one = |(key, value): &(Arc<str>, Option<Arc<str>>)| format!("{key}={}", value.as_deref().unwrap_or("default"));
    changes.iter().map(one).collect::<Vec<_>>().join(", ")
}
