//! The controller as a process: what leaves it, and when, over a real kernel with scripted brokers.

use std::collections::BTreeMap;

use super::*;
use crate::engine::common::{BrokerEpoch, BrokerId, CorrelationId, ErrorCode, NodeId, Offset, Span, Time};
use crate::engine::config::BrokerConfig;
use crate::engine::metadata::{LogEntry, MetadataRecord};
use crate::engine::protocol::{
    AlterPartitionRequest, Body, BrokerHeartbeatRequest, BrokerHeartbeatResponse, BrokerRegistrationRequest,
    CreateTopicsRequest, IsrProposal, NewTopic, Request, Response,
};
use crate::engine::runtime::{Crash, Kernel, Latency, Node};
use crate::engine::trace::Fact;
use crate::engine::{Ctx, Kafka, Timer, Token};

const CONTROLLER: NodeId = NodeId::Controller(BrokerId(101));

/// One way from a broker to the controller.
const TRAVEL: Span = Span::millis(1);

#[derive(Clone, Debug)]
enum Process {
    Controller(Box<Controller>),
    /// Does nothing but remember what it was told, and when.
    Broker(Vec<(Time, CorrelationId, Response)>),
}

impl Node<Kafka> for Process {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        if let Self::Controller(controller) = self {
            controller.start(ctx);
        }
    }

    fn message(&mut self, ctx: &mut Ctx<'_>, from: NodeId, body: Body) {
        match self {
            Self::Controller(controller) => controller.message(ctx, from, body),
            Self::Broker(heard) => match body {
                Body::Response { correlation, response } => heard.push((ctx.now(), correlation, response)),
                other => panic!("a controller does not send {other:?}"),
            },
        }
    }

    fn timer(&mut self, ctx: &mut Ctx<'_>, timer: Timer) {
        if let Self::Controller(controller) = self {
            controller.timer(ctx, timer);
        }
    }

    fn flushed(&mut self, ctx: &mut Ctx<'_>, token: Token) {
        if let Self::Controller(controller) = self {
            controller.flushed(ctx, token);
        }
    }

    fn disconnected(&mut self, ctx: &mut Ctx<'_>, peer: NodeId) {
        if let Self::Controller(controller) = self {
            controller.disconnected(ctx, peer);
        }
    }

    fn crash(&mut self, how: Crash) {
        if let Self::Controller(controller) = self {
            controller.crash(how);
        }
    }
}

struct Lab {
    kernel: Kernel<Kafka, Process>,
    next_correlation: CorrelationId,
    /// When the only voter had elected itself and its first record was committed; times in tests count from here.
    origin: Time,
}

impl Lab {
    fn new(properties: &[(&str, &str)]) -> Self {
        let mut config = BrokerConfig::default();
        // Silence, unless a test is about it.
        config.set("metadata.max.idle.interval.ms", "0").unwrap();
        for (key, value) in properties {
            config.set(key, value).unwrap();
        }
        let mut kernel = Kernel::new(1, Latency { base: TRAVEL, jitter: Span::ZERO });
        kernel.add_node(
            CONTROLLER,
            Process::Controller(Box::new(Controller::new(BrokerId(101), vec![BrokerId(101)], config))),
        );
        for id in [1, 2] {
            kernel.add_node(NodeId::broker(id), Process::Broker(Vec::new()));
        }
        let mut lab = Self { kernel, next_correlation: CorrelationId(0), origin: Time::ZERO };
        while !lab.controller().is_active() {
            lab.kernel.step();
        }
        lab.origin = lab.kernel.now();
        assert!(lab.origin < Time(5_000), "an election with oneself takes four flushes");
        lab
    }

    fn since_origin(&self, at: Time) -> u64 {
        at.since(self.origin).as_millis()
    }

    fn controller(&self) -> &Controller {
        match &self.kernel.slot(CONTROLLER).unwrap().node {
            Process::Controller(controller) => controller,
            Process::Broker(_) => unreachable!(),
        }
    }

