//! Values as types: how a text becomes one, and how it is written back in Kafka's spelling.
//!
//! Where Kafka writes −1 for "no limit" the type is [`Bound`]; where it writes null, or a text that stands for "not
//! given" (`broker.id=-1`, `client.id=`), the type is `Option`.

use std::sync::Arc;

use super::key::{Key, Kind, Rule};
use super::{Problem, ProblemKind};
use crate::engine::common::{BrokerId, Span};

/// A value that a key can hold.
pub(super) trait Field: Sized {
    /// # Errors
    /// The sentence in which Kafka refuses the text.
    fn read(text: &str, key: &Key) -> Result<Self, String>;

    /// Kafka's spelling; `None` is Java's null.
    fn write(&self, key: &Key) -> Option<String>;

    /// What stands for null, if the type has such a thing.
    fn absent() -> Option<Self> {
        None
    }
}

/// Reads a value as it was typed; blanks around it do not count (`ConfigDef.parseType` trims).
pub(super) fn read<T: Field>(key: &Key, text: &str) -> Result<T, Problem> {
    T::read(text.trim(), key).map_err(|what| {
        let what = if what.ends_with('.') { what } else { format!("{what}.") };
        Problem::new(ProblemKind::BadValue, key.name, what, key.advice())
    })
}

/// The table's default as a value.
pub(super) fn default_of<T: Field>(key: &Key) -> T {
    match key.default {
        Some(text) => T::read(text, key).expect("a table's default obeys the table's rule"),
        None => T::absent().expect("only a field that can be absent has no default"),
    }
}

/// A share between 0 and 1, in millionths: the engine has no floating point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ratio(u32);

impl Ratio {
    #[must_use]
    pub fn millionths(self) -> u32 {
        self.0
    }
}

/// An amount that may be without limit; Kafka writes −1 for that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bound<T> {
    At(T),
    Unlimited,
}

impl<T> Bound<T> {
    /// The limit, if there is one.
    #[must_use]
    pub fn limit(self) -> Option<T> {
        match self {
            Self::At(limit) => Some(limit),
            Self::Unlimited => None,
        }
    }
}

/// Declares an enum whose values are words: `variant = "what Kafka writes" | "what it also reads"`.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal $(| $also:literal)*;)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$doc])* $variant,)* }

        impl $name {
            /// Kafka's spelling.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            fn named(word: &str) -> Option<Self> {
                match word { $($word $(| $also)* => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

words! {
    /// What a KRaft node does (`process.roles`).
    ProcessRole {
        Broker = "broker";
        Controller = "controller";
    }
}
words! {
    /// How many replicas must have a batch before the producer is told of success.
    Acks {
        /// Nobody answers; the producer never learns of a failure.
        None = "0";
        /// The leader alone.
        Leader = "1";
        /// Every in-sync replica.
        All = "all" | "-1";
    }
}
words! {
    /// A producer's `compression.type`.
    Compression {
        None = "none";
        Gzip = "gzip";
        Snappy = "snappy";
        Lz4 = "lz4";
        Zstd = "zstd";
    }
}
words! {
    /// Whose clock a record's timestamp comes from.
    TimestampType {
        CreateTime = "CreateTime";
        LogAppendTime = "LogAppendTime";
    }
}
words! {
    /// How far a consumer may read.
    IsolationLevel {
        /// To the high watermark.
        ReadUncommitted = "read_uncommitted";
        /// To the last stable offset, without records of aborted transactions.
        ReadCommitted = "read_committed";
    }
}
words! {
    /// Client-side assignors, by class; their short names (`PartitionAssignor.name`) are read as well.
    Assignor {
        Range = "org.apache.kafka.clients.consumer.RangeAssignor" | "range";
        RoundRobin = "org.apache.kafka.clients.consumer.RoundRobinAssignor" | "roundrobin";
        Sticky = "org.apache.kafka.clients.consumer.StickyAssignor" | "sticky";
        CooperativeSticky = "org.apache.kafka.clients.consumer.CooperativeStickyAssignor" | "cooperative-sticky";
    }
}
words! {
    /// `group.protocol`: who computes the assignment.
    GroupProtocol {
        /// JoinGroup and SyncGroup; a member computes.
        Classic = "classic" | "CLASSIC";
        /// KIP-848; the coordinator computes.
        Consumer = "consumer" | "CONSUMER";
    }
}
words! {
    /// Classes for `partitioner.class`; without one the producer's built-in rule (KIP-794) applies.
    Partitioner {
        RoundRobin = "org.apache.kafka.clients.producer.RoundRobinPartitioner";
    }
}

impl Assignor {
    /// The assignor that members vote for by this name.
    #[must_use]
    pub fn of_protocol(name: &str) -> Option<Self> {
        Self::named(name).filter(|assignor| assignor.protocol_name() == name)
    }

    /// The name that members vote with.
    #[must_use]
    pub fn protocol_name(self) -> &'static str {
        match self {
            Self::Range => "range",
            Self::RoundRobin => "roundrobin",
            Self::Sticky => "sticky",
            Self::CooperativeSticky => "cooperative-sticky",
        }
    }
}

/// `cleanup.policy`: both may be set; neither (4.2 and later) keeps everything for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CleanupPolicy {
    pub compact: bool,
    pub delete: bool,
}

/// Where a consumer starts that has no committed offset, or one that is no longer there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AutoOffsetReset {
    Earliest,
    Latest,
    /// Throw an exception at the application.
    None,
    /// At the first record that is younger than this (KIP-1106, 4.0).
    ByDuration(Span),
}

