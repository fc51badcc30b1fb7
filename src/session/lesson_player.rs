//! A lesson being played: which beat, what it waits for, what is said, what was answered.
//!
//! A pure state machine over a session; the page and a rehearsal drive it alike. The clock is the caller's: it says up
//! to when to play, the player stops it where something is to be said or asked. What is said is computed once, at that
//! moment, and stays true of it. Going back seeks; going on from there plays the same stretch again, and acts anew
//! only if the learner has meanwhile gone another way.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::branch::BranchId;
use super::history::{Advance, Session};
use crate::console::{self, Condition, Entry, Expression, Memory, Scope, Value};
use crate::engine::common::Span;
use crate::engine::runtime::RuntimeFact;
use crate::engine::trace::Fact;
use crate::engine::{Refusal, Step, Time};
use crate::scenario::{Action, Beat, Bilingual, Caption, Lesson, Prediction, Shown};

/// What is said at one moment, in both languages.
pub type Said = Bilingual<Vec<Shown>>;

/// What the player is doing.
#[derive(Clone, Debug, PartialEq)]
pub enum Phase {
    /// Before [`LessonPlayer::begin`].
    NotBegun,
    /// The clock plays until something happens.
    Running,
    /// It has happened and is explained; `next` goes on.
    Settled,
    /// It has happened and a question is put; the clock stands.
    Asking,
    /// The answer is being found out.
    Revealing { choice: Option<usize> },
    /// The answer is there. Nothing is right if the question was skipped.
    Answered { choice: Option<usize>, right: usize },
    /// What the beat waits for did not come in time: the learner has changed the course of things.
    Missed,
    /// All beats are told; tasks are open.
    Finished,
}

/// An option of a question as it is put.
#[derive(Clone, Debug, PartialEq)]
pub struct Offered {
    pub id: String,
    pub value: Value,
    pub text: Said,
}

/// A question as it is put, and its answer as far as it is known.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    pub question: Said,
    pub hint: Option<Said>,
    pub options: Vec<Offered>,
    /// Said to whoever was right.
    pub right: Option<Said>,
    /// Why the options that are wrong are wrong, by option.
    pub wrong: BTreeMap<usize, Said>,
}

/// A line of the console that the lesson typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typed {
    pub at: Time,
    pub line: String,
    /// What a question was answered; a command's reply comes later, as a fact.
    pub output: Option<String>,
}

/// What was said and known at one moment, to be said again without being computed again.
#[derive(Clone, Debug)]
struct Moment {
    step: Step,
    at: Time,
    phase: Phase,
    said: Option<Said>,
    asked: Option<Asked>,
    memory: Memory,
}

/// A beat that was begun: where, and how it ended.
#[derive(Clone, Debug)]
struct Mark {
    branch: BranchId,
    began: Step,
    memory: Memory,
    settled: Option<Moment>,
    revealed: Option<Moment>,
}

/// What the clock plays towards.
#[derive(Clone, Debug, PartialEq)]
enum Goal {
    /// Something that must come true by then.
    Holds {
        condition: Condition,
        by: Time,
    },
    At(Time),
    /// A stretch that was played before.
    Again {
        step: Step,
        at: Time,
    },
}

#[derive(Clone, Debug)]
pub struct LessonPlayer {
    lesson: Arc<Lesson>,
    beat: usize,
    phase: Phase,
    goal: Option<Goal>,
    /// The step at which the goal was last looked at.
    looked: Option<Step>,
    marks: Vec<Mark>,
    memory: Memory,
    said: Option<Said>,
    asked: Option<Asked>,
    typed: Vec<Typed>,
    done: Vec<bool>,
    problems: Vec<String>,
}

impl LessonPlayer {
    #[must_use]
    pub fn new(lesson: Arc<Lesson>) -> Self {
        Self {
            beat: 0,
            phase: Phase::NotBegun,
            goal: None,
            looked: None,
            marks: Vec::new(),
            memory: Memory::new(),
            said: None,
            asked: None,
            typed: Vec::new(),
            done: vec![false; lesson.tasks.len()],
            problems: Vec::new(),
            lesson,
        }
    }

