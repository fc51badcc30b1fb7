//! The reader's run is never lost: it is kept as text while it is played, and offered back if the simulator stops.
//!
//! After a panic no Rust of this page can be trusted to run again, so what the reader sees then is plain DOM whose
//! buttons are links: one starts the page over from the run that was kept, the other saves that run to a file.

use std::cell::RefCell;

use gloo::storage::{SessionStorage, Storage};
use wasm_bindgen::JsCast;
use web_sys::{Document, Element};

use super::clock::last_event;
use crate::app::i18n::{Lang, Text};
use crate::session::{Run, Session};

const KEY: &str = "kafkascope-run";
/// Set while a kept run is being restored: a run that panics again must not be offered a second time.
const RESTORING: &str = "kafkascope-restoring";
/// In the address: start from the run that was kept.
pub const RESTORE: &str = "restore";
const OVERLAY: &str = "rescue";

thread_local! {
    static LANG: RefCell<Lang> = const { RefCell::new(Lang::En) };
    /// Where the run that is kept belongs: a lesson's id, or none for the sandbox.
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Tells the hook which language the page speaks, and which part of the page to come back to.
pub fn note_page(lang: Lang, place: &str) {
    LANG.replace(lang);
    PLACE.replace(place.to_owned());
}

/// Keeps the run as it stands. Storage may be full or forbidden; the run in memory is not touched by that.
pub fn keep(session: &Session) {
    let _ = SessionStorage::set(KEY, session.run());
}

/// The run that was kept, unless restoring it has failed before.
#[must_use]
pub fn kept() -> Option<Run> {
    let failed_before: bool = SessionStorage::get(RESTORING).unwrap_or(false);
    if failed_before {
        return None;
    }
    SessionStorage::get(KEY).ok().and_then(|run| serde_json::from_value(run).ok())
}

/// Replays the run that was kept, so far as this version still accepts it.
#[must_use]
pub fn restored() -> Option<Session> {
    let run = kept()?;
    let _ = SessionStorage::set(RESTORING, true);
    let session = Session::replay(&run).ok();
    SessionStorage::delete(RESTORING);
    session
}

/// Installs the hook that shows the overlay. Told to Yew, which would otherwise put its own in place.
pub fn install_hook() {
    yew::set_custom_panic_hook(Box::new(|info| {
        console_error_panic_hook::hook(info);
        // Without a document there is nothing to show it on; the console has the message.
        let _ = show_overlay();
    }));
}

fn show_overlay() -> Option<()> {
    let document = web_sys::window()?.document()?;
    if document.get_element_by_id(OVERLAY).is_some() {
        return None;
    }
    let text = Text::of(LANG.with(|lang| lang.try_borrow().map(|lang| *lang)).unwrap_or_default());
    let overlay = element(&document, "div", "rescue")?;
    overlay.set_id(OVERLAY);
    overlay.set_attribute("role", "alertdialog").ok()?;
    overlay.set_attribute("aria-modal", "true").ok()?;
    overlay.set_attribute("aria-labelledby", "rescue-title").ok()?;
    let card = element(&document, "div", "rescue__card")?;
    let title = element(&document, "h2", "rescue__title")?;
    title.set_id("rescue-title");
    title.set_text_content(Some(&text.get_with("ui-rescue-title", &[("event", last_event().into())])));
    let body = element(&document, "p", "rescue__text")?;
    body.set_text_content(Some(&text.get("ui-rescue-text")));
    let buttons = element(&document, "p", "rescue__buttons")?;
    let run: Option<String> =
        web_sys::window()?.session_storage().ok()?.and_then(|storage| storage.get_item(KEY).ok()?);
    if let Some(run) = run {
        let back = link(&document, &text.get("ui-rescue-back"), &address_of_restored())?;
        back.set_class_name("button button--primary");
        buttons.append_child(&back).ok()?;
        let data = format!("data:application/json;charset=utf-8,{}", js_sys::encode_uri_component(&run));
        let save = link(&document, &text.get("ui-rescue-save"), &data)?;
        save.set_attribute("download", "kafkascope-run.json").ok()?;
        save.set_class_name("button button--edge");
        buttons.append_child(&save).ok()?;
    }
    let over = link(&document, &text.get("ui-rescue-over"), ".")?;
    over.set_class_name("button button--quiet");
    buttons.append_child(&over).ok()?;
    for part in [&title, &body, &buttons] {
        card.append_child(part).ok()?;
    }
    overlay.append_child(&card).ok()?;
    document.body()?.append_child(&overlay).ok()?;
    document.document_element()?.set_attribute("data-stopped", "").ok()?;
    let first = buttons.first_element_child()?.dyn_into::<web_sys::HtmlElement>().ok()?;
    first.focus().ok()
}

/// The page's own address, asked to start from what was kept.
fn address_of_restored() -> String {
    let place = PLACE.with(|place| place.try_borrow().map(|place| place.clone())).unwrap_or_default();
    if place.is_empty() {
        format!("?{RESTORE}&mode=sandbox")
    } else {
        format!("?{RESTORE}&lesson={}", js_sys::encode_uri_component(&place))
    }
}

fn element(document: &Document, tag: &str, class: &str) -> Option<Element> {
    let element = document.create_element(tag).ok()?;
    element.set_class_name(class);
    Some(element)
}

fn link(document: &Document, label: &str, address: &str) -> Option<Element> {
    let link = document.create_element("a").ok()?;
    link.set_attribute("href", address).ok()?;
    link.set_text_content(Some(label));
    Some(link)
}
