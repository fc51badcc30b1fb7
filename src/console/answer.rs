//! What a tool prints: Kafka's own columns and sentences, computed from the state of the simulated cluster.
//!
//! Questions are answered at once, from what a live broker knows; a command's reply comes when the cluster has given
//! it, as a fact. Formats are those of `TopicCommand` and `ConsumerGroupCommand` of Kafka 4.

use std::sync::Arc;

use super::query::Scope;
use super::{
    DescribeFilter, GroupView, Question, assignment, configs, dump_log, help, log_dirs, log_tools, offset_checker,
    quorum, views, zookeeper_shell,
};
use crate::engine::World;
use crate::engine::clients::AdminFact;
use crate::engine::command::OffsetTarget;
use crate::engine::common::{BrokerId, ErrorCode, NodeId, Offset, TopicId, TopicPartition};
use crate::engine::config::{BrokerConfig, KafkaVersion, TopicConfig};
use crate::engine::coordinator::GroupState;
use crate::engine::coordinator::group::{Group, Member};
use crate::engine::metadata::{MetadataImage, PartitionRegistration, TopicImage};
use crate::engine::trace::{Fact, Record};

/// Nothing known for a column.
const MISSING: &str = "-";

/// What the tool would print, without the last line's end.
#[must_use]
pub fn answer(question: &Question, scope: Scope<'_>) -> String {
    let world = scope.world;
    let text = match question {
        Question::Znode { look, path } => zookeeper_shell::answer(world, *look, path),
        Question::ListTopics => list_topics(world),
        Question::DescribeTopics { topic, only } => describe_topics(world, topic.as_deref(), *only),
        Question::DescribeConfigs { entity, all } => configs::describe(world, entity, *all),
        Question::ListGroups { with_state } => list_groups(world, *with_state),
        Question::CheckOffsets { group, topics } => offset_checker::answer(world, group, topics),
        Question::DescribeGroups { groups, view } => describe_groups(world, groups, *view),
        Question::ResetPlan { group, topic, to } => reset_plan(world, group, topic, *to),
        Question::GetOffsets { topic, partitions, time } => {
            log_tools::offsets(world, topic.as_deref(), partitions, *time)
        }
        Question::DumpLog { files, records, broker } => {
            files.iter().map(|file| dump_log::dump(world, file, *records, *broker)).collect()
        }
        Question::DescribeLogDirs { brokers, topics } => log_dirs::describe(world, brokers, topics),
        Question::DescribeQuorum => quorum::status(world),
        Question::DescribeQuorumReplication { human_readable } => quorum::replication(world, *human_readable),
        Question::GenerateReassignment { topics, brokers, is_rack_aware } => match metadata(world) {
            Some(image) => assignment::generate(world, image, topics, brokers, *is_rack_aware),
            None => no_node("describeTopics"),
        },
        Question::VerifyReassignment { partitions, preserves_throttles } => match of_controller(world) {
            Some(image) => assignment::verify(image, partitions, *preserves_throttles),
            None => no_node("listPartitionReassignments"),
        },
        Question::ListReassignments => {
            of_controller(world).map_or_else(|| no_node("listPartitionReassignments"), assignment::list)
        }
        Question::Show(expression) => match expression.evaluate(scope) {
            Ok(value) => value.to_string(),
            Err(problem) => problem.to_string(),
        },
        Question::Help { tool } => help::text(tool.as_deref()),
    };
    text.trim_end_matches('\n').to_owned()
}

