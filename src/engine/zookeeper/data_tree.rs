//! The tree of znodes and the sessions, as one server has them in memory (`DataTree`, `ZKDatabase`).
//!
//! Only [`DataTree::apply`] changes it, one transaction at a time in the order of their numbers, so two servers at the
//! same zxid have the same tree. Deciding what a request becomes is [`DataTree::prepare`]; it changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::engine::common::{Span, Time};
use crate::engine::protocol::{
    CreateMode, SessionId, Stat, Txn, TxnBody, WatchEvent, WatchKind, ZkError, ZkFailure, ZkOp, ZkOutcome, ZkPath,
    ZkReply, Zxid,
};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Znode {
    data: Arc<str>,
    children: BTreeSet<Arc<str>>,
    czxid: Zxid,
    mzxid: Zxid,
    pzxid: Zxid,
    ctime: Time,
    mtime: Time,
    version: u32,
    /// Children created so far; the next sequential child is numbered with it.
    created: u32,
    owner: Option<SessionId>,
}

impl Znode {
    fn new(data: Arc<str>, owner: Option<SessionId>, (zxid, time): (Zxid, Time)) -> Self {
        let (children, version, created) = (BTreeSet::new(), 0, 0);
        Self {
            data,
            children,
            czxid: zxid,
            mzxid: zxid,
            pzxid: zxid,
            ctime: time,
            mtime: time,
            version,
            created,
            owner,
        }
    }

    #[must_use]
    pub fn data(&self) -> &Arc<str> {
        &self.data
    }

    /// Names of the children, without the path to them, sorted.
    pub fn children(&self) -> impl Iterator<Item = &Arc<str>> {
        self.children.iter()
    }

    #[must_use]
    pub fn stat(&self) -> Stat {
        let count = |len: usize| u32::try_from(len).expect("a znode's data and children fit 32 bits");
        let num_children = count(self.children.len());
        Stat {
            czxid: self.czxid,
            mzxid: self.mzxid,
            pzxid: self.pzxid,
            ctime: self.ctime,
            mtime: self.mtime,
            version: self.version,
            // Kept is the number of creations; deletions are those that are not there any more (`copyStat`).
            cversion: 2 * self.created - num_children,
            ephemeral_owner: self.owner,
            data_length: count(self.data.len()),
            num_children,
        }
    }
}

/// The znodes are shared by `Arc`: a clone of the world copies only those that change afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataTree {
    nodes: BTreeMap<ZkPath, Arc<Znode>>,
    sessions: BTreeMap<SessionId, Span>,
    last: Zxid,
}

impl Default for DataTree {
    /// Nothing but the root and ZooKeeper's own corner.
    fn default() -> Self {
        let begin = (Zxid(0), Time::ZERO);
        let mut root = Znode::new("".into(), None, begin);
        let mut own = root.clone();
        root.children.insert("zookeeper".into());
        root.created = 1;
        own.children.insert("quota".into());
        own.created = 1;
        let quota = Znode::new("".into(), None, begin);
        let nodes = [("/", root), ("/zookeeper", own), ("/zookeeper/quota", quota)];
        let nodes = nodes.map(|(path, node)| (path.into(), Arc::new(node))).into();
        Self { nodes, sessions: BTreeMap::new(), last: Zxid(0) }
    }
}

/// What a transaction meant for those who look on: the reply to its sender, and what watchers may be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    pub outcome: ZkOutcome,
    pub events: Vec<WatchEvent>,
}

impl DataTree {
    /// The last transaction applied.
    #[must_use]
    pub fn last_zxid(&self) -> Zxid {
        self.last
    }

    #[must_use]
    pub fn get(&self, path: &str) -> Option<&Znode> {
        self.nodes.get(path).map(Arc::as_ref)
    }

    /// All znodes by path.
    pub fn iter(&self) -> impl Iterator<Item = (&ZkPath, &Znode)> {
        self.nodes.iter().map(|(path, node)| (path, node.as_ref()))
    }

    /// Open sessions with their timeouts.
    pub fn sessions(&self) -> impl Iterator<Item = (SessionId, Span)> {
        self.sessions.iter().map(|(id, timeout)| (*id, *timeout))
    }

    #[must_use]
    pub fn session(&self, id: SessionId) -> Option<Span> {
        self.sessions.get(&id).copied()
    }

    /// What dies with the session.
    pub fn ephemerals(&self, session: SessionId) -> impl Iterator<Item = &ZkPath> {
        self.iter().filter(move |(_, node)| node.owner == Some(session)).map(|(path, _)| path)
    }

