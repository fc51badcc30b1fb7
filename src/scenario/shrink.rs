//! A long run that goes wrong, made short: fewer commands, as long as it still goes wrong.

use super::random::RandomRun;

/// Leaves out commands, first in large pieces and then one by one (delta debugging, Zeller & Hildebrandt 2002), while
/// `goes_wrong` still answers yes; at most `attempts` tries.
///
/// What is left goes wrong, and with attempts enough no single command of it can be left out.
pub fn shrink(run: &RandomRun, attempts: u32, mut goes_wrong: impl FnMut(&RandomRun) -> bool) -> RandomRun {
    let mut best = run.clone();
    let mut attempts_left = attempts;
    let mut piece = best.inputs.len().div_ceil(2).max(1);
    loop {
        let mut from = 0;
        let mut shorter = false;
        while from < best.inputs.len() && attempts_left > 0 {
            attempts_left -= 1;
            let mut candidate = best.clone();
            let to = (from + piece).min(candidate.inputs.len());
            candidate.inputs.drain(from..to);
            if goes_wrong(&candidate) {
                best = candidate;
                shorter = true;
            } else {
                from = to;
            }
        }
        if attempts_left == 0 || (piece == 1 && !shorter) {
            return best;
        }
        piece = piece.div_ceil(2).min(best.inputs.len().max(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::command::Command;

    fn has(run: &RandomRun, fits: impl Fn(&Command) -> bool) -> bool {
        run.inputs.iter().any(|(_, command)| fits(command))
    }

    #[test]
    fn only_what_is_needed_is_left() {
        let run = (0..500).map(RandomRun::of_seed).find(|run| {
            run.inputs.len() > 8
                && has(run, |c| matches!(c, Command::Crash { .. }))
                && has(run, |c| matches!(c, Command::AddConsumer { .. }))
        });
        let run = run.expect("some seed has both");
        let mut tries = 0;
        let small = shrink(&run, 10_000, |candidate| {
            tries += 1;
            has(candidate, |c| matches!(c, Command::Crash { .. }))
                && has(candidate, |c| matches!(c, Command::AddConsumer { .. }))
        });
        assert_eq!(small.inputs.len(), 2, "{}", small.script());
        assert!(tries < 200);
    }

    #[test]
    fn attempts_are_bounded_and_the_result_still_goes_wrong() {
        let run = RandomRun::of_seed(3);
        let mut tries = 0;
        let same = shrink(&run, 5, |_| {
            tries += 1;
            false
        });
        assert_eq!((tries, same), (5, run));
    }
}
