//! The cluster's metadata: the records that change it and the image they add up to.

mod image;
mod record;

pub use image::{BrokerRegistration, MetadataImage, TopicImage};
pub use record::{MetadataRecord, PartitionChange, PartitionRegistration, TopicOverrides};
