//! What can be promised, and how a verdict is told. Names follow Vanlightly's TLA+ specifications of KIP-966 where
//! these have one.

use crate::engine::common::{BrokerId, Generation, LeaderEpoch, NodeId, Offset, Step, Time, TopicPartition};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Guarantee {
    /// A record whose producer has the acknowledgement is in the log of every later leader. Given to records sent with
    /// acks=all, except where [`Unpromised`] says why not; to other records never.
    AckedRecordsSurvive,
    /// What was below the high watermark is in the log of every later leader (LeaderCompleteness), with the same
    /// exceptions for power and unclean elections.
    CommittedRecordsSurvive,
    /// Two brokers never lead one partition in one epoch. Always.
    OneLeaderPerEpoch,
    /// Within a leader's epoch the high watermark only rises. Always: who comes back from a power loss comes back under
    /// another epoch.
    HighWatermarkNeverFalls,
    /// No consumer is handed a record that was not below a high watermark (ReadConsistency). Always.
    ReadsBelowHighWatermark,
    /// In one generation of a group, a partition has one owner. Given as long as the group's own log, one partition of
    /// `__consumer_offsets`, has not lost committed records: a coordinator that forgot counts generations anew.
    /// Before 0.9: as long as a consumer's ZooKeeper session lives, nobody else owns what it owns. A consumer that has not
    /// heard of its session's end reads on beside the next owner, and nothing stops it.
    OneOwnerPerPartition,
    /// Records that one producer sent to one partition keep their order. Given to producers that are idempotent or have
    /// one request in flight, as long as the leader can judge a batch by its sequence.
    RecordsKeepTheirOrder,
    /// A record that a producer was given once stands in a log once, however often its batch was sent. Given to idempotent
    /// producers, for as long as the program lives: what it is given twice it writes twice.
    RecordsAreWrittenOnce,
    /// Two controllers never lead the metadata log in one epoch. Always: a vote is on disk before it is told.
    OneControllerPerEpoch,
    /// A committed record of the metadata log is in the log of every later leader of the quorum. Always, power losses
    /// included: a voter's copy is on disk before it counts.
    CommittedMetadataSurvives,
    /// The queue hands a message to one worker at a time. Always.
    OneWorkerPerMessage,
}

impl Guarantee {
    /// In the order of the panel: what the class asks about first.
    pub const ALL: [Self; 11] = [
        Self::AckedRecordsSurvive,
        Self::CommittedRecordsSurvive,
        Self::ReadsBelowHighWatermark,
        Self::RecordsKeepTheirOrder,
        Self::RecordsAreWrittenOnce,
        Self::OneLeaderPerEpoch,
        Self::OneOwnerPerPartition,
        Self::HighWatermarkNeverFalls,
        Self::OneControllerPerEpoch,
        Self::CommittedMetadataSurvives,
        Self::OneWorkerPerMessage,
    ];

    /// Short name for texts, tests and scripts.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::AckedRecordsSurvive => "acked-records-survive",
            Self::CommittedRecordsSurvive => "committed-records-survive",
            Self::OneLeaderPerEpoch => "one-leader-per-epoch",
            Self::HighWatermarkNeverFalls => "high-watermark-never-falls",
            Self::ReadsBelowHighWatermark => "reads-below-high-watermark",
            Self::OneOwnerPerPartition => "one-owner-per-partition",
            Self::RecordsKeepTheirOrder => "records-keep-their-order",
            Self::RecordsAreWrittenOnce => "records-are-written-once",
            Self::OneControllerPerEpoch => "one-controller-per-epoch",
            Self::CommittedMetadataSurvives => "committed-metadata-survives",
            Self::OneWorkerPerMessage => "one-worker-per-message",
        }
    }
}

/// Something happened that a guarantee is about: either a broken promise, or a loss that was never promised away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub guarantee: Guarantee,
    pub step: Step,
    pub at: Time,
    pub evidence: Evidence,
    /// Why Kafka did not promise these very records, this group, this producer; `None`: it did, and broke its word.
    pub unpromised: Option<Unpromised>,
}

impl Violation {
    /// Is it a broken promise?
    #[must_use]
    pub fn is_promised(&self) -> bool {
        self.unpromised.is_none()
    }
}

