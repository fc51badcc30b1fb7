//! One fact, one sentence: which message of the translations, and with which values.

use crate::engine::clients::{AdminFact, BatchFailure, ConsumerFact, PositionFrom, ProducerFact, SendFailure};
use crate::engine::common::{BrokerId, NodeId, Offset, TopicPartition};
use crate::engine::controller::{ControllerFact, ElectedBecause, FencedBecause};
use crate::engine::coordinator::{ExpiredBecause, GroupFact};
use crate::engine::protocol::{Class, Digest, Gist};
use crate::engine::queue::{QueueFact, RequeuedBecause};
use crate::engine::runtime::{Crash, Loss, RuntimeFact};
use crate::engine::server::BrokerFact;
use crate::engine::storage::DeletionReason;
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
    match world.image().topic(partition.topic) {
        Some(topic) => format!("{}-{}", topic.name, partition.partition),
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
        Fact::Runtime(fact) => of_runtime(world, fact),
        Fact::Broker(fact) => of_broker(world, fact),
        Fact::Controller(fact) => of_controller(world, fact),
        Fact::Group(fact) => of_group(world, fact),
        Fact::Producer(fact) => of_producer(world, fact),
        Fact::Consumer(fact) => of_consumer(world, fact),
        Fact::Admin(fact) => of_admin(world, fact),
        Fact::Queue(fact) => of_queue(world, fact),
    };
    match node {
        Some(node) => said.node(world, "node", node),
        None => said,
    }
}

fn message(world: &World, key: &'static str, (from, to): (NodeId, NodeId), digest: &Digest) -> Sentence {
    let kind = if digest.is_response { "response" } else { "request" };
    Sentence::new(key)
        .node(world, "from", from)
        .node(world, "to", to)
        .text("api", digest.name)
        .text("kind", kind)
        .text("gist", gist(world, &digest.gist))
}

/// What is worth knowing about a message, in the short form that envelopes carry: no words to translate.
#[must_use]
pub fn gist(world: &World, gist: &Gist) -> String {
    let short = |partition: &TopicPartition| format!("P{}", partition.partition);
    match gist {
        Gist::None => String::new(),
        Gist::Records { partition, records, .. } => format!("{} ×{records}", partition_name(world, *partition)),
        Gist::Placed { partition, base_offset } => format!("{}@{base_offset}", short(partition)),
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
        Gist::Error(error) => error.name().to_owned(),
        Gist::Message(number) => format!("#{number}"),
    }
}

fn of_runtime(world: &World, fact: &RuntimeFact<Digest>) -> Sentence {
    let link = |key, from, to| Sentence::new(key).node(world, "from", from).node(world, "to", to);
    match fact {
        RuntimeFact::Sent { from, to, digest, .. } => message(world, "fact-sent", (*from, *to), digest),
        RuntimeFact::Delivered { from, to, digest, .. } => message(world, "fact-delivered", (*from, *to), digest),
        RuntimeFact::Lost { from, to, digest, why, .. } => {
            let key = match why {
                Loss::Cut => "fact-lost-cut",
                Loss::Crash => "fact-lost-crash",
                Loss::Down => "fact-lost-down",
                Loss::Dropped => "fact-lost-dropped",
            };
            message(world, key, (*from, *to), digest)
        }
        RuntimeFact::Held { from, to, digest, .. } => message(world, "fact-held", (*from, *to), digest),
        RuntimeFact::Released { from, to, .. } => link("fact-released", *from, *to),
        RuntimeFact::Started => Sentence::new("fact-started"),
        RuntimeFact::Crashed { how: Crash::Process } => Sentence::new("fact-crashed"),
        RuntimeFact::Crashed { how: Crash::Power } => Sentence::new("fact-power-lost"),
        RuntimeFact::Paused => Sentence::new("fact-paused"),
        RuntimeFact::Resumed => Sentence::new("fact-resumed"),
        RuntimeFact::Disconnected { peer } => Sentence::new("fact-disconnected").node(world, "peer", *peer),
        RuntimeFact::LinkCut { from, to } => link("fact-link-cut", *from, *to),
        RuntimeFact::LinkRepaired { from, to } => link("fact-link-repaired", *from, *to),
        RuntimeFact::LinkHeld { from, to } => link("fact-link-held", *from, *to),
        RuntimeFact::LinkReleased { from, to } => link("fact-link-released", *from, *to),
        RuntimeFact::LatencySet { from, to, latency } => {
            link("fact-latency-set", *from, *to).text("latency", latency.base.to_string())
        }
    }
}

