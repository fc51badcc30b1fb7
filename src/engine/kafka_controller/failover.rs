//! What each step asks of ZooKeeper, and what follows from the answer: election, failover, and the changes that
//! watches announce (`KafkaController.elect`, `onControllerFailover`, `processBrokerChange`, `processTopicChange`).

use std::sync::Arc;

use super::context::{LiveBroker, PartitionState, ReplicaState};
use super::controller::{Env, KafkaController, Step, broker_epoch, is_fenced};
use super::elections::Strategy;
use super::fact::KafkaControllerFact;
use super::producer_ids::Lease;
use super::zk_data::{
    self, BROKER_IDS, CONTROLLER, CONTROLLER_EPOCH, DELETE_TOPICS, ISR_CHANGES, LOG_DIR_EVENTS, PREFERRED_ELECTION,
    REASSIGN_PARTITIONS, TOPICS,
};
use crate::engine::Ctx;
use crate::engine::common::{BrokerId, TopicPartition};
use crate::engine::controller::ElectedBecause;
use crate::engine::protocol::{CreateMode, TopicName, ZkOp, ZkOutcome, ZkPath, ZkReply};

fn get(path: impl Into<Arc<str>>) -> ZkOp {
    ZkOp::GetData { path: path.into(), watch: false }
}

/// A watch on its data stays behind.
fn watched(path: impl Into<Arc<str>>) -> ZkOp {
    ZkOp::GetData { path: path.into(), watch: true }
}

fn list(path: &str) -> ZkOp {
    ZkOp::GetChildren { path: path.into(), watch: true }
}

fn exists(path: &str) -> ZkOp {
    ZkOp::Exists { path: path.into(), watch: true }
}

fn names(outcome: Option<&ZkOutcome>) -> Vec<Arc<str>> {
    match outcome {
        Some(Ok(ZkReply::Children { names, .. })) => names.clone(),
        _ => Vec::new(),
    }
}

/// The paths of a znode's children.
fn below(parent: &str, outcome: Option<&ZkOutcome>) -> Vec<ZkPath> {
    names(outcome).iter().map(|name| format!("{parent}/{name}").into()).collect()
}

fn broker_ids(outcome: Option<&ZkOutcome>) -> Vec<BrokerId> {
    let mut ids: Vec<BrokerId> = names(outcome).iter().filter_map(|name| name.parse().ok().map(BrokerId)).collect();
    ids.sort_unstable();
    ids
}

fn data(outcome: Option<&ZkOutcome>) -> Option<&Arc<str>> {
    match outcome {
        Some(Ok(ZkReply::Data { data, .. })) => Some(data),
        _ => None,
    }
}

