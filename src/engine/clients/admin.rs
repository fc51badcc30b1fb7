//! The operator's tools in one process: what `kafka-topics.sh --create`, `kafka-consumer-groups.sh --reset-offsets` and
//! the tools of [`assignment`] do (`KafkaAdminClient`, `ConsumerGroupCommand`).
//!
//! An operation is a few requests in a row. If one of them fails in a way that may pass, the whole operation begins
//! anew after a back-off, until `default.api.timeout.ms` is over. That is also Kafka's trap: a topic that was created
//! by a request whose answer got lost is found to exist already.

mod assignment;
mod deletion;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use assignment::{Cancel, Elect, Placed, Reassign};
pub use deletion::Deletion;

use super::backoff::ExponentialBackoff;
use super::fact::AdminFact;
use super::network_client::{InFlightRequest, NetworkClient, NetworkConfig};
use crate::engine::command::{OffsetTarget, RecordsBefore};
use crate::engine::common::{BrokerId, ClientId, ElectionType, ErrorCode, NodeId, Offset, Span, Time, TopicPartition};
use crate::engine::protocol::{
    Body, CommittedOffset, CreatePartitionsRequest, CreatePartitionsResponse, CreateTopicsRequest, DeleteTopicsRequest,
    DeleteTopicsResponse, FindCoordinatorRequest, ListOffsetsRequest, MetadataRequest, NewPartitions, NewTopic,
    OffsetCommitRequest, OffsetFetchRequest, OffsetSpec, Request, Response, TopicName, TopicsAsked,
};
use crate::engine::runtime::{Crash, Node, TimerId};
use crate::engine::{Ctx, Kafka, Timer};

/// `default.api.timeout.ms` of the admin client.
const API_TIMEOUT: Span = Span::millis(60_000);

/// The admin tool's alarms.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AdminTimer {
    /// An operation is to be tried again, or something has timed out.
    Poll,
}

/// What an operation is to achieve, and how far it has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    CreateTopic(NewTopic),
    DeleteTopic(TopicName),
    AddPartitions(NewPartitions),
    ResetOffsets(Reset),
    DeleteRecords(Deletion),
    ElectLeaders(Elect),
    Reassign(Reassign),
    CancelReassignment(Cancel),
}

impl Task {
    /// Does it need the controller at all?
    fn is_for_controller(&self) -> bool {
        !matches!(self, Self::ResetOffsets(_) | Self::DeleteRecords(_))
    }

    /// What an attempt has learnt is not kept for the next one.
    fn begin_anew(&mut self) {
        match self {
            Self::CreateTopic(_) | Self::DeleteTopic(_) | Self::AddPartitions(_) | Self::ElectLeaders(_) => {}
            Self::DeleteRecords(deletion) => deletion.again(),
            Self::ResetOffsets(reset) => *reset = Reset::new(reset.group.clone(), reset.topic.clone(), reset.to),
            Self::Reassign(reassign) => {
                *reassign = Reassign::new(std::mem::take(&mut reassign.targets), reassign.additional);
            }
            Self::CancelReassignment(cancel) => *cancel = Cancel::new(std::mem::take(&mut cancel.partitions)),
        }
    }
}

/// Moving a group's committed offsets of one topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reset {
    pub group: Arc<str>,
    pub topic: TopicName,
    pub to: OffsetTarget,
    coordinator: Option<BrokerId>,
    /// Committed so far; asked for only if needed.
    committed: Option<BTreeMap<TopicPartition, Offset>>,
    /// The topic's partitions with their leaders.
    leaders: Option<Vec<(TopicPartition, BrokerId)>>,
    earliest: BTreeMap<TopicPartition, Offset>,
    latest: BTreeMap<TopicPartition, Offset>,
}

/// An operation under way.
#[derive(Clone, Debug)]
pub struct Operation {
    pub task: Task,
    pub since: Time,
    /// Failed attempts.
    pub attempts: u32,
    /// Not to be tried again before.
    retry_at: Option<Time>,
    /// Requests of the current attempt without an answer.
    outstanding: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct OperationId(u64);

/// What a request belongs to. Answers to an attempt that was given up do not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Purpose {
    operation: OperationId,
    attempt: u32,
    /// Which of the two ListOffsets it was.
    spec: Option<OffsetSpec>,
    /// The Metadata is to tell who is controller.
    finds_controller: bool,
}