fn of_broker(world: &World, fact: &BrokerFact) -> Sentence {
    let about = |key, partition: &TopicPartition| Sentence::new(key).partition(world, *partition);
    match fact {
        BrokerFact::Registered { epoch } => Sentence::new("fact-registered").number("epoch", epoch.0),
        BrokerFact::RegistrationRefused { error } => {
            Sentence::new("fact-registration-refused").text("error", error.name())
        }
        BrokerFact::Unfenced => Sentence::new("fact-unfenced"),
        BrokerFact::Fenced => Sentence::new("fact-fenced"),
        BrokerFact::BecameLeader { partition, leader_epoch, log_end, .. } => {
            about("fact-became-leader", partition).number("epoch", leader_epoch.0).number("end", log_end.0)
        }
        BrokerFact::BecameFollower { partition, leader: Some(leader), leader_epoch, .. } => {
            about("fact-became-follower", partition).number("leader", leader.0).number("epoch", leader_epoch.0)
        }
        BrokerFact::BecameFollower { partition, leader: None, leader_epoch, .. } => {
            about("fact-without-leader", partition).number("epoch", leader_epoch.0)
        }
        BrokerFact::Appended { partition, first, last, from, .. } => {
            let key = if from.is_client() { "fact-appended" } else { "fact-copied" };
            about(key, partition).text("offsets", range(*first, *last)).node(world, "from", *from)
        }
        BrokerFact::SegmentRolled { partition, base_offset } => {
            about("fact-segment-rolled", partition).number("base", base_offset.0)
        }
        BrokerFact::SegmentDeleted { partition, base_offset, reason, log_start } => about(
            match reason {
                DeletionReason::StartOffset => "fact-segment-deleted",
                DeletionReason::Size => "fact-segment-deleted-size",
                DeletionReason::Time => "fact-segment-deleted-time",
            },
            partition,
        )
        .number("base", base_offset.0)
        .number("start", log_start.0),
        BrokerFact::TopicCreationAsked { name } => Sentence::new("fact-topic-asked").text("topic", name.as_ref()),
        BrokerFact::AppendRefused { partition, error, isr, min_isr } => about("fact-append-refused", partition)
            .text("error", error.name())
            .number("isr", *isr)
            .number("min", *min_isr),
        BrokerFact::FollowerReached { partition, follower, log_end } => {
            about("fact-follower-reached", partition).number("follower", follower.0).number("end", log_end.0)
        }
        BrokerFact::HighWatermarkMoved { partition, from, to, ends } if ends.is_empty() => {
            about("fact-hw-heard", partition).number("before", from.0).number("hw", to.0)
        }
        BrokerFact::HighWatermarkMoved { partition, from, to, ends } => {
            let ends = ends.iter().map(|(broker, end)| format!("{broker}: {end}")).collect::<Vec<_>>().join(", ");
            about("fact-hw-moved", partition).number("before", from.0).number("hw", to.0).text("ends", ends)
        }
        BrokerFact::Truncated { partition, to, from, .. } => {
            about("fact-truncated", partition).number("to", to.0).number("records", from.since(*to))
        }
        BrokerFact::IsrProposed { partition, from, to } => {
            about("fact-isr-proposed", partition).brokers("before", from).brokers("isr", to)
        }
        BrokerFact::IsrCommitted { partition, isr, .. } => about("fact-isr-committed", partition).brokers("isr", isr),
        BrokerFact::IsrRefused { partition, error } => about("fact-isr-refused", partition).text("error", error.name()),
        BrokerFact::ProduceParked { partition, client, until } => {
            about("fact-produce-parked", partition).node(world, "client", *client).number("until", until.0)
        }
        BrokerFact::ProduceAnswered { partition, client, outcome: Ok(offset), acks } => {
            about("fact-produce-acked", partition)
                .node(world, "client", *client)
                .number("offset", offset.0)
                .text("acks", acks.to_string())
        }
        BrokerFact::ProduceAnswered { partition, client, outcome: Err(error), .. } => {
            about("fact-produce-refused", partition).node(world, "client", *client).text("error", error.name())
        }
        BrokerFact::FetchParked { partition, fetcher, offset } => {
            about("fact-fetch-parked", partition).node(world, "fetcher", *fetcher).number("offset", offset.0)
        }
        BrokerFact::FetchRefused { partition, fetcher, offset, error } => about("fact-fetch-refused", partition)
            .node(world, "fetcher", *fetcher)
            .number("offset", offset.0)
            .text("error", error.name()),
    }
}

