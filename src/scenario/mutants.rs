//! Every guarantee is tripped by a node that is broken on purpose, and by nothing while the nodes are sound.
//!
//! Each case is a script, played twice: once in a world that breaks one rule, once in its clean twin.

use std::collections::BTreeSet;

use crate::checker::{Checker, Guarantee};
use crate::console::{self, Entry};
use crate::engine::command::QueueSpec;
use crate::engine::common::{BrokerId, Mutation, Sabotage, ServerId, Span, Time};
use crate::engine::config::KafkaVersion;
use crate::engine::{Setup, World};

/// Broker 1 leads one partition that 2 and 3 follow; acks=all wants two of them.
const ORDERS: &str = "
wait 3s
kafka-topics --create --topic orders --replica-assignment 1:2:3 --config min.insync.replicas=2
wait 2s
";

/// The leader goes on alone, and dies.
const LONELY_LEADER: &str = "
kafka-console-producer --topic orders --producer-property client.id=checkout --every 20ms
wait 3s
hold broker-1 broker-2
hold broker-1 broker-3
wait 2s
crash broker-1
wait 15s
";

/// Readers go on while nothing can be committed.
const NOTHING_COMMITTED: &str = "
kafka-console-producer --topic orders --producer-property client.id=checkout --every 50ms
kafka-console-consumer --topic orders --group billing --consumer-property client.id=billing-1 --from-beginning
wait 10s
hold broker-1 broker-2
hold broker-1 broker-3
wait 3s
";

/// A follower comes back with an empty log.
const EMPTY_FOLLOWER: &str = "
kafka-console-producer --topic orders --producer-property client.id=checkout --every 50ms
wait 3s
power-loss broker-3
wait 1s
restart broker-3
wait 20s
";

/// The old leader comes back with records that its successor never saw, and is needed.
const TWO_HISTORIES: &str = "
kafka-console-producer --topic orders --producer-property client.id=checkout --every 20ms --producer-property acks=1 --producer-property enable.idempotence=false
wait 3s
hold broker-1 broker-2
hold broker-1 broker-3
wait 2s
crash broker-1
wait 15s
workload checkout --stop
kafka-console-producer --topic orders --producer-property client.id=careful --every 20ms --records 20
wait 3s
release broker-1 broker-2
release broker-1 broker-3
restart broker-1
wait 10s
kafka-console-producer --topic orders --producer-property client.id=again --every 20ms --records 200
wait 10s
crash broker-2
wait 15s
";

/// The only one alive is not in sync.
const OUTSIDER: &str = "
kafka-console-producer --topic orders --producer-property client.id=checkout --every 20ms
wait 3s
crash broker-3
wait 12s
hold broker-1 broker-3
restart broker-3
crash broker-2
wait 12s
crash broker-1
wait 15s
";

/// A replica catches up, loses its power, and is let in on its former merits: see `a_replica_that_lost_power…`.
const FORMER_MERITS: &str = "
kafka-console-producer --topic orders --producer-property client.id=checkout --every 100ms
wait 3s
crash broker-3
hold broker-1 broker-2
wait 50s
partition broker-2 controller-101
wait 6s
hold broker-1 controller-101
release broker-1 broker-2
wait 100ms
power-loss broker-2
hold broker-1 broker-2
repair broker-2 controller-101
restart broker-2
wait 5s
release broker-1 controller-101
wait 1s
crash broker-1
wait 20s
";

/// No controller hears another.
const QUORUM_CUT: &str = "
partition controller-101 controller-102
partition controller-101 controller-103
partition controller-102 controller-103
wait 10s
";

/// Each controller is cut off from the others: whoever leads commits on its own, until somebody leads who lacks that.
/// Brokers do not hear of it: an observer that had applied such a record would stop in horror, as Kafka's does.
const QUORUM_IN_PIECES: &str = "
partition LEADER broker-1
partition LEADER broker-2
partition LEADER broker-3
partition controller-101 controller-102
partition controller-101 controller-103
partition controller-102 controller-103
wait 2500ms
crash LEADER
repair controller-101 controller-102
repair controller-101 controller-103
repair controller-102 controller-103
wait 15s
";

