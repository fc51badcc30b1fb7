//! The controller's thread: one event at a time, each a program of steps (`KafkaController`, `ControllerEventManager`).
//!
//! Kafka's thread blocks while it waits for ZooKeeper; here the rest of its program stands still. So nothing else
//! happens in between, however long ZooKeeper is away. Always holds: every write goes together with a check of
//! /controller_epoch, so a controller that has been replaced changes nothing.

use std::collections::VecDeque;

use super::channel::{Batch, Channels, ControllerChannel};
use super::context::ControllerContext;
use super::fact::KafkaControllerFact;
pub use super::task::ControllerTask;
pub(super) use super::task::Step;
use super::{ZkRequest, zk_data};
use crate::engine::Ctx;
use crate::engine::common::{BrokerEpoch, BrokerId, CorrelationId, NodeId, Span, TopicPartition};
use crate::engine::config::BrokerConfig;
use crate::engine::protocol::{Body, Request, Response, TopicName, ZkError, ZkOp, ZkOutcome};
use crate::engine::runtime::TimerId;
use crate::engine::zookeeper::Session;

/// First look at who leads, after a failover.
const FIRST_REBALANCE: Span = Span::secs(5);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KafkaControllerTimer {
    /// A request to a broker may be sent again.
    Resend { broker: BrokerId },
    /// `leader.imbalance.check.interval.seconds`
    AutoRebalance,
    /// A topic has come into being, or not, in time.
    CreationExpired { creation: u64 },
}

/// The broker around its controller, lent for one event.
pub struct Env<'a> {
    pub me: BrokerId,
    pub config: &'a BrokerConfig,
    pub session: &'a mut Session<ZkRequest>,
    pub correlations: &'a mut dyn NextCorrelation,
    /// How the broker names the controller's alarms.
    pub timer: fn(KafkaControllerTimer) -> crate::engine::Timer,
}

/// The broker numbers all requests it sends.
pub trait NextCorrelation {
    fn next(&mut self) -> CorrelationId;
}

/// One broker's share in the controllership. Everything in it dies with the process.
#[derive(Clone, Debug, Default)]
pub struct KafkaController {
    /// Who is controller, as this broker last read.
    active: Option<BrokerId>,
    pub(super) context: ControllerContext,
    pub(super) batch: Batch,
    pub(super) channels: Channels,
    queue: VecDeque<ControllerTask>,
    running: Option<ControllerTask>,
    pub(super) program: VecDeque<Step>,
    /// The step that waits for ZooKeeper.
    awaited: Option<Step>,
    rebalance: Option<TimerId>,
}

impl KafkaController {
    // ---- for spectators and the broker ---------------------------------------------------------------------------

    /// Who is controller, as far as this broker knows.
    #[must_use]
    pub fn active_controller(&self) -> Option<BrokerId> {
        self.active
    }

    #[must_use]
    pub fn is_active(&self, me: BrokerId) -> bool {
        self.active == Some(me)
    }

    #[must_use]
    pub fn context(&self) -> &ControllerContext {
        &self.context
    }

    /// What it is doing, and what it will do after that.
    pub fn tasks(&self) -> impl Iterator<Item = &ControllerTask> {
        self.running.iter().chain(&self.queue)
    }

    /// Does it wait for an answer of ZooKeeper?
    #[must_use]
    pub fn awaits_zookeeper(&self) -> bool {
        self.awaited.is_some()
    }

    /// Requests to brokers that are not answered yet.
    pub fn channels(&self) -> impl Iterator<Item = (BrokerId, &ControllerChannel)> {
        self.channels.iter()
    }

    // ---- events ----------------------------------------------------------------------------------------------------

    pub fn put(&mut self, ctx: &mut Ctx<'_>, env: &mut Env<'_>, task: ControllerTask) {
        self.queue.push_back(task);
        self.proceed(ctx, env);
    }

    /// A request that only a controller answers: everybody else refuses it (`KafkaApis`).
    pub fn asked(
        &mut self,
        ctx: &mut Ctx<'_>,
        env: &mut Env<'_>,
        (from, correlation): (NodeId, CorrelationId),
        request: Request,
    ) {
        self.put(ctx, env, ControllerTask::Asked { from, correlation, request });
    }

