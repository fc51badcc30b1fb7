//! Which offset stands in which column.
//!
//! All replicas of a partition share one answer, so that one offset is one column on every broker. When there are
//! more offsets than columns the last ones stay and the rest is folded into one cell that says how many: columns are
//! never rescaled.

use crate::engine::common::{Offset, TopicPartition};
use crate::view::scene::{CellState, ReplicaStrip, Scene};

/// The window moves on by this many offsets at once, so that the picture does not slide at every append.
const STRIDE: u64 = 3;

/// At least so many columns stay free behind the longest log.
const FREE: u64 = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Columns {
    /// The first offset that has a column of its own.
    pub from: Offset,
    pub count: u64,
    /// The first column stands for everything before `from`.
    pub folded: bool,
}

impl Columns {
    /// The columns of a partition, given room for `count` of them.
    #[must_use]
    pub fn of(scene: &Scene, partition: TopicPartition, count: u64) -> Self {
        let replicas = || scene.brokers.iter().flat_map(|broker| &broker.replicas).filter(|r| r.partition == partition);
        let start = replicas().map(|replica| replica.window_start).min().unwrap_or_default();
        let end = replicas().map(end_of).max().unwrap_or_default();
        let hides = |from: Offset| replicas().any(|replica| hidden(replica, from) > 0);

        if !hides(start) && end.since(start) + FREE.min(count / 4) <= count {
            return Self { from: start, count, folded: false };
        }
        let room = count - 1;
        let earliest = (end.0 + FREE).saturating_sub(room);
        let from = Offset(earliest.next_multiple_of(STRIDE).min(end.0)).max(start);
        Self { from, count, folded: hides(from) }
    }

    /// Where an offset's left edge stands, in columns from the left. Offsets outside stand at the nearer end.
    #[must_use]
    pub fn at(self, offset: Offset) -> u64 {
        let fold = u64::from(self.folded);
        if offset < self.from { 0 } else { (offset.since(self.from) + fold).min(self.count) }
    }

    /// Whether an offset has a column of its own.
    #[must_use]
    pub fn shows(self, offset: Offset) -> bool {
        offset >= self.from && offset.since(self.from) + u64::from(self.folded) < self.count
    }

    /// How many records of a replica are folded away.
    #[must_use]
    pub fn hidden(self, replica: &ReplicaStrip) -> u64 {
        hidden(replica, self.from)
    }
}

/// Behind the last thing that is drawn of a replica: its log end, or a record on its way there.
fn end_of(replica: &ReplicaStrip) -> Offset {
    let last =
        replica.cells.iter().filter(|cell| cell.state != CellState::Deleted).map(|cell| cell.offset.next()).max();
    replica.log_end.max(last.unwrap_or_default())
}

fn hidden(replica: &ReplicaStrip, from: Offset) -> u64 {
    from.min(replica.log_end).since(replica.log_start)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::common::Time;
    use crate::engine::common::{NodeId, TopicId};
    use crate::view::scene::{BrokerCard, BrokerState, ReplicaRole};

    fn partition() -> TopicPartition {
        TopicPartition::new(TopicId(0), 0)
    }

    fn scene(logs: &[(u64, u64, u64)]) -> Scene {
        let broker = |(index, &(window_start, log_start, log_end)): (usize, &(u64, u64, u64))| BrokerCard {
            node: NodeId::broker(u32::try_from(index).expect("few brokers")),
            id: 0,
            rack: None,
            state: BrokerState::Running,
            state_since: Time::ZERO,
            is_controller: false,
            coordinates: Vec::new(),
            waiting_fetches: 0,
            purgatory: Vec::new(),
            replicas: vec![ReplicaStrip {
                partition: partition(),
                name: "orders-0".to_owned(),
                role: ReplicaRole::Leader,
                note: None,
                leader_epoch: 0,
                log_start: Offset(log_start),
                high_watermark: Offset(log_end),
                log_end: Offset(log_end),
                window_start: Offset(window_start),
                folded: 0,
                cells: Vec::new(),
                segments: Vec::new(),
                cursors: Vec::new(),
            }],
        };
        Scene { brokers: logs.iter().enumerate().map(broker).collect(), ..Scene::default() }
    }

    #[test]
    fn a_short_log_starts_at_its_window_and_folds_nothing() {
        let columns = Columns::of(&scene(&[(0, 2, 8), (0, 2, 4)]), partition(), 12);
        assert_eq!(columns, Columns { from: Offset(0), count: 12, folded: false });
        assert_eq!(columns.at(Offset(6)), 6);
    }

    #[test]
    fn a_long_log_keeps_its_end_and_says_how_much_is_folded() {
        let scene = scene(&[(0, 0, 50), (0, 0, 47)]);
        let columns = Columns::of(&scene, partition(), 12);
        assert!(columns.folded);
        assert!(columns.shows(Offset(49)), "the last record is seen");
        assert!(columns.at(Offset(50)) < 12, "and a free column behind it");
        assert_eq!(columns.hidden(&scene.brokers[0].replicas[0]), columns.from.0);
        assert_eq!(columns.at(columns.from), 1, "behind the folded cell");
    }

    #[test]
    fn every_record_is_either_shown_or_counted_as_folded() {
        for end in 0..200 {
            let scene = scene(&[(0, 0, end)]);
            let columns = Columns::of(&scene, partition(), 12);
            let shown = (0..end).filter(|&offset| columns.shows(Offset(offset))).count() as u64;
            assert_eq!(shown + columns.hidden(&scene.brokers[0].replicas[0]), end, "log end {end}");
        }
    }

    #[test]
    fn a_replica_far_behind_keeps_its_marks_at_the_left_end() {
        let columns = Columns::of(&scene(&[(0, 0, 50), (0, 0, 3)]), partition(), 12);
        assert_eq!(columns.at(Offset(3)), 0);
    }
}
