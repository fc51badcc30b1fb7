//! Cuts a stream of bytes into lines, whatever slices it comes in.
//!
//! A line ends with LF or CR LF; the last one needs no end. A lone CR is a character like any other.

/// One line without its end.
#[derive(Debug)]
pub(super) struct Line<'a> {
    /// Counted from 1.
    pub number: u64,
    pub bytes: Result<&'a [u8], TooLong>,
}

/// The line has more bytes than are taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct TooLong {
    pub max: usize,
}

/// Keeps the beginning of a line until its end comes.
#[derive(Debug)]
pub(super) struct Splitter {
    max: usize,
    /// The line's beginning, never much longer than `max`.
    held: Vec<u8>,
    /// The line is too long already; only its end is still awaited.
    overflowed: bool,
    number: u64,
}

impl Splitter {
    pub fn new(max: usize) -> Self {
        Self { max, held: Vec::new(), overflowed: false, number: 1 }
    }

    pub fn feed(&mut self, mut slice: &[u8], mut each: impl FnMut(Line<'_>)) {
        while let Some(end) = slice.iter().position(|byte| *byte == b'\n') {
            let (line, rest) = slice.split_at(end);
            slice = &rest[1..];
            if self.held.is_empty() && !self.overflowed {
                each(Line { number: self.number, bytes: self.measured(without_cr(line)) });
            } else {
                self.hold(line);
                self.give(without_cr(&self.held), &mut each);
            }
            self.held.clear();
            self.overflowed = false;
            self.number += 1;
        }
        self.hold(slice);
    }

    /// The last line, if no line end follows it.
    pub fn finish(&mut self, mut each: impl FnMut(Line<'_>)) {
        if !self.held.is_empty() || self.overflowed {
            self.give(&self.held, &mut each);
        }
    }

    fn give(&self, line: &[u8], each: &mut impl FnMut(Line<'_>)) {
        let bytes = if self.overflowed { Err(TooLong { max: self.max }) } else { self.measured(line) };
        each(Line { number: self.number, bytes });
    }

    fn measured<'a>(&self, line: &'a [u8]) -> Result<&'a [u8], TooLong> {
        if line.len() > self.max { Err(TooLong { max: self.max }) } else { Ok(line) }
    }

    fn hold(&mut self, part: &[u8]) {
        // One byte more than is taken may still be the CR of a line end.
        if self.overflowed || self.held.len() + part.len() > self.max.saturating_add(1) {
            self.overflowed = true;
            self.held.clear();
        } else {
            self.held.extend_from_slice(part);
        }
    }
}

fn without_cr(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(max: usize, slices: &[&str]) -> Vec<(u64, Option<String>)> {
        let mut splitter = Splitter::new(max);
        let mut lines = Vec::new();
        let mut keep = |line: Line<'_>| {
            let text = line.bytes.ok().map(|bytes| String::from_utf8(bytes.to_vec()).unwrap());
            lines.push((line.number, text));
        };
        for slice in slices {
            splitter.feed(slice.as_bytes(), &mut keep);
        }
        splitter.finish(&mut keep);
        lines
    }

    fn some(number: u64, text: &str) -> (u64, Option<String>) {
        (number, Some(text.to_owned()))
    }

    #[test]
    fn ends_may_be_cut_in_two() {
        assert_eq!(split(9, &["a\r", "\nb", "", "c\n", "\n"]), [some(1, "a"), some(2, "bc"), some(3, "")]);
        assert_eq!(split(9, &["a\rb\r"]), [some(1, "a\rb\r")]);
        assert_eq!(split(9, &[]), []);
    }

    #[test]
    fn the_limit_counts_the_line_without_its_end() {
        assert_eq!(split(3, &["abc\r\nabcd\n"]), [some(1, "abc"), (2, None)]);
        assert_eq!(split(3, &["ab", "c\r", "\nab", "cd", "efgh", "\nx"]), [some(1, "abc"), (2, None), some(3, "x")]);
        assert_eq!(split(3, &["abcd"]), [(1, None)]);
        assert_eq!(split(3, &["abcdef", "gh"]), [(1, None)]);
    }
}
