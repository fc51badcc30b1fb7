//! A ZooKeeper server: its part in the ensemble, its sessions, and the znodes as a tree that can be opened.

use yew::prelude::*;

use super::broker::{actions, process_state};
use super::parts::{head, link_to, long_facts, row, section, section_with};
use crate::app::i18n::Text;
use crate::app::selection::Selection;
use crate::app::state::page::Page;
use crate::engine::common::{NodeId, ServerId, Span, Time};
use crate::engine::world::World;
use crate::engine::zookeeper::{DataTree, Role, ZooKeeper};

/// A znode is lit so long after it was written.
const FRESH: Span = Span::secs(2);

/// Open from the start: what a class wants to see first.
const OPEN: [&str; 6] = ["/", "/brokers", "/brokers/ids", "/brokers/topics", "/consumers", "/controller"];

pub fn view(page: &Page, text: &Text, id: ServerId) -> Option<Html> {
    let node = NodeId::ZooKeeper(id);
    let model = page.model();
    let world = model.session().world();
    let (_, server) = world.zookeepers().find(|(server, _)| *server == id)?;
    let tree = server.tree();
    Some(html! {
        <>
            { head(text.get("stage-ensemble"), html! { { node.to_string() } }) }
            { section(text.get("ui-state"), long_facts(vec![
                row(text.get("ui-process"), process_state(text, world, node)),
                row(text.get("ui-role"), role(text, server)),
                row("zxid", tree.last_zxid().to_string()),
                row(text.get("ui-zk-log"), server.log().last_zxid().to_string()),
            ])) }
            { sessions(page, text, world, server) }
            { section_with(text.get("ui-znodes"), html! { { tree.iter().count() } }, html! {
                <ul class="znodes">{ branch(tree, server, "/", "/", world.now()) }</ul>
            }) }
            { section(text.get("ui-do"), actions(page, text, node)) }
        </>
    })
}

fn role(text: &Text, server: &ZooKeeper) -> AttrValue {
    let key = match server.role() {
        Role::Looking(_) => "ui-zk-looking",
        Role::Following(_) => "ui-zk-follows",
        Role::Leading(leading) if leading.is_established() => "ui-zk-leads",
        Role::Leading(_) => "ui-zk-about-to-lead",
    };
    text.get(key)
}

/// Every session there is; the leader also knows when each would end.
fn sessions(page: &Page, text: &Text, world: &World, server: &ZooKeeper) -> Html {
    let line = |(session, timeout): (crate::engine::protocol::SessionId, Span)| {
        let here = server.connections().iter().find(|(_, connection)| connection.session == session);
        let anywhere = || {
            let of = |(_, other): (ServerId, &ZooKeeper)| {
                other.connections().iter().find(|(_, one)| one.session == session).map(|(client, _)| client)
            };
            world.zookeepers().find_map(of)
        };
        let client = here.map(|(client, _)| client).or_else(anywhere);
        let ends = match server.role() {
            Role::Leading(leading) => leading.sessions().expires(session),
            _ => None,
        };
        html! {
            <tr key={session.to_string()}>
                <th scope="row"><span class="session">
                    { client.map_or_else(|| html! { { text.get("ui-none") } }, |client| {
                        link_to(page, Selection::Node(client), world.name_of(client))
                    }) }
                    <code>{ session.to_string() }</code>
                </span></th>
                <td>{ timeout.to_string() }</td>
                <td>{ ends.map_or("–".to_owned(), |at| at.to_string()) }</td>
            </tr>
        }
    };
    let rows: Vec<Html> = server.tree().sessions().map(line).collect();
    section_with(
        text.get("ui-zk-sessions"),
        html! { { rows.len() } },
        html! {
            <table class="table">
                <thead><tr>
                    <th>{ text.get("ui-zk-client") }</th>
                    <th>{ text.get("ui-zk-timeout") }</th><th>{ text.get("ui-zk-ends") }</th>
                </tr></thead>
                <tbody>{ for rows }</tbody>
            </table>
        },
    )
}

/// A znode and what lies below it.
fn branch(tree: &DataTree, server: &ZooKeeper, path: &str, name: &str, now: Time) -> Html {
    let Some(node) = tree.get(path) else { return html! {} };
    let stat = node.stat();
    let (on_data, on_children) = server.connections().watches().on(path);
    let is_fresh = stat.mtime > Time::ZERO && now.since(stat.mtime) < FRESH;
    let is_ephemeral = stat.ephemeral_owner.is_some();
    let watches = on_data + on_children;
    let line = html! {
        <span class={classes!("znode", is_fresh.then_some("is-fresh"), is_ephemeral.then_some("is-ephemeral"))}
            title={format!("czxid {}, mzxid {}, cversion {}", stat.czxid, stat.mzxid, stat.cversion)}>
            <b class="mono">{ name.to_owned() }</b>
            <span class="znode__version">{ format!("v{}", stat.version) }</span>
            if let Some(owner) = stat.ephemeral_owner { <span class="znode__owner mono">{ owner.to_string() }</span> }
            if watches > 0 { <span class="znode__watches">{ format!("◉ {watches}") }</span> }
        </span>
    };
    let data =
        (!node.data().is_empty()).then(|| html! { <code class="znode__data">{ broken_at_commas(node.data()) }</code> });
    if stat.num_children == 0 {
        return html! { <li key={path.to_owned()}>{ line }{ data }</li> };
    }
    let below = |name: &std::sync::Arc<str>| {
        let path = if path == "/" { format!("/{name}") } else { format!("{path}/{name}") };
        branch(tree, server, &path, name, now)
    };
    html! {
        <li key={path.to_owned()}>
            <details open={OPEN.contains(&path)}>
                <summary>{ line }<span class="znode__count">{ stat.num_children }</span></summary>
                { data }
                <ul class="znodes">{ for node.children().map(below) }</ul>
            </details>
        </li>
    }
}

/// JSON without a blank in it has no place to break a line; after a comma is the best one.
fn broken_at_commas(data: &str) -> Html {
    data.split_inclusive(',').map(|part| html! { <>{ part.to_owned() }<wbr /></> }).collect()
}