fn of_controller(world: &World, fact: &ControllerFact) -> Sentence {
    let about = |key, partition: &TopicPartition| Sentence::new(key).partition(world, *partition);
    match fact {
        ControllerFact::BrokerRegistered { broker, epoch } => {
            Sentence::new("fact-broker-registered").number("broker", broker.0).number("epoch", epoch.0)
        }
        ControllerFact::RegistrationRefused { broker, error } => {
            Sentence::new("fact-broker-refused").number("broker", broker.0).text("error", error.name())
        }
        ControllerFact::BrokerUnfenced { broker } => Sentence::new("fact-broker-unfenced").number("broker", broker.0),
        ControllerFact::BrokerFenced { broker, why } => Sentence::new(match why {
            FencedBecause::SessionExpired => "fact-broker-fenced-session",
            FencedBecause::Asked => "fact-broker-fenced-asked",
            FencedBecause::Reregistered => "fact-broker-fenced-again",
            FencedBecause::ShutDown => "fact-broker-fenced-shutdown",
        })
        .number("broker", broker.0),
        ControllerFact::TopicCreated { name, partitions, replication_factor, .. } => {
            Sentence::new("fact-topic-created")
                .text("topic", name.as_ref())
                .number("partitions", *partitions)
                .number("factor", *replication_factor)
        }
        ControllerFact::TopicRefused { name, message, .. } => {
            Sentence::new("fact-topic-refused").text("topic", name.as_ref()).text("reason", message)
        }
        ControllerFact::LeaderElected { partition, to: Some(to), leader_epoch, isr, why, .. } => about(
            match why {
                ElectedBecause::LeaderFenced => "fact-leader-elected",
                ElectedBecause::ReplicaReturned => "fact-leader-returned",
                ElectedBecause::Unclean => "fact-leader-unclean",
                ElectedBecause::Preferred => "fact-leader-preferred",
                ElectedBecause::LeaderShutsDown => "fact-leader-moved",
            },
            partition,
        )
        .number("leader", to.0)
        .number("epoch", leader_epoch.0)
        .brokers("isr", isr),
        ControllerFact::LeaderElected { partition, to: None, isr, .. } => {
            about("fact-no-leader", partition).brokers("isr", isr)
        }
        ControllerFact::IsrChanged { partition, from, to, .. } => {
            let key = if to.len() < from.len() { "fact-isr-shrank" } else { "fact-isr-grew" };
            about(key, partition).brokers("before", from).brokers("isr", to)
        }
        ControllerFact::IsrRefused { partition, broker, error } => {
            about("fact-isr-refused", partition).number("broker", broker.0).text("error", error.name())
        }
        ControllerFact::TopicReconfigured { topic, key, value } => {
            let name = world.image().topic(*topic).map_or("?", |topic| topic.name.as_ref());
            Sentence::new("fact-topic-configured")
                .text("topic", name)
                .text("key", key.as_ref())
                .text("value", value.as_ref())
        }
        ControllerFact::MetadataCommitted { first, last } => {
            Sentence::new("fact-metadata-committed").text("offsets", range(*first, *last))
        }
    }
}

