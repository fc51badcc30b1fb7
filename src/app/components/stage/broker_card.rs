//! One broker: its state, its replicas of the topic in view, and the requests that wait on it.

use yew::prelude::*;

use super::action::StageAction;
use super::columns::Columns;
use super::compact_strip::{BarStrip, CompactStrip};
use super::density::Density;
use super::depth::Depth;
use super::group_badge::GroupBadge;
use super::hands::Hands;
use super::icon::Icon;
use super::log_strip::{LogStrip, role_icon, role_text};
use super::node_menu::{MenuItem, NodeMenu};
use super::purgatory::{Purgatory, shown_waits};
use crate::app::canvas::anchor::node_anchor;
use crate::app::i18n::{Text, use_text};
use crate::app::selection::Selection;
use crate::engine::common::{NodeId, Offset, Time, TopicPartition};
use crate::view::scene::{BrokerCard as Broker, BrokerState, LinkMark, ReplicaRole, ReplicaStrip, Waiting};

#[derive(Properties, PartialEq)]
pub struct BrokerCardProps {
    pub broker: Broker,
    pub now: Time,
    pub subject: Option<TopicPartition>,
    /// The columns of the subject; strips beside it use the same.
    pub columns: Columns,
    pub depth: Depth,
    /// The scale of bars, when the others are drawn as bars.
    pub scale: (Offset, Offset),
    pub density: Density,
    /// Marks of this broker's links.
    pub links: Vec<LinkMark>,
    /// All brokers, for the menu's lines about connections.
    pub peers: Vec<NodeId>,
    pub hands: Hands,
}

#[component]
pub fn BrokerCard(props: &BrokerCardProps) -> Html {
    let text = use_text();
    let BrokerCardProps { broker, now, subject, columns, depth, scale, density, hands, .. } = props;
    let (node, columns, density) = (broker.node, *columns, *density);
    let name = text.get_with("stage-broker", &[("id", broker.id.into())]);
    let thing = Selection::Node(node);
    let is_subject = |strip: &&ReplicaStrip| Some(strip.partition) == *subject || *depth == Depth::Cells;
    let large = broker.replicas.iter().filter(is_subject);
    let waits: Vec<Waiting> = shown_waits(broker, density, *subject).cloned().collect();
    let others: Vec<&ReplicaStrip> = broker.replicas.iter().filter(|strip| !is_subject(strip)).collect();
    html! {
        <section class={classes!("card", "broker", state_class(broker.state), hands.ring(&thing))} role="group"
            tabindex="-1" data-roving="" data-anchor={node_anchor(node)} aria-label={describe(&text, broker, &name)}
            onclick={hands.pick(thing)}>
            <header class="broker__head">
                <b class="broker__name">{ &name }</b>
                if let Some(rack) = &broker.rack {
                    <span class="broker__rack">{ text.get_with("stage-rack", &[("rack", rack.as_str().into())]) }</span>
                }
                <span class="broker__pills">
                if broker.is_controller {
                    <span class="pill pill--controller" title={text.get("stage-is-controller-hint")}>
                        { Icon::Crown.html() }{ text.get("stage-is-controller") }
                    </span>
                }
                { role_pill(&text, props) }
                { state_pill(&text, broker) }
                { for props.links.iter().filter(|link| is_told_at(node, link)).map(|link| link_pill(&text, link, hands, density)) }
                if density == Density::Presenter { { leads_pill(&text, &others) } }
                if broker.waiting_fetches > 0 && density == Density::Desk {
                    <span class="pill" title={text.get("stage-waiting-fetches")}>
                        { Icon::Wait.html() }
                        { text.get_with("stage-waits", &[("count", broker.waiting_fetches.into())]) }
                    </span>
                }
                if !broker.coordinates.is_empty() && density == Density::Desk {
                    <span class="pill" title={text.get("stage-coordinates")}>
                        { Icon::Heads.html() }
                        { for broker.coordinates.iter().map(|badge| html! {
                            <GroupBadge key={badge.group.clone()} badge={badge.clone()} />
                        }) }
                    </span>
                }
                </span>
                <NodeMenu name={name.clone()} items={menu_items(&text, props)} on_action={hands.on_action.clone()} />
            </header>
            if density == Density::Half {
                <h4 class="lane__head">{ text.get("stage-kept") }<b>{ kept(broker) }</b></h4>
            }
            { for large.map(|strip| html! {
                <LogStrip key={strip.name.clone()} strip={strip.clone()} {node} on={name.clone()} {columns} {density}
                    hands={hands.clone()} />
            }) }
            { for others.iter().map(|&strip| {
                let (key, strip, on, hands) = (strip.name.clone(), strip.clone(), name.clone(), hands.clone());
                match depth {
                    Depth::Glyphs => html! { <CompactStrip {key} {strip} {node} {on} {columns} {hands} /> },
                    Depth::Bars => html! { <BarStrip {key} {strip} {node} {on} first={scale.0} end={scale.1} {hands} /> },
                    Depth::Map | Depth::Cells | Depth::Hidden => html! {},
                }
            }) }
            if !waits.is_empty() {
                <Purgatory {node} {waits} now={*now} hands={hands.clone()} />
            }
        </section>
    }
}

