//! Requests of operators that only the controller can carry out: passed on, and the answer passed back
//! (`ForwardingManager`).
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
    /// `None`: it is gone.
    client: Option<(NodeId, CorrelationId)>,
    /// `None`: nobody leads the quorum, as far as this broker knows.
    controller: Option<NodeId>,
    timeout: TimerId,
    retry: Option<TimerId>,
}

impl Forwarding {
    pub(super) fn forward(
        &mut self,
        ctx: &mut Ctx<'_>,
        env: &mut Env<'_>,
        client: (NodeId, CorrelationId),
        forwarded: Request,
    ) {
        let correlation = env.correlations.next();
        let timeout = BrokerTimer::ForwardingTimeout { correlation };
        let timeout = ctx.set_timer(CONTROLLER_REQUEST_TIMEOUT, timeout.into());
        let forwarded = Forwarded { request: forwarded, client: Some(client), controller: None, timeout, retry: None };
        self.in_flight.insert(correlation, forwarded);
        self.resend(ctx, env, correlation);
    }

    pub(super) fn answered(
        &mut self,
        ctx: &mut Ctx<'_>,
        env: &mut Env<'_>,
        correlation: CorrelationId,
        response: Response,
    ) {
        if response.error() == Some(ErrorCode::NotController) {
            self.failed(ctx, env, |sent, _| sent == correlation);
            return;
        }
        let Some(forwarded) = self.in_flight.remove(&correlation) else { return };
        env.channel.answered();
        forwarded.end(ctx, response);
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
    pub(super) fn timed_out(&mut self, ctx: &mut Ctx<'_>, correlation: CorrelationId) {
        let Some(forwarded) = self.in_flight.remove(&correlation) else { return };
        if let Some(response) = forwarded.request.refused(ErrorCode::RequestTimedOut) {
            forwarded.end(ctx, response);
        }
    }

    pub(super) fn forget(&mut self, client: NodeId) {
        for forwarded in self.in_flight.values_mut() {
            forwarded.client.take_if(|(waiting, _)| *waiting == client);
        }
    }
}

impl Forwarded {
    fn end(self, ctx: &mut Ctx<'_>, response: Response) {
        ctx.cancel_timer(self.timeout);
        self.retry.into_iter().for_each(|retry| ctx.cancel_timer(retry));
        if let Some((client, correlation)) = self.client {
            respond(ctx, client, correlation, response);
        }
    }
}
