//! Scenarios: lessons, comparisons and sandbox templates as documents, the user's own data, and random runs.
//!
//! A scenario says what stands in the machine room and what is done there, in the console's own lines. Lessons add
//! what is said and asked along the way; every number they say is an expression over state, every claim a condition,
//! so that playing a lesson without a page is its test.

mod caption;
mod catalog;
mod comparison;
pub mod document;
pub mod import;
mod lesson;
mod moves;
#[cfg(test)]
mod mutants;
mod operations;
pub mod random;
mod shrink;
pub mod standard;
mod template;

pub use caption::{Bilingual, Caption, Language, Segment, Shown};
pub use catalog::{Catalog, Chapter};
pub use comparison::{Comparison, Measure, Side};
pub use lesson::{
    Action, Beat, Choice, Layout, Lesson, LessonProblem, Prediction, Reveal, Stage, Task, Teacher, Wrong,
};
pub use moves::Move;
pub use shrink::shrink;
pub use template::Template;
