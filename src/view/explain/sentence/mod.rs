//! One fact, one sentence: which message of the translations, and with which values.

mod broker;
mod clients;
mod controller;
mod group;
mod queue;
mod raft;
mod runtime;
mod zookeeper;

pub use group::short_member;
pub use queue::queue_class;

use crate::engine::common::{BrokerId, NodeId, Offset, TopicPartition};
use crate::engine::protocol::Gist;
use crate::engine::trace::Fact;
use crate::engine::world::World;

/// A value within a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arg {
    Text(String),
    Number(u64),
    /// A machine or program; the page gives its name the look of the thing.
    Node(NodeId, String),
}

/// A message id and its values; the page's language puts them into words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    pub key: &'static str,
    pub args: Vec<(&'static str, Arg)>,
}

impl Sentence {
    fn new(key: &'static str) -> Self {
        Self { key, args: Vec::new() }
    }

    fn text(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.args.push((name, Arg::Text(value.into())));
        self
    }

    fn number(mut self, name: &'static str, value: impl Into<u64>) -> Self {
        self.args.push((name, Arg::Number(value.into())));
        self
    }

    fn node(mut self, world: &World, name: &'static str, node: NodeId) -> Self {
        self.args.push((name, Arg::Node(node, world.name_of(node))));
        self
    }

    fn partition(self, world: &World, partition: TopicPartition) -> Self {
        self.text("partition", partition_name(world, partition))
    }

    fn brokers(self, name: &'static str, brokers: &[BrokerId]) -> Self {
        self.text(name, broker_list(brokers))
    }
}

/// `orders-0`.
#[must_use]
pub fn partition_name(world: &World, partition: TopicPartition) -> String {
    match world.image().topic_name(partition.topic) {
        Some(name) => format!("{name}-{}", partition.partition),
        None => format!("?-{}", partition.partition),
    }
}

/// `2,1,3`, as Kafka's tools print sets of replicas.
#[must_use]
pub fn broker_list(brokers: &[BrokerId]) -> String {
    brokers.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

fn partition_list(world: &World, partitions: &[TopicPartition]) -> String {
    partitions.iter().map(|partition| partition_name(world, *partition)).collect::<Vec<_>>().join(", ")
}

fn offset_list(world: &World, offsets: &[(TopicPartition, Offset)]) -> String {
    let one =
        |(partition, offset): &(TopicPartition, Offset)| format!("{}={offset}", partition_name(world, *partition));
    offsets.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// `6`, or `6–7`.
fn range(first: Offset, last: Offset) -> String {
    if first == last { first.to_string() } else { format!("{first}–{last}") }
}

/// The sentence for `fact`, which happened at `node`.
#[must_use]
pub fn sentence(world: &World, node: Option<NodeId>, fact: &Fact) -> Sentence {
    let said = match fact {
        Fact::Commanded(command) => Sentence::new("fact-commanded").text("command", crate::console::print(command)),
        Fact::Runtime(fact) => runtime::of_runtime(world, fact),
        Fact::Broker(fact) => broker::of_broker(world, fact),
        Fact::Controller(fact) => controller::of_controller(world, fact),
        Fact::Raft(fact) => raft::of_raft(fact),
        Fact::KafkaController(fact) => zookeeper::of_kafka_controller(world, fact),
        Fact::Group(fact) => group::of_group(world, fact),
        Fact::Producer(fact) => clients::of_producer(world, fact),
        Fact::Consumer(fact) => clients::of_consumer(world, fact),
        Fact::ZookeeperConsumer(fact) => zookeeper::of_consumer(world, fact),
        Fact::Admin(fact) => clients::of_admin(world, fact),
        Fact::Queue(fact) => queue::of_queue(world, fact),
        Fact::ZooKeeper(fact) => zookeeper::of_zookeeper(world, fact),
    };
    match node {
        Some(node) => said.node(world, "node", node),
        None => said,
    }
}

/// What is worth knowing about a message, in the short form that envelopes carry: no words to translate.
#[must_use]
pub fn gist(world: &World, gist: &Gist) -> String {
    let short = |partition: &TopicPartition| format!("P{}", partition.partition);
    match gist {
        Gist::None => String::new(),
        Gist::Records { partition, records, .. } => format!("{} ×{records}", partition_name(world, *partition)),
        Gist::Placed { partition, base_offset } => format!("{}@{base_offset}", short(partition)),
        Gist::Unchanged => "=".to_owned(),
        Gist::From { partition, offset, .. } => format!("{}≥{offset}", short(partition)),
        Gist::Brings { partition, records: Some((first, last)), .. } => {
            format!("{}:{}", short(partition), range(*first, *last))
        }
        Gist::Brings { partition, records: None, high_watermark, .. } => {
            format!("{} HW {high_watermark}", short(partition))
        }
        Gist::Diverges { partition, end_offset } => format!("{}✂{end_offset}", short(partition)),
        Gist::Commits { partition, offset, .. } => format!("{}={offset}", short(partition)),
        Gist::Generation(generation) => format!("gen {generation}"),
        Gist::MetadataRecords { records: 0, .. } => String::new(),
        Gist::MetadataRecords { first, records: 1 } => format!("#{first}"),
        Gist::MetadataRecords { first, records } => format!("#{}", range(*first, first.plus(u64::from(*records) - 1))),
        Gist::MetadataDiverges(end) => format!("✂#{}", end.offset),
        Gist::Vote { epoch, granted: Some(granted), .. } => format!("{} {epoch}", if *granted { "✓" } else { "✗" }),
        Gist::Vote { epoch, granted: None, pre_vote } => format!("{epoch}{}", if *pre_vote { "?" } else { "" }),
        Gist::Snapshot(id) => format!("#{}", id.offset),
        Gist::Error(error) => error.name().to_owned(),
        Gist::Message(number) => format!("#{number}"),
        Gist::Znodes { path, count: 1 } => path.to_string(),
        Gist::Znodes { path, count } => format!("{path} ×{count}"),
        Gist::Transaction(zxid) => zxid.to_string(),
        Gist::Refused(error) => error.name().to_owned(),
    }
}
