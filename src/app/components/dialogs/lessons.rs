//! All lessons by chapter, with how far each was read.

use yew::prelude::*;

use super::frame::Frame;
use crate::app::components::stage::icon::Icon;
use crate::app::i18n::use_text;
use crate::app::state::action::UiAction;
use crate::app::state::lesson::{catalog, language};
use crate::app::state::page::use_page;
use crate::app::state::prefs::Prefs;
use crate::scenario::Lesson;

#[component]
pub fn Lessons() -> Html {
    let (page, text) = (use_page(), use_text());
    let language = language(page.ui.lang);
    let progress = use_memo((), |()| Prefs::load().progress);
    let here = page.model().lesson().map(|lesson| lesson.lesson().id.clone());
    let lesson = |lesson: &Lesson| {
        let read = progress.get(&lesson.id).copied().unwrap_or_default().min(lesson.beats.len());
        let is_here = here.as_ref() == Some(&lesson.id);
        let minutes = text.get_with("ui-minutes", &[("count", lesson.minutes.into())]);
        html! {
            <li key={lesson.id.clone()}>
                <button type="button" class="lesson-row" aria-current={is_here.then_some("true")}
                    data-autofocus={is_here.then_some("")} data-lesson-id={lesson.id.clone()}
                    onclick={page.on_click(UiAction::OpenLesson(lesson.id.clone()))}>
                    <b>{ lesson.title.get(language) }</b>
                    <span>{ lesson.promise.get(language) }</span>
                    <small>
                        { minutes }
                        if read >= lesson.beats.len() {
                            { Icon::Check.html() }
                        } else if read > 0 {
                            { text.get_with("ui-read-of", &[("read", read.into()), ("steps", lesson.beats.len().into())]) }
                        }
                    </small>
                </button>
            </li>
        }
    };
    let catalog = catalog();
    html! {
        <Frame title={text.get("ui-lesson-list")} wide=true>
            { for catalog.chapters().iter().map(|chapter| html! {
                <section key={chapter.number} class="lesson-chapter">
                    <h3>{ format!("{} ", chapter.number) }{ chapter.title.get(language) }</h3>
                    <ul>{ for chapter.lessons.iter().map(|one| lesson(one)) }</ul>
                </section>
            }) }
        </Frame>
    }
}
