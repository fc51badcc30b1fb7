//! A program that publishes to the point-to-point broker, with publisher confirms.
//!
//! It keeps every message until the broker confirms it. After a broken connection, or when a confirm stays away too
//! long, it publishes all unconfirmed messages again: nothing confirmed is ever missing, and something may be there
//! twice, since this broker does not know producers from one another as Kafka's idempotent producer ids do.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{NETWORK_RECOVERY_INTERVAL, QueueFact, QueueTimer};
use crate::engine::command::{RecordSpec, Workload};
use crate::engine::common::{ClientId, NodeId, Span, Time};
use crate::engine::protocol::{Body, QueueMessage, QueueName};
use crate::engine::record::Record;
use crate::engine::runtime::{Crash, Node, TimerId};
use crate::engine::workload::WorkloadState;
use crate::engine::{Ctx, Kafka, Timer};

/// How long the program waits for a confirm before it doubts the connection.
const CONFIRM_TIMEOUT: Span = Span::secs(10);

/// More than so many unconfirmed messages are not taken from the program.
const MAX_UNCONFIRMED: usize = 10_000;

/// A message that the broker has not confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unconfirmed {
    pub record: Record,
    /// When it was last sent; `None` while there is no connection.
    pub sent_at: Option<Time>,
    /// How often it was sent.
    pub attempts: u32,
}

#[derive(Clone, Debug)]
pub struct QueueProducer {
    id: ClientId,
    name: Arc<str>,
    queue: QueueName,
    /// The program's plan, and the number of its next message: both belong to the world outside the process, where
    /// the orders come from, and go on after a restart.
    workload: Option<WorkloadState>,
    next_publish: u64,
    confirmed: u64,
    volatile: Volatile,
}

#[derive(Clone, Debug, Default)]
struct Volatile {
    unconfirmed: BTreeMap<u64, Unconfirmed>,
    /// Set while the program waits before it connects again.
    reconnect: Option<TimerId>,
    workload_timer: Option<TimerId>,
    is_checking: bool,
}

impl QueueProducer {
    #[must_use]
    pub fn new(id: ClientId, name: Arc<str>, queue: QueueName, workload: Option<Workload>) -> Self {
        let workload = workload.map(WorkloadState::new);
        Self { id, name, queue, workload, next_publish: 0, confirmed: 0, volatile: Volatile::default() }
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
    pub fn queue(&self) -> &str {
        &self.queue
    }

    #[must_use]
    pub fn workload(&self) -> Option<&WorkloadState> {
        self.workload.as_ref()
    }

    /// Messages that the broker has not confirmed, by number.
    pub fn unconfirmed(&self) -> impl Iterator<Item = (u64, &Unconfirmed)> {
        self.volatile.unconfirmed.iter().map(|(publish, message)| (*publish, message))
    }

    /// How many messages the program has made.
    #[must_use]
    pub fn published(&self) -> u64 {
        self.next_publish
    }

    /// How many of them the broker has confirmed.
    #[must_use]
    pub fn confirmed(&self) -> u64 {
        self.confirmed
    }

    /// False while it waits before it connects again.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.volatile.reconnect.is_none()
    }

    // ---- what the user does ------------------------------------------------------------------------------------

    pub fn produce(&mut self, ctx: &mut Ctx<'_>, records: Vec<RecordSpec>) {
        for record in records {
            self.publish(ctx, &record);
        }
    }

    /// Replaces what the program does by itself; it begins at once.
    pub fn set_workload(&mut self, ctx: &mut Ctx<'_>, workload: Option<Workload>) {
        if let Some(timer) = self.volatile.workload_timer.take() {
            ctx.cancel_timer(timer);
        }
        self.workload = workload.map(WorkloadState::new);
        self.work(ctx);
    }

