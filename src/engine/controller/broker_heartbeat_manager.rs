//! Who is alive: Kafka's `BrokerHeartbeatManager` with its `BrokerHeartbeatTracker`.
//!
//! Heartbeats are never written to the metadata log, or the log would hold little else. So this is soft state of the
//! active controller alone: a new one gives every registered broker a fresh session and learns anew.
//!
//! A broker's states, as the controller steers them by its answers to heartbeats (`BrokerControlState`):
//! FENCED → UNFENCED once it has caught up with its own registration and wants to; UNFENCED → FENCED when it asks or its
//! session expires; UNFENCED → CONTROLLED_SHUTDOWN while it still leads something, then SHUTDOWN_NOW.

use std::collections::BTreeMap;

use crate::engine::common::{BrokerEpoch, BrokerId, Offset, Span, Time};
use crate::engine::protocol::BrokerHeartbeatRequest;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BrokerControlState {
    Fenced,
    Unfenced,
    /// Its leaderships are being moved away; it goes on serving until they are.
    ControlledShutdown,
    /// It may go now.
    ShutdownNow,
}

impl BrokerControlState {
    /// Fenced in the metadata too.
    #[must_use]
    pub fn is_fenced(self) -> bool {
        matches!(self, Self::Fenced | Self::ShutdownNow)
    }
}

/// The last sign of life of one registration of a broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Session {
    pub epoch: BrokerEpoch,
    pub last_contact: Time,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct BrokerHeartbeatState {
    fenced: bool,
    /// The next metadata offset it will apply, as it last said.
    metadata_offset: Option<Offset>,
    /// Everyone must have applied this record before the broker may leave; set while it is in controlled shutdown.
    controlled_shutdown_offset: Option<Offset>,
}

#[derive(Clone, Debug)]
pub struct BrokerHeartbeatManager {
    session_timeout: Span,
    brokers: BTreeMap<BrokerId, BrokerHeartbeatState>,
    sessions: BTreeMap<BrokerId, Session>,
}

impl BrokerHeartbeatManager {
    /// `session_timeout`: `broker.session.timeout.ms`.
    #[must_use]
    pub fn new(session_timeout: Span) -> Self {
        Self { session_timeout, brokers: BTreeMap::new(), sessions: BTreeMap::new() }
    }

    // ---- sessions ----------------------------------------------------------------------------------------------

    /// A sign of life from the registration with this epoch.
    pub fn update_contact_time(&mut self, broker: BrokerId, epoch: BrokerEpoch, now: Time) {
        self.sessions.insert(broker, Session { epoch, last_contact: now });
    }

    pub fn remove_session(&mut self, broker: BrokerId) {
        self.sessions.remove(&broker);
    }

    #[must_use]
    pub fn has_valid_session(&self, broker: BrokerId, epoch: BrokerEpoch, now: Time) -> bool {
        self.sessions
            .get(&broker)
            .is_some_and(|session| session.epoch == epoch && !self.is_expired(session.last_contact, now))
    }

    /// Takes out one broker whose session has expired: the longest silent one. (Kafka's hash map has no order.)
    pub fn maybe_remove_expired(&mut self, now: Time) -> Option<BrokerId> {
        let expired = self.sessions.iter().filter(|(_, session)| self.is_expired(session.last_contact, now));
        let (broker, _) = expired.min_by_key(|(broker, session)| (session.last_contact, **broker))?;
        let broker = *broker;
        self.sessions.remove(&broker);
        Some(broker)
    }

    /// Broker, session, and when it expires.
    pub fn sessions(&self) -> impl Iterator<Item = (BrokerId, Session, Time)> {
        self.sessions.iter().map(|(id, session)| (*id, *session, session.last_contact + self.session_timeout))
    }

    fn is_expired(&self, last_contact: Time, now: Time) -> bool {
        last_contact + self.session_timeout < now
    }

    // ---- states ------------------------------------------------------------------------------------------------