impl KafkaController {
    /// What `step` asks of ZooKeeper, in one go.
    pub(super) fn ops(&self, ctx: &Ctx<'_>, env: &Env<'_>, step: &Step) -> Vec<ZkOp> {
        let states = |partitions: &[TopicPartition]| {
            let path = |id: &TopicPartition| get(zk_data::state_path(self.context.name(*id), id.partition));
            partitions.iter().map(path).collect::<Vec<_>>()
        };
        let topics = |topics: &[TopicName]| {
            topics
                .iter()
                .flat_map(|name| [watched(zk_data::topic_path(name)), get(zk_data::config_path(name))])
                .collect()
        };
        let brokers = |ids: &[BrokerId]| ids.iter().map(|id| get(zk_data::broker_path(*id))).collect::<Vec<_>>();
        match step {
            Step::FindController { .. } => vec![exists(CONTROLLER), get(CONTROLLER)],
            Step::ReadEpoch => vec![get(CONTROLLER_EPOCH)],
            Step::CreateEpoch => {
                vec![ZkOp::Create { path: CONTROLLER_EPOCH.into(), data: "0".into(), mode: CreateMode::Persistent }]
            }
            Step::BecomeController { epoch, version } => vec![ZkOp::Multi(vec![
                ZkOp::Create {
                    path: CONTROLLER.into(),
                    data: zk_data::encode_controller(env.me, ctx.now(), env.config.version),
                    mode: CreateMode::Ephemeral,
                },
                ZkOp::SetData {
                    path: CONTROLLER_EPOCH.into(),
                    data: epoch.to_string().into(),
                    version: Some(*version),
                },
            ])],
            Step::CheckController { .. } => vec![get(CONTROLLER), get(CONTROLLER_EPOCH)],
            Step::WatchNotifications => {
                vec![list(ISR_CHANGES), list(LOG_DIR_EVENTS), list(DELETE_TOPICS), exists(PREFERRED_ELECTION)]
            }
            Step::DeleteNotifications(notices) => {
                let delete = |path: &ZkPath| self.guarded(ZkOp::Delete { path: path.clone(), version: None });
                notices.iter().map(delete).collect()
            }
            Step::ListBrokers | Step::ListChangedBrokers => vec![list(BROKER_IDS)],
            Step::ReadBrokers(ids) | Step::ReadChangedBrokers(ids) => brokers(ids),
            Step::ListTopics | Step::ListChangedTopics => vec![list(TOPICS)],
            Step::ReadTopics(names) | Step::ReadNewTopics(names) => topics(names),
            // Whether an unclean election is allowed stands in the topic's configuration (`collectUncleanLeaderElectionState`).
            Step::ReadToElect { partitions, strategy: Strategy::Offline, .. } => {
                let configs = self.names_of(partitions).into_iter().map(|name| get(zk_data::config_path(&name)));
                states(partitions).into_iter().chain(configs).collect()
            }
            Step::ReadStates(partitions)
            | Step::ReadToElect { partitions, .. }
            | Step::ReadToRemove { partitions, .. } => states(partitions),
            Step::CreateStates(partitions) => self.create_states(partitions),
            Step::Elect { decisions, .. } | Step::Remove { decisions, .. } => self.write_decisions(decisions),
            Step::AlterPartitions(altering) => self.write_decisions(&altering.decisions),
            Step::ListIsrNotifications => vec![list(ISR_CHANGES)],
            Step::ListLogDirEvents => vec![list(LOG_DIR_EVENTS)],
            Step::ReadIsrNotifications(notices) | Step::ReadLogDirEvents(notices) => {
                notices.iter().map(|path| get(path.clone())).collect()
            }
            Step::ReadPreferred => vec![get(PREFERRED_ELECTION)],
            Step::ReadProducerIds(_) => vec![Lease::read()],
            Step::WriteProducerIds(lease, block) => vec![block.write(lease.broker)],
            Step::DeletePreferred => {
                vec![
                    self.guarded(ZkOp::Delete { path: PREFERRED_ELECTION.into(), version: None }),
                    exists(PREFERRED_ELECTION),
                ]
            }
            Step::ReadChangedTopic(name) => vec![watched(zk_data::topic_path(name))],
            Step::ReadToBump(partition) => states(&[*partition]),
            Step::Bump(decisions) => self.write_decisions(decisions),
            Step::ListDeletions { .. } => vec![list(DELETE_TOPICS)],
            Step::DropDeletions(names) => {
                let drop =
                    |name: &TopicName| self.guarded(ZkOp::Delete { path: zk_data::deletion_path(name), version: None });
                names.iter().map(drop).collect()
            }
            Step::CompleteDeletion(topic) => self.topic_removal(*topic),
            Step::WriteAssignment { partition, assignment, .. } => self.write_assignment(env, *partition, assignment),
            // Leaders that write in-sync sets themselves do not tell the controller at once: it watches.
            Step::CheckReassignment { partition, .. } if self.context.names.contains_key(&partition.topic) => {
                let path = zk_data::state_path(self.context.name(*partition), partition.partition);
                let watch = !env.config.version.alters_isr_through_controller();
                vec![ZkOp::GetData { path, watch }]
            }
            Step::CheckReassignment { .. } => Vec::new(),
            Step::ReadZkReassignment { .. } => vec![exists(REASSIGN_PARTITIONS), get(REASSIGN_PARTITIONS)],
            Step::WriteZkReassignment(rest) if rest.is_empty() => {
                let path: Arc<str> = REASSIGN_PARTITIONS.into();
                vec![self.guarded(ZkOp::Delete { path, version: None }), exists(REASSIGN_PARTITIONS)]
            }
            Step::WriteZkReassignment(rest) => {
                let rest = rest.iter().map(|(name, index, replicas)| (name.as_ref(), *index, replicas.as_slice()));
                let (path, data) = (REASSIGN_PARTITIONS.into(), zk_data::encode_reassignment(rest));
                vec![self.guarded(ZkOp::SetData { path, data, version: None })]
            }
            Step::CompleteFailover
            | Step::ReplicasOnline(..)
            | Step::TriggerOnline
            | Step::Send
            | Step::TellBrokers { .. }
            | Step::Rebalance
            | Step::ResumeDeletions
            | Step::ResumeDeletionOf(_)
            | Step::StartReplicaDeletion(_)
            | Step::ResumeReassignment(_)
            | Step::StopRemoved { .. }
            | Step::DropReplicas { .. }
            | Step::EndReassignment { .. }
            | Step::AnswerShutdown { .. }
            | Step::AnswerElection { .. }
            | Step::Answer { .. } => unreachable!("done without ZooKeeper"),
        }
    }

