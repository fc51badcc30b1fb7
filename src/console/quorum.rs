//! `kafka-metadata-quorum describe`: the quorum as its leader knows it, in the words of `MetadataQuorumCommand` 4.

use crate::engine::World;
use crate::engine::common::{NodeId, Offset, Time, uuid};
use crate::engine::raft::{LeaderState, RaftClient, ReplicaState};

/// A voter of a static quorum (`controller.quorum.voters`) has no directory id: Kafka prints the zero uuid.
const NO_DIRECTORY: &str = "AAAAAAAAAAAAAAAAAAAAAA";

/// One line of the answer to DescribeQuorum.
struct Row {
    node: NodeId,
    directory: String,
    log_end: Option<Offset>,
    last_fetch: Option<Time>,
    last_caught_up: Option<Time>,
}

/// The leader's answer, or what the tool says when there is none.
fn described(world: &World) -> Result<(&RaftClient, &LeaderState), String> {
    let up = world.controllers().filter(|(id, _)| world.is_up(*id));
    let leading = up.filter_map(|(_, controller)| Some((controller.raft(), controller.raft().quorum().leading()?)));
    leading.max_by_key(|(raft, _)| raft.quorum().epoch).ok_or_else(|| {
        "org.apache.kafka.common.errors.TimeoutException: Timed out waiting for a node assignment. Call: \
         describeMetadataQuorum"
            .to_owned()
    })
}

fn rows(raft: &RaftClient, leader: &LeaderState, now: Time) -> (Row, Vec<Row>, Vec<Row>) {
    let row = |node: NodeId, state: &ReplicaState, directory: String| Row {
        node,
        directory,
        log_end: state.end_offset,
        last_fetch: state.last_fetch,
        last_caught_up: state.last_caught_up,
    };
    let me = raft.voter_id();
    let mut voters: Vec<Row> =
        leader.voters().map(|(id, state)| row(NodeId::Controller(id), state, NO_DIRECTORY.to_owned())).collect();
    let at = voters.iter().position(|row| Some(row.node) == me.map(NodeId::Controller)).unwrap_or_default();
    let mut own = voters.remove(at);
    (own.last_fetch, own.last_caught_up) = (Some(now), Some(now));
    own.log_end = Some(raft.log().end_offset());
    let observers = leader.observers(now).map(|(node, state)| row(node, state, directory_of(node))).collect();
    (own, voters, observers)
}

/// A broker's metadata directory has an id of its own.
fn directory_of(node: NodeId) -> String {
    match node {
        NodeId::Broker(id) | NodeId::Controller(id) => uuid(0x0d1e_0000 + u64::from(id.0)),
        _ => NO_DIRECTORY.to_owned(),
    }
}

fn number(node: NodeId) -> u32 {
    match node {
        NodeId::Broker(id) | NodeId::Controller(id) => id.0,
        _ => unreachable!("only controllers and brokers have replicas of the metadata log"),
    }
}

fn offset(offset: Option<Offset>) -> i64 {
    offset.map_or(-1, |offset| i64::try_from(offset.0).unwrap_or(i64::MAX))
}

fn millis(time: Option<Time>) -> i64 {
    time.map_or(-1, |time| i64::try_from(time.as_millis()).unwrap_or(i64::MAX))
}

/// `describe --status`
pub(super) fn status(world: &World) -> String {
    let (raft, leader) = match described(world) {
        Ok(found) => found,
        Err(problem) => return problem,
    };
    let (own, voters, observers) = rows(raft, leader, world.now());
    let behind = voters.iter().min_by_key(|row| row.log_end);
    let (lag, lag_millis) = match behind.filter(|row| offset(row.log_end) < offset(own.log_end)) {
        None => (0, 0),
        Some(row) => (
            offset(own.log_end) - offset(row.log_end),
            if row.last_caught_up.is_some() { millis(own.last_caught_up) - millis(row.last_caught_up) } else { -1 },
        ),
    };
    let mut all: Vec<&Row> = voters.iter().chain([&own]).collect();
    all.sort_by_key(|row| row.node);
    let voter = |row: &&Row| {
        let id = number(row.node);
        format!("{{\"id\": {id}, \"endpoints\": [\"CONTROLLER://controller-{id}:9093\"]}}")
    };
    let observer = |row: &Row| format!("{{\"id\": {}, \"directoryId\": \"{}\"}}", number(row.node), row.directory);
    let list = |items: Vec<String>| format!("[{}]", items.join(", "));
    [
        ("ClusterId:", uuid(world.setup().seed.wrapping_add(0x0c1u64 << 40))),
        ("LeaderId:", number(own.node).to_string()),
        ("LeaderEpoch:", raft.quorum().epoch.to_string()),
        ("HighWatermark:", offset(leader.high_watermark()).to_string()),
        ("MaxFollowerLag:", lag.to_string()),
        ("MaxFollowerLagTimeMs:", lag_millis.to_string()),
        ("CurrentVoters:", list(all.iter().map(voter).collect())),
        ("CurrentObservers:", list(observers.iter().map(observer).collect())),
    ]
    .map(|(name, value)| format!("{name:<24}{value}"))
    .join("\n")
}

