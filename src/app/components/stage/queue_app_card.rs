//! An application on the queue's side: its workers compete for messages, so none of them gets all.

use yew::prelude::*;

use super::density::Density;
use super::group_badge::GroupBadge;
use super::hands::Hands;
use super::member_row::MemberRow;
use super::seen_row::SeenRow;
use crate::app::i18n::use_text;
use crate::app::selection::Selection;
use crate::engine::common::Time;
use crate::view::scene::QueueAppCard as App;

#[derive(Properties, PartialEq)]
pub struct QueueAppCardProps {
    pub app: App,
    pub now: Time,
    /// How many messages the workload has sent so far.
    pub sent: u64,
    pub hands: Hands,
}

#[component]
pub fn QueueAppCard(props: &QueueAppCardProps) -> Html {
    let text = use_text();
    let QueueAppCardProps { app, now, sent, hands } = props;
    let thing = Selection::Group(app.badge.group.clone());
    html! {
        <article class={classes!("card", "group", hands.ring(&thing))} role="group" tabindex="-1" data-roving=""
            aria-label={app.badge.group.clone()} onclick={hands.pick(thing)}>
            <header class="group__head">
                <GroupBadge badge={app.badge.clone()} />
                <h3>{ &app.badge.group }</h3>
                <span class="pill">{ text.get_with("stage-workers", &[("count", app.workers.len().into())]) }</span>
            </header>
            { for app.workers.iter().map(|worker| html! {
                <MemberRow key={worker.node.to_string()} node={worker.node} name={worker.name.clone()} state={worker.state}
                    working_on={worker.working_on.clone()} now={*now} density={Density::Half} hands={hands.clone()} />
            }) }
            if !app.seen.is_empty() { <SeenRow seen={app.seen.clone()} sent={*sent} lost=true /> }
        </article>
    }
}
