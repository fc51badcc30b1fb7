//! The state of the page and everything that changes it.
//!
//! Reading order: [`action`] lists what can be done; [`ui`] is the small state and its pure reducer; [`model`] is the
//! run with its verbs, [`clock`] moves it frame by frame, [`compare`] sets another beside it; [`page`] is what
//! components see of all that. Nothing here draws.

pub mod action;
pub mod clock;
pub mod commands;
pub mod compare;
pub mod feed;
pub mod frames;
pub mod keys;
pub mod knob;
pub mod lag;
pub mod landmark;
pub mod lesson;
pub mod model;
pub mod narration;
pub mod page;
pub mod prefs;
pub mod rescue;
pub mod sandbox;
pub mod scout;
pub mod ticks;
pub mod transcript;
pub mod ui;
