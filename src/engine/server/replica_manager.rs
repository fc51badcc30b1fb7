//! All replicas this broker hosts: what metadata makes of them, and what follows when one of them changes
//! (`ReplicaManager`).
//!
//! Every change of a log or a role notes its partition in `changed`; at the end of the event the requests that wait
//! on those partitions are looked at, once. Producing, fetching, following and the in-sync set have files of their own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::BrokerFact;
use super::alter_partition::AlterPartitionManager;
use super::env::Env;
use super::fetch_session::FetchSessionCache;
use super::fetcher::Fetcher;
use super::follow::truncate_to_high_watermark;
use super::partition::{IsrRules, LagRule, Partition};
use super::purgatory::Purgatory;
use super::timer::BrokerTimer;
use crate::engine::Ctx;
use crate::engine::common::{BrokerId, ErrorCode, Mutation, NodeId, Offset, Purpose, TopicId, TopicPartition};
use crate::engine::config::{BrokerConfig, TopicConfig};
use crate::engine::metadata::{MetadataImage, PartitionRegistration, TopicOverrides};
use crate::engine::protocol::{LeaderHint, TopicName};
use crate::engine::storage::DirSuffix;

#[derive(Clone, Debug, Default)]
pub(super) struct ReplicaManager {
    pub(super) partitions: BTreeMap<TopicPartition, Partition>,
    pub(super) purgatory: Purgatory,
    pub(super) sessions: FetchSessionCache,
    pub(super) fetchers: BTreeMap<BrokerId, Fetcher>,
    pub(super) alter_partition: AlterPartitionManager,
    /// Replicas in directories that have failed.
    pub(super) offline: BTreeSet<TopicPartition>,
    /// Directories that have failed since the controller was last told.
    pub(super) failed_dirs: u32,
    /// Leaderships that ended with their directory.
    pub(super) resigned: Vec<Leadership>,
    configs: BTreeMap<TopicId, Arc<TopicConfig>>,
    /// Directories are named after topics.
    pub(super) names: BTreeMap<TopicId, TopicName>,
    is_in_controlled_shutdown: bool,
    changed: BTreeSet<TopicPartition>,
    risen: Vec<(TopicPartition, Offset)>,
}

/// A local replica's leadership began or ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leadership {
    Gained(TopicPartition),
    Lost(TopicPartition),
}

impl ReplicaManager {
    // ---- what metadata says ------------------------------------------------------------------------------------

    /// Carries out what changed between `old` and the image in effect: leaderships first, as in
    /// `ReplicaManager.applyDelta`.
    ///
    /// What the logs hold beyond that when metadata are seen for the first time is stray.
    pub(super) fn apply(
        &mut self,
        ctx: &mut Ctx<'_>,
        env: &mut Env<'_>,
        old: &MetadataImage,
        is_first: bool,
    ) -> Vec<Leadership> {
        let image = env.image;
        for (id, topic) in image.topics() {
            if old.topic(id).is_none_or(|before| before.overrides != topic.overrides) {
                self.configs.insert(id, effective_config(&topic.overrides, env.config));
                self.names.insert(id, topic.name.clone());
            }
        }
        let mine = |(id, registration): &(TopicPartition, &PartitionRegistration)| {
            registration.replicas.contains(&env.me)
                && old.partition(*id) != Some(*registration)
                && !env.logs.is_offline(*id)
        };
        let changed = image.partitions().filter(mine).collect();
        let suffix = if is_first { DirSuffix::Stray } else { DirSuffix::Delete };
        let mut changes = self.remove_unassigned(ctx, env, suffix);
        changes.extend(self.become_leader_or_follower(ctx, env, changed));
        changes
    }

