//! The records of `__consumer_offsets`, in the bytes Kafka 4.3 writes (`GroupCoordinatorRecordHelpers`).
//!
//! Keys tell the type by their version: 1 is a committed offset, 2 a group's metadata. A null value takes the key back.
//! Values: OffsetCommitValue version 4 (flexible, the topic's id as a tagged field), GroupMetadataValue version 3, in it
//! the consumer protocol's subscription and assignment, version 3. On the wire topics go by name, here by id, so both
//! directions need the cluster's metadata.

use std::fmt;
use std::sync::Arc;

use super::wire::{Reader, Writer};
use crate::engine::common::{
    Generation, LeaderEpoch, MemberId, Offset, PartitionId, Span, Time, TopicId, TopicPartition,
};
use crate::engine::metadata::MetadataImage;
use crate::engine::protocol::Subscription;
use crate::engine::record::{Record, time_of_wire_timestamp, wire_timestamp_ms};

const OFFSET_COMMIT_KEY: i16 = 1;
const GROUP_METADATA_KEY: i16 = 2;
const OFFSET_COMMIT_VALUE: i16 = 4;
const GROUP_METADATA_VALUE: i16 = 3;
const CONSUMER_PROTOCOL: i16 = 3;

/// One record, understood.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum GroupRecord {
    /// `None` takes the offset back.
    Offset { group: Arc<str>, partition: TopicPartition, value: Option<StoredOffset> },
    /// `None` takes the group back.
    Metadata { group: Arc<str>, value: Option<GroupMetadata> },
}

/// A committed offset: the next one to read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StoredOffset {
    pub offset: Offset,
    pub leader_epoch: Option<LeaderEpoch>,
    pub metadata: Arc<str>,
    /// When the coordinator took it, in whole milliseconds.
    pub committed_at: Time,
}

/// What outlives the coordinator of a group.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GroupMetadata {
    /// `consumer`; empty for a group nobody has joined yet.
    pub protocol_type: Arc<str>,
    pub generation: Generation,
    pub protocol: Option<Arc<str>>,
    pub leader: Option<MemberId>,
    pub state_since: Time,
    pub members: Vec<MemberMetadata>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MemberMetadata {
    pub member: MemberId,
    pub group_instance_id: Option<Arc<str>>,
    pub client_id: Arc<str>,
    pub client_host: Arc<str>,
    pub rebalance_timeout: Span,
    pub session_timeout: Span,
    pub subscription: Subscription,
    pub assignment: Vec<TopicPartition>,
}

/// The bytes are not what this version writes, or speak of a topic that does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeError;

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a record of __consumer_offsets that this version can read")
    }
}

impl std::error::Error for DecodeError {}

/// The record as it is appended at `now`.
///
/// A member may still own partitions of a topic that is gone; its name is remembered for that.
#[must_use]
pub fn encode(record: &GroupRecord, image: &MetadataImage, now: Time) -> Record {
    let mut key = Writer::default();
    let value = match record {
        GroupRecord::Offset { group, partition, value } => {
            key.int16(OFFSET_COMMIT_KEY);
            key.string(group);
            key.string(name_of(image, partition.topic));
            key.int32(partition.partition.0.cast_signed());
            value.as_ref().map(|value| offset_value(value, partition.topic))
        }
        GroupRecord::Metadata { group, value } => {
            key.int16(GROUP_METADATA_KEY);
            key.string(group);
            value.as_ref().map(|value| metadata_value(value, image))
        }
    };
    Record::new(Some(&key.into_bytes()), value.as_deref(), now)
}

/// Reads a record back.
///
/// # Errors
/// See [`DecodeError`].
pub fn decode(record: &Record, image: &MetadataImage) -> Result<GroupRecord, DecodeError> {
    let key = record.key.as_deref().ok_or(DecodeError)?;
    read(key, record.value.as_deref(), image).ok_or(DecodeError)
}

fn offset_value(value: &StoredOffset, topic: TopicId) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.int16(OFFSET_COMMIT_VALUE);
    writer.int64(value.offset.0.cast_signed());
    writer.int32(value.leader_epoch.map_or(-1, |epoch| epoch.0.cast_signed()));
    writer.compact_string(&value.metadata);
    writer.int64(wire_timestamp_ms(value.committed_at));
    // One tagged field: tag 0, 16 bytes, the topic's id.
    let (tagged_fields, tag, uuid_bytes) = (1, 0, 16);
    writer.uvarint(tagged_fields);
    writer.uvarint(tag);
    writer.uvarint(uuid_bytes);
    writer.raw(&uuid(topic));
    writer.into_bytes()
}

