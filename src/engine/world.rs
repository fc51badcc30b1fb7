//! The whole simulated data centre as one value, and the only place where commands act on it.
//!
//! A world knows which kinds of node there are; nobody in the engine knows a world.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::clients::{Admin, Consumer, ConsumerApplication, Producer};
use super::command::{Command, Properties, QueueSpec, Target};
use super::common::{BrokerId, ClientId, Fingerprint, NodeId, Span, Step, Time};
use super::config::{self, BrokerConfig, ConsumerConfig, Problem, ProblemKind, ProducerConfig};
use super::controller::Controller;
use super::domain::{Ctx, Kafka, Timer, Token};
use super::metadata::MetadataImage;
use super::protocol::{Body, NewTopic};
use super::queue::{QueueBroker, QueueProducer, QueueWorker};
use super::runtime::{Crash, Kernel, Latency, MessageId, Node, Status};
use super::server::Broker;
use super::trace::{Fact, Record};

/// What stands in the machine room before anything happens.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Setup {
    pub seed: u64,
    pub brokers: Vec<BrokerSpec>,
    /// `node.id` of each KRaft voter.
    pub controllers: Vec<BrokerId>,
    /// `server.properties` that all brokers and controllers share.
    pub properties: Properties,
    /// One-way travel time on every link that has none of its own.
    pub latency: Span,
    pub jitter: Span,
    /// The point-to-point broker, if there is one.
    pub queue: Option<QueueSpec>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BrokerSpec {
    pub id: BrokerId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rack: Option<String>,
}

impl Default for Setup {
    /// Three brokers in three racks and one controller.
    fn default() -> Self {
        let racks = ["a", "b", "c"];
        let broker = |(index, rack): (usize, &&str)| BrokerSpec {
            id: BrokerId(u32::try_from(index + 1).expect("three brokers")),
            rack: Some((*rack).to_owned()),
        };
        Self {
            seed: 1,
            brokers: racks.iter().enumerate().map(broker).collect(),
            controllers: vec![BrokerId(101)],
            properties: Properties::new(),
            latency: Latency::default().base,
            jitter: Latency::default().jitter,
            queue: None,
        }
    }
}

/// A process of any kind.
#[derive(Clone, Debug)]
pub enum Process {
    Controller(Box<Controller>),
    Broker(Box<Broker>),
    Producer(Box<Producer>),
    Consumer(Box<Consumer>),
    Admin(Box<Admin>),
    QueueBroker(Box<QueueBroker>),
    QueueProducer(Box<QueueProducer>),
    QueueWorker(Box<QueueWorker>),
}

/// Why a command could not be carried out: what, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal(pub String);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Clone, Debug)]
pub struct World {
    kernel: Kernel<Kafka, Process>,
    setup: Arc<Setup>,
    clients: BTreeMap<Arc<str>, ClientId>,
    names: Vec<Arc<str>>,
}

/// The admin tool is a client like any other; it has been there from the start.
const ADMIN: &str = "admin";

impl World {
    /// Powers everything on at time zero.
    ///
    /// # Errors
    /// If a property has no meaning or two nodes share an id.
    pub fn new(setup: Setup) -> Result<Self, Refusal> {
        let config = broker_config(&setup.properties)?;
        let latency = Latency { base: setup.latency, jitter: setup.jitter };
        let mut kernel = Kernel::new(setup.seed, latency);
        let controllers: Vec<NodeId> = setup.controllers.iter().map(|id| NodeId::Controller(*id)).collect();
        // One voter for now: a quorum of several needs elections among them.
        let [controller] = controllers[..] else {
            return Err(Refusal(format!(
                "controllers: {} listed, but this version runs exactly one KRaft controller; keep one id",
                controllers.len()
            )));
        };
        let NodeId::Controller(controller_id) = controller else { unreachable!("built as a controller above") };
        kernel.add_node(controller, Process::Controller(Box::new(Controller::new(controller_id, config.clone()))));
        for spec in &setup.brokers {
            let id = NodeId::Broker(spec.id);
            if kernel.slot(id).is_some() {
                return Err(Refusal(format!(
                    "brokers: id {} is listed twice; give each broker an id of its own",
                    spec.id
                )));
            }
            let rack = spec.rack.as_deref().map(Arc::from);
            let broker = Broker::new(spec.id, config.clone(), rack, controllers.clone());
            kernel.add_node(id, Process::Broker(Box::new(broker)));
        }
        if let Some(queue) = &setup.queue {
            kernel.add_node(NodeId::QueueBroker, Process::QueueBroker(Box::new(QueueBroker::new(queue.clone()))));
        }
        let mut world = Self { kernel, setup: Arc::new(setup), clients: BTreeMap::new(), names: Vec::new() };
        if !world.setup.brokers.is_empty() {
            let bootstrap = world.bootstrap();
            world.add_client(ADMIN, |id, _| Process::Admin(Box::new(Admin::new(id, bootstrap))))?;
        }
        Ok(world)
    }

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
        self.kernel.step()
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