    /// What a replica does when it is told who leads: by the metadata log, or by a LeaderAndIsr request
    /// (`ReplicaManager.becomeLeaderOrFollower`).
    pub(super) fn become_leader_or_follower(
        &mut self,
        ctx: &mut Ctx<'_>,
        env: &mut Env<'_>,
        changed: Vec<(TopicPartition, &PartitionRegistration)>,
    ) -> Vec<Leadership> {
        let (leading, following): (Vec<_>, Vec<_>) = changed.into_iter().partition(|(_, registration)| {
            let usurps = env.config.sabotage.breaks(Mutation::LeadsWhatItFollows) && registration.isr.contains(&env.me);
            registration.leader == Some(env.me) || usurps
        });
        let mut changes = Vec::new();
        for (id, registration) in leading {
            changes.extend(self.lead(ctx, env, id, registration));
        }
        for (id, registration) in following {
            changes.extend(self.follow(ctx, env, id, registration));
        }
        // A deletion waits for live replicas only, and who lives may have changed.
        let waited_for = self.purgatory.deletes().flat_map(|(_, delete)| &delete.partitions);
        self.changed.extend(waited_for.map(|wait| wait.partition));
        self.shut_idle_fetchers(ctx);
        self.pump_fetchers(ctx, env);
        changes
    }

    /// Replicas that the metadata no longer give to this broker: taken away while it looked on, or while it was down. What
    /// lies in a failed directory stays there (`LogManager.isStrayReplica` looks at it after the next start).
    fn remove_unassigned(&mut self, ctx: &mut Ctx<'_>, env: &mut Env<'_>, suffix: DirSuffix) -> Vec<Leadership> {
        let is_mine = |id: TopicPartition| {
            env.image.partition(id).is_some_and(|registration| registration.replicas.contains(&env.me))
        };
        let gone = |id: &TopicPartition| !is_mine(*id) && !env.logs.is_offline(*id);
        let gone: Vec<TopicPartition> = env.logs.iter().map(|(id, _)| id).filter(gone).collect();
        gone.into_iter().filter_map(|id| self.delete(ctx, env, id, suffix)).collect()
    }

    /// The replica goes, and its log after a while (`ReplicaManager.stopPartitions`, `LogManager.asyncDelete`).
    pub(super) fn delete(
        &mut self,
        ctx: &mut Ctx<'_>,
        env: &mut Env<'_>,
        id: TopicPartition,
        suffix: DirSuffix,
    ) -> Option<Leadership> {
        self.stop_fetching(id);
        let was_leader = self.partitions.remove(&id).is_some_and(|partition| partition.is_leader());
        if let Some(log_end) = env.logs.get(id).map(|log| log.log_end_offset()) {
            let renamed = self.remove_log(ctx, env, id, suffix);
            ctx.emit(BrokerFact::ReplicaRemoved { partition: id, log_end, renamed });
        }
        self.touch(id);
        was_leader.then_some(Leadership::Lost(id))
    }

    fn remove_log(
        &self,
        ctx: &mut Ctx<'_>,
        env: &mut Env<'_>,
        id: TopicPartition,
        suffix: DirSuffix,
    ) -> Option<(DirSuffix, Arc<str>)> {
        if !env.config.version.renames_logs_before_deletion() {
            env.logs.delete_log(id);
            return None;
        }
        let rng = ctx.rng();
        let unique = u128::from(rng.bits(Purpose::Names)) << 64 | u128::from(rng.bits(Purpose::Names));
        let delay = env.config.log_segment_delete_delay;
        let removed_at = (suffix == DirSuffix::Delete).then(|| ctx.now() + delay);
        let name = env.logs.rename_log(id, suffix, unique, removed_at)?;
        if removed_at.is_some() {
            ctx.set_timer(delay, BrokerTimer::RemoveDeletedLogs.into());
        }
        Some((suffix, name))
    }

    fn lead(
        &mut self,
        ctx: &mut Ctx<'_>,
        env: &mut Env<'_>,
        id: TopicPartition,
        registration: &PartitionRegistration,
    ) -> Option<Leadership> {
        self.stop_fetching(id);
        self.open_log(ctx, env, id);
        let log = env.logs.get_mut(id).expect("it was opened a moment ago");
        let partition = self.partitions.entry(id).or_insert_with(|| Partition::new(id, env.me));
        let former_isr = partition.leading().map(|state| state.isr.clone());
        let is_new_epoch = partition.make_leader(registration, log, ctx.now())?;
        if former_isr.as_ref().is_some_and(|isr| *isr != registration.isr) {
            // Either the controller acted by itself, or its record was faster than its answer to our proposal.
            let (isr, partition_epoch) = (registration.isr.clone(), registration.partition_epoch);
            ctx.emit(BrokerFact::IsrCommitted { partition: id, isr, partition_epoch });
        }
        if is_new_epoch {
            ctx.emit(BrokerFact::BecameLeader {
                partition: id,
                leader_epoch: registration.leader_epoch,
                log_end: log.log_end_offset(),
                high_watermark: log.high_watermark(),
            });
        }
        self.touch(id);
        // The in-sync set may be down to this broker.
        self.advance_high_watermark(ctx, env, id);
        former_isr.is_none().then_some(Leadership::Gained(id))
    }

