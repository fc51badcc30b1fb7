//! The panel of the lesson: where we are, what is said, what is asked, and the two buttons that lead on and back.

use web_sys::Element;
use yew::prelude::*;

use super::caption::Caption;
use super::predict_card::PredictCard;
use super::sandbox_panel::SandboxPanel;
use crate::app::components::stage::icon::Icon;
use crate::app::i18n::{Text, use_text};
use crate::app::state::action::UiAction;
use crate::app::state::lesson::LessonView;
use crate::app::state::page::{Page, use_page};
use crate::app::state::ui::Dialog;

#[component]
pub fn LessonPanel() -> Html {
    let (page, text) = (use_page(), use_text());
    let view = {
        let model = page.model();
        model.lesson().map(|lesson| lesson.view(model.session(), page.ui.lang))
    };
    let scroll = use_node_ref();
    {
        // A new step begins at its top, wherever the one before it was read to; a question that comes with it has
        // brought itself into view.
        let scroll = scroll.clone();
        let asks = view.as_ref().is_some_and(|view| view.question.is_some());
        use_effect_with(view.as_ref().map(|view| (view.id.clone(), view.step)), move |_| {
            if let Some(scroll) = scroll.cast::<Element>().filter(|_| !asks) {
                scroll.set_scroll_top(0);
            }
        });
    }
    let Some(view) = view else { return html! { <SandboxPanel /> } };
    html! {
        <div class="lesson">
            <div ref={scroll} class="lesson__scroll">
                { chapter(&page, &text, &view) }
                <div class="lesson__head">
                    <h1>{ &view.title }</h1>
                    { step(&text, &view) }
                </div>
                if let Some(promise) = &view.promise {
                    <p class="lesson__promise">{ promise }</p>
                }
                if let Some(title) = &view.beat_title { <h2 class="lesson__beat">{ title }</h2> }
                <div class="lesson__say" aria-live="polite" data-said="">
                    { for view.said.iter().enumerate().map(|(index, paragraph)| html! {
                        <p key={index}><Caption said={paragraph.clone()} /></p>
                    }) }
                </div>
                if view.is_running && view.question.is_none() {
                    <p class="lesson__running">{ Icon::Clock.html() }{ text.get("ui-lesson-running") }</p>
                }
                if view.is_missed {
                    <p class="lesson__missed">{ Icon::Warn.html() }<span>{ text.get("ui-lesson-missed") }</span></p>
                }
                if let Some(question) = view.question.clone() { <PredictCard {question} /> }
                if view.is_finished { { finished(&page, &text, &view) } }
                { teacher(&text, &view) }
            </div>
            { foot(&page, &text, &view) }
        </div>
    }
}

fn chapter(page: &Page, text: &Text, view: &LessonView) -> Html {
    let label = text.get_with("ui-chapter", &[("chapter", view.chapter.into())]);
    // The bar below shows it to those who see it.
    let of = text.get_with("ui-chapter-of", &[("chapters", view.chapters.into())]);
    let bar = |number: u32| {
        let class = match number.cmp(&view.chapter) {
            std::cmp::Ordering::Less => "is-done",
            std::cmp::Ordering::Equal => "is-now",
            std::cmp::Ordering::Greater => "",
        };
        html! { <i key={number} {class} /> }
    };
    html! {
        <button type="button" class="chapter" aria-haspopup="dialog" title={text.get("ui-lesson-list")}
            onclick={page.on_click(UiAction::Open(Dialog::Lessons))}>
            <span class="chapter__names"><span>{ label }<span class="sr">{ " " }{ of }</span></span><b>{ &view.chapter_title }</b>{ Icon::ChevronDown.html() }</span>
            <span class="chapter__bar" aria-hidden="true">{ for (1..=view.chapters).map(bar) }</span>
        </button>
    }
}

fn step(text: &Text, view: &LessonView) -> Html {
    let label = text.get_with("ui-step-of", &[("step", (view.step + 1).into()), ("steps", view.steps.into())]);
    let dot = |index: usize| {
        let class = if view.is_finished || index < view.step {
            "is-done"
        } else if index == view.step {
            "is-now"
        } else {
            ""
        };
        html! { <i key={index} {class} /> }
    };
    html! {
        <div class="lesson__step">
            <span>{ label }</span><span class="lesson__dots" aria-hidden="true">{ for (0..view.steps).map(dot) }</span>
        </div>
    }
}

/// What is left to do when all is told: tasks that tick themselves, and the next lesson.
fn finished(page: &Page, text: &Text, view: &LessonView) -> Html {
    let catalog = crate::app::state::lesson::catalog();
    let place = catalog.lessons().iter().position(|lesson| lesson.id == view.id);
    let next = place.and_then(|place| catalog.lessons().get(place + 1)).map(|lesson| lesson.id.clone());
    html! {
        <section class="tasks">
            <p class="tasks__done">{ Icon::Check.html() }{ text.get("ui-lesson-finished") }</p>
            if !view.tasks.is_empty() {
                <h2>{ text.get("ui-tasks") }</h2>
                <ul>
                    { for view.tasks.iter().map(|(task, done)| html! {
                        <li key={task.clone()} class={done.then_some("is-done")}>
                            <i aria-hidden="true">if *done { { Icon::Check.html() } }</i>
                            <span>{ task }if *done { <span class="sr">{ text.get("ui-task-done") }</span> }</span>
                        </li>
                    }) }
                </ul>
            }
            if let Some(next) = next {
                <button type="button" class="button button--edge" onclick={page.on_click(UiAction::OpenLesson(next))}>
                    { text.get("ui-next-lesson") }{ Icon::ChevronRight.html() }
                </button>
            }
        </section>
    }
}

fn teacher(text: &Text, view: &LessonView) -> Html {
    let [aim, common_wrong, question, minutes] = &view.teacher[..] else { return Html::default() };
    html! {
        <details class="teacher">
            <summary>{ text.get("ui-teacher") }</summary>
            <dl>
                <dt>{ text.get("ui-teacher-watch") }</dt><dd>{ &view.watch_for }</dd>
                <dt>{ text.get("ui-teacher-aim") }</dt><dd>{ aim }</dd>
                <dt>{ text.get("ui-teacher-wrong") }</dt><dd>{ common_wrong }</dd>
                <dt>{ text.get("ui-teacher-question") }</dt><dd>{ question }</dd>
                <dt>{ text.get("ui-teacher-minutes") }</dt><dd>{ minutes }</dd>
            </dl>
        </details>
    }
}

fn foot(page: &Page, text: &Text, view: &LessonView) -> Html {
    let asks = view.question.as_ref().is_some_and(|question| question.right.is_none());
    let (next, class) = if view.is_running {
        ("ui-lesson-skip-ahead", "button button--edge button--grow")
    } else if asks {
        ("ui-next", "button button--edge button--grow")
    } else {
        ("ui-next", "button button--primary button--grow")
    };
    let stuck = view.is_finished || (asks && !view.is_running);
    html! {
        <div class="lesson__foot">
            <button type="button" class="button button--edge" aria-disabled={(!view.can_go_back).to_string()} data-lesson-back=""
                onclick={page.on_click(UiAction::LessonBack)}>
                { Icon::ChevronLeft.html() }{ text.get("ui-back") }
            </button>
            <button type="button" {class} aria-disabled={stuck.to_string()} data-lesson-next=""
                onclick={page.on_click(UiAction::LessonNext)}>
                { text.get(next) }{ Icon::ChevronRight.html() }
            </button>
        </div>
    }
}
