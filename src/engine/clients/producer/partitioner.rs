//! Where records without a key go. Kafka changed its mind twice, and each change is a lesson about batching.
//!
//! Round robin (up to 2.3) spreads evenly and makes many small batches. Sticky (2.4, KIP-480) stays with a partition
//! until its batch is full, but a slow broker, whose batches wait and fill, gets the more records the slower it is.
//! Uniform sticky (3.3, KIP-794) counts bytes instead, and steers away from partitions whose queues are long.
//!
//! There is one partitioner per topic and producer. All randomness is drawn from `Purpose::Partitioner`.

use crate::engine::common::{PartitionId, Purpose, Rng};
use crate::engine::config::KafkaVersion;

/// What the producer's metadata says about the topic right now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partitions<'a> {
    /// Those with a known leader, ascending.
    pub available: &'a [PartitionId],
    /// How many there are altogether; ids run from zero.
    pub count: u32,
}

impl Partitions<'_> {
    /// One of the available, or of all if none is: the record then waits for a leader.
    fn pick(self, rng: &mut Rng) -> PartitionId {
        if let Some(partition) = rng.pick(Purpose::Partitioner, self.available) {
            return *partition;
        }
        let partition = rng.below(Purpose::Partitioner, u64::from(self.count));
        PartitionId(u32::try_from(partition).expect("drawn below a 32-bit count"))
    }

    /// The one on which the `turn`th record falls, going round.
    fn at_turn(self, turn: u32) -> PartitionId {
        // Java's counter runs through the negative ints after 2147483647; `Utils.toPositive` clears the sign.
        let turn = turn & 0x7fff_ffff;
        assert!(self.count > 0, "a topic has at least one partition");
        match u32::try_from(self.available.len()).expect("no more available partitions than there are") {
            0 => PartitionId(turn % self.count),
            available => self.available[(turn % available) as usize],
        }
    }
}

/// How a producer of some release treats records without a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeylessStrategy {
    /// Up to 2.3: `DefaultPartitioner`.
    RoundRobin,
    /// 2.4 to 3.2: `DefaultPartitioner` with `StickyPartitionCache`.
    Sticky,
    /// From 3.3 on: `BuiltInPartitioner`, when `partitioner.class` is not set.
    UniformSticky,
    /// `partitioner.class=RoundRobinPartitioner`, which goes round for records with a key as well.
    RoundRobinPartitioner {
        /// Is it asked a second time for a record that opens a batch? See [`RoundRobin`].
        asks_twice: bool,
    },
}

impl KeylessStrategy {
    /// What a producer of that version does if nobody chooses a class.
    #[must_use]
    pub fn default_of(version: KafkaVersion) -> Self {
        if version.turns_keyless_records_round_robin() {
            Self::RoundRobin
        } else if version.sticks_keyless_records_by_bytes() {
            Self::UniformSticky
        } else {
            Self::Sticky
        }
    }

    /// The class `RoundRobinPartitioner`, as that version drives it.
    #[must_use]
    pub fn round_robin_class_of(version: KafkaVersion) -> Self {
        // 4.0 dropped `abortForNewBatch` and with it the second question.
        Self::RoundRobinPartitioner { asks_twice: version.asks_partitioners_twice() }
    }
}

/// One topic's keyless partitioner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeylessPartitioner {
    RoundRobin(RoundRobin),
    Sticky(StickyPartitioner),
    UniformSticky(BuiltInPartitioner),
}

impl KeylessPartitioner {
    #[must_use]
    pub fn new(strategy: KeylessStrategy, rng: &mut Rng) -> Self {
        match strategy {
            KeylessStrategy::RoundRobin => Self::RoundRobin(RoundRobin::from_random_turn(rng)),
            KeylessStrategy::Sticky => Self::Sticky(StickyPartitioner::default()),
            KeylessStrategy::UniformSticky => Self::UniformSticky(BuiltInPartitioner::default()),
            KeylessStrategy::RoundRobinPartitioner { asks_twice } => {
                Self::RoundRobin(RoundRobin::from_first_turn(asks_twice))
            }
        }
    }

    /// The partition for the next record.
    pub fn partition(&mut self, partitions: Partitions<'_>, rng: &mut Rng) -> PartitionId {
        match self {
            Self::RoundRobin(partitioner) => partitioner.partition(partitions),
            Self::Sticky(partitioner) => partitioner.partition(partitions, rng),
            Self::UniformSticky(partitioner) => partitioner.partition(partitions, rng),
        }
    }

