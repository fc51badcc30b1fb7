//! The root of the page: holds the run and the small state, carries out actions, turns frames into moves.
//!
//! Nobody else changes anything. An action is carried out between two drawings; a drawing only looks.

use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::Rc;

use gloo::events::EventListener;
use yew::prelude::*;

use super::components::shell::shell::Shell;
use super::components::stage::density::Density;
use super::components::stage::depth::depth_of_others;
use super::hooks::frame_loop::{FrameLoop, now_ms};
use super::hooks::keyboard;
use super::i18n::Lang;
use super::opening::{
    comparison_address, first_model, lesson_in_address, sandbox_address, template_of_page, write_address,
};
use super::parking::{Parked, Parking};
use super::state::action::{Landmark, Note, Tone, UiAction};
use super::state::clock::{Watch, note_event};
use super::state::commands;
use super::state::compare::{self, Compared, Hand, Rival, comparisons};
use super::state::frames::Frames;
use super::state::keys::Deed;
use super::state::knob::Turning;
use super::state::lesson::{LessonRun, catalog};
use super::state::model::Model;
use super::state::page::{Page, Parcel};
use super::state::prefs::{Prefs, Query};
use super::state::rescue;
use super::state::sandbox;
use super::state::ui::{Dialog, LeftRun, Mode, Tab, Ui};
use crate::console;
use crate::engine::common::{Span, TopicPartition};
use crate::engine::{Refusal, Setup, World};
use crate::session::{BranchId, PlaybackCommand, Turned};
use crate::view::build::{Focus, scene, topic_in_view};
use crate::view::scene::Scene;

/// Computing takes no more of a frame than this.
const FRAME_BUDGET_MS: f64 = 6.0;

/// While the clock runs, components are drawn no more often than this.
const DRAW_EVERY_MS: f64 = 100.0;

/// While the clock runs, the run is kept this often.
const KEEP_EVERY_MS: f64 = 2_000.0;

/// While something takes more than a frame, smoothness waits.
const WORK_BUDGET_MS: f64 = 24.0;

/// Stands for an attribute that is not there.
const ABSENT: &str = "\u{0}";

/// Offsets that a strip has room for, at most.
const SLOTS: u32 = 12;

pub enum Msg {
    Do(UiAction),
    Key(Deed),
    Frame(f64),
    Route,
}

pub struct App {
    model: Rc<RefCell<Model>>,
    ui: Rc<Ui>,
    prefs: Prefs,
    scene: Rc<Scene>,
    frames: Frames,
    revision: u64,
    /// The last drawing followed the one before it in time: changes may be shown as motions.
    moves: bool,
    frame_loop: FrameLoop,
    /// When the last frame was, while frames follow one another.
    last_frame_ms: Option<f64>,
    last_draw_ms: f64,
    last_keep_ms: f64,
    /// Something changed that no drawing shows yet.
    is_stale: bool,
    drawn_step: u64,
    /// Attributes of the root element as they were last written.
    root: Vec<(&'static str, String)>,
    /// `?panic=1`: stops on purpose at the next event, for the test of what happens then.
    panics: bool,
    /// The right one, where two runs are compared.
    rival: Option<Rival>,
    parking: Parking,
    parcel: Rc<RefCell<Option<Parcel>>>,
    send: Callback<UiAction>,
    _listeners: Vec<Option<EventListener>>,
}

impl Component for App {
    type Message = Msg;
    type Properties = ();

