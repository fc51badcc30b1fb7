//! Logs on disk under whole clusters: flushes, recovery, retention, deletion.

use kafkascope::console::{Entry, Memory, Scope, answer, parse};
use kafkascope::engine::clients::{AdminFact, ConsumerFact};
use kafkascope::engine::command::{Command, CommitStyle, RecordSpec, RecordsBefore, Target};
use kafkascope::engine::common::{BrokerId, ErrorCode, NodeId, Offset, Span};
use kafkascope::engine::runtime::Crash;
use kafkascope::engine::server::BrokerFact;
use kafkascope::engine::storage::DiskError;
use kafkascope::engine::{Fact, Setup, World};

use super::lab::Lab;

/// Three brokers and the topic `orders` with one partition on all of them.
fn one_partition(seed: u64, broker: &[(&str, &str)], topic: &[(&str, &str)]) -> Lab {
    let map = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let mut lab = Lab::new(Setup { seed, properties: map(broker), ..Setup::default() });
    lab.secs(3);
    lab.act(Command::CreateTopic {
        name: "orders".into(),
        partitions: Some(1),
        replication_factor: Some(3),
        assignment: None,
        configs: map(topic),
    });
    lab.secs(2);
    lab.act(Command::AddProducer {
        name: "checkout".into(),
        topic: "orders".into(),
        configs: map(&[("acks", "all"), ("linger.ms", "0")]),
        workload: None,
    });
    lab
}

fn produce(lab: &mut Lab, values: &[&str]) {
    for value in values {
        let record =
            RecordSpec { key: Some("k".into()), value: (*value).to_owned(), partition: None, ..RecordSpec::default() };
        lab.act(Command::Produce { producer: "checkout".into(), records: vec![record] });
        lab.run(Span::millis(200));
    }
}

fn saw(lab: &Lab, wanted: impl Fn(&BrokerFact) -> bool) -> usize {
    lab.trace.iter().filter(|record| matches!(&record.fact, Fact::Broker(fact) if wanted(fact))).count()
}

fn ask(world: &World, line: &str) -> String {
    match parse(line).unwrap() {
        Entry::Ask(question) => answer(&question, Scope { world, past: &[], memory: &Memory::default() }),
        other => panic!("{other:?} is no question"),
    }
}

/// Fact sheet §2.3.
#[test]
fn deleted_records_are_gone_once_every_live_replica_says_so() {
    let mut lab = one_partition(1, &[], &[]);
    produce(&mut lab, &["a", "b", "c", "d", "e"]);
    let orders = lab.orders(0);
    let delete = |offset| Command::DeleteRecords {
        offsets: vec![RecordsBefore { topic: "orders".into(), partition: 0, offset }],
    };
    let answers = |lab: &Lab| -> Vec<Result<Offset, ErrorCode>> {
        let of = |fact: &Fact| match fact {
            Fact::Admin(AdminFact::RecordsDeleted { results }) => Some(results[0].2),
            _ => None,
        };
        lab.trace.iter().filter_map(|record| of(&record.fact)).collect()
    };
    lab.act(delete(3));
    lab.secs(3);
    assert_eq!(answers(&lab), [Ok(Offset(3))]);
    assert_eq!(saw(&lab, |fact| matches!(fact, BrokerFact::LogStartMoved { to: Offset(3), .. })), 3);
    assert_eq!(saw(&lab, |fact| matches!(fact, BrokerFact::DeleteRecordsParked { until: Offset(3), .. })), 1);
    for (_, broker) in lab.world.brokers() {
        assert_eq!(broker.log(orders).unwrap().log_start_offset(), Offset(3));
    }
    assert_eq!(ask(&lab.world, "kafka-get-offsets --topic orders --time earliest"), "orders:0:3");
    assert_eq!(ask(&lab.world, "kafka-get-offsets --topic orders"), "orders:0:5");
    assert_eq!(ask(&lab.world, "kafka-get-offsets --topic orders --time max-timestamp"), "orders:0:4");
    // Beyond the high watermark; before the beginning; to the high watermark.
    for offset in [6, -2, -1] {
        lab.act(delete(offset));
        lab.secs(3);
    }
    let out_of_range = Err(ErrorCode::OffsetOutOfRange);
    assert_eq!(answers(&lab)[1..], [out_of_range, out_of_range, Ok(Offset(5))]);
    // A dead follower is waited for only as long as the controller takes it for alive.
    produce(&mut lab, &["f"]);
    let follower = lab.isr(0).into_iter().find(|id| Some(*id) != lab.leader(0)).unwrap();
    lab.crash(follower);
    lab.act(delete(6));
    lab.secs(5);
    assert_eq!(answers(&lab).len(), 4);
    lab.secs(10);
    assert_eq!(answers(&lab)[4..], [Ok(Offset(6))]);
}

