//! What a controller orders (`KafkaApis.handleLeaderAndIsrRequest`, `handleUpdateMetadataRequest`,
//! `handleStopReplicaRequest`): checked against epochs, then carried out by the code that KRaft mode uses as well.

use std::collections::BTreeSet;

use super::super::broker::{Broker, Parts, Volatile};
use super::super::env::respond;
use super::ZkSupport;
use crate::engine::Ctx;
use crate::engine::common::{CorrelationId, ErrorCode, NodeId, TopicId, TopicPartition};
use crate::engine::coordinator::group::OFFSETS_TOPIC;
use crate::engine::kafka_controller::{ZkRequest, zk_data};
use crate::engine::metadata::{MetadataRecord, PartitionRegistration, TopicOverrides};
use crate::engine::protocol::{
    ControllerStamp, LeaderAndIsrRequest, LeaderAndIsrResponse, Request, Response, StopReplicaRequest,
    StopReplicaResponse, UpdateMetadataRequest, UpdateMetadataResponse, ZkOp, ZkOutcome, ZkReply,
};
use crate::engine::storage::DirSuffix;

impl Broker {
    /// Serves what only a broker in ZooKeeper mode is asked; gives everything else back.
    pub(in crate::engine::server) fn zk_request(
        &mut self,
        ctx: &mut Ctx<'_>,
        caller: (NodeId, CorrelationId),
        request: Request,
    ) -> Option<Request> {
        if self.volatile.zk.is_none() {
            return Some(request);
        }
        match request {
            Request::LeaderAndIsr(order) => self.leader_and_isr(ctx, caller, order),
            Request::UpdateMetadata(news) => self.update_metadata(ctx, caller, &news),
            Request::StopReplica(order) => self.stop_replica(ctx, caller, &order),
            // Only the controller answers the rest, and nobody passes them on: all others say NOT_CONTROLLER.
            other => match other.refused(ErrorCode::NotController) {
                None => return Some(other),
                Some(refusal) if !self.is_controller() => respond(ctx, caller.0, caller.1, refusal),
                Some(_) => self.ask_controller(ctx, caller, other),
            },
        }
        None
    }

    fn ask_controller(&mut self, ctx: &mut Ctx<'_>, caller: (NodeId, CorrelationId), request: Request) {
        self.with_zk(|broker, zk| {
            let mut topics = std::mem::take(&mut zk.topics);
            let image = broker.volatile.metadata.image().clone();
            broker.with_controller(zk, |controller, env| match request {
                Request::CreateTopics(create) => topics.create(ctx, env, (controller, &image), caller, &create),
                Request::DeleteTopics(delete) => topics.delete(ctx, env, (controller, &image), caller, delete),
                Request::CreatePartitions(create) => topics.create_partitions(ctx, env, controller, caller, create),
                other => controller.asked(ctx, env, caller, other),
            });
            zk.topics = topics;
        });
    }

    /// Answers of brokers to their controller.
    pub(in crate::engine::server) fn zk_response(
        &mut self,
        ctx: &mut Ctx<'_>,
        from: NodeId,
        correlation: CorrelationId,
        response: &Response,
    ) {
        let NodeId::Broker(from) = from else { return };
        if let Response::ControlledShutdown(answer) = response {
            return self.leave_answered(ctx, correlation, answer);
        }
        let is_for_controller =
            matches!(response, Response::LeaderAndIsr(_) | Response::UpdateMetadata(_) | Response::StopReplica(_));
        if !is_for_controller {
            return;
        }
        self.with_zk(|broker, zk| {
            broker.with_controller(zk, |controller, env| {
                controller.broker_answered(ctx, env, from, correlation, response);
            });
        });
    }

    /// Is this broker the controller of its ZooKeeper cluster?
    #[must_use]
    pub fn is_controller(&self) -> bool {
        self.volatile.zk.as_ref().is_some_and(|zk| zk.controller.is_active(self.id))
    }

    /// After every event: what became known may be what a client waits for, and what was decided must be written.
    pub(in crate::engine::server) fn zk_settle(&mut self, ctx: &mut Ctx<'_>) {
        self.write_isrs(ctx);
        self.with_zk(|broker, zk| {
            zk.topics.settle(ctx, broker.volatile.metadata.image());
            zk.session.arm(ctx, super::session_timer);
        });
    }

