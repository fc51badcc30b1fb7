//! What is done to a run: commands, and taking them back; the branches that come of it.
//!
//! Acting in the past leaves the old future behind as a branch. Taking back is going to where the last command was given,
//! and on from there without it: what was taken back can be done again, at its own moment, until something else is done
//! instead. Then that course, too, stays as a branch.

use super::branch::{Branch, BranchId, Input, Undone};
use super::checkpoints::Checkpoints;
use super::history::Session;
use crate::checker::Checker;
use crate::engine::{Command, Refusal, Setup, Step, Time, World};

impl Session {
    /// Carries out a command of the reader's, here and now. In the past this leaves the old future behind as a branch
    /// and starts a new one; returns whether it did.
    ///
    /// # Errors
    /// If the world refuses the command. Nothing has then changed.
    pub fn act(&mut self, command: Command) -> Result<bool, Refusal> {
        self.take(Input { after: self.world.step_count(), at: self.now(), command, led: false })
    }

    /// The same for a template or a lesson: the reader cannot take it back.
    ///
    /// # Errors
    /// If the world refuses the command. Nothing has then changed.
    pub fn lead(&mut self, command: Command) -> Result<bool, Refusal> {
        self.take(Input { after: self.world.step_count(), at: self.now(), command, led: true })
    }

    /// Carries out an input whose place is where the clock stands.
    pub(super) fn take(&mut self, input: Input) -> Result<bool, Refusal> {
        self.world.check(&input.command)?;
        let leaves = self.branch().undone.is_some() || input.after < self.branch().furthest_step;
        if leaves {
            self.leave_course();
        }
        self.put(input)?;
        Ok(leaves)
    }

    fn put(&mut self, input: Input) -> Result<(), Refusal> {
        self.world.apply(&input.command)?;
        let branch = self.branch_mut();
        branch.furthest = input.at;
        branch.inputs.push(input);
        self.absorb();
        Ok(())
    }

    /// The current branch as it was, with all that was taken back, stays; the clock goes on with another.
    fn leave_course(&mut self) {
        let (parent, now) = (self.current, self.now());
        let branch = self.branch_mut();
        let mut inputs = branch.inputs.clone();
        if let Some(undone) = branch.undone.take() {
            branch.inputs.extend(undone.inputs.into_iter().rev());
            branch.furthest = undone.furthest;
        }
        let name = format!("branch {}", self.branches.len());
        self.current = self.fresh_id();
        inputs.retain(|input| input.after < self.world.step_count());
        let branch = Branch {
            name,
            parent: Some((parent, now)),
            inputs,
            furthest: now,
            furthest_step: self.world.step_count(),
            undone: None,
        };
        self.branches.insert(self.current, branch);
        self.forget_future();
    }

    fn fresh_id(&self) -> BranchId {
        BranchId(self.branches.last_key_value().map_or(0, |(id, _)| id.0 + 1))
    }

    /// What was computed of a future that is no more.
    fn forget_future(&mut self) {
        let step = self.world.step_count();
        self.trace.truncate(self.trace.partition_point(|record| record.step <= step));
        self.checkpoints.forget_after(step);
    }

    /// What [`Self::undo`] would take back: the last command before the clock, if it was the reader's.
    #[must_use]
    pub fn last_act(&self) -> Option<&Input> {
        let done = self.branch().inputs.partition_point(|input| input.after < self.world.step_count());
        self.branch().inputs[..done].last().filter(|input| !input.led)
    }

    /// What [`Self::redo`] would do again.
    #[must_use]
    pub fn last_undone(&self) -> Option<&Input> {
        self.branch().undone.as_ref()?.inputs.last()
    }

    /// Goes to where the last command was given; from there the run goes on without it.
    pub fn undo(&mut self) -> Option<Command> {
        let input = self.last_act()?.clone();
        self.stand_at(&input);
        let furthest = self.branch().furthest;
        self.cut();
        let branch = self.branch_mut();
        let kept = branch.inputs.partition_point(|earlier| earlier.after < input.after);
        let taken = branch.inputs.split_off(kept);
        let undone = branch.undone.get_or_insert(Undone { inputs: Vec::new(), furthest });
        undone.inputs.extend(taken.into_iter().rev());
        Some(input.command)
    }

    /// Does again what was taken back last, at the moment at which it was done.
    pub fn redo(&mut self) -> Option<Command> {
        let input = self.last_undone()?.clone();
        self.stand_at(&input);
        self.cut();
        let branch = self.branch_mut();
        if let Some(undone) = &mut branch.undone {
            undone.inputs.pop();
        }
        branch.undone.take_if(|undone| undone.inputs.is_empty());
        let command = input.command.clone();
        self.put(input).expect("a command that was accepted once is accepted again in the same state");
        Some(command)
    }

    /// Back to just before an input of this branch.
    fn stand_at(&mut self, input: &Input) {
        self.restore(self.checkpoints.before_step(input.after).clone());
        self.stand_before(input).expect("the place of an input that was given");
    }

