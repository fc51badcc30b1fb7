//! Kafka's own command-line tools, with the flags they have in Kafka 4, and flags of ours where the simulator needs
//! more than a terminal: what a program does by itself, how long it works on a record, when it commits.

use super::words::{ConsoleProblem, Flag, Line, Takes, number};
use super::{
    DescribeFilter, Entry, GroupView, Question, assignment, configs, log_dirs, log_tools, offset_checker,
    zookeeper_shell,
};
use crate::engine::command::{Command, CommitStyle, OffsetTarget, Properties, Workload};
use crate::engine::common::{BrokerId, Span};

use Takes::{Nothing, Value, Values};

/// Where the cluster is reached goes without saying in a world that has only one.
const BOOTSTRAP: [Flag; 2] = [("bootstrap-server", Value), ("command-config", Value)];

const TOPICS: &[Flag] = &[
    ("create", Nothing),
    ("list", Nothing),
    ("describe", Nothing),
    ("delete", Nothing),
    ("alter", Nothing),
    ("topic", Value),
    ("partitions", Value),
    ("replication-factor", Value),
    ("replica-assignment", Value),
    ("config", Values),
    ("under-replicated-partitions", Nothing),
    ("unavailable-partitions", Nothing),
    ("under-min-isr-partitions", Nothing),
    ("at-min-isr-partitions", Nothing),
];

const PRODUCER: &[Flag] = &[
    ("topic", Value),
    ("producer-property", Values),
    ("command-property", Values),
    ("request-required-acks", Value),
    ("name", Value),
];

/// What a program sends by itself; shared with the point-to-point producer.
pub(super) const WORKLOAD: &[Flag] = &[
    ("every", Value),
    ("records", Value),
    ("keys", Value),
    ("key", Values),
    ("random-keys", Nothing),
    ("value", Value),
];

const CONSUMER: &[Flag] = &[
    ("topic", Values),
    ("group", Value),
    ("from-beginning", Nothing),
    ("isolation-level", Value),
    ("consumer-property", Values),
    ("command-property", Values),
    ("name", Value),
    ("processing", Value),
    ("commit", Value),
];

const GROUPS: &[Flag] = &[
    ("list", Nothing),
    ("describe", Nothing),
    ("reset-offsets", Nothing),
    ("group", Values),
    ("all-groups", Nothing),
    ("topic", Value),
    ("members", Nothing),
    ("offsets", Nothing),
    ("state", Nothing),
    ("to-earliest", Nothing),
    ("to-latest", Nothing),
    ("to-offset", Value),
    ("shift-by", Value),
    ("dry-run", Nothing),
    ("execute", Nothing),
];

const QUORUM: &[Flag] =
    &[("bootstrap-controller", Value), ("status", Nothing), ("replication", Nothing), ("human-readable", Nothing)];

/// The words `--commit` takes.
pub(super) const COMMITS: [(&str, CommitStyle); 5] = [
    ("auto", CommitStyle::Auto),
    ("after-each", CommitStyle::AfterEach),
    ("after-poll", CommitStyle::AfterPoll),
    ("before-processing", CommitStyle::BeforeProcessing),
    ("never", CommitStyle::Never),
];

type Parse = fn(Line) -> Result<Entry, ConsoleProblem>;

/// `None` if the name is no tool of Kafka's.
pub(super) fn parse(name: &str, words: &mut Vec<String>) -> Option<Result<Entry, ConsoleProblem>> {
    if name == "zookeeper-shell" {
        return Some(zookeeper_shell::parse(&std::mem::take(words)));
    }
    if name == "kafka-run-class" {
        return Some(offset_checker::parse(&std::mem::take(words)));
    }
    let (tool, flags, parse): (_, _, Parse) = match name {
        "kafka-topics" => ("kafka-topics", vec![TOPICS], topics),
        "kafka-console-producer" => ("kafka-console-producer", vec![PRODUCER, WORKLOAD], producer),
        "kafka-console-consumer" => ("kafka-console-consumer", vec![CONSUMER], consumer),
        "kafka-consumer-groups" => ("kafka-consumer-groups", vec![GROUPS], groups),
        "kafka-leader-election" => ("kafka-leader-election", vec![assignment::ELECTION], assignment::election),
        "kafka-reassign-partitions" => ("kafka-reassign-partitions", vec![assignment::REASSIGN], assignment::reassign),
        "kafka-configs" => ("kafka-configs", vec![configs::FLAGS], configs::parse),
        "kafka-metadata-quorum" => ("kafka-metadata-quorum", vec![QUORUM], quorum),
        "kafka-delete-records" => ("kafka-delete-records", vec![log_tools::DELETE], log_tools::delete_records),
        "kafka-get-offsets" => ("kafka-get-offsets", vec![log_tools::OFFSETS], log_tools::get_offsets),
        "kafka-log-dirs" => ("kafka-log-dirs", vec![log_dirs::FLAGS], log_dirs::parse),
        "kafka-dump-log" => ("kafka-dump-log", vec![log_tools::DUMP], log_tools::dump_log),
        _ => return None,
    };
    let known: Vec<Flag> = BOOTSTRAP.iter().chain(flags.into_iter().flatten()).copied().collect();
    let line = Line::read(tool, std::mem::take(words), &known).map(|mut line| {
        for (flag, _) in BOOTSTRAP {
            line.value(flag);
        }
        line
    });
    Some(line.and_then(parse))
}

