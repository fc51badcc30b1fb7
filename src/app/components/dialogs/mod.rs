//! What lies over the page and asks for an answer.

pub mod add;
pub mod break_menu;
mod cluster_form;
pub mod comparisons;
pub mod confirm;
#[allow(clippy::module_inception, reason = "the folder is named after its main component")]
pub mod dialogs;
pub mod fidelity;
mod frame;
pub mod help;
pub mod lessons;
pub mod new_cluster;
mod one_knob;
mod until;
