//! Which records of a producer stand in a log twice, because their batch was sent twice.
//!
//! A batch in a log is known by the numbers in its header, if its producer is idempotent, and else by the message that
//! brought it. A few of the newest batches of each producer are remembered; who sends again does so soon.

use std::collections::{BTreeMap, VecDeque};

use super::guarantee::{Evidence, Guarantee, Unpromised, Violation};
use crate::engine::clients::ProducerFact;
use crate::engine::common::{
    BrokerId, LeaderEpoch, NodeId, Offset, ProducerIdAndEpoch, Sequence, Step, TopicPartition,
};
use crate::engine::record::RecordBatch;
use crate::engine::runtime::{Cause, RuntimeFact};
use crate::engine::server::BrokerFact;
use crate::engine::storage::UnifiedLog;
use crate::engine::{Fact, Record, World};

/// Batches of one producer in one partition that are remembered.
const REMEMBERED: usize = 64;

/// Batches on their way that are remembered, of all producers together.
const ON_THE_WAY: usize = 4_096;

/// Some of a producer's records, by their numbers.
#[derive(Clone, Copy, Debug)]
struct Batch {
    producer: NodeId,
    first: u64,
    records: u64,
}

impl Batch {
    fn overlaps(&self, other: &Self) -> bool {
        self.first < other.first + other.records && other.first < self.first + self.records
    }
}

/// How a batch in a log is recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Mark {
    Numbers(TopicPartition, ProducerIdAndEpoch, Sequence),
    /// Of several messages of one step each partition's batches arrive in the order of sending.
    Message(TopicPartition, BrokerId, Step),
}

#[derive(Clone, Copy, Debug)]
struct Written {
    batch: Batch,
    offset: Offset,
    epoch: LeaderEpoch,
    step: Step,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Duplicates {
    sent: BTreeMap<Mark, VecDeque<Batch>>,
    order: VecDeque<Mark>,
    written: BTreeMap<(NodeId, TopicPartition), VecDeque<Written>>,
    started: BTreeMap<BrokerId, Step>,
    /// Since when a broker knows of batches before this offset only the last of each producer.
    reloaded: BTreeMap<(BrokerId, TopicPartition), (Step, Offset)>,
}

impl Duplicates {
    /// A producer whose records may be written twice, if there is one.
    pub(super) fn exception(world: &World) -> Option<Unpromised> {
        let mut producers = world.producers();
        let (producer, _) = producers.find(|(_, producer)| producer.transactions().is_none())?;
        Some(Unpromised::NotIdempotent { producer })
    }

    pub(super) fn observe(&mut self, world: &World, record: &Record, violations: &mut Vec<Violation>) {
        match (&record.fact, record.node) {
            (
                Fact::Producer(ProducerFact::BatchSent { partition, first_ordinal, records, to, stamp, .. }),
                Some(producer),
            ) => {
                let mark = match stamp {
                    Some(stamp) => Mark::Numbers(*partition, stamp.producer(), stamp.base_sequence),
                    None => Mark::Message(*partition, *to, record.step),
                };
                self.remember(mark, Batch { producer, first: *first_ordinal, records: u64::from(*records) });
            }
            (Fact::Broker(BrokerFact::Appended { partition, first, from, .. }), Some(NodeId::Broker(broker)))
                if from.is_client() =>
            {
                let log = world.broker(broker).and_then(|broker| broker.log(*partition));
                let Some((log, batch)) = log.and_then(|log| Some((log, batch_at(log, *first)?))) else { return };
                let Some(found) = self.recognise(record, broker, *partition, batch) else { return };
                let written =
                    Written { batch: found, offset: *first, epoch: batch.partition_leader_epoch, step: record.step };
                violations.extend(self.judge(world, (broker, log), *partition, &written, record));
                let all = self.written.entry((found.producer, *partition)).or_default();
                all.push_back(written);
                all.drain(..all.len().saturating_sub(REMEMBERED));
            }
            // What is refused is not written: the next of the same step is another.
            (Fact::Broker(BrokerFact::AppendRefused { partition, .. }), Some(NodeId::Broker(broker))) => {
                if let Cause::Message { sent, .. } = record.cause {
                    self.take(Mark::Message(*partition, broker, sent));
                }
            }
            (Fact::Runtime(RuntimeFact::Started), Some(NodeId::Broker(broker))) => {
                self.started.insert(broker, record.step);
                self.reloaded.retain(|(of, _), _| *of != broker);
            }
            (Fact::Broker(BrokerFact::Truncated { partition, to, .. }), Some(NodeId::Broker(broker))) => {
                self.reloaded.insert((broker, *partition), (record.step, *to));
            }
            (
                Fact::Broker(BrokerFact::ProducerStateLoaded { partition, snapshot, .. }),
                Some(NodeId::Broker(broker)),
            ) => {
                self.reloaded.insert((broker, *partition), (record.step, snapshot.unwrap_or_default()));
            }
            (Fact::Broker(BrokerFact::ProducerExpired { partition, .. }), Some(NodeId::Broker(broker))) => {
                self.reloaded.insert((broker, *partition), (record.step, Offset(u64::MAX)));
            }
            _ => {}
        }
    }

