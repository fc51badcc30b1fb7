//! One record: what an application wrote, and the very bytes of the batch that holds it, field by field.

use yew::prelude::*;

use super::parts::{facts, head, link_to, long_facts, or_none, row, section_with};
use crate::app::components::stage::glyph::{GlyphMark, key_class};
use crate::app::i18n::Text;
use crate::app::selection::Selection;
use crate::app::state::page::Page;
use crate::engine::common::{BrokerId, NodeId, Offset, TopicPartition};
use crate::engine::record::{Field, FieldValue, RecordBatch, describe, encode, fields, wire_timestamp_ms};
use crate::view::explain::partition_name;

/// Bytes in a line of the dump.
const LINE: usize = 8;

/// More bytes than this are told as a number.
const SHOWN: usize = 256;

/// Fields of the header that are marked, in the order of the legend.
const MARKED: [(&str, &str); 6] = [
    ("baseOffset", "hex--base"),
    ("partitionLeaderEpoch", "hex--epoch"),
    ("magic", "hex--magic"),
    ("crc", "hex--crc"),
    ("key", "hex--key"),
    ("value", "hex--value"),
];

pub fn view(page: &Page, text: &Text, on: BrokerId, id: TopicPartition, offset: Offset) -> Option<Html> {
    let model = page.model();
    let world = model.session().world();
    let log = world.broker(on)?.log(id)?;
    let batch = log.batch_at(offset)?;
    let (index, (_, record)) = batch.iter().enumerate().find(|(_, (at, _))| *at == offset)?;
    let words = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let glyph = model.keys().glyph_of(record);
    let below = offset < log.high_watermark();
    let producer = batch.producer_id_and_epoch();
    let bytes = encode(batch);
    let fields = fields(batch);
    Some(html! {
        <>
            { head(
                text.get_with("ui-record-on", &[("partition", partition_name(world, id).into()), ("broker", on.0.into())]),
                html! {
                    <>
                        <span class={classes!("inspector__glyph", key_class(glyph))}><GlyphMark {glyph} hollow={!is_leader(world, on, id)} /></span>
                        { text.get_with("ui-offset", &[("offset", offset.0.into())]) }
                    </>
                },
            ) }
            <section class="inspector__section">
                { facts(vec![
                    row("key", record.key.as_deref().map_or_else(|| AttrValue::from("null"), |key| words(key).into())),
                    row(text.get("ui-committed"), text.get(if below { "ui-yes" } else { "ui-no" })),
                    row("timestamp", batch.timestamp_of(index).to_string()),
                    row("leader epoch", batch.partition_leader_epoch.to_string()),
                    row("producer id", or_none(text, producer.map(|(id, _)| id))),
                    row("producer epoch", or_none(text, producer.map(|(_, epoch)| epoch))),
                    row("sequence", or_none(text, batch.producer.map(|stamp| {
                        stamp.sequence_at(u32::try_from(offset.since(batch.base_offset)).unwrap_or(u32::MAX))
                    }))),
                    row(text.get("ui-batch"), range(batch)),
                ]) }
                { long_facts(vec![row("CreateTime", wire_timestamp_ms(batch.timestamp_of(index)).to_string())]) }
            </section>
            <section class="inspector__section">
                <h3>{ "value" }</h3>
                <pre class="inspector__value">{ record.value.as_deref().map_or_else(|| "null".to_owned(), words) }</pre>
            </section>
            <section class="inspector__section">
                { link_to(page, Selection::Replica(NodeId::Broker(on), id), text.get("ui-to-replica")) }
            </section>
            { super::files::how_found(text, log, offset) }
            { section_with(
                text.get_with("ui-batch-at", &[("offset", batch.base_offset.0.into())]),
                html! { { text.get_with("ui-bytes", &[("count", bytes.len().into())]) } },
                html! { <>{ dump(text, &bytes, &fields, index) }{ field_list(text, batch, index) }</> },
            ) }
        </>
    })
}

fn is_leader(world: &crate::engine::world::World, on: BrokerId, id: TopicPartition) -> bool {
    world.image().partition(id).is_some_and(|registration| registration.leader == Some(on))
}

fn range(batch: &RecordBatch) -> String {
    if batch.base_offset == batch.last_offset() {
        batch.base_offset.to_string()
    } else {
        format!("{}–{}", batch.base_offset, batch.last_offset())
    }
}

/// Bytes in lines of eight; each field is one mark, even where it runs over a line's end.
fn dump(text: &Text, bytes: &[u8], fields: &[Field], record: usize) -> Html {
    let class_of = |at: usize| {
        let field = fields.iter().find(|field| field.range.contains(&at))?;
        let ours = field.record.is_none_or(|of| of == record);
        MARKED.iter().find(|(name, _)| *name == field.name && ours).map(|(_, class)| *class)
    };
    let name_of = |at: usize| fields.iter().find(|field| field.range.contains(&at)).map_or("", |field| field.name);
    let line = |(index, chunk): (usize, &[u8])| {
        let start = index * LINE;
        html! {
            <div key={start} class="hex__line">
                <i>{ format!("{start:02x}") }</i>
                <code>
                    { for chunk.iter().enumerate().map(|(column, byte)| html! {
                        <span class={class_of(start + column)} title={name_of(start + column)}>{ format!("{byte:02x}") }</span>
                    }) }
                </code>
            </div>
        }
    };
    let shown = &bytes[..bytes.len().min(SHOWN)];
    let present = |name: &str| fields.iter().any(|field| field.name == name);
    html! {
        <>
            <div class="hex">{ for shown.chunks(LINE).enumerate().map(line) }</div>
            if bytes.len() > SHOWN {
                <p class="inspector__hint">{ text.get_with("ui-more-bytes", &[("count", (bytes.len() - SHOWN).into())]) }</p>
            }
            <ul class="hex-key">
                { for MARKED.iter().filter(|(name, _)| present(name)).map(|(name, class)| html! {
                    <li key={*name}><i class={*class} />{ *name }</li>
                }) }
            </ul>
        </>
    }
}

/// Every field of the header and of this record: where it lies, its bytes, what they say.
fn field_list(text: &Text, batch: &RecordBatch, record: usize) -> Html {
    let says = |value: &FieldValue| match value {
        FieldValue::Number(number) => number.to_string(),
        FieldValue::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    };
    let hex = |bytes: &[u8]| {
        let shown: String = bytes.iter().take(LINE).map(|byte| format!("{byte:02x}")).collect();
        if bytes.len() > LINE { format!("{shown}…") } else { shown }
    };
    let ours = describe(batch).into_iter().filter(|one| one.field.record.is_none_or(|of| of == record));
    html! {
        <details class="fields">
            <summary>{ text.get("ui-all-fields") }</summary>
            <ul>
                { for ours.map(|one| html! {
                    <li key={one.field.range.start}>
                        <span>{ one.field.name }</span><b>{ says(&one.value) }</b>
                        <small>{ text.get_with("ui-field-at", &[
                            ("byte", one.field.range.start.into()),
                            ("length", one.field.range.len().into()),
                            ("hex", hex(&one.bytes).into()),
                        ]) }</small>
                    </li>
                }) }
            </ul>
        </details>
    }
}
