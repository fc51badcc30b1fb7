//! What a consumer knows of its own membership (`AbstractCoordinator`, `Heartbeat`).

use std::sync::Arc;

use super::assignor::RebalanceProtocol;
use crate::engine::common::{BrokerId, CorrelationId, Generation, MemberId, Time, TopicPartition};
use crate::engine::protocol::{Joined, TopicName};

/// `AbstractCoordinator.MemberState`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MemberState {
    /// In no group.
    #[default]
    Unjoined,
    /// JoinGroup is sent.
    PreparingRebalance,
    /// JoinGroup is answered, SyncGroup is not.
    CompletingRebalance,
    /// Has an assignment and sends heartbeats.
    Stable,
}

impl MemberState {
    /// Kafka's word, untranslated.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unjoined => "UNJOINED",
            Self::PreparingRebalance => "PREPARING_REBALANCE",
            Self::CompletingRebalance => "COMPLETING_REBALANCE",
            Self::Stable => "STABLE",
        }
    }
}

/// What must happen before JoinGroup goes out (`onJoinPrepare`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prepare {
    Needed,
    /// The auto-commit before the revocation is on its way, or is to be tried again.
    Committing {
        retry_at: Option<Time>,
        gives_up_at: Time,
    },
    Committed,
    Done,
}

/// Which answer the rebalance waits for.
#[derive(Clone, Debug)]
pub(super) enum Awaits {
    Nothing,
    Join(CorrelationId),
    /// This member leads and waits for metadata about topics of others.
    Metadata {
        joined: Joined,
        asked_at: Time,
    },
    Sync(CorrelationId),
    /// All answers are there; the assignment comes into force inside the next `poll()`.
    Poll {
        generation: Generation,
        partitions: Vec<TopicPartition>,
    },
}

#[derive(Clone, Debug)]
pub struct Membership {
    pub(super) coordinator: Option<BrokerId>,
    pub(super) is_finding: bool,
    pub(super) find_attempts: u32,
    pub(super) find_at: Time,
    pub(super) state: MemberState,
    pub(super) member: Option<MemberId>,
    pub(super) generation: Option<Generation>,
    pub(super) protocol: Option<Arc<str>>,
    pub(super) rebalance_protocol: RebalanceProtocol,
    /// What `StickyAssignor` keeps in its object: neither a new generation nor none makes it forget.
    pub(super) remembered: Option<(Generation, Vec<TopicPartition>)>,
    pub(super) leads: bool,
    pub(super) rejoin_needed: bool,
    pub(super) prepare: Prepare,
    pub(super) awaits: Awaits,
    /// A failed rebalance is tried again then.
    pub(super) join_at: Time,
    /// Partition counts the leader assigned from; other numbers mean another rebalance.
    pub(super) assigned_from: Option<Vec<(TopicName, u32)>>,
    pub(super) heartbeat_at: Time,
    /// When the client itself takes its session for lost: no heartbeat was answered for so long.
    pub(super) session_ends_at: Time,
}

impl Membership {
    pub(super) fn new(rebalance_protocol: RebalanceProtocol) -> Self {
        Self {
            coordinator: None,
            is_finding: false,
            find_attempts: 0,
            find_at: Time::ZERO,
            state: MemberState::Unjoined,
            member: None,
            generation: None,
            protocol: None,
            rebalance_protocol,
            remembered: None,
            leads: false,
            rejoin_needed: true,
            prepare: Prepare::Needed,
            awaits: Awaits::Nothing,
            join_at: Time::ZERO,
            assigned_from: None,
            heartbeat_at: Time::ZERO,
            session_ends_at: Time::ZERO,
        }
    }

    // ---- looking in ------------------------------------------------------------------------------------------

    #[must_use]
    pub fn state(&self) -> MemberState {
        self.state
    }

    /// The broker that coordinates the group, as far as this client knows.
    #[must_use]
    pub fn coordinator(&self) -> Option<BrokerId> {
        self.coordinator
    }

    #[must_use]
    pub fn member(&self) -> Option<&MemberId> {
        self.member.as_ref()
    }

    #[must_use]
    pub fn generation(&self) -> Option<Generation> {
        self.generation
    }

    /// The assignor the group voted for.
    #[must_use]
    pub fn protocol(&self) -> Option<&str> {
        self.protocol.as_deref()
    }

    /// Eager, or cooperative if all its assignors know that.
    #[must_use]
    pub fn rebalance_protocol(&self) -> RebalanceProtocol {
        self.rebalance_protocol
    }

    /// Does this member compute the assignment?
    #[must_use]
    pub fn leads(&self) -> bool {
        self.leads
    }

    /// Will the next `poll()` join again?
    #[must_use]
    pub fn is_rejoin_needed(&self) -> bool {
        self.rejoin_needed
    }

    /// When the next heartbeat goes out; `None` while none are sent.
    #[must_use]
    pub fn next_heartbeat_at(&self) -> Option<Time> {
        self.sends_heartbeats().then_some(self.heartbeat_at)
    }

    // ---- changes ---------------------------------------------------------------------------------------------

    /// Not while joining: the coordinator does not expect any then (`MemberState.hasNotJoinedGroup`).
    pub(super) fn sends_heartbeats(&self) -> bool {
        matches!(self.state, MemberState::CompletingRebalance | MemberState::Stable)
    }

    /// With what commits are signed; `None` outside a stable generation (`generationIfStable`).
    pub(super) fn stable_generation(&self) -> Option<(MemberId, Generation)> {
        let is_stable = self.state == MemberState::Stable;
        self.member.clone().zip(self.generation).filter(|_| is_stable)
    }

    /// The generation is void (`resetStateAndRejoin`). With ILLEGAL_GENERATION the member id may still be good.
    pub(super) fn reset(&mut self, forget_member: bool) {
        self.state = MemberState::Unjoined;
        self.generation = None;
        self.protocol = None;
        self.leads = false;
        self.assigned_from = None;
        if forget_member {
            self.member = None;
        }
        self.awaits = Awaits::Nothing;
        self.rejoin_needed = true;
        self.prepare = Prepare::Needed;
    }

    /// Is this answer the one that the rebalance waits for?
    pub(super) fn awaits(&self, correlation: CorrelationId) -> bool {
        match &self.awaits {
            Awaits::Join(awaited) | Awaits::Sync(awaited) => *awaited == correlation,
            Awaits::Nothing | Awaits::Metadata { .. } | Awaits::Poll { .. } => false,
        }
    }
}
