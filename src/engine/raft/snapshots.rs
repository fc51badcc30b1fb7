//! When a replica takes a snapshot of what its log adds up to (`SnapshotGenerator`).

use super::client::RaftClient;
use super::fact::RaftFact;
use crate::engine::Ctx;
use crate::engine::common::{Span, Time};
use crate::engine::config::BrokerConfig;
use crate::engine::metadata::{MetadataBatch, MetadataImage, OffsetAndEpoch, Snapshot};

/// What was applied since the last snapshot.
#[derive(Clone, Debug, Default)]
pub struct SnapshotGenerator {
    bytes: u64,
    last: Time,
}

impl SnapshotGenerator {
    #[must_use]
    pub fn new(now: Time) -> Self {
        Self { bytes: 0, last: now }
    }

    /// A snapshot was loaded: what it holds needs no other.
    pub fn loaded(&mut self, now: Time) {
        *self = Self::new(now);
    }

    /// `image` is what the log adds up to with `batch` as its last: is it time to write it down?
    pub fn applied(
        &mut self,
        ctx: &mut Ctx<'_>,
        config: &BrokerConfig,
        raft: &mut RaftClient,
        batch: &MetadataBatch,
        image: &MetadataImage,
    ) {
        self.bytes += batch.size_in_bytes();
        let interval = config.metadata_log_max_snapshot_interval;
        let is_due = self.bytes >= config.metadata_log_max_record_bytes_between_snapshots
            || (interval > Span::ZERO && ctx.now().since(self.last) >= interval);
        if !is_due {
            return;
        }
        *self = Self::new(ctx.now());
        let id = OffsetAndEpoch { offset: batch.end_offset(), epoch: batch.epoch };
        assert_eq!(id.offset, image.end_offset(), "a snapshot ends with a batch");
        let snapshot = Snapshot::new(id, image.to_records());
        let (records, bytes) = (snapshot.records.len() as u64, snapshot.size_in_bytes);
        ctx.emit(RaftFact::SnapshotTaken { id, records, bytes });
        raft.store_snapshot(snapshot.into(), ctx.now());
    }
}
