//! The producer's background thread (`org.apache.kafka.clients.producer.internals.Sender`): takes batches from the
//! accumulator to the brokers and tells what became of them.
//!
//! A thread in Kafka, a function here: [`Sender::send_ready`] does what one round of `runOnce` does, and the node calls
//! it after everything that happens.
//!
//! On order. With `max.in.flight.requests.per.connection` above 1 a failed batch may be overtaken by the next one, unless
//! the producer is idempotent: then the leader refuses a batch whose sequence number does not follow, and recognises one
//! that it has already. With 1 the sender itself keeps order: one batch per partition at a time
//! (`guaranteeMessageOrder`).

use std::collections::BTreeMap;

use super::accumulator::{AccumulatorConfig, Leader, RecordAccumulator};
use super::batch::ProducerBatch;
use super::ledger::Ledger;
use super::transaction_manager::{Bumped, Numbers, Rewrite, TransactionManager};
use crate::engine::Ctx;
use crate::engine::clients::fact::{BatchFailure, ProducerFact};
use crate::engine::clients::{
    ClientMetadata, Disconnection, ExponentialBackoff, MetadataConfig, NetworkClient, NetworkConfig,
};
use crate::engine::common::{
    BrokerId, CorrelationId, ErrorCode, Offset, PartitionId, ProducerIdAndEpoch, Span, Time, TopicId, TopicPartition,
};
use crate::engine::config::{self, ProducerConfig};
use crate::engine::protocol::{Acks, InitProducerIdRequest, ProduceRequest, ProduceResponse, Response, TopicName};

/// Names a batch from the moment it is drained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BatchId(u64);

/// What a request in flight is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProducerRequest {
    Metadata,
    InitProducerId,
    Produce(Vec<(TopicPartition, BatchId)>),
}

/// A batch that was sent and not yet answered.
#[derive(Clone, Debug)]
pub struct InFlightBatch {
    pub batch: ProducerBatch,
    pub to: BrokerId,
    pub since: Time,
}

/// When a broker last had something to be sent to it, and when it could take it (`NodeLatencyStats`).
#[derive(Clone, Copy, Debug)]
struct NodeLatency {
    ready_at: Time,
    drained_at: Time,
}

#[derive(Clone, Debug)]
pub struct Sender {
    acks: Acks,
    request_timeout: Span,
    retries: u32,
    max_request_size_bytes: u32,
    delivery_timeout: Span,
    availability_timeout: Span,
    guarantee_order: bool,
    backoff: ExponentialBackoff,
    pub(super) accumulator: RecordAccumulator,
    pub(super) metadata: ClientMetadata,
    network: NetworkClient<ProducerRequest>,
    in_flight: BTreeMap<BatchId, InFlightBatch>,
    /// Batches that expired on the wire: an answer may still tell what became of them.
    expired: BTreeMap<BatchId, Numbers>,
    next_batch: BatchId,
    /// Of an idempotent producer.
    transactions: Option<TransactionManager>,
    retry_backoff: Span,
    latencies: BTreeMap<BrokerId, NodeLatency>,
}

