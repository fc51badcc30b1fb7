//! Requests about topics at the controller's broker (`ZkAdminManager`, `AdminZkClient`), CreateTopics among them: znodes
//! are written by the thread that serves the request; the controller learns of the topic by its watch, like anybody
//! else.
//!
//! The answer waits until this broker has heard of a leader for every partition (`DelayedCreatePartitions`).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::controller::{Env, KafkaControllerTimer};
use super::zk_data::{self, TopicAssignment};
use super::{KafkaController, KafkaControllerFact, ZkRequest, placement};
use crate::engine::Ctx;
use crate::engine::common::{BrokerId, CorrelationId, ErrorCode, NodeId, PartitionId, Span, TopicId};
use crate::engine::config::{KafkaVersion, TopicConfig};
use crate::engine::controller::{ControllerFact, invalid_name};
use crate::engine::metadata::MetadataImage;
use crate::engine::protocol::{
    Body, CreateMode, CreatePartitionsResponse, CreateTopicsRequest, CreateTopicsResponse, DeleteTopicsResponse,
    NewTopic, Refusal, Response, TopicName, ZkError, ZkOp, ZkOutcome, ZkReply,
};
use crate::engine::runtime::TimerId;

/// `request.timeout.ms` of the admin client, sent along as the request's timeout.
const TIMEOUT: Span = Span::secs(30);

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Create,
    AddPartitions,
    Delete,
}

#[derive(Clone, Debug)]
pub(super) enum Progress {
    Refused(Refusal),
    /// The znodes are on their way.
    Writing {
        id: TopicId,
        partitions: u32,
        factor: u32,
    },
    /// More partitions are on their way into the topic's znode.
    Enlarging {
        id: TopicId,
        partitions: u32,
        added: u32,
    },
    /// Written; until everybody has a leader.
    AwaitsLeaders {
        id: TopicId,
        partitions: u32,
    },
    /// The note below /admin/delete_topics is on its way.
    Marking {
        id: TopicId,
    },
    /// Until this broker does not know the topic any more (`DelayedDeleteTopics`).
    AwaitsRemoval {
        id: TopicId,
    },
}

#[derive(Clone, Debug)]
struct Creation {
    kind: Kind,
    from: NodeId,
    correlation: CorrelationId,
    topics: Vec<(TopicName, Progress)>,
    timer: TimerId,
}

/// Requests under way at this broker.
#[derive(Clone, Debug, Default)]
pub struct TopicRequests {
    next: u64,
    open: BTreeMap<u64, Creation>,
}

