//! Consumers in a whole cluster: three brokers, one controller, and the topic `orders` with three partitions.

use std::sync::Arc;

use super::{Activity, Consumer, Failure, MemberState, Membership};
use crate::engine::clients::fact::{ConsumerFact, PositionFrom};
use crate::engine::command::{Command, CommitStyle, RecordSpec, Target};
use crate::engine::common::{NodeId, Offset, Span, Time, TopicPartition};
use crate::engine::coordinator::GroupState;
use crate::engine::coordinator::group::Group;
use crate::engine::runtime::Crash;
use crate::engine::trace::Fact;
use crate::engine::world::{Process, Setup, World};

const GROUP: &str = "billing";

struct Lab {
    world: World,
    facts: Vec<(Time, NodeId, ConsumerFact)>,
}

impl Lab {
    fn new() -> Self {
        let mut lab = Self { world: World::new(Setup::default()).unwrap(), facts: Vec::new() };
        lab.secs(3);
        lab.act(Command::CreateTopic {
            name: "orders".into(),
            partitions: Some(3),
            replication_factor: Some(3),
            assignment: None,
            configs: [].into(),
        });
        lab.secs(2);
        lab.act(Command::AddProducer {
            name: "checkout".into(),
            topic: "orders".into(),
            configs: [].into(),
            workload: None,
        });
        lab
    }

    fn act(&mut self, command: Command) {
        self.world.apply(&command).unwrap_or_else(|refusal| panic!("{command:?}: {refusal}"));
        self.absorb();
    }

    fn absorb(&mut self) {
        for record in self.world.take_trace() {
            if let (Fact::Consumer(fact), Some(node)) = (record.fact, record.node) {
                self.facts.push((record.at, node, fact));
            }
        }
    }

    fn run(&mut self, span: Span) {
        let until = self.world.now() + span;
        while self.world.next_event_at().is_some_and(|at| at <= until) {
            self.world.step();
        }
        self.world.wait_until(until);
        self.absorb();
    }

    fn secs(&mut self, secs: u64) {
        self.run(Span::secs(secs));
    }

    /// Ten records to each partition, `<partition>-<n>`.
    fn produce(&mut self) {
        let record = |partition: u32, n: u32| RecordSpec {
            key: Some(format!("{partition}-{n}")),
            value: "v".into(),
            partition: Some(partition),
            ..RecordSpec::default()
        };
        let records = (0..10).flat_map(|n| (0..3).map(move |partition| record(partition, n))).collect();
        self.act(Command::Produce { producer: "checkout".into(), records });
        self.secs(1);
    }

    fn add(&mut self, name: &str, configs: &[(&str, &str)], processing: Span, commit: CommitStyle) {
        let mut configs: std::collections::BTreeMap<String, String> =
            configs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        configs.entry("auto.offset.reset".into()).or_insert("earliest".into());
        let topics = vec!["orders".into()];
        self.act(Command::AddConsumer { name: name.into(), group: GROUP.into(), topics, configs, processing, commit });
    }

    fn crash(&mut self, name: &str) {
        self.act(Command::Crash { node: Target::Client(name.into()), how: Crash::Process });
    }

    fn node(&self, name: &str) -> NodeId {
        self.world.node_of(&Target::Client(name.into())).expect("the client exists")
    }

    fn consumer(&self, name: &str) -> &Consumer {
        match self.world.process(self.node(name)) {
            Some(Process::Consumer(consumer)) => consumer,
            _ => panic!("{name} is no consumer"),
        }
    }

    fn membership(&self, name: &str) -> &Membership {
        self.consumer(name).membership().expect("a consumer of the new kind")
    }

    fn orders(&self, partition: u32) -> TopicPartition {
        TopicPartition::new(self.world.image().topic_id("orders").unwrap(), partition)
    }

    fn group(&self) -> &Group {
        let up = self.world.brokers().filter(|(id, _)| self.world.is_up(NodeId::Broker(*id)));
        up.into_iter().find_map(|(_, broker)| broker.coordinator().group(GROUP)).expect("somebody coordinates")
    }

    fn committed(&self) -> Vec<Option<u64>> {
        (0..3).map(|id| self.group().offset(self.orders(id)).map(|stored| stored.offset.0)).collect()
    }

