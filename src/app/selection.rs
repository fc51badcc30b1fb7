//! What a reader can point at in the figure, in prose and in the inspector: one enum for all of them.

use crate::engine::common::{NodeId, Offset, TopicPartition};

/// One thing, named the way the engine names it, so that a selection outlives the scene it was made in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Selection {
    /// A broker, controller, queue broker or client program.
    Node(NodeId),
    Partition(TopicPartition),
    /// The copy of a partition on one broker.
    Replica(NodeId, TopicPartition),
    /// A record in one broker's copy: the same offset may hold another record elsewhere, until it is truncated.
    Record(NodeId, TopicPartition, Offset),
    /// The connection between two nodes, lower node first.
    Link(NodeId, NodeId),
    /// A message in flight, by the engine's number.
    Message(u64),
    Group(String),
    /// A member of a group, by its program.
    Member(NodeId),
    QueueMessage(u64),
}

impl Selection {
    /// The connection between two nodes, whichever way round they are named.
    #[must_use]
    pub fn link(a: NodeId, b: NodeId) -> Self {
        if a <= b { Self::Link(a, b) } else { Self::Link(b, a) }
    }
}
