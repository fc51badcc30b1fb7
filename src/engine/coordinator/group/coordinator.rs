//! The group coordinator of one broker: all groups of the `__consumer_offsets` partitions it leads
//! (`GroupCoordinatorService`, `CoordinatorRuntime`).
//!
//! Requests are decided by the group; what it decides is appended as records; when the high watermark has passed them
//! they are replayed and the answers that waited for them go out. If that takes longer than
//! `offsets.commit.timeout.ms`, the write is given up and the client hears COORDINATOR_NOT_AVAILABLE, although the
//! records may still become durable.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::classic_group::{Env, Group, Settings, Then, WrapTimer, Write};
use super::member::Reply;
use super::records::{GroupRecord, StoredOffset, decode, encode};
use super::{GroupTimer, OFFSETS_TOPIC, OffsetsLog, partition_for_group};
use crate::engine::Ctx;
use crate::engine::common::{BrokerId, CorrelationId, ErrorCode, NodeId, Offset, PartitionId, Time, TopicPartition};
use crate::engine::config::BrokerConfig;
use crate::engine::coordinator::fact::GroupFact;
use crate::engine::metadata::MetadataImage;
use crate::engine::protocol::{
    Body, CommittedOffset, FindCoordinatorResponse, HeartbeatRequest, HeartbeatResponse, JoinGroupRequest,
    JoinGroupResponse, LeaveGroupRequest, LeaveGroupResponse, OffsetCommitRequest, OffsetCommitResponse,
    OffsetFetchRequest, OffsetFetchResponse, Request, SyncGroupRequest, SyncGroupResponse,
};
use crate::engine::record::RecordBatch;
use crate::engine::runtime::TimerId;

/// A write that the in-sync replicas do not all have yet.
#[derive(Clone, Debug)]
pub struct PendingWrite {
    group: Arc<str>,
    /// Committed once the high watermark has reached this.
    until: Offset,
    gives_up_at: Time,
    records: Vec<GroupRecord>,
    then: Then,
}

impl PendingWrite {
    #[must_use]
    pub fn group(&self) -> &Arc<str> {
        &self.group
    }

    /// Which offset the high watermark must reach.
    #[must_use]
    pub fn until(&self) -> Offset {
        self.until
    }

    #[must_use]
    pub fn gives_up_at(&self) -> Time {
        self.gives_up_at
    }

    #[must_use]
    pub fn records(&self) -> &[GroupRecord] {
        &self.records
    }
}

/// One partition of `__consumer_offsets` that this broker leads.
#[derive(Clone, Debug, Default)]
struct Shard {
    groups: BTreeMap<Arc<str>, Group>,
    /// In the order of their offsets.
    pending: VecDeque<PendingWrite>,
    write_timer: Option<TimerId>,
    expiry_timer: Option<TimerId>,
}

/// All of it is volatile: a coordinator is what its log says, and some waiting.
#[derive(Clone, Debug)]
pub struct GroupCoordinator {
    settings: Settings,
    shards: BTreeMap<PartitionId, Shard>,
}

impl GroupCoordinator {
    /// `wrap` turns a coordinator's timer into the broker's.
    #[must_use]
    pub fn new(config: &BrokerConfig, wrap: WrapTimer) -> Self {
        let settings = Settings {
            wrap,
            initial_rebalance_delay: config.group_initial_rebalance_delay,
            min_session_timeout: config.group_min_session_timeout,
            max_session_timeout: config.group_max_session_timeout,
            commit_timeout: config.offsets_commit_timeout,
            offsets_retention: config.offsets_retention,
            retention_check_interval: config.offsets_retention_check_interval,
            offsets_partitions: config.offsets_topic_num_partitions,
            sabotage: config.sabotage,
        };
        Self { settings, shards: BTreeMap::new() }
    }

    // ---- looking in ------------------------------------------------------------------------------------------

    /// The groups this broker coordinates, with the partition that keeps each.
    pub fn groups(&self) -> impl Iterator<Item = (PartitionId, &Group)> {
        self.shards.iter().flat_map(|(partition, shard)| shard.groups.values().map(|group| (*partition, group)))
    }

    #[must_use]
    pub fn group(&self, id: &str) -> Option<&Group> {
        self.shards.values().find_map(|shard| shard.groups.get(id))
    }

    /// Partitions of `__consumer_offsets` it answers for.
    pub fn partitions(&self) -> impl Iterator<Item = PartitionId> {
        self.shards.keys().copied()
    }

