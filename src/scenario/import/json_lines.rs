//! JSON Lines: one JSON value per line, and a key from one of its fields.

use serde_json::Value;

use super::lines::Line;
use super::{Row, Tally};

/// Takes lines that are JSON, each with its key.
#[derive(Debug)]
pub(super) struct Picker {
    path: Option<String>,
}

impl Picker {
    /// `path` is dotted, such as `customer.id`; a field whose own name holds the dots is found as well.
    pub fn new(path: Option<String>) -> Self {
        Self { path }
    }

    pub fn take(&self, line: Line<'_>, tally: &mut Tally, rows: &mut Vec<Row>) {
        let Some(text) = tally.text(&line) else { return };
        if text.trim().is_empty() {
            return;
        }
        match serde_json::from_str::<Value>(text) {
            Ok(value) => {
                let field = self.path.as_deref().and_then(|path| find(&value, path));
                let row = Row { key: field.and_then(key_text), value: text.as_bytes().to_vec(), line: line.number };
                tally.take(row, rows);
            }
            Err(error) => tally.leave_out(line.number, reason(&error)),
        }
    }
}

/// The parser's words without its line number, which is always 1 here.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let words = text.rsplit_once(" at line ").map_or(&*text, |(words, _)| words);
    format!("Not JSON: {words} at column {}.", error.column())
}

fn find<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    let object = value.as_object()?;
    if let Some(field) = object.get(path) {
        return Some(field);
    }
    // `a.b.c` may be c in b in a, or b.c in a: the shortest first name that leads to the end counts.
    path.match_indices('.').find_map(|(dot, _)| find(object.get(&path[..dot])?, &path[dot + 1..]))
}

/// A text gives itself, a null nothing, anything else its JSON.
fn key_text(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.as_bytes().to_vec()),
        other => Some(other.to_string().into_bytes()),
    }
}

/// Dotted paths of the fields that could be keys, at most three levels deep.
pub(super) fn paths(value: &Value) -> Vec<String> {
    let mut paths = Vec::new();
    collect(value, "", 1, &mut paths);
    paths
}

fn collect(value: &Value, prefix: &str, level: u32, paths: &mut Vec<String>) {
    let Some(object) = value.as_object() else { return };
    for (name, field) in object {
        let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        if field.is_object() && level < 3 {
            collect(field, &path, level + 1, paths);
        } else if !field.is_array() && !field.is_object() {
            paths.push(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Format, ImportOptions, Importer, KeyFrom, Summary};
    use super::*;

    fn import(path: &str, text: &str) -> (Vec<(u64, Option<String>)>, Summary) {
        let key = KeyFrom::Name(path.to_owned());
        let options = ImportOptions { key, ..ImportOptions::new(Format::JsonLines { fields: vec![] }) };
        let mut importer = Importer::new(options).unwrap();
        let mut rows = importer.feed(text.as_bytes());
        let (last, summary) = importer.finish().unwrap();
        rows.extend(last);
        let key = |row: Row| (row.line, row.key.map(|key| String::from_utf8(key).unwrap()));
        (rows.into_iter().map(key).collect(), summary)
    }

    #[test]
    fn keys_by_dotted_path() {
        let text = "{\"customer\":{\"id\":42}}\n\n{\"customer\":{\"id\":\"a\"}}\r\n{\"customer.id\":true}\n\
                    {\"customer\":{\"id\":null}}\n[1]\n{\"customer\":{\"id\":{\"b\":1}}}";
        let (keys, summary) = import("customer.id", text);
        let some = |key: &str| Some(key.to_owned());
        assert_eq!(
            keys,
            [(1, some("42")), (3, some("a")), (4, some("true")), (5, None), (6, None), (7, some("{\"b\":1}"))]
        );
        assert_eq!((summary.rows, summary.without_key, summary.left_out), (6, 2, 0));
    }

    #[test]
    fn values_stay_as_they_were() {
        let mut importer = Importer::new(ImportOptions::new(Format::JsonLines { fields: vec![] })).unwrap();
        let rows = importer.feed(b" {\"b\": 1.50, \"a\" : 2} \n");
        assert_eq!(rows[0].value, b" {\"b\": 1.50, \"a\" : 2} ");
    }

    #[test]
    fn bad_lines_have_line_and_column() {
        let (keys, summary) = import("a", "{\"a\":1}\n{\"a\":}\nnonsense\n{\"a\":1} x\n{\"a\":2}\n");
        assert_eq!(keys.len(), 2);
        let told: Vec<_> = summary.told.iter().map(|out| (out.line, out.why.as_str())).collect();
        assert_eq!(
            told,
            [
                (2, "Not JSON: expected value at column 6."),
                (3, "Not JSON: expected ident at column 2."),
                (4, "Not JSON: trailing characters at column 9."),
            ]
        );
    }

    #[test]
    fn paths_stop_at_lists() {
        let value = serde_json::from_str(r#"{"id":1,"at":{"city":"x","geo":{"lat":1,"deep":{"er":1}}},"tags":[1]}"#);
        assert_eq!(paths(&value.unwrap()), ["at.city", "at.geo.lat", "id"]);
    }
}
