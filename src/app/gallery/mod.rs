//! "States and glyphs": every form of the figure on one page, drawn by the same components as the figure itself.
//!
//! The scenes here are built by hand and show no run of the engine: they are the golden pictures of the design, and
//! the help page a reader opens to look a form up.

mod compare;
mod failover;
mod lesson;
mod page;
mod specimens;

pub use page::GalleryPage;
