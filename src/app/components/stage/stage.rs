//! The stage: columns of producers, cluster and groups, with the messages in flight above them.

use std::collections::BTreeMap;
use std::rc::Rc;

use web_sys::HtmlSelectElement;
use yew::prelude::*;

use super::action::StageAction;
use super::broker_card::BrokerCard;
use super::class_filter::ClassSet;
use super::columns::Columns;
use super::controller_strip::ControllerStrip;
use super::density::Density;
use super::depth::{Depth, depth_of_others, subject_of};
use super::group_card::GroupCard;
use super::hands::Hands;
use super::icon::Icon;
use super::legend::{Legend, group_marks};
use super::link_lines::LinkLines;
use super::map::ReplicaMap;
use super::overlay::Overlay;
use super::peers::{GroupPeers, ProducerPeers};
use super::producer_card::ProducerCard;
use super::progress_table::ProgressTable;
use super::purgatory::shown_waits;
use super::queue_app_card::QueueAppCard;
use super::queue_card::QueueCard;
use super::roving::on_keydown;
use super::tray::{LostTray, TrayCounts};
use crate::app::canvas::layout::Layout;
use crate::app::canvas::painter::{Picture, WaitLine};
use crate::app::canvas::traffic::FlightFeed;
use crate::app::i18n::{Text, use_text};
use crate::app::selection::Selection;
use crate::engine::common::{NodeId, Offset, TopicPartition};
use crate::view::scene::{ControllerStrip as Quorum, LinkMark, Scene};

#[derive(Properties, PartialEq)]
pub struct StageProps {
    pub scene: Rc<Scene>,
    /// Another number for every scene.
    pub revision: u64,
    /// Asked for the messages in flight, once a frame while the clock runs.
    pub feed: FlightFeed,
    /// The partition to draw large; the first one if there is none.
    #[prop_or_default]
    pub subject: Option<TopicPartition>,
    #[prop_or_default]
    pub density: Density,
    /// How closely the other partitions are to be shown; by the room there is if nobody asked.
    #[prop_or_default]
    pub depth: Option<Depth>,
    /// Whether changes since the last scene are shown as short motions; a seek shows the state alone.
    #[prop_or_default]
    pub motion: bool,
    #[prop_or_default]
    pub selected: Option<Selection>,
    /// What the prose points at.
    #[prop_or_default]
    pub pointed: Option<Selection>,
    #[prop_or_default]
    pub classes: ClassSet,
    /// Theme, presenter mode, contrast: only its change matters.
    #[prop_or_default]
    pub look: AttrValue,
    #[prop_or_default]
    pub on_select: Callback<Selection>,
    #[prop_or_default]
    pub on_open: Callback<TopicPartition>,
    #[prop_or_default]
    pub on_action: Callback<StageAction>,
    #[prop_or_default]
    pub on_classes: Callback<ClassSet>,
}

#[component]
pub fn Stage(props: &StageProps) -> Html {
    let text = use_text();
    let plane = use_node_ref();
    let layout = use_state_eq(Rc::<Layout>::default);
    let StageProps { scene, density, .. } = props;
    let density = *density;
    let (subject, depth) = (subject_of(scene, props.subject), depth_of_others(scene, density, props.depth));
    let hands = Hands {
        selected: props.selected.clone(),
        pointed: props.pointed.clone(),
        on_select: props.on_select.clone(),
        on_open: props.on_open.clone(),
        on_action: props.on_action.clone(),
    };
    let on_layout = {
        let layout = layout.setter();
        use_callback((), move |measured: Rc<Layout>, ()| layout.set(measured))
    };
    let on_message =
        use_callback(props.on_select.clone(), |message: u64, on_select| on_select.emit(Selection::Message(message)));
    let picture = Picture {
        feed: props.feed.clone(),
        waits: wait_lines(scene, density, subject),
        classes: props.classes,
        selected: match props.selected {
            Some(Selection::Message(message)) => Some(message),
            _ => None,
        },
    };
    // Whatever made the figure render anew may have moved its elements: the painter looks again.
    let renders = use_mut_ref(|| 0_u64);
    *renders.borrow_mut() += 1;
    let renders = *renders.borrow();
    let still = (!props.motion).then_some("stage--still");
    html! {
        <section class={classes!("stage", still)} data-density={density.name()} aria-label={summary(&text, scene)}>
            if !density.is_one_of_two() { <StageBar scene={scene.clone()} {subject} {density} {depth} hands={hands.clone()} /> }
            <div class="stage__scroll" tabindex="0" role="application" aria-label={summary(&text, scene)}
                data-depth={depth.name()}
                onkeydown={on_keydown(plane.clone())}>
                <div ref={plane.clone()} class={classes!("plane", has_no_readers(scene).then_some("plane--alone"))}>
                    <div class="plane__producers">{ producers(&text, scene, density, &hands) }</div>
                    <div class="plane__cluster">{ cluster(&text, props, &hands) }</div>
                    <div class="plane__groups">{ groups(&text, scene, density, &hands) }</div>
                    if matches!(density, Density::Desk | Density::Presenter | Density::Narrow) {
                        <LinkLines layout={(*layout).clone()} brokers={broker_nodes(scene)} marks={scene.links.clone()}
                            hands={hands.clone()} />
                    }
                    <Overlay plane={plane.clone()} {picture} {renders} look={props.look.clone()}
                        {on_layout} {on_message} />
                </div>
            </div>
            if matches!(density, Density::Desk | Density::Presenter) {
                <Legend keys={scene.keys.clone()} badge={scene.groups.first().map(|group| group.badge.clone())}
                    classes={props.classes} on_classes={props.on_classes.clone()} />
            }
        </section>
    }
}

