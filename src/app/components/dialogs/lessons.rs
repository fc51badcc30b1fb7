//! All lessons by chapter, with how far each was read, and a field that finds one by a word.

use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::frame::Frame;
use crate::app::components::shell::top_bar::Modes;
use crate::app::components::stage::icon::Icon;
use crate::app::i18n::{Text, use_text};
use crate::app::state::action::UiAction;
use crate::app::state::lesson::{catalog, language};
use crate::app::state::page::{Page, use_page};
use crate::app::state::prefs::Prefs;
use crate::scenario::{Chapter, Language, Lesson};

/// How far a lesson was read.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Reading {
    read: usize,
    steps: usize,
}

impl Reading {
    fn is_done(self) -> bool {
        self.read >= self.steps
    }
}

#[component]
pub fn Lessons() -> Html {
    let (page, text) = (use_page(), use_text());
    let language = language(page.ui.lang);
    let progress = use_memo((), |()| Prefs::load().progress);
    let wanted = use_state_eq(String::new);
    let reading = |lesson: &Lesson| {
        let steps = lesson.beats.len();
        Reading { read: progress.get(&lesson.id).copied().unwrap_or_default().min(steps), steps }
    };
    let oninput = {
        let wanted = wanted.clone();
        Callback::from(move |event: InputEvent| {
            let field: HtmlInputElement = event.target_unchecked_into();
            wanted.set(field.value());
        })
    };
    let catalog = catalog();
    let found: Vec<Chapter<'_>> = catalog.chapters_about(&wanted);
    let (count, all) = (found.iter().map(|chapter| chapter.lessons.len()).sum::<usize>(), catalog.lessons().len());
    let done = catalog.lessons().iter().filter(|lesson| reading(lesson).is_done()).count();
    html! {
        <Frame title={text.get("ui-lesson-list")} wide=true>
            <nav class="dialog__modes" aria-label={text.get("ui-modes")}><Modes /></nav>
            <div class="lesson-find">
                <label>
                    { Icon::Search.html() }
                    <input type="search" placeholder={text.get("ui-lesson-find")} aria-label={text.get("ui-lesson-find")}
                        value={(*wanted).clone()} {oninput} />
                </label>
                <span role="status">
                    { if wanted.trim().is_empty() {
                        text.get_with("ui-lesson-read-of", &[("done", done.into()), ("count", all.into())])
                    } else {
                        text.get_with("ui-lesson-found", &[("found", count.into()), ("count", all.into())])
                    } }
                </span>
            </div>
            if found.is_empty() { <p class="lesson-none">{ text.get("ui-lesson-none") }</p> }
            { for found.iter().map(|chapter| {
                let done = chapter.lessons.iter().filter(|lesson| reading(lesson).is_done()).count();
                html! {
                    <section key={chapter.number} class="lesson-chapter">
                        <h3>
                            <b>{ chapter.number }</b>{ chapter.title.get(language) }
                            <small>{ format!("{done} / {}", chapter.lessons.len()) }</small>
                        </h3>
                        <ul>{ for chapter.lessons.iter().map(|one| row(&page, &text, one, language, reading(one))) }</ul>
                    </section>
                }
            }) }
        </Frame>
    }
}

fn row(page: &Page, text: &Text, lesson: &Lesson, language: Language, reading: Reading) -> Html {
    let is_here = page.model().lesson().is_some_and(|player| player.lesson().id == lesson.id);
    html! {
        <li key={lesson.id.clone()}>
            <button type="button" class="lesson-row" aria-current={is_here.then_some("true")}
                data-autofocus={is_here.then_some("")} data-lesson-id={lesson.id.clone()}
                onclick={page.on_click(UiAction::OpenLesson(lesson.id.clone()))}>
                { mark(reading) }
                <b><i>{ format!("{}.{}", lesson.chapter, lesson.order) }</i>{ lesson.title.get(language) }</b>
                <span>{ lesson.promise.get(language) }</span>
                <small>
                    { text.get_with("ui-minutes", &[("count", lesson.minutes.into())]) }
                    if reading.read > 0 {
                        <em>{ text.get_with("ui-read-of", &[("read", reading.read.into()), ("steps", reading.steps.into())]) }</em>
                    }
                </small>
            </button>
        </li>
    }
}

/// A disc that fills as a lesson is read. What it says stands beside it in words.
fn mark(Reading { read, steps }: Reading) -> Html {
    let percent = read * 100 / steps.max(1);
    html! {
        <i class="lesson-mark" aria-hidden="true" data-full={(read >= steps).then_some("")}
            style={format!("--part: {percent}%")}>
            if read >= steps { { Icon::Check.html() } }
        </i>
    }
}
