//! The directories on a broker's disks: what becomes of replicas when one fails (in ZooKeeper mode), and of a log's own
//! directory when its replica goes.

use kafkascope::engine::command::{Command, Target};
use kafkascope::engine::common::{BrokerId, NodeId, Span, TopicPartition};
use kafkascope::engine::config::KafkaVersion;
use kafkascope::engine::kafka_controller::{HaltedBecause, KafkaControllerFact};
use kafkascope::engine::server::BrokerFact;
use kafkascope::engine::zookeeper::ZooKeeperFact;
use kafkascope::engine::{Fact, Setup};

use kafkascope::console::{Entry, Memory, Scope, answer, parse};

use super::lab::{ALL, Lab};
use super::zookeeper::{controller, setup, tree, when, with_orders};

const EVENTS: &str = "/log_dir_event_notification";

fn two_disks(seed: u64, version: KafkaVersion) -> Lab {
    let properties = [("log.dirs".to_owned(), "/data/a,/data/b".to_owned())].into();
    with_orders(Setup { version, properties, ..setup(seed, 1) })
}

/// The directory in which a broker has a partition of `orders`.
fn home(lab: &Lab, broker: BrokerId, partition: u32) -> String {
    let logs = lab.world.broker(broker).unwrap().logs();
    logs.directory_of(lab.orders(partition)).unwrap().path.to_string()
}

fn fail(lab: &mut Lab, broker: BrokerId, directory: &str) {
    lab.act(Command::FailDisk { node: Target::Broker(broker), directory: Some(directory.to_owned()) });
}

/// What the controller has found to lie in failed directories, time after time.
fn found_offline(lab: &Lab) -> Vec<(BrokerId, Vec<TopicPartition>)> {
    let found = |fact: &Fact| match fact {
        Fact::KafkaController(KafkaControllerFact::ReplicasOffline { broker, replicas }) => {
            Some((*broker, replicas.clone()))
        }
        _ => None,
    };
    lab.trace.iter().filter_map(|record| found(&record.fact)).collect()
}

/// `ReplicaManager.handleLogDirFailure`, `KafkaController.processLogDirEventNotification` and
/// `processLeaderAndIsrResponseReceived`, 3.9.
#[test]
fn a_failed_directory_is_told_by_znode_and_its_replicas_are_asked_for() {
    let mut lab = two_disks(41, KafkaVersion::V3_9);
    lab.producer("checkout", &[("acks", "all")], Span::millis(50), None);
    lab.secs(5);
    let victim = lab.leader(0).unwrap();
    let directory = home(&lab, victim, 0);
    let lost: Vec<u32> = (0..3).filter(|partition| home(&lab, victim, *partition) == directory).collect();
    let lost_ids: Vec<TopicPartition> = lost.iter().map(|partition| lab.orders(*partition)).collect();
    assert!(lost.len() < 3, "the other directory has something as well");
    fail(&mut lab, victim, &directory);
    lab.secs(3);

    // A notice, read and taken away. Its content says who, and event 1, and not what.
    let (notice, words) = (format!("{EVENTS}/log_dir_event_0000000000"), "created, read, deleted");
    let created = when(
        &lab,
        |fact| matches!(fact, Fact::ZooKeeper(ZooKeeperFact::ZnodeCreated { path, .. }) if **path == *notice),
    );
    let read = when(
        &lab,
        |fact| matches!(fact, Fact::KafkaController(KafkaControllerFact::LogDirEventsRead { brokers }) if *brokers == [victim]),
    );
    let deleted = when(
        &lab,
        |fact| matches!(fact, Fact::ZooKeeper(ZooKeeperFact::ZnodeDeleted { path, .. }) if **path == *notice),
    );
    assert_eq!((created.len(), read.len(), deleted.len()), (1, 1, 1), "{words}");
    assert!(created < read && read < deleted, "{words}");
    assert_eq!(tree(&lab).get(EVENTS).unwrap().children().count(), 0);
    // It asked for everything, and found out.
    assert_eq!(found_offline(&lab), [(victim, lost_ids.clone())]);
    assert!(lab.world.is_up(NodeId::Broker(victim)));
    for partition in 0..3 {
        let is_lost = lost.contains(&partition);
        assert_eq!(lab.isr(partition).contains(&victim), !is_lost, "partition {partition}");
        assert!(lab.leader(partition).is_some_and(|leader| !is_lost || leader != victim));
    }
    let acked = lab.acked("checkout");
    lab.secs(5);
    assert!(lab.acked("checkout") >= acked + 90, "the new leaders serve");

    // The next controller has no notice to read: it asks every broker for everything anyway.
    let chosen = controller(&lab);
    lab.crash(chosen);
    lab.secs(40);
    if chosen == victim {
        lab.restart(chosen);
        lab.secs(10);
    }
    assert_eq!(found_offline(&lab)[1..], [(victim, lost_ids.clone())]);
    if chosen != victim {
        lab.restart(chosen);
        lab.secs(30);
    }

    // A restart tries the directory again, in vain; and once more with a new disk.
    lab.crash(victim);
    lab.secs(30);
    lab.restart(victim);
    lab.secs(20);
    assert!(lost.iter().all(|partition| !lab.isr(*partition).contains(&victim)));
    lab.act(Command::RepairDisk { node: Target::Broker(victim), directory: Some(directory) });
    lab.crash(victim);
    lab.secs(30);
    lab.restart(victim);
    lab.secs(20);
    assert!((0..3).all(|partition| lab.isr(partition) == ALL), "it follows again");
    lab.assert_promises_kept();
}

