//! Elections: who asks for votes, who gives them, who takes and gives up office. After `KafkaRaftClient` 4.3; where
//! pre-vote is off, after 3.9.

use std::collections::BTreeSet;

use super::client::{Polled, RaftClient, earliest};
use super::fact::{RaftFact, ResignedBecause};
use super::leader::LeaderState;
use super::quorum_state::{ElectionState, EpochState, QuorumState, Votes};
use crate::engine::Ctx;
use crate::engine::common::{BrokerId, CorrelationId, ErrorCode, LeaderEpoch, Mutation, NodeId, Purpose, Span, Time};
use crate::engine::protocol::{
    BeginQuorumEpochRequest, BeginQuorumEpochResponse, CurrentLeader, EndQuorumEpochRequest, EndQuorumEpochResponse,
    VoteRequest, VoteResponse,
};

/// Base of the pause after a lost election (3.9's `RETRY_BACKOFF_BASE_MS`).
const ELECTION_BACKOFF_BASE: Span = Span::millis(50);

/// The most that a voter's thread wakes late when its fetch timeout is over.
const MAX_LATENESS: Span = Span::millis(10);

type Caller = (NodeId, CorrelationId);

impl RaftClient {
    // ---- starting ----------------------------------------------------------------------------------------------

    /// `QuorumState.initialize`: a voter that led does not know whether it still does, so it resigns first.
    pub(super) fn initialize_quorum(&mut self, ctx: &mut Ctx<'_>) {
        let election = self.durable.election.unwrap_or_default();
        let last_epoch = self.durable.log.last_epoch();
        let me = self.voter_id();
        let election_at = me.map(|_| ctx.now() + self.random_election_timeout(ctx));
        let ElectionState { epoch, leader, voted } = election;
        let (epoch, state) = if epoch < last_epoch {
            (last_epoch, EpochState::Unattached { leader: None, voted: None, election_at })
        } else if let (Some(me), Some(election_at)) = (me, election_at)
            && leader == Some(me)
        {
            ctx.emit(RaftFact::Resigned { epoch, why: ResignedBecause::Restarted });
            let unacknowledged = self.others().collect();
            (epoch, EpochState::Resigned { unacknowledged, preferred_successors: Vec::new(), election_at })
        } else if let (Some(me), Some(election_at), None) = (me, election_at, leader)
            && voted == Some(me)
        {
            let votes = Votes::of(me, self.voters.len());
            (epoch, EpochState::Candidate { votes, election_at, attempts: 1, backing_off_until: None })
        } else if let Some(leader) = leader {
            (epoch, self.following(ctx, leader, voted))
        } else {
            (epoch, EpochState::Unattached { leader: None, voted, election_at })
        };
        self.volatile.quorum = QuorumState { epoch, state };
        self.write_election(ctx);
        if self.is_only_voter() {
            match self.volatile.quorum.state {
                EpochState::Candidate { .. } => self.maybe_take_office(ctx),
                _ => self.stand_for_election(ctx),
            }
        }
    }

    // ---- transitions -------------------------------------------------------------------------------------------

    fn enter(&mut self, epoch: LeaderEpoch, state: EpochState) {
        assert!(epoch >= self.volatile.quorum.epoch, "epochs never go back");
        self.remember_high_watermark();
        self.volatile.quorum = QuorumState { epoch, state };
        self.volatile.connections.reset_all();
        self.volatile.unwritten.clear();
        self.volatile.drain_at = None;
    }

    /// What a leader knew to be committed it still knows when it follows.
    fn remember_high_watermark(&mut self) {
        if let Some(leader) = self.volatile.quorum.leading() {
            self.volatile.high_watermark = self.volatile.high_watermark.max(leader.high_watermark());
        }
    }

