//! Coordinators: state machines whose memory is a log.
//!
//! A coordinator decides, writes what it decided as records to its partition of an internal topic, and holds its answer
//! back until those records are committed. Whoever leads the partition next reads them and is the same coordinator.

mod fact;
pub mod group;

pub use fact::{ExpiredBecause, GroupFact, GroupState};
