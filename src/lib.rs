//! Kafkascope: a teaching simulator of Apache Kafka that runs, whole, in a web page.
//!
//! # Bird's eye
//!
//! ```text
//! commands ──▶ engine ──▶ (world + trace) ──▶ session ──▶ view ──▶ app
//! (console text, lesson,     pure, sans-IO,       history,      plain data   Yew components,
//!  click, dropped file)      deterministic        time travel   in UI words  canvas painter
//!                               ▲ checker looks on, never mutates
//! ```
//!
//! Ground state is *(setup with its seed, input log)*. Everything else follows from it and may be dropped and computed
//! again: the world at any moment, the trace, the checkpoints, the picture.
//!
//! # Code map, in reading order
//!
//! - [`engine`]: Kafka, simulated. A discrete-event kernel that knows no Kafka ([`engine::runtime`]); what travels
//!   ([`engine::protocol`], [`engine::record`]); a broker ([`engine::server`] over [`engine::storage`]); the KRaft
//!   controller ([`engine::controller`] over [`engine::metadata`]); group coordinators ([`engine::coordinator`]); the
//!   user's programs ([`engine::clients`]); a classic point-to-point queue beside it all ([`engine::queue`]); and the
//!   world that holds them ([`engine::world`]).
//! - [`checker`]: named guarantees, held against every step.
//! - [`console`]: Kafka's own tools and the fault verbs as one grammar, and the little language that asks for values.
//! - [`scenario`]: lessons as checked documents, random scenarios, and files that become records.
//! - [`session`]: one run as a user moves through it: play, step, seek, fork.
//! - [`view`]: the world as a picture made of data, and facts as sentences.
//! - `app` (feature `app`): the only code that knows a browser.
//! - [`cli`] (native): the same engine without a page.
//!
//! # What always holds
//!
//! - Layers import only to the left; inside `engine` a table says who may see whom. `tests/architecture.rs` checks it,
//!   together with the words that are banned because they would break determinism.
//! - Same setup, same inputs, same fingerprint: native and in WebAssembly, straight through, after a seek, after a fork.
//! - Nodes never see each other. All they can do is write to the context they are lent; so a world can be cloned.
//! - Durable and volatile state are different structs; a crash drops one of them.
//! - Coordinators and the controller decide, write records, and change only by replaying those records.
//! - Every fact says what happened in the past tense, without prose, and carries its cause.
//! - A lesson's numbers are computed from state, and its claims are checked headless: a lesson is a test.

pub mod engine;

pub mod checker;

pub mod console;

pub mod scenario;

pub mod session;

pub mod view;

#[cfg(feature = "app")]
pub mod app;

#[cfg(not(target_arch = "wasm32"))]
pub mod cli;
