//! What a broker asks of its disk: to flush a log (`LogManager.flushDirtyLogs`, `UnifiedLog.flush`), and, before it serves
//! anybody, to read what an unclean stop has left in doubt (`LogManager.loadLogs`).
//!
//! A write goes to the page cache and takes no time. A flush does: after a roll it runs in the background; if
//! `flush.messages` asks for it, the append waits for it, and whoever asked for the append waits too.

use super::BrokerFact;
use super::broker::Broker;
use super::env::Env;
use super::replica_manager::ReplicaManager;
use super::timer::BrokerTimer;
use crate::engine::common::{BrokerId, Purpose, Span, TopicPartition};
use crate::engine::config::{BrokerConfig, TopicConfig};
use crate::engine::storage::{AppendInfo, Flush, ProducerStateManagerConfig, UnifiedLog};
use crate::engine::{Ctx, Token};

/// What a broker's disk is busy with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum BrokerToken {
    LogFlush {
        partition: TopicPartition,
        flush: Flush,
        /// The fetch loop that stands still meanwhile.
        fetcher: Option<BrokerId>,
    },
    /// Reading, not writing: the segments that must be looked through after an unclean stop.
    LogRecovery,
    /// A pass of the log cleaner has been read and written.
    LogCleaner,
}

impl ReplicaManager {
    /// The log to be led or followed, made if this broker has none yet.
    pub(super) fn open_log(&self, ctx: &mut Ctx<'_>, env: &mut Env<'_>, id: TopicPartition) {
        if env.logs.get(id).is_none() {
            let topic = self.names.get(&id.topic).expect("a topic has a name before it has a replica");
            let log = env.logs.get_or_create(id, topic, ctx.now());
            log.configure_producer_state(producer_state_config(env.config));
            draw_roll_jitter(ctx, log, &self.topic_config(id.topic));
        }
    }

    /// What follows an append: the sealed segment is flushed in the background, and the append itself if it is due. The
    /// latter is returned: the append is not done before that.
    pub(super) fn after_append(
        &mut self,
        ctx: &mut Ctx<'_>,
        env: &mut Env<'_>,
        partition: TopicPartition,
        info: AppendInfo,
        fetcher: Option<BrokerId>,
    ) -> Option<Flush> {
        let log = env.logs.get_mut(partition).expect("it was appended to a moment ago");
        if let Some(base_offset) = info.rolled {
            ctx.emit(BrokerFact::SegmentRolled { partition, base_offset });
            draw_roll_jitter(ctx, log, &self.topic_config(partition.topic));
        }
        let background = info.rolled.filter(|_| !info.flush_due).and_then(|base| log.flush_before(base));
        if let Some(flush) = background {
            ask_flush(ctx, partition, flush, None);
        }
        let awaited = info.flush_due.then(|| log.flush_before(info.last_offset.next())).flatten()?;
        ask_flush(ctx, partition, awaited, fetcher);
        if let Some(fetcher) = fetcher.and_then(|leader| self.fetchers.get_mut(&leader)) {
            fetcher.flushes += 1;
        }
        Some(awaited)
    }

    fn log_flushed(
        &mut self,
        ctx: &mut Ctx<'_>,
        env: &mut Env<'_>,
        partition: TopicPartition,
        flush: Flush,
        fetcher: Option<BrokerId>,
    ) {
        let moved = env.logs.get_mut(partition).and_then(|log| log.flushed(flush, ctx.now()));
        if let Some(recovery_point) = moved {
            ctx.emit(BrokerFact::LogFlushed { partition, recovery_point });
        }
        // Producers may wait for it.
        self.touch(partition);
        if let Some(leader) = fetcher {
            if let Some(fetcher) = self.fetchers.get_mut(&leader) {
                fetcher.flushes = fetcher.flushes.saturating_sub(1);
            }
            self.pump_fetcher(ctx, env, leader);
        }
    }

    /// `LogManager.flushDirtyLogs`: topics with `flush.ms`, as often as `log.flush.scheduler.interval.ms` says. That is
    /// never by default, so `flush.ms` alone does nothing.
    fn flush_dirty_logs(&mut self, ctx: &mut Ctx<'_>, env: &Env<'_>) {
        for id in self.partitions.keys() {
            let Some(log) = env.logs.get(*id) else { continue };
            if ctx.now().since(log.last_flushed()) < self.topic_config(id.topic).flush_time {
                continue;
            }
            if let Some(flush) = log.flush_before(log.log_end_offset()) {
                ask_flush(ctx, *id, flush, None);
            }
        }
    }

