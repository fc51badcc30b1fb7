//! `kafka-delete-records.sh`: find the leaders, and tell each where its logs are to begin (`DeleteRecordsCommand`).

use std::collections::BTreeMap;

use super::{API_TIMEOUT, AdminFact, Outcome, Step};
use crate::engine::command::RecordsBefore;
use crate::engine::common::{BrokerId, ErrorCode, Offset, PartitionId, TopicPartition};
use crate::engine::protocol::{DeleteRecordsRequest, MetadataRequest, Response, TopicName, TopicsAsked};

/// Which records are to go, and how far that has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deletion {
    pub offsets: Vec<RecordsBefore>,
    /// The partitions named, in the order of `offsets`, with their leaders; an error for those that have none.
    located: Option<Vec<Located>>,
    answers: BTreeMap<TopicPartition, Result<Offset, ErrorCode>>,
}

/// One line of the file, with its leader.
type Located = (TopicName, PartitionId, Result<(TopicPartition, BrokerId), ErrorCode>);

impl Deletion {
    pub(super) fn new(offsets: Vec<RecordsBefore>) -> Self {
        Self { offsets, located: None, answers: BTreeMap::new() }
    }

    /// Forgets what an attempt has learnt.
    pub(super) fn again(&mut self) {
        *self = Self::new(std::mem::take(&mut self.offsets));
    }

    /// Metadata first, then one request to each leader.
    ///
    /// # Errors
    /// Nobody leads any of the partitions: there is nothing to send.
    pub(super) fn next_requests(&self) -> Result<Vec<Step>, AdminFact> {
        let Some(located) = &self.located else {
            let mut topics: Vec<TopicName> = self.offsets.iter().map(|one| one.topic.as_str().into()).collect();
            topics.sort();
            topics.dedup();
            let request = MetadataRequest { topics: TopicsAsked::Named(topics), allow_auto_topic_creation: false };
            return Ok(vec![(None, None, request.into())]);
        };
        let mut by_leader: BTreeMap<BrokerId, Vec<(TopicPartition, Option<Offset>)>> = BTreeMap::new();
        for ((_, _, place), asked) in located.iter().zip(&self.offsets) {
            // Negative offsets other than −1 never leave the tool: see `answered`.
            if let (Ok((partition, leader)), true) = (place, asked.offset >= -1) {
                let offset = u64::try_from(asked.offset).ok().map(Offset);
                by_leader.entry(*leader).or_default().push((*partition, offset));
            }
        }
        if by_leader.is_empty() {
            return Err(self.done());
        }
        let request = |(leader, partitions)| {
            (Some(leader), None, DeleteRecordsRequest { partitions, timeout: API_TIMEOUT }.into())
        };
        Ok(by_leader.into_iter().map(request).collect())
    }

    pub(super) fn answered(&mut self, response: Response) -> Outcome {
        match response {
            Response::Metadata(metadata) => {
                let place = |one: &RecordsBefore| {
                    let topic = metadata.topics.iter().find(|topic| *topic.name == *one.topic);
                    let (id, partitions) = match topic.map(|topic| &topic.outcome) {
                        Some(Ok((id, partitions))) => (*id, partitions),
                        Some(Err(error)) => return Err(*error),
                        None => return Err(ErrorCode::UnknownTopicOrPartition),
                    };
                    let found = partitions.iter().find(|partition| partition.partition.0 == one.partition);
                    let found = found.ok_or(ErrorCode::UnknownTopicOrPartition)?;
                    let leader = found.leader.ok_or(ErrorCode::LeaderNotAvailable)?;
                    Ok((TopicPartition::new(id, one.partition), leader))
                };
                let located = self.offsets.iter().map(|one| {
                    let place = if one.offset < -1 { Err(ErrorCode::OffsetOutOfRange) } else { place(one) };
                    (TopicName::from(one.topic.as_str()), PartitionId(one.partition), place)
                });
                self.located = Some(located.collect());
                Outcome::GoesOn
            }
            Response::DeleteRecords(deleted) => {
                let moved = |error: &ErrorCode| error.refreshes_metadata();
                if let Some(error) = deleted.partitions.iter().find_map(|(_, o)| o.as_ref().err().filter(|e| moved(e)))
                {
                    return Outcome::Fails(*error);
                }
                self.answers.extend(deleted.partitions);
                let sent = self.located.iter().flatten().filter(|(_, _, place)| place.is_ok()).count();
                if self.answers.len() == sent { Outcome::Done(self.done()) } else { Outcome::GoesOn }
            }
            response => unreachable!("a deletion does not ask for {:?}", response.api()),
        }
    }

    /// Every partition with its low watermark, or why not.
    fn done(&self) -> AdminFact {
        let result = |(topic, partition, place): &Located| {
            let outcome =
                place.and_then(|(id, _)| self.answers.get(&id).copied().unwrap_or(Err(ErrorCode::RequestTimedOut)));
            (topic.clone(), *partition, outcome)
        };
        AdminFact::RecordsDeleted { results: self.located.iter().flatten().map(result).collect() }
    }

    /// The whole attempt failed, and no other will be made.
    pub(super) fn refused(&self, error: ErrorCode) -> AdminFact {
        let result = |one: &RecordsBefore| (one.topic.as_str().into(), PartitionId(one.partition), Err(error));
        AdminFact::RecordsDeleted { results: self.offsets.iter().map(result).collect() }
    }
}
