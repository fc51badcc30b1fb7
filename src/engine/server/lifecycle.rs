//! A broker's life with the controller: it registers, it sends heartbeats, it is fenced and unfenced
//! (`BrokerLifecycleManager`).
//!
//! One conversation: registration until it succeeds, then heartbeats, never two requests at a time.

use super::BrokerFact;
use super::env::{CONTROLLER_POLL, ControllerChannel, Correlations, doubled, request};
use super::timer::BrokerTimer;
use crate::engine::Ctx;
use crate::engine::common::{
    BrokerEpoch, BrokerId, CorrelationId, ErrorCode, NodeId, Offset, Purpose, Span, Time, TopicPartition,
};
use crate::engine::config::BrokerConfig;
use crate::engine::protocol::{
    BrokerHeartbeatRequest, BrokerHeartbeatResponse, BrokerRegistrationRequest, BrokerRegistrationResponse,
};
use crate::engine::runtime::TimerId;
use std::collections::BTreeSet;
use std::sync::Arc;

/// `org.apache.kafka.metadata.BrokerState`. A broker that is SHUTTING_DOWN is gone at once here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BrokerState {
    /// Registering, or catching up with the metadata log.
    Starting,
    /// Caught up; waits to be unfenced.
    Recovery,
    /// Serves requests. (Being fenced later does not change this: a broker cut off from the controller goes on.)
    Running,
    /// Told to stop: serves on, and asks the controller to let it go.
    PendingControlledShutdown,
}

impl BrokerState {
    /// Kafka's word, untranslated.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Starting => "STARTING",
            Self::Recovery => "RECOVERY",
            Self::Running => "RUNNING",
            Self::PendingControlledShutdown => "PENDING_CONTROLLED_SHUTDOWN",
        }
    }
}

/// First pause after a failure (`resendExponentialBackoff`); it doubles up to the session timeout.
const RESEND_BACKOFF: Span = Span::millis(100);

/// A starting broker asks again soon whether it has caught up.
const STARTING_INTERVAL: Span = Span::millis(10);

/// One that wants to stop asks again soon, once.
const STOPPING_INTERVAL: Span = Span::millis(50);

#[derive(Clone, Debug)]
pub struct Lifecycle {
    state: BrokerState,
    incarnation: u64,
    broker_epoch: Option<BrokerEpoch>,
    is_fenced: bool,
    is_ready_to_unfence: bool,
    /// Of the clean shutdown file, if there was one.
    previous_epoch: Option<BrokerEpoch>,
    has_shutdown_answer: bool,
    in_flight: Option<InFlight>,
    next: Option<TimerId>,
    is_next_immediate: bool,
    failed_attempts: u32,
    last_answer: Option<Time>,
    offline_replicas: Vec<TopicPartition>,
}

#[derive(Clone, Copy, Debug)]
struct InFlight {
    correlation: CorrelationId,
    controller: NodeId,
    timeout: TimerId,
}

/// What the lifecycle needs of its broker to send a request.
#[derive(Debug)]
pub(super) struct Sender<'a> {
    pub(super) me: BrokerId,
    pub(super) rack: &'a Option<Arc<str>>,
    pub(super) config: &'a BrokerConfig,
    pub(super) metadata_end: Offset,
    pub(super) channel: &'a mut ControllerChannel,
    pub(super) correlations: &'a mut Correlations,
}

impl Lifecycle {
    pub(super) fn new() -> Self {
        Self {
            state: BrokerState::Starting,
            incarnation: 0,
            broker_epoch: None,
            is_fenced: true,
            is_ready_to_unfence: false,
            previous_epoch: None,
            has_shutdown_answer: false,
            in_flight: None,
            next: None,
            is_next_immediate: false,
            failed_attempts: 0,
            last_answer: None,
            offline_replicas: Vec::new(),
        }
    }

    #[must_use]
    pub fn state(&self) -> BrokerState {
        self.state
    }

    /// Given at registration.
    #[must_use]
    pub fn broker_epoch(&self) -> Option<BrokerEpoch> {
        self.broker_epoch
    }

    /// As the controller's last heartbeat answer said.
    #[must_use]
    pub fn is_fenced(&self) -> bool {
        self.is_fenced
    }