    /// The record meant for `previous` would open a new batch there. Some partitioners choose again
    /// (`Partitioner.onNewBatch`, then `partition`); `None` means that the record stays where it was going.
    ///
    /// Producers of 2.4 to 3.9 say this for records with a key, too, whose partition is not in question: a keyed
    /// record that opens a batch on the sticky partition moves the records without a key elsewhere.
    pub fn on_new_batch(
        &mut self,
        previous: PartitionId,
        partitions: Partitions<'_>,
        rng: &mut Rng,
    ) -> Option<PartitionId> {
        match self {
            Self::RoundRobin(partitioner) => partitioner.asks_twice.then(|| partitioner.partition(partitions)),
            Self::Sticky(partitioner) => Some(partitioner.on_new_batch(previous, partitions, rng)),
            Self::UniformSticky(_) => None,
        }
    }

    /// The record went into a batch and made it `appended_bytes` longer; the other arguments are those of
    /// [`BuiltInPartitioner::on_append`]. Only uniform sticky cares.
    pub fn on_append(
        &mut self,
        appended_bytes: u32,
        batch_size_bytes: u32,
        enable_switch: bool,
        partitions: Partitions<'_>,
        rng: &mut Rng,
    ) {
        match self {
            Self::UniformSticky(partitioner) => {
                partitioner.on_append(appended_bytes, batch_size_bytes, enable_switch, partitions, rng);
            }
            Self::RoundRobin(_) | Self::Sticky(_) => {}
        }
    }

    /// How long each partition's queue is: see [`BuiltInPartitioner::update_load`]. Only uniform sticky cares.
    pub fn update_load(&mut self, queue_sizes: Option<&[(PartitionId, u32)]>, queues: u32) {
        match self {
            Self::UniformSticky(partitioner) => partitioner.update_load(queue_sizes, queues),
            Self::RoundRobin(_) | Self::Sticky(_) => {}
        }
    }
}

/// Each record goes to the next available partition.
///
/// As `partitioner.class` of 2.4 to 3.9 it has a famous flaw: the record that would open a batch is taken back and the
/// partitioner asked again, so that the counter moves on by two. With every record in a batch of its own and an even
/// number of partitions, half of them never see a record (KAFKA-9965).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoundRobin {
    next_turn: u32,
    asks_twice: bool,
}

impl RoundRobin {
    /// `DefaultPartitioner` up to 2.3 begins anywhere, so that many producers do not all begin with partition 0.
    fn from_random_turn(rng: &mut Rng) -> Self {
        let turn = rng.below(Purpose::Partitioner, 1 << 32);
        Self { next_turn: u32::try_from(turn).expect("drawn below 2^32"), asks_twice: false }
    }

    /// `RoundRobinPartitioner` begins at the beginning.
    fn from_first_turn(asks_twice: bool) -> Self {
        Self { next_turn: 0, asks_twice }
    }

    fn partition(&mut self, partitions: Partitions<'_>) -> PartitionId {
        let turn = self.next_turn;
        self.next_turn = turn.wrapping_add(1);
        partitions.at_turn(turn)
    }
}

/// One partition until a new batch must be opened there, then another one (`StickyPartitionCache`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StickyPartitioner {
    current: Option<PartitionId>,
}

impl StickyPartitioner {
    /// The sticky partition, chosen at the first record.
    pub fn partition(&mut self, partitions: Partitions<'_>, rng: &mut Rng) -> PartitionId {
        *self.current.get_or_insert_with(|| partitions.pick(rng))
    }

    /// Moves on if it is the sticky partition that needs a new batch; answers the sticky partition thereafter.
    /// The record that gave the occasion goes there.
    pub fn on_new_batch(&mut self, previous: PartitionId, partitions: Partitions<'_>, rng: &mut Rng) -> PartitionId {
        let next = match self.current {
            Some(current) if current != previous => current,
            Some(current) if partitions.available.len() > 1 => {
                let others: Vec<_> = partitions.available.iter().copied().filter(|other| *other != current).collect();
                Partitions { available: &others, ..partitions }.pick(rng)
            }
            // A lone available partition is its own successor; without any, chance may bring back the same one.
            Some(_) | None => partitions.pick(rng),
        };
        self.current = Some(next);
        next
    }
}

/// The partition of the moment and what went there since it was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct StickyPartitionInfo {
    partition: PartitionId,
    produced_bytes: u32,
}

/// Weights for the choice of the next partition.
#[derive(Clone, Debug, PartialEq, Eq)]
struct PartitionLoadStats {
    partitions: Vec<PartitionId>,
    cumulative_frequency_table: Vec<u64>,
}