fn state_class(state: BrokerState) -> Option<&'static str> {
    match state {
        BrokerState::Running | BrokerState::Stopping => None,
        BrokerState::Starting => Some("broker--starting"),
        BrokerState::Fenced => Some("broker--fenced"),
        BrokerState::Paused => Some("broker--paused"),
        BrokerState::Offline => Some("broker--offline"),
    }
}

fn state_pill(text: &Text, broker: &Broker) -> Option<Html> {
    let (class, icon, key) = match broker.state {
        BrokerState::Running => return None,
        BrokerState::Stopping => ("pill--paused", Icon::Power, "stage-stopping"),
        BrokerState::Starting => ("pill--starting", Icon::Redo, "stage-starting-since"),
        BrokerState::Fenced => ("pill--fenced", Icon::Lock, "stage-fenced-since"),
        BrokerState::Paused => ("pill--paused", Icon::Pause, "stage-paused-since"),
        BrokerState::Offline => ("pill--offline", Icon::Offline, "stage-offline-since"),
    };
    let label = text.get_with(key, &[("time", seconds(broker.state_since).into())]);
    Some(html! { <span class={classes!("pill", class)}>{ icon.html() }{ label }</span> })
}

/// `43.0`: tenths of a second are enough for what lasts seconds.
fn seconds(time: Time) -> String {
    format!("{}.{}", time.0 / 1_000_000, time.0 / 100_000 % 10)
}

/// On a phone the strip has no label beside it, so the head says the role.
fn role_pill(text: &Text, props: &BrokerCardProps) -> Option<Html> {
    let strip = props.broker.replicas.iter().find(|strip| Some(strip.partition) == props.subject)?;
    let role = match strip.role {
        ReplicaRole::Leader => text.get_with("stage-leader-long", &[("epoch", strip.leader_epoch.into())]),
        _ => role_text(text, strip),
    };
    (props.density == Density::Phone && props.broker.state != BrokerState::Offline).then(|| {
        let class = match strip.role {
            ReplicaRole::Leader => "pill--leader",
            ReplicaRole::InSync => "pill--in-sync",
            ReplicaRole::OutOfSync => "pill--out",
            ReplicaRole::Offline => "pill--offline",
        };
        html! { <span class={classes!("pill", class)}>{ role_icon(strip.role).html() }{ role }</span> }
    })
}

/// Records that this broker keeps as a leader: each counts once, however often it was read.
fn kept(broker: &Broker) -> u64 {
    let led = broker.replicas.iter().filter(|strip| strip.role == ReplicaRole::Leader);
    led.map(|strip| strip.log_end.since(strip.log_start)).sum()
}

/// Where the partitions beside the subject are not drawn, their leaders are still told.
fn leads_pill(text: &Text, others: &[&ReplicaStrip]) -> Option<Html> {
    let led: Vec<String> = others
        .iter()
        .filter(|strip| strip.role == ReplicaRole::Leader)
        .map(|strip| format!("P{}", strip.partition.partition))
        .collect();
    (!led.is_empty()).then(|| {
        html! { <span class="pill pill--leads">{ text.get_with("stage-leads", &[("partitions", led.join(", ").into())]) }</span> }
    })
}

