//! Fetch sessions as their broker keeps them, against `FetchManager`, `FetchSessionCache` and `FetchContext` as they were
//! read. Broker 1 leads, brokers 2 and 3 follow, and `OTHER` plays consumers.

use super::*;
use crate::engine::protocol::{FetchSessionId, FetchedPartition};

const TP1: TopicPartition = TopicPartition { topic: TopicId(0), partition: PartitionId(1) };

/// A fetch of the one partition under this number.
fn numbered(metadata: FetchMetadata, offset: u64) -> FetchRequest {
    FetchRequest { metadata, ..consume(offset, 0) }
}

/// Asks for the same as before.
fn again(session: FetchSessionId, epoch: u32) -> FetchRequest {
    let metadata = FetchMetadata::Incremental { session, epoch };
    FetchRequest { partitions: Vec::new(), ..numbered(metadata, 0) }
}

impl Stage {
    fn answer_to(&mut self, request: FetchRequest) -> FetchResponse {
        let asked = self.ask(OTHER, 1, request);
        self.run(20);
        self.fetched(asked).expect("nobody waits here").clone()
    }

    /// Asks for a session; `None` if there is none to be had.
    fn open_session(&mut self) -> Option<FetchSessionId> {
        self.answer_to(numbered(FetchMetadata::INITIAL, 0)).session
    }

    /// Sessions of broker 1, as (fetcher, partitions).
    fn sessions(&self) -> Vec<(NodeId, usize)> {
        self.broker(1).fetch_sessions().sessions().map(|session| (session.fetcher(), session.size())).collect()
    }

    fn put(&mut self, partition: TopicPartition, value: &str) {
        let record = Record::new(None, Some(value.as_bytes()), self.kernel.now());
        let batches = vec![(partition, RecordBatch::new([record], None))];
        self.ask(CLIENT, 1, ProduceRequest { acks: Acks::All, timeout: Span::secs(30), batches });
        // The answer to the leader's followers, and their next fetches, which move the high watermark.
        self.run(50);
    }
}

fn told(response: &FetchResponse) -> Vec<(u32, usize)> {
    let batches = |one: &FetchedPartition| one.outcome.as_ref().map_or(0, |fetched| fetched.batches.len());
    response.partitions.iter().map(|one| (one.partition.partition.0, batches(one))).collect()
}

#[test]
fn an_answer_in_a_session_tells_only_what_is_new() {
    let mut stage = Stage::new(&[]);
    let first = stage.answer_to(numbered(FetchMetadata::INITIAL, 0));
    assert_eq!(told(&first), [(0, 0)], "a full answer leaves nothing out");
    let session = first.session.expect("there is room");
    let second = stage.answer_to(again(session, 1));
    assert_eq!((told(&second), second.session, second.error), (vec![], Some(session), None));
    stage.put(TP, "a");
    let third = stage.answer_to(again(session, 2));
    assert_eq!(told(&third), [(0, 1)], "from offset 0, as was asked in the first request");
    // The position moves on; the high watermark is known already.
    let moved = numbered(FetchMetadata::Incremental { session, epoch: 3 }, 1);
    assert_eq!(told(&stage.answer_to(moved)), []);
    // An error is told each time, and its end as well.
    let beyond = numbered(FetchMetadata::Incremental { session, epoch: 4 }, 9);
    let refused = |response: &FetchResponse| response.partitions[0].outcome.as_ref().err().copied();
    assert_eq!(refused(&stage.answer_to(beyond)), Some(ErrorCode::OffsetOutOfRange));
    assert_eq!(refused(&stage.answer_to(again(session, 5))), Some(ErrorCode::OffsetOutOfRange));
    let back = numbered(FetchMetadata::Incremental { session, epoch: 6 }, 1);
    assert_eq!(told(&stage.answer_to(back)), [(0, 0)], "the high watermark is told anew");
    assert_eq!(told(&stage.answer_to(again(session, 7))), []);
}

#[test]
fn a_fetch_that_waits_in_a_session_is_woken_by_any_of_its_partitions() {
    let mut stage = Stage::new(&[]);
    let session = stage.open_session().unwrap();
    let mut patient = again(session, 1);
    patient.params.max_wait = Span::secs(10);
    let waiting = stage.ask(OTHER, 1, patient);
    stage.run(1_000);
    assert!(stage.fetched(waiting).is_none());
    assert_eq!(stage.sessions().len(), 3);
    stage.put(TP, "a");
    assert_eq!(told(stage.fetched(waiting).unwrap()), [(0, 1)]);
}

