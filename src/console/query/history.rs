//! What has happened so far, counted and timed from the facts.

use std::collections::BTreeMap;

use super::functions::{leaders_log, newest, node_of, partition_of, text};
use super::logs::value_of;
use super::{Scope, Value};
use crate::engine::clients::{BatchFailure, Consumer, ConsumerFact, PositionFrom, ProducerFact};
use crate::engine::common::{NodeId, Time};
use crate::engine::controller::ControllerFact;
use crate::engine::coordinator::GroupFact;
use crate::engine::protocol::Gist;
use crate::engine::queue::QueueFact;
use crate::engine::runtime::RuntimeFact;
use crate::engine::trace::{Fact, Record};

/// Facts of one node, oldest first; `None` if there is no such node.
fn facts_of<'a>(scope: Scope<'a>, args: &[Value]) -> Option<impl Iterator<Item = (Time, &'a Fact)> + use<'a>> {
    let node = node_of(scope, args, 0)?;
    let mine = scope.past.iter().filter(move |record| record.node == Some(node));
    Some(mine.map(|record| (record.at, &record.fact)))
}

fn times(scope: Scope<'_>, args: &[Value], counts: impl Fn(&Fact) -> bool) -> Value {
    Value::maybe(facts_of(scope, args), |facts| Value::count(facts.filter(|(_, fact)| counts(fact)).count()))
}

// ---- producers -----------------------------------------------------------------------------------------------------

pub(super) fn sends(scope: Scope<'_>, args: &[Value]) -> Value {
    times(scope, args, |fact| matches!(fact, Fact::Producer(ProducerFact::BatchSent { attempt: 1, .. })))
}

pub(super) fn errors(scope: Scope<'_>, args: &[Value]) -> Value {
    let wanted = text(args, 1);
    times(scope, args, |fact| match fact {
        Fact::Producer(
            ProducerFact::BatchRetried { error, .. }
            | ProducerFact::BatchFailed {
                why: BatchFailure::Refused(error) | BatchFailure::RetriesExhausted(error), ..
            },
        ) => error.name() == wanted,
        _ => false,
    })
}

pub(super) fn acked_in(scope: Scope<'_>, args: &[Value]) -> Value {
    let Some(facts) = facts_of(scope, args) else { return Value::None };
    let (mut queued, mut total, mut count) = (BTreeMap::new(), 0, 0);
    for (at, fact) in facts {
        match fact {
            Fact::Producer(ProducerFact::Queued { ordinal, .. }) => {
                queued.insert(*ordinal, at);
            }
            Fact::Producer(ProducerFact::BatchAcked { ordinals, .. }) => {
                for since in ordinals.iter().filter_map(|ordinal| queued.remove(ordinal)) {
                    total += at.since(since).0;
                    count += 1;
                }
            }
            _ => {}
        }
    }
    Value::maybe((total + count / 2_u64).checked_div(count), Value::Time)
}

// ---- consumers and groups ------------------------------------------------------------------------------------------

pub(super) fn began_from(scope: Scope<'_>, args: &[Value]) -> Value {
    let (Some(facts), Some(wanted)) = (facts_of(scope, args), partition_of(scope, args, 1)) else {
        return Value::None;
    };
    let set = facts.filter_map(|(_, fact)| match fact {
        Fact::Consumer(ConsumerFact::PositionSet { partition, why, .. }) if *partition == wanted => Some(*why),
        _ => None,
    });
    let name = |why| match why {
        PositionFrom::Committed => "Committed",
        PositionFrom::ResetEarliest => "ResetEarliest",
        PositionFrom::ResetLatest => "ResetLatest",
        PositionFrom::OutOfRange => "OutOfRange",
        PositionFrom::Seek => "Seek",
    };
    Value::maybe(set.last(), |why| Value::Text(name(why).to_owned()))
}

pub(super) fn read_order(scope: Scope<'_>, args: &[Value]) -> Value {
    let Some(facts) = facts_of(scope, args) else { return Value::None };
    let wanted = partition_of(scope, args, 1);
    if args.len() > 1 && wanted.is_none() {
        return Value::None;
    }
    let value = |partition, offset| {
        let batch = leaders_log(scope, partition)?.batch_at(offset)?;
        batch.iter().find(|(at, _)| *at == offset).map(|(_, record)| value_of(record))
    };
    let read = facts.filter_map(|(_, fact)| match fact {
        Fact::Consumer(ConsumerFact::Processed { partition, offset, .. }) if wanted.is_none_or(|w| w == *partition) => {
            Some((*partition, *offset))
        }
        _ => None,
    });
    Value::List(read.filter_map(|(partition, offset)| value(partition, offset)).map(Value::Text).collect())
}

pub(super) fn answered_in(scope: Scope<'_>, args: &[Value]) -> Value {
    let took = times_to_answer(scope, args);
    let (total, count) = took.fold((0, 0_u64), |(total, count), took| (total + took, count + 1));
    Value::maybe((total + count / 2).checked_div(count), Value::Time)
}

pub(super) fn late(scope: Scope<'_>, args: &[Value]) -> Value {
    let Some(Value::Time(limit)) = args.get(1) else { return Value::None };
    Value::count(times_to_answer(scope, args).filter(|took| took > limit).count())
}

pub(super) fn given_up(scope: Scope<'_>, args: &[Value]) -> Value {
    let consumers = consumers_of(scope, args);
    let lost = scope.past.iter().filter(|record| record.node.is_some_and(|node| consumers.contains(&node)));
    let count = |record: &Record| match &record.fact {
        Fact::Consumer(
            ConsumerFact::PartitionsRevoked { partitions } | ConsumerFact::PartitionsLost { partitions },
        ) => partitions.len(),
        _ => 0,
    };
    Value::count(lost.map(count).sum())
}

/// The members of a group, past ones too, or the one client that is named.
fn consumers_of(scope: Scope<'_>, args: &[Value]) -> Vec<NodeId> {
    let (name, one) = (text(args, 0), node_of(scope, args, 0));
    let is_meant = |(node, consumer): &(NodeId, &Consumer)| one.map_or(**consumer.group() == *name, |one| one == *node);
    scope.world.consumers().filter(is_meant).map(|(node, _)| node).collect()
}

/// How long each record took, from its timestamp until it was finished with.
fn times_to_answer<'a>(scope: Scope<'a>, args: &[Value]) -> impl Iterator<Item = u64> + 'a {
    let consumers = consumers_of(scope, args);
    let written = move |partition, offset| {
        let batch = leaders_log(scope, partition)?.batch_at(offset)?;
        let index = batch.iter().position(|(at, _)| at == offset)?;
        Some(batch.timestamp_of(index))
    };
    scope.past.iter().filter_map(move |record| match &record.fact {
        Fact::Consumer(ConsumerFact::Processed { partition, offset, .. })
            if record.node.is_some_and(|node| consumers.contains(&node)) =>
        {
            Some(record.at.since(written(*partition, *offset)?).0)
        }
        _ => None,
    })
}

