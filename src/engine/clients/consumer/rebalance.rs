//! Finding the coordinator, joining, sharing out, heartbeats (`AbstractCoordinator`, `ConsumerCoordinator`).
//!
//! Eager members give up everything before they join, and nobody reads until everybody has synced. Cooperative ones
//! (KIP-429) read on: they give up what the assignment takes from them when they hear of it, and join once more.

use super::application::Failure;
use super::assignor::{Assignor, GroupSubscription, Member, RebalanceProtocol, Topic};
use super::membership::{Awaits, MemberState, Prepare};
use super::process::{CommitReason, ConsumerRequest, Process};
use crate::engine::Ctx;
use crate::engine::clients::fact::ConsumerFact;
use crate::engine::common::{BrokerId, ErrorCode, Generation, MemberId, Span, Time, TopicPartition};
use crate::engine::protocol::{
    FindCoordinatorRequest, HeartbeatRequest, JoinGroupRequest, JoinGroupResponse, Joined, LeaveGroupRequest,
    MemberAssignment, Subscription, SyncGroupRequest, TopicName,
};

/// JoinGroup is answered when the slowest member has come: the client waits a little longer than the coordinator
/// (`AbstractCoordinator.JOIN_GROUP_TIMEOUT_LAPSE`).
const JOIN_GROUP_TIMEOUT_LAPSE: Span = Span::secs(5);

impl Process {
    // ---- the coordinator -------------------------------------------------------------------------------------

    /// Is there a coordinator to talk to? If not, looks for it (`ensureCoordinatorReady`).
    pub(super) fn is_coordinator_ready(&mut self, ctx: &mut Ctx<'_>) -> bool {
        if let Some(coordinator) = self.membership.coordinator {
            if self.network.backing_off_until(coordinator, ctx.now()).is_none() {
                self.membership.find_attempts = 0;
                return true;
            }
            // Found, but the connection to it has failed. Brokers go on naming it until the cluster knows better, so there
            // is a pause before they are asked again.
            self.coordinator_lost(ctx);
            self.find_failed(ctx);
        }
        self.find_coordinator(ctx);
        false
    }

    fn find_coordinator(&mut self, ctx: &mut Ctx<'_>) {
        if self.membership.is_finding || self.membership.find_at > ctx.now() {
            return;
        }
        let Some(broker) = self.network.least_loaded(self.metadata.brokers(), ctx.now(), ctx.rng()) else { return };
        self.membership.is_finding = true;
        let request = FindCoordinatorRequest { group: self.group.clone() };
        self.network.send(ctx, broker, request, ConsumerRequest::FindCoordinator);
    }

    pub(super) fn coordinator_found(&mut self, ctx: &mut Ctx<'_>, outcome: Result<BrokerId, ErrorCode>) {
        match outcome {
            Ok(coordinator) => {
                let membership = &mut self.membership;
                membership.is_finding = false;
                membership.coordinator = Some(coordinator);
                membership.session_ends_at = ctx.now() + self.config.session_timeout;
                ctx.emit(ConsumerFact::CoordinatorFound { group: self.group.clone(), coordinator });
            }
            Err(error) if error.is_retriable() => {
                self.metadata.request_update();
                self.find_failed(ctx);
            }
            Err(error) => self.fail(ctx, Failure::Refused(error)),
        }
    }

    pub(super) fn find_failed(&mut self, ctx: &mut Ctx<'_>) {
        let pause = self.backoff(ctx, self.membership.find_attempts);
        self.membership.is_finding = false;
        self.membership.find_attempts = self.membership.find_attempts.saturating_add(1);
        self.membership.find_at = ctx.now() + pause;
    }

    /// `markCoordinatorUnknown`: it will be looked for again.
    pub(super) fn coordinator_lost(&mut self, ctx: &mut Ctx<'_>) {
        if self.membership.coordinator.take().is_some() {
            ctx.emit(ConsumerFact::CoordinatorLost { group: self.group.clone() });
        }
    }

    // ---- joining ---------------------------------------------------------------------------------------------

