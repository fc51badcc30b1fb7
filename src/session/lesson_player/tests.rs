//! A lesson under a learner's hands: back and on again, another way taken, wrong answers, a moved clock.

use super::*;
use crate::engine::command::{Command, Target};
use crate::engine::common::BrokerId;
use crate::engine::runtime::Crash;
use crate::scenario::Catalog;
use crate::session::rehearsal::check_lesson;

fn open(id: &str) -> (LessonPlayer, Session) {
    let lesson = Catalog::builtin().lesson(id).expect("a built-in lesson").clone();
    LessonPlayer::open(lesson, None).expect("its setup is sound")
}

/// Plays until the lesson has something to say.
fn play(player: &mut LessonPlayer, session: &mut Session) {
    for _ in 0..1_000 {
        if !player.wants_to_play() {
            return;
        }
        player.advance(session, Time(u64::MAX), 10_000);
    }
    panic!("the lesson does not go on");
}

/// Plays up to the end of a beat, answering whatever is asked on the way.
fn play_to(player: &mut LessonPlayer, session: &mut Session, beat: usize) {
    play(player, session);
    while player.beat_index() < beat {
        player.answer(session, None);
        play(player, session);
        player.next(session);
        play(player, session);
    }
}

fn crash(broker: u32) -> Command {
    Command::Crash { node: Target::Broker(BrokerId(broker)), how: Crash::Process }
}

fn words(said: Option<&Said>) -> String {
    said.map_or_else(String::new, |said| said.en.iter().map(|shown| shown.text.as_str()).collect())
}

#[test]
fn back_and_on_again_plays_the_same_stretch_and_forks_nothing() {
    let (mut player, mut session) = open("leader-failover");
    play_to(&mut player, &mut session, 3);
    let (said, fingerprint, at) = (words(player.said()), session.world().fingerprint(), session.now());
    player.back(&mut session);
    assert_eq!(player.beat_index(), 2);
    assert!(matches!(player.phase(), Phase::Answered { choice: None, right: 1 }));
    player.back(&mut session);
    assert_eq!((player.beat_index(), player.phase()), (2, &Phase::Asking));
    player.back(&mut session);
    assert_eq!((player.beat_index(), player.phase()), (1, &Phase::Settled));
    assert!(session.now() < at);
    play_to(&mut player, &mut session, 3);
    assert_eq!(words(player.said()), said);
    assert_eq!(session.world().fingerprint(), fingerprint);
    assert_eq!(session.branches().count(), 1);
    assert_eq!(player.problems(), [] as [String; 0]);
}

#[test]
fn another_way_taken_in_the_past_is_a_branch_on_which_the_lesson_goes_on() {
    let (mut player, mut session) = open("leader-failover");
    play_to(&mut player, &mut session, 3);
    while player.beat_index() > 1 {
        player.back(&mut session);
    }
    assert_eq!(session.act(crash(3)), Ok(true));
    player.next(&mut session);
    play(&mut player, &mut session);
    // Broker 1 is crashed on this branch too: the stretch was acted anew, not played again.
    assert_eq!((player.beat_index(), player.phase()), (2, &Phase::Asking));
    assert_eq!(session.branches().count(), 2);
    assert!(!session.world().is_up(crate::engine::common::NodeId::broker(1)));
}

#[test]
fn a_question_stops_the_clock_and_tells_why_the_others_were_wrong() {
    let (mut player, mut session) = open("offsets-and-replay");
    play_to(&mut player, &mut session, 3);
    assert_eq!(player.phase(), &Phase::Asking);
    let asked = player.asked().unwrap();
    let options: Vec<String> = asked.options.iter().map(|option| option.value.to_string()).collect();
    assert_eq!(options, ["0", "3", "4", "8"]);
    assert!(asked.right.is_none() && asked.wrong.is_empty(), "nothing is given away");
    player.answer(&mut session, Some(9));
    assert_eq!(player.phase(), &Phase::Asking, "there is no such option");
    player.answer(&mut session, Some(2));
    play(&mut player, &mut session);
    assert_eq!(player.phase(), &Phase::Answered { choice: Some(2), right: 1 });
    let asked = player.asked().unwrap();
    assert_eq!(asked.wrong.keys().copied().collect::<Vec<_>>(), [0, 2, 3]);
    assert!(words(asked.right.as_ref()).starts_with("It began at 3,"));
    // The other answer, on the same stretch.
    player.back(&mut session);
    player.answer(&mut session, Some(1));
    play(&mut player, &mut session);
    assert_eq!(player.phase(), &Phase::Answered { choice: Some(1), right: 1 });
    assert_eq!(session.branches().count(), 1);
}

