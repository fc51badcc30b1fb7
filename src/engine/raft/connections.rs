//! One request at a time to each voter, its timeout and the pause after a failure (`RequestManager`).

use std::collections::BTreeMap;

use crate::engine::common::{BrokerId, CorrelationId, Span, Time};

/// Kafka asks an unreachable or useless voter again every `retry.backoff.ms`. Here the pause doubles up to this, to
/// spare the trace.
const MAX_BACKOFF: Span = Span::millis(160);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Ready,
    AwaitingResponse { correlation: CorrelationId, since: Time },
    BackingOff { until: Time },
}

#[derive(Clone, Copy, Debug)]
struct Connection {
    state: State,
    failures: u32,
}

#[derive(Clone, Debug)]
pub(super) struct Connections {
    request_timeout: Span,
    retry_backoff: Span,
    by_voter: BTreeMap<BrokerId, Connection>,
    next: CorrelationId,
}

impl Connections {
    pub(super) fn new(request_timeout: Span, retry_backoff: Span) -> Self {
        Self { request_timeout, retry_backoff, by_voter: BTreeMap::new(), next: CorrelationId::default() }
    }

    fn state(&self, voter: BrokerId, now: Time) -> State {
        match self.by_voter.get(&voter).map(|connection| connection.state) {
            Some(State::AwaitingResponse { since, .. }) if now >= since + self.request_timeout => State::Ready,
            Some(State::BackingOff { until }) if now >= until => State::Ready,
            state => state.unwrap_or(State::Ready),
        }
    }

    pub(super) fn is_ready(&self, voter: BrokerId, now: Time) -> bool {
        self.state(voter, now) == State::Ready
    }

    pub(super) fn is_backing_off(&self, voter: BrokerId, now: Time) -> bool {
        matches!(self.state(voter, now), State::BackingOff { .. })
    }

    /// Did the last request to it stay without an answer?
    pub(super) fn has_timed_out(&self, voter: BrokerId, now: Time) -> bool {
        let state = self.by_voter.get(&voter).map(|connection| connection.state);
        matches!(state, Some(State::AwaitingResponse { since, .. }) if now >= since + self.request_timeout)
    }

    pub(super) fn has_any_in_flight(&self, now: Time) -> bool {
        self.by_voter.keys().any(|voter| matches!(self.state(*voter, now), State::AwaitingResponse { .. }))
    }

    /// When the next of them times out or may be used again.
    pub(super) fn next_change(&self, now: Time) -> Option<Time> {
        self.by_voter.keys().filter_map(|voter| self.next_change_of(*voter, now)).min()
    }

    pub(super) fn next_change_of(&self, voter: BrokerId, now: Time) -> Option<Time> {
        match self.state(voter, now) {
            State::Ready => None,
            State::AwaitingResponse { since, .. } => Some(since + self.request_timeout),
            State::BackingOff { until } => Some(until),
        }
    }

    pub(super) fn sent(&mut self, voter: BrokerId, now: Time) -> CorrelationId {
        let correlation = self.next;
        self.next = correlation.next();
        let failures = self.by_voter.get(&voter).map_or(0, |connection| connection.failures);
        self.by_voter
            .insert(voter, Connection { state: State::AwaitingResponse { correlation, since: now }, failures });
        correlation
    }

    pub(super) fn expects(&self, voter: BrokerId, correlation: CorrelationId) -> bool {
        let state = self.by_voter.get(&voter).map(|connection| connection.state);
        matches!(state, Some(State::AwaitingResponse { correlation: sent, .. }) if sent == correlation)
    }

    pub(super) fn succeeded(&mut self, voter: BrokerId) {
        self.by_voter.remove(&voter);
    }

    /// The answer was of no use, or the connection broke.
    pub(super) fn failed(&mut self, voter: BrokerId, now: Time) {
        let failures = self.by_voter.get(&voter).map_or(0, |connection| connection.failures);
        let pause = Span(self.retry_backoff.0.saturating_mul(1 << failures.min(10)));
        let until = now + pause.min(MAX_BACKOFF.max(self.retry_backoff)).max(Span::millis(1));
        self.by_voter.insert(voter, Connection { state: State::BackingOff { until }, failures: failures + 1 });
    }

    pub(super) fn is_awaited(&self, voter: BrokerId) -> bool {
        let state = self.by_voter.get(&voter).map(|connection| connection.state);
        matches!(state, Some(State::AwaitingResponse { .. }))
    }

    pub(super) fn reset(&mut self, voter: BrokerId) {
        self.by_voter.remove(&voter);
    }

    /// In another state other requests are made; answers to older ones are of no interest.
    pub(super) fn reset_all(&mut self) {
        self.by_voter.clear();
    }
}
