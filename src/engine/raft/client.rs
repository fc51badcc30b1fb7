//! One replica of the metadata log: its parts held together, its one thread, its clock (`KafkaRaftClient`).
//!
//! Kafka does all of this on one thread, and that thread waits for the disk: while it flushes, a voter answers nobody,
//! counts no fetch and holds no election. So it is here: what follows a write in the program waits in `work` until the
//! write is on the platter, and what arrives meanwhile waits in `inbox`. A leader with a slow disk loses its office.
//!
//! Always holds: nobody has heard anything from this replica that a crash or a loss of power could make untrue. Its vote
//! and its epoch are on disk before they are told; so is its log, before it counts towards the high watermark. (Kafka lets
//! a sole voter commit while the flush is still under way; here it waits for it.)

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::config::RaftConfig;
use super::connections::Connections;
use super::log::MetadataLog;
use super::quorum_state::{ElectionState, EpochState, QuorumState, known_high_watermark};
use crate::engine::common::{BrokerId, CorrelationId, LeaderEpoch, NodeId, Offset, Purpose, Span, Time};
use crate::engine::metadata::{MetadataBatch, MetadataRecord, Snapshot};
use crate::engine::protocol::{Body, CurrentLeader, MetadataLogRequest, Request, Response};
use crate::engine::runtime::{Crash, TimerId};
use crate::engine::{Ctx, Timer, Token};

/// Bytes of a `quorum-state` file.
const QUORUM_STATE_BYTES: u64 = 150;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// A controller: one of the voters.
    Voter(BrokerId),
    /// A broker: copies the log and has no vote.
    Observer,
}

/// The one alarm of the thread: something is due.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RaftTimer {
    Poll,
}

/// What was handed to the disk.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RaftWrite {
    /// The log, up to this offset.
    Log {
        end: Offset,
    },
    Election(ElectionState),
}

/// What the host is told (`RaftClient.Listener`), in order.
#[derive(Clone, Debug)]
pub enum RaftEvent {
    /// Another epoch, or its leader became known. A new leader hears of itself only when everything before its epoch is
    /// committed and has been handed over.
    LeaderChanged(CurrentLeader),
    Committed(Arc<MetadataBatch>),
    /// Everything so far is replaced by this.
    SnapshotLoaded(Arc<Snapshot>),
}

/// A fetch of the log that waits at the leader for something to fetch.
#[derive(Clone, Debug)]
pub struct ParkedFetch {
    pub request: MetadataLogRequest,
    pub since: Time,
    pub deadline: Time,
    pub(super) correlation: CorrelationId,
}

#[derive(Clone, Debug)]
pub struct RaftClient {
    pub(super) role: Role,
    pub(super) voters: Arc<[BrokerId]>,
    pub(super) config: RaftConfig,
    pub(super) durable: Durable,
    pub(super) volatile: Volatile,
}

/// What a restart finds.
#[derive(Clone, Debug, Default)]
pub(super) struct Durable {
    pub(super) log: MetadataLog,
    /// The `quorum-state` file.
    pub(super) election: Option<ElectionState>,
}

#[derive(Clone, Debug)]
pub(super) struct Volatile {
    pub(super) quorum: QuorumState,
    /// As the leader last told it.
    pub(super) high_watermark: Option<Offset>,
    /// Handed over by the controller, not yet written (`BatchAccumulator`).
    pub(super) unwritten: Vec<MetadataRecord>,
    pub(super) drain_at: Option<Time>,
    pub(super) connections: Connections,
    pub(super) parked: BTreeMap<NodeId, ParkedFetch>,
    work: VecDeque<Work>,
    inbox: VecDeque<Inbound>,
    wake: Option<(Time, TimerId)>,
    /// The next offset that the host will be handed.
    pub(super) next_offset: Option<Offset>,
    pub(super) fired: CurrentLeader,
    pub(super) events: VecDeque<RaftEvent>,
    pub(super) cleaned_at: Time,
}