/// Fact sheet §2.3: a topic that is only compacted.
#[test]
fn a_compacted_topic_does_not_give_its_records_away() {
    let mut lab = one_partition(2, &[], &[("cleanup.policy", "compact")]);
    produce(&mut lab, &["a", "b"]);
    lab.act(Command::DeleteRecords {
        offsets: vec![RecordsBefore { topic: "orders".into(), partition: 0, offset: 1 }],
    });
    lab.secs(2);
    let refused = |fact: &Fact| {
        matches!(fact, Fact::Admin(AdminFact::RecordsDeleted { results })
        if results[0].2 == Err(ErrorCode::PolicyViolation))
    };
    assert!(lab.trace.iter().any(|record| refused(&record.fact)));
}

/// Fact sheet §1.8: a clean start reads nothing, an unclean one every segment from the recovery point on.
#[test]
fn a_killed_broker_reads_its_logs_again_before_it_serves() {
    let mut lab = one_partition(3, &[], &[]);
    produce(&mut lab, &["a", "b", "c"]);
    let orders = lab.orders(0);
    let follower = lab.isr(0).into_iter().find(|id| Some(*id) != lab.leader(0)).unwrap();
    lab.crash(follower);
    lab.secs(1);
    lab.restart(follower);
    lab.secs(15);
    assert_eq!(saw(&lab, |fact| matches!(fact, BrokerFact::LogRecoveryBegun { .. })), 1);
    let whole = |fact: &BrokerFact| {
        matches!(fact, BrokerFact::LogRecovered { partition, recovered }
            if *partition == orders && recovered.truncated_bytes == 0 && recovered.log_end == Offset(3))
    };
    assert_eq!(saw(&lab, whole), 1);

    // Without power, what was not flushed is gone, and half a batch is left of it.
    lab.act(Command::Crash { node: Target::Broker(follower), how: Crash::Power });
    let log = lab.world.broker(follower).unwrap().log(orders).unwrap();
    assert_eq!((log.log_end_offset(), log.active_segment().torn_bytes() > 0), (Offset(0), true));
    let dump = format!("kafka-dump-log --files /tmp/kafka-logs/orders-0/{:020}.log --broker {follower}", 0);
    assert!(ask(&lab.world, &dump).contains("invalid bytes at the end of 00000000000000000000.log"));
    lab.secs(1);
    lab.restart(follower);
    lab.secs(15);
    let cut =
        |fact: &BrokerFact| matches!(fact, BrokerFact::LogRecovered { recovered, .. } if recovered.truncated_bytes > 0);
    assert_eq!(saw(&lab, cut), 1);
    assert_eq!(lab.world.broker(follower).unwrap().log(orders).unwrap().log_end_offset(), Offset(3));
    assert_eq!(lab.isr(0).len(), 3);
}

