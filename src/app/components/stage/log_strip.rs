//! The log of one replica at full detail: cells, high watermark, log end, log start, segments and group markers.
//!
//! Everything that is a position stands on the left edge of the cell it names.

use yew::prelude::*;

use super::columns::Columns;
use super::density::Density;
use super::group_badge::GroupBadge;
use super::hands::Hands;
use super::icon::Icon;
use super::record_cell::RecordCell;
use super::strip_marks::{BadgeStack, place_badges, place_end};
use crate::app::canvas::anchor::strip_anchor;
use crate::app::i18n::{Text, use_text};
use crate::app::selection::Selection;
use crate::engine::common::{NodeId, Offset};
use crate::view::scene::{CursorKind, ReplicaNote, ReplicaRole, ReplicaStrip};

#[derive(Properties, PartialEq)]
pub struct LogStripProps {
    pub strip: ReplicaStrip,
    pub node: NodeId,
    /// `Broker 1`, for screen readers.
    pub on: AttrValue,
    pub columns: Columns,
    pub density: Density,
    pub hands: Hands,
}

#[component]
pub fn LogStrip(props: &LogStripProps) -> Html {
    let text = use_text();
    let LogStripProps { strip, node, columns, hands, density, .. } = props;
    let (node, columns, density) = (*node, *columns, *density);
    let replica = Selection::Replica(node, strip.partition);
    let partition = Selection::Partition(strip.partition);
    let alive = strip.role != ReplicaRole::Offline;
    let half = density == Density::Half;
    let stacks = place_badges(&strip.cursors, columns, half);
    let rows = stacks.iter().map(|stack| stack.row + 1).max().unwrap_or(0);
    let used =
        strip.cells.iter().filter(|cell| columns.shows(cell.offset)).map(|cell| columns.at(cell.offset) + 1).max();
    let used = used.unwrap_or(u64::from(columns.folded));

    let cells = strip.cells.iter().filter(|cell| columns.shows(cell.offset)).map(|cell| {
        html! {
            <RecordCell key={cell.offset.0} cell={cell.clone()} {node} partition={strip.partition}
                column={columns.at(cell.offset)} copy={strip.role != ReplicaRole::Leader} hands={hands.clone()} />
        }
    });
    let free = (used..columns.count).map(|at| html! { <i key={at} class="log__free" style={format!("--at:{at}")} /> });
    html! {
        <div class={classes!("replica", role_class(strip.role), hands.ring(&replica), hands.ring(&partition))}
            style={format!("--columns:{};--badge-rows:{rows}", columns.count)} role="group" tabindex="-1" data-roving=""
            aria-label={describe_replica(&text, strip, &props.on)} onclick={hands.pick(replica)}>
            <StripLabel strip={strip.clone()} {density} hands={hands.clone()} />
            <div class="log" data-anchor={strip_anchor(node, strip.partition)} data-from={columns.from.to_string()}
                data-fold={u64::from(columns.folded).to_string()} data-columns={columns.count.to_string()}
                data-used={used.to_string()}>
                { start_bracket(&text, strip, columns) }
                { folded_cell(&text, strip, columns) }
                <span class="log__cells">{ for cells }</span>
                <span class="log__cells">{ for free }</span>
                { segments(strip, columns) }
                if alive && !half {
                    { high_watermark(strip, columns) }
                    { log_end(strip, columns, &stacks) }
                }
                { for stacks.iter().map(badge_stack) }
            </div>
        </div>
    }
}

#[derive(Properties, PartialEq)]
pub struct StripLabelProps {
    pub strip: ReplicaStrip,
    pub density: Density,
    #[prop_or_default]
    pub compact: bool,
    pub hands: Hands,
}

/// `P0` with the mark of its role; a click makes the partition the subject.
#[component]
pub fn StripLabel(props: &StripLabelProps) -> Html {
    let text = use_text();
    let strip = &props.strip;
    let name = format!("P{}", strip.partition.partition);
    let role = role_text(&text, strip);
    let detail = match props.density {
        Density::Half => text.get_with("stage-records", &[("count", strip.log_end.since(strip.log_start).into())]),
        Density::Desk | Density::Presenter | Density::Phone | Density::Narrow => role.clone(),
    };
    let label = text.get_with("stage-open-partition", &[("name", strip.name.as_str().into())]);
    html! {
        <button type="button" class="replica__label" tabindex="-1" data-roving="" title={label.clone()}
            aria-label={label} onclick={props.hands.open(strip.partition)}>
            <b>{ name }{ role_icon(strip.role).html() }</b>
            if !props.compact { <span>{ detail }</span> }
        </button>
    }
}

#[must_use]
pub fn role_class(role: ReplicaRole) -> &'static str {
    match role {
        ReplicaRole::Leader => "replica--leader",
        ReplicaRole::InSync => "replica--in-sync",
        ReplicaRole::OutOfSync => "replica--out",
        ReplicaRole::Offline => "replica--offline",
    }
}

