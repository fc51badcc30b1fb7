//! Two more golden scenes: a crash that loses acknowledged records, and a topic with more partitions than have room.

use super::lesson::{
    at_millis, badge, broker, cell, client, envelope, group, key, legend, member, partition, progress,
    scene as lesson_scene, strip,
};
use crate::app::canvas::traffic::Flight;
use crate::engine::common::{NodeId, Offset};
use crate::engine::protocol::Class;
use crate::view::envelope::{Envelope, EnvelopeFate};
use crate::view::scene::{
    BrokerState, CellState, Cursor, CursorKind, LinkMark, MetadataView, ProducerCard, ReplicaRole, Scene, TopicHeading,
    Tray, TrayItem,
};

/// "The tail that must go" at 61.420 s: leader 2 is dead, 1 leads from offset 6, 3 cuts two records.
#[must_use]
pub fn scene() -> Scene {
    use ReplicaRole::{InSync, Leader, Offline};
    let mut leader = strip(0, Leader, 2, &[1, 2, 7, 1], 6);
    leader.leader_epoch = 6;
    let cursor = |group: &str, kind| Cursor { badge: badge(group), offset: Offset(6), kind };
    leader.cursors = vec![cursor("billing", CursorKind::Position), cursor("search", CursorKind::Position)];
    leader.segments = vec![(Offset(2), Offset(5)), (Offset(5), Offset(6))];
    let mut cut = strip(0, InSync, 2, &[1, 2, 7, 1], 6);
    cut.cells.extend([(6, 8), (7, 2)].map(|(offset, number)| cell(offset, CellState::Truncated, key(number))));
    let brokers = vec![
        broker(
            1,
            BrokerState::Running,
            vec![leader, strip(1, Leader, 0, &[4, 6, 4, 4, 6], 5), strip(2, InSync, 0, &[3, 5, 5, 3], 4)],
        ),
        broker(
            2,
            BrokerState::Offline,
            vec![
                strip(0, Offline, 2, &[1, 2, 7, 1, 8, 2], 6),
                strip(1, Offline, 0, &[4, 6, 4, 4, 6], 5),
                strip(2, Offline, 0, &[3, 5, 5, 3], 4),
            ],
        ),
        broker(
            3,
            BrokerState::Running,
            vec![cut, strip(1, InSync, 0, &[4, 6, 4, 4, 6], 5), strip(2, Leader, 0, &[3, 5, 5, 3], 4)],
        ),
    ];
    let lost = |offset, number, text: &str| TrayItem {
        partition: partition(0),
        offset: Offset(offset),
        glyph: key(number),
        text: text.to_owned(),
    };
    let base = lesson_scene();
    let producers = base.producers.iter().cloned().enumerate().map(|(index, producer)| ProducerCard {
        acks: Some("1".to_owned()),
        waits_for: None,
        metadata: if index == 1 {
            MetadataView::Stale { partition: 0, leader: 2, epoch: 5 }
        } else {
            MetadataView::Fresh
        },
        acked_and_lost: if index == 1 {
            [6, 7].map(|offset| (partition(0), Offset(offset))).to_vec()
        } else {
            Vec::new()
        },
        ..producer
    });
    Scene {
        at: at_millis(61_420),
        brokers,
        producers: producers.collect(),
        links: Vec::new(),
        tray: Tray {
            lost: vec![lost(6, 8, "ming, order 118"), lost(7, 2, "bob, order 119")],
            lost_acked: 2,
            read_twice: Vec::new(),
        },
        ..base
    }
}