    /// A controller that has been replaced is told so; so is one that means this broker's former life.
    fn check_stamp(&self, zk: &mut ZkSupport, stamp: &ControllerStamp) -> Result<(), ErrorCode> {
        if self.volatile.lifecycle.broker_epoch().is_some_and(|epoch| stamp.broker_epoch < epoch) {
            return Err(ErrorCode::StaleBrokerEpoch);
        }
        if stamp.controller_epoch < zk.controller_epoch {
            return Err(ErrorCode::StaleControllerEpoch);
        }
        zk.controller_epoch = stamp.controller_epoch;
        Ok(())
    }

    // ---- LeaderAndIsr ----------------------------------------------------------------------------------------------

    pub(in crate::engine::server) fn leader_and_isr(
        &mut self,
        ctx: &mut Ctx<'_>,
        (from, correlation): (NodeId, CorrelationId),
        request: LeaderAndIsrRequest,
    ) {
        self.with_zk(|broker, zk| {
            if let Err(error) = broker.check_stamp(zk, &request.stamp) {
                let (error, partitions) = (Some(error), Vec::new());
                return respond(ctx, from, correlation, LeaderAndIsrResponse { error, partitions });
            }
            // A log is made with its topic's configuration, which stands in ZooKeeper (`fetchLogConfig`).
            let mut unknown = Vec::new();
            for (topic, name) in &request.topics {
                zk.names.insert(*topic, name.clone());
                if !zk.overrides.contains_key(topic) {
                    unknown.push(ZkOp::GetData { path: zk_data::config_path(name), watch: false });
                }
            }
            zk.parked.push_back((from, correlation, request));
            if unknown.is_empty() {
                broker.carry_out_parked(ctx, zk);
            } else {
                zk.session.request(ctx, unknown, ZkRequest::ReadConfigs);
            }
        });
    }

    /// Topic configurations as they stand in ZooKeeper; a topic without a znode there has none of its own.
    pub(super) fn zk_configs_read(
        &mut self,
        ctx: &mut Ctx<'_>,
        zk: &mut ZkSupport,
        ops: &[ZkOp],
        outcomes: &[ZkOutcome],
    ) {
        for (op, outcome) in ops.iter().zip(outcomes) {
            let Some(name) = op.path().and_then(|path| path.strip_prefix("/config/topics/")) else { continue };
            let Some(topic) = zk.topic_named(name) else { continue };
            let overrides = match outcome {
                Ok(ZkReply::Data { data, .. }) => zk_data::decode_config(data),
                _ => Default::default(),
            };
            let before = zk.overrides.insert(topic, overrides.clone()).unwrap_or_default();
            self.unclean_election_allowed(ctx, zk, topic, &before, &overrides);
            if self.volatile.metadata.image().topic(topic).is_some() {
                for record in config_records(topic, &before, &overrides) {
                    self.volatile.metadata.replay(&record);
                }
            }
            let Volatile { replicas, config, .. } = &mut self.volatile;
            replicas.configure((topic, name), &overrides, config);
        }
        self.carry_out_parked(ctx, zk);
    }

    fn carry_out_parked(&mut self, ctx: &mut Ctx<'_>, zk: &mut ZkSupport) {
        while let Some((_, _, request)) = zk.parked.front() {
            if !request.topics.iter().all(|(topic, _)| zk.overrides.contains_key(topic)) {
                return;
            }
            let (from, correlation, request) = zk.parked.pop_front().expect("the front was just looked at");
            let partitions = self.become_leader_or_follower(ctx, zk, &request);
            respond(ctx, from, correlation, LeaderAndIsrResponse { error: None, partitions });
        }
    }

    /// `ReplicaManager.becomeLeaderOrFollower`: only a later leader epoch than the known one is obeyed.
    fn become_leader_or_follower(
        &mut self,
        ctx: &mut Ctx<'_>,
        zk: &mut ZkSupport,
        request: &LeaderAndIsrRequest,
    ) -> Vec<(TopicPartition, Option<ErrorCode>)> {
        let parts = self.parts();
        let (mut changed, mut answers): (Vec<(TopicPartition, &PartitionRegistration)>, Vec<_>) = Default::default();
        for (id, registration) in &request.partitions {
            if parts.replicas.offline.contains(id) {
                answers.push((*id, Some(ErrorCode::KafkaStorageError)));
                continue;
            }
            let is_news = match parts.replicas.partitions.get(id) {
                Some(partition) if !partition.replicas().is_empty() => {
                    registration.leader_epoch > partition.leader_epoch()
                }
                _ => true,
            };
            answers.push((*id, (!is_news).then_some(ErrorCode::StaleControllerEpoch)));
            if is_news {
                changed.push((*id, registration));
            }
        }
        let Parts { mut env, replicas, .. } = parts;
        let changes = replicas.become_leader_or_follower(ctx, &mut env, changed);
        self.leaderships_changed(ctx, zk.topic_named(OFFSETS_TOPIC), changes);
        answers
    }

