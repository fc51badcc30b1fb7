//! What happened, as sentences, newest first: the figure's twin in text. Each is a link to its moment.

use yew::prelude::*;

use crate::app::components::stage::icon::Icon;
use crate::app::i18n::{Text, use_text};
use crate::app::state::action::UiAction;
use crate::app::state::narration;
use crate::app::state::page::{Page, use_page};
use crate::engine::trace::Record;
use crate::view::explain::{Lane, lane, sentence};

/// The list is bounded; the rest of the run is reached by moving the clock.
const LISTED: usize = 120;

/// Lanes with their class, icon and message.
pub const LANES: [(Lane, &str, Icon, &str); 7] = [
    (Lane::Produce, "class-produce", Icon::Produce, "stage-class-produce"),
    (Lane::Replicate, "class-replicate", Icon::Replicate, "stage-class-replicate"),
    (Lane::Fetch, "class-fetch", Icon::Fetch, "stage-class-fetch"),
    (Lane::Group, "class-group", Icon::Heads, "stage-class-group"),
    (Lane::Control, "class-control", Icon::Nut, "stage-class-control"),
    (Lane::Fault, "class-fault", Icon::Bolt, "ui-lane-fault"),
    (Lane::Noise, "class-liveness", Icon::Pulse, "ui-lane-noise"),
];

#[component]
pub fn EventsTab() -> Html {
    let (page, text) = (use_page(), use_text());
    let lanes = page.ui.lanes;
    let step = page.model().session().world().step_count();
    let rows: Vec<Row> = {
        let model = page.model();
        let session = model.session();
        let shown = session.past().iter().rev().filter(|record| lanes.has(lane(&record.fact)));
        shown.take(LISTED).map(|record| row(&text, session.world(), record)).collect()
    };
    html! {
        <div class="events">
            { filters(&page, &text) }
            if rows.is_empty() { <p class="inspector__hint">{ text.get("ui-no-events") }</p> }
            <ol class="events__list" aria-label={text.get("ui-tab-events")}>
                { for rows.iter().enumerate().map(|(index, row)| {
                    let here = row.step == step;
                    html! {
                        <li key={index} class={classes!(row.class, here.then_some("is-here"))}>
                            <button type="button" onclick={page.on_click(UiAction::SeekStep(row.step))}
                                aria-current={here.then_some("step")}>
                                <time>{ &row.at }</time>{ row.icon.html() }<b>{ &row.node }</b><span>{ &row.said }</span>
                            </button>
                        </li>
                    }
                }) }
            </ol>
        </div>
    }
}

struct Row {
    step: crate::engine::common::Step,
    at: String,
    node: String,
    said: String,
    class: &'static str,
    icon: Icon,
}

fn row(text: &Text, world: &crate::engine::world::World, record: &Record) -> Row {
    let of = lane(&record.fact);
    let (_, class, icon, _) = LANES.iter().find(|(lane, ..)| *lane == of).unwrap_or(&LANES[6]);
    Row {
        step: record.step,
        at: record.at.to_string(),
        node: record.node.map(|node| world.name_of(node)).unwrap_or_default(),
        said: narration::say(text, &sentence(world, record.node, &record.fact)),
        class,
        icon: *icon,
    }
}

fn filters(page: &Page, text: &Text) -> Html {
    html! {
        <div class="class-filter events__filter" role="group" aria-label={text.get("ui-events-shown")}>
            { for LANES.iter().map(|(lane, class, icon, key)| {
                let name = text.get(key);
                html! {
                    <button key={*key} type="button" class={classes!("class-filter__switch", *class)} title={name.clone()}
                        aria-label={name} aria-pressed={page.ui.lanes.has(*lane).to_string()}
                        onclick={page.on_click(UiAction::ToggleLane(*lane))}>{ icon.html() }</button>
                }
            }) }
        </div>
    }
}
