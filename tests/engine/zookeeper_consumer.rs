//! The consumer of Kafka 0.8 in a whole cluster: registrations, owners and offsets in ZooKeeper, rebalancing by everybody
//! at once, and what nobody promises.

use kafkascope::checker::{Guarantee, Unpromised};
use kafkascope::console::{Entry, Memory, Scope, answer, parse};
use kafkascope::engine::clients::zookeeper_consumer::AttemptFailure;
use kafkascope::engine::clients::{ConsumerFact, PositionFrom, ZookeeperConsumerFact};
use kafkascope::engine::command::{Command, CommitStyle, OffsetTarget, Target};
use kafkascope::engine::common::{BrokerId, NodeId, ServerId, Span, Time};
use kafkascope::engine::config::KafkaVersion;
use kafkascope::engine::runtime::Crash;
use kafkascope::engine::{Fact, Setup};

use super::lab::Lab;

/// Three brokers of 0.8.2, one ZooKeeper server, and `orders` with three partitions on all of them.
fn lab(seed: u64) -> Lab {
    lab_with_orders(seed, 3, 3)
}

fn lab_with_orders(seed: u64, partitions: u32, replication_factor: u32) -> Lab {
    let mut lab = Lab::new(Setup {
        seed,
        version: KafkaVersion::V0_8,
        controllers: Vec::new(),
        zookeepers: vec![ServerId(1)],
        ..Setup::default()
    });
    lab.secs(3);
    lab.act(Command::CreateTopic {
        name: "orders".into(),
        partitions: Some(partitions),
        replication_factor: Some(replication_factor),
        assignment: None,
        configs: [].into(),
    });
    lab.secs(2);
    lab
}

const SMALLEST: &[(&str, &str)] = &[("auto.offset.reset", "smallest")];

fn client(lab: &Lab, name: &str) -> NodeId {
    lab.world.node_of(&Target::Client(name.into())).expect("the client exists")
}

fn facts<'a>(lab: &'a Lab, name: &str) -> impl Iterator<Item = (Time, &'a ZookeeperConsumerFact)> {
    let node = client(lab, name);
    lab.trace.iter().filter(move |record| record.node == Some(node)).filter_map(|record| match &record.fact {
        Fact::ZookeeperConsumer(fact) => Some((record.at, fact)),
        _ => None,
    })
}

fn owned(lab: &Lab, name: &str) -> Vec<u32> {
    let node = client(lab, name);
    let (_, consumer) = lab.world.consumers().find(|(id, _)| *id == node).expect("it is a consumer");
    consumer.assignment().iter().map(|partition| partition.partition.0).collect()
}

fn committed(lab: &Lab) -> Vec<Option<u64>> {
    let group = lab.world.zookeeper_group("billing").unwrap_or_default();
    (0..3).map(|id| group.offsets.get(&lab.orders(id)).map(|offset| offset.0)).collect()
}

fn act(lab: &mut Lab, command: fn(Target) -> Command, name: &str) {
    lab.act(command(Target::Client(name.into())));
}

