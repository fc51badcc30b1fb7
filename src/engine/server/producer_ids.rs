//! The ids that this broker gives to idempotent producers (`RPCProducerIdManager`, `ZkProducerIdManager`).
//!
//! A broker leases a thousand ids at a time and hands them out without asking anybody; a restart forgets the rest of the
//! block, so ids are unique but have gaps. Since 3.0 the controller leases, and whoever asks meanwhile is told to come
//! again; before, each broker takes its first block from ZooKeeper when it starts, and requests wait while it takes
//! another.

use super::BrokerFact;
use super::broker::{Broker, Parts};
use super::env::respond;
use crate::engine::Ctx;
use crate::engine::common::{
    CorrelationId, ErrorCode, NodeId, ProducerEpoch, ProducerId, ProducerIdAndEpoch, ProducerIdsBlock, Span, Time,
};
use crate::engine::protocol::{
    AllocateProducerIdsRequest, AllocateProducerIdsResponse, InitProducerIdResponse, Request, Response,
};

/// `RPCProducerIdManager.RETRY_BACKOFF_MS`: after a refusal the controller is not asked again for so long.
const RETRY_BACKOFF: Span = Span::millis(50);

#[derive(Clone, Debug, Default)]
pub struct ProducerIdManager {
    /// The block in use, and the next id to be given of it.
    current: Option<(ProducerIdsBlock, ProducerId)>,
    /// Fetched in good time.
    next: Option<ProducerIdsBlock>,
    is_asking: bool,
    backs_off_until: Option<Time>,
    /// Requests that wait for ZooKeeper (before 3.0).
    pub(super) waiting: Vec<(NodeId, CorrelationId)>,
}

impl ProducerIdManager {
    /// The block in use, and the next id to be given of it.
    #[must_use]
    pub fn current(&self) -> Option<(ProducerIdsBlock, ProducerId)> {
        self.current
    }

    /// Is there a block to give from, in use or in reserve?
    pub(super) fn has_any(&self) -> bool {
        self.current.is_some() || self.next.is_some()
    }

    fn claim(&mut self) -> Option<ProducerId> {
        if self.current.is_none_or(|(block, next)| next > block.last()) {
            let block = self.next.take()?;
            self.current = Some((block, block.first));
            self.is_asking = false;
        }
        let (_, next) = self.current.as_mut()?;
        let id = *next;
        *next = id.next();
        Some(id)
    }

    /// Nine tenths of the block are given out: time for another (`PID_PREFETCH_THRESHOLD`).
    fn is_prefetch_due(&self, given: ProducerId) -> bool {
        self.current.is_some_and(|(block, _)| given.0 == block.first.0 + ProducerIdsBlock::SIZE / 10 * 9)
    }

    /// May the controller be asked now (`maybeRequestNextBlock`)?
    fn begin_asking(&mut self, now: Time) -> bool {
        let may = self.next.is_none() && !self.is_asking && self.backs_off_until.is_none_or(|until| now >= until);
        self.is_asking |= may;
        may
    }

    fn refused(&mut self, now: Time) {
        self.is_asking = false;
        self.backs_off_until = Some(now + RETRY_BACKOFF);
    }

    fn leased(&mut self, block: ProducerIdsBlock) {
        self.backs_off_until = None;
        self.next = Some(block);
    }
}

impl Broker {
    /// `TransactionCoordinator.handleInitProducerId` without a transactional id.
    pub(super) fn init_producer_id(&mut self, ctx: &mut Ctx<'_>, caller: (NodeId, CorrelationId)) {
        let through_controller = self.volatile.config.version.leases_producer_ids_through_the_controller();
        let given = self.volatile.producer_ids.claim();
        if through_controller && given.is_none_or(|id| self.volatile.producer_ids.is_prefetch_due(id)) {
            self.ask_for_producer_ids(ctx);
        }
        match given {
            Some(id) => give(ctx, caller, id),
            None if through_controller => {
                let outcome = Err(ErrorCode::CoordinatorLoadInProgress);
                respond(ctx, caller.0, caller.1, InitProducerIdResponse { outcome });
            }
            None => {
                self.volatile.producer_ids.waiting.push(caller);
                self.zk_lease_producer_ids(ctx);
            }
        }
    }

    fn ask_for_producer_ids(&mut self, ctx: &mut Ctx<'_>) {
        let Some(broker_epoch) = self.volatile.lifecycle.broker_epoch() else { return };
        if self.volatile.producer_ids.begin_asking(ctx.now()) {
            let request = Request::AllocateProducerIds(AllocateProducerIdsRequest { broker: self.id, broker_epoch });
            let Parts { mut env, forwarding, .. } = self.parts();
            forwarding.ask(ctx, &mut env, request);
        }
    }

    /// The controller's answer to a request of this broker's own, or REQUEST_TIMED_OUT in its place.
    pub(super) fn own_request_answered(&mut self, ctx: &mut Ctx<'_>, response: Option<Response>) {
        let Some(Response::AllocateProducerIds(AllocateProducerIdsResponse { outcome })) = response else { return };
        match outcome {
            Ok(block) => self.producer_ids_leased(ctx, block),
            Err(_) => self.volatile.producer_ids.refused(ctx.now()),
        }
    }

    /// A block is this broker's, and with it those who wait get their ids.
    pub(super) fn producer_ids_leased(&mut self, ctx: &mut Ctx<'_>, block: ProducerIdsBlock) {
        ctx.emit(BrokerFact::ProducerIdsLeased { first: block.first, last: block.last() });
        self.volatile.producer_ids.leased(block);
        for caller in std::mem::take(&mut self.volatile.producer_ids.waiting) {
            self.init_producer_id(ctx, caller);
        }
    }
}

fn give(ctx: &mut Ctx<'_>, (client, correlation): (NodeId, CorrelationId), id: ProducerId) {
    ctx.emit(BrokerFact::ProducerIdGiven { client, producer_id: id });
    let outcome = Ok(ProducerIdAndEpoch { id, epoch: ProducerEpoch(0) });
    respond(ctx, client, correlation, InitProducerIdResponse { outcome });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `ProducerIdManagerTest`: blocks follow one another, the next is asked for at nine tenths.
    #[test]
    fn a_block_is_used_up_and_the_next_is_fetched_in_good_time() {
        let mut ids = ProducerIdManager::default();
        let now = Time::ZERO;
        assert_eq!(ids.claim(), None);
        assert!(ids.begin_asking(now) && !ids.begin_asking(now), "one question at a time");
        ids.leased(ProducerIdsBlock { first: ProducerId(3_000) });
        assert!(!ids.begin_asking(now), "there is one in reserve");
        let given: Vec<ProducerId> = (0..900).map(|_| ids.claim().unwrap()).collect();
        assert_eq!((given[0], given[899]), (ProducerId(3_000), ProducerId(3_899)));
        let next = ids.claim().unwrap();
        assert!(ids.is_prefetch_due(next) && !ids.is_prefetch_due(given[899]));
        assert!(ids.begin_asking(now));
        ids.refused(now);
        assert!(!ids.begin_asking(now) && ids.begin_asking(now + RETRY_BACKOFF));
        ids.leased(ProducerIdsBlock { first: ProducerId(7_000) });
        let rest: Vec<ProducerId> = (0..100).map(|_| ids.claim().unwrap()).collect();
        assert_eq!((rest[98], rest[99]), (ProducerId(3_999), ProducerId(7_000)));
    }
}