    pub(super) fn become_unattached(&mut self, ctx: &mut Ctx<'_>, epoch: LeaderEpoch, leader: Option<BrokerId>) {
        let quorum = &self.volatile.quorum;
        let voted = if epoch == quorum.epoch { quorum.voted(self.voter_id()) } else { None };
        let now = ctx.now();
        // A voter that was waiting for its turn goes on waiting: hearing of a new epoch does not put it off.
        let election_at = match &quorum.state {
            _ if self.voter_id().is_none() => None,
            EpochState::Candidate { election_at, .. } | EpochState::Resigned { election_at, .. } => Some(*election_at),
            EpochState::Unattached { election_at: Some(election_at), .. } => Some(*election_at),
            EpochState::Prospective { votes, election_at, .. } if !votes.is_lost() => Some(*election_at),
            _ => Some(now + self.random_election_timeout(ctx)),
        };
        self.enter(epoch, EpochState::Unattached { leader, voted, election_at });
        ctx.emit(RaftFact::BecameUnattached { epoch });
        self.write_election(ctx);
        self.fail_parked(ctx);
        self.fire_leader_change();
    }

    pub(super) fn become_follower(&mut self, ctx: &mut Ctx<'_>, epoch: LeaderEpoch, leader: BrokerId) {
        let quorum = &self.volatile.quorum;
        let voted = if epoch == quorum.epoch { quorum.voted(self.voter_id()) } else { None };
        let state = self.following(ctx, leader, voted);
        self.enter(epoch, state);
        ctx.emit(RaftFact::BecameFollower { epoch, leader });
        self.write_election(ctx);
        self.fail_parked(ctx);
        self.fire_leader_change();
    }

    /// All followers get the leader's last answer at the same moment, and Kafka's fetch timeout is not random. On real
    /// machines their threads wake apart by about as much as a message takes; if they did not, every vote would be split.
    fn following(&self, ctx: &mut Ctx<'_>, leader: BrokerId, voted: Option<BrokerId>) -> EpochState {
        let late = match self.voter_id() {
            Some(_) => Span(ctx.rng().below(Purpose::Election, MAX_LATENESS.0)),
            None => Span::ZERO,
        };
        let patience = self.config.fetch_timeout + late;
        let fetch_by = ctx.now() + patience;
        EpochState::Follower { leader, voted, patience, fetch_by, has_fetched: false, download: None }
    }

    /// No leader is heard of: Prospective, or, before pre-vote, Candidate at once.
    fn stand_for_election(&mut self, ctx: &mut Ctx<'_>) {
        if !self.config.pre_vote {
            return self.become_candidate(ctx, 1);
        }
        let Some(me) = self.voter_id() else { return };
        let quorum = &self.volatile.quorum;
        let (epoch, leader, voted) = (quorum.epoch, quorum.leader(Some(me)), quorum.voted(Some(me)));
        let votes = Votes::of(me, self.voters.len());
        let election_at = ctx.now() + self.random_election_timeout(ctx);
        self.enter(epoch, EpochState::Prospective { leader, voted, votes, election_at });
        ctx.emit(RaftFact::BecameProspective { epoch });
        self.maybe_stand_for_real(ctx);
    }

    fn maybe_stand_for_real(&mut self, ctx: &mut Ctx<'_>) {
        let EpochState::Prospective { votes, .. } = &self.volatile.quorum.state else { return };
        if votes.is_won() || self.config.sabotage.breaks(Mutation::LeadsOnItsOwnVote) {
            self.become_candidate(ctx, 1);
        }
    }

    fn become_candidate(&mut self, ctx: &mut Ctx<'_>, attempts: u32) {
        let Some(me) = self.voter_id() else { return };
        let epoch = self.volatile.quorum.epoch.next();
        let votes = Votes::of(me, self.voters.len());
        let election_at = ctx.now() + self.random_election_timeout(ctx);
        self.enter(epoch, EpochState::Candidate { votes, election_at, attempts, backing_off_until: None });
        ctx.emit(RaftFact::BecameCandidate { epoch });
        self.write_election(ctx);
        self.fire_leader_change();
        self.maybe_take_office(ctx);
    }