    /// When the controller last answered: a session is as old as this.
    #[must_use]
    pub fn last_answer(&self) -> Option<Time> {
        self.last_answer
    }

    /// ZooKeeper mode knows no fencing: who stands under /brokers/ids serves.
    pub(super) fn registered_in_zookeeper(&mut self, epoch: BrokerEpoch) {
        self.state = self.state.max(BrokerState::Running);
        self.broker_epoch = Some(epoch);
        self.is_fenced = false;
    }

    pub(super) fn start(&mut self, ctx: &mut Ctx<'_>, sender: &mut Sender<'_>, previous_epoch: Option<BrokerEpoch>) {
        self.previous_epoch = previous_epoch;
        self.incarnation = ctx.rng().bits(Purpose::Names);
        self.communicate(ctx, sender);
    }

    /// What the next heartbeats tell the controller about failed directories (`propagateDirectoryFailure`). True if that
    /// is news.
    pub(super) fn set_offline_replicas(&mut self, offline: &BTreeSet<TopicPartition>) -> bool {
        if self.offline_replicas.iter().eq(offline) {
            return false;
        }
        self.offline_replicas = offline.iter().copied().collect();
        self.broker_epoch.is_some()
    }

    /// The replicas are in place as metadata says: heartbeats ask to be unfenced from now on.
    pub(super) fn set_ready_to_unfence(&mut self, ctx: &mut Ctx<'_>) {
        self.is_ready_to_unfence = true;
        self.schedule(ctx, Span::ZERO);
    }

    /// Asks the controller to move what this broker leads. False if there is nothing to ask: it does not serve yet, is
    /// asking already, or `controlled.shutdown.enable` is off.
    pub(super) fn begin_controlled_shutdown(&mut self, ctx: &mut Ctx<'_>, sender: &mut Sender<'_>) -> bool {
        if self.state != BrokerState::Running || !sender.config.controlled_shutdown_enable {
            return false;
        }
        self.state = BrokerState::PendingControlledShutdown;
        ctx.emit(BrokerFact::ControlledShutdownBegan);
        self.schedule(ctx, Span::ZERO);
        true
    }

    /// The same where nobody sends heartbeats.
    pub(super) fn begin_leaving_zookeeper(&mut self, ctx: &mut Ctx<'_>, config: &BrokerConfig) -> bool {
        if self.state != BrokerState::Running || !config.controlled_shutdown_enable {
            return false;
        }
        self.state = BrokerState::PendingControlledShutdown;
        ctx.emit(BrokerFact::ControlledShutdownBegan);
        true
    }

    /// Registers, or sends a heartbeat; if the last request is still under way, right after its answer.
    pub(super) fn communicate(&mut self, ctx: &mut Ctx<'_>, sender: &mut Sender<'_>) {
        self.next = None;
        if self.in_flight.is_some() {
            self.is_next_immediate = true;
            return;
        }
        let Some(controller) = sender.channel.active() else {
            self.is_next_immediate = false;
            self.schedule(ctx, CONTROLLER_POLL);
            return;
        };
        let correlation = sender.correlations.next();
        match self.broker_epoch {
            None => {
                let (broker, incarnation, rack) = (sender.me, self.incarnation, sender.rack.clone());
                let previous_broker_epoch = self.previous_epoch;
                let registration = BrokerRegistrationRequest { broker, incarnation, rack, previous_broker_epoch };
                request(ctx, controller, correlation, registration);
            }
            Some(broker_epoch) => {
                let heartbeat = BrokerHeartbeatRequest {
                    broker: sender.me,
                    broker_epoch,
                    current_metadata_offset: sender.metadata_end,
                    want_fence: !self.is_ready_to_unfence,
                    want_shut_down: self.state == BrokerState::PendingControlledShutdown,
                    offline_replicas: self.offline_replicas.clone(),
                };
                request(ctx, controller, correlation, heartbeat);
            }
        }
        // The channel for heartbeats gives up after half a session (KAFKA-14392).
        let patience = Span(sender.config.broker_session_timeout.0 / 2);
        let timeout = ctx.set_timer(patience, BrokerTimer::CommunicationTimeout { correlation }.into());
        self.in_flight = Some(InFlight { correlation, controller, timeout });
    }

