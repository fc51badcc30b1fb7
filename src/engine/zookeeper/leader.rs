//! Leading: agree on a new epoch, bring a majority into step, then number every write, propose it and commit it once a
//! majority has it on disk (`Leader`, `LearnerHandler`, `PrepRequestProcessor`).

use std::collections::BTreeMap;

use super::server::{Role, ZooKeeper, replay, send_to};
use super::{DataTree, INIT_LIMIT, SYNC_LIMIT, SessionTracker, ZooKeeperFact, ticks};
use crate::engine::Ctx;
use crate::engine::common::{ServerId, Span, Time};
use crate::engine::protocol::{SessionId, Txn, TxnBody, ZkError, ZkOp, ZkPath, ZooKeeperMessage, Zxid};

#[derive(Clone, Debug)]
pub struct Leading {
    since: Time,
    /// Agreed upon with a majority; `None` during discovery.
    epoch: Option<u32>,
    is_established: bool,
    learners: BTreeMap<ServerId, Learner>,
    /// The tree as it will be once everything proposed is committed: what new requests are judged by.
    prepared: DataTree,
    /// Up to here proposals have been sent.
    proposed: Zxid,
    pub(super) sessions: SessionTracker,
}

/// A follower as its leader sees it (`LearnerHandler`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Learner {
    pub last_heard: Time,
    accepted_epoch: u32,
    /// It has been sent the history and gets every proposal.
    is_synced: bool,
    /// It has acknowledged NEWLEADER, and with it everything up to here.
    pub acked: Option<Zxid>,
}

impl Leading {
    #[must_use]
    pub fn is_established(&self) -> bool {
        self.is_established
    }

    /// Servers that follow, and what is known of them.
    pub fn learners(&self) -> impl Iterator<Item = (ServerId, &Learner)> {
        self.learners.iter().map(|(id, learner)| (*id, learner))
    }

    #[must_use]
    pub fn epoch(&self) -> u32 {
        self.epoch.unwrap_or(0)
    }

    #[must_use]
    pub fn sessions(&self) -> &SessionTracker {
        &self.sessions
    }

    pub(super) fn learner_gone(&mut self, id: ServerId) {
        self.learners.remove(&id);
    }
}

impl ZooKeeper {
    // ---- taking office -------------------------------------------------------------------------------------------

    /// The only server of its ensemble (`ZooKeeperServerMain`): no epochs, no votes.
    pub(super) fn begin_alone(&mut self, ctx: &mut Ctx<'_>) {
        let epoch = Some(self.log.last_zxid().epoch());
        self.volatile.role = Role::Leading(Box::new(self.leading(ctx.now(), epoch)));
        self.establish(ctx);
        self.flush(ctx, 0);
    }

    pub(super) fn begin_leading(&mut self, ctx: &mut Ctx<'_>, early: Vec<(ServerId, u32)>) {
        self.volatile.role = Role::Leading(Box::new(self.leading(ctx.now(), None)));
        self.flush(ctx, 0);
        for (server, accepted_epoch) in early {
            self.learner_says(ctx, server, ZooKeeperMessage::FollowerInfo { accepted_epoch });
        }
    }

    fn leading(&self, now: Time, epoch: Option<u32>) -> Leading {
        Leading {
            since: now,
            epoch,
            is_established: false,
            learners: BTreeMap::new(),
            prepared: self.volatile.tree.clone(),
            proposed: self.log.last_zxid(),
            sessions: SessionTracker::default(),
        }
    }

    /// A majority is in step: everything in its log is history now, and clients are welcome.
    fn establish(&mut self, ctx: &mut Ctx<'_>) {
        let tree = replay(&self.log, self.log.last_zxid());
        let Role::Leading(leading) = &mut self.volatile.role else { return };
        leading.is_established = true;
        leading.prepared = tree.clone();
        leading.sessions = SessionTracker::recover(&tree, ctx.now());
        self.volatile.tree = tree;
        let (epoch, followers) = (leading.epoch(), leading.in_step().collect());
        ctx.emit(ZooKeeperFact::LeadershipBegan { epoch, followers });
        self.schedule_expiry(ctx);
    }

