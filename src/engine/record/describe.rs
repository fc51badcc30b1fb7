//! A batch's fields one by one: where each lies, its bytes, and what they say.

use super::encode::{Field, encode, fields};
use super::record_batch::RecordBatch;
use super::varint;

/// What the bytes of a field say.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FieldValue {
    Number(i64),
    /// A key, a value, a header: the bytes as they are.
    Bytes(Vec<u8>),
}

/// One field of an encoded batch.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DescribedField {
    pub field: Field,
    pub bytes: Vec<u8>,
    pub value: FieldValue,
}

/// Every field of the encoded batch, in the order of the bytes.
#[must_use]
pub fn describe(batch: &RecordBatch) -> Vec<DescribedField> {
    let all = encode(batch);
    let described = |field: Field| {
        let bytes = all[field.range.clone()].to_vec();
        let value = value_of(&field, &bytes);
        DescribedField { field, bytes, value }
    };
    fields(batch).into_iter().map(described).collect()
}

fn value_of(field: &Field, bytes: &[u8]) -> FieldValue {
    match field.name {
        "key" | "value" | "headerKey" | "headerValue" => FieldValue::Bytes(bytes.to_vec()),
        // The one unsigned number.
        "crc" => FieldValue::Number(bytes.iter().fold(0, |number, byte| number << 8 | i64::from(*byte))),
        // Within a record all numbers but the attributes are varints.
        name if field.record.is_some() && name != "attributes" => {
            let (value, _) = varint::read_varlong(bytes).expect("an encoded field reads back");
            FieldValue::Number(value)
        }
        _ => {
            let first = i64::from(bytes[0].cast_signed());
            FieldValue::Number(bytes[1..].iter().fold(first, |number, byte| number << 8 | i64::from(*byte)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{commit_marker, hello, transactional};
    use super::*;

    fn number(batch: &RecordBatch, path: &str) -> i64 {
        let described = describe(batch);
        let found = described.iter().find(|one| one.field.to_string() == path).expect(path);
        match &found.value {
            FieldValue::Number(number) => *number,
            FieldValue::Bytes(_) => panic!("{path} is no number"),
        }
    }

    /// Fact sheet §1.2: the record k1=hello at 1700000000000, crc 1344854673, 75 bytes in all.
    #[test]
    fn fields_say_what_the_batch_is() {
        let batch = hello();
        for (path, value) in [
            ("baseOffset", 0),
            ("batchLength", 63),
            ("partitionLeaderEpoch", 0),
            ("magic", 2),
            ("crc", 1_344_854_673),
            ("lastOffsetDelta", 0),
            ("baseTimestamp", 1_700_000_000_000),
            ("producerId", -1),
            ("baseSequence", -1),
            ("recordsCount", 1),
            ("records[0].length", 13),
            ("records[0].keyLength", 2),
            ("records[0].headersCount", 0),
        ] {
            assert_eq!(number(&batch, path), value, "{path}");
        }
        let bytes: Vec<u8> = describe(&batch).into_iter().flat_map(|one| one.bytes).collect();
        assert_eq!(bytes, encode(&batch));
        assert_eq!(number(&commit_marker(), "attributes"), 0x30);
        assert_eq!(number(&transactional(), "records[2].valueLength"), -1);
    }
}