    /// The znode has changed as its watch says.
    pub fn watched(&mut self, ctx: &mut Ctx<'_>, env: &mut Env<'_>, path: &str, exists: bool) {
        let task = match path {
            zk_data::CONTROLLER if exists => ControllerTask::ControllerChange,
            zk_data::CONTROLLER => ControllerTask::Elect,
            zk_data::BROKER_IDS => ControllerTask::BrokerChange,
            zk_data::TOPICS => ControllerTask::TopicChange,
            zk_data::ISR_CHANGES => ControllerTask::IsrChangeNotification,
            zk_data::LOG_DIR_EVENTS => ControllerTask::LogDirEvent,
            zk_data::PREFERRED_ELECTION if exists => ControllerTask::PreferredElection,
            zk_data::DELETE_TOPICS => ControllerTask::TopicDeletion,
            zk_data::REASSIGN_PARTITIONS if exists => ControllerTask::ZkPartitionReassignment,
            _ if exists => match self.watched_topic(path) {
                Some(task) => task,
                None => return,
            },
            _ => return,
        };
        self.put(ctx, env, task);
    }

    /// Below /brokers/topics: a topic's own znode, or the state of a partition that is being moved.
    fn watched_topic(&self, path: &str) -> Option<ControllerTask> {
        let mut parts = path.strip_prefix(zk_data::TOPICS)?.strip_prefix('/')?.split('/');
        let name: TopicName = parts.next()?.into();
        let Some(_) = parts.next() else { return Some(ControllerTask::PartitionModifications(name)) };
        let partition = parts.next()?.parse().ok()?;
        let (topic, _) = self.context.topics.get(&name)?;
        Some(ControllerTask::PartitionReassignmentIsrChange(TopicPartition::new(*topic, partition)))
    }

    /// The session has expired: whatever this broker was, it is not controller any more.
    pub fn expired(&mut self, ctx: &mut Ctx<'_>, env: &mut Env<'_>) {
        let given_up: Vec<ControllerTask> = self.running.take().into_iter().chain(self.queue.drain(..)).collect();
        given_up.iter().for_each(|task| refuse(ctx, task));
        self.program.clear();
        self.awaited = None;
        self.resign(ctx, env.me);
        self.active = None;
    }

    pub fn rang(&mut self, ctx: &mut Ctx<'_>, env: &mut Env<'_>, timer: KafkaControllerTimer) {
        match timer {
            KafkaControllerTimer::Resend { broker } => self.channels.resend(ctx, env, broker),
            KafkaControllerTimer::AutoRebalance => {
                if self.is_active(env.me) {
                    let interval = env.config.leader_imbalance_check_interval;
                    self.rebalance = Some(ctx.set_timer(interval, (env.timer)(KafkaControllerTimer::AutoRebalance)));
                    self.put(ctx, env, ControllerTask::AutoRebalance);
                }
            }
            KafkaControllerTimer::CreationExpired { .. } => unreachable!("topic requests keep their own"),
        }
    }

    pub fn disconnected(&mut self, ctx: &mut Ctx<'_>, env: &Env<'_>, broker: BrokerId) {
        self.channels.failed(ctx, env, broker);
    }

    /// A broker answered LeaderAndIsr, UpdateMetadata or StopReplica. A refusal means that it knows of a later epoch, of
    /// its own or of a controller's, and that ZooKeeper is about to tell this one.
    pub fn broker_answered(
        &mut self,
        ctx: &mut Ctx<'_>,
        env: &mut Env<'_>,
        broker: BrokerId,
        correlation: CorrelationId,
        response: &Response,
    ) {
        match (self.channels.answered(ctx, env, broker, correlation), response) {
            (Some(Request::StopReplica(order)), Response::StopReplica(answer)) => {
                let is_deletion =
                    |(id, delete): &&(TopicPartition, bool)| *delete && self.context.is_to_delete(id.topic);
                let is_failed =
                    |id: &TopicPartition| answer.error.is_some() || answer.failed().any(|failed| failed == *id);
                let to_delete = order.partitions.iter().filter(is_deletion).map(|(id, _)| *id);
                let (failed, deleted): (Vec<_>, Vec<_>) = to_delete.partition(is_failed);
                for (partitions, is_done) in [(failed, false), (deleted, true)] {
                    if !partitions.is_empty() {
                        self.put(ctx, env, ControllerTask::ReplicasDeleted { broker, partitions, is_done });
                    }
                }
            }
            // Most answers say nothing new of any directory.
            (Some(Request::LeaderAndIsr(_)), Response::LeaderAndIsr(answer))
                if answer.error.is_none() && self.is_about_log_dirs(broker, &answer.partitions) =>
            {
                let partitions = answer.partitions.clone();
                self.put(ctx, env, ControllerTask::LeaderAndIsrAnswered { broker, partitions });
            }
            _ => {}
        }
    }

