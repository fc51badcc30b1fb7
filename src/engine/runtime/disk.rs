//! One disk per machine: a page cache that takes writes at once, and a platter that takes its time.
//!
//! A write is a memory copy into the page cache, so nodes simply change their state. Only a flush costs time: the
//! disk serves flushes one after another, each for a fixed seek plus its bytes.

use serde::{Deserialize, Serialize};

use crate::engine::common::{Span, Time};

/// How fast a disk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DiskProfile {
    /// Fixed cost of one flush.
    pub flush: Span,
    /// Added for every KiB flushed.
    pub per_kib: Span,
}

impl Default for DiskProfile {
    /// A modest SSD: 1 ms a flush, about 250 MB/s.
    fn default() -> Self {
        Self { flush: Span::millis(1), per_kib: Span::micros(4) }
    }
}

#[derive(Clone, Debug, Default)]
pub struct Disk {
    pub profile: DiskProfile,
    busy_until: Time,
}

impl Disk {
    /// Accepts a flush and says when it will be done. Flushes finish in the order in which they were asked for.
    pub(super) fn flush(&mut self, now: Time, bytes: u64) -> Time {
        let begins = now.max(self.busy_until);
        let cost = Span(self.profile.flush.0 + self.profile.per_kib.0 * bytes.div_ceil(1024));
        self.busy_until = begins + cost;
        self.busy_until
    }

    pub(super) fn crash(&mut self) {
        self.busy_until = Time::ZERO;
    }

    #[must_use]
    pub fn busy_until(&self) -> Time {
        self.busy_until
    }
}
