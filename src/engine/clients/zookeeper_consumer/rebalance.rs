//! Rebalancing without a coordinator (`ZKRebalancerListener.syncedRebalance`): each member for itself, from what ZooKeeper
//! says, and again if a claim does not come true.
//!
//! Members read at different moments, so their shares may contradict each other for a while. What keeps a partition from
//! having two owners is the owner's znode alone: it can be made once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::connector::{Connector, ZkCall, persistent};
use super::fact::{AttemptFailure, ZookeeperConsumerFact};
use super::zk_data::{decode_partitions, decode_registration, id_path, ids_path, offset_path, owner_path, parents};
use crate::engine::Ctx;
use crate::engine::clients::consumer::{CommitReason, Failure};
use crate::engine::clients::fact::{ConsumerFact, PositionFrom};
use crate::engine::common::{Mutation, Offset, PartitionId, Time, TopicPartition};
use crate::engine::protocol::{
    BROKER_IDS, CreateMode, TopicName, ZkError, ZkOp, ZkOutcome, ZkPath, ZkReply, topic_path,
};

/// Where a rebalance is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Step {
    #[default]
    Idle,
    /// Reads the brokers and its own registration.
    Cluster,
    /// Commits before it lets go.
    Committing,
    /// Deletes its owner znodes.
    Releasing,
    /// Reads who the members are, and the topics' partitions.
    Group,
    /// Reads what each member subscribed to.
    Members,
    /// Reads where the group left off.
    Offsets,
    /// Makes owner znodes.
    Claiming,
    /// Deletes those it made: another claim did not come true.
    GivingBack,
    BackingOff,
}

/// A partition of its share.
#[derive(Clone, Debug)]
struct Claim {
    partition: TopicPartition,
    path: ZkPath,
    thread: Arc<str>,
    offset: Option<Offset>,
    /// Its own, or another's; `None`: not known yet.
    is_mine: Option<bool>,
}

/// A topic's znode as it was read.
#[derive(Clone, Debug)]
struct Partitions {
    topic: TopicName,
    partitions: Vec<TopicPartition>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Rebalancer {
    step: Step,
    attempt: u32,
    /// `isWatcherTriggered`: there is news that no attempt has read.
    is_triggered: bool,
    /// The first rebalance is part of `createMessageStreams()`: if it fails, the program does.
    has_been_through: bool,
    has_given_up: bool,
    watches_brokers: bool,
    backs_off_until: Option<Time>,
    members: Vec<Arc<str>>,
    topics: Vec<Partitions>,
    claims: Vec<Claim>,
}

impl Rebalancer {
    pub fn step(&self) -> Step {
        self.step
    }

    pub fn attempt(&self) -> Option<u32> {
        (self.step != Step::Idle).then_some(self.attempt)
    }

    /// The last one ended in `ConsumerRebalanceFailedException`.
    pub fn has_given_up(&self) -> bool {
        self.has_given_up
    }

    pub fn trigger(&mut self) {
        self.is_triggered = true;
    }

    /// The process shuts down, or the session is gone.
    pub fn abandon(&mut self) {
        let (has_been_through, watches_brokers) = (self.has_been_through, self.watches_brokers);
        *self = Self { has_been_through, watches_brokers, ..Self::default() };
    }

    pub fn wakes_at(&self) -> Option<Time> {
        self.backs_off_until
    }
}

impl Connector {
    /// The watcher's thread.
    pub(super) fn run_watcher(&mut self, ctx: &mut Ctx<'_>) {
        let rebalancer = &mut self.rebalancer;
        match rebalancer.step {
            Step::Idle if rebalancer.is_triggered => {
                rebalancer.is_triggered = false;
                rebalancer.has_given_up = false;
                rebalancer.attempt = 0;
                self.attempt(ctx);
            }
            Step::BackingOff if rebalancer.backs_off_until.is_some_and(|until| until <= ctx.now()) => {
                rebalancer.backs_off_until = None;
                rebalancer.attempt += 1;
                self.attempt(ctx);
            }
            _ => {}
        }
    }

    fn attempt(&mut self, ctx: &mut Ctx<'_>) {
        let attempt = self.rebalancer.attempt;
        if attempt >= self.config.rebalance_max_retries {
            return self.give_up(ctx);
        }
        ctx.emit(ZookeeperConsumerFact::RebalanceBegan { attempt });
        let ops = vec![
            ZkOp::GetChildren { path: BROKER_IDS.into(), watch: self.rebalancer.watches_brokers },
            ZkOp::GetData { path: id_path(&self.group, &self.id), watch: false },
        ];
        self.ask(ctx, Step::Cluster, ops);
    }

