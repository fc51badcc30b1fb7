//! Which records were committed and which acknowledged, and whether later leaders still have them.
//!
//! A record is known by (partition, leader epoch, offset): within an epoch one leader gives out each offset once. So
//! whether a log still has it is answered by the log's own leader epoch cache, without looking at records. What the log
//! start has passed is deleted, not lost.

use std::collections::{BTreeMap, BTreeSet};

use super::guarantee::{Evidence, Guarantee, Unpromised, Violation};
use super::last_known::LastKnown;
use super::power::PowerLosses;
use super::truncation::Truncations;
use crate::engine::clients::ProducerFact;
use crate::engine::clients::producer::OffsetRanges;
use crate::engine::command::{Command, PartitionSpec};
use crate::engine::common::{
    BrokerId, ElectionType, LeaderEpoch, NodeId, Offset, PartitionId, TopicId, TopicPartition,
};
use crate::engine::controller::{ControllerFact, ElectedBecause};
use crate::engine::kafka_controller::KafkaControllerFact;
use crate::engine::protocol::Acks;
use crate::engine::server::{Broker, BrokerFact};
use crate::engine::storage::{EpochEntry, UnifiedLog};
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

/// Where the records of an epoch begin, as its leader noted, and where those that are known to be committed end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    pub start: Offset,
    pub end: Offset,
}

/// The committed records of each epoch.
pub(super) type Committed = BTreeMap<LeaderEpoch, Stretch>;

/// One epoch's acknowledged records.
#[derive(Clone, Debug, Default)]
struct Acked {
    /// Where the epoch's records begin.
    start: Offset,
    /// With acks=all.
    by_all: OffsetRanges,
    /// With acks=1, and who was content with it.
    by_leader: OffsetRanges,
    content: Option<NodeId>,
}

/// The election that let a replica lead of which nobody knows what it has: everything of earlier epochs is at its mercy.
#[derive(Clone, Copy, Debug)]
struct Unclean {
    epoch: LeaderEpoch,
    leader: BrokerId,
    why: ElectedBecause,
}

