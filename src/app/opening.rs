//! Which run the page opens with, and how the address names it.

use super::state::compare::{self, Compared, Rival, comparisons};
use super::state::lesson::{LessonRun, catalog};
use super::state::model::Model;
use super::state::prefs::Query;
use super::state::ui::{Mode, Ui};
use super::state::{rescue, sandbox};
use crate::engine::Setup;
use crate::session::Session;

/// The run that the page starts with: the one that was kept, a comparison, a lesson, or the sandbox.
pub fn first_model(query: &Query, ui: &mut Ui) -> (Model, Option<Rival>) {
    let restored = query.has(rescue::RESTORE).then(rescue::restored).flatten();
    let wants_sandbox = query.get("mode").is_some_and(|mode| mode == "sandbox")
        || address().is_some_and(|address| address.starts_with("#/sandbox"));
    if let Some(session) = restored {
        // The player of a lesson is not kept: what is restored is played on by hand. Another reload starts afresh.
        let path = web_sys::window().and_then(|window| window.location().pathname().ok()).unwrap_or_default();
        write_address(&format!("{path}#/sandbox"));
        ui.mode = Mode::Sandbox;
        return (Model::new(session), None);
    }
    if let Some(id) = compared_in(query)
        && let Ok([left, right]) = compare::open(&id)
    {
        (ui.mode, ui.compared) = (Mode::Compare, Some(Compared::Ready(id)));
        return (left, Some(Rival::new(right)));
    }
    if !wants_sandbox {
        let asked = query.get("lesson").or_else(lesson_in_address);
        let first = || catalog().lessons().first().map(|lesson| lesson.id.clone());
        for id in [asked, first()].into_iter().flatten() {
            if let Ok((lesson, session)) = LessonRun::open(&id) {
                ui.mode = Mode::Lessons;
                return (Model::of_lesson(session, lesson), None);
            }
        }
    }
    let template = sandbox::template(&template_of_page(query));
    let session = sandbox::session(template, template.setup.clone()).unwrap_or_else(|_| bare_session());
    ui.mode = Mode::Sandbox;
    (Model::new(session), None)
}

/// `?compare=acks`, or `#/compare/acks`; the first there is for a name that nothing has.
fn compared_in(query: &Query) -> Option<String> {
    let in_address = || Some(address()?.strip_prefix("#/compare/")?.to_owned());
    let asked = query.get("compare").or_else(in_address)?;
    let known = compare::comparison(&asked).or(comparisons().first())?;
    Some(known.id.clone())
}

pub fn comparison_address(what: &Compared) -> String {
    match what {
        Compared::Ready(id) => format!("#/compare/{id}"),
        // Branches are not in the address: a reload begins with the sandbox.
        Compared::Branches(_) | Compared::Turned { .. } => "#/sandbox".to_owned(),
    }
}

/// `?template=ten-brokers`, or `#/sandbox/ten-brokers`; empty for the default.
pub fn template_of_page(query: &Query) -> String {
    let in_address = || Some(address()?.strip_prefix("#/sandbox/")?.to_owned());
    query.get("template").or_else(in_address).unwrap_or_default()
}

pub fn sandbox_address(template: &str) -> String {
    if template == sandbox::templates()[0].id { "#/sandbox".to_owned() } else { format!("#/sandbox/{template}") }
}

fn bare_session() -> Session {
    Session::new(Setup::default()).expect("the default setup is sound; a test of the engine starts it")
}

fn address() -> Option<String> {
    web_sys::window()?.location().hash().ok()
}

/// `#/lesson/leader-failover`
pub fn lesson_in_address() -> Option<String> {
    Some(address()?.strip_prefix("#/lesson/")?.to_owned())
}

/// Replaces the address without a new entry in the history: Back leaves the page, as everywhere.
pub fn write_address(hash: &str) {
    if let Some(history) = web_sys::window().and_then(|window| window.history().ok()) {
        // Forbidden in a file opened without a server; the page works all the same.
        let _ = history.replace_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(hash));
    }
}
