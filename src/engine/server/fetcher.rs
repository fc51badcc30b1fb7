//! Following: one fetch loop per leader broker, for all partitions followed there (`AbstractFetcherThread`).
//!
//! The loop has one request under way at a time. A partition that met an error is left alone for
//! `replica.fetch.backoff.ms` while the others go on. If the leader's answer says that the histories part, the local log
//! is cut; if it says that the offset is out of range, the loop asks for the leader's end, and perhaps for its start,
//! before it fetches again.
//!
//! What to ask costs as much as has changed since the last request: partitions sleep while the leader knows all there is
//! to know of them.

use super::env::{Env, request};
use super::replica_manager::ReplicaManager;
use super::timer::BrokerTimer;
use crate::engine::Ctx;
use crate::engine::common::{
    BrokerId, CorrelationId, LeaderEpoch, Mutation, NodeId, Offset, Time, TopicPartition, Turns,
};
use crate::engine::config::KafkaVersion;
use crate::engine::protocol::{
    FetchParams, FetchPartition, FetchRequest, FetchRequestData, FetchSessionHandler, FollowerState, Isolation,
    ListOffsetsRequest, OffsetSpec,
};
use crate::engine::runtime::TimerId;
use crate::engine::storage::UnifiedLog;

#[derive(Clone, Debug)]
pub struct Fetcher {
    leader: BrokerId,
    /// Who got records goes to the end of a full request, so that large ones do not starve others. Those sleep of which
    /// the session with the leader knows everything.
    pub(super) partitions: Turns<PartitionFetchState>,
    /// Followed no more, which the leader has not been told yet.
    left: Vec<TopicPartition>,
    pub(super) session: FetchSessionHandler,
    pub(super) in_flight: Option<InFlight>,
    wake: Option<(TimerId, Time)>,
    /// Appends of its own that the disk has not flushed yet; meanwhile the loop stands still.
    pub(super) flushes: u32,
}

/// Where one followed partition stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionFetchState {
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
    /// What the session knows to be asked: an answer counts only while it still holds.
    Fetch,
    Offsets(Vec<(TopicPartition, LeaderEpoch, OffsetSpec)>),
}

impl Fetcher {
    fn new(leader: BrokerId, version: KafkaVersion) -> Self {
        let session = if version.keeps_fetch_sessions() {
            FetchSessionHandler::default()
        } else {
            FetchSessionHandler::without_sessions()
        };
        let partitions = Turns::default();
        Self { leader, partitions, left: Vec::new(), session, in_flight: None, wake: None, flushes: 0 }
    }

    /// The broker it fetches from.
    #[must_use]
    pub fn leader(&self) -> BrokerId {
        self.leader
    }

    /// What it follows there.
    pub fn partitions(&self) -> impl Iterator<Item = (TopicPartition, &PartitionFetchState)> {
        self.partitions.iter()
    }

    /// Its session with the leader.
    #[must_use]
    pub fn session(&self) -> &FetchSessionHandler {
        &self.session
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
        self.partitions.get_mut(id).filter(|state| state.current_leader_epoch == leader_epoch)
    }

    fn stop(&mut self, id: TopicPartition) {
        if self.partitions.remove(id).is_some() {
            self.left.push(id);
        }
    }

    /// `RemoteLeaderEndPoint.buildFetch`: the next request; `None` if there is nothing to ask and nothing to take back.
    fn build_fetch(&mut self, env: &Env<'_>, now: Time) -> Option<FetchRequestData> {
        let is_full = self.session.next().is_full();
        let looked_at = if is_full { self.partitions.all_in_turn() } else { self.partitions.awake_in_turn() };
        debug_assert!(is_full || self.sleepers_are_known(env), "who sleeps has nothing to tell");
        let mut wanted = Vec::with_capacity(looked_at.len());
        for id in looked_at {
            let state = self.partitions.get(id).expect("it is one of them");
            wanted.push((id, state.is_ready(now).then(|| fetch_partition(env, id, state))));
            if state.phase == FetchPhase::Fetching {
                self.partitions.sleep(id);
            }
        }
        let left = std::mem::take(&mut self.left).into_iter().filter(|id| self.partitions.get(*id).is_none());
        let data = if is_full {
            self.session.build_full(wanted.into_iter().filter_map(|(_, wanted)| wanted).collect())
        } else {
            self.session.build_incremental(wanted.into_iter().chain(left.map(|id| (id, None))))
        };
        (!self.session.is_empty() || !data.to_forget.is_empty()).then_some(data)
    }

