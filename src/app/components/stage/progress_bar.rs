//! How far a group is in one partition: solid to the committed offset, hatched to the position, a tick at the high
//! watermark. The lag that tools print is high watermark − committed.

use yew::prelude::*;

use super::hands::Hands;
use crate::app::i18n::{Text, use_text};
use crate::app::selection::Selection;
use crate::engine::common::Offset;
use crate::view::scene::Progress;

/// A bar is at least so many offsets long, so that short logs do not jump from empty to full.
const LEAST_SPAN: u64 = 8;

#[derive(Properties, PartialEq)]
pub struct ProgressBarProps {
    pub progress: Progress,
    pub hands: Hands,
}

#[component]
pub fn ProgressBar(props: &ProgressBarProps) -> Html {
    let text = use_text();
    let progress = &props.progress;
    let span = scale(progress);
    let percent = |offset: Offset| offset.since(progress.log_start).min(span) * 1_000 / span;
    let committed = progress.committed.map_or(0, percent);
    let position = progress.position.map_or(committed, percent).max(committed);
    let style = format!(
        "--committed:{};--position:{};--hw:{}",
        tenths(committed),
        tenths(position),
        tenths(percent(progress.high_watermark))
    );
    let lag = progress.lag.map(|lag| text.get_with("stage-lag", &[("count", lag.into())]));
    let some = progress.lag.is_some_and(|lag| lag > 0).then_some("progress__lag--some");
    let thing = Selection::Partition(progress.partition);
    html! {
        <div class="progress" title={title(&text, progress)} onclick={props.hands.pick(thing)}>
            <b>{ &progress.label }</b>
            <span class="progress__bar" {style}>
                <i class="progress__position" /><i class="progress__committed" /><u />
            </span>
            <span class={classes!("progress__lag", some)}>{ lag.unwrap_or_else(|| text.get("stage-no-commit")) }</span>
        </div>
    }
}

/// A bar for each partition; folded, one line for all of them.
pub fn progress_bars(text: &Text, all: &[Progress], folded: bool, hands: &Hands) -> Html {
    if !folded || all.is_empty() {
        return all
            .iter()
            .map(|progress| {
                html! { <ProgressBar key={progress.label.clone()} progress={progress.clone()} hands={hands.clone()} /> }
            })
            .collect();
    }
    let known: Vec<u64> = all.iter().filter_map(|progress| progress.lag).collect();
    let lag: u64 = known.iter().sum();
    let said = if known.is_empty() {
        text.get("stage-no-commit")
    } else {
        text.get_with("stage-lag", &[("count", lag.into())])
    };
    let names: Vec<&str> = all.iter().map(|progress| progress.label.as_str()).collect();
    html! {
        <div class="progress progress--folded" title={names.join(" ")}>
            <span>{ text.get_with("stage-member-folded", &[("partitions", all.len().into())]) }</span>
            <span class={classes!("progress__lag", (lag > 0).then_some("progress__lag--some"))}>{ said }</span>
        </div>
    }
}

/// The whole bar in offsets: a round number from log start, past the high watermark.
fn scale(progress: &Progress) -> u64 {
    progress.high_watermark.since(progress.log_start).max(LEAST_SPAN).next_multiple_of(LEAST_SPAN)
}

/// Thousandths as percent with one decimal.
fn tenths(permille: u64) -> String {
    format!("{}.{}", permille / 10, permille % 10)
}

fn title(text: &Text, progress: &Progress) -> AttrValue {
    let shown = |offset: Option<Offset>| offset.map_or_else(|| "–".to_owned(), |offset| offset.to_string());
    text.get_with(
        "stage-progress",
        &[
            ("committed", shown(progress.committed).into()),
            ("position", shown(progress.position).into()),
            ("hw", progress.high_watermark.0.into()),
        ],
    )
}
