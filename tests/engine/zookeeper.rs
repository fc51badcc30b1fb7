//! ZooKeeper mode, whole: brokers, the controller among them, the ensemble, clients.

use kafkascope::checker::Guarantee;
use kafkascope::engine::command::{Command, Target};
use kafkascope::engine::common::{BrokerId, NodeId, ServerId, Span, Time};
use kafkascope::engine::config::KafkaVersion;
use kafkascope::engine::controller::ControllerFact;
use kafkascope::engine::kafka_controller::{KafkaControllerFact, zk_data};
use kafkascope::engine::runtime::Crash;
use kafkascope::engine::server::BrokerFact;
use kafkascope::engine::zookeeper::{DataTree, ZooKeeperFact};
use kafkascope::engine::{Fact, Setup, World};

use super::lab::Lab;

pub fn setup(seed: u64, servers: u32) -> Setup {
    Setup {
        seed,
        version: KafkaVersion::V3_9,
        controllers: Vec::new(),
        zookeepers: (1..=servers).map(ServerId).collect(),
        ..Setup::default()
    }
}

pub fn with_orders(setup: Setup) -> Lab {
    let mut lab = Lab::new(setup);
    lab.secs(5);
    lab.act(Command::CreateTopic {
        name: "orders".into(),
        partitions: Some(3),
        replication_factor: Some(3),
        assignment: None,
        configs: [("min.insync.replicas".to_owned(), "2".to_owned())].into(),
    });
    lab.secs(2);
    lab
}

pub fn tree(lab: &Lab) -> &DataTree {
    lab.world.znode_tree().expect("there is an ensemble")
}

pub fn znode(lab: &Lab, path: &str) -> Option<String> {
    tree(lab).get(path).map(|node| node.data().to_string())
}

pub fn controller(lab: &Lab) -> BrokerId {
    lab.world.kafka_controller().expect("somebody is controller")
}

/// When facts of this kind happened.
pub fn when(lab: &Lab, is: impl Fn(&Fact) -> bool) -> Vec<Time> {
    lab.trace.iter().filter(|record| is(&record.fact)).map(|record| record.at).collect()
}

fn zookeeper(id: u32) -> Target {
    Target::ZooKeeper(ServerId(id))
}

