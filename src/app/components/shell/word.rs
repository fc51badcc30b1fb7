//! A word in prose that wears the glyph, tone and edge of the thing it stands for, and points at it.

use yew::prelude::*;

use crate::app::components::stage::glyph::{GlyphMark, key_class};
use crate::app::components::stage::icon::Icon;
use crate::app::selection::Selection;
use crate::app::state::action::UiAction;
use crate::app::state::page::use_page;
use crate::view::scene::Glyph;

/// What a word looks like: the same form as the thing has in the figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    Plain,
    Leader,
    InSync,
    OutOfSync,
    Offline,
    HighWatermark,
    LogEnd,
    Group,
    Number,
    Record { glyph: Glyph, committed: bool },
}

impl Look {
    fn class(self) -> Classes {
        match self {
            Self::Plain => classes!("word--plain"),
            Self::Leader => classes!("word--leader"),
            Self::InSync => classes!("word--insync"),
            Self::OutOfSync => classes!("word--lagging"),
            Self::Offline => classes!("word--offline"),
            Self::HighWatermark => classes!("word--hw"),
            Self::LogEnd => classes!("word--leo"),
            Self::Group => classes!("word--group"),
            Self::Number => classes!("word--number"),
            Self::Record { glyph, committed } => {
                classes!("word--key", key_class(glyph), (!committed).then_some("word--hatch"))
            }
        }
    }

    fn mark(self) -> Option<Html> {
        Some(match self {
            Self::Leader => Icon::Crown.html(),
            Self::InSync => Icon::InSync.html(),
            Self::OutOfSync => Icon::OutOfSync.html(),
            Self::Offline => Icon::Offline.html(),
            Self::HighWatermark => Icon::Flag.html(),
            Self::Record { glyph, .. } => html! { <GlyphMark {glyph} /> },
            Self::Plain | Self::LogEnd | Self::Group | Self::Number => return None,
        })
    }
}

#[derive(Properties, PartialEq)]
pub struct WordProps {
    pub look: Look,
    pub label: AttrValue,
    /// What it stands for, if that is on the stage.
    #[prop_or_default]
    pub thing: Option<Selection>,
}

#[component]
pub fn Word(props: &WordProps) -> Html {
    let page = use_page();
    let class = classes!("word", props.look.class());
    let Some(thing) = props.thing.clone() else {
        return html! { <span {class}>{ props.look.mark() }{ &props.label }</span> };
    };
    let on = page.pointing(thing.clone());
    html! {
        <button type="button" {class} onclick={page.on_click(UiAction::Select(thing))} onmouseenter={on.onmouseenter}
            onmouseleave={on.onmouseleave} onfocus={on.onfocus} onblur={on.onblur}>
            { props.look.mark() }{ &props.label }
        </button>
    }
}
