//! What operators ask about leaders and replicas: ElectLeaders (43), AlterPartitionReassignments (45) and
//! ListPartitionReassignments (46). They name topics by name, and brokers pass them on to the controller.

use super::{Refusal, TopicName};
use crate::engine::common::{BrokerId, ElectionType, ErrorCode};

/// What became of one partition.
pub type PartitionOutcome = (TopicName, u32, Result<(), Refusal>);

#[derive(Clone, Debug)]
pub struct ElectLeadersRequest {
    pub election_type: ElectionType,
    /// `None`: all.
    pub partitions: Option<Vec<(TopicName, u32)>>,
}

#[derive(Clone, Debug)]
pub struct ElectLeadersResponse {
    /// For the request as a whole.
    pub error: Option<ErrorCode>,
    pub partitions: Vec<PartitionOutcome>,
}

#[derive(Clone, Debug)]
pub struct AlterPartitionReassignmentsRequest {
    /// Where each partition's replicas shall be; `None` calls a reassignment off.
    pub partitions: Vec<(TopicName, u32, Option<Vec<BrokerId>>)>,
}

#[derive(Clone, Debug)]
pub struct AlterPartitionReassignmentsResponse {
    pub error: Option<ErrorCode>,
    pub partitions: Vec<PartitionOutcome>,
}

/// Asks for all that are under way.
#[derive(Clone, Copy, Debug)]
pub struct ListPartitionReassignmentsRequest;

#[derive(Clone, Debug)]
pub struct ListPartitionReassignmentsResponse {
    pub error: Option<ErrorCode>,
    pub ongoing: Vec<OngoingReassignment>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OngoingReassignment {
    pub topic: TopicName,
    pub partition: u32,
    pub replicas: Vec<BrokerId>,
    pub adding: Vec<BrokerId>,
    pub removing: Vec<BrokerId>,
}
