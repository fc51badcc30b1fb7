//! Icons of the interface and of the states, as path data.
//!
//! One table serves the DOM and the canvas: a path is the only form both can draw. All stand in a box of 16 by 16 and
//! take the colour of the text around them.

use yew::prelude::*;

/// Every icon the page has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    Logo,
    // States of the cluster.
    Crown,
    InSync,
    OutOfSync,
    Offline,
    Lock,
    Pause,
    Flag,
    Caret,
    Wait,
    Stale,
    Cut,
    Clamp,
    Bolt,
    Heads,
    Person,
    Nut,
    Hidden,
    // Message classes.
    Produce,
    Replicate,
    Fetch,
    Pulse,
    // Interface.
    Check,
    Cross,
    Warn,
    Dash,
    Plus,
    Minus,
    Fit,
    More,
    Power,
    Redo,
    /// Takes back what was done.
    Undo,
    /// Does it again.
    Again,
    Bookmark,
    Question,
    Play,
    Step,
    Back,
    ChevronDown,
    ChevronRight,
    ChevronLeft,
    Sun,
    Moon,
    Present,
    Share,
    Branch,
    Book,
    List,
    Search,
    Shield,
    Tray,
    Eye,
    Scissors,
    Clock,
    Link,
    Close,
}

/// How a path is inked: filled, or drawn with a line this wide.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ink {
    Fill,
    Line(f64),
}

