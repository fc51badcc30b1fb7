//! A program that produces to one topic: the application's `send()` loop and the client library around it.
//!
//! `send()` is a call of the application's thread. It chooses a partition and puts the record into the accumulator; it
//! blocks while the topic is not known or memory is used up, and then the records after it wait with the application.
//! Everything else is the sender's work. The node keeps one timer for all that is due later.

use std::collections::VecDeque;
use std::sync::Arc;

use super::accumulator::{BufferExhausted, RecordAccumulator};
use super::batch::Numbered;
use super::ledger::Ledger;
use super::murmur2::partition_for_key;
use super::partitioner::{KeylessPartitioner, KeylessStrategy, Partitions};
use super::sender::{InFlightBatch, ProducerRequest, Sender};
use super::transaction_manager::TransactionManager;
use crate::engine::clients::ClientMetadata;
use crate::engine::clients::fact::{ProducerFact, SendFailure};
use crate::engine::clients::network_client::InFlightRequest;
use crate::engine::command::{RecordSpec, Workload};
use crate::engine::common::{BrokerId, ClientId, NodeId, PartitionId, Span, Time, TopicId, TopicPartition};
use crate::engine::config::{Partitioner, ProducerConfig};
use crate::engine::protocol::{Acks, Body, TopicName};
use crate::engine::record::Record;
use crate::engine::runtime::{Crash, Node, TimerId};
use crate::engine::workload::WorkloadState;
use crate::engine::{Ctx, Kafka, Timer};

/// A producer's alarms.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ProducerTimer {
    /// The sender thread's `poll` returns: a batch has lingered, a back-off is over, something has timed out.
    Poll,
    /// The application makes its next record.
    Workload,
}

/// A `send()` that has not returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingSend {
    pub ordinal: u64,
    pub spec: RecordSpec,
    /// When `send()` was called.
    pub since: Time,
    /// What it waits for; `None` until it has to.
    pub on: Option<BlockedOn>,
    /// The record's timestamp, taken once the topic is known.
    timestamp: Option<Time>,
    /// Chosen once, except by the built-in partitioner, which is free to think again.
    partition: Option<PartitionId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BlockedOn {
    Metadata,
    /// Room in `buffer.memory`.
    Memory,
}

/// Why nothing happens just now: the first reason that applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WaitsFor {
    /// `send()` blocks since then.
    Metadata {
        since: Time,
    },
    Memory {
        since: Time,
    },
    /// An answer to what was sent then.
    Answer {
        from: BrokerId,
        since: Time,
    },
    /// Batches wait and the producer knows of no leader for this partition.
    Leader {
        partition: TopicPartition,
    },
    /// The head of this partition's queue waits to be sent again.
    RetryBackoff {
        partition: TopicPartition,
        until: Time,
    },
    /// The broker is left alone after a disconnect.
    Reconnect {
        to: BrokerId,
        until: Time,
    },
    /// A batch waits for more records.
    Linger {
        partition: TopicPartition,
        until: Time,
    },
    /// A broker's answer with the producer's id: an idempotent producer sends nothing before.
    ProducerId,
    Nothing,
}

/// What dies with the process.
#[derive(Clone, Debug)]
struct Process {
    sender: Sender,
    partitioner: Option<KeylessPartitioner>,
    /// Records the application is about to send, behind the one that blocks.
    to_send: VecDeque<RecordSpec>,
    blocked: Option<PendingSend>,
    poll_timer: Option<(Time, TimerId)>,
    workload_timer: Option<TimerId>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Running,
    /// `close()` waits for what is under way.
    Closing,
    Closed,
}

/// A producing program.
#[derive(Clone, Debug)]
pub struct Producer {
    id: ClientId,
    name: Arc<str>,
    config: Arc<ProducerConfig>,
    bootstrap: Vec<BrokerId>,
    topic: TopicName,
    /// The application's own plan. It goes on after a restart where it was: the orders it enters come from elsewhere.
    workload: Option<WorkloadState>,
    ledger: Ledger,
    process: Process,
}

/// What came of one attempt to `send()`.
enum Sent {
    Queued,
    Blocked(PendingSend),
    Failed(u64, SendFailure),
}

