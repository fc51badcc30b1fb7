//! What a server does for the clients connected to it: sessions, requests in order, watches
//! (`NIOServerCnxn`, `CommitProcessor`, `FinalRequestProcessor`).
//!
//! Requests of one connection are answered in order: a read behind a write waits until this server has applied the
//! write. What a watch has to tell leaves before any answer that shows the change.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::server::{Role, ZooKeeper, send_to};
use super::{TICK_TIME, Watches, ZooKeeperFact};
use crate::engine::Ctx;
use crate::engine::common::{NodeId, Span};
use crate::engine::protocol::{
    Body, SessionId, Txn, TxnBody, WatchEvent, WatchKind, ZkOp, ZkOutcome, ZkPath, ZooKeeperMessage, Zxid,
};

#[derive(Clone, Debug, Default)]
pub struct Connections {
    by_client: BTreeMap<NodeId, Connection>,
    watches: Watches,
}

/// One client's connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    pub session: SessionId,
    attempt: u32,
    timeout: Span,
    /// The session is agreed upon; before that, nothing is answered.
    is_open: bool,
    /// In order of arrival.
    waiting: VecDeque<Waiting>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Waiting {
    xid: u32,
    op: ZkOp,
    outcome: Option<ZkOutcome>,
}

impl Connections {
    pub fn iter(&self) -> impl Iterator<Item = (NodeId, &Connection)> {
        self.by_client.iter().map(|(client, connection)| (*client, connection))
    }

    #[must_use]
    pub fn watches(&self) -> &Watches {
        &self.watches
    }

    pub(super) fn forget(&mut self, client: NodeId) {
        self.by_client.remove(&client);
        self.watches.forget(client);
    }

    pub(super) fn close_all(&mut self, ctx: &mut Ctx<'_>) {
        for client in self.by_client.keys() {
            ctx.send(*client, Body::ZooKeeper(ZooKeeperMessage::Close));
        }
        *self = Self::default();
    }

    fn of_session(&mut self, session: SessionId) -> Option<(NodeId, &mut Connection)> {
        self.by_client
            .iter_mut()
            .find(|(_, connection)| connection.session == session)
            .map(|(client, connection)| (*client, connection))
    }
}

/// Messages to clients that an event gives rise to; neighbouring answers to one client travel together.
#[derive(Debug, Default)]
struct Outbox(Vec<(NodeId, ZooKeeperMessage)>);

impl Outbox {
    fn push(&mut self, client: NodeId, message: ZooKeeperMessage) {
        self.0.push((client, message));
    }

    fn reply(&mut self, client: NodeId, xid: u32, outcome: ZkOutcome, now_at: Zxid) {
        let last = self.0.iter_mut().rev().find(|(to, _)| *to == client).map(|(_, message)| message);
        if let Some(ZooKeeperMessage::Replies { outcomes, zxid, .. }) = last {
            outcomes.push(outcome);
            *zxid = now_at;
            return;
        }
        self.push(client, ZooKeeperMessage::Replies { first_xid: xid, outcomes: vec![outcome], zxid: now_at });
    }

    fn send(self, ctx: &mut Ctx<'_>) {
        for (client, message) in self.0 {
            ctx.send(client, Body::ZooKeeper(message));
        }
    }
}

/// `minSessionTimeout` and `maxSessionTimeout`: 2 and 20 ticks.
fn negotiated(asked: Span) -> Span {
    asked.clamp(Span(TICK_TIME.0 * 2), Span(TICK_TIME.0 * 20))
}

impl ZooKeeper {
    pub(super) fn client_says(&mut self, ctx: &mut Ctx<'_>, client: NodeId, message: ZooKeeperMessage) {
        if !self.serves() {
            if !matches!(message, ZooKeeperMessage::Close) {
                ctx.send(client, Body::ZooKeeper(ZooKeeperMessage::Close));
            }
            return;
        }
        match message {
            ZooKeeperMessage::Connect { attempt, session, timeout, last_zxid } => {
                let known = self.volatile.connections.by_client.get(&client);
                if known.is_some_and(|connection| connection.attempt == attempt) {
                    return;
                }
                self.volatile.connections.forget(client);
                if last_zxid > self.volatile.tree.last_zxid() {
                    // The client has seen more than this server: it must try another.
                    return ctx.send(client, Body::ZooKeeper(ZooKeeperMessage::Close));
                }
                self.connect(ctx, client, attempt, session, negotiated(timeout));
            }
            ZooKeeperMessage::Requests { first_xid, ops } => {
                let Some(connection) = self.volatile.connections.by_client.get_mut(&client) else { return };
                let session = connection.session;
                let waiting =
                    ops.iter().zip(first_xid..).map(|(op, xid)| Waiting { xid, op: op.clone(), outcome: None });
                connection.waiting.extend(waiting);
                self.touch(ctx, session);
                if ops.iter().any(ZkOp::is_write) {
                    self.submit(ctx, session, first_xid, ops);
                }
                let mut outbox = Outbox::default();
                self.drain(client, &mut outbox);
                outbox.send(ctx);
            }
            ZooKeeperMessage::Ping => {
                if let Some(session) = self.volatile.connections.by_client.get(&client).map(|one| one.session) {
                    self.touch(ctx, session);
                    ctx.send(client, Body::ZooKeeper(ZooKeeperMessage::Pong));
                }
            }
            ZooKeeperMessage::SetWatches { seen, data, exists, children } => {
                self.set_watches(ctx, client, seen, &data, &exists, &children);
            }
            ZooKeeperMessage::Close => self.volatile.connections.forget(client),
            _ => {}
        }
    }

