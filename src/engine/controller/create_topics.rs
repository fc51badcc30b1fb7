//! CreateTopics, from the request to records or to Kafka's own sentence of refusal.
//!
//! After `ControllerApis.createTopics` (what no controller should be asked), `Topic.validate` (names) and
//! `ReplicationControlManager.createTopic` (numbers, assignments, placement). A topic's partitions begin with every
//! active replica in sync and the first of them as leader. Each topic of a request stands or falls by itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::assignment::Placed;
use super::replication_control::ReplicationControl;
use crate::engine::common::{BrokerId, ErrorCode, PartitionId, Rng, TopicId, TopicPartition};
use crate::engine::config::{KafkaVersion, TopicConfig};
use crate::engine::metadata::{MetadataRecord, PartitionRegistration};
use crate::engine::protocol::{NewTopic, Refusal, TopicName};

/// `Topic.MAX_NAME_LENGTH`: a file name's 255 less the directory's suffixes.
const MAX_NAME_LENGTH: usize = 249;

/// One topic's answer.
pub type CreateOutcome = (TopicName, Result<TopicId, Refusal>);

impl ReplicationControl<'_> {
    /// Records for all topics that can be created, and an answer for each that was asked for.
    pub fn create_topics(&self, topics: &[NewTopic], rng: &mut Rng) -> (Vec<MetadataRecord>, Vec<CreateOutcome>) {
        let mut records = Vec::new();
        let mut outcomes: Vec<CreateOutcome> = Vec::new();
        let mut next_id = self.image.next_topic_id();
        for topic in topics {
            let times = topics.iter().filter(|other| other.name == topic.name).count();
            let outcome = if times > 1 {
                Err((ErrorCode::InvalidRequest, "Duplicate topic name.".to_owned()))
            } else {
                self.create_topic(next_id, topic, rng).map(|created| {
                    records.extend(created);
                    let id = next_id;
                    next_id = next_id.next();
                    id
                })
            };
            // A request names a topic twice and hears of it once.
            if times == 1 || !outcomes.iter().any(|(name, _)| *name == topic.name) {
                outcomes.push((topic.name.clone(), outcome));
            }
        }
        (records, outcomes)
    }

    fn create_topic(&self, id: TopicId, topic: &NewTopic, rng: &mut Rng) -> Result<Vec<MetadataRecord>, Refusal> {
        self.check_name(&topic.name)?;
        let configs = config_records(id, &topic.configs, self.config.version)?;
        let assignment = match &topic.assignment {
            Some(assignment) if !assignment.is_empty() => self.manual_assignment(topic, assignment)?,
            _ => self.placed_assignment(topic, rng)?,
        };
        let partitions = assignment.into_iter().zip(0..).map(|((replicas, isr), index)| MetadataRecord::Partition {
            partition: TopicPartition { topic: id, partition: PartitionId(index) },
            registration: PartitionRegistration::new(replicas, isr),
        });
        let mut records = vec![MetadataRecord::Topic { topic: id, name: topic.name.clone() }];
        records.extend(configs);
        records.extend(partitions);
        Ok(records)
    }

    // ---- names -------------------------------------------------------------------------------------------------

    fn check_name(&self, name: &str) -> Result<(), Refusal> {
        if name == "__cluster_metadata" {
            return Err((ErrorCode::InvalidRequest, format!("Creation of internal topic {name} is prohibited.")));
        }
        if self.image.topic_id(name).is_some() {
            return Err((ErrorCode::TopicAlreadyExists, format!("Topic '{name}' already exists.")));
        }
        if let Some(reason) = invalid_name(name) {
            return Err((ErrorCode::InvalidTopic, format!("Topic name is invalid: {reason}")));
        }
        // Metric names cannot tell '.' from '_'.
        let unified = |name: &str| name.replace('.', "_");
        let colliding = self.image.topics().find(|(_, topic)| unified(&topic.name) == unified(name));
        if let Some((_, topic)) = colliding {
            let message = format!("Topic '{name}' collides with existing topic: {}", topic.name);
            return Err((ErrorCode::InvalidTopic, message));
        }
        Ok(())
    }

    // ---- replicas of each partition ----------------------------------------------

    fn placed_assignment(&self, topic: &NewTopic, rng: &mut Rng) -> Result<Vec<Placed>, Refusal> {
        if topic.replication_factor == Some(0) {
            let message = "Replication factor must be larger than 0, or -1 to use the default value.";
            return Err((ErrorCode::InvalidReplicationFactor, message.to_owned()));
        }
        if topic.partitions == Some(0) {
            let message = "Number of partitions was set to an invalid non-positive value.";
            return Err((ErrorCode::InvalidPartitions, message.to_owned()));
        }
        let partitions = topic.partitions.unwrap_or(self.config.num_partitions);
        let factor = topic.replication_factor.unwrap_or(self.config.default_replication_factor);
        self.place_replicas(partitions, factor, rng)
    }

    fn manual_assignment(&self, topic: &NewTopic, assignment: &[Vec<BrokerId>]) -> Result<Vec<Placed>, Refusal> {
        let misused = |what: &str| {
            let message = format!("A manual partition assignment was specified, but {what} was not set to -1.");
            Err((ErrorCode::InvalidRequest, message))
        };
        if topic.replication_factor.is_some() {
            return misused("replication factor");
        }
        if topic.partitions.is_some() {
            return misused("numPartitions");
        }
        self.replicas_by_hand(assignment, 0, None)
    }
}

