//! The KRaft quorum, or the ZooKeeper ensemble: who leads it, who follows, and the newest of what it remembers.

use yew::prelude::*;

use super::density::Density;
use super::hands::Hands;
use super::icon::Icon;
use crate::app::canvas::anchor::node_anchor;
use crate::app::i18n::{Text, use_text};
use crate::app::selection::Selection;
use crate::engine::common::{Span, Time, TopicPartition};
use crate::view::scene::{ControllerStrip as Quorum, Ensemble, StateZnode, Voter, VoterState};

/// How many records of the metadata log have room.
const TAIL: usize = 2;

#[derive(Properties, PartialEq)]
pub struct ControllerStripProps {
    pub quorum: Quorum,
    pub density: Density,
    /// The partition drawn large: its state znode is shown.
    #[prop_or_default]
    pub subject: Option<TopicPartition>,
    #[prop_or_default]
    pub now: Time,
    pub hands: Hands,
}

#[component]
pub fn ControllerStrip(props: &ControllerStripProps) -> Html {
    let text = use_text();
    let ControllerStripProps { quorum, density, subject, now, hands } = props;
    let majority = quorum.voters.len() / 2 + 1;
    let title = if quorum.ensemble.is_some() { "stage-ensemble" } else { "stage-quorum" };
    // Five voters leave no room.
    let room = if quorum.voters.len() > 3 { 0 } else { TAIL };
    let tail = &quorum.tail[quorum.tail.len().saturating_sub(room)..];
    html! {
        <section class="card quorum" aria-label={text.get(title)} data-anchor="quorum">
            <header class="quorum__head">
                <b>{ text.get(title) }</b>
                <span>{ text.get_with("stage-quorum-majority", &[
                    ("epoch", quorum.epoch.into()), ("majority", majority.into()), ("voters", quorum.voters.len().into()),
                ]) }</span>
                if *density == Density::Desk {
                    <span class="quorum__hw">{ match &quorum.ensemble {
                        Some(ensemble) => text.get_with("stage-controller-epoch", &[("epoch", ensemble.controller_epoch.into())]),
                        None => text.get_with("stage-metadata-hw", &[("offset", quorum.high_watermark.0.into())]),
                    } }</span>
                }
            </header>
            <div class="quorum__voters">{ for quorum.voters.iter().map(|voter| voter_pill(voter, quorum, *density, hands, &text)) }</div>
            if let Some(ensemble) = &quorum.ensemble {
                { znodes(ensemble, *subject, *now, &text) }
            } else {
            <ol class="quorum__tail" aria-label="__cluster_metadata">
                { for tail.iter().map(|chip| html! {
                    <li key={chip.offset.0} class={classes!("metadata-chip", chip.fresh.then_some("is-fresh"))} title={chip.text.clone()}>
                        <span class="mono">{ chip.offset.to_string() }</span><span>{ &chip.text }</span>
                    </li>
                }) }
            </ol>
            }
        </section>
    }
}

/// A znode is lit so long after it was written.
const FRESH: Span = Span::secs(2);

