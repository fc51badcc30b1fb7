//! A lesson as the page shows it: the player with what the reader has chosen so far, and its view as plain data.

use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;

use super::action::{Note, UiAction};
use super::model::{Model, Work};
use super::transcript::LineKind;
use crate::app::i18n::Lang;
use crate::console::{Memory, Value};
use crate::engine::Refusal;
use crate::engine::common::Time;
use crate::scenario::{Bilingual, Catalog, Language, Layout, Lesson, Shown};
use crate::session::{Advance, BranchId, LessonPlayer, Phase, PlaybackCommand, Session};

thread_local! {
    static CATALOG: OnceCell<Rc<Catalog>> = const { OnceCell::new() };
}

/// The lessons that come with the page, read once.
#[must_use]
pub fn catalog() -> Rc<Catalog> {
    CATALOG.with(|catalog| Rc::clone(catalog.get_or_init(|| Rc::new(Catalog::builtin()))))
}

/// The page's language as scenarios name it.
#[must_use]
pub fn language(lang: Lang) -> Language {
    match lang {
        Lang::En => Language::En,
        Lang::Zh => Language::Zh,
    }
}

/// A lesson being played.
#[derive(Debug)]
pub struct LessonRun {
    player: LessonPlayer,
    /// The option that is marked, before it is given as the answer.
    chosen: Option<usize>,
    /// When each beat was explained.
    explained: Vec<Option<Time>>,
    /// Lines of the lesson that the console has shown.
    echoed: usize,
}

/// What one event did to the lesson.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    /// An event was handled; there is more before the goal.
    On,
    /// The clock stands at the goal.
    Arrived,
    /// Something is to be said or asked: the clock stops.
    Spoke,
}

/// One step of the lesson on the timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    pub number: usize,
    pub at: Option<Time>,
    pub state: MarkState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkState {
    Done,
    Current,
    Ahead,
}

/// Everything the lesson panel draws.
#[derive(Clone, Debug, PartialEq)]
pub struct LessonView {
    pub id: String,
    pub chapter: u32,
    pub chapters: u32,
    pub chapter_title: String,
    pub title: String,
    /// Told at the beginning only.
    pub promise: Option<String>,
    pub watch_for: String,
    pub beat_title: Option<String>,
    pub step: usize,
    pub steps: usize,
    pub said: Vec<Vec<Shown>>,
    pub question: Option<QuestionView>,
    pub stage: StageOf,
    pub phase: &'static str,
    /// Empty until the lesson has been told.
    pub tasks: Vec<(String, bool)>,
    pub teacher: Vec<String>,
    pub can_go_back: bool,
    pub can_go_on: bool,
    /// The clock is playing towards the next thing to be said.
    pub is_running: bool,
    pub is_missed: bool,
    pub is_finished: bool,
    pub problems: Vec<String>,
}

