//! What makes a producer idempotent (`TransactionManager`, without transactions): its id, and the sequence numbers it has
//! given out per partition (KIP-98).
//!
//! A batch gets its sequence when it is first drained and keeps it however often it is sent. Batches that have one and
//! are not done, on the wire or queued to be sent again, are "in flight" here. If the leader's answer shows that a
//! sequence will never be filled, the producer raises its epoch and renumbers what is in flight from 0 (KIP-360); before
//! 2.5 it gave up its id, and with it what was in flight.
//!
//! Kafka renumbers batches by reference. Here they belong to the sender and its queues, so a renumbering is handed out as
//! [`Rewrite`]s, in the order in which they must be made.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::common::{
    ErrorCode, Mutation, Offset, ProducerEpoch, ProducerIdAndEpoch, Sabotage, Sequence, Time, TopicPartition,
};
use crate::engine::record::ProducerStamp;

/// A batch with the stamp `from` gets the stamp `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rewrite {
    pub partition: TopicPartition,
    pub from: ProducerStamp,
    pub to: ProducerStamp,
}

/// A batch as far as sequences are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Numbers {
    pub(super) partition: TopicPartition,
    pub(super) stamp: ProducerStamp,
    pub(super) records: u32,
    /// Renumbered since it was sent last.
    pub(super) is_reset: bool,
}

impl Numbers {
    fn last_sequence(&self) -> Sequence {
        self.stamp.sequence_at(self.records - 1)
    }

    fn next_sequence(&self) -> Sequence {
        self.stamp.sequence_at(self.records)
    }

    fn key(&self) -> (ProducerIdAndEpoch, Sequence) {
        (self.stamp.producer(), self.stamp.base_sequence)
    }
}

/// One partition's numbers (`TxnPartitionEntry`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TxnPartitionEntry {
    /// Under which id and epoch sequences are given out; older batches may still be in flight under another.
    pub producer: Option<ProducerIdAndEpoch>,
    /// Of the next record.
    pub next_sequence: Sequence,
    pub last_acked_sequence: Option<Sequence>,
    last_acked_offset: Option<Offset>,
    /// With a sequence and not done, and how many records each has.
    in_flight: BTreeMap<(ProducerIdAndEpoch, Sequence), u32>,
}

/// Where the producer stands with its id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum IdRequest {
    #[default]
    None,
    InFlight,
    /// It failed; not to be sent again before.
    RetryAt(Time),
}

/// What came of an epoch that had to be raised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Bumped {
    /// Raised by one; these batches begin anew.
    Epoch(ProducerIdAndEpoch, Vec<TopicPartition>, Vec<Rewrite>),
    /// Given up for another id.
    Reset(ProducerIdAndEpoch),
}

#[derive(Clone, Debug)]
pub struct TransactionManager {
    /// Since 2.5; before, a gap costs the id.
    bumps_epochs: bool,
    sabotage: Sabotage,
    producer: Option<ProducerIdAndEpoch>,
    request: IdRequest,
    partitions: BTreeMap<TopicPartition, TxnPartitionEntry>,
    /// Of these a batch that had been sent has expired: nobody knows whether the leader has it. The sequence after it.
    unresolved: BTreeMap<TopicPartition, Sequence>,
    to_rewrite: BTreeSet<TopicPartition>,
    is_bump_required: bool,
    /// The id was given up, and this one was it (before 2.5).
    given_up: Option<ProducerIdAndEpoch>,
}

impl TransactionManager {
    pub(super) fn new(bumps_epochs: bool, sabotage: Sabotage) -> Self {
        Self {
            bumps_epochs,
            sabotage,
            producer: None,
            request: IdRequest::None,
            partitions: BTreeMap::new(),
            unresolved: BTreeMap::new(),
            to_rewrite: BTreeSet::new(),
            is_bump_required: false,
            given_up: None,
        }
    }

    // ---- looking in ----------------------------------------------------------------------------------------------

    /// Id and epoch, once a broker has given them.
    #[must_use]
    pub fn producer(&self) -> Option<ProducerIdAndEpoch> {
        self.producer
    }

    /// The numbers of every partition that was ever written to under this id.
    pub fn partitions(&self) -> impl Iterator<Item = (TopicPartition, &TxnPartitionEntry)> {
        self.partitions.iter().map(|(partition, entry)| (*partition, entry))
    }

    /// Does the partition wait until it is known what became of a batch that expired?
    #[must_use]
    pub fn has_unresolved_sequence(&self, partition: TopicPartition) -> bool {
        self.unresolved.contains_key(&partition)
    }

