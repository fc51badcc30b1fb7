//! The partitions a consumer reads: position, what is committed, what lies buffered (`SubscriptionState`).

use std::collections::{BTreeMap, VecDeque};

use super::application::PolledRecord;
use crate::engine::common::{BrokerId, LeaderEpoch, Offset, Time, TopicPartition};
use crate::engine::protocol::OffsetSpec;
use crate::engine::record::RecordBatch;

/// How far a partition is on its way to being read (`SubscriptionState.FetchStates`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PartitionPhase {
    /// Just assigned: what has the group committed?
    Initializing,
    /// There is nothing to go by, or the position is not in the log: `auto.offset.reset` decides, and the leader is
    /// asked for the offset.
    AwaitingReset {
        to: OffsetSpec,
        out_of_range: bool,
    },
    /// Another leader leads: is its history the one that was read (KIP-320)?
    AwaitingValidation,
    Fetching,
}

/// A fetch that asks for this partition, among others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FetchInFlight {
    pub to: BrokerId,
    pub since: Time,
    pub offset: Offset,
}

/// Records that were fetched and that no `poll()` has returned yet.
#[derive(Clone, Debug, Default)]
pub struct Buffered {
    batches: VecDeque<RecordBatch>,
    /// In the first batch.
    next_index: usize,
    /// What lies before is not wanted: a batch may begin earlier than the offset that was asked for.
    from: Offset,
}

impl Buffered {
    fn new(batches: Vec<RecordBatch>, from: Offset) -> Self {
        Self { batches: batches.into(), next_index: 0, from }
    }

    /// Records that lie here.
    #[must_use]
    pub fn len(&self) -> usize {
        self.offsets().count()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.offsets().next().is_none()
    }

    /// Offsets of the first and last record that lie here.
    #[must_use]
    pub fn range(&self) -> Option<(Offset, Offset)> {
        Some((self.offsets().next()?, self.offsets().last()?))
    }

    /// Control batches take offsets and are nothing to an application.
    fn offsets(&self) -> impl Iterator<Item = Offset> {
        let batches = self.batches.iter().enumerate().filter(|(_, batch)| batch.control.is_none());
        let rest = batches.flat_map(|(place, batch)| {
            let taken = if place == 0 { self.next_index } else { 0 };
            batch.iter().skip(taken).map(|(offset, _)| offset)
        });
        rest.filter(|offset| *offset >= self.from)
    }

    /// More records have come, behind those that lie here.
    fn extend(&mut self, batches: Vec<RecordBatch>) {
        self.batches.extend(batches);
    }

    /// Takes the next record out, unless its batch begins at `before` or later.
    fn next(&mut self, partition: TopicPartition, before: Offset) -> Option<PolledRecord> {
        while let Some(batch) = self.batches.front() {
            if batch.base_offset >= before {
                return None;
            }
            if self.next_index >= batch.len() || batch.control.is_some() {
                self.from = self.from.max(batch.next_offset());
                self.batches.pop_front();
                self.next_index = 0;
                continue;
            }
            let offset = batch.offset_of(self.next_index);
            let epoch = batch.partition_leader_epoch;
            let record = PolledRecord::new(partition, offset, epoch, &batch.records[self.next_index]);
            self.next_index += 1;
            if offset >= self.from {
                self.from = offset.next();
                return Some(record);
            }
        }
        None
    }

    /// Where to go on once it is empty: past compacted and control records at the end, too, or they would be fetched
    /// for ever.
    fn end(&self) -> Offset {
        self.batches.back().map_or(self.from, RecordBatch::next_offset).max(self.from)
    }
}

/// One partition that is assigned to this consumer.
#[derive(Clone, Debug)]
pub struct PartitionState {
    phase: PartitionPhase,
    position: Option<Offset>,
    /// Epoch of the record before the position; goes into commits.
    last_epoch: Option<LeaderEpoch>,
    /// Under which leader epoch the position is known, or about to be known, to be right.
    leader_epoch: Option<LeaderEpoch>,
    pub(in crate::engine::clients) committed: Option<Offset>,
    pub(in crate::engine::clients) high_watermark: Option<Offset>,
    buffered: Option<Buffered>,
    pub(in crate::engine::clients) fetch: Option<FetchInFlight>,
    /// After an error the partition is left alone until then.
    pub(in crate::engine::clients) retry_at: Option<Time>,
    /// Whom the leader said to read from, and until when.
    pub(in crate::engine::clients) read_replica: Option<(BrokerId, Time)>,
}