/// Topics have numbers here. As a UUID the number fills the end; the rest is that of a version-4 UUID of zeros.
fn uuid(topic: TopicId) -> [u8; 16] {
    let [a, b, c, d] = topic.0.to_be_bytes();
    [0, 0, 0, 0, 0, 0, 0x40, 0, 0x80, 0, 0, 0, a, b, c, d]
}

fn metadata_value(value: &GroupMetadata, image: &MetadataImage) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.int16(GROUP_METADATA_VALUE);
    writer.string(&value.protocol_type);
    writer.int32(value.generation.0.cast_signed());
    writer.nullable_string(value.protocol.as_deref());
    writer.nullable_string(value.leader.as_ref().map(|leader| &*leader.0));
    writer.int64(wire_timestamp_ms(value.state_since));
    writer.count(value.members.len());
    for member in &value.members {
        writer.string(&member.member.0);
        writer.nullable_string(member.group_instance_id.as_deref());
        writer.string(&member.client_id);
        writer.string(&member.client_host);
        writer.int32(millis(member.rebalance_timeout));
        writer.int32(millis(member.session_timeout));
        writer.bytes(&subscription(&member.subscription, value.protocol.as_deref(), image));
        writer.bytes(&assignment(&member.assignment, image));
    }
    writer.into_bytes()
}

/// `ConsumerProtocolSubscription`: topics, the assignor's own data, owned partitions, generation, no rack.
fn subscription(subscription: &Subscription, protocol: Option<&str>, image: &MetadataImage) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.int16(CONSUMER_PROTOCOL);
    writer.count(subscription.topics.len());
    for topic in &subscription.topics {
        writer.string(topic);
    }
    match user_data(subscription, protocol, image) {
        Some(data) => writer.bytes(&data),
        None => writer.int32(-1),
    }
    partitions(&mut writer, &subscription.owned, image);
    writer.int32(generation_or_none(subscription.generation));
    writer.nullable_string(None);
    writer.into_bytes()
}

fn generation_or_none(generation: Option<Generation>) -> i32 {
    generation.map_or(-1, |generation| generation.0.cast_signed())
}

/// What the assignor adds: `StickyAssignor` the last assignment with its generation, `CooperativeStickyAssignor` the
/// generation alone, since what is owned stands beside it.
fn user_data(subscription: &Subscription, protocol: Option<&str>, image: &MetadataImage) -> Option<Vec<u8>> {
    let mut writer = Writer::default();
    match protocol? {
        "sticky" => {
            let (generation, previous) = subscription.previous.as_ref()?;
            partitions(&mut writer, previous, image);
            writer.int32(generation.0.cast_signed());
        }
        "cooperative-sticky" => writer.int32(generation_or_none(subscription.generation)),
        _ => return None,
    }
    Some(writer.into_bytes())
}

/// `ConsumerProtocolAssignment`: partitions by topic, no user data. A member without any has no bytes at all.
fn assignment(assigned: &[TopicPartition], image: &MetadataImage) -> Vec<u8> {
    if assigned.is_empty() {
        return Vec::new();
    }
    let mut writer = Writer::default();
    writer.int16(CONSUMER_PROTOCOL);
    partitions(&mut writer, assigned, image);
    writer.int32(-1);
    writer.into_bytes()
}

fn partitions(writer: &mut Writer, all: &[TopicPartition], image: &MetadataImage) {
    let mut topics: Vec<TopicId> = Vec::new();
    for one in all {
        if !topics.contains(&one.topic) {
            topics.push(one.topic);
        }
    }
    writer.count(topics.len());
    for topic in topics {
        writer.string(name_of(image, topic));
        let of_topic: Vec<_> = all.iter().filter(|one| one.topic == topic).collect();
        writer.count(of_topic.len());
        for one in of_topic {
            writer.int32(one.partition.0.cast_signed());
        }
    }
}

fn name_of(image: &MetadataImage, topic: TopicId) -> &str {
    image.topic_name(topic).map_or("", AsRef::as_ref)
}