/// `describe --replication [--human-readable]`: cells padded to their column, each followed by a tab.
pub(super) fn replication(world: &World, human: bool) -> String {
    let (raft, leader) = match described(world) {
        Ok(found) => found,
        Err(problem) => return problem,
    };
    let now = world.now();
    let (own, voters, observers) = rows(raft, leader, now);
    let time = |at: Option<Time>| match at {
        Some(at) if human => format!("{} ms ago", now.since(at).as_millis()),
        at => millis(at).to_string(),
    };
    let headings =
        ["NodeId", "DirectoryId", "LogEndOffset", "Lag", "LastFetchTimestamp", "LastCaughtUpTimestamp", "Status"];
    let line = |row: &Row, status: &str| {
        [
            number(row.node).to_string(),
            row.directory.clone(),
            offset(row.log_end).to_string(),
            (offset(own.log_end) - offset(row.log_end)).to_string(),
            time(row.last_fetch),
            time(row.last_caught_up),
            status.to_owned(),
        ]
    };
    let mut lines = vec![headings.map(str::to_owned), line(&own, "Leader")];
    lines.extend(voters.iter().map(|row| line(row, "Follower")));
    lines.extend(observers.iter().map(|row| line(row, "Observer")));
    let mut widths = [0; 7];
    for cells in &lines {
        for (width, cell) in widths.iter_mut().zip(cells) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let print = |cells: &[String; 7]| -> String {
        cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}\t")).collect()
    };
    lines.iter().map(print).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::common::BrokerId;
    use crate::engine::{Setup, Span};

    fn world() -> World {
        let controllers = [101, 102, 103].map(BrokerId).to_vec();
        let mut world = World::new(Setup { controllers, ..Setup::default() }).unwrap();
        world.run_until(Time::ZERO + Span::secs(8));
        world
    }

    #[test]
    fn status_has_kafkas_lines() {
        let world = world();
        let text = status(&world);
        let lines: Vec<&str> = text.lines().collect();
        let names: Vec<&str> = lines.iter().map(|line| line.split(' ').next().unwrap()).collect();
        // MetadataQuorumCommand.handleDescribeStatus
        assert_eq!(
            names,
            [
                "ClusterId:",
                "LeaderId:",
                "LeaderEpoch:",
                "HighWatermark:",
                "MaxFollowerLag:",
                "MaxFollowerLagTimeMs:",
                "CurrentVoters:",
                "CurrentObservers:"
            ]
        );
        let leader = world.active_controller().unwrap().1;
        assert_eq!(lines[1], format!("LeaderId:               {}", leader.id()));
        assert!(lines[6].ends_with(
            "[{\"id\": 101, \"endpoints\": [\"CONTROLLER://controller-101:9093\"]}, {\"id\": 102, \"endpoints\": \
             [\"CONTROLLER://controller-102:9093\"]}, {\"id\": 103, \"endpoints\": \
             [\"CONTROLLER://controller-103:9093\"]}]"
        ));
        assert_eq!(lines[7].matches("directoryId").count(), 3, "brokers listen");
    }

    #[test]
    fn replication_lists_leader_followers_and_observers() {
        let mut world = world();
        let text = replication(&world, false);
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').map(str::trim_end).collect()).collect();
        assert_eq!(lines[0][..4], ["NodeId", "DirectoryId", "LogEndOffset", "Lag"]);
        let statuses: Vec<&str> = lines[1..].iter().map(|cells| cells[6]).collect();
        assert_eq!(statuses, ["Leader", "Follower", "Follower", "Observer", "Observer", "Observer"]);
        assert!(lines[1..].iter().all(|cells| cells[3] == "0"), "{text}");
        assert_eq!(lines[1][4], "8000", "the leader's own times are now");
        assert!(replication(&world, true).contains("0 ms ago"));
        let (leader, others) = (world.active_controller().unwrap().0, world.controllers().map(|(id, _)| id));
        let victims: Vec<NodeId> = others.filter(|id| *id != leader).collect();
        for victim in victims {
            let node = world.target_of(victim);
            world.apply(&crate::engine::Command::Crash { node, how: crate::engine::runtime::Crash::Process }).unwrap();
        }
        world.run_until(Time::ZERO + Span::secs(14));
        assert!(replication(&world, false).contains("TimeoutException"), "nobody leads");
    }
}
