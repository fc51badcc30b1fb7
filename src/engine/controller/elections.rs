//! Elections that nobody's coming or going brings about: asked for by an operator (ElectLeaders), or looked for from time
//! to time.

use super::partition_change::Election;
use super::replication_control::ReplicationControl;
use crate::engine::common::{ElectionType, ErrorCode, TopicPartition};
use crate::engine::metadata::{MetadataRecord, PartitionRegistration};
use crate::engine::protocol::{ElectLeadersRequest, PartitionOutcome, Refusal};

/// `ReplicationControlManager.MAX_ELECTIONS_PER_IMBALANCE`: more than so many at once wait for another pass.
pub const MAX_ELECTIONS_PER_PASS: usize = 1_000;

impl ReplicationControl<'_> {
    /// Partitions that the first replica of their assignment does not lead.
    pub fn imbalanced(&self) -> impl Iterator<Item = (TopicPartition, &PartitionRegistration)> {
        self.image.partitions().filter(|(_, partition)| !has_preferred_leader(partition))
    }

    /// `maybeBalancePartitionLeaders`: every imbalanced partition, whatever share of a broker's they are.
    #[must_use]
    pub fn balance_leaders(&self) -> Vec<MetadataRecord> {
        let records = self.imbalanced().filter_map(|(id, _)| self.elect(id, Election::Preferred));
        records.take(MAX_ELECTIONS_PER_PASS).collect()
    }

    /// `maybeElectUncleanLeaders`: for leaderless partitions whose topic was allowed it since.
    #[must_use]
    pub fn elect_unclean_leaders(&self) -> Vec<MetadataRecord> {
        let leaderless = self.image.partitions();
        let leaderless =
            leaderless.filter(|(id, partition)| partition.leader.is_none() && self.allows_unclean(id.topic));
        let records = leaderless.filter_map(|(id, _)| self.elect(id, Election::Unclean));
        records.take(MAX_ELECTIONS_PER_PASS).collect()
    }

    /// ElectLeaders (43). Asked about all partitions, it does not mention those that need no election.
    #[must_use]
    pub fn elect_leaders(&self, request: &ElectLeadersRequest) -> (Vec<MetadataRecord>, Vec<PartitionOutcome>) {
        let mut records = Vec::new();
        let mut outcomes = Vec::new();
        let mut elect = |topic: &std::sync::Arc<str>, partition: u32, mentions_needless: bool| {
            let outcome = self.elect_leader(request.election_type, topic, partition);
            if mentions_needless || !matches!(outcome, Err((ErrorCode::ElectionNotNeeded, _))) {
                outcomes.push((topic.clone(), partition, outcome.map(|record| records.push(record))));
            }
        };
        match &request.partitions {
            Some(named) => named.iter().for_each(|(topic, partition)| elect(topic, *partition, true)),
            None => {
                let all = self.image.topics();
                all.for_each(|(_, topic)| topic.partitions.keys().for_each(|id| elect(&topic.name, id.0, false)));
            }
        }
        (records, outcomes)
    }

    /// `electLeader`.
    fn elect_leader(&self, wanted: ElectionType, topic: &str, partition: u32) -> Result<MetadataRecord, Refusal> {
        let unknown = |what: String| (ErrorCode::UnknownTopicOrPartition, what);
        let plain = |error: ErrorCode| (error, error.message().to_owned());
        let id = self.image.topic_id(topic).ok_or_else(|| unknown(format!("No such topic as {topic}")))?;
        let id = TopicPartition::new(id, partition);
        let registration =
            self.image.partition(id).ok_or_else(|| unknown(format!("No such partition as {topic}-{partition}")))?;
        let (is_needless, election, unavailable) = match wanted {
            ElectionType::Preferred => {
                (has_preferred_leader(registration), Election::Preferred, ErrorCode::PreferredLeaderNotAvailable)
            }
            ElectionType::Unclean => {
                (registration.leader.is_some(), Election::Unclean, ErrorCode::EligibleLeadersNotAvailable)
            }
        };
        if is_needless {
            return Err(plain(ErrorCode::ElectionNotNeeded));
        }
        self.elect(id, election).ok_or_else(|| plain(unavailable))
    }

    fn elect(&self, id: TopicPartition, election: Election) -> Option<MetadataRecord> {
        self.change(id, |builder| builder.election(election))
    }
}

fn has_preferred_leader(partition: &PartitionRegistration) -> bool {
    partition.leader == partition.replicas.first().copied()
}

#[cfg(test)]
mod tests {
    use super::super::replication_control::tests::{Cluster, brokers};
    use super::*;
    use crate::engine::common::BrokerId;
    use crate::engine::metadata::{ELIGIBLE_LEADER_REPLICAS, LeaderRecoveryState};

    fn elect(cluster: &mut Cluster, election_type: ElectionType, topics: &[&str]) -> Vec<(String, Option<ErrorCode>)> {
        let named = topics.iter().map(|topic| ((*topic).into(), 0)).collect();
        let partitions = if topics.is_empty() { None } else { Some(named) };
        let (records, outcomes) = cluster.control().elect_leaders(&ElectLeadersRequest { election_type, partitions });
        cluster.replay(&records);
        let told = |(topic, _, outcome): PartitionOutcome| (topic.to_string(), outcome.err().map(|(error, _)| error));
        outcomes.into_iter().map(told).collect()
    }

