//! Which glyph stands for which key, in order of first use, for the whole run.

use std::collections::BTreeMap;

use super::scene::{Glyph, KeyLegend};
use crate::engine::clients::ProducerFact;
use crate::engine::queue::QueueFact;
use crate::engine::record::Record;
use crate::engine::trace::{self, Fact};

/// Eight shapes; the ninth key wears the first again, with its number beside it.
const SHAPES: u32 = 8;
/// More keys than anybody can tell apart are not listed; they still have their glyphs.
const LISTED: usize = 24;

/// Learns keys from facts. It never forgets one, so stepping back does not change a glyph.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    numbers: BTreeMap<String, u32>,
    in_order: Vec<String>,
}

impl Keys {
    /// Takes note of the keys in `facts`.
    pub fn observe(&mut self, facts: &[trace::Record]) {
        for record in facts {
            if let Fact::Producer(ProducerFact::Queued { key: Some(key), .. })
            | Fact::Queue(QueueFact::Enqueued { key: Some(key), .. }) = &record.fact
            {
                self.learn(key);
            }
        }
    }

    /// Gives `key` a number if it has none.
    pub fn learn(&mut self, key: &str) {
        if !self.numbers.contains_key(key) {
            let number = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
            self.numbers.insert(key.to_owned(), number);
            if self.in_order.len() < LISTED {
                self.in_order.push(key.to_owned());
            }
        }
    }

    #[must_use]
    pub fn glyph(&self, key: Option<&str>) -> Glyph {
        match key {
            None => Glyph::NoKey,
            Some(key) => {
                // A key that no fact has named yet is shown as the next one would be.
                let next = || u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
                let number = self.numbers.get(key).copied().unwrap_or_else(next);
                let shape = u8::try_from(number % SHAPES + 1).expect("one of eight shapes");
                Glyph::Key { shape, number }
            }
        }
    }

    #[must_use]
    pub fn glyph_of(&self, record: &Record) -> Glyph {
        self.glyph(record.key.as_deref().map(String::from_utf8_lossy).as_deref())
    }

    #[must_use]
    pub fn legend(&self) -> Vec<KeyLegend> {
        self.in_order.iter().map(|key| KeyLegend { glyph: self.glyph(Some(key)), key: key.clone() }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn glyphs_follow_the_order_of_first_use_and_wrap_after_eight() {
        let mut keys = Keys::default();
        for key in ["alice", "bob", "alice", "c", "d", "e", "f", "g", "h", "ninth"] {
            keys.learn(key);
        }
        assert_eq!(keys.glyph(Some("alice")), Glyph::Key { shape: 1, number: 0 });
        assert_eq!(keys.glyph(Some("bob")), Glyph::Key { shape: 2, number: 1 });
        assert_eq!(keys.glyph(Some("ninth")), Glyph::Key { shape: 1, number: 8 });
        assert_eq!(keys.glyph(None), Glyph::NoKey);
    }
}
