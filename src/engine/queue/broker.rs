//! The point-to-point broker: one durable queue, competing workers, each message to one of them.
//!
//! A message is ready, out with one worker, or gone. It is confirmed to its producer when it is safe on disk. Whoever
//! takes it gets a tag and a time limit; an ack deletes it for everybody, anything else brings it back to where it stood,
//! ahead of all that came later. What has been delivered too often is set aside, so that one bad message cannot keep all
//! workers busy for ever.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::journal::{DeadLetter, Entry, Journal, StoredMessage};
use super::{HEARTBEAT_TIMEOUT, QueueFact, QueueTimer, RequeuedBecause};
use crate::engine::command::QueueSpec;
use crate::engine::common::{Mutation, NodeId, Sabotage, Time};
use crate::engine::protocol::{Body, DeliveryTag, QueueMessage, QueueName};
use crate::engine::record::Record;
use crate::engine::runtime::{Crash, Node, TimerId};
use crate::engine::{Ctx, Kafka, Timer, Token};

/// How many removed messages a spectator can still see.
const REMEMBERED_REMOVALS: usize = 32;

/// A message in the hands of one worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivery {
    pub message: u64,
    pub to: NodeId,
    pub since: Time,
    /// When it is taken back if no answer has come.
    pub deadline: Time,
    /// Which delivery of this message it is, from 1.
    pub deliveries: u32,
    timer: TimerId,
}

/// A worker that takes messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subscriber {
    /// At most so many unacknowledged at a time; 0 sets no limit, as in AMQP.
    pub prefetch: u32,
    /// How many it has now.
    pub unacknowledged: u32,
    pub last_heard: Time,
    check: TimerId,
}

impl Subscriber {
    fn has_credit(&self) -> bool {
        self.prefetch == 0 || self.unacknowledged < self.prefetch
    }
}

/// A message that was acknowledged, and is no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Removal {
    pub message: u64,
    pub by: NodeId,
    pub at: Time,
}

#[derive(Clone, Debug)]
pub struct QueueBroker {
    spec: QueueSpec,
    sabotage: Sabotage,
    name: QueueName,
    durable: Journal,
    volatile: Volatile,
    seen: Seen,
}

#[derive(Clone, Debug, Default)]
struct Volatile {
    ready: BTreeSet<u64>,
    out: BTreeMap<DeliveryTag, Delivery>,
    next_tag: u64,
    subscribers: BTreeMap<NodeId, Subscriber>,
    /// Who was served last: the next one is next.
    last_served: Option<NodeId>,
    /// Confirms that wait until so many journal entries are safe.
    confirms: VecDeque<(u64, NodeId, u64)>,
    is_flushing: bool,
}

/// What only spectators know; the broker itself has forgotten it.
#[derive(Clone, Debug, Default)]
struct Seen {
    removed: VecDeque<Removal>,
    removed_count: u64,
}

impl QueueBroker {
    #[must_use]
    pub fn new(spec: QueueSpec) -> Self {
        let name = spec.name.as_str().into();
        let (durable, volatile, seen) = (Journal::default(), Volatile::default(), Seen::default());
        Self { spec, sabotage: Sabotage::default(), name, durable, volatile, seen }
    }

    /// The same, breaking a rule.
    #[must_use]
    pub fn sabotaged(self, sabotage: Sabotage) -> Self {
        Self { sabotage, ..self }
    }

    // ---- for spectators ----------------------------------------------------------------------------------------

    #[must_use]
    pub fn spec(&self) -> &QueueSpec {
        &self.spec
    }

    /// Messages that wait for a worker, in the order in which they will be delivered.
    pub fn ready(&self) -> impl Iterator<Item = (u64, &StoredMessage)> {
        self.volatile.ready.iter().map(|message| (*message, &self.durable.messages()[message]))
    }

    /// Messages that a worker has, in the order of delivery.
    pub fn delivered(&self) -> impl Iterator<Item = (DeliveryTag, &Delivery)> {
        self.volatile.out.iter().map(|(tag, delivery)| (*tag, delivery))
    }

