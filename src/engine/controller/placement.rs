//! Which brokers get a new topic's replicas: Kafka's `StripedReplicaPlacer`.
//!
//! Replicas go round the racks, and round the brokers within each rack, from random starting points; so leaders and
//! replicas spread evenly and no two racks are preferred. Two things always hold: no broker has two replicas of one
//! partition, and the first replica, the leader to be, is not fenced. Fenced brokers are taken only when nothing else
//! is left in a rack.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::engine::common::{BrokerId, Purpose, Rng};

/// A broker that may be given replicas: registered, and not shutting down.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UsableBroker {
    pub id: BrokerId,
    pub rack: Option<Arc<str>>,
    pub fenced: bool,
}

/// Replicas for each of `partitions` new partitions, preferred leader first.
///
/// # Errors
/// Kafka's sentence of the `InvalidReplicationFactorException`, which its caller wraps.
pub fn place(
    brokers: impl IntoIterator<Item = UsableBroker>,
    partitions: u32,
    replication_factor: u32,
    rng: &mut Rng,
) -> Result<Vec<Vec<BrokerId>>, String> {
    place_with(brokers, partitions, replication_factor, &mut PlacementDice(rng))
}

fn place_with(
    brokers: impl IntoIterator<Item = UsableBroker>,
    partitions: u32,
    replication_factor: u32,
    dice: &mut impl Dice,
) -> Result<Vec<Vec<BrokerId>>, String> {
    let mut racks = RackList::new(brokers, dice);
    // The placer itself asks in this order; the rack list asks again, the other way round.
    check_positive(replication_factor)?;
    check_some_unfenced(racks.unfenced_brokers)?;
    check_enough(replication_factor, racks.total_brokers)?;
    (0..partitions).map(|_| racks.place(replication_factor, dice)).collect()
}

/// The only thing the placer asks of chance. A trait, so that a test can replay Kafka's own generator.
trait Dice {
    /// Uniform in `0..bound`.
    fn below(&mut self, bound: u64) -> u64;

    /// Fisher–Yates from the end down, as `Collections.shuffle` does it.
    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, index(self.below(last as u64 + 1)));
        }
    }
}

struct PlacementDice<'a>(&'a mut Rng);

impl Dice for PlacementDice<'_> {
    fn below(&mut self, bound: u64) -> u64 {
        self.0.below(Purpose::Placement, bound)
    }
}

fn index(number: u64) -> usize {
    usize::try_from(number).expect("an index into a list of brokers fits usize")
}

/// Brokers of one rack that are all fenced or all not, handed out in turn.
#[derive(Debug, Default)]
struct BrokerList {
    brokers: Vec<BrokerId>,
    /// How many have been handed out for the current partition.
    taken: usize,
    offset: usize,
    /// The partition they were handed out for; with another one the list starts afresh, one further on.
    epoch: u32,
}

impl BrokerList {
    fn initialize(&mut self, dice: &mut impl Dice) {
        if !self.brokers.is_empty() {
            self.brokers.sort_unstable();
            self.offset = index(dice.below(self.brokers.len() as u64));
        }
    }

    fn next(&mut self, epoch: u32) -> Option<BrokerId> {
        let count = self.brokers.len();
        if count == 0 {
            return None;
        }
        if self.epoch != epoch {
            self.epoch = epoch;
            self.taken = 0;
            self.offset = (self.offset + 1) % count;
        }
        if self.taken >= count {
            return None;
        }
        let broker = self.brokers[(self.taken + self.offset) % count];
        self.taken += 1;
        Some(broker)
    }
}

#[derive(Debug, Default)]
struct Rack {
    unfenced: BrokerList,
    fenced: BrokerList,
}

impl Rack {
    fn next(&mut self, epoch: u32) -> Option<BrokerId> {
        self.unfenced.next(epoch).or_else(|| self.fenced.next(epoch))
    }
}