    /// The player with a fresh session of the lesson's own world, on another seed if one is given.
    ///
    /// # Errors
    /// If the lesson's setup makes no sense.
    pub fn open(lesson: Arc<Lesson>, seed: Option<u64>) -> Result<(Self, Session), Refusal> {
        let mut setup = lesson.setup.clone();
        setup.seed = seed.unwrap_or(setup.seed);
        let mut session = Session::new(setup)?;
        let mut player = Self::new(lesson);
        player.begin(&mut session);
        Ok((player, session))
    }

    // ---- looking in --------------------------------------------------------------------------------------------

    #[must_use]
    pub fn lesson(&self) -> &Arc<Lesson> {
        &self.lesson
    }

    /// Index of the beat, from 0.
    #[must_use]
    pub fn beat_index(&self) -> usize {
        self.beat
    }

    #[must_use]
    pub fn beat(&self) -> &Beat {
        &self.lesson.beats[self.beat]
    }

    #[must_use]
    pub fn phase(&self) -> &Phase {
        &self.phase
    }

    /// Should the clock be running for the lesson's sake?
    #[must_use]
    pub fn wants_to_play(&self) -> bool {
        matches!(self.phase, Phase::Running | Phase::Revealing { .. })
    }

    /// What is said now; while the clock plays, what to watch for.
    #[must_use]
    pub fn said(&self) -> Option<&Said> {
        self.said.as_ref()
    }

    /// The question of this beat, once it is put.
    #[must_use]
    pub fn asked(&self) -> Option<&Asked> {
        self.asked.as_ref()
    }

    /// Lines typed so far, oldest first.
    #[must_use]
    pub fn typed(&self) -> &[Typed] {
        &self.typed
    }

    /// Which of the lesson's tasks are done.
    #[must_use]
    pub fn tasks_done(&self) -> &[bool] {
        &self.done
    }

    #[must_use]
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    #[must_use]
    pub fn can_go_back(&self) -> bool {
        self.beat > 0 || matches!(self.phase, Phase::Answered { .. } | Phase::Finished)
    }

    #[must_use]
    pub fn can_go_on(&self) -> bool {
        matches!(self.phase, Phase::Settled | Phase::Answered { .. } | Phase::Missed)
    }

    /// What went wrong: a refused command, a value that cannot be computed, an expectation that does not hold.
    /// Empty in a sound lesson that is left to itself.
    #[must_use]
    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    // ---- verbs -------------------------------------------------------------------------------------------------

    /// Starts with the first beat, here and now.
    pub fn begin(&mut self, session: &mut Session) {
        self.enter(session, 0);
    }

    /// Plays forward, at most up to `to` and at most `budget` events, and stops where something is to be said.
    pub fn advance(&mut self, session: &mut Session, to: Time, budget: u64) -> Advance {
        if !self.wants_to_play() {
            // The learner lets the world run on; nothing of the lesson changes but its tasks.
            let advance = session.advance_to(to, budget);
            self.tick_tasks(session);
            return advance;
        }
        for _ in 0..budget {
            if self.reached(session) {
                self.arrive(session);
                return Advance::Arrived;
            }
            let limit = match &self.goal {
                Some(Goal::Holds { by, .. }) => to.min(*by),
                Some(Goal::At(at) | Goal::Again { at, .. }) => to.min(*at),
                None => to,
            };
            if session.advance_to(limit, 1) == Advance::OutOfBudget {
                continue;
            }
            if self.reached(session) {
                self.arrive(session);
            } else if matches!(&self.goal, Some(Goal::Holds { by, .. }) if session.now() >= *by) {
                self.miss(session);
            }
            self.tick_tasks(session);
            return Advance::Arrived;
        }
        self.tick_tasks(session);
        Advance::OutOfBudget
    }

