//! How a broker learns about the cluster: it fetches the metadata log as an observer and replays it.
//!
//! Every change of leaders, topics or brokers reaches this broker here and nowhere else. After a start the whole log is
//! replayed before any of it is acted upon (`MetadataLoader` waits to catch up with the high watermark it first saw).

use super::env::{ControllerChannel, Correlations, request};
use super::timer::BrokerTimer;
use crate::engine::Ctx;
use crate::engine::common::{BrokerId, CorrelationId, NodeId, Offset, Span, Time};
use crate::engine::config::BrokerConfig;
use crate::engine::metadata::MetadataImage;
use crate::engine::protocol::{MetadataLogRequest, MetadataLogResponse};
use crate::engine::runtime::TimerId;

#[derive(Clone, Debug, Default)]
pub struct MetadataLoader {
    image: MetadataImage,
    high_watermark: Offset,
    in_flight: Option<InFlight>,
}

#[derive(Clone, Copy, Debug)]
struct InFlight {
    correlation: CorrelationId,
    controller: NodeId,
    since: Time,
    timeout: TimerId,
}

impl MetadataLoader {
    /// What this broker knows of the cluster.
    #[must_use]
    pub fn image(&self) -> &MetadataImage {
        &self.image
    }

    /// The metadata log's high watermark as last heard.
    #[must_use]
    pub fn high_watermark(&self) -> Offset {
        self.high_watermark
    }

    /// Since when the fetch under way has been waiting.
    #[must_use]
    pub fn in_flight_since(&self) -> Option<Time> {
        self.in_flight.map(|sent| sent.since)
    }

    /// Everything known to be committed is applied.
    pub(super) fn has_caught_up(&self) -> bool {
        self.image.end_offset() >= self.high_watermark
    }

    pub(super) fn fetch(
        &mut self,
        ctx: &mut Ctx<'_>,
        me: BrokerId,
        config: &BrokerConfig,
        channel: &ControllerChannel,
        correlations: &mut Correlations,
    ) {
        if self.in_flight.is_some() {
            return;
        }
        let (controller, correlation) = (channel.active(), correlations.next());
        let fetch_offset = self.image.end_offset();
        request(ctx, controller, correlation, MetadataLogRequest { observer: me, fetch_offset });
        let patience = config.controller_quorum_request_timeout;
        let timeout = ctx.set_timer(patience, BrokerTimer::FetchMetadataTimeout { correlation }.into());
        self.in_flight = Some(InFlight { correlation, controller, since: ctx.now(), timeout });
    }

    /// Replays what came. Returns whether it was news, or after an error the pause to make, or `None` for an answer nobody waits for.
    pub(super) fn answered(
        &mut self,
        ctx: &mut Ctx<'_>,
        channel: &mut ControllerChannel,
        correlation: CorrelationId,
        response: &MetadataLogResponse,
    ) -> Option<Result<bool, Span>> {
        let sent = self.in_flight.take_if(|sent| sent.correlation == correlation)?;
        ctx.cancel_timer(sent.timeout);
        if response.error.is_some() {
            return Some(Err(channel.failed(sent.controller)));
        }
        channel.answered();
        self.high_watermark = self.high_watermark.max(response.high_watermark);
        assert!(response.base_offset <= self.image.end_offset(), "the controller answers from the offset asked for");
        let known = usize::try_from(self.image.end_offset().since(response.base_offset)).unwrap_or(usize::MAX);
        for record in response.records.iter().skip(known) {
            self.image.replay(record);
        }
        Some(Ok(response.carries_news()))
    }

    /// The fetch under way, if it is one of those `lost` names, will not be answered. Returns the pause to make.
    pub(super) fn failed(
        &mut self,
        ctx: &mut Ctx<'_>,
        channel: &mut ControllerChannel,
        lost: impl Fn(CorrelationId, NodeId) -> bool,
    ) -> Option<Span> {
        let sent = self.in_flight.take_if(|sent| lost(sent.correlation, sent.controller))?;
        ctx.cancel_timer(sent.timeout);
        Some(channel.failed(sent.controller))
    }
}
