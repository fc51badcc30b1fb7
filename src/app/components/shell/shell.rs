//! The grid of the page: which panel stands where is a matter of CSS; here is only what there is.

use yew::prelude::*;

use super::live::Live;
use super::stage_host::StageHost;
use super::toasts::Toasts;
use super::top_bar::TopBar;
use crate::app::components::compare::compare::Compare;
use crate::app::components::dialogs::dialogs::Dialogs;
use crate::app::components::drawer::drawer::Drawer;
use crate::app::components::inspector::inspector::Inspector;
use crate::app::components::lesson::lesson_panel::LessonPanel;
use crate::app::components::stage::icon::Icon;
use crate::app::components::transport::transport::Transport;
use crate::app::i18n::{Text, use_text};
use crate::app::state::action::UiAction;
use crate::app::state::page::{Page, use_page};
use crate::app::state::ui::{Mode, Sheet};

#[component]
pub fn Shell() -> Html {
    let (page, text) = (use_page(), use_text());
    let ui = &page.ui;
    let mode = match ui.mode {
        Mode::Lessons => "lessons",
        Mode::Sandbox => "sandbox",
        Mode::Compare => "compare",
    };
    html! {
        <div class="shell" data-mode={mode} data-sheet={ui.sheet.name()} data-selected={ui.selected.is_some().to_string()}
            data-drawer={ui.drawer.is_some().to_string()} data-pair={page.scene.queue.is_some().to_string()}>
            <a class="skip-link" href="#stage">{ text.get("ui-skip") }</a>
            <aside class="shell__lesson" aria-label={text.get("ui-panel-lesson")}><LessonPanel /></aside>
            <main id="stage" class="shell__stage" tabindex="-1">
                if ui.mode == Mode::Compare { <Compare /> } else { <StageHost /> }
            </main>
            <aside class="shell__inspector" aria-label={text.get("ui-panel-inspector")}>
                <ContextProvider<Page> context={pointed_at(&page)}><Inspector /></ContextProvider<Page>>
            </aside>
            <section class="shell__drawer" aria-label={text.get("ui-panel-drawer")}><Drawer /></section>
            <footer class="shell__transport" aria-label={text.get("ui-panel-transport")}>
                <Transport />
                <nav class="sheet-tabs" aria-label={text.get("ui-panels")}>
                    { sheet(&page, &text, Sheet::Lesson, Icon::Book, "ui-panel-lesson") }
                    { sheet(&page, &text, Sheet::Inspector, Icon::Search, "ui-panel-inspector") }
                    { sheet(&page, &text, Sheet::Drawer, Icon::List, "ui-panel-drawer") }
                </nav>
            </footer>
            <TopBar />
            <Toasts />
            <Live />
            <Dialogs />
        </div>
    }
}

/// The one of two runs in which something was selected.
fn pointed_at(page: &Page) -> Page {
    let right = if page.ui.on_right { page.of_rival() } else { None };
    right.unwrap_or_else(|| page.clone())
}

fn sheet(page: &Page, text: &Text, sheet: Sheet, icon: Icon, key: &str) -> Html {
    html! {
        <button type="button" aria-current={(page.ui.sheet == sheet).then_some("true")}
            onclick={page.on_click(UiAction::Sheet(sheet))}>{ icon.html() }<span>{ text.get(key) }</span></button>
    }
}
