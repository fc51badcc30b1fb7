//! One classic group on its coordinator: state, members, and the durable part that its log adds up to
//! (`ClassicGroup`). How members join and sync is in `join`; here is what holds at any time.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::GroupTimer;
use super::member::{Member, Reply};
use super::records::{GroupMetadata, GroupRecord, StoredOffset};
use crate::engine::common::{
    ErrorCode, Generation, MemberId, NodeId, PartitionId, Purpose, Sabotage, Span, Time, TopicPartition,
};
use crate::engine::coordinator::fact::{ExpiredBecause, GroupFact, GroupState};
use crate::engine::metadata::MetadataImage;
use crate::engine::protocol::{Body, HeartbeatRequest, LeaveGroupRequest, Response};
use crate::engine::runtime::{Domain, TimerId};
use crate::engine::{Ctx, Kafka};

/// `ConsumerProtocol.PROTOCOL_TYPE`.
pub(super) const CONSUMER_PROTOCOL_TYPE: &str = "consumer";

/// How the broker's timer enum takes in a coordinator's timer; the coordinator does not know the server.
pub(super) type WrapTimer = fn(GroupTimer) -> <Kafka as Domain>::Timer;

/// What of the broker's configuration concerns groups.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub wrap: WrapTimer,
    pub initial_rebalance_delay: Span,
    pub min_session_timeout: Span,
    pub max_session_timeout: Span,
    pub commit_timeout: Span,
    pub offsets_retention: Span,
    pub retention_check_interval: Span,
    pub offsets_partitions: u32,
    pub sabotage: Sabotage,
}

/// What a group may do to the world while it handles one thing.
pub(super) struct Env<'a, 'c> {
    pub ctx: &'a mut Ctx<'c>,
    pub settings: &'a Settings,
    /// Where the group is kept.
    pub partition: PartitionId,
}

impl Env<'_, '_> {
    pub fn now(&self) -> Time {
        self.ctx.now()
    }

    pub fn set_timer(&mut self, after: Span, timer: GroupTimer) -> TimerId {
        self.ctx.set_timer(after, (self.settings.wrap)(timer))
    }

    pub fn cancel(&mut self, timer: TimerId) {
        self.ctx.cancel_timer(timer);
    }

    pub fn emit(&mut self, fact: GroupFact) {
        self.ctx.emit(fact);
    }

    pub fn answer(&mut self, reply: Reply, response: impl Into<Response>) {
        self.ctx.send(reply.to, Body::Response { correlation: reply.correlation, response: response.into() });
    }

    pub fn refuse(&mut self, group: &Arc<str>, client: NodeId, error: ErrorCode) {
        self.emit(GroupFact::Refused { group: group.clone(), client, error });
    }

    /// `<prefix>-<uuid>`, as `UUID.randomUUID()` prints one: 122 random bits, version 4.
    pub fn member_id(&mut self, prefix: &str) -> MemberId {
        let high = self.ctx.rng().bits(Purpose::Names) & !0xf000 | 0x4000;
        let low = self.ctx.rng().bits(Purpose::Names) & !(0b11 << 62) | (0b10 << 62);
        let uuid = format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            high >> 32,
            high >> 16 & 0xffff,
            high & 0xffff,
            low >> 48,
            low & 0xffff_ffff_ffff
        );
        MemberId(format!("{prefix}-{uuid}").into())
    }
}