    fn run_until(&mut self, millis: u64) {
        let to = self.origin + Span::millis(millis);
        while self.kernel.next_event_at().is_some_and(|at| at <= to) {
            self.kernel.step();
        }
        self.kernel.wait_until(to);
    }

    fn send(&mut self, broker: u32, request: impl Into<Request>) -> CorrelationId {
        let (correlation, request) = (self.next_correlation, request.into());
        self.next_correlation = correlation.next();
        self.kernel
            .command(NodeId::broker(broker), |_, ctx| ctx.send(CONTROLLER, Body::Request { correlation, request }));
        correlation
    }

    fn register(&mut self, broker: u32, incarnation: u64) -> CorrelationId {
        let (rack, previous_broker_epoch) = (None, None);
        let broker_id = BrokerId(broker);
        self.send(broker, BrokerRegistrationRequest { broker: broker_id, incarnation, rack, previous_broker_epoch })
    }

    /// A heartbeat of a broker that has seen everything and wants to serve.
    fn heartbeat(&mut self, broker: u32, epoch: BrokerEpoch) -> CorrelationId {
        let request = BrokerHeartbeatRequest {
            broker: BrokerId(broker),
            broker_epoch: epoch,
            current_metadata_offset: self.controller().high_watermark(),
            want_fence: false,
            want_shut_down: false,
            offline_replicas: Vec::new(),
        };
        self.send(broker, request)
    }

    /// The answer and the millisecond of its arrival; a broker hears the answer to each request at most once.
    fn answer(&self, broker: u32, correlation: CorrelationId) -> Option<(u64, &Response)> {
        let Process::Broker(heard) = &self.kernel.slot(NodeId::broker(broker)).unwrap().node else { unreachable!() };
        let mut answers = heard.iter().filter(|(_, other, _)| *other == correlation);
        let (at, _, response) = answers.next()?;
        assert!(answers.next().is_none());
        Some((self.since_origin(*at), response))
    }

    fn registered(&self, broker: u32, correlation: CorrelationId) -> Result<BrokerEpoch, ErrorCode> {
        match self.answer(broker, correlation) {
            Some((_, Response::BrokerRegistration(response))) => response.outcome,
            other => panic!("no answer to the registration: {other:?}"),
        }
    }

    fn heartbeat_answer(&self, broker: u32, correlation: CorrelationId) -> &BrokerHeartbeatResponse {
        match self.answer(broker, correlation) {
            Some((_, Response::BrokerHeartbeat(response))) => response,
            other => panic!("no answer to the heartbeat: {other:?}"),
        }
    }

    /// Both brokers registered at 0 ms and unfenced at 100 ms.
    fn with_two_live_brokers(properties: &[(&str, &str)]) -> (Self, [BrokerEpoch; 2]) {
        let mut lab = Self::new(properties);
        let asked = [1, 2].map(|id| lab.register(id, u64::from(id)));
        lab.run_until(100);
        let epochs = [1, 2].map(|id| lab.registered(id, asked[id as usize - 1]).unwrap());
        for id in [1, 2] {
            lab.heartbeat(id, epochs[id as usize - 1]);
        }
        lab.run_until(200);
        assert!([1, 2].iter().all(|id| lab.controller().image().is_active(BrokerId(*id))));
        (lab, epochs)
    }

    fn create_topic(&mut self, assignment: &[u32]) -> CorrelationId {
        let assignment = Some(vec![assignment.iter().map(|id| BrokerId(*id)).collect()]);
        let (partitions, replication_factor, configs) = (None, None, BTreeMap::new());
        let topic = NewTopic { name: "orders".into(), partitions, replication_factor, assignment, configs };
        self.send(1, CreateTopicsRequest { topics: vec![topic] })
    }

    fn facts(&mut self) -> Vec<(u64, ControllerFact)> {
        let trace = self.kernel.take_trace();
        trace
            .into_iter()
            .filter_map(|record| match record.fact {
                Fact::Controller(fact) => Some((record.at.since(self.origin).as_millis(), fact)),
                _ => None,
            })
            .collect()
    }
}

