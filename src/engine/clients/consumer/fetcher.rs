//! Finding positions and fetching records (`OffsetFetcher`, `Fetcher`).
//!
//! One fetch at a time per leader, over all its partitions of which nothing lies buffered. The leader holds it back
//! until there is something to send or `fetch.max.wait.ms` is over. With each broker there is a fetch session (KIP-227).

use std::collections::BTreeMap;

use super::application::Failure;
use super::process::{ConsumerRequest, Process};
use super::subscription::{FetchInFlight, PartitionPhase};
use crate::engine::Ctx;
use crate::engine::clients::fact::{ConsumerFact, PositionFrom};
use crate::engine::common::{BrokerId, ErrorCode, LeaderEpoch, Offset, Time, TopicPartition};
use crate::engine::config::IsolationLevel;
use crate::engine::protocol::{
    FetchParams, FetchPartition, FetchRequest, FetchRequestData, FetchResponse, Fetched, FetchedPartition, Isolation,
    ListOffsetsRequest, ListOffsetsResponse, OffsetSpec,
};

impl Process {
    // ---- positions -------------------------------------------------------------------------------------------

    /// Asks the leaders of partitions that await a reset (`resetPositionsIfNeeded`).
    pub(super) fn list_offsets(&mut self, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        let mut asked: BTreeMap<BrokerId, Vec<(TopicPartition, LeaderEpoch, OffsetSpec)>> = BTreeMap::new();
        for (partition, state) in self.subscriptions.iter() {
            let PartitionPhase::AwaitingReset { to, .. } = state.phase() else { continue };
            if !state.is_ready(now) {
                continue;
            }
            match self.metadata.leader(partition) {
                Some((leader, epoch)) if self.network.can_send(leader, now) => {
                    asked.entry(leader).or_default().push((partition, epoch, to));
                }
                Some(_) => {}
                None => self.metadata.request_update(),
            }
        }
        for (leader, partitions) in asked {
            for (partition, ..) in &partitions {
                if let Some(state) = self.subscriptions.get_mut(*partition) {
                    state.retry_at = Some(now + self.config.request_timeout);
                }
            }
            let purpose = partitions.iter().map(|(partition, _, to)| (*partition, *to)).collect();
            let partitions =
                partitions.into_iter().map(|(partition, epoch, to)| (partition, Some(epoch), to)).collect();
            let purpose = ConsumerRequest::ListOffsets { partitions: purpose };
            self.network.send(ctx, leader, ListOffsetsRequest { partitions }, purpose);
        }
    }

    pub(super) fn offsets_listed(
        &mut self,
        ctx: &mut Ctx<'_>,
        asked: &[(TopicPartition, OffsetSpec)],
        answer: ListOffsetsResponse,
    ) {
        for (partition, outcome) in answer.partitions {
            let Some((_, spec)) = asked.iter().find(|(asked, _)| *asked == partition) else { continue };
            let Some(state) = self.subscriptions.get_mut(partition) else { continue };
            // Meanwhile the partition may have been given up, taken again, or found its position.
            let PartitionPhase::AwaitingReset { to, out_of_range } = state.phase() else { continue };
            if to != *spec {
                continue;
            }
            match outcome {
                Ok(Some(position)) => {
                    state.seek(position, None);
                    let why = match to {
                        _ if out_of_range => PositionFrom::OutOfRange,
                        OffsetSpec::Latest => PositionFrom::ResetLatest,
                        OffsetSpec::Earliest | OffsetSpec::At(_) | OffsetSpec::MaxTimestamp => {
                            PositionFrom::ResetEarliest
                        }
                    };
                    ctx.emit(ConsumerFact::PositionSet { partition, position, why });
                }
                // No record is that young: by_duration then means the end (KIP-1106).
                Ok(None) => {
                    state.await_reset(OffsetSpec::Latest, out_of_range);
                    state.retry_at = None;
                }
                Err(error) => {
                    if error.refreshes_metadata() {
                        self.metadata.request_update();
                    }
                    self.retry_listing(ctx, &[(partition, to)]);
                }
            }
        }
    }

    pub(super) fn retry_listing(&mut self, ctx: &mut Ctx<'_>, partitions: &[(TopicPartition, OffsetSpec)]) {
        let retry_at = ctx.now() + self.backoff(ctx, 0);
        for (partition, _) in partitions {
            if let Some(state) = self.subscriptions.get_mut(*partition) {
                state.retry_at = Some(retry_at);
            }
        }
    }

