//! What happens inside the user's programs: producer, consumer, admin tool.

use std::sync::Arc;

use crate::engine::common::{
    BrokerId, ElectionType, ErrorCode, Generation, LeaderEpoch, MemberId, Offset, PartitionId, ProducerIdAndEpoch,
    Sequence, TopicPartition,
};
use crate::engine::protocol::{PartitionOutcome, TopicName};
use crate::engine::record::ProducerStamp;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ProducerFact {
    /// `send()` returned: the record lies in the accumulator. `ordinal` numbers this producer's records from 0.
    Queued {
        partition: TopicPartition,
        ordinal: u64,
        key: Option<Arc<str>>,
    },
    /// `send()` blocks, for up to `max.block.ms`, because the topic (or the partition asked for) is not known yet.
    AwaitsMetadata {
        topic: TopicName,
    },
    /// `send()` blocks, for up to `max.block.ms`, because `buffer.memory` is used up.
    AwaitsMemory {
        ordinal: u64,
    },
    /// `send()` threw: the record never came into a batch.
    SendFailed {
        ordinal: u64,
        why: SendFailure,
    },
    /// `attempt` counts from 1.
    BatchSent {
        partition: TopicPartition,
        first_ordinal: u64,
        records: u32,
        to: BrokerId,
        attempt: u32,
        /// Of an idempotent producer: its id and epoch, and the batch's first sequence number.
        stamp: Option<ProducerStamp>,
    },
    /// A broker gave an idempotent producer its id: now it can send.
    ProducerIdSet {
        producer: ProducerIdAndEpoch,
    },
    /// The producer gave up its id, and will ask for another.
    ProducerIdReset {
        producer: ProducerIdAndEpoch,
    },
    /// A sequence number of these partitions will never be filled: the producer raised its epoch to this, and what was in
    /// flight to them, so many batches, begins anew with sequence 0.
    EpochBumped {
        producer: ProducerIdAndEpoch,
        partitions: Vec<TopicPartition>,
        rewritten: u32,
    },
    /// Batches in flight took other sequence numbers without another epoch (before 2.5).
    SequencesRewritten {
        partition: TopicPartition,
        batches: u32,
        first_sequence: Sequence,
    },
    /// A batch that had been sent expired: whether the leader has it is not known, so no new batch leaves until all that
    /// are in flight have told. `next_sequence` is the first one after it.
    SequenceUnresolved {
        partition: TopicPartition,
        next_sequence: Sequence,
    },
    /// Every record of the batch is acknowledged (or, with acks=0, assumed to be).
    BatchAcked {
        partition: TopicPartition,
        base_offset: Option<Offset>,
        ordinals: Vec<u64>,
    },
    /// Attempt number `attempt` failed; the batch is back at the head of its queue.
    BatchRetried {
        partition: TopicPartition,
        ordinals: Vec<u64>,
        error: ErrorCode,
        attempt: u32,
    },
    /// The broker found the batch too large; it is back in the queue as so many parts.
    BatchSplit {
        partition: TopicPartition,
        ordinals: Vec<u64>,
        parts: u32,
    },
    BatchFailed {
        partition: TopicPartition,
        ordinals: Vec<u64>,
        why: BatchFailure,
    },
    MetadataUpdated {
        topics: Vec<TopicName>,
        brokers: Vec<BrokerId>,
    },
    RequestTimedOut {
        to: BrokerId,
    },
    /// The whole workload has been handed to `send()`.
    WorkloadDone {
        records: u64,
    },
    /// `close()` returned: everything that was sent has been answered.
    Closed,
}