    fn give_up(&mut self, ctx: &mut Ctx<'_>) {
        let retries = self.config.rebalance_max_retries;
        ctx.emit(ZookeeperConsumerFact::RebalanceFailed { id: self.id.clone(), retries });
        self.rebalancer.step = Step::Idle;
        self.rebalancer.has_given_up = true;
        if !self.rebalancer.has_been_through {
            self.fail(ctx, Failure::RebalanceFailed);
        }
    }

    fn ask(&mut self, ctx: &mut Ctx<'_>, step: Step, ops: Vec<ZkOp>) {
        assert!(!ops.is_empty(), "a step that asks nothing gets no answer");
        self.rebalancer.step = step;
        self.session.request(ctx, ops, ZkCall::Rebalance);
    }

    pub(super) fn rebalance_answered(&mut self, ctx: &mut Ctx<'_>, ops: &[ZkOp], outcomes: &[ZkOutcome]) {
        match self.rebalancer.step {
            // It was abandoned meanwhile.
            Step::Idle | Step::Committing | Step::BackingOff => {}
            Step::Cluster => self.cluster_read(ctx, outcomes),
            Step::Releasing => self.read_group(ctx),
            Step::Group => self.group_read(ctx, ops, outcomes),
            Step::Members => self.members_read(ctx, ops, outcomes),
            Step::Offsets => self.offsets_read(ctx, outcomes),
            Step::Claiming => self.claimed(ctx, ops, outcomes),
            Step::GivingBack => self.attempt_failed(ctx, AttemptFailure::Owned),
        }
    }

    // ---- letting go ------------------------------------------------------------------------------------------

    fn cluster_read(&mut self, ctx: &mut Ctx<'_>, outcomes: &[ZkOutcome]) {
        let [brokers, own] = outcomes else { unreachable!("two questions, two answers") };
        if own.is_err() {
            let path = id_path(&self.group, &self.id);
            return self.attempt_failed(ctx, AttemptFailure::Vanished { path });
        }
        if !matches!(brokers, Ok(ZkReply::Children { names, .. }) if !names.is_empty()) {
            ctx.emit(ZookeeperConsumerFact::NoBrokers);
            self.rebalancer.watches_brokers = true;
            self.watch_brokers(ctx);
            return self.done();
        }
        // Fetchers stop before partitions are let go: who released them while still returning records would return
        // them in parallel with the next owner.
        self.stop_fetching();
        self.rebalancer.step = Step::Committing;
        let offsets = if self.auto_commits() { self.unsaved() } else { Vec::new() };
        self.commit(ctx, CommitReason::Revocation, offsets);
    }

    pub(super) fn committed_before_release(&mut self, ctx: &mut Ctx<'_>) {
        if self.rebalancer.step != Step::Committing {
            return;
        }
        let ops = self.let_go(ctx);
        if ops.is_empty() { self.read_group(ctx) } else { self.ask(ctx, Step::Releasing, ops) }
    }

    /// Nothing is owned any more; the deletions that make it so for the others.
    pub(super) fn let_go(&mut self, ctx: &mut Ctx<'_>) -> Vec<ZkOp> {
        let partitions = self.subscriptions.take();
        if partitions.is_empty() {
            return Vec::new();
        }
        let path = |partition: &TopicPartition| {
            let topic = self.names.get(&partition.topic).expect("it owns partitions of topics that it has read of");
            owner_path(&self.group, topic, partition.partition)
        };
        let ops = partitions.iter().map(|partition| ZkOp::Delete { path: path(partition), version: None }).collect();
        ctx.emit(ZookeeperConsumerFact::Released { partitions });
        ops
    }

    // ---- reading ---------------------------------------------------------------------------------------------

    fn read_group(&mut self, ctx: &mut Ctx<'_>) {
        let mut ops = vec![ZkOp::GetChildren { path: ids_path(&self.group), watch: true }];
        ops.extend(self.topics.iter().map(|topic| ZkOp::GetData { path: topic_path(topic), watch: true }));
        self.ask(ctx, Step::Group, ops);
    }