    /// Writes that are appended and not committed yet.
    pub fn pending_writes(&self) -> impl Iterator<Item = (PartitionId, &PendingWrite)> {
        self.shards.iter().flat_map(|(partition, shard)| shard.pending.iter().map(|write| (*partition, write)))
    }

    /// Which partition of `__consumer_offsets` keeps a group: by the partitions it has, or will have.
    #[must_use]
    pub fn partition_for(&self, image: &MetadataImage, group: &str) -> PartitionId {
        let topic = image.topic_id(OFFSETS_TOPIC).and_then(|id| image.topic(id));
        let count = topic.and_then(|topic| u32::try_from(topic.partitions.len()).ok()).filter(|count| *count > 0);
        partition_for_group(group, count.unwrap_or(self.settings.offsets_partitions))
    }

    /// Who coordinates a group. While there is no `__consumer_offsets`, whoever is asked must see to its creation
    /// (`AutoTopicCreationManager`): that is for the broker to do.
    ///
    /// # Errors
    /// COORDINATOR_NOT_AVAILABLE while there is no topic or no leader.
    pub fn find_coordinator(&self, image: &MetadataImage, group: &str) -> Result<BrokerId, ErrorCode> {
        let topic = image.topic_id(OFFSETS_TOPIC).ok_or(ErrorCode::CoordinatorNotAvailable)?;
        let partition = TopicPartition { topic, partition: self.partition_for(image, group) };
        let leader = image.partition(partition).and_then(|registration| registration.leader);
        leader.filter(|leader| image.is_active(*leader)).ok_or(ErrorCode::CoordinatorNotAvailable)
    }

    // ---- requests --------------------------------------------------------------------------------------------

    /// Answers a request of the group family, now or when its records are committed.
    pub fn handle(
        &mut self,
        ctx: &mut Ctx<'_>,
        log: &mut dyn OffsetsLog,
        image: &MetadataImage,
        from: NodeId,
        correlation: CorrelationId,
        request: Request,
    ) {
        let reply = Reply { to: from, correlation };
        let group = match &request {
            Request::FindCoordinator(request) => {
                // Any broker can help with this one.
                let outcome = self.find_coordinator(image, &request.group);
                let response = FindCoordinatorResponse { group: request.group.clone(), outcome };
                let body = Body::Response { correlation, response: response.into() };
                return ctx.send(from, body);
            }
            Request::JoinGroup(request) => &request.group,
            Request::SyncGroup(request) => &request.group,
            Request::Heartbeat(request) => &request.group,
            Request::LeaveGroup(request) => &request.group,
            Request::OffsetCommit(request) => &request.group,
            Request::OffsetFetch(request) => &request.group,
            _ => unreachable!("the broker hands over requests of the group family only"),
        };
        let partition = self.partition_for(image, group);
        let Some(shard) = self.shards.get_mut(&partition) else {
            let mut env = Env { ctx, settings: &self.settings, partition };
            return refuse(&mut env, reply, request);
        };
        let mut env = Env { ctx, settings: &self.settings, partition };
        let write = match request {
            Request::JoinGroup(request) => shard.join(&mut env, &request, reply),
            Request::SyncGroup(request) => shard.sync(&mut env, &request, reply),
            Request::Heartbeat(request) => {
                shard.heartbeat(&mut env, request, reply);
                None
            }
            Request::LeaveGroup(request) => shard.leave(&mut env, request, reply),
            Request::OffsetCommit(request) => shard.commit(&mut env, image, request, reply),
            Request::OffsetFetch(request) => {
                shard.fetch(&mut env, request, reply);
                None
            }
            _ => unreachable!("told apart above"),
        };
        shard.write(&mut env, log, image, write);
    }

    /// One of its timers has rung.
    pub fn timer(&mut self, ctx: &mut Ctx<'_>, log: &mut dyn OffsetsLog, image: &MetadataImage, timer: GroupTimer) {
        let partition = timer.partition();
        let Some(shard) = self.shards.get_mut(&partition) else { return };
        let mut env = Env { ctx, settings: &self.settings, partition };
        let write = match timer {
            GroupTimer::Session { group, member, .. } => {
                shard.groups.get_mut(&group).and_then(|group| group.session_rang(&mut env, &member))
            }
            GroupTimer::Join { group, .. } => shard.groups.get_mut(&group).and_then(|group| group.join_rang(&mut env)),
            GroupTimer::Sync { group, .. } => shard.groups.get_mut(&group).and_then(|group| group.sync_rang(&mut env)),
            GroupTimer::Write { .. } => return shard.write_rang(&mut env, log, image),
            GroupTimer::Expiry { .. } => return shard.expire_offsets(&mut env, log, image),
        };
        shard.write(&mut env, log, image, write);
    }