impl PartitionState {
    fn new() -> Self {
        Self {
            phase: PartitionPhase::Initializing,
            position: None,
            last_epoch: None,
            leader_epoch: None,
            committed: None,
            high_watermark: None,
            buffered: None,
            fetch: None,
            retry_at: None,
            read_replica: None,
        }
    }

    #[must_use]
    pub fn phase(&self) -> PartitionPhase {
        self.phase
    }

    /// The next record that `poll()` will return.
    #[must_use]
    pub fn position(&self) -> Option<Offset> {
        self.position
    }

    /// The group's committed offset, as far as this client knows.
    #[must_use]
    pub fn committed(&self) -> Option<Offset> {
        self.committed
    }

    /// As the last fetch told it.
    #[must_use]
    pub fn high_watermark(&self) -> Option<Offset> {
        self.high_watermark
    }

    /// The replica in its own rack that it reads from instead of the leader.
    #[must_use]
    pub fn read_replica(&self) -> Option<BrokerId> {
        self.read_replica.map(|(replica, _)| replica)
    }

    /// The client's metric `records-lag`: high watermark minus position.
    #[must_use]
    pub fn lag(&self) -> Option<u64> {
        Some(self.high_watermark?.since(self.position?))
    }

    /// Fetched records that no `poll()` has returned yet.
    #[must_use]
    pub fn buffered(&self) -> Option<&Buffered> {
        self.buffered.as_ref()
    }

    #[must_use]
    pub fn fetch_in_flight(&self) -> Option<FetchInFlight> {
        self.fetch
    }

    /// Until when it is left alone after an error.
    #[must_use]
    pub fn retry_at(&self) -> Option<Time> {
        self.retry_at
    }

    pub(in crate::engine::clients) fn is_ready(&self, now: Time) -> bool {
        self.retry_at.is_none_or(|at| at <= now)
    }

    pub(in crate::engine::clients) fn seek(&mut self, position: Offset, last_epoch: Option<LeaderEpoch>) {
        self.phase = PartitionPhase::Fetching;
        self.position = Some(position);
        self.last_epoch = last_epoch;
        self.leader_epoch = None;
        self.buffered = None;
        self.retry_at = None;
    }

    /// `maybeValidatePosition`: under another leader epoch the position has to be looked at anew, if it is known which
    /// epoch the record before it is of.
    pub(in crate::engine::clients) fn leader_is(&mut self, epoch: LeaderEpoch) {
        let has_position = matches!(self.phase, PartitionPhase::Fetching | PartitionPhase::AwaitingValidation);
        if !has_position || self.leader_epoch == Some(epoch) {
            return;
        }
        self.leader_epoch = Some(epoch);
        if self.last_epoch.is_some() {
            self.phase = PartitionPhase::AwaitingValidation;
            self.buffered = None;
            self.retry_at = None;
        }
    }

    /// What has to be asked of the leader: its epoch, the epoch before the position, and the position.
    pub(in crate::engine::clients) fn to_validate(&self) -> Option<(LeaderEpoch, LeaderEpoch, Offset)> {
        let awaits = self.phase == PartitionPhase::AwaitingValidation;
        Some((self.leader_epoch?, self.last_epoch?, self.position?)).filter(|_| awaits)
    }

    /// The leader's history contains the position.
    pub(in crate::engine::clients) fn validated(&mut self) {
        self.phase = PartitionPhase::Fetching;
        self.retry_at = None;
    }

    pub(in crate::engine::clients) fn await_reset(&mut self, to: OffsetSpec, out_of_range: bool) {
        self.phase = PartitionPhase::AwaitingReset { to, out_of_range };
        self.buffered = None;
        self.retry_at = None;
    }

