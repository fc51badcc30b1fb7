//! Names of real Kafka keys that have no field here, so that "unknown" is told apart from "not simulated".
//!
//! The lists were gathered from the `ConfigDef`s of Kafka 4.3 and, for what is gone, of 3.9; they hold names only.

use super::key::{Key, Scope};
use super::version::KafkaVersion;
use super::{Problem, ProblemKind, keys};

/// TLS and SASL: the same names for brokers and clients.
const SECURITY: &str = "\
    sasl.client.callback.handler.class sasl.jaas.config sasl.kerberos.kinit.cmd sasl.kerberos.min.time.before.relogin \
    sasl.kerberos.service.name sasl.kerberos.ticket.renew.jitter sasl.kerberos.ticket.renew.window.factor \
    sasl.login.callback.handler.class sasl.login.class sasl.login.connect.timeout.ms sasl.login.read.timeout.ms \
    sasl.login.refresh.buffer.seconds sasl.login.refresh.min.period.seconds sasl.login.refresh.window.factor \
    sasl.login.refresh.window.jitter sasl.login.retry.backoff.max.ms sasl.login.retry.backoff.ms sasl.mechanism \
    sasl.oauthbearer.assertion.algorithm sasl.oauthbearer.assertion.claim.aud \
    sasl.oauthbearer.assertion.claim.exp.seconds sasl.oauthbearer.assertion.claim.iss \
    sasl.oauthbearer.assertion.claim.jti.include sasl.oauthbearer.assertion.claim.nbf.seconds \
    sasl.oauthbearer.assertion.claim.sub sasl.oauthbearer.assertion.file sasl.oauthbearer.assertion.private.key.file \
    sasl.oauthbearer.assertion.private.key.passphrase sasl.oauthbearer.assertion.template.file \
    sasl.oauthbearer.client.credentials.client.id sasl.oauthbearer.client.credentials.client.secret \
    sasl.oauthbearer.clock.skew.seconds sasl.oauthbearer.expected.audience sasl.oauthbearer.expected.issuer \
    sasl.oauthbearer.header.urlencode sasl.oauthbearer.jwks.endpoint.refresh.ms \
    sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms sasl.oauthbearer.jwks.endpoint.retry.backoff.ms \
    sasl.oauthbearer.jwks.endpoint.url sasl.oauthbearer.jwt.retriever.class sasl.oauthbearer.jwt.validator.class \
    sasl.oauthbearer.scope sasl.oauthbearer.scope.claim.name sasl.oauthbearer.sub.claim.name \
    sasl.oauthbearer.token.endpoint.url ssl.cipher.suites ssl.enabled.protocols ssl.endpoint.identification.algorithm \
    ssl.engine.factory.class ssl.key.password ssl.keymanager.algorithm ssl.keystore.certificate.chain ssl.keystore.key \
    ssl.keystore.location ssl.keystore.password ssl.keystore.type ssl.protocol ssl.provider \
    ssl.secure.random.implementation ssl.trustmanager.algorithm ssl.truststore.certificates ssl.truststore.location \
    ssl.truststore.password ssl.truststore.type";

