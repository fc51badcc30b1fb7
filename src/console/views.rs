//! What the console reads of the world: the few places where it looks into a node.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::World;
use crate::engine::clients::producer::OffsetRanges;
use crate::engine::clients::zookeeper_consumer::zk_data::GroupZnodes;
use crate::engine::clients::{Consumer, ProducerFact};
use crate::engine::common::{BrokerId, NodeId, Offset, PartitionId, TopicPartition};
use crate::engine::coordinator::group::Group;
use crate::engine::metadata::TopicImage;
use crate::engine::queue::{QueueFact, QueueWorker};
use crate::engine::server::{BrokerFact, ParkedProduce};
use crate::engine::storage::UnifiedLog;
use crate::engine::trace::{Fact, Record};
use crate::engine::world::Process;

/// One replica's log in three numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Replica {
    pub log_start: Offset,
    pub high_watermark: Offset,
    pub log_end: Offset,
}

/// What a producer's program knows of its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tally {
    pub sent: u64,
    pub acked: u64,
    pub failed: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Queue {
    pub ready: u64,
    pub delivered: u64,
    pub removed: u64,
    pub dead: u64,
}

/// `orders-0`: the name of a topic and the number of a partition.
pub(super) fn partition(world: &World, name: &str) -> Option<TopicPartition> {
    let (topic, number) = name.rsplit_once('-')?;
    let number = number.parse().ok()?;
    let topic = world.image().topic_id(topic)?;
    let id = TopicPartition { topic, partition: PartitionId(number) };
    world.image().partition(id).map(|_| id)
}

/// `orders-0` again.
pub(super) fn partition_name(world: &World, partition: TopicPartition) -> String {
    let topic = world.image().topic(partition.topic).map_or("?", |topic| &topic.name);
    format!("{topic}-{}", partition.partition)
}

pub(super) fn topic<'a>(world: &'a World, name: &str) -> Option<&'a TopicImage> {
    world.image().topic(world.image().topic_id(name)?)
}

/// The log of a partition's leader, if the leader lives.
pub(super) fn leader_log(world: &World, partition: TopicPartition) -> Option<(BrokerId, &UnifiedLog)> {
    let leader = world.image().partition(partition)?.leader.filter(|leader| world.is_up(NodeId::Broker(*leader)))?;
    Some((leader, world.broker(leader)?.log(partition)?))
}

pub(super) fn replica(world: &World, broker: BrokerId, partition: TopicPartition) -> Option<Replica> {
    let log = world.broker(broker)?.log(partition)?;
    Some(Replica {
        log_start: log.log_start_offset(),
        high_watermark: log.high_watermark(),
        log_end: log.log_end_offset(),
    })
}

/// Produce requests with acks=all that wait on `broker`.
pub(super) fn waiting_produces(world: &World, broker: BrokerId, partition: TopicPartition) -> Option<u64> {
    let waits = |(_, parked): &(_, &ParkedProduce)| {
        parked.partitions.iter().any(|wait| wait.partition == partition && wait.outcome.is_none())
    };
    Some(world.broker(broker)?.purgatory().produces().filter(waits).count() as u64)
}

/// The broker that coordinates a group, if it is alive and the group is known there.
pub(super) fn group<'a>(world: &'a World, name: &str) -> Option<(BrokerId, &'a Group)> {
    groups(world).find(|(_, group)| group.id().as_ref() == name)
}

/// All groups that have a coordinator, broker by broker.
pub(super) fn groups(world: &World) -> impl Iterator<Item = (BrokerId, &Group)> {
    let alive = world.brokers().filter(|(id, _)| world.is_up(NodeId::Broker(*id)));
    alive.flat_map(|(id, broker)| broker.coordinator().groups().map(move |(_, group)| (id, group)))
}

pub(super) fn committed(group: &Group, partition: TopicPartition) -> Option<Offset> {
    group.offset(partition).map(|stored| stored.offset)
}

/// A group of consumers of 0.8, as it stands in ZooKeeper.
pub(super) fn zookeeper_group(world: &World, name: &str) -> Option<GroupZnodes> {
    world.zookeeper_group(name)
}