/// How an operation ends.
enum Outcome {
    GoesOn,
    Done(AdminFact),
    Fails(ErrorCode),
    FailsWith(ErrorCode, String),
}

#[derive(Clone, Debug)]
struct Process {
    network: NetworkClient<Purpose>,
    operations: BTreeMap<OperationId, Operation>,
    next_operation: OperationId,
    poll_timer: Option<(Time, TimerId)>,
    /// Who is controller, as the metadata said last; asked for anew after NOT_CONTROLLER.
    controller: Option<BrokerId>,
}

/// The admin tool of a world.
#[derive(Clone, Debug)]
pub struct Admin {
    id: ClientId,
    bootstrap: Vec<BrokerId>,
    backoff: ExponentialBackoff,
    /// In ZooKeeper mode only the controller's broker answers what changes the cluster (`ControllerNodeProvider`).
    asks_controller: bool,
    process: Process,
}

impl Admin {
    #[must_use]
    pub fn new(id: ClientId, bootstrap: Vec<BrokerId>) -> Self {
        let backoff = ExponentialBackoff::new(Span::millis(100), Span::millis(1_000));
        Self { id, bootstrap, backoff, asks_controller: false, process: Process::new() }
    }

    /// For a cluster whose brokers pass nothing on to their controller.
    #[must_use]
    pub fn asking_controller(self) -> Self {
        Self { asks_controller: true, ..self }
    }

    // ---- what the user does ----------------------------------------------------------------------------------

    /// `kafka-topics.sh --create`.
    pub fn create_topic(&mut self, ctx: &mut Ctx<'_>, topic: NewTopic) {
        self.begin(ctx, Task::CreateTopic(topic));
    }

    /// `kafka-topics.sh --delete`.
    pub fn delete_topic(&mut self, ctx: &mut Ctx<'_>, topic: TopicName) {
        self.begin(ctx, Task::DeleteTopic(topic));
    }

    /// `kafka-topics.sh --alter --partitions`.
    pub fn add_partitions(&mut self, ctx: &mut Ctx<'_>, partitions: NewPartitions) {
        self.begin(ctx, Task::AddPartitions(partitions));
    }

    /// `kafka-consumer-groups.sh --reset-offsets --execute`.
    pub fn reset_offsets(&mut self, ctx: &mut Ctx<'_>, group: Arc<str>, topic: TopicName, to: OffsetTarget) {
        self.begin(ctx, Task::ResetOffsets(Reset::new(group, topic, to)));
    }

    /// `kafka-delete-records.sh`.
    pub fn delete_records(&mut self, ctx: &mut Ctx<'_>, offsets: Vec<RecordsBefore>) {
        self.begin(ctx, Task::DeleteRecords(Deletion::new(offsets)));
    }

    /// `kafka-leader-election.sh`.
    pub fn elect_leaders(
        &mut self,
        ctx: &mut Ctx<'_>,
        election_type: ElectionType,
        partitions: Option<Vec<(TopicName, u32)>>,
    ) {
        self.begin(ctx, Task::ElectLeaders(Elect { election_type, partitions }));
    }

    /// `kafka-reassign-partitions.sh --execute`.
    pub fn reassign(&mut self, ctx: &mut Ctx<'_>, targets: Vec<Placed>, additional: bool) {
        self.begin(ctx, Task::Reassign(Reassign::new(targets, additional)));
    }

    /// `kafka-reassign-partitions.sh --cancel`.
    pub fn cancel_reassignment(&mut self, ctx: &mut Ctx<'_>, partitions: Vec<(TopicName, u32)>) {
        self.begin(ctx, Task::CancelReassignment(Cancel::new(partitions)));
    }

    fn begin(&mut self, ctx: &mut Ctx<'_>, task: Task) {
        let id = self.process.next_operation;
        self.process.next_operation = OperationId(id.0 + 1);
        let operation = Operation { task, since: ctx.now(), attempts: 0, retry_at: None, outstanding: 0 };
        self.process.operations.insert(id, operation);
        self.poll(ctx);
    }

    // ---- one round of everything -----------------------------------------------------------------------------

