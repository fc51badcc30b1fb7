//! Text to syntax tree: a lexer that knows columns and a parser of five levels.
//!
//! `or` < `and` < `not` < comparison < `+ -`. A minus needs space on both sides, since names have hyphens.

use super::functions::FUNCTIONS;
use super::{Node, Operator, QueryProblem, Syntax, Value};
use crate::console::words;

/// Deep enough for any formula a person writes; bounds the recursion.
const MAX_DEPTH: usize = 40;

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Name(String),
    /// `$name`
    Kept(String),
    Literal(Value),
    /// An operator or a bracket.
    Sign(&'static str),
}

struct Parser<'a> {
    text: &'a str,
    /// Token, the column where it begins, and the byte where it ends.
    tokens: Vec<(Token, usize, usize)>,
    next: usize,
    depth: usize,
}

pub(super) fn parse(text: &str) -> Result<Node, QueryProblem> {
    let tokens = tokens(text)?;
    let mut parser = Parser { text, tokens, next: 0, depth: 0 };
    let root = parser.or()?;
    match parser.peek() {
        None => Ok(root),
        Some(token) => {
            let what = format!("'{}' is not expected here", written(token));
            Err(parser.problem(what, "put and, or or a comparison before it, or leave it out"))
        }
    }
}

impl Parser<'_> {
    fn or(&mut self) -> Result<Node, QueryProblem> {
        self.chain(&[("or", Operator::Or)], Self::and)
    }

    fn and(&mut self) -> Result<Node, QueryProblem> {
        self.chain(&[("and", Operator::And)], Self::not)
    }

    fn not(&mut self) -> Result<Node, QueryProblem> {
        let column = self.column();
        if !self.take_word("not") {
            return self.comparison();
        }
        let inner = self.nested(Self::not)?;
        Ok(Node { column, what: Syntax::Not(Box::new(inner)) })
    }

    fn comparison(&mut self) -> Result<Node, QueryProblem> {
        const COMPARISONS: [(&str, Operator); 7] = [
            ("==", Operator::Equal),
            ("!=", Operator::Unequal),
            ("<=", Operator::LessOrEqual),
            (">=", Operator::GreaterOrEqual),
            ("<", Operator::Less),
            (">", Operator::Greater),
            ("in", Operator::In),
        ];
        let left = self.sum()?;
        let Some(operator) = self.take_operator(&COMPARISONS) else { return Ok(left) };
        let column = left.column;
        let right = self.sum()?;
        if let Some(token) = self.peek().filter(|token| COMPARISONS.iter().any(|(sign, _)| is(token, sign))) {
            let what = format!("a second comparison, '{}'", written(token));
            return Err(self.problem(what, "join two comparisons by and"));
        }
        Ok(Node { column, what: Syntax::Binary { operator, left: Box::new(left), right: Box::new(right) } })
    }

    fn sum(&mut self) -> Result<Node, QueryProblem> {
        self.chain(&[("+", Operator::Plus), ("-", Operator::Minus)], Self::atom)
    }

    /// Operators of one level, from the left.
    fn chain(
        &mut self,
        operators: &[(&str, Operator)],
        operand: fn(&mut Self) -> Result<Node, QueryProblem>,
    ) -> Result<Node, QueryProblem> {
        let mut left = operand(self)?;
        while let Some(operator) = self.take_operator(operators) {
            let column = left.column;
            let right = Box::new(operand(self)?);
            left = Node { column, what: Syntax::Binary { operator, left: Box::new(left), right } };
        }
        Ok(left)
    }

    fn atom(&mut self) -> Result<Node, QueryProblem> {
        let column = self.column();
        let begin = self.next;
        let Some((token, ..)) = self.tokens.get(self.next).cloned() else {
            return Err(self.problem("the expression ends too early", "add what is missing at the end"));
        };
        self.next += 1;
        let what = match token {
            Token::Literal(value) => Syntax::Literal(value),
            Token::Kept(name) => Syntax::Kept(name),
            Token::Sign("(") => {
                let inner = self.nested(Self::or)?;
                self.close(")")?;
                return Ok(inner);
            }
            Token::Sign("[") => Syntax::List(self.items("]")?),
            Token::Name(name) if self.peek().is_some_and(|token| is(token, "(")) => {
                self.next += 1;
                self.call(&name, column, begin)?
            }
            Token::Name(name) => Syntax::Literal(match name.as_str() {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                "none" => Value::None,
                _ => Value::Text(name),
            }),
            Token::Sign(sign) => {
                self.next = begin;
                return Err(self.problem(format!("'{sign}' has nothing before it"), "put a value there"));
            }
        };
        Ok(Node { column, what })
    }

    /// After `name(`.
    fn call(&mut self, name: &str, column: usize, begin: usize) -> Result<Syntax, QueryProblem> {
        let Some(function) = FUNCTIONS.iter().find(|function| function.name == name) else {
            let names = FUNCTIONS.iter().map(|function| function.name);
            let mend = match words::nearest(name, names.clone()) {
                Some(near) => format!("did you mean {near}(…)?"),
                None => format!("there are {}", words::list(names.map(str::to_owned))),
            };
            return Err(QueryProblem { column, what: format!("there is no function {name}"), mend });
        };
        let arguments = self.nested(|parser| parser.items(")"))?;
        let (least, most) = function.takes();
        if !(least..=most).contains(&arguments.len()) {
            let what = format!("{name} does not take {} values", arguments.len());
            return Err(QueryProblem { column, what, mend: format!("write {}", function.form) });
        }
        let from = self.begin_of(begin);
        let to = self.tokens[self.next - 1].2;
        Ok(Syntax::Call { function, arguments, text: self.text[from..to].to_owned() })
    }

    /// Up to the closing bracket, which is taken as well.
    fn items(&mut self, close: &'static str) -> Result<Vec<Node>, QueryProblem> {
        let mut items = Vec::new();
        if self.take_sign(close) {
            return Ok(items);
        }
        loop {
            items.push(self.nested(Self::or)?);
            if !self.take_sign(",") {
                self.close(close)?;
                return Ok(items);
            }
        }
    }

    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T, QueryProblem>) -> Result<T, QueryProblem> {
        if self.depth == MAX_DEPTH {
            return Err(self.problem("the expression is nested too deeply", "split it in two"));
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|(token, ..)| token)
    }

    fn column(&self) -> usize {
        let end = self.text.trim_end().chars().count() + 1;
        self.tokens.get(self.next).map_or(end, |(_, column, _)| *column)
    }

    /// The byte at which a token begins.
    fn begin_of(&self, token: usize) -> usize {
        let column = self.tokens[token].1;
        self.text.char_indices().nth(column - 1).map_or(0, |(at, _)| at)
    }

    fn take_operator(&mut self, operators: &[(&str, Operator)]) -> Option<Operator> {
        let token = self.peek()?;
        let operator = operators.iter().find(|(sign, _)| is(token, sign))?.1;
        self.next += 1;
        Some(operator)
    }

    fn take_word(&mut self, word: &str) -> bool {
        self.take_sign(word)
    }

    fn take_sign(&mut self, sign: &str) -> bool {
        let taken = self.peek().is_some_and(|token| is(token, sign));
        self.next += usize::from(taken);
        taken
    }

    fn close(&mut self, sign: &'static str) -> Result<(), QueryProblem> {
        if self.take_sign(sign) {
            return Ok(());
        }
        let what = match self.peek() {
            Some(token) => format!("'{}' stands where '{sign}' or ',' is expected", written(token)),
            None => format!("a '{sign}' is missing at the end"),
        };
        Err(self.problem(what, format!("close it with '{sign}'")))
    }

    fn problem(&self, what: impl Into<String>, mend: impl Into<String>) -> QueryProblem {
        QueryProblem { column: self.column(), what: what.into(), mend: mend.into() }
    }
}

