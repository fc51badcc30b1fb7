//! Components by the part of the page they stand in.

pub mod compare;
pub mod dialogs;
pub mod drawer;
pub mod inspector;
pub mod lesson;
pub mod shell;
pub mod stage;
pub mod transport;
