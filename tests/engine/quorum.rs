//! The KRaft quorum at work: it elects, fails over, stands still without a majority, and forgets nothing committed.
//!
//! The times are those of Kafka's defaults: `controller.quorum.fetch.timeout.ms` 2000, election timeouts of 1000 to 2000,
//! a leader without a majority gives up after 3000.

use kafkascope::engine::command::{Command, Properties, Target};
use kafkascope::engine::common::{BrokerId, NodeId, Span, Time};
use kafkascope::engine::config::KafkaVersion;
use kafkascope::engine::controller::ControllerFact;
use kafkascope::engine::metadata::MetadataImage;
use kafkascope::engine::raft::{EpochState, RaftFact, ResignedBecause, VoteRefusedBecause};
use kafkascope::engine::runtime::Crash;
use kafkascope::engine::{Fact, Record, Setup};

use super::lab::{ALL, Lab};

const VOTERS: [BrokerId; 3] = [BrokerId(101), BrokerId(102), BrokerId(103)];

/// Three brokers and a quorum of three, with these properties.
fn three(seed: u64, version: KafkaVersion, properties: &[(&str, &str)]) -> Lab {
    let properties: Properties =
        properties.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Lab::new(Setup { seed, version, controllers: VOTERS.to_vec(), properties, ..Setup::default() })
}

/// And in office, with the topic `orders`.
fn settled(seed: u64) -> Lab {
    let mut lab = three(seed, KafkaVersion::V4_3, &[]);
    lab.until(Span::secs(10), "a controller and three brokers", |lab| {
        active(lab).is_some() && ALL.iter().all(|broker| lab.world.image().is_active(*broker))
    });
    create(&mut lab, "orders");
    lab.secs(2);
    lab
}

fn create(lab: &mut Lab, name: &str) {
    lab.act(Command::CreateTopic {
        name: name.into(),
        partitions: Some(3),
        replication_factor: Some(3),
        assignment: None,
        configs: Properties::new(),
    });
}

fn active(lab: &Lab) -> Option<BrokerId> {
    lab.world.active_controller().map(|(_, controller)| controller.id())
}

fn others(leader: BrokerId) -> Vec<BrokerId> {
    VOTERS.into_iter().filter(|voter| *voter != leader).collect()
}

fn crash(lab: &mut Lab, voter: BrokerId, how: Crash) {
    lab.act(Command::Crash { node: Target::Controller(voter), how });
}

fn restart(lab: &mut Lab, voter: BrokerId) {
    lab.act(Command::Restart { node: Target::Controller(voter) });
}

fn cut_off(lab: &mut Lab, voter: BrokerId, others: &[BrokerId], cut: bool) {
    for other in others {
        let (a, b) = (Target::Controller(voter), Target::Controller(*other));
        lab.act(if cut { Command::Partition { a, b } } else { Command::Repair { a, b } });
    }
}

fn raft_facts(lab: &Lab, from: Time) -> impl Iterator<Item = (&Record, &RaftFact)> {
    lab.trace.iter().filter(move |record| record.at >= from).filter_map(|record| match &record.fact {
        Fact::Raft(fact) => Some((record, fact)),
        _ => None,
    })
}

fn met(lab: &Lab, from: Time, wanted: impl Fn(&RaftFact) -> bool) -> bool {
    raft_facts(lab, from).any(|(_, fact)| wanted(fact))
}

/// The images of all controllers that run; they must agree.
fn image(lab: &Lab) -> &MetadataImage {
    let running = || lab.world.controllers().filter(|(id, _)| lab.world.is_up(*id));
    let end = running().map(|(_, controller)| controller.high_watermark()).min();
    for (id, controller) in running() {
        let own = controller.image();
        if Some(own.end_offset()) == end {
            continue;
        }
        assert!(Some(own.end_offset()) > end, "{id}");
    }
    lab.world.image()
}

#[test]
fn a_quorum_of_three_elects_one_and_the_brokers_find_it() {
    for seed in 0..10 {
        let mut lab = three(seed, KafkaVersion::V4_3, &[]);
        let took = lab.until(Span::secs(10), "an active controller", |lab| active(lab).is_some());
        // Nobody has led before: each waits its election timeout of one to two seconds; a split vote costs another.
        assert!(took >= Span::millis(1_000) && took <= Span::millis(4_500), "seed {seed}: {took}");
        lab.until(Span::secs(3), "brokers serve", |lab| ALL.iter().all(|id| lab.world.image().is_active(*id)));
        let leader = active(&lab).expect("it leads");
        for (_, broker) in lab.world.brokers() {
            assert_eq!(broker.raft().current_leader().leader, Some(leader), "seed {seed}");
        }
        assert!(met(&lab, Time::ZERO, |fact| matches!(fact, RaftFact::BecameUnattached { .. })
            || matches!(fact, RaftFact::VoteGranted { pre_vote: true, .. })));
        lab.assert_promises_kept();
    }
}