#[test]
fn a_request_out_of_order_or_of_no_session_is_refused_as_a_whole() {
    let mut stage = Stage::new(&[]);
    let session = stage.open_session().unwrap();
    let stranger = FetchSessionId(session.0 ^ 1);
    let unknown = stage.answer_to(again(stranger, 1));
    assert_eq!((unknown.error, unknown.session), (Some(ErrorCode::FetchSessionIdNotFound), None));
    let early = stage.answer_to(again(session, 2));
    assert_eq!((early.error, early.session), (Some(ErrorCode::InvalidFetchSessionEpoch), None));
    // The refused request was not counted.
    assert_eq!(stage.answer_to(again(session, 1)).error, None);
    assert_eq!(stage.answer_to(again(session, 1)).error, Some(ErrorCode::InvalidFetchSessionEpoch), "twice");
    let refusals = stage.facts_of(1).into_iter().filter(|fact| matches!(fact, BrokerFact::FetchSessionRefused { .. }));
    assert_eq!(refusals.count(), 3);
}

#[test]
fn a_session_ends_with_its_last_partition_or_by_a_full_request_that_names_it() {
    let mut stage = Stage::new(&[]);
    let session = stage.open_session().unwrap();
    assert_eq!(stage.sessions().len(), 3);
    let last = stage.answer_to(FetchRequest { forgotten: vec![TP], ..again(session, 1) });
    assert_eq!((told(&last), last.session), (vec![], None));
    assert_eq!(stage.sessions().len(), 2);
    let session = stage.open_session().unwrap();
    let other = stage.answer_to(numbered(FetchMetadata::Initial { close: Some(session) }, 0)).session.unwrap();
    assert_eq!((other == session, stage.sessions().len()), (false, 3));
    let end = FetchMetadata::Final { close: Some(other) };
    let ended = stage.answer_to(FetchRequest { partitions: Vec::new(), ..numbered(end, 0) });
    assert_eq!((ended.session, ended.error, stage.sessions().len()), (None, None, 2));
    let closed = stage.facts_of(1).into_iter().filter(|fact| matches!(fact, BrokerFact::FetchSessionClosed { .. }));
    assert_eq!(closed.count(), 3);
}

#[test]
fn who_got_records_goes_behind_the_others() {
    let mut stage = Stage::new(&[]);
    stage.write([MetadataRecord::Partition { partition: TP1, registration: led_by(1) }]);
    stage.run(1_000);
    for partition in [TP, TP, TP1, TP1] {
        stage.put(partition, "a");
    }
    // Room for one batch, which comes whole however little room there is.
    let tight = |mut request: FetchRequest| {
        request.params.max_bytes = 1;
        request
    };
    let at = |partition: TopicPartition, offset: u64| FetchPartition {
        partition,
        fetch_offset: Offset(offset),
        ..consume(0, 0).partitions[0]
    };
    let full = FetchRequest { partitions: vec![at(TP, 0), at(TP1, 0)], ..numbered(FetchMetadata::INITIAL, 0) };
    let first = stage.answer_to(tight(full));
    let session = first.session.unwrap();
    // A full answer makes the session, in the order of the request: the next one begins with partition 0 again.
    assert_eq!(told(&first), [(0, 1), (1, 0)]);
    let mut next = |epoch: u32, partitions: Vec<FetchPartition>| {
        told(&stage.answer_to(tight(FetchRequest { partitions, ..again(session, epoch) })))
    };
    assert_eq!(next(1, vec![at(TP, 1)]), [(0, 1)]);
    assert_eq!(next(2, vec![at(TP, 2)]), [(1, 1)]);
    assert_eq!(next(3, vec![at(TP, 0), at(TP1, 0)]), [(0, 1)], "partition 1 was served last");
}

#[test]
fn without_slots_everybody_lists_everything() {
    let mut stage = Stage::new(&[("max.incremental.fetch.session.cache.slots", "0")]);
    assert_eq!(stage.open_session(), None);
    assert!(stage.sessions().is_empty());
    assert!(stage.saw(1, |fact| matches!(fact, BrokerFact::FetchSessionDenied { fetcher: OTHER, slots: 0 })));
    stage.put(TP, "a");
    stage.run(600);
    assert_eq!([1, 2, 3].map(|broker| stage.marks(broker)), [(1, 1); 3]);
}