    // ---- fetching --------------------------------------------------------------------------------------------

    pub(super) fn send_fetches(&mut self, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        self.drop_stale_read_replicas(ctx);
        let mut asked: BTreeMap<BrokerId, Vec<FetchPartition>> = BTreeMap::new();
        for (partition, state) in self.subscriptions.iter() {
            let Some(fetch_offset) = state.fetch_offset(now) else { continue };
            let Some((leader, epoch)) = self.metadata.leader(partition) else {
                self.metadata.request_update();
                continue;
            };
            let from = self.read_replica(partition, now).unwrap_or(leader);
            if self.has_fetch_in_flight(from) || !self.network.can_send(from, now) {
                continue;
            }
            asked.entry(from).or_default().push(FetchPartition {
                partition,
                current_leader_epoch: Some(epoch),
                fetch_offset,
                last_fetched_epoch: None,
                log_start_offset: None,
                max_bytes: u64::from(self.config.max_partition_fetch_bytes),
            });
        }
        for (leader, partitions) in asked {
            // Or the replica that stands in for it.
            for asked in &partitions {
                if let Some(state) = self.subscriptions.get_mut(asked.partition) {
                    state.fetch = Some(FetchInFlight { to: leader, since: now, offset: asked.fetch_offset });
                }
            }
            let purpose = partitions.iter().map(|asked| (asked.partition, asked.fetch_offset)).collect();
            let FetchRequestData { metadata, to_send: partitions, to_forget: forgotten } =
                self.fetch_sessions.entry(leader).or_default().build(partitions);
            let params = FetchParams {
                follower: None,
                max_wait: self.config.fetch_max_wait,
                min_bytes: u64::from(self.config.fetch_min_bytes),
                max_bytes: u64::from(self.config.fetch_max_bytes),
                isolation: match self.config.isolation_level {
                    IsolationLevel::ReadUncommitted => Isolation::ReadUncommitted,
                    IsolationLevel::ReadCommitted => Isolation::ReadCommitted,
                },
                rack: self.config.client_rack.clone(),
            };
            let request = FetchRequest { params, metadata, partitions, forgotten };
            self.network.send(ctx, leader, request, ConsumerRequest::Fetch { partitions: purpose });
        }
    }

    /// `AbstractFetch.selectReadReplica`.
    fn read_replica(&self, partition: TopicPartition, now: Time) -> Option<BrokerId> {
        let (replica, until) = self.subscriptions.get(partition)?.read_replica?;
        (now < until).then_some(replica)
    }

    /// A replica's turn ends with `metadata.max.age.ms`, or when the metadata no longer know it as one that lives.
    fn drop_stale_read_replicas(&mut self, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        let mut stale = Vec::new();
        for (partition, state) in self.subscriptions.iter() {
            let Some((replica, until)) = state.read_replica else { continue };
            let is_online = self.metadata.brokers().contains(&replica)
                && self
                    .metadata
                    .partition(partition)
                    .is_some_and(|known| known.replicas.contains(&replica) && !known.offline.contains(&replica));
            if now >= until || !is_online {
                stale.push((partition, is_online));
            }
        }
        for (partition, is_online) in stale {
            if !is_online {
                self.metadata.request_update();
            }
            self.clear_read_replica(ctx, partition);
        }
    }

    /// Back to the leader; true if it was not the leader it read from.
    pub(super) fn clear_read_replica(&mut self, ctx: &mut Ctx<'_>, partition: TopicPartition) -> bool {
        let state = self.subscriptions.get_mut(partition);
        let Some((replica, _)) = state.and_then(|state| state.read_replica.take()) else { return false };
        ctx.emit(ConsumerFact::ReadReplicaCleared { partition, replica });
        true
    }

    fn has_fetch_in_flight(&self, leader: BrokerId) -> bool {
        let is_fetch = |purpose: &ConsumerRequest| matches!(purpose, ConsumerRequest::Fetch { .. });
        self.network.in_flight().any(|(broker, request)| broker == leader && is_fetch(&request.purpose))
    }

