//! The admin tool against two brokers that answer as a test tells them.

use std::collections::VecDeque;

use super::*;
use crate::engine::common::{LeaderEpoch, PartitionId, TopicId};
use crate::engine::protocol::{
    CreateTopicsResponse, FindCoordinatorResponse, ListOffsetsResponse, MetadataResponse, OffsetCommitResponse,
    OffsetFetchResponse, PartitionMetadata, TopicMetadata,
};
use crate::engine::runtime::{Kernel, Latency};
use crate::engine::trace::Fact;

const ME: NodeId = NodeId::Client(ClientId(0));

/// A broker of a cluster of two: each leads the partition of `orders` before its own id; 2 coordinates.
/// Partition 0 holds offsets 10..100, partition 1 holds 0..50.
#[derive(Clone, Debug, Default)]
struct FakeBroker {
    id: BrokerId,
    /// Errors for the next requests of the kind that the test is about.
    errors: VecDeque<ErrorCode>,
    group_has_members: bool,
    committed: BTreeMap<TopicPartition, Offset>,
    created: Vec<TopicName>,
}

impl FakeBroker {
    fn answer(&mut self, request: Request) -> Response {
        match request {
            Request::CreateTopics(create) => {
                let name = create.topics[0].name.clone();
                let outcome = match self.errors.pop_front() {
                    Some(error) => Err((error, error.message().to_owned())),
                    None => Ok(TopicId(0)),
                };
                self.created.extend(outcome.is_ok().then(|| name.clone()));
                CreateTopicsResponse { topics: vec![(name, outcome)] }.into()
            }
            Request::FindCoordinator(find) => {
                FindCoordinatorResponse { group: find.group, outcome: Ok(BrokerId(2)) }.into()
            }
            Request::OffsetFetch(fetch) => {
                let offset = |(partition, offset): (&TopicPartition, &Offset)| CommittedOffset {
                    partition: *partition,
                    offset: *offset,
                    leader_epoch: None,
                    metadata: "".into(),
                };
                let offsets = self.committed.iter().map(offset).collect();
                OffsetFetchResponse { group: fetch.group, outcome: Ok(offsets) }.into()
            }
            Request::Metadata(_) => {
                let partition = |id: u32| PartitionMetadata {
                    partition: PartitionId(id),
                    leader: Some(BrokerId(id + 1)),
                    leader_epoch: LeaderEpoch(0),
                    replicas: Vec::new(),
                    isr: Vec::new(),
                    offline: Vec::new(),
                };
                let outcome = Ok((TopicId(0), vec![partition(0), partition(1)]));
                let topics = vec![TopicMetadata { name: "orders".into(), outcome }];
                MetadataResponse { brokers: vec![BrokerId(1), BrokerId(2)], controller: None, topics }.into()
            }
            Request::ListOffsets(list) => {
                let one = |(partition, _, spec): &(TopicPartition, Option<LeaderEpoch>, OffsetSpec)| {
                    assert_eq!(partition.partition.0 + 1, self.id.0, "asked of the leader");
                    let offset = match (partition.partition.0, spec) {
                        (0, OffsetSpec::Earliest) => 10,
                        (0, _) => 100,
                        (_, OffsetSpec::Earliest) => 0,
                        (_, _) => 50,
                    };
                    (*partition, Ok(Some(Offset(offset))))
                };
                ListOffsetsResponse { partitions: list.partitions.iter().map(one).collect() }.into()
            }
            Request::OffsetCommit(commit) => {
                assert_eq!((self.id, &commit.generation, &commit.member), (BrokerId(2), &None, &None));
                // Facts §6.10: without a generation, only while the group is empty.
                let scripted = self.errors.pop_front();
                let error = scripted.or(self.group_has_members.then_some(ErrorCode::UnknownMemberId));
                let mut partitions = Vec::new();
                for offset in commit.offsets {
                    if error.is_none() {
                        self.committed.insert(offset.partition, offset.offset);
                    }
                    partitions.push((offset.partition, error));
                }
                OffsetCommitResponse { group: commit.group, partitions }.into()
            }
            other => panic!("the tool does not ask for {:?}", other.api()),
        }
    }
}

