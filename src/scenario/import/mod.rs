//! A file of the user's own data becomes records, slice by slice, so that a page never stands still over a large one.
//!
//! The page reads the first [`SAMPLE_BYTES`], lets [`sniff()`] say what the file is, offers a key, and then feeds the
//! whole file in slices of any size: where it is cut makes no difference to the rows. Memory is bounded by the longest
//! row that is taken. Nothing is dropped in silence: what was left out is counted, and the first cases are told with
//! their line and reason.

mod csv;
mod json_lines;
mod lines;
mod sniff;

pub use sniff::{SAMPLE_BYTES, sniff};

/// What a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Format {
    /// Plain text: every line is a value, an empty one too, as with `kafka-console-producer.sh < file`.
    Lines,
    /// A table; a row's value is its text as it stands in the file.
    Csv {
        delimiter: u8,
        /// The names in the first row; empty if the first row is data already.
        header: Vec<String>,
    },
    /// One JSON value per line; blank lines do not count.
    JsonLines {
        /// Dotted paths seen in the first lines, sorted: what a key may be taken from.
        fields: Vec<String>,
    },
    /// Nothing that records can be made of.
    Refused { why: String, how_to_mend: String },
}

/// Where a record's key comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum KeyFrom {
    #[default]
    Nothing,
    /// A column of the header, or a dotted path into a JSON object (`customer.id`).
    Name(String),
    /// A column by number, the first being 0.
    Column(u32),
}

/// How to read one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportOptions {
    pub format: Format,
    pub key: KeyFrom,
    /// Longer rows are left out: the topic's `max.message.bytes` would refuse them.
    pub max_row_bytes: u32,
}

impl ImportOptions {
    /// Without keys, and with Kafka's default of `max.message.bytes`.
    #[must_use]
    pub fn new(format: Format) -> Self {
        Self { format, key: KeyFrom::Nothing, max_row_bytes: 1_048_588 }
    }
}

/// One record to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// An empty cell, a JSON null and a missing field give no key.
    pub key: Option<Vec<u8>>,
    pub value: Vec<u8>,
    /// Where the row begins in the file, counted from 1.
    pub line: u64,
}

/// A row that was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    pub line: u64,
    pub why: String,
}

/// How many of the rows left out are told one by one.
pub const TOLD_AT_MOST: usize = 20;

/// What came of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub rows: u64,
    /// Rows taken that have no key although one was asked for.
    pub without_key: u64,
    /// Rows not taken.
    pub left_out: u64,
    /// The first [`TOLD_AT_MOST`] of them.
    pub told: Vec<LeftOut>,
}

/// Why nothing came of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportProblem {
    pub what: String,
    pub how_to_mend: String,
    /// Rows that were left out, if that is the reason.
    pub told: Vec<LeftOut>,
}

impl ImportProblem {
    fn new(what: impl Into<String>, how_to_mend: impl Into<String>) -> Self {
        Self { what: what.into(), how_to_mend: how_to_mend.into(), told: Vec::new() }
    }
}

/// Reads one file.
#[derive(Debug)]
pub struct Importer {
    /// The first bytes, held back while they may still turn out to be a byte order mark.
    head: Option<Vec<u8>>,
    reader: Reader,
    tally: Tally,
}

#[derive(Debug)]
enum Reader {
    Lines(lines::Splitter),
    Csv(Box<csv::Table>),
    Json(lines::Splitter, json_lines::Picker),
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

impl Importer {
    /// # Errors
    /// The format is refused, or has no such key.
    pub fn new(options: ImportOptions) -> Result<Self, ImportProblem> {
        let max = usize::try_from(options.max_row_bytes).unwrap_or(usize::MAX);
        let keyed = options.key != KeyFrom::Nothing;
        let reader = match (options.format, options.key) {
            (Format::Refused { why, how_to_mend }, _) => return Err(ImportProblem::new(why, how_to_mend)),
            (Format::Lines, KeyFrom::Nothing) => Reader::Lines(lines::Splitter::new(max)),
            (Format::Lines, _) => {
                return Err(ImportProblem::new(
                    "Plain lines have no columns that a key could come from.",
                    "Send the lines without a key, or make a CSV or JSON Lines file of them.",
                ));
            }
            (Format::Csv { delimiter, header }, key) => {
                let column = key_column(&header, key)?;
                Reader::Csv(Box::new(csv::Table::new(delimiter, !header.is_empty(), column, max)))
            }
            (Format::JsonLines { .. }, KeyFrom::Column(_)) => {
                return Err(ImportProblem::new(
                    "JSON has no numbered columns.",
                    "Name the field, such as customer.id.",
                ));
            }
            (Format::JsonLines { .. }, key) => {
                let path = if let KeyFrom::Name(path) = key { Some(path) } else { None };
                Reader::Json(lines::Splitter::new(max), json_lines::Picker::new(path))
            }
        };
        Ok(Self { head: Some(Vec::new()), reader, tally: Tally { keyed, summary: Summary::default() } })
    }

