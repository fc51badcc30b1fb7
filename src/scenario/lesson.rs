//! A lesson as a document: what stands, what happens, what is said, what is asked.
//!
//! Documents are TOML. Lines of the console, conditions and captions are read together with the document, so that a
//! lesson with a slip in it is refused as a whole, with line, column and reason.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, de};

use super::caption::{Bilingual, Caption};
use super::document::from_toml;
use crate::console::{self, Condition, Entry, Expression};
use crate::engine::Setup;
use crate::engine::common::Span;

/// One lesson.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lesson {
    /// Names it in links: lower-case words joined by hyphens.
    pub id: String,
    pub chapter: u32,
    /// Within its chapter.
    pub order: u32,
    /// How long it takes in class.
    pub minutes: u32,
    pub title: Bilingual<String>,
    /// What the learner will see.
    pub promise: Bilingual<String>,
    /// What to keep an eye on.
    pub watch_for: Bilingual<String>,
    #[serde(default)]
    pub setup: Setup,
    pub stage: Stage,
    pub beats: Vec<Beat>,
    /// Tasks to try afterwards; they tick themselves.
    #[serde(default, rename = "try")]
    pub tasks: Vec<Task>,
    pub teacher: Teacher,
}

/// What the page shows of the world.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    #[serde(default)]
    pub layout: Layout,
    /// Empty where there is no Kafka to be seen.
    pub topic: String,
    /// The partition that is drawn large.
    #[serde(default)]
    pub subject: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    #[default]
    Stage,
    /// The point-to-point broker beside the topic.
    QueueAndTopic,
}

/// Something happens; when it has, something is said, and perhaps asked.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Beat {
    #[serde(default)]
    pub title: Option<Bilingual<String>>,
    #[serde(default, rename = "do")]
    pub actions: Vec<Action>,
    /// The clock plays until this holds.
    #[serde(default)]
    pub until: Option<Condition>,
    /// If there is no `until`: the clock plays so long.
    #[serde(default, deserialize_with = "maybe_span")]
    pub wait: Option<Span>,
    /// `until` must come true within so long.
    #[serde(default = "default_within", deserialize_with = "some_span")]
    pub within: Span,
    /// Said while the clock plays.
    #[serde(default)]
    pub watch: Option<Bilingual<Caption>>,
    /// Said when it has happened.
    pub say: Bilingual<Caption>,
    /// Values to remember as `$name`, taken when it has happened.
    #[serde(default)]
    pub keep: BTreeMap<String, Expression>,
    /// Claims; each is checked in every rehearsal.
    #[serde(default)]
    pub expect: Vec<Condition>,
    #[serde(default)]
    pub predict: Option<Prediction>,
}

/// A question whose answer the engine gives.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prediction {
    pub question: Bilingual<Caption>,
    /// What the answer depends on.
    #[serde(default)]
    pub hint: Option<Bilingual<Caption>>,
    pub options: Vec<Choice>,
    /// Evaluated after the reveal; the option with this value, or around it, was right.
    pub answer: Expression,
    #[serde(default)]
    pub reveal: Reveal,
    pub right: Bilingual<Caption>,
    /// One for every option that turns out wrong.
    pub wrong: Vec<Wrong>,
}

/// One possible answer. Its value is computed when the question is put; `[7s, 10s]` stands for a range.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    pub id: String,
    pub value: Expression,
    /// Shown instead of the value.
    #[serde(default)]
    pub text: Option<Bilingual<Caption>>,
}

/// What is done to find out.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reveal {
    #[serde(default, rename = "do")]
    pub actions: Vec<Action>,
    #[serde(default)]
    pub until: Option<Condition>,
    #[serde(default, deserialize_with = "maybe_span")]
    pub wait: Option<Span>,
    #[serde(default = "default_within", deserialize_with = "some_span")]
    pub within: Span,
    #[serde(default)]
    pub keep: BTreeMap<String, Expression>,
    #[serde(default)]
    pub expect: Vec<Condition>,
}

impl Default for Reveal {
    fn default() -> Self {
        Self {
            actions: Vec::new(),
            until: None,
            wait: None,
            within: default_within(),
            keep: BTreeMap::new(),
            expect: Vec::new(),
        }
    }
}

/// Why an option is wrong.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wrong {
    /// The id of the option.
    pub option: String,
    pub why: Bilingual<Caption>,
}

/// Something for the learner to do.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    pub task: Bilingual<String>,
    pub done: Condition,
    /// One way to do it: lines of the console. A rehearsal follows them.
    #[serde(default)]
    pub solution: Vec<String>,
}

/// For whoever stands in front of the class.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Teacher {
    pub aim: Bilingual<String>,
    pub common_wrong: Bilingual<String>,
    pub question: Bilingual<String>,
    pub minutes: u32,
}

/// A line of the console within a lesson: something done or asked. The clock belongs to the lesson.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    pub line: String,
    pub entry: Entry,
}

/// What is wrong with a document, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LessonProblem {
    /// Line and column, counted from 1.
    pub at: Option<(usize, usize)>,
    pub reason: String,
}

impl fmt::Display for LessonProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some((line, column)) => write!(f, "line {line}, column {column}: {}", self.reason),
            None => f.write_str(&self.reason),
        }
    }
}

impl std::error::Error for LessonProblem {}

impl Lesson {
    /// Reads a document.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place.
    pub fn parse(document: &str) -> Result<Self, LessonProblem> {
        let lesson: Self = from_toml(document).map_err(|problem| LessonProblem {
            at: problem.at.map(|span| place(document, span.start)),
            reason: problem.reason,
        })?;
        lesson.check_shape().map_err(|reason| LessonProblem { at: None, reason })?;
        Ok(lesson)
    }

