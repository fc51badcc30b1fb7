//! A ZooKeeper server as a node: it looks for a leader, leads, or follows (`QuorumPeer`).
//!
//! Always holds: the tree is the replay of a prefix of the log; only a server that leads or follows an established
//! leader serves clients; what a client was told is in the logs of a majority. A server that stands alone is its own
//! majority and never votes.

use super::connections::Connections;
use super::election::{Election, FINALIZE_WAIT, MAX_NOTIFICATION_INTERVAL, Reaction};
use super::session_tracker::next_tick;
use super::{DataTree, Following, Leading, TICK_TIME, TransactionLog, ZooKeeperFact, ticks};
use crate::engine::common::{NodeId, ServerId, Span, Time};
use crate::engine::protocol::{Body, PeerState, SessionId, Vote, ZooKeeperMessage, Zxid};
use crate::engine::runtime::{Crash, Node, TimerId};
use crate::engine::{Ctx, Kafka, Timer, Token};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ZooKeeperTimer {
    /// A majority has stood long enough.
    Finalize,
    /// Votes are told again.
    Renotify,
    /// Half a tick: pings, and a look at who is silent.
    HalfTick,
    /// The tick at which sessions may expire.
    ExpireSessions,
}

#[derive(Clone, Debug)]
pub enum Role {
    Looking(Looking),
    Following(Following),
    Leading(Box<Leading>),
}

#[derive(Clone, Debug)]
pub struct Looking {
    pub election: Election,
    interval: Span,
    renotify: Option<TimerId>,
    finalize: Option<TimerId>,
    /// Servers that follow this one already, before it knows that it leads; they wait in the socket.
    early: Vec<(ServerId, u32)>,
}

/// One server.
#[derive(Clone, Debug)]
pub struct ZooKeeper {
    pub(super) id: ServerId,
    /// The whole ensemble, this server included.
    pub(super) ensemble: Vec<ServerId>,
    pub(super) log: TransactionLog,
    pub(super) volatile: Volatile,
}

#[derive(Clone, Debug)]
pub(super) struct Volatile {
    pub(super) role: Role,
    /// Committed.
    pub(super) tree: DataTree,
    pub(super) connections: Connections,
    /// `logicalclock`
    round: u64,
    /// The last entry of the flush under way.
    flushing: Option<Zxid>,
    next_session: u64,
    expiry: Option<TimerId>,
}

impl Volatile {
    /// What is on disk counts as committed until a leader says otherwise.
    fn recover(id: ServerId, ensemble: usize, log: &TransactionLog) -> Self {
        let tree = replay(log, log.last_zxid());
        let own = Vote { leader: id, zxid: log.last_zxid(), peer_epoch: log.current_epoch };
        let election = Election::begin(id, ensemble, own, 0);
        Self {
            role: Role::Looking(Looking::new(election)),
            tree,
            connections: Connections::default(),
            round: 0,
            flushing: None,
            next_session: 0,
            expiry: None,
        }
    }
}

impl Looking {
    fn new(election: Election) -> Self {
        Self { election, interval: FINALIZE_WAIT, renotify: None, finalize: None, early: Vec::new() }
    }

    fn cancel_timers(&mut self, ctx: &mut Ctx<'_>) {
        for timer in [self.renotify.take(), self.finalize.take()].into_iter().flatten() {
            ctx.cancel_timer(timer);
        }
    }
}

/// The tree after this much of the log.
pub(super) fn replay(log: &TransactionLog, upto: Zxid) -> DataTree {
    let mut tree = DataTree::default();
    for txn in log.after(Zxid(0)).take_while(|txn| txn.zxid <= upto) {
        tree.apply(txn);
    }
    tree
}

impl ZooKeeper {
    /// A server with an empty disk. `ensemble` lists all servers, this one included.
    #[must_use]
    pub fn new(id: ServerId, ensemble: Vec<ServerId>) -> Self {
        let log = TransactionLog::default();
        let volatile = Volatile::recover(id, ensemble.len(), &log);
        Self { id, ensemble, log, volatile }
    }