impl Unclean {
    fn unpromised(self, partition: TopicPartition) -> Unpromised {
        let Self { leader, why, .. } = self;
        match why {
            ElectedBecause::LastKnown => Unpromised::LastKnownLeader { partition, leader },
            _ => Unpromised::UncleanElection { partition, leader },
        }
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct Survival {
    /// What any leader's high watermark has passed. Never taken back: it judges reads, too.
    committed: BTreeMap<TopicPartition, Committed>,
    /// The same, less what was found missing: told once.
    expected: BTreeMap<TopicPartition, Committed>,
    /// Answers on their way: (client, partition, base offset) → (epoch of the batch, acks).
    answered: BTreeMap<(NodeId, TopicPartition, Offset), (EpochEntry, Acks)>,
    acked: BTreeMap<(TopicPartition, LeaderEpoch), Acked>,
    lost: Vec<LostRecords>,
    unclean: BTreeMap<TopicPartition, Unclean>,
    /// Where the logs begin since records were deleted: after a crash a log may begin earlier again, which nobody is
    /// owed.
    begins: BTreeMap<TopicPartition, Offset>,
    /// Topics that are being deleted, or are gone: their records are nobody's any more.
    deleted: BTreeSet<TopicId>,
    /// Where an operator has asked for an unclean election, which needs no configuration, and nobody leads by it yet.
    asked: BTreeSet<TopicPartition>,
    last_known: LastKnown,
    power: PowerLosses,
    truncations: Truncations,
    /// Partitions that lost committed records without a broken promise, and why.
    forgot: BTreeMap<TopicPartition, Unpromised>,
}

impl Survival {
    pub(super) fn lost(&self) -> &[LostRecords] {
        &self.lost
    }

    /// Has the record been below a high watermark?
    pub(super) fn is_committed(&self, partition: TopicPartition, epoch: LeaderEpoch, offset: Offset) -> bool {
        self.committed_end(partition, epoch) > offset
    }

    /// Where the committed records of this epoch end.
    pub(super) fn committed_end(&self, partition: TopicPartition, epoch: LeaderEpoch) -> Offset {
        self.committed.get(&partition).and_then(|epochs| epochs.get(&epoch)).map_or(Offset(0), |known| known.end)
    }

    /// Why this partition lost committed records, if it did and was allowed to.
    pub(super) fn forgot(&self, partition: TopicPartition) -> Option<&Unpromised> {
        self.forgot.get(&partition)
    }

    /// Why some records of this run need not survive, whether they did or not.
    pub(super) fn exception(&self) -> Option<Unpromised> {
        let unclean = self.unclean.iter().next_back();
        let unclean = unclean.map(|(partition, by)| by.unpromised(*partition));
        unclean.or_else(|| self.power.exception())
    }

    pub(super) fn observe(&mut self, world: &World, record: &Record, violations: &mut Vec<Violation>) {
        self.last_known.observe(record);
        self.truncations.observe(world, record);
        self.power.observe(world, record, &self.expected);
        match (&record.fact, record.node) {
            // `ends` is filled by leaders only: a follower merely repeats what it heard.
            (Fact::Broker(BrokerFact::HighWatermarkMoved { partition, from, to, ends }), Some(node))
                if !ends.is_empty() =>
            {
                if let Some(log) = log_of(world, node, *partition) {
                    self.committed(*partition, log, *from, *to);
                }
            }
            (Fact::Broker(BrokerFact::ProduceAnswered { partition, client, outcome: Ok(base), acks }), Some(node)) => {
                if let Some(epoch) = log_of(world, node, *partition).and_then(|log| epoch_of(log, *base)) {
                    self.answered.insert((*client, *partition, *base), (epoch, *acks));
                }
            }
            (
                Fact::Producer(ProducerFact::BatchAcked { partition, base_offset: Some(base), ordinals }),
                Some(client),
            ) => self.acknowledged(client, *partition, *base, ordinals.len() as u64),
            (
                Fact::Broker(BrokerFact::BecameLeader { partition, leader_epoch, .. }),
                Some(node @ NodeId::Broker(broker)),
            ) => {
                if let Some(log) = log_of(world, node, *partition) {
                    let compares = world.setup().version.truncates_by_leader_epoch();
                    let led = Led { partition: *partition, leader: broker, epoch: *leader_epoch, log, compares };
                    self.look_for_losses(record, &led, violations);
                }
            }
            (
                Fact::Controller(ControllerFact::LeaderElected {
                    partition, to: Some(leader), leader_epoch, why, ..
                }),
                _,
            ) => {
                let may_be_anybody = || self.asked.contains(partition) || may_be_unclean(world, *partition);
                let is_allowed = match why {
                    ElectedBecause::Unclean => may_be_anybody(),
                    ElectedBecause::LastKnown => self.last_known.may_lead_again(*partition) || may_be_anybody(),
                    _ => false,
                };
                if is_allowed {
                    self.unclean.insert(*partition, Unclean { epoch: *leader_epoch, leader: *leader, why: *why });
                }
            }
            (
                Fact::Broker(
                    BrokerFact::LogStartMoved { partition, to: begin, .. }
                    | BrokerFact::SegmentDeleted { partition, log_start: begin, .. },
                ),
                Some(NodeId::Broker(broker)),
            ) if world.image().partition(*partition).is_some_and(|state| state.leader == Some(broker)) => {
                let known = self.begins.entry(*partition).or_default();
                *known = (*known).max(*begin);
            }
            (Fact::Controller(ControllerFact::TopicDeleted { topic, .. }), _) => self.topic_deleted(*topic),
            (Fact::KafkaController(KafkaControllerFact::MarkedForDeletion { name }), _) => {
                if let Some(topic) = world.image().topic_id(name) {
                    self.topic_deleted(topic);
                }
            }
            (Fact::Commanded(Command::ElectLeaders { election: ElectionType::Unclean, partitions }), _) => {
                self.asked.extend(named(world, partitions.as_deref()));
            }
            _ => {}
        }
    }

    /// The leader's high watermark passed `from..to`: each of these records belongs to an epoch of its log.
    fn committed(&mut self, partition: TopicPartition, log: &UnifiedLog, from: Offset, to: Offset) {
        let entries = log.leader_epochs().entries();
        for (index, entry) in entries.iter().enumerate() {
            let end = entries.get(index + 1).map_or(to, |next| next.start_offset.min(to));
            if end > from && end > entry.start_offset {
                for known in [&mut self.committed, &mut self.expected] {
                    let fresh = Stretch { start: entry.start_offset, end };
                    let known = known.entry(partition).or_default().entry(entry.epoch).or_insert(fresh);
                    known.end = known.end.max(end);
                }
            }
        }
    }

    fn acknowledged(&mut self, client: NodeId, partition: TopicPartition, base: Offset, count: u64) {
        let Some((epoch, acks)) = self.answered.remove(&(client, partition, base)) else { return };
        let acked = self.acked.entry((partition, epoch.epoch)).or_default();
        acked.start = epoch.start_offset;
        if acks == Acks::All {
            acked.by_all.insert(base, base.plus(count));
        } else {
            acked.by_leader.insert(base, base.plus(count));
            acked.content = Some(client);
        }
    }

    fn topic_deleted(&mut self, topic: TopicId) {
        self.deleted.insert(topic);
        self.expected.retain(|partition, _| partition.topic != topic);
        self.acked.retain(|(partition, _), _| partition.topic != topic);
    }

    // ---- a new leader ------------------------------------------------------------------------------------------

    fn look_for_losses(&mut self, record: &Record, led: &Led<'_>, violations: &mut Vec<Violation>) {
        if self.deleted.contains(&led.partition.topic) {
            return;
        }
        if self.unclean.get(&led.partition).is_some_and(|unclean| unclean.epoch == led.epoch) {
            self.asked.remove(&led.partition);
        }
        let begin = self.begins.get(&led.partition).copied().unwrap_or_default();
        let mut missing = |guarantee, first, last, unpromised| {
            let evidence = Evidence::Missing { partition: led.partition, leader: led.leader, first, last };
            violations.push(Violation { guarantee, step: record.step, at: record.at, evidence, unpromised });
        };
        let mut expected = self.expected.remove(&led.partition).unwrap_or_default();
        // Its own epoch too: in ZooKeeper mode a leader may be back before anybody was elected.
        for (epoch, stretch) in expected.range_mut(..=led.epoch) {
            let (kept, end) = (kept(led.log, *epoch, stretch.start.max(begin)), stretch.end);
            if kept < end {
                let why = self.excuse(led, *epoch, kept);
                missing(Guarantee::CommittedRecordsSurvive, kept, Offset(end.0 - 1), why.clone());
                if let Some(why) = why {
                    self.forgot.insert(led.partition, why);
                }
                stretch.end = kept;
            }
        }
        expected.retain(|_, stretch| stretch.end > stretch.start);
        self.expected.insert(led.partition, expected);

        let earlier = (led.partition, LeaderEpoch(0))..=(led.partition, led.epoch);
        let epochs: Vec<LeaderEpoch> = self.acked.range(earlier).map(|((_, epoch), _)| *epoch).collect();
        for epoch in epochs {
            let acked = self.acked.get_mut(&(led.partition, epoch)).expect("listed a moment ago");
            let kept = kept(led.log, epoch, acked.start.max(begin));
            let (by_all, by_leader) = (acked.by_all.split_off(kept), acked.by_leader.split_off(kept));
            let content = acked.content;
            for (gone, acks) in [(by_all, Acks::All), (by_leader, Acks::Leader)] {
                let Some(((first, _), end)) = gone.iter().next().zip(gone.end()) else { continue };
                let (last, count) = (Offset(end.0 - 1), gone.count());
                let why = match acks {
                    Acks::All => self.excuse(led, epoch, first),
                    _ => content.map(|producer| Unpromised::Acks { producer }),
                };
                missing(Guarantee::AckedRecordsSurvive, first, last, why);
                let (partition, leader, step) = (led.partition, led.leader, record.step);
                self.lost.push(LostRecords { partition, first, last, count, leader, step });
            }
        }
    }

    /// Why the leader need not have the records of `epoch` from `first` on, if it need not.
    fn excuse(&self, led: &Led<'_>, epoch: LeaderEpoch, first: Offset) -> Option<Unpromised> {
        let partition = led.partition;
        let by = (partition, led.leader);
        let unclean = || self.unclean.get(&partition).filter(|unclean| epoch < unclean.epoch);
        // The narrower reason first: an election can only lose what is not there.
        let power = self.power.excuse(partition, epoch, first).or_else(|| self.power.unnoticed(by, epoch, first));
        let unclean = || unclean().map(|by| by.unpromised(partition));
        let uncompared = || {
            let has_forgotten = self.forgot.contains_key(&partition);
            self.truncations.excuse(by, led.log, (epoch, first), has_forgotten).filter(|_| !led.compares)
        };
        power.or_else(unclean).or_else(uncompared)
    }
}

/// A broker that has just begun to lead.
struct Led<'a> {
    partition: TopicPartition,
    leader: BrokerId,
    epoch: LeaderEpoch,
    log: &'a UnifiedLog,
    /// Does a follower compare its log with its leader's (KIP-101)?
    compares: bool,
}

/// `unclean.leader.election.enable`: the topic's own value, else all brokers', else what the controller started with,
/// which in ZooKeeper mode is a broker. That the controller says so is not enough: it is one of those who are watched.
fn may_be_unclean(world: &World, partition: TopicPartition) -> bool {
    const KEY: &str = "unclean.leader.election.enable";
    let own = world.image().topic(partition.topic).and_then(|topic| topic.overrides.get(KEY));
    let own = own.map(AsRef::as_ref).or_else(|| world.image().broker_override(None, KEY));
    let cluster = || {
        let quorum = || world.controller().map(|(_, controller)| controller.config());
        let broker = || world.broker(world.kafka_controller()?).map(Broker::config);
        quorum().or_else(broker).is_some_and(|config| config.unclean_leader_election_enable)
    };
    own.map_or_else(cluster, |value: &str| value.eq_ignore_ascii_case("true"))
}

/// The partitions of a command that exist; without a list, all.
fn named(world: &World, partitions: Option<&[PartitionSpec]>) -> Vec<TopicPartition> {
    let image = world.image();
    let find = |spec: &PartitionSpec| {
        let topic = image.topic_id(&spec.topic)?;
        Some(TopicPartition { topic, partition: PartitionId(spec.partition) })
    };
    match partitions {
        Some(partitions) => partitions.iter().filter_map(find).collect(),
        None => image.partitions().map(|(id, _)| id).collect(),
    }
}

fn log_of(world: &World, node: NodeId, partition: TopicPartition) -> Option<&UnifiedLog> {
    let NodeId::Broker(broker) = node else { return None };
    world.broker(broker)?.log(partition)
}

/// The epoch of the record at `offset`.
fn epoch_of(log: &UnifiedLog, offset: Offset) -> Option<EpochEntry> {
    log.leader_epochs().entries().iter().rev().find(|entry| entry.start_offset <= offset).copied()
}

/// How far this log has the records of `epoch`, which begin at `start`, counting what it has deleted as had.
pub(super) fn kept(log: &UnifiedLog, epoch: LeaderEpoch, start: Offset) -> Offset {
    let deleted = log.log_start_offset();
    let own = log.leader_epochs().entries().iter().find(|entry| entry.epoch == epoch);
    // If the epoch begins later here, something else stands where its first records should be.
    let own = own.filter(|entry| entry.start_offset <= start.max(deleted));
    let end = own.and_then(|_| log.end_offset_for_epoch(epoch)).map_or(start, |end| end.end_offset);
    end.max(deleted)
}
