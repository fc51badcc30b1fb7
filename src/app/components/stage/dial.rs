//! A small dial: the share of a wait, or of work, that is over.

use yew::prelude::*;

use crate::engine::common::Time;

#[derive(Properties, PartialEq)]
pub struct DialProps {
    pub now: Time,
    pub since: Time,
    pub until: Time,
}

#[component]
pub fn Dial(props: &DialProps) -> Html {
    let share = share_percent(props.now, props.since, props.until);
    html! { <i class="dial" style={format!("--share:{share}")} aria-hidden="true" /> }
}

/// How much of a span is over, in whole percent; an empty span is over.
#[must_use]
pub fn share_percent(now: Time, since: Time, until: Time) -> u64 {
    let whole = until.since(since).0;
    (now.since(since).0.min(whole) * 100).checked_div(whole).unwrap_or(100)
}
