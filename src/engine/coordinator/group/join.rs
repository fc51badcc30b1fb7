//! The two phases of a rebalance: everybody joins, then everybody syncs (`GroupMetadataManager.classicGroupJoin…`,
//! `classicGroupSync…`).
//!
//! ```text
//!            JoinGroup            all have joined          leader's SyncGroup is committed
//! Empty ───────────────▶ Preparing ─────────────▶ Completing ───────────────────────▶ Stable
//!   ▲                     │   ▲  ▲                     │                                 │
//!   └─────────────────────┘   │  └─────────────────────┘                                 │
//!      nobody is left         └──────────────── somebody joins, leaves or is lost ───────┘
//! ```

use super::GroupTimer;
use super::classic_group::{CONSUMER_PROTOCOL_TYPE, Env, Group, InitialRebalance, Then, Write};
use super::member::{Member, Reply};
use super::records::GroupRecord;
use crate::engine::common::{ErrorCode, Generation, MemberId, Mutation, Span, TopicPartition};
use crate::engine::coordinator::fact::{ExpiredBecause, GroupFact, GroupState};
use crate::engine::protocol::{JoinGroupRequest, JoinGroupResponse, Joined, SyncGroupRequest, SyncGroupResponse};

/// `CLASSIC_GROUP_NEW_MEMBER_JOIN_TIMEOUT_MS`: how long a newcomer's JoinGroup may be parked.
const NEW_MEMBER_JOIN_TIMEOUT: Span = Span::secs(300);

impl Group {
    // ---- JoinGroup -------------------------------------------------------------------------------------------

    pub(super) fn join(&mut self, env: &mut Env<'_, '_>, request: &JoinGroupRequest, reply: Reply) -> Option<Write> {
        let outcome = self.try_join(env, request, reply);
        outcome.unwrap_or_else(|error| {
            env.refuse(&self.id, reply.to, error);
            self.answer_join(env, reply, request.member.clone(), Err(error));
            None
        })
    }

    fn try_join(
        &mut self,
        env: &mut Env<'_, '_>,
        request: &JoinGroupRequest,
        reply: Reply,
    ) -> Result<Option<Write>, ErrorCode> {
        if self.state == GroupState::Dead {
            return Err(ErrorCode::CoordinatorNotAvailable);
        }
        if !self.supports_protocols(&request.protocols) {
            return Err(ErrorCode::InconsistentGroupProtocol);
        }
        match (&request.member, &request.group_instance_id) {
            (None, None) => {
                self.give_member_id(env, request, reply);
                Ok(None)
            }
            (None, Some(instance)) => {
                let id = env.member_id(instance);
                let former = self.members.iter().find(|member| member.group_instance_id.as_ref() == Some(instance));
                Ok(match former.map(|member| member.id.clone()) {
                    Some(former) => self.replace_static_member(env, &former, id, request, reply),
                    None => self.add_member(env, id, request, reply),
                })
            }
            (Some(id), _) => match self.pending_members.remove(id) {
                Some(timer) => {
                    env.cancel(timer);
                    Ok(self.add_member(env, id.clone(), request, reply))
                }
                None => self.rejoin(env, id, request, reply),
            },
        }
    }

    /// KIP-394: a client that retries because it missed the answer would leave a member behind each time. So an id
    /// comes first, and only who comes back with it is a member.
    fn give_member_id(&mut self, env: &mut Env<'_, '_>, request: &JoinGroupRequest, reply: Reply) {
        let member = env.member_id(&request.client);
        let timer = GroupTimer::Session { partition: env.partition, group: self.id.clone(), member: member.clone() };
        let timer = env.set_timer(request.session_timeout, timer);
        self.pending_members.insert(member.clone(), timer);
        env.emit(GroupFact::MemberIdGiven { group: self.id.clone(), member: member.clone(), client: reply.to });
        self.answer_join(env, reply, Some(member), Err(ErrorCode::MemberIdRequired));
    }

    fn add_member(
        &mut self,
        env: &mut Env<'_, '_>,
        id: MemberId,
        request: &JoinGroupRequest,
        reply: Reply,
    ) -> Option<Write> {
        if self.members.is_empty() {
            self.protocol_type = Some(CONSUMER_PROTOCOL_TYPE.into());
        }
        if let Some(initial) = &mut self.initial {
            initial.member_added = true;
        }
        if self.leader.is_none() {
            self.leader = Some(id.clone());
        }
        let mut member = Member::new(id.clone(), request, reply);
        member.expect_within(env, &self.id, NEW_MEMBER_JOIN_TIMEOUT);
        self.members.push(member);
        env.emit(GroupFact::MemberJoined { group: self.id.clone(), member: id, client: reply.to });
        self.prepare_rebalance_or_complete_join(env)
    }

