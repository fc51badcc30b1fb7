//! A message in flight: what it says, why it was sent, and what will become of it.

use yew::prelude::*;

use super::parts::{chain, command, commands, facts, head, link_to, row, section};
use crate::app::components::stage::icon::Icon;
use crate::app::i18n::Text;
use crate::app::selection::Selection;
use crate::app::state::page::Page;
use crate::engine::command::Command;
use crate::engine::protocol::{Body, Digest, FetchMetadata, Request, Response};
use crate::engine::runtime::{Fate, InFlight, MessageId, RuntimeFact};
use crate::engine::trace::{Fact, Record};
use crate::view::explain::{gist, why};

/// A message's content is told in so many lines at most.
const LINES: usize = 60;

pub fn view(page: &Page, text: &Text, id: u64) -> Option<Html> {
    let model = page.model();
    let session = model.session();
    let world = session.world();
    let message = world.kernel().message(MessageId(id))?;
    let digest = Digest::of(&message.body);
    let kind = text.get(if digest.is_response { "ui-answer" } else { "ui-request" });
    let (from, to) = (world.name_of(message.from), world.name_of(message.to));
    let causes: Vec<Record> = sending(session.past(), message)
        .map(|sent| why(session.past(), sent).into_iter().map(|because| because.record).collect())
        .unwrap_or_default();
    Some(html! {
        <>
            { head(text.get_with("ui-message-of", &[("from", from.as_str().into()), ("to", to.as_str().into())]),
                html! { { format!("{} {kind}", digest.name) } }) }
            <section class="inspector__section">
                { facts([
                    Some(row(text.get("ui-sent-at"), message.sent_at.to_string())),
                    Some(row(text.get("ui-fate"), fate(text, message))),
                    Some(row(text.get("ui-gist"), gist(world, &digest.gist))),
                    fetch_session(text, &message.body).map(|session| row(text.get("ui-fetch-session"), session)),
                    Some(row(text.get("ui-number"), id.to_string())),
                ].into_iter().flatten().collect()) }
                <p class="inspector__links">
                    { link_to(page, Selection::Node(message.from), from) }{ " → " }{ link_to(page, Selection::Node(message.to), to) }
                    { " · " }{ link_to(page, Selection::link(message.from, message.to), text.get("ui-link")) }
                </p>
            </section>
            if !causes.is_empty() { { section(text.get("ui-because"), chain(page, text, &causes)) } }
            { section(text.get("ui-do"), commands(vec![
                command(page, Icon::Cross, text.get("ui-do-drop"), Command::Drop { message: id }),
            ])) }
            { section(text.get("ui-content"), html! { <pre class="inspector__value">{ content(&message.body) }</pre> }) }
        </>
    })
}

fn sending<'a>(past: &'a [Record], message: &InFlight<Body>) -> Option<&'a Record> {
    let first = past.partition_point(|record| record.step < message.sent);
    past[first..]
        .iter()
        .take_while(|record| record.step == message.sent)
        .find(|record| matches!(&record.fact, Fact::Runtime(RuntimeFact::Sent { id, .. }) if *id == message.id))
}

fn fate(text: &Text, message: &InFlight<Body>) -> AttrValue {
    match message.fate {
        Fate::Arrives { at } => text.get_with("ui-arrives-at", &[("time", at.to_string().into())]),
        Fate::Held { .. } => text.get("ui-is-held"),
        Fate::Lost { .. } => text.get("ui-will-be-lost"),
    }
}

/// Which session a fetch belongs to, and how much of it the message tells (KIP-227).
fn fetch_session(text: &Text, body: &Body) -> Option<AttrValue> {
    let (key, session, epoch, told) = match body {
        Body::Request { request: Request::Fetch(fetch), .. } => match fetch.metadata {
            FetchMetadata::Incremental { session, epoch } => {
                ("ui-fetch-incremental", Some(session), epoch, fetch.partitions.len())
            }
            FetchMetadata::Initial { close } => ("ui-fetch-initial", close, 0, fetch.partitions.len()),
            FetchMetadata::Final { close } => ("ui-fetch-final", close, 0, fetch.partitions.len()),
        },
        Body::Response { response: Response::Fetch(fetch), .. } => {
            let key = if fetch.session.is_some() { "ui-fetch-told" } else { "ui-fetch-told-without" };
            (key, fetch.session, 0, fetch.partitions.len())
        }
        _ => return None,
    };
    let session = session.map_or_else(|| "–".to_owned(), |session| session.to_string());
    let args = [("session", session.into()), ("epoch", epoch.into()), ("partitions", told.into())];
    Some(text.get_with(key, &args))
}

/// Every field of the message, as the engine has it, cut short where it is long.
fn content(body: &Body) -> String {
    let all = match body {
        Body::Request { request, correlation } => format!("correlation id {correlation}\n{request:#?}"),
        Body::Response { response, correlation } => format!("correlation id {correlation}\n{response:#?}"),
        Body::Queue(message) => format!("{message:#?}"),
        Body::ZooKeeper(message) => format!("{message:#?}"),
    };
    let mut lines: Vec<&str> = all.lines().take(LINES + 1).collect();
    if lines.len() > LINES {
        lines[LINES] = "…";
    }
    lines.join("\n")
}