/// Brokers and controllers.
const BROKER: &str = "\
    add.partitions.to.txn.retry.backoff.max.ms add.partitions.to.txn.retry.backoff.ms advertised.listeners \
    alter.config.policy.class.name alter.log.dirs.replication.quota.window.num \
    alter.log.dirs.replication.quota.window.size.seconds authorizer.class.name background.threads \
    client.quota.callback.class compression.gzip.level compression.lz4.level compression.type compression.zstd.level \
    config.providers connection.failed.authentication.delay.ms connections.max.idle.ms connections.max.reauth.ms \
    controller.listener.names controller.performance.always.log.threshold.ms controller.performance.sample.period.ms \
    controller.quorum.auto.join.enable controller.quorum.fetch.max.bytes controller.quorum.fetch.snapshot.max.bytes \
    controller.quota.window.num controller.quota.window.size.seconds controller.socket.timeout.ms cordoned.log.dirs \
    create.topic.policy.class.name delegation.token.expiry.check.interval.ms delegation.token.expiry.time.ms \
    delegation.token.max.lifetime.ms delegation.token.secret.key delete.records.purgatory.purge.interval.requests \
    early.start.listeners fetch.purgatory.purge.interval.requests \
    follower.fetch.last.tiered.offset.enable follower.replication.throttled.rate group.consumer.assignment.interval.ms \
    group.consumer.assignors group.consumer.heartbeat.interval.ms group.consumer.max.assignment.interval.ms \
    group.consumer.max.heartbeat.interval.ms group.consumer.max.session.timeout.ms group.consumer.max.size \
    group.consumer.migration.policy group.consumer.min.assignment.interval.ms group.consumer.min.heartbeat.interval.ms \
    group.consumer.min.session.timeout.ms group.consumer.regex.refresh.interval.ms group.consumer.session.timeout.ms \
    group.coordinator.append.linger.ms group.coordinator.background.threads group.coordinator.cached.buffer.max.bytes \
    group.coordinator.rebalance.protocols group.coordinator.threads group.share.assignment.interval.ms \
    group.share.assignors group.share.delivery.count.limit group.share.heartbeat.interval.ms \
    group.share.initialize.retry.interval.ms group.share.max.assignment.interval.ms \
    group.share.max.delivery.count.limit group.share.max.heartbeat.interval.ms \
    group.share.max.partition.max.record.locks group.share.max.record.lock.duration.ms \
    group.share.max.session.timeout.ms group.share.max.share.sessions group.share.max.size \
    group.share.min.assignment.interval.ms group.share.min.delivery.count.limit group.share.min.heartbeat.interval.ms \
    group.share.min.partition.max.record.locks group.share.min.record.lock.duration.ms \
    group.share.min.session.timeout.ms group.share.partition.max.record.locks group.share.persister.class.name \
    group.share.record.lock.duration.ms group.share.session.timeout.ms group.streams.assignment.interval.ms \
    group.streams.heartbeat.interval.ms group.streams.initial.rebalance.delay.ms \
    group.streams.max.assignment.interval.ms group.streams.max.heartbeat.interval.ms \
    group.streams.max.session.timeout.ms group.streams.max.size group.streams.max.standby.replicas \
    group.streams.min.assignment.interval.ms group.streams.min.heartbeat.interval.ms \
    group.streams.min.session.timeout.ms group.streams.num.standby.replicas group.streams.session.timeout.ms \
    inter.broker.listener.name internal.metadata.delete.delay.millis internal.metadata.log.segment.bytes \
    internal.metadata.max.batch.size.in.bytes kafka.metrics.polling.interval.secs kafka.metrics.reporters \
    leader.replication.throttled.rate listener.security.protocol.map listeners \
    log.cleaner.io.buffer.size \
    log.cleaner.io.max.bytes.per.second log.dir.failure.timeout.ms \
    log.local.retention.bytes log.local.retention.ms log.preallocate max.connection.creation.rate max.connections \
    max.connections.per.ip max.connections.per.ip.overrides \
    max.request.partition.size.limit metadata.log.dir metadata.log.segment.bytes \
    metadata.log.segment.ms metric.reporters metrics.num.samples \
    metrics.recording.level metrics.sample.window.ms num.io.threads num.network.threads \
    num.recovery.threads.per.data.dir num.replica.alter.log.dirs.threads offsets.load.buffer.size \
    offsets.topic.compression.codec principal.builder.class producer.purgatory.purge.interval.requests queued.max.request.bytes queued.max.requests \
    quota.window.num quota.window.size.seconds remote.fetch.max.wait.ms remote.list.offsets.request.timeout.ms \
    remote.log.index.file.cache.total.size.bytes remote.log.index.file.cache.ttl.ms \
    remote.log.manager.copier.thread.pool.size remote.log.manager.copy.max.bytes.per.second \
    remote.log.manager.copy.quota.window.num remote.log.manager.copy.quota.window.size.seconds \
    remote.log.manager.expiration.thread.pool.size remote.log.manager.fetch.max.bytes.per.second \
    remote.log.manager.fetch.quota.window.num remote.log.manager.fetch.quota.window.size.seconds \
    remote.log.manager.follower.thread.pool.size remote.log.manager.task.interval.ms \
    remote.log.manager.task.retry.backoff.max.ms remote.log.manager.task.retry.backoff.ms \
    remote.log.manager.task.retry.jitter remote.log.manager.thread.pool.size remote.log.metadata.consume.wait.ms \
    remote.log.metadata.custom.metadata.max.bytes remote.log.metadata.initialization.retry.interval.ms \
    remote.log.metadata.initialization.retry.max.timeout.ms remote.log.metadata.manager.class.name \
    remote.log.metadata.manager.class.path remote.log.metadata.manager.impl.prefix \
    remote.log.metadata.manager.listener.name remote.log.metadata.topic.min.isr \
    remote.log.metadata.topic.num.partitions remote.log.metadata.topic.replication.factor \
    remote.log.metadata.topic.retention.ms remote.log.reader.max.pending.tasks remote.log.reader.threads \
    remote.log.storage.manager.class.name remote.log.storage.manager.class.path remote.log.storage.manager.impl.prefix \
    remote.log.storage.system.enable replica.alter.log.dirs.io.max.bytes.per.second \
    replica.socket.receive.buffer.bytes replication.quota.window.num replication.quota.window.size.seconds \
    request.timeout.ms sasl.enabled.mechanisms sasl.kerberos.principal.to.local.rules \
    sasl.mechanism.controller.protocol sasl.mechanism.inter.broker.protocol sasl.server.callback.handler.class \
    sasl.server.max.receive.size security.inter.broker.protocol security.providers server.max.startup.time.ms \
    share.coordinator.append.linger.ms share.coordinator.cached.buffer.max.bytes \
    share.coordinator.cold.partition.snapshot.interval.ms share.coordinator.load.buffer.size \
    share.coordinator.snapshot.update.records.per.snapshot share.coordinator.state.topic.compression.codec \
    share.coordinator.state.topic.min.isr share.coordinator.state.topic.num.partitions \
    share.coordinator.state.topic.prune.interval.ms share.coordinator.state.topic.replication.factor \
    share.coordinator.state.topic.segment.bytes share.coordinator.threads share.coordinator.write.timeout.ms \
    share.fetch.purgatory.purge.interval.requests socket.connection.setup.timeout.max.ms \
    socket.connection.setup.timeout.ms socket.listen.backlog.size socket.receive.buffer.bytes socket.request.max.bytes \
    socket.send.buffer.bytes ssl.allow.dn.changes ssl.allow.san.changes ssl.client.auth ssl.principal.mapping.rules \
    telemetry.max.bytes transaction.abort.timed.out.transaction.cleanup.interval.ms transaction.max.timeout.ms \
    transaction.partition.verification.enable transaction.remove.expired.transaction.cleanup.interval.ms \
    transaction.state.log.load.buffer.size transaction.state.log.min.isr transaction.state.log.num.partitions \
    transaction.state.log.replication.factor transaction.state.log.segment.bytes transaction.two.phase.commit.enable \
    transactional.id.expiration.ms unstable.api.versions.enable unstable.feature.versions.enable";

