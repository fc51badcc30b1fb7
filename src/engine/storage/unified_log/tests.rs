//! The log as a whole: numbering, rolling, marks, truncation, flushing, crashes.

use super::*;
use crate::engine::record::Record;

const NOW: Time = Time(5_000_000);

fn batch(records: u64, millis: u64) -> RecordBatch {
    let record = |index: u64| Record::new(None, Some(b"value"), Time((millis + index) * 1_000));
    RecordBatch::new((0..records).map(record).collect::<Vec<_>>(), None)
}

fn append(log: &mut UnifiedLog, epoch: u32, records: u64) -> AppendInfo {
    log.append_as_leader(&batch(records, 0), LeaderEpoch(epoch), NOW, &TopicConfig::default()).unwrap()
}

fn small_segments() -> TopicConfig {
    let mut config = TopicConfig::default();
    // Room for two batches of one record.
    config.set("internal.segment.bytes", &(2 * batch(1, 0).size_in_bytes()).to_string()).unwrap();
    config
}

/// Five segments of two one-record batches: 0 1 | 2 3 | 4 5 | 6 7 | 8.
fn segmented() -> UnifiedLog {
    let mut log = UnifiedLog::new(Time::ZERO);
    for millis in 0..9 {
        log.append_as_leader(&batch(1, millis * 10), LeaderEpoch(0), NOW, &small_segments()).unwrap();
    }
    log
}

fn bases(log: &UnifiedLog) -> Vec<u64> {
    log.segments().map(|segment| segment.base_offset().0).collect()
}

#[test]
fn a_leader_numbers_records_densely_and_notes_its_epochs() {
    let mut log = UnifiedLog::new(Time::ZERO);
    assert_eq!(append(&mut log, 0, 3).first_offset, Offset(0));
    let info = append(&mut log, 2, 2);
    assert_eq!((info.first_offset, info.last_offset, log.log_end_offset()), (Offset(3), Offset(4), Offset(5)));
    assert_eq!(log.end_offset_for_epoch(LeaderEpoch(0)).unwrap().end_offset, Offset(3));
    assert_eq!(log.end_offset_for_epoch(LeaderEpoch(2)).unwrap().end_offset, Offset(5));
    assert!(log.batches().all(|batch| batch.partition_leader_epoch.0 == if batch.base_offset.0 < 3 { 0 } else { 2 }));
}

#[test]
fn too_large_batches_are_refused() {
    let mut log = UnifiedLog::new(Time::ZERO);
    let mut config = TopicConfig::default();
    let size = batch(10, 0).size_in_bytes();
    config.set("max.message.bytes", &(size - 1).to_string()).unwrap();
    let refused = log.append_as_leader(&batch(10, 0), LeaderEpoch(0), NOW, &config);
    assert_eq!(refused, Err(ErrorCode::MessageTooLarge));
    config.set("max.message.bytes", &size.to_string()).unwrap();
    config.set("internal.segment.bytes", &(size - 1).to_string()).unwrap();
    let refused = log.append_as_leader(&batch(10, 0), LeaderEpoch(0), NOW, &config);
    assert_eq!(refused, Err(ErrorCode::RecordListTooLarge));
    assert_eq!(log.log_end_offset(), Offset(0));
}

#[test]
fn log_append_time_is_the_leaders_clock() {
    let mut log = UnifiedLog::new(Time::ZERO);
    let mut config = TopicConfig::default();
    config.set("message.timestamp.type", "LogAppendTime").unwrap();
    log.append_as_leader(&batch(2, 1), LeaderEpoch(0), NOW, &config).unwrap();
    assert_eq!(log.batches().next().unwrap().timestamp_of(1), NOW);
}