#[test]
fn an_answer_waits_for_linger_and_disk() {
    let mut lab = Lab::new(&[]);
    let asked = lab.register(1, 7);
    lab.run_until(20);
    let controller = lab.controller();
    assert_eq!(controller.decided_image().broker(BrokerId(1)).map(|broker| broker.fenced), Some(true));
    assert_eq!((controller.unwritten().len(), controller.log().end_offset()), (1, Offset(1)));
    assert_eq!(controller.image().brokers().count(), 0, "brokers may not know of it yet");
    assert_eq!(controller.pending_answers().count(), 1);
    lab.run_until(100);
    // There 1 ms, controller.quorum.append.linger.ms 25, flush 1 ms, back 1 ms.
    assert_eq!(lab.answer(1, asked).unwrap().0, 28);
    assert_eq!(lab.registered(1, asked), Ok(BrokerEpoch(1)), "after the leader's own record");
    assert_eq!(lab.controller().high_watermark(), Offset(2));
    assert_eq!(lab.controller().image(), lab.controller().decided_image());
}

#[test]
fn heartbeats_unfence_who_has_caught_up_and_refuse_who_is_stale() {
    let mut lab = Lab::new(&[]);
    let asked = lab.register(1, 7);
    lab.run_until(100);
    let epoch = lab.registered(1, asked).unwrap();
    let behind = lab.send(
        1,
        BrokerHeartbeatRequest {
            broker: BrokerId(1),
            broker_epoch: epoch,
            current_metadata_offset: Offset(0),
            want_fence: false,
            want_shut_down: false,
            offline_replicas: Vec::new(),
        },
    );
    lab.run_until(200);
    let answer = lab.heartbeat_answer(1, behind);
    assert_eq!((answer.error, answer.is_caught_up, answer.is_fenced), (None, false, true));
    let (caught_up, stale) = (lab.heartbeat(1, epoch), lab.heartbeat(1, BrokerEpoch(99)));
    lab.run_until(300);
    let answer = lab.heartbeat_answer(1, caught_up);
    assert_eq!((answer.error, answer.is_caught_up, answer.is_fenced), (None, true, false));
    assert_eq!(lab.answer(1, caught_up).unwrap().0, 228, "unfencing is answered when it is committed");
    assert_eq!(lab.heartbeat_answer(1, stale).error, Some(ErrorCode::StaleBrokerEpoch));
    assert_eq!(lab.answer(1, stale).unwrap().0, 202, "a refusal need not wait");
}

#[test]
fn a_silent_broker_is_fenced_after_nine_seconds_and_its_leadership_moves() {
    let (mut lab, epochs) = Lab::with_two_live_brokers(&[]);
    lab.create_topic(&[1, 2]);
    lab.run_until(300);
    lab.facts();
    // Broker 1's last sign of life is at 101 ms.
    for second in 1..12 {
        lab.run_until(second * 1_000);
        lab.heartbeat(2, epochs[1]);
    }
    let facts = lab.facts();
    let fenced: Vec<_> = facts.iter().filter(|(_, fact)| matches!(fact, ControllerFact::BrokerFenced { .. })).collect();
    // Checks come every 9000/8 = 1125 ms: the first after 9101 ms is the ninth.
    let why = FencedBecause::SessionExpired;
    assert_eq!(fenced, [&(10_125, ControllerFact::BrokerFenced { broker: BrokerId(1), why })]);
    let elected = facts.iter().find_map(|(_, fact)| match fact {
        ControllerFact::LeaderElected { from, to, isr, why, .. } => Some((*from, *to, isr.clone(), *why)),
        _ => None,
    });
    let (one, two) = (BrokerId(1), BrokerId(2));
    assert_eq!(elected, Some((Some(one), Some(two), vec![two], ElectedBecause::LeaderFenced)));
    assert!(!lab.controller().image().is_active(one));
    assert!(lab.controller().image().is_active(two));
}

