//! The connection between two nodes: what is on it, and what can be done to it.

use yew::prelude::*;

use super::parts::{command, commands, head, link_to, long_facts, row, section};
use crate::app::components::stage::icon::Icon;
use crate::app::i18n::Text;
use crate::app::selection::Selection;
use crate::app::state::page::Page;
use crate::engine::command::Command;
use crate::engine::common::{NodeId, Span};
use crate::engine::protocol::Digest;
use crate::engine::world::World;
use crate::view::explain::gist;

/// More messages than these are counted.
const LISTED: usize = 12;

pub fn view(page: &Page, text: &Text, a: NodeId, b: NodeId) -> Html {
    let model = page.model();
    let world = model.session().world();
    let (first, second) = (world.name_of(a), world.name_of(b));
    let between = |from, to| (from == a && to == b) || (from == b && to == a);
    let messages: Vec<_> = world.kernel().in_flight().filter(|message| between(message.from, message.to)).collect();
    html! {
        <>
            { head(text.get("ui-link"), html! { { format!("{first} – {second}") } }) }
            <section class="inspector__section">
                { long_facts(vec![
                    row(format!("{first} → {second}"), state(text, world, a, b)),
                    row(format!("{second} → {first}"), state(text, world, b, a)),
                ]) }
            </section>
            { section(text.get("ui-do"), actions(page, text, a, b)) }
            { section(text.get_with("ui-on-the-way", &[("count", messages.len().into())]), html! {
                <ul class="messages">
                    { for messages.iter().take(LISTED).map(|message| {
                        let digest = Digest::of(&message.body);
                        let label = format!("{} {} → {}", digest.name, gist(world, &digest.gist), world.name_of(message.to));
                        html! { <li key={message.id.0}>{ link_to(page, Selection::Message(message.id.0), label) }</li> }
                    }) }
                </ul>
            }) }
        </>
    }
}

/// "open, 1ms", "cut", "held".
fn state(text: &Text, world: &World, from: NodeId, to: NodeId) -> AttrValue {
    let link = world.kernel().link(from, to);
    let latency = link.and_then(|link| link.latency).unwrap_or_else(|| world.kernel().latency());
    match link {
        Some(link) if link.cut => text.get("ui-link-cut"),
        Some(link) if link.held => text.get("ui-link-held"),
        _ => format!("{} ± {}", latency.base, latency.jitter).into(),
    }
}

fn actions(page: &Page, text: &Text, a: NodeId, b: NodeId) -> Html {
    let (first, second, latency) = {
        let model = page.model();
        let world = model.session().world();
        (world.target_of(a), world.target_of(b), world.kernel().latency())
    };
    let (one, other) = (first.clone(), second.clone());
    let slow = Span(latency.base.0.max(1_000) * 50);
    let named = |key, from: &str, to: &str| text.get_with(key, &[("from", from.into()), ("to", to.into())]);
    commands(vec![
        command(page, Icon::Cut, text.get("ui-do-cut"), Command::Partition { a: one.clone(), b: other.clone() }),
        command(
            page,
            Icon::Cut,
            named("ui-do-cut-oneway", &first.to_string(), &second.to_string()),
            Command::PartitionOneway { from: one.clone(), to: other.clone() },
        ),
        command(
            page,
            Icon::Cut,
            named("ui-do-cut-oneway", &second.to_string(), &first.to_string()),
            Command::PartitionOneway { from: other.clone(), to: one.clone() },
        ),
        command(page, Icon::Link, text.get("ui-do-repair"), Command::Repair { a: one.clone(), b: other.clone() }),
        command(page, Icon::Clamp, text.get("ui-do-hold"), Command::Hold { a: one.clone(), b: other.clone() }),
        command(page, Icon::Play, text.get("ui-do-release"), Command::Release { a: one.clone(), b: other.clone() }),
        command(
            page,
            Icon::Clock,
            text.get("ui-do-slow"),
            Command::SetLatency { a: one, b: other, base: slow, jitter: latency.jitter },
        ),
        command(
            page,
            Icon::Redo,
            text.get("ui-do-usual-speed"),
            Command::SetLatency { a: first, b: second, base: latency.base, jitter: latency.jitter },
        ),
    ])
}
