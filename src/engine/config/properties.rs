//! Java `.properties` text, and a broker's `server.properties` read from it.
//!
//! The grammar is that of `java.util.Properties.load`: comments begin with `#` or `!`; `=`, `:` or blanks part key and
//! value; a line that ends in an odd number of backslashes goes on in the next, whose leading blanks do not count; `\t`
//! `\n` `\r` `\f` and `\uXXXX` are escapes, and any other escaped character stands for itself; of two lines with the
//! same key the later one wins. The text itself is taken as UTF-8.

use super::{BrokerConfig, KafkaVersion, Problem, ProblemKind};

/// One key and its value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Entry {
    /// Where the entry begins, counted from 1; `None` if it came from no file.
    pub line: Option<u32>,
    pub key: String,
    /// Unescaped. Blanks at its end belong to it, as in Java; a config trims them.
    pub value: String,
}

/// Entries in the order of the file, each key once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Properties {
    entries: Vec<Entry>,
}

impl Properties {
    /// Reads a whole text. Lines that Java would refuse are left out and told, and so are lines without effect.
    #[must_use]
    pub fn parse(text: &str) -> (Self, Vec<Problem>) {
        let mut properties = Self::default();
        let mut problems = Vec::new();
        let body = text.strip_prefix('\u{feff}').unwrap_or(text);
        if body.len() != text.len() {
            let what = "The file begins with a byte order mark, which Java takes for a part of the first key.";
            let problem = Problem::new(ProblemKind::Adjusted, "", what, "Save the file as UTF-8 without it.");
            problems.push(problem.at(Some(1)));
        }
        for (line, logical) in logical_lines(body) {
            let (key, value) = split(&logical);
            match (unescape(key), unescape(value)) {
                (Some(key), Some(value)) => problems.extend(properties.put(Entry { line: Some(line), key, value })),
                _ => {
                    let what = "Malformed \\uxxxx encoding: after \\u four hexadecimal digits must stand.";
                    let mend = "Write all four digits, or double the backslash if one was meant.";
                    problems.push(Problem::new(ProblemKind::Malformed, key, what, mend).at(Some(line)));
                }
            }
        }
        (properties, problems)
    }

    /// Entries that came from no file: `--config` flags, a lesson's table.
    pub fn from_pairs<K: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        let mut properties = Self::default();
        for (key, value) in pairs {
            properties.put(Entry { line: None, key: key.into(), value: value.into() });
        }
        properties
    }

    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.entries.iter().find(|entry| entry.key == key).map(|entry| &*entry.value)
    }

    #[must_use]
    pub fn line_of(&self, key: &str) -> Option<u32> {
        self.entries.iter().find(|entry| entry.key == key)?.line
    }

    /// The later entry wins; what is told is the earlier one that lost.
    fn put(&mut self, entry: Entry) -> Option<Problem> {
        let earlier = self.entries.iter().position(|other| other.key == entry.key);
        let loser = earlier.map(|at| self.entries.remove(at));
        let problem = loser.map(|loser| {
            let again = entry.line.map_or_else(|| "again".to_owned(), |line| format!("again in line {line}"));
            let what = format!("{} is set {again}; the last one counts.", entry.key);
            Problem::new(ProblemKind::Duplicate, loser.key, what, "Take one of the two out.").at(loser.line)
        });
        self.entries.push(entry);
        problem
    }
}

/// What a broker's file comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerProperties {
    pub config: BrokerConfig,
    /// The entries that were taken and that the engine acts on.
    pub taken: Vec<Entry>,
    /// Everything else, in the order of the lines; remarks on the file as a whole come last.
    pub problems: Vec<Problem>,
}

/// Reads a `server.properties`. Every entry ends up among the taken or in at least one problem.
#[must_use]
pub fn read_server_properties(version: KafkaVersion, text: &str) -> ServerProperties {
    let (properties, mut problems) = Properties::parse(text);
    let (config, told) = BrokerConfig::from_properties(version, &properties);
    problems.extend(told);
    problems.extend(missing(&properties));
    problems.sort_by_key(|problem| (problem.line.unwrap_or(u32::MAX), problem.kind));
    let honoured = |entry: &&Entry| BrokerConfig::key(&entry.key).is_some_and(|key| key.honoured);
    let taken = properties.entries().iter().filter(honoured).filter(|entry| config.explicit.contains(&*entry.key));
    ServerProperties { taken: taken.cloned().collect(), config, problems }
}