fn of_group(world: &World, fact: &GroupFact) -> Sentence {
    let about = |key, group: &str| Sentence::new(key).text("group", group);
    match fact {
        GroupFact::Loaded { partition, groups, offsets } => Sentence::new("fact-coordinator-loaded")
            .text("log", format!("__consumer_offsets-{partition}"))
            .number("groups", *groups)
            .number("offsets", *offsets),
        GroupFact::Unloaded { partition } => {
            Sentence::new("fact-coordinator-unloaded").text("log", format!("__consumer_offsets-{partition}"))
        }
        GroupFact::MemberIdGiven { group, client, .. } => about("fact-member-id", group).node(world, "client", *client),
        GroupFact::MemberJoined { group, client, .. } => {
            about("fact-member-joined", group).node(world, "client", *client)
        }
        GroupFact::MemberLeft { group, member } => about("fact-member-left", group).text("member", member.0.as_ref()),
        GroupFact::MemberExpired { group, member, why } => about(
            match why {
                ExpiredBecause::SessionTimeout => "fact-member-expired",
                ExpiredBecause::DidNotRejoin => "fact-member-no-rejoin",
                ExpiredBecause::DidNotSync => "fact-member-no-sync",
            },
            group,
        )
        .text("member", member.0.as_ref()),
        GroupFact::StateChanged { group, from, to } => {
            about("fact-group-state", group).text("before", from.name()).text("state", to.name())
        }
        GroupFact::GenerationBegun { group, generation, members, .. } => {
            about("fact-generation", group).number("generation", generation.0).number("members", *members)
        }
        GroupFact::Assigned { group, generation, assignment } => {
            let one = |(member, partitions): &(crate::engine::common::MemberId, Vec<TopicPartition>)| {
                format!("{}: {}", short_member(&member.0), partition_list(world, partitions))
            };
            let all = assignment.iter().map(one).collect::<Vec<_>>().join("; ");
            about("fact-assigned", group).number("generation", generation.0).text("assignment", all)
        }
        GroupFact::OffsetCommitted { group, partition, offset } => {
            about("fact-offset-committed", group).partition(world, *partition).number("offset", offset.0)
        }
        GroupFact::Refused { group, client, error } => {
            about("fact-group-refused", group).node(world, "client", *client).text("error", error.name())
        }
    }
}

/// A member id without its uuid: `billing-1-3f2a…` → `billing-1`.
#[must_use]
pub fn short_member(member: &str) -> &str {
    // `<client.id>-<uuid>`: the uuid is the last 36 characters of five dashed groups.
    const DASHED_UUID: usize = 36;
    match member.len().checked_sub(DASHED_UUID + 1) {
        Some(cut) if member.is_char_boundary(cut) && member.as_bytes()[cut] == b'-' => &member[..cut],
        _ => member,
    }
}

fn of_producer(world: &World, fact: &ProducerFact) -> Sentence {
    let about = |key, partition: &TopicPartition| Sentence::new(key).partition(world, *partition);
    match fact {
        ProducerFact::Queued { partition, key: Some(key), .. } => {
            about("fact-queued-key", partition).text("key", key.as_ref())
        }
        ProducerFact::Queued { partition, key: None, .. } => about("fact-queued", partition),
        ProducerFact::AwaitsMetadata { topic } => Sentence::new("fact-awaits-metadata").text("topic", topic.as_ref()),
        ProducerFact::BatchSent { partition, records, to, attempt, .. } => {
            // Attempts count from 1; every further one is a retry.
            let key = if *attempt > 1 { "fact-batch-sent-again" } else { "fact-batch-sent" };
            about(key, partition)
                .number("records", *records)
                .number("broker", to.0)
                .number("attempt", attempt.saturating_sub(1))
        }
        ProducerFact::BatchAcked { partition, base_offset, ordinals } => match base_offset {
            Some(base) => {
                let last = base.plus((ordinals.len() as u64).saturating_sub(1));
                about("fact-batch-acked", partition).text("offsets", range(*base, last))
            }
            None => about("fact-batch-assumed", partition).number("records", ordinals.len() as u64),
        },
        ProducerFact::BatchRetried { partition, error, attempt, .. } => {
            about("fact-batch-retried", partition).text("error", error.name()).number("attempt", *attempt)
        }
        ProducerFact::BatchFailed { partition, ordinals, why } => {
            let failed = match why {
                BatchFailure::DeliveryTimeout => about("fact-batch-expired", partition),
                BatchFailure::Refused(error) | BatchFailure::RetriesExhausted(error) => {
                    about("fact-batch-failed", partition).text("error", error.name())
                }
            };
            failed.number("records", ordinals.len() as u64)
        }
        ProducerFact::MetadataUpdated { .. } => Sentence::new("fact-metadata-updated"),
        ProducerFact::RequestTimedOut { to } => Sentence::new("fact-request-timed-out").number("broker", to.0),
        ProducerFact::AwaitsMemory { .. } => Sentence::new("fact-awaits-memory"),
        ProducerFact::SendFailed { why, .. } => match why {
            SendFailure::MetadataTimeout => Sentence::new("fact-send-failed-metadata"),
            SendFailure::Refused(error) => Sentence::new("fact-send-failed").text("error", error.name()),
            SendFailure::BufferExhausted => Sentence::new("fact-send-failed-memory"),
            SendFailure::RecordTooLarge { size_bytes } => {
                Sentence::new("fact-send-failed-size").number("bytes", *size_bytes)
            }
        },
        ProducerFact::BatchSplit { partition, parts, .. } => {
            about("fact-batch-split", partition).number("parts", *parts)
        }
        ProducerFact::Closed => Sentence::new("fact-closed"),
        ProducerFact::WorkloadDone { records } => Sentence::new("fact-workload-done").number("records", *records),
    }
}

