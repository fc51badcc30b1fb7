//! Clusters to start from in the sandbox: a setup and the very lines that anybody could type to fill it.
//!
//! A template is a document like a lesson, without the telling. Its lines may say `{replication}` and `{min-isr}`,
//! which follow the number of brokers, so that one template serves a cluster of any size.

use serde::Deserialize;

use super::caption::Bilingual;
use super::document::from_toml;
use super::moves::{Move, moves};
use crate::engine::Setup;

/// Copies that a topic gets when there are brokers enough.
const REPLICATION: usize = 3;

/// The documents, compiled into the program, in the order in which they are offered; the first is the default.
const DOCUMENTS: &[&str] = &[
    include_str!("templates/orders.toml"),
    include_str!("templates/one-broker.toml"),
    include_str!("templates/careless.toml"),
    include_str!("templates/queue-and-topic.toml"),
    include_str!("templates/ten-brokers.toml"),
    include_str!("templates/zookeeper.toml"),
];

/// A cluster to start from.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// Names it in links: lower-case words joined by hyphens.
    pub id: String,
    pub title: Bilingual<String>,
    /// What stands there, and what it is good for.
    pub about: Bilingual<String>,
    #[serde(default)]
    pub setup: Setup,
    /// The topic that the page shows first.
    pub topic: String,
    /// The partition that is drawn large.
    #[serde(default)]
    pub subject: u32,
    lines: Vec<String>,
}

impl Template {
    /// Those that come with the program.
    ///
    /// # Panics
    /// If one of them cannot be read; a test reads them all.
    #[must_use]
    pub fn builtin() -> Vec<Self> {
        let read = |document: &&str| from_toml(document).expect("a built-in template is sound");
        DOCUMENTS.iter().map(read).collect()
    }

    /// The lines as a cluster with this setup gets them.
    #[must_use]
    pub fn lines(&self, setup: &Setup) -> Vec<String> {
        let copies = setup.brokers.len().clamp(1, REPLICATION);
        // One copy may be missing, as the usual advice has it; a lone copy has nobody to wait for.
        let min_isr = copies.saturating_sub(1).max(1);
        let fill = |line: &String| {
            line.replace("{replication}", &copies.to_string()).replace("{min-isr}", &min_isr.to_string())
        };
        self.lines.iter().map(fill).collect()
    }

    /// What is to be done to a fresh world with this setup, in order.
    ///
    /// # Errors
    /// The line that the console does not understand, and why.
    pub fn moves(&self, setup: &Setup) -> Result<Vec<Move>, String> {
        moves(&self.lines(setup))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::World;
    use crate::engine::common::Span;

    /// Plays a template as the sandbox does, and returns the world ten seconds later.
    fn played(template: &Template, setup: Setup) -> World {
        let mut world = World::new(setup.clone()).expect("the setup is sound");
        for step in template.moves(&setup).expect("every line is understood") {
            match step {
                Move::Act(command) => world.apply(&command).expect("every line is accepted"),
                Move::Wait(span) => world.run_until(world.now() + span),
            }
        }
        world.run_until(world.now() + Span::secs(10));
        world
    }

    fn records(world: &World, topic: &str) -> u64 {
        let image = world.image();
        let id = image.topic_id(topic).expect("the topic it shows first is there");
        let own = image.partitions().filter(|(partition, _)| partition.topic == id);
        own.filter_map(|(partition, state)| Some(world.broker(state.leader?)?.log(partition)?.log_end_offset().0)).sum()
    }

    #[test]
    fn in_every_template_records_flow() {
        for template in Template::builtin() {
            let world = played(&template, template.setup.clone());
            let count = records(&world, &template.topic);
            assert!(count > 3, "{}: {count} records in {}", template.id, template.topic);
        }
    }

    #[test]
    fn a_template_stands_on_one_broker_and_on_ten() {
        let template = &Template::builtin()[0];
        for brokers in [1, 2, 10] {
            let mut setup = template.setup.clone();
            let spec = setup.brokers[0].clone();
            setup.brokers = (1..=brokers)
                .map(|id| crate::engine::world::BrokerSpec { id: crate::engine::common::BrokerId(id), ..spec.clone() })
                .collect();
            let world = played(template, setup);
            assert!(records(&world, &template.topic) > 3, "{brokers} brokers");
        }
    }

    #[test]
    fn ids_are_distinct_and_fit_for_an_address() {
        let mut ids: Vec<String> = Template::builtin().into_iter().map(|template| template.id).collect();
        assert!(ids.iter().all(|id| id.chars().all(|c| c.is_ascii_lowercase() || c == '-')), "{ids:?}");
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), DOCUMENTS.len());
    }
}
