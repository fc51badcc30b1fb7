//! Kafka, simulated: pure, deterministic, sans-IO.
//!
//! Reading order is the order of the `mod` lines: words that all share, the kernel that knows no Kafka, what is stored
//! and sent, then the processes (broker, controller, clients, the queue beside them), and last the world that holds
//! them. Nodes never see each other; nobody but the world's users names the world.

pub mod common;
pub mod runtime;

pub mod config;
pub mod metadata;
pub mod protocol;
pub mod record;

pub mod command;
mod domain;
pub mod trace;

pub mod clients;
pub mod controller;
pub mod coordinator;
pub mod kafka_controller;
pub mod queue;
pub mod raft;
pub mod server;
pub mod storage;
pub mod workload;
pub mod zookeeper;

pub mod world;

pub use command::Command;
pub use common::{Span, Step, Time};
pub use domain::{Ctx, Kafka, Timer, Token};
pub use trace::{Fact, Record};
pub use world::{Refusal, Setup, World};
