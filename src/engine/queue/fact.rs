//! What happens on the point-to-point broker and in its clients.

use std::sync::Arc;

use crate::engine::common::NodeId;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum QueueFact {
    /// Broker: a message is stored and ready.
    Enqueued {
        message: u64,
        from: NodeId,
        key: Option<Arc<str>>,
    },
    /// Broker: a message was handed to one worker, and is hidden from the others.
    Delivered {
        message: u64,
        to: NodeId,
        deliveries: u32,
    },
    /// Broker: acknowledged, hence deleted. Nobody can ask for it again.
    Removed {
        message: u64,
        by: NodeId,
    },
    /// Broker: an ack or nack came for a delivery that had been taken back before; it changes nothing.
    AnsweredTooLate {
        by: NodeId,
    },
    /// Broker: back in the queue, to be delivered again.
    Requeued {
        message: u64,
        why: RequeuedBecause,
    },
    /// Broker: delivered too often, or given up by a worker; set aside.
    DeadLettered {
        message: u64,
        deliveries: u32,
    },
    WorkerSubscribed {
        worker: NodeId,
    },
    WorkerGone {
        worker: NodeId,
    },
    /// Producer: sent, and not yet confirmed.
    Published {
        publish: u64,
    },
    /// Producer: the broker has it.
    Confirmed {
        publish: u64,
    },
    /// Producer: the connection broke, or stayed silent, before the confirm came. It will be published again, and if
    /// the broker had it after all, it is then there twice.
    PublishInDoubt {
        publish: u64,
    },
    /// Producer: never sent, because too many are waiting for their confirms.
    PublishLost {
        publish: u64,
    },
    /// Worker: took a message in hand.
    Received {
        message: u64,
        deliveries: u32,
    },
    /// Worker: finished with it.
    Processed {
        message: u64,
    },
    /// Worker: failed on it.
    Failed {
        message: u64,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RequeuedBecause {
    Nacked,
    /// The visibility timeout ran out before the ack.
    TimedOut,
    /// The worker's connection is gone.
    WorkerGone,
    /// The broker was restarted: it knows no connections from before.
    BrokerRestarted,
}
