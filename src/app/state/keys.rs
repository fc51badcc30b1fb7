//! Which key does what: one table that feeds the listener, the help dialog and the tests.
//!
//! Single letters act only outside text fields. Ctrl and Meta belong to the browser, but for the keys of taking back.

use super::action::{Landmark, UiAction};
use super::ui::{AddWhat, Dialog, Mode, Tab};
use crate::session::PlaybackCommand;

/// What a key asks for. What it comes to may depend on the selection, so it is not an action yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    PlayPause,
    Step,
    StepBack,
    LessonNext,
    LessonBack,
    Undo,
    Redo,
    Bookmark,
    /// To the next bookmark ahead; behind the last comes the first.
    NextBookmark,
    /// Runs until a condition of the reader's own.
    Until,
    Slower,
    Faster,
    ToStart,
    ToLatest,
    NextChange,
    KillOrRestart,
    HoldOrRelease,
    DropMessage,
    BreakMenu,
    Why,
    Presenter,
    Theme,
    Language,
    Find,
    Help,
    Escape,
    Lessons,
    Sandbox,
    Compare,
    /// This run beside the branch it left, or that left it.
    CompareBranch,
    Tab(Tab),
    Add,
    ZoomIn,
    ZoomOut,
    Fit,
}

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding {
    /// As `KeyboardEvent.key` has it, or a letter in lower case.
    pub key: &'static str,
    pub shift: bool,
    pub alt: bool,
    /// With Ctrl, or Command on a Mac.
    pub ctrl: bool,
    pub deed: Deed,
    /// Its message in the texts.
    pub says: &'static str,
    /// How the help dialog writes the key.
    pub cap: &'static str,
}

const fn plain(key: &'static str, cap: &'static str, deed: Deed, says: &'static str) -> Binding {
    Binding { key, shift: false, alt: false, ctrl: false, deed, says, cap }
}

const fn shifted(key: &'static str, cap: &'static str, deed: Deed, says: &'static str) -> Binding {
    Binding { key, shift: true, alt: false, ctrl: false, deed, says, cap }
}

const fn alted(key: &'static str, cap: &'static str, deed: Deed, says: &'static str) -> Binding {
    Binding { key, shift: false, alt: true, ctrl: false, deed, says, cap }
}

const fn ctrled(key: &'static str, shift: bool, cap: &'static str, deed: Deed, says: &'static str) -> Binding {
    Binding { key, shift, alt: false, ctrl: true, deed, says, cap }
}

