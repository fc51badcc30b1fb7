//! `kafka.tools.ConsumerOffsetChecker`: how far the groups of 0.8 have come, as that version's tool printed it. It had no
//! script of its own but was run by its class.

use super::words::ConsoleProblem;
use super::{Entry, Question, views};
use crate::engine::World;
use crate::engine::clients::zookeeper_consumer::zk_data::offset_path;
use crate::engine::common::{NodeId, PartitionId, TopicPartition};

const CLASS: &str = "kafka.tools.ConsumerOffsetChecker";
const USAGE: &str = "write: kafka-run-class kafka.tools.ConsumerOffsetChecker --group billing [--topic orders]";

/// `kafka-run-class kafka.tools.ConsumerOffsetChecker [--zookeeper HOST:PORT] --group GROUP [--topic A,B]`
pub(super) fn parse(words: &[String]) -> Result<Entry, ConsoleProblem> {
    let mut words = words.iter().map(String::as_str);
    match words.next() {
        Some(CLASS) => {}
        Some(other) => {
            return Err(ConsoleProblem::new(format!("there is no class {other} here"), USAGE));
        }
        None => return Err(ConsoleProblem::new("kafka-run-class wants a class", USAGE)),
    }
    let (mut group, mut topics) = (None, Vec::new());
    while let Some(flag) = words.next() {
        let Some(value) = words.next() else {
            return Err(ConsoleProblem::new(format!("{flag} wants a value"), USAGE));
        };
        match flag {
            "--group" => group = Some(value.to_owned()),
            "--topic" => topics = value.split(',').map(str::to_owned).collect(),
            "--zookeeper" => {}
            _ => return Err(ConsoleProblem::new(format!("{CLASS} does not know {flag}"), USAGE)),
        }
    }
    let group = group.ok_or_else(|| ConsoleProblem::new(format!("{CLASS} does not know which group"), USAGE))?;
    Ok(Entry::Ask(Question::CheckOffsets { group, topics }))
}

pub(super) fn answer(world: &World, group: &str, topics: &[String]) -> String {
    let serves = world.zookeepers().any(|(id, server)| world.is_up(NodeId::ZooKeeper(id)) && server.serves());
    let Some(tree) = world.znode_tree().filter(|_| serves) else {
        return "Exiting due to: Unable to connect to zookeeper server within timeout: 30000.".to_owned();
    };
    let missing = |path: &str| {
        let error = "org.apache.zookeeper.KeeperException$NoNodeException: KeeperErrorCode = NoNode for";
        format!("Exiting due to: {error} {path}.")
    };
    let owners = format!("/consumers/{group}/owners");
    let mut names: Vec<String> = topics.to_vec();
    if names.is_empty() {
        let Some(node) = tree.get(&owners) else { return missing(&owners) };
        names = node.children().map(ToString::to_string).collect();
    }
    names.sort();
    let znodes = views::zookeeper_group(world, group).unwrap_or_default();
    let mut lines = vec![line(["Group", "Topic", "Pid", "Offset", "logSize", "Lag", "Owner"])];
    for name in names {
        let Some(topic) = views::topic(world, &name) else { continue };
        let id = world.image().topic_id(&name).expect("its image was found by this name");
        for number in topic.partitions.keys() {
            let partition = TopicPartition { topic: id, partition: *number };
            if tree.get(&format!("/consumers/{group}/offsets/{name}")).is_none() {
                return missing(&offset_path(group, &name, PartitionId(number.0)));
            }
            let Some(end) = views::log_end(world, partition) else {
                lines.push(format!("No broker for partition {name} - {number}"));
                continue;
            };
            let offset = znodes.offsets.get(&partition);
            let lag = offset.map_or("unknown".to_owned(), |offset| end.since(*offset).to_string());
            let offset = offset.map_or("-1".to_owned(), ToString::to_string);
            let owner = znodes.owners.get(&partition).map_or("none".to_owned(), |owner| owner.thread.to_string());
            let (number, end) = (number.to_string(), end.to_string());
            lines.push(line([group, &name, &number, &offset, &end, &lag, &owner]));
        }
    }
    lines.join("\n")
}

/// `"%-15s %-30s %-3s %-15s %-15s %-15s %s"`
fn line([group, topic, pid, offset, size, lag, owner]: [&str; 7]) -> String {
    format!("{group:<15} {topic:<30} {pid:<3} {offset:<15} {size:<15} {lag:<15} {owner}")
}
