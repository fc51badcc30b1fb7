//! Run until something holds: a condition in the words of the console, with some that fit this cluster to begin with.

use yew::prelude::*;

use super::frame::Frame;
use crate::app::components::stage::icon::Icon;
use crate::app::i18n::use_text;
use crate::app::state::action::UiAction;
use crate::app::state::page::{Page, use_page};
use crate::console::query::FUNCTIONS;
use crate::console::{self, Entry};
use crate::engine::world::World;

/// How long the clock may run, in virtual time, before it gives up.
const WITHIN: [&str; 4] = ["10s", "60s", "10m", "1h"];

#[component]
pub fn Until() -> Html {
    let (page, text) = (use_page(), use_text());
    let examples = examples(page.model().session().world(), &page);
    let condition = use_state_eq(|| examples.first().map_or(String::new(), |(_, condition)| condition.clone()));
    let within = use_state_eq(|| WITHIN[1]);
    let line = format!("await {} within {}", condition.trim(), *within);
    let problem = problem(&page, &line, &text.get("ui-until-holds"));
    let onsubmit = {
        let (page, line, refused) = (page.clone(), line.clone(), problem.is_some());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if !refused {
                page.send(UiAction::Escape);
                page.send(UiAction::Console(line.clone()));
            }
        })
    };
    let oninput = {
        let condition = condition.clone();
        Callback::from(move |event: InputEvent| {
            condition.set(event.target_unchecked_into::<web_sys::HtmlInputElement>().value());
        })
    };
    let onchange = {
        let within = within.clone();
        Callback::from(move |event: Event| {
            let chosen = event.target_unchecked_into::<web_sys::HtmlSelectElement>().selected_index();
            within.set(usize::try_from(chosen).ok().and_then(|index| WITHIN.get(index)).copied().unwrap_or(WITHIN[1]));
        })
    };
    let example = |(key, example): &(&'static str, String)| {
        let (condition, example) = (condition.clone(), example.clone());
        html! {
            <li key={*key}>
                <button type="button" class="lesson-row" aria-pressed={(*condition == example).to_string()} data-until={*key}
                    onclick={{ let example = example.clone(); Callback::from(move |_: MouseEvent| condition.set(example.clone())) }}>
                    <b>{ text.get(key) }</b><small><code>{ example }</code></small>
                </button>
            </li>
        }
    };
    html! {
        <Frame title={text.get("ui-until")} wide=true>
            <ul class="templates">{ for examples.iter().map(example) }</ul>
            <form class="form" {onsubmit}>
                <label>{ text.get("ui-until-condition") }
                    <input type="text" name="condition" value={(*condition).clone()} autocomplete="off" spellcheck="false"
                        autocapitalize="off" data-autofocus="" {oninput} />
                </label>
                <label>{ text.get("ui-until-within") }
                    <select name="within" {onchange}>
                        { for WITHIN.iter().map(|span| html! { <option selected={span == &*within}>{ *span }</option> }) }
                    </select>
                </label>
                <p class="form__line"><code>{ &line }</code></p>
                <p class="form__problem" role="status">
                    if let Some(problem) = &problem { { Icon::Warn.html() }<span>{ problem }</span> }
                </p>
                <p class="dialog__buttons">
                    <button type="submit" class="button button--primary" aria-disabled={problem.is_some().to_string()}>
                        { text.get("ui-until-do") }
                    </button>
                    <button type="button" class="button button--quiet" onclick={page.on_click(UiAction::Escape)}>
                        { text.get("ui-cancel") }
                    </button>
                </p>
            </form>
            <details class="until__words">
                <summary>{ text.get("ui-until-words") }</summary>
                <dl>{ for FUNCTIONS.iter().map(|function| html! {
                    <div key={function.name}><dt><code>{ function.form }</code></dt><dd>{ function.answers }</dd></div>
                }) }</dl>
            </details>
        </Frame>
    }
}

/// Conditions that do not hold yet, of what is in view.
fn examples(world: &World, page: &Page) -> Vec<(&'static str, String)> {
    let mut examples = Vec::new();
    if let Some(topic) = &page.scene.topic {
        let name = &topic.name;
        let led = page.ui.subject.and_then(|id| Some((id, world.image().partition(id)?.leader?)));
        if let Some((id, leader)) = led {
            examples.push(("ui-until-leader", format!("leader({name}-{}) != {leader}", id.partition)));
        }
        examples.push(("ui-until-behind", format!("under_replicated({name}) > 0")));
        examples.push(("ui-until-stored", format!("stored({name}) >= 100")));
    }
    if let Some(group) = page.scene.groups.first() {
        let name = &group.badge.group;
        examples.push(("ui-until-rebalance", format!("state({name}) != Stable")));
        examples.push(("ui-until-lag", format!("lag({name}) > 20")));
    }
    examples
}

/// What is wrong with the line, or that there is nothing to wait for.
fn problem(page: &Page, line: &str, holds: &str) -> Option<String> {
    match console::parse(line) {
        Ok(Entry::Await { condition, .. }) => match condition.holds(page.model().scope()) {
            Ok(true) => Some(holds.to_owned()),
            Ok(false) => None,
            Err(problem) => Some(problem.to_string()),
        },
        Ok(_) => None,
        Err(problem) => Some(problem.to_string()),
    }
}