    /// Answers what can be answered without changing anything.
    ///
    /// # Errors
    /// NONODE.
    ///
    /// # Panics
    /// If `op` is a write.
    pub fn read(&self, op: &ZkOp) -> ZkOutcome {
        match op {
            ZkOp::GetData { path, .. } => {
                let node = self.node(path)?;
                Ok(ZkReply::Data { data: node.data.clone(), stat: node.stat() })
            }
            ZkOp::Exists { path, .. } => Ok(ZkReply::Exists(self.node(path)?.stat())),
            ZkOp::GetChildren { path, .. } => {
                let node = self.node(path)?;
                Ok(ZkReply::Children { names: node.children.iter().cloned().collect(), stat: node.stat() })
            }
            write => unreachable!("{} goes through the leader", write.name()),
        }
    }

    // ---- deciding (`PrepRequestProcessor`) -----------------------------------------------------------------------

    /// What `session`'s write is to do, judged by this tree; a refusal is a transaction too.
    #[must_use]
    pub fn prepare(&self, session: SessionId, op: &ZkOp) -> TxnBody {
        let decided = match op {
            ZkOp::Multi(ops) => self.prepare_multi(session, ops),
            // Outside a multi a check would change nothing.
            ZkOp::Check { .. } => Err(ZkError::BadArguments.into()),
            op => self.decide(session, op).map_err(ZkFailure::from),
        };
        decided.unwrap_or_else(TxnBody::Error)
    }

    /// Each part is judged by what the parts before it leave behind.
    fn prepare_multi(&self, session: SessionId, ops: &[ZkOp]) -> Result<TxnBody, ZkFailure> {
        let mut ahead = self.clone();
        let mut parts = Vec::with_capacity(ops.len());
        for (op, at) in ops.iter().zip(0..) {
            let body = ahead.decide(session, op).map_err(|error| ZkFailure { error, at })?;
            ahead.carry_out(session, (Zxid(0), Time::ZERO), &body, &mut Vec::new());
            parts.push(body);
        }
        Ok(TxnBody::Multi(parts))
    }

    fn decide(&self, session: SessionId, op: &ZkOp) -> Result<TxnBody, ZkError> {
        match op {
            ZkOp::Create { path, data, mode } => {
                let (parent, _) = split(path).ok_or(ZkError::BadArguments)?;
                let parent = self.node(parent)?;
                let path = match mode {
                    CreateMode::PersistentSequential => format!("{path}{:010}", parent.created).into(),
                    CreateMode::Persistent | CreateMode::Ephemeral => path.clone(),
                };
                if self.nodes.contains_key(&path) {
                    return Err(ZkError::NodeExists);
                }
                if parent.owner.is_some() {
                    return Err(ZkError::NoChildrenForEphemerals);
                }
                let owner = (*mode == CreateMode::Ephemeral).then_some(session);
                Ok(TxnBody::Create { path, data: data.clone(), owner })
            }
            ZkOp::Delete { path, version } => {
                let node = self.at_version(path, *version)?;
                if path.as_ref() == "/" {
                    return Err(ZkError::BadArguments);
                }
                if !node.children.is_empty() {
                    return Err(ZkError::NotEmpty);
                }
                Ok(TxnBody::Delete { path: path.clone() })
            }
            ZkOp::SetData { path, data, version } => {
                self.at_version(path, *version)?;
                Ok(TxnBody::SetData { path: path.clone(), data: data.clone() })
            }
            ZkOp::Check { path, version } => {
                self.at_version(path, Some(*version))?;
                Ok(TxnBody::Check { path: path.clone() })
            }
            ZkOp::CloseSession => Ok(TxnBody::CloseSession),
            ZkOp::Multi(_) | ZkOp::GetData { .. } | ZkOp::Exists { .. } | ZkOp::GetChildren { .. } => {
                Err(ZkError::BadArguments)
            }
        }
    }

    fn node(&self, path: &str) -> Result<&Znode, ZkError> {
        self.get(path).ok_or(ZkError::NoNode)
    }

    fn at_version(&self, path: &str, version: Option<u32>) -> Result<&Znode, ZkError> {
        let node = self.node(path)?;
        match version {
            Some(version) if version != node.version => Err(ZkError::BadVersion),
            _ => Ok(node),
        }
    }

    // ---- applying (`DataTree.processTxn`) ------------------------------------------------------------------------

    /// Takes the next transaction in.
    ///
    /// # Panics
    /// If it is not the next one, or speaks of what is not there: the log itself would be broken.
    pub fn apply(&mut self, txn: &Txn) -> Applied {
        assert!(txn.zxid > self.last, "transactions come in order");
        self.last = txn.zxid;
        let mut events = Vec::new();
        let outcome = match &txn.body {
            TxnBody::Error(failure) => Err(*failure),
            TxnBody::CreateSession { timeout } => {
                self.sessions.insert(txn.session, *timeout);
                Ok(ZkReply::Checked)
            }
            body => Ok(self.carry_out(txn.session, (txn.zxid, txn.time), body, &mut events)),
        };
        Applied { outcome, events }
    }