/// All of them, in the order of the help dialog.
#[rustfmt::skip] // A table reads best with one key a line.
pub const BINDINGS: &[Binding] = &[
    plain(" ", "Space", Deed::PlayPause, "ui-key-play"),
    plain("ArrowRight", "→", Deed::Step, "ui-key-step"),
    plain("ArrowLeft", "←", Deed::StepBack, "ui-key-step-back"),
    shifted("ArrowRight", "Shift →", Deed::LessonNext, "ui-key-lesson-next"),
    shifted("ArrowLeft", "Shift ←", Deed::LessonBack, "ui-key-lesson-back"),
    plain("PageDown", "PageDown", Deed::LessonNext, "ui-key-lesson-next"),
    plain(".", ".", Deed::LessonNext, "ui-key-lesson-next"),
    plain("PageUp", "PageUp", Deed::LessonBack, "ui-key-lesson-back"),
    plain("[", "[", Deed::Slower, "ui-key-slower"),
    plain("]", "]", Deed::Faster, "ui-key-faster"),
    plain("Home", "Home", Deed::ToStart, "ui-key-start"),
    plain("End", "End", Deed::ToLatest, "ui-key-latest"),
    plain("n", "N", Deed::NextChange, "ui-key-next-leader"),
    plain("u", "U", Deed::Until, "ui-key-until"),
    plain("m", "M", Deed::Bookmark, "ui-key-bookmark"),
    shifted("m", "Shift M", Deed::NextBookmark, "ui-key-next-bookmark"),
    ctrled("z", false, "Ctrl Z", Deed::Undo, "ui-key-undo"),
    ctrled("z", true, "Ctrl Shift Z", Deed::Redo, "ui-key-redo"),
    plain("k", "K", Deed::KillOrRestart, "ui-key-kill"),
    plain("h", "H", Deed::HoldOrRelease, "ui-key-hold"),
    plain("d", "D", Deed::DropMessage, "ui-key-drop"),
    plain("b", "B", Deed::BreakMenu, "ui-key-break"),
    plain("w", "W", Deed::Why, "ui-key-why"),
    plain("a", "A", Deed::Add, "ui-key-add"),
    plain("+", "+", Deed::ZoomIn, "ui-key-zoom-in"),
    plain("-", "-", Deed::ZoomOut, "ui-key-zoom-out"),
    plain("0", "0", Deed::Fit, "ui-key-fit"),
    plain("p", "P", Deed::Presenter, "ui-key-presenter"),
    plain("t", "T", Deed::Theme, "ui-key-theme"),
    plain("l", "L", Deed::Language, "ui-key-language"),
    plain("1", "1", Deed::Lessons, "ui-key-lessons"),
    plain("2", "2", Deed::Sandbox, "ui-key-sandbox"),
    plain("3", "3", Deed::Compare, "ui-key-compare"),
    plain("c", "C", Deed::CompareBranch, "ui-key-compare-branch"),
    alted("1", "Alt 1", Deed::Tab(Tab::Events), "ui-tab-events"),
    alted("2", "Alt 2", Deed::Tab(Tab::Arrows), "ui-tab-arrows"),
    alted("3", "Alt 3", Deed::Tab(Tab::Console), "ui-tab-console"),
    alted("4", "Alt 4", Deed::Tab(Tab::Charts), "ui-tab-charts"),
    alted("5", "Alt 5", Deed::Tab(Tab::Properties), "ui-tab-properties"),
    alted("6", "Alt 6", Deed::Tab(Tab::Input), "ui-tab-input"),
    alted("7", "Alt 7", Deed::Tab(Tab::Guarantees), "ui-tab-guarantees"),
    plain("/", "/", Deed::Find, "ui-key-find"),
    shifted("?", "?", Deed::Help, "ui-key-help"),
    plain("Escape", "Esc", Deed::Escape, "ui-key-escape"),
];

/// A key as it was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Press<'a> {
    pub key: &'a str,
    pub shift: bool,
    pub alt: bool,
    /// Ctrl or Meta: the browser's own, mostly.
    pub ctrl: bool,
    /// The focus is where text is typed.
    pub typing: bool,
    /// What the focus is on.
    pub on: Focused,
}

/// What has the focus may have its own use for some keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Focused {
    #[default]
    Page,
    /// The figure takes the arrows and Enter.
    Figure,
    /// Buttons, sliders and lists take Space, arrows, Home and End.
    Control,
}

/// What the press means, if it means anything here.
#[must_use]
pub fn deed(press: Press<'_>) -> Option<Deed> {
    let key = if press.key.chars().count() == 1 { press.key.to_lowercase() } else { press.key.to_owned() };
    let fits = |binding: &&Binding| {
        // '?' needs Shift on some keyboards and not on others: it is known by its character alone.
        let is_sign = key.chars().count() == 1 && !key.chars().all(char::is_alphanumeric) && key != " ";
        let held = binding.alt == press.alt && binding.ctrl == press.ctrl;
        binding.key == key && held && (is_sign || binding.shift == press.shift)
    };
    let binding = BINDINGS.iter().find(fits)?;
    let is_taken = match press.on {
        Focused::Page => false,
        Focused::Figure => matches!(binding.key, "ArrowLeft" | "ArrowRight"),
        Focused::Control => {
            matches!(binding.key, " " | "ArrowLeft" | "ArrowRight" | "Home" | "End" | "PageUp" | "PageDown")
        }
    };
    if press.typing && !binding.alt && binding.deed != Deed::Escape {
        return None;
    }
    if is_taken {
        return None;
    }
    Some(binding.deed)
}

