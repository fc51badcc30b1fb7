//! What the active controller decides when it is asked, or when somebody falls silent: decide → records → replay.
//!
//! Every verb here speaks for a controller in office; the node has made sure of that.

use super::broker_heartbeat_manager::{BrokerControlState, is_caught_up};
use super::controller::{Caller, Controller, reply};
use super::fact::{ControllerFact, ElectedBecause, FencedBecause};
use crate::engine::Ctx;
use crate::engine::common::{BrokerEpoch, BrokerId, ErrorCode, Offset, ProducerIdsBlock};
use crate::engine::metadata::MetadataRecord;
use crate::engine::protocol::{
    AllocateProducerIdsRequest, AllocateProducerIdsResponse, AlterPartitionReassignmentsRequest,
    AlterPartitionReassignmentsResponse, AlterPartitionRequest, AlterPartitionResponse, BrokerHeartbeatRequest,
    BrokerHeartbeatResponse, BrokerRegistrationRequest, BrokerRegistrationResponse, CreatePartitionsRequest,
    CreatePartitionsResponse, CreateTopicsRequest, CreateTopicsResponse, DeleteTopicsRequest, DeleteTopicsResponse,
    ElectLeadersRequest, ElectLeadersResponse, ListPartitionReassignmentsResponse,
};

impl Controller {
    // ---- registration and heartbeats ---------------------------------------------------------------------------

    /// `ClusterControlManager.registerBroker`.
    pub(super) fn register(&mut self, ctx: &mut Ctx<'_>, caller: Caller, request: &BrokerRegistrationRequest) {
        let (broker, incarnation) = (request.broker, request.incarnation);
        let existing = self.active().decided.image.broker(broker).cloned();
        let again = existing.as_ref().is_some_and(|existing| existing.incarnation == incarnation);
        let heartbeats = &self.active().heartbeats;
        let taken = existing.as_ref().is_some_and(|existing| {
            heartbeats.has_valid_session(broker, existing.epoch, ctx.now()) && !heartbeats.is_shutting_down(broker)
        });
        if taken && !again {
            let error = ErrorCode::DuplicateBrokerRegistration;
            ctx.emit(ControllerFact::RegistrationRefused { broker, error });
            return reply(ctx, caller, BrokerRegistrationResponse { outcome: Err(error) });
        }
        let mut records = match &existing {
            // The older process is gone. Only the file it left behind can prove that it has all it had.
            Some(existing) if !again => {
                let is_clean = request.previous_broker_epoch == Some(existing.epoch);
                self.control().handle_broker_shutdown(broker, is_clean)
            }
            _ => Vec::new(),
        };
        let own_offset = self.active().decided.image.end_offset().plus(records.len() as u64);
        let epoch = match &existing {
            Some(existing) if again => existing.epoch,
            _ => BrokerEpoch(own_offset.0),
        };
        records.push(MetadataRecord::RegisterBroker { broker, epoch, incarnation, rack: request.rack.clone() });
        let was_unfenced = existing.is_some_and(|existing| !existing.fenced);
        if again && was_unfenced {
            // The same process asks once more: an amendment, which leaves it as it was.
            records.push(MetadataRecord::UnfenceBroker { broker, epoch });
        } else if was_unfenced {
            ctx.emit(ControllerFact::BrokerFenced { broker, why: FencedBecause::Reregistered });
        }
        if !again {
            self.active_mut().heartbeats.remove(broker);
        }
        ctx.emit(ControllerFact::BrokerRegistered { broker, epoch });
        self.append(ctx, records, ElectedBecause::LeaderFenced);
        self.active_mut().heartbeats.update_contact_time(broker, epoch, ctx.now());
        self.answer_when_committed(ctx, caller, BrokerRegistrationResponse { outcome: Ok(epoch) });
    }

