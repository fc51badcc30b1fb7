//! The sticky assignors' way with a group whose members want different topics (`GeneralAssignmentBuilder`).
//!
//! Whatever is free goes to the least busy member that wants it; then partitions move, one by one, from members that
//! have too many to members that could have them, until nothing gets better by it. If the result is no more balanced
//! than what there was, what there was stays.

use std::collections::{BTreeMap, BTreeSet};

use super::{Assignment, GroupSubscription};
use crate::engine::common::{Generation, MemberId, TopicId, TopicPartition};

pub(super) fn build(group: &GroupSubscription, owned: BTreeMap<MemberId, Vec<TopicPartition>>) -> Assignment {
    General::new(group, owned).build()
}

struct General<'a> {
    group: &'a GroupSubscription,
    /// Who could read a topic, in the order of their ids.
    takers: BTreeMap<TopicId, Vec<MemberId>>,
    /// Topics with few takers first.
    all: Vec<TopicPartition>,
    assignment: Assignment,
    owner: BTreeMap<TopicPartition, MemberId>,
    /// Members whose partitions may still move, the least busy first.
    by_size: BTreeSet<(usize, MemberId)>,
    moves: Movements,
}

impl<'a> General<'a> {
    fn new(group: &'a GroupSubscription, owned: BTreeMap<MemberId, Vec<TopicPartition>>) -> Self {
        let taker = |topic: TopicId| {
            let takers = group.members.iter().filter(|member| member.is_subscribed_to(topic));
            let mut takers: Vec<MemberId> = takers.map(|member| member.id.clone()).collect();
            takers.sort();
            takers
        };
        let takers: BTreeMap<_, _> = group.topics.iter().map(|topic| (topic.id, taker(topic.id))).collect();
        let mut topics = group.sorted_topics();
        topics.sort_by_key(|topic| takers[&topic.id].len());
        let all = topics.into_iter().flat_map(|topic| topic.partitions()).collect();
        let owner = owned.iter().flat_map(|(member, all)| all.iter().map(|one| (*one, member.clone()))).collect();
        Self { group, takers, all, assignment: owned, owner, by_size: BTreeSet::new(), moves: Movements::default() }
    }

    fn build(mut self) -> Assignment {
        let must_revoke = self.drop_unwanted();
        let assigned: BTreeSet<TopicPartition> = self.assignment.values().flatten().copied().collect();
        self.by_size = self.assignment.iter().map(|(member, all)| (all.len(), member.clone())).collect();
        let is_first = self.by_size.last().is_none_or(|(most, _)| *most == 0);
        let mut free: Vec<_> = self.all.iter().copied().filter(|one| !assigned.contains(one)).collect();
        for partition in &free {
            self.give_to_least_busy(*partition);
        }
        // What has one taker stays with it, and whoever has nothing else to win or lose stays out of it.
        let can_move = |this: &Self, topic: TopicId| this.takers[&topic].len() >= 2;
        self.all = std::mem::take(&mut self.all).into_iter().filter(|one| can_move(&self, one.topic)).collect();
        free.retain(|one| can_move(&self, one.topic));
        let fixed: Vec<MemberId> = self.assignment.keys().filter(|member| !self.takes_part(member)).cloned().collect();
        self.by_size.retain(|(_, member)| !fixed.contains(member));

        let before = (self.assignment.clone(), self.owner.clone());
        if !must_revoke {
            self.reassign(&free);
        }
        let all = self.all.clone();
        let has_moved = self.reassign(&all);
        if !is_first && has_moved && imbalance(&self.assignment, &fixed) >= imbalance(&before.0, &fixed) {
            (self.assignment, self.owner) = before;
        }
        self.assignment
    }

    /// What a member has and no longer wants; true if there was any.
    fn drop_unwanted(&mut self) -> bool {
        let mut dropped = false;
        for member in &self.group.members {
            let Some(partitions) = self.assignment.get_mut(&member.id) else { continue };
            let before = partitions.len();
            partitions.retain(|one| member.is_subscribed_to(one.topic));
            dropped |= partitions.len() < before;
        }
        dropped
    }