    /// What follows from the answers to `step`.
    pub(super) fn finish(&mut self, ctx: &mut Ctx<'_>, env: &mut Env<'_>, step: Step, outcomes: Vec<ZkOutcome>) {
        let first = outcomes.first();
        match step {
            Step::FindController { then_elect } => {
                let found = data(outcomes.get(1)).and_then(|data| zk_data::decode_controller(data));
                self.set_active(ctx, env.me, found);
                if found.is_none() && then_elect {
                    self.next(Step::ReadEpoch);
                }
            }
            Step::ReadEpoch => match first {
                Some(Ok(ZkReply::Data { data, stat })) => {
                    let epoch: u32 = data.parse().unwrap_or(0);
                    self.next(Step::BecomeController { epoch: epoch + 1, version: stat.version });
                }
                _ => self.next(Step::CreateEpoch),
            },
            // Somebody may have been faster; either way it is there now.
            Step::CreateEpoch => self.next(Step::ReadEpoch),
            Step::BecomeController { epoch, version } => match first {
                Some(Ok(_)) => self.elected(ctx, env, epoch, version + 1),
                // By another; or by this very request, whose answer was lost.
                _ => self.next(Step::CheckController { epoch }),
            },
            Step::CheckController { epoch } => {
                let found = data(first).and_then(|data| zk_data::decode_controller(data));
                match outcomes.get(1) {
                    Some(Ok(ZkReply::Data { data, stat }))
                        if found == Some(env.me) && data.as_ref() == epoch.to_string() =>
                    {
                        self.elected(ctx, env, epoch, stat.version);
                    }
                    _ => {
                        ctx.emit(KafkaControllerFact::LostElection { to: found });
                        self.set_active(ctx, env.me, found);
                        if found.is_none() {
                            self.next(Step::FindController { then_elect: true });
                        }
                    }
                }
            }
            Step::WatchNotifications => {
                // Whoever takes office asks every broker for its replicas anyway.
                let mut stale = below(ISR_CHANGES, first);
                stale.extend(below(LOG_DIR_EVENTS, outcomes.get(1)));
                self.next(Step::DeleteNotifications(stale));
            }
            Step::DeleteNotifications(_) | Step::DeletePreferred => {
                if outcomes.iter().any(is_fenced) {
                    self.moved(ctx, env);
                }
            }
            Step::ListBrokers => self.next(Step::ReadBrokers(broker_ids(first))),
            Step::ReadBrokers(ids) => {
                for (id, broker) in live(&ids, &outcomes) {
                    self.context.live.insert(id, broker);
                    self.channels.add(id);
                }
            }
            Step::ListTopics => self.next(Step::ReadTopics(names(first))),
            Step::ReadTopics(topics) => {
                self.take_topics(&topics, &outcomes);
                let all = self.context.partitions().map(|(id, _)| id).collect();
                self.next(Step::ReadStates(all));
            }
            Step::ReadStates(partitions) => {
                self.take_states(&partitions, &outcomes);
            }
            Step::ListChangedBrokers => self.next(Step::ReadChangedBrokers(broker_ids(first))),
            Step::ReadChangedBrokers(ids) => self.brokers_changed(ctx, env, &ids, &outcomes),
            Step::ListChangedTopics => {
                let new = names(first).into_iter().filter(|name| !self.context.topics.contains_key(name)).collect();
                self.next(Step::ReadNewTopics(new));
            }
            Step::ReadNewTopics(topics) => {
                let new = self.take_topics(&topics, &outcomes);
                self.new_partitions(&new);
            }
            Step::CreateStates(partitions) => {
                if !self.states_created(&partitions, &outcomes) {
                    self.moved(ctx, env);
                }
            }
            Step::ReadToElect { partitions, strategy, why } => {
                let (_, configs) = outcomes.split_at(partitions.len());
                for (name, outcome) in self.names_of(&partitions).into_iter().zip(configs) {
                    let overrides = data(Some(outcome)).map(|data| zk_data::decode_config(data)).unwrap_or_default();
                    self.context.overrides.insert(self.context.topics[&name].0, overrides);
                }
                let usable = self.take_states(&partitions, &outcomes);
                let decisions = self.decide_elections(env, &usable, strategy);
                self.next(Step::Elect { decisions, strategy, why });
            }
            Step::Elect { decisions, strategy, why: told } => {
                let why = match strategy {
                    _ if told.is_some() => told.unwrap_or(ElectedBecause::Asked),
                    Strategy::Offline if decisions.iter().any(|decision| decision.before.leader.is_some()) => {
                        ElectedBecause::LeaderFenced
                    }
                    Strategy::Offline => ElectedBecause::ReplicaReturned,
                    Strategy::Preferred => ElectedBecause::Preferred,
                    Strategy::Unclean => ElectedBecause::Unclean,
                    Strategy::Reassign => ElectedBecause::Reassigned,
                    Strategy::ControlledShutdown => ElectedBecause::LeaderShutsDown,
                };
                match self.written(ctx, &decisions, &outcomes, why) {
                    Some(again) if again.is_empty() => {}
                    Some(partitions) => self.next(Step::ReadToElect { partitions, strategy, why: told }),
                    None => self.moved(ctx, env),
                }
            }
            Step::ReadToRemove { broker, partitions } => {
                let usable = self.take_states(&partitions, &outcomes);
                for id in partitions {
                    self.context.replica_states.insert((id, broker), ReplicaState::Offline);
                    self.batch.stop_replica(broker, id, false);
                }
                let decisions = self.decide_removal(broker, &usable);
                self.next(Step::Remove { broker, decisions });
            }
            Step::Remove { broker, decisions } => {
                match self.written(ctx, &decisions, &outcomes, ElectedBecause::LeaderFenced) {
                    Some(again) if again.is_empty() => {}
                    Some(partitions) => self.next(Step::ReadToRemove { broker, partitions }),
                    None => self.moved(ctx, env),
                }
            }
            Step::AlterPartitions(altering) => {
                if self.altered(ctx, altering, &outcomes).is_none() {
                    self.moved(ctx, env);
                }
            }
            Step::ListIsrNotifications => {
                self.next(Step::ReadIsrNotifications(below(ISR_CHANGES, first)));
            }
            Step::ListLogDirEvents => self.next(Step::ReadLogDirEvents(below(LOG_DIR_EVENTS, first))),
            Step::ReadLogDirEvents(notices) => {
                let brokers = outcomes.iter().filter_map(|outcome| data(Some(outcome)));
                let brokers = brokers.filter_map(|data| zk_data::decode_log_dir_event(data)).collect();
                self.log_dirs_failed(ctx, brokers, notices);
            }
            Step::ReadIsrNotifications(notices) => self.isr_changed(ctx, notices, &outcomes),
            Step::ReadProducerIds(lease) => self.producer_ids_read(lease, first),
            Step::WriteProducerIds(lease, block) => self.producer_ids_written(ctx, lease, block, first),
            Step::ReadPreferred => {
                let listed = data(first).map(|data| zk_data::decode_partitions(data)).unwrap_or_default();
                let partitions = self.known(&listed);
                self.next_all([
                    Step::ReadToElect { partitions, strategy: Strategy::Preferred, why: None },
                    Step::Send,
                    Step::DeletePreferred,
                ]);
            }
            Step::ReadChangedTopic(name) => self.partitions_changed(&name, first),
            Step::ReadToBump(partition) => {
                let usable = self.take_states(&[partition], &outcomes);
                self.next(Step::Bump(usable.into_iter().flat_map(|id| self.decide_bump(id)).collect()));
            }
            Step::Bump(decisions) => match self.written(ctx, &decisions, &outcomes, ElectedBecause::Reassigned) {
                Some(again) => self.next_all(again.into_iter().map(Step::ReadToBump)),
                None => self.moved(ctx, env),
            },
            Step::ListDeletions { is_failover } => {
                let is_enabled = env.config.delete_topic_enable;
                self.deletions_listed(ctx, is_enabled, names(first), is_failover);
            }
            Step::DropDeletions(_) | Step::WriteZkReassignment(_) => {
                if outcomes.iter().any(is_fenced) {
                    self.moved(ctx, env);
                }
            }
            Step::CompleteDeletion(topic) => {
                if outcomes.iter().any(is_fenced) {
                    return self.moved(ctx, env);
                }
                self.topic_removed(ctx, topic);
            }
            Step::WriteAssignment { partition, assignment, told } => {
                if outcomes.iter().any(is_fenced) {
                    return self.moved(ctx, env);
                }
                self.assignment_written(ctx, partition, &assignment, told);
            }
            Step::CheckReassignment { partition, only_if_complete } => {
                self.take_states(&[partition], &outcomes);
                self.reassignment_checked(partition, only_if_complete);
            }
            Step::ReadZkReassignment { is_new } => self.zk_reassignment_read(ctx, is_new, outcomes.get(1)),
            done => unreachable!("{done:?} waits for nothing"),
        }
    }

