//! What ZooKeeper's servers and clients say: requests on znodes, sessions and pings, and among the servers votes,
//! proposals and commits (`zookeeper.jute`, `Zab1_0`, `FastLeaderElection`).
//!
//! A client may send several requests at once, as Kafka's `ZooKeeperClient` does (one pipeline, answers in order); they
//! travel as one message here, as they would in one TCP segment.

use std::fmt;
use std::sync::Arc;

use super::Class;
use crate::engine::common::{ServerId, Span, Time, TopicId};

/// Where a znode stands: `/brokers/ids/1`.
pub type ZkPath = Arc<str>;

/// Where brokers register.
pub const BROKER_IDS: &str = "/brokers/ids";

/// Where topics are kept.
pub const TOPICS: &str = "/brokers/topics";

/// `/brokers/topics/orders`
#[must_use]
pub fn topic_path(topic: &str) -> ZkPath {
    format!("{TOPICS}/{topic}").into()
}

/// A transaction's number: the leader's epoch in the high half, a counter in the low half.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Zxid(pub u64);

impl Zxid {
    #[must_use]
    pub fn new(epoch: u32, counter: u32) -> Self {
        Self(u64::from(epoch) << 32 | u64::from(counter))
    }

    #[must_use]
    pub fn epoch(self) -> u32 {
        u32::try_from(self.0 >> 32).expect("the high half has 32 bits")
    }

    /// The number after this one in the same epoch.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// As ZooKeeper's tools print it: `0x100000002`.
impl fmt::Display for Zxid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

/// A client's session. The high byte names the server that created it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u64);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

/// What is known of a znode besides its data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Stat {
    /// The transaction that created it.
    pub czxid: Zxid,
    /// The last one that set its data.
    pub mzxid: Zxid,
    /// The last one that created or deleted a child.
    pub pzxid: Zxid,
    pub ctime: Time,
    pub mtime: Time,
    /// How often the data was set.
    pub version: u32,
    /// How often a child was created or deleted.
    pub cversion: u32,
    /// The session with which it dies.
    pub ephemeral_owner: Option<SessionId>,
    pub data_length: u32,
    pub num_children: u32,
}

impl Stat {
    /// What stands for the id of a topic without one: when its znode was made. No other topic has it, and everybody who
    /// reads the znode finds the same.
    #[must_use]
    pub fn topic_id(&self) -> TopicId {
        let counter = u32::try_from(self.czxid.0 & 0xf_ffff).expect("twenty bits");
        TopicId((self.czxid.epoch() << 20) | counter)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CreateMode {
    Persistent,
    /// Deleted when the session that creates it ends.
    Ephemeral,
    /// The server appends ten digits that rise with every child of the parent.
    PersistentSequential,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ZkOp {
    Create {
        path: ZkPath,
        data: Arc<str>,
        mode: CreateMode,
    },
    /// `version: None` deletes (or sets) whatever version there is.
    Delete {
        path: ZkPath,
        version: Option<u32>,
    },
    SetData {
        path: ZkPath,
        data: Arc<str>,
        version: Option<u32>,
    },
    /// Only within a multi.
    Check {
        path: ZkPath,
        version: u32,
    },
    GetData {
        path: ZkPath,
        watch: bool,
    },
    Exists {
        path: ZkPath,
        watch: bool,
    },
    GetChildren {
        path: ZkPath,
        watch: bool,
    },
    /// All of them or none.
    Multi(Vec<ZkOp>),
    CloseSession,
}

impl ZkOp {
    /// Does it go through the leader and a majority?
    #[must_use]
    pub fn is_write(&self) -> bool {
        !matches!(self, Self::GetData { .. } | Self::Exists { .. } | Self::GetChildren { .. })
    }

    /// The verb, as the client library names it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Create { .. } => "create",
            Self::Delete { .. } => "delete",
            Self::SetData { .. } => "setData",
            Self::Check { .. } => "check",
            Self::GetData { .. } => "getData",
            Self::Exists { .. } => "exists",
            Self::GetChildren { .. } => "getChildren",
            Self::Multi(_) => "multi",
            Self::CloseSession => "closeSession",
        }
    }

    /// The znode it is about; of a multi, that of the first part that changes something.
    #[must_use]
    pub fn path(&self) -> Option<&ZkPath> {
        match self {
            Self::Create { path, .. }
            | Self::Delete { path, .. }
            | Self::SetData { path, .. }
            | Self::Check { path, .. }
            | Self::GetData { path, .. }
            | Self::Exists { path, .. }
            | Self::GetChildren { path, .. } => Some(path),
            Self::Multi(ops) => {
                ops.iter().find(|op| !matches!(op, Self::Check { .. })).or(ops.first()).and_then(Self::path)
            }
            Self::CloseSession => None,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ZkReply {
    /// Under this name; it differs from the one asked for if the znode is sequential.
    Created {
        path: ZkPath,
        stat: Stat,
    },
    Deleted,
    Set(Stat),
    Checked,
    Data {
        data: Arc<str>,
        stat: Stat,
    },
    Exists(Stat),
    Children {
        names: Vec<Arc<str>>,
        stat: Stat,
    },
    Multi(Vec<ZkReply>),
    Closed,
}

/// `KeeperException.Code`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ZkError {
    ConnectionLoss,
    NoNode,
    BadVersion,
    NoChildrenForEphemerals,
    NodeExists,
    NotEmpty,
    SessionExpired,
    SessionMoved,
    BadArguments,
}

impl ZkError {
    /// The number on the wire.
    #[must_use]
    pub fn code(self) -> i32 {
        match self {
            Self::ConnectionLoss => -4,
            Self::BadArguments => -8,
            Self::NoNode => -101,
            Self::BadVersion => -103,
            Self::NoChildrenForEphemerals => -108,
            Self::NodeExists => -110,
            Self::NotEmpty => -111,
            Self::SessionExpired => -112,
            Self::SessionMoved => -118,
        }
    }

    /// The enum constant, as stack traces show it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ConnectionLoss => "CONNECTIONLOSS",
            Self::BadArguments => "BADARGUMENTS",
            Self::NoNode => "NONODE",
            Self::BadVersion => "BADVERSION",
            Self::NoChildrenForEphemerals => "NOCHILDRENFOREPHEMERALS",
            Self::NodeExists => "NODEEXISTS",
            Self::NotEmpty => "NOTEMPTY",
            Self::SessionExpired => "SESSIONEXPIRED",
            Self::SessionMoved => "SESSIONMOVED",
        }
    }
}

/// An error, and which part of a multi it befell (0 otherwise).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ZkFailure {
    pub error: ZkError,
    pub at: u32,
}

