//! What the controller knows of the cluster: a copy of what stands in ZooKeeper, and the states of its two state
//! machines (`ControllerContext`, `PartitionStateMachine`, `ReplicaStateMachine`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::zk_data::{self, TopicAssignment};
use crate::engine::common::{BrokerEpoch, BrokerId, TopicId, TopicPartition};
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
    pub(super) topics: BTreeMap<TopicName, (TopicId, TopicAssignment)>,
    pub(super) names: BTreeMap<TopicId, TopicName>,
    pub(super) overrides: BTreeMap<TopicId, BTreeMap<Arc<str>, Arc<str>>>,
    pub(super) leadership: BTreeMap<TopicPartition, zk_data::PartitionState>,
    pub(super) partition_states: BTreeMap<TopicPartition, PartitionState>,
    pub(super) replica_states: BTreeMap<(TopicPartition, BrokerId), ReplicaState>,
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

    pub(super) fn is_live(&self, broker: BrokerId) -> bool {
        self.live.contains_key(&broker)
    }

    pub(super) fn broker_ids(&self) -> Vec<BrokerId> {
        self.live.keys().copied().collect()
    }

    pub(super) fn next_topic_id(&self) -> TopicId {
        self.names.last_key_value().map_or(TopicId(0), |(last, _)| last.next())
    }

    pub(super) fn add_topic(&mut self, name: TopicName, assignment: TopicAssignment) -> TopicId {
        let id = assignment.id.unwrap_or_else(|| self.next_topic_id());
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
        self.leadership.get(&id).map(|state| registration(self.replicas(id), state))
    }

    pub(super) fn in_states(&self, states: &[PartitionState]) -> Vec<TopicPartition> {
        self.partition_states.iter().filter(|(_, state)| states.contains(state)).map(|(id, _)| *id).collect()
    }

    pub(super) fn with_offline_leader(&self) -> Vec<TopicPartition> {
        let is_offline = |state: &zk_data::PartitionState| state.leader.is_none_or(|leader| !self.is_live(leader));
        self.leadership.iter().filter(|(_, state)| is_offline(state)).map(|(id, _)| *id).collect()
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
pub fn registration(replicas: &[BrokerId], state: &zk_data::PartitionState) -> PartitionRegistration {
    PartitionRegistration {
        replicas: replicas.to_vec(),
        isr: state.isr.clone(),
        leader: state.leader,
        leader_epoch: state.leader_epoch,
        partition_epoch: state.partition_epoch,
        ..PartitionRegistration::default()
    }
}