    // ---- failover ----------------------------------------------------------------------------------------------------

    fn elected(&mut self, ctx: &mut Ctx<'_>, env: &Env<'_>, epoch: u32, version: u32) {
        self.take_office(ctx, env, epoch, version);
        self.next_all([Step::WatchNotifications, Step::ListBrokers, Step::ListTopics, Step::CompleteFailover]);
    }

    /// The context is complete: tell the brokers, start the state machines.
    pub(super) fn complete_failover(&mut self, ctx: &mut Ctx<'_>) {
        let all: Vec<TopicPartition> = self.context.partitions().map(|(id, _)| id).collect();
        let mut offline: std::collections::BTreeMap<BrokerId, Vec<TopicPartition>> = Default::default();
        for id in &all {
            let state = match self.context.leadership.get(id).map(|state| state.leader) {
                None => PartitionState::New,
                Some(Some(leader)) if self.context.is_replica_online(leader, *id) => PartitionState::Online,
                Some(_) => PartitionState::Offline,
            };
            self.context.set_partition_state(*id, state);
            for broker in self.context.replicas(*id).to_vec() {
                if !self.context.is_live(broker) {
                    offline.entry(broker).or_default().push(*id);
                }
            }
        }
        let count = |len: usize| u32::try_from(len).expect("a cluster of a sane size");
        ctx.emit(KafkaControllerFact::FailoverCompleted {
            epoch: self.context.epoch,
            brokers: count(self.context.live.len()),
            partitions: count(all.len()),
        });
        let brokers = self.context.broker_ids();
        let mut steps =
            vec![Step::TellBrokers { brokers, partitions: Vec::new() }, Step::ReplicasOnline(all, None), Step::Send];
        steps.extend(offline.into_iter().map(|(broker, partitions)| Step::ReadToRemove { broker, partitions }));
        steps.extend([Step::Send, Step::TriggerOnline, Step::ReadZkReassignment { is_new: true }]);
        steps.extend(self.context.reassigning.iter().copied().map(Step::ResumeReassignment));
        steps.extend([Step::ListDeletions { is_failover: true }, Step::ReadPreferred]);
        self.next_all(steps);
    }

