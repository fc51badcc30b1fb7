//! Requests that wait: produce requests for the high watermark, fetches for records, deletions for the low watermark
//! (`DelayedOperationPurgatory`).
//!
//! A parked request is state, not traffic: a spectator sees who waits, for what, since when and until when. Each ends
//! once, by what it waits for, by an error, or by its deadline.

use std::collections::BTreeMap;

use super::fetch_session::Fetch;
use crate::engine::Ctx;
use crate::engine::common::{CorrelationId, ErrorCode, NodeId, Offset, Time, TopicPartition};
use crate::engine::protocol::{Acks, Appended};
use crate::engine::runtime::TimerId;
use crate::engine::storage::Flush;

/// Number of a parked request in the order of parking, unique in one life of a broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParkedId(pub u64);

/// Who waits and how long.
#[derive(Clone, Copy, Debug)]
pub struct Parked {
    pub client: NodeId,
    pub correlation: CorrelationId,
    pub since: Time,
    pub deadline: Time,
    pub(super) timer: TimerId,
}

/// `DelayedProduce`: acks=all, written here, not yet everywhere.
#[derive(Clone, Debug)]
pub struct ParkedProduce {
    pub parked: Parked,
    pub acks: Acks,
    pub partitions: Vec<ProduceWait>,
}

#[derive(Clone, Debug)]
pub struct ProduceWait {
    pub partition: TopicPartition,
    /// The high watermark must reach this.
    pub until: Offset,
    /// `None` while it waits.
    pub outcome: Option<Result<Appended, ErrorCode>>,
    /// The leader's own disk must have done this (`flush.messages`).
    pub flush: Option<Flush>,
    pub(super) appended: Appended,
}

impl ProduceWait {
    /// The first offset that was given out for this partition.
    #[must_use]
    pub fn base_offset(&self) -> Offset {
        self.appended.base_offset
    }
}

/// `DelayedFetch`: less than `min.bytes` to read.
#[derive(Clone, Debug)]
pub struct ParkedFetch {
    pub parked: Parked,
    pub fetch: Fetch,
}

/// `DelayedDeleteRecords`: the leader's log begins later, not yet everybody's.
#[derive(Clone, Debug)]
pub struct ParkedDelete {
    pub parked: Parked,
    pub partitions: Vec<DeleteWait>,
}

#[derive(Clone, Copy, Debug)]
pub struct DeleteWait {
    pub partition: TopicPartition,
    /// The low watermark must reach this.
    pub until: Offset,
    /// `None` while it waits.
    pub outcome: Option<Result<Offset, ErrorCode>>,
}

#[derive(Clone, Debug, Default)]
pub struct Purgatory {
    next: u64,
    deletes: BTreeMap<ParkedId, ParkedDelete>,
    produces: BTreeMap<ParkedId, ParkedProduce>,
    fetches: BTreeMap<ParkedId, ParkedFetch>,
}

impl Purgatory {
    /// Produce requests that wait, the oldest first.
    pub fn produces(&self) -> impl Iterator<Item = (ParkedId, &ParkedProduce)> {
        self.produces.iter().map(|(id, parked)| (*id, parked))
    }

    /// Fetches that wait, the oldest first.
    pub fn fetches(&self) -> impl Iterator<Item = (ParkedId, &ParkedFetch)> {
        self.fetches.iter().map(|(id, parked)| (*id, parked))
    }

    /// DeleteRecords requests that wait, the oldest first.
    pub fn deletes(&self) -> impl Iterator<Item = (ParkedId, &ParkedDelete)> {
        self.deletes.iter().map(|(id, parked)| (*id, parked))
    }

    pub(super) fn park_delete(&mut self, id: ParkedId, delete: ParkedDelete) {
        self.deletes.insert(id, delete);
    }

    pub(super) fn deletes_watching(&self, partition: TopicPartition) -> Vec<ParkedId> {
        let watches = |delete: &ParkedDelete| delete.partitions.iter().any(|wait| wait.partition == partition);
        self.deletes().filter(|(_, delete)| watches(delete)).map(|(id, _)| id).collect()
    }