    fn create(ctx: &Context<Self>) -> Self {
        let query = Query::of_page();
        let prefs = Prefs::load();
        let mut ui = prefs.ui(&query);
        let (model, rival) = first_model(&query, &mut ui);
        ui.template = template_of_page(&query);
        let link = ctx.link();
        let (on_key, on_frame, on_route) = (link.clone(), link.clone(), link.clone());
        let listeners = vec![
            keyboard::listen(move |deed| on_key.send_message(Msg::Key(deed))),
            web_sys::window()
                .map(|window| EventListener::new(&window, "hashchange", move |_| on_route.send_message(Msg::Route))),
        ];
        let mut app = Self {
            model: Rc::new(RefCell::new(model)),
            ui: Rc::new(ui),
            prefs,
            scene: Rc::default(),
            frames: Frames::default(),
            revision: 0,
            moves: false,
            frame_loop: FrameLoop::new(move |now| on_frame.send_message(Msg::Frame(now))),
            last_frame_ms: None,
            last_draw_ms: 0.0,
            last_keep_ms: 0.0,
            is_stale: false,
            drawn_step: 0,
            root: Vec::new(),
            panics: query.get("panic").is_some_and(|value| value == "1") && !query.has(rescue::RESTORE),
            rival,
            parking: Parking::default(),
            parcel: Rc::default(),
            send: link.callback(Msg::Do),
            _listeners: listeners,
        };
        app.look_at_lesson();
        app.redraw(false);
        app.after_change();
        app
    }

    fn update(&mut self, _: &Context<Self>, msg: Msg) -> bool {
        match msg {
            Msg::Do(action) => self.carry_out(&action),
            Msg::Key(deed) => self.press(deed),
            Msg::Frame(now_ms) => self.frame(now_ms),
            Msg::Route => match lesson_in_address() {
                Some(id) if self.lesson_id().as_ref() != Some(&id) => self.carry_out(&UiAction::OpenLesson(id)),
                _ => false,
            },
        }
    }

    fn view(&self, _: &Context<Self>) -> Html {
        let page = Page::new(
            self.ui.clone(),
            self.scene.clone(),
            self.model.clone(),
            self.frames.clone(),
            (self.revision, self.moves),
            self.parcel.clone(),
            self.send.clone(),
        )
        .beside(self.rival.clone(), self.own_run());
        html! {
            <ContextProvider<Lang> context={self.ui.lang}>
                <ContextProvider<Page> context={page}><Shell /></ContextProvider<Page>>
            </ContextProvider<Lang>>
        }
    }

    fn rendered(&mut self, _: &Context<Self>, _: bool) {
        self.write_root();
    }
}

impl App {
    // ---- actions -----------------------------------------------------------------------------------------------

    /// Carries out an action; true if the page is to be drawn again.
    fn carry_out(&mut self, action: &UiAction) -> bool {
        let before = Rc::clone(&self.ui);
        let began = now_ms();
        let meant = self.meant(action);
        let note = match &*meant {
            UiAction::OpenLesson(id) => self.open_lesson(id),
            UiAction::Mode(mode) => self.open_mode(*mode),
            UiAction::Restart(setup) => self.stand(&self.ui.template.clone(), setup),
            UiAction::Stand(template, setup) => self.stand(template, setup),
            UiAction::BringBack => self.bring_back(),
            UiAction::Compare(id) => self.compare(id),
            UiAction::CompareWith(branch) => self.compare_branches(*branch),
            UiAction::CompareTurned(turning) => self.compare_turned(turning),
            UiAction::Run(_) | UiAction::RunAll(_) => {
                let lost_before = lost_messages(&self.model.borrow());
                let note = self.act(&meant);
                note.or_else(|| response(&self.model.borrow(), &meant, lost_before))
            }
            UiAction::Console(_) => self.act(&meant),
            UiAction::Undo | UiAction::Redo => self.act(&meant),
            UiAction::Step => self.step(&meant, Landmark::Event),
            UiAction::RunTo(landmark) => self.step(&meant, *landmark),
            _ => self.model.borrow_mut().perform(&meant),
        };
        self.keep_up(&mut || now_ms() - began > WORK_BUDGET_MS);
        // A run that could not be opened leaves everything as it was, with the reason beside it.
        let refused = note.as_ref().is_some_and(|note| note.tone == Tone::Refused) && opens_a_run(action);
        let mut ui = if refused { (*self.ui).clone() } else { self.ui.after(action) };
        if let Some(note) = note {
            ui = ui.after(&UiAction::Say(note));
        }
        // What only rings or points changes nothing but the ring.
        let only_points = matches!(action, UiAction::Point(_));
        if only_points && ui == *before {
            return false;
        }
        self.ui = Rc::new(ui);
        if opens_a_run(action) {
            self.look_at_lesson();
        }
        if self.prefs.note(&self.ui) {
            self.prefs.save();
        }
        let stepped = matches!(*meant, UiAction::Step | UiAction::Run(_) | UiAction::Console(_) | UiAction::RunTo(_));
        if only_points {
            self.revision += 1;
        } else {
            self.redraw(stepped);
            self.after_change();
        }
        true
    }

