//! The controller as a node: Kafka's `QuorumController` over its replica of the Raft log.
//!
//! One of the voters is the active controller: the Raft leader, once it has applied everything before its epoch. It takes
//! requests in the order of their arrival: decide → records → replay. The image it decides on is therefore ahead of what is
//! committed, and nobody outside may see that: answers wait for the high watermark to pass the records they rest upon, and
//! brokers, who copy the log as observers, are handed only what is committed. The others are standbys: they apply what is
//! committed, and answer NOT_CONTROLLER.
//!
//! Always holds: committed ≤ decided, and the committed image is the replay of the log up to the high watermark. A
//! controller that loses its office forgets what it had decided and had not got committed, and refuses who waits for it;
//! such records may still be committed by its successor. Heartbeats are nobody's but the active controller's: a new one
//! gives every live broker a fresh session.

use std::collections::{BTreeMap, VecDeque};

use super::broker_heartbeat_manager::{BrokerControlState, BrokerHeartbeatManager, Session};
use super::elections::MAX_ELECTIONS_PER_PASS;
use super::fact::{ControllerFact, ElectedBecause};
use super::replication_control::ReplicationControl;
use super::telling;
use crate::engine::common::{BrokerId, CorrelationId, ErrorCode, LeaderEpoch, NodeId, Offset, Span, Time};
use crate::engine::config::BrokerConfig;
use crate::engine::metadata::{MetadataBatch, MetadataImage, MetadataRecord, Snapshot};
use crate::engine::protocol::{ApiKey, Body, Request, Response};
use crate::engine::raft::{MetadataLog, RaftClient, RaftConfig, RaftEvent, Role, SnapshotGenerator, is_for_raft};
use crate::engine::runtime::{Crash, Node, TimerId};
use crate::engine::{Ctx, Kafka, Timer, Token};

/// Pause before a periodic task goes on that has not come to its end (`PeriodicTaskFlag`, 10 ms).
const CONTINUE_AFTER: Span = Span::millis(10);

/// The active controller's periodic tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ControllerTimer {
    /// Look for one broker whose session has expired; every eighth of `broker.session.timeout.ms`.
    FenceStaleBroker,
    /// `metadata.max.idle.interval.ms`.
    WriteNoOp,
    /// `leader.imbalance.check.interval.seconds`.
    BalanceLeaders,
    /// `unclean.leader.election.interval.ms`.
    ElectUncleanLeaders,
}

/// An answer that may not leave before everything ahead of `until` is committed.
#[derive(Clone, Debug)]
pub struct PendingAnswer {
    pub until: Offset,
    pub to: NodeId,
    correlation: CorrelationId,
    response: Response,
}

impl PendingAnswer {
    #[must_use]
    pub fn api(&self) -> ApiKey {
        self.response.api()
    }
}

/// One controller process.
#[derive(Clone, Debug)]
pub struct Controller {
    id: BrokerId,
    pub(super) config: BrokerConfig,
    /// With what is on its disk.
    raft: RaftClient,
    /// `bootstrap.checkpoint`: what the first active controller writes.
    bootstrap: BTreeMap<String, u16>,
    volatile: Volatile,
}

#[derive(Clone, Debug)]
struct Volatile {
    /// Everything up to the high watermark, as it was handed over.
    committed: View,
    snapshots: SnapshotGenerator,
    /// Only in office.
    active: Option<Active>,
}

/// What the records add up to.
#[derive(Clone, Debug, Default)]
pub(super) struct View {
    pub(super) image: MetadataImage,
    /// Offset of each broker's latest registration record.
    pub(super) registered_at: BTreeMap<BrokerId, Offset>,
}

/// What the active controller has beside the log.
#[derive(Clone, Debug)]
pub(super) struct Active {
    epoch: LeaderEpoch,
    /// Everything decided so far.
    pub(super) decided: View,
    pub(super) heartbeats: BrokerHeartbeatManager,
    /// In the order of `until`.
    pending: VecDeque<PendingAnswer>,
    tasks: BTreeMap<ControllerTimer, TimerId>,
}

