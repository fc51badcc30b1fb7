//! Sentences for what a broker did.

use std::sync::Arc;

use super::{Sentence, range};
use crate::engine::common::{ErrorCode, TopicPartition};
use crate::engine::server::BrokerFact;
use crate::engine::storage::{DeletionReason, DirSuffix, DiskError};
use crate::engine::world::World;

pub(super) fn of_broker(world: &World, fact: &BrokerFact) -> Sentence {
    let about = |key, partition: &TopicPartition| Sentence::new(key).partition(world, *partition);
    match fact {
        BrokerFact::ZooKeeperConnected => Sentence::new("fact-zk-connected"),
        BrokerFact::ZooKeeperDisconnected => Sentence::new("fact-zk-disconnected"),
        BrokerFact::ZooKeeperSessionExpired => Sentence::new("fact-zk-session-expired"),
        BrokerFact::StartFailed { reason } => Sentence::new("fact-start-failed").text("reason", reason),
        BrokerFact::Registered { epoch } => Sentence::new("fact-registered").number("epoch", epoch.0),
        BrokerFact::RegistrationRefused { error } => {
            Sentence::new("fact-registration-refused").text("error", error.name())
        }
        BrokerFact::Unfenced => Sentence::new("fact-unfenced"),
        BrokerFact::Fenced => Sentence::new("fact-fenced"),
        BrokerFact::BecameLeader { partition, leader_epoch, log_end, .. } => {
            about("fact-became-leader", partition).number("epoch", leader_epoch.0).number("end", log_end.0)
        }
        BrokerFact::BecameFollower { partition, leader: Some(leader), leader_epoch, .. } => {
            about("fact-became-follower", partition).number("leader", leader.0).number("epoch", leader_epoch.0)
        }
        BrokerFact::BecameFollower { partition, leader: None, leader_epoch, .. } => {
            about("fact-without-leader", partition).number("epoch", leader_epoch.0)
        }
        BrokerFact::Appended { partition, first, last, from, .. } => {
            let key = if from.is_client() { "fact-appended" } else { "fact-copied" };
            about(key, partition).text("offsets", range(*first, *last)).node(world, "from", *from)
        }
        BrokerFact::SegmentRolled { partition, base_offset } => {
            about("fact-segment-rolled", partition).number("base", base_offset.0)
        }
        BrokerFact::SegmentDeleted { partition, base_offset, reason, log_start } => about(
            match reason {
                DeletionReason::StartOffset => "fact-segment-deleted",
                DeletionReason::Size => "fact-segment-deleted-size",
                DeletionReason::Time => "fact-segment-deleted-time",
            },
            partition,
        )
        .number("base", base_offset.0)
        .number("start", log_start.0),
        BrokerFact::LogDirFailed { directory, error, replicas } => Sentence::new(match error {
            DiskError::Broken => "fact-log-dir-broken",
            DiskError::Full => "fact-log-dir-full",
        })
        .text("directory", directory.as_ref())
        .number("count", replicas.len() as u64),
        BrokerFact::HaltedWithoutLogDirs { left: 0 } => Sentence::new("fact-halted-without-dirs"),
        BrokerFact::HaltedWithoutLogDirs { .. } => Sentence::new("fact-halted-by-one-dir"),
        BrokerFact::LogCleaned { partition, cleaned } => about("fact-log-cleaned", partition)
            .number("from", cleaned.first_dirty.0)
            .number("end", cleaned.end.0)
            .number("before", cleaned.records_before)
            .number("after", cleaned.records_after)
            .number("bytes", cleaned.bytes_before.saturating_sub(cleaned.bytes_after)),
        BrokerFact::LogStartMoved { partition, from, to } => {
            about("fact-log-start-moved", partition).number("before", from.0).number("start", to.0)
        }
        BrokerFact::DeleteRecordsParked { partition, client, until } => {
            about("fact-delete-parked", partition).node(world, "client", *client).number("until", until.0)
        }
        BrokerFact::SegmentFilesRemoved { partition, base_offset } => {
            about("fact-segment-files-removed", partition).number("base", base_offset.0)
        }
        BrokerFact::LogFlushed { partition, recovery_point } => {
            about("fact-log-flushed", partition).number("point", recovery_point.0)
        }
        BrokerFact::LogRecoveryBegun { logs, bytes } => {
            Sentence::new("fact-log-recovery-begun").number("logs", *logs).number("bytes", *bytes)
        }
        BrokerFact::LogRecovered { partition, recovered } => {
            let key = if recovered.truncated_bytes > 0 { "fact-log-recovered-cut" } else { "fact-log-recovered" };
            about(key, partition)
                .number("segments", recovered.segments)
                .number("point", recovered.recovery_point.0)
                .number("cut", recovered.truncated_bytes)
                .number("end", recovered.log_end.0)
        }
        BrokerFact::ReplicaRemoved { partition, log_end, renamed } => {
            let key = match renamed {
                None => "fact-replica-removed",
                Some((DirSuffix::Delete, _)) => "fact-replica-renamed",
                Some((DirSuffix::Stray, _)) => "fact-replica-stray",
            };
            let directory = renamed.as_ref().map_or("", |(_, name)| name);
            about(key, partition).number("end", log_end.0).text("directory", directory)
        }
        BrokerFact::LogDirectoryRemoved { directory, bytes } => {
            Sentence::new("fact-log-directory-removed").text("directory", directory.as_ref()).number("bytes", *bytes)
        }
        BrokerFact::ControlledShutdownBegan => Sentence::new("fact-stopping"),
        BrokerFact::ControlledShutdownRefused { error, remaining, attempts_left } => Sentence::new(match error {
            Some(_) => "fact-stopping-failed",
            None => "fact-stopping-remains",
        })
        .text("error", error.map_or("", |error| error.name()))
        .number("remaining", remaining.len() as u64)
        .number("left", *attempts_left),
        BrokerFact::ShutDown { is_approved } => {
            Sentence::new(if *is_approved { "fact-shut-down" } else { "fact-shut-down-alone" })
        }
        BrokerFact::TopicCreationAsked { name } => Sentence::new("fact-topic-asked").text("topic", name.as_ref()),
        BrokerFact::DuplicateBatch { partition, client, stamp, first, last } => {
            about("fact-duplicate-batch", partition)
                .node(world, "client", *client)
                .text("id", stamp.producer_id.to_string())
                .text("sequence", stamp.base_sequence.to_string())
                .text("offsets", range(*first, *last))
        }
        BrokerFact::SequenceRefused { partition, client, stamp, error, known } => {
            let key = match (error, known) {
                (ErrorCode::InvalidProducerEpoch, _) => "fact-sequence-epoch",
                (_, Some((epoch, _))) if *epoch != stamp.producer_epoch => "fact-sequence-new-epoch",
                (_, Some(_)) => "fact-sequence-refused",
                (_, None) => "fact-sequence-unknown",
            };
            let expected = known.map_or_else(String::new, |(_, last)| last.plus(1).to_string());
            about(key, partition)
                .node(world, "client", *client)
                .text("error", error.name())
                .text("id", stamp.producer_id.to_string())
                .text("sequence", stamp.base_sequence.to_string())
                .text("expected", expected)
                .number("epoch", stamp.producer_epoch.0)
                .number("current", known.map_or(0, |(epoch, _)| epoch.0))
        }
        BrokerFact::ProducerStateLoaded { partition, snapshot, producers, batches } => {
            let key = if snapshot.is_some() { "fact-producers-loaded" } else { "fact-producers-read" };
            about(key, partition)
                .number("producers", *producers)
                .number("batches", *batches)
                .number("snapshot", snapshot.map_or(0, |offset| offset.0))
        }
        BrokerFact::ProducerExpired { partition, producer_id } => {
            about("fact-producer-expired", partition).text("id", producer_id.to_string())
        }
        BrokerFact::ProducerIdsLeased { first, last } => {
            Sentence::new("fact-ids-leased").text("first", first.to_string()).text("last", last.to_string())
        }
        BrokerFact::ProducerIdGiven { client, producer_id } => {
            Sentence::new("fact-id-given").node(world, "client", *client).text("id", producer_id.to_string())
        }
        BrokerFact::AppendRefused { partition, error, isr, min_isr } => about("fact-append-refused", partition)
            .text("error", error.name())
            .number("isr", *isr)
            .number("min", *min_isr),
        BrokerFact::FollowerReached { partition, follower, log_end } => {
            about("fact-follower-reached", partition).number("follower", follower.0).number("end", log_end.0)
        }
        BrokerFact::HighWatermarkMoved { partition, from, to, ends } if ends.is_empty() => {
            about("fact-hw-heard", partition).number("before", from.0).number("hw", to.0)
        }
        BrokerFact::HighWatermarkMoved { partition, from, to, ends } => {
            let ends = ends.iter().map(|(broker, end)| format!("{broker}: {end}")).collect::<Vec<_>>().join(", ");
            about("fact-hw-moved", partition).number("before", from.0).number("hw", to.0).text("ends", ends)
        }
        BrokerFact::Truncated { partition, to, from, .. } => {
            about("fact-truncated", partition).number("to", to.0).number("records", from.since(*to))
        }
        BrokerFact::IsrProposed { partition, from, to } => {
            about("fact-isr-proposed", partition).brokers("before", from).brokers("isr", to)
        }
        BrokerFact::IsrCommitted { partition, isr, .. } => about("fact-isr-committed", partition).brokers("isr", isr),
        BrokerFact::IsrRefused { partition, error } => about("fact-isr-refused", partition).text("error", error.name()),
        BrokerFact::ProduceParked { partition, client, until } => {
            about("fact-produce-parked", partition).node(world, "client", *client).number("until", until.0)
        }
        BrokerFact::ProduceAnswered { partition, client, outcome: Ok(offset), acks } => {
            about("fact-produce-acked", partition)
                .node(world, "client", *client)
                .number("offset", offset.0)
                .text("acks", acks.to_string())
        }
        BrokerFact::ProduceAnswered { partition, client, outcome: Err(error), .. } => {
            about("fact-produce-refused", partition).node(world, "client", *client).text("error", error.name())
        }
        BrokerFact::Reconfigured { changes } => {
            let one = |(key, value): &(&str, Arc<str>)| format!("{key}={value}");
            let changes = changes.iter().map(one).collect::<Vec<_>>().join(", ");
            Sentence::new("fact-reconfigured").text("changes", changes)
        }
        BrokerFact::FetchParked { partition, fetcher, offset } => {
            about("fact-fetch-parked", partition).node(world, "fetcher", *fetcher).number("offset", offset.0)
        }
        BrokerFact::FetchRefused { partition, fetcher, offset, error } => about("fact-fetch-refused", partition)
            .node(world, "fetcher", *fetcher)
            .number("offset", offset.0)
            .text("error", error.name()),
        BrokerFact::FetchSessionOpened { session, fetcher, partitions } => Sentence::new("fact-fetch-session-opened")
            .text("session", session.to_string())
            .node(world, "fetcher", *fetcher)
            .number("partitions", u64::from(*partitions)),
        BrokerFact::FetchSessionDenied { fetcher, slots } => Sentence::new("fact-fetch-session-denied")
            .node(world, "fetcher", *fetcher)
            .number("slots", u64::from(*slots)),
        BrokerFact::FetchSessionEvicted { session, fetcher, newcomer } => Sentence::new("fact-fetch-session-evicted")
            .text("session", session.to_string())
            .node(world, "fetcher", *fetcher)
            .node(world, "newcomer", *newcomer),
        BrokerFact::FetchSessionClosed { session, fetcher } => Sentence::new("fact-fetch-session-closed")
            .text("session", session.to_string())
            .node(world, "fetcher", *fetcher),
        BrokerFact::FetchSessionRefused { session, fetcher, error } => Sentence::new("fact-fetch-session-refused")
            .text("session", session.to_string())
            .node(world, "fetcher", *fetcher)
            .text("error", error.name()),
    }
}
