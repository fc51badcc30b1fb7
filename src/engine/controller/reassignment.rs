//! Moving replicas: what a reassignment asks for, and when it is done (KIP-455).
//!
//! After Kafka's `PartitionReassignmentReplicas` and `PartitionReassignmentRevert`. While it lasts, the partition has
//! the target's replicas and behind them those that are to go; so both old and new ones copy, and nothing is lost if it
//! is called off.

use std::collections::BTreeSet;

use super::replication_control::ReplicationControl;
use crate::engine::common::{BrokerId, ErrorCode, TopicPartition};
use crate::engine::metadata::{MetadataRecord, PartitionRegistration};
use crate::engine::protocol::{
    AlterPartitionReassignmentsRequest, OngoingReassignment, PartitionOutcome, Refusal, TopicName,
};

/// A partition's replicas and those of them that come or go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reassignment {
    pub replicas: Vec<BrokerId>,
    pub adding: Vec<BrokerId>,
    pub removing: Vec<BrokerId>,
}

impl Reassignment {
    /// From where the replicas are to where they should be.
    #[must_use]
    pub fn between(current: &[BrokerId], target: &[BrokerId]) -> Self {
        let without = |these: &[BrokerId], those: &[BrokerId]| -> Vec<BrokerId> {
            let sorted: BTreeSet<_> = these.iter().filter(|id| !those.contains(id)).copied().collect();
            sorted.into_iter().collect()
        };
        let (adding, removing) = (without(target, current), without(current, target));
        let replicas = target.iter().chain(&removing).copied().collect();
        Self { replicas, adding, removing }
    }

    #[must_use]
    pub fn is_moving(&self) -> bool {
        !self.adding.is_empty() || !self.removing.is_empty()
    }

    /// Where the replicas will be.
    #[must_use]
    pub fn target(&self) -> Vec<BrokerId> {
        self.replicas.iter().copied().filter(|id| !self.removing.contains(id)).collect()
    }

    /// Where the replicas were before anything moved.
    #[must_use]
    pub fn origin(&self) -> Vec<BrokerId> {
        self.replicas.iter().copied().filter(|id| !self.adding.contains(id)).collect()
    }

    /// Replicas and in-sync replicas after the end, if with these in sync the end has come: every replica that was
    /// added is in sync; and where their number shrinks, all that remain are, lest the in-sync set shrink needlessly.
    #[must_use]
    pub fn completed(&self, isr: &[BrokerId]) -> Option<(Vec<BrokerId>, Vec<BrokerId>)> {
        if !self.is_moving() {
            return None;
        }
        let replicas = self.target();
        let isr: Vec<_> = isr.iter().copied().filter(|id| !self.removing.contains(id)).collect();
        if !self.removing.is_empty() && (isr.is_empty() || replicas.is_empty()) {
            return None;
        }
        let in_sync = |ids: &[BrokerId]| ids.iter().all(|id| isr.contains(id));
        let shrinks = self.adding.len() < self.removing.len();
        let is_done = in_sync(&self.adding) && (!shrinks || in_sync(&replicas));
        is_done.then_some((replicas, isr))
    }
}

