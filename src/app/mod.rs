//! The page: the only part of Kafkascope that knows Yew, the DOM and a canvas.
//!
//! Components are pure functions of their props and report upward; what they draw is a [`crate::view::scene::Scene`],
//! made by the root component ([`app`]) from the run it holds ([`state`]). What moves between two steps is painted by
//! [`canvas`] on one overlay.

#[allow(clippy::module_inception, reason = "the folder is named after its main component")]
pub mod app;
pub mod canvas;
pub mod components;
pub mod gallery;
pub mod hooks;
pub mod i18n;
mod opening;
mod parking;
pub mod selection;
pub mod state;

use wasm_bindgen::JsCast;

/// Draws the page into the document's body: the gallery of states if the address asks for it, else the whole page.
pub fn mount() {
    state::rescue::install_hook();
    if state::prefs::Query::of_page().has("gallery") {
        yew::Renderer::<gallery::GalleryPage>::new().render();
    } else {
        yew::Renderer::<app::App>::new().render();
    }
}

/// Plays a saved run to its position and says its fingerprint; the sentence of the refusal if it is none.
///
/// For tests: the same text, played natively, must give the same answer.
#[wasm_bindgen::prelude::wasm_bindgen]
#[must_use]
pub fn replay_fingerprint(run: &str) -> String {
    let run: crate::session::Run = match crate::scenario::document::from_json(run) {
        Ok(run) => run,
        Err(problem) => return problem.to_string(),
    };
    match crate::session::Session::replay(&run) {
        Ok(session) => session.world().fingerprint().to_string(),
        Err(refusal) => refusal.to_string(),
    }
}

/// Plays the standard load for so many events and says how long that took, beside a bare queue: what
/// `./dev bench page` prints. The fingerprint is that of the native bench for the same number of events.
#[wasm_bindgen::prelude::wasm_bindgen]
#[must_use]
pub fn measure(events: u32) -> String {
    use crate::scenario::standard::{bare_map, play, standard_world};
    use hooks::frame_loop::now_ms;
    let events = u64::from(events);
    let world = standard_world();
    let begun = now_ms();
    let world = play(world, events);
    let played = now_ms();
    bare_map(events, world.kernel().pending_events().max(1));
    let (engine_ms, map_ms) = (played - begun, now_ms() - played);
    serde_json::json!({
        "events": events,
        "engine_ms": engine_ms,
        "map_ms": map_ms,
        "virtual_ms": world.now().0 / 1_000,
        "fingerprint": world.fingerprint().to_string(),
    })
    .to_string()
}

/// The root element: theme, presenter mode and language are its attributes, so that CSS sees them everywhere.
///
/// `None` outside a browser.
#[must_use]
pub fn root_element() -> Option<web_sys::HtmlElement> {
    web_sys::window()?.document()?.document_element()?.dyn_into().ok()
}