/// Where a consumer of 0.8 starts (`auto.offset.reset`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OldOffsetReset {
    Smallest,
    Largest,
}

/// One entry of `controller.quorum.voters`: `id@host:port`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Voter {
    pub id: BrokerId,
    pub endpoint: Arc<str>,
}

impl Field for OldOffsetReset {
    fn read(text: &str, key: &Key) -> Result<Self, String> {
        match text {
            "smallest" => Ok(Self::Smallest),
            "largest" => Ok(Self::Largest),
            _ => Err(format!(
                "Wrong value {text} of {} in ConsumerConfig; Valid values are smallest and largest",
                key.name
            )),
        }
    }

    fn write(&self, _: &Key) -> Option<String> {
        let word = match self {
            Self::Smallest => "smallest",
            Self::Largest => "largest",
        };
        Some(word.to_owned())
    }
}

impl Field for bool {
    fn read(text: &str, key: &Key) -> Result<Self, String> {
        if text.eq_ignore_ascii_case("true") {
            Ok(true)
        } else if text.eq_ignore_ascii_case("false") {
            Ok(false)
        } else {
            Err(key.refusal(text, "Expected value to be either true or false"))
        }
    }

    fn write(&self, _: &Key) -> Option<String> {
        Some(self.to_string())
    }
}

impl Field for u64 {
    fn read(text: &str, key: &Key) -> Result<Self, String> {
        let number = key.number(text)?;
        Self::try_from(number).map_err(|_| key.refusal(text, "Value must be at least 0"))
    }

    fn write(&self, _: &Key) -> Option<String> {
        Some(self.to_string())
    }
}

impl Field for u32 {
    fn read(text: &str, key: &Key) -> Result<Self, String> {
        debug_assert!(key.kind.max() <= i64::from(i32::MAX), "{}: a LONG does not fit a u32", key.name);
        let number = u64::read(text, key)?;
        Ok(Self::try_from(number).expect("an INT or SHORT fits 32 bits"))
    }

    fn write(&self, _: &Key) -> Option<String> {
        Some(self.to_string())
    }
}

