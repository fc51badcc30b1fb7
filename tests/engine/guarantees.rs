//! Every guarantee has a mutation: one forged fact, as a broken node would emit it, must trip the checker.
//!
//! The runs themselves are real and clean; `cluster` asserts that such runs trip nothing.

use kafkascope::checker::Guarantee;
use kafkascope::engine::clients::{ConsumerFact, ProducerFact};
use kafkascope::engine::command::{Command, CommitStyle, Target};
use kafkascope::engine::common::{BrokerId, LeaderEpoch, NodeId, Offset, Span};
use kafkascope::engine::protocol::Acks;
use kafkascope::engine::queue::QueueFact;
use kafkascope::engine::raft::RaftFact;
use kafkascope::engine::runtime::{Cause, Crash};
use kafkascope::engine::server::BrokerFact;
use kafkascope::engine::{Fact, Record, Setup};

use super::lab::{ALL, Lab};

impl Lab {
    /// Lets the checker believe that this happened at `node` now.
    fn forge(&mut self, node: NodeId, fact: impl Into<Fact>) {
        let (step, at) = (self.world.step_count().next(), self.world.now());
        let record = Record { step, at, node: Some(node), cause: Cause::Start, fact: fact.into() };
        self.checker.observe(&self.world, &[record]);
    }

    fn broken(&self) -> Vec<Guarantee> {
        self.checker.violations().iter().map(|violation| violation.guarantee).collect()
    }

    /// A cluster that has worked for a while: records in every partition, a group that reads them.
    fn at_work(seed: u64) -> Self {
        let mut lab = Self::with_orders(seed);
        lab.producer("checkout", &[], Span::millis(50), Some(60));
        let from_the_start = [("auto.offset.reset", "earliest")];
        lab.consumer("billing-1", "billing", &from_the_start, Span::ZERO, CommitStyle::Auto);
        lab.consumer("billing-2", "billing", &from_the_start, Span::ZERO, CommitStyle::Auto);
        lab.until(Span::secs(60), "everything is read", |lab| {
            lab.processed("billing-1") + lab.processed("billing-2") == 60
        });
        assert_eq!(lab.broken(), [], "the real run is clean");
        lab
    }

    fn another(&self, than: BrokerId) -> BrokerId {
        ALL.into_iter().find(|broker| *broker != than).expect("there are three")
    }
}

fn became_leader(lab: &Lab, epoch: LeaderEpoch, log_end: Offset) -> BrokerFact {
    BrokerFact::BecameLeader { partition: lab.orders(0), leader_epoch: epoch, log_end, high_watermark: log_end }
}

#[test]
fn two_leaders_in_one_epoch_are_seen() {
    let mut lab = Lab::at_work(31);
    let leader = lab.leader(0).expect("led");
    let end = lab.log_end(leader, 0);
    let fact = became_leader(&lab, LeaderEpoch(0), end);
    let usurper = lab.another(leader);
    lab.forge(NodeId::Broker(usurper), fact);
    assert_eq!(lab.broken(), [Guarantee::OneLeaderPerEpoch]);
}

#[test]
fn a_falling_high_watermark_is_seen() {
    let mut lab = Lab::at_work(32);
    let leader = lab.leader(0).expect("led");
    let from = lab.high_watermark(leader, 0);
    let fact = BrokerFact::HighWatermarkMoved {
        partition: lab.orders(0),
        from,
        to: Offset(from.0 - 1),
        ends: vec![(leader, from)],
    };
    lab.forge(NodeId::Broker(leader), fact);
    assert_eq!(lab.broken(), [Guarantee::HighWatermarkNeverFalls]);
}

#[test]
fn a_read_above_the_high_watermark_is_seen() {
    let mut lab = Lab::at_work(33);
    let end = lab.high_watermark(lab.leader(0).expect("led"), 0);
    let reader = lab.world.consumers().next().expect("there are two").0;
    let fact = ConsumerFact::Polled { partition: lab.orders(0), first: end, last: end, last_epoch: LeaderEpoch(0) };
    lab.forge(reader, fact);
    assert_eq!(lab.broken(), [Guarantee::ReadsBelowHighWatermark]);
}

