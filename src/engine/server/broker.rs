//! The broker as a node: it hands each event to the part it concerns, and then looks after what follows from it.

use std::sync::Arc;

use super::BrokerFact;
use super::env::{ControllerChannel, Correlations, Env};
use super::forwarding::Forwarding;
use super::lifecycle::{BrokerState, Lifecycle, Sender};
use super::log_io::producer_state_config;
use super::metadata_answers::{answer_find_coordinator, answer_metadata};
use super::metadata_loader::MetadataLoader;
use super::offsets_log::LocalOffsetsLog;
use super::producer_ids::ProducerIdManager;
use super::replica_manager::{Leadership, ReplicaManager};
use super::timer::BrokerTimer;
use super::topic_creation::TopicCreation;
use super::zk::ZkSupport;
use crate::engine::common::{BrokerEpoch, BrokerId, CorrelationId, NodeId, Span, Time, TopicId};
use crate::engine::config::BrokerConfig;
use crate::engine::coordinator::group::{GroupCoordinator, OFFSETS_TOPIC};
use crate::engine::metadata::MetadataImage;
use crate::engine::protocol::{Body, IsrProposal, Request, Response};
use crate::engine::raft::{RaftClient, RaftConfig, RaftEvent, Role, is_for_raft};
use crate::engine::runtime::{Crash, Domain, Node};
use crate::engine::storage::{LogDir, LogManager};
use crate::engine::{Ctx, Kafka, Token};

/// Every node's alarms in one enum; a broker only ever sees its own.
type Timer = <Kafka as Domain>::Timer;

/// A broker process and its disk.
#[derive(Clone, Debug)]
pub struct Broker {
    pub(super) id: BrokerId,
    pub(super) rack: Option<Arc<str>>,
    source: MetadataSource,
    pub(super) durable: Durable,
    /// Its replica of the metadata log, with what is on its disk.
    pub(super) raft: RaftClient,
    pub(super) volatile: Volatile,
}

/// Where the cluster's metadata live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetadataSource {
    /// In the log of these controllers (KRaft).
    Quorum(Vec<BrokerId>),
    /// In the znodes of this ensemble.
    ZooKeeper(Vec<NodeId>),
}

/// What a restart finds.
#[derive(Clone, Debug)]
pub(super) struct Durable {
    /// `server.properties` as it will be read at the next start.
    pub(super) config: BrokerConfig,
    pub(super) logs: LogManager,
    /// `.kafka_cleanshutdown`: the last process ended in good order, registered under this epoch.
    clean_shutdown: Option<BrokerEpoch>,
}

/// What dies with the process.
#[derive(Clone, Debug)]
pub(super) struct Volatile {
    /// `server.properties` as this process read it.
    pub(super) file: BrokerConfig,
    /// In effect: the file, and over it what was set at run time.
    pub(super) config: BrokerConfig,
    pub(super) channel: ControllerChannel,
    pub(super) correlations: Correlations,
    pub(super) lifecycle: Lifecycle,
    pub(super) metadata: MetadataLoader,
    /// The metadata that the replicas obey: none before this process has caught up.
    published: Option<MetadataImage>,
    pub(super) replicas: ReplicaManager,
    pub(super) coordinator: GroupCoordinator,
    pub(super) creation: TopicCreation,
    forwarding: Forwarding,
    pub(super) producer_ids: ProducerIdManager,
    pub(super) early: Vec<Early>,
    pub(super) is_halting: bool,
    /// The disk is reading what an unclean stop has left in doubt.
    pub(super) is_recovering: bool,
    /// In ZooKeeper mode.
    pub(super) zk: Option<Box<ZkSupport>>,
    /// In-sync sets that this broker is to write into ZooKeeper itself (before 2.7).
    pub(super) isr_outbox: Vec<(CorrelationId, Vec<IsrProposal>)>,
}

/// A request that came before the broker served any: it waits in the socket (`SocketServer.enableRequestProcessing`).
#[derive(Clone, Debug)]
pub(super) struct Early {
    pub(super) from: NodeId,
    correlation: CorrelationId,
    pub(super) request: Request,
}

/// `queued.max.requests`: beyond this a starting broker reads nothing more from its sockets.
const MAX_EARLY: usize = 500;

