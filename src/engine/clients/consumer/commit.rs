//! Committing positions, and fetching what the group has committed (`ConsumerCoordinator`).
//!
//! A commit signs for a generation. Who is no longer in it cannot commit, and must not: somebody else may be reading
//! the partition already.

use super::application::{Activity, Failure};
use super::membership::Prepare;
use super::process::{CommitReason, ConsumerRequest, Process};
use super::subscription::PartitionPhase;
use crate::engine::Ctx;
use crate::engine::clients::fact::{ConsumerFact, PositionFrom};
use crate::engine::common::{ErrorCode, Generation, Offset, TopicPartition};
use crate::engine::config::AutoOffsetReset;
use crate::engine::protocol::{CommittedOffset, OffsetCommitRequest, OffsetFetchRequest, OffsetSpec};

/// What became of a commit.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Committed,
    /// May succeed later.
    Retry,
    /// Will not. `membership_lost`: what is in hand belongs to somebody else by now, or soon will.
    Failed {
        error: ErrorCode,
        membership_lost: bool,
    },
}

impl Process {
    // ---- sending ---------------------------------------------------------------------------------------------

    /// False if the consumer has no generation to sign for.
    pub(super) fn send_commit(
        &mut self,
        ctx: &mut Ctx<'_>,
        why: CommitReason,
        offsets: Vec<(TopicPartition, Offset)>,
    ) -> bool {
        let signed = self.membership.stable_generation();
        let Some((coordinator, (member, generation))) = self.membership.coordinator.zip(signed) else { return false };
        let committed = |(partition, offset): &(TopicPartition, Offset)| CommittedOffset {
            partition: *partition,
            offset: *offset,
            leader_epoch: self.subscriptions.epoch_before(*partition, *offset),
            metadata: "".into(),
        };
        let request = OffsetCommitRequest {
            group: self.group.clone(),
            generation: Some(generation),
            member: Some(member),
            offsets: offsets.iter().map(committed).collect(),
        };
        ctx.emit(ConsumerFact::CommitSent { offsets: offsets.clone() });
        self.network.send(ctx, coordinator, request, ConsumerRequest::Commit { why, generation, offsets });
        true
    }

    /// Once `auto.commit.interval.ms` has passed, `poll()` commits the positions: what it returned before counts as
    /// processed, for else the application would not have called again. Nobody waits for the answer.
    pub(super) fn maybe_auto_commit(&mut self, ctx: &mut Ctx<'_>) {
        if !self.auto_commits() || self.next_auto_commit > ctx.now() {
            return;
        }
        self.next_auto_commit = ctx.now() + self.config.auto_commit_interval;
        let offsets = self.subscriptions.all_consumed();
        if !offsets.is_empty() {
            self.send_commit(ctx, CommitReason::Interval, offsets);
        }
    }

    /// The application's thread waits in `commitSync()` or `close()`. True when it can go on.
    pub(super) fn run_sync_commit(&mut self, ctx: &mut Ctx<'_>) -> bool {
        let (Activity::Committing(commit) | Activity::Closing(commit)) = &self.program.activity else {
            unreachable!("only called in such an activity");
        };
        let now = ctx.now();
        if commit.offsets.is_empty() {
            self.sync_commit_done(ctx, Outcome::Committed);
            return true;
        }
        if commit.gives_up_at.is_some_and(|at| at <= now) {
            let error = ErrorCode::RequestTimedOut;
            self.sync_commit_done(ctx, Outcome::Failed { error, membership_lost: false });
            return true;
        }
        if commit.in_flight || commit.retry_at.is_some_and(|at| at > now) {
            return false;
        }
        let offsets = commit.offsets.clone();
        if self.membership.stable_generation().is_none() {
            // Nobody is asked. `RebalanceInProgressException`: a cooperative member has its partitions and may commit them
            // later. `CommitFailedException`: the heartbeat thread knows that membership is gone.
            let outcome = if self.is_cooperative() && self.membership.generation.is_some() {
                Outcome::Failed { error: ErrorCode::RebalanceInProgress, membership_lost: false }
            } else {
                Outcome::Failed { error: ErrorCode::UnknownMemberId, membership_lost: true }
            };
            self.sync_commit_done(ctx, outcome);
            return true;
        }
        if self.is_coordinator_ready(ctx) && self.send_commit(ctx, CommitReason::Application, offsets) {
            let (Activity::Committing(commit) | Activity::Closing(commit)) = &mut self.program.activity else {
                unreachable!("sending changes no activity");
            };
            commit.in_flight = true;
        }
        false
    }

