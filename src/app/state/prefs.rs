//! What the browser remembers between visits: theme, language, presenter mode, and how far each lesson was read.
//!
//! Storage may be forbidden or full; then the page works all the same and forgets.

use std::collections::BTreeMap;

use gloo::storage::{LocalStorage, Storage};
use serde::{Deserialize, Serialize};

use super::ui::{Theme, Ui};
use crate::app::i18n::Lang;

const KEY: &str = "kafkascope";

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Prefs {
    pub theme: Option<String>,
    pub language: Option<String>,
    pub presenter: bool,
    /// Lesson id → how many of its steps were read.
    pub progress: BTreeMap<String, usize>,
}

impl Prefs {
    #[must_use]
    pub fn load() -> Self {
        LocalStorage::get(KEY).unwrap_or_default()
    }

    pub fn save(&self) {
        // Nothing to be done where storage is forbidden.
        let _ = LocalStorage::set(KEY, self);
    }

    /// Takes over what the page's state holds; true if anything changed.
    pub fn note(&mut self, ui: &Ui) -> bool {
        let before = (self.theme.clone(), self.language.clone(), self.presenter);
        self.theme = Some(ui.theme.name().to_owned());
        self.language = Some(ui.lang.tag().to_owned());
        self.presenter = ui.presenter;
        before != (self.theme.clone(), self.language.clone(), self.presenter)
    }

    /// Notes how far a lesson was read; true if that is further than ever.
    pub fn note_progress(&mut self, lesson: &str, steps: usize) -> bool {
        let read = self.progress.entry(lesson.to_owned()).or_default();
        let further = steps > *read;
        *read = steps.max(*read);
        further
    }

    /// The page's state at the start: what the address asks for, else what is remembered, else what the system likes.
    #[must_use]
    pub fn ui(&self, query: &Query) -> Ui {
        let language = query.get("lang").or_else(|| self.language.clone()).or_else(browser_language);
        let theme = query.get("theme").or_else(|| self.theme.clone());
        let dark = theme.map_or_else(prefers_dark, |name| name == Theme::Dark.name());
        Ui {
            lang: language.as_deref().map(Lang::from_tag).unwrap_or_default(),
            theme: if dark { Theme::Dark } else { Theme::Light },
            presenter: self.presenter || query.has("presenter"),
            ..Ui::default()
        }
    }
}

/// The part of the address behind the question mark.
pub struct Query(Option<web_sys::UrlSearchParams>);

impl Query {
    #[must_use]
    pub fn of_page() -> Self {
        let search = web_sys::window().and_then(|window| window.location().search().ok()).unwrap_or_default();
        Self(web_sys::UrlSearchParams::new_with_str(&search).ok())
    }

    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        self.0.as_ref()?.get(name)
    }

    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.as_ref().is_some_and(|params| params.has(name))
    }
}

fn browser_language() -> Option<String> {
    web_sys::window()?.navigator().language()
}

fn prefers_dark() -> bool {
    let query = web_sys::window().and_then(|window| window.match_media("(prefers-color-scheme: dark)").ok().flatten());
    query.is_some_and(|query| query.matches())
}
