//! A group that rebalances while it reads (KIP-429), beside one that stops.

use super::lab::Lab;
use kafkascope::engine::clients::ConsumerFact;
use kafkascope::engine::command::{Command, CommitStyle, Target, Workload};
use kafkascope::engine::common::{NodeId, Span, TopicPartition};
use kafkascope::engine::{Fact, Record, Setup};

/// `orders` with six partitions, records for all of them, and billing-1 and billing-2 reading with this assignor.
fn lab(seed: u64, strategy: &str) -> Lab {
    let mut lab = Lab::new(Setup { seed, ..Setup::default() });
    lab.secs(3);
    lab.act(Command::CreateTopic {
        name: "orders".into(),
        partitions: Some(6),
        replication_factor: Some(3),
        assignment: None,
        configs: [].into(),
    });
    lab.secs(2);
    let workload = Workload {
        every: Span::millis(20),
        records: None,
        keys: (0..40).map(|key| format!("k{key}")).collect(),
        random_keys: false,
        value: "{n}".into(),
    };
    lab.act(Command::AddProducer {
        name: "shop".into(),
        topic: "orders".into(),
        configs: [].into(),
        workload: Some(workload),
    });
    for name in ["billing-1", "billing-2"] {
        join(&mut lab, name, strategy);
    }
    lab.secs(12);
    lab
}

fn join(lab: &mut Lab, name: &str, strategy: &str) {
    let configs = [("partition.assignment.strategy", strategy), ("auto.offset.reset", "earliest")];
    lab.consumer(name, "billing", &configs, Span::millis(1), CommitStyle::Auto);
}

fn node(lab: &Lab, name: &str) -> NodeId {
    lab.world.node_of(&Target::Client(name.into())).expect("it was started")
}

fn owned(lab: &Lab, name: &str) -> Vec<u32> {
    let node = node(lab, name);
    let (_, consumer) = lab.world.consumers().find(|(id, _)| *id == node).expect("it is a consumer");
    let mut owned: Vec<u32> = consumer.assignment().iter().map(|partition| partition.partition.0).collect();
    owned.sort_unstable();
    owned
}

fn generation_of_billing(lab: &Lab) -> u32 {
    let mut groups = lab.world.brokers().flat_map(|(_, broker)| broker.coordinator().groups());
    let (_, group) = groups.find(|(_, group)| group.id().as_ref() == "billing").expect("it is formed");
    group.generation().0
}

/// What a consumer gave up, and what it was given that it had not, in order.
fn changes(records: &[Record], of: NodeId) -> Vec<(char, Vec<u32>)> {
    let numbers = |all: &[TopicPartition]| all.iter().map(|one| one.partition.0).collect::<Vec<_>>();
    let change = |record: &Record| match &record.fact {
        Fact::Consumer(ConsumerFact::PartitionsRevoked { partitions }) => Some(('-', numbers(partitions))),
        Fact::Consumer(ConsumerFact::PartitionsAssigned { partitions, kept, .. }) => {
            let added: Vec<_> = partitions.iter().filter(|one| !kept.contains(one)).copied().collect();
            Some(('+', numbers(&added)))
        }
        _ => None,
    };
    records.iter().filter(|record| record.node == Some(of)).filter_map(change).collect()
}

/// Facts §6.6: in the first generation those who have too much give it up, in the next the newcomer gets it; nobody else
/// stops, and nothing is read twice.
#[test]
fn a_newcomer_gets_its_share_in_two_rounds_while_the_others_read_on() {
    let mut lab = lab(3, "cooperative-sticky");
    let before: Vec<Vec<u32>> = ["billing-1", "billing-2"].map(|name| owned(&lab, name)).into();
    assert_eq!(before.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3]);
    let generation = generation_of_billing(&lab);
    let joined = lab.trace.len();
    join(&mut lab, "billing-3", "cooperative-sticky");
    lab.secs(12);
    let news = owned(&lab, "billing-3");
    assert_eq!(news.len(), 2);
    assert_eq!(generation_of_billing(&lab), generation + 2);
    for (name, before) in ["billing-1", "billing-2"].iter().zip(before) {
        let after = owned(&lab, name);
        let given_up: Vec<u32> = before.iter().copied().filter(|one| !after.contains(one)).collect();
        assert_eq!(given_up.len(), 1);
        assert!(news.contains(&given_up[0]) && after.iter().all(|one| before.contains(one)), "{before:?} {after:?}");
        let changed = changes(&lab.trace[joined..], node(&lab, name));
        assert_eq!(changed, [('-', given_up), ('+', vec![]), ('+', vec![])]);
    }
    assert_eq!(changes(&lab.trace[joined..], node(&lab, "billing-3")), [('+', vec![]), ('+', news)]);
    lab.assert_promises_kept();
}

