//! What a broker sets alarms for.

use super::purgatory::ParkedId;
use crate::engine::common::{BrokerId, CorrelationId, TopicPartition};
use crate::engine::coordinator::group::GroupTimer;
use crate::engine::kafka_controller::KafkaControllerTimer;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum BrokerTimer {
    /// The next registration or heartbeat is due.
    Communicate,
    /// The controller has not answered the registration or heartbeat.
    CommunicationTimeout {
        correlation: CorrelationId,
    },
    /// Looks for followers that have fallen out of sync, every `replica.lag.time.max.ms / 2`.
    IsrCheck,
    /// Saves the high watermarks, every `replica.high.watermark.checkpoint.interval.ms`.
    HighWatermarkCheckpoint,
    /// Looks for logs that `flush.ms` wants on disk, every `log.flush.scheduler.interval.ms`.
    FlushCheck,
    /// Saves the recovery points, every `log.flush.offset.checkpoint.interval.ms`.
    RecoveryPointCheckpoint,
    /// Saves where logs begin, every `log.flush.start.offset.checkpoint.interval.ms`.
    LogStartOffsetCheckpoint,
    /// Looks for logs to compact, every `log.cleaner.backoff.ms` unless there was work.
    LogCleaner,
    /// Looks for producers that have been silent for too long, every `producer.id.expiration.check.interval.ms`.
    ProducerExpiration,
    /// `file.delete.delay.ms` is over for segments of this partition.
    RemoveDeletedFiles {
        partition: TopicPartition,
    },
    /// `log.segment.delete.delay.ms` is over for the directory of a deleted replica.
    RemoveDeletedLogs,
    /// Looks for old segments, every `log.retention.check.interval.ms`.
    RetentionCheck,
    /// A parked fetch has waited its `max.wait.ms`.
    FetchExpired {
        parked: ParkedId,
    },
    /// A parked produce request has waited its `timeout.ms`.
    ProduceExpired {
        parked: ParkedId,
    },
    /// A parked DeleteRecords request has waited its `timeout.ms`.
    DeleteExpired {
        parked: ParkedId,
    },
    /// A partition's `replica.fetch.backoff.ms` is over.
    FetcherWake {
        leader: BrokerId,
    },
    /// The leader has not answered for `replica.socket.timeout.ms`.
    FetcherTimeout {
        leader: BrokerId,
        correlation: CorrelationId,
    },
    /// AlterPartition may be sent again after a failure.
    SendAlterPartition,
    AlterPartitionTimeout {
        correlation: CorrelationId,
    },
    /// CreateTopics may be sent again after a failure.
    ResendTopicCreation {
        correlation: CorrelationId,
    },
    TopicCreationTimeout {
        correlation: CorrelationId,
    },
    /// An operator's request may be passed on again after a failure.
    ForwardAgain {
        correlation: CorrelationId,
    },
    ForwardingTimeout {
        correlation: CorrelationId,
    },
    /// The controller has had its time to let this broker go.
    StopNow,
    /// A stopping broker may ask the controller again to take over what it leads (ZooKeeper mode).
    RetryControlledShutdown,
    ControlledShutdownTimeout {
        correlation: CorrelationId,
    },
    /// Something is due with the ZooKeeper session: a ping, another try.
    ZkSession,
    /// `zookeeper.connection.timeout.ms`
    ZkConnectionTimeout,
    /// The controller that this broker is, or may be.
    KafkaController(KafkaControllerTimer),
    /// In-sync sets that were written may have to be announced (before 2.7).
    IsrPropagation,
    /// The group coordinator's own.
    Group(GroupTimer),
}