#[derive(Properties, PartialEq)]
struct StageBarProps {
    scene: Rc<Scene>,
    subject: Option<TopicPartition>,
    density: Density,
    depth: Depth,
    hands: Hands,
}

/// What is in view, and what can be done to it.
#[component]
fn StageBar(props: &StageBarProps) -> Html {
    let text = use_text();
    let StageBarProps { scene, subject, density, depth, hands } = props;
    let shape = scene.topic.as_ref().map(|topic| {
        text.get_with(
            "stage-topic",
            &[
                ("partitions", topic.partitions.into()),
                ("replicas", topic.replication_factor.into()),
                ("min", topic.min_insync_replicas.into()),
            ],
        )
    });
    html! {
        <header class="stage__bar">
            if let (Some(topic), Some(shape)) = (&scene.topic, shape) {
                if *density == Density::Phone {
                    <PartitionPick scene={scene.clone()} subject={*subject} on_open={hands.on_open.clone()} />
                    <span class="stage__shape">{ text.get_with("stage-one-of", &[("partitions", topic.partitions.into())]) }</span>
                } else {
                    <h2>{ &topic.name }</h2>
                    <span class="stage__shape">{ shape }</span>
                }
            }
            <button type="button" class="tool tool--edge stage__break" onclick={hands.act(StageAction::OpenBreakMenu)}>
                { Icon::Bolt.html() }{ text.get("stage-break") }
            </button>
            if *density == Density::Desk {
                <button type="button" class="tool tool--edge" onclick={hands.act(StageAction::OpenAddMenu)}>
                    { Icon::Plus.html() }{ text.get("stage-add") }
                </button>
                if scene.queue.is_none() {
                    <span class="stage__zoom" role="group" aria-label={text.get("stage-zoom")}>
                        { zoom(&text, *depth, false, hands) }
                        { zoom(&text, *depth, true, hands) }
                    </span>
                }
                <button type="button" class="tool" title={text.get("stage-fit")} aria-label={text.get("stage-fit")}
                    onclick={hands.act(StageAction::Fit)}>{ Icon::Fit.html() }</button>
            }
        </header>
    }
}

/// One step closer or further away; grey where there is none.
fn zoom(text: &Text, depth: Depth, closer: bool, hands: &Hands) -> Html {
    let next = depth.next(closer);
    let (icon, key) = if closer { (Icon::Plus, "stage-zoom-in") } else { (Icon::Minus, "stage-zoom-out") };
    let label = text.get(if next.is_some() { key } else { "stage-zoom-end" });
    html! {
        <button type="button" class="tool" title={label.clone()} aria-label={label} data-zoom={if closer { "in" } else { "out" }}
            aria-disabled={next.is_none().to_string()} onclick={next.map(|next| hands.act(StageAction::Zoom(next)))}>
            { icon.html() }
        </button>
    }
}

#[derive(Properties, PartialEq)]
struct PartitionPickProps {
    scene: Rc<Scene>,
    subject: Option<TopicPartition>,
    on_open: Callback<TopicPartition>,
}