    pub(super) fn learner_says(&mut self, ctx: &mut Ctx<'_>, from: ServerId, message: ZooKeeperMessage) {
        let now = ctx.now();
        let own_epoch = self.log.accepted_epoch;
        let own = (self.log.current_epoch, self.log.last_zxid());
        let ensemble = self.ensemble.len();
        let Role::Leading(leading) = &mut self.volatile.role else { return };
        if let Some(learner) = leading.learners.get_mut(&from) {
            learner.last_heard = now;
        }
        match message {
            ZooKeeperMessage::FollowerInfo { accepted_epoch } => {
                let learner = Learner { last_heard: now, accepted_epoch, is_synced: false, acked: None };
                leading.learners.insert(from, learner);
                if let Some(epoch) = leading.epoch {
                    return send_to(ctx, from, ZooKeeperMessage::LeaderInfo { epoch });
                }
                // With a majority to choose among, the new epoch is above all that any of them accepted.
                if (leading.learners.len() + 1) * 2 > ensemble {
                    let accepted = leading.learners.values().map(|learner| learner.accepted_epoch).max();
                    let epoch = accepted.unwrap_or(0).max(own_epoch) + 1;
                    leading.epoch = Some(epoch);
                    for learner in leading.learners.keys() {
                        send_to(ctx, *learner, ZooKeeperMessage::LeaderInfo { epoch });
                    }
                    self.log.accepted_epoch = epoch;
                }
            }
            // It knows more than its leader: that leader may not lead.
            ZooKeeperMessage::AckEpoch { current_epoch, last }
                if !leading.is_established && (current_epoch, last) > own =>
            {
                self.look(ctx);
            }
            ZooKeeperMessage::AckEpoch { last, .. } => {
                let (epoch, is_established) = (leading.epoch(), leading.is_established);
                if let Some(learner) = leading.learners.get_mut(&from) {
                    learner.is_synced = true;
                    let truncate_to = self.log.floor(last);
                    let txns = self.log.after(truncate_to).map(|txn| (**txn).clone()).collect();
                    let committed = if is_established { self.volatile.tree.last_zxid() } else { self.log.last_zxid() };
                    send_to(ctx, from, ZooKeeperMessage::Sync { truncate_to, txns, committed });
                    send_to(ctx, from, ZooKeeperMessage::NewLeader { epoch });
                }
            }
            ZooKeeperMessage::Ack { zxid } => {
                let (epoch, is_established) = (leading.epoch(), leading.is_established);
                let Some(learner) = leading.learners.get_mut(&from).filter(|learner| learner.is_synced) else { return };
                let is_first = learner.acked.replace(zxid).is_none();
                if is_first && is_established {
                    send_to(ctx, from, ZooKeeperMessage::UpToDate);
                } else if is_first && (leading.in_step().count() + 1) * 2 > ensemble {
                    self.log.current_epoch = epoch;
                    let in_step: Vec<ServerId> = leading.in_step().collect();
                    self.establish(ctx);
                    for learner in in_step {
                        send_to(ctx, learner, ZooKeeperMessage::UpToDate);
                    }
                }
                self.commit(ctx);
            }
            ZooKeeperMessage::LearnerPong { touched } => {
                for session in touched {
                    leading.sessions.touch(session, now);
                }
            }
            ZooKeeperMessage::Forward { session, first_xid, ops } => {
                self.propose_ops(ctx, from, session, first_xid, &ops)
            }
            ZooKeeperMessage::ForwardSession { session, timeout } => self.propose_session(ctx, from, session, timeout),
            ZooKeeperMessage::Revalidate { session } => {
                let timeout = self.resume_session(from, session, now);
                send_to(ctx, from, ZooKeeperMessage::Revalidated { session, timeout });
            }
            ZooKeeperMessage::Close => leading.learner_gone(from),
            _ => {}
        }
    }

    // ---- in office -----------------------------------------------------------------------------------------------

    pub(super) fn lead_half_tick(&mut self, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        let Role::Leading(leading) = &mut self.volatile.role else { return };
        if !leading.is_established {
            if now.since(leading.since) > ticks(INIT_LIMIT) {
                self.look(ctx);
            }
            return;
        }
        leading.learners.retain(|_, learner| now.since(learner.last_heard) <= ticks(SYNC_LIMIT));
        let in_step = leading.in_step().count() + 1;
        for learner in leading.in_step() {
            send_to(ctx, learner, ZooKeeperMessage::LearnerPing);
        }
        if !self.is_majority(in_step) {
            self.give_up(ctx);
        }
    }

    /// Without a majority nothing can be promised any more.
    fn give_up(&mut self, ctx: &mut Ctx<'_>) {
        if let Role::Leading(leading) = &self.volatile.role {
            for learner in leading.learners.keys() {
                send_to(ctx, *learner, ZooKeeperMessage::Close);
            }
        }
        self.look(ctx);
    }

    /// Gives a session to the server its client has come to. `None` if it is not there any more.
    pub(super) fn resume_session(&mut self, server: ServerId, session: SessionId, now: Time) -> Option<Span> {
        let Role::Leading(leading) = &mut self.volatile.role else { return None };
        leading.sessions.touch(session, now);
        leading.sessions.set_owner(session, server);
        leading.sessions.timeout(session)
    }

    pub(super) fn propose_session(&mut self, ctx: &mut Ctx<'_>, server: ServerId, session: SessionId, timeout: Span) {
        let Role::Leading(leading) = &mut self.volatile.role else { return };
        leading.sessions.add(session, timeout, Some(server), ctx.now());
        self.propose(ctx, vec![(session, 0, TxnBody::CreateSession { timeout })]);
    }

