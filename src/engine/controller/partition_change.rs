//! From what a partition is to what it should become: Kafka's `PartitionChangeBuilder`.
//!
//! Given the in-sync replicas that are to remain and a test of who may lead now, it completes a reassignment that has
//! come to its end, keeps the eligible leader replicas, elects a leader, and states the difference. What always holds:
//! a leader is elected from the in-sync replicas, or from the eligible ones when there are none, unless the election is
//! unclean; and without eligible leader replicas the last in-sync replica is never taken out, because then nobody would
//! know who has the committed records.

use std::collections::BTreeSet;

use super::reassignment::Reassignment;
use crate::engine::common::BrokerId;
use crate::engine::metadata::{LeaderRecoveryState, PartitionChange, PartitionRegistration};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Election {
    /// Back to the first replica of the assignment if it is in sync.
    Preferred,
    /// Any replica that is in sync.
    Online,
    /// If none in sync lives, any replica that lives.
    Unclean,
}

/// Builds one change of one partition.
pub struct PartitionChangeBuilder<'a> {
    partition: &'a PartitionRegistration,
    is_acceptable_leader: &'a dyn Fn(BrokerId) -> bool,
    election: Election,
    /// The effective `min.insync.replicas`; `None` where eligible leader replicas are not kept.
    elr_below: Option<usize>,
    /// Its process ended without a proof that its log is whole.
    unclean_shutdown: Option<BrokerId>,
    isr: Vec<BrokerId>,
    elr: Vec<BrokerId>,
    replicas: Vec<BrokerId>,
    adding: Vec<BrokerId>,
    removing: Vec<BrokerId>,
    recovery: LeaderRecoveryState,
}

/// The leader chosen, if any, and whether it was chosen from outside the in-sync and the eligible replicas.
struct Elected {
    leader: Option<BrokerId>,
    unclean: bool,
}

impl<'a> PartitionChangeBuilder<'a> {
    /// `is_acceptable_leader`: is this broker alive and willing?
    pub fn new(partition: &'a PartitionRegistration, is_acceptable_leader: &'a dyn Fn(BrokerId) -> bool) -> Self {
        let PartitionRegistration { replicas, isr, recovery, adding, removing, elr, .. } = partition.clone();
        Self {
            partition,
            is_acceptable_leader,
            election: Election::Online,
            elr_below: None,
            unclean_shutdown: None,
            isr,
            elr,
            replicas,
            adding,
            removing,
            recovery,
        }
    }

    /// Keeps eligible leader replicas while fewer than `min_isr` are in sync (KIP-966).
    #[must_use]
    pub fn eligible_leader_replicas(mut self, min_isr: Option<usize>) -> Self {
        self.elr_below = min_isr;
        self
    }

    #[must_use]
    pub fn election(mut self, election: Election) -> Self {
        self.election = election;
        self
    }

    #[must_use]
    pub fn target_isr(mut self, isr: Vec<BrokerId>) -> Self {
        self.isr = isr;
        self
    }

    /// What this broker had is unknown from now on.
    #[must_use]
    pub fn unclean_shutdown(mut self, broker: Option<BrokerId>) -> Self {
        self.unclean_shutdown = broker;
        self
    }

    #[must_use]
    pub fn recovery(mut self, state: LeaderRecoveryState) -> Self {
        self.recovery = state;
        self
    }

    /// Where the replicas are to be, and which of them come and go.
    #[must_use]
    pub fn reassignment(mut self, reassignment: Reassignment) -> Self {
        Reassignment { replicas: self.replicas, adding: self.adding, removing: self.removing } = reassignment;
        self
    }

    /// The change, or `None` if nothing would change.
    #[must_use]
    pub fn build(mut self) -> Option<PartitionChange> {
        let mut change = PartitionChange::default();
        self.complete_reassignment();
        self.populate_elr();
        self.elect_into(&mut change);
        // Whoever is no longer a replica must hear of it by a new epoch.
        if change.leader.is_none() && !self.partition.replicas.iter().all(|id| self.replicas.contains(id)) {
            change.leader = Some(self.partition.leader);
        }
        if change.isr.is_some() || self.elr_below.is_none() {
            self.elr.clear();
        }
        // The leader epoch does not rise for a mere change of the in-sync set since metadata version 3.6 (KAFKA-15021).
        let may_be_empty = self.elr_below.is_some();
        if change.isr.is_none() && (may_be_empty || !self.isr.is_empty()) {
            change.isr = differs(&self.isr, &self.partition.isr);
        }
        change.elr = differs(&self.elr, &self.partition.elr);
        change.last_known_elr = self.last_known_leader(change.leader);
        if !self.replicas.is_empty() {
            change.replicas = differs(&self.replicas, &self.partition.replicas);
        }
        change.removing = differs(&self.removing, &self.partition.removing);
        change.adding = differs(&self.adding, &self.partition.adding);
        if self.recovery != self.partition.recovery {
            change.recovery = Some(self.recovery);
        }
        (change != PartitionChange::default()).then_some(change)
    }