    /// A member that is known joins again.
    fn rejoin(
        &mut self,
        env: &mut Env<'_, '_>,
        id: &MemberId,
        request: &JoinGroupRequest,
        reply: Reply,
    ) -> Result<Option<Write>, ErrorCode> {
        let leads = self.leads(id);
        let state = self.state;
        let member = self.member_mut(id).ok_or(ErrorCode::UnknownMemberId)?;
        let is_news = match state {
            GroupState::PreparingRebalance => true,
            // Unchanged, it probably missed the answer to its last JoinGroup.
            GroupState::CompletingRebalance => !member.matches(request),
            // The leader rejoins when something changed that only it watches: a topic's partitions.
            GroupState::Stable => leads || !member.matches(request),
            GroupState::Empty | GroupState::Dead => return Err(ErrorCode::UnknownMemberId),
        };
        if is_news {
            member.update(request, reply);
            return Ok(self.prepare_rebalance_or_complete_join(env));
        }
        let with_members = leads && state == GroupState::CompletingRebalance;
        let joined = self.joined(self.leader.clone(), with_members);
        self.answer_join(env, reply, Some(id.clone()), Ok(joined));
        Ok(None)
    }

    /// A static member (KIP-345) came back without its id: it gets another, and its former self is out. If the group
    /// is stable and the choice of protocol stays, nobody else hears of it.
    fn replace_static_member(
        &mut self,
        env: &mut Env<'_, '_>,
        former: &MemberId,
        id: MemberId,
        request: &JoinGroupRequest,
        reply: Reply,
    ) -> Option<Write> {
        let leader_before = self.leader.clone();
        if self.leads(former) {
            self.leader = Some(id.clone());
        }
        let member = self.member_mut(former).expect("the former self is a member");
        member.forget_timer(env);
        let parked = (member.awaiting_join.take(), member.awaiting_sync.take());
        member.id = id.clone();
        member.update(request, reply);
        // FENCED_INSTANCE_ID in Kafka; a former self that still listens must begin anew either way.
        if let Some(parked) = parked.0 {
            self.answer_join(env, parked, Some(former.clone()), Err(ErrorCode::UnknownMemberId));
        }
        if let Some(parked) = parked.1 {
            self.answer_sync(env, parked, Err(ErrorCode::UnknownMemberId));
        }
        self.touch(env, &id);
        env.emit(GroupFact::MemberLeft { group: self.id.clone(), member: former.clone() });
        env.emit(GroupFact::MemberJoined { group: self.id.clone(), member: id.clone(), client: reply.to });
        match self.state {
            GroupState::Stable if self.select_protocol() == self.protocol => {
                let record = self.metadata_record(|member| member.assignment.clone());
                // Kafka names the leader as it was, so that a returning leader does not assign anew.
                let leader = leader_before.unwrap_or_else(|| id.clone());
                let then = Then::AnswerStatic { member: id, leader };
                Some(Write { group: self.id.clone(), records: vec![record], then })
            }
            GroupState::Stable | GroupState::CompletingRebalance => self.prepare_rebalance(env),
            _ => self.maybe_complete_join(env),
        }
    }

    /// The replacement of a static member is on record, or could not be written.
    pub(super) fn replaced(
        &mut self,
        env: &mut Env<'_, '_>,
        id: &MemberId,
        leader: MemberId,
        outcome: Result<(), ErrorCode>,
    ) {
        let joined = self.joined(Some(leader), false);
        let Some(reply) = self.member_mut(id).and_then(|member| member.awaiting_join.take()) else { return };
        self.answer_join(env, reply, Some(id.clone()), outcome.map(|()| joined));
    }

    // ---- the join phase --------------------------------------------------------------------------------------

    fn prepare_rebalance_or_complete_join(&mut self, env: &mut Env<'_, '_>) -> Option<Write> {
        match self.state {
            GroupState::Empty | GroupState::CompletingRebalance | GroupState::Stable => self.prepare_rebalance(env),
            GroupState::PreparingRebalance | GroupState::Dead => self.maybe_complete_join(env),
        }
    }