/// A disk that takes a second to read what is in doubt keeps its broker fenced for as long.
#[test]
fn recovery_takes_as_long_as_the_disk() {
    let fenced_for = |flush: Span| {
        let mut lab = one_partition(4, &[], &[]);
        produce(&mut lab, &["a"]);
        let follower = lab.isr(0).into_iter().find(|id| Some(*id) != lab.leader(0)).unwrap();
        lab.act(Command::SlowDisk { node: Target::Broker(follower), flush });
        lab.crash(follower);
        lab.secs(15);
        lab.restart(follower);
        let unfenced = |lab: &Lab| lab.world.broker(follower).unwrap().partitions().count() > 0;
        lab.until(Span::secs(20), "it serves again", unfenced)
    };
    let (fast, slow) = (fenced_for(Span::millis(1)), fenced_for(Span::secs(3)));
    assert!(slow.0 >= fast.0 + 2_990_000, "{fast} {slow}");
}

/// `flush.messages=1`: an acknowledged record is on the platters of all in-sync replicas.
#[test]
fn a_flush_for_every_record_takes_time_and_survives_the_dark() {
    let mut lab = one_partition(5, &[], &[("flush.messages", "1")]);
    for broker in 1..=3 {
        lab.act(Command::SlowDisk { node: Target::Broker(BrokerId(broker)), flush: Span::millis(40) });
    }
    let record = RecordSpec { key: None, value: "a".into(), partition: None, ..RecordSpec::default() };
    lab.act(Command::Produce { producer: "checkout".into(), records: vec![record] });
    let answered = |lab: &Lab| saw(lab, |fact| matches!(fact, BrokerFact::ProduceAnswered { .. })) > 0;
    let took = lab.until(Span::secs(2), "it is acknowledged", answered);
    // The follower's flush comes before the fetch that says so.
    assert!(took >= Span::millis(40), "{took}");
    assert!(saw(&lab, |fact| matches!(fact, BrokerFact::LogFlushed { recovery_point: Offset(1), .. })) >= 2);
    for broker in 1..=3 {
        lab.act(Command::Crash { node: Target::Broker(BrokerId(broker)), how: Crash::Power });
    }
    let orders = lab.orders(0);
    for (_, broker) in lab.world.brokers() {
        assert_eq!(broker.log(orders).unwrap().log_end_offset(), Offset(1));
    }
}

/// Fact sheet §2.2 and §1.7: whole segments go, their files a minute later.
#[test]
fn files_of_deleted_segments_stay_for_their_delay() {
    let broker = [("log.retention.check.interval.ms", "1000"), ("log.initial.task.delay.ms", "0")];
    let topic = [("internal.segment.bytes", "200"), ("retention.ms", "2000"), ("file.delete.delay.ms", "5000")];
    let mut lab = one_partition(6, &broker, &topic);
    produce(&mut lab, &["a", "b", "c", "d"]);
    let orders = lab.orders(0);
    assert!(saw(&lab, |fact| matches!(fact, BrokerFact::SegmentRolled { .. })) >= 3);
    lab.secs(4);
    let leader = lab.leader(0).unwrap();
    let log = |lab: &Lab| lab.world.broker(leader).unwrap().log(orders).unwrap().clone();
    assert_eq!((log(&lab).size_in_bytes(), log(&lab).log_start_offset()), (0, Offset(4)));
    let waiting = log(&lab).deleted_segments().len();
    assert!(waiting >= 2, "{waiting}");
    let base = log(&lab).deleted_segments()[0].segment.base_offset();
    let dump = format!("kafka-dump-log --files /tmp/kafka-logs/orders-0/{:020}.log.deleted --print-data-log", base.0);
    assert!(ask(&lab.world, &dump).contains(" payload: a"));
    lab.secs(6);
    assert!(log(&lab).deleted_segments().is_empty());
    assert!(saw(&lab, |fact| matches!(fact, BrokerFact::SegmentFilesRemoved { .. })) >= waiting * 3);
    assert!(lab.world.is_up(NodeId::Broker(leader)));
}

