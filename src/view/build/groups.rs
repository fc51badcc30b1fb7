//! Consumer groups: what the coordinator knows of them, and what their members do.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::clients::zookeeper_consumer::{Connector, zk_data};
use crate::engine::clients::{self, Consumer};
use crate::engine::common::{BrokerId, NodeId, Offset, TopicId, TopicPartition};
use crate::engine::runtime::Status;
use crate::engine::world::World;
use crate::view::in_flight::arriving;
use crate::view::keys::Keys;
use crate::view::scene::{GroupBadge, GroupCard, MemberRow, MemberState, Progress, Seen, SeenState, Work};

/// The newest records of a member that are drawn.
const RECENT: usize = 8;

/// A group as coordinator and members together show it.
#[derive(Clone, Debug)]
pub struct GroupView {
    pub name: String,
    /// `None` while no live broker coordinates it.
    pub coordinator: Option<BrokerId>,
    pub state: Option<&'static str>,
    pub generation: Option<u32>,
    pub committed: BTreeMap<TopicPartition, Offset>,
    pub members: Vec<NodeId>,
    positions: BTreeMap<TopicPartition, Offset>,
}

impl GroupView {
    /// Where the member that owns the partition will read next.
    #[must_use]
    pub fn position(&self, partition: TopicPartition) -> Option<Offset> {
        self.positions.get(&partition).copied()
    }
}

/// All groups that a coordinator, a consumer or ZooKeeper knows of, by name.
#[must_use]
pub fn groups(world: &World) -> Vec<GroupView> {
    let mut names: BTreeSet<String> = world.consumers().map(|(_, consumer)| consumer.group().to_string()).collect();
    names.extend(world.znode_tree().into_iter().flat_map(zk_data::groups).map(ToString::to_string));
    for (_, broker) in world.brokers().filter(|(id, _)| world.is_up(NodeId::Broker(*id))) {
        names.extend(broker.coordinator().groups().map(|(_, group)| group.id().to_string()));
    }
    names.into_iter().map(|name| view(world, name)).collect()
}

fn view(world: &World, name: String) -> GroupView {
    let coordinated = world
        .brokers()
        .filter(|(id, _)| world.is_up(NodeId::Broker(*id)))
        .find_map(|(id, broker)| Some((id, broker.coordinator().group(&name)?)));
    let mut members = Vec::new();
    let mut positions = BTreeMap::new();
    for (node, consumer) in world.consumers().filter(|(_, consumer)| consumer.group().as_ref() == name) {
        members.push(node);
        if world.is_up(node) {
            positions.extend(consumer.partitions().filter_map(|(id, state)| Some((id, state.position()?))));
        }
    }
    GroupView {
        coordinator: coordinated.map(|(id, _)| id),
        state: match coordinated {
            Some((_, group)) => Some(group.state().name()),
            None => state_in_zookeeper(world, &name),
        },
        generation: coordinated.map(|(_, group)| group.generation().0),
        committed: match coordinated {
            Some((_, group)) => group.offsets().map(|(partition, stored)| (partition, stored.offset)).collect(),
            // Before 0.9 nobody coordinates: what is committed stands in ZooKeeper.
            None => world.zookeeper_group(&name).map(|group| group.offsets).unwrap_or_default(),
        },
        members,
        positions,
        name,
    }
}

/// A group of 0.8 has no state of its own; this is what its members make of it, in the words of later groups.
fn state_in_zookeeper(world: &World, name: &str) -> Option<&'static str> {
    let group = world.zookeeper_group(name)?;
    let connectors = world.consumers().filter(|(node, _)| world.is_up(*node)).filter_map(|(_, one)| one.connector());
    let mut members = connectors.filter(|connector| connector.group().as_ref() == name);
    match () {
        () if group.ids.is_empty() => Some("Empty"),
        () if members.any(|connector| connector.rebalancing().is_some()) => Some("Rebalancing"),
        () => Some("Stable"),
    }
}

