//! A broker's side of fetch sessions (KIP-227): what each fetcher asks for, and what it was told last
//! (`FetchManager`, `FetchSessionCache`, `FetchContext`).
//!
//! Sessions are kept in memory only: a broker that starts anew knows none of them. While a fetch is being answered, and
//! that may take as long as it waits, its partitions are lent to it; they come back with the answer, unless the session
//! was thrown out meanwhile.
//!
//! Kafka looks at every partition of a session each time. Here a partition sleeps once its fetcher has been told all there
//! is, until something happens to it; what an answer tells is the same, and in debug builds each answer is checked for it.

use std::collections::BTreeMap;

use super::BrokerFact;
use crate::engine::Ctx;
use crate::engine::common::{ErrorCode, NodeId, Offset, Purpose, Span, Time, TopicPartition, Turns};
use crate::engine::config::KafkaVersion;
use crate::engine::protocol::{
    FetchMetadata, FetchParams, FetchPartition, FetchRequest, FetchSessionId, FetchedPartition,
};

/// `MIN_INCREMENTAL_FETCH_SESSION_EVICTION_MS`: a session is safe from larger ones for so long after it began, and from
/// anybody's for so long after it was used.
const MIN_EVICTION: Span = Span::secs(120);

/// `NumFetchSessionCacheShards`
const SHARDS: u32 = 8;

/// Session ids are positive.
const SESSION_IDS: u32 = i32::MAX.unsigned_abs();

/// A fetch that is being answered: what holds for all of it, and its partitions.
#[derive(Clone, Debug)]
pub struct Fetch {
    pub params: FetchParams,
    pub(super) context: FetchContext,
    pub(super) partitions: Turns<CachedPartition>,
}

/// Which kind of fetch it is, and so what becomes of its partitions (`FetchContext`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FetchContext {
    /// It wants no session, or has ended its own.
    Sessionless,
    /// It lists everything, and wants a session.
    Full,
    Incremental(FetchSessionId),
}

/// One partition of a session: what is asked, and what the fetcher was last told (`CachedPartition`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CachedPartition {
    pub asked: FetchPartition,
    /// `None` before the first answer, and after an error: when that is over, the fetcher shall hear of it.
    pub high_watermark: Option<Offset>,
    pub log_start_offset: Option<Offset>,
}

/// One fetcher's session.
#[derive(Clone, Debug)]
pub struct FetchSession {
    id: FetchSessionId,
    fetcher: NodeId,
    /// A follower's.
    is_privileged: bool,
    created_at: Time,
    last_used: Time,
    /// The number its next request must have.
    epoch: u32,
    /// How many partitions it held when it was last used.
    cached_size: usize,
    /// Was it older than `MIN_EVICTION` when it was last used? Then larger sessions may take its place.
    is_aged: bool,
    /// Empty while they are lent to a fetch.
    partitions: Turns<CachedPartition>,
}

#[derive(Clone, Debug, Default)]
pub struct FetchSessionCache {
    sessions: BTreeMap<FetchSessionId, FetchSession>,
    /// Which shard's turn it is to take a new session.
    next_shard: u32,
}

/// How much room there is, by configuration and version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CacheLimits {
    /// `max.incremental.fetch.session.cache.slots`
    pub slots: u32,
    pub version: KafkaVersion,
}

impl CachedPartition {
    fn new(asked: FetchPartition) -> Self {
        Self { asked, high_watermark: None, log_start_offset: None }
    }

    /// Does the answer say anything that the fetcher does not know (`CachedPartition.maybeUpdateResponseData`)?
    pub(super) fn is_news(&self, told: &FetchedPartition) -> bool {
        told.outcome.as_ref().map_or(true, |fetched| {
            !fetched.batches.is_empty()
                || fetched.diverging.is_some()
                || fetched.preferred_read_replica.is_some()
                || self.high_watermark != Some(fetched.high_watermark)
                || self.log_start_offset != Some(fetched.log_start_offset)
        })
    }

    fn told(&mut self, told: &FetchedPartition) {
        match &told.outcome {
            Ok(fetched) => {
                self.high_watermark = Some(fetched.high_watermark);
                self.log_start_offset = Some(fetched.log_start_offset);
            }
            Err(_) => self.high_watermark = None,
        }
    }
}

impl Fetch {
    /// What it asks for, in a session also what it no longer says.
    pub fn partitions(&self) -> impl Iterator<Item = &FetchPartition> {
        self.partitions.iter().map(|(_, cached)| &cached.asked)
    }

    /// May partitions sleep? Not without a session, and not if a consumer is to be sent to a replica in its rack: that can
    /// come about without anything happening to the partition.
    pub(super) fn lets_sleep(&self) -> bool {
        matches!(self.context, FetchContext::Incremental(_)) && self.params.rack.is_none()
    }

