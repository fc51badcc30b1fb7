//! Random runs from a seed: a cluster, programs, and faults, as commands with the times at which they are given.
//!
//! Swarm testing (Groce et al., ISSTA 2012): each seed first draws which kinds of fault it uses at all, since a run that
//! can do everything rarely does one thing often enough. What is broken is mended before the end, so that guarantees
//! about what finally becomes of every record can be judged too.

use super::operations::operations;
use crate::console;
use crate::engine::Setup;
use crate::engine::command::{Command, CommitStyle, Properties, RecordSpec, Target, Workload};
use crate::engine::common::{BrokerId, Purpose, Rng, ServerId, Span, Time};
use crate::engine::config::KafkaVersion;
use crate::engine::runtime::Crash;
use crate::engine::world::BrokerSpec;

/// A run as data: what stands, and what is done when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RandomRun {
    pub setup: Setup,
    /// In the order of their times.
    pub inputs: Vec<(Time, Command)>,
    /// How long to let it run.
    pub end: Time,
}

/// When the faults begin: topics and groups are there by then.
pub(super) const FAULTS_FROM: Time = Time(8_000_000);
pub(super) const FAULTS_UNTIL: Time = Time(60_000_000);
/// Long enough for sessions to end, elections, delivery timeouts of two minutes and what is left to read.
const END: Time = Time(240_000_000);

/// By then no session of a process that died lives any more.
const RESTARTED: Time = Time(125_000_000);

/// The log directories of a broker with disks that fail.
const DISKS: [&str; 2] = ["/data/a", "/data/b"];

/// Kinds of fault a run may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FaultKind {
    Crash,
    PowerLoss,
    /// Two machines lose power, one not long after the other, and may be back before anybody has noticed.
    Outage,
    Bounce,
    Pause,
    Partition,
    PartitionOneway,
    Hold,
    Latency,
    SlowDisk,
    CrashClient,
}

const FAULTS: [FaultKind; 11] = [
    FaultKind::Crash,
    FaultKind::PowerLoss,
    FaultKind::Outage,
    FaultKind::Bounce,
    FaultKind::Pause,
    FaultKind::Partition,
    FaultKind::PartitionOneway,
    FaultKind::Hold,
    FaultKind::Latency,
    FaultKind::SlowDisk,
    FaultKind::CrashClient,
];

impl RandomRun {
    /// The run of this seed. The same on every machine.
    #[must_use]
    pub fn of_seed(seed: u64) -> Self {
        // The world has the same seed; its dice must not fall like those that made its plan.
        let mut dice = Dice(Rng::from_seed(seed ^ 0x5eed_0fca));
        let brokers = dice.between(1, 5);
        let setup = setup(seed, brokers, &mut dice);
        let mut inputs = Vec::new();
        let clients = programs(brokers, &mut dice, &mut inputs);
        faults(&setup, &clients, &mut dice, &mut inputs);
        operations(&setup, &mut dice, &mut inputs);
        if !setup.version.coordinates_groups_on_brokers() {
            inputs.iter_mut().for_each(|(_, command)| in_old_words(command));
        }
        inputs.sort_by_key(|(at, _)| *at);
        Self { setup, inputs, end: END }
    }

    /// The same run with two disks in every broker, some of which break or fill and are replaced. It has dice of its own:
    /// the run without is what it was.
    #[must_use]
    pub fn with_failing_disks(mut self) -> Self {
        let mut dice = Dice(Rng::from_seed(self.setup.seed ^ 0xd15c_0fca));
        self.setup.properties.insert("log.dirs".to_owned(), DISKS.join(","));
        for _ in 0..dice.between(1, 3) {
            let node = Target::Broker(dice.pick(&self.setup.brokers).id);
            let directory = Some((*dice.pick(&DISKS)).to_owned());
            let at = dice.time(FAULTS_FROM, FAULTS_UNTIL);
            let fault = match dice.one_in(3) {
                true => {
                    let free = u64::from(dice.between(0, 5_000));
                    Command::FillDisk { node: node.clone(), directory: directory.clone(), free }
                }
                false => Command::FailDisk { node: node.clone(), directory: directory.clone() },
            };
            // Only a start looks at a new disk.
            let mended = at + dice.millis(5_000, 30_000);
            self.inputs.extend([
                (at, fault),
                (mended, Command::RepairDisk { node: node.clone(), directory }),
                (mended + Span::millis(1), Command::Crash { node: node.clone(), how: Crash::Process }),
                (mended + dice.millis(2, 20_000), Command::Restart { node: node.clone() }),
                (RESTARTED, Command::Restart { node }),
            ]);
        }
        self.inputs.sort_by_key(|(at, _)| *at);
        self
    }

