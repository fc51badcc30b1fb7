//! A `server.properties` to write or to drop here: keys complete themselves, every line is held against Kafka's rules as
//! it is typed, the key under the caret is explained beside it, and the text is applied to brokers that run.

use gloo::file::File;
use gloo::file::callbacks::{FileReader, read_as_text};
use wasm_bindgen::JsCast;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use super::properties_aside::{KeyDoc, remarks};
use super::properties_editor::{Mark, PropertiesEditor};
use super::properties_restart::RestartBar;
use crate::app::components::stage::icon::Icon;
use crate::app::i18n::{Text, use_text};
use crate::app::state::action::{Note, Tone, UiAction};
use crate::app::state::page::{Page, use_page};
use crate::app::state::ui::Dialog;
use crate::engine::command::Properties as Pairs;
use crate::engine::common::BrokerId;
use crate::engine::config::{ProblemKind, ServerProperties, read_server_properties};
use crate::view::properties::{IDENTITY, Place, differences, place, plan, text_of};

/// A larger file is no server.properties.
const MOST_BYTES: u64 = 1_048_576;

#[component]
pub fn PropertiesTab() -> Html {
    let (page, text) = (use_page(), use_text());
    let target = use_state_eq(|| None::<BrokerId>);
    // `None`: what the brokers have now.
    let draft = use_state_eq(|| None::<String>);
    let here = use_state_eq(|| place("", 0));
    let reading = use_mut_ref(|| None::<FileReader>);
    let version = page.model().session().setup().version;
    let shown = {
        let model = page.model();
        let world = model.session().world();
        let broker = (*target).or_else(|| world.brokers().next().map(|(id, _)| id));
        (*draft).clone().unwrap_or_else(|| broker.map(|id| text_of(world, id)).unwrap_or_default())
    };
    let read = read_server_properties(version, &shown);
    let onchange = {
        let draft = draft.setter();
        Callback::from(move |written: String| draft.set(Some(written)))
    };
    let onplace = {
        let here = here.setter();
        Callback::from(move |place: Place| here.set(place))
    };
    let open = {
        let (draft, send) = (draft.setter(), page.sender());
        Callback::from(move |file: File| {
            if file.size() > MOST_BYTES {
                let note = Note { tone: Tone::Refused, ..Note::key("ui-properties-too-large") };
                return send.emit(UiAction::Say(note));
            }
            let (draft, send) = (draft.clone(), send.clone());
            let reader = read_as_text(&file, move |result| match result {
                Ok(text) => draft.set(Some(text)),
                Err(error) => send.emit(UiAction::Say(Note::refused(error.to_string()))),
            });
            reading.replace(Some(reader));
        })
    };
    let onfile = {
        let open = open.clone();
        Callback::from(move |event: Event| {
            let input = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
            if let Some(file) = input.and_then(|input| input.files()).and_then(|files| files.get(0)) {
                open.emit(File::from(file));
            }
        })
    };
    let ondrop = Callback::from(move |event: DragEvent| {
        event.prevent_default();
        if let Some(file) = event.data_transfer().and_then(|data| data.files()).and_then(|files| files.get(0)) {
            open.emit(File::from(file));
        }
    });
    let ontarget = {
        let (target, draft) = (target.setter(), draft.setter());
        Callback::from(move |event: Event| {
            let select = event.target().and_then(|target| target.dyn_into::<HtmlSelectElement>().ok());
            target.set(select.and_then(|select| select.value().parse().ok()).map(BrokerId));
            draft.set(None);
        })
    };
    let reset = {
        let draft = draft.setter();
        Callback::from(move |_: MouseEvent| draft.set(None))
    };
    let marks = read.problems.iter().filter_map(|problem| {
        Some((problem.line?, if problem.kind.stops_kafka() { Mark::Refused } else { Mark::Told }))
    });
    html! {
        <div class="properties" ondragover={Callback::from(|event: DragEvent| event.prevent_default())} {ondrop}>
            <div class="properties__source">
                <p class="properties__bar">
                    <label for="properties-text">{ text.get("ui-properties-label") }</label>
                    { targets(&page, &text, *target, ontarget) }
                    <label class="tool tool--edge file-button">
                        { Icon::Tray.html() }{ text.get("ui-open-file") }
                        <input type="file" class="sr" accept=".properties,text/plain" onchange={onfile} />
                    </label>
                    if draft.is_some() {
                        <button type="button" class="tool tool--edge" onclick={reset.clone()}>{ Icon::Redo.html() }{ text.get("ui-properties-reset") }</button>
                    }
                </p>
                <PropertiesEditor value={shown.clone()} {version} marks={marks.collect::<Vec<_>>()} {onchange} {onplace} />
            </div>
            <div class="properties__result">
                { apply(&page, &text, *target, &read, draft.is_some()) }
                <RestartBar />
                <KeyDoc place={(*here).clone()} {version} />
                { remarks(&text, &read) }
                { changed(&text, &read) }
            </div>
        </div>
    }
}

