//! How long a client waits before it tries again (`org.apache.kafka.common.utils.ExponentialBackoff`).
//!
//! Doubling keeps a crowd of clients from beating on a broker that is already down; the jitter of ±20 % keeps the
//! crowd from coming back all at once.

use crate::engine::common::{Purpose, Rng, Span};

/// A pause that doubles with every attempt, up to a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ExponentialBackoff {
    initial: Span,
    max: Span,
}

impl ExponentialBackoff {
    /// For example `retry.backoff.ms` and `retry.backoff.max.ms`.
    #[must_use]
    pub fn new(initial: Span, max: Span) -> Self {
        Self { initial: initial.min(max), max }
    }

    /// The pause after `attempts` failures before this one; 0 gives the initial pause. Never longer than the limit.
    pub fn after(self, attempts: u32, rng: &mut Rng) -> Span {
        if self.max <= self.initial {
            // Kafka adds no jitter to a back-off that cannot grow.
            return self.initial;
        }
        let term = self.term(attempts);
        let fifth = term.0 / 5;
        Span(term.0 - fifth + rng.below(Purpose::Client, 2 * fifth + 1)).min(self.max)
    }

    /// The pause before jitter.
    #[must_use]
    pub fn term(self, attempts: u32) -> Span {
        let grown = 1_u64.checked_shl(attempts).and_then(|factor| self.initial.0.checked_mul(factor));
        Span(grown.unwrap_or(u64::MAX)).min(self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_doubles_up_to_the_limit() {
        let retry = ExponentialBackoff::new(Span::millis(100), Span::millis(1_000));
        let terms = [0, 1, 2, 3, 4, 5, 64, u32::MAX].map(|attempts| retry.term(attempts).as_millis());
        assert_eq!(terms, [100, 200, 400, 800, 1_000, 1_000, 1_000, 1_000]);
    }

    #[test]
    fn jitter_stays_within_a_fifth_and_under_the_limit() {
        let mut rng = Rng::from_seed(3);
        let retry = ExponentialBackoff::new(Span::millis(100), Span::millis(1_000));
        let pauses: Vec<Span> = (0..200).map(|_| retry.after(0, &mut rng)).collect();
        assert!(pauses.iter().all(|pause| (80_000..=120_000).contains(&pause.0)));
        assert!(pauses.iter().any(|pause| pause.0 < 95_000) && pauses.iter().any(|pause| pause.0 > 105_000));
        assert!((0..200).all(|_| (800_000..=1_000_000).contains(&retry.after(9, &mut rng).0)));
    }

    #[test]
    fn a_pause_that_cannot_grow_is_not_varied() {
        let mut rng = Rng::from_seed(3);
        let fixed = ExponentialBackoff::new(Span::millis(500), Span::millis(200));
        assert_eq!(fixed.after(7, &mut rng), Span::millis(200));
    }
}
