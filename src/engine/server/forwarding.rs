//! Requests that only the controller can carry out: those of operators are passed on, and the answer passed back
//! (`ForwardingManager`); the broker's own go the same way (`NodeToControllerChannelManager`).
//!
//! A request that gets no answer, or the answer "not the controller", goes out again after a pause until
//! `controller.socket.timeout.ms` is over; whatever came of the lost one, asking twice for the same does no harm.

use std::collections::BTreeMap;

use super::env::{CONTROLLER_POLL, CONTROLLER_REQUEST_TIMEOUT, Env, request, respond};
use super::timer::BrokerTimer;
use crate::engine::Ctx;
use crate::engine::common::{CorrelationId, ErrorCode, NodeId};
use crate::engine::protocol::{Request, Response};
use crate::engine::runtime::TimerId;

#[derive(Clone, Debug, Default)]
pub struct Forwarding {
    in_flight: BTreeMap<CorrelationId, Forwarded>,
}

/// One request under way, under the correlation id this broker gave it.
#[derive(Clone, Debug)]
struct Forwarded {
    request: Request,
    asker: Asker,
    /// `None`: nobody leads the quorum, as far as this broker knows.
    controller: Option<NodeId>,
    timeout: TimerId,
    retry: Option<TimerId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asker {
    Client(NodeId, CorrelationId),
    /// A client that is gone.
    Nobody,
    /// This broker.
    Itself,
}

impl Forwarding {
    /// Passes on what a client asks.
    pub(super) fn forward(
        &mut self,
        ctx: &mut Ctx<'_>,
        env: &mut Env<'_>,
        (client, number): (NodeId, CorrelationId),
        request: Request,
    ) {
        self.begin(ctx, env, Asker::Client(client, number), request);
    }

    /// Asks something for the broker itself; the answer comes back from [`Self::answered`] or [`Self::timed_out`].
    pub(super) fn ask(&mut self, ctx: &mut Ctx<'_>, env: &mut Env<'_>, request: Request) {
        self.begin(ctx, env, Asker::Itself, request);
    }

    fn begin(&mut self, ctx: &mut Ctx<'_>, env: &mut Env<'_>, asker: Asker, request: Request) {
        let correlation = env.correlations.next();
        let timeout = BrokerTimer::ForwardingTimeout { correlation };
        let timeout = ctx.set_timer(CONTROLLER_REQUEST_TIMEOUT, timeout.into());
        let forwarded = Forwarded { request, asker, controller: None, timeout, retry: None };
        self.in_flight.insert(correlation, forwarded);
        self.resend(ctx, env, correlation);
    }

    /// Hands back the answer to a request of the broker's own.
    #[must_use]
    pub(super) fn answered(
        &mut self,
        ctx: &mut Ctx<'_>,
        env: &mut Env<'_>,
        correlation: CorrelationId,
        response: Response,
    ) -> Option<Response> {
        if response.error() == Some(ErrorCode::NotController) {
            self.failed(ctx, env, |sent, _| sent == correlation);
            return None;
        }
        let forwarded = self.in_flight.remove(&correlation)?;
        env.channel.answered();
        forwarded.end(ctx, response)
    }

    /// Requests that `lost` names will not be answered: they go out again after a pause.
    pub(super) fn failed(
        &mut self,
        ctx: &mut Ctx<'_>,
        env: &mut Env<'_>,
        lost: impl Fn(CorrelationId, NodeId) -> bool,
    ) {
        for (correlation, forwarded) in &mut self.in_flight {
            let is_lost = forwarded.controller.is_some_and(|controller| lost(*correlation, controller));
            if forwarded.retry.is_none() && is_lost {
                let after = env.channel.failed();
                let retry = BrokerTimer::ForwardAgain { correlation: *correlation };
                forwarded.retry = Some(ctx.set_timer(after, retry.into()));
            }
        }
    }

    pub(super) fn resend(&mut self, ctx: &mut Ctx<'_>, env: &mut Env<'_>, correlation: CorrelationId) {
        let Some(forwarded) = self.in_flight.get_mut(&correlation) else { return };
        forwarded.controller = env.channel.active();
        forwarded.retry = match forwarded.controller {
            Some(controller) => {
                request(ctx, controller, correlation, forwarded.request.clone());
                None
            }
            None => Some(ctx.set_timer(CONTROLLER_POLL, BrokerTimer::ForwardAgain { correlation }.into())),
        };
    }

    /// The client is told so. (What it asked for may still come about.)
    #[must_use]
    pub(super) fn timed_out(&mut self, ctx: &mut Ctx<'_>, correlation: CorrelationId) -> Option<Response> {
        let forwarded = self.in_flight.remove(&correlation)?;
        let response = forwarded.request.refused(ErrorCode::RequestTimedOut)?;
        forwarded.end(ctx, response)
    }

    pub(super) fn forget(&mut self, client: NodeId) {
        for forwarded in self.in_flight.values_mut() {
            if matches!(forwarded.asker, Asker::Client(waiting, _) if waiting == client) {
                forwarded.asker = Asker::Nobody;
            }
        }
    }
}

impl Forwarded {
    fn end(self, ctx: &mut Ctx<'_>, response: Response) -> Option<Response> {
        ctx.cancel_timer(self.timeout);
        self.retry.into_iter().for_each(|retry| ctx.cancel_timer(retry));
        match self.asker {
            Asker::Client(client, correlation) => respond(ctx, client, correlation, response),
            Asker::Nobody => {}
            Asker::Itself => return Some(response),
        }
        None
    }
}
