//! `StickyAssignor` and `CooperativeStickyAssignor` (`AbstractStickyAssignor`): first balance, then let everybody keep
//! what they have.
//!
//! The two differ in what they take for owned, and in one rule: in a cooperative group a partition that one member
//! loses is given to nobody in this round, for its owner reads on until it has heard of it. Without racks, as in
//! [`super::range`]. Kafka serves members in the order of a hash map; here it is that of their ids.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::general;
use super::{Assignment, Claims, GroupSubscription};
use crate::engine::common::{MemberId, TopicId, TopicPartition};

/// `StickyAssignor`.
pub(super) fn assign(group: &GroupSubscription) -> Assignment {
    share_out(group).0
}

/// `CooperativeStickyAssignor`: what changes hands is held back from its new owner (`adjustAssignment`).
pub(super) fn assign_cooperatively(group: &GroupSubscription) -> Assignment {
    let (mut assignment, transferring) = share_out(group);
    for (partition, to) in transferring {
        if let Some(partitions) = assignment.get_mut(&to) {
            partitions.retain(|one| *one != partition);
        }
    }
    assignment
}

/// The assignment, and which partitions have left another member for which.
fn share_out(group: &GroupSubscription) -> (Assignment, BTreeMap<TopicPartition, MemberId>) {
    let owned = Owned::of(group);
    let wants = |topics: &[TopicId]| topics.iter().copied().collect::<BTreeSet<_>>();
    let mut wanted = group.members.iter().map(|member| wants(&member.topics));
    let first = wanted.next();
    if wanted.all(|topics| Some(&topics) == first.as_ref()) {
        return Constrained::new(group, owned).build();
    }
    let assignment = general::build(group, owned.partitions.clone());
    let transferring = changed_hands(group, &assignment);
    (assignment, transferring)
}

/// `computePartitionsTransferringOwnership`: what somebody gets that somebody else claims and does not keep.
fn changed_hands(group: &GroupSubscription, assignment: &Assignment) -> BTreeMap<TopicPartition, MemberId> {
    let has = |member: &MemberId, one: &TopicPartition| assignment.get(member).is_some_and(|all| all.contains(one));
    let dropped: BTreeSet<TopicPartition> = (group.members.iter())
        .flat_map(|member| member.claims.partitions.iter().filter(|one| !has(&member.id, one)))
        .copied()
        .collect();
    let gained = group.members.iter().flat_map(|member| {
        let is_new = |one: &&TopicPartition| !member.claims.partitions.contains(one);
        assignment.get(&member.id).into_iter().flatten().filter(is_new).map(|one| (*one, member.id.clone()))
    });
    gained.filter(|(partition, _)| dropped.contains(partition)).collect()
}

/// Who owns what by the members' own word, as far as it can be believed (`allSubscriptionsEqual`).
struct Owned {
    partitions: BTreeMap<MemberId, Vec<TopicPartition>>,
    /// Claimed by two members for the same generation: believed of neither.
    claimed_twice: BTreeSet<TopicPartition>,
}

impl Owned {
    fn of(group: &GroupSubscription) -> Self {
        let mut members: Vec<_> = group.members.iter().collect();
        members.sort_by(|one, other| one.id.cmp(&other.id));
        let claims: BTreeMap<&MemberId, &Claims> = members.iter().map(|one| (&one.id, &one.claims)).collect();
        let mut owned = Self { partitions: BTreeMap::new(), claimed_twice: BTreeSet::new() };
        let mut owners: BTreeMap<TopicPartition, &MemberId> = BTreeMap::new();
        for member in members {
            owned.partitions.insert(member.id.clone(), Vec::new());
            let known = |one: &&TopicPartition| group.topics.iter().any(|topic| topic.id == one.topic);
            for partition in member.claims.partitions.iter().filter(known) {
                match owners.get(partition).copied() {
                    None => owned.give(&member.id, *partition),
                    Some(other) if claims[other].generation == member.claims.generation => {
                        owned.claimed_twice.insert(*partition);
                        owned.take(other, *partition);
                    }
                    Some(other) if claims[other].generation < member.claims.generation => {
                        owned.take(other, *partition);
                        owned.give(&member.id, *partition);
                    }
                    Some(_) => continue,
                }
                owners.insert(*partition, &member.id);
            }
        }
        owned
    }

