//! A client's connections (`org.apache.kafka.clients.NetworkClient`): what is in flight to each broker, and since when.
//!
//! Every request is remembered with what it was for, under the correlation id that the answer will bring back. Three
//! things can end it: the answer, a broken connection, or `request.timeout.ms`. On a timeout Kafka closes the whole
//! connection, so everything in flight to that broker fails together; an answer that still comes finds nobody waiting.
//! After a disconnect the broker is left alone for a back-off of `reconnect.backoff.ms`, doubling with every failure.
//!
//! Connecting takes no time here: there is no handshake before the first request. A broker counts as connected once it
//! has answered something. The owner keeps one timer for [`NetworkClient::next_deadline`].

use std::collections::{BTreeMap, VecDeque};

use super::backoff::ExponentialBackoff;
use crate::engine::Ctx;
use crate::engine::common::{BrokerId, CorrelationId, NodeId, Purpose, Rng, Span, Time};
use crate::engine::protocol::{ApiKey, Body, Request};

/// The settings of a client that concern its connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NetworkConfig {
    /// `request.timeout.ms`.
    pub request_timeout: Span,
    /// `max.in.flight.requests.per.connection`; consumers and admin clients do not limit it.
    pub max_in_flight: Option<u32>,
    /// `reconnect.backoff.ms`.
    pub reconnect_backoff: Span,
    /// `reconnect.backoff.max.ms`.
    pub reconnect_backoff_max: Span,
}

impl Default for NetworkConfig {
    fn default() -> Self {
        Self {
            request_timeout: Span::secs(30),
            max_in_flight: None,
            reconnect_backoff: Span::millis(50),
            reconnect_backoff_max: Span::secs(1),
        }
    }
}

/// A request that has no answer yet. `P` is what its sender wants to remember of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InFlightRequest<P> {
    pub correlation: CorrelationId,
    pub api: ApiKey,
    pub purpose: P,
    pub sent_at: Time,
    /// When the client gives up on the connection.
    pub deadline: Time,
}

/// A connection that is gone, with all that was in flight on it, in the order of sending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disconnection<P> {
    pub broker: BrokerId,
    pub requests: Vec<InFlightRequest<P>>,
}

#[derive(Clone, Debug)]
struct Connection<P> {
    in_flight: VecDeque<InFlightRequest<P>>,
    /// Has it answered since it was last lost?
    connected: bool,
    /// Disconnects in a row.
    failures: u32,
    /// Not to be tried before.
    retry_at: Option<Time>,
    last_attempt: Time,
}

impl<P> Default for Connection<P> {
    fn default() -> Self {
        Self { in_flight: VecDeque::new(), connected: false, failures: 0, retry_at: None, last_attempt: Time::ZERO }
    }
}

/// All connections of one client.
#[derive(Clone, Debug)]
pub struct NetworkClient<P> {
    config: NetworkConfig,
    backoff: ExponentialBackoff,
    connections: BTreeMap<BrokerId, Connection<P>>,
    next_correlation: CorrelationId,
}

impl<P> NetworkClient<P> {
    #[must_use]
    pub fn new(config: NetworkConfig) -> Self {
        let backoff = ExponentialBackoff::new(config.reconnect_backoff, config.reconnect_backoff_max);
        Self { config, backoff, connections: BTreeMap::new(), next_correlation: CorrelationId(0) }
    }

    // ---- sending ---------------------------------------------------------------------------------------------

    /// Sends a request and remembers what it was for.
    pub fn send(&mut self, ctx: &mut Ctx<'_>, to: BrokerId, request: impl Into<Request>, purpose: P) -> CorrelationId {
        let timeout = self.config.request_timeout;
        self.send_with_timeout(ctx, to, request, purpose, timeout)
    }

    /// Sends a request that may take longer than others: JoinGroup waits for the whole group.
    pub fn send_with_timeout(
        &mut self,
        ctx: &mut Ctx<'_>,
        to: BrokerId,
        request: impl Into<Request>,
        purpose: P,
        timeout: Span,
    ) -> CorrelationId {
        let request = request.into();
        let correlation = self.register(ctx.now(), to, request.api(), purpose, timeout);
        ctx.send(NodeId::Broker(to), Body::Request { correlation, request });
        correlation
    }

    /// Sends a request that has no answer: Produce with `acks=0`. It is done as soon as it is on the wire.
    pub fn send_without_response(&mut self, ctx: &mut Ctx<'_>, to: BrokerId, request: impl Into<Request>) {
        let correlation = self.next_correlation();
        self.connections.entry(to).or_default().last_attempt = ctx.now();
        ctx.send(NodeId::Broker(to), Body::Request { correlation, request: request.into() });
    }

    /// The book-keeping half of sending.
    fn register(&mut self, now: Time, to: BrokerId, api: ApiKey, purpose: P, timeout: Span) -> CorrelationId {
        let correlation = self.next_correlation();
        let connection = self.connections.entry(to).or_default();
        connection.last_attempt = now;
        let request = InFlightRequest { correlation, api, purpose, sent_at: now, deadline: now + timeout };
        connection.in_flight.push_back(request);
        correlation
    }

