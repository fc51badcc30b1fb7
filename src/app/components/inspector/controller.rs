//! A controller: where it stands in the quorum and why, how far the others are, and what the metadata log says.

use yew::prelude::*;

use super::broker::{actions, process_state};
use super::parts::{chain, head, hint, link_to, long_facts, or_none, row, section, section_with};
use crate::app::i18n::Text;
use crate::app::selection::Selection;
use crate::app::state::page::Page;
use crate::engine::common::{NodeId, Offset, Time};
use crate::engine::controller::Controller;
use crate::engine::metadata::{LogEntry, MetadataRecord};
use crate::engine::raft::{EpochState, RaftClient, ReplicaState};
use crate::engine::world::{Process, World};
use crate::view::explain::{log_entry, why_quorum};

/// So many records of the log's end; no-ops that keep time are passed over.
const RECORDS: usize = 12;
/// How far back to look for them.
const LOOK_BACK: u64 = 400;

pub fn view(page: &Page, text: &Text, node: NodeId) -> Option<Html> {
    let model = page.model();
    let session = model.session();
    let world = session.world();
    let Some(Process::Controller(controller)) = world.process(node) else { return None };
    let past = why_quorum(session.past(), node);
    Some(html! {
        <>
            { head(text.get("stage-quorum"), html! { { node.to_string() } }) }
            { standing(page, text, world, node, controller) }
            if !past.is_empty() {
                { section(
                    text.get_with("ui-why-epoch", &[("epoch", controller.raft().quorum().epoch.0.into())]),
                    chain(page, text, &past),
                ) }
            }
            { section("DescribeQuorum".into(), replicas(page, text, world, controller.raft())) }
            { records(text, world, controller) }
            { snapshots(text, controller.raft()) }
            { section(text.get("ui-registered"), long_facts(registered(text, controller))) }
            { section(text.get("ui-do"), actions(page, text, node)) }
        </>
    })
}

fn standing(page: &Page, text: &Text, world: &World, node: NodeId, controller: &Controller) -> Html {
    let raft = controller.raft();
    let (quorum, log) = (raft.quorum(), raft.log());
    let current = raft.current_leader();
    let is_down = world.is_down(node);
    let state = if is_down { AttrValue::from("—") } else { quorum.name().into() };
    let leader = match current.leader.filter(|_| !is_down) {
        Some(leader) => link_to(page, Selection::Node(NodeId::Controller(leader)), format!("controller-{leader}")),
        None => html! { { text.get("ui-none") } },
    };
    let on_disk = raft.election().map(|election| {
        let name =
            |id: Option<_>| id.map_or_else(|| "-1".to_owned(), |id: crate::engine::common::BrokerId| id.to_string());
        format!("leaderEpoch {}, leaderId {}, votedId {}", election.epoch, name(election.leader), name(election.voted))
    });
    let mut rows = vec![
        row(text.get("ui-process"), process_state(text, world, node)),
        row(text.get("ui-quorum-state"), state),
        row("Epoch", quorum.epoch.to_string()),
        html! { <div key="leader"><dt>{ "Leader" }</dt><dd>{ leader }</dd></div> },
        row(
            text.get("ui-quorum-voted"),
            or_none(text, raft.voted().filter(|_| !is_down).map(|voted| format!("controller-{voted}"))),
        ),
        row("LEO", log.end_offset().to_string()),
        row(text.get("ui-metadata-hw"), or_none(text, raft.high_watermark())),
        row("quorum-state", or_none(text, on_disk)),
    ];
    if let Some(deadline) = quorum.deadline().filter(|_| !is_down) {
        let key = match quorum.state {
            EpochState::Leader(_) => "ui-quorum-resigns-at",
            EpochState::Follower { .. } => "ui-quorum-must-fetch-by",
            _ => "ui-quorum-acts-at",
        };
        rows.insert(5, row(text.get(key), format!("{deadline} s")));
    }
    if raft.is_flushing() {
        rows.push(row(text.get("ui-quorum-flushing"), text.get("ui-yes")));
    }
    let waiting = controller.pending_answers().count();
    if waiting > 0 {
        rows.push(row(text.get("ui-quorum-waiting"), waiting.to_string()));
    }
    section(text.get("ui-state"), long_facts(rows))
}

