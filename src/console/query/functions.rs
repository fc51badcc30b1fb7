//! The functions of the query language, one line each in a table: name, form, what it answers.
//!
//! Each is total: asked about something that is not there it answers `none`.

use super::{Kind, Scope, Value, history, logs, memory, producers, storage};
use crate::console::views;
use crate::engine::clients::{ConsumerFact, ProducerFact};
use crate::engine::common::{BrokerId, NodeId, Offset, Time, TopicPartition};
use crate::engine::controller::ControllerFact;
use crate::engine::runtime::{RuntimeFact, Status};
use crate::engine::storage::UnifiedLog;
use crate::engine::trace::Fact;

/// One function of the language.
#[derive(Debug)]
pub struct Function {
    pub name: &'static str,
    /// How it is written, optional arguments in brackets: `hw(PARTITION[, BROKER])`.
    pub form: &'static str,
    /// What it answers, in one sentence.
    pub answers: &'static str,
    pub kind: Kind,
    pub(super) compute: fn(Scope<'_>, &[Value]) -> Value,
}

/// The table is the identity: two functions are the same if their names are.
impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Function {
    /// Fewest and most arguments, as the form says.
    pub(super) fn takes(&self) -> (usize, usize) {
        let inside = self.form.split_once('(').map_or("", |(_, inside)| inside);
        let inside = inside.trim_end_matches(')');
        let count = |text: &str| text.split(',').filter(|argument| !argument.trim().is_empty()).count();
        let optional = inside.split_once('[').map_or(0, |(_, optional)| count(optional.trim_end_matches(']')));
        let required = count(inside.split_once('[').map_or(inside, |(required, _)| required));
        (required, required + optional)
    }
}

macro_rules! functions {
    ($($name:literal $form:literal $kind:ident $compute:expr, $answers:literal;)*) => {
        /// Every function there is.
        pub static FUNCTIONS: &[Function] = &[$(Function {
            name: $name,
            form: concat!($name, $form),
            answers: $answers,
            kind: Kind::$kind,
            compute: $compute,
        },)*];
    };
}

functions! {
    "in_flight" "()" Number |scope, _| Value::count(scope.world.kernel().in_flight().count()), "How many messages are on the wire.";
    "time" "()" Time |scope, _| Value::Time(scope.world.now().0), "Where the clock stands.";
    "len" "(LIST)" Number length, "How many items a list has.";

    "leader" "(PARTITION)" Broker |scope, args| registered(scope, args, |r| Value::maybe(r.leader, broker)), "The broker that leads it, by the controller's word.";
    "epoch" "(PARTITION)" Epoch |scope, args| registered(scope, args, |r| Value::whole(r.leader_epoch.0.into())), "Its leader epoch.";
    "isr" "(PARTITION)" Brokers |scope, args| registered(scope, args, |r| brokers(&r.isr)), "The brokers in its in-sync set.";
    "replicas" "(PARTITION)" Brokers |scope, args| registered(scope, args, |r| brokers(&r.replicas)), "The brokers that hold it, preferred leader first.";
    "in_sync" "(PARTITION, BROKER)" Truth in_sync, "Is that broker in its in-sync set?";
    "hw" "(PARTITION[, BROKER])" HighWatermark |scope, args| replica(scope, args, |r| r.high_watermark), "Its high watermark: the leader's, or the one that broker knows.";
    "leo" "(PARTITION[, BROKER])" LogEnd |scope, args| replica(scope, args, |r| r.log_end), "Its log end offset: the leader's, or that broker's.";
    "copies" "(PARTITION, OFFSET)" Number logs::copies, "How many brokers, up or down, have the record at that offset in their logs.";
    "start" "(PARTITION[, BROKER])" LogStart |scope, args| replica(scope, args, |r| r.log_start), "Its log start offset.";
    "preferred" "(PARTITION)" Broker |scope, args| registered(scope, args, |r| Value::maybe(r.replicas.first().copied(), broker)), "Its preferred leader: the head of its replicas.";
    "partitions" "(TOPIC)" Number |scope, args| Value::maybe(views::topic(scope.world, text(args, 0)), |t| Value::count(t.partitions.len())), "How many partitions a topic has; none before it exists.";
    "leads" "(BROKER[, TOPIC])" Number |scope, args| logs::replicas_on(scope, args, |id, r| r.leader == Some(id)), "How many partitions that broker leads: all of them, or those of a topic.";
    "holds" "(BROKER[, TOPIC])" Number |scope, args| logs::replicas_on(scope, args, |id, r| r.replicas.contains(&id)), "How many replicas lie on that broker, of all topics or of one.";

    "leaderless" "(TOPIC)" Number |scope, args| logs::partitions_that(scope, args, |r| r.leader.is_none()), "How many of its partitions nobody leads.";
    "under_replicated" "(TOPIC)" Number |scope, args| logs::partitions_that(scope, args, |r| r.isr.len() < r.replicas.len()), "How many of its partitions have a replica that is not in sync.";
    "stored" "(TOPIC)" Number |scope, args| logs::count(scope, args, |_| true), "Records in the leaders' logs of a topic or of one partition, below the high watermark or not.";
    "matching" "(TOPIC, TEXT)" Number logs::matching, "Those of them whose value contains a text.";
    "keyed" "(TOPIC, KEY)" Number logs::keyed, "Those of them that have this key; none stands for no key.";
    "repeated" "(TOPIC)" Number logs::repeated, "Those of them whose key and value another record has, too.";
    "spread" "(TOPIC[, KEY])" Number logs::spread, "How many partitions of a topic hold records, or records with this key; none stands for no key.";
    "values" "(PARTITION[, BROKER])" Plain storage::values, "The values in the leader's log, or in that broker's, in the order of their offsets.";
    "offsets" "(PARTITION[, BROKER])" Plain storage::offsets, "The offsets that hold a record, in the leader's log or in that broker's.";
    "keys" "(TOPIC)" Number storage::keys, "How many different keys the leaders' logs of a topic or of one partition hold.";
    "tombstones" "(TOPIC)" Number storage::tombstones, "Records of the leaders' logs that have no value.";
    "batches" "(PARTITION)" Number logs::batches, "Batches in the leader's log: records that were sent and stored as one.";
    "bytes" "(TOPIC)" Number logs::bytes, "Bytes in the leaders' logs of a topic or of one partition.";
    "hash" "(KEY)" Number logs::hash, "What murmur2 makes of a key, the sign masked off, as the producer does.";
    "partition_for" "(TOPIC, KEY)" Number logs::partition_for, "The partition a key belongs to: hash(KEY) mod partitions(TOPIC).";

    "segments" "(PARTITION[, BROKER])" Number storage::segments, "How many segments the leader's log, or that broker's, is made of.";
    "segment_starts" "(PARTITION[, BROKER])" Plain storage::segment_starts, "The base offsets of its segments: the names of their files.";
    "index_entries" "(PARTITION[, BROKER])" Number storage::index_entries, "How many entries the offset indexes of all its segments have.";
    "segment_of" "(PARTITION, OFFSET[, BROKER])" Offset storage::segment_of, "The base offset of the segment in which that offset is looked for.";
    "index_hit" "(PARTITION, OFFSET[, BROKER])" Offset storage::index_hit, "The last offset of its index that is not beyond; none: it is read from the file's beginning.";
    "scanned" "(PARTITION, OFFSET[, BROKER])" Number storage::batches_scanned, "How many batches are read from there until the offset is found.";
    "offset_at" "(PARTITION, TIME[, BROKER])" Offset storage::offset_at, "The first offset whose record is not older than that time.";
    "oldest_segment_from" "(PARTITION[, BROKER])" Time storage::oldest_segment_from, "The newest timestamp of the oldest segment: retention counts from it.";
    "segments_deleted" "(PARTITION[, BROKER])" Number storage::segments_deleted, "How many segments retention has taken so far.";
    "segment_deleted_at" "(PARTITION[, BROKER])" Time storage::segment_deleted_at, "When retention last took one.";
    "cleanings" "(PARTITION[, BROKER])" Number storage::cleanings, "How often the log cleaner has been through it.";
    "flushed" "(PARTITION[, BROKER])" Offset storage::flushed, "All before this offset would outlive a power loss.";
    "epoch_starts" "(PARTITION[, BROKER])" Plain storage::epoch_starts, "Its leader epochs and the offset at which each begins: 0@0, 2@5.";
    "directories" "(BROKER)" Plain storage::directories, "The directories of partitions on its disks, those on their way out (-delete) or left over (-stray) included.";
    "cut_off" "(PARTITION[, BROKER])" Lost storage::cut_off, "Records it has cut off because another leader's history does not have them.";
    "led_at" "(PARTITION, BROKER)" Time storage::led_at, "When that broker last became its leader.";

    "controller" "()" Plain memory::controller, "Who decides: the active controller of the quorum, or the broker that /controller names.";
    "controller_epoch" "()" Epoch memory::controller_epoch, "The epoch of the quorum, or what /controller_epoch says.";
    "controller_since" "()" Time memory::controller_since, "When a controller last began to act.";
    "znode" "(PATH)" Plain memory::znode, "What is written in a znode: znode('/controller'); none if there is no such znode.";
    "children" "(PATH)" Plain memory::children, "The names below a znode: children('/brokers/ids').";
    "ephemeral" "(PATH)" Truth memory::is_ephemeral, "Does the znode end with the session that made it?";
    "zookeeper_serves" "()" Truth memory::zookeeper_serves, "Does any server of the ensemble take requests?";
    "has_session" "(BROKER)" Truth memory::has_session, "Is the broker connected to ZooKeeper, with a session that is good?";
    "session_expired_at" "(BROKER)" Time memory::session_expired_at, "When ZooKeeper last ended a session of this broker.";
    "started_at" "(NODE)" Time memory::started_at, "When the process last started.";
    "registered_at" "(BROKER)" Time memory::registered_at, "When the broker was last taken into the cluster.";
    "start_error" "(BROKER)" Plain memory::start_error, "The error with which its last start ended; none while it runs.";
    "start_failed_at" "(BROKER)" Time memory::start_failed_at, "When a start of it last ended so.";
    "quorum_state" "(CONTROLLER)" Plain memory::quorum_state, "Kafka's word for what a voter is: Leader, Follower, Candidate and so on.";
    "metadata_end" "(CONTROLLER)" LogEnd memory::metadata_end, "Where that controller's copy of the metadata log ends.";
    "candidacies" "()" Number memory::candidacies, "How often a voter has stood for election so far.";
    "elr" "(PARTITION)" Brokers memory::elr, "Its eligible leader replicas: out of sync, but with everything that was committed.";
    "adding" "(PARTITION)" Brokers memory::adding, "The replicas that a reassignment brings.";
    "removing" "(PARTITION)" Brokers memory::removing, "The replicas that a reassignment takes away.";

    "up" "(NODE)" Truth |scope, args| status(scope, args, |s| matches!(s, Status::Up { .. })), "Is the process running?";
    "down" "(NODE)" Truth |scope, args| status(scope, args, |s| matches!(s, Status::Down { .. })), "Has the process died?";
    "paused" "(NODE)" Truth |scope, args| status(scope, args, |s| matches!(s, Status::Paused { .. })), "Is the process stopped but alive?";
    "fenced" "(BROKER)" Truth |scope, args| fenced(scope, args), "Does the controller keep this broker from serving?";
    "active" "(BROKER)" Truth |scope, args| Value::maybe(broker_of(args, 0), |id| Value::Bool(scope.world.image().is_active(id))), "Is this broker registered and not fenced?";
    "active_brokers" "()" Number |scope, _| Value::count(scope.world.image().brokers().filter(|(_, b)| !b.fenced).count()), "How many brokers may serve.";

    "committed" "(GROUP, PARTITION)" Committed |scope, args| Value::maybe(committed(scope, args), offset), "The next offset the group would begin at, as its coordinator (before 0.9: ZooKeeper) keeps it.";
    "position" "(CLIENT, PARTITION)" Position position, "The next offset this consumer will read.";
    "lag" "(GROUP[, PARTITION])" Lag lag, "High watermark less committed offset; of all its partitions together, if none is named.";
    "owner" "(GROUP, PARTITION)" Client owner, "The member that reads this partition.";
    "owned" "(GROUP, CLIENT)" Number owned, "How many partitions that member reads.";
    "state" "(GROUP)" GroupState |scope, args| Value::maybe(views::group(scope.world, text(args, 0)), |(_, g)| Value::Text(g.state().name().to_owned())), "Kafka's word for the group's state.";
    "generation" "(GROUP)" Number |scope, args| Value::maybe(views::group(scope.world, text(args, 0)), |(_, g)| Value::whole(g.generation().0.into())), "How often the group has been formed.";
    "members" "(GROUP)" Number members, "How many members the group has.";
    "coordinator" "(GROUP)" Broker |scope, args| Value::maybe(views::group(scope.world, text(args, 0)), |(id, _)| broker(id)), "The broker that keeps the group.";

    "processed" "(GROUP)" Number |scope, args| Value::maybe(views::processed(scope.world, text(args, 0)), Value::whole), "Records a group, or one client, has finished with; a record read twice counts twice.";
    "queue_processed" "(APPLICATION)" Number |scope, args| Value::maybe(views::queue_processed(scope.world, text(args, 0)), Value::whole), "Messages the workers of an application on the queue have finished with.";
    "began_at" "(CLIENT, PARTITION)" Position began_at, "The offset at which this consumer last began to read, or was put.";
    "began_from" "(CLIENT, PARTITION)" Plain history::began_from, "Why it began there: Committed, ResetEarliest, ResetLatest, OutOfRange or Seek.";
    "read_order" "(CLIENT[, PARTITION])" Plain history::read_order, "The values of the records this consumer has finished with, in that order; of one partition, if it is named.";
    "skipped" "(GROUP)" Lost |scope, args| Value::maybe(views::skipped(scope.world, text(args, 0)), Value::whole), "Records below the group's committed offsets that none of its members has finished with.";
    "distinct" "(GROUP)" Number |scope, args| Value::maybe(views::distinct(scope.world, text(args, 0)), Value::whole), "Different records a group has finished with.";
    "read_twice" "(GROUP)" ReadTwice |scope, args| Value::maybe(views::read_twice(scope.world, text(args, 0)), Value::whole), "Times a group finished with a record that it had finished with before.";
    "answered_in" "(GROUP)" Time history::answered_in, "Mean time from a record's timestamp until a group, or one client, had finished with it.";
    "late" "(GROUP, TIME)" Number history::late, "Records that a group, or one client, had finished with later than so long after their timestamp.";
    "sent" "(PRODUCER)" Number |scope, args| Value::maybe(views::tally(scope.world, text(args, 0)), |t| Value::whole(t.sent)), "Records a producer's program has handed over.";
    "acked" "(PRODUCER)" Number |scope, args| Value::maybe(views::tally(scope.world, text(args, 0)), |t| Value::whole(t.acked)), "Records whose producer was told that they are stored.";
    "failed" "(PRODUCER)" Lost |scope, args| Value::maybe(views::tally(scope.world, text(args, 0)), |t| Value::whole(t.failed)), "Records whose producer was told that they failed.";
    "acked_in" "(PRODUCER)" Time history::acked_in, "Mean time from send() to the acknowledgement.";
    "sends" "(PRODUCER)" Number history::sends, "Batches this producer has sent, each counted once.";
    "producer_id" "(PRODUCER)" Number producers::id, "Its producer id; none while it has none, or if it is not idempotent.";
    "producer_epoch" "(PRODUCER)" Number producers::epoch, "The epoch that goes with its producer id.";
    "next_sequence" "(PRODUCER, PARTITION)" Number producers::next_sequence, "The sequence number that its next record for the partition will get.";
    "known_batches" "(PRODUCER, PARTITION[, BROKER])" Number producers::known_batches, "How many batches of that producer the leader, or that broker, would recognise as duplicates.";
    "duplicates" "(PARTITION)" Number producers::duplicates, "How often a leader recognised a batch that it had already, and did not write it.";
    "out_of_sequence" "(PARTITION)" Number producers::refused, "How often a leader refused a batch because its sequence number or its epoch did not fit.";
    "lost_acked" "()" Lost |scope, _| Value::whole(views::lost_acked(scope.past)), "Acknowledged records that are in no leader's log any more.";
    "retries" "(PRODUCER)" Number retries, "Batches this producer had to send again.";
    "errors" "(PRODUCER, ERROR)" Number history::errors, "Batches that came back to this producer with that error of Kafka's, such as NOT_ENOUGH_REPLICAS.";
    "waiting" "(PARTITION)" Number waiting, "Produce requests that wait on the leader for the high watermark.";

    "requests" "(CLIENT, API)" Number history::requests, "Requests of that name it has sent, such as Fetch.";
    "empty_fetches" "(CLIENT)" Number history::empty_fetches, "Fetches that were answered without a record.";
    "poll_timeouts" "(CLIENT)" Number history::poll_timeouts, "Times it left its group because poll() came later than max.poll.interval.ms.";
    "no_offset" "(CLIENT)" Number history::no_offset, "Times poll() found no valid offset and auto.offset.reset=none.";
    "given_up" "(GROUP)" Number history::given_up, "How many partitions members of a group, or one client, have had to give up so far, each time counted.";
    "expired" "(GROUP)" Number history::expired, "Members the coordinator has removed because their session or their rebalance timed out.";
    "commits_refused" "(CLIENT)" Number history::commits_refused, "Commits of this consumer that failed: the coordinator, or its own client, refused them.";

    "queue_ready" "()" Number |scope, _| Value::maybe(views::queue(scope.world), |q| Value::whole(q.ready)), "Messages in the queue that nobody has been given.";
    "queue_delivered" "()" Number |scope, _| Value::maybe(views::queue(scope.world), |q| Value::whole(q.delivered)), "Messages that a worker has and has not acknowledged.";
    "queue_removed" "()" Number |scope, _| Value::maybe(views::queue(scope.world), |q| Value::whole(q.removed)), "Messages that are gone from the queue because they were acknowledged.";
    "queue_dead" "()" Number |scope, _| Value::maybe(views::queue(scope.world), |q| Value::whole(q.dead)), "Messages set aside after too many deliveries.";
    "queue_deliveries" "()" Number history::queue_deliveries, "How often the queue has handed out a message; one that is delivered twice counts twice.";
    "in_hand" "(WORKER)" Number |scope, args| Value::maybe(views::in_hand(scope.world, text(args, 0)), Value::whole), "Messages the queue has given a worker that it has not finished with.";
    "received" "(APPLICATION)" Number |scope, args| Value::maybe(views::received(scope.world, scope.past, text(args, 0)), Value::whole), "Different messages the workers of an application on the queue were given.";

    "crashed_at" "(NODE)" Time crashed_at, "When the process last died.";
    "fenced_at" "(BROKER)" Time fenced_at, "When the controller last fenced this broker.";
    "isr_changed_at" "(PARTITION)" Time history::isr_changed_at, "When the controller last changed its in-sync set.";
    "elected_at" "(PARTITION)" Time elected_at, "When the controller last gave this partition a leader.";
    "acked_at" "(PRODUCER[, PARTITION])" Time acked_at, "When this producer last got an acknowledgement, from that partition if one is named.";
    "closed_at" "(CLIENT)" Time closed_at, "When this consumer left in good order.";
}

// ---- arguments -----------------------------------------------------------------------------------------------------

/// A word; a number stands for itself as well, since topics may be called `2024`.
pub(super) fn text(args: &[Value], index: usize) -> &str {
    match args.get(index) {
        Some(Value::Text(text)) => text,
        _ => "",
    }
}

/// `broker-2`, or just `2`.
pub(super) fn broker_of(args: &[Value], index: usize) -> Option<BrokerId> {
    match args.get(index)? {
        Value::Int(id) => u32::try_from(*id).ok().map(BrokerId),
        Value::Text(name) => name.strip_prefix("broker-")?.parse().ok().map(BrokerId),
        _ => None,
    }
}

pub(super) fn partition_of(scope: Scope<'_>, args: &[Value], index: usize) -> Option<TopicPartition> {
    views::partition(scope.world, text(args, index))
}

pub(super) fn node_of(scope: Scope<'_>, args: &[Value], index: usize) -> Option<NodeId> {
    match args.get(index)? {
        Value::Text(name) => scope.world.node_of(&crate::console::words::target(name)),
        _ => broker_of(args, index).map(NodeId::Broker),
    }
}

// ---- results -------------------------------------------------------------------------------------------------------

fn broker(id: BrokerId) -> Value {
    Value::Int(id.0.into())
}

fn brokers(ids: &[BrokerId]) -> Value {
    Value::List(ids.iter().copied().map(broker).collect())
}

pub(super) fn offset(offset: Offset) -> Value {
    Value::whole(offset.0)
}

fn at(time: Time) -> Value {
    Value::Time(time.0)
}

// ---- functions -----------------------------------------------------------------------------------------------------

fn length(_: Scope<'_>, args: &[Value]) -> Value {
    match args.first() {
        Some(Value::List(items)) => Value::count(items.len()),
        _ => Value::None,
    }
}

fn registered(
    scope: Scope<'_>,
    args: &[Value],
    read: impl FnOnce(&crate::engine::metadata::PartitionRegistration) -> Value,
) -> Value {
    let registration = partition_of(scope, args, 0).and_then(|partition| scope.world.image().partition(partition));
    Value::maybe(registration, read)
}

fn in_sync(scope: Scope<'_>, args: &[Value]) -> Value {
    let Some(id) = broker_of(args, 1) else { return Value::None };
    registered(scope, args, |registration| Value::Bool(registration.isr.contains(&id)))
}

/// The partition named first, and the broker named as argument `broker`, or its leader.
pub(super) fn replica_of(scope: Scope<'_>, args: &[Value], broker: usize) -> Option<(TopicPartition, BrokerId)> {
    let partition = partition_of(scope, args, 0)?;
    let id = match args.get(broker) {
        Some(_) => broker_of(args, broker)?,
        None => scope.world.image().partition(partition)?.leader?,
    };
    Some((partition, id))
}

fn replica(scope: Scope<'_>, args: &[Value], read: impl FnOnce(views::Replica) -> Offset) -> Value {
    let found = || {
        let (partition, id) = replica_of(scope, args, 1)?;
        views::replica(scope.world, id, partition)
    };
    Value::maybe(found(), |replica| offset(read(replica)))
}

fn status(scope: Scope<'_>, args: &[Value], holds: impl FnOnce(Status) -> bool) -> Value {
    let status = node_of(scope, args, 0).and_then(|node| scope.world.status(node));
    Value::maybe(status, |status| Value::Bool(holds(status)))
}

fn fenced(scope: Scope<'_>, args: &[Value]) -> Value {
    let registration = broker_of(args, 0).and_then(|id| scope.world.image().broker(id));
    Value::maybe(registration, |registration| Value::Bool(registration.fenced))
}

fn committed(scope: Scope<'_>, args: &[Value]) -> Option<Offset> {
    let partition = partition_of(scope, args, 1)?;
    views::all_committed(scope.world, text(args, 0))?.get(&partition).copied()
}

fn position(scope: Scope<'_>, args: &[Value]) -> Value {
    let found = || {
        let consumer = views::consumer(scope.world, text(args, 0))?;
        views::position(consumer, partition_of(scope, args, 1)?)
    };
    Value::maybe(found(), offset)
}

fn lag(scope: Scope<'_>, args: &[Value]) -> Value {
    let Some(committed) = views::all_committed(scope.world, text(args, 0)) else { return Value::None };
    let behind =
        |partition: TopicPartition| Some(views::log_end(scope.world, partition)?.since(*committed.get(&partition)?));
    if args.len() > 1 {
        return Value::maybe(partition_of(scope, args, 1).and_then(behind), Value::whole);
    }
    let lags: Vec<u64> = committed.keys().copied().filter_map(behind).collect();
    if lags.is_empty() { Value::None } else { Value::whole(lags.iter().sum()) }
}

fn owner(scope: Scope<'_>, args: &[Value]) -> Value {
    let found = || {
        let (name, partition) = (text(args, 0), partition_of(scope, args, 1)?);
        let Some((_, group)) = views::group(scope.world, name) else {
            return views::owner_in_zookeeper(scope.world, name, partition);
        };
        let member = group.members().iter().find(|member| member.assignment().contains(&partition))?;
        Some(member.client_id().to_owned())
    };
    Value::maybe(found(), Value::Text)
}

fn owned(scope: Scope<'_>, args: &[Value]) -> Value {
    let found = || {
        let (name, client) = (text(args, 0), text(args, 1));
        let Some((_, group)) = views::group(scope.world, name) else {
            return views::owned_in_zookeeper(scope.world, name, client);
        };
        Some(group.members().iter().find(|member| member.client_id() == client)?.assignment().len())
    };
    Value::maybe(found(), Value::count)
}

fn members(scope: Scope<'_>, args: &[Value]) -> Value {
    let name = text(args, 0);
    let counted = match views::group(scope.world, name) {
        Some((_, group)) => Some(group.members().len()),
        None => views::zookeeper_group(scope.world, name).map(|group| group.ids.len()),
    };
    Value::maybe(counted, Value::count)
}

fn began_at(scope: Scope<'_>, args: &[Value]) -> Value {
    let (Some(node), Some(wanted)) = (node_of(scope, args, 0), partition_of(scope, args, 1)) else {
        return Value::None;
    };
    let mine = scope.past.iter().rev().filter(|record| record.node == Some(node));
    let set = mine.filter_map(|record| match &record.fact {
        Fact::Consumer(ConsumerFact::PositionSet { partition, position, .. }) if *partition == wanted => {
            Some(*position)
        }
        _ => None,
    });
    Value::maybe(set.into_iter().next(), offset)
}

fn retries(scope: Scope<'_>, args: &[Value]) -> Value {
    let Some(node) = node_of(scope, args, 0) else { return Value::None };
    let retried = scope.past.iter().filter(|record| {
        record.node == Some(node) && matches!(record.fact, Fact::Producer(ProducerFact::BatchRetried { .. }))
    });
    Value::count(retried.count())
}

fn waiting(scope: Scope<'_>, args: &[Value]) -> Value {
    let found = || {
        let partition = partition_of(scope, args, 0)?;
        let leader = scope.world.image().partition(partition)?.leader?;
        views::waiting_produces(scope.world, leader, partition)
    };
    Value::maybe(found(), Value::whole)
}

/// The time of the newest fact that fits.
pub(super) fn newest(scope: Scope<'_>, mut fits: impl FnMut(Option<NodeId>, &Fact) -> bool) -> Value {
    Value::maybe(scope.past.iter().rev().find(|record| fits(record.node, &record.fact)), |record| at(record.at))
}

/// A partition's log as its leader has it.
pub(super) fn leaders_log(scope: Scope<'_>, partition: TopicPartition) -> Option<&UnifiedLog> {
    let leader = scope.world.image().partition(partition)?.leader?;
    scope.world.broker(leader)?.log(partition)
}

/// When such a fact was last told by the node named first.
pub(super) fn newest_of(scope: Scope<'_>, args: &[Value], fits: impl Fn(&Fact) -> bool) -> Value {
    let Some(node) = node_of(scope, args, 0) else { return Value::None };
    newest(scope, |at, fact| at == Some(node) && fits(fact))
}

fn crashed_at(scope: Scope<'_>, args: &[Value]) -> Value {
    newest_of(scope, args, |fact| matches!(fact, Fact::Runtime(RuntimeFact::Crashed { .. })))
}

fn fenced_at(scope: Scope<'_>, args: &[Value]) -> Value {
    let id = broker_of(args, 0);
    newest(
        scope,
        |_, fact| matches!(fact, Fact::Controller(ControllerFact::BrokerFenced { broker, .. }) if Some(*broker) == id),
    )
}

fn elected_at(scope: Scope<'_>, args: &[Value]) -> Value {
    let wanted = partition_of(scope, args, 0);
    newest(
        scope,
        |_, fact| matches!(fact, Fact::Controller(ControllerFact::LeaderElected { partition, to: Some(_), .. }) if Some(*partition) == wanted),
    )
}

fn acked_at(scope: Scope<'_>, args: &[Value]) -> Value {
    let wanted = partition_of(scope, args, 1);
    let anywhere = args.len() < 2;
    newest_of(scope, args, |fact| match fact {
        Fact::Producer(ProducerFact::BatchAcked { partition, .. }) => anywhere || wanted == Some(*partition),
        _ => false,
    })
}

fn closed_at(scope: Scope<'_>, args: &[Value]) -> Value {
    newest_of(scope, args, |fact| matches!(fact, Fact::Consumer(ConsumerFact::Closed)))
}
