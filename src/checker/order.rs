//! In which order one producer's records of one partition were acknowledged, and where they stand.

use std::collections::BTreeMap;

use super::duplicates::Duplicates;
use super::guarantee::{Evidence, Guarantee, Unpromised, Violation};
use crate::engine::clients::ProducerFact;
use crate::engine::common::{LeaderEpoch, NodeId, Offset, TopicPartition};
use crate::engine::server::BrokerFact;
use crate::engine::{Fact, Record, World};

/// Where a record stands. A new leader may begin at an offset that was given out before, so places compare by the epoch
/// of the leader that placed it first.
type Place = (LeaderEpoch, Offset);

/// How far a producer's acknowledged records of a partition have come: the number of its latest, and where that stands.
#[derive(Clone, Copy, Debug)]
struct Newest {
    ordinal: u64,
    place: Place,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Order {
    /// Answers on their way: (client, partition, base offset) → epoch of the batch.
    answered: BTreeMap<(NodeId, TopicPartition, Offset), LeaderEpoch>,
    newest: BTreeMap<(NodeId, TopicPartition), Newest>,
}

impl Order {
    /// The producer that asked for no order, if there is one.
    pub(super) fn exception(world: &World) -> Option<Unpromised> {
        let mut producers = world.producers();
        let (producer, _) = producers.find(|(_, producer)| !producer.guarantees_order())?;
        Some(Unpromised::Order { producer })
    }

    pub(super) fn observe(
        &mut self,
        world: &World,
        record: &Record,
        duplicates: &Duplicates,
        violations: &mut Vec<Violation>,
    ) {
        match (&record.fact, record.node) {
            // In ZooKeeper mode a leader may come back in its own epoch without what its power loss took, and gives out
            // the same places again.
            (Fact::Broker(BrokerFact::BecameLeader { partition, leader_epoch, log_end, .. }), _) => {
                let is_gone = |place: Place| place >= (*leader_epoch, *log_end);
                self.newest.retain(|(_, of), newest| of != partition || !is_gone(newest.place));
            }
            (
                Fact::Broker(BrokerFact::ProduceAnswered { partition, client, outcome: Ok(base), .. }),
                Some(NodeId::Broker(broker)),
            ) => {
                let log = world.broker(broker).and_then(|broker| broker.log(*partition));
                let entries = log.map(|log| log.leader_epochs().entries()).unwrap_or_default();
                if let Some(entry) = entries.iter().rev().find(|entry| entry.start_offset <= *base) {
                    self.answered.insert((*client, *partition, *base), entry.epoch);
                }
            }
            (
                Fact::Producer(ProducerFact::BatchAcked { partition, base_offset: Some(base), ordinals }),
                Some(producer),
            ) => {
                let (partition, base) = (*partition, *base);
                let Some(epoch) = self.answered.remove(&(producer, partition, base)) else { return };
                let (Some(first_ordinal), Some(last)) = (ordinals.first(), ordinals.last()) else { return };
                let from = (epoch, base);
                let newest = Newest { ordinal: *last, place: (epoch, base.plus(ordinals.len() as u64 - 1)) };
                let Some(before) = self.newest.insert((producer, partition), newest) else { return };
                // A later record in an earlier place, or the other way round.
                if (*first_ordinal > before.ordinal) != (from > before.place) {
                    let (one, other) = (before.place.1, base);
                    let (first, second) = (one.min(other), one.max(other));
                    let overtaken = before.ordinal.min(*first_ordinal);
                    let evidence = Evidence::OutOfOrder { partition, producer, first, second };
                    let sender = world.producers().find(|(node, _)| *node == producer);
                    let is_ordered = sender.is_some_and(|(_, sender)| sender.guarantees_order());
                    let unpromised = if is_ordered {
                        duplicates.overtaken(producer, partition, overtaken)
                    } else {
                        Some(Unpromised::Order { producer })
                    };
                    violations.push(Violation {
                        guarantee: Guarantee::RecordsKeepTheirOrder,
                        step: record.step,
                        at: record.at,
                        evidence,
                        unpromised,
                    });
                }
                if before.ordinal > newest.ordinal {
                    self.newest.insert((producer, partition), before);
                }
            }
            _ => {}
        }
    }
}
