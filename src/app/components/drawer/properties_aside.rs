//! Beside the editor: the key under the caret explained, and every remark with its line, its reason and how to mend it.

use yew::prelude::*;

use crate::app::components::stage::icon::Icon;
use crate::app::i18n::{Lang, Text, use_text};
use crate::engine::config::{BrokerConfig, KafkaVersion, Problem, ProblemKind, ServerProperties, Update};
use crate::view::properties::{Place, chinese, range};

#[derive(Properties, PartialEq)]
pub struct KeyDocProps {
    pub place: Place,
    pub version: KafkaVersion,
}

/// What the key does, what may be written, what it is by default, and when a change counts.
#[component]
pub fn KeyDoc(props: &KeyDocProps) -> Html {
    let text = use_text();
    let Some(key) = BrokerConfig::key(&props.place.key).map(|key| key.at(props.version)) else {
        return html! { <p id="properties-doc" class="properties__note">{ text.get("ui-properties-no-key") }</p> };
    };
    let effect = match text.lang() {
        Lang::Zh => chinese(key.name).unwrap_or(key.doc),
        Lang::En => key.doc,
    };
    let when = if key.update == Update::ReadOnly || !props.version.changes_broker_configs_at_run_time() {
        "ui-properties-when-restart"
    } else {
        "ui-properties-when-now"
    };
    html! {
        <section id="properties-doc" class="keydoc" aria-live="polite">
            <h3><code>{ key.name }</code></h3>
            <p>{ effect }</p>
            <dl>
                <div><dt>{ text.get("ui-properties-range") }</dt><dd><code>{ range(&key) }</code></dd></div>
                <div><dt>{ text.get("ui-properties-default") }</dt><dd><code>{ key.default.unwrap_or("null") }</code></dd></div>
                <div><dt>{ text.get("ui-properties-when") }</dt><dd>{ text.get(when) }{ format!(" ({})", key.update.name()) }</dd></div>
                <div><dt>{ text.get("ui-properties-where") }</dt><dd>{ key.acts }</dd></div>
                if let Some(since) = key.since() {
                    <div><dt>{ text.get("ui-properties-since") }</dt><dd>{ format!("Kafka {since}") }</dd></div>
                }
            </dl>
            if !key.honoured {
                <p class="properties__note">{ Icon::Warn.html() }{ text.get("ui-properties-idle") }</p>
            }
        </section>
    }
}

/// The worst first. What a file must have to start a cluster at all is not asked of a part of one.
pub(super) fn remarks(text: &Text, read: &ServerProperties) -> Html {
    let mut problems: Vec<&Problem> = read.problems.iter().filter(|one| one.kind != ProblemKind::Missing).collect();
    problems.sort_by_key(|problem| (!problem.kind.stops_kafka(), problem.line));
    html! {
        if !problems.is_empty() {
            <ul class="properties__list" aria-label={text.get_with("ui-properties-remarks", &[("count", problems.len().into())])}>
                { for problems.iter().enumerate().map(|(index, problem)| {
                    let (icon, class) = if problem.kind.stops_kafka() { (Icon::Cross, "is-refused") } else { (Icon::Warn, "is-told") };
                    html! {
                        <li key={index} class={classes!("properties__problem", class)}>
                            <i>{ problem.line.map(|line| line.to_string()).unwrap_or_default() }</i>
                            <span>{ icon.html() }{ &problem.what }{ " " }<small>{ &problem.how_to_mend }</small></span>
                        </li>
                    }
                }) }
            </ul>
        }
    }
}
