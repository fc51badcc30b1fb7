//! Which Kafka is simulated, and what it can do: one table of capabilities by the release that brought or took them.
//!
//! The engine asks for what a version does (`version.truncates_by_leader_epoch()`) and never compares numbers; so the
//! reader of a protocol sees why it parts ways, and this table is the only place that knows when it did. Releases are
//! those of the upgrade notes and of the KIPs; a feature counts from where it is on by default or production-ready.

use std::fmt;

use serde::{Deserialize, Serialize};

/// `major.minor.patch`, as far as releases differ in what the table tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Release(pub(super) u8, pub(super) u8, pub(super) u8);

impl fmt::Display for Release {
    /// `0.10.1`, `2.3`, `4.0`: since 1.0 the third number means a mended release and is left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self(0, minor, 0) if *minor != 10 => write!(f, "0.{minor}"),
            Self(0, minor, patch) => write!(f, "0.{minor}.{patch}"),
            Self(major, minor, _) => write!(f, "{major}.{minor}"),
        }
    }
}

/// The versions that can be chosen: each the last of an age.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum KafkaVersion {
    /// ZooKeeper for everything, consumers included; replicas fall out by counted messages; no epochs in the log.
    #[serde(rename = "0.8.2")]
    V0_8,
    /// Groups move to the brokers; a lagging replica is told by time alone.
    #[serde(rename = "0.9.0")]
    V0_9,
    /// Leader epochs and transactions, but in-sync replicas still written to ZooKeeper by each leader.
    #[serde(rename = "2.3")]
    V2_3,
    /// `AlterIsr`, truncation on fetch, sticky partitioning; clients still default to `acks=1`.
    #[serde(rename = "2.8")]
    V2_8,
    /// The last with ZooKeeper; KRaft beside it; safe defaults.
    #[serde(rename = "3.9")]
    V3_9,
    /// KRaft alone; eligible leader replicas, share groups.
    #[default]
    #[serde(rename = "4.3")]
    V4_3,
}

impl KafkaVersion {
    pub const ALL: [Self; 6] = [Self::V0_8, Self::V0_9, Self::V2_3, Self::V2_8, Self::V3_9, Self::V4_3];

    /// As it is written in a scenario: `3.9`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::V0_8 => "0.8.2",
            Self::V0_9 => "0.9.0",
            Self::V2_3 => "2.3",
            Self::V2_8 => "2.8",
            Self::V3_9 => "3.9",
            Self::V4_3 => "4.3",
        }
    }

    /// The version behind a name; a longer one of the same line (`2.3.1`, `0.9.0.1`) is read as well.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|version| {
            name.strip_prefix(version.name()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }

    pub(super) fn release(self) -> Release {
        match self {
            Self::V0_8 => Release(0, 8, 2),
            Self::V0_9 => Release(0, 9, 0),
            Self::V2_3 => Release(2, 3, 0),
            Self::V2_8 => Release(2, 8, 0),
            Self::V3_9 => Release(3, 9, 0),
            Self::V4_3 => Release(4, 3, 0),
        }
    }
}

impl KafkaVersion {
    /// The version of a broker's znode (`BrokerIdZNode`): endpoints since 0.9, racks since 0.10, listener names since
    /// 0.10.2, features since 2.7.
    #[must_use]
    pub fn broker_znode_version(self) -> u8 {
        let steps = [Release(0, 9, 0), Release(0, 10, 0), Release(0, 10, 2), Release(2, 7, 0)];
        let passed = steps.iter().filter(|step| **step <= self.release()).count();
        1 + u8::try_from(passed).expect("four steps")
    }
}

impl fmt::Display for KafkaVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One line of the table, for whoever shows what a version can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capability {
    /// The method's name.
    pub name: &'static str,
    /// The first release that has it; `None`: from the beginning.
    pub since: Option<Release>,
    /// The first release that has it no longer.
    pub until: Option<Release>,
    /// KIP or issue.
    pub source: &'static str,
    pub doc: &'static str,
}

impl Capability {
    #[must_use]
    pub fn is_of(&self, version: KafkaVersion) -> bool {
        let release = version.release();
        self.since.is_none_or(|since| since <= release) && self.until.is_none_or(|until| release < until)
    }
}

