//! How far each group was behind, partition by partition, over the whole of a run.

use std::collections::BTreeMap;

use crate::engine::common::{Offset, Time, TopicPartition};
use crate::engine::coordinator::GroupFact;
use crate::engine::server::BrokerFact;
use crate::engine::trace::{Fact, Record};

/// A line of the chart never has more corners than this.
const CORNERS: usize = 600;

/// Lag = high watermark − committed, at each moment when it changed.
pub type Series = Vec<(Time, u64)>;

/// Series by group and partition, learnt from facts in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lag {
    high_watermarks: BTreeMap<TopicPartition, Offset>,
    committed: BTreeMap<(String, TopicPartition), Offset>,
    series: BTreeMap<(String, TopicPartition), Series>,
}

impl Lag {
    /// Takes note of facts that follow those observed before.
    pub fn observe(&mut self, facts: &[Record]) {
        for record in facts {
            match &record.fact {
                // With nobody's ends in it, the fact is a follower's hearsay.
                Fact::Broker(BrokerFact::HighWatermarkMoved { partition, to, ends, .. }) if !ends.is_empty() => {
                    self.high_watermarks.insert(*partition, *to);
                    let readers: Vec<String> =
                        self.committed.keys().filter(|(_, p)| p == partition).map(|(group, _)| group.clone()).collect();
                    for group in readers {
                        self.note(record.at, &group, *partition);
                    }
                }
                Fact::Group(GroupFact::OffsetCommitted { group, partition, offset }) => {
                    self.committed.insert((group.to_string(), *partition), *offset);
                    self.note(record.at, group, *partition);
                }
                _ => {}
            }
        }
    }

    pub fn series(&self) -> impl Iterator<Item = (&str, TopicPartition, &Series)> {
        self.series.iter().map(|((group, partition), series)| (group.as_str(), *partition, series))
    }

    fn note(&mut self, at: Time, group: &str, partition: TopicPartition) {
        let key = (group.to_owned(), partition);
        let high_watermark = self.high_watermarks.get(&partition).copied().unwrap_or_default();
        let committed = self.committed.get(&key).copied().unwrap_or_default();
        let lag = high_watermark.since(committed);
        let series = self.series.entry(key).or_default();
        match series.last_mut() {
            Some((_, last)) if *last == lag => return,
            Some((when, last)) if *when == at => *last = lag,
            _ => series.push((at, lag)),
        }
        if series.len() > CORNERS {
            thin_out(series);
        }
    }
}

/// Of each two neighbours the higher lag stays: a peak is what a reader looks for.
fn thin_out(series: &mut Series) {
    *series = series
        .chunks(2)
        .map(|pair| *pair.iter().max_by_key(|(_, lag)| *lag).expect("a chunk has at least one element"))
        .collect();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::common::{BrokerId, NodeId, Step, TopicId};
    use crate::engine::runtime::Cause;

    fn partition() -> TopicPartition {
        TopicPartition::new(TopicId(0), 0)
    }

    fn record(second: u64, fact: Fact) -> Record {
        let at = Time(second * 1_000_000);
        Record { step: Step(second), at, node: Some(NodeId::broker(1)), cause: Cause::Start, fact }
    }

    fn moved(second: u64, to: u64, ends: &[(BrokerId, Offset)]) -> Record {
        let fact = BrokerFact::HighWatermarkMoved {
            partition: partition(),
            from: Offset(0),
            to: Offset(to),
            ends: ends.to_vec(),
        };
        record(second, fact.into())
    }

    fn committed(second: u64, offset: u64) -> Record {
        let fact =
            GroupFact::OffsetCommitted { group: "billing".into(), partition: partition(), offset: Offset(offset) };
        record(second, fact.into())
    }

    #[test]
    fn lag_is_high_watermark_minus_committed_and_hearsay_does_not_count() {
        let leader = [(BrokerId(1), Offset(9))];
        let mut lag = Lag::default();
        lag.observe(&[committed(1, 0), moved(2, 5, &leader), moved(3, 4, &[]), committed(4, 5), moved(5, 9, &leader)]);
        let all: Vec<_> = lag.series().collect();
        let expected: Series = [(1, 0), (2, 5), (4, 0), (5, 4)].map(|(s, lag)| (Time(s * 1_000_000), lag)).to_vec();
        assert_eq!(all, [("billing", partition(), &expected)]);
    }

    #[test]
    fn peaks_survive_thinning() {
        let mut series: Series = (0..10).map(|i| (Time(i), if i == 4 { 99 } else { 1 })).collect();
        thin_out(&mut series);
        assert_eq!(series.len(), 5);
        assert!(series.contains(&(Time(4), 99)));
    }
}