pub(super) fn requests(scope: Scope<'_>, args: &[Value]) -> Value {
    let Some(node) = node_of(scope, args, 0) else { return Value::None };
    let wanted = text(args, 1);
    let sent = scope.past.iter().filter(|record| match &record.fact {
        Fact::Runtime(RuntimeFact::Sent { from, digest, .. }) => {
            *from == node && !digest.is_response && digest.name == wanted
        }
        _ => false,
    });
    Value::count(sent.count())
}

pub(super) fn empty_fetches(scope: Scope<'_>, args: &[Value]) -> Value {
    let Some(node) = node_of(scope, args, 0) else { return Value::None };
    let empty = scope.past.iter().filter(|record| match &record.fact {
        Fact::Runtime(RuntimeFact::Delivered { to, digest, .. }) => {
            *to == node
                && digest.is_response
                && matches!(digest.gist, Gist::Brings { records: None, .. } | Gist::Unchanged)
        }
        _ => false,
    });
    Value::count(empty.count())
}

pub(super) fn poll_timeouts(scope: Scope<'_>, args: &[Value]) -> Value {
    times(scope, args, |fact| matches!(fact, Fact::Consumer(ConsumerFact::PollIntervalExceeded { .. })))
}

pub(super) fn no_offset(scope: Scope<'_>, args: &[Value]) -> Value {
    times(scope, args, |fact| matches!(fact, Fact::Consumer(ConsumerFact::NoOffset { .. })))
}

pub(super) fn commits_refused(scope: Scope<'_>, args: &[Value]) -> Value {
    times(scope, args, |fact| matches!(fact, Fact::Consumer(ConsumerFact::CommitFailed { .. })))
}

pub(super) fn expired(scope: Scope<'_>, args: &[Value]) -> Value {
    let wanted = text(args, 0);
    let expired =
        |fact: &Fact| matches!(fact, Fact::Group(GroupFact::MemberExpired { group, .. }) if **group == *wanted);
    Value::count(scope.past.iter().filter(|record| expired(&record.fact)).count())
}

// ---- cluster and queue ---------------------------------------------------------------------------------------------

pub(super) fn isr_changed_at(scope: Scope<'_>, args: &[Value]) -> Value {
    let wanted = partition_of(scope, args, 0);
    newest(
        scope,
        |_, fact| matches!(fact, Fact::Controller(ControllerFact::IsrChanged { partition, .. }) if Some(*partition) == wanted),
    )
}

pub(super) fn queue_deliveries(scope: Scope<'_>, _: &[Value]) -> Value {
    let delivered = |node: Option<NodeId>, fact: &Fact| {
        node == Some(NodeId::QueueBroker) && matches!(fact, Fact::Queue(QueueFact::Delivered { .. }))
    };
    Value::count(scope.past.iter().filter(|record| delivered(record.node, &record.fact)).count())
}