/// Records that a decision asks for, and what is to happen once they are committed.
#[derive(Clone, Debug)]
pub(super) struct Write {
    pub group: Arc<str>,
    pub records: Vec<GroupRecord>,
    pub then: Then,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Then {
    Nothing,
    /// A group's first record. If it cannot be written there is no group.
    Found,
    /// Members get what the leader assigned in this generation.
    Assign {
        generation: Generation,
    },
    AnswerCommit {
        reply: Reply,
        partitions: Vec<(TopicPartition, Option<ErrorCode>)>,
    },
    /// A static member took the place of its former self without a rebalance.
    AnswerStatic {
        member: MemberId,
        leader: MemberId,
    },
}

/// What the log says of a group. Changes by replay only.
#[derive(Clone, Debug, Default)]
pub(super) struct Durable {
    pub metadata: Option<GroupMetadata>,
    pub offsets: BTreeMap<TopicPartition, StoredOffset>,
}

/// Of an empty group's first rebalance: how long this wait is, and how much longer the next may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct InitialRebalance {
    pub delay: Span,
    pub remaining: Span,
    /// Somebody joined during this wait, so there will be another.
    pub member_added: bool,
}

#[derive(Clone, Debug)]
pub struct Group {
    pub(super) id: Arc<str>,
    pub(super) state: GroupState,
    pub(super) state_since: Time,
    pub(super) generation: Generation,
    pub(super) protocol_type: Option<Arc<str>>,
    pub(super) protocol: Option<Arc<str>>,
    pub(super) leader: Option<MemberId>,
    /// In the order in which they first joined.
    pub(super) members: Vec<Member>,
    /// Were given an id and have not come back with it (KIP-394).
    pub(super) pending_members: BTreeMap<MemberId, TimerId>,
    pub(super) initial: Option<InitialRebalance>,
    pub(super) join_timer: Option<(TimerId, Time)>,
    pub(super) sync_timer: Option<(TimerId, Time)>,
    pub(super) durable: Durable,
}

impl Group {
    pub(super) fn new(id: Arc<str>, now: Time) -> Self {
        Self {
            id,
            state: GroupState::Empty,
            state_since: now,
            generation: Generation(0),
            protocol_type: None,
            protocol: None,
            leader: None,
            members: Vec::new(),
            pending_members: BTreeMap::new(),
            initial: None,
            join_timer: None,
            sync_timer: None,
            durable: Durable::default(),
        }
    }

    // ---- looking in ------------------------------------------------------------------------------------------

    #[must_use]
    pub fn id(&self) -> &Arc<str> {
        &self.id
    }

    #[must_use]
    pub fn state(&self) -> GroupState {
        self.state
    }

    #[must_use]
    pub fn state_since(&self) -> Time {
        self.state_since
    }

    /// 0 before the first rebalance.
    #[must_use]
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// The assignor the members voted for.
    #[must_use]
    pub fn protocol(&self) -> Option<&str> {
        self.protocol.as_deref()
    }

    /// The member that computes the assignment.
    #[must_use]
    pub fn leader(&self) -> Option<&MemberId> {
        self.leader.as_ref()
    }

    /// In the order in which they first joined.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    #[must_use]
    pub fn member(&self, id: &MemberId) -> Option<&Member> {
        self.members.iter().find(|member| member.id == *id)
    }

    /// Ids that were given out and whose owners have not come back yet (KIP-394).
    pub fn pending_members(&self) -> impl Iterator<Item = &MemberId> {
        self.pending_members.keys()
    }

    /// Committed offsets.
    pub fn offsets(&self) -> impl Iterator<Item = (TopicPartition, &StoredOffset)> {
        self.durable.offsets.iter().map(|(partition, stored)| (*partition, stored))
    }

    #[must_use]
    pub fn offset(&self, partition: TopicPartition) -> Option<&StoredOffset> {
        self.durable.offsets.get(&partition)
    }

    /// When the join phase ends at the latest, or the initial delay is over.
    #[must_use]
    pub fn join_phase_ends_at(&self) -> Option<Time> {
        self.join_timer.map(|(_, at)| at)
    }

    /// Until when members may take to send SyncGroup.
    #[must_use]
    pub fn sync_phase_ends_at(&self) -> Option<Time> {
        self.sync_timer.map(|(_, at)| at)
    }

    /// Is this the first rebalance of an empty group, which waits for more members to come?
    #[must_use]
    pub fn is_initial_rebalance(&self) -> bool {
        self.initial.is_some()
    }

