//! Many random runs, each held to its promises; one that goes wrong is made short and printed as a script.

use super::Failure;
use crate::checker::{Checker, Violation};
use crate::engine::World;
use crate::engine::common::Fingerprint;
use crate::scenario::random::RandomRun;
use crate::scenario::shrink;

/// How often a run is tried again to make it shorter.
const SHRINK_ATTEMPTS: u32 = 300;

/// How a random run went.
struct Outcome {
    events: u64,
    fingerprint: Fingerprint,
    /// The first promise that was broken.
    broken: Option<Violation>,
    /// Breaks of what the configuration does not promise.
    unpromised: usize,
}

pub(super) fn sweep(from: u64, seeds: u64) -> Result<(), Failure> {
    let (mut events, mut unpromised, mut bad) = (0, 0, Vec::new());
    for seed in from..from.saturating_add(seeds) {
        let run = RandomRun::of_seed(seed);
        let outcome = play(&run)?;
        events += outcome.events;
        unpromised += outcome.unpromised;
        let Some(violation) = outcome.broken else { continue };
        println!("seed {seed}: {} is broken at {}: {:?}", violation.guarantee.id(), violation.at, violation.evidence);
        println!("fingerprint {}; again with: kafkascope sweep --from {seed} --seeds 1", outcome.fingerprint);
        let small = shrink(&run, SHRINK_ATTEMPTS, |candidate| {
            play(candidate)
                .is_ok_and(|outcome| outcome.broken.is_some_and(|other| other.guarantee == violation.guarantee))
        });
        println!("# setup: {:?}\n{}", small.setup, small.script());
        bad.push(seed);
    }
    println!("{seeds} seeds, {events} events, {unpromised} breaks of what the configuration did not promise");
    if bad.is_empty() { Ok(()) } else { Err(format!("promises are broken on {} seeds: {bad:?}", bad.len())) }
}

/// Plays a run to its end. A command that makes no sense any more, because another was left out, is left out too.
fn play(run: &RandomRun) -> Result<Outcome, Failure> {
    let mut world = World::new(run.setup.clone()).map_err(|refusal| format!("seed {}: {refusal}", run.setup.seed))?;
    let mut checker = Checker::default();
    for (at, command) in &run.inputs {
        while world.next_event_at().is_some_and(|next| next <= *at) {
            step(&mut world, &mut checker);
        }
        world.wait_until(*at);
        let _ = world.apply(command);
        let facts = world.take_trace();
        checker.observe(&world, &facts);
    }
    while world.next_event_at().is_some_and(|next| next <= run.end) {
        step(&mut world, &mut checker);
    }
    let (promised, unpromised): (Vec<_>, Vec<_>) =
        checker.violations().iter().partition(|violation| violation.promised);
    Ok(Outcome {
        events: world.step_count().0,
        fingerprint: world.fingerprint(),
        broken: promised.first().map(|violation| (*violation).clone()),
        unpromised: unpromised.len(),
    })
}

fn step(world: &mut World, checker: &mut Checker) {
    world.step();
    let facts = world.take_trace();
    checker.observe(world, &facts);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// More seeds are swept by `kafkascope sweep`; these few keep the way open.
    #[test]
    fn promises_hold_on_a_few_random_runs() {
        for seed in 0..6 {
            let run = RandomRun::of_seed(seed);
            let first = play(&run).unwrap();
            assert!(first.broken.is_none(), "seed {seed}: {:?}\n{}", first.broken, run.script());
            assert_eq!(first.fingerprint, play(&run).unwrap().fingerprint, "seed {seed} is not one run");
        }
    }
}
