//! The classic point-to-point broker that stands beside Kafka, with its producers and workers.
//!
//! It is modelled on RabbitMQ's durable queues (AMQP 0.9.1: publisher confirms, prefetch, acks) with the visibility
//! timeout and the limit of deliveries known from SQS. What sets it apart from Kafka: a message is handed to one worker,
//! hidden while that worker has it, and gone for everyone once acknowledged.

mod broker;
mod fact;
mod journal;
mod producer;
#[cfg(test)]
mod tests;
mod worker;

use crate::engine::common::{NodeId, Span};
use crate::engine::protocol::DeliveryTag;

pub use broker::{Delivery, QueueBroker, Removal, Subscriber};
pub use fact::{QueueFact, RequeuedBecause};
pub use journal::{DeadLetter, StoredMessage};
pub use producer::{QueueProducer, Unconfirmed};
pub use worker::{InHand, QueueWorker, Receipt};

/// How long a connection may be silent before it is taken for dead; RabbitMQ proposes so much to its clients.
const HEARTBEAT_TIMEOUT: Span = Span::secs(60);

/// A living client makes itself heard twice in that time.
const HEARTBEAT_INTERVAL: Span = Span::secs(30);

/// How long a client waits before it connects again (`networkRecoveryInterval` of RabbitMQ's Java client).
const NETWORK_RECOVERY_INTERVAL: Span = Span::secs(5);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum QueueTimer {
    /// Broker: a delivery has been out without an answer for the visibility timeout.
    VisibilityTimeout(DeliveryTag),
    /// Broker: has this worker made itself heard?
    CheckWorker(NodeId),
    /// Producer: the program's next record is due.
    Workload,
    /// Producer: has the oldest message waited too long for its confirm?
    CheckConfirms,
    /// Producer, worker: connect again.
    Reconnect,
    /// Worker: show that the connection lives.
    Heartbeat,
    /// Worker: done with the message in hand.
    Finish(DeliveryTag),
}
