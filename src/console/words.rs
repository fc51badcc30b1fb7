//! A line as words, flags and values: what every tool of the console needs before it can say what it means.
//!
//! Quoting is the shell's (crate `shlex`), flags are those of Kafka's tools: `--flag value` or `--flag=value`.
//! Whatever is not understood becomes a sentence that says what, and how to mend it.

use std::fmt;
use std::str::FromStr;

use crate::engine::command::{Properties, Target};
use crate::engine::common::{BrokerId, ServerId, Span};

/// Why a line means nothing: one sentence for what is wrong, one for how to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsoleProblem {
    pub what: String,
    pub mend: String,
    /// Where in the line, counted in characters from 1, if it can be told.
    pub column: Option<usize>,
}

impl ConsoleProblem {
    pub(super) fn new(what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { what: what.into(), mend: mend.into(), column: None }
    }
}

impl fmt::Display for ConsoleProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(column) = self.column {
            write!(f, "column {column}: ")?;
        }
        write!(f, "{}; {}", self.what, self.mend)
    }
}

impl std::error::Error for ConsoleProblem {}

/// What may follow a flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    Nothing,
    Value,
    /// May be given again and again.
    Values,
}

pub(super) type Flag = (&'static str, Takes);

/// The flags and positional words of one line, taken out one by one.
#[derive(Debug)]
pub(super) struct Line {
    tool: &'static str,
    flags: Vec<(&'static str, String)>,
    words: std::vec::IntoIter<String>,
}

impl Line {
    /// Reads what follows the tool's name. A lone `--` ends the flags.
    pub(super) fn read(tool: &'static str, words: Vec<String>, known: &[Flag]) -> Result<Self, ConsoleProblem> {
        let mut flags: Vec<(&'static str, String)> = Vec::new();
        let mut rest = Vec::new();
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            if word == "--" {
                rest.extend(words.by_ref());
                break;
            }
            let Some(flag) = word.strip_prefix("--") else {
                rest.push(word);
                continue;
            };
            let (name, attached) = match flag.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (flag, None),
            };
            let Some((name, takes)) = known.iter().find(|(known, _)| *known == name).copied() else {
                let names = known.iter().map(|(name, _)| *name);
                let mend = match nearest(name, names.clone()) {
                    Some(near) => format!("did you mean --{near}?"),
                    None => format!("it knows {}", list(names.map(|name| format!("--{name}")))),
                };
                return Err(ConsoleProblem::new(format!("{tool} has no flag --{name}"), mend));
            };
            if takes != Takes::Values && flags.iter().any(|(given, _)| *given == name) {
                return Err(ConsoleProblem::new(format!("--{name} is given twice"), "keep one of them"));
            }
            let value = match (takes, attached) {
                (Takes::Nothing, None) => String::new(),
                (Takes::Nothing, Some(_)) => {
                    return Err(ConsoleProblem::new(
                        format!("--{name} takes no value"),
                        format!("write --{name} alone"),
                    ));
                }
                (Takes::Value | Takes::Values, Some(value)) => value,
                (Takes::Value | Takes::Values, None) => words.next().ok_or_else(|| {
                    ConsoleProblem::new(format!("--{name} has no value"), format!("write one after it: --{name} …"))
                })?,
            };
            flags.push((name, value));
        }
        Ok(Self { tool, flags, words: rest.into_iter() })
    }

    /// The value of a flag, if it was given.
    pub(super) fn value(&mut self, name: &str) -> Option<String> {
        let at = self.flags.iter().position(|(given, _)| *given == name)?;
        Some(self.flags.remove(at).1)
    }

    pub(super) fn values(&mut self, name: &str) -> Vec<String> {
        std::iter::from_fn(|| self.value(name)).collect()
    }

    pub(super) fn has(&mut self, name: &str) -> bool {
        self.value(name).is_some()
    }

    pub(super) fn required(&mut self, name: &str) -> Result<String, ConsoleProblem> {
        self.value(name).ok_or_else(|| {
            ConsoleProblem::new(format!("{} needs --{name} here", self.tool), format!("add --{name} and its value"))
        })
    }

    pub(super) fn number<T: FromStr>(&mut self, name: &str) -> Result<Option<T>, ConsoleProblem> {
        self.value(name).map(|text| number(&text, &format!("--{name}"))).transpose()
    }

    pub(super) fn span(&mut self, name: &str) -> Result<Option<Span>, ConsoleProblem> {
        self.value(name).map(|text| span(&text)).transpose()
    }

    /// `key=value` pairs of a flag that may be given several times.
    pub(super) fn properties(&mut self, name: &str) -> Result<Properties, ConsoleProblem> {
        let mut properties = Properties::new();
        for pair in self.values(name) {
            let Some((key, value)) = pair.split_once('=') else {
                let what = format!("--{name} {pair} is no pair of key and value");
                return Err(ConsoleProblem::new(what, format!("write --{name} {pair}=…")));
            };
            properties.insert(key.to_owned(), value.to_owned());
        }
        Ok(properties)
    }

    /// The next positional word.
    pub(super) fn word(&mut self, meaning: &str) -> Result<String, ConsoleProblem> {
        self.words.next().ok_or_else(|| {
            ConsoleProblem::new(format!("{} does not say {meaning}", self.tool), format!("add {meaning} to the line"))
        })
    }

    pub(super) fn target(&mut self, meaning: &str) -> Result<Target, ConsoleProblem> {
        self.word(meaning).map(|word| target(&word))
    }

    /// All positional words that are left.
    pub(super) fn words(&mut self) -> Vec<String> {
        self.words.by_ref().collect()
    }

    /// Nothing may be left unread.
    pub(super) fn end(mut self) -> Result<(), ConsoleProblem> {
        if let Some((name, _)) = self.flags.first() {
            let what = format!("--{name} means nothing in this form of {}", self.tool);
            return Err(ConsoleProblem::new(what, "leave it out, or see what goes with it in `help`"));
        }
        match self.words.next() {
            None => Ok(()),
            Some(word) => {
                let what = format!("{} has a word too many: '{word}'", self.tool);
                Err(ConsoleProblem::new(what, "leave it out, or put quotes around words that belong together"))
            }
        }
    }
}

/// Splits a line as a shell does; a `#` begins a comment.
pub(super) fn split(line: &str) -> Result<Vec<String>, ConsoleProblem> {
    shlex::split(line).ok_or_else(|| {
        ConsoleProblem::new("the line ends inside a quotation or after a lone backslash", "close the quotation")
    })
}

/// A word as the shell would need it.
pub(super) fn quote(word: &str) -> String {
    // The crate quotes more than a shell's arguments need; `acks=all` is what people write.
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.,:=@/+%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    let quoter = shlex::Quoter::new().allow_nul(true);
    quoter.quote(word).map_or_else(|_| word.to_owned(), std::borrow::Cow::into_owned)
}

/// `broker-1`, `controller-101`, `zookeeper-1`, `queue-broker`; anything else is a client's name.
pub(super) fn target(word: &str) -> Target {
    let id = |prefix: &str| {
        let digits = word.strip_prefix(prefix)?;
        // `broker-01` is a client's name: what is printed for a broker must read back as the same word.
        digits.parse().ok().filter(|id: &u32| id.to_string() == digits)
    };
    if let Some(id) = id("broker-") {
        Target::Broker(BrokerId(id))
    } else if let Some(id) = id("controller-") {
        Target::Controller(BrokerId(id))
    } else if let Some(id) = id("zookeeper-") {
        Target::ZooKeeper(ServerId(id))
    } else if word == "queue-broker" {
        Target::QueueBroker
    } else {
        Target::Client(word.into())
    }
}

pub(super) fn number<T: FromStr>(text: &str, meaning: &str) -> Result<T, ConsoleProblem> {
    text.parse().map_err(|_| {
        ConsoleProblem::new(format!("{meaning} wants a whole number, not '{text}'"), "write digits only, such as 3")
    })
}

/// `500us`, `20ms`, `3s`, `2m`, `168h`: whole numbers with a unit, or seconds with up to six decimals.
pub fn span(text: &str) -> Result<Span, ConsoleProblem> {
    const UNITS: [(&str, u64); 5] =
        [("us", 1), ("ms", 1_000), ("s", 1_000_000), ("m", 60_000_000), ("h", 3_600_000_000)];
    let parsed = || {
        let end = text.find(|c: char| c != '.' && !c.is_ascii_digit())?;
        let (digits, unit) = text.split_at(end);
        let (_, micros) = UNITS.iter().find(|(name, _)| *name == unit)?;
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let whole = whole.parse::<u64>().ok()?.checked_mul(*micros)?;
        if fraction.is_empty() || fraction.len() > 6 {
            return None;
        }
        let scale = 10_u64.pow(u32::try_from(fraction.len()).ok()?);
        let part = fraction.parse::<u64>().ok()?.checked_mul(*micros)?;
        (part % scale == 0).then(|| whole.checked_add(part / scale))?
    };
    parsed().map(Span).ok_or_else(|| {
        ConsoleProblem::new(
            format!("'{text}' is no length of time"),
            "write a number and a unit: 500us, 20ms, 3s, 2m or 1h",
        )
    })
}

/// The known word that was probably meant: at most a third of it, or one letter, mistyped.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let near = known.into_iter().map(|candidate| (distance(word, candidate), candidate)).min()?;
    (near.0 <= (near.1.chars().count() / 3).max(1)).then_some(near.1)
}