#[test]
fn a_dead_leader_is_replaced_within_two_to_four_seconds_and_producers_notice_nothing() {
    let mut epochs_needed = Vec::new();
    for (seed, how) in (0..16).map(|seed| (seed, if seed % 2 == 0 { Crash::Process } else { Crash::Power })) {
        let mut lab = settled(seed);
        lab.producer("checkout", &[("acks", "all")], Span::millis(100), None);
        lab.secs(3);
        let (old, acked) = (active(&lab).expect("one leads"), lab.acked("checkout"));
        let (epoch, before) = (lab.world.active_controller().unwrap().1.raft().quorum().epoch, lab.world.now());
        crash(&mut lab, old, how);
        let took = lab.until(Span::secs(12), "another controller", |lab| active(lab).is_some_and(|new| new != old));
        // The last answer to a fetch is up to 500 ms old: 1.5 to 2 s until somebody stands, 1 to 2 s more for each split
        // vote.
        let needed = lab.world.active_controller().unwrap().1.raft().quorum().epoch.0 - epoch.0;
        let (least, most) = (Span::millis(1_450), Span::millis(2_150 + 2_100 * u64::from(needed - 1)));
        assert!(took >= least && took <= most, "seed {seed}: {took} with {needed} elections");
        epochs_needed.push(needed);
        lab.secs(3);
        let per_second = (lab.acked("checkout") - acked) * 1_000_000 / lab.world.now().since(before).0;
        assert!(per_second >= 9, "seed {seed}: the data plane went on, {per_second} a second");
        assert!(ALL.iter().all(|broker| lab.world.image().is_active(*broker)), "nobody was fenced");
        let new = active(&lab);
        // A machine without power does not refuse: each broker that asks it for the log waits the request timeout of 2 s,
        // and may draw it again.
        lab.until(Span::secs(12), "all brokers know the new controller", |lab| {
            lab.world.brokers().all(|(_, broker)| broker.raft().current_leader().leader == new)
        });
        create(&mut lab, "later");
        lab.until(Span::secs(5), "the new controller decides", |lab| lab.world.image().topic_id("later").is_some());
        restart(&mut lab, old);
        lab.secs(5);
        let node = NodeId::Controller(old);
        let (_, back) = lab.world.controllers().find(|(id, _)| *id == node).expect("it exists");
        assert!(matches!(back.raft().quorum().state, EpochState::Follower { .. }), "seed {seed}: it follows");
        assert!(back.image().topic_id("later").is_some(), "seed {seed}: it caught up");
        lab.assert_promises_kept();
    }
    assert!(epochs_needed.contains(&1), "most elections need one epoch: {epochs_needed:?}");
    assert!(epochs_needed.iter().all(|needed| *needed <= 4), "{epochs_needed:?}");
}

#[test]
fn a_vote_may_be_split_and_the_next_epoch_settles_it() {
    // Both followers get their last answer at the same moment, so they stand for election at nearly the same moment.
    let mut split = 0;
    for seed in 0..30 {
        let mut lab = settled(100 + seed);
        let old = active(&lab).expect("one leads");
        let crashed_at = lab.world.now();
        crash(&mut lab, old, Crash::Power);
        lab.until(Span::secs(15), "another controller", |lab| active(lab).is_some_and(|new| new != old));
        let refused = |fact: &RaftFact| {
            let why = VoteRefusedBecause::Stands;
            matches!(fact, RaftFact::VoteRefused { pre_vote: false, why: found, .. } if *found == why)
        };
        split += u32::from(met(&lab, crashed_at, refused));
        lab.assert_promises_kept();
    }
    assert!(split > 0, "two candidates each with its own vote");
    assert!(split < 30, "and not always");
}