fn targets(page: &Page, text: &Text, target: Option<BrokerId>, onchange: Callback<Event>) -> Html {
    let brokers: Vec<BrokerId> = page.model().session().world().brokers().map(|(id, _)| id).collect();
    html! {
        <select aria-label={text.get("ui-properties-target")} {onchange}>
            <option value="" selected={target.is_none()}>{ text.get("ui-properties-all") }</option>
            { for brokers.into_iter().map(|id| html! {
                <option key={id.0} value={id.to_string()} selected={target == Some(id)}>{ text.get_with("ui-properties-one", &[("id", id.0.into())]) }</option>
            }) }
        </select>
    }
}

/// What applying would change at once, what after a restart, and the buttons for it.
fn apply(page: &Page, text: &Text, target: Option<BrokerId>, read: &ServerProperties, is_draft: bool) -> Html {
    let plan = plan(page.model().session().world(), target, read);
    let refused =
        read.problems.iter().any(|problem| problem.kind.stops_kafka() && problem.kind != ProblemKind::Missing);
    let is_idle = plan.commands.is_empty() || refused;
    let mut setup = page.model().session().setup().clone();
    let taken = read.taken.iter().filter(|entry| !IDENTITY.contains(&entry.key.as_str()));
    setup.properties = taken.map(|entry| (entry.key.clone(), entry.value.trim().to_owned())).collect::<Pairs>();
    let names = |label: &str, icon: Icon, keys: &[&str]| {
        html! {
            if !keys.is_empty() {
                <li>{ icon.html() }<span>{ text.get(label) }</span>{ for keys.iter().map(|key| html! { <code key={*key}>{ *key }</code> }) }</li>
            }
        }
    };
    html! {
        <div class="properties__apply">
            <p>
                <button type="button" class="button button--primary" data-apply="" aria-disabled={is_idle.to_string()}
                    onclick={(!is_idle).then(|| page.on_click(UiAction::RunAll(plan.commands.clone())))}>
                    { Icon::Check.html() }{ text.get("ui-properties-apply") }
                </button>
                <button type="button" class="button button--edge" title={text.get("ui-properties-restart-title")}
                    aria-disabled={refused.to_string()}
                    onclick={(!refused).then(|| page.on_click(UiAction::Open(Dialog::ConfirmRestart(Box::new(setup)))))}>
                    { text.get("ui-properties-restart") }
                </button>
            </p>
            if refused {
                <p class="properties__note">{ text.get("ui-properties-refused") }</p>
            } else if plan.commands.is_empty() {
                <p class="properties__note">{ text.get(if is_draft { "ui-properties-same" } else { "ui-properties-hint" }) }</p>
            } else {
                <ul class="properties__plan">
                    { names("ui-properties-at-once", Icon::Bolt, &plan.at_once) }
                    { names("ui-properties-at-restart", Icon::Wait, &plan.after_restart) }
                </ul>
            }
        </div>
    }
}

/// What is not as Kafka comes.
fn changed(text: &Text, read: &ServerProperties) -> Html {
    let changed = differences(&read.config);
    html! {
        if !changed.is_empty() {
            <table class="table properties__changed">
                <caption>{ text.get_with("ui-properties-changed", &[("count", changed.len().into())]) }</caption>
                <thead><tr><th>{ text.get("ui-properties-key") }</th><th>{ text.get("ui-properties-value") }</th><th>{ text.get("ui-properties-default") }</th></tr></thead>
                <tbody>{ for changed.iter().map(|one| html! {
                    <tr key={one.key}><th scope="row"><code>{ one.key }</code></th><td><code>{ &one.value }</code></td><td><code>{ &one.default }</code></td></tr>
                }) }</tbody>
            </table>
        }
    }
}
