//! Who owns what: partitions within a group's generation, messages within the queue.

use std::collections::BTreeMap;

use super::guarantee::{Evidence, Guarantee, Violation};
use crate::engine::clients::ConsumerFact;
use crate::engine::common::{Generation, NodeId, TopicPartition};
use crate::engine::queue::QueueFact;
use crate::engine::runtime::{Crash, RuntimeFact};
use crate::engine::{Fact, Record};

#[derive(Clone, Debug, Default)]
pub(super) struct Ownership {
    groups: BTreeMap<NodeId, std::sync::Arc<str>>,
    owners: BTreeMap<(std::sync::Arc<str>, TopicPartition), (NodeId, Generation)>,
    /// Messages that are delivered and not yet settled.
    delivered: BTreeMap<u64, NodeId>,
    /// A machine lost power: a coordinator may have forgotten a generation it had announced.
    power_lost: bool,
}

impl Ownership {
    pub(super) fn observe(&mut self, record: &Record, violations: &mut Vec<Violation>) {
        if let Fact::Runtime(RuntimeFact::Crashed { how: Crash::Power }) = record.fact {
            self.power_lost = true;
        }
        let promised = !self.power_lost;
        let mut broken = |guarantee, evidence| {
            violations.push(Violation { guarantee, step: record.step, at: record.at, promised, evidence });
        };
        match (&record.fact, record.node) {
            (Fact::Consumer(ConsumerFact::Joined { group, .. }), Some(node)) => {
                self.groups.insert(node, group.clone());
            }
            (Fact::Consumer(ConsumerFact::PartitionsAssigned { generation, partitions }), Some(node)) => {
                let Some(group) = self.groups.get(&node) else { return };
                for partition in partitions {
                    let key = (group.clone(), *partition);
                    if let Some((owner, held)) = self.owners.insert(key, (node, *generation))
                        && owner != node
                        && held == *generation
                    {
                        let evidence = Evidence::TwoOwners {
                            partition: *partition,
                            generation: *generation,
                            owners: (owner, node),
                        };
                        broken(Guarantee::OneOwnerPerPartition, evidence);
                    }
                }
            }
            (
                Fact::Consumer(
                    ConsumerFact::PartitionsRevoked { partitions } | ConsumerFact::PartitionsLost { partitions },
                ),
                Some(node),
            ) => {
                for partition in partitions {
                    self.owners.retain(|(_, owned), (owner, _)| owned != partition || *owner != node);
                }
            }
            (Fact::Runtime(RuntimeFact::Crashed { .. }), Some(node)) => {
                self.owners.retain(|_, (owner, _)| *owner != node);
                if node == NodeId::QueueBroker {
                    self.delivered.clear();
                }
            }
            (Fact::Queue(QueueFact::Delivered { message, to, .. }), _) => {
                if let Some(holder) = self.delivered.insert(*message, *to) {
                    let evidence = Evidence::TwoWorkers { message: *message, workers: (holder, *to) };
                    broken(Guarantee::OneWorkerPerMessage, evidence);
                }
            }
            (
                Fact::Queue(
                    QueueFact::Removed { message, .. }
                    | QueueFact::Requeued { message, .. }
                    | QueueFact::DeadLettered { message, .. },
                ),
                _,
            ) => {
                self.delivered.remove(message);
            }
            _ => {}
        }
    }
}
