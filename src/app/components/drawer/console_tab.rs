//! The console: Kafka's own tools, typed; and every click elsewhere in the page as the line it equals.

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlInputElement};
use yew::prelude::*;

use crate::app::i18n::use_text;
use crate::app::state::action::UiAction;
use crate::app::state::page::use_page;
use crate::app::state::transcript::{Line, LineKind};

/// Lines that are drawn; the transcript keeps more.
const SHOWN: usize = 200;

#[derive(Properties, PartialEq)]
pub struct ConsoleTabProps {
    pub is_open: bool,
}

#[component]
pub fn ConsoleTab(props: &ConsoleTabProps) -> Html {
    let (page, text) = (use_page(), use_text());
    let (output, input) = (use_node_ref(), use_node_ref());
    // How far back in the history the arrow keys have gone; none while a new line is being written.
    let back = use_mut_ref(|| None::<usize>);
    let count = page.model().transcript().count();
    {
        let (output, input) = (output.clone(), input.clone());
        use_effect_with((count, props.is_open), move |(_, is_open)| {
            if let Some(output) = output.cast::<Element>() {
                output.set_scroll_top(output.scroll_height());
            }
            if let (true, Some(input)) = (is_open, input.cast::<HtmlInputElement>())
                && !crate::app::hooks::keyboard::is_typing_elsewhere(&input)
            {
                // A hidden input cannot have the focus, and need not.
                let _ = input.focus();
            }
        });
    }
    let onsubmit = {
        let (page, input, back) = (page.clone(), input.clone(), back.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let Some(input) = input.cast::<HtmlInputElement>() else { return };
            let line = input.value();
            if !line.trim().is_empty() {
                page.send(UiAction::Console(line.trim().to_owned()));
            }
            input.set_value("");
            back.replace(None);
        })
    };
    let onkeydown = {
        let (page, back) = (page.clone(), back);
        Callback::from(move |event: KeyboardEvent| {
            let Some(input) = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok()) else {
                return;
            };
            let at = *back.borrow();
            let next = match (event.key().as_str(), at) {
                ("ArrowUp", at) => Some(at.map_or(0, |at| at + 1)),
                ("ArrowDown", Some(at)) => at.checked_sub(1),
                _ => return,
            };
            event.prevent_default();
            let model = page.model();
            match next.map(|next| (next, model.transcript().recall(next))) {
                Some((next, Some(line))) => {
                    input.set_value(line);
                    back.replace(Some(next));
                }
                Some((_, None)) => {}
                None => {
                    input.set_value("");
                    back.replace(None);
                }
            }
        })
    };
    let lines: Vec<Line> = {
        let model = page.model();
        let mut lines: Vec<Line> = model.transcript().lines().rev().take(SHOWN).cloned().collect();
        lines.reverse();
        lines
    };
    html! {
        <div class="console">
            <div ref={output} class="console__output" role="log" aria-label={text.get("ui-console-output")} tabindex="0">
                if lines.is_empty() { <p class="console__hint">{ text.get("ui-console-hint") }</p> }
                { for lines.iter().map(line) }
            </div>
            <form class="console__form" {onsubmit}>
                <label class="sr" for="console-input">{ text.get("ui-console-input") }</label>
                <span aria-hidden="true">{ "$" }</span>
                <input ref={input} id="console-input" type="text" autocomplete="off" autocapitalize="off" spellcheck="false"
                    placeholder={text.get("ui-console-placeholder")} {onkeydown} />
            </form>
        </div>
    }
}

fn line(line: &Line) -> Html {
    let class = match line.kind {
        LineKind::Typed => "console__line console__line--typed",
        LineKind::Echo => "console__line console__line--echo",
        LineKind::Answer => "console__line",
        LineKind::Refusal => "console__line console__line--refused",
    };
    html! { <pre key={line.number} {class}>{ &line.text }</pre> }
}
