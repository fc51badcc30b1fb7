//! The ZooKeeper ensemble in the place of the quorum: who leads, who follows, and the
//! znodes that matter most to Kafka.

use crate::engine::common::{NodeId, Offset, ServerId, TopicId, TopicPartition};
use crate::engine::kafka_controller::zk_data;
use crate::engine::world::World;
use crate::engine::zookeeper::{DataTree, Role, ZooKeeper};
use crate::view::explain::broker_list;
use crate::view::scene::{ControllerStrip, Ensemble, StateZnode, Voter, VoterState};

pub(super) fn strip(world: &World, topic: Option<TopicId>) -> ControllerStrip {
    let tree = world.znode_tree().expect("an ensemble has a server");
    let zxid = tree.last_zxid();
    ControllerStrip {
        epoch: zxid.epoch(),
        high_watermark: Offset(zxid.0 & 0xffff_ffff),
        voters: world.zookeepers().map(|(id, server)| voter(world, id, server)).collect(),
        ensemble: Some(Ensemble {
            controller: data(tree, zk_data::CONTROLLER).and_then(zk_data::decode_controller).map(|id| id.0),
            controller_epoch: data(tree, zk_data::CONTROLLER_EPOCH).and_then(|text| text.parse().ok()).unwrap_or(0),
            ids: world.brokers().map(|(id, _)| (id.0, tree.get(&zk_data::broker_path(id)).is_some())).collect(),
            states: topic.map(|topic| states(world, tree, topic)).unwrap_or_default(),
        }),
        tail: Vec::new(),
    }
}

fn data<'a>(tree: &'a DataTree, path: &str) -> Option<&'a str> {
    tree.get(path).map(|node| &**node.data())
}

fn states(world: &World, tree: &DataTree, topic: TopicId) -> Vec<StateZnode> {
    let Some(known) = world.image().topic(topic) else { return Vec::new() };
    let state = |partition| {
        let node = tree.get(&zk_data::state_path(&known.name, partition))?;
        let state = zk_data::decode_state(node.data(), node.stat().version)?;
        Some(StateZnode {
            partition: TopicPartition { topic, partition },
            path: format!("{}/partitions/{partition}/state", known.name),
            leader: state.leader.map(|leader| leader.0),
            leader_epoch: state.leader_epoch.0,
            isr: broker_list(&state.isr),
            version: node.stat().version,
            written: node.stat().mtime,
        })
    };
    known.partitions.keys().filter_map(|partition| state(*partition)).collect()
}

fn voter(world: &World, id: ServerId, server: &ZooKeeper) -> Voter {
    let node = NodeId::ZooKeeper(id);
    let voted = match server.role() {
        Role::Looking(looking) => Some(looking.election.vote().leader.0),
        _ => None,
    };
    let state = match server.role() {
        _ if !world.is_up(node) => VoterState::Offline,
        Role::Looking(_) => VoterState::Candidate,
        Role::Following(following) if following.is_up_to_date() => VoterState::Follower,
        Role::Leading(leading) if leading.is_established() => VoterState::Leader,
        Role::Following(_) | Role::Leading(_) => VoterState::Unattached,
    };
    Voter {
        node,
        id: id.0,
        state,
        epoch: server.log().current_epoch(),
        log_end: Offset(server.log().last_zxid().0 & 0xffff_ffff),
        high_watermark: Some(Offset(server.tree().last_zxid().0 & 0xffff_ffff)),
        voted,
    }
}