    fn facts_of(&self, name: &str) -> impl Iterator<Item = &ConsumerFact> {
        let node = self.node(name);
        self.facts.iter().filter(move |(_, at, _)| *at == node).map(|(_, _, fact)| fact)
    }

    fn at(&self, name: &str, wanted: impl Fn(&ConsumerFact) -> bool) -> Option<Time> {
        let node = self.node(name);
        self.facts.iter().find(|(_, at, fact)| *at == node && wanted(fact)).map(|(at, _, _)| *at)
    }
}

// ---- reading -----------------------------------------------------------------------------------------------------

#[test]
fn a_consumer_reads_everything_in_the_order_of_each_partition() {
    let mut lab = Lab::new();
    lab.produce();
    lab.add("a", &[], Span::millis(10), CommitStyle::Auto);
    lab.secs(8);
    let consumer = lab.consumer("a");
    assert_eq!((consumer.member_state(), consumer.processed_records()), (MemberState::Stable, 30));
    assert_eq!(consumer.assignment(), [0, 1, 2].map(|id| lab.orders(id)));
    assert_eq!(consumer.positions().map(|(_, position)| position.0).collect::<Vec<_>>(), [10, 10, 10]);
    for partition in 0..3 {
        let id = lab.orders(partition);
        let read: Vec<_> = consumer.recently_processed().filter(|record| record.partition == id).collect();
        let keys: Vec<_> = read.iter().map(|record| record.key.clone().unwrap()).collect();
        assert_eq!(keys, (0..10).map(|n| Arc::from(format!("{partition}-{n}"))).collect::<Vec<_>>());
        assert!(read.iter().all(|record| record.times == 1));
        let set = ConsumerFact::PositionSet { partition: id, position: Offset(0), why: PositionFrom::ResetEarliest };
        assert!(lab.facts_of("a").any(|fact| *fact == set));
    }
    // More comes, and is read as it comes: the fetch was waiting for it.
    lab.produce();
    assert_eq!(lab.consumer("a").processed_records(), 60);
    assert_eq!(lab.consumer("a").ledger().repeated(), 0);
}

#[test]
fn positions_are_committed_inside_poll_once_the_interval_has_passed() {
    let mut lab = Lab::new();
    lab.add("a", &[], Span::ZERO, CommitStyle::Auto);
    lab.secs(8);
    lab.produce();
    let assigned = lab.at("a", |fact| matches!(fact, ConsumerFact::PartitionsAssigned { .. })).unwrap();
    lab.secs(6);
    let commits: Vec<Time> = (lab.facts.iter())
        .filter(|(_, _, fact)| matches!(fact, ConsumerFact::CommitSent { .. }))
        .map(|(at, _, _)| at.to_owned())
        .collect();
    // auto.commit.interval.ms=5000 from the assignment on.
    assert_eq!(commits[0], assigned + Span::secs(5));
    assert_eq!(commits[1], assigned + Span::secs(10));
    assert_eq!(lab.committed(), [Some(10); 3]);
    assert_eq!(lab.consumer("a").partition(lab.orders(0)).unwrap().committed(), Some(Offset(10)));
}

#[test]
fn a_poll_returns_at_most_max_poll_records_and_the_rest_is_buffered() {
    let mut lab = Lab::new();
    lab.produce();
    lab.add("a", &[("max.poll.records", "4")], Span::millis(100), CommitStyle::AfterPoll);
    while lab.consumer("a").in_hand().is_none() {
        lab.run(Span::millis(1));
    }
    let consumer = lab.consumer("a");
    assert_eq!(consumer.waiting().len(), 3);
    let hand = consumer.in_hand().unwrap();
    assert_eq!((hand.offset, hand.until.since(hand.since)), (Offset(0), Span::millis(100)));
    let state = consumer.partition(hand.partition).unwrap();
    assert_eq!((state.position(), state.buffered().unwrap().len()), (Some(Offset(4)), 6));
    lab.secs(5);
    assert_eq!(lab.consumer("a").processed_records(), 30);
    assert_eq!(lab.committed(), [Some(10); 3]);
    let commits = lab.facts_of("a").filter(|fact| matches!(fact, ConsumerFact::Committed { .. })).count();
    // Thirty records in polls of at most four.
    assert!(commits >= 8, "{commits}");
}

