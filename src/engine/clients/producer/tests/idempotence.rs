//! What is sent again, without idempotence and with it, against a broker that has a real leader's log: duplicates,
//! order, ids, sequence numbers, and gaps by version.

use super::*;

/// The leader writes these, and crashes before it has answered.
fn lose_the_answers(bench: &mut Bench, sent: &[&str]) {
    bench.run(10);
    bench.broker(1).silent = true;
    bench.produce(values(sent));
    bench.run(14);
    bench.kernel.crash(NodeId::broker(1), Crash::Process);
    bench.broker(1).silent = false;
    bench.run(20);
    bench.kernel.restart(NodeId::broker(1));
    bench.run(2_000);
}

#[test]
fn a_lost_acknowledgement_makes_a_duplicate() {
    // Facts §3.5, scenario a, without sequence numbers.
    let mut bench = Bench::new(&[("linger.ms", "0"), ("enable.idempotence", "false")], &[1], None);
    lose_the_answers(&mut bench, &["a"]);
    assert_eq!(bench.log(1), [batch(0, &["a"]), batch(0, &["a"])]);
    assert!(bench.facts.iter().any(|(_, fact)| {
        matches!(fact, ProducerFact::BatchRetried { error: ErrorCode::NetworkException, attempt: 1, .. })
    }));
    let acked = ProducerFact::BatchAcked { partition: partition(0), base_offset: Some(Offset(1)), ordinals: vec![0] };
    assert!(bench.facts.iter().any(|(_, fact)| *fact == acked));
}

/// Values in the order of the log when the first of three batches fails once, after an earlier one that did not.
fn order_after_one_failure(pairs: &[(&str, &str)]) -> Vec<Vec<String>> {
    let mut pairs = pairs.to_vec();
    pairs.extend([("batch.size", "0"), ("linger.ms", "0")]);
    let mut bench = Bench::new(&pairs, &[1], None);
    bench.run(10);
    bench.produce(values(&["before"]));
    bench.run(50);
    bench.broker(1).refusals = [ErrorCode::NotEnoughReplicas].into();
    bench.produce(values(&["a", "b", "c"]));
    bench.run(5_000);
    bench.log(1).into_iter().map(|(_, values)| values).skip(1).collect()
}

#[test]
fn retries_reorder_unless_order_is_guaranteed() {
    // Facts §3.5, scenario b.
    let reordered = order_after_one_failure(&[("enable.idempotence", "false")]);
    assert_eq!(reordered, [["b"], ["c"], ["a"]]);
    assert_eq!(order_after_one_failure(&[]), [["a"], ["b"], ["c"]]);
    let single = [("enable.idempotence", "false"), ("max.in.flight.requests.per.connection", "1")];
    assert_eq!(order_after_one_failure(&single), [["a"], ["b"], ["c"]]);
}

/// `checkSequence` takes any sequence from a producer of which the leader knows nothing (KIP-360). So the very first
/// batch of a producer to a partition can be overtaken after all; it then finds no place any more, and fails.
#[test]
fn the_first_batch_of_all_can_be_overtaken_and_is_then_refused_for_good() {
    let mut bench = Bench::new(&[("batch.size", "0"), ("linger.ms", "0")], &[1], None);
    bench.run(10);
    bench.broker(1).refusals = [ErrorCode::NotEnoughReplicas].into();
    bench.produce(values(&["a", "b", "c"]));
    bench.run(121_000);
    let log: Vec<_> = bench.log(1).into_iter().map(|(_, values)| values).collect();
    assert_eq!(log, [["b"], ["c"]]);
    let refused =
        |fact: &ProducerFact| matches!(fact, ProducerFact::BatchRetried { error: ErrorCode::OutOfOrderSequence, .. });
    assert!(bench.times(refused).len() > 10);
    let failed = bench.times(|fact| matches!(fact, ProducerFact::BatchFailed { .. }));
    assert_eq!((failed.len(), bench.producer().ledger().failed_records()), (1, 1));
    assert!((120_000..=120_020).contains(&failed[0]), "delivery.timeout.ms: {failed:?}");
}

/// The `id`, epoch and first sequence of every batch in the order of sending.
fn stamps(bench: &Bench) -> Vec<(u64, u16, u32)> {
    let stamp = |fact: &ProducerFact| match fact {
        ProducerFact::BatchSent { stamp: Some(stamp), .. } => {
            Some((stamp.producer_id.0, stamp.producer_epoch.0, stamp.base_sequence.0))
        }
        _ => None,
    };
    bench.facts.iter().filter_map(|(_, fact)| stamp(fact)).collect()
}

#[test]
fn a_producer_waits_for_its_id_and_asks_again_after_an_error() {
    let mut bench = Bench::new(&[("linger.ms", "0")], &[1], None);
    for id in [1, 2] {
        bench.broker(id).id_refusals = vec![ErrorCode::CoordinatorLoadInProgress; 2].into();
    }
    bench.produce(values(&["a"]));
    bench.run(150);
    assert_eq!(bench.producer().waits_for(at(150)), WaitsFor::ProducerId);
    bench.run(1_000);
    // retry.backoff.ms=100 after each answer; an answer takes 2 ms. Which broker is asked is drawn.
    let set = bench.times(|fact| matches!(fact, ProducerFact::ProducerIdSet { .. }));
    assert!(matches!(set[..], [206 | 308 | 410]), "{set:?}");
    assert_eq!(bench.times(is_sent), set);
}

