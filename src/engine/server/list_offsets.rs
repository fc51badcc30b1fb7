//! ListOffsets: where a log begins, where it ends for the asker, which offset a time stands for. OffsetForLeaderEpoch:
//! where an epoch ended.

use super::env::{Env, respond};
use super::replica_manager::ReplicaManager;
use crate::engine::Ctx;
use crate::engine::common::{CorrelationId, ErrorCode, LeaderEpoch, NodeId, Offset, TopicPartition};
use crate::engine::protocol::{
    ListOffsetsRequest, ListOffsetsResponse, OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, OffsetSpec,
};

impl ReplicaManager {
    pub(super) fn list_offsets(
        &self,
        ctx: &mut Ctx<'_>,
        env: &Env<'_>,
        (from, correlation): (NodeId, CorrelationId),
        request: &ListOffsetsRequest,
    ) {
        let is_replica = matches!(from, NodeId::Broker(_));
        let partitions = request
            .partitions
            .iter()
            .map(|(id, epoch, spec)| (*id, self.fetch_offset(env, *id, *epoch, *spec, is_replica)))
            .collect();
        respond(ctx, from, correlation, ListOffsetsResponse { partitions });
    }

    /// `Partition.fetchOffsetForTimestamp`. A new leader whose high watermark has not yet reached the start of its
    /// epoch might answer a client with less than its predecessor did, so it refuses: OFFSET_NOT_AVAILABLE.
    fn fetch_offset(
        &self,
        env: &Env<'_>,
        id: TopicPartition,
        current_leader_epoch: Option<LeaderEpoch>,
        spec: OffsetSpec,
        is_replica: bool,
    ) -> Result<Option<Offset>, ErrorCode> {
        let partition = self.partition_or_error(env.image, id)?;
        partition.check_current_leader_epoch(current_leader_epoch)?;
        let leading = partition.leading().ok_or(ErrorCode::NotLeaderOrFollower)?;
        let log = env.logs.get(id).expect("a hosted partition has a log");
        let end = if is_replica { log.log_end_offset() } else { log.high_watermark() };
        let is_behind = !is_replica && leading.epoch_start_offset > log.high_watermark();
        match spec {
            OffsetSpec::Earliest => Ok(Some(log.log_start_offset())),
            OffsetSpec::Latest if is_behind => Err(ErrorCode::OffsetNotAvailable),
            OffsetSpec::Latest => Ok(Some(end)),
            OffsetSpec::MaxTimestamp | OffsetSpec::At(_) => {
                let found = match spec {
                    OffsetSpec::At(time) => log.fetch_offset_by_timestamp(time),
                    _ => log.fetch_offset_of_max_timestamp(),
                };
                match found.map(|found| found.offset) {
                    Some(offset) if offset < end => Ok(Some(offset)),
                    _ if is_behind => Err(ErrorCode::OffsetNotAvailable),
                    _ => Ok(None),
                }
            }
        }
    }

    /// OffsetForLeaderEpoch: the leader's word on where an epoch ended.
    pub(super) fn offsets_for_leader_epoch(
        &self,
        ctx: &mut Ctx<'_>,
        env: &Env<'_>,
        (from, correlation): (NodeId, CorrelationId),
        request: &OffsetForLeaderEpochRequest,
    ) {
        let end = |id: TopicPartition, current: Option<LeaderEpoch>, epoch: LeaderEpoch| {
            let partition = self.partition_or_error(env.image, id)?;
            partition.check_current_leader_epoch(current)?;
            partition.leading().ok_or(ErrorCode::NotLeaderOrFollower)?;
            Ok(env.logs.get(id).expect("a hosted partition has a log").end_offset_for_epoch(epoch))
        };
        let partitions = request.partitions.iter().map(|(id, current, epoch)| (*id, end(*id, *current, *epoch)));
        respond(ctx, from, correlation, OffsetForLeaderEpochResponse { partitions: partitions.collect() });
    }
}
