//! A program of the user's: what it is set to, what it has done, what it knows, and what can be done to it.

use yew::prelude::*;

use super::broker::{actions, process_state};
use super::parts::{command, commands, head, link_to, long_facts, or_none, row, section};
use crate::app::components::stage::icon::Icon;
use crate::app::i18n::Text;
use crate::app::selection::Selection;
use crate::app::state::action::UiAction;
use crate::app::state::page::Page;
use crate::app::state::ui::{Dialog, Tab};
use crate::engine::clients::producer::Producer;
use crate::engine::command::{Command, RecordSpec, Workload};
use crate::engine::common::{NodeId, Span};
use crate::engine::world::{Process, World};
use crate::view::explain::partition_name;
use crate::view::scene::MetadataView;

/// Keys that a class asks about.
const PRODUCER_KEYS: [&str; 7] = [
    "acks",
    "enable.idempotence",
    "retries",
    "linger.ms",
    "batch.size",
    "max.in.flight.requests.per.connection",
    "delivery.timeout.ms",
];
const CONSUMER_KEYS: [&str; 7] = [
    "group.id",
    "auto.offset.reset",
    "enable.auto.commit",
    "auto.commit.interval.ms",
    "session.timeout.ms",
    "max.poll.interval.ms",
    "max.poll.records",
];
/// Of a consumer of Kafka 0.8.
const OLD_CONSUMER_KEYS: [&str; 7] = [
    "group.id",
    "auto.offset.reset",
    "auto.commit.enable",
    "auto.commit.interval.ms",
    "zookeeper.session.timeout.ms",
    "rebalance.max.retries",
    "rebalance.backoff.ms",
];

pub fn producer(page: &Page, text: &Text, node: NodeId) -> Option<Html> {
    let model = page.model();
    let world = model.session().world();
    let Some(Process::Producer(producer)) = world.process(node) else { return None };
    let card = page.scene.producers.iter().find(|card| card.node == node)?;
    let name = card.name.clone();
    let config = producer.config();
    let keys = PRODUCER_KEYS.iter().filter_map(|key| Some(row((*key).to_owned(), config.get(key)?)));
    let metadata = match card.metadata {
        MetadataView::Missing => text.get("stage-metadata-missing"),
        MetadataView::Fresh => text.get("ui-metadata-fresh"),
        MetadataView::Stale { .. } => text.get("stage-metadata-stale-title"),
    };
    let one = Command::Produce {
        producer: name.clone(),
        records: vec![RecordSpec {
            key: Some("alice".to_owned()),
            value: "by hand".to_owned(),
            partition: None,
            ..RecordSpec::default()
        }],
    };
    let workload = |every| {
        let workload = Workload {
            every,
            records: None,
            keys: vec!["alice".to_owned(), "bob".to_owned(), "carol".to_owned()],
            random_keys: false,
            value: "order {n}".to_owned(),
        };
        Command::SetWorkload { producer: name.clone(), workload: Some(workload) }
    };
    Some(html! {
        <>
            { head(text.get_with("ui-producer-of", &[("topic", producer.topic().to_string().into())]), html! { { &name } }) }
            <section class="inspector__section">
                { long_facts(vec![
                    row(text.get("ui-process"), process_state(text, world, node)),
                    row(text.get("ui-sent"), card.sent.to_string()),
                    row(text.get("ui-acknowledged"), card.acked.to_string()),
                    row(text.get("ui-failed"), card.failed.to_string()),
                    row(text.get("ui-in-flight"), card.in_flight.to_string()),
                    row(text.get("ui-backlog"), card.backlog.to_string()),
                    row(text.get("ui-metadata"), metadata),
                ]) }
            </section>
            { idempotence(text, world, producer) }
            { section(text.get("ui-do"), html! {
                <>
                    { commands(vec![
                        command(page, Icon::Produce, text.get("ui-do-send-one"), one),
                        command(page, Icon::Play, text.get("ui-do-workload"), workload(Span::millis(400))),
                        command(page, Icon::Bolt, text.get("ui-do-workload-fast"), workload(Span::millis(20))),
                        command(page, Icon::Pause, text.get("ui-do-workload-stop"),
                            Command::SetWorkload { producer: name.clone(), workload: None }),
                    ]) }
                    <button type="button" class="command" onclick={page.on_click(UiAction::Drawer(Tab::Input))}>
                        { Icon::Tray.html() }<span class="command__label">{ text.get("ui-open-input") }</span>
                    </button>
                    { actions(page, text, node) }
                </>
            }) }
            { section(text.get("ui-config"), long_facts(keys.collect())) }
        </>
    })
}

