//! The consumer as a node: a program of the user's with one of Kafka's two consumer libraries inside.
//!
//! Only configuration and name survive a crash, and the ledger of what the program did to the outside world. A
//! restarted consumer comes to its group as a stranger.

use std::sync::Arc;

use super::application::{Activity, ConsumerApplication, ConsumerLedger, InHand, PolledRecord, ProcessedRecord};
use super::membership::{MemberState, Membership};
use super::process::{ConsumerRequest, Process};
use super::program::Program;
use super::subscription::{PartitionState, Subscriptions};
use crate::engine::clients::zookeeper_consumer::Connector;
use crate::engine::clients::{ClientMetadata, InFlightRequest};
use crate::engine::common::{BrokerId, ClientId, NodeId, Offset, Time, TopicPartition};
use crate::engine::config::{ConsumerConfig, OldConsumerConfig};
use crate::engine::protocol::{Body, TopicName};
use crate::engine::runtime::{Crash, Node};
use crate::engine::{Ctx, Kafka, Timer};

/// A consumer's alarms.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ConsumerTimer {
    /// The application has finished with a record.
    Record,
    /// The heartbeat thread wakes: a heartbeat is due, or the session or `max.poll.interval.ms` may be over.
    Heartbeat,
    /// Something inside a blocking call, or of another thread, is due: a retry, an auto-commit, a request's timeout.
    Poll,
    /// Of the ZooKeeper session: a ping is due, or nothing was heard for too long.
    ZooKeeper,
}

/// The library inside.
#[derive(Clone, Debug)]
enum Library {
    /// `KafkaConsumer`: groups meet at a coordinator (since 0.9).
    Group(Box<Process>),
    /// `ZookeeperConsumerConnector`: groups meet in ZooKeeper.
    ZooKeeper(Box<Connector>),
}

/// A consuming program.
#[derive(Clone, Debug)]
pub struct Consumer {
    id: ClientId,
    name: Arc<str>,
    bootstrap: Vec<BrokerId>,
    ledger: ConsumerLedger,
    library: Library,
}

impl Consumer {
    #[must_use]
    pub fn new(
        id: ClientId,
        name: Arc<str>,
        config: ConsumerConfig,
        bootstrap: Vec<BrokerId>,
        topics: Vec<TopicName>,
        application: ConsumerApplication,
    ) -> Self {
        let client_id = config.client_id.clone().unwrap_or_else(|| name.clone());
        let process = Process::new(Arc::new(config), application, client_id, topics, &bootstrap);
        let library = Library::Group(Box::new(process));
        Self { id, name, bootstrap, ledger: ConsumerLedger::default(), library }
    }

    /// The same program, built with the library of 0.8: all it is told is where ZooKeeper is.
    #[must_use]
    pub fn of_zookeeper(
        id: ClientId,
        name: Arc<str>,
        config: OldConsumerConfig,
        zookeepers: Vec<NodeId>,
        topics: Vec<TopicName>,
        application: ConsumerApplication,
    ) -> Self {
        let connector = Connector::new(Arc::new(config), name.clone(), zookeepers, topics, application);
        let library = Library::ZooKeeper(Box::new(connector));
        Self { id, name, bootstrap: Vec::new(), ledger: ConsumerLedger::default(), library }
    }

    /// `close()`: the application finishes the poll it has in hand; then the consumer commits (with auto-commit) and
    /// leaves the group, so that the others need not wait for its session to end.
    pub fn close(&mut self, ctx: &mut Ctx<'_>) {
        self.program_mut().is_closing = true;
        match &mut self.library {
            Library::Group(process) => process.advance(ctx, &mut self.ledger),
            Library::ZooKeeper(connector) => connector.advance(ctx, &mut self.ledger),
        }
    }

    // ---- looking in ------------------------------------------------------------------------------------------

    #[must_use]
    pub fn id(&self) -> ClientId {
        self.id
    }