#[test]
fn without_a_majority_brokers_go_on_serving_and_nothing_can_change() {
    let mut lab = settled(7);
    lab.producer("checkout", &[("acks", "all")], Span::millis(100), None);
    lab.secs(2);
    let leader = active(&lab).expect("one leads");
    let lost_at = lab.world.now();
    for voter in others(leader) {
        crash(&mut lab, voter, Crash::Process);
    }
    let took = lab.until(Span::secs(5), "the leader resigns", |lab| active(lab).is_none());
    let alone = |fact: &Fact| matches!(fact, Fact::Raft(RaftFact::Resigned { why: ResignedBecause::NoMajority, .. }));
    let resigned = lab.first(lost_at, alone).expect("it has no majority").since(lost_at);
    // 1.5 times the fetch timeout after the last majority, which was at most 500 ms before the loss.
    assert!(resigned >= Span::millis(2_400) && resigned <= Span::secs(3), "{resigned}");
    // Its controller finds out when it next wants to write, within metadata.max.idle.interval.ms.
    assert!(took.saturating_sub(resigned) <= Span::millis(500), "{took}");
    create(&mut lab, "never");
    let (acked, end) = (lab.acked("checkout"), lab.world.image().end_offset());
    lab.secs(20);
    assert!(lab.acked("checkout") >= acked + 190, "twice a session timeout without a controller, and all is served");
    assert_eq!(lab.world.image().end_offset(), end, "no metadata record was committed");
    assert!(lab.world.image().topic_id("never").is_none());
    // A broker that dies now keeps its leaderships: nobody can move them.
    let victim = lab.leader(0).expect("led");
    lab.crash(victim);
    lab.secs(15);
    assert_eq!(lab.leader(0), Some(victim));
    restart(&mut lab, others(leader)[0]);
    lab.until(Span::secs(10), "a majority again", |lab| active(lab).is_some());
    lab.until(Span::secs(20), "the dead broker is fenced", |lab| lab.leader(0).is_some_and(|now| now != victim));
    lab.assert_promises_kept();
}

#[test]
fn a_leader_that_is_cut_off_decides_nothing_and_takes_back_what_it_had_decided() {
    for seed in 0..6 {
        let mut lab = settled(20 + seed);
        let old = active(&lab).expect("one leads");
        let cut_at = lab.world.now();
        cut_off(&mut lab, old, &others(old), true);
        // Brokers still reach it: what they ask it is decided, appended, and never committed.
        create(&mut lab, "undecided");
        let new = |lab: &Lab| active(lab).is_some_and(|new| new != old);
        lab.until(Span::secs(12), "the majority elects another", new);
        lab.until(Span::secs(6), "it gives up", |lab| {
            let node = NodeId::Controller(old);
            lab.world.controllers().all(|(id, controller)| id != node || !controller.is_active())
        });
        let renounced =
            |fact: &Fact| matches!(fact, Fact::Controller(ControllerFact::Renounced { undone, .. }) if *undone > 0);
        assert!(lab.first(cut_at, renounced).is_some(), "seed {seed}: it had decided things");
        cut_off(&mut lab, old, &others(old), false);
        let truncated = |lab: &Lab| met(lab, cut_at, |fact| matches!(fact, RaftFact::Truncated { .. }));
        lab.until(Span::secs(10), "it cuts its log back", truncated);
        lab.until(Span::secs(40), "the topic comes into being after all", |lab| {
            lab.world.image().topic_id("undecided").is_some()
        });
        lab.secs(2);
        image(&lab);
        lab.assert_promises_kept();
    }
}

#[test]
fn a_paused_leader_finds_another_in_its_place() {
    let mut lab = settled(31);
    let old = active(&lab).expect("one leads");
    lab.act(Command::Pause { node: Target::Controller(old) });
    lab.until(Span::secs(12), "another controller", |lab| active(lab).is_some_and(|new| new != old));
    lab.act(Command::Resume { node: Target::Controller(old) });
    lab.secs(5);
    let standing: Vec<BrokerId> =
        lab.world.controllers().filter(|(_, controller)| controller.is_active()).map(|(_, c)| c.id()).collect();
    assert_eq!(standing.len(), 1, "{standing:?}");
    lab.assert_promises_kept();
}

#[test]
fn a_leader_whose_disk_is_slower_than_the_fetch_timeout_loses_its_office() {
    let mut lab = settled(32);
    let old = active(&lab).expect("one leads");
    lab.act(Command::SlowDisk { node: Target::Controller(old), flush: Span::secs(4) });
    lab.until(Span::secs(20), "another controller", |lab| active(lab).is_some_and(|new| new != old));
    lab.assert_promises_kept();
}

#[test]
fn what_is_committed_survives_a_power_loss_of_all() {
    for seed in 0..8 {
        let mut lab = settled(40 + seed);
        create(&mut lab, "payments");
        lab.until(Span::secs(3), "it is committed", |lab| lab.world.image().topic_id("payments").is_some());
        for voter in VOTERS {
            crash(&mut lab, voter, Crash::Power);
        }
        lab.secs(1);
        for voter in VOTERS {
            restart(&mut lab, voter);
        }
        lab.until(Span::secs(15), "a controller", |lab| active(lab).is_some());
        let (_, controller) = lab.world.active_controller().expect("it leads");
        assert!(controller.image().topic_id("payments").is_some(), "seed {seed}");
        lab.secs(5);
        assert!(ALL.iter().all(|broker| lab.world.image().is_active(*broker)));
        lab.assert_promises_kept();
    }
}

