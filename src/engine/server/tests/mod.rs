//! Brokers among each other, with a controller and clients that do as the test says.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Broker, BrokerFact, BrokerState, FetchPhase, MetadataSource};
use crate::engine::common::{
    BrokerEpoch, BrokerId, ClientId, CorrelationId, ErrorCode, LeaderEpoch, NodeId, Offset, PartitionEpoch,
    PartitionId, Span, TopicId, TopicPartition,
};
use crate::engine::config::BrokerConfig;
use crate::engine::coordinator::group::OFFSETS_TOPIC;
use crate::engine::metadata::{BatchContent, MetadataBatch, MetadataRecord, PartitionChange, PartitionRegistration};
use crate::engine::protocol::{
    Acks, AlterPartitionResponse, AlteredPartition, Body, BrokerHeartbeatResponse, BrokerRegistrationResponse,
    CreateTopicsRequest, CreateTopicsResponse, CurrentLeader, FetchMetadata, FetchParams, FetchPartition, FetchRequest,
    FetchResponse, FetchedLog, FindCoordinatorRequest, Isolation, ListOffsetsRequest, MetadataLogRequest,
    MetadataLogResponse, MetadataRequest, NewTopic, OffsetSpec, ProduceRequest, Request, Response, TopicsAsked,
};
use crate::engine::record::{Record, RecordBatch};
use crate::engine::runtime::{Crash, Domain, Kernel, Latency, Node};
use crate::engine::trace::Fact;
use crate::engine::{Ctx, Kafka, Token};

mod fetch_sessions;
mod replication;
mod serving;

const CONTROLLER: NodeId = NodeId::Controller(BrokerId(101));
/// The controller leads the quorum from the start.
const EPOCH: LeaderEpoch = LeaderEpoch(1);
const CLIENT: NodeId = NodeId::Client(ClientId(0));
const OTHER: NodeId = NodeId::Client(ClientId(1));
const TP: TopicPartition = TopicPartition { topic: TopicId(0), partition: PartitionId(0) };

// ---- the cast -------------------------------------------------------------------------------------------------------

#[derive(Clone, Debug)]
enum Process {
    Controller(ScriptedController),
    Broker(Box<Broker>),
    Client(Client),
}

/// Says yes to everything, and writes what the test tells it to write.
#[derive(Clone, Debug, Default)]
struct ScriptedController {
    log: Vec<MetadataRecord>,
    parked: BTreeMap<NodeId, (CorrelationId, MetadataLogRequest)>,
    /// Answers registrations with this instead.
    registers_nobody: Option<ErrorCode>,
    /// Tells every heartbeat that its broker is fenced.
    fences: bool,
    /// Answers AlterPartition with this instead.
    refuses: Option<ErrorCode>,
    /// Answers CreateTopics with this instead.
    creates_nothing: Option<ErrorCode>,
}

/// Keeps what it is told.
#[derive(Clone, Debug, Default)]
struct Client {
    answers: Vec<(CorrelationId, Response)>,
}

impl ScriptedController {
    fn write(&mut self, ctx: &mut Ctx<'_>, records: impl IntoIterator<Item = MetadataRecord>) {
        self.log.extend(records);
        let end = Offset(self.log.len() as u64);
        let has_news = |fetch: &MetadataLogRequest| {
            fetch.current_leader_epoch < EPOCH || fetch.log_end.offset < end || fetch.high_watermark < Some(end)
        };
        let woken: Vec<NodeId> =
            self.parked.iter().filter(|(_, (_, fetch))| has_news(fetch)).map(|(node, _)| *node).collect();
        for node in woken {
            let (correlation, fetch) = self.parked.remove(&node).unwrap();
            let error = (fetch.current_leader_epoch < EPOCH).then_some(ErrorCode::FencedLeaderEpoch);
            let at = fetch.log_end.offset;
            let records = self.log[at.0 as usize..].to_vec();
            let batch = MetadataBatch { base_offset: at, epoch: EPOCH, content: BatchContent::Records(records) };
            let batches = if at < end && error.is_none() { vec![Arc::new(batch)] } else { Vec::new() };
            let (current, content) =
                (CurrentLeader { leader: Some(BrokerId(101)), epoch: EPOCH }, FetchedLog::Batches(batches));
            let response = MetadataLogResponse { error, current, high_watermark: Some(end), content };
            respond(ctx, node, correlation, response);
        }
    }

