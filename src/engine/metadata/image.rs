//! What the metadata log adds up to: brokers, topics, partitions.
//!
//! Only [`MetadataImage::replay`] changes it, one record at a time, on the controller and on every broker alike, so
//! two images at the same offset are equal. Topics are shared by `Arc`: cloning an image is cheap.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{MetadataBatch, MetadataRecord, PartitionRegistration, Snapshot, TopicOverrides};
use crate::engine::common::{BrokerEpoch, BrokerId, Offset, PartitionId, ProducerId, TopicId, TopicPartition};

/// A broker as the controller registered it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BrokerRegistration {
    pub epoch: BrokerEpoch,
    pub incarnation: u64,
    pub rack: Option<Arc<str>>,
    pub fenced: bool,
    pub in_controlled_shutdown: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TopicImage {
    pub name: Arc<str>,
    pub partitions: BTreeMap<PartitionId, PartitionRegistration>,
    pub overrides: TopicOverrides,
}

/// The feature by which the controller keeps eligible leader replicas (KIP-966); level 1 is on.
pub const ELIGIBLE_LEADER_REPLICAS: &str = "eligible.leader.replicas.version";

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MetadataImage {
    /// The next record to apply.
    end: Offset,
    brokers: BTreeMap<BrokerId, BrokerRegistration>,
    topics: BTreeMap<TopicId, Arc<TopicImage>>,
    ids: BTreeMap<Arc<str>, TopicId>,
    /// The highest id that a removed topic had. Ids are numbers here, not random, and none is given twice.
    last_removed: Option<TopicId>,
    /// What removed topics were called, as far as this image has seen them.
    removed_names: BTreeMap<TopicId, Arc<str>>,
    features: BTreeMap<Arc<str>, u16>,
    /// Dynamic configuration: `None` is the default of all brokers.
    broker_overrides: BTreeMap<Option<BrokerId>, TopicOverrides>,
    /// The last lease of producer ids: to whom, and where the next begins.
    producer_ids: Option<(BrokerId, BrokerEpoch, ProducerId)>,
    /// UpdateMetadata of ZooKeeper mode does not tell the epochs of brokers.
    hides_broker_epochs: bool,
}

impl MetadataImage {
    /// An image that will be fed by the requests of a ZooKeeper-mode controller.
    #[must_use]
    pub fn without_broker_epochs() -> Self {
        Self { hides_broker_epochs: true, ..Self::default() }
    }

    /// Does this epoch belong to the broker's present life, as far as is known?
    #[must_use]
    pub fn is_current_epoch(&self, broker: BrokerId, epoch: Option<BrokerEpoch>) -> bool {
        let registered = self.brokers.get(&broker);
        registered.is_some_and(|registered| self.hides_broker_epochs || epoch == Some(registered.epoch))
    }

    /// The offset of the next record: all before it is applied.
    #[must_use]
    pub fn end_offset(&self) -> Offset {
        self.end
    }

    #[must_use]
    pub fn broker(&self, id: BrokerId) -> Option<&BrokerRegistration> {
        self.brokers.get(&id)
    }

    /// All registered brokers by id, fenced ones included.
    pub fn brokers(&self) -> impl Iterator<Item = (BrokerId, &BrokerRegistration)> {
        self.brokers.iter().map(|(id, registration)| (*id, registration))
    }

    /// May lead and be in sync: registered, not fenced, not shutting down (`ClusterControlManager.isActive`).
    #[must_use]
    pub fn is_active(&self, id: BrokerId) -> bool {
        self.brokers.get(&id).is_some_and(|broker| !broker.fenced && !broker.in_controlled_shutdown)
    }