/// What the tool that was told to act prints when its answer comes.
#[must_use]
pub fn reply(record: &Record, world: &World) -> Option<String> {
    if let Fact::Controller(fact) = &record.fact {
        return configs::reply(fact, world);
    }
    let Fact::Admin(fact) = &record.fact else { return None };
    if let Some(text) = assignment::reply(fact) {
        return Some(text);
    }
    Some(match fact {
        AdminFact::TopicCreated { name } => {
            let collides = name.contains(['.', '_']);
            let warning = "WARNING: Due to limitations in metric names, topics with a period ('.') or underscore ('_') \
                           could collide. To avoid issues it is best to use either, but not both.\n";
            format!("{}Created topic {name}.", if collides { warning } else { "" })
        }
        AdminFact::TopicRefused { message, .. } => format!("Error while executing topic command : {message}"),
        // Since 3.0 the tool says nothing when all went well.
        AdminFact::TopicDeleted { name } => match world.setup().version {
            KafkaVersion::V0_8 | KafkaVersion::V0_9 => format!("Topic {name} is marked for deletion."),
            _ => return None,
        },
        AdminFact::PartitionsAdded { .. } => match world.setup().version {
            KafkaVersion::V0_8 | KafkaVersion::V0_9 | KafkaVersion::V2_3 => "Adding partitions succeeded!".to_owned(),
            _ => return None,
        },
        // The tool looks for the topic before it asks for anything.
        AdminFact::TopicChangeRefused { name, error: ErrorCode::UnknownTopicOrPartition, .. } => {
            format!("Error while executing topic command : Topic '{name}' does not exist as expected")
        }
        AdminFact::TopicChangeRefused { message, .. } => format!("Error while executing topic command : {message}"),
        AdminFact::OffsetsReset { group, offsets } => reset_table(world, group, offsets),
        AdminFact::OffsetsResetRefused { group, error } => match views::group(world, group) {
            Some((_, found)) if !matches!(found.state(), GroupState::Empty | GroupState::Dead) => {
                not_inactive(group, found)
            }
            _ => format!("\nError: {}", error.message()),
        },
        AdminFact::RecordsDeleted { results } => log_tools::deletion_table(results),
        AdminFact::NoOffsetToShift { partition, .. } => nothing_to_shift(world, *partition),
        AdminFact::LeadersElected { .. }
        | AdminFact::ReassignmentsStarted { .. }
        | AdminFact::ReassignmentsCancelled { .. }
        | AdminFact::AssignmentRefused { .. } => unreachable!("answered above"),
    })
}

// ---- kafka-topics --------------------------------------------------------------------------------------------------

/// The broker the tool talks to: the first that answers.
pub(super) fn bootstrap(world: &World) -> Option<BrokerId> {
    world.brokers().map(|(id, _)| id).find(|id| world.is_up(NodeId::Broker(*id)))
}

pub(super) fn metadata(world: &World) -> Option<&MetadataImage> {
    Some(world.broker(bootstrap(world)?)?.image())
}

/// What the controller answers: in KRaft mode by way of that broker, in ZooKeeper mode out of the znodes.
fn of_controller(world: &World) -> Option<&MetadataImage> {
    match world.kafka_controller() {
        Some(controller) if world.is_up(NodeId::Broker(controller)) => Some(world.image()),
        _ => metadata(world),
    }
}

/// What the tools say when no broker answers them.
fn no_node(call: &str) -> String {
    format!("Error: Timed out waiting for a node assignment. Call: {call}")
}

pub(super) fn timed_out(call: &str) -> String {
    format!("Error while executing topic command : Timed out waiting for a node assignment. Call: {call}")
}

pub(super) fn by_name(image: &MetadataImage) -> Vec<(TopicId, &TopicImage)> {
    let mut topics: Vec<_> = image.topics().collect();
    topics.sort_by(|(_, a), (_, b)| a.name.cmp(&b.name));
    topics
}

fn list_topics(world: &World) -> String {
    let Some(image) = metadata(world) else { return timed_out("listTopics") };
    by_name(image).iter().map(|(_, topic)| topic.name.to_string()).collect::<Vec<_>>().join("\n")
}

