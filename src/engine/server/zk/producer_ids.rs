//! Before 3.0 a broker takes blocks of producer ids from ZooKeeper itself: the first when it has registered, another when
//! the last is used up (`TransactionCoordinator.apply`, `ZkProducerIdManager`).

use super::super::broker::Broker;
use super::ZkSupport;
use crate::engine::Ctx;
use crate::engine::common::BrokerId;
use crate::engine::kafka_controller::{Lease, ZkRequest};
use crate::engine::protocol::ZkOutcome;

impl Broker {
    /// Somebody waits for an id, and there is none left to give.
    pub(in crate::engine::server) fn zk_lease_producer_ids(&mut self, ctx: &mut Ctx<'_>) {
        // One question is enough for all who wait.
        if self.volatile.producer_ids.waiting.len() == 1 {
            self.with_zk(|_, zk| read(ctx, zk));
        }
    }

    /// A broker that has just registered takes its first block, or the one that somebody waits for.
    pub(super) fn zk_lease_first_producer_ids(&mut self, ctx: &mut Ctx<'_>, zk: &mut ZkSupport) {
        let (version, ids) = (self.volatile.config.version, &self.volatile.producer_ids);
        let takes_its_own = version.numbers_batches() && !version.leases_producer_ids_through_the_controller();
        if takes_its_own && (!ids.has_any() || !ids.waiting.is_empty()) {
            read(ctx, zk);
        }
    }

    pub(super) fn zk_producer_ids_read(&self, ctx: &mut Ctx<'_>, zk: &mut ZkSupport, outcome: Option<&ZkOutcome>) {
        if let Some(lease) = Lease::after(outcome) {
            let me: BrokerId = self.id;
            zk.session.request(ctx, vec![lease.write(me)], ZkRequest::WriteProducerIds(lease));
        }
    }

    pub(super) fn zk_producer_ids_written(
        &mut self,
        ctx: &mut Ctx<'_>,
        zk: &mut ZkSupport,
        lease: Lease,
        outcome: Option<&ZkOutcome>,
    ) {
        match outcome {
            Some(Ok(_)) => self.producer_ids_leased(ctx, lease.block),
            // Another broker was faster.
            _ => read(ctx, zk),
        }
    }
}

fn read(ctx: &mut Ctx<'_>, zk: &mut ZkSupport) {
    zk.session.request(ctx, vec![Lease::read()], ZkRequest::ReadProducerIds);
}
