//! What replicas cut off before there were leader epochs (KIP-101), and what they failed to cut off.
//!
//! Before 0.11 a replica that begins to follow cuts its log at its own high watermark, and compares nothing
//! (`ReplicaManager.makeFollowers`). That mark reaches a follower one fetch later than the leader, so it may cut records
//! that are committed; it stays in sync all the same, and may lead before it has fetched them again. And what stands
//! below the mark stays, even if the leader has other records there since some loss.

use std::collections::BTreeMap;

use super::guarantee::Unpromised;
use crate::engine::common::{BrokerId, LeaderEpoch, NodeId, Offset, TopicPartition};
use crate::engine::server::BrokerFact;
use crate::engine::storage::UnifiedLog;
use crate::engine::{Fact, Record, World};

/// The tail `from..to` of a replica's log that it cut off, since it followed a leader of this epoch.
#[derive(Clone, Copy, Debug)]
struct Cut {
    from: Offset,
    to: Offset,
    leader_epoch: LeaderEpoch,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Truncations {
    /// Since when the replica has not had as much again.
    cuts: BTreeMap<(TopicPartition, BrokerId), Cut>,
}

impl Truncations {
    pub(super) fn observe(&mut self, world: &World, record: &Record) {
        if world.setup().version.truncates_by_leader_epoch() {
            return;
        }
        let (Fact::Broker(fact), Some(NodeId::Broker(broker))) = (&record.fact, record.node) else { return };
        match fact {
            // Whoever is let in again later has fetched everything by then.
            BrokerFact::Truncated { partition, to, from, leader_epoch } if is_in_sync(world, *partition, broker) => {
                let cut = Cut { from: *to, to: *from, leader_epoch: *leader_epoch };
                let known = self.cuts.entry((*partition, broker)).or_insert(cut);
                // Cut again before it had everything.
                *known = Cut { from: known.from.min(cut.from), to: known.to.max(cut.to), ..cut };
            }
            // It has everything again.
            BrokerFact::Appended { partition, last, .. }
                if self.cuts.get(&(*partition, broker)).is_some_and(|cut| cut.to <= last.next()) =>
            {
                self.cuts.remove(&(*partition, broker));
            }
            _ => {}
        }
    }

    /// Did this broker, in sync, cut off the records of `epoch` from `first` on at its own high watermark?
    pub(super) fn cut(&self, partition: TopicPartition, broker: BrokerId, epoch: LeaderEpoch, first: Offset) -> bool {
        let cut = self.cuts.get(&(partition, broker));
        cut.is_some_and(|cut| cut.from <= first && first < cut.to && epoch < cut.leader_epoch)
    }

    /// Why `leader`, whose log this is, need not have the records of `epoch` from `first` on. `has_forgotten`: an earlier
    /// leader lacked committed records of the partition and had not promised them.
    pub(super) fn excuse(
        &self,
        (partition, leader): (TopicPartition, BrokerId),
        log: &UnifiedLog,
        (epoch, first): (LeaderEpoch, Offset),
        has_forgotten: bool,
    ) -> Option<Unpromised> {
        if self.cut(partition, leader, epoch, first) {
            return Some(Unpromised::CutAtHighWatermark { partition, leader });
        }
        let own = log.leader_epochs().entries().iter().rev().find(|entry| entry.start_offset <= first);
        let holds_another = first < log.log_end_offset() && own.is_some_and(|entry| entry.epoch < epoch);
        (has_forgotten && holds_another).then_some(Unpromised::NeverCompared { partition, leader })
    }
}

fn is_in_sync(world: &World, partition: TopicPartition, broker: BrokerId) -> bool {
    world.image().partition(partition).is_some_and(|registration| registration.isr.contains(&broker))
}
