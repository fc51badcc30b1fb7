//! One replica of one partition as its broker sees it: leader or follower (`Partition`).
//!
//! Pure decisions: what is to be sent, stored or told is returned, and carried out by the replica manager. Holds: a
//! leader's in-sync set contains the leader; at most one change of it is under way; the high watermark never rises
//! past the log end of a replica that is, or may become, part of the in-sync set.

use std::collections::BTreeMap;

use super::replica::{FollowerFetch, Replica};
use crate::engine::common::{
    BrokerId, ErrorCode, LeaderEpoch, Mutation, Offset, PartitionEpoch, Sabotage, Span, Time, TopicPartition,
};
use crate::engine::metadata::{MetadataImage, PartitionRegistration};
use crate::engine::protocol::{AlteredPartition, IsrProposal, LeaderHint};
use crate::engine::storage::UnifiedLog;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    id: TopicPartition,
    me: BrokerId,
    replicas: Vec<BrokerId>,
    leader_epoch: LeaderEpoch,
    partition_epoch: PartitionEpoch,
    role: Role,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    Leader(LeaderState),
    /// `None`: the partition is offline, nobody leads it.
    Follower {
        leader: Option<BrokerId>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaderState {
    /// Where this leader's epoch begins: a follower must get here before it may count as in sync.
    pub epoch_start_offset: Offset,
    /// As the controller has committed it.
    pub isr: Vec<BrokerId>,
    /// Asked of the controller, not yet answered, or answered in a way that makes us wait for metadata.
    pub pending: Option<PendingIsr>,
    pub followers: BTreeMap<BrokerId, Replica>,
}

/// A change of the in-sync set under way (KIP-497).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingIsr {
    pub proposal: IsrProposal,
    pub change: IsrChange,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IsrChange {
    Expand(BrokerId),
    Shrink(Vec<BrokerId>),
}

/// What the rules of the in-sync set are measured against.
#[derive(Clone, Copy, Debug)]
pub struct IsrRules<'a> {
    pub now: Time,
    /// `replica.lag.time.max.ms`
    pub lag_time_max: Span,
    pub lag_rule: LagRule,
    /// `min.insync.replicas` of the topic.
    pub min_insync_replicas: u32,
    /// Below that the high watermark stands still (since 3.7).
    pub holds_under_min_isr: bool,
    pub image: &'a MetadataImage,
    pub sabotage: Sabotage,
}

/// Who has fallen out of sync (`Partition.getOutOfSyncReplicas`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LagRule {
    /// Who is not abreast, and has not been for the time.
    Time,
    /// Who has not been abreast for the time, even with nothing to copy (before 2.1).
    TimeAlone,
    /// Who has not fetched for the time, or is so many messages behind: `replica.lag.max.messages` (0.8).
    Messages(u64),
}

/// The high watermark rose, and because of these log ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HighWatermarkRise {
    pub from: Offset,
    pub to: Offset,
    pub ends: Vec<(BrokerId, Offset)>,
}

/// How the controller's answer to a proposal left the partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IsrOutcome {
    Committed,
    /// Back to the last committed set.
    Reverted,
    /// The news is in the metadata log; it will settle the matter.
    AwaitsMetadata,
    /// The same proposal must be sent again.
    Retry(IsrProposal),
    /// The answer is to a proposal that something newer has overtaken.
    Stale,
}

impl Partition {
    /// A replica that has heard of no leader yet. Its epochs are below any that metadata can name.
    #[must_use]
    pub fn new(id: TopicPartition, me: BrokerId) -> Self {
        Self {
            id,
            me,
            replicas: Vec::new(),
            leader_epoch: LeaderEpoch(0),
            partition_epoch: PartitionEpoch(0),
            role: Role::Follower { leader: None },
        }
    }

    #[must_use]
    pub fn id(&self) -> TopicPartition {
        self.id
    }

    /// The assignment, preferred leader first.
    #[must_use]
    pub fn replicas(&self) -> &[BrokerId] {
        &self.replicas
    }

    #[must_use]
    pub fn leader_epoch(&self) -> LeaderEpoch {
        self.leader_epoch
    }

    #[must_use]
    pub fn partition_epoch(&self) -> PartitionEpoch {
        self.partition_epoch
    }

    #[must_use]
    pub fn role(&self) -> &Role {
        &self.role
    }

    /// What only a leader has.
    #[must_use]
    pub fn leading(&self) -> Option<&LeaderState> {
        match &self.role {
            Role::Leader(state) => Some(state),
            Role::Follower { .. } => None,
        }
    }

    #[must_use]
    pub fn is_leader(&self) -> bool {
        self.leading().is_some()
    }

    /// Who leads, as far as this broker knows.
    #[must_use]
    pub fn leader(&self) -> Option<BrokerId> {
        match self.role {
            Role::Leader(_) => Some(self.me),
            Role::Follower { leader } => leader,
        }
    }

