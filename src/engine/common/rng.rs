//! One seeded stream of randomness per purpose.
//!
//! Streams are separate so that, say, one more draw for link latency never changes which broker a topic is
//! placed on: runs that differ in one knob stay comparable everywhere else. Sampling is integer-only and free of
//! `usize`, so a 64-bit machine and a 32-bit wasm page draw the same numbers.

use rand_core::{Rng as _, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// What a draw is for. Adding a purpose at the end leaves every other stream as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Jitter of link latency.
    Latency,
    /// Start offsets and shuffles of replica placement.
    Placement,
    /// Election and session jitter.
    Election,
    /// What the user's programs do: keys, payloads, think time.
    Workload,
    /// Choice of a partition for records without a key.
    Partitioner,
    /// Retry jitter (±20 %, `CommonClientConfigs.RETRY_BACKOFF_JITTER`) and node choice in clients.
    Client,
    /// Random part of member ids and other uuids.
    Names,
    /// Random faults of a sweep.
    Faults,
    /// How much younger than `segment.ms` a segment may close.
    SegmentJitter,
    /// Numbers of fetch sessions.
    FetchSessions,
}

const PURPOSES: usize = 10;

/// All streams of one world. A value: cloning a world clones its future.
#[derive(Clone, Debug)]
pub struct Rng {
    streams: [Xoshiro256PlusPlus; PURPOSES],
}

impl Rng {
    #[must_use]
    pub fn from_seed(seed: u64) -> Self {
        // The odd constant (2⁶⁴ / golden ratio) keeps the seeds of neighbouring purposes far apart;
        // `seed_from_u64` then expands each with SplitMix64.
        let stream =
            |purpose: u64| Xoshiro256PlusPlus::seed_from_u64(seed ^ (purpose + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        Self { streams: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map(stream) }
    }

    /// 64 random bits.
    pub fn bits(&mut self, purpose: Purpose) -> u64 {
        self.streams[purpose as usize].next_u64()
    }

    /// Uniform in `0..bound`.
    ///
    /// # Panics
    /// If `bound` is zero: there is nothing to choose from.
    pub fn below(&mut self, purpose: Purpose, bound: u64) -> u64 {
        assert!(bound > 0, "a choice needs at least one possibility");
        // Reject the tail that would favour small numbers; at most one draw in two is rejected.
        let zone = u64::MAX - (u64::MAX - bound + 1) % bound;
        loop {
            let bits = self.bits(purpose);
            if bits <= zone {
                return bits % bound;
            }
        }
    }

    /// True with probability `numerator / denominator`.
    pub fn chance(&mut self, purpose: Purpose, numerator: u64, denominator: u64) -> bool {
        self.below(purpose, denominator) < numerator
    }

    /// One of `items`, or `None` of an empty slice.
    pub fn pick<'a, T>(&mut self, purpose: Purpose, items: &'a [T]) -> Option<&'a T> {
        if items.is_empty() {
            return None;
        }
        let index = self.below(purpose, items.len() as u64);
        items.get(usize::try_from(index).expect("an index below a slice's length fits usize"))
    }

    /// Fisher–Yates, from the end down.
    pub fn shuffle<T>(&mut self, purpose: Purpose, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.below(purpose, last as u64 + 1);
            items.swap(last, usize::try_from(other).expect("an index below a slice's length fits usize"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_do_not_disturb_each_other() {
        let mut a = Rng::from_seed(7);
        let mut b = Rng::from_seed(7);
        for _ in 0..100 {
            a.bits(Purpose::Latency);
        }
        assert_eq!(a.bits(Purpose::Placement), b.bits(Purpose::Placement));
        assert_ne!(Rng::from_seed(7).bits(Purpose::Latency), Rng::from_seed(8).bits(Purpose::Latency));
    }

    #[test]
    fn below_stays_below_and_reaches_every_value() {
        let mut rng = Rng::from_seed(1);
        let mut seen = [false; 7];
        for _ in 0..1_000 {
            seen[rng.below(Purpose::Workload, 7) as usize] = true;
        }
        assert_eq!(seen, [true; 7]);
    }
}
