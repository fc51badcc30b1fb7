//! Both sides of a comparison, played to their end and set back to where it begins: so either can be looked at ahead.

use super::history::Session;
use crate::engine::{Refusal, Setup};
use crate::scenario::{Comparison, Move, Side};

impl Session {
    /// A fresh run to which this has been done; the clock stands after the last move.
    ///
    /// # Errors
    /// The setup or the command that is refused, and why.
    pub fn stand(setup: Setup, moves: Vec<Move>) -> Result<Self, Refusal> {
        let mut session = Self::new(setup)?;
        for step in moves {
            match step {
                Move::Act(command) => {
                    session.lead(command)?;
                }
                Move::Wait(span) => {
                    session.advance_to(session.now() + span, u64::MAX);
                }
            }
        }
        Ok(session)
    }

    /// One side of a comparison, with this seed if one is given.
    ///
    /// # Errors
    /// The setup or the line that this version does not accept, and why.
    pub fn of_side(comparison: &Comparison, side: &Side, seed: Option<u64>) -> Result<Self, Refusal> {
        let mut setup = comparison.setup(side).clone();
        setup.seed = seed.unwrap_or(setup.seed);
        let mut session = Self::stand(setup, comparison.moves(side).map_err(Refusal)?)?;
        session.seek(crate::engine::Time::ZERO + comparison.from);
        Ok(session)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::{Memory, Scope};
    use crate::scenario::Language;

    fn scope<'a>(session: &'a Session, memory: &'a Memory) -> Scope<'a> {
        Scope { world: session.world(), past: session.past(), memory }
    }

    /// What a side says and what is measured has values, and what it claims holds, over several seeds.
    #[test]
    fn every_comparison_shows_what_it_claims() {
        let memory = Memory::new();
        for comparison in Comparison::builtin() {
            for seed in 1..=5 {
                let mut ends = Vec::new();
                for side in comparison.sides() {
                    let name = format!("{}, {}, seed {seed}", comparison.id, side.name.en);
                    let mut session = Session::of_side(&comparison, side, Some(seed)).expect(&name);
                    assert!(session.now() < session.furthest(), "{name}: there is something to see");
                    session.seek(session.furthest());
                    let scope = scope(&session, &memory);
                    for condition in side.expected() {
                        let parts = condition.parts(scope);
                        assert!(condition.holds(scope).expect(&name), "{name}: {} {parts:?}", condition.text());
                    }
                    for language in Language::ALL {
                        side.says.get(language).show(scope).unwrap_or_else(|problem| panic!("{name}: {problem}"));
                    }
                    let index = ends.len();
                    let value = |measure: &crate::scenario::Measure| measure.asked()[index].evaluate(scope);
                    let values: Vec<_> =
                        comparison.measures.iter().map(|measure| value(measure).expect(&name)).collect();
                    ends.push(values);
                    let broken = session.checker().violations().iter().find(|violation| violation.is_promised());
                    assert!(broken.is_none(), "{name}: {broken:?}");
                }
                assert_ne!(ends[0], ends[1], "{}: something measured differs", comparison.id);
            }
        }
    }

    /// One thing apart: before it matters, both sides of a comparison with common lines are the same run.
    #[test]
    fn both_sides_hear_the_same_commands_at_the_same_time() {
        for comparison in Comparison::builtin() {
            let [left, right] = comparison.sides().map(|side| {
                let session = Session::of_side(&comparison, side, None).expect("it stands");
                session.furthest()
            });
            assert_eq!(left, right, "{}: both end at the same time", comparison.id);
        }
    }
}
