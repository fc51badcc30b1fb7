//! `RangeAssignor`, Kafka's default: every topic by itself, cut into consecutive ranges.
//!
//! Topics with equal partition counts come out aligned (the owner of `a-0` owns `b-0`), which joins need. The price is
//! skew: the remainder of every topic goes to the same first members. Without racks only; a group with `client.rack`
//! set everywhere and replicas in some racks only would be matched by rack first (KIP-881).

use super::{Assignment, GroupSubscription};

pub(super) fn assign(group: &GroupSubscription) -> Assignment {
    let mut assignment = group.empty_assignment();
    let members = group.sorted_members();
    for topic in group.sorted_topics() {
        let subscribed: Vec<_> = members.iter().filter(|member| member.is_subscribed_to(topic.id)).collect();
        let count = u32::try_from(subscribed.len()).expect("a group has far fewer than 2^32 members");
        if count == 0 {
            continue;
        }
        let (quotient, remainder) = (topic.partitions / count, topic.partitions % count);
        let mut partitions = topic.partitions();
        for (place, member) in (0..).zip(subscribed) {
            let share = quotient + u32::from(place < remainder);
            let owned = assignment.get_mut(&member.id).expect("every member has an entry");
            owned.extend(partitions.by_ref().take(share as usize));
        }
    }
    assignment
}

#[cfg(test)]
mod tests {
    use super::super::Assignor;
    use super::super::tests::check;

    #[test]
    fn ranges_come_out_as_kafka_cuts_them() {
        let table = [
            ("t:7", "C0 C1 C2", "C0 t-0 t-1 t-2 · C1 t-3 t-4 · C2 t-5 t-6"),
            ("t0:3 t1:3", "C0 C1", "C0 t0-0 t0-1 t1-0 t1-1 · C1 t0-2 t1-2"),
            ("t:2", "C0 C1 C2", "C0 t-0 · C1 t-1 · C2"),
            ("a:1 b:1 c:1", "C0 C1", "C0 a-0 b-0 c-0 · C1"),
            ("a:4 b:3", "C0{a} C1{a,b} C2{b}", "C0 a-0 a-1 · C1 a-2 a-3 b-0 b-1 · C2 b-2"),
            ("orders:6", "C0 C1 C2 C3", "C0 orders-0 orders-1 · C1 orders-2 orders-3 · C2 orders-4 · C3 orders-5"),
        ];
        for (topics, members, expected) in table {
            check(Assignor::Range, topics, members, expected);
        }
    }

    #[test]
    fn static_members_take_the_first_ranges() {
        check(Assignor::Range, "t:5", "C0 C1@b C2@a", "C0 t-4 · C1 t-2 t-3 · C2 t-0 t-1");
    }

    #[test]
    fn unknown_and_empty_topics_are_skipped() {
        check(Assignor::Range, "t:2 empty:0", "C0{nowhere} C1{t,empty}", "C0 · C1 t-0 t-1");
    }
}
