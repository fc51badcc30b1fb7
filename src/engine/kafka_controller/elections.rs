//! What becomes of partitions and replicas: leaders elected, in-sync sets cut back, roles told
//! (`PartitionStateMachine`, `PartitionLeaderElectionAlgorithms`, `ReplicaStateMachine`).
//!
//! Deciding reads the state znodes first and writes on condition that they are still as read; what another hand has
//! changed meanwhile is read and decided again.

use std::collections::BTreeSet;

use super::context::{PartitionState, ReplicaState};
use super::controller::{Env, KafkaController, Step, is_fenced};
use super::zk_data;
use crate::engine::Ctx;
use crate::engine::common::{BrokerId, LeaderEpoch, PartitionEpoch, TopicPartition};
use crate::engine::controller::{ControllerFact, ElectedBecause};
use crate::engine::protocol::{ZkOp, ZkOutcome, ZkReply};

/// `PartitionLeaderElectionStrategy`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strategy {
    /// The leader is dead.
    Offline,
    /// The same, though none in sync may be left: an operator asked for it, or has just allowed it.
    Unclean,
    /// Back to the head of the assignment.
    Preferred,
    /// The leader leaves.
    ControlledShutdown,
    /// The leader is no replica any more.
    Reassign,
}

/// A state to be written for a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Decision {
    pub(super) partition: TopicPartition,
    pub(super) before: zk_data::PartitionState,
    pub(super) leader: Option<BrokerId>,
    pub(super) isr: Vec<BrokerId>,
    /// A change of the in-sync set alone, asked for by the leader, begins no new leader epoch.
    pub(super) new_leader_epoch: bool,
    /// Who is told of it.
    pub(super) recipients: Vec<BrokerId>,
}

impl Decision {
    pub(super) fn after(&self, controller_epoch: u32, partition_epoch: PartitionEpoch) -> zk_data::PartitionState {
        let epoch = self.before.leader_epoch;
        zk_data::PartitionState {
            leader: self.leader,
            leader_epoch: if self.new_leader_epoch { epoch.next() } else { epoch },
            isr: self.isr.clone(),
            controller_epoch,
            partition_epoch,
        }
    }
}

/// `offlinePartitionLeaderElection`: the first of the assignment that lives and is in sync, else, if allowed, the first
/// that lives. The in-sync set shrinks to those alive; after an unclean election to the leader.
fn elect_offline(
    replicas: &[BrokerId],
    isr: &[BrokerId],
    is_live: impl Fn(BrokerId) -> bool,
    unclean: bool,
) -> Option<(BrokerId, Vec<BrokerId>)> {
    let in_sync = replicas.iter().copied().find(|id| is_live(*id) && isr.contains(id));
    let any = || replicas.iter().copied().find(|id| unclean && is_live(*id));
    let leader = in_sync.or_else(any)?;
    let isr = match isr.contains(&leader) {
        true => isr.iter().copied().filter(|id| is_live(*id)).collect(),
        false => vec![leader],
    };
    Some((leader, isr))
}

impl KafkaController {
    // ---- steps that need no answer -----------------------------------------------------------------------------------

    /// Every replica of these partitions that lives (or only those on one broker) goes Online and hears who leads. A
    /// New one has heard already, and goes Online even if its broker is down (`onNewPartitionCreation`): else it would
    /// still count as New, and hear nothing, when the broker is back.
    pub(super) fn replicas_online(&mut self, partitions: &[TopicPartition], only: Option<BrokerId>) {
        for id in partitions {
            for broker in self.context.replicas(*id).to_vec() {
                let before = self.context.replica_state(*id, broker);
                let is_new = before == Some(ReplicaState::New);
                if only.is_some_and(|only| only != broker) || !(is_new || self.context.is_live(broker)) {
                    continue;
                }
                if matches!(before, Some(ReplicaState::DeletionStarted | ReplicaState::DeletionSuccessful)) {
                    continue;
                }
                self.context.replica_states.insert((*id, broker), ReplicaState::Online);
                if !is_new {
                    self.batch.leader_and_isr(&self.context, &[broker], *id);
                }
            }
        }
    }

    /// `triggerOnlinePartitionStateChange`
    pub(super) fn trigger_online(&mut self) {
        let new = self.context.in_states(&[PartitionState::New]);
        let offline = self.context.in_states(&[PartitionState::Offline]);
        self.next_all([
            Step::CreateStates(new),
            Step::ReadToElect { partitions: offline, strategy: Strategy::Offline, why: None },
            Step::Send,
        ]);
    }

