//! What a screen reader hears of the run: the newest fact, politely, and at most once a second while it plays.

use gloo::timers::callback::Timeout;
use yew::prelude::*;

use crate::app::i18n::use_text;
use crate::app::state::narration;
use crate::app::state::page::use_page;

const PAUSE_MS: u32 = 1_000;

#[component]
pub fn Live() -> Html {
    let (page, text) = (use_page(), use_text());
    let said = use_state_eq(String::new);
    let waiting = use_mut_ref(|| None::<Timeout>);
    let latest = use_mut_ref(String::new);
    let (now, playing) = {
        let model = page.model();
        let session = model.session();
        let playing = model.playback().is_playing();
        (narration::newest(&text, session.world(), session.past(), playing), playing)
    };
    use_effect_with((now, playing), {
        let said = said.setter();
        move |(now, playing)| {
            latest.replace(now.clone());
            if !*playing {
                waiting.replace(None);
                said.set(now.clone());
                return;
            }
            let mut slot = waiting.borrow_mut();
            if slot.is_none() {
                let (waiting, latest) = (waiting.clone(), latest.clone());
                *slot = Some(Timeout::new(PAUSE_MS, move || {
                    waiting.replace(None);
                    said.set(latest.borrow().clone());
                }));
            }
        }
    });
    html! { <p class="sr" aria-live="polite" aria-atomic="true" data-live="">{ (*said).clone() }</p> }
}
