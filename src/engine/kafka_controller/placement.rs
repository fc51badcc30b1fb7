//! Where the replicas of a new topic go in ZooKeeper mode (`AdminUtils.assignReplicasToBrokers`).
//!
//! Brokers stand in a ring, racks alternating. Leaders go round it from a random start; the further replicas of a
//! partition follow at a shift that grows with every round, so that no two brokers share all their partitions.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use crate::engine::common::{BrokerId, Purpose, Rng};

/// Replicas for each of `partitions` new partitions, preferred leader first.
///
/// # Errors
/// Kafka's sentence of the exception.
pub fn place(
    brokers: &BTreeMap<BrokerId, Option<Arc<str>>>,
    partitions: u32,
    replication_factor: u32,
    rng: &mut Rng,
) -> Result<Vec<Vec<BrokerId>>, String> {
    check(brokers.len(), partitions, replication_factor)?;
    let count = brokers.len() as u64;
    let draw = |rng: &mut Rng| usize::try_from(rng.below(Purpose::Placement, count)).expect("a few brokers");
    let (start, shift) = (draw(rng), draw(rng));
    assign(brokers, 0..partitions, replication_factor, start, shift)
}

/// Replicas for `added` more partitions of a topic that has `before` already: the round goes on from where the first
/// partition's leader stands (`AdminZkClient.createNewPartitionsAssignment`).
///
/// # Errors
/// Kafka's sentence of the exception.
pub fn place_more(
    brokers: &BTreeMap<BrokerId, Option<Arc<str>>>,
    before: u32,
    added: u32,
    first: &[BrokerId],
) -> Result<Vec<Vec<BrokerId>>, String> {
    let factor = u32::try_from(first.len()).expect("a partition has a few replicas");
    check(brokers.len(), added, factor)?;
    let start = first.first().and_then(|first| brokers.keys().position(|id| id >= first)).unwrap_or(0);
    assign(brokers, before..before + added, factor, start, start)
}

fn check(brokers: usize, partitions: u32, replication_factor: u32) -> Result<(), String> {
    if partitions == 0 {
        return Err("Number of partitions must be larger than 0.".to_owned());
    }
    if replication_factor == 0 {
        return Err("Replication factor must be larger than 0.".to_owned());
    }
    if replication_factor as usize > brokers {
        return Err(format!("Replication factor: {replication_factor} larger than available brokers: {brokers}."));
    }
    Ok(())
}

fn assign(
    brokers: &BTreeMap<BrokerId, Option<Arc<str>>>,
    partitions: Range<u32>,
    replication_factor: u32,
    start: usize,
    shift: usize,
) -> Result<Vec<Vec<BrokerId>>, String> {
    let (partitions, factor) = (partitions.start as usize..partitions.end as usize, replication_factor as usize);
    match brokers.values().filter(|rack| rack.is_some()).count() {
        0 => {
            let ring: Vec<BrokerId> = brokers.keys().copied().collect();
            let first = partitions.start;
            Ok(partitions.map(|p| unaware(&ring, p, factor, start, shift + rounds(first, p, ring.len()))).collect())
        }
        all if all == brokers.len() => Ok(aware(brokers, partitions, factor, start, shift)),
        _ => Err("Not all brokers have rack information for replica rack aware assignment.".to_owned()),
    }
}

fn replica_index(first: usize, shift: usize, replica: usize, brokers: usize) -> usize {
    (first + 1 + (shift + replica) % (brokers - 1)) % brokers
}

/// How often the shift has grown when it is this partition's turn: with every full round since `from`.
fn rounds(from: usize, partition: usize, brokers: usize) -> usize {
    (from.max(1)..=partition).filter(|partition| partition % brokers == 0).count()
}

fn unaware(ring: &[BrokerId], partition: usize, factor: usize, start: usize, shift: usize) -> Vec<BrokerId> {
    let count = ring.len();
    let first = (partition + start) % count;
    let further = (0..factor - 1).map(|replica| ring[replica_index(first, shift, replica, count)]);
    std::iter::once(ring[first]).chain(further).collect()
}

/// Brokers with the racks taking turns (`getRackAlternatedBrokerList`).
fn alternated(brokers: &BTreeMap<BrokerId, Option<Arc<str>>>) -> Vec<BrokerId> {
    let mut by_rack: BTreeMap<&Option<Arc<str>>, Vec<BrokerId>> = BTreeMap::new();
    for (broker, rack) in brokers {
        by_rack.entry(rack).or_default().push(*broker);
    }
    let longest = by_rack.values().map(Vec::len).max().unwrap_or(0);
    (0..longest).flat_map(|turn| by_rack.values().filter_map(move |of_rack| of_rack.get(turn).copied())).collect()
}