    /// Does every word of the question occur in its titles, its promises or its number? In either language, since
    /// Kafka's own words are the same in both.
    #[must_use]
    pub fn is_about(&self, wanted: &str) -> bool {
        let Bilingual { en, zh } = &self.title;
        let (promise, watch_for) = (&self.promise, &self.watch_for);
        let number = format!("{}.{}", self.chapter, self.order);
        let texts = [&number, &self.id, en, zh, &promise.en, &promise.zh, &watch_for.en, &watch_for.zh];
        let texts = texts.map(|text| text.to_lowercase());
        let words = wanted.to_lowercase();
        words.split_whitespace().all(|word| texts.iter().any(|text| text.contains(word)))
    }

    /// What no single field can say of itself.
    fn check_shape(&self) -> Result<(), String> {
        let plain =
            |id: &str| !id.is_empty() && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if !plain(&self.id) {
            return Err(format!("id = \"{}\": use lower-case letters, digits and hyphens", self.id));
        }
        if self.beats.is_empty() {
            return Err("the lesson has no beats: add one with [[beats]]".to_owned());
        }
        for (index, beat) in self.beats.iter().enumerate() {
            let number = index + 1;
            if beat.until.is_some() && beat.wait.is_some() {
                return Err(format!("beat {number} has both until and wait: keep one of them"));
            }
            let Some(prediction) = &beat.predict else { continue };
            if prediction.options.len() < 2 {
                return Err(format!("the prediction of beat {number} needs at least two options"));
            }
            for (at, option) in prediction.options.iter().enumerate() {
                if prediction.options[..at].iter().any(|other| other.id == option.id) {
                    return Err(format!("the prediction of beat {number} has two options with the id {}", option.id));
                }
            }
            for wrong in &prediction.wrong {
                if !prediction.options.iter().any(|option| option.id == wrong.option) {
                    let ids: Vec<&str> = prediction.options.iter().map(|option| option.id.as_str()).collect();
                    let (option, ids) = (&wrong.option, ids.join(", "));
                    return Err(format!("beat {number} explains the option {option}, but its options are {ids}"));
                }
            }
        }
        Ok(())
    }
}

/// Line and column of a byte.
fn place(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let line_begin = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_begin..].chars().count() + 1)
}

fn default_within() -> Span {
    console::DEFAULT_WITHIN
}

pub(super) fn some_span<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Span, D::Error> {
    console::span(&String::deserialize(deserializer)?).map_err(de::Error::custom)
}

fn maybe_span<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Span>, D::Error> {
    some_span(deserializer).map(Some)
}

impl<'de> Deserialize<'de> for Action {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let line = String::deserialize(deserializer)?;
        let entry = console::parse(&line).map_err(|problem| de::Error::custom(format!("in \"{line}\": {problem}")))?;
        match entry {
            Entry::Act(_) | Entry::Ask(_) => Ok(Self { line, entry }),
            Entry::Wait(_) | Entry::Await { .. } => Err(de::Error::custom(format!(
                "\"{line}\" moves the clock, which is the lesson's: use until or wait of the beat"
            ))),
            Entry::Expect(_) => {
                Err(de::Error::custom(format!("\"{line}\" belongs into the beat's own list: expect = [\"…\"]")))
            }
            Entry::Nothing => Err(de::Error::custom("an empty line: leave it out")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = r#"
id = "small"
chapter = 1
order = 1
minutes = 5
title = { en = "Small", zh = "小" }
promise = { en = "p", zh = "诺" }
watch_for = { en = "w", zh = "看" }
stage = { topic = "orders" }
teacher = { aim = { en = "a", zh = "一" }, common_wrong = { en = "b", zh = "二" }, question = { en = "c", zh = "三" }, minutes = 5 }

[[beats]]
do = ["kafka-topics --create --topic orders"]
until = "leader(orders-0) != none"
within = "30s"
say = { en = "Broker {leader(orders-0)} leads.", zh = "Broker {leader(orders-0)} 是 leader。" }
"#;

    #[test]
    fn a_document_becomes_a_lesson() {
        let lesson = Lesson::parse(SMALL).unwrap();
        let beat = &lesson.beats[0];
        assert_eq!((beat.within, beat.actions.len(), lesson.stage.layout), (Span::secs(30), 1, Layout::Stage));
        assert_eq!(beat.say.en.segments().len(), 3);
        assert_eq!(lesson.setup, Setup::default());
    }

    #[test]
    fn a_slip_is_told_with_line_column_and_reason() {
        for (from, to, expected) in [
            ("minutes = 5\ntitle", "minuts = 5\ntitle", "line 5, column 1: unknown field `minuts`"),
            ("until = \"leader", "until = \"leadr", "line 14, column 9: "),
            ("kafka-topics --create", "kafka-topic --create", "line 13, column 6: "),
            ("within = \"30s\"", "within = \"30\"", "line 15, column 10: '30' is no length of time"),
            ("Broker {leader(orders-0)} leads.", "Broker {leader(orders-0} leads.", "line 16, column 14: "),
            (", zh = \"小\"", "", "line 6, column 9: missing field `zh`"),
            ("id = \"small\"", "id = \"Small\"", "id = \"Small\": use lower-case"),
            (
                "\"kafka-topics --create --topic orders\"",
                "\"wait 3s\"",
                "line 13, column 6: \"wait 3s\" moves the clock",
            ),
        ] {
            assert!(SMALL.contains(from), "{from}");
            let problem = Lesson::parse(&SMALL.replace(from, to)).unwrap_err().to_string();
            assert!(problem.starts_with(expected), "{problem}");
        }
    }
}