    /// The in-sync set, and with it a replica about to join: what acks=all waits for. Empty on a follower.
    #[must_use]
    pub fn maximal_isr(&self) -> Vec<BrokerId> {
        self.leading().map(LeaderState::maximal_isr).unwrap_or_default()
    }

    /// Told to a client that came to the wrong broker, or with the wrong epoch (KIP-951).
    #[must_use]
    pub fn leader_hint(&self) -> Option<LeaderHint> {
        self.leader().map(|leader| LeaderHint { leader, leader_epoch: self.leader_epoch })
    }

    /// `min.insync.replicas`, but never more than there are replicas.
    #[must_use]
    pub fn effective_min_isr(&self, min_insync_replicas: u32) -> usize {
        (min_insync_replicas as usize).min(self.replicas.len())
    }

    /// Fences requests that carry a leader epoch (`Partition.checkCurrentLeaderEpoch`).
    ///
    /// # Errors
    /// FENCED_LEADER_EPOCH for an older epoch than ours, UNKNOWN_LEADER_EPOCH for a newer one.
    pub fn check_current_leader_epoch(&self, asked: Option<LeaderEpoch>) -> Result<(), ErrorCode> {
        match asked {
            Some(epoch) if epoch < self.leader_epoch => Err(ErrorCode::FencedLeaderEpoch),
            Some(epoch) if epoch > self.leader_epoch => Err(ErrorCode::UnknownLeaderEpoch),
            _ => Ok(()),
        }
    }

    // ---- changes of role ---------------------------------------------------------------------------------------

    /// The metadata log says that this broker leads. Returns whether a new leader epoch began; `None` if the news is
    /// older than what an AlterPartition answer already told.
    pub fn make_leader(
        &mut self,
        registration: &PartitionRegistration,
        log: &mut UnifiedLog,
        now: Time,
    ) -> Option<bool> {
        let is_first = self.replicas.is_empty();
        if registration.partition_epoch < self.partition_epoch {
            return None;
        }
        assert!(registration.isr.contains(&self.me), "the in-sync set contains the leader");
        let (mut followers, is_new_leader, epoch_start_offset) = match &mut self.role {
            Role::Leader(state) => (std::mem::take(&mut state.followers), false, state.epoch_start_offset),
            Role::Follower { .. } => (BTreeMap::new(), true, log.log_end_offset()),
        };
        followers.retain(|id, _| registration.replicas.contains(id));
        for id in registration.replicas.iter().filter(|id| **id != self.me) {
            followers.entry(*id).or_default();
        }
        let mut state = LeaderState { epoch_start_offset, isr: registration.isr.clone(), pending: None, followers };
        let is_new_epoch = is_first || registration.leader_epoch > self.leader_epoch;
        if is_new_epoch {
            let start = log.log_end_offset();
            log.assign_epoch_start_offset(registration.leader_epoch, start);
            for (id, replica) in &mut state.followers {
                replica.reset(now, start, is_new_leader, registration.isr.contains(id));
            }
            state.epoch_start_offset = start;
        }
        self.role = Role::Leader(state);
        self.take_epochs(registration);
        Some(is_new_epoch)
    }

    /// The metadata log says that another broker leads, or none. Returns whether a new leader epoch began, so that
    /// fetching must begin anew; `None` if the news is outdated.
    pub fn make_follower(&mut self, registration: &PartitionRegistration) -> Option<bool> {
        if registration.partition_epoch < self.partition_epoch {
            return None;
        }
        let is_new_epoch = self.replicas.is_empty() || registration.leader_epoch > self.leader_epoch;
        self.role = Role::Follower { leader: registration.leader };
        self.take_epochs(registration);
        Some(is_new_epoch)
    }

    fn take_epochs(&mut self, registration: &PartitionRegistration) {
        self.replicas.clone_from(&registration.replicas);
        self.leader_epoch = registration.leader_epoch;
        self.partition_epoch = registration.partition_epoch;
    }

    /// An in-sync replica in this rack that has what is asked for, the most caught-up one; `None` if the leader stands
    /// there itself, or nobody does (`RackAwareReplicaSelector`).
    #[must_use]
    pub fn nearest_replica(&self, fetch_offset: Offset, rack: &str, image: &MetadataImage) -> Option<BrokerId> {
        let state = self.leading()?;
        let stands_there = |id: BrokerId| {
            image.broker(id).is_some_and(|broker| !broker.fenced && broker.rack.as_deref() == Some(rack))
        };
        if stands_there(self.me) {
            return None;
        }
        let has_it = |replica: &Replica| {
            replica.log_end() >= Some(fetch_offset) && replica.log_start().unwrap_or(Offset(0)) <= fetch_offset
        };
        let candidates = state
            .followers
            .iter()
            .filter(|(id, replica)| state.isr.contains(id) && stands_there(**id) && has_it(replica));
        let nearest = candidates.max_by_key(|(id, replica)| (replica.log_end(), replica.last_caught_up(), **id));
        nearest.map(|(id, _)| *id)
    }