/// A letter for each group: its initial, or a number where two would share one.
#[must_use]
pub fn group_badges(groups: &[GroupView]) -> BTreeMap<String, GroupBadge> {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let mut badges = BTreeMap::new();
    for (index, group) in groups.iter().enumerate() {
        let initial: String = group.name.chars().take(1).flat_map(char::to_uppercase).collect();
        let letter = if taken.contains(&initial) { (index + 1).to_string() } else { initial };
        taken.insert(letter.clone());
        badges.insert(group.name.clone(), GroupBadge { group: group.name.clone(), letter });
    }
    badges
}

pub(super) fn cards(
    world: &World,
    keys: &Keys,
    topic: Option<TopicId>,
    groups: &[GroupView],
    badges: &BTreeMap<String, GroupBadge>,
) -> Vec<GroupCard> {
    groups.iter().filter_map(|group| Some(card(world, keys, topic, group, badges.get(&group.name)?.clone()))).collect()
}

fn card(world: &World, keys: &Keys, topic: Option<TopicId>, group: &GroupView, badge: GroupBadge) -> GroupCard {
    let members: Vec<MemberRow> = group
        .members
        .iter()
        .filter_map(|node| Some((*node, world.consumers().find(|(id, _)| id == node)?.1)))
        .map(|(node, consumer)| member(world, keys, topic, group, node, consumer))
        .collect();
    let owned: BTreeSet<TopicPartition> =
        members.iter().flat_map(|row| row.partitions.iter().map(|progress| progress.partition)).collect();
    let of_topic = world.image().partitions().map(|(id, _)| id).filter(|id| Some(id.topic) == topic);
    let unowned: Vec<Progress> = of_topic
        .filter(|id| !owned.contains(id) && group.committed.contains_key(id))
        .map(|id| progress(world, group, id))
        .collect();
    let lag = members.iter().flat_map(|row| &row.partitions).chain(&unowned).filter_map(|one| one.lag).sum();
    let consumers = || world.consumers().filter(|(_, consumer)| consumer.group().as_ref() == group.name);
    GroupCard {
        badge,
        state: group.state.unwrap_or("—").to_owned(),
        generation: group.generation,
        coordinator: group.coordinator.map(|id| id.0),
        lag,
        processed: consumers().map(|(_, consumer)| consumer.ledger().total()).sum(),
        read_twice: read_twice(world, &group.name),
        seen: if world.queue_broker().is_some() { seen(world, keys, group) } else { Vec::new() },
        members,
        unowned,
    }
}

fn member(
    world: &World,
    keys: &Keys,
    topic: Option<TopicId>,
    group: &GroupView,
    node: NodeId,
    consumer: &Consumer,
) -> MemberRow {
    let status = world.status(node).expect("a consumer that is listed is in the machine room");
    let down = matches!(status, Status::Down { .. });
    let owned = consumer.partitions().map(|(id, _)| id).filter(|id| Some(id.topic) == topic);
    let working_on = consumer.in_hand().map(|hand| Work {
        partition: Some(hand.partition),
        offset: hand.offset,
        glyph: keys.glyph(hand.key.as_deref()),
        since: hand.since,
        until: hand.until,
    });
    let recent = consumer.ledger().recent();
    let recent: Vec<_> = recent.map(|done| keys.glyph(done.key.as_deref())).collect();
    MemberRow {
        node,
        name: consumer.name().to_string(),
        state: match status {
            Status::Down { .. } => MemberState::Down,
            Status::Paused { .. } => MemberState::Paused,
            Status::Up { .. } => member_state(world, group, consumer),
        },
        partitions: if down { Vec::new() } else { owned.map(|id| progress(world, group, id)).collect() },
        working_on: if down { None } else { working_on },
        processed: consumer.ledger().total(),
        recent: recent[recent.len().saturating_sub(RECENT)..].to_vec(),
    }
}

/// What the client believes, unless the coordinator (or ZooKeeper) has ceased to count it.
fn member_state(world: &World, group: &GroupView, consumer: &Consumer) -> MemberState {
    if let Some(connector) = consumer.connector() {
        return member_of_zookeeper(world, group, connector);
    }
    let coordinator = group.coordinator.and_then(|id| world.broker(id));
    let counted = coordinator.and_then(|broker| broker.coordinator().group(&group.name));
    let membership = consumer.membership();
    match consumer.member_state() {
        clients::consumer::MemberState::Stable => {
            let id = membership.and_then(|membership| membership.member());
            match counted.zip(id) {
                Some((counted, id)) if counted.member(id).is_none() => MemberState::Evicted,
                _ => MemberState::Active,
            }
        }
        clients::consumer::MemberState::Unjoined
            if membership.is_none_or(|membership| membership.coordinator().is_none()) =>
        {
            MemberState::Connecting
        }
        _ => MemberState::Joining,
    }
}