impl Producer {
    #[must_use]
    pub fn new(
        id: ClientId,
        name: Arc<str>,
        config: ProducerConfig,
        bootstrap: Vec<BrokerId>,
        topic: TopicName,
        workload: Option<Workload>,
    ) -> Self {
        let process = Process::new(&config, &bootstrap);
        let workload = workload.map(WorkloadState::new);
        Self { id, name, config: Arc::new(config), bootstrap, topic, workload, ledger: Ledger::default(), process }
    }

    // ---- what the user does ----------------------------------------------------------------------------------

    /// The application calls `send()` for each of these, one after the other.
    pub fn produce(&mut self, ctx: &mut Ctx<'_>, records: Vec<RecordSpec>) {
        if self.process.state == State::Running {
            self.process.to_send.extend(records);
            self.poll(ctx);
        }
    }

    /// Replaces what the application does by itself; it begins at once.
    pub fn set_workload(&mut self, ctx: &mut Ctx<'_>, workload: Option<Workload>) {
        if let Some(timer) = self.process.workload_timer.take() {
            ctx.cancel_timer(timer);
        }
        self.workload = workload.map(WorkloadState::new);
        self.poll(ctx);
    }

    /// `close()`: sends what is queued without lingering and waits for the answers.
    pub fn close(&mut self, ctx: &mut Ctx<'_>) {
        if self.process.state != State::Running {
            return;
        }
        self.process.state = State::Closing;
        self.workload = None;
        if let Some(timer) = self.process.workload_timer.take() {
            ctx.cancel_timer(timer);
        }
        self.poll(ctx);
    }

    // ---- one round of everything -----------------------------------------------------------------------------

    /// Does all that can be done now, and sets the alarm for the rest.
    fn poll(&mut self, ctx: &mut Ctx<'_>) {
        if self.process.state == State::Closed {
            return;
        }
        self.process.sender.expire(ctx, &mut self.ledger);
        self.update_partitioner_load();
        let sent = loop {
            self.run_application(ctx);
            let reserved_bytes = self.process.sender.accumulator.reserved_bytes();
            let next = self.process.sender.send_ready(ctx, &mut self.ledger);
            // With acks=0 sending frees memory at once, and a `send()` that waited for it goes on.
            let has_freed = self.process.sender.accumulator.reserved_bytes() < reserved_bytes;
            if self.process.blocked.is_none() || !has_freed {
                break next;
            }
        };
        if self.process.state == State::Closing && self.is_quiet() {
            self.process.state = State::Closed;
            self.set_poll_timer(ctx, None);
            ctx.emit(ProducerFact::Closed);
            return;
        }
        let metadata = self.process.sender.poll_metadata(ctx);
        let blocked_until = self.process.blocked.as_ref().map(|blocked| blocked.since + self.config.max_block);
        let due = [sent, metadata, blocked_until, self.process.sender.next_deadline()];
        self.set_poll_timer(ctx, due.into_iter().flatten().min());
    }

    fn set_poll_timer(&mut self, ctx: &mut Ctx<'_>, due: Option<Time>) {
        if self.process.poll_timer.map(|(at, _)| at) == due {
            return;
        }
        if let Some((_, timer)) = self.process.poll_timer.take() {
            ctx.cancel_timer(timer);
        }
        self.process.poll_timer =
            due.map(|at| (at, ctx.set_timer(at.since(ctx.now()), Timer::Producer(ProducerTimer::Poll))));
    }

    /// The application's thread runs until a `send()` blocks or there is nothing left to send.
    fn run_application(&mut self, ctx: &mut Ctx<'_>) {
        loop {
            let pending = match self.process.blocked.take() {
                Some(blocked) => blocked,
                None => match self.next_record(ctx) {
                    Some(spec) => PendingSend {
                        ordinal: self.ledger.take_ordinal(),
                        spec,
                        since: ctx.now(),
                        on: None,
                        timestamp: None,
                        partition: None,
                    },
                    None => break,
                },
            };
            match self.send(ctx, pending) {
                Sent::Queued => self.ledger.queued(),
                Sent::Failed(ordinal, why) => self.send_failed(ctx, ordinal, why),
                Sent::Blocked(pending) if pending.since + self.config.max_block <= ctx.now() => {
                    self.process.sender.accumulator.stop_waiting();
                    let why = match pending.on {
                        Some(BlockedOn::Memory) => SendFailure::BufferExhausted,
                        Some(BlockedOn::Metadata) | None => SendFailure::MetadataTimeout,
                    };
                    self.send_failed(ctx, pending.ordinal, why);
                }
                Sent::Blocked(pending) => {
                    if pending.on == Some(BlockedOn::Metadata) {
                        self.process.sender.metadata.request_update();
                    }
                    self.process.blocked = Some(pending);
                    return;
                }
            }
        }
        if self.process.state == State::Closing {
            self.process.sender.accumulator.flush();
        }
    }

