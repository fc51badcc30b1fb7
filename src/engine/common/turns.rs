//! Partitions that are served in turns, of which most sleep most of the time.
//!
//! Both ends of a fetch session hold many partitions, and few of them change between two requests. Those that may have
//! changed are awake, and only they are looked at; finding one by its name takes a binary search, and sending it behind
//! the others is a new number, not a move.

use super::TopicPartition;

#[derive(Clone, Debug)]
pub struct Turns<T> {
    /// Sorted by partition.
    entries: Vec<Entry<T>>,
    /// Those of the entries that are awake, in no order.
    awake: Vec<TopicPartition>,
    next_turn: u64,
}

#[derive(Clone, Debug)]
struct Entry<T> {
    partition: TopicPartition,
    /// Lower ones are served first.
    turn: u64,
    is_awake: bool,
    value: T,
}

impl<T> Default for Turns<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), awake: Vec::new(), next_turn: 0 }
    }
}

/// In the order of the turns, all of them awake. Of two entries for one partition the later counts.
impl<T> FromIterator<(TopicPartition, T)> for Turns<T> {
    fn from_iter<I: IntoIterator<Item = (TopicPartition, T)>>(items: I) -> Self {
        let mut turns = Self::default();
        for (partition, value) in items {
            turns.insert(partition, value);
        }
        turns
    }
}

impl<T> Turns<T> {
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    #[must_use]
    pub fn get(&self, partition: TopicPartition) -> Option<&T> {
        self.place(partition).ok().map(|place| &self.entries[place].value)
    }

    pub fn get_mut(&mut self, partition: TopicPartition) -> Option<&mut T> {
        self.place(partition).ok().map(|place| &mut self.entries[place].value)
    }

    /// In the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (TopicPartition, &T)> {
        self.entries.iter().map(|entry| (entry.partition, &entry.value))
    }

    /// Adds it behind the others, or gives it another value and leaves it where it is; awake either way.
    pub fn insert(&mut self, partition: TopicPartition, value: T) {
        match self.place(partition) {
            Ok(place) => self.entries[place].value = value,
            Err(place) => {
                let entry = Entry { partition, turn: self.next_turn, is_awake: false, value };
                self.next_turn += 1;
                self.entries.insert(place, entry);
            }
        }
        self.wake(partition);
    }

    pub fn remove(&mut self, partition: TopicPartition) -> Option<T> {
        self.sleep(partition);
        self.place(partition).ok().map(|place| self.entries.remove(place).value)
    }

    /// It was served: the others come first now.
    pub fn send_to_end(&mut self, partition: TopicPartition) {
        if let Ok(place) = self.place(partition) {
            self.entries[place].turn = self.next_turn;
            self.next_turn += 1;
        }
    }

    /// Something about it may have changed.
    pub fn wake(&mut self, partition: TopicPartition) {
        if let Ok(place) = self.place(partition)
            && !std::mem::replace(&mut self.entries[place].is_awake, true)
        {
            self.awake.push(partition);
        }
    }

    pub fn wake_all(&mut self) {
        self.awake.clear();
        self.awake.extend(self.entries.iter_mut().map(|entry| {
            entry.is_awake = true;
            entry.partition
        }));
    }

    /// There is nothing to see until something changes.
    pub fn sleep(&mut self, partition: TopicPartition) {
        if let Ok(place) = self.place(partition)
            && std::mem::replace(&mut self.entries[place].is_awake, false)
        {
            self.awake.retain(|one| *one != partition);
        }
    }

    #[must_use]
    pub fn is_awake(&self, partition: TopicPartition) -> bool {
        self.place(partition).is_ok_and(|place| self.entries[place].is_awake)
    }

    /// Those that are awake, in no order that means anything.
    pub fn awake(&self) -> impl Iterator<Item = &T> {
        self.awake.iter().filter_map(|partition| self.get(*partition))
    }

    /// Those that sleep, in the order of their names.
    pub fn asleep(&self) -> impl Iterator<Item = (TopicPartition, &T)> {
        self.entries.iter().filter(|entry| !entry.is_awake).map(|entry| (entry.partition, &entry.value))
    }

    /// Those that are awake, who comes first in front.
    #[must_use]
    pub fn awake_in_turn(&self) -> Vec<TopicPartition> {
        self.in_turn(self.awake.iter().copied())
    }

    /// All of them, who comes first in front.
    #[must_use]
    pub fn all_in_turn(&self) -> Vec<TopicPartition> {
        self.in_turn(self.entries.iter().map(|entry| entry.partition))
    }

    fn in_turn(&self, partitions: impl Iterator<Item = TopicPartition>) -> Vec<TopicPartition> {
        let mut partitions: Vec<TopicPartition> = partitions.collect();
        if partitions.len() > 1 {
            partitions.sort_by_cached_key(|one| self.place(*one).map(|place| self.entries[place].turn));
        }
        partitions
    }

    fn place(&self, partition: TopicPartition) -> Result<usize, usize> {
        self.entries.binary_search_by_key(&partition, |entry| entry.partition)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::common::TopicId;

    fn at(partition: u32) -> TopicPartition {
        TopicPartition::new(TopicId(0), partition)
    }

    fn numbers(partitions: &[TopicPartition]) -> Vec<u32> {
        partitions.iter().map(|one| one.partition.0).collect()
    }

    #[test]
    fn who_was_served_goes_behind_the_others() {
        let mut turns: Turns<char> = [(at(3), 'c'), (at(1), 'a'), (at(2), 'b')].into_iter().collect();
        assert_eq!(numbers(&turns.all_in_turn()), [3, 1, 2]);
        assert_eq!(turns.iter().map(|(_, value)| *value).collect::<String>(), "abc");
        turns.send_to_end(at(3));
        turns.insert(at(1), 'A');
        assert_eq!(numbers(&turns.all_in_turn()), [1, 2, 3], "another value changes no place");
        assert_eq!((turns.remove(at(2)), turns.get(at(1)), turns.get(at(2))), (Some('b'), Some(&'A'), None));
        turns.insert(at(2), 'b');
        assert_eq!(numbers(&turns.all_in_turn()), [1, 3, 2], "who comes back is the last");
    }

    #[test]
    fn only_those_awake_are_looked_at() {
        let mut turns: Turns<()> = [(at(5), ()), (at(4), ()), (at(3), ())].into_iter().collect();
        assert_eq!(numbers(&turns.awake_in_turn()), [5, 4, 3], "newcomers are awake");
        for partition in [5, 4, 3] {
            turns.sleep(at(partition));
        }
        assert!(turns.awake_in_turn().is_empty() && !turns.is_awake(at(4)));
        turns.wake(at(3));
        turns.wake(at(3));
        turns.wake(at(9));
        turns.wake(at(5));
        assert_eq!(numbers(&turns.awake_in_turn()), [5, 3], "each once, in turn, and no strangers");
        assert_eq!(turns.asleep().map(|(partition, ())| partition.partition.0).collect::<Vec<_>>(), [4]);
        assert_eq!(turns.awake().count(), 2);
        turns.remove(at(5));
        assert_eq!(numbers(&turns.awake_in_turn()), [3]);
        turns.wake_all();
        assert_eq!(numbers(&turns.awake_in_turn()), [4, 3]);
    }
}