/// Topics.
const TOPIC: &str = "\
    compression.gzip.level compression.lz4.level compression.type compression.zstd.level \
    follower.replication.throttled.replicas leader.replication.throttled.replicas local.retention.bytes \
    local.retention.ms preallocate remote.log.copy.disable remote.log.delete.on.disable \
    remote.storage.enable";

/// Producers and consumers.
const CLIENT: &str = "\
    bootstrap.servers client.dns.lookup config.providers connections.max.idle.ms enable.metrics.push \
    interceptor.classes metadata.recovery.rebootstrap.trigger.ms metadata.recovery.strategy metric.reporters \
    metrics.num.samples metrics.recording.level metrics.sample.window.ms receive.buffer.bytes security.protocol \
    security.providers send.buffer.bytes socket.connection.setup.timeout.max.ms socket.connection.setup.timeout.ms";

/// Producers alone.
const PRODUCER: &str = "\
    compression.gzip.level compression.lz4.level compression.zstd.level key.serializer \
    transaction.two.phase.commit.enable value.serializer";

/// Consumers alone.
const CONSUMER: &str = "\
    check.crcs exclude.internal.topics group.remote.assignor internal.throw.on.fetch.stable.offset.unsupported \
    key.deserializer share.acknowledgement.mode share.acquire.mode value.deserializer";

