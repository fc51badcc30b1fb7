//! Is what was read still there? After every change of the leader, the leader is asked where the epoch of the last record
//! read ended in its log (KIP-320, `OffsetFetcher.validatePositionsIfNeeded`).
//!
//! If it ended before the position, records that this consumer has seen are gone: an unclean election, or a disk that
//! lied. With a reset policy it goes on from where the histories part; without one the application is told.

use std::collections::BTreeMap;

use super::application::Failure;
use super::process::{ConsumerRequest, Process};
use crate::engine::Ctx;
use crate::engine::clients::fact::ConsumerFact;
use crate::engine::common::{BrokerId, LeaderEpoch, Offset, TopicPartition};
use crate::engine::protocol::{EpochEnd, OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse};

impl Process {
    pub(super) fn validate_positions(&mut self, ctx: &mut Ctx<'_>) {
        let now = ctx.now();
        let mut asked: BTreeMap<BrokerId, Vec<(TopicPartition, LeaderEpoch, LeaderEpoch, Offset)>> = BTreeMap::new();
        for (partition, state) in self.subscriptions.iter_mut() {
            let Some((leader, epoch)) = self.metadata.leader(partition) else { continue };
            state.leader_is(epoch);
            let Some((current, last, position)) = state.to_validate() else { continue };
            if state.is_ready(now) && self.network.can_send(leader, now) {
                state.retry_at = Some(now + self.config.request_timeout);
                asked.entry(leader).or_default().push((partition, current, last, position));
            }
        }
        for (leader, partitions) in asked {
            let purpose = partitions.iter().map(|(partition, .., position)| (*partition, *position)).collect();
            let partitions = partitions.into_iter().map(|(id, current, last, _)| (id, Some(current), last)).collect();
            let purpose = ConsumerRequest::OffsetForLeaderEpoch { partitions: purpose };
            self.network.send(ctx, leader, OffsetForLeaderEpochRequest { partitions }, purpose);
        }
    }

    /// `SubscriptionState.maybeCompleteValidation`.
    pub(super) fn epochs_answered(
        &mut self,
        ctx: &mut Ctx<'_>,
        asked: &[(TopicPartition, Offset)],
        answer: OffsetForLeaderEpochResponse,
    ) {
        for (partition, outcome) in answer.partitions {
            let position = asked.iter().find(|(asked, _)| *asked == partition).map(|(_, position)| *position);
            let awaited = self.subscriptions.get(partition).and_then(|state| state.to_validate());
            // Meanwhile it may have been given up, moved, or got another leader.
            let Some((.., from)) = awaited.filter(|(.., awaited)| Some(*awaited) == position) else { continue };
            match outcome {
                Ok(Some(end)) if end.end_offset >= from => {
                    self.subscriptions.get_mut(partition).expect("looked up above").validated();
                }
                Ok(end) => self.truncated(ctx, partition, from, end),
                Err(error) => {
                    if error.refreshes_metadata() {
                        self.metadata.request_update();
                    }
                    self.retry_validation(ctx, &[(partition, from)]);
                }
            }
        }
    }

    fn truncated(&mut self, ctx: &mut Ctx<'_>, partition: TopicPartition, from: Offset, end: Option<EpochEnd>) {
        ctx.emit(ConsumerFact::LogTruncated { partition, from, to: end.map(|end| end.end_offset) });
        let Some(reset) = self.reset_spec(ctx) else { return self.fail(ctx, Failure::LogTruncation(partition)) };
        let state = self.subscriptions.get_mut(partition).expect("only what is assigned is validated");
        match end {
            Some(end) => state.seek(end.end_offset, Some(end.epoch)),
            None => state.await_reset(reset, false),
        }
    }

    pub(super) fn retry_validation(&mut self, ctx: &mut Ctx<'_>, partitions: &[(TopicPartition, Offset)]) {
        let retry_at = ctx.now() + self.backoff(ctx, 0);
        for (partition, _) in partitions {
            if let Some(state) = self.subscriptions.get_mut(*partition)
                && state.to_validate().is_some()
            {
                state.retry_at = Some(retry_at);
            }
        }
    }
}