    /// Topics are gone: so is what groups have committed of them (`handleDeletedPartitions`).
    pub fn topics_removed(&mut self, ctx: &mut Ctx<'_>, log: &mut dyn OffsetsLog, image: &MetadataImage) {
        for (partition, shard) in &mut self.shards {
            let mut env = Env { ctx, settings: &self.settings, partition: *partition };
            shard.forget_removed_topics(&mut env, log, image);
        }
    }

    /// The high watermark of a partition of `__consumer_offsets` has moved: what lies below is committed.
    pub fn high_watermark(&mut self, ctx: &mut Ctx<'_>, partition: PartitionId, high_watermark: Offset) {
        let Some(shard) = self.shards.get_mut(&partition) else { return };
        let mut env = Env { ctx, settings: &self.settings, partition };
        while shard.pending.front().is_some_and(|write| write.until <= high_watermark) {
            let write = shard.pending.pop_front().expect("just seen");
            shard.committed(&mut env, write);
        }
    }

    /// This broker now leads a partition of `__consumer_offsets`: reads it from the start.
    pub fn elected(
        &mut self,
        ctx: &mut Ctx<'_>,
        image: &MetadataImage,
        partition: PartitionId,
        batches: &mut dyn Iterator<Item = &RecordBatch>,
    ) {
        self.resigned(ctx, partition);
        let mut shard = Shard::default();
        let now = ctx.now();
        for record in batches.flat_map(|batch| batch.records.iter()) {
            // What this version does not know it leaves alone, as Kafka does after a downgrade.
            if let Ok(record) = decode(record, image) {
                shard.replay(now, &record);
            }
        }
        let mut env = Env { ctx, settings: &self.settings, partition };
        for group in shard.groups.values_mut() {
            group.restore(&mut env);
        }
        let interval = self.settings.retention_check_interval;
        shard.expiry_timer = Some(env.set_timer(interval, GroupTimer::Expiry { partition }));
        let count = |number: usize| u32::try_from(number).expect("groups and offsets can be counted");
        env.emit(GroupFact::Loaded {
            partition,
            groups: count(shard.groups.len()),
            offsets: count(shard.groups.values().map(|group| group.durable.offsets.len()).sum()),
        });
        self.shards.insert(partition, shard);
    }

    /// Another broker leads the partition now: everybody who waits here is sent to look for it.
    pub fn resigned(&mut self, ctx: &mut Ctx<'_>, partition: PartitionId) {
        let Some(mut shard) = self.shards.remove(&partition) else { return };
        let mut env = Env { ctx, settings: &self.settings, partition };
        for timer in [shard.write_timer.take(), shard.expiry_timer.take()].into_iter().flatten() {
            env.cancel(timer);
        }
        for write in std::mem::take(&mut shard.pending) {
            // No follow-up writes: there is no log to write to. Parked requests are answered below.
            if let Then::AnswerCommit { reply, partitions } = write.then {
                answer_commit(&mut env, reply, write.group, partitions, Some(ErrorCode::NotCoordinator));
            }
        }
        for group in shard.groups.values_mut() {
            group.unload(&mut env, ErrorCode::NotCoordinator);
        }
        env.emit(GroupFact::Unloaded { partition });
    }

    /// The process is gone, and with it everything here.
    pub fn crash(&mut self) {
        self.shards.clear();
    }
}

impl Shard {
    fn join(&mut self, env: &mut Env<'_, '_>, request: &JoinGroupRequest, reply: Reply) -> Option<Write> {
        let range = env.settings.min_session_timeout..=env.settings.max_session_timeout;
        let is_known = self.groups.contains_key(&request.group);
        let error = if !range.contains(&request.session_timeout) {
            Some(ErrorCode::InvalidSessionTimeout)
        } else if !is_known && request.member.is_some() {
            Some(ErrorCode::UnknownMemberId)
        } else {
            None
        };
        if let Some(error) = error {
            env.refuse(&request.group, reply.to, error);
            let (group, member) = (request.group.clone(), request.member.clone());
            env.answer(reply, JoinGroupResponse { group, member, outcome: Err(error) });
            return None;
        }
        let group = self.group_or_new(env.now(), &request.group);
        let write = group.join(env, request, reply);
        if is_known {
            return write;
        }
        write.or_else(|| {
            // A new group goes on record at once, still without members (`newEmptyGroupMetadataRecord`).
            let mut empty = Group::new(group.id.clone(), env.now());
            empty.state_since = group.state_since;
            let records = vec![empty.metadata_record(|_| Vec::new())];
            Some(Write { group: group.id.clone(), records, then: Then::Found })
        })
    }