    fn request(&mut self, ctx: &mut Ctx<'_>, from: NodeId, correlation: CorrelationId, request: Request) {
        match request {
            Request::BrokerRegistration(asked) => {
                if let Some(error) = self.registers_nobody {
                    return respond(ctx, from, correlation, BrokerRegistrationResponse { outcome: Err(error) });
                }
                let (broker, incarnation, rack) = (asked.broker, asked.incarnation, asked.rack);
                let epoch = BrokerEpoch(self.log.len() as u64);
                self.write(ctx, [MetadataRecord::RegisterBroker { broker, epoch, incarnation, rack }]);
                respond(ctx, from, correlation, BrokerRegistrationResponse { outcome: Ok(epoch) });
            }
            Request::BrokerHeartbeat(asked) => {
                let (broker, epoch) = (asked.broker, asked.broker_epoch);
                let is_caught_up = asked.current_metadata_offset.0 > epoch.0;
                let is_fenced = asked.want_fence || !is_caught_up || self.fences;
                let unfence = MetadataRecord::UnfenceBroker { broker, epoch };
                if !is_fenced && !self.log.contains(&unfence) {
                    self.write(ctx, [unfence]);
                }
                let response =
                    BrokerHeartbeatResponse { error: None, is_caught_up, is_fenced, should_shut_down: false };
                respond(ctx, from, correlation, response);
            }
            Request::FetchMetadataLog(asked) => {
                self.parked.insert(from, (correlation, asked));
                self.write(ctx, []);
            }
            Request::AlterPartition(asked) => {
                let mut partitions = Vec::new();
                for proposal in asked.partitions {
                    let outcome = match self.refuses {
                        Some(error) => Err(error),
                        None => Ok(AlteredPartition {
                            leader: Some(asked.broker),
                            leader_epoch: proposal.leader_epoch,
                            partition_epoch: proposal.partition_epoch.next(),
                            isr: proposal.new_isr.clone(),
                        }),
                    };
                    partitions.push((proposal.partition, outcome));
                    if self.refuses.is_none() {
                        let change = PartitionChange { isr: Some(proposal.new_isr), ..PartitionChange::default() };
                        self.write(ctx, [MetadataRecord::PartitionChange { partition: proposal.partition, change }]);
                    }
                }
                respond(ctx, from, correlation, AlterPartitionResponse { error: None, partitions });
            }
            Request::CreateTopics(asked) => {
                let mut topics = Vec::new();
                for new in asked.topics {
                    if let Some(error) = self.creates_nothing {
                        topics.push((new.name, Err((error, String::new()))));
                        continue;
                    }
                    let topic = TopicId(7);
                    let mut records = vec![MetadataRecord::Topic { topic, name: new.name.clone() }];
                    for partition in 0..new.partitions.unwrap_or(1) {
                        let partition = TopicPartition::new(topic, partition);
                        records.push(MetadataRecord::Partition { partition, registration: led_by(1) });
                    }
                    self.write(ctx, records);
                    topics.push((new.name, Ok(topic)));
                }
                respond(ctx, from, correlation, CreateTopicsResponse { topics });
            }
            other => panic!("a controller is not asked for {other:?}"),
        }
    }
}

fn respond(ctx: &mut Ctx<'_>, to: NodeId, correlation: CorrelationId, response: impl Into<Response>) {
    ctx.send(to, Body::Response { correlation, response: response.into() });
}

