//! When nobody is left of whom the controller knows that they have everything: the last leader may lead again (KIP-966).
//!
//! A replica that is in sync or eligible and whose process dies is believed no more when it registers again
//! (`ReplicationControlManager.handleUncleanBrokerShutdown`), whether it has lost something or not. Once that has
//! happened to all of them, the controller elects the last leader, which `unclean.leader.election.enable` cannot forbid
//! (`PartitionChangeBuilder.canElectLastKnownLeader`).

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::common::{BrokerId, NodeId, TopicPartition};
use crate::engine::controller::ControllerFact;
use crate::engine::runtime::RuntimeFact;
use crate::engine::{Fact, Record};

/// Who has everything of a partition, as the controller believes.
#[derive(Clone, Debug, Default)]
struct Believed {
    isr: Vec<BrokerId>,
    elr: Vec<BrokerId>,
    /// Both, when there was somebody.
    last: Vec<BrokerId>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct LastKnown {
    died: BTreeSet<BrokerId>,
    believed: BTreeMap<TopicPartition, Believed>,
}

impl LastKnown {
    pub(super) fn observe(&mut self, record: &Record) {
        match (&record.fact, record.node) {
            (Fact::Runtime(RuntimeFact::Crashed { .. }), Some(NodeId::Broker(broker))) => {
                self.died.insert(broker);
            }
            (Fact::Controller(ControllerFact::IsrChanged { partition, from, to, .. }), _) => {
                let believed = self.believed.entry(*partition).or_default();
                if believed.last.is_empty() {
                    believed.last.clone_from(from);
                }
                believed.isr.clone_from(to);
                believed.note();
            }
            (Fact::Controller(ControllerFact::EligibleChanged { partition, elr, .. }), _) => {
                let believed = self.believed.entry(*partition).or_default();
                believed.elr.clone_from(elr);
                believed.note();
            }
            _ => {}
        }
    }

    /// Did all who had everything die?
    pub(super) fn may_lead_again(&self, partition: TopicPartition) -> bool {
        let believed = self.believed.get(&partition);
        believed.is_some_and(|believed| believed.last.iter().all(|broker| self.died.contains(broker)))
    }
}

impl Believed {
    fn note(&mut self) {
        let now: Vec<BrokerId> = self.isr.iter().chain(&self.elr).copied().collect();
        if !now.is_empty() {
            self.last = now;
        }
    }
}
