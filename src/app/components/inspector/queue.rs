//! The point-to-point broker and its messages.

use yew::prelude::*;

use super::broker::{actions, process_state};
use super::parts::{facts, head, long_facts, or_none, row, section};
use crate::app::components::stage::glyph::{GlyphMark, key_class};
use crate::app::i18n::Text;
use crate::app::state::page::Page;

pub fn broker(page: &Page, text: &Text) -> Option<Html> {
    let queue = page.scene.queue.as_ref()?;
    let model = page.model();
    let world = model.session().world();
    Some(html! {
        <>
            { head(text.get("stage-queue-broker"), html! { { &queue.name } }) }
            <section class="inspector__section">
                { long_facts(vec![
                    row(text.get("ui-process"), process_state(text, world, queue.node)),
                    row(text.get("stage-queue-ready"), queue.ready_count.to_string()),
                    row(text.get("ui-queue-delivered"), queue.delivered_count.to_string()),
                    row(text.get("ui-queue-removed"), queue.removed_count.to_string()),
                    row(text.get("stage-queue-dead"), queue.dead_count.to_string()),
                ]) }
            </section>
            { section(text.get("ui-do"), actions(page, text, queue.node)) }
        </>
    })
}

pub fn message(page: &Page, text: &Text, number: u64) -> Option<Html> {
    let queue = page.scene.queue.as_ref()?;
    let places = [
        (&queue.ready, "stage-queue-ready"),
        (&queue.delivered, "stage-queue-delivered"),
        (&queue.removed, "stage-queue-removed"),
        (&queue.dead_letters, "stage-queue-dead"),
    ];
    let (item, place) = places
        .into_iter()
        .find_map(|(items, place)| Some((items.iter().find(|item| item.message == number)?, place)))?;
    Some(html! {
        <>
            { head(text.get("ui-queue-message"), html! {
                <>
                    <span class={classes!("inspector__glyph", key_class(item.glyph))}><GlyphMark glyph={item.glyph} /></span>
                    { format!("#{number}") }
                </>
            }) }
            <section class="inspector__section">
                { facts(vec![
                    row(text.get("ui-state"), text.get(place)),
                    row("key", or_none(text, item.key.clone())),
                    row(text.get("ui-deliveries"), item.deliveries.to_string()),
                    row(text.get("ui-delivered-to"), or_none(text, item.to.clone())),
                    row(text.get("ui-back-at"), or_none(text, item.deadline)),
                ]) }
            </section>
            <section class="inspector__section"><h3>{ "value" }</h3><pre class="inspector__value">{ &item.value }</pre></section>
        </>
    })
}