impl Icon {
    /// The path data and how to ink it.
    #[must_use]
    #[rustfmt::skip] // A table reads best with one icon a line.
    pub fn art(self) -> (&'static str, Ink) {
        use Ink::{Fill, Line};
        match self {
            Self::Logo => ("M7.2 1.2a6 6 0 1 0 0 12 6 6 0 0 0 0-12ZM11.6 11.6 15.2 15.2M4 4.6h1.2M6.6 4.6h1.2M9.2 4.6h1.2M4 7.2h1.2M6.6 7.2h1.2M4 9.8h1.2", Line(1.5)),
            Self::Crown => ("M1.5 4.2 4.9 7.1 8 2.5l3.1 4.6 3.4-2.9-1.3 8.3H2.8Z", Fill),
            Self::InSync => ("M8 2.4a5.6 5.6 0 1 0 0 11.2A5.6 5.6 0 0 0 8 2.4ZM5.4 8.1l1.9 1.9 3.4-3.8", Line(1.6)),
            Self::OutOfSync => ("M6.6 2.5a5.7 5.7 0 0 1 2.8 0M11.7 3.7a5.7 5.7 0 0 1 1.7 2.3M13.7 8.4a5.7 5.7 0 0 1-1 2.9M10.6 13a5.7 5.7 0 0 1-2.7.7M5.4 13.1a5.7 5.7 0 0 1-2.2-1.9M2.4 9.1a5.7 5.7 0 0 1 .3-2.9M4.2 4.1l.3-.3M8 5v3.3M8 10.7v.1", Line(1.7)),
            Self::Offline => ("M8 2.2a5.8 5.8 0 1 0 0 11.6A5.8 5.8 0 0 0 8 2.2ZM5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4", Line(1.6)),
            Self::Lock => ("M4.4 7h7.2a1.2 1.2 0 0 1 1.2 1.2v4.2a1.2 1.2 0 0 1-1.2 1.2H4.4a1.2 1.2 0 0 1-1.2-1.2V8.2A1.2 1.2 0 0 1 4.4 7ZM5.2 7V5.2a2.8 2.8 0 0 1 5.6 0V7", Line(1.5)),
            Self::Pause => ("M3.8 2.6h3v10.8h-3zM9.2 2.6h3v10.8h-3z", Fill),
            Self::Flag => ("M2.6 1.5h1.6v13H2.6ZM5.2 2.3c1.6-1.1 3-.9 4.4-.2s2.6.9 4.2 0v6.1c-1.6.9-2.8.8-4.2 0s-2.8-.9-4.4.2Z", Fill),
            Self::Caret => ("M8 3 14.2 12.6H1.8Z", Fill),
            Self::Wait => ("M4 2.2h8M4 13.8h8M5 2.4c0 3 3 3.6 3 5.6s-3 2.6-3 5.6M11 2.4c0 3-3 3.6-3 5.6s3 2.6 3 5.6", Line(1.5)),
            Self::Stale | Self::Redo => ("M13 8a5 5 0 1 1-1.6-3.7M13.4 2.4v2.8h-2.8", Line(1.5)),
            Self::Cut => ("M2 8h3.6M10.4 8H14M6.5 4.8l-.6 6.4M10.1 4.8l-.6 6.4", Line(1.6)),
            Self::Clamp => ("M4.4 2.2h2.4v11.6H4.4ZM9.2 2.2h2.4v11.6H9.2Z", Fill),
            Self::Bolt => ("M9.5 1 3 9.2h4.2L6.2 15 13 6.4H8.6Z", Fill),
            Self::Heads => ("M5.4 3.4a2.2 2.2 0 1 0 0 4.4 2.2 2.2 0 0 0 0-4.4ZM11.2 4.3a1.7 1.7 0 1 0 0 3.4 1.7 1.7 0 0 0 0-3.4ZM1.4 13c0-2.5 1.7-3.9 4-3.9s4 1.4 4 3.9M11.2 9.3c2.1 0 3.4 1.3 3.4 3.3", Line(1.4)),
            Self::Person => ("M8 2.6a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6ZM2.8 14c0-3 2.2-4.7 5.2-4.7s5.2 1.7 5.2 4.7", Line(1.4)),
            Self::Nut => ("M8 1.6l5.6 3.2v6.4L8 14.4l-5.6-3.2V4.8ZM8 5.8a2.2 2.2 0 1 0 0 4.4 2.2 2.2 0 0 0 0-4.4Z", Line(1.4)),
            Self::Hidden => ("M2 2l12 12M3.6 5.4C2.6 6.2 1.9 7.1 1.4 8c1.6 3 3.9 4.4 6.6 4.4 1 0 1.9-.2 2.7-.5M6.5 3.7C7 3.6 7.5 3.6 8 3.6c2.7 0 5 1.4 6.6 4.4-.4.8-.9 1.5-1.5 2.1", Line(1.4)),
            Self::Produce => ("M8 1.8v7M5 6l3 3 3-3M2.4 10.4v3h11.2v-3", Line(1.5)),
            Self::Replicate => ("M3.2 2h5.6A1.2 1.2 0 0 1 10 3.2v5.6A1.2 1.2 0 0 1 8.8 10H3.2A1.2 1.2 0 0 1 2 8.8V3.2A1.2 1.2 0 0 1 3.2 2ZM12.8 5.6h.4a.8.8 0 0 1 .8.8v6.8a.8.8 0 0 1-.8.8H6.4a.8.8 0 0 1-.8-.8v-.4", Line(1.5)),
            Self::Fetch => ("M8 9.2v-7M5 5l3-3 3 3M2.4 10.4v3h11.2v-3", Line(1.5)),
            Self::Pulse => ("M1.6 8.4h3l1.8-4.6 3 8.6 1.9-4h3.1", Line(1.5)),
            Self::Check => ("M3 8.5l3.3 3.3L13 4.6", Line(2.0)),
            Self::Cross | Self::Close => ("M4 4l8 8M12 4l-8 8", Line(2.0)),
            Self::Warn => ("M8 2.2l6.4 11.2H1.6ZM8 6.6v3M8 11.5v.1", Line(1.5)),
            Self::Dash | Self::Minus => ("M3 8h10", Line(2.0)),
            Self::Plus => ("M8 3v10M3 8h10", Line(1.7)),
            Self::Fit => ("M2.4 5.6V2.4h3.2M10.4 2.4h3.2v3.2M13.6 10.4v3.2h-3.2M5.6 13.6H2.4v-3.2", Line(1.5)),
            Self::More => ("M3 8h.1M8 8h.1M13 8h.1", Line(2.4)),
            Self::Power => ("M8 1.8v5.6M4.9 3.9a5.4 5.4 0 1 0 6.2 0", Line(1.6)),
            Self::Question => ("M5.6 6a2.5 2.5 0 1 1 3.7 2.2c-.9.5-1.3 1-1.3 1.9M8 12.8v.1", Line(1.8)),
            Self::Play => ("M4.4 2.3v11.4L13.4 8z", Fill),
            Self::Step => ("M3.2 2.6v10.8L10 8zM10.8 2.6h2v10.8h-2z", Fill),
            Self::Back => ("M12.8 2.6v10.8L6 8zM3.2 2.6h2v10.8h-2z", Fill),
            Self::ChevronDown => ("M4 6l4 4 4-4", Line(1.7)),
            Self::ChevronRight => ("M6 4l4 4-4 4", Line(1.7)),
            Self::ChevronLeft => ("M10 4 6 8l4 4", Line(1.7)),
            Self::Sun => ("M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6ZM8 1.4v1.5M8 13.1v1.5M1.4 8h1.5M13.1 8h1.5M3.3 3.3l1.1 1.1M11.6 11.6l1.1 1.1M12.7 3.3l-1.1 1.1M4.4 11.6l-1.1 1.1", Line(1.4)),
            Self::Moon => ("M13.4 9.8A5.9 5.9 0 0 1 6.2 2.6a5.9 5.9 0 1 0 7.2 7.2Z", Line(1.4)),
            Self::Present => ("M2.8 2.6h10.4a1 1 0 0 1 1 1v6.2a1 1 0 0 1-1 1H2.8a1 1 0 0 1-1-1V3.6a1 1 0 0 1 1-1ZM8 10.8v2.8M5.2 13.6h5.6M8 1.2v1.4", Line(1.4)),
            Self::Share => ("M12 1.7a1.9 1.9 0 1 0 0 3.8 1.9 1.9 0 0 0 0-3.8ZM4 6.1a1.9 1.9 0 1 0 0 3.8 1.9 1.9 0 0 0 0-3.8ZM12 10.5a1.9 1.9 0 1 0 0 3.8 1.9 1.9 0 0 0 0-3.8ZM5.7 7.1l4.6-2.6M5.7 8.9l4.6 2.6", Line(1.4)),
            Self::Undo => ("M5.6 2.6 2.6 5.6l3 3M3 5.6h6.2a3.7 3.7 0 0 1 0 7.4H5.4", Line(1.6)),
            Self::Again => ("M10.4 2.6l3 3-3 3M13 5.6H6.8a3.7 3.7 0 0 0 0 7.4h3.8", Line(1.6)),
            Self::Bookmark => ("M4.2 2h7.6v11.8L8 10.8l-3.8 3Z", Line(1.5)),
            Self::Branch => ("M4.2 1.8a1.6 1.6 0 1 0 0 3.2 1.6 1.6 0 0 0 0-3.2ZM4.2 11a1.6 1.6 0 1 0 0 3.2 1.6 1.6 0 0 0 0-3.2ZM11.8 4.4a1.6 1.6 0 1 0 0 3.2 1.6 1.6 0 0 0 0-3.2ZM4.2 5v6M4.2 10c0-2.7 5.8-1.2 7.2-2.5", Line(1.4)),
            Self::Book => ("M8 3.6C6.6 2.6 4.6 2.2 2 2.4v10.4c2.6-.2 4.6.2 6 1.2 1.4-1 3.4-1.4 6-1.2V2.4c-2.6-.2-4.6.2-6 1.2ZM8 3.6V14", Line(1.4)),
            Self::List => ("M5.6 3.8H14M5.6 8H14M5.6 12.2H14M2.2 3.8h.1M2.2 8h.1M2.2 12.2h.1", Line(1.6)),
            Self::Search => ("M7 2.4a4.6 4.6 0 1 0 0 9.2 4.6 4.6 0 0 0 0-9.2ZM10.4 10.4l3.6 3.6", Line(1.6)),
            Self::Shield => ("M8 1.8 13.4 4v4c0 3-2.2 5.2-5.4 6.4C4.8 13.2 2.6 11 2.6 8V4ZM5.6 8l1.7 1.7 3.2-3.4", Line(1.4)),
            Self::Tray => ("M1.8 9.4h3.6l1 2h3.2l1-2h3.6v4H1.8ZM1.8 9.4 3.6 4M14.2 9.4 12.4 4", Line(1.4)),
            Self::Eye => ("M1.4 8C3 5 5.3 3.6 8 3.6S13 5 14.6 8C13 11 10.7 12.4 8 12.4S3 11 1.4 8ZM8 6a2 2 0 1 0 0 4 2 2 0 0 0 0-4Z", Line(1.4)),
            Self::Scissors => ("M4 2.4A1.8 1.8 0 1 0 4 6a1.8 1.8 0 0 0 0-3.6ZM4 10a1.8 1.8 0 1 0 0 3.6A1.8 1.8 0 0 0 4 10ZM5.6 5.2l8 5.8M5.6 10.8l8-5.8", Line(1.4)),
            Self::Clock => ("M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM8 4.6V8l2.3 1.6", Line(1.5)),
            Self::Link => ("M6.6 9.4l2.8-2.8M7.4 4.8l1.5-1.5a2.7 2.7 0 0 1 3.8 3.8l-1.5 1.5M8.6 11.2l-1.5 1.5a2.7 2.7 0 0 1-3.8-3.8l1.5-1.5", Line(1.4)),
        }
    }

    /// Drawn; decoration for screen readers, since the word always stands beside it.
    pub fn html(self) -> Html {
        let (path, ink) = self.art();
        match ink {
            Ink::Fill => html! {
                <svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d={path} fill="currentColor" /></svg>
            },
            Ink::Line(width) => html! {
                <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
                    <path d={path} fill="none" stroke="currentColor" stroke-width={width.to_string()}
                        stroke-linecap="round" stroke-linejoin="round" />
                </svg>
            },
        }
    }
}
