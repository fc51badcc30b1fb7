//! How a producer gets its id: InitProducerId (API 22) to any broker, AllocateProducerIds (67) from a broker to the
//! controller when the broker has none left to give (KIP-98, KIP-730).

use crate::engine::common::{BrokerEpoch, BrokerId, ErrorCode, ProducerIdAndEpoch, ProducerIdsBlock};

/// Of an idempotent producer, which has no transactional id: it gets an id that nobody had before, and epoch 0.
#[derive(Clone, Copy, Debug)]
pub struct InitProducerIdRequest;

#[derive(Clone, Copy, Debug)]
pub struct InitProducerIdResponse {
    /// COORDINATOR_LOAD_IN_PROGRESS while the broker waits for ids itself.
    pub outcome: Result<ProducerIdAndEpoch, ErrorCode>,
}

#[derive(Clone, Copy, Debug)]
pub struct AllocateProducerIdsRequest {
    pub broker: BrokerId,
    pub broker_epoch: BrokerEpoch,
}

#[derive(Clone, Copy, Debug)]
pub struct AllocateProducerIdsResponse {
    pub outcome: Result<ProducerIdsBlock, ErrorCode>,
}
