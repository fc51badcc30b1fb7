//! Named guarantees, held against every step of a run.
//!
//! The checker looks on and never touches the world. It learns from facts and reads logs; after each step it knows
//! which promises hold, which were broken and where, and which were never made. "Broken" and "not promised" are
//! different verdicts: with acks=1 losing an acknowledged record is Kafka keeping its word. What is not promised is
//! judged record by record, group by group, producer by producer: one power loss excuses nothing but what it took.

mod duplicates;
mod guarantee;
mod last_known;
mod leadership;
mod order;
mod ownership;
mod power;
mod quorum;
mod survival;
mod truncation;

pub use guarantee::{Evidence, Guarantee, Unpromised, Verdict, Violation};
pub use survival::LostRecords;

use duplicates::Duplicates;
use leadership::Leadership;
use order::Order;
use ownership::Ownership;
use quorum::Quorum;
use survival::Survival;

use crate::engine::protocol::Acks;
use crate::engine::{Record, Step, World};

/// The watch over one run. A value, like the world it watches.
#[derive(Clone, Debug, Default)]
pub struct Checker {
    survival: Survival,
    leadership: Leadership,
    order: Order,
    duplicates: Duplicates,
    ownership: Ownership,
    quorum: Quorum,
    violations: Vec<Violation>,
}

/// A run that goes wrong everywhere must not eat the memory: the first violations tell the story.
const MAX_VIOLATIONS: usize = 1_000;

impl Checker {
    /// Takes in the facts of one step, with the world as it is right after it.
    pub fn observe(&mut self, world: &World, facts: &[Record]) {
        for record in facts {
            let before = self.violations.len();
            self.survival.observe(world, record, &mut self.violations);
            self.leadership.observe(record, &self.survival, &mut self.violations);
            self.order.observe(world, record, &self.duplicates, &mut self.violations);
            self.duplicates.observe(world, record, &mut self.violations);
            self.ownership.observe(world, record, &self.survival, &mut self.violations);
            self.quorum.observe(world, record, &mut self.violations);
            debug_assert!(self.violations[before..].iter().all(|violation| violation.step == record.step));
        }
        self.violations.truncate(MAX_VIOLATIONS);
    }

    /// Every break so far, oldest first.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// Acknowledged records that no leader has any more, as of the end of what was observed.
    #[must_use]
    pub fn lost(&self) -> &[LostRecords] {
        self.survival.lost()
    }

    /// The verdict on every guarantee as things stood right after `step`.
    #[must_use]
    pub fn verdicts(&self, world: &World, step: Step) -> Vec<(Guarantee, Verdict)> {
        Guarantee::ALL.iter().map(|guarantee| (*guarantee, self.verdict(world, *guarantee, step))).collect()
    }

    /// A broken promise outweighs what was never promised, and what was seen outweighs what only could have been.
    fn verdict(&self, world: &World, guarantee: Guarantee, step: Step) -> Verdict {
        let of_it = |violation: &&Violation| violation.guarantee == guarantee && violation.step <= step;
        let mut seen = self.violations.iter().rev().filter(of_it);
        if let Some(violation) = seen.clone().find(|violation| violation.is_promised()) {
            let violation = violation.clone();
            return if violation.step == step {
                Verdict::BrokenHere(violation)
            } else {
                Verdict::BrokenEarlier(violation)
            };
        }
        let seen = seen.next().cloned();
        let why = seen.as_ref().and_then(|violation| violation.unpromised.clone());
        match why.or_else(|| self.exception(world, guarantee)) {
            Some(why) => Verdict::NotPromised { why, seen },
            None => Verdict::Holds,
        }
    }

    /// Why some part of this run does not have the guarantee, if so.
    fn exception(&self, world: &World, guarantee: Guarantee) -> Option<Unpromised> {
        match guarantee {
            Guarantee::AckedRecordsSurvive => {
                let content = world.producers().find(|(_, producer)| producer.acks() != Acks::All);
                content.map(|(producer, _)| Unpromised::Acks { producer }).or_else(|| self.survival.exception())
            }
            Guarantee::CommittedRecordsSurvive => self.survival.exception(),
            Guarantee::RecordsKeepTheirOrder => Order::exception(world),
            Guarantee::RecordsAreWrittenOnce => Duplicates::exception(world),
            _ => None,
        }
    }
}
