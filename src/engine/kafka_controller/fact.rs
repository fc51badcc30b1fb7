//! What happens on the controller of ZooKeeper mode beside what any controller does (`ControllerFact`).

use crate::engine::common::{BrokerId, TopicPartition};
use crate::engine::protocol::TopicName;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HaltedBecause {
    /// A broker that has a replica of it is down.
    ReplicaOffline,
    /// Its partitions are being moved.
    Reassignment,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum KafkaControllerFact {
    /// It wrote /controller, and with it a new controller epoch.
    Elected {
        epoch: u32,
    },
    /// Another was faster.
    LostElection {
        to: Option<BrokerId>,
    },
    /// It is controller no longer: its session is gone, or another has raised the epoch and its writes are stopped.
    Resigned {
        epoch: u32,
    },
    /// It knows the cluster as ZooKeeper has it, and begins to act.
    FailoverCompleted {
        epoch: u32,
        brokers: u32,
        partitions: u32,
    },
    /// Somebody asked for its deletion: a note stands below /admin/delete_topics.
    MarkedForDeletion {
        name: TopicName,
    },
    /// Brokers are told to forget the topic and to delete their replicas.
    DeletionBegan {
        name: TopicName,
    },
    /// The deletion waits.
    DeletionHalted {
        name: TopicName,
        why: HaltedBecause,
    },
    /// Brokers wrote that they have lost log directories: they are asked for every replica they have.
    LogDirEventsRead {
        brokers: Vec<BrokerId>,
    },
    /// The broker lives, and these replicas of it do not: they lie in a failed directory.
    ReplicasOffline {
        broker: BrokerId,
        replicas: Vec<TopicPartition>,
    },
    BrokersChanged {
        joined: Vec<BrokerId>,
        bounced: Vec<BrokerId>,
        gone: Vec<BrokerId>,
    },
}
