//! Configuration at run time in ZooKeeper mode: a znode for each topic and broker, and a notice for everybody to look
//! (`ZkAdminManager.incrementalAlterConfigs`, `DynamicConfigManager`, `ConfigHandler`).

use super::super::broker::Broker;
use super::ZkSupport;
use crate::engine::Ctx;
use crate::engine::common::{BrokerId, TopicId};
use crate::engine::kafka_controller::zk_data::{self, Configured};
use crate::engine::kafka_controller::{ConfigChange, ControllerTask, ZkRequest};
use crate::engine::metadata::{MetadataRecord, TopicOverrides};
use crate::engine::protocol::{CreateMode, TopicName, ZkOp, ZkOutcome, ZkReply};

const UNCLEAN: &str = "unclean.leader.election.enable";

fn is_on(overrides: &TopicOverrides) -> bool {
    overrides.get(UNCLEAN).is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

impl Broker {
    /// The whole new configuration of a topic, a broker or all of them.
    pub fn write_config(&mut self, ctx: &mut Ctx<'_>, change: ConfigChange, overrides: &TopicOverrides) {
        let whose = &change.whose;
        let data = zk_data::encode_config(overrides.iter().map(|(key, value)| (key.as_ref(), value.as_ref())));
        let create = |path, data, mode| ZkOp::Create { path, data, mode };
        let prefix = zk_data::CONFIG_CHANGE_PREFIX.into();
        let ops = vec![
            ZkOp::SetData { path: whose.path(), data: data.clone(), version: None },
            // The first of its kind has no znode yet.
            create(whose.path(), data, CreateMode::Persistent),
            create(prefix, zk_data::encode_config_change(whose), CreateMode::PersistentSequential),
        ];
        self.with_zk(|_, zk| zk.session.request(ctx, ops, ZkRequest::ChangeConfig(change)));
    }

    /// What `kafka-reassign-partitions --zookeeper` did: nothing, if a reassignment is there already.
    pub fn write_reassignment(&mut self, ctx: &mut Ctx<'_>, partitions: &[(TopicName, u32, Vec<BrokerId>)]) {
        let named = partitions.iter().map(|(topic, partition, to)| (topic.as_ref(), *partition, to.as_slice()));
        let (path, data) = (zk_data::REASSIGN_PARTITIONS.into(), zk_data::encode_reassignment(named));
        let op = ZkOp::Create { path, data, mode: CreateMode::Persistent };
        self.with_zk(|_, zk| zk.session.request(ctx, vec![op], ZkRequest::Forgotten));
    }

    pub(super) fn zk_read_broker_configs(&self, ctx: &mut Ctx<'_>, zk: &mut ZkSupport) {
        let read = |whose: Configured| ZkOp::GetData { path: whose.path(), watch: false };
        let ops = [None, Some(self.id)].map(|broker| read(Configured::Broker(broker)));
        zk.session.request(ctx, ops.into(), ZkRequest::ReadBrokerConfigs);
    }

    /// For all brokers first, then for this one.
    pub(super) fn zk_broker_configs_read(&mut self, ctx: &mut Ctx<'_>, zk: &mut ZkSupport, outcomes: &[ZkOutcome]) {
        let allowed_before = self.volatile.config.unclean_leader_election_enable;
        for (broker, outcome) in [None, Some(self.id)].into_iter().zip(outcomes) {
            let overrides = match outcome {
                Ok(ZkReply::Data { data, .. }) => zk_data::decode_config(data),
                _ => TopicOverrides::new(),
            };
            for record in self.broker_config_news(broker, &overrides) {
                self.volatile.metadata.replay(&record);
            }
        }
        self.reconfigure(ctx);
        // `DynamicLogConfig.reconfigure`: `enableDefaultUncleanLeaderElection`
        if self.volatile.config.unclean_leader_election_enable && !allowed_before {
            self.with_controller(zk, |controller, env| {
                controller.put(ctx, env, ControllerTask::UncleanElectionEnabled(None));
            });
        }
    }

    fn broker_config_news(&self, broker: Option<BrokerId>, now: &TopicOverrides) -> Vec<MetadataRecord> {
        let known = self.volatile.metadata.image().broker_overrides(broker);
        let gone = known.filter(|(key, _)| !now.contains_key(*key)).map(|(key, _)| (key.clone(), None));
        let set = now.iter().map(|(key, value)| (key.clone(), Some(value.clone())));
        gone.chain(set).map(|(key, value)| MetadataRecord::BrokerConfig { broker, key, value }).collect()
    }

    /// `TopicConfigHandler.processConfigChanges`: elections that wait for the leave may go through.
    pub(super) fn unclean_election_allowed(
        &mut self,
        ctx: &mut Ctx<'_>,
        zk: &mut ZkSupport,
        topic: TopicId,
        before: &TopicOverrides,
        now: &TopicOverrides,
    ) {
        let Some(name) = zk.names.get(&topic).cloned() else { return };
        if is_on(now) && !is_on(before) {
            self.with_controller(zk, |controller, env| {
                controller.put(ctx, env, ControllerTask::UncleanElectionEnabled(Some(name)));
            });
        }
    }
}
