//! The run as a space-time diagram: one line a process, one arrow a message, what happened as marks, and the arrows by
//! which the newest event came about.
//!
//! Pure, from facts: an arrow begins where the message was sent and ends where it arrived or was lost. What is still
//! under way ends where the kernel will deliver it, if nothing comes between.

use std::collections::{BTreeMap, BTreeSet};

use super::explain::{Lane, gist, lane};
use crate::engine::common::{NodeId, Span, Step, Time};
use crate::engine::protocol::{Class, Digest};
use crate::engine::runtime::{Cause, Fate, MessageId, RuntimeFact};
use crate::engine::trace::{Fact, Record};
use crate::engine::world::World;

/// Spans of time to look at, the longest first.
pub const SPANS: [Span; 8] = [
    Span::secs(10),
    Span::secs(5),
    Span::secs(2),
    Span::secs(1),
    Span::millis(500),
    Span::millis(100),
    Span::millis(50),
    Span::millis(20),
];

/// More arrows than this cannot be followed: a shorter span is looked at.
const READABLE: usize = 40;

/// More arrows than this are never drawn, however long the span that was asked for; the latest are.
const MOST_ARROWS: usize = 400;

/// Facts that are looked through, at most.
const MOST_FACTS: usize = 60_000;

/// What was sent longer ago than this, before the span begins, is not looked for.
const LONGEST_WAY: Span = Span::secs(2);

/// How far back causes are followed.
const LONGEST_CHAIN: usize = 24;

/// A stretch without anything in it is drawn no wider than this many times the way of a message: what happens comes in
/// bursts, and a burst drawn to the scale of the wait before it is a single stroke.
const WIDEST_WAIT: u64 = 4;

/// With no message in view there is no way to measure by.
const USUAL_WAY: Span = Span::millis(1);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpaceTime {
    pub from: Time,
    pub now: Time,
    pub scale: Scale,
    pub lifelines: Vec<Lifeline>,
    /// In the order of sending.
    pub arrows: Vec<Arrow>,
    pub marks: Vec<Mark>,
}

/// From time to place: true within a burst, folded where nothing happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scale {
    /// Moments with their places, both rising; between two of them the scale is even.
    places: Vec<(Time, u64)>,
    widest: u64,
}

impl Scale {
    fn of(from: Time, now: Time, mut moments: Vec<Time>, arrows: &[Arrow]) -> Self {
        let mut ways: Vec<u64> = arrows.iter().map(|arrow| arrow.end.since(arrow.sent).0).collect();
        ways.sort_unstable();
        let way = ways.get(ways.len() / 2).copied().unwrap_or(USUAL_WAY.0).max(1);
        let widest = way * WIDEST_WAIT;
        moments.extend([from, now]);
        moments.retain(|at| *at >= from);
        moments.sort_unstable();
        moments.dedup();
        // A little room behind the last, for its head and its label.
        moments.extend(moments.last().map(|last| *last + Span(way)));
        let mut place = 0;
        let mut last = from;
        let placed = |at: Time| {
            place += at.since(last).0.min(widest);
            last = at;
            (at, place)
        };
        Self { places: moments.into_iter().map(placed).collect(), widest }
    }

    /// In ten-thousandths of the width.
    #[must_use]
    pub fn place(&self, at: Time) -> u64 {
        let all = self.places.last().map_or(1, |(_, place)| (*place).max(1));
        let next = self.places.partition_point(|(known, _)| *known <= at);
        let place = match (next.checked_sub(1).map(|before| self.places[before]), self.places.get(next)) {
            (Some((since, place)), Some((until, further))) => {
                let (passed, whole) = (at.since(since).0, until.since(since).0.max(1));
                place + (further - place) * passed / whole
            }
            (Some((_, place)), None) => place,
            (None, _) => 0,
        };
        place * 10_000 / all
    }

    /// Stretches that are drawn shorter than they were.
    pub fn folds(&self) -> impl Iterator<Item = (Time, Time)> + '_ {
        let pairs = self.places.windows(2).map(|pair| (pair[0].0, pair[1].0));
        pairs.filter(|(since, until)| until.since(*since).0 > self.widest)
    }

    /// Where bursts begin: the moments worth writing down.
    pub fn beginnings(&self) -> impl Iterator<Item = Time> + '_ {
        self.folds().map(|(_, until)| until)
    }
}

