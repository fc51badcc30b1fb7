//! Looks ahead for the next thing worth seeing, so that the clock need not be watched while nothing happens.
//!
//! A scout is a copy of the world that runs ahead, a few events a frame. It shows nobody what it finds except *when*:
//! the session then plays up to just before that moment. It is thrown away as soon as anything else moves the world.

use crate::engine::common::{Span, Time};
use crate::engine::protocol::{Class, Digest, Gist};
use crate::engine::runtime::RuntimeFact;
use crate::engine::trace::{Fact, Record};
use crate::engine::world::World;
use crate::session::{BranchId, Session};
use crate::view::explain::{Lane, lane};

/// A scout looks no further ahead than this.
const HORIZON: Span = Span::secs(3_600);

#[derive(Clone, Debug)]
pub struct Scout {
    world: World,
    began: Mark,
    found: Option<Time>,
}

/// What a scout's word depends on: the branch and how many inputs it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    branch: BranchId,
    inputs: usize,
}

fn mark(session: &Session) -> Mark {
    Mark { branch: session.current_branch(), inputs: session.branch().inputs.len() }
}

impl Scout {
    /// Sets out from where the session stands.
    #[must_use]
    pub fn from(session: &Session) -> Self {
        let mut world = session.world().clone();
        // The copy's own trace begins here.
        drop(world.take_trace());
        Self { world, began: mark(session), found: None }
    }

    /// Is its word still worth something here? Only while it is ahead, on the same way.
    #[must_use]
    pub fn is_of(&self, session: &Session) -> bool {
        mark(session) == self.began
            && self.world.step_count() >= session.world().step_count()
            && self.found.is_none_or(|at| at > session.now())
    }

    /// Runs at most `events` further; the moment of the next thing worth seeing, once it is known.
    pub fn look(&mut self, session: &Session, events: u64) -> Option<Time> {
        if let Some(next) = next_known(session) {
            return Some(next);
        }
        let horizon = session.now() + HORIZON;
        for _ in 0..events {
            if self.found.is_some() {
                break;
            }
            match self.world.next_event_at() {
                // Nothing to see for an hour: then the hour may be skipped.
                Some(at) if at > horizon => return Some(horizon),
                Some(_) => drop(self.world.step()),
                None => return None,
            }
            if self.world.take_trace().iter().any(is_worth_seeing) {
                self.found = Some(self.world.now());
            }
        }
        self.found
    }
}

/// In a stretch that was played before, the trace knows.
fn next_known(session: &Session) -> Option<Time> {
    let ahead = &session.known()[session.past().len()..];
    ahead.iter().find(|record| is_worth_seeing(record)).map(|record| record.at)
}

/// A fact that is shown, or a message setting out that carries something.
#[must_use]
pub fn is_worth_seeing(record: &Record) -> bool {
    match &record.fact {
        Fact::Runtime(RuntimeFact::Sent { digest, .. }) => carries_something(digest),
        fact => lane(fact) != Lane::Noise,
    }
}

/// Is a message under way that nobody would want to miss?
#[must_use]
pub fn something_is_under_way(world: &World) -> bool {
    world.kernel().in_flight().any(|message| carries_something(&Digest::of(&message.body)))
}

/// Signs of life, questions for news and empty answers are not worth waiting for.
fn carries_something(digest: &Digest) -> bool {
    match digest.class {
        Class::Liveness => false,
        Class::Replicate | Class::Fetch => {
            matches!(digest.gist, Gist::Brings { records: Some(_), .. } | Gist::Diverges { .. } | Gist::Error(_))
        }
        Class::Produce | Class::Group => true,
        Class::Control => !matches!(digest.gist, Gist::None | Gist::MetadataRecords { .. }),
    }
}