    fn remember(&mut self, mark: Mark, batch: Batch) {
        let all = self.sent.entry(mark).or_default();
        match mark {
            // The same numbers again are the same batch, or one that has taken them over.
            Mark::Numbers(..) => *all = VecDeque::from([batch]),
            Mark::Message(..) => all.push_back(batch),
        }
        self.order.push_back(mark);
        if self.order.len() > ON_THE_WAY
            && let Some(oldest) = self.order.pop_front()
        {
            self.sent.remove(&oldest);
        }
    }

    fn take(&mut self, mark: Mark) -> Option<Batch> {
        let all = self.sent.get_mut(&mark)?;
        let batch = all.pop_front();
        if all.is_empty() {
            self.sent.remove(&mark);
        }
        batch
    }

    fn recognise(
        &mut self,
        record: &Record,
        broker: BrokerId,
        partition: TopicPartition,
        batch: &RecordBatch,
    ) -> Option<Batch> {
        match (batch.producer, record.cause) {
            (Some(stamp), _) => {
                let mark = Mark::Numbers(partition, stamp.producer(), stamp.base_sequence);
                self.sent.get(&mark)?.front().copied()
            }
            (None, Cause::Message { sent, .. }) => self.take(Mark::Message(partition, broker, sent)),
            (None, _) => None,
        }
    }

    fn judge(
        &self,
        world: &World,
        (broker, log): (BrokerId, &UnifiedLog),
        partition: TopicPartition,
        new: &Written,
        record: &Record,
    ) -> Option<Violation> {
        let producer = new.batch.producer;
        let still_there = |old: &&Written| {
            old.batch.overlaps(&new.batch)
                && batch_at(log, old.offset)
                    .is_some_and(|batch| batch.base_offset == old.offset && batch.partition_leader_epoch == old.epoch)
        };
        let old = self.written.get(&(producer, partition))?.iter().find(still_there)?;
        let is_idempotent =
            world.producers().any(|(node, producer)| node == new.batch.producer && producer.transactions().is_some());
        let unpromised = if !is_idempotent {
            Some(Unpromised::NotIdempotent { producer })
        } else if self.has_lost_state(broker, partition, old) {
            Some(Unpromised::ProducerStateLost { partition, leader: broker })
        } else {
            None
        };
        let evidence = Evidence::WrittenTwice { partition, producer, first: old.offset, second: new.offset };
        let guarantee = Guarantee::RecordsAreWrittenOnce;
        Some(Violation { guarantee, step: record.step, at: record.at, evidence, unpromised })
    }

    /// Did the broker have to read what it knows of producers from files since the batch was first written?
    fn has_lost_state(&self, broker: BrokerId, partition: TopicPartition, old: &Written) -> bool {
        match self.reloaded.get(&(broker, partition)) {
            Some((step, known_from)) => *step > old.step && old.offset < *known_from,
            None => self.started.get(&broker).is_some_and(|step| *step > old.step),
        }
    }
}

/// The batch that holds the offset, or the next one.
fn batch_at(log: &UnifiedLog, offset: Offset) -> Option<&RecordBatch> {
    let segment = log.segments().rev().find(|segment| segment.base_offset() <= offset)?;
    segment.batches_from(offset).next()
}