    fn open_lesson(&mut self, id: &str) -> Option<Note> {
        match LessonRun::open(id) {
            Ok((lesson, session)) => {
                self.replace_model(Mode::Lessons, Model::of_lesson(session, lesson), None);
                write_address(&format!("#/lesson/{id}"));
                None
            }
            Err(refusal) => Some(Note::refused(refusal.0)),
        }
    }

    fn open_mode(&mut self, mode: Mode) -> Option<Note> {
        if mode == self.ui.mode {
            return None;
        }
        if let Some(run) = self.parking.take(mode) {
            self.put_on_stage(run);
            return None;
        }
        match mode {
            Mode::Lessons => {
                let first = catalog().lessons().first().map(|lesson| lesson.id.clone())?;
                self.open_lesson(&first)
            }
            Mode::Sandbox => {
                let template = sandbox::template(&self.ui.template);
                self.stand(&template.id, &template.setup)
            }
            Mode::Compare => self.compare(&comparisons().first()?.id),
        }
    }

    /// The sandbox stands, with this template and this setup.
    fn stand(&mut self, template: &str, setup: &Setup) -> Option<Note> {
        let template = sandbox::template(template);
        match sandbox::session(template, setup.clone()) {
            Ok(session) => {
                self.replace_model(Mode::Sandbox, Model::new(session), None);
                let mut ui = (*self.ui).clone();
                ui.mode = Mode::Sandbox;
                ui.template.clone_from(&template.id);
                self.ui = Rc::new(ui);
                write_address(&sandbox_address(&template.id));
                Some(Note::key("ui-note-restarted"))
            }
            Err(reason) => Some(Note::refused(reason)),
        }
    }

    /// The run that was replaced and the present one change places.
    fn bring_back(&mut self) -> Option<Note> {
        let run = self.parking.take_left()?;
        self.put_on_stage(run);
        None
    }

    fn put_on_stage(&mut self, run: Parked) {
        self.leave_run(run.what.mode());
        let mut ui = (*self.ui).clone();
        run.announce(&mut ui);
        self.ui = Rc::new(ui);
        (self.model, self.rival) = (run.model, run.rival);
        self.last_frame_ms = None;
    }

    /// Keeps the present run, standing still, to be gone back to.
    fn leave_run(&mut self, room_for: Mode) {
        let what = match (self.lesson_id(), &self.ui.compared) {
            (Some(id), _) => LeftRun::Lesson(id),
            (None, Some(what)) if self.rival.is_some() => LeftRun::Comparison(what.clone()),
            _ => LeftRun::Sandbox(self.ui.template.clone()),
        };
        self.model.borrow_mut().perform(&UiAction::Playback(PlaybackCommand::Pause));
        let run = Parked { model: Rc::clone(&self.model), rival: self.rival.take(), what };
        self.parking.leave(run, room_for);
        let mut ui = (*self.ui).clone();
        ui.left = self.parking.left().cloned();
        self.ui = Rc::new(ui);
    }

    /// A new run gets a cell of its own, so that whoever watches the old one notices.
    fn replace_model(&mut self, mode: Mode, model: Model, rival: Option<Model>) {
        self.leave_run(mode);
        self.model = Rc::new(RefCell::new(model));
        self.rival = rival.map(Rival::new);
        self.last_frame_ms = None;
    }

