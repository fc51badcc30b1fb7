//! A batch of `__cluster_metadata`: what the Raft leader appends, followers copy and everybody replays as one.
//!
//! Batches are shared by `Arc` between the logs, the answers on the wire and whoever applies them: they never change.

use std::fmt;
use std::sync::Arc;

use super::MetadataRecord;
use crate::engine::common::{BrokerId, LeaderEpoch, Offset};

/// What a record batch carries besides its records (`DefaultRecordBatch.RECORD_BATCH_OVERHEAD`).
const BATCH_OVERHEAD_BYTES: u64 = 61;

/// One batch with its place in the log.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MetadataBatch {
    pub base_offset: Offset,
    /// Of the Raft leader that appended it.
    pub epoch: LeaderEpoch,
    pub content: BatchContent,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum BatchContent {
    /// The control record with which a leader begins its epoch (`LeaderChangeMessage`). The controller's own records
    /// come after it, and once it is committed, so is everything before it.
    LeaderChange(LeaderChange),
    /// Never empty.
    Records(Vec<MetadataRecord>),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LeaderChange {
    pub leader: BrokerId,
    pub voters: Vec<BrokerId>,
    /// Who gave their votes, the leader among them.
    pub granting_voters: Vec<BrokerId>,
}

/// One entry of the log as somebody reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogEntry<'a> {
    LeaderChange(&'a LeaderChange),
    Record(&'a MetadataRecord),
}

impl MetadataBatch {
    /// How many offsets it takes.
    #[must_use]
    pub fn len(&self) -> u64 {
        match &self.content {
            BatchContent::LeaderChange(_) => 1,
            BatchContent::Records(records) => records.len() as u64,
        }
    }

    /// Never: a batch has at least one record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The offset after its last.
    #[must_use]
    pub fn end_offset(&self) -> Offset {
        self.base_offset.plus(self.len())
    }

    /// Metadata records; none in a control batch.
    #[must_use]
    pub fn records(&self) -> &[MetadataRecord] {
        match &self.content {
            BatchContent::LeaderChange(_) => &[],
            BatchContent::Records(records) => records,
        }
    }

    /// Offset by offset.
    pub fn entries(&self) -> impl Iterator<Item = (Offset, LogEntry<'_>)> {
        let change = match &self.content {
            BatchContent::LeaderChange(change) => Some(LogEntry::LeaderChange(change)),
            BatchContent::Records(_) => None,
        };
        let entries = change.into_iter().chain(self.records().iter().map(LogEntry::Record));
        entries.zip(self.base_offset.0..).map(|(entry, offset)| (Offset(offset), entry))
    }

    /// More than the no-op records that the active controller writes to keep time.
    #[must_use]
    pub fn carries_news(&self) -> bool {
        self.records().iter().any(|record| !matches!(record, MetadataRecord::NoOp))
    }

    #[must_use]
    pub fn size_in_bytes(&self) -> u64 {
        let content = match &self.content {
            BatchContent::LeaderChange(change) => 20 + 8 * (change.voters.len() + change.granting_voters.len()) as u64,
            BatchContent::Records(records) => records.iter().map(MetadataRecord::size_in_bytes).sum(),
        };
        BATCH_OVERHEAD_BYTES + content
    }
}

/// `OffsetAndEpoch`: names a snapshot, and a place in a log's history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct OffsetAndEpoch {
    pub offset: Offset,
    pub epoch: LeaderEpoch,
}

impl PartialOrd for OffsetAndEpoch {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// By epoch first: of two logs the one whose last record is of the later leader is ahead, however long the other is.
impl Ord for OffsetAndEpoch {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.epoch, self.offset).cmp(&(other.epoch, other.offset))
    }
}

/// What the metadata add up to before an offset, as records (`<20-digit offset>-<10-digit epoch>.checkpoint`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The offset after the last that it holds, and the epoch of that last one.
    pub id: OffsetAndEpoch,
    pub records: Arc<[MetadataRecord]>,
    pub size_in_bytes: u64,
}

impl Snapshot {
    #[must_use]
    pub fn new(id: OffsetAndEpoch, records: Vec<MetadataRecord>) -> Self {
        let content: u64 = records.iter().map(MetadataRecord::size_in_bytes).sum();
        // A header and a footer, each a control batch of its own.
        Self { id, size_in_bytes: 3 * BATCH_OVERHEAD_BYTES + 40 + content, records: records.into() }
    }

    /// `Snapshots.filenameFromSnapshotId`, with the extension of a finished one.
    #[must_use]
    pub fn file_name(&self) -> String {
        format!("{}.checkpoint", self.id)
    }
}

/// As in a snapshot's file name.
impl fmt::Display for OffsetAndEpoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:020}-{:010}", self.offset.0, self.epoch.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_is_named_by_offset_and_epoch() {
        let id = OffsetAndEpoch { offset: Offset(1234), epoch: LeaderEpoch(7) };
        assert_eq!(Snapshot::new(id, Vec::new()).file_name(), "00000000000000001234-0000000007.checkpoint");
    }

    #[test]
    fn a_later_epoch_beats_a_longer_log() {
        let at = |offset, epoch| OffsetAndEpoch { offset: Offset(offset), epoch: LeaderEpoch(epoch) };
        assert!(at(5, 2) > at(900, 1));
        assert!(at(6, 2) > at(5, 2));
    }
}