    /// Nothing has ever been recorded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.brokers.is_empty() && self.topics.is_empty() && self.features.is_empty()
    }

    /// Finalized features with their levels.
    pub fn features(&self) -> impl Iterator<Item = (&str, u16)> {
        self.features.iter().map(|(feature, level)| (feature.as_ref(), *level))
    }

    /// The level of a feature; 0 is off.
    #[must_use]
    pub fn feature_level(&self, feature: &str) -> u16 {
        self.features.get(feature).copied().unwrap_or(0)
    }

    /// What was set at run time for a broker, or with `None` for all of them.
    pub fn broker_overrides(&self, broker: Option<BrokerId>) -> impl Iterator<Item = (&Arc<str>, &Arc<str>)> {
        self.broker_overrides.get(&broker).into_iter().flatten()
    }

    /// One such value.
    #[must_use]
    pub fn broker_override(&self, broker: Option<BrokerId>, key: &str) -> Option<&str> {
        self.broker_overrides.get(&broker)?.get(key).map(AsRef::as_ref)
    }

    #[must_use]
    pub fn topic_id(&self, name: &str) -> Option<TopicId> {
        self.ids.get(name).copied()
    }

    #[must_use]
    pub fn topic(&self, id: TopicId) -> Option<&TopicImage> {
        self.topics.get(&id).map(Arc::as_ref)
    }

    /// The topic's name, though it may be gone.
    #[must_use]
    pub fn topic_name(&self, id: TopicId) -> Option<&Arc<str>> {
        self.topic(id).map(|topic| &topic.name).or_else(|| self.removed_names.get(&id))
    }

    /// Topics in order of creation.
    pub fn topics(&self) -> impl Iterator<Item = (TopicId, &TopicImage)> {
        self.topics.iter().map(|(id, topic)| (*id, topic.as_ref()))
    }

    #[must_use]
    pub fn partition(&self, id: TopicPartition) -> Option<&PartitionRegistration> {
        self.topics.get(&id.topic)?.partitions.get(&id.partition)
    }

    pub fn partitions(&self) -> impl Iterator<Item = (TopicPartition, &PartitionRegistration)> {
        self.topics.iter().flat_map(|(topic, image)| {
            let id = |partition: &PartitionId| TopicPartition { topic: *topic, partition: *partition };
            image.partitions.iter().map(move |(partition, registration)| (id(partition), registration))
        })
    }

    /// The id the next topic will get.
    #[must_use]
    pub fn next_topic_id(&self) -> TopicId {
        let last = self.topics.last_key_value().map(|(last, _)| *last);
        last.max(self.last_removed).map_or(TopicId(0), |last| last.next())
    }

    /// Where the next block of producer ids begins.
    #[must_use]
    pub fn next_producer_id(&self) -> ProducerId {
        self.producer_ids.map_or(ProducerId(0), |(.., next)| next)
    }

    /// Applies a batch of the log. A control batch changes nothing but has its offset.
    ///
    /// # Panics
    /// If it is not the next one.
    pub fn apply(&mut self, batch: &MetadataBatch) {
        assert_eq!(batch.base_offset, self.end, "batches are applied in order, each once");
        for record in batch.records() {
            self.replay(record);
        }
        self.end = batch.end_offset();
    }

    /// The image that a snapshot holds.
    #[must_use]
    pub fn of_snapshot(snapshot: &Snapshot) -> Self {
        let mut image = Self::default();
        for record in snapshot.records.iter() {
            image.replay(record);
        }
        image.end = snapshot.id.offset;
        image
    }

    /// The records that rebuild the image from nothing (`MetadataImage.write`): brokers, then topics.
    #[must_use]
    pub fn to_records(&self) -> Vec<MetadataRecord> {
        let level = |(feature, level): (&Arc<str>, &u16)| MetadataRecord::FeatureLevel {
            feature: feature.clone(),
            level: *level,
        };
        let mut records: Vec<MetadataRecord> = self.features.iter().map(level).collect();
        for (broker, registration) in self.brokers() {
            let BrokerRegistration { epoch, incarnation, ref rack, fenced, in_controlled_shutdown } = *registration;
            records.push(MetadataRecord::RegisterBroker { broker, epoch, incarnation, rack: rack.clone() });
            if !fenced {
                records.push(MetadataRecord::UnfenceBroker { broker, epoch });
            }
            if in_controlled_shutdown {
                records.push(MetadataRecord::BrokerInControlledShutdown { broker, epoch });
            }
        }
        for (broker, overrides) in &self.broker_overrides {
            records.extend(overrides.iter().map(|(key, value)| MetadataRecord::BrokerConfig {
                broker: *broker,
                key: key.clone(),
                value: Some(value.clone()),
            }));
        }
        for (topic, image) in self.topics() {
            records.push(MetadataRecord::Topic { topic, name: image.name.clone() });
            records.extend(image.partitions.iter().map(|(partition, registration)| MetadataRecord::Partition {
                partition: TopicPartition { topic, partition: *partition },
                registration: registration.clone(),
            }));
            records.extend(image.overrides.iter().map(|(key, value)| MetadataRecord::TopicConfig {
                topic,
                key: key.clone(),
                value: Some(value.clone()),
            }));
        }
        records.extend(self.producer_ids.map(|(broker, epoch, next_producer_id)| MetadataRecord::ProducerIds {
            broker,
            epoch,
            next_producer_id,
        }));
        records.extend(self.last_removed.map(|topic| MetadataRecord::RemoveTopic { topic }));
        records
    }

    /// The offset of a control record, which says nothing about the cluster, is passed over.
    pub fn skip_to(&mut self, end: Offset) {
        assert!(end >= self.end, "an image never goes back");
        self.end = end;
    }

    /// Applies the record at [`Self::end_offset`].
    ///
    /// # Panics
    /// If the record speaks of something no earlier record introduced: the log itself would be broken.
    pub fn replay(&mut self, record: &MetadataRecord) {
        self.end = self.end.next();
        match record {
            MetadataRecord::RegisterBroker { broker, epoch, incarnation, rack } => {
                let registration = BrokerRegistration {
                    epoch: *epoch,
                    incarnation: *incarnation,
                    rack: rack.clone(),
                    fenced: true,
                    in_controlled_shutdown: false,
                };
                self.brokers.insert(*broker, registration);
            }
            MetadataRecord::FenceBroker { broker, .. } => self.broker_mut(*broker).fenced = true,
            MetadataRecord::BrokerInControlledShutdown { broker, .. } => {
                self.broker_mut(*broker).in_controlled_shutdown = true;
            }
            MetadataRecord::FeatureLevel { feature, level } => {
                self.features.insert(feature.clone(), *level);
            }
            MetadataRecord::UnfenceBroker { broker, .. } => self.broker_mut(*broker).fenced = false,
            MetadataRecord::Topic { topic, name } => {
                let image =
                    TopicImage { name: name.clone(), partitions: BTreeMap::new(), overrides: TopicOverrides::new() };
                self.topics.insert(*topic, Arc::new(image));
                self.ids.insert(name.clone(), *topic);
            }
            MetadataRecord::RemoveTopic { topic } => {
                self.last_removed = self.last_removed.max(Some(*topic));
                if let Some(removed) = self.topics.remove(topic)
                    && self.ids.get(&removed.name) == Some(topic)
                {
                    self.ids.remove(&removed.name);
                    self.removed_names.insert(*topic, removed.name.clone());
                }
            }
            MetadataRecord::Partition { partition, registration } => {
                self.topic_mut(partition.topic).partitions.insert(partition.partition, registration.clone());
            }
            MetadataRecord::PartitionChange { partition, change } => self
                .topic_mut(partition.topic)
                .partitions
                .get_mut(&partition.partition)
                .expect("a change follows the record that created the partition")
                .merge(change),
            MetadataRecord::TopicConfig { topic, key, value } => {
                let overrides = &mut self.topic_mut(*topic).overrides;
                match value {
                    Some(value) => overrides.insert(key.clone(), value.clone()),
                    None => overrides.remove(key),
                };
            }
            MetadataRecord::BrokerConfig { broker, key, value } => {
                let overrides = self.broker_overrides.entry(*broker).or_default();
                match value {
                    Some(value) => overrides.insert(key.clone(), value.clone()),
                    None => overrides.remove(key),
                };
            }
            MetadataRecord::ClearElr { topic } => {
                let topics: Vec<TopicId> = topic.map_or_else(|| self.topics.keys().copied().collect(), |one| vec![one]);
                for topic in topics {
                    for partition in self.topic_mut(topic).partitions.values_mut() {
                        partition.elr.clear();
                        partition.last_known_elr.clear();
                    }
                }
            }
            MetadataRecord::ProducerIds { broker, epoch, next_producer_id } => {
                assert!(*next_producer_id > self.next_producer_id(), "no producer id is given twice");
                self.producer_ids = Some((*broker, *epoch, *next_producer_id));
            }
            MetadataRecord::NoOp => {}
        }
    }

    fn broker_mut(&mut self, id: BrokerId) -> &mut BrokerRegistration {
        self.brokers.get_mut(&id).expect("a fencing record follows a registration")
    }

    fn topic_mut(&mut self, id: TopicId) -> &mut TopicImage {
        Arc::make_mut(self.topics.get_mut(&id).expect("a topic's records follow its creation"))
    }
}
