//! Branches: input logs that share a beginning.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::engine::{Command, Setup, Step, Time};

/// One command with its exact place in the history: after so many steps, at this time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    pub after: Step,
    pub at: Time,
    #[serde(with = "line")]
    pub command: Command,
    /// Done by a template or a lesson, not by the reader: it is not the reader's to take back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub led: bool,
}

/// A command stands in a saved run as the line that anybody could type: one grammar for all, and a file that can be read.
mod line {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::console::{self, Entry};
    use crate::engine::Command;

    pub(super) fn serialize<S: Serializer>(command: &Command, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&console::print(command))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Command, D::Error> {
        let line = String::deserialize(deserializer)?;
        match console::parse(&line) {
            Ok(Entry::Act(mut commands)) if commands.len() == 1 => Ok(commands.swap_remove(0)),
            Ok(_) => Err(D::Error::custom(format!("{line}: an input of a run is one command"))),
            Err(problem) => Err(D::Error::custom(format!("{line}: {problem}"))),
        }
    }
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
    pub(super) undone: Option<Undone>,
}

/// What was taken back from a branch and can be done again.
#[derive(Clone, Debug)]
pub(super) struct Undone {
    /// What comes first stands last.
    pub(super) inputs: Vec<Input>,
    /// How far the branch had been computed with all of them.
    pub(super) furthest: Time,
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
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub bookmarks: BTreeSet<Time>,
}
