//! A file on its way to a producer, slice by slice, as a state machine that knows no component.
//!
//! The next slice is read only when most of the rows before it have been handed over, so a file of any size needs
//! little memory, and the page never stands still over one.

use gloo::file::File;

use crate::engine::command::RecordSpec;
use crate::scenario::import::{Format, ImportOptions, ImportProblem, Importer, KeyFrom, Row, Summary};

/// Bytes read at a time.
pub const SLICE_BYTES: u64 = 262_144;

/// A file, or pasted text, that is being looked at or read.
#[derive(Debug)]
pub struct Import {
    pub name: String,
    pub source: Source,
    pub format: Format,
    pub key: KeyFrom,
    pub progress: Progress,
}

#[derive(Debug)]
pub enum Source {
    File(File),
    Pasted(String),
}

impl Source {
    #[must_use]
    pub fn size_in_bytes(&self) -> u64 {
        match self {
            Self::File(file) => file.size(),
            Self::Pasted(text) => text.len() as u64,
        }
    }
}

#[derive(Debug)]
pub enum Progress {
    /// The format is known; the reader may choose a key.
    Ready,
    Reading(Box<Reading>),
    Done(Summary),
    Failed(ImportProblem),
    Cancelled,
}

#[derive(Debug)]
pub struct Reading {
    importer: Importer,
    pub offset: u64,
    pub producer: String,
    /// A slice has been asked for and has not come.
    pub awaits_slice: bool,
}

impl Import {
    #[must_use]
    pub fn new(name: String, source: Source, format: Format) -> Self {
        Self { name, source, format, key: KeyFrom::Nothing, progress: Progress::Ready }
    }

    /// What a key may be taken from: names of columns or fields.
    #[must_use]
    pub fn key_names(&self) -> Vec<String> {
        match &self.format {
            Format::Csv { header, .. } => header.clone(),
            Format::JsonLines { fields } => fields.clone(),
            Format::Lines | Format::Refused { .. } => Vec::new(),
        }
    }

    /// Starts reading from the beginning, for this producer.
    pub fn start(&mut self, producer: String) {
        let options = ImportOptions { key: self.key.clone(), ..ImportOptions::new(self.format.clone()) };
        self.progress = match Importer::new(options) {
            Ok(importer) => Progress::Reading(Box::new(Reading { importer, offset: 0, producer, awaits_slice: false })),
            Err(problem) => Progress::Failed(problem),
        };
    }

    /// The bytes to read next, if now is the time to.
    pub fn wants(&mut self) -> Option<(u64, u64)> {
        let size = self.source.size_in_bytes();
        let Progress::Reading(reading) = &mut self.progress else { return None };
        if reading.awaits_slice {
            return None;
        }
        reading.awaits_slice = true;
        Some((reading.offset, (reading.offset + SLICE_BYTES).min(size)))
    }

    /// Takes a slice; the rows that are complete with it, for the producer.
    pub fn take(&mut self, slice: &[u8]) -> Option<(String, Vec<RecordSpec>)> {
        let size = self.source.size_in_bytes();
        let Progress::Reading(reading) = &mut self.progress else { return None };
        reading.awaits_slice = false;
        reading.offset += slice.len() as u64;
        let producer = reading.producer.clone();
        let mut rows = reading.importer.feed(slice);
        if reading.offset >= size || slice.is_empty() {
            let Progress::Reading(reading) = std::mem::replace(&mut self.progress, Progress::Cancelled) else {
                unreachable!("it was reading just above")
            };
            match reading.importer.finish() {
                Ok((last, summary)) => {
                    rows.extend(last);
                    self.progress = Progress::Done(summary);
                }
                Err(problem) => self.progress = Progress::Failed(problem),
            }
        }
        Some((producer, rows.into_iter().map(record).collect()))
    }

    /// How much has been read, in percent.
    #[must_use]
    pub fn percent(&self) -> u64 {
        match &self.progress {
            Progress::Reading(reading) => reading.offset * 100 / self.source.size_in_bytes().max(1),
            Progress::Done(_) => 100,
            Progress::Ready | Progress::Failed(_) | Progress::Cancelled => 0,
        }
    }
}

/// Bytes that are no UTF-8 keep their place as U+FFFD: commands are text.
fn record(row: Row) -> RecordSpec {
    let text = |bytes: Vec<u8>| {
        String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    };
    RecordSpec { key: row.key.map(text), value: text(row.value), ..RecordSpec::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::import::sniff;

    fn pasted(text: &str) -> Import {
        let format = sniff(text.as_bytes(), "orders.csv");
        Import::new("orders.csv".to_owned(), Source::Pasted(text.to_owned()), format)
    }

    #[test]
    fn a_table_becomes_keyed_records_of_one_producer() {
        let text = "customer,total\nalice,3\nbob,5\n";
        let mut import = pasted(text);
        assert_eq!(import.key_names(), ["customer", "total"]);
        import.key = KeyFrom::Name("customer".to_owned());
        import.start("checkout".to_owned());
        let (from, to) = import.wants().expect("it begins to read");
        assert_eq!((from, to), (0, text.len() as u64));
        assert_eq!(import.wants(), None, "one slice at a time");
        let (producer, records) = import.take(text.as_bytes()).expect("rows came");
        let keys: Vec<_> = records.iter().map(|record| record.key.as_deref()).collect();
        assert_eq!((producer.as_str(), keys), ("checkout", vec![Some("alice"), Some("bob")]));
        assert!(matches!(&import.progress, Progress::Done(summary) if summary.rows == 2));
    }

    #[test]
    fn a_key_that_is_not_there_is_told() {
        let mut import = pasted("a,b\n1,2\n");
        import.key = KeyFrom::Name("c".to_owned());
        import.start("checkout".to_owned());
        assert!(matches!(import.progress, Progress::Failed(_)));
    }
}
