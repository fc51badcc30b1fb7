//! Who keeps the cluster's memory: the controller, the znodes and sessions of ZooKeeper, the quorum of KRaft.

use super::functions::{broker_of, newest, newest_of, node_of, partition_of, text};
use super::{Scope, Value};
use crate::engine::common::{BrokerId, NodeId};
use crate::engine::controller::{Controller, ControllerFact};
use crate::engine::kafka_controller::{KafkaControllerFact, zk_data};
use crate::engine::metadata::PartitionRegistration;
use crate::engine::raft::RaftFact;
use crate::engine::runtime::RuntimeFact;
use crate::engine::server::BrokerFact;
use crate::engine::trace::Fact;
use crate::engine::world::Process;
use crate::engine::zookeeper::{Znode, ZooKeeperFact};

// ---- the controller ------------------------------------------------------------------------------------------------

/// `controller-101`, or in ZooKeeper mode the broker that /controller names.
pub(super) fn controller(scope: Scope<'_>, _: &[Value]) -> Value {
    let node = match scope.world.zookeepers().next() {
        Some(_) => scope.world.kafka_controller().map(NodeId::Broker),
        None => scope.world.active_controller().map(|(node, _)| node),
    };
    Value::maybe(node, |node| Value::Text(node.to_string()))
}

pub(super) fn controller_epoch(scope: Scope<'_>, _: &[Value]) -> Value {
    if let Some(tree) = scope.world.znode_tree() {
        let epoch = tree.get(zk_data::CONTROLLER_EPOCH).and_then(|znode| znode.data().parse().ok());
        return Value::maybe(epoch, Value::whole);
    }
    let epochs = scope.world.controllers().map(|(_, controller)| controller.raft().quorum().epoch);
    Value::maybe(epochs.max(), |epoch| Value::whole(epoch.0.into()))
}

/// When a controller last began to act: it knew everything that had been decided before it.
pub(super) fn controller_since(scope: Scope<'_>, _: &[Value]) -> Value {
    newest(scope, |_, fact| {
        matches!(
            fact,
            Fact::KafkaController(KafkaControllerFact::FailoverCompleted { .. })
                | Fact::Controller(ControllerFact::Activated { .. })
        )
    })
}

// ---- ZooKeeper -----------------------------------------------------------------------------------------------------

fn znode_at<'a>(scope: Scope<'a>, args: &[Value]) -> Option<&'a Znode> {
    scope.world.znode_tree()?.get(text(args, 0))
}

pub(super) fn znode(scope: Scope<'_>, args: &[Value]) -> Value {
    let znode = znode_at(scope, args);
    Value::maybe(znode, |znode| Value::Text(znode.data().to_string()))
}

pub(super) fn children(scope: Scope<'_>, args: &[Value]) -> Value {
    let znode = znode_at(scope, args);
    // Ids of brokers are numbers; in a list they stand close together.
    let name = |name: &str| name.parse().map_or_else(|_| Value::Text(name.to_owned()), Value::Int);
    Value::maybe(znode, |znode| Value::List(znode.children().map(|child| name(child)).collect()))
}

pub(super) fn is_ephemeral(scope: Scope<'_>, args: &[Value]) -> Value {
    let znode = znode_at(scope, args);
    Value::maybe(znode, |znode| Value::Bool(znode.stat().ephemeral_owner.is_some()))
}

pub(super) fn zookeeper_serves(scope: Scope<'_>, _: &[Value]) -> Value {
    let mut servers = scope.world.zookeepers().peekable();
    if servers.peek().is_none() {
        return Value::None;
    }
    Value::Bool(servers.any(|(id, server)| server.serves() && scope.world.is_up(NodeId::ZooKeeper(id))))
}

pub(super) fn has_session(scope: Scope<'_>, args: &[Value]) -> Value {
    let id = broker_of(args, 0);
    let zk = id.and_then(|id| scope.world.broker(id)).and_then(|broker| broker.zk());
    let is_up = id.is_some_and(|id| scope.world.is_up(NodeId::Broker(id)));
    Value::maybe(zk, |zk| Value::Bool(is_up && zk.session().is_connected()))
}