    /// Goes on to the next beat.
    pub fn next(&mut self, session: &mut Session) {
        if !self.can_go_on() {
            return;
        }
        if self.beat + 1 < self.lesson.beats.len() {
            self.enter(session, self.beat + 1);
        } else {
            self.phase = Phase::Finished;
            self.goal = None;
        }
    }

    /// Back: from an answer to its question, else to what the beat before this one said.
    pub fn back(&mut self, session: &mut Session) {
        match self.phase {
            Phase::Finished => self.stand(session, self.beat, false),
            Phase::Answered { .. } | Phase::Revealing { .. } => self.stand(session, self.beat, true),
            _ if self.beat > 0 => self.stand(session, self.beat - 1, false),
            _ => {}
        }
    }

    /// Goes to a beat that was played before, at the moment when it was explained.
    pub fn go_to(&mut self, session: &mut Session, beat: usize) {
        if self.marks.get(beat).is_some_and(|mark| mark.settled.is_some()) {
            self.stand(session, beat, true);
        }
    }

    /// Answers the question; `None` skips it and only shows the answer.
    pub fn answer(&mut self, session: &mut Session, choice: Option<usize>) {
        let options = self.asked.as_ref().map_or(0, |asked| asked.options.len());
        if self.phase != Phase::Asking || choice.is_some_and(|choice| choice >= options) {
            return;
        }
        let Some(prediction) = self.prediction().cloned() else { return };
        self.phase = Phase::Revealing { choice };
        self.looked = None;
        let mark = &self.marks[self.beat];
        let known = mark.revealed.as_ref().filter(|moment| mark.is_on_branch_of(session) && reaches(session, moment));
        if let Some(moment) = known {
            self.goal = Some(Goal::Again { step: moment.step, at: moment.at });
            return;
        }
        let reveal = &prediction.reveal;
        self.act(session, &reveal.actions);
        self.goal = Some(goal(session.now(), reveal.until.as_ref(), reveal.wait, reveal.within));
    }

    /// The clock was moved by hand: takes up the beat that belongs to where it stands now.
    pub fn resync(&mut self, session: &Session) {
        let step = session.world().step_count();
        let begun = |mark: &Mark| mark.is_on_branch_of(session) && mark.began <= step;
        let Some(beat) = self.marks.iter().rposition(begun) else { return };
        let mark = self.marks[beat].clone();
        self.beat = beat;
        match [mark.revealed, mark.settled.clone()].into_iter().flatten().find(|moment| moment.step <= step) {
            Some(moment) => self.restore(moment),
            None => {
                self.memory = mark.memory;
                self.phase = Phase::Running;
                self.asked = None;
                self.goal =
                    mark.settled.map(|moment| Goal::Again { step: moment.step, at: moment.at }).or(self.goal.take());
                self.say_watch(session);
            }
        }
    }

    /// Something was taken back, or done again: the branch `was` ends where the clock stands, under another name.
    pub fn course_changed(&mut self, was: BranchId, session: &Session) {
        let step = session.world().step_count();
        for mark in self.marks.iter_mut().filter(|mark| mark.branch == was && mark.began <= step) {
            mark.branch = session.current_branch();
            mark.settled.take_if(|moment| moment.step > step);
            mark.revealed.take_if(|moment| moment.step > step);
        }
        self.resync(session);
    }

    // ---- beats -------------------------------------------------------------------------------------------------

    fn enter(&mut self, session: &mut Session, beat: usize) {
        self.beat = beat;
        self.phase = Phase::Running;
        self.asked = None;
        self.looked = None;
        let step = session.world().step_count();
        let same_way = |mark: &&Mark| mark.is_on_branch_of(session) && step <= mark.began;
        let played = self.marks.get(beat).filter(same_way).and_then(|mark| mark.settled.as_ref());
        if let Some(moment) = played.filter(|moment| reaches(session, moment)) {
            self.goal = Some(Goal::Again { step: moment.step, at: moment.at });
            self.say_watch(session);
            return;
        }
        self.marks.truncate(beat);
        self.marks.push(Mark {
            branch: session.current_branch(),
            began: step,
            memory: self.memory.clone(),
            settled: None,
            revealed: None,
        });
        let lesson = self.lesson.clone();
        let this = &lesson.beats[beat];
        self.act(session, &this.actions);
        // Acting in the past begins a branch.
        self.marks[beat].branch = session.current_branch();
        self.goal = Some(goal(session.now(), this.until.as_ref(), this.wait, this.within));
        self.say_watch(session);
    }

