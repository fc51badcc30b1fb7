//! The producer against brokers that do as a test tells them: what it sends, when, and what it makes of the answers.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::*;
use crate::engine::clients::{BatchFailure, ProducerFact, SendFailure};
use crate::engine::command::{RecordSpec, Workload};
use crate::engine::common::{
    BrokerId, ClientId, ErrorCode, LeaderEpoch, NodeId, Offset, PartitionId, ProducerEpoch, ProducerId,
    ProducerIdAndEpoch, Sequence, Span, Time, TopicId, TopicPartition,
};
use crate::engine::config::{KafkaVersion, ProducerConfig, TopicConfig};
use crate::engine::protocol::{
    Acks, Appended, Body, InitProducerIdResponse, LeaderHint, MetadataResponse, PartitionMetadata, ProduceRequest,
    ProduceResponse, ProducedPartition, Request, Response, TopicMetadata, TopicName, TopicsAsked,
};
use crate::engine::record::{ProducerStamp, Record};
use crate::engine::runtime::{Crash, Kernel, Latency, Node};
use crate::engine::storage::{ProducerStateManagerConfig, UnifiedLog};
use crate::engine::trace::Fact;
use crate::engine::{Ctx, Kafka, Timer};

mod idempotence;

const ME: NodeId = NodeId::Client(ClientId(0));

/// A broker that leads what its table says, and answers as scripted.
#[derive(Clone, Debug, Default)]
struct FakeBroker {
    id: BrokerId,
    brokers: Vec<BrokerId>,
    /// Per partition; `None` as a whole: the topic does not exist.
    leaders: Option<Vec<(Option<BrokerId>, LeaderEpoch)>>,
    /// Errors for the next batches, before anything is appended.
    refusals: VecDeque<ErrorCode>,
    /// Appends, but never answers.
    silent: bool,
    /// Batches as appended: partition and values.
    log: Vec<(u32, Vec<String>)>,
    /// The same as a real leader's logs, with its rules for sequence numbers.
    logs: BTreeMap<u32, UnifiedLog>,
    topic: TopicConfig,
    produce_requests: Vec<Time>,
    /// Errors for the next requests for a producer id.
    id_refusals: VecDeque<ErrorCode>,
    ids: u64,
}

impl FakeBroker {
    fn metadata(&self, asked: &TopicsAsked) -> MetadataResponse {
        let TopicsAsked::Named(asked) = asked else { panic!("a producer asks for topics by name") };
        let describe = |leaders: &Vec<(Option<BrokerId>, LeaderEpoch)>| {
            let partition = |(id, (leader, epoch)): (u32, &(Option<BrokerId>, LeaderEpoch))| PartitionMetadata {
                partition: PartitionId(id),
                leader: *leader,
                leader_epoch: *epoch,
                replicas: self.brokers.clone(),
                isr: self.brokers.clone(),
                offline: Vec::new(),
            };
            (TopicId(0), (0..).zip(leaders).map(partition).collect())
        };
        let outcome = self.leaders.as_ref().map(describe).ok_or(ErrorCode::UnknownTopicOrPartition);
        let topic = |name: &TopicName| TopicMetadata { name: name.clone(), outcome: outcome.clone() };
        MetadataResponse { brokers: self.brokers.clone(), controller: None, topics: asked.iter().map(topic).collect() }
    }

