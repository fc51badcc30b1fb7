//! Logs on one broker's disk: segments and their indexes, leader epochs, offsets, retention, compaction, recovery.
//!
//! A log knows nothing of leaders and followers, only which of its two ways of appending is used. What a crash leaves
//! of it depends on how the machine died: a killed process keeps the operating system's page cache, a power loss cuts
//! every log back to what was flushed.

mod deleted_logs;
mod index;
mod leader_epoch_cache;
mod log_cleaner;
mod log_dirs;
mod log_manager;
mod log_read;
mod log_segment;
mod log_validator;
mod producer_state;
mod recovery;
mod retention;
mod shared_list;
mod unified_log;

pub use deleted_logs::{DeletedLog, DirSuffix};
pub use index::{OffsetIndex, OffsetIndexEntry, TimeIndex, TimeIndexEntry};
pub use leader_epoch_cache::{EpochEntry, LeaderEpochFileCache};
pub use log_cleaner::{Cleaned, LogToClean};
pub use log_dirs::{DiskError, LogDir};
pub use log_manager::{Checkpoints, LogManager};
pub use log_read::{OffsetLookup, Scanned, TimeLookup, TimestampAndOffset};
pub use log_segment::LogSegment;
pub use producer_state::{
    BATCHES_TO_RETAIN, BatchMetadata, ProducerSnapshot, ProducerStateEntry, ProducerStateManager,
    ProducerStateManagerConfig,
};
pub use recovery::Recovered;
pub use retention::DeletionReason;
pub use unified_log::{AppendInfo, DeletedSegment, Flush, OutOfRange, UnifiedLog};
