//! Client-side assignors of the classic protocol: who of a group reads which partition.
//!
//! The group's leader runs one over everybody's subscriptions (`ConsumerPartitionAssignor.assign`); the coordinator
//! only passes the result on. Each is a pure function, and no member order but the one below enters it, so the same
//! group gets the same assignment again.

mod general;
mod range;
mod round_robin;
mod sticky;

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

pub use crate::engine::config::Assignor;

use crate::engine::common::{Generation, MemberId, TopicId, TopicPartition};
use crate::engine::protocol::Subscription;

/// Every member's partitions, in the order in which the assignor dealt them. A member without any is there too.
pub type Assignment = BTreeMap<MemberId, Vec<TopicPartition>>;

/// One member as the group's leader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub id: MemberId,
    /// `group.instance.id` of a static member (KIP-345).
    pub group_instance_id: Option<Arc<str>>,
    pub topics: Vec<TopicId>,
    pub claims: Claims,
}

/// What a member says it has, and since which generation (`AbstractStickyAssignor.MemberData`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    pub partitions: Vec<TopicPartition>,
    pub generation: Option<Generation>,
}

impl Member {
    #[must_use]
    pub fn is_subscribed_to(&self, topic: TopicId) -> bool {
        self.topics.contains(&topic)
    }

    /// Static members first, by instance id, then the others by member id (`MemberInfo.compareTo`). A static member
    /// thus keeps its place when a restart gives it another member id.
    fn assignment_order(&self, other: &Self) -> Ordering {
        match (&self.group_instance_id, &other.group_instance_id) {
            (Some(own), Some(others)) => own.cmp(others),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => self.id.cmp(&other.id),
        }
    }
}

/// A topic that the group's leader has metadata of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    pub id: TopicId,
    pub name: Arc<str>,
    pub partitions: u32,
}

impl Topic {
    fn partitions(&self) -> impl Iterator<Item = TopicPartition> {
        (0..self.partitions).map(|partition| TopicPartition::new(self.id, partition))
    }
}

/// What an assignor works from. Neither list needs to be sorted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupSubscription {
    pub members: Vec<Member>,
    /// A topic that some member wants but that is not here is unknown to the leader, and is left out.
    pub topics: Vec<Topic>,
}

impl GroupSubscription {
    /// The members in the order in which every assignor serves them.
    fn sorted_members(&self) -> Vec<&Member> {
        let mut members: Vec<_> = self.members.iter().collect();
        members.sort_by(|one, other| one.assignment_order(other));
        members
    }

    /// The known topics in the order of their names. Kafka leaves the order of topics to a hash map where it does not
    /// matter for who gets what; here it is always this one.
    fn sorted_topics(&self) -> Vec<&Topic> {
        let mut topics: Vec<_> = self.topics.iter().collect();
        topics.sort_by(|one, other| one.name.cmp(&other.name));
        topics
    }

    fn empty_assignment(&self) -> Assignment {
        self.members.iter().map(|member| (member.id.clone(), Vec::new())).collect()
    }
}

/// How a group rebalances (`ConsumerPartitionAssignor.RebalanceProtocol`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RebalanceProtocol {
    /// Everybody gives everything up before joining.
    #[default]
    Eager,
    /// Everybody keeps what it has, gives up only what goes to others, and then joins once more.
    Cooperative,
}

impl RebalanceProtocol {
    /// The furthest one that all assignors of a consumer know; all know the eager one.
    #[must_use]
    pub fn of(assignors: &[Assignor]) -> Self {
        let all = assignors.iter().all(|assignor| *assignor == Assignor::CooperativeSticky);
        if all && !assignors.is_empty() { Self::Cooperative } else { Self::Eager }
    }
}

impl Assignor {
    /// What of a member's subscription this assignor goes by. `StickyAssignor` takes the member's memory: in an eager
    /// group nobody owns anything any more by then.
    #[must_use]
    pub fn claims(self, subscription: &Subscription) -> Claims {
        match (self, &subscription.previous) {
            (Self::Range | Self::RoundRobin, _) | (Self::Sticky, None) => Claims::default(),
            (Self::Sticky, Some((generation, partitions))) => {
                Claims { partitions: partitions.clone(), generation: Some(*generation) }
            }
            (Self::CooperativeSticky, _) => {
                Claims { partitions: subscription.owned.clone(), generation: subscription.generation }
            }
        }
    }

    /// Gives every partition of every known topic that somebody wants to exactly one member; but for the cooperative
    /// one, which gives what changes hands to nobody as yet.
    ///  * Range: each topic by itself, in consecutive pieces.
    ///  * Round robin: all partitions of all topics in one row, dealt like cards.
    ///  * Sticky: evenly, and as much as possible to whom had it; cooperative, while everybody reads on (KIP-429).
    #[must_use]
    pub fn assign(self, group: &GroupSubscription) -> Assignment {
        match self {
            Self::Range => range::assign(group),
            Self::RoundRobin => round_robin::assign(group),
            Self::Sticky => sticky::assign(group),
            Self::CooperativeSticky => sticky::assign_cooperatively(group),
        }
    }
}

