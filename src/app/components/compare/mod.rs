//! Two runs side by side: what is compared, both stages, and the numbers in which they differ.

#[allow(clippy::module_inception, reason = "the folder is named after its main component")]
pub mod compare;
mod head;
pub mod side;
mod table;
