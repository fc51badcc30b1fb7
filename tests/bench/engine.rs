//! How fast the engine is: events of the standard load, beside a bare `BTreeMap` and a bare `BinaryHeap` that only push
//! and pop, measured by criterion in one run. What counts across machines is the ratio, printed at the end.

use std::hint::black_box;
use std::path::PathBuf;

use criterion::{BatchSize, Criterion, Throughput};
use kafkascope::engine::World;
use kafkascope::scenario::standard::{bare_heap, bare_map, play, standard_world};

/// Until then topics are made and groups form.
const WARM_UP: u64 = 100_000;
const EVENTS: u64 = 100_000;
const GROUP: &str = "events";

fn main() {
    let world = play(standard_world(), WARM_UP);
    let pending = world.kernel().pending_events().max(1);
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group(GROUP);
    group.throughput(Throughput::Elements(EVENTS)).sample_size(20);
    group.bench_function("engine", |bencher| {
        bencher.iter_batched(|| world.clone(), |world| play(world, EVENTS), BatchSize::LargeInput);
    });
    group.bench_function("map", |bencher| bencher.iter(|| bare_map(black_box(EVENTS), pending)));
    group.bench_function("heap", |bencher| bencher.iter(|| bare_heap(black_box(EVENTS), pending)));
    group.finish();
    criterion.final_summary();
    summary(world, pending);
}

/// Says what the three figures mean together. Nothing was measured if the command was only asked for a list or a test.
fn summary(world: World, pending: usize) {
    let (Some(engine), Some(map), Some(heap)) = (seconds("engine"), seconds("map"), seconds("heap")) else { return };
    let begun = world.now();
    let world = play(world, EVENTS);
    let simulated = world.now().since(begun).0 as f64 / 1e6;
    println!("engine: {:.0} events/s, {:.0} times as fast as the clock", EVENTS as f64 / engine, simulated / engine);
    println!(
        "an engine event costs {:.1} times a push and a pop of the map, {:.1} times those of the heap ({pending} pending)",
        engine / map,
        engine / heap
    );
    println!("fingerprint {}", world.fingerprint());
}

/// The mean of the last measurement, which criterion leaves in a file.
fn seconds(function: &str) -> Option<f64> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    let file = target.join("criterion").join(GROUP).join(function).join("new/estimates.json");
    let estimates: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(file).ok()?).ok()?;
    Some(estimates["mean"]["point_estimate"].as_f64()? / 1e9)
}
