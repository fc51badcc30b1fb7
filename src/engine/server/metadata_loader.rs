//! What a broker knows of the cluster: the metadata log as far as it is committed, replayed (`MetadataLoader`).
//!
//! Every change of leaders, topics or brokers reaches this broker here and nowhere else. After a start the whole log is
//! replayed before any of it is acted upon: the loader waits to catch up with the high watermark it first hears of.

use crate::engine::Ctx;
use crate::engine::common::{Offset, Time};
use crate::engine::config::BrokerConfig;
use crate::engine::metadata::{MetadataBatch, MetadataImage, MetadataRecord, Snapshot};
use crate::engine::raft::{RaftClient, SnapshotGenerator};

#[derive(Clone, Debug, Default)]
pub struct MetadataLoader {
    image: MetadataImage,
    high_watermark: Option<Offset>,
    snapshots: SnapshotGenerator,
}

impl MetadataLoader {
    pub(super) fn new(now: Time) -> Self {
        Self { snapshots: SnapshotGenerator::new(now), ..Self::default() }
    }

    /// In ZooKeeper mode the controller's requests tell what is new.
    pub(super) fn fed_by_requests() -> Self {
        Self { image: MetadataImage::without_broker_epochs(), ..Self::default() }
    }

    /// Takes in one piece of news from a request.
    pub(super) fn replay(&mut self, record: &MetadataRecord) {
        self.image.replay(record);
    }

    /// What this broker knows of the cluster.
    #[must_use]
    pub fn image(&self) -> &MetadataImage {
        &self.image
    }

    /// The metadata log's high watermark as last heard.
    #[must_use]
    pub fn high_watermark(&self) -> Option<Offset> {
        self.high_watermark
    }

    /// Everything known to be committed is applied. (Not so before anything is known.)
    pub(super) fn has_caught_up(&self) -> bool {
        self.high_watermark.is_some_and(|high_watermark| self.image.end_offset() >= high_watermark)
    }

    pub(super) fn heard_high_watermark(&mut self, high_watermark: Option<Offset>) {
        self.high_watermark = self.high_watermark.max(high_watermark);
    }

    /// Replays what is committed. Returns whether it was news.
    pub(super) fn apply(
        &mut self,
        ctx: &mut Ctx<'_>,
        config: &BrokerConfig,
        raft: &mut RaftClient,
        batch: &MetadataBatch,
    ) -> bool {
        self.image.apply(batch);
        self.snapshots.applied(ctx, config, raft, batch, &self.image);
        batch.carries_news()
    }

    /// Everything so far is replaced by what the snapshot holds.
    pub(super) fn load(&mut self, now: Time, snapshot: &Snapshot) {
        self.image = MetadataImage::of_snapshot(snapshot);
        self.snapshots.loaded(now);
    }
}
