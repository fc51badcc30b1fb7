//! Configuration that changes while the cluster runs: records of the metadata log, as everything else
//! (`ConfigurationControlManager`, IncrementalAlterConfigs).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::controller::Controller;
use super::fact::{ControllerFact, ElectedBecause};
use crate::engine::Ctx;
use crate::engine::common::{BrokerId, ErrorCode};
use crate::engine::config::{TopicConfig, check_dynamic};
use crate::engine::metadata::MetadataRecord;

const MIN_ISR: &str = "min.insync.replicas";

/// Keys in the order of their names; `None` goes back to the default.
type Changes = Vec<(Arc<str>, Option<Arc<str>>)>;

impl Controller {
    /// `kafka-configs.sh --alter --entity-type topics`.
    ///
    /// # Errors
    /// The topic does not exist, or Kafka refuses a value; nothing has changed then.
    pub fn alter_topic_configs(
        &mut self,
        ctx: &mut Ctx<'_>,
        topic: &str,
        set: &BTreeMap<String, String>,
        delete: &[String],
    ) -> Result<(), String> {
        if !self.is_in_office(ctx) {
            return Err(ErrorCode::NotController.message().to_owned());
        }
        let Some(id) = self.decided_image().topic_id(topic) else {
            return Err(format!("The topic '{topic}' does not exist."));
        };
        let mut checked = TopicConfig::for_version(self.config().version);
        for (key, value) in set {
            checked.set(key, value).map_err(|problem| problem.what)?;
        }
        let changes = changes(set, delete);
        let record = |(key, value): &(Arc<str>, Option<Arc<str>>)| MetadataRecord::TopicConfig {
            topic: id,
            key: key.clone(),
            value: value.clone(),
        };
        let mut records: Vec<MetadataRecord> = changes.iter().map(record).collect();
        if is_min_isr_among(&changes) && self.control().keeps_elr() {
            // Who was eligible below the old minimum may not be so below the new one.
            records.push(MetadataRecord::ClearElr { topic: Some(id) });
        }
        ctx.emit(ControllerFact::TopicReconfigured { topic: id, changes });
        self.append(ctx, records, ElectedBecause::Unclean);
        Ok(())
    }

    /// `kafka-configs.sh --alter --entity-type brokers`; without a broker, `--entity-default`.
    ///
    /// # Errors
    /// The key needs a restart, or Kafka refuses a value; nothing has changed then.
    pub fn alter_broker_configs(
        &mut self,
        ctx: &mut Ctx<'_>,
        broker: Option<BrokerId>,
        set: &BTreeMap<String, String>,
        delete: &[String],
    ) -> Result<(), String> {
        if !self.is_in_office(ctx) {
            return Err(ErrorCode::NotController.message().to_owned());
        }
        check_dynamic(self.config().version, broker.is_some(), set, delete).map_err(|problem| problem.to_string())?;
        let changes = changes(set, delete);
        let clears_elr = is_min_isr_among(&changes) && self.control().keeps_elr();
        if clears_elr && broker.is_some() {
            return Err(format!("Broker-level {MIN_ISR} cannot be altered while ELR is enabled."));
        }
        if clears_elr && delete.iter().any(|key| key == MIN_ISR) {
            return Err(format!("Cluster-level {MIN_ISR} cannot be removed while ELR is enabled."));
        }
        let record = |(key, value): &(Arc<str>, Option<Arc<str>>)| MetadataRecord::BrokerConfig {
            broker,
            key: key.clone(),
            value: value.clone(),
        };
        let mut records: Vec<MetadataRecord> = changes.iter().map(record).collect();
        if clears_elr {
            records.push(MetadataRecord::ClearElr { topic: None });
        }
        ctx.emit(ControllerFact::BrokersReconfigured { broker, changes });
        self.append(ctx, records, ElectedBecause::Unclean);
        Ok(())
    }
}

fn is_min_isr_among(changes: &Changes) -> bool {
    changes.iter().any(|(key, _)| **key == *MIN_ISR)
}

fn changes(set: &BTreeMap<String, String>, delete: &[String]) -> Changes {
    let set = set.iter().map(|(key, value)| (Arc::from(key.as_str()), Some(Arc::from(value.trim()))));
    set.chain(delete.iter().map(|key| (Arc::from(key.as_str()), None))).collect()
}
