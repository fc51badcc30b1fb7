//! Listens to the keyboard for the whole page and looks up what a key means.

use gloo::events::{EventListener, EventListenerOptions, EventListenerPhase};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, KeyboardEvent};

use crate::app::state::keys::{Deed, Focused, Press, deed};

/// What takes text: letters belong to it.
const TEXT: &str = "input:not([type=range]):not([type=checkbox]):not([type=file]), textarea, [contenteditable]";

/// What has its own use for Space, arrows, Home and End.
const CONTROL: &str =
    "button, a, select, summary, input, textarea, [role=slider], [role=tab], [role=radio], [role=menu]";

/// The figure moves its own focus with the arrows.
const FIGURE: &str = "[role=application]";

/// Calls back with every deed that a key asks for, as long as it lives.
#[must_use]
pub fn listen(on_deed: impl Fn(Deed) + 'static) -> Option<EventListener> {
    let document = web_sys::window()?.document()?;
    // On the way down, so that Space plays even where the figure would take it for a click.
    let options = EventListenerOptions { phase: EventListenerPhase::Capture, passive: false };
    Some(EventListener::new_with_options(&document, "keydown", options, move |event| {
        let Some(event) = event.dyn_ref::<KeyboardEvent>() else { return };
        if event.default_prevented() || event.is_composing() {
            return;
        }
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let is = |what: &str| target.as_ref().is_some_and(|target| target.closest(what).ok().flatten().is_some());
        // A dialog and a menu keep their keys to themselves.
        if is("[role=dialog], [role=alertdialog], [role=menu]") {
            return;
        }
        let key = event.key();
        let press = Press {
            key: &key,
            shift: event.shift_key(),
            alt: event.alt_key(),
            ctrl: event.ctrl_key() || event.meta_key(),
            typing: is(TEXT),
            on: match () {
                () if is(CONTROL) => Focused::Control,
                () if is(FIGURE) => Focused::Figure,
                () => Focused::Page,
            },
        };
        if let Some(deed) = deed(press) {
            event.prevent_default();
            event.stop_propagation();
            on_deed(deed);
        }
    }))
}

/// Is the reader writing into something other than `own`?
#[must_use]
pub fn is_typing_elsewhere(own: &HtmlElement) -> bool {
    let active = web_sys::window().and_then(|window| window.document()).and_then(|document| document.active_element());
    active.is_some_and(|active| {
        let own: &Element = own;
        active != *own && active.matches(TEXT).unwrap_or(false)
    })
}

/// Puts the focus on what a selector finds.
pub fn focus(selector: &str) {
    let found = web_sys::window()
        .and_then(|window| window.document())
        .and_then(|document| document.query_selector(selector).ok().flatten())
        .and_then(|element| element.dyn_into::<HtmlElement>().ok());
    if let Some(element) = found {
        // An element that cannot have the focus is left without it.
        let _ = element.focus();
    }
}