#[test]
fn what_is_sealed_is_to_be_flushed() {
    let mut log = segmented();
    assert_eq!(bases(&log), [0, 2, 4, 6, 8]);
    let size = u64::from(batch(1, 0).size_in_bytes());
    let flush = log.flush_before(Offset(8)).unwrap();
    assert_eq!((flush.end, flush.bytes, log.recovery_point()), (Offset(8), 8 * size, Offset(0)));
    assert_eq!(log.flushed(flush, NOW), Some(Offset(8)));
    assert_eq!((log.recovery_point(), log.flush_before(Offset(8))), (Offset(8), None));
    assert_eq!(log.flush_before(Offset(99)).unwrap().bytes, size);
    assert_eq!(log.active_segment().to_string(), "00000000000000000008.log");
    assert_eq!(log.size_in_bytes(), 9 * size);
}

#[test]
fn flush_messages_asks_for_a_flush_by_count() {
    let mut log = UnifiedLog::new(Time::ZERO);
    let mut config = TopicConfig::default();
    config.set("flush.messages", "3").unwrap();
    let mut due = Vec::new();
    for _ in 0..7 {
        let info = log.append_as_leader(&batch(1, 0), LeaderEpoch(0), NOW, &config).unwrap();
        due.push(info.flush_due);
        if let Some(flush) = info.flush_due.then(|| log.flush_before(info.last_offset.next())).flatten() {
            log.flushed(flush, NOW);
        }
    }
    assert_eq!(due, [false, false, true, false, false, true, false]);
}

#[test]
fn reads_return_whole_batches_of_one_segment_below_the_bound() {
    let mut log = UnifiedLog::new(Time::ZERO);
    append(&mut log, 0, 3);
    append(&mut log, 0, 3);
    append(&mut log, 0, 3);
    let size = u64::from(batch(3, 0).size_in_bytes());
    let read = |from, max, bytes, one| {
        log.read(Offset(from), Offset(max), bytes, one).map(|b| b.iter().map(|b| b.base_offset.0).collect::<Vec<_>>())
    };
    // From the middle of a batch: the whole batch.
    assert_eq!(read(4, 9, 10_000, false), Ok(vec![3, 6]));
    // The bound is exclusive: at the high watermark there is nothing to read, beyond it neither.
    assert_eq!(read(6, 6, 10_000, true), Ok(vec![]));
    assert_eq!(read(7, 6, 10_000, true), Ok(vec![]));
    assert_eq!(read(0, 6, 10_000, true), Ok(vec![0, 3]));
    assert_eq!(read(0, 9, 2 * size, false), Ok(vec![0, 3]));
    assert_eq!(read(0, 9, 2 * size - 1, false), Ok(vec![0]));
    assert_eq!(read(0, 9, 1, true), Ok(vec![0]));
    assert_eq!(read(0, 9, 1, false), Ok(vec![]));
    assert_eq!(read(9, 9, 1, true), Ok(vec![]));
    assert_eq!(read(10, 9, 1, true), Err(OutOfRange));
    let log = segmented();
    assert_eq!(log.read(Offset(1), Offset(9), 10_000, true).unwrap().len(), 1);
    assert_eq!(log.read(Offset(2), Offset(9), 10_000, true).unwrap().len(), 2);
    let one = u64::from(batch(1, 0).size_in_bytes());
    assert_eq!(log.bytes_between(Offset(6), Offset(7)), Some(one));
    assert_eq!(log.bytes_between(Offset(6), Offset(8)), None);
}

#[test]
fn lookup_by_time_finds_the_first_record_that_is_late_enough() {
    let log = segmented();
    let find = |millis: u64| log.fetch_offset_by_timestamp(Time(millis * 1_000)).map(|found| found.offset.0);
    assert_eq!(
        (find(0), find(1), find(40), find(41), find(80), find(81)),
        (Some(0), Some(1), Some(4), Some(5), Some(8), None)
    );
    let mut late_first = UnifiedLog::new(Time::ZERO);
    for millis in [50, 10, 60] {
        late_first.append_as_leader(&batch(1, millis), LeaderEpoch(0), NOW, &TopicConfig::default()).unwrap();
    }
    let find = |millis: u64| late_first.fetch_offset_by_timestamp(Time(millis * 1_000)).map(|found| found.offset.0);
    assert_eq!((find(20), find(55)), (Some(0), Some(2)));
}