/// A phone shows one partition; here the reader chooses which.
#[component]
fn PartitionPick(props: &PartitionPickProps) -> Html {
    let text = use_text();
    let replicas = props.scene.brokers.iter().flat_map(|broker| &broker.replicas);
    let partitions: BTreeMap<TopicPartition, String> =
        replicas.map(|replica| (replica.partition, replica.name.clone())).collect();
    let on_change = {
        let (partitions, on_open) = (partitions.clone(), props.on_open.clone());
        Callback::from(move |event: Event| {
            let chosen = event.target_dyn_into::<HtmlSelectElement>().map(|select| select.value());
            let partition =
                partitions.iter().find(|(_, name)| Some(*name) == chosen.as_ref()).map(|(partition, _)| *partition);
            if let Some(partition) = partition {
                on_open.emit(partition);
            }
        })
    };
    html! {
        <select class="stage__pick" aria-label={text.get("stage-partition")} onchange={on_change}>
            { for partitions.iter().map(|(partition, name)| html! {
                <option key={name.clone()} value={name.clone()} selected={Some(*partition) == props.subject}>{ name }</option>
            }) }
        </select>
    }
}

fn producers(text: &Text, scene: &Rc<Scene>, density: Density, hands: &Hands) -> Html {
    if density == Density::Phone {
        return html! { <ProducerPeers scene={scene.clone()} hands={hands.clone()} /> };
    }
    html! {
        <>
            if !density.is_one_of_two() { <h3 class="plane__head">{ text.get("stage-producers") }</h3> }
            { for scene.producers.iter().map(|producer| html! {
                <ProducerCard key={producer.name.clone()} producer={producer.clone()} {density} hands={hands.clone()} />
            }) }
            if density == Density::Desk {
                { add_button(text, "stage-add-producer", StageAction::AddProducer, hands) }
                if scene.producers.is_empty() { <p class="plane__hint">{ text.get("stage-hint-producer") }</p> }
            }
        </>
    }
}

fn cluster(text: &Text, props: &StageProps, hands: &Hands) -> Html {
    let StageProps { scene, density, .. } = props;
    let density = *density;
    if let Some(queue) = &scene.queue {
        return html! { <QueueCard queue={queue.clone()} hands={hands.clone()} /> };
    }
    let subject = subject_of(scene, props.subject);
    let depth = depth_of_others(scene, density, props.depth);
    let room = match density {
        Density::Narrow if has_no_readers(scene) => Density::Desk.columns(),
        _ => density.columns(),
    };
    let columns = subject
        .map_or(Columns { from: Offset(0), count: room, folded: false }, |subject| Columns::of(scene, subject, room));
    let scale = bar_scale(scene);
    let peers = broker_nodes(scene);
    // Far out, the map shows every replica; the brokers that hold the subject still open in place.
    let holds = |partition: TopicPartition, node: NodeId| {
        scene
            .brokers
            .iter()
            .any(|broker| broker.node == node && broker.replicas.iter().any(|r| r.partition == partition))
    };
    let in_place = |node: NodeId| depth != Depth::Map || subject.is_some_and(|subject| holds(subject, node));
    html! {
        <>
            if let Some(quorum) = scene.controllers.as_ref().filter(|quorum| has_room(quorum, density)) {
                <ControllerStrip quorum={quorum.clone()} {density} {subject} now={scene.at} hands={hands.clone()} />
            }
            if depth == Depth::Map {
                <ReplicaMap brokers={scene.brokers.clone()} {subject} hands={hands.clone()} />
            }
            { for scene.brokers.iter().filter(|broker| in_place(broker.node)).map(|broker| html! {
                <BrokerCard key={broker.id} broker={broker.clone()} now={scene.at} {subject} {columns} {depth} {scale} {density}
                    links={links_of(scene, broker.node)} peers={peers.clone()} hands={hands.clone()} />
            }) }
            if density == Density::Half {
                if let Some(group) = scene.groups.first() { { group_marks(text, &group.badge, "marks") } }
                <ProgressTable groups={scene.groups.clone()} />
                <p class="queue__says">{ text.get("stage-topic-says") }</p>
            }
            <LostTray tray={scene.tray.clone()} />
        </>
    }
}

