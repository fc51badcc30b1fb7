//! The KRaft quorum and the newest of its memory.

use crate::engine::common::{NodeId, Offset, TopicId};
use crate::engine::controller::Controller;
use crate::engine::metadata::{LogEntry, MetadataRecord};
use crate::engine::raft::{EpochState, RaftClient};
use crate::engine::world::World;
use crate::view::explain::broker_list;
use crate::view::scene::{ControllerStrip, MetadataChip, Voter, VoterState};

/// So many chips fit beside the voters.
const CHIPS: usize = 2;
/// How far back to look for records that say something, behind the no-ops.
const LOOK_BACK: u64 = 200;

pub(super) fn strip(world: &World, topic: Option<TopicId>) -> Option<ControllerStrip> {
    if world.zookeepers().next().is_some() {
        return Some(super::ensemble::strip(world, topic));
    }
    let (_, controller) = world.controller()?;
    let committed = controller.high_watermark();
    let from = Offset(committed.0.saturating_sub(LOOK_BACK));
    let telling = controller.log().entries_from(from).take_while(|(offset, ..)| *offset < committed);
    let mut tail: Vec<MetadataChip> = telling
        .filter_map(|(offset, _, entry)| match entry {
            LogEntry::Record(record) => Some(MetadataChip { offset, text: chip(world, record)?, fresh: false }),
            LogEntry::LeaderChange(_) => None,
        })
        .collect();
    tail.drain(..tail.len().saturating_sub(CHIPS));
    if let Some(newest) = tail.last_mut() {
        newest.fresh = newest.offset.next() == committed;
    }
    let voters: Vec<Voter> = world.controllers().map(|(node, controller)| voter(world, node, controller)).collect();
    let epoch = voters.iter().map(|voter| voter.epoch).max()?;
    Some(ControllerStrip { epoch, high_watermark: committed, voters, ensemble: None, tail })
}

fn voter(world: &World, node: NodeId, controller: &Controller) -> Voter {
    let raft = controller.raft();
    Voter {
        node,
        id: controller.id().0,
        state: if world.is_down(node) { VoterState::Offline } else { state(raft) },
        epoch: raft.quorum().epoch.0,
        log_end: raft.log().end_offset(),
        high_watermark: raft.high_watermark(),
        voted: raft.voted().map(|voted| voted.0),
    }
}

fn state(raft: &RaftClient) -> VoterState {
    match &raft.quorum().state {
        EpochState::Unattached { voted: Some(_), .. } if !raft.config().pre_vote => VoterState::Voted,
        EpochState::Unattached { .. } => VoterState::Unattached,
        EpochState::Prospective { .. } => VoterState::Prospective,
        EpochState::Candidate { .. } => VoterState::Candidate,
        EpochState::Leader(_) => VoterState::Leader,
        EpochState::Resigned { .. } => VoterState::Resigned,
        EpochState::Follower { .. } => VoterState::Follower,
    }
}

/// A metadata record in a few characters; `None` for those that say nothing to a class.
fn chip(world: &World, record: &MetadataRecord) -> Option<String> {
    let partition = |id: crate::engine::common::TopicPartition| {
        let internal = world.image().topic(id.topic).is_some_and(|topic| topic.name.starts_with(super::INTERNAL));
        (!internal).then(|| format!("P{}", id.partition))
    };
    match record {
        MetadataRecord::RegisterBroker { broker, .. } => Some(format!("register b{broker}")),
        MetadataRecord::FenceBroker { broker, .. } => Some(format!("fence b{broker}")),
        MetadataRecord::UnfenceBroker { broker, .. } => Some(format!("unfence b{broker}")),
        MetadataRecord::BrokerInControlledShutdown { broker, .. } => Some(format!("leaving b{broker}")),
        MetadataRecord::FeatureLevel { feature, level } => Some(format!("{feature}={level}")),
        MetadataRecord::Topic { name, .. } if name.starts_with(super::INTERNAL) => None,
        MetadataRecord::Topic { name, .. } => Some(format!("topic {name}")),
        MetadataRecord::Partition { partition: id, registration } => {
            let leader = registration.leader.map_or("none".to_owned(), |leader| leader.to_string());
            Some(format!("{} leader {leader}", partition(*id)?))
        }
        MetadataRecord::PartitionChange { partition: id, change } => {
            let name = partition(*id)?;
            Some(match (change.leader, &change.isr) {
                (Some(Some(leader)), _) => format!("{name} leader {leader}"),
                (Some(None), _) => format!("{name} no leader"),
                (None, Some(isr)) => format!("{name} ISR {}", broker_list(isr)),
                (None, None) => match (&change.replicas, &change.elr) {
                    (Some(replicas), _) => format!("{name} replicas {}", broker_list(replicas)),
                    (None, Some(elr)) => format!("{name} ELR {}", broker_list(elr)),
                    (None, None) => return None,
                },
            })
        }
        MetadataRecord::TopicConfig { topic, key, value } => {
            let name = &world.image().topic(*topic)?.name;
            let value = value.as_deref().unwrap_or("default");
            (!name.starts_with(super::INTERNAL)).then(|| format!("{key}={value}"))
        }
        MetadataRecord::BrokerConfig { broker, key, value } => {
            let whose = broker.map_or_else(|| "all".to_owned(), |broker| format!("b{broker}"));
            Some(format!("{whose} {key}={}", value.as_deref().unwrap_or("default")))
        }
        MetadataRecord::RemoveTopic { topic } => world.image().topic_name(*topic).map(|name| format!("{name} removed")),
        MetadataRecord::ClearElr { .. } => Some("clear ELR".to_owned()),
        MetadataRecord::ProducerIds { broker, .. } => Some(format!("producer ids b{broker}")),
        MetadataRecord::NoOp => None,
    }
}
