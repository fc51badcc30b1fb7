//! Sentences for what the point-to-point broker and its programs did.

use super::Sentence;
use crate::engine::protocol::Class;
use crate::engine::queue::{QueueFact, RequeuedBecause};
use crate::engine::world::World;

/// The class of a queue fact, by what it does with a message.
pub fn queue_class(fact: &QueueFact) -> Class {
    match fact {
        QueueFact::Enqueued { .. }
        | QueueFact::Published { .. }
        | QueueFact::Confirmed { .. }
        | QueueFact::PublishInDoubt { .. }
        | QueueFact::PublishLost { .. } => Class::Produce,
        QueueFact::Delivered { .. } | QueueFact::Received { .. } | QueueFact::Processed { .. } => Class::Fetch,
        _ => Class::Group,
    }
}

pub(super) fn of_queue(world: &World, fact: &QueueFact) -> Sentence {
    let about = |key, message: &u64| Sentence::new(key).number("message", *message);
    match fact {
        QueueFact::Enqueued { message, from, .. } => about("fact-queue-enqueued", message).node(world, "from", *from),
        QueueFact::Delivered { message, to, deliveries } => {
            let key = if *deliveries > 1 { "fact-queue-delivered-again" } else { "fact-queue-delivered" };
            about(key, message).node(world, "to", *to).number("deliveries", *deliveries)
        }
        QueueFact::Removed { message, by } => about("fact-queue-removed", message).node(world, "by", *by),
        QueueFact::Requeued { message, why } => about(
            match why {
                RequeuedBecause::Nacked => "fact-queue-nacked",
                RequeuedBecause::TimedOut => "fact-queue-timed-out",
                RequeuedBecause::WorkerGone => "fact-queue-worker-lost",
                RequeuedBecause::BrokerRestarted => "fact-queue-restarted",
            },
            message,
        ),
        QueueFact::DeadLettered { message, deliveries } => {
            about("fact-queue-dead", message).number("deliveries", *deliveries)
        }
        QueueFact::AnsweredTooLate { by } => Sentence::new("fact-queue-too-late").node(world, "by", *by),
        QueueFact::PublishInDoubt { publish } => about("fact-queue-in-doubt", publish),
        QueueFact::WorkerSubscribed { worker } => Sentence::new("fact-queue-subscribed").node(world, "worker", *worker),
        QueueFact::WorkerGone { worker } => Sentence::new("fact-queue-worker-gone").node(world, "worker", *worker),
        QueueFact::Published { publish } => about("fact-queue-published", publish),
        QueueFact::Confirmed { publish } => about("fact-queue-confirmed", publish),
        QueueFact::PublishLost { publish } => about("fact-queue-publish-lost", publish),
        QueueFact::Received { message, .. } => about("fact-queue-received", message),
        QueueFact::Processed { message } => about("fact-queue-processed", message),
        QueueFact::Failed { message } => about("fact-queue-failed", message),
    }
}
