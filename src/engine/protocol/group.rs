//! Consumer groups, classic protocol: FindCoordinator (10), JoinGroup (11), Heartbeat (12), LeaveGroup (13),
//! SyncGroup (14), OffsetCommit (8), OffsetFetch (9).

use std::sync::Arc;

use super::TopicName;
use crate::engine::common::{BrokerId, ErrorCode, Generation, LeaderEpoch, MemberId, Offset, Span, TopicPartition};

#[derive(Clone, Debug)]
pub struct FindCoordinatorRequest {
    pub group: Arc<str>,
}

#[derive(Clone, Debug)]
pub struct FindCoordinatorResponse {
    pub group: Arc<str>,
    pub outcome: Result<BrokerId, ErrorCode>,
}

/// What a member tells the group's leader with its JoinGroup (`ConsumerProtocolSubscription`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Subscription {
    pub topics: Vec<TopicName>,
    /// What it owns still: nothing, in an eager group.
    pub owned: Vec<TopicPartition>,
    /// Since when it owns that.
    pub generation: Option<Generation>,
    /// What `StickyAssignor` remembers of the last assignment, and of which generation that was (its user data).
    pub previous: Option<(Generation, Vec<TopicPartition>)>,
}

#[derive(Clone, Debug)]
pub struct JoinGroupRequest {
    pub group: Arc<str>,
    pub client: Arc<str>,
    /// `None` on the first try (KIP-394: the answer is then MEMBER_ID_REQUIRED with an id).
    pub member: Option<MemberId>,
    pub group_instance_id: Option<Arc<str>>,
    pub session_timeout: Span,
    /// `max.poll.interval.ms`.
    pub rebalance_timeout: Span,
    /// Assignor names in order of preference; all share one subscription.
    pub protocols: Vec<Arc<str>>,
    pub subscription: Subscription,
}

#[derive(Clone, Debug)]
pub struct JoinGroupResponse {
    pub group: Arc<str>,
    /// The id to use from now on; set with MEMBER_ID_REQUIRED too.
    pub member: Option<MemberId>,
    pub outcome: Result<Joined, ErrorCode>,
}

#[derive(Clone, Debug)]
pub struct Joined {
    pub generation: Generation,
    pub protocol: Arc<str>,
    pub leader: MemberId,
    /// Filled for the leader only, who computes the assignment.
    pub members: Vec<JoinedMember>,
}

#[derive(Clone, Debug)]
pub struct JoinedMember {
    pub member: MemberId,
    pub group_instance_id: Option<Arc<str>>,
    pub subscription: Subscription,
}

/// What one member is to read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MemberAssignment {
    pub member: MemberId,
    pub partitions: Vec<TopicPartition>,
}

#[derive(Clone, Debug)]
pub struct SyncGroupRequest {
    pub group: Arc<str>,
    pub generation: Generation,
    pub member: MemberId,
    pub protocol: Arc<str>,
    /// Filled by the leader only.
    pub assignments: Vec<MemberAssignment>,
}

#[derive(Clone, Debug)]
pub struct SyncGroupResponse {
    pub group: Arc<str>,
    pub outcome: Result<Vec<TopicPartition>, ErrorCode>,
}

#[derive(Clone, Debug)]
pub struct HeartbeatRequest {
    pub group: Arc<str>,
    pub generation: Generation,
    pub member: MemberId,
}

#[derive(Clone, Debug)]
pub struct HeartbeatResponse {
    pub group: Arc<str>,
    pub error: Option<ErrorCode>,
}

#[derive(Clone, Debug)]
pub struct LeaveGroupRequest {
    pub group: Arc<str>,
    pub member: MemberId,
}

#[derive(Clone, Debug)]
pub struct LeaveGroupResponse {
    pub group: Arc<str>,
    pub error: Option<ErrorCode>,
}

/// A committed offset is the next one to read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CommittedOffset {
    pub partition: TopicPartition,
    pub offset: Offset,
    pub leader_epoch: Option<LeaderEpoch>,
    pub metadata: Arc<str>,
}

/// `generation` and `member` are absent for tools and for consumers that assign partitions to themselves.
#[derive(Clone, Debug)]
pub struct OffsetCommitRequest {
    pub group: Arc<str>,
    pub generation: Option<Generation>,
    pub member: Option<MemberId>,
    pub offsets: Vec<CommittedOffset>,
}

#[derive(Clone, Debug)]
pub struct OffsetCommitResponse {
    pub group: Arc<str>,
    pub partitions: Vec<(TopicPartition, Option<ErrorCode>)>,
}

#[derive(Clone, Debug)]
pub struct OffsetFetchRequest {
    pub group: Arc<str>,
    /// `None`: all that the group has committed.
    pub partitions: Option<Vec<TopicPartition>>,
}

#[derive(Clone, Debug)]
pub struct OffsetFetchResponse {
    pub group: Arc<str>,
    /// A partition that was asked for and is missing here has no committed offset.
    pub outcome: Result<Vec<CommittedOffset>, ErrorCode>,
}
