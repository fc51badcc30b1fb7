//! What only the controller answers (`KafkaController.processReplicaLeaderElection`, `doControlledShutdown`,
//! `processApiPartitionReassignment`).

use super::controller::{KafkaController, Step};
use super::elections::Strategy;
use super::reassignment::reassign_to;
use crate::engine::Ctx;
use crate::engine::common::{BrokerId, CorrelationId, ElectionType, ErrorCode, NodeId, PartitionId, TopicPartition};
use crate::engine::controller::{ControllerFact, ElectedBecause, Reassignment};
use crate::engine::protocol::{
    AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse, ControlledShutdownRequest,
    ControlledShutdownResponse, ElectLeadersRequest, ElectLeadersResponse, ListPartitionReassignmentsResponse,
    OngoingReassignment, PartitionOutcome, Refusal, Request, Response, TopicName,
};

type Caller = (NodeId, CorrelationId);
impl KafkaController {
    pub(super) fn plan_asked(&mut self, ctx: &mut Ctx<'_>, caller: Caller, request: &Request) -> Vec<Step> {
        match request {
            Request::AlterPartition(alter) => self.plan_alter_partition(caller.0, caller.1, alter),
            Request::ControlledShutdown(shutdown) => self.plan_shutdown(ctx, caller, *shutdown),
            Request::ElectLeaders(elect) => self.plan_election(caller, elect),
            Request::AlterPartitionReassignments(alter) => self.plan_reassignments(ctx, caller, alter),
            Request::ListPartitionReassignments(_) => vec![answer(caller, self.ongoing())],
            Request::AllocateProducerIds(allocate) => self.plan_producer_ids(caller, *allocate),
            other => unreachable!("{:?} is not for the controller's thread", other.api()),
        }
    }

    fn partition_named(&self, topic: &TopicName, index: u32) -> Result<TopicPartition, Refusal> {
        let known = self.context.topics.get(topic).filter(|(_, one)| one.partitions.contains_key(&PartitionId(index)));
        let known = known.map(|(id, _)| TopicPartition::new(*id, index));
        known.ok_or_else(|| (ErrorCode::UnknownTopicOrPartition, "The partition does not exist.".to_owned()))
    }

    // ---- ControlledShutdown ----------------------------------------------------------------------------------------

    fn plan_shutdown(&mut self, ctx: &mut Ctx<'_>, caller: Caller, request: ControlledShutdownRequest) -> Vec<Step> {
        let broker = request.broker;
        let error = match self.context.live.get(&broker) {
            None => Some(ErrorCode::BrokerNotAvailable),
            Some(live) if request.broker_epoch < live.epoch => Some(ErrorCode::StaleBrokerEpoch),
            Some(_) => None,
        };
        if error.is_some() {
            return vec![answer(caller, ControlledShutdownResponse { error, remaining: Vec::new() })];
        }
        if self.context.shutting_down.insert(broker) {
            ctx.emit(ControllerFact::ControlledShutdownBegan { broker });
        }
        let (led, followed): (Vec<_>, Vec<_>) = self
            .context
            .replicas_on(broker)
            .into_iter()
            .filter(|id| self.context.replicas(*id).len() > 1 && !self.context.is_to_delete(id.topic))
            .filter(|id| self.context.leadership.contains_key(id))
            .partition(|id| self.context.leadership[id].leader == Some(broker));
        let (strategy, why) = (Strategy::ControlledShutdown, Some(ElectedBecause::LeaderShutsDown));
        let (to, correlation) = caller;
        vec![
            Step::ReadToElect { partitions: led, strategy, why },
            Step::Send,
            Step::ReadToRemove { broker, partitions: followed },
            Step::Send,
            Step::AnswerShutdown { to, correlation, broker },
        ]
    }

    /// What it leads still, of what others could lead.
    pub(super) fn shutdown_answer(&self, broker: BrokerId) -> Response {
        let is_led = |id: &TopicPartition| {
            self.context.leadership[id].leader == Some(broker) && self.context.replicas(*id).len() > 1
        };
        let remaining = self.context.leadership.keys().copied().filter(is_led).collect();
        ControlledShutdownResponse { error: None, remaining }.into()
    }

    // ---- ElectLeaders ----------------------------------------------------------------------------------------------

