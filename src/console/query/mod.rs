//! The little language in which captions, conditions and expectations name state: `hw(orders-0)`,
//! `lag(billing) == 0 and state(billing) == Stable`, `leader(orders-0) != $old_leader`.
//!
//! Small and total: an expression never changes anything, never loops and never panics. What is not there (yet) is
//! `none`, so a condition may speak of a topic before it exists; a name that no function has is an error at parsing,
//! with its column and the name that was probably meant. Names stand for themselves (`billing`, `orders-0`,
//! `Stable`), `$name` is a value that a lesson kept from earlier.

mod eval;
mod functions;
mod history;
mod logs;
mod memory;
mod parse;
mod producers;
mod storage;
mod value;

use std::fmt;

use serde::{Deserialize, Deserializer, de};

use super::words::ConsoleProblem;
use crate::engine::World;
use crate::engine::trace::Record;

pub use functions::{FUNCTIONS, Function};
pub use value::{Kind, Memory, Value};

/// What an expression is evaluated against.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    pub world: &'a World,
    /// Facts up to now, oldest first.
    pub past: &'a [Record],
    /// Values kept from earlier, by name.
    pub memory: &'a Memory,
}

/// A formula over state.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    text: String,
    root: Node,
}

/// An expression that is true or false.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition(Expression);

/// Why a text is no expression, or has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryProblem {
    /// In the text of the expression, counted in characters from 1.
    pub column: usize,
    pub what: String,
    pub mend: String,
}

/// Reads an expression.
///
/// # Errors
/// What is not understood, at which column, and how to mend it.
pub fn expression(text: &str) -> Result<Expression, QueryProblem> {
    let root = parse::parse(text)?;
    Ok(Expression { text: text.trim().to_owned(), root })
}

/// Reads an expression that must turn out true or false.
///
/// # Errors
/// As [`expression`].
pub fn condition(text: &str) -> Result<Condition, QueryProblem> {
    let expression = expression(text)?;
    if !expression.root.may_be_bool() {
        let what = format!("{} is neither true nor false", expression.text);
        return Err(QueryProblem { column: 1, what, mend: "compare it with something: … == 3".to_owned() });
    }
    Ok(Condition(expression))
}

impl Expression {
    /// Its value, as things stand.
    ///
    /// # Errors
    /// If it makes no sense of the values it meets, such as `1 + Stable`.
    pub fn evaluate(&self, scope: Scope<'_>) -> Result<Value, QueryProblem> {
        eval::evaluate(&self.root, scope)
    }

    /// What sort of thing its value is, for giving it the glyph of that thing.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.root.kind()
    }

    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl Condition {
    /// Does it hold?
    ///
    /// # Errors
    /// As [`Expression::evaluate`]; and if the value is neither true nor false.
    pub fn holds(&self, scope: Scope<'_>) -> Result<bool, QueryProblem> {
        match self.0.evaluate(scope)? {
            Value::Bool(holds) => Ok(holds),
            // What is not there yet does not hold yet.
            Value::None => Ok(false),
            other => {
                let what = format!("{} is {other}, neither true nor false", self.0.text);
                Err(QueryProblem { column: 1, what, mend: "compare it with something: … == 3".to_owned() })
            }
        }
    }

    /// The parts of a comparison with their values, to say why it holds or not: `hw(orders-0) = 6`.
    #[must_use]
    pub fn parts(&self, scope: Scope<'_>) -> Vec<(String, Value)> {
        let mut parts = Vec::new();
        self.0.root.calls(&mut |text, node| {
            if let Ok(value) = eval::evaluate(node, scope)
                && !parts.iter().any(|(known, _)| known == text)
            {
                parts.push((text.to_owned(), value));
            }
        });
        parts
    }

    #[must_use]
    pub fn text(&self) -> &str {
        &self.0.text
    }
}

impl QueryProblem {
    /// As a problem of the console line in which the expression stands at the end.
    pub(super) fn in_line(self, line: &str, rest: &str) -> ConsoleProblem {
        let before = line.chars().count() - rest.chars().count();
        ConsoleProblem { what: self.what, mend: self.mend, column: Some(before + self.column) }
    }
}

impl fmt::Display for QueryProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {}: {}; {}", self.column, self.what, self.mend)
    }
}

impl std::error::Error for QueryProblem {}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// In documents, an expression is its text.
impl<'de> Deserialize<'de> for Expression {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        expression(&text).map_err(|problem| de::Error::custom(format!("in \"{text}\": {problem}")))
    }
}

impl<'de> Deserialize<'de> for Condition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        condition(&text).map_err(|problem| de::Error::custom(format!("in \"{text}\": {problem}")))
    }
}

/// A node of the syntax tree, with the column where it begins.
#[derive(Clone, Debug, PartialEq)]
struct Node {
    column: usize,
    what: Syntax,
}

#[derive(Clone, Debug, PartialEq)]
enum Syntax {
    Literal(Value),
    Kept(String),
    List(Vec<Node>),
    Call { function: &'static Function, arguments: Vec<Node>, text: String },
    Not(Box<Node>),
    Binary { operator: Operator, left: Box<Node>, right: Box<Node> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Or,
    And,
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    Plus,
    Minus,
}

impl Node {
    fn may_be_bool(&self) -> bool {
        match &self.what {
            Syntax::Literal(value) => matches!(value, Value::Bool(_)),
            Syntax::Kept(_) | Syntax::Not(_) => true,
            Syntax::List(_) => false,
            Syntax::Call { function, .. } => function.kind == Kind::Truth,
            Syntax::Binary { operator, .. } => !matches!(operator, Operator::Plus | Operator::Minus),
        }
    }

    fn kind(&self) -> Kind {
        match &self.what {
            Syntax::Literal(Value::Time(_)) => Kind::Time,
            Syntax::Literal(_) | Syntax::Kept(_) => Kind::Plain,
            Syntax::List(items) => items.first().map_or(Kind::Plain, Self::kind),
            Syntax::Call { function, .. } => function.kind,
            Syntax::Not(_) => Kind::Truth,
            Syntax::Binary { operator: Operator::Plus | Operator::Minus, left, right } => {
                match (left.kind(), right.kind()) {
                    (Kind::Time, _) | (_, Kind::Time) => Kind::Time,
                    _ => Kind::Number,
                }
            }
            Syntax::Binary { .. } => Kind::Truth,
        }
    }

    /// Every function call and kept value in it, outermost first.
    fn calls<'a>(&'a self, visit: &mut impl FnMut(&'a str, &'a Self)) {
        match &self.what {
            Syntax::Literal(_) => {}
            Syntax::Kept(name) => visit(name, self),
            Syntax::Call { text, .. } => visit(text, self),
            Syntax::List(items) => items.iter().for_each(|item| item.calls(visit)),
            Syntax::Not(inner) => inner.calls(visit),
            Syntax::Binary { left, right, .. } => {
                left.calls(visit);
                right.calls(visit);
            }
        }
    }
}

#[cfg(test)]
mod tests;
