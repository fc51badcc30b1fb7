//! Sentences for what the user's programs and the admin tool did.

use super::{Sentence, offset_list, partition_list, range};
use crate::engine::clients::{AdminFact, BatchFailure, ConsumerFact, PositionFrom, ProducerFact, SendFailure};
use crate::engine::common::TopicPartition;
use crate::engine::protocol::PartitionOutcome;
use crate::engine::world::World;

pub(super) fn of_producer(world: &World, fact: &ProducerFact) -> Sentence {
    let about = |key, partition: &TopicPartition| Sentence::new(key).partition(world, *partition);
    match fact {
        ProducerFact::Queued { partition, key: Some(key), .. } => {
            about("fact-queued-key", partition).text("key", key.as_ref())
        }
        ProducerFact::Queued { partition, key: None, .. } => about("fact-queued", partition),
        ProducerFact::AwaitsMetadata { topic } => Sentence::new("fact-awaits-metadata").text("topic", topic.as_ref()),
        ProducerFact::BatchSent { partition, records, to, attempt, .. } => {
            // Attempts count from 1; every further one is a retry.
            let key = if *attempt > 1 { "fact-batch-sent-again" } else { "fact-batch-sent" };
            about(key, partition)
                .number("records", *records)
                .number("broker", to.0)
                .number("attempt", attempt.saturating_sub(1))
        }
        ProducerFact::BatchAcked { partition, base_offset, ordinals } => match base_offset {
            Some(base) => {
                let last = base.plus((ordinals.len() as u64).saturating_sub(1));
                about("fact-batch-acked", partition).text("offsets", range(*base, last))
            }
            None => about("fact-batch-assumed", partition).number("records", ordinals.len() as u64),
        },
        ProducerFact::BatchRetried { partition, error, attempt, .. } => {
            about("fact-batch-retried", partition).text("error", error.name()).number("attempt", *attempt)
        }
        ProducerFact::BatchFailed { partition, ordinals, why } => {
            let failed = match why {
                BatchFailure::DeliveryTimeout => about("fact-batch-expired", partition),
                BatchFailure::ProducerIdChanged => about("fact-batch-dropped", partition),
                BatchFailure::Refused(error) | BatchFailure::RetriesExhausted(error) => {
                    about("fact-batch-failed", partition).text("error", error.name())
                }
            };
            failed.number("records", ordinals.len() as u64)
        }
        ProducerFact::ProducerIdSet { producer } => {
            Sentence::new("fact-producer-id-set").text("id", producer.id.to_string()).number("epoch", producer.epoch.0)
        }
        ProducerFact::ProducerIdReset { producer } => {
            Sentence::new("fact-producer-id-reset").text("id", producer.id.to_string())
        }
        ProducerFact::EpochBumped { producer, partitions, rewritten } => Sentence::new("fact-epoch-bumped")
            .text("partitions", partition_list(world, partitions))
            .text("id", producer.id.to_string())
            .number("epoch", producer.epoch.0)
            .number("batches", *rewritten),
        ProducerFact::SequencesRewritten { partition, batches, first_sequence } => {
            about("fact-sequences-rewritten", partition)
                .number("batches", *batches)
                .text("sequence", first_sequence.to_string())
        }
        ProducerFact::SequenceUnresolved { partition, next_sequence } => {
            about("fact-sequence-unresolved", partition).text("sequence", next_sequence.to_string())
        }
        ProducerFact::MetadataUpdated { .. } => Sentence::new("fact-metadata-updated"),
        ProducerFact::RequestTimedOut { to } => Sentence::new("fact-request-timed-out").number("broker", to.0),
        ProducerFact::AwaitsMemory { .. } => Sentence::new("fact-awaits-memory"),
        ProducerFact::SendFailed { why, .. } => match why {
            SendFailure::MetadataTimeout => Sentence::new("fact-send-failed-metadata"),
            SendFailure::Refused(error) => Sentence::new("fact-send-failed").text("error", error.name()),
            SendFailure::BufferExhausted => Sentence::new("fact-send-failed-memory"),
            SendFailure::RecordTooLarge { size_bytes } => {
                Sentence::new("fact-send-failed-size").number("bytes", *size_bytes)
            }
        },
        ProducerFact::BatchSplit { partition, parts, .. } => {
            about("fact-batch-split", partition).number("parts", *parts)
        }
        ProducerFact::Closed => Sentence::new("fact-closed"),
        ProducerFact::WorkloadDone { records } => Sentence::new("fact-workload-done").number("records", *records),
    }
}

