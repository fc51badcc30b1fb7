//! What the user's program does with its consumer: `poll()`, process, commit, and again.
//!
//! The program has one thread. While it processes a record or waits for a commit it does not poll, and what only
//! happens inside `poll()` (joining, auto-commit, fetching) does not happen.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::engine::clients::producer::OffsetRanges;
use crate::engine::command::CommitStyle;
use crate::engine::common::{ErrorCode, LeaderEpoch, Offset, Span, Time, TopicPartition};
use crate::engine::record::Record;

/// How many processed records are kept one by one, for showing.
const RECENT: usize = 64;

/// The program around the consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConsumerApplication {
    /// Time spent on each record.
    pub processing: Span,
    pub commit: CommitStyle,
}

/// A record that `poll()` has returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolledRecord {
    pub partition: TopicPartition,
    pub offset: Offset,
    /// Of the leader that wrote it.
    pub leader_epoch: LeaderEpoch,
    /// As text, whatever its bytes are.
    pub key: Option<Arc<str>>,
}

impl PolledRecord {
    pub(in crate::engine::clients) fn new(
        partition: TopicPartition,
        offset: Offset,
        leader_epoch: LeaderEpoch,
        record: &Record,
    ) -> Self {
        let key = record.key.as_deref().map(|key| String::from_utf8_lossy(key).into());
        Self { partition, offset, leader_epoch, key }
    }
}

/// The record that the application is busy with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InHand {
    pub partition: TopicPartition,
    pub offset: Offset,
    pub key: Option<Arc<str>>,
    pub since: Time,
    pub until: Time,
}

/// Where the application's thread is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Activity {
    /// Inside `poll()`, waiting for records (or for the group).
    Polling,
    /// Busy with one record; the rest of the poll waits behind it.
    Processing(InHand),
    /// Inside `commitSync()`.
    Committing(SyncCommit),
    /// Inside `close()`.
    Closing(SyncCommit),
    Closed,
    /// An exception left `poll()` and ended the program.
    Failed(Failure),
}

/// Why a program ended by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Failure {
    /// The broker's word, which no retry can change.
    Refused(ErrorCode),
    /// `auto.offset.reset=none` and nothing was committed (`NoOffsetForPartitionException`).
    NoOffsetForPartition(TopicPartition),
    /// `auto.offset.reset=none` and the position is not in the log (`OffsetOutOfRangeException`).
    OffsetOutOfRange(TopicPartition),
    /// `auto.offset.reset=none` and records that were read are gone (`LogTruncationException`).
    LogTruncation(TopicPartition),
    /// Kafka 0.8: ZooKeeper could not be reached (`ZkTimeoutException`).
    ZooKeeperTimeout,
    /// Kafka 0.8: the first rebalance came to nothing (`ConsumerRebalanceFailedException`).
    RebalanceFailed,
}

/// A commit that the application's thread waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncCommit {
    pub offsets: Vec<(TopicPartition, Offset)>,
    pub since: Time,
    /// `default.api.timeout.ms`; for `close()` half a minute. Kafka 0.8 waits for ZooKeeper without end.
    pub gives_up_at: Option<Time>,
    pub(in crate::engine::clients) attempts: u32,
    pub(in crate::engine::clients) in_flight: bool,
    pub(in crate::engine::clients) retry_at: Option<Time>,
}

impl SyncCommit {
    pub(in crate::engine::clients) fn new(
        offsets: Vec<(TopicPartition, Offset)>,
        now: Time,
        patience: Option<Span>,
    ) -> Self {
        let gives_up_at = patience.map(|patience| now + patience);
        Self { offsets, since: now, gives_up_at, attempts: 0, in_flight: false, retry_at: None }
    }
}

/// A record the application has finished with, once or more often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessedRecord {
    pub partition: TopicPartition,
    pub offset: Offset,
    pub key: Option<Arc<str>>,
    /// The last time.
    pub at: Time,
    /// How often this program has processed it by now: 2 is "read twice".
    pub times: u32,
}

/// What the program has done to the outside world. A crash does not undo it, so it is no part of the process.
#[derive(Clone, Debug, Default)]
pub struct ConsumerLedger {
    counts: BTreeMap<TopicPartition, u64>,
    seen: BTreeMap<TopicPartition, OffsetRanges>,
    repeated: u64,
    recent: VecDeque<ProcessedRecord>,
}

impl ConsumerLedger {
    /// Records processed, per partition; a record read twice counts twice.
    pub fn counts(&self) -> impl Iterator<Item = (TopicPartition, u64)> {
        self.counts.iter().map(|(partition, count)| (*partition, *count))
    }

    /// Records processed in all.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    /// How many times a record was processed that had been processed before.
    #[must_use]
    pub fn repeated(&self) -> u64 {
        self.repeated
    }

    /// Which offsets of a partition were processed at least once.
    #[must_use]
    pub fn processed_offsets(&self, partition: TopicPartition) -> Option<&OffsetRanges> {
        self.seen.get(&partition)
    }

    /// The latest records, each once, oldest first; at most 64.
    pub fn recent(&self) -> impl ExactSizeIterator<Item = &ProcessedRecord> {
        self.recent.iter()
    }

    pub(in crate::engine::clients) fn processed(&mut self, record: &InHand, at: Time) {
        let InHand { partition, offset, .. } = *record;
        *self.counts.entry(partition).or_default() += 1;
        let seen = self.seen.entry(partition).or_default();
        let earlier = self.recent.iter().position(|one| one.partition == partition && one.offset == offset);
        let earlier = earlier.and_then(|index| self.recent.remove(index));
        let times = match (seen.contains(offset), earlier) {
            (false, _) => 1,
            (true, Some(earlier)) => earlier.times + 1,
            // So long ago that only the fact is known.
            (true, None) => 2,
        };
        self.repeated += u64::from(times > 1);
        seen.insert(offset, offset.next());
        self.recent.push_back(ProcessedRecord { partition, offset, key: record.key.clone(), at, times });
        self.recent.drain(..self.recent.len().saturating_sub(RECENT));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::common::TopicId;

    #[test]
    fn what_is_read_twice_is_counted_twice() {
        let mut ledger = ConsumerLedger::default();
        let record = |offset: u64| InHand {
            partition: TopicPartition::new(TopicId(0), 1),
            offset: Offset(offset),
            key: None,
            since: Time::ZERO,
            until: Time::ZERO,
        };
        for offset in [0, 1, 2, 1, 1] {
            ledger.processed(&record(offset), Time(offset));
        }
        let times = ledger.recent().map(|one| (one.offset.0, one.times)).collect::<Vec<_>>();
        assert_eq!(times, [(0, 1), (2, 1), (1, 3)]);
        assert_eq!((ledger.total(), ledger.repeated()), (5, 2));
        for offset in 10..110 {
            ledger.processed(&record(offset), Time(0));
        }
        assert_eq!(ledger.recent().len(), 64);
        ledger.processed(&record(0), Time(0));
        assert_eq!(ledger.recent().last().unwrap().times, 2, "remembered though no longer listed");
    }
}
