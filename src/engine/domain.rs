//! Kafka as a domain of the kernel: which timers ring, which flushes end, which facts are recorded.
//!
//! Modules that hold a node name only [`Kafka`] and [`Ctx`]; each owns its own timer and fact enums, gathered here.

use super::clients::{AdminTimer, ConsumerTimer, ProducerTimer};
use super::controller::ControllerTimer;
use super::protocol::{Body, Digest};
use super::queue::QueueTimer;
use super::raft::{RaftTimer, RaftWrite};
use super::runtime::{Context, Domain, Life, MeantFor};
use super::server::{BrokerTimer, BrokerToken};
use super::trace::Fact;
use super::zookeeper::ZooKeeperTimer;

/// The marker that ties the kernel's type parameters together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kafka;

/// What a node is lent while it handles one event.
pub type Ctx<'a> = Context<'a, Kafka>;

impl Domain for Kafka {
    type Body = Body;
    type Timer = Timer;
    type Token = Token;
    type Digest = Digest;
    type Fact = Fact;

    fn digest(body: &Body) -> Digest {
        Digest::of(body)
    }

    fn meant_for(body: &Body) -> MeantFor {
        match body {
            Body::Response { correlation, .. } => MeantFor::Asker(Life(correlation.life())),
            Body::Queue(message) if message.is_from_broker() => MeantFor::LastHeard,
            Body::ZooKeeper(message) if message.is_on_the_receivers_connection() => MeantFor::LastHeard,
            Body::Request { .. } | Body::Queue(_) | Body::ZooKeeper(_) => MeantFor::Whoever,
        }
    }

    fn sign(body: &mut Body, life: Life) {
        match body {
            Body::Request { correlation, .. } | Body::Response { correlation, .. } => {
                *correlation = correlation.in_life(life.0);
            }
            Body::Queue(_) | Body::ZooKeeper(_) => {}
        }
    }
}

/// Every alarm of every kind of node. A node only ever sees its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    Broker(BrokerTimer),
    Controller(ControllerTimer),
    /// Of a controller or of a broker: both have a replica of the metadata log.
    Raft(RaftTimer),
    Producer(ProducerTimer),
    Consumer(ConsumerTimer),
    Admin(AdminTimer),
    Queue(QueueTimer),
    ZooKeeper(ZooKeeperTimer),
}

/// What a flush was for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Token {
    /// A broker's own: logs.
    Broker(BrokerToken),
    /// A voter's metadata log or its `quorum-state`.
    Raft(RaftWrite),
    /// The queue broker's journal, up to this entry.
    QueueJournal { end: u64 },
    /// A ZooKeeper server's transaction log, up to this one.
    ZooKeeperLog { end: super::protocol::Zxid },
}

macro_rules! from_timer {
    ($($variant:ident($inner:ty),)*) => {
        $(impl From<$inner> for Timer {
            fn from(timer: $inner) -> Self { Self::$variant(timer) }
        })*
    };
}

from_timer! {
    Broker(BrokerTimer),
    Controller(ControllerTimer),
    Raft(RaftTimer),
    Producer(ProducerTimer),
    Consumer(ConsumerTimer),
    Admin(AdminTimer),
    Queue(QueueTimer),
    ZooKeeper(ZooKeeperTimer),
}
