//! A group's letter in a rounded square: solid for a position, hollow for a committed offset.

use yew::prelude::*;

use crate::view::scene::GroupBadge as Badge;

#[derive(Properties, PartialEq)]
pub struct GroupBadgeProps {
    pub badge: Badge,
    #[prop_or_default]
    pub hollow: bool,
}

#[component]
pub fn GroupBadge(props: &GroupBadgeProps) -> Html {
    let class = classes!("group-badge", props.hollow.then_some("group-badge--hollow"));
    html! { <i {class} title={props.badge.group.clone()}>{ &props.badge.letter }</i> }
}
