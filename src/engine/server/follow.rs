//! What a follower does with its leader's answers: append, take over the high watermark, or cut its own log
//! (`AbstractFetcherThread.processFetchRequest`, `ReplicaFetcherThread`).

use super::BrokerFact;
use super::env::Env;
use super::fetcher::{Asked, FetchPhase};
use super::log_io::tell_producer_state;
use super::replica_manager::ReplicaManager;
use crate::engine::Ctx;
use crate::engine::common::{BrokerId, CorrelationId, ErrorCode, LeaderEpoch, NodeId, Offset, TopicPartition};
use crate::engine::protocol::{EpochEnd, FetchResponse, Fetched, ListOffsetsResponse, OffsetSpec};
use crate::engine::record::RecordBatch;
use crate::engine::storage::UnifiedLog;

impl ReplicaManager {
    pub(super) fn fetch_answered(
        &mut self,
        ctx: &mut Ctx<'_>,
        env: &mut Env<'_>,
        leader: BrokerId,
        correlation: CorrelationId,
        response: FetchResponse,
    ) {
        let Some(Asked::Fetch) = self.take_asked(ctx, leader, correlation) else { return };
        let is_usable = self.fetchers.get_mut(&leader).is_some_and(|one| one.session.handle_response(&response));
        for one in response.partitions.into_iter().filter(|_| is_usable) {
            let id = one.partition;
            let Some(leader_epoch) = self.awaited_epoch(leader, id) else { continue };
            match one.outcome {
                Ok(fetched) => self.process_partition_data(ctx, env, leader, id, leader_epoch, &fetched),
                Err(error) => self.fetch_refused(ctx, env, leader, id, leader_epoch, error),
            }
        }
        self.pump_fetcher(ctx, env, leader);
    }

    /// The epoch under which the partition was asked for, if it still stands there: meanwhile it may have got another
    /// leader, or the same one anew.
    fn awaited_epoch(&mut self, leader: BrokerId, id: TopicPartition) -> Option<LeaderEpoch> {
        let fetcher = self.fetchers.get_mut(&leader)?;
        let asked = *fetcher.session.asked(id)?;
        let leader_epoch = asked.current_leader_epoch?;
        let state = fetcher.position_mut(id, leader_epoch)?;
        (state.fetch_offset == asked.fetch_offset && state.phase != FetchPhase::Failed).then_some(leader_epoch)
    }

    fn process_partition_data(
        &mut self,
        ctx: &mut Ctx<'_>,
        env: &mut Env<'_>,
        leader: BrokerId,
        id: TopicPartition,
        leader_epoch: LeaderEpoch,
        fetched: &Fetched,
    ) {
        let log = env.logs.get(id).expect("a followed partition has a log");
        if !has_news(log, fetched) {
            return self.resume_at_log_end(env, leader, id, leader_epoch);
        }
        let log = env.logs.get_mut(id).expect("a followed partition has a log");
        if let Some(end) = fetched.diverging {
            // The leader's marks are not taken over before the histories agree again.
            let to = truncation_offset(log, end);
            truncate(ctx, env, id, to, leader_epoch);
            self.touch(id);
            return self.resume_at_log_end(env, leader, id, leader_epoch);
        }
        // Nothing of a later epoch than the one we asked under may come in (4.0).
        let is_ours = |batch: &&RecordBatch| {
            !env.config.version.skips_batches_of_later_epochs() || batch.partition_leader_epoch <= leader_epoch
        };
        // A log without records begins with the whole of a batch, even if the leader's begins in its middle.
        let is_empty = log.log_end_offset() == log.log_start_offset();
        let from = if is_empty { Offset(0) } else { log.log_end_offset() };
        let batches: Vec<RecordBatch> =
            fetched.batches.iter().take_while(is_ours).filter_map(|batch| tail_of(batch, from)).collect();
        let config = self.topic_config(id.topic);
        let bytes: u64 = batches.iter().map(|batch| u64::from(batch.size_in_bytes())).sum();
        if bytes > 0 && !self.can_write(ctx, env, id, bytes) {
            return;
        }
        let log = env.logs.get_mut(id).expect("a followed partition has a log");
        let info = log.append_as_follower(&batches, ctx.now(), &config);
        if let Some(info) = info {
            self.after_append(ctx, env, id, info, Some(leader));
            let (first, last, from) = (info.first_offset, info.last_offset, NodeId::Broker(leader));
            ctx.emit(BrokerFact::Appended { partition: id, first, last, leader_epoch, from });
        }
        let log = env.logs.get_mut(id).expect("a followed partition has a log");
        let moved = log.update_high_watermark(fetched.high_watermark);
        if let Some(from) = moved {
            let to = log.high_watermark();
            ctx.emit(BrokerFact::HighWatermarkMoved { partition: id, from, to, ends: Vec::new() });
        }
        let (from, to) = (log.log_start_offset(), fetched.log_start_offset);
        if log.maybe_increment_log_start_offset(to) {
            ctx.emit(BrokerFact::LogStartMoved { partition: id, from, to });
        }
        // Consumers may be reading from this follower.
        self.touch(id);
        self.resume_at_log_end(env, leader, id, leader_epoch);
        if let (Some(_), Some(fetcher)) = (info, self.fetchers.get_mut(&leader)) {
            fetcher.partitions.send_to_end(id);
        }
    }