#[test]
fn a_second_process_with_the_same_id_waits_until_the_session_has_expired() {
    let (mut lab, epochs) = Lab::with_two_live_brokers(&[]);
    lab.create_topic(&[1, 2]);
    lab.run_until(1_000);
    let (other, same) = (lab.register(1, 99), lab.register(1, 1));
    lab.run_until(1_100);
    assert_eq!(lab.registered(1, other), Err(ErrorCode::DuplicateBrokerRegistration));
    assert_eq!(lab.registered(1, same), Ok(epochs[0]), "the same process may ask again and keeps its epoch");
    assert!(lab.controller().image().is_active(BrokerId(1)));
    // Its session ends at 10,001 ms; the next check is at 10,125 ms, so the new process comes first.
    lab.run_until(10_050);
    let other = lab.register(1, 99);
    lab.run_until(10_100);
    let epoch = lab.registered(1, other).unwrap();
    let record = MetadataRecord::RegisterBroker { broker: BrokerId(1), epoch, incarnation: 99, rack: None };
    let (_, _, entry) = lab.controller().log().entries_from(Offset(epoch.0)).next().unwrap();
    assert_eq!(entry, LogEntry::Record(&record));
    let image = lab.controller().image();
    let (_, partition) = image.partitions().next().unwrap();
    assert_eq!((partition.leader, &partition.isr), (Some(BrokerId(2)), &vec![BrokerId(2)]));
    assert!(!image.is_active(BrokerId(1)));
}

#[test]
fn nobody_hears_of_what_a_crash_can_still_undo() {
    for (how, written) in [(Crash::Process, 1), (Crash::Power, 0)] {
        let mut lab = Lab::new(&[]);
        let asked = lab.register(1, 1);
        // Written at 26 ms, safe at 27 ms.
        lab.run_until(26);
        lab.kernel.crash(CONTROLLER, how);
        lab.kernel.restart(CONTROLLER);
        lab.run_until(500);
        assert!(lab.answer(1, asked).is_none());
        // And the two records with which the leader began its epochs.
        assert_eq!(lab.controller().log().end_offset(), Offset(2 + written));
        assert_eq!(lab.controller().high_watermark(), Offset(2 + written));
        assert_eq!(lab.controller().image().brokers().count() as u64, written);
        // What had only been decided is gone either way.
        let asked = lab.register(2, 2);
        lab.run_until(510);
        lab.kernel.crash(CONTROLLER, how);
        lab.kernel.restart(CONTROLLER);
        lab.run_until(1_000);
        assert!(lab.answer(2, asked).is_none());
        assert_eq!(lab.controller().log().end_offset(), Offset(3 + written));
    }
}

#[test]
fn a_new_controller_gives_everyone_a_fresh_session() {
    let (mut lab, _) = Lab::with_two_live_brokers(&[]);
    lab.run_until(5_000);
    lab.kernel.crash(CONTROLLER, Crash::Power);
    lab.kernel.restart(CONTROLLER);
    lab.run_until(13_999);
    assert!(lab.controller().image().is_active(BrokerId(1)));
    let deadlines: Vec<_> =
        lab.controller().sessions().map(|(id, _, deadline)| (id.0, lab.since_origin(deadline))).collect();
    assert_eq!(deadlines, [(1, 14_004), (2, 14_004)], "from when it was elected again");
    // One per check: 5004 + 9 × 1125 ms, and the one after.
    lab.run_until(15_200);
    assert!(!lab.controller().image().is_active(BrokerId(1)));
    assert!(lab.controller().image().is_active(BrokerId(2)));
    lab.run_until(16_300);
    assert!(!lab.controller().image().is_active(BrokerId(2)));
}