/// Keys whose full name the user makes up: listeners, plug-ins, config providers.
const PREFIXES: [&str; 5] = ["listener.name.", "rsm.config.", "rlmm.config.", "metrics.jmx.", "config.providers."];

/// Keys of ZooKeeper mode beside those that begin with `zookeeper.`; 3.9 was the last release line to have them.
const ZOOKEEPER_ERA: &str = "\
    alter.config.policy.kraft.compatibility.enable broker.id.generation.enable control.plane.listener.name \
    controlled.shutdown.max.retries controlled.shutdown.retry.backoff.ms inter.broker.protocol.version \
    leader.imbalance.per.broker.percentage password.encoder.cipher.algorithm password.encoder.iterations \
    password.encoder.key.length password.encoder.keyfactory.algorithm password.encoder.old.secret \
    password.encoder.secret reserved.broker.max.id";

/// (scope, key, gone since, what to do instead)
const REMOVED: &[(Scope, &str, &str, &str)] = &[
    (Scope::Broker, "host.name", "3.0", "Write listeners."),
    (Scope::Broker, "port", "3.0", "Write listeners."),
    (Scope::Broker, "advertised.host.name", "3.0", "Write advertised.listeners."),
    (Scope::Broker, "advertised.port", "3.0", "Write advertised.listeners."),
    (Scope::Broker, "quota.producer.default", "3.0", "Set quotas with kafka-configs.sh."),
    (Scope::Broker, "quota.consumer.default", "3.0", "Set quotas with kafka-configs.sh."),
    (Scope::Broker, "log.message.format.version", "4.0", "Take it out: there is one record format now."),
    (Scope::Broker, "log.message.downconversion.enable", "4.0", "Take it out: there is one record format now."),
    (
        Scope::Broker,
        "log.message.timestamp.difference.max.ms",
        "4.0",
        "Write log.message.timestamp.before.max.ms and log.message.timestamp.after.max.ms.",
    ),
    (
        Scope::Broker,
        "offsets.commit.required.acks",
        "4.0",
        "Take it out: commits always wait for all in-sync replicas.",
    ),
    (Scope::Broker, "auto.include.jmx.reporter", "4.0", "Write metric.reporters."),
    (Scope::Broker, "delegation.token.master.key", "4.x", "Write delegation.token.secret.key."),
    (Scope::Broker, "group.coordinator.new.enable", "4.x", "Take it out: there is one group coordinator now."),
    (Scope::Broker, "eligible.leader.replicas.enable", "4.x", "Use the feature eligible.leader.replicas.version."),
    (Scope::Broker, "metadata.log.segment.min.bytes", "4.x", "Write metadata.log.segment.bytes."),
    (Scope::Broker, "group.share.enable", "4.x", "Use the feature share.version."),
    (Scope::Broker, "group.share.max.groups", "4.x", "Take it out."),
    (Scope::Topic, "message.format.version", "4.0", "Take it out: there is one record format now."),
    (Scope::Topic, "message.downconversion.enable", "4.0", "Take it out: there is one record format now."),
    (
        Scope::Topic,
        "message.timestamp.difference.max.ms",
        "4.0",
        "Write message.timestamp.before.max.ms and message.timestamp.after.max.ms.",
    ),
    (Scope::Producer, "metadata.broker.list", "2.0", "Write bootstrap.servers."),
    (Scope::Producer, "request.required.acks", "2.0", "Write acks."),
    (Scope::Producer, "producer.type", "2.0", "Take it out: every producer sends in the background now."),
    (Scope::Producer, "serializer.class", "2.0", "Write value.serializer."),
    (Scope::Producer, "key.serializer.class", "2.0", "Write key.serializer."),
    (Scope::Producer, "message.send.max.retries", "2.0", "Write retries."),
    (Scope::Producer, "queue.buffering.max.ms", "2.0", "Write linger.ms."),
    (Scope::Producer, "queue.buffering.max.messages", "2.0", "Write buffer.memory."),
    (Scope::Producer, "batch.num.messages", "2.0", "Write batch.size, which counts bytes."),
    (Scope::Producer, "compression.codec", "2.0", "Write compression.type."),
    (Scope::Producer, "auto.include.jmx.reporter", "4.0", "Write metric.reporters."),
    (Scope::Consumer, "auto.commit.enable", "2.0", "Write enable.auto.commit."),
    (Scope::Consumer, "fetch.message.max.bytes", "2.0", "Write max.partition.fetch.bytes."),
    (Scope::Consumer, "fetch.wait.max.ms", "2.0", "Write fetch.max.wait.ms."),
    (Scope::Consumer, "rebalance.max.retries", "2.0", "Take it out: the coordinator leads rebalances now."),
    (Scope::Consumer, "rebalance.backoff.ms", "2.0", "Take it out: the coordinator leads rebalances now."),
    (Scope::Consumer, "offsets.storage", "2.0", "Take it out: offsets are kept in __consumer_offsets."),
    (Scope::Consumer, "dual.commit.enabled", "2.0", "Take it out: offsets are kept in __consumer_offsets."),
    (Scope::Consumer, "consumer.timeout.ms", "2.0", "Give poll() a time limit in the program."),
    (Scope::Consumer, "num.consumer.fetchers", "2.0", "Take it out."),
    (Scope::Consumer, "auto.include.jmx.reporter", "4.0", "Write metric.reporters."),
    (Scope::Consumer, "internal.leave.group.on.close", "4.x", "Say so when closing the consumer."),
];

