//! Broker, producers and workers of the point-to-point queue together, over a real kernel.

use super::*;
use crate::engine::command::{QueueSpec, RecordSpec, Workload};
use crate::engine::common::{ClientId, Time};
use crate::engine::protocol::{Body, QueueMessage};
use crate::engine::runtime::{Crash, Kernel, Latency, Node};
use crate::engine::trace::Fact;
use crate::engine::{Ctx, Kafka, Timer, Token};

const BROKER: NodeId = NodeId::QueueBroker;
const PRODUCER: NodeId = NodeId::Client(ClientId(0));
const A: NodeId = NodeId::Client(ClientId(1));
const B: NodeId = NodeId::Client(ClientId(2));

#[derive(Clone, Debug)]
enum Process {
    Broker(Box<QueueBroker>),
    Producer(Box<QueueProducer>),
    Worker(Box<QueueWorker>),
}

macro_rules! each {
    ($process:expr, $node:ident => $do:expr) => {
        match $process {
            Process::Broker($node) => $do,
            Process::Producer($node) => $do,
            Process::Worker($node) => $do,
        }
    };
}

impl Node<Kafka> for Process {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        each!(self, node => node.start(ctx));
    }
    fn message(&mut self, ctx: &mut Ctx<'_>, from: NodeId, body: Body) {
        each!(self, node => node.message(ctx, from, body));
    }
    fn timer(&mut self, ctx: &mut Ctx<'_>, timer: Timer) {
        each!(self, node => node.timer(ctx, timer));
    }
    fn flushed(&mut self, ctx: &mut Ctx<'_>, token: Token) {
        each!(self, node => node.flushed(ctx, token));
    }
    fn disconnected(&mut self, ctx: &mut Ctx<'_>, peer: NodeId) {
        each!(self, node => node.disconnected(ctx, peer));
    }
    fn crash(&mut self, how: Crash) {
        each!(self, node => node.crash(how));
    }
}

struct Lab(Kernel<Kafka, Process>);

impl Lab {
    /// A broker and a producer; every message travels 1 ms, a flush takes 1 ms and 4 µs for each KiB.
    fn new(spec: QueueSpec) -> Self {
        let mut kernel = Kernel::new(1, Latency { base: Span::millis(1), jitter: Span::ZERO });
        kernel.add_node(BROKER, Process::Broker(Box::new(QueueBroker::new(spec))));
        let producer = QueueProducer::new(ClientId(0), "shop".into(), "orders.q".into(), None);
        kernel.add_node(PRODUCER, Process::Producer(Box::new(producer)));
        Self(kernel)
    }

    fn worker(&mut self, node: NodeId, prefetch: u32, processing: Span, poison: Option<&str>) {
        let NodeId::Client(id) = node else { unreachable!() };
        let (name, application) = (node.to_string().into(), "billing".into());
        let poison = poison.map(str::to_owned);
        let worker = QueueWorker::new(id, name, application, "orders.q".into(), prefetch, processing, poison);
        self.0.add_node(node, Process::Worker(Box::new(worker)));
        // The tests below are told when, not before.
        self.run_for(Span::millis(2));
    }

    fn run_for(&mut self, span: Span) {
        let to = self.0.now() + span;
        while self.0.next_event_at().is_some_and(|at| at <= to) {
            self.0.step();
        }
        self.0.wait_until(to);
    }

    fn publish(&mut self, values: &[&str]) {
        let records = values.iter().map(|value| RecordSpec { value: (*value).to_owned(), ..RecordSpec::default() });
        let records: Vec<_> = records.collect();
        self.0.command(PRODUCER, |process, ctx| match process {
            Process::Producer(producer) => producer.produce(ctx, records),
            _ => unreachable!(),
        });
    }

    fn broker(&self) -> &QueueBroker {
        match &self.0.slot(BROKER).unwrap().node {
            Process::Broker(broker) => broker,
            _ => unreachable!(),
        }
    }

    fn producer(&self) -> &QueueProducer {
        match &self.0.slot(PRODUCER).unwrap().node {
            Process::Producer(producer) => producer,
            _ => unreachable!(),
        }
    }

