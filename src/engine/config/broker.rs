//! `server.properties` of one KRaft node: broker, controller or both.
//!
//! Every key that a topic can override has its broker-wide default here; `TopicConfig::inherit` takes them over. Times
//! that Kafka lets one write in several units (`log.retention.ms`, `.minutes`, `.hours`) are kept as written and are
//! resolved by methods, the finest unit first.

use std::sync::Arc;

use super::key::Rule::{Any, AtLeast, Between, ListOf, NoneTwice, NotNegative, OneOf};
use super::table::Rules;
use super::value::{Bound, CleanupPolicy, ProcessRole, Ratio, TimestampType, Voter};
use super::{Problem, ProblemKind};
use crate::engine::common::{BrokerId, Span};

config! {
    /// One node's configuration.
    BrokerConfig of Broker {
        // Who the node is.
        live node_id: Option<BrokerId> = "node.id", Int, Plain, AtLeast(0), null, ReadOnly, "the whole node",
            "The node's number in the cluster; two nodes must not share one.";
        live broker_id: Option<BrokerId> = "broker.id", Int, Plain, Any, "-1", ReadOnly, "the whole node",
            "The older name of node.id; if both are set they must be equal.";
        live process_roles: Vec<ProcessRole> = "process.roles", List, Plain, ListOf(&["broker", "controller"]), null, ReadOnly, "the whole node",
            "Whether the node stores partitions (broker), keeps the cluster's metadata (controller), or does both.";
        live broker_rack: Option<Arc<str>> = "broker.rack", String, Plain, Any, null, ReadOnly, "controller, replica placement",
            "The rack or zone the broker stands in; replicas of a partition are spread over racks.";
        live log_dir: Arc<str> = "log.dir", String, Plain, Any, "/tmp/kafka-logs", ReadOnly, "broker, log manager",
            "The one directory for partitions if log.dirs is not set.";
        live log_dirs: Vec<Arc<str>> = "log.dirs", List, Plain, NoneTwice, null, ReadOnly, "broker, log manager",
            "The directories (disks) that hold the broker's partitions.";

        // The controller quorum.
        live controller_quorum_voters: Vec<Voter> = "controller.quorum.voters", List, Plain, NoneTwice, "", ReadOnly, "controller, KRaft quorum",
            "The fixed set of controllers that vote, each as id@host:port.";
        live controller_quorum_bootstrap_servers: Vec<Arc<str>> = "controller.quorum.bootstrap.servers", List, Plain, NoneTwice, "", ReadOnly, "controller, KRaft quorum",
            "Where to find the controllers if their set may change while the cluster runs (KIP-853).";
        live controller_quorum_election_timeout: Span = "controller.quorum.election.timeout.ms", Int, Millis, AtLeast(0), "1000", ReadOnly, "controller, KRaft election",
            "How long a candidate waits for votes before it starts another election; a random time up to as much is added.";
        live controller_quorum_fetch_timeout: Span = "controller.quorum.fetch.timeout.ms", Int, Millis, AtLeast(0), "2000", ReadOnly, "controller, KRaft election",
            "A controller that hears nothing from the leader for this long starts an election.";
        live controller_quorum_election_backoff_max: Span = "controller.quorum.election.backoff.max.ms", Int, Millis, AtLeast(0), "1000", ReadOnly, "controller, KRaft election",
            "The longest pause between two elections that a candidate lost.";
        live controller_quorum_append_linger: Span = "controller.quorum.append.linger.ms", Int, Millis, AtLeast(0), "25", ReadOnly, "controller, metadata log",
            "How long the leader gathers metadata records before it writes them as one batch.";
        live controller_quorum_request_timeout: Span = "controller.quorum.request.timeout.ms", Int, Millis, AtLeast(0), "2000", ReadOnly, "controller, KRaft requests",
            "How long a request of the quorum may stay without an answer.";
        live controller_quorum_retry_backoff: Span = "controller.quorum.retry.backoff.ms", Int, Millis, AtLeast(0), "20", ReadOnly, "controller, KRaft requests",
            "The pause before a failed request of the quorum is sent again.";
        live metadata_max_idle_interval: Span = "metadata.max.idle.interval.ms", Int, Millis, AtLeast(0), "500", ReadOnly, "controller, metadata log",
            "An idle active controller writes an empty record this often, so that its progress can be seen; 0 means never.";
        live metadata_log_max_record_bytes_between_snapshots: u64 = "metadata.log.max.record.bytes.between.snapshots", Long, Bytes, AtLeast(1), "20971520", ReadOnly, "controller and broker, metadata snapshots",
            "After so many bytes of metadata records a snapshot of what they add up to is taken.";
        live metadata_log_max_snapshot_interval: Span = "metadata.log.max.snapshot.interval.ms", Long, Millis, NotNegative, "3600000", ReadOnly, "controller and broker, metadata snapshots",
            "A snapshot of the metadata is taken at least this often, if there is anything new; 0 means by size alone.";
        live metadata_max_retention_bytes: Bound<u64> = "metadata.max.retention.bytes", Long, Bytes, Any, "104857600", ReadOnly, "controller and broker, metadata log",
            "Above this size of metadata log and snapshots together, what newer snapshots stand for is dropped.";
        live metadata_max_retention: Bound<Span> = "metadata.max.retention.ms", Long, Millis, Any, "604800000", ReadOnly, "controller and broker, metadata log",
            "Snapshots older than this are dropped, and the log before them.";
        live broker_heartbeat_interval: Span = "broker.heartbeat.interval.ms", Int, Millis, NotNegative, "2000", ReadOnly, "broker, to the controller",
            "How often a broker tells the controller that it is alive.";
        live broker_session_timeout: Span = "broker.session.timeout.ms", Int, Millis, NotNegative, "9000", ReadOnly, "controller, fencing",
            "A broker that sends no heartbeat for this long is fenced and loses its leaderships.";
        live initial_broker_registration_timeout: Span = "initial.broker.registration.timeout.ms", Int, Millis, NotNegative, "60000", ReadOnly, "broker, start-up",
            "How long a starting broker tries to register with the controller before it gives up.";
        live controlled_shutdown_enable: bool = "controlled.shutdown.enable", Boolean, Plain, Any, "true", ReadOnly, "broker, stopping",
            "A broker that is stopped first hands its leaderships over.";
        live controlled_shutdown_max_retries: u32 = "controlled.shutdown.max.retries", Int, Plain, Any, "3", ReadOnly, "broker, stopping (ZooKeeper mode)",
            "So many times a stopping broker asks the controller to take its leaderships over; then it stops anyway.";
        live controlled_shutdown_retry_backoff: Span = "controlled.shutdown.retry.backoff.ms", Long, Millis, Any, "5000", ReadOnly, "broker, stopping (ZooKeeper mode)",
            "Pause before a stopping broker asks again.";

        // ZooKeeper mode.
        live zookeeper_session_timeout: Span = "zookeeper.session.timeout.ms", Int, Millis, AtLeast(1), "18000", ReadOnly, "broker, ZooKeeper session",
            "A broker that ZooKeeper hears nothing of for this long counts as dead.";

        // New topics.
        live auto_create_topics_enable: bool = "auto.create.topics.enable", Boolean, Plain, Any, "true", ReadOnly, "broker, metadata requests",
            "A topic that a client asks for is created if it does not exist.";
        live delete_topic_enable: bool = "delete.topic.enable", Boolean, Plain, Any, "true", ReadOnly, "controller, topic deletion",
            "Topics may be deleted; if not, whoever asks is refused.";
        live num_partitions: u32 = "num.partitions", Int, Plain, AtLeast(1), "1", ReadOnly, "controller, topic creation",
            "How many partitions a topic gets that is created without a number.";
        live default_replication_factor: u32 = "default.replication.factor", Int, Plain, NotNegative, "1", ReadOnly, "controller, topic creation",
            "How many replicas each partition gets of a topic that is created without a number.";

        // Leadership.
        live min_insync_replicas: u32 = "min.insync.replicas", Int, Plain, AtLeast(1), "1", ClusterWide, "leader, produce with acks=all",
            "With acks=all, a partition takes writes only while at least this many replicas are in sync.";
        live unclean_leader_election_enable: bool = "unclean.leader.election.enable", Boolean, Plain, Any, "false", ClusterWide, "controller, leader election",
            "A replica that is not in sync may become leader if no other is left; records can be lost then.";
        live unclean_leader_election_interval: Span = "unclean.leader.election.interval.ms", Long, Millis, AtLeast(1), "300000", ReadOnly, "controller, leader election",
            "How often the controller looks for leaderless partitions that may be given an unclean leader.";
        live auto_leader_rebalance_enable: bool = "auto.leader.rebalance.enable", Boolean, Plain, Any, "true", ReadOnly, "controller, leader election",
            "Leadership goes back to the preferred replica from time to time.";
        live leader_imbalance_per_broker_percentage: u32 = "leader.imbalance.per.broker.percentage", Int, Plain, Any, "10", ReadOnly, "controller, leader election (ZooKeeper mode)",
            "Leadership goes back only for a broker that misses more than this share of the leaderships that prefer it.";
        live leader_imbalance_check_interval: Span = "leader.imbalance.check.interval.seconds", Long, Seconds, AtLeast(1), "300", ReadOnly, "controller, leader election",
            "How often the controller looks whether leaders are the preferred ones.";

        // Replication.
        live replica_lag_time_max: Span = "replica.lag.time.max.ms", Long, Millis, NotNegative, "30000", ReadOnly, "leader, in-sync replicas",
            "A follower that has not caught up with the leader for this long is taken out of the in-sync replicas.";
        live replica_lag_max_messages: u64 = "replica.lag.max.messages", Long, Plain, AtLeast(0), "4000", ReadOnly, "leader, in-sync replicas",
            "A follower that is more messages than this behind the leader is taken out of the in-sync replicas.";
        live replica_fetch_wait_max: Span = "replica.fetch.wait.max.ms", Int, Millis, NotNegative, "500", ReadOnly, "follower, fetch",
            "How long the leader may hold a follower's fetch open while there is nothing new.";
        live replica_fetch_min_bytes: u32 = "replica.fetch.min.bytes", Int, Bytes, NotNegative, "1", ReadOnly, "follower, fetch",
            "The leader answers a follower's fetch once it has at least this much.";
        live replica_fetch_max_bytes: u32 = "replica.fetch.max.bytes", Int, Bytes, AtLeast(0), "1048576", ReadOnly, "follower, fetch",
            "How much a follower asks for per partition; a single larger batch still comes whole.";
        live replica_fetch_response_max_bytes: u32 = "replica.fetch.response.max.bytes", Int, Bytes, AtLeast(0), "10485760", ReadOnly, "follower, fetch",
            "How much a follower asks for in one response over all partitions.";
        live replica_fetch_backoff: Span = "replica.fetch.backoff.ms", Int, Millis, AtLeast(0), "1000", ReadOnly, "follower, fetch",
            "How long a follower leaves a partition alone after an error.";
        live replica_socket_timeout: Span = "replica.socket.timeout.ms", Int, Millis, NotNegative, "30000", ReadOnly, "follower, fetch",
            "How long a follower waits for an answer of the leader before it gives the connection up.";
        idle num_replica_fetchers: u32 = "num.replica.fetchers", Int, Plain, AtLeast(1), "1", ClusterWide, "follower, fetch",
            "How many fetcher threads a broker uses per leader broker.";
        live replica_selector_class: Option<Arc<str>> = "replica.selector.class", String, Plain, Any, null, ReadOnly, "leader, consumer fetches",
            "Which replica a consumer is sent to; with RackAwareReplicaSelector one in its own rack (KIP-392).";
        live replica_high_watermark_checkpoint_interval: Span = "replica.high.watermark.checkpoint.interval.ms", Long, Millis, NotNegative, "5000", ReadOnly, "broker, checkpoint",
            "How often the high watermarks are saved to disk.";

        // Requests.
        live message_max_bytes: u32 = "message.max.bytes", Int, Bytes, AtLeast(0), "1048588", ClusterWide, "leader, produce",
            "The largest record batch that is taken.";
        live fetch_max_bytes: u32 = "fetch.max.bytes", Int, Bytes, AtLeast(1024), "57671680", ReadOnly, "leader, fetch",
            "The most that one fetch response carries, whatever the client asks for.";
        live max_incremental_fetch_session_cache_slots: u32 = "max.incremental.fetch.session.cache.slots", Int, Plain, AtLeast(0), "1000", ReadOnly, "leader, fetch",
            "How many fetch sessions the broker keeps, in which followers and consumers say only what changed (KIP-227).";

        // Logs.
        live log_segment_bytes: u32 = "log.segment.bytes", Int, Bytes, AtLeast(1_048_576), "1073741824", ClusterWide, "log, rolling",
            "A segment that would grow beyond this is closed and a new one begun.";
        live log_roll_ms: Option<Span> = "log.roll.ms", Long, Millis, AtLeast(1), null, ClusterWide, "log, rolling",
            "A new segment is begun on the first append after the current one has become this old; overrides log.roll.hours.";
        live log_roll_hours: Span = "log.roll.hours", Int, Hours, AtLeast(1), "168", ReadOnly, "log, rolling",
            "As log.roll.ms, in hours.";
        live log_roll_jitter_ms: Option<Span> = "log.roll.jitter.ms", Long, Millis, AtLeast(0), null, ClusterWide, "log, rolling",
            "Up to this much is taken at random off the age at which a segment is closed; overrides log.roll.jitter.hours.";
        live log_roll_jitter_hours: Span = "log.roll.jitter.hours", Int, Hours, AtLeast(0), "0", ReadOnly, "log, rolling",
            "As log.roll.jitter.ms, in hours.";
        live log_index_interval_bytes: u32 = "log.index.interval.bytes", Int, Bytes, AtLeast(0), "4096", ClusterWide, "log, index",
            "After about this much log the offset index gets another entry.";
        live log_index_size_max_bytes: u32 = "log.index.size.max.bytes", Int, Bytes, AtLeast(4), "10485760", ClusterWide, "log, index",
            "The largest index of a segment; a full one makes the log roll.";
        live log_retention_ms: Option<Bound<Span>> = "log.retention.ms", Long, Millis, Any, null, ClusterWide, "log, retention",
            "Segments whose newest record is older than this are deleted, -1 keeps them; overrides minutes and hours.";
        live log_retention_minutes: Option<Bound<Span>> = "log.retention.minutes", Int, Minutes, Any, null, ReadOnly, "log, retention",
            "As log.retention.ms, in minutes; overrides hours.";
        live log_retention_hours: Bound<Span> = "log.retention.hours", Int, Hours, Any, "168", ReadOnly, "log, retention",
            "As log.retention.ms, in hours.";
        live log_retention_bytes: Bound<u64> = "log.retention.bytes", Long, Bytes, Any, "-1", ClusterWide, "log, retention",
            "The oldest segments of a partition are deleted while the rest would still hold this much; -1 sets no limit.";
        live log_retention_check_interval: Span = "log.retention.check.interval.ms", Long, Millis, AtLeast(1), "300000", ReadOnly, "log manager, retention",
            "How often a broker looks for segments to delete.";
        live log_initial_task_delay: Span = "log.initial.task.delay.ms", Long, Millis, AtLeast(0), "30000", ReadOnly, "log manager, start-up",
            "How long after the start the log's background tasks run for the first time.";
        live log_cleanup_policy: CleanupPolicy = "log.cleanup.policy", List, Plain, ListOf(&["compact", "delete"]), "delete", ClusterWide, "log, retention",
            "Old segments are deleted, or cleaned so that the newest record of every key stays (compact), or both.";
        live log_segment_delete_delay: Span = "log.segment.delete.delay.ms", Long, Millis, AtLeast(0), "60000", ClusterWide, "log, retention",
            "How long the files of a deleted segment, or of a deleted replica, stay on disk under another name.";
        live log_cleaner_enable: bool = "log.cleaner.enable", Boolean, Plain, Any, "true", ReadOnly, "log cleaner",
            "Without the log cleaner compacted topics grow for ever.";
        live log_cleaner_threads: u32 = "log.cleaner.threads", Int, Plain, AtLeast(1), "1", ClusterWide, "log cleaner",
            "How many threads share the memory for cleaning; one log is cleaned at a time here.";
        live log_cleaner_min_cleanable_ratio: Ratio = "log.cleaner.min.cleanable.ratio", Double, Plain, Between(0, 1), "0.5", ClusterWide, "log cleaner",
            "A compacted log is cleaned when more than this share of it is dirty.";
        live log_cleaner_dedupe_buffer_size: u64 = "log.cleaner.dedupe.buffer.size", Long, Bytes, AtLeast(1_048_576), "134217728", ClusterWide, "log cleaner",
            "Memory for the newest offset of every key, 24 bytes each; a pass ends when it is full.";
        live log_cleaner_io_buffer_load_factor: Ratio = "log.cleaner.io.buffer.load.factor", Double, Plain, Between(0, 1), "0.9", ClusterWide, "log cleaner",
            "How full the memory for keys may become.";
        live log_cleaner_backoff: Span = "log.cleaner.backoff.ms", Long, Millis, AtLeast(0), "15000", ClusterWide, "log cleaner",
            "How long the cleaner sleeps when no log needs it.";
        live log_cleaner_delete_retention: Span = "log.cleaner.delete.retention.ms", Long, Millis, AtLeast(0), "86400000", ClusterWide, "log cleaner",
            "How long a compacted topic keeps the markers of deleted keys.";
        live log_cleaner_min_compaction_lag: Span = "log.cleaner.min.compaction.lag.ms", Long, Millis, AtLeast(0), "0", ClusterWide, "log cleaner",
            "A record stays uncompacted for at least this long.";
        live log_cleaner_max_compaction_lag: Span = "log.cleaner.max.compaction.lag.ms", Long, Millis, AtLeast(1), "9223372036854775807", ClusterWide, "log cleaner",
            "A record is compacted at the latest after this long.";
        live log_message_timestamp_type: TimestampType = "log.message.timestamp.type", String, Plain, OneOf(&["CreateTime", "LogAppendTime"]), "CreateTime", ClusterWide, "leader, produce",
            "Records keep the producer's time, or get the time at which the broker appends them.";
        live log_message_timestamp_before_max: Span = "log.message.timestamp.before.max.ms", Long, Millis, AtLeast(0), "9223372036854775807", ClusterWide, "leader, produce",
            "A record dated further back than this is refused.";
        live log_message_timestamp_after_max: Span = "log.message.timestamp.after.max.ms", Long, Millis, AtLeast(0), "3600000", ClusterWide, "leader, produce",
            "A record dated further ahead than this is refused.";
        live log_flush_interval_messages: u64 = "log.flush.interval.messages", Long, Plain, AtLeast(1), "9223372036854775807", ClusterWide, "log, flush",
            "After this many records a log is forced to disk.";
        live log_flush_interval: Option<Span> = "log.flush.interval.ms", Long, Millis, NotNegative, null, ClusterWide, "log, flush",
            "A record is forced to disk after at most this long; without it log.flush.scheduler.interval.ms counts.";
        live log_flush_scheduler_interval: Span = "log.flush.scheduler.interval.ms", Long, Millis, NotNegative, "9223372036854775807", ReadOnly, "log, flush",
            "How often a broker looks for logs that must be forced to disk.";
        live log_flush_offset_checkpoint_interval: Span = "log.flush.offset.checkpoint.interval.ms", Int, Millis, AtLeast(0), "60000", ReadOnly, "log manager, checkpoint",
            "How often the broker notes how far its logs are safe on disk.";
        live log_flush_start_offset_checkpoint_interval: Span = "log.flush.start.offset.checkpoint.interval.ms", Int, Millis, AtLeast(0), "60000", ReadOnly, "log manager, checkpoint",
            "How often the broker notes where its logs begin.";

        // Producers.
        live producer_id_expiration: Span = "producer.id.expiration.ms", Int, Millis, AtLeast(1), "86400000", ClusterWide, "leader and follower, producer state",
            "A partition forgets the sequence numbers of a producer that has written nothing to it for this long.";
        live producer_id_expiration_check_interval: Span = "producer.id.expiration.check.interval.ms", Int, Millis, AtLeast(1), "600000", ReadOnly, "leader and follower, producer state",
            "How often a broker looks for producers to forget.";

        // Groups and their offsets.
        live offsets_topic_num_partitions: u32 = "offsets.topic.num.partitions", Int, Plain, AtLeast(1), "50", ReadOnly, "group coordinator",
            "How many partitions __consumer_offsets gets; they share the groups among the brokers.";
        live offsets_topic_replication_factor: u32 = "offsets.topic.replication.factor", Short, Plain, AtLeast(1), "3", ReadOnly, "group coordinator",
            "How many replicas __consumer_offsets gets; with fewer brokers than this no group can work.";
        live offsets_topic_segment_bytes: u32 = "offsets.topic.segment.bytes", Int, Bytes, AtLeast(1), "104857600", ReadOnly, "group coordinator",
            "The segment size of __consumer_offsets.";
        live offsets_commit_timeout: Span = "offsets.commit.timeout.ms", Int, Millis, AtLeast(1), "5000", ReadOnly, "group coordinator, commit",
            "How long a commit waits until all in-sync replicas of __consumer_offsets have it.";
        live offsets_retention: Span = "offsets.retention.minutes", Int, Minutes, AtLeast(1), "10080", ReadOnly, "group coordinator, expiry",
            "Committed offsets of a group without members are forgotten after this long.";
        live offsets_retention_check_interval: Span = "offsets.retention.check.interval.ms", Long, Millis, AtLeast(1), "600000", ReadOnly, "group coordinator, expiry",
            "How often a coordinator looks for offsets to forget.";
        live offset_metadata_max_bytes: u32 = "offset.metadata.max.bytes", Int, Bytes, NotNegative, "4096", ReadOnly, "group coordinator, commit",
            "The longest note that may be committed with an offset.";
        live group_initial_rebalance_delay: Span = "group.initial.rebalance.delay.ms", Int, Millis, NotNegative, "3000", ReadOnly, "group coordinator, join",
            "How long an empty group waits for more members before its first rebalance.";
        live group_min_session_timeout: Span = "group.min.session.timeout.ms", Int, Millis, NotNegative, "6000", ReadOnly, "group coordinator, join",
            "The shortest session.timeout.ms a consumer may ask for.";
        live group_max_session_timeout: Span = "group.max.session.timeout.ms", Int, Millis, NotNegative, "1800000", ReadOnly, "group coordinator, join",
            "The longest session.timeout.ms a consumer may ask for.";
        live group_max_size: u32 = "group.max.size", Int, Plain, AtLeast(1), "2147483647", ReadOnly, "group coordinator, join",
            "The most members a group may have.";
    }
}