    fn told(topic: &str, error: impl Into<Option<ErrorCode>>) -> (String, Option<ErrorCode>) {
        (topic.to_owned(), error.into())
    }

    /// After the cases of Kafka's ReplicationControlManagerTest.testElectPreferredLeaders.
    #[test]
    fn preferred_leaders_are_elected_where_they_can_be() {
        use ElectionType::Preferred;
        let mut cluster = Cluster::of(&[1, 2, 3]);
        let (moved, _fine) = (cluster.topic(&[1, 2]), cluster.topic(&[2, 3]));
        cluster.fence(1);
        let lost = cluster.topic(&[1, 3]);
        let change = crate::engine::metadata::PartitionChange {
            leader: Some(Some(BrokerId(3))),
            isr: Some(brokers(&[3])),
            ..Default::default()
        };
        cluster.replay(&[MetadataRecord::PartitionChange { partition: lost, change }]);
        let unavailable = ErrorCode::PreferredLeaderNotAvailable;
        let expected = [
            told("t0", unavailable),
            told("t1", ErrorCode::ElectionNotNeeded),
            told("t9", ErrorCode::UnknownTopicOrPartition),
        ];
        assert_eq!(elect(&mut cluster, Preferred, &["t0", "t1", "t9"]), expected);
        cluster.unfence(1);
        // It lives, but it is not in sync yet.
        assert_eq!(elect(&mut cluster, Preferred, &["t0"]), [told("t0", unavailable)]);
        let change = crate::engine::metadata::PartitionChange { isr: Some(brokers(&[2, 1])), ..Default::default() };
        cluster.replay(&[MetadataRecord::PartitionChange { partition: moved, change }]);
        // Asked about all, it leaves out those that need no election.
        assert_eq!(elect(&mut cluster, Preferred, &[]), [told("t0", None), told("t2", unavailable)]);
        assert_eq!(cluster.state(moved).0, Some(1));
    }

    #[test]
    fn an_unclean_election_by_hand_needs_no_permission_but_a_leaderless_partition() {
        use ElectionType::Unclean;
        let mut cluster = Cluster::of(&[1, 2]);
        let id = cluster.topic(&[1, 2]);
        assert_eq!(elect(&mut cluster, Unclean, &["t0"]), [told("t0", ErrorCode::ElectionNotNeeded)]);
        cluster.fence(1);
        cluster.fence(2);
        assert_eq!(elect(&mut cluster, Unclean, &["t0"]), [told("t0", ErrorCode::EligibleLeadersNotAvailable)]);
        cluster.unfence(1);
        assert_eq!(cluster.state(id).0, None);
        assert_eq!(elect(&mut cluster, Unclean, &["t0"]), [told("t0", None)]);
        assert_eq!(cluster.state(id), (Some(1), vec![1], 3, 3));
        assert_eq!(cluster.image.partition(id).unwrap().recovery, LeaderRecoveryState::Recovering);
        // Its first proposal says that it has come to terms.
        assert_eq!(cluster.proposed(1, (3, 3), &[1], id), Ok(()));
    }

    #[test]
    fn with_eligible_leader_replicas_the_last_in_sync_replica_may_go_and_lead_again() {
        let mut cluster = Cluster::of(&[1, 2]);
        let feature = ELIGIBLE_LEADER_REPLICAS.into();
        cluster.replay(&[MetadataRecord::FeatureLevel { feature, level: 1 }]);
        let id = cluster.topic(&[1, 2]);
        cluster.fence(1);
        cluster.fence(2);
        let partition = cluster.image.partition(id).unwrap();
        // min.insync.replicas is 1: with one in sync nobody needs to be eligible.
        assert_eq!((&partition.isr, &partition.elr), (&brokers(&[]), &brokers(&[2])));
        assert_eq!(partition.last_known_elr, brokers(&[2]));
        cluster.unfence(1);
        assert_eq!(cluster.state(id).0, None, "broker 1 may lack records");
        cluster.unfence(2);
        assert_eq!(cluster.state(id), (Some(2), vec![2], 3, 3));
        let partition = cluster.image.partition(id).unwrap();
        assert_eq!((&partition.elr, &partition.last_known_elr), (&brokers(&[]), &brokers(&[])));
        assert_eq!(partition.recovery, LeaderRecoveryState::Recovered);
    }

    #[test]
    fn without_proof_of_a_clean_shutdown_a_broker_is_not_eligible_any_more() {
        let mut cluster = Cluster::of(&[1, 2]);
        let feature = ELIGIBLE_LEADER_REPLICAS.into();
        cluster.replay(&[MetadataRecord::FeatureLevel { feature, level: 1 }]);
        let id = cluster.topic(&[1]);
        cluster.fence(1);
        assert_eq!(cluster.control().handle_broker_shutdown(BrokerId(1), true), [], "its file vouches for its log");
        let records = cluster.control().handle_broker_shutdown(BrokerId(1), false);
        cluster.replay(&records);
        let partition = cluster.image.partition(id).unwrap();
        assert_eq!((&partition.elr, &partition.last_known_elr), (&brokers(&[]), &brokers(&[1])));
        // Nobody else can have more: the last leader leads, but it must recover.
        cluster.unfence(1);
        assert_eq!(cluster.state(id).0, Some(1));
        assert_eq!(cluster.image.partition(id).unwrap().recovery, LeaderRecoveryState::Recovering);
    }
}
