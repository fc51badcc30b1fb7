//! A bench to stand clusters on: commands in, facts and state out.

use std::collections::VecDeque;

use kafkascope::checker::Checker;
use kafkascope::console::{Entry, Memory, Scope, answer, parse, reply};
use kafkascope::engine::command::{Command, CommitStyle, Target, Workload};
use kafkascope::engine::common::{BrokerId, NodeId, Offset, Span, Time, TopicPartition};
use kafkascope::engine::runtime::Crash;
use kafkascope::engine::{Fact, Record, Setup, World};

/// A world with everything that happened in it, and the checker's eye on every step.
pub struct Lab {
    pub world: World,
    pub trace: Vec<Record>,
    pub checker: Checker,
}

impl Lab {
    /// Three brokers, one controller, and the topic `orders` with three partitions on all of them.
    pub fn with_orders(seed: u64) -> Self {
        let mut lab = Self::new(Setup { seed, ..Setup::default() });
        lab.secs(3);
        lab.act(Command::CreateTopic {
            name: "orders".into(),
            partitions: Some(3),
            replication_factor: Some(3),
            assignment: None,
            configs: [("min.insync.replicas".to_owned(), "2".to_owned())].into(),
        });
        lab.secs(2);
        lab
    }

    pub fn new(setup: Setup) -> Self {
        let world = World::new(setup).expect("the setup of a test is sound");
        Self { world, trace: Vec::new(), checker: Checker::default() }
    }

    pub fn act(&mut self, command: Command) {
        self.world.apply(&command).unwrap_or_else(|refusal| panic!("{command:?}: {refusal}"));
        self.absorb();
    }

    /// Takes in what the last step recorded.
    pub fn absorb(&mut self) {
        let facts = self.world.take_trace();
        self.checker.observe(&self.world, &facts);
        self.trace.extend(facts);
    }

    pub fn run(&mut self, span: Span) {
        let until = self.world.now() + span;
        while self.world.next_event_at().is_some_and(|at| at <= until) {
            self.world.step();
            self.absorb();
        }
        self.world.wait_until(until);
    }

    pub fn secs(&mut self, secs: u64) {
        self.run(Span::secs(secs));
    }

    /// Runs until `done`, and says how long it took; fails after `limit`.
    pub fn until(&mut self, limit: Span, what: &str, done: impl Fn(&Self) -> bool) -> Span {
        let began = self.world.now();
        while !done(self) {
            assert!(self.world.now().since(began) < limit, "waited {limit} in vain: {what}");
            assert!(self.world.step(), "nothing is left to happen: {what}");
            self.absorb();
        }
        self.world.now().since(began)
    }

    pub fn producer(&mut self, name: &str, configs: &[(&str, &str)], every: Span, records: Option<u64>) {
        let keys = ["alice", "bob", "carol", "dave", "erin"].map(str::to_owned).to_vec();
        let workload = Workload { every, records, keys, random_keys: false, value: "order {n}".into() };
        self.act(Command::AddProducer {
            name: name.into(),
            topic: "orders".into(),
            configs: configs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
            workload: Some(workload),
        });
    }

    pub fn consumer(
        &mut self,
        name: &str,
        group: &str,
        configs: &[(&str, &str)],
        processing: Span,
        commit: CommitStyle,
    ) {
        self.act(Command::AddConsumer {
            name: name.into(),
            group: group.into(),
            topics: vec!["orders".into()],
            configs: configs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
            processing,
            commit,
        });
    }

    pub fn crash(&mut self, broker: BrokerId) {
        self.act(Command::Crash { node: Target::Broker(broker), how: Crash::Process });
    }

    pub fn restart(&mut self, broker: BrokerId) {
        self.act(Command::Restart { node: Target::Broker(broker) });
    }

    pub fn orders(&self, partition: u32) -> TopicPartition {
        let topic = self.world.image().topic_id("orders").expect("the topic exists");
        TopicPartition::new(topic, partition)
    }

    pub fn leader(&self, partition: u32) -> Option<BrokerId> {
        self.world.image().partition(self.orders(partition))?.leader
    }

