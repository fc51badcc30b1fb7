//! What a producing program does by itself, step by step: the running form of [`Workload`].
//!
//! Kafka's producers and those of the point-to-point broker share it, so that both get the very same records and a
//! comparison of the two compares brokers, not programs. It knows no time: whoever owns it sets the timer.

use super::command::{RecordSpec, Workload};
use super::common::{Purpose, Rng, Span};

/// How far a program has come with its workload.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct WorkloadState {
    workload: Workload,
    sent: u64,
}

impl WorkloadState {
    #[must_use]
    pub fn new(workload: Workload) -> Self {
        Self { workload, sent: 0 }
    }

    /// The next record, or `None` when all have been made.
    ///
    /// Keys come in turn, or at random from the stream kept for workloads; `{n}` and `{key}` in the text of the value
    /// become the record's number and its key (nothing, without a key).
    pub fn next(&mut self, rng: &mut Rng) -> Option<RecordSpec> {
        if self.is_done() {
            return None;
        }
        let number = self.sent;
        self.sent += 1;
        let key = self.key(number, rng);
        let value = fill(&self.workload.value, number, key.as_deref().unwrap_or_default());
        Some(RecordSpec { key, value, ..RecordSpec::default() })
    }

    /// Time between two records.
    #[must_use]
    pub fn every(&self) -> Span {
        self.workload.every
    }

    /// How many records it has made.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.sent
    }

    #[must_use]
    pub fn is_done(&self) -> bool {
        self.workload.records.is_some_and(|records| self.sent >= records)
    }

    /// The plan it follows.
    #[must_use]
    pub fn workload(&self) -> &Workload {
        &self.workload
    }

    fn key(&self, number: u64, rng: &mut Rng) -> Option<String> {
        let keys = &self.workload.keys;
        if keys.is_empty() {
            return None;
        }
        if self.workload.random_keys {
            return rng.pick(Purpose::Workload, keys).cloned();
        }
        let index = usize::try_from(number % keys.len() as u64).expect("an index below a list's length fits usize");
        Some(keys[index].clone())
    }
}

/// Replaces `{n}` and `{key}` in one pass, so that a key that happens to contain `{n}` is left alone.
fn fill(template: &str, number: u64, key: &str) -> String {
    let mut value = String::with_capacity(template.len() + key.len());
    let mut rest = template;
    while let Some(brace) = rest.find('{') {
        let (before, from_brace) = rest.split_at(brace);
        value.push_str(before);
        rest = if let Some(after) = from_brace.strip_prefix("{n}") {
            value.push_str(&number.to_string());
            after
        } else if let Some(after) = from_brace.strip_prefix("{key}") {
            value.push_str(key);
            after
        } else {
            value.push('{');
            &from_brace[1..]
        };
    }
    value.push_str(rest);
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workload(keys: &[&str], random_keys: bool, records: Option<u64>, value: &str) -> WorkloadState {
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        let workload = Workload { every: Span::millis(100), records, keys, random_keys, value: value.to_owned() };
        WorkloadState::new(workload)
    }

    #[test]
    fn keys_take_turns_and_the_plan_ends() {
        let mut rng = Rng::from_seed(1);
        let mut state = workload(&["ada", "bob"], false, Some(3), "{key}: order {n} of {n} {x}{");
        let made: Vec<_> = std::iter::from_fn(|| state.next(&mut rng)).collect();
        let keys: Vec<_> = made.iter().map(|record| record.key.as_deref().unwrap()).collect();
        assert_eq!(keys, ["ada", "bob", "ada"]);
        assert_eq!(made[1].value, "bob: order 1 of 1 {x}{");
        assert!(state.is_done());
        assert_eq!(state.sent(), 3);
    }

    #[test]
    fn random_keys_draw_from_the_workload_stream_only() {
        let (mut rng, mut other) = (Rng::from_seed(5), Rng::from_seed(5));
        let keys = ["a", "b", "c", "d"];
        let mut state = workload(&keys, true, None, "{n}");
        for number in 0..50 {
            let record = state.next(&mut rng).unwrap();
            assert_eq!(record.key.as_deref(), other.pick(Purpose::Workload, &keys).copied());
            assert_eq!(record.value, number.to_string());
        }
        assert_eq!(rng.bits(Purpose::Placement), Rng::from_seed(5).bits(Purpose::Placement));
    }

    #[test]
    fn no_keys_means_no_key_and_a_key_is_never_expanded() {
        let mut rng = Rng::from_seed(1);
        let record = workload(&[], false, None, "v{n}{key}").next(&mut rng).unwrap();
        assert_eq!((record.key, record.value.as_str()), (None, "v0"));
        let record = workload(&["{n}"], false, None, "{key}").next(&mut rng).unwrap();
        assert_eq!(record.value, "{n}");
    }
}
