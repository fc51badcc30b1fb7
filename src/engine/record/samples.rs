//! Batches that the tests of encoding and decoding share: one of every shape a log can hold.
//!
//! Apache Kafka built the same ones; the encoder's test quotes its bytes.

use super::record::{Bytes, Header, Record};
use super::record_batch::{Control, ProducerStamp, RecordBatch};
use crate::engine::common::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence, Time};

pub fn at(millis: u64) -> Time {
    Time(millis * 1_000)
}

pub fn record(millis: u64, key: Option<&str>, value: Option<&str>) -> Record {
    Record::new(key.map(str::as_bytes), value.map(str::as_bytes), at(millis))
}

pub fn hello() -> RecordBatch {
    RecordBatch::new([record(0, Some("k1"), Some("hello"))], None).stamped(Offset(0), LeaderEpoch(0))
}

pub fn three() -> RecordBatch {
    let stamp =
        ProducerStamp { producer_id: ProducerId(1000), producer_epoch: ProducerEpoch(0), base_sequence: Sequence(0) };
    let records = [record(0, Some("a"), Some("1")), record(10, None, Some("22")), record(20, Some("c"), None)];
    RecordBatch::new(records, Some(stamp)).stamped(Offset(5), LeaderEpoch(3))
}

pub fn commit_marker() -> RecordBatch {
    let version_0_type_1 = [0, 0, 0, 1];
    let version_0_coordinator_epoch_0 = [0; 6];
    let record = Record::new(Some(&version_0_type_1), Some(&version_0_coordinator_epoch_0), at(30));
    let control = Control::TransactionMarker { producer_id: ProducerId(1000), producer_epoch: ProducerEpoch(0) };
    RecordBatch::control(record, control).stamped(Offset(8), LeaderEpoch(3))
}

/// Headers, a UTF-8 header key, a null header value, an empty key, a timestamp before the base, two-byte lengths,
/// a null record; as a transactional producer sends it, so without a leader's stamp.
pub fn transactional() -> RecordBatch {
    let stamp = ProducerStamp {
        producer_id: ProducerId(7),
        producer_epoch: ProducerEpoch(2),
        base_sequence: Sequence(2_147_483_646),
    };
    let mut first = record(5_000, Some("k"), Some("v"));
    first.headers.push(Header { key: "trace-id".into(), value: Some(Bytes::from(&b"42"[..])) });
    first.headers.push(Header { key: "größe".into(), value: None });
    let second = Record::new(Some(b""), Some(&[7; 200]), at(3_999));
    RecordBatch::transactional([first, second, record(5_000, None, None)], stamp)
}

pub fn log_append_time() -> RecordBatch {
    let records = [record(1, Some("k1"), Some("v1")), record(2, Some("k2"), Some("v2"))];
    RecordBatch::new(records, None).stamped(Offset(123_456_789_012), LeaderEpoch(9)).with_log_append_time(at(777))
}

pub fn before_compaction() -> RecordBatch {
    let records = [(1, "a", "1"), (2, "b", "1"), (9, "a", "2"), (4, "b", "2"), (5, "a", "3")]
        .map(|(millis, key, value)| record(millis, Some(key), Some(value)));
    RecordBatch::new(records, None).stamped(Offset(40), LeaderEpoch(4))
}

/// Offsets 41 and 43 stay.
pub fn compacted(delete_horizon: Option<Time>) -> RecordBatch {
    before_compaction().retain(delete_horizon, |offset, _| offset.0 % 2 == 1)
}

pub fn husk() -> RecordBatch {
    before_compaction().retain(None, |_, _| false)
}

pub fn samples() -> Vec<RecordBatch> {
    let quorum = RecordBatch::control(record(3, Some("\0\0\0\u{2}"), Some("\0\0")), Control::Quorum);
    vec![
        hello(),
        three(),
        commit_marker(),
        transactional(),
        log_append_time(),
        compacted(None),
        compacted(Some(at(1_100))),
        husk(),
        quorum,
    ]
}
