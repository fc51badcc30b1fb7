//! Time travel: checkpoints and replay.
//!
//! Holds at all times: the trace is that of the current branch up to its furthest point; the world stands somewhere
//! within it; replaying a stretch that was played before yields the same facts (asserted by fingerprint in tests).

use std::sync::Arc;

use super::branch::{Branch, BranchId, Input, Run};
use super::checkpoints::Checkpoints;
use crate::checker::Checker;
use crate::engine::{Command, Record, Refusal, Setup, Step, Time, World};

/// The trace keeps at most so many facts; older ones can be computed again.
const MAX_RECORDS: usize = 400_000;

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
    setup: Arc<Setup>,
    branches: Vec<Branch>,
    current: BranchId,
    world: World,
    checkpoints: Checkpoints,
    /// Has seen everything up to the furthest point of this branch.
    checker: Checker,
    trace: Vec<Record>,
    /// Facts that have been dropped from the front of `trace`.
    forgotten: u64,
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
        };
        Ok(Self {
            setup: Arc::new(setup),
            branches: vec![main],
            current: BranchId(0),
            checkpoints: Checkpoints::starting_at(world.clone()),
            world,
            checker: Checker::default(),
            trace: Vec::new(),
            forgotten: 0,
        })
    }

    /// Replays a saved run up to its position.
    ///
    /// # Errors
    /// If the setup or a command is refused: the run was made by another version, or by hand.
    pub fn replay(run: &Run) -> Result<Self, Refusal> {
        let mut session = Self::new(run.setup.clone())?;
        for input in &run.inputs {
            session.advance_to(input.at, u64::MAX);
            session.act(input.command.clone())?;
        }
        let last = run.inputs.last().map_or(Time::ZERO, |input| input.at);
        session.advance_to(run.position.max(last), u64::MAX);
        session.seek(run.position);
        Ok(session)
    }

    /// The run as data.
    #[must_use]
    pub fn run(&self) -> Run {
        Run::of(&self.setup, self.branch(), self.world.now())
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
        &self.branches[self.current.0]
    }

    #[must_use]
    pub fn current_branch(&self) -> BranchId {
        self.current
    }

    pub fn branches(&self) -> impl Iterator<Item = (BranchId, &Branch)> {
        self.branches.iter().enumerate().map(|(index, branch)| (BranchId(index), branch))
    }

    /// Facts up to where the clock stands, oldest first.
    #[must_use]
    pub fn past(&self) -> &[Record] {
        let step = self.world.step_count();
        &self.trace[..self.trace.partition_point(|record| record.step <= step)]
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
            let step = self.world.step_count();
            let here = self.past().iter().rev().take_while(|record| record.step == step);
            if here.into_iter().any(&mut wanted) {
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
        if to < self.now() {
            self.world = self.checkpoints.before_time(to).clone();
        }
        self.advance_to(to, u64::MAX);
    }

    /// Stands right after the `step`-th event.
    pub fn seek_step(&mut self, step: Step) {
        if step < self.world.step_count() || (step == self.world.step_count() && self.now() > self.time_of(step)) {
            self.world = self.checkpoints.before_step(step).clone();
        }
        while self.world.step_count() < step && self.move_on(None) {}
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
    fn absorb(&mut self) {
        let facts = self.world.take_trace();
        if self.world.step_count() > self.branch().furthest_step {
            self.checker.observe(&self.world, &facts);
            self.trace.extend(facts);
            if self.trace.len() > MAX_RECORDS {
                let dropped = MAX_RECORDS / 4;
                self.trace.drain(..dropped);
                self.forgotten += dropped as u64;
            }
        }
        self.note_progress();
        self.checkpoints.offer(&self.world);
    }

    fn note_progress(&mut self) {
        let (now, step) = (self.world.now(), self.world.step_count());
        let branch = &mut self.branches[self.current.0];
        branch.furthest = branch.furthest.max(now);
        branch.furthest_step = branch.furthest_step.max(step);
    }

    // ---- acting ------------------------------------------------------------------------------------------------

    /// Carries out a command here and now. In the past this leaves the old future behind as a branch and starts a
    /// new one; returns whether it did.
    ///
    /// # Errors
    /// If the world refuses the command. Nothing has then changed.
    pub fn act(&mut self, command: Command) -> Result<bool, Refusal> {
        self.world.check(&command)?;
        let step = self.world.step_count();
        let forks = step < self.branch().furthest_step;
        if forks {
            self.fork();
        }
        let at = self.world.now();
        self.world.apply(&command)?;
        self.branches[self.current.0].furthest = at;
        self.branches[self.current.0].inputs.push(Input { after: step, at, command });
        self.absorb();
        Ok(forks)
    }

    /// Leaves the current branch here.
    fn fork(&mut self) {
        let (step, now) = (self.world.step_count(), self.world.now());
        let parent = self.current;
        let mut inputs = self.branch().inputs.clone();
        inputs.retain(|input| input.after < step);
        let name = format!("branch {}", self.branches.len());
        self.branches.push(Branch { name, parent: Some((parent, now)), inputs, furthest: now, furthest_step: step });
        self.current = BranchId(self.branches.len() - 1);
        self.trace.truncate(self.trace.partition_point(|record| record.step <= step));
        self.checkpoints.forget_after(step);
    }

    /// Goes over to another branch, at the time where the clock stands if that branch reaches so far.
    pub fn switch_to(&mut self, branch: BranchId) {
        if branch == self.current || branch.0 >= self.branches.len() {
            return;
        }
        let clock = self.now();
        let goal = &self.branches[branch.0];
        let furthest = goal.furthest;
        // What was computed of it is computed again: only its input log was kept.
        self.current = branch;
        self.branches[branch.0].furthest_step = Step::default();
        self.branches[branch.0].furthest = Time::ZERO;
        self.world = World::new(Setup::clone(&self.setup)).expect("the setup was accepted before");
        self.checkpoints = Checkpoints::starting_at(self.world.clone());
        self.trace.clear();
        self.forgotten = 0;
        self.advance_to(furthest, u64::MAX);
        self.seek(clock.min(furthest));
    }

    #[cfg(test)]
    pub(super) fn checkpoint_count(&self) -> usize {
        self.checkpoints.len()
    }
}
