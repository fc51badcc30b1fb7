//! Reads a document of the program's own: TOML on paper, taken apart as JSON's value.
//!
//! The code that reads a type is generated anew for every format it is read from, and commands and setups stand in
//! documents as well as in saved runs. By way of one value they are generated once, which spares the page a tenth of
//! its size.

use std::ops::Range;

use serde::de::DeserializeOwned;
use serde_json::Value;

/// What is wrong, and with which bytes of the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentProblem {
    pub at: Option<Range<usize>>,
    pub reason: String,
}

impl From<toml::de::Error> for DocumentProblem {
    fn from(error: toml::de::Error) -> Self {
        Self { at: error.span(), reason: error.message().to_owned() }
    }
}

/// Reads TOML.
///
/// # Errors
/// The first thing that is wrong.
pub fn from_toml<T: DeserializeOwned>(document: &str) -> Result<T, DocumentProblem> {
    let value: Value = toml::from_str(document)?;
    serde_json::from_value(value).map_err(|error| located::<T>(document, &error))
}

/// Reads JSON.
///
/// # Errors
/// The first thing that is wrong.
pub fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, serde_json::Error> {
    serde_json::from_str(text).and_then(serde_json::from_value::<T>)
}

/// A value has forgotten where in the document it stood. Whoever writes documents writes them natively, and there a
/// second, direct reading says it; the page reads only what a test has read before.
#[cfg(not(target_arch = "wasm32"))]
fn located<T: DeserializeOwned>(document: &str, error: &serde_json::Error) -> DocumentProblem {
    match toml::from_str::<T>(document) {
        Err(located) => located.into(),
        Ok(_) => DocumentProblem { at: None, reason: error.to_string() },
    }
}

#[cfg(target_arch = "wasm32")]
#[expect(clippy::extra_unused_type_parameters, reason = "called as it is natively")]
fn located<T>(_: &str, error: &serde_json::Error) -> DocumentProblem {
    DocumentProblem { at: None, reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Setup;

    #[test]
    fn both_notations_come_to_the_same() {
        let toml: Setup = from_toml("seed = 7\ncontrollers = [101, 102, 103]").unwrap();
        let json: Setup = from_json(&serde_json::to_string(&toml).unwrap()).unwrap();
        assert_eq!((toml.seed, &toml), (7, &json));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let document = "seed = 7\ncontroler = [101]";
        let problem = from_toml::<Setup>(document).unwrap_err();
        assert_eq!(&document[problem.at.clone().unwrap()], "controler");
        assert!(problem.reason.contains("unknown field"), "{problem:?}");
        assert_eq!(&"a = = 1"[from_toml::<Setup>("a = = 1").unwrap_err().at.unwrap()], "=");
    }
}