    fn group_read(&mut self, ctx: &mut Ctx<'_>, ops: &[ZkOp], outcomes: &[ZkOutcome]) {
        let (Some(Ok(ZkReply::Children { names, .. })), Some(topics)) = (outcomes.first(), outcomes.get(1..)) else {
            return self.attempt_failed(ctx, AttemptFailure::Vanished { path: ids_path(&self.group) });
        };
        if !names.contains(&self.id) {
            let path = id_path(&self.group, &self.id);
            return self.attempt_failed(ctx, AttemptFailure::Vanished { path });
        }
        self.rebalancer.members.clone_from(names);
        self.rebalancer.topics.clear();
        debug_assert_eq!(ops.len(), outcomes.len());
        for (topic, outcome) in self.topics.iter().zip(topics) {
            // A topic without a znode has no partitions (yet).
            let Ok(ZkReply::Data { data, stat }) = outcome else { continue };
            let id = stat.topic_id();
            self.names.insert(id, topic.clone());
            let of_topic = |partition: PartitionId| TopicPartition { topic: id, partition };
            let partitions = decode_partitions(data).into_iter().map(of_topic).collect();
            self.rebalancer.topics.push(Partitions { topic: topic.clone(), partitions });
        }
        let read = |id: &Arc<str>| ZkOp::GetData { path: id_path(&self.group, id), watch: false };
        let ops = names.iter().map(read).collect();
        self.ask(ctx, Step::Members, ops);
    }

    fn members_read(&mut self, ctx: &mut Ctx<'_>, ops: &[ZkOp], outcomes: &[ZkOutcome]) {
        // Threads by topic, each with the topics that it reads.
        let mut threads: BTreeMap<TopicName, BTreeSet<String>> = BTreeMap::new();
        for ((id, op), outcome) in self.rebalancer.members.iter().zip(ops).zip(outcomes) {
            let registration = match outcome {
                Ok(ZkReply::Data { data, .. }) => decode_registration(data),
                _ => None,
            };
            let Some(registration) = registration else {
                let path = op.path().expect("a reading has a path").clone();
                return self.attempt_failed(ctx, AttemptFailure::Vanished { path });
            };
            for (topic, count) in registration {
                threads.entry(topic).or_default().extend((0..count).map(|thread| format!("{id}-{thread}")));
            }
        }
        let mine: BTreeSet<String> = [format!("{}-0", self.id)].into();
        let share = if self.config.deals_round_robin() {
            round_robin(&self.rebalancer.topics, &threads, &mine)
        } else {
            Some(range(&self.rebalancer.topics, &threads, &mine))
        };
        let Some(share) = share else { return self.attempt_failed(ctx, AttemptFailure::DifferentSubscriptions) };
        let claim = |(partition, thread): (TopicPartition, String)| {
            let path = owner_path(&self.group, &self.names[&partition.topic], partition.partition);
            Claim { partition, path, thread: thread.into(), offset: None, is_mine: None }
        };
        self.rebalancer.claims = share.into_iter().map(claim).collect();
        let read = |claim: &Claim| {
            let (topic, partition) = (&self.names[&claim.partition.topic], claim.partition.partition);
            ZkOp::GetData { path: offset_path(&self.group, topic, partition), watch: false }
        };
        let ops: Vec<ZkOp> = self.rebalancer.claims.iter().map(read).collect();
        if ops.is_empty() { self.rebalanced(ctx) } else { self.ask(ctx, Step::Offsets, ops) }
    }

    // ---- claiming --------------------------------------------------------------------------------------------

    fn offsets_read(&mut self, ctx: &mut Ctx<'_>, outcomes: &[ZkOutcome]) {
        for (claim, outcome) in self.rebalancer.claims.iter_mut().zip(outcomes) {
            claim.offset = match outcome {
                Ok(ZkReply::Data { data, .. }) => data.parse().ok().map(Offset),
                _ => None,
            };
        }
        let ops = self.rebalancer.claims.iter().map(create).collect();
        self.ask(ctx, Step::Claiming, ops);
    }

