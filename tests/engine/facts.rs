//! Every fact can happen: runs made to meet those that no other test looks for.

use kafkascope::engine::clients::{ConsumerFact, ProducerFact};
use kafkascope::engine::command::{Command, CommitStyle, QueueSpec, RecordSpec, Target};
use kafkascope::engine::common::{BrokerId, Span};
use kafkascope::engine::controller::ControllerFact;
use kafkascope::engine::coordinator::GroupFact;
use kafkascope::engine::kafka_controller::KafkaControllerFact;
use kafkascope::engine::queue::QueueFact;
use kafkascope::engine::raft::RaftFact;
use kafkascope::engine::runtime::{Crash, RuntimeFact};
use kafkascope::engine::server::BrokerFact;
use kafkascope::engine::{Fact, Record, Setup, World};
use kafkascope::scenario::random::RandomRun;

use super::lab::Lab;

/// A cluster to which most of what can befall one is done.
fn troubled_cluster() -> Vec<Record> {
    let mut lab = Lab::with_orders(61);
    let topic = |factor| Command::CreateTopic {
        name: "refused".into(),
        partitions: Some(1),
        replication_factor: Some(factor),
        assignment: None,
        configs: Default::default(),
    };
    lab.act(topic(9));
    lab.act(Command::AlterTopicConfig {
        topic: "orders".into(),
        configs: [("retention.ms".to_owned(), "60000".to_owned())].into(),
        delete: Vec::new(),
    });
    lab.act(Command::AlterBrokerConfig {
        broker: None,
        configs: [("log.retention.ms".to_owned(), "70000".to_owned())].into(),
        delete: Vec::new(),
    });
    lab.producer("checkout", &[], Span::millis(50), None);
    lab.producer("tight", &[("buffer.memory", "20000")], Span::secs(900), Some(1));
    let large = RecordSpec { key: None, value: "x".repeat(9_000), partition: Some(0), ..RecordSpec::default() };
    lab.act(Command::Produce { producer: "tight".into(), records: vec![large; 12] });
    for name in ["billing-1", "billing-2"] {
        lab.consumer(name, "billing", &[("auto.offset.reset", "earliest")], Span::millis(5), CommitStyle::Auto);
    }
    lab.consumer("picky", "picky", &[("auto.offset.reset", "none")], Span::ZERO, CommitStyle::Never);
    lab.secs(15);
    let (one, two) = (Target::Broker(BrokerId(1)), Target::Broker(BrokerId(2)));
    lab.act(Command::SetLatency { a: one.clone(), b: two.clone(), base: Span::millis(9), jitter: Span::ZERO });
    lab.act(Command::Hold { a: one.clone(), b: two.clone() });
    lab.secs(2);
    lab.act(Command::Release { a: one.clone(), b: two.clone() });
    lab.act(Command::Partition { a: one.clone(), b: two.clone() });
    lab.secs(50);
    lab.act(Command::Repair { a: one.clone(), b: two.clone() });
    lab.act(Command::Pause { node: two.clone() });
    lab.secs(20);
    lab.act(Command::Resume { node: two });
    let up = lab.world.brokers().find(|(_, broker)| broker.coordinator().group("billing").is_some());
    let coordinator = up.expect("billing has a coordinator").0;
    lab.crash(coordinator);
    lab.secs(1);
    // Back before its session has ended: the controller takes it for a second broker with the same id.
    lab.restart(coordinator);
    lab.secs(30);
    lab.act(Command::Close { client: "billing-2".into() });
    lab.secs(10);
    lab.trace
}

/// A queue with a poisonous message, a worker that dies, and a broker that dies.
fn troubled_queue() -> Vec<Record> {
    let spec = QueueSpec { visibility_timeout: Span::secs(5), max_deliveries: 2, ..QueueSpec::default() };
    let mut lab = Lab::new(Setup { queue: Some(spec), ..Setup::default() });
    lab.act(Command::AddQueueProducer { name: "shop".into(), workload: None });
    for name in ["worker-1", "worker-2"] {
        lab.act(Command::AddQueueWorker {
            name: name.into(),
            application: "work".into(),
            processing: Span::millis(200),
            prefetch: 1,
            poison: Some("poison".into()),
        });
    }
    let record = |value: &str| RecordSpec { key: None, value: value.into(), partition: None, ..RecordSpec::default() };
    lab.act(Command::Produce { producer: "shop".into(), records: vec![record("poison"), record("a"), record("b")] });
    lab.secs(3);
    lab.act(Command::Crash { node: Target::Client("worker-1".into()), how: Crash::Process });
    lab.secs(3);
    lab.act(Command::Crash { node: Target::QueueBroker, how: Crash::Power });
    lab.act(Command::Produce { producer: "shop".into(), records: vec![record("into the dark"); 10_001] });
    lab.secs(30);
    lab.act(Command::Restart { node: Target::QueueBroker });
    lab.secs(60);
    lab.trace
}