    /// Does the leader know of everything that it was not told anew?
    fn sleepers_are_known(&self, env: &Env<'_>) -> bool {
        self.partitions.asleep().all(|(id, state)| self.session.asked(id) == Some(&fetch_partition(env, id, state)))
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
        version: KafkaVersion,
    ) {
        let fetcher = self.fetchers.entry(leader).or_insert_with(|| Fetcher::new(leader, version));
        let state = PartitionFetchState {
            fetch_offset: log.log_end_offset(),
            current_leader_epoch: epoch,
            last_fetched_epoch: log.leader_epochs().latest_epoch(),
            phase: FetchPhase::Fetching,
        };
        fetcher.partitions.insert(id, state);
    }

    pub(super) fn stop_fetching(&mut self, id: TopicPartition) {
        for fetcher in self.fetchers.values_mut() {
            fetcher.stop(id);
        }
    }

    /// A loop with nothing to follow ends, and closes its connection: what it asked last is not waited for, and its
    /// session stays with the leader until somebody needs the slot.
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
        let awake = fetcher.partitions.awake_in_turn();
        let states = awake.iter().filter_map(|id| Some((*id, fetcher.partitions.get(*id)?)));
        let lookups: Vec<(TopicPartition, LeaderEpoch, OffsetSpec)> = states
            .filter_map(|(id, state)| match state.phase {
                FetchPhase::OutOfRange { asks } => Some((id, state.current_leader_epoch, asks)),
                _ => None,
            })
            .collect();
        if !lookups.is_empty() {
            let partitions = lookups.iter().map(|(id, epoch, spec)| (*id, Some(*epoch), *spec)).collect();
            send(ctx, env, fetcher, Asked::Offsets(lookups), ListOffsetsRequest { partitions });
            return;
        }
        if let Some(broker_epoch) = env.broker_epoch
            && let Some(data) = fetcher.build_fetch(env, now)
        {
            let params = FetchParams {
                follower: Some(FollowerState { broker: env.me, broker_epoch }),
                max_wait: env.config.replica_fetch_wait_max,
                min_bytes: u64::from(env.config.replica_fetch_min_bytes),
                max_bytes: u64::from(env.config.replica_fetch_response_max_bytes),
                isolation: Isolation::ReadUncommitted,
                rack: None,
            };
            let FetchRequestData { metadata, to_send: partitions, to_forget: forgotten } = data;
            send(ctx, env, fetcher, Asked::Fetch, FetchRequest { params, metadata, partitions, forgotten });
            return;
        }
        let until = |state: &PartitionFetchState| match state.phase {
            FetchPhase::Delayed { until } => Some(until),
            _ => None,
        };
        if let Some(at) = fetcher.partitions.iter().filter_map(|(_, state)| until(state)).min() {
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
        if sent.asked == Asked::Fetch {
            fetcher.session.handle_error();
        }
        let until = ctx.now() + env.config.replica_fetch_backoff;
        fetcher.partitions.wake_all();
        for id in fetcher.partitions.all_in_turn() {
            if let Some(state) = fetcher.partitions.get_mut(id).filter(|state| state.phase != FetchPhase::Failed) {
                state.phase = FetchPhase::Delayed { until };
            }
        }
        self.pump_fetcher(ctx, env, leader);
    }
}

fn fetch_partition(env: &Env<'_>, id: TopicPartition, state: &PartitionFetchState) -> FetchPartition {
    FetchPartition {
        partition: id,
        current_leader_epoch: Some(state.current_leader_epoch),
        fetch_offset: state.fetch_offset,
        last_fetched_epoch: state.last_fetched_epoch.filter(|_| {
            env.config.version.truncates_by_leader_epoch() && !env.config.sabotage.breaks(Mutation::HidesItsEpoch)
        }),
        log_start_offset: env.logs.get(id).map(UnifiedLog::log_start_offset),
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
