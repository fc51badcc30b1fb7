//! DeleteRecords (KIP-107): the leader moves the start of its log at once, and answers when every live replica has.
//!
//! Nothing is deleted yet: records before the log start are only no longer read. Whole segments before it go with the
//! next retention check.

use super::BrokerFact;
use super::env::{Env, respond};
use super::purgatory::{DeleteWait, Parked, ParkedDelete, ParkedId};
use super::replica_manager::ReplicaManager;
use super::timer::BrokerTimer;
use crate::engine::Ctx;
use crate::engine::common::{CorrelationId, ErrorCode, NodeId, Offset, TopicPartition};
use crate::engine::coordinator::group::OFFSETS_TOPIC;
use crate::engine::protocol::{DeleteRecordsRequest, DeleteRecordsResponse};

impl ReplicaManager {
    /// `ReplicaManager.deleteRecords`.
    pub(super) fn delete_records(
        &mut self,
        ctx: &mut Ctx<'_>,
        env: &mut Env<'_>,
        (client, correlation): (NodeId, CorrelationId),
        request: &DeleteRecordsRequest,
    ) {
        let mut waits: Vec<DeleteWait> = Vec::with_capacity(request.partitions.len());
        for (partition, offset) in &request.partitions {
            let (until, outcome) = match self.delete_on_leader(ctx, env, *partition, *offset) {
                Ok(until) => (until, None),
                Err(error) => (Offset(0), Some(Err(error))),
            };
            waits.push(DeleteWait { partition: *partition, until, outcome });
        }
        if self.settle_deletes(env, &mut waits) {
            answer(ctx, (client, correlation), &waits);
            return;
        }
        for wait in waits.iter().filter(|wait| wait.outcome.is_none()) {
            ctx.emit(BrokerFact::DeleteRecordsParked { partition: wait.partition, client, until: wait.until });
        }
        let id = self.purgatory.next_id();
        let timer = ctx.set_timer(request.timeout, BrokerTimer::DeleteExpired { parked: id }.into());
        let deadline = ctx.now() + request.timeout;
        let parked = Parked { client, correlation, since: ctx.now(), deadline, timer };
        self.purgatory.park_delete(id, ParkedDelete { parked, partitions: waits });
    }

    /// `Partition.deleteRecordsOnLeader`. Tells which low watermark is to be reached.
    ///
    /// # Errors
    /// INVALID_TOPIC_EXCEPTION for an internal topic; POLICY_VIOLATION if the topic is only compacted;
    /// OFFSET_OUT_OF_RANGE beyond the high watermark; and what a broker says that does not lead the partition.
    fn delete_on_leader(
        &mut self,
        ctx: &mut Ctx<'_>,
        env: &mut Env<'_>,
        id: TopicPartition,
        offset: Option<Offset>,
    ) -> Result<Offset, ErrorCode> {
        if env.image.topic_id(OFFSETS_TOPIC) == Some(id.topic) {
            return Err(ErrorCode::InvalidTopic);
        }
        let policy = self.topic_config(id.topic).cleanup_policy;
        let partition = self.partition_or_error(env.image, id)?;
        partition.leading().ok_or(ErrorCode::NotLeaderOrFollower)?;
        if policy.compact && !policy.delete {
            return Err(ErrorCode::PolicyViolation);
        }
        let log = env.logs.get_mut(id).expect("a hosted partition has a log");
        let to = offset.unwrap_or(log.high_watermark());
        if to > log.high_watermark() {
            return Err(ErrorCode::OffsetOutOfRange);
        }
        let from = log.log_start_offset();
        if log.maybe_increment_log_start_offset(to) {
            ctx.emit(BrokerFact::LogStartMoved { partition: id, from, to });
            self.touch(id);
        }
        Ok(to)
    }

    /// Something changed in this partition (`DelayedDeleteRecords.tryComplete`).
    pub(super) fn complete_deletes(&mut self, ctx: &mut Ctx<'_>, env: &mut Env<'_>, partition: TopicPartition) {
        for id in self.purgatory.deletes_watching(partition) {
            let Some(delete) = self.purgatory.delete_mut(id) else { continue };
            let mut waits = std::mem::take(&mut delete.partitions);
            let is_done = self.settle_deletes(env, &mut waits);
            self.purgatory.delete_mut(id).expect("it was there a moment ago").partitions = waits;
            if is_done {
                self.release_delete(ctx, id);
            }
        }
    }

    /// Answers with what is settled; the rest has timed out.
    pub(super) fn release_delete(&mut self, ctx: &mut Ctx<'_>, id: ParkedId) {
        if let Some(ParkedDelete { parked, partitions }) = self.purgatory.release_delete(ctx, id) {
            answer(ctx, (parked.client, parked.correlation), &partitions);
        }
    }

    /// Settles what can be settled; true if nothing is left to wait for.
    fn settle_deletes(&self, env: &Env<'_>, waits: &mut [DeleteWait]) -> bool {
        for wait in waits.iter_mut().filter(|wait| wait.outcome.is_none()) {
            let low_watermark = self.partition_or_error(env.image, wait.partition).and_then(|partition| {
                let log = env.logs.get(wait.partition).expect("a hosted partition has a log");
                partition.low_watermark(log, env.image).ok_or(ErrorCode::NotLeaderOrFollower)
            });
            wait.outcome = match low_watermark {
                Ok(low) => (low >= wait.until).then_some(Ok(low)),
                Err(error) => Some(Err(error)),
            };
        }
        waits.iter().all(|wait| wait.outcome.is_some())
    }
}

fn answer(ctx: &mut Ctx<'_>, (client, correlation): (NodeId, CorrelationId), waits: &[DeleteWait]) {
    let outcome = |wait: &DeleteWait| (wait.partition, wait.outcome.unwrap_or(Err(ErrorCode::RequestTimedOut)));
    respond(ctx, client, correlation, DeleteRecordsResponse { partitions: waits.iter().map(outcome).collect() });
}