/// One process over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lifeline {
    pub node: NodeId,
    pub name: String,
    /// While it was down.
    pub gaps: Vec<(Time, Time)>,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrow {
    pub id: u64,
    /// Indexes of lifelines.
    pub rows: (usize, usize),
    pub sent: Time,
    pub sent_in: Step,
    pub end: Time,
    /// When it arrived or was lost.
    pub ended_in: Option<Step>,
    pub fate: ArrowFate,
    pub class: Class,
    pub is_response: bool,
    /// `Fetch: from 4`
    pub label: String,
    /// The newest event would not have come about without it.
    pub is_cause: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArrowFate {
    Arrived,
    Lost,
    UnderWay,
    Held,
}

/// Something that happened at a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    pub row: usize,
    pub at: Time,
    pub step: Step,
    pub lane: Lane,
}

/// The diagram of the last `span`, or of as long as can be read at a glance; messages of some classes only.
#[must_use]
pub fn space_time(world: &World, past: &[Record], span: Option<Span>, shows: &dyn Fn(Class) -> bool) -> SpaceTime {
    let now = world.now();
    let furthest_back = now - span.unwrap_or(SPANS[0]) - LONGEST_WAY;
    let old = past.partition_point(|record| record.at < furthest_back);
    let past = &past[old.max(past.len().saturating_sub(MOST_FACTS))..];
    let nodes = nodes(world);
    let mut messages = messages(world, past, &nodes, shows);
    let seen = |span: Span, messages: &[Arrow]| messages.iter().filter(|arrow| arrow.end + span >= now).count();
    let fitting = || SPANS.into_iter().find(|span| seen(*span, &messages) <= READABLE);
    let span = span.or_else(fitting).unwrap_or(SPANS[SPANS.len() - 1]);
    let mut from = now - span;
    messages.retain(|arrow| arrow.end >= from);
    if messages.len() > MOST_ARROWS {
        messages.drain(..messages.len() - MOST_ARROWS);
        from = messages.iter().map(|arrow| arrow.end).min().unwrap_or(from);
    }
    let causes = causes(past);
    for arrow in &mut messages {
        arrow.is_cause = causes.contains(&arrow.id);
        arrow.label = label(world, past, arrow).unwrap_or_default();
    }
    let turns: Vec<&Record> = past.iter().filter(|record| is_turn(&record.fact)).collect();
    let lifeline =
        |node: &NodeId| Lifeline { node: *node, name: world.name_of(*node), gaps: gaps(world, &turns, *node, from) };
    let first = past.partition_point(|record| record.at < from);
    let mark = |record: &Record| {
        let row = nodes.iter().position(|node| Some(*node) == record.node)?;
        Some(Mark { row, at: record.at, step: record.step, lane: lane(&record.fact) })
    };
    let mut marks: Vec<Mark> = past[first..].iter().filter_map(mark).filter(|mark| mark.lane != Lane::Noise).collect();
    // One mark a lane, place and moment.
    marks.dedup_by_key(|mark| (mark.row, mark.at, mark.lane as u8));
    marks.drain(..marks.len().saturating_sub(MOST_ARROWS));
    let mut lifelines: Vec<Lifeline> = nodes.iter().map(lifeline).collect();
    leave_out_idle_programs(&mut lifelines, &mut messages, &mut marks);
    let moments = messages.iter().flat_map(|arrow| [arrow.sent, arrow.end]).chain(marks.iter().map(|mark| mark.at));
    let scale = Scale::of(from, now, moments.collect(), &messages);
    SpaceTime { from, now, scale, lifelines, arrows: messages, marks }
}

