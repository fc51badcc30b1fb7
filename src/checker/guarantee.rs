//! What can be promised, and how a verdict is told. Names follow Vanlightly's TLA+ specifications of KIP-966 where
//! these have one.

use crate::engine::common::{BrokerId, Generation, LeaderEpoch, NodeId, Offset, Step, Time, TopicPartition};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Guarantee {
    /// A record whose producer has the acknowledgement is in the log of every later leader.
    /// Kafka gives it with acks=all, clean elections, and no power loss that reaches every in-sync replica. The checker
    /// is coarser: after any broker's power loss it claims nothing for the rest of the run.
    AckedRecordsSurvive,
    /// What was below the high watermark is in the log of every later leader (LeaderCompleteness).
    /// Promised with clean elections; like the one above, and like everything but one leader per epoch that is judged
    /// from brokers' facts, not claimed after a power loss.
    CommittedRecordsSurvive,
    /// Two brokers never lead one partition in one epoch.
    OneLeaderPerEpoch,
    /// Within a leader's epoch the high watermark only rises.
    HighWatermarkNeverFalls,
    /// No consumer is handed a record at or above the high watermark (ReadConsistency).
    ReadsBelowHighWatermark,
    /// In one generation of a group, a partition has one owner.
    OneOwnerPerPartition,
    /// Records that one producer sent to one partition keep their order.
    RecordsKeepTheirOrder,
    /// The queue hands a message to one worker at a time.
    OneWorkerPerMessage,
}

impl Guarantee {
    /// In the order of the panel: what the class asks about first.
    pub const ALL: [Self; 8] = [
        Self::AckedRecordsSurvive,
        Self::CommittedRecordsSurvive,
        Self::ReadsBelowHighWatermark,
        Self::RecordsKeepTheirOrder,
        Self::OneLeaderPerEpoch,
        Self::OneOwnerPerPartition,
        Self::HighWatermarkNeverFalls,
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
            Self::OneWorkerPerMessage => "one-worker-per-message",
        }
    }
}

/// One break: which promise, where, and what was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub guarantee: Guarantee,
    pub step: Step,
    pub at: Time,
    /// Promised by the configuration at the time? If not, the loss is real but no promise was broken.
    pub promised: bool,
    pub evidence: Evidence,
}

/// What was seen, in values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// The new leader's log ends (for this epoch's records) before what had been acknowledged or committed.
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
    TwoOwners {
        partition: TopicPartition,
        generation: Generation,
        owners: (NodeId, NodeId),
    },
    OutOfOrder {
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
    NotPromised(Unpromised),
}

/// Why a guarantee was never given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unpromised {
    /// A producer is content with less than acks=all.
    Acks,
    /// `unclean.leader.election.enable=true`.
    UncleanElection,
    /// A machine lost power with records that were never flushed; Kafka relies on the other replicas for these.
    PowerLoss,
    /// A producer has several requests in flight without idempotence: a retry may overtake.
    Order,
}
