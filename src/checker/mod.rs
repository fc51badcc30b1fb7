//! Named guarantees, held against every step of a run.
//!
//! The checker looks on and never touches the world. It learns from facts and reads logs; after each step it knows
//! which promises hold, which were broken and where, and which this configuration never made. "Broken" and "not
//! promised" are different verdicts: with acks=1 losing an acknowledged record is Kafka keeping its word.

mod acked;
mod guarantee;
mod leadership;
mod ownership;

pub use acked::LostRecords;
pub use guarantee::{Evidence, Guarantee, Unpromised, Verdict, Violation};

use acked::Acked;
use leadership::Leadership;
use ownership::Ownership;

use crate::engine::{Record, Step, World};

/// The watch over one run. A value, like the world it watches.
#[derive(Clone, Debug, Default)]
pub struct Checker {
    leadership: Leadership,
    acked: Acked,
    ownership: Ownership,
    violations: Vec<Violation>,
}

/// A run that goes wrong everywhere must not eat the memory: the first violations tell the story.
const MAX_VIOLATIONS: usize = 1_000;

impl Checker {
    /// Takes in the facts of one step, with the world as it is right after it.
    pub fn observe(&mut self, world: &World, facts: &[Record]) {
        for record in facts {
            let before = self.violations.len();
            self.leadership.observe(record, &mut self.violations);
            self.acked.observe(world, record, &mut self.violations);
            self.ownership.observe(record, &mut self.violations);
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
        self.acked.lost()
    }

    /// The verdict on every guarantee as things stood right after `step`.
    #[must_use]
    pub fn verdicts(&self, world: &World, step: Step) -> Vec<(Guarantee, Verdict)> {
        Guarantee::ALL.iter().map(|guarantee| (*guarantee, self.verdict(world, *guarantee, step))).collect()
    }

    fn verdict(&self, world: &World, guarantee: Guarantee, step: Step) -> Verdict {
        let of_it = |violation: &&Violation| violation.guarantee == guarantee && violation.step <= step;
        let latest = self.violations.iter().rev().find(of_it);
        match (latest, self.unpromised(world, guarantee)) {
            (Some(violation), _) if violation.step == step => Verdict::BrokenHere(violation.clone()),
            (Some(violation), _) => Verdict::BrokenEarlier(violation.clone()),
            (None, Some(why)) => Verdict::NotPromised(why),
            (None, None) => Verdict::Holds,
        }
    }

    /// Why this configuration does not give the guarantee, if it does not.
    fn unpromised(&self, world: &World, guarantee: Guarantee) -> Option<Unpromised> {
        match guarantee {
            Guarantee::AckedRecordsSurvive => self.acked.unpromised(world),
            Guarantee::CommittedRecordsSurvive => self.leadership.unpromised(),
            Guarantee::RecordsKeepTheirOrder => {
                let unordered = world.producers().any(|(_, producer)| !producer.guarantees_order());
                unordered.then_some(Unpromised::Order)
            }
            _ => None,
        }
    }
}