/// A program with nothing to show has no line; machines always have theirs.
fn leave_out_idle_programs(lifelines: &mut Vec<Lifeline>, arrows: &mut [Arrow], marks: &mut [Mark]) {
    let is_busy = |row: usize| {
        arrows.iter().any(|arrow| arrow.rows.0 == row || arrow.rows.1 == row)
            || marks.iter().any(|mark| mark.row == row)
    };
    let stays: Vec<bool> =
        (0..).zip(&*lifelines).map(|(row, line)| !matches!(line.node, NodeId::Client(_)) || is_busy(row)).collect();
    let moved = |row: usize| stays[..row].iter().filter(|stays| **stays).count();
    for arrow in arrows {
        arrow.rows = (moved(arrow.rows.0), moved(arrow.rows.1));
    }
    for mark in marks {
        mark.row = moved(mark.row);
    }
    let mut stays = stays.iter();
    lifelines.retain(|_| stays.next().copied().unwrap_or(true));
}

/// Who has a line: programs that send, then whoever decides, brokers, and programs that read.
fn nodes(world: &World) -> Vec<NodeId> {
    let readers: BTreeSet<NodeId> = world.consumers().map(|(node, _)| node).collect();
    let rank = |node: &NodeId| match node {
        NodeId::Client(_) if readers.contains(node) => 4,
        NodeId::Client(_) => 0,
        NodeId::Broker(_) => 2,
        NodeId::QueueBroker => 3,
        _ => 1,
    };
    let mut nodes: Vec<NodeId> = world.kernel().slots().map(|(node, _)| node).collect();
    nodes.sort_by_key(|node| (rank(node), *node));
    nodes
}

/// Every message of the past that is shown, with what became of it.
fn messages(world: &World, past: &[Record], nodes: &[NodeId], shows: &dyn Fn(Class) -> bool) -> Vec<Arrow> {
    let row = |node: &NodeId| nodes.iter().position(|known| known == node);
    let set_out = |id: MessageId, ends: (&NodeId, &NodeId), digest: &Digest, (sent, sent_in): (Time, Step)| {
        Some(Arrow {
            id: id.0,
            rows: row(ends.0).zip(row(ends.1))?,
            sent,
            sent_in,
            end: sent,
            ended_in: None,
            fate: ArrowFate::UnderWay,
            class: digest.class,
            is_response: digest.is_response,
            label: String::new(),
            is_cause: false,
        })
    };
    let mut arrows: BTreeMap<u64, Arrow> = BTreeMap::new();
    // What is still under way may have set out long ago.
    for message in world.kernel().in_flight() {
        let digest = Digest::of(&message.body);
        let ends = (&message.from, &message.to);
        let Some(arrow) = set_out(message.id, ends, &digest, (message.sent_at, message.sent)) else { continue };
        if shows(digest.class) {
            let (end, fate) = match message.fate {
                Fate::Arrives { at } | Fate::Lost { at } => (at, ArrowFate::UnderWay),
                Fate::Held { .. } => (world.now(), ArrowFate::Held),
            };
            arrows.insert(message.id.0, Arrow { end, fate, ..arrow });
        }
    }
    for record in past {
        let Fact::Runtime(fact) = &record.fact else { continue };
        match fact {
            RuntimeFact::Sent { id, from, to, digest } if shows(digest.class) && !arrows.contains_key(&id.0) => {
                arrows.extend(set_out(*id, (from, to), digest, (record.at, record.step)).map(|arrow| (id.0, arrow)));
            }
            RuntimeFact::Delivered { id, .. } | RuntimeFact::Lost { id, .. } => {
                if let Some(arrow) = arrows.get_mut(&id.0) {
                    let was_lost = matches!(fact, RuntimeFact::Lost { .. });
                    arrow.fate = if was_lost { ArrowFate::Lost } else { ArrowFate::Arrived };
                    (arrow.end, arrow.ended_in) = (record.at, Some(record.step));
                }
            }
            _ => {}
        }
    }
    arrows.into_values().collect()
}

/// `Fetch: from 4`, for what was sent within the past that is looked at, or is still under way.
fn label(world: &World, past: &[Record], arrow: &Arrow) -> Option<String> {
    let first = past.partition_point(|record| record.step < arrow.sent_in);
    let mut same = past[first..].iter().take_while(|record| record.step == arrow.sent_in);
    let told = same.find_map(|record| match &record.fact {
        Fact::Runtime(RuntimeFact::Sent { id, digest, .. }) if id.0 == arrow.id => Some(digest.clone()),
        _ => None,
    });
    let under_way = || world.kernel().in_flight().find(|message| message.id.0 == arrow.id);
    let digest = told.or_else(|| under_way().map(|message| Digest::of(&message.body)))?;
    let said = gist(world, &digest.gist);
    Some(if said.is_empty() { digest.name.to_owned() } else { format!("{}: {said}", digest.name) })
}

