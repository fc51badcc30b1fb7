//! The replicas of new partitions, of a new topic as of one that grows: placed by Kafka, or named by hand and checked
//! (`ReplicationControlManager.createTopic`, `createPartitions`, `validateManualPartitionAssignment`).

use super::placement::{UsableBroker, place};
use super::replication_control::ReplicationControl;
use crate::engine::common::{BrokerId, ErrorCode, Rng};
use crate::engine::protocol::Refusal;

/// A new partition's replicas, and those of them that are in sync from the start.
pub(super) type Placed = (Vec<BrokerId>, Vec<BrokerId>);

impl ReplicationControl<'_> {
    pub(super) fn place_replicas(&self, partitions: u32, factor: u32, rng: &mut Rng) -> Result<Vec<Placed>, Refusal> {
        let refused = |why: String| {
            let message = format!("Unable to replicate the partition {factor} time(s): {why}");
            (ErrorCode::InvalidReplicationFactor, message)
        };
        let usable = self.image.brokers().filter(|(_, broker)| !broker.in_controlled_shutdown);
        let usable = usable.map(|(id, broker)| UsableBroker { id, rack: broker.rack.clone(), fenced: broker.fenced });
        let with_isr = |replicas: Vec<BrokerId>| match self.active_of(&replicas) {
            isr if isr.is_empty() => {
                Err(refused("All brokers are currently fenced or in controlled shutdown.".to_owned()))
            }
            isr => Ok((replicas, isr)),
        };
        place(usable, partitions, factor, rng).map_err(refused)?.into_iter().map(with_isr).collect()
    }

    /// From partition `first` on; all with as many replicas as those before them have.
    pub(super) fn replicas_by_hand(
        &self,
        by_hand: &[Vec<BrokerId>],
        first: u32,
        mut factor: Option<usize>,
    ) -> Result<Vec<Placed>, Refusal> {
        let refused = |why: String| (ErrorCode::InvalidReplicaAssignment, why);
        let mut placed = Vec::new();
        for (index, replicas) in (first..).zip(by_hand) {
            self.check_manual(replicas, factor).map_err(refused)?;
            factor = Some(replicas.len());
            let isr = self.active_of(replicas);
            if isr.is_empty() {
                return Err(refused(format!(
                    "All brokers specified in the manual partition assignment for partition {index} are fenced or in \
                     controlled shutdown."
                )));
            }
            placed.push((replicas.clone(), isr));
        }
        Ok(placed)
    }

    /// `validateManualPartitionAssignment`: brokers are looked at in the order of their ids.
    pub(super) fn check_manual(&self, replicas: &[BrokerId], factor: Option<usize>) -> Result<(), String> {
        if replicas.is_empty() {
            return Err("The manual partition assignment includes an empty replica list.".to_owned());
        }
        let mut sorted = replicas.to_vec();
        sorted.sort_unstable();
        for (at, broker) in sorted.iter().enumerate() {
            if self.image.broker(*broker).is_none() {
                return Err(format!(
                    "The manual partition assignment includes broker {broker}, but no such broker is registered."
                ));
            }
            if at > 0 && sorted[at - 1] == *broker {
                return Err(format!("The manual partition assignment includes the broker {broker} more than once."));
            }
        }
        match factor {
            Some(factor) if factor != replicas.len() => Err(format!(
                "The manual partition assignment includes a partition with {} replica(s), but this is not consistent \
                 with previous partitions, which have {factor} replica(s).",
                replicas.len()
            )),
            _ => Ok(()),
        }
    }

    fn active_of(&self, replicas: &[BrokerId]) -> Vec<BrokerId> {
        replicas.iter().copied().filter(|broker| self.is_active(*broker)).collect()
    }
}
