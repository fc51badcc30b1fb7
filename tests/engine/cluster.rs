//! A cluster at work: it forms, replicates, loses a leader, and keeps what it promised.

use kafkascope::engine::Fact;
use kafkascope::engine::clients::ConsumerFact;
use kafkascope::engine::command::{Command, CommitStyle, Target};
use kafkascope::engine::common::{BrokerId, NodeId, Offset, Span, Time};
use kafkascope::engine::controller::{ControllerFact, ElectedBecause};
use kafkascope::engine::runtime::RuntimeFact;
use kafkascope::engine::server::BrokerFact;

use super::lab::{ALL, Lab};

#[test]
fn brokers_register_are_unfenced_and_host_a_topic() {
    let lab = Lab::with_orders(1);
    for broker in ALL {
        assert!(lab.world.image().is_active(broker), "broker {broker} serves");
    }
    for partition in 0..3 {
        assert_eq!(lab.isr(partition), ALL, "a new topic starts with every active replica in sync");
        let registration = lab.world.image().partition(lab.orders(partition)).expect("it exists").clone();
        assert_eq!(registration.leader, Some(registration.replicas[0]), "the preferred replica leads");
    }
}

#[test]
fn acks_all_means_every_in_sync_replica_has_it() {
    let mut lab = Lab::with_orders(2);
    lab.producer("checkout", &[("acks", "all")], Span::millis(50), Some(40));
    let mut answers = 0;
    while lab.acked("checkout") < 40 {
        assert!(lab.world.now() < Time::ZERO + Span::secs(30) && lab.world.step(), "40 acknowledgements come");
        let seen = lab.trace.len();
        lab.absorb();
        for record in &lab.trace[seen..] {
            let Fact::Broker(BrokerFact::ProduceAnswered { partition, outcome: Ok(base), .. }) = &record.fact else {
                continue;
            };
            // Right when the leader answers, every replica in sync has the record, and the answer is below its mark.
            let index = partition.partition.0;
            for broker in lab.isr(index) {
                assert!(lab.log_end(broker, index) > *base, "broker {broker} lacks {base} of partition {index}");
            }
            let leader = lab.leader(index).expect("led");
            assert!(lab.high_watermark(leader, index) > *base, "{base} is acknowledged, and not committed");
            answers += 1;
        }
    }
    assert!(answers > 0, "the leader has answered");
    let total: u64 = (0..3).map(|p| lab.high_watermark(lab.leader(p).expect("led"), p).0).sum();
    assert_eq!(total, 40, "what is acknowledged is below the high watermark");
    lab.secs(2);
    for partition in 0..3 {
        let leader = lab.leader(partition).expect("led");
        for broker in ALL {
            assert_eq!(lab.log_end(broker, partition), lab.log_end(leader, partition), "broker {broker} has a copy");
            assert_eq!(
                lab.high_watermark(broker, partition),
                lab.high_watermark(leader, partition),
                "and within two fetches it has heard the high watermark"
            );
        }
    }
    lab.assert_promises_kept();
}

#[test]
fn the_high_watermark_reaches_followers_one_fetch_late() {
    let mut lab = Lab::with_orders(3);
    lab.producer("checkout", &[], Span::secs(1), Some(1));
    lab.until(Span::secs(10), "the ack", |lab| lab.acked("checkout") == 1);
    lab.secs(2);
    let (partition, leader) = (0..3)
        .find_map(|p| lab.leader(p).filter(|leader| lab.log_end(*leader, p) == Offset(1)).map(|l| (p, l)))
        .expect("one partition has the record");
    let id = lab.orders(partition);
    let moved = |on: NodeId| {
        lab.trace.iter().find(|record| {
            record.node == Some(on)
                && matches!(&record.fact, Fact::Broker(BrokerFact::HighWatermarkMoved { partition, to, .. })
                    if *partition == id && *to == Offset(1))
        })
    };
    let at_leader = moved(NodeId::Broker(leader)).expect("the leader's high watermark moved").step;
    for follower in ALL.into_iter().filter(|broker| *broker != leader) {
        let appended = lab.trace.iter().find(|record| {
            record.node == Some(NodeId::Broker(follower))
                && matches!(&record.fact, Fact::Broker(BrokerFact::Appended { partition, .. }) if *partition == id)
        });
        let appended = appended.expect("the follower copied it").step;
        let heard = moved(NodeId::Broker(follower)).expect("the follower heard").step;
        assert!(appended < at_leader || at_leader < heard, "written on the follower before it is committed");
        assert!(at_leader < heard, "the leader knows first");
    }
}