    pub(super) fn fetched(
        &mut self,
        ctx: &mut Ctx<'_>,
        from: BrokerId,
        asked: &[(TopicPartition, Offset)],
        answer: FetchResponse,
    ) {
        self.not_in_flight(asked);
        if !self.fetch_sessions.entry(from).or_default().handle_response(&answer) {
            return;
        }
        for FetchedPartition { partition, outcome, current_leader } in answer.partitions {
            let offset = asked.iter().find(|(asked, _)| *asked == partition).map(|(_, offset)| *offset);
            let state = self.subscriptions.get_mut(partition);
            // Meanwhile the partition may have been given up, or its position moved by a reset.
            let is_stale =
                state.is_none_or(|state| state.phase() != PartitionPhase::Fetching || state.position() != offset);
            if is_stale {
                continue;
            }
            if let Some(hint) = current_leader {
                self.metadata.apply_hint(partition, hint);
            }
            match outcome {
                Ok(fetched) => self.take_in(ctx, partition, fetched),
                Err(error) => self.partition_refused(ctx, partition, error),
            }
        }
    }

    fn take_in(&mut self, ctx: &mut Ctx<'_>, partition: TopicPartition, fetched: Fetched) {
        if let Some(state) = self.subscriptions.get_mut(partition) {
            state.high_watermark = Some(fetched.high_watermark);
            if let Some(replica) = fetched.preferred_read_replica {
                state.read_replica = Some((replica, ctx.now() + self.config.metadata_max_age));
                ctx.emit(ConsumerFact::ReadReplicaSet { partition, replica });
            }
        }
        if !fetched.batches.is_empty() {
            self.subscriptions.arrived(partition, fetched.batches);
        }
    }

    /// `FetchCollector.handleInitializeErrors`.
    fn partition_refused(&mut self, ctx: &mut Ctx<'_>, partition: TopicPartition, error: ErrorCode) {
        ctx.emit(ConsumerFact::FetchFailed { partition, error });
        // A follower may not have come so far: the leader knows better whether the offset exists.
        if self.clear_read_replica(ctx, partition) && error == ErrorCode::OffsetOutOfRange {
            return;
        }
        let reset = self.reset_spec(ctx);
        let Some(state) = self.subscriptions.get_mut(partition) else { return };
        if error == ErrorCode::OffsetOutOfRange {
            return match reset {
                Some(to) => state.await_reset(to, true),
                None => self.fail(ctx, Failure::OffsetOutOfRange(partition)),
            };
        }
        if !error.is_retriable() {
            return self.fail(ctx, Failure::Refused(error));
        }
        if error != ErrorCode::UnknownLeaderEpoch {
            self.metadata.request_update();
        }
        // Kafka asks again at once, as fast as the network carries it, until metadata has arrived. A pause spares the
        // spectator that; the outcome is the same.
        let retry_at = ctx.now() + self.config.retry_backoff;
        if let Some(state) = self.subscriptions.get_mut(partition) {
            state.retry_at = Some(retry_at);
        }
    }

    /// Nothing came of a fetch, and nobody knows whether the broker got it.
    pub(super) fn fetch_failed(&mut self, from: BrokerId, asked: &[(TopicPartition, Offset)]) {
        self.not_in_flight(asked);
        self.fetch_sessions.entry(from).or_default().handle_error();
    }

    /// Ends the sessions with brokers that can be reached (KAFKA-7109); nobody waits for the answers.
    pub(super) fn close_fetch_sessions(&mut self, ctx: &mut Ctx<'_>) {
        for (broker, mut session) in std::mem::take(&mut self.fetch_sessions) {
            let Some(last) = session.close().filter(|_| self.network.can_send(broker, ctx.now())) else { continue };
            let params = FetchParams {
                follower: None,
                max_wait: self.config.fetch_max_wait,
                min_bytes: u64::from(self.config.fetch_min_bytes),
                max_bytes: u64::from(self.config.fetch_max_bytes),
                isolation: Isolation::ReadUncommitted,
                rack: None,
            };
            let FetchRequestData { metadata, to_send: partitions, to_forget: forgotten } = last;
            let request = FetchRequest { params, metadata, partitions, forgotten };
            self.network.send(ctx, broker, request, ConsumerRequest::Fetch { partitions: Vec::new() });
        }
    }

    /// Its partitions are free to be asked for again.
    fn not_in_flight(&mut self, asked: &[(TopicPartition, Offset)]) {
        for (partition, offset) in asked {
            if let Some(state) = self.subscriptions.get_mut(*partition)
                && state.fetch.is_some_and(|fetch| fetch.offset == *offset)
            {
                state.fetch = None;
            }
        }
    }
}
