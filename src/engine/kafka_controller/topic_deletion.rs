//! Topics on their way out (`TopicDeletionManager`).
//!
//! A topic is gone for clients as soon as its deletion begins, and for good when every one of its replicas is deleted. A
//! replica whose broker is down halts all of it, and so does a reassignment; what may go on again is looked at whenever
//! a broker comes, a reassignment ends or a replica is gone.

use std::collections::BTreeSet;

use super::context::ReplicaState;
use super::controller::{KafkaController, Step};
use super::fact::{HaltedBecause, KafkaControllerFact};
use super::zk_data;
use crate::engine::Ctx;
use crate::engine::common::{BrokerId, TopicId, TopicPartition};
use crate::engine::controller::ControllerFact;
use crate::engine::protocol::{TopicName, ZkOp};

impl KafkaController {
    /// What stands under /admin/delete_topics: topics that exist are queued, the other notes are dropped; all of them, if
    /// `delete.topic.enable` is off.
    pub(super) fn deletions_listed(
        &mut self,
        ctx: &mut Ctx<'_>,
        is_enabled: bool,
        listed: Vec<TopicName>,
        is_failover: bool,
    ) {
        let (known, unknown): (Vec<_>, Vec<_>) =
            listed.into_iter().partition(|name| is_enabled && self.context.topics.contains_key(name));
        for topic in known.iter().map(|name| self.context.topics[name].0).collect::<Vec<_>>() {
            self.context.to_delete.insert(topic);
            let is_moving = self.context.reassigning.iter().any(|id| id.topic == topic);
            let is_dead =
                |(id, broker, _): &(TopicPartition, BrokerId, _)| !self.context.is_replica_online(*broker, *id);
            if is_moving {
                self.halt_deletion(ctx, topic, HaltedBecause::Reassignment);
            } else if is_failover && self.context.replicas_of_topic(topic).iter().any(is_dead) {
                self.halt_deletion(ctx, topic, HaltedBecause::ReplicaOffline);
            }
        }
        self.next_all([Step::DropDeletions(unknown), Step::ResumeDeletions]);
    }

    /// `markTopicIneligibleForDeletion`
    pub(super) fn halt_deletion(&mut self, ctx: &mut Ctx<'_>, topic: TopicId, why: HaltedBecause) {
        if self.context.is_to_delete(topic) && self.context.deletion_ineligible.insert(topic) {
            let name = self.context.names[&topic].clone();
            ctx.emit(KafkaControllerFact::DeletionHalted { name, why });
        }
    }

    /// `completeReplicaDeletion`
    pub(super) fn complete_replica_deletion(&mut self, broker: BrokerId, partitions: &[TopicPartition]) {
        for id in partitions.iter().filter(|id| self.context.to_delete.contains(&id.topic)) {
            self.context.replica_states.insert((*id, broker), ReplicaState::DeletionSuccessful);
        }
    }

    /// `failReplicaDeletion`
    pub(super) fn fail_replica_deletion(&mut self, ctx: &mut Ctx<'_>, broker: BrokerId, partitions: &[TopicPartition]) {
        for id in partitions {
            if !self.context.is_to_delete(id.topic) {
                continue;
            }
            // Only what was under way can fail; what has been deleted stays so.
            let state = self.context.replica_states.get_mut(&(*id, broker));
            if let Some(state) = state.filter(|state| **state != ReplicaState::DeletionSuccessful) {
                *state = ReplicaState::DeletionIneligible;
            }
            self.halt_deletion(ctx, id.topic, HaltedBecause::ReplicaOffline);
        }
    }

    /// `resumeDeletionForTopics`: what halted them may be over.
    pub(super) fn resume_deletion_of(&mut self, ctx: &mut Ctx<'_>, topics: &BTreeSet<TopicId>) {
        self.context.deletion_ineligible.retain(|topic| !topics.contains(topic));
        self.resume_deletions(ctx);
    }

