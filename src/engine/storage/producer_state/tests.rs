//! Producer state as `ProducerStateManagerTest` and `UnifiedLogTest` of Kafka expect it.

use super::*;
use crate::engine::common::{LeaderEpoch, ProducerId};
use crate::engine::config::TopicConfig;
use crate::engine::record::{ProducerStamp, Record};
use crate::engine::runtime::Crash;
use crate::engine::storage::log_manager::LogManager;
use crate::engine::storage::{AppendInfo, UnifiedLog};

const NOW: Time = Time(5_000_000);
const ME: ProducerId = ProducerId(7);

fn batch(epoch: u16, first: u32, records: usize) -> RecordBatch {
    let record = Record::new(None, Some(b"value"), NOW);
    let stamp = ProducerStamp { producer_id: ME, producer_epoch: ProducerEpoch(epoch), base_sequence: Sequence(first) };
    RecordBatch::new(vec![record; records], Some(stamp))
}

fn append(log: &mut UnifiedLog, batch: &RecordBatch) -> Result<AppendInfo, ErrorCode> {
    log.append_as_leader(batch, LeaderEpoch(0), NOW, &TopicConfig::default())
}

/// One record a batch, sequences 0, 1, … in epoch 0.
fn log_of(count: u32) -> UnifiedLog {
    let mut log = UnifiedLog::new(Time::ZERO);
    for sequence in 0..count {
        append(&mut log, &batch(0, sequence, 1)).unwrap();
    }
    log
}

fn known(log: &UnifiedLog) -> Vec<u32> {
    let entry = log.producers().get(ME);
    entry.into_iter().flat_map(|entry| entry.batches()).map(|batch| batch.first_sequence().0).collect()
}

#[test]
fn the_last_five_batches_are_recognised_and_answered_with_their_offsets() {
    let mut log = log_of(7);
    assert_eq!(known(&log), [2, 3, 4, 5, 6]);
    for sequence in 2..7 {
        let info = append(&mut log, &batch(0, sequence, 1)).unwrap();
        assert!(info.is_duplicate);
        assert_eq!((info.first_offset, info.last_offset), (Offset(sequence.into()), Offset(sequence.into())));
    }
    assert_eq!(log.log_end_offset(), Offset(7));
    // Older than that, or cut otherwise: it is out of order.
    for odd in [batch(0, 1, 1), batch(0, 5, 2), batch(0, 8, 1)] {
        assert_eq!(append(&mut log, &odd), Err(ErrorCode::OutOfOrderSequence));
    }
    assert!(!append(&mut log, &batch(0, 7, 3)).unwrap().is_duplicate);
}

#[test]
fn a_new_epoch_begins_at_zero_and_an_old_one_is_fenced() {
    let mut log = log_of(3);
    assert_eq!(append(&mut log, &batch(1, 3, 1)), Err(ErrorCode::OutOfOrderSequence));
    append(&mut log, &batch(1, 0, 1)).unwrap();
    assert_eq!(known(&log), [0]);
    assert_eq!(append(&mut log, &batch(0, 2, 1)), Err(ErrorCode::InvalidProducerEpoch));
}

#[test]
fn an_unknown_producer_may_begin_anywhere_since_2_5() {
    let mut log = UnifiedLog::new(Time::ZERO);
    append(&mut log, &batch(0, 40, 2)).unwrap();
    assert_eq!(known(&log), [40]);
    let mut old = UnifiedLog::new(Time::ZERO);
    old.configure_producer_state(ProducerStateManagerConfig { version: KafkaVersion::V2_3, ..Default::default() });
    assert_eq!(append(&mut old, &batch(0, 40, 2)), Err(ErrorCode::UnknownProducerId));
    append(&mut old, &batch(0, 0, 2)).unwrap();
}