fn of_consumer(world: &World, fact: &ConsumerFact) -> Sentence {
    let about = |key, partition: &TopicPartition| Sentence::new(key).partition(world, *partition);
    match fact {
        ConsumerFact::CoordinatorFound { group, coordinator } => {
            Sentence::new("fact-coordinator-found").text("group", group.as_ref()).number("broker", coordinator.0)
        }
        ConsumerFact::CoordinatorLost { group } => Sentence::new("fact-coordinator-lost").text("group", group.as_ref()),
        ConsumerFact::JoinRequested { group, .. } => Sentence::new("fact-join-requested").text("group", group.as_ref()),
        ConsumerFact::Joined { group, generation, leads, .. } => {
            let key = if *leads { "fact-joined-leads" } else { "fact-joined" };
            Sentence::new(key).text("group", group.as_ref()).number("generation", generation.0)
        }
        ConsumerFact::PartitionsAssigned { partitions, .. } if partitions.is_empty() => {
            Sentence::new("fact-assigned-none")
        }
        ConsumerFact::PartitionsAssigned { partitions, generation } => Sentence::new("fact-partitions-assigned")
            .text("partitions", partition_list(world, partitions))
            .number("generation", generation.0),
        ConsumerFact::PartitionsRevoked { partitions } => {
            Sentence::new("fact-partitions-revoked").text("partitions", partition_list(world, partitions))
        }
        ConsumerFact::PartitionsLost { partitions } => {
            Sentence::new("fact-partitions-lost").text("partitions", partition_list(world, partitions))
        }
        ConsumerFact::PositionSet { partition, position, why } => about(
            match why {
                PositionFrom::Committed => "fact-position-committed",
                PositionFrom::ResetEarliest => "fact-position-earliest",
                PositionFrom::ResetLatest => "fact-position-latest",
                PositionFrom::OutOfRange => "fact-position-out-of-range",
                PositionFrom::Seek => "fact-position-seek",
            },
            partition,
        )
        .number("position", position.0),
        ConsumerFact::Polled { partition, first, last } => {
            about("fact-polled", partition).text("offsets", range(*first, *last))
        }
        ConsumerFact::Processed { partition, offset, .. } => {
            about("fact-processed", partition).number("offset", offset.0)
        }
        ConsumerFact::CommitSent { offsets } => {
            Sentence::new("fact-commit-sent").text("offsets", offset_list(world, offsets))
        }
        ConsumerFact::Committed { offsets } => {
            Sentence::new("fact-committed").text("offsets", offset_list(world, offsets))
        }
        ConsumerFact::CommitFailed { error } => Sentence::new("fact-commit-failed").text("error", error.name()),
        ConsumerFact::PollIntervalExceeded { .. } => Sentence::new("fact-poll-interval"),
        ConsumerFact::FetchFailed { partition, error } => {
            about("fact-fetch-failed", partition).text("error", error.name())
        }
        ConsumerFact::NoOffset { partition } => about("fact-no-offset", partition),
        ConsumerFact::MetadataUpdated { .. } => Sentence::new("fact-metadata-updated"),
        ConsumerFact::RequestTimedOut { to } => Sentence::new("fact-request-timed-out").number("broker", to.0),
        ConsumerFact::Closed => Sentence::new("fact-closed"),
    }
}