    fn say_watch(&mut self, session: &Session) {
        let watch = self.beat().watch.clone();
        self.said = watch.and_then(|caption| self.show(session, &caption));
    }

    fn act(&mut self, session: &mut Session, actions: &[Action]) {
        for action in actions {
            let at = session.now();
            let output = match &action.entry {
                Entry::Act(commands) => {
                    for command in commands {
                        if let Err(refusal) = session.lead(command.clone()) {
                            self.problems.push(format!("beat {}: {}: {refusal}", self.beat + 1, action.line));
                        }
                    }
                    None
                }
                Entry::Ask(question) => {
                    let scope = Scope { world: session.world(), past: session.past(), memory: &self.memory };
                    Some(console::answer(question, scope))
                }
                _ => unreachable!("a lesson's document has only commands and questions"),
            };
            self.typed.push(Typed { at, line: action.line.clone(), output });
        }
    }

    /// Has what we wait for come?
    fn reached(&mut self, session: &Session) -> bool {
        let step = session.world().step_count();
        match &self.goal {
            None => true,
            Some(Goal::At(at)) => session.now() >= *at,
            // What was typed next stands at the same moment and must not be done again before its time.
            Some(Goal::Again { step: goal, at }) => {
                step > *goal || (step == *goal && (session.now() >= *at || input_is_next(session)))
            }
            Some(Goal::Holds { condition, .. }) => {
                // A message that travels changes nothing that can be asked about: look when something happened.
                let changed = self.looked.is_none_or(|looked| looked != step)
                    && (self.looked.is_none() || step_changed_something(session));
                self.looked = Some(step);
                if !changed {
                    return false;
                }
                match condition.holds(scope(session, &self.memory)) {
                    Ok(holds) => holds,
                    Err(problem) => {
                        self.problems.push(format!("beat {}: until {condition}: {problem}", self.beat + 1));
                        true
                    }
                }
            }
        }
    }

    fn arrive(&mut self, session: &Session) {
        let again = matches!(self.goal.take(), Some(Goal::Again { .. }));
        let lesson = self.lesson.clone();
        let beat = &lesson.beats[self.beat];
        match self.phase {
            Phase::Revealing { choice } => {
                if let Some(mut moment) = self.marks[self.beat].revealed.clone().filter(|_| again) {
                    if let Phase::Answered { choice: before, .. } = &mut moment.phase {
                        *before = choice;
                    }
                    self.restore(moment);
                } else if let Some(prediction) = &beat.predict {
                    self.keep(session, &prediction.reveal.keep);
                    self.demand(session, &prediction.reveal.expect);
                    self.tell_answer(session, prediction, choice);
                    self.marks[self.beat].revealed = Some(self.moment(session));
                }
            }
            _ => {
                if let Some(moment) = self.marks[self.beat].settled.clone().filter(|_| again) {
                    self.restore(moment);
                } else {
                    self.keep(session, &beat.keep);
                    self.demand(session, &beat.expect);
                    self.settle(session, beat);
                    self.marks[self.beat].settled = Some(self.moment(session));
                }
            }
        }
        self.tick_tasks(session);
    }

    fn moment(&self, session: &Session) -> Moment {
        Moment {
            step: session.world().step_count(),
            at: session.now(),
            phase: self.phase.clone(),
            said: self.said.clone(),
            asked: self.asked.clone(),
            memory: self.memory.clone(),
        }
    }

