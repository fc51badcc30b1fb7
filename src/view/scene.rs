//! The picture as data: what stands where, in the page's own words, at one step of one world.
//!
//! A scene is a pure function of state. Components draw it and know nothing else; tests compare it without a browser.
//! Nothing here has a position on screen: a scene says "this cell is at offset 6", the layout decides where that is.
//! What moves (messages in flight) is in [`super::in_flight`], because it changes between two steps.

use crate::engine::common::{NodeId, Offset, Time, TopicPartition};
use crate::engine::protocol::Class;

/// Everything drawn on one stage.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scene {
    pub at: Time,
    /// The topic in view, if there is one.
    pub topic: Option<TopicHeading>,
    pub controllers: Option<ControllerStrip>,
    pub brokers: Vec<BrokerCard>,
    pub producers: Vec<ProducerCard>,
    pub groups: Vec<GroupCard>,
    pub queue: Option<QueueCard>,
    pub queue_apps: Vec<QueueAppCard>,
    /// Keys met so far in this run, in order of first use.
    pub keys: Vec<KeyLegend>,
    pub tray: Tray,
    /// Links that are cut, held or slow.
    pub links: Vec<LinkMark>,
}

/// "orders  3 partitions, replication factor 3, min.insync.replicas 2"
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicHeading {
    pub name: String,
    pub partitions: u32,
    pub replication_factor: u32,
    pub min_insync_replicas: u32,
}

/// Key glyphs 1 to 8 of the design (circle, triangle, square, diamond, star, pentagon, plus, nut), or none.
/// The ninth key wears glyph 1 again with its number beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Glyph {
    Key {
        shape: u8,
        number: u32,
    },
    /// A record without a key: a short bar.
    NoKey,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyLegend {
    pub glyph: Glyph,
    pub key: String,
}

/// The KRaft quorum above the brokers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControllerStrip {
    pub epoch: u32,
    pub high_watermark: Offset,
    pub voters: Vec<Voter>,
    /// These are ZooKeeper servers, not KRaft voters.
    pub ensemble: Option<Ensemble>,
    /// The newest records of the metadata log that say something, oldest first: "417  P2 ISR 3,1". None of an ensemble.
    pub tail: Vec<MetadataChip>,
}

/// What a ZooKeeper ensemble has that a quorum of controllers has not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ensemble {
    /// The broker that `/controller` names.
    pub controller: Option<u32>,
    /// `/controller_epoch`
    pub controller_epoch: u32,
    /// Each broker of the cluster, and whether `/brokers/ids` has its znode.
    pub ids: Vec<(u32, bool)>,
    /// The state znode of each partition of the topic in view.
    pub states: Vec<StateZnode>,
}