impl BrokerConfig {
    /// `node.id`, or its older name.
    #[must_use]
    pub fn id(&self) -> Option<BrokerId> {
        self.node_id.or(self.broker_id)
    }

    /// Does the node store partitions? Without `process.roles` it is taken to.
    #[must_use]
    pub fn is_broker(&self) -> bool {
        self.process_roles.is_empty() || self.process_roles.contains(&ProcessRole::Broker)
    }

    /// Does the node belong to the controller quorum?
    #[must_use]
    pub fn is_controller(&self) -> bool {
        self.process_roles.contains(&ProcessRole::Controller)
    }

    /// The directories in use: `log.dirs`, else `log.dir`.
    #[must_use]
    pub fn data_dirs(&self) -> Vec<Arc<str>> {
        if self.log_dirs.is_empty() { vec![Arc::clone(&self.log_dir)] } else { self.log_dirs.clone() }
    }

    /// `log.retention.ms`, else `.minutes`, else `.hours` (`KafkaConfig.logRetentionTimeMillis`).
    #[must_use]
    pub fn log_retention(&self) -> Bound<Span> {
        self.log_retention_ms.or(self.log_retention_minutes).unwrap_or(self.log_retention_hours)
    }

    /// `log.roll.ms`, else `log.roll.hours`.
    #[must_use]
    pub fn log_roll(&self) -> Span {
        self.log_roll_ms.unwrap_or(self.log_roll_hours)
    }