    fn fetch_refused(
        &mut self,
        ctx: &Ctx<'_>,
        env: &Env<'_>,
        leader: BrokerId,
        id: TopicPartition,
        leader_epoch: LeaderEpoch,
        error: ErrorCode,
    ) {
        let phase = match error {
            ErrorCode::OffsetOutOfRange => FetchPhase::OutOfRange { asks: OffsetSpec::Latest },
            // The leader knows a newer epoch than we do: metadata will bring it.
            ErrorCode::FencedLeaderEpoch => FetchPhase::Failed,
            _ => FetchPhase::Delayed { until: ctx.now() + env.config.replica_fetch_backoff },
        };
        self.set_phase(leader, id, leader_epoch, phase);
    }

    /// `AbstractFetcherThread.fetchOffsetAndTruncate`: the leader's log ends before ours (an unclean election), begins
    /// after ours ends (we were away too long), or the offset has come into range meanwhile.
    pub(super) fn offsets_answered(
        &mut self,
        ctx: &mut Ctx<'_>,
        env: &mut Env<'_>,
        leader: BrokerId,
        correlation: CorrelationId,
        response: ListOffsetsResponse,
    ) {
        let Some(Asked::Offsets(asked)) = self.take_asked(ctx, leader, correlation) else { return };
        for (id, outcome) in response.partitions {
            let sent = asked.iter().find(|(partition, ..)| *partition == id);
            let Some((_, leader_epoch, spec)) = sent.copied() else { continue };
            let position = self.fetchers.get_mut(&leader).and_then(|fetcher| fetcher.position_mut(id, leader_epoch));
            if position.is_none_or(|state| state.phase != FetchPhase::OutOfRange { asks: spec }) {
                continue;
            }
            let log = env.logs.get_mut(id).expect("a followed partition has a log");
            match (spec, outcome) {
                (OffsetSpec::Latest, Ok(Some(end))) if end >= log.log_end_offset() => {
                    self.set_phase(leader, id, leader_epoch, FetchPhase::OutOfRange { asks: OffsetSpec::Earliest });
                    continue;
                }
                (OffsetSpec::Latest, Ok(Some(end))) => truncate(ctx, env, id, end, leader_epoch),
                (_, Ok(Some(start))) if start > log.log_end_offset() => {
                    let (to, from) = (log.log_start_offset(), log.log_end_offset());
                    log.truncate_fully_and_start_at(start, ctx.now());
                    ctx.emit(BrokerFact::Truncated { partition: id, to, from, leader_epoch });
                }
                (_, Ok(_)) => {}
                (_, Err(ErrorCode::FencedLeaderEpoch)) => {
                    self.set_phase(leader, id, leader_epoch, FetchPhase::Failed);
                    continue;
                }
                (_, Err(_)) => {
                    let until = ctx.now() + env.config.replica_fetch_backoff;
                    self.set_phase(leader, id, leader_epoch, FetchPhase::Delayed { until });
                    continue;
                }
            }
            self.touch(id);
            self.resume_at_log_end(env, leader, id, leader_epoch);
        }
        self.pump_fetcher(ctx, env, leader);
    }

    /// What the answer belongs to, if it is still waited for.
    fn take_asked(&mut self, ctx: &mut Ctx<'_>, leader: BrokerId, correlation: CorrelationId) -> Option<Asked> {
        let fetcher = self.fetchers.get_mut(&leader)?;
        let sent = fetcher.in_flight.take_if(|sent| sent.correlation == correlation)?;
        ctx.cancel_timer(sent.timeout);
        Some(sent.asked)
    }

    fn resume_at_log_end(&mut self, env: &Env<'_>, leader: BrokerId, id: TopicPartition, leader_epoch: LeaderEpoch) {
        let log = env.logs.get(id).expect("a followed partition has a log");
        let Some(fetcher) = self.fetchers.get_mut(&leader) else { return };
        if let Some(state) = fetcher.position_mut(id, leader_epoch) {
            state.fetch_offset = log.log_end_offset();
            state.last_fetched_epoch = log.leader_epochs().latest_epoch();
            state.phase = FetchPhase::Fetching;
            fetcher.partitions.wake(id);
        }
    }