    /// Somebody has gone in good order: the rest share anew, or need not wait any longer. Kafka does the same for an id
    /// that was given out and never used.
    pub(super) fn after_leave(&mut self, env: &mut Env<'_, '_>) -> Option<Write> {
        match self.state {
            GroupState::CompletingRebalance | GroupState::Stable => self.prepare_rebalance(env),
            GroupState::PreparingRebalance => self.maybe_complete_join(env),
            GroupState::Empty | GroupState::Dead => None,
        }
    }

    /// Somebody's session is over. An id that was never used is nothing to a generation; but the join phase may have
    /// been waiting for it, even the initial one.
    pub(super) fn after_expiry(&mut self, env: &mut Env<'_, '_>, was_member: bool) -> Option<Write> {
        match self.state {
            GroupState::CompletingRebalance | GroupState::Stable if was_member => self.prepare_rebalance(env),
            GroupState::PreparingRebalance if self.has_all_members_joined() => self.complete_join(env),
            _ => None,
        }
    }

    fn prepare_rebalance(&mut self, env: &mut Env<'_, '_>) -> Option<Write> {
        if self.state == GroupState::CompletingRebalance {
            self.propagate_error(env, ErrorCode::RebalanceInProgress);
        }
        self.cancel_sync_timer(env);
        for member in &mut self.members {
            member.pending_sync = false;
        }
        let is_initial = self.state == GroupState::Empty;
        self.transition_to(env, GroupState::PreparingRebalance);
        if !is_initial {
            return self.complete_join_or_wait(env);
        }
        // More members will probably start with the first; waiting spares everybody a rebalance for each (KIP-134).
        let delay = env.settings.initial_rebalance_delay;
        let remaining = self.rebalance_timeout().saturating_sub(delay);
        self.initial = Some(InitialRebalance { delay, remaining, member_added: false });
        self.wait_for_joins(env, delay);
        None
    }

    fn complete_join_or_wait(&mut self, env: &mut Env<'_, '_>) -> Option<Write> {
        if self.has_all_members_joined() {
            return self.complete_join(env);
        }
        let patience = self.rebalance_timeout();
        self.wait_for_joins(env, patience);
        None
    }

    fn wait_for_joins(&mut self, env: &mut Env<'_, '_>, span: Span) {
        self.cancel_join_timer(env);
        let timer = env.set_timer(span, GroupTimer::Join { partition: env.partition, group: self.id.clone() });
        self.join_timer = Some((timer, env.now() + span));
    }

    /// The initial delay runs its course whoever has joined; otherwise the last to join ends the phase.
    fn maybe_complete_join(&mut self, env: &mut Env<'_, '_>) -> Option<Write> {
        let is_complete =
            self.state == GroupState::PreparingRebalance && self.initial.is_none() && self.has_all_members_joined();
        if is_complete { self.complete_join(env) } else { None }
    }

    /// The join phase has lasted long enough.
    pub(super) fn join_rang(&mut self, env: &mut Env<'_, '_>) -> Option<Write> {
        self.join_timer = None;
        if self.state != GroupState::PreparingRebalance {
            return None;
        }
        match self.initial {
            Some(initial) if initial.member_added && initial.remaining > Span::ZERO => {
                let delay = env.settings.initial_rebalance_delay.min(initial.remaining);
                let remaining = initial.remaining.saturating_sub(initial.delay);
                self.initial = Some(InitialRebalance { delay, remaining, member_added: false });
                self.wait_for_joins(env, delay);
                None
            }
            _ => self.complete_join(env),
        }
    }

    fn complete_join(&mut self, env: &mut Env<'_, '_>) -> Option<Write> {
        self.cancel_join_timer(env);
        let late = |member: &&Member| member.awaiting_join.is_none() && !member.is_static();
        let late: Vec<MemberId> = self.members.iter().filter(late).map(|member| member.id.clone()).collect();
        for id in late {
            let why = ExpiredBecause::DidNotRejoin;
            env.emit(GroupFact::MemberExpired { group: self.id.clone(), member: id.clone(), why });
            self.remove_member(env, &id);
        }
        if !self.elect_joined_leader() && !self.members.is_empty() {
            // Only static members are left and none has rejoined: their sessions decide.
            let patience = self.rebalance_timeout();
            self.wait_for_joins(env, patience);
            return None;
        }
        self.begin_generation(env)
    }

