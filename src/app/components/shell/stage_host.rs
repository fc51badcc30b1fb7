//! Hands the stage what it draws and turns what is done in it into actions.
//!
//! Where a lesson compares a queue with a topic, two stages stand side by side, on one clock.

use std::rc::Rc;

use wasm_bindgen::JsCast;
use yew::prelude::*;

use crate::app::canvas::anchor::node_anchor;
use crate::app::canvas::traffic::{Flight, FlightFeed};
use crate::app::components::drawer::input_tab::dropped_file;
use crate::app::components::stage::action::StageAction;
use crate::app::components::stage::class_filter::ClassSet;
use crate::app::components::stage::density::{Density, use_density};
use crate::app::components::stage::stage::Stage;
use crate::app::i18n::{Text, use_text};
use crate::app::state::action::UiAction;
use crate::app::state::commands;
use crate::app::state::page::{Page, use_page};
use crate::app::state::ui::{AddWhat, Dialog, Tab};
use crate::engine::common::{NodeId, TopicPartition};
use crate::view::in_flight::envelopes;
use crate::view::scene::Scene;

/// At this many virtual seconds a second, single messages cannot be followed.
const FAST: u64 = 10;

#[component]
pub fn StageHost() -> Html {
    let (page, text) = (use_page(), use_text());
    let density = use_density(page.ui.presenter);
    let feed = use_feed(&page);
    // A queue by itself has the whole stage.
    let is_pair = page.scene.queue.is_some() && !page.scene.brokers.is_empty();
    let body = if is_pair && density != Density::Phone {
        let (queue, topic) = halves(&page);
        let of_topic = Density::of_half(&topic);
        html! {
            <div class="stage-pair">
                { half(&text, "ui-half-queue", html! { <StageOfPage scene={queue} feed={feed.clone()} density={Density::Half} /> }) }
                { half(&text, "ui-half-topic", html! { <StageOfPage scene={topic} {feed} density={of_topic} /> }) }
            </div>
        }
    } else {
        html! { <StageOfPage scene={page.scene.clone()} {feed} {density} /> }
    };
    html! {
        <div class="stage-host" ondragover={Callback::from(|event: DragEvent| event.prevent_default())}
            ondrop={on_drop(&page)}>{ body }</div>
    }
}

/// What is in flight in this page's world, asked for as long as the reader's clock runs.
#[hook]
pub fn use_feed(page: &Page) -> FlightFeed {
    let topic = {
        let model = page.model();
        let world = model.session().world();
        page.scene.topic.as_ref().and_then(|topic| world.image().topic_id(&topic.name))
    };
    let (model, driver) = (page.shared_model(), page.driver());
    let feed = use_memo((topic, page.run()), move |_| {
        FlightFeed::new(move || {
            let (model, driver) = (model.borrow(), driver.borrow());
            let world = model.session().world();
            let speed = driver.playback().speed();
            Flight {
                at: world.now(),
                revision: world.step_count().0,
                running: driver.wants_frames(),
                fast: driver.playback().is_playing() && speed.virtual_part >= FAST * speed.wall_part,
                envelopes: envelopes(world, model.keys(), topic, world.now()),
            }
        })
    });
    (*feed).clone()
}

/// One side with its name, and what it stands for in a sentence.
fn half(text: &Text, key: &str, stage: Html) -> Html {
    html! {
        <section class="stage-half">
            <header class="stage-half__head"><h2>{ text.get(key) }</h2><p>{ text.get(&format!("{key}-says")) }</p></header>
            { stage }
        </section>
    }
}

#[derive(Properties, PartialEq)]
pub struct StageOfPageProps {
    pub scene: Rc<Scene>,
    pub feed: FlightFeed,
    pub density: Density,
}

/// A stage whose gestures are actions of the page around it.
#[component]
pub fn StageOfPage(props: &StageOfPageProps) -> Html {
    let page = use_page();
    let (ui, density) = (&page.ui, props.density);
    let send = page.sender();
    let on_action = {
        let page = page.clone();
        Callback::from(move |action: StageAction| page.send(of_stage(&page, action)))
    };
    html! {
        <Stage scene={props.scene.clone()} revision={page.revision()} feed={props.feed.clone()} subject={ui.subject} {density} depth={ui.depth}
            motion={page.moves()} selected={ui.selected.clone()} pointed={ui.pointed.clone()} classes={ui.classes}
            look={format!("{}{}", ui.theme.name(), ui.presenter)}
            on_select={send.reform(UiAction::Select)}
            on_open={send.reform(|partition: TopicPartition| UiAction::OpenPartition(partition))}
            {on_action}
            on_classes={send.reform(|classes: ClassSet| UiAction::Classes(classes))} />
    }
}

/// What a gesture in the figure asks for.
fn of_stage(page: &Page, action: StageAction) -> UiAction {
    let command = commands::of_stage(page.model().session().world(), action);
    match (command, action) {
        (Some(command), _) => UiAction::Run(command),
        (None, StageAction::OpenBreakMenu) => {
            UiAction::Open(Dialog::Break(commands::node_of(page.ui.selected.as_ref())))
        }
        (None, StageAction::AddGroup) => UiAction::Open(Dialog::Add(AddWhat::Consumer)),
        (None, StageAction::AddQueueApplication) => UiAction::Open(Dialog::Add(AddWhat::QueueWorker)),
        (None, StageAction::Fit) => UiAction::Fit,
        (None, StageAction::Zoom(depth)) => UiAction::Zoom(depth),
        (None, _) => UiAction::Open(Dialog::Add(AddWhat::Producer)),
    }
}

/// The queue with its programs, and the topic with its own.
fn halves(page: &Page) -> (Rc<Scene>, Rc<Scene>) {
    let of_queue: Vec<NodeId> = {
        let model = page.model();
        model.session().world().queue_producers().map(|(node, _)| node).collect()
    };
    let mut queue = (*page.scene).clone();
    let mut topic = (*page.scene).clone();
    queue.producers.retain(|producer| of_queue.contains(&producer.node));
    (queue.topic, queue.controllers) = (None, None);
    queue.brokers.clear();
    queue.groups.clear();
    queue.tray = Default::default();
    topic.producers.retain(|producer| !of_queue.contains(&producer.node));
    topic.queue = None;
    topic.queue_apps.clear();
    (Rc::new(queue), Rc::new(topic))
}

/// A file dropped on the figure is for the producer under it, else for the first.
fn on_drop(page: &Page) -> Callback<DragEvent> {
    let page = page.clone();
    Callback::from(move |event: DragEvent| {
        let Some(file) = dropped_file(&event) else { return };
        let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        let anchor = target.and_then(|target| target.closest("[data-anchor]").ok().flatten());
        let anchor = anchor.and_then(|anchor| anchor.get_attribute("data-anchor"));
        let producer = page.scene.producers.iter().find(|card| anchor.as_deref() == Some(&node_anchor(card.node)));
        page.leave(file, producer.map(|card| card.name.clone()));
        if page.ui.drawer != Some(Tab::Input) {
            page.send(UiAction::Drawer(Tab::Input));
        }
    })
}