    /// Takes the next slice of the file and gives the rows that are complete with it.
    pub fn feed(&mut self, slice: &[u8]) -> Vec<Row> {
        let Some(mut head) = self.head.take() else { return self.read(slice) };
        head.extend_from_slice(slice);
        let mut body = &head[..];
        // More than one, where files were joined; `csv_core` would take only some of them away.
        while let Some(rest) = body.strip_prefix(BYTE_ORDER_MARK) {
            body = rest;
        }
        if body.len() < BYTE_ORDER_MARK.len() && BYTE_ORDER_MARK.starts_with(body) {
            self.head = Some(body.to_vec());
            return Vec::new();
        }
        self.read(body)
    }

    /// Ends the file: the last row, if no line end follows it, and the summary.
    ///
    /// # Errors
    /// There was nothing in the file, or nothing that could be taken.
    pub fn finish(mut self) -> Result<(Vec<Row>, Summary), ImportProblem> {
        let mut rows = match self.head.take() {
            Some(head) => self.read(&head),
            None => Vec::new(),
        };
        let (tally, rows_of) = (&mut self.tally, &mut rows);
        match &mut self.reader {
            Reader::Lines(splitter) => splitter.finish(|line| tally.plain(line, rows_of)),
            Reader::Csv(table) => table.finish(tally, rows_of),
            Reader::Json(splitter, picker) => splitter.finish(|line| picker.take(line, tally, rows_of)),
        }
        let summary = self.tally.summary;
        if summary.rows > 0 {
            return Ok((rows, summary));
        }
        if summary.left_out > 0 {
            let what = format!("None of the {} rows could be taken.", summary.left_out);
            let problem = ImportProblem::new(what, "The reasons are told with their lines.");
            return Err(ImportProblem { told: summary.told, ..problem });
        }
        Err(ImportProblem::new(
            "There is nothing to send in this file.",
            "Choose a file with at least one row of data.",
        ))
    }

    fn read(&mut self, slice: &[u8]) -> Vec<Row> {
        let mut rows = Vec::new();
        let tally = &mut self.tally;
        match &mut self.reader {
            Reader::Lines(splitter) => splitter.feed(slice, |line| tally.plain(line, &mut rows)),
            Reader::Csv(table) => table.feed(slice, tally, &mut rows),
            Reader::Json(splitter, picker) => splitter.feed(slice, |line| picker.take(line, tally, &mut rows)),
        }
        rows
    }
}

fn key_column(header: &[String], key: KeyFrom) -> Result<Option<usize>, ImportProblem> {
    match key {
        KeyFrom::Nothing => Ok(None),
        KeyFrom::Column(column) => Ok(Some(usize::try_from(column).unwrap_or(usize::MAX))),
        KeyFrom::Name(name) => header.iter().position(|column| *column == name).map(Some).ok_or_else(|| {
            let names = if header.is_empty() { "no names at all".to_owned() } else { header.join(", ") };
            let what = format!("The table has no column named {name}.");
            ImportProblem::new(what, format!("Its first row holds {names}; a column can be chosen by number as well."))
        }),
    }
}

/// Counts what is taken and what is not.
#[derive(Debug)]
struct Tally {
    keyed: bool,
    summary: Summary,
}

impl Tally {
    fn plain(&mut self, line: lines::Line<'_>, rows: &mut Vec<Row>) {
        if let Some(text) = self.text(&line) {
            let row = Row { key: None, value: text.as_bytes().to_vec(), line: line.number };
            self.take(row, rows);
        }
    }

    fn take(&mut self, row: Row, rows: &mut Vec<Row>) {
        self.summary.rows += 1;
        self.summary.without_key += u64::from(self.keyed && row.key.is_none());
        rows.push(row);
    }

    fn leave_out(&mut self, line: u64, why: impl Into<String>) {
        self.summary.left_out += 1;
        if self.summary.told.len() < TOLD_AT_MOST {
            self.summary.told.push(LeftOut { line, why: why.into() });
        }
    }

