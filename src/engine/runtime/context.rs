//! All that a node can do while it handles one event.

use super::domain::Domain;
use super::scheduler::TimerId;
use crate::engine::common::{NodeId, Purpose, Rng, Span, Time};

/// One thing a node asked for; the kernel carries them out, in order, when the node returns.
#[derive(Clone, Debug)]
pub(super) enum Effect<D: Domain> {
    Send { to: NodeId, body: D::Body },
    Set { id: TimerId, after: Span, timer: D::Timer },
    Cancel(TimerId),
    Flush { bytes: u64, token: D::Token },
    Exit,
    Emit(D::Fact),
    Halt,
}

/// Lent to a node for one event: the clock, the dice, and an outbox.
#[derive(Debug)]
pub struct Context<'a, D: Domain> {
    now: Time,
    node: NodeId,
    rng: &'a mut Rng,
    next_timer: &'a mut u64,
    effects: &'a mut Vec<Effect<D>>,
}

impl<'a, D: Domain> Context<'a, D> {
    pub(super) fn new(
        now: Time,
        node: NodeId,
        rng: &'a mut Rng,
        next_timer: &'a mut u64,
        effects: &'a mut Vec<Effect<D>>,
    ) -> Self {
        Self { now, node, rng, next_timer, effects }
    }

    #[must_use]
    pub fn now(&self) -> Time {
        self.now
    }

    /// The node that is being run.
    #[must_use]
    pub fn me(&self) -> NodeId {
        self.node
    }

    /// Puts a message on the connection to `to`; it leaves now and arrives in order.
    pub fn send(&mut self, to: NodeId, body: D::Body) {
        self.effects.push(Effect::Send { to, body });
    }

    /// Rings once, `after` from now, unless cancelled or the process dies first.
    pub fn set_timer(&mut self, after: Span, timer: D::Timer) -> TimerId {
        let id = TimerId(*self.next_timer);
        *self.next_timer += 1;
        self.effects.push(Effect::Set { id, after, timer });
        id
    }

    /// Cancelling a timer that has rung already does nothing.
    pub fn cancel_timer(&mut self, id: TimerId) {
        self.effects.push(Effect::Cancel(id));
    }

    /// Asks the disk to make `bytes` durable; the node's `flushed` hears of it with `token`.
    pub fn flush(&mut self, bytes: u64, token: D::Token) {
        self.effects.push(Effect::Flush { bytes, token });
    }

    /// Ends this process at once, as `kill -9` would: nothing is put in order first.
    pub fn halt(&mut self) {
        self.effects.push(Effect::Halt);
    }

    /// Ends this process in good order, as soon as what was asked for before is under way.
    pub fn exit(&mut self) {
        self.effects.push(Effect::Exit);
    }

    /// Records a fact about this node.
    pub fn emit(&mut self, fact: impl Into<D::Fact>) {
        self.effects.push(Effect::Emit(fact.into()));
    }

    pub fn rng(&mut self) -> &mut Rng {
        self.rng
    }

    /// `span` varied by up to ±20 %, as Kafka's clients vary their back-off.
    pub fn jittered(&mut self, span: Span) -> Span {
        if span.0 < 5 {
            return span;
        }
        let fifth = span.0 / 5;
        Span(span.0 - fifth + self.rng.below(Purpose::Client, 2 * fifth + 1))
    }
}
