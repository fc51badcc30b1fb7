//! Questions about commands that several parts of the page ask.

use crate::app::components::stage::action::StageAction;
use crate::app::selection::Selection;
use crate::engine::command::Command;
use crate::engine::common::{NodeId, Time, TopicPartition};
use crate::engine::runtime::Crash;
use crate::engine::world::World;
use crate::session::{BranchId, Session};

/// Is this something done *to* the cluster rather than with it? Drawn as a bolt on the timeline.
#[must_use]
pub fn is_fault(command: &Command) -> bool {
    matches!(
        command,
        Command::Crash { .. }
            | Command::Restart { .. }
            | Command::Pause { .. }
            | Command::Resume { .. }
            | Command::Partition { .. }
            | Command::PartitionOneway { .. }
            | Command::Repair { .. }
            | Command::Hold { .. }
            | Command::Release { .. }
            | Command::SetLatency { .. }
            | Command::Drop { .. }
            | Command::SlowDisk { .. }
            | Command::FailDisk { .. }
            | Command::FillDisk { .. }
            | Command::RepairDisk { .. }
    )
}

/// The command behind a gesture in the figure, if it is one.
#[must_use]
pub fn of_stage(world: &World, action: StageAction) -> Option<Command> {
    let target = |node| world.target_of(node);
    Some(match action {
        StageAction::Stop(node) => Command::Stop { node: target(node) },
        StageAction::Crash(node) => Command::Crash { node: target(node), how: Crash::Process },
        StageAction::PowerLoss(node) => Command::Crash { node: target(node), how: Crash::Power },
        StageAction::Restart(node) => Command::Restart { node: target(node) },
        StageAction::Pause(node) => Command::Pause { node: target(node) },
        StageAction::Resume(node) => Command::Resume { node: target(node) },
        StageAction::Hold(a, b) => Command::Hold { a: target(a), b: target(b) },
        StageAction::Release(a, b) => Command::Release { a: target(a), b: target(b) },
        StageAction::Partition(a, b) => Command::Partition { a: target(a), b: target(b) },
        StageAction::Repair(a, b) => Command::Repair { a: target(a), b: target(b) },
        StageAction::OpenBreakMenu
        | StageAction::OpenAddMenu
        | StageAction::AddProducer
        | StageAction::AddGroup
        | StageAction::AddQueueApplication
        | StageAction::Fit
        | StageAction::Zoom(_) => return None,
    })
}

/// The branch that this one left; of the first branch, the newest that left it.
#[must_use]
pub fn other_branch(session: &Session) -> Option<BranchId> {
    let newest = || session.branches().map(|(id, _)| id).filter(|id| *id != session.current_branch()).last();
    session.branch().parent.map(|(parent, _)| parent).or_else(newest)
}

/// The first bookmark behind the clock that the run has reached; after the last the first of all.
#[must_use]
pub fn next_bookmark(session: &Session) -> Option<Time> {
    let mut reached = session.bookmarks().iter().filter(|at| **at <= session.furthest());
    let first = reached.clone().next();
    reached.find(|at| **at > session.now()).or(first).copied()
}

/// Kill what runs, restart what is down: the key `K`.
#[must_use]
pub fn kill_or_restart(world: &World, selected: Option<&Selection>) -> Option<Command> {
    let node = node_of(selected)?;
    let restart = Command::Restart { node: world.target_of(node) };
    if world.check(&restart).is_ok() {
        return Some(restart);
    }
    Some(Command::Crash { node: world.target_of(node), how: Crash::Process })
}

/// Hold a link, or let it go: the key `H`.
#[must_use]
pub fn hold_or_release(world: &World, selected: Option<&Selection>) -> Option<Command> {
    let (a, b) = match selected? {
        Selection::Link(a, b) => (*a, *b),
        Selection::Message(id) => {
            let message = world.kernel().message(crate::engine::runtime::MessageId(*id))?;
            (message.from, message.to)
        }
        _ => return None,
    };
    let is_held = |from, to| world.kernel().link(from, to).is_some_and(|link| link.held);
    let held = is_held(a, b) || is_held(b, a);
    let (a, b) = (world.target_of(a), world.target_of(b));
    Some(if held { Command::Release { a, b } } else { Command::Hold { a, b } })
}

/// The process behind what is selected.
#[must_use]
pub fn node_of(selected: Option<&Selection>) -> Option<NodeId> {
    match selected? {
        Selection::Node(node) | Selection::Replica(node, _) | Selection::Record(node, ..) | Selection::Member(node) => {
            Some(*node)
        }
        _ => None,
    }
}

/// The partition whose numbers are to be explained: the selected one, else the subject of the figure.
#[must_use]
pub fn to_explain(selected: Option<&Selection>, subject: Option<TopicPartition>) -> Option<Selection> {
    let partition = match selected {
        Some(Selection::Partition(id) | Selection::Replica(_, id) | Selection::Record(_, id, _)) => Some(*id),
        _ => subject,
    };
    partition.map(Selection::Partition)
}

/// Drop the message that is selected: the key `D`.
#[must_use]
pub fn drop_selected(selected: Option<&Selection>) -> Option<Command> {
    match selected? {
        Selection::Message(id) => Some(Command::Drop { message: *id }),
        _ => None,
    }
}
