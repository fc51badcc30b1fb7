//! What happens in the ensemble. What all servers do alike (applying a transaction) only the leader tells.

use crate::engine::common::{NodeId, ServerId, Span};
use crate::engine::protocol::{SessionId, WatchKind, ZkError, ZkPath, Zxid};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ZooKeeperFact {
    /// LOOKING: it knows no leader and votes for itself.
    ElectionBegan {
        round: u64,
    },
    /// A majority is in step with it: it serves, in a new epoch.
    LeadershipBegan {
        epoch: u32,
        followers: Vec<ServerId>,
    },
    FollowingBegan {
        leader: ServerId,
        epoch: u32,
    },
    /// No majority, or no leader: clients are turned away.
    ServiceStopped,
    SessionCreated {
        session: SessionId,
        client: NodeId,
        timeout: Span,
    },
    /// A client came back, perhaps from another server.
    SessionResumed {
        session: SessionId,
        client: NodeId,
    },
    /// Nothing was heard of it for its whole timeout; its ephemeral znodes go.
    SessionExpired {
        session: SessionId,
        ephemerals: Vec<ZkPath>,
    },
    SessionClosed {
        session: SessionId,
    },
    ZnodeCreated {
        path: ZkPath,
        zxid: Zxid,
        owner: Option<SessionId>,
    },
    ZnodeChanged {
        path: ZkPath,
        zxid: Zxid,
        version: u32,
    },
    ZnodeDeleted {
        path: ZkPath,
        zxid: Zxid,
    },
    /// A write that may not be.
    WriteRefused {
        path: Option<ZkPath>,
        session: SessionId,
        error: ZkError,
    },
    /// A watch told its client, and is gone.
    WatchFired {
        path: ZkPath,
        kind: WatchKind,
        client: NodeId,
    },
}