fn topics(mut line: Line) -> Result<Entry, ConsoleProblem> {
    let actions = ["create", "describe", "list", "delete", "alter"];
    let given: Vec<&str> = actions.into_iter().filter(|action| line.has(action)).collect();
    let entry = match given[..] {
        ["delete"] => Entry::Act(vec![Command::DeleteTopic { topic: line.required("topic")? }]),
        ["alter"] => {
            let topic = line.required("topic")?;
            let Some(partitions) = line.number("partitions")? else {
                let what = "kafka-topics --alter changes the number of partitions and nothing else";
                return Err(ConsoleProblem::new(what, "add --partitions N"));
            };
            let assignment = line.value("replica-assignment").map(|text| assignment(&text)).transpose()?;
            // The tool wants a line for every partition and sends those of the new ones.
            Entry::Act(vec![Command::AddPartitions { topic, partitions, assignment }])
        }
        ["create"] => Entry::Act(vec![Command::CreateTopic {
            name: line.required("topic")?,
            partitions: line.number("partitions")?,
            replication_factor: line.number("replication-factor")?,
            assignment: line.value("replica-assignment").map(|text| assignment(&text)).transpose()?,
            configs: line.properties("config")?,
        }]),
        ["describe"] => {
            let filters = [
                ("under-replicated-partitions", DescribeFilter::UnderReplicated),
                ("unavailable-partitions", DescribeFilter::Unavailable),
                ("under-min-isr-partitions", DescribeFilter::UnderMinIsr),
                ("at-min-isr-partitions", DescribeFilter::AtMinIsr),
            ];
            let topic = line.value("topic");
            let mut given = filters.iter().filter(|(name, _)| line.has(name)).map(|(_, filter)| *filter);
            let only = given.next();
            if given.next().is_some() {
                return Err(ConsoleProblem::new("kafka-topics takes one filter at a time", "keep one of them"));
            }
            Entry::Ask(Question::DescribeTopics { topic, only })
        }
        ["list"] => Entry::Ask(Question::ListTopics),
        // Kafka's own sentence.
        _ => {
            return Err(ConsoleProblem::new(
                "Command must include exactly one action: --list, --describe, --create, --alter or --delete",
                "keep one of them",
            ));
        }
    };
    line.end()?;
    Ok(entry)
}

/// `1:2:3,2:3:1`: partition by partition, preferred leader first.
fn assignment(text: &str) -> Result<Vec<Vec<BrokerId>>, ConsoleProblem> {
    let id = |text: &str| number(text, "--replica-assignment").map(BrokerId);
    text.split(',').map(|partition| partition.split(':').map(id).collect()).collect()
}

/// `client.id` names the program, unless `--name` does.
fn name_of(line: &mut Line, configs: &mut Properties, flag: &str) -> Result<String, ConsoleProblem> {
    if let Some(name) = line.value("name") {
        return Ok(name);
    }
    configs.remove("client.id").ok_or_else(|| {
        let what = "the program has no name to show and to speak of";
        ConsoleProblem::new(what, format!("add --{flag} client.id=NAME"))
    })
}

/// `--producer-property` and its name since 4.2, `--command-property`.
fn client_properties(line: &mut Line, flag: &str) -> Result<Properties, ConsoleProblem> {
    let mut configs = line.properties(flag)?;
    configs.extend(line.properties("command-property")?);
    Ok(configs)
}

fn producer(mut line: Line) -> Result<Entry, ConsoleProblem> {
    let mut configs = client_properties(&mut line, "producer-property")?;
    if let Some(acks) = line.value("request-required-acks") {
        configs.insert("acks".to_owned(), acks);
    }
    let name = name_of(&mut line, &mut configs, "producer-property")?;
    let topic = line.required("topic")?;
    let workload = workload(&mut line)?;
    line.end()?;
    Ok(Entry::Act(vec![Command::AddProducer { name, topic, configs, workload }]))
}

/// What the workload flags say; without `--every` a program does nothing by itself.
pub(super) fn workload(line: &mut Line) -> Result<Option<Workload>, ConsoleProblem> {
    let Some(every) = line.span("every")? else { return Ok(None) };
    let mut keys: Vec<String> =
        line.value("keys").map_or_else(Vec::new, |keys| keys.split(',').map(str::to_owned).collect());
    keys.extend(line.values("key"));
    Ok(Some(Workload {
        every,
        records: line.number("records")?,
        keys,
        random_keys: line.has("random-keys"),
        value: line.value("value").unwrap_or_else(|| DEFAULT_VALUE.to_owned()),
    }))
}

/// The text of a record when nothing else is said.
pub(super) const DEFAULT_VALUE: &str = "order {n}";