#[test]
fn a_group_stands_in_zookeeper_as_the_fact_sheet_says() {
    let mut lab = lab(1);
    lab.producer("checkout", &[], Span::millis(50), Some(60));
    lab.consumer("billing-1", "billing", SMALLEST, Span::millis(1), CommitStyle::AfterEach);
    lab.consumer("billing-2", "billing", SMALLEST, Span::millis(1), CommitStyle::AfterEach);
    lab.secs(20);
    assert_eq!((owned(&lab, "billing-1"), owned(&lab, "billing-2")), (vec![0, 1], vec![2]), "range, by sorted ids");
    let tree = lab.world.znode_tree().expect("there is an ensemble");
    let children = |path: &str| -> Vec<String> {
        tree.get(path).into_iter().flat_map(|node| node.children()).map(ToString::to_string).collect()
    };
    let ids = children("/consumers/billing/ids");
    // billing_<host>-<milliseconds>-<eight hex digits>
    assert_eq!(ids.len(), 2);
    let rest = ids[0].strip_prefix("billing_billing-1-").expect("group, underscore, host");
    let (millis, hex) = rest.split_once('-').unwrap();
    assert_eq!(millis.parse::<u64>().unwrap(), 5_000, "the clock when it began");
    assert!(hex.len() == 8 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()), "{hex}");
    let node = tree.get(&format!("/consumers/billing/ids/{}", ids[0])).unwrap();
    assert!(node.stat().ephemeral_owner.is_some());
    let expected = r#"{"version":1,"subscription":{"orders":1},"pattern":"static","timestamp":""#;
    assert!(node.data().starts_with(expected), "{}", node.data());
    let owner = tree.get("/consumers/billing/owners/orders/2").unwrap();
    assert_eq!(owner.data().as_ref(), format!("{}-0", ids[1]));
    assert!(owner.stat().ephemeral_owner.is_some());
    let offsets: Vec<u64> = (0..3)
        .map(|id| {
            let node = tree.get(&format!("/consumers/billing/offsets/orders/{id}")).expect("something was committed");
            assert!(node.stat().ephemeral_owner.is_none());
            node.data().parse().unwrap()
        })
        .collect();
    assert_eq!(offsets.iter().sum::<u64>(), 60);
    assert_eq!(offsets, committed(&lab).into_iter().map(Option::unwrap).collect::<Vec<_>>());
    assert_eq!(lab.processed("billing-1") + lab.processed("billing-2"), 60);
    // No broker keeps anything of the group.
    assert_eq!(lab.committed("billing", 0), None);
    assert!(lab.world.image().topic_id("__consumer_offsets").is_none());
    lab.assert_promises_kept();
}

/// `auto.commit.interval.ms` is a minute, and what is committed counts the record in hand as consumed.
#[test]
fn the_auto_committer_writes_once_a_minute_and_counts_what_is_in_hand() {
    let mut lab = lab(2);
    lab.producer("checkout", &[], Span::millis(20), Some(30));
    lab.secs(3);
    lab.consumer("billing-1", "billing", SMALLEST, Span::secs(7), CommitStyle::Auto);
    let began = lab.world.now();
    lab.secs(59);
    assert_eq!(committed(&lab), [None, None, None]);
    lab.secs(2);
    let node = client(&lab, "billing-1");
    let sent = lab.first(began, |fact| matches!(fact, Fact::Consumer(ConsumerFact::CommitSent { .. }))).unwrap();
    assert_eq!(sent.since(began), Span::secs(60));
    let (_, consumer) = lab.world.consumers().find(|(id, _)| *id == node).unwrap();
    let hand = consumer.in_hand().expect("seven seconds for a record").clone();
    assert_eq!(committed(&lab)[hand.partition.partition.0 as usize], Some(hand.offset.0 + 1));
    // So a crash now loses the record to the group, although nobody has finished with it.
    lab.act(Command::Crash { node: Target::Client("billing-1".into()), how: Crash::Process });
    lab.secs(10);
    lab.consumer("billing-2", "billing", SMALLEST, Span::ZERO, CommitStyle::AfterEach);
    lab.secs(10);
    let processed = lab.processed("billing-1") + lab.processed("billing-2");
    assert_eq!(processed, 29, "30 were sent, and one was in hand");
}

