//! The whole simulated data centre as one value, and the only place where commands act on it.
//!
//! A world knows which kinds of node there are; nobody in the engine knows a world.

mod commands;
mod configs;
mod process;
mod setup;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use commands::Refusal;
pub use process::Process;
pub use setup::{BrokerSpec, Features, Setup};

use super::clients::zookeeper_consumer::zk_data::{GroupZnodes, group as group_znodes};
use super::clients::{Consumer, Producer};
use super::command::Target;
use super::common::{BrokerId, ClientId, Fingerprint, NodeId, Sabotage, ServerId, Step, Time};
use super::controller::Controller;
use super::domain::Kafka;
use super::kafka_controller::zk_data;
use super::metadata::MetadataImage;
use super::protocol::Zxid;
use super::queue::{QueueBroker, QueueProducer, QueueWorker};
use super::runtime::{Kernel, Status};
use super::server::Broker;
use super::trace::Record;
use super::zookeeper::{DataTree, ZooKeeper};

#[derive(Clone, Debug)]
pub struct World {
    kernel: Kernel<Kafka, Process>,
    setup: Arc<Setup>,
    clients: BTreeMap<Arc<str>, ClientId>,
    names: Vec<Arc<str>>,
    sabotage: Sabotage,
    /// In ZooKeeper mode, what stands in the znodes, read anew whenever a transaction is committed.
    znodes: Arc<Znodes>,
}

#[derive(Clone, Debug, Default)]
struct Znodes {
    at: Zxid,
    image: MetadataImage,
}

impl World {
    #[must_use]
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    #[must_use]
    pub fn now(&self) -> Time {
        self.kernel.now()
    }