    fn sync(&mut self, env: &mut Env<'_, '_>, request: &SyncGroupRequest, reply: Reply) -> Option<Write> {
        match self.groups.get_mut(&request.group) {
            Some(group) => group.sync(env, request, reply),
            None => {
                env.refuse(&request.group, reply.to, ErrorCode::UnknownMemberId);
                let outcome = Err(ErrorCode::UnknownMemberId);
                env.answer(reply, SyncGroupResponse { group: request.group.clone(), outcome });
                None
            }
        }
    }

    fn heartbeat(&mut self, env: &mut Env<'_, '_>, request: HeartbeatRequest, reply: Reply) {
        let group = self.groups.get_mut(&request.group).ok_or(ErrorCode::UnknownMemberId);
        let error = group.and_then(|group| group.heartbeat(env, &request)).err();
        if let Some(error) = error {
            env.refuse(&request.group, reply.to, error);
        }
        env.answer(reply, HeartbeatResponse { group: request.group, error });
    }

    fn leave(&mut self, env: &mut Env<'_, '_>, request: LeaveGroupRequest, reply: Reply) -> Option<Write> {
        let group = self.groups.get_mut(&request.group).ok_or(ErrorCode::UnknownMemberId);
        let outcome = group.and_then(|group| group.leave(env, &request));
        let error = outcome.as_ref().err().copied();
        if let Some(error) = error {
            env.refuse(&request.group, reply.to, error);
        }
        env.answer(reply, LeaveGroupResponse { group: request.group, error });
        outcome.ok().flatten()
    }

    fn commit(
        &mut self,
        env: &mut Env<'_, '_>,
        image: &MetadataImage,
        request: OffsetCommitRequest,
        reply: Reply,
    ) -> Option<Write> {
        let OffsetCommitRequest { group: id, generation, member, offsets } = request;
        // Who has no generation may found a group by committing; who has one speaks of a group that is gone.
        let group = match generation {
            None => Some(self.group_or_new(env.now(), &id)),
            Some(_) => self.groups.get_mut(&id),
        };
        let verdict = group.ok_or(ErrorCode::IllegalGeneration).and_then(|group| {
            group.validate_commit(member.as_ref(), generation)?;
            // A commit is a sign of life too.
            if let Some(member) = &member {
                group.touch(env, member);
            }
            Ok(())
        });
        if let Err(error) = verdict {
            env.refuse(&id, reply.to, error);
            let partitions = offsets.into_iter().map(|offset| (offset.partition, None)).collect();
            answer_commit(env, reply, id, partitions, Some(error));
            return None;
        }
        let mut partitions = Vec::with_capacity(offsets.len());
        let mut records = Vec::with_capacity(offsets.len());
        // The record's timestamp has whole milliseconds only.
        let committed_at = Time(env.now().0 / 1_000 * 1_000);
        for CommittedOffset { partition, offset, leader_epoch, metadata } in offsets {
            let is_known = image.partition(partition).is_some();
            partitions.push((partition, (!is_known).then_some(ErrorCode::UnknownTopicOrPartition)));
            if is_known {
                let value = Some(StoredOffset { offset, leader_epoch, metadata, committed_at });
                records.push(GroupRecord::Offset { group: id.clone(), partition, value });
            }
        }
        if records.is_empty() {
            answer_commit(env, reply, id, partitions, None);
            return None;
        }
        Some(Write { group: id, records, then: Then::AnswerCommit { reply, partitions } })
    }

    /// Answers with committed offsets only: one that is not on every in-sync replica may yet be lost.
    fn fetch(&mut self, env: &mut Env<'_, '_>, request: OffsetFetchRequest, reply: Reply) {
        let stored = self.groups.get(&request.group).into_iter().flat_map(Group::offsets);
        let asked = |partition: &TopicPartition| {
            request.partitions.as_ref().is_none_or(|partitions| partitions.contains(partition))
        };
        let offsets = stored.filter(|(partition, _)| asked(partition)).map(|(partition, stored)| CommittedOffset {
            partition,
            offset: stored.offset,
            leader_epoch: stored.leader_epoch,
            metadata: stored.metadata.clone(),
        });
        let outcome = Ok(offsets.collect());
        env.answer(reply, OffsetFetchResponse { group: request.group, outcome });
    }