pub(super) fn of_consumer(world: &World, fact: &ConsumerFact) -> Sentence {
    let about = |key, partition: &TopicPartition| Sentence::new(key).partition(world, *partition);
    match fact {
        ConsumerFact::LogTruncated { partition, from, to: Some(to) } => {
            about("fact-log-truncated", partition).number("from", from.0).number("to", to.0)
        }
        ConsumerFact::LogTruncated { partition, from, to: None } => {
            about("fact-log-truncated-all", partition).number("from", from.0)
        }
        ConsumerFact::ReadReplicaSet { partition, replica } => {
            about("fact-read-replica", partition).number("replica", replica.0)
        }
        ConsumerFact::ReadReplicaCleared { partition, replica } => {
            about("fact-read-replica-cleared", partition).number("replica", replica.0)
        }
        ConsumerFact::CoordinatorFound { group, coordinator } => {
            Sentence::new("fact-coordinator-found").text("group", group.as_ref()).number("broker", coordinator.0)
        }
        ConsumerFact::CoordinatorLost { group } => Sentence::new("fact-coordinator-lost").text("group", group.as_ref()),
        ConsumerFact::JoinRequested { group, .. } => Sentence::new("fact-join-requested").text("group", group.as_ref()),
        ConsumerFact::Joined { group, generation, leads, .. } => {
            let key = if *leads { "fact-joined-leads" } else { "fact-joined" };
            Sentence::new(key).text("group", group.as_ref()).number("generation", generation.0)
        }
        ConsumerFact::PartitionsAssigned { partitions, .. } if partitions.is_empty() => {
            Sentence::new("fact-assigned-none")
        }
        ConsumerFact::PartitionsAssigned { partitions, generation, kept } => {
            let key = match kept.len() {
                0 => "fact-partitions-assigned",
                all if all == partitions.len() => "fact-partitions-kept",
                _ => "fact-partitions-added",
            };
            let added: Vec<_> = partitions.iter().filter(|one| !kept.contains(one)).copied().collect();
            Sentence::new(key)
                .text("partitions", partition_list(world, partitions))
                .text("added", partition_list(world, &added))
                .number("generation", generation.0)
        }
        ConsumerFact::PartitionsRevoked { partitions } => {
            Sentence::new("fact-partitions-revoked").text("partitions", partition_list(world, partitions))
        }
        ConsumerFact::PartitionsLost { partitions } => {
            Sentence::new("fact-partitions-lost").text("partitions", partition_list(world, partitions))
        }
        ConsumerFact::PositionSet { partition, position, why } => about(
            match why {
                PositionFrom::Committed => "fact-position-committed",
                PositionFrom::ResetEarliest => "fact-position-earliest",
                PositionFrom::ResetLatest => "fact-position-latest",
                PositionFrom::OutOfRange => "fact-position-out-of-range",
                PositionFrom::Seek => "fact-position-seek",
            },
            partition,
        )
        .number("position", position.0),
        ConsumerFact::Polled { partition, first, last, .. } => {
            about("fact-polled", partition).text("offsets", range(*first, *last))
        }
        ConsumerFact::Processed { partition, offset, .. } => {
            about("fact-processed", partition).number("offset", offset.0)
        }
        ConsumerFact::CommitSent { offsets } => {
            Sentence::new("fact-commit-sent").text("offsets", offset_list(world, offsets))
        }
        ConsumerFact::Committed { offsets } => {
            Sentence::new("fact-committed").text("offsets", offset_list(world, offsets))
        }
        ConsumerFact::CommitFailed { error } => Sentence::new("fact-commit-failed").text("error", error.name()),
        ConsumerFact::PollIntervalExceeded { .. } => Sentence::new("fact-poll-interval"),
        ConsumerFact::FetchFailed { partition, error } => {
            about("fact-fetch-failed", partition).text("error", error.name())
        }
        ConsumerFact::NoOffset { partition } => about("fact-no-offset", partition),
        ConsumerFact::MetadataUpdated { .. } => Sentence::new("fact-metadata-updated"),
        ConsumerFact::RequestTimedOut { to } => Sentence::new("fact-request-timed-out").number("broker", to.0),
        ConsumerFact::Closed => Sentence::new("fact-closed"),
    }
}

pub(super) fn of_admin(world: &World, fact: &AdminFact) -> Sentence {
    match fact {
        AdminFact::TopicCreated { name } => Sentence::new("fact-admin-topic-created").text("topic", name.as_ref()),
        AdminFact::TopicRefused { name, message, .. } => {
            Sentence::new("fact-admin-topic-refused").text("topic", name.as_ref()).text("reason", message)
        }
        AdminFact::TopicDeleted { name } => Sentence::new("fact-admin-topic-deleted").text("topic", name.as_ref()),
        AdminFact::PartitionsAdded { name, count } => {
            Sentence::new("fact-admin-partitions").text("topic", name.as_ref()).number("count", *count)
        }
        AdminFact::TopicChangeRefused { name, message, .. } => {
            Sentence::new("fact-admin-topic-change-refused").text("topic", name.as_ref()).text("reason", message)
        }
        AdminFact::OffsetsReset { group, offsets } => {
            Sentence::new("fact-admin-reset").text("group", group.as_ref()).text("offsets", offset_list(world, offsets))
        }
        AdminFact::RecordsDeleted { results } => Sentence::new("fact-admin-records-deleted")
            .number("count", results.iter().filter(|(_, _, outcome)| outcome.is_ok()).count() as u64)
            .number("asked", results.len() as u64),
        AdminFact::NoOffsetToShift { group, partition } => {
            Sentence::new("fact-admin-no-offset").text("group", group.as_ref()).partition(world, *partition)
        }
        AdminFact::LeadersElected { election_type, partitions } => Sentence::new("fact-admin-elected")
            .text("type", election_type.name())
            .text("outcomes", outcome_list(partitions)),
        AdminFact::ReassignmentsStarted { partitions, .. } => {
            Sentence::new("fact-admin-reassigned").text("outcomes", outcome_list(partitions))
        }
        AdminFact::ReassignmentsCancelled { partitions } => {
            Sentence::new("fact-admin-cancelled").text("outcomes", outcome_list(partitions))
        }
        AdminFact::AssignmentRefused { message } => Sentence::new("fact-admin-refused").text("reason", message),
        AdminFact::OffsetsResetRefused { group, error } => {
            Sentence::new("fact-admin-reset-refused").text("group", group.as_ref()).text("error", error.name())
        }
    }
}

/// `orders-0, orders-1: ELECTION_NOT_NEEDED`.
fn outcome_list(partitions: &[PartitionOutcome]) -> String {
    let one = |(topic, partition, outcome): &PartitionOutcome| match outcome {
        Ok(()) => format!("{topic}-{partition}"),
        Err((error, _)) => format!("{topic}-{partition}: {error}"),
    };
    partitions.iter().map(one).collect::<Vec<_>>().join(", ")
}
