//! One-shot watches of the clients connected to one server (`WatchManager`).
//!
//! A watch on data is set by getData, and by exists even where there is nothing yet; a watch on children by
//! getChildren. Each tells its client of one event and is gone.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::common::NodeId;
use crate::engine::protocol::{WatchEvent, WatchKind, ZkPath};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watches {
    data: BTreeMap<ZkPath, BTreeSet<NodeId>>,
    children: BTreeMap<ZkPath, BTreeSet<NodeId>>,
}

impl Watches {
    pub(super) fn watch_data(&mut self, path: &ZkPath, client: NodeId) {
        self.data.entry(path.clone()).or_default().insert(client);
    }

    pub(super) fn watch_children(&mut self, path: &ZkPath, client: NodeId) {
        self.children.entry(path.clone()).or_default().insert(client);
    }

    /// Whom to tell. Who watches both a znode and its children hears of its deletion once.
    pub(super) fn fire(&mut self, event: &WatchEvent) -> BTreeSet<NodeId> {
        match event.kind {
            WatchKind::NodeChildrenChanged => self.children.remove(&event.path).unwrap_or_default(),
            WatchKind::NodeCreated | WatchKind::NodeDataChanged => self.data.remove(&event.path).unwrap_or_default(),
            WatchKind::NodeDeleted => {
                let mut told = self.data.remove(&event.path).unwrap_or_default();
                told.extend(self.children.remove(&event.path).unwrap_or_default());
                told
            }
        }
    }

    /// The client's connection is gone, and its watches with it; it will set them again elsewhere.
    pub(super) fn forget(&mut self, client: NodeId) {
        for watches in [&mut self.data, &mut self.children] {
            watches.retain(|_, clients| {
                clients.remove(&client);
                !clients.is_empty()
            });
        }
    }

    /// Who watches this znode: its data, its children.
    #[must_use]
    pub fn on(&self, path: &str) -> (usize, usize) {
        let count = |watches: &BTreeMap<ZkPath, BTreeSet<NodeId>>| watches.get(path).map_or(0, BTreeSet::len);
        (count(&self.data), count(&self.children))
    }
}
