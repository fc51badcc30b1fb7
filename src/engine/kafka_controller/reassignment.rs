//! Replicas on their way to other brokers (`KafkaController.onPartitionReassignment`, KIP-455).
//!
//! Phase A: the partition has old and new replicas, and the new ones copy. Phase B, once all that shall stay are in sync:
//! a leader among them, the others leave the in-sync set and are deleted. The topic's znode says at any time how far it
//! is, so that the next controller goes on where this one stopped.

use std::collections::BTreeSet;

use super::context::ReplicaState;
use super::controller::{Env, KafkaController, Step};
use super::elections::{Decision, Strategy};
use super::fact::HaltedBecause;
use super::task::Telling;
use super::zk_data;
use crate::engine::Ctx;
use crate::engine::common::{BrokerId, TopicPartition};
use crate::engine::controller::{ControllerFact, ElectedBecause, Reassignment};
use crate::engine::protocol::ZkOp;

/// `ReplicaAssignment.reassignTo`: the target, and behind it what was there before any reassignment.
pub(super) fn reassign_to(current: &Reassignment, target: &[BrokerId]) -> Reassignment {
    let origin = current.origin();
    let mut replicas = target.to_vec();
    replicas.extend(origin.iter().copied().filter(|id| !target.contains(id)));
    let without = |those: &[BrokerId]| replicas.iter().copied().filter(|id| !those.contains(id)).collect();
    let (adding, removing) = (without(&origin), without(target));
    Reassignment { replicas, adding, removing }
}

impl KafkaController {
    /// The steps of `onPartitionReassignment`, up to where the in-sync set decides.
    pub(super) fn reassign(&mut self, ctx: &mut Ctx<'_>, id: TopicPartition, assignment: Reassignment) -> Vec<Step> {
        self.halt_deletion(ctx, id.topic, HaltedBecause::Reassignment);
        let current = self.context.assignment(id);
        self.context.reassigning.insert(id);
        let mut steps = Vec::new();
        let is_cancelled = current.is_moving() && !assignment.is_moving();
        if current != assignment {
            // An older reassignment may have brought replicas that are not wanted any more.
            let unneeded: Vec<BrokerId> =
                current.replicas.iter().copied().filter(|id| !assignment.replicas.contains(id)).collect();
            let told = if assignment.is_moving() { Telling::Begun } else { Telling::Nothing };
            steps.push(Step::WriteAssignment { partition: id, assignment, told });
            if !unneeded.is_empty() {
                steps.push(Step::StopRemoved { partition: id, replicas: unneeded });
            }
        }
        steps.push(match is_cancelled {
            true => Step::EndReassignment { partition: id, cancelled: true },
            false => Step::CheckReassignment { partition: id, only_if_complete: false },
        });
        steps
    }

    pub(super) fn resume_reassignment(&mut self, ctx: &mut Ctx<'_>, id: TopicPartition) {
        if self.context.reassigning.contains(&id) {
            let assignment = self.context.assignment(id);
            let steps = self.reassign(ctx, id, assignment);
            self.next_all(steps);
        }
    }

    /// `isReassignmentComplete`, with the in-sync set as just read; and what follows.
    pub(super) fn reassignment_checked(&mut self, id: TopicPartition, only_if_complete: bool) {
        if !self.context.reassigning.contains(&id) {
            return;
        }
        let assignment = self.context.assignment(id);
        let isr = self.context.leadership.get(&id).map(|state| state.isr.as_slice()).unwrap_or_default();
        let is_complete = !assignment.is_moving() || assignment.target().iter().all(|id| isr.contains(id));
        if is_complete {
            self.next(Step::EndReassignment { partition: id, cancelled: false });
        } else if !only_if_complete {
            // A1: a new leader epoch, so that every replica listens. A2: those that come begin to copy.
            for broker in &assignment.adding {
                self.context.replica_states.entry((id, *broker)).or_insert(ReplicaState::New);
            }
            self.next_all([Step::ReadToBump(id), Step::Send]);
        }
    }

