//! A replica beside the subject, small: a strip of key glyphs in the subject's columns, or a bar to one scale.

use yew::prelude::*;

use super::columns::Columns;
use super::density::Density;
use super::hands::Hands;
use super::log_strip::{StripLabel, describe_replica, role_class};
use super::record_cell::RecordCell;
use crate::app::canvas::anchor::strip_anchor;
use crate::app::i18n::use_text;
use crate::app::selection::Selection;
use crate::engine::common::{NodeId, Offset};
use crate::view::scene::{CellState, ReplicaRole, ReplicaStrip};

#[derive(Properties, PartialEq)]
pub struct CompactStripProps {
    pub strip: ReplicaStrip,
    pub node: NodeId,
    pub on: AttrValue,
    pub columns: Columns,
    pub hands: Hands,
}

#[component]
pub fn CompactStrip(props: &CompactStripProps) -> Html {
    let text = use_text();
    let CompactStripProps { strip, node, columns, hands, on } = props;
    let (node, columns) = (*node, *columns);
    let replica = Selection::Replica(node, strip.partition);
    let visible = |state: CellState| matches!(state, CellState::Committed | CellState::Uncommitted);
    let cells = strip.cells.iter().filter(|cell| columns.shows(cell.offset) && visible(cell.state)).map(|cell| {
        html! {
            <RecordCell key={cell.offset.0} cell={cell.clone()} {node} partition={strip.partition} compact=true
                column={columns.at(cell.offset)} copy={strip.role != ReplicaRole::Leader} hands={hands.clone()} />
        }
    });
    let start = columns.at(strip.log_start);
    let start = if columns.folded && columns.hidden(strip) > 0 { 0 } else { start };
    let end = columns.at(strip.log_end).max(start);
    let free = (end..columns.count).map(|at| html! { <i key={at} class="log__free" style={format!("--at:{at}")} /> });
    let folded = columns.hidden(strip);
    html! {
        <div class={classes!("replica", "replica--compact", role_class(strip.role), hands.ring(&replica))}
            style={format!("--columns:{}", columns.count)} role="group" tabindex="-1" data-roving=""
            aria-label={describe_replica(&text, strip, on)} onclick={hands.pick(replica)}>
            <StripLabel strip={strip.clone()} density={Density::Desk} compact=true hands={hands.clone()} />
            <div class="log" data-anchor={strip_anchor(node, strip.partition)} data-from={columns.from.to_string()}
                data-fold={u64::from(columns.folded).to_string()} data-columns={columns.count.to_string()}
                data-used={end.to_string()}>
                if end > start {
                    <span class="log__frame" style={format!("--at:{start};--wide:{}", end - start)} />
                }
                if columns.folded && folded > 0 {
                    <span class="cell cell--folded" style="--at:0"
                        title={text.get_with("stage-folded", &[("count", folded.into())])}>{ format!("+{folded}") }</span>
                }
                <span class="log__cells">{ for cells }</span>
                <span class="log__cells">{ for free }</span>
                if strip.role != ReplicaRole::Offline {
                    <span class="log__hw-tick" style={format!("--at:{}", columns.at(strip.high_watermark))} />
                }
            </div>
        </div>
    }
}

#[derive(Properties, PartialEq)]
pub struct BarStripProps {
    pub strip: ReplicaStrip,
    pub node: NodeId,
    pub on: AttrValue,
    /// The scale: offsets `first..end` over the whole width, the same for every bar of the figure.
    pub first: Offset,
    pub end: Offset,
    pub hands: Hands,
}

/// Log start, high watermark and log end of one replica, drawn to scale; hatched above the high watermark.
#[component]
pub fn BarStrip(props: &BarStripProps) -> Html {
    let text = use_text();
    let BarStripProps { strip, node, on, first, end, hands } = props;
    let replica = Selection::Replica(*node, strip.partition);
    let span = end.since(*first).max(1);
    let percent = |offset: Offset| offset.since(*first) as f64 * 100.0 / span as f64;
    let style = format!(
        "--start:{:.2};--hw:{:.2};--end:{:.2}",
        percent(strip.log_start),
        percent(strip.high_watermark.min(strip.log_end)),
        percent(strip.log_end)
    );
    html! {
        <div class={classes!("replica", "replica--bar", role_class(strip.role), hands.ring(&replica))} role="group"
            tabindex="-1" data-roving="" aria-label={describe_replica(&text, strip, on)} onclick={hands.pick(replica)}>
            <StripLabel strip={strip.clone()} density={Density::Desk} compact=true hands={hands.clone()} />
            <div class="log-bar" data-anchor={strip_anchor(*node, strip.partition)} {style}>
                <i class="log-bar__known" /><i class="log-bar__above" />
                if strip.role != ReplicaRole::Offline { <i class="log-bar__hw" /> }
            </div>
        </div>
    }
}
