//! The golden scene "The high watermark" at 52.340 s: one follower is about to catch up, another is cut off.

use crate::app::canvas::traffic::Flight;
use crate::engine::common::{BrokerId, ClientId, NodeId, Offset, Span, Time, TopicId, TopicPartition};
use crate::engine::protocol::Class;
use crate::view::envelope::{Envelope, EnvelopeFate};
use crate::view::scene::{
    BrokerCard, BrokerState, Cell, CellState, ControllerStrip, Cursor, CursorKind, Glyph, GroupBadge, GroupCard,
    KeyLegend, LinkMark, MemberRow, MemberState, MetadataChip, MetadataView, ProducerCard, Progress, ReplicaRole,
    ReplicaStrip, Scene, TopicHeading, Voter, VoterState, Waiting, WaitingFor, Well,
};

/// In order of first use: alice is the circle, ming the nut.
pub const NAMES: [&str; 8] = ["alice", "bob", "carol", "dave", "erin", "frank", "grace", "ming"];

#[must_use]
pub fn key(number: u8) -> Glyph {
    Glyph::Key { shape: number, number: u32::from(number) }
}

#[must_use]
pub fn partition(number: u32) -> TopicPartition {
    TopicPartition::new(TopicId(0), number)
}

#[must_use]
pub fn client(number: u32) -> NodeId {
    NodeId::Client(ClientId(number))
}

#[must_use]
pub fn badge(group: &str) -> GroupBadge {
    GroupBadge { group: group.to_owned(), letter: group[..1].to_uppercase() }
}

#[must_use]
pub fn at_millis(millis: u64) -> Time {
    Time(millis * 1_000)
}

const NOW_MILLIS: u64 = 52_340;

/// A strip of records, one key per offset from `log_start`.
#[must_use]
pub fn strip(number: u32, role: ReplicaRole, log_start: u64, keys: &[u8], high_watermark: u64) -> ReplicaStrip {
    let log_end = log_start + keys.len() as u64;
    let deleted = (0..log_start).map(|offset| cell(offset, CellState::Deleted, Glyph::NoKey));
    let records = (log_start..).zip(keys).map(|(offset, &number)| {
        let state = if offset < high_watermark { CellState::Committed } else { CellState::Uncommitted };
        cell(offset, state, key(number))
    });
    ReplicaStrip {
        partition: partition(number),
        name: format!("orders-{number}"),
        role,
        note: None,
        leader_epoch: 5,
        log_start: Offset(log_start),
        high_watermark: Offset(high_watermark),
        log_end: Offset(log_end),
        window_start: Offset(0),
        folded: 0,
        cells: deleted.chain(records).collect(),
        segments: Vec::new(),
        cursors: Vec::new(),
    }
}

#[must_use]
pub fn cell(offset: u64, state: CellState, glyph: Glyph) -> Cell {
    let key = match glyph {
        Glyph::Key { number, .. } => NAMES.get(number as usize - 1).map(|name| (*name).to_owned()),
        Glyph::NoKey => None,
    };
    Cell { offset: Offset(offset), state, glyph, key, value: format!("order {}", 112 + offset) }
}

#[must_use]
pub fn broker(id: u32, state: BrokerState, replicas: Vec<ReplicaStrip>) -> BrokerCard {
    BrokerCard {
        node: NodeId::broker(id),
        id,
        rack: Some(["a", "b", "c"][(id as usize - 1) % 3].to_owned()),
        state,
        state_since: at_millis(43_000),
        is_controller: false,
        coordinates: Vec::new(),
        waiting_fetches: 0,
        replicas,
        purgatory: Vec::new(),
    }
}

#[must_use]
pub fn legend() -> Vec<KeyLegend> {
    (1..).zip(NAMES).map(|(number, name)| KeyLegend { glyph: key(number), key: name.to_owned() }).collect()
}

/// The whole scene.
#[must_use]
pub fn scene() -> Scene {
    Scene {
        at: at_millis(NOW_MILLIS),
        topic: Some(TopicHeading {
            name: "orders".to_owned(),
            partitions: 3,
            replication_factor: 3,
            min_insync_replicas: 2,
        }),
        controllers: Some(quorum()),
        brokers: brokers(),
        producers: producers(),
        groups: groups(),
        keys: legend(),
        links: vec![LinkMark {
            a: NodeId::broker(2),
            b: NodeId::broker(3),
            cut: false,
            oneway: false,
            held: true,
            since: Some(at_millis(12_000)),
        }],
        ..Scene::default()
    }
}