fn of_admin(world: &World, fact: &AdminFact) -> Sentence {
    match fact {
        AdminFact::TopicCreated { name } => Sentence::new("fact-admin-topic-created").text("topic", name.as_ref()),
        AdminFact::TopicRefused { name, message, .. } => {
            Sentence::new("fact-admin-topic-refused").text("topic", name.as_ref()).text("reason", message)
        }
        AdminFact::OffsetsReset { group, offsets } => {
            Sentence::new("fact-admin-reset").text("group", group.as_ref()).text("offsets", offset_list(world, offsets))
        }
        AdminFact::NoOffsetToShift { group, partition } => {
            Sentence::new("fact-admin-no-offset").text("group", group.as_ref()).partition(world, *partition)
        }
        AdminFact::OffsetsResetRefused { group, error } => {
            Sentence::new("fact-admin-reset-refused").text("group", group.as_ref()).text("error", error.name())
        }
    }
}

/// The class of a queue fact, by what it does with a message.
pub(super) fn queue_class(fact: &QueueFact) -> Class {
    match fact {
        QueueFact::Enqueued { .. }
        | QueueFact::Published { .. }
        | QueueFact::Confirmed { .. }
        | QueueFact::PublishInDoubt { .. }
        | QueueFact::PublishLost { .. } => Class::Produce,
        QueueFact::Delivered { .. } | QueueFact::Received { .. } | QueueFact::Processed { .. } => Class::Fetch,
        _ => Class::Group,
    }
}

fn of_queue(world: &World, fact: &QueueFact) -> Sentence {
    let about = |key, message: &u64| Sentence::new(key).number("message", *message);
    match fact {
        QueueFact::Enqueued { message, from } => about("fact-queue-enqueued", message).node(world, "from", *from),
        QueueFact::Delivered { message, to, deliveries } => {
            let key = if *deliveries > 1 { "fact-queue-delivered-again" } else { "fact-queue-delivered" };
            about(key, message).node(world, "to", *to).number("deliveries", *deliveries)
        }
        QueueFact::Removed { message, by } => about("fact-queue-removed", message).node(world, "by", *by),
        QueueFact::Requeued { message, why } => about(
            match why {
                RequeuedBecause::Nacked => "fact-queue-nacked",
                RequeuedBecause::TimedOut => "fact-queue-timed-out",
                RequeuedBecause::WorkerGone => "fact-queue-worker-lost",
                RequeuedBecause::BrokerRestarted => "fact-queue-restarted",
            },
            message,
        ),
        QueueFact::DeadLettered { message, deliveries } => {
            about("fact-queue-dead", message).number("deliveries", *deliveries)
        }
        QueueFact::AnsweredTooLate { by } => Sentence::new("fact-queue-too-late").node(world, "by", *by),
        QueueFact::PublishInDoubt { publish } => about("fact-queue-in-doubt", publish),
        QueueFact::WorkerSubscribed { worker } => Sentence::new("fact-queue-subscribed").node(world, "worker", *worker),
        QueueFact::WorkerGone { worker } => Sentence::new("fact-queue-worker-gone").node(world, "worker", *worker),
        QueueFact::Published { publish } => about("fact-queue-published", publish),
        QueueFact::Confirmed { publish } => about("fact-queue-confirmed", publish),
        QueueFact::PublishLost { publish } => about("fact-queue-publish-lost", publish),
        QueueFact::Received { message, .. } => about("fact-queue-received", message),
        QueueFact::Processed { message } => about("fact-queue-processed", message),
        QueueFact::Failed { message } => about("fact-queue-failed", message),
    }
}
