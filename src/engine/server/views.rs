//! Looking into a broker: read-only, for spectators. Nothing here decides anything.

use std::sync::Arc;

use super::alter_partition::AlterPartitionManager;
use super::broker::{Broker, overlaid};
use super::fetch_session::FetchSessionCache;
use super::fetcher::Fetcher;
use super::lifecycle::Lifecycle;
use super::metadata_loader::MetadataLoader;
use super::partition::Partition;
use super::purgatory::Purgatory;
use super::topic_creation::TopicCreation;
use super::zk::ZkSupport;
use crate::engine::common::{BrokerId, NodeId, Time, TopicId, TopicPartition};
use crate::engine::config::{BrokerConfig, TopicConfig};
use crate::engine::coordinator::group::GroupCoordinator;
use crate::engine::metadata::MetadataImage;
use crate::engine::protocol::Request;
use crate::engine::raft::RaftClient;
use crate::engine::storage::{LogManager, LogToClean, UnifiedLog};

impl Broker {
    #[must_use]
    pub fn id(&self) -> BrokerId {
        self.id
    }

    #[must_use]
    pub fn rack(&self) -> Option<&str> {
        self.rack.as_deref()
    }

    /// What it has only in ZooKeeper mode: session, controllership.
    #[must_use]
    pub fn zk(&self) -> Option<&ZkSupport> {
        self.volatile.zk.as_deref()
    }

    /// The configuration in effect.
    #[must_use]
    pub fn config(&self) -> &BrokerConfig {
        &self.volatile.config
    }

    /// The `server.properties` that the next start will read.
    #[must_use]
    pub fn written_config(&self) -> &BrokerConfig {
        &self.durable.config
    }

    /// The `server.properties` that this process was started with.
    #[must_use]
    pub fn started_config(&self) -> &BrokerConfig {
        &self.volatile.file
    }

    /// What a restart would change: the key, the value in effect, the value then.
    #[must_use]
    pub fn pending_restart(&self) -> Vec<(&'static str, String, String)> {
        let then = overlaid(&self.durable.config, self.id, self.image());
        let now = self.config();
        let changed = BrokerConfig::KEYS.iter().map(|key| key.name).filter(|name| now.get(name) != then.get(name));
        changed.map(|name| (name, now.get(name).unwrap_or_default(), then.get(name).unwrap_or_default())).collect()
    }

    /// Registration, heartbeats, fencing.
    #[must_use]
    pub fn lifecycle(&self) -> &Lifecycle {
        &self.volatile.lifecycle
    }

    /// How the metadata log is followed.
    #[must_use]
    pub fn metadata(&self) -> &MetadataLoader {
        &self.volatile.metadata
    }

    /// Its replica of the metadata log, and whom it follows.
    #[must_use]
    pub fn raft(&self) -> &RaftClient {
        &self.raft
    }

    /// The cluster as this broker sees it.
    #[must_use]
    pub fn image(&self) -> &MetadataImage {
        self.volatile.metadata.image()
    }

    /// What is on its disks, whether the process lives or not.
    #[must_use]
    pub fn logs(&self) -> &LogManager {
        &self.durable.logs
    }

    #[must_use]
    pub fn log(&self, partition: TopicPartition) -> Option<&UnifiedLog> {
        self.durable.logs.get(partition)
    }

    /// Replicas with a role; none while the process is down or starting.
    pub fn partitions(&self) -> impl Iterator<Item = &Partition> {
        self.volatile.replicas.partitions.values()
    }

    #[must_use]
    pub fn partition(&self, id: TopicPartition) -> Option<&Partition> {
        self.volatile.replicas.partitions.get(&id)
    }

    /// Fetch loops, by leader.
    pub fn fetchers(&self) -> impl Iterator<Item = &Fetcher> {
        self.volatile.replicas.fetchers.values()
    }

    /// The configuration in effect for a topic on this broker.
    #[must_use]
    pub fn topic_config(&self, topic: TopicId) -> Arc<TopicConfig> {
        self.volatile.replicas.topic_config(topic)
    }

    /// How dirty a compacted log is; `None` of one that is not compacted.
    #[must_use]
    pub fn log_to_clean(&self, partition: TopicPartition, now: Time) -> Option<LogToClean> {
        let config = self.topic_config(partition.topic);
        let log = self.log(partition).filter(|_| config.cleanup_policy.compact)?;
        Some(log.to_clean(self.durable.logs.first_dirty_offset(partition), now, &config))
    }

    /// Requests that wait.
    #[must_use]
    pub fn purgatory(&self) -> &Purgatory {
        &self.volatile.replicas.purgatory
    }

    /// Sessions of those who fetch from it.
    #[must_use]
    pub fn fetch_sessions(&self) -> &FetchSessionCache {
        &self.volatile.replicas.sessions
    }

    /// In-sync sets that the controller is asked for.
    #[must_use]
    pub fn alter_partition(&self) -> &AlterPartitionManager {
        &self.volatile.replicas.alter_partition
    }

    /// Groups it coordinates.
    #[must_use]
    pub fn coordinator(&self) -> &GroupCoordinator {
        &self.volatile.coordinator
    }

    /// CreateTopics requests on their way.
    #[must_use]
    pub fn topic_creation(&self) -> &TopicCreation {
        &self.volatile.creation
    }

    /// Requests that came before it served any, and wait.
    pub fn early_requests(&self) -> impl Iterator<Item = (NodeId, &Request)> {
        self.volatile.early.iter().map(|early| (early.from, &early.request))
    }
}
