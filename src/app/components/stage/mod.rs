//! The stage: the figure that draws a [`crate::view::scene::Scene`].
//!
//! Reading order: [`stage`] lays out the columns; cards and strips draw one thing each; [`columns`], [`depth`] and
//! [`density`] decide, without a browser, which offset is which column and how much detail a thing gets;
//! [`overlay`] puts the canvas for messages in flight above it all. Components are pure functions of their props:
//! the state of the cluster comes in as a scene, and what a reader does goes out through [`hands::Hands`].

pub mod action;
pub mod broker_card;
pub mod class_filter;
pub mod columns;
pub mod compact_strip;
pub mod controller_strip;
pub mod density;
pub mod depth;
pub mod dial;
pub mod glyph;
pub mod group_badge;
pub mod group_card;
pub mod hands;
pub mod icon;
pub mod legend;
pub mod link_lines;
pub mod log_strip;
pub mod map;
pub mod member_row;
pub mod node_menu;
pub mod overlay;
pub mod peers;
pub mod producer_card;
pub mod progress_bar;
pub mod progress_table;
pub mod purgatory;
pub mod queue_app_card;
pub mod queue_card;
pub mod record_cell;
pub mod roving;
pub mod seen_row;
#[expect(clippy::module_inception, reason = "one component a file, and the file is named like its component")]
pub mod stage;
pub mod strip_marks;
pub mod tray;
