//! A few words about a message that outlive it: enough to name it in the event list and on its envelope.

use super::{
    AlterPartitionReassignmentsResponse, Body, Class, ElectLeadersResponse, FetchedLog, QueueMessage, Request,
    Response, ZkError, ZkOp, ZkPath, ZooKeeperMessage, Zxid,
};
use crate::engine::common::{ErrorCode, Generation, LeaderEpoch, Offset, TopicPartition};
use crate::engine::metadata::OffsetAndEpoch;

/// Kept by the trace for every message sent, delivered or lost.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Digest {
    /// Kafka's API name, or the verb of the queue protocol.
    pub name: &'static str,
    pub class: Class,
    pub is_response: bool,
    pub gist: Gist,
}

/// The one thing most worth knowing about a message.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Gist {
    None,
    /// Records for a partition, not yet placed: how many (of the first partition), and how many partitions.
    Records {
        partition: TopicPartition,
        records: u32,
        partitions: u32,
    },
    /// A batch has its offsets.
    Placed {
        partition: TopicPartition,
        base_offset: Offset,
    },
    /// Asks for records from here.
    From {
        partition: TopicPartition,
        offset: Offset,
        partitions: u32,
    },
    /// In a fetch session: asks for the same as before, or has no news.
    Unchanged,
    /// Brings records `first..=last`, and word of the high watermark.
    Brings {
        partition: TopicPartition,
        records: Option<(Offset, Offset)>,
        high_watermark: Offset,
        partitions: u32,
    },
    /// The receiver's log departs from the leader's here.
    Diverges {
        partition: TopicPartition,
        end_offset: Offset,
    },
    /// Commits this position.
    Commits {
        partition: TopicPartition,
        offset: Offset,
        partitions: u32,
    },
    Generation(Generation),
    MetadataRecords {
        first: Offset,
        records: u32,
    },
    /// Asks for a vote, or gives or refuses one.
    Vote {
        epoch: LeaderEpoch,
        granted: Option<bool>,
        pre_vote: bool,
    },
    /// The receiver's metadata log departs from the leader's here.
    MetadataDiverges(OffsetAndEpoch),
    /// A snapshot of the metadata.
    Snapshot(OffsetAndEpoch),
    Error(ErrorCode),
    /// Message number of the queue.
    Message(u64),
    /// Asks for, or tells of, znodes: the first, and how many.
    Znodes {
        path: ZkPath,
        count: u32,
    },
    /// A transaction of the ensemble, or the last of several.
    Transaction(Zxid),
    /// ZooKeeper refuses.
    Refused(ZkError),
}

fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

impl Digest {
    #[must_use]
    pub fn of(body: &Body) -> Self {
        let (name, gist) = match body {
            Body::Request { request, .. } => (request.api().name(), Gist::of_request(request)),
            Body::Response { response, .. } => (response.api().name(), Gist::of_response(response)),
            Body::Queue(message) => Gist::of_queue(message),
            Body::ZooKeeper(message) => (message.name(), Gist::of_zookeeper(message)),
        };
        Self { name, class: body.class(), is_response: body.is_response(), gist }
    }
}

impl Gist {
    fn of_request(request: &Request) -> Self {
        match request {
            Request::Produce(produce) => produce.batches.first().map_or(Self::None, |(partition, batch)| {
                let records = count(batch.len());
                Self::Records { partition: *partition, records, partitions: count(produce.batches.len()) }
            }),
            Request::Fetch(fetch) => fetch.partitions.first().map_or(Self::Unchanged, |first| Self::From {
                partition: first.partition,
                offset: first.fetch_offset,
                partitions: count(fetch.partitions.len()),
            }),
            Request::OffsetCommit(commit) => commit.offsets.first().map_or(Self::None, |first| Self::Commits {
                partition: first.partition,
                offset: first.offset,
                partitions: count(commit.offsets.len()),
            }),
            Request::SyncGroup(sync) => Self::Generation(sync.generation),
            Request::Vote(vote) => Self::Vote { epoch: vote.epoch, granted: None, pre_vote: vote.pre_vote },
            Request::FetchSnapshot(fetch) => Self::Snapshot(fetch.snapshot),
            _ => Self::None,
        }
    }

