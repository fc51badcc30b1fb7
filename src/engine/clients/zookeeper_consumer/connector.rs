//! The library as a whole: its ZooKeeper session, what dies with the process, and which event goes where.
//!
//! Kafka gives each concern a thread of its own: the program, the watcher that rebalances, the auto-committer, the leader
//! finder, a fetcher for each broker. Here each is a state, and [`Connector::advance`] lets them all go on.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::fact::ZookeeperConsumerFact;
use super::fetcher::Fetchers;
use super::offsets::Commits;
use super::rebalance::{Rebalancer, Step};
use super::zk_data::{encode_registration, id_path, ids_path, parents};
use crate::engine::clients::ClientMetadata;
use crate::engine::clients::consumer::{
    Activity, CommitReason, ConsumerApplication, ConsumerLedger, ConsumerTimer, Failure, MemberState, Next, Program,
    Subscriptions, SyncCommit,
};
use crate::engine::clients::fact::ConsumerFact;
use crate::engine::command::CommitStyle;
use crate::engine::common::{BrokerId, CorrelationId, NodeId, Purpose, Time, TopicId};
use crate::engine::config::OldConsumerConfig;
use crate::engine::protocol::{
    BROKER_IDS, CreateMode, Response, SessionId, TopicName, WatchEvent, WatchKind, ZkError, ZkOp, ZkOutcome,
    ZooKeeperMessage, topic_path,
};
use crate::engine::runtime::TimerId;
use crate::engine::zookeeper::{Session, SessionEvent};
use crate::engine::{Ctx, Timer};

/// What was asked of ZooKeeper, and whose concern the answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ZkCall {
    Register,
    /// Reading that sets a watch; nobody needs what it says.
    Watch,
    /// The steps of a rebalance, told apart by where it is.
    Rebalance,
    /// A commit, by its number.
    Commit(u64),
    /// Brokers to ask for leaders, for the fetchers of this era.
    Brokers(u32),
    Close,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// There is no session yet, or no longer.
    Connecting,
    Registering,
    Running,
    /// The session is being closed.
    Leaving,
}

#[derive(Clone, Debug)]
pub struct Connector {
    pub(super) config: Arc<OldConsumerConfig>,
    /// Stands for the host in the member's id.
    name: Arc<str>,
    zookeepers: Vec<NodeId>,
    pub(super) group: Arc<str>,
    pub(super) topics: Vec<TopicName>,
    /// `consumerIdString`
    pub(super) id: Arc<str>,
    stage: Stage,
    /// The constructor waits so long for ZooKeeper.
    connect_by: Option<Time>,
    pub(super) session: Session<ZkCall>,
    pub(super) program: Program,
    /// `topicRegistry` and the streams' queues.
    pub(super) subscriptions: Subscriptions,
    pub(super) rebalancer: Rebalancer,
    pub(super) commits: Commits,
    pub(super) fetchers: Fetchers,
    /// Topics that it has read the znodes of.
    pub(super) names: BTreeMap<TopicId, TopicName>,
    next_auto_commit: Time,
    alarm: Option<(Time, TimerId)>,
}

impl Connector {
    #[must_use]
    pub fn new(
        config: Arc<OldConsumerConfig>,
        name: Arc<str>,
        zookeepers: Vec<NodeId>,
        topics: Vec<TopicName>,
        application: ConsumerApplication,
    ) -> Self {
        Self {
            name,
            group: config.group_id.clone().unwrap_or_default(),
            id: "".into(),
            stage: Stage::Connecting,
            connect_by: None,
            session: Session::new(zookeepers.clone(), config.zookeeper_session_timeout),
            program: Program::new(application),
            subscriptions: Subscriptions::default(),
            rebalancer: Rebalancer::default(),
            commits: Commits::default(),
            fetchers: Fetchers::new(&config, &topics),
            names: BTreeMap::new(),
            next_auto_commit: Time::ZERO,
            alarm: None,
            zookeepers,
            topics,
            config,
        }
    }

