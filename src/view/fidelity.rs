//! What is simulated as in Kafka, what is simplified and how, and what is left out and why: one file for both languages,
//! and a test that holds every claim against the tests of this crate.

use serde::Deserialize;

use crate::scenario::document::from_toml;

const FILE: &str = include_str!("../../static/fidelity.toml");

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fidelity {
    #[serde(rename = "chapter")]
    pub chapters: Vec<Chapter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chapter {
    pub id: String,
    pub en: String,
    pub zh: String,
    #[serde(rename = "entry")]
    pub entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub is: Status,
    /// Class or KIP of Kafka.
    pub source: String,
    pub en: String,
    pub zh: String,
    /// Tests that fail if it is not so.
    #[serde(default)]
    pub tests: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// As in Kafka, and a test shows it.
    Simulated,
    /// Less than Kafka does, in the way that is told.
    Simplified,
    LeftOut,
}

impl Status {
    pub const ALL: [Self; 3] = [Self::Simulated, Self::Simplified, Self::LeftOut];

    /// Its message in the texts.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Simulated => "ui-fidelity-simulated",
            Self::Simplified => "ui-fidelity-simplified",
            Self::LeftOut => "ui-fidelity-left-out",
        }
    }
}

/// The whole list.
///
/// # Panics
/// Never: a test reads the same file.
#[must_use]
pub fn fidelity() -> Fidelity {
    from_toml(FILE).expect("the file is part of the crate and a test reads it")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    /// Names of all test functions below `folder`.
    fn tests_below(folder: &Path, names: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() && !path.ends_with("node_modules") {
                tests_below(&path, names);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let lines: Vec<&str> = text.lines().map(str::trim).collect();
                for pair in lines.windows(2).filter(|pair| pair[0] == "#[test]") {
                    names
                        .extend(pair[1].strip_prefix("fn ").and_then(|rest| rest.split('(').next()).map(str::to_owned));
                }
            }
        }
    }

    #[test]
    fn what_is_called_simulated_is_tested() {
        let top = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut names = BTreeSet::new();
        for folder in ["src", "tests"] {
            tests_below(&top.join(folder), &mut names);
        }
        for entry in fidelity().chapters.iter().flat_map(|chapter| &chapter.entries) {
            assert_eq!(entry.is == Status::Simulated, !entry.tests.is_empty(), "{}", entry.en);
            for test in &entry.tests {
                assert!(names.contains(test), "'{}' is claimed by a test that does not exist: {test}", entry.en);
            }
        }
    }

    #[test]
    fn every_entry_is_a_whole_sentence_in_both_languages() {
        let list = fidelity();
        let ids: BTreeSet<&str> = list.chapters.iter().map(|chapter| chapter.id.as_str()).collect();
        assert_eq!(ids.len(), list.chapters.len());
        for entry in list.chapters.iter().flat_map(|chapter| &chapter.entries) {
            assert!(entry.en.ends_with('.') && entry.zh.ends_with('。') && !entry.source.is_empty(), "{}", entry.en);
        }
    }
}