    // ---- two runs under one clock ------------------------------------------------------------------------------

    fn compare(&mut self, id: &str) -> Option<Note> {
        match compare::open(id) {
            Ok([left, right]) => {
                self.set_beside(left, right, Compared::Ready(id.to_owned()));
                None
            }
            Err(refusal) => Some(Note::refused(refusal.0)),
        }
    }

    /// What "this run" means to the reader: of two that are compared, the one that was on the stage before.
    fn own_run(&self) -> Rc<RefCell<Model>> {
        let before = self.rival.as_ref().and_then(|_| self.parking.own());
        Rc::clone(before.unwrap_or(&self.model))
    }

    fn compare_branches(&mut self, other: BranchId) -> Option<Note> {
        let ([left, right], what) = compare::branches(self.own_run().borrow().session(), other);
        self.set_beside(left, right, what);
        None
    }

    fn compare_turned(&mut self, turning: &Turning) -> Option<Note> {
        let own = self.own_run();
        let turned = own.borrow().session().with_turned(&turning.knob);
        match turned {
            Ok(Turned { session, refused }) => {
                let left = Model::new(own.borrow().session().clone());
                let what = Compared::Turned { left: turning.left.clone(), right: turning.right.clone() };
                self.set_beside(left, Model::new(session), what);
                let (command, Refusal(reason)) = refused.first()?;
                let first = format!("{}: {reason}", console::print(command));
                Some(Note::with("ui-knob-refused", vec![("count", refused.len().to_string()), ("first", first)]))
            }
            Err(Refusal(reason)) => Some(Note::refused(reason)),
        }
    }

    fn set_beside(&mut self, left: Model, right: Model, what: Compared) {
        self.replace_model(Mode::Compare, left, Some(right));
        write_address(&comparison_address(&what));
        let mut ui = (*self.ui).clone();
        (ui.mode, ui.compared) = (Mode::Compare, Some(what));
        self.ui = Rc::new(ui);
    }