fn describe_topics(world: &World, name: Option<&str>, only: Option<DescribeFilter>) -> String {
    let Some(image) = metadata(world) else { return timed_out("describeTopics") };
    let topics: Vec<_> =
        by_name(image).into_iter().filter(|(_, topic)| name.is_none_or(|name| *topic.name == *name)).collect();
    if let Some(name) = name.filter(|_| topics.is_empty()) {
        return format!("Error while executing topic command : Topic '{name}' does not exist as expected");
    }
    let mut text = String::new();
    for (id, topic) in topics {
        let config = topic_config(world, topic);
        if only.is_none() {
            text.push_str(&heading(id, topic, &config));
        }
        for (partition, registration) in &topic.partitions {
            if only.is_some_and(|filter| !fits(image, registration, &config, filter)) {
                continue;
            }
            let leader = registration.leader.map_or("none".to_owned(), |leader| leader.to_string());
            let (replicas, isr) = (ids(&registration.replicas), ids(&registration.isr));
            let name = &topic.name;
            text.push_str(&format!(
                "\tTopic: {name}\tPartition: {partition}\tLeader: {leader}\tReplicas: {replicas}\tIsr: {isr}"
            ));
            for (what, replicas) in [("Adding", &registration.adding), ("Removing", &registration.removing)] {
                if !replicas.is_empty() {
                    text.push_str(&format!("\t{what} Replicas: {}", ids(replicas)));
                }
            }
            let (elr, last_known) = (ids(&registration.elr), ids(&registration.last_known_elr));
            text.push_str(&format!("\tElr: {elr}\tLastKnownElr: {last_known}\n"));
        }
    }
    text
}

fn heading(id: TopicId, topic: &TopicImage, config: &TopicConfig) -> String {
    let factor = topic.partitions.values().next().map_or(0, |registration| registration.replicas.len());
    let configs: Vec<String> = non_default(config);
    format!(
        "Topic: {}\tTopicId: {}\tPartitionCount: {}\tReplicationFactor: {factor}\tConfigs: {}\n",
        topic.name,
        id.uuid(),
        topic.partitions.len(),
        configs.join(",")
    )
}

/// What was set for the topic, or for all topics in `server.properties`.
fn non_default(config: &TopicConfig) -> Vec<String> {
    let default = TopicConfig::for_version(config.version);
    let mut configs: Vec<String> = Vec::new();
    for key in TopicConfig::KEYS {
        let value = config.get(key.name);
        let explicit = config.overrides().any(|(name, _)| name == key.name);
        if let Some(value) = value.as_ref().filter(|_| explicit || value != default.get(key.name)) {
            configs.push(format!("{}={value}", key.name));
        }
    }
    configs.sort();
    configs
}

pub(super) fn topic_config(world: &World, topic: &TopicImage) -> TopicConfig {
    let default = BrokerConfig::for_version(world.setup().version);
    let broker = bootstrap(world).and_then(|id| world.broker(id));
    let mut config = TopicConfig::of(broker.map_or(&default, |broker| broker.config()));
    for (key, value) in &topic.overrides {
        // The controller has accepted these; a value that cannot be read any more shows as the default.
        let _ = config.set(key, value);
    }
    config
}

fn fits(
    image: &MetadataImage,
    registration: &PartitionRegistration,
    config: &TopicConfig,
    filter: DescribeFilter,
) -> bool {
    let in_sync = u32::try_from(registration.isr.len()).unwrap_or(u32::MAX);
    match filter {
        DescribeFilter::UnderReplicated => registration.isr.len() < registration.replicas.len(),
        DescribeFilter::Unavailable => registration.leader.is_none_or(|leader| !image.is_active(leader)),
        DescribeFilter::UnderMinIsr => in_sync < config.min_insync_replicas,
        DescribeFilter::AtMinIsr => in_sync == config.min_insync_replicas,
    }
}

fn ids(brokers: &[BrokerId]) -> String {
    brokers.iter().map(BrokerId::to_string).collect::<Vec<_>>().join(",")
}

// ---- kafka-consumer-groups -----------------------------------------------------------------------------------------

