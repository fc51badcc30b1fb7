//! Sequence numbers as `TransactionManagerTest` and `SenderTest` of Kafka expect them.

use super::*;
use crate::engine::common::{ProducerId, TopicId};

const P0: TopicPartition = TopicPartition { topic: TopicId(0), partition: crate::engine::common::PartitionId(0) };
const P1: TopicPartition = TopicPartition { topic: TopicId(0), partition: crate::engine::common::PartitionId(1) };

fn id(id: u64, epoch: u16) -> ProducerIdAndEpoch {
    ProducerIdAndEpoch { id: ProducerId(id), epoch: ProducerEpoch(epoch) }
}

fn manager(bumps_epochs: bool) -> TransactionManager {
    let mut manager = TransactionManager::new(bumps_epochs, Sabotage::default());
    assert_eq!(manager.is_id_due(Time::ZERO), Ok(true));
    manager.id_requested();
    assert_eq!(manager.is_id_due(Time::ZERO), Ok(false));
    assert_eq!(manager.id_given(id(7, 0)), []);
    manager
}

fn drain(manager: &mut TransactionManager, partition: TopicPartition, records: u32) -> Numbers {
    assert!(manager.may_drain(partition, None));
    Numbers { partition, stamp: manager.number(partition, records), records, is_reset: false }
}

fn moved(batch: &mut Numbers, rewrites: &[Rewrite]) {
    if let Some(rewrite) = rewrites.iter().find(|one| one.partition == batch.partition && one.from == batch.stamp) {
        (batch.stamp, batch.is_reset) = (rewrite.to, true);
    }
}

fn place(batch: &Numbers) -> (u64, u16, u32) {
    (batch.stamp.producer_id.0, batch.stamp.producer_epoch.0, batch.stamp.base_sequence.0)
}

#[test]
fn every_partition_counts_its_own_records() {
    let mut manager = manager(true);
    let batches: Vec<_> = [(P0, 3), (P0, 2), (P1, 4), (P0, 1)].map(|(at, n)| drain(&mut manager, at, n)).into();
    assert_eq!(batches.iter().map(|batch| batch.stamp.base_sequence.0).collect::<Vec<_>>(), [0, 3, 0, 5]);
    manager.completed(&batches[0], Some(Offset(40)));
    let (_, entry) = manager.partitions().next().unwrap();
    assert_eq!(
        (entry.last_acked_sequence, entry.next_sequence, entry.in_flight()),
        (Some(Sequence(2)), Sequence(6), 2)
    );
}

#[test]
fn a_batch_that_is_sent_again_goes_alone_and_first() {
    let mut manager = manager(true);
    let one = drain(&mut manager, P0, 1);
    let two = drain(&mut manager, P0, 1);
    // Both came back: the second must wait for the first.
    assert!(manager.may_drain(P0, Some(one.stamp)) && !manager.may_drain(P0, Some(two.stamp)));
    manager.completed(&one, Some(Offset(0)));
    assert!(manager.may_drain(P0, Some(two.stamp)));
}

/// KIP-360: what was early is sent again as it is, a true gap raises the epoch and renumbers what is in flight there.
#[test]
fn a_gap_raises_the_epoch_of_the_producer_and_the_numbers_of_the_partition() {
    let mut manager = manager(true);
    let first = drain(&mut manager, P0, 2);
    let (mut one, mut two) = (drain(&mut manager, P0, 2), drain(&mut manager, P0, 3));
    let other = drain(&mut manager, P1, 1);
    manager.completed(&first, Some(Offset(0)));
    let out_of_order = ErrorCode::OutOfOrderSequence;
    assert_eq!(manager.can_retry(&two, out_of_order, None), (true, Vec::new()));
    assert_eq!(manager.run_once(), None, "the one before it is still in flight");
    assert_eq!(manager.can_retry(&one, out_of_order, None), (true, Vec::new()));
    let Some(Bumped::Epoch(producer, partitions, rewrites)) = manager.run_once() else { panic!("a gap") };
    assert_eq!((producer, partitions), (id(7, 1), vec![P0]));
    moved(&mut one, &rewrites);
    moved(&mut two, &rewrites);
    assert_eq!((place(&one), place(&two)), ((7, 1, 0), (7, 1, 2)));
    // Its error is about numbers that it has no more.
    assert_eq!(manager.can_retry(&two, out_of_order, None), (true, Vec::new()));
    assert_eq!(manager.run_once(), None);
    assert_eq!(place(&drain(&mut manager, P0, 1)), (7, 1, 5));
    // The other partition goes on under the old epoch until nothing of that is in flight.
    assert!(!manager.may_drain(P1, None));
    manager.completed(&other, Some(Offset(0)));
    assert_eq!(place(&drain(&mut manager, P1, 1)), (7, 1, 0));
}

#[test]
fn a_batch_given_up_leaves_no_gap_behind() {
    let mut manager = manager(true);
    let (one, mut two) = (drain(&mut manager, P0, 2), drain(&mut manager, P0, 3));
    assert_eq!(manager.failed(&one, Some(ErrorCode::RecordListTooLarge), true), []);
    let Some(Bumped::Epoch(_, _, rewrites)) = manager.run_once() else { panic!("a gap") };
    moved(&mut two, &rewrites);
    assert_eq!(place(&two), (7, 1, 0));
    // Before 2.5 the next batch takes over the numbers.
    let mut manager = self::manager(false);
    let (one, mut two) = (drain(&mut manager, P0, 2), drain(&mut manager, P0, 3));
    let rewrites = manager.failed(&one, Some(ErrorCode::RecordListTooLarge), true);
    moved(&mut two, &rewrites);
    assert_eq!((place(&two), place(&drain(&mut manager, P0, 1))), ((7, 0, 0), (7, 0, 3)));
}

