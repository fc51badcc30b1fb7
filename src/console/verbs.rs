//! The verbs that no Kafka tool has: faults, the clock, programs that act by hand, the point-to-point side.
//!
//! The words for faults are those of simulators of the network (turmoil): crash, bounce, partition, repair, hold,
//! release.

use super::tools::{WORKLOAD, workload};
use super::words::{ConsoleProblem, Flag, Line, Takes, list, number, span};
use super::{DEFAULT_WITHIN, Entry, Question, query};
use crate::engine::command::{Command, RecordSpec, Target};
use crate::engine::common::Span;
use crate::engine::runtime::Crash;

use Takes::{Nothing, Value};

const WORKER: &[Flag] = &[("application", Value), ("processing", Value), ("prefetch", Value), ("poison", Value)];

/// `None` if the name is no verb.
pub(super) fn parse(name: &str, words: &mut Vec<String>) -> Option<Result<Entry, ConsoleProblem>> {
    let words = std::mem::take(words);
    Some(match name {
        "crash" => each(words, "crash", |node| vec![Command::Crash { node, how: Crash::Process }]),
        "power-loss" => each(words, "power-loss", |node| vec![Command::Crash { node, how: Crash::Power }]),
        // The script that sends SIGTERM is named after what it stops.
        "stop" | "kafka-server-stop" => each(words, "stop", |node| vec![Command::Stop { node }]),
        "restart" => each(words, "restart", |node| vec![Command::Restart { node }]),
        "bounce" => each(words, "bounce", |node| {
            vec![Command::Crash { node: node.clone(), how: Crash::Process }, Command::Restart { node }]
        }),
        "pause" => each(words, "pause", |node| vec![Command::Pause { node }]),
        "resume" => each(words, "resume", |node| vec![Command::Resume { node }]),
        "partition" => link(words, "partition", |a, b| Command::Partition { a, b }),
        "partition-oneway" => link(words, "partition-oneway", |from, to| Command::PartitionOneway { from, to }),
        "repair" => link(words, "repair", |a, b| Command::Repair { a, b }),
        "hold" => link(words, "hold", |a, b| Command::Hold { a, b }),
        "release" => link(words, "release", |a, b| Command::Release { a, b }),
        "latency" => latency(words),
        "drop" => simple(words, "drop", &[], |line| {
            let message = number(&line.word("the number of a message in flight")?, "drop")?;
            Ok(Command::Drop { message })
        }),
        "slow-disk" => simple(words, "slow-disk", &[], |line| {
            let node = line.target("which node")?;
            Ok(Command::SlowDisk { node, flush: span(&line.word("how long a flush takes")?)? })
        }),
        "fail-disk" => simple(words, "fail-disk", &[], |line| {
            let (node, directory) = disk(line)?;
            Ok(Command::FailDisk { node, directory })
        }),
        "fill-disk" => simple(words, "fill-disk", &[("free", Value)], |line| {
            let free = line.number("free")?.unwrap_or(0);
            let (node, directory) = disk(line)?;
            Ok(Command::FillDisk { node, directory, free })
        }),
        "repair-disk" => simple(words, "repair-disk", &[], |line| {
            let (node, directory) = disk(line)?;
            Ok(Command::RepairDisk { node, directory })
        }),
        "produce" => simple(words, "produce", &[("null-marker", Value)], produce),
        "workload" => {
            let known: Vec<Flag> = WORKLOAD.iter().copied().chain([("stop", Nothing)]).collect();
            simple(words, "workload", &known, |line| {
                let producer = line.word("which producer")?;
                let stop = line.has("stop");
                let workload = workload(line)?;
                if workload.is_some() == stop {
                    let mend = "say either --every SPAN (with --records, --keys, --value) or --stop";
                    return Err(ConsoleProblem::new("workload does not say what to do", mend));
                }
                Ok(Command::SetWorkload { producer, workload })
            })
        }
        "close" => simple(words, "close", &[], |line| Ok(Command::Close { client: line.word("which client")? })),
        "queue-producer" => simple(words, "queue-producer", WORKLOAD, |line| {
            Ok(Command::AddQueueProducer { name: line.word("a name")?, workload: workload(line)? })
        }),
        "queue-worker" => simple(words, "queue-worker", WORKER, queue_worker),
        "server-properties" => simple(words, "server-properties", &[], server_properties),
        "wait" => wait(words),
        "help" => help(words),
        _ => return None,
    })
}

/// `await CONDITION [within SPAN]`.
pub(super) fn parse_await(line: &str, rest: &str) -> Result<Entry, ConsoleProblem> {
    let (text, within) = match rest.rsplit_once(" within ") {
        Some((text, bound)) => (text, span(bound.split('#').next().unwrap_or_default().trim())?),
        None => (rest, DEFAULT_WITHIN),
    };
    let condition = query::condition(text).map_err(|problem| problem.in_line(line, rest))?;
    Ok(Entry::Await { condition, within })
}

fn simple(
    words: Vec<String>,
    verb: &'static str,
    flags: &[Flag],
    make: impl FnOnce(&mut Line) -> Result<Command, ConsoleProblem>,
) -> Result<Entry, ConsoleProblem> {
    let mut line = Line::read(verb, words, flags)?;
    let command = make(&mut line)?;
    line.end()?;
    Ok(Entry::Act(vec![command]))
}

