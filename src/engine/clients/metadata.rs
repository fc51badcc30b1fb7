//! What a client knows of the cluster (`org.apache.kafka.clients.Metadata`): brokers, topics, who leads what.
//!
//! It is a copy, and copies age. Nobody tells a client of an election: it notices by an error, asks again, and until
//! the answer comes it believes in the old leader. Two rules keep that honest. A leader epoch never goes back: an
//! answer from a broker that lags behind the cluster cannot undo what a better informed one has said. And asking is
//! rationed: not before `retry.backoff.ms` after the last answer, longer while answers fail or bring nothing new.

use std::collections::{BTreeMap, BTreeSet};

use super::backoff::ExponentialBackoff;
use super::network_client::NetworkClient;
use crate::engine::Ctx;
use crate::engine::common::{BrokerId, ErrorCode, LeaderEpoch, PartitionId, Rng, Span, Time, TopicId, TopicPartition};
use crate::engine::protocol::{
    LeaderHint, MetadataRequest, MetadataResponse, PartitionMetadata, TopicMetadata, TopicName, TopicsAsked,
};

/// The settings of a client that concern its metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MetadataConfig {
    /// `metadata.max.age.ms`.
    pub max_age: Span,
    /// `retry.backoff.ms`.
    pub refresh_backoff: Span,
    /// `retry.backoff.max.ms`.
    pub refresh_backoff_max: Span,
    /// A consumer's `allow.auto.create.topics`; producers always allow it, and the broker has the last word.
    pub allow_auto_topic_creation: bool,
}

impl Default for MetadataConfig {
    fn default() -> Self {
        Self {
            max_age: Span::secs(300),
            refresh_backoff: Span::millis(100),
            refresh_backoff_max: Span::secs(1),
            allow_auto_topic_creation: true,
        }
    }
}

/// One topic as the client knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownTopic {
    pub id: TopicId,
    /// In order, from 0.
    pub partitions: Vec<PartitionMetadata>,
}

/// What one client believes about the cluster, and when it may ask again.
#[derive(Clone, Debug)]
pub struct ClientMetadata {
    config: MetadataConfig,
    bootstrap: Vec<BrokerId>,
    wanted: BTreeSet<TopicName>,
    brokers: Vec<BrokerId>,
    topics: BTreeMap<TopicName, KnownTopic>,
    names: BTreeMap<TopicId, TopicName>,
    errors: BTreeMap<TopicName, ErrorCode>,
    /// The newest epoch heard of, which outlives the topic's entry and may run ahead of it.
    last_seen_epochs: BTreeMap<TopicPartition, LeaderEpoch>,
    refresh: Refresh,
}

/// When to ask, and when not.
#[derive(Clone, Debug)]
struct Refresh {
    requested: bool,
    /// Topics were added after the request in progress had been written.
    incomplete: bool,
    in_progress: bool,
    /// Failures in a row.
    attempts: u32,
    /// Answers in a row that brought nothing new.
    equivalent_responses: u32,
    last: Option<Time>,
    last_successful: Option<Time>,
    /// Pauses after `last`, drawn when it was set.
    pause: Span,
    equivalent_pause: Span,
}

impl ClientMetadata {
    /// Knows nothing yet but where to ask: `bootstrap.servers`.
    #[must_use]
    pub fn new(bootstrap: Vec<BrokerId>, config: MetadataConfig) -> Self {
        let refresh = Refresh {
            requested: true,
            incomplete: false,
            in_progress: false,
            attempts: 0,
            equivalent_responses: 0,
            last: None,
            last_successful: None,
            pause: Span::ZERO,
            equivalent_pause: Span::ZERO,
        };
        Self {
            config,
            brokers: bootstrap.clone(),
            bootstrap,
            wanted: BTreeSet::new(),
            topics: BTreeMap::new(),
            names: BTreeMap::new(),
            errors: BTreeMap::new(),
            last_seen_epochs: BTreeMap::new(),
            refresh,
        }
    }

    // ---- asking ----------------------------------------------------------------------------------------------