/// Topic keys that a broker knows under another name (`ServerTopicConfigSynonyms`), and that name.
const BROKER_NAMES: &[(&str, &str)] = &[
    ("cleanup.policy", "log.cleanup.policy"),
    ("delete.retention.ms", "log.cleaner.delete.retention.ms"),
    ("file.delete.delay.ms", "log.segment.delete.delay.ms"),
    ("flush.messages", "log.flush.interval.messages"),
    ("flush.ms", "log.flush.interval.ms"),
    ("index.interval.bytes", "log.index.interval.bytes"),
    ("max.compaction.lag.ms", "log.cleaner.max.compaction.lag.ms"),
    ("max.message.bytes", "message.max.bytes"),
    ("message.timestamp.after.max.ms", "log.message.timestamp.after.max.ms"),
    ("message.timestamp.before.max.ms", "log.message.timestamp.before.max.ms"),
    ("message.timestamp.type", "log.message.timestamp.type"),
    ("min.cleanable.dirty.ratio", "log.cleaner.min.cleanable.ratio"),
    ("min.compaction.lag.ms", "log.cleaner.min.compaction.lag.ms"),
    ("preallocate", "log.preallocate"),
    ("retention.bytes", "log.retention.bytes"),
    ("retention.ms", "log.retention.ms"),
    ("segment.bytes", "log.segment.bytes"),
    ("segment.index.bytes", "log.index.size.max.bytes"),
    ("segment.jitter.ms", "log.roll.jitter.ms"),
    ("segment.ms", "log.roll.ms"),
];

/// The broker's key behind a topic's (`ServerTopicConfigSynonyms.serverSynonym`).
#[must_use]
pub fn server_synonym(topic_key: &str) -> Option<&'static str> {
    let renamed = BROKER_NAMES.iter().find(|(topic, _)| *topic == topic_key).map(|pair| pair.1);
    renamed.or_else(|| super::BrokerConfig::key(topic_key).map(|key| key.name))
}

/// The keys that say the same thing, the one that wins first (`DynamicBrokerConfig.brokerConfigSynonyms`).
#[must_use]
pub fn broker_synonyms(key: &str) -> Vec<&str> {
    let families: [&[&'static str]; 4] = [
        &["log.roll.ms", "log.roll.hours"],
        &["log.roll.jitter.ms", "log.roll.jitter.hours"],
        &["log.retention.ms", "log.retention.minutes", "log.retention.hours"],
        &["log.flush.interval.ms", "log.flush.scheduler.interval.ms"],
    ];
    // The scheduler's interval is only the default of the other one, not its equal.
    let found = families.into_iter().find(|names| names.contains(&key) && key != "log.flush.scheduler.interval.ms");
    found.map_or_else(|| vec![key], <[&str]>::to_vec)
}

/// How a name stands to Kafka and to the simulator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Honoured,
    /// Real, but nothing acts on it.
    NotSimulated,
    ZooKeeperEra,
    Removed {
        since: &'static str,
        instead: &'static str,
    },
    /// Real, but of another scope; `here` is its name in the scope that was asked for.
    Elsewhere {
        scope: Scope,
        here: Option<&'static str>,
    },
    /// `nearest` is the real name it comes closest to, if any is close.
    Unknown {
        nearest: Option<&'static str>,
    },
}