    fn follow(
        &mut self,
        ctx: &mut Ctx<'_>,
        env: &mut Env<'_>,
        id: TopicPartition,
        registration: &PartitionRegistration,
    ) -> Option<Leadership> {
        self.open_log(ctx, env, id);
        let log = env.logs.get(id).expect("it was opened a moment ago");
        let partition = self.partitions.entry(id).or_insert_with(|| Partition::new(id, env.me));
        let was_leader = partition.is_leader();
        let is_new_epoch = partition.make_follower(registration)?;
        if is_new_epoch {
            let (leader, leader_epoch, log_end) =
                (registration.leader, registration.leader_epoch, log.log_end_offset());
            ctx.emit(BrokerFact::BecameFollower { partition: id, leader, leader_epoch, log_end });
            self.stop_fetching(id);
            if let Some(leader) = leader.filter(|leader| env.image.broker(*leader).is_some()) {
                if !env.config.version.truncates_by_leader_epoch() {
                    truncate_to_high_watermark(ctx, env, id, leader_epoch);
                }
                let log = env.logs.get(id).expect("it was opened a moment ago");
                self.start_fetching(leader, id, leader_epoch, log, env.config.version);
            }
        }
        self.touch(id);
        if self.is_in_controlled_shutdown && !registration.isr.contains(&env.me) {
            // Copying on would only have the leader ask for this broker to be let in again.
            self.stop_fetching(id);
        }
        was_leader.then_some(Leadership::Lost(id))
    }

    /// From now on, replicas that have left their in-sync set copy no more.
    pub(super) fn begin_controlled_shutdown(&mut self) {
        self.is_in_controlled_shutdown = true;
    }

    /// The broker's own configuration changed: topics inherit from it.
    pub(super) fn reconfigure(&mut self, config: &BrokerConfig, image: &MetadataImage) {
        self.configs = image.topics().map(|(id, topic)| (id, effective_config(&topic.overrides, config))).collect();
    }

    /// This topic's own configuration, over the broker's.
    pub(super) fn configure(
        &mut self,
        (topic, name): (TopicId, &str),
        overrides: &TopicOverrides,
        config: &BrokerConfig,
    ) {
        self.names.insert(topic, name.into());
        self.configs.insert(topic, effective_config(overrides, config));
    }

    /// A StopReplica request: this broker does not follow the partition any more.
    pub(super) fn stop(&mut self, id: TopicPartition) {
        self.stop_fetching(id);
        self.touch(id);
    }

    /// The configuration in effect for a topic.
    pub(super) fn topic_config(&self, topic: TopicId) -> Arc<TopicConfig> {
        self.configs.get(&topic).cloned().unwrap_or_default()
    }

    // ---- what follows a change -----------------------------------------------------------------------------------

    /// Notes that something happened to this partition: requests waiting on it may have got what they wait for, and fetch
    /// sessions may have something to tell.
    pub(super) fn touch(&mut self, partition: TopicPartition) {
        self.changed.insert(partition);
        self.sessions.wake(partition);
        self.purgatory.wake_fetches(partition);
        for fetcher in self.fetchers.values_mut() {
            fetcher.partitions.wake(partition);
        }
    }

    /// Looks at the requests that wait on changed partitions: first producers, then fetchers, as Kafka does.
    pub(super) fn complete_delayed_requests(&mut self, ctx: &mut Ctx<'_>, env: &mut Env<'_>) {
        while let Some(partition) = self.changed.pop_first() {
            self.complete_produces(ctx, env, partition);
            self.complete_fetches(ctx, env, partition);
            self.complete_deletes(ctx, env, partition);
        }
    }