    /// `onBrokerFailure`: elect for what they led, then take them out of the in-sync sets.
    pub(super) fn brokers_failed(&mut self, ctx: &mut Ctx<'_>, dead: &[BrokerId]) {
        for broker in dead {
            self.context.shutting_down.remove(broker);
            self.context.offline_dirs.remove(broker);
        }
        let lost = dead.iter().map(|broker| (*broker, self.context.replicas_on(*broker))).collect();
        self.replicas_become_offline(ctx, lost);
    }

    /// `onReplicasBecomeOffline`
    pub(super) fn replicas_become_offline(
        &mut self,
        ctx: &mut Ctx<'_>,
        replicas: Vec<(BrokerId, Vec<TopicPartition>)>,
    ) {
        for id in self.context.with_offline_leader() {
            self.context.set_partition_state(id, PartitionState::Offline);
        }
        let mut steps = vec![Step::TriggerOnline];
        for (broker, mut partitions) in replicas {
            let to_delete = partitions.extract_if(.., |id| self.context.is_to_delete(id.topic)).collect::<Vec<_>>();
            self.fail_replica_deletion(ctx, broker, &to_delete);
            steps.push(Step::ReadToRemove { broker, partitions });
        }
        steps.push(Step::Send);
        steps.push(Step::ResumeDeletions);
        // Those without any replica on the dead brokers must hear that they are gone.
        steps.push(Step::TellBrokers { brokers: self.context.broker_ids(), partitions: Vec::new() });
        self.next_all(steps);
    }

    /// `onBrokerStartup`
    pub(super) fn brokers_started(&mut self, new: &[BrokerId]) {
        // They have tried all their directories again, and will say what is left of them.
        new.iter().for_each(|broker| drop(self.context.offline_dirs.remove(broker)));
        let is_new = |id: &BrokerId| new.contains(id);
        let (new, existing): (Vec<BrokerId>, Vec<BrokerId>) = self.context.broker_ids().into_iter().partition(is_new);
        let mut steps = vec![Step::TellBrokers { brokers: existing, partitions: Vec::new() }];
        let led: Vec<TopicPartition> = self.context.leadership.keys().copied().collect();
        steps.push(Step::TellBrokers { brokers: new.clone(), partitions: led });
        let (mut moving, mut to_delete) = (Vec::new(), BTreeSet::new());
        for broker in &new {
            let partitions = self.context.replicas_on(*broker);
            to_delete.extend(partitions.iter().map(|id| id.topic).filter(|id| self.context.is_to_delete(*id)));
            moving.extend(partitions.iter().copied().filter(|id| self.context.reassigning.contains(id)));
            steps.push(Step::ReplicasOnline(partitions, Some(*broker)));
        }
        steps.push(Step::Send);
        steps.push(Step::TriggerOnline);
        steps.extend(moving.into_iter().map(Step::ResumeReassignment));
        if !to_delete.is_empty() {
            steps.push(Step::ResumeDeletionOf(to_delete));
        }
        self.next_all(steps);
    }

    /// `checkAndTriggerAutoLeaderRebalance`: for each broker that misses more than that share of its leaderships.
    pub(super) fn rebalance(&mut self, percentage: u32) {
        let percentage = percentage as usize;
        let mut elect = Vec::new();
        for broker in self.context.broker_ids() {
            let preferring: Vec<TopicPartition> = self
                .context
                .partitions()
                .filter(|(_, replicas)| replicas.first() == Some(&broker))
                .map(|(id, _)| id)
                .collect();
            let elsewhere =
                |id: &TopicPartition| self.context.leadership.get(id).is_some_and(|state| state.leader != Some(broker));
            let is_free =
                |id: &TopicPartition| !self.context.reassigning.contains(id) && !self.context.is_to_delete(id.topic);
            let away: Vec<TopicPartition> = preferring.iter().copied().filter(elsewhere).collect();
            if away.len() * 100 > preferring.len() * percentage {
                let in_sync = |id: &TopicPartition| self.context.leadership[id].isr.contains(&broker);
                elect.extend(away.into_iter().filter(|id| in_sync(id) && is_free(id)));
            }
        }
        let (partitions, strategy) = (elect, Strategy::Preferred);
        self.next_all([Step::ReadToElect { partitions, strategy, why: None }, Step::Send]);
    }

    // ---- reading, deciding, writing ------------------------------------------------------------------------------------

    /// Takes in the states as just read. Those another controller has written are not ours to change.
    pub(super) fn take_states(&mut self, partitions: &[TopicPartition], outcomes: &[ZkOutcome]) -> Vec<TopicPartition> {
        let mut usable = Vec::new();
        for (id, outcome) in partitions.iter().zip(outcomes) {
            let Ok(ZkReply::Data { data, stat }) = outcome else { continue };
            let Some(state) = zk_data::decode_state(data, stat.version) else { continue };
            if state.controller_epoch <= self.context.epoch {
                self.context.leadership.insert(*id, state);
                usable.push(*id);
            }
        }
        usable
    }