    /// Does the consumer have its place in the current generation? If not, works towards it (`joinGroupIfNeeded`).
    pub(super) fn is_group_active(&mut self, ctx: &mut Ctx<'_>) -> bool {
        if let Awaits::Poll { generation, partitions } = &mut self.membership.awaits {
            let (generation, partitions) = (*generation, std::mem::take(partitions));
            self.membership.awaits = Awaits::Nothing;
            self.take_over(ctx, generation, partitions);
        }
        let is_stale = |from: &Vec<(TopicName, u32)>| self.partition_counts(from.iter().map(|(name, _)| name)) != *from;
        if self.membership.state == MemberState::Stable && self.membership.assigned_from.as_ref().is_some_and(is_stale)
        {
            // The leader alone watches the topics; the others only hear of a rebalance.
            self.membership.rejoin_needed = true;
        }
        if !self.membership.rejoin_needed {
            return true;
        }
        match &self.membership.awaits {
            Awaits::Join(_) | Awaits::Sync(_) | Awaits::Poll { .. } => {}
            Awaits::Metadata { asked_at, .. } => {
                if self.metadata.last_refreshed().is_some_and(|at| at > *asked_at) {
                    self.assign_and_sync(ctx);
                }
            }
            Awaits::Nothing => {
                if self.membership.join_at <= ctx.now() && self.is_prepared(ctx) {
                    self.send_join(ctx);
                }
            }
        }
        false
    }

    /// Before joining: commit (with auto-commit), then give everything up, unless the group is cooperative and the
    /// membership good (`onJoinPrepare`). False while the commit is under way.
    fn is_prepared(&mut self, ctx: &mut Ctx<'_>) -> bool {
        let now = ctx.now();
        loop {
            match self.membership.prepare {
                Prepare::Done => return true,
                Prepare::Committed => {
                    if !self.is_cooperative() || self.membership.generation.is_none() {
                        self.give_up_partitions(ctx);
                    }
                    self.membership.prepare = Prepare::Done;
                }
                Prepare::Needed => {
                    let offsets = self.subscriptions.all_consumed();
                    let signed = self.membership.stable_generation();
                    let commits = self.auto_commits() && !offsets.is_empty() && signed.is_some();
                    if !commits {
                        self.membership.prepare = Prepare::Committed;
                        continue;
                    }
                    // At most as long as the coordinator waits for this member.
                    let gives_up_at = now + self.config.max_poll_interval;
                    self.membership.prepare = Prepare::Committing { retry_at: None, gives_up_at };
                    self.send_commit(ctx, CommitReason::Revocation, offsets);
                    return false;
                }
                Prepare::Committing { gives_up_at, .. } if gives_up_at <= now => {
                    self.membership.prepare = Prepare::Committed;
                }
                Prepare::Committing { retry_at: Some(retry_at), gives_up_at } if retry_at <= now => {
                    let offsets = self.subscriptions.all_consumed();
                    self.membership.prepare = Prepare::Committing { retry_at: None, gives_up_at };
                    if !self.send_commit(ctx, CommitReason::Revocation, offsets) {
                        self.membership.prepare = Prepare::Committed;
                        continue;
                    }
                    return false;
                }
                Prepare::Committing { .. } => return false,
            }
        }
    }

    pub(super) fn is_cooperative(&self) -> bool {
        self.membership.rebalance_protocol == RebalanceProtocol::Cooperative
    }

    /// `onPartitionsRevoked` in good order; `onPartitionsLost` if the membership is gone already and nothing can be
    /// committed any more.
    pub(super) fn give_up_partitions(&mut self, ctx: &mut Ctx<'_>) {
        let partitions = self.subscriptions.take();
        if partitions.is_empty() {
            return;
        }
        if self.membership.generation.is_some() {
            ctx.emit(ConsumerFact::PartitionsRevoked { partitions });
        } else {
            ctx.emit(ConsumerFact::PartitionsLost { partitions });
        }
    }

    fn send_join(&mut self, ctx: &mut Ctx<'_>) {
        let Some(coordinator) = self.membership.coordinator else { return };
        let membership = &mut self.membership;
        membership.state = MemberState::PreparingRebalance;
        membership.leads = false;
        membership.assigned_from = None;
        let offered = offered(&self.config.partition_assignment_strategy);
        let request = JoinGroupRequest {
            group: self.group.clone(),
            client: self.client_id.clone(),
            member: membership.member.clone(),
            group_instance_id: self.config.group_instance_id.clone(),
            session_timeout: self.config.session_timeout,
            rebalance_timeout: self.config.max_poll_interval,
            protocols: offered.iter().map(|one| one.protocol_name().into()).collect(),
            subscription: Subscription {
                topics: self.topics.clone(),
                owned: self.subscriptions.assignment().to_vec(),
                generation: membership.generation,
                previous: membership.remembered.clone(),
            },
        };
        ctx.emit(ConsumerFact::JoinRequested { group: self.group.clone(), member: membership.member.clone() });
        let generation = membership.generation;
        let patience = self.config.request_timeout.max(self.config.max_poll_interval + JOIN_GROUP_TIMEOUT_LAPSE);
        let purpose = ConsumerRequest::Join { generation };
        let correlation = self.network.send_with_timeout(ctx, coordinator, request, purpose, patience);
        self.membership.awaits = Awaits::Join(correlation);
    }