    fn worker_of(&self, node: NodeId) -> &QueueWorker {
        match &self.0.slot(node).unwrap().node {
            Process::Worker(worker) => worker,
            _ => unreachable!(),
        }
    }

    fn ready(&self) -> Vec<u64> {
        self.broker().ready().map(|(message, _)| message).collect()
    }

    fn out(&self) -> Vec<(u64, NodeId, u32)> {
        self.broker().delivered().map(|(_, delivery)| (delivery.message, delivery.to, delivery.deliveries)).collect()
    }

    fn facts(&mut self) -> Vec<(Time, QueueFact)> {
        let trace = self.0.take_trace();
        trace
            .into_iter()
            .filter_map(|record| match record.fact {
                Fact::Queue(fact) => Some((record.at, fact)),
                _ => None,
            })
            .collect()
    }

    fn requeued(&mut self) -> Vec<(u64, RequeuedBecause)> {
        self.facts()
            .into_iter()
            .filter_map(|(_, fact)| match fact {
                QueueFact::Requeued { message, why } => Some((message, why)),
                _ => None,
            })
            .collect()
    }
}

fn spec(visibility_timeout: Span, max_deliveries: u32) -> QueueSpec {
    QueueSpec { visibility_timeout, max_deliveries, ..QueueSpec::default() }
}

#[test]
fn a_confirm_comes_only_when_the_message_is_safe() {
    let mut lab = Lab::new(QueueSpec::default());
    lab.publish(&["one"]);
    lab.run_for(Span::micros(2_003));
    assert_eq!((lab.ready(), lab.broker().unsafe_entries(), lab.broker().unconfirmed()), (vec![0], 1, 1));
    assert_eq!(lab.producer().unconfirmed().count(), 1);
    lab.run_for(Span::millis(2));
    assert_eq!((lab.broker().unsafe_entries(), lab.broker().unconfirmed()), (0, 0));
    assert_eq!((lab.producer().unconfirmed().count(), lab.producer().confirmed()), (0, 1));
    // There 1 ms, flush 1 ms and one KiB begun, back 1 ms.
    let confirmed = lab.facts().into_iter().find(|(_, fact)| matches!(fact, QueueFact::Confirmed { .. }));
    assert_eq!(confirmed, Some((Time(3_004), QueueFact::Confirmed { publish: 0 })));
}

#[test]
fn competing_workers_take_turns_within_their_prefetch() {
    let mut lab = Lab::new(QueueSpec::default());
    lab.worker(A, 2, Span::millis(100), None);
    lab.worker(B, 1, Span::millis(100), None);
    lab.publish(&["0", "1", "2", "3", "4"]);
    lab.run_for(Span::millis(50));
    assert_eq!(lab.out(), [(0, A, 1), (1, B, 1), (2, A, 1)]);
    assert_eq!(lab.ready(), [3, 4]);
    let a = lab.worker_of(A);
    assert_eq!((a.in_hand().map(|work| work.message), a.waiting().count()), (Some(0), 1));
    assert_eq!(a.progress_permille(lab.0.now()), Some(480));
    // Nobody answers for another's delivery.
    let (tag, _) = lab.broker().delivered().next().unwrap();
    lab.0.command(B, |_, ctx| ctx.send(BROKER, Body::Queue(QueueMessage::Ack { tag })));
    lab.run_for(Span::millis(5));
    assert_eq!((lab.out().len(), lab.broker().removed_count()), (3, 0));
    lab.run_for(Span::millis(400));
    assert_eq!((lab.out().len(), lab.ready().len(), lab.broker().removed_count()), (0, 0, 5));
    let removed: Vec<_> = lab.broker().removed().map(|removal| removal.message).collect();
    assert_eq!(removed.len(), 5);
    assert!((0..5).all(|message| removed.contains(&message) && lab.broker().stored(message).is_none()));
    let received = lab.worker_of(A).received_count() + lab.worker_of(B).received_count();
    assert_eq!(received, 5, "each message went to one worker");
}