/// `name: since a.b.c | until a.b.c, "source", "doc";`
macro_rules! capabilities {
    (@since since $a:literal $b:literal $c:literal) => { Some(Release($a, $b, $c)) };
    (@since until $a:literal $b:literal $c:literal) => { None };
    (@until until $a:literal $b:literal $c:literal) => { Some(Release($a, $b, $c)) };
    (@until since $a:literal $b:literal $c:literal) => { None };
    ($($name:ident: $when:ident $a:literal $b:literal $c:literal, $source:literal, $doc:literal;)*) => {
        impl KafkaVersion {
            /// Every capability that versions differ in.
            pub const CAPABILITIES: &'static [Capability] = &[$(Capability {
                name: stringify!($name),
                since: capabilities!(@since $when $a $b $c),
                until: capabilities!(@until $when $a $b $c),
                source: $source,
                doc: $doc,
            },)*];

            $(
                #[doc = concat!($doc, " (", $source, ")")]
                #[must_use]
                pub fn $name(self) -> bool {
                    Capability {
                        name: stringify!($name),
                        since: capabilities!(@since $when $a $b $c),
                        until: capabilities!(@until $when $a $b $c),
                        source: $source,
                        doc: $doc,
                    }
                    .is_of(self)
                }
            )*
        }
    };
}

