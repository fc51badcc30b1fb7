//! Answers about the cluster, out of this broker's own metadata image: as fresh, or as stale, as that is.

use super::env::{Env, respond};
use super::topic_creation::TopicCreation;
use crate::engine::Ctx;
use crate::engine::common::{CorrelationId, ErrorCode, NodeId};
use crate::engine::coordinator::group::{GroupCoordinator, OFFSETS_TOPIC};
use crate::engine::metadata::{MetadataImage, TopicImage};
use crate::engine::protocol::{
    FindCoordinatorRequest, FindCoordinatorResponse, MetadataRequest, MetadataResponse, PartitionMetadata,
    TopicMetadata, TopicName, TopicsAsked,
};

/// Metadata (API 3). A topic that does not exist is created if both the client and `auto.create.topics.enable` agree;
/// the client is told UNKNOWN_TOPIC_OR_PARTITION for now and asks again.
pub(super) fn answer_metadata(
    ctx: &mut Ctx<'_>,
    env: &mut Env<'_>,
    creation: &mut TopicCreation,
    (from, correlation): (NodeId, CorrelationId),
    asked: &MetadataRequest,
) {
    let image = env.image;
    let topics = match &asked.topics {
        TopicsAsked::All => image.topics().map(|(_, topic)| topic_metadata(image, &topic.name)).collect(),
        TopicsAsked::Named(names) => {
            let may_create = asked.allow_auto_topic_creation && env.config.auto_create_topics_enable;
            let mut topics = Vec::with_capacity(names.len());
            for name in names {
                let mut topic = topic_metadata(image, name);
                if topic.outcome.is_err() && may_create {
                    topic.outcome = Err(creation.auto_create(ctx, env, name));
                }
                topics.push(topic);
            }
            topics
        }
    };
    let brokers: Vec<_> = image.brokers().filter(|(_, registration)| !registration.fenced).map(|(id, _)| id).collect();
    let controller = match env.channel.active() {
        Some(NodeId::Broker(controller)) => brokers.contains(&controller).then_some(controller),
        _ => None,
    };
    respond(ctx, from, correlation, MetadataResponse { brokers, controller, topics });
}

/// FindCoordinator (API 10). Whoever is asked first for a group sees to it that `__consumer_offsets` exists.
pub(super) fn answer_find_coordinator(
    ctx: &mut Ctx<'_>,
    env: &mut Env<'_>,
    creation: &mut TopicCreation,
    coordinator: &GroupCoordinator,
    (from, correlation): (NodeId, CorrelationId),
    asked: FindCoordinatorRequest,
) {
    let outcome = if env.image.topic_id(OFFSETS_TOPIC).is_none() {
        creation.auto_create(ctx, env, &OFFSETS_TOPIC.into());
        Err(ErrorCode::CoordinatorNotAvailable)
    } else {
        coordinator.find_coordinator(env.image, &asked.group)
    };
    respond(ctx, from, correlation, FindCoordinatorResponse { group: asked.group, outcome });
}

fn topic_metadata(image: &MetadataImage, name: &TopicName) -> TopicMetadata {
    let known = image.topic_id(name).and_then(|id| image.topic(id).map(|topic| (id, topic)));
    let outcome = match known {
        Some((id, topic)) => Ok((id, partition_metadata(image, topic))),
        None => Err(ErrorCode::UnknownTopicOrPartition),
    };
    TopicMetadata { name: name.clone(), outcome }
}

fn partition_metadata(image: &MetadataImage, topic: &TopicImage) -> Vec<PartitionMetadata> {
    let is_offline = |id: &&_| !image.is_active(**id);
    topic
        .partitions
        .iter()
        .map(|(partition, registration)| PartitionMetadata {
            partition: *partition,
            leader: registration.leader.filter(|leader| image.is_active(*leader)),
            leader_epoch: registration.leader_epoch,
            replicas: registration.replicas.clone(),
            isr: registration.isr.clone(),
            offline: registration.replicas.iter().filter(is_offline).copied().collect(),
        })
        .collect()
}