/// Who has no znode below `ids` any more does not count, whatever it believes.
fn member_of_zookeeper(world: &World, group: &GroupView, connector: &Connector) -> MemberState {
    let registered = world.zookeeper_group(&group.name).unwrap_or_default().ids;
    match connector.member_state() {
        _ if connector.session().is_none() => MemberState::Connecting,
        clients::consumer::MemberState::Stable if !registered.contains_key(connector.id()) => MemberState::Evicted,
        clients::consumer::MemberState::Stable => MemberState::Active,
        clients::consumer::MemberState::Unjoined if connector.rebalancing().is_none() => MemberState::Evicted,
        _ => MemberState::Joining,
    }
}

/// The newest records of a workload that are listed one by one.
const LISTED: usize = 12;

/// Record by record of the topic's producers: has the group processed it?
fn seen(world: &World, keys: &Keys, group: &GroupView) -> Vec<Seen> {
    let consumers = || world.consumers().filter(|(_, consumer)| consumer.group().as_ref() == group.name);
    let coming = |partition: TopicPartition, offset: Offset| {
        consumers().any(|(node, _)| arriving(world, node, partition).contains(&offset))
    };
    let mut seen = Vec::new();
    for (_, producer) in world.producers() {
        let planned = producer.workload().and_then(|state| state.workload().records).unwrap_or_default();
        let acked: BTreeMap<u64, (TopicPartition, Offset)> = producer
            .ledger()
            .recently_acked()
            .filter_map(|one| Some((one.ordinal, (one.partition, one.offset?))))
            .collect();
        let all = planned.max(producer.ledger().handed_over());
        for number in all.saturating_sub(LISTED as u64)..all {
            let state = match acked.get(&number) {
                Some((partition, offset)) => {
                    let got = |(_, consumer): (NodeId, &Consumer)| {
                        consumer.ledger().processed_offsets(*partition).is_some_and(|done| done.contains(*offset))
                    };
                    if consumers().any(got) {
                        SeenState::Got
                    } else if coming(*partition, *offset) {
                        SeenState::Coming
                    } else {
                        SeenState::NotYet
                    }
                }
                None => SeenState::NotYet,
            };
            let workload = producer.workload().map(|state| state.workload());
            let key = workload.and_then(|workload| {
                let turn = number.checked_rem(workload.keys.len() as u64)?;
                workload.keys.get(usize::try_from(turn).ok()?)
            });
            seen.push(Seen { number, glyph: keys.glyph(key.map(String::as_str)), state });
        }
    }
    seen
}

fn progress(world: &World, group: &GroupView, partition: TopicPartition) -> Progress {
    let leader = world.image().partition(partition).and_then(|registration| registration.leader);
    let log = leader.and_then(|leader| world.broker(leader)).and_then(|broker| broker.log(partition));
    let high_watermark = log.map(|log| log.high_watermark()).unwrap_or_default();
    let committed = group.committed.get(&partition).copied();
    Progress {
        partition,
        label: format!("P{}", partition.partition),
        log_start: log.map(|log| log.log_start_offset()).unwrap_or_default(),
        committed,
        position: group.position(partition),
        high_watermark,
        lag: committed.map(|committed| high_watermark.since(committed)),
    }
}

/// Records that the group's applications finished more than once.
fn read_twice(world: &World, group: &str) -> u64 {
    let mut times: BTreeMap<(TopicPartition, Offset), u64> = BTreeMap::new();
    for (_, consumer) in world.consumers().filter(|(_, consumer)| &**consumer.group() == group) {
        for done in consumer.ledger().recent() {
            *times.entry((done.partition, done.offset)).or_default() += u64::from(done.times);
        }
    }
    times.values().map(|count| count.saturating_sub(1)).sum()
}
