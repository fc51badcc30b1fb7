//! Which records were acknowledged to their producers, and whether later leaders still have them.
//!
//! A record is known by (partition, offset, leader epoch): within an epoch one leader gives out each offset once. So
//! whether a log still has it is answered by the log's own leader epoch cache, without looking at records.

use std::collections::BTreeMap;

use super::guarantee::{Evidence, Guarantee, Unpromised, Violation};
use crate::engine::clients::ProducerFact;
use crate::engine::common::{BrokerId, LeaderEpoch, NodeId, Offset, TopicPartition};
use crate::engine::controller::{ControllerFact, ElectedBecause};
use crate::engine::protocol::Acks;
use crate::engine::runtime::{Crash, RuntimeFact};
use crate::engine::server::BrokerFact;
use crate::engine::{Fact, Record, World};

/// Acknowledged records that a new leader lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostRecords {
    pub partition: TopicPartition,
    pub first: Offset,
    pub last: Offset,
    /// Of these, how many had been acknowledged.
    pub count: u64,
    pub leader: BrokerId,
    pub step: crate::engine::Step,
}

/// The last offset acknowledged of one epoch's records.
type AckedEpochs = BTreeMap<LeaderEpoch, Offset>;

/// How far one producer's acknowledged records of one partition have come: the number of its record, and where that
/// stands. A new leader may begin at an offset that was given out before, so places compare by epoch first.
type Newest = (u64, (LeaderEpoch, Offset));

#[derive(Clone, Debug, Default)]
pub(super) struct Acked {
    /// Epoch in which each broker leads, as it last said.
    leads: BTreeMap<(BrokerId, TopicPartition), LeaderEpoch>,
    /// Answers on their way: (client, partition, base offset) → (epoch, acks).
    answered: BTreeMap<(NodeId, TopicPartition, Offset), (LeaderEpoch, Acks)>,
    acked: BTreeMap<TopicPartition, AckedEpochs>,
    newest: BTreeMap<(NodeId, TopicPartition), Newest>,
    lost: Vec<LostRecords>,
    /// An acknowledgement was given on weaker terms than acks=all.
    weak_acks: bool,
    unclean: bool,
    power_lost: bool,
}

impl Acked {
    pub(super) fn lost(&self) -> &[LostRecords] {
        &self.lost
    }

    pub(super) fn unpromised(&self, world: &World) -> Option<Unpromised> {
        if self.weak_acks || world.producers().any(|(_, producer)| producer.acks() != Acks::All) {
            return Some(Unpromised::Acks);
        }
        if self.unclean {
            return Some(Unpromised::UncleanElection);
        }
        self.power_lost.then_some(Unpromised::PowerLoss)
    }

    pub(super) fn observe(&mut self, world: &World, record: &Record, violations: &mut Vec<Violation>) {
        match (&record.fact, record.node) {
            (
                Fact::Broker(BrokerFact::ProduceAnswered { partition, client, outcome: Ok(base), acks }),
                Some(NodeId::Broker(broker)),
            ) => {
                if let Some(epoch) = self.leads.get(&(broker, *partition)) {
                    self.answered.insert((*client, *partition, *base), (*epoch, *acks));
                }
            }
            (
                Fact::Producer(ProducerFact::BatchAcked { partition, base_offset: Some(base), ordinals }),
                Some(client),
            ) => self.acknowledged(world, record, client, (*partition, *base), ordinals, violations),
            (Fact::Broker(BrokerFact::BecameLeader { partition, leader_epoch, .. }), Some(NodeId::Broker(broker))) => {
                self.leads.insert((broker, *partition), *leader_epoch);
                self.look_for_losses(world, record, broker, *partition, violations);
            }
            (Fact::Broker(BrokerFact::BecameFollower { partition, .. }), Some(NodeId::Broker(broker))) => {
                self.leads.remove(&(broker, *partition));
            }
            (Fact::Controller(ControllerFact::LeaderElected { why: ElectedBecause::Unclean, .. }), _) => {
                self.unclean = true;
            }
            (Fact::Runtime(RuntimeFact::Crashed { how: Crash::Power }), Some(NodeId::Broker(_))) => {
                self.power_lost = true;
            }
            _ => {}
        }
    }

    fn acknowledged(
        &mut self,
        world: &World,
        record: &Record,
        client: NodeId,
        (partition, base): (TopicPartition, Offset),
        ordinals: &[u64],
        violations: &mut Vec<Violation>,
    ) {
        let (Some(first), Some(last)) = (ordinals.first(), ordinals.last()) else { return };
        let last_offset = base.plus(ordinals.len() as u64 - 1);
        let Some((epoch, acks)) = self.answered.remove(&(client, partition, base)) else { return };
        self.weak_acks |= acks != Acks::All;
        let end = self.acked.entry(partition).or_default().entry(epoch).or_default();
        *end = (*end).max(last_offset);
        let (first_place, last_place) = ((epoch, base), (epoch, last_offset));
        let Some(newest) = self.newest.get_mut(&(client, partition)) else {
            self.newest.insert((client, partition), (*last, last_place));
            return;
        };
        // A later record in an earlier place, or the other way round.
        if (*first > newest.0) != (first_place > newest.1) {
            let (one, other) = (newest.1.1, base);
            let evidence =
                Evidence::OutOfOrder { partition, producer: client, first: one.min(other), second: one.max(other) };
            let guarantee = Guarantee::RecordsKeepTheirOrder;
            let producer = world.producers().find(|(node, _)| *node == client);
            let promised = producer.is_some_and(|(_, producer)| producer.guarantees_order()) && !self.power_lost;
            violations.push(Violation { guarantee, step: record.step, at: record.at, promised, evidence });
        }
        if *last > newest.0 {
            *newest = (*last, last_place);
        }
    }

    fn look_for_losses(
        &mut self,
        world: &World,
        record: &Record,
        leader: BrokerId,
        partition: TopicPartition,
        violations: &mut Vec<Violation>,
    ) {
        let Some(log) = world.broker(leader).and_then(|broker| broker.log(partition)) else { return };
        let promised = !self.weak_acks && !self.unclean && !self.power_lost;
        let Some(acked) = self.acked.get_mut(&partition) else { return };
        acked.retain(|epoch, last| {
            // The leader has the epoch's records up to where its history says that epoch ended.
            let kept = log.leader_epochs().entries().iter().any(|entry| entry.epoch == *epoch);
            let end = log.end_offset_for_epoch(*epoch).map_or(Offset(0), |end| end.end_offset);
            let end = if kept { end } else { end.min(*last) };
            if end > *last {
                return true;
            }
            let lost = LostRecords {
                partition,
                first: end,
                last: *last,
                count: last.since(end) + 1,
                leader,
                step: record.step,
            };
            let evidence = Evidence::Missing { partition, leader, first: lost.first, last: lost.last };
            let guarantee = Guarantee::AckedRecordsSurvive;
            violations.push(Violation { guarantee, step: record.step, at: record.at, promised, evidence });
            self.lost.push(lost);
            // Told once.
            match end.0.checked_sub(1) {
                Some(still_there) if kept => {
                    *last = Offset(still_there);
                    true
                }
                _ => false,
            }
        });
    }
}
