//! A program that works for the point-to-point broker: takes one message after the other, and answers for each.
//!
//! The broker pushes up to `prefetch` messages; all but the first wait here. A message is acknowledged when it has been
//! processed, so a worker that dies has either not done it or not said so: the broker gives it to someone else, who may
//! do it a second time.

use std::collections::VecDeque;
use std::sync::Arc;

use super::{HEARTBEAT_INTERVAL, NETWORK_RECOVERY_INTERVAL, QueueFact, QueueTimer};
use crate::engine::common::{ClientId, NodeId, Span, Time};
use crate::engine::protocol::{Body, DeliveryTag, QueueMessage, QueueName};
use crate::engine::record::Record;
use crate::engine::runtime::{Crash, Node, TimerId};
use crate::engine::{Ctx, Kafka, Timer};

/// How many received messages a spectator can still see.
const REMEMBERED: usize = 32;

/// A message that the worker has and has not answered for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InHand {
    pub tag: DeliveryTag,
    pub message: u64,
    pub deliveries: u32,
    pub record: Record,
}

/// The message that is being processed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Work {
    message: InHand,
    since: Time,
    /// False once the connection it came by is gone: the work is done, but nobody will take the answer.
    answerable: bool,
}

#[derive(Clone, Debug)]
pub struct QueueWorker {
    id: ClientId,
    name: Arc<str>,
    application: Arc<str>,
    queue: QueueName,
    prefetch: u32,
    processing: Span,
    poison: Option<String>,
    volatile: Volatile,
    seen: Seen,
}

#[derive(Clone, Debug, Default)]
struct Volatile {
    work: Option<Work>,
    waiting: VecDeque<InHand>,
    reconnect: Option<TimerId>,
    is_closing: bool,
}

/// A message that was taken in hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    pub message: u64,
    /// Which delivery of it this was, from 1.
    pub deliveries: u32,
    pub key: Option<Arc<str>>,
}

/// What the world outside has seen of this program; it survives the process.
#[derive(Clone, Debug, Default)]
struct Seen {
    starts: u64,
    received: VecDeque<Receipt>,
    received_count: u64,
    processed_count: u64,
    failed_count: u64,
}

impl QueueWorker {
    /// `application` is for display; `poison`: fails on messages whose value contains this text.
    #[must_use]
    pub fn new(
        id: ClientId,
        name: Arc<str>,
        application: Arc<str>,
        queue: QueueName,
        prefetch: u32,
        processing: Span,
        poison: Option<String>,
    ) -> Self {
        let (volatile, seen) = (Volatile::default(), Seen::default());
        Self { id, name, application, queue, prefetch, processing, poison, volatile, seen }
    }

    // ---- for spectators ----------------------------------------------------------------------------------------

    #[must_use]
    pub fn id(&self) -> ClientId {
        self.id
    }

    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    #[must_use]
    pub fn application(&self) -> &str {
        &self.application
    }

    #[must_use]
    pub fn prefetch(&self) -> u32 {
        self.prefetch
    }

    /// Time it takes to process one message.
    #[must_use]
    pub fn processing(&self) -> Span {
        self.processing
    }

    /// The message being processed.
    #[must_use]
    pub fn in_hand(&self) -> Option<&InHand> {
        self.volatile.work.as_ref().map(|work| &work.message)
    }

    /// How far it has come with that message, in thousandths.
    #[must_use]
    pub fn progress_permille(&self, now: Time) -> Option<u32> {
        let done = now.since(self.volatile.work.as_ref()?.since).0.min(self.processing.0);
        let permille = (done * 1_000).checked_div(self.processing.0).unwrap_or(1_000);
        Some(u32::try_from(permille).expect("at most a thousand"))
    }

    /// Messages that were prefetched and wait their turn.
    pub fn waiting(&self) -> impl Iterator<Item = &InHand> {
        self.volatile.waiting.iter()
    }

    /// The last few messages taken in hand with the number of their delivery, oldest first.
    pub fn received(&self) -> impl Iterator<Item = (u64, u32)> {
        self.receipts().map(|receipt| (receipt.message, receipt.deliveries))
    }

    /// The same, with keys: once acknowledged, a message is known to nobody but the worker that had it.
    pub fn receipts(&self) -> impl Iterator<Item = &Receipt> {
        self.seen.received.iter()
    }

    /// Since when it has had the message in hand.
    #[must_use]
    pub fn in_hand_since(&self) -> Option<Time> {
        self.volatile.work.as_ref().map(|work| work.since)
    }

    /// How many have been taken in hand, redeliveries included.
    #[must_use]
    pub fn received_count(&self) -> u64 {
        self.seen.received_count
    }

    #[must_use]
    pub fn processed_count(&self) -> u64 {
        self.seen.processed_count
    }

    #[must_use]
    pub fn failed_count(&self) -> u64 {
        self.seen.failed_count
    }

