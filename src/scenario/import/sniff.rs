//! Says what a file is from its first bytes and its name.
//!
//! The bytes decide; the name only breaks ties (is `a,b` a table or a sentence?). What cannot become records is refused
//! with a sentence that says what it is and how to make something of it.

use serde_json::Value;

use super::{Format, csv, json_lines};

/// How much of a file the sniffer looks at.
pub const SAMPLE_BYTES: usize = 65_536;

/// How many lines and rows it looks at.
const SAMPLE_ROWS: usize = 50;

/// How many fields are offered as keys.
const FIELDS_AT_MOST: usize = 64;

/// What the file is, as far as its beginning tells.
#[must_use]
pub fn sniff(first_bytes: &[u8], file_name: &str) -> Format {
    let cut = first_bytes.len() >= SAMPLE_BYTES;
    let bytes = &first_bytes[..first_bytes.len().min(SAMPLE_BYTES)];
    let text = match text_of(bytes, cut, file_name) {
        Ok(text) => text.trim_start_matches('\u{feff}'),
        Err((why, mend)) => return Format::Refused { why, how_to_mend: mend.to_owned() },
    };
    if text.trim().is_empty() && !cut {
        let why = "The file is empty: there is nothing to send.".to_owned();
        return Format::Refused { why, how_to_mend: "Choose a file with at least one row of data.".to_owned() };
    }
    let name = file_name.to_lowercase();
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    if !matches!(ending, "csv" | "tsv")
        && let Some(format) = json(text, cut, ending)
    {
        return format;
    }
    table(text, cut, ending).unwrap_or(Format::Lines)
}

/// Beginnings that tell a file's kind, and what to do about it.
const MAGIC: &[(&[u8], &str, &str)] = &[
    (b"\x89PNG", "a PNG picture", NO_DATA),
    (b"\xff\xd8\xff", "a JPEG picture", NO_DATA),
    (b"GIF8", "a GIF picture", NO_DATA),
    (b"%PDF", "a PDF document", NO_DATA),
    (b"{\\rtf", "an RTF document", "Save it as plain text."),
    (b"PK\x03\x04", "a zip archive", "Unpack it and choose one of the files in it."),
    (b"\x1f\x8b", "packed with gzip", "Unpack it first: gunzip file.gz."),
    (b"BZh", "packed with bzip2", "Unpack it first: bunzip2 file.bz2."),
    (b"\xfd7zXZ", "packed with xz", "Unpack it first: unxz file.xz."),
    (b"7z\xbc\xaf", "a 7z archive", "Unpack it and choose one of the files in it."),
    (b"\x28\xb5\x2f\xfd", "packed with zstd", "Unpack it first: unzstd file.zst."),
    (b"\xd0\xcf\x11\xe0", "an old Office document", "Open it and save it as CSV UTF-8."),
    (b"PAR1", "a Parquet file", "Write it out as CSV or JSON Lines with the tool it came from."),
    (b"Obj\x01", "an Avro file", "Write it out as JSON Lines: avro-tools tojson file.avro."),
    (b"SQLite format 3\0", "an SQLite database", "Write one table out as CSV: sqlite3 -csv -header file 'select …'."),
    (b"\x7fELF", "a program", NO_DATA),
    (b"\xca\xfe\xba\xbe", "a Java class", NO_DATA),
];

const NO_DATA: &str = "Choose a text file: plain lines, CSV or JSON Lines.";
const SAVE_AS_UTF_8: &str = "Save it as UTF-8; in a spreadsheet choose \"CSV UTF-8\", in an editor the encoding UTF-8.";

/// The sample as text, without a character that it cuts in two; or what it is instead, and how to mend it.
fn text_of<'a>(bytes: &'a [u8], cut: bool, file_name: &str) -> Result<&'a str, (String, &'static str)> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(("The file is text in UTF-16, and records here are UTF-8.".to_owned(), SAVE_AS_UTF_8));
    }
    let name = file_name.to_lowercase();
    if bytes.starts_with(b"PK\x03\x04") && [".xlsx", ".xlsm", ".ods"].iter().any(|ending| name.ends_with(ending)) {
        let why = "The file is a spreadsheet, which is an archive of many files.".to_owned();
        return Err((why, "Open it and save the sheet as CSV UTF-8."));
    }
    if let Some((_, kind, mend)) = MAGIC.iter().find(|(magic, ..)| bytes.starts_with(magic)) {
        return Err((format!("The file is not text: it is {kind}."), mend));
    }
    if let Some(nul) = bytes.iter().position(|byte| *byte == 0) {
        // Latin letters in UTF-16 have a NUL in every second byte.
        let every_second = |from: usize| bytes.iter().skip(from).step_by(2).take(8).all(|byte| *byte == 0);
        if bytes.len() >= 4 && (every_second(0) || every_second(1)) {
            return Err(("The file looks like text in UTF-16, and records here are UTF-8.".to_owned(), SAVE_AS_UTF_8));
        }
        return Err((format!("The file is not text: byte {} is NUL.", nul + 1), NO_DATA));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text),
        // The sample may end in the middle of a character; the file may not.
        Err(error) if cut && error.error_len().is_none() => {
            Ok(std::str::from_utf8(&bytes[..error.valid_up_to()]).expect("valid up to here"))
        }
        Err(error) => {
            let at = error.valid_up_to();
            let line = 1 + bytes[..at].iter().filter(|byte| **byte == b'\n').count();
            let why = format!("The file is not UTF-8: line {line} has a byte that cannot be (byte {}).", at + 1);
            Err((why, SAVE_AS_UTF_8))
        }
    }
}