#[test]
fn what_a_learner_prevents_is_missed_and_said_to_be() {
    let (mut player, mut session) = open("leader-failover");
    play_to(&mut player, &mut session, 0);
    for broker in [1, 2, 3] {
        session.act(crash(broker)).unwrap();
    }
    player.next(&mut session);
    play(&mut player, &mut session);
    assert_eq!(player.phase(), &Phase::Missed);
    assert!(player.problems()[0].contains("it still does not hold that hw(orders-0) >= 6"), "{:?}", player.problems());
    assert!(player.can_go_back());
    player.back(&mut session);
    assert_eq!((player.beat_index(), player.phase()), (0, &Phase::Settled));
}

#[test]
fn a_clock_moved_by_hand_finds_its_beat() {
    let (mut player, mut session) = open("leader-failover");
    play_to(&mut player, &mut session, 3);
    let end = session.now();
    session.seek(Time(1_000_000));
    player.resync(&session);
    assert_eq!((player.beat_index(), player.phase()), (1, &Phase::Running));
    play(&mut player, &mut session);
    assert_eq!((player.beat_index(), player.phase()), (1, &Phase::Settled));
    session.seek(end);
    player.resync(&session);
    assert_eq!((player.beat_index(), player.phase()), (3, &Phase::Asking));
    assert_eq!(session.branches().count(), 1);
}

#[test]
fn the_clock_never_passes_what_the_page_allows() {
    let (mut player, mut session) = open("leader-failover");
    for millis in 1..40 {
        let to = Time(millis * 1_000);
        assert_eq!(player.advance(&mut session, to, 10_000), Advance::Arrived);
        assert_eq!(session.now(), to);
    }
    assert_eq!(player.phase(), &Phase::Running);
}

#[test]
fn a_lesson_that_lies_is_caught() {
    let document = include_str!("../../scenario/catalog/leader-failover.toml");
    for (truth, lie, expected) in [
        ("\"lost_acked() == 0\",", "\"lost_acked() == 1\",", "expected lost_acked() == 1, but lost_acked() = 0"),
        ("value = \"[6s, 10s]\"", "value = \"[11s, 12s]\"", "the answer is"),
        ("option = \"lag-time\"", "option = \"never\"", "nothing explains why the option lag-time is wrong"),
        ("id = \"returns\"\nvalue = \"1\"", "id = \"returns\"\nvalue = \"2\"", "two options are worth 2"),
        ("within = \"15s\"", "within = \"3s\"", "it still does not hold that leader(orders-0) != 1"),
        ("do = [\"restart broker-1\"]", "do = [\"restart broker-2\"]", "restart broker-2: broker-2 is running already"),
        ("solution = [\"crash broker-2\"]", "solution = [\"crash broker-3\"]", "its solution does not bring about"),
        ("title.zh = \"kill -9\"", "title.zh = \"\"", "\"\" is empty"),
        ("{acked(checkout)} 个。\"", "{acked(checkout)} 个.\"", "half-width"),
    ] {
        assert!(document.contains(truth), "{truth}");
        let lesson = Lesson::parse(&document.replacen(truth, lie, 1)).expect("a lie is well-formed");
        let report = check_lesson(&Arc::new(lesson), 1);
        assert!(report.problems.iter().any(|problem| problem.contains(expected)), "{expected}: {report}");
    }
}
