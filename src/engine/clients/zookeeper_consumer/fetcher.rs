//! Fetching (`ConsumerFetcherManager`): one thread looks for leaders, and one for each broker fetches from it.
//!
//! Leaders are asked of brokers, brokers are read in ZooKeeper. A fetcher that meets an error gives its partitions back to
//! the finder and never asks why.

use std::collections::{BTreeMap, BTreeSet};

use super::connector::{Connector, ZkCall};
use super::fact::ZookeeperConsumerFact;
use crate::engine::Ctx;
use crate::engine::clients::consumer::{FetchInFlight, PartitionPhase};
use crate::engine::clients::fact::{ConsumerFact, PositionFrom};
use crate::engine::clients::{ClientMetadata, Disconnection, MetadataConfig, NetworkClient, NetworkConfig};
use crate::engine::common::{BrokerId, CorrelationId, ErrorCode, Offset, Purpose, Span, Time, TopicPartition};
use crate::engine::config::{OldConsumerConfig, OldOffsetReset};
use crate::engine::protocol::{
    BROKER_IDS, FetchMetadata, FetchParams, FetchPartition, FetchRequest, FetchResponse, FetchedPartition, Isolation,
    ListOffsetsRequest, ListOffsetsResponse, MetadataRequest, MetadataResponse, OffsetSpec, Response, TopicName,
    TopicsAsked, ZkOp, ZkOutcome, ZkReply,
};

/// What a broker was asked, by the fetchers of which era: each rebalance stops them all and begins another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum BrokerCall {
    Metadata { era: u32 },
    ListOffsets { era: u32 },
    Fetch { era: u32, partitions: Vec<(TopicPartition, Offset)> },
}

impl BrokerCall {
    fn era(&self) -> u32 {
        match self {
            Self::Metadata { era } | Self::ListOffsets { era } | Self::Fetch { era, .. } => *era,
        }
    }
}

/// `LeaderFinderThread`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Finder {
    #[default]
    Waiting,
    /// Reads in ZooKeeper which brokers there are.
    Reading,
    /// Asks a broker; these are left if it does not answer.
    Asking { others: Vec<BrokerId> },
    /// `refresh.leader.backoff.ms`
    Sleeping { until: Time },
}

#[derive(Clone, Debug)]
pub(super) struct Fetchers {
    network: NetworkClient<BrokerCall>,
    /// For those who look on: the finder goes by each answer alone.
    metadata: ClientMetadata,
    era: u32,
    finder: Finder,
    /// `noLeaderPartitionSet`
    leaderless: BTreeSet<TopicPartition>,
    /// What each fetcher thread fetches.
    threads: BTreeMap<BrokerId, BTreeSet<TopicPartition>>,
}

impl Fetchers {
    pub fn new(config: &OldConsumerConfig, topics: &[TopicName]) -> Self {
        let network = NetworkConfig {
            request_timeout: config.socket_timeout,
            max_in_flight: None,
            reconnect_backoff: Span::ZERO,
            reconnect_backoff_max: Span::ZERO,
        };
        let mut metadata = ClientMetadata::new(
            Vec::new(),
            MetadataConfig {
                max_age: Span(u64::MAX),
                refresh_backoff: config.refresh_leader_backoff,
                refresh_backoff_max: config.refresh_leader_backoff,
                allow_auto_topic_creation: true,
            },
        );
        topics.iter().for_each(|topic| metadata.add_topic(topic));
        Self {
            network: NetworkClient::new(network),
            metadata,
            era: 0,
            finder: Finder::Waiting,
            leaderless: BTreeSet::new(),
            threads: BTreeMap::new(),
        }
    }

    pub fn metadata(&self) -> &ClientMetadata {
        &self.metadata
    }

    /// `startConnections`
    pub fn begin(&mut self, partitions: Vec<TopicPartition>) {
        self.leaderless.extend(partitions);
    }

    /// `stopConnections`: what is under way will find nobody waiting.
    fn stop(&mut self) {
        self.era += 1;
        self.finder = Finder::Waiting;
        self.leaderless.clear();
        self.threads.clear();
    }