/// Why `send()` failed on the spot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SendFailure {
    /// "Topic … not present in metadata after … ms."
    MetadataTimeout,
    /// The cluster knows the topic's name to be wrong.
    Refused(ErrorCode),
    /// "Failed to allocate … bytes within the configured max blocking time … ms."
    BufferExhausted,
    /// Larger than `max.request.size` or than `buffer.memory`.
    RecordTooLarge { size_bytes: u32 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BatchFailure {
    /// `delivery.timeout.ms` has passed.
    DeliveryTimeout,
    Refused(ErrorCode),
    /// Retries are used up.
    RetriesExhausted(ErrorCode),
    /// "Attempted to retry sending a batch but the producer id changed …" (before 2.5).
    ProducerIdChanged,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ConsumerFact {
    /// Records before its position are not in the new leader's log (KIP-320). It goes on at `to`; `None`: nobody knows
    /// where the histories part.
    LogTruncated {
        partition: TopicPartition,
        from: Offset,
        to: Option<Offset>,
    },
    /// The leader sent it to a replica in its own rack (KIP-392).
    ReadReplicaSet {
        partition: TopicPartition,
        replica: BrokerId,
    },
    /// It goes back to the leader: its time there is over, or something went wrong.
    ReadReplicaCleared {
        partition: TopicPartition,
        replica: BrokerId,
    },
    CoordinatorFound {
        group: Arc<str>,
        coordinator: BrokerId,
    },
    CoordinatorLost {
        group: Arc<str>,
    },
    JoinRequested {
        group: Arc<str>,
        member: Option<MemberId>,
    },
    Joined {
        group: Arc<str>,
        member: MemberId,
        generation: Generation,
        leads: bool,
    },
    /// `onPartitionsAssigned`.
    PartitionsAssigned {
        generation: Generation,
        partitions: Vec<TopicPartition>,
        /// Of these it had some before and never stopped reading them (cooperative groups).
        kept: Vec<TopicPartition>,
    },
    /// `onPartitionsRevoked`.
    PartitionsRevoked {
        partitions: Vec<TopicPartition>,
    },
    /// `onPartitionsLost`: membership is gone, so nothing can be committed for them.
    PartitionsLost {
        partitions: Vec<TopicPartition>,
    },
    /// Where reading begins, and why there.
    PositionSet {
        partition: TopicPartition,
        position: Offset,
        why: PositionFrom,
    },
    /// `poll()` handed these records to the application.
    Polled {
        partition: TopicPartition,
        first: Offset,
        last: Offset,
        /// The epoch of the leader that wrote the last of them.
        last_epoch: LeaderEpoch,
    },
    /// The application has finished with one record.
    Processed {
        partition: TopicPartition,
        offset: Offset,
        key: Option<Arc<str>>,
    },
    CommitSent {
        offsets: Vec<(TopicPartition, Offset)>,
    },
    Committed {
        offsets: Vec<(TopicPartition, Offset)>,
    },
    CommitFailed {
        error: ErrorCode,
    },
    /// `poll()` came later than `max.poll.interval.ms`; the client left the group by itself.
    PollIntervalExceeded {
        group: Arc<str>,
    },
    FetchFailed {
        partition: TopicPartition,
        error: ErrorCode,
    },
    /// `auto.offset.reset=none` and no valid offset: `poll()` threw (`NoOffsetForPartitionException`).
    NoOffset {
        partition: TopicPartition,
    },
    MetadataUpdated {
        topics: Vec<TopicName>,
        brokers: Vec<BrokerId>,
    },
    RequestTimedOut {
        to: BrokerId,
    },
    Closed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PositionFrom {
    Committed,
    /// `auto.offset.reset=earliest`, for want of a valid committed offset.
    ResetEarliest,
    ResetLatest,
    /// The position lay outside the log, so `auto.offset.reset` decided.
    OutOfRange,
    /// The application's `seek()`, or a tool's reset.
    Seek,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AdminFact {
    TopicCreated {
        name: TopicName,
    },
    TopicRefused {
        name: TopicName,
        error: ErrorCode,
        message: String,
    },
    /// Whoever asks no longer finds it. (Its replicas may take longer to go.)
    TopicDeleted {
        name: TopicName,
    },
    PartitionsAdded {
        name: TopicName,
        count: u32,
    },
    /// Neither deleted nor enlarged.
    TopicChangeRefused {
        name: TopicName,
        error: ErrorCode,
        message: String,
    },
    OffsetsReset {
        group: Arc<str>,
        offsets: Vec<(TopicPartition, Offset)>,
    },
    /// UNKNOWN_MEMBER_ID here means that the group has members: offsets can only be reset while it is empty.
    OffsetsResetRefused {
        group: Arc<str>,
        error: ErrorCode,
    },
    /// The low watermark of every partition named, or why its records were not deleted.
    RecordsDeleted {
        results: Vec<(TopicName, PartitionId, Result<Offset, ErrorCode>)>,
    },
    /// `kafka-leader-election`: what became of each partition.
    LeadersElected {
        election_type: ElectionType,
        partitions: Vec<PartitionOutcome>,
    },
    /// `kafka-reassign-partitions --execute`; where the replicas were is what a way back needs.
    ReassignmentsStarted {
        current: Vec<(TopicName, u32, Vec<BrokerId>)>,
        partitions: Vec<PartitionOutcome>,
    },
    ReassignmentsCancelled {
        partitions: Vec<PartitionOutcome>,
    },
    /// One of these tools ended with Kafka's own sentence.
    AssignmentRefused {
        message: String,
    },
    /// `--shift-by` without a committed offset to shift.
    NoOffsetToShift {
        group: Arc<str>,
        partition: TopicPartition,
    },
}