    /// `ReplicationControlManager.processBrokerHeartbeat`.
    pub(super) fn heartbeat(&mut self, ctx: &mut Ctx<'_>, caller: Caller, request: &BrokerHeartbeatRequest) {
        let (broker, epoch) = (request.broker, request.broker_epoch);
        if let Err(error) = self.control().check_broker_epoch(broker, epoch) {
            return reply(ctx, caller, BrokerHeartbeatResponse::refused(error));
        }
        self.active_mut().heartbeats.update_contact_time(broker, epoch, ctx.now());
        let registered_at = self.active().decided.registered_at[&broker];
        let current = self.active().heartbeats.state(broker);
        let has_leaderships = || self.control().has_leaderships(broker);
        let next = self.active().heartbeats.next_state(request, registered_at, has_leaderships);
        if current != Some(next) {
            match next {
                BrokerControlState::Fenced => self.fence(ctx, broker, FencedBecause::Asked),
                BrokerControlState::ShutdownNow => self.fence(ctx, broker, FencedBecause::ShutDown),
                BrokerControlState::Unfenced => {
                    ctx.emit(ControllerFact::BrokerUnfenced { broker });
                    let records = self.control().unfence(broker, epoch);
                    self.append(ctx, records, ElectedBecause::ReplicaReturned);
                }
                BrokerControlState::ControlledShutdown => {
                    let records = self.control().begin_controlled_shutdown(broker);
                    self.append(ctx, records, ElectedBecause::LeaderShutsDown);
                }
            }
        }
        if !request.offline_replicas.is_empty() {
            let records = self.control().remove_offline_replicas(broker, &request.offline_replicas);
            self.append(ctx, records, ElectedBecause::LogDirFailed);
        }
        let last_decided = Offset(self.active().decided.image.end_offset().0 - 1);
        let heartbeats = &mut self.active_mut().heartbeats;
        heartbeats.touch(broker, next.is_fenced(), Some(request.current_metadata_offset));
        match next {
            BrokerControlState::ControlledShutdown => {
                heartbeats.maybe_update_controlled_shutdown_offset(broker, last_decided);
            }
            // It says goodbye, so its next process need not wait for a session to expire.
            BrokerControlState::ShutdownNow => heartbeats.remove_session(broker),
            BrokerControlState::Fenced | BrokerControlState::Unfenced => {}
        }
        let response = BrokerHeartbeatResponse {
            error: None,
            is_caught_up: is_caught_up(request, registered_at),
            is_fenced: next.is_fenced(),
            should_shut_down: next == BrokerControlState::ShutdownNow,
        };
        self.answer_when_committed(ctx, caller, response);
    }

    fn fence(&mut self, ctx: &mut Ctx<'_>, broker: BrokerId, why: FencedBecause) {
        if self.active().decided.image.broker(broker).is_some_and(|registration| !registration.fenced) {
            ctx.emit(ControllerFact::BrokerFenced { broker, why });
            let records = self.control().fence(broker);
            self.append(ctx, records, ElectedBecause::LeaderFenced);
        }
    }

    /// `maybeFenceOneStaleBroker`: one at a time, so that each sees the effect of the one before.
    pub(super) fn fence_stale_broker(&mut self, ctx: &mut Ctx<'_>) {
        if let Some(broker) = self.active_mut().heartbeats.maybe_remove_expired(ctx.now()) {
            self.fence(ctx, broker, FencedBecause::SessionExpired);
        }
    }

    // ---- partitions and topics ---------------------------------------------------------------------------------

    pub(super) fn alter_partition(&mut self, ctx: &mut Ctx<'_>, caller: Caller, request: &AlterPartitionRequest) {
        let (records, partitions) = match self.control().alter_partition(request) {
            Ok(decided) => decided,
            Err(error) => {
                let error = Some(error);
                return reply(ctx, caller, AlterPartitionResponse { error, partitions: Vec::new() });
            }
        };
        for (partition, outcome) in &partitions {
            if let Err(error) = outcome {
                let (partition, broker, error) = (*partition, request.broker, *error);
                ctx.emit(ControllerFact::IsrRefused { partition, broker, error });
            }
        }
        self.append(ctx, records, ElectedBecause::Reassigned);
        self.answer_when_committed(ctx, caller, AlterPartitionResponse { error: None, partitions });
    }

    pub(super) fn create_topics(&mut self, ctx: &mut Ctx<'_>, caller: Caller, request: &CreateTopicsRequest) {
        let (records, topics) = self.control().create_topics(&request.topics, ctx.rng());
        self.append(ctx, records, ElectedBecause::Preferred);
        for (name, outcome) in &topics {
            let name = name.clone();
            ctx.emit(match outcome {
                Ok(topic) => {
                    let image = self.active().decided.image.topic(*topic).expect("the topic was just created");
                    let count = |len: usize| u32::try_from(len).expect("a topic has fewer than 2^32 partitions");
                    let partitions = count(image.partitions.len());
                    let replicas = image.partitions.values().next().map_or(0, |first| first.replicas.len());
                    ControllerFact::TopicCreated {
                        topic: *topic,
                        name,
                        partitions,
                        replication_factor: count(replicas),
                    }
                }
                Err((error, message)) => ControllerFact::TopicRefused { name, error: *error, message: message.clone() },
            });
        }
        self.answer_when_committed(ctx, caller, CreateTopicsResponse { topics });
    }