fn millis(span: Span) -> i32 {
    i32::try_from(span.as_millis()).unwrap_or(i32::MAX)
}

// ---- reading -----------------------------------------------------------------------------------------------------

fn read(key: &[u8], value: Option<&[u8]>, image: &MetadataImage) -> Option<GroupRecord> {
    let mut key = Reader::new(key);
    match key.int16()? {
        OFFSET_COMMIT_KEY => {
            let group = key.string()?;
            let topic = image.topic_id(&key.string()?)?;
            let partition = TopicPartition { topic, partition: PartitionId(u32::try_from(key.int32()?).ok()?) };
            let value = match value {
                Some(bytes) => Some(read_offset(bytes)?),
                None => None,
            };
            Some(GroupRecord::Offset { group, partition, value })
        }
        GROUP_METADATA_KEY => {
            let group = key.string()?;
            let value = match value {
                Some(bytes) => Some(read_metadata(bytes, image)?),
                None => None,
            };
            Some(GroupRecord::Metadata { group, value })
        }
        _ => None,
    }
}

fn read_offset(bytes: &[u8]) -> Option<StoredOffset> {
    let mut reader = Reader::new(bytes);
    if reader.int16()? != OFFSET_COMMIT_VALUE {
        return None;
    }
    let offset = Offset(u64::try_from(reader.int64()?).ok()?);
    let leader_epoch = u32::try_from(reader.int32()?).ok().map(LeaderEpoch);
    let metadata = reader.compact_string()?;
    let committed_at = time_of_wire_timestamp(reader.int64()?)?;
    for _ in 0..reader.uvarint()? {
        let _tag = reader.uvarint()?;
        let size = reader.uvarint()?;
        reader.take(usize::try_from(size).ok()?)?;
    }
    reader.is_at_end().then_some(StoredOffset { offset, leader_epoch, metadata, committed_at })
}

fn read_metadata(bytes: &[u8], image: &MetadataImage) -> Option<GroupMetadata> {
    let mut reader = Reader::new(bytes);
    if reader.int16()? != GROUP_METADATA_VALUE {
        return None;
    }
    let protocol_type = reader.string()?;
    let generation = Generation(u32::try_from(reader.int32()?).ok()?);
    let protocol = reader.nullable_string()?;
    let leader = reader.nullable_string()?.map(MemberId);
    let state_since = time_of_wire_timestamp(reader.int64()?)?;
    let members = reader.list(|reader| read_member(reader, protocol.as_deref(), image))?;
    let metadata = GroupMetadata { protocol_type, generation, protocol, leader, state_since, members };
    reader.is_at_end().then_some(metadata)
}

fn read_member(reader: &mut Reader<'_>, protocol: Option<&str>, image: &MetadataImage) -> Option<MemberMetadata> {
    let span = |millis: i32| Some(Span::millis(u64::try_from(millis).ok()?));
    Some(MemberMetadata {
        member: MemberId(reader.string()?),
        group_instance_id: reader.nullable_string()?,
        client_id: reader.string()?,
        client_host: reader.string()?,
        rebalance_timeout: span(reader.int32()?)?,
        session_timeout: span(reader.int32()?)?,
        subscription: read_subscription(reader.bytes()?, protocol, image)?,
        assignment: read_assignment(reader.bytes()?, image)?,
    })
}

fn read_subscription(bytes: &[u8], protocol: Option<&str>, image: &MetadataImage) -> Option<Subscription> {
    let mut reader = Reader::new(bytes);
    if reader.int16()? != CONSUMER_PROTOCOL {
        return None;
    }
    let topics = reader.list(Reader::string)?;
    let generation = |number: i32| u32::try_from(number).ok().map(Generation);
    let previous = match (reader.nullable_bytes()?, protocol) {
        (Some(data), Some("sticky")) => {
            let mut data = Reader::new(data);
            let partitions = read_partitions(&mut data, image)?;
            generation(data.int32()?).map(|generation| (generation, partitions))
        }
        _ => None,
    };
    let owned = read_partitions(&mut reader, image)?;
    Some(Subscription { topics, owned, generation: generation(reader.int32()?), previous })
}