#[test]
fn where_reading_begins_without_a_commit_is_the_programs_choice() {
    let mut lab = Lab::new();
    lab.produce();
    lab.add("a", &[("auto.offset.reset", "latest")], Span::ZERO, CommitStyle::Auto);
    lab.secs(8);
    assert_eq!(lab.consumer("a").processed_records(), 0);
    lab.produce();
    assert_eq!(lab.consumer("a").processed_records(), 30);

    let mut lab = Lab::new();
    lab.add("a", &[("auto.offset.reset", "none")], Span::ZERO, CommitStyle::Auto);
    lab.secs(8);
    assert!(matches!(lab.consumer("a").activity(), Activity::Failed(Failure::NoOffsetForPartition(_))));
    // Nobody said goodbye: the group waits for the session to end.
    assert_eq!(lab.group().state(), GroupState::Stable);
    lab.secs(46);
    assert_eq!(lab.group().state(), GroupState::Empty);
}

// ---- losing and repeating ----------------------------------------------------------------------------------------

#[test]
fn what_was_processed_after_the_last_commit_is_read_again() {
    let mut lab = Lab::new();
    lab.produce();
    lab.add("a", &[], Span::millis(50), CommitStyle::Auto);
    while lab.consumer("a").processed_records() < 20 {
        lab.run(Span::millis(10));
    }
    assert_eq!(lab.committed(), [None; 3]);
    lab.crash("a");
    lab.act(Command::Restart { node: Target::Client("a".into()) });
    // The former self must be found dead first.
    lab.secs(60);
    let ledger = lab.consumer("a").ledger();
    assert_eq!((ledger.total(), ledger.repeated()), (50, 20));
    assert!(ledger.recent().any(|record| record.times == 2));
}

#[test]
fn a_commit_after_each_record_repeats_one_at_most() {
    let mut lab = Lab::new();
    lab.produce();
    lab.add("a", &[], Span::millis(50), CommitStyle::AfterEach);
    while lab.consumer("a").processed_records() < 20 {
        lab.run(Span::millis(10));
    }
    lab.crash("a");
    lab.act(Command::Restart { node: Target::Client("a".into()) });
    lab.secs(60);
    let ledger = lab.consumer("a").ledger();
    assert!(ledger.repeated() <= 1, "{}", ledger.repeated());
    assert_eq!(ledger.total() - ledger.repeated(), 30);
}

#[test]
fn a_commit_before_processing_loses_what_was_in_hand() {
    let mut lab = Lab::new();
    lab.produce();
    lab.add("a", &[], Span::millis(50), CommitStyle::BeforeProcessing);
    while lab.consumer("a").processed_records() < 5 {
        lab.run(Span::millis(10));
    }
    lab.crash("a");
    lab.act(Command::Restart { node: Target::Client("a".into()) });
    lab.secs(60);
    let ledger = lab.consumer("a").ledger();
    assert_eq!(ledger.repeated(), 0);
    assert!(ledger.total() < 30, "the rest of the poll was committed and never processed");
    assert_eq!(lab.committed(), [Some(10); 3]);
}

// ---- the group ---------------------------------------------------------------------------------------------------

#[test]
fn everything_is_committed_and_given_up_before_joining_again() {
    let mut lab = Lab::new();
    lab.produce();
    lab.add("a", &[], Span::ZERO, CommitStyle::Auto);
    lab.secs(6);
    lab.facts.clear();
    lab.add("b", &[], Span::ZERO, CommitStyle::Auto);
    lab.secs(6);
    let order: Vec<&str> = (lab.facts_of("a"))
        .filter_map(|fact| match fact {
            ConsumerFact::CommitSent { .. } => Some("commit"),
            ConsumerFact::PartitionsRevoked { .. } => Some("revoke"),
            ConsumerFact::JoinRequested { .. } => Some("join"),
            ConsumerFact::Joined { leads: true, .. } => Some("lead"),
            ConsumerFact::PartitionsAssigned { .. } => Some("assign"),
            _ => None,
        })
        .collect();
    let revoked = order.iter().position(|word| *word == "revoke").expect("b has joined");
    assert_eq!(order[revoked - 1..revoked + 4], ["commit", "revoke", "join", "lead", "assign"]);
    // orders-0 and -1 to the member whose id sorts first, orders-2 to the other.
    let share = |name: &str| lab.consumer(name).assignment().len();
    assert_eq!(share("a") + share("b"), 3);
    assert_eq!((share("a"), share("b")), (2, 1), "a-… sorts before b-…");
    assert_eq!(lab.membership("a").generation(), lab.membership("b").generation());
    assert_eq!(lab.consumer("b").processed_records(), 0, "a had committed before it gave up");
}

