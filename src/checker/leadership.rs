//! Who led when, how far the high watermark had come, and who read beyond it.

use std::collections::BTreeMap;

use super::guarantee::{Evidence, Guarantee, Violation};
use super::survival::Survival;
use crate::engine::clients::ConsumerFact;
use crate::engine::common::{BrokerId, LeaderEpoch, NodeId, Offset, TopicPartition};
use crate::engine::kafka_controller::KafkaControllerFact;
use crate::engine::server::BrokerFact;
use crate::engine::{Fact, Record};

/// One reign, as its leader told of it.
#[derive(Clone, Copy, Debug)]
struct Reign {
    leader: BrokerId,
    high_watermark: Offset,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Leadership {
    reigns: BTreeMap<(TopicPartition, LeaderEpoch), Reign>,
    /// The epoch in which each broker last began to lead.
    leads: BTreeMap<(BrokerId, TopicPartition), LeaderEpoch>,
    /// In ZooKeeper mode, who was controller in which controller epoch.
    controllers: BTreeMap<u32, BrokerId>,
}

impl Leadership {
    pub(super) fn observe(&mut self, record: &Record, survival: &Survival, violations: &mut Vec<Violation>) {
        let mut broken = |guarantee, evidence| {
            violations.push(Violation { guarantee, step: record.step, at: record.at, evidence, unpromised: None });
        };
        match (&record.fact, record.node) {
            (
                Fact::Broker(BrokerFact::BecameLeader { partition, leader_epoch: epoch, high_watermark, .. }),
                Some(NodeId::Broker(broker)),
            ) => {
                let (partition, epoch) = (*partition, *epoch);
                let reign = Reign { leader: broker, high_watermark: *high_watermark };
                let first = self.reigns.entry((partition, epoch)).or_insert(reign);
                if first.leader == broker {
                    // In ZooKeeper mode a leader may be back before its session has ended: nobody is elected, and the
                    // new process leads on in the same epoch from what its checkpoint and its log have kept (sweep, seed
                    // 84). The promise binds each process. In KRaft a restart always ends the epoch.
                    first.high_watermark = *high_watermark;
                }
                let first = *first;
                self.leads.insert((broker, partition), epoch);
                if first.leader != broker {
                    let evidence = Evidence::TwoLeaders { partition, epoch, brokers: (first.leader, broker) };
                    broken(Guarantee::OneLeaderPerEpoch, evidence);
                }
            }
            (Fact::KafkaController(KafkaControllerFact::Elected { epoch }), Some(NodeId::Broker(broker))) => {
                let first = *self.controllers.entry(*epoch).or_insert(broker);
                if first != broker {
                    let evidence = Evidence::TwoKafkaControllers { epoch: *epoch, brokers: (first, broker) };
                    broken(Guarantee::OneLeaderPerEpoch, evidence);
                }
            }
            // `ends` is filled by leaders only: a follower merely repeats what it heard.
            (
                Fact::Broker(BrokerFact::HighWatermarkMoved { partition, to, ends, .. }),
                Some(NodeId::Broker(broker)),
            ) if !ends.is_empty() => {
                let epoch = self.leads.get(&(broker, *partition));
                let reign = epoch.and_then(|epoch| self.reigns.get_mut(&(*partition, *epoch)));
                let Some(reign) = reign.filter(|reign| reign.leader == broker) else { return };
                let from = std::mem::replace(&mut reign.high_watermark, *to);
                if *to < from {
                    let evidence = Evidence::Fell { partition: *partition, from, to: *to };
                    broken(Guarantee::HighWatermarkNeverFalls, evidence);
                }
            }
            (Fact::Consumer(ConsumerFact::Polled { partition, last, last_epoch, .. }), _)
                if !survival.is_committed(*partition, *last_epoch, *last) =>
            {
                let high_watermark = survival.committed_end(*partition, *last_epoch);
                let evidence = Evidence::ReadTooFar { partition: *partition, read: *last, high_watermark };
                broken(Guarantee::ReadsBelowHighWatermark, evidence);
            }
            _ => {}
        }
    }
}
