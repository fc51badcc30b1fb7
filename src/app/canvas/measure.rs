//! Measures the anchors of a figure, in the canvas's own pixels.

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlCanvasElement, HtmlElement};

use super::geometry::Rect;
use super::layout::{Anchored, Layout, StripColumns};
use crate::engine::common::Offset;

/// Where everything stands now. `scale` is the size of type relative to a desk.
#[must_use]
pub fn measure(plane: &HtmlElement, canvas: &HtmlCanvasElement, scale: f64) -> Layout {
    let origin = canvas.get_bounding_client_rect();
    let (width, height) = (f64::from(canvas.offset_width()), f64::from(canvas.offset_height()));
    // Under CSS zoom the boxes on screen are larger than the pixels the canvas counts.
    let zoom = if width > 0.0 && origin.width() > 0.0 { origin.width() / width } else { 1.0 };
    let rect_of = |element: &Element| {
        let rect = element.get_bounding_client_rect();
        Rect {
            x: (rect.x() - origin.x()) / zoom,
            y: (rect.y() - origin.y()) / zoom,
            width: rect.width() / zoom,
            height: rect.height() / zoom,
        }
    };
    let mut layout = Layout { width, height, scale, ..Layout::default() };
    let Ok(anchors) = plane.query_selector_all("[data-anchor]") else { return layout };
    for index in 0..anchors.length() {
        let Some(element) = anchors.get(index).and_then(|node| node.dyn_into::<Element>().ok()) else { continue };
        let Some(name) = element.get_attribute("data-anchor") else { continue };
        let rect = rect_of(&element);
        let card = element.closest(".card, .peer").ok().flatten().map_or(rect, |card| rect_of(&card));
        layout.anchors.insert(name, Anchored { rect, card, columns: columns_of(&element) });
    }
    layout
}

fn columns_of(strip: &Element) -> Option<StripColumns> {
    let number = |name: &str| strip.get_attribute(name)?.parse::<u64>().ok();
    Some(StripColumns {
        from: Offset(number("data-from")?),
        fold: number("data-fold")?,
        count: number("data-columns")?,
        used: number("data-used")?,
    })
}