/// Why no topic can have this name (`Topic.detectInvalidTopic`).
#[must_use]
pub fn invalid_name(name: &str) -> Option<String> {
    let is_valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    match name {
        "" => Some("the empty string is not allowed".to_owned()),
        "." => Some("'.' is not allowed".to_owned()),
        ".." => Some("'..' is not allowed".to_owned()),
        // Java counts UTF-16 units.
        _ if name.encode_utf16().count() > MAX_NAME_LENGTH => {
            Some(format!("the length of '{name}' is longer than the max allowed length {MAX_NAME_LENGTH}"))
        }
        _ if !name.chars().all(is_valid) => {
            Some(format!("'{name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'"))
        }
        _ => None,
    }
}

/// One record per override, if the topic may be configured so.
fn config_records(
    topic: TopicId,
    configs: &BTreeMap<String, String>,
    version: KafkaVersion,
) -> Result<Vec<MetadataRecord>, Refusal> {
    let mut checked = TopicConfig::for_version(version);
    let record = |(key, value): (&String, &String)| {
        checked.set(key, value).map_err(|problem| (ErrorCode::InvalidConfig, problem.what))?;
        let (key, value): (Arc<str>, Arc<str>) = (key.as_str().into(), value.trim().into());
        Ok(MetadataRecord::TopicConfig { topic, key, value: Some(value) })
    };
    configs.iter().map(record).collect()
}

#[cfg(test)]
mod tests {
    use super::super::replication_control::tests::{Cluster, brokers};
    use super::*;
    use crate::engine::common::{LeaderEpoch, PartitionEpoch};

    fn topic(name: &str) -> NewTopic {
        NewTopic {
            name: name.into(),
            partitions: None,
            replication_factor: None,
            assignment: None,
            configs: BTreeMap::new(),
        }
    }

    fn sized(name: &str, partitions: u32, factor: u32) -> NewTopic {
        NewTopic { partitions: Some(partitions), replication_factor: Some(factor), ..topic(name) }
    }

    fn by_hand(assignment: &[&[u32]]) -> NewTopic {
        let assignment = assignment.iter().map(|replicas| brokers(replicas)).collect();
        NewTopic { assignment: Some(assignment), ..topic("t") }
    }

    fn create(cluster: &mut Cluster, topics: &[NewTopic]) -> Vec<CreateOutcome> {
        let (records, outcomes) = cluster.control().create_topics(topics, &mut Rng::from_seed(1));
        cluster.replay(&records);
        outcomes
    }

    #[track_caller]
    fn refused(cluster: &mut Cluster, topic: NewTopic, code: ErrorCode, message: &str) {
        let outcome = create(cluster, &[topic]).remove(0).1;
        assert_eq!(outcome, Err((code, message.to_owned())));
    }

    #[test]
    fn a_topic_begins_with_all_active_replicas_in_sync_and_the_first_as_leader() {
        let mut cluster = Cluster::of(&[1, 2, 3]);
        let records = cluster.control().fence(BrokerId(2));
        cluster.replay(&records);
        let outcomes = create(&mut cluster, &[sized("orders", 6, 3), topic("defaults")]);
        let ids: Vec<_> = outcomes.iter().map(|(_, outcome)| outcome.clone().unwrap()).collect();
        assert_eq!(ids, [TopicId(0), TopicId(1)]);
        let orders = cluster.image.topic(TopicId(0)).unwrap();
        assert_eq!(orders.partitions.len(), 6);
        for partition in orders.partitions.values() {
            assert_eq!(partition.replicas.len(), 3);
            let active: Vec<_> = partition.replicas.iter().copied().filter(|id| *id != BrokerId(2)).collect();
            assert_eq!((&partition.isr, partition.leader), (&active, active.first().copied()));
            assert_eq!((partition.leader_epoch, partition.partition_epoch), (LeaderEpoch(0), PartitionEpoch(0)));
        }
        // num.partitions and default.replication.factor are 1.
        let defaults = cluster.image.topic(TopicId(1)).unwrap();
        assert_eq!(defaults.partitions.len(), 1);
        assert_eq!(defaults.partitions[&PartitionId(0)].replicas.len(), 1);
    }