    /// `resumeDeletions`
    pub(super) fn resume_deletions(&mut self, ctx: &mut Ctx<'_>) {
        let mut steps = Vec::new();
        let mut eligible = Vec::new();
        for topic in self.context.to_delete.iter().copied().collect::<Vec<_>>() {
            let replicas = self.context.replicas_of_topic(topic);
            let any = |wanted| replicas.iter().any(|(.., state)| *state == Some(wanted));
            let is_under_way = any(ReplicaState::DeletionStarted);
            if replicas.iter().all(|(.., state)| *state == Some(ReplicaState::DeletionSuccessful)) {
                steps.push(Step::CompleteDeletion(topic));
                continue;
            }
            // `retryDeletionForIneligibleReplicas`
            if !is_under_way {
                let failed =
                    |(_, _, state): &&(_, _, Option<ReplicaState>)| *state == Some(ReplicaState::DeletionIneligible);
                let failed: Vec<_> = replicas.iter().filter(failed).map(|(id, broker, _)| (*id, *broker)).collect();
                for (id, broker) in failed {
                    self.context.replica_states.insert((id, broker), ReplicaState::Offline);
                }
            }
            if !is_under_way && !self.context.deletion_ineligible.contains(&topic) {
                eligible.push(topic);
            }
        }
        for topic in eligible {
            self.delete_topic(ctx, topic, &mut steps);
        }
        self.next_all(steps);
    }

    /// `onTopicDeletion`, `onPartitionDeletion`
    fn delete_topic(&mut self, ctx: &mut Ctx<'_>, topic: TopicId, steps: &mut Vec<Step>) {
        let partitions: Vec<TopicPartition> =
            self.context.partitions().map(|(id, _)| id).filter(|id| id.topic == topic).collect();
        if self.context.deletion_started.insert(topic) {
            let name = self.context.names[&topic].clone();
            ctx.emit(KafkaControllerFact::DeletionBegan { name });
            self.context.partition_states.retain(|id, _| id.topic != topic);
            // Brokers forget it, and clients cannot find it any more.
            steps.push(Step::TellBrokers { brokers: self.context.broker_ids(), partitions });
        }
        let mut alive = Vec::new();
        for (id, broker, state) in self.context.replicas_of_topic(topic) {
            if !self.context.is_replica_online(broker, id) {
                self.context.replica_states.insert((id, broker), ReplicaState::DeletionIneligible);
                self.halt_deletion(ctx, topic, HaltedBecause::ReplicaOffline);
            } else if state != Some(ReplicaState::DeletionSuccessful) {
                alive.push((id, broker));
            }
        }
        // Followers stop copying first; then all delete.
        let brokers: BTreeSet<BrokerId> = alive.iter().map(|(_, broker)| *broker).collect();
        for broker in brokers {
            let partitions = alive.iter().filter(|(_, of)| *of == broker).map(|(id, _)| *id).collect();
            steps.push(Step::ReadToRemove { broker, partitions });
        }
        steps.extend([Step::Send, Step::StartReplicaDeletion(alive), Step::Send]);
    }

    pub(super) fn start_replica_deletion(&mut self, replicas: &[(TopicPartition, BrokerId)]) {
        for (id, broker) in replicas {
            self.context.replica_states.insert((*id, *broker), ReplicaState::DeletionStarted);
            self.batch.stop_replica(*broker, *id, true);
        }
    }

    /// `completeDeleteTopic`: children first, as ZooKeeper wants it; last the note that asked for all this.
    pub(super) fn topic_removal(&self, topic: TopicId) -> Vec<ZkOp> {
        let name = &self.context.names[&topic];
        let mut paths = Vec::new();
        for partition in self.context.partitions().map(|(id, _)| id).filter(|id| id.topic == topic) {
            paths.push(zk_data::state_path(name, partition.partition));
            paths.push(zk_data::partition_path(name, partition.partition));
        }
        paths.extend([zk_data::partitions_path(name), zk_data::topic_path(name), zk_data::config_path(name)]);
        paths.push(zk_data::deletion_path(name));
        paths.into_iter().map(|path| self.guarded(ZkOp::Delete { path, version: None })).collect()
    }

    pub(super) fn topic_removed(&mut self, ctx: &mut Ctx<'_>, topic: TopicId) {
        if let Some(name) = self.context.remove_topic(topic) {
            ctx.emit(ControllerFact::TopicDeleted { topic, name });
        }
    }
}