    pub(super) fn propose_ops(
        &mut self,
        ctx: &mut Ctx<'_>,
        server: ServerId,
        session: SessionId,
        first_xid: u32,
        ops: &[ZkOp],
    ) {
        let Role::Leading(leading) = &mut self.volatile.role else { return };
        let is_alive = leading.sessions.touch(session, ctx.now());
        let refusal = match (is_alive, leading.sessions.is_owner(session, server)) {
            (false, _) => Some(ZkError::SessionExpired),
            (true, false) => Some(ZkError::SessionMoved),
            (true, true) => None,
        };
        for (op, xid) in ops.iter().zip(first_xid..) {
            if !op.is_write() {
                continue;
            }
            let Role::Leading(leading) = &mut self.volatile.role else { return };
            let body = match refusal {
                Some(error) => TxnBody::Error(error.into()),
                None => leading.prepared.prepare(session, op),
            };
            if let TxnBody::Error(failure) = &body {
                let (path, error) = (op.path().cloned(), failure.error);
                ctx.emit(ZooKeeperFact::WriteRefused { path, session, error });
            }
            if *op == ZkOp::CloseSession {
                leading.sessions.remove(session);
            }
            self.prepare_txn(ctx.now(), session, xid, body);
        }
        self.send_proposals(ctx);
    }

    fn propose(&mut self, ctx: &mut Ctx<'_>, requests: Vec<(SessionId, u32, TxnBody)>) {
        for (session, xid, body) in requests {
            self.prepare_txn(ctx.now(), session, xid, body);
        }
        self.send_proposals(ctx);
    }

    /// Numbers a transaction and puts it into the own log.
    fn prepare_txn(&mut self, time: Time, session: SessionId, xid: u32, body: TxnBody) {
        let Role::Leading(leading) = &mut self.volatile.role else { return };
        let zxid = leading.prepared.last_zxid().max(Zxid::new(leading.epoch(), 0)).next();
        let txn = Txn { zxid, session, xid, time, body };
        leading.prepared.apply(&txn);
        self.log.append([txn]);
    }

    /// What has been prepared since the last time goes out in one message.
    fn send_proposals(&mut self, ctx: &mut Ctx<'_>) {
        let Role::Leading(leading) = &mut self.volatile.role else { return };
        let from = leading.proposed;
        leading.proposed = self.log.last_zxid();
        let txns: Vec<Txn> = self.log.after(from).map(|txn| (**txn).clone()).collect();
        if txns.is_empty() {
            return;
        }
        for (learner, _) in leading.learners().filter(|(_, learner)| learner.is_synced) {
            send_to(ctx, learner, ZooKeeperMessage::Propose { txns: txns.clone() });
        }
        let bytes = 128 * txns.len() as u64;
        self.flush(ctx, bytes);
    }

    /// Commits what a majority has on disk (`Leader.tryToCommit`).
    pub(super) fn commit(&mut self, ctx: &mut Ctx<'_>) {
        let own = self.log.flushed_zxid();
        let Role::Leading(leading) = &mut self.volatile.role else { return };
        if !leading.is_established {
            return;
        }
        let mut acked: Vec<Zxid> = leading.learners.values().filter_map(|learner| learner.acked).collect();
        acked.push(own);
        acked.sort_unstable_by(|a, b| b.cmp(a));
        let majority = self.ensemble.len() / 2;
        let Some(zxid) = acked.get(majority).copied() else { return };
        if zxid <= self.volatile.tree.last_zxid() {
            return;
        }
        for (learner, _) in leading.learners().filter(|(_, learner)| learner.is_synced) {
            send_to(ctx, learner, ZooKeeperMessage::Commit { zxid });
        }
        self.apply_committed(ctx, zxid);
    }

    pub(super) fn expire_sessions(&mut self, ctx: &mut Ctx<'_>) {
        let Role::Leading(leading) = &mut self.volatile.role else { return };
        if !leading.is_established {
            return;
        }
        let expired = leading.sessions.take_expired(ctx.now());
        let mut requests = Vec::new();
        for session in expired {
            let ephemerals: Vec<ZkPath> = leading.prepared.ephemerals(session).cloned().collect();
            ctx.emit(ZooKeeperFact::SessionExpired { session, ephemerals });
            requests.push((session, 0, TxnBody::CloseSession));
        }
        self.propose(ctx, requests);
        self.schedule_expiry(ctx);
    }
}

impl Leading {
    /// Followers that have acknowledged NEWLEADER.
    fn in_step(&self) -> impl Iterator<Item = ServerId> {
        self.learners.iter().filter(|(_, learner)| learner.acked.is_some()).map(|(id, _)| *id)
    }
}