    fn next_correlation(&mut self) -> CorrelationId {
        let correlation = self.next_correlation;
        self.next_correlation = correlation.next();
        correlation
    }

    // ---- what ends a request ---------------------------------------------------------------------------------

    /// An answer came: hands back what it answers, or `None` if nobody waits for it any more.
    pub fn complete(&mut self, from: BrokerId, correlation: CorrelationId) -> Option<InFlightRequest<P>> {
        let connection = self.connections.get_mut(&from)?;
        let index = connection.in_flight.iter().position(|request| request.correlation == correlation)?;
        connection.connected = true;
        connection.failures = 0;
        connection.retry_at = None;
        connection.in_flight.remove(index)
    }

    /// The connection broke or could not be made: hands back all that was in flight on it.
    pub fn disconnected(&mut self, now: Time, broker: BrokerId, rng: &mut Rng) -> Disconnection<P> {
        let connection = self.connections.entry(broker).or_default();
        connection.connected = false;
        connection.retry_at = Some(now + self.backoff.after(connection.failures, rng));
        connection.failures = connection.failures.saturating_add(1);
        Disconnection { broker, requests: connection.in_flight.drain(..).collect() }
    }

    /// Closes every connection on which a request has waited too long (`NetworkClient.handleTimedOutRequests`).
    pub fn expire(&mut self, now: Time, rng: &mut Rng) -> Vec<Disconnection<P>> {
        let overdue = |connection: &Connection<P>| connection.in_flight.iter().any(|request| request.deadline <= now);
        let lost: Vec<BrokerId> =
            self.connections.iter().filter(|(_, one)| overdue(one)).map(|(broker, _)| *broker).collect();
        lost.into_iter().map(|broker| self.disconnected(now, broker, rng)).collect()
    }

