//! What follows for partitions when brokers come, go, or propose: Kafka's `ReplicationControlManager`.
//!
//! Every verb here only reads the image and returns the records that would change it (decide → records → replay); the
//! controller replays them at once, and brokers hear of them when they are committed.

use super::partition_change::{Election, PartitionChangeBuilder};
use crate::engine::common::{BrokerEpoch, BrokerId, ErrorCode, Mutation, TopicId, TopicPartition};
use crate::engine::config::BrokerConfig;
use crate::engine::metadata::{
    ELIGIBLE_LEADER_REPLICAS, LeaderRecoveryState, MetadataImage, MetadataRecord, PartitionRegistration,
};
use crate::engine::protocol::{AlterPartitionRequest, AlteredPartition, IsrProposal};

/// A view of everything that a decision depends on.
#[derive(Clone, Copy, Debug)]
pub struct ReplicationControl<'a> {
    pub image: &'a MetadataImage,
    /// The controller's own configuration.
    pub config: &'a BrokerConfig,
}

/// One partition's answer to AlterPartition.
pub type AlterOutcome = (TopicPartition, Result<AlteredPartition, ErrorCode>);

impl ReplicationControl<'_> {
    /// May lead and be in sync: registered, not fenced, not shutting down.
    #[must_use]
    pub fn is_active(&self, broker: BrokerId) -> bool {
        self.image.is_active(broker)
    }

    #[must_use]
    pub fn has_leaderships(&self, broker: BrokerId) -> bool {
        self.image.partitions().any(|(_, partition)| partition.leader == Some(broker))
    }

    /// `checkBrokerEpoch`: is the request from the registration that counts?
    ///
    /// # Errors
    /// STALE_BROKER_EPOCH.
    pub fn check_broker_epoch(&self, broker: BrokerId, epoch: BrokerEpoch) -> Result<(), ErrorCode> {
        match self.image.broker(broker) {
            Some(registration) if registration.epoch == epoch => Ok(()),
            _ => Err(ErrorCode::StaleBrokerEpoch),
        }
    }

    // ---- brokers -----------------------------------------------------------------------------------------------

    /// `handleBrokerFenced`: first its partitions are seen to, then it is fenced.
    #[must_use]
    pub fn fence(&self, broker: BrokerId) -> Vec<MetadataRecord> {
        let epoch = self.image.broker(broker).expect("only registered brokers are fenced").epoch;
        let mut records = self.leader_and_isr_updates(in_isr(broker), Affected { removed: Some(broker), ..NOBODY });
        records.push(MetadataRecord::FenceBroker { broker, epoch });
        records
    }

    /// `handleBrokerUnfenced`: partitions without a leader may have one now.
    #[must_use]
    pub fn unfence(&self, broker: BrokerId, epoch: BrokerEpoch) -> Vec<MetadataRecord> {
        let mut records = vec![MetadataRecord::UnfenceBroker { broker, epoch }];
        // The image still shows the broker as fenced, so it is named here.
        let added = Affected { added: Some(broker), ..NOBODY };
        records.extend(self.leader_and_isr_updates(|partition| partition.leader.is_none(), added));
        records
    }

    /// `handleBrokerInControlledShutdown`: it goes on serving, but leads nothing more and is in no in-sync set.
    #[must_use]
    pub fn begin_controlled_shutdown(&self, broker: BrokerId) -> Vec<MetadataRecord> {
        let registration = self.image.broker(broker).expect("only registered brokers ask to leave");
        let mut records = Vec::new();
        if !registration.in_controlled_shutdown {
            records.push(MetadataRecord::BrokerInControlledShutdown { broker, epoch: registration.epoch });
        }
        records.extend(self.leader_and_isr_updates(in_isr(broker), Affected { removed: Some(broker), ..NOBODY }));
        records
    }

    /// `handleBrokerShutdown`: another process registers under the broker's id, so the one before is gone. Without the
    /// proof that it ended in good order, its log may lack what it had, and it is no longer eligible to lead.
    #[must_use]
    pub fn handle_broker_shutdown(&self, broker: BrokerId, is_clean: bool) -> Vec<MetadataRecord> {
        if is_clean || !self.keeps_elr() {
            return self.leader_and_isr_updates(in_isr(broker), Affected { removed: Some(broker), ..NOBODY });
        }
        let unclean = Affected { unclean_shutdown: Some(broker), ..NOBODY };
        let mut records = self.leader_and_isr_updates(in_isr(broker), unclean);
        records.extend(self.leader_and_isr_updates(|partition| partition.elr.contains(&broker), unclean));
        records
    }

    /// `generateLeaderAndIsrUpdates` for the partitions that `concerns` picks.
    fn leader_and_isr_updates(
        &self,
        concerns: impl Fn(&PartitionRegistration) -> bool,
        who: Affected,
    ) -> Vec<MetadataRecord> {
        let partitions = self.image.partitions().filter(|(_, partition)| concerns(partition));
        partitions.filter_map(|(id, _)| self.leader_and_isr_update(id, who)).collect()
    }

    fn leader_and_isr_update(&self, id: TopicPartition, who: Affected) -> Option<MetadataRecord> {
        let gone = |broker: BrokerId| Some(broker) == who.removed || Some(broker) == who.unclean_shutdown;
        let may_lead = |broker| !gone(broker) && (Some(broker) == who.added || self.is_active(broker));
        let partition = self.image.partition(id)?;
        let isr = partition.isr.iter().copied().filter(|broker| !gone(*broker)).collect();
        let change = PartitionChangeBuilder::new(partition, &may_lead)
            .eligible_leader_replicas(self.elr_below(id.topic))
            .election(self.online_or_unclean(id.topic))
            .unclean_shutdown(who.unclean_shutdown)
            .target_isr(isr)
            .build()?;
        Some(MetadataRecord::PartitionChange { partition: id, change })
    }

    /// Replicas whose directory has failed neither lead nor are in sync (`handleDirectoriesOffline`).
    #[must_use]
    pub fn remove_offline_replicas(&self, broker: BrokerId, offline: &[TopicPartition]) -> Vec<MetadataRecord> {
        let affected = Affected { removed: Some(broker), ..NOBODY };
        let in_sync = |id: &TopicPartition| self.image.partition(*id).is_some_and(in_isr(broker));
        offline.iter().filter(|id| in_sync(id)).filter_map(|id| self.leader_and_isr_update(*id, affected)).collect()
    }

    // ---- rules -------------------------------------------------------------------------------------------------

    /// Are eligible leader replicas kept?
    #[must_use]
    pub fn keeps_elr(&self) -> bool {
        self.image.feature_level(ELIGIBLE_LEADER_REPLICAS) > 0
    }

    /// Below how many in-sync replicas eligible leader replicas are kept (`getTopicEffectiveMinIsr`); `None`: never.
    fn elr_below(&self, topic: TopicId) -> Option<usize> {
        if !self.keeps_elr() {
            return None;
        }
        let topic = self.image.topic(topic)?;
        let own = topic.overrides.get("min.insync.replicas").map(AsRef::as_ref);
        let own = own.or_else(|| self.image.broker_override(None, "min.insync.replicas"));
        let min_isr: u32 = own.and_then(|value| value.parse().ok()).unwrap_or(self.config.min_insync_replicas);
        let replication_factor = topic.partitions.values().next().map_or(0, |first| first.replicas.len());
        Some(replication_factor.min(min_isr as usize))
    }

    pub(super) fn online_or_unclean(&self, topic: TopicId) -> Election {
        let is_allowed = self.allows_unclean(topic) || self.config.sabotage.breaks(Mutation::ElectsFromOutside);
        if is_allowed { Election::Unclean } else { Election::Online }
    }

    /// A change of one partition as things stand.
    pub(super) fn change(
        &self,
        id: TopicPartition,
        target: impl FnOnce(PartitionChangeBuilder<'_>) -> PartitionChangeBuilder<'_>,
    ) -> Option<MetadataRecord> {
        let may_lead = |broker| self.is_active(broker);
        let builder = PartitionChangeBuilder::new(self.image.partition(id)?, &may_lead);
        let change = target(builder.eligible_leader_replicas(self.elr_below(id.topic))).build()?;
        Some(MetadataRecord::PartitionChange { partition: id, change })
    }

    /// `unclean.leader.election.enable`: the topic's own value, else what was set for all brokers at run time, else what
    /// the controller started with (`ConfigurationControlManager.uncleanLeaderElectionEnabledForTopic`).
    #[must_use]
    pub fn allows_unclean(&self, topic: TopicId) -> bool {
        let own = self.image.topic(topic).and_then(|topic| topic.overrides.get("unclean.leader.election.enable"));
        let own = own.map(AsRef::as_ref);
        let own = own.or_else(|| self.image.broker_override(None, "unclean.leader.election.enable"));
        own.map_or(self.config.unclean_leader_election_enable, |value| value.eq_ignore_ascii_case("true"))
    }

    // ---- AlterPartition ----------------------------------------------------------------------------------------

    /// A leader proposes in-sync sets; each partition is judged by itself.
    ///
    /// # Errors
    /// STALE_BROKER_EPOCH, for the whole request.
    pub fn alter_partition(
        &self,
        request: &AlterPartitionRequest,
    ) -> Result<(Vec<MetadataRecord>, Vec<AlterOutcome>), ErrorCode> {
        self.check_broker_epoch(request.broker, request.broker_epoch)?;
        let mut records = Vec::new();
        let mut outcomes = Vec::new();
        for proposal in &request.partitions {
            let outcome = self.validate(request.broker, proposal).and_then(|partition| {
                let mut partition = partition.clone();
                if let Some(record) = self.adopt(proposal) {
                    let mut elects_another = false;
                    if let MetadataRecord::PartitionChange { change, .. } = &record {
                        elects_another = change.leader.is_some_and(|leader| leader != Some(request.broker));
                        partition.merge(change);
                    }
                    records.push(record);
                    if elects_another {
                        // The new in-sync set completed a reassignment that takes the leader away: the one case in
                        // which there is a record and an error.
                        return Err(ErrorCode::NewLeaderElected);
                    }
                }
                Ok(AlteredPartition {
                    leader: partition.leader,
                    leader_epoch: partition.leader_epoch,
                    partition_epoch: partition.partition_epoch,
                    isr: partition.isr,
                })
            });
            outcomes.push((proposal.partition, outcome));
        }
        Ok((records, outcomes))
    }

    /// A leader that proposes anything has come to terms with how it was elected (KIP-704).
    fn adopt(&self, proposal: &IsrProposal) -> Option<MetadataRecord> {
        let (id, isr) = (proposal.partition, proposal.new_isr.clone());
        let election = self.online_or_unclean(id.topic);
        let recovered = LeaderRecoveryState::Recovered;
        self.change(id, |builder| builder.election(election).target_isr(isr).recovery(recovered))
    }

    /// `validateAlterPartitionData`. The order matters: the error tells the leader what to do next. A member that is
    /// another process than the one the leader saw catch up is not let in (KIP-903): it may have lost its log since.
    fn validate(&self, broker: BrokerId, proposal: &IsrProposal) -> Result<&PartitionRegistration, ErrorCode> {
        let id = proposal.partition;
        let topic = self.image.topic(id.topic).ok_or(ErrorCode::UnknownTopicId)?;
        let partition = topic.partitions.get(&id.partition).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        // A leader ahead of the controller means that this is not the controller any more.
        if proposal.leader_epoch > partition.leader_epoch || proposal.partition_epoch > partition.partition_epoch {
            return Err(ErrorCode::NotController);
        }
        if proposal.leader_epoch < partition.leader_epoch {
            return Err(ErrorCode::FencedLeaderEpoch);
        }
        if partition.leader != Some(broker) {
            return Err(ErrorCode::InvalidRequest);
        }
        if proposal.partition_epoch < partition.partition_epoch {
            return Err(ErrorCode::InvalidUpdateVersion);
        }
        if !is_valid_isr(&partition.replicas, &proposal.new_isr) || !proposal.new_isr.contains(&broker) {
            return Err(ErrorCode::InvalidRequest);
        }
        let is_eligible = |member: &BrokerId| {
            let ignored = self.config.sabotage.breaks(Mutation::IgnoresBrokerEpochs);
            let seen = proposal.broker_epochs.get(member).filter(|_| !ignored);
            self.is_active(*member) && seen.is_none_or(|seen| self.check_broker_epoch(*member, *seen).is_ok())
        };
        if !proposal.new_isr.iter().all(is_eligible) {
            return Err(ErrorCode::IneligibleReplica);
        }
        Ok(partition)
    }
}

