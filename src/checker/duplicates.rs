//! Which records of a producer stand in a log twice, because their batch was sent twice; and where a leader could not
//! judge what an idempotent producer sent, which is when such a thing may happen, and when order is lost, too.
//!
//! A batch in a log is known by the numbers in its header, if its producer is idempotent, and else by the message that
//! brought it. A few of the newest batches of each producer are remembered; who sends again does so soon.

use std::collections::{BTreeMap, VecDeque};

use super::guarantee::{Evidence, Guarantee, Unpromised, Violation};
use crate::engine::clients::ProducerFact;
use crate::engine::common::{
    BrokerId, ErrorCode, LeaderEpoch, NodeId, Offset, ProducerEpoch, ProducerIdAndEpoch, Sequence, Step, TopicPartition,
};
use crate::engine::record::{ProducerStamp, RecordBatch};
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
    /// Of an idempotent producer.
    producer_epoch: Option<ProducerEpoch>,
    step: Step,
}

/// A leader that could not tell where a batch belongs.
#[derive(Clone, Copy, Debug)]
enum Unjudged {
    /// It knew nothing of the producer, so it took the batch with whatever sequence it had. Earlier batches that come
    /// later are gaps to it (KAFKA-14359).
    Taken { leader: BrokerId, first: u64 },
    /// It had the batch, and had forgotten it. The producer takes its refusal for a gap, and begins a new epoch with this
    /// batch and all that were in flight behind it (KIP-360): what had been written of them is written again.
    Refused { leader: BrokerId, first: u64, epoch: ProducerEpoch },
}

#[derive(Clone, Debug, Default)]
pub(super) struct Duplicates {
    sent: BTreeMap<Mark, VecDeque<Batch>>,
    order: VecDeque<Mark>,
    written: BTreeMap<(NodeId, TopicPartition), VecDeque<Written>>,
    started: BTreeMap<BrokerId, Step>,
    /// Since when a broker knows of batches before this offset only the last of each producer.
    reloaded: BTreeMap<(BrokerId, TopicPartition), (Step, Offset)>,
    unjudged: BTreeMap<(NodeId, TopicPartition), VecDeque<Unjudged>>,
}

impl Duplicates {
    /// A producer whose records may be written twice, if there is one.
    pub(super) fn exception(world: &World) -> Option<Unpromised> {
        let mut producers = world.producers();
        let (producer, _) = producers.find(|(_, producer)| producer.transactions().is_none())?;
        Some(Unpromised::NotIdempotent { producer })
    }