    /// From now on the client wants to know this topic. A new one is asked for at once, whatever the back-off says
    /// (`Metadata.requestUpdateForNewTopics`); but if a request is under way, the next one follows its answer only
    /// after the usual pause, which is why a producer's very first `send()` may take 100 ms.
    pub fn add_topic(&mut self, topic: &TopicName) {
        if self.wanted.insert(topic.clone()) {
            self.refresh.requested = true;
            self.refresh.incomplete = true;
            self.refresh.pause = Span::ZERO;
            self.refresh.no_longer_equivalent();
        }
    }

    /// Something seems wrong: ask again as soon as the back-off allows (`requestUpdate(false)`).
    pub fn request_update(&mut self) {
        self.refresh.requested = true;
    }

    /// Asks if it is time, of whoever is least loaded. Answers when to come back, or `None` while a request is under
    /// way. (`NetworkClient.DefaultMetadataUpdater.maybeUpdate`.)
    pub fn poll<P>(&mut self, ctx: &mut Ctx<'_>, network: &mut NetworkClient<P>, purpose: P) -> Option<Time> {
        let due = self.next_update_at(ctx.now())?;
        if due > ctx.now() {
            return Some(due);
        }
        let now = ctx.now();
        if self.brokers.iter().all(|broker| network.backing_off_until(*broker, now).is_some()) {
            self.rebootstrap();
        }
        let Some(broker) = network.least_loaded(&self.brokers, now, ctx.rng()) else {
            let soonest = self.brokers.iter().filter_map(|broker| network.backing_off_until(*broker, now)).min();
            // Otherwise all connections are full; an answer will come first.
            return Some(soonest.unwrap_or(now + Span::millis(50)));
        };
        let request = self.begin_update();
        network.send(ctx, broker, request, purpose);
        None
    }

    /// When the next request is due; `None` while one is under way.
    #[must_use]
    pub fn next_update_at(&self, now: Time) -> Option<Time> {
        let refresh = &self.refresh;
        if refresh.in_progress {
            return None;
        }
        let expires = refresh.last_successful.map_or(now, |last| last + self.config.max_age);
        let wanted = if refresh.requested { now } else { expires };
        // Metadata that is merely old is not a sign of trouble.
        let equivalent_pause = if expires <= now { Span::ZERO } else { refresh.equivalent_pause };
        let allowed = refresh.last.map_or(now, |last| last + refresh.pause.max(equivalent_pause));
        Some(wanted.max(allowed).max(now))
    }

    /// Is it time to ask?
    #[must_use]
    pub fn needs_update(&self, now: Time) -> bool {
        self.next_update_at(now).is_some_and(|due| due <= now)
    }

    /// The request to send now.
    pub fn begin_update(&mut self) -> MetadataRequest {
        assert!(!self.refresh.in_progress, "one metadata request at a time");
        self.refresh.in_progress = true;
        self.refresh.incomplete = false;
        MetadataRequest {
            topics: TopicsAsked::Named(self.wanted.iter().cloned().collect()),
            allow_auto_topic_creation: self.config.allow_auto_topic_creation,
        }
    }

    /// The request got no answer (`Metadata.failedUpdate`). What is known stays.
    pub fn update_failed(&mut self, now: Time, rng: &mut Rng) {
        let refresh = &mut self.refresh;
        refresh.in_progress = false;
        refresh.requested = true;
        refresh.last = Some(now);
        refresh.pause = backoff(self.config).after(refresh.attempts, rng);
        refresh.attempts = refresh.attempts.saturating_add(1);
        refresh.no_longer_equivalent();
    }

    /// Nobody known can be reached, so the client starts over with what it was configured with
    /// (KIP-899, `metadata.recovery.strategy=rebootstrap`, the default since 4.0).
    fn rebootstrap(&mut self) {
        self.brokers.clone_from(&self.bootstrap);
        self.topics.clear();
        self.refresh.requested = true;
    }

    // ---- learning --------------------------------------------------------------------------------------------