impl Sender {
    pub(super) fn new(config: &ProducerConfig, bootstrap: &[BrokerId]) -> Self {
        let network = NetworkConfig {
            request_timeout: config.request_timeout,
            max_in_flight: Some(config.max_in_flight_requests),
            reconnect_backoff: config.reconnect_backoff,
            reconnect_backoff_max: config.reconnect_backoff_max,
        };
        let metadata = MetadataConfig {
            max_age: config.metadata_max_age,
            refresh_backoff: config.retry_backoff,
            refresh_backoff_max: config.retry_backoff_max,
            allow_auto_topic_creation: true,
        };
        let accumulator = AccumulatorConfig {
            batch_size_bytes: config.batch_size_bytes,
            linger: config.linger,
            delivery_timeout: config.delivery_timeout,
            buffer_memory_bytes: config.buffer_memory_bytes,
            sabotage: config.sabotage,
        };
        Self {
            acks: match config.acks {
                config::Acks::None => Acks::Zero,
                config::Acks::Leader => Acks::Leader,
                config::Acks::All => Acks::All,
            },
            request_timeout: config.request_timeout,
            retries: config.retries,
            max_request_size_bytes: config.max_request_size_bytes,
            delivery_timeout: config.delivery_timeout,
            availability_timeout: config.partitioner_availability_timeout,
            guarantee_order: config.max_in_flight_requests == 1,
            backoff: ExponentialBackoff::new(config.retry_backoff, config.retry_backoff_max),
            accumulator: RecordAccumulator::new(accumulator),
            metadata: ClientMetadata::new(bootstrap.to_vec(), metadata),
            network: NetworkClient::new(network),
            in_flight: BTreeMap::new(),
            expired: BTreeMap::new(),
            next_batch: BatchId(0),
            transactions: config.enable_idempotence.then(|| {
                TransactionManager::new(config.version.bumps_epochs_of_idempotent_producers(), config.sabotage)
            }),
            retry_backoff: config.retry_backoff,
            latencies: BTreeMap::new(),
        }
    }

    // ---- sending ---------------------------------------------------------------------------------------------

    /// Sends all that may be sent. Answers when something that is held back will be due.
    pub(super) fn send_ready(&mut self, ctx: &mut Ctx<'_>, ledger: &mut Ledger) -> Option<Time> {
        let now = ctx.now();
        loop {
            let id_due = self.run_transactions(ctx);
            if self.awaits_producer_id() {
                return id_due;
            }
            let metadata = &self.metadata;
            let ready = self.accumulator.ready(now, |partition| metadata.leader(partition));
            if ready.has_unknown_leaders {
                self.metadata.request_update();
            }
            let mut next = ready.next_check;
            let mut has_sent = false;
            for broker in ready.brokers {
                let can_send = self.network.can_send(broker, now);
                self.note_latency(broker, now, can_send);
                if can_send {
                    has_sent |= self.send_to(ctx, broker, ledger);
                } else if let Some(until) = self.network.backing_off_until(broker, now) {
                    next = Some(next.map_or(until, |other| other.min(until)));
                }
            }
            if !has_sent {
                return next;
            }
        }
    }

    /// One Produce request: one batch of each partition that has one to go. False if an idempotent producer's batches
    /// must wait for those in flight.
    fn send_to(&mut self, ctx: &mut Ctx<'_>, to: BrokerId, ledger: &mut Ledger) -> bool {
        let now = ctx.now();
        let metadata = &self.metadata;
        let leader_of = |partition| metadata.leader(partition);
        let transactions = self.transactions.as_mut();
        let batches = self.accumulator.drain(now, to, self.max_request_size_bytes, leader_of, transactions);
        if batches.is_empty() {
            assert!(self.transactions.is_some(), "a broker is ready only if a batch may go to it");
            return false;
        }
        let mut request = ProduceRequest { acks: self.acks, timeout: self.request_timeout, batches: Vec::new() };
        let mut sent = Vec::new();
        for mut batch in batches {
            let partition = batch.partition();
            request.batches.push((partition, batch.seal()));
            ctx.emit(ProducerFact::BatchSent {
                partition,
                first_ordinal: batch.first_ordinal(),
                records: batch.record_count(),
                to,
                attempt: batch.attempts() + 1,
                stamp: batch.stamp(),
            });
            if self.guarantee_order {
                self.accumulator.mute(partition);
            }
            let id = self.next_batch;
            self.next_batch = BatchId(id.0 + 1);
            self.in_flight.insert(id, InFlightBatch { batch, to, since: now });
            sent.push((partition, id));
        }
        if self.acks == Acks::Zero {
            // No answer will come: what is on the wire counts as done, whatever happens to it.
            self.network.send_without_response(ctx, to, request);
            for (partition, id) in sent {
                self.finish(ctx, ledger, partition, id, Ok(None));
            }
        } else {
            self.network.send(ctx, to, request, ProducerRequest::Produce(sent));
        }
        true
    }

    // ---- the producer's id -----------------------------------------------------------------------------------

