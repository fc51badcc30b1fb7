//! CreateTopics on its way to the controller: forwarded for a client, or on this broker's own account for a topic that
//! somebody asked about (`ForwardingManager`, `AutoTopicCreationManager`).

use std::collections::BTreeMap;

use super::BrokerFact;
use super::env::{CONTROLLER_POLL, CONTROLLER_REQUEST_TIMEOUT, Env, request, respond};
use super::timer::BrokerTimer;
use crate::engine::Ctx;
use crate::engine::common::{CorrelationId, ErrorCode, NodeId, Time};
use crate::engine::config::BrokerConfig;
use crate::engine::coordinator::group::OFFSETS_TOPIC;
use crate::engine::protocol::{CreateTopicsRequest, CreateTopicsResponse, NewTopic, Refusal, TopicName};
use crate::engine::runtime::TimerId;

/// `Topic.MAX_NAME_LENGTH`
const MAX_NAME_LENGTH: usize = 249;

#[derive(Clone, Debug, Default)]
pub struct TopicCreation {
    in_flight: BTreeMap<CorrelationId, Creation>,
}

/// One request under way, under the correlation id this broker gave it.
#[derive(Clone, Debug)]
pub struct Creation {
    pub topics: Vec<NewTopic>,
    /// `None`: nobody waits, the broker creates a missing topic.
    pub client: Option<(NodeId, CorrelationId)>,
    pub since: Time,
    /// Where it went last; nowhere as long as nobody leads the quorum.
    controller: Option<NodeId>,
    timeout: TimerId,
    retry: Option<TimerId>,
}

impl TopicCreation {
    /// Requests under way, the oldest first.
    pub fn in_flight(&self) -> impl Iterator<Item = &Creation> {
        self.in_flight.values()
    }

    /// Passes a client's request on; the answer goes back the same way.
    pub(super) fn forward(
        &mut self,
        ctx: &mut Ctx<'_>,
        env: &mut Env<'_>,
        client: (NodeId, CorrelationId),
        create: CreateTopicsRequest,
    ) {
        self.send(ctx, env, create.topics, Some(client));
    }

    /// Asks for a topic that a client wants to use, with this broker's defaults. What to answer the client meanwhile:
    /// UNKNOWN_TOPIC_OR_PARTITION, or INVALID_TOPIC_EXCEPTION for a name that no topic can have.
    pub(super) fn auto_create(&mut self, ctx: &mut Ctx<'_>, env: &mut Env<'_>, name: &TopicName) -> ErrorCode {
        if !is_valid_name(name) {
            return ErrorCode::InvalidTopic;
        }
        let is_under_way = |creation: &Creation| creation.client.is_none() && creation.topics[0].name == *name;
        if !self.in_flight.values().any(is_under_way) {
            ctx.emit(BrokerFact::TopicCreationAsked { name: name.clone() });
            self.send(ctx, env, vec![creatable_topic(name, env.config)], None);
        }
        ErrorCode::UnknownTopicOrPartition
    }

    fn send(
        &mut self,
        ctx: &mut Ctx<'_>,
        env: &mut Env<'_>,
        topics: Vec<NewTopic>,
        client: Option<(NodeId, CorrelationId)>,
    ) {
        let correlation = env.correlations.next();
        let timeout =
            ctx.set_timer(CONTROLLER_REQUEST_TIMEOUT, BrokerTimer::TopicCreationTimeout { correlation }.into());
        let creation = Creation { topics, client, since: ctx.now(), controller: None, timeout, retry: None };
        self.in_flight.insert(correlation, creation);
        self.resend(ctx, env, correlation);
    }

    pub(super) fn answered(
        &mut self,
        ctx: &mut Ctx<'_>,
        env: &mut Env<'_>,
        correlation: CorrelationId,
        response: CreateTopicsResponse,
    ) {
        let is_refused =
            |(_, outcome): &(TopicName, Result<_, Refusal>)| matches!(outcome, Err((ErrorCode::NotController, _)));
        if !response.topics.is_empty() && response.topics.iter().all(is_refused) {
            self.failed(ctx, env, |sent, _| sent == correlation);
            return;
        }
        let Some(creation) = self.in_flight.remove(&correlation) else { return };
        env.channel.answered();
        creation.cancel_timers(ctx);
        if let Some((client, correlation)) = creation.client {
            respond(ctx, client, correlation, response);
        }
    }

