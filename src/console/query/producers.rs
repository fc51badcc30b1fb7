//! Idempotent producers: their ids and sequence numbers, and what the brokers know of them.

use super::functions::{broker_of, node_of, partition_of};
use super::{Scope, Value};
use crate::engine::clients::producer::Producer;
use crate::engine::server::BrokerFact;
use crate::engine::trace::Fact;

fn producer<'a>(scope: Scope<'a>, args: &[Value]) -> Option<&'a Producer> {
    let node = node_of(scope, args, 0)?;
    scope.world.producers().find(|(id, _)| *id == node).map(|(_, producer)| producer)
}

pub(super) fn id(scope: Scope<'_>, args: &[Value]) -> Value {
    let id = producer(scope, args).and_then(|one| one.transactions()?.producer());
    Value::maybe(id, |producer| Value::whole(producer.id.0))
}

pub(super) fn epoch(scope: Scope<'_>, args: &[Value]) -> Value {
    let id = producer(scope, args).and_then(|one| one.transactions()?.producer());
    Value::maybe(id, |producer| Value::whole(producer.epoch.0.into()))
}

pub(super) fn next_sequence(scope: Scope<'_>, args: &[Value]) -> Value {
    let found = || {
        let wanted = partition_of(scope, args, 1)?;
        let mut partitions = producer(scope, args)?.transactions()?.partitions();
        partitions.find(|(partition, _)| *partition == wanted).map(|(_, entry)| entry.next_sequence)
    };
    Value::maybe(found(), |sequence| Value::whole(sequence.0.into()))
}

/// Of one producer, by the leader or by the replica named.
pub(super) fn known_batches(scope: Scope<'_>, args: &[Value]) -> Value {
    let found = || {
        let id = producer(scope, args)?.transactions()?.producer()?.id;
        let partition = partition_of(scope, args, 1)?;
        let broker = match args.get(2) {
            Some(_) => broker_of(args, 2)?,
            None => scope.world.image().partition(partition)?.leader?,
        };
        let log = scope.world.broker(broker)?.log(partition)?;
        Some(log.producers().get(id).map_or(0, |entry| entry.batches().len()))
    };
    Value::maybe(found(), Value::count)
}

pub(super) fn duplicates(scope: Scope<'_>, args: &[Value]) -> Value {
    let Some(wanted) = partition_of(scope, args, 0) else { return Value::None };
    let is_one = |fact: &Fact| matches!(fact, Fact::Broker(BrokerFact::DuplicateBatch { partition, .. }) if *partition == wanted);
    Value::count(scope.past.iter().filter(|record| is_one(&record.fact)).count())
}

pub(super) fn refused(scope: Scope<'_>, args: &[Value]) -> Value {
    let Some(wanted) = partition_of(scope, args, 0) else { return Value::None };
    let is_one = |fact: &Fact| matches!(fact, Fact::Broker(BrokerFact::SequenceRefused { partition, .. }) if *partition == wanted);
    Value::count(scope.past.iter().filter(|record| is_one(&record.fact)).count())
}