impl ReplicationControl<'_> {
    // ---- the requests of the tool ----------------------------------------------------------------------------------

    /// AlterPartitionReassignments (45): begins reassignments, or calls them off.
    #[must_use]
    pub fn alter_partition_reassignments(
        &self,
        request: &AlterPartitionReassignmentsRequest,
    ) -> (Vec<MetadataRecord>, Vec<PartitionOutcome>) {
        let mut records = Vec::new();
        let mut outcomes = Vec::new();
        for (topic, index, target) in &request.partitions {
            let outcome = self.alter_reassignment(topic, *index, target.as_deref());
            outcomes.push((topic.clone(), *index, outcome.map(|record| records.extend(record))));
        }
        (records, outcomes)
    }

    fn alter_reassignment(
        &self,
        topic: &TopicName,
        index: u32,
        target: Option<&[BrokerId]>,
    ) -> Result<Option<MetadataRecord>, Refusal> {
        let unknown = |what: String| (ErrorCode::UnknownTopicOrPartition, what);
        let Some(id) = self.image.topic_id(topic) else {
            return Err(unknown(format!("Unable to find a topic named {topic}.")));
        };
        let id = TopicPartition::new(id, index);
        let Some(partition) = self.image.partition(id) else {
            return Err(unknown(format!("Unable to find partition {topic}:{index}.")));
        };
        match target {
            None => self.cancel(topic, id, partition),
            Some(target) => {
                self.check_manual(target, None).map_err(|why| (ErrorCode::InvalidReplicaAssignment, why))?;
                let reassignment = Reassignment::between(&partition.replicas, target);
                Ok(self.change(id, |builder| builder.reassignment(reassignment)))
            }
        }
    }

    /// Back to where the replicas were; what was added is dropped.
    fn cancel(
        &self,
        topic: &TopicName,
        id: TopicPartition,
        partition: &PartitionRegistration,
    ) -> Result<Option<MetadataRecord>, Refusal> {
        if !partition.is_reassigning() {
            let error = ErrorCode::NoReassignmentInProgress;
            return Err((error, error.message().to_owned()));
        }
        let without_added = |ids: &[BrokerId]| -> Vec<BrokerId> {
            ids.iter().filter(|id| !partition.adding.contains(id)).copied().collect()
        };
        let (replicas, mut isr) = (without_added(&partition.replicas), without_added(&partition.isr));
        let Some(first) = replicas.first().copied() else {
            let why = "Invalid replica assignment: addingReplicas contains all replicas.".to_owned();
            return Err((ErrorCode::InvalidReplicaAssignment, why));
        };
        if isr.is_empty() {
            if !self.allows_unclean(id.topic) {
                let why = format!(
                    "Unable to revert partition assignment for {topic}:{} because it would require an unclean leader \
                     election.",
                    id.partition
                );
                return Err((ErrorCode::InvalidReplicaAssignment, why));
            }
            isr = vec![first];
        }
        let back = Reassignment { replicas, ..Reassignment::default() };
        let election = self.online_or_unclean(id.topic);
        Ok(self.change(id, |builder| builder.election(election).target_isr(isr).reassignment(back)))
    }

    /// ListPartitionReassignments (46), in the order of the topics' names.
    #[must_use]
    pub fn list_partition_reassignments(&self) -> Vec<OngoingReassignment> {
        let mut ongoing: Vec<OngoingReassignment> = self
            .image
            .partitions()
            .filter(|(_, partition)| partition.is_reassigning())
            .filter_map(|(id, partition)| {
                Some(OngoingReassignment {
                    topic: self.image.topic(id.topic)?.name.clone(),
                    partition: id.partition.0,
                    replicas: partition.replicas.clone(),
                    adding: partition.adding.clone(),
                    removing: partition.removing.clone(),
                })
            })
            .collect();
        ongoing.sort_by(|a, b| (&a.topic, a.partition).cmp(&(&b.topic, b.partition)));
        ongoing
    }
}

#[cfg(test)]
mod tests {
    use super::super::replication_control::tests::{Cluster, brokers};
    use super::*;
    use crate::engine::common::{LeaderEpoch, PartitionEpoch};
    use crate::engine::protocol::{AlterPartitionRequest, IsrProposal};

    /// Kafka's PartitionReassignmentReplicasTest: (from, to, removing, adding, interim).
    #[test]
    fn what_comes_goes_and_is_there_meanwhile() {
        let cases: [[&[u32]; 5]; 5] = [
            [&[3, 2, 1], &[3, 2, 1], &[], &[], &[3, 2, 1]],
            [&[3, 2, 1], &[3, 6, 2, 1, 5], &[], &[5, 6], &[3, 6, 2, 1, 5]],
            [&[3, 2, 1, 0], &[3, 1], &[0, 2], &[], &[3, 1, 0, 2]],
            [&[3, 2, 1, 0], &[7, 3, 1, 9], &[0, 2], &[7, 9], &[7, 3, 1, 9, 0, 2]],
            [&[3, 2, 1, 0], &[0, 1, 3, 2], &[], &[], &[0, 1, 3, 2]],
        ];
        for [from, to, removing, adding, interim] in cases {
            let reassignment = Reassignment::between(&brokers(from), &brokers(to));
            let expected =
                Reassignment { replicas: brokers(interim), adding: brokers(adding), removing: brokers(removing) };
            assert_eq!(reassignment, expected, "{from:?} to {to:?}");
        }
    }