impl From<ZkError> for ZkFailure {
    fn from(error: ZkError) -> Self {
        Self { error, at: 0 }
    }
}

pub type ZkOutcome = Result<ZkReply, ZkFailure>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WatchKind {
    NodeCreated,
    NodeDeleted,
    NodeDataChanged,
    NodeChildrenChanged,
}

impl WatchKind {
    /// `Watcher.Event.EventType`
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NodeCreated => "NodeCreated",
            Self::NodeDeleted => "NodeDeleted",
            Self::NodeDataChanged => "NodeDataChanged",
            Self::NodeChildrenChanged => "NodeChildrenChanged",
        }
    }
}

/// Tells a client once that something it watched has changed. What it changed to, the client must ask.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct WatchEvent {
    pub kind: WatchKind,
    pub path: ZkPath,
}

/// What a transaction does once it is committed. Everything a server would have to decide is decided already.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TxnBody {
    CreateSession {
        timeout: Span,
    },
    CloseSession,
    Create {
        path: ZkPath,
        data: Arc<str>,
        owner: Option<SessionId>,
    },
    Delete {
        path: ZkPath,
    },
    SetData {
        path: ZkPath,
        data: Arc<str>,
    },
    Check {
        path: ZkPath,
    },
    Multi(Vec<TxnBody>),
    /// A write that was refused takes a number as well.
    Error(ZkFailure),
}

/// One entry of the transaction log.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Txn {
    pub zxid: Zxid,
    /// On whose behalf, and which of its requests.
    pub session: SessionId,
    pub xid: u32,
    pub time: Time,
    pub body: TxnBody,
}

/// `QuorumPeer.ServerState`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PeerState {
    Looking,
    Following,
    Leading,
}

/// A vote of the fast leader election: whom, and why that one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Vote {
    pub leader: ServerId,
    /// The last transaction in the candidate's log.
    pub zxid: Zxid,
    /// The last epoch the candidate has served in.
    pub peer_epoch: u32,
}

#[derive(Clone, Debug)]
pub enum ZooKeeperMessage {
    // Client → server.
    Connect {
        attempt: u32,
        session: Option<SessionId>,
        timeout: Span,
        last_zxid: Zxid,
    },
    Requests {
        first_xid: u32,
        ops: Vec<ZkOp>,
    },
    Ping,
    /// After a reconnection: what the client still watches, and up to where it has seen the world.
    SetWatches {
        seen: Zxid,
        data: Vec<ZkPath>,
        exists: Vec<ZkPath>,
        children: Vec<ZkPath>,
    },

