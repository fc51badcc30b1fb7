//! What the point-to-point broker keeps on disk: its messages, as a journal with the state it adds up to.
//!
//! Entries go to the page cache at once and to the platter with the next flush. Always holds: `current` is `safe` with
//! the `tail` applied, and `safe` is what a loss of power leaves.

use std::collections::{BTreeMap, VecDeque};

use crate::engine::common::{NodeId, Time};
use crate::engine::record::Record;
use crate::engine::runtime::Crash;

/// A message that has not been acknowledged yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredMessage {
    pub record: Record,
    /// Who published it.
    pub from: NodeId,
    pub enqueued_at: Time,
    /// How often it has been handed to a worker; more than once means it was redelivered.
    pub deliveries: u32,
    /// Handed to a worker, and neither acknowledged nor back.
    pub is_out: bool,
}

/// A message that nobody could deal with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    pub message: u64,
    pub stored: StoredMessage,
}

#[derive(Clone, Debug)]
pub(super) enum Entry {
    Enqueued { record: Record, from: NodeId, at: Time },
    Delivered { message: u64 },
    Requeued { message: u64 },
    Removed { message: u64 },
    DeadLettered { message: u64 },
}

impl Entry {
    /// May the broker go on before this is safe? Losing it costs a redelivery at most, which was never excluded.
    fn can_wait(&self) -> bool {
        matches!(self, Self::Delivered { .. } | Self::Requeued { .. })
    }

    /// About as much as it takes on disk: a header, and what the record carries.
    fn size_in_bytes(&self) -> u64 {
        let header = 24;
        match self {
            Self::Enqueued { record, .. } => header + u64::from(record.size_in_bytes(0, 0)),
            _ => header,
        }
    }
}

/// What a journal adds up to.
#[derive(Clone, Debug, Default)]
struct Store {
    /// By number, which is the order of arrival.
    messages: BTreeMap<u64, StoredMessage>,
    dead: Vec<DeadLetter>,
    next_message: u64,
}

impl Store {
    fn apply(&mut self, entry: &Entry) {
        match entry {
            Entry::Enqueued { record, from, at } => {
                let stored = StoredMessage {
                    record: record.clone(),
                    from: *from,
                    enqueued_at: *at,
                    deliveries: 0,
                    is_out: false,
                };
                self.messages.insert(self.next_message, stored);
                self.next_message += 1;
            }
            Entry::Delivered { message } => {
                let stored = self.stored(*message);
                stored.deliveries += 1;
                stored.is_out = true;
            }
            Entry::Requeued { message } => self.stored(*message).is_out = false,
            Entry::Removed { message } => {
                self.messages.remove(message).expect("only stored messages are removed");
            }
            Entry::DeadLettered { message } => {
                let mut stored = self.messages.remove(message).expect("only stored messages are set aside");
                stored.is_out = false;
                self.dead.push(DeadLetter { message: *message, stored });
            }
        }
    }

    fn stored(&mut self, message: u64) -> &mut StoredMessage {
        self.messages.get_mut(&message).expect("only stored messages move")
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct Journal {
    safe: Store,
    current: Store,
    /// Written, not yet flushed.
    tail: VecDeque<Entry>,
    /// How many entries have ever been written.
    end: u64,
}

impl Journal {
    /// Writes an entry; returns the number of entries that have to be safe for it to be safe.
    pub(super) fn append(&mut self, entry: Entry) -> u64 {
        self.current.apply(&entry);
        self.tail.push_back(entry);
        self.end += 1;
        self.end
    }

    /// Bytes that a flush now would have to carry, up to which entry; `None` if nothing is worth a flush.
    pub(super) fn unflushed(&self) -> Option<(u64, u64)> {
        let worth_it = self.tail.iter().any(|entry| !entry.can_wait());
        worth_it.then(|| (self.tail.iter().map(Entry::size_in_bytes).sum(), self.end))
    }

    /// The disk is done with the first `end` entries.
    pub(super) fn mark_flushed(&mut self, end: u64) {
        while self.end - (self.tail.len() as u64) < end {
            let entry = self.tail.pop_front().expect("what is flushed was written");
            self.safe.apply(&entry);
        }
    }

    pub(super) fn crash(&mut self, how: Crash) {
        if how == Crash::Power {
            self.end -= self.tail.len() as u64;
            self.tail.clear();
            self.current = self.safe.clone();
        }
    }

    /// The number the next message will get.
    pub(super) fn next_message(&self) -> u64 {
        self.current.next_message
    }

    pub(super) fn messages(&self) -> &BTreeMap<u64, StoredMessage> {
        &self.current.messages
    }

    pub(super) fn dead_letters(&self) -> &[DeadLetter] {
        &self.current.dead
    }

    /// How many entries a loss of power would take now.
    pub(super) fn unsafe_entries(&self) -> usize {
        self.tail.len()
    }
}
