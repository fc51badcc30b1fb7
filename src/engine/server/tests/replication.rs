//! Copies: who has what, what is committed, what is cut, who is in sync.

use super::*;

#[test]
fn acks_all_is_answered_when_all_in_sync_have_it_and_followers_learn_it_a_fetch_later() {
    let mut stage = Stage::new(&[]);
    let waits = stage.ask(OTHER, 1, consume(0, 10_000));
    stage.run(20);
    let produce = stage.produce(1, Acks::All, "a");
    // Over there (2–3 ms); the followers' parked fetches take it to them; nobody has reported back yet.
    stage.run(4);
    assert_eq!((stage.produced(produce), stage.marks(1)), (None, (1, 0)));
    assert_eq!(stage.broker(1).purgatory().produces().count(), 1);
    stage.run(16);
    assert_eq!((stage.produced(produce), stage.marks(1)), (Some(Ok(0)), (1, 1)));
    assert_eq!(stage.fetched(waits).unwrap().partitions[0].outcome.as_ref().unwrap().batches.len(), 1);
    // The followers have the record but not the news, which comes with the next answer, 500 ms later if nothing is
    // produced meanwhile.
    assert_eq!((stage.marks(2), stage.marks(3)), ((1, 0), (1, 0)));
    stage.run(520);
    assert_eq!((stage.marks(2), stage.marks(3)), ((1, 1), (1, 1)));
    let of_leader = stage.facts_of(1);
    let at = |is_it: &dyn Fn(&BrokerFact) -> bool| of_leader.iter().position(|fact| is_it(fact)).unwrap();
    let appended = at(&|fact| matches!(fact, BrokerFact::Appended { from: CLIENT, .. }));
    let parked = at(&|fact| matches!(fact, BrokerFact::ProduceParked { until: Offset(1), .. }));
    let moved = at(&|fact| match fact {
        BrokerFact::HighWatermarkMoved { ends, .. } => {
            ends.iter().map(|(id, end)| (id.0, end.0)).eq([(1, 1), (2, 1), (3, 1)])
        }
        _ => false,
    });
    let answered = at(&|fact| matches!(fact, BrokerFact::ProduceAnswered { outcome: Ok(Offset(0)), .. }));
    assert!(appended < parked && parked < moved && moved < answered);
}

#[test]
fn acks_one_is_answered_by_the_leader_alone_and_acks_zero_by_nobody() {
    let mut stage = Stage::new(&[]);
    for follower in [2, 3] {
        stage.cut(NodeId::broker(1), NodeId::broker(follower), true);
    }
    let (one, zero, all) =
        (stage.produce(1, Acks::Leader, "a"), stage.produce(1, Acks::Zero, "b"), stage.produce(1, Acks::All, "c"));
    stage.run(100);
    assert_eq!((stage.produced(one), stage.produced(zero), stage.produced(all)), (Some(Ok(0)), None, None));
    assert_eq!(stage.marks(1), (3, 0));
    // A consumer sees nothing that is not committed.
    let fetch = stage.ask(OTHER, 1, consume(0, 0));
    stage.run(20);
    let fetched = stage.fetched(fetch).unwrap().partitions[0].outcome.as_ref().unwrap();
    assert_eq!((fetched.batches.len(), fetched.high_watermark), (0, Offset(0)));
}