/// A verb for one node or several.
fn each(words: Vec<String>, verb: &'static str, make: fn(Target) -> Vec<Command>) -> Result<Entry, ConsoleProblem> {
    let mut line = Line::read(verb, words, &[])?;
    let mut commands = make(line.target("which node")?);
    for word in line.words() {
        commands.extend(make(super::words::target(&word)));
    }
    line.end()?;
    Ok(Entry::Act(commands))
}

fn link(words: Vec<String>, verb: &'static str, make: fn(Target, Target) -> Command) -> Result<Entry, ConsoleProblem> {
    simple(words, verb, &[], |line| {
        let first = line.target("between which nodes")?;
        Ok(make(first, line.target("the link's other end")?))
    })
}

/// A broker, and one of its directories if it has several.
fn disk(line: &mut Line) -> Result<(Target, Option<String>), ConsoleProblem> {
    let node = line.target("which broker")?;
    let directory = line.word("").ok();
    Ok((node, directory))
}

fn latency(words: Vec<String>) -> Result<Entry, ConsoleProblem> {
    simple(words, "latency", &[("jitter", Value)], |line| {
        let jitter = line.span("jitter")?.unwrap_or(Span::ZERO);
        let a = line.target("between which nodes")?;
        let b = line.target("the link's other end")?;
        Ok(Command::SetLatency { a, b, base: span(&line.word("how long the way is")?)?, jitter })
    })
}

/// `produce checkout alice:order-1 'a value without a key' bob:order-2@1`; a value that is the marker is no value.
fn produce(line: &mut Line) -> Result<Command, ConsoleProblem> {
    let marker = line.value("null-marker");
    let producer = line.word("which producer")?;
    let mut records = line.words().iter().map(|word| record(word)).collect::<Result<Vec<_>, _>>()?;
    for record in records.iter_mut().filter(|record| marker.as_ref() == Some(&record.value)) {
        *record = RecordSpec { value: String::new(), tombstone: true, ..std::mem::take(record) };
    }
    if records.is_empty() {
        return Err(ConsoleProblem::new("there is nothing to produce", "add records: key:value, or just a value"));
    }
    Ok(Command::Produce { producer, records })
}

/// `[key:]value[@partition]`; a backslash takes the meaning from `:`, `@` and itself.
fn record(word: &str) -> Result<RecordSpec, ConsoleProblem> {
    let mut record = RecordSpec::default();
    let mut text = String::new();
    let mut chars = word.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(escaped @ ('\\' | ':' | '@')) => text.push(escaped),
                other => {
                    text.push('\\');
                    text.extend(other);
                }
            },
            ':' if record.key.is_none() => record.key = Some(std::mem::take(&mut text)),
            '@' => {
                let digits: String = chars.by_ref().collect();
                record.partition = Some(number(&digits, "the partition after @").map_err(|problem| {
                    ConsoleProblem::new(problem.what, "write value@0, or \\@ for an @ of the value's own")
                })?);
            }
            _ => text.push(c),
        }
    }
    record.value = text;
    Ok(record)
}

fn queue_worker(line: &mut Line) -> Result<Command, ConsoleProblem> {
    let name = line.word("a name")?;
    Ok(Command::AddQueueWorker {
        application: line.required("application")?,
        processing: line.span("processing")?.unwrap_or(Span::ZERO),
        prefetch: line.number("prefetch")?.unwrap_or(1),
        poison: line.value("poison"),
        name,
    })
}

/// `server-properties broker-1 num.partitions=3 log.dirs=/a`: the whole file; what is not named is gone from it.
fn server_properties(line: &mut Line) -> Result<Command, ConsoleProblem> {
    let Target::Broker(broker) = line.target("which broker")? else {
        return Err(ConsoleProblem::new("only a broker has a server.properties here", "write broker-1"));
    };
    let pair = |word: &String| match word.split_once('=') {
        Some((key, value)) => Ok((key.to_owned(), value.to_owned())),
        None => Err(ConsoleProblem::new(format!("{word} is no pair of key and value"), format!("write {word}=…"))),
    };
    Ok(Command::WriteProperties { broker, properties: line.words().iter().map(pair).collect::<Result<_, _>>()? })
}

fn wait(words: Vec<String>) -> Result<Entry, ConsoleProblem> {
    let mut line = Line::read("wait", words, &[])?;
    let span = span(&line.word("how long")?)?;
    line.end()?;
    Ok(Entry::Wait(span))
}

fn help(words: Vec<String>) -> Result<Entry, ConsoleProblem> {
    let mut line = Line::read("help", words, &[])?;
    let mut tools = line.words();
    let tool = tools.pop();
    if let Some(name) = tool.as_deref().filter(|name| !super::help::names().contains(name)) {
        let names = list(super::help::names().iter().map(|name| (*name).to_owned()));
        return Err(ConsoleProblem::new(format!("there is no tool called '{name}'"), format!("there are {names}")));
    }
    Ok(Entry::Ask(Question::Help { tool }))
}
