//! Copying the log: what followers and observers fetch, what the leader gives them, and when it is committed.

use std::sync::Arc;

use super::client::{ParkedFetch, RaftClient, RaftEvent, RaftWrite, earliest};
use super::fact::RaftFact;
use super::log::{MAX_FETCH_BYTES, ValidOffsetAndEpoch};
use super::quorum_state::{Download, EpochState};
use crate::engine::Ctx;
use crate::engine::common::{BrokerId, CorrelationId, ErrorCode, LeaderEpoch, NodeId, Offset, Purpose, Span, Time};
use crate::engine::metadata::{BatchContent, LeaderChange, MetadataBatch, Snapshot};
use crate::engine::protocol::{
    FetchSnapshotRequest, FetchSnapshotResponse, FetchedLog, MetadataLogRequest, MetadataLogResponse, SnapshotPiece,
};

/// How long a fetch of the log may wait for records (`KafkaRaftClient.MAX_FETCH_WAIT_MS`).
const MAX_FETCH_WAIT: Span = Span::millis(500);

/// How often the log is looked at for what may be dropped (`RaftMetadataLogCleanerManager`).
const CLEAN_INTERVAL: Span = Span::secs(60);

impl RaftClient {
    // ---- fetching ----------------------------------------------------------------------------------------------

    fn fetch_request(&self) -> MetadataLogRequest {
        MetadataLogRequest {
            current_leader_epoch: self.volatile.quorum.epoch,
            log_end: self.durable.log.end(),
            high_watermark: self.high_watermark(),
        }
    }

    /// `maybeSendFetchToAnyBootstrap`: whoever answers will say who leads. (Kafka may draw the asker itself; here it
    /// does not ask itself.)
    pub(super) fn fetch_from_anyone(&mut self, ctx: &mut Ctx<'_>) -> Option<Time> {
        let now = ctx.now();
        if self.volatile.connections.has_any_in_flight(now) {
            return self.volatile.connections.next_change(now);
        }
        let ready: Vec<BrokerId> =
            self.others().filter(|voter| self.volatile.connections.is_ready(*voter, now)).collect();
        if let Some(voter) = ctx.rng().pick(Purpose::Election, &ready).copied() {
            self.offer(ctx, voter, |client| client.fetch_request().into());
        }
        self.volatile.connections.next_change(now)
    }

    /// `maybeSendFetchToBestNode`: the leader; another while the leader cannot be reached.
    pub(super) fn fetch_from_best(&mut self, ctx: &mut Ctx<'_>, leader: BrokerId) -> Option<Time> {
        let now = ctx.now();
        let connections = &mut self.volatile.connections;
        if connections.has_timed_out(leader, now) {
            connections.reset(leader);
            return self.fetch_from_anyone(ctx);
        }
        if connections.is_backing_off(leader, now) {
            return self.fetch_from_anyone(ctx);
        }
        if !connections.has_any_in_flight(now) {
            self.offer(ctx, leader, |client| match &client.volatile.quorum.state {
                EpochState::Follower { download: Some(download), .. } => FetchSnapshotRequest {
                    current_leader_epoch: client.volatile.quorum.epoch,
                    snapshot: download.snapshot,
                    position: download.bytes,
                }
                .into(),
                _ => client.fetch_request().into(),
            });
        }
        self.volatile.connections.next_change(now)
    }

    pub(super) fn handle_fetch_response(&mut self, ctx: &mut Ctx<'_>, response: MetadataLogResponse) -> bool {
        if let Some(is_useful) = self.handle_common(ctx, response.error, response.current) {
            return is_useful;
        }
        if response.error.is_some() || !matches!(self.volatile.quorum.state, EpochState::Follower { .. }) {
            return false;
        }
        match response.content {
            FetchedLog::Diverging(end) => {
                let from = self.durable.log.end_offset();
                let to = self.durable.log.truncate_to_divergence(end);
                assert!(self.volatile.high_watermark <= Some(to), "what is committed is never cut");
                ctx.emit(RaftFact::Truncated { from, to });
            }
            FetchedLog::Snapshot(id) => {
                // One that is here already need not be fetched again.
                let is_new = self.durable.log.snapshot(id).is_none();
                if let EpochState::Follower { download, .. } = &mut self.volatile.quorum.state {
                    *download = is_new.then(|| Download { snapshot: id, bytes: 0, records: Vec::new() });
                }
            }
            FetchedLog::Batches(batches) => {
                self.append_as_follower(ctx, batches);
                self.hear_high_watermark(response.high_watermark);
            }
        }
        self.fetched_successfully(ctx);
        true
    }