    /// The idempotent half of `runOnce`: raises the epoch if something asks for it, and sees to it that there is an id.
    /// Answers when to look again.
    fn run_transactions(&mut self, ctx: &mut Ctx<'_>) -> Option<Time> {
        match self.transactions.as_mut()?.run_once() {
            Some(Bumped::Epoch(producer, partitions, rewrites)) => {
                ctx.emit(ProducerFact::EpochBumped { producer, partitions, rewritten: count(rewrites.len()) });
                self.rewrite(&rewrites);
            }
            Some(Bumped::Reset(producer)) => ctx.emit(ProducerFact::ProducerIdReset { producer }),
            None => {}
        }
        let now = ctx.now();
        match self.transactions.as_ref()?.is_id_due(now) {
            Ok(true) => self.init_producer_id(ctx, now),
            Ok(false) => None,
            Err(at) => Some(at),
        }
    }

    /// Any broker can give an id (`bumpIdempotentEpochAndResetIdIfNeeded`).
    fn init_producer_id(&mut self, ctx: &mut Ctx<'_>, now: Time) -> Option<Time> {
        let transactions = self.transactions.as_mut()?;
        let Some(broker) = self.network.least_loaded(self.metadata.brokers(), now, ctx.rng()) else {
            let again = now + self.retry_backoff;
            transactions.id_failed(again);
            self.metadata.request_update();
            return Some(again);
        };
        transactions.id_requested();
        self.network.send(ctx, broker, InitProducerIdRequest, ProducerRequest::InitProducerId);
        None
    }

    fn producer_id_answered(&mut self, ctx: &mut Ctx<'_>, outcome: Result<ProducerIdAndEpoch, ErrorCode>) {
        let Some(transactions) = self.transactions.as_mut() else { return };
        match outcome {
            Ok(producer) => {
                let rewrites = transactions.id_given(producer);
                ctx.emit(ProducerFact::ProducerIdSet { producer });
                self.rewrite(&rewrites);
            }
            // Every error that a broker has here is retriable.
            Err(_) => transactions.id_failed(ctx.now() + self.retry_backoff),
        }
    }

    /// Before it has an id, an idempotent producer sends nothing, and its sender does not look for what has expired.
    fn awaits_producer_id(&self) -> bool {
        self.transactions.as_ref().is_some_and(TransactionManager::awaits_id)
    }

    /// Batches get other numbers, those on the wire as well: they may have to be sent again.
    fn rewrite(&mut self, rewrites: &[Rewrite]) {
        for rewrite in rewrites {
            let stamped = |one: &&mut InFlightBatch| {
                one.batch.partition() == rewrite.partition && one.batch.stamp() == Some(rewrite.from)
            };
            match self.in_flight.values_mut().find(stamped) {
                Some(one) => one.batch.reset_stamp(rewrite.to),
                None => self.accumulator.rewrite(rewrite),
            }
        }
    }

    fn note_latency(&mut self, broker: BrokerId, now: Time, can_send: bool) {
        if self.availability_timeout == Span::ZERO {
            return;
        }
        let latency = self.latencies.entry(broker).or_insert(NodeLatency { ready_at: now, drained_at: now });
        latency.ready_at = now;
        if can_send {
            latency.drained_at = now;
        }
    }

    /// Asks for metadata if it is time; answers when to come back.
    pub(super) fn poll_metadata(&mut self, ctx: &mut Ctx<'_>) -> Option<Time> {
        self.metadata.poll(ctx, &mut self.network, ProducerRequest::Metadata)
    }

    // ---- hearing ---------------------------------------------------------------------------------------------

    pub(super) fn response(
        &mut self,
        ctx: &mut Ctx<'_>,
        ledger: &mut Ledger,
        from: BrokerId,
        (correlation, response): (CorrelationId, Response),
    ) {
        // Nobody waits for an answer that comes after its connection was given up.
        let Some(request) = self.network.complete(from, correlation) else { return };
        match (request.purpose, response) {
            (ProducerRequest::Metadata, Response::Metadata(metadata)) => {
                self.metadata.apply(ctx.now(), &metadata, ctx.rng());
                let topics: Vec<TopicName> = self.metadata.topics().map(|(name, _)| name.clone()).collect();
                ctx.emit(ProducerFact::MetadataUpdated { topics, brokers: metadata.brokers });
            }
            (ProducerRequest::InitProducerId, Response::InitProducerId(init)) => {
                self.producer_id_answered(ctx, init.outcome);
            }
            (ProducerRequest::Produce(sent), Response::Produce(produced)) => {
                self.produced(ctx, ledger, &sent, produced);
            }
            (purpose, response) => unreachable!("{:?} answers {purpose:?}", response.api()),
        }
    }