#[test]
fn an_acknowledgement_that_is_lost_makes_no_duplicate_of_an_idempotent_producers_batch() {
    let mut bench = Bench::new(&[("linger.ms", "0"), ("batch.size", "0")], &[1], None);
    lose_the_answers(&mut bench, &["a", "b", "c"]);
    assert_eq!(bench.log(1), [batch(0, &["a"]), batch(0, &["b"]), batch(0, &["c"])]);
    let numbers: Vec<_> = stamps(&bench).into_iter().map(|(_, epoch, sequence)| (epoch, sequence)).collect();
    assert_eq!(
        numbers,
        [(0, 0), (0, 1), (0, 2), (0, 0), (0, 1), (0, 2)],
        "the same numbers, one batch after the other"
    );
    let all: Vec<_> = bench.producer().ledger().acked_offsets().flat_map(|(_, all)| all.iter()).collect();
    assert_eq!(all, [(Offset(0), Offset(3))]);
}

/// A batch that is refused for good is skipped: what is behind it goes on, by version in another way.
#[test]
fn a_batch_refused_for_good_does_not_stop_those_behind_it() {
    for (version, expected) in [(KafkaVersion::V4_3, (1, 0)), (KafkaVersion::V2_3, (0, 1))] {
        let pairs = [("linger.ms", "0"), ("batch.size", "0"), ("acks", "all"), ("enable.idempotence", "true")];
        let mut bench = Bench::of_version(version, &pairs, &[1], None);
        bench.run(10);
        bench.produce(values(&["before"]));
        bench.run(50);
        bench.broker(1).refusals = [ErrorCode::InvalidRecord].into();
        bench.produce(values(&["a", "b", "c"]));
        bench.run(5_000);
        let log: Vec<_> = bench.log(1).into_iter().flat_map(|(_, values)| values).collect();
        assert_eq!(log, ["before", "b", "c"], "{version}");
        let bumped = bench.times(|fact| matches!(fact, ProducerFact::EpochBumped { .. })).len();
        let rewritten = bench.times(|fact| matches!(fact, ProducerFact::SequencesRewritten { .. })).len();
        assert_eq!((bumped, rewritten), expected, "{version}");
        assert_eq!(bench.producer().ledger().failed_records(), 1);
    }
}

/// A leader that has lost what it acknowledged: since 2.5 the producer begins anew, before it the batch fails.
#[test]
fn a_leader_that_lost_records_shows_as_a_gap() {
    for (version, log_after, failed) in
        [(KafkaVersion::V4_3, vec!["a", "b", "d"], 0), (KafkaVersion::V2_3, vec!["a", "b", "e"], 1)]
    {
        let pairs = [("linger.ms", "0"), ("batch.size", "0"), ("acks", "all"), ("enable.idempotence", "true")];
        let mut bench = Bench::of_version(version, &pairs, &[1], None);
        for value in ["a", "b", "c"] {
            bench.produce(values(&[value]));
            bench.run(bench.kernel.now().as_millis() + 1_000);
        }
        let now = bench.kernel.now();
        let broker = bench.broker(1);
        broker.logs.get_mut(&0).unwrap().truncate_to(Offset(2), now);
        broker.log.pop();
        bench.produce(values(&["d"]));
        bench.run(5_000);
        bench.produce(values(&["e"]));
        bench.run(9_000);
        let log: Vec<_> = bench.log(1).into_iter().flat_map(|(_, values)| values).take(3).collect();
        assert_eq!(
            (log, bench.producer().ledger().failed_records()),
            (log_after.iter().map(ToString::to_string).collect(), failed),
            "{version}"
        );
        let reset = bench.times(|fact| matches!(fact, ProducerFact::ProducerIdReset { .. })).len();
        let bumped = bench.times(|fact| matches!(fact, ProducerFact::EpochBumped { .. })).len();
        assert_eq!((reset as u64, bumped as u64), (failed, 1 - failed), "{version}");
    }
}

/// Batches whose time is over while nobody knows whether the leader has them hold back the new ones, until those that
/// are in flight have told.
#[test]
fn expired_batches_leave_their_numbers_in_doubt() {
    let mut bench = Bench::new(
        &[("linger.ms", "0"), ("batch.size", "0"), ("request.timeout.ms", "1000"), ("delivery.timeout.ms", "1500")],
        &[1],
        None,
    );
    bench.run(10);
    bench.produce(values(&["before"]));
    bench.run(50);
    bench.kernel.crash(NodeId::broker(1), Crash::Process);
    bench.produce(values(&["a", "b"]));
    bench.run(4_000);
    let in_doubt = bench.times(|fact| matches!(fact, ProducerFact::SequenceUnresolved { .. }));
    assert!(!in_doubt.is_empty());
    bench.kernel.restart(NodeId::broker(1));
    bench.run(6_000);
    bench.produce(values(&["c"]));
    bench.run(9_000);
    // The leader never had them; the producer had to suppose that it might.
    assert_eq!(bench.log(1), [batch(0, &["before"]), batch(0, &["c"])]);
    let last = *stamps(&bench).last().unwrap();
    assert_eq!((last.1, last.2), (1, 0), "another epoch, from 0");
    assert_eq!(bench.producer().ledger().failed_records(), 2);
}