#[derive(Debug)]
struct RackList {
    /// By name; brokers that name no rack share one that sorts first (`OptionalStringComparator`).
    racks: Vec<Rack>,
    /// The order in which racks are visited: sorted at first, shuffled later.
    order: Vec<usize>,
    total_brokers: u32,
    unfenced_brokers: u32,
    epoch: u32,
    offset: usize,
}

impl RackList {
    fn new(brokers: impl IntoIterator<Item = UsableBroker>, dice: &mut impl Dice) -> Self {
        let mut by_name: BTreeMap<Option<Arc<str>>, Rack> = BTreeMap::new();
        let (mut total_brokers, mut unfenced_brokers) = (0, 0);
        for broker in brokers {
            let rack = by_name.entry(broker.rack).or_default();
            total_brokers += 1;
            if broker.fenced {
                rack.fenced.brokers.push(broker.id);
            } else {
                unfenced_brokers += 1;
                rack.unfenced.brokers.push(broker.id);
            }
        }
        let mut racks: Vec<Rack> = by_name.into_values().collect();
        for rack in &mut racks {
            rack.fenced.initialize(dice);
            rack.unfenced.initialize(dice);
        }
        let offset = if racks.is_empty() { 0 } else { index(dice.below(racks.len() as u64)) };
        let order = (0..racks.len()).collect();
        Self { racks, order, total_brokers, unfenced_brokers, epoch: 0, offset }
    }

    fn place(&mut self, replication_factor: u32, dice: &mut impl Dice) -> Result<Vec<BrokerId>, String> {
        check_positive(replication_factor)?;
        check_enough(replication_factor, self.total_brokers)?;
        check_some_unfenced(self.unfenced_brokers)?;
        // After one partition per unfenced broker the stripes would repeat. With a single unfenced broker there is
        // nothing to vary, and beginning again would never end.
        if self.epoch == self.unfenced_brokers && self.unfenced_brokers > 1 {
            self.shuffle(dice);
            self.epoch = 0;
        }
        if self.offset == self.order.len() {
            self.offset = 0;
        }
        let (first_at, leader) = self.leader();
        let mut replicas = vec![leader];
        let mut at = self.offset;
        // The leader's rack has given its broker for this round: it is passed over once.
        let mut skip = Some(first_at);
        while replicas.len() < replication_factor as usize {
            if skip == Some(at) {
                skip = None;
            } else if let Some(broker) = self.racks[self.order[at]].next(self.epoch) {
                replicas.push(broker);
            }
            at = (at + 1) % self.order.len();
        }
        self.epoch += 1;
        self.offset += 1;
        Ok(replicas)
    }

    /// The first rack from the current one on that has an unfenced broker to give, and that broker.
    fn leader(&mut self) -> (usize, BrokerId) {
        let mut at = self.offset;
        loop {
            if let Some(broker) = self.racks[self.order[at]].unfenced.next(self.epoch) {
                return (at, broker);
            }
            at = (at + 1) % self.order.len();
        }
    }

    fn shuffle(&mut self, dice: &mut impl Dice) {
        dice.shuffle(&mut self.order);
        for rack in &mut self.racks {
            dice.shuffle(&mut rack.fenced.brokers);
            dice.shuffle(&mut rack.unfenced.brokers);
        }
    }
}

fn check_positive(replication_factor: u32) -> Result<(), String> {
    if replication_factor == 0 {
        return Err("Invalid replication factor 0: the replication factor must be positive.".to_owned());
    }
    Ok(())
}

fn check_some_unfenced(unfenced: u32) -> Result<(), String> {
    if unfenced == 0 {
        return Err("All brokers are currently fenced.".to_owned());
    }
    Ok(())
}

