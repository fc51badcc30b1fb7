//! What happens on a broker.

use std::sync::Arc;

use crate::engine::common::{
    BrokerEpoch, BrokerId, ErrorCode, LeaderEpoch, NodeId, Offset, PartitionEpoch, ProducerEpoch, ProducerId, Sequence,
    TopicPartition,
};
use crate::engine::protocol::{Acks, FetchSessionId, TopicName};
use crate::engine::record::ProducerStamp;
use crate::engine::storage::{Cleaned, DeletionReason, DirSuffix, DiskError, Recovered};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum BrokerFact {
    ZooKeeperConnected,
    /// No server answers; whether the session lives on, only a server can say.
    ZooKeeperDisconnected,
    /// A server says so: with the session went everything ephemeral of this broker's.
    ZooKeeperSessionExpired,
    /// The process ended before it served anybody.
    StartFailed {
        reason: String,
    },
    /// The controller took this process in; it is still fenced.
    Registered {
        epoch: BrokerEpoch,
    },
    RegistrationRefused {
        error: ErrorCode,
    },
    /// This broker heard that it may serve.
    Unfenced,
    Fenced,
    BecameLeader {
        partition: TopicPartition,
        leader_epoch: LeaderEpoch,
        log_end: Offset,
        high_watermark: Offset,
    },
    BecameFollower {
        partition: TopicPartition,
        leader: Option<BrokerId>,
        leader_epoch: LeaderEpoch,
        log_end: Offset,
    },
    /// The replica was taken from this broker. Its directory has another name until its files go; before 0.10.2 they went
    /// at once.
    ReplicaRemoved {
        partition: TopicPartition,
        log_end: Offset,
        renamed: Option<(DirSuffix, Arc<str>)>,
    },
    /// The directory of a removed replica is gone from the disk.
    LogDirectoryRemoved {
        directory: Arc<str>,
        bytes: u64,
    },
    /// Records `first..=last` were written to the local log, by the leader for a client or by a follower's fetch.
    Appended {
        partition: TopicPartition,
        first: Offset,
        last: Offset,
        leader_epoch: LeaderEpoch,
        from: NodeId,
    },
    /// A new segment was begun before the append; the one before it is sealed and flushed.
    SegmentRolled {
        partition: TopicPartition,
        base_offset: Offset,
    },
    /// Retention took the segment; the log now starts at `log_start`.
    SegmentDeleted {
        partition: TopicPartition,
        base_offset: Offset,
        reason: DeletionReason,
        log_start: Offset,
    },
    /// A write failed: the directory is offline, and these replicas with it.
    LogDirFailed {
        directory: Arc<str>,
        error: DiskError,
        replicas: Vec<TopicPartition>,
    },
    /// Too few directories are left: the process ends itself (`Exit.halt`). Before 1.0 one that fails is enough.
    HaltedWithoutLogDirs {
        left: u32,
    },
    /// The log cleaner has been through it.
    LogCleaned {
        partition: TopicPartition,
        cleaned: Cleaned,
    },
    /// The log begins later: somebody deleted records, or, on a follower, the leader's log begins there.
    LogStartMoved {
        partition: TopicPartition,
        from: Offset,
        to: Offset,
    },
    /// A DeleteRecords request waits until every live replica begins there.
    DeleteRecordsParked {
        partition: TopicPartition,
        client: NodeId,
        until: Offset,
    },
    /// The files of a deleted segment are gone from the disk.
    SegmentFilesRemoved {
        partition: TopicPartition,
        base_offset: Offset,
    },
    /// The disk has everything before the recovery point.
    LogFlushed {
        partition: TopicPartition,
        recovery_point: Offset,
    },
    /// The last process did not stop in good order: so many bytes of so many logs must be read first.
    LogRecoveryBegun {
        logs: u32,
        bytes: u64,
    },
    LogRecovered {
        partition: TopicPartition,
        recovered: Recovered,
    },
    /// The producer had sent this batch before, and it stands in the log at `first..=last`: nothing was written.
    DuplicateBatch {
        partition: TopicPartition,
        client: NodeId,
        stamp: ProducerStamp,
        first: Offset,
        last: Offset,
    },
    /// The batch does not follow upon what the log has of its producer; `known` is the producer's epoch and last
    /// sequence in this log, if it is known at all.
    SequenceRefused {
        partition: TopicPartition,
        client: NodeId,
        stamp: ProducerStamp,
        error: ErrorCode,
        known: Option<(ProducerEpoch, Sequence)>,
    },
    /// What is known of producers was read from a snapshot file and the batches behind it, after a start or after
    /// records were cut off. From a snapshot only the last batch of each producer is known.
    ProducerStateLoaded {
        partition: TopicPartition,
        snapshot: Option<Offset>,
        producers: u32,
        /// So many batches would be recognised, of all producers together.
        batches: u32,
    },
    /// Silent for `producer.id.expiration.ms`: this log knows nothing of it any more.
    ProducerExpired {
        partition: TopicPartition,
        producer_id: ProducerId,
    },
    /// The broker may give these ids to producers.
    ProducerIdsLeased {
        first: ProducerId,
        last: ProducerId,
    },
    ProducerIdGiven {
        client: NodeId,
        producer_id: ProducerId,
    },
    AppendRefused {
        partition: TopicPartition,
        error: ErrorCode,
        isr: u32,
        min_isr: u32,
    },
    /// A follower's fetch told the leader how far it has come.
    FollowerReached {
        partition: TopicPartition,
        follower: BrokerId,
        log_end: Offset,
    },
    /// `ends` are the log ends of the in-sync set on the leader, the reason for the number; empty on a follower,
    /// who takes the leader's word.
    HighWatermarkMoved {
        partition: TopicPartition,
        from: Offset,
        to: Offset,
        ends: Vec<(BrokerId, Offset)>,
    },
    /// Records from `to` on were cut off because another leader's history does not have them.
    Truncated {
        partition: TopicPartition,
        to: Offset,
        from: Offset,
        leader_epoch: LeaderEpoch,
    },
    /// The leader asked the controller for another in-sync set.
    IsrProposed {
        partition: TopicPartition,
        from: Vec<BrokerId>,
        to: Vec<BrokerId>,
    },
    /// The controller agreed, or said otherwise.
    IsrCommitted {
        partition: TopicPartition,
        isr: Vec<BrokerId>,
        partition_epoch: PartitionEpoch,
    },
    IsrRefused {
        partition: TopicPartition,
        error: ErrorCode,
    },
    /// A produce request with acks=all waits until the high watermark reaches this offset.
    ProduceParked {
        partition: TopicPartition,
        client: NodeId,
        until: Offset,
    },
    /// The leader answered a produce request.
    ProduceAnswered {
        partition: TopicPartition,
        client: NodeId,
        outcome: Result<Offset, ErrorCode>,
        acks: Acks,
    },
    /// A fetch found too little and waits.
    FetchParked {
        partition: TopicPartition,
        fetcher: NodeId,
        offset: Offset,
    },
    FetchRefused {
        partition: TopicPartition,
        fetcher: NodeId,
        offset: Offset,
        error: ErrorCode,
    },
    /// From now on the fetcher need only say what changed (KIP-227).
    FetchSessionOpened {
        session: FetchSessionId,
        fetcher: NodeId,
        partitions: u32,
    },
    /// All slots are taken, and nobody may be driven out of them: the fetcher goes on listing everything.
    FetchSessionDenied {
        fetcher: NodeId,
        slots: u32,
    },
    /// The session had to make room for another fetcher's.
    FetchSessionEvicted {
        session: FetchSessionId,
        fetcher: NodeId,
        newcomer: NodeId,
    },
    /// Its fetcher gave it up, or no partition was left in it.
    FetchSessionClosed {
        session: FetchSessionId,
        fetcher: NodeId,
    },
    /// A request named a session that there is not, or came out of its order.
    FetchSessionRefused {
        session: FetchSessionId,
        fetcher: NodeId,
        error: ErrorCode,
    },
    /// Dynamic configuration came into effect: keys and the values that now hold.
    Reconfigured {
        changes: Vec<(&'static str, Arc<str>)>,
    },
    /// It was told to stop, and asks the controller to move what it leads.
    ControlledShutdownBegan,
    /// The controller did not take everything over, or could not be asked (ZooKeeper mode).
    ControlledShutdownRefused {
        error: Option<ErrorCode>,
        /// What this broker leads still.
        remaining: Vec<TopicPartition>,
        attempts_left: u32,
    },
    /// It ended in good order: with the controller's leave, or because that took too long or was not to be asked for.
    ShutDown {
        is_approved: bool,
    },
    /// Somebody asked for a topic that does not exist, and this broker asked the controller to create it.
    TopicCreationAsked {
        name: TopicName,
    },
}
