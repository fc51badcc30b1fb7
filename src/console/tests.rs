//! The law of the console: every command prints as a line that gives it back.

use proptest::prelude::*;

use super::*;
use crate::engine::command::{
    CommitStyle, PartitionSpec, Properties, RecordSpec, RecordsBefore, ReplicaSpec, Target, Workload,
};
use crate::engine::common::{BrokerId, ElectionType};
use crate::engine::runtime::Crash;

fn properties(pairs: &[(&str, &str)]) -> Properties {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn broker(id: u32) -> Target {
    Target::Broker(BrokerId(id))
}

fn spec(topic: &str, partition: u32) -> PartitionSpec {
    PartitionSpec { topic: topic.to_owned(), partition }
}

fn checkout() -> Target {
    Target::Client("checkout".into())
}

fn plan(keys: &[&str]) -> Workload {
    Workload {
        every: Span::millis(400),
        records: Some(12),
        keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        random_keys: true,
        value: "it's {n}, \"{key}\" # not a comment".to_owned(),
    }
}

/// One or more of each variant. The match makes a new variant fail to compile until it is sampled here.
fn samples() -> Vec<Command> {
    let (a, b) = (broker(1), Target::Controller(BrokerId(101)));
    let every = |command: &Command| match command {
        Command::CreateTopic { .. }
        | Command::DeleteTopic { .. }
        | Command::AddPartitions { .. }
        | Command::AddProducer { .. }
        | Command::Produce { .. }
        | Command::SetWorkload { .. }
        | Command::AddConsumer { .. }
        | Command::Close { .. }
        | Command::ResetOffsets { .. }
        | Command::DeleteRecords { .. }
        | Command::AddQueueProducer { .. }
        | Command::AddQueueWorker { .. }
        | Command::Crash { .. }
        | Command::Stop { .. }
        | Command::ElectLeaders { .. }
        | Command::ReassignPartitions { .. }
        | Command::CancelReassignments { .. }
        | Command::Restart { .. }
        | Command::Pause { .. }
        | Command::Resume { .. }
        | Command::Partition { .. }
        | Command::PartitionOneway { .. }
        | Command::Repair { .. }
        | Command::Hold { .. }
        | Command::Release { .. }
        | Command::SetLatency { .. }
        | Command::Drop { .. }
        | Command::SlowDisk { .. }
        | Command::FailDisk { .. }
        | Command::FillDisk { .. }
        | Command::RepairDisk { .. }
        | Command::AlterBrokerConfig { .. }
        | Command::WriteProperties { .. }
        | Command::AlterTopicConfig { .. } => std::mem::discriminant(command),
    };
    let samples = vec![
        Command::CreateTopic {
            name: "orders".into(),
            partitions: Some(3),
            replication_factor: Some(2),
            assignment: None,
            configs: properties(&[("min.insync.replicas", "2"), ("cleanup.policy", "compact,delete")]),
        },
        Command::CreateTopic {
            name: "a b".into(),
            partitions: None,
            replication_factor: None,
            assignment: Some(vec![vec![BrokerId(1), BrokerId(2)], vec![BrokerId(2), BrokerId(3)]]),
            configs: Properties::new(),
        },
        Command::AddProducer {
            name: "checkout".into(),
            topic: "orders".into(),
            configs: properties(&[("acks", "all")]),
            workload: Some(plan(&["alice", "bob"])),
        },
        Command::AddProducer {
            name: "checkout".into(),
            topic: "orders".into(),
            configs: properties(&[("client.id", "another")]),
            workload: None,
        },
        Command::Produce {
            producer: "checkout".into(),
            records: vec![
                RecordSpec {
                    key: Some("alice".into()),
                    value: "order 1".into(),
                    partition: None,
                    ..RecordSpec::default()
                },
                RecordSpec {
                    key: None,
                    value: "12:30@noon \\ --x".into(),
                    partition: Some(2),
                    ..RecordSpec::default()
                },
                RecordSpec {
                    key: Some("a:b@1".into()),
                    value: String::new(),
                    partition: None,
                    ..RecordSpec::default()
                },
                RecordSpec { key: Some("alice".into()), tombstone: true, ..RecordSpec::default() },
                RecordSpec { value: "NULL".into(), ..RecordSpec::default() },
            ],
        },
        Command::SetWorkload { producer: "checkout".into(), workload: Some(plan(&["a,b", ""])) },
        Command::SetWorkload { producer: "checkout".into(), workload: None },
        Command::AddConsumer {
            name: "billing-1".into(),
            group: "billing".into(),
            topics: vec!["orders".into(), "returns".into()],
            configs: properties(&[("auto.offset.reset", "earliest")]),
            processing: Span::millis(1_200),
            commit: CommitStyle::AfterEach,
        },
        Command::AddConsumer {
            name: "billing-1".into(),
            group: "billing".into(),
            topics: Vec::new(),
            configs: Properties::new(),
            processing: Span::ZERO,
            commit: CommitStyle::Auto,
        },
        Command::Close { client: "--odd".into() },
        Command::ResetOffsets { group: "billing".into(), topic: "orders".into(), to: OffsetTarget::Earliest },
        Command::ResetOffsets { group: "billing".into(), topic: "orders".into(), to: OffsetTarget::Latest },
        Command::ResetOffsets { group: "billing".into(), topic: "orders".into(), to: OffsetTarget::Offset(7) },
        Command::ResetOffsets { group: "billing".into(), topic: "orders".into(), to: OffsetTarget::ShiftBy(-3) },
        Command::DeleteRecords {
            offsets: vec![
                RecordsBefore { topic: "orders".into(), partition: 0, offset: 3 },
                RecordsBefore { topic: "orders".into(), partition: 1, offset: -1 },
            ],
        },
        Command::AddQueueProducer { name: "checkout-q".into(), workload: Some(plan(&[])) },
        Command::AddQueueWorker {
            name: "packer-1".into(),
            application: "packing".into(),
            processing: Span::secs(1),
            prefetch: 2,
            poison: Some("bad".into()),
        },
        Command::Crash { node: checkout(), how: Crash::Process },
        Command::Crash { node: Target::QueueBroker, how: Crash::Power },
        Command::Stop { node: a.clone() },
        Command::ElectLeaders { election: ElectionType::Preferred, partitions: None },
        Command::ElectLeaders { election: ElectionType::Unclean, partitions: Some(vec![spec("it's", 3)]) },
        Command::ElectLeaders {
            election: ElectionType::Preferred,
            partitions: Some(vec![spec("orders", 0), spec("orders", 2)]),
        },
        Command::ReassignPartitions {
            partitions: vec![ReplicaSpec {
                topic: "orders".into(),
                partition: 0,
                replicas: vec![BrokerId(3), BrokerId(1)],
            }],
            additional: true,
        },
        Command::CancelReassignments { partitions: vec![spec("orders", 0)] },
        Command::DeleteTopic { topic: "a b".into() },
        Command::AddPartitions { topic: "orders".into(), partitions: 6, assignment: None },
        Command::AddPartitions {
            topic: "orders".into(),
            partitions: 4,
            assignment: Some(vec![vec![BrokerId(3), BrokerId(1)]]),
        },
        Command::Restart { node: a.clone() },
        Command::Pause { node: a.clone() },
        Command::Resume { node: a.clone() },
        Command::Partition { a: a.clone(), b: b.clone() },
        Command::PartitionOneway { from: a.clone(), to: b.clone() },
        Command::Repair { a: a.clone(), b: b.clone() },
        Command::Hold { a: a.clone(), b: b.clone() },
        Command::Release { a: a.clone(), b: b.clone() },
        Command::SetLatency { a: a.clone(), b, base: Span::millis(20), jitter: Span::micros(7) },
        Command::Drop { message: 17 },
        Command::FailDisk { node: a.clone(), directory: None },
        Command::FillDisk { node: a.clone(), directory: Some("/data/a b".into()), free: 1_000 },
        Command::FillDisk { node: a.clone(), directory: None, free: 0 },
        Command::RepairDisk { node: a.clone(), directory: Some("/data/b".into()) },
        Command::SlowDisk { node: a, flush: Span::millis(50) },
        Command::AlterBrokerConfig {
            broker: Some(BrokerId(1)),
            configs: properties(&[("log.cleanup.policy", "compact,delete")]),
            delete: Vec::new(),
        },
        Command::AlterBrokerConfig {
            broker: None,
            configs: properties(&[("min.insync.replicas", "2")]),
            delete: vec!["log.retention.ms".into()],
        },
        Command::AlterTopicConfig {
            topic: "orders".into(),
            configs: properties(&[("min.insync.replicas", "2")]),
            delete: vec!["retention.ms".into(), "segment.ms".into()],
        },
        Command::WriteProperties {
            broker: BrokerId(2),
            properties: properties(&[("log.dirs", "/a b,/c"), ("num.partitions", "3")]),
        },
    ];
    let kinds: std::collections::BTreeSet<String> = samples.iter().map(|c| format!("{:?}", every(c))).collect();
    assert_eq!(kinds.len(), 34, "a variant has no sample");
    samples
}

#[test]
fn every_command_prints_and_parses_back() {
    for command in samples() {
        let line = print(&command);
        assert_eq!(parse(&line), Ok(Entry::Act(vec![command])), "{line}");
    }
}

#[test]
fn lines_look_as_a_person_would_type_them() {
    let lines: Vec<String> = samples().iter().map(print).collect();
    for line in [
        "kafka-topics --create --topic orders --partitions 3 --replication-factor 2 --config cleanup.policy=compact,delete --config min.insync.replicas=2",
        "kafka-topics --create --topic 'a b' --replica-assignment 1:2,2:3",
        "kafka-consumer-groups --reset-offsets --group billing --topic orders --shift-by -3 --execute",
        "crash checkout",
        "power-loss queue-broker",
        "partition broker-1 controller-101",
        "latency broker-1 controller-101 20ms --jitter 7us",
        "workload checkout --stop",
        "slow-disk broker-1 50ms",
    ] {
        assert!(lines.iter().any(|printed| printed == line), "{line} is not among\n{}", lines.join("\n"));
    }
}

#[test]
fn the_tools_are_written_as_on_a_real_cluster() {
    let create = parse("kafka-topics --create --topic orders --partitions 3").unwrap();
    for same in [
        "bin/kafka-topics.sh --create --topic orders --partitions 3",
        "kafka-topics.sh --bootstrap-server localhost:9092 --create --topic=orders --partitions=3",
        "  kafka-topics --partitions 3 --topic 'orders' --create   # three",
    ] {
        assert_eq!(parse(same).as_ref(), Ok(&create), "{same}");
    }
    let Ok(Entry::Act(commands)) =
        parse("kafka-console-consumer --topic orders --from-beginning --group g --consumer-property client.id=c")
    else {
        panic!("a consumer is started")
    };
    let Command::AddConsumer { configs, name, .. } = &commands[0] else { panic!("a consumer") };
    assert_eq!((configs.get("auto.offset.reset").map(String::as_str), name.as_str()), (Some("earliest"), "c"));
    // Without --execute the tool only plans.
    let plan = "kafka-consumer-groups --reset-offsets --group g --topic t --to-earliest";
    let wanted = Question::ResetPlan { group: "g".into(), topic: "t".into(), to: OffsetTarget::Earliest };
    assert_eq!(parse(plan), Ok(Entry::Ask(wanted)));
}

#[test]
fn the_clock_and_comments() {
    assert_eq!(parse("wait 1.5s"), Ok(Entry::Wait(Span::millis(1_500))));
    for nothing in ["", "   ", "# crash broker-1"] {
        assert_eq!(parse(nothing), Ok(Entry::Nothing));
    }
    let Ok(Entry::Await { condition, within }) = parse("await leader(orders-0) == 2 within 12s # or else") else {
        panic!("an await")
    };
    assert_eq!((condition.text(), within), ("leader(orders-0) == 2", Span::secs(12)));
    let Ok(Entry::Act(bounced)) = parse("bounce broker-1") else { panic!("a bounce") };
    assert_eq!(
        bounced,
        [Command::Crash { node: broker(1), how: Crash::Process }, Command::Restart { node: broker(1) }]
    );
    let Ok(Entry::Act(both)) = parse("crash broker-1 broker-2") else { panic!("two crashes") };
    assert_eq!(both.len(), 2);
}

#[test]
fn what_is_not_understood_is_told_with_a_way_out() {
    for (line, expected) in [
        ("kafka-topic --list", "there is no tool called 'kafka-topic'; did you mean kafka-topics?"),
        ("kafka-topics --lst", "kafka-topics has no flag --lst; did you mean --list?"),
        ("kafka-topics --create", "kafka-topics needs --topic here; add --topic and its value"),
        ("kafka-topics --create --topic", "--topic has no value; write one after it: --topic …"),
        ("kafka-topics --create --topic a --topic b", "--topic is given twice; keep one of them"),
        (
            "kafka-topics --list --partitions 3",
            "--partitions means nothing in this form of kafka-topics; leave it out, or see what goes with it in `help`",
        ),
        (
            "kafka-topics --create --topic a --partitions x",
            "--partitions wants a whole number, not 'x'; write digits only, such as 3",
        ),
        ("crash", "crash does not say which node; add which node to the line"),
        ("wait 3", "'3' is no length of time; write a number and a unit: 500us, 20ms, 3s, 2m or 1h"),
        ("produce checkout 'open", "the line ends inside a quotation or after a lone backslash; close the quotation"),
        (
            "hold broker-1 broker-2 broker-3",
            "hold has a word too many: 'broker-3'; leave it out, or put quotes around words that belong together",
        ),
        (
            "kafka-console-consumer --topic t --group g",
            "the program has no name to show and to speak of; add --consumer-property client.id=NAME",
        ),
        ("expect leadr(orders-0) == 1", "column 8: there is no function leadr; did you mean leader(…)?"),
    ] {
        assert_eq!(parse(line).unwrap_err().to_string(), expected, "{line}");
    }
}

#[test]
fn every_example_in_the_help_is_understood() {
    for tool in help() {
        for form in tool.forms {
            // What stands in square brackets may be left out, unless they are quoted.
            let mut line = String::new();
            let (mut depth, mut is_quoted) = (0, false);
            for c in form.chars() {
                is_quoted ^= c == '\'';
                match c {
                    '[' if !is_quoted => depth += 1,
                    ']' if !is_quoted => depth -= 1,
                    _ if depth == 0 => line.push(c),
                    _ => {}
                }
            }
            assert!(parse(&line).is_ok(), "{line}: {:?}", parse(&line));
        }
    }
}

#[test]
fn a_script_tells_every_line_it_does_not_understand() {
    let script = "# a script\nkafka-topics --create --topic a\n\nproduce p 'two\nlines'\nwait 1s\n";
    let lines = read_script(script).unwrap();
    assert_eq!(lines.iter().map(|line| line.number).collect::<Vec<_>>(), [2, 4, 6]);
    let problems = read_script("crsh broker-1\nwait 1s\nwait long\n").unwrap_err();
    assert_eq!(problems.iter().map(|problem| problem.line).collect::<Vec<_>>(), [1, 3]);
    assert!(problems[0].to_string().contains("did you mean crash?"));
}

/// Any text a user may type, quotes, backslashes, control characters and Chinese included.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[a-z '\"\\\\#@:=,$-]{0,12}"]
}