impl Volatile {
    fn new(config: &BrokerConfig, source: &MetadataSource, now: Time) -> Self {
        let (zk, metadata) = match source {
            MetadataSource::Quorum(_) => (None, MetadataLoader::new(now)),
            MetadataSource::ZooKeeper(servers) => {
                (Some(Box::new(ZkSupport::new(servers, config))), MetadataLoader::fed_by_requests())
            }
        };
        Self {
            file: config.clone(),
            config: config.clone(),
            channel: ControllerChannel::default(),
            correlations: Correlations::default(),
            lifecycle: Lifecycle::new(),
            metadata,
            published: None,
            replicas: ReplicaManager::default(),
            coordinator: GroupCoordinator::new(config, |timer| BrokerTimer::Group(timer).into()),
            creation: TopicCreation::default(),
            forwarding: Forwarding::default(),
            producer_ids: ProducerIdManager::default(),
            early: Vec::new(),
            is_recovering: false,
            is_halting: false,
            zk,
            isr_outbox: Vec::new(),
        }
    }
}

impl Broker {
    /// A broker with empty disks.
    #[must_use]
    pub fn new(id: BrokerId, config: BrokerConfig, rack: Option<Arc<str>>, source: MetadataSource) -> Self {
        let volatile = Volatile::new(&config, &source, Time::ZERO);
        let voters = match &source {
            MetadataSource::Quorum(voters) => voters.clone(),
            // Nobody to fetch a log from: this part of the broker stays idle.
            MetadataSource::ZooKeeper(_) => vec![id],
        };
        let raft = RaftClient::new(Role::Observer, voters, RaftConfig::new(&config));
        let mut logs = LogManager::default();
        logs.set_dirs(&config.data_dirs());
        Self { id, rack, source, durable: Durable { config, logs, clean_shutdown: None }, raft, volatile }
    }

    /// What an editor leaves behind on the machine: another `server.properties`, which the next start will read.
    pub fn write_properties(&mut self, config: BrokerConfig) {
        self.durable.config = config;
    }

    /// What befalls the disk under one of its directories, seen or not yet seen by the process. False if there is no such
    /// directory.
    pub fn disturb_disk(&mut self, directory: Option<&str>, act: impl FnOnce(&mut LogDir, u64)) -> bool {
        self.durable.logs.disturb_dir(directory, act)
    }

    // ---- requests ------------------------------------------------------------------------------------------------

    fn request(&mut self, ctx: &mut Ctx<'_>, from: NodeId, correlation: CorrelationId, request: Request) {
        if self.volatile.lifecycle.state() < BrokerState::Running {
            if self.volatile.early.len() < MAX_EARLY {
                self.volatile.early.push(Early { from, correlation, request });
            }
            return;
        }
        let caller = (from, correlation);
        let Some(request) = self.zk_request(ctx, caller, request) else { return };
        let Parts { mut env, replicas, coordinator, creation, forwarding } = self.parts();
        match request {
            Request::Produce(produce) => replicas.produce(ctx, &mut env, caller, produce),
            Request::Fetch(fetch) => replicas.fetch(ctx, &mut env, caller, fetch),
            Request::ListOffsets(list) => replicas.list_offsets(ctx, &env, caller, &list),
            Request::DeleteRecords(delete) => replicas.delete_records(ctx, &mut env, caller, &delete),
            Request::OffsetForLeaderEpoch(ask) => replicas.offsets_for_leader_epoch(ctx, &env, caller, &ask),
            Request::Metadata(metadata) => answer_metadata(ctx, &mut env, creation, caller, &metadata),
            Request::CreateTopics(create) => creation.forward(ctx, &mut env, caller, create),
            Request::FindCoordinator(find) => {
                answer_find_coordinator(ctx, &mut env, creation, coordinator, caller, find);
            }
            Request::JoinGroup(_)
            | Request::SyncGroup(_)
            | Request::Heartbeat(_)
            | Request::LeaveGroup(_)
            | Request::OffsetCommit(_)
            | Request::OffsetFetch(_) => {
                let image = env.image;
                let mut log = LocalOffsetsLog { replicas, env: &mut env };
                coordinator.handle(ctx, &mut log, image, from, correlation, request);
            }
            Request::InitProducerId(_) => self.init_producer_id(ctx, caller),
            Request::DeleteTopics(_)
            | Request::CreatePartitions(_)
            | Request::ElectLeaders(_)
            | Request::AlterPartitionReassignments(_)
            | Request::ListPartitionReassignments(_) => forwarding.forward(ctx, &mut env, caller, request),
            // For the controller's ears; nobody sends these to a broker.
            Request::AlterPartition(_)
            | Request::LeaderAndIsr(_)
            | Request::UpdateMetadata(_)
            | Request::StopReplica(_)
            | Request::ControlledShutdown(_)
            | Request::AllocateProducerIds(_)
            | Request::BrokerRegistration(_)
            | Request::BrokerHeartbeat(_)
            | Request::Vote(_)
            | Request::BeginQuorumEpoch(_)
            | Request::EndQuorumEpoch(_)
            | Request::FetchMetadataLog(_)
            | Request::FetchSnapshot(_) => {}
        }
    }

