//! `kafka-log-dirs`: what lies in the log directories of each broker, and which of them have failed (KIP-113).
//!
//! Directories of replicas that are on their way out are not told: the tool asks for replicas, not for files.

use std::collections::BTreeMap;

use super::answer::metadata;
use super::words::{ConsoleProblem, Flag, Line, Takes, number};
use super::{Entry, Question};
use crate::engine::World;
use crate::engine::common::{BrokerId, NodeId};
use crate::engine::server::Broker;
use crate::engine::storage::LogDir;

use Takes::{Nothing, Value};

pub(super) const FLAGS: &[Flag] = &[("describe", Nothing), ("broker-list", Value), ("topic-list", Value)];

pub(super) fn parse(mut line: Line) -> Result<Entry, ConsoleProblem> {
    if !line.has("describe") {
        return Err(ConsoleProblem::new("Missing required argument \"[describe]\"", "add --describe"));
    }
    let listed = |text: Option<String>| -> Vec<String> {
        text.iter().flat_map(|text| text.split(',')).filter(|one| !one.is_empty()).map(str::to_owned).collect()
    };
    let brokers = listed(line.value("broker-list"));
    let brokers = brokers.iter().map(|id| number(id, "--broker-list").map(BrokerId)).collect::<Result<_, _>>()?;
    let topics = listed(line.value("topic-list"));
    line.end()?;
    Ok(Entry::Ask(Question::DescribeLogDirs { brokers, topics }))
}

/// `LogDirsCommand.execute`
pub(super) fn describe(world: &World, brokers: &[BrokerId], topics: &[String]) -> String {
    let version = world.setup().version;
    if !version.describes_log_dirs() {
        return format!("Kafka {version} has no kafka-log-dirs yet: it came with 1.0 (KIP-113)");
    }
    let in_hash_order = version.describes_log_dirs_in_hash_order();
    let Some(image) = metadata(world) else {
        return "Timed out waiting for a node assignment. Call: listNodes".to_owned();
    };
    let alive: Vec<BrokerId> = image.brokers().filter(|(_, broker)| !broker.fenced).map(|(id, _)| id).collect();
    let list = |ids: &[BrokerId]| ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let mut asked = if brokers.is_empty() { alive.clone() } else { brokers.to_vec() };
    asked.sort_unstable();
    asked.dedup();
    let unknown: Vec<BrokerId> = asked.iter().copied().filter(|id| !alive.contains(id)).collect();
    if !unknown.is_empty() {
        return format!(
            "ERROR: The given brokers do not exist from --broker-list: {}. Current existent brokers: {}",
            list(&unknown),
            list(&alive)
        );
    }
    let mut told = Vec::new();
    for id in &asked {
        let Some(broker) = world.broker(*id).filter(|_| world.is_up(NodeId::Broker(*id))) else {
            // Metadata may be behind: it is still listed, and nobody answers.
            return format!(
                "Querying brokers for log directories information\nTimed out waiting to send the call. Call: \
                 describeLogDirs (broker {id})"
            );
        };
        let dirs: Vec<String> =
            broker.logs().dirs().iter().map(|dir| directory(broker, dir, topics, in_hash_order)).collect();
        told.push(format!(r#"{{"broker":{id},"logDirs":[{}]}}"#, dirs.join(",")));
    }
    let brokers = told.join(",");
    let json = match in_hash_order {
        true => format!(r#"{{"brokers":[{brokers}],"version":1}}"#),
        false => format!(r#"{{"version":1,"brokers":[{brokers}]}}"#),
    };
    format!(
        "Querying brokers for log directories information\nReceived log directory information from brokers {}\n{json}",
        list(&asked)
    )
}

/// One directory. Since 3.6 the tool is written in Java, and keys come as a `HashMap` has them.
fn directory(broker: &Broker, dir: &LogDir, topics: &[String], in_hash_order: bool) -> String {
    let logs = broker.logs();
    let is_asked = |name: &str| {
        let topic = name.rsplit_once('-').map_or(name, |(topic, _)| topic);
        topics.is_empty() || topics.iter().any(|asked| asked == topic)
    };
    let here = logs.iter().filter(|(id, _)| !dir.is_offline && logs.directory_of(*id) == Some(dir));
    let mut partitions = BTreeMap::new();
    for (id, log) in here {
        let Some(name) = logs.name_of(id).filter(|name| is_asked(name)) else { continue };
        let lag = log.high_watermark().0.saturating_sub(log.log_end_offset().0);
        let size = log.size_in_bytes();
        let text = format!(r#"{{"partition":"{name}","size":{size},"offsetLag":{lag},"isFuture":false}}"#);
        partitions.insert((name, id.partition), text);
    }
    let partitions = partitions.into_values().collect::<Vec<_>>().join(",");
    let error = match dir.is_offline {
        true => "\"org.apache.kafka.common.errors.KafkaStorageException\"",
        false => "null",
    };
    let path = &dir.path;
    match in_hash_order {
        true => format!(r#"{{"partitions":[{partitions}],"error":{error},"logDir":"{path}"}}"#),
        false => format!(r#"{{"logDir":"{path}","error":{error},"partitions":[{partitions}]}}"#),
    }
}