    fn maybe_take_office(&mut self, ctx: &mut Ctx<'_>) {
        let EpochState::Candidate { votes, .. } = &self.volatile.quorum.state else { return };
        let is_won = votes.is_won() || self.config.sabotage.breaks(Mutation::LeadsOnItsOwnVote);
        let (true, Some(me)) = (is_won, self.voter_id()) else { return };
        let granting: Vec<BrokerId> = votes.granted.iter().copied().collect();
        let (epoch, epoch_start) = (self.volatile.quorum.epoch, self.durable.log.end_offset());
        let fetch_timeout = self.config.fetch_timeout;
        let mut leader = LeaderState::new(me, &self.voters, granting.clone(), epoch_start, fetch_timeout, ctx.now());
        leader.commits_alone = self.config.sabotage.breaks(Mutation::CommitsAlone);
        self.enter(epoch, EpochState::Leader(leader));
        ctx.emit(RaftFact::BecameLeader { epoch, votes: granting, epoch_start });
        self.write_election(ctx);
    }

    pub(super) fn resign(&mut self, ctx: &mut Ctx<'_>, why: ResignedBecause) {
        let Some(leader) = self.volatile.quorum.leading() else { return };
        let preferred_successors = leader.preferred_successors();
        let epoch = self.volatile.quorum.epoch;
        let election_at = ctx.now() + self.random_election_timeout(ctx);
        let unacknowledged: BTreeSet<BrokerId> = self.others().collect();
        self.fail_parked(ctx);
        self.enter(epoch, EpochState::Resigned { unacknowledged, preferred_successors, election_at });
        ctx.emit(RaftFact::Resigned { epoch, why });
    }

    /// The controller cannot go on as the active one (`RaftClient.resign`).
    pub fn ask_to_resign(&mut self, ctx: &mut Ctx<'_>) {
        if let Some(leader) = self.volatile.quorum.leading_mut() {
            leader.is_resign_requested = true;
            self.timer(ctx);
        }
    }

    /// `maybeTransition`: a message tells of a later epoch, or of the leader of this one.
    fn maybe_transition(&mut self, ctx: &mut Ctx<'_>, told: CurrentLeader) {
        let quorum = &self.volatile.quorum;
        let own = quorum.epoch;
        match told.leader {
            // It could only be oneself of an earlier life, or a broken voter: Kafka would stop here.
            Some(leader) if Some(leader) == self.voter_id() => {}
            Some(leader) if told.epoch > own || (told.epoch == own && quorum.leader(self.voter_id()).is_none()) => {
                self.become_follower(ctx, told.epoch, leader);
            }
            None if told.epoch > own => self.become_unattached(ctx, told.epoch, None),
            _ => {}
        }
    }

    /// `maybeHandleCommonResponse`: what any answer may tell. `Some` if there is nothing more to do with it: whether it
    /// was of use.
    pub(super) fn handle_common(
        &mut self,
        ctx: &mut Ctx<'_>,
        error: Option<ErrorCode>,
        told: CurrentLeader,
    ) -> Option<bool> {
        let own = self.volatile.quorum.epoch;
        if told.epoch < own || error == Some(ErrorCode::UnknownLeaderEpoch) {
            // The other has yet to hear of this epoch: asked again at once it would say the same.
            return Some(false);
        }
        if told.epoch > own || matches!(error, Some(ErrorCode::FencedLeaderEpoch | ErrorCode::NotLeaderOrFollower)) {
            let before = self.current_leader();
            self.maybe_transition(ctx, told);
            return Some(self.current_leader() != before);
        }
        if let Some(leader) = told.leader
            && self.volatile.quorum.leader(self.voter_id()).is_none()
        {
            self.become_follower(ctx, told.epoch, leader);
            return error.map(|_| true);
        }
        None
    }

    // ---- votes -------------------------------------------------------------------------------------------------

    pub(super) fn handle_vote(&mut self, ctx: &mut Ctx<'_>, caller: Caller, request: &VoteRequest) {
        let VoteRequest { candidate, epoch, log_end, pre_vote } = *request;
        let is_illegal = if pre_vote { log_end.epoch > epoch } else { log_end.epoch >= epoch };
        let error = if is_illegal { Some(ErrorCode::InvalidRequest) } else { self.refuses_epoch(epoch) };
        if error.is_some() {
            let (current, vote_granted) = (self.current_leader(), false);
            return self.respond(ctx, caller.0, caller.1, VoteResponse { error, current, vote_granted });
        }
        if epoch > self.volatile.quorum.epoch {
            self.become_unattached(ctx, epoch, None);
        }
        let verdict = self.volatile.quorum.can_grant_vote(candidate, log_end, self.durable.log.end(), pre_vote);
        if verdict.is_ok() && !pre_vote {
            self.give_vote(ctx, candidate);
        }
        ctx.emit(match verdict {
            Ok(()) => RaftFact::VoteGranted { epoch, candidate, pre_vote },
            Err(why) => RaftFact::VoteRefused { epoch, candidate, pre_vote, why },
        });
        let (error, current, vote_granted) = (None, self.current_leader(), verdict.is_ok());
        self.respond(ctx, caller.0, caller.1, VoteResponse { error, current, vote_granted });
    }