    pub(super) fn registered(
        &mut self,
        ctx: &mut Ctx<'_>,
        sender: &mut Sender<'_>,
        correlation: CorrelationId,
        response: &BrokerRegistrationResponse,
    ) {
        if !self.take_answered(ctx, correlation) {
            return;
        }
        match response.outcome {
            Ok(epoch) => {
                sender.channel.answered();
                self.succeeded(ctx);
                self.broker_epoch = Some(epoch);
                ctx.emit(BrokerFact::Registered { epoch });
                self.schedule(ctx, Span::ZERO);
            }
            Err(error) => {
                ctx.emit(BrokerFact::RegistrationRefused { error });
                self.refused(ctx, sender, error);
            }
        }
    }

    /// Returns whether the controller lets the broker go.
    pub(super) fn heartbeat_answered(
        &mut self,
        ctx: &mut Ctx<'_>,
        sender: &mut Sender<'_>,
        correlation: CorrelationId,
        response: &BrokerHeartbeatResponse,
    ) -> bool {
        if !self.take_answered(ctx, correlation) {
            return false;
        }
        if let Some(error) = response.error {
            self.refused(ctx, sender, error);
            return false;
        }
        sender.channel.answered();
        self.succeeded(ctx);
        if response.is_fenced != self.is_fenced {
            self.is_fenced = response.is_fenced;
            ctx.emit(if self.is_fenced { BrokerFact::Fenced } else { BrokerFact::Unfenced });
        }
        let interval = match self.state {
            BrokerState::Starting => {
                if response.is_caught_up {
                    self.state = BrokerState::Recovery;
                }
                STARTING_INTERVAL
            }
            BrokerState::Recovery => {
                if !response.is_fenced {
                    self.state = BrokerState::Running;
                }
                sender.config.broker_heartbeat_interval
            }
            BrokerState::Running => sender.config.broker_heartbeat_interval,
            BrokerState::PendingControlledShutdown if response.should_shut_down => return true,
            BrokerState::PendingControlledShutdown => {
                let is_first = !std::mem::replace(&mut self.has_shutdown_answer, true);
                if is_first { STOPPING_INTERVAL } else { sender.config.broker_heartbeat_interval }
            }
        };
        self.schedule(ctx, interval);
        false
    }

    /// The request under way, if it is one of those `lost` names, will not be answered.
    pub(super) fn failed(
        &mut self,
        ctx: &mut Ctx<'_>,
        sender: &mut Sender<'_>,
        lost: impl Fn(CorrelationId, NodeId) -> bool,
    ) {
        if let Some(sent) = self.in_flight.take_if(|sent| lost(sent.correlation, sent.controller)) {
            ctx.cancel_timer(sent.timeout);
            sender.channel.failed();
            self.schedule_after_failure(ctx, sender.config);
        }
    }

    fn refused(&mut self, ctx: &mut Ctx<'_>, sender: &mut Sender<'_>, error: ErrorCode) {
        if error == ErrorCode::NotController {
            sender.channel.failed();
        }
        self.schedule_after_failure(ctx, sender.config);
    }

    /// Was this answer waited for?
    fn take_answered(&mut self, ctx: &mut Ctx<'_>, correlation: CorrelationId) -> bool {
        let sent = self.in_flight.take_if(|sent| sent.correlation == correlation);
        if let Some(sent) = sent {
            ctx.cancel_timer(sent.timeout);
        }
        sent.is_some()
    }

    fn succeeded(&mut self, ctx: &Ctx<'_>) {
        self.failed_attempts = 0;
        self.last_answer = Some(ctx.now());
    }

    fn schedule_after_failure(&mut self, ctx: &mut Ctx<'_>, config: &BrokerConfig) {
        let after = doubled(RESEND_BACKOFF, self.failed_attempts, config.broker_session_timeout);
        self.failed_attempts = self.failed_attempts.saturating_add(1);
        self.is_next_immediate = false;
        self.schedule(ctx, after);
    }

    fn schedule(&mut self, ctx: &mut Ctx<'_>, after: Span) {
        let after = if std::mem::take(&mut self.is_next_immediate) { Span::ZERO } else { after };
        if let Some(earlier) = self.next.take() {
            ctx.cancel_timer(earlier);
        }
        self.next = Some(ctx.set_timer(after, BrokerTimer::Communicate.into()));
    }
}
