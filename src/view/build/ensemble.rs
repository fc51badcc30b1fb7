//! The ZooKeeper ensemble in the place of the quorum: who leads, who follows, and the newest writes.

use crate::engine::common::{NodeId, Offset, ServerId};
use crate::engine::protocol::{Txn, TxnBody};
use crate::engine::world::World;
use crate::engine::zookeeper::{Role, ZooKeeper};
use crate::view::scene::{ControllerStrip, Ensemble, MetadataChip, Voter, VoterState};

/// So many chips fit beside the servers.
const CHIPS: usize = 2;
/// How far back to look for writes that say something.
const LOOK_BACK: usize = 64;

pub(super) fn strip(world: &World) -> ControllerStrip {
    let newest = world.zookeepers().map(|(_, server)| server).max_by_key(|server| server.tree().last_zxid());
    let newest = newest.expect("an ensemble has a server");
    let zxid = newest.tree().last_zxid();
    let telling = newest.log().after(Default::default()).take_while(|txn| txn.zxid <= zxid);
    let recent: Vec<&Txn> = telling.map(AsRef::as_ref).collect();
    let chips = recent.iter().rev().take(LOOK_BACK).filter_map(|txn| {
        // The counter alone: an epoch fits no chip.
        let offset = Offset(txn.zxid.0 & 0xffff_ffff);
        Some(MetadataChip { offset, text: chip(&txn.body)?, fresh: txn.zxid == zxid })
    });
    let mut tail: Vec<MetadataChip> = chips.take(CHIPS).collect();
    tail.reverse();
    ControllerStrip {
        epoch: zxid.epoch(),
        high_watermark: Offset(zxid.0 & 0xffff_ffff),
        voters: world.zookeepers().map(|(id, server)| voter(world, id, server)).collect(),
        ensemble: Some(Ensemble {
            zxid: zxid.to_string(),
            sessions: u32::try_from(newest.tree().sessions().count()).unwrap_or(u32::MAX),
            controller: world.kafka_controller().map(|id| id.0),
        }),
        tail,
    }
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

/// A write in a few characters; `None` for those that say nothing to a class.
fn chip(body: &TxnBody) -> Option<String> {
    // The last names of a path say enough: `orders/partitions/0/state` is `P0 state`.
    let short = |path: &str| {
        let parts: Vec<&str> = path.split('/').collect();
        match parts[..] {
            [.., topic, "partitions", partition, "state"] => format!("{topic}-{partition}"),
            [.., parent, name] if !parent.is_empty() => format!("{parent}/{name}"),
            _ => path.to_owned(),
        }
    };
    let internal = |path: &str| path.contains("/__");
    match body {
        TxnBody::Create { path, .. } if path.ends_with("/partitions") || internal(path) => None,
        TxnBody::Create { path, .. } => Some(format!("+ {}", short(path))),
        TxnBody::SetData { path, .. } if internal(path) => None,
        TxnBody::SetData { path, .. } => Some(format!("= {}", short(path))),
        TxnBody::Delete { path } => Some(format!("− {}", short(path))),
        TxnBody::CloseSession => Some("− session".to_owned()),
        TxnBody::Multi(parts) => parts.iter().rev().find_map(chip),
        TxnBody::CreateSession { .. } | TxnBody::Check { .. } | TxnBody::Error(_) => None,
    }
}
