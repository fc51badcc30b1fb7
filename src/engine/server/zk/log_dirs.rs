//! A failed log directory, told by way of ZooKeeper (`KafkaZkClient.propagateLogDirEvent`).

use super::super::broker::Broker;
use crate::engine::Ctx;
use crate::engine::kafka_controller::ZkRequest;
use crate::engine::kafka_controller::zk_data::{self, LOG_DIR_EVENT_PREFIX};
use crate::engine::protocol::{CreateMode, ZkOp};

impl Broker {
    /// One notice for each directory; what lay in it the controller has to ask for.
    pub(in crate::engine::server) fn zk_propagate_log_dir_events(&mut self, ctx: &mut Ctx<'_>, failed: u32) {
        let id = self.id;
        self.with_zk(|_, zk| {
            for _ in 0..failed {
                let (path, data) = (LOG_DIR_EVENT_PREFIX.into(), zk_data::encode_log_dir_event(id));
                let op = ZkOp::Create { path, data, mode: CreateMode::PersistentSequential };
                zk.session.request(ctx, vec![op], ZkRequest::NotifyLogDirEvent);
                zk.session.arm(ctx, super::session_timer);
            }
        });
    }
}
