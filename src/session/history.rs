//! Time travel: checkpoints and replay.
//!
//! Holds at all times: the trace is that of the current branch up to its furthest point; the world stands somewhere
//! within it; replaying a stretch that was played before yields the same facts (asserted by fingerprint in tests).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::branch::{Branch, BranchId, Input, Run};
use super::checkpoints::{Checkpoint, Checkpoints};
use crate::checker::{Checker, Guarantee, Verdict};
use crate::engine::{Record, Refusal, Setup, Step, Time, World};

/// The trace keeps at most so many facts; older ones can be computed again. A list's room doubles as it grows: with a
/// few more it would take twice the memory.
const MAX_RECORDS: usize = 260_000;

/// How an advance ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advance {
    /// The clock stands where it was asked to.
    Arrived,
    /// The budget ran out on the way: call again in the next frame.
    OutOfBudget,
}

#[derive(Clone, Debug)]
pub struct Session {
    pub(super) setup: Arc<Setup>,
    pub(super) branches: BTreeMap<BranchId, Branch>,
    pub(super) current: BranchId,
    pub(super) world: World,
    pub(super) checkpoints: Checkpoints,
    /// Has seen everything up to where the world stands.
    pub(super) checker: Checker,
    pub(super) trace: Vec<Record>,
    /// What the last step recorded; kept for its room.
    fresh: Vec<Record>,
    /// Facts that have been dropped from the front of `trace`.
    pub(super) forgotten: u64,
    bookmarks: BTreeSet<Time>,
}

impl Session {
    /// A fresh run.
    ///
    /// # Errors
    /// If the setup makes no sense; the sentence says why.
    pub fn new(setup: Setup) -> Result<Self, Refusal> {
        let world = World::new(setup.clone())?;
        let main = Branch {
            name: "main".to_owned(),
            parent: None,
            inputs: Vec::new(),
            furthest: Time::ZERO,
            furthest_step: Step::default(),
            undone: None,
        };
        Ok(Self {
            setup: Arc::new(setup),
            branches: BTreeMap::from([(BranchId(0), main)]),
            current: BranchId(0),
            checkpoints: Checkpoints::starting_at(world.clone(), Checker::default()),
            world,
            checker: Checker::default(),
            trace: Vec::new(),
            fresh: Vec::new(),
            forgotten: 0,
            bookmarks: BTreeSet::new(),
        })
    }

    /// Replays a saved run up to its position.
    ///
    /// # Errors
    /// If the setup or a command is refused: the run was made by another version, or by hand.
    pub fn replay(run: &Run) -> Result<Self, Refusal> {
        let mut session = Self::new(run.setup.clone())?;
        for (index, input) in run.inputs.iter().enumerate() {
            session.stand_before(input).ok_or_else(|| {
                let at = input.at;
                Refusal(format!("input {} of the run cannot come at {at}, after {} events", index + 1, input.after))
            })?;
            session.take(input.clone())?;
        }
        session.bookmarks.clone_from(&run.bookmarks);
        let last = run.inputs.last().map_or(Time::ZERO, |input| input.at);
        session.advance_to(run.position.max(last), u64::MAX);
        session.seek(run.position);
        Ok(session)
    }

    /// Plays to the exact place of an input: so many events, and then its time. At one time there may be events on
    /// either side of it. `None` if there is no such place.
    pub(super) fn stand_before(&mut self, input: &Input) -> Option<()> {
        while self.world.step_count() < input.after {
            self.move_on(Some(input.at)).then_some(())?;
        }
        let is_next = self.world.next_event_at().is_none_or(|next| input.at <= next);
        let fits = self.world.step_count() == input.after && self.world.now() <= input.at && is_next;
        fits.then(|| self.world.wait_until(input.at))
    }

