//! The files of one replica, named as Kafka names them: segments with their two indexes, files that wait to be removed,
//! checkpoints; and, in a record's view, how an offset is found in them.

use yew::prelude::*;

use super::parts::section_with;
use crate::app::i18n::Text;
use crate::engine::common::{BrokerId, Offset, TopicPartition};
use crate::engine::record::wire_timestamp_ms;
use crate::engine::storage::{LogManager, LogSegment, UnifiedLog};
use crate::engine::world::World;
use crate::view::explain::partition_name;

/// Of a long list this many are shown.
const SHOWN: usize = 12;

pub fn view(text: &Text, world: &World, id: TopicPartition, on: BrokerId) -> Html {
    let Some((broker, log)) = world.broker(on).and_then(|broker| Some((broker, broker.log(id)?))) else {
        return Html::default();
    };
    let hidden = log.segments().len().saturating_sub(SHOWN);
    let last = log.segments().len() - 1;
    let interval = broker.topic_config(id.topic).index_interval_bytes;
    let directory = broker.logs().directory_of(id).map_or_else(String::new, |directory| format!("{}/", directory.path));
    section_with(
        text.get_with("ui-files-on", &[("broker", on.0.into())]),
        html! { <code>{ format!("{directory}{}/", partition_name(world, id)) }</code> },
        html! {
            <>
                if hidden > 0 {
                    <p class="inspector__hint">{ text.get_with("ui-segments-before", &[("count", hidden.into())]) }</p>
                }
                <div class="logfiles">
                    { for log.segments().enumerate().skip(hidden).map(|(index, one)| segment(text, one, index == last, interval)) }
                </div>
                <ul class="files">
                    { for log.deleted_segments().iter().rev().take(SHOWN).map(|deleted| html! {
                        <li key={format!("deleted-{}", deleted.segment.base_offset())}>
                            <span class="files__gone">{ format!("{}.deleted", *deleted.segment) }</span>
                            <small>{ text.get_with("ui-removed-at", &[("time", deleted.removed_at.to_string().into())]) }</small>
                        </li>
                    }) }
                    { for snapshots(text, log) }
                    { for checkpoints(broker.logs(), log, id).into_iter().map(|(name, value)| html! {
                        <li key={name}><span>{ name }</span><small>{ value }</small></li>
                    }) }
                </ul>
                { dirtiness(text, world, id, on) }
            </>
        },
    )
}

/// One segment; its indexes unfold.
fn segment(text: &Text, segment: &LogSegment, is_active: bool, interval: u32) -> Html {
    let stem = format!("{:020}", segment.base_offset().0);
    let holds = match segment.next_offset().0.checked_sub(1).filter(|_| !segment.is_empty()) {
        None => text.get("ui-empty").to_string(),
        Some(last) => format!("{}–{last} · {} B", segment.base_offset(), segment.size_in_bytes()),
    };
    let (offsets, times) = (segment.offset_index(), segment.time_index());
    let rest = |count: usize| {
        (count > SHOWN).then(|| text.get_with("ui-entries-before", &[("count", (count - SHOWN).into())]))
    };
    html! {
        <details key={stem.clone()} class="logfile">
            <summary>
                <span>{ format!("{stem}.log") }</span>
                <small>{ holds }if is_active { <b>{ text.get("ui-active") }</b> }</small>
            </summary>
            if segment.torn_bytes() > 0 {
                <p class="inspector__hint">{ text.get_with("ui-torn-bytes", &[("count", segment.torn_bytes().into())]) }</p>
            }
            <h4>{ ".index" }<small>{ text.get_with("ui-entries", &[("count", offsets.len().into()), ("bytes", 8.into())]) }</small></h4>
            if offsets.is_empty() {
                <p class="inspector__hint">{ text.get_with("ui-no-index-entry", &[("bytes", interval.into())]) }</p>
            } else {
                { rest(offsets.len()).map(|hidden| html! { <p class="inspector__hint">{ hidden }</p> }).unwrap_or_default() }
                <ul class="index">
                    { for offsets.entries().rev().take(SHOWN).collect::<Vec<_>>().into_iter().rev().map(|entry| html! {
                        <li key={entry.offset.0}><span>{ entry.offset.to_string() }</span><span>{ format!("@{}", entry.position) }</span></li>
                    }) }
                </ul>
            }
            <h4>{ ".timeindex" }<small>{ text.get_with("ui-entries", &[("count", times.len().into()), ("bytes", 12.into())]) }</small></h4>
            if !times.is_empty() {
                { rest(times.len()).map(|hidden| html! { <p class="inspector__hint">{ hidden }</p> }).unwrap_or_default() }
                <ul class="index">
                    { for times.entries().rev().take(SHOWN).collect::<Vec<_>>().into_iter().rev().map(|entry| html! {
                        <li key={entry.timestamp.0}><span>{ wire_timestamp_ms(entry.timestamp).to_string() }</span><span>{ entry.offset.to_string() }</span></li>
                    }) }
                </ul>
            }
        </details>
    }
}

