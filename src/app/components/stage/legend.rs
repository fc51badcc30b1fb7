//! Below the figure: the keys met so far, the two kinds of group mark, and the switches for message classes.

use yew::prelude::*;

use super::class_filter::{ClassFilter, ClassSet};
use super::glyph::{GlyphMark, key_class};
use super::group_badge::GroupBadge;
use crate::app::i18n::{Text, use_text};
use crate::view::scene::{GroupBadge as Badge, KeyLegend};

/// More keys than these would only be letters.
const LISTED: usize = 6;

#[derive(Properties, PartialEq)]
pub struct LegendProps {
    pub keys: Vec<KeyLegend>,
    /// A badge to show the two kinds with; without groups there is nothing to explain.
    pub badge: Option<Badge>,
    pub classes: ClassSet,
    pub on_classes: Callback<ClassSet>,
}

#[component]
pub fn Legend(props: &LegendProps) -> Html {
    let text = use_text();
    html! {
        <footer class="legend">
            <ul class="legend__keys" aria-label={text.get("stage-keys")}>
                { for props.keys.iter().take(LISTED).map(|entry| html! {
                    <li key={entry.key.clone()} class={key_class(entry.glyph)} title={entry.key.clone()}>
                        <GlyphMark glyph={entry.glyph} /><span>{ &entry.key }</span>
                    </li>
                }) }
                if props.keys.len() > LISTED {
                    <li title={props.keys[LISTED..].iter().map(|entry| entry.key.as_str()).collect::<Vec<_>>().join(", ")}>
                        { format!("+{}", props.keys.len() - LISTED) }
                    </li>
                }
            </ul>
            if let Some(badge) = &props.badge { { group_marks(&text, badge, "legend__marks") } }
            <ClassFilter shown={props.classes} on_change={props.on_classes.clone()} />
        </footer>
    }
}

/// The two kinds of group mark with their names.
pub fn group_marks(text: &Text, badge: &Badge, class: &'static str) -> Html {
    html! {
        <ul {class}>
            <li><GroupBadge badge={badge.clone()} hollow=true />{ text.get("stage-committed") }</li>
            <li><GroupBadge badge={badge.clone()} />{ text.get("stage-position") }</li>
        </ul>
    }
}
