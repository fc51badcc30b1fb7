//! The loop: pop one event, run one node, carry out what it asked for.
//!
//! Holds at all times: the clock never goes back; every message in flight that is not held has exactly one future
//! event; a node that is down has none. Same seed and same calls give the same trace, hence the same fingerprint.

use std::collections::{BTreeMap, VecDeque};

use super::context::{Context, Effect};
use super::disk::Disk;
use super::domain::{Crash, Domain, Life, MeantFor, Node};
use super::fact::{Cause, Loss, RuntimeFact, TraceRecord};
use super::network::{Fate, HalfOpen, InFlight, Latency, LinkState, MessageId, Network};
use super::scheduler::{Event, PendingTimer, Scheduler};
use crate::engine::common::{Fingerprint, Fingerprinter, NodeId, Rng, Span, Step, Time};

/// What state a process is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    Up {
        since: Time,
    },
    /// Stopped but alive, as in a long garbage collection: what arrives waits.
    Paused {
        since: Time,
    },
    Down {
        since: Time,
        how: Crash,
    },
}

/// A node with its place in the machine room.
#[derive(Clone, Debug)]
pub struct Slot<D: Domain, N> {
    pub node: N,
    pub status: Status,
    pub disk: Disk,
    life: Life,
    backlog: VecDeque<Event<D>>,
}

/// A whole simulated data centre, as one value.
#[derive(Clone, Debug)]
pub struct Kernel<D: Domain, N> {
    now: Time,
    step: Step,
    rng: Rng,
    scheduler: Scheduler<D>,
    network: Network<D>,
    nodes: BTreeMap<NodeId, Slot<D, N>>,
    /// Of each (listener, speaker): which life of the speaker the listener last heard from.
    heard: BTreeMap<(NodeId, NodeId), Life>,
    next_timer: u64,
    trace: Vec<TraceRecord<D::Fact>>,
    fingerprinter: Fingerprinter,
    /// What the running node asks for; kept for its capacity, since every event needs one.
    effects: Vec<Effect<D>>,
}

impl<D: Domain, N: Node<D>> Kernel<D, N> {
    #[must_use]
    pub fn new(seed: u64, latency: Latency) -> Self {
        Self {
            now: Time::ZERO,
            step: Step::default(),
            rng: Rng::from_seed(seed),
            scheduler: Scheduler::new(),
            network: Network::new(latency),
            nodes: BTreeMap::new(),
            heard: BTreeMap::new(),
            next_timer: 0,
            trace: Vec::new(),
            fingerprinter: Fingerprinter::default(),
            effects: Vec::new(),
        }
    }

    #[must_use]
    pub fn now(&self) -> Time {
        self.now
    }