#[test]
fn time_is_kept_with_no_op_records() {
    let mut lab = Lab::new(&[("metadata.max.idle.interval.ms", "500")]);
    lab.run_until(1_600);
    let records: Vec<_> = lab.controller().log().entries_from(Offset(1)).map(|(.., entry)| entry).collect();
    assert_eq!(records, [LogEntry::Record(&MetadataRecord::NoOp); 3]);
}

#[test]
fn the_preferred_leader_returns_at_the_next_check() {
    let (mut lab, epochs) = Lab::with_two_live_brokers(&[("leader.imbalance.check.interval.seconds", "30")]);
    lab.create_topic(&[1, 2]);
    lab.run_until(1_000);
    let leave = BrokerHeartbeatRequest {
        broker: BrokerId(1),
        broker_epoch: epochs[0],
        current_metadata_offset: lab.controller().high_watermark(),
        want_fence: true,
        want_shut_down: false,
        offline_replicas: Vec::new(),
    };
    lab.send(1, leave);
    lab.run_until(1_100);
    lab.heartbeat(1, epochs[0]);
    lab.run_until(1_200);
    let (id, partition) = lab.controller().image().partitions().next().unwrap();
    assert_eq!(partition.leader, Some(BrokerId(2)));
    let proposal = IsrProposal {
        partition: id,
        leader_epoch: partition.leader_epoch,
        partition_epoch: partition.partition_epoch,
        new_isr: vec![BrokerId(2), BrokerId(1)],
        broker_epochs: Default::default(),
    };
    let (broker, broker_epoch, partitions) = (BrokerId(2), epochs[1], vec![proposal]);
    lab.send(2, AlterPartitionRequest { broker, broker_epoch, partitions });
    for second in 2..31 {
        lab.run_until(second * 1_000 - 10);
        let leader = lab.controller().decided_image().partition(id).unwrap().leader;
        assert_eq!(leader, Some(BrokerId(2)));
        lab.heartbeat(1, epochs[0]);
        lab.heartbeat(2, epochs[1]);
    }
    lab.run_until(30_100);
    assert_eq!(lab.controller().image().partition(id).unwrap().leader, Some(BrokerId(1)));
    let elected = lab.facts().into_iter().rev().find_map(|(at, fact)| match fact {
        ControllerFact::LeaderElected { why, .. } => Some((at, why)),
        _ => None,
    });
    assert_eq!(elected, Some((30_000, ElectedBecause::Preferred)));
}

#[test]
fn a_broker_that_leaves_in_good_order_hands_over_first() {
    let (mut lab, epochs) = Lab::with_two_live_brokers(&[]);
    lab.create_topic(&[1, 2]);
    lab.run_until(300);
    let leave = |lab: &mut Lab| {
        let request = BrokerHeartbeatRequest {
            broker: BrokerId(1),
            broker_epoch: epochs[0],
            current_metadata_offset: lab.controller().high_watermark(),
            want_fence: false,
            want_shut_down: true,
            offline_replicas: Vec::new(),
        };
        lab.send(1, request)
    };
    let first = leave(&mut lab);
    lab.run_until(400);
    assert!(!lab.heartbeat_answer(1, first).should_shut_down);
    assert_eq!(lab.controller().broker_state(BrokerId(1)), Some(BrokerControlState::ControlledShutdown));
    let (_, partition) = lab.controller().image().partitions().next().unwrap();
    assert_eq!(partition.leader, Some(BrokerId(2)));
    // Broker 2 has not said yet that it knows.
    let second = leave(&mut lab);
    lab.run_until(500);
    assert!(!lab.heartbeat_answer(1, second).should_shut_down);
    lab.heartbeat(2, epochs[1]);
    lab.run_until(600);
    let third = leave(&mut lab);
    lab.run_until(700);
    assert!(lab.heartbeat_answer(1, third).should_shut_down);
    assert!(!lab.controller().image().is_active(BrokerId(1)));
    // Its next process need not wait.
    let again = lab.register(1, 77);
    lab.run_until(800);
    assert!(lab.registered(1, again).is_ok());
}