    /// The text of a line or row; `None`, and told, if it is too long or no text.
    fn text<'a>(&mut self, line: &lines::Line<'a>) -> Option<&'a str> {
        let bytes = match line.bytes {
            Ok(bytes) => bytes,
            Err(lines::TooLong { max }) => {
                let why = format!("Longer than {max} bytes: max.message.bytes would refuse it.");
                self.leave_out(line.number, why);
                return None;
            }
        };
        if bytes.contains(&0) {
            self.leave_out(line.number, "Holds a NUL byte, so it is no text.");
            return None;
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => Some(text),
            Err(error) => {
                let at = error.valid_up_to() + 1;
                let why = format!("Not UTF-8 from byte {at} of the row on; was the file saved in another encoding?");
                self.leave_out(line.number, why);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Outcome = Result<(Vec<Row>, Summary), ImportProblem>;

    fn import(options: &ImportOptions, slices: &[&[u8]]) -> Outcome {
        let mut importer = Importer::new(options.clone())?;
        let mut rows = Vec::new();
        for slice in slices {
            rows.extend(importer.feed(slice));
        }
        let (last, summary) = importer.finish()?;
        rows.extend(last);
        assert_eq!(rows.len() as u64, summary.rows);
        Ok((rows, summary))
    }

    fn values(options: &ImportOptions, text: &str) -> Vec<(u64, String)> {
        let (rows, _) = import(options, &[text.as_bytes()]).unwrap();
        rows.into_iter().map(|row| (row.line, String::from_utf8(row.value).unwrap())).collect()
    }

    #[test]
    fn lines_as_they_are() {
        let options = ImportOptions::new(Format::Lines);
        let expected = [(1, "one".to_owned()), (2, String::new()), (3, "drei ä".to_owned())];
        for text in ["one\n\ndrei ä\n", "one\r\n\r\ndrei ä", "\u{feff}one\n\ndrei ä"] {
            assert_eq!(values(&options, text), expected, "{text:?}");
        }
    }

    #[test]
    fn long_rows_and_bad_text_are_left_out_and_told() {
        let options = ImportOptions { max_row_bytes: 4, ..ImportOptions::new(Format::Lines) };
        let (rows, summary) = import(&options, &[b"1234\r\n12345\n\xff\xfe\na\0b\nlast"]).unwrap();
        assert_eq!(rows.iter().map(|row| row.line).collect::<Vec<_>>(), [1, 5]);
        assert_eq!(summary.left_out, 3);
        let told: Vec<_> = summary.told.iter().map(|out| (out.line, &out.why[..12])).collect();
        assert_eq!(told, [(2, "Longer than "), (3, "Not UTF-8 fr"), (4, "Holds a NUL ")]);
    }

    #[test]
    fn the_list_of_what_was_left_out_is_bounded() {
        let options = ImportOptions { max_row_bytes: 1, ..ImportOptions::new(Format::Lines) };
        let text = "xx\n".repeat(500) + "y";
        let (_, summary) = import(&options, &[text.as_bytes()]).unwrap();
        assert_eq!((summary.left_out, summary.told.len()), (500, TOLD_AT_MOST));
        let problem = import(&options, &[b"xx\nyy"]).unwrap_err();
        assert_eq!((problem.what.as_str(), problem.told.len()), ("None of the 2 rows could be taken.", 2));
    }

    #[test]
    fn empty_files_have_a_sentence() {
        for (format, text) in [
            (Format::Lines, ""),
            (Format::Lines, "\u{feff}"),
            (Format::Csv { delimiter: b',', header: vec!["a".into()] }, "a\n"),
            (Format::JsonLines { fields: vec![] }, "\n \n"),
        ] {
            let problem = import(&ImportOptions::new(format), &[text.as_bytes()]).unwrap_err();
            assert_eq!(problem.what, "There is nothing to send in this file.");
        }
    }

    #[test]
    fn keys_that_cannot_be_are_refused_at_once() {
        let table = Format::Csv { delimiter: b';', header: vec!["id".into(), "name".into()] };
        let json = Format::JsonLines { fields: vec![] };
        let name = |name: &str| KeyFrom::Name(name.to_owned());
        for (format, key) in [(Format::Lines, name("id")), (table.clone(), name("ID")), (json, KeyFrom::Column(0))] {
            assert!(Importer::new(ImportOptions { key, ..ImportOptions::new(format) }).is_err());
        }
        assert!(Importer::new(ImportOptions { key: name("name"), ..ImportOptions::new(table) }).is_ok());
    }

    /// Bytes that are rich in what matters to a splitter.
    fn tricky() -> impl Strategy<Value = Vec<u8>> {
        let pieces: Vec<&'static [u8]> = vec![
            b"\n",
            b"\r\n",
            b"\r",
            b"\"",
            b",",
            b"a",
            "ä😀".as_bytes(),
            b"\xff",
            b"\0",
            BYTE_ORDER_MARK,
            b"{\"id\":{\"n\":7}}\n",
            b"x,\"quoted \"\"text\"\"\r\nover lines\",y\n",
        ];
        let piece = prop::sample::select(pieces);
        proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn where_the_file_is_cut_makes_no_difference(
            bytes in tricky(),
            cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..12),
            max_row_bytes in prop_oneof![Just(6_u32), Just(1_000)],
        ) {
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let slices: Vec<&[u8]> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            for (format, key) in [
                (Format::Lines, KeyFrom::Nothing),
                (Format::Csv { delimiter: b',', header: vec![] }, KeyFrom::Column(1)),
                (Format::Csv { delimiter: b',', header: vec!["h".into()] }, KeyFrom::Column(0)),
                (Format::JsonLines { fields: vec![] }, KeyFrom::Name("id.n".into())),
            ] {
                let options = ImportOptions { format, key, max_row_bytes };
                let whole = import(&options, &[&bytes]);
                prop_assert_eq!(&import(&options, &slices), &whole);
                prop_assert_eq!(&import(&options, &single), &whole);
            }
        }

        #[test]
        fn lines_are_those_of_the_text(text in "([a-zäß ,\"]{0,9}(\n|\r\n)){0,9}[a-z]{1,5}") {
            let expected: Vec<(u64, String)> = (1..).zip(text.lines().map(str::to_owned)).collect();
            prop_assert_eq!(values(&ImportOptions::new(Format::Lines), &text), expected);
        }
    }
}