/// Fact sheet §2.4: every replica compacts by itself; offsets stay, and whoever reads skips the gaps.
#[test]
fn a_compacted_log_keeps_the_newest_of_every_key_and_is_replicated_with_its_gaps() {
    let broker = [("log.cleaner.backoff.ms", "1000"), ("log.initial.task.delay.ms", "0")];
    let topic = [
        ("cleanup.policy", "compact"),
        ("internal.segment.bytes", "300"),
        ("min.cleanable.dirty.ratio", "0.01"),
        ("file.delete.delay.ms", "1000"),
    ];
    let mut lab = one_partition(7, &broker, &topic);
    let values: Vec<String> = (0..24).map(|n| format!("v{n}")).collect();
    for value in &values {
        produce(&mut lab, &[value]);
    }
    lab.secs(4);
    let orders = lab.orders(0);
    let cleaned = saw(
        &lab,
        |fact| matches!(fact, BrokerFact::LogCleaned { partition, cleaned } if *partition == orders && cleaned.bytes_after < cleaned.bytes_before),
    );
    assert!(cleaned >= 3, "{cleaned}");
    let records = |lab: &Lab, id: BrokerId| -> u64 {
        lab.world.broker(id).unwrap().log(orders).unwrap().batches().map(|batch| batch.len() as u64).sum()
    };
    for (id, broker) in lab.world.brokers() {
        let log = broker.log(orders).unwrap();
        assert_eq!((log.log_start_offset(), log.log_end_offset()), (Offset(0), Offset(24)));
        // One key: what is left of it, and what lies in the active segment.
        assert!(records(&lab, id) < 10, "{}", records(&lab, id));
        assert!(broker.logs().checkpoints().first_dirty_offsets[&orders] > Offset(15));
    }
    // A follower without anything fetches what is left.
    let follower = lab.isr(0).into_iter().find(|id| Some(*id) != lab.leader(0)).unwrap();
    lab.act(Command::Crash { node: Target::Broker(follower), how: Crash::Power });
    lab.secs(15);
    lab.restart(follower);
    lab.secs(20);
    assert_eq!(lab.isr(0).len(), 3);
    assert_eq!(lab.world.broker(follower).unwrap().log(orders).unwrap().log_end_offset(), Offset(24));
    // So does a consumer, from the beginning to the end.
    lab.consumer("reader", "readers", &[("auto.offset.reset", "earliest")], Span::ZERO, CommitStyle::AfterEach);
    lab.secs(10);
    let last = lab.trace.iter().rev().find_map(|record| match &record.fact {
        Fact::Consumer(ConsumerFact::Processed { offset, .. }) => Some(*offset),
        _ => None,
    });
    assert_eq!(last, Some(Offset(23)));
}