    /// A message that is still stored, wherever it is.
    #[must_use]
    pub fn stored(&self, message: u64) -> Option<&StoredMessage> {
        self.durable.messages().get(&message)
    }

    /// The last few messages that were acknowledged and deleted, oldest first.
    pub fn removed(&self) -> impl Iterator<Item = &Removal> {
        self.seen.removed.iter()
    }

    /// How many have been deleted altogether.
    #[must_use]
    pub fn removed_count(&self) -> u64 {
        self.seen.removed_count
    }

    #[must_use]
    pub fn dead_letters(&self) -> &[DeadLetter] {
        self.durable.dead_letters()
    }

    pub fn subscribers(&self) -> impl Iterator<Item = (NodeId, &Subscriber)> {
        self.volatile.subscribers.iter().map(|(worker, subscriber)| (*worker, subscriber))
    }

    /// The number the next message will get: so many have ever been accepted.
    #[must_use]
    pub fn next_message(&self) -> u64 {
        self.durable.next_message()
    }

    /// Journal entries that a loss of power would take now.
    #[must_use]
    pub fn unsafe_entries(&self) -> usize {
        self.durable.unsafe_entries()
    }

    /// Messages that are stored but not yet confirmed to their producers.
    #[must_use]
    pub fn unconfirmed(&self) -> usize {
        self.volatile.confirms.len()
    }

    // ---- in ----------------------------------------------------------------------------------------------------

    fn publish(&mut self, ctx: &mut Ctx<'_>, from: NodeId, publish: u64, record: Record) {
        let message = self.durable.next_message();
        let key = record.key.as_deref().map(|key| String::from_utf8_lossy(key).into());
        let until = self.durable.append(Entry::Enqueued { record, from, at: ctx.now() });
        ctx.emit(QueueFact::Enqueued { message, from, key });
        self.volatile.ready.insert(message);
        self.volatile.confirms.push_back((until, from, publish));
    }

    /// One flush at a time; what is written meanwhile goes with the next.
    fn flush(&mut self, ctx: &mut Ctx<'_>) {
        if self.volatile.is_flushing {
            return;
        }
        if let Some((bytes, end)) = self.durable.unflushed() {
            self.volatile.is_flushing = true;
            ctx.flush(bytes, Token::QueueJournal { end });
        }
    }

    fn confirm(&mut self, ctx: &mut Ctx<'_>, end: u64) {
        while let Some((until, producer, publish)) = self.volatile.confirms.front().copied()
            && until <= end
        {
            self.volatile.confirms.pop_front();
            ctx.send(producer, Body::Queue(QueueMessage::Confirm { publish }));
        }
    }

    // ---- out ---------------------------------------------------------------------------------------------------

    /// A worker subscribes, or shows that it still is. What it already has stays with it.
    fn consume(&mut self, ctx: &mut Ctx<'_>, worker: NodeId, prefetch: u32) {
        let last_heard = ctx.now();
        if let Some(subscriber) = self.volatile.subscribers.get_mut(&worker) {
            subscriber.prefetch = prefetch;
            return;
        }
        let check = ctx.set_timer(HEARTBEAT_TIMEOUT, QueueTimer::CheckWorker(worker).into());
        self.volatile.subscribers.insert(worker, Subscriber { prefetch, unacknowledged: 0, last_heard, check });
        ctx.emit(QueueFact::WorkerSubscribed { worker });
    }

    /// Hands out what is ready, in turn, to those who have credit.
    fn deliver(&mut self, ctx: &mut Ctx<'_>) {
        while let Some(message) = self.volatile.ready.first().copied()
            && let Some(to) = self.next_worker()
        {
            self.volatile.ready.remove(&message);
            self.volatile.last_served = Some(to);
            self.durable.append(Entry::Delivered { message });
            let stored = &self.durable.messages()[&message];
            let (deliveries, record) = (stored.deliveries, stored.record.clone());
            let tag = DeliveryTag(self.volatile.next_tag);
            self.volatile.next_tag += 1;
            let timer = ctx.set_timer(self.spec.visibility_timeout, QueueTimer::VisibilityTimeout(tag).into());
            let (since, deadline) = (ctx.now(), ctx.now() + self.spec.visibility_timeout);
            self.volatile.out.insert(tag, Delivery { message, to, since, deadline, deliveries, timer });
            self.subscriber(to).unacknowledged += 1;
            ctx.emit(QueueFact::Delivered { message, to, deliveries });
            let queue = self.name.clone();
            let delivery = QueueMessage::Deliver { queue, tag, message, deliveries, record };
            if self.sabotage.breaks(Mutation::DeliversTwice)
                && let Some(second) = self.next_worker().filter(|second| *second != to)
            {
                ctx.emit(QueueFact::Delivered { message, to: second, deliveries });
                ctx.send(second, Body::Queue(delivery.clone()));
            }
            ctx.send(to, Body::Queue(delivery));
        }
    }