impl View {
    fn replay(&mut self, record: &MetadataRecord) {
        if let MetadataRecord::RegisterBroker { broker, .. } = record {
            self.registered_at.insert(*broker, self.image.end_offset());
        }
        self.image.replay(record);
    }

    fn apply(&mut self, batch: &MetadataBatch) {
        assert_eq!(batch.base_offset, self.image.end_offset(), "batches are applied in order, each once");
        for record in batch.records() {
            self.replay(record);
        }
        self.image.skip_to(batch.end_offset());
    }

    fn of_snapshot(snapshot: &Snapshot) -> Self {
        let image = MetadataImage::of_snapshot(snapshot);
        // When exactly they registered is no longer known: not after the snapshot's last record.
        let last = Offset(snapshot.id.offset.0.saturating_sub(1));
        let registered_at = image.brokers().map(|(id, _)| (id, last)).collect();
        Self { image, registered_at }
    }
}

impl Active {
    /// The only way in which a decision takes effect.
    fn replay(&mut self, record: &MetadataRecord) {
        self.decided.replay(record);
        match record {
            MetadataRecord::RegisterBroker { broker, .. } | MetadataRecord::FenceBroker { broker, .. } => {
                self.heartbeats.register(*broker, true);
            }
            MetadataRecord::UnfenceBroker { broker, .. } => self.heartbeats.register(*broker, false),
            _ => {}
        }
    }
}

impl Volatile {
    fn new(now: Time) -> Self {
        Self { committed: View::default(), snapshots: SnapshotGenerator::new(now), active: None }
    }
}

/// Who asked, and under which number.
#[derive(Clone, Copy)]
pub(super) struct Caller {
    pub(super) node: NodeId,
    pub(super) correlation: CorrelationId,
}

impl Controller {
    /// A controller with an empty disk. `config` is its own `server.properties`, `voters` all controllers.
    #[must_use]
    pub fn new(id: BrokerId, voters: Vec<BrokerId>, config: BrokerConfig) -> Self {
        let raft = RaftClient::new(Role::Voter(id), voters, RaftConfig::new(&config));
        Self { id, config, raft, bootstrap: BTreeMap::new(), volatile: Volatile::new(Time::ZERO) }
    }

    /// What `kafka-storage format` leaves for the first active controller to write: the features and their levels.
    #[must_use]
    pub fn formatted_with(mut self, features: &BTreeMap<String, u16>) -> Self {
        self.bootstrap = features.clone();
        self
    }

    // ---- for spectators ----------------------------------------------------------------------------------------

    #[must_use]
    pub fn id(&self) -> BrokerId {
        self.id
    }

    #[must_use]
    pub fn config(&self) -> &BrokerConfig {
        &self.config
    }

    /// Its replica of the metadata log, and where it stands in the quorum.
    #[must_use]
    pub fn raft(&self) -> &RaftClient {
        &self.raft
    }