fn list_groups(world: &World, with_state: bool) -> String {
    let mut groups: Vec<_> = views::groups(world).map(|(_, group)| group).collect();
    groups.sort_by_key(|group| group.id().clone());
    if !with_state {
        return groups.iter().map(|group| group.id().to_string()).collect::<Vec<_>>().join("\n");
    }
    let width = groups.iter().map(|group| group.id().chars().count()).max().unwrap_or(0).max(15) + 10;
    let line = |name: &str, state: &str| format!("{name:<width$} {state:<20}\n");
    let mut text = line("GROUP", "STATE");
    text.extend(groups.iter().map(|group| line(group.id(), group.state().name())));
    text
}

fn describe_groups(world: &World, names: &[String], view: GroupView) -> String {
    let mut names: Vec<Arc<str>> = names.iter().map(|name| name.as_str().into()).collect();
    if names.is_empty() {
        names = views::groups(world).map(|(_, group)| group.id().clone()).collect();
    }
    // The tool collects its groups in a TreeMap.
    names.sort();
    names.dedup();
    names.iter().map(|name| describe_group(world, name, view)).collect()
}

fn describe_group(world: &World, name: &str, view: GroupView) -> String {
    let Some((coordinator, group)) = views::group(world, name) else {
        if views::zookeeper_group(world, name).is_some() {
            return format!(
                "\nGroup {name} keeps itself in ZooKeeper: ask kafka-run-class kafka.tools.ConsumerOffsetChecker --group \
                 {name}, or look with zookeeper-shell ls -R /consumers/{name}.\n"
            );
        }
        return format!(
            "\nError: Executing consumer group command failed due to \
             org.apache.kafka.common.errors.GroupIdNotFoundException: Group {name} not found.\n"
        );
    };
    let mut text = match group.state() {
        GroupState::Dead => return format!("\nError: Consumer group '{name}' does not exist.\n"),
        GroupState::Empty => format!("\nConsumer group '{name}' has no active members.\n"),
        GroupState::PreparingRebalance | GroupState::CompletingRebalance => {
            format!("\nWarning: Consumer group '{name}' is rebalancing.\n")
        }
        GroupState::Stable => String::new(),
    };
    text.push_str(&match view {
        GroupView::Offsets => offsets_table(world, group),
        GroupView::Members => members_table(world, group),
        GroupView::State => state_table(coordinator, group),
    });
    text
}

fn offsets_table(world: &World, group: &Group) -> String {
    let mut members: Vec<&Member> = group.members().iter().filter(|member| !member.assignment().is_empty()).collect();
    // Those with more partitions come first; ties by id, since the broker's order is a hash map's.
    members.sort_by(|a, b| b.assignment().len().cmp(&a.assignment().len()).then_with(|| a.id().cmp(b.id())));
    let mut rows: Vec<[String; 9]> = Vec::new();
    let mut row = |partition: TopicPartition, member: Option<&Member>| {
        let topic = world.image().topic(partition.topic).map_or(MISSING, |topic| &topic.name);
        let number = |value: Option<u64>| value.map_or(MISSING.to_owned(), |value| value.to_string());
        let text = |value: Option<String>| value.unwrap_or_else(|| MISSING.to_owned());
        rows.push([
            group.id().to_string(),
            topic.to_owned(),
            partition.partition.to_string(),
            number(views::committed(group, partition).map(|offset| offset.0)),
            number(views::log_end(world, partition).map(|offset| offset.0)),
            number(views::lag(world, group, partition)),
            text(member.map(|member| member.id().to_string())),
            text(member.map(|member| host(world, member))),
            text(member.map(|member| member.client_id().to_owned())),
        ]);
    };
    let in_order = |partitions: Vec<TopicPartition>| {
        let mut partitions = partitions;
        let name = |partition: &TopicPartition| world.image().topic(partition.topic).map(|topic| topic.name.clone());
        partitions.sort_by_key(|partition| (name(partition), partition.partition));
        partitions
    };
    for member in &members {
        for partition in in_order(member.assignment().to_vec()) {
            row(partition, Some(*member));
        }
    }
    let owned = |partition: &TopicPartition| members.iter().any(|member| member.assignment().contains(partition));
    let unowned = group.offsets().map(|(partition, _)| partition).filter(|partition| !owned(partition)).collect();
    for partition in in_order(unowned) {
        row(partition, None);
    }
    if rows.is_empty() {
        return String::new();
    }
    let headings =
        ["GROUP", "TOPIC", "PARTITION", "CURRENT-OFFSET", "LOG-END-OFFSET", "LAG", "CONSUMER-ID", "HOST", "CLIENT-ID"];
    table(headings, [15, 15, 10, 15, 15, 15, 15, 15, 0], &rows)
}