/// What Kafka 4.3 will not start without. A file of ZooKeeper mode lacks all of it, and that is told already.
fn missing(properties: &Properties) -> Vec<Problem> {
    let has = |key: &str| properties.get(key).is_some_and(|value| !value.trim().is_empty());
    if has("zookeeper.connect") && !has("process.roles") {
        return Vec::new();
    }
    let required = |key: &str, mend: &str| {
        let what = format!("Missing required configuration \"{key}\" which has no default value.");
        Problem::new(ProblemKind::Missing, key, what, mend)
    };
    let mut problems = Vec::new();
    if !has("process.roles") {
        problems.push(required("process.roles", "Write process.roles=broker; the simulator takes the node for one."));
    }
    if !has("node.id") && !has("broker.id") {
        problems.push(required("node.id", "Write node.id=1, or another number that no node has."));
    }
    if !has("controller.listener.names") {
        problems.push(required("controller.listener.names", "Write controller.listener.names=CONTROLLER."));
    }
    if !has("controller.quorum.voters") && !has("controller.quorum.bootstrap.servers") {
        problems.push(Problem::new(
            ProblemKind::Missing,
            "controller.quorum.voters",
            "If using process.roles, either controller.quorum.bootstrap.servers must contain the set of bootstrap \
             controllers or controller.quorum.voters must contain a parseable set of controllers.",
            "Write controller.quorum.bootstrap.servers=host:9093.",
        ));
    }
    problems
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\u{c}')
}

/// Joins continued lines and leaves out blank ones and comments; each with the number of its first line.
fn logical_lines(text: &str) -> Vec<(u32, String)> {
    let mut logical = Vec::new();
    let mut open: Option<(u32, String)> = None;
    let text = text.replace("\r\n", "\n");
    for (number, natural) in (1_u32..).zip(text.split(['\n', '\r'])) {
        let natural = natural.trim_start_matches(is_blank);
        // Within a continued line neither blankness nor a comment sign means anything.
        if open.is_none() && (natural.is_empty() || natural.starts_with(['#', '!'])) {
            continue;
        }
        let (line, mut joined) = open.take().unwrap_or((number, String::new()));
        let backslashes = natural.chars().rev().take_while(|c| *c == '\\').count();
        if backslashes % 2 == 1 {
            joined.push_str(&natural[..natural.len() - 1]);
            open = Some((line, joined));
        } else {
            joined.push_str(natural);
            logical.push((line, joined));
        }
    }
    logical.extend(open);
    logical
}

/// Parts a logical line at the first separator that is not escaped.
fn split(line: &str) -> (&str, &str) {
    let mut escaped = false;
    let end = line.find(|c| {
        let ends = !escaped && (matches!(c, '=' | ':') || is_blank(c));
        escaped = c == '\\' && !escaped;
        ends
    });
    let Some(end) = end else { return (line, "") };
    let rest = line[end..].trim_start_matches(is_blank);
    let rest = rest.strip_prefix(['=', ':']).unwrap_or(rest);
    (&line[..end], rest.trim_start_matches(is_blank))
}