    // ---- what watches announce -----------------------------------------------------------------------------------------

    fn brokers_changed(&mut self, ctx: &mut Ctx<'_>, env: &Env<'_>, ids: &[BrokerId], outcomes: &[ZkOutcome]) {
        let now = live(ids, outcomes);
        let (mut joined, mut bounced) = (Vec::new(), Vec::new());
        for (id, broker) in &now {
            match self.context.live.get(id) {
                None => joined.push(*id),
                Some(before) if before.epoch < broker.epoch => bounced.push(*id),
                Some(_) => {}
            }
        }
        let is_gone = |id: &BrokerId| !now.iter().any(|(alive, _)| alive == id);
        let gone: Vec<BrokerId> = self.context.live.keys().copied().filter(is_gone).collect();
        if joined.is_empty() && bounced.is_empty() && gone.is_empty() {
            return;
        }
        let fact = KafkaControllerFact::BrokersChanged {
            joined: joined.clone(),
            bounced: bounced.clone(),
            gone: gone.clone(),
        };
        ctx.emit(fact);
        debug_assert!(self.is_active(env.me), "only the active controller looks at brokers");
        // Planned back to front: the dead first means last here.
        for id in gone.iter().chain(&bounced) {
            self.channels.remove(ctx, *id);
            self.context.live.remove(id);
        }
        let lost: Vec<BrokerId> = gone.into_iter().chain(bounced.iter().copied()).collect();
        let back: Vec<BrokerId> = joined.into_iter().chain(bounced).collect();
        for (id, broker) in now.into_iter().filter(|(id, _)| back.contains(id)) {
            self.context.live.insert(id, broker);
            self.channels.add(id);
        }
        if !back.is_empty() {
            self.brokers_started(&back);
        }
        if !lost.is_empty() {
            self.brokers_failed(ctx, &lost);
        }
    }