    // ---- answers ---------------------------------------------------------------------------------------------------

    fn response(&mut self, ctx: &mut Ctx<'_>, from: NodeId, correlation: CorrelationId, response: Response) {
        match response {
            Response::BrokerRegistration(registration) => {
                let (lifecycle, mut sender) = self.lifecycle_parts();
                lifecycle.registered(ctx, &mut sender, correlation, &registration);
            }
            Response::BrokerHeartbeat(heartbeat) => {
                let (lifecycle, mut sender) = self.lifecycle_parts();
                if lifecycle.heartbeat_answered(ctx, &mut sender, correlation, &heartbeat) {
                    return self.end(ctx, true);
                }
                self.publish(ctx, false);
                self.serve_early(ctx);
            }
            Response::AlterPartition(alter) => {
                let Parts { mut env, replicas, .. } = self.parts();
                replicas.alter_partition_answered(ctx, &mut env, correlation, alter);
            }
            Response::CreateTopics(create) => {
                let Parts { mut env, creation, .. } = self.parts();
                creation.answered(ctx, &mut env, correlation, create);
            }
            Response::DeleteTopics(_)
            | Response::CreatePartitions(_)
            | Response::ElectLeaders(_)
            | Response::AlterPartitionReassignments(_)
            | Response::ListPartitionReassignments(_)
            | Response::AllocateProducerIds(_) => {
                let Parts { mut env, forwarding, .. } = self.parts();
                let own = forwarding.answered(ctx, &mut env, correlation, response);
                self.own_request_answered(ctx, own);
            }
            Response::Fetch(fetch) => {
                let (Parts { mut env, replicas, .. }, NodeId::Broker(leader)) = (self.parts(), from) else { return };
                replicas.fetch_answered(ctx, &mut env, leader, correlation, fetch);
            }
            Response::ListOffsets(list) => {
                let (Parts { mut env, replicas, .. }, NodeId::Broker(leader)) = (self.parts(), from) else { return };
                replicas.offsets_answered(ctx, &mut env, leader, correlation, list);
            }
            response => self.zk_response(ctx, from, correlation, &response),
        }
    }

    // ---- metadata --------------------------------------------------------------------------------------------------

    /// Acts upon the metadata that has been replayed (`BrokerMetadataPublisher`). The first time, that is once both this
    /// broker and the controller find it caught up with its own registration; it may be unfenced then.
    pub(super) fn publish(&mut self, ctx: &mut Ctx<'_>, is_news: bool) {
        let Volatile { lifecycle, metadata, published, .. } = &mut self.volatile;
        let is_first = published.is_none();
        let is_due =
            if is_first { lifecycle.state() >= BrokerState::Recovery && metadata.has_caught_up() } else { is_news };
        // The first time, the logs must be in order before anything is made of them.
        if !is_due || !self.load_logs(ctx) {
            return;
        }
        let Volatile { lifecycle, metadata, published, .. } = &mut self.volatile;
        let old = published.replace(metadata.image().clone()).unwrap_or_default();
        if is_first {
            lifecycle.set_ready_to_unfence(ctx);
        }
        self.reconfigure(ctx);
        let Parts { mut env, replicas, .. } = self.parts();
        let changes = replicas.apply(ctx, &mut env, &old, is_first);
        if old.topics().any(|(id, _)| env.image.topic(id).is_none()) {
            self.forget_removed_topics(ctx);
        }
        let Parts { env, .. } = self.parts();
        let offsets_topic = env.image.topic_id(OFFSETS_TOPIC);
        self.leaderships_changed(ctx, offsets_topic, changes);
    }

