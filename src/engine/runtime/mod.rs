//! A discrete-event kernel that knows no Kafka: virtual time, nodes, connections, disks, faults, a trace.
//!
//! A [`Domain`] plugs in what the nodes are and what they say to each other. Every node is sans-IO: it is handed
//! one thing at a time (a message, a timer, a disk completion) together with a [`Context`], and all it can do is
//! write to that context. So a whole data centre is one value: clone it, fork it, compare it.

mod context;
mod disk;
mod domain;
mod fact;
mod kernel;
mod network;
mod scheduler;

pub use context::Context;
pub use disk::{Disk, DiskProfile};
pub use domain::{Crash, Domain, Life, MeantFor, Node};
pub use fact::{Cause, Loss, RuntimeFact, TraceRecord};
pub use kernel::{Kernel, Slot, Status};
pub use network::{Fate, InFlight, Latency, LinkState, MessageId};
pub use scheduler::{PendingTimer, TimerId};