/// Is the token this sign or this word?
fn is(token: &Token, sign: &str) -> bool {
    match token {
        Token::Sign(this) => *this == sign,
        Token::Name(name) => matches!(sign, "and" | "or" | "not" | "in") && name == sign,
        Token::Kept(_) | Token::Literal(_) => false,
    }
}

fn written(token: &Token) -> String {
    match token {
        Token::Name(name) => name.clone(),
        Token::Kept(name) => format!("${name}"),
        Token::Literal(value) => value.to_string(),
        Token::Sign(sign) => (*sign).to_owned(),
    }
}

const SIGNS: [&str; 13] = ["==", "!=", "<=", ">=", "<", ">", "(", ")", "[", "]", ",", "+", "-"];

fn tokens(text: &str) -> Result<Vec<(Token, usize, usize)>, QueryProblem> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let column = text[..at].chars().count() + 1;
        let rest = &text[at..];
        let problem = |what: String, mend: &str| QueryProblem { column, what, mend: mend.to_owned() };
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        if c == '#' {
            break;
        }
        let in_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
        let word_at = |from: usize| text[from..].find(|c| !in_name(c)).map_or(text.len(), |length| from + length);
        let (token, end) = if c == '"' || c == '\'' {
            let Some(length) = rest[1..].find(c) else {
                return Err(problem("a quotation is not closed".to_owned(), "close it with the same quotation mark"));
            };
            (Token::Literal(Value::Text(rest[1..=length].to_owned())), at + length + 2)
        } else if c == '$' {
            let end = word_at(at + 1);
            (Token::Kept(text[at + 1..end].to_owned()), end)
        } else if c.is_ascii_digit() {
            let end = word_at(at);
            let word = &text[at..end];
            let value = if let Ok(number) = word.parse() {
                Value::Int(number)
            } else if let Ok(span) = words::span(word) {
                Value::Time(span.0)
            } else if word.contains(|c: char| c.is_alphabetic()) {
                Value::Text(word.to_owned())
            } else {
                return Err(problem(format!("'{word}' is no number"), "write digits, or a time such as 9s or 500ms"));
            };
            (Token::Literal(value), end)
        } else if c.is_alphabetic() || c == '_' {
            let end = word_at(at);
            (Token::Name(text[at..end].to_owned()), end)
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            (Token::Sign(sign), at + sign.len())
        } else {
            let mend = if c == '=' { "compare with ==" } else { "leave it out, or put the word in quotation marks" };
            return Err(problem(format!("'{c}' means nothing here"), mend));
        };
        tokens.push((token, column, end));
        at = end;
    }
    Ok(tokens)
}