/// The messages that led to the newest event that came by a message and is worth telling.
fn causes(past: &[Record]) -> BTreeSet<u64> {
    let mut found = BTreeSet::new();
    let came_by_message =
        |record: &&Record| matches!(record.cause, Cause::Message { .. }) && lane(&record.fact) != Lane::Noise;
    let Some(newest) = past.iter().rev().find(came_by_message) else { return found };
    let (mut cause, mut below) = (newest.cause, newest.step);
    for _ in 0..LONGEST_CHAIN {
        let step = match cause {
            Cause::Message { id, sent } => {
                found.insert(id.0);
                sent
            }
            Cause::Timer { set } => set,
            Cause::Flush { begun } => begun,
            Cause::Command | Cause::Start | Cause::Disconnect => break,
        };
        let at = past.partition_point(|record| record.step < step);
        let Some(next) = past.get(at).filter(|record| record.step == step && step < below) else { break };
        (cause, below) = (next.cause, step);
    }
    found
}

/// Does a process end or begin by it?
fn is_turn(fact: &Fact) -> bool {
    matches!(fact, Fact::Runtime(RuntimeFact::Crashed { .. } | RuntimeFact::Exited | RuntimeFact::Started))
}

/// When a process was down since `from`.
fn gaps(world: &World, turns: &[&Record], node: NodeId, from: Time) -> Vec<(Time, Time)> {
    let mut gaps = Vec::new();
    let mut down_since = None;
    for record in turns.iter().filter(|record| record.node == Some(node)) {
        match &record.fact {
            Fact::Runtime(RuntimeFact::Crashed { .. } | RuntimeFact::Exited) => down_since = Some(record.at),
            Fact::Runtime(RuntimeFact::Started) => {
                gaps.extend(down_since.take().map(|since: Time| (since.max(from), record.at)));
            }
            _ => {}
        }
    }
    gaps.retain(|(_, until)| *until > from);
    if world.is_down(node) {
        gaps.push((down_since.unwrap_or(from).max(from), world.now()));
    }
    gaps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Setup;
    use crate::engine::command::{Command, Target, Workload};
    use crate::engine::common::BrokerId;
    use crate::engine::runtime::Crash;

    fn all(_: Class) -> bool {
        true
    }

    /// A producer on three brokers; `until` what, and everything that happened.
    fn played(crash: Option<u32>) -> (World, Vec<Record>) {
        let mut world = World::new(Setup::default()).expect("the default setup is sound");
        let mut past = Vec::new();
        let run = |world: &mut World, secs: u64, past: &mut Vec<Record>| {
            world.run_until(world.now() + Span::secs(secs));
            past.extend(world.take_trace());
        };
        run(&mut world, 2, &mut past);
        let create = Command::CreateTopic {
            name: "orders".into(),
            partitions: Some(1),
            replication_factor: Some(3),
            assignment: None,
            configs: [].into(),
        };
        world.apply(&create).expect("it is accepted");
        run(&mut world, 1, &mut past);
        let workload = Workload {
            every: Span::millis(100),
            records: None,
            keys: Vec::new(),
            random_keys: false,
            value: "{n}".into(),
        };
        let add = Command::AddProducer {
            name: "shop".into(),
            topic: "orders".into(),
            configs: [].into(),
            workload: Some(workload),
        };
        world.apply(&add).expect("it is accepted");
        run(&mut world, 2, &mut past);
        if let Some(id) = crash {
            let node = Target::Broker(BrokerId(id));
            world.apply(&Command::Crash { node, how: Crash::Process }).expect("it is accepted");
            run(&mut world, 1, &mut past);
        }
        (world, past)
    }

    #[test]
    fn every_arrow_goes_from_its_sending_to_its_arrival() {
        let (world, past) = played(None);
        let seen = space_time(&world, &past, Some(Span::secs(1)), &all);
        assert!(!seen.arrows.is_empty());
        let arrival = |wanted: u64| {
            past.iter().find_map(|record| match &record.fact {
                Fact::Runtime(RuntimeFact::Delivered { id, to, .. }) if id.0 == wanted => Some((record.at, *to)),
                _ => None,
            })
        };
        for arrow in seen.arrows.iter().filter(|arrow| arrow.fate == ArrowFate::Arrived) {
            let (at, to) = arrival(arrow.id).expect("it was delivered");
            assert_eq!((arrow.end, seen.lifelines[arrow.rows.1].node), (at, to));
            assert!(arrow.sent < arrow.end && arrow.end >= seen.from && arrow.rows.0 != arrow.rows.1);
        }
        let under_way = seen.arrows.iter().filter(|arrow| arrow.fate == ArrowFate::UnderWay).count();
        assert_eq!(under_way, world.kernel().in_flight().count());
    }

    #[test]
    fn left_to_itself_it_shows_no_more_than_can_be_read() {
        let (world, past) = played(None);
        let seen = space_time(&world, &past, None, &all);
        assert!((1..=READABLE).contains(&seen.arrows.len()), "{}", seen.arrows.len());
        let fewer = space_time(&world, &past, Some(Span::secs(1)), &|class| class == Class::Produce);
        assert!(fewer.arrows.iter().all(|arrow| arrow.class == Class::Produce) && !fewer.arrows.is_empty());
        let names: Vec<&str> = seen.lifelines.iter().map(|line| line.name.as_str()).collect();
        assert_eq!(names, ["shop", "controller-101", "broker-1", "broker-2", "broker-3"]);
    }

    /// The chain of the newest event leads over messages that were all sent before it, each by the receiver of the last.
    #[test]
    fn causes_lead_back_from_process_to_process() {
        let (world, past) = played(None);
        let seen = space_time(&world, &past, Some(Span::secs(2)), &all);
        let mut chain: Vec<&Arrow> = seen.arrows.iter().filter(|arrow| arrow.is_cause).collect();
        chain.sort_by_key(|arrow| arrow.sent_in);
        assert!(!chain.is_empty());
        for pair in chain.windows(2) {
            assert!(pair[0].ended_in <= Some(pair[1].sent_in), "{pair:?}");
            assert_eq!(pair[0].rows.1, pair[1].rows.0, "who received one sent the next: {pair:?}");
        }
    }

    /// A wait is folded, a burst is not, and nothing changes its order.
    #[test]
    fn time_is_folded_where_nothing_happens() {
        let (world, past) = played(None);
        let seen = space_time(&world, &past, Some(Span::secs(1)), &all);
        let place = |at| seen.scale.place(at);
        assert!(seen.scale.folds().count() > 3, "a record every 100 ms, answered within 10");
        for arrow in &seen.arrows {
            assert!(place(arrow.sent) < place(arrow.end), "{arrow:?}");
        }
        for (since, until) in seen.scale.folds() {
            let inside = |at: Time| at > since && at < until;
            assert!(!seen.arrows.iter().any(|arrow| inside(arrow.sent) || inside(arrow.end)));
            assert!(!seen.marks.iter().any(|mark| inside(mark.at)));
        }
        assert_eq!((place(seen.from), place(world.now() + Span::secs(9))), (0, 10_000));
    }

    #[test]
    fn a_crash_breaks_the_line_and_what_was_under_way() {
        let (world, past) = played(Some(1));
        let seen = space_time(&world, &past, Some(Span::secs(2)), &all);
        let line = seen.lifelines.iter().find(|line| line.name == "broker-1").expect("it has a line");
        let crashed = world.now() - Span::secs(1);
        assert_eq!(line.gaps, [(crashed, world.now())]);
        assert!(seen.lifelines.iter().filter(|other| other.name != "broker-1").all(|other| other.gaps.is_empty()));
        let row = seen.lifelines.iter().position(|line| line.name == "broker-1");
        assert!(seen.marks.iter().any(|mark| Some(mark.row) == row && mark.lane == Lane::Fault && mark.at == crashed));
        assert!(seen.arrows.iter().all(|arrow| arrow.fate != ArrowFate::Lost || arrow.end >= crashed));
    }
}