    fn poll(&mut self, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        for lost in self.process.network.expire(now, ctx.rng()) {
            for request in lost.requests {
                self.failed(ctx, request.purpose, ErrorCode::RequestTimedOut);
            }
        }
        let ids: Vec<OperationId> = self.process.operations.keys().copied().collect();
        for id in ids {
            self.advance(ctx, id);
        }
        let operations = self.process.operations.values();
        let due = operations.flat_map(|one| [Some(one.since + API_TIMEOUT), one.retry_at]).flatten();
        let due = due.chain(self.process.network.next_deadline()).min();
        if self.process.poll_timer.map(|(at, _)| at) != due {
            if let Some((_, timer)) = self.process.poll_timer.take() {
                ctx.cancel_timer(timer);
            }
            self.process.poll_timer = due.map(|at| (at, ctx.set_timer(at.since(now), Timer::Admin(AdminTimer::Poll))));
        }
    }

    /// Sends what the operation needs next, unless it waits for something.
    fn advance(&mut self, ctx: &mut Ctx<'_>, id: OperationId) {
        let now = ctx.now();
        let operation = self.process.operations.get_mut(&id).expect("the list was made of the operations");
        if operation.since + API_TIMEOUT <= now {
            self.end(ctx, id, Outcome::Fails(ErrorCode::RequestTimedOut));
            return;
        }
        if operation.outstanding > 0 || operation.retry_at.is_some_and(|at| at > now) {
            return;
        }
        operation.retry_at = None;
        let lacks_controller = self.asks_controller && self.process.controller.is_none();
        let finds_controller = lacks_controller && operation.task.is_for_controller();
        let requests = match &operation.task {
            _ if finds_controller => Ok(vec![(None, None, whoever_is_there())]),
            Task::DeleteTopic(name) => {
                Ok(vec![(None, None, DeleteTopicsRequest { topics: vec![name.clone()] }.into())])
            }
            Task::AddPartitions(new) => {
                Ok(vec![(None, None, CreatePartitionsRequest { topics: vec![new.clone()] }.into())])
            }
            Task::CreateTopic(topic) => {
                Ok(vec![(None, None, CreateTopicsRequest { topics: vec![topic.clone()] }.into())])
            }
            Task::ElectLeaders(elect) => Ok(elect.next_requests()),
            Task::DeleteRecords(deletion) => deletion.next_requests(),
            Task::ResetOffsets(reset) => reset.next_requests(),
            Task::Reassign(reassign) => reassign.next_requests(),
            Task::CancelReassignment(cancel) => cancel.next_requests(),
        };
        let requests = match requests {
            Ok(requests) => requests,
            Err(fact) => {
                self.end(ctx, id, Outcome::Done(fact));
                return;
            }
        };
        let attempt = operation.attempts;
        let anybody = self.process.network.least_loaded(&self.bootstrap, now, ctx.rng());
        let controller = self.process.controller;
        let receiver = |(to, _, request): &Step| {
            let controller = controller.filter(|_| is_for_controller(request));
            to.or(controller).or(anybody)
        };
        let receivers: Option<Vec<BrokerId>> = requests.iter().map(receiver).collect();
        let held_back = |broker: &BrokerId| self.process.network.backing_off_until(*broker, now);
        let waits_until = match &receivers {
            Some(receivers) => receivers.iter().filter_map(held_back).max(),
            None => Some(self.bootstrap.iter().filter_map(held_back).min().unwrap_or(now + API_TIMEOUT)),
        };
        let operation = self.process.operations.get_mut(&id).expect("looked up above");
        operation.retry_at = waits_until;
        let (Some(receivers), None) = (receivers, waits_until) else { return };
        for (to, (_, spec, request)) in receivers.into_iter().zip(requests) {
            operation.outstanding += 1;
            self.process.network.send(ctx, to, request, Purpose { operation: id, attempt, spec, finds_controller });
        }
    }

