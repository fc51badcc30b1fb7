//! The cluster's metadata: the records that change it, the batches they travel in, and the image they add up to.

mod batch;
mod image;
mod record;

pub use batch::{BatchContent, LeaderChange, LogEntry, MetadataBatch, OffsetAndEpoch, Snapshot};
pub use image::{BrokerRegistration, ELIGIBLE_LEADER_REPLICAS, MetadataImage, TopicImage};
pub use record::{LeaderRecoveryState, MetadataRecord, PartitionChange, PartitionRegistration, TopicOverrides};