    pub(super) fn join_answered(
        &mut self,
        ctx: &mut Ctx<'_>,
        sent_generation: Option<Generation>,
        answer: JoinGroupResponse,
    ) {
        let membership = &mut self.membership;
        membership.awaits = Awaits::Nothing;
        match answer.outcome {
            // A former self of this process had asked (the number of its request has come round again).
            Ok(_) if membership.member.is_some() && membership.member != answer.member => self.rejoin_later(ctx),
            Ok(joined) => {
                let member = answer.member.expect("a member that has joined has an id");
                membership.state = MemberState::CompletingRebalance;
                membership.generation = Some(joined.generation);
                membership.protocol = Some(joined.protocol.clone());
                membership.leads = joined.leader == member;
                membership.member = Some(member.clone());
                membership.heartbeat_at = ctx.now() + self.config.heartbeat_interval;
                membership.session_ends_at = ctx.now() + self.config.session_timeout;
                let (group, generation, leads) = (self.group.clone(), joined.generation, membership.leads);
                ctx.emit(ConsumerFact::Joined { group, member, generation, leads });
                self.prepare_sync(ctx, joined);
            }
            Err(ErrorCode::MemberIdRequired) => membership.member = answer.member,
            Err(ErrorCode::UnknownMemberId) => {
                if membership.generation == sent_generation {
                    membership.reset(true);
                }
            }
            Err(ErrorCode::RebalanceInProgress) => {}
            Err(error) => self.rebalance_refused(ctx, error),
        }
    }

    /// Errors of JoinGroup and SyncGroup that are not about this member.
    fn rebalance_refused(&mut self, ctx: &mut Ctx<'_>, error: ErrorCode) {
        match error {
            ErrorCode::CoordinatorNotAvailable | ErrorCode::NotCoordinator => {
                self.coordinator_lost(ctx);
                self.rejoin_later(ctx);
            }
            error if error.is_retriable() => self.rejoin_later(ctx),
            error => self.fail(ctx, Failure::Refused(error)),
        }
    }

    /// The rebalance failed for reasons that may pass: tries again after `retry.backoff.ms`.
    pub(super) fn rejoin_later(&mut self, ctx: &mut Ctx<'_>) {
        let pause = self.backoff(ctx, 0);
        self.membership.awaits = Awaits::Nothing;
        self.membership.rejoin_needed = true;
        self.membership.join_at = ctx.now() + pause;
    }

    // ---- sharing out and syncing -----------------------------------------------------------------------------

    fn prepare_sync(&mut self, ctx: &mut Ctx<'_>, joined: Joined) {
        if !self.membership.leads {
            return self.send_sync(ctx, &joined, Vec::new());
        }
        // Others may have subscribed to topics that this member knows nothing of.
        let wanted: Vec<TopicName> = joined.members.iter().flat_map(|one| &one.subscription.topics).cloned().collect();
        let is_new = |name: &&TopicName| !self.metadata.wanted().any(|known| known == *name);
        let news: Vec<TopicName> = wanted.iter().filter(is_new).cloned().collect();
        for topic in &news {
            self.metadata.add_topic(topic);
        }
        self.membership.awaits = Awaits::Metadata { joined, asked_at: ctx.now() };
        if news.is_empty() {
            self.assign_and_sync(ctx);
        }
    }