#[test]
fn a_stalled_follower_leaves_the_in_sync_set_and_returns_to_it() {
    let mut stage = Stage::new(&[]);
    stage.produce(1, Acks::All, "a");
    stage.run(1_000);
    stage.cut(NodeId::broker(1), NodeId::broker(3), true);
    stage.run(600);
    let stuck = stage.produce(1, Acks::All, "b");
    // Not before 30 s, at the latest after 45.
    stage.run(28_000);
    assert_eq!(stage.broker(1).partition(TP).unwrap().maximal_isr().len(), 3);
    stage.run(17_000);
    assert_eq!(stage.broker(1).partition(TP).unwrap().maximal_isr(), [BrokerId(1), BrokerId(2)]);
    assert_eq!(stage.marks(1), (2, 2));
    // The producer's 30 s were over before that.
    assert_eq!(stage.produced(stuck), Some(Err(ErrorCode::RequestTimedOut)));
    assert_eq!(stage.broker(2).image().partition(TP).unwrap().isr.len(), 2);
    stage.cut(NodeId::broker(1), NodeId::broker(3), false);
    // The follower's request is lost; it gives up after 30 s and waits another before it tries again.
    stage.run(32_000);
    assert_eq!(stage.broker(1).partition(TP).unwrap().maximal_isr().len(), 3);
    assert_eq!(stage.marks(3), (2, 2));
    assert!(stage.saw(1, |fact| matches!(fact, BrokerFact::IsrCommitted { isr, .. } if isr.len() == 3)));
}

#[test]
fn too_few_in_sync_and_nothing_is_written() {
    let mut stage = Stage::new(&[("min.insync.replicas", "2")]);
    stage.elect(Some(1), &[1]);
    stage.controller(|controller| controller.refuses = Some(ErrorCode::IneligibleReplica));
    stage.run(50);
    let (all, one) = (stage.produce(1, Acks::All, "a"), stage.produce(1, Acks::Leader, "b"));
    stage.run(50);
    assert_eq!((stage.produced(all), stage.produced(one)), (Some(Err(ErrorCode::NotEnoughReplicas)), Some(Ok(0))));
    // And what acks=1 wrote is not committed (KAFKA-15489: the high watermark stands still below the minimum).
    assert_eq!(stage.marks(1), (1, 0));
    assert!(stage.saw(1, |fact| matches!(
        fact,
        BrokerFact::AppendRefused { error: ErrorCode::NotEnoughReplicas, isr: 1, min_isr: 2, .. }
    )));
    assert!(stage.saw(1, |fact| matches!(fact, BrokerFact::IsrRefused { error: ErrorCode::IneligibleReplica, .. })));
}

#[test]
fn the_set_may_shrink_below_the_minimum_after_the_append() {
    let mut stage = Stage::new(&[("min.insync.replicas", "2")]);
    for follower in [2, 3] {
        stage.cut(NodeId::broker(1), NodeId::broker(follower), true);
    }
    let produce = stage.produce(1, Acks::All, "a");
    stage.run(50);
    // While it waits, the topic's minimum is not met any more: with an in-sync set of one the high watermark stands
    // still (3.7), so it ends in a timeout, not in NOT_ENOUGH_REPLICAS_AFTER_APPEND.
    stage.elect(Some(1), &[1]);
    stage.run(30_000);
    assert_eq!(stage.produced(produce), Some(Err(ErrorCode::RequestTimedOut)));
    assert_eq!(stage.marks(1), (1, 0));
}