    /// The controller, alive or not.
    #[must_use]
    pub fn controller(&self) -> Option<(NodeId, &Controller)> {
        self.kernel.slots().find_map(|(id, slot)| match &slot.node {
            Process::Controller(controller) => Some((id, controller.as_ref())),
            _ => None,
        })
    }

    /// The committed metadata, as the controller has it: the truth that brokers and clients run after.
    #[must_use]
    pub fn image(&self) -> &MetadataImage {
        self.controller().expect("every world has a controller").1.image()
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

    // ---- commands ----------------------------------------------------------------------------------------------

    /// Carries out one command, now.
    ///
    /// # Errors
    /// If it names something that is not there or says something that has no meaning. The world is then unchanged.
    pub fn apply(&mut self, command: &Command) -> Result<(), Refusal> {
        self.check(command)?;
        self.kernel.begin_command(Fact::Commanded(command.clone()));
        self.act(command)
    }

    /// Would [`Self::apply`] accept it? For greying out what cannot be done, with the reason.
    ///
    /// # Errors
    /// The sentence that says why not.
    pub fn check(&self, command: &Command) -> Result<(), Refusal> {
        match command {
            Command::AddProducer { name, configs, .. } => {
                self.name_is_free(name)?;
                self.needs_kafka()?;
                producer_config(configs).map(drop)
            }
            Command::AddConsumer { name, group, topics, configs, .. } => {
                self.name_is_free(name)?;
                self.needs_kafka()?;
                if topics.is_empty() {
                    return Err(Refusal(format!("{name} subscribes to no topic: name at least one with --topic")));
                }
                consumer_config(configs, group, name).map(drop)
            }
            Command::AddQueueProducer { name, .. } | Command::AddQueueWorker { name, .. } => {
                self.name_is_free(name)?;
                self.node_named(&Target::QueueBroker).map(drop)
            }
            Command::CreateTopic { .. } | Command::ResetOffsets { .. } => self.needs_kafka(),
            Command::AlterTopicConfig { topic, configs } => self.check_topic_config(topic, configs),
            Command::Produce { producer, .. } | Command::SetWorkload { producer, .. } => {
                let node = self.node_named(&client(producer))?;
                match self.process(node) {
                    Some(Process::Producer(_) | Process::QueueProducer(_)) => Ok(()),
                    _ => Err(Refusal(format!("{producer} is not a producer"))),
                }
            }
            Command::Close { client: name } => self.node_named(&client(name)).map(drop),
            Command::Crash { node, .. } => {
                self.expect_status(node, "is down already", |s| !matches!(s, Status::Down { .. }))
            }
            Command::Restart { node } => {
                self.expect_status(node, "is running already", |s| matches!(s, Status::Down { .. }))
            }
            Command::Pause { node } => self.expect_status(node, "is not running", |s| matches!(s, Status::Up { .. })),
            Command::Resume { node } => {
                self.expect_status(node, "is not paused", |s| matches!(s, Status::Paused { .. }))
            }
            Command::SlowDisk { node, .. } => self.node_named(node).map(drop),
            Command::Partition { a, b }
            | Command::Repair { a, b }
            | Command::Hold { a, b }
            | Command::Release { a, b }
            | Command::SetLatency { a, b, .. }
            | Command::PartitionOneway { from: a, to: b } => {
                let (first, second) = (self.node_named(a)?, self.node_named(b)?);
                if first == second {
                    return Err(Refusal(format!("a link has two ends, but both are {a}")));
                }
                Ok(())
            }
            Command::Drop { message } => match self.kernel.message(MessageId(*message)) {
                Some(_) => Ok(()),
                None => Err(Refusal(format!("message {message} is not in flight"))),
            },
            Command::AlterBrokerConfig { broker, configs } => {
                self.node_named(&Target::Broker(*broker))?;
                broker_config(configs).map(drop)
            }
        }
    }

    fn act(&mut self, command: &Command) -> Result<(), Refusal> {
        match command {
            Command::CreateTopic { name, partitions, replication_factor, assignment, configs } => {
                let topic = NewTopic {
                    name: name.as_str().into(),
                    partitions: *partitions,
                    replication_factor: *replication_factor,
                    assignment: assignment.clone(),
                    configs: configs.clone(),
                };
                self.with_admin(|admin, ctx| admin.create_topic(ctx, topic));
            }
            Command::ResetOffsets { group, topic, to } => {
                let (group, topic, to) = (group.as_str().into(), topic.as_str().into(), *to);
                self.with_admin(|admin, ctx| admin.reset_offsets(ctx, group, topic, to));
            }
            Command::AddProducer { name, topic, configs, workload } => {
                let config = producer_config(configs)?;
                let (bootstrap, topic) = (self.bootstrap(), topic.as_str().into());
                self.add_client(name, |id, name| {
                    Process::Producer(Box::new(Producer::new(id, name, config, bootstrap, topic, workload.clone())))
                })?;
            }
            Command::AddConsumer { name, group, topics, configs, processing, commit } => {
                let config = consumer_config(configs, group, name)?;
                let bootstrap = self.bootstrap();
                let topics = topics.iter().map(|topic| topic.as_str().into()).collect();
                let application = ConsumerApplication { processing: *processing, commit: *commit };
                self.add_client(name, |id, name| {
                    Process::Consumer(Box::new(Consumer::new(id, name, config, bootstrap, topics, application)))
                })?;
            }
            Command::AddQueueProducer { name, workload } => {
                let queue = self.queue_name()?;
                self.add_client(name, |id, name| {
                    Process::QueueProducer(Box::new(QueueProducer::new(id, name, queue, workload.clone())))
                })?;
            }
            Command::AddQueueWorker { name, application, processing, prefetch, poison } => {
                let queue = self.queue_name()?;
                let application = application.as_str().into();
                let (prefetch, processing, poison) = (*prefetch, *processing, poison.clone());
                self.add_client(name, |id, name| {
                    let worker = QueueWorker::new(id, name, application, queue, prefetch, processing, poison);
                    Process::QueueWorker(Box::new(worker))
                })?;
            }
            Command::Produce { producer, records } => {
                let records = records.clone();
                self.run(producer, move |process, ctx| match process {
                    Process::Producer(producer) => producer.produce(ctx, records),
                    Process::QueueProducer(producer) => producer.produce(ctx, records),
                    _ => {}
                })?;
            }
            Command::SetWorkload { producer, workload } => {
                let workload = workload.clone();
                self.run(producer, move |process, ctx| match process {
                    Process::Producer(producer) => producer.set_workload(ctx, workload),
                    Process::QueueProducer(producer) => producer.set_workload(ctx, workload),
                    _ => {}
                })?;
            }
            Command::Close { client } => self.run(client, |process, ctx| match process {
                Process::Consumer(consumer) => consumer.close(ctx),
                Process::Producer(producer) => producer.close(ctx),
                Process::QueueProducer(producer) => producer.set_workload(ctx, None),
                Process::QueueWorker(worker) => worker.close(ctx),
                _ => {}
            })?,
            Command::AlterBrokerConfig { broker, configs } => {
                let configs = configs.clone();
                if let Some(Process::Broker(broker)) = self.kernel.node_mut(NodeId::Broker(*broker)) {
                    broker.write_properties(&configs);
                }
            }
            Command::AlterTopicConfig { topic, configs } => {
                let (node, _) = self.controller().expect("every world has a controller");
                let mut outcome = Ok(());
                self.kernel.command(node, |process, ctx| {
                    if let Process::Controller(controller) = process {
                        outcome = controller.alter_topic_configs(ctx, topic, configs);
                    }
                });
                outcome.map_err(Refusal)?;
            }
            _ => self.fault(command)?,
        }
        Ok(())
    }

    fn fault(&mut self, command: &Command) -> Result<(), Refusal> {
        match command {
            Command::Crash { node, how } => {
                let node = self.node_named(node)?;
                self.kernel.crash(node, *how);
            }
            Command::Restart { node } => {
                let node = self.node_named(node)?;
                self.kernel.restart(node);
            }
            Command::Pause { node } => {
                let node = self.node_named(node)?;
                self.kernel.pause(node);
            }
            Command::Resume { node } => {
                let node = self.node_named(node)?;
                self.kernel.resume(node);
            }
            Command::Partition { a, b } => self.link(a, b, Kernel::partition)?,
            Command::PartitionOneway { from, to } => self.link(from, to, Kernel::partition_oneway)?,
            Command::Repair { a, b } => self.link(a, b, Kernel::repair)?,
            Command::Hold { a, b } => self.link(a, b, Kernel::hold)?,
            Command::Release { a, b } => self.link(a, b, Kernel::release)?,
            Command::SetLatency { a, b, base, jitter } => {
                let latency = Latency { base: *base, jitter: *jitter };
                self.link(a, b, |kernel, a, b| {
                    kernel.set_latency(a, b, latency);
                    true
                })?;
            }
            Command::Drop { message } => {
                self.kernel.drop_message(MessageId(*message));
            }
            Command::SlowDisk { node, flush } => {
                let node = self.node_named(node)?;
                self.kernel.set_disk(node, *flush);
            }
            _ => unreachable!("everything that is no fault is handled in `act`"),
        }
        Ok(())
    }

    // ---- helpers -----------------------------------------------------------------------------------------------

    fn link(
        &mut self,
        a: &Target,
        b: &Target,
        act: impl FnOnce(&mut Kernel<Kafka, Process>, NodeId, NodeId) -> bool,
    ) -> Result<(), Refusal> {
        let (a, b) = (self.node_named(a)?, self.node_named(b)?);
        act(&mut self.kernel, a, b);
        Ok(())
    }

    fn run(&mut self, name: &str, act: impl FnOnce(&mut Process, &mut Ctx<'_>)) -> Result<(), Refusal> {
        let node = self.node_named(&client(name))?;
        if self.kernel.command(node, act) {
            Ok(())
        } else {
            Err(Refusal(format!("{name} is not running: restart it first")))
        }
    }

    fn with_admin(&mut self, act: impl FnOnce(&mut Admin, &mut Ctx<'_>)) {
        let node = NodeId::Client(self.clients[ADMIN]);
        self.kernel.command(node, |process, ctx| match process {
            Process::Admin(admin) => act(admin, ctx),
            _ => unreachable!("the first client is the admin tool"),
        });
    }

    fn add_client(&mut self, name: &str, make: impl FnOnce(ClientId, Arc<str>) -> Process) -> Result<(), Refusal> {
        self.name_is_free(name)?;
        let id = ClientId(u32::try_from(self.names.len()).expect("fewer than 2^32 clients"));
        let name: Arc<str> = name.into();
        self.names.push(name.clone());
        self.clients.insert(name.clone(), id);
        self.kernel.add_node(NodeId::Client(id), make(id, name));
        Ok(())
    }

    fn bootstrap(&self) -> Vec<BrokerId> {
        self.setup.brokers.iter().map(|spec| spec.id).collect()
    }

    fn queue_name(&self) -> Result<Arc<str>, Refusal> {
        match &self.setup.queue {
            Some(queue) => Ok(queue.name.as_str().into()),
            None => Err(Refusal("this world has no point-to-point broker: add [setup.queue] to the scenario".into())),
        }
    }

    /// Run-time configuration of a topic is a metadata record, so it takes a controller that lives.
    fn check_topic_config(&self, topic: &str, configs: &Properties) -> Result<(), Refusal> {
        self.needs_kafka()?;
        let (node, controller) = self.controller().expect("every world has a controller");
        if !self.is_up(node) {
            return Err(Refusal(format!("{node} is down, and only it can change a topic: restart it first")));
        }
        if controller.decided_image().topic_id(topic).is_none() {
            return Err(Refusal(format!("The topic '{topic}' does not exist: create it first")));
        }
        accept(config::TopicConfig::from_properties(&pairs(configs))).map(drop)
    }

    fn needs_kafka(&self) -> Result<(), Refusal> {
        if self.setup.brokers.is_empty() {
            return Err(Refusal("this world has no Kafka brokers: list some under `brokers`".into()));
        }
        Ok(())
    }

    fn name_is_free(&self, name: &str) -> Result<(), Refusal> {
        let odd = name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
        if odd {
            return Err(Refusal(format!("'{name}' cannot name a client: use letters, digits, '-', '_' and '.'")));
        }
        let reserved = ["broker-", "controller-", "queue-broker"].iter().any(|prefix| name.starts_with(prefix));
        if reserved || self.clients.contains_key(name) {
            return Err(Refusal(format!("the name {name} is taken: choose another")));
        }
        Ok(())
    }

    fn node_named(&self, target: &Target) -> Result<NodeId, Refusal> {
        self.node_of(target).ok_or_else(|| {
            let known: Vec<String> = self.kernel.slots().map(|(id, _)| self.name_of(id)).collect();
            Refusal(format!("there is no {target} here; there are {}", known.join(", ")))
        })
    }

    fn expect_status(&self, target: &Target, otherwise: &str, holds: impl Fn(Status) -> bool) -> Result<(), Refusal> {
        let node = self.node_named(target)?;
        match self.status(node) {
            Some(status) if holds(status) => Ok(()),
            _ => Err(Refusal(format!("{target} {otherwise}"))),
        }
    }
}

fn client(name: &str) -> Target {
    Target::Client(name.into())
}

/// Settings that Kafka would not start with are refused, and so are keys that nobody knows: a typing error would
/// otherwise pass for a setting. What is merely not simulated is let through; whoever wrote it is told elsewhere.
fn accept<T>(built: (T, Vec<Problem>)) -> Result<T, Refusal> {
    let fatal = |problem: &&Problem| problem.kind.stops_kafka() || problem.kind == ProblemKind::Unknown;
    match built.1.iter().find(fatal) {
        None => Ok(built.0),
        Some(problem) => Err(Refusal(problem.to_string())),
    }
}

fn pairs(configs: &Properties) -> config::Properties {
    config::Properties::from_pairs(configs.iter().map(|(key, value)| (key.as_str(), value.as_str())))
}

fn broker_config(configs: &Properties) -> Result<BrokerConfig, Refusal> {
    accept(BrokerConfig::from_properties(&pairs(configs)))
}

fn producer_config(configs: &Properties) -> Result<ProducerConfig, Refusal> {
    accept(ProducerConfig::from_properties(&pairs(configs)))
}

/// `group.id` and `client.id` come from the command itself.
fn consumer_config(configs: &Properties, group: &str, name: &str) -> Result<ConsumerConfig, Refusal> {
    let mut configs = configs.clone();
    configs.insert("group.id".to_owned(), group.to_owned());
    configs.entry("client.id".to_owned()).or_insert_with(|| name.to_owned());
    accept(ConsumerConfig::from_properties(&pairs(&configs)))
}

macro_rules! each {
    ($process:expr, $node:ident => $do:expr) => {
        match $process {
            Process::Controller($node) => $do,
            Process::Broker($node) => $do,
            Process::Producer($node) => $do,
            Process::Consumer($node) => $do,
            Process::Admin($node) => $do,
            Process::QueueBroker($node) => $do,
            Process::QueueProducer($node) => $do,
            Process::QueueWorker($node) => $do,
        }
    };
}

impl Node<Kafka> for Process {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        each!(self, node => node.start(ctx));
    }

    fn message(&mut self, ctx: &mut Ctx<'_>, from: NodeId, body: Body) {
        each!(self, node => node.message(ctx, from, body));
    }

    fn timer(&mut self, ctx: &mut Ctx<'_>, timer: Timer) {
        each!(self, node => node.timer(ctx, timer));
    }

    fn flushed(&mut self, ctx: &mut Ctx<'_>, token: Token) {
        each!(self, node => node.flushed(ctx, token));
    }

    fn disconnected(&mut self, ctx: &mut Ctx<'_>, peer: NodeId) {
        each!(self, node => node.disconnected(ctx, peer));
    }

    fn crash(&mut self, how: Crash) {
        each!(self, node => node.crash(how));
    }
}
