//! Topics that change while they are used: more partitions, none at all; in both modes.

use kafkascope::engine::clients::AdminFact;
use kafkascope::engine::command::Command;
use kafkascope::engine::common::{BrokerId, PartitionId, Span};
use kafkascope::engine::config::KafkaVersion;
use kafkascope::engine::controller::ControllerFact;
use kafkascope::engine::server::BrokerFact;
use kafkascope::engine::{Fact, Setup};

use super::lab::Lab;
use super::zookeeper;

fn kraft(seed: u64) -> Lab {
    Lab::with_orders(seed)
}

fn on_zookeeper(seed: u64) -> Lab {
    zookeeper::with_orders(zookeeper::setup(seed, 1))
}

/// Which partitions have records of each key.
fn partitions_of(lab: &Lab, key: &str) -> Vec<u32> {
    let topic = lab.orders(0).topic;
    let count = u32::try_from(lab.world.image().topic(topic).unwrap().partitions.len()).unwrap();
    let has = |partition: &u32| {
        let leader = lab.leader(*partition).unwrap();
        let log = lab.world.broker(leader).unwrap().log(lab.orders(*partition)).unwrap();
        log.batches().any(|batch| batch.records.iter().any(|record| record.key.as_deref() == Some(key.as_bytes())))
    };
    (0..count).filter(has).collect()
}

#[test]
fn keyed_records_go_elsewhere_once_there_are_more_partitions() {
    let sentences = [
        (
            kraft(61),
            "The topic orders currently has 3 partition(s); 2 would not be an increase.",
            "Topic already has 3 partition(s).",
        ),
        (
            on_zookeeper(61),
            "Topic currently has 3 partitions, which is higher than the requested 2.",
            "Topic already has 3 partitions.",
        ),
    ];
    for (mut lab, fewer, same) in sentences {
        let error = "Error while executing topic command : ";
        lab.script(&format!(
            "kafka-topics --alter --topic orders --partitions 2
             wait 1s
             | {error}{fewer}
             kafka-topics --alter --topic orders --partitions 3
             wait 1s
             | {error}{same}
             kafka-topics --alter --topic nothing --partitions 3
             wait 1s
             | {error}Topic 'nothing' does not exist as expected"
        ));
        // Metadata is looked at every few seconds, so that the new partitions are seen.
        lab.producer("checkout", &[("metadata.max.age.ms", "5000")], Span::millis(20), None);
        lab.secs(10);
        let keys = ["alice", "bob", "carol", "dave", "erin"];
        assert!(keys.iter().all(|key| partitions_of(&lab, key).len() == 1), "a key stays with its partition");
        lab.script("kafka-topics --alter --topic orders --partitions 7\nwait 20s");
        let added = lab.trace.iter().find_map(|record| match &record.fact {
            Fact::Controller(ControllerFact::PartitionsAdded { count, added, .. }) => Some((*count, *added)),
            _ => None,
        });
        assert_eq!(added, Some((7, 4)));
        let refused = |fact: &Fact| matches!(fact, Fact::Admin(AdminFact::TopicChangeRefused { .. }));
        assert_eq!(zookeeper::when(&lab, refused).len(), 3);
        let enlarged = |fact: &Fact| matches!(fact, Fact::Admin(AdminFact::PartitionsAdded { count: 7, .. }));
        assert_eq!(zookeeper::when(&lab, enlarged).len(), 1);
        let registration = |partition| lab.world.image().partition(lab.orders(partition)).unwrap();
        assert!((3..7).all(|partition| registration(partition).leader.is_some() && lab.isr(partition).len() == 3));
        // murmur2 of three of the five keys falls elsewhere modulo 7 than modulo 3; none is remembered.
        let moved: Vec<&str> = keys.iter().copied().filter(|key| partitions_of(&lab, key).len() == 2).collect();
        assert!(!moved.is_empty(), "the partitioner counts seven now");
        assert!(keys.iter().all(|key| partitions_of(&lab, key).len() <= 2));
        lab.assert_promises_kept();
    }
}

#[test]
fn a_topic_that_is_deleted_under_its_clients_is_created_anew_by_them() {
    let mut lab = kraft(63);
    let old = lab.orders(0);
    lab.producer("checkout", &[], Span::millis(50), None);
    lab.consumer("billing-1", "billing", &[("auto.offset.reset", "earliest")], Span::millis(1), Default::default());
    lab.secs(10);
    lab.act(Command::DeleteTopic { topic: "orders".into() });
    lab.secs(2);
    let removed = |fact: &Fact| matches!(fact, Fact::Broker(BrokerFact::ReplicaRemoved { .. }));
    assert_eq!(lab.trace.iter().filter(|record| removed(&record.fact)).count(), 9);
    assert_eq!(
        zookeeper::when(&lab, |fact| matches!(fact, Fact::Controller(ControllerFact::TopicDeleted { .. }))).len(),
        1
    );
    assert_eq!(zookeeper::when(&lab, |fact| matches!(fact, Fact::Admin(AdminFact::TopicDeleted { .. }))).len(), 1);
    // auto.create.topics.enable: whoever asks for it next brings it back, with the broker's defaults.
    lab.secs(20);
    let new = lab.orders(0);
    assert_ne!(new.topic, old.topic);
    assert_eq!(lab.world.image().topic(new.topic).unwrap().partitions.len(), 1, "num.partitions, not 3");
    assert!(lab.world.brokers().all(|(_, broker)| broker.log(old).is_none()));
    lab.secs(10);
    lab.crash(BrokerId(1));
    lab.secs(20);
    lab.restart(BrokerId(1));
    lab.secs(20);
    assert_eq!(lab.world.image().topic(new.topic).unwrap().partitions.keys().next(), Some(&PartitionId(0)));
}

#[test]
fn the_same_seed_gives_the_same_fingerprint() {
    let run = || {
        let mut lab = Lab::new(Setup { version: KafkaVersion::V3_9, ..Setup::default() });
        lab.secs(3);
        lab.script(
            "kafka-topics --create --topic orders --partitions 2 --replication-factor 2
             wait 1s
             | Created topic orders.
             kafka-topics --alter --topic orders --partitions 5
             wait 1s
             kafka-topics --delete --topic orders
             wait 1s",
        );
        lab.world.fingerprint()
    };
    assert_eq!(run(), run());
}