    fn group_or_new(&mut self, now: Time, id: &Arc<str>) -> &mut Group {
        self.groups.entry(id.clone()).or_insert_with(|| Group::new(id.clone(), now))
    }

    // ---- writing ---------------------------------------------------------------------------------------------

    /// Appends what was decided. A refused append is a failed decision, which may lead to another one.
    fn write(&mut self, env: &mut Env<'_, '_>, log: &mut dyn OffsetsLog, image: &MetadataImage, write: Option<Write>) {
        let mut next = write;
        while let Some(Write { group, records, then }) = next.take() {
            let now = env.now();
            let encoded = records.iter().map(|record| encode(record, image, now)).collect();
            match log.append(env.ctx, env.partition, encoded) {
                Ok(until) => {
                    let gives_up_at = now + env.settings.commit_timeout;
                    self.pending.push_back(PendingWrite { group, until, gives_up_at, records, then });
                    self.arm_write_timer(env);
                }
                Err(error) => next = self.failed(env, &group, then, error),
            }
        }
    }

    fn arm_write_timer(&mut self, env: &mut Env<'_, '_>) {
        let Some(first) = self.pending.front().filter(|_| self.write_timer.is_none()) else { return };
        let timer = GroupTimer::Write { partition: env.partition };
        self.write_timer = Some(env.set_timer(first.gives_up_at.since(env.now()), timer));
    }

    fn write_rang(&mut self, env: &mut Env<'_, '_>, log: &mut dyn OffsetsLog, image: &MetadataImage) {
        self.write_timer = None;
        let now = env.now();
        while self.pending.front().is_some_and(|write| write.gives_up_at <= now) {
            let PendingWrite { group, then, .. } = self.pending.pop_front().expect("just seen");
            let next = self.failed(env, &group, then, ErrorCode::RequestTimedOut);
            self.write(env, log, image, next);
        }
        self.arm_write_timer(env);
    }

    /// The records are on every in-sync replica: they count, and whoever waited hears of it.
    fn committed(&mut self, env: &mut Env<'_, '_>, write: PendingWrite) {
        let PendingWrite { group: id, records, then, .. } = write;
        for record in &records {
            self.replay(env.now(), record);
            if let GroupRecord::Offset { group, partition, value: Some(value) } = record {
                let (group, partition, offset) = (group.clone(), *partition, value.offset);
                env.emit(GroupFact::OffsetCommitted { group, partition, offset });
            }
        }
        match then {
            Then::AnswerCommit { reply, partitions } => answer_commit(env, reply, id, partitions, None),
            Then::Assign { generation } => {
                let group = self.groups.get_mut(&id);
                let next = group.and_then(|group| group.assigned(env, generation, Ok(&records)));
                debug_assert!(next.is_none(), "an assignment that is committed asks for nothing more");
            }
            Then::AnswerStatic { member, leader } => {
                if let Some(group) = self.groups.get_mut(&id) {
                    group.replaced(env, &member, leader, Ok(()));
                }
            }
            Then::Found | Then::Nothing => {}
        }
    }

    /// The records were not written, or nobody knows whether they were.
    fn failed(&mut self, env: &mut Env<'_, '_>, id: &Arc<str>, then: Then, error: ErrorCode) -> Option<Write> {
        let timed_out = error == ErrorCode::RequestTimedOut;
        let error = told_to_clients(error);
        match then {
            Then::AnswerCommit { reply, partitions } => {
                env.refuse(id, reply.to, error);
                answer_commit(env, reply, id.clone(), partitions, Some(error));
                None
            }
            Then::Assign { generation } => self.groups.get_mut(id)?.assigned(env, generation, Err(error)),
            Then::AnswerStatic { member, leader } => {
                self.groups.get_mut(id)?.replaced(env, &member, leader, Err(error));
                None
            }
            // Late is not refused: the record is in the log and may well be committed yet.
            Then::Found if timed_out => None,
            Then::Found => {
                let mut group = self.groups.remove(id)?;
                group.unload(env, error);
                None
            }
            Then::Nothing => None,
        }
    }

