//! Which sessions live, and until when (`SessionTrackerImpl`, `ExpiryQueue`). Only a leader keeps it.
//!
//! Expiry goes in steps of `tickTime`: a session never dies early and at most one tick late. A new leader knows of all
//! sessions by the tree but not when they were last heard of, so each gets its whole timeout again.

use std::collections::BTreeMap;

use super::{DataTree, TICK_TIME};
use crate::engine::common::{ServerId, Span, Time};
use crate::engine::protocol::SessionId;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tracked {
    timeout: Span,
    expires: Time,
    /// The server that the client is connected to.
    owner: Option<ServerId>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionTracker(BTreeMap<SessionId, Tracked>);

impl SessionTracker {
    pub(super) fn recover(tree: &DataTree, now: Time) -> Self {
        let mut tracker = Self::default();
        for (id, timeout) in tree.sessions() {
            tracker.add(id, timeout, None, now);
        }
        tracker
    }

    pub(super) fn add(&mut self, id: SessionId, timeout: Span, owner: Option<ServerId>, now: Time) {
        self.0.insert(id, Tracked { timeout, expires: next_tick(now + timeout), owner });
    }

    /// A sign of life. False if the session is not there any more.
    pub(super) fn touch(&mut self, id: SessionId, now: Time) -> bool {
        match self.0.get_mut(&id) {
            Some(tracked) => {
                tracked.expires = next_tick(now + tracked.timeout).max(tracked.expires);
                true
            }
            None => false,
        }
    }

    pub(super) fn set_owner(&mut self, id: SessionId, owner: ServerId) {
        if let Some(tracked) = self.0.get_mut(&id) {
            tracked.owner = Some(owner);
        }
    }

    /// May this server speak for the session? Not if the client has gone over to another one.
    pub(super) fn is_owner(&self, id: SessionId, server: ServerId) -> bool {
        self.0.get(&id).is_some_and(|tracked| tracked.owner.is_none_or(|owner| owner == server))
    }

    pub(super) fn timeout(&self, id: SessionId) -> Option<Span> {
        self.0.get(&id).map(|tracked| tracked.timeout)
    }

    pub(super) fn remove(&mut self, id: SessionId) {
        self.0.remove(&id);
    }

    /// Takes out the sessions whose time is up.
    pub(super) fn take_expired(&mut self, now: Time) -> Vec<SessionId> {
        let expired: Vec<SessionId> =
            self.0.iter().filter(|(_, tracked)| tracked.expires <= now).map(|(id, _)| *id).collect();
        for id in &expired {
            self.0.remove(id);
        }
        expired
    }

    /// When a session dies unless it is heard of again.
    #[must_use]
    pub fn expires(&self, id: SessionId) -> Option<Time> {
        self.0.get(&id).map(|tracked| tracked.expires)
    }
}

/// `ExpiryQueue.roundToNextInterval`
pub(super) fn next_tick(at: Time) -> Time {
    Time((at.0 / TICK_TIME.0 + 1) * TICK_TIME.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: SessionId = SessionId(1);

    #[test]
    fn a_session_dies_on_the_tick_after_its_timeout() {
        let mut tracker = SessionTracker::default();
        tracker.add(ID, Span::secs(18), None, Time(500_000));
        assert_eq!(tracker.expires(ID), Some(Time(21_000_000)));
        assert!(tracker.touch(ID, Time(4_000_000)));
        assert_eq!(tracker.take_expired(Time(23_999_999)), []);
        assert_eq!(tracker.take_expired(Time(24_000_000)), [ID]);
        assert!(!tracker.touch(ID, Time(24_000_000)));
    }
}
