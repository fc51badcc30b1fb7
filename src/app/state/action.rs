//! Everything a reader can do to the page, as one enum: buttons, keys, menus, the figure and lessons all send these.

use crate::app::components::stage::class_filter::ClassSet;
use crate::app::components::stage::depth::Depth;
use crate::app::i18n::Lang;
use crate::app::selection::Selection;
use crate::engine::command::Command;
use crate::engine::common::{Step, Time, TopicId, TopicPartition};
use crate::engine::world::Setup;
use crate::session::{BranchId, PlaybackCommand};
use crate::view::explain::Lane;

use super::compare::Hand;
use super::feed::Handover;
use super::knob::Turning;
use super::ui::{Dialog, Mode, Sheet, Tab, Theme};

/// One thing done by hand, key, menu or lesson.
#[derive(Clone, Debug, PartialEq)]
pub enum UiAction {
    // The clock.
    Playback(PlaybackCommand),
    Step,
    StepBack,
    /// Runs on until such a thing has happened.
    RunTo(Landmark),
    SeekTime(Time),
    SeekStep(Step),
    ToStart,
    ToLatest,
    SwitchBranch(BranchId),
    /// Takes back the last thing that was done; the run goes on from there without it.
    Undo,
    /// Does again what was taken back.
    Redo,
    /// Marks the moment at which the clock stands, or takes the mark away.
    Bookmark,

    // Two runs under one clock.
    /// Opens a ready-made comparison.
    Compare(String),
    /// Sets this run beside one of its other branches.
    CompareWith(BranchId),
    /// Sets this run beside the same with one thing changed.
    CompareTurned(Box<Turning>),
    /// Whose cluster is acted on.
    Hand(Hand),
    /// Done in the right one's figure.
    OnRight(Box<UiAction>),

    // The cluster.
    Run(Command),
    /// Several commands that belong together; the first refusal ends them.
    RunAll(Vec<Command>),
    /// A line typed into the console.
    Console(String),
    /// Stands the sandbox's template up again with this setup.
    Restart(Box<Setup>),
    /// Stands another template up, with this setup.
    Stand(String, Box<Setup>),
    /// Goes back to the run that was left for the present one; the present one takes its place.
    BringBack,
    /// Records from a file or the clipboard, to be handed to a producer as fast as it can take them.
    Feed(Handover),
    StopFeed,

    // Lessons.
    OpenLesson(String),
    LessonNext,
    LessonBack,
    /// An answer to the question that the lesson waits with.
    Choose(usize),
    /// Lets the engine run and mark the answer chosen.
    Answer,
    SkipQuestion,

    // Pointing.
    Select(Selection),
    Deselect,
    Point(Option<Selection>),
    OpenPartition(TopicPartition),
    ShowTopic(TopicId),
    /// The whole figure again: nothing selected, no partition asked for.
    Fit,
    /// Shows the partitions beside the subject so closely.
    Zoom(Depth),

    // The page.
    Mode(Mode),
    Language(Lang),
    Theme(Theme),
    TogglePresenter,
    /// Opens a tab of the drawer; the tab that is open already is closed.
    Drawer(Tab),
    Sheet(Sheet),
    ToggleLane(Lane),
    Classes(ClassSet),
    Open(Dialog),
    /// Closes what is open, then deselects.
    Escape,
    Say(Note),
    Dismiss(u32),
}

/// What "run on until" can wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Landmark {
    /// Any fact that is shown.
    Event,
    Lane(Lane),
    HighWatermark,
    LeaderChange,
    Rebalance,
    Commit,
    Loss,
}

impl Landmark {
    /// In the order of the menu.
    pub const ALL: [Self; 11] = [
        Self::Event,
        Self::Lane(Lane::Produce),
        Self::Lane(Lane::Replicate),
        Self::Lane(Lane::Fetch),
        Self::Lane(Lane::Group),
        Self::Lane(Lane::Control),
        Self::HighWatermark,
        Self::LeaderChange,
        Self::Rebalance,
        Self::Commit,
        Self::Loss,
    ];

    /// Its message in the texts.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Event => "ui-next-event",
            Self::Lane(lane) => match lane {
                Lane::Produce => "ui-next-produce",
                Lane::Replicate => "ui-next-replicate",
                Lane::Fetch => "ui-next-fetch",
                Lane::Group => "ui-next-group",
                Lane::Control => "ui-next-control",
                Lane::Fault | Lane::Noise => "ui-next-event",
            },
            Self::HighWatermark => "ui-next-hw",
            Self::LeaderChange => "ui-next-leader",
            Self::Rebalance => "ui-next-rebalance",
            Self::Commit => "ui-next-commit",
            Self::Loss => "ui-next-loss",
        }
    }
}

/// A sentence for the reader: the answer to an action, or the reason why it was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub tone: Tone,
    pub said: Said,
}

/// A sentence of the page's own is a message of the texts; the engine's come as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    Key(&'static str),
    With(&'static str, Vec<(&'static str, String)>),
    Text(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Done,
    Refused,
}

impl Note {
    #[must_use]
    pub fn refused(text: impl Into<String>) -> Self {
        Self { tone: Tone::Refused, said: Said::Text(text.into()) }
    }

    #[must_use]
    pub fn done(text: impl Into<String>) -> Self {
        Self { tone: Tone::Done, said: Said::Text(text.into()) }
    }

    #[must_use]
    pub fn key(key: &'static str) -> Self {
        Self { tone: Tone::Done, said: Said::Key(key) }
    }

    #[must_use]
    pub fn with(key: &'static str, args: Vec<(&'static str, String)>) -> Self {
        Self { tone: Tone::Done, said: Said::With(key, args) }
    }
}