/// Looks a name up.
#[must_use]
pub fn standing(scope: Scope, name: &str) -> Standing {
    if let Some(key) = keys(scope).iter().find(|key| key.name == name) {
        return if key.honoured { Standing::Honoured } else { Standing::NotSimulated };
    }
    let made_up = scope != Scope::Topic && PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    if made_up || names(scope).any(|known| known == name) {
        return Standing::NotSimulated;
    }
    let server = scope == Scope::Broker;
    if name.starts_with("zookeeper.") || (server && ZOOKEEPER_ERA.split_whitespace().any(|known| known == name)) {
        return Standing::ZooKeeperEra;
    }
    if let Some((.., since, instead)) = REMOVED.iter().find(|(of, key, ..)| *of == scope && *key == name) {
        return Standing::Removed { since, instead };
    }
    let elsewhere =
        |other: &Scope| keys(*other).iter().any(|key| key.name == name) || names(*other).any(|known| known == name);
    if let Some(other) = Scope::ALL.into_iter().find(elsewhere) {
        let pair = match (scope, other) {
            (Scope::Broker, Scope::Topic) => BROKER_NAMES.iter().find(|(topic, _)| *topic == name).map(|pair| pair.1),
            (Scope::Topic, Scope::Broker) => BROKER_NAMES.iter().find(|(_, broker)| *broker == name).map(|pair| pair.0),
            _ => None,
        };
        return Standing::Elsewhere { scope: other, here: pair };
    }
    Standing::Unknown { nearest: nearest(scope, name) }
}

/// What to say of a key that has no field in the scope's table.
pub(super) fn stranger(scope: Scope, name: &str) -> Problem {
    match standing(scope, name) {
        Standing::Honoured | Standing::NotSimulated => not_simulated(name),
        Standing::ZooKeeperEra => zookeeper_era(name),
        Standing::Removed { since, instead } => {
            Problem::new(ProblemKind::Removed, name, format!("{name} is gone since Kafka {since}."), instead)
        }
        Standing::Elsewhere { scope: other, here } => {
            let mend = match here {
                Some(here) => format!("In this place write {here}."),
                None => format!("Set it on a {other}."),
            };
            let what = format!("{name} is a key of a {other}, not of a {scope}.");
            Problem::new(ProblemKind::Unknown, name, what, mend)
        }
        Standing::Unknown { nearest } => {
            let mend = match nearest {
                Some(nearest) => format!("Did you mean {nearest}?"),
                None => "Check the spelling; Kafka itself would ignore it with a warning in its log.".to_owned(),
            };
            let what = format!("Kafka has no {scope} key named {name}.");
            Problem::new(ProblemKind::Unknown, name, what, mend)
        }
    }
}

pub(super) fn not_simulated(name: &str) -> Problem {
    Problem::new(
        ProblemKind::NotSimulated,
        name,
        format!("Kafka knows {name}, but the simulator does not act on it yet."),
        "Leave it as it is: it changes nothing here.",
    )
}

/// Kafka ignores a key that it does not know, with a warning in its log.
pub(super) fn not_yet(key: &Key, version: KafkaVersion) -> Problem {
    let since = key.since().map(|since| since.to_string()).unwrap_or_default();
    Problem::new(
        ProblemKind::NotYet,
        key.name,
        format!("{} came with Kafka {since}; {version} logs a warning and goes on without it.", key.name),
        format!("Take it out, or run Kafka {since} or later."),
    )
}

/// A key of the table that had gone by this version.
pub(super) fn gone(key: &Key) -> Problem {
    let (since, instead) = key.departed().expect("asked for keys that have gone");
    Problem::new(ProblemKind::Removed, key.name, format!("{} is gone since Kafka {since}.", key.name), instead)
}

fn zookeeper_era(name: &str) -> Problem {
    let mend = if name == "zookeeper.connect" {
        "Write process.roles, node.id and controller.quorum.voters or controller.quorum.bootstrap.servers instead."
    } else {
        "Take it out."
    };
    let what =
        format!("{name} belongs to ZooKeeper mode, which Kafka 4.0 removed and which the simulator does not have yet.");
    Problem::new(ProblemKind::ZooKeeperEra, name, what, mend)
}

