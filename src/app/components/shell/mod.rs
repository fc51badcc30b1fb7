//! The frame of the page: the bar on top, the grid that holds the panels, and what is told in passing.

pub mod live;
#[allow(clippy::module_inception, reason = "the folder is named after its main component")]
pub mod shell;
pub mod stage_host;
pub mod toasts;
pub mod top_bar;
pub mod word;