fn random_runs(seeds: std::ops::Range<u64>) -> Vec<Record> {
    let mut trace = Vec::new();
    for seed in seeds {
        let run = RandomRun::of_seed(seed);
        let mut world = World::new(run.setup.clone()).expect("a random setup is sound");
        for (at, command) in &run.inputs {
            world.run_until(*at);
            // What makes no sense any more, because of what was broken before, is refused.
            let _ = world.apply(command);
        }
        world.run_until(run.end);
        let facts = world.take_trace();
        trace.extend(facts.into_iter().filter(|record| !matches!(record.fact, Fact::Runtime(_))));
    }
    trace
}

/// Fails with the names of those that did not happen.
macro_rules! assert_met {
    ($traces:expr; $($kind:ident($facts:ident::$name:ident)),* $(,)?) => {{
        let traces: &[Vec<Record>] = $traces;
        let mut missing: Vec<&str> = Vec::new();
        $(
            let met = |record: &Record| matches!(&record.fact, Fact::$kind($facts::$name { .. }));
            if !traces.iter().flatten().any(met) {
                missing.push(concat!(stringify!($facts), "::", stringify!($name)));
            }
        )*
        assert!(missing.is_empty(), "never happened: {missing:?}");
    }};
}

#[test]
fn every_fact_happens_somewhere() {
    let traces = [troubled_cluster(), troubled_queue(), random_runs(0..60)];
    assert!(traces[0].iter().any(|record| matches!(record.fact, Fact::Commanded(_))));
    assert_met! { &traces;
        Runtime(RuntimeFact::Sent), Runtime(RuntimeFact::Delivered), Runtime(RuntimeFact::Held),
        Runtime(RuntimeFact::Released), Runtime(RuntimeFact::Started), Runtime(RuntimeFact::Paused),
        Runtime(RuntimeFact::Resumed), Runtime(RuntimeFact::Disconnected), Runtime(RuntimeFact::LinkCut),
        Runtime(RuntimeFact::LinkRepaired), Runtime(RuntimeFact::LinkHeld), Runtime(RuntimeFact::LinkReleased),
        Runtime(RuntimeFact::LatencySet),
        Producer(ProducerFact::AwaitsMemory),
        Consumer(ConsumerFact::CoordinatorFound), Consumer(ConsumerFact::CoordinatorLost),
        Consumer(ConsumerFact::Processed), Consumer(ConsumerFact::FetchFailed), Consumer(ConsumerFact::NoOffset),
        Consumer(ConsumerFact::MetadataUpdated), Consumer(ConsumerFact::Closed),
        Controller(ControllerFact::BrokerRegistered), Controller(ControllerFact::RegistrationRefused),
        Controller(ControllerFact::BrokerUnfenced), Controller(ControllerFact::TopicCreated),
        Controller(ControllerFact::TopicRefused), Controller(ControllerFact::IsrChanged),
        Controller(ControllerFact::IsrRefused), Controller(ControllerFact::TopicReconfigured),
        Controller(ControllerFact::BrokersReconfigured),
        Controller(ControllerFact::MetadataCommitted), Controller(ControllerFact::Activated),
        KafkaController(KafkaControllerFact::LostElection),
        Broker(BrokerFact::BecameLeader), Queue(QueueFact::Delivered),
        Raft(RaftFact::BecameCandidate), Raft(RaftFact::BecameLeader), Raft(RaftFact::BecameFollower),
        Group(GroupFact::MemberIdGiven), Group(GroupFact::MemberJoined), Group(GroupFact::MemberLeft),
        Group(GroupFact::StateChanged), Group(GroupFact::GenerationBegun), Group(GroupFact::Assigned),
        Group(GroupFact::Refused),
        Queue(QueueFact::Enqueued), Queue(QueueFact::DeadLettered), Queue(QueueFact::WorkerSubscribed),
        Queue(QueueFact::WorkerGone), Queue(QueueFact::Published), Queue(QueueFact::PublishInDoubt),
        Queue(QueueFact::PublishLost), Queue(QueueFact::Received), Queue(QueueFact::Processed),
        Queue(QueueFact::Failed),
        Broker(BrokerFact::BecameFollower), Broker(BrokerFact::FollowerReached), Broker(BrokerFact::IsrProposed),
        Broker(BrokerFact::FetchParked), Broker(BrokerFact::Reconfigured), Broker(BrokerFact::FetchSessionOpened),
        Broker(BrokerFact::FetchSessionClosed),
    }
}
