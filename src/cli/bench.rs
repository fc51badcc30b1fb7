//! How fast the engine is, on this machine, in this minute: events per second, and beside them a bare queue.
//!
//! Absolute numbers say little across machines; the ratio to a queue that does nothing but push and pop says how much
//! of a step is the simulation itself.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::hint::black_box;
use std::time::{Duration, Instant};

use super::Failure;
use crate::console::{self, Entry};
use crate::engine::{Setup, World};

/// A steady life: three brokers, two producers, a group of three.
const SCRIPT: &str = "
kafka-topics --create --topic orders --partitions 6 --replication-factor 3 --config min.insync.replicas=2
kafka-console-producer --topic orders --producer-property client.id=checkout --every 5ms --keys alice,bob,carol,dave
kafka-console-producer --topic orders --producer-property client.id=mobile --producer-property linger.ms=5 --every 2ms
kafka-console-consumer --topic orders --group billing --consumer-property client.id=billing-1 --processing 1ms
kafka-console-consumer --topic orders --group billing --consumer-property client.id=billing-2 --processing 1ms
kafka-console-consumer --topic orders --group audit --consumer-property client.id=audit-1
";

pub(super) fn bench(events: u64) -> Result<(), Failure> {
    let mut world = World::new(Setup::default()).map_err(|refusal| refusal.to_string())?;
    let lines = console::read_script(SCRIPT).map_err(|problems| problems[0].to_string())?;
    for line in lines {
        if let Entry::Act(commands) = line.entry {
            for command in commands {
                world.apply(&command).map_err(|refusal| refusal.to_string())?;
            }
        }
    }
    let begun = Instant::now();
    for _ in 0..events {
        if !world.step() {
            return Err("the cluster fell silent: nothing is left to happen".to_owned());
        }
        black_box(world.take_trace());
    }
    let engine = begun.elapsed();
    let pending = world.kernel().pending_events().max(1);
    let (map, heap) = (bare_map(events, pending), bare_heap(events, pending));
    println!("{:<34}{:>14} events/s", "engine", per_second(events, engine));
    println!("{:<34}{:>14} events/s", format!("bare BTreeMap, {pending} pending"), per_second(events, map));
    println!("{:<34}{:>14} events/s", format!("bare BinaryHeap, {pending} pending"), per_second(events, heap));
    println!(
        "an engine event costs {:.1} pops of the map and {:.1} of the heap",
        ratio(engine, map),
        ratio(engine, heap)
    );
    let simulated = world.now();
    println!(
        "{simulated} s of virtual time, {:.0} times as fast as the clock",
        simulated.0 as f64 / 1e6 / engine.as_secs_f64()
    );
    println!("fingerprint {}", world.fingerprint());
    Ok(())
}

fn per_second(events: u64, took: Duration) -> u64 {
    (events as f64 / took.as_secs_f64()) as u64
}

fn ratio(a: Duration, b: Duration) -> f64 {
    a.as_secs_f64() / b.as_secs_f64()
}

/// Pushes an event for each that it pops, at a distance that a linear congruence spreads.
fn bare_map(events: u64, pending: usize) -> Duration {
    let mut queue: BTreeMap<(u64, u64), u64> = (0..pending as u64).map(|n| ((spread(n), n), n)).collect();
    let begun = Instant::now();
    for n in 0..events {
        let Some(((at, _), value)) = queue.pop_first() else { break };
        queue.insert((at + 1 + spread(n), n + pending as u64), black_box(value));
    }
    begun.elapsed()
}

fn bare_heap(events: u64, pending: usize) -> Duration {
    let mut queue: BinaryHeap<Reverse<(u64, u64)>> = (0..pending as u64).map(|n| Reverse((spread(n), n))).collect();
    let begun = Instant::now();
    for n in 0..events {
        let Some(Reverse((at, value))) = queue.pop() else { break };
        queue.push(Reverse((at + 1 + spread(n), black_box(value))));
    }
    begun.elapsed()
}

fn spread(n: u64) -> u64 {
    n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407) >> 48
}