    // ---- UpdateMetadata and StopReplica -------------------------------------------------------------------------------

    pub(in crate::engine::server) fn update_metadata(
        &mut self,
        ctx: &mut Ctx<'_>,
        (from, correlation): (NodeId, CorrelationId),
        request: &UpdateMetadataRequest,
    ) {
        self.with_zk(|broker, zk| {
            let error = broker.check_stamp(zk, &request.stamp).err();
            if error.is_none() {
                broker.volatile.channel.controller_is(Some(NodeId::Broker(request.stamp.controller)));
                zk.names.extend(request.topics.iter().cloned());
                for record in broker.metadata_news(zk, request) {
                    broker.volatile.metadata.replay(&record);
                }
                if !request.deleted.is_empty() {
                    for topic in &request.deleted {
                        zk.overrides.remove(topic);
                        zk.names.remove(topic);
                    }
                    broker.forget_removed_topics(ctx);
                }
            }
            respond(ctx, from, correlation, UpdateMetadataResponse { error });
        });
    }

    /// The request as records over what is known.
    fn metadata_news(&self, zk: &ZkSupport, request: &UpdateMetadataRequest) -> Vec<MetadataRecord> {
        let image = self.volatile.metadata.image();
        let mut records = Vec::new();
        for (broker, rack) in &request.brokers {
            let broker = *broker;
            if !image.is_active(broker) {
                let epoch = Default::default();
                records.push(MetadataRecord::RegisterBroker { broker, epoch, incarnation: 0, rack: rack.clone() });
                records.push(MetadataRecord::UnfenceBroker { broker, epoch });
            }
        }
        for (broker, registration) in image.brokers().filter(|(_, registration)| !registration.fenced) {
            if !request.brokers.iter().any(|(alive, _)| *alive == broker) {
                records.push(MetadataRecord::FenceBroker { broker, epoch: registration.epoch });
            }
        }
        let mut known: BTreeSet<TopicId> = image.topics().map(|(id, _)| id).collect();
        for (topic, name) in &request.topics {
            if known.insert(*topic) {
                records.push(MetadataRecord::Topic { topic: *topic, name: name.clone() });
                records.extend(config_records(*topic, &Default::default(), &zk.config_of(*topic)));
            }
        }
        for (partition, registration) in &request.partitions {
            let (partition, registration) = (*partition, registration.clone());
            records.push(MetadataRecord::Partition { partition, registration });
        }
        let known = request.deleted.iter().filter(|topic| image.topic(**topic).is_some());
        records.extend(known.map(|topic| MetadataRecord::RemoveTopic { topic: *topic }));
        records
    }

    pub(in crate::engine::server) fn stop_replica(
        &mut self,
        ctx: &mut Ctx<'_>,
        (from, correlation): (NodeId, CorrelationId),
        request: &StopReplicaRequest,
    ) {
        self.with_zk(|broker, zk| {
            let error = broker.check_stamp(zk, &request.stamp).err();
            let mut partitions = Vec::new();
            if error.is_none() {
                let Parts { mut env, replicas, .. } = broker.parts();
                let mut lost = Vec::new();
                for (id, delete) in &request.partitions {
                    let error = replicas.offline.contains(id).then_some(ErrorCode::KafkaStorageError);
                    match delete {
                        _ if error.is_some() => {}
                        true => lost.extend(replicas.delete(ctx, &mut env, *id, DirSuffix::Delete)),
                        false => replicas.stop(*id),
                    }
                    partitions.push((*id, error));
                }
                broker.leaderships_changed(ctx, zk.topic_named(OFFSETS_TOPIC), lost);
            }
            respond(ctx, from, correlation, StopReplicaResponse { error, partitions });
        });
    }
}

fn config_records(topic: TopicId, before: &TopicOverrides, after: &TopicOverrides) -> Vec<MetadataRecord> {
    let gone = before.keys().filter(|key| !after.contains_key(*key)).map(|key| (key.clone(), None));
    let set = after.iter().map(|(key, value)| (key.clone(), Some(value.clone())));
    gone.chain(set).map(|(key, value)| MetadataRecord::TopicConfig { topic, key, value }).collect()
}
