//! What a world is made of at time zero, and how it is powered on.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::configs::broker_config;
use super::{Process, Refusal, World};
use crate::engine::clients::Admin;
use crate::engine::command::{Properties, QueueSpec};
use crate::engine::common::{BrokerId, NodeId, Sabotage, ServerId, Span};
use crate::engine::config::KafkaVersion;
use crate::engine::controller::Controller;
use crate::engine::metadata::ELIGIBLE_LEADER_REPLICAS;
use crate::engine::queue::QueueBroker;
use crate::engine::runtime::{Kernel, Latency};
use crate::engine::server::{Broker, MetadataSource};
use crate::engine::zookeeper::ZooKeeper;

/// What stands in the machine room before anything happens.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Setup {
    pub seed: u64,
    /// Whose defaults and behaviour brokers, controllers and clients have.
    pub version: KafkaVersion,
    pub brokers: Vec<BrokerSpec>,
    /// `node.id` of each KRaft voter.
    pub controllers: Vec<BrokerId>,
    /// `myid` of each ZooKeeper server. With any listed, the cluster keeps its metadata there, and has no KRaft voters.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub zookeepers: Vec<ServerId>,
    /// `server.properties` that all brokers and controllers share.
    pub properties: Properties,
    /// What the cluster was formatted with beyond its version's own (`kafka-storage format --feature NAME=LEVEL`).
    pub features: Features,
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
            version: KafkaVersion::default(),
            brokers: racks.iter().enumerate().map(broker).collect(),
            controllers: vec![BrokerId(101)],
            zookeepers: Vec::new(),
            properties: Properties::new(),
            features: Features::new(),
            latency: Latency::default().base,
            jitter: Latency::default().jitter,
            queue: None,
        }
    }
}

/// Features and their levels.
pub type Features = BTreeMap<String, u16>;

/// The levels with which a new cluster of this version begins, unless told otherwise.
fn features(setup: &Setup) -> Features {
    let elr = u16::from(setup.version.keeps_eligible_leader_replicas());
    let mut features = Features::from([(ELIGIBLE_LEADER_REPLICAS.to_owned(), elr)]);
    features.extend(setup.features.clone());
    features.retain(|_, level| *level > 0);
    features
}

/// The admin tool is a client like any other; it has been there from the start.
pub(super) const ADMIN: &str = "admin";

impl World {
    /// Powers everything on at time zero.
    ///
    /// # Errors
    /// If a property has no meaning or two nodes share an id.
    pub fn new(setup: Setup) -> Result<Self, Refusal> {
        Self::sabotaged(setup, Sabotage::default())
    }

    /// A world in which every node that could keep a rule breaks it. Only tests have a rule to name.
    pub(crate) fn sabotaged(setup: Setup, sabotage: Sabotage) -> Result<Self, Refusal> {
        let mut config = broker_config(setup.version, &setup.properties)?;
        config.sabotage = sabotage;
        let latency = Latency { base: setup.latency, jitter: setup.jitter };
        let mut kernel = Kernel::new(setup.seed, latency);
        let source = metadata_source(&setup)?;
        for id in &setup.zookeepers {
            let server = ZooKeeper::new(*id, setup.zookeepers.clone());
            kernel.add_node(NodeId::ZooKeeper(*id), Process::ZooKeeper(Box::new(server)));
        }
        let voters = &setup.controllers;
        for id in voters {
            let node = NodeId::Controller(*id);
            if kernel.slot(node).is_some() {
                return Err(Refusal(format!(
                    "controllers: id {id} is listed twice; give each controller an id of its own"
                )));
            }
            let controller = Controller::new(*id, voters.clone(), config.clone()).formatted_with(&features(&setup));
            kernel.add_node(node, Process::Controller(Box::new(controller)));
        }
        for spec in &setup.brokers {
            let id = NodeId::Broker(spec.id);
            if kernel.slot(id).is_some() {
                return Err(Refusal(format!(
                    "brokers: id {} is listed twice; give each broker an id of its own",
                    spec.id
                )));
            }
            let rack = spec.rack.as_deref().map(Arc::from);
            let broker = Broker::new(spec.id, config.clone(), rack, source.clone());
            kernel.add_node(id, Process::Broker(Box::new(broker)));
        }
        if let Some(queue) = &setup.queue {
            kernel.add_node(
                NodeId::QueueBroker,
                Process::QueueBroker(Box::new(QueueBroker::new(queue.clone()).sabotaged(sabotage))),
            );
        }
        let (setup, clients, names, znodes) = (Arc::new(setup), BTreeMap::new(), Vec::new(), Arc::default());
        let mut world = Self { kernel, setup, clients, names, sabotage, znodes };
        if !world.setup.brokers.is_empty() {
            let bootstrap = world.bootstrap();
            let forwards = world.setup.zookeepers.is_empty();
            let admin = |id| Admin::new(id, bootstrap);
            let admin =
                |id, _| Process::Admin(Box::new(if forwards { admin(id) } else { admin(id).asking_controller() }));
            world.add_client(ADMIN, admin)?;
        }
        Ok(world)
    }
}

/// Controllers or ZooKeeper, never both.
fn metadata_source(setup: &Setup) -> Result<MetadataSource, Refusal> {
    if setup.zookeepers.is_empty() {
        let voters = &setup.controllers;
        if !matches!(voters.len(), 1 | 3 | 5) {
            return Err(Refusal(format!(
                "controllers: {} listed; a quorum has 1, 3 or 5 voters, so that a majority can be told",
                voters.len()
            )));
        }
        return Ok(MetadataSource::Quorum(voters.clone()));
    }
    if !setup.controllers.is_empty() {
        return Err(Refusal(
            "controllers and zookeepers: a cluster keeps its metadata in one place; with zookeepers, write \
             `controllers = []`"
                .to_owned(),
        ));
    }
    if !setup.version.runs_on_zookeeper() {
        return Err(Refusal(format!(
            "zookeepers: Kafka {} runs without ZooKeeper; set `version = \"3.9\"` or an older one",
            setup.version
        )));
    }
    let count = setup.zookeepers.len();
    if !matches!(count, 1 | 3) {
        return Err(Refusal(format!("zookeepers: {count} listed; an ensemble here has one server or three")));
    }
    let is_twice = |(at, id): (usize, &ServerId)| setup.zookeepers[..at].contains(id);
    if setup.zookeepers.iter().enumerate().any(is_twice) {
        return Err(Refusal("zookeepers: an id is listed twice; give each server an id of its own".to_owned()));
    }
    Ok(MetadataSource::ZooKeeper(setup.zookeepers.iter().map(|id| NodeId::ZooKeeper(*id)).collect()))
}
