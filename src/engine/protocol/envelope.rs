//! The outer shape of every message, and the class by which a spectator may filter it.

use serde::{Deserialize, Serialize};

use super::{
    AllocateProducerIdsRequest, AllocateProducerIdsResponse, AlterPartitionReassignmentsRequest,
    AlterPartitionReassignmentsResponse, AlterPartitionRequest, AlterPartitionResponse, BeginQuorumEpochRequest,
    BeginQuorumEpochResponse, BrokerHeartbeatRequest, BrokerHeartbeatResponse, BrokerRegistrationRequest,
    BrokerRegistrationResponse, ControlledShutdownRequest, ControlledShutdownResponse, CreatePartitionsRequest,
    CreatePartitionsResponse, CreateTopicsRequest, CreateTopicsResponse, DeleteRecordsRequest, DeleteRecordsResponse,
    DeleteTopicsRequest, DeleteTopicsResponse, ElectLeadersRequest, ElectLeadersResponse, EndQuorumEpochRequest,
    EndQuorumEpochResponse, FetchRequest, FetchResponse, FetchSnapshotRequest, FetchSnapshotResponse,
    FindCoordinatorRequest, FindCoordinatorResponse, HeartbeatRequest, HeartbeatResponse, InitProducerIdRequest,
    InitProducerIdResponse, JoinGroupRequest, JoinGroupResponse, LeaderAndIsrRequest, LeaderAndIsrResponse,
    LeaveGroupRequest, LeaveGroupResponse, ListOffsetsRequest, ListOffsetsResponse, ListPartitionReassignmentsRequest,
    ListPartitionReassignmentsResponse, MetadataLogRequest, MetadataLogResponse, MetadataRequest, MetadataResponse,
    OffsetCommitRequest, OffsetCommitResponse, OffsetFetchRequest, OffsetFetchResponse, OffsetForLeaderEpochRequest,
    OffsetForLeaderEpochResponse, ProduceRequest, ProduceResponse, QueueMessage, StopReplicaRequest,
    StopReplicaResponse, SyncGroupRequest, SyncGroupResponse, UpdateMetadataRequest, UpdateMetadataResponse,
    VoteRequest, VoteResponse, ZooKeeperMessage,
};
use crate::engine::common::CorrelationId;

/// One message on a connection.
#[derive(Clone, Debug)]
pub enum Body {
    Request {
        correlation: CorrelationId,
        request: Request,
    },
    Response {
        correlation: CorrelationId,
        response: Response,
    },
    /// The point-to-point broker speaks a protocol of its own.
    Queue(QueueMessage),
    /// So does ZooKeeper.
    ZooKeeper(ZooKeeperMessage),
}

/// What noise a message makes, so that a view can show one kind and leave out another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Records on their way in.
    Produce,
    /// Followers copying from leaders.
    Replicate,
    /// Records on their way out.
    Fetch,
    /// Joining, committing.
    Group,
    /// Metadata, registration, in-sync sets, topics.
    Control,
    /// Signs of life that say nothing else: heartbeats.
    Liveness,
}

/// Declares the request/response pairs once: enums, API keys, `From`s.
macro_rules! apis {
    ($($name:ident = $key:literal, $class:ident, $request:ident, $response:ident;)*) => {
        /// Kafka's API keys, with their numbers.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum ApiKey { $($name = $key,)* }

        impl ApiKey {
            /// The name in Kafka's protocol guide.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// The class of both directions. (A follower's Fetch is replication: see [`Body::class`].)
            #[must_use]
            pub fn class(self) -> Class {
                match self { $(Self::$name => Class::$class,)* }
            }
        }

        #[derive(Clone, Debug)]
        pub enum Request { $($name($request),)* }

        #[derive(Clone, Debug)]
        pub enum Response { $($name($response),)* }

        impl Request {
            #[must_use]
            pub fn api(&self) -> ApiKey {
                match self { $(Self::$name(_) => ApiKey::$name,)* }
            }
        }

        impl Response {
            #[must_use]
            pub fn api(&self) -> ApiKey {
                match self { $(Self::$name(_) => ApiKey::$name,)* }
            }
        }

        $(
            impl From<$request> for Request {
                fn from(request: $request) -> Self { Self::$name(request) }
            }
            impl From<$response> for Response {
                fn from(response: $response) -> Self { Self::$name(response) }
            }
        )*
    };
}