    fn fetched_successfully(&mut self, ctx: &Ctx<'_>) {
        if let EpochState::Follower { patience, fetch_by, has_fetched, .. } = &mut self.volatile.quorum.state {
            *fetch_by = ctx.now() + *patience;
            *has_fetched = true;
        }
    }

    /// A voter's copy is on disk before the next fetch tells the leader of it.
    fn append_as_follower(&mut self, ctx: &mut Ctx<'_>, batches: Vec<Arc<MetadataBatch>>) {
        let mut bytes = 0;
        for batch in batches {
            bytes += self.durable.log.append(batch);
        }
        if bytes > 0 {
            self.write(ctx, bytes, RaftWrite::Log { end: self.durable.log.end_offset() });
        }
    }

    /// `updateFollowerHighWatermark`: never beyond one's own log.
    fn hear_high_watermark(&mut self, told: Option<Offset>) {
        let known = told.map(|told| told.min(self.durable.log.end_offset()));
        self.volatile.high_watermark = self.volatile.high_watermark.max(known);
    }

    pub(super) fn handle_fetch_snapshot_response(
        &mut self,
        ctx: &mut Ctx<'_>,
        from: BrokerId,
        response: FetchSnapshotResponse,
    ) -> bool {
        let error = response.outcome.as_ref().err().copied();
        if let Some(is_useful) = self.handle_common(ctx, error, response.current) {
            return is_useful;
        }
        let EpochState::Follower { download, .. } = &mut self.volatile.quorum.state else { return false };
        let piece = match response.outcome {
            Ok(piece) => piece,
            Err(error) => {
                // Deleted meanwhile: the next fetch will name another.
                *download = None;
                let is_gone = error == ErrorCode::SnapshotNotFound;
                if is_gone {
                    self.fetched_successfully(ctx);
                }
                return is_gone;
            }
        };
        let Some(own) = download.as_mut().filter(|own| own.snapshot == piece.snapshot && own.bytes == piece.position)
        else {
            return false;
        };
        own.bytes += piece.bytes;
        own.records.extend(piece.records);
        if own.bytes >= piece.size {
            let Download { snapshot: id, records, .. } = download.take().expect("it was there a moment ago");
            let snapshot = Snapshot { id, records: records.into(), size_in_bytes: piece.size };
            ctx.emit(RaftFact::SnapshotFetched { id, from });
            self.durable.log.store_snapshot(Arc::new(snapshot), ctx.now());
            let restarted = self.durable.log.restart_at_latest_snapshot();
            if restarted {
                self.volatile.high_watermark = self.volatile.high_watermark.max(Some(id.offset));
            }
            self.write(ctx, piece.size, RaftWrite::Log { end: self.durable.log.end_offset() });
        }
        self.fetched_successfully(ctx);
        true
    }

    // ---- being fetched from ------------------------------------------------------------------------------------

    /// `validateLeaderOnlyRequest`
    fn refuses_follower(&self, epoch: LeaderEpoch) -> Option<ErrorCode> {
        let own = self.volatile.quorum.epoch;
        match epoch.cmp(&own) {
            std::cmp::Ordering::Less => Some(ErrorCode::FencedLeaderEpoch),
            std::cmp::Ordering::Greater => Some(ErrorCode::UnknownLeaderEpoch),
            std::cmp::Ordering::Equal if !self.volatile.quorum.is_leader() => Some(ErrorCode::NotLeaderOrFollower),
            std::cmp::Ordering::Equal => None,
        }
    }

    pub(super) fn handle_fetch(
        &mut self,
        ctx: &mut Ctx<'_>,
        from: NodeId,
        correlation: CorrelationId,
        request: MetadataLogRequest,
    ) {
        // A replica has one fetch at a time; an older one that is still here has been given up.
        self.volatile.parked.remove(&from);
        let response = self.fetched_log(ctx, from, &request);
        let brings_nothing = match &response.content {
            FetchedLog::Batches(batches) => batches.is_empty(),
            FetchedLog::Diverging(_) | FetchedLog::Snapshot(_) => false,
        };
        if response.error.is_none() && brings_nothing && request.high_watermark >= response.high_watermark {
            let (since, deadline) = (ctx.now(), ctx.now() + MAX_FETCH_WAIT);
            self.volatile.parked.insert(from, ParkedFetch { request, since, deadline, correlation });
        } else {
            self.respond(ctx, from, correlation, response);
        }
    }

