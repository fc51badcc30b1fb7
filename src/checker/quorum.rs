//! Who led the metadata log when, and whether each leader had everything that was committed (Raft's leader completeness).
//!
//! Both are promised always: a voter's vote and its copy are on its disk before anyone counts on them, so not even a loss
//! of power of all voters at once may break them.

use std::collections::BTreeMap;

use super::guarantee::{Evidence, Guarantee, Violation};
use crate::engine::common::{BrokerId, LeaderEpoch, NodeId};
use crate::engine::controller::{Controller, ControllerFact};
use crate::engine::metadata::OffsetAndEpoch;
use crate::engine::raft::RaftFact;
use crate::engine::{Fact, Record, World};

#[derive(Clone, Debug, Default)]
pub(super) struct Quorum {
    leaders: BTreeMap<LeaderEpoch, BrokerId>,
    /// How far the metadata log is known to be committed, with the epoch of the last such record.
    committed: Option<OffsetAndEpoch>,
}

impl Quorum {
    pub(super) fn observe(&mut self, world: &World, record: &Record, violations: &mut Vec<Violation>) {
        let mut broken = |guarantee, evidence| {
            violations.push(Violation { guarantee, step: record.step, at: record.at, evidence, unpromised: None });
        };
        let Some(NodeId::Controller(id)) = record.node else { return };
        match &record.fact {
            Fact::Raft(RaftFact::BecameLeader { epoch, .. }) => {
                let first = *self.leaders.entry(*epoch).or_insert(id);
                if first != id {
                    let evidence = Evidence::TwoControllers { epoch: *epoch, controllers: (first, id) };
                    broken(Guarantee::OneControllerPerEpoch, evidence);
                }
                let (Some(committed), Some(leader)) = (self.committed, controller(world, id)) else { return };
                if !has(leader, committed) {
                    let (end, committed) = (leader.log().end_offset(), committed.offset);
                    let evidence = Evidence::MetadataMissing { controller: id, end, committed };
                    broken(Guarantee::CommittedMetadataSurvives, evidence);
                }
            }
            Fact::Controller(ControllerFact::MetadataCommitted { last, .. }) => {
                let Some(active) = controller(world, id) else { return };
                let offset = last.next();
                if self.committed.is_none_or(|known| known.offset < offset) {
                    self.committed = Some(OffsetAndEpoch { offset, epoch: active.log().epoch_before(offset) });
                }
            }
            _ => {}
        }
    }
}

fn controller(world: &World, id: BrokerId) -> Option<&Controller> {
    world.controllers().find(|(_, controller)| controller.id() == id).map(|(_, controller)| controller)
}

/// Two logs that have a record of the same epoch at the same offset have the same before it.
fn has(leader: &Controller, committed: OffsetAndEpoch) -> bool {
    let log = leader.log();
    // What lies before the log's start was committed long ago: only a snapshot of committed records can replace it.
    log.start_offset() >= committed.offset
        || (log.end_offset() >= committed.offset && log.epoch_before(committed.offset) == committed.epoch)
}