    pub(super) fn forget_removed_topics(&mut self, ctx: &mut Ctx<'_>) {
        let Parts { mut env, replicas, coordinator, .. } = self.parts();
        let image = env.image;
        coordinator.topics_removed(ctx, &mut LocalOffsetsLog { replicas, env: &mut env }, image);
    }

    /// Leading a partition of the offsets topic means coordinating its groups.
    pub(super) fn leaderships_changed(
        &mut self,
        ctx: &mut Ctx<'_>,
        offsets_topic: Option<TopicId>,
        changes: Vec<Leadership>,
    ) {
        let Parts { env, coordinator, .. } = self.parts();
        for change in changes {
            match change {
                Leadership::Gained(id) if Some(id.topic) == offsets_topic => {
                    let log = env.logs.get(id).expect("a led partition has a log");
                    coordinator.elected(ctx, env.image, id.partition, &mut log.batches());
                }
                Leadership::Lost(id) if Some(id.topic) == offsets_topic => coordinator.resigned(ctx, id.partition),
                Leadership::Gained(_) | Leadership::Lost(_) => {}
            }
        }
    }

    /// `DynamicConfigPublisher`: what metadata says over what the file says.
    pub(super) fn reconfigure(&mut self, ctx: &mut Ctx<'_>) {
        let Volatile { file, config, metadata, replicas, .. } = &mut self.volatile;
        let next = overlaid(file, self.id, metadata.image());
        if next == *config {
            return;
        }
        let is_changed = |name: &&'static str| next.get(name) != config.get(name);
        let names = BrokerConfig::KEYS.iter().map(|key| key.name).filter(is_changed);
        let changes = names.map(|name| (name, next.get(name).unwrap_or_default().into())).collect();
        *config = next;
        self.durable.logs.configure_producer_state(producer_state_config(config));
        replicas.reconfigure(config, metadata.image());
        ctx.emit(BrokerFact::Reconfigured { changes });
    }

    /// What the replica of the metadata log has to tell: who is the active controller, and what is committed.
    fn settle_metadata(&mut self, ctx: &mut Ctx<'_>) {
        if self.volatile.zk.is_some() {
            return;
        }
        let Self { raft, volatile: Volatile { config, channel, metadata, .. }, .. } = self;
        metadata.heard_high_watermark(raft.high_watermark());
        let mut is_news = false;
        while let Some(event) = raft.next_event() {
            match event {
                RaftEvent::Committed(batch) => is_news |= metadata.apply(ctx, config, raft, &batch),
                RaftEvent::SnapshotLoaded(snapshot) => {
                    metadata.load(ctx.now(), &snapshot);
                    is_news = true;
                }
                RaftEvent::LeaderChanged(current) => channel.controller_is(current.leader.map(NodeId::Controller)),
            }
        }
        self.publish(ctx, is_news);
    }

    /// Unfenced for the first time: what waited in the sockets is read now.
    fn serve_early(&mut self, ctx: &mut Ctx<'_>) {
        if self.volatile.lifecycle.state() >= BrokerState::Running {
            for Early { from, correlation, request } in std::mem::take(&mut self.volatile.early) {
                self.request(ctx, from, correlation, request);
            }
        }
    }

    // ---- what follows ----------------------------------------------------------------------------------------------

    /// After every event: parked requests that can be answered are, and the coordinator hears what is committed.
    fn settle(&mut self, ctx: &mut Ctx<'_>) {
        self.zk_settle(ctx);
        let Parts { mut env, replicas, coordinator, .. } = self.parts();
        let offsets_topic = env.image.topic_id(OFFSETS_TOPIC);
        for change in std::mem::take(&mut replicas.resigned) {
            if let Leadership::Lost(id) = change
                && Some(id.topic) == offsets_topic
            {
                coordinator.resigned(ctx, id.partition);
            }
        }
        loop {
            replicas.complete_delayed_requests(ctx, &mut env);
            let risen = replicas.take_risen();
            if risen.is_empty() {
                break;
            }
            for (id, high_watermark) in risen.into_iter().filter(|(id, _)| Some(id.topic) == offsets_topic) {
                coordinator.high_watermark(ctx, id.partition, high_watermark);
            }
        }
        self.settle_log_dirs(ctx);
    }