#[derive(Clone, Debug)]
enum TestNode {
    Admin(Box<Admin>),
    Broker(FakeBroker),
}

impl Node<Kafka> for TestNode {
    fn start(&mut self, _ctx: &mut Ctx<'_>) {}

    fn message(&mut self, ctx: &mut Ctx<'_>, from: NodeId, body: Body) {
        match (self, body) {
            (Self::Admin(admin), body) => admin.message(ctx, from, body),
            (Self::Broker(broker), Body::Request { correlation, request }) => {
                let response = broker.answer(request);
                ctx.send(from, Body::Response { correlation, response });
            }
            (Self::Broker(_), _) => panic!("brokers are asked"),
        }
    }

    fn timer(&mut self, ctx: &mut Ctx<'_>, timer: Timer) {
        if let Self::Admin(admin) = self {
            admin.timer(ctx, timer);
        }
    }

    fn disconnected(&mut self, ctx: &mut Ctx<'_>, peer: NodeId) {
        if let Self::Admin(admin) = self {
            admin.disconnected(ctx, peer);
        }
    }

    fn crash(&mut self, _how: Crash) {}
}

struct Bench {
    kernel: Kernel<Kafka, TestNode>,
}

impl Bench {
    fn new() -> Self {
        let mut kernel = Kernel::new(3, Latency { base: Span::millis(1), jitter: Span::ZERO });
        for id in [1, 2].map(BrokerId) {
            kernel.add_node(NodeId::Broker(id), TestNode::Broker(FakeBroker { id, ..FakeBroker::default() }));
        }
        let admin = Admin::new(ClientId(0), vec![BrokerId(1), BrokerId(2)]);
        kernel.add_node(ME, TestNode::Admin(Box::new(admin)));
        let mut bench = Self { kernel };
        bench.run();
        bench
    }

    /// Runs until nothing is left to happen; answers what the tool reported, and when.
    fn run(&mut self) -> Vec<(u64, AdminFact)> {
        while self.kernel.step() {}
        let facts = self.kernel.take_trace().into_iter();
        let admin = facts.filter_map(|record| match record.fact {
            Fact::Admin(fact) => Some((record.at.as_millis(), fact)),
            _ => None,
        });
        admin.collect()
    }

