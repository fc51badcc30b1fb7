//! What power losses took, and from whom: the one exception to the survival of committed records in clean elections.
//!
//! A replica that loses power loses what it had not flushed; nobody notices until its session expires, and until then it
//! may lead. As long as one replica that may lead, in sync or eligible (KIP-966), still has a record, Kafka owes it. The
//! moment none has it any more, and each lost it with its power, it is nobody's debt: from then on the record is
//! *exposed*. Anything else that makes a record disappear, a replica let in that lacks it or a leader from outside,
//! excuses nothing.
//!
//! In ZooKeeper mode there is one more way. Nothing but the controller's memory tells that a broker which is back is not
//! the process that was in sync; if it lost its power, was gone and is back while no controller watched, it is still in
//! sync on paper, and may lead (`KafkaController.initializeControllerContext` reads only who lives now). KRaft compares
//! broker epochs and closes this hole.

use std::collections::BTreeMap;

use super::guarantee::Unpromised;
use super::survival::{Committed, Stretch, kept};
use crate::engine::common::{BrokerEpoch, BrokerId, LeaderEpoch, NodeId, Offset, TopicPartition};
use crate::engine::controller::ControllerFact;
use crate::engine::runtime::{Crash, RuntimeFact};
use crate::engine::server::BrokerFact;
use crate::engine::storage::UnifiedLog;
use crate::engine::zookeeper::ZooKeeperFact;
use crate::engine::{Fact, Record, World};

/// How far a replica's log went before its power failed.
#[derive(Clone, Copy, Debug, Default)]
struct Written {
    end: Offset,
    /// No record of a later epoch was in it.
    epoch: LeaderEpoch,
}

/// The tail `from..to` of a replica's log that a power loss took.
#[derive(Clone, Copy, Debug)]
struct Cut {
    from: Offset,
    to: Offset,
    epoch: LeaderEpoch,
    /// The process it happened to. The next one is let into the in-sync set only once it has everything.
    registered: Option<BrokerEpoch>,
    /// In ZooKeeper mode: the next one is in it already, since no controller saw that this one was gone.
    unnoticed: bool,
}

/// Committed records that no replica has any more that may lead.
#[derive(Clone, Debug)]
struct Exposed {
    from: Offset,
    /// All who might have led at that moment.
    brokers: Vec<BrokerId>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct PowerLosses {
    written: BTreeMap<(BrokerId, TopicPartition), Written>,
    cuts: BTreeMap<(TopicPartition, BrokerId), Vec<Cut>>,
    exposed: BTreeMap<(TopicPartition, LeaderEpoch), Exposed>,
}

impl PowerLosses {
    /// Any exposed records, whether they are missed already or not.
    pub(super) fn exception(&self) -> Option<Unpromised> {
        let ((partition, _), exposed) = self.exposed.last_key_value()?;
        Some(Unpromised::PowerLoss { partition: *partition, brokers: exposed.brokers.clone() })
    }

    /// Why the records of `epoch` from `first` on need not be there.
    pub(super) fn excuse(&self, partition: TopicPartition, epoch: LeaderEpoch, first: Offset) -> Option<Unpromised> {
        let exposed = self.exposed.get(&(partition, epoch)).filter(|exposed| exposed.from <= first)?;
        Some(Unpromised::PowerLoss { partition, brokers: exposed.brokers.clone() })
    }

    /// Why `leader` need not have the records of `epoch` from `first` on, although another does.
    pub(super) fn unnoticed(
        &self,
        (partition, leader): (TopicPartition, BrokerId),
        epoch: LeaderEpoch,
        first: Offset,
    ) -> Option<Unpromised> {
        let cuts = self.cuts.get(&(partition, leader))?;
        let is_why = |cut: &&Cut| cut.unnoticed && cut.from <= first && first < cut.to && epoch <= cut.epoch;
        cuts.iter().find(is_why).map(|_| Unpromised::Unnoticed { partition, leader })
    }

    pub(super) fn observe(&mut self, world: &World, record: &Record, committed: &BTreeMap<TopicPartition, Committed>) {
        match (&record.fact, record.node) {
            (Fact::Broker(fact), Some(NodeId::Broker(broker))) => self.wrote(broker, fact),
            (Fact::Runtime(RuntimeFact::Crashed { how: Crash::Power }), Some(NodeId::Broker(broker))) => {
                for partition in self.cut(world, broker) {
                    self.look(world, partition, committed);
                }
            }
            (fact, _) if !self.cuts.is_empty() && may_change_sets(fact) => self.sets_changed(world, committed),
            _ => {}
        }
    }

