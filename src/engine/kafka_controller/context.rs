//! What the controller knows of the cluster: a copy of what stands in ZooKeeper, and the states of its two state
//! machines (`ControllerContext`, `PartitionStateMachine`, `ReplicaStateMachine`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::zk_data::{self, TopicAssignment};
use crate::engine::common::{BrokerEpoch, BrokerId, TopicId, TopicPartition};
use crate::engine::controller::Reassignment;
use crate::engine::metadata::PartitionRegistration;
use crate::engine::protocol::TopicName;

/// NonExistent is not to be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PartitionState {
    /// Assigned, and nobody has led it yet.
    New,
    Online,
    /// Its leader is dead.
    Offline,
}

impl PartitionState {
    /// `PartitionState.validPreviousStates`
    #[must_use]
    pub fn may_become(self, next: Self) -> bool {
        match next {
            Self::New => false,
            Self::Online | Self::Offline => true,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReplicaState {
    New,
    Online,
    Offline,
    /// Its broker has been told to delete it.
    DeletionStarted,
    DeletionSuccessful,
    /// Its broker is down, or could not delete it.
    DeletionIneligible,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveBroker {
    pub epoch: BrokerEpoch,
    pub rack: Option<Arc<str>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ControllerContext {
    pub(super) epoch: u32,
    /// The version of /controller_epoch that all writes are conditional on.
    pub(super) epoch_zk_version: u32,
    pub(super) live: BTreeMap<BrokerId, LiveBroker>,
    /// Of those, the ones that have asked to leave: they get neither leaderships nor replicas any more.
    pub(super) shutting_down: BTreeSet<BrokerId>,
    /// Replicas in failed directories of brokers that live.
    pub(super) offline_dirs: BTreeMap<BrokerId, BTreeSet<TopicPartition>>,
    pub(super) topics: BTreeMap<TopicName, (TopicId, TopicAssignment)>,
    pub(super) names: BTreeMap<TopicId, TopicName>,
    pub(super) overrides: BTreeMap<TopicId, BTreeMap<Arc<str>, Arc<str>>>,
    pub(super) leadership: BTreeMap<TopicPartition, zk_data::PartitionState>,
    pub(super) partition_states: BTreeMap<TopicPartition, PartitionState>,
    pub(super) replica_states: BTreeMap<(TopicPartition, BrokerId), ReplicaState>,
    /// `partitionsBeingReassigned`
    pub(super) reassigning: BTreeSet<TopicPartition>,
    /// Topics that are on their way out (`topicsToBeDeleted`), …
    pub(super) to_delete: BTreeSet<TopicId>,
    /// … of which brokers have been told, …
    pub(super) deletion_started: BTreeSet<TopicId>,
    /// … and which must wait.
    pub(super) deletion_ineligible: BTreeSet<TopicId>,
}

impl ControllerContext {
    /// The controller epoch; 0 before the first election.
    #[must_use]
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    pub fn live_brokers(&self) -> impl Iterator<Item = (BrokerId, &LiveBroker)> {
        self.live.iter().map(|(id, broker)| (*id, broker))
    }

    #[must_use]
    pub fn partition_state(&self, id: TopicPartition) -> Option<PartitionState> {
        self.partition_states.get(&id).copied()
    }

    #[must_use]
    pub fn replica_state(&self, id: TopicPartition, broker: BrokerId) -> Option<ReplicaState> {
        self.replica_states.get(&(id, broker)).copied()
    }

    /// Topics that are being deleted, and whether that goes on at the moment.
    pub fn deletions(&self) -> impl Iterator<Item = (&TopicName, bool)> {
        let with_name = |id: &TopicId| Some((self.names.get(id)?, !self.deletion_ineligible.contains(id)));
        self.to_delete.iter().filter_map(with_name)
    }

    /// Replicas in failed directories, by broker.
    pub fn offline_dirs(&self) -> impl Iterator<Item = (BrokerId, &BTreeSet<TopicPartition>)> {
        self.offline_dirs.iter().map(|(broker, replicas)| (*broker, replicas))
    }

    pub fn reassigning(&self) -> impl Iterator<Item = TopicPartition> {
        self.reassigning.iter().copied()
    }

    pub(super) fn is_live(&self, broker: BrokerId) -> bool {
        self.live.contains_key(&broker) && !self.shutting_down.contains(&broker)
    }

    /// `isReplicaOnline`: its broker lives, and so does the directory it lies in.
    pub(super) fn is_replica_online(&self, broker: BrokerId, id: TopicPartition) -> bool {
        self.is_live(broker) && !self.offline_dirs.get(&broker).is_some_and(|offline| offline.contains(&id))
    }

    /// `isTopicQueuedUpForDeletion`
    pub(super) fn is_to_delete(&self, topic: TopicId) -> bool {
        self.to_delete.contains(&topic)
    }

    pub(super) fn remove_topic(&mut self, topic: TopicId) -> Option<TopicName> {
        let name = self.names.remove(&topic)?;
        self.topics.remove(&name);
        self.overrides.remove(&topic);
        for set in [&mut self.to_delete, &mut self.deletion_started, &mut self.deletion_ineligible] {
            set.remove(&topic);
        }
        self.leadership.retain(|id, _| id.topic != topic);
        self.partition_states.retain(|id, _| id.topic != topic);
        self.replica_states.retain(|(id, _), _| id.topic != topic);
        self.reassigning.retain(|id| id.topic != topic);
        self.offline_dirs.values_mut().for_each(|offline| offline.retain(|id| id.topic != topic));
        Some(name)
    }

    pub(super) fn assignment(&self, id: TopicPartition) -> Reassignment {
        let topic = self.names.get(&id.topic).and_then(|name| self.topics.get(name));
        topic.map(|(_, topic)| topic.replicas(id.partition)).unwrap_or_default()
    }

    pub(super) fn set_assignment(&mut self, id: TopicPartition, assignment: &Reassignment) {
        if let Some((_, topic)) = self.names.get(&id.topic).and_then(|name| self.topics.get_mut(name)) {
            topic.set(id.partition, assignment);
        }
    }

    /// Every replica of a topic, with its state.
    pub(super) fn replicas_of_topic(&self, topic: TopicId) -> Vec<(TopicPartition, BrokerId, Option<ReplicaState>)> {
        let of_topic = self.partitions().filter(|(id, _)| id.topic == topic);
        let state = |id, broker| (id, broker, self.replica_state(id, broker));
        of_topic.flat_map(|(id, replicas)| replicas.iter().map(move |broker| state(id, *broker))).collect()
    }

    pub(super) fn broker_ids(&self) -> Vec<BrokerId> {
        self.live.keys().copied().collect()
    }

    pub(super) fn next_topic_id(&self) -> TopicId {
        self.names.last_key_value().map_or(TopicId(0), |(last, _)| last.next())
    }

    /// `made` is the id of a topic that has none.
    pub(super) fn add_topic(&mut self, name: TopicName, assignment: TopicAssignment, made: TopicId) -> TopicId {
        let id = assignment.id.unwrap_or(made);
        self.names.insert(id, name.clone());
        self.topics.insert(name, (id, assignment));
        id
    }

    /// Every partition that is assigned, with its replicas.
    pub(super) fn partitions(&self) -> impl Iterator<Item = (TopicPartition, &Vec<BrokerId>)> {
        self.topics.values().flat_map(|(id, assignment)| {
            let id = *id;
            let partitions = assignment.partitions.iter();
            partitions.map(move |(partition, replicas)| (TopicPartition { topic: id, partition: *partition }, replicas))
        })
    }

    pub(super) fn replicas(&self, id: TopicPartition) -> &[BrokerId] {
        let topic = self.names.get(&id.topic).and_then(|name| self.topics.get(name));
        topic.and_then(|(_, topic)| topic.partitions.get(&id.partition)).map(Vec::as_slice).unwrap_or_default()
    }

    pub(super) fn replicas_on(&self, broker: BrokerId) -> Vec<TopicPartition> {
        self.partitions().filter(|(_, replicas)| replicas.contains(&broker)).map(|(id, _)| id).collect()
    }

    pub(super) fn name(&self, id: TopicPartition) -> &TopicName {
        &self.names[&id.topic]
    }

    /// A partition as brokers are told of it; `None` before it has had a leader.
    pub(super) fn registration(&self, id: TopicPartition) -> Option<PartitionRegistration> {
        self.leadership.get(&id).map(|state| registration(&self.assignment(id), state))
    }

    pub(super) fn in_states(&self, states: &[PartitionState]) -> Vec<TopicPartition> {
        let is_wanted =
            |(id, state): &(&TopicPartition, &PartitionState)| states.contains(state) && !self.is_to_delete(id.topic);
        self.partition_states.iter().filter(is_wanted).map(|(id, _)| *id).collect()
    }

    pub(super) fn with_offline_leader(&self) -> Vec<TopicPartition> {
        let is_offline = |(id, state): &(&TopicPartition, &zk_data::PartitionState)| {
            state.leader.is_none_or(|leader| !self.is_replica_online(leader, **id))
        };
        let leaderships = self.leadership.iter().filter(|(id, _)| !self.is_to_delete(id.topic));
        leaderships.filter(is_offline).map(|(id, _)| *id).collect()
    }

    pub(super) fn set_partition_state(&mut self, id: TopicPartition, next: PartitionState) {
        if let Some(before) = self.partition_states.insert(id, next) {
            assert!(before.may_become(next), "{id:?} cannot go from {before:?} to {next:?}");
        }
    }

    pub(super) fn topics_of<'a>(
        &self,
        partitions: impl Iterator<Item = &'a TopicPartition>,
    ) -> Vec<(TopicId, TopicName)> {
        let ids: BTreeSet<TopicId> = partitions.map(|id| id.topic).collect();
        ids.into_iter().filter_map(|id| Some((id, self.names.get(&id)?.clone()))).collect()
    }
}

/// Assignment and state znodes together, as brokers and spectators know a partition.
#[must_use]
pub fn registration(assignment: &Reassignment, state: &zk_data::PartitionState) -> PartitionRegistration {
    PartitionRegistration {
        replicas: assignment.replicas.clone(),
        adding: assignment.adding.clone(),
        removing: assignment.removing.clone(),
        isr: state.isr.clone(),
        leader: state.leader,
        leader_epoch: state.leader_epoch,
        partition_epoch: state.partition_epoch,
        ..PartitionRegistration::default()
    }
}