    /// As a script for `kafkascope run`, times as waits.
    #[must_use]
    pub fn script(&self) -> String {
        let mut text = String::new();
        let mut clock = Time::ZERO;
        for (at, command) in &self.inputs {
            if *at > clock {
                text.push_str(&format!("wait {}\n", at.since(clock)));
                clock = *at;
            }
            text.push_str(&console::print(command));
            text.push('\n');
        }
        text.push_str(&format!("wait {}\n", self.end.since(clock)));
        text
    }
}

/// Draws from one stream.
pub(super) struct Dice(Rng);

impl Dice {
    pub(super) fn between(&mut self, least: u32, most: u32) -> u32 {
        let drawn = self.0.below(Purpose::Faults, u64::from(most - least + 1));
        least + u32::try_from(drawn).expect("drawn below a 32-bit bound")
    }

    pub(super) fn one_in(&mut self, chances: u64) -> bool {
        self.0.chance(Purpose::Faults, 1, chances)
    }

    pub(super) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        self.0.pick(Purpose::Faults, items).expect("there is something to pick from")
    }

    pub(super) fn millis(&mut self, least: u32, most: u32) -> Span {
        Span::millis(u64::from(self.between(least, most)))
    }

    pub(super) fn time(&mut self, from: Time, until: Time) -> Time {
        from + Span(self.0.below(Purpose::Faults, until.since(from).0))
    }
}

fn setup(seed: u64, brokers: u32, dice: &mut Dice) -> Setup {
    let mut properties = Properties::new();
    let factor = dice.between(1, brokers.min(3));
    properties.insert("offsets.topic.replication.factor".to_owned(), factor.to_string());
    properties.insert("offsets.topic.num.partitions".to_owned(), dice.between(1, 4).to_string());
    let spec = |id| BrokerSpec { id: BrokerId(id), rack: None };
    // Every fifth run is on ZooKeeper, half of those under 0.8; by the seed, so that the others stay what they were.
    let old = if seed % 20 < 10 { KafkaVersion::V3_9 } else { KafkaVersion::V0_8 };
    let (version, controllers, zookeepers) = match seed % 10 {
        4 => (old, Vec::new(), vec![ServerId(1)]),
        9 => (old, Vec::new(), [1, 2, 3].map(ServerId).to_vec()),
        3 => (KafkaVersion::V3_9, vec![BrokerId(101)], Vec::new()),
        7 => (Setup::default().version, [101, 102, 103].map(BrokerId).to_vec(), Vec::new()),
        _ => (Setup::default().version, Setup::default().controllers, Vec::new()),
    };
    Setup {
        seed,
        version,
        controllers,
        zookeepers,
        brokers: (1..=brokers).map(spec).collect(),
        properties,
        latency: Span::micros(u64::from(dice.between(200, 4_000))),
        jitter: Span::micros(u64::from(dice.between(0, 3_000))),
        ..Setup::default()
    }
}

/// A consumer of 0.8 keeps no coordinator informed: its timeouts are those of its ZooKeeper session.
fn in_old_words(command: &mut Command) {
    let Command::AddConsumer { configs, .. } = command else { return };
    configs.remove("heartbeat.interval.ms");
    if configs.remove("session.timeout.ms").is_some() {
        configs.insert("zookeeper.session.timeout.ms".to_owned(), "9000".to_owned());
    }
}

