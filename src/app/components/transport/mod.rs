//! The clock and everything that moves it.

pub mod clock;
pub mod scale;
pub mod speed;
pub mod timeline;
pub mod transport;
