//! Producing: append to the local leader, then answer at once or when the in-sync set has it.

use super::BrokerFact;
use super::env::{Env, respond};
use super::purgatory::{Parked, ParkedId, ParkedProduce, ProduceWait};
use super::replica_manager::ReplicaManager;
use super::timer::BrokerTimer;
use crate::engine::Ctx;
use crate::engine::common::{CorrelationId, ErrorCode, Mutation, NodeId, Offset, TopicPartition};
use crate::engine::protocol::{Acks, Appended, ProduceRequest, ProduceResponse, ProducedPartition};
use crate::engine::record::RecordBatch;
use crate::engine::storage::Flush;

/// A batch is in the leader's log.
pub(super) struct LeaderAppend {
    pub(super) appended: Appended,
    /// The high watermark must reach this before it counts as committed.
    pub(super) until: Offset,
    /// The leader's disk must have done this before the append is done.
    pub(super) flush: Option<Flush>,
}

impl ReplicaManager {
    /// `ReplicaManager.appendRecords`.
    ///
    /// With acks=0 nothing is answered. (Kafka closes the connection if such a request fails; a node here cannot.)
    pub(super) fn produce(
        &mut self,
        ctx: &mut Ctx<'_>,
        env: &mut Env<'_>,
        (from, correlation): (NodeId, CorrelationId),
        request: ProduceRequest,
    ) {
        let ProduceRequest { acks, timeout, batches } = request;
        let mut waits: Vec<ProduceWait> = batches
            .iter()
            .map(|(id, batch)| match self.append_to_leader(ctx, env, *id, batch, acks, from) {
                Ok(done) => {
                    let LeaderAppend { appended, until, flush } = done;
                    ProduceWait { partition: *id, until, flush, outcome: None, appended }
                }
                Err(error) => {
                    let nowhere = Appended { base_offset: Offset(0), log_start_offset: Offset(0) };
                    let outcome = Some(Err(error));
                    ProduceWait { partition: *id, until: Offset(0), flush: None, outcome, appended: nowhere }
                }
            })
            .collect();
        if acks == Acks::Zero {
            return;
        }
        // With an in-sync set of one, the append itself has raised the high watermark.
        if self.settle(env, acks, &mut waits) {
            self.answer_produce(ctx, env, (from, correlation), acks, waits);
            return;
        }
        for wait in waits.iter().filter(|wait| wait.outcome.is_none() && acks == Acks::All) {
            ctx.emit(BrokerFact::ProduceParked { partition: wait.partition, client: from, until: wait.until });
        }
        let id = self.purgatory.next_id();
        let timer = ctx.set_timer(timeout, BrokerTimer::ProduceExpired { parked: id }.into());
        let parked = Parked { client: from, correlation, since: ctx.now(), deadline: ctx.now() + timeout, timer };
        self.purgatory.park_produce(id, ParkedProduce { parked, acks, partitions: waits });
    }

    /// Writes one batch to the local leader's log. Tells where it went, and which offset the high watermark must reach
    /// before it counts as committed (`Partition.appendRecordsToLeader`).
    ///
    /// # Errors
    /// NOT_LEADER_OR_FOLLOWER, UNKNOWN_TOPIC_OR_PARTITION; with acks=all NOT_ENOUGH_REPLICAS while the in-sync set is
    /// smaller than `min.insync.replicas`; or what the log refuses. Nothing is written then.
    pub(super) fn append_to_leader(
        &mut self,
        ctx: &mut Ctx<'_>,
        env: &mut Env<'_>,
        id: TopicPartition,
        batch: &RecordBatch,
        acks: Acks,
        from: NodeId,
    ) -> Result<LeaderAppend, ErrorCode> {
        let config = self.topic_config(id.topic);
        self.partition_or_error(env.image, id)?.leading().ok_or(ErrorCode::NotLeaderOrFollower)?;
        if !self.can_write(ctx, env, id, u64::from(batch.size_in_bytes())) {
            return Err(ErrorCode::KafkaStorageError);
        }
        let partition = self.partition_or_error(env.image, id)?;
        let leading = partition.leading().ok_or(ErrorCode::NotLeaderOrFollower)?;
        let (isr, min_isr) = (leading.isr.len(), partition.effective_min_isr(config.min_insync_replicas));
        let leader_epoch = partition.leader_epoch();
        let log = env.logs.get_mut(id).expect("a hosted partition has a log");
        let outcome = if acks == Acks::All && isr < min_isr {
            Err(ErrorCode::NotEnoughReplicas)
        } else {
            log.append_as_leader(batch, leader_epoch, ctx.now(), &config)
        };
        let info = match outcome {
            Ok(info) => info,
            Err(error) if is_about_sequences(error) => {
                let stamp = batch.producer.expect("only a producer with an id is judged by it");
                let known = log.producers().get(stamp.producer_id);
                let known = known.map(|entry| (entry.epoch(), entry.last_batch().last_sequence));
                ctx.emit(BrokerFact::SequenceRefused { partition: id, client: from, stamp, error, known });
                return Err(error);
            }
            Err(error) => {
                let (isr, min_isr) = (count(isr), count(min_isr));
                ctx.emit(BrokerFact::AppendRefused { partition: id, error, isr, min_isr });
                return Err(error);
            }
        };
        let appended = Appended { base_offset: info.first_offset, log_start_offset: log.log_start_offset() };
        let (first, last) = (info.first_offset, info.last_offset);
        if info.is_duplicate {
            let stamp = batch.producer.expect("only a producer with an id is recognised");
            ctx.emit(BrokerFact::DuplicateBatch { partition: id, client: from, stamp, first, last });
            return Ok(LeaderAppend { appended, until: last.next(), flush: None });
        }
        let flush = self.after_append(ctx, env, id, info, None);
        ctx.emit(BrokerFact::Appended { partition: id, first, last, leader_epoch, from });
        // Followers that wait at the log's end have something to fetch.
        self.touch(id);
        self.advance_high_watermark(ctx, env, id);
        Ok(LeaderAppend { appended, until: last.next(), flush })
    }

