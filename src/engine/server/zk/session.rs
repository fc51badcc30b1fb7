//! The broker and its ZooKeeper session: start, registration, expiry and return (`KafkaServer.startup`,
//! `KafkaZkClient.registerBroker`, `KafkaController.processRegisterBrokerAndReelect`).

use super::super::broker::Broker;
use super::super::lifecycle::BrokerState;
use super::super::{BrokerFact, timer::BrokerTimer};
use super::{ZkStage, ZkSupport, connection_timeout, controller_timer, session_timer};
use crate::engine::Ctx;
use crate::engine::common::{BrokerEpoch, NodeId, Purpose};
use crate::engine::kafka_controller::zk_data::{self, CONFIG_CHANGES, Configured};
use crate::engine::kafka_controller::{ControllerTask, Env, KafkaControllerTimer, ZkRequest};
use crate::engine::protocol::{CreateMode, WatchKind, ZkError, ZkOp, ZkOutcome, ZkReply, ZooKeeperMessage};
use crate::engine::zookeeper::{SessionEvent, SessionState};

impl Broker {
    /// Lends the ZooKeeper side to `act` together with the rest of the broker. Nothing in KRaft mode.
    pub(in crate::engine::server) fn with_zk<R>(
        &mut self,
        act: impl FnOnce(&mut Self, &mut ZkSupport) -> R,
    ) -> Option<R> {
        let mut zk = self.volatile.zk.take()?;
        let result = act(self, &mut zk);
        self.volatile.zk = Some(zk);
        Some(result)
    }

