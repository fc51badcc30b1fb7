//! Names by which the painter finds the elements of the figure: the `data-anchor` attribute.
//!
//! A path begins and ends at an anchor. Components write these names, the painter reads them; nobody else does.

use crate::engine::common::{NodeId, TopicPartition};

/// The card or row of a node.
#[must_use]
pub fn node_anchor(node: NodeId) -> String {
    node.to_string()
}

/// The strip of a replica. It carries its columns too: `data-from`, `data-fold`, `data-columns`, `data-used`.
#[must_use]
pub fn strip_anchor(node: NodeId, partition: TopicPartition) -> String {
    format!("{node}/{}-{}", partition.topic, partition.partition)
}

/// The row of a broker in which requests wait.
#[must_use]
pub fn purgatory_anchor(node: NodeId) -> String {
    format!("{node}/purgatory")
}

/// The table of committed offsets, where it is drawn: commits go there.
pub const OFFSETS_ANCHOR: &str = "offsets";
