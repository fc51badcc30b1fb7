//! What can be typed: every tool and verb with an example, and a mark on what is ours and not Kafka's.

use super::query::FUNCTIONS;

/// One tool or verb.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToolHelp {
    pub name: &'static str,
    /// A tool that a real cluster has; its flags are Kafka's except those listed in `ours`.
    pub is_kafka: bool,
    pub does: &'static str,
    pub forms: &'static [&'static str],
    /// Flags that a Kafka tool has only here.
    pub ours: &'static [&'static str],
}

const TOOLS: &[ToolHelp] = &[
    ToolHelp {
        name: "kafka-topics",
        is_kafka: true,
        does: "creates, lists and describes topics",
        forms: &[
            "kafka-topics --create --topic orders --partitions 3 --replication-factor 3 --config min.insync.replicas=2",
            "kafka-topics --create --topic orders --replica-assignment 1:2:3,2:3:1",
            "kafka-topics --describe [--topic orders] [--under-replicated-partitions]",
            "kafka-topics --alter --topic orders --partitions 6",
            "kafka-topics --delete --topic orders",
            "kafka-topics --list",
        ],
        ours: &[],
    },
    ToolHelp {
        name: "zookeeper-shell",
        is_kafka: true,
        does: "shows the znodes of a cluster in ZooKeeper mode",
        forms: &[
            "zookeeper-shell localhost:2181 ls /brokers/ids",
            "zookeeper-shell ls -R /",
            "zookeeper-shell get -s /controller",
        ],
        ours: &[],
    },
    ToolHelp {
        name: "kafka-console-producer",
        is_kafka: true,
        does: "starts a program that produces",
        forms: &[
            "kafka-console-producer --topic orders --producer-property client.id=checkout --producer-property acks=all",
            "kafka-console-producer --topic orders --producer-property client.id=checkout --every 400ms --records 12 \
             --keys alice,bob --value 'order {n}'",
        ],
        ours: &["--every", "--records", "--keys", "--key", "--random-keys", "--value", "--name"],
    },
    ToolHelp {
        name: "kafka-console-consumer",
        is_kafka: true,
        does: "starts a program that consumes in a group",
        forms: &[
            "kafka-console-consumer --topic orders --group billing --consumer-property client.id=billing-1 \
             [--from-beginning] [--isolation-level read_committed]",
            "kafka-console-consumer --topic orders --group billing --consumer-property client.id=billing-1 \
             --processing 1200ms --commit after-each",
        ],
        ours: &["--processing", "--commit", "--name"],
    },
    ToolHelp {
        name: "kafka-consumer-groups",
        is_kafka: true,
        does: "lists and describes groups, and moves their offsets",
        forms: &[
            "kafka-consumer-groups --list [--state]",
            "kafka-consumer-groups --describe --group billing [--members | --state]",
            "kafka-consumer-groups --reset-offsets --group billing --topic orders --to-earliest --execute",
            "kafka-consumer-groups --reset-offsets --group billing --topic orders --shift-by -3 --dry-run",
        ],
        ours: &[],
    },
    ToolHelp {
        name: "kafka-run-class",
        is_kafka: true,
        does: "shows how far a group of Kafka 0.8 has come, which keeps itself in ZooKeeper",
        forms: &["kafka-run-class kafka.tools.ConsumerOffsetChecker --group billing [--topic orders]"],
        ours: &[],
    },
    ToolHelp {
        name: "kafka-leader-election",
        is_kafka: true,
        does: "elects leaders: the preferred ones, or any that live",
        forms: &[
            "kafka-leader-election --election-type preferred --all-topic-partitions",
            "kafka-leader-election --election-type unclean --topic orders --partition 0",
            "kafka-leader-election --election-type preferred --path-to-json-file \
             '{\"partitions\":[{\"topic\":\"orders\",\"partition\":0}]}'",
        ],
        ours: &[],
    },
    ToolHelp {
        name: "kafka-reassign-partitions",
        is_kafka: true,
        does: "moves replicas; JSON stands in place of the files' paths",
        forms: &[
            "kafka-reassign-partitions --generate --topics-to-move-json-file '{\"topics\":[{\"topic\":\"orders\"}]}' \
             --broker-list 1,2,3",
            "kafka-reassign-partitions --execute --reassignment-json-file \
             '{\"partitions\":[{\"topic\":\"orders\",\"partition\":0,\"replicas\":[2,3]}]}' [--additional]",
            "kafka-reassign-partitions --verify --reassignment-json-file \
             '{\"partitions\":[{\"topic\":\"orders\",\"partition\":0,\"replicas\":[2,3]}]}'",
            "kafka-reassign-partitions --cancel --reassignment-json-file \
             '{\"partitions\":[{\"topic\":\"orders\",\"partition\":0}]}'",
            "kafka-reassign-partitions --list",
        ],
        ours: &[],
    },
    ToolHelp {
        name: "kafka-configs",
        is_kafka: true,
        does: "shows configuration, and changes what can be changed at run time",
        forms: &[
            "kafka-configs --describe --entity-type topics --entity-name orders [--all]",
            "kafka-configs --alter --entity-type brokers --entity-default --add-config min.insync.replicas=2",
            "kafka-configs --alter --entity-type topics --entity-name orders --delete-config retention.ms",
            "kafka-configs --alter --entity-type brokers --entity-name 1 --add-config log.retention.ms=60000",
            "kafka-configs --alter --entity-type topics --entity-name orders --add-config min.insync.replicas=2",
        ],
        ours: &[],
    },
    verb(
        "server-properties",
        "rewrites the file that a broker's next start reads",
        &["server-properties broker-1 log.retention.hours=1 num.partitions=3"],
    ),
    ToolHelp {
        name: "kafka-delete-records",
        is_kafka: true,
        does: "moves the start of logs",
        forms: &["kafka-delete-records --offset-json-file \
             '{\"partitions\":[{\"topic\":\"orders\",\"partition\":0,\"offset\":3}],\"version\":1}'"],
        ours: &[],
    },
    ToolHelp {
        name: "kafka-get-offsets",
        is_kafka: true,
        does: "tells where logs begin and end, or which offset a time stands for",
        forms: &["kafka-get-offsets --topic orders [--partitions 0,1] [--time earliest | latest | max-timestamp | MS]"],
        ours: &[],
    },
    ToolHelp {
        name: "kafka-dump-log",
        is_kafka: true,
        does: "prints what is in the files of a log",
        forms: &[
            "kafka-dump-log --files /tmp/kafka-logs/orders-0/00000000000000000000.log --print-data-log [--broker 2]",
            "kafka-dump-log --files /tmp/kafka-logs/orders-0/00000000000000000000.index",
        ],
        ours: &["--broker"],
    },
    ToolHelp {
        name: "kafka-log-dirs",
        is_kafka: true,
        does: "tells what lies in the log directories, and which have failed",
        forms: &["kafka-log-dirs --describe [--broker-list 1,2] [--topic-list orders]"],
        ours: &[],
    },
    ToolHelp {
        name: "kafka-metadata-quorum",
        is_kafka: true,
        does: "describes the quorum of controllers",
        forms: &[
            "kafka-metadata-quorum describe --status",
            "kafka-metadata-quorum describe --replication [--human-readable]",
        ],
        ours: &[],
    },
    verb(
        "produce",
        "hands records to a producer",
        &["produce checkout alice:order-1 'no key' bob:order-2@1", "produce checkout --null-marker NULL alice:NULL"],
    ),
    verb(
        "workload",
        "changes or stops what a producer does by itself",
        &["workload checkout --every 100ms [--records 50] [--keys alice,bob]", "workload checkout --stop"],
    ),
    verb("close", "stops a client in good order", &["close billing-1"]),
    verb(
        "queue-producer",
        "starts a producer for the queue",
        &["queue-producer checkout-q --every 400ms --records 12"],
    ),
    verb(
        "queue-worker",
        "starts a worker on the queue",
        &["queue-worker packer-1 --application packing --processing 1200ms [--prefetch 1] [--poison TEXT]"],
    ),
    verb("crash", "kills processes, as kill -9 does", &["crash broker-1 [broker-2 …]"]),
    verb("power-loss", "darkens machines: what was not flushed is lost", &["power-loss broker-1"]),
    verb(
        "stop",
        "ends a broker in good order, as kafka-server-stop does: first its leaderships move",
        &["stop broker-1"],
    ),
    verb("restart", "starts what is down", &["restart broker-1"]),
    verb("bounce", "crash and restart in one", &["bounce broker-1"]),
    verb("pause", "stops a process without ending it, as a long garbage collection does", &["pause broker-1"]),
    verb("resume", "lets a paused process go on", &["resume broker-1"]),
    verb("partition", "cuts a link in both directions", &["partition broker-1 broker-2"]),
    verb("partition-oneway", "cuts a link in one direction", &["partition-oneway broker-1 controller-101"]),
    verb("repair", "mends a cut link", &["repair broker-1 broker-2"]),
    verb("hold", "makes everything on a link wait", &["hold broker-1 broker-2"]),
    verb("release", "lets what waits on a link go on", &["release broker-1 broker-2"]),
    verb("latency", "sets how long a link takes", &["latency broker-1 broker-2 20ms [--jitter 5ms]"]),
    verb("drop", "drops one message in flight, which TCP never does", &["drop 17"]),
    verb("slow-disk", "sets how long a flush takes", &["slow-disk broker-1 50ms"]),
    verb("fail-disk", "breaks the disk under a log directory", &["fail-disk broker-1 [/data/a]"]),
    verb(
        "fill-disk",
        "leaves so few bytes free under a log directory",
        &["fill-disk broker-1 [/data/a] [--free 1000]"],
    ),
    verb("repair-disk", "puts a good disk in; the broker sees it when it starts", &["repair-disk broker-1 [/data/a]"]),
    verb("wait", "lets the clock run", &["wait 3s"]),
    verb("await", "lets the clock run until something holds", &["await state(billing) == Stable within 30s"]),
    verb("expect", "demands that something holds now", &["expect lag(billing) == 0 and leader(orders-0) != none"]),
    verb("show", "tells a value", &["show hw(orders-0)", "show lag(billing)"]),
    verb("help", "this", &["help [TOOL]"]),
];