    /// Is it the one that decides, as far as it knows?
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.volatile.active.is_some()
    }

    /// The committed metadata as this controller knows them; after a crash, what they were then.
    #[must_use]
    pub fn image(&self) -> &MetadataImage {
        &self.volatile.committed.image
    }

    /// The metadata that decisions are made on; ahead of [`Self::image`] while records are being committed.
    #[must_use]
    pub fn decided_image(&self) -> &MetadataImage {
        self.volatile.active.as_ref().map_or(self.image(), |active| &active.decided.image)
    }

    /// The log as it is on disk or in the page cache.
    #[must_use]
    pub fn log(&self) -> &MetadataLog {
        self.raft.log()
    }

    /// Records decided but not yet written, in order; the first has the log's end offset.
    #[must_use]
    pub fn unwritten(&self) -> &[MetadataRecord] {
        self.raft.unwritten()
    }

    /// Everything before this is committed and applied here.
    #[must_use]
    pub fn high_watermark(&self) -> Offset {
        self.image().end_offset()
    }

    /// Broker, its session, and when that expires. None on a standby.
    pub fn sessions(&self) -> impl Iterator<Item = (BrokerId, Session, Time)> {
        self.volatile.active.iter().flat_map(|active| active.heartbeats.sessions())
    }

    /// What the controller takes the broker to be; `None` if it is not registered, or on a standby.
    #[must_use]
    pub fn broker_state(&self, broker: BrokerId) -> Option<BrokerControlState> {
        self.volatile.active.as_ref()?.heartbeats.state(broker)
    }

    /// Answers that wait for their records to be committed.
    pub fn pending_answers(&self) -> impl Iterator<Item = &PendingAnswer> {
        self.volatile.active.iter().flat_map(|active| &active.pending)
    }

    // ---- in office and out of it -------------------------------------------------------------------------------

    pub(super) fn active(&self) -> &Active {
        self.volatile.active.as_ref().expect("only the active controller decides")
    }

    pub(super) fn active_mut(&mut self) -> &mut Active {
        self.volatile.active.as_mut().expect("only the active controller decides")
    }

    /// May it decide? If the quorum has moved on without telling it, it finds out now (`prepareAppend` would fail).
    pub(super) fn is_in_office(&mut self, ctx: &mut Ctx<'_>) -> bool {
        let Some(active) = &self.volatile.active else { return false };
        let quorum = self.raft.quorum();
        if quorum.is_leader() && quorum.epoch == active.epoch {
            return true;
        }
        self.renounce(ctx);
        false
    }

    /// `QuorumController.claim`: the log up to here is applied and committed; the next record is this controller's.
    fn claim(&mut self, ctx: &mut Ctx<'_>, epoch: LeaderEpoch) {
        let decided = self.volatile.committed.clone();
        assert_eq!(
            decided.image.end_offset(),
            self.raft.next_write_offset(),
            "a new controller begins with a clean slate"
        );
        let mut heartbeats = BrokerHeartbeatManager::new(self.config.broker_session_timeout);
        for (id, broker) in decided.image.brokers() {
            heartbeats.register(id, broker.fenced);
            if !broker.fenced {
                heartbeats.update_contact_time(id, broker.epoch, ctx.now());
            }
        }
        let active = Active { epoch, decided, heartbeats, pending: VecDeque::new(), tasks: BTreeMap::new() };
        self.volatile.active = Some(active);
        ctx.emit(ControllerFact::Activated { epoch });
        if self.active().decided.image.is_empty() {
            let level = |(feature, level): (&String, &u16)| MetadataRecord::FeatureLevel {
                feature: feature.as_str().into(),
                level: *level,
            };
            let records: Vec<MetadataRecord> = self.bootstrap.iter().map(level).collect();
            self.append(ctx, records, ElectedBecause::Preferred);
        }
        for task in [
            ControllerTimer::FenceStaleBroker,
            ControllerTimer::WriteNoOp,
            ControllerTimer::BalanceLeaders,
            ControllerTimer::ElectUncleanLeaders,
        ] {
            self.schedule(ctx, task);
        }
    }

    /// `QuorumController.renounce`: back to what is committed.
    fn renounce(&mut self, ctx: &mut Ctx<'_>) {
        let Some(active) = self.volatile.active.take() else { return };
        let undone = active.decided.image.end_offset().since(self.volatile.committed.image.end_offset());
        let refused = active.pending.len() as u64;
        ctx.emit(ControllerFact::Renounced { epoch: active.epoch, undone, refused });
        for timer in active.tasks.into_values() {
            ctx.cancel_timer(timer);
        }
        for answer in active.pending {
            let caller = Caller { node: answer.to, correlation: answer.correlation };
            reply(ctx, caller, answer.response.refused(ErrorCode::NotController));
        }
        if self.raft.quorum().epoch == active.epoch {
            self.raft.ask_to_resign(ctx);
        }
    }

    /// What the Raft client has to tell, in order.
    fn settle(&mut self, ctx: &mut Ctx<'_>) {
        while let Some(event) = self.raft.next_event() {
            match event {
                RaftEvent::Committed(batch) => self.committed(ctx, &batch),
                RaftEvent::SnapshotLoaded(snapshot) => {
                    assert!(self.volatile.active.is_none(), "the active controller has all there is");
                    self.volatile.committed = View::of_snapshot(&snapshot);
                    self.volatile.snapshots.loaded(ctx.now());
                }
                RaftEvent::LeaderChanged(current) => {
                    let is_me = current.leader == Some(self.id);
                    let is_other_epoch =
                        self.volatile.active.as_ref().is_some_and(|active| active.epoch != current.epoch);
                    if is_other_epoch || !is_me {
                        self.renounce(ctx);
                    }
                    if is_me && self.volatile.active.is_none() {
                        self.claim(ctx, current.epoch);
                    }
                }
            }
        }
    }

    /// `handleCommit`: a standby learns of it now; the active controller may let go of the answers that waited for it.
    fn committed(&mut self, ctx: &mut Ctx<'_>, batch: &MetadataBatch) {
        let Self { config, raft, volatile: Volatile { committed, snapshots, active }, .. } = self;
        committed.apply(batch);
        snapshots.applied(ctx, config, raft, batch, &committed.image);
        let Some(active) = active else { return };
        let end = batch.end_offset();
        ctx.emit(ControllerFact::MetadataCommitted { first: batch.base_offset, last: Offset(end.0 - 1) });
        while active.pending.front().is_some_and(|answer| answer.until <= end) {
            let answer = active.pending.pop_front().expect("the front was just looked at");
            let body = Body::Response { correlation: answer.correlation, response: answer.response };
            ctx.send(answer.to, body);
        }
    }

    // ---- deciding ----------------------------------------------------------------------------------------------

    pub(super) fn control(&self) -> ReplicationControl<'_> {
        ReplicationControl { image: &self.active().decided.image, config: &self.config }
    }

    /// Makes a decision effective here and sends it on its way to the log. `why` is told of elections among the
    /// records, unless the records themselves show another reason.
    pub(super) fn append(&mut self, ctx: &mut Ctx<'_>, records: Vec<MetadataRecord>, why: ElectedBecause) {
        let active = self.volatile.active.as_mut().expect("only the active controller decides");
        for record in &records {
            let before = telling::partition_before(record, &active.decided.image);
            active.replay(record);
            for fact in telling::facts(record, before, &active.decided.image, why) {
                ctx.emit(fact);
            }
        }
        self.raft.append(ctx, records);
        let decided = self.active().decided.image.end_offset();
        assert_eq!(decided, self.raft.next_write_offset(), "what was decided is what is written");
    }

    /// Even an answer without records waits for those before it: it was given on the strength of them
    /// (`QuorumController.ControllerWriteEvent`).
    pub(super) fn answer_when_committed(&mut self, ctx: &mut Ctx<'_>, caller: Caller, response: impl Into<Response>) {
        let (until, committed) = (self.active().decided.image.end_offset(), self.high_watermark());
        if until <= committed {
            return reply(ctx, caller, response);
        }
        let Caller { node: to, correlation } = caller;
        self.active_mut().pending.push_back(PendingAnswer { until, to, correlation, response: response.into() });
    }

    // ---- periodic tasks ----------------------------------------------------------------------------------------

    fn schedule(&mut self, ctx: &mut Ctx<'_>, task: ControllerTimer) {
        let config = &self.config;
        let period = match task {
            ControllerTimer::FenceStaleBroker => Some(Span(config.broker_session_timeout.0 / 8).max(Span::millis(1))),
            ControllerTimer::WriteNoOp => Some(config.metadata_max_idle_interval).filter(|period| *period > Span::ZERO),
            ControllerTimer::BalanceLeaders => {
                config.auto_leader_rebalance_enable.then_some(config.leader_imbalance_check_interval)
            }
            ControllerTimer::ElectUncleanLeaders => Some(config.unclean_leader_election_interval),
        };
        if let Some(period) = period {
            self.schedule_after(ctx, period, task);
        }
    }

    fn schedule_after(&mut self, ctx: &mut Ctx<'_>, period: Span, task: ControllerTimer) {
        let timer = ctx.set_timer(period, task.into());
        self.active_mut().tasks.insert(task, timer);
    }

    /// Elections that may be too many for one pass.
    fn elect(&mut self, ctx: &mut Ctx<'_>, task: ControllerTimer) {
        let (records, why) = match task {
            ControllerTimer::BalanceLeaders => (self.control().balance_leaders(), ElectedBecause::Preferred),
            _ => (self.control().elect_unclean_leaders(), ElectedBecause::ReplicaReturned),
        };
        if records.len() >= MAX_ELECTIONS_PER_PASS {
            self.schedule_after(ctx, CONTINUE_AFTER, task);
        } else {
            self.schedule(ctx, task);
        }
        self.append(ctx, records, why);
    }

    fn run_task(&mut self, ctx: &mut Ctx<'_>, task: ControllerTimer) {
        match task {
            ControllerTimer::FenceStaleBroker => {
                self.fence_stale_broker(ctx);
                self.schedule(ctx, task);
            }
            ControllerTimer::WriteNoOp => {
                self.append(ctx, vec![MetadataRecord::NoOp], ElectedBecause::Preferred);
                self.schedule(ctx, task);
            }
            ControllerTimer::BalanceLeaders | ControllerTimer::ElectUncleanLeaders => self.elect(ctx, task),
        }
    }

    fn request(&mut self, ctx: &mut Ctx<'_>, caller: Caller, request: Request) {
        if !self.is_in_office(ctx) {
            let refusal = request.refused(ErrorCode::NotController);
            return refusal.into_iter().for_each(|response| reply(ctx, caller, response));
        }
        match request {
            Request::BrokerRegistration(request) => self.register(ctx, caller, &request),
            Request::BrokerHeartbeat(request) => self.heartbeat(ctx, caller, &request),
            Request::AlterPartition(request) => self.alter_partition(ctx, caller, &request),
            Request::CreateTopics(request) => self.create_topics(ctx, caller, &request),
            Request::DeleteTopics(request) => self.delete_topics(ctx, caller, &request),
            Request::CreatePartitions(request) => self.create_partitions(ctx, caller, &request),
            Request::AllocateProducerIds(request) => self.allocate_producer_ids(ctx, caller, request),
            Request::ElectLeaders(request) => self.elect_leaders(ctx, caller, &request),
            Request::AlterPartitionReassignments(request) => self.reassign(ctx, caller, &request),
            Request::ListPartitionReassignments(_) => self.list_reassignments(ctx, caller),
            // The rest is for brokers; a controller's listener would close the connection.
            _ => {}
        }
    }
}