const TWO_MEMBERS: &str = "
kafka-console-consumer --topic orders --group billing --consumer-property client.id=billing-1
kafka-console-consumer --topic orders --group billing --consumer-property client.id=billing-2
wait 15s
";

/// The second wants the first one's partition before that has heard of it.
const TWO_OLD_MEMBERS: &str = "
kafka-console-consumer --topic orders --group billing --consumer-property client.id=billing-2
wait 10s
latency billing-2 zookeeper-1 400ms
kafka-console-consumer --topic orders --group billing --consumer-property client.id=billing-1
wait 15s
";

/// Many batches wait while one fails.
const FAILED_BATCH: &str = "
kafka-console-producer --topic orders --producer-property client.id=checkout --every 10ms --records 400 --producer-property batch.size=0 --producer-property enable.idempotence=false --producer-property max.in.flight.requests.per.connection=1
wait 2s
crash broker-1
wait 20s
";

/// Answers are lost on their way to the producer, which sends again.
const LOST_ANSWERS: &str = "
kafka-console-producer --topic orders --producer-property client.id=checkout --producer-property batch.size=0 --producer-property request.timeout.ms=2000
wait 1s
produce checkout before
wait 1s
partition-oneway broker-1 checkout
produce checkout a b c
wait 1s
repair broker-1 checkout
wait 10s
";

const TWO_WORKERS: &str = "
queue-producer checkout-q --every 100ms --records 20
queue-worker packer-1 --application packing --processing 200ms --prefetch 2
queue-worker packer-2 --application packing --processing 200ms --prefetch 2
wait 5s
";

/// Who breaks which rule, what happens, and which promises are broken thereby.
const CASES: &[(Mutation, &str, &[Guarantee])] = &[
    (
        Mutation::HighWatermarkIsLargest,
        LONELY_LEADER,
        &[Guarantee::AckedRecordsSurvive, Guarantee::CommittedRecordsSurvive],
    ),
    (Mutation::AcksBeforeReplication, LONELY_LEADER, &[Guarantee::AckedRecordsSurvive]),
    (Mutation::ServesUncommitted, NOTHING_COMMITTED, &[Guarantee::ReadsBelowHighWatermark]),
    (Mutation::HighWatermarkFollowsTheSlowest, EMPTY_FOLLOWER, &[Guarantee::HighWatermarkNeverFalls]),
    (Mutation::LeadsWhatItFollows, "", &[Guarantee::OneLeaderPerEpoch]),
    (Mutation::HidesItsEpoch, TWO_HISTORIES, &[Guarantee::AckedRecordsSurvive, Guarantee::CommittedRecordsSurvive]),
    (Mutation::ElectsFromOutside, OUTSIDER, &[Guarantee::AckedRecordsSurvive, Guarantee::CommittedRecordsSurvive]),
    (
        Mutation::IgnoresBrokerEpochs,
        FORMER_MERITS,
        &[Guarantee::AckedRecordsSurvive, Guarantee::CommittedRecordsSurvive],
    ),
    (Mutation::LeadsOnItsOwnVote, QUORUM_CUT, &[Guarantee::OneControllerPerEpoch]),
    (Mutation::CommitsAlone, QUORUM_IN_PIECES, &[Guarantee::CommittedMetadataSurvives]),
    (Mutation::AssignsToEverybody, TWO_MEMBERS, &[Guarantee::OneOwnerPerPartition]),
    (Mutation::ClaimsWhatIsOwned, TWO_OLD_MEMBERS, &[Guarantee::OneOwnerPerPartition]),
    (Mutation::RetriesLast, FAILED_BATCH, &[Guarantee::RecordsKeepTheirOrder]),
    (Mutation::ForgetsDuplicates, LOST_ANSWERS, &[Guarantee::RecordsAreWrittenOnce]),
    (Mutation::RenumbersRetries, LOST_ANSWERS, &[Guarantee::RecordsAreWrittenOnce]),
    (Mutation::DeliversTwice, TWO_WORKERS, &[Guarantee::OneWorkerPerMessage]),
];