/// `HostedPartition.Offline` in `ReplicaManager.stopReplicas`: what lies in a failed directory cannot be deleted.
#[test]
fn a_topic_in_a_failed_directory_is_deleted_once_there_is_a_new_disk() {
    let mut lab = two_disks(42, KafkaVersion::V3_9);
    let chosen = controller(&lab);
    let victim = ALL.into_iter().find(|id| *id != chosen).unwrap();
    let (directory, topic) = (home(&lab, victim, 0), lab.orders(0).topic);
    fail(&mut lab, victim, &directory);
    lab.secs(10);
    assert_eq!(found_offline(&lab).len(), 1, "found out by the next checkpoint of high watermarks");
    lab.script("kafka-topics --delete --topic orders");
    lab.secs(10);
    let halted = |fact: &Fact| {
        let why = HaltedBecause::ReplicaOffline;
        matches!(fact, Fact::KafkaController(KafkaControllerFact::DeletionHalted { why: because, .. }) if *because == why)
    };
    assert!(!when(&lab, halted).is_empty());
    assert!(tree(&lab).get("/admin/delete_topics/orders").is_some());
    lab.act(Command::RepairDisk { node: Target::Broker(victim), directory: Some(directory) });
    lab.crash(victim);
    lab.secs(30);
    lab.restart(victim);
    lab.secs(30);
    assert!(
        tree(&lab).get("/admin/delete_topics/orders").is_none() && tree(&lab).get("/brokers/topics/orders").is_none()
    );
    let logs = lab.world.broker(victim).unwrap().logs();
    assert_eq!(logs.iter().filter(|(id, _)| id.topic == topic).count(), 0);
}

/// Before 1.0 (KIP-112) an error of the disk ended the process: `Runtime.halt` in `ReplicaManager.appendToLocalLog` and
/// in the checkpoint thread.
#[test]
fn before_1_0_one_failed_directory_ends_the_broker() {
    let mut lab = two_disks(43, KafkaVersion::V0_9);
    let victim = lab.leader(0).unwrap();
    let directory = home(&lab, victim, 0);
    fail(&mut lab, victim, &directory);
    lab.secs(6);
    assert!(!lab.world.is_up(NodeId::Broker(victim)));
    let halted = |fact: &Fact| matches!(fact, Fact::Broker(BrokerFact::HaltedWithoutLogDirs { left: 1 }));
    assert_eq!(when(&lab, halted).len(), 1);
    lab.secs(30);
    assert!((0..3).all(|partition| lab.leader(partition).is_some_and(|leader| leader != victim)));
    // With the disk as it is it does not start either.
    lab.restart(victim);
    lab.secs(1);
    assert!(!lab.world.is_up(NodeId::Broker(victim)));
}

