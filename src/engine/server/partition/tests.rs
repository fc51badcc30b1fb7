//! The leader's rules, one by one: high watermark, in-sync set, acks=all.

use super::*;
use crate::engine::common::{BrokerEpoch, TopicId};
use crate::engine::config::TopicConfig;
use crate::engine::metadata::MetadataRecord;
use crate::engine::record::{Record, RecordBatch};

const ME: BrokerId = BrokerId(1);
const B2: BrokerId = BrokerId(2);
const B3: BrokerId = BrokerId(3);

fn second(second: u64) -> Time {
    Time(second * 1_000_000)
}

/// Brokers 1, 2 and 3, registered under their own number as epoch; `fenced` ones stay fenced.
fn image(fenced: &[BrokerId]) -> MetadataImage {
    let mut image = MetadataImage::default();
    for broker in [ME, B2, B3] {
        let epoch = BrokerEpoch(u64::from(broker.0));
        image.replay(&MetadataRecord::RegisterBroker { broker, epoch, incarnation: 0, rack: None });
        if !fenced.contains(&broker) {
            image.replay(&MetadataRecord::UnfenceBroker { broker, epoch });
        }
    }
    image
}

fn registration(isr: &[BrokerId], leader: Option<BrokerId>, epoch: u32) -> PartitionRegistration {
    PartitionRegistration {
        replicas: vec![ME, B2, B3],
        isr: isr.to_vec(),
        leader,
        leader_epoch: LeaderEpoch(epoch),
        partition_epoch: PartitionEpoch(epoch),
        ..PartitionRegistration::default()
    }
}

fn append(log: &mut UnifiedLog, records: u64) {
    for _ in 0..records {
        let batch = RecordBatch::new([Record::new(None, None, Time::ZERO)], None);
        log.append_as_leader(&batch, LeaderEpoch(0), Time::ZERO, &TopicConfig::default()).unwrap();
    }
}

/// A leader with ten records, elected at second 0 with this in-sync set.
struct Leader {
    partition: Partition,
    log: UnifiedLog,
    image: MetadataImage,
    min_isr: u32,
    /// As since 3.7.
    holds: bool,
    lag_rule: LagRule,
}

impl Leader {
    fn new(isr: &[BrokerId]) -> Self {
        let mut log = UnifiedLog::new(Time::ZERO);
        let mut partition = Partition::new(TopicPartition::new(TopicId(0), 0), ME);
        assert_eq!(partition.make_leader(&registration(isr, Some(ME), 0), &mut log, Time::ZERO), Some(true));
        append(&mut log, 10);
        Self { partition, log, image: image(&[]), min_isr: 1, holds: true, lag_rule: LagRule::Time }
    }

    /// A follower's fetch; tells what it did to the high watermark.
    fn fetch(&mut self, follower: BrokerId, offset: u64, at: u64) -> Option<HighWatermarkRise> {
        let fetch = FollowerFetch {
            fetch_offset: Offset(offset),
            log_start_offset: None,
            broker_epoch: BrokerEpoch(u64::from(follower.0)),
            at: second(at),
            leader_log_end: self.log.log_end_offset(),
        };
        self.partition.record_fetch(follower, fetch, &self.image).unwrap();
        self.advance(at)
    }

    fn advance(&mut self, at: u64) -> Option<HighWatermarkRise> {
        let Self { partition, log, image, min_isr, holds, .. } = self;
        let lag_time_max = Span::secs(30);
        let rules = IsrRules {
            now: second(at),
            lag_time_max,
            lag_rule: LagRule::Time,
            min_insync_replicas: *min_isr,
            holds_under_min_isr: *holds,
            image,
            sabotage: Sabotage::default(),
        };
        partition.maybe_increment_high_watermark(log, &rules)
    }

    fn expand(&mut self, follower: BrokerId) -> Option<IsrProposal> {
        self.partition.maybe_expand_isr(follower, &self.log, &self.image)
    }

    fn shrink(&mut self, at: u64) -> Option<IsrProposal> {
        let rules = IsrRules {
            now: second(at),
            lag_time_max: Span::secs(30),
            lag_rule: self.lag_rule,
            min_insync_replicas: 1,
            holds_under_min_isr: true,
            image: &self.image,
            sabotage: Sabotage::default(),
        };
        self.partition.maybe_shrink_isr(&self.log, &rules)
    }

