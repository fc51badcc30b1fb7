//! The page's ties to the browser: frames and keys.

pub mod frame_loop;
pub mod keyboard;