    /// Deletes what retention no longer covers (`LogManager.cleanupLogs`).
    ///
    /// Compacted logs are left to the cleaner, and without one to nobody.
    pub(super) fn delete_old_segments(&mut self, ctx: &mut Ctx<'_>, env: &mut Env<'_>, compacted: bool) {
        let hosted: Vec<TopicPartition> = self.partitions.keys().copied().collect();
        for id in hosted {
            let config = self.topic_config(id.topic);
            if config.cleanup_policy.compact != compacted {
                continue;
            }
            let Some(log) = env.logs.get_mut(id) else { continue };
            let deleted = log.delete_old_segments(ctx.now(), &config);
            let log_start = log.log_start_offset();
            for (base_offset, reason) in &deleted {
                let (base_offset, reason) = (*base_offset, *reason);
                ctx.emit(BrokerFact::SegmentDeleted { partition: id, base_offset, reason, log_start });
            }
            if !deleted.is_empty() {
                self.touch(id);
                ctx.set_timer(config.file_delete_delay, BrokerTimer::RemoveDeletedFiles { partition: id }.into());
            }
        }
    }

    /// `UnifiedLog.removeExpiredProducers`
    fn remove_expired_producers(&mut self, ctx: &mut Ctx<'_>, env: &mut Env<'_>) {
        for id in self.partitions.keys() {
            let has_producers = env.logs.get(*id).is_some_and(|log| log.producers().iter().len() > 0);
            let Some(log) = env.logs.get_mut(*id).filter(|_| has_producers) else { continue };
            for producer_id in log.remove_expired_producers(ctx.now()) {
                ctx.emit(BrokerFact::ProducerExpired { partition: *id, producer_id });
            }
        }
    }

    fn remove_deleted_files(&mut self, ctx: &mut Ctx<'_>, env: &mut Env<'_>, partition: TopicPartition) {
        let Some(log) = env.logs.get_mut(partition) else { return };
        for base_offset in log.remove_deleted_files(ctx.now()) {
            ctx.emit(BrokerFact::SegmentFilesRemoved { partition, base_offset });
        }
    }
}

impl Broker {
    /// Opens the logs; false while the disk still reads what an unclean stop has left in doubt.
    pub(super) fn load_logs(&mut self, ctx: &mut Ctx<'_>) -> bool {
        let logs = &self.durable.logs;
        if logs.is_loaded() {
            return true;
        }
        let bytes = logs.bytes_to_recover();
        if bytes == 0 {
            self.logs_read(ctx);
        } else if !std::mem::replace(&mut self.volatile.is_recovering, true) {
            let logs = u32::try_from(logs.iter().count()).expect("fewer than 2^32 logs");
            ctx.emit(BrokerFact::LogRecoveryBegun { logs, bytes });
            ctx.flush(bytes, Token::Broker(BrokerToken::LogRecovery));
        }
        self.durable.logs.is_loaded()
    }

    /// `LogManager.startup`: the logs are in order, and the tasks that look after them begin.
    fn logs_read(&mut self, ctx: &mut Ctx<'_>) {
        self.volatile.is_recovering = false;
        let (config, image) = (&self.volatile.config, self.volatile.metadata.image());
        self.volatile.replicas.reconfigure(config, image);
        let offline = self.durable.logs.iter().map(|(id, _)| id).filter(|id| self.durable.logs.is_offline(*id));
        self.volatile.replicas.offline = offline.collect();
        let replicas = &self.volatile.replicas;
        let (now, producers) = (ctx.now(), producer_state_config(config));
        for (partition, recovered) in self.durable.logs.load(now, producers, |id| replicas.topic_config(id.topic)) {
            ctx.emit(BrokerFact::LogRecovered { partition, recovered });
        }
        for (partition, log) in self.durable.logs.iter() {
            tell_producer_state(ctx, partition, log);
        }
        let delay = config.log_segment_delete_delay;
        if self.durable.logs.requeue_deleted_logs(now, delay) {
            ctx.set_timer(delay, BrokerTimer::RemoveDeletedLogs.into());
        }
        for task in [
            BrokerTimer::RetentionCheck,
            BrokerTimer::FlushCheck,
            BrokerTimer::RecoveryPointCheckpoint,
            BrokerTimer::LogStartOffsetCheckpoint,
        ] {
            ctx.set_timer(config.log_initial_task_delay, task.into());
        }
        if config.log_cleaner_enable {
            ctx.set_timer(Span::ZERO, BrokerTimer::LogCleaner.into());
        }
        if config.version.numbers_batches() {
            ctx.set_timer(config.producer_id_expiration_check_interval, BrokerTimer::ProducerExpiration.into());
        }
    }

    /// `kafka-delete-logs`
    fn remove_deleted_logs(&mut self, ctx: &mut Ctx<'_>) {
        for deleted in self.durable.logs.remove_deleted_logs(ctx.now()) {
            ctx.emit(BrokerFact::LogDirectoryRemoved { directory: deleted.name, bytes: deleted.bytes });
        }
    }