    fn act(&mut self, act: impl FnOnce(&mut Admin, &mut Ctx<'_>)) -> Vec<(u64, AdminFact)> {
        self.kernel.command(ME, |node, ctx| match node {
            TestNode::Admin(admin) => act(admin, ctx),
            TestNode::Broker(_) => panic!("not the tool"),
        });
        self.run()
    }

    fn reset(&mut self, to: OffsetTarget) -> AdminFact {
        let facts = self.act(|admin, ctx| admin.reset_offsets(ctx, "billing".into(), "orders".into(), to));
        let [(_, fact)] = facts.try_into().expect("one operation, one report");
        fact
    }

    fn broker(&mut self, id: u32) -> &mut FakeBroker {
        match self.kernel.node_mut(NodeId::broker(id)) {
            Some(TestNode::Broker(broker)) => broker,
            _ => panic!("no such broker"),
        }
    }

    /// The next request that can fail does, whoever gets it.
    fn fail_with(&mut self, errors: &[ErrorCode]) {
        for id in [1, 2] {
            self.broker(id).errors = errors.iter().copied().collect();
        }
    }
}

fn orders() -> NewTopic {
    NewTopic {
        name: "orders".into(),
        partitions: Some(2),
        replication_factor: None,
        assignment: None,
        configs: BTreeMap::new(),
    }
}

fn reset_to(p0: u64, p1: u64) -> AdminFact {
    let partition = |id| TopicPartition::new(TopicId(0), id);
    let offsets = vec![(partition(0), Offset(p0)), (partition(1), Offset(p1))];
    AdminFact::OffsetsReset { group: "billing".into(), offsets }
}

#[test]
fn a_topic_is_created_or_refused_with_kafkas_sentence() {
    let mut bench = Bench::new();
    let created = bench.act(|admin, ctx| admin.create_topic(ctx, orders()));
    assert_eq!(created, [(2, AdminFact::TopicCreated { name: "orders".into() })]);
    bench.fail_with(&[ErrorCode::TopicAlreadyExists]);
    let refused = bench.act(|admin, ctx| admin.create_topic(ctx, orders()));
    let (name, message) = ("orders".into(), "Topic with this name already exists.".to_owned());
    let error = ErrorCode::TopicAlreadyExists;
    assert_eq!(refused[0].1, AdminFact::TopicRefused { name, error, message });
}

#[test]
fn what_may_pass_is_tried_again() {
    let mut bench = Bench::new();
    bench.fail_with(&[ErrorCode::NotController]);
    let created = bench.act(|admin, ctx| admin.create_topic(ctx, orders()));
    assert_eq!(created.len(), 1);
    assert_eq!(created[0].1, AdminFact::TopicCreated { name: "orders".into() });
    // 2 ms for the refusal, retry.backoff.ms=100 ±20 %, 2 ms for the second try; perhaps a third, if the other
    // broker was asked.
    assert!((84..=370).contains(&created[0].0), "{created:?}");
}

#[test]
fn a_cluster_that_is_down_is_given_up_after_the_api_timeout() {
    let mut bench = Bench::new();
    bench.kernel.crash(NodeId::broker(1), Crash::Process);
    bench.kernel.crash(NodeId::broker(2), Crash::Power);
    let refused = bench.act(|admin, ctx| admin.create_topic(ctx, orders()));
    // default.api.timeout.ms=60000.
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].0, 60_000);
    assert!(matches!(&refused[0].1, AdminFact::TopicRefused { error: ErrorCode::RequestTimedOut, .. }));
}

#[test]
fn offsets_move_within_the_log() {
    let mut bench = Bench::new();
    assert_eq!(bench.reset(OffsetTarget::Earliest), reset_to(10, 0));
    assert_eq!(bench.reset(OffsetTarget::Latest), reset_to(100, 50));
    // Clamped at both ends (facts §11.2).
    assert_eq!(bench.reset(OffsetTarget::Offset(60)), reset_to(60, 50));
    assert_eq!(bench.reset(OffsetTarget::Offset(3)), reset_to(10, 3));
    assert_eq!(bench.reset(OffsetTarget::ShiftBy(45)), reset_to(55, 48));
    assert_eq!(bench.reset(OffsetTarget::ShiftBy(-46)), reset_to(10, 2));
    let committed: Vec<u64> = bench.broker(2).committed.values().map(|offset| offset.0).collect();
    assert_eq!(committed, [10, 2]);
}

#[test]
fn a_shift_needs_something_to_shift() {
    let mut bench = Bench::new();
    let partition = TopicPartition::new(TopicId(0), 0);
    let nothing = AdminFact::NoOffsetToShift { group: "billing".into(), partition };
    assert_eq!(bench.reset(OffsetTarget::ShiftBy(1)), nothing);
}

#[test]
fn a_group_with_members_keeps_its_offsets() {
    let mut bench = Bench::new();
    bench.broker(2).group_has_members = true;
    let (group, error) = ("billing".into(), ErrorCode::UnknownMemberId);
    assert_eq!(bench.reset(OffsetTarget::Earliest), AdminFact::OffsetsResetRefused { group, error });
    assert!(bench.broker(2).committed.is_empty());
}

#[test]
fn a_coordinator_that_moves_makes_the_reset_begin_anew() {
    let mut bench = Bench::new();
    bench.broker(2).errors = [ErrorCode::NotCoordinator, ErrorCode::CoordinatorLoadInProgress].into();
    assert_eq!(bench.reset(OffsetTarget::Latest), reset_to(100, 50));
}