/// A record for the new leader, a request that will never be answered, questions about who leads.
#[must_use]
pub fn flight() -> Flight {
    let envelopes = vec![
        Envelope {
            partition: Some(partition(0)),
            glyphs: vec![key(7)],
            ..envelope(1, client(0), NodeId::broker(1), Class::Produce)
        },
        Envelope {
            partition: Some(partition(0)),
            glyphs: vec![key(1)],
            travelled_permille: 700,
            fate: EnvelopeFate::WillBeLost,
            ..envelope(2, client(1), NodeId::broker(2), Class::Produce)
        },
        Envelope { text: "P0 ?".to_owned(), ..envelope(3, client(2), NodeId::broker(3), Class::Control) },
        Envelope {
            partition: Some(partition(0)),
            text: "from 6".to_owned(),
            ..envelope(4, NodeId::broker(3), NodeId::broker(1), Class::Replicate)
        },
        Envelope { quiet: true, ..envelope(5, client(4), NodeId::broker(1), Class::Group) },
    ];
    Flight { at: at_millis(61_420), revision: 1, envelopes, ..Flight::default() }
}

/// Six partitions on three brokers, the subject with a long log.
#[must_use]
pub fn many_partitions() -> Scene {
    use ReplicaRole::{InSync, Leader, OutOfSync};
    let keys: Vec<u8> = (0..60_u8).map(|index| 1 + index % 8).collect();
    let long = |role, end: usize, high_watermark| strip(0, role, 0, &keys[..end], high_watermark);
    let mut leader = long(Leader, 57, 55);
    leader.segments = vec![(Offset(0), Offset(20)), (Offset(20), Offset(51)), (Offset(51), Offset(57))];
    leader.cursors = [
        ("billing", 52, CursorKind::Committed),
        ("billing", 57, CursorKind::Position),
        ("search", 57, CursorKind::Position),
    ]
    .map(|(group, offset, kind)| Cursor { badge: badge(group), offset: Offset(offset), kind })
    .to_vec();
    let others = |shift: u64| {
        (1..6_u32).map(move |number| {
            let role = match (u64::from(number) + shift) % 3 {
                0 => Leader,
                1 => InSync,
                _ if number == 4 => OutOfSync,
                _ => InSync,
            };
            let end = 12 + u64::from(number) * 7 - if role == OutOfSync { 9 } else { 0 };
            let keys: Vec<u8> = (0..end).map(|index| 1 + (index % 8) as u8).collect();
            strip(number, role, 0, &keys, end - u64::from(number % 3))
        })
    };
    let of = |id, first, shift| broker(id, BrokerState::Running, std::iter::once(first).chain(others(shift)).collect());
    let base = lesson_scene();
    Scene {
        topic: Some(TopicHeading {
            name: "orders".to_owned(),
            partitions: 6,
            replication_factor: 3,
            min_insync_replicas: 2,
        }),
        brokers: vec![of(1, long(InSync, 55, 55), 0), of(2, leader, 1), of(3, long(OutOfSync, 18, 18), 2)],
        groups: vec![group(
            "billing",
            8,
            3,
            vec![member(client(2), "billing-1", (0..6).map(|number| progress(number, 30, 38, 40)).collect())],
        )],
        keys: legend(),
        links: vec![LinkMark {
            a: NodeId::broker(1),
            b: NodeId::broker(3),
            cut: true,
            oneway: false,
            held: false,
            since: None,
        }],
        ..base
    }
}

/// More messages on one way than can be told apart, and a few beside them.
#[must_use]
pub fn busy_flight() -> Flight {
    let crowd = (0..64).map(|id| Envelope {
        partition: Some(partition(0)),
        glyphs: vec![key(1)],
        ..envelope(id, client(0), NodeId::broker(2), Class::Produce)
    });
    let batch = Envelope {
        is_response: true,
        partition: Some(partition(0)),
        glyphs: (1..=7).map(key).collect(),
        ..envelope(100, NodeId::broker(2), NodeId::broker(1), Class::Replicate)
    };
    let records = Envelope {
        is_response: true,
        partition: Some(partition(0)),
        travelled_permille: 250,
        glyphs: vec![key(3), key(4)],
        ..envelope(101, NodeId::broker(2), client(2), Class::Fetch)
    };
    Flight {
        at: at_millis(52_340),
        revision: 1,
        envelopes: crowd.chain([batch, records]).collect(),
        ..Flight::default()
    }
}