    /// `tryCompleteFetchRequest`: a fetch tells the leader how far a replica has come, and brings it what comes next.
    fn fetched_log(&mut self, ctx: &mut Ctx<'_>, from: NodeId, request: &MetadataLogRequest) -> MetadataLogResponse {
        let nothing = || FetchedLog::Batches(Vec::new());
        if let Some(error) = self.refuses_follower(request.current_leader_epoch) {
            let (error, current) = (Some(error), self.current_leader());
            return MetadataLogResponse { error, current, high_watermark: None, content: nothing() };
        }
        let log = &self.durable.log;
        // Who has nothing is better served with a snapshot than with the whole history.
        let verdict = match log.latest_snapshot() {
            Some(latest) if request.log_end.offset == Offset(0) => ValidOffsetAndEpoch::Snapshot(latest.id),
            _ => log.validate(request.log_end),
        };
        let content = match verdict {
            ValidOffsetAndEpoch::Diverging(end) => FetchedLog::Diverging(end),
            ValidOffsetAndEpoch::Snapshot(id) => FetchedLog::Snapshot(id),
            ValidOffsetAndEpoch::Valid => {
                let batches = log.read(request.log_end.offset);
                let leader = self.volatile.quorum.leading_mut().expect("only a leader gets here");
                if leader.fetched(from, request.log_end.offset, ctx.now()) {
                    self.high_watermark_rose(ctx);
                }
                FetchedLog::Batches(batches)
            }
        };
        let (current, high_watermark) = (self.current_leader(), self.high_watermark());
        MetadataLogResponse { error: None, current, high_watermark, content }
    }

    pub(super) fn handle_fetch_snapshot(
        &mut self,
        ctx: &mut Ctx<'_>,
        (from, correlation): (NodeId, CorrelationId),
        request: &FetchSnapshotRequest,
    ) {
        let outcome = match self.refuses_follower(request.current_leader_epoch) {
            Some(error) => Err(error),
            None => self.piece_of_snapshot(request),
        };
        if let (Ok(_), Some(leader)) = (&outcome, self.volatile.quorum.leading_mut()) {
            leader.fetched_snapshot(from, ctx.now());
        }
        let current = self.current_leader();
        self.respond(ctx, from, correlation, FetchSnapshotResponse { current, outcome });
    }

    /// As many records as fit into one answer, at least one.
    fn piece_of_snapshot(&self, request: &FetchSnapshotRequest) -> Result<SnapshotPiece, ErrorCode> {
        let snapshot = self.durable.log.snapshot(request.snapshot).ok_or(ErrorCode::SnapshotNotFound)?;
        let (size, position) = (snapshot.size_in_bytes, request.position);
        if position >= size {
            return Err(ErrorCode::PositionOutOfRange);
        }
        let (mut at, mut bytes, mut records) = (0, 0, Vec::new());
        let mut is_last = true;
        for record in snapshot.records.iter() {
            let length = record.size_in_bytes();
            if at >= position {
                if !records.is_empty() && bytes + length > MAX_FETCH_BYTES {
                    is_last = false;
                    break;
                }
                bytes += length;
                records.push(record.clone());
            }
            at += length;
        }
        // Header and footer travel with the last piece.
        let bytes = if is_last { size - position } else { bytes };
        Ok(SnapshotPiece { snapshot: snapshot.id, size, position, bytes, records })
    }

    /// Answers parked fetches: all of them, or those that have something to fetch now.
    fn complete_parked(&mut self, ctx: &mut Ctx<'_>, is_due: impl Fn(&ParkedFetch) -> bool) {
        let due: Vec<NodeId> =
            self.volatile.parked.iter().filter(|(_, fetch)| is_due(fetch)).map(|(node, _)| *node).collect();
        for replica in due {
            // Answering one may raise the high watermark, which answers all.
            let Some(fetch) = self.volatile.parked.remove(&replica) else { continue };
            let response = self.fetched_log(ctx, replica, &fetch.request);
            self.respond(ctx, replica, fetch.correlation, response);
        }
    }

    /// Not the leader any more: whoever waits is told so.
    pub(super) fn fail_parked(&mut self, ctx: &mut Ctx<'_>) {
        for (replica, fetch) in std::mem::take(&mut self.volatile.parked) {
            let (error, current) = (Some(ErrorCode::NotLeaderOrFollower), self.current_leader());
            let content = FetchedLog::Batches(Vec::new());
            let response = MetadataLogResponse { error, current, high_watermark: None, content };
            self.respond(ctx, replica, fetch.correlation, response);
        }
    }

    /// Parked fetches that have waited long enough. Returns when the next one will have.
    pub(super) fn expire_parked(&mut self, ctx: &mut Ctx<'_>) -> Option<Time> {
        let now = ctx.now();
        self.complete_parked(ctx, |fetch| fetch.deadline <= now);
        earliest(self.volatile.parked.values().map(|fetch| Some(fetch.deadline)))
    }