capabilities! {
    // Replication.
    drops_followers_by_message_count: until 0 9 0, "KAFKA-1546",
        "A follower also leaves the in-sync replicas when it is replica.lag.max.messages behind.";
    keeps_silent_followers_that_have_everything: since 2 1 0, "KAFKA-7152",
        "A follower whose log ends where the leader's does is not taken out of the in-sync replicas, however long it is silent.";
    checks_isr_twice_per_lag_time: since 0 10 2, "ReplicaManager.startup",
        "The in-sync replicas are looked at every half of replica.lag.time.max.ms, before after all of it.";
    truncates_by_leader_epoch: since 0 11 0, "KIP-101",
        "A follower asks the leader where its last epoch ended and cuts its log there, not at its own high watermark.";
    asks_again_below_unknown_epochs: since 2 0 0, "KIP-279",
        "A follower that does not know the leader's epoch cuts to the one below and asks again.";
    truncates_on_fetch: since 2 8 0, "KIP-595",
        "The leader names the diverging epoch in its fetch response; no separate question is asked.";
    alters_isr_through_controller: since 2 7 0, "KIP-497",
        "A leader asks the controller to change the in-sync replicas instead of writing them to ZooKeeper.";
    serves_consumers_from_followers: since 2 4 0, "KIP-392",
        "A consumer may fetch from a replica in its own rack.";
    reassigns_by_admin_api: since 2 4 0, "KIP-455",
        "Reassignment is a request that can be cancelled, not a znode.";
    holds_high_watermark_under_min_isr: since 3 7 0, "KAFKA-15583",
        "The high watermark stands still while fewer than min.insync.replicas are in sync.";
    skips_batches_of_later_epochs: since 4 0 0, "KAFKA-18723",
        "A follower takes no batch of a later epoch than the one it asked under.";
    keeps_eligible_leader_replicas: since 4 1 0, "KIP-966",
        "Replicas that left the in-sync set below min.insync.replicas stay eligible as leaders.";
    bumps_leader_epoch_on_isr_shrink: until 3 6 0, "KAFKA-15021",
        "In KRaft, a shrink of the in-sync replicas alone begins a new leader epoch.";

    // Fetching.
    keeps_fetch_sessions: since 1 1 0, "KIP-227",
        "A fetch says what changed since the one before, and so does its answer.";
    notes_the_use_of_fetch_sessions: since 2 5 0, "KAFKA-9137",
        "A fetch session that is in use is not stale; before, it was 120 s after it began.";
    shards_fetch_sessions: since 3 8 0, "KAFKA-9401",
        "Fetch sessions are kept in eight parts, each with an eighth of the slots.";

    // Logs.
    stamps_records: since 0 10 0, "KIP-32",
        "Records carry a timestamp.";
    indexes_every_batch: since 4 0 0, "KAFKA-806",
        "Index entries are considered for each batch of an append, not once per append.";
    renames_logs_before_deletion: since 0 10 2, "KAFKA-1911",
        "The directory of a deleted replica is renamed at once, and its files go after a delay.";
    survives_a_failed_log_dir: since 1 0 0, "KIP-112",
        "A broker lives on without a log directory that has failed.";
    describes_log_dirs: since 1 0 0, "KIP-113",
        "kafka-log-dirs asks brokers for their log directories.";
    describes_log_dirs_in_hash_order: since 3 6 0, "KAFKA-14581",
        "kafka-log-dirs is a Java program, and prints the keys of its JSON in the order of a HashMap.";
    takes_an_empty_cleanup_policy: since 4 2 0, "KIP-1161",
        "An empty cleanup.policy keeps everything.";

    // Controller.
    runs_on_zookeeper: until 4 0 0, "KIP-500",
        "A cluster may keep its metadata in ZooKeeper.";
    gives_topics_ids: since 2 8 0, "KIP-516",
        "A topic has an id of its own, so that one created anew under the same name is told apart.";
    reassigns_through_the_controller: since 2 4 0, "KIP-455",
        "A request to the controller moves replicas, and can call it off; before, a znode for all of them.";
    prepares_migration_to_kraft: since 3 4 0, "KIP-866",
        "The znode of the controller has room for a KRaft controller's epoch.";
    runs_on_kraft: since 3 3 0, "KIP-833",
        "A cluster may keep its metadata in a Raft quorum of controllers.";
    pre_votes: since 4 0 0, "KIP-996",
        "A controller asks whether it would be elected before it begins a new epoch.";
    changes_voters_at_run_time: since 3 9 0, "KIP-853",
        "Controllers can be added to and taken from the quorum while it runs.";
    changes_broker_configs_at_run_time: since 1 1 0, "KIP-226",
        "kafka-configs.sh changes brokers that run.";
    deletes_topics: since 1 0 0, "KAFKA-5384",
        "delete.topic.enable is true.";

    // Producers.
    turns_keyless_records_round_robin: until 2 4 0, "DefaultPartitioner",
        "Records without a key go to the partitions in turn.";
    sticks_keyless_records_to_a_batch: since 2 4 0, "KIP-480",
        "Records without a key stay with one partition for a batch.";
    sticks_keyless_records_by_bytes: since 3 3 0, "KIP-794",
        "Records without a key change partition after batch.size bytes, and slower brokers get fewer.";
    asks_partitioners_twice: until 4 0 0, "KAFKA-18295",
        "A record that opens a batch is shown to the partitioner a second time.";
    numbers_batches: since 0 11 0, "KIP-98",
        "Producers can be idempotent and transactional.";
    leases_producer_ids_through_the_controller: since 3 0 0, "KIP-730",
        "A broker asks the controller for its next thousand producer ids; before, it takes them from ZooKeeper itself.";
    bumps_epochs_of_idempotent_producers: since 2 5 0, "KIP-360",
        "A producer whose sequence has a gap raises its own epoch and begins anew; before, it asks for another id and gives up what is in flight.";
    refuses_unknown_producers: until 2 5 0, "KIP-360",
        "A batch of a producer that the leader knows nothing of must begin with sequence 0.";
    forgets_producers_with_their_records: until 2 4 0, "KAFKA-7190",
        "A leader forgets a producer once the last of its records is deleted.";
    bounds_delivery_time: since 2 1 0, "KIP-91",
        "delivery.timeout.ms bounds the time of a record from send() to its success or failure.";
    refuses_too_many_in_flight: since 4 0 0, "KAFKA-17927",
        "More than five requests in flight are refused for an idempotent producer, not quietly made non-idempotent.";
    backs_off_exponentially: since 3 7 0, "KIP-580",
        "Clients double the pause between retries, with jitter; before, it was retry.backoff.ms each time.";
    names_the_new_leader_in_answers: since 3 7 0, "KIP-951",
        "An answer that refuses with NOT_LEADER_OR_FOLLOWER names the new leader.";

    // Groups.
    coordinates_groups_on_brokers: since 0 9 0, "Kafka 0.9",
        "A broker coordinates a group; before, its consumers met in ZooKeeper.";
    heartbeats_in_background: since 0 10 1, "KIP-62",
        "Heartbeats come from a thread of their own, and max.poll.interval.ms watches the application.";
    delays_the_first_rebalance: since 0 11 0, "KIP-134",
        "An empty group waits for more members before its first rebalance.";
    requires_member_ids: since 2 2 0, "KIP-394",
        "A member must come back with the id it was given before it counts.";
    knows_static_members: since 2 3 0, "KIP-345",
        "group.instance.id lets a member come back without a rebalance.";
    rebalances_cooperatively: since 2 4 0, "KIP-429",
        "Members may keep what they own during a rebalance.";
    assigns_on_the_coordinator: since 4 0 0, "KIP-848",
        "group.protocol=consumer lets the coordinator assign.";
    shares_groups: since 4 2 0, "KIP-932",
        "Share groups: several members work on one partition, record by record.";

    // Transactions.
    bumps_epoch_per_transaction: since 4 0 0, "KIP-890",
        "Each transaction has a producer epoch of its own (transaction.version=2).";
}