/// JSON Lines, or one of the other ways to write JSON, which are refused; `None` if it is no JSON.
fn json(text: &str, cut: bool, ending: &str) -> Option<Format> {
    let lines_of_json = matches!(ending, "jsonl" | "ndjson");
    let body = text.trim_start();
    if !lines_of_json && !body.starts_with(['{', '[']) {
        return None;
    }
    let first = body.lines().next().unwrap_or("");
    let first_is_whole = !cut || body.contains('\n');
    let more_follows = body.lines().skip(1).any(|line| !line.trim().is_empty());
    let refused = |why: &str, mend: &str| Some(Format::Refused { why: why.to_owned(), how_to_mend: mend.to_owned() });
    match serde_json::from_str::<Value>(first) {
        Ok(Value::Array(_)) if !more_follows && !lines_of_json => refused(ARRAY, UNROLL),
        Ok(_) => Some(Format::JsonLines { fields: fields(body) }),
        Err(_) if lines_of_json => Some(Format::JsonLines { fields: fields(body) }),
        Err(error) if error.is_eof() && first_is_whole && body.starts_with('[') => refused(ARRAY, UNROLL),
        Err(error) if error.is_eof() && first_is_whole => refused(
            "The file holds JSON that is spread over several lines, and every record must be a line of its own.",
            "Write each value on one line: jq -c . file.json > file.jsonl",
        ),
        // Of a first line longer than the sample only its beginning is known.
        Err(error) if error.is_eof() && body.starts_with('[') => refused(ARRAY, UNROLL),
        Err(error) if error.is_eof() => Some(Format::JsonLines { fields: Vec::new() }),
        Err(_) => None,
    }
}

const ARRAY: &str = "The file is one JSON array, and every record must be a line of its own.";
const UNROLL: &str = "Write each item on a line: jq -c '.[]' file.json > file.jsonl";

fn fields(body: &str) -> Vec<String> {
    let values = body.lines().take(SAMPLE_ROWS).filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut fields: Vec<String> = values.flat_map(|value| json_lines::paths(&value)).collect();
    fields.sort();
    fields.dedup();
    fields.truncate(FIELDS_AT_MOST);
    fields
}

/// A table, if the name says so or the rows leave no doubt.
fn table(text: &str, cut: bool, ending: &str) -> Option<Format> {
    let named = matches!(ending, "csv" | "tsv" | "tab");
    let delimiters: &[u8] = if matches!(ending, "tsv" | "tab") { b"\t" } else { b",;\t|" };
    let mut best: Option<(usize, u8, Vec<Vec<String>>)> = None;
    for delimiter in delimiters {
        let mut rows = csv::parse(text, *delimiter);
        if cut {
            rows.pop();
        }
        rows.truncate(SAMPLE_ROWS);
        let columns = rows.first().map_or(0, Vec::len);
        let even = rows.iter().all(|row| row.len() == columns);
        let certain = even && columns >= 3 && rows.len() >= 2 && is_header(&rows[0]);
        // Even rows go before ragged ones, then the more columns the better.
        let score = columns + if even && columns > 1 { 1_000_000 } else { 0 };
        if (named || certain) && best.as_ref().is_none_or(|(other, ..)| score > *other) {
            best = Some((score, *delimiter, rows));
        }
    }
    let (_, delimiter, mut rows) = best?;
    let has_header = !rows.is_empty() && is_header(&rows[0]) && rows.len() > 1;
    let header = if has_header { rows.swap_remove(0) } else { Vec::new() };
    Some(Format::Csv { delimiter, header })
}