fn read_assignment(bytes: &[u8], image: &MetadataImage) -> Option<Vec<TopicPartition>> {
    if bytes.is_empty() {
        return Some(Vec::new());
    }
    let mut reader = Reader::new(bytes);
    if reader.int16()? != CONSUMER_PROTOCOL {
        return None;
    }
    read_partitions(&mut reader, image)
}

fn read_partitions(reader: &mut Reader<'_>, image: &MetadataImage) -> Option<Vec<TopicPartition>> {
    let by_topic = reader.list(|reader| {
        // What members own is theirs to understand: that a topic is gone makes the group's record no worse.
        let topic = image.topic_id(&reader.string()?);
        let numbers = reader.list(|reader| u32::try_from(reader.int32()?).ok())?;
        Some(topic.map(|topic| numbers.into_iter().map(move |number| TopicPartition::new(topic, number))))
    })?;
    Some(by_topic.into_iter().flatten().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::metadata::MetadataRecord;

    /// `t` is topic 0, `u` is topic 1.
    fn image() -> MetadataImage {
        let mut image = MetadataImage::default();
        for (id, name) in [(0, "t"), (1, "u")] {
            image.replay(&MetadataRecord::Topic { topic: TopicId(id), name: name.into() });
        }
        image
    }

    fn group_record() -> GroupRecord {
        let member = |name: &str, instance: Option<&str>, assignment: &[(u32, u32)]| MemberMetadata {
            member: MemberId(name.into()),
            group_instance_id: instance.map(Arc::from),
            client_id: "c".into(),
            client_host: "/h".into(),
            rebalance_timeout: Span::secs(300),
            session_timeout: Span::secs(45),
            subscription: Subscription { topics: vec!["t".into(), "u".into()], ..Subscription::default() },
            assignment: assignment.iter().map(|(topic, at)| TopicPartition::new(TopicId(*topic), *at)).collect(),
        };
        let value = GroupMetadata {
            protocol_type: "consumer".into(),
            generation: Generation(7),
            protocol: Some("range".into()),
            leader: Some(MemberId("c-1".into())),
            state_since: Time(2_000_000),
            members: vec![member("c-1", None, &[(0, 0), (0, 1), (1, 0)]), member("c-2", Some("i"), &[])],
        };
        GroupRecord::Metadata { group: "g".into(), value: Some(value) }
    }

    fn offset_record() -> GroupRecord {
        let value = StoredOffset {
            offset: Offset(258),
            leader_epoch: Some(LeaderEpoch(3)),
            metadata: "".into(),
            committed_at: Time(1_000),
        };
        GroupRecord::Offset { group: "g".into(), partition: TopicPartition::new(TopicId(1), 2), value: Some(value) }
    }

    #[test]
    fn a_committed_offset_has_kafkas_bytes() {
        let record = encode(&offset_record(), &image(), Time(5_000));
        // OffsetCommitKey v1: version, group, topic, partition.
        assert_eq!(record.key.as_deref(), Some(&[0, 1, 0, 1, b'g', 0, 1, b'u', 0, 0, 0, 2][..]));
        // OffsetCommitValue v4: version, offset, leader epoch, compact metadata, commit timestamp
        // 1700000000001 = 0x18BCFE56801, one tagged field with a UUID.
        let mut expected = vec![0, 4, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 3, 1];
        expected.extend([0, 0, 0x01, 0x8b, 0xcf, 0xe5, 0x68, 0x01]);
        expected.extend([1, 0, 16, 0, 0, 0, 0, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(record.value.as_deref(), Some(&expected[..]));
        assert_eq!(record.timestamp, Time(5_000));
    }

    #[test]
    fn an_empty_group_has_kafkas_bytes() {
        let value = GroupMetadata {
            protocol_type: "".into(),
            generation: Generation(0),
            protocol: None,
            leader: None,
            state_since: Time(1_000),
            members: Vec::new(),
        };
        let record = encode(&GroupRecord::Metadata { group: "g".into(), value: Some(value) }, &image(), Time(0));
        assert_eq!(record.key.as_deref(), Some(&[0, 2, 0, 1, b'g'][..]));
        let mut expected = vec![0, 3, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff];
        expected.extend([0, 0, 0x01, 0x8b, 0xcf, 0xe5, 0x68, 0x01]);
        expected.extend([0, 0, 0, 0]);
        assert_eq!(record.value.as_deref(), Some(&expected[..]));
    }

    #[test]
    fn subscription_and_assignment_have_kafkas_bytes() {
        let image = image();
        let one = TopicPartition::new(TopicId(0), 1);
        let wanted = Subscription { topics: vec!["t".into()], owned: vec![one], ..Subscription::default() };
        let (topics, owned) = ([0, 3, 0, 0, 0, 1, 0, 1, b't'], [0, 0, 0, 1, 0, 1, b't', 0, 0, 0, 1, 0, 0, 0, 1]);
        let none = [0xff, 0xff, 0xff, 0xff];
        let expected = [&topics[..], &none, &owned, &none, &[0xff, 0xff]].concat();
        assert_eq!(subscription(&wanted, Some("range"), &image), expected);
        // CooperativeStickyAssignor: four bytes of user data, the generation, which stands behind the partitions as well.
        let wanted = Subscription { generation: Some(Generation(7)), ..wanted };
        let expected = [&topics[..], &[0, 0, 0, 4, 0, 0, 0, 7], &owned, &[0, 0, 0, 7], &[0xff, 0xff]].concat();
        assert_eq!(subscription(&wanted, Some("cooperative-sticky"), &image), expected);
        assert_eq!(read_subscription(&expected, Some("cooperative-sticky"), &image), Some(wanted));
        // StickyAssignor: what it remembers, and of which generation.
        let previous = Some((Generation(6), vec![one]));
        let wanted = Subscription { owned: Vec::new(), generation: None, previous, topics: vec!["t".into()] };
        let data = [&[0, 0, 0, 19][..], &owned, &[0, 0, 0, 6]].concat();
        let expected = [&topics[..], &data, &[0, 0, 0, 0], &none, &[0xff, 0xff]].concat();
        assert_eq!(subscription(&wanted, Some("sticky"), &image), expected);
        assert_eq!(read_subscription(&expected, Some("sticky"), &image), Some(wanted));
        let expected = [0, 3, 0, 0, 0, 1, 0, 1, b'u', 0, 0, 0, 1, 0, 0, 0, 5, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(assignment(&[TopicPartition::new(TopicId(1), 5)], &image), expected);
    }

    #[test]
    fn records_read_back() {
        let image = image();
        let gone = TopicPartition::new(TopicId(0), 0);
        for record in [
            group_record(),
            offset_record(),
            GroupRecord::Offset { group: "g".into(), partition: gone, value: None },
            GroupRecord::Metadata { group: "g".into(), value: None },
        ] {
            assert_eq!(decode(&encode(&record, &image, Time(0)), &image), Ok(record));
        }
    }

    #[test]
    fn a_tombstone_is_a_key_alone() {
        let record = encode(&GroupRecord::Metadata { group: "g".into(), value: None }, &image(), Time(0));
        assert!(record.is_tombstone());
    }

    #[test]
    fn strange_bytes_are_refused() {
        let image = image();
        let good = encode(&offset_record(), &image, Time(0));
        let mut cut = good.clone();
        cut.value = cut.value.map(|value| value[..20].into());
        // ConsumerGroupMetadata (key version 3) belongs to the newer protocol.
        let mut newer = good.clone();
        newer.key = Some(Arc::from(&[0, 3, 0, 1, b'g'][..]));
        for record in [cut, newer] {
            assert_eq!(decode(&record, &image), Err(DecodeError));
        }
        assert_eq!(decode(&good, &MetadataImage::default()), Err(DecodeError), "the topic is unknown");
    }

    /// Cause of the bug: a coordinator that took over right after a topic's deletion could not read the group's record,
    /// knew no members, and began again at generation 1 (sweep, seed 6122).
    #[test]
    fn a_group_whose_members_own_what_is_gone_is_read_all_the_same() {
        let record = group_record();
        let GroupRecord::Metadata { value: Some(written), .. } = &record else { unreachable!("it is a group's") };
        let read = decode(&encode(&record, &image(), Time(0)), &MetadataImage::default());
        let Ok(GroupRecord::Metadata { value: Some(read), .. }) = read else { panic!("{read:?}") };
        let names = |group: &GroupMetadata| group.members.iter().map(|one| one.member.clone()).collect::<Vec<_>>();
        assert_eq!((read.generation, names(&read)), (written.generation, names(written)));
        assert!(read.members.iter().all(|member| member.assignment.is_empty()));
    }
}
