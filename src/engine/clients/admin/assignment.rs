//! Leaders and replicas by hand: what `kafka-leader-election.sh` and `kafka-reassign-partitions.sh` do
//! (`LeaderElectionCommand`, `ReassignPartitionsCommand`).

use super::{Outcome, Step};
use crate::engine::clients::fact::AdminFact;
use crate::engine::common::{BrokerId, ElectionType, ErrorCode};
use crate::engine::protocol::{
    AlterPartitionReassignmentsRequest, ElectLeadersRequest, ListPartitionReassignmentsRequest, MetadataRequest,
    OngoingReassignment, PartitionOutcome, Response, TopicName, TopicsAsked,
};

/// A partition and where its replicas are, or shall be.
pub type Placed = (TopicName, u32, Vec<BrokerId>);

const EXISTING_REASSIGNMENT: &str = "Cannot execute because there is an existing partition assignment.  Use \
     --additional to override this and create a new partition assignment in addition to the existing one. The \
     --additional flag can also be used to change the throttle by resubmitting the current reassignment.";

/// One election for each of these partitions, or for all (`None`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elect {
    pub election_type: ElectionType,
    pub partitions: Option<Vec<(TopicName, u32)>>,
}

impl Elect {
    pub(super) fn next_requests(&self) -> Vec<Step> {
        let (election_type, partitions) = (self.election_type, self.partitions.clone());
        vec![(None, None, ElectLeadersRequest { election_type, partitions }.into())]
    }

    pub(super) fn answered(&self, response: Response) -> Outcome {
        match response {
            Response::ElectLeaders(elected) => match elected.error {
                Some(error) => Outcome::Fails(error),
                None => Outcome::Done(AdminFact::LeadersElected {
                    election_type: self.election_type,
                    partitions: sorted(elected.partitions),
                }),
            },
            response => unreachable!("an election does not ask for {:?}", response.api()),
        }
    }
}

/// Where partitions shall be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reassign {
    pub targets: Vec<Placed>,
    /// Although others are under way.
    pub additional: bool,
    /// What is under way, once known.
    ongoing: Option<Vec<OngoingReassignment>>,
    /// Where the partitions are now, once known.
    current: Option<Vec<Placed>>,
}

impl Reassign {
    pub(super) fn new(targets: Vec<Placed>, additional: bool) -> Self {
        Self { targets, additional, ongoing: None, current: None }
    }

    /// Asks what is under way, where the partitions are, and then for the move.
    ///
    /// # Errors
    /// If something is under way already.
    pub(super) fn next_requests(&self) -> Result<Vec<Step>, AdminFact> {
        let step = |request| Ok(vec![(None, None, request)]);
        match (&self.ongoing, &self.current) {
            (None, _) => step(ListPartitionReassignmentsRequest.into()),
            (Some(ongoing), _) if !ongoing.is_empty() && !self.additional => Err(refused(EXISTING_REASSIGNMENT)),
            (_, None) => {
                let mut topics: Vec<TopicName> = self.targets.iter().map(|(topic, ..)| topic.clone()).collect();
                topics.sort();
                topics.dedup();
                let topics = TopicsAsked::Named(topics);
                step(MetadataRequest { topics, allow_auto_topic_creation: false }.into())
            }
            (_, Some(_)) => {
                let target =
                    |(topic, partition, replicas): &Placed| (topic.clone(), *partition, Some(replicas.clone()));
                let partitions = self.targets.iter().map(target).collect();
                step(AlterPartitionReassignmentsRequest { partitions }.into())
            }
        }
    }

    pub(super) fn answered(&mut self, response: Response) -> Outcome {
        match response {
            Response::ListPartitionReassignments(list) => match list.error {
                Some(error) => return Outcome::Fails(error),
                None => self.ongoing = Some(list.ongoing),
            },
            Response::Metadata(metadata) => {
                let mut brokers = self.targets.iter().flat_map(|(.., replicas)| replicas);
                if let Some(unknown) = brokers.find(|broker| !metadata.brokers.contains(broker)) {
                    return Outcome::Done(refused(&format!("Error: Unknown broker id {unknown}")));
                }
                let mut current = Vec::new();
                for topic in metadata.topics {
                    match topic.outcome {
                        Ok((_, partitions)) => {
                            let wanted = |index: u32| {
                                self.targets.iter().any(|(name, target, _)| *name == topic.name && *target == index)
                            };
                            let partitions = partitions.into_iter().filter(|one| wanted(one.partition.0));
                            current.extend(partitions.map(|one| (topic.name.clone(), one.partition.0, one.replicas)));
                        }
                        Err(ErrorCode::UnknownTopicOrPartition) => {
                            let what = ErrorCode::UnknownTopicOrPartition.message();
                            return Outcome::Done(refused(&format!("Error: {what}")));
                        }
                        Err(error) => return Outcome::Fails(error),
                    }
                }
                current.sort();
                self.current = Some(current);
            }
            Response::AlterPartitionReassignments(altered) => {
                return match altered.error {
                    Some(error) => Outcome::Fails(error),
                    None => Outcome::Done(AdminFact::ReassignmentsStarted {
                        current: self.current.clone().unwrap_or_default(),
                        partitions: sorted(altered.partitions),
                    }),
                };
            }
            response => unreachable!("a reassignment does not ask for {:?}", response.api()),
        }
        Outcome::GoesOn
    }
}

/// Reassignments to be called off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cancel {
    pub partitions: Vec<(TopicName, u32)>,
    /// Those of them that are under way, once known.
    ongoing: Option<Vec<(TopicName, u32)>>,
}

impl Cancel {
    pub(super) fn new(partitions: Vec<(TopicName, u32)>) -> Self {
        Self { partitions, ongoing: None }
    }

    /// # Errors
    /// If none of them is under way.
    pub(super) fn next_requests(&self) -> Result<Vec<Step>, AdminFact> {
        let request = match &self.ongoing {
            None => ListPartitionReassignmentsRequest.into(),
            Some(ongoing) if ongoing.is_empty() => {
                return Err(refused("None of the specified partition reassignments are active."));
            }
            Some(ongoing) => {
                let partitions = ongoing.iter().map(|(topic, partition)| (topic.clone(), *partition, None)).collect();
                AlterPartitionReassignmentsRequest { partitions }.into()
            }
        };
        Ok(vec![(None, None, request)])
    }

    pub(super) fn answered(&mut self, response: Response) -> Outcome {
        match response {
            Response::ListPartitionReassignments(list) => {
                if let Some(error) = list.error {
                    return Outcome::Fails(error);
                }
                let ongoing = list.ongoing.into_iter().map(|one| (one.topic, one.partition));
                self.ongoing = Some(ongoing.filter(|one| self.partitions.contains(one)).collect());
                Outcome::GoesOn
            }
            Response::AlterPartitionReassignments(altered) => match altered.error {
                Some(error) => Outcome::Fails(error),
                None => Outcome::Done(AdminFact::ReassignmentsCancelled { partitions: sorted(altered.partitions) }),
            },
            response => unreachable!("calling off a reassignment does not ask for {:?}", response.api()),
        }
    }
}

fn refused(message: &str) -> AdminFact {
    AdminFact::AssignmentRefused { message: message.to_owned() }
}

/// In the order in which the tools print: by topic, then by partition.
fn sorted(mut partitions: Vec<PartitionOutcome>) -> Vec<PartitionOutcome> {
    partitions.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
    partitions
}