    fn take_topics(&mut self, topics: &[TopicName], outcomes: &[ZkOutcome]) -> Vec<TopicPartition> {
        let mut found = Vec::new();
        for (name, pair) in topics.iter().zip(outcomes.chunks(2)) {
            let Some(Ok(ZkReply::Data { data: text, stat })) = pair.first() else { continue };
            let Some(assignment) = zk_data::decode_topic(text) else { continue };
            let made = stat.topic_id();
            let partitions: Vec<_> = assignment.partitions.keys().copied().collect();
            let moving = assignment.adding.keys().chain(assignment.removing.keys()).copied().collect::<Vec<_>>();
            let topic = self.context.add_topic(name.clone(), assignment, made);
            let overrides = data(pair.get(1)).map(|data| zk_data::decode_config(data)).unwrap_or_default();
            self.context.overrides.insert(topic, overrides);
            let moving = moving.into_iter().map(|partition| TopicPartition { topic, partition });
            self.context.reassigning.extend(moving);
            found.extend(partitions.into_iter().map(|partition| TopicPartition { topic, partition }));
        }
        found
    }

    /// `processPartitionModifications`: partitions that the znode has and the controller does not know yet.
    fn partitions_changed(&mut self, name: &TopicName, outcome: Option<&ZkOutcome>) {
        let Some(read) = data(outcome).and_then(|data| zk_data::decode_topic(data)) else { return };
        let Some((topic, known)) = self.context.topics.get_mut(name) else { return };
        let topic = *topic;
        let mut new = Vec::new();
        for (partition, replicas) in read.partitions {
            if !known.partitions.contains_key(&partition) && !self.context.to_delete.contains(&topic) {
                known.partitions.insert(partition, replicas);
                new.push(TopicPartition { topic, partition });
            }
        }
        self.new_partitions(&new);
    }

