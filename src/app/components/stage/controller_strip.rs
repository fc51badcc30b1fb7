//! The KRaft quorum: who leads it, who follows, and the newest records of the metadata log.

use yew::prelude::*;

use super::density::Density;
use super::hands::Hands;
use super::icon::Icon;
use crate::app::canvas::anchor::node_anchor;
use crate::app::i18n::use_text;
use crate::app::selection::Selection;
use crate::view::scene::{ControllerStrip as Quorum, Voter, VoterState};

/// How many records of the metadata log have room.
const TAIL: usize = 2;

#[derive(Properties, PartialEq)]
pub struct ControllerStripProps {
    pub quorum: Quorum,
    pub density: Density,
    pub hands: Hands,
}

#[component]
pub fn ControllerStrip(props: &ControllerStripProps) -> Html {
    let text = use_text();
    let ControllerStripProps { quorum, density, hands } = props;
    let majority = quorum.voters.len() / 2 + 1;
    let tail = &quorum.tail[quorum.tail.len().saturating_sub(TAIL)..];
    html! {
        <section class="card quorum" aria-label={text.get("stage-quorum")} data-anchor="quorum">
            <header class="quorum__head">
                <b>{ text.get("stage-quorum") }</b>
                <span>{ text.get_with("stage-quorum-majority", &[
                    ("epoch", quorum.epoch.into()), ("majority", majority.into()), ("voters", quorum.voters.len().into()),
                ]) }</span>
                if *density == Density::Desk {
                    <span class="quorum__hw">
                        { text.get_with("stage-metadata-hw", &[("offset", quorum.high_watermark.0.into())]) }
                    </span>
                }
            </header>
            <div class="quorum__voters">{ for quorum.voters.iter().map(|voter| voter_pill(voter, hands)) }</div>
            <ol class="quorum__tail" aria-label="__cluster_metadata">
                { for tail.iter().map(|chip| html! {
                    <li key={chip.offset.0} class={classes!("metadata-chip", chip.fresh.then_some("is-fresh"))} title={chip.text.clone()}>
                        <span class="mono">{ chip.offset.to_string() }</span><span>{ &chip.text }</span>
                    </li>
                }) }
            </ol>
        </section>
    }
}

fn voter_pill(voter: &Voter, hands: &Hands) -> Html {
    let (class, icon) = match voter.state {
        VoterState::Leader => ("voter--leader", Some(Icon::Crown)),
        VoterState::Follower => ("voter--follower", Some(Icon::InSync)),
        VoterState::Candidate => ("voter--candidate", Some(Icon::Question)),
        VoterState::Unattached => ("voter--unattached", None),
        VoterState::Offline => ("voter--offline", Some(Icon::Offline)),
    };
    let thing = Selection::Node(voter.node);
    html! {
        <button key={voter.id} type="button" class={classes!("voter", class, hands.ring(&thing))} tabindex="-1"
            data-roving="" data-anchor={node_anchor(voter.node)} title={format!("{:?}", voter.state)}
            onclick={hands.pick(thing)}>
            if let Some(icon) = icon { { icon.html() } }
            { format!("c{}", voter.id) }
        </button>
    }
}