/// Plays the script and tells which promises were broken.
fn broken(mutation: Mutation, sabotage: Sabotage, script: &str) -> BTreeSet<Guarantee> {
    broken_under(Setup::default().version, mutation, sabotage, script)
}

fn broken_under(version: KafkaVersion, mutation: Mutation, sabotage: Sabotage, script: &str) -> BTreeSet<Guarantee> {
    let mut setup = Setup { seed: 71, version, queue: Some(QueueSpec::default()), ..Setup::default() };
    if matches!(mutation, Mutation::LeadsOnItsOwnVote | Mutation::CommitsAlone) {
        setup.controllers = [101, 102, 103].map(BrokerId).to_vec();
    }
    if mutation == Mutation::IgnoresBrokerEpochs {
        // With eligible leader replicas the former merits of a replica are not enough for it to lead.
        setup.features = [("eligible.leader.replicas.version".to_owned(), 0)].into();
    }
    if mutation == Mutation::ClaimsWhatIsOwned {
        (setup.version, setup.controllers) = (KafkaVersion::V0_8, Vec::new());
        setup.zookeepers = vec![ServerId(1)];
    }
    let mut world = World::sabotaged(setup, sabotage).expect("the setup of a test is sound");
    let mut checker = Checker::default();
    // Who leads the quorum is drawn by the seed; the script calls it by its role.
    let mut script = format!("{ORDERS}{script}");
    if script.contains("LEADER") {
        let mut scout = world.clone();
        scout.run_until(Time::ZERO + Span::secs(5));
        let (leader, _) = scout.active_controller().expect("a quorum has a leader after five seconds");
        script = script.replace("LEADER", &leader.to_string());
    }
    for line in console::read_script(&script).expect("the script is sound") {
        match line.entry {
            Entry::Act(commands) => {
                for command in commands {
                    world.apply(&command).unwrap_or_else(|refusal| panic!("{}: {refusal}", line.text));
                    let facts = world.take_trace();
                    checker.observe(&world, &facts);
                }
            }
            Entry::Wait(span) => run(&mut world, &mut checker, span),
            _ => panic!("{}: not for this bench", line.text),
        }
    }
    let promised = checker.violations().iter().filter(|violation| violation.is_promised());
    promised.map(|violation| violation.guarantee).collect()
}

fn run(world: &mut World, checker: &mut Checker, span: Span) {
    let until = world.now() + span;
    while world.next_event_at().is_some_and(|at| at <= until) {
        world.step();
        let facts = world.take_trace();
        checker.observe(world, &facts);
    }
    world.wait_until(until);
}

#[test]
fn a_broken_node_breaks_the_promise_and_its_sound_twin_keeps_all() {
    for (mutation, script, expected) in CASES {
        let told = broken(*mutation, Sabotage::of(*mutation), script);
        assert_eq!(told, expected.iter().copied().collect(), "{mutation:?}");
        assert_eq!(broken(*mutation, Sabotage::default(), script), BTreeSet::new(), "the twin of {mutation:?}");
    }
}

/// The holes of old versions excuse what they explain and nothing else: a broken node is found out there as well.
#[test]
fn what_leader_epochs_do_not_mend_is_a_broken_promise_before_them_too() {
    for (mutation, script, expected) in [
        (
            Mutation::HighWatermarkIsLargest,
            LONELY_LEADER,
            [Guarantee::AckedRecordsSurvive, Guarantee::CommittedRecordsSurvive].as_slice(),
        ),
        (Mutation::AcksBeforeReplication, LONELY_LEADER, &[Guarantee::AckedRecordsSurvive]),
    ] {
        // acks=all is the default since 3.0.
        let script = script.replace("client.id=checkout", "client.id=checkout --producer-property acks=all");
        let told = broken_under(KafkaVersion::V0_9, mutation, Sabotage::of(mutation), &script);
        assert_eq!(told, expected.iter().copied().collect(), "{mutation:?}");
    }
}

#[test]
fn no_guarantee_is_without_a_mutant() {
    let tripped: BTreeSet<Guarantee> = CASES.iter().flat_map(|(.., expected)| *expected).copied().collect();
    assert_eq!(tripped, Guarantee::ALL.into_iter().collect());
}
