//! A coordinator driven over a small network: one broker with a fake log, and clients that only ask and listen.
//!
//! Long because one bench carries the whole life of a group: joining, syncing, the table of states, offsets, failover.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Group, GroupCoordinator, GroupMetadata, GroupRecord, GroupTimer, OFFSETS_TOPIC, OffsetsLog, decode};
use crate::engine::clients::consumer::assignor::{Assignor, GroupSubscription, Member as Subscriber, Topic};
use crate::engine::common::{
    BrokerEpoch, BrokerId, ClientId, CorrelationId, ErrorCode, Generation, LeaderEpoch, MemberId, NodeId, Offset,
    PartitionId, Span, Time, TopicId, TopicPartition,
};
use crate::engine::config::BrokerConfig;
use crate::engine::coordinator::{ExpiredBecause, GroupFact, GroupState};
use crate::engine::metadata::{MetadataImage, MetadataRecord, PartitionRegistration};
use crate::engine::protocol::{
    Body, CommittedOffset, FindCoordinatorRequest, HeartbeatRequest, JoinGroupRequest, Joined, LeaveGroupRequest,
    MemberAssignment, OffsetCommitRequest, OffsetFetchRequest, Request, Response, Subscription, SyncGroupRequest,
};
use crate::engine::record::{Record, RecordBatch};
use crate::engine::runtime::{Crash, Kernel, Latency, Node};
use crate::engine::server::BrokerTimer;
use crate::engine::trace::Fact;
use crate::engine::{Ctx, Kafka, Timer};

const BROKER: NodeId = NodeId::Broker(BrokerId(1));
const PARTITION: PartitionId = PartitionId(0);
const GROUP: &str = "g";

fn wrap(timer: GroupTimer) -> Timer {
    Timer::Broker(BrokerTimer::Group(timer))
}

fn t(partition: u32) -> TopicPartition {
    TopicPartition::new(TopicId(1), partition)
}

/// `__consumer_offsets` with one partition and `t` with three, all led by broker 1.
fn image() -> MetadataImage {
    let mut image = MetadataImage::default();
    let (broker, epoch) = (BrokerId(1), BrokerEpoch(0));
    image.replay(&MetadataRecord::RegisterBroker { broker, epoch, incarnation: 0, rack: None });
    image.replay(&MetadataRecord::UnfenceBroker { broker, epoch });
    for (id, name, partitions) in [(0, OFFSETS_TOPIC, 1), (1, "t", 3)] {
        image.replay(&MetadataRecord::Topic { topic: TopicId(id), name: name.into() });
        for partition in 0..partitions {
            let registration = PartitionRegistration::new(vec![broker], vec![broker]);
            let partition = TopicPartition::new(TopicId(id), partition);
            image.replay(&MetadataRecord::Partition { partition, registration });
        }
    }
    image
}

#[derive(Clone, Debug, Default)]
struct FakeLog {
    batches: Vec<RecordBatch>,
    /// What the next appends are answered with.
    refusal: Option<ErrorCode>,
    /// The other replicas are slow: the high watermark stays where it is.
    held: bool,
}

impl FakeLog {
    fn end(&self) -> Offset {
        self.batches.last().map_or(Offset(0), RecordBatch::next_offset)
    }
}

impl OffsetsLog for FakeLog {
    fn append(&mut self, _: &mut Ctx<'_>, partition: PartitionId, records: Vec<Record>) -> Result<Offset, ErrorCode> {
        assert_eq!(partition, PARTITION);
        if let Some(error) = self.refusal {
            return Err(error);
        }
        self.batches.push(RecordBatch::new(records, None).stamped(self.end(), LeaderEpoch(0)));
        Ok(self.end())
    }
}

#[derive(Clone, Debug)]
struct TestBroker {
    coordinator: GroupCoordinator,
    log: FakeLog,
    image: MetadataImage,
}

impl TestBroker {
    fn replicate(&mut self, ctx: &mut Ctx<'_>) {
        if !self.log.held {
            self.coordinator.high_watermark(ctx, PARTITION, self.log.end());
        }
    }
}

#[derive(Clone, Debug)]
enum TestNode {
    Broker(Box<TestBroker>),
    Client(BTreeMap<CorrelationId, (Time, Response)>),
}

impl Node<Kafka> for TestNode {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        if let Self::Broker(broker) = self {
            broker.coordinator.elected(ctx, &broker.image, PARTITION, &mut broker.log.batches.iter());
        }
    }

    fn message(&mut self, ctx: &mut Ctx<'_>, from: NodeId, body: Body) {
        match (self, body) {
            (Self::Broker(broker), Body::Request { correlation, request }) => {
                let TestBroker { coordinator, log, image } = &mut **broker;
                coordinator.handle(ctx, log, image, from, correlation, request);
                broker.replicate(ctx);
            }
            (Self::Client(answers), Body::Response { correlation, response }) => {
                let before = answers.insert(correlation, (ctx.now(), response));
                assert!(before.is_none(), "a request is answered once");
            }
            (node, body) => panic!("{node:?} got {body:?}"),
        }
    }

    fn timer(&mut self, ctx: &mut Ctx<'_>, timer: Timer) {
        let (Self::Broker(broker), Timer::Broker(BrokerTimer::Group(timer))) = (self, timer) else {
            panic!("only the coordinator has timers");
        };
        let TestBroker { coordinator, log, image } = &mut **broker;
        coordinator.timer(ctx, log, image, timer);
        broker.replicate(ctx);
    }

    fn crash(&mut self, _: Crash) {
        if let Self::Broker(broker) = self {
            broker.coordinator.crash();
        }
    }
}

