//! What clients are told, and when.

use super::*;

#[test]
fn a_broker_registers_catches_up_and_serves_what_waited() {
    let mut stage = Stage::bare(&[]);
    let metadata = MetadataRequest { topics: TopicsAsked::All, allow_auto_topic_creation: false };
    let early = stage.ask(CLIENT, 1, metadata);
    stage.run(5);
    assert_eq!(stage.broker(1).lifecycle().state(), BrokerState::Starting);
    assert_eq!(stage.broker(1).early_requests().count(), 1);
    stage.run(1_000);
    assert_eq!(stage.broker(1).lifecycle().state(), BrokerState::Running);
    assert!(matches!(stage.answer(CLIENT, early), Some(Response::Metadata(_))));
    let facts = stage.facts_of(1);
    assert!(matches!(facts[..], [BrokerFact::Registered { .. }, BrokerFact::Unfenced]), "{facts:?}");
}

#[test]
fn a_second_broker_with_the_same_id_asks_ever_less_often() {
    let mut stage = Stage::bare(&[]);
    stage.controller(|controller| controller.registers_nobody = Some(ErrorCode::DuplicateBrokerRegistration));
    // Tries at about 0, 100, 300, 700 and 1500 ms.
    stage.run(1_400);
    let refusal = |fact: &&BrokerFact| {
        matches!(fact, BrokerFact::RegistrationRefused { error: ErrorCode::DuplicateBrokerRegistration })
    };
    assert_eq!(stage.facts_of(1).into_iter().filter(refusal).count(), 4);
    assert_eq!((stage.broker(1).lifecycle().state(), stage.broker(1).partitions().count()), (BrokerState::Starting, 0));
    stage.controller(|controller| controller.registers_nobody = None);
    stage.run(2_000);
    assert_eq!(stage.broker(1).lifecycle().state(), BrokerState::Running);
}

#[test]
fn a_fenced_broker_knows_it_and_goes_on_until_metadata_says_otherwise() {
    let mut stage = Stage::new(&[]);
    stage.controller(|controller| controller.fences = true);
    stage.run(2_100);
    assert!(stage.broker(1).lifecycle().is_fenced());
    assert!(stage.saw(1, |fact| *fact == BrokerFact::Fenced));
    let produce = stage.produce(1, Acks::Leader, "a");
    stage.run(50);
    assert_eq!(stage.produced(produce), Some(Ok(0)));
}

#[test]
fn whoever_comes_to_the_wrong_broker_is_told_the_right_one() {
    let mut stage = Stage::new(&[]);
    let produce = stage.produce(2, Acks::All, "a");
    let unknown = TopicPartition::new(TopicId(99), 0);
    let nowhere = ProduceRequest {
        acks: Acks::All,
        timeout: Span::secs(1),
        batches: vec![(unknown, RecordBatch::new([Record::new(None, None, stage.kernel.now())], None))],
    };
    let nowhere = stage.ask(CLIENT, 2, nowhere);
    stage.run(50);
    let Some(Response::Produce(answer)) = stage.answer(CLIENT, produce) else { panic!("answered") };
    assert_eq!(answer.partitions[0].outcome, Err(ErrorCode::NotLeaderOrFollower));
    let hint = answer.partitions[0].current_leader.unwrap();
    assert_eq!((hint.leader, hint.leader_epoch), (BrokerId(1), LeaderEpoch(0)));
    assert_eq!(stage.produced(nowhere), Some(Err(ErrorCode::UnknownTopicOrPartition)));
    // An outdated epoch is fenced; a parked fetch finds out as soon as the epoch changes.
    let mut fetch = consume(0, 10_000);
    fetch.partitions[0].current_leader_epoch = Some(LeaderEpoch(0));
    let fetch = stage.ask(OTHER, 1, fetch);
    stage.run(50);
    assert!(stage.fetched(fetch).is_none());
    stage.elect(Some(3), &[1, 2, 3]);
    stage.run(50);
    let answer = &stage.fetched(fetch).unwrap().partitions[0];
    assert_eq!(answer.outcome.as_ref().err(), Some(&ErrorCode::FencedLeaderEpoch));
    assert_eq!(answer.current_leader.unwrap().leader, BrokerId(3));
}

