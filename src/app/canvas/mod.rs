//! What moves: messages in flight, painted on one canvas above the figure.
//!
//! Reading order: [`anchor`] names the elements a path may begin or end at, [`layout`] knows where they are,
//! [`geometry`] knows curves, [`route`] decides which curve a message takes, [`traffic`] which messages are drawn one
//! by one and which as a stream. All of that is plain data and tested without a browser. [`palette`], [`brush`],
//! [`measure`] and [`painter`] are the part that needs one.
//!
//! The painter draws only when the clock, the scene or the layout has changed; colours come from CSS.

pub mod anchor;
mod brush;
pub mod geometry;
pub mod layout;
mod measure;
pub mod painter;
mod palette;
pub mod route;
pub mod traffic;