    /// Round robin: the first with credit after the one who was served last.
    fn next_worker(&self) -> Option<NodeId> {
        let with_credit = |(worker, subscriber): (&NodeId, &Subscriber)| subscriber.has_credit().then_some(*worker);
        let mut workers = self.volatile.subscribers.iter().filter_map(with_credit);
        let first = workers.next()?;
        let Some(last) = self.volatile.last_served else { return Some(first) };
        if first > last { Some(first) } else { workers.find(|worker| *worker > last).or(Some(first)) }
    }

    fn subscriber(&mut self, worker: NodeId) -> &mut Subscriber {
        self.volatile.subscribers.get_mut(&worker).expect("whoever has a delivery is subscribed")
    }

    // ---- back --------------------------------------------------------------------------------------------------

    fn ack(&mut self, ctx: &mut Ctx<'_>, by: NodeId, tag: DeliveryTag) {
        let Some(Delivery { message, .. }) = self.answered(ctx, by, tag) else { return };
        self.durable.append(Entry::Removed { message });
        ctx.emit(QueueFact::Removed { message, by });
        self.seen.removed_count += 1;
        self.seen.removed.push_back(Removal { message, by, at: ctx.now() });
        if self.seen.removed.len() > REMEMBERED_REMOVALS {
            self.seen.removed.pop_front();
        }
    }

    fn nack(&mut self, ctx: &mut Ctx<'_>, by: NodeId, tag: DeliveryTag, requeue: bool) {
        let Some(Delivery { message, .. }) = self.answered(ctx, by, tag) else { return };
        if requeue {
            self.requeue(ctx, message, RequeuedBecause::Nacked);
        } else {
            self.dead_letter(ctx, message);
        }
    }

    /// The delivery that `by` speaks of, if it still has it.
    fn answered(&mut self, ctx: &mut Ctx<'_>, by: NodeId, tag: DeliveryTag) -> Option<Delivery> {
        if self.volatile.out.get(&tag).is_some_and(|delivery| delivery.to == by) {
            return self.take_back(ctx, tag);
        }
        ctx.emit(QueueFact::AnsweredTooLate { by });
        None
    }

    fn take_back(&mut self, ctx: &mut Ctx<'_>, tag: DeliveryTag) -> Option<Delivery> {
        let delivery = self.volatile.out.remove(&tag)?;
        ctx.cancel_timer(delivery.timer);
        self.subscriber(delivery.to).unacknowledged -= 1;
        Some(delivery)
    }

    /// Back to its old place, which is ahead of everything that came later; unless it has had its chances.
    fn requeue(&mut self, ctx: &mut Ctx<'_>, message: u64, why: RequeuedBecause) {
        if self.durable.messages()[&message].deliveries >= self.spec.max_deliveries.max(1) {
            return self.dead_letter(ctx, message);
        }
        self.durable.append(Entry::Requeued { message });
        self.volatile.ready.insert(message);
        ctx.emit(QueueFact::Requeued { message, why });
    }

    fn dead_letter(&mut self, ctx: &mut Ctx<'_>, message: u64) {
        let deliveries = self.durable.messages()[&message].deliveries;
        self.durable.append(Entry::DeadLettered { message });
        ctx.emit(QueueFact::DeadLettered { message, deliveries });
    }