    /// Why the record of this number may stand behind later ones of its producer.
    pub(super) fn overtaken(&self, producer: NodeId, partition: TopicPartition, ordinal: u64) -> Option<Unpromised> {
        self.unjudged.get(&(producer, partition))?.iter().find_map(|unjudged| match *unjudged {
            Unjudged::Taken { leader, first } if ordinal < first => {
                Some(Unpromised::ProducerUnknown { partition, leader })
            }
            Unjudged::Refused { leader, first, .. } if ordinal >= first => {
                Some(Unpromised::ProducerStateLost { partition, leader })
            }
            _ => None,
        })
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
                let written = Written {
                    batch: found,
                    offset: *first,
                    epoch: batch.partition_leader_epoch,
                    producer_epoch: batch.producer.map(|stamp| stamp.producer_epoch),
                    step: record.step,
                };
                if batch.producer.is_some_and(|stamp| was_unknown(log, stamp)) {
                    self.note(found.producer, *partition, Unjudged::Taken { leader: broker, first: found.first });
                }
                violations.extend(self.judge(world, (broker, log), *partition, &written, record));
                let all = self.written.entry((found.producer, *partition)).or_default();
                all.push_back(written);
                all.drain(..all.len().saturating_sub(REMEMBERED));
            }
            (
                Fact::Broker(BrokerFact::SequenceRefused {
                    partition,
                    stamp,
                    error: ErrorCode::OutOfOrderSequence,
                    ..
                }),
                Some(NodeId::Broker(broker)),
            ) => {
                let mark = Mark::Numbers(*partition, stamp.producer(), stamp.base_sequence);
                let Some(refused) = self.sent.get(&mark).and_then(VecDeque::front).copied() else { return };
                let log = world.broker(broker).and_then(|broker| broker.log(*partition));
                let old = log.and_then(|log| self.first_copy(log, *partition, &refused));
                if old.is_some_and(|old| self.has_lost_state(broker, *partition, old)) {
                    let (leader, first, epoch) = (broker, refused.first, stamp.producer_epoch);
                    self.note(refused.producer, *partition, Unjudged::Refused { leader, first, epoch });
                }
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
        let old = self.first_copy(log, partition, &new.batch)?;
        let is_idempotent =
            world.producers().any(|(node, producer)| node == new.batch.producer && producer.transactions().is_some());
        let unpromised = if !is_idempotent {
            Some(Unpromised::NotIdempotent { producer })
        } else if self.has_lost_state(broker, partition, old) {
            Some(Unpromised::ProducerStateLost { partition, leader: broker })
        } else {
            self.begun_anew(partition, old, new)
        };
        let evidence = Evidence::WrittenTwice { partition, producer, first: old.offset, second: new.offset };
        let guarantee = Guarantee::RecordsAreWrittenOnce;
        Some(Violation { guarantee, step: record.step, at: record.at, evidence, unpromised })
    }

    /// What still stands in the log of the same records.
    fn first_copy(&self, log: &UnifiedLog, partition: TopicPartition, again: &Batch) -> Option<&Written> {
        let still_there = |old: &&Written| {
            old.batch.overlaps(again)
                && batch_at(log, old.offset)
                    .is_some_and(|batch| batch.base_offset == old.offset && batch.partition_leader_epoch == old.epoch)
        };
        self.written.get(&(again.producer, partition))?.iter().find(still_there)
    }

    /// Was the batch in flight behind one that its leader had forgotten?
    fn begun_anew(&self, partition: TopicPartition, old: &Written, new: &Written) -> Option<Unpromised> {
        let all = self.unjudged.get(&(new.batch.producer, partition))?;
        all.iter().find_map(|unjudged| match *unjudged {
            Unjudged::Refused { leader, first, epoch }
                if first <= new.batch.first
                    && old.producer_epoch <= Some(epoch)
                    && new.producer_epoch > Some(epoch) =>
            {
                Some(Unpromised::ProducerStateLost { partition, leader })
            }
            _ => None,
        })
    }

    fn note(&mut self, producer: NodeId, partition: TopicPartition, unjudged: Unjudged) {
        let all = self.unjudged.entry((producer, partition)).or_default();
        all.push_back(unjudged);
        all.drain(..all.len().saturating_sub(REMEMBERED));
    }

    /// Did the broker have to read what it knows of producers from files since the batch was first written?
    fn has_lost_state(&self, broker: BrokerId, partition: TopicPartition, old: &Written) -> bool {
        match self.reloaded.get(&(broker, partition)) {
            Some((step, known_from)) => *step > old.step && old.offset < *known_from,
            None => self.started.get(&broker).is_some_and(|step| *step > old.step),
        }
    }
}

/// Now that the log has the batch: did its leader know nothing of the producer before?
fn was_unknown(log: &UnifiedLog, stamp: ProducerStamp) -> bool {
    let is_all = log.producers().get(stamp.producer_id).is_some_and(|entry| entry.batches().len() == 1);
    // Who is known begins a new epoch with 0.
    is_all && stamp.base_sequence > Sequence(0)
}

/// The batch that holds the offset, or the next one.
fn batch_at(log: &UnifiedLog, offset: Offset) -> Option<&RecordBatch> {
    let segment = log.segments().rev().find(|segment| segment.base_offset() <= offset)?;
    segment.batches_from(offset).next()
}
