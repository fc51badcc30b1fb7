//! What a screen reader is told while the run moves: facts as sentences, at most one a second while playing.

use crate::app::i18n::Text;
use crate::engine::trace::Record;
use crate::engine::world::World;
use crate::view::explain::{Arg, Lane, Sentence, lane, sentence};

/// A fact in the page's language.
#[must_use]
pub fn say(text: &Text, said: &Sentence) -> String {
    let args: Vec<(&'static str, fluent_bundle::FluentValue<'_>)> = said
        .args
        .iter()
        .map(|(name, value)| {
            let value = match value {
                Arg::Text(text) => text.as_str().into(),
                Arg::Number(number) => (*number).into(),
                Arg::Node(_, name) => name.as_str().into(),
            };
            (*name, value)
        })
        .collect();
    text.get_with(said.key, &args).to_string()
}

/// A record as one line, with the place where it happened: `broker-2 appended 6–7 to orders-0 for checkout-web`.
#[must_use]
pub fn line(text: &Text, world: &World, record: &Record) -> String {
    let said = say(text, &sentence(world, record.node, &record.fact));
    match record.node {
        Some(node) => format!("{} {said}", world.name_of(node)),
        None => said,
    }
}

/// The newest facts of the step where the clock stands, in words. While playing only the last one is told.
#[must_use]
pub fn newest(text: &Text, world: &World, past: &[Record], playing: bool) -> String {
    const MOST: usize = 4;
    let shown = |record: &&Record| lane(&record.fact) != Lane::Noise;
    let Some(last) = past.iter().rev().find(shown) else { return String::new() };
    if playing {
        return line(text, world, last);
    }
    let same = past.iter().rev().take_while(|record| record.step >= last.step).filter(shown).take(MOST);
    let mut lines: Vec<String> = same.map(|record| line(text, world, record)).collect();
    lines.reverse();
    lines.join(". ")
}