    // Server → client.
    /// A timeout of zero says that the session has expired.
    Connected {
        attempt: u32,
        session: SessionId,
        timeout: Span,
    },
    Replies {
        first_xid: u32,
        outcomes: Vec<ZkOutcome>,
        zxid: Zxid,
    },
    Pong,
    Event(WatchEvent),

    /// Either way: this end closes the TCP connection.
    Close,

    // Server ↔ server: election.
    Notification {
        vote: Vote,
        round: u64,
        state: PeerState,
    },

    // Server ↔ server: a leader and its followers.
    FollowerInfo {
        accepted_epoch: u32,
    },
    LeaderInfo {
        epoch: u32,
    },
    AckEpoch {
        current_epoch: u32,
        last: Zxid,
    },
    /// What the follower's log has beyond `truncate_to` is not history; `txns` are. They are committed up to here.
    Sync {
        truncate_to: Zxid,
        txns: Vec<Txn>,
        committed: Zxid,
    },
    NewLeader {
        epoch: u32,
    },
    UpToDate,
    Propose {
        txns: Vec<Txn>,
    },
    /// Everything up to here is in the follower's log, on disk.
    Ack {
        zxid: Zxid,
    },
    Commit {
        zxid: Zxid,
    },
    LearnerPing,
    /// With the sessions the follower has heard from since the last one.
    LearnerPong {
        touched: Vec<SessionId>,
    },
    /// A follower passes writes on to the leader.
    Forward {
        session: SessionId,
        first_xid: u32,
        ops: Vec<ZkOp>,
    },
    /// A follower asks the leader for a new session.
    ForwardSession {
        session: SessionId,
        timeout: Span,
    },
    Revalidate {
        session: SessionId,
    },
    Revalidated {
        session: SessionId,
        timeout: Option<Span>,
    },
}

impl ZooKeeperMessage {
    /// Does it travel on a connection that its receiver has opened: a client's, or a follower's to its leader?
    #[must_use]
    pub fn is_on_the_receivers_connection(&self) -> bool {
        match self {
            Self::Connected { .. } | Self::Replies { .. } | Self::Pong | Self::Event(_) => true,
            Self::LeaderInfo { .. } | Self::Sync { .. } | Self::NewLeader { .. } | Self::UpToDate => true,
            Self::Propose { .. } | Self::Commit { .. } | Self::LearnerPing | Self::Revalidated { .. } => true,
            Self::Connect { .. } | Self::Requests { .. } | Self::Ping | Self::SetWatches { .. } => false,
            Self::Close | Self::Notification { .. } => false,
            Self::FollowerInfo { .. } | Self::AckEpoch { .. } | Self::Ack { .. } | Self::LearnerPong { .. } => false,
            Self::Forward { .. } | Self::ForwardSession { .. } | Self::Revalidate { .. } => false,
        }
    }

    /// The name ZooKeeper has for it, or the verb of its only request.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Connect { .. } => "ConnectRequest",
            Self::Requests { ops, .. } | Self::Forward { ops, .. } => match ops.as_slice() {
                [op] => op.name(),
                _ => "requests",
            },
            Self::Ping => "ping",
            Self::SetWatches { .. } => "setWatches",
            Self::Connected { .. } => "ConnectResponse",
            Self::Replies { .. } => "reply",
            Self::Pong => "ping reply",
            Self::Event(_) => "WatcherEvent",
            Self::Close => "close",
            Self::Notification { .. } => "Notification",
            Self::FollowerInfo { .. } => "FOLLOWERINFO",
            Self::LeaderInfo { .. } => "LEADERINFO",
            Self::AckEpoch { .. } => "ACKEPOCH",
            Self::Sync { txns, .. } if txns.is_empty() => "TRUNC",
            Self::Sync { .. } => "DIFF",
            Self::NewLeader { .. } => "NEWLEADER",
            Self::UpToDate => "UPTODATE",
            Self::Propose { .. } => "PROPOSAL",
            Self::Ack { .. } => "ACK",
            Self::Commit { .. } => "COMMIT",
            Self::LearnerPing | Self::LearnerPong { .. } => "PING",
            Self::ForwardSession { .. } => "REQUEST",
            Self::Revalidate { .. } | Self::Revalidated { .. } => "REVALIDATE",
        }
    }

    #[must_use]
    pub fn is_response(&self) -> bool {
        matches!(
            self,
            Self::Connected { .. }
                | Self::Replies { .. }
                | Self::Pong
                | Self::Ack { .. }
                | Self::LearnerPong { .. }
                | Self::Revalidated { .. }
        )
    }

    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::Ping | Self::Pong | Self::LearnerPing | Self::LearnerPong { .. } => Class::Liveness,
            _ => Class::Control,
        }
    }
}
