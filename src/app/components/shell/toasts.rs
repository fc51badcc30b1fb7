//! Short answers to what was done, and reasons why something was not: they go away by themselves or by a click.

use gloo::timers::callback::Timeout;
use yew::prelude::*;

use crate::app::components::stage::icon::Icon;
use crate::app::i18n::{Text, use_text};
use crate::app::state::action::{Note, Said, Tone, UiAction};
use crate::app::state::page::use_page;
use crate::app::state::ui::Toast;

/// Long enough to read a refusal twice.
const REFUSAL_STAYS_MS: u32 = 10_000;
const ANSWER_STAYS_MS: u32 = 5_000;

/// A note in the page's language.
#[must_use]
pub fn note_text(text: &Text, note: &Note) -> AttrValue {
    match &note.said {
        Said::Key(key) => text.get(key),
        Said::With(key, args) => {
            let args: Vec<_> = args.iter().map(|(name, value)| (*name, value.as_str().into())).collect();
            text.get_with(key, &args)
        }
        Said::Text(text) => AttrValue::from(text.clone()),
    }
}

#[component]
pub fn Toasts() -> Html {
    let page = use_page();
    html! {
        <div class="toasts" role="status" aria-live="polite">
            { for page.ui.toasts.iter().map(|toast| html! { <ToastCard key={toast.id} toast={toast.clone()} /> }) }
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct ToastCardProps {
    toast: Toast,
}

#[component]
fn ToastCard(props: &ToastCardProps) -> Html {
    let (page, text) = (use_page(), use_text());
    let id = props.toast.id;
    {
        let send = page.sender();
        let stays_ms = match props.toast.note.tone {
            Tone::Done => ANSWER_STAYS_MS,
            Tone::Refused => REFUSAL_STAYS_MS,
        };
        use_effect_with(id, move |&id| {
            let timeout = Timeout::new(stays_ms, move || send.emit(UiAction::Dismiss(id)));
            move || drop(timeout)
        });
    }
    let (class, icon) = match props.toast.note.tone {
        Tone::Done => ("toast", Icon::Check),
        Tone::Refused => ("toast toast--refused", Icon::Warn),
    };
    html! {
        <div {class}>
            { icon.html() }
            <span>{ note_text(&text, &props.toast.note) }</span>
            <button type="button" class="tool" aria-label={text.get("ui-close")}
                onclick={page.on_click(UiAction::Dismiss(id))}>{ Icon::Close.html() }</button>
        </div>
    }
}