    fn work(&mut self, ctx: &mut Ctx<'_>) {
        let Some(workload) = &mut self.workload else { return };
        let Some(record) = workload.next(ctx.rng()) else { return };
        if !workload.is_done() {
            // A plan without pauses would never let the clock move.
            let every = workload.every().max(Span::millis(1));
            self.volatile.workload_timer = Some(ctx.set_timer(every, QueueTimer::Workload.into()));
        }
        self.publish(ctx, &record);
    }

    // ---- publishing --------------------------------------------------------------------------------------------

    fn publish(&mut self, ctx: &mut Ctx<'_>, spec: &RecordSpec) {
        let publish = self.next_publish;
        self.next_publish += 1;
        if self.volatile.unconfirmed.len() >= MAX_UNCONFIRMED {
            ctx.emit(QueueFact::PublishLost { publish });
            return;
        }
        let record = Record::new(spec.key.as_deref().map(str::as_bytes), spec.value_bytes(), ctx.now());
        self.volatile.unconfirmed.insert(publish, Unconfirmed { record, sent_at: None, attempts: 0 });
        if self.is_connected() {
            self.send(ctx, publish);
        }
    }

    fn send(&mut self, ctx: &mut Ctx<'_>, publish: u64) {
        let message = self.volatile.unconfirmed.get_mut(&publish).expect("only unconfirmed messages are sent");
        message.sent_at = Some(ctx.now());
        message.attempts += 1;
        let (queue, record) = (self.queue.clone(), message.record.clone());
        ctx.emit(QueueFact::Published { publish });
        ctx.send(NodeId::QueueBroker, Body::Queue(QueueMessage::Publish { queue, publish, record }));
        if !self.volatile.is_checking {
            self.volatile.is_checking = true;
            ctx.set_timer(CONFIRM_TIMEOUT, QueueTimer::CheckConfirms.into());
        }
    }

    fn confirm(&mut self, ctx: &mut Ctx<'_>, publish: u64) {
        if self.volatile.unconfirmed.remove(&publish).is_some() {
            self.confirmed += 1;
            ctx.emit(QueueFact::Confirmed { publish });
        }
    }

    fn check_confirms(&mut self, ctx: &mut Ctx<'_>) {
        self.volatile.is_checking = false;
        let Some(oldest) = self.volatile.unconfirmed.values().filter_map(|message| message.sent_at).min() else {
            return;
        };
        let due = oldest + CONFIRM_TIMEOUT;
        if due <= ctx.now() {
            self.lose_connection(ctx);
        } else {
            self.volatile.is_checking = true;
            ctx.set_timer(due.since(ctx.now()), QueueTimer::CheckConfirms.into());
        }
    }

    fn lose_connection(&mut self, ctx: &mut Ctx<'_>) {
        if !self.is_connected() {
            return;
        }
        for (publish, message) in &mut self.volatile.unconfirmed {
            if message.sent_at.take().is_some() {
                ctx.emit(QueueFact::PublishInDoubt { publish: *publish });
            }
        }
        self.volatile.reconnect = Some(ctx.set_timer(NETWORK_RECOVERY_INTERVAL, QueueTimer::Reconnect.into()));
    }

    fn reconnect(&mut self, ctx: &mut Ctx<'_>) {
        self.volatile.reconnect = None;
        let again: Vec<u64> = self.volatile.unconfirmed.keys().copied().collect();
        for publish in again {
            self.send(ctx, publish);
        }
    }
}

impl Node<Kafka> for QueueProducer {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        self.work(ctx);
    }

    fn message(&mut self, ctx: &mut Ctx<'_>, _: NodeId, body: Body) {
        if let Body::Queue(QueueMessage::Confirm { publish }) = body {
            self.confirm(ctx, publish);
        }
    }

    fn timer(&mut self, ctx: &mut Ctx<'_>, timer: Timer) {
        match timer {
            Timer::Queue(QueueTimer::Workload) => {
                self.volatile.workload_timer = None;
                self.work(ctx);
            }
            Timer::Queue(QueueTimer::CheckConfirms) => self.check_confirms(ctx),
            Timer::Queue(QueueTimer::Reconnect) => self.reconnect(ctx),
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