    fn answered(&mut self, ctx: &mut Ctx<'_>, purpose: Purpose, response: Response) {
        let Some(operation) = self.current(purpose) else { return };
        operation.outstanding -= 1;
        let outcome = match (&mut operation.task, response) {
            (Task::CreateTopic(_), Response::CreateTopics(created)) => {
                match created.topics.into_iter().next().expect("one topic was asked for, one is answered") {
                    (name, Ok(_)) => Outcome::Done(AdminFact::TopicCreated { name }),
                    (_, Err((error, message))) => Outcome::FailsWith(error, message),
                }
            }
            (_, Response::Metadata(metadata)) if purpose.finds_controller => {
                self.process.controller = metadata.controller;
                match metadata.controller {
                    Some(_) => Outcome::GoesOn,
                    None => Outcome::Fails(ErrorCode::NotController),
                }
            }
            (Task::DeleteTopic(_), Response::DeleteTopics(DeleteTopicsResponse { mut topics })) => {
                match topics.remove(0) {
                    (name, Ok(())) => Outcome::Done(AdminFact::TopicDeleted { name }),
                    (name, Err((error, message))) => unless_moved(name, error, message),
                }
            }
            (Task::AddPartitions(new), Response::CreatePartitions(CreatePartitionsResponse { mut topics })) => {
                match topics.remove(0) {
                    (name, Ok(())) => Outcome::Done(AdminFact::PartitionsAdded { name, count: new.count }),
                    (name, Err((error, message))) => unless_moved(name, error, message),
                }
            }
            (Task::DeleteRecords(deletion), response) => deletion.answered(response),
            (Task::ResetOffsets(reset), response) => reset.answered(purpose.spec, response),
            (Task::ElectLeaders(elect), response) => elect.answered(response),
            (Task::Reassign(reassign), response) => reassign.answered(response),
            (Task::CancelReassignment(cancel), response) => cancel.answered(response),
            (task, response) => unreachable!("{:?} answers {task:?}", response.api()),
        };
        self.end(ctx, purpose.operation, outcome);
    }

    /// The operation that still cares for the answer.
    fn current(&mut self, purpose: Purpose) -> Option<&mut Operation> {
        self.process.operations.get_mut(&purpose.operation).filter(|one| one.attempts == purpose.attempt)
    }

    /// A request got no answer.
    fn failed(&mut self, ctx: &mut Ctx<'_>, purpose: Purpose, error: ErrorCode) {
        if self.current(purpose).is_some() {
            self.end(ctx, purpose.operation, Outcome::Fails(error));
        }
    }

    /// Ends the operation, or the attempt if the next one may do better.
    fn end(&mut self, ctx: &mut Ctx<'_>, id: OperationId, outcome: Outcome) {
        let (error, message) = match outcome {
            Outcome::GoesOn => return,
            Outcome::Done(fact) => {
                self.process.operations.remove(&id);
                ctx.emit(fact);
                return;
            }
            Outcome::Fails(error) => (error, error.message().to_owned()),
            Outcome::FailsWith(error, message) => (error, message),
        };
        if error == ErrorCode::NotController || error == ErrorCode::NetworkException {
            self.process.controller = None;
        }
        let operation = self.process.operations.get_mut(&id).expect("only operations under way end");
        if error.is_retriable() && operation.since + API_TIMEOUT > ctx.now() {
            operation.retry_at = Some(ctx.now() + self.backoff.after(operation.attempts, ctx.rng()));
            operation.attempts += 1;
            operation.outstanding = 0;
            operation.task.begin_anew();
            return;
        }
        let operation = self.process.operations.remove(&id).expect("looked up above");
        ctx.emit(match operation.task {
            Task::CreateTopic(topic) => AdminFact::TopicRefused { name: topic.name, error, message },
            Task::DeleteTopic(name) | Task::AddPartitions(NewPartitions { topic: name, .. }) => {
                AdminFact::TopicChangeRefused { name, error, message }
            }
            Task::ResetOffsets(reset) => AdminFact::OffsetsResetRefused { group: reset.group, error },
            Task::DeleteRecords(deletion) => deletion.refused(error),
            Task::ElectLeaders(_) if error == ErrorCode::RequestTimedOut => {
                AdminFact::AssignmentRefused { message: "Timeout waiting for election results".to_owned() }
            }
            Task::ElectLeaders(_) | Task::Reassign(_) | Task::CancelReassignment(_) => {
                AdminFact::AssignmentRefused { message: format!("Error: {message}") }
            }
        });
    }

    // ---- looking in ------------------------------------------------------------------------------------------

    #[must_use]
    pub fn id(&self) -> ClientId {
        self.id
    }

    /// Operations under way, oldest first.
    pub fn operations(&self) -> impl Iterator<Item = &Operation> {
        self.process.operations.values()
    }
}

impl Process {
    fn new() -> Self {
        Self {
            network: NetworkClient::new(NetworkConfig::default()),
            operations: BTreeMap::new(),
            next_operation: OperationId(0),
            poll_timer: None,
            controller: None,
        }
    }
}

