//! A cluster to start from: a template, the Kafka it runs, who keeps its memory, and how large it is to be.

use wasm_bindgen::JsCast;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use super::cluster_form::{ClusterForm, Memory};
use super::frame::Frame;
use crate::app::components::stage::icon::Icon;
use crate::app::i18n::{Text, use_text};
use crate::app::state::action::UiAction;
use crate::app::state::lesson::language;
use crate::app::state::page::use_page;
use crate::app::state::sandbox::templates;
use crate::engine::config::KafkaVersion;

type Form = UseStateHandle<ClusterForm>;

#[component]
pub fn NewCluster() -> Html {
    let (page, text) = (use_page(), use_text());
    let language = language(page.ui.lang);
    let form = use_state_eq(|| ClusterForm::of(&page.ui.template));
    let setup = form.setup();
    let onsubmit = {
        let (page, form) = (page.clone(), form.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if let Ok(setup) = form.setup() {
                page.send(UiAction::Stand(form.template.clone(), Box::new(setup)));
            }
        })
    };
    let choices = templates().iter().map(|one| {
        let chosen = one.id == form.template;
        let choose = {
            let (form, id) = (form.clone(), one.id.clone());
            Callback::from(move |_: MouseEvent| form.set(ClusterForm::of(&id)))
        };
        html! {
            <li key={one.id.clone()}>
                <button type="button" class="lesson-row" aria-pressed={chosen.to_string()} data-template={one.id.clone()}
                    data-autofocus={chosen.then_some("")} onclick={choose}>
                    <b>{ one.title.get(language) }</b>
                    <span>{ one.about.get(language) }</span>
                    <small>{ text.get_with("ui-new-size", &[("brokers", one.setup.brokers.len().into())]) }</small>
                </button>
            </li>
        }
    });
    html! {
        <Frame title={text.get("ui-new-title")} wide=true>
            <ul class="templates">{ for choices }</ul>
            <form class="form form--row" {onsubmit}>
                { version(&text, &form) }
                { memory(&text, &form) }
                { size(&text, &form) }
                <p class="form__hint">{ text.get(version_key(form.version)) }</p>
                { field(&text, &form, "ui-new-brokers", |form| &mut form.brokers) }
                { field(&text, &form, "ui-new-racks", |form| &mut form.racks) }
                { field(&text, &form, "ui-new-latency", |form| &mut form.latency_ms) }
                { field(&text, &form, "ui-new-seed", |form| &mut form.seed) }
                <p class="form__problem" role="status">
                    if let Err(key) = &setup { { Icon::Warn.html() }{ text.get(key) } }
                </p>
                <p class="dialog__buttons">
                    <button type="submit" class="button button--primary" data-stand="" aria-disabled={setup.is_err().to_string()}>
                        { text.get("ui-new-do") }
                    </button>
                    <button type="button" class="button button--quiet" onclick={page.on_click(UiAction::Escape)}>
                        { text.get("ui-cancel") }
                    </button>
                    <small class="dialog__note">{ text.get("ui-new-note") }</small>
                </p>
            </form>
        </Frame>
    }
}

/// What sets one of this family apart, in a sentence.
fn version_key(version: KafkaVersion) -> &'static str {
    match version {
        KafkaVersion::V0_8 => "ui-version-0-8",
        KafkaVersion::V0_9 => "ui-version-0-9",
        KafkaVersion::V2_3 => "ui-version-2-3",
        KafkaVersion::V2_8 => "ui-version-2-8",
        KafkaVersion::V3_9 => "ui-version-3-9",
        KafkaVersion::V4_3 => "ui-version-4-3",
    }
}

fn version(text: &Text, form: &Form) -> Html {
    let onchange = {
        let form = form.clone();
        Callback::from(move |event: Event| {
            let chosen = event.target_dyn_into::<HtmlSelectElement>().map(|select| select.value());
            if let Some(version) = chosen.and_then(|name| KafkaVersion::named(&name)) {
                form.set(form.with_version(version));
            }
        })
    };
    html! {
        <label>
            <span>{ text.get("ui-new-version") }</span>
            <select name="version" {onchange}>
                { for KafkaVersion::ALL.iter().rev().map(|version| html! {
                    <option key={version.name()} value={version.name()} selected={*version == form.version}>
                        { format!("Kafka {version}") }
                    </option>
                }) }
            </select>
        </label>
    }
}

/// Controllers or ZooKeeper. A choice that this version has not brings the nearest version that has it.
fn memory(text: &Text, form: &Form) -> Html {
    let of = |name: &'static str, memory: Memory| {
        let chosen = form.memory.is_zookeeper() == memory.is_zookeeper();
        choice(name, name.into(), chosen, form, form.with_memory(memory))
    };
    group(
        text.get("ui-new-memory"),
        [of("KRaft", form.memory.in_kraft()), of("ZooKeeper", form.memory.in_zookeeper())].into_iter().collect(),
    )
}

fn size(text: &Text, form: &Form) -> Html {
    let title = if form.memory.is_zookeeper() { "ui-new-servers" } else { "ui-new-controllers" };
    let buttons = form.memory.sizes().iter().map(|&memory| {
        let count = memory.count().to_string();
        choice(&count, count.clone(), memory == form.memory, form, form.with_memory(memory))
    });
    group(text.get(title), buttons.collect())
}

fn group(title: AttrValue, buttons: Html) -> Html {
    html! {
        <div class="form__group" role="group" aria-label={title.clone()}>
            <span aria-hidden="true">{ title }</span>
            <span class="segments segments--wide">{ buttons }</span>
        </div>
    }
}

fn choice(name: &str, label: String, chosen: bool, form: &Form, next: ClusterForm) -> Html {
    let form = form.clone();
    let onclick = Callback::from(move |_: MouseEvent| form.set(next.clone()));
    html! {
        <button key={name.to_owned()} type="button" aria-pressed={chosen.to_string()} data-choice-of={name.to_owned()} {onclick}>
            { label }
        </button>
    }
}

fn field(text: &Text, form: &Form, label: &'static str, part: fn(&mut ClusterForm) -> &mut String) -> Html {
    let value = part(&mut (**form).clone()).clone();
    let oninput = {
        let form = form.clone();
        Callback::from(move |event: InputEvent| {
            let input = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
            let mut next = (*form).clone();
            *part(&mut next) = input.map(|input| input.value()).unwrap_or_default();
            form.set(next);
        })
    };
    html! {
        <label>
            <span>{ text.get(label) }</span>
            <input type="text" inputmode="numeric" name={label} {value} autocomplete="off" {oninput} />
        </label>
    }
}
