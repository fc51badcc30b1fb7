//! What the controller's thread is asked to do (`ControllerEvent`), and the steps it does it in.

use std::collections::BTreeSet;

use super::alter_partition::Altering;
use super::elections::{Decision, Strategy};
use super::producer_ids::Lease;
use crate::engine::common::{BrokerId, CorrelationId, ErrorCode, NodeId, TopicId, TopicPartition};
use crate::engine::controller::{ElectedBecause, Reassignment};
use crate::engine::protocol::{PartitionOutcome, Request, Response, TopicName, ZkPath};

/// What the thread is asked to do.
#[derive(Clone, Debug)]
pub enum ControllerTask {
    /// Startup, Reelect, and RegisterBrokerAndReelect once the broker is registered.
    Elect,
    /// Somebody else may have become controller.
    ControllerChange,
    BrokerChange,
    TopicChange,
    /// A topic's znode has changed: there may be more partitions.
    PartitionModifications(TopicName),
    /// Somebody wrote below /admin/delete_topics.
    TopicDeletion,
    /// A broker has been told to delete replicas and has answered (TopicDeletionStopReplicaResponseReceived).
    ReplicasDeleted {
        broker: BrokerId,
        partitions: Vec<TopicPartition>,
        is_done: bool,
    },
    IsrChangeNotification,
    /// A broker has lost a log directory, and wrote so (LogDirEventNotification).
    LogDirEvent,
    /// Of replicas that were to lead or follow, some lie in failed directories, or no longer do (LeaderAndIsrResponseReceived).
    LeaderAndIsrAnswered {
        broker: BrokerId,
        partitions: Vec<(TopicPartition, Option<ErrorCode>)>,
    },
    /// Somebody wrote /admin/preferred_replica_election.
    PreferredElection,
    AutoRebalance,
    /// Somebody wrote /admin/reassign_partitions.
    ZkPartitionReassignment,
    /// The in-sync set of a partition that is being moved has changed (before 2.7).
    PartitionReassignmentIsrChange(TopicPartition),
    /// `unclean.leader.election.enable` has become true: for one topic, or for this controller's broker.
    UncleanElectionEnabled(Option<TopicName>),
    /// Only the controller answers it.
    Asked {
        from: NodeId,
        correlation: CorrelationId,
        request: Request,
    },
}

impl ControllerTask {
    /// Kafka's name of the state the controller is in meanwhile (`ControllerState`).
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Elect | Self::ControllerChange => "ControllerChange",
            Self::BrokerChange => "BrokerChange",
            Self::TopicChange | Self::PartitionModifications(_) => "TopicChange",
            Self::TopicDeletion | Self::ReplicasDeleted { .. } => "TopicDeletion",
            Self::IsrChangeNotification => "IsrChange",
            Self::LogDirEvent => "LogDirChange",
            Self::LeaderAndIsrAnswered { .. } => "LeaderAndIsrResponseReceived",
            Self::PreferredElection => "ManualLeaderBalance",
            Self::AutoRebalance => "AutoLeaderBalance",
            Self::ZkPartitionReassignment | Self::PartitionReassignmentIsrChange(_) => "AlterPartitionReassignment",
            Self::UncleanElectionEnabled(None) => "UncleanLeaderElectionEnable",
            Self::UncleanElectionEnabled(Some(_)) => "TopicUncleanLeaderElectionEnable",
            Self::Asked { request, .. } => match request {
                Request::ControlledShutdown(_) => "ControlledShutdown",
                Request::AlterPartitionReassignments(_) => "AlterPartitionReassignment",
                Request::ListPartitionReassignments(_) => "ListPartitionReassignment",
                Request::ElectLeaders(_) => "ManualLeaderBalance",
                Request::AllocateProducerIds(_) => "Idle",
                _ => "AlterPartition",
            },
        }
    }

    /// What to answer if this broker is not the controller, or is it no longer (`preempt`).
    pub(super) fn refusal(&self) -> Option<Step> {
        match self {
            Self::Asked { from, correlation, request } => {
                let response = request.refused(ErrorCode::NotController)?;
                Some(Step::Answer { to: *from, correlation: *correlation, response })
            }
            _ => None,
        }
    }
}