fn quorum() -> ControllerStrip {
    let voter = |id: u32, state| Voter {
        node: NodeId::Controller(BrokerId(id)),
        id,
        state,
        epoch: 4,
        log_end: Offset(418),
        high_watermark: Some(Offset(418)),
        voted: Some(101),
    };
    let chip = |offset, text: &str, fresh| MetadataChip { offset: Offset(offset), text: text.to_owned(), fresh };
    ControllerStrip {
        ensemble: None,
        epoch: 3,
        high_watermark: Offset(418),
        voters: vec![
            voter(101, VoterState::Leader),
            voter(102, VoterState::Follower),
            voter(103, VoterState::Follower),
        ],
        tail: vec![chip(416, "P0 ISR 2,1", false), chip(417, "P2 ISR 3,1", true)],
    }
}

fn brokers() -> Vec<BrokerCard> {
    use ReplicaRole::{InSync, Leader, OutOfSync};
    const ORDERS_1: [u8; 5] = [4, 6, 4, 4, 6];
    const ORDERS_2: [u8; 4] = [3, 5, 5, 3];

    let mut follower = strip(0, InSync, 2, &[1, 2, 7, 1], 6);
    follower.cells.push(cell(6, CellState::Arriving, key(8)));
    follower.cells.push(cell(7, CellState::Arriving, key(2)));
    follower.segments = vec![(Offset(2), Offset(5)), (Offset(5), Offset(6))];
    let mut leader = strip(0, Leader, 2, &[1, 2, 7, 1, 8, 2], 6);
    leader.segments = vec![(Offset(2), Offset(5)), (Offset(5), Offset(8))];
    let cursor = |group: &str, offset, kind| Cursor { badge: badge(group), offset: Offset(offset), kind };
    leader.cursors = vec![
        cursor("billing", 4, CursorKind::Committed),
        cursor("billing", 6, CursorKind::Position),
        cursor("search", 6, CursorKind::Committed),
        cursor("search", 6, CursorKind::Position),
    ];
    let mut lagging = strip(0, OutOfSync, 2, &[1, 2], 4);
    lagging.segments = vec![(Offset(2), Offset(4))];

    let first = BrokerCard {
        coordinates: vec![badge("search")],
        waiting_fetches: 4,
        ..broker(
            1,
            BrokerState::Running,
            vec![follower, strip(1, Leader, 0, &ORDERS_1, 5), strip(2, InSync, 0, &ORDERS_2, 4)],
        )
    };
    let second = BrokerCard {
        purgatory: waits(),
        ..broker(
            2,
            BrokerState::Running,
            vec![leader, strip(1, InSync, 0, &ORDERS_1, 5), strip(2, OutOfSync, 0, &ORDERS_2[..2], 2)],
        )
    };
    let third = BrokerCard {
        coordinates: vec![badge("billing")],
        waiting_fetches: 3,
        ..broker(
            3,
            BrokerState::Running,
            vec![lagging, strip(1, InSync, 0, &ORDERS_1, 5), strip(2, Leader, 0, &ORDERS_2, 4)],
        )
    };
    vec![first, second, third]
}

fn waits() -> Vec<Waiting> {
    let wait = |owner, owner_name: &str, class, what, since_millis: u64, for_whom: Span| Waiting {
        owner,
        owner_name: owner_name.to_owned(),
        class,
        what,
        since: at_millis(since_millis),
        deadline: at_millis(since_millis) + for_whom,
    };
    let data = || WaitingFor::Data { partition: partition(0), offset: Offset(6) };
    let acks =
        WaitingFor::HighWatermark { partition: partition(0), first: Offset(6), last: Offset(7), until: Offset(8) };
    vec![
        wait(client(1), "checkout-web", Class::Produce, acks, 52_296, Span::secs(30)),
        wait(client(2), "billing-1", Class::Fetch, data(), 52_010, Span::millis(500)),
        wait(client(4), "search-1", Class::Fetch, data(), 51_900, Span::millis(500)),
    ]
}