#[test]
fn brokers_register_and_one_becomes_controller() {
    let mut lab = Lab::new(setup(1, 1));
    lab.secs(5);
    let ids: Vec<&str> = tree(&lab).get(zk_data::BROKER_IDS).unwrap().children().map(AsRef::as_ref).collect();
    assert_eq!(ids, ["1", "2", "3"]);
    assert_eq!(znode(&lab, "/controller_epoch").as_deref(), Some("1"));
    let chosen = controller(&lab);
    let data = znode(&lab, "/controller").unwrap();
    assert!(data.contains(&format!(r#""brokerid":{chosen}"#)), "{data}");
    assert!(znode(&lab, "/cluster/id").unwrap().starts_with(r#"{"version":"1","id":""#));
    assert_eq!(
        when(&lab, |fact| matches!(fact, Fact::KafkaController(KafkaControllerFact::Elected { epoch: 1 }))).len(),
        1
    );
    let lost = |fact: &Fact| matches!(fact, Fact::KafkaController(KafkaControllerFact::LostElection { to }) if *to == Some(chosen));
    assert!(when(&lab, lost).len() <= 2, "the others either tried and lost or saw that it was taken");
    let ready = |fact: &Fact| matches!(fact, Fact::KafkaController(KafkaControllerFact::FailoverCompleted { .. }));
    assert_eq!(when(&lab, ready).len(), 1);
    for (id, broker) in lab.world.brokers() {
        assert!(lab.world.image().is_active(id));
        // A broker's epoch is the number of the transaction that made its znode.
        let stat = tree(&lab).get(&zk_data::broker_path(id)).unwrap().stat();
        assert_eq!(broker.lifecycle().broker_epoch().unwrap().0, stat.czxid.0);
        let owner = broker.zk().unwrap().session().id();
        assert_eq!(stat.ephemeral_owner, owner);
        assert_eq!(broker.zk().unwrap().controller().active_controller(), Some(chosen));
    }
}

#[test]
fn a_topic_is_created_and_records_flow() {
    let mut lab = with_orders(setup(1, 1));
    let data = znode(&lab, "/brokers/topics/orders").unwrap();
    assert!(data.contains(r#""version":3"#) && data.contains(r#""topic_id":""#), "{data}");
    let state = znode(&lab, "/brokers/topics/orders/partitions/0/state").unwrap();
    assert!(
        state.starts_with(r#"{"controller_epoch":1,"leader":"#) && state.contains(r#""leader_epoch":0"#),
        "{state}"
    );
    assert_eq!(znode(&lab, "/config/topics/orders").unwrap(), r#"{"version":1,"config":{"min.insync.replicas":"2"}}"#);
    lab.producer("checkout", &[], Span::millis(50), Some(200));
    lab.consumer("billing-1", "billing", &[("auto.offset.reset", "earliest")], Span::millis(1), Default::default());
    lab.secs(30);
    assert_eq!(lab.acked("checkout"), 200);
    assert_eq!(lab.processed("billing-1"), 200);
    for partition in 0..3 {
        let leader = lab.leader(partition).unwrap();
        assert_eq!(lab.isr(partition).len(), 3);
        assert_eq!(lab.high_watermark(leader, partition), lab.log_end(leader, partition));
    }
    assert!(lab.checker.violations().is_empty(), "{:?}", lab.checker.violations());
}

#[test]
fn a_dead_leader_is_replaced_when_its_session_ends() {
    let mut lab = with_orders(setup(3, 1));
    lab.producer("checkout", &[], Span::millis(50), None);
    lab.secs(10);
    let chosen = controller(&lab);
    let victim = lab.world.brokers().map(|(id, _)| id).find(|id| *id != chosen).unwrap();
    let led: Vec<u32> = (0..3).filter(|partition| lab.leader(*partition) == Some(victim)).collect();
    assert!(!led.is_empty());
    let died = lab.world.now();
    lab.crash(victim);
    lab.secs(30);
    let moved = when(
        &lab,
        |fact| matches!(fact, Fact::Controller(ControllerFact::LeaderElected { from: Some(from), .. }) if *from == victim),
    );
    // 18 s from its last sign of life, on the next tick of 3 s; the sign may be 5 s old.
    let took = moved.iter().find(|at| **at > died).unwrap().since(died);
    assert!((13..=21).contains(&(took.as_millis() / 1000)), "{took}");
    for partition in led {
        assert!(lab.leader(partition).is_some_and(|leader| leader != victim));
        assert!(!lab.isr(partition).contains(&victim));
    }
    let before = lab.acked("checkout");
    lab.secs(5);
    assert!(lab.acked("checkout") > before);
    lab.restart(victim);
    lab.secs(20);
    assert!((0..3).all(|partition| lab.isr(partition).len() == 3), "it came back into all in-sync sets");
    let changed = |fact: &Fact| matches!(fact, Fact::KafkaController(KafkaControllerFact::BrokersChanged { .. }));
    assert!(when(&lab, changed).len() >= 2);
    // Leadership goes back within the next look at it; the first came 5 s after the election, then every 300 s.
    lab.secs(300);
    let preferred = |partition: u32| {
        let registration = lab.world.image().partition(lab.orders(partition)).unwrap();
        registration.leader == registration.replicas.first().copied()
    };
    assert!((0..3).all(preferred));
    assert!(lab.checker.violations().is_empty(), "{:?}", lab.checker.violations());
}

#[test]
fn a_dead_controller_is_followed_by_another_which_then_elects_leaders() {
    let mut lab = with_orders(setup(5, 3));
    lab.producer("checkout", &[], Span::millis(50), None);
    lab.secs(10);
    let first = controller(&lab);
    lab.crash(first);
    lab.secs(30);
    let second = controller(&lab);
    assert_ne!(first, second);
    assert_eq!(znode(&lab, "/controller_epoch").as_deref(), Some("2"));
    let elected = when(&lab, |fact| matches!(fact, Fact::KafkaController(KafkaControllerFact::Elected { epoch: 2 })));
    let moved = when(
        &lab,
        |fact| matches!(fact, Fact::Controller(ControllerFact::LeaderElected { from: Some(from), .. }) if *from == first),
    );
    assert!(!moved.is_empty() && moved.iter().all(|at| *at > elected[0]), "first the controller, then the leaders");
    let state = znode(&lab, "/brokers/topics/orders/partitions/0/state").unwrap();
    assert!(state.starts_with(r#"{"controller_epoch":2,"#), "{state}");
    lab.secs(10);
    assert!((0..3).all(|partition| lab.leader(partition).is_some_and(|leader| leader != first)));
    assert!(lab.checker.violations().is_empty(), "{:?}", lab.checker.violations());
}

#[test]
fn a_broker_comes_back_too_early_and_its_place_is_still_taken() {
    let mut lab = with_orders(setup(7, 1));
    let chosen = controller(&lab);
    let victim = lab.world.brokers().map(|(id, _)| id).find(|id| *id != chosen).unwrap();
    lab.crash(victim);
    lab.secs(1);
    lab.restart(victim);
    lab.secs(5);
    let reason = lab.trace.iter().find_map(|record| match &record.fact {
        Fact::Broker(BrokerFact::StartFailed { reason }) => Some(reason.clone()),
        _ => None,
    });
    let reason = reason.expect("it could not start");
    let expected =
        format!("Error while creating ephemeral at /brokers/ids/{victim}, node already exists and owner '0x");
    assert!(reason.starts_with(&expected), "{reason}");
    assert!(!lab.world.is_up(NodeId::Broker(victim)));
    lab.secs(25);
    lab.restart(victim);
    lab.secs(5);
    assert!(lab.world.is_up(NodeId::Broker(victim)) && lab.world.image().is_active(victim));
}

/// Cause of the bug: on creation only living replicas went Online, so this one still counted as New when its broker
/// joined, and was never told to follow.
#[test]
fn a_replica_whose_broker_was_down_when_its_topic_was_made_follows_later() {
    for seed in 1..5 {
        let mut lab = Lab::new(setup(seed, 1));
        lab.secs(5);
        lab.crash(BrokerId(3));
        lab.secs(25);
        lab.act(Command::CreateTopic {
            name: "orders".into(),
            partitions: None,
            replication_factor: None,
            assignment: Some(vec![vec![BrokerId(1), BrokerId(2), BrokerId(3)]]),
            configs: Default::default(),
        });
        lab.secs(2);
        assert_eq!(lab.isr(0), [BrokerId(1), BrokerId(2)]);
        lab.restart(BrokerId(3));
        lab.until(Span::secs(10), "it has caught up", |lab| lab.isr(0).len() == 3);
        lab.assert_promises_kept();
    }
}

/// Cause of the bug: only the KRaft start read the logs, so that in this mode nothing was recovered, kept for a time
/// only, or compacted.
#[test]
fn logs_are_read_before_registration_and_looked_after_later() {
    let properties = [("log.retention.ms", "60000"), ("log.segment.bytes", "1000")];
    let properties = properties.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    let mut lab = with_orders(Setup { properties, ..setup(3, 1) });
    lab.producer("checkout", &[("acks", "all")], Span::millis(50), Some(60));
    lab.until(Span::secs(30), "60 acknowledgements", |lab| lab.acked("checkout") == 60);
    let leader = lab.leader(0).expect("led");
    lab.crash(leader);
    lab.secs(25);
    let from = lab.world.now();
    lab.restart(leader);
    lab.secs(5);
    let mine = |record: &&kafkascope::engine::Record| record.at >= from && record.node == Some(NodeId::Broker(leader));
    let order: Vec<&str> = lab
        .trace
        .iter()
        .filter(mine)
        .filter_map(|record| match &record.fact {
            Fact::Broker(BrokerFact::LogRecoveryBegun { .. }) => Some("begun"),
            Fact::Broker(BrokerFact::LogRecovered { .. }) => Some("recovered"),
            Fact::Broker(BrokerFact::Registered { .. }) => Some("registered"),
            _ => None,
        })
        .collect();
    assert_eq!((order.first(), order.last()), (Some(&"begun"), Some(&"registered")), "{order:?}");
    assert!(order.contains(&"recovered"));
    lab.until(Span::secs(500), "what is older than a minute is gone", |lab| {
        let log = lab.world.broker(leader).and_then(|broker| broker.log(lab.orders(0))).expect("it has a replica");
        log.log_start_offset() == log.log_end_offset() && log.log_end_offset().0 > 0
    });
    lab.assert_promises_kept();
}

#[test]
fn without_zookeeper_no_broker_starts() {
    let mut lab = Lab::new(setup(1, 1));
    lab.act(Command::Crash { node: zookeeper(1), how: Crash::Process });
    lab.secs(17);
    assert!(lab.world.is_up(NodeId::broker(1)));
    lab.secs(2);
    assert!((1..=3).all(|id| !lab.world.is_up(NodeId::broker(id))));
    let said = |fact: &Fact| {
        matches!(fact, Fact::Broker(BrokerFact::StartFailed { reason })
            if reason == "Timed out waiting for connection while in state: CONNECTING")
    };
    assert_eq!(when(&lab, said).len(), 3);
}

#[test]
fn zookeeper_is_down_data_flow_and_nothing_can_change() {
    let mut lab = with_orders(setup(9, 1));
    lab.producer("checkout", &[("acks", "all")], Span::millis(50), None);
    lab.secs(5);
    lab.act(Command::Crash { node: zookeeper(1), how: Crash::Process });
    lab.secs(60);
    let before = lab.acked("checkout");
    lab.secs(5);
    assert!(lab.acked("checkout") >= before + 90, "the data plane does not need ZooKeeper");
    let lost = |fact: &Fact| matches!(fact, Fact::Broker(BrokerFact::ZooKeeperDisconnected));
    assert_eq!(when(&lab, lost).len(), 3);
    let victim = lab.leader(0).unwrap();
    lab.crash(victim);
    lab.secs(60);
    assert_eq!(lab.leader(0), Some(victim), "nobody notices, nobody elects");
    lab.act(Command::Restart { node: zookeeper(1) });
    lab.secs(40);
    assert!(lab.leader(0).is_some_and(|leader| leader != victim), "the session of the dead one ended at last");
    assert!(lab.checker.violations().is_empty(), "{:?}", lab.checker.violations());
}

#[test]
fn a_paused_controller_wakes_up_and_is_fenced() {
    let mut lab = with_orders(setup(11, 1));
    lab.producer("checkout", &[], Span::millis(50), None);
    lab.secs(5);
    let old = controller(&lab);
    lab.act(Command::Pause { node: Target::Broker(old) });
    lab.secs(30);
    assert_ne!(controller(&lab), old);
    lab.act(Command::Resume { node: Target::Broker(old) });
    lab.secs(30);
    let expired = |fact: &Fact| matches!(fact, Fact::Broker(BrokerFact::ZooKeeperSessionExpired));
    assert_eq!(when(&lab, expired).len(), 1);
    let resigned = |fact: &Fact| matches!(fact, Fact::KafkaController(KafkaControllerFact::Resigned { epoch: 1 }));
    assert_eq!(when(&lab, resigned).len(), 1);
    assert!(lab.world.image().is_active(old), "it registered anew in another session");
    assert!((0..3).all(|partition| lab.isr(partition).len() == 3));
    assert!(lab.checker.violations().is_empty(), "{:?}", lab.checker.violations());
}

#[test]
fn before_2_7_leaders_write_in_sync_sets_themselves() {
    let mut setup = setup(13, 1);
    setup.version = KafkaVersion::V2_3;
    let mut lab = with_orders(setup);
    lab.producer("checkout", &[], Span::millis(50), None);
    lab.secs(5);
    let leader = lab.leader(0).unwrap();
    let follower = lab.isr(0).into_iter().find(|id| *id != leader && *id != controller(&lab)).unwrap();
    for other in (1..=3).map(BrokerId).filter(|id| *id != follower) {
        lab.act(Command::Partition { a: Target::Broker(follower), b: Target::Broker(other) });
    }
    lab.secs(25);
    // Cut off from the leader but not from ZooKeeper, it is dropped for its lag, by the leader's own hand.
    assert!(!lab.isr(0).contains(&follower));
    let noticed = |fact: &Fact| {
        matches!(fact, Fact::ZooKeeper(ZooKeeperFact::ZnodeCreated { path, .. })
            if path.starts_with("/isr_change_notification/isr_change_"))
    };
    assert!(!when(&lab, noticed).is_empty());
    assert_eq!(
        tree(&lab).get(zk_data::ISR_CHANGES).unwrap().children().count(),
        0,
        "the controller read and deleted it"
    );
    for other in (1..=3).map(BrokerId).filter(|id| *id != follower) {
        lab.act(Command::Repair { a: Target::Broker(follower), b: Target::Broker(other) });
    }
    lab.secs(60);
    assert_eq!(lab.isr(0).len(), 3);
    assert!(lab.checker.violations().is_empty(), "{:?}", lab.checker.violations());
}

#[test]
fn two_controllers_in_one_epoch_are_seen() {
    let mut lab = with_orders(setup(15, 1));
    let chosen = controller(&lab);
    let other = lab.world.brokers().map(|(id, _)| id).find(|id| *id != chosen).unwrap();
    assert!(lab.checker.violations().is_empty());
    let mut record = lab.trace.last().unwrap().clone();
    record.node = Some(NodeId::Broker(other));
    record.fact = Fact::KafkaController(KafkaControllerFact::Elected { epoch: 1 });
    lab.checker.observe(&lab.world, &[record]);
    assert_eq!(lab.checker.violations()[0].guarantee, Guarantee::OneLeaderPerEpoch);
}

#[test]
fn a_topic_is_reconfigured_by_way_of_zookeeper() {
    let mut lab = with_orders(setup(19, 3));
    lab.act(Command::AlterTopicConfig {
        topic: "orders".into(),
        configs: [("retention.ms".to_owned(), "60000".to_owned())].into(),
        delete: Vec::new(),
    });
    lab.secs(1);
    let data = znode(&lab, "/config/topics/orders").unwrap();
    assert_eq!(data, r#"{"version":1,"config":{"min.insync.replicas":"2","retention.ms":"60000"}}"#);
    let topic = lab.orders(0).topic;
    for (_, broker) in lab.world.brokers() {
        let overrides = &broker.image().topic(topic).unwrap().overrides;
        assert_eq!(overrides.get("retention.ms").map(AsRef::as_ref), Some("60000"), "every broker was told to look");
    }
}

#[test]
fn the_whole_ensemble_may_lose_its_leader() {
    let mut lab = with_orders(setup(21, 3));
    lab.producer("checkout", &[], Span::millis(50), None);
    lab.secs(5);
    let leader = lab.world.zookeepers().find(|(_, server)| server.leads()).unwrap().0;
    lab.act(Command::Crash { node: Target::ZooKeeper(leader), how: Crash::Process });
    lab.secs(30);
    let expired = |fact: &Fact| matches!(fact, Fact::Broker(BrokerFact::ZooKeeperSessionExpired));
    assert_eq!(when(&lab, expired).len(), 0, "all sessions were taken over in time");
    assert_eq!(znode(&lab, "/controller_epoch").as_deref(), Some("1"));
    let connected = |fact: &Fact| matches!(fact, Fact::Broker(BrokerFact::ZooKeeperConnected));
    assert!(when(&lab, connected).len() > 3);
    lab.act(Command::Restart { node: Target::ZooKeeper(leader) });
    lab.secs(20);
    let trees: Vec<_> = lab.world.zookeepers().map(|(_, server)| server.tree().last_zxid()).collect();
    assert!(trees.windows(2).all(|pair| pair[0] == pair[1]), "{trees:?}");
}

#[test]
fn a_cluster_has_one_home_for_its_metadata() {
    let refused = |setup: Setup| World::new(setup).map(drop).unwrap_err().to_string();
    let both = Setup { controllers: vec![BrokerId(101)], ..setup(1, 1) };
    assert!(refused(both).contains("one place"));
    let modern = Setup { version: KafkaVersion::V4_3, ..setup(1, 1) };
    assert!(refused(modern).contains("4.3 runs without ZooKeeper"));
    assert!(refused(setup(1, 2)).contains("one server or three"));
}

#[test]
fn the_same_seed_gives_the_same_fingerprint() {
    let run = || {
        let mut lab = with_orders(setup(17, 3));
        lab.producer("checkout", &[], Span::millis(50), None);
        lab.secs(5);
        lab.crash(controller(&lab));
        lab.secs(40);
        lab.world.fingerprint()
    };
    assert_eq!(run(), run());
}
