//! One run with everything the page remembers about it, and the verbs that change it.
//!
//! Components look at a model and never change it; the root component alone calls its verbs. Whatever is refused
//! comes back as a [`Note`], and the run stays as it was.

use super::action::{Landmark, Note, UiAction};
use super::feed::Feed;
use super::lag::Lag;
use super::landmark;
use super::lesson::LessonRun;
use super::scout::Scout;
use super::ticks::Ticks;
use super::transcript::{LineKind, Transcript};
use crate::console::{self, Condition, Entry, Memory, Scope};
use crate::engine::command::Command;
use crate::engine::common::{Span, Time};
use crate::engine::{Refusal, Setup};
use crate::session::{BranchId, Playback, PlaybackCommand, Session};
use crate::view::keys::Keys;

/// Events that one press of "step" may pass over before it becomes work that frames go on with.
const STEP_BUDGET: u64 = 4_000;

/// Events after which a search for a landmark gives up: there may be none.
pub(super) const SEARCH_BUDGET: u64 = 400_000;

/// Something that takes more than a frame.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// Play to this moment, unseen.
    To(Time),
    /// Play until such a thing has happened; so many events may still pass.
    Until(Landmark, u64),
    /// Play until this holds, at the latest to that moment.
    Await(Box<Condition>, Time),
    /// Play until the lesson has something to say.
    Lesson,
}

/// One run.
#[derive(Debug)]
pub struct Model {
    pub(super) session: Session,
    pub(super) playback: Playback,
    pub(super) lesson: Option<LessonRun>,
    pub(super) feed: Feed,
    pub(super) scout: Option<Scout>,
    pub(super) work: Option<Work>,
    /// The last stretch that was skipped because nothing happened in it, and how much longer that is told.
    pub(super) skipped: Option<(Span, Span)>,
    /// The last frame had too little time for what was due.
    pub(super) behind: bool,
    /// What work came to that ended in a frame, not in an action.
    pub(super) said: Option<Note>,
    keys: Keys,
    ticks: Ticks,
    lag: Lag,
    transcript: Transcript,
    /// Facts observed so far, counted from the beginning of which branch.
    observed: (BranchId, u64),
}

impl Model {
    #[must_use]
    pub fn new(session: Session) -> Self {
        let observed = (session.current_branch(), 0);
        let mut model = Self {
            session,
            playback: Playback::default(),
            lesson: None,
            feed: Feed::default(),
            scout: None,
            work: None,
            skipped: None,
            behind: false,
            said: None,
            keys: Keys::default(),
            ticks: Ticks::default(),
            lag: Lag::default(),
            transcript: Transcript::default(),
            observed,
        };
        model.observe();
        model
    }

    /// A run that a lesson leads; its clock runs from the start.
    #[must_use]
    pub fn of_lesson(session: Session, lesson: LessonRun) -> Self {
        let mut model = Self { lesson: Some(lesson), ..Self::new(session) };
        model.play_for_lesson();
        model
    }

    #[must_use]
    pub fn session(&self) -> &Session {
        &self.session
    }

    #[must_use]
    pub fn playback(&self) -> Playback {
        self.playback
    }

    #[must_use]
    pub fn lesson(&self) -> Option<&LessonRun> {
        self.lesson.as_ref()
    }

    #[must_use]
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    #[must_use]
    pub fn ticks(&self) -> &Ticks {
        &self.ticks
    }

    #[must_use]
    pub fn lag(&self) -> &Lag {
        &self.lag
    }

    #[must_use]
    pub fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    #[must_use]
    pub fn feed(&self) -> &Feed {
        &self.feed
    }

    #[must_use]
    pub fn skipped(&self) -> Option<Span> {
        self.skipped.map(|(skipped, _)| skipped)
    }

    #[must_use]
    pub fn is_behind(&self) -> bool {
        self.behind
    }

    #[must_use]
    pub fn is_at_work(&self) -> bool {
        self.work.is_some()
    }

    /// Has this branch been played further than where the clock stands? Acting here starts another one.
    #[must_use]
    pub fn is_in_the_past(&self) -> bool {
        self.session.now() < self.session.furthest() || self.session.past().len() < self.session.known().len()
    }

    /// Does anything remain to be done in the next frame?
    #[must_use]
    pub fn wants_frames(&self) -> bool {
        self.playback.is_playing() || self.work.is_some()
    }

    /// What was to be said of the last frame.
    pub fn take_said(&mut self) -> Option<Note> {
        self.said.take()
    }