#[test]
fn closing_commits_and_leaves_so_that_the_others_need_not_wait() {
    let mut lab = Lab::new();
    lab.add("a", &[], Span::ZERO, CommitStyle::Auto);
    lab.add("b", &[], Span::ZERO, CommitStyle::Auto);
    lab.secs(10);
    lab.produce();
    let closed_at = lab.world.now();
    lab.act(Command::Close { client: "a".into() });
    lab.secs(5);
    assert_eq!(lab.consumer("a").activity(), &Activity::Closed);
    assert_eq!(lab.consumer("b").assignment().len(), 3);
    let taken = (lab.facts.iter()).find(|(at, _, fact)| {
        *at > closed_at && matches!(fact, ConsumerFact::PartitionsAssigned { partitions, .. } if partitions.len() == 3)
    });
    // b hears of it with its next heartbeat.
    assert!(taken.unwrap().0.since(closed_at) <= Span::millis(3_100));
    assert_eq!(lab.consumer("a").processed_records() + lab.consumer("b").processed_records(), 30);
    lab.act(Command::Close { client: "b".into() });
    lab.secs(1);
    assert_eq!((lab.group().state(), lab.committed()), (GroupState::Empty, vec![Some(10); 3]));
}

#[test]
fn who_polls_too_rarely_leaves_and_loses_what_it_had() {
    let mut lab = Lab::new();
    lab.produce();
    let configs =
        [("max.poll.interval.ms", "10000"), ("session.timeout.ms", "6000"), ("heartbeat.interval.ms", "2000")];
    lab.add("a", &configs, Span::secs(4), CommitStyle::AfterPoll);
    lab.secs(5);
    lab.add("b", &configs, Span::ZERO, CommitStyle::AfterPoll);
    while lab.at("a", |fact| matches!(fact, ConsumerFact::PollIntervalExceeded { .. })).is_none() {
        lab.run(Span::millis(100));
    }
    let polled = lab.at("a", |fact| matches!(fact, ConsumerFact::Polled { .. })).unwrap();
    let left = lab.at("a", |fact| matches!(fact, ConsumerFact::PollIntervalExceeded { .. })).unwrap();
    assert!(left.since(polled) >= Span::secs(10) && left.since(polled) < Span::millis(10_100), "{polled} {left}");
    lab.secs(20);
    assert_eq!(lab.consumer("b").processed_records(), 30, "the other one reads it all");
    lab.secs(120);
    let failed = lab.at("a", |fact| matches!(fact, ConsumerFact::CommitFailed { .. }));
    let lost = lab.at("a", |fact| matches!(fact, ConsumerFact::PartitionsLost { .. }));
    assert!(failed.is_some() && failed <= lost, "{failed:?} {lost:?}");
}

#[test]
fn heartbeats_go_on_while_the_application_is_busy() {
    let mut lab = Lab::new();
    lab.produce();
    lab.add("a", &[], Span::secs(60), CommitStyle::AfterPoll);
    lab.secs(200);
    assert_eq!(lab.group().state(), GroupState::Stable);
    assert_eq!(lab.group().members().len(), 1);
    assert_eq!(lab.membership("a").generation(), Some(lab.group().generation()));
}

#[test]
fn the_group_outlives_its_coordinator_without_a_rebalance() {
    let mut lab = Lab::new();
    lab.add("a", &[], Span::ZERO, CommitStyle::Auto);
    lab.add("b", &[], Span::ZERO, CommitStyle::Auto);
    lab.secs(15);
    let before = lab.group().generation();
    let coordinator = lab.membership("a").coordinator().unwrap();
    lab.act(Command::Crash { node: Target::Broker(coordinator), how: Crash::Process });
    lab.secs(25);
    lab.produce();
    lab.secs(6);
    assert_ne!(lab.membership("a").coordinator(), Some(coordinator));
    assert_eq!((lab.group().state(), lab.group().generation()), (GroupState::Stable, before));
    assert_eq!(lab.consumer("a").processed_records() + lab.consumer("b").processed_records(), 30);
    assert_eq!(lab.committed(), [Some(10); 3]);
}

