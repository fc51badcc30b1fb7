//! Facts in words.
//!
//! A fact becomes a [`Sentence`]: the id of a message in the page's translations and the values that go into it.
//! Numbers come from the fact, names from the world; the prose lives in `static/i18n/*.ftl` and nowhere else.
//! [`why`] follows causes back, so that every number on the page can answer for itself.

mod metadata;
mod sentence;
mod why;
mod words;

pub use metadata::log_entry;
pub use sentence::{Arg, Sentence, broker_list, gist, partition_name, sentence, short_member};
pub use why::{Because, WhyHighWatermark, why, why_high_watermark, why_quorum};
pub use words::{Lane, lane};