    /// What a scope for the console's expressions needs.
    #[must_use]
    pub fn scope(&self) -> Scope<'_> {
        static NOTHING_KEPT: std::sync::OnceLock<Memory> = std::sync::OnceLock::new();
        let memory = match &self.lesson {
            Some(lesson) => lesson.memory(),
            None => NOTHING_KEPT.get_or_init(Memory::default),
        };
        Scope { world: self.session.world(), past: self.session.past(), memory }
    }

    // ---- verbs -------------------------------------------------------------------------------------------------

    /// Carries out what concerns the clock and the cluster.
    pub fn perform(&mut self, action: &UiAction) -> Option<Note> {
        let note = match action {
            UiAction::Playback(command) => {
                self.play(*command);
                None
            }
            UiAction::Step => self.step(),
            UiAction::StepBack => {
                self.halt();
                self.session.step_back(|record| landmark::is(Landmark::Event, record));
                self.resync();
                None
            }
            UiAction::RunTo(landmark) => self.run_to(*landmark),
            UiAction::SeekTime(time) => self.seek(*time),
            UiAction::SeekStep(step) => {
                self.halt();
                self.session.seek_step(*step);
                self.resync();
                None
            }
            UiAction::ToStart => self.seek(Time::ZERO),
            UiAction::ToLatest => self.seek(self.session.furthest()),
            UiAction::SwitchBranch(branch) => {
                self.halt();
                self.session.switch_to(*branch);
                self.resync();
                None
            }
            UiAction::Undo => self.retrace("ui-note-undone", Session::undo),
            UiAction::Redo => self.retrace("ui-note-redone", Session::redo),
            UiAction::Bookmark => {
                self.session.toggle_bookmark();
                None
            }
            UiAction::Run(command) => self.act(command, LineKind::Echo),
            UiAction::RunAll(commands) => commands.iter().find_map(|command| self.act(command, LineKind::Echo)),
            UiAction::Console(line) => self.run_line(line),
            UiAction::Feed(portion) => {
                self.feed.take(portion.clone());
                self.hand_over()
            }
            UiAction::StopFeed => {
                self.feed.stop();
                None
            }
            UiAction::LessonNext
            | UiAction::LessonBack
            | UiAction::Choose(_)
            | UiAction::Answer
            | UiAction::SkipQuestion => self.lead(action),
            _ => None,
        };
        self.observe();
        note
    }

    fn play(&mut self, command: PlaybackCommand) {
        self.playback = self.playback.after(command);
        self.skipped = None;
        if matches!(command, PlaybackCommand::Pause | PlaybackCommand::Toggle) && !self.playback.is_playing() {
            self.work = None;
            self.behind = false;
        }
    }

    /// Stops whatever moves the clock.
    pub(super) fn halt(&mut self) {
        self.playback = self.playback.after(PlaybackCommand::Pause);
        self.work = None;
        self.scout = None;
        self.skipped = None;
        self.behind = false;
    }

    fn resync(&mut self) {
        if let Some(lesson) = &mut self.lesson {
            lesson.resync(&self.session);
        }
    }

    fn step(&mut self) -> Option<Note> {
        self.run_to(Landmark::Event)
    }

    fn run_to(&mut self, landmark: Landmark) -> Option<Note> {
        self.halt();
        self.work = Some(Work::Until(landmark, SEARCH_BUDGET));
        // Most steps are short: they are done here, so that a press of the key is a step at once.
        let mut events = 0;
        self.go_on(&mut || {
            events += super::clock::CHUNK;
            events >= STEP_BUDGET
        });
        self.said.take()
    }

    fn seek(&mut self, time: Time) -> Option<Note> {
        self.halt();
        if time <= self.session.now() {
            self.session.seek(time);
            self.resync();
        } else {
            self.work = Some(Work::To(time));
        }
        None
    }

    /// Takes back, or does again; says what.
    fn retrace(&mut self, key: &'static str, by: fn(&mut Session) -> Option<Command>) -> Option<Note> {
        let was = self.session.current_branch();
        let command = by(&mut self.session)?;
        self.halt();
        if let Some(lesson) = &mut self.lesson {
            lesson.course_changed(was, &self.session);
        }
        Some(Note::with(key, vec![("what", console::print(&command))]))
    }

    /// Carries out a command here and now, and writes down the line that it equals.
    pub(super) fn act(&mut self, command: &Command, echo: LineKind) -> Option<Note> {
        let line = console::print(command);
        let before = self.session.now();
        match self.session.act(command.clone()) {
            Ok(forked) => {
                if echo == LineKind::Echo {
                    self.transcript.add(LineKind::Echo, line);
                }
                self.scout = None;
                debug_assert_eq!(before, self.session.now(), "a command takes no time");
                forked.then(|| Note::key("ui-note-branched"))
            }
            Err(Refusal(reason)) => {
                self.transcript.add(LineKind::Refusal, format!("{line}\n{reason}"));
                Some(Note::refused(reason))
            }
        }
    }

    /// Gives the producer its next records, as many as it can take.
    pub(super) fn hand_over(&mut self) -> Option<Note> {
        // In the past, handing records over would start a branch of its own with every chunk.
        if self.is_in_the_past() {
            return None;
        }
        while let Some(command) = self.feed.next(self.session.world()) {
            if let Err(Refusal(reason)) = self.session.act(command) {
                self.feed.stop();
                return Some(Note::refused(reason));
            }
            self.scout = None;
        }
        None
    }

    // ---- the console -------------------------------------------------------------------------------------------

    fn run_line(&mut self, line: &str) -> Option<Note> {
        self.transcript.add(LineKind::Typed, line);
        let entry = match console::parse(line) {
            Ok(entry) => entry,
            Err(problem) => {
                self.transcript.add(LineKind::Refusal, problem.to_string());
                return None;
            }
        };
        match entry {
            Entry::Act(commands) => return commands.iter().find_map(|command| self.act(command, LineKind::Typed)),
            Entry::Ask(question) => {
                let text = console::answer(&question, self.scope());
                self.transcript.add(LineKind::Answer, text);
            }
            Entry::Wait(span) => {
                self.halt();
                self.work = Some(Work::To(self.session.now() + span));
            }
            Entry::Await { condition, within } => {
                self.halt();
                self.work = Some(Work::Await(Box::new(condition), self.session.now() + within));
            }
            Entry::Expect(condition) => self.tell_expectation(&condition),
            Entry::Nothing => {}
        }
        None
    }

    fn tell_expectation(&mut self, condition: &Condition) {
        let scope = self.scope();
        let verdict = match condition.holds(scope) {
            Ok(true) => (LineKind::Answer, format!("holds: {condition}")),
            Ok(false) => (LineKind::Refusal, format!("does not hold: {condition}{}", parts(condition, scope))),
            Err(problem) => (LineKind::Refusal, problem.to_string()),
        };
        self.transcript.add(verdict.0, verdict.1);
    }

    pub(super) fn tell(&mut self, kind: LineKind, text: String) {
        self.transcript.add(kind, text);
    }

    // ---- remembering -------------------------------------------------------------------------------------------

    /// Takes in facts that are new since the last call.
    pub(super) fn observe(&mut self) {
        let branch = self.session.current_branch();
        let known = self.session.known();
        let total = self.session.forgotten() + known.len() as u64;
        if self.observed.0 != branch || self.observed.1 > total {
            self.observed = (branch, 0);
            self.ticks = Ticks::default();
            self.lag = Lag::default();
        }
        let seen = usize::try_from(self.observed.1.saturating_sub(self.session.forgotten())).unwrap_or(usize::MAX);
        let new = known.get(seen..).unwrap_or_default();
        if new.is_empty() {
            return;
        }
        self.keys.observe(new);
        self.ticks.observe(new);
        self.lag.observe(new);
        let replies: Vec<String> =
            new.iter().filter_map(|record| console::reply(record, self.session.world())).collect();
        self.observed.1 = total;
        if let Some(lesson) = &mut self.lesson {
            for (kind, line) in lesson.newly_typed() {
                self.transcript.add(kind, line);
            }
        }
        for reply in replies {
            self.transcript.add(LineKind::Answer, reply);
        }
    }

    /// Starts over with another setup. What the console said stays.
    ///
    /// # Errors
    /// If the setup is refused; the old run goes on.
    pub fn restart(&mut self, setup: Setup) -> Result<(), Refusal> {
        let session = Session::new(setup)?;
        let transcript = std::mem::take(&mut self.transcript);
        *self = Self { transcript, ..Self::new(session) };
        Ok(())
    }
}

