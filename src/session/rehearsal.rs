//! A lesson played without a page: the proof that it says the truth.
//!
//! Every wait must come true in its time, every claim must hold, every caption must compute, the right answer must be
//! among the options and every wrong one explained, every task must be solvable, and both languages must be there.

use std::fmt;
use std::sync::Arc;

use super::history::Session;
use super::lesson_player::{LessonPlayer, Phase, Said};
use crate::console::{self, Condition, Entry, Scope};
use crate::engine::Time;
use crate::engine::common::Span;
use crate::scenario::{Beat, Bilingual, Caption, Language, Lesson, Prediction};

/// More than any lesson needs; a run that never ends is a problem, not a hanging test.
const MAX_EVENTS: u64 = 5_000_000;

/// How long a task's solution may take to have its effect.
const TASK_TIME: Span = Span::secs(120);

/// How a rehearsal went.
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub lesson: String,
    pub seed: u64,
    /// Empty if the lesson is sound.
    pub problems: Vec<String>,
    /// When each beat was explained, and what was then said in English.
    pub beats: Vec<(Time, String)>,
    /// For each prediction: the options, with the right one marked.
    pub answers: Vec<String>,
}

impl Report {
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.problems.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} (seed {}): {}", self.lesson, self.seed, if self.is_sound() { "sound" } else { "NOT sound" })?;
        for (at, said) in &self.beats {
            writeln!(f, "  {:>9}  {said}", at.to_string())?;
        }
        for answer in &self.answers {
            writeln!(f, "  {answer}")?;
        }
        for problem in &self.problems {
            writeln!(f, "  problem: {problem}")?;
        }
        Ok(())
    }
}

/// Plays a lesson from beginning to end on one seed.
#[must_use]
pub fn check_lesson(lesson: &Arc<Lesson>, seed: u64) -> Report {
    let mut report = Report { lesson: lesson.id.clone(), seed, ..Report::default() };
    check_prose(lesson, &mut report.problems);
    let (mut player, mut session) = match LessonPlayer::open(lesson.clone(), Some(seed)) {
        Ok(opened) => opened,
        Err(refusal) => {
            report.problems.push(format!("setup: {refusal}"));
            return report;
        }
    };
    let mut budget = MAX_EVENTS;
    loop {
        match player.phase().clone() {
            Phase::Running | Phase::Revealing { .. } => {
                if budget == 0 {
                    report.problems.push(format!("beat {} does not come to an end", player.beat_index() + 1));
                    break;
                }
                let slice = budget.min(10_000);
                budget -= slice;
                player.advance(&mut session, Time(u64::MAX), slice);
            }
            Phase::Asking => {
                note(&player, &session, &mut report);
                player.answer(&mut session, Some(0));
            }
            Phase::Answered { right, .. } => {
                check_answer(&player, right, &mut report);
                player.next(&mut session);
            }
            Phase::Settled => {
                note(&player, &session, &mut report);
                player.next(&mut session);
            }
            Phase::Missed | Phase::Finished | Phase::NotBegun => break,
        }
    }
    report.problems.extend(player.problems().iter().cloned());
    if *player.phase() == Phase::Finished {
        check_tasks(lesson, seed, &mut report.problems);
    }
    report
}

fn note(player: &LessonPlayer, session: &Session, report: &mut Report) {
    report.beats.push((session.now(), player.said().map_or_else(String::new, plain)));
}

/// What is said, in English and without its glyphs.
fn plain(said: &Said) -> String {
    said.en.iter().map(|shown| shown.text.as_str()).collect()
}

fn check_answer(player: &LessonPlayer, right: usize, report: &mut Report) {
    let Some(asked) = player.asked() else { return };
    let number = player.beat_index() + 1;
    let mut line = format!("beat {number}: {}", plain(&asked.question));
    for (index, option) in asked.options.iter().enumerate() {
        line.push_str(&format!(" {}{}", if index == right { "*" } else { "" }, plain(&option.text)));
        if asked.options[..index].iter().any(|other| other.value == option.value) {
            report.problems.push(format!("beat {number}: two options are worth {}", option.value));
        }
        if index != right && !asked.wrong.contains_key(&index) {
            report.problems.push(format!("beat {number}: nothing explains why the option {} is wrong", option.id));
        }
        if index == right && asked.wrong.contains_key(&index) {
            report.problems.push(format!("beat {number}: the option {} is right but explained as wrong", option.id));
        }
    }
    let right = asked.right.as_ref().map_or_else(String::new, plain);
    report.answers.push(format!("{line} → {right}"));
}

/// Follows each task's solution from the end of the lesson.
fn check_tasks(lesson: &Arc<Lesson>, seed: u64, problems: &mut Vec<String>) {
    for (index, task) in lesson.tasks.iter().enumerate() {
        let number = index + 1;
        if task.solution.is_empty() {
            problems.push(format!("task {number} has no solution: add solution = [\"…\"]"));
            continue;
        }
        let Some((mut player, mut session)) = played(lesson, seed) else { return };
        if player.tasks_done().get(index) == Some(&true) || holds(&task.done, &player, &session) {
            problems.push(format!("task {number} is done before the learner has done anything"));
            continue;
        }
        for line in &task.solution {
            if let Err(problem) = follow(line, &mut player, &mut session) {
                problems.push(format!("task {number}: {line}: {problem}"));
            }
        }
        run(&mut player, &mut session, |player, _| player.tasks_done()[index], TASK_TIME);
        if !player.tasks_done()[index] {
            problems.push(format!("task {number}: its solution does not bring about {}", task.done));
        }
    }
}

