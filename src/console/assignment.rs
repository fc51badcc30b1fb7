//! `kafka-leader-election` and `kafka-reassign-partitions`: their flags, their JSON, and what they print.
//!
//! A real tool is given the path of a JSON file; here the JSON itself stands in its place. Formats are those of
//! `LeaderElectionCommand` and `ReassignPartitionsCommand`; directories within a broker are not simulated, so
//! `log_dirs` are always `any`, as the tool printed them up to 4.1.

use serde::{Deserialize, Serialize};

use super::words::{ConsoleProblem, Flag, Line, Takes, number, quote};
use super::{Entry, Question};
use crate::engine::World;
use crate::engine::clients::AdminFact;
use crate::engine::command::{Command, PartitionSpec, ReplicaSpec};
use crate::engine::common::{BrokerId, ElectionType, Rng};
use crate::engine::controller::{UsableBroker, place};
use crate::engine::metadata::MetadataImage;
use crate::engine::protocol::PartitionOutcome;

use Takes::{Nothing, Value};

pub(super) const ELECTION: &[Flag] = &[
    ("election-type", Value),
    ("topic", Value),
    ("partition", Value),
    ("all-topic-partitions", Nothing),
    ("path-to-json-file", Value),
];

pub(super) const REASSIGN: &[Flag] = &[
    ("generate", Nothing),
    ("execute", Nothing),
    ("verify", Nothing),
    ("cancel", Nothing),
    ("list", Nothing),
    ("topics-to-move-json-file", Value),
    ("broker-list", Value),
    ("disable-rack-aware", Nothing),
    ("reassignment-json-file", Value),
    ("additional", Nothing),
    ("preserve-throttles", Nothing),
];

// ---- reading -------------------------------------------------------------------------------------------------------

pub(super) fn election(mut line: Line) -> Result<Entry, ConsoleProblem> {
    let election = match line.required("election-type")?.to_ascii_lowercase().as_str() {
        "preferred" => ElectionType::Preferred,
        "unclean" => ElectionType::Unclean,
        other => {
            let what = format!("there is no election type '{other}'");
            return Err(ConsoleProblem::new(what, "write preferred or unclean"));
        }
    };
    let (topic, partition): (_, Option<u32>) = (line.value("topic"), line.number("partition")?);
    let (all, json) = (line.has("all-topic-partitions"), line.value("path-to-json-file"));
    let partitions = match (topic, all, json) {
        (Some(topic), false, None) => {
            let Some(partition) = partition else {
                return Err(ConsoleProblem::new("Missing required option(s): partition", "add --partition N"));
            };
            Some(vec![PartitionSpec { topic, partition }])
        }
        (None, _, _) if partition.is_some() => {
            let what = "Option partition is only allowed if topic is used";
            return Err(ConsoleProblem::new(what, "add --topic NAME, or leave --partition out"));
        }
        (None, true, None) => None,
        (None, false, Some(json)) => Some(read_partitions(&json, "--path-to-json-file")?),
        _ => {
            return Err(ConsoleProblem::new(
                "One and only one of the following options is required: topic, all-topic-partitions, path-to-json-file",
                "keep one of them",
            ));
        }
    };
    line.end()?;
    Ok(Entry::Act(vec![Command::ElectLeaders { election, partitions }]))
}

pub(super) fn reassign(mut line: Line) -> Result<Entry, ConsoleProblem> {
    let actions = ["generate", "execute", "verify", "cancel", "list"];
    let given: Vec<&str> = actions.into_iter().filter(|action| line.has(action)).collect();
    let file = "reassignment-json-file";
    let entry = match given[..] {
        ["generate"] => {
            let topics: TopicsFile = read(&line.required("topics-to-move-json-file")?, "--topics-to-move-json-file")?;
            let brokers = line.required("broker-list")?;
            let brokers = brokers.split(',').map(|id| number(id.trim(), "--broker-list").map(BrokerId));
            Entry::Ask(Question::GenerateReassignment {
                topics: topics.topics.into_iter().map(|one| one.topic).collect(),
                brokers: brokers.collect::<Result<_, _>>()?,
                is_rack_aware: !line.has("disable-rack-aware"),
            })
        }
        ["execute"] => {
            let partitions = read_replicas(&line.required(file)?)?;
            Entry::Act(vec![Command::ReassignPartitions { partitions, additional: line.has("additional") }])
        }
        ["verify"] => {
            let partitions = read_replicas(&line.required(file)?)?;
            let preserves_throttles = line.has("preserve-throttles");
            Entry::Ask(Question::VerifyReassignment { partitions, preserves_throttles })
        }
        ["cancel"] => {
            line.has("preserve-throttles");
            let partitions = read_partitions(&line.required(file)?, "--reassignment-json-file")?;
            Entry::Act(vec![Command::CancelReassignments { partitions }])
        }
        ["list"] => Entry::Ask(Question::ListReassignments),
        _ => {
            return Err(ConsoleProblem::new(
                "Command must include exactly one action: --generate, --execute, --verify, --cancel, --list",
                "keep one of them",
            ));
        }
    };
    line.end()?;
    Ok(entry)
}

