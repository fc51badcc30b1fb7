//! ZooKeeper mode: what operators change while the cluster runs, and how its controller goes about it.

use kafkascope::checker::Unpromised;
use kafkascope::engine::command::{Command, ReplicaSpec, Target};
use kafkascope::engine::common::{BrokerId, ErrorCode, NodeId, Span, TopicPartition};
use kafkascope::engine::config::KafkaVersion;
use kafkascope::engine::controller::{ControllerFact, ElectedBecause};
use kafkascope::engine::kafka_controller::{HaltedBecause, KafkaControllerFact};
use kafkascope::engine::protocol::Gist;
use kafkascope::engine::runtime::RuntimeFact;
use kafkascope::engine::server::BrokerFact;
use kafkascope::engine::world::BrokerSpec;
use kafkascope::engine::{Fact, Setup};

use super::lab::Lab;
use super::zookeeper::{controller, setup, tree, when, with_orders, znode};

fn count(lab: &Lab, is: impl Fn(&Fact) -> bool) -> usize {
    when(lab, is).len()
}

fn exists(lab: &Lab, path: &str) -> bool {
    tree(lab).get(path).is_some()
}

/// A broker that is not the controller.
fn another(lab: &Lab) -> BrokerId {
    let chosen = controller(lab);
    lab.world.brokers().map(|(id, _)| id).find(|id| *id != chosen).unwrap()
}

/// The request of this name, delivered to whom.
fn asked(lab: &Lab, api: &str) -> Vec<NodeId> {
    let to = |fact: &Fact| match fact {
        Fact::Runtime(RuntimeFact::Delivered { digest, to, .. }) if digest.name == api && !digest.is_response => {
            Some(*to)
        }
        _ => None,
    };
    lab.trace.iter().filter_map(|record| to(&record.fact)).collect()
}

