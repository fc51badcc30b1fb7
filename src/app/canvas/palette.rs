//! The colours and type of the figure, read from CSS: the painter has none of its own.

use web_sys::{CssStyleDeclaration, HtmlElement};

use crate::app::components::stage::class_filter::{CLASSES, class_name};
use crate::app::components::stage::glyph::key_class;
use crate::engine::protocol::Class;
use crate::view::scene::Glyph;

/// Read anew when the theme, the contrast or the presenter mode changes.
#[derive(Clone, Debug, Default)]
pub struct Palette {
    classes: Vec<(Class, String, String)>,
    keys: Vec<(&'static str, String)>,
    pub fault: String,
    pub card: String,
    pub ink: String,
    pub ink_2: String,
    pub accent: String,
    pub mono: String,
    /// Width of a path.
    pub path_px: f64,
    /// The size of the smallest type.
    pub type_px: f64,
}

impl Palette {
    /// Reads the custom properties that hold on this element.
    #[must_use]
    pub fn read(element: &HtmlElement) -> Option<Self> {
        let style = web_sys::window()?.get_computed_style(element).ok()??;
        let class = |class: Class| {
            let name = class_name(class).trim_start_matches("class-");
            // Signs of life wear the control colour: they are control, only less of it.
            let name = if class == Class::Liveness { "control" } else { name };
            (class, property(&style, &format!("--class-{name}")), property(&style, &format!("--class-{name}-soft")))
        };
        let keys = (1..=8)
            .map(|shape| key_class(Glyph::Key { shape, number: 1 }))
            .map(|key| (key, property(&style, &format!("--{key}"))));
        let none = (key_class(Glyph::NoKey), property(&style, "--key-null"));
        Some(Self {
            classes: CLASSES.into_iter().map(class).collect(),
            keys: keys.chain([none]).collect(),
            fault: property(&style, "--class-fault"),
            card: property(&style, "--surface-card"),
            ink: property(&style, "--ink"),
            ink_2: property(&style, "--ink-2"),
            accent: property(&style, "--accent"),
            mono: property(&style, "--font-mono"),
            path_px: pixels(&style, "--path-w").unwrap_or(1.75),
            type_px: pixels(&style, "--fs-1").unwrap_or(11.0),
        })
    }

    /// The colour of a class's lines.
    #[must_use]
    pub fn line(&self, class: Class) -> &str {
        self.classes.iter().find(|(of, ..)| *of == class).map_or("", |(_, line, _)| line)
    }

    /// The tint of a class's answers.
    #[must_use]
    pub fn tint(&self, class: Class) -> &str {
        self.classes.iter().find(|(of, ..)| *of == class).map_or("", |(.., tint)| tint)
    }

    #[must_use]
    pub fn key(&self, glyph: Glyph) -> &str {
        let wanted = key_class(glyph);
        self.keys.iter().find(|(key, _)| *key == wanted).map_or("", |(_, colour)| colour)
    }
}

fn property(style: &CssStyleDeclaration, name: &str) -> String {
    style.get_property_value(name).unwrap_or_default().trim().to_owned()
}

fn pixels(style: &CssStyleDeclaration, name: &str) -> Option<f64> {
    property(style, name).strip_suffix("px")?.trim().parse().ok()
}
