//! The consumer as a node: who it is, what dies with its process, and which event goes where.
//!
//! Only configuration and name survive a crash, and the ledger of what the program did to the outside world. A
//! restarted consumer joins its group as a stranger.

use std::collections::VecDeque;
use std::sync::Arc;

use super::application::{Activity, ConsumerApplication, ConsumerLedger, InHand, PolledRecord, ProcessedRecord};
use super::membership::{MemberState, Membership};
use super::subscription::{PartitionState, Subscriptions};
use crate::engine::clients::fact::ConsumerFact;
use crate::engine::clients::{
    ClientMetadata, Disconnection, ExponentialBackoff, InFlightRequest, MetadataConfig, NetworkClient, NetworkConfig,
};
use crate::engine::command::CommitStyle;
use crate::engine::common::{BrokerId, ClientId, Generation, NodeId, Offset, Span, Time, TopicPartition};
use crate::engine::config::ConsumerConfig;
use crate::engine::protocol::{Body, OffsetSpec, Response, TopicName};
use crate::engine::runtime::{Crash, Node, TimerId};
use crate::engine::{Ctx, Kafka, Timer};

/// A consumer's alarms.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ConsumerTimer {
    /// The application has finished with a record.
    Record,
    /// The heartbeat thread wakes: a heartbeat is due, or the session or `max.poll.interval.ms` may be over.
    Heartbeat,
    /// Something inside a blocking call is due: a retry, an auto-commit, a request's timeout.
    Poll,
}

/// What a request was for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConsumerRequest {
    Metadata,
    FindCoordinator,
    Join {
        generation: Option<Generation>,
    },
    Sync {
        generation: Generation,
    },
    Heartbeat {
        generation: Generation,
    },
    Leave,
    Commit {
        why: CommitReason,
        generation: Generation,
        offsets: Vec<(TopicPartition, Offset)>,
    },
    OffsetFetch,
    ListOffsets {
        partitions: Vec<(TopicPartition, OffsetSpec)>,
    },
    /// Partitions whose positions are in question.
    OffsetForLeaderEpoch {
        partitions: Vec<(TopicPartition, Offset)>,
    },
    Fetch {
        partitions: Vec<(TopicPartition, Offset)>,
    },
}

/// Who asked for a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CommitReason {
    /// `auto.commit.interval.ms` has passed.
    Interval,
    /// Auto-commit before the partitions are given up.
    Revocation,
    /// `commitSync()` or `close()`: the application's thread waits.
    Application,
}

/// What dies with the process.
#[derive(Clone, Debug)]
pub(super) struct Process {
    pub config: Arc<ConsumerConfig>,
    pub application: ConsumerApplication,
    pub group: Arc<str>,
    pub client_id: Arc<str>,
    pub topics: Vec<TopicName>,
    pub network: NetworkClient<ConsumerRequest>,
    pub metadata: ClientMetadata,
    pub retry: ExponentialBackoff,
    pub membership: Membership,
    pub subscriptions: Subscriptions,
    pub activity: Activity,
    /// The rest of the last poll, behind the record in process.
    pub batch: VecDeque<PolledRecord>,
    /// The batch in hand is committed for as far as the commit style wants it.
    pub is_batch_committed: bool,
    /// `close()` was called; the poll in hand is finished first.
    pub is_closing: bool,
    /// When the application last called, or was inside, `poll()`.
    pub last_poll: Time,
    pub next_auto_commit: Time,
    /// An OffsetFetch is under way, or not to be tried again before.
    pub is_fetching_committed: bool,
    pub fetch_committed_at: Time,
    pub alarms: Alarms,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Alarms {
    pub record: Option<TimerId>,
    pub heartbeat: Option<(Time, TimerId)>,
    pub poll: Option<(Time, TimerId)>,
}

/// A consuming program.
#[derive(Clone, Debug)]
pub struct Consumer {
    id: ClientId,
    name: Arc<str>,
    bootstrap: Vec<BrokerId>,
    ledger: ConsumerLedger,
    process: Process,
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
        Self { id, name, bootstrap, ledger: ConsumerLedger::default(), process }
    }