    /// Requests that `lost` names will not be answered: they go out again after a pause, as long as their time is not
    /// up.
    pub(super) fn failed(
        &mut self,
        ctx: &mut Ctx<'_>,
        env: &mut Env<'_>,
        lost: impl Fn(CorrelationId, NodeId) -> bool,
    ) {
        for (correlation, creation) in &mut self.in_flight {
            let is_lost = creation.controller.is_some_and(|controller| lost(*correlation, controller));
            if creation.retry.is_none() && is_lost {
                let after = env.channel.failed();
                let retry = BrokerTimer::ResendTopicCreation { correlation: *correlation };
                creation.retry = Some(ctx.set_timer(after, retry.into()));
            }
        }
    }

    pub(super) fn resend(&mut self, ctx: &mut Ctx<'_>, env: &mut Env<'_>, correlation: CorrelationId) {
        let Some(creation) = self.in_flight.get_mut(&correlation) else { return };
        creation.controller = env.channel.active();
        creation.retry = match creation.controller {
            Some(controller) => {
                request(ctx, controller, correlation, CreateTopicsRequest { topics: creation.topics.clone() });
                None
            }
            None => {
                let retry = BrokerTimer::ResendTopicCreation { correlation };
                Some(ctx.set_timer(CONTROLLER_POLL, retry.into()))
            }
        };
    }

    /// No answer for `controller.socket.timeout.ms`: the client is told so. (A topic may still come into being.)
    pub(super) fn timed_out(&mut self, ctx: &mut Ctx<'_>, correlation: CorrelationId) {
        let Some(creation) = self.in_flight.remove(&correlation) else { return };
        creation.cancel_timers(ctx);
        if let Some((client, correlation)) = creation.client {
            let timed_out = || Err((ErrorCode::RequestTimedOut, ErrorCode::RequestTimedOut.message().to_owned()));
            let topics = creation.topics.into_iter().map(|topic| (topic.name, timed_out())).collect();
            respond(ctx, client, correlation, CreateTopicsResponse { topics });
        }
    }

    /// The client is gone; what it asked for happens nevertheless.
    pub(super) fn forget(&mut self, client: NodeId) {
        for creation in self.in_flight.values_mut() {
            creation.client.take_if(|(waiting, _)| *waiting == client);
        }
    }
}

impl Creation {
    fn cancel_timers(&self, ctx: &mut Ctx<'_>) {
        ctx.cancel_timer(self.timeout);
        self.retry.into_iter().for_each(|retry| ctx.cancel_timer(retry));
    }
}

/// `AutoTopicCreationManager.creatableTopic`.
fn creatable_topic(name: &TopicName, config: &BrokerConfig) -> NewTopic {
    if **name != *OFFSETS_TOPIC {
        return NewTopic {
            name: name.clone(),
            partitions: Some(config.num_partitions),
            replication_factor: Some(config.default_replication_factor),
            assignment: None,
            configs: BTreeMap::new(),
        };
    }
    let configs =
        [("cleanup.policy", "compact".to_owned()), ("segment.bytes", config.offsets_topic_segment_bytes.to_string())];
    NewTopic {
        name: name.clone(),
        partitions: Some(config.offsets_topic_num_partitions),
        replication_factor: Some(config.offsets_topic_replication_factor),
        assignment: None,
        configs: configs.map(|(key, value)| (key.to_owned(), value)).into(),
    }
}

/// `Topic.validate`, without its sentences: the controller has those.
fn is_valid_name(name: &str) -> bool {
    let is_valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    !matches!(name, "" | "." | "..") && name.len() <= MAX_NAME_LENGTH && name.chars().all(is_valid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_topic_is_created_with_the_brokers_defaults() {
        let mut config = BrokerConfig::default();
        config.set("num.partitions", "6").unwrap();
        config.set("default.replication.factor", "2").unwrap();
        let topic = creatable_topic(&"orders".into(), &config);
        assert_eq!((topic.partitions, topic.replication_factor, topic.configs.len()), (Some(6), Some(2), 0));
        let offsets = creatable_topic(&OFFSETS_TOPIC.into(), &config);
        assert_eq!((offsets.partitions, offsets.replication_factor), (Some(50), Some(3)));
        assert_eq!(offsets.configs["cleanup.policy"], "compact");
        assert_eq!(offsets.configs["segment.bytes"], "104857600");
    }

    #[test]
    fn names() {
        for name in ["orders", "a.b_c-D9", "__consumer_offsets", &"x".repeat(249)] {
            assert!(is_valid_name(name), "{name}");
        }
        for name in ["", ".", "..", "a b", "größe", &"x".repeat(250)] {
            assert!(!is_valid_name(name), "{name}");
        }
    }
}
