//! Controlled shutdown in ZooKeeper mode (`KafkaServer.controlledShutdown`): the broker asks the controller to take over
//! what it leads, a few times if need be, and ends in any case.

use super::super::broker::Broker;
use super::super::env::{CONTROLLER_REQUEST_TIMEOUT, request};
use super::super::lifecycle::BrokerState;
use super::super::{BrokerFact, timer::BrokerTimer};
use super::ZkSupport;
use crate::engine::Ctx;
use crate::engine::common::{CorrelationId, ErrorCode, NodeId, TopicPartition};
use crate::engine::kafka_controller::ZkRequest;
use crate::engine::protocol::{ControlledShutdownRequest, ControlledShutdownResponse};
use crate::engine::runtime::TimerId;

/// A stopping broker's asking.
#[derive(Clone, Debug)]
pub struct Leaving {
    attempts_left: u32,
    in_flight: Option<InFlight>,
}

#[derive(Clone, Copy, Debug)]
struct InFlight {
    correlation: CorrelationId,
    controller: NodeId,
    timeout: TimerId,
}

impl Broker {
    /// SIGTERM.
    pub(in crate::engine::server) fn zk_stop(&mut self, ctx: &mut Ctx<'_>) {
        if self.volatile.lifecycle.state() == BrokerState::PendingControlledShutdown {
            return;
        }
        if !self.volatile.lifecycle.begin_leaving_zookeeper(ctx, &self.volatile.config) {
            return self.end(ctx, false);
        }
        let attempts_left = self.volatile.config.controlled_shutdown_max_retries;
        self.with_zk(|_, zk| zk.leaving = Some(Leaving { attempts_left, in_flight: None }));
        self.ask_to_leave(ctx);
    }

    /// One attempt; after the last one the broker goes without leave.
    pub(super) fn ask_to_leave(&mut self, ctx: &mut Ctx<'_>) {
        let goes = self.with_zk(|broker, zk| broker.try_to_leave(ctx, zk));
        if goes == Some(true) {
            self.end(ctx, false);
        }
    }

    fn try_to_leave(&mut self, ctx: &mut Ctx<'_>, zk: &mut ZkSupport) -> bool {
        let Some(leaving) = &mut zk.leaving else { return false };
        if leaving.attempts_left == 0 {
            return true;
        }
        leaving.attempts_left -= 1;
        // It looks up /controller, which this broker watches.
        let controller = zk.controller.active_controller();
        let (Some(controller), Some(broker_epoch)) = (controller, self.volatile.lifecycle.broker_epoch()) else {
            return self.leave_refused(ctx, zk, None, &[]);
        };
        let (correlation, controller) = (self.volatile.correlations.next(), NodeId::Broker(controller));
        request(ctx, controller, correlation, ControlledShutdownRequest { broker: self.id, broker_epoch });
        let timeout = BrokerTimer::ControlledShutdownTimeout { correlation };
        let timeout = ctx.set_timer(CONTROLLER_REQUEST_TIMEOUT, timeout.into());
        leaving.in_flight = Some(InFlight { correlation, controller, timeout });
        false
    }

    pub(super) fn leave_answered(
        &mut self,
        ctx: &mut Ctx<'_>,
        correlation: CorrelationId,
        response: &ControlledShutdownResponse,
    ) {
        let goes = self.with_zk(|broker, zk| {
            let leaving = zk.leaving.as_mut()?;
            let sent = leaving.in_flight.take_if(|sent| sent.correlation == correlation)?;
            ctx.cancel_timer(sent.timeout);
            if response.error.is_none() && response.remaining.is_empty() {
                return Some(true);
            }
            broker.leave_refused(ctx, zk, response.error, &response.remaining).then_some(false)
        });
        if let Some(Some(is_approved)) = goes {
            self.end(ctx, is_approved);
        }
    }

    /// No answer will come of the request that `lost` names.
    pub(super) fn leave_failed(&mut self, ctx: &mut Ctx<'_>, lost: impl Fn(CorrelationId, NodeId) -> bool) {
        let goes = self.with_zk(|broker, zk| {
            let leaving = zk.leaving.as_mut()?;
            let sent = leaving.in_flight.take_if(|sent| lost(sent.correlation, sent.controller))?;
            ctx.cancel_timer(sent.timeout);
            broker.leave_refused(ctx, zk, Some(ErrorCode::NetworkException), &[]).then_some(())
        });
        if let Some(Some(())) = goes {
            self.end(ctx, false);
        }
    }

    /// Returns whether that was the last attempt.
    fn leave_refused(
        &mut self,
        ctx: &mut Ctx<'_>,
        zk: &ZkSupport,
        error: Option<ErrorCode>,
        remaining: &[TopicPartition],
    ) -> bool {
        let attempts_left = zk.leaving.as_ref().map_or(0, |leaving| leaving.attempts_left);
        ctx.emit(BrokerFact::ControlledShutdownRefused { error, remaining: remaining.to_vec(), attempts_left });
        if attempts_left > 0 {
            let pause = self.volatile.config.controlled_shutdown_retry_backoff;
            ctx.set_timer(pause, BrokerTimer::RetryControlledShutdown.into());
        }
        attempts_left == 0
    }

    /// A process that ends in order takes its session with it: its ephemeral nodes go at once.
    pub(in crate::engine::server) fn zk_close(&mut self, ctx: &mut Ctx<'_>) {
        self.with_zk(|_, zk| zk.session.close(ctx, ZkRequest::Forgotten));
    }
}