/// A topic, producers and consumers; answers the names of the clients.
fn programs(brokers: u32, dice: &mut Dice, inputs: &mut Vec<(Time, Command)>) -> Vec<String> {
    let factor = dice.between(1, brokers.min(3));
    let mut configs = Properties::new();
    if factor > 1 && dice.one_in(2) {
        configs.insert("min.insync.replicas".to_owned(), dice.between(1, factor).to_string());
    }
    if dice.one_in(8) {
        configs.insert("unclean.leader.election.enable".to_owned(), "true".to_owned());
    }
    if dice.one_in(6) {
        configs.insert("flush.messages".to_owned(), dice.between(1, 10).to_string());
    }
    inputs.push((
        Time(500_000),
        Command::CreateTopic {
            name: "orders".to_owned(),
            partitions: Some(dice.between(1, 4)),
            replication_factor: Some(factor),
            assignment: None,
            configs,
        },
    ));
    let mut clients = Vec::new();
    for number in 1..=dice.between(1, 2) {
        let name = format!("producer-{number}");
        let at = dice.time(Time(2_000_000), Time(5_000_000));
        let mut configs = Properties::new();
        let acks = *dice.pick(&["all", "all", "all", "1", "0"]);
        configs.insert("acks".to_owned(), acks.to_owned());
        // Idempotence, which is the default since 3.0, demands acks=all; some do without.
        let is_idempotent = acks == "all" && !dice.one_in(4);
        configs.insert("enable.idempotence".to_owned(), is_idempotent.to_string());
        if dice.one_in(2) {
            configs.insert("linger.ms".to_owned(), dice.between(0, 50).to_string());
        }
        let keys =
            if dice.one_in(3) { Vec::new() } else { (1..=dice.between(1, 6)).map(|n| format!("key-{n}")).collect() };
        let workload = Workload {
            every: dice.millis(20, 400),
            records: Some(u64::from(dice.between(20, 200))),
            keys,
            random_keys: dice.one_in(2),
            value: "{key} {n}".to_owned(),
        };
        let topic = "orders".to_owned();
        inputs.push((at, Command::AddProducer { name: name.clone(), topic, configs, workload: Some(workload) }));
        if dice.one_in(3) {
            let burst =
                (0..dice.between(1, 20)).map(|n| RecordSpec { value: format!("burst {n}"), ..RecordSpec::default() });
            let at = dice.time(Time(6_000_000), FAULTS_UNTIL);
            inputs.push((at, Command::Produce { producer: name.clone(), records: burst.collect() }));
        }
        clients.push(name);
    }
    for number in 1..=dice.between(0, 4) {
        let name = format!("consumer-{number}");
        let at = dice.time(Time(1_000_000), Time(20_000_000));
        let mut configs = Properties::from([("auto.offset.reset".to_owned(), "earliest".to_owned())]);
        if dice.one_in(2) {
            configs.insert("session.timeout.ms".to_owned(), "6000".to_owned());
            configs.insert("heartbeat.interval.ms".to_owned(), "2000".to_owned());
        }
        let styles = [
            CommitStyle::Auto,
            CommitStyle::AfterEach,
            CommitStyle::AfterPoll,
            CommitStyle::BeforeProcessing,
            CommitStyle::Never,
        ];
        inputs.push((
            at,
            Command::AddConsumer {
                name: name.clone(),
                group: format!("group-{}", dice.between(1, 2)),
                topics: vec!["orders".to_owned()],
                configs,
                processing: dice.millis(0, 50),
                commit: *dice.pick(&styles),
            },
        ));
        if dice.one_in(4) {
            inputs.push((dice.time(Time(25_000_000), FAULTS_UNTIL), Command::Close { client: name.clone() }));
        }
        clients.push(name);
    }
    clients
}

