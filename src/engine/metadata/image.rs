//! What the metadata log adds up to: brokers, topics, partitions.
//!
//! Only [`MetadataImage::replay`] changes it, one record at a time, on the controller and on every broker alike, so
//! two images at the same offset are equal. Topics are shared by `Arc`: cloning an image is cheap.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{MetadataRecord, PartitionRegistration, TopicOverrides};
use crate::engine::common::{BrokerEpoch, BrokerId, Offset, PartitionId, TopicId, TopicPartition};

/// A broker as the controller registered it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BrokerRegistration {
    pub epoch: BrokerEpoch,
    pub incarnation: u64,
    pub rack: Option<Arc<str>>,
    pub fenced: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TopicImage {
    pub name: Arc<str>,
    pub partitions: BTreeMap<PartitionId, PartitionRegistration>,
    pub overrides: TopicOverrides,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MetadataImage {
    /// The next record to apply.
    end: Offset,
    brokers: BTreeMap<BrokerId, BrokerRegistration>,
    topics: BTreeMap<TopicId, Arc<TopicImage>>,
    ids: BTreeMap<Arc<str>, TopicId>,
    /// Dynamic configuration: `None` is the default of all brokers.
    broker_overrides: BTreeMap<Option<BrokerId>, TopicOverrides>,
}

impl MetadataImage {
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

    /// May lead and be in sync: registered and not fenced.
    #[must_use]
    pub fn is_active(&self, id: BrokerId) -> bool {
        self.brokers.get(&id).is_some_and(|registration| !registration.fenced)
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
        self.topics.last_key_value().map_or(TopicId(0), |(last, _)| last.next())
    }

    /// Applies the record at [`Self::end_offset`].
    ///
    /// # Panics
    /// If the record speaks of something no earlier record introduced: the log itself would be broken.
    pub fn replay(&mut self, record: &MetadataRecord) {
        self.end = self.end.next();
        match record {
            MetadataRecord::RegisterBroker { broker, epoch, incarnation, rack } => {
                let registration =
                    BrokerRegistration { epoch: *epoch, incarnation: *incarnation, rack: rack.clone(), fenced: true };
                self.brokers.insert(*broker, registration);
            }
            MetadataRecord::FenceBroker { broker, .. } => self.broker_mut(*broker).fenced = true,
            MetadataRecord::UnfenceBroker { broker, .. } => self.broker_mut(*broker).fenced = false,
            MetadataRecord::Topic { topic, name } => {
                let image =
                    TopicImage { name: name.clone(), partitions: BTreeMap::new(), overrides: TopicOverrides::new() };
                self.topics.insert(*topic, Arc::new(image));
                self.ids.insert(name.clone(), *topic);
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
