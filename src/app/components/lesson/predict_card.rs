//! A question that the engine will answer: the learner chooses, the engine runs and marks, both answers stay.

use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, ScrollIntoViewOptions, ScrollLogicalPosition};
use yew::prelude::*;

use super::caption::Caption;
use crate::app::components::stage::icon::Icon;
use crate::app::i18n::{Text, use_text};
use crate::app::state::action::UiAction;
use crate::app::state::lesson::{OptionView, QuestionView};
use crate::app::state::page::{Page, use_page};

/// Short answers lie in a row of tiles, at most so many.
const TILES: usize = 4;

#[derive(Properties, PartialEq)]
pub struct PredictCardProps {
    pub question: QuestionView,
}

#[component]
pub fn PredictCard(props: &PredictCardProps) -> Html {
    let (page, text) = (use_page(), use_text());
    let question = &props.question;
    let card = use_node_ref();
    {
        // A question that has just been put, or answered, comes into view by itself.
        let card = card.clone();
        use_effect_with((question.question.clone(), question.right), move |_| {
            if let Some(card) = card.cast::<HtmlElement>() {
                let options = ScrollIntoViewOptions::new();
                // One that does not fit shows its question first.
                let room = card.parent_element().map_or(0, |scroll| scroll.client_height());
                let fits = card.offset_height() <= room;
                options.set_block(if fits { ScrollLogicalPosition::Nearest } else { ScrollLogicalPosition::Start });
                card.scroll_into_view_with_scroll_into_view_options(&options);
            }
        });
    }
    let tiles = question.options.len() <= TILES && question.options.iter().all(|option| option.is_short);
    let done = question.right.is_some();
    let class = classes!(
        "choices",
        tiles.then_some("choices--tiles"),
        done.then_some("choices--done"),
        question.is_revealing.then_some("choices--waiting")
    );
    html! {
        <section ref={card} class="predict" aria-labelledby="predict-question">
            { tag(&text, question) }
            <h2 id="predict-question" class="predict__question"><Caption said={question.question.clone()} /></h2>
            if let Some(hint) = question.hint.clone().filter(|_| !done) {
                <p class="predict__hint"><Caption said={hint} /></p>
            }
            <div {class} role="radiogroup" aria-labelledby="predict-question" onkeydown={arrows(&page, question)}
                style={format!("--tiles:{}", question.options.len())}>
                { for question.options.iter().enumerate().map(|(index, option)| choice(&page, &text, question, index, option)) }
            </div>
            { reasons(question) }
            if !done {
                <div class="predict__act">
                    <button type="button" class="button button--primary" data-answer=""
                        aria-disabled={(question.chosen.is_none() || question.is_revealing).to_string()}
                        onclick={page.on_click(UiAction::Answer)}>
                        { text.get(if question.is_revealing { "ui-predict-running" } else { "ui-predict-see" }) }
                    </button>
                    if !question.is_revealing {
                        <button type="button" class="button button--quiet" onclick={page.on_click(UiAction::SkipQuestion)}>
                            { text.get("ui-predict-skip") }
                        </button>
                    }
                </div>
            }
        </section>
    }
}

fn tag(text: &Text, question: &QuestionView) -> Html {
    let (class, icon, key) = match (question.right, question.chosen) {
        (None, _) => ("predict__tag", Icon::Question, "ui-predict"),
        (Some(right), Some(chosen)) if right == chosen => {
            ("predict__tag predict__tag--right", Icon::Check, "ui-predict-right")
        }
        (Some(_), Some(_)) => ("predict__tag predict__tag--wrong", Icon::Warn, "ui-predict-wrong"),
        (Some(_), None) => ("predict__tag", Icon::Question, "ui-predict-skipped"),
    };
    html! { <p {class} role="status">{ icon.html() }{ text.get(key) }</p> }
}

fn choice(page: &Page, text: &Text, question: &QuestionView, index: usize, option: &OptionView) -> Html {
    let (is_chosen, is_right) = (question.chosen == Some(index), question.right == Some(index));
    let open = question.right.is_none() && !question.is_revealing;
    let class = classes!(
        "choice",
        option.is_number.then_some("choice--number"),
        is_right.then_some("choice--right"),
        (is_chosen && question.right.is_some() && !is_right).then_some("choice--wrong")
    );
    // One tab stop for the group, as with radio buttons.
    let stop = question.chosen.map_or(index == 0, |chosen| chosen == index);
    let mark = match (question.right.is_some(), is_right, is_chosen) {
        (true, true, true) => Some("ui-choice-right-yours"),
        (true, true, false) => Some("ui-choice-right"),
        (true, false, true) => Some("ui-choice-yours"),
        _ => None,
    };
    let onclick = open.then(|| page.on_click(UiAction::Choose(index)));
    html! {
        <button key={index} type="button" {class} role="radio" aria-checked={is_chosen.to_string()}
            aria-disabled={(!open).to_string()} tabindex={if stop { "0" } else { "-1" }} data-choice={index.to_string()} {onclick}>
            <span class="choice__text"><Caption said={option.text.clone()} /></span>
            if let Some(key) = mark { <small class="choice__mark">{ text.get(key) }</small> }
        </button>
    }
}

fn reasons(question: &QuestionView) -> Html {
    html! {
        <>
            if let Some(said) = &question.wrong_because {
                <p class="predict__why predict__why--wrong">{ Icon::Cross.html() }<span><Caption said={said.clone()} /></span></p>
            }
            if let Some(said) = &question.right_because {
                <p class="predict__why">{ Icon::Check.html() }<span><Caption said={said.clone()} /></span></p>
            }
        </>
    }
}

/// Arrows choose, as in every group of radio buttons.
fn arrows(page: &Page, question: &QuestionView) -> Callback<KeyboardEvent> {
    let (send, chosen, count) = (page.sender(), question.chosen, question.options.len());
    let open = question.right.is_none() && !question.is_revealing;
    Callback::from(move |event: KeyboardEvent| {
        let by = match event.key().as_str() {
            "ArrowRight" | "ArrowDown" => 1,
            "ArrowLeft" | "ArrowUp" => count - 1,
            _ => return,
        };
        event.prevent_default();
        event.stop_propagation();
        if !open {
            return;
        }
        let next = chosen.map_or(0, |chosen| (chosen + by) % count);
        send.emit(UiAction::Choose(next));
        let group = event.current_target().and_then(|group| group.dyn_into::<HtmlElement>().ok());
        let button = group.and_then(|group| group.query_selector(&format!("[data-choice='{next}']")).ok().flatten());
        if let Some(button) = button.and_then(|button| button.dyn_into::<HtmlElement>().ok()) {
            // Buttons can always have the focus.
            let _ = button.focus();
        }
    })
}