    /// `log.roll.jitter.ms`, else `log.roll.jitter.hours`.
    #[must_use]
    pub fn log_roll_jitter(&self) -> Span {
        self.log_roll_jitter_ms.unwrap_or(self.log_roll_jitter_hours)
    }

    /// `log.flush.interval.ms`, else `log.flush.scheduler.interval.ms`.
    #[must_use]
    pub fn log_flush(&self) -> Span {
        self.log_flush_interval.unwrap_or(self.log_flush_scheduler_interval)
    }
}

impl Rules for BrokerConfig {
    /// `KafkaConfig.validateValues`, as far as its keys are in the table.
    fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut conflict = |key: &str, what: &str, mend: &str| {
            problems.push(Problem::new(ProblemKind::Conflict, key, what, mend));
        };
        if let (Some(node), Some(broker)) = (self.node_id, self.broker_id)
            && node != broker
        {
            let what = "You must set `node.id` to the same value as `broker.id`.";
            conflict("broker.id", what, "Leave broker.id out: node.id is enough.");
        }
        if self.log_retention() == Bound::At(Span::ZERO) {
            let key = if self.log_retention_ms.is_some() {
                "log.retention.ms"
            } else if self.log_retention_minutes.is_some() {
                "log.retention.minutes"
            } else {
                "log.retention.hours"
            };
            let what = "log.retention.ms must be unlimited (-1) or, greater than or equal to 1.";
            conflict(key, what, "Write a time of at least one unit, or -1 to keep everything.");
        }
        if self.replica_fetch_wait_max > self.replica_socket_timeout {
            let what = "replica.socket.timeout.ms should always be at least replica.fetch.wait.max.ms to prevent \
                        unnecessary socket timeouts.";
            conflict("replica.fetch.wait.max.ms", what, "Lower replica.fetch.wait.max.ms.");
        }
        if self.replica_fetch_wait_max > self.replica_lag_time_max {
            let what = "replica.fetch.wait.max.ms should always be less than or equal to replica.lag.time.max.ms to \
                        prevent frequent changes in ISR.";
            let mend = "Lower replica.fetch.wait.max.ms, or raise replica.lag.time.max.ms.";
            conflict("replica.fetch.wait.max.ms", what, mend);
        }
        let voters = &self.controller_quorum_voters;
        if let Some(id) = self.id()
            && !voters.is_empty()
            && !self.process_roles.is_empty()
        {
            let votes = voters.iter().any(|voter| voter.id == id);
            if self.is_controller() && !votes {
                let what = format!(
                    "If process.roles contains the 'controller' role, the node id {id} must be included in the set of \
                     voters controller.quorum.voters."
                );
                conflict("controller.quorum.voters", &what, &format!("Add {id}@host:port to the voters."));
            } else if !self.is_controller() && votes {
                let what = format!(
                    "If process.roles contains just the 'broker' role, the node id {id} must not be included in the \
                     set of voters controller.quorum.voters."
                );
                conflict("controller.quorum.voters", &what, "Add the controller role, or take the node out.");
            }
        }
        // Kafka only logs this one and goes on.
        let doubled = self.broker_heartbeat_interval.0.saturating_mul(2);
        if doubled > self.broker_session_timeout.0 {
            problems.push(Problem::new(
                ProblemKind::Adjusted,
                "broker.heartbeat.interval.ms",
                "broker.heartbeat.interval.ms is more than half of broker.session.timeout.ms: Kafka logs an error, \
                 starts nevertheless, and one late heartbeat is enough to fence a broker.",
                "Raise broker.session.timeout.ms, or lower broker.heartbeat.interval.ms.",
            ));
        }
        for (coarse, finer) in [
            ("log.retention.minutes", &["log.retention.ms"][..]),
            ("log.retention.hours", &["log.retention.ms", "log.retention.minutes"]),
            ("log.roll.hours", &["log.roll.ms"]),
            ("log.roll.jitter.hours", &["log.roll.jitter.ms"]),
            ("log.flush.scheduler.interval.ms", &["log.flush.interval.ms"]),
        ] {
            let winner = finer.iter().find(|key| self.explicit.contains(*key));
            if let Some(winner) = winner.filter(|_| self.explicit.contains(coarse)) {
                let what = format!("{coarse} has no effect here, because {winner} is set as well and comes first.");
                problems.push(Problem::new(ProblemKind::Adjusted, coarse, what, "Take one of the two out."));
            }
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(pairs: &[(&str, &str)]) -> BrokerConfig {
        let mut config = BrokerConfig::default();
        for (key, value) in pairs {
            config.set(key, value).unwrap();
        }
        config
    }

    #[test]
    fn retention_takes_the_finest_unit() {
        let hours = |h: u64| Bound::At(Span::secs(h * 3_600));
        assert_eq!(BrokerConfig::default().log_retention(), hours(168));
        assert_eq!(with(&[("log.retention.hours", "2")]).log_retention(), hours(2));
        let config = with(&[("log.retention.hours", "2"), ("log.retention.minutes", "180")]);
        assert_eq!(config.log_retention(), hours(3));
        let config = with(&[("log.retention.minutes", "180"), ("log.retention.ms", "1000")]);
        assert_eq!(config.log_retention(), Bound::At(Span::secs(1)));
        // A finer unit that says "for ever" still wins over a coarser one.
        let config = with(&[("log.retention.hours", "2"), ("log.retention.ms", "-1")]);
        assert_eq!(config.log_retention(), Bound::Unlimited);
        assert_eq!(config.get("log.retention.ms").as_deref(), Some("-1"));
    }

    #[test]
    fn defaults_are_those_of_kafka_4_3() {
        let config = BrokerConfig::default();
        assert_eq!(config.replica_lag_time_max, Span::secs(30));
        assert_eq!(config.replica_fetch_wait_max, Span::millis(500));
        assert_eq!(config.broker_session_timeout, Span::secs(9));
        assert_eq!(config.broker_heartbeat_interval, Span::secs(2));
        assert_eq!(config.message_max_bytes, 1_048_588);
        assert_eq!(config.fetch_max_bytes, 55 * 1024 * 1024);
        assert_eq!(config.leader_imbalance_check_interval, Span::secs(300));
        assert_eq!(config.offsets_retention, Span::secs(7 * 24 * 3_600));
        assert_eq!(config.log_roll(), Span::secs(168 * 3_600));
        assert_eq!(config.log_flush_interval_messages, i64::MAX as u64);
        assert_eq!(config.log_flush(), Span(u64::MAX));
        assert!(config.is_broker() && !config.is_controller());
        assert!(!config.unclean_leader_election_enable);
    }

    #[test]
    fn refusals_are_kafkas_own() {
        let mut config = BrokerConfig::default();
        let before = config.clone();
        for (key, value, what) in [
            ("num.partitions", "0", "Invalid value 0 for configuration num.partitions: Value must be at least 1."),
            (
                "num.partitions",
                "3000000000",
                "Invalid value 3000000000 for configuration num.partitions: Not a number of type INT.",
            ),
            (
                "log.segment.bytes",
                "1000",
                "Invalid value 1000 for configuration log.segment.bytes: Value must be at least 1048576.",
            ),
            (
                "auto.create.topics.enable",
                "yes",
                "Invalid value yes for configuration auto.create.topics.enable: Expected value to be either true or \
                 false.",
            ),
            (
                "process.roles",
                "broker,zookeeper",
                "Invalid value zookeeper for configuration process.roles: String must be one of: broker, controller.",
            ),
            ("log.dirs", "a,,b", "Configuration 'log.dirs' values must not be empty."),
            ("log.dirs", "a,b, a", "Configuration 'log.dirs' values must not be duplicated."),
        ] {
            let problem = config.set(key, value).unwrap_err();
            assert_eq!((problem.kind, problem.what.as_str()), (ProblemKind::BadValue, what));
        }
        assert_eq!(config, before);
    }

    #[test]
    fn combinations_that_kafka_refuses_are_told() {
        let conflicts = |pairs: &[(&str, &str)]| -> Vec<String> {
            with(pairs).check().into_iter().filter(|p| p.kind.stops_kafka()).map(|p| p.key).collect()
        };
        assert!(conflicts(&[]).is_empty());
        assert!(conflicts(&[("node.id", "1"), ("broker.id", "1")]).is_empty());
        assert_eq!(conflicts(&[("node.id", "1"), ("broker.id", "2")]), ["broker.id"]);
        assert_eq!(conflicts(&[("log.retention.minutes", "0")]), ["log.retention.minutes"]);
        assert!(conflicts(&[("log.retention.hours", "0"), ("log.retention.ms", "1")]).is_empty());
        assert_eq!(conflicts(&[("replica.lag.time.max.ms", "400")]), ["replica.fetch.wait.max.ms"]);
        let voters = ("controller.quorum.voters", "1@a:9093, 2@b:9093");
        let roles = ("process.roles", "broker");
        assert_eq!(conflicts(&[voters, roles, ("node.id", "1")]), ["controller.quorum.voters"]);
        assert!(conflicts(&[voters, roles, ("node.id", "3")]).is_empty());
        assert_eq!(conflicts(&[voters, ("process.roles", "controller"), ("node.id", "3")]).len(), 1);
        let config = with(&[("broker.heartbeat.interval.ms", "5000")]);
        assert_eq!(config.check()[0].kind, ProblemKind::Adjusted);
    }

    #[test]
    fn a_value_can_be_taken_back() {
        let mut config = with(&[("min.insync.replicas", "2")]);
        assert_eq!(config.overrides().collect::<Vec<_>>(), [("min.insync.replicas", "2".to_owned())]);
        config.unset("min.insync.replicas").unwrap();
        assert_eq!(config, BrokerConfig::default());
    }
}
