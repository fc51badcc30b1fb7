//! Everything that can happen, as one enum: the inner enums belong to the modules where the things happen.
//!
//! Facts are typed, in the past tense, and without prose; `view/explain` turns them into sentences.

use super::clients::{AdminFact, ConsumerFact, ProducerFact, ZookeeperConsumerFact};
use super::command::Command;
use super::controller::ControllerFact;
use super::coordinator::GroupFact;
use super::kafka_controller::KafkaControllerFact;
use super::protocol::Digest;
use super::queue::QueueFact;
use super::raft::RaftFact;
use super::runtime::{RuntimeFact, TraceRecord};
use super::server::BrokerFact;
use super::zookeeper::ZooKeeperFact;

/// One fact with its step, time, node and cause.
pub type Record = TraceRecord<Fact>;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Fact {
    /// What the user, a lesson or a script did.
    Commanded(Command),
    Runtime(RuntimeFact<Digest>),
    Broker(BrokerFact),
    Controller(ControllerFact),
    Raft(RaftFact),
    KafkaController(KafkaControllerFact),
    Group(GroupFact),
    Producer(ProducerFact),
    Consumer(ConsumerFact),
    ZookeeperConsumer(ZookeeperConsumerFact),
    Admin(AdminFact),
    Queue(QueueFact),
    ZooKeeper(ZooKeeperFact),
}

macro_rules! from_fact {
    ($($variant:ident($inner:ty),)*) => {
        $(impl From<$inner> for Fact {
            fn from(fact: $inner) -> Self { Self::$variant(fact) }
        })*
    };
}

from_fact! {
    Commanded(Command),
    Runtime(RuntimeFact<Digest>),
    Broker(BrokerFact),
    Controller(ControllerFact),
    Raft(RaftFact),
    KafkaController(KafkaControllerFact),
    Group(GroupFact),
    Producer(ProducerFact),
    Consumer(ConsumerFact),
    ZookeeperConsumer(ZookeeperConsumerFact),
    Admin(AdminFact),
    Queue(QueueFact),
    ZooKeeper(ZooKeeperFact),
}