#[derive(Deserialize)]
struct TopicsFile {
    topics: Vec<TopicEntry>,
}

#[derive(Deserialize)]
struct TopicEntry {
    topic: String,
}

/// `{"partitions":[{"topic":"orders","partition":0}]}`, with or without replicas.
#[derive(Deserialize)]
struct PartitionsFile<T> {
    partitions: Vec<T>,
}

#[derive(Serialize)]
struct ReplicasFile<'a> {
    version: u32,
    partitions: Vec<ReplicasEntry<'a>>,
}

#[derive(Serialize)]
struct ReplicasEntry<'a> {
    topic: &'a str,
    partition: u32,
    replicas: &'a [BrokerId],
    log_dirs: Vec<&'static str>,
}

fn read<T: serde::de::DeserializeOwned>(json: &str, flag: &str) -> Result<T, ConsoleProblem> {
    serde_json::from_str(json).map_err(|problem| {
        let what = format!("{flag} wants JSON in place of a path: {problem}");
        ConsoleProblem::new(what, "put it in single quotes, as `help` shows")
    })
}

fn read_partitions(json: &str, flag: &str) -> Result<Vec<PartitionSpec>, ConsoleProblem> {
    let mut partitions = read::<PartitionsFile<PartitionSpec>>(json, flag)?.partitions;
    let count = partitions.len();
    partitions.sort();
    partitions.dedup();
    if partitions.len() < count {
        return Err(ConsoleProblem::new("a partition is named twice", "name each partition once"));
    }
    Ok(partitions)
}

fn read_replicas(json: &str) -> Result<Vec<ReplicaSpec>, ConsoleProblem> {
    let mut partitions = read::<PartitionsFile<ReplicaSpec>>(json, "--reassignment-json-file")?.partitions;
    partitions.sort();
    let refused = |what: String| Err(ConsoleProblem::new(what, "mend the JSON"));
    if partitions.is_empty() {
        return refused("Partition reassignment list cannot be empty".to_owned());
    }
    for (at, one) in partitions.iter().enumerate() {
        let name = format!("{}-{}", one.topic, one.partition);
        if one.replicas.is_empty() {
            return refused("Partition replica list cannot be empty".to_owned());
        }
        if partitions[..at].iter().any(|other| (&other.topic, other.partition) == (&one.topic, one.partition)) {
            return refused(format!("Partition reassignment contains duplicate topic partitions: {name}"));
        }
        let twice = one.replicas.iter().enumerate().find(|(index, id)| one.replicas[..*index].contains(id));
        if let Some((_, id)) = twice {
            return refused(format!(
                "Partition replica lists may not contain duplicate entries: {name} contains multiple entries for {id}"
            ));
        }
    }
    Ok(partitions)
}

// ---- printing commands ---------------------------------------------------------------------------------------------

/// The line that gives the command back; `None` for commands of other tools.
pub(super) fn print(command: &Command) -> Option<String> {
    let flag = |json: String| quote(&json);
    Some(match command {
        Command::ElectLeaders { election, partitions } => {
            let which = match partitions.as_deref() {
                None => "--all-topic-partitions".to_owned(),
                Some([one]) => format!("--topic {} --partition {}", quote(&one.topic), one.partition),
                Some(several) => format!("--path-to-json-file {}", flag(partitions_json(several))),
            };
            format!("kafka-leader-election --election-type {} {which}", election.name().to_ascii_lowercase())
        }
        Command::ReassignPartitions { partitions, additional } => {
            let additional = if *additional { " --additional" } else { "" };
            let placed = partitions.iter().map(|one| (one.topic.as_str(), one.partition, one.replicas.as_slice()));
            let json = flag(reassignment_json(placed));
            format!("kafka-reassign-partitions --execute --reassignment-json-file {json}{additional}")
        }
        Command::CancelReassignments { partitions } => {
            let json = flag(partitions_json(partitions));
            format!("kafka-reassign-partitions --cancel --reassignment-json-file {json}")
        }
        _ => return None,
    })
}

fn partitions_json(partitions: &[PartitionSpec]) -> String {
    #[derive(Serialize)]
    struct File<'a> {
        partitions: &'a [PartitionSpec],
    }
    serde_json::to_string(&File { partitions }).expect("names and numbers have a JSON form")
}

