//! The kernel's own facts, and the record in which every fact is kept.

use serde::{Deserialize, Serialize};

use super::domain::Crash;
use super::network::{Latency, MessageId};
use crate::engine::common::{NodeId, Step, Time};

/// One fact with its place in time and its cause.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TraceRecord<F> {
    pub step: Step,
    pub at: Time,
    /// Where it happened; `None` for what befalls a link.
    pub node: Option<NodeId>,
    pub cause: Cause,
    pub fact: F,
}

/// What the node was reacting to, with the step in which that was set going: following causes back is following
/// these steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Cause {
    /// The user, a lesson or a script asked for it.
    Command,
    /// The process started.
    Start,
    Message {
        id: MessageId,
        sent: Step,
    },
    Timer {
        set: Step,
    },
    Flush {
        begun: Step,
    },
    Disconnect,
}

/// Why a message never arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Loss {
    /// The link was cut.
    Cut,
    /// One end crashed: what is in flight on its connections is lost.
    Crash,
    /// The receiver is down; there is nobody to accept a connection.
    Down,
    /// It was sent on a connection with a process that is no more; the one that listens now knows no such connection.
    Reset,
    /// The user dropped it by hand.
    Dropped,
}

/// What the kernel itself sees. `G` is the domain's digest of a message.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RuntimeFact<G> {
    Sent {
        id: MessageId,
        from: NodeId,
        to: NodeId,
        digest: G,
    },
    Delivered {
        id: MessageId,
        from: NodeId,
        to: NodeId,
        digest: G,
    },
    Lost {
        id: MessageId,
        from: NodeId,
        to: NodeId,
        why: Loss,
        travelled_permille: u16,
        digest: G,
    },
    Held {
        id: MessageId,
        from: NodeId,
        to: NodeId,
        digest: G,
    },
    Released {
        id: MessageId,
        from: NodeId,
        to: NodeId,
    },
    Started,
    Crashed {
        how: Crash,
    },
    /// The process ended by itself, in good order.
    Exited,
    Paused,
    Resumed,
    Disconnected {
        peer: NodeId,
    },
    LinkCut {
        from: NodeId,
        to: NodeId,
    },
    LinkRepaired {
        from: NodeId,
        to: NodeId,
    },
    LinkHeld {
        from: NodeId,
        to: NodeId,
    },
    LinkReleased {
        from: NodeId,
        to: NodeId,
    },
    LatencySet {
        from: NodeId,
        to: NodeId,
        latency: Latency,
    },
}