impl Node<Kafka> for Process {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        if let Self::Broker(broker) = self {
            broker.start(ctx);
        }
    }

    fn message(&mut self, ctx: &mut Ctx<'_>, from: NodeId, body: Body) {
        match (self, body) {
            (Self::Broker(broker), body) => broker.message(ctx, from, body),
            (Self::Controller(controller), Body::Request { correlation, request }) => {
                controller.request(ctx, from, correlation, request);
            }
            (Self::Client(client), Body::Response { correlation, response }) => {
                client.answers.push((correlation, response));
            }
            (node, body) => panic!("{node:?} cannot take {body:?}"),
        }
    }

    fn timer(&mut self, ctx: &mut Ctx<'_>, timer: <Kafka as Domain>::Timer) {
        if let Self::Broker(broker) = self {
            broker.timer(ctx, timer);
        }
    }

    fn flushed(&mut self, ctx: &mut Ctx<'_>, token: Token) {
        if let Self::Broker(broker) = self {
            broker.flushed(ctx, token);
        }
    }

    fn disconnected(&mut self, ctx: &mut Ctx<'_>, peer: NodeId) {
        match self {
            Self::Broker(broker) => broker.disconnected(ctx, peer),
            Self::Controller(controller) => drop(controller.parked.remove(&peer)),
            Self::Client(_) => {}
        }
    }

    fn crash(&mut self, how: Crash) {
        if let Self::Broker(broker) = self {
            broker.crash(how);
        }
    }
}

// ---- the stage ------------------------------------------------------------------------------------------------------

struct Stage {
    kernel: Kernel<Kafka, Process>,
    facts: Vec<(NodeId, BrokerFact)>,
    next: u32,
}

fn led_by(leader: u32) -> PartitionRegistration {
    PartitionRegistration {
        replicas: [1, 2, 3].map(BrokerId).to_vec(),
        isr: [1, 2, 3].map(BrokerId).to_vec(),
        leader: Some(BrokerId(leader)),
        leader_epoch: LeaderEpoch(0),
        partition_epoch: PartitionEpoch(0),
        ..PartitionRegistration::default()
    }
}

impl Stage {
    /// Three brokers with these properties, unfenced after a second; no topic.
    fn bare(properties: &[(&str, &str)]) -> Self {
        let mut config = BrokerConfig::default();
        for (key, value) in properties {
            config.set(key, value).unwrap();
        }
        let mut kernel = Kernel::new(1, Latency::default());
        kernel.add_node(CONTROLLER, Process::Controller(ScriptedController::default()));
        for id in [1, 2, 3] {
            let broker = Broker::new(BrokerId(id), config.clone(), None, MetadataSource::Quorum(vec![BrokerId(101)]));
            kernel.add_node(NodeId::broker(id), Process::Broker(Box::new(broker)));
        }
        for client in [CLIENT, OTHER] {
            kernel.add_node(client, Process::Client(Client::default()));
        }
        Self { kernel, facts: Vec::new(), next: 0 }
    }

    /// And the topic `orders`: one partition on all three, led by broker 1.
    fn new(properties: &[(&str, &str)]) -> Self {
        let mut stage = Self::bare(properties);
        stage.run(1_000);
        stage.write([
            MetadataRecord::Topic { topic: TP.topic, name: "orders".into() },
            MetadataRecord::Partition { partition: TP, registration: led_by(1) },
        ]);
        stage.run(1_000);
        stage
    }

    fn write(&mut self, records: impl IntoIterator<Item = MetadataRecord>) {
        self.kernel.command(CONTROLLER, |node, ctx| match node {
            Process::Controller(controller) => controller.write(ctx, records),
            _ => unreachable!(),
        });
    }

    fn elect(&mut self, leader: Option<u32>, isr: &[u32]) {
        let isr = Some(isr.iter().copied().map(BrokerId).collect());
        let change = PartitionChange { isr, leader: Some(leader.map(BrokerId)), ..PartitionChange::default() };
        self.write([MetadataRecord::PartitionChange { partition: TP, change }]);
    }

    fn controller(&mut self, act: impl FnOnce(&mut ScriptedController)) {
        self.kernel.command(CONTROLLER, |node, _| match node {
            Process::Controller(controller) => act(controller),
            _ => unreachable!(),
        });
    }

