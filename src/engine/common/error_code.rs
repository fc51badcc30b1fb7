//! Kafka's error codes (`org.apache.kafka.common.protocol.Errors`): numbers, names, which ones may be retried.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Declares the codes in use with number, retriability and the text that Kafka's tools print.
macro_rules! errors {
    ($($variant:ident = $code:literal, $name:literal, $retry:ident, $text:literal;)*) => {
        /// An answer's error. `None` of an `Option<ErrorCode>` is Kafka's code 0, NONE.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "SCREAMING_SNAKE_CASE")]
        pub enum ErrorCode { $($variant,)* }

        impl ErrorCode {
            /// Every code the simulator can answer with.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The number on the wire.
            #[must_use]
            pub fn code(self) -> i16 {
                match self { $(Self::$variant => $code,)* }
            }

            /// Kafka's own name, as its source and logs spell it.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Kafka's default message for the code.
            #[must_use]
            pub fn message(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            fn class(self) -> Retry {
                match self { $(Self::$variant => Retry::$retry,)* }
            }
        }
    };
}

/// How a client treats the code (`RetriableException`, `InvalidMetadataException`).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Retry {
    Never,
    Again,
    /// Retriable, and a sign that the client's metadata is stale.
    Refresh,
}

errors! {
    UnknownServerError = -1, "UNKNOWN_SERVER_ERROR", Never, "The server experienced an unexpected error when processing the request.";
    OffsetOutOfRange = 1, "OFFSET_OUT_OF_RANGE", Never, "The requested offset is not within the range of offsets maintained by the server.";
    CorruptMessage = 2, "CORRUPT_MESSAGE", Again, "This message has failed its CRC checksum, exceeds the valid size, has a null key for a compacted topic, or is otherwise corrupt.";
    UnknownTopicOrPartition = 3, "UNKNOWN_TOPIC_OR_PARTITION", Refresh, "This server does not host this topic-partition.";
    LeaderNotAvailable = 5, "LEADER_NOT_AVAILABLE", Refresh, "There is no leader for this topic-partition as we are in the middle of a leadership election.";
    NotLeaderOrFollower = 6, "NOT_LEADER_OR_FOLLOWER", Refresh, "For requests intended only for the leader, this error indicates that the broker is not the current leader. For requests intended for any replica, this error indicates that the broker is not a replica of the topic partition.";
    RequestTimedOut = 7, "REQUEST_TIMED_OUT", Again, "The request timed out.";
    BrokerNotAvailable = 8, "BROKER_NOT_AVAILABLE", Never, "The broker is not available.";
    MessageTooLarge = 10, "MESSAGE_TOO_LARGE", Never, "The request included a message larger than the max message size the server will accept.";
    StaleControllerEpoch = 11, "STALE_CONTROLLER_EPOCH", Never, "The controller moved to another broker.";
    NetworkException = 13, "NETWORK_EXCEPTION", Refresh, "The server disconnected before a response was received.";
    CoordinatorLoadInProgress = 14, "COORDINATOR_LOAD_IN_PROGRESS", Again, "The coordinator is loading and hence can't process requests.";
    CoordinatorNotAvailable = 15, "COORDINATOR_NOT_AVAILABLE", Refresh, "The coordinator is not available.";
    NotCoordinator = 16, "NOT_COORDINATOR", Refresh, "This is not the correct coordinator.";
    InvalidTopic = 17, "INVALID_TOPIC_EXCEPTION", Never, "The request attempted to perform an operation on an invalid topic.";
    RecordListTooLarge = 18, "RECORD_LIST_TOO_LARGE", Never, "The request included message batch larger than the configured segment size on the server.";
    NotEnoughReplicas = 19, "NOT_ENOUGH_REPLICAS", Again, "Messages are rejected since there are fewer in-sync replicas than required.";
    NotEnoughReplicasAfterAppend = 20, "NOT_ENOUGH_REPLICAS_AFTER_APPEND", Again, "Messages are written to the log, but to fewer in-sync replicas than required.";
    IllegalGeneration = 22, "ILLEGAL_GENERATION", Never, "Specified group generation id is not valid.";
    InconsistentGroupProtocol = 23, "INCONSISTENT_GROUP_PROTOCOL", Never, "The group member's supported protocols are incompatible with those of existing members or first group member tried to join with empty protocol type or empty protocol list.";
    UnknownMemberId = 25, "UNKNOWN_MEMBER_ID", Never, "The coordinator is not aware of this member.";
    InvalidSessionTimeout = 26, "INVALID_SESSION_TIMEOUT", Never, "The session timeout is not within the range allowed by the broker (as configured by group.min.session.timeout.ms and group.max.session.timeout.ms).";
    RebalanceInProgress = 27, "REBALANCE_IN_PROGRESS", Never, "The group is rebalancing, so a rejoin is needed.";
    InvalidTimestamp = 32, "INVALID_TIMESTAMP", Never, "The timestamp of the message is out of acceptable range.";
    TopicAlreadyExists = 36, "TOPIC_ALREADY_EXISTS", Never, "Topic with this name already exists.";
    InvalidPartitions = 37, "INVALID_PARTITIONS", Never, "Number of partitions is below 1.";
    InvalidReplicationFactor = 38, "INVALID_REPLICATION_FACTOR", Never, "Replication factor is below 1 or larger than the number of available brokers.";
    InvalidReplicaAssignment = 39, "INVALID_REPLICA_ASSIGNMENT", Never, "Replica assignment is invalid.";
    InvalidConfig = 40, "INVALID_CONFIG", Never, "Configuration is invalid.";
    NotController = 41, "NOT_CONTROLLER", Again, "This is not the correct controller for this cluster.";
    InvalidRequest = 42, "INVALID_REQUEST", Never, "This most likely occurs because of a request being malformed by the client library or the message was sent to an incompatible broker. See the broker logs for more details.";
    PolicyViolation = 44, "POLICY_VIOLATION", Never, "Request parameters do not satisfy the configured policy.";
    OutOfOrderSequence = 45, "OUT_OF_ORDER_SEQUENCE_NUMBER", Never, "The broker received an out of order sequence number.";
    InvalidProducerEpoch = 47, "INVALID_PRODUCER_EPOCH", Never, "Producer attempted to produce with an old epoch.";
    KafkaStorageError = 56, "KAFKA_STORAGE_ERROR", Refresh, "Disk error when trying to access log file on the disk.";
    UnknownProducerId = 59, "UNKNOWN_PRODUCER_ID", Never, "This exception is raised by the broker if it could not locate the producer metadata associated with the producerId in question. This could happen if, for instance, the producer's records were deleted because their retention time had elapsed. Once the last records of the producerId are removed, the producer's metadata is removed from the broker, and future appends by the producer will return this exception.";
    ReassignmentInProgress = 60, "REASSIGNMENT_IN_PROGRESS", Never, "A partition reassignment is in progress.";
    FetchSessionIdNotFound = 70, "FETCH_SESSION_ID_NOT_FOUND", Again, "The fetch session ID was not found.";
    InvalidFetchSessionEpoch = 71, "INVALID_FETCH_SESSION_EPOCH", Again, "The fetch session epoch is invalid.";
    TopicDeletionDisabled = 73, "TOPIC_DELETION_DISABLED", Never, "Topic deletion is disabled.";
    FencedLeaderEpoch = 74, "FENCED_LEADER_EPOCH", Refresh, "The leader epoch in the request is older than the epoch on the broker.";
    UnknownLeaderEpoch = 75, "UNKNOWN_LEADER_EPOCH", Again, "The leader epoch in the request is newer than the epoch on the broker.";
    StaleBrokerEpoch = 77, "STALE_BROKER_EPOCH", Never, "Broker epoch has changed.";
    OffsetNotAvailable = 78, "OFFSET_NOT_AVAILABLE", Again, "The leader high watermark has not caught up from a recent leader election so the offsets cannot be guaranteed to be monotonically increasing.";
    MemberIdRequired = 79, "MEMBER_ID_REQUIRED", Never, "The group member needs to have a valid member id before actually entering a consumer group.";
    PreferredLeaderNotAvailable = 80, "PREFERRED_LEADER_NOT_AVAILABLE", Refresh, "The preferred leader was not available.";
    EligibleLeadersNotAvailable = 83, "ELIGIBLE_LEADERS_NOT_AVAILABLE", Refresh, "Eligible topic partition leaders are not available.";
    ElectionNotNeeded = 84, "ELECTION_NOT_NEEDED", Refresh, "Leader election not needed for topic partition.";
    NoReassignmentInProgress = 85, "NO_REASSIGNMENT_IN_PROGRESS", Never, "No partition reassignment is in progress.";
    InvalidRecord = 87, "INVALID_RECORD", Never, "This record has failed the validation on broker and hence will be rejected.";
    InvalidUpdateVersion = 95, "INVALID_UPDATE_VERSION", Never, "The given update version was invalid.";
    SnapshotNotFound = 98, "SNAPSHOT_NOT_FOUND", Never, "Requested snapshot was not found.";
    PositionOutOfRange = 99, "POSITION_OUT_OF_RANGE", Never, "Requested position is not greater than or equal to zero, and less than the size of the snapshot.";
    UnknownTopicId = 100, "UNKNOWN_TOPIC_ID", Refresh, "This server does not host this topic ID.";
    DuplicateBrokerRegistration = 101, "DUPLICATE_BROKER_REGISTRATION", Never, "This broker ID is already in use.";
    BrokerIdNotRegistered = 102, "BROKER_ID_NOT_REGISTERED", Never, "The given broker ID was not registered.";
    IneligibleReplica = 107, "INELIGIBLE_REPLICA", Never, "The new ISR contains at least one ineligible replica.";
    NewLeaderElected = 108, "NEW_LEADER_ELECTED", Never, "The AlterPartition request successfully updated the partition state but the leader has changed.";
}

impl ErrorCode {
    /// The exception's class, as Java prints it: the variant's own name, for these codes.
    #[must_use]
    pub fn exception(self) -> String {
        format!("org.apache.kafka.common.errors.{self:?}Exception")
    }

    /// May the same request succeed later (`RetriableException`)?
    #[must_use]
    pub fn is_retriable(self) -> bool {
        self.class() != Retry::Never
    }

    /// Should the client ask for fresh metadata before it tries again (`InvalidMetadataException`)?
    #[must_use]
    pub fn refreshes_metadata(self) -> bool {
        self.class() == Retry::Refresh
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