    /// `onLeaderElected`: runs the assignor that the group voted for.
    fn assign_and_sync(&mut self, ctx: &mut Ctx<'_>) {
        let Awaits::Metadata { joined, .. } = std::mem::replace(&mut self.membership.awaits, Awaits::Nothing) else {
            unreachable!("only a leader with a generation in hand assigns");
        };
        let Some(assignor) = Assignor::of_protocol(&joined.protocol) else {
            return self.fail(ctx, Failure::Refused(ErrorCode::InconsistentGroupProtocol));
        };
        let names: Vec<TopicName> = joined.members.iter().flat_map(|one| &one.subscription.topics).cloned().collect();
        let counts = self.partition_counts(names.iter());
        let topics: Vec<Topic> = counts
            .iter()
            .filter_map(|(name, partitions)| {
                let id = self.metadata.topic(name)?.id;
                Some(Topic { id, name: name.clone(), partitions: *partitions })
            })
            .collect();
        let id_of = |name: &TopicName| topics.iter().find(|topic| topic.name == *name).map(|topic| topic.id);
        let members = joined.members.iter().map(|one| Member {
            id: one.member.clone(),
            group_instance_id: one.group_instance_id.clone(),
            topics: one.subscription.topics.iter().filter_map(id_of).collect(),
            claims: assignor.claims(&one.subscription),
        });
        let group = GroupSubscription { members: members.collect(), topics: topics.clone() };
        let assignments = assignor.assign(&group).into_iter();
        let assignments =
            assignments.map(|(member, partitions)| MemberAssignment { member, partitions }).collect::<Vec<_>>();
        self.membership.assigned_from = Some(counts);
        self.send_sync(ctx, &joined, assignments);
    }