    /// What the application sends next: what the user handed it, then its own work when that is due.
    fn next_record(&mut self, ctx: &mut Ctx<'_>) -> Option<RecordSpec> {
        if let Some(spec) = self.process.to_send.pop_front() {
            return Some(spec);
        }
        if self.process.workload_timer.is_some() {
            return None;
        }
        let workload = self.workload.as_mut()?;
        let spec = workload.next(ctx.rng())?;
        if workload.is_done() {
            ctx.emit(ProducerFact::WorkloadDone { records: workload.sent() });
        } else {
            // The pause begins when `send()` is called; one that blocks for longer delays the next. At least a
            // millisecond, so that time goes on.
            let every = workload.every().max(Span::millis(1));
            self.process.workload_timer = Some(ctx.set_timer(every, Timer::Producer(ProducerTimer::Workload)));
        }
        Some(spec)
    }

    fn send_failed(&mut self, ctx: &mut Ctx<'_>, ordinal: u64, why: SendFailure) {
        self.ledger.failed(1);
        ctx.emit(ProducerFact::SendFailed { ordinal, why });
    }

    // ---- send() ----------------------------------------------------------------------------------------------

    /// `KafkaProducer.doSend`: knows the topic, checks the size, chooses the partition, appends.
    fn send(&mut self, ctx: &mut Ctx<'_>, mut pending: PendingSend) -> Sent {
        let metadata = &mut self.process.sender.metadata;
        metadata.add_topic(&self.topic);
        if let Some(error) = metadata.error(&self.topic)
            && !error.is_retriable()
        {
            return Sent::Failed(pending.ordinal, SendFailure::Refused(error));
        }
        let known = metadata.topic(&self.topic).map(|known| {
            let partitions = known.partitions.iter().map(|partition| partition.partition);
            let led = |id: &PartitionId| metadata.leader(TopicPartition { topic: known.id, partition: *id }).is_some();
            (known.id, known.partitions.len(), partitions.filter(led).collect::<Vec<_>>())
        });
        let wanted = pending.spec.partition;
        let (topic, count, available) = match known {
            Some((topic, count, available)) if count > 0 && wanted.is_none_or(|id| (id as usize) < count) => {
                (topic, u32::try_from(count).expect("a topic's partitions are numbered by 32 bits"), available)
            }
            _ => {
                if pending.on.replace(BlockedOn::Metadata) != Some(BlockedOn::Metadata) {
                    ctx.emit(ProducerFact::AwaitsMetadata { topic: self.topic.clone() });
                }
                return Sent::Blocked(pending);
            }
        };

        let timestamp = *pending.timestamp.get_or_insert(ctx.now());
        let key = pending.spec.key.as_ref().map(String::as_bytes);
        let record = Record::new(key, pending.spec.value_bytes(), timestamp);
        let size_bytes = record.batch_size_upper_bound_in_bytes();
        if size_bytes > self.config.max_request_size_bytes || u64::from(size_bytes) > self.config.buffer_memory_bytes {
            return Sent::Failed(pending.ordinal, SendFailure::RecordTooLarge { size_bytes });
        }

        let partitions = Partitions { available: &available, count };
        let chosen = pending.partition.or_else(|| self.choose(ctx, &pending.spec, partitions));
        pending.partition = chosen;
        let partition = match chosen {
            Some(partition) => TopicPartition { topic, partition },
            None => self.stick(ctx, topic, partitions),
        };
        let numbered = Numbered { ordinal: pending.ordinal, record };
        let accumulator = &mut self.process.sender.accumulator;
        match accumulator.append(ctx.now(), partition, numbered) {
            Err(BufferExhausted(_)) => {
                if pending.on.replace(BlockedOn::Memory) != Some(BlockedOn::Memory) {
                    ctx.emit(ProducerFact::AwaitsMemory { ordinal: pending.ordinal });
                }
                Sent::Blocked(pending)
            }
            Ok(appended) => {
                if chosen.is_none() {
                    let may_switch = accumulator.are_all_full(partition);
                    self.count_towards_switch(ctx, appended.appended_bytes, may_switch, partitions);
                }
                let key = pending.spec.key.map(Arc::from);
                ctx.emit(ProducerFact::Queued { partition, ordinal: pending.ordinal, key });
                Sent::Queued
            }
        }
    }