const fn verb(name: &'static str, does: &'static str, forms: &'static [&'static str]) -> ToolHelp {
    ToolHelp { name, is_kafka: false, does, forms, ours: &[] }
}

/// Every tool and verb, Kafka's first.
#[must_use]
pub fn help() -> &'static [ToolHelp] {
    TOOLS
}

pub(super) fn names() -> Vec<&'static str> {
    TOOLS.iter().map(|tool| tool.name).collect()
}

/// What `help` prints.
pub(super) fn text(tool: Option<&str>) -> String {
    let Some(name) = tool else {
        let line = |tool: &ToolHelp| format!("{:<24}{}\n", tool.name, tool.does);
        let (kafka, ours): (Vec<_>, Vec<_>) = TOOLS.iter().partition(|tool| tool.is_kafka);
        let mut text = "Kafka's tools (.sh and bin/ may be added; --bootstrap-server is not needed)\n".to_owned();
        text.extend(kafka.into_iter().map(line));
        text.push_str("\nOurs\n");
        text.extend(ours.into_iter().map(line));
        text.push_str("\nhelp TOOL shows how one is written.");
        return text;
    };
    let Some(tool) = TOOLS.iter().find(|tool| tool.name == name) else { return String::new() };
    let mut text = format!("{} {}\n", tool.name, tool.does);
    for form in tool.forms {
        text.push_str(&format!("  {form}\n"));
    }
    if !tool.ours.is_empty() {
        text.push_str(&format!("Not in Kafka's own tool: {}\n", tool.ours.join(" ")));
    }
    if matches!(name, "await" | "expect" | "show") {
        text.push_str("Functions:\n");
        for function in FUNCTIONS {
            text.push_str(&format!("  {:<30}{}\n", function.form, function.answers));
        }
    }
    text.trim_end().to_owned()
}