/// One step of a program. Those that need ZooKeeper wait for its answer.
#[derive(Clone, Debug)]
pub(super) enum Step {
    FindController {
        then_elect: bool,
    },
    ReadEpoch,
    CreateEpoch,
    BecomeController {
        epoch: u32,
        version: u32,
    },
    CheckController {
        epoch: u32,
    },
    WatchNotifications,
    DeleteNotifications(Vec<ZkPath>),
    ListBrokers,
    ReadBrokers(Vec<BrokerId>),
    ListTopics,
    ReadTopics(Vec<TopicName>),
    ReadStates(Vec<TopicPartition>),
    CompleteFailover,
    ListChangedBrokers,
    ReadChangedBrokers(Vec<BrokerId>),
    ListChangedTopics,
    ReadNewTopics(Vec<TopicName>),
    ReadChangedTopic(TopicName),
    CreateStates(Vec<TopicPartition>),
    ReadToElect {
        partitions: Vec<TopicPartition>,
        strategy: Strategy,
        why: Option<ElectedBecause>,
    },
    Elect {
        decisions: Vec<Decision>,
        strategy: Strategy,
        why: Option<ElectedBecause>,
    },
    ReadToRemove {
        broker: BrokerId,
        partitions: Vec<TopicPartition>,
    },
    Remove {
        broker: BrokerId,
        decisions: Vec<Decision>,
    },
    /// The same leader in a new epoch, so that everybody listens (`updateLeaderEpochAndSendRequest`).
    ReadToBump(TopicPartition),
    Bump(Vec<Decision>),
    ReplicasOnline(Vec<TopicPartition>, Option<BrokerId>),
    TriggerOnline,
    Send,
    TellBrokers {
        brokers: Vec<BrokerId>,
        partitions: Vec<TopicPartition>,
    },
    ListIsrNotifications,
    ReadIsrNotifications(Vec<ZkPath>),
    ListLogDirEvents,
    ReadLogDirEvents(Vec<ZkPath>),
    ReadPreferred,
    DeletePreferred,
    Rebalance,
    AlterPartitions(Altering),
    // Topics on their way out.
    ListDeletions {
        is_failover: bool,
    },
    DropDeletions(Vec<TopicName>),
    ResumeDeletions,
    ResumeDeletionOf(BTreeSet<TopicId>),
    StartReplicaDeletion(Vec<(TopicPartition, BrokerId)>),
    CompleteDeletion(TopicId),
    // Replicas on their way to other brokers.
    WriteAssignment {
        partition: TopicPartition,
        assignment: Reassignment,
        told: Telling,
    },
    CheckReassignment {
        partition: TopicPartition,
        only_if_complete: bool,
    },
    ResumeReassignment(TopicPartition),
    StopRemoved {
        partition: TopicPartition,
        replicas: Vec<BrokerId>,
    },
    DropReplicas {
        partition: TopicPartition,
        replicas: Vec<BrokerId>,
    },
    EndReassignment {
        partition: TopicPartition,
        cancelled: bool,
    },
    ReadZkReassignment {
        is_new: bool,
    },
    WriteZkReassignment(Vec<(TopicName, u32, Vec<BrokerId>)>),
    // Producer ids.
    ReadProducerIds(LeaseFor),
    WriteProducerIds(LeaseFor, Lease),
    // Answers.
    AnswerShutdown {
        to: NodeId,
        correlation: CorrelationId,
        broker: BrokerId,
    },
    AnswerElection {
        to: NodeId,
        correlation: CorrelationId,
        asked: Vec<(TopicPartition, PartitionOutcome)>,
    },
    Answer {
        to: NodeId,
        correlation: CorrelationId,
        response: Response,
    },
}

/// The broker that asks for producer ids, and where its answer goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct LeaseFor {
    pub(super) broker: BrokerId,
    pub(super) to: NodeId,
    pub(super) correlation: CorrelationId,
}

/// Of a written assignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Telling {
    Begun,
    Nothing,
}