    // ---- stopping --------------------------------------------------------------------------------------------------

    /// The end, with the controller's leave or without.
    pub(super) fn end(&mut self, ctx: &mut Ctx<'_>, is_approved: bool) {
        self.zk_close(ctx);
        ctx.emit(BrokerFact::ShutDown { is_approved });
        ctx.exit();
    }

    /// Requests to the controller that `lost` names will not be answered.
    fn controller_failed(&mut self, ctx: &mut Ctx<'_>, lost: impl Fn(CorrelationId, NodeId) -> bool) {
        let (lifecycle, mut sender) = self.lifecycle_parts();
        lifecycle.failed(ctx, &mut sender, &lost);
        let Parts { mut env, replicas, creation, forwarding, .. } = self.parts();
        replicas.alter_partition_failed(ctx, &mut env, &lost);
        creation.failed(ctx, &mut env, &lost);
        forwarding.failed(ctx, &mut env, &lost);
    }

    fn on_timer(&mut self, ctx: &mut Ctx<'_>, timer: BrokerTimer) {
        match timer {
            // It has waited long enough for the controller's leave.
            BrokerTimer::StopNow => self.end(ctx, false),
            BrokerTimer::ZkSession
            | BrokerTimer::ZkConnectionTimeout
            | BrokerTimer::KafkaController(_)
            | BrokerTimer::IsrPropagation
            | BrokerTimer::RetryControlledShutdown
            | BrokerTimer::ControlledShutdownTimeout { .. } => self.zk_timer(ctx, &timer),
            BrokerTimer::Communicate => {
                let (lifecycle, mut sender) = self.lifecycle_parts();
                lifecycle.communicate(ctx, &mut sender);
            }
            BrokerTimer::CommunicationTimeout { correlation } | BrokerTimer::AlterPartitionTimeout { correlation } => {
                self.controller_failed(ctx, |sent, _| sent == correlation);
            }
            BrokerTimer::HighWatermarkCheckpoint
            | BrokerTimer::RetentionCheck
            | BrokerTimer::FlushCheck
            | BrokerTimer::RecoveryPointCheckpoint
            | BrokerTimer::LogStartOffsetCheckpoint
            | BrokerTimer::LogCleaner
            | BrokerTimer::ProducerExpiration
            | BrokerTimer::RemoveDeletedLogs
            | BrokerTimer::RemoveDeletedFiles { .. } => self.on_log_timer(ctx, timer),
            timer => self.on_replica_timer(ctx, timer),
        }
    }

    fn on_replica_timer(&mut self, ctx: &mut Ctx<'_>, timer: BrokerTimer) {
        let Parts { mut env, replicas, coordinator, creation, forwarding } = self.parts();
        let env = &mut env;
        match timer {
            BrokerTimer::IsrCheck => {
                replicas.check_isr(ctx, env);
                ctx.set_timer(isr_check_interval(env.config), timer.into());
            }
            BrokerTimer::FetchExpired { parked } => replicas.release_fetch(ctx, env, parked),
            BrokerTimer::ProduceExpired { parked } => replicas.release_produce(ctx, env, parked),
            BrokerTimer::DeleteExpired { parked } => replicas.release_delete(ctx, parked),
            BrokerTimer::FetcherWake { leader } => replicas.fetcher_woke(ctx, env, leader),
            BrokerTimer::FetcherTimeout { leader, correlation } => {
                replicas.fetcher_timed_out(ctx, env, leader, correlation);
            }
            BrokerTimer::SendAlterPartition => replicas.alter_partition_retry_due(ctx, env),
            BrokerTimer::ResendTopicCreation { correlation } => creation.resend(ctx, env, correlation),
            BrokerTimer::TopicCreationTimeout { correlation } => creation.timed_out(ctx, correlation),
            BrokerTimer::ForwardAgain { correlation } => forwarding.resend(ctx, env, correlation),
            BrokerTimer::ForwardingTimeout { correlation } => {
                let own = forwarding.timed_out(ctx, correlation);
                self.own_request_answered(ctx, own);
            }
            BrokerTimer::Group(timer) => {
                let image = env.image;
                coordinator.timer(ctx, &mut LocalOffsetsLog { replicas, env }, image, timer);
            }
            BrokerTimer::StopNow
            | BrokerTimer::ZkSession
            | BrokerTimer::ZkConnectionTimeout
            | BrokerTimer::KafkaController(_)
            | BrokerTimer::IsrPropagation
            | BrokerTimer::RetryControlledShutdown
            | BrokerTimer::ControlledShutdownTimeout { .. }
            | BrokerTimer::Communicate
            | BrokerTimer::CommunicationTimeout { .. }
            | BrokerTimer::AlterPartitionTimeout { .. }
            | BrokerTimer::HighWatermarkCheckpoint
            | BrokerTimer::RetentionCheck
            | BrokerTimer::FlushCheck
            | BrokerTimer::RecoveryPointCheckpoint
            | BrokerTimer::LogStartOffsetCheckpoint
            | BrokerTimer::LogCleaner
            | BrokerTimer::ProducerExpiration
            | BrokerTimer::RemoveDeletedLogs
            | BrokerTimer::RemoveDeletedFiles { .. } => unreachable!("told apart by the caller"),
        }
    }