    fn set_phase(&mut self, leader: BrokerId, id: TopicPartition, leader_epoch: LeaderEpoch, phase: FetchPhase) {
        let Some(fetcher) = self.fetchers.get_mut(&leader) else { return };
        if let Some(state) = fetcher.position_mut(id, leader_epoch) {
            state.phase = phase;
            fetcher.partitions.wake(id);
        }
    }
}

/// Is there anything in the answer that changes the follower's log? Most partitions of most answers are idle.
fn has_news(log: &UnifiedLog, fetched: &Fetched) -> bool {
    fetched.diverging.is_some()
        || !fetched.batches.is_empty()
        || fetched.high_watermark.clamp(log.log_start_offset(), log.log_end_offset()) != log.high_watermark()
        || fetched.log_start_offset > log.log_start_offset()
}

/// Before leader epochs (KIP-101) a new follower could only trust its own high watermark. That one lags behind the
/// leader's by a fetch, so committed records may be cut off here; and it says nothing about what lies below, so logs
/// that parted there stay apart.
pub(super) fn truncate_to_high_watermark(
    ctx: &mut Ctx<'_>,
    env: &mut Env<'_>,
    id: TopicPartition,
    leader_epoch: LeaderEpoch,
) {
    let to = env.logs.get(id).expect("a followed partition has a log").high_watermark();
    truncate(ctx, env, id, to, leader_epoch);
}

fn truncate(ctx: &mut Ctx<'_>, env: &mut Env<'_>, id: TopicPartition, to: Offset, leader_epoch: LeaderEpoch) {
    let log = env.logs.get_mut(id).expect("a followed partition has a log");
    let from = log.log_end_offset();
    if log.truncate_to(to, ctx.now()) {
        ctx.emit(BrokerFact::Truncated { partition: id, to, from, leader_epoch });
        tell_producer_state(ctx, id, log);
        env.logs.cut_first_dirty_offset(id, to);
    }
}

/// What of a batch lies at or after the follower's end. With leader epochs that is all or nothing; logs that parted
/// before KIP-101 may have other batches at these offsets, and uncompressed messages of the old formats came one by one.
fn tail_of(batch: &RecordBatch, from: Offset) -> Option<RecordBatch> {
    if batch.base_offset >= from {
        return Some(batch.clone());
    }
    let first = batch.iter().position(|(offset, _)| offset >= from)?;
    let tail = RecordBatch::new(&batch.records[first..], None);
    Some(tail.stamped(batch.offset_of(first), batch.partition_leader_epoch))
}

/// Where to cut after the leader said where `end.epoch` ended in its log
/// (`AbstractFetcherThread.getOffsetTruncationState`). If this log does not know that epoch, it is cut back to the
/// largest one below, and the next fetch asks again.
fn truncation_offset(log: &UnifiedLog, end: EpochEnd) -> Offset {
    let to = match log.end_offset_for_epoch(end.epoch) {
        Some(own) if own.epoch != end.epoch => own.end_offset,
        Some(own) => own.end_offset.min(end.end_offset),
        None => end.end_offset,
    };
    to.min(log.log_end_offset())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::common::Time;
    use crate::engine::config::TopicConfig;
    use crate::engine::record::Record;

    /// One record per entry, under these leader epochs.
    fn log(epochs: &[u32]) -> UnifiedLog {
        let mut log = UnifiedLog::new(Time::ZERO);
        for epoch in epochs {
            let batch = RecordBatch::new([Record::new(None, None, Time::ZERO)], None);
            log.append_as_leader(&batch, LeaderEpoch(*epoch), Time::ZERO, &TopicConfig::default()).unwrap();
        }
        log
    }

    #[test]
    fn the_cut_lies_where_the_histories_last_agree() {
        let cut = |epochs: &[u32], epoch, end| {
            truncation_offset(&log(epochs), EpochEnd { epoch: LeaderEpoch(epoch), end_offset: Offset(end) }).0
        };
        // Fact sheet §4.7: epoch 0 ended at 3 on the leader, at 5 here.
        assert_eq!(cut(&[0, 0, 0, 0, 0], 0, 3), 3);
        // It ended earlier here than there: nothing of ours is in doubt before that.
        assert_eq!(cut(&[0, 0, 1, 1], 0, 3), 2);
        // An epoch we never saw: back to the end of the largest one below it, then ask again (KIP-279).
        assert_eq!(cut(&[0, 0, 2, 2], 1, 4), 2);
        // Below all we know: we have nothing of that epoch.
        assert_eq!(cut(&[3, 3, 3], 1, 2), 0);
        // Above all we know: only the leader's word is left.
        assert_eq!(cut(&[3, 3, 3], 5, 2), 2);
        assert_eq!(cut(&[3, 3, 3], 5, 9), 3);
    }
}