/// A question that was asked: by which client, and its number.
type Asked = (u32, CorrelationId);

struct Lab {
    kernel: Kernel<Kafka, TestNode>,
    asked: u32,
    facts: Vec<(Time, GroupFact)>,
}

impl Lab {
    fn new() -> Self {
        Self::with(&[])
    }

    fn with(properties: &[(&str, &str)]) -> Self {
        let mut config = BrokerConfig::default();
        for (key, value) in properties {
            config.set(key, value).unwrap();
        }
        let mut kernel = Kernel::new(1, Latency { base: Span::millis(1), jitter: Span::ZERO });
        let coordinator = GroupCoordinator::new(&config, wrap);
        let broker = TestBroker { coordinator, log: FakeLog::default(), image: image() };
        kernel.add_node(BROKER, TestNode::Broker(Box::new(broker)));
        for client in 0..4 {
            kernel.add_node(NodeId::Client(ClientId(client)), TestNode::Client(BTreeMap::new()));
        }
        let mut lab = Self { kernel, asked: 0, facts: Vec::new() };
        lab.run(Span::ZERO);
        lab
    }

    fn run(&mut self, span: Span) {
        let end = self.kernel.now() + span;
        while self.kernel.next_event_at().is_some_and(|at| at <= end) {
            self.kernel.step();
        }
        self.kernel.wait_until(end);
        for record in self.kernel.take_trace() {
            if let Fact::Group(fact) = record.fact {
                self.facts.push((record.at, fact));
            }
        }
    }

    fn broker(&self) -> &TestBroker {
        match &self.kernel.slot(BROKER).unwrap().node {
            TestNode::Broker(broker) => broker,
            TestNode::Client(_) => unreachable!(),
        }
    }

