//! The world in the page's own words, as plain data.
//!
//! Nothing here knows a browser or a position on screen: a view says what is there, the components draw it.
//! Reading order: what stands ([`scene`]), what moves between two steps ([`envelope`]).

pub mod envelope;
pub mod scene;
