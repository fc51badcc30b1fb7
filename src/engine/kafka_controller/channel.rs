//! How the controller talks to the brokers: one queue and one request under way per broker, in the order decided
//! (`ControllerChannelManager`, `ControllerBrokerRequestBatch`).

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::context::ControllerContext;
use super::controller::{Env, KafkaControllerTimer};
use crate::engine::Ctx;
use crate::engine::common::{BrokerId, CorrelationId, NodeId, Span, TopicPartition};
use crate::engine::metadata::PartitionRegistration;
use crate::engine::protocol::{
    Body, ControllerStamp, LeaderAndIsrRequest, Request, StopReplicaRequest, UpdateMetadataRequest,
};
use crate::engine::runtime::TimerId;

/// Pause before a request is sent again to a broker that cannot be reached (`RequestSendThread.backoff`).
const RETRY: Span = Span::millis(100);

/// `controller.socket.timeout.ms`
const TIMEOUT: Span = Span::secs(30);

#[derive(Clone, Debug, Default)]
pub struct ControllerChannel {
    queue: VecDeque<Request>,
    in_flight: Option<(CorrelationId, TimerId)>,
}

impl ControllerChannel {
    /// Requests that are not answered yet, the one under way first.
    #[must_use]
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct Channels(BTreeMap<BrokerId, ControllerChannel>);

impl Channels {
    pub(super) fn iter(&self) -> impl Iterator<Item = (BrokerId, &ControllerChannel)> {
        self.0.iter().map(|(id, channel)| (*id, channel))
    }

    pub(super) fn add(&mut self, broker: BrokerId) {
        self.0.entry(broker).or_default();
    }

    pub(super) fn remove(&mut self, ctx: &mut Ctx<'_>, broker: BrokerId) {
        if let Some((_, timer)) = self.0.remove(&broker).and_then(|channel| channel.in_flight) {
            ctx.cancel_timer(timer);
        }
    }

    pub(super) fn clear(&mut self, ctx: &mut Ctx<'_>) {
        let brokers: Vec<BrokerId> = self.0.keys().copied().collect();
        for broker in brokers {
            self.remove(ctx, broker);
        }
    }

    fn enqueue(&mut self, ctx: &mut Ctx<'_>, env: &mut Env<'_>, broker: BrokerId, request: Request) {
        let Some(channel) = self.0.get_mut(&broker) else { return };
        channel.queue.push_back(request);
        self.pump(ctx, env, broker);
    }

    fn pump(&mut self, ctx: &mut Ctx<'_>, env: &mut Env<'_>, broker: BrokerId) {
        let Some(channel) = self.0.get_mut(&broker).filter(|channel| channel.in_flight.is_none()) else { return };
        let Some(request) = channel.queue.front().cloned() else { return };
        let correlation = env.correlations.next();
        ctx.send(NodeId::Broker(broker), Body::Request { correlation, request });
        let timer = ctx.set_timer(TIMEOUT, (env.timer)(KafkaControllerTimer::Resend { broker }));
        channel.in_flight = Some((correlation, timer));
    }

    /// Goes on with the next request if this answers the one under way, which is returned.
    pub(super) fn answered(
        &mut self,
        ctx: &mut Ctx<'_>,
        env: &mut Env<'_>,
        broker: BrokerId,
        correlation: CorrelationId,
    ) -> Option<Request> {
        let channel = self.0.get_mut(&broker)?;
        let (_, timer) = channel.in_flight.take_if(|(sent, _)| *sent == correlation)?;
        ctx.cancel_timer(timer);
        let answered = channel.queue.pop_front();
        self.pump(ctx, env, broker);
        answered
    }

    /// The connection broke: the same request again, as long as ZooKeeper says that the broker lives.
    pub(super) fn failed(&mut self, ctx: &mut Ctx<'_>, env: &Env<'_>, broker: BrokerId) {
        let Some(channel) = self.0.get_mut(&broker) else { return };
        if let Some((correlation, timer)) = channel.in_flight.take() {
            ctx.cancel_timer(timer);
            let timer = ctx.set_timer(RETRY, (env.timer)(KafkaControllerTimer::Resend { broker }));
            channel.in_flight = Some((correlation, timer));
        }
    }