    // ---- the thread --------------------------------------------------------------------------------------------------

    /// Runs until it must wait, or has nothing left to do.
    fn proceed(&mut self, ctx: &mut Ctx<'_>, env: &mut Env<'_>) {
        while self.awaited.is_none() {
            if let Some(step) = self.program.pop_front() {
                self.begin(ctx, env, step);
            } else if let Some(task) = self.queue.pop_front() {
                let steps = self.plan(ctx, env, &task);
                self.program.extend(steps);
                self.running = Some(task);
            } else {
                self.running = None;
                return;
            }
        }
    }

    fn plan(&mut self, ctx: &mut Ctx<'_>, env: &Env<'_>, task: &ControllerTask) -> Vec<Step> {
        match task {
            ControllerTask::Elect => vec![Step::FindController { then_elect: true }],
            ControllerTask::ControllerChange => vec![Step::FindController { then_elect: false }],
            // The rest is for the active one; an event may have waited since before it resigned.
            _ if !self.is_active(env.me) => task.refusal().into_iter().collect(),
            ControllerTask::Asked { from, correlation, request } => {
                self.plan_asked(ctx, (*from, *correlation), request)
            }
            ControllerTask::PartitionModifications(topic) => match self.context.topics.contains_key(topic) {
                true => vec![Step::ReadChangedTopic(topic.clone())],
                false => Vec::new(),
            },
            ControllerTask::TopicDeletion => vec![Step::ListDeletions { is_failover: false }],
            ControllerTask::ReplicasDeleted { broker, partitions, is_done: true } => {
                self.complete_replica_deletion(*broker, partitions);
                vec![Step::ResumeDeletions]
            }
            ControllerTask::ReplicasDeleted { broker, partitions, is_done: false } => {
                self.fail_replica_deletion(ctx, *broker, partitions);
                vec![Step::ResumeDeletions]
            }
            ControllerTask::ZkPartitionReassignment => vec![Step::ReadZkReassignment { is_new: true }],
            ControllerTask::PartitionReassignmentIsrChange(partition) => {
                vec![Step::CheckReassignment { partition: *partition, only_if_complete: true }]
            }
            ControllerTask::UncleanElectionEnabled(_) => vec![Step::TriggerOnline],
            ControllerTask::BrokerChange => vec![Step::ListChangedBrokers],
            ControllerTask::TopicChange => vec![Step::ListChangedTopics],
            ControllerTask::IsrChangeNotification => vec![Step::ListIsrNotifications],
            ControllerTask::LogDirEvent => vec![Step::ListLogDirEvents],
            ControllerTask::LeaderAndIsrAnswered { broker, partitions } => {
                self.replicas_answered(ctx, *broker, partitions);
                Vec::new()
            }
            ControllerTask::PreferredElection => vec![Step::ReadPreferred],
            ControllerTask::AutoRebalance => vec![Step::Rebalance],
        }
    }

    /// Does a step, or asks ZooKeeper for what it needs.
    fn begin(&mut self, ctx: &mut Ctx<'_>, env: &mut Env<'_>, step: Step) {
        let ops = match &step {
            Step::Send => {
                self.batch.send(ctx, env, &self.context, &mut self.channels);
                return;
            }
            Step::TellBrokers { brokers, partitions } => {
                self.batch.update_metadata(brokers.iter().copied(), partitions.iter().copied());
                self.batch.send(ctx, env, &self.context, &mut self.channels);
                return;
            }
            Step::Answer { to, correlation, response } => {
                let (correlation, response) = (*correlation, response.clone());
                ctx.send(*to, Body::Response { correlation, response });
                return;
            }
            Step::AnswerShutdown { to, correlation, broker } => {
                let response = self.shutdown_answer(*broker);
                ctx.send(*to, Body::Response { correlation: *correlation, response });
                return;
            }
            Step::AnswerElection { to, correlation, asked } => {
                let response = self.election_answer(asked);
                ctx.send(*to, Body::Response { correlation: *correlation, response });
                return;
            }
            Step::ResumeDeletions => return self.resume_deletions(ctx),
            Step::ResumeDeletionOf(topics) => return self.resume_deletion_of(ctx, topics),
            Step::StartReplicaDeletion(replicas) => return self.start_replica_deletion(replicas),
            Step::ResumeReassignment(partition) => return self.resume_reassignment(ctx, *partition),
            Step::StopRemoved { partition, replicas } => return self.stop_removed(*partition, replicas),
            Step::DropReplicas { partition, replicas } => return self.drop_replicas(*partition, replicas),
            Step::EndReassignment { partition, cancelled } => {
                return self.end_reassignment(ctx, *partition, *cancelled);
            }
            Step::CompleteFailover => return self.complete_failover(ctx),
            Step::ReplicasOnline(partitions, broker) => return self.replicas_online(partitions, *broker),
            Step::TriggerOnline => return self.trigger_online(),
            Step::Rebalance => return self.rebalance(env.config.leader_imbalance_per_broker_percentage),
            waiting => self.ops(ctx, env, waiting),
        };
        if ops.is_empty() {
            return self.finish(ctx, env, step, Vec::new());
        }
        env.session.request(ctx, ops, ZkRequest::Controller);
        self.awaited = Some(step);
    }

