//! Kafkascope (crate docs are written with the house; see below).
pub mod engine;