    /// `close()`: the application finishes the poll it has in hand; then the consumer commits (with auto-commit) and
    /// leaves the group, so that the others need not wait for its session to end.
    pub fn close(&mut self, ctx: &mut Ctx<'_>) {
        self.process.is_closing = true;
        self.process.advance(ctx, &mut self.ledger);
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

    #[must_use]
    pub fn config(&self) -> &ConsumerConfig {
        &self.process.config
    }

    /// `group.id`.
    #[must_use]
    pub fn group(&self) -> &Arc<str> {
        &self.process.group
    }

    /// What it subscribed to.
    #[must_use]
    pub fn topics(&self) -> &[TopicName] {
        &self.process.topics
    }

    #[must_use]
    pub fn application(&self) -> ConsumerApplication {
        self.process.application
    }

    /// Where the application's thread is.
    #[must_use]
    pub fn activity(&self) -> &Activity {
        &self.process.activity
    }

    /// The record the application is busy with, since when and until when.
    #[must_use]
    pub fn in_hand(&self) -> Option<&InHand> {
        match &self.process.activity {
            Activity::Processing(record) => Some(record),
            _ => None,
        }
    }

    /// Records of the last poll that wait behind the one in hand.
    pub fn waiting(&self) -> impl ExactSizeIterator<Item = &PolledRecord> {
        self.process.batch.iter()
    }

    /// Coordinator, member id, generation, state.
    #[must_use]
    pub fn membership(&self) -> &Membership {
        &self.process.membership
    }

    #[must_use]
    pub fn member_state(&self) -> MemberState {
        self.process.membership.state()
    }

    /// The partitions it owns, as the group's leader listed them.
    #[must_use]
    pub fn assignment(&self) -> &[TopicPartition] {
        self.process.subscriptions.assignment()
    }

    /// The partitions it owns, with position, committed offset, buffer and fetch of each.
    pub fn partitions(&self) -> impl Iterator<Item = (TopicPartition, &PartitionState)> {
        self.process.subscriptions.iter()
    }

    #[must_use]
    pub fn partition(&self, partition: TopicPartition) -> Option<&PartitionState> {
        self.process.subscriptions.get(partition)
    }

    /// The next offset that `poll()` will return, per partition that has one.
    pub fn positions(&self) -> impl Iterator<Item = (TopicPartition, Offset)> {
        self.partitions().filter_map(|(partition, state)| Some((partition, state.position()?)))
    }

    #[must_use]
    pub fn position(&self, partition: TopicPartition) -> Option<Offset> {
        self.partition(partition)?.position()
    }

    /// When positions will be committed next, inside the first `poll()` from then on; `None` without auto-commit.
    #[must_use]
    pub fn next_auto_commit_at(&self) -> Option<Time> {
        let process = &self.process;
        (process.auto_commits() && !process.subscriptions.is_empty()).then_some(process.next_auto_commit)
    }

    /// When the heartbeat thread gives the application up, unless it polls before; `None` while it is polling.
    #[must_use]
    pub fn poll_due_by(&self) -> Option<Time> {
        self.process.poll_due_by()
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

    /// Requests without an answer yet.
    pub fn in_flight(&self) -> impl Iterator<Item = (BrokerId, &InFlightRequest<ConsumerRequest>)> {
        self.process.network.in_flight()
    }

    /// What it knows of the cluster.
    #[must_use]
    pub fn metadata(&self) -> &ClientMetadata {
        &self.process.metadata
    }
}

impl Process {
    fn new(
        config: Arc<ConsumerConfig>,
        application: ConsumerApplication,
        client_id: Arc<str>,
        topics: Vec<TopicName>,
        bootstrap: &[BrokerId],
    ) -> Self {
        let network = NetworkConfig {
            request_timeout: config.request_timeout,
            max_in_flight: None,
            reconnect_backoff: config.reconnect_backoff,
            reconnect_backoff_max: config.reconnect_backoff_max,
        };
        let knowledge = MetadataConfig {
            max_age: config.metadata_max_age,
            refresh_backoff: config.retry_backoff,
            refresh_backoff_max: config.retry_backoff_max,
            allow_auto_topic_creation: config.allow_auto_create_topics,
        };
        Self {
            application,
            group: config.group_id.clone().unwrap_or_default(),
            client_id,
            topics,
            network: NetworkClient::new(network),
            metadata: ClientMetadata::new(bootstrap.to_vec(), knowledge),
            retry: ExponentialBackoff::new(config.retry_backoff, config.retry_backoff_max),
            config,
            membership: Membership::new(),
            subscriptions: Subscriptions::default(),
            activity: Activity::Polling,
            batch: VecDeque::new(),
            is_batch_committed: false,
            is_closing: false,
            last_poll: Time::ZERO,
            next_auto_commit: Time::ZERO,
            is_fetching_committed: false,
            fetch_committed_at: Time::ZERO,
            alarms: Alarms::default(),
        }
    }

    /// As the process is right after it has been started again.
    fn reborn(&self, bootstrap: &[BrokerId]) -> Self {
        Self::new(self.config.clone(), self.application, self.client_id.clone(), self.topics.clone(), bootstrap)
    }

    /// `enable.auto.commit`, unless the program says that it commits by itself or not at all.
    pub fn auto_commits(&self) -> bool {
        self.application.commit == CommitStyle::Auto && self.config.auto_commits()
    }

    /// Is the program over, one way or the other?
    pub fn is_over(&self) -> bool {
        matches!(self.activity, Activity::Closed | Activity::Failed(_))
    }

    pub fn poll_due_by(&self) -> Option<Time> {
        let is_away = matches!(self.activity, Activity::Processing(_) | Activity::Committing(_));
        is_away.then_some(self.last_poll + self.config.max_poll_interval)
    }

    /// A pause before the next attempt, `attempts` after the first.
    pub fn backoff(&self, ctx: &mut Ctx<'_>, attempts: u32) -> Span {
        self.retry.after(attempts, ctx.rng())
    }

    fn answered(&mut self, ctx: &mut Ctx<'_>, request: InFlightRequest<ConsumerRequest>, response: Response) {
        let InFlightRequest { correlation, purpose, .. } = request;
        match (purpose, response) {
            (ConsumerRequest::Metadata, Response::Metadata(answer)) => {
                self.metadata.apply(ctx.now(), &answer, ctx.rng());
                let topics = answer.topics.into_iter().map(|topic| topic.name).collect();
                ctx.emit(ConsumerFact::MetadataUpdated { topics, brokers: answer.brokers });
            }
            (ConsumerRequest::FindCoordinator, Response::FindCoordinator(answer)) => {
                self.coordinator_found(ctx, answer.outcome);
            }
            (ConsumerRequest::Join { generation }, Response::JoinGroup(answer))
                if self.membership.awaits(correlation) =>
            {
                self.join_answered(ctx, generation, answer);
            }
            (ConsumerRequest::Sync { generation }, Response::SyncGroup(answer))
                if self.membership.awaits(correlation) =>
            {
                self.sync_answered(ctx, generation, answer.outcome);
            }
            (ConsumerRequest::Heartbeat { generation }, Response::Heartbeat(answer)) => {
                self.heartbeat_answered(ctx, generation, answer.error);
            }
            (ConsumerRequest::Commit { why, generation, offsets }, Response::OffsetCommit(answer)) => {
                let error = answer.partitions.iter().find_map(|(_, error)| *error);
                self.commit_answered(ctx, why, generation, offsets, error);
            }
            (ConsumerRequest::OffsetFetch, Response::OffsetFetch(answer)) => {
                self.committed_fetched(ctx, answer.outcome);
            }
            (ConsumerRequest::OffsetForLeaderEpoch { partitions }, Response::OffsetForLeaderEpoch(answer)) => {
                self.epochs_answered(ctx, &partitions, answer);
            }
            (ConsumerRequest::ListOffsets { partitions }, Response::ListOffsets(answer)) => {
                self.offsets_listed(ctx, &partitions, answer);
            }
            (ConsumerRequest::Fetch { partitions }, Response::Fetch(answer)) => {
                self.fetched(ctx, &partitions, answer);
            }
            // LeaveGroup is not waited for. A rebalance that was given up is of no interest. And an answer may be meant
            // for a process that is no more, under a number that has been used again.
            _ => {}
        }
    }

    /// The connection is gone, and with it everything that was asked over it.
    fn lost(&mut self, ctx: &mut Ctx<'_>, disconnection: Disconnection<ConsumerRequest>) {
        let Disconnection { broker, requests } = disconnection;
        self.metadata.request_update();
        if self.membership.coordinator == Some(broker) {
            self.coordinator_lost(ctx);
        }
        for request in requests {
            let is_awaited = self.membership.awaits(request.correlation);
            match request.purpose {
                ConsumerRequest::Metadata => self.metadata.update_failed(ctx.now(), ctx.rng()),
                ConsumerRequest::FindCoordinator => self.find_failed(ctx),
                ConsumerRequest::Join { .. } | ConsumerRequest::Sync { .. } if is_awaited => self.rejoin_later(ctx),
                ConsumerRequest::Join { .. } | ConsumerRequest::Sync { .. } | ConsumerRequest::Leave => {}
                ConsumerRequest::Heartbeat { .. } => self.heartbeat_failed(ctx),
                ConsumerRequest::Commit { why, .. } => self.retry_commit(ctx, why),
                ConsumerRequest::OffsetFetch => self.retry_fetching_committed(ctx),
                ConsumerRequest::ListOffsets { partitions } => self.retry_listing(ctx, &partitions),
                ConsumerRequest::OffsetForLeaderEpoch { partitions } => self.retry_validation(ctx, &partitions),
                ConsumerRequest::Fetch { partitions } => {
                    self.fetch_failed(&partitions);
                    for (partition, _) in partitions {
                        self.clear_read_replica(ctx, partition);
                    }
                }
            }
        }
    }

    /// Requests that have waited for `request.timeout.ms` take their whole connection with them.
    pub fn expire_requests(&mut self, ctx: &mut Ctx<'_>) {
        for disconnection in self.network.expire(ctx.now(), ctx.rng()) {
            ctx.emit(ConsumerFact::RequestTimedOut { to: disconnection.broker });
            self.lost(ctx, disconnection);
        }
    }
}

impl Node<Kafka> for Consumer {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        for topic in &self.process.topics {
            self.process.metadata.add_topic(topic);
        }
        self.process.last_poll = ctx.now();
        self.process.advance(ctx, &mut self.ledger);
    }

    fn message(&mut self, ctx: &mut Ctx<'_>, from: NodeId, body: Body) {
        let (NodeId::Broker(broker), Body::Response { correlation, response }) = (from, body) else { return };
        let Some(request) = self.process.network.complete(broker, correlation) else { return };
        if !self.process.is_over() {
            self.process.answered(ctx, request, response);
            self.process.advance(ctx, &mut self.ledger);
        }
    }

    fn timer(&mut self, ctx: &mut Ctx<'_>, timer: Timer) {
        let Timer::Consumer(timer) = timer else { return };
        match timer {
            ConsumerTimer::Record => self.process.alarms.record = None,
            ConsumerTimer::Heartbeat => self.process.alarms.heartbeat = None,
            ConsumerTimer::Poll => self.process.alarms.poll = None,
        }
        self.process.advance(ctx, &mut self.ledger);
    }

    fn disconnected(&mut self, ctx: &mut Ctx<'_>, peer: NodeId) {
        let NodeId::Broker(broker) = peer else { return };
        let disconnection = self.process.network.disconnected(ctx.now(), broker, ctx.rng());
        if !self.process.is_over() {
            self.process.lost(ctx, disconnection);
            self.process.advance(ctx, &mut self.ledger);
        }
    }

    fn crash(&mut self, _: Crash) {
        self.process = self.process.reborn(&self.bootstrap);
    }
}