    // ---- the durable part ------------------------------------------------------------------------------------

    /// Applies one committed record.
    pub(super) fn replay(&mut self, record: &GroupRecord) {
        match record {
            GroupRecord::Offset { partition, value: Some(value), .. } => {
                self.durable.offsets.insert(*partition, value.clone());
            }
            GroupRecord::Offset { partition, value: None, .. } => {
                self.durable.offsets.remove(partition);
            }
            GroupRecord::Metadata { value, .. } => self.durable.metadata.clone_from(value),
        }
    }

    /// Begins with what the log says, as a new coordinator: members keep generation and assignment, and have a whole
    /// session to make themselves heard (`GroupMetadataManager.onLoaded`).
    pub(super) fn restore(&mut self, env: &mut Env<'_, '_>) {
        let Some(metadata) = self.durable.metadata.clone() else { return };
        self.protocol_type = Some(metadata.protocol_type).filter(|name| !name.is_empty());
        self.generation = metadata.generation;
        self.leader = metadata.leader;
        self.state_since = metadata.state_since;
        let restored = metadata.members.iter().map(|member| Member::restored(member, metadata.protocol.as_ref()));
        self.members = restored.collect();
        self.protocol = metadata.protocol;
        self.state = if self.members.is_empty() { GroupState::Empty } else { GroupState::Stable };
        for member in &mut self.members {
            member.touch(env, &self.id);
        }
    }

    /// The group as its next metadata record will have it.
    pub(super) fn metadata_record(&self, assignment: impl Fn(&Member) -> Vec<TopicPartition>) -> GroupRecord {
        let metadata = GroupMetadata {
            protocol_type: self.protocol_type.clone().unwrap_or_default(),
            generation: self.generation,
            protocol: self.protocol.clone(),
            leader: self.leader.clone(),
            state_since: self.state_since,
            members: self.members.iter().map(|member| member.metadata(assignment(member))).collect(),
        };
        GroupRecord::Metadata { group: self.id.clone(), value: Some(metadata) }
    }

    /// Offsets that nobody has needed for `offsets.retention.minutes`, and whether none is left then
    /// (`OffsetMetadataManager.cleanupExpiredOffsets`).
    pub(super) fn expired_offsets(
        &self,
        now: Time,
        retention: Span,
        image: &MetadataImage,
    ) -> (Vec<TopicPartition>, bool) {
        let since = |stored: &StoredOffset| match (&self.protocol_type, self.state) {
            (None, _) | (Some(_), GroupState::Stable) => Some(stored.committed_at),
            (Some(_), GroupState::Empty) => Some(self.state_since),
            (Some(_), _) => None,
        };
        let is_subscribed = |partition: &TopicPartition| {
            let name = image.topic(partition.topic).map(|topic| &topic.name);
            let wants = |member: &Member| member.subscription.topics.iter().any(|topic| Some(topic) == name);
            self.members.iter().any(wants)
        };
        let is_expired = |(partition, stored): &(&TopicPartition, &StoredOffset)| {
            !is_subscribed(partition) && since(stored).is_some_and(|since| now.since(since) >= retention)
        };
        let expired: Vec<_> = self.durable.offsets.iter().filter(is_expired).map(|(partition, _)| *partition).collect();
        let none_left = expired.len() == self.durable.offsets.len();
        (expired, none_left)
    }

    /// Is there nobody in it and nobody about to be?
    pub(super) fn is_deserted(&self) -> bool {
        self.state == GroupState::Empty && self.members.is_empty() && self.pending_members.is_empty()
    }

    // ---- small requests --------------------------------------------------------------------------------------