    /// Something changed in this partition (`DelayedProduce.tryComplete`).
    pub(super) fn complete_produces(&mut self, ctx: &mut Ctx<'_>, env: &mut Env<'_>, partition: TopicPartition) {
        for id in self.purgatory.produces_watching(partition) {
            let Some(produce) = self.purgatory.produce_mut(id) else { continue };
            let (acks, mut waits) = (produce.acks, std::mem::take(&mut produce.partitions));
            let is_done = self.settle(env, acks, &mut waits);
            self.purgatory.produce_mut(id).expect("it was there a moment ago").partitions = waits;
            if is_done {
                self.release_produce(ctx, env, id);
            }
        }
    }

    /// Answers with what is settled; the rest has timed out.
    pub(super) fn release_produce(&mut self, ctx: &mut Ctx<'_>, env: &Env<'_>, id: ParkedId) {
        if let Some(ParkedProduce { parked, acks, partitions }) = self.purgatory.release_produce(ctx, id) {
            self.answer_produce(ctx, env, (parked.client, parked.correlation), acks, partitions);
        }
    }

    /// Settles what can be settled; true if nothing is left to wait for.
    fn settle(&self, env: &Env<'_>, acks: Acks, waits: &mut [ProduceWait]) -> bool {
        let is_flushed = |wait: &ProduceWait| {
            wait.flush.is_none_or(|flush| env.logs.get(wait.partition).is_none_or(|log| log.is_flushed(flush)))
        };
        let waits_for_all = acks == Acks::All && !env.config.sabotage.breaks(Mutation::AcksBeforeReplication);
        for wait in waits.iter_mut().filter(|wait| wait.outcome.is_none() && is_flushed(wait)) {
            let is_done = if waits_for_all { self.has_reached(env, wait.partition, wait.until) } else { Ok(true) };
            wait.outcome = match is_done {
                Ok(true) => Some(Ok(wait.appended)),
                Ok(false) => None,
                Err(error) => Some(Err(error)),
            };
        }
        waits.iter().all(|wait| wait.outcome.is_some())
    }

    fn has_reached(&self, env: &Env<'_>, id: TopicPartition, until: Offset) -> Result<bool, ErrorCode> {
        let partition = self.partition_or_error(env.image, id)?;
        let log = env.logs.get(id).expect("a hosted partition has a log");
        partition.check_enough_replicas_reach_offset(log, until, self.topic_config(id.topic).min_insync_replicas)
    }

    fn answer_produce(
        &self,
        ctx: &mut Ctx<'_>,
        env: &Env<'_>,
        (client, correlation): (NodeId, CorrelationId),
        acks: Acks,
        waits: Vec<ProduceWait>,
    ) {
        let answer = |wait: ProduceWait| {
            let outcome = wait.outcome.unwrap_or(Err(ErrorCode::RequestTimedOut));
            let current_leader = outcome.err().and_then(|error| self.leader_hint(env.image, wait.partition, error));
            let is_unknown = outcome == Err(ErrorCode::UnknownProducerId);
            let log = env.logs.get(wait.partition).filter(|_| is_unknown);
            let log_start_offset = log.map(|log| log.log_start_offset());
            ProducedPartition { partition: wait.partition, outcome, log_start_offset, current_leader }
        };
        let partitions: Vec<ProducedPartition> = waits.into_iter().map(answer).collect();
        for one in &partitions {
            let outcome = one.outcome.map(|appended| appended.base_offset);
            ctx.emit(BrokerFact::ProduceAnswered { partition: one.partition, client, outcome, acks });
        }
        respond(ctx, client, correlation, ProduceResponse { partitions });
    }
}

fn is_about_sequences(error: ErrorCode) -> bool {
    matches!(error, ErrorCode::OutOfOrderSequence | ErrorCode::InvalidProducerEpoch | ErrorCode::UnknownProducerId)
}

fn count(len: usize) -> u32 {
    u32::try_from(len).expect("a partition has few replicas")
}