    // ---- for spectators ----------------------------------------------------------------------------------------

    #[must_use]
    pub fn id(&self) -> ServerId {
        self.id
    }

    #[must_use]
    pub fn role(&self) -> &Role {
        &self.volatile.role
    }

    /// As this server would answer a read.
    #[must_use]
    pub fn tree(&self) -> &DataTree {
        &self.volatile.tree
    }

    #[must_use]
    pub fn log(&self) -> &TransactionLog {
        &self.log
    }

    #[must_use]
    pub fn connections(&self) -> &Connections {
        &self.volatile.connections
    }

    /// Does it lead with a majority behind it?
    #[must_use]
    pub fn leads(&self) -> bool {
        matches!(&self.volatile.role, Role::Leading(leading) if leading.is_established())
    }

    /// Does it answer clients?
    #[must_use]
    pub fn serves(&self) -> bool {
        match &self.volatile.role {
            Role::Looking(_) => false,
            Role::Following(following) => following.is_up_to_date(),
            Role::Leading(leading) => leading.is_established(),
        }
    }

    // ---- election ------------------------------------------------------------------------------------------------

    pub(super) fn look(&mut self, ctx: &mut Ctx<'_>) {
        if self.serves() {
            ctx.emit(ZooKeeperFact::ServiceStopped);
        }
        self.volatile.connections.close_all(ctx);
        if let Role::Looking(looking) = &mut self.volatile.role {
            looking.cancel_timers(ctx);
        }
        // Whatever is in the log may have been committed; the vote speaks for all of it.
        self.volatile.tree = replay(&self.log, self.log.last_zxid());
        self.volatile.round += 1;
        let own = Vote { leader: self.id, zxid: self.log.last_zxid(), peer_epoch: self.log.current_epoch };
        let election = Election::begin(self.id, self.ensemble.len(), own, self.volatile.round);
        ctx.emit(ZooKeeperFact::ElectionBegan { round: self.volatile.round });
        self.volatile.role = Role::Looking(Looking::new(election));
        self.notify_all(ctx);
    }

    /// Tells everybody the vote, and again after a while.
    fn notify_all(&mut self, ctx: &mut Ctx<'_>) {
        for peer in self.peers() {
            self.notify(ctx, peer);
        }
        if let Role::Looking(looking) = &mut self.volatile.role {
            if let Some(timer) = looking.renotify.take() {
                ctx.cancel_timer(timer);
            }
            looking.renotify = Some(ctx.set_timer(looking.interval, ZooKeeperTimer::Renotify.into()));
        }
    }

    fn notify(&self, ctx: &mut Ctx<'_>, peer: ServerId) {
        let settled = |leader, state| {
            let (zxid, peer_epoch) = (self.volatile.tree.last_zxid(), self.log.current_epoch);
            (Vote { leader, zxid, peer_epoch }, self.volatile.round, state)
        };
        let (vote, round, state) = match &self.volatile.role {
            Role::Looking(looking) => (looking.election.vote(), looking.election.round(), PeerState::Looking),
            Role::Following(following) => settled(following.leader, PeerState::Following),
            Role::Leading(_) => settled(self.id, PeerState::Leading),
        };
        send_to(ctx, peer, ZooKeeperMessage::Notification { vote, round, state });
    }