    pub(super) fn resend(&mut self, ctx: &mut Ctx<'_>, env: &mut Env<'_>, broker: BrokerId) {
        if let Some(channel) = self.0.get_mut(&broker) {
            channel.in_flight = None;
            self.pump(ctx, env, broker);
        }
    }
}

/// What one step of the state machines has to tell, gathered so that every broker gets one request of a kind.
#[derive(Clone, Debug, Default)]
pub(super) struct Batch {
    leader_and_isr: BTreeMap<BrokerId, BTreeMap<TopicPartition, PartitionRegistration>>,
    stop_replica: BTreeMap<BrokerId, BTreeMap<TopicPartition, bool>>,
    update_brokers: BTreeSet<BrokerId>,
    update_partitions: BTreeSet<TopicPartition>,
}

impl Batch {
    /// Tells `brokers` how to treat the partition, and everybody who leads it (`addLeaderAndIsrRequestForBrokers`).
    pub(super) fn leader_and_isr(&mut self, context: &ControllerContext, brokers: &[BrokerId], id: TopicPartition) {
        let Some(registration) = context.registration(id) else { return };
        for broker in brokers {
            self.leader_and_isr.entry(*broker).or_default().insert(id, registration.clone());
        }
        self.update_metadata(context.broker_ids(), [id]);
    }

    pub(super) fn stop_replica(&mut self, broker: BrokerId, id: TopicPartition, delete: bool) {
        self.stop_replica.entry(broker).or_default().insert(id, delete);
    }

    pub(super) fn update_metadata(
        &mut self,
        brokers: impl IntoIterator<Item = BrokerId>,
        partitions: impl IntoIterator<Item = TopicPartition>,
    ) {
        self.update_brokers.extend(brokers);
        self.update_partitions.extend(partitions);
    }

    /// `sendRequestsToBrokers`: roles first, then what clients may be told, then farewells.
    pub(super) fn send(
        &mut self,
        ctx: &mut Ctx<'_>,
        env: &mut Env<'_>,
        context: &ControllerContext,
        channels: &mut Channels,
    ) {
        let Self { leader_and_isr, stop_replica, update_brokers, update_partitions } = std::mem::take(self);
        let stamp = |broker: BrokerId| {
            context.live.get(&broker).map(|live| ControllerStamp {
                controller: env.me,
                controller_epoch: context.epoch,
                broker_epoch: live.epoch,
            })
        };
        let mut requests: Vec<(BrokerId, Request)> = Vec::new();
        for (broker, partitions) in leader_and_isr {
            let Some(stamp) = stamp(broker) else { continue };
            let topics = context.topics_of(partitions.keys());
            let partitions = partitions.into_iter().collect();
            requests.push((broker, LeaderAndIsrRequest { stamp, topics, partitions }.into()));
        }
        let deleted: Vec<_> =
            update_partitions.iter().map(|id| id.topic).filter(|id| context.is_to_delete(*id)).collect();
        let deleted: Vec<_> = deleted.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
        let known = |id: &TopicPartition| match context.is_to_delete(id.topic) {
            true => None,
            false => Some((*id, context.registration(*id)?)),
        };
        let partitions: Vec<_> = update_partitions.iter().filter_map(known).collect();
        let topics = context.topics_of(partitions.iter().map(|(id, _)| id));
        let brokers: Vec<_> = context.live_brokers().map(|(id, live)| (id, live.rack.clone())).collect();
        for broker in update_brokers {
            let Some(stamp) = stamp(broker) else { continue };
            let (brokers, topics, partitions) = (brokers.clone(), topics.clone(), partitions.clone());
            let deleted = deleted.clone();
            requests.push((broker, UpdateMetadataRequest { stamp, brokers, topics, partitions, deleted }.into()));
        }
        for (broker, partitions) in stop_replica {
            let Some(stamp) = stamp(broker) else { continue };
            requests.push((broker, StopReplicaRequest { stamp, partitions: partitions.into_iter().collect() }.into()));
        }
        for (broker, request) in requests {
            channels.enqueue(ctx, env, broker, request);
        }
    }
}
