//! What a metadata record changed, as facts: the difference between a partition before and after it.

use super::fact::{ControllerFact, ElectedBecause};
use crate::engine::common::TopicPartition;
use crate::engine::metadata::{LeaderRecoveryState, MetadataImage, MetadataRecord, PartitionRegistration};

/// The partition that `record` is about to change.
pub(super) fn partition_before(record: &MetadataRecord, image: &MetadataImage) -> Option<PartitionRegistration> {
    match record {
        MetadataRecord::PartitionChange { partition, .. } => image.partition(*partition).cloned(),
        _ => None,
    }
}

/// What `record` did. `why` is told of an election, unless the record itself shows another reason.
pub(super) fn facts(
    record: &MetadataRecord,
    before: Option<PartitionRegistration>,
    image: &MetadataImage,
    why: ElectedBecause,
) -> Vec<ControllerFact> {
    match (record, before) {
        (MetadataRecord::PartitionChange { partition, .. }, Some(before)) => {
            let after = image.partition(*partition).expect("a change does not remove a partition");
            of_partition(*partition, before, after, why)
        }
        (MetadataRecord::BrokerInControlledShutdown { broker, .. }, _) => {
            vec![ControllerFact::ControlledShutdownBegan { broker: *broker }]
        }
        (MetadataRecord::FeatureLevel { feature, level }, _) => {
            vec![ControllerFact::FeatureFinalized { feature: feature.clone(), level: *level }]
        }
        _ => Vec::new(),
    }
}

fn of_partition(
    partition: TopicPartition,
    before: PartitionRegistration,
    after: &PartitionRegistration,
    why: ElectedBecause,
) -> Vec<ControllerFact> {
    let mut facts = Vec::new();
    let (adding, removing) = (after.adding.clone(), after.removing.clone());
    if after.is_reassigning() && (before.adding != adding || before.removing != removing) {
        facts.push(ControllerFact::ReassignmentBegan { partition, adding, removing });
    }
    if before.leader != after.leader {
        facts.push(ControllerFact::LeaderElected {
            partition,
            from: before.leader,
            to: after.leader,
            leader_epoch: after.leader_epoch,
            isr: after.isr.clone(),
            why: reason(&before, after).unwrap_or(why),
        });
    }
    if before.isr != after.isr {
        facts.push(ControllerFact::IsrChanged {
            partition,
            from: before.isr.clone(),
            to: after.isr.clone(),
            leader: after.leader,
            partition_epoch: after.partition_epoch,
        });
    }
    if (&before.elr, &before.last_known_elr) != (&after.elr, &after.last_known_elr) {
        let (elr, last_known) = (after.elr.clone(), after.last_known_elr.clone());
        facts.push(ControllerFact::EligibleChanged { partition, elr, last_known });
    }
    if before.recovery == LeaderRecoveryState::Recovering && after.recovery == LeaderRecoveryState::Recovered {
        facts.push(ControllerFact::LeaderRecovered { partition });
    }
    let was_moving = before.is_reassigning() || before.replicas != after.replicas;
    if was_moving && !after.is_reassigning() {
        // Done, none of those that were to go is left; called off, none that was to come.
        let cancelled = before.is_reassigning()
            && (after.replicas.iter().any(|id| before.removing.contains(id))
                || before.adding.iter().any(|id| !after.replicas.contains(id)));
        facts.push(ControllerFact::ReassignmentEnded { partition, replicas: after.replicas.clone(), cancelled });
    }
    facts
}

/// Why the new leader, if the records alone tell it.
fn reason(before: &PartitionRegistration, after: &PartitionRegistration) -> Option<ElectedBecause> {
    let leader = after.leader?;
    if before.isr.contains(&leader) {
        return None;
    }
    Some(if before.elr.contains(&leader) {
        ElectedBecause::Eligible
    } else if before.last_known_elr == [leader] && before.isr.is_empty() {
        ElectedBecause::LastKnown
    } else {
        ElectedBecause::Unclean
    })
}
