//! What brokers ask of the KRaft controller: BrokerRegistration (62), BrokerHeartbeat (63), AlterPartition (56).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::engine::common::{BrokerEpoch, BrokerId, ErrorCode, LeaderEpoch, Offset, PartitionEpoch, TopicPartition};

#[derive(Clone, Debug)]
pub struct BrokerRegistrationRequest {
    pub broker: BrokerId,
    /// Fresh at every start of the process: tells a restart from a second broker with the same id.
    pub incarnation: u64,
    pub rack: Option<Arc<str>>,
    /// The epoch in the clean shutdown file: the process before ended in good order under it.
    pub previous_broker_epoch: Option<BrokerEpoch>,
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
    /// Replicas in log directories that have failed. (On the wire these are the directories' ids; which replicas lie in
    /// them the controller knows from AssignReplicasToDirs.)
    pub offline_replicas: Vec<TopicPartition>,
}

#[derive(Clone, Debug)]
pub struct BrokerHeartbeatResponse {
    pub error: Option<ErrorCode>,
    pub is_caught_up: bool,
    pub is_fenced: bool,
    pub should_shut_down: bool,
}

impl BrokerHeartbeatResponse {
    #[must_use]
    pub fn refused(error: ErrorCode) -> Self {
        Self { error: Some(error), is_caught_up: false, is_fenced: true, should_shut_down: false }
    }
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