/// What the thread still has to do, in order; the first is always a write that is under way.
#[derive(Clone, Debug)]
enum Work {
    Write { bytes: u64, what: RaftWrite },
    Send { to: NodeId, body: Body },
}

#[derive(Clone, Debug)]
enum Inbound {
    Message { from: NodeId, body: Body },
    Disconnected(NodeId),
}

/// Is the message the Raft client's affair?
#[must_use]
pub fn is_for_raft(body: &Body) -> bool {
    match body {
        Body::Request { request, .. } => matches!(
            request,
            Request::Vote(_)
                | Request::BeginQuorumEpoch(_)
                | Request::EndQuorumEpoch(_)
                | Request::FetchMetadataLog(_)
                | Request::FetchSnapshot(_)
        ),
        Body::Response { response, .. } => matches!(
            response,
            Response::Vote(_)
                | Response::BeginQuorumEpoch(_)
                | Response::EndQuorumEpoch(_)
                | Response::FetchMetadataLog(_)
                | Response::FetchSnapshot(_)
        ),
        Body::Queue(_) | Body::ZooKeeper(_) => false,
    }
}

impl Volatile {
    fn new(config: &RaftConfig) -> Self {
        let state = EpochState::Unattached { leader: None, voted: None, election_at: None };
        Self {
            quorum: QuorumState { epoch: LeaderEpoch(0), state },
            high_watermark: None,
            unwritten: Vec::new(),
            drain_at: None,
            connections: Connections::new(config.request_timeout, config.retry_backoff),
            parked: BTreeMap::new(),
            work: VecDeque::new(),
            inbox: VecDeque::new(),
            wake: None,
            next_offset: None,
            fired: CurrentLeader::default(),
            events: VecDeque::new(),
            cleaned_at: Time::ZERO,
        }
    }
}

impl RaftClient {
    /// With an empty disk.
    ///
    /// # Panics
    /// Without voters.
    #[must_use]
    pub fn new(role: Role, mut voters: Vec<BrokerId>, config: RaftConfig) -> Self {
        voters.sort_unstable();
        assert!(!voters.is_empty(), "a quorum has at least one voter");
        let volatile = Volatile::new(&config);
        Self { role, voters: voters.into(), config, durable: Durable::default(), volatile }
    }

    // ---- for spectators and for the host -----------------------------------------------------------------------

    /// Its own id among the voters.
    #[must_use]
    pub fn voter_id(&self) -> Option<BrokerId> {
        match self.role {
            Role::Voter(id) => Some(id),
            Role::Observer => None,
        }
    }

    #[must_use]
    pub fn voters(&self) -> &[BrokerId] {
        &self.voters
    }

    #[must_use]
    pub fn config(&self) -> &RaftConfig {
        &self.config
    }

    #[must_use]
    pub fn quorum(&self) -> &QuorumState {
        &self.volatile.quorum
    }

    /// The `quorum-state` file as it is on disk.
    #[must_use]
    pub fn election(&self) -> Option<ElectionState> {
        self.durable.election
    }

    /// Whom it voted for in its epoch.
    #[must_use]
    pub fn voted(&self) -> Option<BrokerId> {
        self.volatile.quorum.voted(self.voter_id())
    }

    #[must_use]
    pub fn current_leader(&self) -> CurrentLeader {
        let quorum = &self.volatile.quorum;
        CurrentLeader { leader: quorum.leader(self.voter_id()), epoch: quorum.epoch }
    }

    /// The log as it is on disk or in the page cache.
    #[must_use]
    pub fn log(&self) -> &MetadataLog {
        &self.durable.log
    }

    /// What this replica knows to be committed.
    #[must_use]
    pub fn high_watermark(&self) -> Option<Offset> {
        known_high_watermark(&self.volatile.quorum, self.volatile.high_watermark)
    }

    /// Records that wait for `controller.quorum.append.linger.ms`; the first will have the log's end offset.
    #[must_use]
    pub fn unwritten(&self) -> &[MetadataRecord] {
        &self.volatile.unwritten
    }