    /// The vote is on disk before the candidate hears of it; and it puts off an election of one's own.
    fn give_vote(&mut self, ctx: &mut Ctx<'_>, candidate: BrokerId) {
        let timeout = self.random_election_timeout(ctx);
        let now = ctx.now();
        let voters = self.voters.len();
        let me = self.voter_id();
        match &mut self.volatile.quorum.state {
            EpochState::Unattached { voted: voted @ None, election_at, .. } => {
                *voted = Some(candidate);
                *election_at = Some(now + timeout);
            }
            EpochState::Prospective { voted: voted @ None, election_at, votes, .. } => {
                *voted = Some(candidate);
                *election_at = now + timeout;
                *votes = Votes::of(me.expect("only voters stand for election"), voters);
            }
            // The same candidate asks again.
            _ => return,
        }
        self.write_election(ctx);
    }

    /// `validateVoterOnlyRequest`
    fn refuses_epoch(&self, epoch: LeaderEpoch) -> Option<ErrorCode> {
        (epoch < self.volatile.quorum.epoch).then_some(ErrorCode::FencedLeaderEpoch)
    }

    pub(super) fn handle_vote_response(&mut self, ctx: &mut Ctx<'_>, voter: BrokerId, response: &VoteResponse) -> bool {
        if let Some(is_useful) = self.handle_common(ctx, response.error, response.current) {
            return is_useful;
        }
        if response.error.is_some() {
            return false;
        }
        let now = ctx.now();
        match &mut self.volatile.quorum.state {
            EpochState::Prospective { votes, .. } => {
                votes.record(voter, response.vote_granted);
                if votes.is_lost() {
                    self.lose_pre_vote(ctx);
                } else {
                    self.maybe_stand_for_real(ctx);
                }
            }
            EpochState::Candidate { votes, backing_off_until, attempts, .. } => {
                votes.record(voter, response.vote_granted);
                let (is_lost, attempts) = (votes.is_lost() && backing_off_until.is_none(), *attempts);
                if is_lost && !self.config.pre_vote {
                    self.back_off(ctx, attempts, now);
                } else {
                    self.maybe_take_office(ctx);
                }
            }
            _ => {}
        }
        true
    }

    /// `prospectiveTransitionAfterElectionLoss`: back to the leader it knew, if it knew one.
    fn lose_pre_vote(&mut self, ctx: &mut Ctx<'_>) {
        let CurrentLeader { leader, epoch } = self.current_leader();
        match leader {
            Some(leader) if Some(leader) != self.voter_id() => self.become_follower(ctx, epoch, leader),
            leader => self.become_unattached(ctx, epoch, leader),
        }
    }

    /// 3.9's `binaryExponentialElectionBackoffMs`: random, so that two candidates do not meet for ever.
    fn back_off(&mut self, ctx: &mut Ctx<'_>, attempts: u32, now: Time) {
        let base = ELECTION_BACKOFF_BASE.as_millis();
        let factor = 1 + ctx.rng().below(Purpose::Election, 2 << attempts.saturating_sub(1).min(10));
        let most = self.config.election_backoff_max.as_millis() + ctx.rng().below(Purpose::Election, base);
        let millis = (base * factor).min(most);
        let epoch = self.volatile.quorum.epoch;
        if let EpochState::Candidate { backing_off_until, .. } = &mut self.volatile.quorum.state {
            *backing_off_until = Some(now + Span::millis(millis));
            ctx.emit(RaftFact::BackedOff { epoch, millis });
        }
    }