    /// ZooKeeper has answered the step that waits.
    pub fn zookeeper_answered(&mut self, ctx: &mut Ctx<'_>, env: &mut Env<'_>, outcomes: Vec<ZkOutcome>) {
        let Some(step) = self.awaited.take() else { return };
        self.finish(ctx, env, step, outcomes);
        self.proceed(ctx, env);
    }

    /// `step` goes next, before what else is planned.
    pub(super) fn next(&mut self, step: Step) {
        self.program.push_front(step);
    }

    /// These go next, in this order.
    pub(super) fn next_all(&mut self, steps: impl IntoIterator<Item = Step>) {
        let rest = std::mem::take(&mut self.program);
        self.program.extend(steps);
        self.program.extend(rest);
    }

    // ---- coming and going --------------------------------------------------------------------------------------------

    /// What /controller says; true if that is news.
    pub(super) fn set_active(&mut self, ctx: &mut Ctx<'_>, me: BrokerId, active: Option<BrokerId>) {
        if self.active == Some(me) && active != Some(me) {
            self.resign(ctx, me);
        }
        self.active = active;
    }

    pub(super) fn take_office(&mut self, ctx: &mut Ctx<'_>, env: &Env<'_>, epoch: u32, epoch_zk_version: u32) {
        self.active = Some(env.me);
        self.context = ControllerContext { epoch, epoch_zk_version, ..ControllerContext::default() };
        ctx.emit(KafkaControllerFact::Elected { epoch });
        if env.config.auto_leader_rebalance_enable {
            self.rebalance = Some(ctx.set_timer(FIRST_REBALANCE, (env.timer)(KafkaControllerTimer::AutoRebalance)));
        }
    }

    fn resign(&mut self, ctx: &mut Ctx<'_>, me: BrokerId) {
        if self.active == Some(me) {
            ctx.emit(KafkaControllerFact::Resigned { epoch: self.context.epoch });
        }
        if let Some(timer) = self.rebalance.take() {
            ctx.cancel_timer(timer);
        }
        self.channels.clear(ctx);
        self.batch = Batch::default();
        self.context = ControllerContext::default();
    }

    /// Another controller has been elected meanwhile (`ControllerMovedException`): drop everything and look who it is.
    pub(super) fn moved(&mut self, ctx: &mut Ctx<'_>, env: &Env<'_>) {
        self.program.clear();
        if let Some(task) = self.running.take() {
            refuse(ctx, &task);
        }
        self.resign(ctx, env.me);
        self.active = None;
        self.next(Step::FindController { then_elect: true });
    }

    /// Writes that only the controller of this epoch may do: each with a check of the epoch's znode.
    pub(super) fn guarded(&self, op: ZkOp) -> ZkOp {
        let check = ZkOp::Check { path: zk_data::CONTROLLER_EPOCH.into(), version: self.context.epoch_zk_version };
        ZkOp::Multi(vec![check, op])
    }
}

/// Was it the check of the controller's epoch that failed?
pub(super) fn is_fenced(outcome: &ZkOutcome) -> bool {
    matches!(outcome, Err(failure) if failure.error == ZkError::BadVersion && failure.at == 0)
}

fn refuse(ctx: &mut Ctx<'_>, task: &ControllerTask) {
    if let Some(Step::Answer { to, correlation, response }) = task.refusal() {
        ctx.send(to, Body::Response { correlation, response });
    }
}

/// The epoch of a broker's registration: the number of the transaction that made its znode.
pub(super) fn broker_epoch(czxid: crate::engine::protocol::Zxid) -> BrokerEpoch {
    BrokerEpoch(czxid.0)
}
