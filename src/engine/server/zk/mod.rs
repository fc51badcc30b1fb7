//! What a broker has only in ZooKeeper mode (`ZkSupport`): a session, the controller it may be, and its own ways to
//! register, to learn topic configurations and, before 2.7, to change in-sync sets.
//!
//! What it does when told "lead this, follow that" and "these brokers live" is the same code as in KRaft mode; only the
//! source differs: requests of a controller (`requests`) instead of a log that it replays.

mod configs;
mod isr;
mod log_dirs;
mod producer_ids;
mod requests;
mod session;
mod shutdown;

use std::collections::{BTreeMap, VecDeque};

use super::env::Correlations;
use super::timer::BrokerTimer;
use crate::engine::common::{CorrelationId, NodeId, Span, TopicId};
use crate::engine::config::BrokerConfig;
use crate::engine::kafka_controller::{
    KafkaController, KafkaControllerTimer, NextCorrelation, TopicRequests, ZkRequest,
};
use crate::engine::metadata::TopicOverrides;
use crate::engine::protocol::{LeaderAndIsrRequest, TopicName};
use crate::engine::runtime::TimerId;
use crate::engine::zookeeper::Session;

/// How far the broker has come (`KafkaServer.startup`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ZkStage {
    Connecting,
    /// Sees to the persistent znodes and the cluster's id.
    Preparing,
    /// Reads what an unclean stop has left in doubt; only a broker whose logs are in order registers.
    LoadingLogs,
    /// Writes /brokers/ids/<own id>.
    Registering,
    Registered,
}

#[derive(Clone, Debug)]
pub struct ZkSupport {
    pub(super) session: Session<ZkRequest>,
    pub(super) controller: KafkaController,
    pub(super) topics: TopicRequests,
    stage: ZkStage,
    /// The latest controller epoch that any controller has shown.
    controller_epoch: u32,
    names: BTreeMap<TopicId, TopicName>,
    overrides: BTreeMap<TopicId, TopicOverrides>,
    /// Orders to lead or follow that wait for topic configurations.
    parked: VecDeque<(NodeId, CorrelationId, LeaderAndIsrRequest)>,
    /// Change notices up to here have been read.
    config_changes_seen: Option<String>,
    pub(super) isr: isr::IsrWriter,
    connection_timeout: Option<TimerId>,
    leaving: Option<shutdown::Leaving>,
}

impl ZkSupport {
    pub(super) fn new(zookeepers: &[NodeId], config: &BrokerConfig) -> Self {
        Self {
            session: Session::new(zookeepers.to_vec(), config.zookeeper_session_timeout),
            controller: KafkaController::default(),
            topics: TopicRequests::default(),
            stage: ZkStage::Connecting,
            controller_epoch: 0,
            names: BTreeMap::new(),
            overrides: BTreeMap::new(),
            parked: VecDeque::new(),
            config_changes_seen: None,
            isr: isr::IsrWriter::default(),
            connection_timeout: None,
            leaving: None,
        }
    }

    #[must_use]
    pub fn session(&self) -> &Session<ZkRequest> {
        &self.session
    }

    /// The controllership as this broker sees it, or exercises it.
    #[must_use]
    pub fn controller(&self) -> &KafkaController {
        &self.controller
    }

    #[must_use]
    pub fn stage(&self) -> ZkStage {
        self.stage
    }

    /// Requests of controllers with an older epoch are refused.
    #[must_use]
    pub fn controller_epoch(&self) -> u32 {
        self.controller_epoch
    }

    fn topic_named(&self, name: &str) -> Option<TopicId> {
        self.names.iter().find(|(_, known)| known.as_ref() == name).map(|(id, _)| *id)
    }

    fn config_of(&self, topic: TopicId) -> TopicOverrides {
        self.overrides.get(&topic).cloned().unwrap_or_default()
    }
}

impl NextCorrelation for Correlations {
    fn next(&mut self) -> CorrelationId {
        Correlations::next(self)
    }
}

pub(super) fn controller_timer(timer: KafkaControllerTimer) -> crate::engine::Timer {
    BrokerTimer::KafkaController(timer).into()
}

fn session_timer() -> crate::engine::Timer {
    BrokerTimer::ZkSession.into()
}

/// `zookeeper.connection.timeout.ms`: as long as a session, unless set.
fn connection_timeout(config: &BrokerConfig) -> Span {
    config.zookeeper_session_timeout
}