/// Sessions have numbers; whose one was, its creation tells.
pub(super) fn session_expired_at(scope: Scope<'_>, args: &[Value]) -> Value {
    let Some(id) = broker_of(args, 0).map(NodeId::Broker) else { return Value::None };
    let mine: Vec<_> = scope
        .past
        .iter()
        .filter_map(|record| match &record.fact {
            Fact::ZooKeeper(ZooKeeperFact::SessionCreated { session, client, .. }) if *client == id => Some(*session),
            _ => None,
        })
        .collect();
    newest(
        scope,
        |_, fact| matches!(fact, Fact::ZooKeeper(ZooKeeperFact::SessionExpired { session, .. }) if mine.contains(session)),
    )
}

// ---- starting ------------------------------------------------------------------------------------------------------

pub(super) fn started_at(scope: Scope<'_>, args: &[Value]) -> Value {
    newest_of(scope, args, |fact| matches!(fact, Fact::Runtime(RuntimeFact::Started)))
}

/// What the log of a broker that did not come up says, in Kafka's own words; none while it runs.
pub(super) fn start_error(scope: Scope<'_>, args: &[Value]) -> Value {
    let Some(node) = node_of(scope, args, 0).filter(|node| scope.world.is_down(*node)) else { return Value::None };
    let mine = scope.past.iter().rev().filter(|record| record.node == Some(node));
    let mut last = mine.take_while(|record| !matches!(record.fact, Fact::Runtime(RuntimeFact::Started)));
    let reason = last.find_map(|record| match &record.fact {
        Fact::Broker(BrokerFact::StartFailed { reason }) => Some(reason.clone()),
        _ => None,
    });
    Value::maybe(reason, Value::Text)
}

/// When the broker's process ended before it had served anybody.
pub(super) fn start_failed_at(scope: Scope<'_>, args: &[Value]) -> Value {
    newest_of(scope, args, |fact| matches!(fact, Fact::Broker(BrokerFact::StartFailed { .. })))
}

pub(super) fn registered_at(scope: Scope<'_>, args: &[Value]) -> Value {
    newest_of(scope, args, |fact| matches!(fact, Fact::Broker(BrokerFact::Registered { .. })))
}

// ---- the quorum ----------------------------------------------------------------------------------------------------

fn voter<'a>(scope: Scope<'a>, args: &[Value]) -> Option<&'a Controller> {
    let node = node_of(scope, args, 0)?;
    match scope.world.process(node)? {
        Process::Controller(controller) => Some(controller),
        _ => None,
    }
}

/// Kafka's word: Leader, Follower, Candidate, …
pub(super) fn quorum_state(scope: Scope<'_>, args: &[Value]) -> Value {
    Value::maybe(voter(scope, args), |voter| Value::Text(voter.raft().quorum().name().to_owned()))
}

pub(super) fn metadata_end(scope: Scope<'_>, args: &[Value]) -> Value {
    Value::maybe(voter(scope, args), |voter| super::functions::offset(voter.log().end_offset()))
}

pub(super) fn candidacies(scope: Scope<'_>, _: &[Value]) -> Value {
    let stood = |fact: &Fact| matches!(fact, Fact::Raft(RaftFact::BecameCandidate { .. }));
    Value::count(scope.past.iter().filter(|record| stood(&record.fact)).count())
}

// ---- partitions ----------------------------------------------------------------------------------------------------

fn of_partition(scope: Scope<'_>, args: &[Value], read: impl FnOnce(&PartitionRegistration) -> Value) -> Value {
    let registration = partition_of(scope, args, 0).and_then(|partition| scope.world.image().partition(partition));
    Value::maybe(registration, read)
}

fn ids(ids: &[BrokerId]) -> Value {
    Value::List(ids.iter().map(|id| Value::Int(id.0.into())).collect())
}

pub(super) fn elr(scope: Scope<'_>, args: &[Value]) -> Value {
    of_partition(scope, args, |registration| ids(&registration.elr))
}

pub(super) fn adding(scope: Scope<'_>, args: &[Value]) -> Value {
    of_partition(scope, args, |registration| ids(&registration.adding))
}

pub(super) fn removing(scope: Scope<'_>, args: &[Value]) -> Value {
    of_partition(scope, args, |registration| ids(&registration.removing))
}
