//! Single forms of the figure, each with its name: the rows of the help page.

use std::rc::Rc;

use yew::prelude::*;

use super::lesson::{
    at_millis, broker, cell, client, envelope, group, key, legend, member, partition, progress, strip,
};
use crate::app::canvas::anchor::node_anchor;
use crate::app::canvas::painter::Picture;
use crate::app::canvas::traffic::{Flight, FlightFeed};
use crate::app::components::stage::broker_card::BrokerCard;
use crate::app::components::stage::class_filter::{CLASSES, ClassSet, class_name};
use crate::app::components::stage::columns::Columns;
use crate::app::components::stage::controller_strip::ControllerStrip;
use crate::app::components::stage::density::Density;
use crate::app::components::stage::depth::Depth;
use crate::app::components::stage::glyph::shape_of;
use crate::app::components::stage::group_card::GroupCard;
use crate::app::components::stage::hands::Hands;
use crate::app::components::stage::log_strip::LogStrip;
use crate::app::components::stage::map::ReplicaMap;
use crate::app::components::stage::overlay::Overlay;
use crate::app::components::stage::producer_card::ProducerCard;
use crate::app::components::stage::record_cell::RecordCell;
use crate::app::components::stage::tray::LostTray;
use crate::app::i18n::use_text;
use crate::engine::common::{BrokerId, NodeId, Offset};
use crate::engine::protocol::Class;
use crate::view::envelope::{Envelope, EnvelopeFate};
use crate::view::scene::{
    BrokerState, CellState, ControllerStrip as Quorum, Glyph, MemberState, MetadataView, ProducerCard as Producer,
    ReplicaRole, ReplicaStrip, Tray, TrayItem, Voter, VoterState,
};

/// Hands that do nothing: specimens are looked at.
#[must_use]
pub fn idle_hands() -> Hands {
    Hands {
        selected: None,
        pointed: None,
        on_select: Callback::noop(),
        on_open: Callback::noop(),
        on_action: Callback::noop(),
    }
}

#[derive(Properties, PartialEq)]
pub struct SpecimenProps {
    pub name: AttrValue,
    #[prop_or_default]
    pub note: Option<AttrValue>,
    pub children: Children,
}

#[component]
pub fn Specimen(props: &SpecimenProps) -> Html {
    html! {
        <figure class="specimen">
            <div class="specimen__figure">{ props.children.clone() }</div>
            <figcaption>
                <b>{ &props.name }</b>
                if let Some(note) = &props.note { <span>{ note }</span> }
            </figcaption>
        </figure>
    }
}

/// Solid on the leader, hollow on a copy, hatched above the high watermark.
#[component]
pub fn KeySpecimens() -> Html {
    let text = use_text();
    let one = |role: &'static str, state, glyph, copy| {
        html! {
            <div class={classes!("replica", role)}>
                <RecordCell cell={cell(2, state, glyph)} node={NodeId::broker(1)} partition={partition(0)} column={0} {copy}
                    hands={idle_hands()} />
            </div>
        }
    };
    let row = |glyph: Glyph, name: String| {
        html! {
            <Specimen key={name.clone()} name={name.clone()} note={text.get(shape_of(glyph).name)}>
                <div class="key-trio">
                    { one("replica--leader", CellState::Committed, glyph, false) }
                    { one("replica--in-sync", CellState::Committed, glyph, true) }
                    { one("replica--leader", CellState::Uncommitted, glyph, false) }
                </div>
            </Specimen>
        }
    };
    html! {
        <div class="gallery__row">
            { for legend().into_iter().map(|entry| row(entry.glyph, entry.key)) }
            { row(Glyph::NoKey, text.get("stage-no-key").to_string()) }
        </div>
    }
}