/// Every member learns of the newcomer by its own watch, and rebalances by itself.
#[test]
fn a_newcomer_makes_everybody_rebalance() {
    let mut lab = lab(3);
    for name in ["billing-1", "billing-2"] {
        lab.consumer(name, "billing", SMALLEST, Span::ZERO, CommitStyle::Auto);
        lab.secs(10);
    }
    let from = lab.world.now();
    lab.consumer("billing-3", "billing", SMALLEST, Span::ZERO, CommitStyle::Auto);
    lab.secs(10);
    for name in ["billing-1", "billing-2"] {
        let after: Vec<_> = facts(&lab, name).filter(|(at, _)| *at >= from).map(|(_, fact)| fact).collect();
        let ids = "/consumers/billing/ids".into();
        assert!(after.contains(&&ZookeeperConsumerFact::RebalanceTriggered { path: ids }), "{name}: {after:?}");
        assert!(after.contains(&&ZookeeperConsumerFact::RebalanceBegan { attempt: 0 }), "{name}");
        let place = |wanted: fn(&ZookeeperConsumerFact) -> bool| after.iter().position(|fact| wanted(fact));
        let released = place(|fact| matches!(fact, ZookeeperConsumerFact::Released { .. })).expect("it let go");
        let claimed = place(|fact| matches!(fact, ZookeeperConsumerFact::Claimed { .. })).expect("it claimed");
        let done = place(|fact| matches!(fact, ZookeeperConsumerFact::Rebalanced { .. })).expect("it came through");
        assert!(released < claimed && claimed < done, "{name}: {after:?}");
        assert_eq!(owned(&lab, name).len(), 1);
    }
    assert_eq!(owned(&lab, "billing-3"), [2]);
    let registered = |fact: &ZookeeperConsumerFact| matches!(fact, ZookeeperConsumerFact::Registered { .. });
    assert_eq!(facts(&lab, "billing-3").filter(|(_, fact)| registered(fact)).count(), 1);
    lab.assert_promises_kept();
}

/// Added partitions change the topic's znode, which every member watches.
#[test]
fn added_partitions_are_taken_up() {
    let mut lab = lab(4);
    lab.consumer("billing-1", "billing", SMALLEST, Span::ZERO, CommitStyle::Auto);
    lab.secs(5);
    assert_eq!(owned(&lab, "billing-1"), [0, 1, 2]);
    lab.act(Command::AddPartitions { topic: "orders".into(), partitions: 5, assignment: None });
    lab.secs(10);
    assert_eq!(owned(&lab, "billing-1"), [0, 1, 2, 3, 4]);
}

/// The ephemeral znodes of a crashed member last as long as its session, 6 s; four tries with pauses of 2 s outlast it.
#[test]
fn a_crashed_member_keeps_its_share_until_its_session_ends() {
    let mut lab = lab(5);
    lab.producer("checkout", &[], Span::millis(100), None);
    lab.consumer("billing-1", "billing", SMALLEST, Span::ZERO, CommitStyle::Auto);
    lab.secs(10);
    act(&mut lab, |node| Command::Crash { node, how: Crash::Process }, "billing-1");
    let crashed = lab.world.now();
    lab.act(Command::Restart { node: Target::Client("billing-1".into()) });
    lab.until(Span::secs(12), "it owns everything again", |lab| owned(lab, "billing-1").len() == 3);
    let waited = lab.world.now().since(crashed);
    assert!(waited > Span::secs(4) && waited < Span::secs(10), "{waited}");
    let refused = facts(&lab, "billing-1").any(|(at, fact)| {
        at > crashed && matches!(fact, ZookeeperConsumerFact::ClaimRefused { owner: Some(owner), .. } if owner.starts_with("billing_billing-1-"))
    });
    assert!(refused, "its own former self stood in its way");
    lab.assert_promises_kept();
}

/// With fewer tries than the dead member's session lasts, the program never gets its streams.
#[test]
fn a_rebalance_that_fails_at_the_start_ends_the_program() {
    let mut lab = lab(6);
    lab.consumer("billing-1", "billing", SMALLEST, Span::ZERO, CommitStyle::Auto);
    lab.secs(10);
    act(&mut lab, |node| Command::Crash { node, how: Crash::Process }, "billing-1");
    let hasty: &[_] = &[("rebalance.max.retries", "2"), ("rebalance.backoff.ms", "1000")];
    lab.consumer("billing-2", "billing", hasty, Span::ZERO, CommitStyle::Auto);
    lab.secs(4);
    let failed = facts(&lab, "billing-2")
        .find_map(|(_, fact)| match fact {
            ZookeeperConsumerFact::RebalanceFailed { id, retries } => Some((id.clone(), *retries)),
            _ => None,
        })
        .expect("it gave up");
    assert!(failed.0.starts_with("billing_billing-2-") && failed.1 == 2);
    let node = client(&lab, "billing-2");
    let closed = |fact: &Fact| matches!(fact, Fact::Consumer(ConsumerFact::Closed));
    assert!(lab.trace.iter().any(|record| record.node == Some(node) && closed(&record.fact)));
}