/// The eager assignor with the same stickiness: everybody gives up everything, once, and gets most of it back.
#[test]
fn an_eager_group_stops_once_and_gets_back_what_it_had() {
    let mut lab = lab(3, "sticky");
    let before = owned(&lab, "billing-1");
    let joined = lab.trace.len();
    join(&mut lab, "billing-3", "sticky");
    lab.secs(12);
    let after = owned(&lab, "billing-1");
    assert!(after.len() == 2 && after.iter().all(|one| before.contains(one)), "{before:?} {after:?}");
    let changed = changes(&lab.trace[joined..], node(&lab, "billing-1"));
    let all = |(sign, mut numbers): (char, Vec<u32>)| {
        numbers.sort_unstable();
        (sign, numbers)
    };
    assert_eq!(changed.into_iter().map(all).collect::<Vec<_>>(), [('-', before), ('+', after)]);
    lab.assert_promises_kept();
}

/// A member that dies is missed after its session; what it had goes to the others in one round, for nobody else has it.
#[test]
fn what_a_dead_member_had_is_given_out_at_once() {
    let mut lab = lab(5, "cooperative-sticky");
    let (kept, lost) = (owned(&lab, "billing-2"), owned(&lab, "billing-1"));
    let generation = generation_of_billing(&lab);
    let died = lab.trace.len();
    lab.act(Command::Crash {
        node: Target::Client("billing-1".into()),
        how: kafkascope::engine::runtime::Crash::Process,
    });
    lab.secs(60);
    assert_eq!(owned(&lab, "billing-2").len(), kept.len() + lost.len());
    assert_eq!(generation_of_billing(&lab), generation + 1);
    assert_eq!(changes(&lab.trace[died..], node(&lab, "billing-2")), [('+', lost)]);
    lab.assert_promises_kept();
}

/// The library's own thread hears of the assignment at once; the application, busy with a record, when it polls again.
#[test]
fn an_assignment_waits_for_the_next_poll() {
    let mut lab = lab(4, "cooperative-sticky");
    let configs = [("partition.assignment.strategy", "cooperative-sticky"), ("max.poll.records", "1")];
    lab.consumer("slow", "billing", &configs, Span::secs(3), CommitStyle::Never);
    lab.secs(12);
    let slow = node(&lab, "slow");
    let joined = lab.trace.len();
    join(&mut lab, "billing-4", "cooperative-sticky");
    lab.secs(30);
    let done = |record: &&Record| {
        record.node == Some(slow)
            && matches!(
                record.fact,
                Fact::Consumer(ConsumerFact::Processed { .. } | ConsumerFact::PartitionsAssigned { .. })
            )
    };
    let facts: Vec<&Record> = lab.trace[joined..].iter().filter(done).collect();
    let assigned = |record: &&&Record| matches!(record.fact, Fact::Consumer(ConsumerFact::PartitionsAssigned { .. }));
    assert!(facts.iter().any(|record| assigned(&record)), "it was in the rebalance");
    for pair in facts.windows(2).filter(|pair| assigned(&&pair[1])) {
        assert_eq!(pair[0].at, pair[1].at, "right after a record was finished with, or after another assignment");
    }
}

/// Range first, then cooperative-sticky, the default since 3.0: all know range, so the group is eager.
#[test]
fn the_default_is_still_eager() {
    let mut lab = lab(3, "range,cooperative-sticky");
    let before = owned(&lab, "billing-1");
    assert_eq!(before, [0, 1, 2], "by range");
    let joined = lab.trace.len();
    join(&mut lab, "billing-3", "range,cooperative-sticky");
    lab.secs(12);
    assert_eq!(changes(&lab.trace[joined..], node(&lab, "billing-1")), [('-', before), ('+', vec![0, 1])]);
}
