//! What is compared, whose cluster is acted on, and the way back to the beginning.

use yew::prelude::*;

use super::side::name;
use crate::app::components::stage::icon::Icon;
use crate::app::i18n::use_text;
use crate::app::state::action::UiAction;
use crate::app::state::compare::{Compared, Hand, comparison};
use crate::app::state::lesson::language;
use crate::app::state::page::use_page;
use crate::app::state::ui::Dialog;
use crate::engine::common::Time;

#[derive(Properties, PartialEq)]
pub struct HeadProps {
    pub shown: usize,
    pub on_show: Callback<usize>,
}

#[component]
pub fn Head(props: &HeadProps) -> Html {
    let (page, text) = (use_page(), use_text());
    let language = language(page.ui.lang);
    let ready = match &page.ui.compared {
        Some(Compared::Ready(id)) => comparison(id),
        _ => None,
    };
    let (title, about) = match ready {
        Some(one) => (one.title.get(language).clone().into(), one.about.get(language).clone().into()),
        None if matches!(page.ui.compared, Some(Compared::Turned { .. })) => {
            (text.get("ui-compare-turned"), text.get("ui-compare-turned-says"))
        }
        None => (text.get("ui-compare-branches"), text.get("ui-compare-branches-says")),
    };
    let from = ready.map_or(Time::ZERO, |one| Time::ZERO + one.from);
    let hand = |hand: Hand| {
        let label = match hand {
            Hand::Both => text.get("ui-compare-both"),
            Hand::Left => name(&page, 0),
            Hand::Right => name(&page, 1),
        };
        html! {
            <button type="button" aria-pressed={(page.ui.hand == hand).to_string()}
                onclick={page.on_click(UiAction::Hand(hand))}>{ label }</button>
        }
    };
    let show = |side: usize| {
        let on_show = props.on_show.clone();
        html! {
            <button type="button" aria-pressed={(props.shown == side).to_string()}
                onclick={Callback::from(move |_: MouseEvent| on_show.emit(side))}>{ name(&page, side) }</button>
        }
    };
    html! {
        <header class="compare__head">
            <div class="compare__title">
                <button type="button" class="compare__choose" data-comparisons="" aria-haspopup="dialog"
                    onclick={page.on_click(UiAction::Open(Dialog::Comparisons))}>
                    <h1>{ title }</h1>{ Icon::ChevronDown.html() }
                </button>
                <p>{ about }</p>
            </div>
            <div class="compare__show segments" role="group" aria-label={text.get("ui-compare-show")}>{ show(0) }{ show(1) }</div>
            <div class="compare__hand">
                <span id="compare-hand">{ text.get("ui-compare-hand") }</span>
                <div class="segments" role="group" aria-labelledby="compare-hand">{ for Hand::ALL.map(hand) }</div>
            </div>
            <button type="button" class="button button--edge" data-run-again="" onclick={page.on_click(UiAction::SeekTime(from))}>
                { Icon::Redo.html() }{ text.get("ui-compare-again") }
            </button>
        </header>
    }
}