    /// As the process is right after it has been started again.
    pub(in crate::engine::clients) fn reborn(&self) -> Self {
        let (config, name, application) = (self.config.clone(), self.name.clone(), self.program.application);
        Self::new(config, name, self.zookeepers.clone(), self.topics.clone(), application)
    }

    // ---- looking in ------------------------------------------------------------------------------------------

    #[must_use]
    pub fn config(&self) -> &OldConsumerConfig {
        &self.config
    }

    #[must_use]
    pub fn group(&self) -> &Arc<str> {
        &self.group
    }

    #[must_use]
    pub fn topics(&self) -> &[TopicName] {
        &self.topics
    }

    /// Its name below `ids`; empty before it has begun.
    #[must_use]
    pub fn id(&self) -> &Arc<str> {
        &self.id
    }

    /// Is this the name of a thread of its own, as owner znodes give it?
    #[must_use]
    pub fn owns_as(&self, thread: &str) -> bool {
        thread.rsplit_once('-').is_some_and(|(id, _)| *id == *self.id)
    }

    /// The session that it believes to have.
    #[must_use]
    pub fn session(&self) -> Option<SessionId> {
        self.session.id()
    }

    /// Does a ZooKeeper server answer it?
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.session.is_connected()
    }

    /// The attempt under way, if it rebalances; counts from 0.
    #[must_use]
    pub fn rebalancing(&self) -> Option<u32> {
        self.rebalancer.attempt()
    }

    #[must_use]
    pub fn member_state(&self) -> MemberState {
        match (self.stage, self.rebalancer.step()) {
            (Stage::Running, Step::Idle) if self.rebalancer.has_given_up() => MemberState::Unjoined,
            (Stage::Running, Step::Idle) => MemberState::Stable,
            (Stage::Running, Step::Claiming) => MemberState::CompletingRebalance,
            (Stage::Running, _) => MemberState::PreparingRebalance,
            _ => MemberState::Unjoined,
        }
    }

    pub(in crate::engine::clients) fn program(&self) -> &Program {
        &self.program
    }

    pub(in crate::engine::clients) fn program_mut(&mut self) -> &mut Program {
        &mut self.program
    }

    pub(in crate::engine::clients) fn subscriptions(&self) -> &Subscriptions {
        &self.subscriptions
    }

    /// What brokers told it of topics.
    #[must_use]
    pub fn metadata(&self) -> &ClientMetadata {
        self.fetchers.metadata()
    }

    /// `auto.commit.enable`, unless the program says that it commits by itself or not at all.
    pub(super) fn auto_commits(&self) -> bool {
        self.program.application.commit == CommitStyle::Auto && self.config.auto_commit_enable
    }

    /// When the committing thread wakes.
    #[must_use]
    pub fn next_auto_commit_at(&self) -> Option<Time> {
        self.auto_commits().then_some(self.next_auto_commit)
    }

    // ---- events ----------------------------------------------------------------------------------------------

    pub(in crate::engine::clients) fn start(&mut self, ctx: &mut Ctx<'_>, ledger: &mut ConsumerLedger) {
        let millis = ctx.now().as_millis();
        let own = match &self.config.consumer_id {
            Some(id) => id.to_string(),
            None => format!("{}-{millis}-{:08x}", self.name, ctx.rng().bits(Purpose::Names) >> 32),
        };
        self.id = format!("{}_{own}", self.group).into();
        self.next_auto_commit = ctx.now() + self.config.auto_commit_interval;
        self.connect_by = Some(ctx.now() + self.config.zookeeper_connection_timeout);
        self.session.start(ctx);
        self.advance(ctx, ledger);
    }

    pub(in crate::engine::clients) fn zookeeper_says(
        &mut self,
        ctx: &mut Ctx<'_>,
        ledger: &mut ConsumerLedger,
        from: NodeId,
        message: ZooKeeperMessage,
    ) {
        if !self.program.is_over() {
            let events = self.session.message(ctx, from, message);
            self.session_events(ctx, events);
            self.advance(ctx, ledger);
        }
    }

    /// A broker's answer came.
    pub(in crate::engine::clients) fn answered(
        &mut self,
        ctx: &mut Ctx<'_>,
        ledger: &mut ConsumerLedger,
        broker: BrokerId,
        correlation: CorrelationId,
        response: Response,
    ) {
        if !self.program.is_over() {
            self.broker_answered(ctx, broker, correlation, response);
            self.advance(ctx, ledger);
        }
    }

    pub(in crate::engine::clients) fn disconnected(
        &mut self,
        ctx: &mut Ctx<'_>,
        ledger: &mut ConsumerLedger,
        peer: NodeId,
    ) {
        if self.program.is_over() {
            return;
        }
        let events = self.session.disconnected(ctx, peer);
        self.session_events(ctx, events);
        if let NodeId::Broker(broker) = peer {
            self.broker_lost(ctx, broker);
        }
        self.advance(ctx, ledger);
    }

    pub(in crate::engine::clients) fn rang(
        &mut self,
        ctx: &mut Ctx<'_>,
        ledger: &mut ConsumerLedger,
        timer: &ConsumerTimer,
    ) {
        if self.program.is_over() {
            return;
        }
        match timer {
            ConsumerTimer::Record => self.program.rang(),
            ConsumerTimer::ZooKeeper => {
                let events = self.session.alarm(ctx, session_timer);
                self.session_events(ctx, events);
            }
            ConsumerTimer::Poll => self.alarm = None,
            ConsumerTimer::Heartbeat => {}
        }
        self.advance(ctx, ledger);
    }

    /// Something has happened: every thread goes on as far as it can.
    pub(in crate::engine::clients) fn advance(&mut self, ctx: &mut Ctx<'_>, ledger: &mut ConsumerLedger) {
        if self.program.is_over() {
            return;
        }
        if self.connect_by.is_some_and(|by| by <= ctx.now()) {
            ctx.emit(ZookeeperConsumerFact::ConnectionTimedOut);
            self.fail(ctx, Failure::ZooKeeperTimeout);
        }
        self.expire_requests(ctx);
        if self.stage == Stage::Running {
            self.run_watcher(ctx);
            self.run_auto_committer(ctx);
            self.find_leaders(ctx);
        }
        while self.run_application(ctx, ledger) {}
        if self.stage == Stage::Running {
            self.send_fetches(ctx);
        }
        self.set_alarms(ctx);
    }

    // ---- the application's thread ----------------------------------------------------------------------------

    /// One step of the application. False when it has to wait for something.
    fn run_application(&mut self, ctx: &mut Ctx<'_>, ledger: &mut ConsumerLedger) -> bool {
        match &self.program.activity {
            Activity::Polling if self.program.is_closing => {
                self.shut_down(ctx);
                true
            }
            Activity::Polling => {
                // `ConsumerIterator.next()` hands records out one by one, and with each moves the offset that a commit
                // would write: the record in hand counts as consumed already.
                let records = self.subscriptions.collect(1);
                if records.is_empty() {
                    return false;
                }
                let next = self.program.take_batch(ctx, records);
                self.obey(ctx, next);
                true
            }
            Activity::Processing(record) if record.until > ctx.now() => false,
            Activity::Processing(_) => {
                let next = self.program.record_processed(ctx, ledger);
                self.obey(ctx, next);
                true
            }
            Activity::Committing(_) | Activity::Closing(_) | Activity::Closed | Activity::Failed(_) => false,
        }
    }

    /// `commitOffsets()` knows only everything; the call returns when ZooKeeper has it.
    fn obey(&mut self, ctx: &mut Ctx<'_>, next: Next) {
        if next == Next::Nothing {
            return;
        }
        let offsets = self.unsaved();
        self.program.activity = Activity::Committing(SyncCommit::new(offsets.clone(), ctx.now(), None));
        self.commit(ctx, CommitReason::Application, offsets);
    }

    /// What the program waits for in ZooKeeper is done.
    pub(super) fn commit_returns(&mut self, ctx: &mut Ctx<'_>) {
        match self.program.activity {
            Activity::Committing(_) => {
                let next = self.program.next_record(ctx);
                self.obey(ctx, next);
            }
            Activity::Closing(_) => self.leave(ctx),
            _ => {}
        }
    }

    /// `shutdown()`: no more fetches, a last commit, and the end of the session, which takes its znodes with it.
    fn shut_down(&mut self, ctx: &mut Ctx<'_>) {
        self.rebalancer.abandon();
        self.stop_fetching();
        let offsets = if self.auto_commits() { self.unsaved() } else { Vec::new() };
        self.program.activity = Activity::Closing(SyncCommit::new(offsets.clone(), ctx.now(), None));
        self.commit(ctx, CommitReason::Application, offsets);
    }

    fn leave(&mut self, ctx: &mut Ctx<'_>) {
        self.let_go(ctx);
        if self.session.id().is_none() {
            return self.closed(ctx);
        }
        self.stage = Stage::Leaving;
        self.session.close(ctx, ZkCall::Close);
    }

    fn closed(&mut self, ctx: &mut Ctx<'_>) {
        self.program.activity = Activity::Closed;
        ctx.emit(ConsumerFact::Closed);
    }

    /// An exception that the program does not catch: the process ends without a word, its session with its timeout.
    pub(super) fn fail(&mut self, ctx: &mut Ctx<'_>, why: Failure) {
        self.stop_fetching();
        self.program.fail(why);
        self.subscriptions.take();
        ctx.emit(ConsumerFact::Closed);
    }

    // ---- the session -----------------------------------------------------------------------------------------

    fn session_events(&mut self, ctx: &mut Ctx<'_>, events: Vec<SessionEvent<ZkCall>>) {
        for event in events {
            match event {
                SessionEvent::SyncConnected if self.stage == Stage::Connecting => {
                    self.connect_by = None;
                    self.stage = Stage::Registering;
                    self.register(ctx, false);
                }
                SessionEvent::SyncConnected => {}
                SessionEvent::Disconnected => ctx.emit(ZookeeperConsumerFact::Disconnected),
                SessionEvent::Expired => self.expired(ctx),
                SessionEvent::Watched(event) => self.watched(ctx, event),
                SessionEvent::Answered { tag, ops, outcomes } => self.zookeeper_answered(ctx, tag, &ops, &outcomes),
            }
        }
    }

    fn zookeeper_answered(&mut self, ctx: &mut Ctx<'_>, call: ZkCall, ops: &[ZkOp], outcomes: &[ZkOutcome]) {
        match call {
            ZkCall::Register => match outcomes.last() {
                Some(Err(failure)) if failure.error == ZkError::NoNode => self.register(ctx, true),
                // NodeExists: the answer to the first try got lost.
                _ => self.registered(ctx),
            },
            ZkCall::Watch => {}
            ZkCall::Rebalance => self.rebalance_answered(ctx, ops, outcomes),
            ZkCall::Commit(number) => self.commit_answered(ctx, number, ops, outcomes),
            ZkCall::Brokers(era) => self.brokers_read(ctx, era, outcomes),
            ZkCall::Close => self.closed(ctx),
        }
    }

    /// `registerConsumerInZK`. The parents are made when their lack is told.
    fn register(&mut self, ctx: &mut Ctx<'_>, with_parents: bool) {
        let path = id_path(&self.group, &self.id);
        let mut ops: Vec<ZkOp> = if with_parents { parents(&path).map(persistent).collect() } else { Vec::new() };
        let data = encode_registration(&self.topics, ctx.now());
        ops.push(ZkOp::Create { path, data, mode: CreateMode::Ephemeral });
        self.session.request(ctx, ops, ZkCall::Register);
    }

    fn registered(&mut self, ctx: &mut Ctx<'_>) {
        ctx.emit(ZookeeperConsumerFact::Registered { id: self.id.clone() });
        self.stage = Stage::Running;
        let mut ops = vec![ZkOp::GetChildren { path: ids_path(&self.group), watch: true }];
        ops.extend(self.topics.iter().map(|topic| ZkOp::Exists { path: topic_path(topic), watch: true }));
        self.session.request(ctx, ops, ZkCall::Watch);
        self.rebalancer.trigger();
    }

    /// `ZKSessionExpireListener`: everything it held is gone. What it was committing is written all the same: nobody
    /// asks on whose behalf (`ZkClient.retryUntilConnected`).
    fn expired(&mut self, ctx: &mut Ctx<'_>) {
        ctx.emit(ZookeeperConsumerFact::SessionExpired);
        self.rebalancer.abandon();
        self.stop_fetching();
        let partitions = self.subscriptions.take();
        if !partitions.is_empty() {
            ctx.emit(ConsumerFact::PartitionsLost { partitions });
        }
        if self.stage == Stage::Leaving {
            return self.closed(ctx);
        }
        self.stage = Stage::Connecting;
        self.session.start(ctx);
        self.commit_again(ctx);
    }

    /// A watch fires once; the client library reads again, and so watches again, before it tells anybody.
    fn watched(&mut self, ctx: &mut Ctx<'_>, event: WatchEvent) {
        let WatchEvent { kind, path } = event;
        let is_topic = self.topics.iter().any(|topic| topic_path(topic) == path);
        let op = if is_topic {
            ZkOp::Exists { path: path.clone(), watch: true }
        } else {
            ZkOp::GetChildren { path: path.clone(), watch: true }
        };
        self.session.request(ctx, vec![op], ZkCall::Watch);
        // `handleDataDeleted`: "Topic … gets deleted, which should not happen at this time".
        if self.stage == Stage::Running && !(is_topic && kind == WatchKind::NodeDeleted) {
            ctx.emit(ZookeeperConsumerFact::RebalanceTriggered { path });
            self.rebalancer.trigger();
        }
    }

    /// There was no broker: from now on it is told when one comes.
    pub(super) fn watch_brokers(&mut self, ctx: &mut Ctx<'_>) {
        let op = ZkOp::GetChildren { path: BROKER_IDS.into(), watch: true };
        self.session.request(ctx, vec![op], ZkCall::Watch);
    }

    // ---- alarms ----------------------------------------------------------------------------------------------

    fn run_auto_committer(&mut self, ctx: &mut Ctx<'_>) {
        if !self.auto_commits() || self.next_auto_commit > ctx.now() {
            return;
        }
        while self.next_auto_commit <= ctx.now() {
            // `scheduleAtFixedRate`.
            self.next_auto_commit += self.config.auto_commit_interval.max(MILLISECOND);
        }
        let offsets = self.unsaved();
        if !offsets.is_empty() && !self.commits.is_committing(CommitReason::Interval) {
            self.commit(ctx, CommitReason::Interval, offsets);
        }
    }

    fn set_alarms(&mut self, ctx: &mut Ctx<'_>) {
        if self.program.is_over() {
            self.program.cancel_alarm(ctx);
            if let Some((_, timer)) = self.alarm.take() {
                ctx.cancel_timer(timer);
            }
            return;
        }
        self.session.arm(ctx, session_timer);
        let is_running = self.stage == Stage::Running;
        let due = [
            self.connect_by,
            self.next_auto_commit_at().filter(|_| is_running),
            self.rebalancer.wakes_at(),
            self.fetchers.wakes_at(),
        ];
        let due = due.into_iter().flatten().filter(|at| *at > ctx.now()).min();
        if self.alarm.map(|(at, _)| at) == due {
            return;
        }
        if let Some((_, timer)) = self.alarm.take() {
            ctx.cancel_timer(timer);
        }
        self.alarm = due.map(|at| (at, ctx.set_timer(at.since(ctx.now()), Timer::Consumer(ConsumerTimer::Poll))));
    }
}

/// The committer never wakes more often.
const MILLISECOND: crate::engine::common::Span = crate::engine::common::Span::millis(1);

fn session_timer() -> Timer {
    Timer::Consumer(ConsumerTimer::ZooKeeper)
}

/// An empty persistent znode, as parents are.
pub(super) fn persistent(path: crate::engine::protocol::ZkPath) -> ZkOp {
    ZkOp::Create { path, data: "".into(), mode: CreateMode::Persistent }
}
