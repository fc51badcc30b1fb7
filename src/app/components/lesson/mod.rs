//! The lesson beside the stage: what is said, what is asked, what is to be tried.

pub mod caption;
pub mod lesson_panel;
pub mod predict_card;
pub mod sandbox_panel;
