//! One run of a world as a user moves through it: forwards, back, and off the old path.
//!
//! Ground state is (setup with its seed, input log). The world at any moment, the trace and the checkpoints follow
//! from these and may be dropped and computed again. Acting in the past starts a branch; the old future stays, as
//! its input log, to be returned to.

mod acting;
mod branch;
mod checkpoints;
mod comparison;
mod history;
mod knob;
mod lesson_player;
mod playback;
mod rehearsal;

pub use branch::{Branch, BranchId, Input, Run};
pub use history::{Advance, Session};
pub use knob::{Knob, Turned};
pub use lesson_player::{Asked, LessonPlayer, Offered, Phase, Said, Typed};
pub use playback::{Playback, PlaybackCommand, Speed};
pub use rehearsal::{Report, check_lesson};
