//! What an expression can be worth, and how the page writes it.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

/// A value of the query language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Not there: no leader, no committed offset, no such topic yet.
    None,
    Bool(bool),
    Int(i64),
    /// A point or a length of virtual time, in microseconds.
    Time(u64),
    Text(String),
    List(Vec<Self>),
}

/// What a value counts or names. The page gives a word in prose the glyph of the thing it speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Plain,
    Number,
    Truth,
    Time,
    Broker,
    Brokers,
    Client,
    Group,
    GroupState,
    Epoch,
    Offset,
    LogStart,
    HighWatermark,
    LogEnd,
    Committed,
    Position,
    Lag,
    Lost,
    ReadTwice,
}

/// Values that were kept under a name.
pub type Memory = BTreeMap<String, (Value, Kind)>;

impl Value {
    pub(super) fn count(number: usize) -> Self {
        Self::whole(number as u64)
    }

    /// Offsets and counts in a simulation stay far below 2^63.
    pub(super) fn whole(number: u64) -> Self {
        Self::Int(i64::try_from(number).unwrap_or(i64::MAX))
    }

    pub(super) fn maybe<T>(value: Option<T>, make: impl FnOnce(T) -> Self) -> Self {
        value.map_or(Self::None, make)
    }

    /// In a sentence: "an offset", for messages.
    pub(super) fn sort(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Bool(_) => "true or false",
            Self::Int(_) => "a number",
            Self::Time(_) => "a time",
            Self::Text(_) => "a word",
            Self::List(_) => "a list",
        }
    }

    /// Is it less than, or the same as, a value of the same sort?
    #[must_use]
    pub fn is_at_most(&self, other: &Self) -> bool {
        self.compare(other).is_some_and(|order| order != Ordering::Greater)
    }

    /// Which is greater; `None` if the question makes no sense.
    pub(super) fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => Some(a.cmp(b)),
            (Self::Time(a), Self::Time(b)) => Some(a.cmp(b)),
            (Self::Text(a), Self::Text(b)) => Some(a.cmp(b)),
            _ => None,
        }
    }
}

/// In microseconds. Whoever speaks of hours does not care for seconds.
const HOUR: u64 = 3_600_000_000;

/// As Kafka's tools and the page write it: `6`, `2,1,3`, `none`, `9.003 s`, `167 h 59 min`.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Time(micros) if *micros >= HOUR => {
                let (hours, rest) = (micros / HOUR, micros % HOUR);
                match (rest + HOUR / 120) / (HOUR / 60) {
                    0 => write!(f, "{hours} h"),
                    60 => write!(f, "{} h", hours + 1),
                    minutes => write!(f, "{hours} h {minutes} min"),
                }
            }
            Self::Time(micros) => {
                let (seconds, millis) = (micros / 1_000_000, micros / 1_000 % 1_000);
                let decimals = format!("{millis:03}");
                match decimals.trim_end_matches('0') {
                    "" => write!(f, "{seconds} s"),
                    decimals => write!(f, "{seconds}.{decimals} s"),
                }
            }
            Self::Text(value) => f.write_str(value),
            Self::List(items) if items.is_empty() => f.write_str("none"),
            Self::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        // Ids stand close together, as Kafka's tools write them; words need room.
                        f.write_str(if matches!(item, Self::Text(_)) { ", " } else { "," })?;
                    }
                    item.fmt(f)?;
                }
                Ok(())
            }
        }
    }
}
