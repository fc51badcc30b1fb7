//! How fast virtual time runs: a slider with a logarithmic scale, marked at the decades.

use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::app::i18n::use_text;
use crate::app::state::action::UiAction;
use crate::app::state::page::use_page;
use crate::session::{PlaybackCommand, Speed};

#[component]
pub fn SpeedSlider() -> Html {
    let (page, text) = (use_page(), use_text());
    let playback = page.model().playback();
    let last = Speed::STOPS.len() - 1;
    let oninput = {
        let send = page.sender();
        Callback::from(move |event: InputEvent| {
            let input = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
            if let Some(stop) = input.and_then(|input| input.value().parse().ok()) {
                send.emit(UiAction::Playback(PlaybackCommand::SetStop(stop)));
            }
        })
    };
    let percent = |stop: usize| stop * 100 / last;
    let decades = Speed::STOPS.iter().enumerate().filter(|(_, speed)| is_decade(**speed));
    html! {
        <label class="speed">
            <span>{ text.get("ui-speed") }</span>
            <span class="speed__rail">
                { for decades.map(|(stop, _)| html! { <i style={format!("--x:{}", percent(stop))} /> }) }
                <input type="range" min="0" max={last.to_string()} step="1" value={playback.stop().to_string()}
                    aria-valuetext={playback.speed().label()} {oninput} />
            </span>
            <output>{ playback.speed().label() }</output>
        </label>
    }
}

/// 1/100×, 1/10×, 1×, 10×, 100×, 1000×.
fn is_decade(speed: Speed) -> bool {
    [speed.virtual_part, speed.wall_part].into_iter().all(|part| matches!(part, 1 | 10 | 100 | 1_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_decades_are_marked() {
        assert_eq!(Speed::STOPS.into_iter().filter(|speed| is_decade(*speed)).count(), 6);
    }
}
