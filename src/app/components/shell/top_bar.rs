//! The bar on top: what this is, which part of it is open, and how it looks.

use yew::prelude::*;

use crate::app::components::stage::icon::Icon;
use crate::app::i18n::{Lang, Text, use_text};
use crate::app::state::action::UiAction;
use crate::app::state::knob::Kind;
use crate::app::state::page::{Page, use_page};
use crate::app::state::ui::{Dialog, Mode, Theme};

#[component]
pub fn TopBar() -> Html {
    let (page, text) = (use_page(), use_text());
    let ui = &page.ui;
    let theme_icon = if ui.theme == Theme::Dark { Icon::Sun } else { Icon::Moon };
    html! {
        <header class="top-bar">
            <a class="top-bar__brand" href="." aria-label={text.get("ui-home")}>
                { Icon::Logo.html() }<span>{ "Kafkascope" }</span>
            </a>
            <nav class="top-bar__modes" aria-label={text.get("ui-modes")}><Modes /></nav>
            { phone_title(&page, &text) }
            <div class="top-bar__end">
                <span class="top-bar__version">{ version(&page) }</span>
                <div class="segments" role="group" aria-label={text.get("ui-language")}>
                    { language(&page, Lang::Zh, "中文") }
                    { language(&page, Lang::En, "EN") }
                </div>
                <button type="button" class="tool" aria-label={text.get("ui-key-theme")} title={text.get("ui-key-theme")}
                    data-theme-switch="" onclick={page.on_click(UiAction::Theme(ui.theme.other()))}>
                    { theme_icon.html() }
                </button>
                <button type="button" class="tool top-bar__present" aria-pressed={ui.presenter.to_string()}
                    title={text.get("ui-key-presenter")} onclick={page.on_click(UiAction::TogglePresenter)}>
                    { Icon::Present.html() }<span>{ text.get("ui-present") }</span>
                </button>
                <button type="button" class="tool tool--edge top-bar__help" aria-label={text.get("ui-key-help")}
                    title={text.get("ui-key-help")} onclick={page.on_click(UiAction::Open(Dialog::Help))}>
                    { Icon::Question.html() }
                </button>
            </div>
        </header>
    }
}

/// Which Kafka runs, and who keeps its memory.
fn version(page: &Page) -> String {
    Kind::of(page.model().session().setup()).name()
}

/// The parts of the page; on a phone they stand over the list of lessons.
#[component]
pub fn Modes() -> Html {
    let (page, text) = (use_page(), use_text());
    html! {
        <>
            { mode(&page, &text, Mode::Lessons, "ui-mode-lessons") }
            { mode(&page, &text, Mode::Sandbox, "ui-mode-sandbox") }
            { mode(&page, &text, Mode::Compare, "ui-mode-compare") }
        </>
    }
}

fn mode(page: &Page, text: &Text, mode: Mode, key: &str) -> Html {
    let here = page.ui.mode == mode;
    html! {
        <button type="button" aria-current={here.then_some("page")} onclick={page.on_click(UiAction::Mode(mode))}>
            { text.get(key) }
        </button>
    }
}

fn language(page: &Page, lang: Lang, name: &'static str) -> Html {
    html! {
        <button type="button" lang={lang.tag()} aria-pressed={(page.ui.lang == lang).to_string()}
            onclick={page.on_click(UiAction::Language(lang))}>{ name }</button>
    }
}

/// On a phone the lesson's title takes the place of the modes.
fn phone_title(page: &Page, text: &Text) -> Html {
    let model = page.model();
    let (title, sub) = match model.lesson() {
        Some(lesson) => {
            let view = lesson.view(model.session(), page.ui.lang);
            let sub = text.get_with(
                "ui-lesson-step-of",
                &[
                    ("chapter", view.chapter_title.into()),
                    ("step", (view.step + 1).into()),
                    ("steps", view.steps.into()),
                ],
            );
            (view.title, sub)
        }
        None if page.ui.mode == Mode::Compare => (text.get("ui-mode-compare").to_string(), AttrValue::default()),
        None => (text.get("ui-mode-sandbox").to_string(), AttrValue::default()),
    };
    html! {
        <div class="top-bar__phone">
            <button type="button" class="tool" aria-label={text.get("ui-lesson-list")}
                onclick={page.on_click(UiAction::Open(Dialog::Lessons))}>{ Icon::List.html() }</button>
            <span class="top-bar__titles"><b>{ title }</b><small>{ sub }</small></span>
        </div>
    }
}