    /// The run as data.
    #[must_use]
    pub fn run(&self) -> Run {
        Run {
            setup: Setup::clone(&self.setup),
            inputs: self.branch().inputs.clone(),
            position: self.world.now(),
            bookmarks: self.bookmarks.clone(),
        }
    }

    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }

    #[must_use]
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    #[must_use]
    pub fn now(&self) -> Time {
        self.world.now()
    }

    /// How far the current branch has been computed.
    #[must_use]
    pub fn furthest(&self) -> Time {
        self.branch().furthest
    }

    #[must_use]
    pub fn branch(&self) -> &Branch {
        &self.branches[&self.current]
    }

    #[must_use]
    pub fn current_branch(&self) -> BranchId {
        self.current
    }

    pub(super) fn branch_mut(&mut self) -> &mut Branch {
        self.branches.get_mut(&self.current).expect("the current branch is one of them")
    }

    pub fn branches(&self) -> impl Iterator<Item = (BranchId, &Branch)> {
        self.branches.iter().map(|(id, branch)| (*id, branch))
    }

    /// Facts up to where the clock stands, oldest first.
    #[must_use]
    pub fn past(&self) -> &[Record] {
        let step = self.world.step_count();
        // Mostly the clock stands at the end of what is known.
        if self.trace.last().is_none_or(|last| last.step <= step) {
            return &self.trace;
        }
        &self.trace[..self.trace.partition_point(|record| record.step <= step)]
    }

    /// Facts of the very event at which the clock stands, newest first.
    pub fn here(&self) -> impl Iterator<Item = &Record> {
        let step = self.world.step_count();
        self.past().iter().rev().take_while(move |record| record.step == step)
    }

    /// Facts of the whole branch as far as it is known: past and computed future.
    #[must_use]
    pub fn known(&self) -> &[Record] {
        &self.trace
    }

    /// How many facts lie before the first of [`Self::known`].
    #[must_use]
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// The watch over this run, up to where the clock stands.
    #[must_use]
    pub fn checker(&self) -> &Checker {
        &self.checker
    }

    /// Moments that the reader wants to come back to, on whatever branch.
    #[must_use]
    pub fn bookmarks(&self) -> &BTreeSet<Time> {
        &self.bookmarks
    }

    /// Marks the moment at which the clock stands, or takes the mark away; returns whether it is marked now.
    pub fn toggle_bookmark(&mut self) -> bool {
        let now = self.now();
        let is_new = self.bookmarks.insert(now);
        if !is_new {
            self.bookmarks.remove(&now);
        }
        is_new
    }

    /// What every guarantee stands at where the clock stands.
    #[must_use]
    pub fn verdicts(&self) -> Vec<(Guarantee, Verdict)> {
        self.checker.verdicts(&self.world, self.world.step_count())
    }

    // ---- moving ------------------------------------------------------------------------------------------------

    /// Plays forward until the clock stands at `to`, handling at most `budget` events.
    pub fn advance_to(&mut self, to: Time, budget: u64) -> Advance {
        for _ in 0..budget {
            if !self.move_on(Some(to)) {
                self.world.wait_until(to);
                self.note_progress();
                return Advance::Arrived;
            }
        }
        Advance::OutOfBudget
    }

    /// Handles one event or one recorded input. False if nothing is left to happen.
    pub fn step(&mut self) -> bool {
        self.move_on(None)
    }

    /// Steps until a fact satisfies `wanted`; false if none came within `budget` steps.
    pub fn step_until(&mut self, budget: u64, mut wanted: impl FnMut(&Record) -> bool) -> bool {
        for _ in 0..budget {
            if !self.move_on(None) {
                return false;
            }
            if self.here().any(&mut wanted) {
                return true;
            }
        }
        false
    }

    /// Back to the last earlier step with a fact that satisfies `wanted`; to the beginning if there is none.
    pub fn step_back(&mut self, mut wanted: impl FnMut(&Record) -> bool) {
        let now = self.world.step_count();
        let earlier = self.past().iter().rev().find(|record| record.step < now && wanted(record));
        let target = earlier.map_or(Step::default(), |record| record.step);
        self.seek_step(target);
    }

    /// Puts the clock at `to`, wherever that is: back by checkpoint and replay, forward by playing.
    pub fn seek(&mut self, to: Time) {
        let nearest = self.checkpoints.before_time(to);
        // Forward, too, a later checkpoint saves the way there.
        if to < self.now() || nearest.world.step_count() > self.world.step_count() {
            self.restore(nearest.clone());
        }
        self.advance_to(to, u64::MAX);
    }

    /// Stands right after the `step`-th event.
    pub fn seek_step(&mut self, step: Step) {
        if step < self.world.step_count() || (step == self.world.step_count() && self.now() > self.time_of(step)) {
            self.restore(self.checkpoints.before_step(step).clone());
        }
        while self.world.step_count() < step && self.move_on(None) {}
    }

    pub(super) fn restore(&mut self, checkpoint: Checkpoint) {
        self.world = checkpoint.world;
        self.checker = checkpoint.checker;
    }

    /// When the step was handled, as far as the trace knows.
    fn time_of(&self, step: Step) -> Time {
        let index = self.trace.partition_point(|record| record.step < step);
        self.trace.get(index).filter(|record| record.step == step).map_or(self.now(), |record| record.at)
    }

    /// One event or input, if one is due by `limit`.
    fn move_on(&mut self, limit: Option<Time>) -> bool {
        let due = |at: Time| limit.is_none_or(|limit| at <= limit);
        let step = self.world.step_count();
        match self.branch().next_input(step).filter(|input| input.after == step).cloned() {
            Some(input) => {
                if !due(input.at) {
                    return false;
                }
                self.world.wait_until(input.at);
                self.world.apply(&input.command).expect("an input that was accepted once is accepted again");
            }
            None => {
                if !self.world.next_event_at().is_some_and(due) {
                    return false;
                }
                self.world.step();
            }
        }
        self.absorb();
        true
    }

    /// Takes in what the last step recorded, unless this stretch was played before.
    pub(super) fn absorb(&mut self) {
        let mut facts = std::mem::take(&mut self.fresh);
        self.world.swap_trace(&mut facts);
        self.checker.observe(&self.world, &facts);
        if self.world.step_count() > self.branch().furthest_step {
            self.trace.append(&mut facts);
            if self.trace.len() > MAX_RECORDS {
                let dropped = MAX_RECORDS / 4;
                self.trace.drain(..dropped);
                self.forgotten += dropped as u64;
            }
        }
        self.fresh = facts;
        self.note_progress();
        self.checkpoints.offer(&self.world, &self.checker);
    }

    fn note_progress(&mut self) {
        let (now, step) = (self.world.now(), self.world.step_count());
        let branch = self.branch_mut();
        branch.furthest = branch.furthest.max(now);
        branch.furthest_step = branch.furthest_step.max(step);
    }

    #[cfg(test)]
    pub(super) fn checkpoint_count(&self) -> usize {
        self.checkpoints.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Command;
    use crate::engine::command::{Target, Workload};
    use crate::engine::common::{BrokerId, Span};
    use crate::engine::runtime::Crash;

    fn busy() -> Session {
        let mut session = Session::new(Setup { seed: 42, ..Setup::default() }).expect("a sound setup");
        session.advance_to(Time(3_000_000), u64::MAX);
        let topic = Command::CreateTopic {
            name: "orders".into(),
            partitions: Some(3),
            replication_factor: Some(3),
            assignment: None,
            configs: Default::default(),
        };
        session.act(topic).expect("the command is sound");
        session.advance_to(Time(4_000_000), u64::MAX);
        let workload = Workload {
            every: Span::millis(20),
            records: None,
            keys: vec!["a".into(), "b".into()],
            random_keys: true,
            value: "{n}".into(),
        };
        let producer = Command::AddProducer {
            name: "checkout".into(),
            topic: "orders".into(),
            configs: Default::default(),
            workload: Some(workload),
        };
        session.act(producer).expect("the command is sound");
        session.advance_to(Time(12_000_000), u64::MAX);
        session
    }

    fn crash(broker: u32) -> Command {
        Command::Crash { node: Target::Broker(BrokerId(broker)), how: Crash::Process }
    }

    #[test]
    fn seeking_back_and_playing_again_is_the_same_run() {
        let mut session = busy();
        let (straight, step) = (session.world().fingerprint(), session.world().step_count());
        let facts = session.past().len();
        for to in [1, 5_000_000, 11_999_999, 3_999_999] {
            session.seek(Time(to));
            assert_eq!(session.now(), Time(to));
            session.seek(Time(12_000_000));
            assert_eq!((session.world().fingerprint(), session.world().step_count()), (straight, step));
            assert_eq!(session.past().len(), facts, "a replay records nothing twice");
        }
    }

    #[test]
    fn stepping_back_undoes_steps_one_by_one() {
        let mut session = busy();
        let mut seen = Vec::new();
        for _ in 0..20 {
            seen.push((session.world().step_count(), session.world().fingerprint()));
            session.step();
        }
        for (step, fingerprint) in seen.into_iter().rev() {
            session.seek_step(step);
            assert_eq!(session.world().fingerprint(), fingerprint, "at step {step}");
        }
    }

    #[test]
    fn acting_in_the_past_forks_and_the_old_future_stays() {
        let mut session = busy();
        let old_future = session.world().fingerprint();
        session.seek(Time(8_000_000));
        assert_eq!(session.act(crash(1)), Ok(true), "this is the past");
        session.advance_to(Time(12_000_000), u64::MAX);
        let new_future = session.world().fingerprint();
        assert_ne!(new_future, old_future);
        assert_eq!(session.branches().count(), 2);
        assert_eq!(session.branch().parent, Some((BranchId(0), Time(8_000_000))));
        session.switch_to(BranchId(0));
        session.seek(Time(12_000_000));
        assert_eq!(session.world().fingerprint(), old_future);
        session.switch_to(BranchId(1));
        session.seek(Time(12_000_000));
        assert_eq!(session.world().fingerprint(), new_future);
    }

    #[test]
    fn acting_at_the_end_goes_on_and_does_not_fork() {
        let mut session = busy();
        assert_eq!(session.act(crash(2)), Ok(false));
        assert_eq!(session.branches().count(), 1);
    }

    #[test]
    fn a_refused_command_changes_nothing() {
        let mut session = busy();
        session.seek(Time(8_000_000));
        let before = (session.world().fingerprint(), session.branches().count());
        assert!(session.act(crash(77)).is_err());
        assert_eq!((session.world().fingerprint(), session.branches().count()), before);
    }

    #[test]
    fn a_run_replays_from_its_data_alone() {
        let mut session = busy();
        // Two commands at one time: the restart's own first event comes after the second.
        session.act(crash(3)).expect("broker 3 is up");
        session.act(Command::Restart { node: Target::Broker(BrokerId(3)) }).expect("broker 3 is down");
        session.act(crash(2)).expect("broker 2 is up");
        session.advance_to(Time(15_000_000), u64::MAX);
        let text = serde_json::to_string(&session.run()).expect("a run is plain data");
        let run: Run = serde_json::from_str(&text).expect("and reads back");
        let again = Session::replay(&run).expect("it was accepted before");
        assert_eq!(again.world().fingerprint(), session.world().fingerprint());
        assert_eq!(again.now(), session.now());
    }

    #[test]
    fn a_run_that_was_tampered_with_is_refused_in_words() {
        let mut run = busy().run();
        run.inputs[1].after = Step(u64::MAX);
        run.inputs[1].at = Time(1);
        let refusal = Session::replay(&run).expect_err("there is no such place");
        assert!(refusal.0.contains("input 2"), "{refusal}");
    }

    #[test]
    fn checkpoints_stay_few_however_long_the_run() {
        let mut session = busy();
        session.advance_to(Time(240_000_000), u64::MAX);
        assert!(session.world().step_count().0 > 100_000, "a long run");
        assert!(session.checkpoint_count() <= 64);
        session.seek(Time(6_000_000));
        assert_eq!(session.now(), Time(6_000_000));
    }
}