    /// Phase B.
    pub(super) fn end_reassignment(&mut self, ctx: &mut Ctx<'_>, id: TopicPartition, cancelled: bool) {
        let before = self.context.assignment(id);
        let replicas = before.target();
        // B1
        self.replicas_online(&[id], None);
        // B2
        let completed = Reassignment { replicas: replicas.clone(), ..Reassignment::default() };
        self.context.set_assignment(id, &completed);
        // B3
        let leader = self.context.leadership.get(&id).and_then(|state| state.leader);
        let stays = leader.is_some_and(|leader| replicas.contains(&leader) && self.context.is_live(leader));
        let mut steps = vec![match stays {
            true => Step::ReadToBump(id),
            false => Step::ReadToElect {
                partitions: vec![id],
                strategy: Strategy::Reassign,
                why: Some(ElectedBecause::Reassigned),
            },
        }];
        steps.push(Step::Send);
        // B4, B5
        if !before.removing.is_empty() {
            steps.push(Step::StopRemoved { partition: id, replicas: before.removing.clone() });
        }
        // B6, B7, B8
        steps.extend([
            Step::WriteAssignment { partition: id, assignment: completed, told: Telling::Nothing },
            Step::ReadZkReassignment { is_new: false },
            Step::TellBrokers { brokers: self.context.broker_ids(), partitions: vec![id] },
            Step::ResumeDeletionOf(BTreeSet::from([id.topic])),
        ]);
        self.context.reassigning.remove(&id);
        ctx.emit(ControllerFact::ReassignmentEnded { partition: id, replicas, cancelled });
        self.next_all(steps);
    }

    /// `stopRemovedReplicasOfReassignedPartition`: out of the in-sync set first, then deleted.
    pub(super) fn stop_removed(&mut self, id: TopicPartition, replicas: &[BrokerId]) {
        let mut steps: Vec<Step> =
            replicas.iter().map(|broker| Step::ReadToRemove { broker: *broker, partitions: vec![id] }).collect();
        steps.extend([Step::Send, Step::DropReplicas { partition: id, replicas: replicas.to_vec() }, Step::Send]);
        self.next_all(steps);
    }

    pub(super) fn drop_replicas(&mut self, id: TopicPartition, replicas: &[BrokerId]) {
        for broker in replicas {
            self.context.replica_states.remove(&(id, *broker));
            self.batch.stop_replica(*broker, id, true);
        }
    }

    pub(super) fn write_assignment(&self, env: &Env<'_>, id: TopicPartition, assignment: &Reassignment) -> Vec<ZkOp> {
        let name = self.context.name(id);
        let Some((_, topic)) = self.context.topics.get(name) else { return Vec::new() };
        let mut topic = topic.clone();
        topic.set(id.partition, assignment);
        let data = zk_data::encode_topic(&topic, env.config.version);
        vec![self.guarded(ZkOp::SetData { path: zk_data::topic_path(name), data, version: None })]
    }

    pub(super) fn assignment_written(
        &mut self,
        ctx: &mut Ctx<'_>,
        id: TopicPartition,
        assignment: &Reassignment,
        told: Telling,
    ) {
        self.context.set_assignment(id, assignment);
        if told == Telling::Begun {
            let (adding, removing) = (assignment.adding.clone(), assignment.removing.clone());
            ctx.emit(ControllerFact::ReassignmentBegan { partition: id, adding, removing });
        }
    }

    /// The same leader and in-sync set in a new epoch.
    pub(super) fn decide_bump(&self, id: TopicPartition) -> Vec<Decision> {
        let decide = |before: &zk_data::PartitionState| Decision {
            partition: id,
            before: before.clone(),
            leader: before.leader,
            isr: before.isr.clone(),
            new_leader_epoch: true,
            recipients: self.context.replicas(id).to_vec(),
        };
        self.context.leadership.get(&id).map(decide).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(ids: &[u32]) -> Vec<BrokerId> {
        ids.iter().copied().map(BrokerId).collect()
    }

    /// Kafka's ControllerContextTest: testReassignTo, testReassignToIdempotence, testReassignTo.
    #[test]
    fn the_latest_target_counts_and_the_origin_is_kept() {
        let origin = Reassignment { replicas: ids(&[1, 2, 3]), ..Reassignment::default() };
        let first = reassign_to(&origin, &ids(&[3, 5, 6]));
        let expected = Reassignment { replicas: ids(&[3, 5, 6, 1, 2]), adding: ids(&[5, 6]), removing: ids(&[1, 2]) };
        assert_eq!(first, expected);
        let second = reassign_to(&first, &ids(&[7, 8, 9]));
        let expected =
            Reassignment { replicas: ids(&[7, 8, 9, 3, 1, 2]), adding: ids(&[7, 8, 9]), removing: ids(&[3, 1, 2]) };
        assert_eq!(second, expected);
        assert_eq!(reassign_to(&second, &ids(&[1, 2, 3])), origin, "back to the origin is no reassignment");
        assert_eq!(reassign_to(&first, &first.target()), first);
    }
}
