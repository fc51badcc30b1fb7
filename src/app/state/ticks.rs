//! Where on the timeline something happened, lane by lane: thinned out, so that a long run stays a short list.

use crate::engine::common::{Span, Time};
use crate::engine::trace::{Fact, Record};
use crate::view::explain::{Lane, lane};

/// More ticks than this in a lane are more than a screen has columns for.
const MOST: usize = 2_000;

/// Ticks of one branch of one run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ticks {
    lanes: [Vec<Time>; Lane::SHOWN.len()],
    /// What the user did to machines and links: bolts on the line, each with its command.
    faults: Vec<(Time, String)>,
    /// Ticks closer than this are one.
    resolution: Span,
}

impl Ticks {
    /// Takes note of facts that follow those observed before.
    pub fn observe(&mut self, facts: &[Record]) {
        for record in facts {
            if let Fact::Commanded(command) = &record.fact {
                if super::commands::is_fault(command) {
                    self.faults.push((record.at, crate::console::print(command)));
                }
                continue;
            }
            let lane = lane(&record.fact);
            if let Some(row) = Lane::SHOWN.iter().position(|shown| *shown == lane) {
                self.tick(row, record.at);
            }
        }
    }

    #[must_use]
    pub fn of(&self, lane: Lane) -> &[Time] {
        Lane::SHOWN.iter().position(|shown| *shown == lane).map_or(&[], |row| &self.lanes[row])
    }

    #[must_use]
    pub fn faults(&self) -> &[(Time, String)] {
        &self.faults
    }

    fn tick(&mut self, row: usize, at: Time) {
        let resolution = self.resolution;
        let ticks = &mut self.lanes[row];
        if ticks.last().is_some_and(|last| at.since(*last) <= resolution) {
            return;
        }
        ticks.push(at);
        if ticks.len() > MOST {
            self.thin_out();
        }
    }

    fn thin_out(&mut self) {
        self.resolution = Span((self.resolution.0 * 2).max(1_000));
        let resolution = self.resolution;
        for ticks in &mut self.lanes {
            let mut last: Option<Time> = None;
            ticks.retain(|at| {
                let keeps = last.is_none_or(|last| at.since(last) > resolution);
                if keeps {
                    last = Some(*at);
                }
                keeps
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::common::{NodeId, Step};
    use crate::engine::runtime::{Cause, Crash, RuntimeFact};

    fn crash_at(micros: u64) -> Record {
        Record {
            step: Step(micros),
            at: Time(micros),
            node: Some(NodeId::broker(1)),
            cause: Cause::Command,
            fact: Fact::Runtime(RuntimeFact::Crashed { how: Crash::Process }),
        }
    }

    #[test]
    fn ticks_of_one_moment_are_one_and_lanes_stay_apart() {
        let mut ticks = Ticks::default();
        ticks.observe(&[crash_at(5), crash_at(5), crash_at(9)]);
        assert_eq!(ticks.of(Lane::Fault), [Time(5), Time(9)]);
        assert_eq!(ticks.of(Lane::Produce), []);
        assert_eq!(ticks.of(Lane::Noise), []);
    }

    #[test]
    fn a_long_run_is_thinned_out_and_keeps_its_beginning_and_end() {
        let mut ticks = Ticks::default();
        let facts: Vec<Record> = (0..50_000).map(|second| crash_at(second * 1_000_000)).collect();
        ticks.observe(&facts);
        let kept = ticks.of(Lane::Fault);
        assert!(kept.len() <= MOST);
        assert_eq!(kept[0], Time(0));
        assert!(kept.last().expect("many were kept").since(Time(49_900_000_000)) > Span::ZERO);
    }
}
