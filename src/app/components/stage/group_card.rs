//! One consumer group: Kafka's word for its state, its members, and how far they are.

use yew::prelude::*;

use super::density::Density;
use super::group_badge::GroupBadge;
use super::hands::Hands;
use super::icon::Icon;
use super::member_row::MemberRow;
use super::progress_bar::progress_bars;
use super::seen_row::SeenRow;
use crate::app::i18n::use_text;
use crate::app::selection::Selection;
use crate::engine::common::Time;
use crate::view::scene::GroupCard as Group;

/// With more bars than these a group hides the groups below it: each member then says how many, and how far behind.
const MOST_BARS: usize = 12;

#[derive(Properties, PartialEq)]
pub struct GroupCardProps {
    pub group: Group,
    pub now: Time,
    /// How many records the workload has sent so far, for the comparison with a queue.
    #[prop_or_default]
    pub sent: u64,
    pub density: Density,
    pub hands: Hands,
}

#[component]
pub fn GroupCard(props: &GroupCardProps) -> Html {
    let text = use_text();
    let GroupCardProps { group, now, sent, density, hands } = props;
    let thing = Selection::Group(group.badge.group.clone());
    let half = *density == Density::Half;
    let bars = group.members.iter().map(|member| member.partitions.len()).sum::<usize>() + group.unowned.len();
    let folded = bars > MOST_BARS;
    let label = text.get_with(
        "stage-group-label",
        &[
            ("name", group.badge.group.as_str().into()),
            ("state", group.state.as_str().into()),
            ("lag", group.lag.into()),
        ],
    );
    html! {
        <article class={classes!("card", "group", hands.ring(&thing))} role="group" tabindex="-1" data-roving=""
            aria-label={label} onclick={hands.pick(thing)}>
            <header class="group__head">
                <GroupBadge badge={group.badge.clone()} />
                <h3 title={group.badge.group.clone()}>{ &group.badge.group }</h3>
                if half {
                    <span class="pill">{ text.get_with("stage-group-of", &[("count", group.members.len().into())]) }</span>
                } else if is_short(&group.state) {
                    { state_pill(&group.state) }
                }
            </header>
            if !half {
                <div class="group__meta">
                    if !is_short(&group.state) { { state_pill(&group.state) } }
                    if let Some(generation) = group.generation {
                        <span class="pill">{ text.get_with("stage-generation", &[("generation", generation.into())]) }</span>
                    }
                    if let (Some(coordinator), Density::Desk) = (group.coordinator, density) {
                        <span class="pill">{ text.get_with("stage-coordinator", &[("id", coordinator.into())]) }</span>
                    }
                </div>
            }
            { for group.members.iter().map(|member| html! {
                <MemberRow key={member.node.to_string()} node={member.node} name={member.name.clone()} state={member.state}
                    partitions={member.partitions.clone()} working_on={member.working_on.clone()} now={*now} density={*density}
                    {folded} hands={hands.clone()} />
            }) }
            if !group.unowned.is_empty() && !half {
                <div class="member member--none">
                    <div class="member__head"><span class="member__name">{ text.get("stage-nobody-reads") }</span></div>
                    { progress_bars(&text, &group.unowned, folded, hands) }
                </div>
            }
            if half && !group.seen.is_empty() { <SeenRow seen={group.seen.clone()} sent={*sent} lost=false /> }
        </article>
    }
}

/// A long state has no room beside the group's name and stands below it.
fn is_short(state: &str) -> bool {
    state.len() <= 8
}

/// The state in Kafka's word; its form says whether members read, wait or are gone.
fn state_pill(state: &str) -> Html {
    let (class, icon) = match state {
        "Stable" => ("pill--in-sync", None),
        "Empty" | "Dead" => ("pill--edge", None),
        _ => ("pill--out", Some(Icon::Redo)),
    };
    html! {
        <span class={classes!("pill", class)} title={state.to_owned()}>
            if let Some(icon) = icon { { icon.html() } }
            <span>{ state }</span>
        </span>
    }
}