/// Which topic and partition the lesson is about, and how it is laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageOf {
    pub topic: String,
    pub subject: u32,
    pub beside_a_queue: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct QuestionView {
    pub question: Vec<Shown>,
    pub hint: Option<Vec<Shown>>,
    pub options: Vec<OptionView>,
    pub chosen: Option<usize>,
    /// The right option, once the engine has given the answer.
    pub right: Option<usize>,
    /// The answer is being found out.
    pub is_revealing: bool,
    pub right_because: Option<Vec<Shown>>,
    pub wrong_because: Option<Vec<Shown>>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct OptionView {
    pub text: Vec<Shown>,
    /// A bare number is drawn large, in a tile.
    pub is_short: bool,
    pub is_number: bool,
}

impl LessonRun {
    /// A lesson from its beginning, with the session it plays in.
    ///
    /// # Errors
    /// If there is no such lesson, or its setup is refused.
    pub fn open(id: &str) -> Result<(Self, Session), Refusal> {
        let lesson = catalog().lesson(id).cloned();
        let lesson = lesson.ok_or_else(|| Refusal(format!("there is no lesson called {id}")))?;
        let (player, session) = LessonPlayer::open(Arc::clone(&lesson), None)?;
        let explained = vec![None; lesson.beats.len()];
        Ok((Self { player, chosen: None, explained, echoed: 0 }, session))
    }

    #[must_use]
    pub fn memory(&self) -> &Memory {
        self.player.memory()
    }

    #[must_use]
    pub fn lesson(&self) -> &Arc<Lesson> {
        self.player.lesson()
    }

    #[must_use]
    pub fn steps_read(&self) -> usize {
        match self.player.phase() {
            Phase::Finished => self.explained.len(),
            _ => self.player.beat_index(),
        }
    }

    /// Should the clock run for the lesson's sake?
    #[must_use]
    pub fn wants_to_play(&self) -> bool {
        self.player.wants_to_play()
    }

    /// The steps with their times, for the timeline.
    #[must_use]
    pub fn marks(&self) -> Vec<Mark> {
        let current = self.player.beat_index();
        let finished = *self.player.phase() == Phase::Finished;
        let mark = |(index, at): (usize, &Option<Time>)| {
            let state = match (index, *at) {
                (index, Some(_)) if index < current || finished => MarkState::Done,
                (index, Some(_)) if index == current => MarkState::Current,
                _ => MarkState::Ahead,
            };
            Mark { number: index + 1, at: at.filter(|_| state != MarkState::Ahead), state }
        };
        self.explained.iter().enumerate().map(mark).collect()
    }

    /// Everything the panel draws, in the page's language.
    #[must_use]
    pub fn view(&self, _session: &Session, lang: Lang) -> LessonView {
        let language = language(lang);
        let player = &self.player;
        let lesson = player.lesson();
        let catalog = catalog();
        let chapters = catalog.chapters();
        let chapter_title = chapters.iter().find(|chapter| chapter.number == lesson.chapter);
        let text = |both: &Bilingual<String>| both.get(language).clone();
        let phase = player.phase();
        let finished = *phase == Phase::Finished;
        let tasks = lesson.tasks.iter().zip(player.tasks_done());
        LessonView {
            id: lesson.id.clone(),
            chapter: lesson.chapter,
            chapters: chapters.last().map_or(lesson.chapter, |chapter| chapter.number),
            chapter_title: chapter_title.map(|chapter| text(&chapter.title)).unwrap_or_default(),
            title: text(&lesson.title),
            promise: (player.beat_index() == 0).then(|| text(&lesson.promise)),
            watch_for: text(&lesson.watch_for),
            beat_title: player.beat().title.as_ref().map(text),
            step: player.beat_index(),
            steps: lesson.beats.len(),
            said: player.said().map(|said| paragraphs(said.get(language))).unwrap_or_default(),
            question: self.question(language),
            stage: StageOf {
                topic: lesson.stage.topic.clone(),
                subject: lesson.stage.subject,
                beside_a_queue: lesson.stage.layout == Layout::QueueAndTopic,
            },
            phase: phase_name(phase),
            tasks: if finished { tasks.map(|(task, done)| (text(&task.task), *done)).collect() } else { Vec::new() },
            teacher: vec![
                text(&lesson.teacher.aim),
                text(&lesson.teacher.common_wrong),
                text(&lesson.teacher.question),
                lesson.teacher.minutes.to_string(),
            ],
            can_go_back: player.can_go_back(),
            can_go_on: player.can_go_on(),
            is_running: player.wants_to_play(),
            is_missed: *phase == Phase::Missed,
            is_finished: finished,
            problems: player.problems().to_vec(),
        }
    }

    /// For `data-lesson-phase`.
    #[must_use]
    pub fn phase_name(&self) -> &'static str {
        phase_name(self.player.phase())
    }

    fn question(&self, language: Language) -> Option<QuestionView> {
        let asked = self.player.asked()?;
        let (choice, right, is_revealing) = match *self.player.phase() {
            Phase::Revealing { choice } => (choice, None, true),
            Phase::Answered { choice, right } => (choice, Some(right), false),
            Phase::Asking => (self.chosen, None, false),
            // The question of a beat that was answered is settled with its answer.
            _ => return None,
        };
        let option = |offered: &crate::session::Offered| {
            let text = offered.text.get(language).clone();
            let letters: usize = text.iter().map(|piece| piece.text.chars().count()).sum();
            OptionView {
                is_short: letters <= 10,
                is_number: matches!(offered.value, Value::Int(_)) && letters <= 6,
                text,
            }
        };
        let because = |said: &Bilingual<Vec<Shown>>| said.get(language).clone();
        let wrong = choice.filter(|choice| right.is_some_and(|right| right != *choice));
        Some(QuestionView {
            question: asked.question.get(language).clone(),
            hint: asked.hint.as_ref().map(because),
            options: asked.options.iter().map(option).collect(),
            chosen: choice,
            right,
            is_revealing,
            right_because: asked.right.as_ref().filter(|_| right.is_some()).map(because),
            wrong_because: wrong.and_then(|choice| asked.wrong.get(&choice)).map(because),
        })
    }

    // ---- playing -----------------------------------------------------------------------------------------------

    /// Handles one event, or lets the clock stand at `to`.
    pub(super) fn advance(&mut self, session: &mut Session, to: Time) -> Moved {
        let waited = self.player.wants_to_play();
        let advance = self.player.advance(session, to, 1);
        if waited && !self.player.wants_to_play() {
            self.note_explained(session.now());
            return Moved::Spoke;
        }
        match advance {
            Advance::Arrived => Moved::Arrived,
            Advance::OutOfBudget => Moved::On,
        }
    }

    /// The clock was moved by hand.
    pub(super) fn resync(&mut self, session: &Session) {
        self.player.resync(session);
        self.chosen = None;
    }

    pub(super) fn course_changed(&mut self, was: BranchId, session: &Session) {
        self.player.course_changed(was, session);
        self.chosen = None;
    }

    fn note_explained(&mut self, now: Time) {
        if let Some(at) = self.explained.get_mut(self.player.beat_index()) {
            *at = Some(now);
        }
        for later in self.explained.iter_mut().skip(self.player.beat_index() + 1) {
            *later = later.filter(|at| *at > now);
        }
    }

    /// Lines that the lesson typed since the last call, with what they answered.
    pub(super) fn newly_typed(&mut self) -> Vec<(LineKind, String)> {
        let typed = self.player.typed();
        let mut lines = Vec::new();
        for typed in typed.get(self.echoed..).unwrap_or_default() {
            lines.push((LineKind::Echo, typed.line.clone()));
            lines.extend(typed.output.clone().map(|output| (LineKind::Answer, output)));
        }
        self.echoed = typed.len();
        lines
    }
}

