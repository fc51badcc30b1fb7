//! Following: one fetch loop per leader broker, for all partitions followed there (`AbstractFetcherThread`).
//!
//! The loop has one request under way at a time. A partition that met an error is left alone for
//! `replica.fetch.backoff.ms` while the others go on. If the leader's answer says that the histories part, the local log
//! is cut; if it says that the offset is out of range, the loop asks for the leader's end, and perhaps for its start,
//! before it fetches again.

use super::env::{Env, request};
use super::replica_manager::ReplicaManager;
use super::timer::BrokerTimer;
use crate::engine::Ctx;
use crate::engine::common::{BrokerId, CorrelationId, LeaderEpoch, Mutation, NodeId, Offset, Time, TopicPartition};
use crate::engine::protocol::{FetchPartition, FetchRequest, FollowerState, Isolation, ListOffsetsRequest, OffsetSpec};
use crate::engine::runtime::TimerId;
use crate::engine::storage::UnifiedLog;

#[derive(Clone, Debug)]
pub struct Fetcher {
    leader: BrokerId,
    /// In the order of the next request: who got records goes to the end, so that large ones do not starve others.
    pub(super) partitions: Vec<PartitionFetchState>,
    pub(super) in_flight: Option<InFlight>,
    wake: Option<(TimerId, Time)>,
    /// Appends of its own that the disk has not flushed yet; meanwhile the loop stands still.
    pub(super) flushes: u32,
}

/// Where one followed partition stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionFetchState {
    pub partition: TopicPartition,
    pub fetch_offset: Offset,
    pub current_leader_epoch: LeaderEpoch,
    pub last_fetched_epoch: Option<LeaderEpoch>,
    pub phase: FetchPhase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FetchPhase {
    Fetching,
    /// After an error, until then.
    Delayed {
        until: Time,
    },
    /// Out of range: the leader must say where its log ends, or, if it ends no earlier than ours, where it starts.
    OutOfRange {
        asks: OffsetSpec,
    },
    /// Fenced, until metadata brings a new leader epoch (`FailedPartitions`).
    Failed,
}

/// The request under way.
#[derive(Clone, Debug)]
pub struct InFlight {
    pub since: Time,
    pub asked: Asked,
    pub(super) correlation: CorrelationId,
    pub(super) timeout: TimerId,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// These offsets, under these epochs: an answer counts only while they still hold.
    Fetch(Vec<(TopicPartition, Offset, LeaderEpoch)>),
    Offsets(Vec<(TopicPartition, LeaderEpoch, OffsetSpec)>),
}

impl Fetcher {
    fn new(leader: BrokerId) -> Self {
        Self { leader, partitions: Vec::new(), in_flight: None, wake: None, flushes: 0 }
    }

    /// The broker it fetches from.
    #[must_use]
    pub fn leader(&self) -> BrokerId {
        self.leader
    }

    /// What it follows there.
    #[must_use]
    pub fn partitions(&self) -> &[PartitionFetchState] {
        &self.partitions
    }

    /// The request it waits for.
    #[must_use]
    pub fn in_flight(&self) -> Option<&InFlight> {
        self.in_flight.as_ref()
    }

    /// When it will try again, if all that it follows met errors.
    #[must_use]
    pub fn backoff_until(&self) -> Option<Time> {
        self.wake.map(|(_, at)| at)
    }

    /// The state of a partition if it still is what a request was made from.
    pub(super) fn position_mut(
        &mut self,
        id: TopicPartition,
        leader_epoch: LeaderEpoch,
    ) -> Option<&mut PartitionFetchState> {
        self.partitions.iter_mut().find(|state| state.partition == id && state.current_leader_epoch == leader_epoch)
    }

    /// Puts a partition that got records behind the others.
    pub(super) fn move_to_end(&mut self, id: TopicPartition) {
        if let Some(index) = self.partitions.iter().position(|state| state.partition == id) {
            self.partitions[index..].rotate_left(1);
        }
    }
}