    // ---- the id --------------------------------------------------------------------------------------------------

    /// Is an id to be asked for now? Otherwise tells when to look again.
    pub(super) fn is_id_due(&self, now: Time) -> Result<bool, Time> {
        match (self.producer, self.request) {
            (Some(_), _) | (None, IdRequest::InFlight) => Ok(false),
            (None, IdRequest::RetryAt(at)) if at > now => Err(at),
            (None, _) => Ok(true),
        }
    }

    /// Nothing can be sent, and Kafka's sender looks at nothing else, before the broker has answered.
    #[must_use]
    pub(super) fn awaits_id(&self) -> bool {
        self.producer.is_none()
    }

    pub(super) fn id_requested(&mut self) {
        self.request = IdRequest::InFlight;
    }

    pub(super) fn id_failed(&mut self, retry_at: Time) {
        self.request = IdRequest::RetryAt(retry_at);
    }

    pub(super) fn id_given(&mut self, producer: ProducerIdAndEpoch) -> Vec<Rewrite> {
        self.request = IdRequest::None;
        self.producer = Some(producer);
        self.rewrite(producer)
    }

    /// What `Sender.runOnce` does first: partitions whose last batches are done are judged, and the epoch is raised if
    /// one of them needs it (`maybeResolveSequences`, `bumpIdempotentEpochAndResetIdIfNeeded`).
    pub(super) fn run_once(&mut self) -> Option<Bumped> {
        self.maybe_resolve_sequences();
        if let Some(producer) = self.given_up.take() {
            return Some(Bumped::Reset(producer));
        }
        let producer = self.producer.filter(|_| self.is_bump_required)?;
        // An epoch is an int16. With all used up, the new id will do for what is to be renumbered.
        if producer.epoch >= ProducerEpoch(i16::MAX.cast_unsigned()) {
            self.producer = None;
            return Some(Bumped::Reset(producer));
        }
        let raised = ProducerIdAndEpoch { epoch: producer.epoch.next(), ..producer };
        self.producer = Some(raised);
        let partitions = self.to_rewrite.iter().copied().collect();
        Some(Bumped::Epoch(raised, partitions, self.rewrite(raised)))
    }

    /// Everything in flight to the partitions that need it begins at 0 under `producer`.
    fn rewrite(&mut self, producer: ProducerIdAndEpoch) -> Vec<Rewrite> {
        self.is_bump_required = false;
        let mut rewrites = Vec::new();
        for partition in std::mem::take(&mut self.to_rewrite) {
            rewrites.extend(self.start_sequences_at_beginning(partition, producer));
            self.unresolved.remove(&partition);
        }
        rewrites
    }

    fn require_bump(&mut self, partition: TopicPartition) {
        if self.bumps_epochs {
            self.is_bump_required = true;
            self.to_rewrite.insert(partition);
        } else {
            self.reset_producer_id();
        }
    }

    /// Until 2.5: the id is given up, and every number with it (`resetProducerId`).
    fn reset_producer_id(&mut self) {
        self.given_up = self.producer.take().or(self.given_up);
        self.partitions.clear();
        self.unresolved.clear();
    }

    // ---- giving numbers ------------------------------------------------------------------------------------------

    /// May the partition's next batch, which has this stamp or none yet, leave now
    /// (`RecordAccumulator.shouldStopDrainBatchesForPartition`)?
    pub(super) fn may_drain(&self, partition: TopicPartition, stamp: Option<ProducerStamp>) -> bool {
        if self.producer.is_none() {
            return false;
        }
        let first_in_flight = self.partitions.get(&partition).and_then(|entry| entry.in_flight.first_key_value());
        match stamp {
            // Older batches are in flight under another epoch, or it is not known what the next number is.
            None => {
                let is_stale = self.bumps_epochs && self.is_stale(partition);
                let waits_for_old = first_in_flight.is_some() && is_stale;
                !waits_for_old && !self.unresolved.contains_key(&partition)
            }
            // One that is sent again goes alone, before all later ones.
            Some(stamp) => first_in_flight.is_none_or(|((_, first), _)| *first == stamp.base_sequence),
        }
    }

    fn is_stale(&self, partition: TopicPartition) -> bool {
        self.partitions.get(&partition).and_then(|entry| entry.producer) != self.producer
    }