    fn restore(&mut self, moment: Moment) {
        self.goal = None;
        self.phase = moment.phase;
        self.said = moment.said;
        self.asked = moment.asked;
        self.memory = moment.memory;
    }

    fn miss(&mut self, session: &Session) {
        if let Some(Goal::Holds { condition, .. }) = self.goal.take() {
            let parts = condition.parts(scope(session, &self.memory));
            let parts: Vec<String> = parts.iter().map(|(text, value)| format!("{text} = {value}")).collect();
            let at = session.now();
            let number = self.beat + 1;
            self.problems
                .push(format!("beat {number}: at {at} it still does not hold that {condition} ({})", parts.join(", ")));
        }
        self.phase = Phase::Missed;
    }

    /// Says what the beat says, and puts its question.
    fn settle(&mut self, session: &Session, beat: &Beat) {
        self.said = self.show(session, &beat.say);
        self.asked = beat.predict.as_ref().and_then(|prediction| self.put(session, prediction));
        self.phase = if self.asked.is_some() { Phase::Asking } else { Phase::Settled };
    }

    fn put(&mut self, session: &Session, prediction: &Prediction) -> Option<Asked> {
        let question = self.show(session, &prediction.question)?;
        let hint = prediction.hint.as_ref().and_then(|hint| self.show(session, hint));
        let mut options = Vec::new();
        for choice in &prediction.options {
            let value = self.value(session, &choice.value)?;
            let text = match &choice.text {
                Some(text) => self.show(session, text)?,
                None => {
                    let shown = vec![Shown { text: value.to_string(), of: None }];
                    Bilingual { en: shown.clone(), zh: shown }
                }
            };
            options.push(Offered { id: choice.id.clone(), value, text });
        }
        Some(Asked { question, hint, options, right: None, wrong: BTreeMap::new() })
    }

    fn tell_answer(&mut self, session: &Session, prediction: &Prediction, choice: Option<usize>) {
        let answer = self.value(session, &prediction.answer);
        let options: Vec<(String, Value)> = self.asked.as_ref().map_or_else(Vec::new, |asked| {
            asked.options.iter().map(|option| (option.id.clone(), option.value.clone())).collect()
        });
        let right = options.iter().position(|(_, value)| answer.as_ref().is_some_and(|answer| fits(value, answer)));
        let Some(right) = right else {
            let values: Vec<String> = options.iter().map(|(id, value)| format!("{id} = {value}")).collect();
            let answer = answer.map_or("nothing".to_owned(), |answer| answer.to_string());
            let number = self.beat + 1;
            self.problems
                .push(format!("beat {number}: the answer is {answer}, and the options are {}", values.join(", ")));
            self.phase = Phase::Settled;
            return;
        };
        let said = self.show(session, &prediction.right);
        let mut wrong = BTreeMap::new();
        for (index, (id, _)) in options.iter().enumerate() {
            let why = prediction.wrong.iter().find(|wrong| wrong.option == *id);
            if let Some(said) = why.and_then(|wrong| self.show(session, &wrong.why)) {
                wrong.insert(index, said);
            }
        }
        if let Some(asked) = &mut self.asked {
            asked.right = said;
            asked.wrong = wrong;
        }
        self.phase = Phase::Answered { choice, right };
    }

    // ---- going back --------------------------------------------------------------------------------------------

    /// Stands at the end of a beat that was played before; or, if wanted, where its question was put.
    fn stand(&mut self, session: &mut Session, beat: usize, before_answer: bool) {
        let Some(mark) = self.marks.get(beat) else { return };
        let revealed = mark.revealed.clone().filter(|_| !before_answer);
        let Some(moment) = revealed.or_else(|| mark.settled.clone()) else { return };
        session.switch_to(mark.branch);
        session.seek_step(moment.step);
        // The moment may lie after the last event; what was typed next must not be done with it.
        if session.now() < moment.at && !input_is_next(session) {
            session.advance_to(moment.at, 1);
        }
        self.beat = beat;
        self.restore(moment);
    }

