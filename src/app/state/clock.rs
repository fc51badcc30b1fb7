//! How a run moves on, frame by frame: at the chosen speed, within the time a frame has.
//!
//! The clock on screen is always true. When there is more to compute than a frame has time for, the clock falls behind
//! the speed asked for and the page says so; it never leaps over what it has not computed.

use std::cell::Cell;

use super::action::{Landmark, Note};
use super::landmark;
use super::lesson::{LessonRun, Moved};
use super::model::{Model, Work, parts};
use super::scout::{self, Scout};
use super::transcript::LineKind;
use crate::engine::common::{Span, Time};
use crate::session::{Advance, Session};

/// Events between two looks at the watch.
pub const CHUNK: u64 = 50;

/// Events that a scout runs ahead in one frame.
const SCOUT_BUDGET: u64 = 300;

/// No beat of a lesson waits longer than this: a fortnight, since records are kept for a week.
const LESSON_HORIZON: Span = Span::secs(14 * 86_400);

/// A wait shorter than this, on the reader's own clock, is watched and not skipped.
const WORTH_SKIPPING: Span = Span::millis(700);

/// A skip ends so long before the next thing worth seeing, on the reader's own clock: time enough to look.
const RUN_UP: Span = Span::millis(120);

/// On the reader's own clock.
const SKIP_IS_TOLD_FOR: Span = Span::millis(2_500);

thread_local! {
    /// The event being handled, for the hook that tells the reader of a panic: the model cannot be asked then.
    static LAST_EVENT: Cell<u64> = const { Cell::new(0) };
}

/// The number of the event being handled now, or handled last.
#[must_use]
pub fn last_event() -> u64 {
    LAST_EVENT.get()
}

/// Notes where a run stands before anything is computed of it.
pub fn note_event(session: &Session) {
    LAST_EVENT.set(session.world().step_count().0);
}

/// Tells whether the frame has spent its time.
pub type Watch<'a> = dyn FnMut() -> bool + 'a;

impl Model {
    /// Moves on by one frame, which took `wall` of the reader's time.
    pub fn frame(&mut self, wall: Span, is_spent: &mut Watch<'_>) {
        if self.work.is_some() {
            self.go_on(is_spent);
        } else if self.playback.is_playing() {
            self.play_on(wall, is_spent);
        }
        self.observe();
    }

    fn play_on(&mut self, wall: Span, is_spent: &mut Watch<'_>) {
        if let Some(note) = self.hand_over() {
            self.said = Some(note);
        }
        let now = self.session.now();
        let target = self.playback.tick(now, wall);
        if self.playback.skips_waits()
            && let Some(resume_at) = self.skip_to()
        {
            self.skipped = Some((resume_at.since(now), SKIP_IS_TOLD_FOR));
            self.work = Some(Work::To(resume_at));
            self.go_on(is_spent);
            return;
        }
        self.skipped = self.skipped.map(|(skipped, left)| (skipped, left.saturating_sub(wall)));
        self.skipped = self.skipped.filter(|(_, left)| *left > Span::ZERO);
        self.behind = self.advance(target, is_spent) == Advance::OutOfBudget;
    }

    /// Goes on with what takes more than a frame.
    pub(super) fn go_on(&mut self, is_spent: &mut Watch<'_>) {
        let Some(work) = self.work.take() else { return };
        self.work = match work {
            Work::To(time) => (self.advance(time, is_spent) == Advance::OutOfBudget).then_some(Work::To(time)),
            Work::Until(landmark, left) => self.search(landmark, left, is_spent),
            Work::Lesson => {
                let speaks = |model: &Self| !model.lesson.as_ref().is_some_and(LessonRun::wants_to_play);
                // The lesson itself ends the wait; the moment asked for only bounds a lesson that never does.
                let horizon = self.session.now() + LESSON_HORIZON;
                let advance = if speaks(self) { Advance::Arrived } else { self.advance(horizon, is_spent) };
                (advance == Advance::OutOfBudget).then_some(Work::Lesson)
            }
            Work::Await(condition, latest) => {
                if self.await_condition(&condition, latest, is_spent) {
                    None
                } else {
                    Some(Work::Await(condition, latest))
                }
            }
        };
    }

    /// Plays until the clock stands at `to`, or the frame's time is spent, or the lesson has something to say.
    pub(super) fn advance(&mut self, to: Time, is_spent: &mut Watch<'_>) -> Advance {
        let mut events = 0_u64;
        loop {
            match self.move_on(to) {
                Moved::Arrived => return Advance::Arrived,
                Moved::Spoke => {
                    self.halt();
                    return Advance::Arrived;
                }
                Moved::On => {}
            }
            events += 1;
            if events.is_multiple_of(CHUNK) && is_spent() {
                return Advance::OutOfBudget;
            }
        }
    }

    /// One event, or the clock at `to` if none comes before it.
    fn move_on(&mut self, to: Time) -> Moved {
        note_event(&self.session);
        match &mut self.lesson {
            Some(lesson) => lesson.advance(&mut self.session, to),
            None => match self.session.advance_to(to, 1) {
                Advance::Arrived => Moved::Arrived,
                Advance::OutOfBudget => Moved::On,
            },
        }
    }