    pub(super) fn decide_elections(
        &self,
        env: &Env<'_>,
        partitions: &[TopicPartition],
        strategy: Strategy,
    ) -> Vec<Decision> {
        let decide = |id: &TopicPartition| {
            let before = self.context.leadership.get(id)?.clone();
            let replicas = self.context.replicas(*id);
            let is_live = |broker| self.context.is_replica_online(broker, *id);
            let (leader, isr) = match strategy {
                Strategy::Offline => elect_offline(replicas, &before.isr, is_live, self.allows_unclean(env, *id))?,
                Strategy::Unclean => elect_offline(replicas, &before.isr, is_live, true)?,
                // `leaderForReassign`, `leaderForControlledShutdown`: the first that lives and is in sync. Who leaves is
                // not live any more.
                Strategy::Reassign => {
                    let target = self.context.assignment(*id);
                    let stays = |broker: &BrokerId| !target.removing.contains(broker);
                    let first = replicas.iter().copied().filter(stays);
                    (first.into_iter().find(|id| is_live(*id) && before.isr.contains(id))?, before.isr.clone())
                }
                Strategy::ControlledShutdown => {
                    let leader = replicas.iter().copied().find(|id| is_live(*id) && before.isr.contains(id))?;
                    let leaving = |id: &BrokerId| self.context.shutting_down.contains(id);
                    (leader, before.isr.iter().copied().filter(|id| !leaving(id)).collect())
                }
                Strategy::Preferred => {
                    let head = *replicas.first()?;
                    if !is_live(head) || !before.isr.contains(&head) || before.leader == Some(head) {
                        return None;
                    }
                    (head, before.isr.clone())
                }
            };
            let recipients = replicas.iter().copied().filter(|id| is_live(*id)).collect();
            let (leader, new_leader_epoch) = (Some(leader), true);
            Some(Decision { partition: *id, before, leader, isr, new_leader_epoch, recipients })
        };
        partitions.iter().filter_map(decide).collect()
    }

    fn allows_unclean(&self, env: &Env<'_>, id: TopicPartition) -> bool {
        let own = self.context.overrides.get(&id.topic).and_then(|own| own.get("unclean.leader.election.enable"));
        own.map_or(env.config.unclean_leader_election_enable, |value| value.eq_ignore_ascii_case("true"))
    }

    /// `removeReplicasFromIsr`: the last one of a set stays in it, and nobody leads.
    pub(super) fn decide_removal(&self, broker: BrokerId, partitions: &[TopicPartition]) -> Vec<Decision> {
        let decide = |id: &TopicPartition| {
            let before = self.context.leadership.get(id)?.clone();
            if !before.isr.contains(&broker) {
                return None;
            }
            let leader = before.leader.filter(|leader| *leader != broker);
            let rest: Vec<BrokerId> = before.isr.iter().copied().filter(|id| *id != broker).collect();
            let isr = if rest.is_empty() { before.isr.clone() } else { rest };
            let recipients = self.context.replicas(*id).iter().copied().filter(|id| *id != broker).collect();
            Some(Decision { partition: *id, before, leader, isr, new_leader_epoch: true, recipients })
        };
        partitions.iter().filter_map(decide).collect()
    }

    pub(super) fn write_decisions(&self, decisions: &[Decision]) -> Vec<ZkOp> {
        let write = |decision: &Decision| {
            let after = decision.after(self.context.epoch, PartitionEpoch(0));
            self.guarded(ZkOp::SetData {
                path: zk_data::state_path(self.context.name(decision.partition), decision.partition.partition),
                data: zk_data::encode_state(&after),
                version: Some(decision.before.partition_epoch.0),
            })
        };
        decisions.iter().map(write).collect()
    }

    /// Takes over what was written. Returns the partitions whose znodes another hand had changed, or `None` if this is
    /// not the controller any more.
    pub(super) fn written(
        &mut self,
        ctx: &mut Ctx<'_>,
        decisions: &[Decision],
        outcomes: &[ZkOutcome],
        why: ElectedBecause,
    ) -> Option<Vec<TopicPartition>> {
        let mut again = Vec::new();
        for (decision, outcome) in decisions.iter().zip(outcomes) {
            if is_fenced(outcome) {
                return None;
            }
            let id = decision.partition;
            if outcome.is_err() {
                again.push(id);
                continue;
            }
            let after = decision.after(self.context.epoch, decision.before.partition_epoch.next());
            // What is on its way out is gone already for everybody else.
            if !self.context.is_to_delete(id.topic) {
                tell(ctx, id, &decision.before, &after, why);
            }
            let is_led = after.leader.is_some_and(|leader| self.context.is_replica_online(leader, id));
            if is_led && !self.context.is_to_delete(id.topic) {
                self.context.set_partition_state(id, PartitionState::Online);
            }
            self.context.leadership.insert(id, after);
            if !self.context.is_to_delete(id.topic) {
                self.batch.leader_and_isr(&self.context, &decision.recipients, id);
            }
        }
        Some(again)
    }

