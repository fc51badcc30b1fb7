//! The application's loop around `poll()`, what one `poll()` does, and when to wake up for more.

use super::application::{Activity, ConsumerLedger, Failure, SyncCommit};
use super::consumer::ConsumerTimer;
use super::membership::Prepare;
use super::process::{ConsumerRequest, Process};
use super::program::Next;
use crate::engine::clients::fact::ConsumerFact;
use crate::engine::common::{Offset, Span, Time, TopicPartition};
use crate::engine::runtime::TimerId;
use crate::engine::{Ctx, Timer};

/// `close()` waits so long for its commit (`ConsumerUtils.DEFAULT_CLOSE_TIMEOUT_MS`).
const CLOSE_TIMEOUT: Span = Span::secs(30);

impl Process {
    /// Something has happened: both threads go on as far as they can.
    pub fn advance(&mut self, ctx: &mut Ctx<'_>, ledger: &mut ConsumerLedger) {
        if self.program.is_over() {
            return;
        }
        self.expire_requests(ctx);
        self.run_heartbeat_thread(ctx);
        while self.run_application(ctx, ledger) {}
        if self.program.is_over() {
            self.cancel_alarms(ctx);
            return;
        }
        let metadata_due = self.metadata.poll(ctx, &mut self.network, ConsumerRequest::Metadata);
        self.set_alarms(ctx, metadata_due);
    }

    // ---- the application's thread ----------------------------------------------------------------------------

    /// One step of the application. False when it has to wait for something.
    fn run_application(&mut self, ctx: &mut Ctx<'_>, ledger: &mut ConsumerLedger) -> bool {
        match &self.program.activity {
            Activity::Polling if self.program.is_closing => {
                let offsets = if self.auto_commits() { self.subscriptions.all_consumed() } else { Vec::new() };
                self.program.activity = Activity::Closing(SyncCommit::new(offsets, ctx.now(), Some(CLOSE_TIMEOUT)));
                true
            }
            Activity::Polling => self.poll(ctx),
            Activity::Processing(record) if record.until > ctx.now() => false,
            Activity::Processing(_) => {
                let next = self.program.record_processed(ctx, ledger);
                self.obey(ctx, next);
                true
            }
            Activity::Committing(_) | Activity::Closing(_) => self.run_sync_commit(ctx),
            Activity::Closed | Activity::Failed(_) => false,
        }
    }

    fn obey(&mut self, ctx: &mut Ctx<'_>, next: Next) {
        match next {
            Next::Nothing => {}
            Next::CommitAll => self.commit_sync(ctx, self.subscriptions.all_consumed()),
            Next::CommitUpTo(partition, offset) => self.commit_sync(ctx, vec![(partition, offset)]),
        }
    }

    pub(super) fn next_record(&mut self, ctx: &mut Ctx<'_>) {
        let next = self.program.next_record(ctx);
        self.obey(ctx, next);
    }

    fn commit_sync(&mut self, ctx: &mut Ctx<'_>, offsets: Vec<(TopicPartition, Offset)>) {
        let patience = self.config.default_api_timeout;
        self.program.activity = Activity::Committing(SyncCommit::new(offsets, ctx.now(), Some(patience)));
    }

    /// An exception that the program does not catch: the process ends without a goodbye to the group.
    pub(super) fn fail(&mut self, ctx: &mut Ctx<'_>, why: Failure) {
        self.program.fail(why);
        self.subscriptions.take();
        self.membership.reset(true);
        ctx.emit(ConsumerFact::Closed);
    }

    // ---- poll() ----------------------------------------------------------------------------------------------

    /// `ClassicKafkaConsumer.poll`. True if the application got something to do.
    fn poll(&mut self, ctx: &mut Ctx<'_>) -> bool {
        self.last_poll = ctx.now();
        if self.is_coordinator_ready(ctx) && self.is_group_active(ctx) {
            self.maybe_auto_commit(ctx);
            self.fetch_committed(ctx);
        }
        if self.program.is_over() {
            return false;
        }
        self.list_offsets(ctx);
        self.validate_positions(ctx);
        let records =
            if self.is_giving_up() { Vec::new() } else { self.subscriptions.collect(self.config.max_poll_records) };
        if !self.is_giving_up() {
            // Also when there are records: the next ones come while these are processed.
            self.send_fetches(ctx);
        }
        if records.is_empty() {
            return false;
        }
        let next = self.program.take_batch(ctx, records);
        self.obey(ctx, next);
        true
    }

    /// Partitions that are about to be revoked return nothing more (`markPendingRevocation`); in a cooperative group
    /// nobody knows yet which those are.
    fn is_giving_up(&self) -> bool {
        !self.is_cooperative() && matches!(self.membership.prepare, Prepare::Committing { .. } | Prepare::Committed)
    }

    // ---- alarms ----------------------------------------------------------------------------------------------

    fn set_alarms(&mut self, ctx: &mut Ctx<'_>, metadata_due: Option<Time>) {
        let heartbeat = self.heartbeat_thread_wakes_at(ctx.now());
        set(&mut self.alarms.heartbeat, ctx, heartbeat, ConsumerTimer::Heartbeat);
        let poll = self.poll_wakes_at(ctx.now(), metadata_due);
        set(&mut self.alarms.poll, ctx, poll, ConsumerTimer::Poll);
    }

    /// The soonest thing that time alone will bring about. What is due already waits for something else.
    fn poll_wakes_at(&self, now: Time, metadata_due: Option<Time>) -> Option<Time> {
        let mut due = vec![metadata_due, self.network.next_deadline()];
        let reconnects = self.metadata.brokers().iter().map(|broker| self.network.backing_off_until(*broker, now));
        due.extend(reconnects);
        let membership = &self.membership;
        due.push(membership.coordinator.is_none().then_some(membership.find_at));
        match &self.program.activity {
            Activity::Polling => {
                due.push(self.auto_commits().then_some(self.next_auto_commit));
                due.push(membership.rejoin_needed.then_some(membership.join_at));
                if let Prepare::Committing { retry_at, gives_up_at } = membership.prepare {
                    due.extend([retry_at, Some(gives_up_at)]);
                }
                due.push((!self.is_fetching_committed).then_some(self.fetch_committed_at));
                due.extend(self.subscriptions.iter().map(|(_, state)| state.retry_at));
            }
            Activity::Committing(commit) | Activity::Closing(commit) => {
                due.extend([commit.retry_at, commit.gives_up_at]);
            }
            Activity::Processing(_) | Activity::Closed | Activity::Failed(_) => {}
        }
        due.into_iter().flatten().filter(|at| *at > now).min()
    }

    fn cancel_alarms(&mut self, ctx: &mut Ctx<'_>) {
        let alarms = std::mem::take(&mut self.alarms);
        let timed = [alarms.heartbeat, alarms.poll].into_iter().flatten().map(|(_, timer)| timer);
        for timer in timed {
            ctx.cancel_timer(timer);
        }
        self.program.cancel_alarm(ctx);
    }
}

fn set(alarm: &mut Option<(Time, TimerId)>, ctx: &mut Ctx<'_>, due: Option<Time>, timer: ConsumerTimer) {
    if alarm.map(|(at, _)| at) == due {
        return;
    }
    if let Some((_, timer)) = alarm.take() {
        ctx.cancel_timer(timer);
    }
    *alarm = due.map(|at| (at, ctx.set_timer(at.since(ctx.now()), Timer::Consumer(timer))));
}
