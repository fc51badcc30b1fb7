//! A `server.properties` of the reader's own: what of it the simulator takes, what it does not, line by line, and two
//! ways to apply it: a new run with these properties, or at once for what Kafka can change at run time.

use gloo::file::File;
use gloo::file::callbacks::{FileReader, read_as_text};
use wasm_bindgen::JsCast;
use web_sys::{HtmlInputElement, HtmlTextAreaElement};
use yew::prelude::*;

use crate::app::components::stage::icon::Icon;
use crate::app::i18n::{Text, use_text};
use crate::app::state::action::{Note, UiAction};
use crate::app::state::page::{Page, use_page};
use crate::app::state::ui::Dialog;
use crate::engine::command::{Command, Properties};
use crate::engine::config::{
    BrokerConfig, Entry, Problem, ProblemKind, ServerProperties, Update, read_server_properties,
};

/// Who a node is and where it keeps its data belongs to the figure, not to the file.
const IDENTITY: [&str; 6] =
    ["node.id", "broker.id", "process.roles", "log.dirs", "log.dir", "controller.quorum.bootstrap.servers"];

/// A larger file is no server.properties.
const MOST_BYTES: u64 = 1_048_576;

#[component]
pub fn PropertiesTab() -> Html {
    let (page, text) = (use_page(), use_text());
    let written = use_state_eq(String::new);
    let reading = use_mut_ref(|| None::<FileReader>);
    let read = read_server_properties(page.model().session().setup().version, &written);
    let oninput = {
        let written = written.setter();
        Callback::from(move |event: InputEvent| {
            if let Some(area) = event.target().and_then(|target| target.dyn_into::<HtmlTextAreaElement>().ok()) {
                written.set(area.value());
            }
        })
    };
    let open = {
        let (written, send) = (written.setter(), page.sender());
        Callback::from(move |file: File| {
            if file.size() > MOST_BYTES {
                send.emit(UiAction::Say(Note {
                    tone: crate::app::state::action::Tone::Refused,
                    ..Note::key("ui-properties-too-large")
                }));
                return;
            }
            let (written, send) = (written.clone(), send.clone());
            let reader = read_as_text(&file, move |result| match result {
                Ok(text) => written.set(text),
                Err(error) => send.emit(UiAction::Say(Note::refused(error.to_string()))),
            });
            reading.replace(Some(reader));
        })
    };
    let onchange = {
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
    let blank = written.trim().is_empty();
    html! {
        <div class="properties" ondragover={Callback::from(|event: DragEvent| event.prevent_default())} {ondrop}>
            <div class="properties__source">
                <label for="properties-text">{ text.get("ui-properties-label") }</label>
                <textarea id="properties-text" spellcheck="false" placeholder={text.get("ui-properties-placeholder")}
                    value={(*written).clone()} {oninput} />
                <label class="tool tool--edge file-button">
                    { Icon::Tray.html() }{ text.get("ui-open-file") }
                    <input type="file" class="sr" accept=".properties,text/plain" {onchange} />
                </label>
            </div>
            <div class="properties__result" aria-live="polite">
                if blank {
                    <p class="inspector__hint">{ text.get("ui-properties-hint") }</p>
                } else {
                    { result(&page, &text, &read) }
                }
            </div>
        </div>
    }
}

fn result(page: &Page, text: &Text, read: &ServerProperties) -> Html {
    let problems: Vec<&Problem> = read.problems.iter().filter(|problem| problem.kind != ProblemKind::Missing).collect();
    let counts = text
        .get_with("ui-properties-counts", &[("taken", read.taken.len().into()), ("problems", problems.len().into())]);
    let properties: Properties = taken(read).map(|entry| (entry.key.clone(), entry.value.trim().to_owned())).collect();
    let mut setup = page.model().session().setup().clone();
    setup.properties.clone_from(&properties);
    let nothing = properties.is_empty();
    html! {
        <>
            <p class="properties__apply">
                <b>{ counts }</b>
                <button type="button" class="button button--edge" aria-disabled={nothing.to_string()}
                    onclick={(!nothing).then(|| page.on_click(UiAction::Open(Dialog::ConfirmRestart(Box::new(setup)))))}>
                    { text.get("ui-properties-restart") }
                </button>
                <button type="button" class="button button--edge" aria-disabled={dynamic(read).next().is_none().to_string()}
                    title={text.get("ui-properties-now-title")}
                    onclick={page.on_click(UiAction::RunAll(alter(read)))}>
                    { text.get("ui-properties-now") }
                </button>
            </p>
            <ul class="properties__list">
                { for problems.iter().enumerate().map(|(index, problem)| html! { <li key={format!("p{index}")} class="properties__problem">{ line(problem.line) }<code>{ &problem.key }</code>
                    <span>{ Icon::Warn.html() }{ &problem.what }{ " " }<small>{ &problem.how_to_mend }</small></span></li> }) }
                { for read.taken.iter().enumerate().map(|(index, entry)| html! { <li key={format!("t{index}")}>{ line(entry.line) }<code>{ &entry.key }</code>
                    <span>{ Icon::Check.html() }{ standing(text, entry) }</span></li> }) }
            </ul>
        </>
    }
}

fn line(number: Option<u32>) -> Html {
    html! { <i>{ number.map(|number| number.to_string()).unwrap_or_default() }</i> }
}

/// "400, for a new run", "400, at once as well", "kept by the figure".
fn standing(text: &Text, entry: &Entry) -> AttrValue {
    let value = [("value", entry.value.trim().into())];
    if IDENTITY.contains(&entry.key.as_str()) {
        text.get_with("ui-properties-identity", &value)
    } else if is_dynamic(entry) {
        text.get_with("ui-properties-dynamic", &value)
    } else {
        text.get_with("ui-properties-static", &value)
    }
}

fn taken(read: &ServerProperties) -> impl Iterator<Item = &Entry> {
    read.taken.iter().filter(|entry| !IDENTITY.contains(&entry.key.as_str()))
}

fn dynamic(read: &ServerProperties) -> impl Iterator<Item = &Entry> {
    taken(read).filter(|entry| is_dynamic(entry))
}

fn is_dynamic(entry: &Entry) -> bool {
    BrokerConfig::key(&entry.key).is_some_and(|key| !matches!(key.update, Update::ReadOnly | Update::AtStart))
}

/// One command for each broker with everything that may change while it runs.
fn alter(read: &ServerProperties) -> Vec<Command> {
    let configs: Properties = dynamic(read).map(|entry| (entry.key.clone(), entry.value.trim().to_owned())).collect();
    if configs.is_empty() {
        return Vec::new();
    }
    vec![Command::AlterBrokerConfig { broker: None, configs, delete: Vec::new() }]
}