    fn search(&mut self, wanted: Landmark, mut left: u64, is_spent: &mut Watch<'_>) -> Option<Work> {
        loop {
            // Without an event to come the clock would run to the end of time.
            if self.session.world().next_event_at().is_none() {
                self.said = Some(Note::key("ui-note-nothing-left"));
                return None;
            }
            if self.move_on(Time(u64::MAX)) == Moved::Spoke {
                self.halt();
                return None;
            }
            if self.session.here().any(|record| landmark::is(wanted, record)) {
                return None;
            }
            left -= 1;
            if left == 0 {
                self.said = Some(Note::key("ui-note-not-found"));
                return None;
            }
            if left.is_multiple_of(CHUNK) && is_spent() {
                return Some(Work::Until(wanted, left));
            }
        }
    }

    /// True when the wait is over.
    fn await_condition(
        &mut self,
        condition: &crate::console::Condition,
        latest: Time,
        is_spent: &mut Watch<'_>,
    ) -> bool {
        let mut events = 0_u64;
        loop {
            match condition.holds(self.scope()) {
                Ok(true) => {
                    let told = format!("{} s: {condition}", self.session.now());
                    self.said = Some(Note::done(told.clone()));
                    self.tell(LineKind::Answer, told);
                    return true;
                }
                Ok(false) => {}
                Err(problem) => {
                    self.tell(LineKind::Refusal, problem.to_string());
                    return true;
                }
            }
            if self.move_on(latest) == Moved::Arrived {
                let told = format!("{latest} s: still not {condition}{}", parts(condition, self.scope()));
                self.said = Some(Note::refused(told.clone()));
                self.tell(LineKind::Refusal, told);
                return true;
            }
            events += 1;
            if events.is_multiple_of(CHUNK) && is_spent() {
                return false;
            }
        }
    }

    /// Where to go on watching, if nothing worth it happens until then.
    fn skip_to(&mut self) -> Option<Time> {
        if scout::something_is_under_way(self.session.world()) {
            return None;
        }
        let now = self.session.now();
        if !self.scout.as_ref().is_some_and(|scout| scout.is_of(&self.session)) {
            self.scout = Some(Scout::from(&self.session));
        }
        let session = &self.session;
        let next = self.scout.as_mut().and_then(|scout| scout.look(session, SCOUT_BUDGET))?;
        let speed = self.playback.speed();
        let seen = |wall: Span| Span(wall.0 * speed.virtual_part / speed.wall_part);
        let resume_at = next - seen(RUN_UP);
        (resume_at.since(now) > seen(WORTH_SKIPPING)).then_some(resume_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::state::action::UiAction;
    use crate::app::state::sandbox;
    use crate::engine::Setup;
    use crate::session::PlaybackCommand;

    fn playing(stop: usize, skips: bool) -> Model {
        let mut model =
            Model::new(sandbox::session(sandbox::template(""), Setup::default()).expect("the sandbox stands"));
        model.perform(&UiAction::Playback(PlaybackCommand::SetStop(stop)));
        model.perform(&UiAction::Playback(PlaybackCommand::SkipWaits(skips)));
        model.perform(&UiAction::Playback(PlaybackCommand::Play));
        model
    }

    #[test]
    fn the_clock_runs_at_the_speed_that_was_chosen() {
        let mut model = playing(6, false);
        let before = model.session().now();
        for _ in 0..60 {
            model.frame(Span::millis(16), &mut || false);
        }
        assert_eq!(model.session().now(), before + Span::millis(960));
        assert!(!model.is_behind());
    }

    #[test]
    fn with_too_little_time_the_clock_falls_behind_and_says_so() {
        let mut model = playing(15, false);
        let before = model.session().now();
        model.frame(Span::millis(16), &mut || true);
        let passed = model.session().now().since(before);
        assert!(model.is_behind());
        assert!(passed < Span::secs(16), "{passed} of 16 s");
        let handled = model.session().past().last().map(|record| record.at);
        assert!(handled <= Some(model.session().now()), "nothing is shown that was not computed");
    }

    #[test]
    fn waits_are_skipped_to_just_before_the_next_thing_worth_seeing() {
        let mut model = playing(2, true);
        let mut skips = 0;
        for _ in 0..400 {
            let (before, seen) = (model.session().now(), model.session().past().len());
            model.frame(Span::millis(16), &mut || false);
            let session = model.session();
            if session.now().since(before) > Span::millis(50) {
                skips += 1;
                let missed = session.past()[seen..].iter().filter(|record| scout::is_worth_seeing(record)).count();
                assert_eq!(missed, 0, "nothing worth seeing lies in what was skipped");
            }
        }
        assert!(skips >= 3, "{skips} skips");
    }

    #[test]
    fn a_lesson_stops_the_clock_when_it_speaks() {
        let id = super::super::lesson::catalog().lessons()[0].id.clone();
        let (lesson, session) = LessonRun::open(&id).expect("a built-in lesson opens");
        let mut model = Model::of_lesson(session, lesson);
        assert!(model.playback().is_playing());
        model.perform(&UiAction::LessonNext);
        for _ in 0..10_000 {
            if !model.wants_frames() {
                break;
            }
            model.frame(Span::millis(16), &mut || false);
        }
        assert!(!model.wants_frames());
        let lesson = model.lesson().expect("it is still there");
        assert!(matches!(lesson.phase_name(), "settled" | "asking"), "{}", lesson.phase_name());
        assert!(lesson.marks()[0].at.is_some());
    }
}
