//! Strokes of the painter: paths in the style of their class, envelopes, streams.

use js_sys::Array;
use wasm_bindgen::JsValue;
use web_sys::{CanvasRenderingContext2d, Path2d};

use super::geometry::{Curve, Point, Rect};
use super::palette::Palette;
use crate::app::components::stage::class_filter::class_icon;
use crate::app::components::stage::glyph::{key_number, shape_of};
use crate::app::components::stage::icon::{Icon, Ink};
use crate::engine::protocol::Class;
use crate::view::envelope::{Envelope, EnvelopeFate};
use crate::view::scene::Glyph;

/// The part of a path that is still to be travelled.
const PALE: f64 = 0.42;
/// Traffic that says nothing new.
const QUIET: f64 = 0.5;
/// A line that waits rather than moves.
const WAITING: f64 = 0.78;
const ENVELOPE_HEIGHT: f64 = 24.0;
const LEAST_ENVELOPE_WIDTH: f64 = 34.0;
const GLYPH: f64 = 12.0;
const GLYPH_GAP: f64 = 3.0;
/// So many glyphs fit into an envelope; the rest is a number.
const GLYPHS: usize = 3;
const TEXT: f64 = 10.5;
/// Advance of one character of a monospace face, in ems.
const ADVANCE: f64 = 0.602;

/// A context with the colours and the size to draw with.
pub struct Brush<'a> {
    pub context: &'a CanvasRenderingContext2d,
    pub palette: &'a Palette,
    pub scale: f64,
    pub plane_width: f64,
}

