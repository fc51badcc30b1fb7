//! Every input from outside the simulation, as plain data: what a user clicks, a lesson says or a script types.
//!
//! The input log of a run is a list of these; `console` prints each as a line and parses it back.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::common::{BrokerId, ElectionType, ServerId, Span};
use super::runtime::Crash;

/// Official configuration keys and their texts.
pub type Properties = BTreeMap<String, String>;

/// Who is meant, by the name the page shows: `broker-1`, `controller-101`, `zookeeper-1`, `queue-broker`, or a
/// client's own name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    Broker(BrokerId),
    Controller(BrokerId),
    ZooKeeper(ServerId),
    QueueBroker,
    Client(Arc<str>),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broker(id) => write!(f, "broker-{id}"),
            Self::Controller(id) => write!(f, "controller-{id}"),
            Self::ZooKeeper(id) => write!(f, "zookeeper-{id}"),
            Self::QueueBroker => f.write_str("queue-broker"),
            Self::Client(name) => f.write_str(name),
        }
    }
}

/// One record to be sent, in the user's words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct RecordSpec {
    pub key: Option<String>,
    pub value: String,
    pub partition: Option<u32>,
    /// The record has no value at all, which compaction reads as "forget the key" (`null.marker`, KIP-810).
    pub tombstone: bool,
}

impl RecordSpec {
    /// What goes into the record.
    #[must_use]
    pub fn value_bytes(&self) -> Option<&[u8]> {
        (!self.tombstone).then_some(self.value.as_bytes())
    }
}

/// What a producing program does by itself: a record every so often, keys in turn.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Workload {
    /// Time between two records.
    pub every: Span,
    /// Stop after so many; `None` goes on for ever.
    pub records: Option<u64>,
    /// Taken in turn, or at random; empty: records without a key.
    pub keys: Vec<String>,
    pub random_keys: bool,
    /// The value of each record; `{n}` is its number from 0, `{key}` its key.
    pub value: String,
}

/// When a consuming program commits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CommitStyle {
    /// `enable.auto.commit=true`: inside `poll()`, once `auto.commit.interval.ms` has passed.
    #[default]
    Auto,
    /// `commitSync()` after each record, once it has been processed.
    AfterEach,
    /// `commitSync()` when all records of a poll have been processed.
    AfterPoll,
    /// `commitSync()` of the whole poll before processing it.
    BeforeProcessing,
    Never,
}

/// One line of a `kafka-delete-records` file.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordsBefore {
    pub topic: String,
    pub partition: u32,
    /// −1 is the high watermark.
    pub offset: i64,
}

/// What the point-to-point broker promises.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct QueueSpec {
    pub name: String,
    /// A delivered message that is not acknowledged for so long is delivered again.
    pub visibility_timeout: Span,
    /// After so many deliveries without an ack, a message goes to the dead letters.
    pub max_deliveries: u32,
}