    fn worker_gone(&mut self, ctx: &mut Ctx<'_>, worker: NodeId) {
        if !self.volatile.subscribers.contains_key(&worker) {
            return;
        }
        ctx.emit(QueueFact::WorkerGone { worker });
        let its: Vec<DeliveryTag> =
            self.volatile.out.iter().filter(|(_, delivery)| delivery.to == worker).map(|(tag, _)| *tag).collect();
        for tag in its {
            if let Some(delivery) = self.take_back(ctx, tag) {
                self.requeue(ctx, delivery.message, RequeuedBecause::WorkerGone);
            }
        }
        if let Some(subscriber) = self.volatile.subscribers.remove(&worker) {
            ctx.cancel_timer(subscriber.check);
        }
    }

    fn check_worker(&mut self, ctx: &mut Ctx<'_>, worker: NodeId) {
        let Some(subscriber) = self.volatile.subscribers.get_mut(&worker) else { return };
        let dead_at = subscriber.last_heard + HEARTBEAT_TIMEOUT;
        if dead_at <= ctx.now() {
            self.worker_gone(ctx, worker);
        } else {
            subscriber.check = ctx.set_timer(dead_at.since(ctx.now()), QueueTimer::CheckWorker(worker).into());
        }
    }

    /// After anything that happened: hand out, and make safe what has to be.
    fn go_on(&mut self, ctx: &mut Ctx<'_>) {
        self.deliver(ctx);
        self.flush(ctx);
    }
}

impl Node<Kafka> for QueueBroker {
    /// Nobody is connected yet, so everything that was out comes back; it may have been processed all the same.
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        let stored: Vec<(u64, bool)> =
            self.durable.messages().iter().map(|(message, stored)| (*message, stored.is_out)).collect();
        for (message, was_out) in stored {
            if was_out {
                self.requeue(ctx, message, RequeuedBecause::BrokerRestarted);
            } else {
                self.volatile.ready.insert(message);
            }
        }
        self.go_on(ctx);
    }

    fn message(&mut self, ctx: &mut Ctx<'_>, from: NodeId, body: Body) {
        let Body::Queue(message) = body else { return };
        if let Some(subscriber) = self.volatile.subscribers.get_mut(&from) {
            subscriber.last_heard = ctx.now();
        }
        match message {
            QueueMessage::Publish { queue, publish, record } if queue == self.name => {
                self.publish(ctx, from, publish, record);
            }
            QueueMessage::Consume { queue, prefetch } if queue == self.name => self.consume(ctx, from, prefetch),
            QueueMessage::Cancel { queue } if queue == self.name => self.worker_gone(ctx, from),
            QueueMessage::Ack { tag } => self.ack(ctx, from, tag),
            QueueMessage::Nack { tag, requeue } => self.nack(ctx, from, tag, requeue),
            // Another queue than the one there is, or a message that only a broker sends.
            _ => {}
        }
        self.go_on(ctx);
    }

    fn timer(&mut self, ctx: &mut Ctx<'_>, timer: Timer) {
        match timer {
            Timer::Queue(QueueTimer::VisibilityTimeout(tag)) => {
                if let Some(delivery) = self.take_back(ctx, tag) {
                    self.requeue(ctx, delivery.message, RequeuedBecause::TimedOut);
                }
            }
            Timer::Queue(QueueTimer::CheckWorker(worker)) => self.check_worker(ctx, worker),
            _ => {}
        }
        self.go_on(ctx);
    }

    fn flushed(&mut self, ctx: &mut Ctx<'_>, token: Token) {
        if let Token::QueueJournal { end } = token {
            self.volatile.is_flushing = false;
            self.durable.mark_flushed(end);
            self.confirm(ctx, end);
            self.flush(ctx);
        }
    }

    fn disconnected(&mut self, ctx: &mut Ctx<'_>, peer: NodeId) {
        self.volatile.confirms.retain(|(_, producer, _)| *producer != peer);
        self.worker_gone(ctx, peer);
        self.go_on(ctx);
    }

    fn crash(&mut self, how: Crash) {
        self.durable.crash(how);
        // Tags go on, so that an answer to an old delivery is never taken for one to a new.
        self.volatile = Volatile { next_tag: self.volatile.next_tag, ..Volatile::default() };
    }
}
