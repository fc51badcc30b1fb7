//! Forms that add a producer, a consumer, a topic or a queue worker; each ends in one line of the console.

use std::collections::BTreeMap;

use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::frame::Frame;
use crate::app::components::stage::icon::Icon;
use crate::app::i18n::{Text, use_text};
use crate::app::state::action::UiAction;
use crate::app::state::page::{Page, use_page};
use crate::app::state::ui::{AddWhat, Dialog};
use crate::console::{self, Entry};

#[derive(Properties, PartialEq)]
pub struct AddDialogProps {
    pub what: AddWhat,
}

/// A field of a form, by its name in the form.
struct Field {
    name: &'static str,
    label: &'static str,
    default: String,
    choices: &'static [&'static str],
}

#[component]
pub fn AddDialog(props: &AddDialogProps) -> Html {
    let (page, text) = (use_page(), use_text());
    let what = props.what;
    let fields = fields(&page, what);
    let typed = use_state_eq(BTreeMap::<(u8, &'static str), String>::new);
    let value = |field: &Field| typed.get(&(what as u8, field.name)).cloned().unwrap_or_else(|| field.default.clone());
    let values: BTreeMap<&str, String> = fields.iter().map(|field| (field.name, value(field))).collect();
    let line = line(what, &values);
    // What is wrong is told as it is typed, by the very parser and world that would refuse it.
    let problem = problem(&page, &line);
    let on_value = {
        let typed = typed.clone();
        Callback::from(move |(name, value): (&'static str, String)| {
            let mut next = (*typed).clone();
            next.insert((what as u8, name), value);
            typed.set(next);
        })
    };
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
    html! {
        <Frame title={text.get(title(what))}>
            { kinds(&page, &text, what) }
            <form class="form" {onsubmit}>
                { for fields.iter().enumerate().map(|(index, field)| {
                    field_html(&text, field, value(field), index == 0, &on_value)
                }) }
                <p class="form__line"><code>{ &line }</code></p>
                <p class="form__problem" role="status">
                    if let Some(problem) = &problem { { Icon::Warn.html() }{ problem } }
                </p>
                <p class="dialog__buttons">
                    <button type="submit" class="button button--primary" aria-disabled={problem.is_some().to_string()}>
                        { text.get("ui-add-do") }
                    </button>
                    <button type="button" class="button button--quiet" onclick={page.on_click(UiAction::Escape)}>
                        { text.get("ui-cancel") }
                    </button>
                </p>
            </form>
        </Frame>
    }
}

fn title(what: AddWhat) -> &'static str {
    match what {
        AddWhat::Producer => "ui-add-producer",
        AddWhat::Consumer => "ui-add-consumer",
        AddWhat::Topic => "ui-add-topic",
        AddWhat::QueueWorker => "ui-add-worker",
    }
}

fn kinds(page: &Page, text: &Text, what: AddWhat) -> Html {
    let has_queue = page.scene.queue.is_some();
    let kind = |(kind, icon): (AddWhat, Icon)| {
        html! {
            <button type="button" aria-pressed={(kind == what).to_string()}
                onclick={page.on_click(UiAction::Open(Dialog::Add(kind)))}>{ icon.html() }{ text.get(title(kind)) }</button>
        }
    };
    let all = [
        (AddWhat::Producer, Icon::Produce),
        (AddWhat::Consumer, Icon::Heads),
        (AddWhat::Topic, Icon::List),
        (AddWhat::QueueWorker, Icon::Person),
    ];
    html! {
        <div class="segments segments--wide" role="group" aria-label={text.get("ui-add")}>
            { for all.into_iter().filter(|(kind, _)| *kind != AddWhat::QueueWorker || has_queue).map(kind) }
        </div>
    }
}

fn fields(page: &Page, what: AddWhat) -> Vec<Field> {
    let field = |name, label, default: &str| Field { name, label, default: default.to_owned(), choices: &[] };
    let topic = page.scene.topic.as_ref().map_or("orders", |topic| topic.name.as_str()).to_owned();
    let number = |prefix: &str, taken: usize| format!("{prefix}-{}", taken + 1);
    match what {
        AddWhat::Producer => vec![
            field("name", "ui-field-name", &number("producer", page.scene.producers.len())),
            field("topic", "ui-field-topic", &topic),
            Field { choices: &["all", "1", "0"], ..field("acks", "ui-field-acks", "all") },
            field("every", "ui-field-every", "400ms"),
            field("keys", "ui-field-keys", "alice,bob,carol"),
        ],
        AddWhat::Consumer => {
            let group = page.scene.groups.first().map_or("billing", |group| group.badge.group.as_str());
            let taken = page.scene.groups.iter().map(|group| group.members.len()).sum::<usize>();
            vec![
                field("name", "ui-field-name", &number("consumer", taken)),
                field("group", "ui-field-group", group),
                field("topic", "ui-field-topic", &topic),
                Field { choices: &["earliest", "latest", "none"], ..field("reset", "ui-field-reset", "earliest") },
                field("processing", "ui-field-processing", "40ms"),
                Field {
                    choices: &["auto", "after-each", "after-poll", "before-processing", "never"],
                    ..field("commit", "ui-field-commit", "auto")
                },
            ]
        }
        AddWhat::Topic => vec![
            field("name", "ui-field-name", "payments"),
            field("partitions", "ui-field-partitions", "3"),
            field("factor", "ui-field-factor", "3"),
            field("min", "ui-field-min-isr", "2"),
        ],
        AddWhat::QueueWorker => vec![
            field("name", "ui-field-name", "worker-1"),
            field("application", "ui-field-application", "packing"),
            field("processing", "ui-field-processing", "400ms"),
            field("prefetch", "ui-field-prefetch", "1"),
        ],
    }
}

/// The line that the form comes to. What was typed is quoted as in a shell.
fn line(what: AddWhat, values: &BTreeMap<&str, String>) -> String {
    let of = |name: &str| {
        let value = values.get(name).map_or("", |value| value.trim());
        shlex::try_quote(value).map_or_else(|_| String::new(), |quoted| quoted.into_owned())
    };
    let has = |name: &str| values.get(name).is_some_and(|value| !value.trim().is_empty());
    let mut line = match what {
        AddWhat::Producer => format!(
            "kafka-console-producer --topic {} --producer-property client.id={} --producer-property acks={}",
            of("topic"),
            of("name"),
            of("acks")
        ),
        AddWhat::Consumer => format!(
            "kafka-console-consumer --topic {} --group {} --consumer-property client.id={} --consumer-property \
             auto.offset.reset={}",
            of("topic"),
            of("group"),
            of("name"),
            of("reset")
        ),
        AddWhat::Topic => format!(
            "kafka-topics --create --topic {} --partitions {} --replication-factor {}",
            of("name"),
            of("partitions"),
            of("factor")
        ),
        AddWhat::QueueWorker => format!(
            "queue-worker {} --application {} --processing {} --prefetch {}",
            of("name"),
            of("application"),
            of("processing"),
            of("prefetch")
        ),
    };
    let mut more = |name: &str, flag: &str| {
        if has(name) {
            line.push_str(&format!(" --{flag} {}", of(name)));
        }
    };
    match what {
        AddWhat::Producer => {
            more("every", "every");
            if has("every") {
                more("keys", "keys");
            }
        }
        AddWhat::Consumer => {
            more("processing", "processing");
            if values.get("commit").is_some_and(|commit| commit != "auto") {
                more("commit", "commit");
            }
        }
        AddWhat::Topic if has("min") => line.push_str(&format!(" --config min.insync.replicas={}", of("min"))),
        AddWhat::Topic | AddWhat::QueueWorker => {}
    }
    line
}

fn problem(page: &Page, line: &str) -> Option<String> {
    match console::parse(line) {
        Ok(Entry::Act(commands)) => commands.iter().find_map(|command| page.refusal(command)),
        Ok(_) => None,
        Err(problem) => Some(problem.to_string()),
    }
}

fn field_html(
    text: &Text,
    field: &Field,
    value: String,
    first: bool,
    on_value: &Callback<(&'static str, String)>,
) -> Html {
    let name = field.name;
    let oninput = on_value.reform(move |event: InputEvent| (name, value_of(&event)));
    let control = if field.choices.is_empty() {
        html! {
            <input type="text" {name} {value} autocomplete="off" spellcheck="false" data-autofocus={first.then_some("")} {oninput} />
        }
    } else {
        html! {
            <select {name} {oninput}>
                { for field.choices.iter().map(|choice| html! {
                    <option selected={*choice == value} value={*choice}>{ *choice }</option>
                }) }
            </select>
        }
    };
    html! { <label key={name}><span>{ text.get(field.label) }</span>{ control }</label> }
}

fn value_of(event: &InputEvent) -> String {
    let Some(target) = event.target() else { return String::new() };
    match target.dyn_into::<HtmlInputElement>() {
        Ok(input) => input.value(),
        Err(target) => target.dyn_into::<web_sys::HtmlSelectElement>().map(|select| select.value()).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_comes_to_a_line_that_the_console_accepts() {
        let values: BTreeMap<&str, String> = [
            ("name", "audit-1"),
            ("topic", "orders"),
            ("acks", "all"),
            ("every", "400ms"),
            ("keys", "alice,bob"),
            ("group", "audit team"),
            ("reset", "earliest"),
            ("processing", "40ms"),
            ("commit", "after-each"),
            ("partitions", "3"),
            ("factor", "2"),
            ("min", "1"),
            ("application", "packing"),
            ("prefetch", "1"),
        ]
        .map(|(name, value)| (name, value.to_owned()))
        .into();
        for what in [AddWhat::Producer, AddWhat::Consumer, AddWhat::Topic, AddWhat::QueueWorker] {
            let line = line(what, &values);
            assert!(matches!(console::parse(&line), Ok(Entry::Act(commands)) if commands.len() == 1), "{line}");
        }
    }
}