#[test]
fn a_former_leader_cuts_what_the_new_one_never_had() {
    let mut stage = Stage::new(&[]);
    stage.produce(1, Acks::All, "a");
    stage.run(1_000);
    // Broker 1 is alone, without knowing it, and takes writes with acks=1.
    for other in [NodeId::broker(2), NodeId::broker(3), CONTROLLER] {
        stage.cut(NodeId::broker(1), other, true);
    }
    let lost = [stage.produce(1, Acks::Leader, "lost 1"), stage.produce(1, Acks::Leader, "lost 2")];
    stage.elect(Some(2), &[2, 3]);
    stage.run(500);
    assert!(lost.iter().all(|correlation| stage.produced(*correlation).unwrap().is_ok()));
    let kept = stage.produce(2, Acks::All, "kept");
    // If broker 3 heard of the election first, its first fetch came too early, and the next comes a second later.
    stage.run(1_100);
    assert_eq!(stage.produced(kept), Some(Ok(1)));
    assert_eq!(
        (stage.values(1), stage.values(2)),
        (vec!["a".into(), "lost 1".into(), "lost 2".into()], vec!["a".into(), "kept".into()])
    );
    let parked = stage.produce(1, Acks::All, "never");
    stage.run(50);
    for other in [NodeId::broker(2), NodeId::broker(3), CONTROLLER] {
        stage.cut(NodeId::broker(1), other, false);
    }
    stage.run(10_000);
    assert_eq!(stage.produced(parked), Some(Err(ErrorCode::NotLeaderOrFollower)));
    assert_eq!(stage.values(1), ["a", "kept"]);
    assert!(stage.saw(1, |fact| matches!(fact, BrokerFact::Truncated { to: Offset(1), from: Offset(4), .. })));
    assert_eq!(stage.broker(1).log(TP).unwrap().leader_epochs(), stage.broker(2).log(TP).unwrap().leader_epochs());
    // And it is let in again.
    assert_eq!(stage.broker(2).partition(TP).unwrap().maximal_isr().len(), 3);
}

#[test]
fn a_killed_leader_keeps_its_records_and_a_dark_one_loses_what_was_never_flushed() {
    for (how, left) in [(Crash::Process, 3), (Crash::Power, 0)] {
        let mut stage = Stage::new(&[]);
        // Past the checkpoint of second 5, and three records more.
        stage.produce(1, Acks::All, "a");
        stage.run(6_000);
        for value in ["b", "c"] {
            stage.produce(1, Acks::All, value);
        }
        stage.run(1_000);
        assert_eq!(stage.marks(1), (3, 3));
        stage.kernel.crash(NodeId::broker(1), how);
        assert_eq!(stage.marks(1), (left, left.min(1)));
        assert_eq!(stage.broker(1).partitions().count(), 0);
        stage.elect(Some(2), &[2, 3]);
        stage.kernel.restart(NodeId::broker(1));
        stage.run(3_000);
        // All of it is still with the others, and comes back.
        assert_eq!(stage.values(1), ["a", "b", "c"]);
        assert_eq!(stage.marks(1), (3, 3));
        assert!(stage.broker(1).image().broker(BrokerId(1)).unwrap().epoch > BrokerEpoch(5));
    }
}

#[test]
fn a_follower_that_was_away_too_long_starts_over_at_the_leaders_start() {
    let mut stage = Stage::new(&[]);
    stage.produce(1, Acks::All, "a");
    stage.run(1_000);
    stage.kernel.crash(NodeId::broker(3), Crash::Process);
    stage.elect(Some(1), &[1, 2]);
    for value in ["b", "c", "d"] {
        stage.produce(1, Acks::All, value);
        stage.run(600);
    }
    // Retention has taken the beginning.
    stage.kernel.command(NodeId::broker(1), |node, _| match node {
        Process::Broker(broker) => {
            assert!(broker.durable.logs.get_mut(TP).unwrap().maybe_increment_log_start_offset(Offset(3)));
        }
        _ => unreachable!(),
    });
    stage.kernel.restart(NodeId::broker(3));
    stage.run(3_000);
    assert_eq!(stage.values(3), ["d"]);
    assert_eq!(stage.broker(3).log(TP).unwrap().log_start_offset(), Offset(3));
    assert_eq!(stage.broker(1).partition(TP).unwrap().maximal_isr().len(), 3);
}

#[test]
fn after_an_unclean_election_the_longer_log_is_cut() {
    let mut stage = Stage::new(&[]);
    stage.produce(1, Acks::All, "a");
    stage.run(1_000);
    stage.cut(NodeId::broker(1), NodeId::broker(3), true);
    stage.elect(Some(1), &[1, 2]);
    stage.run(100);
    for value in ["b", "c"] {
        stage.produce(1, Acks::All, value);
    }
    stage.run(1_000);
    assert_eq!(stage.marks(2), (3, 3));
    stage.elect(Some(3), &[3]);
    stage.cut(NodeId::broker(1), NodeId::broker(3), false);
    stage.run(5_000);
    for broker in [1, 2, 3] {
        assert_eq!((stage.values(broker), stage.marks(broker)), (vec!["a".to_owned()], (1, 1)), "broker {broker}");
    }
}