#[test]
fn truncation_takes_everything_along() {
    let mut log = segmented();
    log.flush_all();
    log.assign_epoch_start_offset(LeaderEpoch(3), Offset(9));
    log.maybe_increment_high_watermark(Offset(7));
    assert!(log.truncate_to(Offset(3), NOW));
    assert_eq!(bases(&log), [0, 2]);
    assert_eq!((log.log_end_offset(), log.high_watermark(), log.recovery_point()), (Offset(3), Offset(3), Offset(3)));
    assert_eq!(log.leader_epochs().latest_epoch(), Some(LeaderEpoch(0)));
    assert!(!log.truncate_to(Offset(3), NOW));
    // Appends go on from there.
    assert_eq!(append(&mut log, 4, 1).first_offset, Offset(3));
    log.truncate_fully_and_start_at(Offset(50), NOW);
    assert_eq!((bases(&log), log.log_start_offset(), log.high_watermark()), (vec![50], Offset(50), Offset(50)));
    assert!(log.leader_epochs().entries().is_empty());
}

#[test]
fn an_epoch_without_records_is_forgotten_by_a_truncation_that_cuts_nothing() {
    let mut log = segmented();
    log.assign_epoch_start_offset(LeaderEpoch(5), Offset(9));
    assert!(!log.truncate_to(Offset(9), NOW));
    assert_eq!(log.leader_epochs().latest_epoch(), Some(LeaderEpoch(0)));
}

#[test]
fn the_marks_keep_their_order() {
    let mut log = segmented();
    assert_eq!(log.maybe_increment_high_watermark(Offset(6)), Some(Offset(0)));
    assert_eq!(log.maybe_increment_high_watermark(Offset(5)), None);
    assert_eq!(log.update_high_watermark(Offset(5)), Some(Offset(6)));
    assert!(!log.maybe_increment_log_start_offset(Offset(6)));
    assert!(log.maybe_increment_log_start_offset(Offset(3)));
    assert_eq!(log.read(Offset(2), Offset(9), 1, true), Err(OutOfRange));
    assert_eq!(log.update_high_watermark(Offset(99)), Some(Offset(5)));
    assert_eq!((log.log_start_offset(), log.high_watermark()), (Offset(3), Offset(9)));
    assert_eq!(log.leader_epochs().entries()[0].start_offset, Offset(3));
}

/// Fact sheet §4.7: A led epoch 0 up to offset 5, B (3 records, HW 3) was elected for epoch 1 and wrote 3 and 4.
#[test]
fn a_former_leader_finds_out_where_the_histories_part() {
    let (mut a, mut b) = (UnifiedLog::new(Time::ZERO), UnifiedLog::new(Time::ZERO));
    for _ in 0..5 {
        append(&mut a, 0, 1);
    }
    let first_three = a.read(Offset(0), Offset(3), 10_000, true).unwrap();
    b.append_as_follower(&first_three, NOW, &TopicConfig::default());
    b.maybe_increment_high_watermark(Offset(3));
    b.assign_epoch_start_offset(LeaderEpoch(1), b.log_end_offset());
    append(&mut b, 1, 1);
    append(&mut b, 1, 1);

    // A asks from offset 5 with its last epoch, 0; B answers that epoch 0 ended at 3.
    let end = b.end_offset_for_epoch(a.leader_epochs().latest_epoch().unwrap()).unwrap();
    assert_eq!(end, EpochEnd { epoch: LeaderEpoch(0), end_offset: Offset(3) });
    assert!(end.end_offset < a.log_end_offset());
    let own = a.end_offset_for_epoch(end.epoch).unwrap();
    assert!(a.truncate_to(own.end_offset.min(end.end_offset), NOW));
    let rest = b.read(a.log_end_offset(), b.log_end_offset(), 10_000, true).unwrap();
    a.append_as_follower(&rest, NOW, &TopicConfig::default());
    assert!(a.batches().eq(b.batches()));
    assert_eq!(a.leader_epochs(), b.leader_epochs());
}

