//! A command as the line that gives it back.

use super::tools::{COMMITS, DEFAULT_VALUE};
use super::words::quote;
use crate::engine::command::{Command, OffsetTarget, Properties, RecordSpec, Target, Workload};
use crate::engine::common::{BrokerId, Span};
use crate::engine::runtime::Crash;

/// The line that [`super::parse`] reads back as this very command.
#[must_use]
pub fn print(command: &Command) -> String {
    match command {
        Command::CreateTopic { name, partitions, replication_factor, assignment, configs } => {
            let mut line = Words::of("kafka-topics --create").flag("topic", name);
            line = line.maybe("partitions", partitions.as_ref());
            line = line.maybe("replication-factor", replication_factor.as_ref());
            by_hand(line, assignment.as_deref()).properties("config", configs).line()
        }
        Command::DeleteTopic { topic } => Words::of("kafka-topics --delete").flag("topic", topic).line(),
        Command::AddPartitions { topic, partitions, assignment } => {
            let line =
                Words::of("kafka-topics --alter").flag("topic", topic).flag("partitions", &partitions.to_string());
            by_hand(line, assignment.as_deref()).line()
        }
        Command::AddProducer { name, topic, configs, workload } => {
            let line = Words::of("kafka-console-producer").flag("topic", topic);
            line.client("producer-property", name, configs).workload(workload.as_ref()).line()
        }
        Command::Produce { producer, records } => {
            let marker = null_marker(records);
            let mut line = Words::of("produce");
            if records.iter().any(|record| record.tombstone) {
                line = line.flag("null-marker", &marker);
            }
            records.iter().fold(line.word(producer), |line, spec| line.word(&record(spec, &marker))).line()
        }
        Command::SetWorkload { producer, workload } => {
            let line = Words::of("workload").word(producer).workload(workload.as_ref());
            if workload.is_none() { line.switch("stop").line() } else { line.line() }
        }
        Command::AddConsumer { name, group, topics, configs, processing, commit } => {
            let line = Words::of("kafka-console-consumer");
            let mut line = topics.iter().fold(line, |line, topic| line.flag("topic", topic)).flag("group", group);
            line = line.client("consumer-property", name, configs);
            if *processing != Span::ZERO {
                line = line.flag("processing", &processing.to_string());
            }
            if *commit != super::tools::COMMITS[0].1 {
                let word = COMMITS.iter().find(|(_, style)| style == commit).expect("every style has a word").0;
                line = line.flag("commit", word);
            }
            line.line()
        }
        Command::Close { client } => Words::of("close").word(client).line(),
        Command::ResetOffsets { group, topic, to } => {
            let line = Words::of("kafka-consumer-groups --reset-offsets").flag("group", group).flag("topic", topic);
            let line = match to {
                OffsetTarget::Earliest => line.switch("to-earliest"),
                OffsetTarget::Latest => line.switch("to-latest"),
                OffsetTarget::Offset(offset) => line.flag("to-offset", &offset.to_string()),
                OffsetTarget::ShiftBy(by) => line.flag("shift-by", &by.to_string()),
            };
            line.switch("execute").line()
        }
        Command::DeleteRecords { offsets } => {
            Words::of("kafka-delete-records").flag("offset-json-file", &super::log_tools::deletion_json(offsets)).line()
        }
        Command::AddQueueProducer { name, workload } => {
            Words::of("queue-producer").word(name).workload(workload.as_ref()).line()
        }
        Command::AddQueueWorker { name, application, processing, prefetch, poison } => {
            let line = Words::of("queue-worker").word(name).flag("application", application);
            let line = line.flag("processing", &processing.to_string()).flag("prefetch", &prefetch.to_string());
            line.maybe("poison", poison.as_ref()).line()
        }
        Command::Crash { node, how: Crash::Process } => Words::of("crash").node(node).line(),
        Command::Crash { node, how: Crash::Power } => Words::of("power-loss").node(node).line(),
        Command::Stop { node } => Words::of("stop").node(node).line(),
        Command::ElectLeaders { .. } | Command::ReassignPartitions { .. } | Command::CancelReassignments { .. } => {
            super::assignment::print(command).expect("these are its commands")
        }
        Command::Restart { node } => Words::of("restart").node(node).line(),
        Command::Pause { node } => Words::of("pause").node(node).line(),
        Command::Resume { node } => Words::of("resume").node(node).line(),
        Command::Partition { a, b } => Words::of("partition").node(a).node(b).line(),
        Command::PartitionOneway { from, to } => Words::of("partition-oneway").node(from).node(to).line(),
        Command::Repair { a, b } => Words::of("repair").node(a).node(b).line(),
        Command::Hold { a, b } => Words::of("hold").node(a).node(b).line(),
        Command::Release { a, b } => Words::of("release").node(a).node(b).line(),
        Command::SetLatency { a, b, base, jitter } => {
            let line = Words::of("latency").node(a).node(b).word(&base.to_string());
            line.flag("jitter", &jitter.to_string()).line()
        }
        Command::Drop { message } => Words::of("drop").word(&message.to_string()).line(),
        Command::SlowDisk { node, flush } => Words::of("slow-disk").node(node).word(&flush.to_string()).line(),
        Command::FailDisk { node, directory } => disk("fail-disk", node, directory.as_ref()).line(),
        Command::FillDisk { node, directory, free: 0 } => disk("fill-disk", node, directory.as_ref()).line(),
        Command::FillDisk { node, directory, free } => {
            disk("fill-disk", node, directory.as_ref()).flag("free", &free.to_string()).line()
        }
        Command::RepairDisk { node, directory } => disk("repair-disk", node, directory.as_ref()).line(),
        Command::AlterBrokerConfig { broker, configs, delete } => {
            alter("brokers", broker.map(|broker| broker.to_string()).as_deref(), configs, delete)
        }
        Command::AlterTopicConfig { topic, configs, delete } => alter("topics", Some(topic), configs, delete),
        Command::WriteProperties { broker, properties } => {
            let line = Words::of("server-properties").node(&Target::Broker(*broker));
            properties.iter().fold(line, |line, (key, value)| line.word(&format!("{key}={value}"))).line()
        }
    }
}