    /// The sets of those who may lead may have shrunk to those who lost their power.
    fn sets_changed(&mut self, world: &World, committed: &BTreeMap<TopicPartition, Committed>) {
        let mut partitions: Vec<TopicPartition> = self.cuts.keys().map(|(partition, _)| *partition).collect();
        partitions.dedup();
        for partition in partitions {
            self.look(world, partition, committed);
        }
        self.cuts.retain(|(partition, broker), cuts| {
            // In ZooKeeper mode a broker that is away has no epoch.
            let Some(registered) = epoch_of(world, *broker) else { return true };
            let registration = world.image().partition(*partition);
            let is_in_sync = registration.is_some_and(|registration| registration.isr.contains(broker));
            let log_end =
                world.broker(*broker).and_then(|broker| broker.log(*partition)).map(UnifiedLog::log_end_offset);
            let goes_unnoticed = world.zookeepers().next().is_some() && is_in_sync;
            cuts.retain_mut(|cut| {
                if cut.registered == Some(registered) {
                    return true;
                }
                cut.unnoticed = goes_unnoticed && log_end.is_some_and(|end| end < cut.to);
                cut.unnoticed
            });
            !cuts.is_empty()
        });
    }

    fn wrote(&mut self, broker: BrokerId, fact: &BrokerFact) {
        let (partition, end, epoch) = match fact {
            BrokerFact::Appended { partition, last, leader_epoch, .. } => (partition, last.next(), Some(*leader_epoch)),
            BrokerFact::Truncated { partition, to, .. } => (partition, *to, None),
            BrokerFact::BecameLeader { partition, log_end, .. }
            | BrokerFact::BecameFollower { partition, log_end, .. } => (partition, *log_end, None),
            _ => return,
        };
        let written = self.written.entry((broker, *partition)).or_default();
        written.end = end;
        written.epoch = written.epoch.max(epoch.unwrap_or_default());
    }

    /// Notes what this broker's logs have lost, right after its power failed.
    fn cut(&mut self, world: &World, broker: BrokerId) -> Vec<TopicPartition> {
        let registered = epoch_of(world, broker);
        let mut affected = Vec::new();
        for ((_, partition), written) in self.written.iter_mut().filter(|((of, _), _)| *of == broker) {
            let Some(log) = world.broker(broker).and_then(|broker| broker.log(*partition)) else { continue };
            let (from, to, epoch) = (on_platter(log), written.end, written.epoch);
            if from < to {
                self.cuts.entry((*partition, broker)).or_default().push(Cut {
                    from,
                    to,
                    epoch,
                    registered,
                    unnoticed: false,
                });
                written.end = from;
                affected.push(*partition);
            }
        }
        affected
    }

    /// Is there a committed record that all who may lead have lost with their power?
    fn look(&mut self, world: &World, partition: TopicPartition, committed: &BTreeMap<TopicPartition, Committed>) {
        let (Some(epochs), Some(registration)) = (committed.get(&partition), world.image().partition(partition)) else {
            return;
        };
        let may_lead: Vec<BrokerId> = registration.isr.iter().chain(&registration.elr).copied().collect();
        for (epoch, Stretch { start, end }) in epochs {
            let has = |broker: &BrokerId| has(world, *broker, partition, (*epoch, *start));
            let Some(from) = may_lead.iter().map(has).max().filter(|from| from < end) else { continue };
            let is_excused = |broker: &BrokerId| {
                let cuts = self.cuts.get(&(partition, *broker)).map(Vec::as_slice).unwrap_or_default();
                cuts.iter().any(|cut| cut.from <= from && *end <= cut.to && *epoch <= cut.epoch)
            };
            if may_lead.iter().all(is_excused) {
                let exposed = Exposed { from, brokers: may_lead.clone() };
                let known = self.exposed.entry((partition, *epoch)).or_insert_with(|| exposed.clone());
                if from < known.from {
                    *known = exposed;
                }
            }
        }
    }
}

/// Does this fact say that the metadata have changed, in one mode or the other?
fn may_change_sets(fact: &Fact) -> bool {
    use ZooKeeperFact::{ZnodeChanged, ZnodeCreated, ZnodeDeleted};
    match fact {
        Fact::Controller(fact) => matches!(fact, ControllerFact::MetadataCommitted { .. }),
        Fact::ZooKeeper(fact) => matches!(fact, ZnodeCreated { .. } | ZnodeChanged { .. } | ZnodeDeleted { .. }),
        _ => false,
    }
}

fn epoch_of(world: &World, broker: BrokerId) -> Option<BrokerEpoch> {
    world.image().broker(broker).map(|registration| registration.epoch)
}

/// How far this broker has the records of `epoch`.
fn has(world: &World, broker: BrokerId, partition: TopicPartition, (epoch, start): (LeaderEpoch, Offset)) -> Offset {
    world.broker(broker).and_then(|broker| broker.log(partition)).map_or(start, |log| kept(log, epoch, start))
}

/// What is left of a log after its power failed.
fn on_platter(log: &UnifiedLog) -> Offset {
    log.recovery_point().min(log.log_end_offset())
}
