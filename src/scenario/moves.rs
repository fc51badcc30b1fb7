//! What is done to a fresh world, in order: commands, and waits between them.

use crate::console::{self, Entry};
use crate::engine::command::Command;
use crate::engine::common::Span;

/// What one line of a template or of a comparison comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum Move {
    Act(Command),
    Wait(Span),
}

/// Lines of the console as moves.
///
/// # Errors
/// The line that the console does not understand, or that neither acts nor waits, and why.
pub(super) fn moves(lines: &[String]) -> Result<Vec<Move>, String> {
    let mut moves = Vec::new();
    for line in lines {
        match console::parse(line).map_err(|problem| format!("{line}: {problem}"))? {
            Entry::Act(commands) => moves.extend(commands.into_iter().map(Move::Act)),
            Entry::Wait(span) => moves.push(Move::Wait(span)),
            _ => return Err(format!("{line}: write a line that acts or waits")),
        }
    }
    Ok(moves)
}