/// The client behind the thread that an owner znode names; the thread itself, if no client here has that name. A dead
/// process still owns until its session ends, so the name is read from the id: `billing_billing-1-5000-0123abcd-0`.
pub(super) fn owner_in_zookeeper(world: &World, group: &str, partition: TopicPartition) -> Option<String> {
    let thread = zookeeper_group(world, group)?.owners.get(&partition)?.thread.clone();
    let host = thread.strip_prefix(&format!("{group}_")).and_then(|rest| rest.rsplitn(4, '-').nth(3));
    let client = world.consumers().find(|(_, consumer)| {
        consumer.connector().is_some_and(|one| one.owns_as(&thread) || host == Some(&**consumer.name()))
    });
    Some(client.map_or_else(|| thread.to_string(), |(_, consumer)| consumer.name().to_string()))
}

/// How many owner znodes name this client; `None` if it is not registered.
pub(super) fn owned_in_zookeeper(world: &World, group: &str, client: &str) -> Option<usize> {
    let connector = consumer(world, client)?.connector()?;
    let group = zookeeper_group(world, group)?;
    group.ids.get(connector.id())?;
    Some(group.owners.values().filter(|owner| connector.owns_as(&owner.thread)).count())
}

/// What a group has committed, wherever its version keeps that.
pub(super) fn all_committed(world: &World, name: &str) -> Option<BTreeMap<TopicPartition, Offset>> {
    match group(world, name) {
        Some((_, group)) => Some(group.offsets().map(|(partition, stored)| (partition, stored.offset)).collect()),
        None => Some(zookeeper_group(world, name)?.offsets),
    }
}

/// As `kafka-consumer-groups` calculates it: what is readable less what is committed.
pub(super) fn lag(world: &World, group: &Group, partition: TopicPartition) -> Option<u64> {
    Some(log_end(world, partition)?.since(committed(group, partition)?))
}

/// What ListOffsets answers to a consumer: the leader's high watermark.
pub(super) fn log_end(world: &World, partition: TopicPartition) -> Option<Offset> {
    let leader = world.image().partition(partition)?.leader?;
    Some(replica(world, leader, partition)?.high_watermark)
}

pub(super) fn consumer<'a>(world: &'a World, name: &str) -> Option<&'a Consumer> {
    let node = world.node_of(&super::words::target(name))?;
    match world.process(node)? {
        Process::Consumer(consumer) => Some(consumer),
        _ => None,
    }
}

pub(super) fn position(consumer: &Consumer, partition: TopicPartition) -> Option<Offset> {
    consumer.position(partition)
}

pub(super) fn tally(world: &World, name: &str) -> Option<Tally> {
    let node = world.node_of(&super::words::target(name))?;
    match world.process(node)? {
        Process::Producer(producer) => {
            let ledger = producer.ledger();
            Some(Tally { sent: ledger.handed_over(), acked: ledger.acked_records(), failed: ledger.failed_records() })
        }
        Process::QueueProducer(producer) => {
            Some(Tally { sent: producer.published(), acked: producer.confirmed(), failed: 0 })
        }
        _ => None,
    }
}

pub(super) fn queue(world: &World) -> Option<Queue> {
    let queue = world.queue_broker()?;
    Some(Queue {
        ready: queue.ready().count() as u64,
        delivered: queue.delivered().count() as u64,
        removed: queue.removed_count(),
        dead: queue.dead_letters().len() as u64,
    })
}

/// The consumers that go by a name: one client, or all of a group.
fn consumers_called<'a>(world: &'a World, name: &str) -> Vec<&'a Consumer> {
    match consumer(world, name) {
        Some(consumer) => vec![consumer],
        None => world.consumers().filter(|(_, c)| **c.group() == *name).map(|(_, consumer)| consumer).collect(),
    }
}

/// The workers of an application on the queue.
fn workers_of<'a>(world: &'a World, application: &str) -> Vec<(NodeId, &'a QueueWorker)> {
    world.queue_workers().filter(|(_, worker)| worker.application() == application).collect()
}

/// Records (or messages) that a client or a group has finished with.
pub(super) fn processed(world: &World, name: &str) -> Option<u64> {
    let consumers = consumers_called(world, name);
    if !consumers.is_empty() {
        return Some(consumers.iter().map(|consumer| consumer.processed_records()).sum());
    }
    let worker = world.queue_workers().find(|(_, worker)| worker.name() == name);
    worker.map(|(_, worker)| worker.processed_count())
}

/// Messages that an application on the queue has finished with.
pub(super) fn queue_processed(world: &World, application: &str) -> Option<u64> {
    let workers = workers_of(world, application);
    (!workers.is_empty()).then(|| workers.iter().map(|(_, worker)| worker.processed_count()).sum())
}