    fn connect(&mut self, ctx: &mut Ctx<'_>, client: NodeId, attempt: u32, known: Option<SessionId>, timeout: Span) {
        let session = known.unwrap_or_else(|| self.next_session_id(ctx.now()));
        let connection = Connection { session, attempt, timeout, is_open: false, waiting: VecDeque::new() };
        self.volatile.connections.by_client.insert(client, connection);
        let me = self.id;
        match (&self.volatile.role, known) {
            (Role::Leading(_), None) => self.propose_session(ctx, me, session, timeout),
            (Role::Leading(_), Some(_)) => {
                let timeout = self.resume_session(me, session, ctx.now());
                self.revalidated(ctx, session, timeout);
            }
            (Role::Following(following), None) => {
                send_to(ctx, following.leader, ZooKeeperMessage::ForwardSession { session, timeout });
            }
            (Role::Following(following), Some(_)) => {
                send_to(ctx, following.leader, ZooKeeperMessage::Revalidate { session });
            }
            (Role::Looking(_), _) => unreachable!("a server that looks for a leader serves nobody"),
        }
    }

    /// The leader knows the session, or knows that it has expired.
    pub(super) fn revalidated(&mut self, ctx: &mut Ctx<'_>, session: SessionId, timeout: Option<Span>) {
        let Some((client, connection)) = self.volatile.connections.of_session(session) else { return };
        let attempt = connection.attempt;
        match timeout {
            Some(timeout) => {
                connection.is_open = true;
                connection.timeout = timeout;
                ctx.emit(ZooKeeperFact::SessionResumed { session, client });
                let message = ZooKeeperMessage::Connected { attempt, session, timeout };
                ctx.send(client, Body::ZooKeeper(message));
            }
            None => {
                let message = ZooKeeperMessage::Connected { attempt, session, timeout: Span::ZERO };
                ctx.send(client, Body::ZooKeeper(message));
                self.volatile.connections.forget(client);
            }
        }
    }

    /// Writes go to the leader, which may be this server.
    fn submit(&mut self, ctx: &mut Ctx<'_>, session: SessionId, first_xid: u32, ops: Vec<ZkOp>) {
        let me = self.id;
        match &self.volatile.role {
            Role::Leading(_) => self.propose_ops(ctx, me, session, first_xid, &ops),
            Role::Following(following) => {
                send_to(ctx, following.leader, ZooKeeperMessage::Forward { session, first_xid, ops });
            }
            Role::Looking(_) => unreachable!("a server that looks for a leader serves nobody"),
        }
    }

    fn touch(&mut self, ctx: &Ctx<'_>, session: SessionId) {
        match &mut self.volatile.role {
            Role::Leading(leading) => {
                leading.sessions.touch(session, ctx.now());
            }
            Role::Following(following) => {
                following.touched.insert(session);
            }
            Role::Looking(_) => {}
        }
    }

    // ---- what is committed -----------------------------------------------------------------------------------------

    /// Applies the log up to here and tells those whom it concerns.
    pub(super) fn apply_committed(&mut self, ctx: &mut Ctx<'_>, upto: Zxid) {
        let txns: Vec<Arc<Txn>> =
            self.log.after(self.volatile.tree.last_zxid()).take_while(|txn| txn.zxid <= upto).cloned().collect();
        let mut outbox = Outbox::default();
        for txn in txns {
            self.apply(ctx, &txn, &mut outbox);
        }
        outbox.send(ctx);
    }

