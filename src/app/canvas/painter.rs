//! The painter: one canvas, one animation-frame callback, and the decision whether there is anything new to draw.
//!
//! The callback is made once and asked for again only while the clock runs or something has changed; a page that
//! stands still asks for no frames. Between two steps the figure's elements stand still, so the places of all anchors
//! are measured after a change of scene or size and kept.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use wasm_bindgen::prelude::*;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, HtmlElement};

use super::brush::Brush;
use super::geometry::{Point, Rect};
use super::layout::Layout;
use super::measure::measure;
use super::palette::Palette;
use super::route::{route, waiting_line};
use super::traffic::{Flight, FlightFeed, Load, traffic};
use crate::app::components::stage::class_filter::ClassSet;
use crate::app::root_element;
use crate::engine::common::{NodeId, Time};
use crate::engine::protocol::Class;

/// Size of type on a desk; everything painted grows with it.
const DESK_TYPE_PX: f64 = 11.0;
/// A canvas larger than this in either direction is drawn with fewer pixels.
const MOST_PIXELS: f64 = 4_096.0;

/// A request that waits on a broker, to be joined to its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitLine {
    pub owner: NodeId,
    pub broker: NodeId,
    pub class: Class,
    /// Its number among those of this broker on the same side.
    pub row: usize,
}

/// What the page wants painted. Everything but the flight itself changes only with the scene.
#[derive(Clone, PartialEq)]
pub struct Picture {
    pub feed: FlightFeed,
    pub waits: Vec<WaitLine>,
    pub classes: ClassSet,
    pub selected: Option<u64>,
}

/// A handle to a painter; the painting stops when the last one is dropped.
pub struct Painter {
    easel: Rc<RefCell<Easel>>,
}

type FrameCallback = Closure<dyn FnMut()>;

struct Easel {
    canvas: HtmlCanvasElement,
    plane: HtmlElement,
    context: CanvasRenderingContext2d,
    on_layout: Box<dyn Fn(Rc<Layout>)>,
    frame: Option<FrameCallback>,
    /// A frame has been asked for and has not come yet.
    asked: Option<i32>,
    picture: Option<Picture>,
    palette: Palette,
    /// The attributes of the root element that the palette was read under.
    look: Option<String>,
    layout: Rc<Layout>,
    layout_is_stale: bool,
    drawn: Option<(Time, u64)>,
    hits: Vec<(Rect, u64)>,
}

impl Painter {
    /// A painter for the canvas that lies above the plane; `on_layout` hears of every new measurement.
    #[must_use]
    pub fn new(
        canvas: HtmlCanvasElement,
        plane: HtmlElement,
        on_layout: impl Fn(Rc<Layout>) + 'static,
    ) -> Option<Self> {
        let context = canvas.get_context("2d").ok()??.dyn_into().ok()?;
        let easel = Rc::new(RefCell::new(Easel {
            canvas,
            plane,
            context,
            on_layout: Box::new(on_layout),
            frame: None,
            asked: None,
            picture: None,
            palette: Palette::default(),
            look: None,
            layout: Rc::default(),
            layout_is_stale: true,
            drawn: None,
            hits: Vec::new(),
        }));
        let weak = Rc::downgrade(&easel);
        easel.borrow_mut().frame = Some(Closure::new(move || on_frame(&weak)));
        Some(Self { easel })
    }

    /// Paints this from now on. Call it after every change of the scene: elements may have moved.
    pub fn show(&self, picture: Picture) {
        let mut easel = self.easel.borrow_mut();
        easel.picture = Some(picture);
        easel.layout_is_stale = true;
        easel.ask();
    }

    /// Something has changed its size.
    pub fn remeasure(&self) {
        let mut easel = self.easel.borrow_mut();
        easel.layout_is_stale = true;
        easel.ask();
    }

    /// The message under a point of the window, the topmost first.
    #[must_use]
    pub fn message_at(&self, client_x: f64, client_y: f64) -> Option<u64> {
        let easel = self.easel.borrow();
        let origin = easel.canvas.get_bounding_client_rect();
        let zoom = if easel.layout.width > 0.0 { origin.width() / easel.layout.width } else { 1.0 };
        let point = Point::new((client_x - origin.x()) / zoom, (client_y - origin.y()) / zoom);
        easel.hits.iter().rev().find(|(rect, _)| rect.contains(point)).map(|(_, id)| *id)
    }
}

impl Drop for Painter {
    fn drop(&mut self) {
        let mut easel = self.easel.borrow_mut();
        if let (Some(asked), Some(window)) = (easel.asked.take(), web_sys::window()) {
            // Fails only without a window, and then no frame will come either.
            let _ = window.cancel_animation_frame(asked);
        }
    }
}