    pub(super) fn on_log_timer(&mut self, ctx: &mut Ctx<'_>, timer: BrokerTimer) {
        match &timer {
            BrokerTimer::RetentionCheck => {
                self.with_replicas(|replicas, env| replicas.delete_old_segments(ctx, env, false));
            }
            BrokerTimer::FlushCheck => self.with_replicas(|replicas, env| replicas.flush_dirty_logs(ctx, env)),
            BrokerTimer::RecoveryPointCheckpoint => self.durable.logs.checkpoint_recovery_points(),
            BrokerTimer::LogStartOffsetCheckpoint => self.durable.logs.checkpoint_log_start_offsets(),
            BrokerTimer::HighWatermarkCheckpoint => {
                self.with_replicas(|replicas, env| replicas.probe_log_dirs(ctx, env));
                self.durable.logs.checkpoint_high_watermarks();
            }
            BrokerTimer::ProducerExpiration => {
                self.with_replicas(|replicas, env| replicas.remove_expired_producers(ctx, env));
            }
            BrokerTimer::RemoveDeletedLogs => return self.remove_deleted_logs(ctx),
            BrokerTimer::LogCleaner => return self.run_log_cleaner(ctx),
            BrokerTimer::RemoveDeletedFiles { partition } => {
                let partition = *partition;
                self.with_replicas(|replicas, env| replicas.remove_deleted_files(ctx, env, partition));
            }
            _ => unreachable!("told apart by the caller"),
        }
        if let Some(interval) = interval(&self.volatile.config, &timer).filter(|interval| *interval < Span(u64::MAX)) {
            ctx.set_timer(interval.max(Span::millis(1)), timer.into());
        }
    }

    pub(super) fn disk_done(&mut self, ctx: &mut Ctx<'_>, token: BrokerToken) {
        match token {
            BrokerToken::LogRecovery => {
                self.logs_read(ctx);
                if !self.zk_logs_read(ctx) {
                    self.publish(ctx, true);
                }
            }
            BrokerToken::LogCleaner => self.run_log_cleaner(ctx),
            BrokerToken::LogFlush { partition, flush, fetcher } => {
                self.with_replicas(|replicas, env| replicas.log_flushed(ctx, env, partition, flush, fetcher));
            }
        }
    }
}

/// What a replica knows of producers after it had to read it from files; nothing is told of nobody.
pub(super) fn tell_producer_state(ctx: &mut Ctx<'_>, partition: TopicPartition, log: &UnifiedLog) {
    let (known, snapshot) = (log.producers().iter(), log.producers().loaded_from());
    if known.len() > 0 {
        let producers = u32::try_from(known.len()).expect("fewer than 2^32 producers");
        let batches = known.map(|(_, entry)| u32::try_from(entry.batches().len()).expect("at most five")).sum();
        ctx.emit(BrokerFact::ProducerStateLoaded { partition, snapshot, producers, batches });
    }
}

/// `producer.id.expiration.ms`
pub(super) fn producer_state_config(config: &BrokerConfig) -> ProducerStateManagerConfig {
    ProducerStateManagerConfig { expiration: config.producer_id_expiration, version: config.version }
}

/// How often a task of the log manager runs.
fn interval(config: &BrokerConfig, task: &BrokerTimer) -> Option<Span> {
    Some(match task {
        BrokerTimer::RetentionCheck => config.log_retention_check_interval,
        BrokerTimer::FlushCheck => config.log_flush_scheduler_interval,
        BrokerTimer::RecoveryPointCheckpoint => config.log_flush_offset_checkpoint_interval,
        BrokerTimer::LogStartOffsetCheckpoint => config.log_flush_start_offset_checkpoint_interval,
        BrokerTimer::ProducerExpiration => config.producer_id_expiration_check_interval,
        BrokerTimer::HighWatermarkCheckpoint => config.replica_high_watermark_checkpoint_interval,
        _ => return None,
    })
}

fn ask_flush(ctx: &mut Ctx<'_>, partition: TopicPartition, flush: Flush, fetcher: Option<BrokerId>) {
    ctx.flush(flush.bytes, Token::Broker(BrokerToken::LogFlush { partition, flush, fetcher }));
}

/// `LogConfig.randomSegmentJitter`
fn draw_roll_jitter(ctx: &mut Ctx<'_>, log: &mut UnifiedLog, config: &TopicConfig) {
    let most = config.segment_jitter.min(config.segment_time).as_millis();
    if most > 0 {
        log.set_roll_jitter(Span::millis(ctx.rng().below(Purpose::SegmentJitter, most)));
    }
}
