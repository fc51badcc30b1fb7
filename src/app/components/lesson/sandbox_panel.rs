//! Beside the stage in the sandbox: what there is, what can be added, what can be broken.

use yew::prelude::*;

use crate::app::components::stage::icon::Icon;
use crate::app::i18n::{Text, use_text};
use crate::app::selection::Selection;
use crate::app::state::action::UiAction;
use crate::app::state::compare::{Compared, comparison};
use crate::app::state::lesson::{catalog, language};
use crate::app::state::page::{Page, use_page};
use crate::app::state::sandbox::template;
use crate::app::state::ui::{AddWhat, Dialog, LeftRun, Tab};

#[component]
pub fn SandboxPanel() -> Html {
    let (page, text) = (use_page(), use_text());
    let scene = page.scene.clone();
    let topics: Vec<_> = {
        let model = page.model();
        let world = model.session().world();
        let own = world.image().topics().filter(|(_, topic)| !topic.name.starts_with("__"));
        own.map(|(id, topic)| (id, topic.name.to_string(), topic.partitions.len())).collect()
    };
    let shown = scene.topic.as_ref().map(|topic| topic.name.clone());
    html! {
        <div class="lesson">
            <div class="lesson__scroll">
                <div class="lesson__head">
                    <h1>{ template(&page.ui.template).title.get(language(page.ui.lang)) }</h1>
                    <p class="lesson__promise">{ template(&page.ui.template).about.get(language(page.ui.lang)) }</p>
                </div>
                <section class="stock">
                    <button type="button" class="stock__row" data-new-cluster="" onclick={page.on_click(UiAction::Open(Dialog::NewCluster))}>
                        { Icon::Plus.html() }<b>{ text.get("ui-new-title") }</b>
                    </button>
                    if let Some(left) = &page.ui.left {
                        <button type="button" class="stock__row" data-bring-back="" onclick={page.on_click(UiAction::BringBack)}>
                            { Icon::ChevronLeft.html() }<b>{ text.get_with("ui-bring-back", &[("run", left_name(&page, left).into())]) }</b>
                        </button>
                    }
                </section>
                <section class="stock">
                    <h2>{ text.get("ui-topics") }</h2>
                    <ul>
                        { for topics.iter().map(|(id, name, partitions)| {
                            let here = shown.as_ref() == Some(name);
                            html! {
                                <li key={name.clone()}>
                                    <button type="button" class="stock__row" aria-pressed={here.to_string()}
                                        onclick={page.on_click(UiAction::ShowTopic(*id))}>
                                        <b>{ name }</b><span>{ text.get_with("ui-partitions", &[("count", (*partitions).into())]) }</span>
                                    </button>
                                </li>
                            }
                        }) }
                    </ul>
                    { add(&page, &text, AddWhat::Topic, "ui-add-topic") }
                </section>
                <section class="stock">
                    <h2>{ text.get("ui-programs") }</h2>
                    <ul>
                        { for scene.producers.iter().map(|producer| html! {
                            <li key={producer.name.clone()}>
                                <button type="button" class="stock__row" onclick={page.on_click(UiAction::Select(Selection::Node(producer.node)))}>
                                    { Icon::Produce.html() }<b>{ &producer.name }</b>
                                    <span>{ text.get_with("ui-acked", &[("count", producer.acked.into())]) }</span>
                                </button>
                            </li>
                        }) }
                        { for scene.groups.iter().map(|group| html! {
                            <li key={format!("group {}", group.badge.group)}>
                                <button type="button" class="stock__row"
                                    onclick={page.on_click(UiAction::Select(Selection::Group(group.badge.group.clone())))}>
                                    { Icon::Heads.html() }<b>{ &group.badge.group }</b>
                                    <span>{ text.get_with("stage-lag", &[("count", group.lag.into())]) }</span>
                                </button>
                            </li>
                        }) }
                    </ul>
                    { add(&page, &text, AddWhat::Producer, "ui-add-producer") }
                    { add(&page, &text, AddWhat::Consumer, "ui-add-consumer") }
                </section>
                <section class="stock">
                    <h2>{ text.get("ui-try") }</h2>
                    <button type="button" class="stock__row" onclick={page.on_click(UiAction::Open(Dialog::Break(None)))}>
                        { Icon::Bolt.html() }<b>{ text.get("ui-break-something") }</b>
                    </button>
                    <button type="button" class="stock__row" onclick={page.on_click(UiAction::Drawer(Tab::Console))}>
                        { Icon::ChevronRight.html() }<b>{ text.get("ui-open-console") }</b>
                    </button>
                    <button type="button" class="stock__row" onclick={page.on_click(UiAction::Drawer(Tab::Input))}>
                        { Icon::Tray.html() }<b>{ text.get("ui-open-input") }</b>
                    </button>
                    <button type="button" class="stock__row" onclick={page.on_click(UiAction::Drawer(Tab::Properties))}>
                        { Icon::List.html() }<b>{ text.get("ui-open-properties") }</b>
                    </button>
                </section>
            </div>
        </div>
    }
}

/// What the run that was left is called.
fn left_name(page: &Page, left: &LeftRun) -> String {
    let language = language(page.ui.lang);
    match left {
        LeftRun::Lesson(id) => {
            catalog().lesson(id).map_or_else(|| id.clone(), |lesson| lesson.title.get(language).clone())
        }
        LeftRun::Sandbox(id) => template(id).title.get(language).clone(),
        LeftRun::Comparison(Compared::Ready(id)) => {
            comparison(id).map_or_else(|| id.clone(), |one| one.title.get(language).clone())
        }
        LeftRun::Comparison(Compared::Branches(names)) => names.join(" | "),
        LeftRun::Comparison(Compared::Turned { right, .. }) => right.clone(),
    }
}

fn add(page: &Page, text: &Text, what: AddWhat, key: &str) -> Html {
    html! {
        <button type="button" class="stock__add" onclick={page.on_click(UiAction::Open(Dialog::Add(what)))}>
            { Icon::Plus.html() }{ text.get(key) }
        </button>
    }
}
