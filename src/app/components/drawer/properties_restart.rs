//! Brokers whose rewritten `server.properties` waits for a restart, and two ways to give it to them: this one now, or all
//! in a row, each only after the one before is back in every in-sync set.

use yew::prelude::*;

use crate::app::components::stage::icon::Icon;
use crate::app::i18n::use_text;
use crate::app::state::action::UiAction;
use crate::app::state::page::use_page;
use crate::engine::World;
use crate::engine::command::{Command, Target};
use crate::engine::common::{BrokerId, NodeId};
use crate::engine::runtime::Crash;

#[component]
pub fn RestartBar() -> Html {
    let (page, text) = (use_page(), use_text());
    let rolling = use_state_eq(|| false);
    let (waiting, is_whole) = {
        let model = page.model();
        let world = model.session().world();
        let waiting: Vec<(BrokerId, Vec<&'static str>)> = world
            .brokers()
            .map(|(id, broker)| (id, broker.pending_restart().into_iter().map(|(key, ..)| key).collect()))
            .filter(|(_, keys): &(_, Vec<_>)| !keys.is_empty())
            .collect();
        (waiting, is_whole(world))
    };
    {
        let (page, rolling, next) = (page.clone(), rolling.clone(), waiting.first().map(|(id, _)| *id));
        use_effect_with((*rolling, next, is_whole), move |(is_rolling, next, is_whole)| match next {
            Some(next) if *is_rolling && *is_whole => page.send(UiAction::RunAll(bounce(*next))),
            None if *is_rolling => rolling.set(false),
            _ => {}
        });
    }
    if waiting.is_empty() {
        return Html::default();
    }
    let roll = {
        let rolling = rolling.clone();
        Callback::from(move |_: MouseEvent| rolling.set(!*rolling))
    };
    html! {
        <div class="properties__restart" role="status">
            <p>
                <b>{ Icon::Wait.html() }{ text.get("ui-properties-pending") }</b>
                <button type="button" class="button button--edge" aria-pressed={rolling.to_string()} onclick={roll}>
                    { Icon::Redo.html() }{ text.get(if *rolling { "ui-properties-rolling" } else { "ui-properties-roll" }) }
                </button>
            </p>
            <ul>
                { for waiting.iter().map(|(id, keys)| html! {
                    <li key={id.0}>
                        <span>{ text.get_with("ui-properties-one", &[("id", id.0.into())]) }</span>
                        <span class="properties__keys">{ for keys.iter().map(|key| html! { <code key={*key}>{ *key }</code> }) }</span>
                        <button type="button" class="tool tool--edge" onclick={page.on_click(UiAction::RunAll(bounce(*id)))}>
                            { text.get("ui-properties-restart-one") }
                        </button>
                    </li>
                }) }
            </ul>
        </div>
    }
}

/// Does every broker serve, with all its replicas in sync? Only then may the next one go.
fn is_whole(world: &World) -> bool {
    let image = world.image();
    world.brokers().all(|(id, _)| world.is_up(NodeId::Broker(id)) && image.is_active(id))
        && image.partitions().all(|(_, partition)| partition.isr.len() == partition.replicas.len())
}

fn bounce(id: BrokerId) -> Vec<Command> {
    let node = Target::Broker(id);
    vec![Command::Crash { node: node.clone(), how: Crash::Process }, Command::Restart { node }]
}