    // ---- the leader's rules --------------------------------------------------------------------------------------

    /// Takes note of how far a follower has come (`Partition.updateFollowerFetchState`). Returns whether its log end
    /// is another one than before.
    ///
    /// # Errors
    /// NOT_LEADER_OR_FOLLOWER for a fetch from an earlier life of the follower's broker.
    pub fn record_fetch(
        &mut self,
        follower: BrokerId,
        fetch: FollowerFetch,
        image: &MetadataImage,
    ) -> Result<bool, ErrorCode> {
        let is_stale = image.broker(follower).is_some_and(|registered| registered.epoch > fetch.broker_epoch);
        let Role::Leader(state) = &mut self.role else { return Err(ErrorCode::NotLeaderOrFollower) };
        match state.followers.get_mut(&follower) {
            Some(replica) if !is_stale => {
                let before = replica.log_end();
                replica.record_fetch(fetch);
                Ok(before != replica.log_end())
            }
            Some(_) => Err(ErrorCode::NotLeaderOrFollower),
            None => Err(ErrorCode::UnknownLeaderEpoch),
        }
    }

    /// `Partition.maybeIncrementLeaderHW`: up to the smallest log end among the leader, the maximal in-sync set, and
    /// replicas that are abreast and only wait to be let in. Not while the in-sync set is below its minimum (3.7).
    pub fn maybe_increment_high_watermark(
        &self,
        log: &mut UnifiedLog,
        rules: &IsrRules<'_>,
    ) -> Option<HighWatermarkRise> {
        let state = self.leading()?;
        if rules.holds_under_min_isr && state.isr.len() < self.effective_min_isr(rules.min_insync_replicas) {
            return None;
        }
        let log_end = log.log_end_offset();
        let isr = state.maximal_isr();
        let mut ends = vec![(self.me, log_end)];
        for (id, replica) in &state.followers {
            let is_about_to_join = || {
                replica.is_caught_up(log_end, rules.now, rules.lag_time_max)
                    && is_isr_eligible(*id, replica, rules.image)
            };
            if isr.contains(id) || is_about_to_join() {
                ends.push((*id, replica.log_end()?));
            }
        }
        ends.sort_unstable();
        let mut to = ends.iter().map(|(_, end)| *end).min().expect("the leader's own end is among them");
        if rules.sabotage.breaks(Mutation::HighWatermarkIsLargest) {
            to = log_end;
        }
        if rules.sabotage.breaks(Mutation::HighWatermarkFollowsTheSlowest) {
            let slowest = state.followers.values().map(|replica| replica.log_end().unwrap_or_default()).min()?;
            let from = log.update_high_watermark(slowest)?;
            return Some(HighWatermarkRise { from, to: slowest, ends });
        }
        log.maybe_increment_high_watermark(to).map(|from| HighWatermarkRise { from, to, ends })
    }

    /// Has every replica that counts reached `offset`? An error that arrives with "yes" is the answer to give
    /// (`Partition.checkEnoughReplicasReachOffset`).
    ///
    /// # Errors
    /// NOT_LEADER_OR_FOLLOWER; NOT_ENOUGH_REPLICAS_AFTER_APPEND if the in-sync set shrank below its minimum meanwhile.
    pub fn check_enough_replicas_reach_offset(
        &self,
        log: &UnifiedLog,
        offset: Offset,
        min_insync_replicas: u32,
    ) -> Result<bool, ErrorCode> {
        let state = self.leading().ok_or(ErrorCode::NotLeaderOrFollower)?;
        if log.high_watermark() < offset {
            return Ok(false);
        }
        if state.maximal_isr().len() < self.effective_min_isr(min_insync_replicas) {
            return Err(ErrorCode::NotEnoughReplicasAfterAppend);
        }
        Ok(true)
    }

    /// The smallest log start among the leader and its live followers (`Partition.lowWatermarkIfLeader`). One that has
    /// not fetched yet may begin anywhere. `None` on a follower.
    #[must_use]
    pub fn low_watermark(&self, log: &UnifiedLog, image: &MetadataImage) -> Option<Offset> {
        let live = self.leading()?.followers.iter().filter(|(id, _)| image.is_active(**id));
        let starts = live.map(|(_, replica)| replica.log_start().unwrap_or_default());
        starts.chain([log.log_start_offset()]).min()
    }

