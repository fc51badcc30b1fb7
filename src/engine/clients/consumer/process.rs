//! The new consumer's library (`ClassicKafkaConsumer`, since 0.9): what dies with its process, and which answer goes where.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::application::{Activity, ConsumerApplication, ConsumerLedger};
use super::assignor::RebalanceProtocol;
use super::consumer::ConsumerTimer;
use super::membership::Membership;
use super::program::Program;
use super::rebalance::offered;
use super::subscription::Subscriptions;
use crate::engine::Ctx;
use crate::engine::clients::fact::ConsumerFact;
use crate::engine::clients::{
    ClientMetadata, Disconnection, ExponentialBackoff, InFlightRequest, MetadataConfig, NetworkClient, NetworkConfig,
};
use crate::engine::command::CommitStyle;
use crate::engine::common::{BrokerId, CorrelationId, Generation, Offset, Span, Time, TopicPartition};
use crate::engine::config::ConsumerConfig;
use crate::engine::protocol::{FetchSessionHandler, OffsetSpec, Response, TopicName};
use crate::engine::runtime::TimerId;

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
    pub program: Program,
    pub group: Arc<str>,
    pub client_id: Arc<str>,
    pub topics: Vec<TopicName>,
    pub network: NetworkClient<ConsumerRequest>,
    pub metadata: ClientMetadata,
    pub retry: ExponentialBackoff,
    pub membership: Membership,
    pub subscriptions: Subscriptions,
    pub fetch_sessions: BTreeMap<BrokerId, FetchSessionHandler>,
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
    pub heartbeat: Option<(Time, TimerId)>,
    pub poll: Option<(Time, TimerId)>,
}

impl Process {
    pub fn new(
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
            program: Program::new(application),
            group: config.group_id.clone().unwrap_or_default(),
            client_id,
            topics,
            network: NetworkClient::new(network),
            metadata: ClientMetadata::new(bootstrap.to_vec(), knowledge),
            retry: ExponentialBackoff::new(config.retry_backoff, config.retry_backoff_max),
            membership: Membership::new(RebalanceProtocol::of(offered(&config.partition_assignment_strategy))),
            config,
            subscriptions: Subscriptions::default(),
            fetch_sessions: BTreeMap::new(),
            last_poll: Time::ZERO,
            next_auto_commit: Time::ZERO,
            is_fetching_committed: false,
            fetch_committed_at: Time::ZERO,
            alarms: Alarms::default(),
        }
    }

    /// As the process is right after it has been started again.
    pub fn reborn(&self, bootstrap: &[BrokerId]) -> Self {
        Self::new(self.config.clone(), self.program.application, self.client_id.clone(), self.topics.clone(), bootstrap)
    }

    /// `enable.auto.commit`, unless the program says that it commits by itself or not at all.
    pub fn auto_commits(&self) -> bool {
        self.program.application.commit == CommitStyle::Auto && self.config.auto_commits()
    }

    pub fn poll_due_by(&self) -> Option<Time> {
        let is_away = matches!(self.program.activity, Activity::Processing(_) | Activity::Committing(_));
        is_away.then_some(self.last_poll + self.config.max_poll_interval)
    }

    /// A pause before the next attempt, `attempts` after the first.
    pub fn backoff(&self, ctx: &mut Ctx<'_>, attempts: u32) -> Span {
        self.retry.after(attempts, ctx.rng())
    }

    /// The process begins.
    pub fn start(&mut self, ctx: &mut Ctx<'_>, ledger: &mut ConsumerLedger) {
        for topic in &self.topics {
            self.metadata.add_topic(topic);
        }
        self.last_poll = ctx.now();
        self.advance(ctx, ledger);
    }

    /// An answer came.
    pub fn answered(
        &mut self,
        ctx: &mut Ctx<'_>,
        ledger: &mut ConsumerLedger,
        broker: BrokerId,
        correlation: CorrelationId,
        response: Response,
    ) {
        let Some(request) = self.network.complete(broker, correlation) else { return };
        if !self.program.is_over() {
            self.answer(ctx, broker, request, response);
            self.advance(ctx, ledger);
        }
    }

    /// A connection broke.
    pub fn disconnected(&mut self, ctx: &mut Ctx<'_>, ledger: &mut ConsumerLedger, broker: BrokerId) {
        let disconnection = self.network.disconnected(ctx.now(), broker, ctx.rng());
        if !self.program.is_over() {
            self.lose(ctx, disconnection);
            self.advance(ctx, ledger);
        }
    }

    /// One of its alarms rang.
    pub fn rang(&mut self, ctx: &mut Ctx<'_>, ledger: &mut ConsumerLedger, timer: ConsumerTimer) {
        match timer {
            ConsumerTimer::Record => self.program.rang(),
            ConsumerTimer::Heartbeat => self.alarms.heartbeat = None,
            ConsumerTimer::Poll => self.alarms.poll = None,
            ConsumerTimer::ZooKeeper => {}
        }
        self.advance(ctx, ledger);
    }

    fn answer(
        &mut self,
        ctx: &mut Ctx<'_>,
        broker: BrokerId,
        request: InFlightRequest<ConsumerRequest>,
        response: Response,
    ) {
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
                self.fetched(ctx, broker, &partitions, answer);
            }
            // LeaveGroup is not waited for. A rebalance that was given up is of no interest. And an answer may be meant
            // for a process that is no more, under a number that has been used again.
            _ => {}
        }
    }

    /// The connection is gone, and with it everything that was asked over it.
    fn lose(&mut self, ctx: &mut Ctx<'_>, disconnection: Disconnection<ConsumerRequest>) {
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
                    self.fetch_failed(broker, &partitions);
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
            self.lose(ctx, disconnection);
        }
    }
}