fn by_hand(line: Words, assignment: Option<&[Vec<BrokerId>]>) -> Words {
    let Some(assignment) = assignment else { return line };
    let all: Vec<String> = assignment.iter().map(|replicas| join(replicas, ":")).collect();
    line.flag("replica-assignment", &all.join(","))
}

fn disk(verb: &str, node: &Target, directory: Option<&String>) -> Words {
    let line = Words::of(verb).node(node);
    match directory {
        Some(directory) => line.word(directory),
        None => line,
    }
}

fn alter(kind: &str, name: Option<&str>, configs: &Properties, delete: &[String]) -> String {
    let line = Words::of("kafka-configs --alter").flag("entity-type", kind);
    let line = match name {
        Some(name) => line.flag("entity-name", name),
        None => line.switch("entity-default"),
    };
    let pair = |(key, value): (&String, &String)| {
        // The tool splits at commas unless they stand in brackets.
        if value.contains([',', '[', ']']) { format!("{key}=[{value}]") } else { format!("{key}={value}") }
    };
    let line = configs.iter().map(pair).fold(line, |line, pair| line.flag("add-config", &pair));
    delete.iter().fold(line, |line, key| line.flag("delete-config", key)).line()
}

/// A value that no record has, to stand for none at all.
fn null_marker(records: &[RecordSpec]) -> String {
    let mut marker = "NULL".to_owned();
    while records.iter().any(|record| !record.tombstone && record.value == marker) {
        marker.push('_');
    }
    marker
}

fn record(spec: &RecordSpec, null_marker: &str) -> String {
    let value = if spec.tombstone { null_marker } else { &spec.value };
    let escape = |text: &str, special: &[char]| {
        let mut escaped = String::with_capacity(text.len());
        for c in text.chars() {
            if special.contains(&c) {
                escaped.push('\\');
            }
            escaped.push(c);
        }
        escaped
    };
    let mut word = String::new();
    if let Some(key) = &spec.key {
        word.push_str(&escape(key, &['\\', ':', '@']));
        word.push(':');
        word.push_str(&escape(value, &['\\', '@']));
    } else {
        word.push_str(&escape(value, &['\\', ':', '@']));
    }
    if let Some(partition) = spec.partition {
        word.push('@');
        word.push_str(&partition.to_string());
    }
    word
}

fn join<T: ToString>(items: &[T], between: &str) -> String {
    items.iter().map(T::to_string).collect::<Vec<_>>().join(between)
}

/// A line in the making: flags as they come, positional words at the end.
struct Words {
    head: String,
    positional: Vec<String>,
}

impl Words {
    fn of(head: &str) -> Self {
        Self { head: head.to_owned(), positional: Vec::new() }
    }

    fn word(mut self, word: &str) -> Self {
        self.positional.push(word.to_owned());
        self
    }

    fn node(self, node: &Target) -> Self {
        self.word(&node.to_string())
    }

    fn switch(mut self, name: &str) -> Self {
        self.head.push_str(" --");
        self.head.push_str(name);
        self
    }

    fn flag(self, name: &str, value: &str) -> Self {
        let mut line = self.switch(name);
        line.head.push(' ');
        line.head.push_str(&quote(value));
        line
    }

    fn maybe(self, name: &str, value: Option<&impl ToString>) -> Self {
        match value {
            Some(value) => self.flag(name, &value.to_string()),
            None => self,
        }
    }

    fn properties(self, flag: &str, configs: &Properties) -> Self {
        configs.iter().fold(self, |line, (key, value)| line.flag(flag, &format!("{key}={value}")))
    }

    /// The name goes as `client.id`, as on a real command line, unless the two differ.
    fn client(self, flag: &str, name: &str, configs: &Properties) -> Self {
        let line = if configs.contains_key("client.id") {
            self.flag("name", name)
        } else {
            self.flag(flag, &format!("client.id={name}"))
        };
        line.properties(flag, configs)
    }

    fn workload(self, workload: Option<&Workload>) -> Self {
        let Some(workload) = workload else { return self };
        let mut line = self.flag("every", &workload.every.to_string()).maybe("records", workload.records.as_ref());
        let plain = workload.keys.iter().all(|key| !key.is_empty() && !key.contains(','));
        if !plain {
            line = workload.keys.iter().fold(line, |line, key| line.flag("key", key));
        } else if !workload.keys.is_empty() {
            line = line.flag("keys", &workload.keys.join(","));
        }
        if workload.random_keys {
            line = line.switch("random-keys");
        }
        if workload.value != DEFAULT_VALUE {
            line = line.flag("value", &workload.value);
        }
        line
    }

    /// Positional words stand right after the verb; those that look like flags go behind a lone `--` at the end.
    fn line(self) -> String {
        if self.positional.iter().any(|word| word.starts_with("--")) {
            let words = self.positional.iter().map(|word| quote(word)).collect::<Vec<_>>();
            return format!("{} -- {}", self.head, words.join(" "));
        }
        let (verb, flags) = match self.head.split_once(' ') {
            Some((verb, flags)) => (verb, format!(" {flags}")),
            None => (self.head.as_str(), String::new()),
        };
        let words: String = self.positional.iter().map(|word| format!(" {}", quote(word))).collect();
        format!("{verb}{words}{flags}")
    }
}