fn members_table(world: &World, group: &Group) -> String {
    if group.members().is_empty() {
        return String::new();
    }
    let rows: Vec<[String; 5]> = group
        .members()
        .iter()
        .map(|member| {
            [
                group.id().to_string(),
                member.id().to_string(),
                host(world, member),
                member.client_id().to_owned(),
                member.assignment().len().to_string(),
            ]
        })
        .collect();
    table(["GROUP", "CONSUMER-ID", "HOST", "CLIENT-ID", "#PARTITIONS"], [15, 15, 15, 15, 15], &rows)
}

fn state_table(coordinator: BrokerId, group: &Group) -> String {
    let row = [
        group.id().to_string(),
        format!("broker-{coordinator}:9092  ({coordinator})"),
        group.protocol().unwrap_or_default().to_owned(),
        group.state().name().to_owned(),
        group.members().len().to_string(),
    ];
    table(["GROUP", "COORDINATOR (ID)", "ASSIGNMENT-STRATEGY", "STATE", "#MEMBERS"], [15, 25, 20, 20, 0], &[row])
}

/// An empty line first, as the tools begin; columns at least so wide, and as wide as what stands in them.
fn table<const N: usize>(headings: [&str; N], widths: [usize; N], rows: &[[String; N]]) -> String {
    let mut text = String::from("\n");
    let mut widths = widths;
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row).filter(|(width, _)| **width > 0) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for row in std::iter::once(&headings.map(str::to_owned)).chain(rows) {
        let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        text.push_str(&cells.join(" "));
        text.push('\n');
    }
    text
}

/// Each program has a machine of its own; its address is made up from its number.
fn host(world: &World, member: &Member) -> String {
    let node = world.node_of(&super::words::target(member.client_id()));
    let number = match node {
        Some(NodeId::Client(id)) => id.0,
        _ => 0,
    };
    format!("/10.0.{}.{}", number / 250 + 1, number % 250 + 1)
}

fn reset_plan(world: &World, name: &str, topic: &str, to: OffsetTarget) -> String {
    let group = views::group(world, name).map(|(_, group)| group);
    if let Some(group) = group.filter(|group| !matches!(group.state(), GroupState::Empty | GroupState::Dead)) {
        return not_inactive(name, group);
    }
    let Some(id) = world.image().topic_id(topic) else {
        return format!("\nError: Executing consumer group command failed due to Topic {topic} does not exist.");
    };
    let mut plan: Vec<(TopicPartition, Offset)> = Vec::new();
    for (partition, registration) in world.image().partitions().filter(|(partition, _)| partition.topic == id) {
        let leader = registration.leader.and_then(|leader| views::replica(world, leader, partition));
        let Some(replica) = leader else { continue };
        let (first, last) = (replica.log_start, replica.high_watermark);
        let current = group.and_then(|group| views::committed(group, partition));
        let wanted = match (to, current) {
            (OffsetTarget::Earliest, _) => first,
            (OffsetTarget::Latest, _) => last,
            (OffsetTarget::Offset(offset), _) => Offset(offset),
            (OffsetTarget::ShiftBy(by), Some(current)) => Offset(current.0.saturating_add_signed(by)),
            (OffsetTarget::ShiftBy(_), None) => return nothing_to_shift(world, partition),
        };
        // Never outside the log.
        plan.push((partition, wanted.clamp(first, last)));
    }
    reset_table(world, name, &plan)
}