    fn complete_reassignment(&mut self) {
        let reassignment = Reassignment {
            replicas: self.replicas.clone(),
            adding: self.adding.clone(),
            removing: self.removing.clone(),
        };
        if let Some((replicas, isr)) = reassignment.completed(&self.isr) {
            (self.replicas, self.isr) = (replicas, isr);
            (self.adding, self.removing) = (Vec::new(), Vec::new());
        }
    }

    /// `maybePopulateTargetElr`: whoever leaves a set below the minimum still has everything, for nothing is committed
    /// without it from then on.
    fn populate_elr(&mut self) {
        let Some(min_isr) = self.elr_below else { return };
        if self.isr.len() >= min_isr {
            self.elr.clear();
            return;
        }
        let candidates: BTreeSet<BrokerId> = self.elr.iter().chain(&self.partition.isr).copied().collect();
        let stays = |id: &BrokerId| !self.isr.contains(id) && Some(*id) != self.unclean_shutdown;
        self.elr = candidates.into_iter().filter(stays).collect();
    }

    /// `tryElection`.
    fn elect_into(&mut self, change: &mut PartitionChange) {
        let elected = self.elect();
        if elected.leader == self.partition.leader {
            return;
        }
        change.leader = Some(elected.leader);
        let Some(leader) = elected.leader else { return };
        if self.elr.contains(&leader) {
            self.isr = vec![leader];
            self.elr.retain(|id| *id != leader);
        } else if elected.unclean {
            // Nobody else's log can be trusted to agree with the new leader's.
            change.isr = Some(vec![leader]);
            self.recovery = LeaderRecoveryState::Recovering;
        }
    }

    fn elect(&self) -> Elected {
        let clean = |leader| Elected { leader, unclean: false };
        if self.election == Election::Preferred
            && let Some(preferred) = self.replicas.first().copied()
            && self.is_valid_new_leader(preferred)
        {
            return clean(Some(preferred));
        }
        // A leader that may stay, stays.
        if let Some(current) = self.partition.leader
            && self.is_valid_new_leader(current)
        {
            return clean(Some(current));
        }
        if let Some(valid) = self.replicas.iter().copied().find(|replica| self.is_valid_new_leader(*replica)) {
            return clean(Some(valid));
        }
        if let Some(last) = self.last_leader_to_elect() {
            return Elected { leader: Some(last), unclean: true };
        }
        if self.election == Election::Unclean
            && let Some(alive) = self.replicas.iter().copied().find(|replica| (self.is_acceptable_leader)(*replica))
        {
            return Elected { leader: Some(alive), unclean: true };
        }
        clean(None)
    }

    fn is_valid_new_leader(&self, replica: BrokerId) -> bool {
        let has_all = self.isr.contains(&replica) || (self.isr.is_empty() && self.elr.contains(&replica));
        has_all && (self.is_acceptable_leader)(replica)
    }

    /// `canElectLastKnownLeader`: when nobody is in sync or eligible any more, the last leader is the best guess.
    fn last_leader_to_elect(&self) -> Option<BrokerId> {
        self.elr_below?;
        match self.partition.last_known_elr[..] {
            [last] if self.isr.is_empty() && self.elr.is_empty() && (self.is_acceptable_leader)(last) => Some(last),
            _ => None,
        }
    }

    /// `maybeUpdateLastKnownLeader`: noted when the partition loses its leader, forgotten when it has one.
    fn last_known_leader(&self, leader: Option<Option<BrokerId>>) -> Option<Vec<BrokerId>> {
        self.elr_below?;
        match leader {
            Some(None) if self.partition.last_known_elr.is_empty() => self.partition.leader.map(|last| vec![last]),
            Some(Some(_)) if !self.partition.last_known_elr.is_empty() => Some(Vec::new()),
            _ => None,
        }
    }
}