#[cfg(test)]
mod tests {
    use super::KafkaVersion::{V0_8, V0_9, V2_3, V2_8, V3_9, V4_3};
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn versions_are_called_by_name() {
        for version in KafkaVersion::ALL {
            assert_eq!(KafkaVersion::named(version.name()), Some(version));
            assert_eq!(serde_json::to_string(&version).unwrap(), format!("\"{version}\""));
        }
        assert_eq!(KafkaVersion::named("2.3.1"), Some(V2_3));
        assert_eq!(KafkaVersion::named("0.9.0.1"), Some(V0_9));
        assert_eq!(KafkaVersion::named("2.30"), None);
        assert_eq!(KafkaVersion::named("1.0"), None);
        assert_eq!(
            [Release(0, 8, 2), Release(0, 10, 0), Release(0, 11, 0), Release(4, 0, 0)].map(|r| r.to_string()),
            ["0.8.2", "0.10.0", "0.11", "4.0"]
        );
    }

    /// The fact sheet's matrix (§13), read down its columns.
    #[test]
    fn each_version_can_what_its_release_notes_say() {
        let of = |has: fn(KafkaVersion) -> bool| -> Vec<KafkaVersion> {
            KafkaVersion::ALL.into_iter().filter(|version| has(*version)).collect()
        };
        assert_eq!(of(KafkaVersion::drops_followers_by_message_count), [V0_8]);
        assert_eq!(of(KafkaVersion::truncates_by_leader_epoch), [V2_3, V2_8, V3_9, V4_3]);
        assert_eq!(of(KafkaVersion::truncates_on_fetch), [V2_8, V3_9, V4_3]);
        assert_eq!(of(KafkaVersion::alters_isr_through_controller), [V2_8, V3_9, V4_3]);
        assert_eq!(of(KafkaVersion::keeps_fetch_sessions), [V2_3, V2_8, V3_9, V4_3]);
        assert_eq!(of(KafkaVersion::shards_fetch_sessions), [V3_9, V4_3]);
        assert_eq!(of(KafkaVersion::runs_on_zookeeper), [V0_8, V0_9, V2_3, V2_8, V3_9]);
        assert_eq!(of(KafkaVersion::runs_on_kraft), [V3_9, V4_3]);
        assert_eq!(of(KafkaVersion::pre_votes), [V4_3]);
        assert_eq!(of(KafkaVersion::keeps_eligible_leader_replicas), [V4_3]);
        assert_eq!(of(KafkaVersion::holds_high_watermark_under_min_isr), [V3_9, V4_3]);
        assert_eq!(of(KafkaVersion::turns_keyless_records_round_robin), [V0_8, V0_9, V2_3]);
        assert_eq!(of(KafkaVersion::sticks_keyless_records_by_bytes), [V3_9, V4_3]);
        assert_eq!(of(KafkaVersion::coordinates_groups_on_brokers), [V0_9, V2_3, V2_8, V3_9, V4_3]);
        assert_eq!(of(KafkaVersion::requires_member_ids), [V2_3, V2_8, V3_9, V4_3]);
        assert_eq!(of(KafkaVersion::numbers_batches), [V2_3, V2_8, V3_9, V4_3]);
        assert_eq!(of(KafkaVersion::bumps_epoch_per_transaction), [V4_3]);
    }

    #[test]
    fn capabilities_are_told_once_and_in_whole_sentences() {
        let names: BTreeSet<_> = KafkaVersion::CAPABILITIES.iter().map(|capability| capability.name).collect();
        assert_eq!(names.len(), KafkaVersion::CAPABILITIES.len());
        for capability in KafkaVersion::CAPABILITIES {
            assert!(capability.since.is_some() != capability.until.is_some(), "{}", capability.name);
            assert!(capability.doc.ends_with('.') && !capability.source.is_empty(), "{}", capability.name);
        }
    }
}