    fn commit(&mut self, proposal: &IsrProposal) -> IsrOutcome {
        let altered = AlteredPartition {
            leader: Some(ME),
            leader_epoch: proposal.leader_epoch,
            partition_epoch: proposal.partition_epoch.next(),
            isr: proposal.new_isr.clone(),
        };
        self.partition.complete_isr_change(proposal, &Ok(altered))
    }

    fn hw(&self) -> u64 {
        self.log.high_watermark().0
    }
}

#[test]
fn the_high_watermark_is_the_smallest_log_end_in_sync() {
    let mut leader = Leader::new(&[ME, B2, B3]);
    // Nothing is known of the followers yet.
    assert_eq!(leader.advance(1), None);
    assert_eq!(leader.fetch(B2, 8, 1), None);
    let rise = leader.fetch(B3, 6, 1).unwrap();
    assert_eq!((rise.from, rise.to), (Offset(0), Offset(6)));
    assert_eq!(rise.ends, [(ME, Offset(10)), (B2, Offset(8)), (B3, Offset(6))]);
    // It never falls, even if a follower has to start over.
    assert_eq!(leader.fetch(B3, 2, 2), None);
    assert_eq!(leader.hw(), 6);
    leader.fetch(B3, 9, 2);
    assert_eq!(leader.hw(), 8);
}

#[test]
fn replicas_out_of_sync_do_not_hold_it_back_unless_they_are_abreast() {
    let mut leader = Leader::new(&[ME, B2]);
    leader.fetch(B2, 10, 1);
    assert_eq!(leader.hw(), 10);
    leader.fetch(B3, 10, 1);
    append(&mut leader.log, 5);
    // Broker 3 was abreast a second ago, so it is waited for although it is not in sync: otherwise it could chase
    // the high watermark for ever.
    leader.fetch(B3, 12, 2);
    leader.fetch(B2, 15, 2);
    assert_eq!(leader.hw(), 12);
    leader.fetch(B3, 15, 2);
    assert_eq!(leader.hw(), 15);

    // A broker that is fenced cannot join, so nobody waits for it.
    let mut leader = Leader::new(&[ME, B2]);
    leader.image = image(&[B3]);
    leader.fetch(B3, 10, 1);
    append(&mut leader.log, 5);
    leader.fetch(B2, 15, 2);
    assert_eq!(leader.hw(), 15);
}

#[test]
fn it_stands_still_while_the_in_sync_set_is_below_its_minimum() {
    let mut leader = Leader::new(&[ME]);
    leader.min_isr = 2;
    assert_eq!(leader.advance(1), None);
    leader.min_isr = 1;
    assert_eq!(leader.advance(1).unwrap().to, Offset(10));
    // The minimum is never more than there are replicas.
    let mut leader = Leader::new(&[ME, B2, B3]);
    leader.min_isr = 5;
    leader.fetch(B2, 10, 1);
    leader.fetch(B3, 10, 1);
    assert_eq!(leader.hw(), 10);
}

#[test]
fn a_replica_about_to_join_already_counts() {
    let mut leader = Leader::new(&[ME, B2]);
    leader.fetch(B2, 10, 1);
    leader.fetch(B3, 9, 1);
    // Below the high watermark: not yet.
    assert_eq!(leader.expand(B3), None);
    leader.fetch(B3, 10, 2);
    let proposal = leader.expand(B3).unwrap();
    assert_eq!(proposal.new_isr, [ME, B2, B3]);
    assert_eq!(leader.partition.maximal_isr(), [ME, B2, B3]);
    assert_eq!(leader.partition.leading().unwrap().isr, [ME, B2]);
    append(&mut leader.log, 1);
    // Even long after, when it is no longer abreast: the set may have been committed by now.
    leader.fetch(B2, 11, 100);
    assert_eq!(leader.hw(), 10);
    // One change at a time.
    assert_eq!((leader.expand(B3), leader.shrink(200)), (None, None));
    assert_eq!(leader.commit(&proposal), IsrOutcome::Committed);
    assert_eq!(leader.partition.leading().unwrap().isr, [ME, B2, B3]);
    assert_eq!(leader.partition.partition_epoch(), PartitionEpoch(1));
}