/// ` (hw(orders-0) = 6, …)`: why a condition does not hold.
pub(super) fn parts(condition: &Condition, scope: Scope<'_>) -> String {
    let parts: Vec<String> =
        condition.parts(scope).into_iter().map(|(text, value)| format!("{text} = {value}")).collect();
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::state::feed::Handover;
    use crate::app::state::sandbox;
    use crate::engine::command::{RecordSpec, Target};
    use crate::engine::common::BrokerId;
    use crate::engine::runtime::Crash;

    fn model() -> Model {
        Model::new(sandbox::session(sandbox::template(""), Setup::default()).expect("the sandbox stands"))
    }

    fn crash(broker: u32) -> UiAction {
        let node = Target::Broker(BrokerId(broker));
        UiAction::Run(Command::Crash { node, how: Crash::Process })
    }

    fn newest_line(model: &Model) -> (LineKind, String) {
        let line = model.transcript().lines().next_back().expect("something was said");
        (line.kind, line.text.clone())
    }

    #[test]
    fn a_click_is_echoed_as_the_line_it_equals() {
        let mut model = model();
        assert_eq!(model.perform(&crash(2)), None);
        assert_eq!(newest_line(&model), (LineKind::Echo, "crash broker-2".to_owned()));
        let faults: Vec<&str> = model.ticks().faults().iter().map(|(_, line)| line.as_str()).collect();
        assert_eq!(faults, ["crash broker-2"]);
    }

    #[test]
    fn a_refusal_changes_nothing_and_says_why() {
        let mut model = model();
        model.perform(&crash(2));
        let before = model.session().world().fingerprint();
        let note = model.perform(&crash(2)).expect("it is down already");
        assert_eq!(note.tone, crate::app::state::action::Tone::Refused);
        assert_eq!(model.session().world().fingerprint(), before);
        assert_eq!(newest_line(&model).0, LineKind::Refusal);
    }

    #[test]
    fn acting_in_the_past_starts_a_branch_and_says_so() {
        let mut model = model();
        model.perform(&UiAction::SeekTime(Time(3_000_000)));
        assert!(model.is_in_the_past());
        assert_eq!(model.perform(&crash(1)), Some(Note::key("ui-note-branched")));
        assert_eq!(model.session().branches().count(), 2);
        assert!(!model.is_in_the_past());
        assert!(model.ticks().of(crate::view::explain::Lane::Fault).iter().all(|at| *at <= Time(3_000_000)));
    }

    #[test]
    fn a_step_is_a_fact_that_is_shown_and_stepping_back_undoes_it() {
        let mut model = model();
        let start = model.session().world().step_count();
        model.perform(&UiAction::Step);
        let first = (model.session().world().step_count(), model.session().world().fingerprint());
        assert!(first.0 > start && model.session().here().any(|record| landmark::is(Landmark::Event, record)));
        model.perform(&UiAction::Step);
        assert!(model.session().world().step_count() > first.0);
        model.perform(&UiAction::StepBack);
        assert_eq!((model.session().world().step_count(), model.session().world().fingerprint()), first);
    }

    #[test]
    fn the_console_asks_acts_waits_and_refuses() {
        let mut model = model();
        model.perform(&UiAction::Console("kafka-topics --list".to_owned()));
        assert!(newest_line(&model).1.contains("orders"));
        let before = model.session().now();
        model.perform(&UiAction::Console("wait 2s".to_owned()));
        while model.is_at_work() {
            model.frame(Span::ZERO, &mut || true);
        }
        assert_eq!(model.session().now(), before + Span::secs(2));
        model.perform(&UiAction::Console("expect 1 == 2".to_owned()));
        assert_eq!(newest_line(&model).0, LineKind::Refusal);
        model.perform(&UiAction::Console("kafka-topic".to_owned()));
        assert!(newest_line(&model).1.contains("kafka-topics"), "the nearest name is offered");
    }

    #[test]
    fn a_long_file_goes_over_no_faster_than_it_is_acknowledged() {
        let mut model = model();
        let record = |n: usize| RecordSpec { value: format!("row {n}"), ..RecordSpec::default() };
        let portion = Handover { producer: "checkout-web".to_owned(), records: (0..1_000).map(record).collect() };
        model.perform(&UiAction::Feed(portion));
        let at_once = model.feed().handed_over();
        assert!((1..1_000).contains(&at_once), "{at_once} of 1000 at once");
        model.perform(&UiAction::Playback(PlaybackCommand::SetStop(9)));
        model.perform(&UiAction::Playback(PlaybackCommand::Play));
        for _ in 0..600 {
            model.frame(Span::millis(16), &mut || false);
        }
        assert_eq!((model.feed().handed_over(), model.feed().waiting()), (1_000, 0));
    }
}
