//! Changes of the in-sync set: when a leader looks for them, and how the controller is asked (`AlterPartitionManager`).
//!
//! One request is under way at a time; proposals that come up meanwhile go together in the next. A proposal stays
//! listed until it is answered, and a partition has at most one.

use std::collections::BTreeMap;

use super::BrokerFact;
use super::env::{CONTROLLER_POLL, CONTROLLER_REQUEST_TIMEOUT, Env, request};
use super::partition::{IsrOutcome, Role};
use super::replica_manager::{ReplicaManager, rules};
use super::timer::BrokerTimer;
use crate::engine::Ctx;
use crate::engine::common::{CorrelationId, ErrorCode, NodeId, Span, Time, TopicPartition};
use crate::engine::protocol::{AlterPartitionRequest, AlterPartitionResponse, IsrProposal};
use crate::engine::runtime::TimerId;

/// Pause after an answer that refuses the whole request.
const RETRY: Span = Span::millis(50);

#[derive(Clone, Debug, Default)]
pub struct AlterPartitionManager {
    proposals: BTreeMap<TopicPartition, IsrProposal>,
    in_flight: Option<InFlight>,
    retry: Option<TimerId>,
}

#[derive(Clone, Debug)]
struct InFlight {
    correlation: CorrelationId,
    controller: NodeId,
    since: Time,
    /// None runs for what this broker writes into ZooKeeper itself: that waits as long as it must.
    timeout: Option<TimerId>,
    proposals: Vec<IsrProposal>,
}

impl AlterPartitionManager {
    /// What is asked of the controller or waits to be asked.
    pub fn proposals(&self) -> impl Iterator<Item = &IsrProposal> {
        self.proposals.values()
    }

    /// Since when the request under way has been without an answer.
    #[must_use]
    pub fn in_flight_since(&self) -> Option<Time> {
        self.in_flight.as_ref().map(|in_flight| in_flight.since)
    }
}

impl ReplicaManager {
    /// Every half of `replica.lag.time.max.ms`: has any follower fallen out of sync?
    pub(super) fn check_isr(&mut self, ctx: &mut Ctx<'_>, env: &mut Env<'_>) {
        let led: Vec<TopicPartition> =
            self.partitions.iter().filter(|(_, partition)| partition.is_leader()).map(|(id, _)| *id).collect();
        for id in led {
            let config = self.topic_config(id.topic);
            let rules = rules(ctx, env.config, env.image, &config);
            let log = env.logs.get(id).expect("a hosted partition has a log");
            let partition = self.partitions.get_mut(&id).expect("listed a moment ago");
            if let Some(proposal) = partition.maybe_shrink_isr(log, &rules) {
                self.submit_alter_partition(ctx, env, proposal);
            }
        }
    }

    /// Asks the controller for another in-sync set, now or with the next request.
    pub(super) fn submit_alter_partition(&mut self, ctx: &mut Ctx<'_>, env: &mut Env<'_>, proposal: IsrProposal) {
        let id = proposal.partition;
        let partition = self.partitions.get_mut(&id).expect("a proposal is about a hosted partition");
        if self.alter_partition.proposals.contains_key(&id) {
            // OPERATION_NOT_ATTEMPTED: an older proposal, overtaken by metadata, is still on its way.
            partition.complete_isr_change(&proposal, &Err(ErrorCode::IneligibleReplica));
            return;
        }
        let from = partition.leading().map(|state| state.isr.clone()).unwrap_or_default();
        ctx.emit(BrokerFact::IsrProposed { partition: id, from, to: proposal.new_isr.clone() });
        self.alter_partition.proposals.insert(id, proposal);
        self.send_alter_partition(ctx, env);
    }