    fn produced(
        &mut self,
        ctx: &mut Ctx<'_>,
        ledger: &mut Ledger,
        sent: &[(TopicPartition, BatchId)],
        response: ProduceResponse,
    ) {
        for produced in response.partitions {
            let (partition, id) = *sent
                .iter()
                .find(|(partition, _)| *partition == produced.partition)
                .expect("a leader answers for the partitions it was sent");
            let outcome = produced.outcome.map(|appended| Some(appended.base_offset));
            self.finish_with(ctx, ledger, partition, id, outcome, produced.log_start_offset);
            // After the batch has been put back: it then sees that its leader has changed, and skips its back-off.
            if let Some(hint) = produced.current_leader {
                self.metadata.apply_hint(partition, hint);
            }
        }
    }

    /// The connection with `broker` broke.
    pub(super) fn disconnected(&mut self, ctx: &mut Ctx<'_>, ledger: &mut Ledger, broker: BrokerId) {
        let lost = self.network.disconnected(ctx.now(), broker, ctx.rng());
        self.connection_lost(ctx, ledger, lost, ErrorCode::NetworkException);
    }

    /// Gives up requests and batches that have waited too long.
    pub(super) fn expire(&mut self, ctx: &mut Ctx<'_>, ledger: &mut Ledger) {
        let now = ctx.now();
        for lost in self.network.expire(now, ctx.rng()) {
            ctx.emit(ProducerFact::RequestTimedOut { to: lost.broker });
            self.connection_lost(ctx, ledger, lost, ErrorCode::RequestTimedOut);
        }
        if self.awaits_producer_id() {
            return;
        }
        // A batch in flight expires, too; its request stays in flight, and with it the partition stays muted.
        let overdue = |one: &InFlightBatch| one.batch.created_at() + self.delivery_timeout <= now;
        let in_flight: Vec<BatchId> =
            self.in_flight.iter().filter(|(_, one)| overdue(one)).map(|(id, _)| *id).collect();
        let queued = self.accumulator.expired(now);
        let mut on_the_wire = Vec::new();
        for (id, InFlightBatch { batch, .. }) in in_flight.into_iter().filter_map(|id| self.in_flight.remove_entry(&id))
        {
            self.expired.extend(batch.numbers().map(|numbers| (id, numbers)));
            on_the_wire.push(batch);
        }
        for batch in on_the_wire.into_iter().chain(queued) {
            self.fail(ctx, ledger, &batch, BatchFailure::DeliveryTimeout, (None, false));
            let numbers = batch.numbers().filter(|_| batch.attempts() > 0);
            if let (Some(transactions), Some(numbers)) = (self.transactions.as_mut(), numbers) {
                let (partition, next_sequence) = (numbers.partition, transactions.mark_unresolved(&numbers));
                ctx.emit(ProducerFact::SequenceUnresolved { partition, next_sequence });
            }
        }
    }

    fn connection_lost(
        &mut self,
        ctx: &mut Ctx<'_>,
        ledger: &mut Ledger,
        lost: Disconnection<ProducerRequest>,
        error: ErrorCode,
    ) {
        for request in lost.requests {
            match request.purpose {
                ProducerRequest::Metadata => self.metadata.update_failed(ctx.now(), ctx.rng()),
                ProducerRequest::InitProducerId => self.producer_id_answered(ctx, Err(error)),
                ProducerRequest::Produce(sent) => {
                    for (partition, id) in sent {
                        self.finish(ctx, ledger, partition, id, Err(error));
                    }
                }
            }
        }
        // A broker that is gone may mean that leaders have moved (`handleServerDisconnect`).
        self.metadata.request_update();
    }