/// Line style, icon and colour of each class, drawn by the painter itself.
#[component]
pub fn ClassSpecimens() -> Html {
    let text = use_text();
    let sent = |class| Envelope { glyphs: vec![key(2)], ..envelope(1, client(0), NodeId::broker(1), class) };
    let of_class = |class: Class| {
        let envelope = match class {
            Class::Produce => sent(class),
            Class::Replicate => Envelope { is_response: true, glyphs: vec![key(8), key(2)], ..sent(class) },
            Class::Fetch => Envelope { glyphs: Vec::new(), text: "from 6".to_owned(), ..sent(class) },
            Class::Group => Envelope { glyphs: Vec::new(), text: "P0=6".to_owned(), ..sent(class) },
            Class::Control | Class::Liveness => Envelope { glyphs: Vec::new(), ..sent(class) },
        };
        let name = text.get(&format!("stage-{}", class_name(class)));
        html! {
            <Specimen key={class_name(class)} name={name} note={text.get(&format!("gallery-{}", class_name(class)))}>
                <Wire envelopes={vec![envelope]} />
            </Specimen>
        }
    };
    let held = Envelope { fate: EnvelopeFate::Held, ..sent(Class::Produce) };
    let lost = Envelope { fate: EnvelopeFate::WillBeLost, ..sent(Class::Produce) };
    let crowd: Vec<Envelope> = (0..64).map(|id| Envelope { id, ..sent(Class::Produce) }).collect();
    html! {
        <div class="gallery__row" style="--least:170px">
            { for CLASSES.into_iter().map(of_class) }
            <Specimen name={text.get("gallery-held")} note={text.get("gallery-held-note")}><Wire envelopes={vec![held]} /></Specimen>
            <Specimen name={text.get("gallery-lost")} note={text.get("gallery-lost-note")}><Wire envelopes={vec![lost]} /></Specimen>
            <Specimen name={text.get("gallery-stream")} note={text.get("gallery-stream-note")}><Wire envelopes={crowd} /></Specimen>
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct WireProps {
    envelopes: Vec<Envelope>,
}

/// A path between two ends that are not drawn.
#[component]
fn Wire(props: &WireProps) -> Html {
    let plane = use_node_ref();
    let feed = use_memo(props.envelopes.clone(), |envelopes| {
        FlightFeed::still(Flight { envelopes: envelopes.clone(), ..Flight::default() })
    });
    let picture = Picture { feed: (*feed).clone(), waits: Vec::new(), classes: ClassSet::all(), selected: None };
    html! {
        <div ref={plane.clone()} class="specimen__wire">
            <i class="specimen__end" style="left:6px" data-anchor={node_anchor(client(0))} />
            <i class="specimen__end" style="right:6px" data-anchor={node_anchor(NodeId::broker(1))} />
            <Overlay {plane} {picture} renders={0} look="" on_layout={Callback::from(|_: Rc<_>| ())}
                on_message={Callback::noop()} />
        </div>
    }
}

#[component]
pub fn CellSpecimens() -> Html {
    let text = use_text();
    let one = |name: &'static str, role: &'static str, state, glyph| {
        html! {
            <Specimen key={name} name={text.get(&format!("gallery-cell-{name}"))} note={text.get(&format!("gallery-cell-{name}-note"))}>
                <div class="key-trio"><div class={classes!("replica", role)}>
                    <RecordCell cell={cell(4, state, glyph)} node={NodeId::broker(1)} partition={partition(0)} column={0}
                        copy={role != "replica--leader"} hands={idle_hands()} />
                </div></div>
            </Specimen>
        }
    };
    html! {
        <div class="gallery__row" style="--least:120px">
            { one("committed", "replica--leader", CellState::Committed, key(7)) }
            { one("copy", "replica--in-sync", CellState::Committed, key(7)) }
            { one("uncommitted", "replica--leader", CellState::Uncommitted, key(2)) }
            { one("arriving", "replica--in-sync", CellState::Arriving, key(2)) }
            { one("deleted", "replica--leader", CellState::Deleted, key(2)) }
            { one("truncated", "replica--in-sync", CellState::Truncated, key(2)) }
            { one("no-key", "replica--leader", CellState::Committed, Glyph::NoKey) }
        </div>
    }
}

#[component]
pub fn ReplicaSpecimens() -> Html {
    let text = use_text();
    let columns = Columns { from: Offset(0), count: 6, folded: false };
    let one = |name: &'static str, strip: ReplicaStrip, columns: Columns| {
        html! {
            <Specimen key={name} name={text.get(&format!("gallery-replica-{name}"))}
                note={text.get(&format!("gallery-replica-{name}-note"))}>
                <LogStrip {strip} node={NodeId::broker(1)} on="Broker 1" {columns} density={Density::Desk} hands={idle_hands()} />
            </Specimen>
        }
    };
    let mut segmented = strip(0, ReplicaRole::Leader, 1, &[2, 7, 1, 8], 5);
    segmented.segments = vec![(Offset(1), Offset(3)), (Offset(3), Offset(5))];
    let mut truncating = strip(0, ReplicaRole::InSync, 0, &[1, 2, 7], 3);
    truncating.cells.extend([3, 4].map(|offset| cell(offset, CellState::Truncated, key(2))));
    let long: Vec<u8> = (0..46).map(|index| 1 + index % 8).collect();
    html! {
        <div class="gallery__row" style="--least:300px">
            { one("leader", strip(0, ReplicaRole::Leader, 0, &[1, 2, 7, 1, 8], 4), columns) }
            { one("in-sync", strip(0, ReplicaRole::InSync, 0, &[1, 2, 7, 1], 4), columns) }
            { one("out", strip(0, ReplicaRole::OutOfSync, 0, &[1, 2], 2), columns) }
            { one("offline", strip(0, ReplicaRole::Offline, 0, &[1, 2, 7, 1, 8], 5), columns) }
            { one("segments", segmented, columns) }
            { one("truncating", truncating, columns) }
            { one("folded", strip(0, ReplicaRole::Leader, 0, &long, 46), Columns { from: Offset(42), count: 6, folded: true }) }
            { one("behind", strip(0, ReplicaRole::OutOfSync, 0, &[1, 2, 3], 3), Columns { from: Offset(42), count: 6, folded: true }) }
        </div>
    }
}

#[component]
pub fn BrokerSpecimens() -> Html {
    let text = use_text();
    let one = |state: BrokerState, name: &'static str| {
        html! {
            <Specimen key={name} name={text.get(&format!("gallery-broker-{name}"))} note={text.get(&format!("gallery-broker-{name}-note"))}>
                <BrokerCard broker={broker(1, state, Vec::new())} now={at_millis(52_340)} subject={None}
                    columns={Columns { from: Offset(0), count: 6, folded: false }} depth={Depth::Hidden} scale={(Offset(0), Offset(8))}
                    density={Density::Desk} links={Vec::new()} peers={vec![NodeId::broker(1), NodeId::broker(2)]} hands={idle_hands()} />
            </Specimen>
        }
    };
    let voter = |id, state| Voter {
        node: NodeId::Controller(BrokerId(id)),
        id,
        state,
        epoch: 4,
        log_end: Offset(418),
        high_watermark: Some(Offset(418)),
        voted: Some(101),
    };
    let quorum = Quorum {
        ensemble: None,
        epoch: 4,
        high_watermark: Offset(418),
        voters: vec![
            voter(101, VoterState::Leader),
            voter(102, VoterState::Follower),
            voter(103, VoterState::Candidate),
            voter(104, VoterState::Prospective),
            voter(106, VoterState::Unattached),
            voter(107, VoterState::Resigned),
            voter(105, VoterState::Offline),
        ],
        tail: Vec::new(),
    };
    html! {
        <div class="gallery__row" style="--least:320px">
            { one(BrokerState::Running, "running") }
            { one(BrokerState::Starting, "starting") }
            { one(BrokerState::Fenced, "fenced") }
            { one(BrokerState::Paused, "paused") }
            { one(BrokerState::Offline, "offline") }
            <Specimen name={text.get("gallery-voters")} note={text.get("gallery-voters-note")}>
                <ControllerStrip {quorum} density={Density::Presenter} hands={idle_hands()} />
            </Specimen>
        </div>
    }
}