    /// For a task that only concerns logs and replicas.
    pub(super) fn with_replicas(&mut self, act: impl FnOnce(&mut ReplicaManager, &mut Env<'_>)) {
        let Parts { mut env, replicas, .. } = self.parts();
        act(replicas, &mut env);
    }

    // ---- parts, lent to each other -------------------------------------------------------------------------------

    pub(super) fn parts(&mut self) -> Parts<'_> {
        let Self { id, source, durable, volatile, .. } = self;
        let Volatile {
            config,
            channel,
            correlations,
            lifecycle,
            metadata,
            replicas,
            coordinator,
            creation,
            forwarding,
            isr_outbox,
            ..
        } = volatile;
        let writes_isr =
            matches!(source, MetadataSource::ZooKeeper(_)) && !config.version.alters_isr_through_controller();

        let env = Env {
            me: *id,
            config,
            image: metadata.image(),
            broker_epoch: lifecycle.broker_epoch(),
            logs: &mut durable.logs,
            channel,
            correlations,
            isr_outbox: writes_isr.then_some(isr_outbox),
        };
        Parts { env, replicas, coordinator, creation, forwarding }
    }

    pub(super) fn lifecycle_parts(&mut self) -> (&mut Lifecycle, Sender<'_>) {
        let Self { id, rack, volatile, .. } = self;
        let Volatile { config, channel, correlations, lifecycle, metadata, .. } = volatile;
        let metadata_end = metadata.image().end_offset();
        (lifecycle, Sender { me: *id, rack, config, metadata_end, channel, correlations })
    }
}

pub(super) struct Parts<'a> {
    pub(super) env: Env<'a>,
    pub(super) replicas: &'a mut ReplicaManager,
    coordinator: &'a mut GroupCoordinator,
    creation: &'a mut TopicCreation,
    pub(super) forwarding: &'a mut Forwarding,
}

