//! What every component of the page can see and do: the run to read from, and one way to send actions.

use std::cell::{Ref, RefCell};
use std::rc::Rc;

use gloo::file::File;
use yew::prelude::*;

use super::action::UiAction;
use super::compare::Rival;
use super::frames::Frames;
use super::model::Model;
use super::ui::Ui;
use crate::app::selection::Selection;
use crate::engine::command::Command;
use crate::engine::common::TopicPartition;
use crate::view::scene::Scene;

/// The page at one revision. Equal pages draw the same, so components that hold one render once a revision.
#[derive(Clone)]
pub struct Page {
    pub ui: Rc<Ui>,
    pub scene: Rc<Scene>,
    /// Told once a frame, for what moves between two revisions.
    pub frames: Frames,
    pub(super) model: Rc<RefCell<Model>>,
    /// The run whose clock the reader drives; this one's own, unless it is the right one of two.
    pub(super) driver: Rc<RefCell<Model>>,
    pub(super) rival: Option<Rival>,
    /// What "this run" means where two are compared: the one that was there before.
    own: Rc<RefCell<Model>>,
    pub(super) revision: u64,
    pub(super) moves: bool,
    /// A file that was dropped on the figure, until the input tab takes it.
    parcel: Rc<RefCell<Option<Parcel>>>,
    pub(super) send: Callback<UiAction>,
}

impl PartialEq for Page {
    fn eq(&self, other: &Self) -> bool {
        self.revision == other.revision && Rc::ptr_eq(&self.model, &other.model)
    }
}

impl Page {
    #[must_use]
    pub fn new(
        ui: Rc<Ui>,
        scene: Rc<Scene>,
        model: Rc<RefCell<Model>>,
        frames: Frames,
        (revision, moves): (u64, bool),
        parcel: Rc<RefCell<Option<Parcel>>>,
        send: Callback<UiAction>,
    ) -> Self {
        let (driver, own) = (Rc::clone(&model), Rc::clone(&model));
        Self { ui, scene, frames, model, driver, own, rival: None, revision, moves, parcel, send }
    }

    /// With another run beside this one, and the run that the reader came from.
    #[must_use]
    pub fn beside(self, rival: Option<Rival>, own: Rc<RefCell<Model>>) -> Self {
        Self { rival, own, ..self }
    }

    /// The reader's own run: of two that are compared, the one that was there before.
    #[must_use]
    pub fn own_model(&self) -> Ref<'_, Model> {
        self.own.borrow()
    }

    /// The page as the right one of two runs sees it: its own world and picture, and everything done there says so.
    #[must_use]
    pub fn of_rival(&self) -> Option<Self> {
        let rival = self.rival.clone()?;
        let mut ui = (*self.ui).clone();
        ui.subject = self.ui.subject.and_then(|subject| {
            let name = self.model().session().world().image().topic(subject.topic)?.name.clone();
            let topic = rival.model.borrow().session().world().image().topic_id(&name)?;
            Some(TopicPartition { topic, ..subject })
        });
        Some(Self {
            ui: Rc::new(ui),
            scene: rival.scene,
            model: rival.model,
            rival: None,
            send: self.send.reform(|action| UiAction::OnRight(Box::new(action))),
            ..self.clone()
        })
    }

    /// The right one of two runs.
    #[must_use]
    pub fn right_model(&self) -> Option<Ref<'_, Model>> {
        self.rival.as_ref().map(|rival| rival.model.borrow())
    }

    /// The run whose clock the reader drives.
    #[must_use]
    pub fn driver(&self) -> Rc<RefCell<Model>> {
        Rc::clone(&self.driver)
    }

    /// The run, to look at. Nobody changes it while components draw: the root alone does, between two drawings.
    #[must_use]
    pub fn model(&self) -> Ref<'_, Model> {
        self.model.borrow()
    }

    /// The run, for what looks at it in every frame.
    #[must_use]
    pub fn shared_model(&self) -> Rc<RefCell<Model>> {
        Rc::clone(&self.model)
    }

    /// Another number for every drawing.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Another number for every run: after a restart, listeners that hold the old one must let go.
    #[must_use]
    pub fn run(&self) -> usize {
        Rc::as_ptr(&self.model) as usize
    }

    /// Did the world move on since the last drawing, so that changes may be shown as motions? Not after a seek.
    #[must_use]
    pub fn moves(&self) -> bool {
        self.moves
    }

    /// Leaves a file for the input tab.
    pub fn leave(&self, file: File, producer: Option<String>) {
        self.parcel.replace(Some(Parcel { file, producer }));
    }

    /// The file that was left, if one was.
    #[must_use]
    pub fn collect(&self) -> Option<Parcel> {
        self.parcel.take()
    }

    pub fn send(&self, action: UiAction) {
        self.send.emit(action);
    }

    #[must_use]
    pub fn sender(&self) -> Callback<UiAction> {
        self.send.clone()
    }

    /// A click that sends this action.
    #[must_use]
    pub fn on_click(&self, action: UiAction) -> Callback<MouseEvent> {
        self.send.reform(move |_: MouseEvent| action.clone())
    }

    /// Why a command would be refused now, if it would.
    #[must_use]
    pub fn refusal(&self, command: &Command) -> Option<String> {
        self.model().session().world().check(command).err().map(|refusal| refusal.0)
    }

    /// Pointer and focus handlers of a word that stands for a thing.
    #[must_use]
    pub fn pointing(&self, thing: Selection) -> Pointing {
        let on = UiAction::Point(Some(thing));
        let (enter, focus) = (on.clone(), on);
        Pointing {
            onmouseenter: self.send.reform(move |_: MouseEvent| enter.clone()),
            onmouseleave: self.send.reform(|_: MouseEvent| UiAction::Point(None)),
            onfocus: self.send.reform(move |_: FocusEvent| focus.clone()),
            onblur: self.send.reform(|_: FocusEvent| UiAction::Point(None)),
        }
    }
}

/// A file and the producer it is meant for.
pub struct Parcel {
    pub file: File,
    pub producer: Option<String>,
}

/// Handlers that put a ring around a thing while a word for it is pointed at.
pub struct Pointing {
    pub onmouseenter: Callback<MouseEvent>,
    pub onmouseleave: Callback<MouseEvent>,
    pub onfocus: Callback<FocusEvent>,
    pub onblur: Callback<FocusEvent>,
}

/// The page in context.
///
/// # Panics
/// Outside the root component, which provides it.
#[hook]
pub fn use_page() -> Page {
    use_context::<Page>().expect("the root component provides the page")
}