fn aware(
    brokers: &BTreeMap<BrokerId, Option<Arc<str>>>,
    partitions: Range<usize>,
    factor: usize,
    start: usize,
    shift: usize,
) -> Vec<Vec<BrokerId>> {
    let ring = alternated(brokers);
    let racks = brokers.values().collect::<BTreeSet<_>>().len();
    let (count, from) = (ring.len(), partitions.start);
    let one = |partition: usize| {
        let shift = shift + rounds(from, partition, count);
        let first = (partition + start) % count;
        let mut replicas = vec![ring[first]];
        let mut used: BTreeSet<&Option<Arc<str>>> = [&brokers[&ring[first]]].into();
        let mut step = 0;
        while replicas.len() < factor {
            let broker = ring[replica_index(first, shift * racks, step, count)];
            step += 1;
            let rack = &brokers[&broker];
            let is_crowded = used.contains(rack) && used.len() < racks;
            let is_taken = replicas.contains(&broker) && replicas.len() < count;
            if !is_crowded && !is_taken {
                used.insert(rack);
                replicas.push(broker);
            }
        }
        replicas
    };
    partitions.map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brokers(racks: &[(u32, &str)]) -> BTreeMap<BrokerId, Option<Arc<str>>> {
        racks.iter().map(|(id, rack)| (BrokerId(*id), (!rack.is_empty()).then(|| Arc::from(*rack)))).collect()
    }

    fn placed(racks: &[(u32, &str)], partitions: u32, factor: u32, start: usize, shift: usize) -> Vec<Vec<u32>> {
        let assignment = assign(&brokers(racks), 0..partitions, factor, start, shift).unwrap();
        assignment.iter().map(|replicas| replicas.iter().map(|id| id.0).collect()).collect()
    }

    // The worked examples of the fact sheet, §4.1, which are those of Kafka's own documentation and tests.

    #[test]
    fn without_racks() {
        let three = [(1, ""), (2, ""), (3, "")];
        let expected = [[1, 2, 3], [2, 3, 1], [3, 1, 2], [1, 3, 2], [2, 1, 3], [3, 2, 1]];
        assert_eq!(placed(&three, 6, 3, 0, 0), expected);
        assert_eq!(placed(&three, 3, 3, 1, 1), [[2, 1, 3], [3, 2, 1], [1, 3, 2]]);
        let five = [(0, ""), (1, ""), (2, ""), (3, ""), (4, "")];
        let expected = [
            [0, 1, 2],
            [1, 2, 3],
            [2, 3, 4],
            [3, 4, 0],
            [4, 0, 1],
            [0, 2, 3],
            [1, 3, 4],
            [2, 4, 0],
            [3, 0, 1],
            [4, 1, 2],
        ];
        assert_eq!(placed(&five, 10, 3, 0, 0), expected);
        let expected = [[0, 1], [1, 2], [2, 0], [0, 2], [1, 0], [2, 1]];
        assert_eq!(placed(&[(0, ""), (1, ""), (2, "")], 6, 2, 0, 0), expected);
    }

    #[test]
    fn with_racks() {
        let six = [(0, "rack1"), (1, "rack3"), (2, "rack3"), (3, "rack2"), (4, "rack2"), (5, "rack1")];
        assert_eq!(alternated(&brokers(&six)), [0, 3, 1, 5, 4, 2].map(BrokerId));
        let expected = [[0, 3, 1], [3, 1, 5], [1, 5, 4], [5, 4, 2], [4, 2, 0], [2, 0, 3], [0, 4, 2]];
        assert_eq!(placed(&six, 7, 3, 0, 0), expected);
    }

    /// As Kafka's AdminUtils computes it: start and shift are where partition 0's leader stands (here index 1), the
    /// partition numbers go on, and the shift grows at partition 3.
    #[test]
    fn more_partitions_go_on_where_the_first_began() {
        let three = brokers(&[(1, ""), (2, ""), (3, "")]);
        let more = place_more(&three, 2, 3, &[BrokerId(2), BrokerId(3)]).unwrap();
        assert_eq!(more, [[1, 3], [2, 3], [3, 1]].map(|replicas| replicas.map(BrokerId).to_vec()));
    }

    #[test]
    fn refusals_are_kafkas() {
        let mut rng = Rng::from_seed(1);
        let one = brokers(&[(1, "")]);
        assert_eq!(place(&one, 1, 3, &mut rng).unwrap_err(), "Replication factor: 3 larger than available brokers: 1.");
        assert_eq!(place(&one, 0, 1, &mut rng).unwrap_err(), "Number of partitions must be larger than 0.");
        assert_eq!(place(&one, 1, 0, &mut rng).unwrap_err(), "Replication factor must be larger than 0.");
        let mixed = brokers(&[(1, "a"), (2, "")]);
        assert!(place(&mixed, 1, 1, &mut rng).unwrap_err().starts_with("Not all brokers have rack information"));
        assert_eq!(place(&one, 2, 1, &mut rng).unwrap(), vec![vec![BrokerId(1)]; 2]);
    }
}