impl TopicRequests {
    /// How many requests wait for their topics to get leaders.
    #[must_use]
    pub fn len(&self) -> usize {
        self.open.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    pub fn create(
        &mut self,
        ctx: &mut Ctx<'_>,
        env: &mut Env<'_>,
        (controller, image): (&KafkaController, &MetadataImage),
        caller: (NodeId, CorrelationId),
        request: &CreateTopicsRequest,
    ) {
        let (mut ops, mut topics) = (Vec::new(), Vec::new());
        let mut next = self.reserved().max(controller.context().next_topic_id()).max(image.next_topic_id());
        for topic in &request.topics {
            let progress = match self.check(ctx, env, controller, topic) {
                Err((error, message)) => {
                    let name = topic.name.clone();
                    ctx.emit(ControllerFact::TopicRefused { name, error, message: message.clone() });
                    Progress::Refused((error, message))
                }
                Ok(replicas) => {
                    let id = next;
                    next = next.next();
                    let count = |len: usize| u32::try_from(len).expect("a topic of a sane size");
                    let (partitions, factor) = (count(replicas.len()), count(replicas.first().map_or(0, Vec::len)));
                    let version = env.config.version;
                    let given = version.gives_topics_ids().then_some(id);
                    ops.extend(writes(topic, given, replicas, version));
                    Progress::Writing { id, partitions, factor }
                }
            };
            topics.push((topic.name.clone(), progress));
        }
        self.open(ctx, env, caller, Kind::Create, topics, ops);
    }

    /// Notes a request, and sends off what it is to write.
    pub(super) fn open(
        &mut self,
        ctx: &mut Ctx<'_>,
        env: &mut Env<'_>,
        (from, correlation): (NodeId, CorrelationId),
        kind: Kind,
        topics: Vec<(TopicName, Progress)>,
        ops: Vec<ZkOp>,
    ) {
        let number = self.next;
        self.next += 1;
        let timer = ctx.set_timer(TIMEOUT, (env.timer)(KafkaControllerTimer::CreationExpired { creation: number }));
        self.open.insert(number, Creation { kind, from, correlation, topics, timer });
        if ops.is_empty() {
            self.answer(ctx, number, false);
        } else {
            env.session.request(ctx, ops, ZkRequest::ChangeTopic(number));
        }
    }

    /// The first id that no request under way has taken.
    fn reserved(&self) -> TopicId {
        let taken =
            self.open.values().flat_map(|creation| &creation.topics).filter_map(|(_, progress)| match progress {
                Progress::Writing { id, .. } | Progress::AwaitsLeaders { id, .. } => Some(id.next()),
                _ => None,
            });
        taken.max().unwrap_or(TopicId(0))
    }

    /// Replicas for each partition, if the topic may be.
    fn check(
        &self,
        ctx: &mut Ctx<'_>,
        env: &Env<'_>,
        controller: &KafkaController,
        topic: &NewTopic,
    ) -> Result<Vec<Vec<BrokerId>>, Refusal> {
        let context = controller.context();
        let is_under_way = || {
            let writing = |(name, progress): &(TopicName, Progress)| {
                *name == topic.name && !matches!(progress, Progress::Refused(_))
            };
            self.open.values().flat_map(|creation| &creation.topics).any(writing)
        };
        if context.topics.contains_key(&topic.name) || is_under_way() {
            return Err((ErrorCode::TopicAlreadyExists, format!("Topic '{}' already exists.", topic.name)));
        }
        if let Some(reason) = invalid_name(&topic.name) {
            return Err((ErrorCode::InvalidTopic, format!("Topic name is invalid: {reason}")));
        }
        let unified = |name: &str| name.replace('.', "_");
        if let Some(other) = context.topics.keys().find(|other| unified(other) == unified(&topic.name)) {
            let message = format!("Topic '{}' collides with existing topics: {other}", topic.name);
            return Err((ErrorCode::InvalidTopic, message));
        }
        let mut checked = TopicConfig::for_version(env.config.version);
        for (key, value) in &topic.configs {
            checked.set(key, value).map_err(|problem| (ErrorCode::InvalidConfig, problem.what))?;
        }
        if let Some(assignment) = topic.assignment.as_ref().filter(|assignment| !assignment.is_empty()) {
            return check_assignment(topic, assignment).map(|()| assignment.clone());
        }
        let brokers = context.live_brokers().map(|(id, live)| (id, live.rack.clone())).collect();
        let partitions = topic.partitions.unwrap_or(env.config.num_partitions);
        let factor = topic.replication_factor.unwrap_or(env.config.default_replication_factor);
        placement::place(&brokers, partitions, factor, ctx.rng()).map_err(|message| {
            let error =
                if partitions == 0 { ErrorCode::InvalidPartitions } else { ErrorCode::InvalidReplicationFactor };
            (error, message)
        })
    }

    /// The znodes of request `number` are written, or not.
    pub fn written(&mut self, ctx: &mut Ctx<'_>, version: KafkaVersion, number: u64, outcomes: &[ZkOutcome]) {
        let Some(creation) = self.open.get_mut(&number) else { return };
        let failed = || {
            let error = ErrorCode::UnknownServerError;
            Progress::Refused((error, error.message().to_owned()))
        };
        // Three writes each for a new topic: config set, else created; then the topic.
        let mut results = outcomes.chunks(if creation.kind == Kind::Create { 3 } else { 1 });
        for (name, progress) in &mut creation.topics {
            let (id, partitions, factor) = match *progress {
                Progress::Writing { id, partitions, factor } => (id, partitions, factor),
                Progress::Enlarging { id, partitions, added } => {
                    *progress = match results.next() {
                        Some([Ok(_)]) => {
                            let (topic, name, count) = (id, name.clone(), partitions);
                            ctx.emit(ControllerFact::PartitionsAdded { topic, name, count, added });
                            Progress::AwaitsLeaders { id, partitions }
                        }
                        _ => failed(),
                    };
                    continue;
                }
                Progress::Marking { id } => {
                    *progress = match results.next() {
                        Some([Ok(_)]) => {
                            ctx.emit(KafkaControllerFact::MarkedForDeletion { name: name.clone() });
                            Progress::AwaitsRemoval { id }
                        }
                        // Somebody else has asked already: wait with them.
                        Some([Err(failure)]) if failure.error == ZkError::NodeExists => Progress::AwaitsRemoval { id },
                        _ => failed(),
                    };
                    continue;
                }
                Progress::Refused(_) | Progress::AwaitsLeaders { .. } | Progress::AwaitsRemoval { .. } => continue,
            };
            *progress = match results.next().and_then(<[ZkOutcome]>::last) {
                Some(Ok(reply)) => {
                    let id = match reply {
                        ZkReply::Created { stat, .. } if !version.gives_topics_ids() => stat.topic_id(),
                        _ => id,
                    };
                    let (topic, name) = (id, name.clone());
                    ctx.emit(ControllerFact::TopicCreated { topic, name, partitions, replication_factor: factor });
                    Progress::AwaitsLeaders { id, partitions }
                }
                Some(Err(failure)) if failure.error == ZkError::NodeExists => {
                    Progress::Refused((ErrorCode::TopicAlreadyExists, format!("Topic '{name}' already exists.")))
                }
                _ => failed(),
            };
        }
    }

    /// Answers what this broker has heard of leaders for.
    pub fn settle(&mut self, ctx: &mut Ctx<'_>, image: &MetadataImage) {
        let is_led = |id: TopicId, partitions: u32| {
            let led =
                image.topic(id).map_or(0, |topic| topic.partitions.values().filter(|p| p.leader.is_some()).count());
            led == partitions as usize
        };
        let is_done = |(_, progress): &(TopicName, Progress)| match progress {
            Progress::Refused(_) => true,
            Progress::Writing { .. } | Progress::Enlarging { .. } | Progress::Marking { .. } => false,
            Progress::AwaitsRemoval { id } => image.topic(*id).is_none(),
            Progress::AwaitsLeaders { id, partitions } => is_led(*id, *partitions),
        };
        let done: Vec<u64> = self
            .open
            .iter()
            .filter(|(_, creation)| creation.topics.iter().all(is_done))
            .map(|(number, _)| *number)
            .collect();
        for number in done {
            self.answer(ctx, number, false);
        }
    }

    pub fn expired(&mut self, ctx: &mut Ctx<'_>, number: u64) {
        self.answer(ctx, number, true);
    }

    fn answer(&mut self, ctx: &mut Ctx<'_>, number: u64, is_late: bool) {
        let Some(creation) = self.open.remove(&number) else { return };
        ctx.cancel_timer(creation.timer);
        let outcome = |progress: Progress| match progress {
            Progress::Refused(refusal) => Err(refusal),
            Progress::AwaitsLeaders { id, .. } | Progress::AwaitsRemoval { id } if !is_late => Ok(id),
            _ => Err((ErrorCode::RequestTimedOut, ErrorCode::RequestTimedOut.message().to_owned())),
        };
        let topics = creation.topics.into_iter().map(|(name, progress)| (name, outcome(progress)));
        let response: Response = match creation.kind {
            Kind::Create => CreateTopicsResponse { topics: topics.collect() }.into(),
            Kind::AddPartitions => {
                CreatePartitionsResponse { topics: topics.map(|(name, made)| (name, made.map(drop))).collect() }.into()
            }
            Kind::Delete => {
                DeleteTopicsResponse { topics: topics.map(|(name, made)| (name, made.map(drop))).collect() }.into()
            }
        };
        respond(ctx, creation.from, creation.correlation, response);
    }
}

fn writes(topic: &NewTopic, id: Option<TopicId>, replicas: Vec<Vec<BrokerId>>, version: KafkaVersion) -> [ZkOp; 3] {
    let configs = zk_data::encode_config(topic.configs.iter().map(|(key, value)| (key.as_str(), value.trim())));
    let partitions = replicas.into_iter().zip(0..).map(|(replicas, index)| (PartitionId(index), replicas)).collect();
    let assignment = zk_data::encode_topic(&TopicAssignment::new(id, partitions), version);
    let create = |path, data: Arc<str>| ZkOp::Create { path, data, mode: CreateMode::Persistent };
    let config = zk_data::config_path(&topic.name);
    [
        ZkOp::SetData { path: config.clone(), data: configs.clone(), version: None },
        create(config, configs),
        create(zk_data::topic_path(&topic.name), assignment),
    ]
}

/// `AdminZkClient.validateTopicCreate`
fn check_assignment(topic: &NewTopic, assignment: &[Vec<BrokerId>]) -> Result<(), Refusal> {
    if topic.partitions.is_some() || topic.replication_factor.is_some() {
        let message = "Both numPartitions or replicationFactor and replicasAssignments were set. Both cannot be used at \
                       the same time.";
        return Err((ErrorCode::InvalidRequest, message.to_owned()));
    }
    let refused = |what: String| Err((ErrorCode::InvalidReplicaAssignment, what));
    if assignment.iter().any(|replicas| replicas.len() != assignment[0].len()) {
        return refused("All partitions should have the same number of replicas".to_owned());
    }
    for replicas in assignment {
        let has_twice = replicas.iter().enumerate().any(|(at, id)| replicas[..at].contains(id));
        if has_twice {
            let replicas: Vec<String> = replicas.iter().map(ToString::to_string).collect();
            return refused(format!("Duplicate replica assignment found: {}", replicas.join(",")));
        }
    }
    Ok(())
}

fn respond(ctx: &mut Ctx<'_>, to: NodeId, correlation: CorrelationId, response: impl Into<Response>) {
    ctx.send(to, Body::Response { correlation, response: response.into() });
}
