//! Fetching from this broker: by followers up to the log's end, by consumers up to the high watermark.
//!
//! A follower's fetch is also its report: it tells the leader how far the follower has come, and everything else about
//! replication follows from that. The answer still carries the high watermark from before the report; the new one
//! travels with the next answer.

use super::BrokerFact;
use super::env::{Env, respond};
use super::fetch_session::{CacheLimits, CachedPartition, Fetch};
use super::partition::Partition;
use super::purgatory::{Parked, ParkedFetch, ParkedId};
use super::replica::FollowerFetch;
use super::replica_manager::ReplicaManager;
use super::timer::BrokerTimer;
use crate::engine::Ctx;
use crate::engine::common::{BrokerId, CorrelationId, ErrorCode, Mutation, NodeId, Offset, TopicPartition};
use crate::engine::metadata::MetadataImage;
use crate::engine::protocol::{
    EpochEnd, FetchParams, FetchPartition, FetchRequest, FetchResponse, Fetched, FetchedPartition, FollowerState,
};
use crate::engine::storage::UnifiedLog;

/// Is the fetcher's report taken down, or is this the second look at a fetch that was parked?
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    First,
    FromPurgatory,
}

/// How much of a response is left to fill (KIP-74: the limits are soft for the first batch).
struct Room {
    bytes: u64,
    min_one_message: bool,
}

impl ReplicaManager {
    /// `ReplicaManager.fetchMessages`: answers at once if there is enough, or any error or divergence to tell.
    pub(super) fn fetch(
        &mut self,
        ctx: &mut Ctx<'_>,
        env: &mut Env<'_>,
        (from, correlation): (NodeId, CorrelationId),
        request: FetchRequest,
    ) {
        for forgotten in self.purgatory.forget_fetches_of(ctx, from) {
            self.sessions.give_back(forgotten);
        }
        let to_follower = request.params.follower.is_some();
        let mut fetch = match self.sessions.open(ctx, env.config.version, from, request) {
            Ok(fetch) => fetch,
            Err(error) => {
                let (error, partitions) = (Some(error), Vec::new());
                respond(ctx, from, correlation, FetchResponse { to_follower, error, session: None, partitions });
                return;
            }
        };
        let told = self.read_from_log(ctx, env, from, &mut fetch, Look::First);
        let is_urgent = |one: &FetchedPartition| {
            let is_news = |fetched: &Fetched| fetched.diverging.is_some() || fetched.preferred_read_replica.is_some();
            one.outcome.as_ref().map_or(true, is_news)
        };
        let (max_wait, min_bytes) = (fetch.params.max_wait, fetch.params.min_bytes);
        let bytes: u64 = told.iter().map(size_of).sum();
        let is_ready =
            max_wait.0 == 0 || fetch.partitions.is_empty() || bytes >= min_bytes || told.iter().any(is_urgent);
        if is_ready || self.is_satisfied(env, &fetch) {
            let told =
                if is_ready { told } else { self.read_from_log(ctx, env, from, &mut fetch, Look::FromPurgatory) };
            return self.answer_fetch(ctx, env, (from, correlation), fetch, told);
        }
        if let Some(first) = fetch.partitions().next() {
            let (partition, offset) = (first.partition, first.fetch_offset);
            ctx.emit(BrokerFact::FetchParked { partition, fetcher: from, offset });
        }
        let id = self.purgatory.next_id();
        let timer = ctx.set_timer(max_wait, BrokerTimer::FetchExpired { parked: id }.into());
        let deadline = ctx.now() + max_wait;
        let parked = Parked { client: from, correlation, since: ctx.now(), deadline, timer };
        self.purgatory.park_fetch(id, ParkedFetch { parked, fetch });
    }

    /// The session takes note of what it tells.
    fn answer_fetch(
        &mut self,
        ctx: &mut Ctx<'_>,
        env: &Env<'_>,
        (to, correlation): (NodeId, CorrelationId),
        fetch: Fetch,
        partitions: Vec<FetchedPartition>,
    ) {
        let to_follower = fetch.params.follower.is_some();
        let limits =
            CacheLimits { slots: env.config.max_incremental_fetch_session_cache_slots, version: env.config.version };
        let session = self.sessions.answered(ctx, limits, to, fetch, &partitions);
        respond(ctx, to, correlation, FetchResponse { to_follower, error: None, session, partitions });
    }