/// `None` if a `\u` is not followed by four hexadecimal digits.
fn unescape(text: &str) -> Option<String> {
    if !text.contains('\\') {
        return Some(text.to_owned());
    }
    // In UTF-16, as Java: two \u escapes may make up one character.
    let mut units = Vec::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let c = if c == '\\' {
            match chars.next() {
                Some('u') => {
                    let digits: String = chars.by_ref().take(4).collect();
                    if digits.len() != 4 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
                        return None;
                    }
                    units.push(u16::from_str_radix(&digits, 16).ok()?);
                    continue;
                }
                Some('t') => '\t',
                Some('n') => '\n',
                Some('r') => '\r',
                Some('f') => '\u{c}',
                Some(other) => other,
                None => break,
            }
        } else {
            c
        };
        units.extend_from_slice(c.encode_utf16(&mut [0; 2]));
    }
    Some(String::from_utf16_lossy(&units))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::common::{BrokerId, Span};
    use crate::engine::config::Bound;

    fn pairs(text: &str) -> Vec<(String, String)> {
        let (properties, problems) = Properties::parse(text);
        assert_eq!(problems, []);
        properties.entries.into_iter().map(|entry| (entry.key, entry.value)).collect()
    }

    fn pair(key: &str, value: &str) -> (String, String) {
        (key.to_owned(), value.to_owned())
    }

    #[test]
    fn the_examples_of_javas_documentation() {
        for line in ["Truth = Beauty", " Truth:Beauty", "Truth                    :Beauty"] {
            assert_eq!(pairs(line), [pair("Truth", "Beauty")], "{line}");
        }
        let fruits =
            "fruits                           apple, banana, pear, \\\n    cantaloupe, watermelon, \\\n    kiwi, mango";
        let all = "apple, banana, pear, cantaloupe, watermelon, kiwi, mango";
        assert_eq!(pairs(fruits), [pair("fruits", all)]);
        assert_eq!(pairs("cheeses"), [pair("cheeses", "")]);
        assert_eq!(pairs(r"\:\="), [pair(":=", "")]);
    }

    #[test]
    fn comments_escapes_and_line_ends() {
        assert_eq!(
            pairs("# one\n  ! two \\\n\n \t\nkey=#no comment\r\nnext=1\rlast:2"),
            [pair("key", "#no comment"), pair("next", "1"), pair("last", "2")]
        );
        assert_eq!(pairs(r"a\ key = tab\tquote\q\\ \u00e4\ud83d\ude00"), [pair("a key", "tab\tquoteq\\ ä😀")]);
        assert_eq!(pairs("path=c:\\\\\nnext=1"), [pair("path", "c:\\"), pair("next", "1")]);
        assert_eq!(pairs("long=a\\\n  # b\\\n  c"), [pair("long", "a# bc")]);
        assert_eq!(pairs("cut=off\\"), [pair("cut", "off")]);
        assert_eq!(pairs("a==b"), [pair("a", "=b")]);
        assert_eq!(pairs("blank=end  "), [pair("blank", "end  ")]);
    }

    #[test]
    fn lines_are_counted_and_losers_told() {
        let (properties, problems) = Properties::parse("# c\na=1\nb=x\\\n y\na=2\nc=\\u12\n");
        assert_eq!((properties.line_of("a"), properties.line_of("b")), (Some(5), Some(3)));
        assert_eq!((properties.get("a"), properties.get("b"), properties.get("c")), (Some("2"), Some("xy"), None));
        let told: Vec<_> = problems.iter().map(|p| (p.line, p.key.as_str(), p.kind)).collect();
        assert_eq!(told, [(Some(2), "a", ProblemKind::Duplicate), (Some(6), "c", ProblemKind::Malformed)]);
        assert!(problems[0].what.contains("line 5"));
    }

    /// The keys of the file that Kafka 4.3 ships as config/server.properties.
    const KRAFT: &str = "\
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=localhost:9093
listeners=PLAINTEXT://:9092,CONTROLLER://:9093
inter.broker.listener.name=PLAINTEXT
advertised.listeners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
num.network.threads=3
num.io.threads=8
socket.send.buffer.bytes=102400
socket.receive.buffer.bytes=102400
socket.request.max.bytes=104857600
log.dirs=data/one , data/two
num.partitions=1
num.recovery.threads.per.data.dir=2
offsets.topic.replication.factor=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
log.retention.hours=168
log.segment.bytes=1073741824
log.retention.check.interval.ms=300000
";

    #[test]
    fn a_shipped_kraft_file_is_taken_apart_without_loss() {
        let read = read_server_properties(KafkaVersion::V4_3, KRAFT);
        assert_eq!(read.config.id(), Some(BrokerId(1)));
        assert!(read.config.is_broker() && read.config.is_controller());
        assert_eq!(read.config.data_dirs().len(), 2);
        assert_eq!(read.config.offsets_topic_replication_factor, 1);
        let taken: Vec<_> = read.taken.iter().map(|entry| entry.key.as_str()).collect();
        assert_eq!(
            taken,
            [
                "process.roles",
                "node.id",
                "controller.quorum.bootstrap.servers",
                "log.dirs",
                "num.partitions",
                "offsets.topic.replication.factor",
                "log.retention.hours",
                "log.segment.bytes",
                "log.retention.check.interval.ms",
            ]
        );
        assert!(read.problems.iter().all(|problem| problem.kind == ProblemKind::NotSimulated), "{:?}", read.problems);
        assert_eq!(read.taken.len() + read.problems.len(), KRAFT.lines().count());
    }

    #[test]
    fn a_file_of_zookeeper_mode_says_so() {
        let text = "broker.id=0\nnum.partitions=3\nzookeeper.connect=localhost:2181\n\
                    zookeeper.connection.timeout.ms=18000\ngroup.initial.rebalance.delay.ms=0\n";
        let read = read_server_properties(KafkaVersion::V4_3, text);
        assert_eq!(read.config.id(), Some(BrokerId(0)));
        assert_eq!(read.config.group_initial_rebalance_delay, Span::ZERO);
        let told: Vec<_> = read.problems.iter().map(|p| (p.line, p.kind)).collect();
        assert_eq!(told, [(Some(3), ProblemKind::ZooKeeperEra), (Some(4), ProblemKind::ZooKeeperEra)]);
        assert!(read.problems[0].how_to_mend.contains("process.roles"));
    }

    #[test]
    fn every_kind_of_trouble_has_its_line() {
        let text = "process.roles=broker\nnode.id=2\nbroker.id=3\ncontroller.listener.names=C\n\
                    controller.quorum.voters=9@c:9093\nnum.partitions=many\nlog.retention.hour=1\nretention.ms=5\n\
                    log.retention.minutes=5\nlog.retention.ms=700\nnum.partitions=4\nnum.partitions=0\n\
                    port=9092\nlog.cleanup.policy=compact\nlog.retention.hours=1\n";
        let read = read_server_properties(KafkaVersion::V4_3, text);
        let told: Vec<_> = read.problems.iter().map(|p| (p.line.unwrap(), p.key.as_str(), p.kind)).collect();
        assert_eq!(
            told,
            [
                (3, "broker.id", ProblemKind::Conflict),
                (4, "controller.listener.names", ProblemKind::NotSimulated),
                (6, "num.partitions", ProblemKind::Duplicate),
                (7, "log.retention.hour", ProblemKind::Unknown),
                (8, "retention.ms", ProblemKind::Unknown),
                (9, "log.retention.minutes", ProblemKind::Adjusted),
                (11, "num.partitions", ProblemKind::Duplicate),
                (12, "num.partitions", ProblemKind::BadValue),
                (13, "port", ProblemKind::Removed),
                (15, "log.retention.hours", ProblemKind::Adjusted),
            ]
        );
        assert_eq!(read.config.log_retention(), Bound::At(Span::millis(700)));
        assert_eq!(read.config.num_partitions, 1, "the last one counts, and it was refused");
        assert_eq!(
            read.problems[3].to_string(),
            "line 7: Kafka has no broker key named log.retention.hour. Did you mean log.retention.hours?"
        );
    }

    #[test]
    fn what_kafka_would_not_start_without_is_told() {
        let read = read_server_properties(KafkaVersion::V4_3, "\u{feff}num.partitions=2\n");
        assert_eq!(read.config.num_partitions, 2);
        let told: Vec<_> = read.problems.iter().map(|p| (p.line, p.key.as_str(), p.kind.stops_kafka())).collect();
        assert_eq!(
            told,
            [
                (Some(1), "", false),
                (None, "process.roles", true),
                (None, "node.id", true),
                (None, "controller.listener.names", true),
                (None, "controller.quorum.voters", true),
            ]
        );
    }

    #[test]
    fn pairs_need_no_file() {
        let properties = Properties::from_pairs([("num.partitions", "6"), ("nonsense", "1"), ("num.partitions", "7")]);
        let (config, problems) = BrokerConfig::from_properties(KafkaVersion::V4_3, &properties);
        assert_eq!(config.num_partitions, 7);
        assert_eq!(problems.iter().map(|p| (p.line, p.kind)).collect::<Vec<_>>(), [(None, ProblemKind::Unknown)]);
    }
}
