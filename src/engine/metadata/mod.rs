//! The cluster's metadata: the records that change it, the batches they travel in, and the image they add up to.

mod batch;
mod image;
mod record;

pub use batch::{BatchContent, LeaderChange, LogEntry, MetadataBatch, OffsetAndEpoch, Snapshot};
pub use image::{BrokerRegistration, MetadataImage, TopicImage};
pub use record::{MetadataRecord, PartitionChange, PartitionRegistration, TopicOverrides};
