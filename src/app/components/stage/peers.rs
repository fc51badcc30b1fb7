//! Clients on a phone: producers above the brokers, groups below, each one pill.

use yew::prelude::*;

use super::class_filter::class_name;
use super::dial::Dial;
use super::group_badge::GroupBadge;
use super::hands::Hands;
use super::purgatory::describe_wait;
use crate::app::canvas::anchor::node_anchor;
use crate::app::i18n::use_text;
use crate::app::selection::Selection;
use crate::view::scene::{GroupCard, ProducerCard, Scene};

#[derive(Properties, PartialEq)]
pub struct ProducerPeersProps {
    pub scene: std::rc::Rc<Scene>,
    pub hands: Hands,
}

#[component]
pub fn ProducerPeers(props: &ProducerPeersProps) -> Html {
    let text = use_text();
    let ProducerPeersProps { scene, hands } = props;
    let wait_of = |producer: &ProducerCard| {
        scene.brokers.iter().flat_map(|broker| &broker.purgatory).find(|wait| wait.owner == producer.node)
    };
    let peer = |producer: &ProducerCard| {
        let thing = Selection::Node(producer.node);
        let wait = wait_of(producer);
        let class = wait.map(|wait| classes!("peer--waits", class_name(wait.class)));
        html! {
            <button key={producer.name.clone()} type="button" tabindex="-1" data-roving=""
                class={classes!("peer", class, hands.ring(&thing))} data-anchor={node_anchor(producer.node)}
                onclick={hands.pick(thing)}>
                if let Some(wait) = wait {
                    <Dial now={scene.at} since={wait.since} until={wait.deadline} />
                    { &producer.name }{ ", " }{ describe_wait(&text, wait) }
                } else {
                    { &producer.name }
                }
            </button>
        }
    };
    html! { <div class="peers" aria-label={text.get("stage-producers")}>{ for scene.producers.iter().map(peer) }</div> }
}

#[derive(Properties, PartialEq)]
pub struct GroupPeersProps {
    pub groups: Vec<GroupCard>,
    pub lost: usize,
    pub hands: Hands,
}

#[component]
pub fn GroupPeers(props: &GroupPeersProps) -> Html {
    let text = use_text();
    let peer = |group: &GroupCard| {
        let thing = Selection::Group(group.badge.group.clone());
        let some = (group.lag > 0).then_some("progress__lag--some");
        html! {
            <button key={group.badge.group.clone()} type="button" tabindex="-1" data-roving=""
                class={classes!("peer", props.hands.ring(&thing))} onclick={props.hands.pick(thing)}>
                <GroupBadge badge={group.badge.clone()} />{ &group.badge.group }
                <span class={classes!("progress__lag", some)}>{ text.get_with("stage-lag", &[("count", group.lag.into())]) }</span>
                { for group.members.iter().map(|member| html! {
                    <i key={member.name.clone()} class="peer__anchor" data-anchor={node_anchor(member.node)} />
                }) }
            </button>
        }
    };
    html! {
        <div class="peers" aria-label={text.get("stage-groups")}>
            { for props.groups.iter().map(peer) }
            <span class="peer peer--lost">{ text.get("stage-lost-short") }{ " " }<b>{ props.lost }</b></span>
        </div>
    }
}