    #[must_use]
    pub fn step_count(&self) -> Step {
        self.step
    }

    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprinter.current()
    }

    /// When the next event is due.
    #[must_use]
    pub fn next_event_at(&self) -> Option<Time> {
        self.scheduler.peek()
    }

    #[must_use]
    pub fn pending_events(&self) -> usize {
        self.scheduler.len()
    }

    #[must_use]
    pub fn slot(&self, id: NodeId) -> Option<&Slot<D, N>> {
        self.nodes.get(&id)
    }

    pub fn slots(&self) -> impl Iterator<Item = (NodeId, &Slot<D, N>)> {
        self.nodes.iter().map(|(id, slot)| (*id, slot))
    }

    pub fn in_flight(&self) -> impl Iterator<Item = &InFlight<D::Body>> {
        self.network.iter()
    }

    #[must_use]
    pub fn message(&self, id: MessageId) -> Option<&InFlight<D::Body>> {
        self.network.get(id)
    }

    pub fn timers(&self) -> impl Iterator<Item = PendingTimer<'_, D::Timer>> {
        self.scheduler.timers()
    }

    pub fn links(&self) -> impl Iterator<Item = (NodeId, NodeId, &LinkState)> {
        self.network.links()
    }

    #[must_use]
    pub fn link(&self, from: NodeId, to: NodeId) -> Option<&LinkState> {
        self.network.link(from, to)
    }

    pub fn connections(&self) -> impl Iterator<Item = (NodeId, NodeId)> {
        self.network.connections()
    }

    #[must_use]
    pub fn latency(&self) -> Latency {
        self.network.latency
    }

    /// Facts since the last call, oldest first.
    pub fn take_trace(&mut self) -> Vec<TraceRecord<D::Fact>> {
        std::mem::take(&mut self.trace)
    }

    /// The same, into a list whose room is used again: for those who take after every step.
    pub fn swap_trace(&mut self, taken: &mut Vec<TraceRecord<D::Fact>>) {
        taken.clear();
        std::mem::swap(&mut self.trace, taken);
    }

    pub fn rng(&mut self) -> &mut Rng {
        &mut self.rng
    }

    // ---- time ------------------------------------------------------------------------------------------------

    /// Handles one event. False if nothing is left to happen.
    pub fn step(&mut self) -> bool {
        let Some((at, event)) = self.scheduler.pop() else {
            return false;
        };
        assert!(at >= self.now, "the clock never goes back");
        self.now = at;
        self.step = self.step.next();
        self.handle(event);
        true
    }

    /// Moves the clock to `to` although nothing happens there, so that a command can act between two events.
    ///
    /// # Panics
    /// If that would skip an event or turn time back.
    pub fn wait_until(&mut self, to: Time) {
        assert!(to >= self.now, "the clock never goes back");
        assert!(self.next_event_at().is_none_or(|next| next >= to), "waiting would skip an event");
        self.now = to;
    }

    fn handle(&mut self, event: Event<D>) {
        match event {
            Event::Deliver(id) => self.deliver(id),
            Event::Vanish(id) => self.lose(id, Loss::Cut),
            Event::Start { node }
            | Event::Timer { node, .. }
            | Event::Flushed { node, .. }
            | Event::Disconnected { node, .. } => self.run_or_defer(node, event),
        }
    }

    fn run_or_defer(&mut self, id: NodeId, event: Event<D>) {
        let slot = self.nodes.get_mut(&id).expect("events are scheduled for nodes that exist");
        match slot.status {
            Status::Paused { .. } => slot.backlog.push_back(event),
            Status::Down { .. } => unreachable!("a node that is down has no future"),
            Status::Up { .. } => match event {
                Event::Start { .. } => {
                    self.emit(Some(id), Cause::Start, RuntimeFact::Started);
                    self.run(id, Cause::Start, N::start);
                }
                Event::Timer { timer, set, .. } => {
                    self.run(id, Cause::Timer { set }, |node, ctx| node.timer(ctx, timer));
                }
                Event::Flushed { token, begun, .. } => {
                    self.run(id, Cause::Flush { begun }, |node, ctx| node.flushed(ctx, token));
                }
                Event::Disconnected { peer, .. } => {
                    self.close(id, peer);
                    self.emit(Some(id), Cause::Disconnect, RuntimeFact::Disconnected { peer });
                    self.run(id, Cause::Disconnect, |node, ctx| node.disconnected(ctx, peer));
                }
                Event::Deliver(_) | Event::Vanish(_) => unreachable!("messages have paths of their own"),
            },
        }
    }

    fn deliver(&mut self, id: MessageId) {
        // It may have been lost while it waited in the backlog of a paused process.
        let Some(to) = self.network.get(id).map(|message| message.to) else { return };
        let reaches = self.reaches(id) && !self.is_on_an_old_connection(id);
        let slot = self.nodes.get_mut(&to).expect("messages go to nodes that exist");
        match slot.status {
            Status::Paused { .. } => slot.backlog.push_back(Event::Deliver(id)),
            Status::Down { .. } => self.refuse(id),
            Status::Up { .. } if !reaches => self.reset(id),
            Status::Up { .. } => {
                let mut message = self.network.take(id).expect("a scheduled message is in flight");
                if D::meant_for(&message.body) == MeantFor::Whoever {
                    self.heard.insert((to, message.from), self.nodes[&message.from].life);
                } else {
                    D::sign(&mut message.body, Life::default());
                }
                let cause = Cause::Message { id, sent: message.sent };
                let digest = D::digest(&message.body);
                self.emit(Some(to), cause, RuntimeFact::Delivered { id, from: message.from, to, digest });
                self.run(to, cause, |node, ctx| node.message(ctx, message.from, message.body));
            }
        }
    }

    /// Is the process that this message is meant for the one that listens now?
    fn reaches(&self, id: MessageId) -> bool {
        let Some(message) = self.network.get(id) else { return false };
        let life = self.nodes[&message.to].life;
        match D::meant_for(&message.body) {
            MeantFor::Whoever => true,
            MeantFor::Asker(asked) => asked == life,
            MeantFor::LastHeard => self.heard.get(&(message.from, message.to)).is_none_or(|heard| *heard == life),
        }
    }

    /// Was it sent to a process that is no more, by one that has not heard of that?
    fn is_on_an_old_connection(&mut self, id: MessageId) -> bool {
        let Some(message) = self.network.get(id) else { return false };
        let (from, to) = (message.from, message.to);
        D::meant_for(&message.body) == MeantFor::Whoever && self.network.half_open_with(from, to).is_some()
    }

    /// The connection has ended with a process at one of its ends. The sender may not have heard of that: a machine that
    /// loses power says nothing. Who asks or pushes learns it now; who answers closes that connection, and has others.
    fn reset(&mut self, id: MessageId) {
        let message = self.network.get(id).expect("a message that arrives was in flight");
        let (from, to) = (message.from, message.to);
        let answers = matches!(D::meant_for(&message.body), MeantFor::Asker(_));
        self.lose(id, Loss::Reset);
        if !answers {
            self.tell_disconnected(from, to);
        }
    }

    /// `node` learns that its connection with `peer` is gone: what it sent on it does not arrive.
    fn close(&mut self, node: NodeId, peer: NodeId) {
        self.network.closed(node, peer);
        let is_on_it = |message: &&InFlight<D::Body>| D::meant_for(&message.body) == MeantFor::Whoever;
        let lost: Vec<MessageId> =
            self.network.between(node, peer).filter(is_on_it).map(|message| message.id).collect();
        for message in lost {
            self.lose(message, Loss::Reset);
        }
    }

    /// Nobody listens at the other end. A dead process is refused by its operating system, and the sender hears of
    /// it; a machine without power is silent.
    fn refuse(&mut self, id: MessageId) {
        let message = self.network.get(id).expect("a refused message is in flight");
        let (from, to) = (message.from, message.to);
        let silent = matches!(self.nodes[&to].status, Status::Down { how: Crash::Power, .. });
        let answers = matches!(D::meant_for(&message.body), MeantFor::Asker(_));
        self.lose(id, Loss::Down);
        self.network.disconnect(from, to);
        if !silent {
            self.tell_disconnected(from, to);
        } else if !answers {
            self.network.resends(from, to);
        }
    }

    /// `node` will hear, one latency from now, that its connection with `peer` is gone, if word can reach it.
    fn tell_disconnected(&mut self, node: NodeId, peer: NodeId) {
        let reachable = self.network.link(peer, node).is_none_or(|link| !link.cut && !link.held);
        let alive = self.nodes.get(&node).is_some_and(|slot| !matches!(slot.status, Status::Down { .. }));
        match self.network.half_open_with(node, peer) {
            Some(HalfOpen::Reset) => return,
            Some(state) if reachable && alive => *state = HalfOpen::Reset,
            _ => {}
        }
        if reachable && alive {
            let link = self.network.link(peer, node);
            let latency = link.and_then(|link| link.latency).unwrap_or(self.network.latency);
            // A process that ends in good order closes behind what it has sent.
            let behind = self.network.last_arrival(peer, node);
            self.scheduler.schedule((self.now + latency.base).max(behind), Event::Disconnected { node, peer });
        }
    }

    fn lose(&mut self, id: MessageId, why: Loss) {
        self.scheduler.cancel_delivery(id);
        let message = self.network.take(id).expect("a message that is lost was in flight");
        let travelled_permille = message.travelled_permille(self.now);
        let digest = D::digest(&message.body);
        let fact = RuntimeFact::Lost { id, from: message.from, to: message.to, why, travelled_permille, digest };
        self.emit(None, Cause::Message { id, sent: message.sent }, fact);
    }

    // ---- nodes -----------------------------------------------------------------------------------------------

    /// Adds a process and starts it.
    ///
    /// # Panics
    /// If the address is taken.
    pub fn add_node(&mut self, id: NodeId, node: N) {
        let slot = Slot {
            node,
            status: Status::Up { since: self.now },
            disk: Disk::default(),
            life: Life(0),
            backlog: VecDeque::new(),
        };
        assert!(self.nodes.insert(id, slot).is_none(), "address {id} is taken");
        self.scheduler.schedule(self.now, Event::Start { node: id });
    }

    /// A command from outside is a step of its own, so that every moment before and after it can be returned to.
    pub fn begin_command(&mut self, fact: D::Fact) {
        self.step = self.step.next();
        self.record(None, Cause::Command, fact);
    }

    /// Runs `act` in the node as if the user did it there and then. False if the process is not up.
    pub fn command(&mut self, id: NodeId, act: impl FnOnce(&mut N, &mut Context<'_, D>)) -> bool {
        let up = self.nodes.get(&id).is_some_and(|slot| matches!(slot.status, Status::Up { .. }));
        if up {
            self.run(id, Cause::Command, act);
        }
        up
    }

    fn run(&mut self, id: NodeId, cause: Cause, act: impl FnOnce(&mut N, &mut Context<'_, D>)) {
        let mut effects = std::mem::take(&mut self.effects);
        let slot = self.nodes.get_mut(&id).expect("only nodes that exist are run");
        let mut ctx = Context::new(self.now, id, &mut self.rng, &mut self.next_timer, &mut effects);
        act(&mut slot.node, &mut ctx);
        for effect in effects.drain(..) {
            self.carry_out(id, cause, effect);
        }
        self.effects = effects;
    }

    fn carry_out(&mut self, node: NodeId, cause: Cause, effect: Effect<D>) {
        match effect {
            Effect::Send { to, body } => self.send(node, to, cause, body),
            Effect::Set { id, after, timer } => {
                let event = Event::Timer { node, id, timer, set_at: self.now, set: self.step };
                self.scheduler.schedule(self.now + after, event);
            }
            Effect::Cancel(id) => {
                self.scheduler.cancel_timer(id);
                let slot = self.nodes.get_mut(&node).expect("only nodes that exist are run");
                slot.backlog.retain(|event| !matches!(event, Event::Timer { id: other, .. } if *other == id));
            }
            Effect::Flush { bytes, token } => {
                let slot = self.nodes.get_mut(&node).expect("only nodes that exist are run");
                let done = slot.disk.flush(self.now, bytes);
                self.scheduler.schedule(done, Event::Flushed { node, token, begun: self.step });
            }
            Effect::Emit(fact) => self.record(Some(node), cause, fact),
            Effect::Halt => drop(self.die(node, Crash::Process, cause)),
            Effect::Exit => self.exit(node, cause),
        }
    }

    fn send(&mut self, from: NodeId, to: NodeId, cause: Cause, mut body: D::Body) {
        assert!(self.nodes.contains_key(&to), "{from} sends to {to}, which does not exist");
        if D::meant_for(&body) == MeantFor::Whoever {
            D::sign(&mut body, self.nodes[&from].life);
        }
        let digest = D::digest(&body);
        let id = self.network.send((from, to), (self.now, self.step), body, &mut self.rng);
        self.emit(Some(from), cause, RuntimeFact::Sent { id, from, to, digest: digest.clone() });
        self.schedule_fate(id);
        if let Some(InFlight { fate: Fate::Held { .. }, .. }) = self.network.get(id) {
            self.emit(Some(from), cause, RuntimeFact::Held { id, from, to, digest });
        }
    }

    fn schedule_fate(&mut self, id: MessageId) {
        match self.network.get(id).expect("a message just sent is in flight").fate {
            Fate::Arrives { at } => self.scheduler.schedule(at, Event::Deliver(id)),
            Fate::Lost { at } => self.scheduler.schedule(at, Event::Vanish(id)),
            Fate::Held { .. } => {}
        }
    }

    fn emit(&mut self, node: Option<NodeId>, cause: Cause, fact: RuntimeFact<D::Digest>) {
        self.record(node, cause, fact.into());
    }

    /// Puts a fact of the domain's own on record, outside any node: what the user did, for example.
    pub fn record(&mut self, node: Option<NodeId>, cause: Cause, fact: D::Fact) {
        self.fingerprinter.add(&(self.now, self.step, node));
        self.fingerprinter.add(&fact);
        self.trace.push(TraceRecord { step: self.step, at: self.now, node, cause, fact });
    }

    // ---- faults (turmoil's verbs) ------------------------------------------------------------------------------
    // Each returns whether anything changed.

    pub fn crash(&mut self, id: NodeId, how: Crash) -> bool {
        self.die(id, how, Cause::Command)
    }

    fn die(&mut self, id: NodeId, how: Crash, cause: Cause) -> bool {
        let Some(slot) = self.nodes.get_mut(&id) else { return false };
        if matches!(slot.status, Status::Down { .. }) {
            return false;
        }
        slot.status = Status::Down { since: self.now, how };
        slot.backlog.clear();
        slot.disk.crash();
        slot.node.crash(how);
        self.scheduler.forget(id);
        self.emit(Some(id), cause, RuntimeFact::Crashed { how });
        let on_its_connections: Vec<MessageId> =
            self.network.iter().filter(|message| message.from == id || message.to == id).map(|m| m.id).collect();
        for message in on_its_connections {
            self.lose(message, Loss::Crash);
        }
        for peer in self.network.half_open(id) {
            if how == Crash::Process {
                self.tell_disconnected(peer, id);
            }
        }
        true
    }

    /// A process ends in good order: what it has sent still arrives, and its peers see the connection closed.
    fn exit(&mut self, id: NodeId, cause: Cause) {
        let slot = self.nodes.get_mut(&id).expect("only nodes that exist are run");
        slot.status = Status::Down { since: self.now, how: Crash::Process };
        slot.backlog.clear();
        slot.disk.crash();
        slot.node.exited();
        self.scheduler.forget(id);
        self.emit(Some(id), cause, RuntimeFact::Exited);
        let towards: Vec<MessageId> = self.network.iter().filter(|message| message.to == id).map(|m| m.id).collect();
        for message in towards {
            self.lose(message, Loss::Crash);
        }
        for peer in self.network.half_open(id) {
            self.tell_disconnected(peer, id);
        }
    }

    /// Tells a process to end in good order (SIGTERM). False if it is not up.
    pub fn stop(&mut self, id: NodeId) -> bool {
        self.command(id, N::stop)
    }

    pub fn restart(&mut self, id: NodeId) -> bool {
        let now = self.now;
        let Some(slot) = self.nodes.get_mut(&id) else { return false };
        if !matches!(slot.status, Status::Down { .. }) {
            return false;
        }
        slot.status = Status::Up { since: now };
        slot.life = Life(slot.life.0 + 1);
        self.scheduler.schedule(now, Event::Start { node: id });
        // The machine that is back answers what is still being sent to its former self: it knows no such connection.
        for peer in self.network.resending_to(id) {
            self.tell_disconnected(peer, id);
        }
        true
    }

    pub fn pause(&mut self, id: NodeId) -> bool {
        let now = self.now;
        let Some(slot) = self.nodes.get_mut(&id) else { return false };
        if !matches!(slot.status, Status::Up { .. }) {
            return false;
        }
        slot.status = Status::Paused { since: now };
        self.emit(Some(id), Cause::Command, RuntimeFact::Paused);
        true
    }

    pub fn resume(&mut self, id: NodeId) -> bool {
        let now = self.now;
        let Some(slot) = self.nodes.get_mut(&id) else { return false };
        if !matches!(slot.status, Status::Paused { .. }) {
            return false;
        }
        slot.status = Status::Up { since: now };
        let backlog = std::mem::take(&mut slot.backlog);
        for event in backlog {
            self.scheduler.schedule(now, event);
        }
        self.emit(Some(id), Cause::Command, RuntimeFact::Resumed);
        true
    }

    /// Cuts one direction: what is on the way is lost, and so is what will be sent.
    pub fn partition_oneway(&mut self, from: NodeId, to: NodeId) -> bool {
        let link = self.network.link_mut(from, to);
        if std::mem::replace(&mut link.cut, true) {
            return false;
        }
        self.emit(None, Cause::Command, RuntimeFact::LinkCut { from, to });
        let on_the_way: Vec<MessageId> = self.network.between(from, to).map(|message| message.id).collect();
        for id in on_the_way {
            self.lose(id, Loss::Cut);
        }
        true
    }

    pub fn partition(&mut self, a: NodeId, b: NodeId) -> bool {
        let there = self.partition_oneway(a, b);
        let back = self.partition_oneway(b, a);
        there || back
    }

    /// Undoes a partition in both directions.
    pub fn repair(&mut self, a: NodeId, b: NodeId) -> bool {
        let mut changed = false;
        for (from, to) in [(a, b), (b, a)] {
            if std::mem::take(&mut self.network.link_mut(from, to).cut) {
                self.emit(None, Cause::Command, RuntimeFact::LinkRepaired { from, to });
                changed = true;
            }
        }
        changed
    }

    /// Stops both directions: messages wait, in order, until [`Self::release`].
    pub fn hold(&mut self, a: NodeId, b: NodeId) -> bool {
        let mut changed = false;
        for (from, to) in [(a, b), (b, a)] {
            if std::mem::replace(&mut self.network.link_mut(from, to).held, true) {
                continue;
            }
            changed = true;
            self.emit(None, Cause::Command, RuntimeFact::LinkHeld { from, to });
            let on_the_way: Vec<MessageId> = self.network.between(from, to).map(|message| message.id).collect();
            for id in on_the_way {
                self.scheduler.cancel_delivery(id);
                let message = self.network.get_mut(id).expect("a message between two nodes is in flight");
                message.fate = Fate::Held { since: self.now };
                let digest = D::digest(&message.body);
                self.emit(None, Cause::Command, RuntimeFact::Held { id, from, to, digest });
            }
        }
        changed
    }

    pub fn release(&mut self, a: NodeId, b: NodeId) -> bool {
        let mut changed = false;
        for (from, to) in [(a, b), (b, a)] {
            if !std::mem::take(&mut self.network.link_mut(from, to).held) {
                continue;
            }
            changed = true;
            self.emit(None, Cause::Command, RuntimeFact::LinkReleased { from, to });
            for id in self.network.release(from, to, self.now, &mut self.rng) {
                self.schedule_fate(id);
                self.emit(None, Cause::Command, RuntimeFact::Released { id, from, to });
            }
        }
        changed
    }

    /// Drops one message. TCP never does this; it is a teacher's tool and named as such.
    pub fn drop_message(&mut self, id: MessageId) -> bool {
        let found = self.network.get(id).is_some();
        if found {
            self.lose(id, Loss::Dropped);
        }
        found
    }

    pub fn set_latency(&mut self, a: NodeId, b: NodeId, latency: Latency) {
        for (from, to) in [(a, b), (b, a)] {
            self.network.link_mut(from, to).latency = Some(latency);
            self.emit(None, Cause::Command, RuntimeFact::LatencySet { from, to, latency });
        }
    }

    pub fn set_disk(&mut self, id: NodeId, flush: Span) -> bool {
        let Some(slot) = self.nodes.get_mut(&id) else { return false };
        slot.disk.profile.flush = flush;
        true
    }

    /// What the user changes inside a node while it is up or down: configuration, mostly. Not a step.
    pub fn node_mut(&mut self, id: NodeId) -> Option<&mut N> {
        self.nodes.get_mut(&id).map(|slot| &mut slot.node)
    }
}
