//! What this simulator does as Kafka does, what it makes simpler, and what it leaves out, chapter by chapter.

use yew::prelude::*;

use super::frame::Frame;
use crate::app::components::stage::icon::Icon;
use crate::app::i18n::{Lang, use_text};
use crate::view::fidelity::{Chapter, Entry, Status, fidelity};

#[component]
pub fn FidelityDialog() -> Html {
    let text = use_text();
    let list = use_memo((), |()| fidelity());
    let only = use_state_eq(|| None::<Status>);
    let is_zh = text.lang() == Lang::Zh;
    let entry = |(index, entry): (usize, &Entry)| {
        let (icon, class) = match entry.is {
            Status::Simulated => (Icon::Check, "is-simulated"),
            Status::Simplified => (Icon::Warn, "is-simplified"),
            Status::LeftOut => (Icon::Dash, "is-left-out"),
        };
        let word = text.get(entry.is.key());
        html! {
            <li key={index} class={classes!("fidelity__entry", class)}>
                <b>{ icon.html() }{ word }</b>
                <span>{ if is_zh { &entry.zh } else { &entry.en } }
                    <small><code>{ &entry.source }</code>
                        if !entry.tests.is_empty() {
                            <span title={entry.tests.join("\n")}>{ text.get_with("ui-fidelity-tests", &[("count", entry.tests.len().into())]) }</span>
                        }
                    </small>
                </span>
            </li>
        }
    };
    let chapter = |chapter: &Chapter| {
        let entries: Vec<_> =
            chapter.entries.iter().enumerate().filter(|(_, entry)| only.is_none_or(|only| only == entry.is)).collect();
        html! {
            if !entries.is_empty() {
                <section key={chapter.id.clone()} class="fidelity__chapter">
                    <h3>{ if is_zh { &chapter.zh } else { &chapter.en } }</h3>
                    <ul>{ for entries.into_iter().map(entry) }</ul>
                </section>
            }
        }
    };
    let count =
        |status: Status| list.chapters.iter().flat_map(|one| &one.entries).filter(|one| one.is == status).count();
    let filter = |status: Status| {
        let is_on = *only == Some(status);
        let set = only.setter();
        let onclick = Callback::from(move |_: MouseEvent| set.set((!is_on).then_some(status)));
        html! {
            <button key={status.key()} type="button" class="tool tool--edge" aria-pressed={is_on.to_string()} {onclick}>
                { text.get(status.key()) }<small>{ count(status) }</small>
            </button>
        }
    };
    html! {
        <Frame title={text.get("ui-fidelity")} wide=true>
            <p>{ text.get("ui-fidelity-intro") }</p>
            <p class="fidelity__filter">{ for Status::ALL.into_iter().map(filter) }</p>
            { for list.chapters.iter().map(chapter) }
        </Frame>
    }
}