#[test]
fn a_leader_dies_and_nothing_acknowledged_is_lost() {
    for seed in 0..8 {
        let mut lab = Lab::with_orders(100 + seed);
        lab.producer("checkout", &[("acks", "all")], Span::millis(20), None);
        lab.secs(5);
        let old = lab.leader(0).expect("led");
        let crashed_at = lab.world.now();
        lab.crash(old);
        let took = lab.until(Span::secs(15), "another leader", |lab| lab.leader(0).is_some_and(|leader| leader != old));
        // broker.session.timeout.ms 9000; the last heartbeat may be 2 s old, and checks come every 9000/8 ms.
        assert!(took >= Span::millis(6_900) && took <= Span::millis(10_300), "seed {seed}: took {took}");
        let before = lab.acked("checkout");
        lab.secs(10);
        assert!(lab.acked("checkout") > before + 100, "seed {seed}: the producer found the new leader");
        let elected = lab.first(crashed_at, |fact| {
            matches!(fact, Fact::Controller(ControllerFact::LeaderElected { why: ElectedBecause::LeaderFenced, .. }))
        });
        assert!(elected.is_some());
        lab.restart(old);
        lab.secs(10);
        assert_eq!(lab.isr(0), ALL, "seed {seed}: the old leader caught up and is in sync again");
        assert_ne!(lab.leader(0), Some(old), "seed {seed}: it does not take the lead back by itself");
        lab.assert_promises_kept();
        assert!(lab.checker.lost().is_empty());
    }
}

#[test]
fn a_held_link_costs_a_follower_its_place_in_the_isr() {
    let mut lab = Lab::with_orders(5);
    lab.producer("checkout", &[], Span::millis(100), None);
    lab.secs(5);
    let leader = lab.leader(0).expect("led");
    let follower = ALL.into_iter().find(|broker| *broker != leader).expect("there are followers");
    let ends = (Target::Broker(leader), Target::Broker(follower));
    lab.act(Command::Hold { a: ends.0.clone(), b: ends.1.clone() });
    // replica.lag.time.max.ms 30000, looked at every half of that.
    let took = lab.until(Span::secs(60), "the ISR shrinks", |lab| lab.isr(0).len() == 2);
    assert!(took >= Span::secs(29) && took <= Span::secs(47), "took {took}");
    assert!(!lab.isr(0).contains(&follower));
    let before = lab.acked("checkout");
    lab.secs(3);
    assert!(lab.acked("checkout") > before, "nobody waits for it any more");
    lab.act(Command::Release { a: ends.0, b: ends.1 });
    lab.until(Span::secs(60), "the ISR grows", |lab| lab.isr(0).len() == 3);
    lab.assert_promises_kept();
}

