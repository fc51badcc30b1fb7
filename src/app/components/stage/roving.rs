//! One tab stop for the whole figure: arrows move to the nearest thing that way, Enter acts on it.

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, KeyboardEvent, Node};
use yew::prelude::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Left,
    Right,
    Up,
    Down,
}

impl Direction {
    fn of(key: &str) -> Option<Self> {
        match key {
            "ArrowLeft" => Some(Self::Left),
            "ArrowRight" => Some(Self::Right),
            "ArrowUp" => Some(Self::Up),
            "ArrowDown" => Some(Self::Down),
            _ => None,
        }
    }
}

/// How far a thing is in a direction: along counts once, across counts more. `None` when it is not that way.
#[must_use]
pub fn distance(from: (f64, f64), to: (f64, f64), direction: Direction) -> Option<f64> {
    const ACROSS: f64 = 2.5;
    let (right, down) = (to.0 - from.0, to.1 - from.1);
    let (along, across) = match direction {
        Direction::Left => (-right, down),
        Direction::Right => (right, down),
        Direction::Up => (-down, right),
        Direction::Down => (down, right),
    };
    (along > 1.0).then(|| along + across.abs() * ACROSS)
}

/// Handles the keys of the figure. The figure itself has the tab stop; what is inside has none.
#[must_use]
pub fn on_keydown(plane: NodeRef) -> Callback<KeyboardEvent> {
    Callback::from(move |event: KeyboardEvent| {
        let Some(plane) = plane.cast::<HtmlElement>() else { return };
        let at = event.target().and_then(|target| target.dyn_into::<HtmlElement>().ok());
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let key = event.key();
        if key == "Enter" || key == " " {
            // Buttons do this by themselves.
            if let Some(at) = at.filter(|at| at.tag_name() != "BUTTON" && at.has_attribute("data-roving")) {
                event.prevent_default();
                event.stop_propagation();
                at.click();
            }
            return;
        }
        let Some(direction) = Direction::of(&key) else { return };
        let inside = at.filter(|at| at.has_attribute("data-roving"));
        let next = match &inside {
            Some(at) => nearest(&plane, at, direction),
            None => things(&plane).into_iter().next(),
        };
        event.prevent_default();
        event.stop_propagation();
        if let Some(next) = next {
            // Fails only on an element that cannot have the focus; all of these can.
            let _ = next.focus();
        }
    })
}

fn nearest(plane: &HtmlElement, at: &HtmlElement, direction: Direction) -> Option<HtmlElement> {
    let from = centre(at);
    things(plane)
        .into_iter()
        // What a thing stands on is not beside it, and neither is what stands on it, except one level at a time.
        .filter(|thing| !same(thing, at) && !contains(thing, at))
        .filter_map(|thing| Some((distance(from, centre(&thing), direction)?, thing)))
        .min_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, thing)| thing)
}

fn things(plane: &HtmlElement) -> Vec<HtmlElement> {
    let Ok(list) = plane.query_selector_all("[data-roving]") else { return Vec::new() };
    (0..list.length()).filter_map(|index| list.get(index)?.dyn_into().ok()).collect()
}

fn centre(element: &Element) -> (f64, f64) {
    let rect = element.get_bounding_client_rect();
    (rect.x() + rect.width() / 2.0, rect.y() + rect.height() / 2.0)
}

fn same(a: &Node, b: &Node) -> bool {
    a.is_same_node(Some(b))
}

fn contains(outer: &Node, inner: &Node) -> bool {
    outer.contains(Some(inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_behind_is_not_that_way() {
        assert_eq!(distance((0.0, 0.0), (-10.0, 0.0), Direction::Right), None);
        assert!(distance((0.0, 0.0), (10.0, 0.0), Direction::Right).is_some());
    }

    #[test]
    fn straight_ahead_is_nearer_than_aslant() {
        let ahead = distance((0.0, 0.0), (0.0, 40.0), Direction::Down);
        let aslant = distance((0.0, 0.0), (30.0, 10.0), Direction::Down);
        assert!(ahead < aslant);
    }
}