    fn apply(&mut self, ctx: &mut Ctx<'_>, txn: &Txn, outbox: &mut Outbox) {
        let applied = self.volatile.tree.apply(txn);
        if matches!(self.volatile.role, Role::Leading(_)) {
            self.tell(ctx, txn, &applied.events);
        }
        for event in applied.events {
            for client in self.volatile.connections.watches.fire(&event) {
                let WatchEvent { kind, path } = event.clone();
                ctx.emit(ZooKeeperFact::WatchFired { path, kind, client });
                outbox.push(client, ZooKeeperMessage::Event(event.clone()));
            }
        }
        let Some((client, connection)) = self.volatile.connections.of_session(txn.session) else { return };
        match &txn.body {
            TxnBody::CreateSession { timeout } => {
                connection.is_open = true;
                let (attempt, session, timeout) = (connection.attempt, txn.session, *timeout);
                ctx.emit(ZooKeeperFact::SessionCreated { session, client, timeout });
                outbox.push(client, ZooKeeperMessage::Connected { attempt, session, timeout });
            }
            body => {
                if let Some(waiting) = connection.waiting.iter_mut().find(|waiting| waiting.xid == txn.xid) {
                    waiting.outcome = Some(applied.outcome);
                }
                let is_over = *body == TxnBody::CloseSession;
                self.drain(client, outbox);
                if is_over {
                    outbox.push(client, ZooKeeperMessage::Close);
                    self.volatile.connections.forget(client);
                }
            }
        }
    }

    /// The leader tells what became of the tree.
    fn tell(&self, ctx: &mut Ctx<'_>, txn: &Txn, events: &[WatchEvent]) {
        let zxid = txn.zxid;
        for WatchEvent { kind, path } in events {
            let path = path.clone();
            match kind {
                WatchKind::NodeCreated => {
                    let owner = self.volatile.tree.get(&path).and_then(|node| node.stat().ephemeral_owner);
                    ctx.emit(ZooKeeperFact::ZnodeCreated { path, zxid, owner });
                }
                WatchKind::NodeDataChanged => {
                    let version = self.volatile.tree.get(&path).map_or(0, |node| node.stat().version);
                    ctx.emit(ZooKeeperFact::ZnodeChanged { path, zxid, version });
                }
                WatchKind::NodeDeleted => ctx.emit(ZooKeeperFact::ZnodeDeleted { path, zxid }),
                WatchKind::NodeChildrenChanged => {}
            }
        }
        if txn.body == TxnBody::CloseSession {
            ctx.emit(ZooKeeperFact::SessionClosed { session: txn.session });
        }
    }

    /// Answers what can be answered now, from the front.
    fn drain(&mut self, client: NodeId, outbox: &mut Outbox) {
        let at = self.volatile.tree.last_zxid();
        let super::server::Volatile { tree, connections, .. } = &mut self.volatile;
        let Connections { by_client, watches } = connections;
        let Some(connection) = by_client.get_mut(&client).filter(|connection| connection.is_open) else { return };
        while let Some(front) = connection.waiting.front() {
            let outcome = match &front.outcome {
                Some(outcome) => outcome.clone(),
                None if front.op.is_write() => return,
                None => tree.read(&front.op),
            };
            match &front.op {
                ZkOp::GetData { path, watch: true } if outcome.is_ok() => watches.watch_data(path, client),
                // There is something to wait for even where nothing is.
                ZkOp::Exists { path, watch: true } => watches.watch_data(path, client),
                ZkOp::GetChildren { path, watch: true } if outcome.is_ok() => watches.watch_children(path, client),
                _ => {}
            }
            outbox.reply(client, front.xid, outcome, at);
            connection.waiting.pop_front();
        }
    }

    /// `DataTree.setWatches`: what changed while the client was away is told at once; the rest is watched again.
    fn set_watches(
        &mut self,
        ctx: &mut Ctx<'_>,
        client: NodeId,
        seen: Zxid,
        data: &[ZkPath],
        exists: &[ZkPath],
        children: &[ZkPath],
    ) {
        let mut missed = Vec::new();
        let super::server::Volatile { tree, connections, .. } = &mut self.volatile;
        let watches = &mut connections.watches;
        for path in data {
            match tree.get(path).map(|node| node.stat().mzxid) {
                None => missed.push((WatchKind::NodeDeleted, path)),
                Some(mzxid) if mzxid > seen => missed.push((WatchKind::NodeDataChanged, path)),
                Some(_) => watches.watch_data(path, client),
            }
        }
        for path in exists {
            match tree.get(path) {
                Some(_) => missed.push((WatchKind::NodeCreated, path)),
                None => watches.watch_data(path, client),
            }
        }
        for path in children {
            match tree.get(path).map(|node| node.stat().pzxid) {
                None => missed.push((WatchKind::NodeDeleted, path)),
                Some(pzxid) if pzxid > seen => missed.push((WatchKind::NodeChildrenChanged, path)),
                Some(_) => watches.watch_children(path, client),
            }
        }
        for (kind, path) in missed {
            ctx.emit(ZooKeeperFact::WatchFired { path: path.clone(), kind, client });
            ctx.send(client, Body::ZooKeeper(ZooKeeperMessage::Event(WatchEvent { kind, path: path.clone() })));
        }
    }
}