/// `formatAsReassignmentJson`.
fn reassignment_json<'a>(partitions: impl Iterator<Item = (&'a str, u32, &'a [BrokerId])>) -> String {
    let entry = |(topic, partition, replicas): (&'a str, u32, &'a [BrokerId])| ReplicasEntry {
        topic,
        partition,
        replicas,
        log_dirs: vec!["any"; replicas.len()],
    };
    let file = ReplicasFile { version: 1, partitions: partitions.map(entry).collect() };
    serde_json::to_string(&file).expect("names and numbers have a JSON form")
}

// ---- answers -------------------------------------------------------------------------------------------------------

/// What the tool prints when the cluster has answered; `None` for facts of other tools.
pub(super) fn reply(fact: &AdminFact) -> Option<String> {
    Some(match fact {
        AdminFact::LeadersElected { election_type, partitions } => elected(election_type.name(), partitions),
        AdminFact::ReassignmentsStarted { current, partitions } => {
            let current =
                current.iter().map(|(topic, partition, replicas)| (&**topic, *partition, replicas.as_slice()));
            format!(
                "Current partition replica assignment\n\n{}\n\nSave this to use as the --reassignment-json-file option \
                 during rollback\n{}",
                reassignment_json(current),
                altered("reassigning partition(s)", "Successfully started partition reassignment", " for ", partitions)
            )
        }
        AdminFact::ReassignmentsCancelled { partitions } => {
            let s = if partitions.len() == 1 { "" } else { "s" };
            let failure = format!("cancelling partition reassignment{s} for");
            altered(&failure, "Successfully cancelled partition reassignment", " for: ", partitions)
        }
        AdminFact::AssignmentRefused { message } => message.clone(),
        _ => return None,
    })
}

fn name((topic, partition, _): &PartitionOutcome) -> String {
    format!("{topic}-{partition}")
}

fn elected(kind: &str, partitions: &[PartitionOutcome]) -> String {
    use crate::engine::common::ErrorCode::ElectionNotNeeded;
    let names = |picked: &dyn Fn(&PartitionOutcome) -> bool| {
        partitions.iter().filter(|one| picked(one)).map(name).collect::<Vec<_>>().join(", ")
    };
    let is_needless = |one: &PartitionOutcome| matches!(one.2, Err((ElectionNotNeeded, _)));
    let mut lines = Vec::new();
    let done = names(&|one| one.2.is_ok());
    if !done.is_empty() {
        lines.push(format!("Successfully completed leader election ({kind}) for partitions {done}"));
    }
    let needless = names(&is_needless);
    if !needless.is_empty() {
        lines.push(format!("Valid replica already elected for partitions {needless}"));
    }
    let failed: Vec<_> = partitions.iter().filter(|one| one.2.is_err() && !is_needless(one)).collect();
    for one in &failed {
        let Err((error, message)) = &one.2 else { continue };
        let exception = error.exception();
        let name = name(one);
        lines.push(format!("Error completing leader election ({kind}) for partition: {name}: {exception}: {message}"));
    }
    if !failed.is_empty() {
        lines.push(format!("{} replica(s) could not be elected", failed.len()));
    }
    lines.join("\n")
}

fn altered(failure: &str, success: &str, before: &str, partitions: &[PartitionOutcome]) -> String {
    let errors: Vec<String> = partitions
        .iter()
        .filter_map(|one| one.2.as_ref().err().map(|(_, message)| format!("{}: {message}", name(one))))
        .collect();
    if !errors.is_empty() {
        return format!("Error {failure}:\n{}", errors.join("\n"));
    }
    let s = if partitions.len() == 1 { "" } else { "s" };
    let names: Vec<String> = partitions.iter().map(name).collect();
    format!("{success}{s}{before}{}", names.join(","))
}

/// `--list`.
pub(super) fn list(image: &MetadataImage) -> String {
    let ids = |ids: &[BrokerId]| ids.iter().map(BrokerId::to_string).collect::<Vec<_>>().join(",");
    let mut lines = Vec::new();
    for (topic, partition, registration) in in_order(image) {
        if registration.is_reassigning() {
            let some = |what: &str, of: &[BrokerId]| {
                if of.is_empty() { String::new() } else { format!(" {what}: {}.", ids(of)) }
            };
            lines.push(format!(
                "{topic}-{partition}: replicas: {}.{}{}",
                ids(&registration.replicas),
                some("adding", &registration.adding),
                some("removing", &registration.removing)
            ));
        }
    }
    if lines.is_empty() {
        return "No partition reassignments found.".to_owned();
    }
    format!("Current partition reassignments:\n{}", lines.join("\n"))
}

type Found<'a> = (&'a str, u32, &'a crate::engine::metadata::PartitionRegistration);