    pub fn parked_fetches(&self) -> impl Iterator<Item = (NodeId, &ParkedFetch)> {
        self.volatile.parked.iter().map(|(replica, fetch)| (*replica, fetch))
    }

    /// Does the thread wait for the disk?
    #[must_use]
    pub fn is_flushing(&self) -> bool {
        !self.volatile.work.is_empty()
    }

    /// What the host has not been told yet.
    pub fn next_event(&mut self) -> Option<RaftEvent> {
        self.volatile.events.pop_front()
    }

    // ---- what happens to it ------------------------------------------------------------------------------------

    /// `initialize`: goes on in the epoch that the disk remembers.
    pub fn start(&mut self, ctx: &mut Ctx<'_>) {
        self.volatile = Volatile::new(&self.config);
        self.volatile.cleaned_at = ctx.now();
        self.initialize_quorum(ctx);
        self.settle(ctx);
    }

    pub fn message(&mut self, ctx: &mut Ctx<'_>, from: NodeId, body: Body) {
        self.volatile.inbox.push_back(Inbound::Message { from, body });
        self.settle(ctx);
    }

    pub fn disconnected(&mut self, ctx: &mut Ctx<'_>, peer: NodeId) {
        self.volatile.inbox.push_back(Inbound::Disconnected(peer));
        self.settle(ctx);
    }

    pub fn timer(&mut self, ctx: &mut Ctx<'_>) {
        self.volatile.wake = None;
        self.settle(ctx);
    }

    /// What was written is on the platter: the thread goes on.
    pub fn flushed(&mut self, ctx: &mut Ctx<'_>, write: &RaftWrite) {
        let Some(Work::Write { what, .. }) = self.volatile.work.pop_front() else {
            unreachable!("a flush ends that was begun")
        };
        assert_eq!(what, *write, "flushes end in the order in which they were begun");
        match what {
            RaftWrite::Election(election) => self.durable.election = Some(election),
            RaftWrite::Log { end } => {
                self.durable.log.mark_flushed(end);
                self.count_own_log(ctx);
            }
        }
        self.go_on(ctx);
        self.settle(ctx);
    }

    /// The process is gone: what was volatile goes, and after a loss of power also what was never flushed.
    pub fn crash(&mut self, how: Crash) {
        if how == Crash::Power {
            self.durable.log.cut_unflushed();
        }
        self.volatile = Volatile::new(&self.config);
        self.volatile.quorum.epoch = self.durable.election.map_or(LeaderEpoch(0), |election| election.epoch);
    }

    // ---- what the controller asks of it ------------------------------------------------------------------------

    /// The offset that the next record of the controller will get.
    #[must_use]
    pub fn next_write_offset(&self) -> Offset {
        self.durable.log.end_offset().plus(self.volatile.unwritten.len() as u64)
    }

    /// `prepareAppend`: takes records into the next batch.
    ///
    /// # Panics
    /// If it does not lead.
    pub fn append(&mut self, ctx: &mut Ctx<'_>, records: impl IntoIterator<Item = MetadataRecord>) {
        assert!(self.volatile.quorum.is_leader(), "only the leader appends");
        let Volatile { unwritten, drain_at, .. } = &mut self.volatile;
        unwritten.extend(records);
        if drain_at.is_none() && !unwritten.is_empty() {
            let due = ctx.now() + self.config.append_linger;
            *drain_at = Some(due);
            let next = earliest([Some(due), self.volatile.wake.map(|(at, _)| at)]);
            self.wake_at(ctx, next);
        }
    }

    /// Keeps a snapshot that the host made of what it was handed.
    pub fn store_snapshot(&mut self, snapshot: Arc<Snapshot>, now: Time) {
        self.durable.log.store_snapshot(snapshot, now);
    }

    // ---- the thread --------------------------------------------------------------------------------------------

