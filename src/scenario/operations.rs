//! What operators do to a random cluster while it works and while it fails: the changes a guarantee has to survive too.

use super::random::{Dice, FAULTS_FROM, FAULTS_UNTIL};
use crate::engine::Setup;
use crate::engine::command::{Command, Properties, RecordsBefore, ReplicaSpec, Target};
use crate::engine::common::{BrokerId, ElectionType, Span, Time};

const TOPIC: &str = "orders";

/// Kinds of work; a run does some of them or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    Reassign,
    ElectPreferred,
    ElectUnclean,
    AddPartitions,
    DeleteAndCreate,
    StopInOrder,
    Reconfigure,
    DeleteRecords,
}

const WORK: [Work; 8] = [
    Work::Reassign,
    Work::ElectPreferred,
    Work::ElectUnclean,
    Work::AddPartitions,
    Work::DeleteAndCreate,
    Work::StopInOrder,
    Work::Reconfigure,
    Work::DeleteRecords,
];

pub(super) fn operations(setup: &Setup, dice: &mut Dice, inputs: &mut Vec<(Time, Command)>) {
    let kinds: Vec<Work> = WORK.into_iter().filter(|_| dice.one_in(6)).collect();
    if kinds.is_empty() {
        return;
    }
    let brokers: Vec<BrokerId> = setup.brokers.iter().map(|spec| spec.id).collect();
    for _ in 0..dice.between(1, 4) {
        let at = dice.time(FAULTS_FROM, FAULTS_UNTIL);
        match *dice.pick(&kinds) {
            Work::Reassign => {
                let partition = dice.between(0, 3);
                let replicas = some_of(&brokers, dice);
                let partitions = vec![ReplicaSpec { topic: TOPIC.to_owned(), partition, replicas }];
                inputs.push((at, Command::ReassignPartitions { partitions, additional: true }));
            }
            Work::ElectPreferred => {
                inputs.push((at, Command::ElectLeaders { election: ElectionType::Preferred, partitions: None }));
            }
            Work::ElectUnclean => {
                inputs.push((at, Command::ElectLeaders { election: ElectionType::Unclean, partitions: None }));
            }
            Work::AddPartitions => {
                let partitions = dice.between(2, 6);
                inputs.push((at, Command::AddPartitions { topic: TOPIC.to_owned(), partitions, assignment: None }));
            }
            Work::DeleteAndCreate => {
                inputs.push((at, Command::DeleteTopic { topic: TOPIC.to_owned() }));
                let created = Command::CreateTopic {
                    name: TOPIC.to_owned(),
                    partitions: Some(dice.between(1, 4)),
                    replication_factor: Some(one_to_three(&brokers, dice)),
                    assignment: None,
                    configs: Properties::new(),
                };
                inputs.push((at + dice.millis(500, 30_000), created));
            }
            Work::StopInOrder => {
                let node = Target::Broker(*dice.pick(&brokers));
                inputs.push((at, Command::Stop { node: node.clone() }));
                inputs.push((at + dice.millis(2_000, 30_000), Command::Restart { node }));
            }
            Work::Reconfigure => {
                let (key, value) = *dice.pick(&[
                    ("unclean.leader.election.enable", "true"),
                    ("unclean.leader.election.enable", "false"),
                    ("min.insync.replicas", "1"),
                    ("min.insync.replicas", "2"),
                    ("flush.messages", "1"),
                    ("segment.bytes", "1048576"),
                ]);
                let configs = [(key.to_owned(), value.to_owned())].into();
                let topic = TOPIC.to_owned();
                inputs.push((at, Command::AlterTopicConfig { topic, configs, delete: Vec::new() }));
            }
            Work::DeleteRecords => {
                let offset = i64::from(dice.between(1, 40));
                let before = RecordsBefore { topic: TOPIC.to_owned(), partition: dice.between(0, 3), offset };
                inputs.push((at, Command::DeleteRecords { offsets: vec![before] }));
            }
        }
    }
    // What was stopped near the end is up again before it.
    let end = FAULTS_UNTIL + Span::secs(40);
    inputs.extend(brokers.into_iter().map(|id| (end, Command::Restart { node: Target::Broker(id) })));
}

fn one_to_three(brokers: &[BrokerId], dice: &mut Dice) -> u32 {
    dice.between(1, u32::try_from(brokers.len().min(3)).unwrap_or(1))
}

/// One to three of them, in any order.
fn some_of(brokers: &[BrokerId], dice: &mut Dice) -> Vec<BrokerId> {
    let mut left = brokers.to_vec();
    let wanted = one_to_three(brokers, dice);
    (0..wanted)
        .map(|_| {
            let last = u32::try_from(left.len() - 1).unwrap_or(0);
            left.remove(dice.between(0, last) as usize)
        })
        .collect()
}