/// What ZooKeeper holds that matters most: who is there, who is controller, and the state of the subject.
fn znodes(ensemble: &Ensemble, subject: Option<TopicPartition>, now: Time, text: &Text) -> Html {
    let state = ensemble.states.iter().find(|state| Some(state.partition) == subject).or(ensemble.states.first());
    let id = |(id, is_there): &(u32, bool)| {
        let gone = (!is_there).then_some("znode-chip--gone");
        html! { <i key={*id} class={classes!("znode-chip", "znode-chip--ephemeral", gone)}>{ id }</i> }
    };
    let named = |state: &StateZnode| {
        let fresh = (now.since(state.written) < FRESH).then_some("is-fresh");
        let leader = state.leader.map_or_else(|| "-1".to_owned(), |leader| leader.to_string());
        html! {
            <p class="znode-line">
                <code>{ format!("…/{}", state.path) }</code>
                <i class={classes!("znode-chip", fresh)}>{ format!("leader {leader}") }</i>
                <i class={classes!("znode-chip", fresh)}>{ format!("epoch {}", state.leader_epoch) }</i>
                <i class={classes!("znode-chip", fresh)}>{ format!("ISR {}", state.isr) }</i>
                <small>{ text.get_with("stage-znode-version", &[("version", state.version.into())]) }</small>
            </p>
        }
    };
    html! {
        <>
            <p class="znode-line znode-line--ids" aria-label="znodes">
                <code title="/brokers/ids">{ "…/ids" }</code>{ for ensemble.ids.iter().map(id) }
                <code>{ "/controller" }</code>
                if let Some(controller) = ensemble.controller {
                    <i class="znode-chip znode-chip--ephemeral">{ controller }</i>
                } else {
                    <i class="znode-chip znode-chip--ephemeral znode-chip--gone">{ "–" }</i>
                }
            </p>
            if let Some(state) = state { { named(state) } }
        </>
    }
}

/// Its state, and what tells it from the others: another epoch, how far its log reaches, who has its vote.
fn voter_pill(voter: &Voter, quorum: &Quorum, density: Density, hands: &Hands, text: &Text) -> Html {
    let (class, icon) = match voter.state {
        VoterState::Leader => ("voter--leader", Some(Icon::Crown)),
        VoterState::Follower => ("voter--follower", Some(Icon::InSync)),
        VoterState::Candidate => ("voter--candidate", Some(Icon::Question)),
        VoterState::Prospective => ("voter--prospective", Some(Icon::Question)),
        VoterState::Voted | VoterState::Unattached => ("voter--unattached", None),
        VoterState::Resigned => ("voter--unattached", Some(Icon::OutOfSync)),
        VoterState::Offline => ("voter--offline", Some(Icon::Offline)),
    };
    let thing = Selection::Node(voter.node);
    let prefix = if quorum.ensemble.is_some() { "zk" } else { "c" };
    let alone = quorum.voters.len() == 1;
    let furthest = quorum.voters.iter().map(|voter| voter.log_end).max().unwrap_or_default();
    let is_up = voter.state != VoterState::Offline;
    let elects = quorum
        .voters
        .iter()
        .any(|voter| matches!(voter.state, VoterState::Candidate | VoterState::Prospective | VoterState::Voted));
    let votes_for = voter.voted.filter(|voted| elects && is_up && *voted != voter.id);
    let none = || text.get("ui-none").to_string();
    let title = text.get_with(
        "stage-voter-title",
        &[
            ("name", voter.node.to_string().into()),
            ("state", voter.state.name().into()),
            ("epoch", voter.epoch.into()),
            ("end", voter.log_end.to_string().into()),
            ("hw", voter.high_watermark.map_or_else(none, |hw| hw.to_string()).into()),
            ("voted", voter.voted.map_or_else(none, |voted| format!("{prefix}{voted}")).into()),
        ],
    );
    html! {
        <button key={voter.id} type="button" class={classes!("voter", class, hands.ring(&thing))} tabindex="-1"
            data-roving="" data-anchor={node_anchor(voter.node)} {title} onclick={hands.pick(thing)}>
            if let Some(icon) = icon { { icon.html() } }
            { format!("{prefix}{}", voter.id) }
            if !alone && is_up {
                if !matches!(voter.state, VoterState::Leader | VoterState::Follower) {
                    <span class="voter__state">{ voter.state.name() }</span>
                }
                if voter.epoch != quorum.epoch { <span class="voter__mark">{ format!("e{}", voter.epoch) }</span> }
                // Where its log ends is worth its room only where it is not where the leader's ends.
                if density == Density::Desk && voter.log_end != furthest { <span class="voter__mark">{ format!("#{}", voter.log_end) }</span> }
                if let Some(voted) = votes_for { <span class="voter__mark">{ format!("→{prefix}{voted}") }</span> }
            }
        </button>
    }
}