    /// Takes in an answer (`Metadata.update`).
    pub fn apply(&mut self, now: Time, response: &MetadataResponse, rng: &mut Rng) {
        let refresh = &mut self.refresh;
        refresh.in_progress = false;
        refresh.requested = refresh.incomplete;
        refresh.attempts = 0;
        refresh.last = Some(now);
        refresh.last_successful = Some(now);
        refresh.pause = backoff(self.config).after(0, rng);
        refresh.equivalent_responses = refresh.equivalent_responses.saturating_add(1);

        self.brokers.clone_from(&response.brokers);
        let mut before = std::mem::take(&mut self.topics);
        self.errors.clear();
        for topic in &response.topics {
            if self.wanted.contains(&topic.name) {
                self.apply_topic(topic, before.remove(&topic.name));
            }
        }

        let refresh = &mut self.refresh;
        refresh.equivalent_pause = match refresh.equivalent_responses.checked_sub(1) {
            Some(earlier) => backoff(self.config).after(earlier, rng),
            None => Span::ZERO,
        };
    }

    fn apply_topic(&mut self, topic: &TopicMetadata, before: Option<KnownTopic>) {
        match &topic.outcome {
            Err(error) => {
                self.errors.insert(topic.name.clone(), *error);
                self.refresh.requested |= error.refreshes_metadata();
            }
            Ok((id, partitions)) => {
                self.names.insert(*id, topic.name.clone());
                let before = before.filter(|known| known.id == *id);
                let partitions =
                    partitions.iter().map(|told| self.newer(*id, told, before.as_ref())).collect::<Vec<_>>();
                // LEADER_NOT_AVAILABLE: an election is under way, so ask again.
                self.refresh.requested |= partitions.iter().any(|partition| partition.leader.is_none());
                self.topics.insert(topic.name.clone(), KnownTopic { id: *id, partitions });
            }
        }
    }

    /// What to believe of a partition: what was just told, unless something newer was known
    /// (`Metadata.updateLatestMetadata`).
    fn newer(&mut self, topic: TopicId, told: &PartitionMetadata, before: Option<&KnownTopic>) -> PartitionMetadata {
        let key = TopicPartition { topic, partition: told.partition };
        let last_seen = self.last_seen_epochs.get(&key).copied();
        if last_seen.is_some_and(|epoch| told.leader_epoch < epoch) {
            let known = before.and_then(|known| find(known, told.partition));
            // Nothing cached to fall back on: all that is known is that the leader told of is one of the past.
            return known.cloned().unwrap_or_else(|| PartitionMetadata { leader: None, ..told.clone() });
        }
        if last_seen.is_none_or(|epoch| told.leader_epoch > epoch) {
            self.refresh.no_longer_equivalent();
        }
        self.last_seen_epochs.insert(key, told.leader_epoch);
        told.clone()
    }

    /// An error brought the new leader's name with it (KIP-951, `Metadata.updatePartitionLeadership`). True if that
    /// was news.
    pub fn apply_hint(&mut self, partition: TopicPartition, hint: LeaderHint) -> bool {
        let known_epoch = self.last_seen_epochs.get(&partition).copied();
        if known_epoch.is_some_and(|epoch| hint.leader_epoch <= epoch) {
            return false;
        }
        let Some(known) = self.partition_mut(partition) else { return false };
        known.leader = Some(hint.leader);
        known.leader_epoch = hint.leader_epoch;
        self.last_seen_epochs.insert(partition, hint.leader_epoch);
        // The answer carries the leader's address, too.
        if let Err(place) = self.brokers.binary_search(&hint.leader) {
            self.brokers.insert(place, hint.leader);
        }
        true
    }

    /// Some answer mentioned a leader epoch. If it is newer than what is known, the known leader is not trusted any
    /// more and an update is due (`Metadata.updateLastSeenEpochIfNewer`).
    pub fn note_leader_epoch(&mut self, partition: TopicPartition, epoch: LeaderEpoch) -> bool {
        match self.last_seen_epochs.get_mut(&partition) {
            Some(last_seen) if *last_seen < epoch => {
                *last_seen = epoch;
                self.refresh.requested = true;
                true
            }
            _ => false,
        }
    }