#[test]
fn joining_takes_the_epochs_start_and_the_right_broker_epoch() {
    let mut leader = Leader::new(&[ME, B2]);
    // Elected anew after ten records, with a high watermark of 0: reaching that is not enough.
    leader.partition.make_follower(&registration(&[ME, B2], Some(B2), 1));
    leader.partition.make_leader(&registration(&[ME, B2], Some(ME), 2), &mut leader.log, second(1));
    assert_eq!(leader.partition.leading().unwrap().epoch_start_offset, Offset(10));
    leader.fetch(B3, 9, 2);
    assert_eq!((leader.hw(), leader.expand(B3)), (0, None));
    leader.fetch(B3, 10, 2);
    let registered = image(&[]);
    leader.image = image(&[B3]);
    assert_eq!(leader.expand(B3), None);
    leader.image = registered.clone();
    // Its broker has registered again since it fetched.
    let epoch = BrokerEpoch(77);
    leader.image.replay(&MetadataRecord::RegisterBroker { broker: B3, epoch, incarnation: 1, rack: None });
    leader.image.replay(&MetadataRecord::UnfenceBroker { broker: B3, epoch });
    assert_eq!(leader.expand(B3), None);
    leader.image = registered;
    assert!(leader.expand(B3).is_some());
}

#[test]
fn a_fetch_from_an_earlier_life_of_a_broker_is_refused() {
    let mut leader = Leader::new(&[ME, B2]);
    let fetch = FollowerFetch {
        fetch_offset: Offset(10),
        log_start_offset: None,
        broker_epoch: BrokerEpoch(1),
        at: second(1),
        leader_log_end: Offset(10),
    };
    let refused = leader.partition.record_fetch(B2, fetch, &leader.image);
    assert_eq!(refused, Err(ErrorCode::NotLeaderOrFollower));
    let stranger = leader.partition.record_fetch(BrokerId(9), fetch, &leader.image);
    assert_eq!(stranger, Err(ErrorCode::UnknownLeaderEpoch));
}

#[test]
fn a_stalled_follower_is_dropped_and_counts_until_the_controller_agrees() {
    let mut leader = Leader::new(&[ME, B2, B3]);
    leader.fetch(B2, 10, 1);
    leader.fetch(B3, 10, 1);
    append(&mut leader.log, 1);
    leader.fetch(B2, 11, 2);
    assert_eq!(leader.shrink(31), None);
    let proposal = leader.shrink(32).unwrap();
    assert_eq!(proposal.new_isr, [ME, B2]);
    // The change may fail, so the high watermark still waits for broker 3.
    assert_eq!(leader.advance(32), None);
    assert_eq!(leader.partition.maximal_isr(), [ME, B2, B3]);
    assert_eq!(leader.commit(&proposal), IsrOutcome::Committed);
    assert_eq!(leader.advance(32).unwrap().to, Offset(11));
}

#[test]
fn an_idle_partition_does_not_lose_a_silent_follower() {
    let mut leader = Leader::new(&[ME, B2, B3]);
    leader.fetch(B2, 10, 1);
    leader.fetch(B3, 10, 1);
    assert_eq!(leader.shrink(1_000), None);
    // One that never fetched from this leader is dropped once its benefit of the doubt is used up.
    let mut leader = Leader::new(&[ME, B2]);
    assert_eq!(leader.shrink(30), None);
    assert_eq!(leader.shrink(31).unwrap().new_isr, [ME]);
}

#[test]
fn what_the_controllers_refusals_mean() {
    use ErrorCode::{FencedLeaderEpoch, IneligibleReplica, InvalidRequest, InvalidUpdateVersion, NotController};
    for (error, is_pending) in [
        (IneligibleReplica, false),
        (FencedLeaderEpoch, true),
        (InvalidUpdateVersion, true),
        (InvalidRequest, true),
        (NotController, true),
    ] {
        let mut leader = Leader::new(&[ME, B2]);
        let proposal = leader.shrink(31).unwrap();
        let outcome = leader.partition.complete_isr_change(&proposal, &Err(error));
        assert_eq!(leader.partition.leading().unwrap().pending.is_some(), is_pending, "{error}");
        assert_eq!(matches!(outcome, IsrOutcome::Retry(_)), error == NotController, "{error}");
        assert_eq!(leader.partition.leading().unwrap().isr, [ME, B2]);
    }
}

