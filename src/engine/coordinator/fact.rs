//! What happens on a group coordinator.

use std::sync::Arc;

use crate::engine::common::{ErrorCode, Generation, MemberId, NodeId, Offset, PartitionId, TopicPartition};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum GroupFact {
    /// This broker now answers for the groups of one partition of `__consumer_offsets`, having read it from the start.
    Loaded {
        partition: PartitionId,
        groups: u32,
        offsets: u32,
    },
    Unloaded {
        partition: PartitionId,
    },
    /// KIP-394: a newcomer was given an id and must come again with it.
    MemberIdGiven {
        group: Arc<str>,
        member: MemberId,
        client: NodeId,
    },
    MemberJoined {
        group: Arc<str>,
        member: MemberId,
        client: NodeId,
    },
    MemberLeft {
        group: Arc<str>,
        member: MemberId,
    },
    /// No heartbeat for `session.timeout.ms`, or no rejoin within the rebalance timeout.
    MemberExpired {
        group: Arc<str>,
        member: MemberId,
        why: ExpiredBecause,
    },
    StateChanged {
        group: Arc<str>,
        from: GroupState,
        to: GroupState,
    },
    GenerationBegun {
        group: Arc<str>,
        generation: Generation,
        protocol: Arc<str>,
        leader: Option<MemberId>,
        members: u32,
    },
    Assigned {
        group: Arc<str>,
        generation: Generation,
        assignment: Vec<(MemberId, Vec<TopicPartition>)>,
    },
    OffsetCommitted {
        group: Arc<str>,
        partition: TopicPartition,
        offset: Offset,
    },
    Refused {
        group: Arc<str>,
        client: NodeId,
        error: ErrorCode,
    },
}

/// States of a classic group, by Kafka's names (`ClassicGroupState`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GroupState {
    #[default]
    Empty,
    PreparingRebalance,
    CompletingRebalance,
    Stable,
    Dead,
}

impl GroupState {
    /// Kafka's word, untranslated.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::PreparingRebalance => "PreparingRebalance",
            Self::CompletingRebalance => "CompletingRebalance",
            Self::Stable => "Stable",
            Self::Dead => "Dead",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExpiredBecause {
    SessionTimeout,
    DidNotRejoin,
    DidNotSync,
}
