//! A broker: its state, its part in each partition, its configuration, and what can be done to it.

use yew::prelude::*;

use super::disks;
use super::parts::{command, commands, head, link_to, long_facts, or_none, row, section, section_with};
use crate::app::components::stage::icon::Icon;
use crate::app::i18n::Text;
use crate::app::selection::Selection;
use crate::app::state::page::Page;
use crate::engine::command::Command;
use crate::engine::common::{BrokerId, NodeId, Span};
use crate::engine::config::BrokerConfig;
use crate::engine::runtime::{Crash, Status};
use crate::engine::world::World;
use crate::view::explain::{broker_list, partition_name};

/// Keys that a class asks about, before any that were set by hand.
const TELLING: [&str; 7] = [
    "min.insync.replicas",
    "default.replication.factor",
    "replica.lag.time.max.ms",
    "unclean.leader.election.enable",
    "broker.session.timeout.ms",
    "log.segment.bytes",
    "log.retention.hours",
];

pub fn view(page: &Page, text: &Text, id: BrokerId) -> Option<Html> {
    let node = NodeId::Broker(id);
    let model = page.model();
    let world = model.session().world();
    let broker = world.broker(id)?;
    let registration = world.image().broker(id);
    let name = text.get_with("stage-broker", &[("id", id.0.into())]);
    let rack = broker.rack().map(|rack| text.get_with("stage-rack", &[("rack", rack.into())]));
    let config = broker.config();
    Some(html! {
        <>
            { head(rack.unwrap_or_else(|| text.get("ui-broker")), html! { { name } }) }
            { section(text.get("ui-state"), long_facts(vec![
                row(text.get("ui-process"), process_state(text, world, node)),
                row(text.get("ui-fenced"), text.get(match registration {
                    Some(registration) if registration.fenced => "ui-yes",
                    Some(_) => "ui-no",
                    None => "ui-not-registered",
                })),
                row("broker epoch", or_none(text, registration.map(|registration| registration.epoch))),
                row(text.get("ui-metadata-up-to"), broker.image().end_offset().to_string()),
                row(text.get("ui-fetch-sessions"), broker.fetch_sessions().sessions().len().to_string()),
            ])) }
            { partitions(page, text, world, id) }
            { section(text.get("ui-do"), actions(page, text, node)) }
            { disks::view(page, text, id) }
            { section_with(text.get("ui-config"), html! { { "server.properties" } }, configuration(config)) }
        </>
    })
}

/// "running since 0.000 s", "offline since 43.000 s".
pub fn process_state(text: &Text, world: &World, node: NodeId) -> AttrValue {
    let (key, since) = match world.status(node) {
        Some(Status::Up { since }) => ("ui-running-since", since),
        Some(Status::Paused { since }) => ("stage-paused-since", since),
        Some(Status::Down { since, .. }) => ("stage-offline-since", since),
        None => return text.get("ui-none"),
    };
    text.get_with(key, &[("time", since.to_string().into())])
}

/// Every verb that can be done to a process; those that would change nothing are grey.
pub fn actions(page: &Page, text: &Text, node: NodeId) -> Html {
    let target = page.model().session().world().target_of(node);
    let slow = Command::SlowDisk { node: target.clone(), flush: Span::millis(500) };
    let of = |icon, key, made| command(page, icon, text.get(key), made);
    let mut buttons = vec![
        of(Icon::Power, "stage-do-crash", Command::Crash { node: target.clone(), how: Crash::Process }),
        of(Icon::Bolt, "stage-do-power-loss", Command::Crash { node: target.clone(), how: Crash::Power }),
        of(Icon::Redo, "stage-do-restart", Command::Restart { node: target.clone() }),
        of(Icon::Pause, "stage-do-pause", Command::Pause { node: target.clone() }),
        of(Icon::Play, "stage-do-resume", Command::Resume { node: target }),
    ];
    if !node.is_client() {
        let stop = Command::Stop { node: page.model().session().world().target_of(node) };
        buttons.insert(0, of(Icon::Power, "stage-do-stop", stop));
        buttons.push(of(Icon::Clock, "ui-do-slow-disk", slow));
    }
    commands(buttons)
}

fn partitions(page: &Page, text: &Text, world: &World, id: BrokerId) -> Html {
    let held: Vec<_> = world.image().partitions().filter(|(_, partition)| partition.replicas.contains(&id)).collect();
    // The offsets topic has fifty partitions; a class looks at its own first.
    let internal = held.iter().filter(|(id, _)| partition_name(world, *id).starts_with("__")).count();
    let own = held.iter().filter(|(id, _)| !partition_name(world, *id).starts_with("__"));
    let line = |(partition, registration): &(_, &crate::engine::metadata::PartitionRegistration)| {
        let name = partition_name(world, *partition);
        let in_failed_dir = world.broker(id).is_some_and(|broker| broker.logs().is_offline(*partition));
        let (role, class) = if in_failed_dir {
            ("ui-in-failed-dir", "role role--offline")
        } else if registration.leader == Some(id) {
            ("ui-leads", "role role--leader")
        } else if registration.isr.contains(&id) {
            ("stage-in-sync", "role role--insync")
        } else {
            ("stage-out-of-sync", "role role--out")
        };
        let log = world.broker(id).and_then(|broker| broker.log(*partition));
        html! {
            <tr key={name.clone()}>
                <th scope="row">{ link_to(page, Selection::Replica(NodeId::Broker(id), *partition), name) }</th>
                <td class={class}>{ text.get(role) }</td>
                <td>{ or_none(text, log.map(|log| log.log_end_offset())) }</td>
                <td>{ broker_list(&registration.isr) }</td>
            </tr>
        }
    };
    let aside = if internal > 0 {
        text.get_with("ui-and-internal", &[("count", internal.into())])
    } else {
        AttrValue::default()
    };
    section_with(
        text.get("ui-partitions-here"),
        html! { { aside } },
        html! {
            <table class="table">
                <thead><tr><th>{ text.get("ui-partition") }</th><th>{ text.get("ui-role") }</th><th>{ "LEO" }</th><th>{ "ISR" }</th></tr></thead>
                <tbody>{ for own.map(line) }</tbody>
            </table>
        },
    )
}

fn configuration(config: &BrokerConfig) -> Html {
    let mut keys: Vec<&str> = config.explicit.iter().map(|key| &**key).collect();
    keys.extend(TELLING.iter().filter(|key| !config.explicit.contains(**key)));
    let rows = keys.into_iter().filter_map(|key| {
        let value = config.get(key)?;
        Some(row(key.to_owned(), value))
    });
    long_facts(rows.collect())
}
