//! From what a partition is to what it should become: Kafka's `PartitionChangeBuilder`.
//!
//! Given the in-sync replicas that are to remain and a test of who may lead now, it elects a leader and states the
//! difference. What always holds: a leader is elected from the in-sync replicas unless the election is unclean, and the
//! last in-sync replica is never taken out, because without it nobody would know who has the committed records.
//!
//! Not here yet: eligible leader replicas (KIP-966), reassignment (KIP-455), and the RECOVERING state that Kafka notes
//! after an unclean election.

use crate::engine::common::BrokerId;
use crate::engine::metadata::{PartitionChange, PartitionRegistration};

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
pub struct PartitionChangeBuilder<'a, F: Fn(BrokerId) -> bool> {
    partition: &'a PartitionRegistration,
    is_acceptable_leader: F,
    election: Election,
    target_isr: Vec<BrokerId>,
}

/// The leader chosen, if any, and whether it was chosen from outside the in-sync replicas.
struct Elected {
    leader: Option<BrokerId>,
    unclean: bool,
}

impl<'a, F: Fn(BrokerId) -> bool> PartitionChangeBuilder<'a, F> {
    /// `is_acceptable_leader`: is this broker alive and willing?
    pub fn new(partition: &'a PartitionRegistration, is_acceptable_leader: F) -> Self {
        let target_isr = partition.isr.clone();
        Self { partition, is_acceptable_leader, election: Election::Online, target_isr }
    }

    #[must_use]
    pub fn election(mut self, election: Election) -> Self {
        self.election = election;
        self
    }

    #[must_use]
    pub fn target_isr(mut self, isr: Vec<BrokerId>) -> Self {
        self.target_isr = isr;
        self
    }

    /// The change, or `None` if nothing would change.
    #[must_use]
    pub fn build(self) -> Option<PartitionChange> {
        let mut change = PartitionChange::default();
        let elected = self.elect();
        if elected.leader != self.partition.leader {
            change.leader = Some(elected.leader);
            if elected.unclean {
                // Nobody else's log can be trusted to agree with the new leader's.
                change.isr = elected.leader.map(|leader| vec![leader]);
            }
        }
        // The leader epoch does not rise for a mere change of the in-sync set since metadata version 3.6 (KAFKA-15021).
        if change.isr.is_none() && !self.target_isr.is_empty() && self.target_isr != self.partition.isr {
            change.isr = Some(self.target_isr);
        }
        (change != PartitionChange::default()).then_some(change)
    }

    fn elect(&self) -> Elected {
        let clean = |leader| Elected { leader, unclean: false };
        let replicas = &self.partition.replicas;
        if self.election == Election::Preferred
            && let Some(preferred) = replicas.first().copied()
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
        if let Some(in_sync) = replicas.iter().copied().find(|replica| self.is_valid_new_leader(*replica)) {
            return clean(Some(in_sync));
        }
        if self.election == Election::Unclean
            && let Some(alive) = replicas.iter().copied().find(|replica| (self.is_acceptable_leader)(*replica))
        {
            return Elected { leader: Some(alive), unclean: true };
        }
        clean(None)
    }

    fn is_valid_new_leader(&self, replica: BrokerId) -> bool {
        self.target_isr.contains(&replica) && (self.is_acceptable_leader)(replica)
    }
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
        }
    }

    /// What becomes of the partition if the replicas of `alive` live and `isr` is to remain: (leader, isr, epochs).
    fn after(
        before: &PartitionRegistration,
        election: Election,
        alive: &[u32],
        isr: &[u32],
    ) -> Option<(Option<u32>, Vec<u32>, u32, u32)> {
        let change = PartitionChangeBuilder::new(before, |id| alive.contains(&id.0))
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
}
