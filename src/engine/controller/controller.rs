//! The controller as a node: Kafka's `QuorumController` over a Raft quorum of one voter.
//!
//! Requests are decided in the order of their arrival: decide → records → replay. The image used for decisions is
//! therefore ahead of the log; nobody outside may see that. Records gather for `controller.quorum.append.linger.ms`, are
//! written as one batch and flushed; with a single voter the high watermark moves when the flush is done. Only then are
//! the requests that caused them answered, and only then do brokers, who fetch the log as observers, get to see them.
//!
//! Always holds: committed ≤ flushed ≤ written ≤ decided, and the committed image is the replay of the log up to the
//! high watermark. A crash loses what was not written, a power loss what was not flushed: both were never promised.
//!
//! Elections among several voters, snapshots and standby controllers come with a larger quorum.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::broker_heartbeat_manager::{BrokerControlState, BrokerHeartbeatManager, Session, is_caught_up};
use super::fact::{ControllerFact, ElectedBecause, FencedBecause};
use super::metadata_log::MetadataLog;
use super::replication_control::{MAX_ELECTIONS_PER_PASS, ReplicationControl};
use crate::engine::common::{BrokerEpoch, BrokerId, CorrelationId, ErrorCode, NodeId, Offset, Span, Time};
use crate::engine::config::{BrokerConfig, TopicConfig};
use crate::engine::metadata::{MetadataImage, MetadataRecord};
use crate::engine::protocol::{
    AlterPartitionRequest, AlterPartitionResponse, ApiKey, Body, BrokerHeartbeatRequest, BrokerHeartbeatResponse,
    BrokerRegistrationRequest, BrokerRegistrationResponse, CreateTopicsRequest, CreateTopicsResponse,
    MetadataLogRequest, MetadataLogResponse, Request, Response,
};
use crate::engine::runtime::{Crash, Node, TimerId};
use crate::engine::{Ctx, Kafka, Timer, Token};

/// How long a fetch of the log may wait for records (`KafkaRaftClient.MAX_FETCH_WAIT_MS`).
const MAX_FETCH_WAIT: Span = Span::millis(500);

/// Records in one answer. Kafka bounds it by 8 MiB; this many of ours stay below that.
const MAX_FETCH_RECORDS: usize = 10_000;

/// Pause before a periodic task goes on that has not come to its end (`PeriodicTaskFlag`, 10 ms).
const CONTINUE_AFTER: Span = Span::millis(10);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ControllerTimer {
    /// Decided records have gathered long enough: write them.
    AppendLinger,
    /// A parked fetch has waited long enough.
    FetchExpired { observer: BrokerId, correlation: CorrelationId },
    /// Look for one broker whose session has expired; every eighth of `broker.session.timeout.ms`.
    FenceStaleBroker,
    /// `metadata.max.idle.interval.ms`.
    WriteNoOp,
    /// `leader.imbalance.check.interval.seconds`.
    BalanceLeaders,
    /// `unclean.leader.election.interval.ms`.
    ElectUncleanLeaders,
}

/// A fetch of the log that waits for something to fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParkedFetch {
    pub correlation: CorrelationId,
    pub fetch_offset: Offset,
    pub since: Time,
    pub deadline: Time,
    timer: TimerId,
}

/// How far a broker has come with fetching the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observer {
    pub fetch_offset: Offset,
    pub last_fetch: Time,
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
    config: BrokerConfig,
    durable: Durable,
    volatile: Volatile,
}

#[derive(Clone, Debug, Default)]
struct Durable {
    log: MetadataLog,
}

#[derive(Clone, Debug)]
struct Volatile {
    /// Everything decided so far.
    decided: MetadataImage,
    /// Everything up to the high watermark.
    committed: MetadataImage,
    heartbeats: BrokerHeartbeatManager,
    /// Offset of each broker's latest registration record.
    registered_at: BTreeMap<BrokerId, Offset>,
    /// Decided, not yet written (`BatchAccumulator`).
    accumulator: Vec<MetadataRecord>,
    /// In the order of `until`.
    pending: VecDeque<PendingAnswer>,
    parked: BTreeMap<BrokerId, ParkedFetch>,
    observers: BTreeMap<BrokerId, Observer>,
}