/// `ProducerStateManagerTest.testProducerSequenceWithWrapAroundBatchRecord`: 11 up to the largest, then 0 to 8.
#[test]
fn sequences_wrap() {
    let mut log = UnifiedLog::new(Time::ZERO);
    append(&mut log, &batch(0, 2_147_483_637, 20)).unwrap();
    let last = *log.producers().get(ME).unwrap().last_batch();
    assert_eq!((last.first_sequence(), last.last_sequence), (Sequence(2_147_483_637), Sequence(8)));
    assert!(append(&mut log, &batch(0, 2_147_483_637, 20)).unwrap().is_duplicate);
    append(&mut log, &batch(0, 9, 1)).unwrap();
}

#[test]
fn a_follower_knows_what_its_leader_knows() {
    let leader = log_of(7);
    let mut follower = UnifiedLog::new(Time::ZERO);
    let batches: Vec<RecordBatch> = leader.batches().cloned().collect();
    follower.append_as_follower(&batches, NOW, &TopicConfig::default());
    assert_eq!(follower.producers().get(ME), leader.producers().get(ME));
    // It takes what its leader took, without judging.
    follower.append_as_follower(&[batch(0, 99, 1).stamped(Offset(7), LeaderEpoch(0))], NOW, &TopicConfig::default());
    assert_eq!(known(&follower), [3, 4, 5, 6, 99]);
}

#[test]
fn silence_expires_by_the_time_of_the_last_batch() {
    let mut log = log_of(1);
    let config = ProducerStateManagerConfig { expiration: Span::secs(60), ..Default::default() };
    log.configure_producer_state(config);
    assert_eq!(log.remove_expired_producers(NOW + Span::millis(59_999)), []);
    assert_eq!(log.remove_expired_producers(NOW + Span::secs(60)), [ME]);
    // A batch sent again after that is news, wherever it begins: idempotence ends with what is remembered.
    assert!(!append(&mut log, &batch(0, 0, 1)).unwrap().is_duplicate);
}

fn manager_with(count: u32) -> (LogManager, crate::engine::common::TopicPartition) {
    let id = crate::engine::common::TopicPartition::new(crate::engine::common::TopicId(0), 0);
    let mut logs = LogManager::default();
    let log = logs.get_or_create(id, "orders", Time::ZERO);
    *log = log_of(count);
    (logs, id)
}

fn load(logs: &mut LogManager) {
    logs.load(NOW, ProducerStateManagerConfig::default(), |_| Arc::default());
}

/// The file holds one batch per producer: a broker that comes back recognises the last one and no other.
#[test]
fn a_restart_remembers_one_batch_of_each_producer() {
    let (mut logs, id) = manager_with(7);
    let mut killed = logs.clone();
    logs.shut_down();
    logs.crash(Crash::Process);
    assert_eq!(known(logs.get(id).unwrap()), [0; 0], "memory is gone");
    load(&mut logs);
    let log = logs.get(id).unwrap();
    assert_eq!((known(log), log.producers().loaded_from()), (vec![6], Some(Offset(7))));
    // Killed, it reads the segment again, and writes such a file behind it (`LogLoader.recoverSegment`).
    killed.crash(Crash::Process);
    load(&mut killed);
    let log = killed.get(id).unwrap();
    assert_eq!((known(log), log.producers().loaded_from()), (vec![6], Some(Offset(7))));
    let log = killed.get_mut(id).unwrap();
    assert!(append(log, &batch(0, 6, 1)).unwrap().is_duplicate);
    assert_eq!(append(log, &batch(0, 5, 1)), Err(ErrorCode::OutOfOrderSequence));
}

#[test]
fn what_a_power_loss_cuts_off_is_forgotten() {
    let (mut logs, id) = manager_with(7);
    let log = logs.get_mut(id).unwrap();
    let flush = log.flush_before(Offset(3)).unwrap();
    log.flushed(flush, NOW);
    logs.crash(Crash::Power);
    load(&mut logs);
    let log = logs.get_mut(id).unwrap();
    assert_eq!((log.log_end_offset(), known(log)), (Offset(3), vec![2]));
    append(log, &batch(0, 3, 1)).unwrap();
}