    /// The partition of a record that has a say in it (`KafkaProducer.partition`): as asked for, by
    /// `partitioner.class`, by the key's hash. `None` leaves it to the built-in partitioner.
    fn choose(&mut self, ctx: &mut Ctx<'_>, spec: &RecordSpec, partitions: Partitions<'_>) -> Option<PartitionId> {
        if let Some(partition) = spec.partition {
            return Some(PartitionId(partition));
        }
        match (self.config.partitioner_class, &spec.key) {
            (Some(Partitioner::RoundRobin), _) => {
                Some(self.process.partitioner(&self.config, ctx).partition(partitions, ctx.rng()))
            }
            (None, Some(key)) if !self.config.partitioner_ignore_keys => {
                Some(partition_for_key(key.as_bytes(), partitions.count))
            }
            (None, _) => None,
        }
    }

    /// The built-in partitioner's partition of the moment. If its batches have become full meanwhile, it may first
    /// make the switch that it had put off (`RecordAccumulator.partitionChanged`).
    fn stick(&mut self, ctx: &mut Ctx<'_>, topic: TopicId, partitions: Partitions<'_>) -> TopicPartition {
        let partition = self.process.partitioner(&self.config, ctx).partition(partitions, ctx.rng());
        if self.process.sender.accumulator.are_all_full(TopicPartition { topic, partition }) {
            self.count_towards_switch(ctx, 0, true, partitions);
        }
        let partition = self.process.partitioner(&self.config, ctx).partition(partitions, ctx.rng());
        TopicPartition { topic, partition }
    }

    fn count_towards_switch(
        &mut self,
        ctx: &mut Ctx<'_>,
        appended_bytes: u32,
        may_switch: bool,
        partitions: Partitions<'_>,
    ) {
        let batch_size_bytes = self.config.batch_size_bytes;
        let partitioner = self.process.partitioner(&self.config, ctx);
        partitioner.on_append(appended_bytes, batch_size_bytes, may_switch, partitions, ctx.rng());
    }

    /// Tells the adaptive partitioner how long the queues are, as the sender does in each of its rounds.
    fn update_partitioner_load(&mut self) {
        let sender = &self.process.sender;
        let Some(known) = sender.metadata.topic(&self.topic) else { return };
        let (sizes, queues) = sender.partition_load(known.id);
        let is_covered = self.config.partitioner_adaptive && queues as usize >= known.partitions.len();
        if let Some(partitioner) = &mut self.process.partitioner {
            partitioner.update_load(is_covered.then_some(sizes.as_slice()), queues);
        }
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
    pub fn config(&self) -> &ProducerConfig {
        &self.config
    }

    /// When the leader answers.
    #[must_use]
    pub fn acks(&self) -> Acks {
        self.process.sender.acks()
    }

    #[must_use]
    pub fn topic(&self) -> &TopicName {
        &self.topic
    }

    /// What the program does by itself, and how far it has come.
    #[must_use]
    pub fn workload(&self) -> Option<&WorkloadState> {
        self.workload.as_ref()
    }

    /// What it was told of its records.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// What it believes of the cluster.
    #[must_use]
    pub fn metadata(&self) -> &ClientMetadata {
        &self.process.sender.metadata
    }

    /// Its queues of batches, one per partition, and the memory they take.
    #[must_use]
    pub fn accumulator(&self) -> &RecordAccumulator {
        &self.process.sender.accumulator
    }

    /// Batches sent and not yet answered.
    pub fn in_flight_batches(&self) -> impl Iterator<Item = &InFlightBatch> {
        self.process.sender.in_flight()
    }

    /// Requests without an answer yet, by broker.
    pub fn in_flight_requests(&self) -> impl Iterator<Item = (BrokerId, &InFlightRequest<ProducerRequest>)> {
        self.process.sender.network().in_flight()
    }

    /// The `send()` that does not return.
    #[must_use]
    pub fn blocked(&self) -> Option<&PendingSend> {
        self.process.blocked.as_ref()
    }

    /// Records that the application holds because an earlier `send()` blocks.
    #[must_use]
    pub fn records_behind(&self) -> usize {
        self.process.to_send.len()
    }

    /// Id, epoch and sequence numbers, if it is idempotent.
    #[must_use]
    pub fn transactions(&self) -> Option<&TransactionManager> {
        self.process.sender.transactions()
    }

    /// Do its records keep their order whatever has to be sent again (`max.in.flight=1`, or idempotence)?
    #[must_use]
    pub fn guarantees_order(&self) -> bool {
        self.process.sender.guarantees_order()
    }

    /// Has `close()` returned?
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.process.state == State::Closed
    }

