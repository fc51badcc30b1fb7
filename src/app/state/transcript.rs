//! What the console shows: lines typed, their answers, and every click elsewhere as the line it equals.

use std::collections::VecDeque;

/// Lines kept; older ones scroll away for good.
const LINES: usize = 500;

/// Lines typed that the arrow keys bring back.
const HISTORY: usize = 100;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub number: u64,
    pub kind: LineKind,
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// Typed by hand.
    Typed,
    /// What a click elsewhere in the page equals.
    Echo,
    Answer,
    Refusal,
}

#[derive(Clone, Debug, Default)]
pub struct Transcript {
    lines: VecDeque<Line>,
    history: VecDeque<String>,
    count: u64,
}

impl Transcript {
    pub fn add(&mut self, kind: LineKind, text: impl Into<String>) {
        let text = text.into();
        if kind == LineKind::Typed && self.history.back() != Some(&text) {
            self.history.push_back(text.clone());
            if self.history.len() > HISTORY {
                self.history.pop_front();
            }
        }
        self.lines.push_back(Line { number: self.count, kind, text });
        self.count += 1;
        if self.lines.len() > LINES {
            self.lines.pop_front();
        }
    }

    pub fn lines(&self) -> impl DoubleEndedIterator<Item = &Line> {
        self.lines.iter()
    }

    /// A line typed before: 0 is the last one.
    #[must_use]
    pub fn recall(&self, back: usize) -> Option<&str> {
        self.history.iter().rev().nth(back).map(String::as_str)
    }

    /// Grows with every line.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_typed_is_recalled_newest_first_and_never_twice_in_a_row() {
        let mut transcript = Transcript::default();
        for text in ["a", "b", "b"] {
            transcript.add(LineKind::Typed, text);
            transcript.add(LineKind::Answer, "done");
        }
        assert_eq!(transcript.recall(0), Some("b"));
        assert_eq!(transcript.recall(1), Some("a"));
        assert_eq!(transcript.recall(2), None);
    }

    #[test]
    fn memory_is_bounded_and_numbers_go_on() {
        let mut transcript = Transcript::default();
        for number in 0..LINES + 10 {
            transcript.add(LineKind::Answer, number.to_string());
        }
        assert_eq!(transcript.lines().count(), LINES);
        assert_eq!(transcript.lines().next().map(|line| line.number), Some(10));
    }
}