/// One partition until `batch.size` bytes went there, then another one, chosen by load (`BuiltInPartitioner`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuiltInPartitioner {
    current: Option<StickyPartitionInfo>,
    load: Option<PartitionLoadStats>,
}

impl BuiltInPartitioner {
    /// The partition of the moment, chosen at the first record. Asking does not change it.
    pub fn partition(&mut self, partitions: Partitions<'_>, rng: &mut Rng) -> PartitionId {
        match self.current {
            Some(current) => current.partition,
            None => self.switch(partitions, rng),
        }
    }

    /// Counts what an append added to the current partition's batches and switches when it is time
    /// (`updatePartitionInfo`).
    ///
    /// `enable_switch` is true if every batch queued for the partition is full. While one is not, the switch waits, or
    /// it would leave a fragment of a batch behind; but after twice `batch.size` it waits no longer. An
    /// `appended_bytes` of zero asks again whether to switch, as the accumulator does before an append.
    ///
    /// # Panics
    /// If no partition has been chosen yet: an append needs one.
    pub fn on_append(
        &mut self,
        appended_bytes: u32,
        batch_size_bytes: u32,
        enable_switch: bool,
        partitions: Partitions<'_>,
        rng: &mut Rng,
    ) {
        let current = self.current.as_mut().expect("an append follows the choice of a partition");
        current.produced_bytes = current.produced_bytes.saturating_add(appended_bytes);
        // `batch.size=0` turns batching off; `KafkaProducer` counts with one byte then.
        let sticky_batch_size_bytes = batch_size_bytes.max(1);
        let is_full = current.produced_bytes >= sticky_batch_size_bytes;
        let is_overfull = current.produced_bytes >= sticky_batch_size_bytes.saturating_mul(2);
        if is_full && enable_switch || is_overfull {
            self.switch(partitions, rng);
        }
    }

    /// Takes note of how many batches wait for each partition (`updatePartitionLoadStats`). The sender does this each
    /// time it looks for batches to send, if `partitioner.adaptive.partitioning.enable` is true.
    ///
    /// `queue_sizes` holds the partitions with a leader, less those that `partitioner.availability.timeout.ms`
    /// excludes. `queues` counts all partitions that ever had a queue. Give `None` until every partition of the topic
    /// has one: a partition unknown to the table would never be chosen.
    pub fn update_load(&mut self, queue_sizes: Option<&[(PartitionId, u32)]>, queues: u32) {
        self.load = queue_sizes.and_then(|queue_sizes| PartitionLoadStats::of(queue_sizes, queues));
    }

    /// Bytes that went to the partition of the moment since it was chosen.
    #[must_use]
    pub fn produced_bytes(&self) -> u32 {
        self.current.map_or(0, |current| current.produced_bytes)
    }

    fn switch(&mut self, partitions: Partitions<'_>, rng: &mut Rng) -> PartitionId {
        let partition = match &self.load {
            Some(load) => load.partition_for(rng.below(Purpose::Partitioner, load.range_end())),
            None => partitions.pick(rng),
        };
        self.current = Some(StickyPartitionInfo { partition, produced_bytes: 0 });
        partition
    }
}

impl PartitionLoadStats {
    /// `None` if weighing would change nothing: fewer than two queues, none to choose from, or all equally long.
    fn of(queue_sizes: &[(PartitionId, u32)], queues: u32) -> Option<Self> {
        let (_, first_size) = queue_sizes.first()?;
        let are_all_equal = queue_sizes.iter().all(|(_, size)| size == first_size);
        let is_none_excluded = queue_sizes.len() as u64 == u64::from(queues);
        if queues < 2 || are_all_equal && is_none_excluded {
            return None;
        }
        let partitions = queue_sizes.iter().map(|(partition, _)| *partition).collect();
        let sizes: Vec<_> = queue_sizes.iter().map(|(_, size)| *size).collect();
        Some(Self { partitions, cumulative_frequency_table: cumulative_frequency_table(&sizes) })
    }

    fn range_end(&self) -> u64 {
        *self.cumulative_frequency_table.last().expect("load statistics cover at least one partition")
    }

    /// The first partition whose entry is greater than `weighted`.
    fn partition_for(&self, weighted: u64) -> PartitionId {
        let index = self.cumulative_frequency_table.partition_point(|entry| *entry <= weighted);
        self.partitions[index]
    }
}

