//! Back, play, step, run to: three blocks that stand under the columns of the page.

use wasm_bindgen::JsCast;
use web_sys::HtmlSelectElement;
use yew::prelude::*;

use super::clock::Clock;
use super::speed::SpeedSlider;
use super::take_back::TakeBack;
use super::timeline::Timeline;
use crate::app::components::stage::icon::Icon;
use crate::app::i18n::{Text, use_text};
use crate::app::state::action::{Landmark, UiAction};
use crate::app::state::page::{Page, use_page};
use crate::app::state::ui::Dialog;
use crate::session::PlaybackCommand;

#[component]
pub fn Transport() -> Html {
    let (page, text) = (use_page(), use_text());
    let playing = page.model().playback().is_playing();
    let (icon, label) = if playing { (Icon::Pause, "ui-pause") } else { (Icon::Play, "ui-play") };
    html! {
        <div class="transport">
            <div class="transport__drive">
                <div class="transport__row">
                    <button type="button" class="drive-button" title={text.get("ui-step-back")}
                        aria-label={text.get("ui-step-back")} onclick={page.on_click(UiAction::StepBack)}>
                        { Icon::Back.html() }
                    </button>
                    <button type="button" class="drive-button drive-button--play" title={text.get(label)}
                        aria-label={text.get(label)} data-play=""
                        onclick={page.on_click(UiAction::Playback(PlaybackCommand::Toggle))}>
                        { icon.html() }
                    </button>
                    <button type="button" class="drive-button" title={text.get("ui-step")}
                        aria-label={text.get("ui-step")} data-step-button="" onclick={page.on_click(UiAction::Step)}>
                        { Icon::Step.html() }
                    </button>
                    <div class="transport__how">
                        { run_to(&page, &text) }
                        { skip_waits(&page, &text) }
                    </div>
                </div>
                <SpeedSlider />
            </div>
            <Timeline />
            <div class="transport__end"><Clock /><TakeBack /></div>
        </div>
    }
}

/// A list that acts at once: choosing a landmark runs there.
fn run_to(page: &Page, text: &Text) -> Html {
    let send = page.sender();
    let onchange = Callback::from(move |event: Event| {
        let Some(select) = event.target().and_then(|target| target.dyn_into::<HtmlSelectElement>().ok()) else {
            return;
        };
        let chosen = usize::try_from(select.selected_index()).ok().and_then(|index| index.checked_sub(1));
        // What comes behind the landmarks is a condition of the reader's own.
        match chosen.map(|index| Landmark::ALL.get(index)) {
            Some(Some(landmark)) => send.emit(UiAction::RunTo(*landmark)),
            Some(None) => send.emit(UiAction::Open(Dialog::Until)),
            None => {}
        }
        select.set_selected_index(0);
    });
    html! {
        <select class="run-to" aria-label={text.get("ui-run-to")} {onchange}>
            <option selected=true>{ text.get("ui-run-to") }</option>
            { for Landmark::ALL.iter().map(|landmark| html! { <option>{ text.get(landmark.key()) }</option> }) }
            <option>{ text.get("ui-run-until") }</option>
        </select>
    }
}

fn skip_waits(page: &Page, text: &Text) -> Html {
    let on = page.model().playback().skips_waits();
    html! {
        <button type="button" class="skip-waits" aria-pressed={on.to_string()} title={text.get("ui-skip-waits-title")}
            onclick={page.on_click(UiAction::Playback(PlaybackCommand::SkipWaits(!on)))}>
            if on { { Icon::Check.html() } }{ text.get("ui-skip-waits") }
        </button>
    }
}