    fn wants(&self, member: &MemberId, topic: TopicId) -> bool {
        self.takers[&topic].contains(member)
    }

    fn size(&self, member: &MemberId) -> usize {
        self.assignment.get(member).map_or(0, Vec::len)
    }

    /// How many partitions there are of the topics that a member wants.
    fn most(&self, member: &MemberId) -> usize {
        let wanted = self.group.topics.iter().filter(|topic| self.wants(member, topic.id));
        wanted.map(|topic| topic.partitions as usize).sum()
    }

    fn give_to_least_busy(&mut self, partition: TopicPartition) {
        let taker = self.by_size.iter().find(|(_, member)| self.wants(member, partition.topic)).cloned();
        let Some((size, member)) = taker else { return };
        self.by_size.remove(&(size, member.clone()));
        self.by_size.insert((size + 1, member.clone()));
        self.assignment.entry(member.clone()).or_default().push(partition);
        self.owner.insert(partition, member);
    }

    /// `canConsumerParticipateInReassignment`.
    fn takes_part(&self, member: &MemberId) -> bool {
        let movable = |one: &TopicPartition| self.takers[&one.topic].len() >= 2;
        self.size(member) < self.most(member) || self.assignment[member].iter().any(movable)
    }

    /// `isBalanced`: no two differ by more than one, or nobody could take any of what the busier ones have.
    fn is_balanced(&self) -> bool {
        let (Some((fewest, _)), Some((most, _))) = (self.by_size.first(), self.by_size.last()) else { return true };
        if fewest + 1 >= *most {
            return true;
        }
        self.by_size.iter().filter(|(size, member)| *size < self.most(member)).all(|(size, member)| {
            let wanted = self.all.iter().filter(|one| self.wants(member, one.topic));
            let mut others = wanted.filter_map(|one| self.owner.get(one)).filter(|owner| *owner != member);
            others.all(|owner| size + 1 >= self.size(owner))
        })
    }

    /// `performReassignments`: true if anything moved.
    fn reassign(&mut self, partitions: &[TopicPartition]) -> bool {
        let former = self.former_owners();
        let mut has_moved = false;
        loop {
            let mut changed = false;
            for partition in partitions {
                if self.is_balanced() {
                    break;
                }
                let Some(owner) = self.owner.get(partition).cloned() else { continue };
                let size = self.size(&owner);
                let back = former.get(partition).filter(|(member, _)| {
                    self.by_size.iter().any(|(_, known)| known == member) && size > self.size(member) + 1
                });
                let to = match back {
                    Some((member, _)) => Some(member.clone()),
                    None if self.takers[&partition.topic].iter().any(|other| size > self.size(other) + 1) => {
                        let taker = |(_, member): &&(usize, MemberId)| self.wants(member, partition.topic);
                        self.by_size.iter().find(taker).map(|(_, member)| member.clone())
                    }
                    None => None,
                };
                if let Some(to) = to {
                    let moved = self.moves.instead_of(*partition, &owner, &to);
                    self.shift(moved, &to);
                    changed = true;
                }
            }
            has_moved |= changed;
            if !changed {
                return has_moved;
            }
        }
    }

    /// Owners by claims of older generations (`prepopulateCurrentAssignments`).
    fn former_owners(&self) -> BTreeMap<TopicPartition, (MemberId, Option<Generation>)> {
        let newest = self.group.members.iter().map(|member| member.claims.generation).max().flatten();
        let mut former: BTreeMap<TopicPartition, (MemberId, Option<Generation>)> = BTreeMap::new();
        for member in self.group.members.iter().filter(|member| member.claims.generation < newest) {
            let generation = member.claims.generation;
            for partition in &member.claims.partitions {
                if former.get(partition).is_none_or(|(_, known)| generation > *known) {
                    former.insert(*partition, (member.id.clone(), generation));
                }
            }
        }
        former
    }

