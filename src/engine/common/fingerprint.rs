//! A running hash of everything that happened: two runs are the same run if their fingerprints agree.
//!
//! The hasher is FNV-1a (crate `fnv`) made independent of the machine's word size: Rust hashes lengths and enum
//! discriminants as `usize`/`isize`, which would give a 32-bit wasm page another answer than a 64-bit host.

use std::fmt;
use std::hash::{Hash, Hasher};

use fnv::FnvHasher;
use serde::{Deserialize, Serialize};

/// 64 bits that stand for a whole history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Fingerprint(pub u64);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Accumulates facts in order.
#[derive(Clone, Debug)]
pub struct Fingerprinter(u64);

impl Default for Fingerprinter {
    fn default() -> Self {
        Self(FnvHasher::default().finish())
    }
}

impl Fingerprinter {
    pub fn add(&mut self, value: &impl Hash) {
        value.hash(self);
    }

    #[must_use]
    pub fn current(&self) -> Fingerprint {
        Fingerprint(self.0)
    }
}

impl Hasher for Fingerprinter {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        let mut hasher = FnvHasher::with_key(self.0);
        hasher.write(bytes);
        self.0 = hasher.finish();
    }

    // Integers go in little-endian and 64 bits wide where the machine's own width would show.
    fn write_u16(&mut self, n: u16) {
        self.write(&n.to_le_bytes());
    }
    fn write_u32(&mut self, n: u32) {
        self.write(&n.to_le_bytes());
    }
    fn write_u64(&mut self, n: u64) {
        self.write(&n.to_le_bytes());
    }
    fn write_usize(&mut self, n: usize) {
        self.write_u64(n as u64);
    }
    fn write_isize(&mut self, n: isize) {
        self.write_u64(n as i64 as u64);
    }
}
