//! Where Kafka keeps what in ZooKeeper, and in which words (`kafka.zk.ZkData`).
//!
//! JSON is written with the keys in the order in which a real cluster's `zookeeper-shell get` shows them.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use serde_json::Value;

use super::context::registration;
use crate::engine::common::{
    BrokerEpoch, BrokerId, LeaderEpoch, PartitionEpoch, PartitionId, ProducerId, ProducerIdsBlock, Time, TopicId,
    TopicPartition,
};
use crate::engine::config::KafkaVersion;
use crate::engine::controller::Reassignment;
use crate::engine::metadata::{MetadataImage, MetadataRecord};
use crate::engine::protocol::ZkPath;
pub use crate::engine::protocol::{BROKER_IDS, TOPICS, topic_path};
use crate::engine::zookeeper::DataTree;

pub const CONTROLLER: &str = "/controller";
pub const CONTROLLER_EPOCH: &str = "/controller_epoch";
pub const CLUSTER_ID: &str = "/cluster/id";
pub const CONFIG_CHANGES: &str = "/config/changes";
pub const ISR_CHANGES: &str = "/isr_change_notification";
pub const LOG_DIR_EVENTS: &str = "/log_dir_event_notification";
pub const PREFERRED_ELECTION: &str = "/admin/preferred_replica_election";
pub const DELETE_TOPICS: &str = "/admin/delete_topics";
pub const PRODUCER_IDS: &str = "/latest_producer_id_block";
pub const REASSIGN_PARTITIONS: &str = "/admin/reassign_partitions";

/// What every broker sees to when it starts (`ZkData.PersistentZkPaths`), parents first.
pub const PERSISTENT: [&str; 18] = [
    "/consumers",
    "/brokers",
    BROKER_IDS,
    TOPICS,
    "/config",
    CONFIG_CHANGES,
    "/admin",
    DELETE_TOPICS,
    "/brokers/seqid",
    ISR_CHANGES,
    PRODUCER_IDS,
    LOG_DIR_EVENTS,
    "/config/topics",
    "/config/clients",
    "/config/users",
    "/config/brokers",
    "/config/ips",
    "/feature",
];

/// `/brokers/ids/1`
#[must_use]
pub fn broker_path(id: BrokerId) -> ZkPath {
    format!("{BROKER_IDS}/{id}").into()
}

/// `/brokers/topics/orders/partitions`
#[must_use]
pub fn partitions_path(topic: &str) -> ZkPath {
    format!("{TOPICS}/{topic}/partitions").into()
}

/// `/brokers/topics/orders/partitions/0`
#[must_use]
pub fn partition_path(topic: &str, partition: PartitionId) -> ZkPath {
    format!("{TOPICS}/{topic}/partitions/{partition}").into()
}

/// `/brokers/topics/orders/partitions/0/state`
#[must_use]
pub fn state_path(topic: &str, partition: PartitionId) -> ZkPath {
    format!("{TOPICS}/{topic}/partitions/{partition}/state").into()
}

/// `/config/topics/orders`
#[must_use]
pub fn config_path(topic: &str) -> ZkPath {
    format!("/config/topics/{topic}").into()
}

/// `/admin/delete_topics/orders`
#[must_use]
pub fn deletion_path(topic: &str) -> ZkPath {
    format!("{DELETE_TOPICS}/{topic}").into()
}

/// Where a broker appends a notice of changed in-sync sets; ZooKeeper numbers it.
pub const ISR_CHANGE_PREFIX: &str = "/isr_change_notification/isr_change_";
/// Where a broker appends a notice that one of its log directories has failed.
pub const LOG_DIR_EVENT_PREFIX: &str = "/log_dir_event_notification/log_dir_event_";
pub const CONFIG_CHANGE_PREFIX: &str = "/config/changes/config_change_";

/// Who leads a partition, as its state znode says (`LeaderIsrAndControllerEpoch`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PartitionState {
    pub leader: Option<BrokerId>,
    pub leader_epoch: LeaderEpoch,
    pub isr: Vec<BrokerId>,
    pub controller_epoch: u32,
    /// The znode's version (`zkVersion`).
    pub partition_epoch: PartitionEpoch,
}