/// Digits with a point, as people write a share. (Java would take `5e-1` too.)
impl Field for Ratio {
    fn read(text: &str, key: &Key) -> Result<Self, String> {
        let not_a_number = || key.refusal(text, &format!("Not a number of type {}", key.kind.name()));
        let magnitude = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = magnitude.split_once('.').unwrap_or((magnitude, "0"));
        let whole: u32 = whole.parse().map_err(|_| not_a_number())?;
        if fraction.is_empty() || !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
            return Err(not_a_number());
        }
        let digits: String = fraction.chars().chain("000000".chars()).take(6).collect();
        let fraction: u32 = digits.parse().map_err(|_| not_a_number())?;
        let millionths = whole.checked_mul(1_000_000).and_then(|whole| whole.checked_add(fraction));
        if text.starts_with('-') && millionths != Some(0) {
            return Err(key.refusal(text, "Value must be at least 0"));
        }
        match millionths.filter(|millionths| *millionths <= 1_000_000) {
            Some(millionths) => Ok(Self(millionths)),
            None => Err(key.refusal(text, "Value must be no more than 1")),
        }
    }

    fn write(&self, _: &Key) -> Option<String> {
        let (whole, fraction) = (self.0 / 1_000_000, format!("{:06}", self.0 % 1_000_000));
        let fraction = fraction.trim_end_matches('0');
        Some(if fraction.is_empty() { format!("{whole}.0") } else { format!("{whole}.{fraction}") })
    }
}

impl Field for BrokerId {
    fn read(text: &str, key: &Key) -> Result<Self, String> {
        u32::read(text, key).map(Self)
    }

    fn write(&self, key: &Key) -> Option<String> {
        self.0.write(key)
    }
}

/// A length beyond what microseconds can count (584 942 years; Kafka's `Long.MAX_VALUE` is one) becomes the longest
/// span, which is written as the kind's largest number.
impl Field for Span {
    fn read(text: &str, key: &Key) -> Result<Self, String> {
        let unit = key.unit.micros().expect("a span's key has a unit of time");
        Ok(u64::read(text, key)?.checked_mul(unit).map_or(Self(u64::MAX), Self))
    }

    fn write(&self, key: &Key) -> Option<String> {
        let unit = key.unit.micros().expect("a span's key has a unit of time");
        let longest = u64::try_from(key.kind.max()).expect("the largest number is positive");
        let number = if self.0 == u64::MAX { longest } else { (self.0 / unit).min(longest) };
        Some(number.to_string())
    }
}

impl Field for Arc<str> {
    fn read(text: &str, key: &Key) -> Result<Self, String> {
        key.word(text).map(Self::from)
    }

    fn write(&self, _: &Key) -> Option<String> {
        Some(self.to_string())
    }
}

/// The default's own text (`-1`, empty) stands for "not given".
impl<T: Field> Field for Option<T> {
    fn read(text: &str, key: &Key) -> Result<Self, String> {
        if key.default == Some(text) { Ok(None) } else { T::read(text, key).map(Some) }
    }

