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
    if before.elr.contains(&leader) {
        Some(ElectedBecause::Eligible)
    } else if before.last_known_elr == [leader] && before.isr.is_empty() {
        // Where unclean elections are allowed it may have been one that fell on the last leader: records do not tell.
        Some(ElectedBecause::LastKnown)
    } else if after.recovery == LeaderRecoveryState::Recovering {
        Some(ElectedBecause::Unclean)
    } else {
        // It has come into the in-sync set by this very change: the end of a reassignment.
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::common::{BrokerId, TopicId};
    use crate::engine::metadata::PartitionChange;

    fn told(before: &PartitionRegistration, change: &PartitionChange) -> ElectedBecause {
        let mut after = before.clone();
        after.merge(change);
        let facts =
            of_partition(TopicPartition::new(TopicId(0), 0), before.clone(), &after, ElectedBecause::Reassigned);
        let why = |fact: &ControllerFact| match fact {
            ControllerFact::LeaderElected { why, .. } => Some(*why),
            _ => None,
        };
        facts.iter().find_map(why).expect("the leader changed")
    }

    /// The leader that a reassignment hands over to joins the in-sync set in the same record: no unclean election.
    #[test]
    fn a_leader_that_comes_with_the_end_of_a_reassignment_is_not_unclean() {
        let (one, two) = (vec![BrokerId(1)], vec![BrokerId(2)]);
        let before = PartitionRegistration {
            replicas: vec![BrokerId(2), BrokerId(1)],
            adding: two.clone(),
            removing: one.clone(),
            ..PartitionRegistration::new(one.clone(), one)
        };
        let handed_over = PartitionChange {
            leader: Some(Some(BrokerId(2))),
            isr: Some(two.clone()),
            replicas: Some(two.clone()),
            adding: Some(Vec::new()),
            removing: Some(Vec::new()),
            ..PartitionChange::default()
        };
        assert_eq!(told(&before, &handed_over), ElectedBecause::Reassigned);
        let unclean = PartitionChange {
            recovery: Some(LeaderRecoveryState::Recovering),
            ..PartitionChange { replicas: None, adding: None, removing: None, ..handed_over }
        };
        assert_eq!(told(&before, &unclean), ElectedBecause::Unclean);
    }
}
