//! An answer that is nothing but an error, in the shape of each request's own answer.

use super::{
    AllocateProducerIdsResponse, AlterPartitionReassignmentsResponse, AlterPartitionResponse, BrokerHeartbeatResponse,
    BrokerRegistrationResponse, ControlledShutdownResponse, CreatePartitionsResponse, CreateTopicsResponse,
    DeleteTopicsResponse, ElectLeadersResponse, ListPartitionReassignmentsResponse, Refusal, Request, Response,
    TopicName,
};
use crate::engine::common::ErrorCode;

/// What became of each topic of a request.
type Outcomes<T> = Vec<(TopicName, Result<T, Refusal>)>;

impl Request {
    /// For requests that only the controller carries out; `None` for all others.
    #[must_use]
    pub fn refused(&self, code: ErrorCode) -> Option<Response> {
        let (error, partitions) = (Some(code), Vec::new());
        Some(match self {
            Self::BrokerRegistration(_) => BrokerRegistrationResponse { outcome: Err(code) }.into(),
            Self::BrokerHeartbeat(_) => BrokerHeartbeatResponse::refused(code).into(),
            Self::CreateTopics(create) => {
                CreateTopicsResponse { topics: all(create.topics.iter().map(|topic| &topic.name), code) }.into()
            }
            Self::DeleteTopics(delete) => DeleteTopicsResponse { topics: all(&delete.topics, code) }.into(),
            Self::CreatePartitions(create) => {
                CreatePartitionsResponse { topics: all(create.topics.iter().map(|new| &new.topic), code) }.into()
            }
            Self::ElectLeaders(_) => ElectLeadersResponse { error, partitions }.into(),
            Self::AlterPartitionReassignments(_) => AlterPartitionReassignmentsResponse { error, partitions }.into(),
            Self::ListPartitionReassignments(_) => {
                ListPartitionReassignmentsResponse { error, ongoing: Vec::new() }.into()
            }
            Self::AlterPartition(_) => AlterPartitionResponse { error, partitions: Vec::new() }.into(),
            Self::AllocateProducerIds(_) => AllocateProducerIdsResponse { outcome: Err(code) }.into(),
            Self::ControlledShutdown(_) => ControlledShutdownResponse { error, remaining: Vec::new() }.into(),
            _ => return None,
        })
    }
}

impl Response {
    /// What is said in place of this answer, which was ready and may not be given. Lists of what is already so stand.
    #[must_use]
    pub fn refused(self, code: ErrorCode) -> Self {
        let (error, partitions) = (Some(code), Vec::new());
        match self {
            Self::BrokerRegistration(_) => BrokerRegistrationResponse { outcome: Err(code) }.into(),
            Self::BrokerHeartbeat(_) => BrokerHeartbeatResponse::refused(code).into(),
            Self::CreateTopics(made) => CreateTopicsResponse { topics: all(names(&made.topics), code) }.into(),
            Self::DeleteTopics(gone) => DeleteTopicsResponse { topics: all(names(&gone.topics), code) }.into(),
            Self::CreatePartitions(made) => CreatePartitionsResponse { topics: all(names(&made.topics), code) }.into(),
            Self::ElectLeaders(_) => ElectLeadersResponse { error, partitions }.into(),
            Self::AlterPartitionReassignments(_) => AlterPartitionReassignmentsResponse { error, partitions }.into(),
            Self::AlterPartition(_) => AlterPartitionResponse { error, partitions: Vec::new() }.into(),
            Self::AllocateProducerIds(_) => AllocateProducerIdsResponse { outcome: Err(code) }.into(),
            other => other,
        }
    }

    /// The error of the answer as a whole, or of every topic in it: what was asked has not been done.
    #[must_use]
    pub fn error(&self) -> Option<ErrorCode> {
        match self {
            Self::CreateTopics(response) => error_of_all(&response.topics),
            Self::DeleteTopics(response) => error_of_all(&response.topics),
            Self::CreatePartitions(response) => error_of_all(&response.topics),
            Self::ElectLeaders(response) => response.error,
            Self::AlterPartitionReassignments(response) => response.error,
            Self::ListPartitionReassignments(response) => response.error,
            Self::ControlledShutdown(response) => response.error,
            Self::AllocateProducerIds(response) => response.outcome.err(),
            _ => None,
        }
    }
}

fn all<'a, T>(topics: impl IntoIterator<Item = &'a TopicName>, code: ErrorCode) -> Outcomes<T> {
    topics.into_iter().map(|name| (name.clone(), Err((code, code.message().to_owned())))).collect()
}

fn names<T>(topics: &Outcomes<T>) -> impl Iterator<Item = &TopicName> {
    topics.iter().map(|(name, _)| name)
}

fn error_of_all<T>(topics: &Outcomes<T>) -> Option<ErrorCode> {
    let mut errors = topics.iter().map(|(_, outcome)| outcome.as_ref().err().map(|(error, _)| *error));
    let first = errors.next().flatten()?;
    errors.all(|error| error == Some(first)).then_some(first)
}
