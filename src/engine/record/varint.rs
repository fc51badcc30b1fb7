//! Zig-zag varints, the integers inside a record (`ByteUtils.writeVarint`, `writeVarlong`).
//!
//! Zig-zag folds the sign into the lowest bit (0, −1, 1, −2 become 0, 1, 2, 3), so numbers near zero stay short on
//! both sides; then seven bits go into each byte, lowest first, and the top bit says that more follow. Widening an
//! `i32` to `i64` changes neither step, so one pair of routines serves varint and varlong.

/// Most bytes a varint (`i32`) may take.
const VARINT_MAX_BYTES: usize = 5;
/// Most bytes a varlong (`i64`) may take.
const VARLONG_MAX_BYTES: usize = 10;

/// Bytes that `value` takes.
#[must_use]
pub fn size_of(value: i64) -> u32 {
    let significant_bits = u64::BITS - zig_zag(value).leading_zeros();
    significant_bits.div_ceil(7).max(1)
}

/// Appends `value` to `bytes`.
pub fn write(bytes: &mut Vec<u8>, value: i64) {
    let mut rest = zig_zag(value);
    while rest > 0x7f {
        bytes.push(low_bits(rest) | 0x80);
        rest >>= 7;
    }
    bytes.push(low_bits(rest));
}

/// Reads a varint from the front of `bytes`: the value and how many bytes it took.
/// `None` if the bytes end too early or spell a number that no `i32` holds.
#[must_use]
pub fn read_varint(bytes: &[u8]) -> Option<(i32, usize)> {
    let (value, length) = read_at_most(bytes, VARINT_MAX_BYTES)?;
    Some((i32::try_from(value).ok()?, length))
}

/// Reads a varlong from the front of `bytes`: the value and how many bytes it took.
/// `None` if the bytes end too early or spell a number that no `i64` holds.
#[must_use]
pub fn read_varlong(bytes: &[u8]) -> Option<(i64, usize)> {
    read_at_most(bytes, VARLONG_MAX_BYTES)
}

fn read_at_most(bytes: &[u8], max_bytes: usize) -> Option<(i64, usize)> {
    let mut folded = 0_u64;
    let mut shift = 0_u32;
    for (index, byte) in bytes.iter().take(max_bytes).enumerate() {
        let bits = u64::from(byte & 0x7f);
        // The tenth byte has room for one bit only.
        if bits << shift >> shift != bits {
            return None;
        }
        folded |= bits << shift;
        if byte & 0x80 == 0 {
            return Some((unfold(folded), index + 1));
        }
        shift += 7;
    }
    None
}

fn zig_zag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

fn unfold(folded: u64) -> i64 {
    (folded >> 1).cast_signed() ^ -(folded & 1).cast_signed()
}

fn low_bits(folded: u64) -> u8 {
    u8::try_from(folded & 0x7f).expect("seven bits fit a byte")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pairs from Kafka's `ByteUtilsTest.testVarintSerde` and `testVarlongSerde`.
    const KNOWN: &[(i64, &[u8])] = &[
        (0, &[0x00]),
        (-1, &[0x01]),
        (1, &[0x02]),
        (63, &[0x7e]),
        (-64, &[0x7f]),
        (64, &[0x80, 0x01]),
        (-65, &[0x81, 0x01]),
        (8191, &[0xfe, 0x7f]),
        (-8192, &[0xff, 0x7f]),
        (8192, &[0x80, 0x80, 0x01]),
        (-8193, &[0x81, 0x80, 0x01]),
        (1_048_575, &[0xfe, 0xff, 0x7f]),
        (1_048_576, &[0x80, 0x80, 0x80, 0x01]),
        (134_217_727, &[0xfe, 0xff, 0xff, 0x7f]),
        (134_217_728, &[0x80, 0x80, 0x80, 0x80, 0x01]),
        (i32::MAX as i64, &[0xfe, 0xff, 0xff, 0xff, 0x0f]),
        (i32::MIN as i64, &[0xff, 0xff, 0xff, 0xff, 0x0f]),
        (17_179_869_183, &[0xfe, 0xff, 0xff, 0xff, 0x7f]),
        (-17_179_869_184, &[0xff, 0xff, 0xff, 0xff, 0x7f]),
        (17_179_869_184, &[0x80, 0x80, 0x80, 0x80, 0x80, 0x01]),
        (i64::MAX, &[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
        (i64::MIN, &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
    ];

    #[test]
    fn known_values_are_written_sized_and_read_back() {
        for &(value, bytes) in KNOWN {
            let mut written = Vec::new();
            write(&mut written, value);
            assert_eq!(written, bytes, "{value}");
            assert_eq!(size_of(value) as usize, bytes.len(), "{value}");
            assert_eq!(read_varlong(bytes), Some((value, bytes.len())), "{value}");
            let as_varint = i32::try_from(value).ok().map(|value| (value, bytes.len()));
            assert_eq!(read_varint(bytes), as_varint, "{value}");
        }
    }

    #[test]
    fn malformed_bytes_are_refused() {
        assert_eq!(read_varint(&[]), None);
        assert_eq!(read_varint(&[0x80, 0x80]), None);
        // `ByteUtilsTest.testInvalidVarint`: a sixth byte would be needed.
        assert_eq!(read_varint(&[0xff, 0xff, 0xff, 0xff, 0xff, 0x01]), None);
        // `ByteUtilsTest.testInvalidVarlong`: an eleventh byte would be needed.
        assert_eq!(read_varlong(&[0xff; 11]), None);
        assert_eq!(read_varlong(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02]), None);
    }
}
