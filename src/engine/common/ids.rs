//! Newtypes for every id, offset and epoch.
//!
//! Kafka's wire protocol marks absence with −1; here absence is `Option`, so an id is always a real one.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Declares an ordered, copyable newtype over an unsigned integer with a `Display` of its bare number.
macro_rules! number {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl $name {
            /// The number after this one.
            #[must_use]
            pub fn next(self) -> Self {
                Self(self.0 + 1)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    };
}

number!(/// `node.id` of a broker or controller, as in `server.properties`.
    BrokerId(u32));
number!(/// `myid` of a ZooKeeper server.
    ServerId(u32));
number!(/// Position in the roster of client programs; the name a user sees is kept by the client itself.
    ClientId(u32));
number!(/// Short stand-in for Kafka's topic UUID: dense, in order of creation, never reused.
    TopicId(u32));
number!(/// Index of a partition within its topic.
    PartitionId(u32));
number!(/// Position in a partition's log. A log end offset is the next offset to be written.
    Offset(u64));
number!(/// Bumped by the controller whenever a partition gets a leader (`PartitionRegistration.merge`).
    LeaderEpoch(u32));
number!(/// Bumped on every change to a partition's registration; `zkVersion` in ZooKeeper mode.
    PartitionEpoch(u32));
number!(/// Given at registration: the metadata offset of the registration record.
    BrokerEpoch(u64));
number!(/// Generation of a classic consumer group; 1 after its first rebalance.
    Generation(u32));
number!(/// Id of an idempotent producer.
    ProducerId(u64));
number!(/// Fences older incarnations of a producer id.
    ProducerEpoch(u16));
number!(/// Per producer id and partition, one per record: an int32 on the wire, so 0 follows 2147483647. See
    /// [`Sequence::plus`], and do not use `next`.
    Sequence(u32));
number!(/// Matches a response to its request on one connection. While a message travels, the upper half says which life of the
    /// asking process the connection belongs to; nodes number from zero.
    CorrelationId(u64));
number!(/// How many events the world has handled: the unit of stepping and seeking.
    Step(u64));

impl CorrelationId {
    /// The life of the asker that is noted here.
    #[must_use]
    pub fn life(self) -> u32 {
        u32::try_from(self.0 >> 32).expect("32 bits are left")
    }

    /// The same number, noted down for this life of the asker.
    #[must_use]
    pub fn in_life(self, life: u32) -> Self {
        Self(u64::from(life) << 32 | self.0 & u64::from(u32::MAX))
    }
}

impl Offset {
    /// The offset `count` records later.
    #[must_use]
    pub fn plus(self, count: u64) -> Self {
        Self(self.0 + count)
    }

    /// Records from `earlier` up to here; zero if `earlier` lies beyond.
    #[must_use]
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Sequences there are: those of an int32 that are not negative.
const SEQUENCES: u64 = 1 << 31;

impl Sequence {
    /// The sequence `count` records later (`DefaultRecordBatch.incrementSequence`).
    #[must_use]
    pub fn plus(self, count: u32) -> Self {
        Self::wrapped(u64::from(self.0) + u64::from(count))
    }

    /// The sequence `count` records earlier (`DefaultRecordBatch.decrementSequence`).
    #[must_use]
    pub fn minus(self, count: u32) -> Self {
        Self::wrapped(u64::from(self.0) + SEQUENCES - u64::from(count) % SEQUENCES)
    }

    fn wrapped(sequence: u64) -> Self {
        Self(u32::try_from(sequence % SEQUENCES).expect("a remainder of 2^31 fits 32 bits"))
    }
}

/// Who writes, and in which of its lives (`org.apache.kafka.common.utils.ProducerIdAndEpoch`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProducerIdAndEpoch {
    pub id: ProducerId,
    pub epoch: ProducerEpoch,
}

/// A thousand producer ids that the controller has leased to one broker (`ProducerIdsBlock`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ProducerIdsBlock {
    pub first: ProducerId,
}

impl ProducerIdsBlock {
    /// `ProducerIdsBlock.PRODUCER_ID_BLOCK_SIZE`
    pub const SIZE: u64 = 1_000;

    /// The last id of the block.
    #[must_use]
    pub fn last(self) -> ProducerId {
        ProducerId(self.first.0 + Self::SIZE - 1)
    }

    /// Where the next block begins.
    #[must_use]
    pub fn next_block_first_id(self) -> ProducerId {
        ProducerId(self.first.0 + Self::SIZE)
    }
}

impl TopicId {
    /// As Kafka's tools print it.
    #[must_use]
    pub fn uuid(self) -> String {
        uuid(u64::from(self.0))
    }
}

/// Kafka knows topics by a random 128-bit id, written in 22 characters of URL-safe Base64. Here topics are numbered;
/// the number is scrambled (SplitMix64), so that what is printed has Kafka's shape and is the same in every run.
#[must_use]
pub fn uuid(number: u64) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let scramble = |seed: u64| {
        let mut mixed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    };
    let seed = number.wrapping_mul(2).wrapping_add(1);
    let bits = u128::from(scramble(seed)) << 64 | u128::from(scramble(seed.wrapping_add(1)));
    // Six bits at a time from the left; the last character has two bits and four zeros. Kafka never begins with '-'.
    let digit = |index: u32| {
        let shifted = if index == 21 { bits << 4 } else { bits >> (122 - 6 * index) };
        ALPHABET[usize::try_from(shifted & 63).expect("six bits fit")]
    };
    let text: String = (0..22).map(|index| char::from(digit(index))).collect();
    if let Some(rest) = text.strip_prefix('-') { format!("_{rest}") } else { text }
}

/// One partition of one topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TopicPartition {
    pub topic: TopicId,
    pub partition: PartitionId,
}

impl TopicPartition {
    #[must_use]
    pub fn new(topic: TopicId, partition: u32) -> Self {
        Self { topic, partition: PartitionId(partition) }
    }
}

/// Address of a process in the simulated data centre.
///
/// Ordered, so that iterating over nodes is the same everywhere: ZooKeeper servers, controllers, brokers, the queue
/// broker, clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodeId {
    ZooKeeper(ServerId),
    Controller(BrokerId),
    Broker(BrokerId),
    /// The classic point-to-point broker that stands beside Kafka.
    QueueBroker,
    /// A program of the user's: producer, consumer, admin tool, queue worker.
    Client(ClientId),
}

impl NodeId {
    #[must_use]
    pub fn broker(id: u32) -> Self {
        Self::Broker(BrokerId(id))
    }

    #[must_use]
    pub fn is_client(self) -> bool {
        matches!(self, Self::Client(_))
    }
}

/// `zookeeper-1`, `broker-1`, `controller-101`, `queue-broker`, `client-3`: the address used by console commands and traces.
impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ZooKeeper(id) => write!(f, "zookeeper-{id}"),
            Self::Controller(id) => write!(f, "controller-{id}"),
            Self::Broker(id) => write!(f, "broker-{id}"),
            Self::QueueBroker => f.write_str("queue-broker"),
            Self::Client(id) => write!(f, "client-{id}"),
        }
    }
}

/// Member of a consumer group: `<client.id>-<uuid>` as the coordinator named it (KIP-394).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MemberId(pub std::sync::Arc<str>);

impl fmt::Display for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