    fn write(&self, key: &Key) -> Option<String> {
        match self {
            Some(value) => value.write(key),
            None => key.default.map(str::to_owned),
        }
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

/// Every negative number that the rule lets through means the same as −1.
impl<T: Field> Field for Bound<T> {
    fn read(text: &str, key: &Key) -> Result<Self, String> {
        if key.number(text)? < 0 { Ok(Self::Unlimited) } else { T::read(text, key).map(Self::At) }
    }

    fn write(&self, key: &Key) -> Option<String> {
        match self {
            Self::At(value) => value.write(key),
            Self::Unlimited => Some("-1".to_owned()),
        }
    }
}

/// One item of a list.
pub(super) trait Item: Sized + PartialEq {
    /// # Errors
    /// The sentence in which Kafka refuses the item.
    fn read_item(text: &str, key: &Key) -> Result<Self, String>;
    fn write_item(&self) -> String;
}

impl Item for Arc<str> {
    fn read_item(text: &str, key: &Key) -> Result<Self, String> {
        key.word(text).map(Self::from)
    }

    fn write_item(&self) -> String {
        self.to_string()
    }
}

impl Item for Voter {
    fn read_item(text: &str, key: &Key) -> Result<Self, String> {
        let refusal = || key.refusal(text, "Each voter is written as <node.id>@<host>:<port>");
        let (id, endpoint) = text.split_once('@').ok_or_else(refusal)?;
        let (host, port) = endpoint.rsplit_once(':').ok_or_else(refusal)?;
        if host.is_empty() || port.parse::<u16>().is_err() {
            return Err(refusal());
        }
        let id = id.parse::<u32>().ok().filter(|id| i32::try_from(*id).is_ok()).ok_or_else(refusal)?;
        Ok(Self { id: BrokerId(id), endpoint: endpoint.into() })
    }

    fn write_item(&self) -> String {
        format!("{}@{}", self.id, self.endpoint)
    }
}

impl<T: Item> Field for Vec<T> {
    fn read(text: &str, key: &Key) -> Result<Self, String> {
        let mut items = Self::new();
        if text.is_empty() {
            return Ok(items);
        }
        for part in text.split(',').map(str::trim) {
            if part.is_empty() {
                return Err(format!("Configuration '{}' values must not be empty.", key.name));
            }
            let item = T::read_item(part, key)?;
            if items.contains(&item) {
                return Err(format!("Configuration '{}' values must not be duplicated.", key.name));
            }
            items.push(item);
        }
        Ok(items)
    }

    fn write(&self, key: &Key) -> Option<String> {
        if self.is_empty() && key.default.is_none() {
            return None;
        }
        Some(self.iter().map(Item::write_item).collect::<Vec<_>>().join(","))
    }

    fn absent() -> Option<Self> {
        Some(Self::new())
    }
}

/// Words are fields and list items alike; the table's rule names what may be written.
macro_rules! word_fields {
    ($($name:ident),*) => {$(
        impl Field for $name {
            fn read(text: &str, key: &Key) -> Result<Self, String> {
                Self::read_item(text, key)
            }

            fn write(&self, _: &Key) -> Option<String> {
                Some(self.name().to_owned())
            }
        }

        impl Item for $name {
            fn read_item(text: &str, key: &Key) -> Result<Self, String> {
                let word = key.word(text)?;
                Self::named(word).ok_or_else(|| key.refusal(text, "Class or word not known to the simulator"))
            }

            fn write_item(&self) -> String {
                self.name().to_owned()
            }
        }
    )*};
}

word_fields!(ProcessRole, Acks, Compression, TimestampType, IsolationLevel, Assignor, GroupProtocol, Partitioner);

impl Field for CleanupPolicy {
    fn read(text: &str, key: &Key) -> Result<Self, String> {
        debug_assert!(matches!((key.kind, key.rule), (Kind::List, Rule::ListOf(_))));
        let words = Vec::<Arc<str>>::read(text, key)?;
        let has = |word: &str| words.iter().any(|w| &**w == word);
        Ok(Self { compact: has("compact"), delete: has("delete") })
    }

    fn write(&self, _: &Key) -> Option<String> {
        let words = match (self.compact, self.delete) {
            (true, true) => "compact,delete",
            (true, false) => "compact",
            (false, true) => "delete",
            (false, false) => "",
        };
        Some(words.to_owned())
    }
}

impl Field for AutoOffsetReset {
    fn read(text: &str, key: &Key) -> Result<Self, String> {
        match text {
            "earliest" => Ok(Self::Earliest),
            "latest" => Ok(Self::Latest),
            "none" => Ok(Self::None),
            _ => text.strip_prefix("by_duration:").and_then(read_iso_duration).map(Self::ByDuration).ok_or_else(|| {
                let reason = format!(
                    "Invalid value `{text}` for configuration {}. The value must be either 'earliest', 'latest', \
                         'none' or of the format 'by_duration:<PnDTnHnMn.nS.>'",
                    key.name
                );
                key.refusal(text, &reason)
            }),
        }
    }

    fn write(&self, _: &Key) -> Option<String> {
        Some(match self {
            Self::Earliest => "earliest".to_owned(),
            Self::Latest => "latest".to_owned(),
            Self::None => "none".to_owned(),
            Self::ByDuration(span) => format!("by_duration:{}", iso_duration(*span)),
        })
    }
}

/// `PnDTnHnMn.nS` without signs, as far as `java.time.Duration.parse` takes it; below a microsecond it is cut off.
fn read_iso_duration(text: &str) -> Option<Span> {
    let text = text.to_ascii_uppercase();
    let body = text.strip_prefix('P')?;
    let (days, clock) = match body.split_once('T') {
        Some((_, "")) => return None,
        Some((days, clock)) => (days, clock),
        None => (body, ""),
    };
    let mut micros = 0_u64;
    let mut rest = days;
    if let Some((count, tail)) = split_number(rest, 'D') {
        micros = micros.checked_add(count.parse::<u64>().ok()?.checked_mul(86_400_000_000)?)?;
        rest = tail;
    }
    if !rest.is_empty() || (days.is_empty() && clock.is_empty()) {
        return None;
    }
    rest = clock;
    for (letter, unit) in [('H', 3_600_000_000), ('M', 60_000_000)] {
        if let Some((count, tail)) = split_number(rest, letter) {
            micros = micros.checked_add(count.parse::<u64>().ok()?.checked_mul(unit)?)?;
            rest = tail;
        }
    }
    if let Some((count, tail)) = split_number(rest, 'S') {
        let (whole, fraction) = count.split_once('.').unwrap_or((count, ""));
        if fraction.len() > 9 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let fraction = format!("{fraction:0<6}")[..6].parse::<u64>().ok()?;
        micros = micros.checked_add(whole.parse::<u64>().ok()?.checked_mul(1_000_000)?)?.checked_add(fraction)?;
        rest = tail;
    }
    rest.is_empty().then_some(Span(micros))
}

/// `("12", rest)` of `12H…`; only digits and a point may stand before the letter.
fn split_number(text: &str, letter: char) -> Option<(&str, &str)> {
    let (count, rest) = text.split_once(letter)?;
    (!count.is_empty() && count.bytes().all(|b| b.is_ascii_digit() || b == b'.')).then_some((count, rest))
}

/// As `java.time.Duration.toString` writes it: hours, minutes and seconds, no days.
fn iso_duration(span: Span) -> String {
    let (hours, minutes) = (span.0 / 3_600_000_000, span.0 / 60_000_000 % 60);
    let (seconds, micros) = (span.0 / 1_000_000 % 60, span.0 % 1_000_000);
    if span.0 == 0 {
        return "PT0S".to_owned();
    }
    let mut text = "PT".to_owned();
    for (count, letter) in [(hours, 'H'), (minutes, 'M')] {
        if count > 0 {
            text += &format!("{count}{letter}");
        }
    }
    if micros > 0 {
        let fraction = format!("{micros:06}");
        text += &format!("{seconds}.{}S", fraction.trim_end_matches('0'));
    } else if seconds > 0 {
        text += &format!("{seconds}S");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_java_reads_them() {
        // Examples of the documentation of java.time.Duration.parse.
        for (text, micros) in [
            ("PT20.345S", 20_345_000),
            ("PT15M", 900_000_000),
            ("PT10H", 36_000_000_000),
            ("P2D", 172_800_000_000),
            ("P2DT3H4M", 183_840_000_000),
            ("pt1h", 3_600_000_000),
        ] {
            assert_eq!(read_iso_duration(text), Some(Span(micros)), "{text}");
        }
        for text in ["", "P", "PT", "P1DT", "PT5", "P3H", "PTH", "PT1.5H", "PT1S2M", "P1D3H", "PT-5S", "1D"] {
            assert_eq!(read_iso_duration(text), None, "{text}");
        }
    }

    #[test]
    fn durations_are_written_as_java_writes_them() {
        for (text, written) in
            [("P1D", "PT24H"), ("PT90S", "PT1M30S"), ("PT20.345S", "PT20.345S"), ("PT0S", "PT0S"), ("PT60M", "PT1H")]
        {
            assert_eq!(iso_duration(read_iso_duration(text).unwrap()), written);
        }
    }
}