    fn of_response(response: &Response) -> Self {
        match response {
            Response::Produce(produce) => produce.partitions.first().map_or(Self::None, |first| match first.outcome {
                Ok(appended) => Self::Placed { partition: first.partition, base_offset: appended.base_offset },
                Err(error) => Self::Error(error),
            }),
            Response::Fetch(fetch) => Self::of_fetched(fetch),
            Response::JoinGroup(join) => match &join.outcome {
                Ok(joined) => Self::Generation(joined.generation),
                Err(error) => Self::Error(*error),
            },
            Response::SyncGroup(sync) => sync.outcome.as_ref().err().map_or(Self::None, |error| Self::Error(*error)),
            Response::Heartbeat(heartbeat) => heartbeat.error.map_or(Self::None, Self::Error),
            Response::LeaveGroup(leave) => leave.error.map_or(Self::None, Self::Error),
            Response::OffsetCommit(commit) => {
                commit.partitions.iter().find_map(|(_, error)| *error).map_or(Self::None, Self::Error)
            }
            Response::OffsetFetch(fetch) => fetch.outcome.as_ref().err().map_or(Self::None, |e| Self::Error(*e)),
            Response::FindCoordinator(found) => found.outcome.err().map_or(Self::None, Self::Error),
            Response::BrokerRegistration(registered) => registered.outcome.err().map_or(Self::None, Self::Error),
            Response::BrokerHeartbeat(heartbeat) => heartbeat.error.map_or(Self::None, Self::Error),
            Response::AlterPartition(alter) => alter
                .error
                .or_else(|| alter.partitions.iter().find_map(|(_, outcome)| outcome.as_ref().err().copied()))
                .map_or(Self::None, Self::Error),
            Response::FetchMetadataLog(log) => match log.error {
                Some(error) => Self::Error(error),
                None => Self::of_metadata(&log.content),
            },
            Response::Vote(vote) => match vote.error {
                Some(error) => Self::Error(error),
                None => Self::Vote { epoch: vote.current.epoch, granted: Some(vote.vote_granted), pre_vote: false },
            },
            Response::BeginQuorumEpoch(begin) => begin.error.map_or(Self::None, Self::Error),
            Response::EndQuorumEpoch(end) => end.error.map_or(Self::None, Self::Error),
            Response::FetchSnapshot(fetch) => match &fetch.outcome {
                Ok(piece) => Self::Snapshot(piece.snapshot),
                Err(error) => Self::Error(*error),
            },
            Response::ListOffsets(list) => list
                .partitions
                .iter()
                .find_map(|(_, outcome)| outcome.as_ref().err().copied())
                .map_or(Self::None, Self::Error),
            Response::DeleteRecords(deleted) => deleted
                .partitions
                .iter()
                .find_map(|(_, outcome)| outcome.as_ref().err().copied())
                .map_or(Self::None, Self::Error),
            Response::ElectLeaders(ElectLeadersResponse { error, partitions })
            | Response::AlterPartitionReassignments(AlterPartitionReassignmentsResponse { error, partitions }) => error
                .or_else(|| {
                    partitions.iter().find_map(|(_, _, outcome)| outcome.as_ref().err().map(|(error, _)| *error))
                })
                .map_or(Self::None, Self::Error),
            Response::ListPartitionReassignments(_)
            | Response::ControlledShutdown(_)
            | Response::CreateTopics(_)
            | Response::DeleteTopics(_)
            | Response::CreatePartitions(_) => response.error().map_or(Self::None, Self::Error),
            Response::OffsetForLeaderEpoch(ends) => ends
                .partitions
                .iter()
                .find_map(|(_, outcome)| outcome.as_ref().err().copied())
                .map_or(Self::None, Self::Error),
            Response::LeaderAndIsr(answer) => {
                let lost = answer.partitions.iter().filter_map(|(_, error)| *error);
                let error = answer.error.or_else(|| lost.into_iter().find(|one| *one == ErrorCode::KafkaStorageError));
                error.map_or(Self::None, Self::Error)
            }
            Response::UpdateMetadata(answer) => answer.error.map_or(Self::None, Self::Error),
            Response::StopReplica(answer) => answer.error.map_or(Self::None, Self::Error),
            Response::InitProducerId(init) => init.outcome.err().map_or(Self::None, Self::Error),
            Response::AllocateProducerIds(allocated) => allocated.outcome.err().map_or(Self::None, Self::Error),
            Response::Metadata(_) => Self::None,
        }
    }