/// The names without a field, by scope.
fn names(scope: Scope) -> impl Iterator<Item = &'static str> {
    let lists: [&'static str; 3] = match scope {
        Scope::Broker => [BROKER, SECURITY, ""],
        Scope::Topic => [TOPIC, "", ""],
        Scope::Producer => [PRODUCER, CLIENT, SECURITY],
        Scope::Consumer => [CONSUMER, CLIENT, SECURITY],
        Scope::OldConsumer => ["", "", ""],
    };
    lists.into_iter().flat_map(str::split_whitespace)
}

/// The real name that takes the fewest changes of a letter, if that is at most one in five (and never more than four).
fn nearest(scope: Scope, name: &str) -> Option<&'static str> {
    let folded = name.to_lowercase().replace(['_', '-', ' '], ".");
    let limit = (folded.chars().count() / 5).clamp(1, 4);
    keys(scope)
        .iter()
        .map(|key| key.name)
        .chain(names(scope))
        .map(|known| (distance(&folded, known), known))
        .filter(|(changes, _)| *changes <= limit)
        .min_by_key(|(changes, _)| *changes)
        .map(|(_, known)| known)
}

/// Levenshtein's distance: letters put in, left out or replaced.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, other) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_name_stands_in_two_lists() {
        for scope in Scope::ALL {
            let mut seen: BTreeSet<&str> = keys(scope).iter().map(|key| key.name).collect();
            for name in names(scope) {
                assert!(seen.insert(name), "{scope}: {name}");
            }
            for (_, name, ..) in REMOVED.iter().filter(|(of, ..)| *of == scope) {
                assert!(seen.insert(name), "{scope}: {name}");
            }
        }
    }

    #[test]
    fn synonyms_name_real_keys() {
        for (topic, broker) in BROKER_NAMES {
            let real = |scope, name| matches!(standing(scope, name), Standing::Honoured | Standing::NotSimulated);
            assert!(real(Scope::Topic, topic) && real(Scope::Broker, broker), "{topic} {broker}");
        }
    }

    #[test]
    fn standings() {
        for (scope, name, expected) in [
            (Scope::Broker, "num.partitions", Standing::Honoured),
            (Scope::Broker, "num.io.threads", Standing::NotSimulated),
            (Scope::Broker, "listener.name.external.ssl.keystore.location", Standing::NotSimulated),
            (Scope::Broker, "zookeeper.connect", Standing::ZooKeeperEra),
            (Scope::Broker, "inter.broker.protocol.version", Standing::ZooKeeperEra),
            (Scope::Consumer, "zookeeper.connect", Standing::ZooKeeperEra),
            (
                Scope::Broker,
                "retention.ms",
                Standing::Elsewhere { scope: Scope::Topic, here: Some("log.retention.ms") },
            ),
            (
                Scope::Topic,
                "log.segment.bytes",
                Standing::Elsewhere { scope: Scope::Broker, here: Some("segment.bytes") },
            ),
            (Scope::Broker, "acks", Standing::Elsewhere { scope: Scope::Producer, here: None }),
            (Scope::Producer, "enable.idempotence", Standing::Honoured),
            (Scope::Producer, "key.serializer", Standing::NotSimulated),
            (Scope::Producer, "linger_ms", Standing::Unknown { nearest: Some("linger.ms") }),
            (Scope::Producer, "buffermemory", Standing::Unknown { nearest: Some("buffer.memory") }),
            (Scope::Broker, "min.in.sync.replicas", Standing::Unknown { nearest: Some("min.insync.replicas") }),
            (Scope::Consumer, "session.timeout", Standing::Unknown { nearest: Some("session.timeout.ms") }),
            (Scope::Consumer, "wibble", Standing::Unknown { nearest: None }),
        ] {
            assert_eq!(standing(scope, name), expected, "{scope} {name}");
        }
        assert!(matches!(standing(Scope::Consumer, "auto.commit.enable"), Standing::Removed { since: "2.0", .. }));
    }

    #[test]
    fn distances() {
        // The textbook pairs.
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("saturday", "sunday"), 3);
        assert_eq!(distance("", "abc"), 3);
    }
}