    /// (from, to, in sync, and if that completes it: replicas and in-sync replicas).
    type Completion<'a> = (&'a [u32], &'a [u32], &'a [u32], Option<(&'a [u32], &'a [u32])>);

    #[test]
    fn it_is_done_when_all_that_came_are_in_sync() {
        let cases: [Completion<'_>; 8] = [
            (&[0, 1, 2], &[3, 4, 5], &[0, 1, 2, 3, 4], None),
            (&[0, 1, 2], &[3, 4, 5], &[0, 1, 2, 3, 4, 5], Some((&[3, 4, 5], &[3, 4, 5]))),
            (&[0, 1, 2], &[0, 1, 3], &[0, 1, 2, 3], Some((&[0, 1, 3], &[0, 1, 3]))),
            // Who stays need not be in sync, unless the number of replicas shrinks.
            (&[0, 1, 2], &[0, 1, 3], &[0, 2, 3], Some((&[0, 1, 3], &[0, 3]))),
            (&[0, 1, 2], &[0, 1, 3], &[2, 3], Some((&[0, 1, 3], &[3]))),
            (&[0, 1, 2], &[0, 1, 3], &[0, 1, 2], None),
            (&[0, 1, 2, 3, 4], &[2, 3, 4, 5], &[0, 1, 5], None),
            (&[0, 1, 2], &[0, 1, 2], &[0, 1, 2], None),
        ];
        for (from, to, isr, expected) in cases {
            let completed = Reassignment::between(&brokers(from), &brokers(to)).completed(&brokers(isr));
            let expected = expected.map(|(replicas, isr)| (brokers(replicas), brokers(isr)));
            assert_eq!(completed, expected, "{from:?} to {to:?} with {isr:?} in sync");
        }
    }

    fn alter(cluster: &mut Cluster, topic: &str, index: u32, target: Option<&[u32]>) -> Result<(), Refusal> {
        let partitions = vec![(topic.into(), index, target.map(brokers))];
        let request = AlterPartitionReassignmentsRequest { partitions };
        let (records, mut outcomes) = cluster.control().alter_partition_reassignments(&request);
        cluster.replay(&records);
        outcomes.remove(0).2
    }

    fn propose(cluster: &mut Cluster, leader: u32, partition: TopicPartition, isr: &[u32]) -> Option<ErrorCode> {
        let now = cluster.image.partition(partition).unwrap();
        let (leader_epoch, partition_epoch) = (now.leader_epoch, now.partition_epoch);
        let (new_isr, broker_epochs) = (brokers(isr), std::collections::BTreeMap::new());
        let proposal = IsrProposal { partition, leader_epoch, partition_epoch, new_isr, broker_epochs };
        let broker = BrokerId(leader);
        let broker_epoch = cluster.image.broker(broker).unwrap().epoch;
        let request = AlterPartitionRequest { broker, broker_epoch, partitions: vec![proposal] };
        let (records, mut outcomes) = cluster.control().alter_partition(&request).unwrap();
        cluster.replay(&records);
        outcomes.remove(0).1.err()
    }

    /// Kafka's ReplicationControlManagerTest.testReassignPartitions.
    #[test]
    fn a_leader_that_completes_its_own_removal_is_told_so() {
        let mut cluster = Cluster::of(&[0, 1, 2, 3]);
        let (rearranged, moved) = (cluster.topic(&[1, 2, 3]), cluster.topic(&[3, 2, 1]));
        assert_eq!(alter(&mut cluster, "t0", 0, Some(&[3, 2, 1])), Ok(()));
        // Only the order changed: done at once, and the leader stays.
        assert_eq!(cluster.image.partition(rearranged).unwrap().replicas, brokers(&[3, 2, 1]));
        assert_eq!(cluster.state(rearranged), (Some(1), vec![1, 2, 3], 0, 1));
        assert_eq!(alter(&mut cluster, "t1", 0, Some(&[0, 2, 1])), Ok(()));
        let ongoing = OngoingReassignment {
            topic: "t1".into(),
            partition: 0,
            replicas: brokers(&[0, 2, 1, 3]),
            adding: brokers(&[0]),
            removing: brokers(&[3]),
        };
        assert_eq!(cluster.control().list_partition_reassignments(), [ongoing]);
        assert_eq!(cluster.state(moved), (Some(3), vec![3, 2, 1], 0, 1));
        assert_eq!(propose(&mut cluster, 3, moved, &[3, 0, 2, 1]), Some(ErrorCode::NewLeaderElected));
        assert_eq!(cluster.state(moved), (Some(0), vec![0, 2, 1], 1, 2));
        assert_eq!(cluster.image.partition(moved).unwrap().replicas, brokers(&[0, 2, 1]));
        assert_eq!(cluster.control().list_partition_reassignments(), []);
    }

    #[test]
    fn called_off_the_replicas_are_those_of_before() {
        let mut cluster = Cluster::of(&[0, 1, 2, 3]);
        let id = cluster.topic(&[3, 2, 1]);
        assert_eq!(alter(&mut cluster, "t0", 0, Some(&[0, 2, 1])), Ok(()));
        assert_eq!(alter(&mut cluster, "t0", 0, None), Ok(()));
        let partition = cluster.image.partition(id).unwrap();
        // Fact sheet §4.13: in the interim order, not in the original one; and a new epoch tells whoever was added.
        assert_eq!((&partition.replicas, partition.is_reassigning()), (&brokers(&[2, 1, 3]), false));
        assert_eq!((partition.leader_epoch, partition.partition_epoch), (LeaderEpoch(1), PartitionEpoch(2)));
        assert_eq!(cluster.state(id).0, Some(3));
    }

    /// Kafka's testCancelReassignPartitions: broker 3 is fenced.
    #[test]
    fn a_shrinking_assignment_may_be_complete_at_once() {
        let mut cluster = Cluster::of(&[0, 1, 2, 3, 4]);
        let (shrunk, grown) = (cluster.topic(&[1, 2, 3, 4]), cluster.topic(&[4, 3, 2]));
        cluster.fence(3);
        assert_eq!(alter(&mut cluster, "t0", 0, Some(&[1, 2, 4])), Ok(()));
        assert_eq!(cluster.state(shrunk), (Some(1), vec![1, 2, 4], 1, 2));
        assert_eq!(alter(&mut cluster, "t1", 0, Some(&[1, 2, 3, 4, 0])), Ok(()));
        assert_eq!(cluster.state(grown), (Some(4), vec![4, 2], 0, 2));
        assert_eq!(cluster.image.partition(grown).unwrap().adding, brokers(&[0, 1]));
    }

    #[test]
    fn what_cannot_be_is_refused_in_kafkas_words() {
        let mut cluster = Cluster::of(&[1, 2]);
        let id = cluster.topic(&[1]);
        let invalid = |why: &str| Err((ErrorCode::InvalidReplicaAssignment, why.to_owned()));
        let unknown = |why: &str| Err((ErrorCode::UnknownTopicOrPartition, why.to_owned()));
        type Case = (&'static str, u32, Option<&'static [u32]>, Result<(), Refusal>);
        let cases: [Case; 5] = [
            ("x", 0, Some(&[1]), unknown("Unable to find a topic named x.")),
            ("t0", 7, Some(&[1]), unknown("Unable to find partition t0:7.")),
            ("t0", 0, Some(&[]), invalid("The manual partition assignment includes an empty replica list.")),
            (
                "t0",
                0,
                Some(&[1, 5]),
                invalid("The manual partition assignment includes broker 5, but no such broker is registered."),
            ),
            (
                "t0",
                0,
                None,
                Err((ErrorCode::NoReassignmentInProgress, "No partition reassignment is in progress.".to_owned())),
            ),
        ];
        for (topic, index, target, expected) in cases {
            assert_eq!(alter(&mut cluster, topic, index, target), expected);
        }
        // Back to a replica that is out of sync would be an unclean election.
        alter(&mut cluster, "t0", 0, Some(&[1, 2])).unwrap();
        let change = crate::engine::metadata::PartitionChange { isr: Some(brokers(&[2])), ..Default::default() };
        cluster.replay(&[MetadataRecord::PartitionChange { partition: id, change }]);
        let why = "Unable to revert partition assignment for t0:0 because it would require an unclean leader election.";
        assert_eq!(alter(&mut cluster, "t0", 0, None), invalid(why));
        cluster.allow_unclean(id.topic);
        assert_eq!(alter(&mut cluster, "t0", 0, None), Ok(()));
        assert_eq!(cluster.state(id).1, [1]);
    }
}