    /// What is done in the right figure is done as in the left one; only its events have numbers of their own.
    fn meant<'a>(&self, action: &'a UiAction) -> Cow<'a, UiAction> {
        let UiAction::OnRight(inner) = action else { return Cow::Borrowed(action) };
        match (&**inner, &self.rival) {
            (UiAction::SeekStep(step), Some(rival)) => {
                let right = rival.model.borrow();
                let record = right.session().known().iter().find(|record| record.step == *step);
                Cow::Owned(UiAction::SeekTime(record.map_or(right.session().now(), |record| record.at)))
            }
            _ => Cow::Borrowed(inner),
        }
    }

    /// Does something to the clusters that it is meant for; the first refusal is told.
    fn act(&mut self, action: &UiAction) -> Option<Note> {
        let Some(rival) = &self.rival else { return self.model.borrow_mut().perform(action) };
        let sides = [(Hand::Left, &self.model), (Hand::Right, &rival.model)];
        let meant = sides.into_iter().filter(|(side, _)| self.ui.hand.reaches(*side));
        let notes: Vec<Note> = meant.filter_map(|(_, model)| model.borrow_mut().perform(action)).collect();
        notes.iter().find(|note| note.tone == Tone::Refused).or(notes.first()).cloned()
    }

    /// To the next such thing in either run.
    fn step(&mut self, action: &UiAction, landmark: Landmark) -> Option<Note> {
        let note = self.model.borrow_mut().perform(action);
        if let Some(rival) = &self.rival
            && !self.model.borrow().is_at_work()
        {
            let until = self.model.borrow().session().now();
            let mut right = rival.model.borrow_mut();
            if right.first(landmark, until) {
                let sooner = right.session().now();
                self.model.borrow_mut().perform(&UiAction::SeekTime(sooner));
            }
        }
        note
    }

    fn keep_up(&self, is_spent: &mut Watch<'_>) {
        if let Some(rival) = &self.rival {
            rival.model.borrow_mut().keep_up(&self.model.borrow(), is_spent);
        }
    }

    fn lags(&self) -> bool {
        self.rival.as_ref().is_some_and(|rival| rival.model.borrow().lags(&self.model.borrow()))
    }

    /// Takes the lesson's topic and partition into view.
    fn look_at_lesson(&mut self) {
        let stage = {
            let model = self.model.borrow();
            model.lesson().map(|lesson| lesson.view(model.session(), self.ui.lang).stage)
        };
        let mut ui = (*self.ui).clone();
        (ui.wanted_topic, ui.wanted_partition) = match stage {
            Some(stage) => (Some(stage.topic), stage.subject),
            None if ui.mode == Mode::Compare => match &ui.compared {
                Some(Compared::Ready(id)) => {
                    compare::comparison(id).map_or((None, 0), |one| (Some(one.topic.clone()), one.subject))
                }
                _ => (ui.wanted_topic.clone(), ui.wanted_partition),
            },
            None => {
                let template = sandbox::template(&ui.template);
                (Some(template.topic.clone()), template.subject)
            }
        };
        self.ui = Rc::new(ui);
    }

    fn press(&mut self, deed: Deed) -> bool {
        if let Some(action) = deed.action() {
            return self.carry_out(&action);
        }
        let action = {
            let model = self.model.borrow();
            let (world, selected) = (model.session().world(), self.ui.selected.as_ref());
            match deed {
                Deed::KillOrRestart => commands::kill_or_restart(world, selected).map(UiAction::Run),
                Deed::HoldOrRelease => commands::hold_or_release(world, selected).map(UiAction::Run),
                Deed::DropMessage => commands::drop_selected(selected).map(UiAction::Run),
                Deed::NextBookmark => commands::next_bookmark(model.session()).map(UiAction::SeekTime),
                Deed::CompareBranch => commands::other_branch(model.session()).map(UiAction::CompareWith),
                Deed::BreakMenu => Some(UiAction::Open(Dialog::Break(commands::node_of(selected)))),
                Deed::Why => commands::to_explain(selected, self.subject(world)).map(UiAction::Select),
                Deed::ZoomIn | Deed::ZoomOut => self.zoomed(deed == Deed::ZoomIn),
                Deed::Theme => Some(UiAction::Theme(self.ui.theme.other())),
                Deed::Language => Some(UiAction::Language(self.ui.lang.other())),
                Deed::Find => (self.ui.drawer != Some(Tab::Console)).then_some(UiAction::Drawer(Tab::Console)),
                _ => None,
            }
        };
        match action {
            Some(action) => self.carry_out(&action),
            None if deed == Deed::Find => {
                keyboard::focus("#console-input");
                false
            }
            // As close as can be, or as far.
            None if matches!(deed, Deed::ZoomIn | Deed::ZoomOut) => false,
            None if deed == Deed::CompareBranch => self.carry_out(&UiAction::Open(Dialog::Comparisons)),
            None => self.carry_out(&UiAction::Say(Note::key("ui-note-select-first"))),
        }
    }

    fn zoomed(&self, closer: bool) -> Option<UiAction> {
        let density = if self.ui.presenter { Density::Presenter } else { Density::Desk };
        depth_of_others(&self.scene, density, self.ui.depth).next(closer).map(UiAction::Zoom)
    }

    // ---- frames ------------------------------------------------------------------------------------------------

    /// One frame: the run moves on, what moves is told, components are drawn if it is time.
    fn frame(&mut self, now_ms_of_frame: f64) -> bool {
        let wall_ms = self.last_frame_ms.map_or(16.0, |last| (now_ms_of_frame - last).max(0.0));
        self.last_frame_ms = Some(now_ms_of_frame);
        assert!(!self.panics, "asked to stop by the address of the page");
        let began = now_ms();
        let budget_ms = if self.model.borrow().is_at_work() { WORK_BUDGET_MS } else { FRAME_BUDGET_MS };
        let mut is_spent = || now_ms() - began > budget_ms;
        // Neither of two clocks runs ahead: the one that is behind has the whole frame.
        if !self.lags() {
            self.model.borrow_mut().frame(span_of(wall_ms), &mut is_spent);
        }
        self.keep_up(&mut is_spent);
        let (stepped, wants_more, said) = {
            let mut model = self.model.borrow_mut();
            let step = model.session().world().step_count().0;
            (step != self.drawn_step || self.rival.is_some(), model.wants_frames(), model.take_said())
        };
        let wants_more = wants_more || self.lags();
        self.frames.tell();
        self.is_stale |= stepped;
        let mut draws = false;
        if let Some(note) = said {
            self.ui = Rc::new(self.ui.after(&UiAction::Say(note)));
            draws = true;
        }
        if (self.is_stale && now_ms_of_frame - self.last_draw_ms >= DRAW_EVERY_MS) || !wants_more {
            draws = true;
        }
        if now_ms_of_frame - self.last_keep_ms > KEEP_EVERY_MS || !wants_more {
            self.keep(now_ms_of_frame);
        }
        if draws {
            self.last_draw_ms = now_ms_of_frame;
            self.redraw(true);
        }
        self.ask_for_frame();
        draws
    }

    fn ask_for_frame(&mut self) {
        if self.model.borrow().wants_frames() || self.lags() || self.panics {
            self.frame_loop.ask();
        } else {
            self.last_frame_ms = None;
        }
    }

    // ---- drawing -----------------------------------------------------------------------------------------------

    /// Makes the scene anew, for the drawing that follows.
    fn redraw(&mut self, moves: bool) {
        let model = self.model.borrow();
        let world = model.session().world();
        let topic = self.ui.topic.and_then(|id| Some(world.image().topic(id)?.name.to_string()));
        let wanted = || self.ui.wanted_topic.clone().filter(|name| exists(world, name));
        let focus = Focus { topic: topic.or_else(wanted), slots: SLOTS };
        self.scene = Rc::new(picture(&model, &focus));
        if self.ui.subject.is_none()
            && let Some(id) = topic_in_view(world, &focus)
            && self.ui.wanted_partition > 0
        {
            let mut ui = (*self.ui).clone();
            ui.subject = Some(TopicPartition::new(id, ui.wanted_partition));
            self.ui = Rc::new(ui);
        }
        if let Some(rival) = &mut self.rival {
            let right = rival.model.borrow();
            let topic = focus.topic.clone().filter(|name| exists(right.session().world(), name));
            rival.scene = Rc::new(picture(&right, &Focus { topic, ..focus }));
        }
        note_event(model.session());
        self.moves = moves;
        self.revision += 1;
        self.is_stale = false;
        self.drawn_step = world.step_count().0;
    }

    /// After an action: whoever wants frames gets them, the run and the reader's progress are kept.
    fn after_change(&mut self) {
        self.frames.tell();
        self.keep(now_ms());
        self.ask_for_frame();
    }

    fn keep(&mut self, now_ms: f64) {
        self.last_keep_ms = now_ms;
        let model = self.model.borrow();
        rescue::keep(model.session());
        if let Some(lesson) = model.lesson() {
            let id = lesson.lesson().id.clone();
            if self.prefs.note_progress(&id, lesson.steps_read()) {
                self.prefs.save();
            }
        }
    }

    fn lesson_id(&self) -> Option<String> {
        self.model.borrow().lesson().map(|lesson| lesson.lesson().id.clone())
    }

    fn subject(&self, world: &World) -> Option<TopicPartition> {
        self.ui.subject.or_else(|| {
            let topic = self.scene.topic.as_ref()?;
            Some(TopicPartition::new(world.image().topic_id(&topic.name)?, self.ui.wanted_partition))
        })
    }

    /// What styles and tests read of the page stands on the root element. Only what has changed is written: the
    /// browser looks at the whole page again for an attribute of the root, even if it is set to what it was.
    fn write_root(&mut self) {
        let Some(root) = super::root_element() else { return };
        let model = self.model.borrow();
        let world = model.session().world();
        let lesson = model.lesson();
        let right = self.rival.as_ref().map(|rival| {
            let model = rival.model.borrow();
            let world = model.session().world();
            (world.now().to_string(), world.fingerprint().to_string())
        });
        let now = [
            ("lang", self.ui.lang.tag().to_owned()),
            ("data-theme", self.ui.theme.name().to_owned()),
            ("data-presenter", self.ui.presenter.then(String::new).unwrap_or_else(|| ABSENT.to_owned())),
            ("data-step", world.step_count().to_string()),
            ("data-time", world.now().to_string()),
            ("data-fingerprint", world.fingerprint().to_string()),
            ("data-right-time", right.as_ref().map_or_else(|| ABSENT.to_owned(), |world| world.0.clone())),
            ("data-right-fingerprint", right.map_or_else(|| ABSENT.to_owned(), |world| world.1)),
            ("data-lesson-phase", lesson.map_or("none", LessonRun::phase_name).to_owned()),
            ("data-playing", model.playback().is_playing().to_string()),
            ("data-busy", model.is_at_work().to_string()),
            ("data-ready", "true".to_owned()),
        ];
        for (index, (name, value)) in now.iter().enumerate() {
            if self.root.get(index).is_some_and(|(_, written)| written == value) {
                continue;
            }
            // Both fail for a malformed name only.
            let _ = if value == ABSENT { root.remove_attribute(name) } else { root.set_attribute(name, value) };
        }
        rescue::note_page(self.ui.lang, lesson.map_or("", |lesson| lesson.lesson().id.as_str()));
        drop(model);
        self.root = now.into();
    }
}