fn on_frame(easel: &Weak<RefCell<Easel>>) {
    let Some(easel) = easel.upgrade() else { return };
    let measured = {
        let mut easel = easel.borrow_mut();
        easel.asked = None;
        easel.paint()
    };
    // Told outside the borrow: the page may answer by showing another picture at once.
    if let Some(layout) = measured {
        let on_layout = &easel.borrow().on_layout;
        on_layout(layout);
    }
}

impl Easel {
    fn ask(&mut self) {
        if self.asked.is_some() {
            return;
        }
        if let (Some(window), Some(frame)) = (web_sys::window(), &self.frame) {
            self.asked = window.request_animation_frame(frame.as_ref().unchecked_ref()).ok();
        }
    }

    /// Draws if there is anything new; returns the layout if it was measured and has changed.
    fn paint(&mut self) -> Option<Rc<Layout>> {
        let picture = self.picture.clone()?;
        let flight = picture.feed.ask();
        let measured = self.layout_is_stale.then(|| self.measure()).flatten();
        let moment = (flight.at, flight.revision);
        if self.layout_is_stale || self.drawn != Some(moment) {
            self.draw(&picture, &flight);
            self.drawn = Some(moment);
            self.layout_is_stale = false;
        }
        if flight.running {
            self.ask();
        }
        measured
    }

    fn measure(&mut self) -> Option<Rc<Layout>> {
        let look = look_of_page();
        if self.look != look {
            self.palette = Palette::read(&self.plane).unwrap_or_default();
            self.look = look;
        }
        let layout = measure(&self.plane, &self.canvas, self.palette.type_px / DESK_TYPE_PX);
        if *self.layout == layout {
            return None;
        }
        self.layout = Rc::new(layout);
        Some(Rc::clone(&self.layout))
    }

    fn draw(&mut self, picture: &Picture, flight: &Flight) {
        self.clear();
        let layout = Rc::clone(&self.layout);
        let brush =
            Brush { context: &self.context, palette: &self.palette, scale: layout.scale, plane_width: layout.width };
        for wait in picture.waits.iter().filter(|wait| picture.classes.has(wait.class)) {
            if let Some(curve) = waiting_line(&layout, wait.owner, wait.broker, wait.row) {
                brush.waiting(&curve, wait.class);
            }
        }
        let loads = traffic(flight, picture.classes);
        let ways: Vec<_> = loads.iter().filter_map(|(way, load)| Some((way, load, route(&layout, *way)?))).collect();
        // All paths first, then all envelopes: no path crosses over an envelope.
        for (way, load, curve) in &ways {
            if let Load::Single(envelopes) = load {
                let Some(furthest) = envelopes.last() else { continue };
                let quiet = envelopes.iter().all(|envelope| envelope.quiet);
                brush.path(curve, way.class, share(furthest.travelled_permille), furthest.fate, quiet);
            }
        }
        let mut hits = Vec::new();
        for (way, load, curve) in &ways {
            match load {
                Load::Stream { count } => brush.stream(curve, way.class, *count),
                Load::Single(envelopes) => {
                    for envelope in envelopes {
                        let at = curve.at(curve.parameter_at(share(envelope.travelled_permille)));
                        let rect = brush.envelope(envelope, at, picture.selected == Some(envelope.id));
                        hits.push((rect, envelope.id));
                    }
                }
            }
        }
        self.hits = hits;
    }

    /// Clears the canvas and fits its pixels to the screen's.
    fn clear(&self) {
        let screen = web_sys::window().map_or(1.0, |window| window.device_pixel_ratio());
        let (width, height) = (self.layout.width, self.layout.height);
        let density = screen.min(MOST_PIXELS / width.max(1.0)).min(MOST_PIXELS / height.max(1.0));
        let (pixels_wide, pixels_high) = ((width * density).round() as u32, (height * density).round() as u32);
        if (self.canvas.width(), self.canvas.height()) != (pixels_wide, pixels_high) {
            self.canvas.set_width(pixels_wide);
            self.canvas.set_height(pixels_high);
        }
        // Fails only on numbers that are not finite.
        let _ = self.context.set_transform(density, 0.0, 0.0, density, 0.0, 0.0);
        self.context.clear_rect(0.0, 0.0, width, height);
    }
}

fn share(permille: u16) -> f64 {
    f64::from(permille.min(1_000)) / 1_000.0
}

/// Everything about the root element that changes colours or sizes.
fn look_of_page() -> Option<String> {
    let root = root_element()?;
    let attribute = |name: &str| root.get_attribute(name).unwrap_or_else(|| "-".to_owned());
    Some(["data-theme", "data-presenter", "data-contrast"].map(attribute).join("|"))
}