#[test]
fn truncation_leaves_what_the_rest_of_the_log_says() {
    let mut log = log_of(9);
    assert!(log.truncate_to(Offset(4), NOW));
    assert_eq!(known(&log), [0, 1, 2, 3]);
    assert_eq!(log.producers().snapshots().map(|(offset, _)| offset).collect::<Vec<_>>(), [Offset(4)]);
    append(&mut log, &batch(0, 4, 1)).unwrap();
    assert!(log.truncate_to(Offset(0), NOW));
    assert_eq!((known(&log), log.producers().snapshots().len()), (vec![], 0));
    append(&mut log, &batch(0, 0, 1)).unwrap();
}

/// Two batches of one record a segment: 0 1 | 2 3 | 4 5 | 6.
fn rolled() -> (UnifiedLog, TopicConfig) {
    let mut config = TopicConfig::default();
    let size = batch(0, 0, 1).size_in_bytes();
    config.set("internal.segment.bytes", &(2 * size).to_string()).unwrap();
    let mut log = UnifiedLog::new(Time::ZERO);
    for sequence in 0..7 {
        log.append_as_leader(&batch(0, sequence, 1), LeaderEpoch(0), NOW, &config).unwrap();
    }
    log.maybe_increment_high_watermark(Offset(7));
    (log, config)
}

fn files(log: &UnifiedLog) -> Vec<u64> {
    log.producers().snapshots().map(|(offset, _)| offset.0).collect()
}

#[test]
fn a_roll_writes_a_snapshot_and_a_deleted_segment_takes_its_own_along() {
    let (mut log, mut config) = rolled();
    assert_eq!(files(&log), [2, 4, 6]);
    let (_, snapshot) = log.producers().snapshots().nth(1).unwrap();
    let (id, entry) = &snapshot[0];
    assert_eq!((*id, entry.batches().len(), entry.last_batch().last_sequence), (ME, 1, Sequence(3)));
    config.set("retention.bytes", "1").unwrap();
    log.delete_old_segments(NOW, &config);
    assert_eq!((files(&log), log.segments().len()), (vec![6], 1));
    assert_eq!(known(&log), [2, 3, 4, 5, 6], "since 2.4 producers outlive their records");
}

#[test]
fn until_2_4_producers_go_with_their_records() {
    let (mut log, _) = rolled();
    log.configure_producer_state(ProducerStateManagerConfig { version: KafkaVersion::V2_3, ..Default::default() });
    log.maybe_increment_log_start_offset(Offset(4));
    assert_eq!((known(&log), files(&log)), (vec![4, 5, 6], vec![4, 6]));
    log.maybe_increment_log_start_offset(Offset(7));
    assert_eq!(known(&log), [0; 0]);
    assert_eq!(append(&mut log, &batch(0, 7, 1)), Err(ErrorCode::UnknownProducerId));
}

#[test]
fn a_cut_log_begins_with_the_newest_snapshot_that_is_left() {
    let (mut log, _) = rolled();
    assert!(log.truncate_to(Offset(5), NOW));
    // From the snapshot at 4, sequence 3; then the batch behind it.
    assert_eq!((known(&log), log.producers().loaded_from()), (vec![3, 4], Some(Offset(4))));
    assert_eq!(files(&log), [2, 4, 5]);
}

#[test]
fn stray_snapshots_go_except_the_newest_beyond_the_last_segment() {
    let (mut log, _) = rolled();
    log.truncate_to(Offset(5), NOW);
    log.producers.remove_stray_snapshots(&[Offset(0), Offset(2), Offset(4)]);
    assert_eq!(files(&log), [2, 4, 5]);
    log.producers.remove_stray_snapshots(&[Offset(0), Offset(2), Offset(6)]);
    assert_eq!(files(&log), [2]);
}