    /// Applies one committed record. This is the only way in which the durable part of a group changes.
    fn replay(&mut self, now: Time, record: &GroupRecord) {
        let (GroupRecord::Offset { group: id, .. } | GroupRecord::Metadata { group: id, .. }) = record;
        let group = self.group_or_new(now, id);
        group.replay(record);
        let is_tombstone = matches!(record, GroupRecord::Metadata { value: None, .. });
        // Somebody may have joined since the tombstone was written; the group's next record will say so.
        if is_tombstone && group.is_deserted() && group.durable.offsets.is_empty() {
            self.groups.remove(id);
        }
    }

    fn forget_removed_topics(&mut self, env: &mut Env<'_, '_>, log: &mut dyn OffsetsLog, image: &MetadataImage) {
        let mut writes = Vec::new();
        for (id, group) in &self.groups {
            let gone = group.durable.offsets.keys().filter(|partition| image.topic(partition.topic).is_none());
            let tombstone =
                |partition: &_| GroupRecord::Offset { group: id.clone(), partition: *partition, value: None };
            let records: Vec<_> = gone.map(tombstone).collect();
            if !records.is_empty() {
                writes.push(Write { group: id.clone(), records, then: Then::Nothing });
            }
        }
        for write in writes {
            self.write(env, log, image, Some(write));
        }
    }

    /// Forgets offsets nobody needs, and groups nobody is in (`offsets.retention.minutes`).
    fn expire_offsets(&mut self, env: &mut Env<'_, '_>, log: &mut dyn OffsetsLog, image: &MetadataImage) {
        let (now, retention) = (env.now(), env.settings.offsets_retention);
        let mut writes = Vec::new();
        for (id, group) in &self.groups {
            let (expired, none_left) = group.expired_offsets(now, retention, image);
            let tombstone = |partition| GroupRecord::Offset { group: id.clone(), partition, value: None };
            let mut records: Vec<_> = expired.into_iter().map(tombstone).collect();
            if none_left && group.is_deserted() {
                records.push(GroupRecord::Metadata { group: id.clone(), value: None });
            }
            if !records.is_empty() {
                writes.push(Write { group: id.clone(), records, then: Then::Nothing });
            }
        }
        for write in writes {
            self.write(env, log, image, Some(write));
        }
        let timer = GroupTimer::Expiry { partition: env.partition };
        self.expiry_timer = Some(env.set_timer(env.settings.retention_check_interval, timer));
    }
}

/// `appendGroupMetadataErrorToResponseError`: clients know coordinators, not replicas.
fn told_to_clients(error: ErrorCode) -> ErrorCode {
    match error {
        ErrorCode::UnknownTopicOrPartition
        | ErrorCode::NotEnoughReplicas
        | ErrorCode::NotEnoughReplicasAfterAppend
        | ErrorCode::RequestTimedOut => ErrorCode::CoordinatorNotAvailable,
        ErrorCode::NotLeaderOrFollower => ErrorCode::NotCoordinator,
        other => other,
    }
}

fn answer_commit(
    env: &mut Env<'_, '_>,
    reply: Reply,
    group: Arc<str>,
    mut partitions: Vec<(TopicPartition, Option<ErrorCode>)>,
    error: Option<ErrorCode>,
) {
    if error.is_some() {
        for (_, own) in &mut partitions {
            *own = error;
        }
    }
    env.answer(reply, OffsetCommitResponse { group, partitions });
}

/// The group is kept elsewhere.
fn refuse(env: &mut Env<'_, '_>, reply: Reply, request: Request) {
    let error = ErrorCode::NotCoordinator;
    match request {
        Request::JoinGroup(request) => {
            let JoinGroupRequest { group, member, .. } = request;
            env.answer(reply, JoinGroupResponse { group, member, outcome: Err(error) });
        }
        Request::SyncGroup(SyncGroupRequest { group, .. }) => {
            env.answer(reply, SyncGroupResponse { group, outcome: Err(error) });
        }
        Request::Heartbeat(HeartbeatRequest { group, .. }) => {
            env.answer(reply, HeartbeatResponse { group, error: Some(error) });
        }
        Request::LeaveGroup(LeaveGroupRequest { group, .. }) => {
            env.answer(reply, LeaveGroupResponse { group, error: Some(error) });
        }
        Request::OffsetCommit(request) => {
            let partitions = request.offsets.into_iter().map(|offset| (offset.partition, None)).collect();
            answer_commit(env, reply, request.group, partitions, Some(error));
        }
        Request::OffsetFetch(OffsetFetchRequest { group, .. }) => {
            env.answer(reply, OffsetFetchResponse { group, outcome: Err(error) });
        }
        _ => unreachable!("the broker hands over requests of the group family only"),
    }
}
