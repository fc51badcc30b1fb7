//! What a consumer group of 0.8 keeps where in ZooKeeper, and in which words (`ZKGroupDirs`, `ZKGroupTopicDirs`).

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::engine::common::{Offset, PartitionId, Time, TopicPartition};
use crate::engine::protocol::{SessionId, TopicName, ZkPath, topic_path};
use crate::engine::zookeeper::DataTree;

pub const CONSUMERS: &str = "/consumers";

/// `/consumers/billing/ids`
#[must_use]
pub fn ids_path(group: &str) -> ZkPath {
    format!("{CONSUMERS}/{group}/ids").into()
}

/// `/consumers/billing/ids/billing_host-1700000000000-0123abcd`
#[must_use]
pub fn id_path(group: &str, id: &str) -> ZkPath {
    format!("{CONSUMERS}/{group}/ids/{id}").into()
}

/// `/consumers/billing/owners/orders/0`
#[must_use]
pub fn owner_path(group: &str, topic: &str, partition: PartitionId) -> ZkPath {
    format!("{CONSUMERS}/{group}/owners/{topic}/{partition}").into()
}

/// `/consumers/billing/offsets/orders/0`
#[must_use]
pub fn offset_path(group: &str, topic: &str, partition: PartitionId) -> ZkPath {
    format!("{CONSUMERS}/{group}/offsets/{topic}/{partition}").into()
}

/// The znodes above one, from the root down.
pub fn parents(path: &str) -> impl Iterator<Item = ZkPath> {
    path.match_indices('/').map(|(at, _)| at).filter(|at| *at > 0).map(|at| path[..at].into())
}

/// One thread (stream) for each topic, as a program with one thread asks for them.
#[must_use]
pub fn encode_registration(topics: &[TopicName], now: Time) -> Arc<str> {
    let counts: Vec<String> = topics.iter().map(|topic| format!(r#""{topic}":1"#)).collect();
    let (counts, millis) = (counts.join(","), now.as_millis());
    format!(r#"{{"version":1,"subscription":{{{counts}}},"pattern":"static","timestamp":"{millis}"}}"#).into()
}

/// Topics and how many threads read each.
#[must_use]
pub fn decode_registration(data: &str) -> Option<BTreeMap<TopicName, u64>> {
    let json: Value = serde_json::from_str(data).ok()?;
    let counts = json.get("subscription")?.as_object()?;
    counts.iter().map(|(topic, count)| Some((topic.as_str().into(), count.as_u64()?))).collect()
}

/// The partitions in a topic's znode, in order.
#[must_use]
pub fn decode_partitions(data: &str) -> Vec<PartitionId> {
    let json: Option<Value> = serde_json::from_str(data).ok();
    let map = json.as_ref().and_then(|json| json.get("partitions")).and_then(Value::as_object);
    let mut partitions: Vec<PartitionId> =
        map.into_iter().flatten().filter_map(|(id, _)| id.parse().ok().map(PartitionId)).collect();
    partitions.sort_unstable();
    partitions
}

/// Who owns a partition, and by which session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// `<consumer id>-<thread>`
    pub thread: Arc<str>,
    pub session: Option<SessionId>,
}

/// All that stands below `/consumers/<group>`, for those who look on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupZnodes {
    /// Members by their ids, with the sessions that hold their registrations.
    pub ids: BTreeMap<Arc<str>, Option<SessionId>>,
    pub owners: BTreeMap<TopicPartition, Owner>,
    pub offsets: BTreeMap<TopicPartition, Offset>,
}

/// The groups that have a znode, by name.
pub fn groups(tree: &DataTree) -> impl Iterator<Item = &Arc<str>> {
    tree.get(CONSUMERS).into_iter().flat_map(|node| node.children())
}

/// `None`: the group has no znode.
#[must_use]
pub fn group(tree: &DataTree, group: &str) -> Option<GroupZnodes> {
    tree.get(&format!("{CONSUMERS}/{group}"))?;
    let children = |path: &str| tree.get(path).into_iter().flat_map(|node| node.children());
    let mut found = GroupZnodes::default();
    for id in children(&ids_path(group)) {
        let owner = tree.get(&id_path(group, id)).and_then(|node| node.stat().ephemeral_owner);
        found.ids.insert(id.clone(), owner);
    }
    // A topic of the past has no id to be found by; its offsets stay until the group's next commit.
    let partitions = |kind: &str| {
        let base = format!("{CONSUMERS}/{group}/{kind}");
        let mut all = Vec::new();
        for name in children(&base) {
            let Some(topic) = tree.get(&topic_path(name)).map(|node| node.stat().topic_id()) else { continue };
            for partition in children(&format!("{base}/{name}")) {
                let Some(node) = tree.get(&format!("{base}/{name}/{partition}")) else { continue };
                let Some(partition) = partition.parse().ok().map(PartitionId) else { continue };
                all.push((TopicPartition { topic, partition }, node));
            }
        }
        all
    };
    for (partition, node) in partitions("owners") {
        let owner = Owner { thread: node.data().clone(), session: node.stat().ephemeral_owner };
        found.owners.insert(partition, owner);
    }
    for (partition, node) in partitions("offsets") {
        if let Ok(offset) = node.data().parse() {
            found.offsets.insert(partition, Offset(offset));
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The forms of the fact sheet (§6.11) and of `ZookeeperConsumerConnector.registerConsumerInZK`.
    #[test]
    fn contents_are_those_of_kafka() {
        let topics = ["orders".into(), "users".into()];
        let text = encode_registration(&topics, Time(5_000_000));
        let expected = r#"{"version":1,"subscription":{"orders":1,"users":1},"pattern":"static","timestamp":"5000"}"#;
        assert_eq!(text.as_ref(), expected);
        let read = decode_registration(&text).unwrap();
        assert_eq!(read.into_iter().collect::<Vec<_>>(), [("orders".into(), 1), ("users".into(), 1)]);
        assert_eq!(decode_registration("nonsense"), None);
        let partitions = decode_partitions(r#"{"version":1,"partitions":{"10":[1],"2":[1],"0":[2]}}"#);
        assert_eq!(partitions, [0, 2, 10].map(PartitionId));
    }

    #[test]
    fn a_path_has_its_parents() {
        let path = owner_path("g", "t", PartitionId(3));
        assert_eq!(path.as_ref(), "/consumers/g/owners/t/3");
        let parents: Vec<String> = parents(&path).map(|path| path.to_string()).collect();
        assert_eq!(parents, ["/consumers", "/consumers/g", "/consumers/g/owners", "/consumers/g/owners/t"]);
    }
}
