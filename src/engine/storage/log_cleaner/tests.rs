//! Fact sheet §2.4, point by point.

use super::*;
use crate::engine::common::{LeaderEpoch, ProducerEpoch, Sequence, Span};
use crate::engine::record::ProducerStamp;

const MANY: u64 = 1_000_000;

fn at(millis: u64) -> Time {
    Time(millis * 1_000)
}

fn config(pairs: &[(&str, &str)]) -> TopicConfig {
    let mut config = TopicConfig::default();
    config.set("cleanup.policy", "compact").unwrap();
    // One batch of one short record takes 71 bytes or a little less: two to a segment.
    config.set("internal.segment.bytes", "150").unwrap();
    for (key, value) in pairs {
        config.set(key, value).unwrap();
    }
    config
}

/// One record a batch, at its offset in milliseconds: `k=v`, or `k` alone for a tombstone. All committed.
fn log(records: &[&str], config: &TopicConfig) -> UnifiedLog {
    let mut log = UnifiedLog::new(Time::ZERO);
    append(&mut log, records, config);
    log
}

fn append(log: &mut UnifiedLog, records: &[&str], config: &TopicConfig) {
    for text in records {
        let now = at(log.log_end_offset().0);
        let (key, value) = text.split_once('=').map_or((*text, None), |(key, value)| (key, Some(value.as_bytes())));
        let batch = RecordBatch::new([Record::new(Some(key.as_bytes()), value, now)], None);
        log.append_as_leader(&batch, LeaderEpoch(0), now, config).unwrap();
    }
    let end = log.log_end_offset();
    log.maybe_increment_high_watermark(end);
}

fn clean(log: &mut UnifiedLog, from: u64, now: u64, config: &TopicConfig) -> Cleaned {
    let what = log.to_clean(Some(Offset(from)), at(now), config);
    log.clean(what, MANY, at(now), config)
}

/// Offset and text of every record.
fn left(log: &UnifiedLog) -> Vec<String> {
    let text = |bytes: &Option<Bytes>| bytes.as_ref().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let records = log.batches().flat_map(RecordBatch::iter);
    let line = |(offset, record): (Offset, &Record)| {
        let value = text(&record.value).map(|value| format!("={value}")).unwrap_or_default();
        format!("{offset}:{}{value}", text(&record.key).unwrap_or_default())
    };
    records.map(line).collect()
}

fn bases(log: &UnifiedLog) -> Vec<u64> {
    log.segments().map(|segment| segment.base_offset().0).collect()
}

#[test]
fn the_newest_record_of_every_key_stays_at_its_offset() {
    let config = config(&[]);
    let mut log = log(&["a=1", "b=1", "a=2", "c=1", "b=2", "a=3", "a=4"], &config);
    assert_eq!(bases(&log), [0, 2, 4, 6]);
    let done = clean(&mut log, 0, 100, &config);
    // The active segment (6) is neither cleaned nor looked at: a=3 stays although a=4 is newer.
    assert_eq!(left(&log), ["3:c=1", "4:b=2", "5:a=3", "6:a=4"]);
    assert_eq!((done.first_dirty, done.end, done.records_before, done.records_after), (Offset(0), Offset(6), 6, 3));
    // The marks are where they were, and a reader who asks for a gap gets what follows it.
    assert_eq!((log.log_start_offset(), log.log_end_offset(), log.high_watermark()), (Offset(0), Offset(7), Offset(7)));
    let read = log.read(Offset(1), Offset(7), 10_000, true).unwrap();
    assert_eq!(read[0].base_offset, Offset(3));
    // 0-1 and 2-3 were 284 bytes and are grouped by what they were, not by what is left of them.
    assert_eq!(bases(&log), [0, 2, 4, 6]);
    assert_eq!(log.segments().next().unwrap().size_in_bytes(), 0);
    assert_eq!(log.deleted_segments().len(), 3);
    // The next pass joins 0 and 2; 4-5 and 6-7 are too large to be joined.
    append(&mut log, &["d=1", "d=2"], &config);
    clean(&mut log, 6, 100, &config);
    assert_eq!(bases(&log), [0, 4, 6, 8]);
    assert_eq!(left(&log), ["3:c=1", "4:b=2", "6:a=4", "7:d=1", "8:d=2"]);
}

#[test]
fn what_is_clean_and_what_may_be_cleaned_are_told_in_whole_segments() {
    let config = config(&[]);
    let mut log = log(&["a=1", "b=1", "a=2", "c=1", "b=2"], &config);
    let size = log.segments().next().unwrap().size_in_bytes();
    let what = log.to_clean(None, at(100), &config);
    assert_eq!((what.first_dirty, what.first_uncleanable), (Offset(0), Offset(4)));
    assert_eq!((what.clean_bytes, what.cleanable_bytes), (0, 2 * size));
    assert_eq!(what.dirty_ratio_millionths(), 1_000_000);
    let what = log.to_clean(Some(Offset(2)), at(100), &config);
    assert_eq!((what.clean_bytes, what.cleanable_bytes, what.dirty_ratio_millionths()), (size, size, 500_000));
    // More than the ratio, not as much as.
    assert!(!what.is_due(&config));
    // A checkpoint outside the log counts for nothing.
    assert_eq!(log.to_clean(Some(Offset(9)), at(100), &config).first_dirty, Offset(0));
    // Not beyond the high watermark: the segment in which it lies is out.
    log.update_high_watermark(Offset(3));
    assert_eq!(log.to_clean(None, at(100), &config).first_uncleanable, Offset(2));
}