    fn plan_election(&self, (to, correlation): Caller, request: &ElectLeadersRequest) -> Vec<Step> {
        let unclean = request.election_type == ElectionType::Unclean;
        let (all, mentions_needless) = match &request.partitions {
            Some(named) => (named.clone(), true),
            None => {
                let all = self.context.partitions();
                (all.map(|(id, _)| (self.context.name(id).clone(), id.partition.0)).collect(), false)
            }
        };
        let (mut partitions, mut asked, mut judged) = (Vec::new(), Vec::new(), Vec::new());
        for (topic, index) in all {
            let electable = self.partition_named(&topic, index).and_then(|id| {
                let leader = self.context.leadership.get(&id).and_then(|state| state.leader);
                if self.context.is_to_delete(id.topic) {
                    return Err((ErrorCode::InvalidTopic, "The topic is being deleted".to_owned()));
                }
                let is_needed = match unclean {
                    true => leader.is_none_or(|leader| !self.context.is_replica_online(leader, id)),
                    false => leader != self.context.replicas(id).first().copied(),
                };
                let needless = ErrorCode::ElectionNotNeeded;
                if is_needed { Ok(id) } else { Err((needless, needless.message().to_owned())) }
            });
            match electable {
                Ok(id) => {
                    partitions.push(id);
                    let (error, strategy) = match unclean {
                        true => {
                            (ErrorCode::EligibleLeadersNotAvailable, "OfflinePartitionLeaderElectionStrategy(true)")
                        }
                        false => {
                            (ErrorCode::PreferredLeaderNotAvailable, "PreferredReplicaPartitionLeaderElectionStrategy")
                        }
                    };
                    let why = format!("Failed to elect leader for partition {topic}-{index} under strategy {strategy}");
                    asked.push((id, (topic, index, Err((error, why)))));
                }
                Err((ErrorCode::ElectionNotNeeded, _)) if !mentions_needless => {}
                Err(refusal) => judged.push((topic, index, Err(refusal))),
            }
        }
        if partitions.is_empty() {
            return vec![answer((to, correlation), ElectLeadersResponse { error: None, partitions: judged })];
        }
        // What is judged already travels with a partition that was asked for.
        let strategy = if unclean { Strategy::Unclean } else { Strategy::Preferred };
        let first = partitions[0];
        asked.extend(judged.into_iter().map(|outcome| (first, outcome)));
        vec![
            Step::ReadToElect { partitions, strategy, why: Some(ElectedBecause::Asked) },
            Step::Send,
            Step::AnswerElection { to, correlation, asked },
        ]
    }

    /// Every partition with what has come of it.
    pub(super) fn election_answer(&self, asked: &[(TopicPartition, PartitionOutcome)]) -> Response {
        let outcome = |(id, (topic, index, otherwise)): &(TopicPartition, PartitionOutcome)| {
            let leader = self.context.leadership.get(id).and_then(|state| state.leader);
            let is_led = match otherwise {
                Err((ErrorCode::PreferredLeaderNotAvailable, _)) => {
                    leader == self.context.replicas(*id).first().copied()
                }
                Err((ErrorCode::EligibleLeadersNotAvailable, _)) => {
                    leader.is_some_and(|leader| self.context.is_replica_online(leader, *id))
                }
                _ => false,
            };
            (topic.clone(), *index, if is_led { Ok(()) } else { otherwise.clone() })
        };
        ElectLeadersResponse { error: None, partitions: asked.iter().map(outcome).collect() }.into()
    }

    // ---- reassignments ---------------------------------------------------------------------------------------------

    fn plan_reassignments(
        &mut self,
        ctx: &mut Ctx<'_>,
        caller: Caller,
        request: &AlterPartitionReassignmentsRequest,
    ) -> Vec<Step> {
        let (mut steps, mut partitions) = (Vec::new(), Vec::new());
        for (topic, index, target) in &request.partitions {
            let outcome = self.reassignment_asked(topic, *index, target.as_deref());
            let outcome = outcome.map(|(id, assignment)| steps.extend(self.reassign(ctx, id, assignment)));
            partitions.push((topic.clone(), *index, outcome));
        }
        steps.push(answer(caller, AlterPartitionReassignmentsResponse { error: None, partitions }));
        steps
    }

    /// `validateReplicas`, `maybeBuildReassignment`
    pub(super) fn reassignment_asked(
        &self,
        topic: &TopicName,
        index: u32,
        target: Option<&[BrokerId]>,
    ) -> Result<(TopicPartition, Reassignment), Refusal> {
        let id = self.partition_named(topic, index)?;
        let current = self.context.assignment(id);
        if self.context.is_to_delete(id.topic) {
            return Err((ErrorCode::UnknownTopicOrPartition, "The partition does not exist.".to_owned()));
        }
        let Some(target) = target else {
            if !current.is_moving() {
                let none = ErrorCode::NoReassignmentInProgress;
                return Err((none, none.message().to_owned()));
            }
            return Ok((id, reassign_to(&current, &current.origin())));
        };
        let refused = |why: String| Err((ErrorCode::InvalidReplicaAssignment, why));
        let list = |ids: &[BrokerId]| ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        if target.is_empty() {
            return refused("Empty replica list specified in partition reassignment.".to_owned());
        }
        if target.iter().enumerate().any(|(at, id)| target[..at].contains(id)) {
            return refused(format!(
                "Duplicate replica ids in partition reassignment replica list: List({})",
                list(target)
            ));
        }
        let assignment = reassign_to(&current, target);
        if !assignment.adding.iter().all(|id| self.context.is_live(*id)) {
            let live: Vec<BrokerId> =
                self.context.broker_ids().into_iter().filter(|id| self.context.is_live(*id)).collect();
            return refused(format!(
                "Replica assignment has brokers that are not alive. Replica list: List({}), live broker list: Set({})",
                list(&assignment.adding),
                list(&live)
            ));
        }
        Ok((id, assignment))
    }

    fn ongoing(&self) -> ListPartitionReassignmentsResponse {
        let one = |id: &TopicPartition| {
            let Reassignment { replicas, adding, removing } = self.context.assignment(*id);
            let (topic, partition) = (self.context.name(*id).clone(), id.partition.0);
            OngoingReassignment { topic, partition, replicas, adding, removing }
        };
        let mut ongoing: Vec<OngoingReassignment> = self.context.reassigning.iter().map(one).collect();
        ongoing.sort_by(|a, b| (&a.topic, a.partition).cmp(&(&b.topic, b.partition)));
        ListPartitionReassignmentsResponse { error: None, ongoing }
    }
}

fn answer((to, correlation): Caller, response: impl Into<Response>) -> Step {
    Step::Answer { to, correlation, response: response.into() }
}