    /// One batch has its answer (`Sender.completeBatch`).
    fn finish(
        &mut self,
        ctx: &mut Ctx<'_>,
        ledger: &mut Ledger,
        partition: TopicPartition,
        id: BatchId,
        outcome: Result<Option<Offset>, ErrorCode>,
    ) {
        self.finish_with(ctx, ledger, partition, id, outcome, None);
    }

    fn finish_with(
        &mut self,
        ctx: &mut Ctx<'_>,
        ledger: &mut Ledger,
        partition: TopicPartition,
        id: BatchId,
        outcome: Result<Option<Offset>, ErrorCode>,
        log_start: Option<Offset>,
    ) {
        if let Err(error) = outcome
            && error.refreshes_metadata()
        {
            self.metadata.request_update();
        }
        // A batch that expired in flight has been told of already. That the leader has it after all settles its numbers.
        if let (Some(numbers), Ok(base_offset), Some(transactions)) =
            (self.expired.remove(&id), outcome, self.transactions.as_mut())
        {
            transactions.completed(&numbers, base_offset);
        }
        if let Some(InFlightBatch { batch, .. }) = self.in_flight.remove(&id) {
            match outcome {
                Ok(base_offset) => {
                    if let (Some(transactions), Some(numbers)) = (self.transactions.as_mut(), batch.numbers()) {
                        transactions.completed(&numbers, base_offset);
                    }
                    let ordinals = batch.ordinals();
                    ledger.acked(partition, base_offset, &ordinals);
                    self.accumulator.deallocate(&batch);
                    ctx.emit(ProducerFact::BatchAcked { partition, base_offset, ordinals });
                }
                Err(ErrorCode::MessageTooLarge) if batch.record_count() > 1 => {
                    let ordinals = batch.ordinals();
                    let parts = self.accumulator.split_and_reenqueue(batch, self.transactions.as_mut());
                    ctx.emit(ProducerFact::BatchSplit { partition, ordinals, parts });
                }
                Err(error) => self.retry_or_fail(ctx, ledger, batch, error, log_start),
            }
        }
        if self.guarantee_order {
            self.accumulator.unmute(partition);
        }
    }

    /// `Sender.canRetry`: only what may pass, while retries and time are left.
    fn retry_or_fail(
        &mut self,
        ctx: &mut Ctx<'_>,
        ledger: &mut Ledger,
        batch: ProducerBatch,
        error: ErrorCode,
        log_start: Option<Offset>,
    ) {
        let now = ctx.now();
        let has_retries = batch.attempts() < self.retries;
        // What fails for good leaves a gap in the sequence, which later batches must not wait for.
        let failed = (Some(error), has_retries);
        let numbers = batch.numbers();
        if batch.created_at() + self.delivery_timeout <= now {
            let why = if error.is_retriable() { BatchFailure::DeliveryTimeout } else { BatchFailure::Refused(error) };
            return self.fail(ctx, ledger, &batch, why, failed);
        }
        if !has_retries {
            let why =
                if error.is_retriable() { BatchFailure::RetriesExhausted(error) } else { BatchFailure::Refused(error) };
            return self.fail(ctx, ledger, &batch, why, failed);
        }
        let (may_retry, rewrites) = match (self.transactions.as_mut(), &numbers) {
            (Some(transactions), Some(numbers)) => transactions.can_retry(numbers, error, log_start),
            _ => (error.is_retriable(), Vec::new()),
        };
        if !may_retry {
            return self.fail(ctx, ledger, &batch, BatchFailure::Refused(error), failed);
        }
        let transactions = self.transactions.as_ref();
        if numbers.is_some_and(|numbers| transactions.is_some_and(|all| all.is_dropped(&numbers))) {
            return self.fail(ctx, ledger, &batch, BatchFailure::ProducerIdChanged, (None, false));
        }
        let attempt = batch.attempts() + 1;
        let backoff = self.backoff.after(batch.attempts(), ctx.rng());
        let (partition, ordinals) = (batch.partition(), batch.ordinals());
        ctx.emit(ProducerFact::BatchRetried { partition, ordinals, error, attempt });
        self.accumulator.reenqueue(batch, now, backoff);
        self.told_rewrite(ctx, partition, &rewrites);
    }

