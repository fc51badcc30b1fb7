//! Before 2.7 a leader writes its partition's in-sync set into ZooKeeper itself, on condition that the znode is as it
//! knows it, and tells the controller later by a notice (`ReplicationUtils.updateLeaderAndIsr`,
//! `ReplicaManager.maybePropagateIsrChanges`).

use std::collections::BTreeSet;

use super::super::broker::Broker;
use super::super::timer::BrokerTimer;
use super::ZkSupport;
use crate::engine::Ctx;
use crate::engine::common::{CorrelationId, ErrorCode, Span, Time, TopicPartition};
use crate::engine::kafka_controller::ZkRequest;
use crate::engine::kafka_controller::zk_data::{self, ISR_CHANGE_PREFIX};
use crate::engine::protocol::{
    AlterPartitionResponse, AlteredPartition, CreateMode, IsrProposal, ZkOp, ZkOutcome, ZkReply,
};

/// `ReplicaManager.IsrChangePropagationInterval` and its neighbours: looked at so often, …
const CHECK: Span = Span::millis(2_500);
/// … written once there was peace for so long, …
const BLACKOUT: Span = Span::secs(5);
/// … but at the latest after this.
const AT_LATEST: Span = Span::secs(60);

#[derive(Clone, Debug, Default)]
pub struct IsrWriter {
    under_way: Vec<(CorrelationId, Vec<IsrProposal>)>,
    changed: BTreeSet<TopicPartition>,
    last_change: Time,
    last_notice: Time,
}

impl IsrWriter {
    /// Whether these were written nobody will say.
    pub(super) fn take_under_way(&mut self) -> Vec<(CorrelationId, Vec<IsrProposal>)> {
        std::mem::take(&mut self.under_way)
    }
}

impl Broker {
    pub(super) fn zk_schedule_isr_propagation(&self, ctx: &mut Ctx<'_>) {
        if !self.volatile.config.version.alters_isr_through_controller() {
            ctx.set_timer(CHECK, BrokerTimer::IsrPropagation.into());
        }
    }

    /// Writes what the replica manager asked for during this event.
    pub(in crate::engine::server) fn write_isrs(&mut self, ctx: &mut Ctx<'_>) {
        if self.volatile.isr_outbox.is_empty() {
            return;
        }
        let (me, outbox) = (self.id, std::mem::take(&mut self.volatile.isr_outbox));
        self.with_zk(|_, zk| {
            let controller_epoch = zk.controller_epoch;
            for (correlation, proposals) in outbox {
                let write = |proposal: &IsrProposal| {
                    let state = zk_data::PartitionState {
                        leader: Some(me),
                        leader_epoch: proposal.leader_epoch,
                        isr: proposal.new_isr.clone(),
                        controller_epoch,
                        partition_epoch: proposal.partition_epoch,
                    };
                    let id = proposal.partition;
                    ZkOp::SetData {
                        path: zk_data::state_path(&zk.names[&id.topic], id.partition),
                        data: zk_data::encode_state(&state),
                        version: Some(proposal.partition_epoch.0),
                    }
                };
                let ops = proposals.iter().map(write).collect();
                zk.session.request(ctx, ops, ZkRequest::WriteIsr);
                zk.isr.under_way.push((correlation, proposals));
            }
        });
    }

    /// "Cached zkVersion [v] not equal to that in zookeeper, skip updating ISR" is what a refusal means.
    pub(super) fn isr_written(&mut self, ctx: &mut Ctx<'_>, zk: &mut ZkSupport, outcomes: &[ZkOutcome]) {
        if zk.isr.under_way.is_empty() {
            return;
        }
        let (correlation, proposals) = zk.isr.under_way.remove(0);
        let mut partitions = Vec::new();
        for (proposal, outcome) in proposals.iter().zip(outcomes) {
            let id = proposal.partition;
            let answer = match outcome {
                Ok(ZkReply::Set(stat)) => {
                    zk.isr.changed.insert(id);
                    zk.isr.last_change = ctx.now();
                    Ok(AlteredPartition {
                        leader: Some(self.id),
                        leader_epoch: proposal.leader_epoch,
                        partition_epoch: crate::engine::common::PartitionEpoch(stat.version),
                        isr: proposal.new_isr.clone(),
                    })
                }
                _ => Err(ErrorCode::InvalidUpdateVersion),
            };
            partitions.push((id, answer));
        }
        let super::super::broker::Parts { mut env, replicas, .. } = self.parts();
        let response = AlterPartitionResponse { error: None, partitions };
        replicas.alter_partition_answered(ctx, &mut env, correlation, response);
    }

    pub(super) fn propagate_isr_changes(&mut self, ctx: &mut Ctx<'_>, zk: &mut ZkSupport) {
        ctx.set_timer(CHECK, BrokerTimer::IsrPropagation.into());
        let now = ctx.now();
        let is_due = now.since(zk.isr.last_change) > BLACKOUT || now.since(zk.isr.last_notice) > AT_LATEST;
        if zk.isr.changed.is_empty() || !is_due {
            return;
        }
        let changed = std::mem::take(&mut zk.isr.changed);
        let names = changed.iter().map(|id| (zk.names[&id.topic].as_ref(), id.partition));
        let data = zk_data::encode_partitions(names);
        let op = ZkOp::Create { path: ISR_CHANGE_PREFIX.into(), data, mode: CreateMode::PersistentSequential };
        zk.session.request(ctx, vec![op], ZkRequest::NotifyIsrChange);
        zk.isr.last_notice = now;
    }
}
