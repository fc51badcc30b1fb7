//! Two runs that differ in one thing: what both get, what sets them apart, and what is measured on both.
//!
//! A comparison is a document. Its lines are typed on both sides, with the side's own words filled in where a line says
//! `{acks}`; so what differs is what is filled in, and nothing else. Every claim of a side is a condition that must hold
//! at the end, so that playing it without a page is its test.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::caption::{Bilingual, Caption};
use super::document::from_toml;
use super::lesson::some_span;
use super::moves::{Move, moves};
use crate::console::{Condition, Expression};
use crate::engine::Setup;
use crate::engine::common::Span;

/// The documents, compiled into the program, in the order in which they are offered.
const DOCUMENTS: &[&str] = &[
    include_str!("comparisons/queue-or-topic.toml"),
    include_str!("comparisons/acks.toml"),
    include_str!("comparisons/zookeeper-or-kraft.toml"),
    include_str!("comparisons/unclean-election.toml"),
    include_str!("comparisons/min-insync.toml"),
    include_str!("comparisons/commit.toml"),
    include_str!("comparisons/eager-or-cooperative.toml"),
    include_str!("comparisons/linger.toml"),
];

/// Two runs under one clock.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// Names it in links: lower-case words joined by hyphens.
    pub id: String,
    pub title: Bilingual<String>,
    /// What happens on both sides.
    pub about: Bilingual<String>,
    /// The topic that is shown; empty where there is none.
    pub topic: String,
    /// The partition that is drawn large.
    #[serde(default)]
    pub subject: u32,
    /// Where the clock stands at first: what lies before is preparation.
    #[serde(deserialize_with = "some_span")]
    pub from: Span,
    #[serde(default)]
    setup: Setup,
    #[serde(default)]
    lines: Vec<String>,
    pub left: Side,
    pub right: Side,
    pub measures: Vec<Measure>,
}

/// One of the two.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Side {
    pub name: Bilingual<String>,
    /// What comes of it, in a sentence with values.
    pub says: Bilingual<Caption>,
    /// What its lines say in place of `{name}`.
    #[serde(default)]
    fill: BTreeMap<String, String>,
    /// In place of the common setup.
    #[serde(default)]
    setup: Option<Setup>,
    /// In place of the common lines.
    #[serde(default)]
    lines: Option<Vec<String>>,
    /// What must hold at the end.
    expect: Vec<Condition>,
}

/// One row of the table under the stages.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measure {
    pub label: Bilingual<String>,
    ask: Expression,
    /// Where the right side is asked something else.
    #[serde(default)]
    ask_right: Option<Expression>,
}

impl Measure {
    /// What is asked of the left side and of the right one.
    #[must_use]
    pub fn asked(&self) -> [&Expression; 2] {
        [&self.ask, self.ask_right.as_ref().unwrap_or(&self.ask)]
    }
}

impl Comparison {
    /// Those that come with the program.
    ///
    /// # Panics
    /// If one of them cannot be read; a test reads them all.
    #[must_use]
    pub fn builtin() -> Vec<Self> {
        DOCUMENTS.iter().map(|document| from_toml(document).expect("a built-in comparison is sound")).collect()
    }

    #[must_use]
    pub fn sides(&self) -> [&Side; 2] {
        [&self.left, &self.right]
    }

    #[must_use]
    pub fn setup<'a>(&'a self, side: &'a Side) -> &'a Setup {
        side.setup.as_ref().unwrap_or(&self.setup)
    }

    /// What is typed on this side.
    #[must_use]
    pub fn lines(&self, side: &Side) -> Vec<String> {
        let lines = side.lines.as_ref().unwrap_or(&self.lines);
        let fill = |line: &String| {
            side.fill.iter().fold(line.clone(), |line, (name, word)| line.replace(&format!("{{{name}}}"), word))
        };
        lines.iter().map(fill).collect()
    }

    /// What is to be done to a fresh world on this side, in order.
    ///
    /// # Errors
    /// The line that the console does not understand, and why.
    pub fn moves(&self, side: &Side) -> Result<Vec<Move>, String> {
        moves(&self.lines(side))
    }
}

impl Side {
    #[must_use]
    pub fn expected(&self) -> &[Condition] {
        &self.expect
    }
}
