//! Logs on one broker's disk: segments, leader epochs, offsets, retention.
//!
//! A log knows nothing of leaders and followers, only which of its two ways of appending is used. What a crash leaves
//! of it depends on how the machine died: a killed process keeps the operating system's page cache, a power loss cuts
//! every log back to its recovery point.

mod batch_list;
mod leader_epoch_cache;
mod log_manager;
mod log_segment;
mod retention;
mod unified_log;

pub use leader_epoch_cache::{EpochEntry, LeaderEpochFileCache};
pub use log_manager::LogManager;
pub use log_segment::LogSegment;
pub use retention::DeletionReason;
pub use unified_log::{AppendInfo, OutOfRange, UnifiedLog};