    /// The metadata say that the broker is registered, and whether it is fenced.
    pub fn register(&mut self, broker: BrokerId, fenced: bool) {
        let metadata_offset = match self.brokers.get(&broker) {
            Some(state) if state.fenced != fenced => state.metadata_offset,
            _ => None,
        };
        self.touch(broker, fenced, metadata_offset);
    }

    /// An older incarnation's state is not the new one's.
    pub fn remove(&mut self, broker: BrokerId) {
        self.brokers.remove(&broker);
    }

    pub fn touch(&mut self, broker: BrokerId, fenced: bool, metadata_offset: Option<Offset>) {
        let state = self.brokers.entry(broker).or_insert(BrokerHeartbeatState {
            fenced,
            metadata_offset,
            controlled_shutdown_offset: None,
        });
        state.fenced = fenced;
        state.metadata_offset = metadata_offset;
        if fenced {
            state.controlled_shutdown_offset = None;
        }
    }

    /// The broker's leaderships have been moved by records up to and including `offset`.
    pub fn maybe_update_controlled_shutdown_offset(&mut self, broker: BrokerId, offset: Offset) {
        let state = self.brokers.get_mut(&broker).expect("a broker that shuts down is registered");
        assert!(!state.fenced, "fenced brokers cannot enter controlled shutdown");
        state.controlled_shutdown_offset.get_or_insert(offset);
    }

    #[must_use]
    pub fn is_shutting_down(&self, broker: BrokerId) -> bool {
        self.brokers.get(&broker).is_some_and(|state| state.controlled_shutdown_offset.is_some())
    }

    /// `None` if the broker is not registered.
    #[must_use]
    pub fn state(&self, broker: BrokerId) -> Option<BrokerControlState> {
        let state = self.brokers.get(&broker)?;
        Some(if state.controlled_shutdown_offset.is_some() {
            BrokerControlState::ControlledShutdown
        } else if state.fenced {
            BrokerControlState::Fenced
        } else {
            BrokerControlState::Unfenced
        })
    }

    /// The next metadata offset the broker will apply, as its last heartbeat said.
    #[must_use]
    pub fn metadata_offset(&self, broker: BrokerId) -> Option<Offset> {
        self.brokers.get(&broker)?.metadata_offset
    }

    /// What the broker should be after this heartbeat. `registered_at` is the offset of its registration record.
    ///
    /// # Panics
    /// If the broker is not registered.
    #[must_use]
    pub fn next_state(
        &self,
        request: &BrokerHeartbeatRequest,
        registered_at: Offset,
        has_leaderships: impl FnOnce() -> bool,
    ) -> BrokerControlState {
        let broker = request.broker;
        match self.state(broker).expect("the broker epoch was checked, so the broker is registered") {
            BrokerControlState::Fenced if request.want_shut_down => BrokerControlState::ShutdownNow,
            BrokerControlState::Fenced if !request.want_fence && is_caught_up(request, registered_at) => {
                BrokerControlState::Unfenced
            }
            BrokerControlState::Fenced => BrokerControlState::Fenced,
            BrokerControlState::Unfenced => match (request.want_fence, request.want_shut_down) {
                (true, true) => BrokerControlState::ShutdownNow,
                (true, false) => BrokerControlState::Fenced,
                (false, true) if has_leaderships() => BrokerControlState::ControlledShutdown,
                (false, true) => BrokerControlState::ShutdownNow,
                (false, false) => BrokerControlState::Unfenced,
            },
            BrokerControlState::ControlledShutdown if has_leaderships() => BrokerControlState::ControlledShutdown,
            BrokerControlState::ControlledShutdown if self.all_have_seen_the_move(broker) => {
                BrokerControlState::ShutdownNow
            }
            BrokerControlState::ControlledShutdown => BrokerControlState::ControlledShutdown,
            BrokerControlState::ShutdownNow => unreachable!("an answer, never a state that is kept"),
        }
    }