/// Weighs each queue by how much shorter than the longest it is, plus one so that none has weight zero, and adds the
/// weights up: queues 0, 3, 1 weigh 4, 1, 3 and give 4, 5, 8. A number drawn below 8 then falls to the first entry
/// that exceeds it.
#[must_use]
pub fn cumulative_frequency_table(queue_sizes: &[u32]) -> Vec<u64> {
    let longest = queue_sizes.iter().copied().max().unwrap_or(0);
    let weights = queue_sizes.iter().map(|size| u64::from(longest - size) + 1);
    weights
        .scan(0, |total, weight| {
            *total += weight;
            Some(*total)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [PartitionId; 4] = [PartitionId(0), PartitionId(1), PartitionId(2), PartitionId(3)];
    const FOUR: Partitions<'static> = Partitions { available: &ALL, count: 4 };
    const WITHOUT_LEADERS: Partitions<'static> = Partitions { available: &[], count: 4 };
    const BATCH_SIZE_BYTES: u32 = 100;

    fn queues(sizes: &[u32]) -> Vec<(PartitionId, u32)> {
        (0..).map(PartitionId).zip(sizes.iter().copied()).collect()
    }

    fn partitioner(strategy: KeylessStrategy) -> (KeylessPartitioner, Rng) {
        let mut rng = Rng::from_seed(3);
        (KeylessPartitioner::new(strategy, &mut rng), rng)
    }

    #[test]
    fn releases_have_their_defaults() {
        let table = [
            (KafkaVersion::V0_8, KeylessStrategy::RoundRobin),
            (KafkaVersion::V2_3, KeylessStrategy::RoundRobin),
            (KafkaVersion::V2_8, KeylessStrategy::Sticky),
            (KafkaVersion::V3_9, KeylessStrategy::UniformSticky),
            (KafkaVersion::V4_3, KeylessStrategy::UniformSticky),
        ];
        for (version, expected) in table {
            assert_eq!(KeylessStrategy::default_of(version), expected, "{version}");
        }
    }

    #[test]
    fn round_robin_goes_round_the_available() {
        let (mut partitioner, mut rng) = partitioner(KeylessStrategy::RoundRobin);
        let without_2 = Partitions { available: &[ALL[0], ALL[1], ALL[3]], count: 4 };
        let first = partitioner.partition(without_2, &mut rng);
        let round: Vec<_> = (0..6).map(|_| partitioner.partition(without_2, &mut rng)).collect();
        assert_eq!((round[2], round[5]), (first, first));
        let mut met = round[..3].to_vec();
        met.sort();
        assert_eq!(met, [ALL[0], ALL[1], ALL[3]]);
        assert_eq!(partitioner.on_new_batch(first, FOUR, &mut rng), None);
    }

    #[test]
    fn round_robin_counts_on_past_the_sign_bit() {
        let mut partitioner = RoundRobin { next_turn: 0x7fff_ffff, asks_twice: false };
        let found = [(); 3].map(|()| partitioner.partition(FOUR).0);
        // Java: 2147483647 % 4, then toPositive(-2147483648) % 4, toPositive(-2147483647) % 4.
        assert_eq!(found, [3, 0, 1]);
        let mut partitioner = RoundRobin { next_turn: u32::MAX, asks_twice: false };
        assert_eq!([(); 2].map(|()| partitioner.partition(WITHOUT_LEADERS).0), [3, 0]);
    }

    #[test]
    fn the_round_robin_class_of_2_4_to_3_9_skips_every_other_partition() {
        let send = |strategy| {
            let (mut partitioner, mut rng) = partitioner(strategy);
            [(); 4].map(|()| {
                let refused = partitioner.partition(FOUR, &mut rng);
                partitioner.on_new_batch(refused, FOUR, &mut rng).unwrap_or(refused).0
            })
        };
        assert_eq!(send(KeylessStrategy::round_robin_class_of(KafkaVersion::V3_9)), [1, 3, 1, 3]);
        assert_eq!(send(KeylessStrategy::round_robin_class_of(KafkaVersion::V4_3)), [0, 1, 2, 3]);
    }

    #[test]
    fn sticky_stays_until_a_new_batch() {
        let mut rng = Rng::from_seed(5);
        let mut partitioner = StickyPartitioner::default();
        let mut met = Vec::new();
        for _ in 0..200 {
            let current = partitioner.partition(FOUR, &mut rng);
            assert_eq!(partitioner.partition(FOUR, &mut rng), current);
            // Some other partition's new batch is no reason to move.
            let elsewhere = PartitionId((current.0 + 1) % 4);
            assert_eq!(partitioner.on_new_batch(elsewhere, FOUR, &mut rng), current);
            let next = partitioner.on_new_batch(current, FOUR, &mut rng);
            assert_ne!(next, current);
            assert_eq!(partitioner.partition(FOUR, &mut rng), next);
            met.push(next);
        }
        met.sort();
        met.dedup();
        assert_eq!(met, ALL);
    }

    #[test]
    fn sticky_takes_what_there_is() {
        let mut rng = Rng::from_seed(5);
        let mut partitioner = StickyPartitioner::default();
        let only_2 = Partitions { available: &[ALL[2]], count: 4 };
        assert_eq!(partitioner.partition(only_2, &mut rng), ALL[2]);
        assert_eq!(partitioner.on_new_batch(ALL[2], only_2, &mut rng), ALL[2]);
        // Two available, one of them current: the other is certain.
        let two = Partitions { available: &[ALL[0], ALL[2]], count: 4 };
        assert_eq!(partitioner.on_new_batch(ALL[2], two, &mut rng), ALL[0]);
        let mut met: Vec<_> = (0..200)
            .map(|_| {
                let current = partitioner.partition(WITHOUT_LEADERS, &mut rng);
                partitioner.on_new_batch(current, WITHOUT_LEADERS, &mut rng)
            })
            .collect();
        met.sort();
        met.dedup();
        assert_eq!(met, ALL);
    }

    #[test]
    fn uniform_sticky_switches_by_bytes() {
        // Bytes appended, whether all queued batches are full, bytes counted thereafter (0: it has switched).
        let table: &[&[(u32, bool, u32)]] = &[
            &[(99, true, 99), (1, true, 0)],
            &[(100, false, 100), (99, false, 199), (1, false, 0)],
            &[(150, false, 150), (0, true, 0)],
            &[(250, false, 0), (40, true, 40)],
        ];
        for appends in table {
            let mut rng = Rng::from_seed(9);
            let mut partitioner = BuiltInPartitioner::default();
            let first = partitioner.partition(FOUR, &mut rng);
            let mut has_switched = false;
            for (appended_bytes, enable_switch, counted) in *appends {
                partitioner.on_append(*appended_bytes, BATCH_SIZE_BYTES, *enable_switch, FOUR, &mut rng);
                assert_eq!(partitioner.produced_bytes(), *counted, "{appends:?}");
                has_switched |= *counted == 0;
                if !has_switched {
                    assert_eq!(partitioner.partition(FOUR, &mut rng), first, "{appends:?}");
                }
            }
        }
    }

    #[test]
    fn without_batching_every_record_may_go_elsewhere() {
        let mut rng = Rng::from_seed(9);
        let mut partitioner = BuiltInPartitioner::default();
        partitioner.partition(FOUR, &mut rng);
        partitioner.on_append(70, 0, true, FOUR, &mut rng);
        assert_eq!(partitioner.produced_bytes(), 0);
    }

    #[test]
    fn queues_of_0_3_1_weigh_4_1_3() {
        assert_eq!(cumulative_frequency_table(&[0, 3, 1]), [4, 5, 8]);
        let load = PartitionLoadStats::of(&queues(&[0, 3, 1]), 3).unwrap();
        let chosen: Vec<_> = (0..load.range_end()).map(|weighted| load.partition_for(weighted).0).collect();
        assert_eq!(chosen, [0, 0, 0, 0, 1, 2, 2, 2]);
    }

    #[test]
    fn load_is_weighed_only_where_it_differs() {
        assert_eq!(PartitionLoadStats::of(&queues(&[2, 2, 2]), 3), None);
        assert_eq!(PartitionLoadStats::of(&queues(&[5]), 1), None);
        assert_eq!(PartitionLoadStats::of(&[], 3), None);
        // Equal, but one of three queues is excluded: the table must keep the choice away from it.
        let load = PartitionLoadStats::of(&queues(&[2, 2]), 3).unwrap();
        assert_eq!(load.cumulative_frequency_table, [1, 2]);
    }

    #[test]
    fn a_long_queue_gets_fewer_turns() {
        let mut rng = Rng::from_seed(11);
        let mut partitioner = BuiltInPartitioner::default();
        partitioner.update_load(Some(&queues(&[0, 9, 0, 0])), 4);
        let mut turns = [0_u32; 4];
        for _ in 0..3_100 {
            turns[partitioner.partition(FOUR, &mut rng).0 as usize] += 1;
            partitioner.on_append(BATCH_SIZE_BYTES, BATCH_SIZE_BYTES, true, FOUR, &mut rng);
        }
        // Weights 10, 1, 10, 10 of 31.
        assert!((60..140).contains(&turns[1]), "{turns:?}");
        assert!([0, 2, 3].iter().all(|index| (850..1_150).contains(&turns[*index])), "{turns:?}");
        partitioner.update_load(None, 4);
        assert_eq!(partitioner.load, None);
    }
}