    /// Something changed in this partition.
    pub(super) fn complete_fetches(&mut self, ctx: &mut Ctx<'_>, env: &mut Env<'_>, partition: TopicPartition) {
        for id in self.purgatory.fetches_watching(partition) {
            let waiting = self.purgatory.fetch(id);
            let is_satisfied = waiting.is_some_and(|waiting| self.is_satisfied(env, &waiting.fetch));
            if is_satisfied {
                self.release_fetch(ctx, env, id);
            }
        }
    }

    /// Answers a parked fetch with whatever there is now: it is satisfied, or its time is up.
    pub(super) fn release_fetch(&mut self, ctx: &mut Ctx<'_>, env: &mut Env<'_>, id: ParkedId) {
        let Some(ParkedFetch { parked, mut fetch }) = self.purgatory.release_fetch(ctx, id) else { return };
        let told = self.read_from_log(ctx, env, parked.client, &mut fetch, Look::FromPurgatory);
        self.answer_fetch(ctx, env, (parked.client, parked.correlation), fetch, told);
    }

    /// `DelayedFetch.tryComplete`: an error, a truncated or rolled log, a divergence, or enough bytes.
    fn is_satisfied(&self, env: &Env<'_>, fetch: &Fetch) -> bool {
        let FetchParams { follower, min_bytes, .. } = fetch.params;
        let mut bytes = 0;
        for CachedPartition { asked, .. } in fetch.partitions.awake() {
            if self.readable(env.image, asked, follower).is_err() {
                return true;
            }
            let log = env.logs.get(asked.partition).expect("a hosted partition has a log");
            let end = end_of(env, log, follower);
            // The log was cut, or the consumer is ahead of this replica's high watermark: it is told so at once.
            if asked.fetch_offset > end {
                return true;
            }
            match log.bytes_between(asked.fetch_offset, end) {
                Some(available) => bytes += available.min(asked.max_bytes),
                None => return true,
            }
            if bytes >= min_bytes || !matches!(divergence(log, asked), Ok(None)) {
                return true;
            }
        }
        false
    }

    /// `ReplicaManager.readFromLog`: partition after partition until the response is full. Returns what is to be told.
    /// Partitions of which there is nothing to tell fall asleep.
    fn read_from_log(
        &mut self,
        ctx: &mut Ctx<'_>,
        env: &mut Env<'_>,
        from: NodeId,
        fetch: &mut Fetch,
        look: Look,
    ) -> Vec<FetchedPartition> {
        let bytes = fetch.params.max_bytes.min(u64::from(env.config.fetch_max_bytes));
        let mut room = Room { bytes, min_one_message: true };
        if look == Look::First {
            self.still_there(ctx, env, fetch);
        }
        let lets_sleep = fetch.lets_sleep();
        let mut told = Vec::new();
        for partition in fetch.partitions.awake_in_turn() {
            let asked = &fetch.partitions.get(partition).expect("it is one of them").asked;
            let read = match self.preferred_read_replica(env, asked, &fetch.params) {
                Some(elsewhere) => self.send_elsewhere(env, asked, elsewhere),
                None => self.read_partition(env, asked, fetch.params.follower, &room),
            };
            let outcome = match (read, fetch.params.follower) {
                (Ok(fetched), Some(follower)) if look == Look::First && fetched.diverging.is_none() => {
                    self.follower_reached(ctx, env, asked, follower).map(|()| fetched)
                }
                (read, _) => read,
            };
            if let Err(error) = outcome {
                let (partition, offset) = (asked.partition, asked.fetch_offset);
                ctx.emit(BrokerFact::FetchRefused { partition, fetcher: from, offset, error });
            }
            let hint = outcome.as_ref().err().and_then(|error| self.leader_hint(env.image, asked.partition, *error));
            let one = FetchedPartition { partition: asked.partition, outcome, current_leader: hint };
            let size = size_of(&one);
            room.bytes = room.bytes.saturating_sub(size);
            room.min_one_message &= size == 0;
            if fetch.must_tell(&one) {
                told.push(one);
            } else if lets_sleep
                && let Some(cached) = fetch.partitions.get(partition)
                && self.knows_everything(env, cached, fetch.params.follower)
            {
                fetch.partitions.sleep(partition);
            }
        }
        debug_assert!(self.sleepers_know_everything(env, fetch), "who sleeps misses nothing");
        told
    }