    // ---- answers ---------------------------------------------------------------------------------------------

    pub(super) fn commit_answered(
        &mut self,
        ctx: &mut Ctx<'_>,
        why: CommitReason,
        generation: Generation,
        offsets: Vec<(TopicPartition, Offset)>,
        error: Option<ErrorCode>,
    ) {
        let outcome = match error {
            None => {
                for (partition, offset) in &offsets {
                    if let Some(state) = self.subscriptions.get_mut(*partition) {
                        state.committed = Some(*offset);
                    }
                }
                ctx.emit(ConsumerFact::Committed { offsets });
                Outcome::Committed
            }
            Some(ErrorCode::CoordinatorNotAvailable | ErrorCode::NotCoordinator | ErrorCode::RequestTimedOut) => {
                self.coordinator_lost(ctx);
                Outcome::Retry
            }
            Some(error) if error.is_retriable() => Outcome::Retry,
            Some(error @ ErrorCode::RebalanceInProgress) => {
                self.membership.rejoin_needed = true;
                Outcome::Failed { error, membership_lost: !self.is_cooperative() }
            }
            Some(error @ (ErrorCode::UnknownMemberId | ErrorCode::IllegalGeneration)) => {
                if self.membership.generation == Some(generation) {
                    self.membership.reset(error == ErrorCode::UnknownMemberId);
                }
                Outcome::Failed { error, membership_lost: true }
            }
            Some(error) => Outcome::Failed { error, membership_lost: false },
        };
        self.commit_done(ctx, why, outcome);
    }

    /// The connection broke: nobody knows whether the commit was taken.
    pub(super) fn retry_commit(&mut self, ctx: &mut Ctx<'_>, why: CommitReason) {
        self.commit_done(ctx, why, Outcome::Retry);
    }

    fn commit_done(&mut self, ctx: &mut Ctx<'_>, why: CommitReason, outcome: Outcome) {
        match (why, outcome) {
            (CommitReason::Interval, Outcome::Retry) => {
                // Not the same commit again, but the positions of then, and soon.
                let pause = self.backoff(ctx, 0);
                self.next_auto_commit = self.next_auto_commit.min(ctx.now() + pause);
            }
            (CommitReason::Revocation, Outcome::Retry) => {
                let pause = self.backoff(ctx, 0);
                if let Prepare::Committing { retry_at, .. } = &mut self.membership.prepare {
                    *retry_at = Some(ctx.now() + pause);
                }
            }
            (CommitReason::Interval, outcome) => tell_failure(ctx, outcome),
            (CommitReason::Revocation, outcome) => {
                tell_failure(ctx, outcome);
                if matches!(self.membership.prepare, Prepare::Committing { .. }) {
                    self.membership.prepare = Prepare::Committed;
                }
            }
            (CommitReason::Application, outcome) => self.sync_commit_done(ctx, outcome),
        }
    }

    /// The blocking call returns, or waits for its next attempt.
    fn sync_commit_done(&mut self, ctx: &mut Ctx<'_>, outcome: Outcome) {
        let is_closing = match &mut self.program.activity {
            Activity::Committing(commit) | Activity::Closing(commit) if outcome == Outcome::Retry => {
                let attempts = commit.attempts;
                commit.in_flight = false;
                commit.attempts = attempts.saturating_add(1);
                commit.retry_at = Some(ctx.now() + self.retry.after(attempts, ctx.rng()));
                return;
            }
            Activity::Committing(_) => false,
            Activity::Closing(_) => true,
            // The call has given up meanwhile.
            _ => return,
        };
        tell_failure(ctx, outcome);
        if is_closing {
            self.finish_closing(ctx);
            return;
        }
        if let Outcome::Failed { membership_lost: true, .. } = outcome {
            // The program catches `CommitFailedException` and polls again: after the rebalance the rest of these
            // records will be read by whoever owns the partition then.
            self.program.drop_batch();
        }
        self.next_record(ctx);
    }