impl Volatile {
    /// What a process knows that has read the log and nothing else.
    fn recover(log: &MetadataLog, session_timeout: Span) -> Self {
        let mut volatile = Self {
            decided: MetadataImage::default(),
            committed: MetadataImage::default(),
            heartbeats: BrokerHeartbeatManager::new(session_timeout),
            registered_at: BTreeMap::new(),
            accumulator: Vec::new(),
            pending: VecDeque::new(),
            parked: BTreeMap::new(),
            observers: BTreeMap::new(),
        };
        for (offset, record) in log.iter_from(Offset(0)) {
            // With one voter, what is on its disk is committed.
            if offset < log.flushed_offset() {
                volatile.committed.replay(record);
            }
            volatile.replay(record);
        }
        volatile
    }

    /// The only way in which a decision takes effect.
    fn replay(&mut self, record: &MetadataRecord) {
        let offset = self.decided.end_offset();
        self.decided.replay(record);
        match record {
            MetadataRecord::RegisterBroker { broker, .. } => {
                self.registered_at.insert(*broker, offset);
                self.heartbeats.register(*broker, true);
            }
            MetadataRecord::FenceBroker { broker, .. } => self.heartbeats.register(*broker, true),
            MetadataRecord::UnfenceBroker { broker, .. } => self.heartbeats.register(*broker, false),
            _ => {}
        }
    }
}

/// Who asked, and under which number.
#[derive(Clone, Copy)]
struct Caller {
    node: NodeId,
    correlation: CorrelationId,
}

