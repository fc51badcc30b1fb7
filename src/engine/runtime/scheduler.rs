//! The queue of what will happen, ordered by (time, sequence).
//!
//! An ordered map rather than a heap: timers can be cancelled in place, the pending events can be drawn in order,
//! and a clone of it is an exact copy of the future.

use std::collections::BTreeMap;

use super::domain::Domain;
use super::network::MessageId;
use crate::engine::common::{NodeId, Step, Time};

/// Names one timer for as long as it is pending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimerId(pub(super) u64);

/// Something that will happen to a node.
#[derive(Clone, Debug)]
pub(super) enum Event<D: Domain> {
    Start {
        node: NodeId,
    },
    Deliver(MessageId),
    /// A message on a cut link reaches the place where it is lost.
    Vanish(MessageId),
    Timer {
        node: NodeId,
        id: TimerId,
        timer: D::Timer,
        set_at: Time,
        set: Step,
    },
    Flushed {
        node: NodeId,
        token: D::Token,
        begun: Step,
    },
    Disconnected {
        node: NodeId,
        peer: NodeId,
    },
}

/// A timer that has not rung yet, as a spectator sees it.
#[derive(Clone, Copy, Debug)]
pub struct PendingTimer<'a, T> {
    pub node: NodeId,
    pub set_at: Time,
    pub rings_at: Time,
    pub timer: &'a T,
}

type Key = (Time, u64);

#[derive(Clone, Debug)]
pub(super) struct Scheduler<D: Domain> {
    queue: BTreeMap<Key, Event<D>>,
    timers: BTreeMap<TimerId, Key>,
    deliveries: BTreeMap<MessageId, Key>,
    next_sequence: u64,
}

impl<D: Domain> Scheduler<D> {
    pub(super) fn new() -> Self {
        Self { queue: BTreeMap::new(), timers: BTreeMap::new(), deliveries: BTreeMap::new(), next_sequence: 0 }
    }

    pub(super) fn schedule(&mut self, at: Time, event: Event<D>) {
        let key = (at, self.next_sequence);
        self.next_sequence += 1;
        match &event {
            Event::Timer { id, .. } => {
                self.timers.insert(*id, key);
            }
            Event::Deliver(id) | Event::Vanish(id) => {
                self.deliveries.insert(*id, key);
            }
            _ => {}
        }
        self.queue.insert(key, event);
    }

    pub(super) fn peek(&self) -> Option<Time> {
        self.queue.first_key_value().map(|((at, _), _)| *at)
    }

    pub(super) fn pop(&mut self) -> Option<(Time, Event<D>)> {
        let ((at, _), event) = self.queue.pop_first()?;
        match &event {
            Event::Timer { id, .. } => {
                self.timers.remove(id);
            }
            Event::Deliver(id) | Event::Vanish(id) => {
                self.deliveries.remove(id);
            }
            _ => {}
        }
        Some((at, event))
    }

    pub(super) fn cancel_timer(&mut self, id: TimerId) {
        if let Some(key) = self.timers.remove(&id) {
            self.queue.remove(&key);
        }
    }

    /// Takes a message's arrival (or loss) out of the future.
    pub(super) fn cancel_delivery(&mut self, id: MessageId) {
        if let Some(key) = self.deliveries.remove(&id) {
            self.queue.remove(&key);
        }
    }

    /// Forgets what was to happen inside a process that has died. Messages on the wire are the network's affair.
    pub(super) fn forget(&mut self, dead: NodeId) {
        let Self { queue, timers, .. } = self;
        queue.retain(|_, event| match event {
            Event::Timer { node, id, .. } if *node == dead => {
                timers.remove(id);
                false
            }
            Event::Start { node } | Event::Flushed { node, .. } | Event::Disconnected { node, .. } => *node != dead,
            _ => true,
        });
    }

    pub(super) fn timers(&self) -> impl Iterator<Item = PendingTimer<'_, D::Timer>> {
        self.queue.iter().filter_map(|((rings_at, _), event)| match event {
            Event::Timer { node, timer, set_at, .. } => {
                Some(PendingTimer { node: *node, set_at: *set_at, rings_at: *rings_at, timer })
            }
            _ => None,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }
}