impl PartitionFetchState {
    fn is_ready(&self, now: Time) -> bool {
        match self.phase {
            FetchPhase::Fetching => true,
            FetchPhase::Delayed { until } => until <= now,
            FetchPhase::OutOfRange { .. } | FetchPhase::Failed => false,
        }
    }
}

impl ReplicaManager {
    /// Follows `leader` from the end of the local log. `ReplicaFetcherThread` would begin at the high watermark only if
    /// the log had records but no epochs, which format version 2 rules out.
    pub(super) fn start_fetching(
        &mut self,
        leader: BrokerId,
        id: TopicPartition,
        epoch: LeaderEpoch,
        log: &UnifiedLog,
    ) {
        let fetcher = self.fetchers.entry(leader).or_insert_with(|| Fetcher::new(leader));
        fetcher.partitions.push(PartitionFetchState {
            partition: id,
            fetch_offset: log.log_end_offset(),
            current_leader_epoch: epoch,
            last_fetched_epoch: log.leader_epochs().latest_epoch(),
            phase: FetchPhase::Fetching,
        });
    }

    pub(super) fn stop_fetching(&mut self, id: TopicPartition) {
        for fetcher in self.fetchers.values_mut() {
            fetcher.partitions.retain(|state| state.partition != id);
        }
    }

    /// A loop with nothing to follow ends, and closes its connection: what it asked last is not waited for.
    pub(super) fn shut_idle_fetchers(&mut self, ctx: &mut Ctx<'_>) {
        self.fetchers.retain(|_, fetcher| {
            let is_idle = fetcher.partitions.is_empty();
            if is_idle {
                let timers = fetcher.in_flight.as_ref().map(|sent| sent.timeout).into_iter();
                timers.chain(fetcher.wake.map(|(timer, _)| timer)).for_each(|timer| ctx.cancel_timer(timer));
            }
            !is_idle
        });
    }

    /// Lets every loop that can send its next request.
    pub(super) fn pump_fetchers(&mut self, ctx: &mut Ctx<'_>, env: &mut Env<'_>) {
        let leaders: Vec<BrokerId> = self.fetchers.keys().copied().collect();
        for leader in leaders {
            self.pump_fetcher(ctx, env, leader);
        }
    }

    /// One turn of the loop: looks up offsets that are out of range, or fetches what is ready, or sleeps.
    pub(super) fn pump_fetcher(&mut self, ctx: &mut Ctx<'_>, env: &mut Env<'_>, leader: BrokerId) {
        let Some(fetcher) = self.fetchers.get_mut(&leader) else { return };
        // `flush.messages`: the loop does not go on before what it appended is on disk.
        if fetcher.in_flight.is_some() || fetcher.flushes > 0 {
            return;
        }
        if let Some((timer, _)) = fetcher.wake.take() {
            ctx.cancel_timer(timer);
        }
        let now = ctx.now();
        let lookups: Vec<(TopicPartition, LeaderEpoch, OffsetSpec)> = fetcher
            .partitions
            .iter()
            .filter_map(|state| match state.phase {
                FetchPhase::OutOfRange { asks } => Some((state.partition, state.current_leader_epoch, asks)),
                _ => None,
            })
            .collect();
        if !lookups.is_empty() {
            let partitions = lookups.iter().map(|(id, epoch, spec)| (*id, Some(*epoch), *spec)).collect();
            send(ctx, env, fetcher, Asked::Offsets(lookups), ListOffsetsRequest { partitions });
            return;
        }
        let ready: Vec<&PartitionFetchState> = fetcher.partitions.iter().filter(|state| state.is_ready(now)).collect();
        if let (false, Some(broker_epoch)) = (ready.is_empty(), env.broker_epoch) {
            let asked = ready.iter().map(|state| (state.partition, state.fetch_offset, state.current_leader_epoch));
            let asked = Asked::Fetch(asked.collect());
            let fetch = FetchRequest {
                follower: Some(FollowerState { broker: env.me, broker_epoch }),
                max_wait: env.config.replica_fetch_wait_max,
                min_bytes: u64::from(env.config.replica_fetch_min_bytes),
                max_bytes: u64::from(env.config.replica_fetch_response_max_bytes),
                isolation: Isolation::ReadUncommitted,
                rack: None,
                partitions: ready.iter().map(|state| fetch_partition(env, state)).collect(),
            };
            send(ctx, env, fetcher, asked, fetch);
            return;
        }
        let until = |state: &PartitionFetchState| match state.phase {
            FetchPhase::Delayed { until } => Some(until),
            _ => None,
        };
        if let Some(at) = fetcher.partitions.iter().filter_map(until).min() {
            fetcher.wake = Some((ctx.set_timer(at.since(now), BrokerTimer::FetcherWake { leader }.into()), at));
        }
    }

