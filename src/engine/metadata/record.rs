//! The records of `__cluster_metadata` (`metadata/src/main/resources/common/metadata`): the cluster's whole memory.
//!
//! Everything a broker knows of the cluster it has from replaying these in order.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::engine::common::{BrokerEpoch, BrokerId, LeaderEpoch, PartitionEpoch, ProducerId, TopicId, TopicPartition};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum MetadataRecord {
    /// A broker is known and, until told otherwise, fenced. Its epoch is this record's offset.
    RegisterBroker {
        broker: BrokerId,
        epoch: BrokerEpoch,
        incarnation: u64,
        rack: Option<Arc<str>>,
    },
    /// BrokerRegistrationChange (17) or FenceBroker (7): no leader, in no in-sync set.
    FenceBroker {
        broker: BrokerId,
        epoch: BrokerEpoch,
    },
    UnfenceBroker {
        broker: BrokerId,
        epoch: BrokerEpoch,
    },
    /// BrokerRegistrationChange (17): it asked to leave; it may neither lead nor join an in-sync set any more.
    BrokerInControlledShutdown {
        broker: BrokerId,
        epoch: BrokerEpoch,
    },
    /// FeatureLevel (12): what the cluster has been told it may use.
    FeatureLevel {
        feature: Arc<str>,
        level: u16,
    },
    Topic {
        topic: TopicId,
        name: Arc<str>,
    },
    /// RemoveTopic (9): it is gone, and its id is not given again.
    RemoveTopic {
        topic: TopicId,
    },
    Partition {
        partition: TopicPartition,
        registration: PartitionRegistration,
    },
    PartitionChange {
        partition: TopicPartition,
        change: PartitionChange,
    },
    /// A topic's configuration override; `None` removes it.
    TopicConfig {
        topic: TopicId,
        key: Arc<str>,
        value: Option<Arc<str>>,
    },
    /// A broker's dynamic configuration (ConfigRecord, 4): `None` for the broker is the default of all, `None` for the
    /// value takes it back.
    BrokerConfig {
        broker: Option<BrokerId>,
        key: Arc<str>,
        value: Option<Arc<str>>,
    },
    /// Forgets who is eligible to lead, in one topic or in all: `min.insync.replicas` has changed (28).
    ClearElr {
        topic: Option<TopicId>,
    },
    /// ProducerIds (15): a block of producer ids was leased to the broker; the next begins here.
    ProducerIds {
        broker: BrokerId,
        epoch: BrokerEpoch,
        next_producer_id: ProducerId,
    },
    /// Written every `metadata.max.idle.interval.ms`, so that the log moves while nothing happens.
    NoOp,
}

impl MetadataRecord {
    /// About as many bytes as it takes in Kafka's serialisation: ids are UUIDs of 16 bytes, numbers are int32 or int64,
    /// and each record has a frame of its own. The time of a flush and the need of a snapshot depend on it.
    #[must_use]
    pub fn size_in_bytes(&self) -> u64 {
        let frame = 10;
        let list = |len: usize| 1 + 4 * len as u64;
        let body = match self {
            Self::RegisterBroker { rack, .. } => 100 + rack.as_ref().map_or(0, |rack| rack.len() as u64),
            Self::FenceBroker { .. } | Self::UnfenceBroker { .. } | Self::BrokerInControlledShutdown { .. } => 16,
            Self::FeatureLevel { feature, .. } => 4 + feature.len() as u64,
            Self::RemoveTopic { .. } => 17,
            Self::Topic { name, .. } => 18 + name.len() as u64,
            Self::Partition { registration, .. } => {
                36 + list(registration.replicas.len()) + list(registration.isr.len())
            }
            Self::PartitionChange { change, .. } => {
                let PartitionChange { isr, leader, replicas, recovery, adding, removing, elr, last_known_elr } = change;
                let lists = [isr, replicas, adding, removing, elr, last_known_elr].into_iter().flatten();
                let small = u64::from(leader.is_some()) * 6 + u64::from(recovery.is_some()) * 3;
                22 + small + lists.map(|brokers| list(brokers.len())).sum::<u64>()
            }
            Self::TopicConfig { key, value, .. } | Self::BrokerConfig { key, value, .. } => {
                20 + key.len() as u64 + value.as_ref().map_or(0, |value| value.len() as u64)
            }
            Self::ProducerIds { .. } => 20,
            Self::ClearElr { .. } => 10,
            Self::NoOp => 3,
        };
        frame + body
    }
}