    /// When [`Self::expire`] will next have something to do.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Time> {
        self.connections.values().flat_map(|one| &one.in_flight).map(|request| request.deadline).min()
    }

    // ---- choosing --------------------------------------------------------------------------------------------

    /// May a request be sent to this broker right now?
    #[must_use]
    pub fn can_send(&self, to: BrokerId, now: Time) -> bool {
        let Some(connection) = self.connections.get(&to) else { return true };
        connection.retry_at.is_none_or(|retry_at| retry_at <= now)
            && self.config.max_in_flight.is_none_or(|max| connection.in_flight.len() < max as usize)
    }

    /// Until when the broker is left alone after a disconnect.
    #[must_use]
    pub fn backing_off_until(&self, broker: BrokerId, now: Time) -> Option<Time> {
        self.connections.get(&broker)?.retry_at.filter(|retry_at| *retry_at > now)
    }

    /// Whom to ask what anybody can answer (`NetworkClient.leastLoadedNode`): of the connected brokers the one with the
    /// fewest requests in flight; else the one that was not tried for the longest; last, one that has kept silent so
    /// far. Ties go to whoever comes first from a random start.
    pub fn least_loaded(&self, candidates: &[BrokerId], now: Time, rng: &mut Rng) -> Option<BrokerId> {
        if candidates.is_empty() {
            return None;
        }
        let start = usize::try_from(rng.below(Purpose::Client, candidates.len() as u64))
            .expect("an index below a list's length fits usize");
        let (before, after) = candidates.split_at(start);
        // The first of equals wins, as in Kafka's loop.
        let open = after.iter().chain(before).filter(|broker| self.can_send(**broker, now));
        open.min_by_key(|broker| match self.connections.get(broker) {
            None => (1, 0, Time::ZERO),
            Some(one) if one.connected => (0, one.in_flight.len(), Time::ZERO),
            Some(one) if one.in_flight.is_empty() => (1, 0, one.last_attempt),
            Some(one) => (2, one.in_flight.len(), one.last_attempt),
        })
        .copied()
    }

    // ---- looking in ------------------------------------------------------------------------------------------

    /// Every request in flight, by broker, then in the order of sending.
    pub fn in_flight(&self) -> impl Iterator<Item = (BrokerId, &InFlightRequest<P>)> {
        self.connections.iter().flat_map(|(broker, one)| one.in_flight.iter().map(move |request| (*broker, request)))
    }

    /// How many requests to this broker have no answer yet.
    #[must_use]
    pub fn in_flight_to(&self, broker: BrokerId) -> usize {
        self.connections.get(&broker).map_or(0, |one| one.in_flight.len())
    }

    /// Brokers that have answered since they were last lost.
    pub fn connected(&self) -> impl Iterator<Item = BrokerId> {
        self.connections.iter().filter(|(_, one)| one.connected).map(|(broker, _)| *broker)
    }

    #[must_use]
    pub fn config(&self) -> &NetworkConfig {
        &self.config
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: BrokerId = BrokerId(1);
    const TWO: BrokerId = BrokerId(2);

    fn at(millis: u64) -> Time {
        Time::ZERO + Span::millis(millis)
    }

    fn client(max_in_flight: Option<u32>) -> NetworkClient<&'static str> {
        NetworkClient::new(NetworkConfig { max_in_flight, ..NetworkConfig::default() })
    }

    fn send(client: &mut NetworkClient<&'static str>, now: Time, to: BrokerId, what: &'static str) -> CorrelationId {
        client.register(now, to, ApiKey::Produce, what, Span::secs(30))
    }

    #[test]
    fn an_answer_finds_its_request_once() {
        let mut client = client(None);
        let first = send(&mut client, at(0), ONE, "first");
        let second = send(&mut client, at(1), ONE, "second");
        assert_ne!(first, second);
        assert_eq!(client.complete(TWO, second), None, "correlation ids belong to a connection");
        let answered = client.complete(ONE, second).unwrap();
        assert_eq!((answered.purpose, answered.sent_at, answered.deadline), ("second", at(1), at(30_001)));
        assert_eq!(client.complete(ONE, second), None);
        assert_eq!(client.in_flight_to(ONE), 1);
    }

    #[test]
    fn a_timeout_closes_the_connection_with_all_that_is_on_it() {
        let mut client = client(None);
        let mut rng = Rng::from_seed(1);
        let early = send(&mut client, at(0), ONE, "early");
        send(&mut client, at(20_000), ONE, "late");
        send(&mut client, at(20_000), TWO, "elsewhere");
        assert_eq!(client.next_deadline(), Some(at(30_000)));
        assert!(client.expire(at(29_999), &mut rng).is_empty());
        let lost = client.expire(at(30_000), &mut rng);
        assert_eq!(lost.len(), 1);
        assert_eq!(lost[0].broker, ONE);
        assert_eq!(lost[0].requests.iter().map(|request| request.purpose).collect::<Vec<_>>(), ["early", "late"]);
        assert_eq!(client.complete(ONE, early), None, "the answer comes to a closed connection");
        assert_eq!(client.next_deadline(), Some(at(50_000)));
        assert!(!client.can_send(ONE, at(30_000)) && client.can_send(TWO, at(30_000)));
    }

    #[test]
    fn the_reconnect_back_off_doubles_until_an_answer_comes() {
        // reconnect.backoff.ms=50 and reconnect.backoff.max.ms=1000 with ±20 %.
        let mut client = client(None);
        let mut rng = Rng::from_seed(1);
        let mut now = at(0);
        for expected in [50, 100, 200, 400, 800, 1_000, 1_000] {
            client.disconnected(now, ONE, &mut rng);
            let until = client.backing_off_until(ONE, now).unwrap();
            let pause = until.since(now);
            assert!(pause >= Span::micros(expected * 800) && pause <= Span::micros(expected * 1_200), "{pause}");
            assert!(pause <= Span::secs(1));
            assert!(client.can_send(ONE, until));
            now = until;
        }
        let correlation = send(&mut client, now, ONE, "knock");
        client.complete(ONE, correlation).unwrap();
        client.disconnected(now, ONE, &mut rng);
        assert!(client.backing_off_until(ONE, now).unwrap() <= now + Span::millis(60));
    }

    #[test]
    fn in_flight_requests_are_limited_per_connection() {
        let mut client = client(Some(2));
        let first = send(&mut client, at(0), ONE, "a");
        assert!(client.can_send(ONE, at(0)));
        send(&mut client, at(0), ONE, "b");
        assert!(!client.can_send(ONE, at(0)) && client.can_send(TWO, at(0)));
        client.complete(ONE, first).unwrap();
        assert!(client.can_send(ONE, at(0)));
    }

    #[test]
    fn the_least_loaded_broker_is_connected_and_idle() {
        let mut client = client(None);
        let mut rng = Rng::from_seed(5);
        let all = [ONE, TWO, BrokerId(3)];
        // Two answers, so it is connected; broker 1 has been asked and is silent.
        let correlation = send(&mut client, at(0), TWO, "hello");
        client.complete(TWO, correlation).unwrap();
        send(&mut client, at(0), ONE, "hello");
        for _ in 0..20 {
            assert_eq!(client.least_loaded(&all, at(1), &mut rng), Some(TWO));
        }
        // With broker 2 lost, rather the untried third than the silent first.
        client.disconnected(at(1), TWO, &mut rng);
        for _ in 0..20 {
            assert_eq!(client.least_loaded(&all, at(2), &mut rng), Some(BrokerId(3)));
        }
        client.disconnected(at(2), BrokerId(3), &mut rng);
        assert_eq!(client.least_loaded(&all, at(3), &mut rng), Some(ONE));
        client.disconnected(at(3), ONE, &mut rng);
        assert_eq!(client.least_loaded(&all, at(4), &mut rng), None);
        assert!(client.least_loaded(&all, at(2_000), &mut rng).is_some());
    }
}