/// A lesson that has been told to its end.
fn played(lesson: &Arc<Lesson>, seed: u64) -> Option<(LessonPlayer, Session)> {
    let (mut player, mut session) = LessonPlayer::open(lesson.clone(), Some(seed)).ok()?;
    let mut budget = MAX_EVENTS;
    while *player.phase() != Phase::Finished && *player.phase() != Phase::Missed && budget > 0 {
        budget = budget.saturating_sub(10_000);
        player.advance(&mut session, Time(u64::MAX), if player.wants_to_play() { 10_000 } else { 0 });
        player.answer(&mut session, None);
        player.next(&mut session);
    }
    Some((player, session))
}

fn follow(line: &str, player: &mut LessonPlayer, session: &mut Session) -> Result<(), String> {
    match console::parse(line).map_err(|problem| problem.to_string())? {
        Entry::Act(commands) => {
            for command in commands {
                session.act(command).map_err(|refusal| refusal.to_string())?;
            }
        }
        Entry::Wait(span) => run(player, session, |_, _| false, span),
        Entry::Await { condition, within } => {
            run(player, session, |player, session| holds(&condition, player, session), within);
            if !holds(&condition, player, session) {
                return Err(format!("it does not come about within {within}"));
            }
        }
        Entry::Expect(condition) => {
            if !holds(&condition, player, session) {
                return Err("it does not hold".to_owned());
            }
        }
        Entry::Ask(_) | Entry::Nothing => {}
    }
    Ok(())
}

/// Lets the clock run for a while, looking ten times a second.
fn run(
    player: &mut LessonPlayer,
    session: &mut Session,
    mut enough: impl FnMut(&LessonPlayer, &Session) -> bool,
    for_long: Span,
) {
    let end = session.now() + for_long;
    while session.now() < end && !enough(player, session) {
        let to = (session.now() + Span::millis(100)).min(end);
        player.advance(session, to, u64::MAX);
    }
}

fn holds(condition: &Condition, player: &LessonPlayer, session: &Session) -> bool {
    let scope = Scope { world: session.world(), past: session.past(), memory: player.memory() };
    condition.holds(scope).unwrap_or(false)
}

// ---- prose ---------------------------------------------------------------------------------------------------------

/// Both languages are there, and keep to the rules for copy that a machine can check.
fn check_prose(lesson: &Lesson, problems: &mut Vec<String>) {
    let teacher = &lesson.teacher;
    let mut texts: Vec<&Bilingual<String>> = vec![&lesson.title, &lesson.promise, &lesson.watch_for];
    texts.extend([&teacher.aim, &teacher.common_wrong, &teacher.question]);
    texts.extend(lesson.tasks.iter().map(|task| &task.task));
    texts.extend(lesson.beats.iter().filter_map(|beat| beat.title.as_ref()));
    for text in texts {
        for language in Language::ALL {
            check_text(text.get(language), language, problems);
        }
    }
    for caption in lesson.beats.iter().flat_map(captions) {
        for language in Language::ALL {
            let prose: Vec<&str> = caption.get(language).prose().collect();
            // A value stands for a word.
            check_text(&prose.join(" x "), language, problems);
        }
    }
}

fn captions(beat: &Beat) -> Vec<&Bilingual<Caption>> {
    let mut captions = vec![&beat.say];
    captions.extend(&beat.watch);
    if let Some(Prediction { question, hint, options, right, wrong, .. }) = &beat.predict {
        captions.extend([question, right]);
        captions.extend(hint);
        captions.extend(options.iter().filter_map(|option| option.text.as_ref()));
        captions.extend(wrong.iter().map(|wrong| &wrong.why));
    }
    captions
}

fn check_text(text: &str, language: Language, problems: &mut Vec<String>) {
    let is_chinese = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
    let mut problem = |what: &str| problems.push(format!("\"{text}\" {what}"));
    if text.trim().is_empty() {
        problem("is empty");
    }
    if text.contains(['!', '！']) {
        problem("has an exclamation mark");
    }
    match language {
        Language::En => {
            if text.chars().any(is_chinese) {
                problem("is meant to be English");
            }
            if text.to_lowercase().split(|c: char| !c.is_alphabetic()).any(|word| word == "simply" || word == "just") {
                problem("says simply or just");
            }
        }
        Language::Zh => {
            let chars: Vec<char> = text.chars().collect();
            let half_width =
                |pair: &[char]| is_chinese(pair[0]) && matches!(pair[1], ',' | '.' | ';' | ':' | '?' | '(');
            if chars.windows(2).any(half_width) {
                problem("has a half-width mark after a Chinese character");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Catalog;

    #[test]
    fn every_built_in_lesson_says_the_truth_on_every_seed() {
        let mut wrong = String::new();
        for lesson in Catalog::builtin().lessons() {
            for seed in [lesson.setup.seed, 2, 3, 4, 5] {
                let report = check_lesson(lesson, seed);
                if !report.is_sound() {
                    wrong.push_str(&report.to_string());
                }
            }
        }
        assert!(wrong.is_empty(), "\n{wrong}");
    }

    #[test]
    fn the_prose_is_held_to_the_rules_of_copy() {
        let check = |text: &str, language| {
            let mut problems = Vec::new();
            check_text(text, language, &mut problems);
            problems.len()
        };
        assert_eq!(check("Broker 1 leads.", Language::En), 0);
        assert_eq!(check("It simply works!", Language::En), 2);
        assert_eq!(check("Broker 1 是 leader。", Language::Zh), 0);
        assert_eq!(check("它崩溃了,然后恢复", Language::Zh), 1);
    }
}