    // ---- beginning and ending an epoch -------------------------------------------------------------------------

    pub(super) fn handle_begin_quorum_epoch(
        &mut self,
        ctx: &mut Ctx<'_>,
        caller: Caller,
        request: &BeginQuorumEpochRequest,
    ) {
        let error = self.refuses_epoch(request.epoch);
        if error.is_none() {
            self.maybe_transition(ctx, CurrentLeader { leader: Some(request.leader), epoch: request.epoch });
        }
        let current = self.current_leader();
        self.respond(ctx, caller.0, caller.1, BeginQuorumEpochResponse { error, current });
    }

    pub(super) fn handle_end_quorum_epoch(
        &mut self,
        ctx: &mut Ctx<'_>,
        caller: Caller,
        request: &EndQuorumEpochRequest,
    ) {
        let error = self.refuses_epoch(request.epoch);
        if error.is_none() {
            self.maybe_transition(ctx, CurrentLeader { leader: Some(request.leader), epoch: request.epoch });
            let pause = self.succession_pause(&request.preferred_candidates);
            if let EpochState::Follower { leader, fetch_by, .. } = &mut self.volatile.quorum.state
                && *leader == request.leader
            {
                *fetch_by = ctx.now() + pause;
            }
        }
        let current = self.current_leader();
        self.respond(ctx, caller.0, caller.1, EndQuorumEpochResponse { error, current });
    }

    /// `strictExponentialElectionBackoffMs`: the first successor stands at once, each later one after twice the pause.
    fn succession_pause(&self, successors: &[BrokerId]) -> Span {
        let most = self.config.election_backoff_max.as_millis();
        let position = successors.iter().position(|successor| Some(*successor) == self.voter_id());
        let millis = match position {
            Some(0) => 0,
            Some(position) => {
                let base = most >> (successors.len() - 1).min(63);
                most.min(base.checked_shl(u32::try_from(position - 1).unwrap_or(63)).unwrap_or(most))
            }
            // Nobody was named: a leader that came back from a crash.
            None if successors.is_empty() => 0,
            None => most,
        };
        Span::millis(millis)
    }

    pub(super) fn handle_end_quorum_epoch_response(
        &mut self,
        ctx: &mut Ctx<'_>,
        voter: BrokerId,
        response: &EndQuorumEpochResponse,
    ) -> bool {
        if let Some(is_useful) = self.handle_common(ctx, response.error, response.current) {
            return is_useful;
        }
        if let EpochState::Resigned { unacknowledged, .. } = &mut self.volatile.quorum.state {
            unacknowledged.remove(&voter);
        }
        response.error.is_none()
    }

    // ---- polling -----------------------------------------------------------------------------------------------

    pub(super) fn poll_unattached(&mut self, ctx: &mut Ctx<'_>) -> Polled {
        let election_at = self.volatile.quorum.deadline();
        if election_at.is_some_and(|at| ctx.now() >= at) {
            self.stand_for_election(ctx);
            return Polled::Changed;
        }
        let next = self.fetch_from_anyone(ctx);
        Polled::WaitUntil(earliest([next, election_at]))
    }

    pub(super) fn poll_nominee(&mut self, ctx: &mut Ctx<'_>) -> Polled {
        let now = ctx.now();
        let (votes, pre_vote) = match &self.volatile.quorum.state {
            EpochState::Prospective { votes, election_at, .. } => {
                if now >= *election_at {
                    self.lose_pre_vote(ctx);
                    return Polled::Changed;
                }
                (votes, true)
            }
            EpochState::Candidate { votes, election_at, attempts, backing_off_until } => {
                let attempts = *attempts;
                match backing_off_until {
                    Some(until) if now >= *until => {
                        self.become_candidate(ctx, attempts + 1);
                        return Polled::Changed;
                    }
                    Some(until) => return Polled::WaitUntil(Some(*until)),
                    None if now >= *election_at && self.config.pre_vote => {
                        self.stand_for_election(ctx);
                        return Polled::Changed;
                    }
                    None if now >= *election_at => {
                        self.back_off(ctx, attempts, now);
                        return Polled::Changed;
                    }
                    None => (votes, false),
                }
            }
            _ => unreachable!("polled as a nominee"),
        };
        let (votes, epoch, log_end) = (votes.clone(), self.volatile.quorum.epoch, self.durable.log.end());
        let mut next = self.volatile.quorum.deadline();
        if let (false, Some(candidate)) = (votes.is_lost(), self.voter_id()) {
            let others: Vec<BrokerId> = self.others().filter(|voter| votes.is_unrecorded(*voter)).collect();
            for voter in others {
                let request = VoteRequest { candidate, epoch, log_end, pre_vote };
                next = earliest([next, self.offer(ctx, voter, |_| request.into())]);
            }
        }
        Polled::WaitUntil(next)
    }