fn consumer(mut line: Line) -> Result<Entry, ConsoleProblem> {
    let mut configs = client_properties(&mut line, "consumer-property")?;
    // As the tool itself does with these two flags.
    if line.has("from-beginning") {
        configs.insert("auto.offset.reset".to_owned(), "earliest".to_owned());
    }
    if let Some(level) = line.value("isolation-level") {
        configs.insert("isolation.level".to_owned(), level);
    }
    let name = name_of(&mut line, &mut configs, "consumer-property")?;
    let group = match line.value("group").or_else(|| configs.remove("group.id")) {
        Some(group) => group,
        None => return Err(ConsoleProblem::new("the consumer is in no group", "add --group NAME")),
    };
    let topics = line.values("topic");
    let processing = line.span("processing")?.unwrap_or(Span::ZERO);
    let commit = line.value("commit").map_or(Ok(CommitStyle::default()), |word| commit_style(&word))?;
    line.end()?;
    Ok(Entry::Act(vec![Command::AddConsumer { name, group, topics, configs, processing, commit }]))
}

fn commit_style(word: &str) -> Result<CommitStyle, ConsoleProblem> {
    COMMITS.iter().find(|(name, _)| *name == word).map(|(_, style)| *style).ok_or_else(|| {
        let names = super::words::list(COMMITS.iter().map(|(name, _)| (*name).to_owned()));
        ConsoleProblem::new(format!("--commit {word} means nothing"), format!("choose among {names}"))
    })
}

fn groups(mut line: Line) -> Result<Entry, ConsoleProblem> {
    let entry = match (line.has("describe"), line.has("list"), line.has("reset-offsets")) {
        (true, false, false) => {
            let all = line.has("all-groups");
            let groups = line.values("group");
            if groups.is_empty() != all {
                let mend = "name one with --group, or ask for --all-groups";
                return Err(ConsoleProblem::new("kafka-consumer-groups --describe does not say which group", mend));
            }
            let view = match (line.has("offsets"), line.has("members"), line.has("state")) {
                (_, false, false) => GroupView::Offsets,
                (false, true, false) => GroupView::Members,
                (false, false, true) => GroupView::State,
                _ => {
                    return Err(ConsoleProblem::new("one view at a time", "keep one of --offsets, --members, --state"));
                }
            };
            Entry::Ask(Question::DescribeGroups { groups, view })
        }
        (false, true, false) => Entry::Ask(Question::ListGroups { with_state: line.has("state") }),
        (false, false, true) => reset(&mut line)?,
        _ => {
            return Err(ConsoleProblem::new(
                "kafka-consumer-groups needs exactly one action",
                "of Kafka's actions --list, --describe and --reset-offsets work here",
            ));
        }
    };
    line.end()?;
    Ok(entry)
}

fn reset(line: &mut Line) -> Result<Entry, ConsoleProblem> {
    let group = line.required("group")?;
    let topic = line.required("topic")?;
    let targets = [
        line.has("to-earliest").then_some(OffsetTarget::Earliest),
        line.has("to-latest").then_some(OffsetTarget::Latest),
        line.number("to-offset")?.map(OffsetTarget::Offset),
        line.number("shift-by")?.map(OffsetTarget::ShiftBy),
    ];
    let mut targets = targets.into_iter().flatten();
    let (Some(to), None) = (targets.next(), targets.next()) else {
        let mend = "give one of --to-earliest, --to-latest, --to-offset N, --shift-by N";
        return Err(ConsoleProblem::new("a reset needs exactly one place to go to", mend));
    };
    match (line.has("execute"), line.has("dry-run")) {
        (true, false) => Ok(Entry::Act(vec![Command::ResetOffsets { group, topic, to }])),
        // Without --execute the tool only says what it would do.
        (false, _) => Ok(Entry::Ask(Question::ResetPlan { group, topic, to })),
        (true, true) => {
            Err(ConsoleProblem::new("--dry-run and --execute contradict each other", "keep the one you mean"))
        }
    }
}

fn quorum(mut line: Line) -> Result<Entry, ConsoleProblem> {
    let verb = line.word("what to do with the quorum")?;
    if verb != "describe" {
        let what = format!("kafka-metadata-quorum {verb} is not simulated: the voters are those of the setup");
        return Err(ConsoleProblem::new(what, "write describe --status or describe --replication"));
    }
    line.value("bootstrap-controller");
    let (status, replication) = (line.has("status"), line.has("replication"));
    let human_readable = line.has("human-readable");
    line.end()?;
    // The tool's own order of questions: replication first.
    match (replication, status) {
        (true, _) => Ok(Entry::Ask(Question::DescribeQuorumReplication { human_readable })),
        (false, true) if human_readable => Err(ConsoleProblem::new(
            "The option --human-readable is only supported along with --replication",
            "leave it out",
        )),
        (false, true) => Ok(Entry::Ask(Question::DescribeQuorum)),
        (false, false) => Err(ConsoleProblem::new(
            "One of --status or --replication must be specified with describe sub-command",
            "add one of them",
        )),
    }
}
