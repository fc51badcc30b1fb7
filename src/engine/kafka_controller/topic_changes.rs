//! DeleteTopics and CreatePartitions at the controller's broker (`ZkAdminManager.deleteTopics`, `createPartitions`).
//!
//! As for a new topic, the thread that serves the request writes to ZooKeeper, a watch tells the controller, and the
//! answer waits until this broker's own metadata show the outcome.

use super::controller::Env;
use super::topics::{Kind, Progress, TopicRequests};
use super::zk_data::{self, TopicAssignment};
use super::{KafkaController, placement};
use crate::engine::Ctx;
use crate::engine::common::{BrokerId, CorrelationId, ErrorCode, NodeId, PartitionId, TopicId};
use crate::engine::metadata::MetadataImage;
use crate::engine::protocol::{
    Body, CreateMode, CreatePartitionsRequest, DeleteTopicsRequest, NewPartitions, Refusal, Request, ZkOp,
};

impl TopicRequests {
    pub fn delete(
        &mut self,
        ctx: &mut Ctx<'_>,
        env: &mut Env<'_>,
        (controller, image): (&KafkaController, &MetadataImage),
        caller: (NodeId, CorrelationId),
        request: DeleteTopicsRequest,
    ) {
        if !env.config.delete_topic_enable {
            return refuse(ctx, caller, &request.into(), ErrorCode::TopicDeletionDisabled);
        }
        let (mut ops, mut topics) = (Vec::new(), Vec::new());
        for name in request.topics {
            let known = controller.context().topics.get(&name).map(|(id, _)| *id).or_else(|| image.topic_id(&name));
            let progress = match known {
                Some(id) => {
                    let (path, data) = (zk_data::deletion_path(&name), "".into());
                    ops.push(ZkOp::Create { path, data, mode: CreateMode::Persistent });
                    Progress::Marking { id }
                }
                None => Progress::Refused((
                    ErrorCode::UnknownTopicOrPartition,
                    format!("Topic `{name}` to delete does not exist"),
                )),
            };
            topics.push((name, progress));
        }
        self.open(ctx, env, caller, Kind::Delete, topics, ops);
    }

    pub fn create_partitions(
        &mut self,
        ctx: &mut Ctx<'_>,
        env: &mut Env<'_>,
        controller: &KafkaController,
        caller: (NodeId, CorrelationId),
        request: CreatePartitionsRequest,
    ) {
        let (mut ops, mut topics) = (Vec::new(), Vec::new());
        for new in request.topics {
            let progress = match enlarged(controller, &new) {
                Err(refusal) => Progress::Refused(refusal),
                Ok((id, assignment, added)) => {
                    let (path, data) =
                        (zk_data::topic_path(&new.topic), zk_data::encode_topic(&assignment, env.config.version));
                    ops.push(ZkOp::SetData { path, data, version: None });
                    Progress::Enlarging { id, partitions: new.count, added }
                }
            };
            topics.push((new.topic, progress));
        }
        self.open(ctx, env, caller, Kind::AddPartitions, topics, ops);
    }
}

/// The topic's znode with the new partitions, and how many they are.
fn enlarged(controller: &KafkaController, new: &NewPartitions) -> Result<(TopicId, TopicAssignment, u32), Refusal> {
    let context = controller.context();
    let topic = &new.topic;
    let Some((id, existing)) = context.topics.get(topic) else {
        return Err((ErrorCode::UnknownTopicOrPartition, format!("The topic '{topic}' does not exist.")));
    };
    if context.is_to_delete(*id) {
        return Err((ErrorCode::InvalidTopic, "The topic is queued for deletion.".to_owned()));
    }
    if !existing.adding.is_empty() || !existing.removing.is_empty() {
        let why = format!("A partition reassignment is in progress for the topic '{topic}'.");
        return Err((ErrorCode::ReassignmentInProgress, why));
    }
    let before = u32::try_from(existing.partitions.len()).expect("a topic of a sane size");
    let invalid = |why: String| Err((ErrorCode::InvalidPartitions, why));
    if new.count < before {
        return invalid(format!(
            "Topic currently has {before} partitions, which is higher than the requested {}.",
            new.count
        ));
    }
    if new.count == before {
        return invalid(format!("Topic already has {before} partitions."));
    }
    let added = new.count - before;
    let first = existing.partitions.values().next().cloned().unwrap_or_default();
    let placed = match &new.assignments {
        Some(by_hand) => {
            check(&context.broker_ids(), by_hand, (before, added), first.len()).map(|()| by_hand.clone())?
        }
        None => {
            let brokers = context.live_brokers().map(|(id, live)| (id, live.rack.clone())).collect();
            placement::place_more(&brokers, before, added, &first)
                .map_err(|why| (ErrorCode::InvalidReplicationFactor, why))?
        }
    };
    let mut assignment = existing.clone();
    assignment.partitions.extend((before..).map(PartitionId).zip(placed));
    Ok((*id, assignment, added))
}

/// `AdminZkClient.validateReplicaAssignment` and what its caller asks before.
fn check(
    live: &[BrokerId],
    by_hand: &[Vec<BrokerId>],
    (before, added): (u32, u32),
    factor: usize,
) -> Result<(), Refusal> {
    let refused = |why: String| Err((ErrorCode::InvalidReplicaAssignment, why));
    let unknown: Vec<String> =
        by_hand.iter().flatten().filter(|id| !live.contains(id)).map(ToString::to_string).collect();
    if !unknown.is_empty() {
        return refused(format!("Unknown broker(s) in replica assignment: {}.", unknown.join(", ")));
    }
    if by_hand.len() != added as usize {
        let why = format!("Increasing the number of partitions by {added} but {} assignments provided.", by_hand.len());
        return refused(why);
    }
    let odd: Vec<(u32, usize)> =
        (before..).zip(by_hand.iter().map(Vec::len)).filter(|(_, len)| *len != factor).collect();
    if odd.is_empty() {
        return Ok(());
    }
    let list = |of: &dyn Fn(&(u32, usize)) -> String| odd.iter().map(of).collect::<Vec<_>>().join(", ");
    refused(format!(
        "Inconsistent replication factor between partitions, partition 0 has {factor} while partitions [{}] have \
         replication factors [{}], respectively.",
        list(&|(partition, _)| partition.to_string()),
        list(&|(_, factor)| factor.to_string())
    ))
}

fn refuse(ctx: &mut Ctx<'_>, (to, correlation): (NodeId, CorrelationId), request: &Request, error: ErrorCode) {
    if let Some(response) = request.refused(error) {
        ctx.send(to, Body::Response { correlation, response });
    }
}
