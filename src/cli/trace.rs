//! What happened, as text: one column per node, one line per fact.

use super::{Event, Failure, ScriptArguments, follow, read_script};
use crate::engine::common::{NodeId, PartitionId, Time, TopicId, TopicPartition};
use crate::engine::runtime::RuntimeFact;
use crate::engine::{Fact, Record, World};

/// Where the first column begins, and how far apart columns are.
const MARGIN: usize = 11;
const WIDTH: usize = 16;

pub(super) fn print(arguments: &ScriptArguments, messages: bool) -> Result<(), Failure> {
    let script = read_script(&arguments.file)?;
    let mut session = arguments.session()?;
    let mut rows = Vec::new();
    let failures = follow(&mut session, &script, |at, event| match event {
        Event::Fact(record) if messages || !is_message(&record.fact) => {
            rows.push((at, record.node, inner(&record.fact)));
        }
        Event::Line(line) => rows.push((at, None, format!("> {}", line.text.trim()))),
        Event::Failed(failure) => rows.push((at, None, format!("! {failure}"))),
        Event::Fact(_) | Event::Output(_) => {}
    });
    print_rows(session.world(), rows);
    if failures == 0 { Ok(()) } else { Err(format!("{failures} of {} lines failed", script.len())) }
}

/// What happened, without its messages.
pub(super) fn print_records(world: &World, records: &[Record]) {
    let told = records.iter().filter(|record| !is_message(&record.fact));
    print_rows(world, told.map(|record| (record.at, record.node, inner(&record.fact))).collect());
}

fn is_message(fact: &Fact) -> bool {
    matches!(fact, Fact::Runtime(RuntimeFact::Sent { .. } | RuntimeFact::Delivered { .. }))
}

fn print_rows(world: &World, rows: Vec<(Time, Option<NodeId>, String)>) {
    let nodes: Vec<NodeId> = world.kernel().slots().map(|(id, _)| id).collect();
    let heading: String = nodes.iter().map(|node| format!("{:<WIDTH$}", world.name_of(*node))).collect();
    println!("{:>MARGIN$}{}", "", heading.trim_end());
    for (at, node, text) in rows {
        let column = node.and_then(|node| nodes.iter().position(|other| *other == node));
        let indent = column.map_or(0, |column| column * WIDTH);
        println!("{:>9}  {:indent$}{}", at.to_string(), "", brief(&text, world));
    }
}

/// The fact without the name of the module it comes from.
fn inner(fact: &Fact) -> String {
    match fact {
        Fact::Commanded(command) => format!("> {}", crate::console::print(command)),
        Fact::Runtime(fact) => format!("{fact:?}"),
        Fact::Broker(fact) => format!("{fact:?}"),
        Fact::Controller(fact) => format!("{fact:?}"),
        Fact::Raft(fact) => format!("{fact:?}"),
        Fact::KafkaController(fact) => format!("{fact:?}"),
        Fact::Group(fact) => format!("{fact:?}"),
        Fact::Producer(fact) => format!("{fact:?}"),
        Fact::Consumer(fact) => format!("{fact:?}"),
        Fact::ZookeeperConsumer(fact) => format!("{fact:?}"),
        Fact::Admin(fact) => format!("{fact:?}"),
        Fact::Queue(fact) => format!("{fact:?}"),
        Fact::ZooKeeper(fact) => format!("{fact:?}"),
    }
}

/// Shorter: `Offset(5)` is 5, `Some(5)` is 5, a partition has its name.
fn brief(text: &str, world: &World) -> String {
    if text.starts_with(['>', '!']) {
        return text.to_owned();
    }
    let mut text = text.to_owned();
    for (id, topic) in world.image().topics() {
        for partition in topic.partitions.keys() {
            let long = format!("{:?}", TopicPartition { topic: id, partition: *partition });
            text = text.replace(&long, &format!("{}-{partition}", topic.name));
        }
    }
    for (node, _) in world.kernel().slots() {
        text = text.replace(&format!("{node:?}"), &world.name_of(node));
    }
    debug_assert!(format!("{:?}", TopicId(1)) == "TopicId(1)" && format!("{:?}", PartitionId(1)) == "PartitionId(1)");
    unwrap_newtypes(&text)
}

/// `Name(x)` becomes `x` wherever nothing but one value stands within the brackets.
fn unwrap_newtypes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut open: Vec<bool> = Vec::new();
    for c in text.chars() {
        match c {
            '(' => {
                let name_begins = out.rfind(|c: char| !c.is_alphanumeric()).map_or(0, |at| at + 1);
                let name = &out[name_begins..];
                let strip = name.starts_with(|c: char| c.is_uppercase()) && !matches!(name, "Ok" | "Err");
                if strip {
                    out.truncate(name_begins);
                } else {
                    out.push('(');
                }
                open.push(strip);
            }
            ')' => {
                if open.pop() == Some(false) {
                    out.push(')');
                }
            }
            _ => out.push(c),
        }
    }
    out.replace(" { ", " ").replace(" }", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newtypes_lose_their_names() {
        let long =
            "Moved { at: Offset(5), isr: [BrokerId(1), BrokerId(2)], outcome: Ok(Offset(3)), to: Some(Offset(7)) }";
        assert_eq!(unwrap_newtypes(long), "Moved at: 5, isr: [1, 2], outcome: Ok(3), to: 7");
    }
}
