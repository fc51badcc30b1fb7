//! What the leaders' logs hold: counted, searched and placed.

use std::collections::BTreeMap;

use super::functions::{broker_of, partition_of, text};
use super::{Scope, Value};
use crate::console::views;
use crate::engine::clients::producer::{murmur2, partition_for_key};
use crate::engine::common::BrokerId;
use crate::engine::metadata::PartitionRegistration;
use crate::engine::record::Record;
use crate::engine::server::Broker;

pub(super) fn replicas_on(
    scope: Scope<'_>,
    args: &[Value],
    counts: impl Fn(BrokerId, &PartitionRegistration) -> bool,
) -> Value {
    let Some(id) = broker_of(args, 0).filter(|id| scope.world.image().broker(*id).is_some()) else {
        return Value::None;
    };
    let topic = match args.get(1) {
        None => None,
        Some(_) => match scope.world.image().topic_id(text(args, 1)) {
            None => return Value::None,
            topic => topic,
        },
    };
    let partitions = scope.world.image().partitions();
    let wanted = partitions.filter(|(partition, _)| topic.is_none_or(|topic| partition.topic == topic));
    Value::count(wanted.filter(|(_, registration)| counts(id, registration)).count())
}

/// Partitions of a topic that are so.
pub(super) fn partitions_that(
    scope: Scope<'_>,
    args: &[Value],
    is_so: impl Fn(&PartitionRegistration) -> bool,
) -> Value {
    let topic = views::topic(scope.world, text(args, 0));
    Value::maybe(topic, |topic| Value::count(topic.partitions.values().filter(|partition| is_so(partition)).count()))
}

/// Records of the leaders' logs that fit.
pub(super) fn count(scope: Scope<'_>, args: &[Value], fits: impl Fn(&Record) -> bool) -> Value {
    let logs = views::leaders_logs(scope.world, text(args, 0));
    Value::maybe(logs, |logs| {
        let batches = logs.iter().flat_map(|(_, log)| log.batches());
        Value::count(batches.flat_map(|batch| batch.iter()).filter(|(_, record)| fits(record)).count())
    })
}

pub(super) fn matching(scope: Scope<'_>, args: &[Value]) -> Value {
    let wanted = args.get(1).map(Value::to_string).unwrap_or_default();
    count(scope, args, |record| value_of(record).contains(&wanted))
}

pub(super) fn keyed(scope: Scope<'_>, args: &[Value]) -> Value {
    let wanted = key(args, 1);
    count(scope, args, |record| has_key(record, wanted.as_deref()))
}

pub(super) fn repeated(scope: Scope<'_>, args: &[Value]) -> Value {
    let logs = views::leaders_logs(scope.world, text(args, 0));
    Value::maybe(logs, |logs| {
        let mut seen: BTreeMap<_, u64> = BTreeMap::new();
        for (_, record) in logs.iter().flat_map(|(_, log)| log.batches()).flat_map(|batch| batch.iter()) {
            *seen.entry((record.key.clone(), record.value.clone())).or_default() += 1;
        }
        Value::whole(seen.values().map(|times| times - 1).sum())
    })
}

pub(super) fn spread(scope: Scope<'_>, args: &[Value]) -> Value {
    let wanted = args.get(1).map(|_| key(args, 1));
    let fits = |record: &Record| wanted.as_ref().is_none_or(|key| has_key(record, key.as_deref()));
    let logs = views::leaders_logs(scope.world, text(args, 0));
    Value::maybe(logs, |logs| {
        let holds = logs.iter().filter(|(_, log)| log.batches().flat_map(|batch| batch.iter()).any(|(_, r)| fits(r)));
        Value::count(holds.count())
    })
}

pub(super) fn copies(scope: Scope<'_>, args: &[Value]) -> Value {
    let (Some(partition), Some(Value::Int(offset))) = (partition_of(scope, args, 0), args.get(1)) else {
        return Value::None;
    };
    let Ok(offset) = u64::try_from(*offset) else { return Value::None };
    let has = |broker: &Broker| {
        let log = broker.log(partition);
        log.is_some_and(|log| log.log_start_offset().0 <= offset && offset < log.log_end_offset().0)
    };
    Value::count(scope.world.brokers().filter(|(_, broker)| has(broker)).count())
}

pub(super) fn batches(scope: Scope<'_>, args: &[Value]) -> Value {
    let logs = views::leaders_logs(scope.world, text(args, 0));
    Value::maybe(logs, |logs| Value::count(logs.iter().map(|(_, log)| log.batches().count()).sum()))
}

pub(super) fn bytes(scope: Scope<'_>, args: &[Value]) -> Value {
    let logs = views::leaders_logs(scope.world, text(args, 0));
    Value::maybe(logs, |logs| Value::whole(logs.iter().map(|(_, log)| log.size_in_bytes()).sum()))
}

pub(super) fn hash(_: Scope<'_>, args: &[Value]) -> Value {
    Value::maybe(key(args, 0), |key| Value::whole(u64::from(murmur2(key.as_bytes()).cast_unsigned() & 0x7fff_ffff)))
}

pub(super) fn partition_for(scope: Scope<'_>, args: &[Value]) -> Value {
    let topic = views::topic(scope.world, text(args, 0)).filter(|topic| !topic.partitions.is_empty());
    let partitions = topic.and_then(|topic| u32::try_from(topic.partitions.len()).ok());
    Value::maybe(partitions.zip(key(args, 1)), |(count, key)| {
        Value::whole(partition_for_key(key.as_bytes(), count).0.into())
    })
}

/// `none` is a record without a key; a key may look like a number.
fn key(args: &[Value], index: usize) -> Option<String> {
    args.get(index).filter(|key| **key != Value::None).map(Value::to_string)
}

fn has_key(record: &Record, key: Option<&str>) -> bool {
    record.key.as_deref() == key.map(str::as_bytes)
}

pub(super) fn value_of(record: &Record) -> String {
    record.value.as_deref().map_or_else(|| "null".to_owned(), |value| String::from_utf8_lossy(value).into_owned())
}