#[test]
fn metadata_overrules_a_proposal() {
    let mut leader = Leader::new(&[ME, B2]);
    let proposal = leader.shrink(31).unwrap();
    leader.partition.make_leader(&registration(&[ME, B2, B3], Some(ME), 1), &mut leader.log, second(32));
    assert_eq!(leader.partition.leading().unwrap().pending, None);
    assert_eq!(leader.commit(&proposal), IsrOutcome::Stale);
    // News older than what is known is not taken.
    assert_eq!(leader.partition.make_follower(&registration(&[B2], Some(B2), 0)), None);
    assert!(leader.partition.is_leader());
}

#[test]
fn acks_all_is_settled_by_the_high_watermark_and_the_minimum() {
    let mut leader = Leader::new(&[ME, B2]);
    let reached =
        |leader: &Leader, min| leader.partition.check_enough_replicas_reach_offset(&leader.log, Offset(10), min);
    assert_eq!(reached(&leader, 2), Ok(false));
    leader.fetch(B2, 10, 1);
    assert_eq!(reached(&leader, 2), Ok(true));
    // The set has shrunk since the append: the records are in the log, but on too few replicas.
    assert_eq!(reached(&leader, 3), Err(ErrorCode::NotEnoughReplicasAfterAppend));
    leader.partition.make_follower(&registration(&[B2], Some(B2), 1));
    assert_eq!(reached(&leader, 2), Err(ErrorCode::NotLeaderOrFollower));
    assert_eq!(leader.partition.check_current_leader_epoch(Some(LeaderEpoch(0))), Err(ErrorCode::FencedLeaderEpoch));
    assert_eq!(leader.partition.check_current_leader_epoch(Some(LeaderEpoch(2))), Err(ErrorCode::UnknownLeaderEpoch));
    assert_eq!(leader.partition.check_current_leader_epoch(None), Ok(()));
    assert_eq!(leader.partition.leader_hint(), Some(LeaderHint { leader: B2, leader_epoch: LeaderEpoch(1) }));
}

/// KAFKA-15583: before 3.7 records below the minimum were committed all the same, to be read by consumers and lost with the
/// last replica.
#[test]
fn before_3_7_the_high_watermark_rises_below_the_minimum_too() {
    for (holds, rises) in [(true, false), (false, true)] {
        let mut leader = Leader { min_isr: 2, holds, ..Leader::new(&[ME]) };
        assert_eq!(leader.advance(1).is_some(), rises);
    }
}

/// `Partition.getOutOfSyncReplicas`, 0.8.2.2: stuck is who has not fetched, slow who is too many messages behind.
#[test]
fn in_0_8_messages_were_counted() {
    let mut leader = Leader { lag_rule: LagRule::Messages(4), ..Leader::new(&[ME, B2, B3]) };
    leader.fetch(B2, 6, 1);
    leader.fetch(B3, 5, 1);
    let out = leader.shrink(1).map(|proposal| proposal.new_isr);
    assert_eq!(out, Some(vec![ME, B2]), "five behind are more than four, though no second has passed");
    // Who fetches is not stuck, even if it never gets abreast.
    let mut leader = Leader { lag_rule: LagRule::Messages(4_000), ..Leader::new(&[ME, B2]) };
    leader.fetch(B2, 1, 100);
    assert_eq!(leader.shrink(130), None);
    assert_eq!(leader.shrink(131).map(|proposal| proposal.new_isr), Some(vec![ME]));
}

/// KAFKA-7152 came with 2.1.
#[test]
fn before_2_1_a_silent_follower_of_an_idle_partition_went() {
    for (lag_rule, stays) in [(LagRule::Time, true), (LagRule::TimeAlone, false)] {
        let mut leader = Leader { lag_rule, ..Leader::new(&[ME, B2]) };
        leader.fetch(B2, 10, 1);
        assert_eq!(leader.shrink(31), None);
        assert_eq!(leader.shrink(32).is_none(), stays, "{lag_rule:?}");
    }
}
