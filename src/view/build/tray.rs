//! Loss and repetition, where they can be counted.

use std::collections::BTreeMap;

use crate::checker::LostRecords;
use crate::engine::common::{Offset, TopicPartition};
use crate::engine::world::World;
use crate::view::explain::partition_name;
use crate::view::keys::Keys;
use crate::view::scene::{Glyph, Tray, TrayItem};

/// The tray lists at most so many; the counts are complete.
const LISTED: usize = 12;

pub(super) fn tray(world: &World, keys: &Keys, lost: &[LostRecords]) -> Tray {
    let mut tray = Tray { lost_acked: lost.iter().map(|range| range.count).sum(), ..Tray::default() };
    for range in lost {
        for offset in (range.first.0..=range.last.0).map(Offset) {
            if tray.lost.len() < LISTED {
                tray.lost.push(item(world, keys, range.partition, offset));
            }
        }
    }
    for ((partition, offset), key) in read_twice(world).into_iter().take(LISTED) {
        let text = format!("{}@{offset}", partition_name(world, partition));
        tray.read_twice.push(TrayItem { partition, offset, glyph: keys.glyph(key.as_deref()), text });
    }
    tray
}

/// A lost record may still lie in the log of a broker that is down or behind; its glyph is then known.
fn item(world: &World, keys: &Keys, partition: TopicPartition, offset: Offset) -> TrayItem {
    let mut glyph = Glyph::NoKey;
    for (_, broker) in world.brokers() {
        let Some(log) = broker.log(partition) else { continue };
        let batches = log.segments().flat_map(|segment| segment.batches_from(offset));
        let found = batches.flat_map(|batch| batch.iter()).find(|(at, _)| *at == offset);
        if let Some((_, record)) = found {
            glyph = keys.glyph_of(record);
        }
    }
    TrayItem { partition, offset, glyph, text: format!("{}@{offset}", partition_name(world, partition)) }
}

type ReadTwice = BTreeMap<(TopicPartition, Offset), Option<String>>;

/// Records that applications of one group finished more than once, by partition and offset.
fn read_twice(world: &World) -> ReadTwice {
    let mut times: BTreeMap<(&str, TopicPartition, Offset), (u32, Option<String>)> = BTreeMap::new();
    for (_, consumer) in world.consumers() {
        for done in consumer.ledger().recent() {
            let entry = times.entry((consumer.group().as_ref(), done.partition, done.offset)).or_default();
            entry.0 += done.times;
            entry.1 = done.key.as_deref().map(str::to_owned);
        }
    }
    let twice = times.into_iter().filter(|(_, (count, _))| *count > 1);
    twice.map(|((_, partition, offset), (_, key))| ((partition, offset), key)).collect()
}