    // ---- values ------------------------------------------------------------------------------------------------

    fn prediction(&self) -> Option<&Prediction> {
        self.beat().predict.as_ref()
    }

    fn keep(&mut self, session: &Session, keep: &BTreeMap<String, Expression>) {
        for (name, expression) in keep {
            if let Some(value) = self.value(session, expression) {
                self.memory.insert(name.clone(), (value, expression.kind()));
            }
        }
    }

    fn value(&mut self, session: &Session, expression: &Expression) -> Option<Value> {
        match expression.evaluate(scope(session, &self.memory)) {
            Ok(value) => Some(value),
            Err(problem) => {
                self.problems.push(format!("beat {}: {expression}: {problem}", self.beat + 1));
                None
            }
        }
    }

    fn show(&mut self, session: &Session, caption: &Bilingual<Caption>) -> Option<Said> {
        match caption.try_map(|caption| caption.show(scope(session, &self.memory))) {
            Ok(said) => Some(said),
            Err(problem) => {
                self.problems.push(format!("beat {}: \"{}\": {problem}", self.beat + 1, caption.en));
                None
            }
        }
    }

    fn demand(&mut self, session: &Session, expected: &[Condition]) {
        for condition in expected {
            let scope = scope(session, &self.memory);
            match condition.holds(scope) {
                Ok(true) => {}
                Ok(false) => {
                    let parts = condition.parts(scope);
                    let parts: Vec<String> = parts.iter().map(|(text, value)| format!("{text} = {value}")).collect();
                    let (number, at) = (self.beat + 1, session.now());
                    self.problems
                        .push(format!("beat {number}, at {at}: expected {condition}, but {}", parts.join(", ")));
                }
                Err(problem) => self.problems.push(format!("beat {}: expect {condition}: {problem}", self.beat + 1)),
            }
        }
    }

    /// Tasks tick themselves once the lesson has been told, and stay ticked.
    fn tick_tasks(&mut self, session: &Session) {
        if self.phase != Phase::Finished {
            return;
        }
        for (done, task) in self.done.iter_mut().zip(&self.lesson.tasks) {
            *done = *done || task.done.holds(scope(session, &self.memory)).unwrap_or(false);
        }
    }
}

fn scope<'a>(session: &'a Session, memory: &'a Memory) -> Scope<'a> {
    Scope { world: session.world(), past: session.past(), memory }
}

fn goal(now: Time, until: Option<&Condition>, wait: Option<Span>, within: Span) -> Goal {
    match (until, wait) {
        (Some(condition), _) => Goal::Holds { condition: condition.clone(), by: now + within },
        (None, wait) => Goal::At(now + wait.unwrap_or(Span::ZERO)),
    }
}

/// Is this option the answer? A pair stands for the range from its first to before its second, unless the answer is
/// itself a list.
fn fits(option: &Value, answer: &Value) -> bool {
    match (option, answer) {
        (Value::List(range), Value::Int(_) | Value::Time(_)) => match range.as_slice() {
            [from, to] => from.is_at_most(answer) && !to.is_at_most(answer),
            _ => false,
        },
        _ => option == answer,
    }
}

impl Mark {
    fn is_on_branch_of(&self, session: &Session) -> bool {
        self.branch == session.current_branch()
    }
}

/// Has the current branch been computed as far as there?
fn reaches(session: &Session, moment: &Moment) -> bool {
    session.furthest() >= moment.at
}

/// Is the next thing that happens here something that was typed when this stretch was played first?
fn input_is_next(session: &Session) -> bool {
    let step = session.world().step_count();
    session.branch().next_input(step).is_some_and(|input| input.after == step)
}

/// Did the newest step do more than move messages?
fn step_changed_something(session: &Session) -> bool {
    let moves = |fact: &Fact| matches!(fact, Fact::Runtime(RuntimeFact::Sent { .. } | RuntimeFact::Delivered { .. }));
    session.here().any(|record| !moves(&record.fact))
}

#[cfg(test)]
mod tests;