    /// The program is told that the batch is given up. `failed`: the error, and whether later batches take over its
    /// sequence numbers.
    fn fail(
        &mut self,
        ctx: &mut Ctx<'_>,
        ledger: &mut Ledger,
        batch: &ProducerBatch,
        why: BatchFailure,
        failed: (Option<ErrorCode>, bool),
    ) {
        let (partition, ordinals) = (batch.partition(), batch.ordinals());
        ledger.failed(ordinals.len() as u64);
        self.accumulator.deallocate(batch);
        ctx.emit(ProducerFact::BatchFailed { partition, ordinals, why });
        if let (Some(transactions), Some(numbers)) = (self.transactions.as_mut(), batch.numbers()) {
            let rewrites = transactions.failed(&numbers, failed.0, failed.1);
            self.told_rewrite(ctx, partition, &rewrites);
        }
    }

    /// Until 2.5 batches are renumbered within their epoch.
    fn told_rewrite(&mut self, ctx: &mut Ctx<'_>, partition: TopicPartition, rewrites: &[Rewrite]) {
        if let Some(first) = rewrites.first() {
            let (first_sequence, batches) = (first.to.base_sequence, count(rewrites.len()));
            ctx.emit(ProducerFact::SequencesRewritten { partition, batches, first_sequence });
            self.rewrite(rewrites);
        }
    }

    // ---- looking in ------------------------------------------------------------------------------------------

    /// When a request or a batch will have waited too long.
    pub(super) fn next_deadline(&self) -> Option<Time> {
        if self.awaits_producer_id() {
            return self.network.next_deadline();
        }
        let in_flight = self.in_flight.values().map(|one| one.batch.created_at() + self.delivery_timeout).min();
        [in_flight, self.accumulator.next_expiry_at(), self.network.next_deadline()].into_iter().flatten().min()
    }

    /// Queue lengths for the adaptive partitioner, without partitions of brokers that have taken nothing for
    /// `partitioner.availability.timeout.ms`; and how many partitions ever had a queue.
    pub(super) fn partition_load(&self, topic: TopicId) -> (Vec<(PartitionId, u32)>, u32) {
        let leader_of = |partition| -> Leader { self.metadata.leader(partition) };
        let (mut sizes, queues) = self.accumulator.queue_sizes(topic, leader_of);
        if self.availability_timeout > Span::ZERO {
            sizes.retain(|(partition, _)| {
                let leader = leader_of(TopicPartition { topic, partition: *partition }).map(|(leader, _)| leader);
                let latency = leader.and_then(|leader| self.latencies.get(&leader));
                latency.is_none_or(|one| one.ready_at.since(one.drained_at) <= self.availability_timeout)
            });
        }
        (sizes, queues)
    }

    pub(super) fn network(&self) -> &NetworkClient<ProducerRequest> {
        &self.network
    }

    /// Batches sent and not yet answered, in the order of sending.
    pub(super) fn in_flight(&self) -> impl Iterator<Item = &InFlightBatch> {
        self.in_flight.values()
    }

    /// When the leader answers, as the configuration has it.
    #[must_use]
    pub(super) fn acks(&self) -> Acks {
        self.acks
    }

    /// Is there nothing left to be sent or answered?
    pub(super) fn is_idle(&self) -> bool {
        self.accumulator.is_empty() && self.in_flight.is_empty()
    }

    /// Do its records keep their order whatever has to be sent again?
    pub(super) fn guarantees_order(&self) -> bool {
        self.guarantee_order || self.transactions.is_some()
    }

    /// Id, epoch and sequence numbers of an idempotent producer.
    pub(super) fn transactions(&self) -> Option<&TransactionManager> {
        self.transactions.as_ref()
    }
}

fn count(len: usize) -> u32 {
    u32::try_from(len).expect("memory bounds the batches")
}