/// `close()`: a last commit, then the session ends and with it registration and owners; no timeout has to pass.
#[test]
fn who_closes_commits_and_is_gone_at_once() {
    let mut lab = lab(7);
    lab.producer("checkout", &[], Span::millis(20), Some(90));
    lab.consumer("billing-1", "billing", SMALLEST, Span::ZERO, CommitStyle::Auto);
    lab.consumer("billing-2", "billing", SMALLEST, Span::ZERO, CommitStyle::Auto);
    lab.secs(20);
    assert_eq!(lab.processed("billing-1") + lab.processed("billing-2"), 90);
    lab.act(Command::Close { client: "billing-1".into() });
    lab.secs(1);
    let group = lab.world.zookeeper_group("billing").unwrap();
    assert_eq!(group.ids.len(), 1);
    assert_eq!(owned(&lab, "billing-2"), [0, 1, 2], "the other one took all over within a second");
    lab.act(Command::Close { client: "billing-2".into() });
    lab.secs(1);
    let group = lab.world.zookeeper_group("billing").unwrap();
    assert!(group.ids.is_empty() && group.owners.is_empty());
    assert_eq!(committed(&lab).into_iter().flatten().sum::<u64>(), 90);
    lab.assert_promises_kept();
}

/// The point of this consumer's end: nothing fences a member whose session ended without its knowing.
#[test]
fn two_read_one_partition_while_one_has_not_heard_of_its_sessions_end() {
    let mut lab = lab(8);
    lab.producer("checkout", &[], Span::millis(50), None);
    lab.consumer("billing-1", "billing", SMALLEST, Span::ZERO, CommitStyle::Auto);
    lab.consumer("billing-2", "billing", SMALLEST, Span::ZERO, CommitStyle::Auto);
    lab.secs(15);
    assert_eq!(owned(&lab, "billing-1"), [0, 1]);
    let (consumer, zookeeper) = (Target::Client("billing-1".into()), Target::ZooKeeper(ServerId(1)));
    lab.act(Command::Partition { a: consumer.clone(), b: zookeeper.clone() });
    lab.secs(12);
    // Both believe that these are theirs, and both read.
    assert_eq!(owned(&lab, "billing-1"), [0, 1]);
    assert_eq!(owned(&lab, "billing-2"), [0, 1, 2]);
    let before = (lab.processed("billing-1"), lab.processed("billing-2"));
    lab.secs(3);
    let after = (lab.processed("billing-1"), lab.processed("billing-2"));
    assert!(after.0 > before.0 && after.1 > before.1, "{before:?} {after:?}");
    let node = client(&lab, "billing-1");
    let seen = lab.checker.violations().iter().find(|violation| violation.guarantee == Guarantee::OneOwnerPerPartition);
    assert_eq!(seen.and_then(|seen| seen.unpromised.clone()), Some(Unpromised::SessionEnded { consumer: node }));
    lab.assert_promises_kept();
    // It hears of it, registers anew, and each partition has one reader again.
    lab.act(Command::Repair { a: consumer, b: zookeeper });
    lab.secs(20);
    let expired = facts(&lab, "billing-1").any(|(_, fact)| *fact == ZookeeperConsumerFact::SessionExpired);
    assert!(expired);
    assert_eq!((owned(&lab, "billing-1").len(), owned(&lab, "billing-2").len()), (2, 1));
    lab.assert_promises_kept();
}

