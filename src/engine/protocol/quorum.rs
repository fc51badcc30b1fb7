//! What brokers and the KRaft controller say to each other: BrokerRegistration (62), BrokerHeartbeat (63),
//! AlterPartition (56), and the fetch of `__cluster_metadata` by which brokers learn everything.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::engine::common::{BrokerEpoch, BrokerId, ErrorCode, LeaderEpoch, Offset, PartitionEpoch, TopicPartition};
use crate::engine::metadata::MetadataRecord;

#[derive(Clone, Debug)]
pub struct BrokerRegistrationRequest {
    pub broker: BrokerId,
    /// Fresh at every start of the process: tells a restart from a second broker with the same id.
    pub incarnation: u64,
    pub rack: Option<Arc<str>>,
}

#[derive(Clone, Debug)]
pub struct BrokerRegistrationResponse {
    pub outcome: Result<BrokerEpoch, ErrorCode>,
}

#[derive(Clone, Debug)]
pub struct BrokerHeartbeatRequest {
    pub broker: BrokerId,
    pub broker_epoch: BrokerEpoch,
    /// The next metadata offset this broker will apply.
    pub current_metadata_offset: Offset,
    pub want_fence: bool,
    pub want_shut_down: bool,
}

#[derive(Clone, Debug)]
pub struct BrokerHeartbeatResponse {
    pub error: Option<ErrorCode>,
    pub is_caught_up: bool,
    pub is_fenced: bool,
    pub should_shut_down: bool,
}

/// A leader asks for another in-sync set.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IsrProposal {
    pub partition: TopicPartition,
    pub leader_epoch: LeaderEpoch,
    pub partition_epoch: PartitionEpoch,
    pub new_isr: Vec<BrokerId>,
    /// Which process of each member the leader has seen catch up (KIP-903, `NewIsrWithEpochs`). Who has not fetched from
    /// this leader yet is not listed, and is not checked: were it gone, the partition epoch would tell.
    pub broker_epochs: BTreeMap<BrokerId, BrokerEpoch>,
}

#[derive(Clone, Debug)]
pub struct AlterPartitionRequest {
    pub broker: BrokerId,
    pub broker_epoch: BrokerEpoch,
    pub partitions: Vec<IsrProposal>,
}

#[derive(Clone, Debug)]
pub struct AlterPartitionResponse {
    /// An error for the request as a whole: NOT_CONTROLLER, STALE_BROKER_EPOCH.
    pub error: Option<ErrorCode>,
    pub partitions: Vec<(TopicPartition, Result<AlteredPartition, ErrorCode>)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AlteredPartition {
    pub leader: Option<BrokerId>,
    pub leader_epoch: LeaderEpoch,
    pub partition_epoch: PartitionEpoch,
    pub isr: Vec<BrokerId>,
}

/// An observer's fetch of the metadata log.
#[derive(Clone, Debug)]
pub struct MetadataLogRequest {
    pub observer: BrokerId,
    pub fetch_offset: Offset,
}

#[derive(Clone, Debug)]
pub struct MetadataLogResponse {
    pub error: Option<ErrorCode>,
    pub base_offset: Offset,
    pub high_watermark: Offset,
    pub records: Vec<MetadataRecord>,
}

impl MetadataLogResponse {
    /// More than the no-op records that the active controller writes to keep time.
    #[must_use]
    pub fn carries_news(&self) -> bool {
        self.records.iter().any(|record| !matches!(record, MetadataRecord::NoOp))
    }
}
