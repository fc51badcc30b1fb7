//! A disk fails or is full: the directory goes offline, and with it every replica that lies in it
//! (`ReplicaManager.handleLogDirFailure`).
//!
//! The broker lives on as long as one directory is left (since 1.0, KIP-112; before, one failure was enough to end it).
//! Clients are told KAFKA_STORAGE_ERROR until the controller has moved the leaderships elsewhere. It hears of the failure
//! with the next heartbeat; in ZooKeeper mode by a notice under /log_dir_event_notification.

use super::BrokerFact;
use super::broker::Broker;
use super::env::Env;
use super::replica_manager::{Leadership, ReplicaManager};
use crate::engine::Ctx;
use crate::engine::common::TopicPartition;
use crate::engine::storage::DiskError;
use std::sync::Arc;

impl ReplicaManager {
    /// Can `bytes` more be written to the log? If not, its directory is given up.
    pub(super) fn can_write(&mut self, ctx: &mut Ctx<'_>, env: &mut Env<'_>, id: TopicPartition, bytes: u64) -> bool {
        let Some(error) = env.logs.write_error(id, bytes) else { return true };
        let path = env.logs.directory_of(id).map(|dir| Arc::clone(&dir.path)).expect("a log lies in a directory");
        self.log_dir_failed(ctx, env, &path, error);
        false
    }

    /// A checkpoint is written to every directory.
    pub(super) fn probe_log_dirs(&mut self, ctx: &mut Ctx<'_>, env: &mut Env<'_>) {
        for (path, error) in env.logs.failing_dirs() {
            self.log_dir_failed(ctx, env, &path, error);
        }
    }

    fn log_dir_failed(&mut self, ctx: &mut Ctx<'_>, env: &mut Env<'_>, path: &Arc<str>, error: DiskError) {
        self.failed_dirs += 1;
        let replicas = env.logs.take_offline(path);
        let hosted = replicas.into_iter().filter(|id| self.partitions.contains_key(id)).collect::<Vec<_>>();
        ctx.emit(BrokerFact::LogDirFailed { directory: Arc::clone(path), error, replicas: hosted.clone() });
        for id in hosted {
            self.stop_fetching(id);
            let partition = self.partitions.remove(&id).expect("only hosted ones are listed");
            if partition.is_leader() {
                self.resigned.push(Leadership::Lost(id));
            }
            self.offline.insert(id);
            // Whoever waits for it is told.
            self.touch(id);
        }
        self.shut_idle_fetchers(ctx);
    }
}

impl Broker {
    /// After every event: what was lost is told to the controller, and nobody survives the last directory.
    pub(super) fn settle_log_dirs(&mut self, ctx: &mut Ctx<'_>) {
        let failed = std::mem::take(&mut self.volatile.replicas.failed_dirs);
        if self.halt_without_log_dirs(ctx) {
            return;
        }
        if self.volatile.zk.is_some() {
            self.zk_propagate_log_dir_events(ctx, failed);
        } else if self.volatile.lifecycle.set_offline_replicas(&self.volatile.replicas.offline) {
            let (lifecycle, mut sender) = self.lifecycle_parts();
            lifecycle.communicate(ctx, &mut sender);
        }
    }

    /// `LogManager.handleLogDirFailure`: the last directory takes the broker with it. True if the process ends.
    pub(super) fn halt_without_log_dirs(&mut self, ctx: &mut Ctx<'_>) -> bool {
        let logs = &self.durable.logs;
        let (offline, left): (Vec<_>, Vec<_>) = logs.dirs().iter().partition(|dir| dir.is_offline);
        let left = u32::try_from(left.len()).expect("a few directories");
        let survives = offline.is_empty() || (left > 0 && self.volatile.config.version.survives_a_failed_log_dir());
        if !survives && !std::mem::replace(&mut self.volatile.is_halting, true) {
            ctx.emit(BrokerFact::HaltedWithoutLogDirs { left });
            ctx.halt();
        }
        !survives
    }
}
