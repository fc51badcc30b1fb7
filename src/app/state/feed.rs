//! Records on their way from a file or the clipboard to a producer, no faster than it can take them.
//!
//! A producer blocks in `send()` when its buffer is full; handing it a whole file at once would only move the file
//! into the simulator's memory. So records wait here, and go over in chunks while the producer keeps up.

use std::collections::VecDeque;

use crate::engine::command::{Command, RecordSpec, Target};
use crate::engine::world::{Process, World};

/// Records of one command.
const CHUNK: usize = 100;

/// The producer may have so many records without an answer before the next chunk waits.
const UNANSWERED: usize = 200;

/// The page reads no further ahead in a file than this.
pub const WAITING_AT_MOST: usize = 2_000;

/// A portion of records for one producer.
#[derive(Clone, Debug, PartialEq)]
pub struct Handover {
    pub producer: String,
    pub records: Vec<RecordSpec>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Feed {
    producer: String,
    waiting: VecDeque<RecordSpec>,
    handed_over: u64,
}

impl Feed {
    /// Takes a portion. A portion for another producer ends the one before it.
    pub fn take(&mut self, portion: Handover) {
        if portion.producer != self.producer {
            *self = Self { producer: portion.producer, ..Self::default() };
        }
        self.waiting.extend(portion.records);
    }

    pub fn stop(&mut self) {
        self.waiting.clear();
    }

    #[must_use]
    pub fn producer(&self) -> &str {
        &self.producer
    }

    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    #[must_use]
    pub fn handed_over(&self) -> u64 {
        self.handed_over
    }

    /// The next chunk as a command, if there is one and the producer has room for it.
    pub fn next(&mut self, world: &World) -> Option<Command> {
        if self.waiting.is_empty() || unanswered(world, &self.producer)? > UNANSWERED {
            return None;
        }
        let count = self.waiting.len().min(CHUNK);
        let records: Vec<RecordSpec> = self.waiting.drain(..count).collect();
        self.handed_over += records.len() as u64;
        Some(Command::Produce { producer: self.producer.clone(), records })
    }
}

/// Records that were handed over and have no answer yet; `None` if there is no such producer, or it is down.
fn unanswered(world: &World, name: &str) -> Option<usize> {
    let node = world.node_of(&Target::Client(name.into()))?;
    if !world.is_up(node) {
        return None;
    }
    match world.process(node)? {
        Process::Producer(producer) => {
            let ledger = producer.ledger();
            let answered = ledger.acked_records() + ledger.failed_records();
            let open = usize::try_from(ledger.queued_records().saturating_sub(answered)).unwrap_or(usize::MAX);
            Some(open.max(producer.records_behind()))
        }
        // A queue's producer publishes at once and keeps nothing.
        Process::QueueProducer(_) => Some(0),
        _ => None,
    }
}