impl Default for QueueSpec {
    fn default() -> Self {
        Self { name: "orders.q".to_owned(), visibility_timeout: Span::secs(30), max_deliveries: 5 }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    CreateTopic {
        name: String,
        partitions: Option<u32>,
        replication_factor: Option<u32>,
        assignment: Option<Vec<Vec<BrokerId>>>,
        configs: Properties,
    },
    /// `kafka-topics --delete`.
    DeleteTopic {
        topic: String,
    },
    /// `kafka-topics --alter --partitions N`: so many in all; the assignment is for the new ones.
    AddPartitions {
        topic: String,
        partitions: u32,
        assignment: Option<Vec<Vec<BrokerId>>>,
    },
    /// Starts a program that produces to one topic.
    AddProducer {
        name: String,
        topic: String,
        configs: Properties,
        workload: Option<Workload>,
    },
    /// Hands records to a producer's `send()`.
    Produce {
        producer: String,
        records: Vec<RecordSpec>,
    },
    /// Changes or stops what a producer does by itself.
    SetWorkload {
        producer: String,
        workload: Option<Workload>,
    },
    /// Starts a program that consumes in a group.
    AddConsumer {
        name: String,
        group: String,
        topics: Vec<String>,
        configs: Properties,
        /// Time the application spends on each record.
        processing: Span,
        commit: CommitStyle,
    },
    /// Stops a client in good order: a consumer leaves its group.
    Close {
        client: String,
    },
    /// `kafka-consumer-groups --reset-offsets --execute`: only while the group has no members.
    ResetOffsets {
        group: String,
        topic: String,
        to: OffsetTarget,
    },
    /// `kafka-delete-records`: what lies before these offsets is to be read no more.
    DeleteRecords {
        offsets: Vec<RecordsBefore>,
    },
    /// The point-to-point side.
    AddQueueProducer {
        name: String,
        workload: Option<Workload>,
    },
    AddQueueWorker {
        name: String,
        /// Which application it belongs to, for display.
        application: String,
        processing: Span,
        prefetch: u32,
        /// Fails (nack, requeue) on messages whose value contains this text.
        poison: Option<String>,
    },
    /// `kill -9`, or the plug pulled.
    Crash {
        node: Target,
        how: Crash,
    },
    /// SIGTERM, as `kafka-server-stop` sends it: a broker hands over what it leads and ends in good order.
    Stop {
        node: Target,
    },
    Restart {
        node: Target,
    },
    Pause {
        node: Target,
    },
    Resume {
        node: Target,
    },
    Partition {
        a: Target,
        b: Target,
    },
    PartitionOneway {
        from: Target,
        to: Target,
    },
    Repair {
        a: Target,
        b: Target,
    },
    Hold {
        a: Target,
        b: Target,
    },
    Release {
        a: Target,
        b: Target,
    },
    SetLatency {
        a: Target,
        b: Target,
        base: Span,
        jitter: Span,
    },
    /// Drops one message in flight: a teacher's tool, TCP never does it.
    Drop {
        message: u64,
    },
    SlowDisk {
        node: Target,
        flush: Span,
    },
    /// No write to the disk under one of a broker's directories succeeds any more; the first if none is named.
    FailDisk {
        node: Target,
        directory: Option<String>,
    },
    /// Only so many bytes are left on it.
    FillDisk {
        node: Target,
        directory: Option<String>,
        free: u64,
    },
    /// A new, large disk with the old one's content. The broker looks at it when it starts.
    RepairDisk {
        node: Target,
        directory: Option<String>,
    },
    /// `kafka-configs.sh --entity-type brokers`: what Kafka can change at run time; `None` is `--entity-default`.
    AlterBrokerConfig {
        broker: Option<BrokerId>,
        configs: Properties,
        delete: Vec<String>,
    },
    /// `kafka-leader-election`; no partitions: all of them.
    ElectLeaders {
        election: ElectionType,
        partitions: Option<Vec<PartitionSpec>>,
    },
    /// `kafka-reassign-partitions --execute`.
    ReassignPartitions {
        partitions: Vec<ReplicaSpec>,
        /// Although others are under way.
        additional: bool,
    },
    /// `kafka-reassign-partitions --cancel`.
    CancelReassignments {
        partitions: Vec<PartitionSpec>,
    },
    AlterTopicConfig {
        topic: String,
        configs: Properties,
        delete: Vec<String>,
    },
    /// Another `server.properties` on a broker's machine, in place of the whole file; its next start reads it.
    WriteProperties {
        broker: BrokerId,
        properties: Properties,
    },
}

/// A partition by its topic's name, as the tools' JSON has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PartitionSpec {
    pub topic: String,
    pub partition: u32,
}

/// Where a partition's replicas shall be, preferred leader first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ReplicaSpec {
    pub topic: String,
    pub partition: u32,
    pub replicas: Vec<BrokerId>,
}

/// Where a reset moves a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OffsetTarget {
    Earliest,
    Latest,
    Offset(u64),
    /// By so many, forwards or back, kept within the log.
    ShiftBy(i64),
}