/// Is a leader still to be trusted (`LeaderRecoveryState`, KIP-704)?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum LeaderRecoveryState {
    #[default]
    Recovered,
    /// Elected uncleanly, and has not told the controller yet that it has come to terms with it.
    Recovering,
}

/// One partition as the controller knows it (`PartitionRegistration`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PartitionRegistration {
    /// The head is the preferred leader. During a reassignment: the target, then those that are to go.
    pub replicas: Vec<BrokerId>,
    pub isr: Vec<BrokerId>,
    pub leader: Option<BrokerId>,
    pub leader_epoch: LeaderEpoch,
    pub partition_epoch: PartitionEpoch,
    pub recovery: LeaderRecoveryState,
    /// Of `replicas`, those that a reassignment brings (KIP-455).
    pub adding: Vec<BrokerId>,
    /// Of `replicas`, those that a reassignment takes away.
    pub removing: Vec<BrokerId>,
    /// Out of sync, and yet they have every committed record: the in-sync set is below its minimum, so nothing was
    /// committed without them since (KIP-966).
    pub elr: Vec<BrokerId>,
    /// The leader that was there last, while there is none.
    pub last_known_elr: Vec<BrokerId>,
}

/// What changed; the rest stays. The partition epoch rises by one with every change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PartitionChange {
    pub isr: Option<Vec<BrokerId>>,
    /// `Some` whenever the record names a leader, even the same one: the leader epoch then rises by one.
    /// `Some(None)` is "no leader".
    pub leader: Option<Option<BrokerId>>,
    pub replicas: Option<Vec<BrokerId>>,
    pub recovery: Option<LeaderRecoveryState>,
    pub adding: Option<Vec<BrokerId>>,
    pub removing: Option<Vec<BrokerId>>,
    pub elr: Option<Vec<BrokerId>>,
    pub last_known_elr: Option<Vec<BrokerId>>,
}

impl PartitionRegistration {
    /// A partition at its beginning: the first in-sync replica leads.
    #[must_use]
    pub fn new(replicas: Vec<BrokerId>, isr: Vec<BrokerId>) -> Self {
        Self { leader: isr.first().copied(), replicas, isr, ..Self::default() }
    }

    #[must_use]
    pub fn is_reassigning(&self) -> bool {
        !self.adding.is_empty() || !self.removing.is_empty()
    }

    /// `PartitionRegistration.merge`.
    pub fn merge(&mut self, change: &PartitionChange) {
        let lists = [
            (&mut self.replicas, &change.replicas),
            (&mut self.isr, &change.isr),
            (&mut self.adding, &change.adding),
            (&mut self.removing, &change.removing),
            (&mut self.elr, &change.elr),
            (&mut self.last_known_elr, &change.last_known_elr),
        ];
        for (list, changed) in lists {
            if let Some(changed) = changed {
                list.clone_from(changed);
            }
        }
        if let Some(leader) = change.leader {
            self.leader = leader;
            self.leader_epoch = self.leader_epoch.next();
        }
        self.recovery = change.recovery.unwrap_or(self.recovery);
        self.partition_epoch = self.partition_epoch.next();
    }
}

/// Overrides of a topic or a broker, as the image keeps them.
pub type TopicOverrides = BTreeMap<Arc<str>, Arc<str>>;
