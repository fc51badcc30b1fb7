//! Take back, do again, mark this moment: what a reader does about the course of the run as a whole.

use yew::prelude::*;

use crate::app::components::stage::icon::Icon;
use crate::app::i18n::{Text, use_text};
use crate::app::state::action::UiAction;
use crate::app::state::page::{Page, use_page};
use crate::console;
use crate::session::Input;

#[component]
pub fn TakeBack() -> Html {
    let (page, text) = (use_page(), use_text());
    let (done, undone, marked) = {
        let model = page.driver();
        let model = model.borrow();
        let session = model.session();
        let line = |input: &Input| console::print(&input.command);
        let marked = session.bookmarks().contains(&session.now());
        (session.last_act().map(line), session.last_undone().map(line), marked)
    };
    let label = text.get(if marked { "ui-bookmark-clear" } else { "ui-bookmark-set" });
    html! {
        <div class="take-back" role="group" aria-label={text.get("ui-take-back")}>
            { course(&page, &text, UiAction::Undo, Icon::Undo, ["ui-undo", "ui-undo-nothing"], done) }
            { course(&page, &text, UiAction::Redo, Icon::Again, ["ui-redo", "ui-redo-nothing"], undone) }
            <button type="button" class="tool" data-bookmark="" title={label.clone()} aria-label={label}
                aria-pressed={marked.to_string()} onclick={page.on_click(UiAction::Bookmark)}>{ Icon::Bookmark.html() }</button>
        </div>
    }
}

/// Greyed, with the reason, when it would change nothing.
fn course(
    page: &Page,
    text: &Text,
    action: UiAction,
    icon: Icon,
    keys: [&'static str; 2],
    line: Option<String>,
) -> Html {
    let nothing = line.is_none();
    let label = line.map_or_else(|| text.get(keys[1]), |line| text.get_with(keys[0], &[("what", line.into())]));
    html! {
        <button type="button" class="tool" data-course={keys[0]} title={label.clone()} aria-label={label}
            aria-disabled={nothing.to_string()} onclick={(!nothing).then(|| page.on_click(action))}>{ icon.html() }</button>
    }
}
