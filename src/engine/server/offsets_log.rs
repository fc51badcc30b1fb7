//! The group coordinator's hand on the log: `__consumer_offsets` is a topic like any other, written with acks=all.

use super::env::Env;
use super::replica_manager::ReplicaManager;
use crate::engine::Ctx;
use crate::engine::common::{ErrorCode, NodeId, Offset, PartitionId, TopicPartition};
use crate::engine::coordinator::group::{OFFSETS_TOPIC, OffsetsLog};
use crate::engine::protocol::Acks;
use crate::engine::record::{Record, RecordBatch};

/// The local replicas, lent to the coordinator for one event.
pub(super) struct LocalOffsetsLog<'a, 'b> {
    pub(super) replicas: &'a mut ReplicaManager,
    pub(super) env: &'a mut Env<'b>,
}

impl OffsetsLog for LocalOffsetsLog<'_, '_> {
    /// Errors are told as `CoordinatorRuntime` and `GroupMetadataManager` tell them to clients.
    fn append(&mut self, ctx: &mut Ctx<'_>, partition: PartitionId, records: Vec<Record>) -> Result<Offset, ErrorCode> {
        let topic = self.env.image.topic_id(OFFSETS_TOPIC).ok_or(ErrorCode::NotCoordinator)?;
        let id = TopicPartition { topic, partition };
        let batch = RecordBatch::new(records, None);
        let me = NodeId::Broker(self.env.me);
        let appended = self.replicas.append_to_leader(ctx, self.env, id, &batch, Acks::All, me);
        appended.map(|done| done.until).map_err(|error| match error {
            ErrorCode::NotLeaderOrFollower => ErrorCode::NotCoordinator,
            ErrorCode::NotEnoughReplicas | ErrorCode::UnknownTopicOrPartition => ErrorCode::CoordinatorNotAvailable,
            other => other,
        })
    }
}
