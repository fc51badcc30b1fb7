//! Connections between nodes: first in, first out, with latency, and with faults that are made of those two.
//!
//! Kafka rides on TCP, so on one connection nothing is lost, doubled or overtaken while both ends live. What can go
//! wrong is the link (cut: what is sent is lost; held: it waits in order) or one end (crash: the connection is
//! reset and what was in flight on it is lost). The fate of a message is fixed when it is sent and revised by faults.
//!
//! A process does not always hear at once that the other end is gone. Until it has, it sends on the old connection, and
//! nothing of that reaches the next process at that address: with one message lost, no later one arrives.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::domain::Domain;
use crate::engine::common::{NodeId, Purpose, Rng, Span, Step, Time};

/// Number of a message in the order of sending, unique in a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MessageId(pub u64);

/// One-way travel time: `base`, plus a draw from `0..=jitter`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Latency {
    pub base: Span,
    pub jitter: Span,
}

impl Default for Latency {
    /// One rack of a data centre, slowed a little so that a person can follow.
    fn default() -> Self {
        Self { base: Span::millis(2), jitter: Span::millis(1) }
    }
}

/// What will become of a message, as things stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fate {
    Arrives {
        at: Time,
    },
    /// It will be lost on the way, at this time.
    Lost {
        at: Time,
    },
    /// The link is held: it waits since then, and will set out again when released.
    Held {
        since: Time,
    },
}

/// A message on the wire: state, not history.
#[derive(Clone, Debug)]
pub struct InFlight<B> {
    pub id: MessageId,
    pub from: NodeId,
    pub to: NodeId,
    pub sent_at: Time,
    pub sent: Step,
    pub fate: Fate,
    pub body: B,
}

impl<B> InFlight<B> {
    /// How much of its way it has behind it at `now`, in thousandths.
    #[must_use]
    pub fn travelled_permille(&self, now: Time) -> u16 {
        let share = |from: Time, to: Time, of: u64| {
            let whole = to.since(from).0.max(1);
            u16::try_from((now.since(from).0.min(whole)) * of / whole).expect("a share of at most 1000 fits")
        };
        match self.fate {
            Fate::Arrives { at } => share(self.sent_at, at, 1000),
            // A cut link loses messages half way, where the eye can see it.
            Fate::Lost { at } => share(self.sent_at, at, 500),
            Fate::Held { .. } => 350,
        }
    }
}

/// One direction of a link.
#[derive(Clone, Debug, Default)]
pub struct LinkState {
    pub cut: bool,
    pub held: bool,
    /// Overrides the network's default.
    pub latency: Option<Latency>,
    last_arrival: Time,
}

/// A connection whose other end is gone, as the end that is left sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HalfOpen {
    /// It has sent nothing since.
    Idle,
    /// What it has sent has no acknowledgement, so its system sends it again and again.
    Resending,
    /// The reset is on its way to it.
    Reset,
}

#[derive(Clone, Debug)]
pub(super) struct Network<D: Domain> {
    pub(super) latency: Latency,
    links: BTreeMap<(NodeId, NodeId), LinkState>,
    connections: BTreeSet<(NodeId, NodeId)>,
    /// Of each (end that is left, end that is gone).
    half_open: BTreeMap<(NodeId, NodeId), HalfOpen>,
    in_flight: BTreeMap<MessageId, InFlight<D::Body>>,
    next_id: u64,
}

impl<D: Domain> Network<D> {
    pub(super) fn new(latency: Latency) -> Self {
        Self {
            latency,
            links: BTreeMap::new(),
            connections: BTreeSet::new(),
            half_open: BTreeMap::new(),
            in_flight: BTreeMap::new(),
            next_id: 0,
        }
    }

    pub(super) fn link(&self, from: NodeId, to: NodeId) -> Option<&LinkState> {
        self.links.get(&(from, to))
    }

    pub(super) fn link_mut(&mut self, from: NodeId, to: NodeId) -> &mut LinkState {
        self.links.entry((from, to)).or_default()
    }

    pub(super) fn links(&self) -> impl Iterator<Item = (NodeId, NodeId, &LinkState)> {
        self.links.iter().map(|((from, to), link)| (*from, *to, link))
    }

    /// Puts a message on the wire and fixes its fate as things stand.
    pub(super) fn send(
        &mut self,
        (from, to): (NodeId, NodeId),
        (now, step): (Time, Step),
        body: D::Body,
        rng: &mut Rng,
    ) -> MessageId {
        let id = MessageId(self.next_id);
        self.next_id += 1;
        let fate = self.fate((from, to), now, rng);
        self.connections.insert((from.min(to), from.max(to)));
        self.in_flight.insert(id, InFlight { id, from, to, sent_at: now, sent: step, fate, body });
        id
    }

