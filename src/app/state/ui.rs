//! The small state of the page: what is open, chosen and pointed at. The cluster is not in it.
//!
//! [`Ui::after`] is a pure reducer; it ignores what concerns the clock and the cluster.

use super::action::{Note, UiAction};
use super::compare::{Compared, Hand};
use crate::app::components::stage::class_filter::ClassSet;
use crate::app::components::stage::depth::Depth;
use crate::app::i18n::Lang;
use crate::app::selection::Selection;
use crate::engine::common::{NodeId, TopicId, TopicPartition};
use crate::engine::world::Setup;
use crate::view::explain::Lane;

/// More toasts than this push out the oldest.
const TOASTS: usize = 3;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    #[default]
    Lessons,
    Sandbox,
    Compare,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    #[default]
    Light,
    Dark,
}

impl Theme {
    /// The value of `data-theme`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Light => Self::Dark,
            Self::Dark => Self::Light,
        }
    }
}

/// Tabs of the drawer under the stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    Events,
    Arrows,
    Console,
    Charts,
    Properties,
    Input,
    Guarantees,
}

impl Tab {
    /// In their order; Alt+1 opens the first.
    pub const ALL: [Self; 7] =
        [Self::Events, Self::Arrows, Self::Console, Self::Charts, Self::Properties, Self::Input, Self::Guarantees];

    /// Its id in the page and its message in the texts.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Events => "ui-tab-events",
            Self::Arrows => "ui-tab-arrows",
            Self::Console => "ui-tab-console",
            Self::Charts => "ui-tab-charts",
            Self::Properties => "ui-tab-properties",
            Self::Input => "ui-tab-input",
            Self::Guarantees => "ui-tab-guarantees",
        }
    }
}

/// What stands below the stage where there is no room for panels beside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sheet {
    #[default]
    Lesson,
    Inspector,
    Drawer,
}

impl Sheet {
    /// The value of `data-sheet`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Lesson => "lesson",
            Self::Inspector => "inspector",
            Self::Drawer => "drawer",
        }
    }
}

/// What lies over the page and asks for an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Dialog {
    Help,
    /// What is as in Kafka and what is not.
    Fidelity,
    Lessons,
    /// What can be set beside what.
    Comparisons,
    /// A condition to run to.
    Until,
    Add(AddWhat),
    /// Faults for one node, or for the whole cluster.
    Break(Option<NodeId>),
    ConfirmRestart(Box<Setup>),
    /// A cluster to start from: which template, and how large.
    NewCluster,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddWhat {
    Producer,
    Consumer,
    Topic,
    QueueWorker,
}

/// Which lanes the event list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaneSet(u8);

impl Default for LaneSet {
    fn default() -> Self {
        Lane::SHOWN.into_iter().fold(Self(0), Self::toggled)
    }
}

impl LaneSet {
    #[must_use]
    pub fn has(self, lane: Lane) -> bool {
        self.0 & (1 << lane as u8) != 0
    }

    #[must_use]
    pub fn toggled(self, lane: Lane) -> Self {
        Self(self.0 ^ (1 << lane as u8))
    }
}

/// A run that was left for another one, by what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeftRun {
    Lesson(String),
    Sandbox(String),
    Comparison(Compared),
}