/// A leader dies: its fetcher's partitions go to the leader finder, which asks until there is another one.
#[test]
fn fetchers_follow_the_leaders() {
    let mut lab = lab(9);
    lab.producer("checkout", &[("acks", "all"), ("retries", "1000")], Span::millis(50), None);
    lab.consumer("billing-1", "billing", SMALLEST, Span::ZERO, CommitStyle::Auto);
    lab.secs(10);
    let leader = lab.leader(0).expect("somebody leads");
    lab.crash(leader);
    let crashed = lab.world.now();
    lab.secs(20);
    let found = facts(&lab, "billing-1").any(|(at, fact)| {
        at > crashed
            && matches!(fact, ZookeeperConsumerFact::LeadersFound { leaders } if leaders.iter().any(|(id, to)| *id == lab.orders(0) && *to != leader))
    });
    assert!(found);
    assert_eq!(owned(&lab, "billing-1").len(), 3, "no rebalance: brokers are none of the group's business");
    let sent = lab.acked("checkout");
    lab.act(Command::SetWorkload { producer: "checkout".into(), workload: None });
    lab.secs(5);
    assert!(lab.processed("billing-1") >= sent && sent > 100);
}

/// What was committed is no longer in the log: `auto.offset.reset` decides.
#[test]
fn an_offset_out_of_range_is_reset() {
    let mut lab = lab(10);
    lab.producer("checkout", &[], Span::millis(20), Some(60));
    lab.consumer("billing-1", "billing", SMALLEST, Span::ZERO, CommitStyle::AfterEach);
    lab.secs(10);
    lab.act(Command::Close { client: "billing-1".into() });
    lab.secs(2);
    // Nothing is flushed, and everybody loses power: the logs begin anew.
    for broker in [1, 2, 3] {
        lab.act(Command::Crash { node: Target::Broker(BrokerId(broker)), how: Crash::Power });
    }
    lab.secs(8);
    for broker in [1, 2, 3] {
        lab.act(Command::Restart { node: Target::Broker(BrokerId(broker)) });
    }
    lab.secs(25);
    lab.consumer("billing-2", "billing", &[], Span::ZERO, CommitStyle::AfterEach);
    lab.secs(10);
    let why = PositionFrom::OutOfRange;
    let is_reset =
        |fact: &Fact| matches!(fact, Fact::Consumer(ConsumerFact::PositionSet { why: found, .. }) if *found == why);
    let reset = lab.trace.iter().any(|record| is_reset(&record.fact));
    assert!(reset, "what was unflushed is gone, and the group had committed beyond it");
}

/// `zookeeper.connection.timeout.ms`
#[test]
fn without_zookeeper_the_program_does_not_begin() {
    let mut lab = lab(11);
    lab.act(Command::Crash { node: Target::ZooKeeper(ServerId(1)), how: Crash::Process });
    lab.consumer("billing-1", "billing", SMALLEST, Span::ZERO, CommitStyle::Auto);
    let began = lab.world.now();
    lab.secs(7);
    let at = facts(&lab, "billing-1").find(|(_, fact)| **fact == ZookeeperConsumerFact::ConnectionTimedOut);
    assert_eq!(at.expect("it gave up").0.since(began), Span::secs(6));
}

/// ZooKeeper is down: reading goes on, commits wait, and are written when it is back.
#[test]
fn data_flows_while_zookeeper_is_down() {
    let mut lab = lab(12);
    lab.producer("checkout", &[], Span::millis(50), None);
    lab.consumer("billing-1", "billing", SMALLEST, Span::ZERO, CommitStyle::Auto);
    lab.secs(10);
    lab.act(Command::Crash { node: Target::ZooKeeper(ServerId(1)), how: Crash::Process });
    lab.secs(1);
    assert!(facts(&lab, "billing-1").any(|(_, fact)| *fact == ZookeeperConsumerFact::Disconnected));
    let before = lab.processed("billing-1");
    lab.secs(60);
    assert!(lab.processed("billing-1") > before + 1_000);
    assert_eq!(committed(&lab), [None, None, None]);
    lab.act(Command::Restart { node: Target::ZooKeeper(ServerId(1)) });
    lab.secs(10);
    assert!(committed(&lab).into_iter().flatten().sum::<u64>() > before);
}

