//! Many lines: a script. A line whose quotation is still open goes on in the next one, as in a shell.

use std::fmt;

use super::words::ConsoleProblem;
use super::{Entry, parse};

/// One entry with where it stands and how it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct ScriptLine {
    /// Counted from 1.
    pub number: usize,
    pub text: String,
    pub entry: Entry,
}

/// A line that means nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptProblem {
    pub line: usize,
    pub text: String,
    pub problem: ConsoleProblem,
}

impl fmt::Display for ScriptProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}\n  {}", self.line, self.problem, self.text)
    }
}

impl std::error::Error for ScriptProblem {}

/// Reads a whole script; comments and empty lines are left out.
///
/// # Errors
/// Every line that is not understood, not only the first.
pub fn read_script(text: &str) -> Result<Vec<ScriptLine>, Vec<ScriptProblem>> {
    let (mut lines, mut problems) = (Vec::new(), Vec::new());
    let mut physical = text.lines().enumerate();
    while let Some((index, first)) = physical.next() {
        let mut text = first.to_owned();
        while is_open(&text) {
            let Some((_, next)) = physical.next() else { break };
            text.push('\n');
            text.push_str(next);
        }
        match parse(&text) {
            Ok(Entry::Nothing) => {}
            Ok(entry) => lines.push(ScriptLine { number: index + 1, text, entry }),
            Err(problem) => problems.push(ScriptProblem { line: index + 1, text, problem }),
        }
    }
    if problems.is_empty() { Ok(lines) } else { Err(problems) }
}

/// Is a quotation still open at the end, so that the line goes on? Expressions end where their line ends.
fn is_open(text: &str) -> bool {
    let verb = text.split_whitespace().next().unwrap_or_default();
    !matches!(verb, "expect" | "await" | "show") && shlex::split(text).is_none()
}
