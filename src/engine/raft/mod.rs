//! The KRaft quorum: who leads the metadata log, and how it gets to everybody (Kafka's module `raft`).
//!
//! [`RaftClient`] is no node but an organ: a controller has one that votes, a broker one that only listens. Its parts:
//! where a replica stands in the epoch (`quorum_state`, with `leader` for what a leader knows of the others), elections
//! (`election`), copying the log and its snapshots (`replication`), the log itself (`log`), and one request at a time to
//! each voter (`connections`). What it learns it hands to its host as [`RaftEvent`]s, committed batches first of all.

mod client;
mod config;
mod connections;
mod election;
mod fact;
mod leader;
mod log;
mod quorum_state;
mod replication;
mod snapshots;

pub use client::{ParkedFetch, RaftClient, RaftEvent, RaftTimer, RaftWrite, Role, is_for_raft};
pub use config::RaftConfig;
pub use fact::{RaftFact, ResignedBecause, VoteRefusedBecause};
pub use leader::{LeaderState, ReplicaState};
pub use log::{MetadataLog, ValidOffsetAndEpoch};
pub use quorum_state::{ElectionState, EpochState, QuorumState, Votes};
pub use snapshots::SnapshotGenerator;
