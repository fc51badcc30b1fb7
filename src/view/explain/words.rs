//! Which lane of the timeline a fact belongs to: the page's sorting of what happens.

use crate::engine::clients::{ConsumerFact, ProducerFact, ZookeeperConsumerFact};
use crate::engine::protocol::Class;
use crate::engine::protocol::ZkError;
use crate::engine::runtime::RuntimeFact;
use crate::engine::server::BrokerFact;
use crate::engine::trace::Fact;
use crate::engine::zookeeper::ZooKeeperFact;

/// One row of the timeline, one filter of the event list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    Produce,
    Replicate,
    Fetch,
    Group,
    Control,
    /// What the user did to the machines and the links, and what was lost by it.
    Fault,
    /// Heartbeats, polls that found nothing, timers: true, and of no interest until someone asks.
    Noise,
}

impl Lane {
    /// All lanes that are drawn, top to bottom.
    pub const SHOWN: [Self; 6] = [Self::Produce, Self::Replicate, Self::Fetch, Self::Group, Self::Control, Self::Fault];

    fn of_class(class: Class) -> Self {
        match class {
            Class::Produce => Self::Produce,
            Class::Replicate => Self::Replicate,
            Class::Fetch => Self::Fetch,
            Class::Group => Self::Group,
            Class::Control => Self::Control,
            Class::Liveness => Self::Noise,
        }
    }
}

/// Where a fact is shown.
///
/// The sending and arriving of messages is noise here: the picture shows it, and a step that stopped at each would
/// never get anywhere. What a message *did* is a fact of its own.
#[must_use]
pub fn lane(fact: &Fact) -> Lane {
    match fact {
        Fact::Commanded(_) => Lane::Fault,
        Fact::Runtime(fact) => match fact {
            RuntimeFact::Sent { .. }
            | RuntimeFact::Delivered { .. }
            | RuntimeFact::Released { .. }
            | RuntimeFact::Disconnected { .. }
            | RuntimeFact::LatencySet { .. } => Lane::Noise,
            RuntimeFact::Held { digest, .. } if digest.class == Class::Liveness => Lane::Noise,
            RuntimeFact::Lost { digest, .. } if digest.class == Class::Liveness => Lane::Noise,
            RuntimeFact::Lost { .. }
            | RuntimeFact::Held { .. }
            | RuntimeFact::Started
            | RuntimeFact::Crashed { .. }
            | RuntimeFact::Exited
            | RuntimeFact::Paused
            | RuntimeFact::Resumed
            | RuntimeFact::LinkCut { .. }
            | RuntimeFact::LinkRepaired { .. }
            | RuntimeFact::LinkHeld { .. }
            | RuntimeFact::LinkReleased { .. } => Lane::Fault,
        },
        Fact::Broker(fact) => of_broker(fact),
        Fact::Controller(_) | Fact::Raft(_) | Fact::KafkaController(_) => Lane::Control,
        Fact::Group(_) => Lane::Group,
        Fact::Producer(fact) => match fact {
            ProducerFact::MetadataUpdated { .. } | ProducerFact::AwaitsMetadata { .. } => Lane::Control,
            ProducerFact::RequestTimedOut { .. } => Lane::Noise,
            _ => Lane::Produce,
        },
        Fact::Consumer(fact) => of_consumer(fact),
        Fact::ZookeeperConsumer(ZookeeperConsumerFact::LeadersFound { .. }) => Lane::Fetch,
        Fact::ZookeeperConsumer(_) => Lane::Group,
        Fact::Admin(_) => Lane::Control,
        // Whoever makes sure that something is there is often told that it is.
        Fact::ZooKeeper(ZooKeeperFact::WriteRefused { error: ZkError::NodeExists | ZkError::NoNode, .. }) => {
            Lane::Noise
        }
        Fact::ZooKeeper(_) => Lane::Control,
        Fact::Queue(fact) => Lane::of_class(super::sentence::queue_class(fact)),
    }
}

fn of_broker(fact: &BrokerFact) -> Lane {
    match fact {
        BrokerFact::Appended { from, .. } if from.is_client() => Lane::Produce,
        BrokerFact::Appended { .. } | BrokerFact::Truncated { .. } | BrokerFact::HighWatermarkMoved { .. } => {
            Lane::Replicate
        }
        BrokerFact::AppendRefused { .. } | BrokerFact::ProduceParked { .. } | BrokerFact::ProduceAnswered { .. } => {
            Lane::Produce
        }
        BrokerFact::FetchRefused { fetcher, .. } if fetcher.is_client() => Lane::Fetch,
        BrokerFact::FollowerReached { .. }
        | BrokerFact::FetchParked { .. }
        | BrokerFact::FetchRefused { .. }
        | BrokerFact::FetchSessionOpened { .. }
        | BrokerFact::FetchSessionClosed { .. } => Lane::Noise,
        _ => Lane::Control,
    }
}

fn of_consumer(fact: &ConsumerFact) -> Lane {
    match fact {
        ConsumerFact::Polled { .. } | ConsumerFact::Processed { .. } | ConsumerFact::PositionSet { .. } => Lane::Fetch,
        ConsumerFact::FetchFailed { .. } => Lane::Fetch,
        ConsumerFact::MetadataUpdated { .. } => Lane::Control,
        ConsumerFact::RequestTimedOut { .. } => Lane::Noise,
        _ => Lane::Group,
    }
}