    /// Topics with their partition counts, each once, by name; 0 for a topic this client knows nothing of.
    fn partition_counts<'a>(&self, names: impl Iterator<Item = &'a TopicName>) -> Vec<(TopicName, u32)> {
        let count = |name: &TopicName| {
            let known = self.metadata.topic(name).map_or(0, |known| known.partitions.len());
            u32::try_from(known).expect("partitions are numbered by 32 bits")
        };
        let mut counts: Vec<_> = names.map(|name| (name.clone(), count(name))).collect();
        counts.sort();
        counts.dedup();
        counts
    }

    fn send_sync(&mut self, ctx: &mut Ctx<'_>, joined: &Joined, assignments: Vec<MemberAssignment>) {
        let (Some(coordinator), Some(member)) = (self.membership.coordinator, self.membership.member.clone()) else {
            return self.rejoin_later(ctx);
        };
        let request = SyncGroupRequest {
            group: self.group.clone(),
            generation: joined.generation,
            member,
            protocol: joined.protocol.clone(),
            assignments,
        };
        let purpose = ConsumerRequest::Sync { generation: joined.generation };
        let correlation = self.network.send(ctx, coordinator, request, purpose);
        self.membership.awaits = Awaits::Sync(correlation);
    }

    pub(super) fn sync_answered(
        &mut self,
        ctx: &mut Ctx<'_>,
        generation: Generation,
        outcome: Result<Vec<TopicPartition>, ErrorCode>,
    ) {
        let membership = &mut self.membership;
        membership.awaits = Awaits::Nothing;
        match outcome {
            Ok(partitions) => {
                membership.state = MemberState::Stable;
                membership.rejoin_needed = false;
                membership.prepare = Prepare::Needed;
                membership.awaits = Awaits::Poll { generation, partitions };
            }
            Err(ErrorCode::RebalanceInProgress) => {}
            Err(error @ (ErrorCode::UnknownMemberId | ErrorCode::IllegalGeneration)) => {
                if membership.generation == Some(generation) {
                    membership.reset(error == ErrorCode::UnknownMemberId);
                }
            }
            Err(error) => self.rebalance_refused(ctx, error),
        }
    }

    /// The assignment comes into force, in the application's own thread (`onJoinComplete`).
    fn take_over(&mut self, ctx: &mut Ctx<'_>, generation: Generation, partitions: Vec<TopicPartition>) {
        if self.membership.protocol.as_deref() == Some(Assignor::Sticky.protocol_name()) {
            self.membership.remembered = Some((generation, partitions.clone()));
        }
        let kept = self.keep_some(ctx, &partitions);
        self.is_fetching_committed = false;
        self.fetch_committed_at = ctx.now();
        self.next_auto_commit = ctx.now() + self.config.auto_commit_interval;
        ctx.emit(ConsumerFact::PartitionsAssigned { generation, partitions, kept });
    }

    /// An eager member begins anew. A cooperative one reads on what it had: it is told what to give up, does so, and
    /// joins again, so that others can have it. Returns what it keeps.
    fn keep_some(&mut self, ctx: &mut Ctx<'_>, partitions: &[TopicPartition]) -> Vec<TopicPartition> {
        if !self.is_cooperative() {
            self.subscriptions.assign(partitions);
            return Vec::new();
        }
        let owned = self.subscriptions.assignment().to_vec();
        let (kept, revoked): (Vec<_>, Vec<_>) = owned.into_iter().partition(|one| partitions.contains(one));
        if !revoked.is_empty() {
            ctx.emit(ConsumerFact::PartitionsRevoked { partitions: revoked });
            self.membership.rejoin_needed = true;
        }
        self.subscriptions.reassign(partitions);
        kept
    }

    // ---- the heartbeat thread --------------------------------------------------------------------------------

    /// `HeartbeatThread.run`, once round.
    pub(super) fn run_heartbeat_thread(&mut self, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        if !self.membership.sends_heartbeats() {
            return;
        }
        if self.membership.coordinator.is_some() && self.membership.session_ends_at <= now {
            // Nothing heard for a whole session: is that still the coordinator?
            self.coordinator_lost(ctx);
        }
        if !self.is_coordinator_ready(ctx) {
            return;
        }
        if self.poll_due_by().is_some_and(|due| due <= now) {
            ctx.emit(ConsumerFact::PollIntervalExceeded { group: self.group.clone() });
            self.leave(ctx);
            self.membership.reset(true);
        } else if self.membership.heartbeat_at <= now {
            self.membership.heartbeat_at = now + self.config.heartbeat_interval;
            self.send_heartbeat(ctx);
        }
    }

    pub(super) fn heartbeat_thread_wakes_at(&self, now: Time) -> Option<Time> {
        if !self.membership.sends_heartbeats() {
            return None;
        }
        let due = [Some(self.membership.heartbeat_at), Some(self.membership.session_ends_at), self.poll_due_by()];
        due.into_iter().flatten().filter(|at| *at > now).min()
    }

    fn send_heartbeat(&mut self, ctx: &mut Ctx<'_>) {
        let membership = &self.membership;
        let signed = membership.member.clone().zip(membership.generation);
        let Some((coordinator, (member, generation))) = membership.coordinator.zip(signed) else { return };
        let request = HeartbeatRequest { group: self.group.clone(), generation, member };
        self.network.send(ctx, coordinator, request, ConsumerRequest::Heartbeat { generation });
    }

    pub(super) fn heartbeat_answered(&mut self, ctx: &mut Ctx<'_>, generation: Generation, error: Option<ErrorCode>) {
        let session_ends_at = ctx.now() + self.config.session_timeout;
        let membership = &mut self.membership;
        match error {
            None => membership.session_ends_at = session_ends_at,
            Some(ErrorCode::RebalanceInProgress) => {
                membership.session_ends_at = session_ends_at;
                // The next poll() joins. During a rebalance this is no news.
                membership.rejoin_needed |= membership.state == MemberState::Stable;
            }
            Some(error @ (ErrorCode::IllegalGeneration | ErrorCode::UnknownMemberId)) => {
                // About an older generation it says nothing.
                if membership.generation == Some(generation) {
                    membership.reset(error == ErrorCode::UnknownMemberId);
                }
            }
            Some(ErrorCode::CoordinatorNotAvailable | ErrorCode::NotCoordinator) => {
                self.coordinator_lost(ctx);
                self.heartbeat_failed(ctx);
            }
            Some(_) => self.heartbeat_failed(ctx),
        }
    }

    pub(super) fn heartbeat_failed(&mut self, ctx: &mut Ctx<'_>) {
        let pause = self.backoff(ctx, 0);
        self.membership.heartbeat_at = ctx.now() + pause;
    }

    // ---- leaving ---------------------------------------------------------------------------------------------

    /// LeaveGroup, and no waiting for the answer. A static member does not leave: it may be back within its session.
    pub(super) fn leave(&mut self, ctx: &mut Ctx<'_>) {
        let membership = &self.membership;
        let is_static = self.config.group_instance_id.is_some();
        if is_static || membership.state == MemberState::Unjoined {
            return;
        }
        let Some((coordinator, member)) = membership.coordinator.zip(membership.member.clone()) else { return };
        self.send_leave(ctx, coordinator, member);
    }

    fn send_leave(&mut self, ctx: &mut Ctx<'_>, coordinator: BrokerId, member: MemberId) {
        let request = LeaveGroupRequest { group: self.group.clone(), member };
        self.network.send(ctx, coordinator, request, ConsumerRequest::Leave);
    }
}

/// What `partition.assignment.strategy` offers, the best liked first. Without any it is range.
pub(super) fn offered(strategy: &[Assignor]) -> &[Assignor] {
    if strategy.is_empty() { &[Assignor::Range] } else { strategy }
}