    /// Is nothing on its way, neither queued nor in flight nor about to be sent?
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.process.blocked.is_none() && self.process.to_send.is_empty() && self.process.sender.is_idle()
    }

    /// Why nothing happens just now.
    #[must_use]
    pub fn waits_for(&self, now: Time) -> WaitsFor {
        if let Some(blocked) = &self.process.blocked {
            return match blocked.on {
                Some(BlockedOn::Memory) => WaitsFor::Memory { since: blocked.since },
                Some(BlockedOn::Metadata) | None => WaitsFor::Metadata { since: blocked.since },
            };
        }
        if let Some(one) = self.process.sender.in_flight().next() {
            return WaitsFor::Answer { from: one.to, since: one.since };
        }
        let sender = &self.process.sender;
        if sender.transactions().is_some_and(TransactionManager::awaits_id) && !sender.accumulator.is_empty() {
            return WaitsFor::ProducerId;
        }
        let heads = sender.accumulator.queues().filter_map(|(partition, queue)| Some((partition, queue.front()?)));
        let waits = heads.map(|(partition, head)| {
            let Some((leader, _)) = sender.metadata.leader(partition) else { return WaitsFor::Leader { partition } };
            if let Some(until) = head.backs_off_until(now) {
                return WaitsFor::RetryBackoff { partition, until };
            }
            if let Some(until) = sender.network().backing_off_until(leader, now) {
                return WaitsFor::Reconnect { to: leader, until };
            }
            WaitsFor::Linger { partition, until: head.last_attempt_at() + self.config.linger }
        });
        // A batch that merely lingers is the least of worries.
        waits.min_by_key(|waits| matches!(waits, WaitsFor::Linger { .. })).unwrap_or(WaitsFor::Nothing)
    }
}

impl Process {
    fn new(config: &ProducerConfig, bootstrap: &[BrokerId]) -> Self {
        Self {
            sender: Sender::new(config, bootstrap),
            partitioner: None,
            to_send: VecDeque::new(),
            blocked: None,
            poll_timer: None,
            workload_timer: None,
            state: State::Running,
        }
    }

    /// The partitioner for records that do not care, made when first needed: one of its kinds begins at random.
    fn partitioner(&mut self, config: &ProducerConfig, ctx: &mut Ctx<'_>) -> &mut KeylessPartitioner {
        self.partitioner.get_or_insert_with(|| {
            let strategy = match config.partitioner_class {
                Some(Partitioner::RoundRobin) => KeylessStrategy::round_robin_class_of(config.version),
                None => KeylessStrategy::default_of(config.version),
            };
            KeylessPartitioner::new(strategy, ctx.rng())
        })
    }
}

impl Node<Kafka> for Producer {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        self.poll(ctx);
    }

    fn message(&mut self, ctx: &mut Ctx<'_>, from: NodeId, body: Body) {
        let (NodeId::Broker(from), Body::Response { correlation, response }) = (from, body) else {
            unreachable!("only brokers talk to a producer, and only when asked");
        };
        self.process.sender.response(ctx, &mut self.ledger, from, (correlation, response));
        self.poll(ctx);
    }

    fn timer(&mut self, ctx: &mut Ctx<'_>, timer: Timer) {
        match timer {
            Timer::Producer(ProducerTimer::Poll) => self.process.poll_timer = None,
            Timer::Producer(ProducerTimer::Workload) => self.process.workload_timer = None,
            _ => unreachable!("a producer sets no other timer"),
        }
        self.poll(ctx);
    }

    fn disconnected(&mut self, ctx: &mut Ctx<'_>, peer: NodeId) {
        if let NodeId::Broker(broker) = peer {
            self.process.sender.disconnected(ctx, &mut self.ledger, broker);
            self.poll(ctx);
        }
    }

    /// Nothing of a producer is durable.
    fn crash(&mut self, _how: Crash) {
        self.ledger.process_died();
        self.process = Process::new(&self.config, &self.bootstrap);
    }
}