#[test]
fn young_records_wait_and_old_ones_do_not() {
    let lag = config(&[("min.compaction.lag.ms", "10")]);
    let log = log(&["a=1", "b=1", "a=2", "c=1", "b=2"], &lag);
    // The newest of 0-1 is from 1 ms, that of 2-3 from 3 ms.
    for (now, uncleanable) in [(10, 0), (11, 2), (12, 2), (13, 4), (99, 4)] {
        assert_eq!(log.to_clean(None, at(now), &lag).first_uncleanable, Offset(uncleanable), "{now}");
    }
    let overdue = config(&[("max.compaction.lag.ms", "20"), ("min.cleanable.dirty.ratio", "1")]);
    let what = |now, from| log.to_clean(Some(Offset(from)), at(now), &overdue);
    assert!(!what(20, 0).is_due(&overdue));
    assert!(what(21, 0).is_due(&overdue));
    // The dirty part's oldest record is from 2 ms.
    assert!(!what(22, 2).is_due(&overdue) && what(23, 2).is_due(&overdue));
}

#[test]
fn a_tombstone_outlives_its_first_cleaning_by_delete_retention() {
    let config = config(&[("delete.retention.ms", "1000")]);
    let mut log = log(&["a=1", "b=1", "a", "c=1", "d=1"], &config);
    clean(&mut log, 0, 100, &config);
    assert_eq!(left(&log), ["1:b=1", "2:a", "3:c=1", "4:d=1"]);
    let horizon = |log: &UnifiedLog| log.batches().find_map(|batch| batch.delete_horizon);
    assert_eq!(horizon(&log), Some(at(1_100)));
    // A second pass before that keeps it, and its horizon.
    append(&mut log, &["e=1", "f=1"], &config);
    clean(&mut log, 4, 1_099, &config);
    assert_eq!((left(&log)[1].as_str(), horizon(&log)), ("2:a", Some(at(1_100))));
    append(&mut log, &["g=1", "h=1"], &config);
    clean(&mut log, 6, 1_100, &config);
    assert_eq!(left(&log), ["1:b=1", "3:c=1", "4:d=1", "5:e=1", "6:f=1", "7:g=1", "8:h=1"]);
}

#[test]
fn the_last_batch_of_a_round_or_of_a_producer_stays_as_a_husk() {
    let config = config(&[]);
    let mut log = UnifiedLog::new(Time::ZERO);
    let mut write = |producer: Option<u64>, key: &str| {
        let stamp = |id| ProducerStamp {
            producer_id: ProducerId(id),
            producer_epoch: ProducerEpoch(0),
            base_sequence: Sequence(0),
        };
        let batch = RecordBatch::new([Record::new(Some(key.as_bytes()), Some(b"v"), Time::ZERO)], producer.map(stamp));
        log.append_as_leader(&batch, LeaderEpoch(0), Time::ZERO, &config).unwrap();
    };
    for (producer, key) in [(Some(7), "a"), (None, "a"), (None, "b"), (None, "a")] {
        write(producer, key);
    }
    // Two passes: in the second everything of the first round is overridden.
    write(None, "a");
    write(None, "b");
    write(None, "x");
    log.maybe_increment_high_watermark(Offset(7));
    assert_eq!(bases(&log), [0, 2, 4, 6]);
    let what = LogToClean { first_uncleanable: Offset(4), ..log.to_clean(None, at(100), &config) };
    log.clean(what, MANY, at(100), &config);
    let husks = |log: &UnifiedLog| -> Vec<u64> {
        log.batches().filter(|batch| batch.is_empty()).map(|batch| batch.last_offset().0).collect()
    };
    // 0 is all that is known of producer 7.
    assert_eq!((left(&log)[..2].to_vec(), husks(&log)), (vec!["2:b=v".to_owned(), "3:a=v".to_owned()], vec![0]));
    clean(&mut log, 4, 100, &config);
    assert_eq!((left(&log), husks(&log)), (vec!["4:a=v".to_owned(), "5:b=v".to_owned(), "6:x=v".to_owned()], vec![0]));
}

#[test]
fn records_without_a_key_go_and_a_full_map_ends_the_pass() {
    let config = config(&[]);
    let plain = TopicConfig::default();
    let mut log = UnifiedLog::new(Time::ZERO);
    // Written while the topic was not compacted yet.
    let batch = RecordBatch::new([Record::new(None, Some(b"v"), Time::ZERO)], None);
    log.append_as_leader(&batch, LeaderEpoch(0), Time::ZERO, &plain).unwrap();
    append(&mut log, &["a=1", "a=2", "b=1", "a=3", "b=2", "c=1"], &config);
    assert_eq!(bases(&log), [0, 2, 4, 6]);
    let what = log.to_clean(None, at(100), &config);
    let done = log.clean(what, 1, at(100), &config);
    // A full map takes no second record even of a key it knows (`buildOffsetMapForSegment`), so the pass ends there.
    assert_eq!(done.end, Offset(2));
    assert_eq!(left(&log), ["1:a=1", "2:a=2", "3:b=1", "4:a=3", "5:b=2", "6:c=1"]);
}

#[test]
fn with_compact_a_segment_closes_no_later_than_max_compaction_lag() {
    let config = config(&[("max.compaction.lag.ms", "50"), ("internal.segment.bytes", "100000")]);
    let mut log = UnifiedLog::new(Time::ZERO);
    for millis in [0, 50, 51] {
        let batch = RecordBatch::new([Record::new(Some(b"k"), Some(b"v"), at(millis))], None);
        log.append_as_leader(&batch, LeaderEpoch(0), at(millis), &config).unwrap();
    }
    assert_eq!(bases(&log), [0, 2]);
    assert_eq!(config.max_segment_time(), Span::millis(50));
}
