//! The present run once more, with one thing changed: which thing, and to what.

use wasm_bindgen::JsCast;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use crate::app::components::stage::icon::Icon;
use crate::app::i18n::{Text, use_text};
use crate::app::state::action::UiAction;
use crate::app::state::knob::{Kind, Turn};
use crate::app::state::page::use_page;
use crate::engine::config::{Scope, keys};

#[component]
pub fn OneKnob() -> Html {
    let (page, text) = (use_page(), use_text());
    let turns = turns(page.own_model().session().programs().map(|(name, _)| name.to_owned()));
    let turn = use_state_eq(Turn::default);
    let written = use_state_eq(|| None::<String>);
    let now = written.as_ref().cloned().unwrap_or_else(|| turn.suggested(page.own_model().session()));
    let read = turn.read(&now, page.own_model().session());
    let onsubmit = {
        let (page, read) = (page.clone(), read.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if let Ok(turning) = &read {
                page.send(UiAction::CompareTurned(Box::new(turning.clone())));
            }
        })
    };
    let onchange = {
        let (turns, turn, written) = (turns.clone(), turn.clone(), written.clone());
        Callback::from(move |event: Event| {
            let chosen = event.target_dyn_into::<HtmlSelectElement>().map(|select| select.selected_index());
            let chosen = chosen.and_then(|index| turns.get(usize::try_from(index).ok()?).cloned());
            turn.set(chosen.unwrap_or_default());
            written.set(None);
        })
    };
    let oninput = {
        let written = written.clone();
        Callback::from(move |event: Event| {
            let target = event.target();
            let field =
                target.as_ref().and_then(|target| target.dyn_ref::<HtmlInputElement>()).map(HtmlInputElement::value);
            let list =
                target.as_ref().and_then(|target| target.dyn_ref::<HtmlSelectElement>()).map(HtmlSelectElement::value);
            written.set(field.or(list));
        })
    };
    html! {
        <form class="form form--knob" {onsubmit}>
            <label>
                <span>{ text.get("ui-knob-which") }</span>
                <select name="knob" {onchange}>
                    { for turns.iter().map(|one| html! {
                        <option selected={*one == *turn}>{ name(&text, one) }</option>
                    }) }
                </select>
            </label>
            <label>
                <span>{ text.get("ui-knob-value") }</span>
                { value(&turn, &now, &oninput) }
            </label>
            <p class="form__problem" role="status">
                if let Err(key) = &read { { Icon::Warn.html() }{ text.get(key) } }
            </p>
            <p class="dialog__buttons">
                <button type="submit" class="button button--primary" data-turn="" aria-disabled={read.is_err().to_string()}>
                    { text.get("ui-knob-do") }
                </button>
                <small class="dialog__note">{ text.get("ui-knob-note") }</small>
            </p>
        </form>
    }
}

fn turns(programs: impl Iterator<Item = String>) -> Vec<Turn> {
    let mut turns = vec![Turn::Seed, Turn::Kafka, Turn::Properties];
    for program in programs.map(Turn::Program) {
        if !turns.contains(&program) {
            turns.push(program);
        }
    }
    turns
}

fn name(text: &Text, turn: &Turn) -> AttrValue {
    match turn {
        Turn::Seed => text.get("ui-knob-seed"),
        Turn::Kafka => text.get("ui-knob-kafka"),
        Turn::Properties => text.get("ui-knob-properties"),
        Turn::Program(name) => text.get_with("ui-knob-program", &[("name", name.as_str().into())]),
    }
}

/// A list where there are few values, else a field, with the keys that there are offered.
fn value(turn: &Turn, now: &str, oninput: &Callback<Event>) -> Html {
    if *turn == Turn::Kafka {
        return html! {
            <select name="value" key="kinds" onchange={oninput.clone()}>
                { for Kind::all().map(|kind| html! { <option selected={kind.name() == now}>{ kind.name() }</option> }) }
            </select>
        };
    }
    let scopes: &[Scope] = match turn {
        Turn::Properties => &[Scope::Broker],
        Turn::Program(_) => &[Scope::Producer, Scope::Consumer],
        Turn::Seed | Turn::Kafka => &[],
    };
    let offered = scopes.iter().flat_map(|scope| keys(*scope)).filter(|key| key.honoured);
    let oninput = oninput.reform(|event: InputEvent| event.into());
    html! {
        <>
            <input type="text" key="field" name="value" list="knob-keys" value={now.to_owned()} autocomplete="off" spellcheck="false"
                autocapitalize="off" {oninput} />
            <datalist id="knob-keys">
                { for offered.map(|key| html! { <option value={format!("{}=", key.name)} /> }) }
            </datalist>
        </>
    }
}