/// A topic's znode.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TopicAssignment {
    pub id: Option<TopicId>,
    pub partitions: BTreeMap<PartitionId, Vec<BrokerId>>,
    /// Of those, replicas that a reassignment brings, and those that it takes away (since 2.4).
    pub adding: BTreeMap<PartitionId, Vec<BrokerId>>,
    pub removing: BTreeMap<PartitionId, Vec<BrokerId>>,
}

impl TopicAssignment {
    #[must_use]
    pub fn new(id: Option<TopicId>, partitions: BTreeMap<PartitionId, Vec<BrokerId>>) -> Self {
        Self { id, partitions, adding: BTreeMap::new(), removing: BTreeMap::new() }
    }

    /// One partition's replicas, and those of them that come or go (`ReplicaAssignment`).
    #[must_use]
    pub fn replicas(&self, partition: PartitionId) -> Reassignment {
        let of = |map: &BTreeMap<PartitionId, Vec<BrokerId>>| map.get(&partition).cloned().unwrap_or_default();
        Reassignment { replicas: of(&self.partitions), adding: of(&self.adding), removing: of(&self.removing) }
    }

    /// Another assignment for one partition.
    pub fn set(&mut self, partition: PartitionId, assignment: &Reassignment) {
        self.partitions.insert(partition, assignment.replicas.clone());
        for (map, brokers) in [(&mut self.adding, &assignment.adding), (&mut self.removing, &assignment.removing)] {
            map.remove(&partition);
            if !brokers.is_empty() {
                map.insert(partition, brokers.clone());
            }
        }
    }
}

