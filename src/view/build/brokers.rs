//! Brokers as rows, replicas as log strips.

use std::collections::BTreeMap;

use super::Focus;
use super::groups::GroupView;
use crate::engine::common::{BrokerId, NodeId, Offset, TopicId, TopicPartition};
use crate::engine::metadata::PartitionRegistration;
use crate::engine::protocol::Class;
use crate::engine::runtime::Status;
use crate::engine::server::{Broker, BrokerState as Lifecycle, Parked};
use crate::engine::storage::UnifiedLog;
use crate::engine::world::World;
use crate::view::explain::partition_name;
use crate::view::in_flight::arriving;
use crate::view::keys::Keys;
use crate::view::scene::{
    BrokerCard, BrokerState, Cell, CellState, Cursor, CursorKind, Glyph, GroupBadge, ReplicaNote, ReplicaRole,
    ReplicaStrip, Waiting, WaitingFor,
};

/// Slots kept free at the right, where the next records will land.
const FREE_SLOTS: u64 = 3;
/// The window moves in steps of so many offsets, so that columns stand still while records arrive.
const WINDOW_STEP: u64 = 4;

pub(super) fn cards(
    world: &World,
    keys: &Keys,
    topic: Option<TopicId>,
    groups: &[GroupView],
    badges: &BTreeMap<String, GroupBadge>,
    focus: &Focus,
) -> Vec<BrokerCard> {
    let windows = windows(world, topic, focus);
    let card = |(id, broker): (BrokerId, &Broker)| {
        let node = NodeId::Broker(id);
        let (state, state_since) = state_of(world, id, broker);
        let coordinated = groups.iter().filter(|group| group.coordinator == Some(id));
        let purgatory = waiting(world, broker, topic);
        BrokerCard {
            node,
            id: id.0,
            rack: broker.rack().map(str::to_owned),
            state,
            state_since,
            is_controller: broker.is_controller(),
            coordinates: coordinated.filter_map(|group| badges.get(&group.name).cloned()).collect(),
            waiting_fetches: u32::try_from(waiting_followers(broker)).unwrap_or(u32::MAX),
            replicas: strips(world, keys, (id, broker), topic, groups, badges, &windows, focus),
            purgatory,
        }
    };
    world.brokers().map(card).collect()
}

fn state_of(world: &World, id: BrokerId, broker: &Broker) -> (BrokerState, crate::engine::common::Time) {
    match world.status(NodeId::Broker(id)).expect("a broker that is listed is in the machine room") {
        Status::Down { since, .. } => (BrokerState::Offline, since),
        Status::Paused { since } => (BrokerState::Paused, since),
        Status::Up { since } => match world.image().broker(id) {
            _ if broker.lifecycle().broker_epoch().is_none() => (BrokerState::Starting, since),
            Some(registration) if registration.fenced => (BrokerState::Fenced, since),
            Some(_) if broker.lifecycle().state() == Lifecycle::PendingControlledShutdown => {
                (BrokerState::Stopping, since)
            }
            Some(_) => (BrokerState::Running, since),
            _ => (BrokerState::Fenced, since),
        },
    }
}

/// One window per partition, shared by all its replicas: one offset is one column everywhere.
fn windows(world: &World, topic: Option<TopicId>, focus: &Focus) -> BTreeMap<TopicPartition, Offset> {
    let mut windows = BTreeMap::new();
    let mine = |id: &TopicPartition| Some(id.topic) == topic;
    for (id, _) in world.image().partitions().filter(|(id, _)| mine(id)) {
        let end = world.brokers().filter_map(|(_, broker)| broker.log(id)).map(UnifiedLog::log_end_offset).max();
        let needed = end.unwrap_or_default().0 + FREE_SLOTS;
        let start = needed.saturating_sub(u64::from(focus.slots)).next_multiple_of(WINDOW_STEP);
        windows.insert(id, Offset(start));
    }
    windows
}

#[expect(clippy::too_many_arguments, reason = "everything that bears on a strip, named one by one")]
fn strips(
    world: &World,
    keys: &Keys,
    (id, broker): (BrokerId, &Broker),
    topic: Option<TopicId>,
    groups: &[GroupView],
    badges: &BTreeMap<String, GroupBadge>,
    windows: &BTreeMap<TopicPartition, Offset>,
    focus: &Focus,
) -> Vec<ReplicaStrip> {
    let mut strips = Vec::new();
    for (partition, registration) in world.image().partitions().filter(|(partition, _)| Some(partition.topic) == topic)
    {
        if !registration.replicas.contains(&id) {
            continue;
        }
        let Some(log) = broker.log(partition) else { continue };
        let node = NodeId::Broker(id);
        let role = match world.status(node) {
            Some(Status::Down { .. }) | None => ReplicaRole::Offline,
            _ if registration.leader == Some(id) => ReplicaRole::Leader,
            _ if registration.isr.contains(&id) => ReplicaRole::InSync,
            _ => ReplicaRole::OutOfSync,
        };
        let window_start = windows.get(&partition).copied().unwrap_or_default();
        let cursors = if registration.leader == Some(id) { cursors(groups, badges, partition) } else { Vec::new() };
        strips.push(ReplicaStrip {
            partition,
            name: partition_name(world, partition),
            role,
            note: note(registration, id),
            leader_epoch: registration.leader_epoch.0,
            log_start: log.log_start_offset(),
            high_watermark: log.high_watermark(),
            log_end: log.log_end_offset(),
            window_start,
            folded: window_start.since(log.log_start_offset()),
            cells: cells(
                keys,
                log,
                (window_start, window_start.plus(u64::from(focus.slots))),
                if role == ReplicaRole::Offline { committed(world, partition) } else { log.high_watermark() },
                &arriving(world, node, partition),
            ),
            segments: segments(log),
            cursors,
        });
    }
    strips
}

