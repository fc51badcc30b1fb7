//! A broker process: replicas, purgatories, fetchers, its life with the controller.
//!
//! `broker` is the node and only dispatches. `replica_manager` keeps the replicas; what they do is told by verb:
//! `produce`, `fetch` (over `fetch_session`) and `list_offsets` for those who ask, `log_io` where the disk is asked, `fetcher` and `follow` where this broker itself asks a
//! leader, `alter_partition` for the in-sync set. `partition` and `replica` hold the rules of replication and send
//! nothing. `lifecycle`, `metadata_loader`, `topic_creation` and `producer_ids` talk to the controller.

mod alter_partition;
mod broker;
mod delete_records;
mod env;
mod fact;
mod fetch;
mod fetch_session;
mod fetcher;
mod follow;
mod forwarding;
mod lifecycle;
mod list_offsets;
mod log_cleaner;
mod log_dir_failure;
mod log_io;
mod metadata_answers;
mod metadata_loader;
mod offsets_log;
mod partition;
mod produce;
mod producer_ids;
mod purgatory;
mod replica;
mod replica_manager;
#[cfg(test)]
mod tests;
mod timer;
mod topic_creation;
mod views;
mod zk;

pub use alter_partition::AlterPartitionManager;
pub use broker::{Broker, MetadataSource};
pub use fact::BrokerFact;
pub use fetch_session::{CachedPartition, Fetch, FetchSession, FetchSessionCache};
pub use fetcher::{Asked, FetchPhase, Fetcher, InFlight, PartitionFetchState};
pub use lifecycle::{BrokerState, Lifecycle};
pub use log_io::BrokerToken;
pub use metadata_loader::MetadataLoader;
pub use partition::{IsrChange, LeaderState, Partition, PendingIsr, Role};
pub use producer_ids::ProducerIdManager;
pub use purgatory::{DeleteWait, Parked, ParkedDelete, ParkedFetch, ParkedId, ParkedProduce, ProduceWait, Purgatory};
pub use replica::Replica;
pub use timer::BrokerTimer;
pub use topic_creation::{Creation, TopicCreation};
pub use zk::{ZkStage, ZkSupport};