fn producers() -> Vec<ProducerCard> {
    let well = |partition, glyphs: Vec<Glyph>| Well {
        partition,
        records: u32::try_from(glyphs.len()).unwrap_or(u32::MAX),
        bytes: 54 * glyphs.len() as u64,
        fill_permille: u16::try_from(glyphs.len() * 260).unwrap_or(u16::MAX),
        glyphs,
    };
    let producer = |node, name: &str, wells| ProducerCard {
        node,
        name: name.to_owned(),
        up: true,
        acks: Some("all".to_owned()),
        wells,
        in_flight: 1,
        waits_for: None,
        metadata: MetadataView::Fresh,
        sent: 20,
        acked: 18,
        failed: 0,
        acked_and_lost: Vec::new(),
        backlog: 0,
    };
    let mobile = producer(client(0), "mobile-api", vec![well(0, vec![]), well(1, vec![key(4)]), well(2, vec![])]);
    let web = producer(client(1), "checkout-web", vec![well(0, vec![]), well(1, vec![]), well(2, vec![key(3)])]);
    vec![mobile, ProducerCard { waits_for: Some((partition(0), Offset(6), Offset(7))), ..web }]
}

#[must_use]
pub fn progress(number: u32, committed: u64, position: u64, high_watermark: u64) -> Progress {
    Progress {
        partition: partition(number),
        label: format!("P{number}"),
        log_start: Offset(0),
        committed: Some(Offset(committed)),
        position: Some(Offset(position)),
        high_watermark: Offset(high_watermark),
        lag: Some(high_watermark - committed),
    }
}

#[must_use]
pub fn member(node: NodeId, name: &str, partitions: Vec<Progress>) -> MemberRow {
    MemberRow {
        node,
        name: name.to_owned(),
        state: MemberState::Active,
        partitions,
        working_on: None,
        processed: 12,
        recent: Vec::new(),
    }
}

#[must_use]
pub fn group(name: &str, generation: u32, coordinator: u32, members: Vec<MemberRow>) -> GroupCard {
    GroupCard {
        badge: badge(name),
        state: "Stable".to_owned(),
        generation: Some(generation),
        coordinator: Some(coordinator),
        lag: members.iter().flat_map(|member| &member.partitions).filter_map(|progress| progress.lag).sum(),
        members,
        unowned: Vec::new(),
        processed: 12,
        read_twice: 0,
        seen: Vec::new(),
    }
}

fn groups() -> Vec<GroupCard> {
    vec![
        group(
            "billing",
            7,
            3,
            vec![
                member(client(2), "billing-1", vec![progress(0, 4, 6, 6), progress(1, 5, 5, 5)]),
                member(client(3), "billing-2", vec![progress(2, 3, 4, 4)]),
            ],
        ),
        group(
            "search",
            3,
            1,
            vec![member(client(4), "search-1", vec![progress(0, 6, 6, 6), progress(1, 3, 5, 5), progress(2, 4, 4, 4)])],
        ),
    ]
}

/// A message half way.
#[must_use]
pub fn envelope(id: u64, from: NodeId, to: NodeId, class: Class) -> Envelope {
    Envelope {
        id,
        from,
        to,
        class,
        is_response: false,
        partition: None,
        offset: None,
        travelled_permille: 500,
        fate: EnvelopeFate::Arrives,
        glyphs: Vec::new(),
        text: String::new(),
        api: String::new(),
        quiet: false,
    }
}

/// What is in flight at that moment.
#[must_use]
pub fn flight() -> Flight {
    let (first, second, third) = (NodeId::broker(1), NodeId::broker(2), NodeId::broker(3));
    Flight {
        at: at_millis(NOW_MILLIS),
        revision: 1,
        running: false,
        fast: false,
        envelopes: vec![
            Envelope {
                is_response: true,
                partition: Some(partition(0)),
                offset: Some(Offset(6)),
                travelled_permille: 540,
                glyphs: vec![key(8), key(2)],
                api: "Fetch".to_owned(),
                ..envelope(1, second, first, Class::Replicate)
            },
            Envelope {
                partition: Some(partition(0)),
                offset: Some(Offset(4)),
                travelled_permille: 640,
                fate: EnvelopeFate::Held,
                text: "from 4".to_owned(),
                api: "Fetch".to_owned(),
                ..envelope(2, third, second, Class::Replicate)
            },
            Envelope {
                partition: Some(partition(1)),
                glyphs: vec![key(6)],
                api: "Produce".to_owned(),
                ..envelope(3, client(0), first, Class::Produce)
            },
            Envelope {
                text: "P0=6".to_owned(),
                api: "OffsetCommit".to_owned(),
                ..envelope(4, client(2), third, Class::Group)
            },
            Envelope {
                is_response: true,
                api: "AlterPartition".to_owned(),
                ..envelope(5, NodeId::Controller(BrokerId(101)), first, Class::Control)
            },
        ],
    }
}