    pub fn wakes_at(&self) -> Option<Time> {
        let finder = match self.finder {
            Finder::Sleeping { until } => Some(until),
            _ => None,
        };
        finder.into_iter().chain(self.network.next_deadline()).min()
    }

    fn sleep(&mut self, now: Time, config: &OldConsumerConfig) {
        self.finder = Finder::Sleeping { until: now + config.refresh_leader_backoff };
    }

    fn is_busy(&self, broker: BrokerId) -> bool {
        let is_fetcher = |call: &BrokerCall| call.era() == self.era && !matches!(call, BrokerCall::Metadata { .. });
        self.network.in_flight().any(|(to, request)| to == broker && is_fetcher(&request.purpose))
    }

    /// `addPartitionsWithError`
    fn give_back(&mut self, broker: BrokerId, partition: TopicPartition) {
        if self.threads.get_mut(&broker).is_some_and(|partitions| partitions.remove(&partition)) {
            self.leaderless.insert(partition);
        }
    }
}

impl Connector {
    pub(super) fn stop_fetching(&mut self) {
        self.fetchers.stop();
        self.subscriptions.drop_buffered();
    }

    pub(super) fn reset_spec(&self) -> OffsetSpec {
        match self.config.auto_offset_reset {
            OldOffsetReset::Smallest => OffsetSpec::Earliest,
            OldOffsetReset::Largest => OffsetSpec::Latest,
        }
    }

    // ---- finding leaders -------------------------------------------------------------------------------------

    pub(super) fn find_leaders(&mut self, ctx: &mut Ctx<'_>) {
        let fetchers = &mut self.fetchers;
        if matches!(fetchers.finder, Finder::Sleeping { until } if until <= ctx.now()) {
            fetchers.finder = Finder::Waiting;
        }
        if fetchers.finder == Finder::Waiting && !fetchers.leaderless.is_empty() {
            fetchers.finder = Finder::Reading;
            let op = ZkOp::GetChildren { path: BROKER_IDS.into(), watch: false };
            self.session.request(ctx, vec![op], ZkCall::Brokers(fetchers.era));
        }
    }

    /// `ClientUtils.fetchTopicMetadata`: in a random order, until one answers.
    pub(super) fn brokers_read(&mut self, ctx: &mut Ctx<'_>, era: u32, outcomes: &[ZkOutcome]) {
        if era != self.fetchers.era || self.fetchers.finder != Finder::Reading {
            return;
        }
        let names = match outcomes.first() {
            Some(Ok(ZkReply::Children { names, .. })) => names.as_slice(),
            _ => &[],
        };
        let mut brokers: Vec<BrokerId> = names.iter().filter_map(|name| name.parse().ok().map(BrokerId)).collect();
        ctx.rng().shuffle(Purpose::Client, &mut brokers);
        self.ask_for_leaders(ctx, brokers);
    }

    fn ask_for_leaders(&mut self, ctx: &mut Ctx<'_>, mut brokers: Vec<BrokerId>) {
        let Some(broker) = brokers.pop() else { return self.fetchers.sleep(ctx.now(), &self.config) };
        let topics: BTreeSet<&TopicName> =
            self.fetchers.leaderless.iter().filter_map(|partition| self.names.get(&partition.topic)).collect();
        let topics = TopicsAsked::Named(topics.into_iter().cloned().collect());
        let request = MetadataRequest { topics, allow_auto_topic_creation: true };
        self.fetchers.finder = Finder::Asking { others: brokers };
        let call = BrokerCall::Metadata { era: self.fetchers.era };
        self.fetchers.network.send(ctx, broker, request, call);
    }