/// What `kafka-metadata-quorum describe --replication` prints; only a leader knows it.
fn replicas(page: &Page, text: &Text, world: &World, raft: &RaftClient) -> Html {
    let Some(leader) = raft.quorum().leading() else { return hint(text.get("ui-quorum-only-leader")) };
    let (end, now) = (raft.log().end_offset(), world.now());
    let me = raft.voter_id().map(NodeId::Controller);
    let line = |node: NodeId, state: &ReplicaState, status: &'static str| {
        let reached = if Some(node) == me { Some(end) } else { state.end_offset };
        let ago =
            |at: Time| text.get_with("ui-quorum-ago", &[("millis", now.since(at).as_millis().to_string().into())]);
        html! {
            <tr key={node.to_string()}>
                <th scope="row">{ link_to(page, Selection::Node(node), node.to_string()) }</th>
                <td>{ or_none(text, reached) }</td>
                <td>{ or_none(text, reached.map(|reached| end.since(reached))) }</td>
                <td>{ state.last_fetch.map_or_else(|| "—".into(), ago) }</td>
                <td>{ status }</td>
            </tr>
        }
    };
    let voters = leader.voters().map(|(id, state)| {
        let node = NodeId::Controller(id);
        line(node, state, if Some(node) == me { "Leader" } else { "Follower" })
    });
    let observers = leader.observers(now).map(|(node, state)| line(node, state, "Observer"));
    html! {
        <table class="table table--tight">
            <thead><tr><th>{ "NodeId" }</th><th>{ "LEO" }</th><th>{ "Lag" }</th><th>{ text.get("ui-quorum-fetched") }</th><th>{ "Status" }</th></tr></thead>
            <tbody>{ for voters }{ for observers }</tbody>
        </table>
    }
}

fn records(text: &Text, world: &World, controller: &Controller) -> Html {
    let log = controller.log();
    let from = Offset(log.end_offset().0.saturating_sub(LOOK_BACK)).max(log.start_offset());
    let committed = controller.raft().high_watermark().unwrap_or_default();
    let telling = log.entries_from(from).filter(|(.., entry)| *entry != LogEntry::Record(&MetadataRecord::NoOp));
    let mut shown: Vec<_> = telling.collect();
    shown.drain(..shown.len().saturating_sub(RECORDS));
    let line = |(offset, epoch, entry): &(Offset, crate::engine::common::LeaderEpoch, LogEntry<'_>)| {
        let (kind, says) = log_entry(world, *entry);
        html! {
            <tr key={offset.0} class={classes!((*offset >= committed).then_some("is-uncommitted"))}>
                <th scope="row">{ offset.to_string() }</th>
                <td>{ epoch.to_string() }</td>
                <td><small class="mono">{ kind }</small><br/>{ says }</td>
            </tr>
        }
    };
    section_with(
        text.get("ui-quorum-log"),
        html! { <code>{ "__cluster_metadata-0" }</code> },
        html! {
            <table class="table table--log">
                <thead><tr><th>{ "Offset" }</th><th>{ "Epoch" }</th><th>{ text.get("ui-quorum-record") }</th></tr></thead>
                <tbody>{ for shown.iter().rev().map(line) }</tbody>
            </table>
        },
    )
}

fn snapshots(text: &Text, raft: &RaftClient) -> Html {
    let files = raft.log().snapshots().map(|(snapshot, _)| {
        let holds = text.get_with(
            "ui-quorum-snapshot",
            &[("records", snapshot.records.len().into()), ("bytes", snapshot.size_in_bytes.to_string().into())],
        );
        html! { <li key={snapshot.file_name()}><span>{ snapshot.file_name() }</span><small>{ holds }</small></li> }
    });
    let start = text.get_with("ui-quorum-log-start", &[("offset", raft.log().start_offset().to_string().into())]);
    section_with(text.get("ui-quorum-snapshots"), html! { { start } }, html! { <ul class="files">{ for files }</ul> })
}

fn registered(text: &Text, controller: &Controller) -> Vec<Html> {
    let broker = |(id, registration): (_, &crate::engine::metadata::BrokerRegistration)| {
        let state = if registration.fenced { text.get("ui-fenced") } else { text.get("ui-active") };
        row(format!("broker {id}"), format!("{state}, epoch {}", registration.epoch))
    };
    controller.image().brokers().map(broker).collect()
}
