//! Primitive types of Kafka's message format, as the records of `__consumer_offsets` use them.
//!
//! Big-endian integers; strings with an int16 length and byte strings with an int32 length, −1 for null. Flexible
//! versions (KIP-482) have unsigned varints instead: a compact string's length counts from 1.

use std::sync::Arc;

/// Appends values to a growing byte string.
#[derive(Debug, Default)]
pub(super) struct Writer(Vec<u8>);

impl Writer {
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    pub fn int16(&mut self, value: i16) {
        self.0.extend(value.to_be_bytes());
    }

    pub fn int32(&mut self, value: i32) {
        self.0.extend(value.to_be_bytes());
    }

    pub fn int64(&mut self, value: i64) {
        self.0.extend(value.to_be_bytes());
    }

    pub fn raw(&mut self, bytes: &[u8]) {
        self.0.extend(bytes);
    }

    pub fn string(&mut self, text: &str) {
        self.int16(i16::try_from(text.len()).expect("names and ids are far shorter than 32 KiB"));
        self.raw(text.as_bytes());
    }

    pub fn nullable_string(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.string(text),
            None => self.int16(-1),
        }
    }

    pub fn bytes(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.raw(bytes);
    }

    /// The int32 before an array's elements.
    pub fn count(&mut self, count: usize) {
        self.int32(i32::try_from(count).expect("a group's arrays are short"));
    }

    pub fn uvarint(&mut self, mut value: u32) {
        while value > 0x7f {
            self.0.push(u8::try_from(value & 0x7f).expect("seven bits fit a byte") | 0x80);
            value >>= 7;
        }
        self.0.push(u8::try_from(value).expect("at most seven bits are left"));
    }

    pub fn compact_string(&mut self, text: &str) {
        self.uvarint(u32::try_from(text.len() + 1).expect("metadata is at most 4 KiB"));
        self.raw(text.as_bytes());
    }
}

/// Takes values off the front of a byte string; `None` once it is too short or makes no sense.
#[derive(Clone, Debug)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }

    pub fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub fn int16(&mut self) -> Option<i16> {
        self.array().map(i16::from_be_bytes)
    }

    pub fn int32(&mut self) -> Option<i32> {
        self.array().map(i32::from_be_bytes)
    }

    pub fn int64(&mut self) -> Option<i64> {
        self.array().map(i64::from_be_bytes)
    }

    /// `Some(None)` is null.
    pub fn nullable_string(&mut self) -> Option<Option<Arc<str>>> {
        let length = self.int16()?;
        if length == -1 {
            return Some(None);
        }
        let bytes = self.take(usize::try_from(length).ok()?)?;
        Some(Some(std::str::from_utf8(bytes).ok()?.into()))
    }

    pub fn string(&mut self) -> Option<Arc<str>> {
        self.nullable_string()?
    }

    pub fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.int32()?).ok()?;
        self.take(length)
    }

    /// `Some(None)` is null.
    pub fn nullable_bytes(&mut self) -> Option<Option<&'a [u8]>> {
        match self.int32()? {
            -1 => Some(None),
            length => self.take(usize::try_from(length).ok()?).map(Some),
        }
    }

    /// Reads an array with its int32 count.
    pub fn list<T>(&mut self, mut element: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = self.int32()?;
        (0..u32::try_from(count).ok()?).map(|_| element(self)).collect()
    }

    pub fn uvarint(&mut self) -> Option<u32> {
        let mut value = 0_u32;
        for shift in [0, 7, 14, 21, 28] {
            let [byte] = self.array()?;
            value |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    pub fn compact_string(&mut self) -> Option<Arc<str>> {
        let length = self.uvarint()?.checked_sub(1)?;
        let bytes = self.take(usize::try_from(length).ok()?)?;
        Some(std::str::from_utf8(bytes).ok()?.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_written_as_kafka_writes_them() {
        let mut writer = Writer::default();
        writer.string("é");
        writer.nullable_string(None);
        writer.compact_string("ab");
        writer.uvarint(300);
        let bytes = writer.into_bytes();
        assert_eq!(bytes, [0, 2, 0xc3, 0xa9, 0xff, 0xff, 3, b'a', b'b', 0xac, 0x02]);
        let mut reader = Reader::new(&bytes);
        assert_eq!(reader.string().as_deref(), Some("é"));
        assert_eq!(reader.nullable_string(), Some(None));
        assert_eq!(reader.compact_string().as_deref(), Some("ab"));
        assert_eq!(reader.uvarint(), Some(300));
        assert!(reader.is_at_end());
    }

    #[test]
    fn short_or_senseless_bytes_are_refused() {
        assert_eq!(Reader::new(&[0, 3, b'a']).string(), None);
        assert_eq!(Reader::new(&[0xff, 0xff]).string(), None, "null where a string must be");
        assert_eq!(Reader::new(&[0xff, 0xff, 0xff, 0xff]).bytes(), None);
        assert_eq!(Reader::new(&[0x80; 5]).uvarint(), None);
    }
}
