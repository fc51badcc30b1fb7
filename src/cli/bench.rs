//! How fast the engine is, on this machine, in this minute: events per second, and beside them two bare queues.

use std::time::{Duration, Instant};

use super::Failure;
use crate::scenario::standard::{bare_heap, bare_map, play, standard_world};

pub(super) fn bench(events: u64) -> Result<(), Failure> {
    let world = standard_world();
    let (engine, world) = timed(|| play(world, events));
    let pending = world.kernel().pending_events().max(1);
    let (map, ()) = timed(|| bare_map(events, pending));
    let (heap, ()) = timed(|| bare_heap(events, pending));
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

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let begun = Instant::now();
    let made = work();
    (begun.elapsed(), made)
}

fn per_second(events: u64, took: Duration) -> u64 {
    (events as f64 / took.as_secs_f64()) as u64
}

fn ratio(a: Duration, b: Duration) -> f64 {
    a.as_secs_f64() / b.as_secs_f64()
}