    pub(super) fn poll_resigned(&mut self, ctx: &mut Ctx<'_>) -> Polled {
        let EpochState::Resigned { unacknowledged, preferred_successors, election_at } = &self.volatile.quorum.state
        else {
            unreachable!("polled as resigned")
        };
        let (unacknowledged, election_at) = (unacknowledged.clone(), *election_at);
        let (epoch, preferred_candidates) = (self.volatile.quorum.epoch, preferred_successors.clone());
        let mut next = Some(election_at);
        for voter in unacknowledged {
            let leader = self.voter_id().expect("only voters lead");
            let request = EndQuorumEpochRequest { leader, epoch, preferred_candidates: preferred_candidates.clone() };
            next = earliest([next, self.offer(ctx, voter, |_| request.into())]);
        }
        if ctx.now() >= election_at {
            self.become_unattached(ctx, epoch.next(), None);
            return Polled::Changed;
        }
        Polled::WaitUntil(next)
    }

    pub(super) fn poll_follower(&mut self, ctx: &mut Ctx<'_>) -> Polled {
        let EpochState::Follower { leader, fetch_by, .. } = &self.volatile.quorum.state else {
            unreachable!("polled as a follower")
        };
        let (leader, fetch_by) = (*leader, self.voter_id().map(|_| *fetch_by));
        if fetch_by.is_some_and(|by| ctx.now() >= by) {
            self.stand_for_election(ctx);
            return Polled::Changed;
        }
        let next = self.fetch_from_best(ctx, leader);
        Polled::WaitUntil(earliest([next, fetch_by]))
    }

    pub(super) fn poll_leader(&mut self, ctx: &mut Ctx<'_>) -> Polled {
        let now = ctx.now();
        let check_by = self.volatile.quorum.deadline();
        let leader = self.volatile.quorum.leading().expect("polled as leader");
        if leader.is_resign_requested {
            self.resign(ctx, ResignedBecause::Asked);
            return Polled::Changed;
        }
        if check_by.is_some_and(|by| now >= by) {
            self.resign(ctx, ResignedBecause::NoMajority);
            return Polled::Changed;
        }
        if self.append_what_is_due(ctx) {
            return Polled::Changed;
        }
        let begin_at = self.begin_epoch_of_the_silent(ctx);
        let fetch_expires = self.expire_parked(ctx);
        Polled::WaitUntil(earliest([check_by, self.volatile.drain_at, begin_at, fetch_expires]))
    }

    /// `maybeSendBeginQuorumEpochRequests`: every half fetch timeout, to voters that do not fetch.
    fn begin_epoch_of_the_silent(&mut self, ctx: &mut Ctx<'_>) -> Option<Time> {
        let (now, period) = (ctx.now(), Span(self.config.fetch_timeout.0 / 2).max(Span::millis(1)));
        let epoch = self.volatile.quorum.epoch;
        let leader = self.volatile.quorum.leading_mut().expect("polled as leader");
        if leader.is_only_voter() {
            return None;
        }
        if now < leader.begin_quorum_epoch_at {
            return Some(leader.begin_quorum_epoch_at);
        }
        leader.begin_quorum_epoch_at = now + period;
        let silent = leader.needs_begin_quorum_epoch(period, now);
        for voter in silent {
            let leader = self.voter_id().expect("only voters lead");
            self.offer(ctx, voter, |_| BeginQuorumEpochRequest { leader, epoch }.into());
        }
        Some(now + period)
    }
}
