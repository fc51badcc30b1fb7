//! The user's program as a loop: take records, process one after the other, commit as its author wrote it, take more.
//!
//! Which library it is built with, the group protocol's or ZooKeeper's, it does not know; the library asks it what comes
//! [`Next`].

use std::collections::VecDeque;

use super::application::{Activity, ConsumerApplication, ConsumerLedger, Failure, InHand, PolledRecord};
use super::consumer::ConsumerTimer;
use crate::engine::clients::fact::ConsumerFact;
use crate::engine::command::CommitStyle;
use crate::engine::common::{Offset, TopicPartition};
use crate::engine::runtime::TimerId;
use crate::engine::{Ctx, Timer};

/// The program's one thread, and what lies in its hands.
#[derive(Clone, Debug)]
pub(in crate::engine::clients) struct Program {
    pub application: ConsumerApplication,
    pub activity: Activity,
    /// The rest of the last poll, behind the record in process.
    batch: VecDeque<PolledRecord>,
    /// The batch in hand is committed for as far as the commit style wants it.
    is_batch_committed: bool,
    /// `close()` was called; the poll in hand is finished first.
    pub is_closing: bool,
    alarm: Option<TimerId>,
}

/// What the program asks of the library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine::clients) enum Next {
    /// Nothing: it is busy with a record, or back at polling.
    Nothing,
    /// To commit everything it was given, and to let it wait for that.
    CommitAll,
    /// The same for one partition, up to this offset.
    CommitUpTo(TopicPartition, Offset),
}

impl Program {
    pub fn new(application: ConsumerApplication) -> Self {
        Self {
            application,
            activity: Activity::Polling,
            batch: VecDeque::new(),
            is_batch_committed: false,
            is_closing: false,
            alarm: None,
        }
    }

    /// Is it over, one way or the other?
    pub fn is_over(&self) -> bool {
        matches!(self.activity, Activity::Closed | Activity::Failed(_))
    }

    /// The records behind the one in hand.
    pub fn waiting(&self) -> impl ExactSizeIterator<Item = &PolledRecord> {
        self.batch.iter()
    }

    /// `poll()` returned these.
    pub fn take_batch(&mut self, ctx: &mut Ctx<'_>, records: Vec<PolledRecord>) -> Next {
        for run in records.chunk_by(|one, next| one.partition == next.partition) {
            if let [first, ..] = run
                && let [.., last] = run
            {
                let (partition, first, last_epoch) = (first.partition, first.offset, last.leader_epoch);
                ctx.emit(ConsumerFact::Polled { partition, first, last: last.offset, last_epoch });
            }
        }
        self.batch = records.into();
        self.is_batch_committed = false;
        if self.application.commit == CommitStyle::BeforeProcessing {
            self.is_batch_committed = true;
            Next::CommitAll
        } else {
            self.next_record(ctx)
        }
    }

    /// Takes up the next record of the poll, or goes back to `poll()`.
    pub fn next_record(&mut self, ctx: &mut Ctx<'_>) -> Next {
        let now = ctx.now();
        if let Some(PolledRecord { partition, offset, key, .. }) = self.batch.pop_front() {
            let until = now + self.application.processing;
            if until > now {
                self.alarm = Some(ctx.set_timer(self.application.processing, Timer::Consumer(ConsumerTimer::Record)));
            }
            self.activity = Activity::Processing(InHand { partition, offset, key, since: now, until });
        } else if self.application.commit == CommitStyle::AfterPoll && !self.is_batch_committed {
            self.is_batch_committed = true;
            return Next::CommitAll;
        } else {
            self.activity = Activity::Polling;
        }
        Next::Nothing
    }

    /// The time for the record in hand is over.
    pub fn record_processed(&mut self, ctx: &mut Ctx<'_>, ledger: &mut ConsumerLedger) -> Next {
        let Activity::Processing(record) = std::mem::replace(&mut self.activity, Activity::Polling) else {
            unreachable!("a record is processed while the application processes");
        };
        ledger.processed(&record, ctx.now());
        let (partition, offset) = (record.partition, record.offset);
        ctx.emit(ConsumerFact::Processed { partition, offset, key: record.key });
        if self.application.commit == CommitStyle::AfterEach {
            Next::CommitUpTo(partition, offset.next())
        } else {
            self.next_record(ctx)
        }
    }

    /// What is in hand belongs to somebody else by now: the rest of the poll is dropped.
    pub fn drop_batch(&mut self) {
        self.batch.clear();
        self.is_batch_committed = true;
    }

    /// An exception that the program does not catch.
    pub fn fail(&mut self, why: Failure) {
        self.activity = Activity::Failed(why);
        self.batch.clear();
    }

    /// The timer for the record in hand rang.
    pub fn rang(&mut self) {
        self.alarm = None;
    }

    pub fn cancel_alarm(&mut self, ctx: &mut Ctx<'_>) {
        if let Some(alarm) = self.alarm.take() {
            ctx.cancel_timer(alarm);
        }
    }
}