/// A link between two brokers is told once, on the card of the second.
fn is_told_at(node: NodeId, link: &LinkMark) -> bool {
    let teller = if matches!(link.b, NodeId::Broker(_)) { link.b } else { link.a };
    teller == node
}

fn link_pill(text: &Text, link: &LinkMark, hands: &Hands, density: Density) -> Html {
    let key = match (link.cut, link.oneway, density) {
        (true, _, Density::Phone) => "stage-link-cut-short",
        (false, _, Density::Phone) => "stage-link-held-short",
        (true, true, _) => "stage-link-oneway",
        (true, false, _) => "stage-link-cut",
        (false, ..) => "stage-link-held",
    };
    let label = text.get_with(key, &[("a", short_name(link.a).into()), ("b", short_name(link.b).into())]);
    html! {
        <button key={format!("{}-{}", link.a, link.b)} type="button" class="pill pill--bad" tabindex="-1" data-roving=""
            onclick={hands.pick(Selection::link(link.a, link.b))}>
            { if link.cut { Icon::Scissors } else { Icon::Cut }.html() }{ label }
        </button>
    }
}

/// `b2`, `c101`: as short as a pill needs.
#[must_use]
pub fn short_name(node: NodeId) -> String {
    match node {
        NodeId::Broker(id) => format!("b{id}"),
        NodeId::Controller(id) => format!("c{id}"),
        NodeId::ZooKeeper(id) => format!("zk{id}"),
        NodeId::QueueBroker => "queue".to_owned(),
        NodeId::Client(id) => format!("client-{id}"),
    }
}

fn menu_items(text: &Text, props: &BrokerCardProps) -> Vec<MenuItem> {
    let node = props.broker.node;
    let state = props.broker.state;
    let down = state == BrokerState::Offline;
    let paused = state == BrokerState::Paused;
    let refused = |is: bool, key: &'static str| is.then(|| text.get(key));
    let item = |action, icon, key: &str, refused| MenuItem { action, icon, label: text.get(key), refused };
    let mut items = vec![
        item(StageAction::Stop(node), Icon::Power, "stage-do-stop", refused(down || paused, "stage-refused-offline")),
        item(StageAction::Crash(node), Icon::Bolt, "stage-do-crash", refused(down, "stage-refused-offline")),
        item(StageAction::PowerLoss(node), Icon::Power, "stage-do-power-loss", refused(down, "stage-refused-offline")),
        item(StageAction::Restart(node), Icon::Redo, "stage-do-restart", refused(!down, "stage-refused-running")),
    ];
    items.push(if paused {
        item(StageAction::Resume(node), Icon::Play, "stage-do-resume", None)
    } else {
        item(StageAction::Pause(node), Icon::Pause, "stage-do-pause", refused(down, "stage-refused-offline"))
    });
    for &peer in props.peers.iter().filter(|&&peer| peer != node) {
        let mark = props.links.iter().find(|link| (link.a, link.b) == (node, peer) || (link.a, link.b) == (peer, node));
        let (held, cut) = mark.map_or((false, false), |mark| (mark.held, mark.cut));
        let line = |action, icon, key: &str| {
            let label = text.get_with(key, &[("peer", short_name(peer).into())]);
            MenuItem { action, icon, label, refused: None }
        };
        items.push(if held {
            line(StageAction::Release(node, peer), Icon::Play, "stage-do-release")
        } else {
            line(StageAction::Hold(node, peer), Icon::Clamp, "stage-do-hold")
        });
        items.push(if cut {
            line(StageAction::Repair(node, peer), Icon::Link, "stage-do-repair")
        } else {
            line(StageAction::Partition(node, peer), Icon::Scissors, "stage-do-cut")
        });
    }
    items
}

/// "Broker 2. Running. 3 replicas."
fn describe(text: &Text, broker: &Broker, name: &str) -> AttrValue {
    let state = text.get(match broker.state {
        BrokerState::Starting => "stage-state-starting",
        BrokerState::Running => "stage-state-running",
        BrokerState::Stopping => "stage-state-stopping",
        BrokerState::Fenced => "stage-state-fenced",
        BrokerState::Paused => "stage-state-paused",
        BrokerState::Offline => "stage-state-offline",
    });
    text.get_with(
        "stage-broker-label",
        &[("name", name.into()), ("state", state.as_str().into()), ("count", broker.replicas.len().into())],
    )
}