    pub(super) fn delete_topics(&mut self, ctx: &mut Ctx<'_>, caller: Caller, request: &DeleteTopicsRequest) {
        let (records, topics) = self.control().delete_topics(&request.topics);
        for record in &records {
            if let MetadataRecord::RemoveTopic { topic } = *record {
                let name = self.active().decided.image.topic(topic).map(|topic| topic.name.clone());
                ctx.emit(ControllerFact::TopicDeleted { topic, name: name.unwrap_or_default() });
            }
        }
        self.append(ctx, records, ElectedBecause::Preferred);
        self.answer_when_committed(ctx, caller, DeleteTopicsResponse { topics });
    }

    pub(super) fn create_partitions(&mut self, ctx: &mut Ctx<'_>, caller: Caller, request: &CreatePartitionsRequest) {
        let before = self.active().decided.image.clone();
        let (records, topics) = self.control().create_partitions(&request.topics, ctx.rng());
        self.append(ctx, records, ElectedBecause::Preferred);
        for new in request.topics.iter().zip(&topics).filter(|(_, (_, outcome))| outcome.is_ok()).map(|(new, _)| new) {
            let Some((topic, image)) = before.topic_id(&new.topic).and_then(|id| Some((id, before.topic(id)?))) else {
                continue;
            };
            let had = u32::try_from(image.partitions.len()).expect("a topic has fewer than 2^32 partitions");
            let (name, count) = (new.topic.clone(), new.count);
            ctx.emit(ControllerFact::PartitionsAdded { topic, name, count, added: count - had });
        }
        self.answer_when_committed(ctx, caller, CreatePartitionsResponse { topics });
    }

    pub(super) fn elect_leaders(&mut self, ctx: &mut Ctx<'_>, caller: Caller, request: &ElectLeadersRequest) {
        let (records, partitions) = self.control().elect_leaders(request);
        self.append(ctx, records, ElectedBecause::Asked);
        self.answer_when_committed(ctx, caller, ElectLeadersResponse { error: None, partitions });
    }

    pub(super) fn reassign(&mut self, ctx: &mut Ctx<'_>, caller: Caller, request: &AlterPartitionReassignmentsRequest) {
        let (records, partitions) = self.control().alter_partition_reassignments(request);
        self.append(ctx, records, ElectedBecause::Reassigned);
        self.answer_when_committed(ctx, caller, AlterPartitionReassignmentsResponse { error: None, partitions });
    }

    /// `ProducerIdControlManager.generateNextProducerId`
    pub(super) fn allocate_producer_ids(
        &mut self,
        ctx: &mut Ctx<'_>,
        caller: Caller,
        request: AllocateProducerIdsRequest,
    ) {
        let AllocateProducerIdsRequest { broker, broker_epoch } = request;
        if let Err(error) = self.control().check_broker_epoch(broker, broker_epoch) {
            return reply(ctx, caller, AllocateProducerIdsResponse { outcome: Err(error) });
        }
        let block = ProducerIdsBlock { first: self.active().decided.image.next_producer_id() };
        let next_producer_id = block.next_block_first_id();
        let record = MetadataRecord::ProducerIds { broker, epoch: broker_epoch, next_producer_id };
        ctx.emit(ControllerFact::ProducerIdsAllocated { broker, first: block.first, last: block.last() });
        self.append(ctx, vec![record], ElectedBecause::Preferred);
        self.answer_when_committed(ctx, caller, AllocateProducerIdsResponse { outcome: Ok(block) });
    }

    pub(super) fn list_reassignments(&mut self, ctx: &mut Ctx<'_>, caller: Caller) {
        let ongoing = self.control().list_partition_reassignments();
        self.answer_when_committed(ctx, caller, ListPartitionReassignmentsResponse { error: None, ongoing });
    }
}
