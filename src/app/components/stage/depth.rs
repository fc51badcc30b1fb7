//! Semantic zoom: how much of a partition is drawn. Depth changes what is shown, never the size of type.

use super::density::Density;
use crate::engine::common::TopicPartition;
use crate::view::scene::Scene;

/// More replicas than this are drawn as a map.
const MAP_ABOVE_REPLICAS: usize = 36;

/// Up to so many partitions beside the subject show their keys.
const GLYPHS_UP_TO: usize = 3;

/// Up to so many show bars; more would push the brokers out of view.
const BARS_UP_TO: usize = 8;

/// How the partitions beside the subject are drawn; the subject itself always shows cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// One mark per replica, in a table beside the brokers.
    Map,
    /// Log start, high watermark and log end to one scale.
    Bars,
    /// A strip of key glyphs in the subject's columns.
    Glyphs,
    /// Everything: offsets, pennants, group markers.
    Cells,
    /// A phone and a projector have room for the subject alone.
    Hidden,
}

/// The depth of the partitions beside the subject.
#[must_use]
pub fn depth_of_others(scene: &Scene, density: Density) -> Depth {
    let replicas: usize = scene.brokers.iter().map(|broker| broker.replicas.len()).sum();
    let most = scene.brokers.iter().map(|broker| broker.replicas.len()).max().unwrap_or(0);
    match density {
        Density::Half if most <= 2 => Depth::Cells,
        _ if replicas > MAP_ABOVE_REPLICAS || most > BARS_UP_TO + 1 => Depth::Map,
        Density::Presenter | Density::Phone => Depth::Hidden,
        _ if most <= GLYPHS_UP_TO => Depth::Glyphs,
        _ => Depth::Bars,
    }
}

/// The partition to draw large: the one asked for if it is there, else the first.
#[must_use]
pub fn subject_of(scene: &Scene, asked: Option<TopicPartition>) -> Option<TopicPartition> {
    let replicas = || scene.brokers.iter().flat_map(|broker| &broker.replicas).map(|replica| replica.partition);
    asked.filter(|&asked| replicas().any(|partition| partition == asked)).or_else(|| replicas().min())
}
