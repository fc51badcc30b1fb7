//! The point-to-point broker: messages that are ready, delivered, removed, or dead.

use yew::prelude::*;

use super::glyph::{GlyphMark, key_class};
use super::hands::Hands;
use crate::app::canvas::anchor::node_anchor;
use crate::app::i18n::{Text, use_text};
use crate::app::selection::Selection;
use crate::view::scene::{QueueCard as Queue, QueueItem};

/// So many messages of a lane have room; the newest stay.
const SHOWN: usize = 8;

#[derive(Properties, PartialEq)]
pub struct QueueCardProps {
    pub queue: Queue,
    pub hands: Hands,
}

/// What became of a message, in the form of its cell.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Ready,
    /// Locked for one consumer, until its ack or its timeout.
    Delivered,
    Removed,
    Dead,
}

#[component]
pub fn QueueCard(props: &QueueCardProps) -> Html {
    let text = use_text();
    let QueueCardProps { queue, hands } = props;
    let thing = Selection::Node(queue.node);
    let down = (!queue.up).then_some("broker--offline");
    let lane = |key: &str, form: Form, items: &[QueueItem], count: u64| lane(&text, key, form, items, count, hands);
    html! {
        <section class={classes!("card", "broker", "queue", down, hands.ring(&thing))} role="group" tabindex="-1"
            data-roving="" data-anchor={node_anchor(queue.node)} aria-label={text.get("stage-queue-broker")}
            onclick={hands.pick(thing)}>
            <header class="broker__head">
                <b class="broker__name">{ text.get("stage-queue-broker") }</b>
                <span class="broker__rack">{ &queue.name }</span>
            </header>
            { lane("stage-queue-ready", Form::Ready, &queue.ready, queue.ready_count) }
            { lane("stage-queue-delivered", Form::Delivered, &queue.delivered, queue.delivered_count) }
            { lane("stage-queue-removed", Form::Removed, &queue.removed, queue.removed_count) }
            if queue.dead_count > 0 {
                { lane("stage-queue-dead", Form::Dead, &queue.dead_letters, queue.dead_count) }
            }
            <p class="queue__says">{ text.get("stage-queue-says") }</p>
        </section>
    }
}

fn lane(text: &Text, key: &str, form: Form, items: &[QueueItem], count: u64, hands: &Hands) -> Html {
    let shown = match form {
        // The head of a queue is what is delivered next.
        Form::Ready | Form::Delivered => &items[..items.len().min(SHOWN)],
        Form::Removed | Form::Dead => &items[items.len().saturating_sub(SHOWN)..],
    };
    let class =
        classes!("lane", (form == Form::Ready).then_some("lane--pipe"), (form == Form::Dead).then_some("lane--dead"));
    let free = if form == Form::Ready { SHOWN - shown.len() } else { 0 };
    html! {
        <section {class}>
            <h4>{ text.get(key) }<b>{ count }</b></h4>
            <div class="lane__cells">
                { for shown.iter().map(|item| message(text, form, item, hands)) }
                { for (0..free).map(|_| html! { <i class="lane__free" /> }) }
            </div>
        </section>
    }
}

fn message(text: &Text, form: Form, item: &QueueItem, hands: &Hands) -> Html {
    let thing = Selection::QueueMessage(item.message);
    let form_class = match form {
        Form::Ready => None,
        Form::Delivered => Some("message--delivered"),
        Form::Removed => Some("message--removed"),
        Form::Dead => Some("message--dead"),
    };
    let to = item.to.as_deref().unwrap_or("–");
    let title = text.get_with(
        "stage-message",
        &[
            ("number", item.message.into()),
            ("value", item.value.as_str().into()),
            ("to", to.into()),
            ("count", item.deliveries.into()),
        ],
    );
    html! {
        <span key={item.message} class={classes!("message", key_class(item.glyph), form_class, hands.ring(&thing))}
            role="button" tabindex="-1" data-roving="" title={title.clone()} aria-label={title} onclick={hands.pick(thing)}>
            if form != Form::Removed { <GlyphMark glyph={item.glyph} /> }
            <b>{ item.message }</b>
            if item.deliveries > 1 && form != Form::Removed { <em>{ item.deliveries }</em> }
        </span>
    }
}