    /// Lends the controller what it needs of its broker.
    pub(in crate::engine::server) fn with_controller<R>(
        &mut self,
        zk: &mut ZkSupport,
        act: impl FnOnce(&mut crate::engine::kafka_controller::KafkaController, &mut Env<'_>) -> R,
    ) -> R {
        let mut env = Env {
            me: self.id,
            config: &self.volatile.config,
            session: &mut zk.session,
            correlations: &mut self.volatile.correlations,
            timer: controller_timer,
        };
        act(&mut zk.controller, &mut env)
    }

    pub(in crate::engine::server) fn zk_start(&mut self, ctx: &mut Ctx<'_>) {
        let timeout = connection_timeout(&self.volatile.config);
        self.with_zk(|_, zk| {
            zk.session.start(ctx);
            zk.session.arm(ctx, session_timer);
            zk.connection_timeout = Some(ctx.set_timer(timeout, BrokerTimer::ZkConnectionTimeout.into()));
        });
    }

    pub(in crate::engine::server) fn zk_message(&mut self, ctx: &mut Ctx<'_>, from: NodeId, message: ZooKeeperMessage) {
        self.with_zk(|broker, zk| {
            let events = zk.session.message(ctx, from, message);
            broker.zk_events(ctx, zk, events);
        });
    }

    pub(in crate::engine::server) fn zk_disconnected(&mut self, ctx: &mut Ctx<'_>, peer: NodeId) {
        self.with_zk(|broker, zk| {
            let events = zk.session.disconnected(ctx, peer);
            broker.zk_events(ctx, zk, events);
            if let NodeId::Broker(peer) = peer {
                broker.with_controller(zk, |controller, env| controller.disconnected(ctx, env, peer));
            }
        });
        self.leave_failed(ctx, |_, controller| controller == peer);
    }

    pub(in crate::engine::server) fn zk_timer(&mut self, ctx: &mut Ctx<'_>, timer: &BrokerTimer) {
        match timer {
            BrokerTimer::RetryControlledShutdown => return self.ask_to_leave(ctx),
            BrokerTimer::ControlledShutdownTimeout { correlation } => {
                return self.leave_failed(ctx, |sent, _| sent == *correlation);
            }
            _ => {}
        }
        self.with_zk(|broker, zk| match timer {
            BrokerTimer::ZkSession => {
                let events = zk.session.alarm(ctx, session_timer);
                broker.zk_events(ctx, zk, events);
            }
            BrokerTimer::ZkConnectionTimeout => {
                let state = match zk.session.state() {
                    SessionState::Connected => "CONNECTED",
                    SessionState::Closed => "CLOSED",
                    SessionState::Pausing | SessionState::Connecting => "CONNECTING",
                };
                let reason = format!("Timed out waiting for connection while in state: {state}");
                fail_start(ctx, reason);
            }
            BrokerTimer::KafkaController(KafkaControllerTimer::CreationExpired { creation }) => {
                zk.topics.expired(ctx, *creation);
            }
            BrokerTimer::KafkaController(timer) => {
                broker.with_controller(zk, |controller, env| controller.rang(ctx, env, *timer));
            }
            BrokerTimer::IsrPropagation => broker.propagate_isr_changes(ctx, zk),
            _ => unreachable!("told apart by the caller"),
        });
    }

    fn zk_events(&mut self, ctx: &mut Ctx<'_>, zk: &mut ZkSupport, events: Vec<SessionEvent<ZkRequest>>) {
        for event in events {
            match event {
                SessionEvent::SyncConnected => {
                    ctx.emit(BrokerFact::ZooKeeperConnected);
                    if let Some(timer) = zk.connection_timeout.take() {
                        ctx.cancel_timer(timer);
                        zk.stage = ZkStage::Preparing;
                        let create = |path: &&str| ZkOp::Create {
                            path: (*path).into(),
                            data: "".into(),
                            mode: CreateMode::Persistent,
                        };
                        let ops = zk_data::PERSISTENT.iter().map(create).collect();
                        zk.session.request(ctx, ops, ZkRequest::CreatePersistentPaths);
                    } else if zk.stage == ZkStage::Registering {
                        self.zk_register(ctx, zk);
                    }
                }
                SessionEvent::Disconnected => ctx.emit(BrokerFact::ZooKeeperDisconnected),
                SessionEvent::Expired => {
                    ctx.emit(BrokerFact::ZooKeeperSessionExpired);
                    self.with_controller(zk, |controller, env| controller.expired(ctx, env));
                    self.volatile.isr_outbox.append(&mut zk.isr.take_under_way());
                    // What waited for an answer waits no longer.
                    zk.parked.clear();
                    if zk.stage > ZkStage::Preparing {
                        zk.stage = ZkStage::Registering;
                    }
                    zk.session.start(ctx);
                }
                SessionEvent::Watched(event) => {
                    let exists = event.kind != WatchKind::NodeDeleted;
                    if event.path.as_ref() == CONFIG_CHANGES {
                        list_config_changes(ctx, zk);
                    } else if zk.stage == ZkStage::Registered {
                        let path = event.path;
                        self.with_controller(zk, |controller, env| controller.watched(ctx, env, &path, exists));
                    }
                }
                SessionEvent::Answered { tag, ops, outcomes } => self.zk_answered(ctx, zk, tag, &ops, outcomes),
            }
        }
        zk.session.arm(ctx, session_timer);
    }

    fn zk_answered(
        &mut self,
        ctx: &mut Ctx<'_>,
        zk: &mut ZkSupport,
        tag: ZkRequest,
        ops: &[ZkOp],
        outcomes: Vec<ZkOutcome>,
    ) {
        match tag {
            ZkRequest::CreatePersistentPaths => {
                let op = ZkOp::GetData { path: zk_data::CLUSTER_ID.into(), watch: false };
                zk.session.request(ctx, vec![op], ZkRequest::ReadClusterId);
            }
            ZkRequest::ReadClusterId => match outcomes.first() {
                Some(Ok(_)) => self.zk_register(ctx, zk),
                _ => {
                    let rng = ctx.rng();
                    let bits = u128::from(rng.bits(Purpose::Names)) << 64 | u128::from(rng.bits(Purpose::Names));
                    let id = zk_data::encode_cluster_id(&zk_data::uuid(bits));
                    let create =
                        |path: &str, data| ZkOp::Create { path: path.into(), data, mode: CreateMode::Persistent };
                    let ops = vec![create("/cluster", "".into()), create(zk_data::CLUSTER_ID, id)];
                    zk.session.request(ctx, ops, ZkRequest::CreateClusterId);
                }
            },
            // Another broker may have been faster; then its id counts.
            ZkRequest::CreateClusterId => self.zk_register(ctx, zk),
            ZkRequest::Register => match outcomes.first() {
                Some(Ok(ZkReply::Created { stat, .. })) => self.zk_registered(ctx, zk, BrokerEpoch(stat.czxid.0)),
                _ => {
                    let op = ZkOp::GetData { path: zk_data::broker_path(self.id), watch: false };
                    zk.session.request(ctx, vec![op], ZkRequest::CheckRegistration);
                }
            },
            ZkRequest::CheckRegistration => self.zk_check_registration(ctx, zk, outcomes.first()),
            ZkRequest::ReadConfigs => self.zk_configs_read(ctx, zk, ops, &outcomes),
            ZkRequest::ListConfigChanges => {
                let Some(Ok(ZkReply::Children { names, .. })) = outcomes.first() else { return };
                let is_first = zk.config_changes_seen.is_none();
                let seen = zk.config_changes_seen.clone().unwrap_or_default();
                let new: Vec<_> = names.iter().filter(|name| name.as_ref() > seen.as_str()).cloned().collect();
                let newest = names.iter().max().map_or(seen, ToString::to_string);
                zk.config_changes_seen = Some(newest);
                if !is_first {
                    let read = |name| ZkOp::GetData { path: format!("{CONFIG_CHANGES}/{name}").into(), watch: false };
                    zk.session.request(ctx, new.iter().map(read).collect(), ZkRequest::ReadConfigChanges);
                }
            }
            ZkRequest::ReadConfigChanges => {
                let (mut topics, mut concerns_me) = (Vec::new(), false);
                for outcome in &outcomes {
                    let Ok(ZkReply::Data { data, .. }) = outcome else { continue };
                    match zk_data::decode_config_change(data) {
                        Some(Configured::Topic(name)) if zk.names.values().any(|known| *known == name) => {
                            topics.push(ZkOp::GetData { path: zk_data::config_path(&name), watch: false });
                        }
                        Some(Configured::Broker(id)) => concerns_me |= id.is_none_or(|id| id == self.id),
                        _ => {}
                    }
                }
                zk.session.request(ctx, topics, ZkRequest::ReadConfigs);
                if concerns_me {
                    self.zk_read_broker_configs(ctx, zk);
                }
            }
            ZkRequest::ReadBrokerConfigs => self.zk_broker_configs_read(ctx, zk, &outcomes),
            ZkRequest::ChangeConfig(change) => {
                if matches!(outcomes.last(), Some(Ok(_))) {
                    ctx.emit(change.told());
                }
            }
            ZkRequest::WriteIsr => self.isr_written(ctx, zk, &outcomes),
            ZkRequest::ReadProducerIds => self.zk_producer_ids_read(ctx, zk, outcomes.first()),
            ZkRequest::WriteProducerIds(lease) => self.zk_producer_ids_written(ctx, zk, lease, outcomes.first()),
            ZkRequest::NotifyIsrChange | ZkRequest::NotifyLogDirEvent | ZkRequest::Forgotten => {}
            ZkRequest::Controller => {
                self.with_controller(zk, |controller, env| controller.zookeeper_answered(ctx, env, outcomes));
            }
            ZkRequest::ChangeTopic(number) => zk.topics.written(ctx, self.volatile.config.version, number, &outcomes),
        }
    }

    // ---- registration --------------------------------------------------------------------------------------------

    /// `KafkaServer.startup` starts the log manager first: its recovery, then its tasks.
    fn zk_register(&mut self, ctx: &mut Ctx<'_>, zk: &mut ZkSupport) {
        if !self.load_logs(ctx) {
            zk.stage = ZkStage::LoadingLogs;
            return;
        }
        zk.stage = ZkStage::Registering;
        let data = zk_data::encode_broker(self.id, self.rack.as_deref(), ctx.now(), self.volatile.config.version);
        let op = ZkOp::Create { path: zk_data::broker_path(self.id), data, mode: CreateMode::Ephemeral };
        zk.session.request(ctx, vec![op], ZkRequest::Register);
    }

    /// The logs are in order. False in KRaft mode.
    pub(in crate::engine::server) fn zk_logs_read(&mut self, ctx: &mut Ctx<'_>) -> bool {
        let registers = |broker: &mut Self, zk: &mut ZkSupport| {
            if zk.stage == ZkStage::LoadingLogs {
                broker.zk_register(ctx, zk);
                zk.session.arm(ctx, session_timer);
            }
        };
        self.with_zk(registers).is_some()
    }

    /// `CheckedEphemeral.getAfterNodeExists`
    fn zk_check_registration(&mut self, ctx: &mut Ctx<'_>, zk: &mut ZkSupport, outcome: Option<&ZkOutcome>) {
        match outcome {
            Some(Ok(ZkReply::Data { stat, .. })) if stat.ephemeral_owner == zk.session.id() => {
                // Its own: the answer to the first try got lost.
                self.zk_registered(ctx, zk, BrokerEpoch(stat.czxid.0));
            }
            Some(Ok(ZkReply::Data { stat, .. })) => {
                let show =
                    |id: Option<crate::engine::protocol::SessionId>| id.map_or("0x0".to_owned(), |id| id.to_string());
                let reason = format!(
                    "Error while creating ephemeral at {}, node already exists and owner '{}' does not match current \
                     session '{}'",
                    zk_data::broker_path(self.id),
                    show(stat.ephemeral_owner),
                    show(zk.session.id())
                );
                fail_start(ctx, reason);
            }
            Some(Err(failure)) if failure.error == ZkError::NoNode => self.zk_register(ctx, zk),
            _ => {}
        }
    }

    fn zk_registered(&mut self, ctx: &mut Ctx<'_>, zk: &mut ZkSupport, epoch: BrokerEpoch) {
        zk.stage = ZkStage::Registered;
        ctx.emit(BrokerFact::Registered { epoch });
        let is_first = self.volatile.lifecycle.state() < BrokerState::Running;
        self.volatile.lifecycle.registered_in_zookeeper(epoch);
        self.with_controller(zk, |controller, env| controller.put(ctx, env, ControllerTask::Elect));
        list_config_changes(ctx, zk);
        self.zk_read_broker_configs(ctx, zk);
        self.zk_lease_first_producer_ids(ctx, zk);
        if is_first {
            self.zk_schedule_isr_propagation(ctx);
        }
    }
}

fn list_config_changes(ctx: &mut Ctx<'_>, zk: &mut ZkSupport) {
    let op = ZkOp::GetChildren { path: CONFIG_CHANGES.into(), watch: true };
    zk.session.request(ctx, vec![op], ZkRequest::ListConfigChanges);
}

/// The process logs a fatal error and ends (`KafkaServer.startup`).
fn fail_start(ctx: &mut Ctx<'_>, reason: String) {
    ctx.emit(BrokerFact::StartFailed { reason });
    ctx.halt();
}
