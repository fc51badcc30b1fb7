//! The point-to-point side: what is ready, what is out, what is gone.

use std::collections::BTreeMap;

use crate::engine::common::NodeId;
use crate::engine::protocol::{Body, QueueMessage};
use crate::engine::queue::{QueueBroker, QueueWorker, StoredMessage};
use crate::engine::runtime::Status;
use crate::engine::world::World;
use crate::view::keys::Keys;
use crate::view::scene::{
    GroupBadge, MemberState, QueueAppCard, QueueCard, QueueItem, QueueWorkerRow, Seen, SeenState, Work,
};

/// Cells of each well that have room on the card; the counts beside them are complete.
const LISTED: usize = 12;

pub(super) fn card(world: &World, keys: &Keys) -> Option<QueueCard> {
    let queue = world.queue_broker()?;
    let ready: Vec<_> = queue.ready().take(LISTED).map(|(message, stored)| item(keys, message, stored)).collect();
    let delivered = queue.delivered().take(LISTED).filter_map(|(_, delivery)| {
        let stored = queue.stored(delivery.message)?;
        let to = Some(world.name_of(delivery.to));
        Some(QueueItem { to, deadline: Some(delivery.deadline), ..item(keys, delivery.message, stored) })
    });
    let removed: Vec<_> = queue.removed().collect();
    let newest = removed[removed.len().saturating_sub(LISTED)..].iter();
    Some(QueueCard {
        node: NodeId::QueueBroker,
        name: queue.spec().name.clone(),
        up: world.is_up(NodeId::QueueBroker),
        ready_count: queue.ready().count() as u64,
        ready,
        delivered: delivered.collect(),
        delivered_count: queue.delivered().count() as u64,
        removed: newest.map(|removal| gone(world, keys, removal.message, removal.by)).collect(),
        removed_count: queue.removed_count(),
        dead_letters: queue
            .dead_letters()
            .iter()
            .rev()
            .take(LISTED)
            .rev()
            .map(|dead| item(keys, dead.message, &dead.stored))
            .collect(),
        dead_count: queue.dead_letters().len() as u64,
    })
}

fn item(keys: &Keys, message: u64, stored: &StoredMessage) -> QueueItem {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).chars().take(80).collect::<String>();
    QueueItem {
        message,
        glyph: keys.glyph_of(&stored.record),
        key: stored.record.key.as_deref().map(text),
        value: stored.record.value.as_deref().map(text).unwrap_or_default(),
        deliveries: stored.deliveries,
        to: None,
        deadline: None,
    }
}

/// What was acknowledged is no longer stored; only the worker that had it can still say what it was.
fn gone(world: &World, keys: &Keys, message: u64, by: NodeId) -> QueueItem {
    let worker = world.queue_workers().find(|(node, _)| *node == by).map(|(_, worker)| worker);
    let seen = worker.and_then(|worker| worker.receipts().find(|seen| seen.message == message));
    let key = seen.and_then(|seen| seen.key.as_deref()).map(str::to_owned);
    QueueItem {
        message,
        glyph: keys.glyph(key.as_deref()),
        key,
        value: String::new(),
        deliveries: seen.map_or(1, |seen| seen.deliveries),
        to: Some(world.name_of(by)),
        deadline: None,
    }
}

/// Workers by the application they belong to, in order of appearance.
pub(super) fn apps(world: &World, keys: &Keys) -> Vec<QueueAppCard> {
    let mut apps: Vec<(&str, Vec<(NodeId, &QueueWorker)>)> = Vec::new();
    for (node, worker) in world.queue_workers() {
        match apps.iter_mut().find(|(name, _)| *name == worker.application()) {
            Some((_, workers)) => workers.push((node, worker)),
            None => apps.push((worker.application(), vec![(node, worker)])),
        }
    }
    let published = world.queue_broker().map_or(0, QueueBroker::next_message);
    apps.into_iter().map(|(name, workers)| app(world, keys, name, &workers, published)).collect()
}

fn app(world: &World, keys: &Keys, name: &str, workers: &[(NodeId, &QueueWorker)], published: u64) -> QueueAppCard {
    QueueAppCard {
        badge: GroupBadge {
            group: name.to_owned(),
            letter: name.chars().take(1).flat_map(char::to_uppercase).collect(),
        },
        workers: workers.iter().map(|(node, worker)| row(world, keys, *node, worker)).collect(),
        received: workers.iter().map(|(_, worker)| worker.received_count()).sum(),
        seen: seen(world, keys, name, published),
    }
}

/// Message by message: did this application get it, and can it still?
fn seen(world: &World, keys: &Keys, application: &str, published: u64) -> Vec<Seen> {
    let planned = world.queue_producers().filter_map(|(_, producer)| producer.workload()?.workload().records).sum();
    let all = published.max(planned);
    let taken: BTreeMap<u64, bool> = world
        .queue_workers()
        .flat_map(|(_, worker)| worker.receipts().map(move |receipt| (worker, receipt)))
        .map(|(worker, receipt)| (receipt.message, worker.application() == application))
        .collect();
    let coming: Vec<u64> = world
        .kernel()
        .in_flight()
        .filter(|message| {
            world.queue_workers().any(|(id, worker)| id == message.to && worker.application() == application)
        })
        .filter_map(|message| match &message.body {
            Body::Queue(QueueMessage::Deliver { message, .. }) => Some(*message),
            _ => None,
        })
        .collect();
    let state = |message: u64| match taken.get(&message) {
        Some(true) => SeenState::Got,
        Some(false) => SeenState::Never,
        None if coming.contains(&message) => SeenState::Coming,
        None => SeenState::NotYet,
    };
    let glyph = |message| keys.glyph(planned_key(world, message).as_deref());
    (all.saturating_sub(LISTED as u64)..all)
        .map(|number| Seen { number, glyph: glyph(number), state: state(number) })
        .collect()
}

/// Which key the workload gives its record of this number; `None` if it has no keys, or draws them.
pub(super) fn planned_key(world: &World, number: u64) -> Option<String> {
    let workloads = world.queue_producers().filter_map(|(_, producer)| producer.workload());
    let workload = workloads.map(|state| state.workload()).find(|workload| !workload.random_keys)?;
    let turn = number.checked_rem(workload.keys.len() as u64)?;
    workload.keys.get(usize::try_from(turn).ok()?).cloned()
}

fn row(world: &World, keys: &Keys, node: NodeId, worker: &QueueWorker) -> QueueWorkerRow {
    let working_on = worker.in_hand().zip(worker.in_hand_since()).map(|(hand, since)| Work {
        partition: None,
        offset: crate::engine::common::Offset(hand.message),
        glyph: keys.glyph_of(&hand.record),
        since,
        until: since + worker.processing(),
    });
    QueueWorkerRow {
        node,
        name: worker.name().to_owned(),
        state: match world.status(node) {
            Some(Status::Up { .. }) if worker.is_connected() => MemberState::Active,
            Some(Status::Up { .. }) => MemberState::Connecting,
            Some(Status::Paused { .. }) => MemberState::Paused,
            Some(Status::Down { .. }) | None => MemberState::Down,
        },
        working_on,
        processed: worker.processed_count(),
    }
}