#[test]
fn fetches_wait_for_bytes_and_report_what_is_out_of_range() {
    let mut stage = Stage::new(&[]);
    let mut greedy = consume(0, 1_000);
    greedy.params.min_bytes = 150;
    let greedy = stage.ask(OTHER, 1, greedy);
    stage.run(20);
    // One batch of a record takes about 70 bytes.
    stage.produce(1, Acks::All, "a");
    stage.run(100);
    assert!(stage.fetched(greedy).is_none());
    assert_eq!(stage.broker(1).purgatory().fetches().filter(|(_, fetch)| fetch.parked.client == OTHER).count(), 1);
    for value in ["b", "c"] {
        stage.produce(1, Acks::All, value);
    }
    stage.run(100);
    assert_eq!(stage.fetched(greedy).unwrap().partitions[0].outcome.as_ref().unwrap().batches.len(), 3);
    let (beyond, at_end) = (stage.ask(OTHER, 1, consume(4, 1_000)), stage.ask(OTHER, 1, consume(3, 300)));
    stage.run(200);
    let refused = stage.fetched(beyond).unwrap().partitions[0].outcome.as_ref().err();
    assert_eq!(refused, Some(&ErrorCode::OffsetOutOfRange));
    assert!(stage.fetched(at_end).is_none());
    stage.run(200);
    assert!(stage.fetched(at_end).unwrap().partitions[0].outcome.as_ref().unwrap().batches.is_empty());
}