    /// `reflectPartitionOwnershipDecision`: all claims are tried, and if one fails, those that came true are given back.
    fn claimed(&mut self, ctx: &mut Ctx<'_>, ops: &[ZkOp], outcomes: &[ZkOutcome]) {
        let is_bold = self.config.sabotage.breaks(Mutation::ClaimsWhatIsOwned);
        let mut again: Vec<ZkOp> = Vec::new();
        for (op, outcome) in ops.iter().zip(outcomes) {
            let claims = &mut self.rebalancer.claims;
            let Some(claim) = claims.iter_mut().find(|claim| op.path() == Some(&claim.path)) else { continue };
            match (op, outcome) {
                (ZkOp::Create { .. }, Err(failure)) if failure.error == ZkError::NoNode => {
                    for parent in parents(&claim.path).map(persistent) {
                        if !again.contains(&parent) {
                            again.push(parent);
                        }
                    }
                    again.push(create(claim));
                }
                // Its own, if the answer to an earlier try got lost?
                (ZkOp::Create { .. }, Err(_)) if !is_bold => {
                    again.push(ZkOp::GetData { path: claim.path.clone(), watch: false });
                }
                (ZkOp::GetData { .. }, outcome) => {
                    let owner = match outcome {
                        Ok(ZkReply::Data { data, .. }) => Some(data.clone()),
                        _ => None,
                    };
                    let is_mine = owner.as_ref() == Some(&claim.thread);
                    claim.is_mine = Some(is_mine);
                    if !is_mine {
                        ctx.emit(ZookeeperConsumerFact::ClaimRefused { partition: claim.partition, owner });
                    }
                }
                _ => claim.is_mine = Some(true),
            }
            if claim.is_mine == Some(true) {
                let (partition, thread) = (claim.partition, claim.thread.clone());
                ctx.emit(ZookeeperConsumerFact::Claimed { partition, thread });
            }
        }
        if !again.is_empty() {
            return self.ask(ctx, Step::Claiming, again);
        }
        if self.rebalancer.claims.iter().all(|claim| claim.is_mine == Some(true)) {
            return self.rebalanced(ctx);
        }
        let held: Vec<&Claim> = self.rebalancer.claims.iter().filter(|claim| claim.is_mine == Some(true)).collect();
        if held.is_empty() {
            return self.attempt_failed(ctx, AttemptFailure::Owned);
        }
        let partitions = held.iter().map(|claim| claim.partition).collect();
        let ops = held.iter().map(|claim| ZkOp::Delete { path: claim.path.clone(), version: None }).collect();
        ctx.emit(ZookeeperConsumerFact::Released { partitions });
        self.ask(ctx, Step::GivingBack, ops);
    }

    fn rebalanced(&mut self, ctx: &mut Ctx<'_>) {
        let claims = std::mem::take(&mut self.rebalancer.claims);
        let partitions: Vec<TopicPartition> = claims.iter().map(|claim| claim.partition).collect();
        self.subscriptions.assign(&partitions);
        self.commits.saved.clear();
        let attempt = self.rebalancer.attempt;
        ctx.emit(ZookeeperConsumerFact::Rebalanced { attempt, partitions: partitions.clone() });
        for Claim { partition, offset, .. } in claims {
            self.commits.saved.insert(partition, offset);
            let reset = self.reset_spec();
            let state = self.subscriptions.get_mut(partition).expect("just assigned");
            state.committed = offset;
            match offset {
                Some(position) => {
                    state.seek(position, None);
                    ctx.emit(ConsumerFact::PositionSet { partition, position, why: PositionFrom::Committed });
                }
                None => state.await_reset(reset, false),
            }
        }
        self.fetchers.begin(partitions);
        self.done();
    }

    fn done(&mut self) {
        self.rebalancer.step = Step::Idle;
        self.rebalancer.has_been_through = true;
    }