    fn partition_mut(&mut self, id: TopicPartition) -> Option<&mut PartitionMetadata> {
        let known = self.topics.get_mut(self.names.get(&id.topic)?).filter(|known| known.id == id.topic)?;
        known.partitions.iter_mut().find(|partition| partition.partition == id.partition)
    }

    // ---- looking in ------------------------------------------------------------------------------------------

    /// Whom it could ask: the brokers of the last answer, or the bootstrap list.
    #[must_use]
    pub fn brokers(&self) -> &[BrokerId] {
        &self.brokers
    }

    #[must_use]
    pub fn topic(&self, name: &str) -> Option<&KnownTopic> {
        self.topics.get(name)
    }

    /// Topics known, by name.
    pub fn topics(&self) -> impl Iterator<Item = (&TopicName, &KnownTopic)> {
        self.topics.iter()
    }

    /// Topics asked for, known or not.
    pub fn wanted(&self) -> impl Iterator<Item = &TopicName> {
        self.wanted.iter()
    }

    /// The name behind an id that was heard of at some time.
    #[must_use]
    pub fn topic_name(&self, id: TopicId) -> Option<&TopicName> {
        self.names.get(&id)
    }

    /// Why the last answer said nothing about this topic.
    #[must_use]
    pub fn error(&self, name: &str) -> Option<ErrorCode> {
        self.errors.get(name).copied()
    }

    /// One partition as told, whether or not that is still trusted.
    #[must_use]
    pub fn partition(&self, id: TopicPartition) -> Option<&PartitionMetadata> {
        find(self.topics.get(self.names.get(&id.topic)?).filter(|known| known.id == id.topic)?, id.partition)
    }

    /// The leader, as far as this client knows; `None` also if a newer epoch has been heard of
    /// (`Metadata.currentLeader`).
    #[must_use]
    pub fn leader(&self, id: TopicPartition) -> Option<(BrokerId, LeaderEpoch)> {
        let known = self.partition(id)?;
        let is_current = self.last_seen_epochs.get(&id).is_none_or(|epoch| *epoch == known.leader_epoch);
        known.leader.filter(|_| is_current).map(|leader| (leader, known.leader_epoch))
    }

    /// The newest leader epoch heard of.
    #[must_use]
    pub fn last_seen_epoch(&self, id: TopicPartition) -> Option<LeaderEpoch> {
        self.last_seen_epochs.get(&id).copied()
    }

    /// When the last answer came; `None` before the first.
    #[must_use]
    pub fn last_refreshed(&self) -> Option<Time> {
        self.refresh.last_successful
    }

    /// Does the client itself know that what it knows is out of date?
    #[must_use]
    pub fn is_update_requested(&self) -> bool {
        self.refresh.requested
    }

    /// Is a request under way?
    #[must_use]
    pub fn is_update_in_progress(&self) -> bool {
        self.refresh.in_progress
    }
}

impl Refresh {
    fn no_longer_equivalent(&mut self) {
        self.equivalent_responses = 0;
        self.equivalent_pause = Span::ZERO;
    }
}

fn backoff(config: MetadataConfig) -> ExponentialBackoff {
    ExponentialBackoff::new(config.refresh_backoff, config.refresh_backoff_max)
}

