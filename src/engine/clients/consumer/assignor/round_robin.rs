//! `RoundRobinAssignor`: all partitions of all subscribed topics in one row, dealt round the members.
//!
//! With equal subscriptions the members' shares differ by one at most, over all topics together. With unequal ones the
//! deal skips members who did not subscribe, and a member that alone wants a topic can end up with far more.

use super::{Assignment, GroupSubscription};

pub(super) fn assign(group: &GroupSubscription) -> Assignment {
    let mut assignment = group.empty_assignment();
    let members = group.sorted_members();
    let mut turns = members.iter().cycle();
    for topic in group.sorted_topics() {
        if !members.iter().any(|member| member.is_subscribed_to(topic.id)) {
            continue;
        }
        for partition in topic.partitions() {
            // The turn moves on from whoever took the last partition, across topics: `CircularIterator`.
            let member = turns.find(|member| member.is_subscribed_to(topic.id)).expect("somebody subscribed");
            assignment.get_mut(&member.id).expect("every member has an entry").push(partition);
        }
    }
    assignment
}

#[cfg(test)]
mod tests {
    use super::super::Assignor;
    use super::super::tests::check;

    #[test]
    fn partitions_are_dealt_as_kafka_deals_them() {
        let table = [
            ("t:7", "C0 C1 C2", "C0 t-0 t-3 t-6 · C1 t-1 t-4 · C2 t-2 t-5"),
            ("t0:3 t1:3", "C0 C1", "C0 t0-0 t0-2 t1-1 · C1 t0-1 t1-0 t1-2"),
            ("t0:1 t1:2 t2:3", "C0{t0} C1{t0,t1} C2", "C0 t0-0 · C1 t1-0 · C2 t1-1 t2-0 t2-1 t2-2"),
            ("a:4 b:3", "C0{a} C1{a,b} C2{b}", "C0 a-0 a-2 · C1 a-1 a-3 b-1 · C2 b-0 b-2"),
        ];
        for (topics, members, expected) in table {
            check(Assignor::RoundRobin, topics, members, expected);
        }
    }

    #[test]
    fn static_members_are_dealt_to_first() {
        check(Assignor::RoundRobin, "t:5", "C0 C1@b C2@a", "C0 t-2 · C1 t-1 t-4 · C2 t-0 t-3");
    }

    #[test]
    fn unknown_and_empty_topics_are_skipped() {
        check(Assignor::RoundRobin, "t:2 empty:0", "C0{nowhere} C1{t,empty}", "C0 · C1 t-0 t-1");
    }
}