    /// Must this be in the answer? A full one leaves nothing out.
    pub(super) fn must_tell(&self, told: &FetchedPartition) -> bool {
        match self.context {
            FetchContext::Sessionless | FetchContext::Full => true,
            FetchContext::Incremental(_) => {
                self.partitions.get(told.partition).is_some_and(|cached| cached.is_news(told))
            }
        }
    }
}

impl FetchSession {
    #[must_use]
    pub fn id(&self) -> FetchSessionId {
        self.id
    }

    /// Whose it is.
    #[must_use]
    pub fn fetcher(&self) -> NodeId {
        self.fetcher
    }

    #[must_use]
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// How many partitions it holds.
    #[must_use]
    pub fn size(&self) -> usize {
        self.cached_size
    }

    #[must_use]
    pub fn created_at(&self) -> Time {
        self.created_at
    }

    #[must_use]
    pub fn last_used(&self) -> Time {
        self.last_used
    }

    /// `FetchSessionCacheShard.touch`
    fn touch(&mut self, at: Time, size: usize) {
        self.last_used = at;
        self.cached_size = size;
        self.is_aged = at.since(self.created_at) > MIN_EVICTION;
    }

    /// `EvictableKey`: of two sessions the lower one goes.
    fn evictable_key(&self) -> (bool, usize, FetchSessionId) {
        (self.is_privileged, self.cached_size, self.id)
    }
}

impl FetchSessionCache {
    /// Sessions, in the order of their numbers.
    pub fn sessions(&self) -> impl ExactSizeIterator<Item = &FetchSession> {
        self.sessions.values()
    }

    /// `FetchManager.newContext`: the fetch that the request stands for.
    ///
    /// # Errors
    /// FETCH_SESSION_ID_NOT_FOUND for a session that was thrown out, or was of a former life of this broker;
    /// INVALID_FETCH_SESSION_EPOCH for a request out of its order.
    pub(super) fn open(
        &mut self,
        ctx: &mut Ctx<'_>,
        version: KafkaVersion,
        from: NodeId,
        request: FetchRequest,
    ) -> Result<Fetch, ErrorCode> {
        let FetchRequest { params, metadata, partitions: listed, forgotten } = request;
        let FetchMetadata::Incremental { session: id, epoch } = metadata else {
            if let Some(session) = metadata.session().filter(|id| self.sessions.remove(id).is_some()) {
                ctx.emit(BrokerFact::FetchSessionClosed { session, fetcher: from });
            }
            let wants_session = matches!(metadata, FetchMetadata::Initial { .. }) && version.keeps_fetch_sessions();
            let context = if wants_session { FetchContext::Full } else { FetchContext::Sessionless };
            let partitions = listed.into_iter().map(|one| (one.partition, CachedPartition::new(one))).collect();
            return Ok(Fetch { params, context, partitions });
        };
        let checked = match self.sessions.get_mut(&id) {
            None => Err(ErrorCode::FetchSessionIdNotFound),
            Some(session) if session.epoch != epoch => Err(ErrorCode::InvalidFetchSessionEpoch),
            Some(session) => Ok(session),
        };
        let session = checked.inspect_err(|error| {
            ctx.emit(BrokerFact::FetchSessionRefused { session: id, fetcher: from, error: *error })
        })?;
        session.update(listed, forgotten);
        if session.partitions.is_empty() {
            self.sessions.remove(&id);
            ctx.emit(BrokerFact::FetchSessionClosed { session: id, fetcher: from });
            return Ok(Fetch { params, context: FetchContext::Sessionless, partitions: Turns::default() });
        }
        let size = session.partitions.len();
        if version.notes_the_use_of_fetch_sessions() {
            session.touch(ctx.now(), size);
        } else if size != session.cached_size {
            session.touch(session.last_used, size);
        }
        session.epoch = FetchMetadata::next_epoch(epoch);
        let partitions = std::mem::take(&mut session.partitions);
        Ok(Fetch { params, context: FetchContext::Incremental(id), partitions })
    }

    /// The fetch is answered with this (`FetchContext.updateAndGenerateResponseData`). Returns the session that the next
    /// request may go on with.
    pub(super) fn answered(
        &mut self,
        ctx: &mut Ctx<'_>,
        limits: CacheLimits,
        fetcher: NodeId,
        mut fetch: Fetch,
        told: &[FetchedPartition],
    ) -> Option<FetchSessionId> {
        if fetch.context == FetchContext::Sessionless {
            return None;
        }
        for one in told {
            if let Some(cached) = fetch.partitions.get_mut(one.partition) {
                cached.told(one);
            }
        }
        match fetch.context {
            FetchContext::Incremental(id) => {
                // Who got records goes behind the others, so that the large do not starve the small.
                for one in told.iter().filter(|one| one.outcome.as_ref().is_ok_and(|it| !it.batches.is_empty())) {
                    fetch.partitions.send_to_end(one.partition);
                }
                self.give_back(fetch);
                Some(id)
            }
            _ => self.maybe_create(ctx, limits, fetcher, fetch),
        }
    }