    // ---- appending and committing ------------------------------------------------------------------------------

    /// Writes what is due: the epoch's first record at once, the controller's after the linger. Returns whether it did.
    pub(super) fn append_what_is_due(&mut self, ctx: &mut Ctx<'_>) -> bool {
        let epoch = self.volatile.quorum.epoch;
        let voters = self.voters.to_vec();
        let leader_id = self.voter_id().expect("only voters lead");
        let leader = self.volatile.quorum.leading_mut().expect("only the leader appends");
        let content = if !leader.has_begun_epoch {
            leader.has_begun_epoch = true;
            let granting_voters = leader.granting_voters.clone();
            BatchContent::LeaderChange(LeaderChange { leader: leader_id, voters, granting_voters })
        } else if self.volatile.drain_at.is_some_and(|at| ctx.now() >= at) {
            self.volatile.drain_at = None;
            BatchContent::Records(std::mem::take(&mut self.volatile.unwritten))
        } else {
            return false;
        };
        let bytes = self.durable.log.append_as_leader(epoch, content);
        let end = self.durable.log.end_offset();
        // Others may copy it while it is being flushed. (A sole voter's flush commits it: it is told of once.)
        if !self.is_only_voter() {
            self.complete_parked(ctx, |fetch| fetch.request.log_end.offset < end);
        }
        self.write(ctx, bytes, RaftWrite::Log { end });
        true
    }

    /// The leader's own copy counts from when it is on disk.
    pub(super) fn count_own_log(&mut self, ctx: &mut Ctx<'_>) {
        let flushed = self.durable.log.flushed_offset();
        if self.volatile.quorum.leading_mut().is_some_and(|leader| leader.update_local(flushed)) {
            self.high_watermark_rose(ctx);
        }
    }

    fn high_watermark_rose(&mut self, ctx: &mut Ctx<'_>) {
        self.complete_parked(ctx, |_| true);
    }

    // ---- telling the host --------------------------------------------------------------------------------------

    /// `updateListenersProgress` and `maybeFireLeaderChange`.
    pub(super) fn fire_events(&mut self) {
        if let Some(high_watermark) = self.high_watermark() {
            self.hand_over(high_watermark);
        }
        self.fire_leader_change();
    }

    fn hand_over(&mut self, high_watermark: Offset) {
        let log = &self.durable.log;
        let events = &mut self.volatile.events;
        let is_gone = self.volatile.next_offset.is_none_or(|next| next < log.start_offset());
        if let (true, Some(snapshot)) = (is_gone && high_watermark > Offset(0), log.latest_snapshot()) {
            self.volatile.next_offset = Some(snapshot.id.offset);
            events.push_back(RaftEvent::SnapshotLoaded(snapshot.clone()));
        }
        let next = self.volatile.next_offset.get_or_insert(Offset(0));
        if *next >= high_watermark {
            return;
        }
        for batch in log.batches_from(*next).take_while(|batch| batch.end_offset() <= high_watermark) {
            *next = batch.end_offset();
            events.push_back(RaftEvent::Committed(batch.clone()));
        }
    }

    pub(super) fn fire_leader_change(&mut self) {
        let current = self.current_leader();
        let is_news = current.epoch > self.volatile.fired.epoch
            || (current.epoch == self.volatile.fired.epoch
                && current.leader.is_some()
                && self.volatile.fired.leader.is_none());
        let is_ripe = match &self.volatile.quorum.state {
            EpochState::Leader(leader) => self.volatile.next_offset.is_some_and(|next| next > leader.epoch_start),
            EpochState::Resigned { .. } => false,
            _ => true,
        };
        if is_news && is_ripe {
            self.volatile.fired = current;
            self.volatile.events.push_back(RaftEvent::LeaderChanged(current));
        }
    }

    // ---- cleaning ----------------------------------------------------------------------------------------------

    pub(super) fn maybe_clean(&mut self, ctx: &mut Ctx<'_>) {
        if ctx.now().since(self.volatile.cleaned_at) < CLEAN_INTERVAL {
            return;
        }
        self.volatile.cleaned_at = ctx.now();
        let bytes = self.config.retention_bytes.limit().unwrap_or(u64::MAX);
        let age = self.config.retention.limit().unwrap_or(Span(u64::MAX));
        if self.durable.log.clean(bytes, age, ctx.now()) {
            ctx.emit(RaftFact::LogCleaned { start: self.durable.log.start_offset() });
        }
    }
}