fn groups(text: &Text, scene: &Rc<Scene>, density: Density, hands: &Hands) -> Html {
    if density == Density::Phone {
        return html! { <GroupPeers groups={scene.groups.clone()} lost={scene.tray.lost.len()} hands={hands.clone()} /> };
    }
    let sent: u64 = scene.producers.iter().map(|producer| producer.sent).sum();
    let is_alone = density == Density::Narrow && has_no_readers(scene);
    let add = if scene.queue.is_some() { StageAction::AddQueueApplication } else { StageAction::AddGroup };
    html! {
        <>
            if !density.is_one_of_two() { <h3 class="plane__head">{ text.get("stage-groups") }</h3> }
            { for scene.groups.iter().map(|group| html! {
                <GroupCard key={group.badge.group.clone()} group={group.clone()} now={scene.at} {sent} {density} hands={hands.clone()} />
            }) }
            { for scene.queue_apps.iter().map(|app| html! {
                <QueueAppCard key={app.badge.group.clone()} app={app.clone()} now={scene.at} {sent} hands={hands.clone()} />
            }) }
            if density != Density::Half && !is_alone { <TrayCounts tray={scene.tray.clone()} /> }
            if density == Density::Half {
                { add_button(text, "stage-add-app", add, hands) }
            } else if density == Density::Desk {
                { add_button(text, "stage-add-group", add, hands) }
            }
        </>
    }
}

/// Nothing but the cluster and its producers: the readers' column stands empty.
fn has_no_readers(scene: &Scene) -> bool {
    scene.groups.is_empty() && scene.queue_apps.is_empty()
}

/// On a phone a lone controller has nothing to show that is worth its room.
fn has_room(quorum: &Quorum, density: Density) -> bool {
    match density {
        Density::Desk | Density::Presenter | Density::Narrow => true,
        Density::Phone => quorum.voters.len() > 1 || quorum.ensemble.is_some(),
        Density::Half => false,
    }
}

fn add_button(text: &Text, key: &str, action: StageAction, hands: &Hands) -> Html {
    html! {
        <button type="button" class="add" tabindex="-1" data-roving="" onclick={hands.act(action)}>
            { Icon::Plus.html() }{ text.get(key) }
        </button>
    }
}

fn broker_nodes(scene: &Scene) -> Vec<NodeId> {
    scene.brokers.iter().map(|broker| broker.node).collect()
}

/// Marks of the links that end at a node.
fn links_of(scene: &Scene, node: NodeId) -> Vec<LinkMark> {
    scene.links.iter().filter(|link| (link.cut || link.held) && (link.a == node || link.b == node)).copied().collect()
}

/// One scale for all bars of the figure.
fn bar_scale(scene: &Scene) -> (Offset, Offset) {
    let replicas = || scene.brokers.iter().flat_map(|broker| &broker.replicas);
    let first = replicas().map(|replica| replica.log_start).min().unwrap_or_default();
    let end = replicas().map(|replica| replica.log_end).max().unwrap_or_default();
    // Rounded up, so that bars do not shrink at every append.
    (first, first.plus(end.since(first).max(8).next_multiple_of(8)))
}

/// Requests of clients that wait on a broker; followers' waiting fetches are counted on the card instead.
fn wait_lines(scene: &Scene, density: Density, subject: Option<TopicPartition>) -> Vec<WaitLine> {
    let of = |broker: &crate::view::scene::BrokerCard| {
        let is_producer = |owner: NodeId| scene.producers.iter().any(|producer| producer.node == owner);
        let mut rows = [0, 0];
        let clients = shown_waits(broker, density, subject).filter(|wait| wait.owner.is_client());
        clients
            .map(|wait| {
                let row = &mut rows[usize::from(is_producer(wait.owner))];
                *row += 1;
                WaitLine { owner: wait.owner, broker: broker.node, class: wait.class, row: *row - 1 }
            })
            .collect::<Vec<_>>()
    };
    scene.brokers.iter().flat_map(of).collect()
}

/// "Topic orders, 3 partitions on 3 brokers. 1 broker is offline. Time 52.340 s."
fn summary(text: &Text, scene: &Scene) -> AttrValue {
    let offline =
        scene.brokers.iter().filter(|broker| broker.state == crate::view::scene::BrokerState::Offline).count();
    text.get_with(
        "stage-summary",
        &[
            ("topic", scene.topic.as_ref().map_or("–", |topic| topic.name.as_str()).into()),
            ("partitions", scene.topic.as_ref().map_or(0, |topic| topic.partitions).into()),
            ("brokers", scene.brokers.len().into()),
            ("offline", offline.into()),
            ("cut", scene.links.iter().filter(|link| link.cut || link.held).count().into()),
            ("time", scene.at.to_string().into()),
        ],
    )
}