fn told(lab: &Lab, line: &str) -> Vec<String> {
    let Ok(Entry::Ask(question)) = parse(line) else { panic!("{line} is no question") };
    let scope = Scope { world: &lab.world, past: &[], memory: &Memory::new() };
    answer(&question, scope).lines().map(str::to_owned).collect()
}

/// `LogDirsCommand`: its sentences, and the keys as the Scala program (up to 3.5) and the Java one order them.
#[test]
fn the_tool_describes_log_directories_and_those_that_failed() {
    let mut lab = two_disks(46, KafkaVersion::V3_9);
    let directory = home(&lab, BrokerId(2), 0);
    let other = if directory == "/data/a" { "/data/b" } else { "/data/a" };
    fail(&mut lab, BrokerId(2), &directory);
    lab.secs(10);
    let lines =
        told(&lab, "kafka-log-dirs --bootstrap-server localhost:9092 --describe --broker-list 2 --topic-list orders");
    let is_left = |partition: &u32| home(&lab, BrokerId(2), *partition) == other;
    let left: Vec<String> = (0..3)
        .filter(is_left)
        .map(|partition| format!(r#"{{"partition":"orders-{partition}","size":0,"offsetLag":0,"isFuture":false}}"#))
        .collect();
    let failed = format!(
        r#"{{"partitions":[],"error":"org.apache.kafka.common.errors.KafkaStorageException","logDir":"{directory}"}}"#
    );
    let sound = format!(r#"{{"partitions":[{}],"error":null,"logDir":"{other}"}}"#, left.join(","));
    let mut dirs = [failed, sound];
    if directory == "/data/b" {
        dirs.reverse();
    }
    assert_eq!(lines[0], "Querying brokers for log directories information");
    assert_eq!(lines[1], "Received log directory information from brokers 2");
    assert_eq!(lines[2], format!(r#"{{"brokers":[{{"broker":2,"logDirs":[{}]}}],"version":1}}"#, dirs.join(",")));
    assert!(told(&lab, "kafka-log-dirs --describe")[1].ends_with("brokers 1,2,3"));
    assert_eq!(
        told(&lab, "kafka-log-dirs --describe --broker-list 7,2"),
        ["ERROR: The given brokers do not exist from --broker-list: 7. Current existent brokers: 1,2,3"]
    );
    let old = two_disks(47, KafkaVersion::V2_8);
    assert!(told(&old, "kafka-log-dirs --describe --broker-list 1")[2].starts_with(
        r#"{"version":1,"brokers":[{"broker":1,"logDirs":[{"logDir":"/data/a","error":null,"partitions":[{"partition":"orders-"#
    ));
    assert!(told(&two_disks(48, KafkaVersion::V0_9), "kafka-log-dirs --describe")[0].contains("1.0 (KIP-113)"));
}

// ---- directories of replicas that have gone --------------------------------------------------------------------------

/// What `ls` shows of a broker's log directories, the unique part of new names cut out.
fn ls(lab: &Lab, broker: BrokerId) -> Vec<String> {
    let logs = lab.world.broker(broker).unwrap().logs();
    let short = |name: &str| match name.split_once('.') {
        Some((stem, unique)) => {
            let (unique, suffix) = unique.split_once('-').unwrap();
            assert!(unique.len() == 32 && unique.chars().all(|digit| digit.is_ascii_hexdigit()), "{unique}");
            format!("{stem}.*-{suffix}")
        }
        None => name.to_owned(),
    };
    let mut names: Vec<String> = logs.iter().filter_map(|(id, _)| logs.name_of(id)).collect();
    names.extend(logs.deleted_logs().map(|(_, deleted)| short(&deleted.name)));
    names.sort();
    names
}

fn removed(lab: &Lab) -> usize {
    when(lab, |fact| matches!(fact, Fact::Broker(BrokerFact::LogDirectoryRemoved { .. }))).len()
}

/// `LogManager.asyncDelete`, `deleteLogs`: renamed at once, gone after file.delete.delay.ms, which is a minute.
#[test]
fn a_deleted_topic_takes_its_space_for_another_minute() {
    let mut lab = Lab::with_orders(71);
    lab.producer("checkout", &[("acks", "all")], Span::millis(20), Some(100));
    lab.secs(10);
    let used = |lab: &Lab| lab.world.broker(BrokerId(1)).unwrap().logs().used_bytes("/tmp/kafka-logs");
    let before = used(&lab);
    assert!(before > 0);
    assert_eq!(ls(&lab, BrokerId(1)), ["orders-0", "orders-1", "orders-2"]);
    lab.act(Command::Close { client: "checkout".into() });
    lab.script("kafka-topics --delete --topic orders");
    lab.secs(1);
    let renamed = ["orders-0.*-delete", "orders-1.*-delete", "orders-2.*-delete"];
    assert_eq!((ls(&lab, BrokerId(1)), used(&lab)), (renamed.map(str::to_owned).to_vec(), before));
    // The name is free at once, and the new topic's logs lie beside the old ones.
    lab.script(
        "kafka-topics --create --topic orders --partitions 1 --replication-factor 3
         wait 1s
         | Created topic orders.
         expect len(directories(1)) == 4",
    );
    lab.secs(57);
    assert_eq!((removed(&lab), used(&lab)), (0, before));
    lab.secs(2);
    assert_eq!((removed(&lab), used(&lab)), (9, 0));
    assert_eq!(ls(&lab, BrokerId(1)), ["orders-0"]);
}

/// `LogManager.loadLog`: a starting broker finds directories that were to be deleted, and waits once more.
#[test]
fn a_restart_finds_what_was_to_be_deleted_and_waits_once_more() {
    let mut lab = Lab::with_orders(72);
    lab.script("kafka-topics --delete --topic orders");
    lab.secs(40);
    lab.crash(BrokerId(1));
    lab.secs(30);
    assert_eq!(removed(&lab), 6, "the others have removed theirs");
    lab.restart(BrokerId(1));
    lab.secs(55);
    assert_eq!((removed(&lab), ls(&lab, BrokerId(1)).len()), (6, 3));
    lab.secs(10);
    assert_eq!((removed(&lab), ls(&lab, BrokerId(1)).len()), (9, 0));
}

/// `LogManager.isStrayReplica`: what a KRaft broker finds at its start and is no replica of is put aside, for ever.
#[test]
fn a_replica_that_was_taken_away_while_its_broker_was_down_is_stray() {
    let mut lab = Lab::with_orders(73);
    lab.crash(BrokerId(1));
    lab.secs(20);
    lab.script("kafka-topics --delete --topic orders");
    lab.secs(5);
    lab.restart(BrokerId(1));
    lab.secs(10);
    let stray = ["orders-0.*-stray", "orders-1.*-stray", "orders-2.*-stray"];
    assert_eq!(ls(&lab, BrokerId(1)), stray);
    lab.secs(3_600);
    lab.crash(BrokerId(1));
    lab.secs(20);
    lab.restart(BrokerId(1));
    lab.secs(600);
    assert_eq!((ls(&lab, BrokerId(1)), removed(&lab)), (stray.map(str::to_owned).to_vec(), 6));
}

/// In ZooKeeper mode StopReplica renames as well; before 0.10.2 (KAFKA-1911) it deleted at once.
#[test]
fn stop_replica_renames_and_before_0_10_2_it_deleted_at_once() {
    for (version, renamed) in [(KafkaVersion::V3_9, 3), (KafkaVersion::V0_9, 0)] {
        let properties = [("delete.topic.enable".to_owned(), "true".to_owned())].into();
        let mut lab = with_orders(Setup { version, properties, ..setup(44, 1) });
        lab.script("kafka-topics --delete --topic orders");
        lab.secs(5);
        assert!(tree(&lab).get("/brokers/topics/orders").is_none(), "{version}");
        assert_eq!(ls(&lab, BrokerId(2)).len(), renamed, "{version}");
        lab.secs(70);
        assert_eq!(ls(&lab, BrokerId(2)), [""; 0], "{version}");
    }
}