    /// Up to where records lie here: where a fetcher that reads ahead goes on.
    pub(in crate::engine::clients) fn read_up_to(&self) -> Option<Offset> {
        self.position.max(self.buffered.as_ref().map(Buffered::end))
    }

    /// Where to fetch from, if it may be asked for: nothing of it lies here or is on its way.
    pub(in crate::engine::clients) fn fetch_offset(&self, now: Time) -> Option<Offset> {
        let is_free = self.phase == PartitionPhase::Fetching && self.fetch.is_none() && self.buffered.is_none();
        self.position.filter(|_| is_free && self.is_ready(now))
    }
}

/// What one fetch brought of one partition, ending at `end`.
#[derive(Clone, Copy, Debug)]
struct Chunk {
    partition: TopicPartition,
    end: Offset,
}

/// All that is assigned, and in which order records arrived.
#[derive(Clone, Debug, Default)]
pub(in crate::engine::clients) struct Subscriptions {
    /// As they were assigned.
    assignment: Vec<TopicPartition>,
    partitions: BTreeMap<TopicPartition, PartitionState>,
    /// What lies buffered, the longest waiting first. The new consumer has at most one of each partition here; the old
    /// one reads ahead.
    arrived: VecDeque<Chunk>,
}

impl Subscriptions {
    pub fn assign(&mut self, partitions: &[TopicPartition]) {
        self.arrived.clear();
        self.assignment = partitions.to_vec();
        self.partitions = partitions.iter().map(|partition| (*partition, PartitionState::new())).collect();
    }

    /// Another assignment, in which what was read before is read on (`assignFromSubscribed`).
    pub fn reassign(&mut self, partitions: &[TopicPartition]) {
        self.arrived.retain(|chunk| partitions.contains(&chunk.partition));
        self.assignment = partitions.to_vec();
        self.partitions.retain(|partition, _| partitions.contains(partition));
        for partition in partitions {
            self.partitions.entry(*partition).or_insert_with(PartitionState::new);
        }
    }

    /// Gives all up and says what that was.
    pub fn take(&mut self) -> Vec<TopicPartition> {
        self.arrived.clear();
        self.partitions.clear();
        std::mem::take(&mut self.assignment)
    }

    pub fn assignment(&self) -> &[TopicPartition] {
        &self.assignment
    }