    /// Sends now, or after the writes that come before it.
    pub(super) fn send(&mut self, ctx: &mut Ctx<'_>, to: NodeId, body: Body) {
        if self.volatile.work.is_empty() {
            ctx.send(to, body);
        } else {
            self.volatile.work.push_back(Work::Send { to, body });
        }
    }

    pub(super) fn respond(
        &mut self,
        ctx: &mut Ctx<'_>,
        to: NodeId,
        correlation: CorrelationId,
        response: impl Into<Response>,
    ) {
        self.send(ctx, to, Body::Response { correlation, response: response.into() });
    }

    /// Hands something to the disk and waits for it. An observer's thread does not wait: it has promised nobody anything.
    pub(super) fn write(&mut self, ctx: &mut Ctx<'_>, bytes: u64, what: RaftWrite) {
        match (self.role, what) {
            (Role::Observer, RaftWrite::Election(election)) => self.durable.election = Some(election),
            (Role::Observer, RaftWrite::Log { .. }) => {}
            (Role::Voter(_), what) => {
                if self.volatile.work.is_empty() {
                    ctx.flush(bytes, Token::Raft(what.clone()));
                }
                self.volatile.work.push_back(Work::Write { bytes, what });
            }
        }
    }

    pub(super) fn write_election(&mut self, ctx: &mut Ctx<'_>) {
        let election = self.volatile.quorum.election(self.voter_id());
        self.write(ctx, QUORUM_STATE_BYTES, RaftWrite::Election(election));
    }

    /// What came after the write that is done, up to the next one.
    fn go_on(&mut self, ctx: &mut Ctx<'_>) {
        while let Some(next) = self.volatile.work.front() {
            if let Work::Write { bytes, what } = next {
                ctx.flush(*bytes, Token::Raft(what.clone()));
                return;
            }
            if let Some(Work::Send { to, body }) = self.volatile.work.pop_front() {
                ctx.send(to, body);
            }
        }
    }

    /// Takes in what has arrived, does what is due, tells the host, and sets the alarm.
    fn settle(&mut self, ctx: &mut Ctx<'_>) {
        while self.volatile.work.is_empty()
            && let Some(inbound) = self.volatile.inbox.pop_front()
        {
            match inbound {
                Inbound::Message { from, body } => self.handle(ctx, from, body),
                Inbound::Disconnected(peer) => self.handle_disconnect(ctx, peer),
            }
        }
        let next = self.poll(ctx);
        self.fire_events();
        self.wake_at(ctx, next);
    }

    fn handle(&mut self, ctx: &mut Ctx<'_>, from: NodeId, body: Body) {
        match body {
            Body::Request { correlation, request } => match request {
                Request::Vote(vote) => self.handle_vote(ctx, (from, correlation), &vote),
                Request::BeginQuorumEpoch(begin) => self.handle_begin_quorum_epoch(ctx, (from, correlation), &begin),
                Request::EndQuorumEpoch(end) => self.handle_end_quorum_epoch(ctx, (from, correlation), &end),
                Request::FetchMetadataLog(fetch) => self.handle_fetch(ctx, from, correlation, fetch),
                Request::FetchSnapshot(fetch) => self.handle_fetch_snapshot(ctx, (from, correlation), &fetch),
                _ => {}
            },
            Body::Response { correlation, response } => {
                let NodeId::Controller(voter) = from else { return };
                if !self.volatile.connections.expects(voter, correlation) {
                    return;
                }
                let is_useful = match response {
                    Response::Vote(vote) => self.handle_vote_response(ctx, voter, &vote),
                    Response::BeginQuorumEpoch(begin) => {
                        self.handle_common(ctx, begin.error, begin.current) != Some(false)
                    }
                    Response::EndQuorumEpoch(end) => self.handle_end_quorum_epoch_response(ctx, voter, &end),
                    Response::FetchMetadataLog(fetch) => self.handle_fetch_response(ctx, fetch),
                    Response::FetchSnapshot(fetch) => self.handle_fetch_snapshot_response(ctx, voter, fetch),
                    _ => true,
                };
                // A change of state has reset the connections already.
                if self.volatile.connections.expects(voter, correlation) {
                    if is_useful {
                        self.volatile.connections.succeeded(voter);
                    } else {
                        self.volatile.connections.failed(voter, ctx.now());
                    }
                }
            }
            Body::Queue(_) | Body::ZooKeeper(_) => {}
        }
    }