    // ---- new partitions ------------------------------------------------------------------------------------------------

    /// `initializeLeaderAndIsrForPartitions`: all live replicas are in sync, the first leads. Parents come first.
    pub(super) fn create_states(&self, partitions: &[TopicPartition]) -> Vec<ZkOp> {
        let create = |path, data: &str| {
            let mode = crate::engine::protocol::CreateMode::Persistent;
            self.guarded(ZkOp::Create { path, data: data.into(), mode })
        };
        let mut ops = Vec::new();
        for id in self.startable(partitions) {
            let name = self.context.name(id);
            ops.push(create(zk_data::partitions_path(name), ""));
            ops.push(create(zk_data::partition_path(name, id.partition), ""));
            ops.push(create(zk_data::state_path(name, id.partition), &zk_data::encode_state(&self.first_state(id))));
        }
        ops
    }

    fn startable(&self, partitions: &[TopicPartition]) -> Vec<TopicPartition> {
        let has_live = |id: &TopicPartition| {
            self.context.replicas(*id).iter().any(|broker| self.context.is_replica_online(*broker, *id))
        };
        partitions.iter().copied().filter(has_live).collect()
    }

    fn first_state(&self, id: TopicPartition) -> zk_data::PartitionState {
        let is_online = |broker: &BrokerId| self.context.is_replica_online(*broker, id);
        let isr: Vec<BrokerId> = self.context.replicas(id).iter().copied().filter(is_online).collect();
        let (leader_epoch, partition_epoch) = (LeaderEpoch(0), PartitionEpoch(0));
        let controller_epoch = self.context.epoch;
        zk_data::PartitionState { leader: isr.first().copied(), leader_epoch, isr, controller_epoch, partition_epoch }
    }

    /// False if this is not the controller any more.
    pub(super) fn states_created(&mut self, partitions: &[TopicPartition], outcomes: &[ZkOutcome]) -> bool {
        for (id, three) in self.startable(partitions).into_iter().zip(outcomes.chunks(3)) {
            if three.iter().any(is_fenced) {
                return false;
            }
            let state = self.first_state(id);
            if matches!(three.last(), Some(Ok(_))) {
                let isr = state.isr.clone();
                self.context.leadership.insert(id, state);
                self.context.set_partition_state(id, PartitionState::Online);
                self.batch.leader_and_isr(&self.context, &isr, id);
            }
        }
        true
    }
}

/// What any controller says of such a change.
pub(super) fn tell(
    ctx: &mut Ctx<'_>,
    partition: TopicPartition,
    before: &zk_data::PartitionState,
    after: &zk_data::PartitionState,
    why: ElectedBecause,
) {
    if before.leader != after.leader {
        let unclean = after.leader.is_some_and(|leader| !before.isr.contains(&leader));
        ctx.emit(ControllerFact::LeaderElected {
            partition,
            from: before.leader,
            to: after.leader,
            leader_epoch: after.leader_epoch,
            isr: after.isr.clone(),
            why: if unclean { ElectedBecause::Unclean } else { why },
        });
    }
    if before.isr != after.isr {
        ctx.emit(ControllerFact::IsrChanged {
            partition,
            from: before.isr.clone(),
            to: after.isr.clone(),
            leader: after.leader,
            partition_epoch: after.partition_epoch,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(ids: &[u32]) -> Vec<BrokerId> {
        ids.iter().map(|id| BrokerId(*id)).collect()
    }

    fn elected(replicas: &[u32], isr: &[u32], live: &[u32], unclean: bool) -> Option<(u32, Vec<u32>)> {
        let result = elect_offline(&ids(replicas), &ids(isr), |id| live.contains(&id.0), unclean);
        result.map(|(leader, isr)| (leader.0, isr.iter().map(|id| id.0).collect()))
    }

    // Fact sheet §4.8, which follows PartitionLeaderElectionAlgorithms.
    #[test]
    fn the_first_in_assignment_order_that_lives_and_is_in_sync_leads() {
        assert_eq!(elected(&[1, 2, 3], &[3, 2, 1], &[2, 3], false), Some((2, vec![3, 2])));
        assert_eq!(elected(&[1, 2, 3], &[3, 1], &[2, 3], false), Some((3, vec![3])));
        assert_eq!(elected(&[1, 2, 3], &[1], &[2, 3], false), None);
        assert_eq!(elected(&[1, 2, 3], &[1], &[2, 3], true), Some((2, vec![2])));
        assert_eq!(elected(&[1, 2, 3], &[1], &[], true), None);
    }
}