    /// The connection to `peer` broke: nobody waits for what it asked. Its fetch session lives on.
    pub(super) fn forget(&mut self, ctx: &mut Ctx<'_>, peer: NodeId) {
        for fetch in self.purgatory.forget(ctx, peer) {
            self.sessions.give_back(fetch);
        }
    }

    /// High watermarks of led partitions that rose since the last call.
    pub(super) fn take_risen(&mut self) -> Vec<(TopicPartition, Offset)> {
        std::mem::take(&mut self.risen)
    }

    /// Raises a led partition's high watermark if its rules allow.
    pub(super) fn advance_high_watermark(&mut self, ctx: &mut Ctx<'_>, env: &mut Env<'_>, id: TopicPartition) {
        let config = self.topic_config(id.topic);
        let (Some(partition), Some(log)) = (self.partitions.get(&id), env.logs.get_mut(id)) else { return };
        let rules = rules(ctx, env.config, env.image, &config);
        if let Some(rise) = partition.maybe_increment_high_watermark(log, &rules) {
            ctx.emit(BrokerFact::HighWatermarkMoved { partition: id, from: rise.from, to: rise.to, ends: rise.ends });
            self.touch(id);
            self.risen.push((id, rise.to));
        }
    }

    // ---- lookups -------------------------------------------------------------------------------------------------

    /// # Errors
    /// KAFKA_STORAGE_ERROR if its directory has failed, NOT_LEADER_OR_FOLLOWER if another broker hosts the partition, UNKNOWN_TOPIC_OR_PARTITION if none does.
    pub(super) fn partition_or_error(
        &self,
        image: &MetadataImage,
        id: TopicPartition,
    ) -> Result<&Partition, ErrorCode> {
        if self.offline.contains(&id) {
            return Err(ErrorCode::KafkaStorageError);
        }
        self.partitions.get(&id).ok_or_else(|| match image.partition(id) {
            Some(_) => ErrorCode::NotLeaderOrFollower,
            None => ErrorCode::UnknownTopicOrPartition,
        })
    }

    /// Who leads instead, for an answer with one of the two errors that say "not here" (KIP-951).
    pub(super) fn leader_hint(
        &self,
        image: &MetadataImage,
        id: TopicPartition,
        error: ErrorCode,
    ) -> Option<LeaderHint> {
        if !matches!(error, ErrorCode::NotLeaderOrFollower | ErrorCode::FencedLeaderEpoch) {
            return None;
        }
        match self.partitions.get(&id) {
            Some(partition) => partition.leader_hint(),
            None => image.partition(id).and_then(|registration| {
                registration.leader.map(|leader| LeaderHint { leader, leader_epoch: registration.leader_epoch })
            }),
        }
    }
}

/// The in-sync set's rules as they stand now.
pub(super) fn rules<'a>(
    ctx: &Ctx<'_>,
    config: &BrokerConfig,
    image: &'a MetadataImage,
    topic: &TopicConfig,
) -> IsrRules<'a> {
    let lag_rule = match config.version {
        version if version.drops_followers_by_message_count() => LagRule::Messages(config.replica_lag_max_messages),
        version if version.keeps_silent_followers_that_have_everything() => LagRule::Time,
        _ => LagRule::TimeAlone,
    };
    IsrRules {
        now: ctx.now(),
        lag_time_max: config.replica_lag_time_max,
        lag_rule,
        min_insync_replicas: topic.min_insync_replicas,
        holds_under_min_isr: config.version.holds_high_watermark_under_min_isr(),
        image,
        sabotage: config.sabotage,
    }
}

/// The topic's overrides over the broker's values. The controller took the overrides in; one that this broker cannot
/// read counts as not set, which Kafka's `LogConfig` does too.
fn effective_config(overrides: &TopicOverrides, broker: &BrokerConfig) -> Arc<TopicConfig> {
    let mut config = TopicConfig::of(broker);
    for (key, value) in overrides {
        let _ = config.set(key, value);
    }
    Arc::new(config)
}
