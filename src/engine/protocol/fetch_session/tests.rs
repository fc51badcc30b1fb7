//! The fetcher's side of a session, against `FetchSessionHandler` as it was read.

use super::*;
use crate::engine::common::{Offset, TopicId};
use crate::engine::protocol::{Fetched, FetchedPartition};

const SESSION: FetchSessionId = FetchSessionId(77);

fn at(partition: u32) -> TopicPartition {
    TopicPartition::new(TopicId(0), partition)
}

fn from(partition: u32, offset: u64) -> FetchPartition {
    FetchPartition {
        partition: at(partition),
        current_leader_epoch: None,
        fetch_offset: Offset(offset),
        last_fetched_epoch: None,
        log_start_offset: None,
        max_bytes: 1,
    }
}

fn answer(error: Option<ErrorCode>, session: Option<FetchSessionId>, partitions: &[u32]) -> FetchResponse {
    let told = |partition: &u32| FetchedPartition {
        partition: at(*partition),
        outcome: Ok(Fetched::default()),
        current_leader: None,
    };
    FetchResponse { to_follower: true, error, session, partitions: partitions.iter().map(told).collect() }
}

/// A handler whose session has just been opened over partitions 0, 1 and 2, all fetched from offset 5.
fn opened() -> FetchSessionHandler {
    let mut handler = FetchSessionHandler::default();
    let first = handler.build(vec![from(2, 5), from(0, 5), from(1, 5)]);
    assert_eq!(first.metadata, FetchMetadata::INITIAL);
    assert_eq!(first.to_send.iter().map(|one| one.partition.partition.0).collect::<Vec<_>>(), [2, 0, 1]);
    assert!(handler.handle_response(&answer(None, Some(SESSION), &[0, 1, 2])));
    handler
}

#[test]
fn a_session_lists_only_what_changed() {
    let mut handler = opened();
    let second = handler.build(vec![from(0, 5), from(1, 6), from(3, 0)]);
    assert_eq!(second.metadata, FetchMetadata::Incremental { session: SESSION, epoch: 1 });
    assert_eq!((second.to_send, second.to_forget), (vec![from(1, 6), from(3, 0)], vec![at(2)]));
    assert_eq!(handler.asked(at(0)), Some(&from(0, 5)), "said without words");
    assert!(handler.handle_response(&answer(None, Some(SESSION), &[3])));
    let third = handler.build(vec![from(0, 5), from(1, 6), from(3, 0)]);
    assert_eq!(third.metadata, FetchMetadata::Incremental { session: SESSION, epoch: 2 });
    assert_eq!((third.to_send, third.to_forget), (Vec::new(), Vec::new()));
}

#[test]
fn changes_can_be_told_one_by_one() {
    let (mut one, mut other) = (opened(), opened());
    let whole = one.build(vec![from(0, 5), from(1, 6)]);
    let single =
        other.build_incremental([(at(1), Some(from(1, 6))), (at(2), None), (at(9), None), (at(0), Some(from(0, 5)))]);
    assert_eq!(whole, single);
}

#[test]
fn epochs_wrap_to_one() {
    assert_eq!(FetchMetadata::next_epoch(0), 1);
    assert_eq!(FetchMetadata::next_epoch(2_147_483_646), 2_147_483_647);
    assert_eq!(FetchMetadata::next_epoch(2_147_483_647), 1, "0 would ask for another session");
}

#[test]
fn a_session_that_is_not_known_is_not_to_be_ended() {
    let mut handler = opened();
    handler.build(vec![from(0, 5)]);
    assert!(!handler.handle_response(&answer(Some(ErrorCode::FetchSessionIdNotFound), None, &[])));
    assert_eq!(handler.next(), FetchMetadata::INITIAL);
    let again = handler.build(vec![from(0, 5)]);
    assert_eq!((again.metadata, again.to_send), (FetchMetadata::INITIAL, vec![from(0, 5)]));
}

#[test]
fn after_any_other_trouble_the_session_is_ended_and_another_asked_for() {
    let given_up = FetchMetadata::Initial { close: Some(SESSION) };
    let mut handler = opened();
    assert!(!handler.handle_response(&answer(Some(ErrorCode::InvalidFetchSessionEpoch), None, &[])));
    assert_eq!(handler.next(), given_up);
    let mut handler = opened();
    handler.handle_error();
    assert_eq!(handler.next(), given_up);
    let mut handler = opened();
    assert!(!handler.handle_response(&answer(None, Some(SESSION), &[8])), "a partition that was not asked for");
    assert_eq!(handler.next(), given_up);
}

#[test]
fn without_a_number_from_the_broker_everything_is_listed_again() {
    let mut handler = FetchSessionHandler::default();
    handler.build(vec![from(0, 5)]);
    assert!(handler.handle_response(&answer(None, None, &[0])));
    assert_eq!(handler.next(), FetchMetadata::INITIAL);
    handler.build(vec![from(0, 5), from(1, 5)]);
    assert!(!handler.handle_response(&answer(None, Some(SESSION), &[0])), "a full answer leaves nothing out");
    assert_eq!(handler.next(), FetchMetadata::INITIAL);
    // The broker ends a session of which nothing is left.
    let mut handler = opened();
    handler.build(Vec::new());
    assert!(handler.is_empty() && handler.handle_response(&answer(None, None, &[])));
    assert_eq!(handler.next(), FetchMetadata::INITIAL);
}

#[test]
fn before_sessions_every_request_was_full() {
    let mut handler = FetchSessionHandler::without_sessions();
    for _ in 0..2 {
        let request = handler.build(vec![from(0, 5)]);
        assert_eq!((request.metadata, request.to_send.len()), (FetchMetadata::LEGACY, 1));
        assert!(handler.handle_response(&answer(None, None, &[0])));
        handler.handle_error();
    }
    assert_eq!(handler.close(), None);
}

#[test]
fn a_fetcher_that_ends_ends_its_session() {
    let mut handler = opened();
    let last = handler.close().unwrap();
    assert_eq!((last.metadata, last.to_send), (FetchMetadata::Final { close: Some(SESSION) }, Vec::new()));
}
