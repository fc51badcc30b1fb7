//! What can be broken: every verb for one node, or the nodes and links to choose from.

use yew::prelude::*;

use super::frame::Frame;
use crate::app::components::inspector::broker::actions;
use crate::app::components::inspector::disks;
use crate::app::components::inspector::parts::{command, commands};
use crate::app::components::stage::icon::Icon;
use crate::app::i18n::{Text, use_text};
use crate::app::state::action::UiAction;
use crate::app::state::page::{Page, use_page};
use crate::app::state::ui::Dialog;
use crate::engine::command::Command;
use crate::engine::common::NodeId;
use crate::engine::runtime::Crash;

#[derive(Properties, PartialEq)]
pub struct BreakMenuProps {
    pub node: Option<NodeId>,
}

#[component]
pub fn BreakMenu(props: &BreakMenuProps) -> Html {
    let (page, text) = (use_page(), use_text());
    match props.node {
        Some(node) => {
            let name = page.model().session().world().name_of(node);
            html! {
                <Frame title={text.get_with("stage-menu", &[("name", name.into())])}>
                    { actions(&page, &text, node) }
                    if let NodeId::Broker(id) = node {
                        <h3 class="dialog__sub">{ text.get("ui-disks") }</h3>
                        { commands(disks::buttons(&page, &text, id)) }
                    }
                    <h3 class="dialog__sub">{ text.get("ui-links") }</h3>
                    { links(&page, &text, node) }
                    <p class="dialog__buttons">
                        <button type="button" class="button button--quiet"
                            onclick={page.on_click(UiAction::Open(Dialog::Break(None)))}>{ text.get("ui-break-else") }</button>
                    </p>
                </Frame>
            }
        }
        None => html! {
            <Frame title={text.get("ui-break-something")}>
                { everything(&page, &text) }
            </Frame>
        },
    }
}

/// Links from this node to its peers of the cluster.
fn links(page: &Page, text: &Text, node: NodeId) -> Html {
    let peers: Vec<NodeId> = {
        let model = page.model();
        let all = model.session().world().kernel().slots().map(|(id, _)| id);
        all.filter(|id| *id != node && !id.is_client()).collect()
    };
    let buttons = peers.into_iter().flat_map(|peer| {
        let (a, b, held, cut) = {
            let model = page.model();
            let world = model.session().world();
            let link = world.kernel().link(node, peer);
            let (held, cut) = (link.is_some_and(|link| link.held), link.is_some_and(|link| link.cut));
            (world.target_of(node), world.target_of(peer), held, cut)
        };
        let of = |key, peer: NodeId| text.get_with(key, &[("peer", peer.to_string().into())]);
        let hold = if held {
            command(page, Icon::Play, of("stage-do-release", peer), Command::Release { a: a.clone(), b: b.clone() })
        } else {
            command(page, Icon::Clamp, of("stage-do-hold", peer), Command::Hold { a: a.clone(), b: b.clone() })
        };
        let sever = if cut {
            command(page, Icon::Link, of("stage-do-repair", peer), Command::Repair { a, b })
        } else {
            command(page, Icon::Cut, of("stage-do-cut", peer), Command::Partition { a, b })
        };
        [hold, sever]
    });
    commands(buttons.collect())
}

/// One crash or restart for each machine, and the way to everything else it can suffer.
fn everything(page: &Page, text: &Text) -> Html {
    let nodes: Vec<NodeId> = {
        let model = page.model();
        let world = model.session().world();
        let all = world.kernel().slots().map(|(id, _)| id);
        // The admin tool runs for a moment at a time: nothing to break.
        all.filter(|id| world.name_of(*id) != "admin").collect()
    };
    html! {
        <ul class="break-list">
            { for nodes.into_iter().map(|node| {
                let (target, name, up) = {
                    let model = page.model();
                    let world = model.session().world();
                    (world.target_of(node), world.name_of(node), world.is_up(node))
                };
                let first = if up {
                    command(page, Icon::Power, text.get("stage-do-crash"), Command::Crash { node: target, how: Crash::Process })
                } else {
                    command(page, Icon::Redo, text.get("stage-do-restart"), Command::Restart { node: target })
                };
                html! {
                    <li key={name.clone()}>
                        <b>{ name }</b>{ first }
                        <button type="button" class="link" onclick={page.on_click(UiAction::Open(Dialog::Break(Some(node))))}>
                            { text.get("ui-break-more") }
                        </button>
                    </li>
                }
            }) }
        </ul>
    }
}