/// Of a topic's own errors the client tries again after NOT_CONTROLLER only (`handleNotControllerError`).
fn unless_moved(name: TopicName, error: ErrorCode, message: String) -> Outcome {
    match error {
        ErrorCode::NotController => Outcome::FailsWith(error, message),
        _ => Outcome::Done(AdminFact::TopicChangeRefused { name, error, message }),
    }
}

/// Metadata of no topic: brokers and controller.
fn whoever_is_there() -> Request {
    MetadataRequest { topics: TopicsAsked::Named(Vec::new()), allow_auto_topic_creation: false }.into()
}

/// Requests that `KafkaAdminClient` sends with a `ControllerNodeProvider`.
fn is_for_controller(request: &Request) -> bool {
    matches!(
        request,
        Request::CreateTopics(_)
            | Request::DeleteTopics(_)
            | Request::CreatePartitions(_)
            | Request::ElectLeaders(_)
            | Request::AlterPartitionReassignments(_)
            | Request::ListPartitionReassignments(_)
    )
}

/// To whom (`None`: anybody), which of the ListOffsets, and what.
type Step = (Option<BrokerId>, Option<OffsetSpec>, Request);

impl Reset {
    fn new(group: Arc<str>, topic: TopicName, to: OffsetTarget) -> Self {
        let (earliest, latest) = (BTreeMap::new(), BTreeMap::new());
        Self { group, topic, to, coordinator: None, committed: None, leaders: None, earliest, latest }
    }

    /// The requests of the next step: find the coordinator, learn what is committed if that matters, find the leaders,
    /// learn where their logs begin and end, commit.
    ///
    /// # Errors
    /// If the reset makes no sense.
    fn next_requests(&self) -> Result<Vec<Step>, AdminFact> {
        let group = &self.group;
        let Some(coordinator) = self.coordinator else {
            return Ok(vec![(None, None, FindCoordinatorRequest { group: group.clone() }.into())]);
        };
        if matches!(self.to, OffsetTarget::ShiftBy(_)) && self.committed.is_none() {
            let request = OffsetFetchRequest { group: group.clone(), partitions: None };
            return Ok(vec![(Some(coordinator), None, request.into())]);
        }
        let Some(leaders) = &self.leaders else {
            let topics = TopicsAsked::Named(vec![self.topic.clone()]);
            return Ok(vec![(None, None, MetadataRequest { topics, allow_auto_topic_creation: false }.into())]);
        };
        if self.latest.is_empty() {
            return Ok(list_offsets(leaders));
        }
        let mut offsets = Vec::new();
        for (partition, _) in leaders {
            let offset = self.target_of(*partition)?;
            let metadata = Arc::from("");
            offsets.push(CommittedOffset { partition: *partition, offset, leader_epoch: None, metadata });
        }
        let request = OffsetCommitRequest { group: group.clone(), generation: None, member: None, offsets };
        Ok(vec![(Some(coordinator), None, request.into())])
    }

    /// Where one partition is moved to: never outside its log.
    fn target_of(&self, partition: TopicPartition) -> Result<Offset, AdminFact> {
        let (earliest, latest) = (self.earliest[&partition], self.latest[&partition]);
        let wanted = match self.to {
            OffsetTarget::Earliest => earliest,
            OffsetTarget::Latest => latest,
            OffsetTarget::Offset(offset) => Offset(offset),
            OffsetTarget::ShiftBy(by) => {
                let committed = self.committed.as_ref().and_then(|all| all.get(&partition));
                let Some(committed) = committed else {
                    return Err(AdminFact::NoOffsetToShift { group: self.group.clone(), partition });
                };
                Offset(committed.0.saturating_add_signed(by))
            }
        };
        Ok(wanted.clamp(earliest, latest.max(earliest)))
    }

