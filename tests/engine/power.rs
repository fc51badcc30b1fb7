//! Power losses: what Kafka loses with them, what it does not, and that the checker tells the two apart.

use std::collections::BTreeSet;

use kafkascope::checker::{Evidence, Guarantee, Unpromised, Verdict};
use kafkascope::engine::Fact;
use kafkascope::engine::command::{Command, Target};
use kafkascope::engine::common::{BrokerId, ErrorCode, Offset, Span};
use kafkascope::engine::controller::ControllerFact;
use kafkascope::engine::runtime::{Crash, Loss, RuntimeFact};
use kafkascope::engine::server::BrokerFact;

use super::lab::{ALL, Lab};

const CONTROLLER: Target = Target::Controller(BrokerId(101));

impl Lab {
    fn power_loss(&mut self, broker: BrokerId) {
        self.act(Command::Crash { node: Target::Broker(broker), how: Crash::Power });
    }

    /// Partition 0 has a leader and two followers; 60 records are acknowledged by all of them.
    fn with_records(seed: u64) -> (Self, BrokerId, [BrokerId; 2]) {
        let mut lab = Self::with_orders(seed);
        lab.producer("checkout", &[], Span::millis(20), Some(60));
        lab.until(Span::secs(30), "60 acknowledgements", |lab| lab.acked("checkout") == 60);
        lab.secs(2);
        let leader = lab.leader(0).expect("led");
        let followers: Vec<BrokerId> = ALL.into_iter().filter(|broker| *broker != leader).collect();
        (lab, leader, [followers[0], followers[1]])
    }
}

#[test]
fn one_power_loss_costs_nothing_that_was_acknowledged() {
    let (mut lab, leader, _) = Lab::with_records(41);
    lab.power_loss(leader);
    assert_eq!(lab.log_end(leader, 0).0, 0, "nothing was ever flushed");
    lab.secs(3);
    lab.restart(leader);
    lab.secs(12);
    lab.until(Span::secs(60), "all are in sync again", |lab| (0..3).all(|partition| lab.isr(partition) == ALL));
    assert_eq!(lab.checker.violations(), []);
}

/// Sweep seeds 138, 642 and 766 were of this kind: a single in-sync replica that lost its power. Kafka does not wait for
/// disks, so what no in-sync replica has kept is nobody's debt; what comes after is owed again.
#[test]
fn what_the_whole_in_sync_set_loses_with_its_power_was_not_promised() {
    let (mut lab, _, _) = Lab::with_records(43);
    let committed: Vec<_> =
        (0..3).map(|partition| lab.high_watermark(lab.leader(partition).expect("led"), partition)).collect();
    for broker in ALL {
        lab.power_loss(broker);
    }
    let before = lab.checker.verdicts(&lab.world, lab.world.step_count());
    let verdict =
        &before.iter().find(|(guarantee, _)| *guarantee == Guarantee::CommittedRecordsSurvive).expect("told").1;
    assert!(
        matches!(verdict, Verdict::NotPromised { seen: None, .. }),
        "known before anybody misses them: {verdict:?}"
    );
    lab.secs(1);
    for broker in ALL {
        lab.restart(broker);
    }
    // The sessions of the former processes must end before the new ones are taken in.
    lab.secs(12);
    lab.until(Span::secs(60), "all are in sync again", |lab| (0..3).all(|partition| lab.isr(partition) == ALL));
    for guarantee in [Guarantee::AckedRecordsSurvive, Guarantee::CommittedRecordsSurvive] {
        for (partition, end) in (0..).zip(&committed).filter(|(_, end)| end.0 > 0) {
            let id = lab.orders(partition);
            let told = lab.checker.violations().iter().find(|told| {
                let Evidence::Missing { partition, .. } = told.evidence else { return false };
                told.guarantee == guarantee && partition == id
            });
            let told = told.unwrap_or_else(|| panic!("{} of partition {partition}", guarantee.id()));
            let Evidence::Missing { first, last, .. } = told.evidence else { unreachable!("looked for above") };
            assert_eq!((first, last.next()), (Offset(0), *end), "all of it");
            let Some(Unpromised::PowerLoss { brokers, .. }) = &told.unpromised else { panic!("{told:?}") };
            assert_eq!(brokers.iter().collect::<BTreeSet<_>>(), ALL.iter().collect(), "the whole in-sync set");
        }
    }
    // The next records take the same offsets under a later epoch, and are owed.
    let losses = lab.checker.violations().len();
    lab.producer("again", &[], Span::millis(20), Some(60));
    lab.until(Span::secs(30), "60 acknowledgements", |lab| lab.acked("again") == 60);
    let leader = lab.leader(0).expect("led");
    lab.power_loss(leader);
    lab.secs(20);
    lab.restart(leader);
    lab.secs(20);
    assert_eq!(lab.checker.violations().len(), losses, "one power loss costs nothing");
}

