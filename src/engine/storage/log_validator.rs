//! What a leader refuses to write (`LogValidator`).

use crate::engine::common::{ErrorCode, Time};
use crate::engine::config::{TimestampType, TopicConfig};
use crate::engine::record::RecordBatch;

/// # Errors
/// INVALID_TIMESTAMP for a record dated too far back or ahead (`message.timestamp.before.max.ms`, `.after.max.ms`; the
/// broker's own clock is above suspicion); INVALID_RECORD for a record without a key in a compacted topic.
pub(super) fn validate(batch: &RecordBatch, now: Time, config: &TopicConfig) -> Result<(), ErrorCode> {
    // Markers come from a coordinator, and a record of theirs has no key of the user's.
    if batch.control.is_some() {
        return Ok(());
    }
    if config.cleanup_policy.compact && batch.records.iter().any(|record| record.key.is_none()) {
        return Err(ErrorCode::InvalidRecord);
    }
    let is_out_of_bounds = |timestamp: Time| {
        now.since(timestamp) > config.message_timestamp_before_max
            || timestamp.since(now) > config.message_timestamp_after_max
    };
    let is_checked = config.message_timestamp_type == TimestampType::CreateTime;
    if is_checked && batch.records.iter().any(|record| is_out_of_bounds(record.timestamp)) {
        return Err(ErrorCode::InvalidTimestamp);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::record::Record;

    fn check(millis: u64, key: Option<&[u8]>, pairs: &[(&str, &str)]) -> Result<(), ErrorCode> {
        let mut config = TopicConfig::default();
        for (name, value) in pairs {
            config.set(name, value).unwrap();
        }
        let batch = RecordBatch::new([Record::new(key, Some(b"v"), Time(millis * 1_000))], None);
        validate(&batch, Time(10_000_000), &config)
    }

    #[test]
    fn records_from_too_far_back_or_ahead_are_refused() {
        let invalid = Err(ErrorCode::InvalidTimestamp);
        let before = ("message.timestamp.before.max.ms", "2000");
        assert_eq!((check(8_000, None, &[before]), check(7_999, None, &[before])), (Ok(()), invalid));
        // One hour ahead since 4.0.
        assert_eq!((check(3_610_000, None, &[]), check(3_610_001, None, &[])), (Ok(()), invalid));
        assert_eq!(check(0, None, &[before, ("message.timestamp.type", "LogAppendTime")]), Ok(()));
    }

    #[test]
    fn a_compacted_topic_wants_keys() {
        let compact = ("cleanup.policy", "compact");
        assert_eq!(check(0, None, &[compact]), Err(ErrorCode::InvalidRecord));
        assert_eq!(check(0, Some(b"k"), &[compact]), Ok(()));
        assert_eq!(check(0, None, &[("cleanup.policy", "delete")]), Ok(()));
    }
}
