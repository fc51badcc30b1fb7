//! The simulated Kafka: pure, deterministic, sans-IO.
pub mod clients;
pub mod command;
pub mod common;
pub mod config;
pub mod controller;
pub mod coordinator;
mod domain;
pub mod metadata;
pub mod protocol;
pub mod queue;
pub mod record;
pub mod runtime;
pub mod server;
pub mod storage;
pub mod trace;
pub mod workload;

pub use domain::{Ctx, Kafka, Timer, Token};
