//! What is said: text in two languages, with values that are computed when it is shown.
//!
//! `{hw(orders-0)}` shows a value; `{leader(orders-0)|the leader}` shows words that stand for one. The page gives both
//! the glyph of the thing they speak of. `{{` is a brace.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::console::query::{self, Kind};
use crate::console::{Expression, QueryProblem, Scope, Value};

/// The languages of the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    #[default]
    En,
    Zh,
}

impl Language {
    pub const ALL: [Self; 2] = [Self::En, Self::Zh];
}

/// The same in both languages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bilingual<T> {
    pub en: T,
    pub zh: T,
}

impl<T> Bilingual<T> {
    #[must_use]
    pub fn get(&self, language: Language) -> &T {
        match language {
            Language::En => &self.en,
            Language::Zh => &self.zh,
        }
    }

    /// Both, each made into something else.
    ///
    /// # Errors
    /// The first that comes.
    pub fn try_map<U, E>(&self, mut make: impl FnMut(&T) -> Result<U, E>) -> Result<Bilingual<U>, E> {
        Ok(Bilingual { en: make(&self.en)?, zh: make(&self.zh)? })
    }
}

/// Text with places for values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Caption {
    source: String,
    segments: Vec<Segment>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Segment {
    Text(String),
    Value {
        expression: Expression,
        /// Shown in place of the value.
        words: Option<String>,
    },
}

/// A piece of a caption as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    pub text: String,
    /// What the piece speaks of, if it is more than text.
    pub of: Option<ShownValue>,
}

/// The value behind a piece of text.
#[derive(Clone, Debug, PartialEq)]
pub struct ShownValue {
    pub kind: Kind,
    pub value: Value,
    /// The formula, for whoever asks where the value comes from.
    pub expression: String,
}

impl Caption {
    /// Reads a template.
    ///
    /// # Errors
    /// A brace that is not closed, or an expression that makes no sense, with the column in the template.
    pub fn parse(source: &str) -> Result<Self, QueryProblem> {
        let mut segments = Vec::new();
        let mut text = String::new();
        let mut rest = source;
        while let Some(at) = rest.find(['{', '}']) {
            let column = source[..source.len() - rest.len() + at].chars().count() + 1;
            let problem = |what: &str, mend: &str| QueryProblem { column, what: what.into(), mend: mend.into() };
            text.push_str(&rest[..at]);
            let (brace, after) = (&rest[at..=at], &rest[at + 1..]);
            if after.starts_with(brace) {
                text.push_str(brace);
                rest = &after[1..];
                continue;
            }
            if brace == "}" {
                return Err(problem("a '}' without its '{'", "write }} for a brace of the text's own"));
            }
            let Some(end) = after.find('}') else {
                return Err(problem(
                    "a '{' is not closed",
                    "close it with '}', or write {{ for a brace of the text's own",
                ));
            };
            let inside = &after[..end];
            let (formula, words) = match inside.split_once('|') {
                Some((formula, words)) => (formula, Some(words.to_owned())),
                None => (inside, None),
            };
            let expression =
                query::expression(formula).map_err(|inner| QueryProblem { column: column + inner.column, ..inner })?;
            if !text.is_empty() {
                segments.push(Segment::Text(std::mem::take(&mut text)));
            }
            segments.push(Segment::Value { expression, words });
            rest = &after[end + 1..];
        }
        text.push_str(rest);
        if !text.is_empty() {
            segments.push(Segment::Text(text));
        }
        Ok(Self { source: source.to_owned(), segments })
    }

    /// As things stand.
    ///
    /// # Errors
    /// If a value cannot be computed.
    pub fn show(&self, scope: Scope<'_>) -> Result<Vec<Shown>, QueryProblem> {
        let show = |segment: &Segment| match segment {
            Segment::Text(text) => Ok(Shown { text: text.clone(), of: None }),
            Segment::Value { expression, words } => {
                let value = expression.evaluate(scope)?;
                let text = words.clone().unwrap_or_else(|| value.to_string());
                let of =
                    ShownValue { kind: kind_of(expression, scope), value, expression: expression.text().to_owned() };
                Ok(Shown { text, of: Some(of) })
            }
        };
        self.segments.iter().map(show).collect()
    }

    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// As it was written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Text without its values, for checks of the prose.
    pub fn prose(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Text(text) => Some(text.as_str()),
            Segment::Value { words, .. } => words.as_deref(),
        })
    }
}

/// A value that was kept is of the kind it was when it was kept.
fn kind_of(expression: &Expression, scope: Scope<'_>) -> Kind {
    let kept = expression.text().strip_prefix('$').and_then(|name| scope.memory.get(name));
    kept.map_or(expression.kind(), |(_, kind)| *kind)
}

impl fmt::Display for Caption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

impl<'de> Deserialize<'de> for Caption {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let source = String::deserialize(deserializer)?;
        Self::parse(&source).map_err(|problem| de::Error::custom(format!("in \"{source}\": {problem}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_words_stand_between_text() {
        let caption = Caption::parse("{leader(orders-0)|The leader} has {{{hw(orders-0)}}} records.").unwrap();
        let kinds: Vec<String> = caption
            .segments()
            .iter()
            .map(|segment| match segment {
                Segment::Text(text) => format!("text {text}"),
                Segment::Value { expression, words } => {
                    format!("{:?} {} {words:?}", expression.kind(), expression.text())
                }
            })
            .collect();
        assert_eq!(
            kinds,
            [
                "Broker leader(orders-0) Some(\"The leader\")",
                "text  has {",
                "HighWatermark hw(orders-0) None",
                "text } records.",
            ]
        );
    }

    #[test]
    fn a_slip_in_a_template_is_told_with_its_column() {
        for (source, expected) in [
            ("HW {hw(orders-0)", "column 4: a '{' is not closed"),
            ("HW }", "column 4: a '}' without its '{'"),
            ("HW {hww(orders-0)}", "column 5: there is no function hww; did you mean hw(…)?"),
        ] {
            let problem = Caption::parse(source).unwrap_err().to_string();
            assert!(problem.starts_with(expected), "{problem}");
        }
    }
}