    fn answered(&mut self, spec: Option<OffsetSpec>, response: Response) -> Outcome {
        match response {
            Response::FindCoordinator(found) => match found.outcome {
                Ok(coordinator) => self.coordinator = Some(coordinator),
                Err(error) => return Outcome::Fails(error),
            },
            Response::OffsetFetch(fetched) => match fetched.outcome {
                Ok(offsets) => {
                    self.committed = Some(offsets.into_iter().map(|one| (one.partition, one.offset)).collect());
                }
                Err(error) => return Outcome::Fails(error),
            },
            Response::Metadata(metadata) => {
                let topic = metadata.topics.into_iter().find(|topic| topic.name == self.topic);
                match topic.map(|topic| topic.outcome) {
                    Some(Ok((id, partitions))) => {
                        let leader = |partition: &crate::engine::protocol::PartitionMetadata| {
                            let id = TopicPartition { topic: id, partition: partition.partition };
                            partition.leader.map(|leader| (id, leader))
                        };
                        match partitions.iter().map(leader).collect() {
                            Some(leaders) => self.leaders = Some(leaders),
                            None => return Outcome::Fails(ErrorCode::LeaderNotAvailable),
                        }
                    }
                    Some(Err(ErrorCode::UnknownTopicOrPartition)) | None => return self.unknown_topic(),
                    Some(Err(error)) => return Outcome::Fails(error),
                }
            }
            Response::ListOffsets(listed) => {
                let list = if spec == Some(OffsetSpec::Earliest) { &mut self.earliest } else { &mut self.latest };
                for (partition, outcome) in listed.partitions {
                    match outcome {
                        Ok(offset) => list.insert(partition, offset.expect("a log has a beginning and an end")),
                        Err(error) => return Outcome::Fails(error),
                    };
                }
            }
            Response::OffsetCommit(committed) => {
                if let Some(error) = committed.partitions.iter().find_map(|(_, error)| *error) {
                    return Outcome::Fails(error);
                }
                let leaders = self.leaders.iter().flatten();
                let offsets =
                    leaders.map(|(partition, _)| self.target_of(*partition).map(|offset| (*partition, offset)));
                return match offsets.collect() {
                    Ok(offsets) => Outcome::Done(AdminFact::OffsetsReset { group: self.group.clone(), offsets }),
                    Err(fact) => Outcome::Done(fact),
                };
            }
            response => unreachable!("a reset does not ask for {:?}", response.api()),
        }
        Outcome::GoesOn
    }

    /// The code says "try again", the tool does not: whoever names a topic wrong wants to hear so at once.
    fn unknown_topic(&self) -> Outcome {
        let (group, error) = (self.group.clone(), ErrorCode::UnknownTopicOrPartition);
        Outcome::Done(AdminFact::OffsetsResetRefused { group, error })
    }
}

/// Beginning and end of every partition's log, asked of its leader.
fn list_offsets(leaders: &[(TopicPartition, BrokerId)]) -> Vec<Step> {
    let mut by_leader: BTreeMap<BrokerId, Vec<TopicPartition>> = BTreeMap::new();
    for (partition, leader) in leaders {
        by_leader.entry(*leader).or_default().push(*partition);
    }
    let mut steps = Vec::new();
    for (leader, partitions) in by_leader {
        for spec in [OffsetSpec::Earliest, OffsetSpec::Latest] {
            let partitions = partitions.iter().map(|partition| (*partition, None, spec)).collect();
            steps.push((Some(leader), Some(spec), ListOffsetsRequest { partitions }.into()));
        }
    }
    steps
}

impl Node<Kafka> for Admin {
    fn start(&mut self, _ctx: &mut Ctx<'_>) {}

    fn message(&mut self, ctx: &mut Ctx<'_>, from: NodeId, body: Body) {
        let (NodeId::Broker(from), Body::Response { correlation, response }) = (from, body) else {
            unreachable!("only brokers talk to the admin tool, and only when asked");
        };
        if let Some(InFlightRequest { purpose, .. }) = self.process.network.complete(from, correlation) {
            self.answered(ctx, purpose, response);
        }
        self.poll(ctx);
    }

    fn timer(&mut self, ctx: &mut Ctx<'_>, timer: Timer) {
        assert_eq!(timer, Timer::Admin(AdminTimer::Poll), "the admin tool sets no other timer");
        self.process.poll_timer = None;
        self.poll(ctx);
    }

    fn disconnected(&mut self, ctx: &mut Ctx<'_>, peer: NodeId) {
        if let NodeId::Broker(broker) = peer {
            let lost = self.process.network.disconnected(ctx.now(), broker, ctx.rng());
            for request in lost.requests {
                self.failed(ctx, request.purpose, ErrorCode::NetworkException);
            }
            self.poll(ctx);
        }
    }

    /// Nothing of it is durable: what was under way is not heard of again.
    fn crash(&mut self, _how: Crash) {
        self.process = Process::new();
    }
}

#[cfg(test)]
mod tests;