    fn run(&mut self, millis: u64) {
        let until = self.kernel.now() + Span::millis(millis);
        while self.kernel.next_event_at().is_some_and(|at| at <= until) {
            self.kernel.step();
        }
        self.kernel.wait_until(until);
        for record in self.kernel.take_trace() {
            if let (Some(node), Fact::Broker(fact)) = (record.node, record.fact) {
                self.facts.push((node, fact));
            }
        }
    }

    fn cut(&mut self, a: NodeId, b: NodeId, cut: bool) {
        if cut {
            self.kernel.partition(a, b);
        } else {
            self.kernel.repair(a, b);
        }
    }

    fn ask(&mut self, client: NodeId, broker: u32, request: impl Into<Request>) -> CorrelationId {
        let correlation = CorrelationId(self.next.into());
        self.next += 1;
        let body = Body::Request { correlation, request: request.into() };
        self.kernel.command(client, |_, ctx| ctx.send(NodeId::broker(broker), body));
        correlation
    }

    fn answer(&self, client: NodeId, correlation: CorrelationId) -> Option<&Response> {
        let Process::Client(client) = &self.kernel.slot(client).unwrap().node else { unreachable!() };
        client.answers.iter().find(|(id, _)| *id == correlation).map(|(_, response)| response)
    }

    fn broker(&self, id: u32) -> &Broker {
        match &self.kernel.slot(NodeId::broker(id)).unwrap().node {
            Process::Broker(broker) => broker,
            _ => unreachable!(),
        }
    }

    /// (log end, high watermark)
    fn marks(&self, broker: u32) -> (u64, u64) {
        let log = self.broker(broker).log(TP).unwrap();
        (log.log_end_offset().0, log.high_watermark().0)
    }

    fn produce(&mut self, broker: u32, acks: Acks, value: &str) -> CorrelationId {
        let record = Record::new(None, Some(value.as_bytes()), self.kernel.now());
        let batches = vec![(TP, RecordBatch::new([record], None))];
        self.ask(CLIENT, broker, ProduceRequest { acks, timeout: Span::secs(30), batches })
    }

    fn produced(&self, correlation: CorrelationId) -> Option<Result<u64, ErrorCode>> {
        match self.answer(CLIENT, correlation)? {
            Response::Produce(response) => Some(response.partitions[0].outcome.map(|appended| appended.base_offset.0)),
            other => panic!("{other:?}"),
        }
    }

    fn fetched(&self, correlation: CorrelationId) -> Option<&FetchResponse> {
        match self.answer(OTHER, correlation)? {
            Response::Fetch(response) => Some(response),
            other => panic!("{other:?}"),
        }
    }

    /// What is in a replica's log, value by value.
    fn values(&self, broker: u32) -> Vec<String> {
        let batches = self.broker(broker).log(TP).unwrap().batches();
        let records = batches.flat_map(|batch| batch.records.iter());
        records.map(|record| String::from_utf8(record.value.as_ref().unwrap().to_vec()).unwrap()).collect()
    }

    fn facts_of(&self, broker: u32) -> Vec<&BrokerFact> {
        self.facts.iter().filter(|(node, _)| *node == NodeId::broker(broker)).map(|(_, fact)| fact).collect()
    }

    fn saw(&self, broker: u32, is_it: impl Fn(&BrokerFact) -> bool) -> bool {
        self.facts_of(broker).into_iter().any(is_it)
    }
}

fn consume(offset: u64, max_wait_ms: u64) -> FetchRequest {
    FetchRequest {
        params: FetchParams {
            follower: None,
            max_wait: Span::millis(max_wait_ms),
            min_bytes: 1,
            max_bytes: 52_428_800,
            isolation: Isolation::ReadUncommitted,
            rack: None,
        },
        metadata: FetchMetadata::LEGACY,
        forgotten: Vec::new(),
        partitions: vec![FetchPartition {
            partition: TP,
            current_leader_epoch: None,
            fetch_offset: Offset(offset),
            last_fetched_epoch: None,
            log_start_offset: None,
            max_bytes: 1_048_576,
        }],
    }
}
