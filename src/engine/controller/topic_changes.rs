//! DeleteTopics and CreatePartitions: what becomes of topics that exist (`ReplicationControlManager.deleteTopic`,
//! `createPartitions`).

use super::replication_control::ReplicationControl;
use crate::engine::common::{ErrorCode, PartitionId, Rng, TopicPartition};
use crate::engine::metadata::{MetadataRecord, PartitionRegistration};
use crate::engine::protocol::{NewPartitions, Refusal, TopicName, TopicOutcome};

impl ReplicationControl<'_> {
    /// DeleteTopics (20). The record is all it takes: brokers drop their replicas when they read it.
    #[must_use]
    pub fn delete_topics(&self, topics: &[TopicName]) -> (Vec<MetadataRecord>, Vec<TopicOutcome>) {
        let mut records = Vec::new();
        let mut delete = |name: &TopicName| {
            let unknown = ErrorCode::UnknownTopicOrPartition;
            let topic = self.image.topic_id(name).ok_or_else(|| (unknown, unknown.message().to_owned()))?;
            if !self.config.delete_topic_enable {
                let disabled = ErrorCode::TopicDeletionDisabled;
                return Err((disabled, disabled.message().to_owned()));
            }
            records.push(MetadataRecord::RemoveTopic { topic });
            Ok(())
        };
        let outcomes = topics.iter().map(|name| (name.clone(), delete(name))).collect();
        (records, outcomes)
    }

    /// CreatePartitions (37).
    pub fn create_partitions(
        &self,
        topics: &[NewPartitions],
        rng: &mut Rng,
    ) -> (Vec<MetadataRecord>, Vec<TopicOutcome>) {
        let mut records = Vec::new();
        let mut outcomes = Vec::new();
        for new in topics {
            let outcome = self.add_partitions(new, rng).map(|added| records.extend(added));
            outcomes.push((new.topic.clone(), outcome));
        }
        (records, outcomes)
    }

    fn add_partitions(&self, new: &NewPartitions, rng: &mut Rng) -> Result<Vec<MetadataRecord>, Refusal> {
        let unknown = ErrorCode::UnknownTopicOrPartition;
        let id = self.image.topic_id(&new.topic).ok_or_else(|| (unknown, unknown.message().to_owned()))?;
        let existing = &self.image.topic(id).ok_or_else(|| (unknown, unknown.message().to_owned()))?.partitions;
        let (name, count) = (&new.topic, new.count);
        let before = u32::try_from(existing.len()).expect("a topic has fewer than 2^32 partitions");
        let invalid = |message: String| Err((ErrorCode::InvalidPartitions, message));
        if count == before {
            return invalid(format!("Topic already has {before} partition(s)."));
        }
        if count < before {
            return invalid(format!(
                "The topic {name} currently has {before} partition(s); {count} would not be an increase."
            ));
        }
        let additional = count - before;
        let factor = existing.values().next().map_or(1, |first| first.replicas.len());
        let placed = match &new.assignments {
            Some(by_hand) if by_hand.len() != additional as usize => {
                return Err((
                    ErrorCode::InvalidReplicaAssignment,
                    format!(
                        "Attempted to add {additional} additional partition(s), but only {} assignment(s) were \
                         specified.",
                        by_hand.len()
                    ),
                ));
            }
            Some(by_hand) => self.replicas_by_hand(by_hand, before, Some(factor))?,
            None => {
                let factor = u32::try_from(factor).expect("a partition has a few replicas");
                self.place_replicas(additional, factor, rng)?
            }
        };
        let record = |(index, (replicas, isr))| MetadataRecord::Partition {
            partition: TopicPartition { topic: id, partition: PartitionId(index) },
            registration: PartitionRegistration::new(replicas, isr),
        };
        Ok((before..).zip(placed).map(record).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::super::replication_control::tests::{Cluster, brokers};
    use super::*;
    use crate::engine::common::TopicId;

    fn add(cluster: &mut Cluster, topic: &str, count: u32, by_hand: Option<&[&[u32]]>) -> Result<(), Refusal> {
        let assignments = by_hand.map(|all| all.iter().map(|replicas| brokers(replicas)).collect());
        let new = NewPartitions { topic: topic.into(), count, assignments };
        let (records, mut outcomes) = cluster.control().create_partitions(&[new], &mut Rng::from_seed(1));
        cluster.replay(&records);
        outcomes.remove(0).1
    }

    /// The sentences are those of Kafka's ReplicationControlManagerTest.testCreatePartitions.
    #[test]
    fn partitions_are_added_behind_those_that_are_there() {
        let mut cluster = Cluster::of(&[0, 1, 2]);
        let id = cluster.topic(&[1, 2]);
        assert_eq!(add(&mut cluster, "t0", 3, None), Ok(()));
        let topic = cluster.image.topic(id.topic).unwrap();
        assert_eq!(topic.partitions.len(), 3);
        assert!(topic.partitions.values().all(|one| one.replicas.len() == 2 && one.leader.is_some()));
        let invalid = |why: &str| Err((ErrorCode::InvalidPartitions, why.to_owned()));
        assert_eq!(add(&mut cluster, "t0", 3, None), invalid("Topic already has 3 partition(s)."));
        let why = "The topic t0 currently has 3 partition(s); 2 would not be an increase.";
        assert_eq!(add(&mut cluster, "t0", 2, None), invalid(why));
        let unknown = ErrorCode::UnknownTopicOrPartition;
        assert_eq!(add(&mut cluster, "x", 2, None), Err((unknown, unknown.message().to_owned())));
        let wrong = |why: &str| Err((ErrorCode::InvalidReplicaAssignment, why.to_owned()));
        let why = "Attempted to add 2 additional partition(s), but only 1 assignment(s) were specified.";
        assert_eq!(add(&mut cluster, "t0", 5, Some(&[&[0, 1]])), wrong(why));
        let why = "The manual partition assignment includes a partition with 1 replica(s), but this is not consistent \
                   with previous partitions, which have 2 replica(s).";
        assert_eq!(add(&mut cluster, "t0", 4, Some(&[&[0]])), wrong(why));
        cluster.fence(0);
        let why = "All brokers specified in the manual partition assignment for partition 3 are fenced or in \
                   controlled shutdown.";
        assert_eq!(add(&mut cluster, "t0", 4, Some(&[&[0, 0]])).unwrap_err().0, ErrorCode::InvalidReplicaAssignment);
        cluster.fence(1);
        assert_eq!(add(&mut cluster, "t0", 4, Some(&[&[0, 1]])), wrong(why));
        assert_eq!(add(&mut cluster, "t0", 4, Some(&[&[0, 2]])), Ok(()));
        let added = cluster.image.partition(TopicPartition { partition: PartitionId(3), ..id }).unwrap();
        assert_eq!((&added.replicas, &added.isr), (&brokers(&[0, 2]), &brokers(&[2])));
    }

    #[test]
    fn a_deleted_topic_leaves_its_name_but_not_its_id() {
        let mut cluster = Cluster::of(&[1, 2]);
        cluster.topic(&[1]);
        let last = cluster.topic(&[2]);
        let (records, outcomes) = cluster.control().delete_topics(&["t1".into(), "x".into()]);
        let unknown = ErrorCode::UnknownTopicOrPartition;
        assert_eq!((&outcomes[0].1, &outcomes[1].1), (&Ok(()), &Err((unknown, unknown.message().to_owned()))));
        cluster.replay(&records);
        assert_eq!((cluster.image.topic_id("t1"), cluster.image.partition(last)), (None, None));
        assert_eq!(cluster.image.next_topic_id(), TopicId(2), "and not 1 again");
        let mut again = crate::engine::metadata::MetadataImage::default();
        cluster.image.to_records().iter().for_each(|record| again.replay(record));
        assert_eq!(again.next_topic_id(), TopicId(2), "a snapshot remembers as much");
    }
}