    fn leaders_told(&mut self, ctx: &mut Ctx<'_>, answer: &MetadataResponse) {
        let fetchers = &mut self.fetchers;
        fetchers.metadata.apply(ctx.now(), answer, ctx.rng());
        let topics = answer.topics.iter().map(|topic| topic.name.clone()).collect();
        ctx.emit(ConsumerFact::MetadataUpdated { topics, brokers: answer.brokers.clone() });
        let mut leaders = Vec::new();
        for (topic, partitions) in answer.topics.iter().filter_map(|topic| topic.outcome.as_ref().ok()) {
            for told in partitions {
                let partition = TopicPartition { topic: *topic, partition: told.partition };
                let Some(leader) = told.leader else { continue };
                if fetchers.leaderless.remove(&partition) {
                    fetchers.threads.entry(leader).or_default().insert(partition);
                    leaders.push((partition, leader));
                }
            }
        }
        fetchers.threads.retain(|_, partitions| !partitions.is_empty());
        if !leaders.is_empty() {
            ctx.emit(ZookeeperConsumerFact::LeadersFound { leaders });
        }
        self.fetchers.sleep(ctx.now(), &self.config);
    }

    // ---- fetching --------------------------------------------------------------------------------------------

    pub(super) fn send_fetches(&mut self, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        let brokers: Vec<BrokerId> = self.fetchers.threads.keys().copied().collect();
        for broker in brokers {
            if self.fetchers.is_busy(broker) {
                continue;
            }
            let partitions: Vec<TopicPartition> = self.fetchers.threads[&broker].iter().copied().collect();
            let era = self.fetchers.era;
            let lost: Vec<TopicPartition> = partitions.iter().copied().filter(|id| self.awaits_reset(*id)).collect();
            if !lost.is_empty() {
                // `handleOffsetOutOfRange` asks while the thread's fetching stands still.
                let spec = self.reset_spec();
                let partitions = lost.into_iter().map(|partition| (partition, None, spec)).collect();
                let request = ListOffsetsRequest { partitions };
                self.fetchers.network.send(ctx, broker, request, BrokerCall::ListOffsets { era });
                continue;
            }
            // The queue of a stream is full: the thread waits in `put()`.
            let most = self.config.queued_max_message_chunks as usize;
            let is_full = |id: &TopicPartition| self.subscriptions.chunks(|other| other.topic == id.topic) > most;
            if partitions.iter().any(is_full) {
                continue;
            }
            let ask = |partition: &TopicPartition| {
                Some(FetchPartition {
                    partition: *partition,
                    current_leader_epoch: None,
                    fetch_offset: self.subscriptions.get(*partition)?.read_up_to()?,
                    last_fetched_epoch: None,
                    log_start_offset: None,
                    max_bytes: u64::from(self.config.fetch_message_max_bytes),
                })
            };
            let partitions: Vec<FetchPartition> = partitions.iter().filter_map(ask).collect();
            let asked: Vec<_> = partitions.iter().map(|one| (one.partition, one.fetch_offset)).collect();
            for (partition, offset) in &asked {
                if let Some(state) = self.subscriptions.get_mut(*partition) {
                    state.fetch = Some(FetchInFlight { to: broker, since: now, offset: *offset });
                }
            }
            let params = FetchParams {
                follower: None,
                max_wait: self.config.fetch_wait_max,
                min_bytes: u64::from(self.config.fetch_min_bytes),
                // No limit for a whole answer before KIP-74.
                max_bytes: u64::MAX,
                isolation: Isolation::ReadUncommitted,
                rack: None,
            };
            let (metadata, forgotten) = (FetchMetadata::LEGACY, Vec::new());
            let request = FetchRequest { params, metadata, partitions, forgotten };
            self.fetchers.network.send(ctx, broker, request, BrokerCall::Fetch { era, partitions: asked });
        }
    }

    fn awaits_reset(&self, partition: TopicPartition) -> bool {
        let state = self.subscriptions.get(partition);
        state.is_some_and(|state| matches!(state.phase(), PartitionPhase::AwaitingReset { .. }))
    }

    pub(super) fn broker_answered(
        &mut self,
        ctx: &mut Ctx<'_>,
        broker: BrokerId,
        correlation: CorrelationId,
        response: Response,
    ) {
        let Some(request) = self.fetchers.network.complete(broker, correlation) else { return };
        // Of a thread that was stopped.
        if request.purpose.era() != self.fetchers.era {
            return;
        }
        match (request.purpose, response) {
            (BrokerCall::Metadata { .. }, Response::Metadata(answer)) => self.leaders_told(ctx, &answer),
            (BrokerCall::ListOffsets { .. }, Response::ListOffsets(answer)) => {
                self.offsets_listed(ctx, broker, &answer);
            }
            (BrokerCall::Fetch { partitions, .. }, Response::Fetch(answer)) => {
                self.fetched(ctx, broker, &partitions, answer);
            }
            _ => {}
        }
    }

