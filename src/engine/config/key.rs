//! What is known of one configuration key: its type, range, default, unit and where it acts.
//!
//! The words are Kafka's: kinds are `ConfigDef.Type`, rules are `ConfigDef.Validator`s, update modes are those of the
//! broker's dynamic configuration table. A refused value is reported in the sentence that Kafka's `ConfigException`
//! would print; the advice beside it is ours.

use std::fmt;

/// Whose configuration a key belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    Broker,
    Topic,
    Producer,
    Consumer,
    /// Of Kafka 0.8, with its group in ZooKeeper.
    OldConsumer,
}

impl Scope {
    pub const ALL: [Self; 5] = [Self::Broker, Self::Topic, Self::Producer, Self::Consumer, Self::OldConsumer];
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Broker => "broker",
            Self::Topic => "topic",
            Self::Producer => "producer",
            Self::Consumer => "consumer",
            Self::OldConsumer => "consumer of 0.8",
        })
    }
}

/// `ConfigDef.Type`. The numeric kinds differ in the range that Java's parser takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Boolean,
    Short,
    Int,
    Long,
    /// A share or a factor; the engine counts it in millionths.
    Double,
    String,
    List,
}

impl Kind {
    /// The name Kafka's documentation and error messages use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Boolean => "BOOLEAN",
            Self::Short => "SHORT",
            Self::Int => "INT",
            Self::Long => "LONG",
            Self::Double => "DOUBLE",
            Self::String => "STRING",
            Self::List => "LIST",
        }
    }

    /// The largest number of the kind.
    #[must_use]
    pub fn max(self) -> i64 {
        match self {
            Self::Short => i64::from(i16::MAX),
            Self::Int => i64::from(i32::MAX),
            Self::Boolean | Self::Long | Self::Double | Self::String | Self::List => i64::MAX,
        }
    }

    fn min(self) -> i64 {
        -self.max() - 1
    }
}

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// No number, or a bare count.
    Plain,
    Millis,
    Seconds,
    Minutes,
    Hours,
    Bytes,
}

impl Unit {
    /// Length of one unit of time in the engine's microseconds; `None` for what is no time.
    #[must_use]
    pub fn micros(self) -> Option<u64> {
        match self {
            Self::Plain | Self::Bytes => None,
            Self::Millis => Some(1_000),
            Self::Seconds => Some(1_000_000),
            Self::Minutes => Some(60_000_000),
            Self::Hours => Some(3_600_000_000),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Millis => " of milliseconds",
            Self::Seconds => " of seconds",
            Self::Minutes => " of minutes",
            Self::Hours => " of hours",
            Self::Bytes => " of bytes",
        }
    }
}

/// Which values are taken beyond what the kind already demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    Any,
    /// `Range.atLeast`.
    AtLeast(i64),
    /// `Range.between`, both ends included.
    Between(i64, i64),
    /// Kafka sets no range, but a negative number would be nonsense: the simulator refuses it in Kafka's words.
    NotNegative,
    /// `ValidString.in`: spelled exactly so.
    OneOf(&'static [&'static str]),
    /// `ValidList.in`: each item one of these, none twice.
    ListOf(&'static [&'static str]),
    /// `ValidList.anyNonDuplicateValues`.
    NoneTwice,
    /// `NonEmptyString`.
    NotEmpty,
}

/// How a value can be changed while the process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Update {
    /// Needs a restart of the broker.
    ReadOnly,
    /// `kafka-configs.sh --entity-type brokers --entity-name <id>`.
    PerBroker,
    /// As per-broker, and for all brokers at once by `--entity-default`.
    ClusterWide,
    /// `kafka-configs.sh --entity-type topics`.
    PerTopic,
    /// Read once, when the client is made.
    AtStart,
}

impl Update {
    /// The name in Kafka's documentation, or our own for what its table does not cover.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ReadOnly => "read-only",
            Self::PerBroker => "per-broker",
            Self::ClusterWide => "cluster-wide",
            Self::PerTopic => "per-topic",
            Self::AtStart => "at-start",
        }
    }
}

/// One line of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    pub scope: Scope,
    /// Kafka's own name.
    pub name: &'static str,
    pub kind: Kind,
    pub unit: Unit,
    pub rule: Rule,
    /// As Kafka 4.3 prints it; `None` is Java's null, or no default at all.
    pub default: Option<&'static str>,
    pub update: Update,
    /// Does anything in the engine act on it? If not, the value is kept and shown, and changes nothing.
    pub honoured: bool,
    /// The part of Kafka that reads it, and when.
    pub acts: &'static str,
    /// One sentence in plain English.
    pub doc: &'static str,
}

impl Key {
    /// Reads a number as Java would and holds it against the rule.
    pub(super) fn number(&self, text: &str) -> Result<i64, String> {
        let number = text.parse::<i64>().ok().filter(|n| (self.kind.min()..=self.kind.max()).contains(n));
        let Some(number) = number else {
            return Err(self.refusal(text, &format!("Not a number of type {}", self.kind.name())));
        };
        let least = match self.rule {
            Rule::AtLeast(least) | Rule::Between(least, _) => Some(least),
            Rule::NotNegative => Some(0),
            _ => None,
        };
        if let Some(least) = least.filter(|least| number < *least) {
            return Err(self.refusal(text, &format!("Value must be at least {least}")));
        }
        match self.rule {
            Rule::Between(_, most) if number > most => {
                Err(self.refusal(text, &format!("Value must be no more than {most}")))
            }
            _ => Ok(number),
        }
    }

    /// Holds a text against the rule.
    pub(super) fn word<'a>(&self, text: &'a str) -> Result<&'a str, String> {
        match self.rule {
            Rule::OneOf(words) | Rule::ListOf(words) if !words.contains(&text) => {
                Err(self.refusal(text, &format!("String must be one of: {}", words.join(", "))))
            }
            Rule::NotEmpty if text.is_empty() => Err(self.refusal(text, "String must be non-empty")),
            _ => Ok(text),
        }
    }

    /// `ConfigException`'s sentence.
    pub(super) fn refusal(&self, text: &str, reason: &str) -> String {
        format!("Invalid value {text} for configuration {}: {reason}", self.name)
    }

    /// What would be taken instead, as advice.
    #[must_use]
    pub fn advice(&self) -> String {
        let wanted = match (self.kind, self.rule) {
            (_, Rule::OneOf(words)) => format!("Write one of {}", words.join(", ")),
            (_, Rule::ListOf(words)) => {
                format!("Write a comma-separated list of {}, none of them twice", words.join(", "))
            }
            (Kind::Double, _) => "Write a number from 0 to 1, such as 0.5".to_owned(),
            (Kind::Boolean, _) => "Write true or false".to_owned(),
            (Kind::List, _) => "Write a comma-separated list without an empty or a repeated item".to_owned(),
            (Kind::String, _) => "Write a text in the form that Kafka asks for".to_owned(),
            (kind, rule) => {
                let (least, most) = match rule {
                    Rule::AtLeast(least) => (least, kind.max()),
                    Rule::Between(least, most) => (least, most),
                    Rule::NotNegative => (0, kind.max()),
                    _ => (kind.min(), kind.max()),
                };
                format!("Write a whole number{} from {least} to {most}", self.unit.name())
            }
        };
        match self.default {
            Some(default) if !default.is_empty() => format!("{wanted}; Kafka's default is {default}."),
            _ => format!("{wanted}, or leave the key out."),
        }
    }
}