fn note(registration: &PartitionRegistration, id: BrokerId) -> Option<ReplicaNote> {
    if registration.adding.contains(&id) {
        Some(ReplicaNote::Adding)
    } else if registration.removing.contains(&id) {
        Some(ReplicaNote::Removing)
    } else {
        registration.elr.contains(&id).then_some(ReplicaNote::Eligible)
    }
}

fn segments(log: &UnifiedLog) -> Vec<(Offset, Offset)> {
    let bases: Vec<Offset> = log.segments().map(|segment| segment.base_offset()).collect();
    let ends = bases.iter().skip(1).copied().chain([log.log_end_offset()]);
    bases.iter().copied().zip(ends).collect()
}

/// A dead broker knows no high watermark; what of its log is committed, the living know.
fn committed(world: &World, partition: TopicPartition) -> Offset {
    let living = world.brokers().filter(|(id, _)| world.is_up(NodeId::Broker(*id)));
    living.filter_map(|(_, broker)| broker.log(partition)).map(UnifiedLog::high_watermark).max().unwrap_or_default()
}

fn cells(
    keys: &Keys,
    log: &UnifiedLog,
    (from, until): (Offset, Offset),
    high_watermark: Offset,
    arriving: &[Offset],
) -> Vec<Cell> {
    let mut cells = Vec::new();
    for offset in (from.0..log.log_start_offset().0.min(until.0)).map(Offset) {
        cells.push(Cell { offset, state: CellState::Deleted, glyph: Glyph::NoKey, key: None, value: String::new() });
    }
    let batches = log.segments().flat_map(|segment| segment.batches_from(from));
    let records = batches.flat_map(|batch| batch.iter());
    for (offset, record) in records.filter(|(offset, _)| *offset >= from.max(log.log_start_offset()) && *offset < until)
    {
        let state = if offset < high_watermark { CellState::Committed } else { CellState::Uncommitted };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).chars().take(80).collect::<String>();
        cells.push(Cell {
            offset,
            state,
            glyph: keys.glyph_of(record),
            key: record.key.as_deref().map(text),
            value: record.value.as_deref().map(text).unwrap_or_default(),
        });
    }
    for offset in arriving.iter().filter(|offset| **offset >= log.log_end_offset() && **offset < until) {
        let (state, glyph) = (CellState::Arriving, Glyph::NoKey);
        cells.push(Cell { offset: *offset, state, glyph, key: None, value: String::new() });
    }
    cells
}

/// Where each group stands in a partition, for its leader's strip.
fn cursors(groups: &[GroupView], badges: &BTreeMap<String, GroupBadge>, partition: TopicPartition) -> Vec<Cursor> {
    let mut cursors = Vec::new();
    for group in groups {
        let Some(badge) = badges.get(&group.name) else { continue };
        let of = |kind, offset| Cursor { badge: badge.clone(), offset, kind };
        let committed = group.committed.get(&partition).copied();
        let position = group.position(partition);
        cursors.extend(committed.map(|offset| of(CursorKind::Committed, offset)));
        cursors.extend(position.map(|offset| of(CursorKind::Position, offset)));
    }
    cursors
}

fn waiting_followers(broker: &Broker) -> usize {
    broker.purgatory().fetches().filter(|(_, waiting)| waiting.fetch.params.follower.is_some()).count()
}

/// Requests of clients that this broker holds, for the topic in view.
fn waiting(world: &World, broker: &Broker, topic: Option<TopicId>) -> Vec<Waiting> {
    let shown = |id: TopicPartition| Some(id.topic) == topic;
    let mut all = Vec::new();
    let mut add = |parked: &Parked, class, what| {
        all.push(Waiting {
            owner: parked.client,
            owner_name: world.name_of(parked.client),
            class,
            what,
            since: parked.since,
            deadline: parked.deadline,
        });
    };
    for (_, produce) in broker.purgatory().produces() {
        let open = produce.partitions.iter().find(|wait| wait.outcome.is_none() && shown(wait.partition));
        if let Some(wait) = open {
            let (partition, first, until) = (wait.partition, wait.base_offset(), wait.until);
            let last = Offset(until.0.saturating_sub(1));
            add(&produce.parked, Class::Produce, WaitingFor::HighWatermark { partition, first, last, until });
        }
    }
    for (_, waiting) in broker.purgatory().fetches().filter(|(_, waiting)| waiting.fetch.params.follower.is_none()) {
        if let Some(one) = waiting.fetch.partitions().find(|one| shown(one.partition)) {
            let what = WaitingFor::Data { partition: one.partition, offset: one.fetch_offset };
            add(&waiting.parked, Class::Fetch, what);
        }
    }
    all
}
