//! AlterPartition at the controller of ZooKeeper mode (`KafkaController.tryProcessAlterPartition`).

use super::controller::{KafkaController, Step};
use super::elections::Decision;
use crate::engine::Ctx;
use crate::engine::common::{BrokerId, CorrelationId, ErrorCode, NodeId, TopicPartition};
use crate::engine::controller::{ControllerFact, ElectedBecause};
use crate::engine::protocol::{
    AlterPartitionRequest, AlterPartitionResponse, AlteredPartition, IsrProposal, ZkOutcome,
};

/// A request that waits for its writes.
#[derive(Clone, Debug)]
pub(super) struct Altering {
    from: NodeId,
    correlation: CorrelationId,
    pub(super) decisions: Vec<Decision>,
    /// Judged without asking ZooKeeper.
    judged: Vec<(TopicPartition, Result<AlteredPartition, ErrorCode>)>,
    asked: Vec<TopicPartition>,
}

impl KafkaController {
    pub(super) fn plan_alter_partition(
        &self,
        from: NodeId,
        correlation: CorrelationId,
        request: &AlterPartitionRequest,
    ) -> Vec<Step> {
        let is_known = self.context.live.get(&request.broker).is_some_and(|live| live.epoch == request.broker_epoch);
        if !is_known {
            let error = Some(ErrorCode::StaleBrokerEpoch);
            let response = AlterPartitionResponse { error, partitions: Vec::new() };
            return vec![Step::Answer { to: from, correlation, response: response.into() }];
        }
        let (mut decisions, mut judged) = (Vec::new(), Vec::new());
        for proposal in &request.partitions {
            match self.judge(request.broker, proposal) {
                Ok(decision) => decisions.push(decision),
                Err(outcome) => judged.push((proposal.partition, outcome)),
            }
        }
        let asked = request.partitions.iter().map(|proposal| proposal.partition).collect();
        vec![Step::AlterPartitions(Altering { from, correlation, decisions, judged, asked })]
    }

    /// The change to write, or what to answer at once.
    fn judge(&self, broker: BrokerId, proposal: &IsrProposal) -> Result<Decision, Result<AlteredPartition, ErrorCode>> {
        let Some(current) = self.context.leadership.get(&proposal.partition) else {
            return Err(Err(ErrorCode::UnknownTopicOrPartition));
        };
        // A leader ahead of the controller means that this is not the controller any more.
        if proposal.partition_epoch > current.partition_epoch || proposal.leader_epoch > current.leader_epoch {
            return Err(Err(ErrorCode::NotController));
        }
        if proposal.leader_epoch < current.leader_epoch {
            return Err(Err(ErrorCode::FencedLeaderEpoch));
        }
        // It was done before, and the answer was lost.
        if current.isr == proposal.new_isr && current.leader == Some(broker) {
            return Err(Ok(altered(current)));
        }
        if proposal.partition_epoch < current.partition_epoch {
            return Err(Err(ErrorCode::InvalidUpdateVersion));
        }
        if !proposal.new_isr.iter().all(|member| self.context.is_live(*member)) {
            return Err(Err(ErrorCode::IneligibleReplica));
        }
        Ok(Decision {
            partition: proposal.partition,
            before: current.clone(),
            leader: current.leader,
            isr: proposal.new_isr.clone(),
            new_leader_epoch: false,
            recipients: Vec::new(),
        })
    }

    /// The znodes are written, or not. `None` if this is not the controller any more.
    pub(super) fn altered(&mut self, ctx: &mut Ctx<'_>, altering: Altering, outcomes: &[ZkOutcome]) -> Option<()> {
        let Altering { from, correlation, decisions, judged, asked } = altering;
        let refused = self.written(ctx, &decisions, outcomes, ElectedBecause::ReplicaReturned)?;
        let mut partitions = judged;
        for decision in &decisions {
            let id = decision.partition;
            let outcome = match refused.contains(&id) {
                true => Err(ErrorCode::InvalidUpdateVersion),
                false => Ok(altered(&self.context.leadership[&id])),
            };
            partitions.push((id, outcome));
        }
        if let NodeId::Broker(broker) = from {
            for (partition, outcome) in &partitions {
                if let Err(error) = outcome {
                    ctx.emit(ControllerFact::IsrRefused { partition: *partition, broker, error: *error });
                }
            }
        }
        let response = AlterPartitionResponse { error: None, partitions };
        self.next_all([
            Step::ReadStates(refused),
            Step::TellBrokers { brokers: self.context.broker_ids(), partitions: asked },
            Step::Answer { to: from, correlation, response: response.into() },
        ]);
        // An in-sync set that has grown may be all that a reassignment waited for.
        let moving = decisions.iter().map(|one| one.partition).filter(|id| self.context.reassigning.contains(id));
        self.program.extend(moving.map(|partition| Step::CheckReassignment { partition, only_if_complete: true }));
        Some(())
    }
}

fn altered(state: &super::zk_data::PartitionState) -> AlteredPartition {
    AlteredPartition {
        leader: state.leader,
        leader_epoch: state.leader_epoch,
        partition_epoch: state.partition_epoch,
        isr: state.isr.clone(),
    }
}