    /// The program's name, as the user gave it.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The value of a configuration key in effect, under the names of its library.
    #[must_use]
    pub fn config(&self, key: &str) -> Option<String> {
        match &self.library {
            Library::Group(process) => process.config.get(key),
            Library::ZooKeeper(connector) => connector.config().get(key),
        }
    }

    /// `group.id`.
    #[must_use]
    pub fn group(&self) -> &Arc<str> {
        match &self.library {
            Library::Group(process) => &process.group,
            Library::ZooKeeper(connector) => connector.group(),
        }
    }

    /// What it subscribed to.
    #[must_use]
    pub fn topics(&self) -> &[TopicName] {
        match &self.library {
            Library::Group(process) => &process.topics,
            Library::ZooKeeper(connector) => connector.topics(),
        }
    }

    #[must_use]
    pub fn application(&self) -> ConsumerApplication {
        self.program().application
    }

    fn program(&self) -> &Program {
        match &self.library {
            Library::Group(process) => &process.program,
            Library::ZooKeeper(connector) => connector.program(),
        }
    }

    fn program_mut(&mut self) -> &mut Program {
        match &mut self.library {
            Library::Group(process) => &mut process.program,
            Library::ZooKeeper(connector) => connector.program_mut(),
        }
    }

    fn subscriptions(&self) -> &Subscriptions {
        match &self.library {
            Library::Group(process) => &process.subscriptions,
            Library::ZooKeeper(connector) => connector.subscriptions(),
        }
    }

    /// Where the application's thread is.
    #[must_use]
    pub fn activity(&self) -> &Activity {
        &self.program().activity
    }

    /// The record the application is busy with, since when and until when.
    #[must_use]
    pub fn in_hand(&self) -> Option<&InHand> {
        match self.activity() {
            Activity::Processing(record) => Some(record),
            _ => None,
        }
    }

    /// Records of the last poll that wait behind the one in hand.
    pub fn waiting(&self) -> impl ExactSizeIterator<Item = &PolledRecord> {
        self.program().waiting()
    }

    /// Coordinator, member id, generation, state; `None` for a consumer of ZooKeeper, which has none of them.
    #[must_use]
    pub fn membership(&self) -> Option<&Membership> {
        match &self.library {
            Library::Group(process) => Some(&process.membership),
            Library::ZooKeeper(_) => None,
        }
    }

    /// What the library of 0.8 knows; `None` for the new one.
    #[must_use]
    pub fn connector(&self) -> Option<&Connector> {
        match &self.library {
            Library::Group(_) => None,
            Library::ZooKeeper(connector) => Some(connector),
        }
    }

    #[must_use]
    pub fn member_state(&self) -> MemberState {
        match &self.library {
            Library::Group(process) => process.membership.state(),
            Library::ZooKeeper(connector) => connector.member_state(),
        }
    }

    /// The partitions it owns, as the group's leader listed them, or as it claimed them itself.
    #[must_use]
    pub fn assignment(&self) -> &[TopicPartition] {
        self.subscriptions().assignment()
    }

    /// The partitions it owns, with position, committed offset, buffer and fetch of each.
    pub fn partitions(&self) -> impl Iterator<Item = (TopicPartition, &PartitionState)> {
        self.subscriptions().iter()
    }

    #[must_use]
    pub fn partition(&self, partition: TopicPartition) -> Option<&PartitionState> {
        self.subscriptions().get(partition)
    }

    /// The next offset that `poll()` will return, per partition that has one.
    pub fn positions(&self) -> impl Iterator<Item = (TopicPartition, Offset)> {
        self.partitions().filter_map(|(partition, state)| Some((partition, state.position()?)))
    }

    #[must_use]
    pub fn position(&self, partition: TopicPartition) -> Option<Offset> {
        self.partition(partition)?.position()
    }