    /// The leader stays if it has rejoined; else whoever has takes over. False if nobody has.
    fn elect_joined_leader(&mut self) -> bool {
        let has_joined = |member: &&Member| member.awaiting_join.is_some();
        let stays = self.members.iter().find(|member| self.leads(&member.id)).is_some_and(|leader| has_joined(&leader));
        if !stays {
            let elected = self.members.iter().find(has_joined).map(|member| member.id.clone());
            if elected.is_none() {
                return false;
            }
            self.leader = elected;
        }
        true
    }

    fn begin_generation(&mut self, env: &mut Env<'_, '_>) -> Option<Write> {
        self.generation = self.generation.next();
        self.protocol = self.select_protocol();
        if self.members.is_empty() {
            self.leader = None;
        }
        let fact = GroupFact::GenerationBegun {
            group: self.id.clone(),
            generation: self.generation,
            protocol: self.protocol.clone().unwrap_or_default(),
            leader: self.leader.clone(),
            members: u32::try_from(self.members.len()).expect("a group has a handful of members"),
        };
        if self.members.is_empty() {
            self.transition_to(env, GroupState::Empty);
            env.emit(fact);
            let record = self.metadata_record(|_| Vec::new());
            return Some(Write { group: self.id.clone(), records: vec![record], then: Then::Nothing });
        }
        self.transition_to(env, GroupState::CompletingRebalance);
        env.emit(fact);
        for index in 0..self.members.len() {
            let id = self.members[index].id.clone();
            let joined = self.joined(self.leader.clone(), self.leads(&id));
            let member = &mut self.members[index];
            member.is_new = false;
            member.pending_sync = true;
            member.touch(env, &self.id);
            if let Some(reply) = member.awaiting_join.take() {
                self.answer_join(env, reply, Some(id), Ok(joined));
            }
        }
        let patience = self.rebalance_timeout();
        let timer = env.set_timer(patience, GroupTimer::Sync { partition: env.partition, group: self.id.clone() });
        self.sync_timer = Some((timer, env.now() + patience));
        None
    }

    // ---- SyncGroup -------------------------------------------------------------------------------------------

    pub(super) fn sync(&mut self, env: &mut Env<'_, '_>, request: &SyncGroupRequest, reply: Reply) -> Option<Write> {
        let outcome = self.try_sync(env, request, reply);
        outcome.unwrap_or_else(|error| {
            env.refuse(&self.id, reply.to, error);
            self.answer_sync(env, reply, Err(error));
            None
        })
    }

    fn try_sync(
        &mut self,
        env: &mut Env<'_, '_>,
        request: &SyncGroupRequest,
        reply: Reply,
    ) -> Result<Option<Write>, ErrorCode> {
        if self.state == GroupState::Dead {
            return Err(ErrorCode::CoordinatorNotAvailable);
        }
        let (state, generation) = (self.state, self.generation);
        let is_protocol = self.protocol.as_ref() == Some(&request.protocol);
        let member = self.member_mut(&request.member).ok_or(ErrorCode::UnknownMemberId)?;
        if request.generation != generation {
            return Err(ErrorCode::IllegalGeneration);
        }
        if !is_protocol {
            return Err(ErrorCode::InconsistentGroupProtocol);
        }
        match state {
            GroupState::Empty | GroupState::Dead => Err(ErrorCode::UnknownMemberId),
            GroupState::PreparingRebalance => Err(ErrorCode::RebalanceInProgress),
            GroupState::CompletingRebalance => {
                member.awaiting_sync = Some(reply);
                self.has_synced(env, &request.member);
                Ok(self.leads(&request.member).then(|| self.assignment_write(request)))
            }
            GroupState::Stable => {
                let assignment = member.assignment.clone();
                self.has_synced(env, &request.member);
                self.answer_sync(env, reply, Ok(assignment));
                Ok(None)
            }
        }
    }

    fn has_synced(&mut self, env: &mut Env<'_, '_>, id: &MemberId) {
        if let Some(member) = self.member_mut(id) {
            member.pending_sync = false;
        }
        if !self.members.iter().any(|member| member.pending_sync) {
            self.cancel_sync_timer(env);
        }
    }