    /// Something happened to the partition. Sessions whose fetch waits are not here but in the purgatory.
    pub(super) fn wake(&mut self, partition: TopicPartition) {
        for session in self.sessions.values_mut() {
            session.partitions.wake(partition);
        }
    }

    /// The fetch is over, answered or not: its partitions return to their session, if that still exists.
    pub(super) fn give_back(&mut self, fetch: Fetch) {
        if let FetchContext::Incremental(id) = fetch.context
            && let Some(session) = self.sessions.get_mut(&id)
        {
            session.partitions = fetch.partitions;
        }
    }

    /// `FetchSessionCacheShard.maybeCreateSession`
    fn maybe_create(
        &mut self,
        ctx: &mut Ctx<'_>,
        limits: CacheLimits,
        fetcher: NodeId,
        fetch: Fetch,
    ) -> Option<FetchSessionId> {
        let shards = if limits.version.shards_fetch_sessions() { SHARDS } else { 1 };
        let shard = self.next_shard % shards;
        self.next_shard = self.next_shard.wrapping_add(1);
        let range = SESSION_IDS / shards;
        let ids = FetchSessionId((shard * range).max(1))..FetchSessionId((shard + 1) * range);
        let is_privileged = fetch.params.follower.is_some();
        let size = fetch.partitions.len();
        let slots = limits.slots / shards;
        let has_room = self.sessions.range(ids.clone()).count() < slots as usize;
        if !has_room && !self.try_evict(ctx, &ids, fetcher, (is_privileged, size)) {
            ctx.emit(BrokerFact::FetchSessionDenied { fetcher, slots });
            return None;
        }
        let width = u64::from(ids.end.0 - ids.start.0);
        let id = loop {
            let offset = ctx.rng().below(Purpose::FetchSessions, width);
            let id = FetchSessionId(ids.start.0 + u32::try_from(offset).expect("the range of ids fits 32 bits"));
            if !self.sessions.contains_key(&id) {
                break id;
            }
        };
        let now = ctx.now();
        let session = FetchSession {
            id,
            fetcher,
            is_privileged,
            created_at: now,
            last_used: now,
            epoch: FetchMetadata::next_epoch(0),
            cached_size: size,
            is_aged: false,
            partitions: fetch.partitions,
        };
        self.sessions.insert(id, session);
        let partitions = u32::try_from(size).unwrap_or(u32::MAX);
        ctx.emit(BrokerFact::FetchSessionOpened { session: id, fetcher, partitions });
        Some(id)
    }

    /// `FetchSessionCacheShard.tryEvict`: whoever was not used for long goes; else the least of those that a new session
    /// of this worth may drive out. Followers' sessions drive out consumers', large ones those that are smaller and not
    /// young.
    fn try_evict(
        &mut self,
        ctx: &mut Ctx<'_>,
        shard: &std::ops::Range<FetchSessionId>,
        newcomer: NodeId,
        worth: (bool, usize),
    ) -> bool {
        let sessions = || self.sessions.range(shard.clone()).map(|(_, session)| session);
        let stale = sessions()
            .min_by_key(|session| (session.last_used, session.id))
            .filter(|oldest| ctx.now().since(oldest.last_used) > MIN_EVICTION);
        let is_evictable = |session: &&FetchSession| session.is_aged || (worth.0 && !session.is_privileged);
        let lesser = || {
            let least = sessions().filter(is_evictable).min_by_key(|session| session.evictable_key())?;
            ((least.is_privileged, least.cached_size) < worth).then_some(least)
        };
        let Some((session, fetcher)) = stale.or_else(lesser).map(|session| (session.id, session.fetcher)) else {
            return false;
        };
        self.sessions.remove(&session);
        ctx.emit(BrokerFact::FetchSessionEvicted { session, fetcher, newcomer });
        true
    }
}

impl FetchSession {
    /// What the request lists is asked for from now on, and what it forgets is not.
    fn update(&mut self, listed: Vec<FetchPartition>, forgotten: Vec<TopicPartition>) {
        for asked in listed {
            match self.partitions.get_mut(asked.partition) {
                Some(cached) => {
                    cached.asked = asked;
                    self.partitions.wake(asked.partition);
                }
                None => self.partitions.insert(asked.partition, CachedPartition::new(asked)),
            }
        }
        for partition in forgotten {
            self.partitions.remove(partition);
        }
    }
}