impl Node<Kafka> for Broker {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        // Read the configuration again: it may have been written while the process was down.
        self.volatile = Volatile::new(&self.durable.config, &self.source, ctx.now());
        self.durable.logs.set_dirs(&self.durable.config.data_dirs());
        self.durable.logs.try_dirs_again();
        if self.halt_without_log_dirs(ctx) {
            return;
        }
        if matches!(self.source, MetadataSource::ZooKeeper(_)) {
            self.zk_start(ctx);
        } else {
            self.raft.start(ctx);
            self.settle_metadata(ctx);
            // The file is deleted once read: what happens from now on, it does not vouch for.
            let previous_epoch = self.durable.clean_shutdown.take();
            let (lifecycle, mut sender) = self.lifecycle_parts();
            lifecycle.start(ctx, &mut sender, previous_epoch);
        }
        let config = &self.volatile.config;
        ctx.set_timer(isr_check_interval(config), BrokerTimer::IsrCheck.into());
        let checkpoint = at_least_a_milli(config.replica_high_watermark_checkpoint_interval);
        ctx.set_timer(checkpoint, BrokerTimer::HighWatermarkCheckpoint.into());
    }

    fn message(&mut self, ctx: &mut Ctx<'_>, from: NodeId, body: Body) {
        match body {
            body if is_for_raft(&body) => {
                self.raft.message(ctx, from, body);
                self.settle_metadata(ctx);
            }
            Body::Request { correlation, request } => self.request(ctx, from, correlation, request),
            Body::Response { correlation, response } => self.response(ctx, from, correlation, response),
            Body::ZooKeeper(message) => {
                self.zk_message(ctx, from, message);
                self.serve_early(ctx);
            }
            Body::Queue(_) => {}
        }
        self.settle(ctx);
    }

    fn timer(&mut self, ctx: &mut Ctx<'_>, timer: Timer) {
        match timer {
            Timer::Broker(timer) => self.on_timer(ctx, timer),
            Timer::Raft(_) => {
                self.raft.timer(ctx);
                self.settle_metadata(ctx);
            }
            _ => return,
        }
        self.settle(ctx);
    }

    fn flushed(&mut self, ctx: &mut Ctx<'_>, token: Token) {
        if let Token::Broker(token) = token {
            self.disk_done(ctx, token);
            self.settle(ctx);
        }
    }

    fn disconnected(&mut self, ctx: &mut Ctx<'_>, peer: NodeId) {
        self.zk_disconnected(ctx, peer);
        if self.volatile.zk.is_none() {
            self.raft.disconnected(ctx, peer);
        }
        self.settle_metadata(ctx);
        self.controller_failed(ctx, |_, controller| controller == peer);
        self.volatile.early.retain(|early| early.from != peer);
        let Parts { mut env, replicas, creation, forwarding, .. } = self.parts();
        creation.forget(peer);
        forwarding.forget(peer);
        replicas.forget(ctx, peer);
        if let NodeId::Broker(leader) = peer {
            replicas.fetcher_failed(ctx, &mut env, leader);
        }
        self.settle(ctx);
    }

    /// SIGTERM: first its leaderships are moved, if the controller can be reached (`BrokerServer.shutdown`).
    fn stop(&mut self, ctx: &mut Ctx<'_>) {
        if self.volatile.zk.is_some() {
            return self.zk_stop(ctx);
        }
        let (lifecycle, mut sender) = self.lifecycle_parts();
        if lifecycle.begin_controlled_shutdown(ctx, &mut sender) {
            self.volatile.replicas.begin_controlled_shutdown();
            ctx.set_timer(SHUTDOWN_TIMEOUT, BrokerTimer::StopNow.into());
        } else if self.volatile.lifecycle.state() != BrokerState::PendingControlledShutdown {
            self.end(ctx, false);
        }
    }

    fn exited(&mut self) {
        self.durable.logs.shut_down();
        self.durable.clean_shutdown = self.volatile.lifecycle.broker_epoch();
        self.crash(Crash::Process);
    }

    fn crash(&mut self, how: Crash) {
        self.durable.logs.crash(how);
        self.raft.crash(how);
        self.volatile = Volatile::new(&self.durable.config, &self.source, Time::ZERO);
    }
}

/// `Server.SHUTDOWN_TIMEOUT`: so long a broker waits for the controller's leave.
const SHUTDOWN_TIMEOUT: Span = Span::secs(5 * 60);

/// The file with what was set at run time for all brokers and for this one, in that order. A value that cannot be read
/// does not count: the controller took it in under another version.
pub(super) fn overlaid(file: &BrokerConfig, me: BrokerId, image: &MetadataImage) -> BrokerConfig {
    let mut config = file.clone();
    for (key, value) in image.broker_overrides(None).chain(image.broker_overrides(Some(me))) {
        let _ = config.set(key, value);
    }
    config
}

/// `ReplicaManager.startup`: every half of `replica.lag.time.max.ms`; before 0.10.2 every whole.
fn isr_check_interval(config: &BrokerConfig) -> Span {
    let parts = if config.version.checks_isr_twice_per_lag_time() { 2 } else { 1 };
    at_least_a_milli(Span(config.replica_lag_time_max.0 / parts))
}

/// A period of zero would stop the clock.
fn at_least_a_milli(span: Span) -> Span {
    span.max(Span::millis(1))
}