/// Eight slots, so one in each of the eight shards, which take new sessions in turn. The followers have the first two.
#[test]
fn a_follower_drives_out_a_consumer_and_anybody_who_was_idle_for_two_minutes() {
    let mut stage = Stage::new(&[("max.incremental.fetch.session.cache.slots", "8")]);
    let mut followers: Vec<NodeId> = stage.sessions().into_iter().map(|(fetcher, _)| fetcher).collect();
    followers.sort_unstable();
    assert_eq!(followers, [NodeId::broker(2), NodeId::broker(3)]);
    for shard in 2..8 {
        assert!(stage.open_session().is_some(), "shard {shard}");
    }
    for shard in [0, 1, 2] {
        assert_eq!(stage.open_session(), None, "shard {shard}: a follower's, or another consumer's, and young");
    }
    stage.run(119_000);
    assert_eq!(stage.open_session(), None, "shard 3: used less than 120 s ago");
    stage.run(2_000);
    for shard in [4, 5, 6, 7] {
        assert!(stage.open_session().is_some(), "shard {shard}: idle for more than 120 s");
    }
    for shard in [0, 1] {
        assert_eq!(stage.open_session(), None, "shard {shard}: a follower's, and in use");
    }
    for shard in [2, 3] {
        assert!(stage.open_session().is_some(), "shard {shard}");
    }
    // Broker 3 comes back as a new process, which knows of no session: shard 4 is a young consumer's.
    stage.kernel.crash(NodeId::broker(3), Crash::Process);
    stage.kernel.restart(NodeId::broker(3));
    stage.run(2_000);
    let evicted = |fact: &BrokerFact| match fact {
        BrokerFact::FetchSessionEvicted { fetcher, newcomer, .. } => Some((*fetcher, *newcomer)),
        _ => None,
    };
    let evicted: Vec<_> = stage.facts_of(1).into_iter().filter_map(evicted).collect();
    assert_eq!(evicted, [[(OTHER, OTHER); 6].as_slice(), &[(OTHER, NodeId::broker(3))]].concat());
    assert_eq!(stage.sessions().len(), 8, "the old one of broker 3 is still there");
}

#[test]
fn a_follower_whose_session_is_gone_lists_everything_once_more() {
    let mut stage = Stage::new(&[]);
    let of_two = |stage: &Stage| {
        let sessions = stage.broker(1).fetch_sessions();
        sessions.sessions().find(|session| session.fetcher() == NodeId::broker(2)).unwrap().id()
    };
    let theirs = of_two(&stage);
    // Nobody asks whose session it is that a full request ends.
    stage.answer_to(numbered(FetchMetadata::Final { close: Some(theirs) }, 0));
    stage.run(1_000);
    let error = ErrorCode::FetchSessionIdNotFound;
    let fetcher = NodeId::broker(2);
    assert!(stage.saw(1, |fact| *fact == BrokerFact::FetchSessionRefused { session: theirs, fetcher, error }));
    assert_ne!(of_two(&stage), theirs);
    stage.put(TP, "a");
    stage.run(600);
    assert_eq!([1, 2, 3].map(|broker| stage.marks(broker)), [(1, 1); 3]);
}

#[test]
fn sessions_die_with_the_process_and_outlive_a_connection() {
    let mut stage = Stage::new(&[]);
    let session = stage.open_session().unwrap();
    stage.cut(OTHER, NodeId::broker(1), true);
    stage.run(100);
    stage.cut(OTHER, NodeId::broker(1), false);
    assert_eq!(stage.answer_to(again(session, 1)).error, None);
    stage.kernel.crash(NodeId::broker(1), Crash::Process);
    stage.kernel.restart(NodeId::broker(1));
    stage.run(3_000);
    assert_eq!(stage.answer_to(again(session, 2)).error, Some(ErrorCode::FetchSessionIdNotFound));
}

#[test]
fn what_a_follower_does_not_follow_any_more_is_forgotten() {
    let mut stage = Stage::new(&[]);
    stage.write([MetadataRecord::Partition { partition: TP1, registration: led_by(1) }]);
    stage.run(1_000);
    let mut sizes = stage.sessions();
    sizes.sort_unstable();
    assert_eq!(sizes, [(NodeId::broker(2), 2), (NodeId::broker(3), 2)]);
    stage.elect(Some(2), &[1, 2, 3]);
    stage.run(1_000);
    let mut sizes = stage.sessions();
    sizes.sort_unstable();
    assert_eq!(sizes, [(NodeId::broker(2), 1), (NodeId::broker(3), 1)], "broker 2 leads partition 0 now");
    let at_two = stage.broker(2).fetch_sessions();
    assert_eq!(at_two.sessions().map(|session| session.size()).collect::<Vec<_>>(), [1, 1]);
}