/// What was seen, in values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// The new leader's log lacks records `first..=last` that had been acknowledged or committed.
    Missing {
        partition: TopicPartition,
        leader: BrokerId,
        first: Offset,
        last: Offset,
    },
    TwoLeaders {
        partition: TopicPartition,
        epoch: LeaderEpoch,
        brokers: (BrokerId, BrokerId),
    },
    TwoControllers {
        epoch: LeaderEpoch,
        controllers: (BrokerId, BrokerId),
    },
    /// The new leader's metadata log ends, or parts from what was committed, before `committed`.
    MetadataMissing {
        controller: BrokerId,
        end: Offset,
        committed: Offset,
    },
    /// In ZooKeeper mode: the controller epoch stands for the role itself.
    TwoKafkaControllers {
        epoch: u32,
        brokers: (BrokerId, BrokerId),
    },
    Fell {
        partition: TopicPartition,
        from: Offset,
        to: Offset,
    },
    ReadTooFar {
        partition: TopicPartition,
        read: Offset,
        high_watermark: Offset,
    },
    /// Before 0.9 there are no generations: the second claimed the partition while the first had not let go.
    TwoOwners {
        partition: TopicPartition,
        generation: Option<Generation>,
        owners: (NodeId, NodeId),
    },
    OutOfOrder {
        partition: TopicPartition,
        producer: NodeId,
        first: Offset,
        second: Offset,
    },
    /// The same records of a producer begin at both offsets.
    WrittenTwice {
        partition: TopicPartition,
        producer: NodeId,
        first: Offset,
        second: Offset,
    },
    TwoWorkers {
        message: u64,
        workers: (NodeId, NodeId),
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Holds,
    BrokenHere(Violation),
    BrokenEarlier(Violation),
    /// Kafka keeps its word: it never gave it. `seen` is what became of it, if anything did.
    NotPromised {
        why: Unpromised,
        seen: Option<Violation>,
    },
}

/// Why Kafka did not promise: the exceptions, each as narrow as Kafka's own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unpromised {
    /// The record was sent with acks=0 or acks=1: the leader alone had it when it was acknowledged
    /// (`Partition.appendRecordsToLeader`). Other producers' records are not concerned.
    Acks { producer: NodeId },
    /// No in-sync replica lived, and `unclean.leader.election.enable` or an operator let another one lead: what it lacks
    /// of earlier epochs is gone (`PartitionChangeBuilder`, Election.UNCLEAN). Later records are not concerned.
    UncleanElection { partition: TopicPartition, leader: BrokerId },
    /// Nobody was in sync or eligible any more, since the processes of all who were had died, and the last leader led
    /// again, with or without everything (`PartitionChangeBuilder.canElectLastKnownLeader`, KIP-966).
    LastKnownLeader { partition: TopicPartition, leader: BrokerId },
    /// At one moment no in-sync replica (with KIP-966: and no eligible leader replica) had the records any more, each
    /// of `brokers` having lost them with its power before they were flushed. Kafka does not wait for disks
    /// (`flush.messages`, `flush.ms`): it promises a committed record as long as one in-sync replica keeps it. That
    /// the replica's broker lives is not asked: without KIP-966 the last in-sync replica may be a dead one that was not
    /// fenced yet, and it alone may lead again.
    PowerLoss { partition: TopicPartition, brokers: Vec<BrokerId> },
    /// In ZooKeeper mode the leader lost its power, and was back before any controller saw that it was gone: nothing in
    /// ZooKeeper tells its new process from the one that was in sync. KRaft compares broker epochs.
    Unnoticed { partition: TopicPartition, leader: BrokerId },
    /// Before 0.11 a replica that begins to follow cuts its log at its own high watermark, which lags one fetch behind. It
    /// stayed in sync, and had to lead before it had fetched again what was committed (`ReplicaManager.makeFollowers`,
    /// KIP-101).
    CutAtHighWatermark { partition: TopicPartition, leader: BrokerId },
    /// Before 0.11 nobody compares logs below the high watermark: since an earlier loss, which was not promised away, this
    /// replica held other records at the same offsets, in sync (KIP-101).
    NeverCompared { partition: TopicPartition, leader: BrokerId },
    /// The consumer's ZooKeeper session had ended without its knowing, so its partition was free for another
    /// (before 0.9; generations fence such a member).
    SessionEnded { consumer: NodeId },
    /// The producer has several requests in flight without idempotence: a retry may overtake.
    Order { producer: NodeId },
    /// Without idempotence a batch whose answer was lost is sent again, and the leader cannot know it.
    NotIdempotent { producer: NodeId },
    /// The leader had to read its producer state from a snapshot, which keeps one batch of each producer, or knew nothing
    /// of the producer any more (`producer.id.expiration.ms`): it takes an older batch for a gap, and since 2.5 the
    /// producer then numbers anew what is in flight (KIP-360).
    ProducerStateLost { partition: TopicPartition, leader: BrokerId },
    /// The leader knew nothing of the producer, and since 2.5 such a leader takes a batch with any sequence
    /// (`ProducerAppendInfo.checkSequence`). Earlier batches that had not reached it are gaps to it: they come last, under
    /// another epoch, or not at all (KAFKA-14359, KAFKA-15591).
    ProducerUnknown { partition: TopicPartition, leader: BrokerId },
}
