//! A running hash of everything that happened: two runs are the same run if their fingerprints agree.
//!
//! Facts are hashed a 64-bit word at a time, as Firefox's hasher does it (rotate, xor, multiply), but always in 64 bits
//! and with lengths and enum discriminants widened: Rust hashes those as `usize`/`isize`, which would give a 32-bit wasm
//! page another answer than a 64-bit host. Nobody attacks this hash; it has to be quick, since every fact passes it.

use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};

/// 64 bits that stand for a whole history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Fingerprint(pub u64);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// An odd number near 2^64/φ: multiplying by it spreads every bit upwards and loses none.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// Accumulates facts in order.
#[derive(Clone, Debug)]
pub struct Fingerprinter(u64);

impl Default for Fingerprinter {
    fn default() -> Self {
        // Not zero, which a first word of zero would leave as it is.
        Self(SPREAD)
    }
}

impl Fingerprinter {
    pub fn add(&mut self, value: &impl Hash) {
        value.hash(self);
    }

    #[must_use]
    pub fn current(&self) -> Fingerprint {
        Fingerprint(self.finish())
    }
}

impl Hasher for Fingerprinter {
    fn finish(&self) -> u64 {
        // The highest bits have seen the most.
        self.0.rotate_left(26)
    }

    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.write_u64(u64::from_le_bytes(*word));
        }
        if !rest.is_empty() {
            let mut last = [0; 8];
            last[..rest.len()].copy_from_slice(rest);
            // At most seven bytes are left: the eighth says how many, so that zeros at the end count.
            last[7] = rest.len() as u8;
            self.write_u64(u64::from_le_bytes(last));
        }
    }

    fn write_u8(&mut self, n: u8) {
        self.write_u64(u64::from(n));
    }
    fn write_u16(&mut self, n: u16) {
        self.write_u64(u64::from(n));
    }
    fn write_u32(&mut self, n: u32) {
        self.write_u64(u64::from(n));
    }
    fn write_u64(&mut self, n: u64) {
        self.0 = (self.0.rotate_left(5) ^ n).wrapping_mul(SPREAD);
    }
    fn write_usize(&mut self, n: usize) {
        self.write_u64(n as u64);
    }
    fn write_isize(&mut self, n: isize) {
        self.write_u64(n as i64 as u64);
    }
}