fn differs(target: &[BrokerId], now: &[BrokerId]) -> Option<Vec<BrokerId>> {
    (target != now).then(|| target.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::common::{LeaderEpoch, PartitionEpoch};

    fn brokers(ids: &[u32]) -> Vec<BrokerId> {
        ids.iter().map(|id| BrokerId(*id)).collect()
    }

    fn partition(replicas: &[u32], isr: &[u32], leader: Option<u32>) -> PartitionRegistration {
        PartitionRegistration {
            replicas: brokers(replicas),
            isr: brokers(isr),
            leader: leader.map(BrokerId),
            leader_epoch: LeaderEpoch(5),
            partition_epoch: PartitionEpoch(9),
            ..PartitionRegistration::default()
        }
    }

    /// What becomes of the partition if the replicas of `alive` live and `isr` is to remain: (leader, isr, epochs).
    fn after(
        before: &PartitionRegistration,
        election: Election,
        alive: &[u32],
        isr: &[u32],
    ) -> Option<(Option<u32>, Vec<u32>, u32, u32)> {
        let change = PartitionChangeBuilder::new(before, &|id| alive.contains(&id.0))
            .election(election)
            .target_isr(brokers(isr))
            .build()?;
        let mut partition = before.clone();
        partition.merge(&change);
        let isr = partition.isr.iter().map(|id| id.0).collect();
        Some((partition.leader.map(|id| id.0), isr, partition.leader_epoch.0, partition.partition_epoch.0))
    }

    #[test]
    fn a_dead_leader_is_followed_by_the_next_in_sync_replica_of_the_assignment() {
        let before = partition(&[1, 2, 3], &[3, 1, 2], Some(1));
        assert_eq!(after(&before, Election::Online, &[2, 3], &[3, 2]), Some((Some(2), vec![3, 2], 6, 10)));
    }

    #[test]
    fn a_dead_follower_costs_no_leader_epoch() {
        let before = partition(&[1, 2, 3], &[1, 2, 3], Some(1));
        assert_eq!(after(&before, Election::Online, &[1, 3], &[1, 3]), Some((Some(1), vec![1, 3], 5, 10)));
    }

    #[test]
    fn the_last_in_sync_replica_stays() {
        let before = partition(&[1, 2], &[1], Some(1));
        assert_eq!(after(&before, Election::Online, &[2], &[]), Some((None, vec![1], 6, 10)));
        // And when it has been so for a while, nothing changes.
        let before = partition(&[1, 2], &[1], None);
        assert_eq!(after(&before, Election::Online, &[2], &[]), None);
    }

    #[test]
    fn an_unclean_election_takes_the_first_replica_alive_and_forgets_the_rest() {
        let before = partition(&[1, 2, 3], &[1], Some(1));
        assert_eq!(after(&before, Election::Unclean, &[2, 3], &[]), Some((Some(2), vec![2], 6, 10)));
        // An in-sync replica that lives makes it clean.
        let before = partition(&[1, 2, 3], &[1, 3], Some(1));
        assert_eq!(after(&before, Election::Unclean, &[2, 3], &[3]), Some((Some(3), vec![3], 6, 10)));
    }

    #[test]
    fn only_a_preferred_election_moves_a_living_leader() {
        let before = partition(&[1, 2, 3], &[2, 3, 1], Some(2));
        assert_eq!(after(&before, Election::Online, &[1, 2, 3], &[2, 3, 1]), None);
        let preferred = after(&before, Election::Preferred, &[1, 2, 3], &[2, 3, 1]);
        assert_eq!(preferred, Some((Some(1), vec![2, 3, 1], 6, 10)));
        // Not while it is out of sync.
        let before = partition(&[1, 2, 3], &[2, 3], Some(2));
        assert_eq!(after(&before, Election::Preferred, &[1, 2, 3], &[2, 3]), None);
    }

    // ---- eligible leader replicas: the cases and values of Kafka's PartitionChangeBuilderTest --------------------

    /// (isr, elr, last known leader, leader, leader epoch, recovery) of a partition of replicas 1 to 4.
    type State<'a> = (&'a [u32], &'a [u32], &'a [u32], Option<u32>, u32, LeaderRecoveryState);

    const RECOVERED: LeaderRecoveryState = LeaderRecoveryState::Recovered;

    fn eligible((isr, elr, last_known, leader, leader_epoch, recovery): State<'_>) -> PartitionRegistration {
        PartitionRegistration {
            leader_epoch: LeaderEpoch(leader_epoch),
            elr: brokers(elr),
            last_known_elr: brokers(last_known),
            recovery,
            ..partition(&[1, 2, 3, 4], isr, leader)
        }
    }

    fn with_min_isr_3<'a>(
        before: &'a PartitionRegistration,
        may_lead: &'a dyn Fn(BrokerId) -> bool,
        isr: &[u32],
    ) -> PartitionChangeBuilder<'a> {
        let builder = PartitionChangeBuilder::new(before, may_lead).election(Election::Preferred);
        builder.eligible_leader_replicas(Some(3)).target_isr(brokers(isr))
    }

    fn check(before: State<'_>, dead: u32, isr: &[u32], expected: State<'_>) {
        let before = eligible(before);
        let may_lead = |id: BrokerId| id.0 != dead;
        let change = with_min_isr_3(&before, &may_lead, isr).build().expect("something changes");
        let mut after = before.clone();
        after.merge(&change);
        let expected = PartitionRegistration { partition_epoch: PartitionEpoch(10), ..eligible(expected) };
        assert_eq!(after, expected, "from {before:?}");
    }

    #[test]
    fn whoever_leaves_a_set_below_the_minimum_stays_eligible() {
        check((&[1, 2, 3], &[], &[], Some(1), 5, RECOVERED), 0, &[1], (&[1], &[2, 3], &[], Some(1), 5, RECOVERED));
        // One that comes back goes from eligible to in sync; a stranger changes nothing for the others.
        check((&[1], &[2, 3], &[], Some(1), 5, RECOVERED), 0, &[1, 2], (&[1, 2], &[3], &[], Some(1), 5, RECOVERED));
        check((&[1], &[3], &[], Some(1), 5, RECOVERED), 3, &[1, 4], (&[1, 4], &[3], &[], Some(1), 5, RECOVERED));
        // At the minimum nobody needs to be eligible.
        check((&[1], &[3], &[], Some(1), 5, RECOVERED), 0, &[1, 2, 3], (&[1, 2, 3], &[], &[], Some(1), 5, RECOVERED));
    }

    #[test]
    fn an_eligible_replica_leads_when_nobody_is_in_sync() {
        check((&[1], &[3], &[], Some(1), 5, RECOVERED), 1, &[], (&[3], &[1], &[], Some(3), 6, RECOVERED));
    }

    #[test]
    fn the_last_in_sync_replica_becomes_eligible_and_is_remembered_as_leader() {
        check((&[1], &[], &[], Some(1), 5, RECOVERED), 1, &[], (&[], &[1], &[1], None, 6, RECOVERED));
    }

    #[test]
    fn the_last_leader_leads_again_when_nobody_is_even_eligible() {
        let recovering = LeaderRecoveryState::Recovering;
        check((&[], &[], &[1], None, 5, RECOVERED), 0, &[], (&[1], &[], &[], Some(1), 6, recovering));
        // Not while somebody is eligible and merely away.
        let before = eligible((&[], &[3], &[1], None, 5, RECOVERED));
        assert_eq!(with_min_isr_3(&before, &|id| id.0 != 3, &[]).build(), None);
    }

    #[test]
    fn an_unclean_shutdown_ends_eligibility() {
        let before = eligible((&[1], &[2, 3], &[], Some(1), 5, RECOVERED));
        let change = with_min_isr_3(&before, &|id| id.0 != 3, &[1]).unclean_shutdown(Some(BrokerId(3))).build();
        assert_eq!(change, Some(PartitionChange { elr: Some(brokers(&[2])), ..PartitionChange::default() }));
    }

    #[test]
    fn an_unclean_leader_is_marked_as_recovering() {
        let before = partition(&[1, 2, 3], &[1], Some(1));
        let builder = PartitionChangeBuilder::new(&before, &|id| id.0 == 2).election(Election::Unclean);
        let change = builder.target_isr(Vec::new()).build().unwrap();
        let expected = PartitionChange {
            leader: Some(Some(BrokerId(2))),
            isr: Some(brokers(&[2])),
            recovery: Some(LeaderRecoveryState::Recovering),
            ..PartitionChange::default()
        };
        assert_eq!(change, expected);
    }
}
