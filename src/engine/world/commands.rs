//! Commands: what is refused and why, and what each one does.

use std::fmt;
use std::sync::Arc;

use super::configs::{accept, broker_config, consumer_config, old_consumer_config, pairs, producer_config};
use super::setup::ADMIN;
use super::{Process, World};
use crate::engine::clients::{Admin, Consumer, ConsumerApplication, Producer};
use crate::engine::command::{Command, PartitionSpec, Properties, ReplicaSpec, Target};
use crate::engine::common::{BrokerId, ClientId, NodeId};
use crate::engine::config;
use crate::engine::controller::Controller;
use crate::engine::domain::{Ctx, Kafka};
use crate::engine::kafka_controller::ConfigChange;
use crate::engine::kafka_controller::zk_data::Configured;
use crate::engine::metadata::TopicOverrides;
use crate::engine::protocol::{NewPartitions, NewTopic};
use crate::engine::queue::{QueueProducer, QueueWorker};
use crate::engine::runtime::{Kernel, Latency, LinkState, MessageId, Status};
use crate::engine::server::Broker;
use crate::engine::storage::LogDir;
use crate::engine::trace::Fact;

/// Why a command could not be carried out: what, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal(pub String);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl World {
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
                producer_config(self.setup.version, configs).map(drop)
            }
            Command::AddConsumer { name, group, topics, configs, .. } => {
                self.name_is_free(name)?;
                self.needs_kafka()?;
                if topics.is_empty() {
                    return Err(Refusal(format!("{name} subscribes to no topic: name at least one with --topic")));
                }
                if self.setup.version.coordinates_groups_on_brokers() {
                    consumer_config(self.setup.version, configs, group, name).map(drop)
                } else {
                    old_consumer_config(self.setup.version, configs, group, name).map(drop)
                }
            }
            Command::AddQueueProducer { name, .. } | Command::AddQueueWorker { name, .. } => {
                self.name_is_free(name)?;
                self.node_named(&Target::QueueBroker).map(drop)
            }
            Command::CreateTopic { .. }
            | Command::DeleteTopic { .. }
            | Command::AddPartitions { .. }
            | Command::DeleteRecords { .. }
            | Command::ElectLeaders { .. }
            | Command::ReassignPartitions { .. } => self.needs_kafka(),
            Command::ResetOffsets { group, .. } if !self.setup.version.coordinates_groups_on_brokers() => {
                Err(Refusal(format!(
                    "Kafka {} has no tool that moves the offsets of {group}, which stand in ZooKeeper: read anew with \
                     another --group and --from-beginning",
                    self.setup.version
                )))
            }
            Command::ResetOffsets { .. } => self.needs_kafka(),
            Command::CancelReassignments { .. } if self.moves_replicas_by_znode() => Err(Refusal(format!(
                "Kafka {} cannot call a reassignment off (KIP-455, 2.4): wait for its end and move the replicas back",
                self.setup.version
            ))),
            Command::CancelReassignments { .. } => self.needs_kafka(),
            Command::AlterTopicConfig { topic, configs, .. } => self.check_topic_config(topic, configs),
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
            Command::Stop { node: Target::Client(name) } => {
                Err(Refusal(format!("{name} is a client: write close {name} to end it in good order")))
            }
            Command::Stop { node } => self.expect_status(node, "is not running", |s| matches!(s, Status::Up { .. })),
            Command::Restart { node } => {
                self.expect_status(node, "is running already", |s| matches!(s, Status::Down { .. }))
            }
            Command::Pause { node } => self.expect_status(node, "is not running", |s| matches!(s, Status::Up { .. })),
            Command::Resume { node } => {
                self.expect_status(node, "is not paused", |s| matches!(s, Status::Paused { .. }))
            }
            Command::SlowDisk { node, .. } => self.node_named(node).map(drop),
            Command::FailDisk { node, directory } => {
                let (dir, _) = self.directory_named(node, directory.as_deref())?;
                refused_if(dir.is_broken, || format!("{node}'s disk under {} is broken already", dir.path))
            }
            Command::FillDisk { node, directory, free } => {
                let (dir, used) = self.directory_named(node, directory.as_deref())?;
                let is_full = dir.capacity.is_some_and(|capacity| capacity <= used + free);
                refused_if(is_full, || format!("{node}'s disk under {} is that full already", dir.path))
            }
            Command::RepairDisk { node, directory } => {
                let (dir, _) = self.directory_named(node, directory.as_deref())?;
                let is_sound = !dir.is_broken && dir.capacity.is_none();
                refused_if(is_sound, || format!("{node}'s disk under {} is sound", dir.path))
            }
            Command::Partition { a, b } => {
                self.expect_link(a, b, "is cut already", |there, back| !(there.cut && back.cut))
            }
            Command::PartitionOneway { from, to } => {
                self.expect_link(from, to, "is cut this way already", |there, _| !there.cut)
            }
            Command::Repair { a, b } => self.expect_link(a, b, "is not cut", |there, back| there.cut || back.cut),
            Command::Hold { a, b } => {
                self.expect_link(a, b, "is held already", |there, back| !(there.held && back.held))
            }
            Command::Release { a, b } => self.expect_link(a, b, "is not held", |there, back| there.held || back.held),
            Command::SetLatency { a, b, .. } => self.expect_link(a, b, "", |_, _| true),
            Command::Drop { message } => match self.kernel.message(MessageId(*message)) {
                Some(_) => Ok(()),
                None => Err(Refusal(format!("message {message} is not in flight"))),
            },
            Command::AlterBrokerConfig { broker, configs, delete } => {
                match self.setup.zookeepers.is_empty() {
                    true => self.needs_controller()?,
                    false => self.broker_with_zookeeper().map(drop)?,
                }
                broker.map_or(Ok(()), |broker| self.node_named(&Target::Broker(broker)).map(drop))?;
                let checked = config::check_dynamic(self.setup.version, broker.is_some(), configs, delete);
                checked.map_err(|problem| Refusal(problem.to_string()))
            }
            Command::WriteProperties { broker, properties } => {
                self.node_named(&Target::Broker(*broker))?;
                broker_config(self.setup.version, properties).map(drop)
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
            Command::DeleteTopic { topic } => {
                self.with_admin(|admin, ctx| admin.delete_topic(ctx, topic.as_str().into()))
            }
            Command::AddPartitions { topic, partitions, assignment } => {
                let assignments = assignment.clone();
                let new = NewPartitions { topic: topic.as_str().into(), count: *partitions, assignments };
                self.with_admin(|admin, ctx| admin.add_partitions(ctx, new));
            }
            Command::ResetOffsets { group, topic, to } => {
                let (group, topic, to) = (group.as_str().into(), topic.as_str().into(), *to);
                self.with_admin(|admin, ctx| admin.reset_offsets(ctx, group, topic, to));
            }
            Command::DeleteRecords { offsets } => {
                let offsets = offsets.clone();
                self.with_admin(|admin, ctx| admin.delete_records(ctx, offsets));
            }
            Command::ElectLeaders { election, partitions } => {
                let named = |one: &PartitionSpec| (one.topic.as_str().into(), one.partition);
                let partitions = partitions.as_ref().map(|all| all.iter().map(named).collect());
                self.with_admin(|admin, ctx| admin.elect_leaders(ctx, *election, partitions));
            }
            Command::ReassignPartitions { partitions, additional } => {
                let placed = |one: &ReplicaSpec| (one.topic.as_str().into(), one.partition, one.replicas.clone());
                let targets: Vec<_> = partitions.iter().map(placed).collect();
                if self.moves_replicas_by_znode() {
                    let node = self.broker_with_zookeeper()?;
                    self.kernel.command(node, |process, ctx| {
                        if let Process::Broker(broker) = process {
                            broker.write_reassignment(ctx, &targets);
                        }
                    });
                    return Ok(());
                }
                self.with_admin(|admin, ctx| admin.reassign(ctx, targets, *additional));
            }
            Command::CancelReassignments { partitions } => {
                let named = |one: &PartitionSpec| (one.topic.as_str().into(), one.partition);
                let partitions = partitions.iter().map(named).collect();
                self.with_admin(|admin, ctx| admin.cancel_reassignment(ctx, partitions));
            }
            Command::AddProducer { name, topic, configs, workload } => {
                let mut config = producer_config(self.setup.version, configs)?;
                config.sabotage = self.sabotage;
                let (bootstrap, topic) = (self.bootstrap(), topic.as_str().into());
                self.add_client(name, |id, name| {
                    Process::Producer(Box::new(Producer::new(id, name, config, bootstrap, topic, workload.clone())))
                })?;
            }
            Command::AddConsumer { name, group, topics, configs, processing, commit } => {
                let version = self.setup.version;
                let topics = topics.iter().map(|topic| topic.as_str().into()).collect();
                let application = ConsumerApplication { processing: *processing, commit: *commit };
                if version.coordinates_groups_on_brokers() {
                    let config = consumer_config(version, configs, group, name)?;
                    let bootstrap = self.bootstrap();
                    self.add_client(name, |id, name| {
                        Process::Consumer(Box::new(Consumer::new(id, name, config, bootstrap, topics, application)))
                    })?;
                } else {
                    let mut config = old_consumer_config(version, configs, group, name)?;
                    config.sabotage = self.sabotage;
                    let ensemble = self.setup.zookeepers.iter().map(|id| NodeId::ZooKeeper(*id)).collect();
                    self.add_client(name, |id, name| {
                        let consumer = Consumer::of_zookeeper(id, name, config, ensemble, topics, application);
                        Process::Consumer(Box::new(consumer))
                    })?;
                }
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
            Command::WriteProperties { broker, properties } => {
                let config = broker_config(self.setup.version, properties)?;
                if let Some(Process::Broker(broker)) = self.kernel.node_mut(NodeId::Broker(*broker)) {
                    broker.write_properties(config);
                }
            }
            Command::AlterBrokerConfig { broker, configs, delete } if !self.setup.zookeepers.is_empty() => {
                let known = self.image().broker_overrides(*broker);
                let known = known.map(|(key, value)| (key.clone(), value.clone())).collect();
                let (whose, changes) = (Configured::Broker(*broker), changes(configs, delete));
                self.write_config(ConfigChange { whose, topic: None, changes }, known)?;
            }
            Command::AlterBrokerConfig { broker, configs, delete } => {
                self.reconfigure(|controller, ctx| controller.alter_broker_configs(ctx, *broker, configs, delete))?;
            }
            Command::AlterTopicConfig { topic, configs, delete } if !self.setup.zookeepers.is_empty() => {
                let image = self.image();
                let Some((id, known)) = image.topic_id(topic).and_then(|id| Some((id, image.topic(id)?))) else {
                    return Err(Refusal(format!("The topic '{topic}' does not exist: create it first")));
                };
                let known = known.overrides.clone();
                let (whose, changes) = (Configured::Topic(topic.as_str().into()), changes(configs, delete));
                self.write_config(ConfigChange { whose, topic: Some(id), changes }, known)?;
            }
            Command::AlterTopicConfig { topic, configs, delete } => {
                self.reconfigure(|controller, ctx| controller.alter_topic_configs(ctx, topic, configs, delete))?;
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
            Command::Stop { node } => {
                let node = self.node_named(node)?;
                self.kernel.stop(node);
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
            Command::FailDisk { node, directory } => {
                self.disturb_disk(node, directory.as_deref(), |dir, _| dir.is_broken = true);
            }
            Command::FillDisk { node, directory, free } => {
                self.disturb_disk(node, directory.as_deref(), |dir, used| dir.capacity = Some(used + free));
            }
            Command::RepairDisk { node, directory } => self.disturb_disk(node, directory.as_deref(), |dir, _| {
                dir.is_broken = false;
                dir.capacity = None;
            }),
            Command::SlowDisk { node, flush } => {
                let node = self.node_named(node)?;
                self.kernel.set_disk(node, *flush);
            }
            _ => unreachable!("everything that is no fault is handled in `act`"),
        }
        Ok(())
    }

    // ---- helpers -----------------------------------------------------------------------------------------------

    /// A broker's directory of this path, the first if none is named, and the bytes that its logs take. Only brokers
    /// have log directories.
    fn directory_named(&self, node: &Target, directory: Option<&str>) -> Result<(&LogDir, u64), Refusal> {
        let id = self.node_named(node)?;
        let Some(Process::Broker(broker)) = self.process(id) else {
            return Err(Refusal(format!("{node} has no log directory: name a broker")));
        };
        let dirs = broker.logs().dirs();
        let found = dirs.iter().find(|dir| directory.is_none_or(|path| *dir.path == *path));
        let found = found.map(|dir| (dir, broker.logs().used_bytes(&dir.path)));
        found.ok_or_else(|| {
            let known: Vec<&str> = dirs.iter().map(|dir| dir.path.as_ref()).collect();
            let asked = directory.unwrap_or_default();
            Refusal(format!("{node} has no log directory {asked}; it has {}", known.join(", ")))
        })
    }

    fn disturb_disk(&mut self, node: &Target, directory: Option<&str>, act: impl FnOnce(&mut LogDir, u64)) {
        let Target::Broker(id) = node else { return };
        if let Some(Process::Broker(broker)) = self.kernel.node_mut(NodeId::Broker(*id)) {
            broker.disturb_disk(directory, act);
        }
    }

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

    pub(super) fn add_client(
        &mut self,
        name: &str,
        make: impl FnOnce(ClientId, Arc<str>) -> Process,
    ) -> Result<(), Refusal> {
        self.name_is_free(name)?;
        let id = ClientId(u32::try_from(self.names.len()).expect("fewer than 2^32 clients"));
        let name: Arc<str> = name.into();
        self.names.push(name.clone());
        self.clients.insert(name.clone(), id);
        self.kernel.add_node(NodeId::Client(id), make(id, name));
        Ok(())
    }

    pub(super) fn bootstrap(&self) -> Vec<BrokerId> {
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
        let known = if self.setup.zookeepers.is_empty() {
            let Some((_, controller)) = self.active_controller() else { return Err(no_controller()) };
            controller.decided_image()
        } else {
            self.broker_with_zookeeper()?;
            self.image()
        };
        if known.topic_id(topic).is_none() {
            return Err(Refusal(format!("The topic '{topic}' does not exist: create it first")));
        }
        accept(config::TopicConfig::from_properties(self.setup.version, &pairs(configs))).map(drop)
    }

    /// Before 2.4 the tool wrote /admin/reassign_partitions itself.
    fn moves_replicas_by_znode(&self) -> bool {
        !self.setup.zookeepers.is_empty() && !self.setup.version.reassigns_through_the_controller()
    }

    fn write_config(&mut self, change: ConfigChange, mut overrides: TopicOverrides) -> Result<(), Refusal> {
        let node = self.broker_with_zookeeper()?;
        for (key, value) in &change.changes {
            match value {
                Some(value) => overrides.insert(key.clone(), value.clone()),
                None => overrides.remove(key),
            };
        }
        self.kernel.command(node, |process, ctx| {
            if let Process::Broker(broker) = process {
                broker.write_config(ctx, change, &overrides);
            }
        });
        Ok(())
    }

    /// In ZooKeeper mode any broker writes configuration, as long as it reaches ZooKeeper.
    fn broker_with_zookeeper(&self) -> Result<NodeId, Refusal> {
        let reaches = |(id, broker): &(BrokerId, &Broker)| {
            self.is_up(NodeId::Broker(*id)) && broker.zk().is_some_and(|zk| zk.session().is_connected())
        };
        let found = self.brokers().find(reaches).map(|(id, _)| NodeId::Broker(id));
        found.ok_or_else(|| {
            Refusal("no broker reaches ZooKeeper, where configuration is kept: restart what is down first".to_owned())
        })
    }

    fn needs_controller(&self) -> Result<(), Refusal> {
        self.needs_kafka()?;
        self.active_controller().map(drop).ok_or_else(no_controller)
    }

    fn reconfigure(
        &mut self,
        act: impl FnOnce(&mut Controller, &mut Ctx<'_>) -> Result<(), String>,
    ) -> Result<(), Refusal> {
        let Some((node, _)) = self.active_controller() else { return Err(no_controller()) };
        let mut outcome = Ok(());
        self.kernel.command(node, |process, ctx| {
            if let Process::Controller(controller) = process {
                outcome = act(controller, ctx);
            }
        });
        outcome.map_err(Refusal)
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
        let reserved =
            ["broker-", "controller-", "zookeeper-", "queue-broker"].iter().any(|prefix| name.starts_with(prefix));
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

    /// `holds` is asked about the way from `a` to `b` and about the way back.
    fn expect_link(
        &self,
        a: &Target,
        b: &Target,
        otherwise: &str,
        holds: impl Fn(&LinkState, &LinkState) -> bool,
    ) -> Result<(), Refusal> {
        let (first, second) = (self.node_named(a)?, self.node_named(b)?);
        if first == second {
            return Err(Refusal(format!("a link has two ends, but both are {a}")));
        }
        let untouched = LinkState::default();
        let way = |from, to| self.kernel.link(from, to).unwrap_or(&untouched);
        if holds(way(first, second), way(second, first)) {
            return Ok(());
        }
        Err(Refusal(format!("the link between {a} and {b} {otherwise}")))
    }

    fn expect_status(&self, target: &Target, otherwise: &str, holds: impl Fn(Status) -> bool) -> Result<(), Refusal> {
        let node = self.node_named(target)?;
        match self.status(node) {
            Some(status) if holds(status) => Ok(()),
            _ => Err(Refusal(format!("{target} {otherwise}"))),
        }
    }
}

fn refused_if(is: bool, reason: impl FnOnce() -> String) -> Result<(), Refusal> {
    if is { Err(Refusal(reason())) } else { Ok(()) }
}

fn client(name: &str) -> Target {
    Target::Client(name.into())
}

fn no_controller() -> Refusal {
    Refusal(
        "no controller leads the quorum, and only the active one can change configuration: let a majority run".into(),
    )
}

/// What is set, and what is taken back.
fn changes(configs: &Properties, delete: &[String]) -> Vec<(Arc<str>, Option<Arc<str>>)> {
    let set = configs.iter().map(|(key, value)| (key.as_str().into(), Some(value.trim().into())));
    set.chain(delete.iter().map(|key| (key.as_str().into(), None))).collect()
}
