//! A change of configuration on its way into ZooKeeper, and what is told of it once it stands there.

use std::sync::Arc;

use super::zk_data::Configured;
use crate::engine::common::TopicId;
use crate::engine::controller::ControllerFact;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigChange {
    pub whose: Configured,
    /// The topic's id, if it is a topic's.
    pub topic: Option<TopicId>,
    /// `None` takes a value back.
    pub changes: Vec<(Arc<str>, Option<Arc<str>>)>,
}

impl ConfigChange {
    #[must_use]
    pub fn told(self) -> ControllerFact {
        let Self { whose, topic, changes } = self;
        match (whose, topic) {
            (Configured::Topic(_), Some(topic)) => ControllerFact::TopicReconfigured { topic, changes },
            (Configured::Broker(broker), _) => ControllerFact::BrokersReconfigured { broker, changes },
            (Configured::Topic(name), None) => unreachable!("topic {name} was looked up when the change was made"),
        }
    }
}