#[cfg(test)]
pub(in crate::engine) mod tests {
    use super::*;

    /// A group in short hand: topics as `t0:3 t1:3` and members as `C0{t0} C1{t0,t1}`, where `C0` alone wants all.
    /// A member `C0@i` has the group.instance.id `i`; `C0[0,t1-2]` owns these partitions, a number being one
    /// of the first topic it wants.
    pub fn group(topics: &str, members: &str) -> GroupSubscription {
        let topics: Vec<_> = (0..)
            .zip(topics.split_whitespace())
            .map(|(id, topic)| {
                let (name, partitions) = topic.split_once(':').unwrap();
                Topic { id: TopicId(id), name: name.into(), partitions: partitions.parse().unwrap() }
            })
            .collect();
        // A name nobody has metadata of.
        let unknown = TopicId(99);
        let id_of = |name: &str| topics.iter().find(|topic| &*topic.name == name).map_or(unknown, |topic| topic.id);
        let members = members
            .split_whitespace()
            .map(|member| {
                let (member, owned) = member.split_once('[').map_or((member, ""), |(who, owned)| (who, owned));
                let (who, wants): (&str, Vec<TopicId>) = match member.split_once('{') {
                    Some((who, wants)) => (who, wants.trim_end_matches('}').split(',').map(id_of).collect()),
                    None => (member, topics.iter().map(|topic| topic.id).collect()),
                };
                let (id, instance) = who.split_once('@').map_or((who, None), |(id, instance)| (id, Some(instance)));
                let owned = owned.trim_end_matches(']').split(',').filter(|number| !number.is_empty());
                let partition = |one: &str| match one.split_once('-') {
                    Some((topic, number)) => TopicPartition::new(id_of(topic), number.parse().unwrap()),
                    None => TopicPartition::new(wants[0], one.parse().unwrap()),
                };
                let claims = Claims { partitions: owned.map(partition).collect(), generation: Some(Generation(1)) };
                Member { id: MemberId(id.into()), group_instance_id: instance.map(Arc::from), topics: wants, claims }
            })
            .collect();
        GroupSubscription { members, topics }
    }

    /// The assignment as `C0 t-0 t-1 · C1 t-2 · C2`.
    pub fn text(group: &GroupSubscription, assignment: &Assignment) -> String {
        let member = |(member, partitions): (&MemberId, &Vec<TopicPartition>)| {
            let names = partitions.iter().map(|owned| {
                let topic = group.topics.iter().find(|topic| topic.id == owned.topic).unwrap();
                format!(" {}-{}", topic.name, owned.partition)
            });
            format!("{member}{}", names.collect::<String>())
        };
        assignment.iter().map(member).collect::<Vec<_>>().join(" · ")
    }

    /// Runs one row of an assignor's table, with the members and topics in the given order and in the opposite one.
    pub fn check(assignor: Assignor, topics: &str, members: &str, expected: &str) {
        let mut group = group(topics, members);
        assert_eq!(text(&group, &assignor.assign(&group)), expected, "{assignor:?}: {topics}, {members}");
        group.members.reverse();
        group.topics.reverse();
        assert_eq!(text(&group, &assignor.assign(&group)), expected, "{assignor:?} reversed: {topics}, {members}");
    }

    const ALL: [Assignor; 4] = [Assignor::Range, Assignor::RoundRobin, Assignor::Sticky, Assignor::CooperativeSticky];

    #[test]
    fn static_members_are_served_first() {
        let group = group("t:1", "a z@i2 b y@i10 x@i1");
        let order: Vec<_> = group.sorted_members().iter().map(|member| member.id.to_string()).collect();
        assert_eq!(order, ["x", "y", "z", "a", "b"]);
    }

    #[test]
    fn partitions_of_known_topics_have_exactly_one_owner() {
        for assignor in ALL {
            for members in ["A B C", "A{x} B{x,y} C{z}", "A{x,x} B{nowhere} C{x,y,z}"] {
                let group = group("x:5 y:1 z:7", members);
                let assignment = assignor.assign(&group);
                let mut owned: Vec<_> = assignment.values().flatten().copied().collect();
                owned.sort();
                let mut expected: Vec<_> = (group.topics.iter())
                    .filter(|topic| group.members.iter().any(|member| member.is_subscribed_to(topic.id)))
                    .flat_map(Topic::partitions)
                    .collect();
                expected.sort();
                assert_eq!(owned, expected, "{assignor:?}: {members}");
                assert_eq!(assignment.len(), group.members.len());
            }
        }
    }
}