fn in_order(image: &MetadataImage) -> Vec<Found<'_>> {
    let mut all: Vec<Found<'_>> = image
        .topics()
        .flat_map(|(_, topic)| topic.partitions.iter().map(|(id, registration)| (&*topic.name, id.0, registration)))
        .collect();
    all.sort_by_key(|(topic, partition, _)| (*topic, *partition));
    all
}

/// `--verify`. When nothing moves any more, the tool also lifts throttles, of which there are none here.
pub(super) fn verify(image: &MetadataImage, partitions: &[ReplicaSpec], preserves_throttles: bool) -> String {
    let ids = |ids: &[BrokerId]| ids.iter().map(BrokerId::to_string).collect::<Vec<_>>().join(",");
    let mut lines = vec!["Status of partition reassignment:".to_owned()];
    let all = in_order(image);
    for target in partitions {
        let name = format!("{}-{}", target.topic, target.partition);
        let found = all.iter().find(|(topic, index, _)| *topic == target.topic && *index == target.partition);
        let current = found.map_or(&[][..], |(_, _, registration)| &registration.replicas);
        lines.push(if found.is_some_and(|(_, _, registration)| registration.is_reassigning()) {
            format!("Reassignment of partition {name} is still in progress.")
        } else if current == target.replicas {
            format!("Reassignment of partition {name} is completed.")
        } else {
            format!(
                "There is no active reassignment of partition {name}, but replica set is {} rather than {}.",
                ids(current),
                ids(&target.replicas)
            )
        });
    }
    if !all.iter().any(|(_, _, registration)| registration.is_reassigning()) && !preserves_throttles {
        let live = image.brokers().filter(|(_, broker)| !broker.fenced).map(|(id, _)| id);
        let brokers: std::collections::BTreeSet<BrokerId> =
            live.chain(partitions.iter().flat_map(|one| one.replicas.iter().copied())).collect();
        let mut topics: Vec<&str> = partitions.iter().map(|one| one.topic.as_str()).collect();
        topics.dedup();
        let s = |count: usize| if count == 1 { "" } else { "s" };
        let brokers: Vec<BrokerId> = brokers.into_iter().collect();
        lines.push(String::new());
        lines.push(format!("Clearing broker-level throttles on broker{} {}", s(brokers.len()), ids(&brokers)));
        lines.push(format!("Clearing topic-level throttles on topic{} {}", s(topics.len()), topics.join(",")));
    }
    lines.join("\n")
}

/// `--generate`. The tool throws dice of its own; here they are the world's, so that the same proposal comes twice.
pub(super) fn generate(
    world: &World,
    image: &MetadataImage,
    topics: &[String],
    brokers: &[BrokerId],
    is_rack_aware: bool,
) -> String {
    let mut topics: Vec<&str> = topics.iter().map(String::as_str).collect();
    topics.sort_unstable();
    if let Some(unknown) = topics.iter().find(|topic| image.topic_id(topic).is_none()) {
        return format!("Error: Topic {unknown} not found");
    }
    let usable: Vec<UsableBroker> = image
        .brokers()
        .filter(|(id, broker)| brokers.contains(id) && !broker.fenced)
        .map(|(id, broker)| UsableBroker { id, rack: broker.rack.clone().filter(|_| is_rack_aware), fenced: false })
        .collect();
    let without_rack = usable.iter().filter(|broker| broker.rack.is_none()).count();
    if is_rack_aware && without_rack != 0 && without_rack != usable.len() {
        return "Error: Not all brokers have rack information. Add --disable-rack-aware in command line to make replica \
                assignment without rack information."
            .to_owned();
    }
    let current: Vec<Found<'_>> = in_order(image).into_iter().filter(|(topic, ..)| topics.contains(topic)).collect();
    let mut rng = Rng::from_seed(world.setup().seed);
    let mut proposed = Vec::new();
    for topic in &topics {
        let of_topic = || current.iter().filter(|(name, ..)| name == topic);
        let Some((.., first)) = of_topic().next() else { continue };
        let count = |len: usize| u32::try_from(len).expect("replicas and partitions are few");
        match place(usable.iter().cloned(), count(of_topic().count()), count(first.replicas.len()), &mut rng) {
            Ok(placed) => proposed.extend(placed.into_iter().zip(0..).map(|(replicas, id)| (*topic, id, replicas))),
            Err(why) => return format!("Error: {why}"),
        }
    }
    let current = current.iter().map(|(topic, id, registration)| (*topic, *id, registration.replicas.as_slice()));
    let proposed = proposed.iter().map(|(topic, id, replicas)| (*topic, *id, replicas.as_slice()));
    format!(
        "Current partition replica assignment\n{}\n\nProposed partition reassignment configuration\n{}",
        reassignment_json(current),
        reassignment_json(proposed)
    )
}
