//! One member of a group, or one worker of a queue's application: its state and what it works on.

use yew::prelude::*;

use super::density::Density;
use super::dial::Dial;
use super::glyph::{GlyphMark, key_class};
use super::hands::Hands;
use super::icon::Icon;
use super::progress_bar::progress_bars;
use crate::app::canvas::anchor::node_anchor;
use crate::app::i18n::{Text, use_text};
use crate::app::selection::Selection;
use crate::engine::common::{NodeId, Time};
use crate::view::scene::{MemberState, Progress, Work};

#[derive(Properties, PartialEq)]
pub struct MemberRowProps {
    pub node: NodeId,
    pub name: AttrValue,
    pub state: MemberState,
    #[prop_or_default]
    pub partitions: Vec<Progress>,
    pub working_on: Option<Work>,
    pub now: Time,
    pub density: Density,
    /// Too many partitions to draw each.
    #[prop_or_default]
    pub folded: bool,
    pub hands: Hands,
}

#[component]
pub fn MemberRow(props: &MemberRowProps) -> Html {
    let text = use_text();
    let MemberRowProps { node, name, state, partitions, working_on, now, density, folded, hands } = props;
    let thing = Selection::Member(*node);
    let (class, icon) = state_form(*state);
    html! {
        <div class={classes!("member", class, hands.ring(&thing), hands.ring(&Selection::Node(*node)))} role="group" tabindex="-1" data-roving=""
            data-anchor={node_anchor(*node)} aria-label={describe(&text, name, *state)} onclick={hands.pick(thing)}>
            <div class="member__head">
                <span class="member__name">{ icon.html() }<span>{ name }</span></span>
                if let Some(work) = working_on {
                    { job(&text, work, *now, *density) }
                } else if *state != MemberState::Active {
                    <span class="member__state">{ text.get(state_key(*state)) }</span>
                }
            </div>
            if *density != Density::Half {
                { progress_bars(&text, partitions, *folded, hands) }
            }
        </div>
    }
}

fn job(text: &Text, work: &Work, now: Time, density: Density) -> Html {
    let label = text.get_with("stage-works-on", &[("offset", work.offset.0.into())]);
    html! {
        <span class="member__job" title={label}>
            <Dial {now} since={work.since} until={work.until} />
            if density == Density::Half { <span>{ text.get("stage-works") }</span> }
            <span class={classes!("message", key_class(work.glyph))}>
                <GlyphMark glyph={work.glyph} /><b>{ work.offset.to_string() }</b>
            </span>
        </span>
    }
}

fn state_form(state: MemberState) -> (Option<&'static str>, Icon) {
    match state {
        MemberState::Active => (None, Icon::Person),
        MemberState::Connecting => (Some("member--connecting"), Icon::Search),
        MemberState::Joining => (Some("member--joining"), Icon::Wait),
        MemberState::Paused => (Some("member--paused"), Icon::Pause),
        MemberState::Down => (Some("member--down"), Icon::Offline),
        MemberState::Evicted => (Some("member--evicted"), Icon::Person),
    }
}

fn state_key(state: MemberState) -> &'static str {
    match state {
        MemberState::Active => "stage-member-active",
        MemberState::Connecting => "stage-member-connecting",
        MemberState::Joining => "stage-member-joining",
        MemberState::Paused => "stage-member-paused",
        MemberState::Down => "stage-member-down",
        MemberState::Evicted => "stage-member-evicted",
    }
}

fn describe(text: &Text, name: &str, state: MemberState) -> AttrValue {
    let state = text.get(state_key(state));
    text.get_with("stage-member-label", &[("name", name.into()), ("state", state.as_str().into())])
}