/// Different records that a group or a client has finished with.
pub(super) fn distinct(world: &World, name: &str) -> Option<u64> {
    let consumers = consumers_called(world, name);
    let mut seen: BTreeMap<TopicPartition, OffsetRanges> = BTreeMap::new();
    for ledger in consumers.iter().map(|consumer| consumer.ledger()) {
        for (partition, _) in ledger.counts() {
            let ranges = seen.entry(partition).or_default();
            for (first, end) in ledger.processed_offsets(partition).into_iter().flat_map(OffsetRanges::iter) {
                ranges.insert(first, end);
            }
        }
    }
    (!consumers.is_empty()).then(|| seen.values().map(OffsetRanges::count).sum())
}

/// How often a group or a client finished with a record that it had finished with before.
pub(super) fn read_twice(world: &World, name: &str) -> Option<u64> {
    Some(processed(world, name)? - distinct(world, name)?)
}

/// Records below a group's committed offsets, still in the log, that none of its members has finished with.
pub(super) fn skipped(world: &World, name: &str) -> Option<u64> {
    let committed = all_committed(world, name)?;
    let consumers = consumers_called(world, name);
    let skipped = |(partition, committed): (TopicPartition, Offset)| {
        let leader = world.image().partition(partition)?.leader?;
        let start = replica(world, leader, partition)?.log_start;
        let done = |offset: &u64| {
            let has = |consumer: &&Consumer| {
                let offsets = consumer.ledger().processed_offsets(partition);
                offsets.is_some_and(|offsets| offsets.contains(Offset(*offset)))
            };
            consumers.iter().any(has)
        };
        Some((start.0..committed.0).filter(|offset| !done(offset)).count() as u64)
    };
    Some(committed.into_iter().filter_map(skipped).sum())
}

/// Messages a worker was given and has not finished with: the one in its hands and those behind it.
pub(super) fn in_hand(world: &World, name: &str) -> Option<u64> {
    let (_, worker) = world.queue_workers().find(|(_, worker)| worker.name() == name)?;
    Some(u64::from(worker.in_hand().is_some()) + worker.waiting().count() as u64)
}

/// The leaders' logs of a topic (`orders`) or of one partition (`orders-0`).
pub(super) fn leaders_logs<'a>(world: &'a World, name: &str) -> Option<Vec<(TopicPartition, &'a UnifiedLog)>> {
    let one = partition(world, name);
    let wanted = |id: &TopicPartition| match (world.image().topic_id(name), one) {
        (Some(topic), _) => id.topic == topic,
        (None, one) => Some(*id) == one,
    };
    if world.image().topic_id(name).is_none() && one.is_none() {
        return None;
    }
    let partitions = world.image().partitions().filter(|(id, _)| wanted(id));
    Some(partitions.filter_map(|(id, registration)| Some((id, world.broker(registration.leader?)?.log(id)?))).collect())
}

/// Different messages that the workers of an application were given; `None` if there is no such application.
pub(super) fn received(world: &World, past: &[Record], application: &str) -> Option<u64> {
    let workers = workers_of(world, application);
    if workers.is_empty() {
        return None;
    }
    let mine = past.iter().filter(|record| workers.iter().any(|(worker, _)| Some(*worker) == record.node));
    let messages = mine.filter_map(|record| match &record.fact {
        Fact::Queue(QueueFact::Received { message, .. }) => Some(*message),
        _ => None,
    });
    Some(messages.collect::<BTreeSet<_>>().len() as u64)
}

/// Acknowledged records that a later leader did not have: its log ended before them when it took over.
pub(super) fn lost_acked(past: &[Record]) -> u64 {
    let mut acked: BTreeSet<(TopicPartition, Offset)> = BTreeSet::new();
    let mut lost = 0;
    for record in past {
        match &record.fact {
            Fact::Producer(ProducerFact::BatchAcked { partition, base_offset: Some(base), ordinals }) => {
                acked.extend((0..ordinals.len() as u64).map(|index| (*partition, base.plus(index))));
            }
            Fact::Broker(BrokerFact::BecameLeader { partition, log_end, .. }) => {
                let after = acked.range((*partition, *log_end)..).take_while(|(other, _)| other == partition);
                let gone: Vec<_> = after.copied().collect();
                lost += gone.len() as u64;
                for record in gone {
                    acked.remove(&record);
                }
            }
            _ => {}
        }
    }
    lost
}