/// `SenderTest.testExpiryOfFirstBatchShouldNotCauseUnresolvedSequencesIfFutureBatchesSucceed` and its neighbours.
#[test]
fn an_expired_batch_is_judged_by_those_behind_it() {
    for (is_behind_acked, epoch) in [(true, 0), (false, 1)] {
        let mut manager = manager(true);
        let (one, two) = (drain(&mut manager, P0, 1), drain(&mut manager, P0, 1));
        manager.failed(&one, None, false);
        assert_eq!(manager.mark_unresolved(&one), Sequence(1));
        assert!(manager.has_unresolved_sequence(P0) && !manager.may_drain(P0, None));
        assert_eq!(manager.run_once(), None, "one is in flight still");
        if is_behind_acked {
            // So the leader had the first one, too.
            manager.completed(&two, Some(Offset(1)));
        } else {
            manager.failed(&two, None, false);
            manager.mark_unresolved(&two);
        }
        assert_eq!(manager.run_once().is_some(), !is_behind_acked);
        assert_eq!(drain(&mut manager, P0, 1).stamp.producer_epoch, ProducerEpoch(epoch));
    }
}

#[test]
fn the_batch_right_behind_an_expired_one_tells_of_a_gap() {
    let mut manager = manager(true);
    let (one, mut two) = (drain(&mut manager, P0, 1), drain(&mut manager, P0, 1));
    let mut three = drain(&mut manager, P0, 1);
    manager.failed(&one, None, false);
    manager.mark_unresolved(&one);
    let out_of_order = ErrorCode::OutOfOrderSequence;
    assert!(manager.can_retry(&three, out_of_order, None).0);
    assert_eq!(manager.run_once(), None, "it says nothing of the first");
    assert!(manager.can_retry(&two, out_of_order, None).0);
    let Some(Bumped::Epoch(_, _, rewrites)) = manager.run_once() else { panic!("a gap") };
    moved(&mut two, &rewrites);
    moved(&mut three, &rewrites);
    assert_eq!((place(&two), place(&three)), ((7, 1, 0), (7, 1, 1)));
    assert!(!manager.has_unresolved_sequence(P0));
}

#[test]
fn before_2_5_a_gap_costs_the_id() {
    let mut manager = manager(false);
    let (one, two) = (drain(&mut manager, P0, 1), drain(&mut manager, P0, 1));
    let out_of_order = ErrorCode::OutOfOrderSequence;
    assert!(manager.can_retry(&two, out_of_order, None).0, "the first is in flight");
    assert!(!manager.can_retry(&one, out_of_order, None).0);
    manager.failed(&one, Some(out_of_order), true);
    assert_eq!(manager.run_once(), Some(Bumped::Reset(id(7, 0))));
    assert!(manager.awaits_id() && manager.is_dropped(&two) && !manager.may_drain(P0, None));
    manager.id_given(id(8, 0));
    assert_eq!(place(&drain(&mut manager, P0, 1)), (8, 0, 0));
    assert!(manager.is_dropped(&two));
}

/// `SenderTest.testUnknownProducerHandlingWhenRetentionLimitReached`
#[test]
fn before_2_5_a_producer_whose_records_were_deleted_begins_anew_under_its_id() {
    let mut manager = manager(false);
    let first = drain(&mut manager, P0, 1);
    manager.completed(&first, Some(Offset(1_000)));
    let mut next = drain(&mut manager, P0, 2);
    let unknown = ErrorCode::UnknownProducerId;
    assert!(!manager.clone().can_retry(&next, unknown, Some(Offset(10))).0, "its record is there: something is wrong");
    let (may, rewrites) = manager.can_retry(&next, unknown, Some(Offset(1_010)));
    moved(&mut next, &rewrites);
    assert_eq!((may, place(&next), place(&drain(&mut manager, P0, 1))), (true, (7, 0, 0), (7, 0, 2)));
}

#[test]
fn an_epoch_is_an_int16_and_then_another_id_is_due() {
    let mut manager = manager(true);
    manager.id_given(id(7, 32_766));
    let mut one = drain(&mut manager, P0, 2);
    manager.failed(&one, Some(ErrorCode::OutOfOrderSequence), true);
    assert!(matches!(manager.run_once(), Some(Bumped::Epoch(producer, ..)) if producer == id(7, 32_767)));
    one = drain(&mut manager, P0, 2);
    let mut two = drain(&mut manager, P0, 1);
    manager.failed(&one, Some(ErrorCode::OutOfOrderSequence), true);
    assert_eq!(manager.run_once(), Some(Bumped::Reset(id(7, 32_767))));
    assert_eq!(manager.is_id_due(Time::ZERO), Ok(true));
    let rewrites = manager.id_given(id(9, 0));
    moved(&mut two, &rewrites);
    assert_eq!((place(&two), manager.run_once()), ((9, 0, 0), None));
}

#[test]
fn parts_of_a_batch_share_its_numbers() {
    let mut manager = manager(true);
    let whole = drain(&mut manager, P0, 4);
    let part = |at: u32| Numbers {
        stamp: ProducerStamp { base_sequence: whole.stamp.sequence_at(at), ..whole.stamp },
        records: 2,
        ..whole
    };
    manager.split(&whole, [part(0), part(2)].into_iter());
    assert_eq!(manager.partitions().next().unwrap().1.in_flight(), 2);
    assert!(manager.may_drain(P0, Some(part(0).stamp)) && !manager.may_drain(P0, Some(part(2).stamp)));
}
