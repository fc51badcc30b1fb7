//! Branches: input logs that share a beginning.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::engine::{Command, Setup, Step, Time};

/// One command with its exact place in the history: after so many steps, at this time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    pub after: Step,
    pub at: Time,
    pub command: Command,
}

/// Index of a branch within its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BranchId(pub usize);

#[derive(Clone, Debug)]
pub struct Branch {
    pub name: String,
    /// Where it left its parent.
    pub parent: Option<(BranchId, Time)>,
    pub inputs: Vec<Input>,
    /// How far it has been computed.
    pub furthest: Time,
    pub(super) furthest_step: Step,
}

impl Branch {
    /// The next input of a world that has handled `step` events and commands.
    pub(super) fn next_input(&self, step: Step) -> Option<&Input> {
        let next = self.inputs.partition_point(|input| input.after < step);
        self.inputs.get(next)
    }
}

/// A whole run as data: what a link shares, a file saves, and a restored page replays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    pub setup: Setup,
    pub inputs: Vec<Input>,
    /// Where the clock stood.
    pub position: Time,
}

impl Run {
    pub(super) fn of(setup: &Arc<Setup>, branch: &Branch, position: Time) -> Self {
        Self { setup: Setup::clone(setup), inputs: branch.inputs.clone(), position }
    }
}
