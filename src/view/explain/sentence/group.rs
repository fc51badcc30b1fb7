//! Sentences for what a group coordinator did.

use super::{Sentence, partition_list};
use crate::engine::common::TopicPartition;
use crate::engine::coordinator::{ExpiredBecause, GroupFact};
use crate::engine::world::World;

pub(super) fn of_group(world: &World, fact: &GroupFact) -> Sentence {
    let about = |key, group: &str| Sentence::new(key).text("group", group);
    match fact {
        GroupFact::Loaded { partition, groups, offsets } => Sentence::new("fact-coordinator-loaded")
            .text("log", format!("__consumer_offsets-{partition}"))
            .number("groups", *groups)
            .number("offsets", *offsets),
        GroupFact::Unloaded { partition } => {
            Sentence::new("fact-coordinator-unloaded").text("log", format!("__consumer_offsets-{partition}"))
        }
        GroupFact::MemberIdGiven { group, client, .. } => about("fact-member-id", group).node(world, "client", *client),
        GroupFact::MemberJoined { group, client, .. } => {
            about("fact-member-joined", group).node(world, "client", *client)
        }
        GroupFact::MemberLeft { group, member } => about("fact-member-left", group).text("member", member.0.as_ref()),
        GroupFact::MemberExpired { group, member, why } => about(
            match why {
                ExpiredBecause::SessionTimeout => "fact-member-expired",
                ExpiredBecause::DidNotRejoin => "fact-member-no-rejoin",
                ExpiredBecause::DidNotSync => "fact-member-no-sync",
            },
            group,
        )
        .text("member", member.0.as_ref()),
        GroupFact::StateChanged { group, from, to } => {
            about("fact-group-state", group).text("before", from.name()).text("state", to.name())
        }
        GroupFact::GenerationBegun { group, generation, members, .. } => {
            about("fact-generation", group).number("generation", generation.0).number("members", *members)
        }
        GroupFact::Assigned { group, generation, assignment } => {
            let one = |(member, partitions): &(crate::engine::common::MemberId, Vec<TopicPartition>)| {
                format!("{}: {}", short_member(&member.0), partition_list(world, partitions))
            };
            let all = assignment.iter().map(one).collect::<Vec<_>>().join("; ");
            about("fact-assigned", group).number("generation", generation.0).text("assignment", all)
        }
        GroupFact::OffsetCommitted { group, partition, offset } => {
            about("fact-offset-committed", group).partition(world, *partition).number("offset", offset.0)
        }
        GroupFact::Refused { group, client, error } => {
            about("fact-group-refused", group).node(world, "client", *client).text("error", error.name())
        }
    }
}

/// A member id without its uuid: `billing-1-3f2a…` → `billing-1`.
#[must_use]
pub fn short_member(member: &str) -> &str {
    // `<client.id>-<uuid>`: the uuid is the last 36 characters of five dashed groups.
    const DASHED_UUID: usize = 36;
    match member.len().checked_sub(DASHED_UUID + 1) {
        Some(cut) if member.is_char_boundary(cut) && member.as_bytes()[cut] == b'-' => &member[..cut],
        _ => member,
    }
}
