//! A server's disk: the transaction log and the two files that remember epochs (`FileTxnLog`, `acceptedEpoch`,
//! `currentEpoch`).
//!
//! What was appended sits in the page cache until it is flushed; a power loss cuts the rest. The epoch files are forced
//! to disk whenever they are written.

use std::sync::Arc;

use crate::engine::protocol::{Txn, Zxid};

#[derive(Clone, Debug, Default)]
pub struct TransactionLog {
    txns: Vec<Arc<Txn>>,
    flushed: usize,
    pub(super) accepted_epoch: u32,
    pub(super) current_epoch: u32,
}

/// Of one entry on disk besides its data: header, checksum, padding.
const OVERHEAD: u64 = 64;

impl TransactionLog {
    #[must_use]
    pub fn last_zxid(&self) -> Zxid {
        self.txns.last().map_or(Zxid(0), |txn| txn.zxid)
    }

    /// The last one that no power loss can take.
    #[must_use]
    pub fn flushed_zxid(&self) -> Zxid {
        self.flushed.checked_sub(1).map_or(Zxid(0), |last| self.txns[last].zxid)
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.txns.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.txns.is_empty()
    }

    #[must_use]
    pub fn accepted_epoch(&self) -> u32 {
        self.accepted_epoch
    }

    #[must_use]
    pub fn current_epoch(&self) -> u32 {
        self.current_epoch
    }

    /// Entries after this one, oldest first.
    pub fn after(&self, zxid: Zxid) -> impl DoubleEndedIterator<Item = &Arc<Txn>> {
        let from = self.txns.partition_point(|txn| txn.zxid <= zxid);
        self.txns[from..].iter()
    }

    /// The last entry at or before this one.
    pub(super) fn floor(&self, zxid: Zxid) -> Zxid {
        let upto = self.txns.partition_point(|txn| txn.zxid <= zxid);
        upto.checked_sub(1).map_or(Zxid(0), |last| self.txns[last].zxid)
    }

    /// Returns the bytes written.
    pub(super) fn append(&mut self, txns: impl IntoIterator<Item = Txn>) -> u64 {
        let mut bytes = 0;
        for txn in txns {
            assert!(txn.zxid > self.last_zxid(), "the log grows in order");
            bytes += OVERHEAD + size(&txn.body);
            self.txns.push(Arc::new(txn));
        }
        bytes
    }

    pub(super) fn truncate_to(&mut self, zxid: Zxid) {
        let keep = self.txns.partition_point(|txn| txn.zxid <= zxid);
        self.txns.truncate(keep);
        self.flushed = self.flushed.min(keep);
    }

    pub(super) fn mark_flushed(&mut self, zxid: Zxid) {
        let upto = self.txns.partition_point(|txn| txn.zxid <= zxid);
        self.flushed = self.flushed.max(upto);
    }

    pub(super) fn cut_unflushed(&mut self) {
        self.txns.truncate(self.flushed);
    }
}

fn size(body: &crate::engine::protocol::TxnBody) -> u64 {
    use crate::engine::protocol::TxnBody;
    match body {
        TxnBody::Create { path, data, .. } | TxnBody::SetData { path, data } => (path.len() + data.len()) as u64,
        TxnBody::Delete { path } | TxnBody::Check { path } => path.len() as u64,
        TxnBody::Multi(parts) => parts.iter().map(size).sum(),
        TxnBody::CreateSession { .. } | TxnBody::CloseSession | TxnBody::Error(_) => 8,
    }
}
