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

impl Depth {
    /// From the widest view to the closest.
    const STEPS: [Self; 4] = [Self::Map, Self::Bars, Self::Glyphs, Self::Cells];

    /// For `data-depth`, which tests and styles read.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Map => "map",
            Self::Bars => "bars",
            Self::Glyphs => "glyphs",
            Self::Cells => "cells",
            Self::Hidden => "hidden",
        }
    }

    /// One step closer, or further away; `None` at the end.
    #[must_use]
    pub fn next(self, closer: bool) -> Option<Self> {
        let Some(at) = Self::STEPS.iter().position(|step| *step == self) else {
            // What is hidden comes into view.
            return Some(if closer { Self::Glyphs } else { Self::Map });
        };
        let next = if closer { at.checked_add(1) } else { at.checked_sub(1) };
        next.and_then(|next| Self::STEPS.get(next)).copied()
    }
}

/// The depth of the partitions beside the subject: as asked, else what there is room for.
#[must_use]
pub fn depth_of_others(scene: &Scene, density: Density, asked: Option<Depth>) -> Depth {
    if let (Some(asked), Density::Desk | Density::Presenter) = (asked, density) {
        return asked;
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zoom_goes_from_the_map_to_cells_and_ends_there() {
        let mut depth = Depth::Map;
        let mut seen = vec![depth];
        while let Some(next) = depth.next(true) {
            assert_eq!(next.next(false), Some(depth), "and back the same way");
            seen.push(next);
            depth = next;
        }
        assert_eq!(seen, Depth::STEPS);
        assert_eq!(Depth::Map.next(false), None);
        assert_eq!(Depth::Hidden.next(true), Some(Depth::Glyphs));
    }

    #[test]
    fn what_is_asked_for_is_shown_where_there_is_room() {
        let scene = Scene::default();
        assert_eq!(depth_of_others(&scene, Density::Desk, Some(Depth::Map)), Depth::Map);
        assert_eq!(depth_of_others(&scene, Density::Desk, None), Depth::Glyphs);
        assert_eq!(depth_of_others(&scene, Density::Phone, Some(Depth::Cells)), Depth::Hidden);
    }
}