    /// Has every active broker applied the records that moved this one's leaderships away?
    fn all_have_seen_the_move(&self, broker: BrokerId) -> bool {
        let moved_at = self.brokers[&broker].controlled_shutdown_offset.expect("the broker is in controlled shutdown");
        let mut active =
            self.brokers.values().filter(|state| !state.fenced && state.controlled_shutdown_offset.is_none());
        active.all(|state| state.metadata_offset.is_some_and(|offset| offset > moved_at))
    }
}

/// Has the broker applied its own registration?
#[must_use]
pub fn is_caught_up(request: &BrokerHeartbeatRequest, registered_at: Offset) -> bool {
    request.current_metadata_offset > registered_at
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: BrokerId = BrokerId(1);
    const TWO: BrokerId = BrokerId(2);

    fn heartbeat(broker: BrokerId, offset: u64, want_fence: bool, want_shut_down: bool) -> BrokerHeartbeatRequest {
        BrokerHeartbeatRequest {
            broker,
            broker_epoch: BrokerEpoch(0),
            current_metadata_offset: Offset(offset),
            want_fence,
            want_shut_down,
            offline_replicas: Vec::new(),
        }
    }

    #[test]
    fn sessions_expire_one_at_a_time_and_only_after_the_timeout() {
        let mut manager = BrokerHeartbeatManager::new(Span::secs(9));
        manager.update_contact_time(ONE, BrokerEpoch(1), Time(2_000_000));
        manager.update_contact_time(TWO, BrokerEpoch(2), Time(1_000_000));
        let second = |seconds: u64| Time(seconds * 1_000_000);
        assert_eq!(manager.maybe_remove_expired(second(10)), None, "exactly at the timeout it still lives");
        assert!(manager.has_valid_session(TWO, BrokerEpoch(2), second(10)));
        assert!(!manager.has_valid_session(TWO, BrokerEpoch(1), second(10)), "another registration's session");
        assert_eq!(manager.maybe_remove_expired(second(12)), Some(TWO));
        assert_eq!(manager.maybe_remove_expired(second(12)), Some(ONE));
        assert_eq!(manager.maybe_remove_expired(second(12)), None);
    }

    #[test]
    fn a_broker_is_unfenced_once_it_has_seen_its_own_registration() {
        let mut manager = BrokerHeartbeatManager::new(Span::secs(9));
        manager.register(ONE, true);
        let next =
            |offset, want_fence| manager.next_state(&heartbeat(ONE, offset, want_fence, false), Offset(7), || false);
        assert_eq!(next(7, false), BrokerControlState::Fenced);
        assert_eq!(next(8, true), BrokerControlState::Fenced);
        assert_eq!(next(8, false), BrokerControlState::Unfenced);
    }

    #[test]
    fn a_broker_may_leave_when_all_others_know_the_new_leaders() {
        let mut manager = BrokerHeartbeatManager::new(Span::secs(9));
        for broker in [ONE, TWO] {
            manager.register(broker, true);
            manager.touch(broker, false, Some(Offset(10)));
        }
        let leave = heartbeat(ONE, 20, false, true);
        assert_eq!(manager.next_state(&leave, Offset(0), || false), BrokerControlState::ShutdownNow);
        assert_eq!(manager.next_state(&leave, Offset(0), || true), BrokerControlState::ControlledShutdown);
        manager.maybe_update_controlled_shutdown_offset(ONE, Offset(15));
        manager.maybe_update_controlled_shutdown_offset(ONE, Offset(30));
        assert!(manager.is_shutting_down(ONE));
        manager.touch(TWO, false, Some(Offset(15)));
        assert_eq!(manager.next_state(&leave, Offset(0), || false), BrokerControlState::ControlledShutdown);
        manager.touch(TWO, false, Some(Offset(16)));
        assert_eq!(manager.next_state(&leave, Offset(0), || false), BrokerControlState::ShutdownNow);
        manager.touch(ONE, true, Some(Offset(20)));
        assert_eq!(manager.state(ONE), Some(BrokerControlState::Fenced));
    }
}