impl Controller {
    /// A controller with an empty log. `config` is its own `server.properties`.
    #[must_use]
    pub fn new(id: BrokerId, config: BrokerConfig) -> Self {
        let durable = Durable::default();
        let volatile = Volatile::recover(&durable.log, config.broker_session_timeout);
        Self { id, config, durable, volatile }
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

    /// The committed metadata: what brokers may know.
    #[must_use]
    pub fn image(&self) -> &MetadataImage {
        &self.volatile.committed
    }

    /// The metadata that decisions are made on; ahead of [`Self::image`] while records are being committed.
    #[must_use]
    pub fn decided_image(&self) -> &MetadataImage {
        &self.volatile.decided
    }

    /// The log as it is on disk or in the page cache.
    #[must_use]
    pub fn log(&self) -> &MetadataLog {
        &self.durable.log
    }

    /// Records decided but not yet written, in order; the first has the log's end offset.
    #[must_use]
    pub fn unwritten(&self) -> &[MetadataRecord] {
        &self.volatile.accumulator
    }

    /// Everything before this is committed.
    #[must_use]
    pub fn high_watermark(&self) -> Offset {
        self.volatile.committed.end_offset()
    }

    /// Broker, its session, and when that expires.
    pub fn sessions(&self) -> impl Iterator<Item = (BrokerId, Session, Time)> {
        self.volatile.heartbeats.sessions()
    }

    /// What the controller takes the broker to be; `None` if it is not registered.
    #[must_use]
    pub fn broker_state(&self, broker: BrokerId) -> Option<BrokerControlState> {
        self.volatile.heartbeats.state(broker)
    }

    /// How far each broker that fetches the log has come.
    pub fn observers(&self) -> impl Iterator<Item = (BrokerId, Observer)> {
        self.volatile.observers.iter().map(|(id, observer)| (*id, *observer))
    }

    /// Fetches that wait for records.
    pub fn parked_fetches(&self) -> impl Iterator<Item = (BrokerId, &ParkedFetch)> {
        self.volatile.parked.iter().map(|(id, fetch)| (*id, fetch))
    }

    /// Answers that wait for their records to be committed.
    pub fn pending_answers(&self) -> impl Iterator<Item = &PendingAnswer> {
        self.volatile.pending.iter()
    }

    // ---- what the user does ------------------------------------------------------------------------------------

    /// `kafka-configs.sh --alter` on a topic.
    ///
    /// # Errors
    /// The topic does not exist, or Kafka refuses a value; nothing has changed then.
    pub fn alter_topic_configs(
        &mut self,
        ctx: &mut Ctx<'_>,
        topic: &str,
        configs: &BTreeMap<String, String>,
    ) -> Result<(), String> {
        let Some(id) = self.volatile.decided.topic_id(topic) else {
            return Err(format!("The topic '{topic}' does not exist."));
        };
        let mut checked = TopicConfig::for_version(self.config.version);
        for (key, value) in configs {
            checked.set(key, value).map_err(|problem| problem.what)?;
        }
        let mut records = Vec::new();
        for (key, value) in configs {
            let (key, value): (Arc<str>, Arc<str>) = (key.as_str().into(), value.trim().into());
            ctx.emit(ControllerFact::TopicReconfigured { topic: id, key: key.clone(), value: value.clone() });
            records.push(MetadataRecord::TopicConfig { topic: id, key, value: Some(value) });
        }
        self.append(ctx, records, ElectedBecause::Unclean);
        Ok(())
    }

    // ---- registration and heartbeats ---------------------------------------------------------------------------

    /// `ClusterControlManager.registerBroker`.
    fn register(&mut self, ctx: &mut Ctx<'_>, caller: Caller, request: &BrokerRegistrationRequest) {
        let (broker, incarnation) = (request.broker, request.incarnation);
        let existing = self.volatile.decided.broker(broker).cloned();
        let again = existing.as_ref().is_some_and(|existing| existing.incarnation == incarnation);
        let heartbeats = &self.volatile.heartbeats;
        let taken = existing.as_ref().is_some_and(|existing| {
            heartbeats.has_valid_session(broker, existing.epoch, ctx.now()) && !heartbeats.is_shutting_down(broker)
        });
        if taken && !again {
            let error = ErrorCode::DuplicateBrokerRegistration;
            ctx.emit(ControllerFact::RegistrationRefused { broker, error });
            return reply(ctx, caller, BrokerRegistrationResponse { outcome: Err(error) });
        }
        let mut records = match &existing {
            // The older process is gone, and what it had is as good as unknown: as if it had been fenced.
            Some(_) if !again => self.control().remove_from_isrs(broker),
            _ => Vec::new(),
        };
        let own_offset = self.volatile.decided.end_offset().plus(records.len() as u64);
        let epoch = match &existing {
            Some(existing) if again => existing.epoch,
            _ => BrokerEpoch(own_offset.0),
        };
        records.push(MetadataRecord::RegisterBroker { broker, epoch, incarnation, rack: request.rack.clone() });
        let was_unfenced = existing.is_some_and(|existing| !existing.fenced);
        if again && was_unfenced {
            // The same process asks once more: an amendment, which leaves it as it was.
            records.push(MetadataRecord::UnfenceBroker { broker, epoch });
        } else if was_unfenced {
            ctx.emit(ControllerFact::BrokerFenced { broker, why: FencedBecause::Reregistered });
        }
        if !again {
            self.volatile.heartbeats.remove(broker);
        }
        ctx.emit(ControllerFact::BrokerRegistered { broker, epoch });
        self.append(ctx, records, ElectedBecause::LeaderFenced);
        self.volatile.heartbeats.update_contact_time(broker, epoch, ctx.now());
        self.answer_when_committed(ctx, caller, BrokerRegistrationResponse { outcome: Ok(epoch) });
    }

    /// `ReplicationControlManager.processBrokerHeartbeat`.
    fn heartbeat(&mut self, ctx: &mut Ctx<'_>, caller: Caller, request: &BrokerHeartbeatRequest) {
        let (broker, epoch) = (request.broker, request.broker_epoch);
        if let Err(error) = self.control().check_broker_epoch(broker, epoch) {
            let error = Some(error);
            let refused =
                BrokerHeartbeatResponse { error, is_caught_up: false, is_fenced: true, should_shut_down: false };
            return reply(ctx, caller, refused);
        }
        self.volatile.heartbeats.update_contact_time(broker, epoch, ctx.now());
        let registered_at = self.volatile.registered_at[&broker];
        let current = self.volatile.heartbeats.state(broker);
        let has_leaderships = || self.control().has_leaderships(broker);
        let next = self.volatile.heartbeats.next_state(request, registered_at, has_leaderships);
        if current != Some(next) {
            match next {
                BrokerControlState::Fenced => self.fence(ctx, broker, FencedBecause::Asked),
                BrokerControlState::ShutdownNow => self.fence(ctx, broker, FencedBecause::ShutDown),
                BrokerControlState::Unfenced => {
                    ctx.emit(ControllerFact::BrokerUnfenced { broker });
                    let records = self.control().unfence(broker, epoch);
                    self.append(ctx, records, ElectedBecause::ReplicaReturned);
                }
                BrokerControlState::ControlledShutdown => {
                    let records = self.control().remove_from_isrs(broker);
                    self.append(ctx, records, ElectedBecause::LeaderShutsDown);
                }
            }
        }
        if !request.offline_replicas.is_empty() {
            let records = self.control().remove_offline_replicas(broker, &request.offline_replicas);
            self.append(ctx, records, ElectedBecause::LogDirFailed);
        }
        let last_decided = Offset(self.volatile.decided.end_offset().0 - 1);
        let heartbeats = &mut self.volatile.heartbeats;
        heartbeats.touch(broker, next.is_fenced(), Some(request.current_metadata_offset));
        match next {
            BrokerControlState::ControlledShutdown => {
                heartbeats.maybe_update_controlled_shutdown_offset(broker, last_decided);
            }
            // It says goodbye, so its next process need not wait for a session to expire.
            BrokerControlState::ShutdownNow => heartbeats.remove_session(broker),
            BrokerControlState::Fenced | BrokerControlState::Unfenced => {}
        }
        let response = BrokerHeartbeatResponse {
            error: None,
            is_caught_up: is_caught_up(request, registered_at),
            is_fenced: next.is_fenced(),
            should_shut_down: next == BrokerControlState::ShutdownNow,
        };
        self.answer_when_committed(ctx, caller, response);
    }

    fn fence(&mut self, ctx: &mut Ctx<'_>, broker: BrokerId, why: FencedBecause) {
        if self.volatile.decided.broker(broker).is_some_and(|registration| !registration.fenced) {
            ctx.emit(ControllerFact::BrokerFenced { broker, why });
            let records = self.control().fence(broker);
            self.append(ctx, records, ElectedBecause::LeaderFenced);
        }
    }

    /// `maybeFenceOneStaleBroker`: one at a time, so that each sees the effect of the one before.
    fn fence_stale_broker(&mut self, ctx: &mut Ctx<'_>) {
        if let Some(broker) = self.volatile.heartbeats.maybe_remove_expired(ctx.now()) {
            self.fence(ctx, broker, FencedBecause::SessionExpired);
        }
    }

    // ---- partitions and topics ---------------------------------------------------------------------------------

    fn alter_partition(&mut self, ctx: &mut Ctx<'_>, caller: Caller, request: &AlterPartitionRequest) {
        let (records, partitions) = match self.control().alter_partition(request) {
            Ok(decided) => decided,
            Err(error) => {
                let error = Some(error);
                return reply(ctx, caller, AlterPartitionResponse { error, partitions: Vec::new() });
            }
        };
        for (partition, outcome) in &partitions {
            if let Err(error) = outcome {
                let (partition, broker, error) = (*partition, request.broker, *error);
                ctx.emit(ControllerFact::IsrRefused { partition, broker, error });
            }
        }
        self.append(ctx, records, ElectedBecause::LeaderFenced);
        self.answer_when_committed(ctx, caller, AlterPartitionResponse { error: None, partitions });
    }

    fn create_topics(&mut self, ctx: &mut Ctx<'_>, caller: Caller, request: &CreateTopicsRequest) {
        let (records, topics) = self.control().create_topics(&request.topics, ctx.rng());
        self.append(ctx, records, ElectedBecause::Preferred);
        for (name, outcome) in &topics {
            let name = name.clone();
            ctx.emit(match outcome {
                Ok(topic) => {
                    let image = self.volatile.decided.topic(*topic).expect("the topic was just created");
                    let count = |len: usize| u32::try_from(len).expect("a topic has fewer than 2^32 partitions");
                    let partitions = count(image.partitions.len());
                    let replicas = image.partitions.values().next().map_or(0, |first| first.replicas.len());
                    ControllerFact::TopicCreated {
                        topic: *topic,
                        name,
                        partitions,
                        replication_factor: count(replicas),
                    }
                }
                Err((error, message)) => ControllerFact::TopicRefused { name, error: *error, message: message.clone() },
            });
        }
        self.answer_when_committed(ctx, caller, CreateTopicsResponse { topics });
    }

    // ---- the log -----------------------------------------------------------------------------------------------

    fn control(&self) -> ReplicationControl<'_> {
        let Volatile { decided, heartbeats, .. } = &self.volatile;
        ReplicationControl { image: decided, heartbeats, config: &self.config }
    }