    pub fn is_empty(&self) -> bool {
        self.partitions.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = (TopicPartition, &PartitionState)> {
        self.partitions.iter().map(|(partition, state)| (*partition, state))
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = (TopicPartition, &mut PartitionState)> {
        self.partitions.iter_mut().map(|(partition, state)| (*partition, state))
    }

    pub fn get(&self, partition: TopicPartition) -> Option<&PartitionState> {
        self.partitions.get(&partition)
    }

    pub fn get_mut(&mut self, partition: TopicPartition) -> Option<&mut PartitionState> {
        self.partitions.get_mut(&partition)
    }

    /// Every position there is (`allConsumed`): what a commit of "everything" commits.
    pub fn all_consumed(&self) -> Vec<(TopicPartition, Offset)> {
        let position = |(partition, state): (TopicPartition, &PartitionState)| {
            let is_valid = state.phase == PartitionPhase::Fetching;
            state.position.filter(|_| is_valid).map(|position| (partition, position))
        };
        self.iter().filter_map(position).collect()
    }

    /// Epoch of the record before `offset`, if that is the position.
    pub fn epoch_before(&self, partition: TopicPartition, offset: Offset) -> Option<LeaderEpoch> {
        self.get(partition).filter(|state| state.position == Some(offset)).and_then(|state| state.last_epoch)
    }

    /// Records have come for a partition that awaits them.
    pub fn arrived(&mut self, partition: TopicPartition, batches: Vec<RecordBatch>) {
        let state = self.partitions.get_mut(&partition).expect("only what is assigned is buffered");
        let from = state.position.expect("only a partition with a position is fetched");
        let buffered = match &mut state.buffered {
            Some(buffered) => {
                buffered.extend(batches);
                buffered
            }
            none => none.insert(Buffered::new(batches, from)),
        };
        self.arrived.push_back(Chunk { partition, end: buffered.end() });
    }

    /// How many fetches' worth lies buffered, of partitions that `wanted` picks.
    pub fn chunks(&self, wanted: impl Fn(TopicPartition) -> bool) -> usize {
        self.arrived.iter().filter(|chunk| wanted(chunk.partition)).count()
    }

    /// Throws away what no `poll()` has returned yet; whatever is on its way is not awaited any more.
    pub fn drop_buffered(&mut self) {
        self.arrived.clear();
        for state in self.partitions.values_mut() {
            state.buffered = None;
            state.fetch = None;
        }
    }

    /// What one `poll()` returns: at most `max` records, partition after partition. Positions move past them.
    pub fn collect(&mut self, max: u32) -> Vec<PolledRecord> {
        let mut records = Vec::new();
        while let Some(Chunk { partition, end }) = self.arrived.front().copied() {
            // A reset may have thrown the records away.
            if let Some(state) = self.partitions.get_mut(&partition)
                && let Some(buffered) = &mut state.buffered
            {
                while records.len() < max as usize
                    && let Some(record) = buffered.next(partition, end)
                {
                    state.position = Some(record.offset.next());
                    state.last_epoch = Some(record.leader_epoch);
                    records.push(record);
                }
                if buffered.offsets().next().is_some_and(|next| next < end) {
                    break;
                }
                state.position = state.position.max(Some(end.min(buffered.end())));
                if buffered.is_empty() {
                    state.buffered = None;
                }
            }
            self.arrived.pop_front();
        }
        records
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::common::TopicId;
    use crate::engine::record::{Control, Record};

    fn t(partition: u32) -> TopicPartition {
        TopicPartition::new(TopicId(0), partition)
    }

    fn batch(base: u64, count: u64) -> RecordBatch {
        let records: Vec<_> = (0..count).map(|_| Record::new(None, Some(b"v"), Time::ZERO)).collect();
        RecordBatch::new(records, None).stamped(Offset(base), LeaderEpoch(4))
    }

    fn reading(partitions: &[u32], from: u64) -> Subscriptions {
        let mut subscriptions = Subscriptions::default();
        let partitions: Vec<_> = partitions.iter().copied().map(t).collect();
        subscriptions.assign(&partitions);
        for (_, state) in subscriptions.iter_mut() {
            state.seek(Offset(from), None);
        }
        subscriptions
    }

    fn offsets(records: &[PolledRecord]) -> Vec<(u32, u64)> {
        records.iter().map(|record| (record.partition.partition.0, record.offset.0)).collect()
    }

    #[test]
    fn a_poll_returns_at_most_so_many_and_the_rest_stays() {
        let mut subscriptions = reading(&[0, 1], 10);
        // The broker sends whole batches: this one begins before the position.
        subscriptions.arrived(t(1), vec![batch(8, 4)]);
        subscriptions.arrived(t(0), vec![batch(10, 2), batch(12, 1)]);
        assert_eq!(subscriptions.get(t(1)).unwrap().buffered().unwrap().range(), Some((Offset(10), Offset(11))));
        assert_eq!(offsets(&subscriptions.collect(3)), [(1, 10), (1, 11), (0, 10)]);
        assert_eq!(subscriptions.get(t(0)).unwrap().position(), Some(Offset(11)));
        assert_eq!(subscriptions.get(t(0)).unwrap().buffered().unwrap().len(), 2);
        assert_eq!(subscriptions.get(t(0)).unwrap().fetch_offset(Time::ZERO), None, "no fetch while some lies here");
        assert_eq!(subscriptions.get(t(1)).unwrap().fetch_offset(Time::ZERO), Some(Offset(12)));
        assert_eq!(offsets(&subscriptions.collect(3)), [(0, 11), (0, 12)]);
        assert_eq!(subscriptions.all_consumed(), [(t(0), Offset(13)), (t(1), Offset(12))]);
        assert_eq!(subscriptions.epoch_before(t(0), Offset(13)), Some(LeaderEpoch(4)));
        assert_eq!(subscriptions.epoch_before(t(0), Offset(12)), None);
    }

    #[test]
    fn the_position_moves_past_what_applications_never_see() {
        let mut subscriptions = reading(&[0], 0);
        let marker = RecordBatch::control(Record::new(Some(b"k"), None, Time::ZERO), Control::Quorum);
        let compacted = batch(2, 3).retain(None, |offset, _| offset == Offset(2));
        subscriptions.arrived(t(0), vec![marker.stamped(Offset(0), LeaderEpoch(0)), batch(1, 1), compacted]);
        assert_eq!(subscriptions.get(t(0)).unwrap().buffered().unwrap().len(), 2);
        assert_eq!(offsets(&subscriptions.collect(500)), [(0, 1), (0, 2)]);
        assert_eq!(subscriptions.get(t(0)).unwrap().position(), Some(Offset(5)));
        subscriptions.arrived(t(0), vec![marker.stamped(Offset(5), LeaderEpoch(0))]);
        assert!(subscriptions.collect(500).is_empty());
        assert_eq!(subscriptions.get(t(0)).unwrap().fetch_offset(Time::ZERO), Some(Offset(6)));
    }

    #[test]
    fn a_poll_that_takes_exactly_all_leaves_nothing_behind() {
        let mut subscriptions = reading(&[0], 0);
        subscriptions.arrived(t(0), vec![batch(0, 2)]);
        assert_eq!(subscriptions.collect(2).len(), 2);
        assert_eq!(subscriptions.get(t(0)).unwrap().fetch_offset(Time::ZERO), Some(Offset(2)));
        assert!(subscriptions.collect(2).is_empty());
    }

    /// The old consumer's fetchers go on while records wait; they come out in the order in which they came.
    #[test]
    fn what_was_read_ahead_comes_out_fetch_by_fetch() {
        let mut subscriptions = reading(&[0, 1], 0);
        subscriptions.arrived(t(0), vec![batch(0, 2)]);
        subscriptions.arrived(t(1), vec![batch(0, 1)]);
        assert_eq!(subscriptions.get(t(0)).unwrap().read_up_to(), Some(Offset(2)));
        subscriptions.arrived(t(0), vec![batch(2, 2)]);
        assert_eq!(subscriptions.get(t(0)).unwrap().read_up_to(), Some(Offset(4)));
        assert_eq!(subscriptions.chunks(|_| true), 3);
        assert_eq!(offsets(&subscriptions.collect(1)), [(0, 0)]);
        assert_eq!(subscriptions.get(t(0)).unwrap().position(), Some(Offset(1)));
        assert_eq!(offsets(&subscriptions.collect(9)), [(0, 1), (1, 0), (0, 2), (0, 3)]);
        assert_eq!(subscriptions.chunks(|_| true), 0);
        assert_eq!(subscriptions.all_consumed(), [(t(0), Offset(4)), (t(1), Offset(1))]);
        // A chunk that a reset threw away does not move the position of what came after it.
        subscriptions.arrived(t(0), vec![batch(4, 9)]);
        subscriptions.get_mut(t(0)).unwrap().seek(Offset(1), None);
        subscriptions.arrived(t(0), vec![batch(1, 2)]);
        assert_eq!(offsets(&subscriptions.collect(9)), [(0, 1), (0, 2)]);
        assert_eq!(subscriptions.get(t(0)).unwrap().position(), Some(Offset(3)));
    }

    #[test]
    fn a_reset_throws_the_buffer_away() {
        let mut subscriptions = reading(&[0], 0);
        subscriptions.arrived(t(0), vec![batch(0, 2)]);
        subscriptions.get_mut(t(0)).unwrap().await_reset(OffsetSpec::Latest, true);
        assert!(subscriptions.collect(500).is_empty());
        assert!(subscriptions.all_consumed().is_empty(), "a position that awaits a reset is not committed");
        assert_eq!(subscriptions.take(), [t(0)]);
        assert!(subscriptions.is_empty());
    }
}