fn keyed_properties() -> impl Strategy<Value = Properties> {
    proptest::collection::btree_map("[a-z.]{1,12}", text(), 0..3)
}

proptest! {
    #[test]
    fn any_text_survives(name in text(), topic in text(), configs in keyed_properties(), records in proptest::collection::vec((proptest::option::of(text()), text(), proptest::option::of(any::<u32>())), 1..4)) {
        let records: Vec<RecordSpec> =
            records.into_iter().map(|(key, value, partition)| RecordSpec { tombstone: value.is_empty(), key, value, partition }).collect();
        let workload = Workload {
            every: Span::micros(1_234_567),
            records: None,
            keys: records.iter().filter_map(|record| record.key.clone()).collect(),
            random_keys: false,
            value: topic.clone(),
        };
        let commands = [
            Command::Produce { producer: name.clone(), records },
            Command::AddProducer {
                name: name.clone(),
                topic: topic.clone(),
                configs: configs.clone(),
                workload: Some(workload),
            },
            Command::CreateTopic {
                name: topic.clone(),
                partitions: None,
                replication_factor: Some(1),
                assignment: None,
                configs: configs.clone(),
            },
            Command::AddConsumer {
                name: name.clone(),
                group: topic.clone(),
                topics: vec![name.clone(), topic],
                configs,
                processing: Span::micros(7),
                commit: CommitStyle::Never,
            },
            Command::Close { client: name },
        ];
        for command in commands {
            let line = print(&command);
            prop_assert_eq!(parse(&line), Ok(Entry::Act(vec![command])), "{}", line);
        }
    }

    #[test]
    fn nothing_typed_makes_it_panic(line in text()) {
        let _ = parse(&line);
        let _ = parse(&format!("expect {line}"));
        let _ = parse(&format!("await {line} within 3s"));
        let _ = read_script(&line);
    }
}
