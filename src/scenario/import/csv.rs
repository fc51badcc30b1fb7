//! Rows of a table (RFC 4180): quoted cells may hold delimiters, doubled quotes and line ends.
//!
//! A row's value is its text as it stands in the file, without the line end; only the key is taken apart. Blank lines
//! are no rows.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::lines::{Line, TooLong};
use super::{Row, Tally};

/// Reads a table from slices.
pub(super) struct Table {
    reader: Reader,
    skip_header: bool,
    key_column: Option<usize>,
    max: usize,
    /// The current row as it stands in the file.
    raw: Vec<u8>,
    overflowed: bool,
    /// An odd number of quotation marks so far: if the file ends now, one was never closed.
    in_quotes: bool,
    /// The unquoted cells of the current row, end to end.
    cells: Vec<u8>,
    cells_len: usize,
    ends: Vec<usize>,
    ends_len: usize,
    /// Of the next byte.
    line: u64,
    /// Of the current row's first byte.
    row_line: u64,
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table").field("line", &self.line).field("key_column", &self.key_column).finish_non_exhaustive()
    }
}

impl Table {
    pub fn new(delimiter: u8, skip_header: bool, key_column: Option<usize>, max: usize) -> Self {
        Self {
            reader: ReaderBuilder::new().delimiter(delimiter).build(),
            skip_header,
            key_column,
            max,
            raw: Vec::new(),
            overflowed: false,
            in_quotes: false,
            cells: vec![0; 1024],
            cells_len: 0,
            ends: vec![0; 32],
            ends_len: 0,
            line: 1,
            row_line: 1,
        }
    }

    pub fn feed(&mut self, mut slice: &[u8], tally: &mut Tally, rows: &mut Vec<Row>) {
        while !slice.is_empty() {
            let (result, read) = self.step(slice);
            self.keep(&slice[..read]);
            slice = &slice[read..];
            if result == ReadRecordResult::Record {
                self.give(tally, rows);
            }
        }
    }

    /// The last row, if no line end follows it.
    pub fn finish(&mut self, tally: &mut Tally, rows: &mut Vec<Row>) {
        loop {
            // An empty input tells the reader that the file has ended.
            match self.step(&[]).0 {
                ReadRecordResult::Record => {
                    if self.in_quotes {
                        let why =
                            "A quotation mark opens in this row and is never closed; the rest of the file is in it.";
                        tally.leave_out(self.row_line, why);
                        self.clear();
                    } else {
                        self.give(tally, rows);
                    }
                }
                ReadRecordResult::End => return,
                ReadRecordResult::InputEmpty | ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {}
            }
        }
    }

    /// One step of the state machine; room is made as it asks for it.
    fn step(&mut self, slice: &[u8]) -> (ReadRecordResult, usize) {
        let (cells, ends) = (&mut self.cells[self.cells_len..], &mut self.ends[self.ends_len..]);
        let (result, read, written, ended) = self.reader.read_record(slice, cells, ends);
        self.cells_len += written;
        self.ends_len += ended;
        match result {
            // Nobody will look at the cells of a row that is too long: write over them.
            ReadRecordResult::OutputFull if self.overflowed => self.cells_len = 0,
            ReadRecordResult::OutputEndsFull if self.overflowed => self.ends_len = 0,
            ReadRecordResult::OutputFull => self.cells.resize(self.cells.len() * 2, 0),
            ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
            ReadRecordResult::InputEmpty | ReadRecordResult::Record | ReadRecordResult::End => {}
        }
        (result, read)
    }

    fn keep(&mut self, mut part: &[u8]) {
        if self.raw.is_empty() && !self.overflowed {
            // What is left of the last row's end, and blank lines.
            let start = part.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(part.len());
            self.line += count(&part[..start], b'\n');
            self.row_line = self.line;
            part = &part[start..];
        }
        self.line += count(part, b'\n');
        self.in_quotes ^= count(part, b'"') % 2 == 1;
        // Two bytes more than are taken may still be the row's end.
        if self.overflowed || self.raw.len() + part.len() > self.max.saturating_add(2) {
            self.overflowed = true;
            self.raw.clear();
        } else {
            self.raw.extend_from_slice(part);
        }
    }

    fn give(&mut self, tally: &mut Tally, rows: &mut Vec<Row>) {
        let end = self.raw.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n')).map_or(0, |last| last + 1);
        let raw = &self.raw[..end];
        let too_long = self.overflowed || raw.len() > self.max;
        let bytes = if too_long { Err(TooLong { max: self.max }) } else { Ok(raw) };
        if std::mem::take(&mut self.skip_header) {
            // The names are known already.
        } else if let Some(text) = tally.text(&Line { number: self.row_line, bytes }) {
            match self.key_column.map(|column| self.cell(column).ok_or(column)).transpose() {
                Ok(key) => {
                    let key = key.filter(|cell| !cell.is_empty()).map(<[u8]>::to_vec);
                    tally.take(Row { key, value: text.as_bytes().to_vec(), line: self.row_line }, rows);
                }
                Err(column) => {
                    let why = format!("Has {} columns, so there is none for the key (number {column}).", self.ends_len);
                    tally.leave_out(self.row_line, why);
                }
            }
        }
        self.clear();
    }