    /// A sign of life, answered by what the member should do.
    pub(super) fn heartbeat(&mut self, env: &mut Env<'_, '_>, request: &HeartbeatRequest) -> Result<(), ErrorCode> {
        if self.state == GroupState::Dead {
            return Err(ErrorCode::CoordinatorNotAvailable);
        }
        if self.member(&request.member).is_none() {
            return Err(ErrorCode::UnknownMemberId);
        }
        if request.generation != self.generation {
            return Err(ErrorCode::IllegalGeneration);
        }
        match self.state {
            GroupState::Empty | GroupState::Dead => Err(ErrorCode::UnknownMemberId),
            GroupState::PreparingRebalance => {
                self.touch(env, &request.member);
                Err(ErrorCode::RebalanceInProgress)
            }
            GroupState::CompletingRebalance | GroupState::Stable => {
                self.touch(env, &request.member);
                Ok(())
            }
        }
    }

    /// A member goes in good order, and the others need not wait for its session to end.
    pub(super) fn leave(
        &mut self,
        env: &mut Env<'_, '_>,
        request: &LeaveGroupRequest,
    ) -> Result<Option<Write>, ErrorCode> {
        if self.state == GroupState::Dead {
            return Err(ErrorCode::CoordinatorNotAvailable);
        }
        if let Some(timer) = self.pending_members.remove(&request.member) {
            env.cancel(timer);
        } else if self.member(&request.member).is_some() {
            self.remove_member(env, &request.member);
        } else {
            return Err(ErrorCode::UnknownMemberId);
        }
        env.emit(GroupFact::MemberLeft { group: self.id.clone(), member: request.member.clone() });
        Ok(self.after_leave(env))
    }

    /// May this commit be taken (`ClassicGroup.validateOffsetCommit`)? `None` twice is a tool, or a consumer that
    /// assigned its partitions to itself: those may commit only where there are no members.
    pub(super) fn validate_commit(
        &self,
        member: Option<&MemberId>,
        generation: Option<Generation>,
    ) -> Result<(), ErrorCode> {
        if self.state == GroupState::Dead {
            return Err(ErrorCode::CoordinatorNotAvailable);
        }
        if generation.is_none() && self.state == GroupState::Empty {
            return Ok(());
        }
        if member.is_none_or(|id| self.member(id).is_none()) {
            return Err(ErrorCode::UnknownMemberId);
        }
        if generation != Some(self.generation) {
            return Err(ErrorCode::IllegalGeneration);
        }
        if self.state == GroupState::CompletingRebalance {
            return Err(ErrorCode::RebalanceInProgress);
        }
        Ok(())
    }

    // ---- members ---------------------------------------------------------------------------------------------

    pub(super) fn member_mut(&mut self, id: &MemberId) -> Option<&mut Member> {
        self.members.iter_mut().find(|member| member.id == *id)
    }

    pub(super) fn leads(&self, id: &MemberId) -> bool {
        self.leader.as_ref() == Some(id)
    }

    /// The member has been heard of.
    pub(super) fn touch(&mut self, env: &mut Env<'_, '_>, id: &MemberId) {
        let group = self.id.clone();
        if let Some(member) = self.member_mut(id) {
            member.touch(env, &group);
        }
    }

    /// The session alarm of a member, or of an id that was given out, has rung.
    pub(super) fn session_rang(&mut self, env: &mut Env<'_, '_>, id: &MemberId) -> Option<Write> {
        let group = self.id.clone();
        let why = ExpiredBecause::SessionTimeout;
        if self.pending_members.remove(id).is_some() {
            env.emit(GroupFact::MemberExpired { group, member: id.clone(), why });
            return self.after_expiry(env, false);
        }
        if !self.member_mut(id)?.rang(env, &group) {
            return None;
        }
        env.emit(GroupFact::MemberExpired { group, member: id.clone(), why });
        self.remove_member(env, id);
        self.after_expiry(env, true)
    }

