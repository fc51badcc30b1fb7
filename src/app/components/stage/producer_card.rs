//! One producer: the batches it fills, what it has in flight, and what it believes about the cluster.

use yew::prelude::*;

use super::density::Density;
use super::glyph::{GlyphMark, key_class};
use super::hands::Hands;
use super::icon::Icon;
use super::purgatory::range;
use crate::app::canvas::anchor::node_anchor;
use crate::app::i18n::{Text, use_text};
use crate::app::selection::Selection;
use crate::view::scene::{MetadataView, ProducerCard as Producer, Well};

/// So many glyphs of a filling batch have room in its well.
const GLYPHS: usize = 1;
/// More partitions than these share one line of text.
const WELLS: usize = 6;

#[derive(Properties, PartialEq)]
pub struct ProducerCardProps {
    pub producer: Producer,
    pub density: Density,
    pub hands: Hands,
}

#[component]
pub fn ProducerCard(props: &ProducerCardProps) -> Html {
    let text = use_text();
    let ProducerCardProps { producer, hands, .. } = props;
    let thing = Selection::Node(producer.node);
    let down = (!producer.up).then_some("producer--down");
    html! {
        <article class={classes!("card", "producer", down, hands.ring(&thing))} role="group" tabindex="-1" data-roving=""
            data-anchor={node_anchor(producer.node)} aria-label={describe(&text, producer)} onclick={hands.pick(thing)}>
            <h3 title={producer.name.clone()}>{ &producer.name }</h3>
            <p class="producer__acks">
                if let Some(acks) = &producer.acks { { "acks=" }{ acks } } else { { text.get("stage-confirms") } }
            </p>
            { metadata_line(&text, producer.metadata) }
            if producer.wells.len() > WELLS {
                if producer.wells.iter().any(|well| well.records > 0) {
                    <p class="note">{ wells_line(&text, &producer.wells) }</p>
                }
            } else if !producer.wells.is_empty() {
                <div class="wells" role="list" aria-label={text.get("stage-wells")}>
                    { for producer.wells.iter().map(|well| well_box(&text, well)) }
                </div>
            }
            { for notes(&text, producer) }
        </article>
    }
}

/// Many batches in one line of text.
fn wells_line(text: &Text, wells: &[Well]) -> AttrValue {
    let records: usize = wells.iter().map(|well| well.records as usize).sum();
    let filled = wells.iter().filter(|well| well.records > 0).count();
    text.get_with(
        "stage-wells-many",
        &[("records", records.into()), ("filled", filled.into()), ("partitions", wells.len().into())],
    )
}

fn well_box(text: &Text, well: &Well) -> Html {
    let title = text.get_with(
        "stage-well",
        &[("partition", well.partition.into()), ("records", well.records.into()), ("bytes", well.bytes.into())],
    );
    html! {
        <div key={well.partition} class="well" role="listitem" title={title}
            style={format!("--fill:{}", well.fill_permille.min(1_000) / 10)}>
            if !well.glyphs.is_empty() {
                <span class="well__glyphs">
                    { for well.glyphs.iter().take(GLYPHS).map(|&glyph| html! {
                        <i class={key_class(glyph)}><GlyphMark {glyph} /></i>
                    }) }
                    if well.records as usize > GLYPHS { <small>{ format!("+{}", well.records as usize - GLYPHS) }</small> }
                </span>
            }
            <span>{ format!("P{}", well.partition) }</span>
        </div>
    }
}

/// Fresh metadata is what everyone expects, so only the other two are told.
fn metadata_line(text: &Text, metadata: MetadataView) -> Option<Html> {
    match metadata {
        MetadataView::Fresh => None,
        MetadataView::Missing => Some(html! {
            <p class="note note--stale">{ Icon::Question.html() }{ text.get("stage-metadata-missing") }</p>
        }),
        MetadataView::Stale { partition, leader, epoch } => {
            let label = text.get_with(
                "stage-metadata-stale",
                &[("partition", partition.into()), ("leader", leader.into()), ("epoch", epoch.into())],
            );
            Some(html! {
                <p class="note note--stale" title={text.get("stage-metadata-stale-title")}>{ Icon::Stale.html() }{ label }</p>
            })
        }
    }
}

fn notes(text: &Text, producer: &Producer) -> Vec<Html> {
    let mut notes = Vec::new();
    let mut say = |class: Option<&'static str>, label: AttrValue| {
        notes.push(html! { <p key={label.to_string()} class={classes!("note", class)}>{ label.clone() }</p> });
    };
    if !producer.up {
        say(Some("note--offline"), text.get("stage-stopped"));
    }
    match producer.waits_for {
        Some((_, first, last)) => {
            say(None, text.get_with("stage-waits-for", &[("range", range(first, last).into())]));
        }
        None if producer.in_flight > 0 => {
            say(None, text.get_with("stage-in-flight", &[("count", producer.in_flight.into())]));
        }
        None => {}
    }
    if producer.backlog > 0 {
        say(None, text.get_with("stage-backlog", &[("count", producer.backlog.into())]));
    }
    if producer.failed > 0 {
        say(Some("note--bad"), text.get_with("stage-failed", &[("count", producer.failed.into())]));
    }
    if !producer.acked_and_lost.is_empty() {
        let lost: Vec<String> = producer.acked_and_lost.iter().map(|(_, offset)| offset.to_string()).collect();
        say(Some("note--lost"), text.get_with("stage-has-acks", &[("offsets", lost.join(", ").into())]));
    }
    notes
}

/// "Producer checkout-web. 8 sent, 6 acknowledged, 0 failed."
fn describe(text: &Text, producer: &Producer) -> AttrValue {
    text.get_with(
        "stage-producer-label",
        &[
            ("name", producer.name.as_str().into()),
            ("sent", producer.sent.into()),
            ("acked", producer.acked.into()),
            ("failed", producer.failed.into()),
        ],
    )
}
