//! The client's end of a session: connect, keep it alive, reconnect elsewhere, and learn that it has expired
//! (`ClientCnxn`, and of Kafka's `ZooKeeperClient` the part that sends a pipeline of requests).
//!
//! Only a server can say that a session has expired: while none can be reached, the client merely is disconnected.
//! Requests that were under way when the connection broke are sent again once it is back
//! (`KafkaZkClient.retryRequestsUntilConnected`); whoever creates something must therefore be ready to find it made.

use std::collections::{BTreeMap, VecDeque};

use crate::engine::Ctx;
use crate::engine::common::{NodeId, Purpose, Span, Time};
use crate::engine::protocol::{
    Body, SessionId, WatchEvent, WatchKind, ZkOp, ZkOutcome, ZkPath, ZooKeeperMessage, Zxid,
};
use crate::engine::runtime::TimerId;

/// TCP repeats the first packet of a connection after one second, then after two, four …
const FIRST_KNOCK: Span = Span::secs(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionState {
    /// Before the first try, or after the end.
    Closed,
    /// Waits a moment before the next try.
    Pausing,
    Connecting,
    Connected,
}

/// What the program around the session hears of it. `T` tells its own requests apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionEvent<T> {
    SyncConnected,
    Disconnected,
    /// The server said so. The session and all its ephemeral znodes are gone; [`Session::start`] opens another.
    Expired,
    /// All answers to one [`Session::request`], in the order of its parts.
    Answered {
        tag: T,
        ops: Vec<ZkOp>,
        outcomes: Vec<ZkOutcome>,
    },
    Watched(WatchEvent),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Batch<T> {
    tag: T,
    ops: Vec<ZkOp>,
    outcomes: Vec<ZkOutcome>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WatchOn {
    Data,
    Exists,
}

#[derive(Clone, Debug)]
pub struct Session<T> {
    servers: Vec<NodeId>,
    /// Which server is, or was last, tried.
    at: usize,
    asked_timeout: Span,
    timeout: Span,
    state: SessionState,
    session: Option<SessionId>,
    attempt: u32,
    tries: u32,
    seen: Zxid,
    /// Of the first part of the front batch that has no answer yet.
    next_xid: u32,
    batches: VecDeque<Batch<T>>,
    data_watches: BTreeMap<ZkPath, WatchOn>,
    child_watches: BTreeMap<ZkPath, ()>,
    last_heard: Time,
    last_sent: Time,
    /// When this try to connect began, and how long until TCP knocks again.
    began: Time,
    knock: Span,
    alarm: Option<(TimerId, Time)>,
}

impl<T: Clone> Session<T> {
    #[must_use]
    pub fn new(servers: Vec<NodeId>, timeout: Span) -> Self {
        Self {
            servers,
            at: 0,
            asked_timeout: timeout,
            timeout,
            state: SessionState::Closed,
            session: None,
            attempt: 0,
            tries: 0,
            seen: Zxid(0),
            next_xid: 1,
            batches: VecDeque::new(),
            data_watches: BTreeMap::new(),
            child_watches: BTreeMap::new(),
            last_heard: Time::ZERO,
            last_sent: Time::ZERO,
            began: Time::ZERO,
            knock: FIRST_KNOCK,
            alarm: None,
        }
    }

    #[must_use]
    pub fn state(&self) -> SessionState {
        self.state
    }

    #[must_use]
    pub fn id(&self) -> Option<SessionId> {
        self.session
    }

    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.state == SessionState::Connected
    }

    /// The server it is connected to.
    #[must_use]
    pub fn server(&self) -> Option<NodeId> {
        self.is_connected().then(|| self.servers[self.at])
    }

    /// Paths it watches: data (or existence), children.
    pub fn watched(&self) -> impl Iterator<Item = &ZkPath> {
        self.data_watches.keys().chain(self.child_watches.keys())
    }

    // ---- verbs -----------------------------------------------------------------------------------------------------

    /// Opens a new session with the first server that can be reached.
    pub fn start(&mut self, ctx: &mut Ctx<'_>) {
        self.session = None;
        // A process that was started again does not take up the count where its former life left it.
        self.attempt = self.attempt.max(u32::try_from(ctx.now().as_millis()).unwrap_or(u32::MAX / 2));
        self.timeout = self.asked_timeout;
        self.tries = 0;
        self.data_watches.clear();
        self.child_watches.clear();
        self.batches.clear();
        // The host list is shuffled, so that clients spread over the servers (`StaticHostProvider`).
        let count = u64::try_from(self.servers.len()).expect("a few servers");
        self.at = usize::try_from(ctx.rng().below(Purpose::Client, count)).expect("a few servers");
        self.connect(ctx);
    }

    /// Ends the session on purpose, with its ephemeral znodes.
    pub fn close(&mut self, ctx: &mut Ctx<'_>, tag: T) {
        self.request(ctx, vec![ZkOp::CloseSession], tag);
    }

    /// Sends requests in one go. Without a connection they wait for the next one.
    pub fn request(&mut self, ctx: &mut Ctx<'_>, ops: Vec<ZkOp>, tag: T) {
        if ops.is_empty() {
            return;
        }
        let first_xid = self.end_xid();
        if self.is_connected() {
            self.send(ctx, ZooKeeperMessage::Requests { first_xid, ops: ops.clone() });
        }
        self.batches.push_back(Batch { tag, ops, outcomes: Vec::new() });
    }

    fn end_xid(&self) -> u32 {
        let open: usize = self.batches.iter().map(|batch| batch.ops.len() - batch.outcomes.len()).sum();
        self.next_xid + u32::try_from(open).expect("a few requests are under way")
    }

    // ---- what comes in ---------------------------------------------------------------------------------------------

    pub fn message(&mut self, ctx: &mut Ctx<'_>, from: NodeId, message: ZooKeeperMessage) -> Vec<SessionEvent<T>> {
        if self.servers[self.at] != from {
            return Vec::new();
        }
        match (self.state, message) {
            (SessionState::Connecting, ZooKeeperMessage::Connected { attempt, session, timeout }) => {
                if attempt != self.attempt {
                    return Vec::new();
                }
                if timeout == Span::ZERO {
                    return vec![self.expire(ctx)];
                }
                self.connected(ctx, session, timeout);
                vec![SessionEvent::SyncConnected]
            }
            (SessionState::Connected, message) => {
                self.last_heard = ctx.now();
                match message {
                    // "Xid out of order": something between got lost. The client closes the connection, and what is open
                    // is sent again over the next one (`ClientCnxn.SendThread.readResponse`).
                    ZooKeeperMessage::Replies { first_xid, .. } if first_xid != self.next_xid => {
                        self.send(ctx, ZooKeeperMessage::Close);
                        self.broken(ctx)
                    }
                    ZooKeeperMessage::Replies { outcomes, zxid, .. } => self.replied(outcomes, zxid),
                    ZooKeeperMessage::Event(event) => {
                        self.fired(&event);
                        vec![SessionEvent::Watched(event)]
                    }
                    ZooKeeperMessage::Close => self.broken(ctx),
                    _ => Vec::new(),
                }
            }
            (SessionState::Connecting, ZooKeeperMessage::Close) => self.broken(ctx),
            _ => Vec::new(),
        }
    }

    pub fn disconnected(&mut self, ctx: &mut Ctx<'_>, peer: NodeId) -> Vec<SessionEvent<T>> {
        let tried = matches!(self.state, SessionState::Connecting | SessionState::Connected);
        if tried && self.servers[self.at] == peer { self.broken(ctx) } else { Vec::new() }
    }

    /// The alarm that was set with `timer` rang.
    pub fn alarm(&mut self, ctx: &mut Ctx<'_>, timer: impl Fn() -> crate::engine::Timer) -> Vec<SessionEvent<T>> {
        self.alarm = None;
        let now = ctx.now();
        let events = match self.state {
            SessionState::Closed => return Vec::new(),
            SessionState::Pausing => {
                self.connect(ctx);
                Vec::new()
            }
            SessionState::Connecting if now.since(self.began) >= self.connect_timeout() => self.broken(ctx),
            SessionState::Connecting if now.since(self.last_sent) >= self.knock => {
                self.knock = Span(self.knock.0 * 2);
                self.knock(ctx);
                Vec::new()
            }
            SessionState::Connected if now.since(self.last_heard) >= self.read_timeout() => {
                // The silent server may live; it is told, should the word reach it.
                self.send(ctx, ZooKeeperMessage::Close);
                self.broken(ctx)
            }
            SessionState::Connected if now >= self.ping_due() => {
                self.send(ctx, ZooKeeperMessage::Ping);
                Vec::new()
            }
            SessionState::Connecting | SessionState::Connected => Vec::new(),
        };
        self.arm(ctx, timer);
        events
    }

    /// Sets the alarm for whatever is due next. To be called after every event.
    pub fn arm(&mut self, ctx: &mut Ctx<'_>, timer: impl Fn() -> crate::engine::Timer) {
        let due = match self.state {
            SessionState::Closed => return,
            SessionState::Pausing => self.last_sent,
            SessionState::Connecting => (self.began + self.connect_timeout()).min(self.last_sent + self.knock),
            SessionState::Connected => self.ping_due().min(self.last_heard + self.read_timeout()),
        };
        // An alarm that rings too early does no harm, and is set again.
        if self.alarm.is_some_and(|(_, earlier)| earlier <= due) {
            return;
        }
        self.cancel_alarm(ctx);
        self.alarm = Some((ctx.set_timer(due.since(ctx.now()), timer()), due));
    }

    // ---- the connection ----------------------------------------------------------------------------------------------

    fn connect_timeout(&self) -> Span {
        Span(self.timeout.0 / self.servers.len() as u64)
    }

    fn read_timeout(&self) -> Span {
        Span(self.timeout.0 * 2 / 3)
    }

    /// Half the read timeout of silence, less a second in hand (`ClientCnxn.SendThread.run`).
    fn ping_due(&self) -> Time {
        let half = Span(self.read_timeout().0 / 2);
        let slack = if half > Span::secs(1) { Span::secs(1) } else { Span::ZERO };
        self.last_sent + half.saturating_sub(slack)
    }

    fn connect(&mut self, ctx: &mut Ctx<'_>) {
        self.attempt += 1;
        self.tries += 1;
        self.state = SessionState::Connecting;
        self.began = ctx.now();
        self.knock = FIRST_KNOCK;
        self.knock(ctx);
    }

    /// Asks for the connection; the same again means that TCP found nobody there yet.
    fn knock(&mut self, ctx: &mut Ctx<'_>) {
        let (attempt, session, timeout, last_zxid) = (self.attempt, self.session, self.asked_timeout, self.seen);
        self.send(ctx, ZooKeeperMessage::Connect { attempt, session, timeout, last_zxid });
    }

    fn connected(&mut self, ctx: &mut Ctx<'_>, session: SessionId, timeout: Span) {
        self.state = SessionState::Connected;
        self.session = Some(session);
        self.timeout = timeout;
        self.tries = 0;
        self.last_heard = ctx.now();
        let of = |on: WatchOn| {
            self.data_watches.iter().filter(move |(_, watch)| **watch == on).map(|(path, _)| path.clone()).collect()
        };
        let (data, exists): (Vec<ZkPath>, Vec<ZkPath>) = (of(WatchOn::Data), of(WatchOn::Exists));
        let children: Vec<ZkPath> = self.child_watches.keys().cloned().collect();
        if !(data.is_empty() && exists.is_empty() && children.is_empty()) {
            self.send(ctx, ZooKeeperMessage::SetWatches { seen: self.seen, data, exists, children });
        }
        let first_xid = self.next_xid;
        let open = |batch: &Batch<T>| batch.ops[batch.outcomes.len()..].to_vec();
        let ops: Vec<ZkOp> = self.batches.iter().flat_map(open).collect();
        if !ops.is_empty() {
            self.send(ctx, ZooKeeperMessage::Requests { first_xid, ops });
        }
    }

    /// No answer will come from this server: the next one is tried.
    fn broken(&mut self, ctx: &mut Ctx<'_>) -> Vec<SessionEvent<T>> {
        let was_connected = self.is_connected();
        self.at = (self.at + 1) % self.servers.len();
        // Up to a second of patience before another try, and one more once everybody has been asked.
        let mut pause = Span(ctx.rng().below(Purpose::Client, 1_000_000));
        if self.tries as usize >= self.servers.len() {
            pause = pause + Span::secs(1);
            self.tries = 0;
        }
        self.state = SessionState::Pausing;
        self.last_sent = ctx.now() + pause;
        self.cancel_alarm(ctx);
        if was_connected { vec![SessionEvent::Disconnected] } else { Vec::new() }
    }

    fn expire(&mut self, ctx: &mut Ctx<'_>) -> SessionEvent<T> {
        self.state = SessionState::Closed;
        self.session = None;
        self.batches.clear();
        self.cancel_alarm(ctx);
        SessionEvent::Expired
    }

    fn cancel_alarm(&mut self, ctx: &mut Ctx<'_>) {
        if let Some((alarm, _)) = self.alarm.take() {
            ctx.cancel_timer(alarm);
        }
    }

    fn send(&mut self, ctx: &mut Ctx<'_>, message: ZooKeeperMessage) {
        self.last_sent = ctx.now();
        ctx.send(self.servers[self.at], Body::ZooKeeper(message));
    }

    // ---- answers and watches -----------------------------------------------------------------------------------------

    fn replied(&mut self, outcomes: Vec<ZkOutcome>, zxid: Zxid) -> Vec<SessionEvent<T>> {
        self.seen = self.seen.max(zxid);
        let mut events = Vec::new();
        for outcome in outcomes {
            self.next_xid += 1;
            let batch = self.batches.front_mut().expect("an answer has a request");
            let op = &batch.ops[batch.outcomes.len()];
            match op {
                ZkOp::GetData { path, watch: true } if outcome.is_ok() => {
                    self.data_watches.insert(path.clone(), WatchOn::Data);
                }
                ZkOp::Exists { path, watch: true } => {
                    let on = if outcome.is_ok() { WatchOn::Data } else { WatchOn::Exists };
                    self.data_watches.insert(path.clone(), on);
                }
                ZkOp::GetChildren { path, watch: true } if outcome.is_ok() => {
                    self.child_watches.insert(path.clone(), ());
                }
                _ => {}
            }
            batch.outcomes.push(outcome);
            if batch.outcomes.len() == batch.ops.len() {
                let Batch { tag, ops, outcomes } = self.batches.pop_front().expect("it was there a moment ago");
                events.push(SessionEvent::Answered { tag, ops, outcomes });
            }
        }
        events
    }

    fn fired(&mut self, event: &WatchEvent) {
        if event.kind != WatchKind::NodeChildrenChanged {
            self.data_watches.remove(&event.path);
        }
        if matches!(event.kind, WatchKind::NodeChildrenChanged | WatchKind::NodeDeleted) {
            self.child_watches.remove(&event.path);
        }
    }
}
