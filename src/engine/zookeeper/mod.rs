//! ZooKeeper: a small replicated tree of znodes with sessions and watches. It knows no Kafka.
//!
//! `data_tree` is what all servers agree on; `transaction_log` how they remember it; `election` who leads. `server` is
//! the node; `leader` and `follower` are what it does in either role, `connections` what it does for clients.
//! `session` is the other end: the client library inside a broker.
//!
//! Simulated: fast leader election, Zab's discovery, synchronisation and broadcast, sessions with expiry in steps of
//! `tickTime`, ephemeral and sequential znodes, one-shot watches, multi. Left out: ACLs, quotas, observers, snapshots
//! of the tree (a server replays its whole log), read-only mode.

mod connections;
mod data_tree;
mod election;
mod fact;
mod follower;
mod leader;
mod server;
mod session;
mod session_tracker;
#[cfg(test)]
mod tests;
mod transaction_log;
mod watches;

pub use connections::Connection;
pub use data_tree::{DataTree, Znode};
pub use election::Election;
pub use fact::ZooKeeperFact;
pub use follower::Following;
pub use leader::{Leading, Learner};
pub use server::{Role, ZooKeeper, ZooKeeperTimer};
pub use session::{Session, SessionEvent, SessionState};
pub use session_tracker::SessionTracker;
pub use transaction_log::TransactionLog;
pub use watches::Watches;

use crate::engine::common::Span;

/// `tickTime`, the unit of all timeouts among servers; Kafka ships a `zookeeper.properties` that leaves it as it is.
pub const TICK_TIME: Span = Span::millis(3_000);

/// `initLimit` of `zoo_sample.cfg`: ticks a server may take to find its place under a new leader.
const INIT_LIMIT: u64 = 10;

/// `syncLimit` of `zoo_sample.cfg`: ticks of silence between a leader and a follower.
const SYNC_LIMIT: u64 = 5;

fn ticks(count: u64) -> Span {
    Span(TICK_TIME.0 * count)
}