    fn cell(&self, column: usize) -> Option<&[u8]> {
        let ends = &self.ends[..self.ends_len];
        let end = *ends.get(column)?;
        let start = if column == 0 { 0 } else { ends[column - 1] };
        Some(&self.cells[start..end])
    }

    fn clear(&mut self) {
        self.raw.clear();
        self.overflowed = false;
        self.in_quotes = false;
        self.cells_len = 0;
        self.ends_len = 0;
    }
}

fn count(bytes: &[u8], wanted: u8) -> u64 {
    bytes.iter().map(|byte| u64::from(*byte == wanted)).sum()
}

/// The cells of every row in `text`; what a sniffer looks at.
pub(super) fn parse(text: &str, delimiter: u8) -> Vec<Vec<String>> {
    let mut reader = ReaderBuilder::new().delimiter(delimiter).build();
    // Unquoting never makes a text longer, and every cell takes at least a delimiter or a line end.
    let (mut cells, mut ends) = (vec![0; text.len() + 1], vec![0; text.len() + 2]);
    let mut rest = text.as_bytes();
    let mut rows = Vec::new();
    let (mut cells_len, mut ends_len) = (0, 0);
    loop {
        let (result, read, written, ended) = reader.read_record(rest, &mut cells[cells_len..], &mut ends[ends_len..]);
        rest = &rest[read..];
        cells_len += written;
        ends_len += ended;
        match result {
            ReadRecordResult::Record => {
                let starts = std::iter::once(0).chain(ends[..ends_len].iter().copied());
                let cell = |(start, end): (usize, &usize)| String::from_utf8_lossy(&cells[start..*end]).into_owned();
                rows.push(starts.zip(&ends[..ends_len]).map(cell).collect());
                (cells_len, ends_len) = (0, 0);
            }
            ReadRecordResult::InputEmpty => {}
            ReadRecordResult::End | ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => return rows,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Format, ImportOptions, Importer, KeyFrom, Row, Summary};

    fn import(header: &[&str], key: KeyFrom, max_row_bytes: u32, text: &str) -> (Vec<Row>, Summary) {
        let header = header.iter().map(|name| (*name).to_owned()).collect();
        let format = Format::Csv { delimiter: b',', header };
        let mut importer = Importer::new(ImportOptions { format, key, max_row_bytes }).unwrap();
        let mut rows = importer.feed(text.as_bytes());
        let (last, summary) = importer.finish().unwrap();
        rows.extend(last);
        (rows, summary)
    }

    fn row(line: u64, key: Option<&str>, value: &str) -> Row {
        Row { key: key.map(|key| key.as_bytes().to_vec()), value: value.as_bytes().to_vec(), line }
    }

    #[test]
    fn a_row_keeps_its_text_and_gives_its_key() {
        let text = "id,name\r\n7,\"Ada, \"\"the\"\" first\"\r\n\r\n\"8\",\"two\r\nlines\"\r\n,nobody\n9,end";
        let (rows, summary) = import(&["id", "name"], KeyFrom::Name("id".into()), 100, text);
        assert_eq!(
            rows,
            [
                row(2, Some("7"), "7,\"Ada, \"\"the\"\" first\""),
                row(4, Some("8"), "\"8\",\"two\r\nlines\""),
                row(6, None, ",nobody"),
                row(7, Some("9"), "9,end"),
            ]
        );
        assert_eq!((summary.rows, summary.without_key, summary.left_out), (4, 1, 0));
        let (rows, _) = import(&[], KeyFrom::Column(1), 100, "7,\"Ada \"\"A\"\"\"\n");
        assert_eq!(rows, [row(1, Some("Ada \"A\""), "7,\"Ada \"\"A\"\"\"")]);
    }

    #[test]
    fn rows_without_the_keys_column_are_left_out() {
        let (rows, summary) = import(&[], KeyFrom::Column(1), 100, "a,b\nc\nd,e\n");
        assert_eq!(rows.len(), 2);
        assert_eq!(summary.told[0].line, 2);
        assert_eq!(summary.told[0].why, "Has 1 columns, so there is none for the key (number 1).");
    }

    #[test]
    fn long_rows_do_not_stop_the_next() {
        let long = "x,".repeat(3_000);
        let text = format!("a,b\n{long}\nc,d\n");
        let (rows, summary) = import(&[], KeyFrom::Column(0), 10, &text);
        assert_eq!(rows, [row(1, Some("a"), "a,b"), row(3, Some("c"), "c,d")]);
        assert_eq!((summary.left_out, summary.told[0].line), (1, 2));
    }

    #[test]
    fn an_open_quotation_mark_is_found_out() {
        let (rows, summary) = import(&[], KeyFrom::Nothing, 1_000, "a,b\nc,\"d\ne,f\ng,h\n");
        assert_eq!(rows, [row(1, None, "a,b")]);
        assert_eq!(summary.told[0].line, 2);
        assert!(summary.told[0].why.contains("never closed"));
    }
}
