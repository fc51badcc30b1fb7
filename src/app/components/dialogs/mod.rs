//! What lies over the page and asks for an answer.

pub mod add;
pub mod break_menu;
pub mod confirm;
pub mod dialogs;
pub mod frame;
pub mod help;
pub mod lessons;