/// What `/brokers/topics/orders/partitions/0/state` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateZnode {
    pub partition: TopicPartition,
    /// `orders/partitions/0/state`
    pub path: String,
    pub leader: Option<u32>,
    pub leader_epoch: u32,
    /// `1,3`
    pub isr: String,
    pub version: u32,
    /// When it was written last.
    pub written: Time,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voter {
    pub node: NodeId,
    pub id: u32,
    pub state: VoterState,
    /// What it takes to be the current epoch.
    pub epoch: u32,
    pub log_end: Offset,
    /// As far as it knows.
    pub high_watermark: Option<Offset>,
    /// Whom it voted for in its epoch.
    pub voted: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VoterState {
    Leader,
    Follower,
    /// Asks whether an election would have a chance (KIP-996).
    Prospective,
    Candidate,
    /// Before 4.0: has given its vote and waits for a leader.
    Voted,
    Unattached,
    Resigned,
    Offline,
}

impl VoterState {
    /// Kafka's own word (`EpochState.name`), untranslated; a process that is down has no state.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Leader => "Leader",
            Self::Follower => "Follower",
            Self::Prospective => "Prospective",
            Self::Candidate => "Candidate",
            Self::Voted => "Voted",
            Self::Unattached => "Unattached",
            Self::Resigned => "Resigned",
            Self::Offline => "—",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetadataChip {
    pub offset: Offset,
    pub text: String,
    pub fresh: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerCard {
    pub node: NodeId,
    pub id: u32,
    pub rack: Option<String>,
    pub state: BrokerState,
    pub state_since: Time,
    /// In ZooKeeper mode one broker is controller.
    pub is_controller: bool,
    /// Letters of the groups this broker coordinates.
    pub coordinates: Vec<GroupBadge>,
    /// Follower fetches that wait here for news; drawn as a count.
    pub waiting_fetches: u32,
    /// Partitions of the topic in view, in order. The subject is drawn large.
    pub replicas: Vec<ReplicaStrip>,
    /// Partitions of the topic in view of which this broker holds no replica are left out.
    pub purgatory: Vec<Waiting>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrokerState {
    Starting,
    Running,
    /// Told to stop: it hands over what it leads.
    Stopping,
    Fenced,
    Paused,
    Offline,
}

/// One replica of one partition: a log strip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicaStrip {
    pub partition: TopicPartition,
    /// `orders-0`
    pub name: String,
    pub role: ReplicaRole,
    pub note: Option<ReplicaNote>,
    pub leader_epoch: u32,
    pub log_start: Offset,
    pub high_watermark: Offset,
    pub log_end: Offset,
    /// First offset drawn; all replicas of a partition share it, so that one offset is one column.
    pub window_start: Offset,
    /// How many records lie before the window ("40 more").
    pub folded: u64,
    pub cells: Vec<Cell>,
    /// Offsets `first..end` of each segment; the last one is active.
    pub segments: Vec<(Offset, Offset)>,
    /// Markers of groups, on the leader's strip only.
    pub cursors: Vec<Cursor>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplicaRole {
    Leader,
    InSync,
    OutOfSync,
    Offline,
}

/// What else the controller says of a replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplicaNote {
    /// A reassignment brings it.
    Adding,
    /// A reassignment takes it away.
    Removing,
    /// Out of sync, and yet it may lead (KIP-966).
    Eligible,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    pub offset: Offset,
    pub state: CellState,
    pub glyph: Glyph,
    /// Key and value in short, for the tooltip and screen readers.
    pub key: Option<String>,
    pub value: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellState {
    /// Below the high watermark that this replica knows.
    Committed,
    /// At or above it.
    Uncommitted,
    /// On the wire towards this replica: a place held for it.
    Arriving,
    /// Below log start.
    Deleted,
    /// Cut away in the last step: a hole that stays for one step, so that the loss is seen.
    Truncated,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub badge: GroupBadge,
    pub offset: Offset,
    pub kind: CursorKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CursorKind {
    Committed,
    Position,
}

/// A group's letter: its initial, or a number where two groups share one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GroupBadge {
    pub group: String,
    pub letter: String,
}

/// A request parked in a purgatory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub owner: NodeId,
    pub owner_name: String,
    pub class: Class,
    pub what: WaitingFor,
    pub since: Time,
    pub deadline: Time,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WaitingFor {
    /// acks=all: records `first..=last` until HW passes them.
    HighWatermark { partition: TopicPartition, first: Offset, last: Offset, until: Offset },
    /// A fetch for data at this offset.
    Data { partition: TopicPartition, offset: Offset },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProducerCard {
    pub node: NodeId,
    pub name: String,
    pub up: bool,
    /// `None` for a producer of the queue: it gets a confirm for each message.
    pub acks: Option<String>,
    /// One well per partition of its topic, with the glyphs of the batch being filled.
    pub wells: Vec<Well>,
    pub in_flight: u32,
    /// "waits for 6–7" of the oldest request.
    pub waits_for: Option<(TopicPartition, Offset, Offset)>,
    pub metadata: MetadataView,
    pub sent: u64,
    pub acked: u64,
    pub failed: u64,
    /// Acknowledged records that are in no log any more.
    pub acked_and_lost: Vec<(TopicPartition, Offset)>,
    /// Records that wait in the application because the accumulator is full, or are still in the file.
    pub backlog: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Well {
    pub partition: u32,
    pub glyphs: Vec<Glyph>,
    pub records: u32,
    pub bytes: u64,
    /// Share of `batch.size` in thousandths.
    pub fill_permille: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetadataView {
    /// Knows nothing yet.
    Missing,
    /// What it believes is what is.
    Fresh,
    /// It believes in a leader that leads no more.
    Stale { partition: u32, leader: u32, epoch: u32 },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupCard {
    pub badge: GroupBadge,
    /// Kafka's word, untranslated: Stable, PreparingRebalance…
    pub state: String,
    pub generation: Option<u32>,
    pub coordinator: Option<u32>,
    pub members: Vec<MemberRow>,
    /// Partitions nobody in the group reads now.
    pub unowned: Vec<Progress>,
    pub lag: u64,
    pub processed: u64,
    pub read_twice: u64,
    /// Which of the workload's records the group got; filled where the topic is compared with a queue, else empty.
    pub seen: Vec<Seen>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRow {
    pub node: NodeId,
    pub name: String,
    pub state: MemberState,
    pub partitions: Vec<Progress>,
    pub working_on: Option<Work>,
    pub processed: u64,
    /// The newest records it finished, oldest first.
    pub recent: Vec<Glyph>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberState {
    Down,
    Paused,
    /// Looking for the cluster or the coordinator.
    Connecting,
    /// Waits for the group to form.
    Joining,
    Active,
    /// The coordinator no longer counts it.
    Evicted,
}

/// A record in the application's hands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    pub partition: Option<TopicPartition>,
    pub offset: Offset,
    pub glyph: Glyph,
    pub since: Time,
    pub until: Time,
}

/// How far a group is in one partition. The lag that tools print is high watermark − committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    pub partition: TopicPartition,
    pub label: String,
    pub log_start: Offset,
    pub committed: Option<Offset>,
    pub position: Option<Offset>,
    pub high_watermark: Offset,
    pub lag: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueCard {
    pub node: NodeId,
    pub name: String,
    pub up: bool,
    pub ready: Vec<QueueItem>,
    pub ready_count: u64,
    pub delivered: Vec<QueueItem>,
    pub delivered_count: u64,
    /// The newest removed, oldest first.
    pub removed: Vec<QueueItem>,
    pub removed_count: u64,
    pub dead_letters: Vec<QueueItem>,
    pub dead_count: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueItem {
    pub message: u64,
    pub glyph: Glyph,
    pub key: Option<String>,
    pub value: String,
    pub deliveries: u32,
    pub to: Option<String>,
    /// When the visibility timeout puts it back.
    pub deadline: Option<Time>,
}

/// The workers of one application on the queue's side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueAppCard {
    pub badge: GroupBadge,
    pub workers: Vec<QueueWorkerRow>,
    pub received: u64,
    /// By message number, in order: did this application get it?
    pub seen: Vec<Seen>,
}

/// One record of the workload, as one application sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// As the workload numbers it, from 0.
    pub number: u64,
    pub glyph: Glyph,
    pub state: SeenState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeenState {
    Got,
    /// On the wire towards it.
    Coming,
    NotYet,
    /// Another application took it from the queue: this one can never get it.
    Never,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueWorkerRow {
    pub node: NodeId,
    pub name: String,
    pub state: MemberState,
    pub working_on: Option<Work>,
    pub processed: u64,
}

/// What is lost or doubled piles up where it can be counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tray {
    pub lost: Vec<TrayItem>,
    /// Of these, acknowledged to their producer.
    pub lost_acked: u64,
    pub read_twice: Vec<TrayItem>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrayItem {
    pub partition: TopicPartition,
    pub offset: Offset,
    pub glyph: Glyph,
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkMark {
    pub a: NodeId,
    pub b: NodeId,
    pub cut: bool,
    /// Cut in one direction only, from `a` to `b`.
    pub oneway: bool,
    pub held: bool,
    pub since: Option<Time>,
}
