//! "Why?" — a number's equation with live values, and the chain of facts that led to it.

use super::sentence::partition_name;
use crate::engine::common::{BrokerId, NodeId, Offset, Step, TopicPartition};
use crate::engine::controller::ControllerFact;
use crate::engine::raft::RaftFact;
use crate::engine::runtime::Cause;
use crate::engine::server::BrokerFact;
use crate::engine::trace::{Fact, Record};
use crate::engine::world::World;

/// Most links of a chain that anybody reads.
const LONGEST_CHAIN: usize = 8;

/// A fact with its place, one link of a chain of causes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Because {
    pub step: Step,
    pub record: Record,
}

/// Facts that led to `record`, nearest cause first, within what `past` still holds.
#[must_use]
pub fn why(past: &[Record], record: &Record) -> Vec<Because> {
    let mut chain: Vec<Because> = Vec::new();
    let mut cause = record.cause;
    let mut below = record.step;
    while chain.len() < LONGEST_CHAIN {
        let step = match cause {
            Cause::Message { sent, .. } => sent,
            Cause::Timer { set } => set,
            Cause::Flush { begun } => begun,
            Cause::Command | Cause::Start | Cause::Disconnect => break,
        };
        if step >= below {
            break;
        }
        let Some(next) = telling(past, step, cause) else { break };
        chain.push(Because { step, record: next.clone() });
        below = step;
        cause = next.cause;
    }
    chain
}

/// The fact of `step` that says most: the domain's own before the kernel's.
fn telling(past: &[Record], step: Step, cause: Cause) -> Option<&Record> {
    let first = past.partition_point(|record| record.step < step);
    let same = || past[first..].iter().take_while(|record| record.step == step);
    let own = same().find(|record| !matches!(record.fact, Fact::Runtime(_)));
    let sent = || {
        same().find(|record| match (&record.fact, cause) {
            (
                Fact::Runtime(crate::engine::runtime::RuntimeFact::Sent { id, .. }),
                Cause::Message { id: wanted, .. },
            ) => *id == wanted,
            _ => false,
        })
    };
    own.or_else(sent).or_else(|| same().next())
}

/// How the quorum came to its epoch and leader as `node` sees it: the newest votes, candidacies and terms of office of all
/// voters, newest first.
#[must_use]
pub fn why_quorum(past: &[Record], node: NodeId) -> Vec<Record> {
    let tells = |record: &&Record| match (&record.fact, record.node) {
        (
            Fact::Raft(RaftFact::SnapshotTaken { .. } | RaftFact::SnapshotFetched { .. } | RaftFact::LogCleaned { .. }),
            _,
        ) => false,
        // Whom the others follow is their affair.
        (Fact::Raft(RaftFact::BecameFollower { .. } | RaftFact::BecameUnattached { .. }), at) => at == Some(node),
        (Fact::Raft(_), Some(NodeId::Controller(_))) => true,
        (Fact::Controller(ControllerFact::Activated { .. } | ControllerFact::Renounced { .. }), _) => true,
        _ => false,
    };
    past.iter().rev().filter(tells).take(LONGEST_CHAIN).cloned().collect()
}

/// HW = min LEO over the in-sync set, with the values it was computed from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WhyHighWatermark {
    pub name: String,
    pub leader: BrokerId,
    pub high_watermark: Offset,
    /// The leader's knowledge of each in-sync replica's log end.
    pub ends: Vec<(BrokerId, Offset)>,
    pub isr: Vec<BrokerId>,
    pub min_insync_replicas: u32,
    /// The high watermark stands still because the in-sync set is smaller than `min.insync.replicas` (KIP-966, 3.7).
    pub below_min_isr: bool,
    /// The newest facts that bear on it, newest first.
    pub facts: Vec<Record>,
}

/// The answer to "why is HW what it is?" on the leader; `None` while nobody leads.
#[must_use]
pub fn why_high_watermark(world: &World, past: &[Record], partition: TopicPartition) -> Option<WhyHighWatermark> {
    let registration = world.image().partition(partition)?;
    let leader = registration.leader?;
    let broker = world.broker(leader)?;
    let log = broker.log(partition)?;
    let replica = broker.partition(partition)?;
    let led = replica.leading()?;
    let ends = led.isr.iter().filter_map(|id| {
        let end = if *id == leader { Some(log.log_end_offset()) } else { led.followers.get(id)?.log_end() };
        Some((*id, end?))
    });
    let overridden = world.image().topic(partition.topic).and_then(|topic| topic.overrides.get("min.insync.replicas"));
    let configured = overridden.and_then(|text| text.parse().ok()).unwrap_or(broker.config().min_insync_replicas);
    let min_insync_replicas = u32::try_from(replica.effective_min_isr(configured)).unwrap_or(u32::MAX);
    let facts = past.iter().rev().filter(|record| bears_on(record, partition)).take(5).cloned().collect();
    Some(WhyHighWatermark {
        name: partition_name(world, partition),
        leader,
        high_watermark: log.high_watermark(),
        ends: ends.collect(),
        isr: led.isr.clone(),
        min_insync_replicas,
        below_min_isr: (led.isr.len() as u64) < u64::from(min_insync_replicas),
        facts,
    })
}

fn bears_on(record: &Record, wanted: TopicPartition) -> bool {
    match &record.fact {
        Fact::Broker(BrokerFact::HighWatermarkMoved { partition, ends, .. }) => {
            *partition == wanted && !ends.is_empty()
        }
        Fact::Broker(
            BrokerFact::Appended { partition, .. }
            | BrokerFact::BecameLeader { partition, .. }
            | BrokerFact::Truncated { partition, .. }
            | BrokerFact::IsrCommitted { partition, .. },
        ) => *partition == wanted,
        _ => false,
    }
}