    /// The numbers for a batch that is drained for the first time.
    ///
    /// # Panics
    /// If there is no producer id yet: see [`Self::may_drain`].
    pub(super) fn number(&mut self, partition: TopicPartition, records: u32) -> ProducerStamp {
        let producer = self.producer.expect("nothing is drained without a producer id");
        let has_in_flight = self.partitions.get(&partition).is_some_and(|entry| !entry.in_flight.is_empty());
        if self.is_stale(partition) && !has_in_flight {
            let rewrites = self.start_sequences_at_beginning(partition, producer);
            debug_assert!(rewrites.is_empty());
        }
        let entry = self.partitions.entry(partition).or_default();
        let stamp = stamp(producer, entry.next_sequence);
        entry.next_sequence = entry.next_sequence.plus(records);
        entry.in_flight.insert((producer, stamp.base_sequence), records);
        stamp
    }

    /// Numbers once more a batch that has its numbers: no sound producer does so.
    pub(super) fn renumbered(&mut self, batch: &Numbers) -> Option<ProducerStamp> {
        self.producer.filter(|_| self.sabotage.breaks(Mutation::RenumbersRetries))?;
        self.remove_in_flight(batch);
        Some(self.number(batch.partition, batch.records))
    }

    /// Parts of a batch that was too large take its place.
    pub(super) fn split(&mut self, whole: &Numbers, parts: impl Iterator<Item = Numbers>) {
        self.remove_in_flight(whole);
        let entry = self.partitions.entry(whole.partition).or_default();
        entry.in_flight.extend(parts.map(|part| (part.key(), part.records)));
    }

    fn start_sequences_at_beginning(
        &mut self,
        partition: TopicPartition,
        producer: ProducerIdAndEpoch,
    ) -> Vec<Rewrite> {
        let entry = self.partitions.entry(partition).or_default();
        entry.producer = Some(producer);
        entry.next_sequence = Sequence(0);
        entry.last_acked_sequence = None;
        let old = std::mem::take(&mut entry.in_flight);
        old.into_iter().map(|(from, records)| entry.renumber(partition, from, producer, records)).collect()
    }

    fn remove_in_flight(&mut self, batch: &Numbers) {
        if let Some(entry) = self.partitions.get_mut(&batch.partition) {
            entry.in_flight.remove(&batch.key());
        }
    }

    // ---- hearing what became of them -------------------------------------------------------------------------------

    /// The leader has the batch.
    pub(super) fn completed(&mut self, batch: &Numbers, base_offset: Option<Offset>) {
        if !self.bumps_epochs && !self.is_current(batch) {
            return;
        }
        let entry = self.partitions.entry(batch.partition).or_default();
        entry.last_acked_sequence = entry.last_acked_sequence.max(Some(batch.last_sequence()));
        let last_offset = base_offset.map(|base| base.plus(u64::from(batch.records) - 1));
        entry.last_acked_offset = entry.last_acked_offset.max(last_offset);
        self.remove_in_flight(batch);
    }

    /// The batch is given up for good. `adjusts`: later batches must not wait for its numbers to be filled.
    pub(super) fn failed(&mut self, batch: &Numbers, error: Option<ErrorCode>, adjusts: bool) -> Vec<Rewrite> {
        if !self.bumps_epochs && !self.is_current(batch) {
            return Vec::new();
        }
        self.remove_in_flight(batch);
        match error {
            Some(ErrorCode::OutOfOrderSequence) => self.require_bump(batch.partition),
            _ if adjusts && self.bumps_epochs => self.require_bump(batch.partition),
            _ if adjusts => return self.close_gap(batch),
            _ => {}
        }
        Vec::new()
    }

    /// Until 2.5: the batches behind one that failed take over its numbers (`adjustSequencesDueToFailedBatch`).
    fn close_gap(&mut self, failed: &Numbers) -> Vec<Rewrite> {
        let Some(entry) = self.partitions.get_mut(&failed.partition) else { return Vec::new() };
        let later = entry.in_flight.split_off(&failed.key());
        entry.next_sequence = entry.next_sequence.minus(failed.records);
        let moved = |((producer, base), records): ((ProducerIdAndEpoch, Sequence), u32)| {
            let to = base.minus(failed.records);
            entry.in_flight.insert((producer, to), records);
            Rewrite { partition: failed.partition, from: stamp(producer, base), to: stamp(producer, to) }
        };
        later.into_iter().map(moved).collect()
    }

    /// A batch that had been sent has expired: whether the leader has it nobody knows. No new batch leaves before all that
    /// are in flight have told.
    pub(super) fn mark_unresolved(&mut self, batch: &Numbers) -> Sequence {
        let next = batch.next_sequence();
        let marked = self.unresolved.entry(batch.partition).or_insert(next);
        *marked = next.max(*marked);
        *marked
    }

