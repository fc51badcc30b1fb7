//! Blocks of producer ids in ZooKeeper: one znode says which block was taken last and by whom, and whoever takes the next
//! writes it there on condition that nobody was faster (`ZkProducerIdManager.getNewProducerIdBlock`). Since 3.0 only the
//! controller does so, for the broker that asks; before, every broker by itself.

use super::controller::{KafkaController, Step};
use super::task::LeaseFor;
use super::zk_data::{self, PRODUCER_IDS};
use crate::engine::Ctx;
use crate::engine::common::{BrokerId, CorrelationId, ErrorCode, NodeId, ProducerId, ProducerIdsBlock};
use crate::engine::controller::ControllerFact;
use crate::engine::protocol::{AllocateProducerIdsRequest, AllocateProducerIdsResponse, ZkOp, ZkOutcome, ZkReply};

/// A block about to be taken, and the version of the znode on which that depends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    pub block: ProducerIdsBlock,
    version: u32,
}

impl Lease {
    /// What to read first.
    #[must_use]
    pub fn read() -> ZkOp {
        ZkOp::GetData { path: PRODUCER_IDS.into(), watch: false }
    }

    /// The block after the one that was read.
    #[must_use]
    pub fn after(read: Option<&ZkOutcome>) -> Option<Self> {
        let Some(Ok(ZkReply::Data { data, stat })) = read else { return None };
        let first = zk_data::decode_producer_ids(data).map_or(ProducerId(0), |(_, block)| block.next_block_first_id());
        Some(Self { block: ProducerIdsBlock { first }, version: stat.version })
    }

    #[must_use]
    pub fn write(self, broker: BrokerId) -> ZkOp {
        let (path, data) = (PRODUCER_IDS.into(), zk_data::encode_producer_ids(broker, self.block));
        ZkOp::SetData { path, data, version: Some(self.version) }
    }
}

impl KafkaController {
    pub(super) fn plan_producer_ids(
        &self,
        (to, correlation): (NodeId, CorrelationId),
        request: AllocateProducerIdsRequest,
    ) -> Vec<Step> {
        let AllocateProducerIdsRequest { broker, broker_epoch } = request;
        let error = match self.context.live.get(&broker) {
            None => ErrorCode::BrokerIdNotRegistered,
            Some(live) if live.epoch != broker_epoch => ErrorCode::StaleBrokerEpoch,
            Some(_) => return vec![Step::ReadProducerIds(LeaseFor { broker, to, correlation })],
        };
        let response = AllocateProducerIdsResponse { outcome: Err(error) }.into();
        vec![Step::Answer { to, correlation, response }]
    }

    pub(super) fn producer_ids_read(&mut self, lease: LeaseFor, outcome: Option<&ZkOutcome>) {
        self.next(match Lease::after(outcome) {
            Some(block) => Step::WriteProducerIds(lease, block),
            None => answer(lease, Err(ErrorCode::UnknownServerError)),
        });
    }

    pub(super) fn producer_ids_written(
        &mut self,
        ctx: &mut Ctx<'_>,
        lease: LeaseFor,
        Lease { block, .. }: Lease,
        outcome: Option<&ZkOutcome>,
    ) {
        match outcome {
            Some(Ok(_)) => {
                let (broker, first, last) = (lease.broker, block.first, block.last());
                ctx.emit(ControllerFact::ProducerIdsAllocated { broker, first, last });
                self.next(answer(lease, Ok(block)));
            }
            _ => self.next(Step::ReadProducerIds(lease)),
        }
    }
}

fn answer(LeaseFor { to, correlation, .. }: LeaseFor, outcome: Result<ProducerIdsBlock, ErrorCode>) -> Step {
    Step::Answer { to, correlation, response: AllocateProducerIdsResponse { outcome }.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `ProducerIdBlockZNode.generateProducerIdBlockJson`
    #[test]
    fn the_znode_says_who_took_the_last_block() {
        let block = ProducerIdsBlock { first: ProducerId(3_000) };
        let data = zk_data::encode_producer_ids(BrokerId(2), block);
        assert_eq!(&*data, r#"{"version":1,"broker":2,"block_start":"3000","block_end":"3999"}"#);
        assert_eq!(zk_data::decode_producer_ids(&data), Some((BrokerId(2), block)));
        assert_eq!(zk_data::decode_producer_ids(""), None, "nobody has taken one yet");
    }
}
