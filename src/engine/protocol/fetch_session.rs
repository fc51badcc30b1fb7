//! Incremental fetch sessions (KIP-227): how requests of a session are numbered, and what the fetcher keeps of it.
//!
//! A fetcher first lists all its partitions. If the broker then gives the session a number, later requests only tell what
//! is to be asked otherwise than before, and answers only what has news. Followers and consumers do this alike
//! (`FetchMetadata`, `FetchSessionHandler`).

use super::fetch::{FetchPartition, FetchResponse};
use crate::engine::common::{ErrorCode, TopicPartition};

/// A session as its broker has numbered it: at random, so that a broker that has started anew does not take one of its
/// former life for its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FetchSessionId(pub u32);

impl std::fmt::Display for FetchSessionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Session id and session epoch of a request. On the wire that is two numbers, the second of which says what the first
/// one is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FetchMetadata {
    /// Epoch −1: all partitions are listed, and no session is wanted, or known to the version; one that is named ends.
    Final { close: Option<FetchSessionId> },
    /// Epoch 0: all partitions are listed, and a session is wanted; one that is named ends.
    Initial { close: Option<FetchSessionId> },
    /// Request number `epoch` of this session: it lists what changed.
    Incremental { session: FetchSessionId, epoch: u32 },
}

impl FetchMetadata {
    /// The first request of a fetcher.
    pub const INITIAL: Self = Self::Initial { close: None };
    /// Every request before Kafka 1.1.
    pub const LEGACY: Self = Self::Final { close: None };

    /// After the highest number comes 1: 0 and −1 mean something else.
    #[must_use]
    pub fn next_epoch(epoch: u32) -> u32 {
        if epoch >= i32::MAX.unsigned_abs() { 1 } else { epoch + 1 }
    }

    /// Does the request list all its partitions?
    #[must_use]
    pub fn is_full(self) -> bool {
        !matches!(self, Self::Incremental { .. })
    }

    /// The session it names, to go on with or to end.
    #[must_use]
    pub fn session(self) -> Option<FetchSessionId> {
        match self {
            Self::Final { close } | Self::Initial { close } => close,
            Self::Incremental { session, .. } => Some(session),
        }
    }

    /// The session's second request, if the answer to the first one gave it a number.
    fn continued(session: FetchSessionId) -> Self {
        Self::Incremental { session, epoch: 1 }
    }
}

/// What a request of a session lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchRequestData {
    pub metadata: FetchMetadata,
    pub to_send: Vec<FetchPartition>,
    pub to_forget: Vec<TopicPartition>,
}

/// A fetcher's side of its session with one broker.
#[derive(Clone, Debug)]
pub struct FetchSessionHandler {
    next: FetchMetadata,
    /// What the broker was last asked for, partition by partition in the order of their names (`sessionPartitions`).
    known: Vec<FetchPartition>,
}

impl Default for FetchSessionHandler {
    fn default() -> Self {
        Self { next: FetchMetadata::INITIAL, known: Vec::new() }
    }
}

impl FetchSessionHandler {
    /// Of a version that knows no sessions.
    #[must_use]
    pub fn without_sessions() -> Self {
        Self { next: FetchMetadata::LEGACY, known: Vec::new() }
    }

    /// How the next request is numbered.
    #[must_use]
    pub fn next(&self) -> FetchMetadata {
        self.next
    }

    /// What the latest request asked of this partition, in so many words or by saying nothing.
    #[must_use]
    pub fn asked(&self, partition: TopicPartition) -> Option<&FetchPartition> {
        self.place(partition).ok().map(|place| &self.known[place])
    }

    /// Is there anything that the broker still believes to be asked for?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// The next request, from all that is wanted. Whether that is all listed or only what is new depends on the session.
    pub fn build(&mut self, wanted: Vec<FetchPartition>) -> FetchRequestData {
        if self.next.is_full() {
            return self.build_full(wanted);
        }
        let is_wanted = |known: &FetchPartition| wanted.iter().any(|one| one.partition == known.partition);
        let gone: Vec<_> = self.known.iter().filter(|known| !is_wanted(known)).map(|known| known.partition).collect();
        let gone = gone.into_iter().map(|partition| (partition, None));
        self.build_incremental(wanted.into_iter().map(|one| (one.partition, Some(one))).chain(gone))
    }