fn picture(model: &Model, focus: &Focus) -> Scene {
    let session = model.session();
    scene(session.world(), model.keys(), session.checker().lost(), focus)
}

fn exists(world: &World, topic: &str) -> bool {
    world.image().topic_id(topic).is_some()
}

fn span_of(milliseconds: f64) -> Span {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to one minute")]
    let micros = (milliseconds.clamp(0.0, 60_000.0) * 1_000.0) as u64;
    Span::micros(micros)
}

fn opens_a_run(action: &UiAction) -> bool {
    matches!(
        action,
        UiAction::OpenLesson(_)
            | UiAction::Mode(_)
            | UiAction::Restart(_)
            | UiAction::Stand(..)
            | UiAction::BringBack
            | UiAction::Compare(_)
            | UiAction::CompareWith(_)
            | UiAction::CompareTurned(_)
    )
}

fn lost_messages(model: &Model) -> usize {
    use crate::engine::Fact;
    use crate::engine::runtime::RuntimeFact;
    let lost = |record: &&crate::engine::Record| matches!(record.fact, Fact::Runtime(RuntimeFact::Lost { .. }));
    model.session().past().iter().filter(lost).count()
}

/// "Done: crash broker-2. Messages in flight that were lost: 2."
fn response(model: &Model, action: &UiAction, lost_before: usize) -> Option<Note> {
    let command = match action {
        UiAction::RunAll(commands) if !commands.is_empty() => {
            return Some(Note::with("ui-note-done-all", vec![("count", commands.len().to_string())]));
        }
        UiAction::Run(command) if commands::is_fault(command) => command,
        _ => return None,
    };
    let lost = lost_messages(model).saturating_sub(lost_before);
    let line = crate::console::print(command);
    Some(if lost == 0 {
        Note::with("ui-note-done", vec![("line", line)])
    } else {
        Note::with("ui-note-done-lost", vec![("line", line), ("lost", lost.to_string())])
    })
}