fn ids(brokers: &[BrokerId]) -> String {
    brokers.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

#[must_use]
pub fn encode_controller(broker: BrokerId, now: Time, version: KafkaVersion) -> Arc<str> {
    let millis = now.as_millis();
    match version.prepares_migration_to_kraft() {
        true => format!(r#"{{"version":2,"brokerid":{broker},"timestamp":"{millis}","kraftControllerEpoch":-1}}"#),
        false => format!(r#"{{"version":1,"brokerid":{broker},"timestamp":"{millis}"}}"#),
    }
    .into()
}

/// Who took the last block of producer ids.
#[must_use]
pub fn encode_producer_ids(broker: BrokerId, block: ProducerIdsBlock) -> Arc<str> {
    let (start, end) = (block.first, block.last());
    format!(r#"{{"version":1,"broker":{broker},"block_start":"{start}","block_end":"{end}"}}"#).into()
}

#[must_use]
pub fn decode_producer_ids(data: &str) -> Option<(BrokerId, ProducerIdsBlock)> {
    let json = parse(data)?;
    let first = json.get("block_start")?.as_str()?.parse().ok()?;
    Some((broker_in(&json, "broker")?, ProducerIdsBlock { first: ProducerId(first) }))
}

#[must_use]
pub fn decode_controller(data: &str) -> Option<BrokerId> {
    broker_in(&parse(data)?, "brokerid")
}

#[must_use]
pub fn encode_broker(broker: BrokerId, rack: Option<&str>, now: Time, version: KafkaVersion) -> Arc<str> {
    let host = format!("broker-{broker}");
    let znode = version.broker_znode_version();
    let rack = rack.filter(|_| znode >= 3).map_or(String::new(), |rack| format!(r#","rack":"{rack}""#));
    let millis = now.as_millis();
    let endpoints = format!(r#""endpoints":["PLAINTEXT://{host}:9092"]"#);
    let listeners =
        format!(r#""listener_security_protocol_map":{{"PLAINTEXT":"PLAINTEXT"}},{endpoints},"jmx_port":-1"#);
    match znode {
        1 => format!(r#"{{"jmx_port":-1,"timestamp":"{millis}","host":"{host}","version":1,"port":9092}}"#),
        2 | 3 => format!(
            r#"{{"jmx_port":-1,"timestamp":"{millis}",{endpoints},"host":"{host}","version":{znode},"port":9092{rack}}}"#
        ),
        4 => format!(r#"{{{listeners},"host":"{host}","timestamp":"{millis}","port":9092,"version":4{rack}}}"#),
        _ => format!(
            r#"{{"features":{{}},{listeners},"port":9092,"host":"{host}","version":5,"timestamp":"{millis}"{rack}}}"#
        ),
    }
    .into()
}

/// The broker's rack.
#[must_use]
pub fn decode_broker(data: &str) -> Option<Arc<str>> {
    parse(data)?.get("rack")?.as_str().map(Arc::from)
}

#[must_use]
pub fn encode_cluster_id(id: &str) -> Arc<str> {
    format!(r#"{{"version":"1","id":"{id}"}}"#).into()
}

/// Version 3 has the topic's id (2.8), version 2 what a reassignment brings and takes away (2.4), version 1 neither.
#[must_use]
pub fn encode_topic(assignment: &TopicAssignment, version: KafkaVersion) -> Arc<str> {
    let TopicAssignment { id, partitions, adding, removing } = assignment;
    let [partitions, adding, removing] = [partitions, adding, removing].map(by_partition);
    match id {
        Some(id) => format!(
            r#"{{"removing_replicas":{{{removing}}},"partitions":{{{partitions}}},"topic_id":"{}","adding_replicas":{{{adding}}},"version":3}}"#,
            id.uuid()
        ),
        None if version.reassigns_through_the_controller() => format!(
            r#"{{"version":2,"partitions":{{{partitions}}},"adding_replicas":{{{adding}}},"removing_replicas":{{{removing}}}}}"#
        ),
        None => format!(r#"{{"version":1,"partitions":{{{partitions}}}}}"#),
    }
    .into()
}

fn by_partition(assignment: &BTreeMap<PartitionId, Vec<BrokerId>>) -> String {
    let mut text = String::new();
    for (partition, replicas) in assignment {
        let comma = if text.is_empty() { "" } else { "," };
        write!(text, r#"{comma}"{partition}":[{}]"#, ids(replicas)).expect("a string takes everything");
    }
    text
}

#[must_use]
pub fn decode_topic(data: &str) -> Option<TopicAssignment> {
    let json = parse(data)?;
    let read = |key: &str| -> Option<BTreeMap<PartitionId, Vec<BrokerId>>> {
        let one =
            |(partition, replicas): (&String, &Value)| Some((PartitionId(partition.parse().ok()?), brokers(replicas)?));
        json.get(key)?.as_object()?.iter().map(one).collect()
    };
    let partitions = read("partitions")?;
    let (adding, removing) =
        (read("adding_replicas").unwrap_or_default(), read("removing_replicas").unwrap_or_default());
    let id = json.get("topic_id").and_then(Value::as_str).and_then(topic_id);
    Some(TopicAssignment { id, partitions, adding, removing })
}

#[must_use]
pub fn encode_state(state: &PartitionState) -> Arc<str> {
    let leader = state.leader.map_or("-1".to_owned(), |leader| leader.to_string());
    format!(
        r#"{{"controller_epoch":{},"leader":{leader},"version":1,"leader_epoch":{},"isr":[{}]}}"#,
        state.controller_epoch,
        state.leader_epoch,
        ids(&state.isr)
    )
    .into()
}

#[must_use]
pub fn decode_state(data: &str, version: u32) -> Option<PartitionState> {
    let json = parse(data)?;
    let number = |key: &str| json.get(key)?.as_u64().and_then(|number| u32::try_from(number).ok());
    Some(PartitionState {
        leader: broker_in(&json, "leader"),
        leader_epoch: LeaderEpoch(number("leader_epoch")?),
        isr: brokers(json.get("isr")?)?,
        controller_epoch: number("controller_epoch")?,
        partition_epoch: PartitionEpoch(version),
    })
}

#[must_use]
pub fn encode_config<'a>(configs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Arc<str> {
    let pairs: Vec<String> =
        configs.into_iter().map(|(key, value)| format!("{}:{}", quoted(key), quoted(value))).collect();
    format!(r#"{{"version":1,"config":{{{}}}}}"#, pairs.join(",")).into()
}

#[must_use]
pub fn decode_config(data: &str) -> BTreeMap<Arc<str>, Arc<str>> {
    let json = parse(data);
    let config = json.as_ref().and_then(|json| json.get("config")).and_then(Value::as_object);
    let pair = |(key, value): (&String, &Value)| Some((key.as_str().into(), value.as_str()?.into()));
    config.into_iter().flatten().filter_map(pair).collect()
}

/// Whose configuration a znode below /config holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Configured {
    Topic(Arc<str>),
    /// `None`: what holds for all brokers, `<default>`.
    Broker(Option<BrokerId>),
}

impl Configured {
    /// `topics/orders`, `brokers/1`, `brokers/<default>`
    fn entity_path(&self) -> String {
        match self {
            Self::Topic(name) => format!("topics/{name}"),
            Self::Broker(Some(id)) => format!("brokers/{id}"),
            Self::Broker(None) => "brokers/<default>".to_owned(),
        }
    }

    /// `/config/topics/orders`
    #[must_use]
    pub fn path(&self) -> ZkPath {
        format!("/config/{}", self.entity_path()).into()
    }
}

#[must_use]
pub fn encode_config_change(whose: &Configured) -> Arc<str> {
    format!(r#"{{"version":2,"entity_path":"{}"}}"#, whose.entity_path()).into()
}

/// Whose configuration changed.
#[must_use]
pub fn decode_config_change(data: &str) -> Option<Configured> {
    let json = parse(data)?;
    match json.get("entity_path")?.as_str()?.split_once('/')? {
        ("topics", name) => Some(Configured::Topic(name.into())),
        ("brokers", "<default>") => Some(Configured::Broker(None)),
        ("brokers", id) => Some(Configured::Broker(Some(BrokerId(id.parse().ok()?)))),
        _ => None,
    }
}

/// Partitions by topic name, as in ISR notifications and in requests for preferred leaders.
#[must_use]
pub fn encode_partitions<'a>(partitions: impl IntoIterator<Item = (&'a str, PartitionId)>) -> Arc<str> {
    let one = |(topic, partition)| format!(r#"{{"topic":"{topic}","partition":{partition}}}"#);
    let partitions: Vec<String> = partitions.into_iter().map(one).collect();
    format!(r#"{{"version":1,"partitions":[{}]}}"#, partitions.join(",")).into()
}

#[must_use]
pub fn decode_partitions(data: &str) -> Vec<(Arc<str>, PartitionId)> {
    let one = |json: &Value| {
        let partition = u32::try_from(json.get("partition")?.as_u64()?).ok()?;
        Some((json.get("topic")?.as_str()?.into(), PartitionId(partition)))
    };
    let json = parse(data);
    let list = json.as_ref().and_then(|json| json.get("partitions")).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(one).collect()
}

/// A log directory of this broker has failed; which one, the notice does not say (`LogDirEventNotificationSequenceZNode`,
/// whose only event is 1).
#[must_use]
pub fn encode_log_dir_event(broker: BrokerId) -> Arc<str> {
    format!(r#"{{"version":1,"broker":{broker},"event":1}}"#).into()
}

#[must_use]
pub fn decode_log_dir_event(data: &str) -> Option<BrokerId> {
    u32::try_from(parse(data)?.get("broker")?.as_u64()?).ok().map(BrokerId)
}

/// What `kafka-reassign-partitions --zookeeper` wrote (before 2.4 the only way).
#[must_use]
pub fn encode_reassignment<'a>(partitions: impl IntoIterator<Item = (&'a str, u32, &'a [BrokerId])>) -> Arc<str> {
    let one = |(topic, partition, replicas)| {
        format!(r#"{{"topic":"{topic}","partition":{partition},"replicas":[{}]}}"#, ids(replicas))
    };
    let partitions: Vec<String> = partitions.into_iter().map(one).collect();
    format!(r#"{{"version":1,"partitions":[{}]}}"#, partitions.join(",")).into()
}

#[must_use]
pub fn decode_reassignment(data: &str) -> Vec<(Arc<str>, PartitionId, Vec<BrokerId>)> {
    let one = |json: &Value| {
        let partition = u32::try_from(json.get("partition")?.as_u64()?).ok()?;
        Some((json.get("topic")?.as_str()?.into(), PartitionId(partition), brokers(json.get("replicas")?)?))
    };
    let json = parse(data);
    let list = json.as_ref().and_then(|json| json.get("partitions")).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(one).collect()
}

// ---- the whole of it ----------------------------------------------------------------------------------------------------

/// The cluster as it stands in ZooKeeper, for those who look on: brokers with a znode, topics, partitions with a state.
#[must_use]
pub fn image(tree: &DataTree) -> MetadataImage {
    let mut image = MetadataImage::default();
    let children = |path: &str| tree.get(path).into_iter().flat_map(|node| node.children());
    for name in children(BROKER_IDS) {
        let Some(broker) = name.parse().ok().map(BrokerId) else { continue };
        let Some(node) = tree.get(&broker_path(broker)) else { continue };
        let stat = node.stat();
        let epoch = BrokerEpoch(stat.czxid.0);
        let incarnation = stat.ephemeral_owner.map_or(0, |session| session.0);
        image.replay(&MetadataRecord::RegisterBroker { broker, epoch, incarnation, rack: decode_broker(node.data()) });
        image.replay(&MetadataRecord::UnfenceBroker { broker, epoch });
    }
    for name in children("/config/brokers") {
        let broker = name.parse().ok().map(BrokerId);
        let config = tree.get(&Configured::Broker(broker).path()).map(|node| decode_config(node.data()));
        for (key, value) in config.unwrap_or_default() {
            image.replay(&MetadataRecord::BrokerConfig { broker, key, value: Some(value) });
        }
    }
    for name in children(TOPICS) {
        let Some(node) = tree.get(&topic_path(name)) else { continue };
        let Some(assignment) = decode_topic(node.data()) else { continue };
        let topic = assignment.id.unwrap_or_else(|| node.stat().topic_id());
        image.replay(&MetadataRecord::Topic { topic, name: name.clone() });
        let config = tree.get(&config_path(name)).map(|node| decode_config(node.data())).unwrap_or_default();
        for (key, value) in config {
            image.replay(&MetadataRecord::TopicConfig { topic, key, value: Some(value) });
        }
        for partition in assignment.partitions.keys() {
            let node = tree.get(&state_path(name, *partition));
            let Some(state) = node.and_then(|node| decode_state(node.data(), node.stat().version)) else { continue };
            let partition = TopicPartition { topic, partition: *partition };
            let registration = registration(&assignment.replicas(partition.partition), &state);
            image.replay(&MetadataRecord::Partition { partition, registration });
        }
    }
    image
}

// ---- topic ids: 16 bytes in base64 without padding, as `Uuid.toString` writes them ------------------------------------

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// 22 characters of base64.
#[must_use]
pub fn uuid(bits: u128) -> String {
    // 128 bits and 4 of padding are 22 sextets.
    let sextet = |at: u32| if at == 21 { (bits << 4) & 0x3f } else { (bits >> (122 - 6 * at)) & 0x3f };
    (0..22).map(|at| char::from(ALPHABET[usize::try_from(sextet(at)).expect("six bits")])).collect()
}

/// So many topics are looked through for an id: Kafka's are random, ours are numbers in that shape.
const TOPICS_AT_MOST: u32 = 10_000;

fn topic_id(uuid: &str) -> Option<TopicId> {
    (0..TOPICS_AT_MOST).map(TopicId).find(|id| id.uuid() == uuid)
}

// ---- JSON -----------------------------------------------------------------------------------------------------------

fn parse(data: &str) -> Option<Value> {
    serde_json::from_str(data).ok()
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn broker_in(json: &Value, key: &str) -> Option<BrokerId> {
    json.get(key)?.as_u64().and_then(|id| u32::try_from(id).ok()).map(BrokerId)
}

fn brokers(json: &Value) -> Option<Vec<BrokerId>> {
    let id = |value: &Value| value.as_u64().and_then(|id| u32::try_from(id).ok()).map(BrokerId);
    json.as_array()?.iter().map(id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_are_those_of_the_fact_sheet() {
        let state = PartitionState {
            leader: Some(BrokerId(2)),
            leader_epoch: LeaderEpoch(3),
            isr: vec![BrokerId(2), BrokerId(1)],
            controller_epoch: 4,
            partition_epoch: PartitionEpoch(9),
        };
        let text = encode_state(&state);
        assert_eq!(text.as_ref(), r#"{"controller_epoch":4,"leader":2,"version":1,"leader_epoch":3,"isr":[2,1]}"#);
        assert_eq!(decode_state(&text, 9), Some(state.clone()));
        let nobody = PartitionState { leader: None, ..state };
        assert!(encode_state(&nobody).contains(r#""leader":-1"#));
        assert_eq!(decode_state(&encode_state(&nobody), 9), Some(nobody));

        let controller = encode_controller(BrokerId(1), Time(5_000), KafkaVersion::V3_9);
        assert!(controller.starts_with(r#"{"version":2,"brokerid":1,"timestamp":"5""#), "{controller}");
        assert_eq!(decode_controller(&controller), Some(BrokerId(1)));
        let config = encode_config([("retention.ms", "1000")]);
        assert_eq!(config.as_ref(), r#"{"version":1,"config":{"retention.ms":"1000"}}"#);
        assert_eq!(decode_config(&config)[&Arc::from("retention.ms")].as_ref(), "1000");
        let topic = Configured::Topic("t".into());
        assert_eq!(encode_config_change(&topic).as_ref(), r#"{"version":2,"entity_path":"topics/t"}"#);
        for whose in [topic, Configured::Broker(None), Configured::Broker(Some(BrokerId(3)))] {
            assert_eq!(decode_config_change(&encode_config_change(&whose)), Some(whose));
        }
        assert_eq!(Configured::Broker(None).path().as_ref(), "/config/brokers/<default>");
        let partitions = encode_partitions([("t", PartitionId(0))]);
        assert_eq!(partitions.as_ref(), r#"{"version":1,"partitions":[{"topic":"t","partition":0}]}"#);
        assert_eq!(decode_partitions(&partitions), [("t".into(), PartitionId(0))]);
        assert_eq!(
            decode_broker(&encode_broker(BrokerId(1), Some("a"), Time::ZERO, KafkaVersion::V3_9)).as_deref(),
            Some("a")
        );
        assert_eq!(decode_broker(&encode_broker(BrokerId(1), None, Time::ZERO, KafkaVersion::V3_9)), None);
    }

    /// What older versions left out: `ZkUtils.registerBrokerInZk` of 0.8.2.2 and 0.9.0.1, `ZkData` of 2.3.1. In which order
    /// the fields stand is the order of a Scala map, as it is seen in znodes of such clusters.
    #[test]
    fn older_versions_write_less() {
        let broker = |version| encode_broker(BrokerId(1), Some("a"), Time(5_000), version).to_string();
        let plain = r#"{"jmx_port":-1,"timestamp":"5","host":"broker-1","version":1,"port":9092}"#;
        assert_eq!(broker(KafkaVersion::V0_8), plain);
        let endpoints = r#""endpoints":["PLAINTEXT://broker-1:9092"]"#;
        let expected =
            format!(r#"{{"jmx_port":-1,"timestamp":"5",{endpoints},"host":"broker-1","version":2,"port":9092}}"#);
        assert_eq!(broker(KafkaVersion::V0_9), expected);
        assert!(broker(KafkaVersion::V2_3).ends_with(r#""port":9092,"version":4,"rack":"a"}"#));
        let topic = TopicAssignment::new(None, [(PartitionId(0), vec![BrokerId(1), BrokerId(2)])].into());
        let text = encode_topic(&topic, KafkaVersion::V2_3);
        assert_eq!(text.as_ref(), r#"{"version":1,"partitions":{"0":[1,2]}}"#);
        assert_eq!(decode_topic(&text), Some(topic));
        let controller = encode_controller(BrokerId(1), Time(5_000), KafkaVersion::V2_3);
        assert_eq!(controller.as_ref(), r#"{"version":1,"brokerid":1,"timestamp":"5"}"#);
    }

    #[test]
    fn a_topic_reads_back_with_its_id() {
        let partitions = [(PartitionId(0), vec![BrokerId(1), BrokerId(2)]), (PartitionId(10), vec![BrokerId(2)])];
        let mut topic = TopicAssignment::new(Some(TopicId(7)), partitions.into());
        let text = encode_topic(&topic, KafkaVersion::V3_9);
        assert!(text.contains(r#""partitions":{"0":[1,2],"10":[2]}"#) && text.contains(r#""version":3"#), "{text}");
        assert_eq!(decode_topic(&text), Some(topic.clone()));
        let moving = Reassignment::between(&[BrokerId(1), BrokerId(2)], &[BrokerId(3), BrokerId(2)]);
        topic.set(PartitionId(0), &moving);
        let text = encode_topic(&topic, KafkaVersion::V3_9);
        assert!(text.contains(r#""adding_replicas":{"0":[3]}"#), "{text}");
        assert!(text.contains(r#""removing_replicas":{"0":[1]}"#) && text.contains(r#""0":[3,2,1]"#), "{text}");
        assert_eq!(decode_topic(&text).map(|read| read.replicas(PartitionId(0))), Some(moving));
        // Uuid.ZERO_UUID, and all ones.
        assert_eq!(uuid(0), "AAAAAAAAAAAAAAAAAAAAAA");
        assert_eq!(uuid(u128::MAX), "_____________________w");
    }
}
