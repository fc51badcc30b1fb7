//! What a log is made of: segments, indexes, epochs, and what of it lies on the disk.

use super::functions::{broker_of, newest, offset, partition_of, replica_of, text};
use super::logs::value_of;
use super::{Scope, Value};
use crate::console::views;
use crate::engine::common::{NodeId, Offset, TopicPartition};
use crate::engine::server::BrokerFact;
use crate::engine::storage::{EpochEntry, LogSegment, OffsetLookup, TimestampAndOffset, UnifiedLog};
use crate::engine::trace::Fact;
use crate::engine::{Record, Time};

/// The log of a replica: the leader's, or that of the broker named after the partition.
fn log<'a>(scope: Scope<'a>, args: &[Value], broker: usize) -> Option<&'a UnifiedLog> {
    let (partition, id) = replica_of(scope, args, broker)?;
    scope.world.broker(id)?.log(partition)
}

fn whole(args: &[Value], index: usize) -> Option<u64> {
    match args.get(index)? {
        Value::Int(number) => u64::try_from(*number).ok(),
        _ => None,
    }
}

pub(super) fn segments(scope: Scope<'_>, args: &[Value]) -> Value {
    Value::maybe(log(scope, args, 1), |log| Value::count(log.segments().len()))
}

pub(super) fn segment_starts(scope: Scope<'_>, args: &[Value]) -> Value {
    let starts = |log: &UnifiedLog| log.segments().map(|segment| offset(segment.base_offset())).collect();
    Value::maybe(log(scope, args, 1), |log| Value::List(starts(log)))
}

/// Values of the records on one replica, the leader's unless another is named.
pub(super) fn values(scope: Scope<'_>, args: &[Value]) -> Value {
    Value::maybe(log(scope, args, 1), |log| {
        let records = log.batches().flat_map(|batch| batch.iter());
        Value::List(records.map(|(_, record)| Value::Text(value_of(record))).collect())
    })
}

/// Offsets that hold a record.
pub(super) fn offsets(scope: Scope<'_>, args: &[Value]) -> Value {
    Value::maybe(log(scope, args, 1), |log| {
        let records = log.batches().flat_map(|batch| batch.iter());
        Value::List(records.map(|(at, _)| offset(at)).collect())
    })
}

/// `leader-epoch-checkpoint`, one entry a line there: epoch and start offset.
pub(super) fn epoch_starts(scope: Scope<'_>, args: &[Value]) -> Value {
    Value::maybe(log(scope, args, 1), |log| {
        let entry = |entry: &EpochEntry| Value::Text(format!("{}@{}", entry.epoch, entry.start_offset.0));
        Value::List(log.leader_epochs().entries().iter().map(entry).collect())
    })
}

/// What `ls` shows of the log directories.
pub(super) fn directories(scope: Scope<'_>, args: &[Value]) -> Value {
    Value::maybe(broker_of(args, 0).and_then(|id| scope.world.broker(id)), |broker| {
        let logs = broker.logs();
        let live = logs.iter().filter_map(|(id, _)| logs.name_of(id));
        let renamed = logs.deleted_logs().map(|(_, deleted)| deleted.name.to_string());
        let mut names: Vec<String> = live.chain(renamed).collect();
        names.sort_unstable();
        Value::List(names.into_iter().map(Value::Text).collect())
    })
}

pub(super) fn flushed(scope: Scope<'_>, args: &[Value]) -> Value {
    Value::maybe(log(scope, args, 1), |log| offset(log.on_platter()))
}

// ---- looking up ----------------------------------------------------------------------------------------------------

pub(super) fn index_entries(scope: Scope<'_>, args: &[Value]) -> Value {
    let entries = |log: &UnifiedLog| log.segments().map(|segment| segment.offset_index().len()).sum();
    Value::maybe(log(scope, args, 1), |log| Value::count(entries(log)))
}

/// How the offset named second is found.
fn lookup(scope: Scope<'_>, args: &[Value]) -> Option<OffsetLookup> {
    log(scope, args, 2)?.lookup_offset(Offset(whole(args, 1)?))
}

pub(super) fn segment_of(scope: Scope<'_>, args: &[Value]) -> Value {
    Value::maybe(lookup(scope, args), |lookup| offset(lookup.segment))
}

pub(super) fn index_hit(scope: Scope<'_>, args: &[Value]) -> Value {
    Value::maybe(lookup(scope, args).and_then(|lookup| lookup.entry), |entry| offset(entry.offset))
}