    #[test]
    fn names_are_checked_in_kafkas_words() {
        let mut cluster = Cluster::of(&[1]);
        let long = "x".repeat(250);
        for (name, reason) in [
            ("", "the empty string is not allowed".to_owned()),
            (".", "'.' is not allowed".to_owned()),
            ("..", "'..' is not allowed".to_owned()),
            (&long, format!("the length of '{long}' is longer than the max allowed length 249")),
            (
                "a b",
                "'a b' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'".to_owned(),
            ),
        ] {
            refused(&mut cluster, topic(name), ErrorCode::InvalidTopic, &format!("Topic name is invalid: {reason}"));
        }
        assert!(create(&mut cluster, &[topic(&"x".repeat(249)), topic("a_b")]).iter().all(|(_, made)| made.is_ok()));
        refused(&mut cluster, topic("a_b"), ErrorCode::TopicAlreadyExists, "Topic 'a_b' already exists.");
        refused(&mut cluster, topic("a.b"), ErrorCode::InvalidTopic, "Topic 'a.b' collides with existing topic: a_b");
        let twice = create(&mut cluster, &[topic("c"), topic("d"), topic("c")]);
        assert_eq!(twice[0].1, Err((ErrorCode::InvalidRequest, "Duplicate topic name.".to_owned())));
        assert_eq!((twice[1].1.is_ok(), twice.len()), (true, 2));
    }

    #[test]
    fn numbers_are_checked_in_kafkas_words() {
        let mut cluster = Cluster::of(&[1]);
        let partitions = "Number of partitions was set to an invalid non-positive value.";
        refused(&mut cluster, sized("t", 0, 1), ErrorCode::InvalidPartitions, partitions);
        let factor = "Replication factor must be larger than 0, or -1 to use the default value.";
        refused(&mut cluster, sized("t", 0, 0), ErrorCode::InvalidReplicationFactor, factor);
        let too_few = "Unable to replicate the partition 3 time(s): The target replication factor of 3 cannot be \
                       reached because only 1 broker(s) are registered.";
        refused(&mut cluster, sized("t", 1, 3), ErrorCode::InvalidReplicationFactor, too_few);
        let records = cluster.control().fence(BrokerId(1));
        cluster.replay(&records);
        let fenced = "Unable to replicate the partition 1 time(s): All brokers are currently fenced.";
        refused(&mut cluster, sized("t", 1, 1), ErrorCode::InvalidReplicationFactor, fenced);
    }

    #[test]
    fn assignments_by_hand_are_checked_in_kafkas_words() {
        let mut cluster = Cluster::of(&[1, 2, 3]);
        let records = cluster.control().fence(BrokerId(3));
        cluster.replay(&records);
        let start = "The manual partition assignment includes";
        for (assignment, message) in [
            (&[&[1, 2][..], &[]][..], format!("{start} an empty replica list.")),
            (&[&[9, 1, 1]], format!("{start} the broker 1 more than once.")),
            (&[&[1, 9]], format!("{start} broker 9, but no such broker is registered.")),
            (
                &[&[1, 2], &[1]],
                format!(
                    "{start} a partition with 1 replica(s), but this is not consistent with previous partitions, which \
                     have 2 replica(s)."
                ),
            ),
            (
                &[&[1], &[3]],
                "All brokers specified in the manual partition assignment for partition 1 are fenced or in controlled \
                 shutdown."
                    .to_owned(),
            ),
        ] {
            refused(&mut cluster, by_hand(assignment), ErrorCode::InvalidReplicaAssignment, &message);
        }
        let both = NewTopic { replication_factor: Some(1), ..by_hand(&[&[1]]) };
        let message = "A manual partition assignment was specified, but replication factor was not set to -1.";
        refused(&mut cluster, both, ErrorCode::InvalidRequest, message);
        let both = NewTopic { partitions: Some(1), ..by_hand(&[&[1]]) };
        let message = "A manual partition assignment was specified, but numPartitions was not set to -1.";
        refused(&mut cluster, both, ErrorCode::InvalidRequest, message);

        assert!(create(&mut cluster, &[by_hand(&[&[3, 2], &[2, 1]])])[0].1.is_ok());
        let made = cluster.image.topic(TopicId(0)).unwrap();
        let first = &made.partitions[&PartitionId(0)];
        assert_eq!((&first.replicas, &first.isr, first.leader), (&brokers(&[3, 2]), &brokers(&[2]), Some(BrokerId(2))));
    }

    #[test]
    fn overrides_become_records_and_bad_ones_are_refused() {
        let mut cluster = Cluster::of(&[1]);
        let with = |key: &str, value: &str| {
            let configs = BTreeMap::from([(key.to_owned(), value.to_owned())]);
            NewTopic { configs, ..topic("t") }
        };
        let outcome = create(&mut cluster, &[with("min.insync.replicas", "zwei")]).remove(0).1.unwrap_err();
        assert_eq!(outcome.0, ErrorCode::InvalidConfig);
        assert!(outcome.1.contains("zwei") && outcome.1.contains("min.insync.replicas"), "{}", outcome.1);
        assert!(create(&mut cluster, &[with("unclean.leader.election.enable", "true")])[0].1.is_ok());
        assert!(cluster.control().allows_unclean(TopicId(0)));
    }
}