    /// When positions will be committed next: inside the first `poll()` from then on, or by the old library's own
    /// thread; `None` without auto-commit.
    #[must_use]
    pub fn next_auto_commit_at(&self) -> Option<Time> {
        let next = match &self.library {
            Library::Group(process) => process.auto_commits().then_some(process.next_auto_commit),
            Library::ZooKeeper(connector) => connector.next_auto_commit_at(),
        };
        next.filter(|_| !self.subscriptions().is_empty())
    }

    /// When the heartbeat thread gives the application up, unless it polls before; `None` while it is polling. With the
    /// old library nobody watches the application.
    #[must_use]
    pub fn poll_due_by(&self) -> Option<Time> {
        match &self.library {
            Library::Group(process) => process.poll_due_by(),
            Library::ZooKeeper(_) => None,
        }
    }

    /// What the program has processed so far. Survives crashes.
    #[must_use]
    pub fn ledger(&self) -> &ConsumerLedger {
        &self.ledger
    }

    /// How many records the program has finished with; one that was read twice counts twice.
    #[must_use]
    pub fn processed_records(&self) -> u64 {
        self.ledger.total()
    }

    /// The latest records it has finished with, oldest first, each with how often; at most 64.
    pub fn recently_processed(&self) -> impl ExactSizeIterator<Item = &ProcessedRecord> {
        self.ledger.recent()
    }

    /// Requests of the new library without an answer yet.
    pub fn in_flight(&self) -> impl Iterator<Item = (BrokerId, &InFlightRequest<ConsumerRequest>)> {
        let network = match &self.library {
            Library::Group(process) => Some(&process.network),
            Library::ZooKeeper(_) => None,
        };
        network.into_iter().flat_map(|network| network.in_flight())
    }

    /// What it knows of the cluster.
    #[must_use]
    pub fn metadata(&self) -> &ClientMetadata {
        match &self.library {
            Library::Group(process) => &process.metadata,
            Library::ZooKeeper(connector) => connector.metadata(),
        }
    }
}

impl Node<Kafka> for Consumer {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        match &mut self.library {
            Library::Group(process) => process.start(ctx, &mut self.ledger),
            Library::ZooKeeper(connector) => connector.start(ctx, &mut self.ledger),
        }
    }

    fn message(&mut self, ctx: &mut Ctx<'_>, from: NodeId, body: Body) {
        let ledger = &mut self.ledger;
        match (&mut self.library, from, body) {
            (Library::Group(process), NodeId::Broker(broker), Body::Response { correlation, response }) => {
                process.answered(ctx, ledger, broker, correlation, response);
            }
            (Library::ZooKeeper(connector), NodeId::Broker(broker), Body::Response { correlation, response }) => {
                connector.answered(ctx, ledger, broker, correlation, response);
            }
            (Library::ZooKeeper(connector), from, Body::ZooKeeper(message)) => {
                connector.zookeeper_says(ctx, ledger, from, message);
            }
            _ => {}
        }
    }

    fn timer(&mut self, ctx: &mut Ctx<'_>, timer: Timer) {
        let Timer::Consumer(timer) = timer else { return };
        match &mut self.library {
            Library::Group(process) => process.rang(ctx, &mut self.ledger, timer),
            Library::ZooKeeper(connector) => connector.rang(ctx, &mut self.ledger, &timer),
        }
    }

    fn disconnected(&mut self, ctx: &mut Ctx<'_>, peer: NodeId) {
        match (&mut self.library, peer) {
            (Library::Group(process), NodeId::Broker(broker)) => process.disconnected(ctx, &mut self.ledger, broker),
            (Library::ZooKeeper(connector), peer) => connector.disconnected(ctx, &mut self.ledger, peer),
            _ => {}
        }
    }

    fn crash(&mut self, _: Crash) {
        match &mut self.library {
            Library::Group(process) => **process = process.reborn(&self.bootstrap),
            Library::ZooKeeper(connector) => **connector = connector.reborn(),
        }
    }
}