    /// Does this fetcher have all there is, also of what its own report has just moved? And can that only change by
    /// something happening to the partition? A follower that waits to be let into the in-sync set is looked at each time.
    fn knows_everything(&self, env: &Env<'_>, cached: &CachedPartition, follower: Option<FollowerState>) -> bool {
        let asked = &cached.asked;
        let Some(log) = env.logs.get(asked.partition) else { return false };
        let is_in_sync = |follower: FollowerState| {
            let partition = self.partitions.get(&asked.partition);
            partition.and_then(Partition::leading).is_some_and(|state| state.isr.contains(&follower.broker))
        };
        asked.fetch_offset == end_of(env, log, follower)
            && cached.high_watermark == Some(log.high_watermark())
            && cached.log_start_offset == Some(log.log_start_offset())
            && follower.is_none_or(is_in_sync)
    }

    /// What reading every partition of the session would have told of those that sleep: nothing.
    fn sleepers_know_everything(&self, env: &Env<'_>, fetch: &Fetch) -> bool {
        let room = Room { bytes: u64::MAX, min_one_message: true };
        fetch.partitions.asleep().all(|(partition, cached)| {
            let outcome = self.read_partition(env, &cached.asked, fetch.params.follower, &room);
            let told = FetchedPartition { partition, outcome, current_leader: None };
            !cached.is_news(&told) && self.knows_everything(env, cached, fetch.params.follower)
        })
    }

    /// By asking for nothing new of the partitions that sleep, a follower says that it is where it was: at the end.
    fn still_there(&mut self, ctx: &Ctx<'_>, env: &Env<'_>, fetch: &Fetch) {
        let Some(follower) = fetch.params.follower else { return };
        for (id, CachedPartition { asked, .. }) in fetch.partitions.asleep() {
            let report = FollowerFetch {
                fetch_offset: asked.fetch_offset,
                log_start_offset: asked.log_start_offset,
                broker_epoch: follower.broker_epoch,
                at: ctx.now(),
                leader_log_end: asked.fetch_offset,
            };
            if let Some(partition) = self.partitions.get_mut(&id) {
                // A fetch from a former life of the follower's broker counts for nothing, and nobody awaits its answer.
                let _ = partition.record_fetch(follower.broker, report, env.image);
            }
        }
    }

    /// `Partition.fetchRecords`.
    fn read_partition(
        &self,
        env: &Env<'_>,
        asked: &FetchPartition,
        follower: Option<FollowerState>,
        room: &Room,
    ) -> Result<Fetched, ErrorCode> {
        let partition = self.readable(env.image, asked, follower)?;
        let log = env.logs.get(asked.partition).expect("a hosted partition has a log");
        if let Some(follower) = follower {
            check_assigned(partition, follower.broker, asked)?;
        }
        let diverging = divergence(log, asked)?;
        let batches = match diverging {
            Some(_) => Vec::new(),
            None => log
                .read(
                    asked.fetch_offset,
                    end_of(env, log, follower),
                    asked.max_bytes.min(room.bytes),
                    room.min_one_message,
                )
                .map_err(|_| ErrorCode::OffsetOutOfRange)?,
        };
        let (high_watermark, log_start_offset) = (log.high_watermark(), log.log_start_offset());
        Ok(Fetched { high_watermark, log_start_offset, diverging, batches, preferred_read_replica: None })
    }

    /// `ReplicaManager.findPreferredReadReplica` with `RackAwareReplicaSelector`: where else the consumer should read.
    fn preferred_read_replica(&self, env: &Env<'_>, asked: &FetchPartition, params: &FetchParams) -> Option<BrokerId> {
        let selects_by_rack =
            env.config.replica_selector_class.as_ref().is_some_and(|class| class.ends_with("RackAwareReplicaSelector"));
        let rack = params.rack.as_ref().filter(|rack| selects_by_rack && !rack.is_empty())?;
        let partition = self.partitions.get(&asked.partition).filter(|_| params.follower.is_none())?;
        partition.nearest_replica(asked.fetch_offset, rack, env.image)
    }

    /// No records, but the name of who has them.
    fn send_elsewhere(&self, env: &Env<'_>, asked: &FetchPartition, replica: BrokerId) -> Result<Fetched, ErrorCode> {
        self.readable(env.image, asked, None)?;
        let log = env.logs.get(asked.partition).expect("a hosted partition has a log");
        let (high_watermark, log_start_offset) = (log.high_watermark(), log.log_start_offset());
        let preferred_read_replica = Some(replica);
        Ok(Fetched { high_watermark, log_start_offset, preferred_read_replica, ..Fetched::default() })
    }