#[must_use]
pub fn role_icon(role: ReplicaRole) -> Icon {
    match role {
        ReplicaRole::Leader => Icon::Crown,
        ReplicaRole::InSync => Icon::InSync,
        ReplicaRole::OutOfSync => Icon::OutOfSync,
        ReplicaRole::Offline => Icon::Offline,
    }
}

#[must_use]
pub fn role_text(text: &Text, strip: &ReplicaStrip) -> AttrValue {
    let note = match strip.note {
        None => return role_alone(text, strip),
        Some(ReplicaNote::Adding) => "stage-adding",
        Some(ReplicaNote::Removing) => "stage-removing",
        Some(ReplicaNote::Eligible) => "stage-eligible",
    };
    format!("{}, {}", role_alone(text, strip), text.get(note)).into()
}

fn role_alone(text: &Text, strip: &ReplicaStrip) -> AttrValue {
    match strip.role {
        ReplicaRole::Leader => text.get_with("stage-leader", &[("epoch", strip.leader_epoch.into())]),
        ReplicaRole::InSync => text.get("stage-in-sync"),
        ReplicaRole::OutOfSync => text.get("stage-out-of-sync"),
        ReplicaRole::Offline => text.get("stage-offline"),
    }
}

/// "orders-0 on Broker 3. Out of sync. Log end offset 4. High watermark it knows 4."
#[must_use]
pub fn describe_replica(text: &Text, strip: &ReplicaStrip, on: &str) -> AttrValue {
    let role = role_text(text, strip);
    text.get_with(
        "stage-replica",
        &[
            ("name", strip.name.as_str().into()),
            ("on", on.into()),
            ("role", role.as_str().into()),
            ("end", strip.log_end.0.into()),
            ("hw", strip.high_watermark.0.into()),
        ],
    )
}

fn start_bracket(text: &Text, strip: &ReplicaStrip, columns: Columns) -> Option<Html> {
    let seen = strip.log_start > Offset(0) && columns.shows(strip.log_start);
    seen.then(|| {
        let label = text.get_with("stage-start", &[("offset", strip.log_start.0.into())]);
        html! {
            <span class="log__start" style={format!("--at:{}", columns.at(strip.log_start))}><span>{ label }</span></span>
        }
    })
}

fn folded_cell(text: &Text, strip: &ReplicaStrip, columns: Columns) -> Option<Html> {
    let count = columns.hidden(strip);
    (columns.folded && count > 0).then(|| {
        let label = text.get_with("stage-folded", &[("count", count.into())]);
        html! { <span class="cell cell--folded" style="--at:0" title={label}><b>{ count }</b><i>{ text.get("stage-more") }</i></span> }
    })
}

fn segments(strip: &ReplicaStrip, columns: Columns) -> Html {
    let last = strip.segments.len().saturating_sub(1);
    let shown = strip.segments.iter().enumerate().filter(|(_, (_, end))| *end > columns.from);
    html! {
        <span class="log__segments">
            { for shown.map(|(index, &(first, end))| {
                let (left, right) = (columns.at(first.max(columns.from)), columns.at(end));
                let style = format!("--at:{left};--wide:{}", right.saturating_sub(left));
                html! { <i key={first.0} class={classes!((index == last).then_some("is-active"))} {style} /> }
            }) }
        </span>
    }
}

/// The leader's pennant is solid; a follower's is open: it is the mark that this replica knows, perhaps an older one.
fn high_watermark(strip: &ReplicaStrip, columns: Columns) -> Html {
    let at = columns.at(strip.high_watermark);
    let class = classes!(
        "log__hw",
        (strip.role != ReplicaRole::Leader).then_some("log__hw--known"),
        (at + 2 > columns.count).then_some("log__hw--flipped"),
        (strip.high_watermark < columns.from).then_some("log__hw--before"),
    );
    let moved = strip.high_watermark.0;
    html! {
        <span {class} style={format!("--at:{at}")}>
            <span>{ Icon::Flag.html() }{ "HW " }{ strip.high_watermark.to_string() }</span>
            <i key={moved} class="log__halo" />
        </span>
    }
}

fn log_end(strip: &ReplicaStrip, columns: Columns, stacks: &[BadgeStack]) -> Html {
    let label = place_end(strip.log_end, columns, stacks);
    let class = classes!("log__end", label.flipped.then_some("log__end--flipped"));
    html! {
        <span {class} style={format!("--at:{:.2}", label.at)}>{ Icon::Caret.html() }{ "LEO " }{ strip.log_end.to_string() }</span>
    }
}

fn badge_stack(stack: &BadgeStack) -> Html {
    let key = format!("{}-{}", stack.row, stack.offset);
    html! {
        <span {key} class="log__badges" style={format!("--at:{:.2};--row:{}", stack.left, stack.row)}>
            { for stack.badges.iter().map(|(badge, kind)| {
                let key = format!("{}{}", badge.letter, u8::from(*kind == CursorKind::Position));
                html! { <GroupBadge {key} badge={badge.clone()} hollow={*kind == CursorKind::Committed} /> }
            }) }
        </span>
    }
}
