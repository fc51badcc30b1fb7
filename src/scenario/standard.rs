//! The standard load, by which speed is told: what the native bench and the page both play.
//!
//! Its lines are written as a template of the sandbox, and the page's bench types them there. Beside it stand two bare
//! queues that only push and pop: a figure in events per second says little across machines, but its ratio to theirs
//! says how much of a step is the simulation itself. No clock is read here; whoever measures brings one.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::hint::black_box;

use super::document::from_toml;
use super::{Move, Template};
use crate::engine::World;

/// Whoever wants to watch it can type its lines.
const LOAD: &str = include_str!("templates/standard-load.toml");

/// The standard load, its groups formed.
///
/// # Panics
/// If a line of it is not accepted; a test stands it up.
#[must_use]
pub fn standard_world() -> World {
    let load: Template = from_toml(LOAD).expect("a built-in template is sound");
    let mut world = World::new(load.setup.clone()).expect("the setup is sound");
    for step in load.moves(&load.setup).expect("every line is understood") {
        match step {
            Move::Act(command) => world.apply(&command).expect("every line is accepted"),
            Move::Wait(span) => world.run_until(world.now() + span),
        }
    }
    world
}

/// Plays so many events and returns the world after them; the facts are taken out as a page would.
#[must_use]
pub fn play(mut world: World, events: u64) -> World {
    let mut facts = Vec::new();
    for _ in 0..events {
        if !world.step() {
            break;
        }
        world.swap_trace(&mut facts);
        black_box(&facts);
    }
    world
}

/// A `BTreeMap` as the queue: an event is pushed for each that is popped, at a distance a linear congruence spreads.
pub fn bare_map(events: u64, pending: usize) {
    let mut queue: BTreeMap<(u64, u64), u64> = (0..pending as u64).map(|n| ((spread(n), n), n)).collect();
    for n in 0..events {
        let Some(((at, _), value)) = queue.pop_first() else { break };
        queue.insert((at + 1 + spread(n), n + pending as u64), black_box(value));
    }
    black_box(queue);
}

/// The same with a `BinaryHeap`.
pub fn bare_heap(events: u64, pending: usize) {
    let mut queue: BinaryHeap<Reverse<(u64, u64)>> = (0..pending as u64).map(|n| Reverse((spread(n), n))).collect();
    for n in 0..events {
        let Some(Reverse((at, value))) = queue.pop() else { break };
        queue.push(Reverse((at + 1 + spread(n), black_box(value))));
    }
    black_box(queue);
}

fn spread(n: u64) -> u64 {
    n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407) >> 48
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::common::Span;

    #[test]
    fn the_standard_load_is_two_hundred_records_a_second_in_twelve_partitions_read_by_two_groups() {
        let mut world = standard_world();
        let written = |world: &World| -> u64 {
            let image = world.image();
            let clicks = image.topic_id("clicks").expect("the topic is there");
            let own = image.partitions().filter(|(partition, _)| partition.topic == clicks);
            own.filter_map(|(id, state)| Some(world.broker(state.leader?)?.log(id)?.log_end_offset().0)).sum()
        };
        let before = written(&world);
        world.run_until(world.now() + Span::secs(10));
        let rate = (written(&world) - before) / 10;
        assert!((199..=201).contains(&rate), "{rate} records a second");
        // A producer that came before the topic would have had it made on the spot: one partition, one copy.
        let image = world.image();
        let clicks = image.topic_id("clicks").expect("the topic is there");
        let own: Vec<_> = image.partitions().filter(|(partition, _)| partition.topic == clicks).collect();
        assert_eq!(own.len(), 12);
        assert!(own.iter().all(|(_, state)| state.isr.len() == 3));
        assert_eq!(world.consumers().count(), 6);
    }
}
