//! Which partition of `__consumer_offsets` keeps a group, and thereby which broker coordinates it.
//!
//! `GroupCoordinatorService.partitionFor`: the group id's Java hash code, its absolute value, modulo
//! `offsets.topic.num.partitions` (50). The leader of that partition is the coordinator. Transactional ids find their
//! partition of `__transaction_state` by the same formula.

use crate::engine::common::PartitionId;

/// The partition whose log holds everything about `group_id`.
///
/// # Panics
/// If the topic has no partitions.
#[must_use]
pub fn partition_for_group(group_id: &str, partitions: u32) -> PartitionId {
    assert!(partitions > 0, "a topic has at least one partition");
    PartitionId(absolute(java_string_hash(group_id)) % partitions)
}

/// `String.hashCode()`: h = 31·h + unit over UTF-16 code units, wrapping at 32 bits.
#[must_use]
pub fn java_string_hash(text: &str) -> i32 {
    text.encode_utf16().fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

/// `Utils.abs`: the smallest int has no positive twin and counts as zero.
fn absolute(hash: i32) -> u32 {
    hash.checked_abs().unwrap_or(0).cast_unsigned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_find_the_partition_that_kafka_gives_them() {
        let table = [
            ("my-group", 12),
            ("group1", 40),
            ("g1", 42),
            ("orders", 31),
            ("payments", 13),
            ("test", 48),
            ("analytics", 10),
            ("billing", 9),
            ("my-app", 0),
            ("order-processor", 23),
            // Transactional ids, on `__transaction_state`.
            ("tx-1", 20),
            ("my-transactional-id", 46),
        ];
        for (id, expected) in table {
            assert_eq!(partition_for_group(id, 50), PartitionId(expected), "{id}");
        }
    }

    #[test]
    fn the_hash_counts_utf16_units() {
        // Java 17: "héllo".hashCode(), "😀".hashCode() (two surrogates), "".hashCode().
        assert_eq!(java_string_hash("héllo"), 103_094_734);
        assert_eq!(java_string_hash("😀"), 1_772_899);
        assert_eq!(java_string_hash(""), 0);
    }

    #[test]
    fn the_one_hash_without_an_absolute_value_goes_to_partition_zero() {
        assert_eq!(java_string_hash("polygenelubricants"), i32::MIN);
        assert_eq!(partition_for_group("polygenelubricants", 50), PartitionId(0));
        // The unsigned 2147483648 would have answered 48.
        assert_eq!(partition_for_group("polygenelubricants", 7), PartitionId(0));
    }
}