#[test]
fn a_new_leader_without_the_committed_and_acknowledged_records_is_seen() {
    // Broker 3 is down before the first record, so its log really lacks them.
    let mut lab = Lab::with_orders(34);
    let absent = ALL.into_iter().find(|broker| lab.leader(0) != Some(*broker)).expect("two do not lead");
    lab.crash(absent);
    lab.secs(12);
    lab.producer("checkout", &[], Span::millis(50), Some(30));
    lab.until(Span::secs(30), "30 acknowledgements", |lab| lab.acked("checkout") == 30);
    assert_eq!(lab.broken(), [], "the real run is clean");
    let fact = became_leader(&lab, LeaderEpoch(99), Offset(0));
    lab.forge(NodeId::Broker(absent), fact);
    let mut broken = lab.broken();
    broken.sort();
    assert_eq!(broken, [Guarantee::AckedRecordsSurvive, Guarantee::CommittedRecordsSurvive]);
    let lost: u64 = lab.checker.lost().iter().map(|range| range.count).sum();
    assert_eq!(lost, lab.high_watermark(lab.leader(0).expect("led"), 0).0, "every one of them is counted");
}

#[test]
fn two_owners_in_one_generation_are_seen() {
    let mut lab = Lab::at_work(35);
    let consumers: Vec<NodeId> = lab.world.consumers().map(|(node, _)| node).collect();
    let owner = |lab: &Lab, node: NodeId| {
        let (_, consumer) = lab.world.consumers().find(|(id, _)| *id == node).expect("it exists");
        (consumer.assignment().to_vec(), consumer.membership().generation().expect("a member"))
    };
    let (partitions, generation) = owner(&lab, consumers[0]);
    lab.forge(consumers[1], ConsumerFact::PartitionsAssigned { generation, partitions: partitions[..1].to_vec() });
    assert_eq!(lab.broken(), [Guarantee::OneOwnerPerPartition]);
}

#[test]
fn records_out_of_order_are_seen() {
    let mut lab = Lab::at_work(36);
    let leader = NodeId::Broker(lab.leader(0).expect("led"));
    let client = lab.world.producers().next().expect("there is one").0;
    let partition = lab.orders(0);
    // A record younger than all others is acknowledged at the very beginning of the log.
    let answer = BrokerFact::ProduceAnswered { partition, client, outcome: Ok(Offset(0)), acks: Acks::All };
    lab.forge(leader, answer);
    lab.forge(client, ProducerFact::BatchAcked { partition, base_offset: Some(Offset(0)), ordinals: vec![1_000] });
    assert_eq!(lab.broken(), [Guarantee::RecordsKeepTheirOrder]);
}

#[test]
fn one_message_with_two_workers_is_seen() {
    let mut lab = Lab::at_work(37);
    let consumers: Vec<NodeId> = lab.world.consumers().map(|(node, _)| node).collect();
    for to in consumers {
        lab.forge(NodeId::QueueBroker, QueueFact::Delivered { message: 1, to, deliveries: 1 });
    }
    assert_eq!(lab.broken(), [Guarantee::OneWorkerPerMessage]);
}

#[test]
fn two_controllers_in_one_epoch_and_one_without_the_committed_metadata_are_seen() {
    let voters = [101, 102, 103].map(BrokerId);
    let mut lab = Lab::new(Setup { seed: 38, controllers: voters.to_vec(), ..Setup::default() });
    lab.until(Span::secs(10), "a controller", |lab| lab.world.active_controller().is_some());
    let leader = lab.world.active_controller().expect("it leads").1;
    let (leader, epoch) = (leader.id(), leader.raft().quorum().epoch);
    let other = voters.into_iter().find(|voter| *voter != leader).expect("there are three");
    // One voter is away while the others go on committing: its log really lacks what they have.
    lab.act(Command::Crash { node: Target::Controller(other), how: Crash::Power });
    lab.secs(3);
    assert_eq!(lab.broken(), [], "the real run is clean");
    let elected = |epoch| RaftFact::BecameLeader { epoch, votes: vec![other], epoch_start: Offset(0) };
    lab.forge(NodeId::Controller(other), elected(epoch.next()));
    assert_eq!(lab.broken(), [Guarantee::CommittedMetadataSurvives]);
    lab.forge(NodeId::Controller(other), elected(epoch));
    assert!(lab.broken().contains(&Guarantee::OneControllerPerEpoch));
}