#[test]
fn a_poisoned_message_goes_to_the_front_and_at_last_to_the_dead_letters() {
    let mut lab = Lab::new(spec(Span::secs(30), 3));
    lab.worker(A, 1, Span::millis(10), Some("bad"));
    lab.publish(&["bad apple", "good pear"]);
    lab.run_for(Span::millis(200));
    let taken: Vec<_> = lab.worker_of(A).received().collect();
    assert_eq!(taken, [(0, 1), (0, 2), (0, 3), (1, 1)], "back at the front, the bad one blocks the good one");
    let dead: Vec<_> =
        lab.broker().dead_letters().iter().map(|letter| (letter.message, letter.stored.deliveries)).collect();
    assert_eq!(dead, [(0, 3)]);
    assert_eq!((lab.worker_of(A).failed_count(), lab.worker_of(A).processed_count()), (3, 1));
    assert_eq!(lab.requeued(), [(0, RequeuedBecause::Nacked); 2]);
}

#[test]
fn a_slow_worker_loses_its_message_to_another_and_answers_too_late() {
    let mut lab = Lab::new(spec(Span::millis(500), 5));
    lab.worker(A, 1, Span::millis(800), None);
    lab.publish(&["slow"]);
    lab.run_for(Span::millis(100));
    lab.worker(B, 1, Span::millis(10), None);
    lab.run_for(Span::millis(380));
    assert_eq!(lab.out(), [(0, A, 1)]);
    // The timeout frees A's credit as well; B has waited longer for its turn.
    lab.run_for(Span::millis(500));
    assert_eq!((lab.out().len(), lab.broker().removed_count()), (0, 1));
    assert_eq!(lab.worker_of(B).received().collect::<Vec<_>>(), [(0, 2)]);
    assert_eq!(lab.worker_of(A).processed_count() + lab.worker_of(B).processed_count(), 2, "done twice");
    let facts = lab.facts();
    assert!(facts.iter().any(|(_, fact)| *fact == QueueFact::AnsweredTooLate { by: A }));
    assert!(facts.iter().any(|(_, fact)| *fact == QueueFact::Removed { message: 0, by: B }));
}

#[test]
fn what_a_dead_worker_had_comes_back_in_its_old_order() {
    let mut lab = Lab::new(QueueSpec::default());
    lab.worker(A, 3, Span::secs(1), None);
    lab.publish(&["0", "1", "2", "3"]);
    lab.run_for(Span::millis(100));
    assert_eq!(lab.ready(), [3]);
    lab.0.crash(A, Crash::Process);
    lab.run_for(Span::millis(100));
    assert_eq!((lab.ready(), lab.out()), (vec![0, 1, 2, 3], vec![]));
    assert_eq!(lab.requeued(), [0, 1, 2].map(|message| (message, RequeuedBecause::WorkerGone)));
    assert_eq!(lab.broker().subscribers().count(), 0);
    lab.worker(B, 1, Span::millis(10), None);
    lab.run_for(Span::millis(100));
    assert_eq!(lab.worker_of(B).received().collect::<Vec<_>>(), [(0, 2), (1, 2), (2, 2), (3, 1)]);
}

#[test]
fn a_worker_that_lost_power_is_noticed_by_the_timeout_or_by_its_return() {
    let mut lab = Lab::new(spec(Span::secs(30), 5));
    lab.worker(A, 1, Span::secs(1), None);
    lab.publish(&["0"]);
    lab.run_for(Span::millis(100));
    lab.0.crash(A, Crash::Power);
    lab.run_for(Span::secs(5));
    assert_eq!(lab.out(), [(0, A, 1)], "silence proves nothing yet");
    lab.0.restart(A);
    lab.run_for(Span::millis(100));
    assert_eq!(lab.requeued(), [(0, RequeuedBecause::WorkerGone)]);
    assert_eq!(lab.out(), [(0, A, 2)]);
    lab.0.crash(A, Crash::Power);
    lab.run_for(Span::secs(61));
    assert_eq!(lab.broker().subscribers().count(), 0);
    assert_eq!(lab.ready(), [0]);
}

