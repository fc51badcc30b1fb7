//! What happens inside a consumer of 0.8, besides what happens in every consumer.

use std::sync::Arc;

use crate::engine::common::{BrokerId, TopicPartition};
use crate::engine::protocol::ZkPath;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ZookeeperConsumerFact {
    /// No server within `zookeeper.connection.timeout.ms`: the program ends (`ZkTimeoutException`).
    ConnectionTimedOut,
    /// Its znode below `ids` is made.
    Registered { id: Arc<str> },
    /// No server answers. It reads on; what it would tell ZooKeeper waits.
    Disconnected,
    /// A server told it that its session is over. Whatever it owned may be somebody else's since (`ZKSessionExpireListener`).
    SessionExpired,
    /// A watch fired: members, partitions or brokers have changed.
    RebalanceTriggered { path: ZkPath },
    /// `attempt` counts from 0, as in Kafka's log.
    RebalanceBegan { attempt: u32 },
    /// No broker is registered. It keeps what it has, and watches for brokers.
    NoBrokers,
    /// The owner znodes are being deleted; nothing is read from these partitions any more.
    Released { partitions: Vec<TopicPartition> },
    /// The owner znode is its own, under the name of this thread.
    Claimed { partition: TopicPartition, thread: Arc<str> },
    /// Another one's owner znode still stands.
    ClaimRefused { partition: TopicPartition, owner: Option<Arc<str>> },
    /// All claims came true.
    Rebalanced { attempt: u32, partitions: Vec<TopicPartition> },
    /// After `rebalance.backoff.ms` it tries again, if it may.
    AttemptFailed { attempt: u32, why: AttemptFailure },
    /// `ConsumerRebalanceFailedException`: it stays registered and owns nothing until a watch fires again.
    RebalanceFailed { id: Arc<str>, retries: u32 },
    /// From whom it will fetch (`ConsumerFetcherManager`, "Added fetcher for partitions").
    LeadersFound { leaders: Vec<(TopicPartition, BrokerId)> },
}

/// Why an attempt to rebalance failed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AttemptFailure {
    /// A partition of its share is owned by another member.
    Owned,
    /// A znode went while its group was being read, such as that of a member that left.
    Vanished { path: ZkPath },
    /// Round robin wants every member to read the same topics.
    DifferentSubscriptions,
}