    fn produce(&mut self, now: Time, request: ProduceRequest) -> ProduceResponse {
        let leaders = self.leaders.clone().unwrap_or_default();
        let mut partitions = Vec::new();
        for (partition, batch) in request.batches {
            let index = partition.partition.0 as usize;
            let (leader, leader_epoch) = leaders[index];
            let mut current_leader = None;
            let outcome = if let Some(error) = self.refusals.pop_front() {
                Err(error)
            } else if leader == Some(self.id) {
                let log = self.logs.entry(partition.partition.0).or_insert_with(|| UnifiedLog::new(now));
                let config = ProducerStateManagerConfig { version: self.topic.version, ..Default::default() };
                log.configure_producer_state(config);
                let appended = log.append_as_leader(&batch, leader_epoch, now, &self.topic);
                if appended.is_ok_and(|info| !info.is_duplicate) {
                    let value = |one: &Record| String::from_utf8(one.value.as_deref().unwrap().to_vec());
                    let values = batch.records.iter().map(value).map(Result::unwrap);
                    self.log.push((partition.partition.0, values.collect()));
                }
                let log_start_offset = log.log_start_offset();
                appended.map(|info| Appended { base_offset: info.first_offset, log_start_offset })
            } else {
                current_leader = leader.map(|leader| LeaderHint { leader, leader_epoch });
                Err(ErrorCode::NotLeaderOrFollower)
            };
            let is_unknown = outcome == Err(ErrorCode::UnknownProducerId);
            let log_start_offset = self.logs.get(&partition.partition.0).filter(|_| is_unknown);
            let log_start_offset = log_start_offset.map(UnifiedLog::log_start_offset);
            partitions.push(ProducedPartition { partition, outcome, log_start_offset, current_leader });
        }
        ProduceResponse { partitions }
    }
}

#[derive(Clone, Debug)]
enum TestNode {
    Producer(Box<Producer>),
    Broker(Box<FakeBroker>),
}

impl Node<Kafka> for TestNode {
    fn start(&mut self, ctx: &mut Ctx<'_>) {
        if let Self::Producer(producer) = self {
            producer.start(ctx);
        }
    }

    fn message(&mut self, ctx: &mut Ctx<'_>, from: NodeId, body: Body) {
        let broker = match self {
            Self::Producer(producer) => return producer.message(ctx, from, body),
            Self::Broker(broker) => broker,
        };
        let Body::Request { correlation, request } = body else { panic!("brokers are asked") };
        let response: Option<Response> = match request {
            Request::Metadata(metadata) => Some(broker.metadata(&metadata.topics).into()),
            Request::Produce(produce) => {
                broker.produce_requests.push(ctx.now());
                let is_answered = produce.acks != Acks::Zero && !broker.silent;
                let response = broker.produce(ctx.now(), produce);
                is_answered.then(|| response.into())
            }
            Request::InitProducerId(_) => {
                let outcome = broker.id_refusals.pop_front().map_or_else(
                    || {
                        broker.ids += 1;
                        let id = ProducerId(u64::from(broker.id.0) * 1_000 + broker.ids - 1);
                        Ok(ProducerIdAndEpoch { id, epoch: ProducerEpoch(0) })
                    },
                    Err,
                );
                Some(InitProducerIdResponse { outcome }.into())
            }
            other => panic!("a producer does not ask for {:?}", other.api()),
        };
        if let Some(response) = response {
            ctx.send(from, Body::Response { correlation, response });
        }
    }

    fn timer(&mut self, ctx: &mut Ctx<'_>, timer: Timer) {
        if let Self::Producer(producer) = self {
            producer.timer(ctx, timer);
        }
    }

    fn disconnected(&mut self, ctx: &mut Ctx<'_>, peer: NodeId) {
        if let Self::Producer(producer) = self {
            producer.disconnected(ctx, peer);
        }
    }

    fn crash(&mut self, how: Crash) {
        if let Self::Producer(producer) = self {
            producer.crash(how);
        }
    }
}

/// Brokers 1 and 2, one millisecond away, and a producer of topic `orders`.
struct Bench {
    kernel: Kernel<Kafka, TestNode>,
    facts: Vec<(Time, ProducerFact)>,
}

fn config(version: KafkaVersion, pairs: &[(&str, &str)]) -> ProducerConfig {
    let mut config = ProducerConfig::for_version(version);
    for (key, value) in pairs {
        config.set(key, value).unwrap();
    }
    assert!(config.check().iter().all(|problem| !problem.kind.stops_kafka()), "Kafka would refuse {pairs:?}");
    config
}