    fn on_broker(&mut self, act: impl FnOnce(&mut TestBroker, &mut Ctx<'_>)) {
        let done = self.kernel.command(BROKER, |node, ctx| match node {
            TestNode::Broker(broker) => act(broker, ctx),
            TestNode::Client(_) => unreachable!(),
        });
        assert!(done);
    }

    fn group(&self) -> &Group {
        self.broker().coordinator.group(GROUP).expect("the group exists")
    }

    /// The records of the log, understood.
    fn records(&self) -> Vec<GroupRecord> {
        let broker = self.broker();
        let records = broker.log.batches.iter().flat_map(|batch| batch.records.iter());
        records.map(|record| decode(record, &broker.image).unwrap()).collect()
    }

    fn ask(&mut self, client: u32, request: impl Into<Request>) -> Asked {
        let correlation = CorrelationId(self.asked.into());
        self.asked += 1;
        let body = Body::Request { correlation, request: request.into() };
        assert!(self.kernel.command(NodeId::Client(ClientId(client)), |_, ctx| ctx.send(BROKER, body)));
        (client, correlation)
    }

    fn answer(&self, (client, correlation): Asked) -> Option<(Time, &Response)> {
        match &self.kernel.slot(NodeId::Client(ClientId(client))).unwrap().node {
            TestNode::Client(answers) => answers.get(&correlation).map(|(at, response)| (*at, response)),
            TestNode::Broker(_) => unreachable!(),
        }
    }

    fn is_parked(&self, asked: Asked) -> bool {
        self.answer(asked).is_none()
    }

    fn joined(&self, asked: Asked) -> Result<Joined, ErrorCode> {
        match self.answer(asked).expect("JoinGroup is answered").1 {
            Response::JoinGroup(join) => join.outcome.clone(),
            other => panic!("{other:?}"),
        }
    }

    fn synced(&self, asked: Asked) -> Result<Vec<TopicPartition>, ErrorCode> {
        match self.answer(asked).expect("SyncGroup is answered").1 {
            Response::SyncGroup(sync) => sync.outcome.clone(),
            other => panic!("{other:?}"),
        }
    }

    /// The error of an answer of any kind.
    fn error(&self, asked: Asked) -> Option<ErrorCode> {
        match self.answer(asked).expect("the request is answered").1 {
            Response::JoinGroup(join) => join.outcome.as_ref().err().copied(),
            Response::SyncGroup(sync) => sync.outcome.as_ref().err().copied(),
            Response::Heartbeat(heartbeat) => heartbeat.error,
            Response::LeaveGroup(leave) => leave.error,
            Response::OffsetCommit(commit) => commit.partitions[0].1,
            other => panic!("{other:?}"),
        }
    }

    // ---- what clients do -------------------------------------------------------------------------------------

    fn join(&mut self, client: u32, member: Option<&MemberId>) -> Asked {
        self.ask(client, JoinGroupRequest { member: member.cloned(), ..join_request(client) })
    }

    /// Asks for an id, gets it, and joins with it.
    fn newcomer(&mut self, client: u32) -> (MemberId, Asked) {
        let first = self.join(client, None);
        self.run(Span::millis(3));
        let Some((_, Response::JoinGroup(answer))) = self.answer(first) else { panic!("no answer") };
        assert_eq!(answer.outcome.as_ref().err(), Some(&ErrorCode::MemberIdRequired));
        let member = answer.member.clone().unwrap();
        let asked = self.join(client, Some(&member));
        self.run(Span::millis(3));
        (member, asked)
    }

    fn sync(&mut self, client: u32, member: &MemberId, generation: u32, assignments: Vec<MemberAssignment>) -> Asked {
        let request = SyncGroupRequest {
            group: GROUP.into(),
            generation: Generation(generation),
            member: member.clone(),
            protocol: "range".into(),
            assignments,
        };
        self.ask(client, request)
    }

    fn heartbeat(&mut self, client: u32, member: &MemberId, generation: u32) -> Asked {
        let generation = Generation(generation);
        self.ask(client, HeartbeatRequest { group: GROUP.into(), generation, member: member.clone() })
    }

    fn commit(&mut self, client: u32, member: Option<(&MemberId, u32)>, offset: u64) -> Asked {
        let request = OffsetCommitRequest {
            group: GROUP.into(),
            generation: member.map(|(_, generation)| Generation(generation)),
            member: member.map(|(member, _)| member.clone()),
            offsets: vec![committed(offset)],
        };
        self.ask(client, request)
    }

    fn fetch_offsets(&mut self) -> Vec<CommittedOffset> {
        let asked = self.ask(3, OffsetFetchRequest { group: GROUP.into(), partitions: None });
        self.run(Span::millis(3));
        match self.answer(asked).expect("OffsetFetch is answered").1 {
            Response::OffsetFetch(fetch) => fetch.outcome.clone().unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// Two members in a stable group of generation 1, the first of them leading. `t` is shared by range.
    fn stable(&mut self) -> (MemberId, MemberId) {
        let (a, _) = self.newcomer(0);
        let (b, _) = self.newcomer(1);
        self.run(Span::secs(7));
        let shares = vec![assigned(&a, &[0, 1]), assigned(&b, &[2])];
        let first = self.sync(0, &a, 1, shares);
        let second = self.sync(1, &b, 1, Vec::new());
        self.run(Span::millis(3));
        assert_eq!((self.synced(first), self.synced(second)), (Ok(vec![t(0), t(1)]), Ok(vec![t(2)])));
        (a, b)
    }
}

fn join_request(client: u32) -> JoinGroupRequest {
    JoinGroupRequest {
        group: GROUP.into(),
        client: format!("c{client}").into(),
        member: None,
        group_instance_id: None,
        session_timeout: Span::secs(45),
        rebalance_timeout: Span::secs(300),
        protocols: vec!["range".into(), "roundrobin".into()],
        subscription: Subscription { topics: vec!["t".into()], ..Subscription::default() },
    }
}

fn assigned(member: &MemberId, partitions: &[u32]) -> MemberAssignment {
    MemberAssignment { member: member.clone(), partitions: partitions.iter().copied().map(t).collect() }
}

fn committed(offset: u64) -> CommittedOffset {
    CommittedOffset {
        partition: t(0),
        offset: Offset(offset),
        leader_epoch: Some(LeaderEpoch(0)),
        metadata: Arc::from(""),
    }
}

// ---- joining -----------------------------------------------------------------------------------------------------

#[test]
fn a_newcomer_is_given_an_id_and_must_come_back_with_it() {
    let mut lab = Lab::new();
    let (member, parked) = lab.newcomer(0);
    let uuid = member.0.strip_prefix("c0-").expect("<client.id>-<uuid>");
    assert_eq!(uuid.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
    assert_eq!(uuid.as_bytes()[14], b'4', "UUID version 4");
    // The first member of an empty group waits for group.initial.rebalance.delay.ms=3000.
    assert!(lab.is_parked(parked));
    assert_eq!((lab.group().state(), lab.group().members().len()), (GroupState::PreparingRebalance, 1));
    lab.run(Span::secs(4));
    let joined = lab.joined(parked).unwrap();
    assert_eq!((joined.generation, &*joined.protocol, &joined.leader), (Generation(1), "range", &member));
    // Asked at 0, told the id at 2 ms, back with it at 3 ms, there at 4 ms, parked for 3 s, answered a millisecond on.
    assert_eq!(lab.answer(parked).unwrap().0, Time(3_005_000));
    assert_eq!(lab.group().state(), GroupState::CompletingRebalance);
}

#[test]
fn an_id_that_is_never_used_is_forgotten_after_the_session_timeout() {
    let mut lab = Lab::new();
    let asked = lab.join(0, None);
    lab.run(Span::secs(44));
    assert_eq!(lab.group().pending_members().count(), 1);
    lab.run(Span::secs(2));
    assert_eq!(lab.group().pending_members().count(), 0);
    let Some((_, Response::JoinGroup(answer))) = lab.answer(asked) else { panic!("no answer") };
    let late = lab.join(0, answer.member.clone().as_ref());
    lab.run(Span::millis(3));
    assert_eq!(lab.error(late), Some(ErrorCode::UnknownMemberId));
}

#[test]
fn the_initial_delay_is_extended_while_members_keep_coming() {
    let mut lab = Lab::new();
    let (a, first) = lab.newcomer(0);
    lab.run(Span::secs(2));
    let (b, second) = lab.newcomer(1);
    lab.run(Span::secs(2));
    assert!(lab.is_parked(first), "somebody came during the first three seconds");
    lab.run(Span::secs(3));
    assert_eq!(lab.answer(first).unwrap().0, Time(6_005_000));
    let (leader, follower) = (lab.joined(first).unwrap(), lab.joined(second).unwrap());
    assert_eq!((leader.leader.clone(), follower.leader), (a.clone(), a.clone()));
    assert_eq!(leader.members.iter().map(|one| one.member.clone()).collect::<Vec<_>>(), [a, b]);
    assert!(follower.members.is_empty(), "only the leader hears of the others");
    assert_eq!(follower.generation, Generation(1));
}

#[test]
fn the_initial_delay_ends_with_the_rebalance_timeout() {
    let mut lab = Lab::new();
    let request = || JoinGroupRequest { rebalance_timeout: Span::secs(5), ..join_request(0) };
    let first = lab.ask(0, request());
    lab.run(Span::millis(3));
    let Some((_, Response::JoinGroup(answer))) = lab.answer(first) else { panic!("no answer") };
    let parked = lab.ask(0, JoinGroupRequest { member: answer.member.clone(), ..request() });
    lab.run(Span::secs(1));
    let other = |client| JoinGroupRequest { rebalance_timeout: Span::secs(5), ..join_request(client) };
    for client in [1, 2] {
        let first = lab.ask(client, other(client));
        lab.run(Span::millis(3));
        let Some((_, Response::JoinGroup(answer))) = lab.answer(first) else { panic!("no answer") };
        lab.ask(client, JoinGroupRequest { member: answer.member.clone(), ..other(client) });
        lab.run(Span::millis(2_500));
    }
    // 3 s, and then the 2 s that are left of 5, although the third came during those.
    assert_eq!(lab.answer(parked).unwrap().0, Time(5_005_000));
    assert_eq!(lab.joined(parked).unwrap().members.len(), 3);
}

#[test]
fn session_timeouts_have_bounds_and_protocols_must_meet() {
    let mut lab = Lab::new();
    for (session_timeout, expected) in [
        (Span::millis(5_999), ErrorCode::InvalidSessionTimeout),
        (Span::millis(6_000), ErrorCode::MemberIdRequired),
        (Span::millis(1_800_000), ErrorCode::MemberIdRequired),
        (Span::millis(1_800_001), ErrorCode::InvalidSessionTimeout),
    ] {
        let asked = lab.ask(0, JoinGroupRequest { session_timeout, ..join_request(0) });
        lab.run(Span::millis(3));
        assert_eq!(lab.error(asked), Some(expected), "{session_timeout}");
    }
    let mut lab = Lab::new();
    lab.stable();
    let asked = lab.ask(2, JoinGroupRequest { protocols: vec!["sticky".into()], ..join_request(2) });
    lab.run(Span::millis(3));
    assert_eq!(lab.error(asked), Some(ErrorCode::InconsistentGroupProtocol));
}

#[test]
fn members_vote_for_the_first_protocol_that_all_support() {
    let mut lab = Lab::new();
    let lists = [&["sticky", "roundrobin", "range"][..], &["roundrobin", "range"], &["range", "roundrobin"]];
    let mut last = None;
    for (client, list) in (0..).zip(lists) {
        let protocols: Vec<Arc<str>> = list.iter().copied().map(Arc::from).collect();
        let first = lab.ask(client, JoinGroupRequest { protocols: protocols.clone(), ..join_request(client) });
        lab.run(Span::millis(3));
        let Some((_, Response::JoinGroup(answer))) = lab.answer(first) else { panic!("no answer") };
        let member = answer.member.clone();
        last = Some(lab.ask(client, JoinGroupRequest { protocols, member, ..join_request(client) }));
    }
    lab.run(Span::secs(7));
    // Two votes for roundrobin, one for range; sticky is no candidate.
    assert_eq!(&*lab.joined(last.unwrap()).unwrap().protocol, "roundrobin");
}

// ---- syncing -----------------------------------------------------------------------------------------------------

#[test]
fn two_members_share_three_partitions_by_range() {
    let mut lab = Lab::new();
    let (a, first) = lab.newcomer(0);
    let (b, _) = lab.newcomer(1);
    lab.run(Span::secs(7));
    let subscribers = lab.joined(first).unwrap().members.into_iter();
    let members = subscribers.map(|one| Subscriber {
        id: one.member,
        group_instance_id: None,
        topics: vec![TopicId(1)],
        claims: Default::default(),
    });
    let topics = vec![Topic { id: TopicId(1), name: "t".into(), partitions: 3 }];
    let assignment = Assignor::Range.assign(&GroupSubscription { members: members.collect(), topics });
    let shares: Vec<_> =
        assignment.into_iter().map(|(member, partitions)| MemberAssignment { member, partitions }).collect();
    // The follower's SyncGroup waits for the leader's.
    let follower = lab.sync(1, &b, 1, Vec::new());
    lab.run(Span::secs(1));
    assert!(lab.is_parked(follower));
    let leader = lab.sync(0, &a, 1, shares);
    lab.run(Span::millis(3));
    // `c0-…` sorts before `c1-…`: 2 partitions and 1.
    assert_eq!((lab.synced(leader), lab.synced(follower)), (Ok(vec![t(0), t(1)]), Ok(vec![t(2)])));
    assert_eq!(lab.group().state(), GroupState::Stable);
    let Some(GroupRecord::Metadata { value: Some(GroupMetadata { generation, members, .. }), .. }) =
        lab.records().pop()
    else {
        panic!("the assignment is on record")
    };
    assert_eq!((generation, members[0].assignment.clone()), (Generation(1), vec![t(0), t(1)]));
}

#[test]
fn nobody_gets_an_assignment_that_is_not_committed() {
    let mut lab = Lab::new();
    let (a, _) = lab.newcomer(0);
    lab.run(Span::secs(4));
    lab.on_broker(|broker, _| broker.log.held = true);
    let sync = lab.sync(0, &a, 1, vec![assigned(&a, &[0, 1, 2])]);
    lab.run(Span::secs(4));
    assert!(lab.is_parked(sync));
    assert_eq!(lab.group().state(), GroupState::CompletingRebalance);
    assert_eq!(lab.broker().coordinator.pending_writes().count(), 1);
    // offsets.commit.timeout.ms=5000
    lab.run(Span::secs(2));
    assert_eq!(lab.error(sync), Some(ErrorCode::CoordinatorNotAvailable));
    assert_eq!(lab.group().state(), GroupState::PreparingRebalance);
}

#[test]
fn a_refused_append_sends_everybody_back_to_joining() {
    let mut lab = Lab::new();
    let (a, _) = lab.newcomer(0);
    lab.run(Span::secs(4));
    lab.on_broker(|broker, _| broker.log.refusal = Some(ErrorCode::NotEnoughReplicas));
    let sync = lab.sync(0, &a, 1, vec![assigned(&a, &[0])]);
    lab.run(Span::millis(3));
    assert_eq!(lab.error(sync), Some(ErrorCode::CoordinatorNotAvailable));
    assert_eq!(lab.group().state(), GroupState::PreparingRebalance);
}

#[test]
fn who_never_syncs_is_out_after_the_rebalance_timeout() {
    let mut lab = Lab::new();
    let (a, _) = lab.newcomer(0);
    let (b, _) = lab.newcomer(1);
    lab.run(Span::secs(7));
    let leader = lab.sync(0, &a, 1, vec![assigned(&a, &[0, 1]), assigned(&b, &[2])]);
    lab.run(Span::millis(3));
    assert_eq!(lab.synced(leader), Ok(vec![t(0), t(1)]));
    for _ in 0..30 {
        lab.heartbeat(0, &a, 1);
        lab.heartbeat(1, &b, 1);
        lab.run(Span::secs(10));
    }
    let expired = |(_, fact): &(Time, GroupFact)| match fact {
        GroupFact::MemberExpired { member, why, .. } => Some((member.clone(), *why)),
        _ => None,
    };
    let expired: Vec<_> = lab.facts.iter().filter_map(expired).collect();
    assert_eq!(expired, [(b, ExpiredBecause::DidNotSync)]);
    assert_eq!(lab.group().state(), GroupState::PreparingRebalance);
}

// ---- the table of states -----------------------------------------------------------------------------------------

/// `ClassicGroup`'s answers by state: kafka's own table. `None` is success, `"parked"` is no answer yet.
#[test]
fn every_state_answers_as_kafka_does() {
    type Reach = fn(&mut Lab) -> MemberId;
    let empty: Reach = |lab| {
        let (a, _) = lab.newcomer(0);
        lab.ask(0, LeaveGroupRequest { group: GROUP.into(), member: a.clone() });
        lab.run(Span::secs(7));
        a
    };
    let preparing: Reach = |lab| {
        let (a, _) = lab.stable();
        lab.newcomer(2);
        a
    };
    let completing: Reach = |lab| {
        let (a, _) = lab.newcomer(0);
        lab.run(Span::secs(4));
        a
    };
    let stable: Reach = |lab| lab.stable().0;
    let unknown = Some(ErrorCode::UnknownMemberId);
    let rebalancing = Some(ErrorCode::RebalanceInProgress);
    // (state, how, generation; SyncGroup, Heartbeat, commit as member, commit as tool)
    let table = [
        (GroupState::Empty, empty, 1, unknown, unknown, unknown, None),
        (GroupState::PreparingRebalance, preparing, 1, rebalancing, rebalancing, None, unknown),
        (GroupState::CompletingRebalance, completing, 1, None, None, rebalancing, unknown),
        (GroupState::Stable, stable, 1, None, None, None, unknown),
    ];
    for (state, reach, generation, sync, heartbeat, commit, tool) in table {
        let mut lab = Lab::new();
        let member = reach(&mut lab);
        assert_eq!((lab.group().state(), lab.group().generation()), (state, Generation(generation)));
        let stranger = MemberId("stranger".into());
        let heartbeats = [
            (lab.heartbeat(0, &member, generation), heartbeat),
            (lab.heartbeat(0, &stranger, generation), unknown),
            (
                lab.heartbeat(0, &member, generation + 7),
                if state == GroupState::Empty { unknown } else { Some(ErrorCode::IllegalGeneration) },
            ),
        ];
        let commits = [
            (lab.commit(0, Some((&member, generation)), 5), commit),
            (lab.commit(0, None, 5), tool),
            (
                lab.commit(0, Some((&member, generation + 7)), 5),
                if state == GroupState::Empty { unknown } else { Some(ErrorCode::IllegalGeneration) },
            ),
        ];
        // SyncGroup last: in CompletingRebalance it moves the group on.
        let syncs = [(lab.sync(0, &member, generation, vec![assigned(&member, &[0])]), sync)];
        lab.run(Span::millis(3));
        for (asked, expected) in heartbeats.into_iter().chain(commits).chain(syncs) {
            assert_eq!(lab.error(asked), expected, "{}: {:?}", state.name(), lab.answer(asked));
        }
    }
}

#[test]
fn joining_again_moves_a_group_only_if_something_is_new() {
    // Stable: an unchanged follower hears the current generation, the leader starts a rebalance.
    let mut lab = Lab::new();
    let (a, b) = lab.stable();
    let again = lab.join(1, Some(&b));
    lab.run(Span::millis(3));
    assert_eq!(lab.joined(again).unwrap().generation, Generation(1));
    assert_eq!(lab.group().state(), GroupState::Stable);
    let changed = Subscription { topics: vec!["t".into(), "u".into()], ..Subscription::default() };
    lab.ask(1, JoinGroupRequest { member: Some(b), subscription: changed, ..join_request(1) });
    lab.run(Span::millis(3));
    assert_eq!(lab.group().state(), GroupState::PreparingRebalance);

    let mut lab = Lab::new();
    let (a2, b2) = lab.stable();
    assert_ne!(a, b2);
    lab.join(0, Some(&a2));
    lab.run(Span::millis(3));
    assert_eq!(lab.group().state(), GroupState::PreparingRebalance);

    // Completing: unchanged, it missed the answer; the leader gets the members once more.
    let mut lab = Lab::new();
    let (a, _) = lab.newcomer(0);
    lab.run(Span::secs(4));
    let again = lab.join(0, Some(&a));
    lab.run(Span::millis(3));
    let joined = lab.joined(again).unwrap();
    assert_eq!((joined.generation, joined.members.len()), (Generation(1), 1));
    assert_eq!(lab.group().state(), GroupState::CompletingRebalance);
}

// ---- going -------------------------------------------------------------------------------------------------------

#[test]
fn a_silent_member_is_removed_when_its_session_is_over() {
    let mut lab = Lab::new();
    let (a, b) = lab.stable();
    lab.heartbeat(1, &b, 1);
    let last_heard_of = lab.kernel.now() + Span::millis(1);
    for _ in 0..16 {
        lab.heartbeat(0, &a, 1);
        lab.run(Span::secs(3));
    }
    let expired = lab.facts.iter().find_map(|(at, fact)| match fact {
        GroupFact::MemberExpired { member, why, .. } => Some((*at, member.clone(), *why)),
        _ => None,
    });
    let (at, member, why) = expired.expect("45 s have passed");
    assert_eq!((member, why), (b, ExpiredBecause::SessionTimeout));
    assert_eq!(at, last_heard_of + Span::secs(45));
    let heartbeat = lab.heartbeat(0, &a, 1);
    lab.run(Span::millis(3));
    assert_eq!(lab.error(heartbeat), Some(ErrorCode::RebalanceInProgress));
    // The only one left: it need not wait for anybody.
    let again = lab.join(0, Some(&a));
    lab.run(Span::millis(3));
    assert_eq!(lab.joined(again).unwrap().generation, Generation(2));
}

#[test]
fn who_does_not_rejoin_is_removed_after_the_rebalance_timeout() {
    let mut lab = Lab::new();
    let (a, b) = lab.stable();
    let again = lab.join(0, Some(&a));
    // The other one goes on sending heartbeats and ignores the answer: its program is busy.
    for _ in 0..29 {
        lab.heartbeat(1, &b, 1);
        lab.run(Span::secs(10));
    }
    assert!(lab.is_parked(again));
    lab.run(Span::secs(11));
    let joined = lab.joined(again).unwrap();
    assert_eq!((joined.generation, joined.members.len()), (Generation(2), 1));
    let why = ExpiredBecause::DidNotRejoin;
    let expected = GroupFact::MemberExpired { group: GROUP.into(), member: b, why };
    assert!(lab.facts.iter().any(|(_, fact)| *fact == expected));
}

#[test]
fn leaving_starts_a_rebalance_at_once() {
    let mut lab = Lab::new();
    let (a, b) = lab.stable();
    let left = lab.ask(0, LeaveGroupRequest { group: GROUP.into(), member: a.clone() });
    lab.run(Span::millis(3));
    assert_eq!(lab.error(left), None);
    assert_eq!(lab.group().state(), GroupState::PreparingRebalance);
    let again = lab.join(1, Some(&b));
    lab.run(Span::millis(3));
    assert_eq!(lab.joined(again).unwrap().leader, b, "the leader has gone");
    let last = lab.ask(1, LeaveGroupRequest { group: GROUP.into(), member: b });
    let twice = lab.ask(0, LeaveGroupRequest { group: GROUP.into(), member: a });
    lab.run(Span::millis(3));
    assert_eq!((lab.error(last), lab.error(twice)), (None, Some(ErrorCode::UnknownMemberId)));
    // The emptiness is a generation of its own, and on record.
    assert_eq!((lab.group().state(), lab.group().generation()), (GroupState::Empty, Generation(3)));
    let Some(GroupRecord::Metadata { value: Some(written), .. }) = lab.records().pop() else { panic!("no record") };
    assert_eq!((written.generation, written.members.len()), (Generation(3), 0));
}

#[test]
fn heartbeats_do_not_pile_up_timers() {
    let mut lab = Lab::new();
    let (a, b) = lab.stable();
    for _ in 0..100 {
        lab.heartbeat(0, &a, 1);
        lab.heartbeat(1, &b, 1);
        lab.run(Span::secs(3));
    }
    assert_eq!(lab.group().members().len(), 2);
    // One for each session, one for the retention check.
    assert_eq!(lab.kernel.timers().count(), 3);
}

#[test]
fn a_static_member_comes_back_without_a_rebalance() {
    let mut lab = Lab::new();
    let request =
        |client: u32| JoinGroupRequest { group_instance_id: Some(format!("i{client}").into()), ..join_request(client) };
    let parked = lab.ask(0, request(0));
    lab.run(Span::secs(4));
    let former = lab.joined(parked).unwrap().leader;
    assert!(former.0.starts_with("i0-"), "<instance id>-<uuid>: {former}");
    lab.sync(0, &former, 1, vec![assigned(&former, &[0, 1, 2])]);
    lab.run(Span::millis(3));

    let back = lab.ask(0, request(0));
    lab.run(Span::millis(3));
    let Some((_, Response::JoinGroup(answer))) = lab.answer(back) else { panic!("no answer") };
    let member = answer.member.clone().unwrap();
    assert_ne!(member, former);
    assert_eq!(answer.outcome.as_ref().unwrap().generation, Generation(1));
    let sync = lab.sync(0, &member, 1, Vec::new());
    let fenced = lab.heartbeat(1, &former, 1);
    lab.run(Span::millis(3));
    assert_eq!(lab.synced(sync), Ok(vec![t(0), t(1), t(2)]));
    assert_eq!(lab.error(fenced), Some(ErrorCode::UnknownMemberId));
    assert_eq!(lab.group().state(), GroupState::Stable);
}

// ---- offsets -----------------------------------------------------------------------------------------------------

#[test]
fn a_commit_is_answered_when_it_is_committed_and_read_only_then() {
    let mut lab = Lab::new();
    let (a, _) = lab.stable();
    lab.on_broker(|broker, _| broker.log.held = true);
    let commit = lab.commit(0, Some((&a, 1)), 17);
    assert!(lab.fetch_offsets().is_empty());
    assert!(lab.is_parked(commit));
    lab.on_broker(|broker, ctx| {
        broker.log.held = false;
        broker.replicate(ctx);
    });
    lab.run(Span::millis(3));
    assert_eq!(lab.error(commit), None);
    assert_eq!(lab.fetch_offsets(), [committed(17)]);
    // A commit may go back.
    lab.commit(0, Some((&a, 1)), 3);
    lab.run(Span::millis(3));
    assert_eq!(lab.fetch_offsets(), [committed(3)]);
}

#[test]
fn a_commit_that_is_not_replicated_in_time_fails() {
    let mut lab = Lab::new();
    let (a, _) = lab.stable();
    lab.on_broker(|broker, _| broker.log.held = true);
    let commit = lab.commit(0, Some((&a, 1)), 17);
    lab.run(Span::secs(4));
    assert!(lab.is_parked(commit));
    lab.run(Span::secs(2));
    assert_eq!(lab.error(commit), Some(ErrorCode::CoordinatorNotAvailable));
    lab.on_broker(|broker, _| broker.log.refusal = Some(ErrorCode::NotLeaderOrFollower));
    let commit = lab.commit(0, Some((&a, 1)), 18);
    lab.run(Span::millis(3));
    assert_eq!(lab.error(commit), Some(ErrorCode::NotCoordinator));
}

#[test]
fn a_tool_may_found_a_group_by_committing_but_a_member_may_not() {
    let mut lab = Lab::new();
    let stranger = MemberId("stranger".into());
    let as_member = lab.commit(0, Some((&stranger, 1)), 5);
    lab.run(Span::millis(3));
    assert_eq!(lab.error(as_member), Some(ErrorCode::IllegalGeneration));
    assert!(lab.broker().coordinator.group(GROUP).is_none());
    let as_tool = lab.commit(0, None, 5);
    lab.run(Span::millis(3));
    assert_eq!(lab.error(as_tool), None);
    assert_eq!(lab.fetch_offsets(), [committed(5)]);
    let nowhere = CommittedOffset { partition: TopicPartition::new(TopicId(9), 0), ..committed(1) };
    let request = OffsetCommitRequest { group: GROUP.into(), generation: None, member: None, offsets: vec![nowhere] };
    let asked = lab.ask(0, request);
    lab.run(Span::millis(3));
    assert_eq!(lab.error(asked), Some(ErrorCode::UnknownTopicOrPartition));
}

#[test]
fn offsets_of_a_deserted_group_are_forgotten_with_it() {
    // offsets.retention.minutes=10080 is seven days, counted from when the group became empty.
    let mut lab = Lab::new();
    let (a, _) = lab.newcomer(0);
    lab.run(Span::secs(4));
    lab.sync(0, &a, 1, vec![assigned(&a, &[0])]);
    lab.run(Span::secs(1));
    lab.commit(0, Some((&a, 1)), 5);
    lab.run(Span::secs(1));
    lab.ask(0, LeaveGroupRequest { group: GROUP.into(), member: a });
    lab.run(Span::secs(7 * 24 * 3_600 - 60));
    assert_eq!(lab.fetch_offsets(), [committed(5)]);
    lab.run(Span::secs(700));
    assert!(lab.fetch_offsets().is_empty());
    assert!(lab.broker().coordinator.group(GROUP).is_none());
    let tombstones = [
        GroupRecord::Offset { group: GROUP.into(), partition: t(0), value: None },
        GroupRecord::Metadata { group: GROUP.into(), value: None },
    ];
    assert_eq!(lab.records()[lab.records().len() - 2..], tombstones);
}

// ---- another coordinator -----------------------------------------------------------------------------------------

#[test]
fn the_next_coordinator_reads_groups_and_offsets_from_the_log() {
    let mut lab = Lab::new();
    let (a, b) = lab.stable();
    lab.commit(0, Some((&a, 1)), 17);
    lab.run(Span::secs(30));
    lab.on_broker(|broker, ctx| {
        broker.coordinator.crash();
        assert_eq!(broker.coordinator.groups().count(), 0);
        let TestBroker { coordinator, log, image } = broker;
        coordinator.elected(ctx, image, PARTITION, &mut log.batches.iter());
    });
    let group = lab.group();
    assert_eq!((group.state(), group.generation(), group.leader()), (GroupState::Stable, Generation(1), Some(&a)));
    assert_eq!(group.member(&b).unwrap().assignment(), [t(2)]);
    assert_eq!(lab.fetch_offsets(), [committed(17)]);
    let heartbeat = lab.heartbeat(0, &a, 1);
    lab.run(Span::secs(44));
    assert_eq!(lab.error(heartbeat), None);
    assert_eq!(lab.group().members().len(), 2, "everybody has a whole session to find the new coordinator");
    lab.heartbeat(0, &a, 1);
    lab.run(Span::secs(2));
    assert_eq!(lab.group().state(), GroupState::PreparingRebalance);
    assert!(lab.facts.iter().any(|(_, fact)| matches!(fact, GroupFact::Loaded { groups: 1, offsets: 1, .. })));
}

#[test]
fn who_waits_at_a_coordinator_that_resigns_is_sent_away() {
    let mut lab = Lab::new();
    let (_, join) = lab.newcomer(0);
    lab.on_broker(|broker, ctx| broker.coordinator.resigned(ctx, PARTITION));
    lab.run(Span::millis(3));
    assert_eq!(lab.error(join), Some(ErrorCode::NotCoordinator));
    assert_eq!(lab.kernel.timers().count(), 0, "its timers are gone with it");
    let refused = lab.join(1, None);
    let found = lab.ask(1, FindCoordinatorRequest { group: GROUP.into() });
    lab.run(Span::millis(3));
    assert_eq!(lab.error(refused), Some(ErrorCode::NotCoordinator));
    let Some((_, Response::FindCoordinator(found))) = lab.answer(found) else { panic!("no answer") };
    assert_eq!(found.outcome, Ok(BrokerId(1)));
    assert!(lab.facts.iter().any(|(_, fact)| *fact == GroupFact::Unloaded { partition: PARTITION }));
}