    /// The current branch ends where the clock stands. It has another id then: who watched its old course begins anew.
    fn cut(&mut self) {
        let (old, new) = (self.current, self.fresh_id());
        let (now, step) = (self.now(), self.world.step_count());
        let Some(mut branch) = self.branches.remove(&old) else { return };
        (branch.furthest, branch.furthest_step) = (now, step);
        self.branches.insert(new, branch);
        self.current = new;
        for branch in self.branches.values_mut() {
            if let Some((parent, at)) = &mut branch.parent
                && *parent == old
            {
                (*parent, *at) = (new, (*at).min(now));
            }
        }
        self.forget_future();
    }

    /// Goes over to another branch, at the time where the clock stands if that branch reaches so far.
    pub fn switch_to(&mut self, branch: BranchId) {
        let Some(goal) = self.branches.get(&branch).filter(|_| branch != self.current) else { return };
        let (clock, furthest) = (self.now(), goal.furthest);
        // What was computed of it is computed again: only its input log was kept.
        self.current = branch;
        let goal = self.branch_mut();
        (goal.furthest, goal.furthest_step) = (Time::ZERO, Step::default());
        self.world = World::new(Setup::clone(&self.setup)).expect("the setup was accepted before");
        self.checker = Checker::default();
        self.checkpoints = Checkpoints::starting_at(self.world.clone(), Checker::default());
        self.trace.clear();
        self.forgotten = 0;
        self.advance_to(furthest, u64::MAX);
        self.seek(clock.min(furthest));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::command::Target;
    use crate::engine::common::{BrokerId, Fingerprint};
    use crate::engine::runtime::Crash;

    const END: Time = Time(9_000_000);

    fn crash(broker: u32) -> Command {
        Command::Crash { node: Target::Broker(BrokerId(broker)), how: Crash::Process }
    }

    /// Two crashes; the first is a lesson's.
    fn crashed() -> Session {
        let mut session = Session::new(Setup::default()).expect("a sound setup");
        for (at, broker) in [(3_000_000, 1), (4_000_000, 2), (5_000_000, 3)] {
            session.advance_to(Time(at), u64::MAX);
            let done = if broker == 1 { session.lead(crash(1)) } else { session.act(crash(broker)) };
            assert_eq!(done, Ok(false));
        }
        session.advance_to(END, u64::MAX);
        session
    }

    fn ended(session: &mut Session) -> Fingerprint {
        session.advance_to(END, u64::MAX);
        session.world().fingerprint()
    }

    #[test]
    fn what_is_taken_back_does_not_happen_and_done_again_it_is_the_same_run() {
        let mut session = crashed();
        let with_both = ended(&mut session);
        let id = session.current_branch();
        assert_eq!(session.undo(), Some(crash(3)));
        assert_eq!(session.now(), Time(5_000_000));
        assert_ne!(session.current_branch(), id, "whoever counts the facts of a branch begins anew");
        let with_one = ended(&mut session);
        assert_eq!(session.undo(), Some(crash(2)));
        let with_none = ended(&mut session);
        assert_eq!(session.undo(), None, "the lesson's command is not the reader's");
        assert_eq!(session.redo(), Some(crash(2)));
        assert_eq!((session.now(), ended(&mut session)), (Time(4_000_000), with_one));
        assert_eq!(session.redo(), Some(crash(3)));
        assert_eq!((ended(&mut session), session.redo()), (with_both, None));
        assert!(with_none != with_one && with_one != with_both);
        assert_eq!(session.branches().count(), 1, "nothing else was done, so there is one course");
    }

    #[test]
    fn another_act_after_taking_back_leaves_the_old_course_as_a_branch() {
        let mut session = crashed();
        let old = ended(&mut session);
        session.undo();
        session.undo();
        let main = session.current_branch();
        assert_eq!(session.act(crash(3)), Ok(true));
        assert_eq!(session.last_undone(), None);
        assert_ne!(ended(&mut session), old);
        session.switch_to(main);
        session.seek(END);
        assert_eq!((session.world().fingerprint(), session.branch().inputs.len()), (old, 3));
    }

    #[test]
    fn taking_back_in_the_past_takes_what_came_later_along_and_gives_it_back_in_order() {
        let mut session = crashed();
        let old = ended(&mut session);
        session.seek(Time(4_500_000));
        assert_eq!(session.undo(), Some(crash(2)));
        assert_eq!(session.branch().inputs.len(), 1);
        assert_eq!([session.redo(), session.redo(), session.redo()], [Some(crash(2)), Some(crash(3)), None]);
        assert_eq!(ended(&mut session), old);
    }

    #[test]
    fn a_branch_that_left_a_course_taken_back_still_knows_its_parent() {
        let mut session = crashed();
        session.seek(Time(4_500_000));
        session.act(crash(3)).expect("broker 3 is up");
        let (parent, _) = session.branch().parent.expect("it left one");
        let child = session.current_branch();
        session.switch_to(parent);
        session.seek(END);
        session.undo();
        session.undo();
        let known = session.branches().find(|(id, _)| *id == child).and_then(|(_, branch)| branch.parent);
        assert_eq!(known, Some((session.current_branch(), Time(4_000_000))));
    }
}