fn at(millis: u64) -> Time {
    Time::ZERO + Span::millis(millis)
}

fn partition(id: u32) -> TopicPartition {
    TopicPartition::new(TopicId(0), id)
}

fn values(values: &[&str]) -> Vec<RecordSpec> {
    let spec = |value: &&str| RecordSpec {
        key: None,
        value: (*value).to_owned(),
        partition: Some(0),
        ..RecordSpec::default()
    };
    values.iter().map(spec).collect()
}

impl Bench {
    /// `leaders` names the leader of each partition, all in epoch 0; without any the topic does not exist.
    fn new(pairs: &[(&str, &str)], leaders: &[u32], workload: Option<Workload>) -> Self {
        Self::of_version(KafkaVersion::default(), pairs, leaders, workload)
    }

    fn of_version(version: KafkaVersion, pairs: &[(&str, &str)], leaders: &[u32], workload: Option<Workload>) -> Self {
        let latency = Latency { base: Span::millis(1), jitter: Span::ZERO };
        let mut kernel = Kernel::new(11, latency);
        let brokers = vec![BrokerId(1), BrokerId(2)];
        for id in &brokers {
            let leaders = leaders.iter().map(|leader| (Some(BrokerId(*leader)), LeaderEpoch(0))).collect::<Vec<_>>();
            let leaders = (!leaders.is_empty()).then_some(leaders);
            let topic = TopicConfig::for_version(version);
            let broker = FakeBroker { id: *id, brokers: brokers.clone(), leaders, topic, ..FakeBroker::default() };
            kernel.add_node(NodeId::Broker(*id), TestNode::Broker(Box::new(broker)));
        }
        let (name, topic) = (Arc::from("till"), TopicName::from("orders"));
        let producer = Producer::new(ClientId(0), name, config(version, pairs), brokers, topic, workload);
        kernel.add_node(ME, TestNode::Producer(Box::new(producer)));
        let mut bench = Self { kernel, facts: Vec::new() };
        bench.run(0);
        bench
    }

    /// Runs up to and including `millis` since the beginning.
    fn run(&mut self, millis: u64) {
        while self.kernel.next_event_at().is_some_and(|next| next <= at(millis)) {
            self.kernel.step();
        }
        self.kernel.wait_until(at(millis).max(self.kernel.now()));
        for record in self.kernel.take_trace() {
            if let Fact::Producer(fact) = record.fact {
                self.facts.push((record.at, fact));
            }
        }
    }