pub(super) fn batches_scanned(scope: Scope<'_>, args: &[Value]) -> Value {
    Value::maybe(lookup(scope, args), |lookup| Value::count(lookup.scanned.len()))
}

pub(super) fn offset_at(scope: Scope<'_>, args: &[Value]) -> Value {
    let found = || {
        let Some(Value::Time(time)) = args.get(1) else { return None };
        log(scope, args, 2)?.fetch_offset_by_timestamp(Time(*time))
    };
    Value::maybe(found(), |found: TimestampAndOffset| offset(found.offset))
}

/// The newest timestamp of the oldest segment: what retention.ms is held against.
pub(super) fn oldest_segment_from(scope: Scope<'_>, args: &[Value]) -> Value {
    let first = log(scope, args, 1).and_then(|log| log.segments().next());
    Value::maybe(first.map(LogSegment::largest_timestamp), |time| Value::Time(time.0))
}

// ---- what happened -------------------------------------------------------------------------------------------------

fn on_replica<'a>(
    scope: Scope<'a>,
    args: &[Value],
    fits: impl Fn(&BrokerFact, TopicPartition) -> bool,
) -> Option<Vec<&'a Record>> {
    let (wanted, id) = replica_of(scope, args, 1)?;
    let mine = scope.past.iter().filter(|record| record.node == Some(NodeId::Broker(id)));
    Some(mine.filter(|record| matches!(&record.fact, Fact::Broker(fact) if fits(fact, wanted))).collect())
}

fn deletions<'a>(scope: Scope<'a>, args: &[Value]) -> Option<Vec<&'a Record>> {
    on_replica(
        scope,
        args,
        |fact, wanted| matches!(fact, BrokerFact::SegmentDeleted { partition, .. } if *partition == wanted),
    )
}

pub(super) fn segments_deleted(scope: Scope<'_>, args: &[Value]) -> Value {
    Value::maybe(deletions(scope, args), |facts| Value::count(facts.len()))
}

pub(super) fn segment_deleted_at(scope: Scope<'_>, args: &[Value]) -> Value {
    let newest = deletions(scope, args).and_then(|facts| facts.last().map(|record| record.at));
    Value::maybe(newest, |at| Value::Time(at.0))
}

pub(super) fn cleanings(scope: Scope<'_>, args: &[Value]) -> Value {
    let cleaned =
        |fact: &BrokerFact, wanted| matches!(fact, BrokerFact::LogCleaned { partition, .. } if *partition == wanted);
    Value::maybe(on_replica(scope, args, cleaned), |facts| Value::count(facts.len()))
}

/// Records that this replica has cut off because another leader's history does not have them.
pub(super) fn cut_off(scope: Scope<'_>, args: &[Value]) -> Value {
    let cut =
        |fact: &BrokerFact, wanted| matches!(fact, BrokerFact::Truncated { partition, .. } if *partition == wanted);
    Value::maybe(on_replica(scope, args, cut), |facts| {
        let records = facts.iter().map(|record| match &record.fact {
            Fact::Broker(BrokerFact::Truncated { to, from, .. }) => from.since(*to),
            _ => 0,
        });
        Value::whole(records.sum())
    })
}

pub(super) fn led_at(scope: Scope<'_>, args: &[Value]) -> Value {
    let (wanted, id) = (partition_of(scope, args, 0), broker_of(args, 1).map(NodeId::Broker));
    newest(scope, |at, fact| match fact {
        Fact::Broker(BrokerFact::BecameLeader { partition, .. }) => Some(*partition) == wanted && at == id,
        _ => false,
    })
}

/// Records without a value: markers that a key is to go.
pub(super) fn tombstones(scope: Scope<'_>, args: &[Value]) -> Value {
    super::logs::count(scope, args, |record| record.value.is_none())
}

/// Different keys in the leaders' logs.
pub(super) fn keys(scope: Scope<'_>, args: &[Value]) -> Value {
    let logs = views::leaders_logs(scope.world, text(args, 0));
    Value::maybe(logs, |logs| {
        let records = logs.iter().flat_map(|(_, log)| log.batches()).flat_map(|batch| batch.iter());
        let keys: std::collections::BTreeSet<_> = records.filter_map(|(_, record)| record.key.clone()).collect();
        Value::count(keys.len())
    })
}
