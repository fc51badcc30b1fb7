//! Classic consumer groups: who is in, who leads, who reads what, and how far each partition has been read.
//!
//! The broker that leads a partition of `__consumer_offsets` coordinates the groups whose ids hash to it. Two things
//! about a group are durable, because they are records in that log: its metadata (generation, members, assignment) and
//! its committed offsets. They change by replaying a committed record and in no other way. Everything else (parked
//! requests, timers, who has joined so far) dies with the process.

mod classic_group;
mod coordinator;
mod join;
mod member;
mod partitioner;
mod records;
#[cfg(test)]
mod tests;
mod wire;

use std::sync::Arc;

pub use classic_group::Group;
pub use coordinator::{GroupCoordinator, PendingWrite};
pub use member::Member;
pub use partitioner::{java_string_hash, partition_for_group};
pub use records::{DecodeError, GroupMetadata, GroupRecord, MemberMetadata, StoredOffset, decode, encode};

use crate::engine::Ctx;
use crate::engine::common::{ErrorCode, MemberId, Offset, PartitionId};
use crate::engine::record::Record;

/// The topic in which groups are kept.
pub const OFFSETS_TOPIC: &str = "__consumer_offsets";

/// The local leader of a partition of `__consumer_offsets`: the broker's replica manager.
pub trait OffsetsLog {
    /// Appends the records as one batch with `acks=all`, and says which offset the high watermark must reach for them
    /// to be committed. The coordinator waits to be told by [`GroupCoordinator::high_watermark`], even if that happens
    /// in the same event (a lone replica): call it once the coordinator has returned.
    ///
    /// # Errors
    /// Nothing was appended: not the leader, or too few replicas in sync.
    fn append(&mut self, ctx: &mut Ctx<'_>, partition: PartitionId, records: Vec<Record>) -> Result<Offset, ErrorCode>;
}

/// What a coordinator waits for. `partition` is that of `__consumer_offsets`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum GroupTimer {
    /// A member's session may be over, or a newcomer has not come back with its id.
    Session { partition: PartitionId, group: Arc<str>, member: MemberId },
    /// The join phase has lasted as long as it may; in an empty group, the initial delay is over.
    Join { partition: PartitionId, group: Arc<str> },
    /// Whoever has not sent SyncGroup by now is out.
    Sync { partition: PartitionId, group: Arc<str> },
    /// A write has waited for `offsets.commit.timeout.ms`.
    Write { partition: PartitionId },
    /// `offsets.retention.check.interval.ms`.
    Expiry { partition: PartitionId },
}

impl GroupTimer {
    /// The partition of `__consumer_offsets` that the timer is about.
    #[must_use]
    pub fn partition(&self) -> PartitionId {
        match self {
            Self::Session { partition, .. }
            | Self::Join { partition, .. }
            | Self::Sync { partition, .. }
            | Self::Write { partition }
            | Self::Expiry { partition } => *partition,
        }
    }
}