#[test]
fn a_crashed_member_is_missed_after_its_session() {
    let mut lab = Lab::new();
    lab.add("a", &[], Span::ZERO, CommitStyle::Auto);
    lab.add("b", &[], Span::ZERO, CommitStyle::Auto);
    lab.secs(15);
    lab.crash("a");
    let crashed_at = lab.world.now();
    lab.secs(41);
    assert_eq!(lab.consumer("b").assignment().len(), 1);
    lab.secs(9);
    assert_eq!(lab.consumer("b").assignment().len(), 3);
    let assigned = lab.facts.iter().rfind(|(_, _, fact)| matches!(fact, ConsumerFact::PartitionsAssigned { .. }));
    // The last heartbeat came up to three seconds before the crash; b hears of it up to three seconds later.
    let took = assigned.unwrap().0.since(crashed_at);
    assert!((Span::secs(42)..=Span::millis(48_100)).contains(&took), "{took}");
}

#[test]
fn an_answer_to_a_former_self_is_nobodys() {
    let mut lab = Lab::new();
    lab.add("a", &[], Span::ZERO, CommitStyle::Auto);
    let is_waiting = |lab: &Lab| lab.membership("a").state() == MemberState::PreparingRebalance;
    while !is_waiting(&lab) || lab.membership("a").member().is_none() {
        lab.run(Span::millis(1));
    }
    lab.run(Span::millis(500));
    let former = lab.membership("a").member().cloned();
    lab.crash("a");
    lab.act(Command::Restart { node: Target::Client("a".into()) });
    lab.secs(12);
    // The coordinator still waits for the former self, whose first JoinGroup it had parked.
    assert_ne!(lab.membership("a").member(), former.as_ref());
    lab.secs(120);
    let consumer = lab.consumer("a");
    assert_eq!((consumer.member_state(), consumer.assignment().len()), (MemberState::Stable, 3));
    assert_eq!(lab.group().members().len(), 1);
}

#[test]
fn reading_goes_on_under_the_next_leader() {
    let mut lab = Lab::new();
    lab.add("a", &[], Span::ZERO, CommitStyle::Auto);
    lab.secs(8);
    lab.produce();
    let leader = lab.world.image().partition(lab.orders(0)).unwrap().leader.unwrap();
    lab.act(Command::Crash { node: Target::Broker(leader), how: Crash::Power });
    // Nobody hears of a power loss. The broker is fenced after nine seconds, and the fetch that it will never answer
    // is given up after request.timeout.ms=30000; then metadata names the new leader.
    lab.secs(20);
    lab.produce();
    lab.secs(40);
    let consumer = lab.consumer("a");
    assert_eq!((consumer.processed_records(), consumer.ledger().repeated()), (60, 0));
    let node = lab.node("a");
    let timed_out = ConsumerFact::RequestTimedOut { to: leader };
    assert!(lab.facts.iter().any(|(_, at, fact)| *at == node && *fact == timed_out));
    assert_ne!(lab.world.image().partition(lab.orders(0)).unwrap().leader, Some(leader));
}

#[test]
fn a_static_member_is_back_within_its_session_without_a_rebalance() {
    let mut lab = Lab::new();
    lab.produce();
    lab.add("a", &[("group.instance.id", "one")], Span::ZERO, CommitStyle::AfterEach);
    lab.secs(8);
    lab.add("b", &[("group.instance.id", "two")], Span::ZERO, CommitStyle::AfterEach);
    lab.secs(8);
    let generation = lab.group().generation();
    let share = lab.consumer("a").assignment().to_vec();
    lab.act(Command::Close { client: "a".into() });
    lab.secs(5);
    assert_eq!(lab.group().members().len(), 2, "a static member does not leave");
    lab.crash("a");
    lab.act(Command::Restart { node: Target::Client("a".into()) });
    lab.secs(5);
    assert_eq!((lab.group().state(), lab.group().generation()), (GroupState::Stable, generation));
    assert_eq!(lab.consumer("a").assignment(), share);
    assert_eq!(lab.consumer("a").ledger().repeated() + lab.consumer("b").ledger().repeated(), 0);
}