    /// Proposes to let `follower` into the in-sync set if it has caught up with both the high watermark and the start
    /// of this leader's epoch: anything less, and records committed under the former leader could be missing.
    pub fn maybe_expand_isr(
        &mut self,
        follower: BrokerId,
        log: &UnifiedLog,
        image: &MetadataImage,
    ) -> Option<IsrProposal> {
        let state = self.leading()?;
        let replica = state.followers.get(&follower)?;
        let end = replica.log_end()?;
        let is_in_sync = end >= log.high_watermark() && end >= state.epoch_start_offset;
        let may_join =
            state.pending.is_none() && !state.isr.contains(&follower) && is_isr_eligible(follower, replica, image);
        if !is_in_sync || !may_join {
            return None;
        }
        let mut isr = state.isr.clone();
        isr.push(follower);
        self.propose(isr, IsrChange::Expand(follower))
    }

    /// Proposes to drop those that lag (`Partition.maybeShrinkIsr`).
    pub fn maybe_shrink_isr(&mut self, log: &UnifiedLog, rules: &IsrRules<'_>) -> Option<IsrProposal> {
        let state = self.leading()?;
        if state.pending.is_some() {
            return None;
        }
        let lags = |id: &BrokerId| {
            *id != self.me && state.followers.get(id).is_none_or(|replica| replica.lags(log.log_end_offset(), rules))
        };
        let (out, isr): (Vec<BrokerId>, Vec<BrokerId>) = state.isr.iter().copied().partition(lags);
        if out.is_empty() { None } else { self.propose(isr, IsrChange::Shrink(out)) }
    }

    fn propose(&mut self, new_isr: Vec<BrokerId>, change: IsrChange) -> Option<IsrProposal> {
        let followers = self.leading().map(|state| &state.followers)?;
        let epoch_of = |id: &BrokerId| Some((*id, followers.get(id)?.broker_epoch()?));
        let broker_epochs = new_isr.iter().filter_map(epoch_of).collect();
        let proposal = IsrProposal {
            partition: self.id,
            leader_epoch: self.leader_epoch,
            partition_epoch: self.partition_epoch,
            new_isr,
            broker_epochs,
        };
        let Role::Leader(state) = &mut self.role else { return None };
        assert!(state.pending.is_none(), "one change of the in-sync set at a time");
        state.pending = Some(PendingIsr { proposal: proposal.clone(), change });
        Some(proposal)
    }

    /// The controller answered `proposal` (`Partition.handleAlterPartitionUpdate`, `handleAlterPartitionError`).
    pub fn complete_isr_change(
        &mut self,
        proposal: &IsrProposal,
        outcome: &Result<AlteredPartition, ErrorCode>,
    ) -> IsrOutcome {
        let (leader_epoch, partition_epoch) = (self.leader_epoch, self.partition_epoch);
        let Role::Leader(state) = &mut self.role else { return IsrOutcome::Stale };
        if state.pending.as_ref().is_none_or(|pending| pending.proposal != *proposal) {
            return IsrOutcome::Stale;
        }
        match outcome {
            Ok(altered) if altered.leader_epoch != leader_epoch || altered.partition_epoch < partition_epoch => {
                IsrOutcome::Stale
            }
            Ok(altered) => {
                state.isr.clone_from(&altered.isr);
                state.pending = None;
                self.partition_epoch = altered.partition_epoch;
                IsrOutcome::Committed
            }
            // The controller is sure that it did not apply the change, and that our epoch is current.
            Err(ErrorCode::IneligibleReplica) => {
                state.pending = None;
                IsrOutcome::Reverted
            }
            Err(
                ErrorCode::FencedLeaderEpoch
                | ErrorCode::InvalidUpdateVersion
                | ErrorCode::InvalidRequest
                | ErrorCode::NewLeaderElected
                | ErrorCode::UnknownTopicOrPartition
                | ErrorCode::UnknownTopicId,
            ) => IsrOutcome::AwaitsMetadata,
            Err(_) => IsrOutcome::Retry(proposal.clone()),
        }
    }
}

impl LeaderState {
    /// The committed set and a replica that is about to join. One about to leave still counts.
    #[must_use]
    pub fn maximal_isr(&self) -> Vec<BrokerId> {
        let joining = match &self.pending {
            Some(PendingIsr { change: IsrChange::Expand(id), .. }) => Some(*id),
            _ => None,
        };
        self.isr.iter().copied().chain(joining).collect()
    }
}

/// May the controller be asked to let this replica in (`Partition.isReplicaIsrEligible`)? Not a broker that is fenced or
/// about to leave, and not one whose fetches come from another incarnation than the registered one.
fn is_isr_eligible(id: BrokerId, replica: &Replica, image: &MetadataImage) -> bool {
    image.is_active(id) && image.is_current_epoch(id, replica.broker_epoch())
}

#[cfg(test)]
mod tests;