fn faults(setup: &Setup, clients: &[String], dice: &mut Dice, inputs: &mut Vec<(Time, Command)>) {
    let kinds: Vec<FaultKind> = FAULTS.into_iter().filter(|_| dice.one_in(3)).collect();
    if kinds.is_empty() {
        return;
    }
    let brokers: Vec<Target> = setup.brokers.iter().map(|spec| Target::Broker(spec.id)).collect();
    let mut machines = brokers.clone();
    machines.extend(setup.controllers.iter().map(|id| Target::Controller(*id)));
    machines.extend(setup.zookeepers.iter().map(|id| Target::ZooKeeper(*id)));
    let programs: Vec<Target> = clients.iter().map(|name| Target::Client(name.as_str().into())).collect();
    let everyone: Vec<Target> = machines.iter().chain(&programs).cloned().collect();
    for _ in 0..dice.between(1, 8) {
        let kind = *dice.pick(&kinds);
        let at = dice.time(FAULTS_FROM, FAULTS_UNTIL);
        let mended = at + dice.millis(100, 30_000);
        let node = dice.pick(&machines).clone();
        let (a, b) = two_of(&everyone, dice);
        let pair = match kind {
            FaultKind::Crash => (Command::Crash { node: node.clone(), how: Crash::Process }, Command::Restart { node }),
            FaultKind::PowerLoss => {
                (Command::Crash { node: node.clone(), how: Crash::Power }, Command::Restart { node })
            }
            FaultKind::Outage => {
                for _ in 0..2 {
                    let (node, how) = (dice.pick(&brokers).clone(), Crash::Power);
                    let at = at + dice.millis(0, 12_000);
                    inputs.push((at, Command::Crash { node: node.clone(), how }));
                    inputs.push((at + dice.millis(100, 20_000), Command::Restart { node }));
                }
                continue;
            }
            FaultKind::Bounce => {
                inputs.push((at, Command::Crash { node: node.clone(), how: Crash::Process }));
                inputs.push((at + Span::millis(1), Command::Restart { node }));
                continue;
            }
            FaultKind::Pause => (Command::Pause { node: node.clone() }, Command::Resume { node }),
            FaultKind::Partition => (Command::Partition { a: a.clone(), b: b.clone() }, Command::Repair { a, b }),
            FaultKind::PartitionOneway => {
                (Command::PartitionOneway { from: a.clone(), to: b.clone() }, Command::Repair { a, b })
            }
            FaultKind::Hold => (Command::Hold { a: a.clone(), b: b.clone() }, Command::Release { a, b }),
            FaultKind::Latency => {
                let latency = |base, jitter| Command::SetLatency { a: a.clone(), b: b.clone(), base, jitter };
                (latency(dice.millis(5, 400), dice.millis(0, 100)), latency(setup.latency, setup.jitter))
            }
            FaultKind::SlowDisk => {
                let slow = |flush| Command::SlowDisk { node: node.clone(), flush };
                (slow(dice.millis(20, 800)), slow(Span::millis(1)))
            }
            FaultKind::CrashClient => {
                let Some(client) = dice.0.pick(Purpose::Faults, &programs).cloned() else { continue };
                let how = *dice.pick(&[Crash::Process, Crash::Power]);
                (Command::Crash { node: client.clone(), how }, Command::Restart { node: client })
            }
        };
        inputs.push((at, pair.0));
        inputs.push((mended, pair.1));
    }
    if !setup.zookeepers.is_empty() {
        // A broker whose old session still lives cannot start; its operator tries again when that has ended.
        inputs.extend(brokers.into_iter().map(|node| (RESTARTED, Command::Restart { node })));
    }
}

fn two_of(nodes: &[Target], dice: &mut Dice) -> (Target, Target) {
    let first = dice.pick(nodes).clone();
    let others: Vec<Target> = nodes.iter().filter(|node| **node != first).cloned().collect();
    let second = dice.pick(&others).clone();
    (first, second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_a_run() {
        assert_eq!(RandomRun::of_seed(7), RandomRun::of_seed(7));
        assert_ne!(RandomRun::of_seed(7).inputs, RandomRun::of_seed(8).inputs);
    }

    #[test]
    fn runs_are_in_order_and_print_as_scripts_that_read_back() {
        for seed in 0..200 {
            let run = RandomRun::of_seed(seed);
            assert!(run.inputs.is_sorted_by_key(|(at, _)| *at) && run.inputs.iter().all(|(at, _)| *at < run.end));
            let lines = console::read_script(&run.script()).expect("a printed run is a script");
            let commands: Vec<Command> = lines
                .into_iter()
                .filter_map(|line| match line.entry {
                    console::Entry::Act(commands) => Some(commands),
                    _ => None,
                })
                .flatten()
                .collect();
            assert_eq!(commands, run.inputs.into_iter().map(|(_, command)| command).collect::<Vec<_>>());
        }
    }

    #[test]
    fn every_kind_of_fault_comes_up() {
        let mut heads = std::collections::BTreeSet::new();
        for seed in 0..200 {
            for (_, command) in RandomRun::of_seed(seed).inputs {
                heads.insert(console::print(&command).split(' ').next().unwrap_or_default().to_owned());
            }
        }
        let faults = [
            "crash",
            "power-loss",
            "restart",
            "pause",
            "partition",
            "partition-oneway",
            "hold",
            "latency",
            "slow-disk",
        ];
        let work =
            ["stop", "kafka-reassign-partitions", "kafka-leader-election", "kafka-configs", "kafka-delete-records"];
        for verb in faults.iter().chain(&work) {
            assert!(heads.contains(*verb), "{verb} never comes up: {heads:?}");
        }
    }
}