    /// Makes a decision effective here and sends it on its way to the log. `why` is told of elections among the
    /// records, unless the records themselves show another reason.
    fn append(&mut self, ctx: &mut Ctx<'_>, records: Vec<MetadataRecord>, why: ElectedBecause) {
        if records.is_empty() {
            return;
        }
        if self.volatile.accumulator.is_empty() {
            ctx.set_timer(self.config.controller_quorum_append_linger, Timer::from(ControllerTimer::AppendLinger));
        }
        for record in records {
            let before = match &record {
                MetadataRecord::PartitionChange { partition, .. } => {
                    Some((*partition, self.volatile.decided.partition(*partition).cloned()))
                }
                _ => None,
            };
            self.volatile.replay(&record);
            if let Some((partition, Some(before))) = before {
                let after = self.volatile.decided.partition(partition).expect("a change does not remove a partition");
                if before.leader != after.leader {
                    let unclean = after.leader.is_some_and(|leader| !before.isr.contains(&leader));
                    ctx.emit(ControllerFact::LeaderElected {
                        partition,
                        from: before.leader,
                        to: after.leader,
                        leader_epoch: after.leader_epoch,
                        isr: after.isr.clone(),
                        why: if unclean { ElectedBecause::Unclean } else { why },
                    });
                }
                if before.isr != after.isr {
                    ctx.emit(ControllerFact::IsrChanged {
                        partition,
                        from: before.isr,
                        to: after.isr.clone(),
                        leader: after.leader,
                        partition_epoch: after.partition_epoch,
                    });
                }
            }
            self.volatile.accumulator.push(record);
        }
    }