/// Names, all different, none of them empty or a number.
fn is_header(row: &[String]) -> bool {
    let named = |cell: &String| {
        let cell = cell.trim();
        !cell.is_empty() && !cell.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '+')
    };
    row.iter().all(named) && (1..row.len()).all(|at| !row[..at].contains(&row[at]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table_of(delimiter: u8, header: &[&str]) -> Format {
        Format::Csv { delimiter, header: header.iter().map(|name| (*name).to_owned()).collect() }
    }

    fn json_of(fields: &[&str]) -> Format {
        Format::JsonLines { fields: fields.iter().map(|name| (*name).to_owned()).collect() }
    }

    fn why(bytes: &[u8], name: &str) -> String {
        match sniff(bytes, name) {
            Format::Refused { why, how_to_mend } => format!("{why} {how_to_mend}"),
            other => panic!("{name}: {other:?}"),
        }
    }

    #[test]
    fn text_files_by_what_is_in_them() {
        for (text, name, expected) in [
            ("one\ntwo\n", "notes.txt", Format::Lines),
            ("Dear all,\nyes, of course\n", "mail.txt", Format::Lines),
            ("2024-01-01 GET /\n", "access.log", Format::Lines),
            ("id,name\n1,Ada\n", "a.csv", table_of(b',', &["id", "name"])),
            ("\u{feff}id;name\r\n1;\"A;B\"\r\n", "A.CSV", table_of(b';', &["id", "name"])),
            ("1,Ada\n2,Bob\n", "a.csv", table_of(b',', &[])),
            ("id\tname\n1\tAda, B\n", "a.tsv", table_of(b'\t', &["id", "name"])),
            ("name\nAda\n", "one.csv", table_of(b',', &["name"])),
            ("id|name|city\n1|Ada|X\n", "export.txt", table_of(b'|', &["id", "name", "city"])),
            ("{\"id\":1,\"at\":{\"x\":1}}\n{\"id\":2,\"z\":0}\n", "a.json", json_of(&["at.x", "id", "z"])),
            ("{\"id\":1}", "a", json_of(&["id"])),
            ("[1,2]\n[3,4]\n", "a.json", json_of(&[])),
            ("oops\n{\"id\":1}\n", "a.jsonl", json_of(&["id"])),
            ("{curly} words\n", "a.txt", Format::Lines),
            ("[info] started\n", "a.log", Format::Lines),
        ] {
            assert_eq!(sniff(text.as_bytes(), name), expected, "{name}: {text}");
        }
    }

    #[test]
    fn what_is_no_text_is_named() {
        for (bytes, name, expected) in [
            (&b"\x89PNG\r\n\x1a\n"[..], "a.csv", "PNG"),
            (b"PK\x03\x04....", "a.xlsx", "save the sheet as CSV"),
            (b"PK\x03\x04....", "a.zip", "Unpack it"),
            (b"\x1f\x8b\x08", "a.csv.gz", "gunzip"),
            (b"%PDF-1.7", "a.pdf", "PDF"),
            (b"\xff\xfea\0b\0", "a.csv", "UTF-16"),
            (b"\xfe\xff\0a\0b", "a.csv", "UTF-16"),
            (b"a\0b\0c\0\n\0", "a.csv", "UTF-16"),
            (b"abc\0def", "a.bin", "byte 4 is NUL"),
            (b"a\nb\xe4c\n", "a.csv", "line 2 has a byte that cannot be (byte 4)"),
            (b"", "a.csv", "empty"),
            (b"\xef\xbb\xbf \n", "a.csv", "empty"),
        ] {
            assert!(why(bytes, name).contains(expected), "{name}: {}", why(bytes, name));
        }
    }

    #[test]
    fn other_ways_to_write_json_are_told_how_to_mend() {
        for text in ["[{\"a\":1},{\"a\":2}]", "[\n{\"a\":1},\n{\"a\":2}\n]\n", "[{\"a\":1},\n{\"a\":2}]\n"] {
            assert!(why(text.as_bytes(), "a.json").contains("jq -c '.[]'"), "{text}");
        }
        assert!(why(b"{\n  \"a\": 1\n}\n", "a.json").contains("jq -c . "));
    }

    #[test]
    fn a_sample_may_end_anywhere() {
        let mut bytes = "ä".repeat(SAMPLE_BYTES / 2).into_bytes();
        bytes.insert(0, b'a');
        assert_eq!(sniff(&bytes, "a.txt"), Format::Lines);
        let row = "a,b\n".repeat(SAMPLE_BYTES / 4) + "cut";
        assert_eq!(sniff(row.as_bytes(), "a.csv"), table_of(b',', &["a", "b"]));
        let long = format!("[{}", "1,".repeat(SAMPLE_BYTES));
        assert!(why(long.as_bytes(), "a.json").contains("one JSON array"));
    }
}
