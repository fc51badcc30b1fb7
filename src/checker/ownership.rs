//! Who owns what: partitions within a group's generation, messages within the queue.

use std::collections::BTreeMap;

use super::guarantee::{Evidence, Guarantee, Unpromised, Violation};
use super::survival::Survival;
use crate::engine::clients::{ConsumerFact, ZookeeperConsumerFact};
use crate::engine::common::{Generation, NodeId, TopicPartition};
use crate::engine::coordinator::group::{OFFSETS_TOPIC, partition_for_group};
use crate::engine::protocol::SessionId;
use crate::engine::queue::QueueFact;
use crate::engine::runtime::RuntimeFact;
use crate::engine::{Fact, Record, World};

#[derive(Clone, Debug, Default)]
pub(super) struct Ownership {
    groups: BTreeMap<NodeId, std::sync::Arc<str>>,
    owners: BTreeMap<(std::sync::Arc<str>, TopicPartition), (NodeId, Generation)>,
    /// In groups of 0.8: who claimed a partition, and whose session its owner znode was then.
    claimed: BTreeMap<(std::sync::Arc<str>, TopicPartition), (NodeId, Option<SessionId>)>,
    /// Messages that are delivered and not yet settled.
    delivered: BTreeMap<u64, NodeId>,
}

impl Ownership {
    pub(super) fn observe(
        &mut self,
        world: &World,
        record: &Record,
        survival: &Survival,
        violations: &mut Vec<Violation>,
    ) {
        let mut broken = |guarantee, evidence, unpromised| {
            violations.push(Violation { guarantee, step: record.step, at: record.at, evidence, unpromised });
        };
        match (&record.fact, record.node) {
            (Fact::Consumer(ConsumerFact::Joined { group, .. }), Some(node)) => {
                self.groups.insert(node, group.clone());
            }
            (Fact::Consumer(ConsumerFact::PartitionsAssigned { generation, partitions, .. }), Some(node)) => {
                let Some(group) = self.groups.get(&node) else { return };
                for partition in partitions {
                    let key = (group.clone(), *partition);
                    if let Some((owner, held)) = self.owners.insert(key, (node, *generation))
                        && owner != node
                        && held == *generation
                    {
                        let evidence = Evidence::TwoOwners {
                            partition: *partition,
                            generation: Some(*generation),
                            owners: (owner, node),
                        };
                        let forgot = log_of_group(world, group).and_then(|log| survival.forgot(log));
                        broken(Guarantee::OneOwnerPerPartition, evidence, forgot.cloned());
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
                    self.claimed.retain(|(_, owned), (owner, _)| owned != partition || *owner != node);
                }
            }
            (Fact::ZookeeperConsumer(ZookeeperConsumerFact::Claimed { partition, .. }), Some(node)) => {
                let Some((_, consumer)) = world.consumers().find(|(id, _)| *id == node) else { return };
                let group = consumer.group().clone();
                // It may be that of its own former session, taken for its own by the name in it, and about to go.
                let session = world.zookeeper_group(&group).and_then(|znodes| znodes.owners.get(partition)?.session);
                let earlier = self.claimed.insert((group, *partition), (node, session));
                if let Some((owner, session)) = earlier.filter(|(owner, _)| *owner != node) {
                    let owners = (owner, node);
                    let evidence = Evidence::TwoOwners { partition: *partition, generation: None, owners };
                    let unpromised = (!lives(world, session)).then_some(Unpromised::SessionEnded { consumer: owner });
                    broken(Guarantee::OneOwnerPerPartition, evidence, unpromised);
                }
            }
            (Fact::ZookeeperConsumer(ZookeeperConsumerFact::Released { partitions }), Some(node)) => {
                self.claimed.retain(|(_, owned), (owner, _)| !partitions.contains(owned) || *owner != node);
            }
            (Fact::Consumer(ConsumerFact::Closed), Some(node)) => self.claimed.retain(|_, (owner, _)| *owner != node),
            (Fact::Runtime(RuntimeFact::Crashed { .. }), Some(node)) => {
                self.owners.retain(|_, (owner, _)| *owner != node);
                self.claimed.retain(|_, (owner, _)| *owner != node);
                if node == NodeId::QueueBroker {
                    self.delivered.clear();
                }
            }
            (Fact::Queue(QueueFact::Delivered { message, to, .. }), _) => {
                if let Some(holder) = self.delivered.insert(*message, *to) {
                    let evidence = Evidence::TwoWorkers { message: *message, workers: (holder, *to) };
                    broken(Guarantee::OneWorkerPerMessage, evidence, None);
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

/// Does ZooKeeper keep this session?
fn lives(world: &World, session: Option<SessionId>) -> bool {
    session.zip(world.znode_tree()).is_some_and(|(session, tree)| tree.session(session).is_some())
}

/// The partition of `__consumer_offsets` that is the memory of this group.
fn log_of_group(world: &World, group: &str) -> Option<TopicPartition> {
    let topic = world.image().topic_id(OFFSETS_TOPIC)?;
    let partitions = u32::try_from(world.image().topic(topic)?.partitions.len()).ok().filter(|count| *count > 0)?;
    Some(TopicPartition { topic, partition: partition_for_group(group, partitions) })
}