    fn carry_out(
        &mut self,
        session: SessionId,
        at: (Zxid, Time),
        body: &TxnBody,
        events: &mut Vec<WatchEvent>,
    ) -> ZkReply {
        match body {
            TxnBody::Create { path, data, owner } => {
                let node = Znode::new(data.clone(), *owner, at);
                let stat = node.stat();
                let (parent, name) = split(path).expect("the root is never created");
                let parent_node = self.node_mut(parent);
                parent_node.children.insert(name.into());
                parent_node.created += 1;
                parent_node.pzxid = at.0;
                self.nodes.insert(path.clone(), Arc::new(node));
                events.push(WatchEvent { kind: WatchKind::NodeCreated, path: path.clone() });
                events.push(WatchEvent { kind: WatchKind::NodeChildrenChanged, path: parent.into() });
                ZkReply::Created { path: path.clone(), stat }
            }
            TxnBody::Delete { path } => {
                self.remove(path, at.0, events);
                ZkReply::Deleted
            }
            TxnBody::SetData { path, data } => {
                let node = self.node_mut(path);
                node.data = data.clone();
                node.version += 1;
                (node.mzxid, node.mtime) = at;
                let stat = node.stat();
                events.push(WatchEvent { kind: WatchKind::NodeDataChanged, path: path.clone() });
                ZkReply::Set(stat)
            }
            TxnBody::Check { .. } => ZkReply::Checked,
            TxnBody::Multi(parts) => {
                ZkReply::Multi(parts.iter().map(|part| self.carry_out(session, at, part, events)).collect())
            }
            TxnBody::CloseSession => {
                let paths: Vec<ZkPath> = self.ephemerals(session).cloned().collect();
                for path in paths {
                    self.remove(&path, at.0, events);
                }
                self.sessions.remove(&session);
                ZkReply::Closed
            }
            TxnBody::CreateSession { .. } | TxnBody::Error(_) => unreachable!("no part of a multi"),
        }
    }

    fn remove(&mut self, path: &ZkPath, zxid: Zxid, events: &mut Vec<WatchEvent>) {
        self.nodes.remove(path).expect("what is deleted was there when the leader decided");
        let (parent, name) = split(path).expect("the root is never deleted");
        let parent_node = self.node_mut(parent);
        parent_node.children.remove(name);
        parent_node.pzxid = zxid;
        events.push(WatchEvent { kind: WatchKind::NodeDeleted, path: path.clone() });
        events.push(WatchEvent { kind: WatchKind::NodeChildrenChanged, path: parent.into() });
    }

    fn node_mut(&mut self, path: &str) -> &mut Znode {
        Arc::make_mut(self.nodes.get_mut(path).expect("the leader has seen to it that the znode is there"))
    }
}

