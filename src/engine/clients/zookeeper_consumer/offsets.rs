//! Committing to ZooKeeper: one write for each partition whose offset has moved (`commitOffsetToZooKeeper`).
//!
//! Nothing in a commit says who writes it. ZooKeeper keeps whatever came last, be it from a member that lost its session
//! long ago.

use std::collections::BTreeMap;

use super::connector::{Connector, ZkCall, persistent};
use super::zk_data::{offset_path, parents};
use crate::engine::Ctx;
use crate::engine::clients::consumer::CommitReason;
use crate::engine::clients::fact::ConsumerFact;
use crate::engine::common::{Offset, TopicPartition};
use crate::engine::protocol::{CreateMode, ZkError, ZkOp, ZkOutcome, ZkPath};

/// Commits under way, and what is known to stand in ZooKeeper.
#[derive(Clone, Debug, Default)]
pub(super) struct Commits {
    /// `checkpointedZkOffsets`: as read when the partition was claimed, or as written since.
    pub saved: BTreeMap<TopicPartition, Option<Offset>>,
    pending: BTreeMap<u64, Pending>,
    next: u64,
}

#[derive(Clone, Debug)]
struct Pending {
    why: CommitReason,
    offsets: Vec<Write>,
}

#[derive(Clone, Debug)]
struct Write {
    partition: TopicPartition,
    offset: Offset,
    path: ZkPath,
    is_done: bool,
}

impl Commits {
    pub fn is_committing(&self, why: CommitReason) -> bool {
        self.pending.values().any(|commit| commit.why == why)
    }
}

impl Connector {
    /// Consumed offsets that ZooKeeper does not have yet.
    pub(super) fn unsaved(&self) -> Vec<(TopicPartition, Offset)> {
        let consumed = self.subscriptions.all_consumed().into_iter();
        consumed.filter(|(partition, offset)| self.commits.saved.get(partition) != Some(&Some(*offset))).collect()
    }

    /// Writes these; whoever waits for it goes on at once if there is nothing to write.
    pub(super) fn commit(&mut self, ctx: &mut Ctx<'_>, why: CommitReason, offsets: Vec<(TopicPartition, Offset)>) {
        if offsets.is_empty() {
            return self.commit_done(ctx, why);
        }
        let write = |(partition, offset): &(TopicPartition, Offset)| {
            let topic = self.names.get(&partition.topic).expect("it owns partitions of topics that it has read of");
            let path = offset_path(&self.group, topic, partition.partition);
            Write { partition: *partition, offset: *offset, path, is_done: false }
        };
        let pending = Pending { why, offsets: offsets.iter().map(write).collect() };
        ctx.emit(ConsumerFact::CommitSent { offsets });
        let number = self.commits.next;
        self.commits.next += 1;
        let ops = pending.offsets.iter().map(set).collect();
        self.commits.pending.insert(number, pending);
        self.session.request(ctx, ops, ZkCall::Commit(number));
    }

    /// In another session: what was not answered is written again.
    pub(super) fn commit_again(&mut self, ctx: &mut Ctx<'_>) {
        for (number, pending) in &self.commits.pending {
            let ops = pending.offsets.iter().filter(|write| !write.is_done).map(set).collect();
            self.session.request(ctx, ops, ZkCall::Commit(*number));
        }
    }

    /// `updatePersistentPath`: a znode that is not there is made, parents and all; one that has appeared meanwhile is
    /// written once more.
    pub(super) fn commit_answered(&mut self, ctx: &mut Ctx<'_>, number: u64, ops: &[ZkOp], outcomes: &[ZkOutcome]) {
        let Some(pending) = self.commits.pending.get_mut(&number) else { return };
        let mut again: Vec<ZkOp> = Vec::new();
        for (op, outcome) in ops.iter().zip(outcomes) {
            let written = pending.offsets.iter_mut().find(|write| op.path() == Some(&write.path));
            let Some(write) = written else { continue };
            match (op, outcome) {
                (_, Ok(_)) => write.is_done = true,
                (ZkOp::SetData { .. }, Err(failure)) if failure.error == ZkError::NoNode => {
                    for parent in parents(&write.path).map(persistent) {
                        if !again.contains(&parent) {
                            again.push(parent);
                        }
                    }
                    let data = write.offset.to_string().into();
                    again.push(ZkOp::Create { path: write.path.clone(), data, mode: CreateMode::Persistent });
                }
                (_, Err(_)) => again.push(set(write)),
            }
        }
        if !again.is_empty() {
            return self.session.request(ctx, again, ZkCall::Commit(number));
        }
        let Some(Pending { why, offsets }) = self.commits.pending.remove(&number) else { return };
        let offsets: Vec<_> = offsets.into_iter().map(|write| (write.partition, write.offset)).collect();
        for (partition, offset) in &offsets {
            if let Some(state) = self.subscriptions.get_mut(*partition) {
                state.committed = Some(*offset);
                self.commits.saved.insert(*partition, Some(*offset));
            }
        }
        ctx.emit(ConsumerFact::Committed { offsets });
        self.commit_done(ctx, why);
    }

    fn commit_done(&mut self, ctx: &mut Ctx<'_>, why: CommitReason) {
        match why {
            CommitReason::Interval => {}
            CommitReason::Revocation => self.committed_before_release(ctx),
            CommitReason::Application => self.commit_returns(ctx),
        }
    }
}

fn set(write: &Write) -> ZkOp {
    ZkOp::SetData { path: write.path.clone(), data: write.offset.to_string().into(), version: None }
}
