//! The directories (`log.dirs`) over which a broker's logs are spread, and what can be wrong with the disks beneath.
//!
//! A broker learns of a bad disk when it writes: an `IOException` takes the directory offline for the rest of the
//! process's life, whether the disk is broken or only full (`LogDirFailureChannel`). Only a restart looks again.

use std::sync::Arc;

/// What the operating system says to a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DiskError {
    /// Input/output error.
    Broken,
    /// No space left on device.
    Full,
}

/// One directory of `log.dirs`, each on a disk of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogDir {
    pub path: Arc<str>,
    /// The broker has given it up.
    pub is_offline: bool,
    /// No write succeeds any more.
    pub is_broken: bool,
    /// Bytes that the logs in it may take; without a limit the disk never fills.
    pub capacity: Option<u64>,
}

impl LogDir {
    #[must_use]
    pub(super) fn new(path: Arc<str>) -> Self {
        Self { path, is_offline: false, is_broken: false, capacity: None }
    }

    /// Would writing `bytes` more fail while `used` are taken?
    #[must_use]
    pub(super) fn error(&self, used: u64, bytes: u64) -> Option<DiskError> {
        if self.is_broken {
            return Some(DiskError::Broken);
        }
        self.capacity.filter(|capacity| used + bytes > *capacity).map(|_| DiskError::Full)
    }
}