    pub fn isr(&self, partition: u32) -> Vec<BrokerId> {
        let mut isr = self.world.image().partition(self.orders(partition)).expect("it exists").isr.clone();
        isr.sort();
        isr
    }

    pub fn log_end(&self, broker: BrokerId, partition: u32) -> Offset {
        let log = self.world.broker(broker).and_then(|broker| broker.log(self.orders(partition)));
        log.map(|log| log.log_end_offset()).unwrap_or_default()
    }

    pub fn high_watermark(&self, broker: BrokerId, partition: u32) -> Offset {
        let log = self.world.broker(broker).and_then(|broker| broker.log(self.orders(partition)));
        log.map(|log| log.high_watermark()).unwrap_or_default()
    }

    pub fn committed(&self, group: &str, partition: u32) -> Option<Offset> {
        let partition = self.orders(partition);
        let up = self.world.brokers().filter(|(id, _)| self.world.is_up(NodeId::Broker(*id)));
        let group = up.into_iter().find_map(|(_, broker)| broker.coordinator().group(group))?;
        group.offset(partition).map(|stored| stored.offset)
    }

    pub fn acked(&self, producer: &str) -> u64 {
        let node = self.world.node_of(&Target::Client(producer.into())).expect("the producer exists");
        let (_, producer) = self.world.producers().find(|(id, _)| *id == node).expect("it is a producer");
        producer.ledger().acked_records()
    }

    pub fn processed(&self, consumer: &str) -> u64 {
        let node = self.world.node_of(&Target::Client(consumer.into())).expect("the consumer exists");
        let (_, consumer) = self.world.consumers().find(|(id, _)| *id == node).expect("it is a consumer");
        consumer.processed_records()
    }

    /// When the first fact that satisfies `wanted` happened at or after `from`.
    pub fn first(&self, from: Time, wanted: impl Fn(&Fact) -> bool) -> Option<Time> {
        self.trace.iter().find(|record| record.at >= from && wanted(&record.fact)).map(|record| record.at)
    }

    /// Fails on the first broken promise.
    pub fn assert_promises_kept(&self) {
        let broken = self.checker.violations().iter().find(|violation| violation.is_promised());
        assert!(broken.is_none(), "seed {}: {broken:?}", self.world.setup().seed);
    }
}

pub const ALL: [BrokerId; 3] = [BrokerId(1), BrokerId(2), BrokerId(3)];

impl Lab {
    /// Plays lines of the console. A line that begins with `| ` is what the tools must have printed next; a lone `|` is
    /// an empty line.
    pub fn script(&mut self, script: &str) {
        let mut printed: VecDeque<String> = VecDeque::new();
        for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
            if let Some(expected) = line.strip_prefix('|') {
                let found = printed.pop_front().unwrap_or_else(|| panic!("nothing was printed where {line} should be"));
                assert_eq!(found.replace('\t', "  ").trim(), expected.trim(), "at {}", self.world.now());
                continue;
            }
            assert!(printed.is_empty(), "{printed:?} was printed before {line}");
            let before = self.trace.len();
            let memory = Memory::new();
            match parse(line).unwrap_or_else(|problem| panic!("{line}: {problem}")) {
                Entry::Act(commands) => commands.into_iter().for_each(|command| self.act(command)),
                Entry::Wait(span) => self.run(span),
                Entry::Await { condition, within } => {
                    self.until(within, line, |lab| {
                        condition.holds(Scope { world: &lab.world, past: &lab.trace, memory: &Memory::new() }).unwrap()
                    });
                }
                Entry::Expect(condition) => {
                    let scope = Scope { world: &self.world, past: &self.trace, memory: &memory };
                    assert!(condition.holds(scope).unwrap(), "{line} at {}", self.world.now());
                }
                Entry::Ask(question) => {
                    let scope = Scope { world: &self.world, past: &self.trace, memory: &memory };
                    printed.extend(answer(&question, scope).lines().map(str::to_owned));
                }
                Entry::Nothing => {}
            }
            let told = self.trace[before..].iter().filter_map(|record| reply(record, &self.world));
            let told: Vec<String> = told.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
            printed.extend(told);
        }
    }
}
