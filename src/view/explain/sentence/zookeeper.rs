//! Sentences for what happened in the ZooKeeper ensemble, and in those who meet there: controllers and old consumers.

use super::{Sentence, partition_list, partition_name};
use crate::engine::clients::ZookeeperConsumerFact;
use crate::engine::clients::zookeeper_consumer::AttemptFailure;
use crate::engine::kafka_controller::{HaltedBecause, KafkaControllerFact};
use crate::engine::world::World;
use crate::engine::zookeeper::ZooKeeperFact;

pub(super) fn of_zookeeper(world: &World, fact: &ZooKeeperFact) -> Sentence {
    match fact {
        ZooKeeperFact::ElectionBegan { round } => Sentence::new("fact-zk-election").number("round", *round),
        ZooKeeperFact::LeadershipBegan { followers, .. } if followers.is_empty() => Sentence::new("fact-zk-alone"),
        ZooKeeperFact::LeadershipBegan { epoch, followers } => {
            let followers: Vec<String> = followers.iter().map(ToString::to_string).collect();
            Sentence::new("fact-zk-leads").number("epoch", *epoch).text("followers", followers.join(", "))
        }
        ZooKeeperFact::FollowingBegan { leader, epoch } => {
            Sentence::new("fact-zk-follows").number("leader", leader.0).number("epoch", *epoch)
        }
        ZooKeeperFact::ServiceStopped => Sentence::new("fact-zk-stopped"),
        ZooKeeperFact::SessionCreated { session, client, timeout } => Sentence::new("fact-zk-session")
            .text("session", session.to_string())
            .node(world, "client", *client)
            .text("timeout", timeout.to_string()),
        ZooKeeperFact::SessionResumed { session, client } => {
            Sentence::new("fact-zk-session-resumed").text("session", session.to_string()).node(world, "client", *client)
        }
        ZooKeeperFact::SessionExpired { session, ephemerals } if ephemerals.is_empty() => {
            Sentence::new("fact-zk-expired").text("session", session.to_string())
        }
        ZooKeeperFact::SessionExpired { session, ephemerals } => Sentence::new("fact-zk-expired-with")
            .text("session", session.to_string())
            .text("paths", ephemerals.iter().map(AsRef::as_ref).collect::<Vec<&str>>().join(", ")),
        ZooKeeperFact::SessionClosed { session } => {
            Sentence::new("fact-zk-closed").text("session", session.to_string())
        }
        ZooKeeperFact::ZnodeCreated { path, owner: Some(_), .. } => {
            Sentence::new("fact-zk-created-ephemeral").text("path", path.as_ref())
        }
        ZooKeeperFact::ZnodeCreated { path, .. } => Sentence::new("fact-zk-created").text("path", path.as_ref()),
        ZooKeeperFact::ZnodeChanged { path, version, .. } => {
            Sentence::new("fact-zk-changed").text("path", path.as_ref()).number("version", *version)
        }
        ZooKeeperFact::ZnodeDeleted { path, .. } => Sentence::new("fact-zk-deleted").text("path", path.as_ref()),
        ZooKeeperFact::WriteRefused { path, error, .. } => {
            Sentence::new("fact-zk-refused").text("path", path.as_deref().unwrap_or("/")).text("error", error.name())
        }
        ZooKeeperFact::WatchFired { path, kind, client } => Sentence::new("fact-zk-watch")
            .text("path", path.as_ref())
            .text("kind", kind.name())
            .node(world, "client", *client),
    }
}

