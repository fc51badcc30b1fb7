//! Messages in flight as a view draws them: between two steps only their place on the path changes.

use super::scene::Glyph;
use crate::engine::common::{NodeId, Offset, TopicPartition};
use crate::engine::protocol::Class;

/// One message on its way, at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The engine's number of the message.
    pub id: u64,
    pub from: NodeId,
    pub to: NodeId,
    pub class: Class,
    pub is_response: bool,
    /// Where its path begins and ends more exactly than the node: a replica's strip.
    pub partition: Option<TopicPartition>,
    /// Where on that strip it will land, or from where it reads.
    pub offset: Option<Offset>,
    /// Share of its way in thousandths.
    pub travelled_permille: u16,
    pub fate: EnvelopeFate,
    /// What it carries, at most a handful; else a short text.
    pub glyphs: Vec<Glyph>,
    /// "from 4", "P0=6", "epoch 5 ends at 6".
    pub text: String,
    /// Kafka's API name: "Produce", "Fetch".
    pub api: String,
    /// A sign of life, an empty answer, or other topics' traffic: drawn pale and small, or not at all.
    pub quiet: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnvelopeFate {
    Arrives,
    Held,
    WillBeLost,
}