    /// BROKER_NOT_AVAILABLE, as a broken connection answers.
    fn handle_disconnect(&mut self, ctx: &mut Ctx<'_>, peer: NodeId) {
        self.volatile.parked.remove(&peer);
        if let NodeId::Controller(voter) = peer
            && self.volatile.connections.is_awaited(voter)
        {
            self.volatile.connections.failed(voter, ctx.now());
        }
    }

    /// `pollCurrentState`, until nothing more is due. Returns when something will be.
    fn poll(&mut self, ctx: &mut Ctx<'_>) -> Option<Time> {
        loop {
            if !self.volatile.work.is_empty() {
                return None; // The disk will call.
            }
            let polled = match &self.volatile.quorum.state {
                EpochState::Unattached { .. } => self.poll_unattached(ctx),
                EpochState::Prospective { .. } | EpochState::Candidate { .. } => self.poll_nominee(ctx),
                EpochState::Leader(_) => self.poll_leader(ctx),
                EpochState::Resigned { .. } => self.poll_resigned(ctx),
                EpochState::Follower { .. } => self.poll_follower(ctx),
            };
            match polled {
                Polled::Changed => {}
                Polled::WaitUntil(next) => {
                    self.maybe_clean(ctx);
                    return next;
                }
            }
        }
    }

    fn wake_at(&mut self, ctx: &mut Ctx<'_>, at: Option<Time>) {
        if self.volatile.wake.map(|(at, _)| at) == at {
            return;
        }
        if let Some((_, timer)) = self.volatile.wake.take() {
            ctx.cancel_timer(timer);
        }
        if let Some(at) = at {
            let timer = ctx.set_timer(at.since(ctx.now()), Timer::Raft(RaftTimer::Poll));
            self.volatile.wake = Some((at, timer));
        }
    }

    /// Sends a request to a voter unless one is under way or must wait. Returns when it may be tried again.
    pub(super) fn offer(
        &mut self,
        ctx: &mut Ctx<'_>,
        to: BrokerId,
        make: impl FnOnce(&Self) -> Request,
    ) -> Option<Time> {
        let now = ctx.now();
        if self.volatile.connections.is_ready(to, now) {
            let request = make(self);
            let correlation = self.volatile.connections.sent(to, now);
            self.send(ctx, NodeId::Controller(to), Body::Request { correlation, request });
        }
        self.volatile.connections.next_change_of(to, now)
    }

    // ---- small things ------------------------------------------------------------------------------------------

    pub(super) fn others(&self) -> impl Iterator<Item = BrokerId> {
        let me = self.voter_id();
        let voters = self.voters.clone();
        (0..voters.len()).map(move |at| voters[at]).filter(move |voter| Some(*voter) != me)
    }

    pub(super) fn is_only_voter(&self) -> bool {
        self.voter_id().is_some() && self.voters.len() == 1
    }

    /// `randomElectionTimeoutMs`: once to twice `controller.quorum.election.timeout.ms`.
    pub(super) fn random_election_timeout(&self, ctx: &mut Ctx<'_>) -> Span {
        let millis = self.config.election_timeout.as_millis().max(1); // Nothing at all would stop the clock.
        Span::millis(millis + ctx.rng().below(Purpose::Election, millis))
    }
}

/// What came of a look at the state.
pub(super) enum Polled {
    /// Look again: it is another state now, or a write is under way.
    Changed,
    WaitUntil(Option<Time>),
}

/// The earliest of what is known.
pub(super) fn earliest(times: impl IntoIterator<Item = Option<Time>>) -> Option<Time> {
    times.into_iter().flatten().min()
}