    fn notified(&mut self, ctx: &mut Ctx<'_>, from: ServerId, vote: Vote, round: u64, state: PeerState) {
        let Role::Looking(looking) = &mut self.volatile.role else {
            // Who is looking is told whom this server follows.
            if state == PeerState::Looking {
                self.notify(ctx, from);
            }
            return;
        };
        match looking.election.notified(from, vote, round, state) {
            Reaction::Nothing => {}
            Reaction::Answer => self.notify(ctx, from),
            Reaction::Broadcast => {
                self.volatile.round = looking.election.round();
                self.notify_all(ctx);
            }
            Reaction::Join(leader) => {
                self.volatile.round = looking.election.round();
                return self.decided(ctx, leader);
            }
        }
        let Role::Looking(looking) = &mut self.volatile.role else { return };
        // Any change starts the last wait anew.
        if let Some(timer) = looking.finalize.take() {
            ctx.cancel_timer(timer);
        }
        if looking.election.has_majority() {
            looking.finalize = Some(ctx.set_timer(FINALIZE_WAIT, ZooKeeperTimer::Finalize.into()));
            // While it waits for a better vote, a server says nothing.
            if let Some(timer) = looking.renotify.take() {
                ctx.cancel_timer(timer);
            }
        } else if looking.renotify.is_none() {
            looking.renotify = Some(ctx.set_timer(looking.interval, ZooKeeperTimer::Renotify.into()));
        }
    }

    fn decided(&mut self, ctx: &mut Ctx<'_>, leader: ServerId) {
        let Role::Looking(looking) = &mut self.volatile.role else { return };
        looking.cancel_timers(ctx);
        let early = std::mem::take(&mut looking.early);
        if leader == self.id {
            self.begin_leading(ctx, early);
        } else {
            self.begin_following(ctx, leader);
        }
    }

    // ---- shared by leader and follower ---------------------------------------------------------------------------

    pub(super) fn peers(&self) -> Vec<ServerId> {
        self.ensemble.iter().copied().filter(|id| *id != self.id).collect()
    }

    pub(super) fn is_majority(&self, servers: usize) -> bool {
        servers * 2 > self.ensemble.len()
    }

    /// Sees to it that everything appended gets to disk; one flush at a time takes along what has gathered.
    pub(super) fn flush(&mut self, ctx: &mut Ctx<'_>, bytes: u64) {
        let end = self.log.last_zxid();
        if self.volatile.flushing.is_none() && self.log.flushed_zxid() < end {
            self.volatile.flushing = Some(end);
            ctx.flush(bytes, Token::ZooKeeperLog { end });
        }
    }

    /// `SessionTrackerImpl.initializeNextSessionId`: the server's id in the high byte, then its clock.
    pub(super) fn next_session_id(&mut self, now: Time) -> SessionId {
        self.volatile.next_session += 1;
        let clock = (now.as_millis() << 24) >> 8;
        SessionId(
            (u64::from(self.id.0) << 56) | (clock & 0x00ff_ffff_ffff_0000) | (self.volatile.next_session & 0xffff),
        )
    }

    fn half_tick(&mut self, ctx: &mut Ctx<'_>) {
        ctx.set_timer(Span(TICK_TIME.0 / 2), ZooKeeperTimer::HalfTick.into());
        match &self.volatile.role {
            Role::Looking(_) => {}
            Role::Following(following) => {
                let limit = if following.is_up_to_date() { ticks(super::SYNC_LIMIT) } else { ticks(super::INIT_LIMIT) };
                if ctx.now().since(following.last_heard) > limit {
                    self.look(ctx);
                }
            }
            Role::Leading(_) => self.lead_half_tick(ctx),
        }
    }

    fn between_servers(&mut self, ctx: &mut Ctx<'_>, from: ServerId, message: ZooKeeperMessage) {
        if let ZooKeeperMessage::Notification { vote, round, state } = message {
            return self.notified(ctx, from, vote, round, state);
        }
        match &mut self.volatile.role {
            Role::Looking(looking) => {
                if let ZooKeeperMessage::FollowerInfo { accepted_epoch } = message {
                    looking.early.retain(|(server, _)| *server != from);
                    looking.early.push((from, accepted_epoch));
                }
            }
            Role::Following(following) if following.leader == from => self.leader_says(ctx, message),
            Role::Following(_) => {
                // It thinks this server leads: it will find out.
                if matches!(message, ZooKeeperMessage::FollowerInfo { .. }) {
                    send_to(ctx, from, ZooKeeperMessage::Close);
                }
            }
            Role::Leading(_) => self.learner_says(ctx, from, message),
        }
    }
}