    #[must_use]
    pub fn step_count(&self) -> Step {
        self.kernel.step_count()
    }

    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.kernel.fingerprint()
    }

    #[must_use]
    pub fn next_event_at(&self) -> Option<Time> {
        self.kernel.next_event_at()
    }

    /// Read-only: what spectators look at.
    #[must_use]
    pub fn kernel(&self) -> &Kernel<Kafka, Process> {
        &self.kernel
    }

    /// Handles one event; false when nothing is left to happen.
    pub fn step(&mut self) -> bool {
        let has_stepped = self.kernel.step();
        self.read_znodes();
        has_stepped
    }

    fn read_znodes(&mut self) {
        if self.setup.zookeepers.is_empty() {
            return;
        }
        let at = self.znodes.at;
        let Some(tree) = self.znode_tree().filter(|tree| tree.last_zxid() > at) else { return };
        self.znodes = Arc::new(Znodes { at: tree.last_zxid(), image: zk_data::image(tree) });
    }

    /// Handles every event up to and including `to`, then lets the clock stand there.
    pub fn run_until(&mut self, to: Time) {
        while self.next_event_at().is_some_and(|at| at <= to) {
            self.step();
        }
        self.wait_until(to);
    }

    /// Lets the clock stand at `to`, before the next event.
    pub fn wait_until(&mut self, to: Time) {
        if to > self.now() {
            self.kernel.wait_until(to);
        }
    }

    /// Facts since the last call, oldest first.
    pub fn take_trace(&mut self) -> Vec<Record> {
        self.kernel.take_trace()
    }

    /// The same, into a list whose room is used again: for those who take after every step.
    pub fn swap_trace(&mut self, taken: &mut Vec<Record>) {
        self.kernel.swap_trace(taken);
    }

    /// The name the page shows for a node: a client's own, else its address.
    #[must_use]
    pub fn name_of(&self, node: NodeId) -> String {
        match node {
            NodeId::Client(id) => {
                self.names.get(id.0 as usize).map_or_else(|| node.to_string(), |name| name.to_string())
            }
            _ => node.to_string(),
        }
    }

    /// The address behind a name the page shows.
    #[must_use]
    pub fn node_of(&self, target: &Target) -> Option<NodeId> {
        let node = match target {
            Target::Broker(id) => NodeId::Broker(*id),
            Target::Controller(id) => NodeId::Controller(*id),
            Target::ZooKeeper(id) => NodeId::ZooKeeper(*id),
            Target::QueueBroker => NodeId::QueueBroker,
            Target::Client(name) => NodeId::Client(*self.clients.get(name)?),
        };
        self.kernel.slot(node).map(|_| node)
    }

    /// How a command names this node.
    #[must_use]
    pub fn target_of(&self, node: NodeId) -> Target {
        match node {
            NodeId::Broker(id) => Target::Broker(id),
            NodeId::Controller(id) => Target::Controller(id),
            NodeId::ZooKeeper(id) => Target::ZooKeeper(id),
            NodeId::QueueBroker => Target::QueueBroker,
            NodeId::Client(_) => Target::Client(self.name_of(node).into()),
        }
    }

    #[must_use]
    pub fn process(&self, node: NodeId) -> Option<&Process> {
        self.kernel.slot(node).map(|slot| &slot.node)
    }

    #[must_use]
    pub fn status(&self, node: NodeId) -> Option<Status> {
        self.kernel.slot(node).map(|slot| slot.status)
    }

    #[must_use]
    pub fn is_up(&self, node: NodeId) -> bool {
        matches!(self.status(node), Some(Status::Up { .. }))
    }

    #[must_use]
    pub fn is_down(&self, node: NodeId) -> bool {
        matches!(self.status(node), Some(Status::Down { .. }))
    }

    #[must_use]
    pub fn broker(&self, id: BrokerId) -> Option<&Broker> {
        match self.process(NodeId::Broker(id))? {
            Process::Broker(broker) => Some(broker),
            _ => None,
        }
    }

    pub fn brokers(&self) -> impl Iterator<Item = (BrokerId, &Broker)> {
        self.kernel.slots().filter_map(|(id, slot)| match (id, &slot.node) {
            (NodeId::Broker(id), Process::Broker(broker)) => Some((id, broker.as_ref())),
            _ => None,
        })
    }

    /// All KRaft controllers by id, alive or not.
    pub fn controllers(&self) -> impl Iterator<Item = (NodeId, &Controller)> {
        self.kernel.slots().filter_map(|(id, slot)| match &slot.node {
            Process::Controller(controller) => Some((id, controller.as_ref())),
            _ => None,
        })
    }

    /// The one that decides: it runs, and no other that takes itself for the active one has a later epoch.
    #[must_use]
    pub fn active_controller(&self) -> Option<(NodeId, &Controller)> {
        let active = self.controllers().filter(|(id, controller)| self.is_up(*id) && controller.is_active());
        active.max_by_key(|(_, controller)| controller.raft().quorum().epoch)
    }

    /// The controller to look at: the active one, else the one that has applied most.
    #[must_use]
    pub fn controller(&self) -> Option<(NodeId, &Controller)> {
        let best = || self.controllers().max_by_key(|(id, c)| (c.high_watermark(), std::cmp::Reverse(*id)));
        self.active_controller().or_else(best)
    }

    /// The committed metadata, as far as anyone has applied them: the truth that brokers and clients run after.
    #[must_use]
    pub fn image(&self) -> &MetadataImage {
        if !self.setup.zookeepers.is_empty() {
            return &self.znodes.image;
        }
        let of_controllers = self.controllers().map(|(_, controller)| controller.image());
        let images = of_controllers.chain(self.brokers().map(|(_, broker)| broker.image()));
        images.max_by_key(|image| image.end_offset()).expect("every world has a controller")
    }

    /// The ZooKeeper servers, alive or not.
    pub fn zookeepers(&self) -> impl Iterator<Item = (ServerId, &ZooKeeper)> {
        self.kernel.slots().filter_map(|(id, slot)| match (id, &slot.node) {
            (NodeId::ZooKeeper(id), Process::ZooKeeper(server)) => Some((id, server.as_ref())),
            _ => None,
        })
    }

    /// The znodes as the furthest of the servers has them, which knows all that is committed.
    #[must_use]
    pub fn znode_tree(&self) -> Option<&DataTree> {
        self.zookeepers().map(|(_, server)| server.tree()).max_by_key(|tree| tree.last_zxid())
    }

    /// The broker that is controller in ZooKeeper mode, by /controller.
    #[must_use]
    pub fn kafka_controller(&self) -> Option<BrokerId> {
        zk_data::decode_controller(self.znode_tree()?.get(zk_data::CONTROLLER)?.data())
    }

    /// A group of consumers of 0.8, as it stands in ZooKeeper.
    #[must_use]
    pub fn zookeeper_group(&self, name: &str) -> Option<GroupZnodes> {
        group_znodes(self.znode_tree()?, name)
    }

    pub fn producers(&self) -> impl Iterator<Item = (NodeId, &Producer)> {
        self.kernel.slots().filter_map(|(id, slot)| match &slot.node {
            Process::Producer(producer) => Some((id, producer.as_ref())),
            _ => None,
        })
    }

    pub fn consumers(&self) -> impl Iterator<Item = (NodeId, &Consumer)> {
        self.kernel.slots().filter_map(|(id, slot)| match &slot.node {
            Process::Consumer(consumer) => Some((id, consumer.as_ref())),
            _ => None,
        })
    }

    #[must_use]
    pub fn queue_broker(&self) -> Option<&QueueBroker> {
        match self.process(NodeId::QueueBroker)? {
            Process::QueueBroker(queue) => Some(queue),
            _ => None,
        }
    }

    pub fn queue_producers(&self) -> impl Iterator<Item = (NodeId, &QueueProducer)> {
        self.kernel.slots().filter_map(|(id, slot)| match &slot.node {
            Process::QueueProducer(producer) => Some((id, producer.as_ref())),
            _ => None,
        })
    }

    pub fn queue_workers(&self) -> impl Iterator<Item = (NodeId, &QueueWorker)> {
        self.kernel.slots().filter_map(|(id, slot)| match &slot.node {
            Process::QueueWorker(worker) => Some((id, worker.as_ref())),
            _ => None,
        })
    }
}
