//! A broker that lives and has lost a log directory (`processLogDirEventNotification`, KIP-112).
//!
//! Its notice does not say what was lost. So the controller tells it once more to lead or follow everything it has; what
//! lies in a failed directory is answered with KAFKA_STORAGE_ERROR, and counts as offline until the broker starts anew.

use std::collections::BTreeSet;

use super::controller::{KafkaController, Step};
use super::fact::KafkaControllerFact;
use crate::engine::Ctx;
use crate::engine::common::{BrokerId, ErrorCode, TopicPartition};
use crate::engine::protocol::ZkPath;

type Answers = [(TopicPartition, Option<ErrorCode>)];

impl KafkaController {
    /// `onBrokerLogDirFailure`
    pub(super) fn log_dirs_failed(&mut self, ctx: &mut Ctx<'_>, brokers: BTreeSet<BrokerId>, notices: Vec<ZkPath>) {
        let mut steps = Vec::new();
        for broker in &brokers {
            steps.push(Step::ReplicasOnline(self.context.replicas_on(*broker), Some(*broker)));
        }
        if !brokers.is_empty() {
            ctx.emit(KafkaControllerFact::LogDirEventsRead { brokers: brokers.into_iter().collect() });
        }
        steps.extend([Step::Send, Step::DeleteNotifications(notices)]);
        self.next_all(steps);
    }

    pub(super) fn is_about_log_dirs(&self, broker: BrokerId, answers: &Answers) -> bool {
        let known = self.context.offline_dirs.get(&broker);
        let is_known = |id: &TopicPartition| known.is_some_and(|known| known.contains(id));
        answers.iter().any(|(id, error)| match error {
            Some(ErrorCode::KafkaStorageError) => !is_known(id),
            Some(_) => false,
            None => is_known(id),
        })
    }

    /// `processLeaderAndIsrResponseReceived`
    pub(super) fn replicas_answered(&mut self, ctx: &mut Ctx<'_>, broker: BrokerId, answers: &Answers) {
        if !self.context.live.contains_key(&broker) {
            return;
        }
        let offline = self.context.offline_dirs.entry(broker).or_default();
        let mut new = Vec::new();
        for (id, error) in answers {
            match error {
                Some(ErrorCode::KafkaStorageError) if offline.insert(*id) => new.push(*id),
                Some(_) => {}
                None => drop(offline.remove(id)),
            }
        }
        // What has been deleted meanwhile is nobody's loss.
        new.retain(|id| self.context.names.contains_key(&id.topic));
        if !new.is_empty() {
            ctx.emit(KafkaControllerFact::ReplicasOffline { broker, replicas: new.clone() });
            self.replicas_become_offline(ctx, vec![(broker, new)]);
        }
    }
}
