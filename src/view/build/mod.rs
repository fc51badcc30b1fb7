//! From a world to its picture: the only place that reads engine state for the stage.
//!
//! Pure: same world, same keys, same focus, same scene. Every mark of the picture is a field of the engine.

mod brokers;
mod controllers;
mod ensemble;
mod groups;
mod producers;
mod queue;
mod tray;

pub use groups::{GroupView, group_badges, groups};

use super::keys::Keys;
use super::scene::{LinkMark, Scene, TopicHeading};
use crate::checker::LostRecords;
use crate::engine::common::{NodeId, TopicId};
use crate::engine::world::World;

/// What the stage is asked to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Focus {
    /// Name of the topic in view; `None` takes the first that users created.
    pub topic: Option<String>,
    /// How many offsets a strip has room for.
    pub slots: u32,
}

impl Default for Focus {
    fn default() -> Self {
        Self { topic: None, slots: 12 }
    }
}

/// Topics whose names begin so belong to Kafka itself.
const INTERNAL: &str = "__";

/// The topic that `focus` means, in this world.
#[must_use]
pub fn topic_in_view(world: &World, focus: &Focus) -> Option<TopicId> {
    let image = world.image();
    match &focus.topic {
        Some(name) => image.topic_id(name),
        None => image.topics().find(|(_, topic)| !topic.name.starts_with(INTERNAL)).map(|(id, _)| id),
    }
}

/// Everything that stands on the stage. `lost` are the acknowledged records the checker saw disappear.
#[must_use]
pub fn scene(world: &World, keys: &Keys, lost: &[LostRecords], focus: &Focus) -> Scene {
    let topic = topic_in_view(world, focus);
    let groups = groups(world);
    let badges = group_badges(&groups);
    Scene {
        at: world.now(),
        topic: topic.and_then(|topic| heading(world, topic)),
        controllers: controllers::strip(world, topic),
        brokers: brokers::cards(world, keys, topic, &groups, &badges, focus),
        producers: producers::cards(world, keys, topic, lost),
        groups: groups::cards(world, keys, topic, &groups, &badges),
        queue: queue::card(world, keys),
        queue_apps: queue::apps(world, keys),
        keys: keys.legend(),
        tray: tray::tray(world, keys, lost),
        links: links(world),
    }
}

fn heading(world: &World, id: TopicId) -> Option<TopicHeading> {
    let topic = world.image().topic(id)?;
    let factor = topic.partitions.values().next().map_or(0, |partition| partition.replicas.len());
    let overridden = topic.overrides.get("min.insync.replicas").and_then(|text| text.parse().ok());
    let default = || world.brokers().next().map_or(1, |(_, broker)| broker.config().min_insync_replicas);
    Some(TopicHeading {
        name: topic.name.to_string(),
        partitions: u32::try_from(topic.partitions.len()).unwrap_or(u32::MAX),
        replication_factor: u32::try_from(factor).unwrap_or(u32::MAX),
        min_insync_replicas: overridden.unwrap_or_else(default),
    })
}

/// One mark per pair of nodes whose link is not as it should be.
fn links(world: &World) -> Vec<LinkMark> {
    let mut marks: Vec<LinkMark> = Vec::new();
    for (from, to, link) in world.kernel().links().filter(|(_, _, link)| link.cut || link.held) {
        let other_way = marks.iter_mut().find(|mark| mark.a == to && mark.b == from);
        match other_way {
            Some(mark) => {
                mark.oneway = mark.cut != link.cut;
                mark.cut |= link.cut;
                mark.held |= link.held;
            }
            None => {
                marks.push(LinkMark { a: from, b: to, cut: link.cut, oneway: link.cut, held: link.held, since: None })
            }
        }
    }
    marks
}

/// Pairs that have an open connection: where a hairline is drawn, and what can be cut.
#[must_use]
pub fn connections(world: &World) -> Vec<(NodeId, NodeId)> {
    world.kernel().connections().collect()
}