    fn give(&mut self, to: &MemberId, partition: TopicPartition) {
        self.partitions.entry(to.clone()).or_default().push(partition);
    }

    fn take(&mut self, from: &MemberId, partition: TopicPartition) {
        if let Some(partitions) = self.partitions.get_mut(from) {
            partitions.retain(|one| *one != partition);
        }
    }
}

/// All members want the same topics: so many partitions each, and one more for the first few
/// (`ConstrainedAssignmentBuilder`).
struct Constrained<'a> {
    group: &'a GroupSubscription,
    owned: Owned,
    assignment: Assignment,
    /// By whom what it had over its share was given up.
    given_up: BTreeMap<TopicPartition, MemberId>,
    transferring: BTreeMap<TopicPartition, MemberId>,
}

impl<'a> Constrained<'a> {
    fn new(group: &'a GroupSubscription, owned: Owned) -> Self {
        let assignment = group.empty_assignment();
        Self { group, owned, assignment, given_up: BTreeMap::new(), transferring: BTreeMap::new() }
    }

    fn build(mut self) -> (Assignment, BTreeMap<TopicPartition, MemberId>) {
        let is_wanted = |id| self.group.members.iter().any(|member| member.is_subscribed_to(id));
        let topics: Vec<_> = self.group.sorted_topics().into_iter().filter(|topic| is_wanted(topic.id)).collect();
        let all: Vec<TopicPartition> = topics.iter().flat_map(|topic| topic.partitions()).collect();
        let members = self.group.members.len().max(1);
        let (min, max, over) = (all.len() / members, all.len().div_ceil(members), all.len() % members);
        let rank = |one: &TopicPartition| (one.partition, topics.iter().position(|topic| topic.id == one.topic));

        let mut at_most = 0;
        let (mut under_min, mut exactly_min): (Vec<MemberId>, VecDeque<MemberId>) = Default::default();
        for (member, mut owned) in std::mem::take(&mut self.owned.partitions) {
            owned.retain(|one| !self.owned.claimed_twice.contains(one) && all.contains(one));
            owned.sort_by_key(rank);
            if owned.len() < min {
                under_min.push(member.clone());
            } else if owned.len() >= max && at_most < over {
                at_most += 1;
                if at_most == over {
                    exactly_min.clear();
                }
                self.give_up(&member, owned.split_off(max));
            } else {
                self.give_up(&member, owned.split_off(min));
                if at_most < over {
                    exactly_min.push_back(member.clone());
                }
            }
            self.assignment.insert(member, owned);
        }

        let assigned: BTreeSet<TopicPartition> = self.assignment.values().flatten().copied().collect();
        let mut next = 0;
        for partition in all.iter().filter(|one| !assigned.contains(one)) {
            // Round and round among those that have too little; then one more for those that have just enough.
            if next >= under_min.len() {
                next = 0;
            }
            let Some(member) = under_min.get(next).cloned().or_else(|| exactly_min.pop_front()) else { break };
            let is_filled = self.give(*partition, &member) == min;
            if under_min.is_empty() {
                continue;
            }
            if is_filled {
                under_min.remove(next);
                exactly_min.push_back(member);
            } else {
                next += 1;
            }
        }
        (self.assignment, self.transferring)
    }

    fn give_up(&mut self, member: &MemberId, partitions: Vec<TopicPartition>) {
        self.given_up.extend(partitions.into_iter().map(|partition| (partition, member.clone())));
    }