    /// /admin/reassign_partitions: what stands there begins; what is done leaves it, and with the last the znode.
    fn zk_reassignment_read(&mut self, ctx: &mut Ctx<'_>, is_new: bool, outcome: Option<&ZkOutcome>) {
        let Some(listed) = data(outcome).map(|data| zk_data::decode_reassignment(data)) else { return };
        let (mut steps, mut rest) = (Vec::new(), Vec::new());
        for (name, partition, replicas) in &listed {
            let index = partition.0;
            match self.reassignment_asked(name, index, Some(replicas)) {
                Ok((id, assignment)) if is_new => {
                    steps.extend(self.reassign(ctx, id, assignment));
                    rest.push((name.clone(), index, replicas.clone()));
                }
                Ok((id, _)) if self.context.reassigning.contains(&id) => {
                    rest.push((name.clone(), index, replicas.clone()));
                }
                _ => {}
            }
        }
        if rest.len() < listed.len() {
            steps.push(Step::WriteZkReassignment(rest));
        }
        self.next_all(steps);
    }

    /// The topics of these partitions, each once.
    fn names_of(&self, partitions: &[TopicPartition]) -> Vec<TopicName> {
        self.context.topics_of(partitions.iter()).into_iter().map(|(_, name)| name).collect()
    }

    /// `onNewPartitionCreation`
    fn new_partitions(&mut self, new: &[TopicPartition]) {
        for id in new {
            self.context.set_partition_state(*id, PartitionState::New);
            for broker in self.context.replicas(*id).to_vec() {
                self.context.replica_states.insert((*id, broker), ReplicaState::New);
            }
        }
        self.next_all([Step::CreateStates(new.to_vec()), Step::Send, Step::ReplicasOnline(new.to_vec(), None)]);
    }

    /// Leaders have written in-sync sets themselves: read them, tell everybody, take the notices away.
    fn isr_changed(&mut self, ctx: &mut Ctx<'_>, notices: Vec<ZkPath>, outcomes: &[ZkOutcome]) {
        let listed: Vec<_> = outcomes
            .iter()
            .filter_map(|outcome| data(Some(outcome)))
            .flat_map(|data| zk_data::decode_partitions(data))
            .collect();
        let _ = ctx;
        let partitions = self.known(&listed);
        self.next_all([
            Step::ReadStates(partitions.clone()),
            Step::TellBrokers { brokers: self.context.broker_ids(), partitions },
            Step::DeleteNotifications(notices),
        ]);
    }

    fn known(&self, listed: &[(Arc<str>, crate::engine::common::PartitionId)]) -> Vec<TopicPartition> {
        let id = |(name, partition): &(Arc<str>, _)| {
            let (topic, _) = self.context.topics.get(name)?;
            Some(TopicPartition { topic: *topic, partition: *partition })
        };
        let mut partitions: Vec<TopicPartition> = listed.iter().filter_map(id).collect();
        partitions.sort_unstable();
        partitions.dedup();
        partitions
    }
}

fn live(ids: &[BrokerId], outcomes: &[ZkOutcome]) -> Vec<(BrokerId, LiveBroker)> {
    let one = |(id, outcome): (&BrokerId, &ZkOutcome)| match outcome {
        Ok(ZkReply::Data { data, stat }) => {
            let (epoch, rack) = (broker_epoch(stat.czxid), zk_data::decode_broker(data));
            Some((*id, LiveBroker { epoch, rack }))
        }
        // Gone between the list and this read: the watch will ring again.
        _ => None,
    };
    ids.iter().zip(outcomes).filter_map(one).collect()
}
