//! What can be set beside what: the comparisons that come with the page, and the branches of the present run.

use yew::prelude::*;

use super::frame::Frame;
use super::one_knob::OneKnob;
use crate::app::components::stage::icon::Icon;
use crate::app::i18n::{Text, use_text};
use crate::app::state::action::UiAction;
use crate::app::state::compare::{Compared, comparisons};
use crate::app::state::lesson::language;
use crate::app::state::page::{Page, use_page};
use crate::app::state::ui::Mode;
use crate::session::{Branch, BranchId};

#[component]
pub fn Comparisons() -> Html {
    let (page, text) = (use_page(), use_text());
    let language = language(page.ui.lang);
    let here = match (&page.ui.compared, page.ui.mode) {
        (Some(Compared::Ready(id)), Mode::Compare) => Some(id.clone()),
        _ => None,
    };
    let others: Vec<(BranchId, Branch)> = {
        let model = page.own_model();
        let session = model.session();
        let others = session.branches().filter(|(id, _)| *id != session.current_branch());
        others.map(|(id, branch)| (id, branch.clone())).collect()
    };
    html! {
        <Frame title={text.get("ui-comparisons")} wide=true>
            <ul class="templates">
                { for comparisons().iter().map(|one| {
                    let is_here = here.as_ref() == Some(&one.id);
                    let sides = one.sides().map(|side| side.name.get(language).clone()).join(" | ");
                    html! {
                        <li key={one.id.clone()}>
                            <button type="button" class="lesson-row" aria-current={is_here.then_some("true")}
                                data-autofocus={is_here.then_some("")} data-comparison={one.id.clone()}
                                onclick={page.on_click(UiAction::Compare(one.id.clone()))}>
                                <b>{ one.title.get(language) }</b>
                                <span>{ one.about.get(language) }</span>
                                <small>{ sides }</small>
                            </button>
                        </li>
                    }
                }) }
            </ul>
            <h3 class="dialog__part">{ text.get("ui-compare-turned") }</h3>
            <OneKnob />
            <h3 class="dialog__part">{ text.get("ui-compare-branches") }</h3>
            if others.is_empty() { <p class="dialog__note">{ text.get("ui-compare-no-branch") }</p> }
            <ul class="templates">{ for others.iter().map(|(id, branch)| beside(&page, &text, *id, branch)) }</ul>
        </Frame>
    }
}

/// This run beside one of its branches.
fn beside(page: &Page, text: &Text, id: BranchId, branch: &Branch) -> Html {
    let own = page.own_model().session().branch().name.clone();
    let since = branch.parent.map(|(_, at)| text.get_with("ui-compare-left-at", &[("time", at.to_string().into())]));
    html! {
        <li key={format!("branch {}", id.0)}>
            <button type="button" class="lesson-row" data-branch={id.0.to_string()}
                onclick={page.on_click(UiAction::CompareWith(id))}>
                <b>{ format!("{own} | {}", branch.name) }</b>
                <span>{ since.unwrap_or_default() }</span>
                <small>{ Icon::Branch.html() }</small>
            </button>
        </li>
    }
}