    /// Returns how many the member has now.
    fn give(&mut self, partition: TopicPartition, member: &MemberId) -> usize {
        let left_another = self.given_up.get(&partition).is_some_and(|former| former != member);
        if left_another || self.owned.claimed_twice.contains(&partition) {
            self.transferring.insert(partition, member.clone());
        }
        let partitions = self.assignment.entry(member.clone()).or_default();
        partitions.push(partition);
        partitions.len()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Assignor;
    use super::super::tests::{check, group, text};
    use crate::engine::common::Generation;

    /// Facts §6.7, S1 to S6; behind a member in brackets what it owns.
    #[test]
    fn members_keep_what_they_have() {
        let table = [
            ("t:7", "C0 C1 C2", "C0 t-0 t-3 t-6 · C1 t-1 t-4 · C2 t-2 t-5"),
            ("t:6", "A[0,2,4] B[1,3,5] C", "A t-0 t-2 · B t-1 t-3 · C t-4 t-5"),
            ("t:6", "A[0,3] B C[2,5]", "A t-0 t-3 · B t-1 t-4 · C t-2 t-5"),
            ("t:6", "A[0,3] C[2,5]", "A t-0 t-3 t-1 · C t-2 t-5 t-4"),
            ("t:7", "A[0,3,6] B[1,4] C[2,5] D", "A t-0 t-3 · B t-1 t-4 · C t-2 t-5 · D t-6"),
            ("t:8", "A[0,1,2,3] B[4,5,6,7] C", "A t-0 t-1 t-2 · B t-4 t-5 t-6 · C t-3 t-7"),
            ("t:7", "A[0,3,6] C[2,5]", "A t-0 t-3 t-6 t-4 · C t-2 t-5 t-1"),
            ("t:2", "A B C", "A t-0 · B t-1 · C"),
        ];
        for (topics, members, expected) in table {
            check(Assignor::Sticky, topics, members, expected);
        }
    }

    /// Facts §6.6: in the first round nobody gets what somebody else still reads; in the second it is free.
    #[test]
    fn in_a_cooperative_group_what_moves_is_given_in_the_next_round() {
        let rounds = [
            ("A[0,2,4] B[1,3,5] C", "A t-0 t-2 · B t-1 t-3 · C"),
            ("A[0,2] B[1,3] C", "A t-0 t-2 · B t-1 t-3 · C t-4 t-5"),
            ("A[0,2] B[1,3] C[4,5]", "A t-0 t-2 · B t-1 t-3 · C t-4 t-5"),
        ];
        for (members, expected) in rounds {
            check(Assignor::CooperativeSticky, "t:6", members, expected);
        }
        // Who is gone need not be waited for.
        check(Assignor::CooperativeSticky, "t:6", "A[0,2] C[4,5]", "A t-0 t-2 t-1 · C t-4 t-5 t-3");
    }

    fn sorted(answer: &str) -> Vec<Vec<&str>> {
        let of_member = |member| {
            let mut words: Vec<&str> = str::split_whitespace(member).collect();
            words[1..].sort_unstable();
            words
        };
        answer.split('·').map(of_member).collect()
    }

    /// What the real assignors answered to the same questions. The order of a member's partitions does not count: Kafka's
    /// is that of a hash map.
    #[test]
    fn the_answers_are_those_of_kafka_3_9() {
        let recorded = include_str!("../../../../../tests/fixtures/sticky-assignors.txt");
        let cases: Vec<_> = recorded.lines().filter(|line| !line.starts_with('#')).collect();
        assert!(cases.len() > 100);
        for case in cases {
            let parts: Vec<&str> = case.split('|').map(str::trim).collect();
            let [assignor, topics, members, expected] = parts[..] else { panic!("{case}") };
            let group = group(topics, members);
            let answer = text(&group, &Assignor::of_protocol(assignor).expect(case).assign(&group));
            assert_eq!(sorted(&answer), sorted(expected), "{case}");
        }
    }

    #[test]
    fn a_claim_of_an_older_generation_gives_way_and_two_of_one_generation_are_both_void() {
        let mut group = group("t:4", "A[0,1] B[1,2]");
        group.members[0].claims.generation = Some(Generation(3));
        group.members[1].claims.generation = Some(Generation(4));
        assert_eq!(text(&group, &Assignor::CooperativeSticky.assign(&group)), "A t-0 t-3 · B t-1 t-2");
        group.members[0].claims.generation = Some(Generation(4));
        // Partition 1 is taken from both, so it goes to nobody before both have heard of it.
        assert_eq!(text(&group, &Assignor::Sticky.assign(&group)), "A t-0 t-1 · B t-2 t-3");
        assert_eq!(text(&group, &Assignor::CooperativeSticky.assign(&group)), "A t-0 · B t-2 t-3");
    }
}
