//! The world in the page's own words, as plain data.
//!
//! Nothing here knows a browser or a position on screen: a view says what is there, the components draw it.
//! Reading order: what stands ([`scene`]) and how it is read off a world ([`build`]), what moves between two steps
//! ([`envelope`], [`in_flight`]), who has sent what to whom ([`space_time`]), which glyph stands for which key ([`keys`]),
//! and facts as sentences ([`explain`]).

pub mod build;
pub mod envelope;
pub mod explain;
pub mod fidelity;
pub mod in_flight;
pub mod keys;
pub mod properties;
pub mod scene;
pub mod space_time;