    pub(super) fn fetcher_woke(&mut self, ctx: &mut Ctx<'_>, env: &mut Env<'_>, leader: BrokerId) {
        if let Some(fetcher) = self.fetchers.get_mut(&leader) {
            fetcher.wake = None;
        }
        self.pump_fetcher(ctx, env, leader);
    }

    /// No answer for `replica.socket.timeout.ms`.
    pub(super) fn fetcher_timed_out(
        &mut self,
        ctx: &mut Ctx<'_>,
        env: &mut Env<'_>,
        leader: BrokerId,
        correlation: CorrelationId,
    ) {
        let waits = self.fetchers.get(&leader).and_then(|fetcher| fetcher.in_flight.as_ref());
        if waits.is_some_and(|sent| sent.correlation == correlation) {
            self.fetcher_failed(ctx, env, leader);
        }
    }

    /// The request under way failed as a whole: everything followed there is left alone for a while.
    pub(super) fn fetcher_failed(&mut self, ctx: &mut Ctx<'_>, env: &mut Env<'_>, leader: BrokerId) {
        let Some(fetcher) = self.fetchers.get_mut(&leader) else { return };
        let Some(sent) = fetcher.in_flight.take() else { return };
        ctx.cancel_timer(sent.timeout);
        let until = ctx.now() + env.config.replica_fetch_backoff;
        for state in fetcher.partitions.iter_mut().filter(|state| state.phase != FetchPhase::Failed) {
            state.phase = FetchPhase::Delayed { until };
        }
        self.pump_fetcher(ctx, env, leader);
    }
}

fn fetch_partition(env: &Env<'_>, state: &PartitionFetchState) -> FetchPartition {
    FetchPartition {
        partition: state.partition,
        current_leader_epoch: Some(state.current_leader_epoch),
        fetch_offset: state.fetch_offset,
        last_fetched_epoch: state.last_fetched_epoch.filter(|_| {
            env.config.version.truncates_by_leader_epoch() && !env.config.sabotage.breaks(Mutation::HidesItsEpoch)
        }),
        log_start_offset: env.logs.get(state.partition).map(UnifiedLog::log_start_offset),
        max_bytes: u64::from(env.config.replica_fetch_max_bytes),
    }
}

fn send(
    ctx: &mut Ctx<'_>,
    env: &mut Env<'_>,
    fetcher: &mut Fetcher,
    asked: Asked,
    body: impl Into<crate::engine::protocol::Request>,
) {
    let (leader, correlation) = (fetcher.leader, env.correlations.next());
    request(ctx, NodeId::Broker(leader), correlation, body);
    let timeout = BrokerTimer::FetcherTimeout { leader, correlation };
    let timeout = ctx.set_timer(env.config.replica_socket_timeout, timeout.into());
    fetcher.in_flight = Some(InFlight { since: ctx.now(), asked, correlation, timeout });
}
