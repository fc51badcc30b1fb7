//! How much room the figure has: a desk, a projector or a phone.

use gloo::events::EventListener;
use yew::prelude::*;

use crate::view::scene::Scene;

/// Narrower than this, in CSS pixels, is a phone.
const PHONE_WIDTH_PX: f64 = 720.0;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Density {
    #[default]
    Desk,
    /// Bigger type, fewer things.
    Presenter,
    /// One partition, labels above strips, clients as pills.
    Phone,
    /// Two stages side by side, the queue's and the topic's.
    Half,
    /// One of two clusters side by side: everything that a desk shows of the subject, in half the width.
    Narrow,
}

impl Density {
    /// The density of one of two stages side by side: with one log a topic is drawn like the queue beside it.
    #[must_use]
    pub fn of_half(scene: &Scene) -> Self {
        if scene.queue.is_some() || scene.brokers.len() == 1 { Self::Half } else { Self::Narrow }
    }

    /// Is the stage one of two, without a bar and a legend of its own?
    #[must_use]
    pub fn is_one_of_two(self) -> bool {
        matches!(self, Self::Half | Self::Narrow)
    }

    /// How many offsets a strip has room for.
    #[must_use]
    pub fn columns(self) -> u64 {
        match self {
            Self::Desk => 12,
            Self::Presenter => 10,
            Self::Phone => 11,
            Self::Half => 6,
            Self::Narrow => 8,
        }
    }

    /// For `data-density`, which CSS lays out by.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Desk => "desk",
            Self::Presenter => "presenter",
            Self::Phone => "phone",
            Self::Half => "half",
            Self::Narrow => "narrow",
        }
    }
}

/// The density for the window as it is now, and again whenever it is resized.
#[hook]
pub fn use_density(presenter: bool) -> Density {
    let narrow = use_state_eq(is_narrow);
    {
        let narrow = narrow.clone();
        use_effect_with((), move |()| {
            let listener =
                web_sys::window().map(|window| EventListener::new(&window, "resize", move |_| narrow.set(is_narrow())));
            move || drop(listener)
        });
    }
    match (*narrow, presenter) {
        (true, _) => Density::Phone,
        (false, true) => Density::Presenter,
        (false, false) => Density::Desk,
    }
}

fn is_narrow() -> bool {
    let width_px = web_sys::window().and_then(|window| window.inner_width().ok()).and_then(|width| width.as_f64());
    width_px.is_some_and(|width_px| width_px < PHONE_WIDTH_PX)
}