#[test]
fn without_a_leader_a_partition_is_followed_by_nobody() {
    let mut stage = Stage::new(&[]);
    stage.elect(None, &[1]);
    stage.run(100);
    let produce = stage.produce(1, Acks::All, "a");
    stage.run(50);
    assert_eq!(stage.produced(produce), Some(Err(ErrorCode::NotLeaderOrFollower)));
    for broker in [1, 2, 3] {
        assert_eq!(stage.broker(broker).partition(TP).unwrap().leader(), None);
        assert_eq!(stage.broker(broker).fetchers().count(), 0);
    }
}

#[test]
fn a_dead_leader_is_tried_again_after_the_backoff() {
    let mut stage = Stage::new(&[]);
    stage.kernel.crash(NodeId::broker(1), Crash::Process);
    stage.run(50);
    let fetcher = stage.broker(2).fetchers().next().unwrap();
    assert!(fetcher.in_flight().is_none() && fetcher.backoff_until().is_some());
    assert!(matches!(fetcher.partitions().next().unwrap().1.phase, FetchPhase::Delayed { .. }));
    let refused = |stage: &Stage| stage.kernel.in_flight().filter(|message| message.to == NodeId::broker(1)).count();
    assert_eq!(refused(&stage), 0);
    // It heard of the crash after 2 ms; replica.fetch.backoff.ms is a second.
    stage.run(950);
    assert!(stage.broker(2).fetchers().next().unwrap().in_flight().is_none());
    stage.run(4);
    assert!(stage.broker(2).fetchers().next().unwrap().in_flight().is_some());
}

#[test]
fn segments_roll_and_go_on_every_replica_as_the_topic_says() {
    let mut stage = Stage::new(&[("log.retention.check.interval.ms", "1000"), ("log.initial.task.delay.ms", "1000")]);
    // A record takes about 70 bytes, so a segment holds two; they may be three seconds old.
    let config = |key: &str, value: &str| MetadataRecord::TopicConfig {
        topic: TP.topic,
        key: key.into(),
        value: Some(value.into()),
    };
    stage.write([config("internal.segment.bytes", "150"), config("retention.ms", "3000")]);
    stage.run(100);
    for value in ["a", "b", "c"] {
        stage.produce(1, Acks::All, value);
        stage.run(100);
    }
    for broker in [1, 2, 3] {
        let log = stage.broker(broker).log(TP).unwrap();
        assert_eq!(log.segments().map(|segment| segment.base_offset().0).collect::<Vec<_>>(), [0, 2]);
        assert_eq!(log.recovery_point(), Offset(2));
        assert!(stage.saw(broker, |fact| matches!(fact, BrokerFact::SegmentRolled { base_offset: Offset(2), .. })));
    }
    stage.run(5_000);
    for broker in [1, 2, 3] {
        let log = stage.broker(broker).log(TP).unwrap();
        assert_eq!((log.log_start_offset(), log.log_end_offset(), log.size_in_bytes()), (Offset(3), Offset(3), 0));
        assert!(stage.saw(broker, |fact| matches!(fact, BrokerFact::SegmentDeleted { base_offset: Offset(0), .. })));
    }
    let gone = stage.ask(OTHER, 1, consume(0, 100));
    stage.run(50);
    assert_eq!(stage.fetched(gone).unwrap().partitions[0].outcome.as_ref().err(), Some(&ErrorCode::OffsetOutOfRange));
    assert!(stage.saw(1, |fact| matches!(fact, BrokerFact::FetchRefused { error: ErrorCode::OffsetOutOfRange, .. })));
}