    /// `processPartitionMovement`.
    fn shift(&mut self, partition: TopicPartition, to: &MemberId) {
        let Some(from) = self.owner.insert(partition, to.clone()) else { return };
        for member in [&from, to] {
            self.by_size.remove(&(self.size(member), member.clone()));
        }
        self.moves.note(partition, &from, to);
        if let Some(partitions) = self.assignment.get_mut(&from) {
            partitions.retain(|one| *one != partition);
        }
        self.assignment.entry(to.clone()).or_default().push(partition);
        for member in [&from, to] {
            self.by_size.insert((self.size(member), member.clone()));
        }
    }
}

/// `getBalanceScore`: the differences of all pairs; 0 is perfect.
fn imbalance(assignment: &Assignment, without: &[MemberId]) -> usize {
    let sizes: Vec<usize> =
        assignment.iter().filter(|(member, _)| !without.contains(member)).map(|(_, all)| all.len()).collect();
    let pairs =
        sizes.iter().enumerate().flat_map(|(place, one)| sizes[place + 1..].iter().map(|two| one.abs_diff(*two)));
    pairs.sum()
}

/// Who has what from whom in this run (`PartitionMovements`): rather than send one partition there and another of the
/// same topic back, the first goes back.
#[derive(Debug, Default)]
struct Movements(BTreeMap<TopicPartition, (MemberId, MemberId)>);

impl Movements {
    fn note(&mut self, partition: TopicPartition, from: &MemberId, to: &MemberId) {
        let first = self.0.remove(&partition).map_or_else(|| from.clone(), |(first, _)| first);
        if first != *to {
            self.0.insert(partition, (first, to.clone()));
        }
    }

    /// `getTheActualPartitionToBeMoved`.
    fn instead_of(&self, partition: TopicPartition, from: &MemberId, to: &MemberId) -> TopicPartition {
        let from = self.0.get(&partition).map_or(from, |(first, _)| first);
        let way_back = |(one, (first, then)): &(&TopicPartition, &(MemberId, MemberId))| {
            one.topic == partition.topic && first == to && then == from
        };
        self.0.iter().find(way_back).map_or(partition, |(one, _)| *one)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Assignor;
    use super::super::tests::{check, group};
    use super::imbalance;

    #[test]
    fn different_wishes_are_met_as_evenly_as_they_allow() {
        // Both as StickyAssignor of kafka-clients 3.9.0 answers.
        check(Assignor::Sticky, "a:1 b:2 c:3", "C0{a} C1{a,b} C2{a,b,c}", "C0 a-0 · C1 b-0 b-1 · C2 c-0 c-1 c-2");
        check(Assignor::Sticky, "a:4 b:3", "C0{a} C1{a,b} C2{b}", "C0 a-0 a-2 · C1 a-1 a-3 b-2 · C2 b-0 b-1");
    }

    /// However members come and go, nothing is lost, nothing has two owners, and no move would even things out.
    #[test]
    fn no_single_move_would_make_it_fairer() {
        let wishes =
            ["A{x} B{x,y} C{y,z} D{z}", "A{x,y,z} B{x} C{x}", "A{x}[0,1,2] B{x,y}[3] C{y,z}", "A{z} B{x,z} C{y}"];
        for members in wishes {
            let group = group("x:5 y:3 z:7", members);
            let assignment = Assignor::Sticky.assign(&group);
            for (member, partitions) in &assignment {
                for other in group.members.iter().filter(|other| other.id != *member) {
                    let could = partitions.iter().any(|one| other.is_subscribed_to(one.topic));
                    assert!(!could || partitions.len() <= assignment[&other.id].len() + 1, "{members}: {assignment:?}");
                }
            }
            assert!(imbalance(&assignment, &[]) < 40, "{members}");
        }
    }
}
