//! The controller's own copy of `__cluster_metadata`: the records in order, and how far they are safe on disk.
//!
//! Records sit in chunks shared by `Arc`: full chunks never change again, so cloning a log copies a few pointers, and
//! appending to a clone copies at most one chunk. Always holds: `flushed ≤ end`.

use std::sync::Arc;

use crate::engine::common::Offset;
use crate::engine::metadata::MetadataRecord;

const CHUNK_RECORDS: usize = 128;

/// What a record batch of the Raft log carries besides its records (`DefaultRecordBatch.RECORD_BATCH_OVERHEAD`).
const BATCH_OVERHEAD_BYTES: u64 = 61;

#[derive(Clone, Debug, Default)]
pub struct MetadataLog {
    /// All full but the last.
    chunks: Vec<Arc<Vec<MetadataRecord>>>,
    end: Offset,
    flushed: Offset,
}

impl MetadataLog {
    /// The offset of the next record.
    #[must_use]
    pub fn end_offset(&self) -> Offset {
        self.end
    }

    /// Everything before this survives a loss of power.
    #[must_use]
    pub fn flushed_offset(&self) -> Offset {
        self.flushed
    }

    #[must_use]
    pub fn get(&self, offset: Offset) -> Option<&MetadataRecord> {
        let index = usize::try_from(offset.0).ok()?;
        self.chunks.get(index / CHUNK_RECORDS)?.get(index % CHUNK_RECORDS)
    }

    /// Records from `from` on, with their offsets.
    pub fn iter_from(&self, from: Offset) -> impl Iterator<Item = (Offset, &MetadataRecord)> {
        let first = usize::try_from(from.0).expect("a log in memory is shorter than usize can count");
        let within = first % CHUNK_RECORDS;
        let records = self.chunks.iter().skip(first / CHUNK_RECORDS).flat_map(|chunk| chunk.iter()).skip(within);
        records.zip(from.0..).map(|(record, offset)| (Offset(offset), record))
    }

    /// Writes records to the page cache; returns how many bytes a flush has to carry.
    pub fn append(&mut self, records: impl IntoIterator<Item = MetadataRecord>) -> u64 {
        let mut bytes = BATCH_OVERHEAD_BYTES;
        for record in records {
            bytes += size_in_bytes(&record);
            match self.chunks.last_mut() {
                Some(chunk) if chunk.len() < CHUNK_RECORDS => Arc::make_mut(chunk).push(record),
                _ => self.chunks.push(Arc::new(vec![record])),
            }
            self.end = self.end.next();
        }
        bytes
    }

    /// The disk is done with everything before `end`.
    pub fn mark_flushed(&mut self, end: Offset) {
        assert!(end <= self.end, "what is flushed was written");
        self.flushed = self.flushed.max(end);
    }

    /// Loss of power: what was never flushed is gone.
    pub fn cut_unflushed(&mut self) {
        let keep = usize::try_from(self.flushed.0).expect("a log in memory is shorter than usize can count");
        self.chunks.truncate(keep.div_ceil(CHUNK_RECORDS));
        let tail = keep % CHUNK_RECORDS;
        if tail > 0
            && let Some(chunk) = self.chunks.last_mut()
        {
            Arc::make_mut(chunk).truncate(tail);
        }
        self.end = self.flushed;
    }
}

/// About as many bytes as the record takes in Kafka's serialisation: ids are UUIDs of 16 bytes, numbers are int32 or
/// int64, and each record has a frame of its own. Only the time of a flush depends on it.
fn size_in_bytes(record: &MetadataRecord) -> u64 {
    let frame = 10;
    let list = |len: usize| 1 + 4 * len as u64;
    let body = match record {
        MetadataRecord::RegisterBroker { rack, .. } => 100 + rack.as_ref().map_or(0, |rack| rack.len() as u64),
        MetadataRecord::FenceBroker { .. } | MetadataRecord::UnfenceBroker { .. } => 16,
        MetadataRecord::Topic { name, .. } => 18 + name.len() as u64,
        MetadataRecord::Partition { registration, .. } => {
            36 + list(registration.replicas.len()) + list(registration.isr.len())
        }
        MetadataRecord::PartitionChange { change, .. } => {
            22 + change.isr.as_ref().map_or(0, |isr| list(isr.len())) + if change.leader.is_some() { 6 } else { 0 }
        }
        MetadataRecord::TopicConfig { key, value, .. } | MetadataRecord::BrokerConfig { key, value, .. } => {
            20 + key.len() as u64 + value.as_ref().map_or(0, |value| value.len() as u64)
        }
        MetadataRecord::NoOp => 3,
    };
    frame + body
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::common::TopicId;

    fn topic(id: u32) -> MetadataRecord {
        MetadataRecord::Topic { topic: TopicId(id), name: format!("t{id}").into() }
    }

    #[test]
    fn offsets_run_on_across_chunks_and_clones_do_not_disturb_each_other() {
        let mut log = MetadataLog::default();
        log.append((0..300).map(topic));
        let clone = log.clone();
        log.append([MetadataRecord::NoOp]);
        assert_eq!((log.end_offset(), clone.end_offset()), (Offset(301), Offset(300)));
        assert_eq!(clone.get(Offset(300)), None);
        let from: Vec<_> = log.iter_from(Offset(255)).take(2).collect();
        assert_eq!(from, [(Offset(255), &topic(255)), (Offset(256), &topic(256))]);
        assert_eq!(log.iter_from(Offset(300)).collect::<Vec<_>>(), [(Offset(300), &MetadataRecord::NoOp)]);
        assert_eq!(log.iter_from(Offset(301)).count(), 0);
    }

    #[test]
    fn a_power_loss_keeps_what_was_flushed() {
        for flushed in [0, 1, 127, 128, 129, 256, 300] {
            let mut log = MetadataLog::default();
            log.append((0..300).map(topic));
            log.mark_flushed(Offset(flushed));
            log.cut_unflushed();
            assert_eq!(log.end_offset(), Offset(flushed));
            assert_eq!(log.iter_from(Offset(0)).count() as u64, flushed);
            log.append([MetadataRecord::NoOp]);
            assert_eq!(log.get(Offset(flushed)), Some(&MetadataRecord::NoOp));
            assert_eq!(log.get(Offset(flushed + 1)), None);
        }
    }
}
