//! The clock and everything that moves it.

pub mod clock;
pub mod scale;
pub mod speed;
mod take_back;
pub mod timeline;
#[allow(clippy::module_inception, reason = "the folder is named after its main component")]
pub mod transport;
