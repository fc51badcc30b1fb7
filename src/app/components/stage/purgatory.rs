//! Requests that wait on a broker, each with a dial for the share of its deadline that is over.

use yew::prelude::*;

use super::class_filter::class_name;
use super::density::Density;
use super::dial::Dial;
use super::hands::Hands;
use super::icon::Icon;
use crate::app::canvas::anchor::purgatory_anchor;
use crate::app::i18n::{Text, use_text};
use crate::app::selection::Selection;
use crate::engine::common::{NodeId, Offset, Time, TopicPartition};
use crate::view::scene::{BrokerCard, Waiting, WaitingFor};

/// More than these are counted.
const SHOWN: usize = 3;

/// Far from the screen only what concerns the subject counts; a phone has no room for any.
pub fn shown_waits(
    broker: &BrokerCard,
    density: Density,
    subject: Option<TopicPartition>,
) -> impl Iterator<Item = &Waiting> {
    broker.purgatory.iter().filter(move |wait| {
        let (WaitingFor::HighWatermark { partition, .. } | WaitingFor::Data { partition, .. }) = wait.what;
        match density {
            Density::Desk | Density::Half => true,
            Density::Presenter | Density::Narrow => Some(partition) == subject,
            Density::Phone => false,
        }
    })
}

#[derive(Properties, PartialEq)]
pub struct PurgatoryProps {
    pub node: NodeId,
    pub waits: Vec<Waiting>,
    pub now: Time,
    pub hands: Hands,
}

#[component]
pub fn Purgatory(props: &PurgatoryProps) -> Html {
    let text = use_text();
    let PurgatoryProps { node, waits, now, hands } = props;
    let more = waits.len().saturating_sub(SHOWN);
    html! {
        <div class="purgatory" data-anchor={purgatory_anchor(*node)} aria-label={text.get("stage-purgatory")} role="group">
            { Icon::Wait.html() }
            { for waits.iter().take(SHOWN).enumerate().map(|(index, wait)| {
                let label = describe_wait(&text, wait);
                html! {
                    <button key={format!("{}-{index}", wait.owner)} type="button" tabindex="-1" data-roving=""
                        class={classes!("wait", class_name(wait.class))} onclick={hands.pick(Selection::Node(wait.owner))}
                        title={text.get_with("stage-deadline", &[("time", wait.deadline.to_string().into())])}>
                        <Dial now={*now} since={wait.since} until={wait.deadline} />{ label }
                    </button>
                }
            }) }
            if more > 0 { <span class="purgatory__more">{ format!("+{more}") }</span> }
        </div>
    }
}

/// "6–7 until HW 8", "billing-1 at 6".
#[must_use]
pub fn describe_wait(text: &Text, wait: &Waiting) -> AttrValue {
    match &wait.what {
        WaitingFor::HighWatermark { first, last, until, .. } => {
            text.get_with("stage-wait-hw", &[("range", range(*first, *last).into()), ("until", until.0.into())])
        }
        WaitingFor::Data { offset, .. } => {
            text.get_with("stage-wait-data", &[("name", wait.owner_name.as_str().into()), ("offset", offset.0.into())])
        }
    }
}

/// `6–7`, or `6` for one offset.
#[must_use]
pub fn range(first: Offset, last: Offset) -> String {
    if first == last { first.to_string() } else { format!("{first}–{last}") }
}
