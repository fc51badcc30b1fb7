//! The thread that compacts logs (`LogCleaner`): one log after the other, the filthiest first, on every replica by
//! itself; a pause of `log.cleaner.backoff.ms` when there is nothing to do.

use super::BrokerFact;
use super::broker::Broker;
use super::env::Env;
use super::log_io::BrokerToken;
use super::replica_manager::ReplicaManager;
use super::timer::BrokerTimer;
use crate::engine::common::{Span, TopicPartition};
use crate::engine::config::BrokerConfig;
use crate::engine::storage::LogToClean;
use crate::engine::{Ctx, Token};

/// A slot of the offset map: a 16-byte hash of the key and its offset (`SkimpyOffsetMap`).
const SLOT_BYTES: u64 = 24;

impl ReplicaManager {
    /// Cleans the log with the highest dirty ratio among those that are due. Tells how many bytes were read and
    /// written; `None` if none is due.
    fn clean_filthiest_log(&mut self, ctx: &mut Ctx<'_>, env: &mut Env<'_>) -> Option<u64> {
        let now = ctx.now();
        let due = |id: &TopicPartition| -> Option<LogToClean> {
            let config = self.topic_config(id.topic);
            let log = env.logs.get(*id).filter(|_| config.cleanup_policy.compact)?;
            Some(log.to_clean(env.logs.first_dirty_offset(*id), now, &config)).filter(|what| what.is_due(&config))
        };
        let candidates = self.partitions.keys().filter_map(|id| Some((due(id)?, *id)));
        // The first of those that are equally dirty.
        let (what, partition) = candidates.reduce(|best, next| {
            if next.0.dirty_ratio_millionths() > best.0.dirty_ratio_millionths() { next } else { best }
        })?;
        let config = self.topic_config(partition.topic);
        let log = env.logs.get_mut(partition).expect("it was looked at a moment ago");
        let cleaned = log.clean(what, max_keys(env.config), now, &config);
        env.logs.checkpoint_first_dirty_offset(partition, cleaned.end);
        ctx.emit(BrokerFact::LogCleaned { partition, cleaned });
        ctx.set_timer(config.file_delete_delay, BrokerTimer::RemoveDeletedFiles { partition }.into());
        Some(cleaned.bytes_before + cleaned.bytes_after)
    }
}

impl Broker {
    /// One turn of the thread. Compacted logs are also the cleaner's to delete old segments of.
    pub(super) fn run_log_cleaner(&mut self, ctx: &mut Ctx<'_>) {
        let mut work = None;
        self.with_replicas(|replicas, env| {
            work = replicas.clean_filthiest_log(ctx, env);
            replicas.delete_old_segments(ctx, env, true);
        });
        match work {
            Some(bytes) => ctx.flush(bytes, Token::Broker(BrokerToken::LogCleaner)),
            None => {
                let backoff = self.volatile.config.log_cleaner_backoff.max(Span::millis(1));
                ctx.set_timer(backoff, BrokerTimer::LogCleaner.into());
            }
        }
    }
}

/// How many keys one pass can take in: `log.cleaner.dedupe.buffer.size`, shared by the threads, and filled no more than
/// `log.cleaner.io.buffer.load.factor`.
fn max_keys(config: &BrokerConfig) -> u64 {
    let slots = config.log_cleaner_dedupe_buffer_size / u64::from(config.log_cleaner_threads) / SLOT_BYTES;
    let filled = u128::from(slots) * u128::from(config.log_cleaner_io_buffer_load_factor.millionths()) / 1_000_000;
    u64::try_from(filled).unwrap_or(u64::MAX).max(1)
}
