//! Following: find one's place under the leader, then write what it proposes and apply what it commits
//! (`Follower`, `Learner`).

use super::ZooKeeperFact;
use super::server::{Role, ZooKeeper, replay, send_to};
use crate::engine::Ctx;
use crate::engine::common::{ServerId, Time};
use crate::engine::protocol::{SessionId, Txn, ZooKeeperMessage, Zxid};
use std::collections::BTreeSet;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Following {
    pub leader: ServerId,
    pub last_heard: Time,
    epoch: u32,
    phase: Phase,
    /// Sessions heard of since the leader's last ping.
    pub(super) touched: BTreeSet<SessionId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// FOLLOWERINFO is out.
    Discovery,
    /// The history arrives.
    Synchronization,
    /// NEWLEADER has come and is answered once everything before it is on disk.
    Acknowledging {
        newest: Zxid,
    },
    AwaitsUpToDate,
    Broadcast,
}

impl Following {
    #[must_use]
    pub fn is_up_to_date(&self) -> bool {
        self.phase == Phase::Broadcast
    }

    #[must_use]
    pub fn epoch(&self) -> u32 {
        self.epoch
    }
}

impl ZooKeeper {
    pub(super) fn begin_following(&mut self, ctx: &mut Ctx<'_>, leader: ServerId) {
        let (last_heard, touched) = (ctx.now(), BTreeSet::new());
        let phase = Phase::Discovery;
        self.volatile.role = Role::Following(Following { leader, last_heard, epoch: 0, phase, touched });
        send_to(ctx, leader, ZooKeeperMessage::FollowerInfo { accepted_epoch: self.log.accepted_epoch });
    }

    pub(super) fn leader_says(&mut self, ctx: &mut Ctx<'_>, message: ZooKeeperMessage) {
        let Role::Following(following) = &mut self.volatile.role else { return };
        following.last_heard = ctx.now();
        let leader = following.leader;
        match message {
            ZooKeeperMessage::LeaderInfo { epoch } if epoch < self.log.accepted_epoch => self.look(ctx),
            ZooKeeperMessage::LeaderInfo { epoch } => {
                following.epoch = epoch;
                self.log.accepted_epoch = epoch;
                let (current_epoch, last) = (self.log.current_epoch, self.log.last_zxid());
                send_to(ctx, leader, ZooKeeperMessage::AckEpoch { current_epoch, last });
            }
            ZooKeeperMessage::Sync { truncate_to, txns, committed } => {
                following.phase = Phase::Synchronization;
                self.log.truncate_to(truncate_to);
                self.log.append(txns);
                self.volatile.tree = replay(&self.log, committed);
            }
            ZooKeeperMessage::NewLeader { epoch } => {
                following.phase = Phase::Acknowledging { newest: self.log.last_zxid() };
                self.log.current_epoch = epoch;
                self.flush(ctx, 0);
                self.acknowledge(ctx);
            }
            ZooKeeperMessage::UpToDate => {
                following.phase = Phase::Broadcast;
                let epoch = following.epoch;
                ctx.emit(ZooKeeperFact::FollowingBegan { leader, epoch });
            }
            // Nothing is missing in what one connection brings: with a proposal lost on a cut link it is a broken one.
            ZooKeeperMessage::Propose { txns } if !follows(&txns, self.log.last_zxid()) => self.look(ctx),
            ZooKeeperMessage::Propose { txns } => {
                let bytes = self.log.append(txns);
                self.flush(ctx, bytes);
            }
            ZooKeeperMessage::Commit { zxid } => self.apply_committed(ctx, zxid),
            ZooKeeperMessage::LearnerPing => {
                let touched = std::mem::take(&mut following.touched).into_iter().collect();
                send_to(ctx, leader, ZooKeeperMessage::LearnerPong { touched });
            }
            ZooKeeperMessage::Revalidated { session, timeout } => self.revalidated(ctx, session, timeout),
            ZooKeeperMessage::Close => self.look(ctx),
            _ => {}
        }
    }

    /// Tells the leader how much is on disk.
    pub(super) fn acknowledge(&mut self, ctx: &mut Ctx<'_>) {
        let flushed = self.log.flushed_zxid();
        let Role::Following(following) = &mut self.volatile.role else { return };
        match following.phase {
            Phase::Discovery | Phase::Synchronization => return,
            Phase::Acknowledging { newest } if flushed < newest => return,
            Phase::Acknowledging { .. } => following.phase = Phase::AwaitsUpToDate,
            Phase::AwaitsUpToDate | Phase::Broadcast => {}
        }
        send_to(ctx, following.leader, ZooKeeperMessage::Ack { zxid: flushed });
    }
}

/// Does no transaction lie between `last` and these?
fn follows(txns: &[Txn], last: Zxid) -> bool {
    let Some(first) = txns.first().map(|txn| txn.zxid) else { return true };
    let next = if first.epoch() > last.epoch() { Zxid::new(first.epoch(), 1) } else { last.next() };
    first <= next
}