#[test]
fn without_enough_in_sync_replicas_acks_all_is_refused() {
    let mut lab = Lab::with_orders(6);
    lab.producer("checkout", &[], Span::millis(100), None);
    lab.secs(4);
    let leader = lab.leader(0).expect("led");
    for broker in ALL.into_iter().filter(|broker| *broker != leader) {
        lab.crash(broker);
    }
    lab.secs(14);
    assert_eq!(lab.isr(0), [leader], "the controller took the dead out of the in-sync set");
    let refused = |fact: &Fact| matches!(fact, Fact::Broker(BrokerFact::AppendRefused { error, .. }) if error.name() == "NOT_ENOUGH_REPLICAS");
    let at = lab.world.now();
    // Five requests were taken in before that (max.in.flight). They wait for a high watermark that stands still, so the
    // connection is full until request.timeout.ms, 30 s, is over.
    lab.secs(20);
    assert!(lab.first(at, refused).is_some(), "min.insync.replicas=2 is a gate");
    lab.assert_promises_kept();
}

#[test]
fn acks_1_may_lose_what_it_acknowledged_and_that_is_no_broken_promise() {
    let mut lost = 0;
    for seed in 0..6 {
        let mut lab = Lab::with_orders(200 + seed);
        lab.producer("checkout", &[("acks", "1")], Span::millis(5), None);
        lab.secs(5);
        let leader = lab.leader(0).expect("led");
        // Nobody copies any more, but acks=1 goes on answering; then the leader dies.
        for broker in ALL.into_iter().filter(|broker| *broker != leader) {
            lab.act(Command::Hold { a: Target::Broker(leader), b: Target::Broker(broker) });
        }
        lab.secs(2);
        lab.crash(leader);
        lab.secs(15);
        lab.assert_promises_kept();
        lost += lab.checker.lost().iter().map(|range| range.count).sum::<u64>();
    }
    assert!(lost > 0, "two seconds of acknowledged records are gone");
}

#[test]
fn a_group_shares_partitions_and_survives_a_member() {
    let mut lab = Lab::with_orders(7);
    lab.producer("checkout", &[], Span::millis(50), None);
    for name in ["billing-1", "billing-2"] {
        let configs = [("auto.offset.reset", "earliest")];
        lab.consumer(name, "billing", &configs, Span::millis(1), CommitStyle::Auto);
    }
    lab.secs(15);
    let owned = |lab: &Lab, name: &str| {
        let node = lab.world.node_of(&Target::Client(name.into())).expect("it exists");
        let found = lab.world.consumers().find(|(id, _)| *id == node).expect("it is a consumer");
        found.1.assignment().iter().map(|id| id.partition.0).collect::<Vec<_>>()
    };
    let (one, two) = (owned(&lab, "billing-1"), owned(&lab, "billing-2"));
    assert_eq!(one.len() + two.len(), 3, "every partition has an owner: {one:?} {two:?}");
    assert!(one.len() == 2 || two.len() == 2, "range gives the first member one more");
    assert!(lab.processed("billing-1") > 50 && lab.processed("billing-2") > 50);
    lab.act(Command::Crash {
        node: Target::Client("billing-1".into()),
        how: kafkascope::engine::runtime::Crash::Process,
    });
    // session.timeout.ms 45000, then the rebalance.
    let took = lab.until(Span::secs(70), "billing-2 owns all", |lab| owned(lab, "billing-2").len() == 3);
    assert!(took >= Span::secs(41), "a crash is noticed by the session only: took {took}");
    lab.secs(10);
    for partition in 0..3 {
        let leader = lab.leader(partition).expect("led");
        let committed = lab.committed("billing", partition).expect("auto-commit has committed");
        let end = lab.high_watermark(leader, partition);
        assert!(committed.0 + 200 > end.0 && committed <= end, "partition {partition}: {committed} of {end}");
    }
    lab.assert_promises_kept();
}