    fn offsets_listed(&mut self, ctx: &mut Ctx<'_>, broker: BrokerId, answer: &ListOffsetsResponse) {
        for (partition, outcome) in &answer.partitions {
            let partition = *partition;
            let state = self.subscriptions.get_mut(partition);
            match (outcome, state) {
                (Ok(Some(position)), Some(state)) => {
                    let PartitionPhase::AwaitingReset { to, out_of_range } = state.phase() else { continue };
                    let why = match to {
                        _ if out_of_range => PositionFrom::OutOfRange,
                        OffsetSpec::Latest => PositionFrom::ResetLatest,
                        _ => PositionFrom::ResetEarliest,
                    };
                    state.seek(*position, None);
                    ctx.emit(ConsumerFact::PositionSet { partition, position: *position, why });
                }
                _ => self.fetchers.give_back(broker, partition),
            }
        }
    }

    fn fetched(
        &mut self,
        ctx: &mut Ctx<'_>,
        broker: BrokerId,
        asked: &[(TopicPartition, Offset)],
        answer: FetchResponse,
    ) {
        self.not_in_flight(asked);
        for FetchedPartition { partition, outcome, .. } in answer.partitions {
            let reset = self.reset_spec();
            let Some(state) = self.subscriptions.get_mut(partition) else { continue };
            match outcome {
                Ok(fetched) => {
                    state.high_watermark = Some(fetched.high_watermark);
                    if !fetched.batches.is_empty() {
                        self.subscriptions.arrived(partition, fetched.batches);
                    }
                }
                Err(error) => {
                    ctx.emit(ConsumerFact::FetchFailed { partition, error });
                    if error == ErrorCode::OffsetOutOfRange {
                        state.await_reset(reset, true);
                    } else {
                        self.fetchers.give_back(broker, partition);
                    }
                }
            }
        }
    }

    fn not_in_flight(&mut self, asked: &[(TopicPartition, Offset)]) {
        for (partition, _) in asked {
            if let Some(state) = self.subscriptions.get_mut(*partition) {
                state.fetch = None;
            }
        }
    }

    // ---- connections -----------------------------------------------------------------------------------------

    pub(super) fn broker_lost(&mut self, ctx: &mut Ctx<'_>, broker: BrokerId) {
        let disconnection = self.fetchers.network.disconnected(ctx.now(), broker, ctx.rng());
        self.requests_lost(ctx, disconnection);
    }

    pub(super) fn expire_requests(&mut self, ctx: &mut Ctx<'_>) {
        for disconnection in self.fetchers.network.expire(ctx.now(), ctx.rng()) {
            ctx.emit(ConsumerFact::RequestTimedOut { to: disconnection.broker });
            self.requests_lost(ctx, disconnection);
        }
    }

    /// The finder asks the next broker; a fetcher's partitions look for another leader.
    fn requests_lost(&mut self, ctx: &mut Ctx<'_>, disconnection: Disconnection<BrokerCall>) {
        let Disconnection { broker, requests } = disconnection;
        for request in requests {
            if request.purpose.era() != self.fetchers.era {
                continue;
            }
            match request.purpose {
                BrokerCall::Metadata { .. } => {
                    if let Finder::Asking { others } = std::mem::take(&mut self.fetchers.finder) {
                        self.ask_for_leaders(ctx, others);
                    }
                }
                BrokerCall::ListOffsets { .. } => self.stop_thread(broker),
                BrokerCall::Fetch { partitions, .. } => {
                    self.not_in_flight(&partitions);
                    self.stop_thread(broker);
                }
            }
        }
    }

    fn stop_thread(&mut self, broker: BrokerId) {
        let partitions = self.fetchers.threads.remove(&broker).unwrap_or_default();
        self.fetchers.leaderless.extend(partitions);
    }
}