#[component]
pub fn ClientSpecimens() -> Html {
    let text = use_text();
    let producer = |name: &str| Producer {
        node: client(9),
        name: name.to_owned(),
        up: true,
        acks: Some("1".to_owned()),
        wells: Vec::new(),
        in_flight: 0,
        waits_for: None,
        metadata: MetadataView::Fresh,
        sent: 8,
        acked: 8,
        failed: 0,
        acked_and_lost: Vec::new(),
        backlog: 0,
    };
    let stale = Producer {
        metadata: MetadataView::Stale { partition: 0, leader: 2, epoch: 5 },
        in_flight: 1,
        ..producer("stale")
    };
    let losing =
        Producer { acked_and_lost: [6, 7].map(|offset| (partition(0), Offset(offset))).to_vec(), ..producer("lost") };
    let stopped = Producer { up: false, ..producer("stopped") };
    let show_producer = |name: &'static str, producer: Producer| {
        html! {
            <Specimen key={name} name={text.get(&format!("gallery-producer-{name}"))} note={text.get(&format!("gallery-producer-{name}-note"))}>
                <ProducerCard {producer} density={Density::Desk} hands={idle_hands()} />
            </Specimen>
        }
    };
    let show_group = |name: &'static str, state: &str, members: &[(MemberState, &str)]| {
        let rows = (10..).zip(members).map(|(number, &(state, name))| {
            let partitions = if state == MemberState::Active { vec![progress(0, 4, 6, 7)] } else { Vec::new() };
            let mut row = member(client(number), name, partitions);
            row.state = state;
            row
        });
        let mut card = group("billing", 7, 3, rows.collect());
        card.state = state.to_owned();
        if members.iter().all(|(state, _)| *state != MemberState::Active) {
            card.unowned = vec![progress(0, 4, 4, 7)];
        }
        html! {
            <Specimen key={name} name={text.get(&format!("gallery-group-{name}"))} note={text.get(&format!("gallery-group-{name}-note"))}>
                <GroupCard group={card} now={at_millis(52_340)} density={Density::Desk} hands={idle_hands()} />
            </Specimen>
        }
    };
    html! {
        <div class="gallery__row" style="--least:200px">
            { show_producer("stale", stale) }
            { show_producer("lost", losing) }
            { show_producer("stopped", stopped) }
            { show_group("stable", "Stable", &[(MemberState::Active, "billing-1"), (MemberState::Evicted, "billing-2")]) }
            { show_group("rebalancing", "PreparingRebalance", &[(MemberState::Joining, "billing-1"), (MemberState::Paused, "billing-2")]) }
            { show_group("empty", "Empty", &[(MemberState::Down, "billing-1")]) }
        </div>
    }
}

