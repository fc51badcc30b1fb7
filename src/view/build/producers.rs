//! Producers: what they gather, what they have sent, and what they believe.

use crate::checker::LostRecords;
use crate::engine::clients::Producer;
use crate::engine::common::{NodeId, Offset, PartitionId, TopicId, TopicPartition};
use crate::engine::queue::QueueProducer;
use crate::engine::world::World;
use crate::view::keys::Keys;
use crate::view::scene::{MetadataView, ProducerCard, Well};

/// A well shows at most so many glyphs; it also says how many records there are.
const GLYPHS: usize = 4;

pub(super) fn cards(world: &World, keys: &Keys, topic: Option<TopicId>, lost: &[LostRecords]) -> Vec<ProducerCard> {
    let kafka = world.producers().map(|(node, producer)| card(world, keys, topic, lost, node, producer));
    kafka.chain(world.queue_producers().map(|(node, producer)| of_queue(world, node, producer))).collect()
}

/// A producer of the point-to-point broker knows no partitions and no leaders.
fn of_queue(world: &World, node: NodeId, producer: &QueueProducer) -> ProducerCard {
    ProducerCard {
        node,
        name: producer.name().to_owned(),
        up: world.is_up(node),
        acks: None,
        wells: Vec::new(),
        in_flight: u32::try_from(producer.unconfirmed().count()).unwrap_or(u32::MAX),
        waits_for: None,
        metadata: MetadataView::Fresh,
        sent: producer.published(),
        acked: producer.confirmed(),
        failed: 0,
        acked_and_lost: Vec::new(),
        backlog: 0,
    }
}

fn card(
    world: &World,
    keys: &Keys,
    topic: Option<TopicId>,
    lost: &[LostRecords],
    node: NodeId,
    producer: &Producer,
) -> ProducerCard {
    let mine = world.image().topic_id(producer.topic());
    let ledger = producer.ledger();
    ProducerCard {
        node,
        name: producer.name().to_string(),
        up: world.is_up(node),
        acks: Some(producer.acks().to_string()),
        wells: mine.filter(|mine| Some(*mine) == topic).map(|id| wells(world, keys, producer, id)).unwrap_or_default(),
        in_flight: u32::try_from(producer.in_flight_requests().count()).unwrap_or(u32::MAX),
        waits_for: waits_for(world, node),
        metadata: metadata(world, producer, mine),
        sent: ledger.queued_records(),
        acked: ledger.acked_records(),
        failed: ledger.failed_records(),
        acked_and_lost: acked_and_lost(producer, lost),
        backlog: producer.records_behind() as u64,
    }
}

fn wells(world: &World, keys: &Keys, producer: &Producer, topic: TopicId) -> Vec<Well> {
    let Some(image) = world.image().topic(topic) else { return Vec::new() };
    let batch_size = u64::from(producer.config().batch_size_bytes.max(1));
    let well = |partition: &PartitionId| {
        let id = TopicPartition { topic, partition: *partition };
        let queue = producer.accumulator().queues().find(|(of, _)| *of == id).map(|(_, queue)| queue);
        let newest = queue.and_then(|queue| queue.back());
        let records = newest.map_or(&[][..], |batch| batch.records());
        let bytes = newest.map_or(0, |batch| u64::from(batch.size_in_bytes()));
        let waiting: usize = queue.map_or(0, |queue| queue.iter().map(|batch| batch.records().len()).sum());
        Well {
            partition: partition.0,
            glyphs: records.iter().rev().take(GLYPHS).rev().map(|one| keys.glyph_of(&one.record)).collect(),
            records: u32::try_from(waiting).unwrap_or(u32::MAX),
            bytes,
            fill_permille: u16::try_from((bytes * 1000 / batch_size).min(1000)).expect("at most 1000"),
        }
    };
    image.partitions.keys().map(well).collect()
}

/// The oldest produce request of this producer that a leader holds until the high watermark has passed it.
fn waits_for(world: &World, node: NodeId) -> Option<(TopicPartition, Offset, Offset)> {
    let held = world.brokers().flat_map(|(_, broker)| broker.purgatory().produces());
    let (_, oldest) = held.filter(|(_, held)| held.parked.client == node).min_by_key(|(_, held)| held.parked.since)?;
    let wait = oldest.partitions.iter().find(|wait| wait.outcome.is_none())?;
    Some((wait.partition, wait.base_offset(), Offset(wait.until.0.saturating_sub(1))))
}

/// Does it believe in a leader that leads no more?
fn metadata(world: &World, producer: &Producer, topic: Option<TopicId>) -> MetadataView {
    let known = producer.metadata();
    let Some(topic) = topic.filter(|_| known.topic(producer.topic()).is_some()) else { return MetadataView::Missing };
    let Some(image) = world.image().topic(topic) else { return MetadataView::Missing };
    for (partition, registration) in &image.partitions {
        let id = TopicPartition { topic, partition: *partition };
        if let Some((leader, epoch)) = known.leader(id)
            && (registration.leader != Some(leader) || epoch < registration.leader_epoch)
        {
            return MetadataView::Stale { partition: partition.0, leader: leader.0, epoch: epoch.0 };
        }
    }
    MetadataView::Fresh
}

/// Of the records that a new leader lacks, those for which this producer has the acknowledgement.
fn acked_and_lost(producer: &Producer, lost: &[LostRecords]) -> Vec<(TopicPartition, Offset)> {
    let ledger = producer.ledger();
    let mut both = Vec::new();
    for (partition, ranges) in ledger.acked_offsets() {
        for range in lost.iter().filter(|range| range.partition == partition) {
            let offsets = (range.first.0..=range.last.0).map(Offset).filter(|offset| ranges.contains(*offset));
            both.extend(offsets.take(GLYPHS).map(|offset| (partition, offset)));
        }
    }
    both
}