    /// Takes a member out and answers what it had parked. If it led, the longest-serving other one does.
    pub(super) fn remove_member(&mut self, env: &mut Env<'_, '_>, id: &MemberId) {
        let index = self.members.iter().position(|member| member.id == *id).expect("only members are removed");
        let mut member = self.members.remove(index);
        member.forget_timer(env);
        if let Some(reply) = member.awaiting_join.take() {
            // UNKNOWN_MEMBER_ID makes a client that is still there try again, from the start.
            self.answer_join(env, reply, None, Err(ErrorCode::UnknownMemberId));
        }
        if self.leads(id) {
            self.leader = self.members.first().map(|member| member.id.clone());
        }
    }

    /// Does some protocol of the newcomer suit all who are in?
    pub(super) fn supports_protocols(&self, protocols: &[Arc<str>]) -> bool {
        if self.state == GroupState::Empty {
            return !protocols.is_empty();
        }
        protocols.iter().any(|name| self.members.iter().all(|member| member.protocols.contains(name)))
    }

    /// Each member votes for the first of its protocols that all support; most votes win. Kafka leaves ties to a hash
    /// map; here the name that comes first wins.
    pub(super) fn select_protocol(&self) -> Option<Arc<str>> {
        let is_candidate = |name: &&Arc<str>| self.members.iter().all(|member| member.protocols.contains(name));
        let mut votes: BTreeMap<Arc<str>, u32> = BTreeMap::new();
        for member in &self.members {
            if let Some(vote) = member.protocols.iter().find(is_candidate) {
                *votes.entry(vote.clone()).or_default() += 1;
            }
        }
        let most = votes.values().max().copied();
        votes.into_iter().find(|(_, count)| Some(*count) == most).map(|(name, _)| name)
    }

    /// The patience of the most patient member.
    pub(super) fn rebalance_timeout(&self) -> Span {
        self.members.iter().map(|member| member.rebalance_timeout).max().unwrap_or(Span::ZERO)
    }

    pub(super) fn has_all_members_joined(&self) -> bool {
        self.pending_members.is_empty() && self.members.iter().all(|member| member.awaiting_join.is_some())
    }

    // ---- states ----------------------------------------------------------------------------------------------

    /// # Panics
    /// If Kafka's table has no such transition (`ClassicGroupState.validPreviousStates`).
    pub(super) fn transition_to(&mut self, env: &mut Env<'_, '_>, to: GroupState) {
        use GroupState::{CompletingRebalance, Dead, Empty, PreparingRebalance, Stable};
        let from = self.state;
        let is_legal = match to {
            Empty | CompletingRebalance => from == PreparingRebalance,
            PreparingRebalance => matches!(from, Empty | CompletingRebalance | Stable),
            Stable => from == CompletingRebalance,
            Dead => true,
        };
        assert!(is_legal, "group {} cannot go from {} to {}", self.id, from.name(), to.name());
        self.state = to;
        self.state_since = env.now();
        if to != PreparingRebalance {
            self.initial = None;
        }
        env.emit(GroupFact::StateChanged { group: self.id.clone(), from, to });
    }

    pub(super) fn cancel_join_timer(&mut self, env: &mut Env<'_, '_>) {
        if let Some((timer, _)) = self.join_timer.take() {
            env.cancel(timer);
        }
    }

    pub(super) fn cancel_sync_timer(&mut self, env: &mut Env<'_, '_>) {
        if let Some((timer, _)) = self.sync_timer.take() {
            env.cancel(timer);
        }
    }

    /// Another broker has taken over, or the group is gone: answers what is parked, cancels every alarm.
    pub(super) fn unload(&mut self, env: &mut Env<'_, '_>, error: ErrorCode) {
        self.cancel_join_timer(env);
        self.cancel_sync_timer(env);
        for timer in std::mem::take(&mut self.pending_members).into_values() {
            env.cancel(timer);
        }
        for mut member in std::mem::take(&mut self.members) {
            member.forget_timer(env);
            if let Some(reply) = member.awaiting_join.take() {
                self.answer_join(env, reply, Some(member.id.clone()), Err(error));
            }
            if let Some(reply) = member.awaiting_sync.take() {
                self.answer_sync(env, reply, Err(error));
            }
        }
    }
}