#[component]
pub fn LossSpecimen() -> Html {
    let item = |offset, number, text: &str| TrayItem {
        partition: partition(0),
        offset: Offset(offset),
        glyph: key(number),
        text: text.to_owned(),
    };
    let tray = Tray {
        lost: vec![item(6, 8, "ming, order 118"), item(7, 2, "bob, order 119")],
        lost_acked: 2,
        read_twice: Vec::new(),
    };
    html! { <div style="max-width:430px"><LostTray {tray} /></div> }
}

/// Ten brokers with twenty-four partitions: broker 7 is down and broker 4 is slow.
#[component]
pub fn MapSpecimen() -> Html {
    let role = |id: u32, number: u32| {
        let place = (0..3).find(|place| (number * 3 + place * (1 + number / 10)) % 10 == id - 1)?;
        Some(match (id, place) {
            (7, _) => ReplicaRole::Offline,
            (_, 0) => ReplicaRole::Leader,
            (4, _) => ReplicaRole::OutOfSync,
            _ => ReplicaRole::InSync,
        })
    };
    let brokers = (1..=10).map(|id| {
        let state = if id == 7 { BrokerState::Offline } else { BrokerState::Running };
        let replicas = (0..24).filter_map(|number| Some(strip(number, role(id, number)?, 0, &[1, 2], 2))).collect();
        broker(id, state, replicas)
    });
    html! { <ReplicaMap brokers={brokers.collect::<Vec<_>>()} subject={partition(7)} hands={idle_hands()} /> }
}