#[test]
fn a_follower_rolls_once_for_all_it_was_given() {
    let leader = segmented();
    let mut follower = UnifiedLog::new(Time::ZERO);
    // A fetch reads one segment of the leader at a time, so as a rule a follower's segments are the leader's.
    while follower.log_end_offset() < leader.log_end_offset() {
        let fetched = leader.read(follower.log_end_offset(), leader.log_end_offset(), 10_000, true).unwrap();
        follower.append_as_follower(&fetched, NOW, &small_segments()).unwrap();
    }
    assert_eq!(bases(&follower), bases(&leader));
    assert_eq!(follower.append_as_follower(&[], NOW, &small_segments()), None);
    // But a roll comes before all that one fetch brought: here 0 alone, then 1 and 2 do not fit beside it.
    let mut other = UnifiedLog::new(Time::ZERO);
    let all: Vec<RecordBatch> = leader.batches().take(3).cloned().collect();
    other.append_as_follower(&all[..1], NOW, &small_segments());
    let info = other.append_as_follower(&all[1..], NOW, &small_segments()).unwrap();
    assert_eq!((info.first_offset, info.last_offset, info.rolled), (Offset(1), Offset(2), Some(Offset(1))));
    assert_eq!(bases(&other), [0, 1]);
}

/// After DeleteRecords a leader's log may begin within a batch; a fetch brings the batch whole.
#[test]
fn an_empty_follower_begins_with_the_whole_of_a_batch_that_is_half_deleted() {
    let mut leader = UnifiedLog::new(Time::ZERO);
    append(&mut leader, 0, 5);
    append(&mut leader, 0, 5);
    leader.maybe_increment_high_watermark(Offset(10));
    leader.maybe_increment_log_start_offset(Offset(7));
    let mut follower = UnifiedLog::new(Time::ZERO);
    follower.truncate_fully_and_start_at(leader.log_start_offset(), NOW);
    let fetched = leader.read(Offset(7), Offset(10), 10_000, true).unwrap();
    follower.append_as_follower(&fetched, NOW, &TopicConfig::default());
    assert_eq!((bases(&follower), follower.log_end_offset()), (vec![5], Offset(10)));
    follower.update_high_watermark(Offset(10));
    assert!(follower.maybe_increment_log_start_offset(Offset(7)));
}

/// A million records in one partition: what a checkpoint of the world costs is what changed since the last one.
#[test]
fn a_million_records_cost_a_checkpoint_next_to_nothing() {
    let config = TopicConfig::default();
    let records: Vec<Record> = (0..100).map(|_| Record::new(None, Some(b"value"), Time::ZERO)).collect();
    let batch = RecordBatch::new(records, None);
    let mut log = UnifiedLog::new(Time::ZERO);
    let mut checkpoints = Vec::new();
    for round in 0..10_000 {
        log.append_as_leader(&batch, LeaderEpoch(0), NOW, &config).unwrap();
        if round % 100 == 0 {
            checkpoints.push(log.clone());
        }
    }
    assert_eq!(
        (log.log_end_offset(), log.segments().len(), log.active_segment().len()),
        (Offset(1_000_000), 1, 10_000)
    );
    // The records exist once, whoever holds them; of 10000 batches a checkpoint has its own copy of at most a page.
    for (before, after) in checkpoints.iter().zip(&checkpoints[1..]) {
        let (old, new) = (before.active_segment(), after.active_segment());
        let shared = old.batches().zip(new.batches()).filter(|(a, b)| std::ptr::eq(*a, *b)).count();
        assert!(old.len() - shared < 64, "{} of {} batches are shared", shared, old.len());
    }
    assert!(log.batches().all(|stored| std::sync::Arc::ptr_eq(&stored.records, &batch.records)));
    // And a lookup reads an index entry and a few batches, not the log.
    let lookup = log.lookup_offset(Offset(777_777)).unwrap();
    assert!(lookup.entry.is_some() && lookup.is_found && lookup.scanned.len() <= 10, "{}", lookup.scanned.len());
}
