//! The application's loop around `poll()`, what one `poll()` does, and when to wake up for more.

use super::application::{Activity, ConsumerLedger, Failure, InHand, PolledRecord, SyncCommit};
use super::consumer::{ConsumerRequest, ConsumerTimer, Process};
use super::membership::Prepare;
use crate::engine::clients::fact::ConsumerFact;
use crate::engine::command::CommitStyle;
use crate::engine::common::{Offset, Span, Time, TopicPartition};
use crate::engine::runtime::TimerId;
use crate::engine::{Ctx, Timer};

/// `close()` waits so long for its commit (`ConsumerUtils.DEFAULT_CLOSE_TIMEOUT_MS`).
const CLOSE_TIMEOUT: Span = Span::secs(30);

impl Process {
    /// Something has happened: both threads go on as far as they can.
    pub fn advance(&mut self, ctx: &mut Ctx<'_>, ledger: &mut ConsumerLedger) {
        if self.is_over() {
            return;
        }
        self.expire_requests(ctx);
        self.run_heartbeat_thread(ctx);
        while self.run_application(ctx, ledger) {}
        if self.is_over() {
            self.cancel_alarms(ctx);
            return;
        }
        let metadata_due = self.metadata.poll(ctx, &mut self.network, ConsumerRequest::Metadata);
        self.set_alarms(ctx, metadata_due);
    }

    // ---- the application's thread ----------------------------------------------------------------------------

    /// One step of the application. False when it has to wait for something.
    fn run_application(&mut self, ctx: &mut Ctx<'_>, ledger: &mut ConsumerLedger) -> bool {
        match &self.activity {
            Activity::Polling if self.is_closing => {
                let offsets = if self.auto_commits() { self.subscriptions.all_consumed() } else { Vec::new() };
                self.activity = Activity::Closing(SyncCommit::new(offsets, ctx.now(), CLOSE_TIMEOUT));
                true
            }
            Activity::Polling => self.poll(ctx),
            Activity::Processing(record) if record.until > ctx.now() => false,
            Activity::Processing(_) => {
                self.record_processed(ctx, ledger);
                true
            }
            Activity::Committing(_) | Activity::Closing(_) => self.run_sync_commit(ctx),
            Activity::Closed | Activity::Failed(_) => false,
        }
    }

    fn take_batch(&mut self, ctx: &mut Ctx<'_>, records: Vec<PolledRecord>) {
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
            self.commit_sync(ctx, self.subscriptions.all_consumed());
        } else {
            self.next_record(ctx);
        }
    }

    /// Takes up the next record of the poll, or goes back to `poll()`.
    pub(super) fn next_record(&mut self, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        if let Some(PolledRecord { partition, offset, key, .. }) = self.batch.pop_front() {
            let until = now + self.application.processing;
            if until > now {
                self.alarms.record =
                    Some(ctx.set_timer(self.application.processing, Timer::Consumer(ConsumerTimer::Record)));
            }
            self.activity = Activity::Processing(InHand { partition, offset, key, since: now, until });
        } else if self.application.commit == CommitStyle::AfterPoll && !self.is_batch_committed {
            self.is_batch_committed = true;
            self.commit_sync(ctx, self.subscriptions.all_consumed());
        } else {
            self.activity = Activity::Polling;
        }
    }

    fn record_processed(&mut self, ctx: &mut Ctx<'_>, ledger: &mut ConsumerLedger) {
        let Activity::Processing(record) = std::mem::replace(&mut self.activity, Activity::Polling) else {
            unreachable!("a record is processed while the application processes");
        };
        ledger.processed(&record, ctx.now());
        let (partition, offset) = (record.partition, record.offset);
        ctx.emit(ConsumerFact::Processed { partition, offset, key: record.key });
        if self.application.commit == CommitStyle::AfterEach {
            self.commit_sync(ctx, vec![(partition, offset.next())]);
        } else {
            self.next_record(ctx);
        }
    }

    fn commit_sync(&mut self, ctx: &mut Ctx<'_>, offsets: Vec<(TopicPartition, Offset)>) {
        let patience = self.config.default_api_timeout;
        self.activity = Activity::Committing(SyncCommit::new(offsets, ctx.now(), patience));
    }

    /// An exception that the program does not catch: the process ends without a goodbye to the group.
    pub(super) fn fail(&mut self, ctx: &mut Ctx<'_>, why: Failure) {
        self.activity = Activity::Failed(why);
        self.batch.clear();
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
        if self.is_over() {
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
        self.take_batch(ctx, records);
        true
    }

    /// Partitions that are about to be revoked return nothing more (`markPendingRevocation`).
    fn is_giving_up(&self) -> bool {
        matches!(self.membership.prepare, Prepare::Committing { .. } | Prepare::Committed)
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
        match &self.activity {
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
                due.extend([commit.retry_at, Some(commit.gives_up_at)]);
            }
            Activity::Processing(_) | Activity::Closed | Activity::Failed(_) => {}
        }
        due.into_iter().flatten().filter(|at| *at > now).min()
    }

    fn cancel_alarms(&mut self, ctx: &mut Ctx<'_>) {
        let alarms = std::mem::take(&mut self.alarms);
        let timed = [alarms.heartbeat, alarms.poll].into_iter().flatten().map(|(_, timer)| timer);
        for timer in timed.chain(alarms.record) {
            ctx.cancel_timer(timer);
        }
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
