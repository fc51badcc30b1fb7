//! A partition: what the controller says of it, what each replica has of it, and why its high watermark is where it is.

use yew::prelude::*;

use super::parts::{facts, head, link_to, or_none, row, section};
use super::why::why_section;
use crate::app::components::stage::icon::Icon;
use crate::app::i18n::Text;
use crate::app::selection::Selection;
use crate::app::state::action::UiAction;
use crate::app::state::page::Page;
use crate::engine::common::{BrokerId, NodeId, ProducerId, TopicPartition};
use crate::engine::metadata::{LeaderRecoveryState, PartitionRegistration};
use crate::engine::storage::{BatchMetadata, ProducerStateEntry, UnifiedLog};
use crate::engine::world::World;
use crate::view::explain::{broker_list, partition_name};

/// `on` is the broker whose files are shown; the leader's if none is named.
pub fn view(page: &Page, text: &Text, id: TopicPartition, on: Option<BrokerId>) -> Option<Html> {
    let model = page.model();
    let world = model.session().world();
    let registration = world.image().partition(id)?;
    let topic = world.image().topic(id.topic)?;
    let crumb = text.get_with(
        "ui-topic-partition",
        &[("topic", topic.name.to_string().into()), ("partition", id.partition.0.into())],
    );
    let shown = on.or(registration.leader).or_else(|| registration.replicas.first().copied())?;
    let leader_log = registration.leader.and_then(|leader| world.broker(leader)?.log(id));
    let overrides = topic.overrides.iter().map(|(key, value)| row(key.to_string(), value.to_string()));
    Some(html! {
        <>
            { head(crumb, html! {
                <>
                    { partition_name(world, id) }
                    <button type="button" class="link inspector__open" onclick={page.on_click(UiAction::OpenPartition(id))}>
                        { text.get("ui-draw-large") }
                    </button>
                </>
            }) }
            <section class="inspector__section">
                { facts([vec![
                    row("Leader", or_none(text, registration.leader)),
                    row("Leader epoch", registration.leader_epoch.to_string()),
                    row("Replicas", broker_list(&registration.replicas)),
                    row("ISR", broker_list(&registration.isr)),
                    row(text.get("ui-log-start"), or_none(text, leader_log.map(UnifiedLog::log_start_offset))),
                    row("Partition epoch", registration.partition_epoch.to_string()),
                ], unusual(text, registration)].concat()) }
            </section>
            <section class="inspector__section">{ replicas(page, text, world, id, registration) }</section>
            { why_section(page, text, id) }
            if !topic.overrides.is_empty() { { section(text.get("ui-topic-config"), super::parts::long_facts(overrides.collect())) } }
            { producers(text, world, id, shown) }
            { super::files::view(text, world, id, shown) }
        </>
    })
}

/// What a partition has only now and then: replicas that come and go, others that may lead, a leader that must recover.
fn unusual(text: &Text, registration: &PartitionRegistration) -> Vec<Html> {
    let lists = [
        ("Adding replicas", &registration.adding),
        ("Removing replicas", &registration.removing),
        ("ELR", &registration.elr),
        ("LastKnownElr", &registration.last_known_elr),
    ];
    let mut rows: Vec<Html> = lists
        .into_iter()
        .filter(|(_, brokers)| !brokers.is_empty())
        .map(|(name, brokers)| row(name, broker_list(brokers)))
        .collect();
    if registration.recovery == LeaderRecoveryState::Recovering {
        rows.push(row("LeaderRecoveryState", text.get("ui-recovering")));
    }
    rows
}

/// What this replica knows of producers: the batches that it would recognise, oldest first.
fn producers(text: &Text, world: &World, id: TopicPartition, on: BrokerId) -> Html {
    let Some(log) = world.broker(on).and_then(|broker| broker.log(id)) else { return Html::default() };
    if log.producers().iter().len() == 0 {
        return Html::default();
    }
    let line = |(producer, entry): (ProducerId, &ProducerStateEntry)| {
        let batch = |batch: &BatchMetadata| {
            let said = format!("{}–{} @{}", batch.first_sequence(), batch.last_sequence, batch.first_offset());
            html! { <div>{ said }</div> }
        };
        html! {
            <tr key={producer.0}>
                <th scope="row">{ producer.to_string() }</th>
                <td>{ entry.epoch().to_string() }</td>
                <td>{ for entry.batches().map(batch) }</td>
            </tr>
        }
    };
    section(
        text.get_with("ui-producer-state", &[("broker", on.0.into())]),
        html! {
            <table class="table table--tight table--log">
                <thead><tr><th>{ "producer id" }</th><th>{ "epoch" }</th><th>{ text.get("ui-known-batches") }</th></tr></thead>
                <tbody>{ for log.producers().iter().map(line) }</tbody>
            </table>
        },
    )
}

fn replicas(page: &Page, text: &Text, world: &World, id: TopicPartition, registration: &PartitionRegistration) -> Html {
    let line = |broker: &BrokerId| {
        let node = NodeId::Broker(*broker);
        let log = world.broker(*broker).and_then(|broker| broker.log(id));
        let (class, icon, key) = if !world.is_up(node) {
            ("role role--offline", Icon::Offline, "stage-offline")
        } else if registration.leader == Some(*broker) {
            ("role role--leader", Icon::Crown, "ui-leader")
        } else if registration.isr.contains(broker) {
            ("role role--insync", Icon::InSync, "stage-in-sync")
        } else {
            ("role role--out", Icon::OutOfSync, "stage-out-of-sync")
        };
        html! {
            <tr key={broker.0}>
                <th scope="row"><span {class}>{ icon.html() }
                    { link_to(page, Selection::Replica(node, id), format!("{broker} {}", text.get(key))) }</span></th>
                <td>{ or_none(text, log.map(UnifiedLog::log_end_offset)) }</td>
                <td>{ or_none(text, log.map(UnifiedLog::high_watermark)) }</td>
            </tr>
        }
    };
    html! {
        <table class="table">
            <thead><tr><th>{ text.get("ui-replica") }</th><th>{ "LEO" }</th><th>{ text.get("ui-hw-it-knows") }</th></tr></thead>
            <tbody>{ for registration.replicas.iter().map(line) }</tbody>
        </table>
    }
}
