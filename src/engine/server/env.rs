//! What a broker's parts share while they handle one event, and how the broker reaches the controller.

use crate::engine::Ctx;
use crate::engine::common::{BrokerEpoch, BrokerId, CorrelationId, NodeId, Span};
use crate::engine::config::BrokerConfig;
use crate::engine::metadata::MetadataImage;
use crate::engine::protocol::{Body, IsrProposal, Request, Response};
use crate::engine::storage::LogManager;

/// `controller.socket.timeout.ms`, which also bounds what is forwarded for a client.
pub(super) const CONTROLLER_REQUEST_TIMEOUT: Span = Span::secs(30);

/// First and longest pause before a request is sent again to a controller that cannot be reached
/// (`NodeToControllerChannelManager` retries every 100 ms; it doubles here, as connections do, to spare the trace).
const RETRY_BACKOFF: Span = Span::millis(100);
const RETRY_BACKOFF_MAX: Span = Span::secs(1);

/// The broker around the replica manager, lent for one event.
#[derive(Debug)]
pub(super) struct Env<'a> {
    pub(super) me: BrokerId,
    pub(super) config: &'a BrokerConfig,
    pub(super) image: &'a MetadataImage,
    pub(super) broker_epoch: Option<BrokerEpoch>,
    pub(super) logs: &'a mut LogManager,
    pub(super) channel: &'a mut ControllerChannel,
    pub(super) correlations: &'a mut Correlations,
    /// Where in-sync sets go that this broker writes into ZooKeeper itself; `None`: it asks the controller.
    pub(super) isr_outbox: Option<&'a mut Vec<(CorrelationId, Vec<IsrProposal>)>>,
}

/// Numbers this broker's own requests.
#[derive(Clone, Debug, Default)]
pub(super) struct Correlations {
    next: CorrelationId,
}

impl Correlations {
    pub(super) fn next(&mut self) -> CorrelationId {
        let next = self.next;
        self.next = next.next();
        next
    }
}

/// How often a request that has no controller to go to looks for one (`NodeToControllerRequestThread.doWork`).
pub(super) const CONTROLLER_POLL: Span = Span::millis(100);

/// Which controller this broker takes for the active one, and how often in a row it could not be reached.
///
/// Somebody else finds out who it is: the metadata log's replica, which hears of the quorum's leader.
#[derive(Clone, Debug, Default)]
pub(super) struct ControllerChannel {
    active: Option<NodeId>,
    failures: u32,
}

impl ControllerChannel {
    /// Where requests go from now on; `None` while nobody leads.
    pub(super) fn controller_is(&mut self, controller: Option<NodeId>) {
        if self.active != controller {
            *self = Self { active: controller, failures: 0 };
        }
    }

    pub(super) fn active(&self) -> Option<NodeId> {
        self.active
    }

    pub(super) fn answered(&mut self) {
        self.failures = 0;
    }

    /// The controller said that it is not the active one, or said nothing. Returns how long to wait before asking
    /// whoever is the active one by then.
    pub(super) fn failed(&mut self) -> Span {
        let backoff = doubled(RETRY_BACKOFF, self.failures, RETRY_BACKOFF_MAX);
        self.failures = self.failures.saturating_add(1);
        backoff
    }
}

/// `base · 2^times`, at most `max`.
pub(super) fn doubled(base: Span, times: u32, max: Span) -> Span {
    Span(base.0.saturating_mul(1 << times.min(20))).min(max)
}

pub(super) fn request(ctx: &mut Ctx<'_>, to: NodeId, correlation: CorrelationId, request: impl Into<Request>) {
    ctx.send(to, Body::Request { correlation, request: request.into() });
}

pub(super) fn respond(ctx: &mut Ctx<'_>, to: NodeId, correlation: CorrelationId, response: impl Into<Response>) {
    ctx.send(to, Body::Response { correlation, response: response.into() });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_up_to_its_limit_and_starts_afresh_with_another_controller() {
        let (first, second) = (NodeId::Controller(BrokerId(101)), NodeId::Controller(BrokerId(102)));
        let mut channel = ControllerChannel::default();
        assert_eq!(channel.active(), None);
        channel.controller_is(Some(first));
        assert_eq!([channel.failed(), channel.failed()], [Span::millis(100), Span::millis(200)]);
        channel.controller_is(Some(first));
        assert_eq!(channel.failed(), Span::millis(400), "no news");
        assert_eq!([channel.failed(), channel.failed()], [Span::millis(800), Span::secs(1)]);
        channel.answered();
        assert_eq!([channel.failed(), channel.failed()], [Span::millis(100), Span::millis(200)]);
        channel.controller_is(Some(second));
        assert_eq!((channel.active(), channel.failed()), (Some(second), Span::millis(100)));
    }
}