impl LeftRun {
    /// The part of the page that it belongs to.
    #[must_use]
    pub fn mode(&self) -> Mode {
        match self {
            Self::Lesson(_) => Mode::Lessons,
            Self::Sandbox(_) => Mode::Sandbox,
            Self::Comparison(_) => Mode::Compare,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toast {
    pub id: u32,
    pub note: Note,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ui {
    pub mode: Mode,
    pub lang: Lang,
    pub theme: Theme,
    pub presenter: bool,
    pub selected: Option<Selection>,
    /// What prose or inspector point at just now.
    pub pointed: Option<Selection>,
    /// The partition drawn large, if one was asked for.
    pub subject: Option<TopicPartition>,
    /// The topic in view, if one was asked for.
    pub topic: Option<TopicId>,
    /// What the lesson is about: taken into view as soon as it is there.
    pub wanted_topic: Option<String>,
    pub wanted_partition: u32,
    pub drawer: Option<Tab>,
    pub sheet: Sheet,
    pub lanes: LaneSet,
    pub classes: ClassSet,
    /// How closely partitions beside the subject are shown, if it was asked for.
    pub depth: Option<Depth>,
    pub dialog: Option<Dialog>,
    /// The template that stands in the sandbox; empty: the default one.
    pub template: String,
    /// What is compared, in that mode.
    pub compared: Option<Compared>,
    pub hand: Hand,
    /// The thing selected was pointed at in the right figure.
    pub on_right: bool,
    /// There is a run to go back to: its name in this language is the page's business.
    pub left: Option<LeftRun>,
    pub toasts: Vec<Toast>,
    pub(super) toasts_so_far: u32,
}

impl Ui {
    /// The state after an action.
    #[must_use]
    pub fn after(&self, action: &UiAction) -> Self {
        let mut next = self.clone();
        match action {
            UiAction::Select(thing) => {
                if let Selection::Partition(partition)
                | Selection::Replica(_, partition)
                | Selection::Record(_, partition, _) = thing
                {
                    next.topic = Some(partition.topic);
                }
                next.selected = Some(thing.clone());
                next.on_right = false;
                next.sheet = Sheet::Inspector;
            }
            UiAction::Deselect => next.deselect(),
            UiAction::Point(thing) => next.pointed.clone_from(thing),
            UiAction::OpenPartition(partition) => {
                next.subject = Some(*partition);
                next.topic = Some(partition.topic);
                next.selected = Some(Selection::Partition(*partition));
            }
            UiAction::ShowTopic(topic) => {
                next.topic = Some(*topic);
                next.subject = None;
            }
            UiAction::Fit => {
                next.deselect();
                (next.subject, next.depth) = (None, None);
            }
            UiAction::Zoom(depth) => next.depth = Some(*depth),
            UiAction::Mode(mode) => next.enter_mode(*mode),
            UiAction::OpenLesson(_) => next.enter_mode(Mode::Lessons),
            UiAction::Compare(id) => {
                next.enter_mode(Mode::Compare);
                next.compared = Some(Compared::Ready(id.clone()));
            }
            UiAction::CompareWith(_) | UiAction::CompareTurned(_) => next.enter_mode(Mode::Compare),
            UiAction::Hand(hand) => next.hand = *hand,
            UiAction::OnRight(action) => {
                next = next.after(action);
                next.on_right |= matches!(**action, UiAction::Select(_) | UiAction::OpenPartition(_));
            }
            UiAction::Language(lang) => next.lang = *lang,
            UiAction::Theme(theme) => next.theme = *theme,
            UiAction::TogglePresenter => next.presenter = !next.presenter,
            UiAction::Drawer(tab) => {
                let was_open = next.drawer == Some(*tab) && next.sheet == Sheet::Drawer;
                next.drawer = (next.drawer != Some(*tab)).then_some(*tab);
                next.sheet = if was_open { Sheet::Lesson } else { Sheet::Drawer };
            }
            UiAction::Sheet(sheet) => {
                next.sheet = *sheet;
                if *sheet == Sheet::Drawer && next.drawer.is_none() {
                    next.drawer = Some(Tab::Events);
                }
            }
            UiAction::ToggleLane(lane) => next.lanes = next.lanes.toggled(*lane),
            UiAction::Classes(classes) => next.classes = *classes,
            UiAction::Open(dialog) => next.dialog = Some(dialog.clone()),
            UiAction::Restart(_) | UiAction::BringBack => next.forget_things(),
            UiAction::Stand(template, _) => {
                next.enter_mode(Mode::Sandbox);
                next.template.clone_from(template);
            }
            UiAction::Escape if next.dialog.is_some() => next.dialog = None,
            UiAction::Escape => next.deselect(),
            UiAction::Say(note) => next.say(note.clone()),
            UiAction::Dismiss(id) => next.toasts.retain(|toast| toast.id != *id),
            _ => {}
        }
        next
    }

    fn deselect(&mut self) {
        self.selected = None;
        if self.sheet == Sheet::Inspector {
            self.sheet = Sheet::Lesson;
        }
    }

    fn enter_mode(&mut self, mode: Mode) {
        self.mode = mode;
        self.hand = Hand::default();
        self.forget_things();
    }

    /// A new run has other things: what was pointed at may not be there.
    fn forget_things(&mut self) {
        (self.selected, self.pointed, self.subject, self.topic) = (None, None, None, None);
        self.depth = None;
        self.dialog = None;
        if self.sheet == Sheet::Inspector {
            self.sheet = Sheet::Lesson;
        }
    }

    fn say(&mut self, note: Note) {
        self.toasts.retain(|toast| toast.note != note);
        if self.toasts.len() == TOASTS {
            self.toasts.remove(0);
        }
        self.toasts.push(Toast { id: self.toasts_so_far, note });
        self.toasts_so_far += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node() -> Selection {
        Selection::Node(NodeId::broker(1))
    }

    #[test]
    fn escape_closes_what_is_open_before_it_deselects() {
        let open = Ui::default().after(&UiAction::Select(node())).after(&UiAction::Open(Dialog::Help));
        let closed = open.after(&UiAction::Escape);
        assert_eq!((closed.dialog.clone(), closed.selected.clone()), (None, Some(node())));
        assert_eq!(closed.after(&UiAction::Escape).selected, None);
    }

    #[test]
    fn a_tab_opens_changes_and_closes_the_drawer() {
        let ui = Ui::default().after(&UiAction::Drawer(Tab::Events));
        assert_eq!(ui.drawer, Some(Tab::Events));
        let ui = ui.after(&UiAction::Drawer(Tab::Console));
        assert_eq!(ui.drawer, Some(Tab::Console));
        assert_eq!(ui.after(&UiAction::Drawer(Tab::Console)).drawer, None);
    }

    #[test]
    fn toasts_are_bounded_and_never_say_the_same_twice() {
        let mut ui = Ui::default();
        for text in ["a", "b", "b", "c", "d"] {
            ui = ui.after(&UiAction::Say(Note::refused(text)));
        }
        assert_eq!(ui.toasts.len(), TOASTS);
        assert_eq!(ui.toasts[0].note, Note::refused("b"));
        let ids: Vec<u32> = ui.toasts.iter().map(|toast| toast.id).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn every_lane_can_be_hidden_alone() {
        for lane in Lane::SHOWN {
            assert!(LaneSet::default().has(lane));
            assert!(!LaneSet::default().toggled(lane).has(lane));
        }
        assert!(!LaneSet::default().has(Lane::Noise));
    }
}