    /// The accumulated records become one batch of the log.
    fn write(&mut self, ctx: &mut Ctx<'_>) {
        let records = std::mem::take(&mut self.volatile.accumulator);
        let bytes = self.durable.log.append(records);
        let end = self.durable.log.end_offset();
        assert_eq!(end, self.volatile.decided.end_offset(), "what was decided is what is written");
        ctx.flush(bytes, Token::MetadataLog { end });
    }

    /// With one voter its own disk is the majority.
    fn commit(&mut self, ctx: &mut Ctx<'_>, end: Offset) {
        self.durable.log.mark_flushed(end);
        let first = self.high_watermark();
        if end <= first {
            return;
        }
        for (offset, record) in self.durable.log.iter_from(first) {
            if offset >= end {
                break;
            }
            self.volatile.committed.replay(record);
        }
        ctx.emit(ControllerFact::MetadataCommitted { first, last: Offset(end.0 - 1) });
        while self.volatile.pending.front().is_some_and(|answer| answer.until <= end) {
            let answer = self.volatile.pending.pop_front().expect("the front was just looked at");
            let body = Body::Response { correlation: answer.correlation, response: answer.response };
            ctx.send(answer.to, body);
        }
        let parked: Vec<BrokerId> = self.volatile.parked.keys().copied().collect();
        for observer in parked {
            if self.volatile.parked[&observer].fetch_offset < end {
                self.answer_fetch(ctx, observer);
            }
        }
    }