#[test]
fn a_new_leader_does_not_name_an_end_that_might_lie_behind_its_predecessors() {
    let mut stage = Stage::new(&[]);
    stage.produce(1, Acks::All, "a");
    stage.run(20);
    // Broker 2 has the record but has not heard that it is committed.
    assert_eq!((stage.marks(1), stage.marks(2)), ((1, 1), (1, 0)));
    stage.cut(NodeId::broker(2), NodeId::broker(3), true);
    stage.elect(Some(2), &[2, 3]);
    stage.run(10);
    let latest = |stage: &mut Stage, spec| {
        let list = stage.ask(CLIENT, 2, ListOffsetsRequest { partitions: vec![(TP, None, spec)] });
        stage.run(10);
        match stage.answer(CLIENT, list) {
            Some(Response::ListOffsets(answer)) => answer.partitions[0].1,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(latest(&mut stage, OffsetSpec::Latest), Err(ErrorCode::OffsetNotAvailable));
    assert_eq!(
        latest(&mut stage, OffsetSpec::At(crate::engine::common::Time::ZERO)),
        Err(ErrorCode::OffsetNotAvailable)
    );
    assert_eq!(latest(&mut stage, OffsetSpec::Earliest), Ok(Some(Offset(0))));
    stage.elect(Some(2), &[2]);
    stage.run(10);
    assert_eq!(latest(&mut stage, OffsetSpec::Latest), Ok(Some(Offset(1))));
    let now = stage.kernel.now();
    assert_eq!(latest(&mut stage, OffsetSpec::At(now)), Ok(None));
}

#[test]
fn a_missing_topic_is_created_for_who_asks_and_so_is_the_offsets_topic() {
    let mut stage = Stage::bare(&[("offsets.topic.num.partitions", "4")]);
    stage.run(1_000);
    let ask = || MetadataRequest { topics: TopicsAsked::Named(vec!["new".into()]), allow_auto_topic_creation: true };
    let outcome = |stage: &Stage, id| match stage.answer(CLIENT, id) {
        Some(Response::Metadata(answer)) => answer.topics[0].outcome.clone().map(|(_, partitions)| partitions.len()),
        other => panic!("{other:?}"),
    };
    let first = stage.ask(CLIENT, 2, ask());
    stage.run(50);
    assert_eq!(outcome(&stage, first), Err(ErrorCode::UnknownTopicOrPartition));
    assert!(stage.saw(2, |fact| matches!(fact, BrokerFact::TopicCreationAsked { name } if **name == *"new")));
    let second = stage.ask(CLIENT, 2, ask());
    stage.run(50);
    assert_eq!(outcome(&stage, second), Ok(1));

    let mut stage = Stage::bare(&[("offsets.topic.num.partitions", "4")]);
    stage.run(1_000);
    let find = |stage: &mut Stage| {
        let find = stage.ask(CLIENT, 3, FindCoordinatorRequest { group: "orders".into() });
        stage.run(50);
        match stage.answer(CLIENT, find) {
            Some(Response::FindCoordinator(answer)) => answer.outcome,
            other => panic!("{other:?}"),
        }
    };
    // The single-node trap: the topic cannot be created, and every answer is the same.
    stage.controller(|controller| controller.creates_nothing = Some(ErrorCode::InvalidReplicationFactor));
    for _ in 0..2 {
        assert_eq!(find(&mut stage), Err(ErrorCode::CoordinatorNotAvailable));
    }
    stage.controller(|controller| controller.creates_nothing = None);
    assert_eq!(find(&mut stage), Err(ErrorCode::CoordinatorNotAvailable));
    assert_eq!(find(&mut stage), Ok(BrokerId(1)));
    assert_eq!(stage.broker(1).coordinator().partitions().count(), 4);
    let id = stage.broker(2).image().topic_id(OFFSETS_TOPIC).unwrap();
    assert_eq!(stage.broker(2).image().topic(id).unwrap().partitions.len(), 4);
    stage.kernel.crash(NodeId::broker(1), Crash::Process);
    assert_eq!(stage.broker(1).coordinator().partitions().count(), 0);
}

#[test]
fn topics_are_created_by_the_controller_and_the_client_waits_for_it() {
    let mut stage = Stage::bare(&[]);
    stage.run(1_000);
    let topic = || NewTopic {
        name: "orders".into(),
        partitions: Some(2),
        replication_factor: None,
        assignment: None,
        configs: BTreeMap::new(),
    };
    let create = stage.ask(CLIENT, 2, CreateTopicsRequest { topics: vec![topic()] });
    stage.run(50);
    let Some(Response::CreateTopics(answer)) = stage.answer(CLIENT, create) else { panic!("answered") };
    assert_eq!(answer.topics[0].1, Ok(TopicId(7)));
    // A dead controller: the request goes out again and again, until its 30 s are over.
    stage.kernel.crash(CONTROLLER, Crash::Process);
    let create = stage.ask(CLIENT, 2, CreateTopicsRequest { topics: vec![topic()] });
    stage.run(29_000);
    assert!(stage.answer(CLIENT, create).is_none());
    assert_eq!(stage.broker(2).topic_creation().in_flight().count(), 1);
    stage.run(1_100);
    let Some(Response::CreateTopics(answer)) = stage.answer(CLIENT, create) else { panic!("told at last") };
    assert_eq!(answer.topics[0].1.as_ref().unwrap_err().0, ErrorCode::RequestTimedOut);
    assert_eq!(stage.broker(2).topic_creation().in_flight().count(), 0);
}

#[test]
fn a_rewritten_file_waits_for_the_restart_and_a_dynamic_value_does_not() {
    let mut stage = Stage::new(&[]);
    let mut file = stage.broker(1).config().clone();
    file.set("min.insync.replicas", "3").unwrap();
    file.set("replica.lag.time.max.ms", "10000").unwrap();
    stage.kernel.command(NodeId::broker(1), |node, _| match node {
        Process::Broker(broker) => broker.write_properties(file),
        _ => unreachable!(),
    });
    let pending = stage.broker(1).pending_restart();
    let expected = [("min.insync.replicas", "1", "3"), ("replica.lag.time.max.ms", "30000", "10000")];
    assert_eq!(pending, expected.map(|(key, now, then)| (key, now.to_owned(), then.to_owned())));
    assert_eq!(stage.broker(1).config().min_insync_replicas, 1, "even what could be changed at run time waits");

    let dynamic = |broker: Option<u32>, value: &str| MetadataRecord::BrokerConfig {
        broker: broker.map(BrokerId),
        key: "min.insync.replicas".into(),
        value: Some(value.into()),
    };
    stage.write([dynamic(None, "2")]);
    stage.run(50);
    assert_eq!(stage.broker(1).config().min_insync_replicas, 2, "at once");
    stage.write([dynamic(Some(1), "4"), dynamic(Some(2), "5")]);
    stage.run(50);
    assert_eq!(stage.broker(1).config().min_insync_replicas, 4, "its own value wins over the one for all");
    assert_eq!(stage.broker(1).pending_restart().len(), 1, "the file's value is shadowed now");
    stage.elect(Some(1), &[1, 2]);
    stage.controller(|controller| controller.refuses = Some(ErrorCode::IneligibleReplica));
    stage.run(50);
    let produce = stage.produce(1, Acks::All, "a");
    stage.run(50);
    assert!(stage.produced(produce).is_some());
    stage.kernel.crash(NodeId::broker(1), Crash::Process);
    stage.kernel.restart(NodeId::broker(1));
    stage.run(10);
    assert_eq!(stage.broker(1).config().replica_lag_time_max, Span::secs(10));
    stage.run(3_000);
    assert_eq!(stage.broker(1).pending_restart(), []);
}
