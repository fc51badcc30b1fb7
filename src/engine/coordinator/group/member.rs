//! One member of a classic group, as its coordinator knows it (`ClassicGroupMember`).

use std::sync::Arc;

use super::GroupTimer;
use super::classic_group::Env;
use super::records::MemberMetadata;
use crate::engine::common::{CorrelationId, MemberId, NodeId, Span, Time, TopicPartition};
use crate::engine::protocol::{JoinGroupRequest, JoinedMember, Subscription};
use crate::engine::runtime::TimerId;

/// Where an answer goes that may have to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    pub to: NodeId,
    pub correlation: CorrelationId,
}

#[derive(Clone, Debug)]
pub struct Member {
    pub(super) id: MemberId,
    pub(super) group_instance_id: Option<Arc<str>>,
    pub(super) client_id: Arc<str>,
    pub(super) client_host: Arc<str>,
    pub(super) session_timeout: Span,
    pub(super) rebalance_timeout: Span,
    /// Assignors it can run, the one it likes best first.
    pub(super) protocols: Vec<Arc<str>>,
    pub(super) subscription: Subscription,
    pub(super) assignment: Vec<TopicPartition>,
    pub(super) awaiting_join: Option<Reply>,
    pub(super) awaiting_sync: Option<Reply>,
    /// Its SyncGroup of this generation has not come yet.
    pub(super) pending_sync: bool,
    /// Its first JoinGroup is still parked: it has no id of its own to send heartbeats with.
    pub(super) is_new: bool,
    /// When its session ends unless it is heard of.
    pub(super) deadline: Time,
    /// The alarm that looks at the deadline, and when it rings. Hearing from the member moves the deadline only.
    timer: Option<(TimerId, Time)>,
}

impl Member {
    pub(super) fn new(id: MemberId, request: &JoinGroupRequest, reply: Reply) -> Self {
        Self {
            id,
            group_instance_id: request.group_instance_id.clone(),
            client_id: request.client.clone(),
            client_host: format!("/{}", reply.to).into(),
            session_timeout: request.session_timeout,
            rebalance_timeout: request.rebalance_timeout,
            protocols: request.protocols.clone(),
            subscription: request.subscription.clone(),
            assignment: Vec::new(),
            awaiting_join: Some(reply),
            awaiting_sync: None,
            pending_sync: false,
            is_new: true,
            deadline: Time::ZERO,
            timer: None,
        }
    }

    /// The member as the last generation was written down.
    pub(super) fn restored(metadata: &MemberMetadata, protocol: Option<&Arc<str>>) -> Self {
        Self {
            id: metadata.member.clone(),
            group_instance_id: metadata.group_instance_id.clone(),
            client_id: metadata.client_id.clone(),
            client_host: metadata.client_host.clone(),
            session_timeout: metadata.session_timeout,
            rebalance_timeout: metadata.rebalance_timeout,
            protocols: protocol.cloned().into_iter().collect(),
            subscription: metadata.subscription.clone(),
            assignment: metadata.assignment.clone(),
            awaiting_join: None,
            awaiting_sync: None,
            pending_sync: false,
            is_new: false,
            deadline: Time::ZERO,
            timer: None,
        }
    }

    // ---- looking in ------------------------------------------------------------------------------------------

    #[must_use]
    pub fn id(&self) -> &MemberId {
        &self.id
    }

    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// `group.instance.id` of a static member.
    #[must_use]
    pub fn group_instance_id(&self) -> Option<&str> {
        self.group_instance_id.as_deref()
    }

    #[must_use]
    pub fn subscription(&self) -> &Subscription {
        &self.subscription
    }

    /// What it reads in this generation.
    #[must_use]
    pub fn assignment(&self) -> &[TopicPartition] {
        &self.assignment
    }

    /// When its session ends unless it is heard of before.
    #[must_use]
    pub fn session_ends_at(&self) -> Time {
        self.deadline
    }

    #[must_use]
    pub fn session_timeout(&self) -> Span {
        self.session_timeout
    }

    /// Is its JoinGroup parked?
    #[must_use]
    pub fn is_awaiting_join(&self) -> bool {
        self.awaiting_join.is_some()
    }

    /// Is its SyncGroup parked?
    #[must_use]
    pub fn is_awaiting_sync(&self) -> bool {
        self.awaiting_sync.is_some()
    }

    // ---- what the group does with it -------------------------------------------------------------------------

    pub(super) fn is_static(&self) -> bool {
        self.group_instance_id.is_some()
    }

    /// Has nothing changed that the others would have to hear of (`ClassicGroupMember.matches`)?
    pub(super) fn matches(&self, request: &JoinGroupRequest) -> bool {
        self.protocols == request.protocols && self.subscription == request.subscription
    }

    pub(super) fn update(&mut self, request: &JoinGroupRequest, reply: Reply) {
        self.protocols.clone_from(&request.protocols);
        self.subscription = request.subscription.clone();
        self.session_timeout = request.session_timeout;
        self.rebalance_timeout = request.rebalance_timeout;
        self.awaiting_join = Some(reply);
    }

    /// Members that wait for the rest of the group cannot be late (`hasSatisfiedHeartbeat`). A newcomer can: nobody
    /// knows whether its JoinGroup still has a client at the other end.
    pub(super) fn has_satisfied_heartbeat(&self) -> bool {
        !self.is_new && (self.awaiting_join.is_some() || self.awaiting_sync.is_some())
    }

    pub(super) fn joined(&self) -> JoinedMember {
        JoinedMember {
            member: self.id.clone(),
            group_instance_id: self.group_instance_id.clone(),
            subscription: self.subscription.clone(),
        }
    }

    pub(super) fn metadata(&self, assignment: Vec<TopicPartition>) -> MemberMetadata {
        MemberMetadata {
            member: self.id.clone(),
            group_instance_id: self.group_instance_id.clone(),
            client_id: self.client_id.clone(),
            client_host: self.client_host.clone(),
            rebalance_timeout: self.rebalance_timeout,
            session_timeout: self.session_timeout,
            subscription: self.subscription.clone(),
            assignment,
        }
    }

    // ---- the session -----------------------------------------------------------------------------------------

    /// It has been heard of: the session lasts `session.timeout.ms` from now.
    pub(super) fn touch(&mut self, env: &mut Env<'_, '_>, group: &Arc<str>) {
        self.expect_within(env, group, self.session_timeout);
    }

    /// Moves the deadline, and the alarm only if that would ring too late: one timer a member, however many
    /// heartbeats.
    pub(super) fn expect_within(&mut self, env: &mut Env<'_, '_>, group: &Arc<str>, span: Span) {
        self.deadline = env.now() + span;
        if self.timer.is_none_or(|(_, rings_at)| rings_at > self.deadline) {
            self.forget_timer(env);
            self.arm(env, group);
        }
    }

    /// The alarm has rung. True if the member is overdue.
    pub(super) fn rang(&mut self, env: &mut Env<'_, '_>, group: &Arc<str>) -> bool {
        self.timer = None;
        if env.now() < self.deadline {
            self.arm(env, group);
            return false;
        }
        !self.has_satisfied_heartbeat()
    }

    pub(super) fn forget_timer(&mut self, env: &mut Env<'_, '_>) {
        if let Some((id, _)) = self.timer.take() {
            env.cancel(id);
        }
    }

    fn arm(&mut self, env: &mut Env<'_, '_>, group: &Arc<str>) {
        let timer = GroupTimer::Session { partition: env.partition, group: group.clone(), member: self.id.clone() };
        let id = env.set_timer(self.deadline.since(env.now()), timer);
        self.timer = Some((id, self.deadline));
    }
}