    fn act(&mut self, act: impl FnOnce(&mut Producer, &mut Ctx<'_>)) {
        let is_up = self.kernel.command(ME, |node, ctx| match node {
            TestNode::Producer(producer) => act(producer, ctx),
            TestNode::Broker(_) => panic!("the bench's client is a producer"),
        });
        assert!(is_up);
    }

    fn produce(&mut self, records: Vec<RecordSpec>) {
        self.act(|producer, ctx| producer.produce(ctx, records));
    }

    fn producer(&self) -> &Producer {
        match &self.kernel.slot(ME).unwrap().node {
            TestNode::Producer(producer) => producer,
            TestNode::Broker(_) => panic!("the bench's client is a producer"),
        }
    }

    fn broker(&mut self, id: u32) -> &mut FakeBroker {
        match self.kernel.node_mut(NodeId::broker(id)).unwrap() {
            TestNode::Broker(broker) => broker,
            TestNode::Producer(_) => panic!("not a broker"),
        }
    }

    /// Moves a partition, for both brokers.
    fn elect(&mut self, id: u32, leader: u32, epoch: u32) {
        for broker in [1, 2] {
            let leaders = self.broker(broker).leaders.as_mut().unwrap();
            leaders[id as usize] = (Some(BrokerId(leader)), LeaderEpoch(epoch));
        }
    }

    fn log(&mut self, broker: u32) -> Vec<(u32, Vec<String>)> {
        self.broker(broker).log.clone()
    }

    fn times(&self, of: impl Fn(&ProducerFact) -> bool) -> Vec<u64> {
        self.facts.iter().filter(|(_, fact)| of(fact)).map(|(at, _)| at.as_millis()).collect()
    }
}

fn is_sent(fact: &ProducerFact) -> bool {
    matches!(fact, ProducerFact::BatchSent { .. })
}

fn batch(id: u32, values: &[&str]) -> (u32, Vec<String>) {
    (id, values.iter().map(|value| (*value).to_owned()).collect())
}

#[test]
fn records_wait_for_metadata_then_linger_then_travel_together() {
    let mut bench = Bench::new(&[], &[1], None);
    bench.run(100);
    bench.produce(values(&["a", "b"]));
    bench.run(1_000);
    // One millisecond there, one back; linger.ms=5 counts from the first record in the batch, which is the append.
    let sent = ProducerFact::BatchSent {
        partition: partition(0),
        first_ordinal: 0,
        records: 2,
        to: BrokerId(1),
        attempt: 1,
        stamp: Some(ProducerStamp {
            producer_id: bench.producer().transactions().unwrap().producer().unwrap().id,
            producer_epoch: ProducerEpoch(0),
            base_sequence: Sequence(0),
        }),
    };
    let acked =
        ProducerFact::BatchAcked { partition: partition(0), base_offset: Some(Offset(0)), ordinals: vec![0, 1] };
    let queued = |ordinal| ProducerFact::Queued { partition: partition(0), ordinal, key: None };
    let metadata =
        ProducerFact::MetadataUpdated { topics: vec!["orders".into()], brokers: vec![BrokerId(1), BrokerId(2)] };
    let heard: Vec<_> = bench.facts.iter().filter(|(when, _)| *when >= at(100)).cloned().collect();
    assert_eq!(
        heard,
        [
            (at(100), ProducerFact::AwaitsMetadata { topic: "orders".into() }),
            (at(102), metadata),
            (at(102), queued(0)),
            (at(102), queued(1)),
            (at(107), sent),
            (at(109), acked),
        ]
    );
    assert_eq!(bench.log(1), [batch(0, &["a", "b"])]);
    assert!(bench.producer().is_quiet());
    assert_eq!(bench.producer().accumulator().reserved_bytes(), 0);
}

#[test]
fn a_key_decides_the_partition_as_kafka_hashes_it() {
    let mut bench = Bench::new(&[], &[1, 1, 1], None);
    // Facts §3.1: user-1 and user-2 on 2 of 3, user-4 on 1, bob on 0.
    let spec = |key: &str| RecordSpec {
        key: Some(key.to_owned()),
        value: key.to_owned(),
        partition: None,
        ..RecordSpec::default()
    };
    bench.produce(["user-1", "user-4", "bob", "user-2"].map(spec).to_vec());
    bench.run(1_000);
    let mut log = bench.log(1);
    log.sort();
    assert_eq!(log, [batch(0, &["bob"]), batch(1, &["user-4"]), batch(2, &["user-1", "user-2"])]);
    assert_eq!(bench.broker(1).produce_requests.len(), 1, "one request, one batch of each partition");
}

#[test]
fn records_without_a_key_stick_together() {
    let mut bench = Bench::new(&[], &[1, 2, 1], None);
    let spec = |n: u32| RecordSpec { key: None, value: n.to_string(), partition: None, ..RecordSpec::default() };
    bench.produce((0..50).map(spec).collect());
    bench.run(1_000);
    assert_eq!(bench.log(1).len() + bench.log(2).len(), 1, "50 short records are far from batch.size");
}

#[test]
fn a_new_leader_told_in_passing_is_asked_without_back_off() {
    let mut bench = Bench::new(&[("linger.ms", "0"), ("retry.backoff.ms", "1000")], &[1], None);
    bench.run(10);
    bench.produce(values(&["a"]));
    bench.run(50);
    bench.elect(0, 2, 1);
    bench.produce(values(&["b"]));
    bench.run(60);
    assert_eq!(bench.times(is_sent)[1..], [50, 52]);
    assert_eq!(bench.log(2), [batch(0, &["b"])]);
}

#[test]
fn an_error_that_may_pass_is_retried_after_the_back_off() {
    let mut bench = Bench::new(&[("linger.ms", "0")], &[1], None);
    bench.run(10);
    bench.broker(1).refusals = [ErrorCode::NotEnoughReplicas, ErrorCode::NotEnoughReplicas].into();
    bench.produce(values(&["a"]));
    bench.run(5_000);
    let sent = bench.times(is_sent);
    // 100 ms, then 200 ms, each ±20 %, and 2 ms for the answer.
    assert_eq!(sent.len(), 3);
    assert!((82..=122).contains(&(sent[1] - sent[0])) && (162..=242).contains(&(sent[2] - sent[1])), "{sent:?}");
    assert_eq!(bench.log(1), [batch(0, &["a"])]);
    let attempts: Vec<u32> = bench
        .facts
        .iter()
        .filter_map(|(_, fact)| match fact {
            ProducerFact::BatchRetried { attempt, error: ErrorCode::NotEnoughReplicas, .. } => Some(*attempt),
            _ => None,
        })
        .collect();
    assert_eq!(attempts, [1, 2]);
}

#[test]
fn an_error_that_will_not_pass_fails_the_batch() {
    let mut bench = Bench::new(&[], &[1], None);
    bench.broker(1).refusals = [ErrorCode::InvalidTopic].into();
    bench.produce(values(&["a", "b"]));
    bench.run(1_000);
    let why = BatchFailure::Refused(ErrorCode::InvalidTopic);
    let failed = ProducerFact::BatchFailed { partition: partition(0), ordinals: vec![0, 1], why };
    assert!(bench.facts.iter().any(|(_, fact)| *fact == failed));
    assert_eq!((bench.producer().ledger().failed_records(), bench.producer().ledger().pending_records()), (2, 0));
}

#[test]
fn retries_can_be_used_up() {
    let mut bench = Bench::new(&[("retries", "1"), ("enable.idempotence", "false")], &[1], None);
    bench.broker(1).refusals = vec![ErrorCode::NotEnoughReplicas; 5].into();
    bench.produce(values(&["a"]));
    bench.run(5_000);
    assert_eq!(bench.times(is_sent).len(), 2);
    let why = BatchFailure::RetriesExhausted(ErrorCode::NotEnoughReplicas);
    assert!(bench.facts.iter().any(|(_, fact)| matches!(fact, ProducerFact::BatchFailed { why: w, .. } if *w == why)));
}

#[test]
fn silence_ends_in_request_timeouts_and_then_in_the_delivery_timeout() {
    let mut bench = Bench::new(&[("linger.ms", "0")], &[1], None);
    bench.run(10);
    bench.broker(1).silent = true;
    bench.produce(values(&["a"]));
    bench.run(200_000);
    let timed_out = bench.times(|fact| matches!(fact, ProducerFact::RequestTimedOut { .. }));
    let created = bench.times(|fact| matches!(fact, ProducerFact::Queued { .. }))[0];
    // request.timeout.ms=30000 after each attempt; delivery.timeout.ms=120000 after the batch was made.
    assert_eq!(timed_out[0], created + 30_000);
    let failed =
        bench.times(|fact| matches!(fact, ProducerFact::BatchFailed { why: BatchFailure::DeliveryTimeout, .. }));
    assert_eq!(failed, [created + 120_000]);
    assert_eq!(bench.times(is_sent).len(), 4);
    // Not one acknowledgement. The leader took it the first time and recognised it every other time.
    assert_eq!(bench.log(1).len(), 1);
    assert_eq!(bench.producer().accumulator().reserved_bytes(), 0);
}

#[test]
fn no_more_requests_are_in_flight_than_allowed() {
    let pairs = [("enable.idempotence", "false"), ("batch.size", "0"), ("linger.ms", "0")];
    let mut bench = Bench::new(&pairs, &[1], None);
    bench.run(10);
    bench.produce(values(&["0"]));
    bench.run(50);
    bench.broker(1).silent = true;
    bench.produce(values(&["1", "2", "3", "4", "5", "6", "7", "8"]));
    bench.run(100);
    // max.in.flight.requests.per.connection=5.
    assert_eq!(bench.producer().in_flight_batches().count(), 5);
    assert_eq!(bench.broker(1).produce_requests.len(), 6);
    // An idempotent producer may have as many; with one allowed it is one per partition, here one in all.
    let mut bench = Bench::new(&pairs[1..], &[1], None);
    bench.run(10);
    bench.broker(1).silent = true;
    bench.produce(values(&["1", "2", "3", "4", "5", "6", "7", "8"]));
    bench.run(100);
    assert_eq!(bench.producer().in_flight_batches().count(), 5);
    let single = [pairs[1], pairs[2], ("max.in.flight.requests.per.connection", "1")];
    let mut bench = Bench::new(&single, &[1, 1], None);
    bench.run(10);
    bench.broker(1).silent = true;
    let to = |id: u32| RecordSpec { key: None, value: "x".into(), partition: Some(id), ..RecordSpec::default() };
    bench.produce([0, 0, 0, 1, 1].map(to).to_vec());
    bench.run(100);
    let in_flight: Vec<u32> =
        bench.producer().in_flight_batches().map(|one| one.batch.partition().partition.0).collect();
    assert_eq!(in_flight, [0, 1]);
}

#[test]
fn acks_zero_believes_everything() {
    let mut bench = Bench::new(&[("acks", "0"), ("linger.ms", "0")], &[1], None);
    bench.run(10);
    bench.produce(values(&["a"]));
    bench.run(50);
    bench.kernel.crash(NodeId::broker(1), Crash::Power);
    bench.produce(values(&["b"]));
    bench.run(100);
    let ledger = bench.producer().ledger();
    assert_eq!((ledger.acked_records(), ledger.acked_offsets().count()), (2, 0));
    assert_eq!(bench.log(1), [batch(0, &["a"])]);
}

#[test]
fn an_unknown_topic_blocks_send_for_max_block_ms() {
    let mut bench = Bench::new(&[], &[], None);
    bench.run(10);
    bench.produce(values(&["a", "b"]));
    assert!(matches!(bench.producer().waits_for(at(10)), WaitsFor::Metadata { since } if since == at(10)));
    assert_eq!(bench.producer().records_behind(), 1);
    bench.run(130_000);
    let failed: Vec<_> = bench
        .facts
        .iter()
        .filter_map(|(when, fact)| match fact {
            ProducerFact::SendFailed { ordinal, why } => Some((when.as_millis(), *ordinal, *why)),
            _ => None,
        })
        .collect();
    // The second send() is called when the first has thrown, and blocks as long.
    let why = SendFailure::MetadataTimeout;
    assert_eq!(failed, [(60_010, 0, why), (120_010, 1, why)]);
}

#[test]
fn a_topic_that_appears_in_time_unblocks_send() {
    let mut bench = Bench::new(&[], &[], None);
    bench.produce(values(&["a", "b"]));
    bench.run(5_000);
    for id in [1, 2] {
        bench.broker(id).leaders = Some(vec![(Some(BrokerId(2)), LeaderEpoch(0))]);
    }
    bench.run(7_000);
    assert_eq!(bench.log(2), [batch(0, &["a", "b"])]);
}

#[test]
fn a_record_for_a_partition_that_is_not_there_waits_like_one_for_a_topic() {
    let mut bench = Bench::new(&[], &[1], None);
    bench.produce(vec![RecordSpec { key: None, value: "a".into(), partition: Some(1), ..RecordSpec::default() }]);
    bench.run(61_000);
    let failed = ProducerFact::SendFailed { ordinal: 0, why: SendFailure::MetadataTimeout };
    assert!(bench.facts.iter().any(|(_, fact)| *fact == failed));
}

#[test]
fn a_record_larger_than_a_request_is_refused_at_once() {
    let mut bench = Bench::new(&[("max.request.size", "1000")], &[1], None);
    // 61 + 21 + 1 (null key) + 2 + n + 1 bytes.
    bench.produce(values(&[&"x".repeat(914), &"y".repeat(915)]));
    bench.run(1_000);
    let failed = ProducerFact::SendFailed { ordinal: 1, why: SendFailure::RecordTooLarge { size_bytes: 1_001 } };
    assert!(bench.facts.iter().any(|(_, fact)| *fact == failed));
    assert_eq!(bench.log(1).len(), 1);
}

#[test]
fn full_memory_blocks_send_until_batches_are_done() {
    // Room for two batches of batch.size.
    let pairs = [("buffer.memory", "2000"), ("batch.size", "1000"), ("linger.ms", "1000")];
    let mut bench = Bench::new(&pairs, &[1], None);
    bench.run(10);
    let value = "v".repeat(400);
    bench.produce(values(&vec![value.as_str(); 100]));
    bench.run(13);
    assert!(matches!(bench.producer().waits_for(at(13)), WaitsFor::Memory { .. }));
    assert_eq!(bench.producer().accumulator().reserved_bytes(), 2_000);
    bench.run(900);
    // Two records fill a batch (61 + 2 × 411); nothing has to linger while a send() waits for memory.
    let ledger = bench.producer().ledger();
    assert_eq!((ledger.acked_records(), ledger.pending_records()), (98, 2));
    bench.run(3_000);
    let ledger = bench.producer().ledger();
    assert_eq!((ledger.acked_records(), bench.producer().accumulator().reserved_bytes()), (100, 0));
    let acked: Vec<_> = ledger.acked_offsets().flat_map(|(id, all)| all.iter().map(move |one| (id, one))).collect();
    assert_eq!(acked, [(partition(0), (Offset(0), Offset(100)))]);
}

#[test]
fn a_long_list_of_records_arrives_in_order() {
    let mut bench = Bench::new(&[("buffer.memory", "65536")], &[1], None);
    let texts: Vec<String> = (0..5_000).map(|n| format!("order {n}")).collect();
    bench.produce(values(&texts.iter().map(String::as_str).collect::<Vec<_>>()));
    bench.run(5_000);
    let log: Vec<String> = bench.log(1).into_iter().flat_map(|(_, values)| values).collect();
    assert_eq!(log, texts);
    assert!(bench.log(1).len() < 20, "batches of batch.size=16384 hold about a thousand of these");
}

#[test]
fn a_batch_the_broker_finds_too_large_is_split() {
    let mut bench = Bench::new(&[("linger.ms", "0")], &[1], None);
    bench.run(10);
    // Once for the whole, once for the one part that the first split makes of it.
    bench.broker(1).refusals = [ErrorCode::MessageTooLarge, ErrorCode::MessageTooLarge].into();
    bench.produce(values(&["a", "b", "c", "d"].map(|letter| letter.repeat(500)).each_ref().map(String::as_str)));
    bench.run(1_000);
    let parts: Vec<u32> = bench
        .facts
        .iter()
        .filter_map(|(_, fact)| match fact {
            ProducerFact::BatchSplit { parts, .. } => Some(*parts),
            _ => None,
        })
        .collect();
    // 61 + 4 × 509 = 2105 bytes; half of it holds one record and no second.
    assert_eq!(parts, [1, 4]);
    let log: Vec<String> = bench.log(1).into_iter().map(|(_, values)| values.concat()[..1].to_owned()).collect();
    assert_eq!(log, ["a", "b", "c", "d"]);
}

#[test]
fn a_workload_makes_its_records_in_time() {
    let workload = Workload {
        every: Span::millis(100),
        records: Some(5),
        keys: Vec::new(),
        random_keys: false,
        value: "n{n}".to_owned(),
    };
    let mut bench = Bench::new(&[("linger.ms", "0")], &[1], Some(workload));
    bench.run(2_000);
    // The first send() waits 2 ms for metadata; the others are called at 100, 200, …
    let queued = bench.times(|fact| matches!(fact, ProducerFact::Queued { .. }));
    assert_eq!(queued, [2, 100, 200, 300, 400]);
    assert_eq!(bench.times(|fact| matches!(fact, ProducerFact::WorkloadDone { records: 5 })), [400]);
    assert_eq!(bench.log(1).len(), 5);
}

#[test]
fn a_crash_loses_what_was_not_sent_and_numbers_go_on() {
    let mut bench = Bench::new(&[("linger.ms", "1000")], &[1], None);
    bench.run(10);
    bench.produce(values(&["a", "b"]));
    bench.run(100);
    bench.kernel.crash(ME, Crash::Process);
    assert_eq!(bench.producer().ledger().lost_with_process(), 2);
    bench.kernel.restart(ME);
    bench.run(200);
    bench.produce(values(&["c"]));
    bench.run(2_000);
    assert_eq!(bench.log(1), [batch(0, &["c"])]);
    assert_eq!(bench.producer().ledger().recently_acked().map(|one| one.ordinal).collect::<Vec<_>>(), [2]);
}

#[test]
fn close_sends_what_lingers_and_waits_for_the_answer() {
    let mut bench = Bench::new(&[("linger.ms", "10000")], &[1], None);
    bench.run(10);
    bench.produce(values(&["a"]));
    bench.run(100);
    bench.act(|producer, ctx| producer.close(ctx));
    bench.run(200);
    assert_eq!(bench.times(is_sent), [100]);
    assert_eq!(bench.times(|fact| matches!(fact, ProducerFact::Closed)), [102]);
    assert!(bench.producer().is_closed());
    assert_eq!(bench.kernel.timers().count(), 0);
}

#[test]
fn a_partition_without_a_leader_waits_and_asks_again() {
    let mut bench = Bench::new(&[("linger.ms", "0")], &[1], None);
    for id in [1, 2] {
        bench.broker(id).leaders = Some(vec![(None, LeaderEpoch(1))]);
    }
    bench.produce(values(&["a"]));
    bench.run(3_000);
    assert!(matches!(bench.producer().waits_for(at(3_000)), WaitsFor::Leader { partition: id } if id == partition(0)));
    bench.elect(0, 2, 2);
    bench.run(4_300);
    assert_eq!(bench.log(2), [batch(0, &["a"])]);
}

#[test]
fn a_cluster_that_goes_and_comes_back_is_found_again() {
    let mut bench = Bench::new(&[("linger.ms", "0")], &[1, 2], None);
    bench.run(10);
    bench.produce(values(&["a"]));
    bench.run(100);
    for id in [1, 2] {
        bench.kernel.crash(NodeId::broker(id), Crash::Process);
    }
    bench.run(2_000);
    bench.produce(values(&["b"]));
    bench.run(10_000);
    // Nobody answers, so it goes by its bootstrap list (KIP-899) and has forgotten who led what.
    assert!(bench.producer().metadata().topic("orders").is_none());
    let waits = bench.producer().waits_for(at(10_000));
    assert!(matches!(waits, WaitsFor::Metadata { .. } | WaitsFor::Leader { .. }), "{waits:?}");
    // Both are tried about once a second each, no more: reconnect.backoff.max.ms=1000.
    let steps = bench.kernel.step_count();
    bench.run(20_000);
    let tries = bench.kernel.step_count().0 - steps.0;
    assert!((20..=150).contains(&tries), "{tries} steps in ten seconds");
    for id in [1, 2] {
        bench.kernel.restart(NodeId::broker(id));
    }
    bench.run(23_000);
    assert_eq!(bench.log(1), [batch(0, &["a"]), batch(0, &["b"])]);
    assert!(bench.producer().is_quiet());
}