    /// Sends all proposals that wait, unless a request is under way or must not be repeated yet.
    fn send_alter_partition(&mut self, ctx: &mut Ctx<'_>, env: &mut Env<'_>) {
        let manager = &mut self.alter_partition;
        let Some(broker_epoch) = env.broker_epoch else { return };
        if manager.in_flight.is_some() || manager.retry.is_some() || manager.proposals.is_empty() {
            return;
        }
        let Some(controller) = env.channel.active() else { return self.retry_alter_partition(ctx, CONTROLLER_POLL) };
        let proposals: Vec<IsrProposal> = manager.proposals.values().cloned().collect();
        let correlation = env.correlations.next();
        if let Some(outbox) = &mut env.isr_outbox {
            outbox.push((correlation, proposals.clone()));
            let (since, controller) = (ctx.now(), NodeId::Broker(env.me));
            manager.in_flight = Some(InFlight { correlation, controller, since, timeout: None, proposals });
            return;
        }
        let partitions = proposals.clone();
        request(ctx, controller, correlation, AlterPartitionRequest { broker: env.me, broker_epoch, partitions });
        let timeout =
            Some(ctx.set_timer(CONTROLLER_REQUEST_TIMEOUT, BrokerTimer::AlterPartitionTimeout { correlation }.into()));
        manager.in_flight = Some(InFlight { correlation, controller, since: ctx.now(), timeout, proposals });
    }

    pub(super) fn alter_partition_answered(
        &mut self,
        ctx: &mut Ctx<'_>,
        env: &mut Env<'_>,
        correlation: CorrelationId,
        response: AlterPartitionResponse,
    ) {
        let Some(in_flight) = self.alter_partition.in_flight.take_if(|sent| sent.correlation == correlation) else {
            return;
        };
        in_flight.timeout.into_iter().for_each(|timeout| ctx.cancel_timer(timeout));
        if let Some(error) = response.error {
            let backoff = match error {
                ErrorCode::NotController => env.channel.failed(),
                _ => RETRY,
            };
            self.retry_alter_partition(ctx, backoff);
            return;
        }
        env.channel.answered();
        let mut outcomes: BTreeMap<TopicPartition, _> = response.partitions.into_iter().collect();
        for proposal in in_flight.proposals {
            // What the answer does not mention stays listed and is asked again.
            let Some(outcome) = outcomes.remove(&proposal.partition) else { continue };
            self.alter_partition.proposals.remove(&proposal.partition);
            self.complete_isr_change(ctx, env, &proposal, &outcome);
        }
        self.send_alter_partition(ctx, env);
    }

    fn complete_isr_change(
        &mut self,
        ctx: &mut Ctx<'_>,
        env: &mut Env<'_>,
        proposal: &IsrProposal,
        outcome: &Result<crate::engine::protocol::AlteredPartition, ErrorCode>,
    ) {
        let id = proposal.partition;
        let Some(partition) = self.partitions.get_mut(&id) else { return };
        let result = partition.complete_isr_change(proposal, outcome);
        if let Err(error) = outcome {
            ctx.emit(BrokerFact::IsrRefused { partition: id, error: *error });
        }
        self.touch(id);
        match result {
            IsrOutcome::Committed => {
                if let Some(partition) = self.partitions.get(&id)
                    && let Role::Leader(state) = partition.role()
                {
                    let (isr, partition_epoch) = (state.isr.clone(), partition.partition_epoch());
                    ctx.emit(BrokerFact::IsrCommitted { partition: id, isr, partition_epoch });
                }
                // The in-sync set may be down to this broker, or back above its minimum.
                self.advance_high_watermark(ctx, env, id);
            }
            IsrOutcome::Retry(proposal) => {
                self.alter_partition.proposals.insert(id, proposal);
            }
            IsrOutcome::Reverted | IsrOutcome::AwaitsMetadata | IsrOutcome::Stale => {}
        }
    }

    /// The request under way will not be answered.
    pub(super) fn alter_partition_failed(
        &mut self,
        ctx: &mut Ctx<'_>,
        env: &mut Env<'_>,
        lost: impl Fn(CorrelationId, NodeId) -> bool,
    ) {
        let is_lost = |sent: &mut InFlight| sent.timeout.is_some() && lost(sent.correlation, sent.controller);
        if let Some(in_flight) = self.alter_partition.in_flight.take_if(is_lost) {
            in_flight.timeout.into_iter().for_each(|timeout| ctx.cancel_timer(timeout));
            let backoff = env.channel.failed();
            self.retry_alter_partition(ctx, backoff);
        }
    }

    fn retry_alter_partition(&mut self, ctx: &mut Ctx<'_>, after: Span) {
        self.alter_partition.retry = Some(ctx.set_timer(after, BrokerTimer::SendAlterPartition.into()));
    }

    pub(super) fn alter_partition_retry_due(&mut self, ctx: &mut Ctx<'_>, env: &mut Env<'_>) {
        self.alter_partition.retry = None;
        self.send_alter_partition(ctx, env);
    }
}