pub(super) fn reply(ctx: &mut Ctx<'_>, caller: Caller, response: impl Into<Response>) {
    ctx.send(caller.node, Body::Response { correlation: caller.correlation, response: response.into() });
}

impl Node<Kafka> for Controller {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        self.volatile = Volatile::new(ctx.now());
        self.raft.start(ctx);
        self.settle(ctx);
    }

    fn message(&mut self, ctx: &mut Ctx<'_>, from: NodeId, body: Body) {
        if is_for_raft(&body) {
            self.raft.message(ctx, from, body);
        } else if let Body::Request { correlation, request } = body {
            self.request(ctx, Caller { node: from, correlation }, request);
        }
        self.settle(ctx);
    }

    fn timer(&mut self, ctx: &mut Ctx<'_>, timer: Timer) {
        match timer {
            Timer::Raft(_) => self.raft.timer(ctx),
            Timer::Controller(task) if self.is_in_office(ctx) => self.run_task(ctx, task),
            _ => {}
        }
        self.settle(ctx);
    }

    fn flushed(&mut self, ctx: &mut Ctx<'_>, token: Token) {
        if let Token::Raft(write) = token {
            self.raft.flushed(ctx, &write);
        }
        self.settle(ctx);
    }

    /// A broker's session goes on: a broken connection proves no death.
    fn disconnected(&mut self, ctx: &mut Ctx<'_>, peer: NodeId) {
        self.raft.disconnected(ctx, peer);
        self.settle(ctx);
    }

    fn crash(&mut self, how: Crash) {
        self.raft.crash(how);
        self.volatile.active = None;
    }
}