    fn of_metadata(content: &FetchedLog) -> Self {
        match content {
            FetchedLog::Batches(batches) => Self::MetadataRecords {
                first: batches.first().map_or(Offset(0), |batch| batch.base_offset),
                records: u32::try_from(batches.iter().map(|batch| batch.len()).sum::<u64>()).unwrap_or(u32::MAX),
            },
            FetchedLog::Diverging(end) => Self::MetadataDiverges(*end),
            FetchedLog::Snapshot(id) => Self::Snapshot(*id),
        }
    }

    /// The partition with news speaks for the whole answer.
    fn of_fetched(fetch: &super::FetchResponse) -> Self {
        if let Some(error) = fetch.error {
            return Self::Error(error);
        }
        let telling = fetch
            .partitions
            .iter()
            .find(|one| one.outcome.as_ref().is_ok_and(|f| !f.batches.is_empty() || f.diverging.is_some()))
            .or_else(|| fetch.partitions.iter().find(|one| one.outcome.is_err()))
            .or(fetch.partitions.first());
        let Some(one) = telling else { return Self::Unchanged };
        match &one.outcome {
            Err(error) => Self::Error(*error),
            Ok(fetched) => match fetched.diverging {
                Some(end) => Self::Diverges { partition: one.partition, end_offset: end.end_offset },
                None => Self::Brings {
                    partition: one.partition,
                    records: fetched
                        .batches
                        .first()
                        .zip(fetched.batches.last())
                        .map(|(first, last)| (first.base_offset, last.last_offset())),
                    high_watermark: fetched.high_watermark,
                    partitions: count(fetch.partitions.len()),
                },
            },
        }
    }

    fn of_zookeeper(message: &ZooKeeperMessage) -> Self {
        let last = |txns: &[super::Txn]| txns.last().map_or(Self::None, |txn| Self::Transaction(txn.zxid));
        match message {
            ZooKeeperMessage::Requests { ops, .. } | ZooKeeperMessage::Forward { ops, .. } => {
                let path = ops.first().and_then(ZkOp::path).cloned();
                path.map_or(Self::None, |path| Self::Znodes { path, count: count(ops.len()) })
            }
            ZooKeeperMessage::Event(event) => Self::Znodes { path: event.path.clone(), count: 1 },
            ZooKeeperMessage::Replies { outcomes, zxid, .. } => match outcomes.as_slice() {
                [Err(failure)] => Self::Refused(failure.error),
                _ => Self::Transaction(*zxid),
            },
            ZooKeeperMessage::Propose { txns } | ZooKeeperMessage::Sync { txns, .. } => last(txns),
            ZooKeeperMessage::Ack { zxid } | ZooKeeperMessage::Commit { zxid } => Self::Transaction(*zxid),
            _ => Self::None,
        }
    }

    fn of_queue(message: &QueueMessage) -> (&'static str, Self) {
        match message {
            QueueMessage::Publish { publish, .. } => ("Publish", Self::Message(*publish)),
            QueueMessage::Confirm { publish } => ("Confirm", Self::Message(*publish)),
            QueueMessage::Consume { .. } => ("Consume", Self::None),
            QueueMessage::Deliver { message, .. } => ("Deliver", Self::Message(*message)),
            QueueMessage::Ack { tag } => ("Ack", Self::Message(tag.0)),
            QueueMessage::Nack { tag, .. } => ("Nack", Self::Message(tag.0)),
            QueueMessage::Cancel { .. } => ("Cancel", Self::None),
        }
    }
}
