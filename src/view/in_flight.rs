//! Messages on the wire as envelopes, at any moment between two steps.

use super::envelope::{Envelope, EnvelopeFate};
use super::explain::gist;
use super::keys::Keys;
use super::scene::Glyph;
use crate::engine::common::{Offset, Time, TopicId, TopicPartition};
use crate::engine::protocol::{Body, Class, Digest, FetchResponse, Gist, QueueMessage, Request, Response};
use crate::engine::record::RecordBatch;
use crate::engine::runtime::{Fate, InFlight};
use crate::engine::world::World;

/// At most so many glyphs fit on an envelope.
const GLYPHS: usize = 4;

/// All envelopes at `now`, oldest first. `topic` is the one on the stage: what concerns only others is quiet.
#[must_use]
pub fn envelopes(world: &World, keys: &Keys, topic: Option<TopicId>, now: Time) -> Vec<Envelope> {
    world.kernel().in_flight().map(|message| envelope(world, keys, topic, message, now)).collect()
}

fn envelope(world: &World, keys: &Keys, topic: Option<TopicId>, message: &InFlight<Body>, now: Time) -> Envelope {
    let digest = Digest::of(&message.body);
    let shown = |partition: &TopicPartition| topic.is_none_or(|topic| partition.topic == topic);
    let about = about(&message.body, shown);
    let glyphs = about.batches.iter().flat_map(|batch| batch.records.iter()).take(GLYPHS);
    let mut glyphs: Vec<Glyph> = glyphs.map(|record| keys.glyph_of(record)).collect();
    if let Body::Queue(QueueMessage::Publish { record, .. } | QueueMessage::Deliver { record, .. }) = &message.body {
        glyphs.push(keys.glyph_of(record));
    }
    Envelope {
        id: message.id.0,
        from: message.from,
        to: message.to,
        class: digest.class,
        is_response: digest.is_response,
        partition: about.partition.filter(shown),
        offset: about.offset,
        travelled_permille: message.travelled_permille(now),
        fate: match message.fate {
            Fate::Arrives { .. } => EnvelopeFate::Arrives,
            Fate::Held { .. } => EnvelopeFate::Held,
            Fate::Lost { .. } => EnvelopeFate::WillBeLost,
        },
        text: gist(world, &digest.gist),
        quiet: is_quiet(&digest, about.partition.is_some_and(|partition| shown(&partition)), !glyphs.is_empty()),
        glyphs,
        api: digest.name.to_owned(),
    }
}

/// Signs of life, empty answers, and the traffic of topics that are not on the stage.
fn is_quiet(digest: &Digest, concerns_stage: bool, carries_records: bool) -> bool {
    match digest.class {
        Class::Liveness => true,
        Class::Replicate | Class::Fetch if digest.name == "Fetch" => {
            let is_word_of_records = carries_records || matches!(digest.gist, Gist::Diverges { .. } | Gist::Error(_));
            !concerns_stage || (digest.is_response && !is_word_of_records)
        }
        _ => false,
    }
}

/// What a message is about, as far as the picture cares.
#[derive(Default)]
struct About<'a> {
    partition: Option<TopicPartition>,
    offset: Option<Offset>,
    batches: Vec<&'a RecordBatch>,
}

fn about(body: &Body, shown: impl Fn(&TopicPartition) -> bool) -> About<'_> {
    match body {
        Body::Request { request: Request::Produce(produce), .. } => {
            let mut batches = produce.batches.iter();
            let one = batches.clone().find(|(partition, _)| shown(partition)).or_else(|| batches.next());
            one.map_or_else(About::default, |(partition, batch)| About {
                partition: Some(*partition),
                offset: None,
                batches: vec![batch],
            })
        }
        Body::Response { response: Response::Produce(produce), .. } => {
            let one = produce.partitions.first();
            one.map_or_else(About::default, |one| About {
                partition: Some(one.partition),
                offset: one.outcome.ok().map(|appended| appended.base_offset),
                batches: Vec::new(),
            })
        }
        Body::Request { request: Request::Fetch(fetch), .. } => {
            let one = fetch.partitions.iter().find(|one| shown(&one.partition)).or(fetch.partitions.first());
            one.map_or_else(About::default, |one| About {
                partition: Some(one.partition),
                offset: Some(one.fetch_offset),
                batches: Vec::new(),
            })
        }
        Body::Response { response: Response::Fetch(fetch), .. } => about_fetched(fetch, shown),
        Body::Request { request: Request::OffsetCommit(commit), .. } => {
            let one = commit.offsets.first();
            one.map_or_else(About::default, |one| About {
                partition: Some(one.partition),
                offset: Some(one.offset),
                batches: Vec::new(),
            })
        }
        _ => About::default(),
    }
}

/// Of several partitions, one that is on the stage and brings records speaks for the answer.
fn about_fetched(fetch: &FetchResponse, shown: impl Fn(&TopicPartition) -> bool) -> About<'_> {
    let brings = |one: &&super::in_flight::Fetched<'_>| !one.batches.is_empty();
    let all: Vec<Fetched<'_>> = fetch
        .partitions
        .iter()
        .map(|one| Fetched {
            partition: one.partition,
            batches: one.outcome.as_ref().map_or(&[][..], |fetched| &fetched.batches[..]),
        })
        .collect();
    let best = all
        .iter()
        .find(|one| shown(&one.partition) && brings(one))
        .or_else(|| all.iter().find(brings))
        .or_else(|| all.iter().find(|one| shown(&one.partition)))
        .or(all.first());
    best.map_or_else(About::default, |one| About {
        partition: Some(one.partition),
        offset: one.batches.first().map(|batch| batch.base_offset),
        batches: one.batches.iter().collect(),
    })
}

struct Fetched<'a> {
    partition: TopicPartition,
    batches: &'a [RecordBatch],
}

/// Offsets on the wire towards `to`: a place is held for each in its strip.
#[must_use]
pub fn arriving(world: &World, to: crate::engine::common::NodeId, partition: TopicPartition) -> Vec<Offset> {
    let messages = world.kernel().in_flight().filter(|message| message.to == to);
    let mut offsets = Vec::new();
    for message in messages {
        if let Body::Response { response: Response::Fetch(fetch), .. } = &message.body {
            let ours = fetch.partitions.iter().filter(|one| one.partition == partition);
            for batch in ours.filter_map(|one| one.outcome.as_ref().ok()).flat_map(|fetched| &fetched.batches) {
                offsets.extend((batch.base_offset.0..=batch.last_offset().0).map(Offset));
            }
        }
    }
    offsets.sort_unstable();
    offsets.dedup();
    offsets
}
