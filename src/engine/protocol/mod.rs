//! What travels between nodes: one file per family of Kafka's APIs, under Kafka's own names and fields.
//!
//! Shapes follow `clients/src/main/resources/common/message/*.json`; fields that no mechanism reads yet are left out.
//! Absence is `Option` where the wire has −1. Per-partition errors are `Result`s.

mod admin;
mod assignment;
mod controller;
mod digest;
mod envelope;
mod fetch;
mod fetch_session;
mod group;
mod metadata;
mod produce;
mod producer_id;
mod queue;
mod quorum;
mod raft;
mod refusal;
mod zookeeper;

pub use admin::{
    CreatePartitionsRequest, CreatePartitionsResponse, CreateTopicsRequest, CreateTopicsResponse, CreatedTopic,
    DeleteRecordsRequest, DeleteRecordsResponse, DeleteTopicsRequest, DeleteTopicsResponse, NewPartitions, NewTopic,
    Refusal, TopicOutcome,
};
pub use assignment::{
    AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse, ElectLeadersRequest, ElectLeadersResponse,
    ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse, OngoingReassignment, PartitionOutcome,
};
pub use controller::{
    ControlledShutdownRequest, ControlledShutdownResponse, ControllerStamp, LeaderAndIsrRequest, LeaderAndIsrResponse,
    StopReplicaRequest, StopReplicaResponse, UpdateMetadataRequest, UpdateMetadataResponse,
};
pub use digest::{Digest, Gist};
pub use envelope::{ApiKey, Body, Class, Request, Response};
pub use fetch::{
    EpochEnd, FetchParams, FetchPartition, FetchRequest, FetchResponse, Fetched, FetchedPartition, FollowerState,
    Isolation, ListOffsetsRequest, ListOffsetsResponse, OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse,
    OffsetSpec,
};
pub use fetch_session::{FetchMetadata, FetchRequestData, FetchSessionHandler, FetchSessionId};
pub use group::{
    CommittedOffset, FindCoordinatorRequest, FindCoordinatorResponse, HeartbeatRequest, HeartbeatResponse,
    JoinGroupRequest, JoinGroupResponse, Joined, JoinedMember, LeaveGroupRequest, LeaveGroupResponse, MemberAssignment,
    OffsetCommitRequest, OffsetCommitResponse, OffsetFetchRequest, OffsetFetchResponse, Subscription, SyncGroupRequest,
    SyncGroupResponse,
};
pub use metadata::{
    LeaderHint, MetadataRequest, MetadataResponse, PartitionMetadata, TopicMetadata, TopicName, TopicsAsked,
};
pub use produce::{Acks, Appended, ProduceRequest, ProduceResponse, ProducedPartition};
pub use producer_id::{
    AllocateProducerIdsRequest, AllocateProducerIdsResponse, InitProducerIdRequest, InitProducerIdResponse,
};
pub use queue::{DeliveryTag, QueueMessage, QueueName};
pub use quorum::{
    AlterPartitionRequest, AlterPartitionResponse, AlteredPartition, BrokerHeartbeatRequest, BrokerHeartbeatResponse,
    BrokerRegistrationRequest, BrokerRegistrationResponse, IsrProposal,
};
pub use raft::{
    BeginQuorumEpochRequest, BeginQuorumEpochResponse, CurrentLeader, EndQuorumEpochRequest, EndQuorumEpochResponse,
    FetchSnapshotRequest, FetchSnapshotResponse, FetchedLog, MetadataLogRequest, MetadataLogResponse, SnapshotPiece,
    VoteRequest, VoteResponse,
};
pub use zookeeper::{
    BROKER_IDS, CreateMode, PeerState, SessionId, Stat, TOPICS, Txn, TxnBody, Vote, WatchEvent, WatchKind, ZkError,
    ZkFailure, ZkOp, ZkOutcome, ZkPath, ZkReply, ZooKeeperMessage, Zxid, topic_path,
};