/// Whose coming or going makes the controller look at partitions.
#[derive(Clone, Copy, Debug)]
struct Affected {
    /// May neither lead nor be in sync.
    removed: Option<BrokerId>,
    /// May lead, although the image says otherwise yet.
    added: Option<BrokerId>,
    /// As `removed`, and not eligible either.
    unclean_shutdown: Option<BrokerId>,
}

const NOBODY: Affected = Affected { removed: None, added: None, unclean_shutdown: None };

fn in_isr(broker: BrokerId) -> impl Fn(&PartitionRegistration) -> bool {
    move |partition| partition.isr.contains(&broker)
}

/// `Replicas.validateIsr`: replicas only, none twice.
fn is_valid_isr(replicas: &[BrokerId], isr: &[BrokerId]) -> bool {
    isr.iter().enumerate().all(|(at, member)| replicas.contains(member) && !isr[..at].contains(member))
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::engine::common::{LeaderEpoch, PartitionEpoch};

    /// A cluster that is nothing but an image, changed by replaying what is decided.
    pub struct Cluster {
        pub image: MetadataImage,
        pub config: BrokerConfig,
    }

    impl Cluster {
        /// Brokers with these ids, registered and unfenced.
        pub fn of(ids: &[u32]) -> Self {
            let mut cluster = Self { image: MetadataImage::default(), config: BrokerConfig::default() };
            for id in ids {
                let (broker, epoch) = (BrokerId(*id), cluster.next_epoch());
                cluster.replay(&[
                    MetadataRecord::RegisterBroker { broker, epoch, incarnation: u64::from(*id), rack: None },
                    MetadataRecord::UnfenceBroker { broker, epoch },
                ]);
            }
            cluster
        }

        pub fn control(&self) -> ReplicationControl<'_> {
            ReplicationControl { image: &self.image, config: &self.config }
        }

        pub fn replay(&mut self, records: &[MetadataRecord]) {
            for record in records {
                self.image.replay(record);
            }
        }

        fn next_epoch(&self) -> BrokerEpoch {
            BrokerEpoch(self.image.end_offset().0)
        }

        /// A topic of one partition; everybody in the assignment is in sync.
        pub fn topic(&mut self, replicas: &[u32]) -> TopicPartition {
            let topic = self.image.next_topic_id();
            let partition = TopicPartition::new(topic, 0);
            let registration = PartitionRegistration::new(brokers(replicas), brokers(replicas));
            let name = format!("t{topic}").into();
            self.replay(&[
                MetadataRecord::Topic { topic, name },
                MetadataRecord::Partition { partition, registration },
            ]);
            partition
        }

        pub fn fence(&mut self, broker: u32) {
            let records = self.control().fence(BrokerId(broker));
            self.replay(&records);
        }

        pub fn unfence(&mut self, broker: u32) {
            let broker = BrokerId(broker);
            let epoch = self.image.broker(broker).unwrap().epoch;
            let records = self.control().unfence(broker, epoch);
            self.replay(&records);
        }

        pub fn allow_unclean(&mut self, topic: TopicId) {
            let (key, value) = ("unclean.leader.election.enable".into(), Some("true".into()));
            self.replay(&[MetadataRecord::TopicConfig { topic, key, value }]);
        }

        /// (leader, isr, leader epoch, partition epoch)
        pub fn state(&self, id: TopicPartition) -> (Option<u32>, Vec<u32>, u32, u32) {
            let partition = self.image.partition(id).unwrap();
            let isr = partition.isr.iter().map(|id| id.0).collect();
            (partition.leader.map(|id| id.0), isr, partition.leader_epoch.0, partition.partition_epoch.0)
        }

        /// What the controller says to `broker` proposing this; leaves the cluster alone.
        pub fn proposed(
            &self,
            broker: u32,
            epochs: (u32, u32),
            isr: &[u32],
            id: TopicPartition,
        ) -> Result<(), ErrorCode> {
            let broker = BrokerId(broker);
            let broker_epoch = self.image.broker(broker).unwrap().epoch;
            let proposal = IsrProposal {
                partition: id,
                leader_epoch: LeaderEpoch(epochs.0),
                partition_epoch: PartitionEpoch(epochs.1),
                new_isr: brokers(isr),
                broker_epochs: BTreeMap::new(),
            };
            let request = AlterPartitionRequest { broker, broker_epoch, partitions: vec![proposal] };
            let (records, outcomes) = self.control().alter_partition(&request)?;
            assert_eq!(outcomes[0].1.is_err(), records.is_empty());
            outcomes[0].1.as_ref().map(drop).map_err(|error| *error)
        }
    }

    pub fn brokers(ids: &[u32]) -> Vec<BrokerId> {
        ids.iter().map(|id| BrokerId(*id)).collect()
    }

    #[test]
    fn fencing_moves_leaders_and_shrinks_in_sync_sets() {
        let mut cluster = Cluster::of(&[1, 2, 3]);
        let (led, followed, foreign) = (cluster.topic(&[1, 2, 3]), cluster.topic(&[2, 1]), cluster.topic(&[3, 2]));
        let records = cluster.control().fence(BrokerId(1));
        assert_eq!(records.last(), Some(&MetadataRecord::FenceBroker { broker: BrokerId(1), epoch: BrokerEpoch(0) }));
        cluster.replay(&records);
        assert_eq!(cluster.state(led), (Some(2), vec![2, 3], 1, 1));
        assert_eq!(cluster.state(followed), (Some(2), vec![2], 0, 1));
        assert_eq!(cluster.state(foreign), (Some(3), vec![3, 2], 0, 0));
    }

    #[test]
    fn a_partition_waits_for_its_last_in_sync_replica() {
        let mut cluster = Cluster::of(&[1, 2]);
        let id = cluster.topic(&[1, 2]);
        cluster.fence(1);
        cluster.fence(2);
        assert_eq!(cluster.state(id), (None, vec![2], 2, 2));
        // Broker 1 is back, but not in sync: no leader.
        cluster.unfence(1);
        assert_eq!(cluster.state(id), (None, vec![2], 2, 2));
        cluster.unfence(2);
        assert_eq!(cluster.state(id), (Some(2), vec![2], 3, 3));
    }

    #[test]
    fn with_unclean_election_the_first_to_return_leads() {
        let mut cluster = Cluster::of(&[1, 2]);
        let id = cluster.topic(&[1, 2]);
        cluster.allow_unclean(id.topic);
        cluster.fence(1);
        cluster.fence(2);
        assert_eq!(cluster.state(id), (None, vec![2], 2, 2));
        cluster.unfence(1);
        assert_eq!(cluster.state(id), (Some(1), vec![1], 3, 3));
    }

    #[test]
    fn unclean_election_allowed_later_waits_for_the_next_pass() {
        let mut cluster = Cluster::of(&[1, 2]);
        let id = cluster.topic(&[1, 2]);
        cluster.fence(1);
        cluster.fence(2);
        cluster.unfence(1);
        assert_eq!(cluster.control().elect_unclean_leaders(), []);
        cluster.allow_unclean(id.topic);
        let records = cluster.control().elect_unclean_leaders();
        cluster.replay(&records);
        assert_eq!(cluster.state(id), (Some(1), vec![1], 3, 3));
        // A topic's own "false" beats the broker's "true".
        cluster.config.unclean_leader_election_enable = true;
        let (key, value) = ("unclean.leader.election.enable".into(), Some("false".into()));
        cluster.replay(&[MetadataRecord::TopicConfig { topic: id.topic, key, value }]);
        assert!(!cluster.control().allows_unclean(id.topic));
    }

    #[test]
    fn preferred_leaders_return_once_they_are_in_sync() {
        let mut cluster = Cluster::of(&[1, 2]);
        let id = cluster.topic(&[1, 2]);
        cluster.fence(1);
        cluster.unfence(1);
        assert_eq!(cluster.control().imbalanced().count(), 1);
        assert_eq!(cluster.control().balance_leaders(), [], "out of sync, it may not lead");
        let request = AlterPartitionRequest {
            broker: BrokerId(2),
            broker_epoch: cluster.image.broker(BrokerId(2)).unwrap().epoch,
            partitions: vec![IsrProposal {
                partition: id,
                leader_epoch: LeaderEpoch(1),
                partition_epoch: PartitionEpoch(1),
                new_isr: brokers(&[2, 1]),
                broker_epochs: BTreeMap::new(),
            }],
        };
        let (records, outcomes) = cluster.control().alter_partition(&request).unwrap();
        let altered = AlteredPartition {
            leader: Some(BrokerId(2)),
            leader_epoch: LeaderEpoch(1),
            partition_epoch: PartitionEpoch(2),
            isr: brokers(&[2, 1]),
        };
        assert_eq!(outcomes, [(id, Ok(altered))]);
        cluster.replay(&records);
        let records = cluster.control().balance_leaders();
        cluster.replay(&records);
        assert_eq!(cluster.state(id), (Some(1), vec![2, 1], 2, 3));
    }

    #[test]
    fn alter_partition_is_judged_in_kafkas_order() {
        let mut cluster = Cluster::of(&[1, 2, 3, 4]);
        let id = cluster.topic(&[1, 2, 3]);
        cluster.fence(3); // partition epoch 1
        let nowhere = TopicPartition::new(TopicId(9), 0);
        let beyond = TopicPartition::new(id.topic, 7);
        let wrong_isr: &[u32] = &[2, 4];
        // Each case mends what the one before was refused for, and nothing else.
        let cases = [
            (1, (9, 9), wrong_isr, nowhere, ErrorCode::UnknownTopicId),
            (1, (9, 9), wrong_isr, beyond, ErrorCode::UnknownTopicOrPartition),
            (2, (9, 0), wrong_isr, id, ErrorCode::NotController),
            (2, (0, 9), wrong_isr, id, ErrorCode::NotController),
            (2, (0, 0), wrong_isr, id, ErrorCode::InvalidRequest),
            (1, (0, 0), wrong_isr, id, ErrorCode::InvalidUpdateVersion),
            (1, (0, 1), wrong_isr, id, ErrorCode::InvalidRequest),
            (1, (0, 1), &[2, 3], id, ErrorCode::InvalidRequest),
            (1, (0, 1), &[1, 2, 2], id, ErrorCode::InvalidRequest),
            (1, (0, 1), &[1, 2, 3], id, ErrorCode::IneligibleReplica),
        ];
        for (broker, epochs, isr, id, expected) in cases {
            assert_eq!(cluster.proposed(broker, epochs, isr, id), Err(expected), "{broker} {epochs:?} {isr:?}");
        }
        assert_eq!(cluster.proposed(1, (0, 1), &[1], id), Ok(()));
        cluster.fence(1); // leader epoch 1: the old leader is told so before anything else is looked at
        assert_eq!(cluster.proposed(1, (0, 0), wrong_isr, id), Err(ErrorCode::FencedLeaderEpoch));
    }

    #[test]
    fn who_shuts_down_may_not_join_and_does_not_lead() {
        let mut cluster = Cluster::of(&[1, 2]);
        let id = cluster.topic(&[1, 2]);
        let alone = cluster.topic(&[2]);
        let records = cluster.control().begin_controlled_shutdown(BrokerId(2));
        cluster.replay(&records);
        assert_eq!(cluster.state(id), (Some(1), vec![1], 0, 1));
        assert_eq!(cluster.state(alone), (None, vec![2], 1, 1));
        assert_eq!(cluster.proposed(1, (0, 1), &[1, 2], id), Err(ErrorCode::IneligibleReplica));
        assert!(!cluster.control().has_leaderships(BrokerId(2)));
    }

    #[test]
    fn an_old_registration_is_not_heard() {
        let cluster = Cluster::of(&[1]);
        let request =
            AlterPartitionRequest { broker: BrokerId(1), broker_epoch: BrokerEpoch(77), partitions: Vec::new() };
        assert_eq!(cluster.control().alter_partition(&request), Err(ErrorCode::StaleBrokerEpoch));
    }
}