impl Model {
    /// Carries out what the reader wants of the lesson. Nothing happens where there is none.
    pub(super) fn lead(&mut self, action: &UiAction) -> Option<Note> {
        let lesson = self.lesson.as_mut()?;
        match action {
            UiAction::Choose(choice) => lesson.chosen = Some(*choice),
            UiAction::Answer => {
                let Some(choice) = lesson.chosen else { return Some(Note::key("ui-note-choose-first")) };
                lesson.player.answer(&mut self.session, Some(choice));
                self.play_for_lesson();
            }
            UiAction::SkipQuestion => {
                lesson.player.answer(&mut self.session, None);
                self.play_for_lesson();
            }
            UiAction::LessonNext => match lesson.player.phase() {
                // Nobody need watch it all: the next word of the lesson is one more press away.
                Phase::Running | Phase::Revealing { .. } => {
                    self.halt();
                    self.work = Some(Work::Lesson);
                }
                Phase::Asking => return Some(Note::key("ui-note-answer-first")),
                _ => {
                    lesson.chosen = None;
                    lesson.player.next(&mut self.session);
                    self.play_for_lesson();
                }
            },
            UiAction::LessonBack => {
                lesson.chosen = None;
                lesson.player.back(&mut self.session);
                self.halt();
            }
            _ => {}
        }
        None
    }

    /// The lesson goes on as soon as the clock does.
    pub(super) fn play_for_lesson(&mut self) {
        self.halt();
        if self.lesson.as_ref().is_some_and(LessonRun::wants_to_play) {
            self.playback = self.playback.after(PlaybackCommand::Play);
        }
    }
}

fn phase_name(phase: &Phase) -> &'static str {
    match phase {
        Phase::NotBegun => "not-begun",
        Phase::Running => "running",
        Phase::Settled => "settled",
        Phase::Asking => "asking",
        Phase::Revealing { .. } => "revealing",
        Phase::Answered { .. } => "answered",
        Phase::Missed => "missed",
        Phase::Finished => "finished",
    }
}

/// A blank line between sentences begins a new paragraph.
fn paragraphs(said: &[Shown]) -> Vec<Vec<Shown>> {
    let mut all: Vec<Vec<Shown>> = vec![Vec::new()];
    for piece in said {
        if piece.of.is_some() {
            all.last_mut().expect("one was there from the start").push(piece.clone());
            continue;
        }
        for (index, part) in piece.text.split("\n\n").enumerate() {
            if index > 0 {
                all.push(Vec::new());
            }
            if !part.is_empty() {
                let paragraph = all.last_mut().expect("one was there from the start");
                paragraph.push(Shown { text: part.to_owned(), of: None });
            }
        }
    }
    all.retain(|paragraph| !paragraph.is_empty());
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_lines_part_paragraphs_and_values_stay_within_them() {
        let text = |text: &str| Shown { text: text.to_owned(), of: None };
        let all = paragraphs(&[text("One. "), text("Two.\n\nThree."), text("\n\n")]);
        assert_eq!(all, [vec![text("One. "), text("Two.")], vec![text("Three.")]]);
    }
}
