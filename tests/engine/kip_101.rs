//! The two failures that gave Kafka its leader epochs (KIP-101), on a version before them and on those after.
//!
//! Both come from one habit: a replica that began to follow cut its log at its own high watermark. That mark reaches a
//! follower one fetch later than the leader, and a log below it was never compared with anybody's.

use kafkascope::checker::{Guarantee, Unpromised};
use kafkascope::engine::command::{Command, RecordSpec, Target};
use kafkascope::engine::common::{BrokerId, ElectionType, NodeId, Span};
use kafkascope::engine::config::KafkaVersion::{self, V0_9, V2_3, V3_9, V4_3};
use kafkascope::engine::runtime::Crash;
use kafkascope::engine::server::BrokerFact;
use kafkascope::engine::{Fact, Setup};

use super::lab::Lab;

const A: BrokerId = BrokerId(1);
const B: BrokerId = BrokerId(2);
const C: BrokerId = BrokerId(3);

/// One partition of `orders` on these brokers, the first of them leading, and a producer that waits for all.
fn cluster(version: KafkaVersion, replicas: &[BrokerId]) -> Lab {
    let mut lab = Lab::new(Setup { seed: 7, version, ..Setup::default() });
    lab.secs(3);
    lab.act(Command::CreateTopic {
        name: "orders".into(),
        partitions: None,
        replication_factor: None,
        assignment: Some(vec![replicas.to_vec()]),
        configs: [("unclean.leader.election.enable".to_owned(), "false".to_owned())].into(),
    });
    lab.secs(2);
    lab.act(Command::AddProducer {
        name: "app".into(),
        topic: "orders".into(),
        configs: [("acks", "all"), ("retries", "50")].map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        workload: None,
    });
    lab
}

/// Sends and waits for the acknowledgement.
fn send(lab: &mut Lab, values: &[&str]) {
    let before = lab.acked("app");
    let records = values.iter().map(|value| RecordSpec { value: (*value).to_owned(), ..RecordSpec::default() });
    lab.act(Command::Produce { producer: "app".into(), records: records.collect() });
    let wanted = before + values.len() as u64;
    lab.until(Span::secs(60), "the acknowledgement", |lab| lab.acked("app") == wanted);
}

fn values(lab: &Lab, broker: BrokerId) -> Vec<String> {
    let log = lab.world.broker(broker).and_then(|broker| broker.log(lab.orders(0))).expect("it has a replica");
    let records = log.batches().flat_map(|batch| batch.records.iter());
    records.map(|record| String::from_utf8_lossy(record.value.as_deref().unwrap_or_default()).into_owned()).collect()
}

fn follows(lab: &Lab, broker: BrokerId, of: BrokerId) -> bool {
    lab.trace.iter().any(|record| {
        record.node == Some(NodeId::Broker(broker))
            && matches!(&record.fact, Fact::Broker(BrokerFact::BecameFollower { leader, .. }) if *leader == Some(of))
    })
}

/// Scenario 1: m2 is committed and acknowledged. Its leader dies before A has heard so; A follows B, cuts m2 off, and
/// must lead itself because B dies, too, before A has fetched m2 again. No election was unclean, and m2 is gone.
fn truncation_then_election(version: KafkaVersion) -> Lab {
    let mut lab = cluster(version, &[C, B, A]);
    send(&mut lab, &["m1"]);
    lab.secs(2);
    send(&mut lab, &["m2"]);
    assert_eq!(lab.high_watermark(C, 0).0, 2, "committed");
    assert_eq!((lab.log_end(A, 0).0, lab.high_watermark(A, 0).0), (2, 1), "A has it and does not know yet");
    lab.crash(C);
    lab.until(Span::secs(30), "A follows B", |lab| follows(lab, A, B));
    lab.crash(B);
    lab.until(Span::secs(30), "A leads", |lab| lab.leader(0) == Some(A));
    lab.secs(1);
    lab
}

/// What became of committed records, and why that was not promised away.
fn losses(lab: &Lab) -> Vec<Option<Unpromised>> {
    let all = lab.checker.violations().iter();
    all.filter(|one| one.guarantee == Guarantee::CommittedRecordsSurvive).map(|one| one.unpromised.clone()).collect()
}

#[test]
fn before_leader_epochs_a_clean_election_could_lose_an_acknowledged_record() {
    let lab = truncation_then_election(V0_9);
    assert_eq!(values(&lab, A), ["m1"]);
    // Kafka's own hole (sweep, seeds 159, 8234, 21299, 37579): the cut at its own high watermark, and nothing else.
    assert_eq!(losses(&lab), [Some(Unpromised::CutAtHighWatermark { partition: lab.orders(0), leader: A })]);
    lab.assert_promises_kept();
}

#[test]
fn with_leader_epochs_the_acknowledged_record_survives() {
    for version in [V2_3, V3_9, V4_3] {
        let lab = truncation_then_election(version);
        assert_eq!(values(&lab, A), ["m1", "m2"], "{version}");
        assert_eq!(losses(&lab), [], "{version}");
    }
}

/// Scenario 2: the power fails at B, which has not forced its log to disk, while A keeps its own. B comes back first,
/// leads, and takes other records at the offsets that A's hold. A's high watermark says that nothing is to be cut.
fn divergence(version: KafkaVersion) -> Lab {
    let mut lab = cluster(version, &[A, B]);
    send(&mut lab, &["m1", "m2"]);
    // Long enough for the high watermark to reach A's checkpoint.
    lab.secs(12);
    lab.act(Command::Pause { node: Target::Client("app".into()) });
    lab.crash(A);
    lab.until(Span::secs(30), "B leads", |lab| lab.leader(0) == Some(B));
    assert_eq!(lab.isr(0), [B], "A is out");
    lab.act(Command::Crash { node: Target::Broker(B), how: Crash::Power });
    lab.secs(1);
    lab.restart(B);
    lab.act(Command::Resume { node: Target::Client("app".into()) });
    lab.until(Span::secs(60), "B leads again", |lab| {
        lab.world.is_up(NodeId::Broker(B)) && lab.leader(0) == Some(B) && lab.world.image().is_active(B)
    });
    send(&mut lab, &["x1", "x2", "x3"]);
    lab.restart(A);
    lab.until(Span::secs(60), "A is back in sync", |lab| lab.isr(0) == [A, B]);
    lab.secs(2);
    lab
}

#[test]
fn before_leader_epochs_two_logs_could_differ_for_ever() {
    let mut lab = divergence(V0_9);
    assert_eq!(values(&lab, B), ["x1", "x2", "x3"]);
    assert_eq!(values(&lab, A), ["m1", "m2", "x3"], "in sync, same offsets, other records");
    // Nobody has noticed: A may lead, and its consumers read other records than B's did (sweep, seed 43074).
    let before = losses(&lab).len();
    lab.act(Command::ElectLeaders { election: ElectionType::Preferred, partitions: None });
    lab.until(Span::secs(30), "A leads", |lab| lab.leader(0) == Some(A));
    lab.secs(1);
    let why = Unpromised::NeverCompared { partition: lab.orders(0), leader: A };
    assert_eq!(losses(&lab)[before..], [Some(why)]);
    lab.assert_promises_kept();
}

#[test]
fn with_leader_epochs_logs_agree_again() {
    for version in [V2_3, V3_9, V4_3] {
        let lab = divergence(version);
        assert_eq!(values(&lab, A), values(&lab, B), "{version}");
        assert_eq!(values(&lab, B), ["x1", "x2", "x3"], "{version}");
    }
}