fn find(topic: &KnownTopic, partition: PartitionId) -> Option<&PartitionMetadata> {
    topic.partitions.iter().find(|known| known.partition == partition)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOPIC: TopicId = TopicId(7);
    const P0: TopicPartition = TopicPartition { topic: TOPIC, partition: PartitionId(0) };

    fn at(millis: u64) -> Time {
        Time::ZERO + Span::millis(millis)
    }

    fn orders() -> TopicName {
        TopicName::from("orders")
    }

    fn metadata() -> ClientMetadata {
        let mut metadata = ClientMetadata::new(vec![BrokerId(1)], MetadataConfig::default());
        metadata.add_topic(&orders());
        metadata
    }

    /// An answer about `orders` with one partition.
    fn answer(topic: TopicId, leader: Option<u32>, epoch: u32) -> MetadataResponse {
        let partition = PartitionMetadata {
            partition: PartitionId(0),
            leader: leader.map(BrokerId),
            leader_epoch: LeaderEpoch(epoch),
            replicas: vec![BrokerId(1), BrokerId(2)],
            isr: vec![BrokerId(1), BrokerId(2)],
            offline: Vec::new(),
        };
        let topic = TopicMetadata { name: orders(), outcome: Ok((topic, vec![partition])) };
        MetadataResponse { brokers: vec![BrokerId(1), BrokerId(2)], controller: None, topics: vec![topic] }
    }

    fn refused(error: ErrorCode) -> MetadataResponse {
        MetadataResponse {
            brokers: vec![BrokerId(1), BrokerId(2)],
            controller: None,
            topics: vec![TopicMetadata { name: orders(), outcome: Err(error) }],
        }
    }

    fn tell(metadata: &mut ClientMetadata, now: Time, response: &MetadataResponse) {
        metadata.begin_update();
        metadata.apply(now, response, &mut Rng::from_seed(now.0));
    }

    #[test]
    fn an_older_epoch_does_not_undo_a_newer_one() {
        let mut metadata = metadata();
        tell(&mut metadata, at(0), &answer(TOPIC, Some(2), 5));
        assert_eq!(metadata.leader(P0), Some((BrokerId(2), LeaderEpoch(5))));
        // A broker that lags behind still names the old leader.
        tell(&mut metadata, at(1_000), &answer(TOPIC, Some(1), 4));
        assert_eq!(metadata.leader(P0), Some((BrokerId(2), LeaderEpoch(5))));
        // The same epoch and a newer one are taken.
        tell(&mut metadata, at(2_000), &answer(TOPIC, None, 5));
        assert_eq!(metadata.leader(P0), None);
        tell(&mut metadata, at(3_000), &answer(TOPIC, Some(1), 6));
        assert_eq!(metadata.leader(P0), Some((BrokerId(1), LeaderEpoch(6))));
    }

    #[test]
    fn a_topic_made_anew_starts_its_epochs_anew() {
        let mut metadata = metadata();
        tell(&mut metadata, at(0), &answer(TOPIC, Some(2), 5));
        tell(&mut metadata, at(1_000), &answer(TopicId(8), Some(1), 0));
        assert_eq!(metadata.leader(TopicPartition::new(TopicId(8), 0)), Some((BrokerId(1), LeaderEpoch(0))));
        assert_eq!(metadata.leader(P0), None);
        assert_eq!(metadata.topic_name(TOPIC), Some(&orders()));
    }

    #[test]
    fn a_hint_counts_only_if_it_is_newer() {
        let mut metadata = metadata();
        assert!(!metadata.apply_hint(P0, LeaderHint { leader: BrokerId(3), leader_epoch: LeaderEpoch(9) }));
        tell(&mut metadata, at(0), &answer(TOPIC, Some(2), 5));
        assert!(!metadata.apply_hint(P0, LeaderHint { leader: BrokerId(1), leader_epoch: LeaderEpoch(5) }));
        assert!(metadata.apply_hint(P0, LeaderHint { leader: BrokerId(3), leader_epoch: LeaderEpoch(6) }));
        assert_eq!(metadata.leader(P0), Some((BrokerId(3), LeaderEpoch(6))));
        assert_eq!(metadata.brokers(), [1, 2, 3].map(BrokerId));
        // And it stands against a lagging answer as any other epoch does.
        tell(&mut metadata, at(1_000), &answer(TOPIC, Some(2), 5));
        assert_eq!(metadata.leader(P0), Some((BrokerId(3), LeaderEpoch(6))));
    }

    #[test]
    fn a_newer_epoch_from_elsewhere_casts_doubt_on_the_leader() {
        let mut metadata = metadata();
        tell(&mut metadata, at(0), &answer(TOPIC, Some(2), 5));
        assert!(!metadata.note_leader_epoch(P0, LeaderEpoch(5)) && !metadata.is_update_requested());
        assert!(metadata.note_leader_epoch(P0, LeaderEpoch(6)) && metadata.is_update_requested());
        assert_eq!(metadata.leader(P0), None);
        assert_eq!(metadata.partition(P0).unwrap().leader, Some(BrokerId(2)));
    }

    #[test]
    fn it_is_refreshed_when_old_and_when_asked_but_not_too_often() {
        let mut metadata = metadata();
        assert!(metadata.needs_update(at(0)));
        metadata.begin_update();
        assert_eq!(metadata.next_update_at(at(0)), None, "one request at a time");
        let mut rng = Rng::from_seed(1);
        metadata.apply(at(10), &answer(TOPIC, Some(1), 0), &mut rng);
        // metadata.max.age.ms=300000.
        assert_eq!(metadata.next_update_at(at(11)), Some(at(300_010)));
        metadata.request_update();
        // retry.backoff.ms=100 with ±20 %.
        let due = metadata.next_update_at(at(11)).unwrap();
        assert!((at(90)..=at(130)).contains(&due), "{due}");
    }

    #[test]
    fn failures_and_answers_without_news_slow_it_down() {
        let mut failing = metadata();
        let mut rng = Rng::from_seed(1);
        for expected in [100, 200, 400, 800] {
            failing.begin_update();
            failing.update_failed(at(0), &mut rng);
            let pause = failing.next_update_at(at(0)).unwrap().since(at(0));
            assert!((expected * 800..=expected * 1_200).contains(&pause.0), "{pause} after {expected} ms");
        }
        // A new topic does not wait for that.
        failing.add_topic(&TopicName::from("payments"));
        assert!(failing.needs_update(at(0)));

        let mut stuck = metadata();
        tell(&mut stuck, at(0), &answer(TOPIC, None, 3));
        for expected in [100, 200, 400, 800] {
            tell(&mut stuck, at(0), &answer(TOPIC, None, 3));
            let pause = stuck.next_update_at(at(0)).unwrap().since(at(0));
            assert!((expected * 800..=expected * 1_200).contains(&pause.0), "{pause} after {expected} ms");
        }
        tell(&mut stuck, at(0), &answer(TOPIC, Some(1), 4));
        stuck.request_update();
        assert!(stuck.next_update_at(at(0)).unwrap() <= at(120));
    }

    #[test]
    fn an_unknown_topic_is_asked_for_again() {
        let mut metadata = metadata();
        tell(&mut metadata, at(0), &refused(ErrorCode::UnknownTopicOrPartition));
        assert_eq!(metadata.error("orders"), Some(ErrorCode::UnknownTopicOrPartition));
        assert!(metadata.is_update_requested() && metadata.topic("orders").is_none());
        tell(&mut metadata, at(1_000), &refused(ErrorCode::InvalidTopic));
        assert!(!metadata.is_update_requested());
        tell(&mut metadata, at(2_000), &answer(TOPIC, Some(1), 0));
        assert_eq!((metadata.error("orders"), metadata.topic("orders").unwrap().id), (None, TOPIC));
    }

    #[test]
    fn a_topic_added_meanwhile_is_asked_for_after_the_pause() {
        let mut metadata = metadata();
        metadata.begin_update();
        metadata.add_topic(&TopicName::from("payments"));
        metadata.apply(at(5), &answer(TOPIC, Some(1), 0), &mut Rng::from_seed(1));
        assert!(metadata.is_update_requested());
        // retry.backoff.ms=100 with ±20 %.
        let due = metadata.next_update_at(at(5)).unwrap();
        assert!((at(85)..=at(125)).contains(&due), "{due}");
        let TopicsAsked::Named(topics) = metadata.begin_update().topics else { panic!("topics are asked for by name") };
        assert_eq!(topics, [orders(), TopicName::from("payments")]);
    }
}
