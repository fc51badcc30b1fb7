//! The clock: virtual time, told anew in every frame, with the event's number and the seed.

use yew::prelude::*;

use crate::app::i18n::use_text;
use crate::app::state::page::use_page;
use crate::engine::common::Span;

/// A shorter wait would be told as 0.0 seconds.
const WORTH_TELLING: Span = Span::millis(100);

#[component]
pub fn Clock() -> Html {
    let (page, text) = (use_page(), use_text());
    let shown = use_node_ref();
    let step_shown = use_node_ref();
    let tell = {
        let (model, shown, step_shown) = (page.shared_model(), shown.clone(), step_shown.clone());
        // These two texts belong to the frame, not to the drawing of components, so nothing else writes to them.
        Callback::from(move |()| {
            let model = model.borrow();
            let session = model.session();
            if let Some(node) = shown.get() {
                node.set_text_content(Some(&session.now().to_string()));
            }
            if let Some(node) = step_shown.get() {
                node.set_text_content(Some(&session.world().step_count().to_string()));
            }
        })
    };
    {
        let (tell, frames) = (tell.clone(), page.frames.clone());
        use_effect_with(page.run(), move |_| {
            let listening = frames.listen(tell);
            move || drop(listening)
        });
    }
    use_effect(move || tell.emit(()));
    let model = page.model();
    let note = if model.is_at_work() {
        Some(text.get("ui-clock-working"))
    } else if model.is_behind() {
        Some(text.get("ui-clock-behind"))
    } else {
        model.skipped().filter(|span| *span >= WORTH_TELLING).map(|span| {
            let seconds = format!("{}.{}", span.0 / 1_000_000, span.0 / 100_000 % 10);
            text.get_with("ui-clock-skipped", &[("seconds", seconds.into())])
        })
    };
    html! {
        <div class="clock">
            <p class="clock__time"><output ref={shown} data-clock="" aria-live="off" /><small>{ "s" }</small></p>
            <p class="clock__meta">
                <span>{ text.get("ui-event") }{ " " }<b ref={step_shown} /></span>
                <span>{ text.get("ui-seed") }{ " " }<b>{ format!("{:x}", model.session().setup().seed) }</b></span>
            </p>
            if let Some(note) = note { <p class="clock__note">{ note }</p> }
        </div>
    }
}