#[test]
fn committed_offsets_survive_their_coordinator() {
    let mut lab = Lab::with_orders(8);
    lab.producer("checkout", &[], Span::millis(50), Some(100));
    lab.consumer("billing-1", "billing", &[("auto.offset.reset", "earliest")], Span::ZERO, CommitStyle::AfterPoll);
    lab.until(Span::secs(60), "all 100 are processed", |lab| lab.processed("billing-1") == 100);
    lab.secs(2);
    let before: Vec<_> = (0..3).map(|partition| lab.committed("billing", partition)).collect();
    let up = lab.world.brokers().find(|(_, broker)| broker.coordinator().group("billing").is_some());
    let coordinator = up.expect("the group has a coordinator").0;
    lab.crash(coordinator);
    lab.until(Span::secs(30), "another coordinator", |lab| {
        lab.world.brokers().any(|(id, broker)| {
            id != coordinator && lab.world.is_up(NodeId::Broker(id)) && broker.coordinator().group("billing").is_some()
        })
    });
    let after: Vec<_> = (0..3).map(|partition| lab.committed("billing", partition)).collect();
    assert_eq!(after, before, "the new coordinator read __consumer_offsets");
    lab.assert_promises_kept();
    assert_eq!(lab.processed("billing-1"), 100, "and nobody read anything twice");
}

#[test]
fn an_isolated_leader_cannot_commit() {
    let mut lab = Lab::with_orders(9);
    lab.producer("checkout", &[], Span::millis(50), None);
    lab.secs(4);
    let old = lab.leader(0).expect("led");
    // The old leader still reaches the producer, but neither its followers nor the controller.
    for broker in ALL.into_iter().filter(|broker| *broker != old) {
        lab.act(Command::Partition { a: Target::Broker(old), b: Target::Broker(broker) });
    }
    lab.act(Command::Partition { a: Target::Broker(old), b: Target::Controller(BrokerId(101)) });
    lab.until(Span::secs(15), "another leader", |lab| lab.leader(0).is_some_and(|leader| leader != old));
    let stuck = lab.high_watermark(old, 0);
    lab.secs(20);
    assert_eq!(lab.high_watermark(old, 0), stuck, "alone, its high watermark cannot move");
    for broker in ALL.into_iter().filter(|broker| *broker != old) {
        lab.act(Command::Repair { a: Target::Broker(old), b: Target::Broker(broker) });
    }
    lab.act(Command::Repair { a: Target::Broker(old), b: Target::Controller(BrokerId(101)) });
    lab.until(Span::secs(90), "it follows again", |lab| lab.isr(0) == ALL);
    lab.assert_promises_kept();
    assert!(lab.checker.lost().is_empty(), "nothing acknowledged with acks=all is lost");
}

/// While the cluster does not know yet that a coordinator is dead, everybody goes on naming it. The client must not ask
/// again in the very moment in which its connection fails: it waits `retry.backoff.ms`, doubling up to
/// `retry.backoff.max.ms` (`AbstractCoordinator.ensureCoordinatorReady`, KIP-580).
#[test]
fn a_dead_coordinator_is_not_asked_for_without_a_pause() {
    let mut lab = Lab::with_orders(71);
    lab.consumer("billing-1", "billing", &[], Span::ZERO, CommitStyle::Auto);
    lab.secs(10);
    let partition = |fact: &Fact| match fact {
        Fact::Consumer(ConsumerFact::CoordinatorFound { coordinator, .. }) => Some(*coordinator),
        _ => None,
    };
    let coordinator = lab.trace.iter().rev().find_map(|record| partition(&record.fact)).expect("it found one");
    lab.crash(coordinator);
    let died = lab.world.now();
    lab.secs(8);
    let asks = |fact: &Fact| {
        matches!(fact, Fact::Runtime(RuntimeFact::Sent { digest, .. })
            if digest.name == "FindCoordinator" && !digest.is_response)
    };
    let asked: Vec<Time> =
        lab.trace.iter().filter(|record| record.at > died && asks(&record.fact)).map(|record| record.at).collect();
    assert!((5..=60).contains(&asked.len()), "asked {} times in eight seconds", asked.len());
    lab.secs(30);
    let found = lab.trace.iter().rev().find_map(|record| partition(&record.fact));
    assert_ne!(found, Some(coordinator), "once the cluster has another coordinator, so has the client");
}