    /// What would become of a message that sets out now.
    fn fate(&mut self, (from, to): (NodeId, NodeId), now: Time, rng: &mut Rng) -> Fate {
        let default = self.latency;
        let link = self.links.entry((from, to)).or_default();
        let latency = link.latency.unwrap_or(default);
        let travel = latency.base + Span(rng.below(Purpose::Latency, latency.jitter.0 + 1));
        if link.cut {
            return Fate::Lost { at: now + Span(travel.0 / 2) };
        }
        if link.held {
            return Fate::Held { since: now };
        }
        // First in, first out: never before the message ahead of it.
        let at = (now + travel).max(link.last_arrival + Span::micros(1));
        link.last_arrival = at;
        Fate::Arrives { at }
    }

    /// Messages that stood still on this link set out again, in order.
    pub(super) fn release(&mut self, from: NodeId, to: NodeId, now: Time, rng: &mut Rng) -> Vec<MessageId> {
        let waiting: Vec<MessageId> = self
            .between(from, to)
            .filter(|message| matches!(message.fate, Fate::Held { .. }))
            .map(|message| message.id)
            .collect();
        for id in &waiting {
            let fate = self.fate((from, to), now, rng);
            let message = self.in_flight.get_mut(id).expect("a message that waits is in flight");
            message.fate = fate;
            message.sent_at = now;
        }
        waiting
    }

    pub(super) fn get(&self, id: MessageId) -> Option<&InFlight<D::Body>> {
        self.in_flight.get(&id)
    }

    pub(super) fn get_mut(&mut self, id: MessageId) -> Option<&mut InFlight<D::Body>> {
        self.in_flight.get_mut(&id)
    }

    pub(super) fn take(&mut self, id: MessageId) -> Option<InFlight<D::Body>> {
        self.in_flight.remove(&id)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &InFlight<D::Body>> {
        self.in_flight.values()
    }

    pub(super) fn between(&self, from: NodeId, to: NodeId) -> impl Iterator<Item = &InFlight<D::Body>> {
        self.in_flight.values().filter(move |message| message.from == from && message.to == to)
    }

    /// Those who have an open connection with `node`.
    pub(super) fn peers(&self, node: NodeId) -> Vec<NodeId> {
        let other = |(a, b): &(NodeId, NodeId)| match (*a == node, *b == node) {
            (true, _) => Some(*b),
            (_, true) => Some(*a),
            _ => None,
        };
        self.connections.iter().filter_map(other).collect()
    }

    /// When the last message from one to the other arrives, if one is still on its way.
    pub(super) fn last_arrival(&self, from: NodeId, to: NodeId) -> Time {
        let still = self.between(from, to).filter_map(|message| match message.fate {
            Fate::Arrives { at } => Some(at),
            _ => None,
        });
        still.max().unwrap_or(Time::ZERO)
    }

    pub(super) fn disconnect(&mut self, a: NodeId, b: NodeId) {
        self.connections.remove(&(a.min(b), a.max(b)));
    }

    /// The process `gone` is no more, and nobody has told its peers yet; its own ends of connections went with it.
    pub(super) fn half_open(&mut self, gone: NodeId) -> Vec<NodeId> {
        self.half_open.retain(|(left, _), _| *left != gone);
        let peers = self.peers(gone);
        for peer in &peers {
            self.disconnect(gone, *peer);
            self.half_open.insert((*peer, gone), HalfOpen::Idle);
        }
        peers
    }

    /// What `left` knows of the end of its connection with `gone`; `None` if it has none, or a new one.
    pub(super) fn half_open_with(&mut self, left: NodeId, gone: NodeId) -> Option<&mut HalfOpen> {
        self.half_open.get_mut(&(left, gone))
    }

    /// `left` has sent something, or tried to connect, and nobody is there to say no.
    pub(super) fn resends(&mut self, left: NodeId, gone: NodeId) {
        let state = self.half_open.entry((left, gone)).or_insert(HalfOpen::Resending);
        if *state == HalfOpen::Idle {
            *state = HalfOpen::Resending;
        }
    }

    /// Those whose systems still send to `gone`, in vain.
    pub(super) fn resending_to(&self, gone: NodeId) -> Vec<NodeId> {
        let resends = |((left, to), state): (&(NodeId, NodeId), &HalfOpen)| {
            (*to == gone && *state == HalfOpen::Resending).then_some(*left)
        };
        self.half_open.iter().filter_map(resends).collect()
    }

    /// `left` has heard of it.
    pub(super) fn closed(&mut self, left: NodeId, gone: NodeId) {
        self.half_open.remove(&(left, gone));
    }

    pub(super) fn connections(&self) -> impl Iterator<Item = (NodeId, NodeId)> {
        self.connections.iter().copied()
    }
}
