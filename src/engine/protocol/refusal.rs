//! An answer that is nothing but an error, in the shape of each request's own answer.

use super::{
    AlterPartitionReassignmentsResponse, AlterPartitionResponse, ControlledShutdownResponse, CreatePartitionsResponse,
    CreateTopicsResponse, CreatedTopic, DeleteTopicsResponse, ElectLeadersResponse, ListPartitionReassignmentsResponse,
    Request, Response, TopicName, TopicOutcome,
};
use crate::engine::common::ErrorCode;

impl Request {
    /// For requests that only the controller carries out; `None` for all others.
    #[must_use]
    pub fn refused(&self, code: ErrorCode) -> Option<Response> {
        let (error, partitions) = (Some(code), Vec::new());
        let topic = |name: &TopicName| -> TopicOutcome { (name.clone(), Err((code, code.message().to_owned()))) };
        Some(match self {
            Self::CreateTopics(create) => {
                let refused = |name: &TopicName| (name.clone(), Err((code, code.message().to_owned())));
                CreateTopicsResponse { topics: create.topics.iter().map(|topic| refused(&topic.name)).collect() }.into()
            }
            Self::DeleteTopics(delete) => {
                DeleteTopicsResponse { topics: delete.topics.iter().map(topic).collect() }.into()
            }
            Self::CreatePartitions(create) => {
                let topics = create.topics.iter().map(|new| topic(&new.topic)).collect();
                CreatePartitionsResponse { topics }.into()
            }
            Self::ElectLeaders(_) => ElectLeadersResponse { error, partitions }.into(),
            Self::AlterPartitionReassignments(_) => AlterPartitionReassignmentsResponse { error, partitions }.into(),
            Self::ListPartitionReassignments(_) => {
                ListPartitionReassignmentsResponse { error, ongoing: Vec::new() }.into()
            }
            Self::AlterPartition(_) => AlterPartitionResponse { error, partitions: Vec::new() }.into(),
            Self::ControlledShutdown(_) => ControlledShutdownResponse { error, remaining: Vec::new() }.into(),
            _ => return None,
        })
    }
}

impl Response {
    /// The error of the answer as a whole, or of every topic in it: what was asked has not been done.
    #[must_use]
    pub fn error(&self) -> Option<ErrorCode> {
        let of_all = |topics: &[TopicOutcome]| {
            let mut errors = topics.iter().map(|(_, outcome)| outcome.as_ref().err().map(|(error, _)| *error));
            let first = errors.next().flatten()?;
            errors.all(|error| error == Some(first)).then_some(first)
        };
        match self {
            Self::CreateTopics(response) => {
                let error = |outcome: &CreatedTopic| outcome.as_ref().err().map(|(error, _)| *error);
                let first = response.topics.first().and_then(|(_, outcome)| error(outcome))?;
                response.topics.iter().all(|(_, outcome)| error(outcome) == Some(first)).then_some(first)
            }
            Self::DeleteTopics(response) => of_all(&response.topics),
            Self::CreatePartitions(response) => of_all(&response.topics),
            Self::ElectLeaders(response) => response.error,
            Self::AlterPartitionReassignments(response) => response.error,
            Self::ListPartitionReassignments(response) => response.error,
            Self::ControlledShutdown(response) => response.error,
            _ => None,
        }
    }
}