pub(super) fn send_to(ctx: &mut Ctx<'_>, peer: ServerId, message: ZooKeeperMessage) {
    ctx.send(NodeId::ZooKeeper(peer), Body::ZooKeeper(message));
}

impl Node<Kafka> for ZooKeeper {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        // Alone there is nobody to ping and nobody to miss (a standalone `ZooKeeperServer` has no `Leader`).
        if self.ensemble.len() == 1 {
            return self.begin_alone(ctx);
        }
        ctx.set_timer(Span(TICK_TIME.0 / 2), ZooKeeperTimer::HalfTick.into());
        self.look(ctx);
    }

    fn message(&mut self, ctx: &mut Ctx<'_>, from: NodeId, body: Body) {
        let Body::ZooKeeper(message) = body else { return };
        match from {
            NodeId::ZooKeeper(peer) => self.between_servers(ctx, peer, message),
            client => self.client_says(ctx, client, message),
        }
    }

    fn timer(&mut self, ctx: &mut Ctx<'_>, timer: Timer) {
        let Timer::ZooKeeper(timer) = timer else { return };
        match timer {
            ZooKeeperTimer::Finalize => {
                if let Role::Looking(looking) = &self.volatile.role {
                    let leader = looking.election.vote().leader;
                    self.decided(ctx, leader);
                }
            }
            ZooKeeperTimer::Renotify => {
                if let Role::Looking(looking) = &mut self.volatile.role {
                    looking.renotify = None;
                    looking.interval = Span(looking.interval.0 * 2).min(MAX_NOTIFICATION_INTERVAL);
                    self.notify_all(ctx);
                }
            }
            ZooKeeperTimer::HalfTick => self.half_tick(ctx),
            ZooKeeperTimer::ExpireSessions => self.expire_sessions(ctx),
        }
    }

    fn flushed(&mut self, ctx: &mut Ctx<'_>, token: Token) {
        let Token::ZooKeeperLog { end } = token else { return };
        self.volatile.flushing = None;
        self.log.mark_flushed(end);
        self.flush(ctx, 0);
        match &self.volatile.role {
            Role::Leading(_) => self.commit(ctx),
            Role::Following(_) => self.acknowledge(ctx),
            Role::Looking(_) => {}
        }
    }

    fn disconnected(&mut self, ctx: &mut Ctx<'_>, peer: NodeId) {
        match peer {
            NodeId::ZooKeeper(peer) => self.peer_gone(ctx, peer),
            client => self.volatile.connections.forget(client),
        }
    }

    fn crash(&mut self, how: Crash) {
        if how == Crash::Power {
            self.log.cut_unflushed();
        }
        self.volatile = Volatile::recover(self.id, self.ensemble.len(), &self.log);
    }
}

impl ZooKeeper {
    fn peer_gone(&mut self, ctx: &mut Ctx<'_>, peer: ServerId) {
        match &mut self.volatile.role {
            Role::Looking(looking) => looking.early.retain(|(server, _)| *server != peer),
            Role::Following(following) if following.leader == peer => self.look(ctx),
            Role::Following(_) => {}
            // Whether a majority is left is looked at on the next tick.
            Role::Leading(leading) => leading.learner_gone(peer),
        }
    }

    /// Sets the alarm for the next tick of the session tracker.
    pub(super) fn schedule_expiry(&mut self, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        let timer = ctx.set_timer(next_tick(now).since(now), ZooKeeperTimer::ExpireSessions.into());
        if let Some(earlier) = self.volatile.expiry.replace(timer) {
            ctx.cancel_timer(earlier);
        }
    }
}
