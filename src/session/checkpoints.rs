//! Whole worlds kept along the way, so that going back never replays far.
//!
//! At most [`LIMIT`] are kept. When there are more, every second one goes and the distance between new ones doubles:
//! memory stays bounded however long a run is, and the replay after a seek grows only with the run's length: within a
//! million events it is at most 16,000 long. A world shares with the next what did not change between them; what it has
//! of its own is about a megabyte in the page, so twice as many would be felt.

use std::collections::BTreeMap;

use crate::checker::Checker;
use crate::engine::{Step, Time, World};

const LIMIT: usize = 64;
const FIRST_INTERVAL_STEPS: u64 = 1_000;

/// A world, and the watch over it as it was then.
#[derive(Clone, Debug)]
pub(super) struct Checkpoint {
    pub(super) world: World,
    pub(super) checker: Checker,
}

#[derive(Clone, Debug)]
pub(super) struct Checkpoints {
    worlds: BTreeMap<Step, Checkpoint>,
    interval_steps: u64,
}

impl Checkpoints {
    /// The beginning is always kept.
    pub(super) fn starting_at(world: World, checker: Checker) -> Self {
        let worlds = BTreeMap::from([(world.step_count(), Checkpoint { world, checker })]);
        Self { worlds, interval_steps: FIRST_INTERVAL_STEPS }
    }

    /// Keeps `world` if the last one kept is far enough behind.
    pub(super) fn offer(&mut self, world: &World, checker: &Checker) {
        let step = world.step_count();
        if self.worlds.contains_key(&step) {
            return;
        }
        let last = self.worlds.last_key_value().map_or(Step::default(), |(step, _)| *step);
        if step.0 < last.0 + self.interval_steps {
            return;
        }
        self.worlds.insert(step, Checkpoint { world: world.clone(), checker: checker.clone() });
        if self.worlds.len() > LIMIT {
            self.interval_steps *= 2;
            let mut position = 0_usize;
            self.worlds.retain(|_, _| {
                position += 1;
                position % 2 == 1
            });
        }
    }

    /// The latest world that is not past `time`.
    pub(super) fn before_time(&self, time: Time) -> &Checkpoint {
        let earlier = self.worlds.values().rev().find(|one| one.world.now() <= time);
        earlier.expect("the beginning is always kept, and nothing is before it")
    }

    /// The latest world that has not handled more than `step` events.
    pub(super) fn before_step(&self, step: Step) -> &Checkpoint {
        let earlier = self.worlds.range(..=step).next_back();
        earlier.expect("the beginning is always kept, and nothing is before it").1
    }

    /// Forgets the futures that a fork makes untrue.
    pub(super) fn forget_after(&mut self, step: Step) {
        self.worlds.retain(|at, _| *at <= step);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.worlds.len()
    }
}
