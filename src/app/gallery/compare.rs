//! The golden scenes of the comparison at 3.500 s: one workload, once through a queue and once through a topic.

use super::lesson::{
    at_millis, badge, broker, client, envelope, group, key, legend, member, partition, progress, strip,
};
use crate::app::canvas::traffic::Flight;
use crate::engine::common::{NodeId, Offset, Time};
use crate::engine::protocol::Class;
use crate::view::envelope::Envelope;
use crate::view::scene::{
    BrokerState, Cursor, CursorKind, GroupCard, MemberState, MetadataView, ProducerCard, QueueAppCard, QueueCard,
    QueueItem, QueueWorkerRow, ReplicaRole, Scene, Seen, SeenState, TopicHeading, Work,
};

/// The keys of the twelve orders.
const ORDERS: [u8; 12] = [1, 2, 6, 3, 1, 4, 6, 2, 1, 7, 8, 5];

fn now() -> Time {
    at_millis(3_500)
}

fn producer() -> ProducerCard {
    ProducerCard {
        node: client(0),
        name: "checkout".to_owned(),
        up: true,
        acks: Some("all".to_owned()),
        wells: Vec::new(),
        in_flight: 0,
        waits_for: None,
        metadata: MetadataView::Fresh,
        sent: 8,
        acked: 8,
        failed: 0,
        acked_and_lost: Vec::new(),
        backlog: 4,
    }
}

fn order(number: u64) -> crate::view::scene::Glyph {
    key(ORDERS[usize::try_from(number).expect("twelve orders") - 1])
}

fn work(number: u64, since_millis: u64, until_millis: u64) -> Work {
    Work {
        partition: None,
        offset: Offset(number),
        glyph: order(number),
        since: at_millis(since_millis),
        until: at_millis(until_millis),
    }
}

/// For each order, what the application has seen: `g` got, `c` coming, `n` never, `.` not yet.
fn seen(states: &str) -> Vec<Seen> {
    let state = |letter: char| match letter {
        'g' => SeenState::Got,
        'c' => SeenState::Coming,
        'n' => SeenState::Never,
        _ => SeenState::NotYet,
    };
    (1..)
        .zip(states.chars())
        .map(|(number, letter)| Seen { number, glyph: order(number), state: state(letter) })
        .collect()
}

/// The queue's side.
#[must_use]
pub fn queue_scene() -> Scene {
    let item = |message: u64, to: Option<&str>| QueueItem {
        message,
        glyph: order(message),
        key: None,
        value: format!("order {message}"),
        deliveries: 1,
        to: to.map(str::to_owned),
        deadline: to.map(|_| at_millis(33_500)),
    };
    let worker = |node, name: &str, working_on| QueueWorkerRow {
        node,
        name: name.to_owned(),
        state: MemberState::Active,
        working_on,
        processed: 2,
    };
    Scene {
        at: now(),
        producers: vec![producer()],
        queue: Some(QueueCard {
            node: NodeId::QueueBroker,
            name: "orders.q".to_owned(),
            up: true,
            ready: Vec::new(),
            ready_count: 0,
            delivered: vec![item(5, Some("billing-1")), item(6, Some("billing-2")), item(8, Some("audit-1"))],
            delivered_count: 3,
            removed: [1, 2, 3, 4, 7].map(|message| item(message, None)).to_vec(),
            removed_count: 5,
            dead_letters: Vec::new(),
            dead_count: 0,
        }),
        queue_apps: vec![
            QueueAppCard {
                badge: badge("billing"),
                workers: vec![
                    worker(client(1), "billing-1", Some(work(5, 2_300, 3_500))),
                    worker(client(2), "billing-2", Some(work(6, 2_640, 3_840))),
                ],
                received: 4,
                seen: seen("ggnnggn....."),
            },
            QueueAppCard {
                badge: badge("audit"),
                workers: vec![worker(client(3), "audit-1", None)],
                received: 3,
                seen: seen("nngg..gc...."),
            },
        ],
        keys: legend(),
        ..Scene::default()
    }
}

/// The topic's side.
#[must_use]
pub fn topic_scene() -> Scene {
    let cursor = |group: &str, offset, kind| Cursor { badge: badge(group), offset: Offset(offset), kind };
    let mut first = strip(0, ReplicaRole::Leader, 0, &[2, 3, 4, 2], 4);
    first.cursors = vec![
        cursor("billing", 1, CursorKind::Committed),
        cursor("billing", 2, CursorKind::Position),
        cursor("audit", 3, CursorKind::Position),
    ];
    let mut second = strip(1, ReplicaRole::Leader, 0, &[1, 6, 1, 6], 4);
    second.cursors = vec![
        cursor("billing", 2, CursorKind::Committed),
        cursor("billing", 3, CursorKind::Position),
        cursor("audit", 3, CursorKind::Committed),
        cursor("audit", 4, CursorKind::Position),
    ];
    let busy = |node, name: &str, partitions, work| {
        let mut row = member(node, name, partitions);
        row.working_on = work;
        row
    };
    let billing = vec![
        busy(client(1), "billing-1", vec![progress(0, 1, 2, 4)], Some(work(4, 2_360, 3_560))),
        busy(client(2), "billing-2", vec![progress(1, 2, 3, 4)], Some(work(5, 3_284, 4_484))),
    ];
    let audit = vec![busy(client(3), "audit-1", vec![progress(0, 3, 3, 4), progress(1, 3, 4, 4)], None)];
    Scene {
        at: now(),
        topic: Some(TopicHeading {
            name: "orders".to_owned(),
            partitions: 2,
            replication_factor: 1,
            min_insync_replicas: 1,
        }),
        brokers: vec![broker(1, BrokerState::Running, vec![first, second])],
        producers: vec![producer()],
        groups: vec![
            GroupCard { seen: seen("ggggg......."), ..group("billing", 2, 1, billing) },
            GroupCard { seen: seen("gggggggc...."), ..group("audit", 1, 1, audit) },
        ],
        keys: legend(),
        ..Scene::default()
    }
}

/// The queue takes an ack and delivers an order.
#[must_use]
pub fn queue_flight() -> Flight {
    let queue = NodeId::QueueBroker;
    let ack = Envelope { text: "ack 5".to_owned(), ..envelope(1, client(1), queue, Class::Group) };
    let delivery = Envelope {
        is_response: true,
        travelled_permille: 300,
        glyphs: vec![order(8)],
        ..envelope(2, queue, client(3), Class::Fetch)
    };
    Flight { at: now(), revision: 1, envelopes: vec![ack, delivery], ..Flight::default() }
}

/// The topic sends a record and takes a commit.
#[must_use]
pub fn topic_flight() -> Flight {
    let leader = NodeId::broker(1);
    let commit = Envelope { text: "P1=4".to_owned(), ..envelope(1, client(3), leader, Class::Group) };
    let records = Envelope {
        is_response: true,
        partition: Some(partition(0)),
        travelled_permille: 300,
        glyphs: vec![order(8)],
        ..envelope(2, leader, client(3), Class::Fetch)
    };
    Flight { at: now(), revision: 1, envelopes: vec![commit, records], ..Flight::default() }
}