    /// Even an answer without records waits for those before it: it was given on the strength of them
    /// (`QuorumController.ControllerWriteEvent`).
    fn answer_when_committed(&mut self, ctx: &mut Ctx<'_>, caller: Caller, response: impl Into<Response>) {
        let until = self.volatile.decided.end_offset();
        if until <= self.high_watermark() {
            return reply(ctx, caller, response);
        }
        let Caller { node: to, correlation } = caller;
        self.volatile.pending.push_back(PendingAnswer { until, to, correlation, response: response.into() });
    }

    // ---- fetching the log --------------------------------------------------------------------------------------

    fn fetch(&mut self, ctx: &mut Ctx<'_>, caller: Caller, request: &MetadataLogRequest) {
        let MetadataLogRequest { observer, fetch_offset } = *request;
        self.volatile.observers.insert(observer, Observer { fetch_offset, last_fetch: ctx.now() });
        // A broker has one fetch at a time; an older one that is still here has been given up.
        self.unpark(ctx, observer);
        let correlation = caller.correlation;
        let timer = ctx.set_timer(MAX_FETCH_WAIT, ControllerTimer::FetchExpired { observer, correlation }.into());
        let (since, deadline) = (ctx.now(), ctx.now() + MAX_FETCH_WAIT);
        self.volatile.parked.insert(observer, ParkedFetch { correlation, fetch_offset, since, deadline, timer });
        if fetch_offset < self.high_watermark() {
            self.answer_fetch(ctx, observer);
        }
    }

    fn unpark(&mut self, ctx: &mut Ctx<'_>, observer: BrokerId) -> Option<ParkedFetch> {
        let parked = self.volatile.parked.remove(&observer)?;
        ctx.cancel_timer(parked.timer);
        Some(parked)
    }

    /// Answers a parked fetch with what is committed, be it nothing.
    fn answer_fetch(&mut self, ctx: &mut Ctx<'_>, observer: BrokerId) {
        let Some(parked) = self.unpark(ctx, observer) else { return };
        let high_watermark = self.high_watermark();
        let committed = self.durable.log.iter_from(parked.fetch_offset);
        let committed = committed.take_while(|(offset, _)| *offset < high_watermark).take(MAX_FETCH_RECORDS);
        let response = MetadataLogResponse {
            error: None,
            base_offset: parked.fetch_offset,
            high_watermark,
            records: committed.map(|(_, record)| record.clone()).collect(),
        };
        let caller = Caller { node: NodeId::Broker(observer), correlation: parked.correlation };
        reply(ctx, caller, response);
    }

    // ---- periodic tasks ----------------------------------------------------------------------------------------

    fn schedule(&self, ctx: &mut Ctx<'_>, task: ControllerTimer) {
        let config = &self.config;
        let period = match task {
            ControllerTimer::FenceStaleBroker => Some(Span(config.broker_session_timeout.0 / 8).max(Span::millis(1))),
            ControllerTimer::WriteNoOp => Some(config.metadata_max_idle_interval).filter(|period| *period > Span::ZERO),
            ControllerTimer::BalanceLeaders => {
                config.auto_leader_rebalance_enable.then_some(config.leader_imbalance_check_interval)
            }
            ControllerTimer::ElectUncleanLeaders => Some(config.unclean_leader_election_interval),
            ControllerTimer::AppendLinger | ControllerTimer::FetchExpired { .. } => None,
        };
        if let Some(period) = period {
            ctx.set_timer(period, task.into());
        }
    }

