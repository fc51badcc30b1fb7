//! The root of the page: holds the run and the small state, carries out actions, turns frames into moves.
//!
//! Nobody else changes anything. An action is carried out between two drawings; a drawing only looks.

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
use super::state::action::{Note, Tone, UiAction};
use super::state::clock::note_event;
use super::state::commands;
use super::state::frames::Frames;
use super::state::keys::Deed;
use super::state::lesson::{LessonRun, catalog};
use super::state::model::Model;
use super::state::page::{Page, Parcel};
use super::state::prefs::{Prefs, Query};
use super::state::rescue;
use super::state::sandbox;
use super::state::ui::{Dialog, LeftRun, Mode, Tab, Ui};
use crate::engine::common::{Span, TopicPartition};
use crate::engine::{Setup, World};
use crate::session::{PlaybackCommand, Session};
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
    /// The run that was left for the present one: nothing of the reader's is thrown away by a click.
    left: Option<(Rc<RefCell<Model>>, LeftRun)>,
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
        let (model, mode) = first_model(&query);
        ui.mode = mode;
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
            left: None,
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
        );
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
        let note = match action {
            UiAction::OpenLesson(id) => self.open_lesson(id),
            UiAction::Mode(mode) => self.open_mode(*mode),
            UiAction::Restart(setup) => self.stand(&self.ui.template.clone(), setup),
            UiAction::Stand(template, setup) => self.stand(template, setup),
            UiAction::BringBack => self.bring_back(),
            UiAction::Run(_) | UiAction::RunAll(_) => {
                let lost_before = lost_messages(&self.model.borrow());
                let note = self.model.borrow_mut().perform(action);
                note.or_else(|| response(&self.model.borrow(), action, lost_before))
            }
            _ => self.model.borrow_mut().perform(action),
        };
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
        let stepped = matches!(action, UiAction::Step | UiAction::Run(_) | UiAction::Console(_) | UiAction::RunTo(_));
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
                self.replace_model(Model::of_lesson(session, lesson));
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
        match mode {
            Mode::Lessons => {
                let first = catalog().lessons().first().map(|lesson| lesson.id.clone())?;
                self.open_lesson(&first)
            }
            Mode::Sandbox => {
                let template = sandbox::template(&self.ui.template);
                self.stand(&template.id, &template.setup)
            }
        }
    }

    /// The sandbox stands, with this template and this setup.
    fn stand(&mut self, template: &str, setup: &Setup) -> Option<Note> {
        let template = sandbox::template(template);
        match sandbox::session(template, setup.clone()) {
            Ok(session) => {
                self.replace_model(Model::new(session));
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

    /// The run that was left and the present one change places.
    fn bring_back(&mut self) -> Option<Note> {
        let (model, was) = self.left.take()?;
        self.leave_run();
        self.model = model;
        self.last_frame_ms = None;
        let mut ui = (*self.ui).clone();
        match &was {
            LeftRun::Lesson(id) => {
                ui.mode = Mode::Lessons;
                write_address(&format!("#/lesson/{id}"));
            }
            LeftRun::Sandbox(template) => {
                ui.mode = Mode::Sandbox;
                ui.template.clone_from(template);
                write_address(&sandbox_address(template));
            }
        }
        self.ui = Rc::new(ui);
        None
    }

    /// Keeps the present run as the one to go back to, standing still.
    fn leave_run(&mut self) {
        let was = match self.lesson_id() {
            Some(id) => LeftRun::Lesson(id),
            None => LeftRun::Sandbox(self.ui.template.clone()),
        };
        self.model.borrow_mut().perform(&UiAction::Playback(PlaybackCommand::Pause));
        self.left = Some((Rc::clone(&self.model), was.clone()));
        let mut ui = (*self.ui).clone();
        ui.left = Some(was);
        self.ui = Rc::new(ui);
    }

    /// A new run gets a cell of its own, so that whoever watches the old one notices.
    fn replace_model(&mut self, model: Model) {
        self.leave_run();
        self.model = Rc::new(RefCell::new(model));
        self.last_frame_ms = None;
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
        let (stepped, wants_more, said) = {
            let mut model = self.model.borrow_mut();
            let budget_ms = if model.is_at_work() { WORK_BUDGET_MS } else { FRAME_BUDGET_MS };
            model.frame(span_of(wall_ms), &mut || now_ms() - began > budget_ms);
            let step = model.session().world().step_count().0;
            (step != self.drawn_step, model.wants_frames(), model.take_said())
        };
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
        if self.model.borrow().wants_frames() || self.panics {
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
        self.scene = Rc::new(scene(world, model.keys(), model.session().checker().lost(), &focus));
        if self.ui.subject.is_none()
            && let Some(id) = topic_in_view(world, &focus)
            && self.ui.wanted_partition > 0
        {
            let mut ui = (*self.ui).clone();
            ui.subject = Some(TopicPartition::new(id, ui.wanted_partition));
            self.ui = Rc::new(ui);
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
        let now = [
            ("lang", self.ui.lang.tag().to_owned()),
            ("data-theme", self.ui.theme.name().to_owned()),
            ("data-presenter", self.ui.presenter.then(String::new).unwrap_or_else(|| ABSENT.to_owned())),
            ("data-step", world.step_count().to_string()),
            ("data-time", world.now().to_string()),
            ("data-fingerprint", world.fingerprint().to_string()),
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

fn exists(world: &World, topic: &str) -> bool {
    world.image().topic_id(topic).is_some()
}

fn span_of(milliseconds: f64) -> Span {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to one minute")]
    let micros = (milliseconds.clamp(0.0, 60_000.0) * 1_000.0) as u64;
    Span::micros(micros)
}

/// The run that the page starts with: the one that was kept, a lesson, or the sandbox.
fn first_model(query: &Query) -> (Model, Mode) {
    let restored = query.has(rescue::RESTORE).then(rescue::restored).flatten();
    let wants_sandbox = query.get("mode").is_some_and(|mode| mode == "sandbox")
        || address().is_some_and(|address| address.starts_with("#/sandbox"));
    if let Some(session) = restored {
        // The player of a lesson is not kept: what is restored is played on by hand. Another reload starts afresh.
        let path = web_sys::window().and_then(|window| window.location().pathname().ok()).unwrap_or_default();
        write_address(&format!("{path}#/sandbox"));
        return (Model::new(session), Mode::Sandbox);
    }
    if !wants_sandbox {
        let asked = query.get("lesson").or_else(lesson_in_address);
        let first = || catalog().lessons().first().map(|lesson| lesson.id.clone());
        for id in [asked, first()].into_iter().flatten() {
            if let Ok((lesson, session)) = LessonRun::open(&id) {
                return (Model::of_lesson(session, lesson), Mode::Lessons);
            }
        }
    }
    let template = sandbox::template(&template_of_page(query));
    let session = sandbox::session(template, template.setup.clone()).unwrap_or_else(|_| bare_session());
    (Model::new(session), Mode::Sandbox)
}

/// `?template=ten-brokers`, or `#/sandbox/ten-brokers`; empty for the default.
fn template_of_page(query: &Query) -> String {
    let in_address = || Some(address()?.strip_prefix("#/sandbox/")?.to_owned());
    query.get("template").or_else(in_address).unwrap_or_default()
}

fn sandbox_address(template: &str) -> String {
    if template == sandbox::templates()[0].id { "#/sandbox".to_owned() } else { format!("#/sandbox/{template}") }
}

fn bare_session() -> Session {
    Session::new(Setup::default()).expect("the default setup is sound; a test of the engine starts it")
}

fn address() -> Option<String> {
    web_sys::window()?.location().hash().ok()
}

/// `#/lesson/leader-failover`
fn lesson_in_address() -> Option<String> {
    Some(address()?.strip_prefix("#/lesson/")?.to_owned())
}

/// Replaces the address without a new entry in the history: Back leaves the page, as everywhere.
fn write_address(hash: &str) {
    if let Some(history) = web_sys::window().and_then(|window| window.history().ok()) {
        // Forbidden in a file opened without a server; the page works all the same.
        let _ = history.replace_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(hash));
    }
}

fn opens_a_run(action: &UiAction) -> bool {
    matches!(
        action,
        UiAction::OpenLesson(_) | UiAction::Mode(_) | UiAction::Restart(_) | UiAction::Stand(..) | UiAction::BringBack
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