fn nothing_to_shift(world: &World, partition: TopicPartition) -> String {
    let name = views::partition_name(world, partition);
    format!("Cannot shift offset for partition {name} since there is no current committed offset")
}

fn not_inactive(name: &str, group: &Group) -> String {
    let state = group.state().name();
    format!(
        "\nError: Assignments can only be reset if the group '{name}' is inactive, but the current state is {state}."
    )
}

fn reset_table(world: &World, group: &str, offsets: &[(TopicPartition, Offset)]) -> String {
    let rows: Vec<[String; 4]> = offsets
        .iter()
        .map(|(partition, offset)| {
            let topic = world.image().topic(partition.topic).map_or(MISSING, |topic| &topic.name);
            [group.to_owned(), topic.to_owned(), partition.partition.to_string(), offset.to_string()]
        })
        .collect();
    table(["GROUP", "TOPIC", "PARTITION", "NEW-OFFSET"], [15, 15, 10, 0], &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::console::{Entry, Memory, parse};
    use crate::engine::Setup;
    use crate::engine::common::Span;

    fn run(world: &mut World, lines: &[&str], seconds: u64) -> Vec<String> {
        for line in lines {
            let Ok(Entry::Act(commands)) = parse(line) else { panic!("{line} is a command") };
            commands.iter().for_each(|command| world.apply(command).unwrap());
        }
        world.run_until(world.now() + Span::secs(seconds));
        let facts = world.take_trace();
        facts.iter().filter_map(|record| reply(record, world)).collect()
    }

    fn ask(world: &World, line: &str) -> String {
        let Ok(Entry::Ask(question)) = parse(line) else { panic!("{line} is a question") };
        answer(&question, Scope { world, past: &[], memory: &Memory::new() })
    }

    #[test]
    fn topics_are_described_in_kafkas_words() {
        let mut world = World::new(Setup::default()).unwrap();
        let create = "kafka-topics --create --topic orders --replica-assignment 1:2,2:3 --config min.insync.replicas=2";
        assert_eq!(run(&mut world, &[create], 1), ["Created topic orders."]);
        let again = run(&mut world, &["kafka-topics --create --topic orders"], 1);
        assert_eq!(again, ["Error while executing topic command : Topic 'orders' already exists."]);
        assert_eq!(ask(&world, "kafka-topics --list"), "orders");
        let id = TopicId(0).uuid();
        let heading = format!(
            "Topic: orders\tTopicId: {id}\tPartitionCount: 2\tReplicationFactor: 2\tConfigs: min.insync.replicas=2"
        );
        let first = "\tTopic: orders\tPartition: 0\tLeader: 1\tReplicas: 1,2\tIsr: 1,2\tElr: \tLastKnownElr: ";
        let second = "\tTopic: orders\tPartition: 1\tLeader: 2\tReplicas: 2,3\tIsr: 2,3\tElr: \tLastKnownElr: ";
        assert_eq!(ask(&world, "kafka-topics --describe"), [&heading, first, second].join("\n"));
        assert_eq!(
            ask(&world, "kafka-topics --describe --topic nothing"),
            "Error while executing topic command : Topic 'nothing' does not exist as expected"
        );
        assert_eq!(ask(&world, "kafka-topics --describe --under-replicated-partitions"), "");
        run(&mut world, &["crash broker-1"], 15);
        // Below the minimum of two, broker 1 stays eligible although it is dead (fact sheet §4.9).
        let broken = "\tTopic: orders\tPartition: 0\tLeader: 2\tReplicas: 1,2\tIsr: 2\tElr: 1\tLastKnownElr: ";
        for filter in ["--under-replicated-partitions", "--under-min-isr-partitions"] {
            assert_eq!(ask(&world, &format!("kafka-topics --describe {filter}")), broken);
        }
        assert_eq!(ask(&world, "kafka-topics --describe --at-min-isr-partitions"), second);
        run(&mut world, &["crash broker-2 broker-3"], 1);
        assert!(
            ask(&world, "kafka-topics --list").ends_with("Timed out waiting for a node assignment. Call: listTopics")
        );
    }

    #[test]
    fn groups_are_described_in_kafkas_columns() {
        let mut world = World::new(Setup::default()).unwrap();
        run(&mut world, &["kafka-topics --create --topic orders --partitions 1 --replication-factor 3"], 1);
        let start = [
            "kafka-console-producer --topic orders --producer-property client.id=checkout --every 10ms --records 6",
            "kafka-console-consumer --topic orders --group billing --from-beginning \
             --consumer-property client.id=billing-1 --commit after-each",
        ];
        run(&mut world, &start, 10);
        let describe = ask(&world, "kafka-consumer-groups --describe --group billing");
        let lines: Vec<&str> = describe.lines().collect();
        let heading =
            "GROUP           TOPIC           PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG             CONSUMER-ID";
        assert!(
            lines[0].is_empty() && lines[1].starts_with(heading) && lines[1].ends_with("HOST            CLIENT-ID")
        );
        let row: Vec<&str> = lines[2].split_whitespace().collect();
        assert_eq!((&row[..6], row[8]), (&["billing", "orders", "0", "6", "6", "0"][..], "billing-1"));
        assert!(row[6].starts_with("billing-1-") && row[7].starts_with('/'), "{row:?}");
        let refused = run(
            &mut world,
            &["kafka-consumer-groups --reset-offsets --group billing --topic orders --to-earliest --execute"],
            1,
        );
        let sentence = "\nError: Assignments can only be reset if the group 'billing' is inactive, but the current state is Stable.";
        assert_eq!(refused, [sentence]);
        run(&mut world, &["close billing-1"], 2);
        let plan = ask(&world, "kafka-consumer-groups --reset-offsets --group billing --topic orders --shift-by -9");
        let table =
            "\nGROUP           TOPIC           PARTITION  NEW-OFFSET\nbilling         orders          0          0";
        assert_eq!(plan, table);
        let reset = "kafka-consumer-groups --reset-offsets --group billing --topic orders --to-offset 2 --execute";
        assert_eq!(run(&mut world, &[reset], 1), [table.replace("0          0", "0          2") + "\n"]);
        let unowned = ask(&world, "kafka-consumer-groups --describe --all-groups");
        assert!(unowned.starts_with("\nConsumer group 'billing' has no active members.\n\nGROUP"), "{unowned}");
        let row: Vec<&str> = unowned.lines().last().unwrap().split_whitespace().collect();
        assert_eq!(row, ["billing", "orders", "0", "2", "6", "4", "-", "-", "-"]);
    }

    #[test]
    fn topic_ids_have_kafkas_shape() {
        let all: Vec<String> = (0..200).map(|id| TopicId(id).uuid()).collect();
        for id in &all {
            assert_eq!(id.len(), 22, "{id}");
            assert!(!id.starts_with('-') && id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')));
            // 128 bits are 21 times six and two more: the last character carries only those two.
            assert!(id.ends_with(['A', 'Q', 'g', 'w']), "{id}");
        }
        let different: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(different.len(), 200);
    }

    #[test]
    fn columns_grow_with_what_stands_in_them_and_the_last_one_is_not_padded() {
        let rows = [["a-group-with-a-long-name".to_owned(), "x".to_owned()]];
        assert_eq!(
            table(["GROUP", "ID"], [15, 0], &rows),
            "\nGROUP                    ID\na-group-with-a-long-name x\n"
        );
    }
}
