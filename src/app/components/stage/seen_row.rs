//! Which records of the workload one application got, in the workload's order: the comparison of queue and topic.

use yew::prelude::*;

use super::glyph::{GlyphMark, key_class};
use crate::app::i18n::use_text;
use crate::view::scene::{Seen, SeenState};

#[derive(Properties, PartialEq)]
pub struct SeenRowProps {
    pub seen: Vec<Seen>,
    /// How many records the workload has sent so far.
    pub sent: u64,
    /// Whether what others took is out of reach for ever (a queue), rather than still in the log.
    pub lost: bool,
}

#[component]
pub fn SeenRow(props: &SeenRowProps) -> Html {
    let text = use_text();
    let count = |state: SeenState| props.seen.iter().filter(|seen| seen.state == state).count();
    let got = count(SeenState::Got);
    // Of a long run only the newest are listed, and nothing is said of the others.
    let is_whole = props.sent <= props.seen.len() as u64;
    let received = if is_whole {
        text.get_with("stage-seen-received", &[("sent", props.sent.into())])
    } else {
        text.get_with("stage-seen-received-last", &[("listed", props.seen.len().into())])
    };
    let numbers = |state: SeenState| -> Vec<u64> {
        props.seen.iter().filter(|seen| seen.state == state).map(|seen| seen.number).collect()
    };
    let never = numbers(SeenState::Never);
    let coming = numbers(SeenState::Coming);
    let list = |numbers: &[u64]| numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    let remark = if !never.is_empty() {
        Some(text.get_with("stage-seen-never", &[("numbers", list(&never).into()), ("count", never.len().into())]))
    } else if !coming.is_empty() {
        Some(text.get_with("stage-seen-coming", &[("numbers", list(&coming).into()), ("count", coming.len().into())]))
    } else if !props.lost && is_whole && props.sent > got as u64 {
        Some(text.get_with("stage-seen-wait", &[("count", (props.sent - got as u64).into())]))
    } else {
        None
    };
    html! {
        <div class="seen">
            <ol class="seen__cells">
                { for props.seen.iter().map(|seen| html! {
                    <li key={seen.number} class={classes!("seen__cell", key_class(seen.glyph), state_class(seen.state))}
                        title={text.get_with("stage-order", &[("number", seen.number.into())])}>
                        if matches!(seen.state, SeenState::Got | SeenState::Coming) {
                            <GlyphMark glyph={seen.glyph} hollow={seen.state == SeenState::Coming} />
                        }
                    </li>
                }) }
            </ol>
            <p class="seen__count"><b>{ got }</b>{ " " }{ received }</p>
            if let Some(remark) = remark { <p class="seen__remark">{ remark }</p> }
        </div>
    }
}

fn state_class(state: SeenState) -> &'static str {
    match state {
        SeenState::Got => "seen__cell--got",
        SeenState::Coming => "seen__cell--coming",
        SeenState::NotYet => "seen__cell--not-yet",
        SeenState::Never => "seen__cell--never",
    }
}
