//! The tray: what is lost or doubled piles up where it can be counted. It never just vanishes.

use yew::prelude::*;

use super::glyph::{GlyphMark, key_class};
use crate::app::i18n::use_text;
use crate::view::scene::{Tray, TrayItem};

/// So many lost records are listed one by one.
const LISTED: usize = 4;

#[derive(Properties, PartialEq)]
pub struct TrayProps {
    pub tray: Tray,
}

/// Two counts, always in view.
#[component]
pub fn TrayCounts(props: &TrayProps) -> Html {
    let text = use_text();
    let row = |key: &str, count: usize| {
        let some = (count > 0).then_some("tray__row--some");
        html! { <p class={classes!("tray__row", some)}><span>{ text.get(key) }</span><b>{ count }</b></p> }
    };
    html! {
        <div class="tray" aria-live="polite">
            { row("stage-records-lost", props.tray.lost.len()) }
            { row("stage-read-twice", props.tray.read_twice.len()) }
        </div>
    }
}

/// The lost records themselves, below the brokers they fell from. Nothing is drawn while nothing is lost.
#[component]
pub fn LostTray(props: &TrayProps) -> Html {
    let text = use_text();
    let Tray { lost, lost_acked, .. } = &props.tray;
    if lost.is_empty() {
        return html! {};
    }
    let acked = if *lost_acked == lost.len() as u64 && *lost_acked > 1 {
        text.get("stage-lost-all-acked")
    } else {
        text.get_with("stage-lost-acked", &[("count", (*lost_acked).into())])
    };
    let listed = &lost[lost.len().saturating_sub(LISTED)..];
    html! {
        <section class="lost" aria-label={text.get("stage-records-lost")}>
            <p class="lost__count">
                <b>{ lost.len() }</b>
                <span>{ text.get_with("stage-lost", &[("count", lost.len().into())]) }<br />{ acked }</span>
            </p>
            <div class="lost__cells">{ for listed.iter().take(3).map(fallen) }</div>
            <ul class="lost__list">
                { for listed.iter().map(|item| html! {
                    <li key={format!("{}-{}-{}", item.partition.topic, item.partition.partition, item.offset)}>
                        <b>{ item.offset.to_string() }</b><span>{ &item.text }</span>
                    </li>
                }) }
            </ul>
        </section>
    }
}

fn fallen(item: &TrayItem) -> Html {
    let key = format!("{}-{}-{}", item.partition.topic, item.partition.partition, item.offset);
    html! {
        <span {key} class={classes!("message", "message--fallen", key_class(item.glyph))}>
            <GlyphMark glyph={item.glyph} /><b>{ item.offset.to_string() }</b>
        </span>
    }
}