#[test]
fn before_pre_vote_a_voter_that_returns_disturbs_the_epoch() {
    // KIP-996: a voter that cannot be reached for a while raises its epoch again and again, and unseats the leader when
    // it comes back. With pre-vote it asks first and is refused.
    for (version, disturbs) in [(KafkaVersion::V3_9, true), (KafkaVersion::V4_3, false)] {
        let mut lab = three(50, version, &[]);
        lab.until(Span::secs(10), "a controller", |lab| active(lab).is_some());
        lab.secs(2);
        let leader = active(&lab).expect("one leads");
        let epoch = lab.world.active_controller().unwrap().1.raft().quorum().epoch;
        let apart = others(leader)[0];
        let cut_at = lab.world.now();
        cut_off(&mut lab, apart, &others(apart), true);
        lab.secs(10);
        cut_off(&mut lab, apart, &others(apart), false);
        lab.secs(8);
        let now = lab.world.active_controller().expect("one leads").1.raft().quorum().epoch;
        assert_eq!(now > epoch, disturbs, "{version}: epoch {epoch}, now {now}");
        let met = |wanted: fn(&RaftFact) -> bool| met(&lab, cut_at, wanted);
        assert_eq!(met(|fact| matches!(fact, RaftFact::BackedOff { .. })), disturbs, "{version}");
        assert_eq!(met(|fact| matches!(fact, RaftFact::BecameProspective { .. })), !disturbs, "{version}");
        lab.assert_promises_kept();
    }
}

#[test]
fn who_is_too_far_behind_gets_a_snapshot() {
    let small = [
        ("metadata.log.max.record.bytes.between.snapshots", "3000"),
        ("metadata.max.retention.bytes", "4000"),
        ("metadata.max.idle.interval.ms", "200"),
    ];
    let mut lab = three(60, KafkaVersion::V4_3, &small);
    lab.until(Span::secs(10), "a controller", |lab| active(lab).is_some());
    lab.secs(2);
    let late = others(active(&lab).expect("one leads"))[0];
    crash(&mut lab, late, Crash::Process);
    let asleep = ALL[2];
    lab.crash(asleep);
    create(&mut lab, "orders");
    let crashed_at = lab.world.now();
    let cleaned = |lab: &Lab| met(lab, crashed_at, |fact| matches!(fact, RaftFact::LogCleaned { .. }));
    lab.until(Span::secs(130), "the log is cleaned", cleaned);
    assert!(met(&lab, crashed_at, |fact| matches!(fact, RaftFact::SnapshotTaken { .. })));
    restart(&mut lab, late);
    lab.restart(asleep);
    lab.secs(5);
    let fetched: Vec<Option<NodeId>> = raft_facts(&lab, crashed_at)
        .filter(|(_, fact)| matches!(fact, RaftFact::SnapshotFetched { .. }))
        .map(|(record, _)| record.node)
        .collect();
    assert!(fetched.contains(&Some(NodeId::Controller(late))), "{fetched:?}");
    assert!(fetched.contains(&Some(NodeId::Broker(asleep))), "{fetched:?}");
    let truth = lab.world.active_controller().expect("one leads").1.image().clone();
    let (_, back) = lab.world.controllers().find(|(_, controller)| controller.id() == late).expect("it exists");
    assert_eq!(back.image().to_records(), truth.to_records(), "a snapshot and the log after it add up to the same");
    assert!(back.log().start_offset().0 > 0);
    lab.until(Span::secs(5), "the broker serves again", |lab| lab.world.image().is_active(asleep));
    lab.assert_promises_kept();
}

#[test]
fn five_voters_bear_the_loss_of_two() {
    let voters: Vec<BrokerId> = (101..106).map(BrokerId).collect();
    let mut lab = Lab::new(Setup { seed: 70, controllers: voters.clone(), ..Setup::default() });
    lab.until(Span::secs(10), "a controller", |lab| active(lab).is_some());
    let leader = active(&lab).expect("one leads");
    crash(&mut lab, leader, Crash::Power);
    let second = *voters.iter().find(|voter| **voter != leader).expect("there are others");
    crash(&mut lab, second, Crash::Process);
    lab.until(Span::secs(15), "a majority of three elects", |lab| {
        active(lab).is_some_and(|now| now != leader && now != second)
    });
    lab.assert_promises_kept();
}

#[test]
fn the_controllers_of_a_setup_are_one_three_or_five() {
    for ids in [vec![], vec![101, 102], vec![101, 101, 102]] {
        let controllers = ids.into_iter().map(BrokerId).collect();
        let setup = Setup { controllers, ..Setup::default() };
        assert!(kafkascope::engine::World::new(setup).is_err());
    }
}
