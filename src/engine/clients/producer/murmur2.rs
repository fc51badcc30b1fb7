//! The hash that ties a key to a partition (`Utils.murmur2`, `BuiltInPartitioner.partitionForKey`).
//!
//! Every client in every language must agree on it, or records of one key would land in two partitions. The result
//! depends on the number of partitions, so adding partitions sends old keys elsewhere and moves nothing.

use crate::engine::common::PartitionId;

const SEED: u32 = 0x9747_b28c;
const MULTIPLIER: u32 = 0x5bd1_e995;
const ROTATE: u32 = 24;

/// MurmurHash2, 32 bits, as Java's signed int.
#[must_use]
pub fn murmur2(bytes: &[u8]) -> i32 {
    let length = u32::try_from(bytes.len()).expect("keys are far shorter than 4 GiB");
    let mut hash = SEED ^ length;
    let (words, tail) = bytes.as_chunks::<4>();
    for word in words {
        let mut mixed = u32::from_le_bytes(*word).wrapping_mul(MULTIPLIER);
        mixed ^= mixed >> ROTATE;
        hash = hash.wrapping_mul(MULTIPLIER) ^ mixed.wrapping_mul(MULTIPLIER);
    }
    if !tail.is_empty() {
        for (index, byte) in (0_u32..).zip(tail) {
            hash ^= u32::from(*byte) << (8 * index);
        }
        hash = hash.wrapping_mul(MULTIPLIER);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(MULTIPLIER);
    hash ^= hash >> 15;
    hash.cast_signed()
}

/// The partition of every record with this key, over all partitions, whether they have a leader just now or not:
/// order within a key must outlive an election.
///
/// # Panics
/// If the topic has no partitions.
#[must_use]
pub fn partition_for_key(key: &[u8], partitions: u32) -> PartitionId {
    assert!(partitions > 0, "a topic has at least one partition");
    PartitionId(to_positive(murmur2(key)) % partitions)
}

/// Clears the sign bit (`Utils.toPositive`). Not the absolute value: that would send other keys elsewhere.
fn to_positive(hash: i32) -> u32 {
    hash.cast_unsigned() & 0x7fff_ffff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_kafkas() {
        // The first six are Kafka's own, from `UtilsTest.testMurmur2`; then keys that lessons use,
        // to which `Utils.murmur2` of `kafka-clients` 3.9.0 gave the answers.
        let table = [
            ("21", -973_932_308),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
            ("", 275_646_681),
            ("a", -1_563_381_124),
            ("b", -1_853_091_852),
            ("c", -1_877_468_854),
            ("key1", 28_543_940),
            ("key-1", 193_331_640),
            ("user-1", 1_404_122_828),
            ("user-2", -324_981_792),
            ("user-3", 1_141_442_267),
            ("user-4", 2_067_937_567),
            ("user-5", -345_666_322),
            ("user-6", -936_439_275),
            ("alice", 1_951_417_749),
            ("bob", -2_048_144_690),
            ("carol", 271_431_602),
            ("dave", 1_727_131_798),
            ("1", -1_993_445_489),
            ("2", 648_968_168),
            ("3", -1_148_165_505),
            ("héllo", 614_509_002),
        ];
        for (key, expected) in table {
            assert_eq!(murmur2(key.as_bytes()), expected, "{key}");
        }
    }

    /// The first table is worked out from Kafka's hashes; `BuiltInPartitioner.partitionForKey` of `kafka-clients`
    /// 3.9.0, run on Java 17, answers the same to both.
    #[test]
    fn keys_go_where_kafka_sends_them() {
        // Key, then its partition among 3, 4 and 6.
        let table = [
            ("21", [0, 0, 0]),
            ("foobar", [0, 2, 0]),
            ("a-little-bit-long-string", [2, 0, 2]),
            ("a-little-bit-longer-string", [2, 3, 5]),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", [2, 1, 5]),
            ("abc", [0, 3, 3]),
        ];
        for (key, expected) in table {
            let found = [3, 4, 6].map(|partitions| partition_for_key(key.as_bytes(), partitions).0);
            assert_eq!(found, expected, "{key}");
        }
        // Key, then its partition among 3 and 6.
        let table = [
            ("user-1", [2, 2]),
            ("user-2", [2, 2]),
            ("user-3", [2, 5]),
            ("user-4", [1, 1]),
            ("user-5", [1, 4]),
            ("user-6", [2, 5]),
            ("alice", [0, 3]),
            ("bob", [0, 0]),
            ("carol", [2, 2]),
            ("dave", [1, 4]),
        ];
        for (key, expected) in table {
            let found = [3, 6].map(|partitions| partition_for_key(key.as_bytes(), partitions).0);
            assert_eq!(found, expected, "{key}");
        }
    }

    #[test]
    fn the_sign_is_masked_not_negated() {
        // Masked 1173551340, as Kafka's `Utils.toPositive` answers; the absolute value would be 973932308.
        assert_eq!(to_positive(murmur2(b"21")), 1_173_551_340);
        assert_eq!(to_positive(murmur2(b"foobar")), 1_357_151_166);
        assert_eq!(to_positive(murmur2(b"a-little-bit-long-string")), 1_161_502_112);
        assert_eq!(to_positive(murmur2(b"a-little-bit-longer-string")), 661_178_819);
        assert_eq!(to_positive(i32::MIN), 0);
    }
}
