//! One record in a log strip: its key's glyph and its offset, in the form of its state.

use yew::prelude::*;

use super::glyph::{GlyphMark, key_class, shape_of};
use super::hands::Hands;
use crate::app::i18n::{Text, use_text};
use crate::app::selection::Selection;
use crate::engine::common::{NodeId, TopicPartition};
use crate::view::scene::{Cell, CellState};

#[derive(Properties, PartialEq)]
pub struct RecordCellProps {
    pub cell: Cell,
    pub node: NodeId,
    pub partition: TopicPartition,
    pub column: u64,
    /// A follower's copy has a hollow glyph.
    pub copy: bool,
    /// A compact strip shows the glyph alone.
    #[prop_or_default]
    pub compact: bool,
    pub hands: Hands,
}

#[component]
pub fn RecordCell(props: &RecordCellProps) -> Html {
    let text = use_text();
    let cell = &props.cell;
    let thing = Selection::Record(props.node, props.partition, cell.offset);
    let has_record = matches!(cell.state, CellState::Committed | CellState::Uncommitted);
    let class =
        classes!("cell", state_class(cell.state), has_record.then(|| key_class(cell.glyph)), props.hands.ring(&thing));
    let style = format!("--at:{}", props.column);
    let content = html! {
        <>
            if has_record { <GlyphMark glyph={cell.glyph} hollow={props.copy} /> }
            if !props.compact { <b>{ cell.offset.to_string() }</b> }
        </>
    };
    if props.compact {
        // Small strips are looked at as a whole; their cells are pointed at in the inspector.
        return html! { <span {class} {style} title={describe(&text, cell)}>{ content }</span> };
    }
    html! {
        <span {class} {style} role="button" tabindex="-1" data-roving="" title={title(cell)}
            aria-label={describe(&text, cell)} onclick={props.hands.pick(thing)}>
            { content }
        </span>
    }
}

fn state_class(state: CellState) -> &'static str {
    match state {
        CellState::Committed => "cell--committed",
        CellState::Uncommitted => "cell--uncommitted",
        CellState::Arriving => "cell--arriving",
        CellState::Deleted => "cell--deleted",
        CellState::Truncated => "cell--truncated",
    }
}

/// `bob: order 119`.
fn title(cell: &Cell) -> Option<AttrValue> {
    match (cell.key.as_deref(), cell.value.as_str()) {
        (None, "") => None,
        (None, value) => Some(value.to_owned().into()),
        (Some(key), "") => Some(key.to_owned().into()),
        (Some(key), value) => Some(format!("{key}: {value}").into()),
    }
}

/// "triangle, bob. Offset 7. At or above the high watermark."
fn describe(text: &Text, cell: &Cell) -> AttrValue {
    let state = text.get(match cell.state {
        CellState::Committed => "stage-cell-committed",
        CellState::Uncommitted => "stage-cell-uncommitted",
        CellState::Arriving => "stage-cell-arriving",
        CellState::Deleted => "stage-cell-deleted",
        CellState::Truncated => "stage-cell-truncated",
    });
    let shape = text.get(shape_of(cell.glyph).name);
    let key = cell.key.clone().map_or_else(|| text.get("stage-no-key"), AttrValue::from);
    text.get_with(
        "stage-cell",
        &[
            ("shape", shape.as_str().into()),
            ("key", key.as_str().into()),
            ("offset", cell.offset.0.into()),
            ("state", state.as_str().into()),
        ],
    )
}