/// No broker is there: the rebalance counts as done, and a watch waits for one.
#[test]
fn without_brokers_it_waits_for_one() {
    let mut lab = lab_with_orders(13, 2, 1);
    for broker in [1, 2, 3] {
        lab.act(Command::Stop { node: Target::Broker(BrokerId(broker)) });
    }
    lab.secs(10);
    lab.consumer("billing-1", "billing", SMALLEST, Span::ZERO, CommitStyle::Auto);
    lab.secs(5);
    assert!(facts(&lab, "billing-1").any(|(_, fact)| *fact == ZookeeperConsumerFact::NoBrokers));
    assert!(owned(&lab, "billing-1").is_empty());
    for broker in [1, 2, 3] {
        lab.act(Command::Restart { node: Target::Broker(BrokerId(broker)) });
    }
    lab.secs(20);
    assert_eq!(owned(&lab, "billing-1"), [0, 1]);
}

/// `roundrobin` refuses to deal to members that read different topics; so do they all, until they give up.
#[test]
fn round_robin_wants_equal_subscriptions() {
    let mut lab = lab(14);
    let round_robin: &[_] = &[("partition.assignment.strategy", "roundrobin"), ("auto.offset.reset", "smallest")];
    lab.consumer("billing-1", "billing", round_robin, Span::ZERO, CommitStyle::Auto);
    lab.secs(5);
    assert_eq!(owned(&lab, "billing-1").len(), 3);
    lab.act(Command::AddConsumer {
        name: "billing-2".into(),
        group: "billing".into(),
        topics: vec!["orders".into(), "users".into()],
        configs: round_robin.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        processing: Span::ZERO,
        commit: CommitStyle::Auto,
    });
    lab.secs(15);
    let failed = |name: &str| {
        facts(&lab, name).any(|(_, fact)| {
            matches!(fact, ZookeeperConsumerFact::AttemptFailed { why: AttemptFailure::DifferentSubscriptions, .. })
        })
    };
    assert!(failed("billing-1") && failed("billing-2"));
    assert!(owned(&lab, "billing-1").is_empty(), "it has let go and cannot take up again");
}

/// `ConsumerOffsetChecker.main` of 0.8.2.2, column by column.
#[test]
fn the_offset_checker_prints_what_that_of_0_8_printed() {
    let mut lab = lab(15);
    lab.producer("checkout", &[], Span::millis(20), Some(30));
    let ask = |lab: &Lab| {
        let line = "kafka-run-class kafka.tools.ConsumerOffsetChecker --zookeeper localhost:2181 --group billing";
        let Ok(Entry::Ask(question)) = parse(line) else { panic!("{line} is a question") };
        answer(&question, Scope { world: &lab.world, past: &lab.trace, memory: &Memory::new() })
    };
    assert!(ask(&lab).ends_with("KeeperErrorCode = NoNode for /consumers/billing/owners."), "{}", ask(&lab));
    lab.consumer("billing-1", "billing", SMALLEST, Span::ZERO, CommitStyle::AfterEach);
    lab.secs(10);
    let told = ask(&lab);
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(
        lines[0],
        "Group           Topic                          Pid Offset          logSize         Lag             Owner"
    );
    let offset = committed(&lab)[1].expect("something was committed");
    let row = format!(
        "billing         orders                         1   {offset:<15} {offset:<15} 0               billing_billing-1-"
    );
    assert!(lines[2].starts_with(&row), "{told}");
    let refused = lab.world.check(&Command::ResetOffsets {
        group: "billing".into(),
        topic: "orders".into(),
        to: OffsetTarget::Earliest,
    });
    assert!(refused.unwrap_err().to_string().starts_with("Kafka 0.8.2 has no tool that moves the offsets of billing"));
}
