//! Words every engine module shares: ids, time, randomness, error codes, fingerprints.
//!
//! Nothing here knows how Kafka behaves; it only gives its quantities types of their own, so that an
//! offset can never be added to an epoch.

mod election_type;
mod error_code;
mod fingerprint;
mod ids;
mod rng;
mod sabotage;
mod time;
mod turns;

pub use election_type::ElectionType;
pub use error_code::ErrorCode;
pub use fingerprint::{Fingerprint, Fingerprinter};
pub use ids::{
    BrokerEpoch, BrokerId, ClientId, CorrelationId, Generation, LeaderEpoch, MemberId, NodeId, Offset, PartitionEpoch,
    PartitionId, ProducerEpoch, ProducerId, ProducerIdAndEpoch, ProducerIdsBlock, Sequence, ServerId, Step, TopicId,
    TopicPartition, uuid,
};
pub use rng::{Purpose, Rng};
pub use sabotage::{Mutation, Sabotage};
pub use time::{Span, Time};
pub use turns::Turns;