/// Parent and name; `None` for the root and for what is no path.
fn split(path: &str) -> Option<(&str, &str)> {
    let (parent, name) = path.rsplit_once('/')?;
    if name.is_empty() {
        return None;
    }
    Some((if parent.is_empty() { "/" } else { parent }, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: SessionId = SessionId(7);
    const OTHER: SessionId = SessionId(8);

    fn create(path: &str, mode: CreateMode) -> ZkOp {
        ZkOp::Create { path: path.into(), data: "x".into(), mode }
    }

    fn act(tree: &mut DataTree, session: SessionId, op: &ZkOp) -> Applied {
        let body = tree.prepare(session, op);
        let zxid = tree.last_zxid().next();
        tree.apply(&Txn { zxid, session, xid: 1, time: Time(zxid.0), body })
    }

    #[track_caller]
    fn refused(tree: &mut DataTree, op: &ZkOp, error: ZkError) {
        let before = tree.clone();
        assert_eq!(act(tree, ME, op).outcome, Err(error.into()));
        assert!(before.nodes == tree.nodes, "what is refused changes nothing");
        assert_eq!(tree.last_zxid(), before.last_zxid().next(), "but it takes a number");
    }

    #[test]
    fn errors_are_zookeepers() {
        let mut tree = DataTree::default();
        refused(&mut tree, &create("/a/b", CreateMode::Persistent), ZkError::NoNode);
        act(&mut tree, ME, &create("/a", CreateMode::Persistent)).outcome.unwrap();
        refused(&mut tree, &create("/a", CreateMode::Persistent), ZkError::NodeExists);
        let set = |version| ZkOp::SetData { path: "/a".into(), data: "y".into(), version };
        refused(&mut tree, &set(Some(3)), ZkError::BadVersion);
        assert!(matches!(act(&mut tree, ME, &set(Some(0))).outcome, Ok(ZkReply::Set(stat)) if stat.version == 1));
        act(&mut tree, ME, &set(None)).outcome.unwrap();
        act(&mut tree, ME, &create("/a/e", CreateMode::Ephemeral)).outcome.unwrap();
        refused(&mut tree, &create("/a/e/f", CreateMode::Persistent), ZkError::NoChildrenForEphemerals);
        let delete = |path: &str, version| ZkOp::Delete { path: path.into(), version };
        refused(&mut tree, &delete("/a", None), ZkError::NotEmpty);
        refused(&mut tree, &delete("/a/e", Some(1)), ZkError::BadVersion);
        refused(&mut tree, &delete("/b", None), ZkError::NoNode);
        act(&mut tree, ME, &delete("/a/e", Some(0))).outcome.unwrap();
        act(&mut tree, ME, &delete("/a", Some(2))).outcome.unwrap();
        assert_eq!(tree.read(&ZkOp::Exists { path: "/a".into(), watch: false }), Err(ZkError::NoNode.into()));
    }

    #[test]
    fn numbers_of_sequential_znodes_are_never_used_again() {
        let mut tree = DataTree::default();
        act(&mut tree, ME, &create("/q", CreateMode::Persistent)).outcome.unwrap();
        let next = |tree: &mut DataTree| match act(tree, ME, &create("/q/n_", CreateMode::PersistentSequential)).outcome
        {
            Ok(ZkReply::Created { path, .. }) => path.to_string(),
            other => panic!("{other:?}"),
        };
        assert_eq!(next(&mut tree), "/q/n_0000000000");
        assert_eq!(next(&mut tree), "/q/n_0000000001");
        act(&mut tree, ME, &ZkOp::Delete { path: "/q/n_0000000001".into(), version: None }).outcome.unwrap();
        assert_eq!(next(&mut tree), "/q/n_0000000002");
        // Three creations and one deletion.
        let stat = tree.get("/q").unwrap().stat();
        assert_eq!((stat.cversion, stat.num_children, stat.version), (4, 2, 0));
    }

    #[test]
    fn a_session_takes_its_ephemerals_with_it() {
        let mut tree = DataTree::default();
        act(&mut tree, ME, &create("/ids", CreateMode::Persistent)).outcome.unwrap();
        act(&mut tree, ME, &create("/ids/1", CreateMode::Ephemeral)).outcome.unwrap();
        act(&mut tree, OTHER, &create("/ids/2", CreateMode::Ephemeral)).outcome.unwrap();
        assert_eq!(tree.get("/ids/1").unwrap().stat().ephemeral_owner, Some(ME));
        let closed = act(&mut tree, ME, &ZkOp::CloseSession);
        let expected = [(WatchKind::NodeDeleted, "/ids/1"), (WatchKind::NodeChildrenChanged, "/ids")];
        assert_eq!(closed.events, expected.map(|(kind, path)| WatchEvent { kind, path: path.into() }));
        assert_eq!(tree.get("/ids").unwrap().children().map(AsRef::as_ref).collect::<Vec<_>>(), ["2"]);
    }

    #[test]
    fn a_multi_happens_whole_or_not_at_all() {
        let mut tree = DataTree::default();
        act(&mut tree, ME, &create("/epoch", CreateMode::Persistent)).outcome.unwrap();
        let elect = |version| {
            ZkOp::Multi(vec![
                create("/controller", CreateMode::Ephemeral),
                ZkOp::SetData { path: "/epoch".into(), data: "1".into(), version: Some(version) },
            ])
        };
        let refused = act(&mut tree, ME, &elect(5));
        assert_eq!(refused.outcome, Err(ZkFailure { error: ZkError::BadVersion, at: 1 }));
        assert!(refused.events.is_empty() && tree.get("/controller").is_none());
        assert!(matches!(act(&mut tree, ME, &elect(0)).outcome, Ok(ZkReply::Multi(parts)) if parts.len() == 2));
        assert_eq!(act(&mut tree, OTHER, &elect(1)).outcome, Err(ZkFailure { error: ZkError::NodeExists, at: 0 }));
        // A part builds on the parts before it.
        let family = ZkOp::Multi(vec![create("/t", CreateMode::Persistent), create("/t/p", CreateMode::Persistent)]);
        act(&mut tree, ME, &family).outcome.unwrap();
        assert!(tree.get("/t/p").is_some());
        // And in both znodes stands the same number.
        assert_eq!(tree.get("/t/p").unwrap().stat().czxid, tree.get("/t").unwrap().stat().czxid);
    }
}