    /// May this fetcher read here (`Partition.localLogWithEpochOrThrow`)? Followers only from the leader; consumers of
    /// today's protocol also from followers (KIP-392), up to the follower's own high watermark.
    fn readable(
        &self,
        image: &MetadataImage,
        asked: &FetchPartition,
        follower: Option<FollowerState>,
    ) -> Result<&Partition, ErrorCode> {
        let partition = self.partition_or_error(image, asked.partition)?;
        partition.check_current_leader_epoch(asked.current_leader_epoch)?;
        if follower.is_some() && !partition.is_leader() {
            return Err(ErrorCode::NotLeaderOrFollower);
        }
        Ok(partition)
    }

    /// `Partition.updateFollowerFetchState`: the in-sync set may grow, the high watermark may rise.
    fn follower_reached(
        &mut self,
        ctx: &mut Ctx<'_>,
        env: &mut Env<'_>,
        asked: &FetchPartition,
        follower: FollowerState,
    ) -> Result<(), ErrorCode> {
        let id = asked.partition;
        let log = env.logs.get(id).expect("a hosted partition has a log");
        let partition = self.partitions.get_mut(&id).expect("it was read a moment ago");
        let report = FollowerFetch {
            fetch_offset: asked.fetch_offset,
            log_start_offset: asked.log_start_offset,
            broker_epoch: follower.broker_epoch,
            at: ctx.now(),
            leader_log_end: log.log_end_offset(),
        };
        let log_start = |partition: &Partition| {
            partition.leading().and_then(|state| state.followers.get(&follower.broker)?.log_start())
        };
        let began = log_start(partition);
        let has_moved = partition.record_fetch(follower.broker, report, env.image)?;
        if log_start(partition) != began {
            self.touch(id);
        }
        let partition = self.partitions.get_mut(&id).expect("it was read a moment ago");
        if has_moved {
            let (follower, log_end) = (follower.broker, asked.fetch_offset);
            ctx.emit(BrokerFact::FollowerReached { partition: id, follower, log_end });
        }
        if let Some(proposal) = partition.maybe_expand_isr(follower.broker, log, env.image) {
            self.submit_alter_partition(ctx, env, proposal);
        }
        if has_moved {
            self.advance_high_watermark(ctx, env, id);
        }
        Ok(())
    }
}

/// The offset below which the fetcher may read. Without transactions the last stable offset is the high watermark, so
/// both isolation levels end there.
fn end_of(env: &Env<'_>, log: &UnifiedLog, follower: Option<FollowerState>) -> Offset {
    let reads_all = follower.is_some() || env.config.sabotage.breaks(Mutation::ServesUncommitted);
    if reads_all { log.log_end_offset() } else { log.high_watermark() }
}

/// `Partition.followerReplicaOrThrow`.
fn check_assigned(partition: &Partition, follower: BrokerId, asked: &FetchPartition) -> Result<(), ErrorCode> {
    let is_assigned = partition.leading().is_some_and(|state| state.followers.contains_key(&follower));
    match (is_assigned, asked.current_leader_epoch) {
        (true, _) => Ok(()),
        (false, Some(_)) => Err(ErrorCode::UnknownLeaderEpoch),
        (false, None) => Err(ErrorCode::NotLeaderOrFollower),
    }
}

/// Does the fetcher's history depart from ours before the offset it asks for (KIP-595)?
fn divergence(log: &UnifiedLog, asked: &FetchPartition) -> Result<Option<EpochEnd>, ErrorCode> {
    let Some(fetched_epoch) = asked.last_fetched_epoch else { return Ok(None) };
    let end = log.end_offset_for_epoch(fetched_epoch).ok_or(ErrorCode::OffsetOutOfRange)?;
    if asked.fetch_offset < log.log_start_offset() {
        return Err(ErrorCode::OffsetOutOfRange);
    }
    Ok((end.epoch < fetched_epoch || end.end_offset < asked.fetch_offset).then_some(end))
}

fn size_of(one: &FetchedPartition) -> u64 {
    let batches = one.outcome.as_ref().map(|fetched| fetched.batches.as_slice()).unwrap_or_default();
    batches.iter().map(|batch| u64::from(batch.size_in_bytes())).sum()
}
