//! Who led when, how far the high watermark had come, and who read beyond it.

use std::collections::BTreeMap;

use super::guarantee::{Evidence, Guarantee, Unpromised, Violation};
use crate::engine::clients::ConsumerFact;
use crate::engine::common::{BrokerId, LeaderEpoch, NodeId, Offset, TopicPartition};
use crate::engine::controller::{ControllerFact, ElectedBecause};
use crate::engine::runtime::{Crash, RuntimeFact};
use crate::engine::server::BrokerFact;
use crate::engine::{Fact, Record};

#[derive(Clone, Debug, Default)]
pub(super) struct Leadership {
    leaders: BTreeMap<(TopicPartition, LeaderEpoch), BrokerId>,
    /// The highest high watermark any leader of the partition has announced.
    committed: BTreeMap<TopicPartition, Offset>,
    /// A machine lost power: what it had not flushed may be gone, and with it what others were told.
    power_lost: bool,
    unclean: bool,
}

impl Leadership {
    /// Why committed records need not survive, if they need not.
    pub(super) fn unpromised(&self) -> Option<Unpromised> {
        if self.unclean {
            return Some(Unpromised::UncleanElection);
        }
        self.power_lost.then_some(Unpromised::PowerLoss)
    }

    pub(super) fn observe(&mut self, record: &Record, violations: &mut Vec<Violation>) {
        let promised = !self.power_lost && !self.unclean;
        let mut broken = |guarantee, evidence| {
            // Two leaders in one epoch are never in order, whatever was lost.
            let promised = promised || guarantee == Guarantee::OneLeaderPerEpoch;
            violations.push(Violation { guarantee, step: record.step, at: record.at, promised, evidence });
        };
        match (&record.fact, record.node) {
            (Fact::Runtime(RuntimeFact::Crashed { how: Crash::Power }), Some(NodeId::Broker(_))) => {
                self.power_lost = true;
            }
            (Fact::Controller(ControllerFact::LeaderElected { why: ElectedBecause::Unclean, .. }), _) => {
                self.unclean = true;
            }
            (
                Fact::Broker(BrokerFact::BecameLeader { partition, leader_epoch, log_end, .. }),
                Some(NodeId::Broker(broker)),
            ) => {
                let first = *self.leaders.entry((*partition, *leader_epoch)).or_insert(broker);
                if first != broker {
                    let evidence =
                        Evidence::TwoLeaders { partition: *partition, epoch: *leader_epoch, brokers: (first, broker) };
                    broken(Guarantee::OneLeaderPerEpoch, evidence);
                }
                let committed = self.committed.get(partition).copied().unwrap_or_default();
                if *log_end < committed {
                    let last = Offset(committed.0 - 1);
                    let evidence = Evidence::Missing { partition: *partition, leader: broker, first: *log_end, last };
                    broken(Guarantee::CommittedRecordsSurvive, evidence);
                    // Told once: from here on the new leader's history counts.
                    self.committed.insert(*partition, *log_end);
                }
            }
            // `ends` is filled by leaders only: a follower merely repeats what it heard.
            (Fact::Broker(BrokerFact::HighWatermarkMoved { partition, from, to, ends }), _) if !ends.is_empty() => {
                if to < from {
                    let evidence = Evidence::Fell { partition: *partition, from: *from, to: *to };
                    broken(Guarantee::HighWatermarkNeverFalls, evidence);
                }
                let committed = self.committed.entry(*partition).or_default();
                *committed = (*committed).max(*to);
            }
            (Fact::Consumer(ConsumerFact::Polled { partition, last, .. }), _) => {
                let committed = self.committed.get(partition).copied().unwrap_or_default();
                if *last >= committed {
                    let evidence =
                        Evidence::ReadTooFar { partition: *partition, read: *last, high_watermark: committed };
                    broken(Guarantee::ReadsBelowHighWatermark, evidence);
                }
            }
            _ => {}
        }
    }
}