impl Deed {
    /// The action, where it does not depend on anything else.
    #[must_use]
    pub fn action(self) -> Option<UiAction> {
        Some(match self {
            Self::PlayPause => UiAction::Playback(PlaybackCommand::Toggle),
            Self::Step => UiAction::Step,
            Self::StepBack => UiAction::StepBack,
            Self::LessonNext => UiAction::LessonNext,
            Self::LessonBack => UiAction::LessonBack,
            Self::Undo => UiAction::Undo,
            Self::Redo => UiAction::Redo,
            Self::Bookmark => UiAction::Bookmark,
            Self::Until => UiAction::Open(Dialog::Until),
            Self::Slower => UiAction::Playback(PlaybackCommand::Slower),
            Self::Faster => UiAction::Playback(PlaybackCommand::Faster),
            Self::ToStart => UiAction::ToStart,
            Self::ToLatest => UiAction::ToLatest,
            Self::NextChange => UiAction::RunTo(Landmark::LeaderChange),
            Self::Presenter => UiAction::TogglePresenter,
            Self::Help => UiAction::Open(Dialog::Help),
            Self::Escape => UiAction::Escape,
            Self::Lessons => UiAction::Mode(Mode::Lessons),
            Self::Sandbox => UiAction::Mode(Mode::Sandbox),
            Self::Compare => UiAction::Mode(Mode::Compare),
            Self::Tab(tab) => UiAction::Drawer(tab),
            Self::Fit => UiAction::Fit,
            Self::Add => UiAction::Open(Dialog::Add(AddWhat::Producer)),
            Self::NextBookmark
            | Self::CompareBranch
            | Self::ZoomIn
            | Self::ZoomOut
            | Self::KillOrRestart
            | Self::HoldOrRelease
            | Self::DropMessage
            | Self::BreakMenu
            | Self::Why
            | Self::Theme
            | Self::Language
            | Self::Find => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(key: &str) -> Press<'_> {
        Press { key, shift: false, alt: false, ctrl: false, typing: false, on: Focused::Page }
    }

    #[test]
    fn no_two_bindings_claim_the_same_key() {
        for (index, one) in BINDINGS.iter().enumerate() {
            for other in &BINDINGS[index + 1..] {
                let keys = |binding: &Binding| (binding.key, binding.shift, binding.alt, binding.ctrl);
                assert!(keys(one) != keys(other), "{}", one.cap);
            }
        }
    }

    #[test]
    fn letters_are_text_where_text_is_typed_and_escape_never_is() {
        assert_eq!(deed(press("k")), Some(Deed::KillOrRestart));
        assert_eq!(deed(Press { typing: true, ..press("k") }), None);
        assert_eq!(deed(Press { typing: true, ..press("Escape") }), Some(Deed::Escape));
        let drawer = Press { alt: true, typing: true, ..press("3") };
        assert_eq!(deed(drawer), Some(Deed::Tab(Tab::Console)));
    }

    #[test]
    fn a_button_keeps_its_space_and_the_browser_its_control_keys() {
        assert_eq!(deed(press(" ")), Some(Deed::PlayPause));
        assert_eq!(deed(Press { on: Focused::Control, ..press(" ") }), None);
        assert_eq!(deed(Press { on: Focused::Control, ..press("t") }), Some(Deed::Theme));
        assert_eq!(deed(Press { on: Focused::Figure, ..press(" ") }), Some(Deed::PlayPause));
        assert_eq!(deed(Press { on: Focused::Figure, ..press("ArrowLeft") }), None);
        assert_eq!(deed(Press { ctrl: true, ..press("t") }), None);
        assert_eq!(deed(Press { ctrl: true, ..press("z") }), Some(Deed::Undo));
        assert_eq!(deed(Press { ctrl: true, shift: true, ..press("Z") }), Some(Deed::Redo));
        assert_eq!(deed(Press { ctrl: true, typing: true, ..press("z") }), None, "a text field takes back its own");
    }

    #[test]
    fn the_question_mark_is_known_by_its_character() {
        assert_eq!(deed(press("?")), Some(Deed::Help));
        assert_eq!(deed(Press { shift: true, ..press("?") }), Some(Deed::Help));
        assert_eq!(deed(Press { shift: true, ..press("ArrowRight") }), Some(Deed::LessonNext));
        assert_eq!(deed(Press { shift: true, ..press("K") }), None, "Shift K is not K");
    }
}