    /// False while it waits before it connects again.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.volatile.reconnect.is_none()
    }

    /// Closed, or about to be, once the message in hand is answered for.
    #[must_use]
    pub fn is_closing(&self) -> bool {
        self.volatile.is_closing
    }

    // ---- what the user does ------------------------------------------------------------------------------------

    /// Ends in good order: finishes what is in hand, gives back the rest.
    pub fn close(&mut self, ctx: &mut Ctx<'_>) {
        if std::mem::replace(&mut self.volatile.is_closing, true) {
            return;
        }
        self.volatile.waiting.clear();
        if self.volatile.work.is_none() {
            self.cancel(ctx);
        }
    }

    // ---- the connection ----------------------------------------------------------------------------------------

    fn subscribe(&self, ctx: &mut Ctx<'_>) {
        let (queue, prefetch) = (self.queue.clone(), self.prefetch);
        ctx.send(NodeId::QueueBroker, Body::Queue(QueueMessage::Consume { queue, prefetch }));
    }

    fn cancel(&self, ctx: &mut Ctx<'_>) {
        ctx.send(NodeId::QueueBroker, Body::Queue(QueueMessage::Cancel { queue: self.queue.clone() }));
    }

    /// Tags die with their connection, and the broker gives the messages to others.
    fn lose_connection(&mut self, ctx: &mut Ctx<'_>) {
        self.volatile.waiting.clear();
        if let Some(work) = &mut self.volatile.work {
            work.answerable = false;
        }
        if self.volatile.reconnect.is_none() && !self.volatile.is_closing {
            self.volatile.reconnect = Some(ctx.set_timer(NETWORK_RECOVERY_INTERVAL, QueueTimer::Reconnect.into()));
        }
    }

    // ---- the work ----------------------------------------------------------------------------------------------

    fn take(&mut self, ctx: &mut Ctx<'_>) {
        if self.volatile.work.is_some() {
            return;
        }
        let Some(message) = self.volatile.waiting.pop_front() else { return };
        ctx.emit(QueueFact::Received { message: message.message, deliveries: message.deliveries });
        self.seen.received_count += 1;
        let key = message.record.key.as_deref().map(|key| String::from_utf8_lossy(key).into());
        self.seen.received.push_back(Receipt { message: message.message, deliveries: message.deliveries, key });
        if self.seen.received.len() > REMEMBERED {
            self.seen.received.pop_front();
        }
        ctx.set_timer(self.processing, QueueTimer::Finish(message.tag).into());
        self.volatile.work = Some(Work { message, since: ctx.now(), answerable: true });
    }

    fn finish(&mut self, ctx: &mut Ctx<'_>, tag: DeliveryTag) {
        let Some(Work { message, answerable, .. }) = self.volatile.work.take_if(|work| work.message.tag == tag) else {
            return;
        };
        let answer = if self.is_poisoned(&message.record) {
            self.seen.failed_count += 1;
            ctx.emit(QueueFact::Failed { message: message.message });
            QueueMessage::Nack { tag, requeue: true }
        } else {
            self.seen.processed_count += 1;
            ctx.emit(QueueFact::Processed { message: message.message });
            QueueMessage::Ack { tag }
        };
        if answerable {
            ctx.send(NodeId::QueueBroker, Body::Queue(answer));
        }
        if self.volatile.is_closing {
            self.cancel(ctx);
        } else {
            self.take(ctx);
        }
    }

    fn is_poisoned(&self, record: &Record) -> bool {
        let (Some(poison), Some(value)) = (&self.poison, &record.value) else { return false };
        String::from_utf8_lossy(value).contains(poison.as_str())
    }
}

impl Node<Kafka> for QueueWorker {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        self.seen.starts += 1;
        if self.seen.starts > 1 {
            // A new connection of an old name: if the broker still believes in the old one, it is over.
            self.cancel(ctx);
        }
        self.subscribe(ctx);
        ctx.set_timer(HEARTBEAT_INTERVAL, QueueTimer::Heartbeat.into());
    }

    fn message(&mut self, ctx: &mut Ctx<'_>, _: NodeId, body: Body) {
        if let Body::Queue(QueueMessage::Deliver { tag, message, deliveries, record, .. }) = body
            && !self.volatile.is_closing
        {
            self.volatile.waiting.push_back(InHand { tag, message, deliveries, record });
            self.take(ctx);
        }
    }

    fn timer(&mut self, ctx: &mut Ctx<'_>, timer: Timer) {
        match timer {
            Timer::Queue(QueueTimer::Finish(tag)) => self.finish(ctx, tag),
            Timer::Queue(QueueTimer::Reconnect) => {
                self.volatile.reconnect = None;
                if !self.volatile.is_closing {
                    self.subscribe(ctx);
                }
            }
            // AMQP has heartbeat frames; here the subscription itself is repeated, which a broker that was restarted
            // in silence understands as well.
            Timer::Queue(QueueTimer::Heartbeat) if !self.volatile.is_closing => {
                if self.is_connected() {
                    self.subscribe(ctx);
                }
                ctx.set_timer(HEARTBEAT_INTERVAL, QueueTimer::Heartbeat.into());
            }
            _ => {}
        }
    }

    fn disconnected(&mut self, ctx: &mut Ctx<'_>, _: NodeId) {
        self.lose_connection(ctx);
    }

    fn crash(&mut self, _: Crash) {
        self.volatile = Volatile::default();
    }
}