impl Brush<'_> {
    /// A path: the travelled part full, the part ahead pale, an arrow at its end. Quiet traffic is pale all along.
    pub fn path(&self, curve: &Curve, class: Class, travelled: f64, fate: EnvelopeFate, quiet: bool) {
        if quiet {
            return self.stroke(curve, self.palette.line(class), 1.0, &[1.5, 3.5], QUIET);
        }
        let (behind, ahead) = curve.split(curve.parameter_at(travelled));
        self.line(&behind, class, 1.0);
        if fate == EnvelopeFate::WillBeLost {
            self.stroke(&ahead, &self.palette.fault, 1.75, &[3.0, 4.0], PALE + 0.2);
        } else {
            self.line(&ahead, class, PALE);
            self.arrow(curve, self.palette.line(class));
        }
    }

    /// The line from a waiting request to its owner, with a dot where it waits.
    pub fn waiting(&self, curve: &Curve, class: Class) {
        self.line(curve, class, WAITING);
        self.dot(curve.to, 3.4, self.palette.line(class));
    }

    /// A stream: one thick path, wider the more it carries, and its number.
    pub fn stream(&self, curve: &Curve, class: Class, count: usize) {
        let width = 3.0 + (count as f64).log10() * 2.5;
        self.stroke(curve, self.palette.line(class), width, &[], 0.55);
        self.arrow(curve, self.palette.line(class));
        let label = format!("×{count}");
        let width = (self.text_width(&label) + 14.0 * self.scale).max(LEAST_ENVELOPE_WIDTH * self.scale);
        let pill = Rect::around(curve.at(0.5), width, 20.0 * self.scale);
        self.rounded(pill, 10.0, self.palette.tint(class), self.palette.line(class), self.palette.path_px);
        self.text(&label, pill.centre(), &self.palette.ink);
    }

    /// An envelope at its place; returns the box it covers. A quiet one is small and says nothing.
    pub fn envelope(&self, envelope: &Envelope, at: Point, selected: bool) -> Rect {
        if envelope.quiet {
            let rect = Rect::around(at, 13.0 * self.scale, 9.0 * self.scale);
            let fill = if envelope.is_response { self.palette.tint(envelope.class) } else { &self.palette.card };
            let line = if selected { &self.palette.accent } else { self.palette.line(envelope.class) };
            self.rounded(rect, 2.0, fill, line, 1.0);
            return rect;
        }
        let fill = if envelope.is_response { self.palette.tint(envelope.class) } else { &self.palette.card };
        let line = self.palette.line(envelope.class);
        let width = self.envelope_width(envelope);
        // A way may run along the edge of the plane; the envelope on it is drawn whole.
        let half = width / 2.0 + 2.0;
        let at = Point::new(at.x.min(self.plane_width - half).max(half), at.y);
        let rect = Rect::around(at, width, ENVELOPE_HEIGHT * self.scale);
        if selected {
            let ring = Rect::around(at, rect.width + 8.0 * self.scale, rect.height + 8.0 * self.scale);
            self.rounded(ring, 7.0, &self.palette.card, &self.palette.accent, 2.0);
        }
        self.rounded(rect, 4.0, fill, line, self.palette.path_px / self.scale);
        self.flap(rect, line);
        self.content(envelope, rect);
        match envelope.fate {
            EnvelopeFate::Arrives => {}
            EnvelopeFate::Held => {
                self.badge(Point::new(rect.x - 8.0 * self.scale, at.y + 4.0 * self.scale), Icon::Clamp)
            }
            EnvelopeFate::WillBeLost => {
                self.badge(Point::new(rect.x - 8.0 * self.scale, at.y + 4.0 * self.scale), Icon::Cross)
            }
        }
        rect
    }

    /// The width an envelope needs for what it carries.
    fn envelope_width(&self, envelope: &Envelope) -> f64 {
        let inside = if !envelope.glyphs.is_empty() {
            let glyphs = envelope.glyphs.len().min(GLYPHS) as f64;
            let row = (glyphs * (GLYPH + GLYPH_GAP) - GLYPH_GAP) * self.scale;
            row + self.more(envelope).map_or(0.0, |more| self.text_width(&more) + 3.0 * self.scale)
        } else if envelope.text.is_empty() {
            GLYPH * self.scale
        } else {
            self.text_width(&envelope.text)
        };
        (inside + 13.0 * self.scale).max(LEAST_ENVELOPE_WIDTH * self.scale)
    }

    fn more(&self, envelope: &Envelope) -> Option<String> {
        envelope.glyphs.len().checked_sub(GLYPHS).filter(|&more| more > 0).map(|more| format!("+{more}"))
    }

    fn content(&self, envelope: &Envelope, rect: Rect) {
        let size = GLYPH * self.scale;
        let middle = rect.y + 15.0 * self.scale;
        if !envelope.glyphs.is_empty() {
            let more = self.more(envelope);
            let shown = envelope.glyphs.len().min(GLYPHS);
            let row = (shown as f64 * (GLYPH + GLYPH_GAP) - GLYPH_GAP) * self.scale;
            let whole = row + more.as_deref().map_or(0.0, |more| self.text_width(more) + 3.0 * self.scale);
            let mut x = rect.centre().x - whole / 2.0;
            for &glyph in envelope.glyphs.iter().take(GLYPHS) {
                self.glyph(glyph, Point::new(x, middle - size / 2.0), size);
                x += (GLYPH + GLYPH_GAP) * self.scale;
            }
            if let Some(more) = more {
                let centre = Point::new(x + self.text_width(&more) / 2.0, middle);
                self.text(&more, centre, &self.palette.ink_2);
            }
        } else if envelope.text.is_empty() {
            let corner = Point::new(rect.centre().x - size / 2.0, middle - size / 2.0);
            self.icon(class_icon(envelope.class), corner, size, self.palette.line(envelope.class));
        } else {
            self.text(&envelope.text, Point::new(rect.centre().x, middle), &self.palette.ink);
        }
    }

    /// The flap shows that an envelope is sealed: what is inside cannot change on the way.
    fn flap(&self, rect: Rect, colour: &str) {
        let inset = 1.5 * self.scale;
        let context = self.context;
        context.begin_path();
        context.move_to(rect.x + inset, rect.y + inset);
        context.line_to(rect.centre().x, rect.y + 6.5 * self.scale);
        context.line_to(rect.right() - inset, rect.y + inset);
        context.set_stroke_style_str(colour);
        context.set_line_width(1.4 * self.scale);
        context.stroke();
    }

    /// A red circle beside an envelope: held, or not going to arrive.
    fn badge(&self, at: Point, icon: Icon) {
        let radius = 9.0 * self.scale;
        let circle = Rect::around(at, radius * 2.0, radius * 2.0);
        self.rounded(circle, 9.0, &self.palette.card, &self.palette.fault, 1.5);
        let size = 11.0 * self.scale;
        self.icon(icon, Point::new(at.x - size / 2.0, at.y - size / 2.0), size, &self.palette.fault);
    }

    fn line(&self, curve: &Curve, class: Class, alpha: f64) {
        let colour = self.palette.line(class);
        match class {
            Class::Produce => self.stroke(curve, colour, 1.75, &[], alpha),
            Class::Replicate => {
                self.stroke(curve, colour, 4.5, &[], alpha);
                self.stroke(curve, &self.palette.card, 1.5, &[], 1.0);
            }
            Class::Fetch => self.stroke(curve, colour, 1.75, &[7.0, 4.0], alpha),
            Class::Group => self.stroke(curve, colour, 2.25, &[0.1, 4.5], alpha),
            Class::Control => self.stroke(curve, colour, 1.75, &[8.0, 3.0, 1.5, 3.0], alpha),
            Class::Liveness => self.stroke(curve, colour, 1.5, &[0.1, 7.0], alpha),
        }
    }

    fn stroke(&self, curve: &Curve, colour: &str, width: f64, dashes: &[f64], alpha: f64) {
        let context = self.context;
        context.begin_path();
        context.move_to(curve.from.x, curve.from.y);
        let Curve { leave, arrive, to, .. } = curve;
        context.bezier_curve_to(leave.x, leave.y, arrive.x, arrive.y, to.x, to.y);
        self.set_dashes(dashes);
        context.set_line_cap("round");
        context.set_global_alpha(alpha);
        context.set_stroke_style_str(colour);
        context.set_line_width(width * self.scale);
        context.stroke();
        context.set_global_alpha(1.0);
        self.set_dashes(&[]);
    }

    fn set_dashes(&self, dashes: &[f64]) {
        let list: Array = dashes.iter().map(|dash| JsValue::from_f64(dash * self.scale)).collect();
        // Fails only on negative lengths, of which there are none.
        let _ = self.context.set_line_dash(&list);
    }

    fn arrow(&self, curve: &Curve, colour: &str) {
        let (tip, along) = (curve.to, curve.arrival());
        let (length, half) = (7.0 * self.scale, 4.0 * self.scale);
        let context = self.context;
        context.begin_path();
        context.move_to(tip.x, tip.y);
        context.line_to(tip.x - along.x * length - along.y * half, tip.y - along.y * length + along.x * half);
        context.line_to(tip.x - along.x * length + along.y * half, tip.y - along.y * length - along.x * half);
        context.close_path();
        context.set_fill_style_str(colour);
        context.fill();
    }

    fn dot(&self, at: Point, radius: f64, colour: &str) {
        let circle = Rect::around(at, radius * 2.0 * self.scale, radius * 2.0 * self.scale);
        self.rounded(circle, radius, colour, colour, 0.5);
    }

    fn rounded(&self, rect: Rect, radius: f64, fill: &str, line: &str, width: f64) {
        let context = self.context;
        context.begin_path();
        // Fails only on a negative radius.
        let _ = context.round_rect_with_f64(rect.x, rect.y, rect.width, rect.height, radius * self.scale);
        context.set_fill_style_str(fill);
        context.fill();
        context.set_stroke_style_str(line);
        context.set_line_width(width * self.scale);
        context.stroke();
    }

    fn glyph(&self, glyph: Glyph, corner: Point, size: f64) {
        let colour = self.palette.key(glyph);
        self.in_box(corner, size, || {
            if let Ok(path) = Path2d::new_with_path_string(shape_of(glyph).solid) {
                self.context.set_fill_style_str(colour);
                self.context.fill_with_path_2d(&path);
            }
        });
        if let Some(number) = key_number(glyph) {
            let at = Point::new(corner.x + size * 1.1, corner.y + size * 0.9);
            self.text(&number.to_string(), at, &self.palette.ink_2);
        }
    }

    fn icon(&self, icon: Icon, corner: Point, size: f64, colour: &str) {
        let (data, ink) = icon.art();
        self.in_box(corner, size, || {
            let Ok(path) = Path2d::new_with_path_string(data) else { return };
            match ink {
                Ink::Fill => {
                    self.context.set_fill_style_str(colour);
                    self.context.fill_with_path_2d(&path);
                }
                Ink::Line(width) => {
                    self.context.set_stroke_style_str(colour);
                    self.context.set_line_width(width);
                    self.context.set_line_cap("round");
                    self.context.set_line_join("round");
                    self.context.stroke_with_path(&path);
                }
            }
        });
    }

    /// Draws in a box of 16 by 16, laid at `corner` in the given size.
    fn in_box(&self, corner: Point, size: f64, draw: impl FnOnce()) {
        self.context.save();
        // Fails only on numbers that are not finite.
        let _ = self.context.translate(corner.x, corner.y);
        let _ = self.context.scale(size / 16.0, size / 16.0);
        draw();
        self.context.restore();
    }

    fn text(&self, text: &str, centre: Point, colour: &str) {
        let context = self.context;
        context.set_font(&format!("600 {:.2}px {}", TEXT * self.scale, self.palette.mono));
        context.set_text_align("center");
        context.set_text_baseline("middle");
        context.set_fill_style_str(colour);
        // Fails only on a context that is lost; then there is nothing to draw on.
        let _ = context.fill_text(text, centre.x, centre.y + 0.5 * self.scale);
    }

    fn text_width(&self, text: &str) -> f64 {
        // Chinese characters are as wide as two Latin ones.
        let advances: usize = text.chars().map(|c| if c.is_ascii() || c < '\u{2e80}' { 1 } else { 2 }).sum();
        advances as f64 * ADVANCE * TEXT * self.scale
    }
}