/// A directory that fails takes its replicas with it, the last one the broker.
#[test]
fn a_failed_directory_moves_its_leaderships_and_the_last_one_halts_the_broker() {
    let mut lab = one_partition(8, &[("log.dirs", "/data/a,/data/b")], &[]);
    produce(&mut lab, &["a", "b"]);
    let (leader, orders) = (lab.leader(0).unwrap(), lab.orders(0));
    let node = || Target::Broker(leader);
    let logs = |lab: &Lab| lab.world.broker(leader).unwrap().logs().clone();
    let home = logs(&lab).directory_of(orders).unwrap().path.to_string();
    let refused = lab.world.check(&Command::FailDisk { node: node(), directory: Some("/c".into()) });
    assert_eq!(
        refused.unwrap_err().to_string(),
        format!("broker-{leader} has no log directory /c; it has /data/a, /data/b")
    );
    let repair = Command::RepairDisk { node: node(), directory: Some(home.clone()) };
    assert_eq!(lab.world.check(&repair).unwrap_err().0, format!("broker-{leader}'s disk under {home} is sound"));
    let fail = Command::FailDisk { node: node(), directory: Some(home.clone()) };
    lab.act(fail.clone());
    let again = lab.world.check(&fail).unwrap_err();
    assert_eq!(again.0, format!("broker-{leader}'s disk under {home} is broken already"));
    produce(&mut lab, &["c"]);
    lab.secs(4);
    assert!(saw(&lab, |fact| matches!(fact, BrokerFact::LogDirFailed { error: DiskError::Broken, .. })) == 1);
    // The producer was told, asked again, and found the new leader.
    let next = lab.leader(0).unwrap();
    assert_ne!(next, leader);
    assert!(!lab.isr(0).contains(&leader) && lab.world.is_up(NodeId::Broker(leader)));
    assert_eq!(lab.world.broker(next).unwrap().log(orders).unwrap().log_end_offset(), Offset(3));
    let told = |fact: &BrokerFact| {
        matches!(fact, BrokerFact::ProduceAnswered { outcome: Err(ErrorCode::KafkaStorageError), .. })
    };
    assert!(saw(&lab, told) > 0);
    // A new disk, a restart: it follows again.
    lab.act(repair);
    lab.crash(leader);
    lab.secs(15);
    lab.restart(leader);
    lab.secs(20);
    assert_eq!(lab.isr(0).len(), 3);
    // Both at once.
    for directory in ["/data/a", "/data/b"] {
        lab.act(Command::FailDisk { node: node(), directory: Some(directory.into()) });
    }
    lab.secs(10);
    assert!(saw(&lab, |fact| matches!(fact, BrokerFact::HaltedWithoutLogDirs { left: 0 })) == 1);
    assert!(!lab.world.is_up(NodeId::Broker(leader)));
    // It does not start either.
    lab.restart(leader);
    lab.secs(1);
    assert!(!lab.world.is_up(NodeId::Broker(leader)));
}

#[test]
fn a_full_disk_is_a_failed_directory() {
    let mut lab = one_partition(9, &[], &[]);
    produce(&mut lab, &["a"]);
    let leader = lab.leader(0).unwrap();
    let fill = |free| Command::FillDisk { node: Target::Broker(leader), directory: None, free };
    lab.act(fill(100));
    assert!(lab.world.check(&fill(100)).is_err() && lab.world.check(&fill(0)).is_ok());
    produce(&mut lab, &["b", "c", "d"]);
    lab.secs(15);
    assert!(saw(&lab, |fact| matches!(fact, BrokerFact::LogDirFailed { error: DiskError::Full, .. })) == 1);
    assert!(!lab.world.is_up(NodeId::Broker(leader)));
    let orders = lab.orders(0);
    let next = lab.leader(0).unwrap();
    assert_eq!(lab.world.broker(next).unwrap().log(orders).unwrap().high_watermark(), Offset(4));
}

/// A partition of a million records is written, replicated, read back from its beginning and looked up by offset and by
/// time without the run suffering: what is kept of a record is its place, not a copy for every reader.
#[test]
fn a_million_records_in_one_partition() {
    let mut lab = Lab::new(Setup { seed: 5, ..Setup::default() });
    lab.secs(3);
    lab.script(
        "kafka-topics --create --topic orders --replica-assignment 1:2:3 --config segment.bytes=4194304
         wait 1s
         | Created topic orders.
         kafka-console-producer --topic orders --producer-property client.id=checkout --every 1ms --records 1000000 --producer-property linger.ms=100 --producer-property batch.size=100000
         wait 1010s
         kafka-console-consumer --topic orders --group audit --from-beginning --consumer-property client.id=audit-1 --consumer-property max.poll.records=100000 --commit after-poll
         wait 60s",
    );
    assert_eq!((lab.log_end(BrokerId(1), 0).0, lab.acked("checkout")), (1_000_000, 1_000_000));
    assert_eq!(lab.high_watermark(BrokerId(2), 0).0, 1_000_000);
    assert_eq!(lab.processed("audit-1"), 1_000_000);
    let log = lab.world.broker(BrokerId(3)).and_then(|broker| broker.log(lab.orders(0))).expect("a replica");
    assert!(log.segments().count() > 2, "rolled by size");
    lab.assert_promises_kept();
}