/// "a, b and c".
pub(super) fn list(items: impl IntoIterator<Item = String>) -> String {
    let items: Vec<String> = items.into_iter().collect();
    match items.split_last() {
        None => "nothing".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

/// How many letters must be put in, taken out or changed (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let change = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_units() {
        let table = [("500us", 500), ("20ms", 20_000), ("3s", 3_000_000), ("1.5s", 1_500_000), ("2m", 120_000_000)];
        for (text, micros) in table {
            assert_eq!(span(text), Ok(Span(micros)), "{text}");
        }
        assert_eq!(span("168h"), Ok(Span::secs(604_800)));
        for wrong in ["", "3", "s", "3 s", "-3s", "1.s", "0.5us", "3days", "99999999999999999h"] {
            assert!(span(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_slip_of_the_finger_is_recognised_and_a_guess_is_not() {
        assert_eq!(nearest("kafka-topic", ["kafka-topics", "crash"]), Some("kafka-topics"));
        assert_eq!(nearest("crahs", ["kafka-topics", "crash"]), None); // two changes in five letters
        assert_eq!(nearest("crsh", ["kafka-topics", "crash"]), Some("crash"));
        assert_eq!(nearest("zzz", ["kafka-topics", "crash"]), None);
    }

    #[test]
    fn names_of_nodes_read_back() {
        assert_eq!(target("broker-2"), Target::Broker(BrokerId(2)));
        assert_eq!(target("controller-101"), Target::Controller(BrokerId(101)));
        assert_eq!(target("queue-broker"), Target::QueueBroker);
        for client in ["broker-", "broker-x", "broker-01", "checkout"] {
            assert_eq!(target(client), Target::Client(client.into()));
        }
    }
}