    fn maybe_resolve_sequences(&mut self) {
        let is_done =
            |partition: &TopicPartition| self.partitions.get(partition).is_none_or(|entry| entry.in_flight.is_empty());
        let done: Vec<TopicPartition> = self.unresolved.keys().copied().filter(is_done).collect();
        for partition in done {
            let next = self.partitions.get(&partition).map(|entry| entry.next_sequence).unwrap_or_default();
            self.unresolved.remove(&partition);
            // Everything up to the next number was acknowledged after all, or else there is a gap.
            if !self.is_next(partition, next) {
                self.require_bump(partition);
            }
        }
    }

    /// May a batch that came back with `error` be sent again (`canRetry`)? The numbers may have to be changed for it.
    pub(super) fn can_retry(
        &mut self,
        batch: &Numbers,
        error: ErrorCode,
        log_start: Option<Offset>,
    ) -> (bool, Vec<Rewrite>) {
        match (error, self.bumps_epochs) {
            (ErrorCode::OutOfOrderSequence, true) => {
                let unresolved = self.unresolved.get(&batch.partition);
                // An earlier one is in flight: the leader will have it before this one comes again.
                let is_early = unresolved.is_none()
                    && (batch.is_reset || !self.is_next(batch.partition, batch.stamp.base_sequence));
                if !is_early && unresolved.is_none_or(|next| *next == batch.stamp.base_sequence) {
                    self.require_bump(batch.partition);
                }
                (true, Vec::new())
            }
            (ErrorCode::UnknownProducerId | ErrorCode::OutOfOrderSequence, false) => {
                self.can_retry_before_kip_360(batch, error, log_start)
            }
            _ => (error.is_retriable(), Vec::new()),
        }
    }

    fn can_retry_before_kip_360(
        &mut self,
        batch: &Numbers,
        error: ErrorCode,
        log_start: Option<Offset>,
    ) -> (bool, Vec<Rewrite>) {
        if !self.is_current(batch) {
            return (false, Vec::new());
        }
        if error == ErrorCode::OutOfOrderSequence {
            let is_early = batch.is_reset || !self.is_next(batch.partition, batch.stamp.base_sequence);
            return (is_early && !self.unresolved.contains_key(&batch.partition), Vec::new());
        }
        let acked = self.partitions.get(&batch.partition).and_then(|entry| entry.last_acked_offset);
        let is_deleted = log_start.is_some_and(|start| acked.is_none_or(|acked| acked < start));
        match (batch.is_reset, is_deleted) {
            (true, _) => (true, Vec::new()),
            // All that this producer wrote has been deleted: it begins anew under the same id.
            (false, true) => {
                let producer = batch.stamp.producer();
                (true, self.start_sequences_at_beginning(batch.partition, producer))
            }
            (false, false) => (false, Vec::new()),
        }
    }

    /// Until 2.5 a batch of an id that was given up is not sent again.
    pub(super) fn is_dropped(&self, batch: &Numbers) -> bool {
        !self.bumps_epochs && !self.is_current(batch)
    }

    fn is_current(&self, batch: &Numbers) -> bool {
        self.producer == Some(batch.stamp.producer())
    }

    /// Is it the sequence after the last one that was acknowledged?
    fn is_next(&self, partition: TopicPartition, sequence: Sequence) -> bool {
        let acked = self.partitions.get(&partition).and_then(|entry| entry.last_acked_sequence);
        acked.map_or(Sequence(0), |acked| acked.plus(1)) == sequence
    }
}

impl TxnPartitionEntry {
    /// A batch in flight gets the next number there is.
    fn renumber(
        &mut self,
        partition: TopicPartition,
        (old, base): (ProducerIdAndEpoch, Sequence),
        new: ProducerIdAndEpoch,
        records: u32,
    ) -> Rewrite {
        let rewrite = Rewrite { partition, from: stamp(old, base), to: stamp(new, self.next_sequence) };
        self.in_flight.insert((new, self.next_sequence), records);
        self.next_sequence = self.next_sequence.plus(records);
        rewrite
    }

    /// How many batches have a sequence and are not done.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.in_flight.len()
    }
}

fn stamp(producer: ProducerIdAndEpoch, base_sequence: Sequence) -> ProducerStamp {
    ProducerStamp { producer_id: producer.id, producer_epoch: producer.epoch, base_sequence }
}

#[cfg(test)]
mod tests;