    /// Elections that may be too many for one pass.
    fn elect(&mut self, ctx: &mut Ctx<'_>, task: ControllerTimer) {
        let (records, why) = match task {
            ControllerTimer::BalanceLeaders => (self.control().balance_leaders(), ElectedBecause::Preferred),
            _ => (self.control().elect_unclean_leaders(), ElectedBecause::ReplicaReturned),
        };
        if records.len() >= MAX_ELECTIONS_PER_PASS {
            ctx.set_timer(CONTINUE_AFTER, task.into());
        } else {
            self.schedule(ctx, task);
        }
        self.append(ctx, records, why);
    }
}

fn reply(ctx: &mut Ctx<'_>, caller: Caller, response: impl Into<Response>) {
    ctx.send(caller.node, Body::Response { correlation: caller.correlation, response: response.into() });
}

impl Node<Kafka> for Controller {
    /// With nobody else to vote, a controller is the active one as soon as it runs. It does not know when it last heard
    /// from anyone, so every registered broker gets a whole session timeout to show up.
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        let registered: Vec<_> = self.volatile.decided.brokers().map(|(id, broker)| (id, broker.epoch)).collect();
        for (broker, epoch) in registered {
            self.volatile.heartbeats.update_contact_time(broker, epoch, ctx.now());
        }
        for task in [
            ControllerTimer::FenceStaleBroker,
            ControllerTimer::WriteNoOp,
            ControllerTimer::BalanceLeaders,
            ControllerTimer::ElectUncleanLeaders,
        ] {
            self.schedule(ctx, task);
        }
        let log = &self.durable.log;
        if log.flushed_offset() < log.end_offset() {
            ctx.flush(0, Token::MetadataLog { end: log.end_offset() });
        }
    }

    fn message(&mut self, ctx: &mut Ctx<'_>, from: NodeId, body: Body) {
        let Body::Request { correlation, request } = body else { return };
        let caller = Caller { node: from, correlation };
        match request {
            Request::BrokerRegistration(request) => self.register(ctx, caller, &request),
            Request::BrokerHeartbeat(request) => self.heartbeat(ctx, caller, &request),
            Request::AlterPartition(request) => self.alter_partition(ctx, caller, &request),
            Request::CreateTopics(request) => self.create_topics(ctx, caller, &request),
            Request::FetchMetadataLog(request) => self.fetch(ctx, caller, &request),
            // The rest is for brokers; a controller's listener would close the connection.
            _ => {}
        }
    }

    fn timer(&mut self, ctx: &mut Ctx<'_>, timer: Timer) {
        let Timer::Controller(timer) = timer else { return };
        match timer {
            ControllerTimer::AppendLinger => self.write(ctx),
            ControllerTimer::FetchExpired { observer, correlation } => {
                if self.volatile.parked.get(&observer).is_some_and(|parked| parked.correlation == correlation) {
                    self.answer_fetch(ctx, observer);
                }
            }
            ControllerTimer::FenceStaleBroker => {
                self.fence_stale_broker(ctx);
                self.schedule(ctx, timer);
            }
            ControllerTimer::WriteNoOp => {
                self.append(ctx, vec![MetadataRecord::NoOp], ElectedBecause::Preferred);
                self.schedule(ctx, timer);
            }
            ControllerTimer::BalanceLeaders | ControllerTimer::ElectUncleanLeaders => self.elect(ctx, timer),
        }
    }

    fn flushed(&mut self, ctx: &mut Ctx<'_>, token: Token) {
        if let Token::MetadataLog { end } = token {
            self.commit(ctx, end);
        }
    }

    /// A broker that is gone waits for nothing. Its session goes on: a broken connection proves no death.
    fn disconnected(&mut self, ctx: &mut Ctx<'_>, peer: NodeId) {
        if let NodeId::Broker(broker) = peer {
            self.unpark(ctx, broker);
        }
    }

    fn crash(&mut self, how: Crash) {
        if how == Crash::Power {
            self.durable.log.cut_unflushed();
        }
        self.volatile = Volatile::recover(&self.durable.log, self.config.broker_session_timeout);
    }
}
