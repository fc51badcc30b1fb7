//! Hands the stage what it draws and turns what is done in it into actions.

use yew::prelude::*;

use crate::app::canvas::traffic::{Flight, FlightFeed};
use crate::app::components::stage::action::StageAction;
use crate::app::components::stage::class_filter::ClassSet;
use crate::app::components::stage::density::use_density;
use crate::app::components::stage::stage::Stage;
use crate::app::selection::Selection;
use crate::app::state::action::UiAction;
use crate::app::state::commands;
use crate::app::state::page::use_page;
use crate::app::state::ui::{AddWhat, Dialog};
use crate::engine::common::{NodeId, TopicPartition};
use crate::view::in_flight::envelopes;

/// At this many virtual seconds a second, single messages cannot be followed.
const FAST: u64 = 10;

#[component]
pub fn StageHost() -> Html {
    let page = use_page();
    let ui = page.ui.clone();
    let density = use_density(ui.presenter);
    let topic = {
        let model = page.model();
        let world = model.session().world();
        page.scene.topic.as_ref().and_then(|topic| world.image().topic_id(&topic.name))
    };
    let feed = {
        let model = page.shared_model();
        use_memo((topic, page.run()), move |_| {
            FlightFeed::new(move || {
                let model = model.borrow();
                let world = model.session().world();
                let speed = model.playback().speed();
                Flight {
                    at: world.now(),
                    revision: world.step_count().0,
                    running: model.wants_frames(),
                    fast: model.playback().is_playing() && speed.virtual_part >= FAST * speed.wall_part,
                    envelopes: envelopes(world, model.keys(), topic, world.now()),
                }
            })
        })
    };
    let send = page.sender();
    let on_action = {
        let page = page.clone();
        Callback::from(move |action: StageAction| {
            let command = commands::of_stage(page.model().session().world(), action);
            let next = match (command, action) {
                (Some(command), _) => UiAction::Run(command),
                (None, StageAction::OpenBreakMenu) => UiAction::Open(Dialog::Break(selected_node(&page.ui.selected))),
                (None, StageAction::AddGroup) => UiAction::Open(Dialog::Add(AddWhat::Consumer)),
                (None, StageAction::AddQueueApplication) => UiAction::Open(Dialog::Add(AddWhat::QueueWorker)),
                (None, StageAction::Fit) => UiAction::Deselect,
                (None, _) => UiAction::Open(Dialog::Add(AddWhat::Producer)),
            };
            page.send(next);
        })
    };
    html! {
        <Stage scene={page.scene.clone()} revision={page.revision()} feed={(*feed).clone()} subject={ui.subject}
            {density} motion={page.moves()} selected={ui.selected.clone()} pointed={ui.pointed.clone()}
            classes={ui.classes} look={format!("{}{}", ui.theme.name(), ui.presenter)}
            on_select={send.reform(UiAction::Select)}
            on_open={send.reform(|partition: TopicPartition| UiAction::OpenPartition(partition))}
            {on_action}
            on_classes={send.reform(|classes: ClassSet| UiAction::Classes(classes))} />
    }
}

fn selected_node(selected: &Option<Selection>) -> Option<NodeId> {
    match selected {
        Some(Selection::Node(node) | Selection::Replica(node, _) | Selection::Record(node, ..)) => Some(*node),
        Some(Selection::Member(node)) => Some(*node),
        _ => None,
    }
}