    /// The leader's word, completed: whom it left out gets nothing.
    fn assignment_write(&self, request: &SyncGroupRequest) -> Write {
        let record = self.metadata_record(|member| {
            let of_member = request.assignments.iter().find(|assigned| assigned.member == member.id);
            of_member.map(|assigned| assigned.partitions.clone()).unwrap_or_default()
        });
        let then = Then::Assign { generation: self.generation };
        Write { group: self.id.clone(), records: vec![record], then }
    }

    /// The assignment is committed, or could not be written. Meanwhile another rebalance may have begun; then this
    /// generation is of no interest any more.
    pub(super) fn assigned(
        &mut self,
        env: &mut Env<'_, '_>,
        generation: Generation,
        outcome: Result<&[GroupRecord], ErrorCode>,
    ) -> Option<Write> {
        if self.state != GroupState::CompletingRebalance || self.generation != generation {
            return None;
        }
        let records = match outcome {
            Ok(records) => records,
            Err(error) => {
                self.propagate_error(env, error);
                return self.prepare_rebalance(env);
            }
        };
        let [GroupRecord::Metadata { value: Some(metadata), .. }] = records else {
            unreachable!("an assignment is one metadata record");
        };
        for member in &mut self.members {
            let written = metadata.members.iter().find(|written| written.member == member.id);
            member.assignment = written.map(|written| written.assignment.clone()).unwrap_or_default();
        }
        if env.settings.sabotage.breaks(Mutation::AssignsToEverybody) {
            let all: Vec<_> = self.members.iter().flat_map(|member| member.assignment.clone()).collect();
            self.members.iter_mut().for_each(|member| member.assignment.clone_from(&all));
        }
        let assignment = self.members.iter().map(|member| (member.id.clone(), member.assignment.clone())).collect();
        self.transition_to(env, GroupState::Stable);
        env.emit(GroupFact::Assigned { group: self.id.clone(), generation, assignment });
        for index in 0..self.members.len() {
            let member = &mut self.members[index];
            let Some(reply) = member.awaiting_sync.take() else { continue };
            // The session was not watched while the member waited.
            member.touch(env, &self.id);
            let assignment = member.assignment.clone();
            self.answer_sync(env, reply, Ok(assignment));
        }
        None
    }

    /// Whoever has not synced within the rebalance timeout holds partitions and does not read them.
    pub(super) fn sync_rang(&mut self, env: &mut Env<'_, '_>) -> Option<Write> {
        self.sync_timer = None;
        if !matches!(self.state, GroupState::CompletingRebalance | GroupState::Stable) {
            return None;
        }
        let late: Vec<MemberId> =
            self.members.iter().filter(|member| member.pending_sync).map(|member| member.id.clone()).collect();
        if late.is_empty() {
            return None;
        }
        for id in late {
            let why = ExpiredBecause::DidNotSync;
            env.emit(GroupFact::MemberExpired { group: self.id.clone(), member: id.clone(), why });
            self.remove_member(env, &id);
        }
        self.prepare_rebalance(env)
    }

    /// Nobody gets an assignment in this generation (`resetAndPropagateAssignmentWithError`).
    fn propagate_error(&mut self, env: &mut Env<'_, '_>, error: ErrorCode) {
        for index in 0..self.members.len() {
            let member = &mut self.members[index];
            member.assignment.clear();
            let Some(reply) = member.awaiting_sync.take() else { continue };
            member.touch(env, &self.id);
            self.answer_sync(env, reply, Err(error));
        }
    }

    // ---- answers ---------------------------------------------------------------------------------------------

    fn joined(&self, leader: Option<MemberId>, with_members: bool) -> Joined {
        let members = if with_members { self.members.iter().map(Member::joined).collect() } else { Vec::new() };
        Joined {
            generation: self.generation,
            protocol: self.protocol.clone().unwrap_or_default(),
            leader: leader.expect("a group with members has a leader"),
            members,
        }
    }

    pub(super) fn answer_join(
        &self,
        env: &mut Env<'_, '_>,
        reply: Reply,
        member: Option<MemberId>,
        outcome: Result<Joined, ErrorCode>,
    ) {
        env.answer(reply, JoinGroupResponse { group: self.id.clone(), member, outcome });
    }

    pub(super) fn answer_sync(
        &self,
        env: &mut Env<'_, '_>,
        reply: Reply,
        outcome: Result<Vec<TopicPartition>, ErrorCode>,
    ) {
        env.answer(reply, SyncGroupResponse { group: self.id.clone(), outcome });
    }
}