    fn finish_closing(&mut self, ctx: &mut Ctx<'_>) {
        self.give_up_partitions(ctx);
        self.leave(ctx);
        self.close_fetch_sessions(ctx);
        self.membership.reset(true);
        self.program.activity = Activity::Closed;
        ctx.emit(ConsumerFact::Closed);
    }

    // ---- what the group has committed ------------------------------------------------------------------------

    /// Newly assigned partitions begin where the group left off (`initWithCommittedOffsetsIfNeeded`).
    pub(super) fn fetch_committed(&mut self, ctx: &mut Ctx<'_>) {
        if self.is_fetching_committed || self.fetch_committed_at > ctx.now() {
            return;
        }
        let Some(coordinator) = self.membership.coordinator else { return };
        let wanted = self.subscriptions.iter().filter(|(_, state)| state.phase() == PartitionPhase::Initializing);
        let partitions: Vec<TopicPartition> = wanted.map(|(partition, _)| partition).collect();
        if partitions.is_empty() {
            return;
        }
        self.is_fetching_committed = true;
        let request = OffsetFetchRequest { group: self.group.clone(), partitions: Some(partitions) };
        self.network.send(ctx, coordinator, request, ConsumerRequest::OffsetFetch);
    }

    pub(super) fn committed_fetched(&mut self, ctx: &mut Ctx<'_>, outcome: Result<Vec<CommittedOffset>, ErrorCode>) {
        let offsets = match outcome {
            Ok(offsets) => offsets,
            Err(error) => {
                if matches!(error, ErrorCode::CoordinatorNotAvailable | ErrorCode::NotCoordinator) {
                    self.coordinator_lost(ctx);
                } else if !error.is_retriable() {
                    return self.fail(ctx, Failure::Refused(error));
                }
                return self.retry_fetching_committed(ctx);
            }
        };
        self.is_fetching_committed = false;
        let reset = self.reset_spec(ctx);
        let mut without_policy = None;
        for (partition, state) in self.subscriptions.iter_mut() {
            if state.phase() != PartitionPhase::Initializing {
                continue;
            }
            match offsets.iter().find(|committed| committed.partition == partition) {
                Some(committed) => {
                    let position = committed.offset;
                    state.committed = Some(position);
                    state.seek(position, committed.leader_epoch);
                    ctx.emit(ConsumerFact::PositionSet { partition, position, why: PositionFrom::Committed });
                }
                None => match reset {
                    Some(to) => state.await_reset(to, false),
                    None => without_policy = Some(partition),
                },
            }
        }
        if let Some(partition) = without_policy {
            ctx.emit(ConsumerFact::NoOffset { partition });
            self.fail(ctx, Failure::NoOffsetForPartition(partition));
        }
    }

    pub(super) fn retry_fetching_committed(&mut self, ctx: &mut Ctx<'_>) {
        let pause = self.backoff(ctx, 0);
        self.is_fetching_committed = false;
        self.fetch_committed_at = ctx.now() + pause;
    }

    /// `auto.offset.reset` as a question to the leader; `None` for `none`.
    pub(super) fn reset_spec(&self, ctx: &Ctx<'_>) -> Option<OffsetSpec> {
        match self.config.auto_offset_reset {
            AutoOffsetReset::Earliest => Some(OffsetSpec::Earliest),
            AutoOffsetReset::Latest => Some(OffsetSpec::Latest),
            AutoOffsetReset::ByDuration(span) => Some(OffsetSpec::At(ctx.now() - span)),
            AutoOffsetReset::None => None,
        }
    }
}

fn tell_failure(ctx: &mut Ctx<'_>, outcome: Outcome) {
    if let Outcome::Failed { error, .. } = outcome {
        ctx.emit(ConsumerFact::CommitFailed { error });
    }
}