    pub(super) fn delete_mut(&mut self, id: ParkedId) -> Option<&mut ParkedDelete> {
        self.deletes.get_mut(&id)
    }

    /// Lets a DeleteRecords request go; `None` if it went before.
    pub(super) fn release_delete(&mut self, ctx: &mut Ctx<'_>, id: ParkedId) -> Option<ParkedDelete> {
        let delete = self.deletes.remove(&id)?;
        ctx.cancel_timer(delete.parked.timer);
        Some(delete)
    }

    pub(super) fn next_id(&mut self) -> ParkedId {
        let id = ParkedId(self.next);
        self.next += 1;
        id
    }

    pub(super) fn park_produce(&mut self, id: ParkedId, produce: ParkedProduce) {
        self.produces.insert(id, produce);
    }

    pub(super) fn park_fetch(&mut self, id: ParkedId, fetch: ParkedFetch) {
        self.fetches.insert(id, fetch);
    }

    pub(super) fn produces_watching(&self, partition: TopicPartition) -> Vec<ParkedId> {
        let watches = |produce: &ParkedProduce| produce.partitions.iter().any(|wait| wait.partition == partition);
        self.produces().filter(|(_, produce)| watches(produce)).map(|(id, _)| id).collect()
    }

    pub(super) fn fetches_watching(&self, partition: TopicPartition) -> Vec<ParkedId> {
        let watches = |waiting: &ParkedFetch| waiting.fetch.partitions.get(partition).is_some();
        self.fetches().filter(|(_, waiting)| watches(waiting)).map(|(id, _)| id).collect()
    }

    /// Something happened to the partition.
    pub(super) fn wake_fetches(&mut self, partition: TopicPartition) {
        for waiting in self.fetches.values_mut() {
            waiting.fetch.partitions.wake(partition);
        }
    }

    pub(super) fn produce_mut(&mut self, id: ParkedId) -> Option<&mut ParkedProduce> {
        self.produces.get_mut(&id)
    }

    pub(super) fn fetch(&self, id: ParkedId) -> Option<&ParkedFetch> {
        self.fetches.get(&id)
    }

    /// Lets a produce request go; `None` if it went before.
    pub(super) fn release_produce(&mut self, ctx: &mut Ctx<'_>, id: ParkedId) -> Option<ParkedProduce> {
        let produce = self.produces.remove(&id)?;
        ctx.cancel_timer(produce.parked.timer);
        Some(produce)
    }

    /// Lets a fetch go; `None` if it went before.
    pub(super) fn release_fetch(&mut self, ctx: &mut Ctx<'_>, id: ParkedId) -> Option<ParkedFetch> {
        let fetch = self.fetches.remove(&id)?;
        ctx.cancel_timer(fetch.parked.timer);
        Some(fetch)
    }

    /// A broker handles the requests of one connection one by one, so a second fetch of the same node means that the
    /// first one's connection is gone, and nobody waits for its answer.
    pub(super) fn forget_fetches_of(&mut self, ctx: &mut Ctx<'_>, client: NodeId) -> Vec<Fetch> {
        let is_his = |waiting: &ParkedFetch| waiting.parked.client == client;
        let his: Vec<ParkedId> = self.fetches().filter(|(_, one)| is_his(one)).map(|(id, _)| id).collect();
        his.into_iter().filter_map(|id| self.release_fetch(ctx, id)).map(|waiting| waiting.fetch).collect()
    }

    /// The connection broke: nobody waits for the answers any more.
    pub(super) fn forget(&mut self, ctx: &mut Ctx<'_>, client: NodeId) -> Vec<Fetch> {
        let fetches = self.forget_fetches_of(ctx, client);
        self.deletes.retain(|_, delete| {
            let is_his = delete.parked.client == client;
            if is_his {
                ctx.cancel_timer(delete.parked.timer);
            }
            !is_his
        });
        self.produces.retain(|_, produce| {
            let is_his = produce.parked.client == client;
            if is_his {
                ctx.cancel_timer(produce.parked.timer);
            }
            !is_his
        });
        fetches
    }
}