pub(super) fn of_consumer(world: &World, fact: &ZookeeperConsumerFact) -> Sentence {
    match fact {
        ZookeeperConsumerFact::ConnectionTimedOut => Sentence::new("fact-zc-no-connection"),
        ZookeeperConsumerFact::Registered { id } => Sentence::new("fact-zc-registered").text("id", id.as_ref()),
        ZookeeperConsumerFact::Disconnected => Sentence::new("fact-zc-disconnected"),
        ZookeeperConsumerFact::SessionExpired => Sentence::new("fact-zc-expired"),
        ZookeeperConsumerFact::RebalanceTriggered { path } => {
            Sentence::new("fact-zc-triggered").text("path", path.as_ref())
        }
        ZookeeperConsumerFact::RebalanceBegan { attempt } => Sentence::new("fact-zc-began").number("attempt", *attempt),
        ZookeeperConsumerFact::NoBrokers => Sentence::new("fact-zc-no-brokers"),
        ZookeeperConsumerFact::Released { partitions } => {
            Sentence::new("fact-zc-released").text("partitions", partition_list(world, partitions))
        }
        ZookeeperConsumerFact::Claimed { partition, .. } => {
            Sentence::new("fact-zc-claimed").partition(world, *partition)
        }
        ZookeeperConsumerFact::ClaimRefused { partition, owner: Some(owner) } => {
            Sentence::new("fact-zc-refused").partition(world, *partition).text("owner", owner.as_ref())
        }
        ZookeeperConsumerFact::ClaimRefused { partition, owner: None } => {
            Sentence::new("fact-zc-refused-just-now").partition(world, *partition)
        }
        ZookeeperConsumerFact::Rebalanced { partitions, .. } if partitions.is_empty() => {
            Sentence::new("fact-zc-rebalanced-none")
        }
        ZookeeperConsumerFact::Rebalanced { partitions, .. } => {
            Sentence::new("fact-zc-rebalanced").text("partitions", partition_list(world, partitions))
        }
        ZookeeperConsumerFact::AttemptFailed { attempt, why } => match why {
            AttemptFailure::Owned => Sentence::new("fact-zc-attempt-owned"),
            AttemptFailure::Vanished { path } => Sentence::new("fact-zc-attempt-vanished").text("path", path.as_ref()),
            AttemptFailure::DifferentSubscriptions => Sentence::new("fact-zc-attempt-round-robin"),
        }
        .number("attempt", *attempt),
        ZookeeperConsumerFact::RebalanceFailed { id, retries } => {
            Sentence::new("fact-zc-failed").text("id", id.as_ref()).number("retries", *retries)
        }
        ZookeeperConsumerFact::LeadersFound { leaders } => {
            let one = |(partition, leader)| format!("{}: {leader}", partition_name(world, partition));
            let leaders: Vec<String> = leaders.iter().copied().map(one).collect();
            Sentence::new("fact-zc-leaders").text("leaders", leaders.join(", "))
        }
    }
}

pub(super) fn of_kafka_controller(world: &World, fact: &KafkaControllerFact) -> Sentence {
    match fact {
        KafkaControllerFact::Elected { epoch } => Sentence::new("fact-kc-elected").number("epoch", *epoch),
        KafkaControllerFact::LostElection { to: Some(to) } => Sentence::new("fact-kc-lost").number("broker", to.0),
        KafkaControllerFact::LostElection { to: None } => Sentence::new("fact-kc-lost-to-nobody"),
        KafkaControllerFact::Resigned { epoch } => Sentence::new("fact-kc-resigned").number("epoch", *epoch),
        KafkaControllerFact::FailoverCompleted { epoch, brokers, partitions } => Sentence::new("fact-kc-ready")
            .number("epoch", *epoch)
            .number("brokers", *brokers)
            .number("partitions", *partitions),
        KafkaControllerFact::MarkedForDeletion { name } => Sentence::new("fact-kc-marked").text("topic", name.as_ref()),
        KafkaControllerFact::DeletionBegan { name } => Sentence::new("fact-kc-deleting").text("topic", name.as_ref()),
        KafkaControllerFact::DeletionHalted { name, why } => Sentence::new(match why {
            HaltedBecause::ReplicaOffline => "fact-kc-deletion-halted-offline",
            HaltedBecause::Reassignment => "fact-kc-deletion-halted-moving",
        })
        .text("topic", name.as_ref()),
        KafkaControllerFact::LogDirEventsRead { brokers } => {
            Sentence::new("fact-kc-log-dir-events").brokers("brokers", brokers)
        }
        KafkaControllerFact::ReplicasOffline { broker, replicas } => Sentence::new("fact-kc-replicas-offline")
            .number("broker", broker.0)
            .text("partitions", partition_list(world, replicas)),
        KafkaControllerFact::BrokersChanged { joined, bounced, gone } => {
            let list = |brokers: &[crate::engine::common::BrokerId]| match brokers {
                [] => "–".to_owned(),
                brokers => super::broker_list(brokers),
            };
            Sentence::new("fact-kc-brokers")
                .text("joined", list(joined))
                .text("bounced", list(bounced))
                .text("gone", list(gone))
        }
    }
}