#[test]
fn a_restarted_broker_has_every_confirmed_message_and_redelivers_what_was_out() {
    for how in [Crash::Process, Crash::Power] {
        let mut lab = Lab::new(QueueSpec::default());
        lab.worker(A, 1, Span::secs(2), None);
        lab.publish(&["0", "1"]);
        lab.run_for(Span::millis(100));
        assert_eq!((lab.out(), lab.ready()), (vec![(0, A, 1)], vec![1]));
        lab.publish(&["2"]);
        // Arrived, not yet flushed: only the page cache has it.
        lab.run_for(Span::micros(1_500));
        lab.0.crash(BROKER, how);
        lab.facts();
        lab.run_for(Span::millis(100));
        lab.0.restart(BROKER);
        lab.run_for(Span::millis(1));
        let survived = if how == Crash::Process { vec![0, 1, 2] } else { vec![0, 1] };
        assert_eq!(lab.ready(), survived);
        if how == Crash::Process {
            assert_eq!(lab.requeued(), [(0, RequeuedBecause::BrokerRestarted)]);
            assert_eq!(lab.broker().stored(0).map(|stored| stored.deliveries), Some(1), "it is marked as redelivered");
        }
        // The worker finishes what it has, though nobody takes the ack; then it is given the same again.
        lab.run_for(Span::secs(40));
        assert_eq!((lab.ready().len(), lab.out().len()), (0, 0));
        let worker = lab.worker_of(A);
        assert_eq!(worker.received().map(|(message, _)| message).filter(|message| *message == 0).count(), 2);
        // It was told of the broken connection, or answered on it: neither reaches the broker that began anew.
        let too_late = lab.facts().iter().filter(|(_, fact)| *fact == QueueFact::AnsweredTooLate { by: A }).count();
        assert_eq!(too_late, 0);
        // The producer published "2" again: with the page cache intact it is there twice.
        let twice = u64::from(how == Crash::Process);
        assert_eq!(lab.broker().removed_count(), 3 + twice);
        assert_eq!((lab.producer().confirmed(), lab.producer().unconfirmed().count()), (3, 0));
    }
}

#[test]
fn a_producer_keeps_what_it_cannot_send() {
    let mut lab = Lab::new(QueueSpec::default());
    lab.0.crash(BROKER, Crash::Process);
    lab.publish(&["0"]);
    lab.run_for(Span::millis(100));
    assert!(!lab.producer().is_connected());
    lab.publish(&["1"]);
    lab.run_for(Span::secs(6));
    assert_eq!(lab.producer().unconfirmed().count(), 2);
    lab.0.restart(BROKER);
    lab.run_for(Span::secs(6));
    assert_eq!((lab.producer().confirmed(), lab.ready()), (2, vec![0, 1]));
}

#[test]
fn workers_close_in_good_order() {
    let mut lab = Lab::new(QueueSpec::default());
    lab.worker(A, 3, Span::millis(100), None);
    lab.publish(&["0", "1", "2"]);
    lab.run_for(Span::millis(50));
    lab.0.command(A, |process, ctx| match process {
        Process::Worker(worker) => worker.close(ctx),
        _ => unreachable!(),
    });
    lab.run_for(Span::secs(100));
    assert_eq!((lab.broker().removed_count(), lab.ready()), (1, vec![1, 2]));
    assert_eq!((lab.worker_of(A).received_count(), lab.broker().subscribers().count()), (1, 0));
}

#[test]
fn a_workload_runs_by_itself_and_an_idle_worker_stays_subscribed() {
    let mut lab = Lab::new(QueueSpec::default());
    lab.worker(A, 1, Span::millis(1), None);
    let workload = Workload {
        every: Span::millis(100),
        records: Some(3),
        keys: vec!["k".to_owned()],
        random_keys: false,
        value: "order {n} of {key}".to_owned(),
    };
    lab.0.command(PRODUCER, |process, ctx| match process {
        Process::Producer(producer) => producer.set_workload(ctx, Some(workload)),
        _ => unreachable!(),
    });
    lab.run_for(Span::millis(150));
    assert_eq!(lab.producer().published(), 2);
    lab.run_for(Span::secs(200));
    assert_eq!((lab.producer().published(), lab.broker().removed_count()), (3, 3));
    assert_eq!(lab.broker().subscribers().count(), 1);
    lab.publish(&["late"]);
    lab.run_for(Span::millis(100));
    assert_eq!(lab.broker().removed_count(), 4);
}