/// The producer state as it would be read again: one file a segment, and others where the log was cut or the broker
/// stopped.
fn snapshots<'a>(text: &'a Text, log: &'a UnifiedLog) -> impl Iterator<Item = Html> + 'a {
    log.producers().snapshots().rev().take(SHOWN).map(|(offset, snapshot)| {
        let name = format!("{:020}.snapshot", offset.0);
        let holds = text.get_with("ui-snapshot-producers", &[("count", snapshot.len().into())]);
        html! { <li key={name.clone()}><span>{ name }</span><small>{ holds }</small></li> }
    })
}

/// What the checkpoint files say of this log. They are as old as their intervals.
fn checkpoints(logs: &LogManager, log: &UnifiedLog, id: TopicPartition) -> Vec<(&'static str, String)> {
    let saved = logs.checkpoints();
    let offset = |found: Option<&Offset>| found.map_or_else(|| "–".to_owned(), ToString::to_string);
    let epochs = log.leader_epochs().entries();
    let epochs = epochs.iter().map(|entry| format!("{}@{}", entry.epoch, entry.start_offset)).collect::<Vec<_>>();
    let mut files = vec![
        ("leader-epoch-checkpoint", epochs.join(", ")),
        ("recovery-point-offset-checkpoint", offset(saved.recovery_points.get(&id))),
        ("replication-offset-checkpoint", offset(saved.high_watermarks.get(&id))),
    ];
    for (name, file) in [
        ("log-start-offset-checkpoint", &saved.log_start_offsets),
        ("cleaner-offset-checkpoint", &saved.first_dirty_offsets),
    ] {
        files.extend(file.get(&id).map(|saved| (name, saved.to_string())));
    }
    files
}

/// Of a compacted log: where it is clean, how dirty the rest is.
fn dirtiness(text: &Text, world: &World, id: TopicPartition, on: BrokerId) -> Html {
    let Some(broker) = world.broker(on) else { return Html::default() };
    let Some(what) = broker.log_to_clean(id, world.now()) else { return Html::default() };
    let percent = what.dirty_ratio_millionths() / 10_000;
    html! {
        <p class="inspector__hint">
            { text.get_with("ui-dirty", &[
                ("clean", what.first_dirty.0.into()),
                ("percent", percent.into()),
                ("limit", what.first_uncleanable.0.into()),
            ]) }
        </p>
    }
}

/// The steps by which a broker finds a record: the file by its name, the place by the index, the batch by reading on.
pub fn how_found(text: &Text, log: &UnifiedLog, offset: Offset) -> Html {
    let Some(lookup) = log.lookup_offset(offset) else { return Html::default() };
    let from = match lookup.entry {
        Some(entry) => text.get_with(
            "ui-lookup-index",
            &[("entry", entry.offset.0.into()), ("position", entry.position.into()), ("offset", offset.0.into())],
        ),
        None => text.get_with("ui-lookup-no-index", &[("offset", offset.0.into())]),
    };
    let batches = lookup.scanned.iter().rev().take(SHOWN).collect::<Vec<_>>().into_iter().rev();
    html! {
        <section class="inspector__section">
            <h3>{ text.get_with("ui-lookup", &[("offset", offset.0.into())]) }</h3>
            <ol class="lookup">
                <li><code>{ format!("{:020}.log", lookup.segment.0) }</code>{ text.get_with("ui-lookup-segment", &[("offset", offset.0.into())]) }</li>
                <li><code>{ ".index" }</code>{ from }</li>
                <li>
                    <code>{ ".log" }</code>{ text.get_with("ui-lookup-scan", &[("count", lookup.scanned.len().into())]) }
                    <ul class="index">
                        { for batches.map(|batch| {
                            let is_it = offset <= batch.last_offset;
                            html! {
                                <li key={batch.position} class={is_it.then_some("index__found")}>
                                    <span>{ format!("{}–{}", batch.base_offset, batch.last_offset) }</span>
                                    <span>{ format!("@{}", batch.position) }</span>
                                </li>
                            }
                        }) }
                    </ul>
                </li>
            </ol>
        </section>
    }
}