/// What an idempotent producer numbers its batches with; nothing of one that is not.
fn idempotence(text: &Text, world: &World, producer: &Producer) -> Html {
    let Some(transactions) = producer.transactions() else { return Html::default() };
    let id = transactions.producer();
    let mut rows = vec![
        row("producer id", or_none(text, id.map(|producer| producer.id))),
        row("producer epoch", or_none(text, id.map(|producer| producer.epoch))),
    ];
    for (partition, entry) in transactions.partitions() {
        let next = match transactions.has_unresolved_sequence(partition) {
            true => format!("{} ({})", entry.next_sequence, text.get("ui-unresolved")),
            false => entry.next_sequence.to_string(),
        };
        rows.push(row(
            text.get_with("ui-next-sequence", &[("partition", partition_name(world, partition).into())]),
            next,
        ));
    }
    section(text.get("ui-idempotence"), long_facts(rows))
}

pub fn consumer(page: &Page, text: &Text, node: NodeId) -> Option<Html> {
    let model = page.model();
    let world = model.session().world();
    let Some(Process::Consumer(consumer)) = world.process(node) else { return None };
    let (group, member) = page
        .scene
        .groups
        .iter()
        .find_map(|group| Some((group, group.members.iter().find(|member| member.node == node)?)))?;
    let keys = if consumer.connector().is_some() { &OLD_CONSUMER_KEYS } else { &CONSUMER_KEYS };
    let keys = keys.iter().filter_map(|key| Some(row((*key).to_owned(), consumer.config(key)?)));
    let close = Command::Close { client: member.name.clone() };
    Some(html! {
        <>
            { head(text.get("ui-consumer"), html! { { &member.name } }) }
            <section class="inspector__section">
                { long_facts(vec![
                    row(text.get("ui-process"), process_state(text, world, node)),
                    row(text.get("ui-processed"), member.processed.to_string()),
                ]) }
                <p class="inspector__links">
                    { text.get("ui-group") }{ " " }
                    { link_to(page, Selection::Group(group.badge.group.clone()), group.badge.group.clone()) }
                </p>
            </section>
            { section(text.get("ui-reads"), super::group::progress(page, text, &member.partitions)) }
            { section(text.get("ui-do"), html! {
                <>
                    { commands(vec![command(page, Icon::Close, text.get("ui-do-close"), close)]) }
                    { actions(page, text, node) }
                </>
            }) }
            { section(text.get("ui-config"), long_facts(keys.collect())) }
        </>
    })
}

/// A program without anything of its own to show.
pub fn other(page: &Page, text: &Text, node: NodeId) -> Html {
    let model = page.model();
    let world = model.session().world();
    html! {
        <>
            { head(text.get("ui-program"), html! { { world.name_of(node) } }) }
            <section class="inspector__section">
                { long_facts(vec![row(text.get("ui-process"), process_state(text, world, node))]) }
            </section>
            { section(text.get("ui-do"), actions(page, text, node)) }
            <section class="inspector__section">
                <button type="button" class="link" onclick={page.on_click(UiAction::Open(Dialog::Break(Some(node))))}>
                    { text.get("ui-break-something") }
                </button>
            </section>
        </>
    }
}