#[test]
fn the_tool_asks_the_controller_and_looks_it_up_anew_when_it_has_moved() {
    let mut lab = with_orders(setup(31, 1));
    let first = controller(&lab);
    assert_eq!(asked(&lab, "CreateTopics"), [NodeId::Broker(first)], "the metadata said whom to ask");
    // Behind the tool's back the controller moves.
    lab.crash(first);
    lab.secs(30);
    lab.restart(first);
    lab.secs(30);
    let second = controller(&lab);
    assert_ne!(first, second);
    lab.script(
        "kafka-topics --create --topic payments --partitions 1
         wait 3s
         | Created topic payments.",
    );
    let not_controller = |fact: &Fact| match fact {
        Fact::Runtime(RuntimeFact::Delivered { digest, .. }) => {
            digest.name == "CreateTopics" && digest.gist == Gist::Error(ErrorCode::NotController)
        }
        _ => false,
    };
    let later = &asked(&lab, "CreateTopics")[1..];
    match later {
        // Its connection had broken, so it had forgotten whom it knew; or it asked the old one first.
        [NodeId::Broker(to)] => assert_eq!(*to, second),
        [NodeId::Broker(old), NodeId::Broker(to)] => {
            assert_eq!((*old, *to), (first, second));
            assert_eq!(count(&lab, not_controller), 1);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_topic_is_deleted_with_all_its_znodes_and_replicas() {
    let mut lab = with_orders(setup(33, 3));
    lab.producer("checkout", &[], Span::millis(50), Some(100));
    lab.consumer("billing-1", "billing", &[("auto.offset.reset", "earliest")], Span::millis(1), Default::default());
    lab.secs(20);
    let id = lab.orders(0);
    lab.act(Command::Close { client: "billing-1".into() });
    lab.act(Command::Close { client: "checkout".into() });
    lab.secs(1);
    lab.script(
        "kafka-topics --delete --topic nothing
         wait 1s
         | Error while executing topic command : Topic 'nothing' does not exist as expected
         kafka-topics --delete --topic orders
         wait 2s",
    );
    let facts = [
        when(&lab, |fact| matches!(fact, Fact::KafkaController(KafkaControllerFact::MarkedForDeletion { .. }))),
        when(&lab, |fact| matches!(fact, Fact::KafkaController(KafkaControllerFact::DeletionBegan { .. }))),
        when(&lab, |fact| matches!(fact, Fact::Broker(BrokerFact::ReplicaRemoved { .. }))),
        when(&lab, |fact| matches!(fact, Fact::Controller(ControllerFact::TopicDeleted { .. }))),
    ];
    assert_eq!(facts.each_ref().map(Vec::len), [1, 1, 9, 1]);
    assert!(facts.windows(2).all(|pair| pair[0][0] <= pair[1][0]), "in this order: {facts:?}");
    for path in ["/brokers/topics/orders", "/config/topics/orders", "/admin/delete_topics/orders"] {
        assert!(!exists(&lab, path), "{path}");
    }
    for (_, broker) in lab.world.brokers() {
        assert!(broker.log(id).is_none() && broker.image().topic(id.topic).is_none());
    }
    let committed = lab.world.brokers().filter_map(|(_, broker)| broker.coordinator().group("billing")?.offset(id));
    assert_eq!(committed.count(), 0, "what the group had committed went with the topic");
    // The name is free again, and it is another topic.
    lab.script(
        "kafka-topics --create --topic orders --partitions 2 --replication-factor 3
         wait 2s
         | Created topic orders.",
    );
    assert_ne!(lab.orders(0).topic, id.topic);
    assert!(lab.checker.violations().is_empty(), "{:?}", lab.checker.violations());
}

#[test]
fn a_deletion_waits_for_a_broker_that_is_down_and_the_next_controller_goes_on() {
    let mut lab = with_orders(setup(35, 1));
    let victim = another(&lab);
    lab.crash(victim);
    lab.secs(30);
    lab.script(
        "kafka-topics --delete --topic orders
         wait 5s",
    );
    let halted = |fact: &Fact| {
        let why = HaltedBecause::ReplicaOffline;
        matches!(fact, Fact::KafkaController(KafkaControllerFact::DeletionHalted { why: found, .. }) if *found == why)
    };
    assert_eq!(count(&lab, halted), 1);
    // Gone for clients, and two thirds of its replicas are; but it is still there.
    assert_eq!(count(&lab, |fact| matches!(fact, Fact::Broker(BrokerFact::ReplicaRemoved { .. }))), 6);
    assert!(exists(&lab, "/brokers/topics/orders") && exists(&lab, "/admin/delete_topics/orders"));
    assert!(
        lab.world.brokers().filter(|(id, _)| *id != victim).all(|(_, one)| one.image().topic_id("orders").is_none())
    );
    lab.script(
        "kafka-topics --create --topic orders --partitions 1
         wait 1s
         | Error while executing topic command : Topic 'orders' already exists.",
    );
    let first = controller(&lab);
    lab.crash(first);
    lab.secs(30);
    assert_ne!(controller(&lab), first);
    assert_eq!(count(&lab, halted), 2, "the next controller finds the note, and brokers that are down");
    lab.restart(first);
    lab.restart(victim);
    lab.secs(20);
    assert!(!exists(&lab, "/brokers/topics/orders") && !exists(&lab, "/admin/delete_topics/orders"));
    // Whoever had deleted its replicas was told by the next controller to host them, and deleted them once more.
    assert!(lab.world.brokers().all(|(_, broker)| broker.logs().iter().next().is_none()));
    assert!(lab.checker.violations().is_empty(), "{:?}", lab.checker.violations());
}

#[test]
fn whoever_may_not_delete_is_told_so() {
    let mut setup = setup(37, 1);
    setup.properties.insert("delete.topic.enable".into(), "false".into());
    let mut lab = with_orders(setup);
    lab.script(
        "kafka-topics --delete --topic orders
         wait 1s
         | Error while executing topic command : Topic deletion is disabled.",
    );
    assert!(exists(&lab, "/brokers/topics/orders"));
}

/// `KafkaApis.handleDeleteTopicsRequest` asks first whether it is the controller's broker, then whether topics may be
/// deleted: so the tool goes on to the right one, and is refused there.
#[test]
fn whoever_is_not_the_controller_says_so_first() {
    let mut setup = setup(38, 1);
    setup.properties.insert("delete.topic.enable".into(), "false".into());
    let mut lab = with_orders(setup);
    let first = controller(&lab);
    lab.act(Command::Pause { node: Target::Broker(first) });
    lab.secs(30);
    lab.act(Command::Resume { node: Target::Broker(first) });
    lab.secs(10);
    let second = controller(&lab);
    assert_ne!(first, second);
    lab.script(
        "kafka-topics --delete --topic orders
         wait 3s
         | Error while executing topic command : Topic deletion is disabled.",
    );
    assert_eq!(asked(&lab, "DeleteTopics"), [NodeId::Broker(first), NodeId::Broker(second)]);
}

#[test]
fn a_stopping_broker_hands_over_what_it_leads_before_it_goes() {
    let mut lab = with_orders(setup(39, 1));
    lab.producer("checkout", &[("acks", "all")], Span::millis(20), None);
    lab.secs(10);
    for victim in [another(&lab), controller(&lab)] {
        let led = (0..3).filter(|partition| lab.leader(*partition) == Some(victim)).count();
        let before = lab.world.now();
        lab.act(Command::Stop { node: Target::Broker(victim) });
        lab.secs(5);
        assert!(lab.world.is_down(NodeId::Broker(victim)));
        let took = lab.first(before, |fact| matches!(fact, Fact::Broker(BrokerFact::ShutDown { is_approved: true })));
        assert!(took.unwrap().since(before) < Span::millis(500), "no session had to expire");
        let moved = |fact: &Fact| {
            let why = ElectedBecause::LeaderShutsDown;
            matches!(fact, Fact::Controller(ControllerFact::LeaderElected { from: Some(from), why: found, .. })
                if *from == victim && *found == why)
        };
        let moves = lab.trace.iter().filter(|record| record.at >= before && moved(&record.fact)).count();
        assert_eq!(moves, led);
        assert!((0..3).all(|partition| !lab.isr(partition).contains(&victim)));
        assert!(!exists(&lab, &format!("/brokers/ids/{victim}")), "its session ended with it");
        let acked = lab.acked("checkout");
        lab.secs(5);
        assert!(lab.acked("checkout") >= acked + 200);
        lab.restart(victim);
        lab.secs(20);
        assert!((0..3).all(|partition| lab.isr(partition).len() == 3));
    }
    assert!(lab.checker.violations().is_empty(), "{:?}", lab.checker.violations());
}

#[test]
fn a_leader_that_nobody_can_replace_asks_three_times_and_goes_without_leave() {
    let mut lab = Lab::new(setup(41, 1));
    lab.secs(5);
    let victim = another(&lab);
    let other = lab.world.brokers().map(|(id, _)| id).find(|id| *id != victim && *id != controller(&lab)).unwrap();
    lab.script(&format!(
        "kafka-topics --create --topic orders --replica-assignment {victim}:{other}
         wait 2s
         | Created topic orders."
    ));
    lab.crash(other);
    lab.secs(30);
    assert_eq!(lab.isr(0), [victim]);
    let before = lab.world.now();
    lab.act(Command::Stop { node: Target::Broker(victim) });
    lab.secs(30);
    let refused = |fact: &Fact| match fact {
        Fact::Broker(BrokerFact::ControlledShutdownRefused { error: None, remaining, .. }) => remaining.len() == 1,
        _ => false,
    };
    // controlled.shutdown.max.retries=3, controlled.shutdown.retry.backoff.ms=5000
    assert_eq!(count(&lab, refused), 3);
    let ended = lab.first(before, |fact| matches!(fact, Fact::Broker(BrokerFact::ShutDown { is_approved: false })));
    let took = ended.unwrap().since(before).as_millis();
    assert!((10_000..10_500).contains(&took), "{took} ms: two pauses");
}

fn moved_leader(lab: &Lab) -> Vec<ElectedBecause> {
    let why = |fact: &Fact| match fact {
        Fact::Controller(ControllerFact::LeaderElected { from: Some(_), to: Some(_), why, .. }) => Some(*why),
        _ => None,
    };
    lab.trace.iter().filter_map(|record| why(&record.fact)).collect()
}

#[test]
fn replicas_move_and_the_leadership_with_them() {
    let mut lab = Lab::new(setup(43, 1));
    lab.secs(5);
    lab.script(
        "kafka-topics --create --topic orders --replica-assignment 1:2
         wait 2s
         | Created topic orders.
         hold broker-1 broker-3
         kafka-reassign-partitions --execute --reassignment-json-file '{\"partitions\":[{\"topic\":\"orders\",\"partition\":0,\"replicas\":[3,2]}]}'
         wait 1s
         | Current partition replica assignment
         |
         | {\"version\":1,\"partitions\":[{\"topic\":\"orders\",\"partition\":0,\"replicas\":[1,2],\"log_dirs\":[\"any\",\"any\"]}]}
         |
         | Save this to use as the --reassignment-json-file option during rollback
         | Successfully started partition reassignment for orders-0
         kafka-reassign-partitions --list
         | Current partition reassignments:
         | orders-0: replicas: 3,2,1. adding: 3. removing: 1.",
    );
    let data = znode(&lab, "/brokers/topics/orders").unwrap();
    assert!(
        data.contains(r#""adding_replicas":{"0":[3]}"#) && data.contains(r#""removing_replicas":{"0":[1]}"#),
        "{data}"
    );
    lab.script(
        "kafka-topics --alter --topic orders --partitions 2
         wait 1s
         | Error while executing topic command : A partition reassignment is in progress for the topic 'orders'.
         release broker-1 broker-3
         wait 5s
         kafka-reassign-partitions --list
         | No partition reassignments found.
         expect leader(orders-0) in [3, 2]",
    );
    let data = znode(&lab, "/brokers/topics/orders").unwrap();
    assert!(data.contains(r#""adding_replicas":{}"#) && data.contains(r#""partitions":{"0":[3,2]}"#), "{data}");
    assert_eq!(moved_leader(&lab), [ElectedBecause::Reassigned], "nobody was elected uncleanly");
    let id = lab.orders(0);
    assert!(lab.world.broker(BrokerId(1)).unwrap().log(id).is_none(), "the replica that went is deleted");
    assert!(lab.world.broker(BrokerId(3)).unwrap().log(id).is_some());
    assert_eq!(lab.isr(0), [BrokerId(2), BrokerId(3)]);
    assert!(lab.checker.violations().is_empty(), "{:?}", lab.checker.violations());
}

fn reassign(partition: u32, replicas: Vec<BrokerId>) -> Command {
    let partitions = vec![ReplicaSpec { topic: "orders".into(), partition, replicas }];
    Command::ReassignPartitions { partitions, additional: false }
}

/// Of four brokers the controller dies while a replica moves between two others that cannot reach each other. `None` if
/// one of those two becomes controller: it would not reach everybody either.
fn controller_dies_during_a_reassignment(seed: u64) -> Option<(Lab, BrokerId, BrokerId)> {
    let mut setup = setup(seed, 1);
    setup.brokers.push(BrokerSpec { id: BrokerId(4), rack: None });
    let mut lab = Lab::new(setup);
    lab.secs(5);
    let first = controller(&lab);
    let others: Vec<BrokerId> = lab.world.brokers().map(|(id, _)| id).filter(|id| *id != first).collect();
    let (leader, new) = (others[0], others[1]);
    lab.script(&format!(
        "kafka-topics --create --topic orders --replica-assignment {leader}
         wait 2s
         | Created topic orders.
         partition broker-{leader} broker-{new}"
    ));
    lab.act(reassign(0, vec![new]));
    lab.secs(2);
    lab.crash(first);
    lab.secs(30);
    (controller(&lab) == others[2]).then_some((lab, leader, new))
}

#[test]
fn a_reassignment_outlives_its_controller_and_can_be_called_off() {
    let (mut lab, leader, new) = (45..75).find_map(controller_dies_during_a_reassignment).expect("one of thirty");
    let second = lab.world.broker(controller(&lab)).unwrap().zk().unwrap().controller().context();
    assert_eq!(second.reassigning().collect::<Vec<TopicPartition>>(), [lab.orders(0)]);
    lab.script(
        "kafka-reassign-partitions --cancel --reassignment-json-file '{\"partitions\":[{\"topic\":\"orders\",\"partition\":0}]}'
         wait 20s
         | Successfully cancelled partition reassignment for: orders-0",
    );
    assert_eq!(lab.leader(0), Some(leader));
    let data = znode(&lab, "/brokers/topics/orders").unwrap();
    assert!(data.contains(&format!(r#""partitions":{{"0":[{leader}]}}"#)), "{data}");
    let cancelled =
        |fact: &Fact| matches!(fact, Fact::Controller(ControllerFact::ReassignmentEnded { cancelled: true, .. }));
    assert_eq!(count(&lab, cancelled), 1);
    lab.act(Command::Repair { a: Target::Broker(leader), b: Target::Broker(new) });
    lab.secs(5);
    assert!(lab.world.broker(new).unwrap().log(lab.orders(0)).is_none());
}

#[test]
fn a_topic_that_is_being_moved_is_deleted_afterwards() {
    let mut lab = Lab::new(setup(47, 1));
    lab.secs(5);
    lab.script(
        "kafka-topics --create --topic orders --replica-assignment 1:2
         wait 2s
         | Created topic orders.
         hold broker-1 broker-3",
    );
    lab.act(reassign(0, vec![BrokerId(3), BrokerId(2)]));
    lab.secs(1);
    lab.act(Command::DeleteTopic { topic: "orders".into() });
    lab.secs(2);
    let halted = |fact: &Fact| {
        let why = HaltedBecause::Reassignment;
        matches!(fact, Fact::KafkaController(KafkaControllerFact::DeletionHalted { why: found, .. }) if *found == why)
    };
    assert_eq!(count(&lab, halted), 1);
    assert!(exists(&lab, "/brokers/topics/orders"));
    lab.act(Command::Release { a: Target::Broker(BrokerId(1)), b: Target::Broker(BrokerId(3)) });
    lab.secs(10);
    assert!(!exists(&lab, "/brokers/topics/orders"));
    assert!(lab.world.brokers().all(|(_, broker)| broker.logs().iter().next().is_none()));
}

#[test]
fn before_2_7_the_controller_watches_the_in_sync_set_of_what_moves() {
    let mut lab = Lab::new(Setup { version: KafkaVersion::V2_3, ..setup(49, 1) });
    lab.secs(5);
    lab.script(
        "kafka-topics --create --topic orders --replica-assignment 1:2
         wait 2s
         | Created topic orders.",
    );
    let data = znode(&lab, "/brokers/topics/orders").unwrap();
    assert_eq!(data, r#"{"version":1,"partitions":{"0":[1,2]}}"#, "no ids, and nothing about reassignments");
    lab.act(reassign(0, vec![BrokerId(3), BrokerId(2)]));
    lab.until(Span::secs(1), "the note", |lab| exists(lab, "/admin/reassign_partitions"));
    let data = znode(&lab, "/admin/reassign_partitions").unwrap();
    assert_eq!(data, r#"{"version":1,"partitions":[{"topic":"orders","partition":0,"replicas":[3,2]}]}"#);
    lab.secs(5);
    assert_eq!(lab.world.image().partition(lab.orders(0)).unwrap().replicas, [BrokerId(3), BrokerId(2)]);
    assert!(!exists(&lab, "/admin/reassign_partitions"), "with the last partition the znode goes");
    assert!(!moved_leader(&lab).contains(&ElectedBecause::Unclean));
}

#[test]
fn leaders_are_elected_on_demand() {
    let mut lab = with_orders(setup(51, 1));
    let victim = another(&lab);
    lab.act(Command::Stop { node: Target::Broker(victim) });
    lab.secs(2);
    lab.restart(victim);
    lab.secs(20);
    let partition = (0..3)
        .find(|partition| {
            let registration = lab.world.image().partition(lab.orders(*partition)).unwrap();
            registration.replicas[0] == victim && registration.leader != Some(victim)
        })
        .expect("one of three prefers it");
    lab.script(&format!(
        "kafka-leader-election --election-type preferred --topic orders --partition {partition}
         wait 1s
         | Successfully completed leader election (PREFERRED) for partitions orders-{partition}
         kafka-leader-election --election-type preferred --topic orders --partition {partition}
         wait 1s
         | Valid replica already elected for partitions orders-{partition}
         expect leader(orders-{partition}) == {victim}"
    ));
}

#[test]
fn brokers_are_reconfigured_by_way_of_zookeeper() {
    let mut lab = with_orders(setup(53, 1));
    lab.script(
        "kafka-configs --alter --entity-type brokers --entity-default --add-config log.retention.ms=60000
         wait 1s
         | Completed updating default config for brokers in the cluster.
         kafka-configs --alter --entity-type brokers --entity-name 2 --add-config log.retention.ms=70000
         wait 1s
         | Completed updating config for broker 2.
         kafka-configs --alter --topic orders --add-config retention.ms=1000
         wait 1s
         | Completed updating config for topic orders.",
    );
    assert_eq!(
        znode(&lab, "/config/brokers/<default>").unwrap(),
        r#"{"version":1,"config":{"log.retention.ms":"60000"}}"#
    );
    assert_eq!(znode(&lab, "/config/brokers/2").unwrap(), r#"{"version":1,"config":{"log.retention.ms":"70000"}}"#);
    let retention = |lab: &Lab, id: u32| lab.world.broker(BrokerId(id)).unwrap().config().get("log.retention.ms");
    assert_eq!([1, 2, 3].map(|id| retention(&lab, id)), ["60000", "70000", "60000"].map(|ms| Some(ms.to_owned())));
    // A restart reads it again.
    let victim = another(&lab);
    let before = retention(&lab, victim.0);
    lab.act(Command::Stop { node: Target::Broker(victim) });
    lab.secs(2);
    lab.restart(victim);
    lab.secs(5);
    assert_eq!(retention(&lab, victim.0), before);
    lab.script(
        "kafka-configs --alter --entity-type brokers --entity-name 2 --delete-config log.retention.ms
         wait 1s
         | Completed updating config for broker 2.",
    );
    assert_eq!(retention(&lab, 2).as_deref(), Some("60000"));
}

/// The last in-sync replica is dead; another lives and lags. Nobody may lead, until the operator allows it.
fn with_a_partition_that_waits(seed: u64) -> (Lab, BrokerId) {
    let mut lab = Lab::new(setup(seed, 1));
    lab.secs(5);
    let others: Vec<BrokerId> = lab.world.brokers().map(|(id, _)| id).filter(|id| *id != controller(&lab)).collect();
    let (leader, follower) = (others[0], others[1]);
    lab.script(&format!(
        "kafka-topics --create --topic orders --replica-assignment {leader}:{follower}
         wait 2s
         | Created topic orders."
    ));
    lab.crash(follower);
    lab.secs(30);
    lab.producer("checkout", &[("acks", "1")], Span::millis(100), Some(20));
    lab.secs(10);
    lab.crash(leader);
    lab.secs(30);
    lab.restart(follower);
    lab.secs(10);
    assert_eq!((lab.leader(0), lab.isr(0)), (None, vec![leader]));
    (lab, follower)
}

#[test]
fn an_election_that_waits_goes_through_once_it_may_be_unclean() {
    let commands = [
        "kafka-configs --alter --topic orders --add-config unclean.leader.election.enable=true
         wait 1s
         | Completed updating config for topic orders.",
        "kafka-configs --alter --entity-type brokers --entity-default --add-config unclean.leader.election.enable=true
         wait 1s
         | Completed updating default config for brokers in the cluster.",
    ];
    for (seed, command) in (55..).zip(commands) {
        let (mut lab, follower) = with_a_partition_that_waits(seed);
        lab.script(command);
        lab.secs(1);
        assert_eq!((lab.leader(0), lab.isr(0)), (Some(follower), vec![follower]), "{command}");
        assert_eq!(unclean(&lab), 1);
    }
    let (mut lab, follower) = with_a_partition_that_waits(57);
    lab.script(
        "kafka-leader-election --election-type unclean --topic orders --partition 0
         wait 1s
         | Successfully completed leader election (UNCLEAN) for partitions orders-0",
    );
    assert_eq!(lab.leader(0), Some(follower));
    assert_eq!(unclean(&lab), 1);
}

/// Until 0.11 a controller elected whoever was there (`unclean.leader.election.enable` was true, KIP-106). Its
/// configuration is a broker's; what is lost so was never promised.
#[test]
fn until_0_11_a_lagging_replica_leads_by_default() {
    let mut lab = Lab::new(Setup { version: KafkaVersion::V0_9, ..setup(58, 1) });
    lab.secs(5);
    let others: Vec<BrokerId> = lab.world.brokers().map(|(id, _)| id).filter(|id| *id != controller(&lab)).collect();
    let (leader, follower) = (others[0], others[1]);
    lab.act(Command::CreateTopic {
        name: "orders".into(),
        partitions: None,
        replication_factor: None,
        assignment: Some(vec![vec![leader, follower]]),
        configs: [].into(),
    });
    lab.secs(2);
    lab.crash(follower);
    lab.secs(30);
    lab.producer("checkout", &[("acks", "all")], Span::millis(100), Some(20));
    lab.secs(10);
    lab.crash(leader);
    lab.secs(30);
    lab.restart(follower);
    lab.secs(10);
    assert_eq!((lab.leader(0), unclean(&lab)), (Some(follower), 1));
    let why = Some(Unpromised::UncleanElection { partition: lab.orders(0), leader: follower });
    assert!(lab.checker.violations().iter().any(|violation| violation.unpromised == why));
    lab.assert_promises_kept();
}

fn unclean(lab: &Lab) -> usize {
    let why = ElectedBecause::Unclean;
    count(
        lab,
        |fact| matches!(fact, Fact::Controller(ControllerFact::LeaderElected { why: found, .. }) if *found == why),
    )
}

/// `KafkaController.checkAndTriggerAutoLeaderRebalance`: only beyond `leader.imbalance.per.broker.percentage`.
#[test]
fn preferred_leaders_return_only_beyond_the_percentage() {
    for (percentage, returns) in [("99", true), ("100", false)] {
        let properties = [
            ("leader.imbalance.per.broker.percentage".to_owned(), percentage.to_owned()),
            ("leader.imbalance.check.interval.seconds".to_owned(), "30".to_owned()),
        ];
        let mut lab = Lab::new(Setup { properties: properties.into(), ..setup(45, 1) });
        lab.secs(5);
        let preferred = another(&lab);
        let rest: Vec<String> =
            lab.world.brokers().map(|(id, _)| id).filter(|id| *id != preferred).map(|id| id.to_string()).collect();
        let replicas = format!("{preferred}:{}", rest.join(":"));
        lab.script(&format!(
            "kafka-topics --create --topic orders --replica-assignment {replicas},{replicas}
             wait 2s
             | Created topic orders."
        ));
        lab.crash(preferred);
        lab.secs(30);
        lab.restart(preferred);
        lab.secs(60);
        let is_back = (0..2).all(|partition| lab.leader(partition) == Some(preferred));
        assert_eq!(is_back, returns, "{percentage}");
        assert_eq!(lab.isr(0).len(), 3, "{percentage}");
    }
}
