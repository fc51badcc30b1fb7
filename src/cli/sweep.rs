//! Many random runs, each held to its promises; one that goes wrong is made short and printed as a script.

use std::collections::BTreeMap;

use super::Failure;
use crate::checker::{Checker, Guarantee, Unpromised, Violation};
use crate::engine::command::{Command, Target};
use crate::engine::common::Fingerprint;
use crate::engine::runtime::Crash;
use crate::engine::{Record, World};
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
    /// What happened although it was not promised away: which guarantee, and why it was none.
    unpromised: BTreeMap<(Guarantee, &'static str), u64>,
}

/// What a sweep adds up to.
#[derive(Default)]
struct Tally {
    events: u64,
    unpromised: BTreeMap<(Guarantee, &'static str), u64>,
    /// Runs in which this happened to a broker.
    crashed: u64,
    lost_power: u64,
    bad: Vec<u64>,
}

impl Tally {
    fn add(&mut self, run: &RandomRun, outcome: &Outcome) {
        self.events += outcome.events;
        for (what, times) in &outcome.unpromised {
            *self.unpromised.entry(*what).or_default() += times;
        }
        let happened = |kind| {
            run.inputs
                .iter()
                .any(|(_, command)| matches!(command, Command::Crash { node: Target::Broker(_), how } if *how == kind))
        };
        self.crashed += u64::from(happened(Crash::Process));
        self.lost_power += u64::from(happened(Crash::Power));
    }

    fn print(&self, seeds: u64) {
        let Self { events, crashed, lost_power, .. } = self;
        println!("{seeds} seeds, {events} events; a broker lost power in {lost_power} runs and crashed in {crashed}");
        for ((guarantee, why), times) in &self.unpromised {
            println!("not promised, {why}: {} {times} times", guarantee.id());
        }
    }
}

pub(super) fn sweep(from: u64, seeds: u64, disks: bool, trace: bool) -> Result<(), Failure> {
    let mut tally = Tally::default();
    for seed in from..from.saturating_add(seeds) {
        let run = RandomRun::of_seed(seed);
        let run = if disks { run.with_failing_disks() } else { run };
        let outcome = play(&run)?;
        tally.add(&run, &outcome);
        let Some(violation) = outcome.broken else { continue };
        println!("seed {seed}: {} is broken at {}: {:?}", violation.guarantee.id(), violation.at, violation.evidence);
        println!(
            "fingerprint {}; again with: kafkascope sweep --from {seed} --seeds 1{}",
            outcome.fingerprint,
            if disks { " --disks" } else { "" }
        );
        let small = shrink(&run, SHRINK_ATTEMPTS, |candidate| {
            play(candidate)
                .is_ok_and(|outcome| outcome.broken.is_some_and(|other| other.guarantee == violation.guarantee))
        });
        println!("# setup: {:?}\n{}", small.setup, small.script());
        if trace {
            let mut records = Vec::new();
            let (world, _) = watch(&small, |facts| records.extend_from_slice(facts))?;
            super::trace::print_records(&world, &records);
        }
        tally.bad.push(seed);
    }
    tally.print(seeds);
    match tally.bad.as_slice() {
        [] => Ok(()),
        bad => Err(format!("promises are broken on {} seeds: {bad:?}", bad.len())),
    }
}

fn name(why: &Unpromised) -> &'static str {
    match why {
        Unpromised::Acks { .. } => "acks",
        Unpromised::UncleanElection { .. } => "unclean election",
        Unpromised::LastKnownLeader { .. } => "last known leader",
        Unpromised::PowerLoss { .. } => "power loss",
        Unpromised::Unnoticed { .. } => "unnoticed power loss",
        Unpromised::CutAtHighWatermark { .. } => "cut at the high watermark",
        Unpromised::NeverCompared { .. } => "logs never compared",
        Unpromised::SessionEnded { .. } => "a consumer's ZooKeeper session had ended",
        Unpromised::Order { .. } => "order",
        Unpromised::NotIdempotent { .. } => "not idempotent",
        Unpromised::ProducerStateLost { .. } => "producer state lost",
        Unpromised::ProducerUnknown { .. } => "producer unknown",
    }
}

/// Plays a run to its end.
fn play(run: &RandomRun) -> Result<Outcome, Failure> {
    let (world, checker) = watch(run, |_| {})?;
    let mut unpromised = BTreeMap::new();
    for violation in checker.violations() {
        if let Some(why) = &violation.unpromised {
            *unpromised.entry((violation.guarantee, name(why))).or_default() += 1;
        }
    }
    let broken = checker.violations().iter().find(|violation| violation.is_promised()).cloned();
    Ok(Outcome { events: world.step_count().0, fingerprint: world.fingerprint(), broken, unpromised })
}

/// A command that makes no sense any more, because another was left out, is left out too.
fn watch(run: &RandomRun, mut see: impl FnMut(&[Record])) -> Result<(World, Checker), Failure> {
    let mut world = World::new(run.setup.clone()).map_err(|refusal| format!("seed {}: {refusal}", run.setup.seed))?;
    let mut checker = Checker::default();
    let mut tell = |world: &mut World, checker: &mut Checker| {
        let facts = world.take_trace();
        checker.observe(world, &facts);
        see(&facts);
    };
    for (at, command) in &run.inputs {
        while world.next_event_at().is_some_and(|next| next <= *at) {
            world.step();
            tell(&mut world, &mut checker);
        }
        world.wait_until(*at);
        let _ = world.apply(command);
        tell(&mut world, &mut checker);
    }
    while world.next_event_at().is_some_and(|next| next <= run.end) {
        world.step();
        tell(&mut world, &mut checker);
    }
    Ok((world, checker))
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

    /// With `--disks`: in ZooKeeper mode (seeds that end in 4 or 9) as in KRaft mode.
    #[test]
    fn promises_hold_when_disks_fail() {
        for seed in 0..10 {
            let run = RandomRun::of_seed(seed).with_failing_disks();
            let broken = play(&run).unwrap().broken;
            assert!(broken.is_none(), "seed {seed}: {broken:?}\n{}", run.script());
        }
    }
}
