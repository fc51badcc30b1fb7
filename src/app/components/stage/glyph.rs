//! The glyph of a record's key: eight shapes, and a bar for a record without a key.
//!
//! No key is told by hue alone: the shape is what tells it. Solid stands for the leader's copy, hollow for a
//! follower's. From the ninth key on the shapes come again, with the key's number beside them.

use yew::prelude::*;

use crate::view::scene::Glyph;

/// One shape as path data in a box of 16 by 16. The nut's hole runs against its outline, so that it stays open.
pub struct Shape {
    /// As screen readers say it, a message key of the texts.
    pub name: &'static str,
    pub solid: &'static str,
    pub hollow: &'static str,
}

const SHAPES: [Shape; 8] = [
    Shape {
        name: "stage-shape-circle",
        solid: "M8 1.6a6.4 6.4 0 1 0 0 12.8A6.4 6.4 0 0 0 8 1.6Z",
        hollow: "M8 2.2a5.8 5.8 0 1 0 0 11.6A5.8 5.8 0 0 0 8 2.2Z",
    },
    Shape { name: "stage-shape-triangle", solid: "M8 1.3 15 13.9H1Z", hollow: "M8 2.8 13.9 13.3H2.1Z" },
    Shape { name: "stage-shape-square", solid: "M2.2 2.2H13.8V13.8H2.2Z", hollow: "M2.9 2.9H13.1V13.1H2.9Z" },
    Shape { name: "stage-shape-diamond", solid: "M8 .6 15.4 8 8 15.4 .6 8Z", hollow: "M8 1.8 14.2 8 8 14.2 1.8 8Z" },
    Shape {
        name: "stage-shape-star",
        solid: "M8 .6 9.97 5.79 15.51 6.06 11.19 9.54 12.64 14.89 8 11.85 3.36 14.89 4.81 9.54 .49 6.06 6.03 5.79Z",
        hollow: "M8 1.4 9.77 6.06 14.76 6.31 10.87 9.44 12.18 14.25 8 11.52 3.82 14.25 5.13 9.44 1.24 6.31 6.23 6.06Z",
    },
    Shape {
        name: "stage-shape-pentagon",
        solid: "M8 1.1 15.13 6.28 12.41 14.67H3.59L.87 6.28Z",
        hollow: "M8 1.9 14.37 6.53 11.94 14.02H4.06L1.63 6.53Z",
    },
    Shape {
        name: "stage-shape-plus",
        solid: "M5.5 1.3H10.5V5.5H14.7V10.5H10.5V14.7H5.5V10.5H1.3V5.5H5.5Z",
        hollow: "M6 2.1H10V6H13.9V10H10V13.9H6V10H2.1V6H6Z",
    },
    Shape {
        name: "stage-shape-nut",
        solid: "M4.3 1.4H11.7L15.4 8 11.7 14.6H4.3L.6 8ZM8 5.3a2.7 2.7 0 1 0 0 5.4 2.7 2.7 0 0 0 0-5.4Z",
        hollow: "M4.7 2.1H11.3L14.6 8 11.3 13.9H4.7L1.4 8ZM8 5.7a2.3 2.3 0 1 0 0 4.6 2.3 2.3 0 0 0 0-4.6Z",
    },
];

/// A record without a key.
const BAR: Shape = Shape {
    name: "stage-shape-bar",
    solid: "M4.2 6.6H11.8A1.4 1.4 0 0 1 11.8 9.4H4.2A1.4 1.4 0 0 1 4.2 6.6Z",
    hollow: "M4.2 6.6H11.8A1.4 1.4 0 0 1 11.8 9.4H4.2A1.4 1.4 0 0 1 4.2 6.6Z",
};

/// Line width of a hollow shape, in its own box.
pub const HOLLOW_LINE: f64 = 1.55;

/// The shape of a glyph.
#[must_use]
pub fn shape_of(glyph: Glyph) -> &'static Shape {
    match glyph {
        Glyph::Key { shape, .. } => &SHAPES[shape_index(shape)],
        Glyph::NoKey => &BAR,
    }
}

/// `key-1` to `key-8`, or `key-none`: the class that gives hue and tint to whatever wears it.
#[must_use]
pub fn key_class(glyph: Glyph) -> &'static str {
    const CLASSES: [&str; 8] = ["key-1", "key-2", "key-3", "key-4", "key-5", "key-6", "key-7", "key-8"];
    match glyph {
        Glyph::Key { shape, .. } => CLASSES[shape_index(shape)],
        Glyph::NoKey => "key-none",
    }
}

/// The number beside a shape that is worn for the second time; the first eight keys need none.
#[must_use]
pub fn key_number(glyph: Glyph) -> Option<u32> {
    match glyph {
        Glyph::Key { number, .. } if number > 8 => Some(number),
        Glyph::Key { .. } | Glyph::NoKey => None,
    }
}

/// Shapes count from 1 in the design; a shape out of range wears its remainder rather than none.
fn shape_index(shape: u8) -> usize {
    usize::from(shape.saturating_sub(1)) % SHAPES.len()
}

#[derive(Properties, PartialEq)]
pub struct GlyphMarkProps {
    pub glyph: Glyph,
    #[prop_or_default]
    pub hollow: bool,
}

/// A glyph in the text's colour; the wearer sets it through [`key_class`].
#[component]
pub fn GlyphMark(props: &GlyphMarkProps) -> Html {
    let shape = shape_of(props.glyph);
    let path = if props.hollow && props.glyph != Glyph::NoKey {
        html! {
            <path d={shape.hollow} fill="none" stroke="currentColor" stroke-width={HOLLOW_LINE.to_string()}
                stroke-linejoin="round" />
        }
    } else {
        html! { <path d={shape.solid} fill="currentColor" /> }
    };
    html! {
        <svg class="glyph" viewBox="0 0 16 16" aria-hidden="true">
            { path }
            if let Some(number) = key_number(props.glyph) {
                <text class="glyph__number" x="17" y="15">{ number }</text>
            }
        </svg>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ninth_key_wears_the_first_shape_again_with_its_number() {
        let first = Glyph::Key { shape: 1, number: 1 };
        let ninth = Glyph::Key { shape: 1, number: 9 };
        assert_eq!(key_class(ninth), key_class(first));
        assert_eq!(key_number(first), None);
        assert_eq!(key_number(ninth), Some(9));
    }

    #[test]
    fn shapes_are_told_apart_in_every_form() {
        for (index, shape) in SHAPES.iter().enumerate() {
            assert_ne!(shape.solid, shape.hollow);
            assert!(SHAPES[..index].iter().all(|other| other.solid != shape.solid && other.name != shape.name));
        }
    }
}