fn check_enough(replication_factor: u32, brokers: u32) -> Result<(), String> {
    if replication_factor > brokers {
        return Err(format!(
            "The target replication factor of {replication_factor} cannot be reached because only {brokers} broker(s) \
             are registered."
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Kafka's `MockRandom` (state 17) behind Java's `Random.nextInt(bound)`: what `StripedReplicaPlacerTest` runs on.
    struct MockRandom(u64);

    impl MockRandom {
        fn next_31(&mut self) -> i32 {
            self.0 = self.0.wrapping_mul(2_862_933_555_777_941_757).wrapping_add(3_037_000_493);
            i32::try_from(self.0 >> 33).unwrap()
        }
    }

    impl Dice for MockRandom {
        fn below(&mut self, bound: u64) -> u64 {
            let bound = i32::try_from(bound).unwrap();
            let bits = self.next_31();
            if bound & (bound - 1) == 0 {
                return ((i64::from(bound) * i64::from(bits)) >> 31) as u64;
            }
            let mut drawn = bits;
            loop {
                let rest = drawn % bound;
                if drawn.wrapping_sub(rest).wrapping_add(bound - 1) >= 0 {
                    return rest as u64;
                }
                drawn = self.next_31();
            }
        }
    }

    /// Every starting point zero, no shuffle moves anything (each swap is with itself).
    struct Zero;

    impl Dice for Zero {
        fn below(&mut self, _: u64) -> u64 {
            0
        }

        fn shuffle<T>(&mut self, _: &mut [T]) {}
    }

    fn broker(id: u32, rack: &str, fenced: bool) -> UsableBroker {
        UsableBroker { id: BrokerId(id), rack: (!rack.is_empty()).then(|| rack.into()), fenced }
    }

    fn ids(replicas: &[BrokerId]) -> Vec<u32> {
        replicas.iter().map(|id| id.0).collect()
    }

    fn placed(racks: &mut RackList, dice: &mut impl Dice, replication_factor: u32) -> Vec<u32> {
        ids(&racks.place(replication_factor, dice).unwrap())
    }

    // The expected values below are those of Kafka's own StripedReplicaPlacerTest.

    #[test]
    fn a_fenced_broker_is_avoided_if_possible() {
        let mut dice = MockRandom(17);
        let brokers = [(3, false), (1, true), (0, false), (4, false), (2, false)];
        let mut racks = RackList::new(brokers.map(|(id, fenced)| broker(id, "", fenced)), &mut dice);
        assert_eq!((racks.total_brokers, racks.unfenced_brokers), (5, 4));
        for expected in [[3, 4, 0, 2], [4, 0, 2, 3], [0, 2, 3, 4], [2, 3, 4, 0], [0, 4, 3, 2]] {
            assert_eq!(placed(&mut racks, &mut dice, 4), expected);
        }
    }

    #[test]
    fn a_fenced_broker_is_used_as_follower_if_need_be() {
        let mut dice = MockRandom(17);
        let brokers = [(3, false), (1, true), (2, false)];
        let mut racks = RackList::new(brokers.map(|(id, fenced)| broker(id, "", fenced)), &mut dice);
        for expected in [[3, 2, 1], [2, 3, 1], [3, 2, 1], [2, 3, 1]] {
            assert_eq!(placed(&mut racks, &mut dice, 3), expected);
        }
    }

    #[test]
    fn replicas_spread_over_racks() {
        let mut dice = MockRandom(17);
        let brokers = [
            broker(11, "1", false),
            broker(10, "1", false),
            broker(30, "3", false),
            broker(31, "3", false),
            broker(21, "2", false),
            broker(20, "2", true),
        ];
        let mut racks = RackList::new(brokers, &mut dice);
        for expected in [[11, 21, 31, 10], [21, 30, 10, 20], [31, 11, 21, 30]] {
            assert_eq!(placed(&mut racks, &mut dice, 4), expected);
        }
    }

    #[test]
    fn racks_without_a_live_broker_never_lead() {
        let mut dice = MockRandom(17);
        let brokers = [
            broker(11, "1", false),
            broker(10, "1", false),
            broker(30, "3", true),
            broker(31, "3", true),
            broker(20, "2", true),
            broker(21, "2", true),
            broker(41, "4", false),
            broker(40, "4", true),
        ];
        let mut racks = RackList::new(brokers, &mut dice);
        for expected in [[41, 11, 21, 30], [10, 20, 31, 41], [41, 21, 30, 11]] {
            assert_eq!(placed(&mut racks, &mut dice, 4), expected);
        }
    }

    #[test]
    fn stripes_are_shuffled_after_one_round() {
        let brokers = [0, 3, 2, 1].map(|id| broker(id, "", false));
        let assignment = place_with(brokers, 5, 3, &mut MockRandom(17)).unwrap();
        let assignment: Vec<_> = assignment.iter().map(|replicas| ids(replicas)).collect();
        assert_eq!(assignment, [[2, 3, 0], [3, 0, 1], [0, 1, 2], [1, 2, 3], [1, 0, 2]]);
    }

    #[test]
    fn many_partitions_spread_evenly() {
        let brokers = [0, 1, 2, 3].map(|id| broker(id, "", false));
        let assignment = place_with(brokers, 200, 2, &mut MockRandom(17)).unwrap();
        let mut counts: BTreeMap<Vec<u32>, u32> = BTreeMap::new();
        for replicas in &assignment {
            *counts.entry(ids(replicas)).or_default() += 1;
        }
        let counts: Vec<u32> = counts.into_values().collect();
        assert_eq!(counts, [14, 22, 14, 17, 17, 16, 13, 17, 20, 20, 19, 11]);
    }

    #[test]
    fn one_live_broker_takes_all_partitions() {
        let brokers = [broker(0, "", false), broker(1, "", true)];
        let assignment = place_with(brokers, 3, 1, &mut MockRandom(17)).unwrap();
        assert_eq!(assignment, vec![vec![BrokerId(0)]; 3]);
    }

    #[test]
    fn what_cannot_be_placed_is_refused_in_kafkas_words() {
        let refused = |brokers: &[UsableBroker], factor| {
            place(brokers.iter().cloned(), 1, factor, &mut Rng::from_seed(1)).unwrap_err()
        };
        let fenced = [broker(11, "1", true), broker(10, "1", true)];
        let live = [broker(11, "1", false), broker(10, "1", false)];
        assert_eq!(refused(&fenced, 1), "All brokers are currently fenced.");
        assert_eq!(
            refused(&live, 3),
            "The target replication factor of 3 cannot be reached because only 2 broker(s) are registered."
        );
        assert_eq!(refused(&live, 0), "Invalid replication factor 0: the replication factor must be positive.");
        // With neither enough nor any live broker, the fencing is named first.
        assert_eq!(refused(&[], 1), "All brokers are currently fenced.");
    }

    #[test]
    fn three_brokers_from_offset_zero_make_the_stripes_of_the_fact_sheet() {
        let brokers = [1, 2, 3].map(|id| broker(id, "", false));
        let assignment = place_with(brokers, 3, 3, &mut Zero).unwrap();
        let assignment: Vec<_> = assignment.iter().map(|replicas| ids(replicas)).collect();
        assert_eq!(assignment, [[1, 2, 3], [2, 3, 1], [3, 1, 2]]);
    }

    #[test]
    fn our_own_dice_keep_the_constraints() {
        for seed in 0..50 {
            let brokers = [1, 2, 3, 4, 5].map(|id| broker(id, ["a", "b"][id as usize % 2], id == 4));
            for replicas in place(brokers, 12, 3, &mut Rng::from_seed(seed)).unwrap() {
                let mut distinct = replicas.clone();
                distinct.sort_unstable();
                distinct.dedup();
                assert_eq!(distinct.len(), 3);
                assert_ne!(replicas[0], BrokerId(4), "a fenced broker leads");
                let in_rack_a = replicas.iter().filter(|id| id.0 % 2 == 0).count();
                assert!((1..=2).contains(&in_rack_a), "three replicas over two racks");
            }
        }
    }
}
