//! The point-to-point broker's protocol, after AMQP 0.9.1 (RabbitMQ) with the visibility timeout of SQS.

use std::sync::Arc;

use super::Class;
use crate::engine::record::Record;

pub type QueueName = Arc<str>;

/// Names one delivery of one message to one consumer; a redelivery gets a new tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryTag(pub u64);

#[derive(Clone, Debug)]
pub enum QueueMessage {
    /// Producer → broker. `publish` numbers the producer's messages from 0 (publisher confirms).
    Publish { queue: QueueName, publish: u64, record: Record },
    /// Broker → producer: the message is stored.
    Confirm { publish: u64 },
    /// Worker → broker: deliver to me, at most `prefetch` unacknowledged at a time.
    Consume { queue: QueueName, prefetch: u32 },
    /// Broker → worker.
    Deliver { queue: QueueName, tag: DeliveryTag, message: u64, deliveries: u32, record: Record },
    /// Worker → broker: done; the broker forgets the message.
    Ack { tag: DeliveryTag },
    /// Worker → broker: not done; back into the queue, or to the dead letters.
    Nack { tag: DeliveryTag, requeue: bool },
    /// Worker → broker: no more deliveries; what is unacknowledged goes back.
    Cancel { queue: QueueName },
}

impl QueueMessage {
    #[must_use]
    pub fn is_from_broker(&self) -> bool {
        matches!(self, Self::Confirm { .. } | Self::Deliver { .. })
    }

    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::Publish { .. } | Self::Confirm { .. } => Class::Produce,
            Self::Deliver { .. } => Class::Fetch,
            Self::Consume { .. } | Self::Ack { .. } | Self::Nack { .. } | Self::Cancel { .. } => Class::Group,
        }
    }
}
