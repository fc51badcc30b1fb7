//! The standard load, by which speed is told: what the native bench and the page both play.
//!
//! Three brokers, twelve partitions with three copies, two producers of a hundred records a second each, and two groups
//! of three. Beside it stand two bare queues that only push and pop: a figure in events per second says little across
//! machines, but its ratio to theirs says how much of a step is the simulation itself. No clock is read here; whoever
//! measures brings one.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::hint::black_box;

use crate::console::{self, Entry};
use crate::engine::{Setup, World};

/// Partitions, producers, groups.
const SCRIPT: &str = "
kafka-topics --create --topic orders --partitions 12 --replication-factor 3 --config min.insync.replicas=2
kafka-console-producer --topic orders --producer-property client.id=checkout --every 10ms --keys alice,bob,carol,dave
kafka-console-producer --topic orders --producer-property client.id=mobile --every 10ms --keys erin,frank,grace,heidi
kafka-console-consumer --topic orders --group billing --consumer-property client.id=billing-1
kafka-console-consumer --topic orders --group billing --consumer-property client.id=billing-2
kafka-console-consumer --topic orders --group billing --consumer-property client.id=billing-3
kafka-console-consumer --topic orders --group audit --consumer-property client.id=audit-1
kafka-console-consumer --topic orders --group audit --consumer-property client.id=audit-2
kafka-console-consumer --topic orders --group audit --consumer-property client.id=audit-3
";

/// The standard load before its first event.
///
/// # Panics
/// If a line of it is not accepted; a test stands it up.
#[must_use]
pub fn standard_world() -> World {
    let mut world = World::new(Setup::default()).expect("the default setup is sound");
    let lines = console::read_script(SCRIPT).expect("the script of the standard load is sound");
    for line in lines {
        if let Entry::Act(commands) = line.entry {
            for command in commands {
                world.apply(&command).expect("a fresh world accepts the standard load");
            }
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
        // Long enough for the groups to have formed and caught up.
        world.run_until(world.now() + Span::secs(20));
        let written = |world: &World| -> u64 {
            let image = world.image();
            let orders = image.topic_id("orders").expect("the topic is there");
            let own = image.partitions().filter(|(partition, _)| partition.topic == orders);
            own.filter_map(|(id, state)| Some(world.broker(state.leader?)?.log(id)?.log_end_offset().0)).sum()
        };
        let before = written(&world);
        world.run_until(world.now() + Span::secs(10));
        let rate = (written(&world) - before) / 10;
        assert!((199..=201).contains(&rate), "{rate} records a second");
        assert_eq!(world.consumers().count(), 6);
    }
}
