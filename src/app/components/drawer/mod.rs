//! Evidence under the stage: what happened, the console, charts, configuration, the user's own data.

pub mod arrows_tab;
mod behind;
pub mod chart;
pub mod charts_tab;
pub mod console_tab;
#[allow(clippy::module_inception, reason = "the folder is named after its main component")]
pub mod drawer;
pub mod events_tab;
pub mod guarantees_tab;
pub mod import;
pub mod input_tab;
pub mod properties_aside;
mod properties_editor;
mod properties_restart;
mod properties_tab;
