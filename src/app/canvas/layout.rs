//! Where the elements of the figure stand, as last measured.

use std::collections::BTreeMap;

use super::anchor::{node_anchor, purgatory_anchor, strip_anchor};
use super::geometry::{Point, Rect};
use crate::engine::common::{NodeId, Offset, TopicPartition};

/// One measured element.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Anchored {
    pub rect: Rect,
    /// The card it stands on; paths end at a card's edge, not at a row inside it.
    pub card: Rect,
    pub columns: Option<StripColumns>,
}

/// The columns of a log strip, read from its attributes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StripColumns {
    pub from: Offset,
    pub fold: u64,
    pub count: u64,
    /// The first free column: where the next record will stand.
    pub used: u64,
}

/// All anchors of a figure. Equal when nothing has moved.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layout {
    pub anchors: BTreeMap<String, Anchored>,
    pub width: f64,
    pub height: f64,
    /// The size of type relative to a desk: a projector's is larger, and so is everything painted.
    pub scale: f64,
}

impl Layout {
    #[must_use]
    pub fn node(&self, node: NodeId) -> Option<&Anchored> {
        let own = self.anchors.get(&node_anchor(node));
        // Controllers have pills of their own; where those are missing, the quorum's card stands for them.
        own.or_else(|| {
            matches!(node, NodeId::Controller(_) | NodeId::ZooKeeper(_)).then(|| self.anchors.get("quorum")).flatten()
        })
    }

    #[must_use]
    pub fn strip(&self, node: NodeId, partition: TopicPartition) -> Option<&Anchored> {
        self.anchors.get(&strip_anchor(node, partition))
    }

    #[must_use]
    pub fn purgatory(&self, node: NodeId) -> Option<&Anchored> {
        self.anchors.get(&purgatory_anchor(node))
    }
}

impl Anchored {
    /// Just behind the last cell of a strip, at the height of its middle; the middle of anything else.
    #[must_use]
    pub fn log_end(&self) -> Point {
        let Some(columns) = self.columns else { return self.rect.centre() };
        let pitch = self.rect.width / (columns.count.max(1) as f64);
        let x = (self.rect.x + columns.used as f64 * pitch + pitch / 4.0).min(self.rect.right() - pitch / 4.0);
        Point::new(x, self.rect.centre().y)
    }
}