    /// A request that lists everything; the order is that in which the broker will serve the partitions.
    pub fn build_full(&mut self, wanted: Vec<FetchPartition>) -> FetchRequestData {
        self.known.clone_from(&wanted);
        self.known.sort_unstable_by_key(|one| one.partition);
        FetchRequestData { metadata: self.next, to_send: wanted, to_forget: Vec::new() }
    }

    /// A request that lists what is wanted otherwise than before, or, where there is a `None`, no more. Partitions that
    /// are not named here stay as they are, and what turns out to be no change is left out.
    pub fn build_incremental(
        &mut self,
        changes: impl IntoIterator<Item = (TopicPartition, Option<FetchPartition>)>,
    ) -> FetchRequestData {
        let mut data = FetchRequestData { metadata: self.next, to_send: Vec::new(), to_forget: Vec::new() };
        for (partition, wanted) in changes {
            match (self.place(partition), wanted) {
                (Ok(place), Some(wanted)) if self.known[place] == wanted => {}
                (Ok(place), Some(wanted)) => {
                    self.known[place] = wanted;
                    data.to_send.push(wanted);
                }
                (Err(place), Some(wanted)) => {
                    self.known.insert(place, wanted);
                    data.to_send.push(wanted);
                }
                (Ok(place), None) => {
                    self.known.remove(place);
                    data.to_forget.push(partition);
                }
                (Err(_), None) => {}
            }
        }
        data
    }

    /// Takes note of how the session goes on. False if the answer cannot be used: then the next request lists everything.
    pub fn handle_response(&mut self, response: &FetchResponse) -> bool {
        let was_full = self.next.is_full();
        let named = self.next.session();
        let (next, is_usable) = match (self.next, response.error, response.session) {
            // The broker does not know the session: there is nothing to end.
            (_, Some(ErrorCode::FetchSessionIdNotFound), _) => (FetchMetadata::INITIAL, false),
            (_, Some(_), _) => (FetchMetadata::Initial { close: named }, false),
            _ if !self.is_answered_by(response, was_full) => {
                (FetchMetadata::Initial { close: named.filter(|_| !was_full) }, false)
            }
            (FetchMetadata::Final { .. }, None, _) => (FetchMetadata::LEGACY, true),
            // No session was to be had, or the broker has ended it.
            (_, None, None) => (FetchMetadata::INITIAL, true),
            (FetchMetadata::Initial { .. }, None, Some(session)) => (FetchMetadata::continued(session), true),
            (FetchMetadata::Incremental { session, epoch }, None, Some(_)) => {
                (FetchMetadata::Incremental { session, epoch: FetchMetadata::next_epoch(epoch) }, true)
            }
        };
        self.next = next;
        is_usable
    }

    /// Nobody knows whether the broker got the request: the session is given up.
    pub fn handle_error(&mut self) {
        if let FetchMetadata::Initial { .. } | FetchMetadata::Incremental { .. } = self.next {
            self.next = FetchMetadata::Initial { close: self.next.session() };
        }
    }

    /// A last request, by which the broker ends the session; `None` if there is none.
    pub fn close(&mut self) -> Option<FetchRequestData> {
        let session = self.next.session()?;
        self.next = FetchMetadata::Final { close: Some(session) };
        Some(self.build_full(Vec::new()))
    }

    /// A full answer tells of every partition, any other of none that is not in the session.
    fn is_answered_by(&self, response: &FetchResponse, was_full: bool) -> bool {
        let is_known = response.partitions.iter().all(|one| self.place(one.partition).is_ok());
        is_known && (!was_full || response.partitions.len() == self.known.len())
    }

    fn place(&self, partition: TopicPartition) -> Result<usize, usize> {
        self.known.binary_search_by_key(&partition, |one| one.partition)
    }
}

#[cfg(test)]
mod tests;