    fn attempt_failed(&mut self, ctx: &mut Ctx<'_>, why: AttemptFailure) {
        ctx.emit(ZookeeperConsumerFact::AttemptFailed { attempt: self.rebalancer.attempt, why });
        self.rebalancer.claims.clear();
        self.rebalancer.step = Step::BackingOff;
        self.rebalancer.backs_off_until = Some(ctx.now() + self.config.rebalance_backoff);
        self.stop_fetching();
        let offsets = if self.auto_commits() { self.unsaved() } else { Vec::new() };
        if !offsets.is_empty() {
            self.commit(ctx, CommitReason::Interval, offsets);
        }
    }
}

fn create(claim: &Claim) -> ZkOp {
    ZkOp::Create { path: claim.path.clone(), data: claim.thread.clone(), mode: CreateMode::Ephemeral }
}

type Threads = BTreeMap<TopicName, BTreeSet<String>>;
type Share = Vec<(TopicPartition, String)>;

/// `RangeAssignor`: each topic by itself, cut into consecutive pieces for its threads in the order of their names.
fn range(topics: &[Partitions], threads: &Threads, mine: &BTreeSet<String>) -> Share {
    let mut share = Share::new();
    for Partitions { topic, partitions } in topics {
        let Some(threads) = threads.get(topic) else { continue };
        let (each, extra) = (partitions.len() / threads.len(), partitions.len() % threads.len());
        for (place, thread) in threads.iter().enumerate().filter(|(_, thread)| mine.contains(*thread)) {
            let start = each * place + place.min(extra);
            let count = each + usize::from(place < extra);
            share.extend(partitions[start..start + count].iter().map(|partition| (*partition, thread.clone())));
        }
    }
    share
}

/// `RoundRobinAssignor`: all partitions in one row, shuffled by hash codes, dealt to the threads in turn. `None` if not
/// every topic is read by the same threads.
fn round_robin(topics: &[Partitions], threads: &Threads, mine: &BTreeSet<String>) -> Option<Share> {
    let all = threads.values().next()?;
    if threads.values().any(|of_topic| of_topic != all) {
        return None;
    }
    let named = topics.iter().flat_map(|one| one.partitions.iter().map(|partition| (&one.topic, *partition)));
    let mut row: Vec<(i32, TopicPartition)> =
        named.map(|(topic, id)| (hash_code(&format!("[{topic},{}]", id.partition)), id)).collect();
    row.sort_by_key(|(hash, _)| *hash);
    let dealt = row.into_iter().zip(all.iter().cycle()).filter(|(_, thread)| mine.contains(*thread));
    Some(dealt.map(|((_, partition), thread)| (partition, thread.clone())).collect())
}

/// `String.hashCode`, of ASCII text.
fn hash_code(text: &str) -> i32 {
    text.bytes().fold(0_i32, |hash, byte| hash.wrapping_mul(31).wrapping_add(i32::from(byte)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::common::TopicId;

    fn topics(counts: &[u32]) -> Vec<Partitions> {
        let one = |(topic, count): (usize, &u32)| Partitions {
            topic: format!("t{topic}").into(),
            partitions: (0..*count)
                .map(|partition| TopicPartition::new(TopicId(u32::try_from(topic).unwrap()), partition))
                .collect(),
        };
        counts.iter().enumerate().map(one).collect()
    }

    fn threads(subscriptions: &[(&str, &[&str])]) -> Threads {
        let mut threads = Threads::new();
        for (topic, readers) in subscriptions {
            threads.insert((*topic).into(), readers.iter().map(|reader| (*reader).to_owned()).collect());
        }
        threads
    }

    fn of(share: &Share) -> Vec<(u32, u32)> {
        share.iter().map(|(id, _)| (id.topic.0, id.partition.0)).collect()
    }

    /// The example in the comment above Kafka's `RangeAssignor`: two consumers with two streams each, five partitions.
    #[test]
    fn ranges_are_cut_as_kafka_cuts_them() {
        let threads = threads(&[("t0", &["C1-0", "C1-1", "C2-0", "C2-1"])]);
        let share = |own: &[&str]| range(&topics(&[5]), &threads, &own.iter().map(|id| (*id).to_owned()).collect());
        assert_eq!(of(&share(&["C1-0"])), [(0, 0), (0, 1)]);
        assert_eq!(of(&share(&["C1-1"])), [(0, 2)]);
        assert_eq!(of(&share(&["C2-0", "C2-1"])), [(0, 3), (0, 4)]);
    }

    /// `"[t0,0]".hashCode()` and its neighbours rise with the partition, so they are dealt in order.
    #[test]
    fn round_robin_deals_like_cards_or_not_at_all() {
        let equal = threads(&[("t0", &["a-0", "b-0"]), ("t1", &["a-0", "b-0"])]);
        let mine: BTreeSet<String> = ["b-0".to_owned()].into();
        assert_eq!(of(&round_robin(&topics(&[3, 1]), &equal, &mine).unwrap()), [(0, 1), (1, 0)]);
        let unequal = threads(&[("t0", &["a-0", "b-0"]), ("t1", &["a-0"])]);
        assert!(round_robin(&topics(&[3, 1]), &unequal, &mine).is_none());
        // As Java computes it.
        assert_eq!((hash_code("hello"), hash_code("")), (99_162_322, 0));
    }
}
