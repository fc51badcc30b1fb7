//! A disk fails or is full: the directory goes offline, and with it every replica that lies in it
//! (`ReplicaManager.handleLogDirFailure`).
//!
//! The broker lives on as long as one directory is left. Clients are told KAFKA_STORAGE_ERROR until the controller,
//! which hears of it with the next heartbeat, has moved the leaderships elsewhere.

use super::BrokerFact;
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