apis! {
    Produce = 0, Produce, ProduceRequest, ProduceResponse;
    Fetch = 1, Fetch, FetchRequest, FetchResponse;
    ListOffsets = 2, Fetch, ListOffsetsRequest, ListOffsetsResponse;
    Metadata = 3, Control, MetadataRequest, MetadataResponse;
    LeaderAndIsr = 4, Control, LeaderAndIsrRequest, LeaderAndIsrResponse;
    StopReplica = 5, Control, StopReplicaRequest, StopReplicaResponse;
    UpdateMetadata = 6, Control, UpdateMetadataRequest, UpdateMetadataResponse;
    ControlledShutdown = 7, Control, ControlledShutdownRequest, ControlledShutdownResponse;
    OffsetCommit = 8, Group, OffsetCommitRequest, OffsetCommitResponse;
    OffsetFetch = 9, Group, OffsetFetchRequest, OffsetFetchResponse;
    FindCoordinator = 10, Group, FindCoordinatorRequest, FindCoordinatorResponse;
    JoinGroup = 11, Group, JoinGroupRequest, JoinGroupResponse;
    Heartbeat = 12, Liveness, HeartbeatRequest, HeartbeatResponse;
    LeaveGroup = 13, Group, LeaveGroupRequest, LeaveGroupResponse;
    SyncGroup = 14, Group, SyncGroupRequest, SyncGroupResponse;
    InitProducerId = 22, Produce, InitProducerIdRequest, InitProducerIdResponse;
    OffsetForLeaderEpoch = 23, Fetch, OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse;
    CreateTopics = 19, Control, CreateTopicsRequest, CreateTopicsResponse;
    DeleteTopics = 20, Control, DeleteTopicsRequest, DeleteTopicsResponse;
    DeleteRecords = 21, Control, DeleteRecordsRequest, DeleteRecordsResponse;
    Vote = 52, Control, VoteRequest, VoteResponse;
    BeginQuorumEpoch = 53, Control, BeginQuorumEpochRequest, BeginQuorumEpochResponse;
    EndQuorumEpoch = 54, Control, EndQuorumEpochRequest, EndQuorumEpochResponse;
    CreatePartitions = 37, Control, CreatePartitionsRequest, CreatePartitionsResponse;
    ElectLeaders = 43, Control, ElectLeadersRequest, ElectLeadersResponse;
    AlterPartitionReassignments = 45, Control, AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse;
    ListPartitionReassignments = 46, Control, ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse;
    AlterPartition = 56, Control, AlterPartitionRequest, AlterPartitionResponse;
    FetchSnapshot = 59, Control, FetchSnapshotRequest, FetchSnapshotResponse;
    BrokerRegistration = 62, Control, BrokerRegistrationRequest, BrokerRegistrationResponse;
    BrokerHeartbeat = 63, Liveness, BrokerHeartbeatRequest, BrokerHeartbeatResponse;
    AllocateProducerIds = 67, Control, AllocateProducerIdsRequest, AllocateProducerIdsResponse;
    // On the wire this is Fetch (1) on `__cluster_metadata`; it has a name of its own here because what it carries
    // are metadata records. The number is out of Kafka's range on purpose.
    FetchMetadataLog = 1001, Liveness, MetadataLogRequest, MetadataLogResponse;
}

impl Body {
    #[must_use]
    pub fn api(&self) -> Option<ApiKey> {
        match self {
            Self::Request { request, .. } => Some(request.api()),
            Self::Response { response, .. } => Some(response.api()),
            Self::Queue(_) | Self::ZooKeeper(_) => None,
        }
    }

    #[must_use]
    pub fn is_response(&self) -> bool {
        match self {
            Self::Request { .. } => false,
            Self::Response { .. } => true,
            Self::Queue(message) => message.is_from_broker(),
            Self::ZooKeeper(message) => message.is_response(),
        }
    }

    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::Request { request: Request::Fetch(fetch), .. } if fetch.params.follower.is_some() => Class::Replicate,
            Self::Response { response: Response::Fetch(fetch), .. } if fetch.to_follower => Class::Replicate,
            // Metadata records on their way to brokers are news; an empty answer is only a sign of life.
            Self::Response { response: Response::FetchMetadataLog(log), .. } if log.carries_news() => Class::Control,
            Self::Queue(message) => message.class(),
            Self::ZooKeeper(message) => message.class(),
            Self::Request { request, .. } => request.api().class(),
            Self::Response { response, .. } => response.api().class(),
        }
    }
}
