//! The records of `__cluster_metadata` (`metadata/src/main/resources/common/metadata`): the cluster's whole memory.
//!
//! Everything a broker knows of the cluster it has from replaying these in order.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::engine::common::{BrokerEpoch, BrokerId, LeaderEpoch, PartitionEpoch, TopicId, TopicPartition};

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
    Topic {
        topic: TopicId,
        name: Arc<str>,
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
    /// Written every `metadata.max.idle.interval.ms`, so that the log moves while nothing happens.
    NoOp,
}

/// One partition as the controller knows it (`PartitionRegistration`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PartitionRegistration {
    /// The head is the preferred leader.
    pub replicas: Vec<BrokerId>,
    pub isr: Vec<BrokerId>,
    pub leader: Option<BrokerId>,
    pub leader_epoch: LeaderEpoch,
    pub partition_epoch: PartitionEpoch,
}

/// What changed; the rest stays. The partition epoch rises by one with every change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PartitionChange {
    pub isr: Option<Vec<BrokerId>>,
    /// `Some` whenever the record names a leader, even the same one: the leader epoch then rises by one.
    /// `Some(None)` is "no leader".
    pub leader: Option<Option<BrokerId>>,
}

impl PartitionRegistration {
    /// `PartitionRegistration.merge`.
    pub fn merge(&mut self, change: &PartitionChange) {
        if let Some(isr) = &change.isr {
            self.isr.clone_from(isr);
        }
        if let Some(leader) = change.leader {
            self.leader = leader;
            self.leader_epoch = self.leader_epoch.next();
        }
        self.partition_epoch = self.partition_epoch.next();
    }
}

/// Overrides of a topic or a broker, as the image keeps them.
pub type TopicOverrides = BTreeMap<Arc<str>, Arc<str>>;