/// One in-sync replica that keeps its power keeps the records, whichever of the others lose theirs.
#[test]
fn one_in_sync_replica_is_enough() {
    let (mut lab, leader, [one, other]) = Lab::with_records(44);
    lab.power_loss(leader);
    lab.power_loss(one);
    lab.until(Span::secs(30), "the third leads", |lab| lab.leader(0) == Some(other));
    lab.restart(leader);
    lab.restart(one);
    lab.secs(12);
    lab.until(Span::secs(60), "all are in sync again", |lab| (0..3).all(|partition| lab.isr(partition) == ALL));
    assert_eq!(lab.checker.violations(), []);
}

/// A leader's proposal names the process it saw catch up. Here that process loses its power, and its log, before the
/// controller reads the proposal; the next process with the same id must not be let in on the former one's merits
/// (KIP-903). Cause of the bug: AlterPartition carried ids without broker epochs.
#[test]
fn a_replica_that_lost_power_is_not_let_in_on_its_former_merits() {
    let (mut lab, leader, [late, other]) = Lab::with_records(42);
    let (l, f) = (Target::Broker(leader), Target::Broker(late));
    // Partition 0 is down to its leader: one follower has crashed, the other one cannot fetch.
    lab.crash(other);
    lab.act(Command::Hold { a: l.clone(), b: f.clone() });
    lab.producer("more", &[], Span::millis(500), None);
    lab.until(Span::secs(60), "the leader is alone in sync", |lab| lab.isr(0) == [leader]);
    // The follower's session is about to expire, unnoticed by the leader; just then it catches up.
    lab.act(Command::Partition { a: f.clone(), b: CONTROLLER });
    lab.secs(6);
    lab.act(Command::Hold { a: l.clone(), b: CONTROLLER });
    let from = lab.world.now();
    lab.act(Command::Release { a: l.clone(), b: f.clone() });
    let proposed = |fact: &Fact| matches!(fact, Fact::Broker(BrokerFact::IsrProposed { to, .. }) if to.contains(&late));
    lab.until(Span::secs(1), "the leader asks to let it in", |lab| lab.first(from, proposed).is_some());
    lab.power_loss(late);
    lab.act(Command::Hold { a: l.clone(), b: f.clone() });
    lab.act(Command::Repair { a: f, b: CONTROLLER });
    lab.restart(late);
    lab.until(Span::secs(6), "another process serves under its id", |lab| {
        lab.world.broker(late).is_some_and(|broker| !broker.lifecycle().is_fenced())
    });
    lab.act(Command::Release { a: l, b: CONTROLLER });
    lab.secs(1);
    assert_eq!(lab.isr(0), [leader], "its log is empty");
    let refused = |fact: &Fact| {
        let Fact::Controller(ControllerFact::IsrRefused { error, .. }) = fact else { return false };
        // With eligible leader replicas its new registration has changed the partition already, and that is told first.
        matches!(error, ErrorCode::IneligibleReplica | ErrorCode::InvalidUpdateVersion)
    };
    assert!(lab.first(from, refused).is_some());
    lab.crash(leader);
    lab.secs(20);
    assert_eq!(lab.leader(0), None, "nobody leads without the records");
    lab.assert_promises_kept();
}

/// A connection dies with the process that opened it, although the machine on the other side may not hear of that.
/// Cause of the bug: request numbers begin at 0 with every process, so an answer to the former one fitted the next.
#[test]
fn an_answer_never_reaches_the_next_life_of_the_program() {
    let mut lab = Lab::with_orders(45);
    let leader = lab.leader(0).expect("led");
    for broker in ALL.into_iter().filter(|broker| *broker != leader) {
        lab.act(Command::Hold { a: Target::Broker(leader), b: Target::Broker(broker) });
    }
    lab.producer("checkout", &[], Span::millis(20), Some(40));
    let parked = |fact: &Fact| matches!(fact, Fact::Broker(BrokerFact::ProduceParked { .. }));
    let from = lab.world.now();
    lab.until(Span::secs(5), "the leader waits for its followers", |lab| lab.first(from, parked).is_some());
    let program = Target::Client("checkout".into());
    let node = lab.world.node_of(&program).expect("it exists");
    lab.act(Command::Crash { node: program.clone(), how: Crash::Power });
    let died = lab.world.now();
    lab.act(Command::Restart { node: program });
    for broker in ALL.into_iter().filter(|broker| *broker != leader) {
        lab.act(Command::Release { a: Target::Broker(leader), b: Target::Broker(broker) });
    }
    lab.secs(20);
    let reset = |fact: &Fact| {
        let Fact::Runtime(RuntimeFact::Lost { to, why: Loss::Reset, digest, .. }) = fact else { return false };
        *to == node && digest.name == "Produce" && digest.is_response
    };
    assert!(lab.first(died, reset).is_some(), "the answer came for a process that is no more");
    lab.assert_promises_kept();
}
